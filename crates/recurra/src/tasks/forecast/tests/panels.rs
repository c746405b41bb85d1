//! Several series by one network.

use super::super::data::{Dataset, Training};
use super::super::example::Example;
use super::super::model::model;
use super::{Control, resolve};
use crate::tasks::device;
use crate::{Error, evaluate, open, train};
use recurra_train::metric::{MASE, NEGATIVE_LOG_LIKELIHOOD, OWA, SMAPE};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Values that rise, with a season of four, at any level; each level has ups and downs of its own.
fn season(level: f64, count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(move |t| {
        let season = [0.0, 0.1, 0.3, 1.0][t % 4];
        let ups = (t as f64 * 0.7 + level).sin();
        level * (1.0 + 0.05 * t as f64 + season + 0.02 * ups)
    })
}

/// Some series as rows: those that the test is of, and what came after them.
fn rows(place: &Path) -> [PathBuf; 2] {
    let (mut train, mut test) = ("name,v1\n".replace(",v1", &",v".repeat(60)), String::new());
    for number in 0..12 {
        let values: Vec<f64> = season(10.0 + 30.0 * f64::from(number), 64).collect();
        let written =
            |values: &[f64]| -> String { values.iter().map(|value| format!(",{value}")).collect() };
        writeln!(train, "s{number}{}", written(&values[..60])).unwrap();
        writeln!(test, "s{number}{}", written(&values[60..])).unwrap();
    }
    let paths = ["train.csv", "test.csv"].map(|name| place.join(name));
    std::fs::write(&paths[0], train).unwrap();
    std::fs::write(&paths[1], test).unwrap();
    paths
}

fn panel(path: &Path, more: &[&str]) -> Result<crate::Recipe, Error> {
    let text = format!(
        r#"
task = "forecast"
about = "several series"

[data]
source = "panel"
path = '{}'
window_len = 13
horizon = 4
season_len = 4

[model]
ar_len = 8
stack = {{ layer = {{ cell = "gru", hidden_size = 16 }} }}

[train]
updates = 300
batch_size = 32
evaluate_every = 100
optimizer = {{ name = "adam", learning_rate = 0.01 }}
"#,
        path.display()
    );
    resolve(&text, more)
}

#[test]
fn many_series_are_learnt_at_once_and_judged_one_vote_each() {
    let place = tempfile::tempdir().unwrap();
    let [path, after] = rows(place.path());
    let test_path = format!("data.test_path={}", after.display());
    let recipe = panel(&path, &[&test_path]).unwrap();
    let dir = place.path().join("run");
    let trained = train(&recipe, &dir, &Control::silent()).unwrap();
    let [judged] = &trained.evaluations[..] else {
        panic!("all steps are judged together")
    };
    let owa = judged.metrics.get(OWA.name).unwrap();
    assert!(owa < 0.9, "{judged:?}");
    assert!(
        judged.notes[0].starts_with("The model beats Naive2"),
        "{judged:?}"
    );
    assert!(judged.notes[0].contains("over 12 series"), "{judged:?}");
    assert_eq!(judged.baselines["Naive2"].get(OWA.name), Some(1.0));
    for name in [
        "last value",
        "last season",
        "drift",
        "mean",
        "moving average",
    ] {
        let one = &judged.baselines[name];
        assert!(
            one.get(SMAPE.name).is_some() && one.get(MASE.name).is_some(),
            "{name}"
        );
    }
    // A run needs no other file, and its page shows series by their names.
    std::fs::remove_file(&path).unwrap();
    assert_eq!(evaluate(&dir, None).unwrap(), trained.evaluations);
    let page = std::fs::read_to_string(dir.join("report.html")).unwrap();
    assert!(page.contains("The model beats Naive2") && page.contains("s0"));
    let other = evaluate(&dir, Some(&after)).unwrap_err().to_string();
    assert!(
        other.contains("test.csv: the longest series: expected at least 17 values, got 4"),
        "{other}"
    );
    let table = place.path().join("more.csv");
    let more =
        |level: f64| -> String { season(level, 16).map(|value| format!(",{value}")).collect() };
    std::fs::write(&table, format!("new{}\nother{}\n", more(1000.0), more(3.0))).unwrap();
    let answers = open(&dir).unwrap().continue_table(&table).unwrap();
    let names: Vec<&str> = answers.iter().map(|(name, _)| &name[..]).collect();
    assert_eq!(names, ["new", "other"]);
    let input: Vec<String> = season(1000.0, 16).map(|value| value.to_string()).collect();
    let options = crate::PredictOptions { top_k: 1 };
    let said = open(&dir)
        .unwrap()
        .predict(&input.join(" "), 1, options)
        .unwrap();
    assert_eq!(said.json["predictions"], answers[0].1.json["predictions"]);
    let short = open(&dir)
        .unwrap()
        .predict("1 2 3", 1, options)
        .unwrap_err();
    assert!(
        short.to_string().contains("expected at least 9 numbers"),
        "{short}"
    );
    let values: Vec<f64> = said
        .text
        .split(", ")
        .map(|value| value.parse().unwrap())
        .collect();
    for (value, truth) in values.iter().zip(season(1000.0, 20).skip(16)) {
        assert!((value / truth - 1.0).abs() < 0.1, "{said:?}");
    }
}

#[test]
fn series_in_one_column_are_told_apart_by_another_and_short_ones_are_left_out() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("prices.csv");
    let mut text = "day,share,price\n".to_owned();
    for (day, value) in season(10.0, 60).enumerate() {
        for share in 0..9 {
            let date = format!("2024-{:02}-{:02}", 1 + day / 28, 1 + day % 28);
            let value = value * f64::from(share + 1) + f64::from((day as i32 * (share + 3)) % 5);
            writeln!(text, "{date},s{share},{value}").unwrap();
        }
    }
    text.push_str("2024-01-01,new,5\n");
    std::fs::write(&path, &text).unwrap();
    let by = [
        "data.by=share",
        "data.column=price",
        "data.dates=day",
        "data.folds=2",
    ];
    let recipe = panel(&path, &by).unwrap();
    let dir = place.path().join("run");
    let trained = train(&recipe, &dir, &Control::silent()).unwrap();
    assert!(
        trained.evaluations[0].notes[0].contains("over 9 series"),
        "{trained:?}"
    );
    // The file that a run was trained on can be judged and gone on with.
    let again = &evaluate(&dir, Some(&path)).unwrap()[0];
    assert_eq!(
        again.metrics.get(OWA.name),
        trained.evaluations[0].metrics.get(OWA.name)
    );
    assert!(
        again
            .notes
            .iter()
            .any(|note| note.contains("left out") && note.contains("`new`"))
    );
    let answers = open(&dir).unwrap().continue_table(&path).unwrap();
    assert_eq!(answers.len(), 9);
    let told = &answers[0].1.notices[0];
    assert!(
        told.contains("left out") && told.contains("`new` on 2024-01-01"),
        "{told}"
    );

    std::fs::write(&path, text + "2024-01-01,new,6\n").unwrap();
    let refused = train(&recipe, &place.path().join("other"), &Control::silent());
    let told = refused.unwrap_err().to_string();
    assert!(
        told.contains("the date 2024-01-01 again, as in line 542"),
        "{told}"
    );
}

#[test]
fn what_a_panel_needs_is_told_by_key_and_row() {
    let place = tempfile::tempdir().unwrap();
    let [path, after] = rows(place.path());
    for (given, key) in [
        ("data.folds=0", "data.folds"),
        ("data.column=price", "data.by"),
        ("data.by=share", "data.column"),
        ("data.horizon=0", "data.horizon"),
        ("data.season_len=14", "data.season_len"),
        ("data.inputs=[\"x\"]", "inputs"),
        ("model.ar_len=13", "model.ar_len"),
    ] {
        let refused = panel(&path, &[given]).unwrap_err().to_string();
        assert!(refused.contains(key), "{given}: {refused}");
    }
    let fails = |more: &[&str]| {
        let recipe = panel(&path, more).unwrap();
        let refused = train(&recipe, &place.path().join("none"), &Control::silent());
        let told = refused.unwrap_err().to_string();
        told.replace(&format!("{}/", place.path().display()), "")
    };
    insta::assert_snapshot!(fails(&["data.window_len=60"]), @"train.csv: the longest series: expected at least 72 values, got 60; give longer series, or a recipe with a shorter window, a shorter horizon or fewer folds");
    insta::assert_snapshot!(fails(&["data.test_path=nowhere.csv"]), @"data.test_path: expected a CSV file of yours, got `nowhere.csv`, which is not there");
    let test_path = format!("data.test_path={}", after.display());
    insta::assert_snapshot!(fails(&[&test_path, "data.folds=2"]), @"test.csv:1: column of names: expected 8 values of `s0` (folds times horizon), got 4");
    let text = std::fs::read_to_string(&after).unwrap();
    std::fs::write(&after, text.replace("s11", "t11")).unwrap();
    insta::assert_snapshot!(fails(&[&test_path]), @"test.csv:1: column of names: expected what came after `s11`, got no such row");
    std::fs::write(&after, text + "t11,1,2,3,4\n").unwrap();
    insta::assert_snapshot!(fails(&[&test_path]), @"test.csv:13: column of names: there is no series `t11` for this to come after");
}

#[test]
fn no_part_of_a_panel_sees_the_next_and_no_forecast_its_future() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("rows.csv");
    let write = |moved: f64| {
        let rows = (0..3).map(|row| {
            let values = (0..40).map(|t| {
                let later = if t >= 36 { moved } else { 0.0 };
                format!(",{}", f64::from(100 * row + t * t % 17) + later)
            });
            format!("s{row}{}\n", values.collect::<String>())
        });
        std::fs::write(&path, rows.collect::<String>()).unwrap();
    };
    let recipe = match panel(&path, &[]).unwrap() {
        crate::Recipe::Forecast(recipe) => recipe,
        other => panic!("{other:?}"),
    };
    let data = || {
        write(0.0);
        let plain = Dataset::read(&recipe).unwrap();
        write(1000.0);
        [plain, Dataset::read(&recipe).unwrap()]
    };
    let [plain, changed] = data();
    let Training::Windows(train) = &plain.train else {
        panic!("a panel has windows")
    };
    let ends = |examples: &[Example]| -> Vec<usize> {
        examples
            .iter()
            .map(|example| example.past().len())
            .collect()
    };
    // Windows of 13 values and four targets: the last of training ends where the watched begin.
    assert_eq!(ends(train)[..16], (13..29).collect::<Vec<_>>()[..]);
    assert_eq!(ends(&plain.valid), [32; 3]);
    assert_eq!(ends(&plain.test), [36; 3]);
    let model = model(&recipe, &device()).unwrap();
    let said = |data: &Dataset| model.outlooks(&data.test).unwrap();
    assert_eq!(said(&plain), said(&changed));
    assert_ne!(plain.test[0].targets(), changed.test[0].targets());
}

#[test]
fn a_panel_of_counts_is_said_by_a_distribution_of_counts() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("sales.csv");
    let rows = (1..10).map(|row| {
        let counts = (0..80).map(|t: i32| {
            let busy = if t % 4 == 3 { 10 } else { 1 };
            format!(",{}", row * busy * (2 + (t * 7 + row) % 3))
        });
        format!("s{row}{}\n", counts.collect::<String>())
    });
    std::fs::write(&path, rows.collect::<String>()).unwrap();
    let head = "model.head={ name = \"negative-binomial\" }";
    let recipe = panel(&path, &[head, "train.updates=1500"]).unwrap();
    let dir = place.path().join("run");
    let trained = train(&recipe, &dir, &Control::silent()).unwrap();
    let judged = &trained.evaluations[0];
    assert!(judged.metrics.get(NEGATIVE_LOG_LIKELIHOOD.name).is_some());
    // Levels of 1 to 9 and more are told apart.
    assert!(
        judged.metrics.get(MASE.name) < judged.baselines["mean"].get(MASE.name),
        "{judged:?}"
    );
    let open = open(&dir).unwrap();
    let options = crate::PredictOptions { top_k: 1 };
    let constant = |value: &str| open.predict(&[value; 13].join(" "), 1, options).unwrap();
    assert!(constant("5").notices.is_empty());
    assert_ne!(
        constant("5").json["prediction"],
        constant("0").json["prediction"]
    );
    let told = open
        .predict(&["2.5"; 13].join(" "), 1, options)
        .unwrap_err()
        .to_string();
    assert!(told.contains("whose value 1 is 2.5"), "{told}");
}
