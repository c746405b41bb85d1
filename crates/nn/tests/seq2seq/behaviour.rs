//! Training and evaluation over known targets.

use crate::case::{INPUT, LABELS, SOURCE, VOCAB_SIZE, all, build, config, covers, moved, row};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use recurra_nn::decode::{StepOutput, Stepwise};
use recurra_nn::seq2seq::EncoderDecoder;
use recurra_nn::seq2seq::{
    AttentionConfig, LossOptions, Query, Score, Seq2Seq, Seq2SeqConfig, Tokens,
};
use recurra_nn::weights::{NamedTensor, export, values};
use recurra_nn::{CellName, Device, Mode, Tensor, log_softmax, rng};

fn loss(model: &Seq2Seq, options: LossOptions) -> f32 {
    let loss = model.loss(SOURCE, INPUT, LABELS, options, Mode::Eval);
    values(&loss.unwrap())[0]
}

#[test]
fn a_whole_target_at_once_is_the_same_as_step_by_step() {
    for (name, config) in all() {
        let model = build(&config, &Device::flex());
        let (logits, alignment) = model.logits(SOURCE, INPUT, Mode::Eval).unwrap();
        assert_eq!(logits.dims(), [3, 3, VOCAB_SIZE], "{name}");
        assert_eq!(alignment.is_some(), config.attention.is_some(), "{name}");
        let at_once = values(&log_softmax(logits));
        let (mut state, mut output) = (model.begin(SOURCE).unwrap(), StepOutput::default());
        for t in 0..3 {
            let tokens: Vec<u32> = INPUT.ids.iter().skip(t).step_by(3).copied().collect();
            state = model.step(&tokens, state, &mut output).unwrap();
            let log_probs = output.log_probs();
            let rows = log_probs.chunks_exact(VOCAB_SIZE).enumerate();
            for (index, row) in rows.filter(|&(index, _)| t < INPUT.lengths[index]) {
                let whole = &at_once[(index * 3 + t) * VOCAB_SIZE..][..VOCAB_SIZE];
                let distance = row.iter().zip(whole).map(|(a, b)| (a - b).abs());
                assert!(
                    distance.fold(0.0, f32::max) < 1e-5,
                    "{name}, row {index}, step {t}"
                );
            }
            if let Some(alignment) = &alignment {
                let whole = values(alignment);
                for (index, row) in output.alignment().iter().enumerate() {
                    assert_eq!(row.len(), SOURCE.lengths[index], "{name}");
                    let whole = &whole[(index * 3 + t) * 4..][..row.len()];
                    let distance = row.iter().zip(whole).map(|(a, b)| (a - b).abs());
                    assert!(distance.fold(0.0, f32::max) < 1e-5 || t >= INPUT.lengths[index]);
                    assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{name}");
                }
            }
        }
    }
}

#[test]
fn padding_and_other_rows_change_nothing() {
    for (name, config) in all() {
        let model = build(&config, &Device::flex());
        let together = model.logits(SOURCE, INPUT, Mode::Eval).unwrap().0;
        for index in 0..3 {
            let (source, input) = (row(SOURCE, index), row(INPUT, index));
            let alone = model.logits(source, input, Mode::Eval).unwrap().0;
            let length = INPUT.lengths[index];
            let same = together.clone().narrow(0, index, 1).narrow(1, 0, length);
            for (a, b) in values(&alone).iter().zip(values(&same)) {
                assert!((a - b).abs() < 1e-5, "{name}, row {index}");
            }
        }
    }
}

/// The gradient of each parameter by the parameter's name, zeros where there is none.
fn gradients(model: &Seq2Seq, options: LossOptions) -> Vec<NamedTensor> {
    struct Collect(GradientsParams, Vec<Vec<f32>>);
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let gradient = self.0.remove::<D>(param.id);
            let count = param.val().dims().iter().product();
            let zeros = || vec![0.0; count];
            self.1
                .push(gradient.map_or_else(zeros, |gradient| values(&gradient)));
        }
    }
    let loss = model
        .loss(SOURCE, INPUT, LABELS, options, Mode::Eval)
        .unwrap();
    let gradients = GradientsParams::from_grads(loss.backward(), model);
    let mut collect = Collect(gradients, Vec::new());
    model.visit(&mut collect);
    let names = export(model).into_iter().zip(collect.1);
    names
        .map(|(tensor, values)| NamedTensor { values, ..tensor })
        .collect()
}

#[test]
fn gradients_reach_every_weight_and_agree_with_differences() {
    for (name, config) in all() {
        let options = LossOptions {
            label_smoothing: 0.1,
            coverage_weight: if covers(&config) { 0.5 } else { 0.0 },
            ..LossOptions::default()
        };
        let model = build(&config, &Device::flex().autodiff());
        let gradients = gradients(&model, options);
        let mut square = 0.0;
        for gradient in &gradients {
            let sum: f64 = gradient.values.iter().map(|&x| f64::from(x).powi(2)).sum();
            assert!(sum > 0.0, "{name}: nothing reaches {}", gradient.name);
            square += sum;
        }
        // Along the gradient g the loss changes by |g|^2.
        let amount = 2e-3 / square.sqrt();
        let at = |sign: f64| {
            let model = moved(&model, &gradients, (sign * amount) as f32);
            f64::from(loss(&model, options))
        };
        let slope = (at(1.0) - at(-1.0)) / (2.0 * amount);
        assert!(
            (slope / square - 1.0).abs() < 0.02,
            "{name}: {square} by back-propagation, {slope} by differences"
        );
    }
}

#[test]
fn the_loss_is_the_mean_of_what_the_steps_say_of_real_labels() {
    for (name, config) in all() {
        let model = build(&config, &Device::flex());
        let (mut state, mut output) = (model.begin(SOURCE).unwrap(), StepOutput::default());
        let mut sum = 0.0;
        for t in 0..3 {
            let at = |tokens: Tokens<'static>| tokens.ids.iter().skip(t).step_by(3).copied();
            let tokens: Vec<u32> = at(INPUT).collect();
            state = model.step(&tokens, state, &mut output).unwrap();
            for (row, label) in at(LABELS).enumerate() {
                if t < LABELS.lengths[row] {
                    sum -= output.log_probs()[row * VOCAB_SIZE + label as usize];
                }
            }
        }
        let (got, wanted) = (loss(&model, LossOptions::default()), sum / 8.0);
        assert!((got - wanted).abs() < 1e-5, "{name}: {got} for {wanted}");
    }
}

#[test]
fn reading_ones_own_tokens_replaces_what_was_true() {
    for (_, config) in all() {
        reads_its_own(&build(&config, &Device::flex()));
    }
}

fn reads_its_own(model: &Seq2Seq) {
    let (logits, _) = model.logits(SOURCE, INPUT, Mode::Eval).unwrap();
    let all = values(&logits);
    let likeliest = |place: usize| {
        let row = &all[place * VOCAB_SIZE..][..VOCAB_SIZE];
        (0..VOCAB_SIZE)
            .max_by(|&a, &b| row[a].total_cmp(&row[b]))
            .unwrap() as u32
    };
    let own: Vec<u32> = (0..9)
        .map(|place| match place % 3 {
            0 => INPUT.ids[place],
            _ => likeliest(place - 1),
        })
        .collect();
    let own = Tokens {
        ids: &own,
        lengths: INPUT.lengths,
    };
    let options = |teacher_forcing_rate| LossOptions {
        teacher_forcing_rate,
        ..LossOptions::default()
    };
    let train = |rate, input| {
        let mut rng = rng(0, 0);
        let mode = Mode::train(&mut rng);
        values(
            &model
                .loss(SOURCE, input, LABELS, options(rate), mode)
                .unwrap(),
        )[0]
    };
    assert_eq!(train(0.0, INPUT), train(1.0, own));
    assert_ne!(train(0.0, INPUT), train(1.0, INPUT));
    let eval = loss(model, options(0.0));
    assert_eq!(eval, loss(model, options(1.0)), "only training mixes");
}

#[test]
fn dropout_acts_in_training_only() {
    for dropped in ["embedding", "memory", "readout", "decoder"] {
        let mut config = Seq2SeqConfig::clone(&config(CellName::Gru));
        match dropped {
            "embedding" => config.embedding_dropout = 0.5,
            "memory" => {
                config.memory_dropout = 0.5;
                config.attention = Some(AttentionConfig {
                    score: Score::Dot {},
                    query: Query::Bottom,
                    coverage: false,
                });
            }
            "readout" => config.readout_dropout = 0.5,
            _ => config.decoder.dropout = 0.5,
        }
        let model = build(&config, &Device::flex());
        let train = |stream| {
            let mut rng = rng(1, stream);
            let mode = Mode::train(&mut rng);
            values(&model.logits(SOURCE, INPUT, mode).unwrap().0)
        };
        assert_eq!(train(0), train(0));
        assert_ne!(train(0), train(1), "{dropped}");
        let eval = || values(&model.logits(SOURCE, INPUT, Mode::Eval).unwrap().0);
        assert_eq!(eval(), eval());
    }
}

#[test]
fn a_summary_counts_the_weights_that_a_network_has() {
    for (name, config) in all() {
        let summary = config.summary([VOCAB_SIZE; 2]).unwrap();
        let model = build(&config, &Device::flex());
        let weights: usize = model.num_params();
        assert_eq!(summary.num_params(), weights, "{name}");
        let layers = model.encoder.summary().len() + model.decoder.summary().len();
        assert_eq!(summary.encoder.len() + summary.decoder.len(), layers);
        assert_eq!(summary.output_size, model.decoder.output_size(), "{name}");
    }
}
