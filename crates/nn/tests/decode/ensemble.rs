//! Several tables as one.

use crate::table::{A, B, BOS, Line, Table, state, symbols};
use recurra_nn::decode::{Average, DecodeConfig, Ensemble, Start, StepOutput, Stepwise, decode};

/// The first member rules B out half of the time, the second likes it.
fn members() -> Vec<Table<impl Fn(u64, &[u32]) -> Line>> {
    let member = |first: [f64; 4], weight: f32| {
        Table::new(move |_, said: &[u32]| Line {
            probs: match said.len() {
                0 => first,
                _ => [1.0, 0.0, 0.0, 0.0],
            },
            alignment: vec![weight, 1.0 - weight],
        })
    };
    vec![
        member([0.0, 0.64, 0.36, 0.0], 0.25),
        member([0.0, 0.01, 0.81, 0.18], 0.75),
    ]
}

#[test]
fn probabilities_are_averaged_as_asked() {
    let best = |average| {
        let ensemble = Ensemble::new(members(), average).unwrap();
        let start = [Start::new(BOS)];
        let state = vec![state(&[0]), state(&[0])];
        let config = DecodeConfig::beam(2);
        let mut found = decode(&ensemble, state, &start, &symbols(), &config).unwrap();
        found.remove(0).remove(0)
    };
    let probs = best(Average::Probs);
    assert_eq!(probs.ids, [B]);
    assert!((probs.token_log_probs[0].exp() - 0.585).abs() < 1e-6);
    assert_eq!(probs.alignment[0], [0.5, 0.5]);
    // Geometric means: 0.08, 0.54 and, for the token that the table leaves to BOS, 1; what
    // either member rules out is out. Normalised by their sum.
    let log_probs = best(Average::LogProbs);
    assert_eq!(log_probs.ids, [B]);
    assert!((log_probs.token_log_probs[0].exp() - 0.54 / 1.62).abs() < 1e-6);
}

#[test]
fn one_member_is_that_member() {
    let table = members().remove(0);
    let alone = table.best(&DecodeConfig::beam(2));
    assert_eq!(alone.ids, [A]);
    let ensemble = Ensemble::new(vec![table], Average::Probs).unwrap();
    let start = [Start::new(BOS)];
    let config = DecodeConfig::beam(2);
    let found = decode(&ensemble, vec![state(&[0])], &start, &symbols(), &config).unwrap();
    assert_eq!(found[0][0].ids, alone.ids);
    assert!((found[0][0].log_prob - alone.log_prob).abs() < 1e-6);
    assert_eq!(ensemble.members().len(), 1);
    assert_eq!(ensemble.vocab_size(), 5);
}

#[test]
fn an_ensemble_needs_a_member_and_a_state_for_each() {
    let none = Ensemble::<Table<fn(u64, &[u32]) -> Line>>::new(Vec::new(), Average::Probs);
    let message = none.unwrap_err().to_string();
    assert_eq!(
        message,
        "ensemble: `members` should be at least one model, got 0"
    );
    let ensemble = Ensemble::new(members(), Average::Probs).unwrap();
    let refused = ensemble.step(&[BOS], vec![state(&[0])], &mut StepOutput::default());
    let message = refused.unwrap_err().to_string();
    assert_eq!(message, "ensemble: `state` should be 2, got 1");
}
