//! What a run claims: no more than its series holds, and nothing of the future.

use super::super::column::{Column, column_of_file};
use super::super::config::{DataConfig, MadeKind};
use super::super::data::Dataset;
use super::super::intervals::{Intervals, LEVEL, Spread};
use super::super::rows;
use super::super::verdict::{Verdict, copy_note};
use super::{Example, column_recipe, example, recipe, resolve, untrained};
use crate::Error;
use rand::RngExt;
use recurra_data::rng::rng;
use recurra_data::series::ScaleBy;
use recurra_train::Control;
use recurra_train::metric::Proportion;
use std::path::Path;

fn normal(seed: u64, count: usize) -> Vec<f64> {
    let mut rng = rng(seed, 0);
    let mut one = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
    (0..count).map(|_| one()).collect()
}

#[test]
fn changing_the_future_never_changes_a_past_forecast() {
    let recipe = recipe(&column_recipe("a.csv".as_ref()));
    let DataConfig::Column(data) = &recipe.data else {
        panic!("a column was asked for")
    };
    let model = untrained();
    let series = normal(3, 60);
    let forecasts = |series: &[f64]| {
        let data =
            Dataset::from_series(&Column::made(series.to_vec()), data, ScaleBy::default()).unwrap();
        let valid = model.forecast(&data.valid).unwrap();
        let intervals = Intervals::new(&valid, &data.valid);
        (
            valid,
            model.forecast(&data.test).unwrap(),
            data.series().unwrap().history.clone(),
            intervals,
        )
    };
    let (valid, test, history, _) = forecasts(&series);
    for changed in 1..=test.len() {
        let mut other = series.clone();
        let from = series.len() - changed;
        other[from..].iter_mut().for_each(|value| *value += 1000.0);
        let (other_valid, other_test, other_history, _) = forecasts(&other);
        // The value at `from` is the target of this forecast, and an input of the later ones.
        let kept = test.len() - changed + 1;
        assert_eq!(other_test[..kept], test[..kept]);
        assert_eq!((&other_valid, &other_history), (&valid, &history));
        if changed > 1 {
            assert_ne!(other_test[kept..], test[kept..]);
        }
    }
}

#[test]
fn a_random_walk_gives_no_victory_and_a_pattern_does() {
    let steps = normal(5, 400);
    let walk: Vec<f64> = steps
        .iter()
        .scan(100.0, |at, step| {
            *at += step;
            Some(*at)
        })
        .collect();
    let (last, actual) = (&walk[..399], &walk[1..]);
    let noise = normal(6, 399);
    let guess: Vec<f64> = last.iter().zip(&noise).map(|(l, n)| l + 0.1 * n).collect();
    let verdict = Verdict::new(&guess, actual, last, 1).unwrap();
    assert!(!verdict.beats_last_value);
    assert!(
        verdict
            .sentence
            .starts_with("The model does not beat the last value: "),
        "{}",
        verdict.sentence
    );
    assert!(copy_note(&guess, actual, last).unwrap().is_some());
    let knows: Vec<f64> = last
        .iter()
        .zip(actual)
        .map(|(last, actual)| last + 0.5 * (actual - last))
        .collect();
    let verdict = Verdict::new(&knows, actual, last, 1).unwrap();
    assert!(verdict.beats_last_value);
    // Half of every change is known: a quarter of the squared error is left.
    assert!(
        verdict
            .sentence
            .contains("its squared error is 25.0 % of the last value's"),
        "{}",
        verdict.sentence
    );
    assert_eq!(copy_note(&knows, actual, last).unwrap(), None);
    let verdict = Verdict::new(&[1.0, 2.0], &[1.0, 3.0], &[0.0, 1.0], 1).unwrap();
    assert!(verdict.sentence.contains("cannot be told"));
}

#[test]
fn intervals_hold_as_many_values_as_they_say() {
    // Errors of one size in units of windows of many sizes.
    let judged = |seed: u64| -> (Vec<f64>, Vec<Example>) {
        let noise = normal(seed, 500);
        noise
            .iter()
            .enumerate()
            .map(|(index, noise)| {
                let size = 1.0 + (index % 7) as f64;
                (10.0, example(&[10.0 - size, 10.0], 10.0 + size * noise))
            })
            .unzip()
    };
    let (forecasts, examples) = judged(1);
    let intervals = Intervals::new(&forecasts, &examples).unwrap();
    let (forecasts, examples) = judged(2);
    let spread = intervals.judge(&forecasts, &examples).unwrap().unwrap();
    let coverage = spread.inside.share().unwrap();
    assert!((coverage - LEVEL).abs() < 0.05, "{coverage}");
    assert_eq!(spread.note(), None);
    // The CRPS of a normal forecast with the right variance is σ/√π, and σ is 4 on average.
    let want = 4.0 / std::f64::consts::PI.sqrt();
    assert!((spread.crps - want).abs() < 0.25, "{}", spread.crps);
    // 10 % of a normal variable lie beyond 1.2816 on either side.
    let [low, high] = intervals.around(0.0, &example(&[0.0, 2.0], 0.0));
    assert!(
        (low + 2.563).abs() < 0.4 && (high - 2.563).abs() < 0.4,
        "{low} {high}"
    );
    assert_eq!(Intervals::new(&forecasts[..19], &examples[..19]), None);
    // A model that forgets half of what comes is told that its intervals are too narrow.
    let spread_of = |size: f64| {
        let later = examples.iter().cloned().map(|mut one| {
            one.target = 10.0 + size * (one.target - 10.0);
            one
        });
        let later: Vec<Example> = later.take(60).collect();
        intervals.judge(&forecasts[..60], &later).unwrap().unwrap()
    };
    let narrow = spread_of(2.0).note().unwrap();
    assert!(
        narrow.contains("% of 60 values") && narrow.contains("too narrow"),
        "{narrow}"
    );
    // 78 of 100 values are not far from 80 %, however many hundreds there are.
    let near = Spread {
        inside: Proportion {
            hits: 7800,
            count: 10_000,
        },
        ..spread_of(1.0)
    };
    assert_eq!(near.note(), None);
    let wide = spread_of(0.2).note().unwrap();
    assert!(wide.contains("wider than what came needs"), "{wide}");
}

#[test]
fn of_many_errors_those_that_are_taken_are_on_no_side() {
    // As many errors below 0 as above, 1000 of them.
    let examples: Vec<Example> = (0..1000)
        .map(|index| example(&[9.0, 10.0], 10.0 + f64::from(index) - 499.5))
        .collect();
    let intervals = Intervals::new(&[10.0; 1000], &examples).unwrap();
    let score = |target: f64| {
        let spread = intervals.judge(&[10.0], &[example(&[9.0, 10.0], target)]);
        spread.unwrap().unwrap().crps
    };
    assert!((score(7.0) - score(13.0)).abs() < 1e-9);
    // The CRPS of a uniform variable of width w at its middle is w/12.
    assert!((score(10.0) - 1000.0 / 12.0).abs() < 0.1, "{}", score(10.0));
}

#[test]
fn where_the_last_value_is_always_right_no_share_of_its_error_is_told() {
    let flat = vec![5.0; 40];
    let exact = Verdict::new(&flat, &flat, &flat, 1).unwrap();
    assert_eq!(
        exact.sentence,
        "The last value is always right here, and so is the model: nothing ever changes."
    );
    let off: Vec<f64> = (0..40).map(|t| 5.0 + f64::from(t % 3)).collect();
    let worse = Verdict::new(&off, &flat, &flat, 1).unwrap();
    assert!(!worse.beats_last_value);
    assert_eq!(
        worse.sentence,
        "The model does not beat the last value, which is always right here: nothing ever \
         changes, and the model's mean squared error is 1.62."
    );
}

#[test]
fn gaps_in_the_dates_are_named_and_weekends_are_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.csv");
    let read = |days: &[&str]| {
        let rows = days.iter().map(|day| format!("{day},1.5\n"));
        std::fs::write(&path, format!("Date,Close\n{}", rows.collect::<String>())).unwrap();
        let named = "column = \"Close\"\ndates = \"Date\"\nwindow_len";
        let recipe = recipe(&column_recipe(&path).replace("window_len", named));
        let DataConfig::Column(data) = &recipe.data else {
            panic!("a column was asked for")
        };
        rows::read(&path, data).unwrap().notes
    };
    let week = ["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"];
    assert!(read(&week).is_empty());
    let notes = read(&[&week[..], &["2024-02-01"]].concat());
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0].ends_with("from 2024-01-09 in line 5 to 2024-02-01 in line 6"),
        "{notes:?}"
    );
}

/// What reading a file with dates and a volume says.
fn refusal(rows: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.csv");
    std::fs::write(&path, format!("Date,Close,Volume\n{}\n", rows.join("\n"))).unwrap();
    let overrides = [
        "data.column=Close",
        "data.dates=Date",
        "data.not_negative=[\"Volume\"]",
    ];
    let recipe = resolve(&column_recipe(&path), &overrides).unwrap();
    match crate::train(&recipe, &dir.path().join("run"), &Control::silent()) {
        Ok(_) => "fine".to_owned(),
        Err(error) => {
            assert!(!dir.path().join("run").exists(), "{error}");
            error.to_string().rsplit("a.csv").next().unwrap().to_owned()
        }
    }
}

#[test]
fn rows_that_cannot_be_are_named_by_line_and_column() {
    let good = "2024-01-01,5,10\n2024-01-02,6,0";
    insta::assert_snapshot!(refusal(&[good, "2024-01-02,7,1"]), @":4: column `Date`: the date 2024-01-02 again, as in line 3");
    insta::assert_snapshot!(refusal(&[good, "2023-12-31,7,1"]), @":4: column `Date`: 2023-12-31 is earlier than the date of line 3; sort the rows, oldest first");
    insta::assert_snapshot!(refusal(&[good, ",7,1"]), @":4: column `Date`: the date is missing");
    insta::assert_snapshot!(refusal(&[good, "soon,7,1"]), @":4: column `Date`: expected a date such as 2024-01-31 or 2024-01-31 09:30, got `soon`");
    insta::assert_snapshot!(refusal(&[good, "2024-01-03,7,-1"]), @":4: column `Volume`: expected no negative number, got -1");
    insta::assert_snapshot!(refusal(&[good, "2024-01-03,,1"]), @":4: column `Close`: expected a finite number, got an empty cell");
    assert!(refusal(&[good]).contains("expected at least 5"));
    let same: Vec<String> = (1..30).map(|day| format!("2024-01-{day:02},5,1")).collect();
    let same: Vec<&str> = same.iter().map(String::as_str).collect();
    insta::assert_snapshot!(refusal(&same), @"data.column: expected a series that changes, got 29 rows that all say 5");
}

#[test]
fn one_series_of_several_is_taken_by_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.csv");
    let mut text = "Ticker,Date,Close\n".to_owned();
    for day in 1..=28 {
        text += &format!(
            "A,2024-01-{day:02},{}\nB,2024-01-{day:02},9\n",
            day * day % 11
        );
    }
    std::fs::write(&path, text).unwrap();
    let filter = |name: &str| {
        let rows = format!("data.rows={{ column = \"Ticker\", equals = \"{name}\" }}");
        resolve(
            &column_recipe(&path),
            &["data.column=Close", "data.dates=Date", &rows],
        )
        .unwrap()
    };
    let train = |name: &str| {
        let run = dir.path().join(name);
        crate::train(&filter(name), &run, &Control::silent())
    };
    let trained = train("A").unwrap();
    // The verdict comes first.
    assert!(trained.evaluations[0].notes[0].contains("the last value"));
    let page = std::fs::read_to_string(dir.path().join("A/report.html")).unwrap();
    let first = page.split("<p>").nth(1).unwrap();
    assert!(first.contains("the last value"), "{first}");
    assert!(matches!(train("C"), Err(Error::Config { .. })));
}

#[test]
fn made_series_are_what_they_say() {
    let made = |kind: &str| {
        let text = column_recipe(Path::new("a.csv")).replace(
            "path = 'a.csv'",
            &format!("made = {{ kind = \"{kind}\", num_values = 3000 }}"),
        );
        let recipe = recipe(&text);
        let DataConfig::Column(data) = &recipe.data else {
            panic!("a column was asked for")
        };
        let kind = data.made.as_ref().unwrap().kind;
        (kind, column_of_file(data, 1).unwrap().values)
    };
    let changes = |series: &[f64]| -> Vec<f64> { series.windows(2).map(|w| w[1] - w[0]).collect() };
    let (kind, walk) = made("random-walk");
    assert_eq!((kind, walk.len()), (MadeKind::RandomWalk, 3000));
    let steps = changes(&walk);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let products: Vec<f64> = steps.windows(2).map(|w| w[0] * w[1]).collect();
    let squares: Vec<f64> = steps.iter().map(|step| step * step).collect();
    assert!((mean(&squares) - 1.0).abs() < 0.1 && mean(&products).abs() < 0.06);
    let (_, folded) = made("folded-walk");
    let steps = changes(&folded);
    let missed = steps
        .windows(2)
        .map(|w| (w[1] - (1.0 - 1.8 * w[0].abs())).abs());
    assert!(missed.sum::<f64>() / 3000.0 < 0.12);
}
