use super::{RAMPS, column_recipe, resolve};
use crate::tasks::PredictOptions;
use recurra_nn::streaming::Precision;
use recurra_train::{Control, Outcome, Run};
use std::path::Path;

fn said(dir: &Path, line: &str) -> String {
    let predictor = crate::open(dir).unwrap();
    let options = PredictOptions { top_k: 1 };
    predictor.predict(line, 1, options).unwrap().text
}

fn number(dir: &Path, line: &str) -> f64 {
    said(dir, line).parse().unwrap()
}

#[test]
fn ramps_are_learnt_and_continued_far_outside_of_what_was_seen() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("run");
    let recipe = resolve(RAMPS, &[]).unwrap();
    let trained = crate::train(&recipe, &dir, &Control::silent()).unwrap();
    let relative = trained.evaluations[0].metrics.get("mse_over_variance");
    assert!(relative.unwrap() < 1e-5, "{relative:?}");
    for (line, next, tolerance) in [
        ("1,2,3,4,5", 6.0, 0.05),
        ("0.1 0.2 0.3", 0.4, 0.005),
        ("1000,990,980,970", 960.0, 1.0),
        ("1000001 1000002 1000003", 1_000_004.0, 0.05),
        ("-5 -10 -15 -20", -25.0, 0.25),
        ("7 7 7 7", 7.0, 0.0),
    ] {
        let said = number(&dir, line);
        assert!((said - next).abs() <= tolerance, "{line} -> {said}");
    }
    let evaluations = crate::evaluate(&dir, None).unwrap();
    assert_eq!(evaluations, trained.evaluations);

    let quantized = crate::quantize(&dir, Precision::Bf16).unwrap();
    let after = quantized.figures[1].metrics.get("mse_over_variance");
    assert!(after.unwrap() < 1e-3, "{after:?}");
    let narrow = crate::open_in(&dir, Precision::Bf16).unwrap();
    let options = PredictOptions { top_k: 1 };
    let said: f64 = (narrow.predict("1,2,3,4,5", 1, options).unwrap().text)
        .parse()
        .unwrap();
    assert!((said - 6.0).abs() < 0.2, "{said}");

    let page = std::fs::read_to_string(dir.join("report.html")).unwrap();
    for part in ["drift", "last value", "many to one", "examples_per_epoch"] {
        assert!(page.contains(part), "{part}");
    }
    for plot in ["learning-curves", "errors", "windows", "graph"] {
        assert!(dir.join(format!("plots/{plot}.svg")).is_file(), "{plot}");
    }
}

#[test]
fn a_run_on_a_column_needs_the_file_no_more() {
    let place = tempfile::tempdir().unwrap();
    let (csv, dir) = (place.path().join("a.csv"), place.path().join("run"));
    let rows: String = (0..60)
        .map(|t| format!("day {t},{}\n", 20.0 + (f64::from(t) * 0.5).sin()))
        .collect();
    std::fs::write(&csv, format!("Day,Close\n{rows}")).unwrap();
    let recipe = resolve(&column_recipe(&csv), &["data.column=Close"]).unwrap();
    let trained = crate::train(&recipe, &dir, &Control::silent()).unwrap();
    let from_csv = crate::evaluate(&dir, Some(&csv)).unwrap();
    assert!(from_csv[0].split.ends_with("a.csv"));
    assert_eq!(from_csv[0].baselines.len(), 4);
    // The value after the end of the file, from its last window.
    assert_eq!(trained.samples.len(), 1);
    std::fs::remove_file(&csv).unwrap();
    assert_eq!(crate::evaluate(&dir, None).unwrap(), trained.evaluations);
    crate::write_report(&dir).unwrap();
}

#[test]
fn a_file_that_cannot_be_read_leaves_no_run_behind() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("run");
    let recipe = resolve(&column_recipe(&place.path().join("no.csv")), &[]).unwrap();
    assert!(crate::train(&recipe, &dir, &Control::silent()).is_err());
    assert!(!dir.exists());
    // A shortcut over a layer that changes the width is found only when weights are made.
    let recipe = resolve(RAMPS, &["model.stack.residual_from=1"]).unwrap();
    assert!(crate::train(&recipe, &dir, &Control::silent()).is_err());
    assert!(!dir.exists());
}

#[test]
fn an_interrupted_run_goes_on_as_if_it_never_stopped() {
    let place = tempfile::tempdir().unwrap();
    let (whole, parts) = (place.path().join("whole"), place.path().join("parts"));
    let set = ["train.updates=40", "data.examples_per_epoch=320"];
    let recipe = resolve(RAMPS, &set).unwrap();
    crate::train(&recipe, &whole, &Control::silent()).unwrap();
    let control = Control::silent();
    control.interrupt.request();
    let first = crate::train(&recipe, &parts, &control).unwrap();
    assert!(matches!(first.outcome, Outcome::Interrupted { .. }));
    assert!(first.evaluations.is_empty());
    crate::resume(&parts, &Control::silent()).unwrap();
    let weights = |dir: &Path| Run::open(dir).unwrap().read("model.safetensors").unwrap();
    assert_eq!(weights(&whole), weights(&parts));
}

#[test]
fn a_series_with_a_season_is_rounded_like_any_other() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.csv");
    let values = (0..60).map(|t| format!("{}\n", t % 4 + t / 10));
    std::fs::write(&path, values.collect::<String>()).unwrap();
    let recipe = resolve(&column_recipe(&path), &["data.season_len=4"]).unwrap();
    let dir = place.path().join("run");
    crate::train(&recipe, &dir, &Control::silent()).unwrap();
    let quantized = crate::quantize(&dir, Precision::Int8).unwrap();
    assert_eq!(quantized.figures.len(), 2);
}

#[test]
fn inspection_tells_layers_and_draws_many_to_one() {
    let recipe = resolve(RAMPS, &[]).unwrap();
    let inspection = crate::inspect(&recipe, None).unwrap();
    let network = &inspection.networks[0];
    assert_eq!(network.topology, "many to one");
    // GRU: 3·16·(2 + 16) weights and 4·16 biases; head: 16 + 1.
    assert_eq!(network.num_params, 3 * 16 * 18 + 4 * 16 + 17);
    assert!(
        inspection
            .graph(None, None)
            .unwrap()
            .as_str()
            .contains("next change")
    );
}
