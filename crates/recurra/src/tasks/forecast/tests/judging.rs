use super::super::example::Example;
use super::super::judge::{CORRELATION, RELATIVE, SKILL, Yardstick, evaluation};
use super::example;
use crate::tasks::Evaluation;
use recurra_train::baseline::ForecastRule;

fn judged(forecasts: &[f64], examples: &[Example]) -> Evaluation {
    evaluation(
        "test".to_owned(),
        forecasts,
        examples,
        &Yardstick::of_rules(&ForecastRule::with_season(None)),
    )
    .unwrap()
}

/// Windows `[walk[t - 1], walk[t]]` of a walk that goes up and down without rhyme.
fn walk() -> Vec<Example> {
    let walk = [
        3.0, 5.0, 4.0, 4.5, 2.0, 3.5, 3.0, 6.0, 5.5, 7.0, 4.0, 4.5, 6.0, 5.0, 5.5, 3.0, 4.0, 2.5,
        3.5, 5.0, 4.5, 6.5, 6.0, 3.0, 2.0,
    ];
    walk.windows(3).map(|w| example(&w[..2], w[2])).collect()
}

#[test]
fn figures_are_those_of_a_case_worked_by_hand() {
    // Errors 1 and -2, targets 4 and 8 (variance 4), last values 3 and 6.
    let examples = [example(&[2.0, 3.0], 4.0), example(&[5.0, 6.0], 8.0)];
    let judged = judged(&[5.0, 6.0], &examples);
    let figure = |name: &str| judged.metrics.get(name);
    assert_eq!(figure("mean_squared_error"), Some(2.5));
    assert_eq!(figure("mean_absolute_error"), Some(1.5));
    assert_eq!(figure(RELATIVE), Some(0.625));
    // The last value is off by 1 and 2: 2.5.
    assert_eq!(figure(SKILL), Some(1.0));
    // Changes said: 2 and 0; true: 1 and 2.
    assert_eq!(figure(CORRELATION), Some(-1.0));
    let of = |baseline: &str| judged.baselines[baseline].get("mean_absolute_error");
    assert_eq!(of("last value"), Some(1.5));
    assert_eq!(of("drift"), Some(0.5));
    assert_eq!(of("mean"), Some(2.0));
}

#[test]
fn a_model_that_copies_the_last_value_is_told_so() {
    let examples = walk();
    let copies: Vec<f64> = examples.iter().map(|e| e.last() + 0.001).collect();
    let notes = judged(&copies, &examples).notes;
    insta::assert_snapshot!(notes.join(" | "), @"`mean` is better (MSE 2.39 against 2.67): use it on data like this | the forecast only repeats the last value: the changes it forecasts are 0.1 % of the true ones in size");
}

#[test]
fn changes_that_follow_nothing_are_told() {
    let examples = walk();
    // As large as the true changes, but always against them.
    let against: Vec<f64> = examples.iter().map(|e| 2.0 * e.last() - e.target).collect();
    let notes = judged(&against, &examples).notes;
    insta::assert_snapshot!(notes.join(" | "), @"`mean` is better (MSE 2.39 against 10.7): use it on data like this | the forecast only repeats the last value: where it leaves it, it does not come nearer to the next one, and its curve looks right only because it is the true one a step late");
}

#[test]
fn a_good_model_needs_no_note() {
    let examples = walk();
    let near: Vec<f64> = examples.iter().map(|e| e.target + 0.1).collect();
    let judged = judged(&near, &examples);
    assert!(judged.notes.is_empty(), "{:?}", judged.notes);
    assert!(judged.metrics.get(CORRELATION).unwrap() > 0.99);
}

#[test]
fn a_baseline_that_is_exact_is_named() {
    let examples: Vec<Example> = (1..5)
        .map(f64::from)
        .map(|step| example(&[0.0, step, 2.0 * step], 3.0 * step))
        .collect();
    let near: Vec<f64> = examples.iter().map(|e| e.target + 0.01).collect();
    let notes = judged(&near, &examples).notes;
    insta::assert_snapshot!(notes.join(" | "), @"`drift` is exact on this data; the model's MSE is 8.89×10⁻⁶ of the variance");
}

#[test]
fn a_series_that_never_changes_is_no_division_by_zero() {
    let examples = [example(&[5.0, 5.0], 5.0), example(&[5.0, 5.0], 5.0)];
    let judged = judged(&[5.0, 5.0], &examples);
    assert_eq!(judged.metrics.get("mean_squared_error"), Some(0.0));
    for name in [RELATIVE, SKILL, CORRELATION] {
        assert_eq!(judged.metrics.get(name), None);
    }
    assert!(judged.notes.is_empty());
}

#[test]
fn a_season_is_a_baseline_when_the_recipe_names_one() {
    let series: std::sync::Arc<[f64]> = (0..9).map(|t| f64::from(t % 3)).collect();
    let examples: Vec<Example> = (3..9)
        .map(|at| {
            let window = at - 3..at;
            Example::new(&series, window, series[at], 0, Default::default()).unwrap()
        })
        .collect();
    let near: Vec<f64> = examples.iter().map(|e| e.target + 0.1).collect();
    let judge = |len: usize| {
        let rules = ForecastRule::with_season(Some(len));
        let yardstick = Yardstick::of_rules(&rules);
        evaluation("test".to_owned(), &near, &examples, &yardstick).unwrap()
    };
    let season = &judge(3).baselines["last season"];
    assert_eq!(season.get("mean_squared_error"), Some(0.0));
    assert!(judge(3).notes[0].starts_with("`last season` is exact"));
    // A rule that some window is too short for is left out.
    assert!(!judge(4).baselines.contains_key("last season"));
}
