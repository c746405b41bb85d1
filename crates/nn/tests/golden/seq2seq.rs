//! Whole encoder-decoders, weights in, logits and all gradients out, as PyTorch computes them.

use super::case::{close, device, gradients_in_place};
use burn::optim::GradientsParams;
use recurra_nn::seq2seq::{
    AttentionConfig, Bridge, LossOptions, Query, Score, Seq2SeqConfig, Tied, Tokens,
};
use recurra_nn::weights::{NamedTensor, export, import, values};
use recurra_nn::{CellName, LayerConfig, Merge, Mode, StackConfig, rng};
use recurra_testkit::Golden;

#[test]
fn an_encoder_decoder_with_attention() {
    agrees("seq2seq/gru_additive", false);
}

#[test]
fn an_encoder_decoder_that_copies_and_counts_coverage() {
    agrees("seq2seq/gru_pointer", true);
}

/// Logits, alignment, loss and gradients; `copies` tells whether coverage counts, too.
fn agrees(name: &str, copies: bool) {
    let golden = Golden::open(name);
    let layer = LayerConfig::new(CellName::Gru, 4);
    let config = Seq2SeqConfig {
        embed_size: 5,
        encoder: StackConfig {
            layers: vec![LayerConfig {
                bidirectional: Some(Merge::Concat),
                ..layer.clone()
            }],
            ..StackConfig::default()
        },
        decoder: StackConfig::uniform(layer, 2),
        bridge: Bridge::Dense,
        attention: Some(AttentionConfig {
            score: Score::Additive {
                key_size: 3,
                normed: false,
            },
            query: Query::Bottom,
            coverage: copies,
        }),
        input_feeding: false,
        readout_size: Some(5),
        copy: copies,
        tied: Tied::Output,
        embedding_dropout: 0.0,
        memory_dropout: 0.0,
        readout_dropout: 0.0,
    };
    let model = config.build([9, 9], &mut rng(0, 0), &device()).unwrap();
    let theirs = export(&model).into_iter().map(|ours| NamedTensor {
        values: golden.f32(&ours.name).values,
        ..ours
    });
    let model = import(model, theirs.collect(), "golden").unwrap();

    let ids = |name: &str| -> Vec<u32> {
        let ids = golden.usize(name).values;
        ids.into_iter()
            .map(|id| u32::try_from(id).unwrap())
            .collect()
    };
    let [source, input, labels] = ["source", "decoder_input", "labels"].map(ids);
    let [source_lengths, lengths] =
        ["source_lengths", "target_lengths"].map(|name| golden.usize(name).values);
    let source = Tokens {
        ids: &source,
        lengths: &source_lengths,
    };
    let target = |ids| Tokens {
        ids,
        lengths: &lengths,
    };

    // The second row is two steps long; what stands behind them is nobody's.
    let steps = |name: &str, ours: &[f32], width: usize| {
        let theirs = golden.f32(name).values;
        for (row, &length) in lengths.iter().enumerate() {
            let real = row * 3 * width..(row * 3 + length) * width;
            recurra_testkit::assert_close(&ours[real.clone()], &theirs[real], super::case::TOL);
        }
    };
    let (logits, alignment) = model.logits(source, target(&input), Mode::Eval).unwrap();
    steps("logits", &values(&logits), 9);
    steps("alignment", &values(&alignment.unwrap()), 4);

    let options = LossOptions {
        label_smoothing: 0.1,
        coverage_weight: if copies { 0.5 } else { 0.0 },
        ..LossOptions::default()
    };
    let (input, labels) = (target(&input), target(&labels));
    let loss = model
        .loss(source, input, labels, options, Mode::Eval)
        .unwrap();
    close(&golden, "loss", &values(&loss));
    let gradients = GradientsParams::from_grads(loss.backward(), &model);
    for gradient in export(&gradients_in_place(model, gradients)) {
        close(
            &golden,
            &format!("grad.{}", gradient.name),
            &gradient.values,
        );
    }
}
