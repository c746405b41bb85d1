//! Bad settings, bad ids and bad models are told by name.

use crate::table::{BOS, Line, Table, state, symbols};
use recurra_nn::NnError;
use recurra_nn::decode::{
    BeamConfig, DecodeConfig, LengthPenalty, SampleConfig, Search, Start, StepOutput, Stepwise,
    Symbols, decode,
};

fn refusal(config: &DecodeConfig) -> String {
    config.validate().unwrap_err().to_string()
}

fn with(search: Search) -> DecodeConfig {
    DecodeConfig {
        search,
        ..DecodeConfig::default()
    }
}

#[test]
fn a_width_and_an_n_best_must_be_possible() {
    let beam = |width, n_best| {
        with(Search::Beam(BeamConfig {
            width,
            n_best,
            ..BeamConfig::default()
        }))
    };
    assert_eq!(
        refusal(&beam(0, 1)),
        "`decode.search.width`: expected 1 to 65536, got 0"
    );
    assert_eq!(
        refusal(&beam(4, 5)),
        "`decode.search.n_best`: expected 1 to `width`, 4, got 5"
    );
    assert!(refusal(&beam(4, 0)).contains("n_best"));
}

#[test]
fn penalties_must_be_finite_and_not_negative() {
    for bad in [-0.5, f64::NAN, f64::INFINITY] {
        let coverage = with(Search::Beam(BeamConfig {
            coverage_penalty: bad,
            ..BeamConfig::default()
        }));
        assert!(refusal(&coverage).contains("`decode.search.coverage_penalty`"));
        let length = with(Search::Beam(BeamConfig {
            length_penalty: LengthPenalty::Gnmt { alpha: bad },
            ..BeamConfig::default()
        }));
        assert!(refusal(&length).contains("`decode.search.length_penalty.alpha`"));
    }
}

#[test]
fn sampling_needs_a_temperature_and_something_to_draw_from() {
    let sample = |sample| refusal(&with(Search::Sample(sample)));
    let default = SampleConfig::default;
    for temperature in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let message = sample(SampleConfig {
            temperature,
            ..default()
        });
        assert!(message.contains("`decode.search.temperature`"), "{message}");
    }
    for top_p in [0.0, -0.1, 1.1, f64::NAN] {
        let message = sample(SampleConfig { top_p, ..default() });
        assert!(message.contains("`decode.search.top_p`"), "{message}");
    }
    let top_k = Some(0);
    let message = sample(SampleConfig { top_k, ..default() });
    assert_eq!(message, "`decode.search.top_k`: expected at least 1, got 0");
}

#[test]
fn the_least_length_cannot_be_above_the_most() {
    let config = DecodeConfig {
        min_len: 5,
        max_len: 4,
        ..DecodeConfig::default()
    };
    assert_eq!(
        refusal(&config),
        "`decode.min_len`: expected at most `max_len`, 4, got 5"
    );
    let config = DecodeConfig {
        max_len: 0,
        ..DecodeConfig::default()
    };
    assert!(refusal(&config).contains("`decode.max_len`"));
}

#[test]
fn ids_that_the_model_does_not_have_are_refused() {
    let table = Table::new(|_, _: &[u32]| Line::new([1.0, 0.0, 0.0, 0.0]));
    let refusal = |start: Start, symbols: Symbols| {
        let config = DecodeConfig::greedy();
        let error = decode(&table, state(&[0]), &[start], &symbols, &config);
        error.unwrap_err().to_string()
    };
    assert_eq!(
        refusal(Start::new(5), symbols()),
        "decode: `start.first` should be an id below vocab_size = 5, got 5"
    );
    let forced = Start {
        forced: vec![1, 9],
        ..Start::new(BOS)
    };
    assert!(refusal(forced, symbols()).contains("`start.forced`"));
    let symbols = Symbols {
        eos: 7,
        ..symbols()
    };
    assert!(refusal(Start::new(BOS), symbols).contains("`symbols.eos`"));
}

#[test]
fn a_coverage_penalty_needs_a_model_with_attention() {
    let table = Table::new(|_, _: &[u32]| Line::new([1.0, 0.0, 0.0, 0.0]));
    let config = with(Search::Beam(BeamConfig {
        coverage_penalty: 0.2,
        ..BeamConfig::default()
    }));
    let refused = decode(&table, state(&[0]), &[Start::new(BOS)], &symbols(), &config);
    let message = refused.unwrap_err().to_string();
    assert_eq!(
        message,
        "`decode.search.coverage_penalty`: expected 0 for a model without attention, got 0.2"
    );
}

/// A model that gives these log-probabilities, whatever it reads.
struct Says(Vec<f32>);

impl Stepwise for Says {
    type State = ();

    fn vocab_size(&self) -> usize {
        2
    }

    fn step(&self, _: &[u32], (): (), output: &mut StepOutput) -> Result<(), NnError> {
        output.set(self.0.len().max(2), self.0.clone(), Vec::new());
        Ok(())
    }

    fn select(&self, (): (), _: &[usize]) {}
}

#[test]
fn a_model_that_gives_no_numbers_is_refused() {
    for (argument, log_probs, said) in [
        ("log_probs", vec![0.0], "[1, 2]"),
        ("log_probs", vec![f32::NAN, 0.0], "NaN"),
        ("vocab_size", vec![0.0; 4], "got 4"),
    ] {
        for config in [DecodeConfig::greedy(), DecodeConfig::beam(2)] {
            let symbols = Symbols {
                eos: 0,
                banned: Vec::new(),
            };
            let model = Says(log_probs.clone());
            let refused = decode(&model, (), &[Start::new(1)], &symbols, &config);
            let message = refused.unwrap_err().to_string();
            assert!(
                message.starts_with(&format!("decode: `{argument}`")),
                "{message}"
            );
            assert!(message.contains(said), "{message}");
        }
    }
}
