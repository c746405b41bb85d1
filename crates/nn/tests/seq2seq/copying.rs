//! Coverage and copying, by hand and by what they must be.

use crate::case::{INPUT, LABELS, SOURCE, VOCAB_SIZE, all, build, covers};
use recurra_nn::attention::AdditiveAttention;
use recurra_nn::decode::{StepOutput, Stepwise};
use recurra_nn::loss::coverage_loss;
use recurra_nn::seq2seq::{EncoderDecoder, LossOptions, Seq2Seq};
use recurra_nn::weights::{export, import, values};
use recurra_nn::{Device, Mode, Tensor, rng};

/// `v·tanh(W_q q + W_m m + w_c c)` with every width 1: `W_q = W_m = 1`, `v = 2`, `w_c = -1`, the
/// query 0.5, the memory (1, 0). Without coverage the scores are `2 tanh 1.5` and `2 tanh 0.5`;
/// once the first position was attended to by 0.75, `2 tanh 0.75` and `2 tanh 0.5`:
///
/// tanh 1.5 = 0.905148, tanh 0.75 = 0.635149, tanh 0.5 = 0.462117, so that the first share is
/// `1 / (1 + exp(2 · (0.462117 - 0.905148))) = 0.708077`, then
/// `1 / (1 + exp(2 · (0.462117 - 0.635149))) = 0.585663`.
#[test]
fn what_was_attended_to_weighs_in_the_score() {
    let (device, mut rng) = (Device::flex(), rng(0, 0));
    let attention = AdditiveAttention::new(1, 1, 1, &mut rng, &device).covering(&mut rng);
    let tensors = export(&attention).into_iter().map(|mut tensor| {
        tensor.values = match &tensor.name[..] {
            "w_query" | "w_memory" => vec![1.0],
            "vector" => vec![2.0],
            "w_coverage" => vec![-1.0],
            other => panic!("no {other}"),
        };
        tensor
    });
    let attention = import(attention, tensors.collect(), "by hand").unwrap();
    let memory = Tensor::from_data([[[1.0], [0.0]]], &device);
    for (coverage, share) in [([[0.0, 0.0]], 0.708_077), ([[0.75, 0.0]], 0.585_663)] {
        let keys = attention.project(memory.clone(), None).unwrap();
        let keys = attention
            .cover(keys, Tensor::from_data(coverage, &device))
            .unwrap();
        let query = Tensor::from_data([[[0.5]]], &device);
        let attended = attention.attend(query, &keys).unwrap();
        let alignment = values(&attended.alignment);
        assert!((alignment[0] - share).abs() < 1e-5, "{alignment:?}");
        assert!((values(&attended.context)[0] - share).abs() < 1e-5);
    }
    let keys = attention.project(memory, None).unwrap();
    let refused = attention.cover(keys, Tensor::zeros([1, 3], &device));
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("`coverage` should be [1, 2]"), "{message}");
}

/// Weights that are not those by chance: what is copied must be sharp to show.
fn with_gate(model: &Seq2Seq, bias: f32) -> Seq2Seq {
    let tensors = export(model).into_iter().map(|mut tensor| {
        if tensor.name.starts_with("decoder.generation_gate") {
            tensor.values.fill(0.0);
        }
        if tensor.name == "decoder.generation_gate.bias" {
            tensor.values.fill(bias);
        }
        tensor
    });
    import(model.clone(), tensors.collect(), "by hand").unwrap()
}

#[test]
fn probabilities_are_those_of_the_vocabulary_and_of_the_source_mixed() {
    for (name, config) in all().into_iter().filter(|(_, config)| config.copy) {
        let model = build(&config, &Device::flex());
        // p_gen is 3/4, then as good as 1, then as good as 0.
        let read = |bias: f32| {
            let model = with_gate(&model, bias);
            let (logits, alignment) = model.logits(SOURCE, INPUT, Mode::Eval).unwrap();
            (values(&logits), values(&alignment.unwrap()))
        };
        let (mixed, alignment) = read(3f32.ln());
        let (vocab, _) = read(60.0);
        let (source, _) = read(-60.0);
        for (step, &length) in INPUT.lengths.iter().enumerate() {
            for place in step * 3..step * 3 + length {
                let row = |all: &[f32]| all[place * VOCAB_SIZE..][..VOCAB_SIZE].to_vec();
                let [mixed, vocab, source] = [&mixed, &vocab, &source].map(|all| row(all));
                let mut copied = [0.0; VOCAB_SIZE];
                let weights = &alignment[place * 4..][..SOURCE.lengths[step]];
                for (id, weight) in SOURCE.ids[step * 4..].iter().zip(weights) {
                    copied[*id as usize] += weight;
                }
                let mut sum = 0.0;
                for token in 0..VOCAB_SIZE {
                    let wanted = 0.75 * vocab[token].exp() + 0.25 * copied[token];
                    let got = mixed[token].exp();
                    assert!((got - wanted).abs() < 1e-5, "{name}: {got} for {wanted}");
                    let apart = (source[token].exp() - copied[token]).abs();
                    assert!(apart < 1e-5, "{name}: {apart}");
                    sum += got;
                }
                assert!((sum - 1.0).abs() < 1e-5, "{name}: {sum}");
            }
        }
    }
}

#[test]
fn coverage_is_what_the_steps_before_attended_to() {
    let (_, config) = all().into_iter().find(|one| one.0 == "coverage").unwrap();
    let model = build(&config, &Device::flex());
    let (mut state, mut output) = (model.begin(SOURCE).unwrap(), StepOutput::default());
    let mut sums = vec![vec![0.0; 4]; 3];
    for token in [1, 5, 3] {
        let next = model.step(&[token; 3], state, &mut output).unwrap();
        for (sum, weights) in sums.iter_mut().zip(output.alignment()) {
            for (sum, weight) in sum.iter_mut().zip(weights) {
                *sum += weight;
            }
        }
        let coverage = values(next.state.coverage.as_ref().unwrap());
        for (coverage, sum) in coverage.iter().zip(sums.concat()) {
            assert!((coverage - sum).abs() < 1e-5);
        }
        // Each row goes with its own.
        state = model.select(next, &[0, 1, 2]);
    }
    let coverage = |rows: &[usize]| {
        let state = model.select(state.clone(), rows).state;
        values(state.coverage.as_ref().unwrap())
    };
    let all = coverage(&[0, 1, 2]);
    assert_eq!(
        coverage(&[2, 0, 2]),
        [&all[8..], &all[..4], &all[8..]].concat()
    );
}

#[test]
fn attending_again_costs_what_the_options_say() {
    for (name, config) in all() {
        let model = build(&config, &Device::flex());
        let loss = |coverage| {
            let options = LossOptions {
                coverage_weight: coverage,
                ..LossOptions::default()
            };
            let loss = model.loss(SOURCE, INPUT, LABELS, options, Mode::Eval);
            loss.map(|loss| values(&loss)[0])
        };
        if !covers(&config) {
            let message = loss(0.5).unwrap_err().to_string();
            let wanted = "`loss.coverage_weight`: expected 0 without `attention.coverage`, got 0.5";
            assert_eq!(message, wanted, "{name}");
            continue;
        }
        let (_, alignment) = model.logits(SOURCE, INPUT, Mode::Eval).unwrap();
        let repeated = coverage_loss(alignment.unwrap(), Some(LABELS.lengths)).unwrap();
        let wanted = loss(0.0).unwrap() + 0.5 * values(&repeated)[0];
        assert!((loss(0.5).unwrap() - wanted).abs() < 1e-5, "{name}");
        assert!(loss(f64::NAN).is_err() && loss(-1.0).is_err());
    }
}
