//! Times the kernels around the recurrence: `cargo bench -p recurra-kernels --bench around`
//! `-- [threads] [name]`.
//!
//! Prints one line a measurement, as comma-separated values: the median of several runs.
#![expect(clippy::print_stdout, reason = "a benchmark reports")]

mod harness;

use std::time::Instant;

use harness::{Arguments, median, repeat};
use recurra_kernels::{
    Attend, AttendBackward, AttentionShape, CrossEntropy, CrossEntropyGradient, Elementwise,
    ElementwiseBackward, EmbedBackward, EmbeddingShape, Function, KernelError, LogitsShape, Rule,
    Score, ScoreGradient, Update, WeightDecay, attend, attend_backward, cross_entropy,
    cross_entropy_gradient, elementwise, elementwise_backward, embed_backward, sum_of_squares,
    update,
};

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome {
    let arguments = Arguments::read();
    println!("name,threads,ms");
    let bench = Bench {
        threads: arguments.threads,
        wanted: arguments.words.concat(),
    };
    arguments.run(|| {
        softmax(&bench)?;
        activations(&bench)?;
        adam(&bench)?;
        embedding(&bench)?;
        attention(&bench)
    })?
}

struct Bench {
    threads: usize,
    /// Part of the names that are to run.
    wanted: String,
}

impl Bench {
    fn measure(&self, name: &str, mut run: impl FnMut() -> Result<(), KernelError>) -> Outcome {
        if !name.contains(&self.wanted) {
            return Ok(());
        }
        run()?;
        let mut seconds = Vec::new();
        repeat(0.7, || {
            let start = Instant::now();
            run()?;
            seconds.push(start.elapsed().as_secs_f64());
            Ok::<_, KernelError>(())
        })?;
        println!("{name},{},{:.3}", self.threads, median(seconds) * 1e3);
        Ok(())
    }
}

fn values(len: usize) -> Vec<f32> {
    (0..len).map(|i| (i as f32 * 0.7).sin()).collect()
}

fn softmax(bench: &Bench) -> Outcome {
    let shape = LogitsShape {
        rows: 2048,
        vocab_size: 10_000,
    };
    let mut logits = values(shape.rows * shape.vocab_size);
    let labels: Vec<u32> = (0..shape.rows as u32).map(|i| i * 37 % 10_000).collect();
    let mut losses = vec![0.0; shape.rows];
    bench.measure("cross_entropy 2048x10000", || {
        cross_entropy(CrossEntropy {
            shape,
            logits: &logits,
            labels: &labels,
            mask: None,
            smoothing: 0.0,
            losses: &mut losses,
        })
    })?;
    bench.measure("cross_entropy_gradient 2048x10000", || {
        cross_entropy_gradient(CrossEntropyGradient {
            shape,
            logits: &mut logits,
            labels: &labels,
            mask: None,
            smoothing: 0.0,
            scale: 1.0,
            losses: &mut losses,
        })
    })
}

fn activations(bench: &Bench) -> Outcome {
    let functions = [
        (Function::Exp, "exp"),
        (Function::Sigmoid, "sigmoid"),
        (Function::Tanh, "tanh"),
        (Function::Relu, "relu"),
    ];
    let outputs = values(1 << 21);
    let mut changed = outputs.clone();
    for (function, name) in functions {
        changed.copy_from_slice(&outputs);
        bench.measure(&format!("{name} 2M"), || {
            let values = &mut changed;
            elementwise(Elementwise { function, values });
            Ok(())
        })?;
        changed.fill(1.0);
        bench.measure(&format!("{name} backward 2M"), || {
            elementwise_backward(ElementwiseBackward {
                function,
                outputs: &outputs,
                gradients: &mut changed,
            })
        })?;
    }
    Ok(())
}

fn adam(bench: &Bench) -> Outcome {
    let gradients = values(1 << 21);
    let mut weights = gradients.clone();
    let mut memory = vec![0.0; 2 << 21];
    let mut number = 0;
    bench.measure("clip and adam 2M", || {
        number += 1;
        let norm = sum_of_squares(&gradients).sqrt();
        update(Update {
            rule: Rule::Adam {
                betas: [0.9, 0.999],
                epsilon: 1e-8,
                weight_decay: WeightDecay::OfGradient(0.0),
            },
            learning_rate: 1e-3,
            update: number,
            gradient_factor: (1.0 / norm).min(1.0),
            weights: &mut weights,
            gradients: &gradients,
            memory: &mut memory,
        })
    })
}

fn embedding(bench: &Bench) -> Outcome {
    let shape = EmbeddingShape {
        vocab_size: 10_000,
        embed_size: 200,
    };
    let ids: Vec<u32> = (0..2048).map(|i| i * 37 % 10_000).collect();
    let d_outputs = values(2048 * 200);
    let mut d_weight = values(10_000 * 200);
    bench.measure("embed_backward 2048 of 10000x200", || {
        embed_backward(EmbedBackward {
            shape,
            ids: &ids,
            padding_id: None,
            d_outputs: &d_outputs,
            d_weight: &mut d_weight,
        })
    })
}

fn attention(bench: &Bench) -> Outcome {
    let (batch_size, len, size) = (64, 30, 256);
    let shape = AttentionShape {
        batch_size,
        query_len: len,
        key_len: len,
        key_size: size,
        value_size: size,
    };
    let (queries, keys) = (values(64 * 30 * 256), values(64 * 30 * 256));
    let vector = values(size);
    let (mut alignment, mut context) = (vec![0.0; 64 * 30 * 30], vec![0.0; queries.len()]);
    let (mut d_queries, mut d_keys) = (queries.clone(), queries.clone());
    let (mut d_values, mut d_vector) = (queries.clone(), vector.clone());
    for (name, additive) in [("additive", true), ("dot", false)] {
        let score = match additive {
            true => Score::Additive { vector: &vector },
            false => Score::Dot { scale: 0.0625 },
        };
        bench.measure(&format!("attend {name} train 64x30x30x256"), || {
            attend(Attend {
                shape,
                score,
                queries: &queries,
                keys: &keys,
                values: &keys,
                lengths: None,
                alignment: &mut alignment,
                context: &mut context,
            })?;
            attend_backward(AttendBackward {
                shape,
                score,
                queries: &queries,
                keys: &keys,
                values: &keys,
                lengths: None,
                alignment: &alignment,
                d_context: &context,
                d_alignment: None,
                d_queries: &mut d_queries,
                d_keys: &mut d_keys,
                d_values: &mut d_values,
                d_score: match additive {
                    true => ScoreGradient::Additive {
                        d_vector: &mut d_vector,
                    },
                    false => ScoreGradient::Dot,
                },
            })
        })?;
    }
    Ok(())
}
