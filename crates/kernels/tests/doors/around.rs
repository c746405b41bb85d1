//! The doors of what stands around a recurrence.

use super::door::{Door, Slices, Writes, all, all_mut};
use recurra_kernels::*;

fn logits_shape(s: &[usize]) -> LogitsShape {
    LogitsShape {
        rows: s[0],
        vocab_size: s[1],
    }
}

fn attention_shape(s: &[usize]) -> AttentionShape {
    AttentionShape {
        batch_size: s[0],
        query_len: s[1],
        key_len: s[2],
        key_size: s[3],
        value_size: s[4],
    }
}

fn score<'a>(additive: Option<&'a [f32]>) -> Score<'a> {
    match additive {
        Some(vector) => Score::Additive { vector },
        None => Score::Dot { scale: 0.5 },
    }
}

/// Forward, then backward; the first input is the vector of an additive score.
fn attention(
    isa: Isa,
    additive: bool,
    s: &[usize],
    slices: Slices<'_, '_>,
) -> Result<(), KernelError> {
    let [vector, queries, keys, values, d_context, d_alignment] = all(slices.inputs);
    let [alignment, context, d_vector, d_queries, d_keys, d_values] = all_mut(slices.outputs);
    let (shape, lengths) = (attention_shape(s), slices.lengths);
    let vector = additive.then_some(vector);
    attend_on(
        isa,
        Attend {
            shape,
            score: score(vector),
            queries,
            keys,
            values,
            lengths,
            alignment,
            context,
        },
    )?;
    attend_backward_on(
        isa,
        AttendBackward {
            shape,
            score: score(vector),
            queries,
            keys,
            values,
            lengths,
            alignment,
            d_context,
            d_alignment: Some(d_alignment),
            d_queries,
            d_keys,
            d_values,
            d_score: match additive {
                true => ScoreGradient::Additive { d_vector },
                false => ScoreGradient::Dot,
            },
        },
    )
}

/// `[B, Q, K, H, D]`
fn attention_inputs(additive: bool, s: &[usize]) -> Vec<usize> {
    let [b, q, k, h, d] = s.try_into().unwrap();
    let vector = if additive { h } else { 0 };
    vec![
        vector,
        b * q * h,
        b * k * h,
        b * k * d,
        b * q * d,
        b * q * k,
    ]
}

fn attention_outputs(additive: bool, s: &[usize]) -> Vec<usize> {
    let [b, q, k, _, d] = s.try_into().unwrap();
    let inputs = attention_inputs(additive, s);
    let mut outputs = vec![b * q * k, b * q * d];
    outputs.extend(&inputs[..4]);
    outputs
}

const CROSS_ENTROPY: Door = Door {
    name: "cross_entropy",
    sizes: "NV",
    inputs: |s| vec![s[0] * s[1]],
    outputs: |s| vec![s[0]],
    lengths: None,
    ids: Some((0, 1)),
    call: |isa, s, slices| {
        let [logits] = all(slices.inputs);
        let [losses] = all_mut(slices.outputs);
        cross_entropy_on(
            isa,
            CrossEntropy {
                shape: logits_shape(s),
                logits,
                labels: slices.ids,
                mask: None,
                smoothing: 0.1,
                losses,
            },
        )
    },
    writes: Writes::Nothing,
};

const LOG_SOFTMAX: Door = Door {
    name: "log_softmax",
    sizes: "NV",
    inputs: |_| vec![],
    outputs: |s| vec![s[0] * s[1]],
    ids: None,
    call: |isa, s, slices| {
        let [values] = all_mut(slices.outputs);
        let shape = logits_shape(s);
        log_softmax_on(isa, LogSoftmax { shape, values })
    },
    ..CROSS_ENTROPY
};

const ATTENTION: Door = Door {
    name: "additive attention",
    sizes: "BQKHD",
    inputs: |s| attention_inputs(true, s),
    outputs: |s| attention_outputs(true, s),
    lengths: Some((0, 2)),
    ids: None,
    call: |isa, s, slices| attention(isa, true, s, slices),
    writes: Writes::Forward,
};

pub(crate) const DOORS: [Door; 11] = [
    CROSS_ENTROPY,
    Door {
        name: "cross_entropy_gradient",
        inputs: |_| vec![],
        outputs: |s| vec![s[0] * s[1], s[0]],
        call: |isa, s, slices| {
            let [logits, losses] = all_mut(slices.outputs);
            cross_entropy_gradient_on(
                isa,
                CrossEntropyGradient {
                    shape: logits_shape(s),
                    logits,
                    labels: slices.ids,
                    mask: None,
                    smoothing: 0.1,
                    scale: 0.5,
                    losses,
                },
            )
        },
        ..CROSS_ENTROPY
    },
    Door {
        name: "linear_cross_entropy",
        sizes: "NVI",
        inputs: |s| vec![s[0] * s[2], s[1] * s[2], s[1]],
        outputs: |s| vec![s[0], s[0] * s[2], s[1] * s[2], s[1]],
        call: |isa, s, slices| {
            let [x, weight, bias] = all(slices.inputs);
            let [losses, d_x, d_weight, d_bias] = all_mut(slices.outputs);
            let shape = LinearLogitsShape {
                rows: s[0],
                vocab_size: s[1],
                input_size: s[2],
            };
            linear_cross_entropy_on(
                isa,
                LinearCrossEntropy {
                    shape,
                    x,
                    weight,
                    bias,
                    labels: slices.ids,
                    mask: None,
                    smoothing: 0.1,
                    losses,
                    gradients: Some(LinearGradients {
                        scale: 0.5,
                        d_x,
                        d_weight,
                        d_bias,
                    }),
                },
            )
        },
        ..CROSS_ENTROPY
    },
    Door {
        name: "linear, linear_backward",
        sizes: "NIO",
        inputs: |s| vec![s[0] * s[1], s[1] * s[2], s[2], s[0] * s[2]],
        outputs: |s| vec![s[0] * s[2], s[0] * s[1], s[1] * s[2], s[2]],
        ids: None,
        call: |isa, s, slices| {
            let [x, weight, bias, d_y] = all(slices.inputs);
            let [y, d_x, d_weight, d_bias] = all_mut(slices.outputs);
            let shape = LinearShape {
                rows: s[0],
                input_size: s[1],
                output_size: s[2],
            };
            linear_on(
                isa,
                Linear {
                    shape,
                    x,
                    weight,
                    bias: Some(bias),
                    y,
                },
            )?;
            linear_backward_on(
                isa,
                LinearBackward {
                    shape,
                    x,
                    weight,
                    d_y,
                    d_x: Some(d_x),
                    d_weight: Some(d_weight),
                    d_bias: Some(d_bias),
                },
            )
        },
        writes: Writes::Forward,
        ..CROSS_ENTROPY
    },
    LOG_SOFTMAX,
    Door {
        name: "log_softmax_backward",
        inputs: |s| vec![s[0] * s[1]],
        call: |isa, s, slices| {
            let [log_probs] = all(slices.inputs);
            let [gradients] = all_mut(slices.outputs);
            let shape = logits_shape(s);
            log_softmax_backward_on(
                isa,
                LogSoftmaxBackward {
                    shape,
                    log_probs,
                    gradients,
                },
            )
        },
        ..LOG_SOFTMAX
    },
    Door {
        name: "elementwise_backward",
        sizes: "N",
        inputs: |s| vec![s[0]],
        outputs: |s| vec![s[0]],
        call: |isa, _, slices| {
            let [outputs] = all(slices.inputs);
            let [gradients] = all_mut(slices.outputs);
            elementwise_backward_on(
                isa,
                ElementwiseBackward {
                    function: Function::Tanh,
                    outputs,
                    gradients,
                },
            )
        },
        ..LOG_SOFTMAX
    },
    Door {
        name: "embed, embed_backward",
        sizes: "NVE",
        inputs: |s| vec![s[1] * s[2], s[0] * s[2]],
        outputs: |s| vec![s[0] * s[2], s[1] * s[2]],
        call: |isa, s, slices| {
            let [weight, d_outputs] = all(slices.inputs);
            let [outputs, d_weight] = all_mut(slices.outputs);
            let (ids, shape) = (
                slices.ids,
                EmbeddingShape {
                    vocab_size: s[1],
                    embed_size: s[2],
                },
            );
            embed_on(
                isa,
                Embed {
                    shape,
                    weight,
                    ids,
                    outputs,
                },
            )?;
            embed_backward_on(
                isa,
                EmbedBackward {
                    shape,
                    ids,
                    padding_id: Some(0),
                    d_outputs,
                    d_weight,
                },
            )
        },
        writes: Writes::Forward,
        ..CROSS_ENTROPY
    },
    ATTENTION,
    Door {
        name: "dot attention",
        inputs: |s| attention_inputs(false, s),
        outputs: |s| attention_outputs(false, s),
        call: |isa, s, slices| attention(isa, false, s, slices),
        ..ATTENTION
    },
    Door {
        name: "update by Adam",
        sizes: "N",
        inputs: |s| vec![s[0]],
        outputs: |s| vec![s[0], 2 * s[0]],
        call: |isa, _, slices| {
            let [gradients] = all(slices.inputs);
            let [weights, memory] = all_mut(slices.outputs);
            memory.fill(0.0);
            update_on(
                isa,
                Update {
                    rule: Rule::Adam {
                        betas: [0.9, 0.999],
                        epsilon: 1e-3,
                        weight_decay: WeightDecay::OfWeight(0.1),
                    },
                    learning_rate: 0.01,
                    update: 3,
                    gradient_factor: 0.5,
                    weights,
                    gradients,
                    memory,
                },
            )
        },
        writes: Writes::Forward,
        ..LOG_SOFTMAX
    },
];
