//! Several columns in, several values ahead out, and how sure they are.

use super::super::column::Column;
use super::super::config::{DataConfig, Head, Recipe};
use super::super::covariates::Covariates;
use super::super::data::{Dataset, Training};
use super::super::intervals::{LEVEL, Spread};
use super::super::model::{ForecastModel, model};
use super::super::outlook::{Outlook, Sureness, loss_of};
use super::{column_recipe, resolve};
use crate::tasks::device;
use crate::{Error, evaluate, train};
use burn::module::Param;
use rand::RngExt;
use recurra_data::rng::rng;
use recurra_data::series::ScaleBy;
use recurra_nn::{Tensor, weights::values};
use recurra_train::Control;
use recurra_train::metric::{CRPS, MEAN_ABSOLUTE_ERROR, NEGATIVE_LOG_LIKELIHOOD, RMSE};
use std::path::Path;

fn several(path: &Path, more: &[&str]) -> Result<Recipe, Error> {
    let mut given = vec![
        "data.column=y",
        "data.inputs=[\"x\"]",
        "data.dates=when",
        "data.calendar=[\"day\"]",
        "data.horizon=3",
    ];
    given.extend(more);
    match resolve(&column_recipe(path), &given)? {
        crate::Recipe::Forecast(recipe) => Ok(recipe),
        other => panic!("{other:?} is another task"),
    }
}

/// Numbers between -1 and 1.
fn noise(seed: u64, count: usize) -> Vec<f64> {
    let mut rng = rng(seed, 0);
    (0..count)
        .map(|_| rng.random::<f64>() * 2.0 - 1.0)
        .collect()
}

/// `y` rises by what `x` was a step before: known to whoever reads `x`.
fn driven(count: usize) -> (Vec<f64>, Vec<f64>) {
    let x = noise(7, count);
    let y = x.iter().scan(100.0, |y, x| {
        let now = *y;
        *y += x;
        Some(now)
    });
    (y.collect(), x)
}

fn csv(count: usize) -> String {
    let (y, x) = driven(count);
    let row = |at: usize| {
        let (day, hour) = (1 + at / 24, at % 24);
        format!(
            "2024-{:02}-{:02} {hour:02}:00,{},{}\n",
            1 + day / 28,
            1 + day % 28,
            x[at],
            y[at]
        )
    };
    "when,x,y\n".to_owned() + &(0..count).map(row).collect::<String>()
}

fn dataset(recipe: &Recipe, values: Vec<f64>, covariates: Covariates) -> Dataset {
    let DataConfig::Column(data) = &recipe.data else {
        panic!("a column was asked for")
    };
    let mut column = Column::made(values);
    column.covariates = covariates;
    Dataset::from_series(&column, data, ScaleBy::default()).unwrap()
}

fn points(model: &ForecastModel, data: &Dataset) -> Vec<Vec<f64>> {
    let said = model.outlooks(&data.test).unwrap();
    let pairs = said.iter().zip(&data.test);
    pairs
        .map(|(said, window)| said.iter().map(|said| said.value(window)).collect())
        .collect()
}

#[test]
fn no_part_looks_into_the_next_and_no_forecast_into_its_future() {
    let recipe = several("a.csv".as_ref(), &[]).unwrap();
    let count = 80;
    let (y, x) = driven(count);
    let known = vec![noise(1, count), noise(2, count)];
    let covariates = |x: Vec<f64>, known: Vec<Vec<f64>>| Covariates {
        inputs: vec![x],
        known,
    };
    let times: Vec<f64> = (0..count).map(|t| t as f64).collect();
    let data = dataset(&recipe, times, covariates(x.clone(), known.clone()));
    let Training::Windows(train) = &data.train else {
        panic!("a column has windows")
    };
    for (earlier, later) in [(train, &data.valid), (&data.valid, &data.test)] {
        let latest = (1..=3).flat_map(|step| earlier.iter().map(move |e| e.at_step(step).target));
        let latest = latest.fold(0.0, f64::max);
        assert!(later.iter().all(|example| example.target > latest));
    }
    // The last of training is the one before the first of validation.
    assert_eq!(
        data.series().unwrap().history.last(),
        Some(&(data.valid[0].target - 1.0))
    );

    let model = model(&recipe, &device()).unwrap();
    let plain = dataset(&recipe, y.clone(), covariates(x.clone(), known.clone()));
    let forecasts = points(&model, &plain);
    // From the row behind the first test window on, all but what is known beforehand is another.
    let first = plain.series().unwrap().history.len() + plain.valid.len() + 2;
    let (mut other_y, mut other_x) = (y.clone(), x.clone());
    for value in other_y[first..].iter_mut().chain(&mut other_x[first..]) {
        *value += 5.0;
    }
    let changed = points(
        &model,
        &dataset(&recipe, other_y, covariates(other_x, known.clone())),
    );
    assert_eq!(changed[0], forecasts[0]);
    assert_ne!(changed[1], forecasts[1]);
    // What is known of the steps to come is read: a change there changes what is said.
    let mut other_known = known;
    other_known[0][first + 2] += 5.0;
    let changed = points(&model, &dataset(&recipe, y, covariates(x, other_known)));
    assert_ne!(changed[0], forecasts[0]);
}

#[test]
fn read_on_it_says_what_step_by_step_it_would() {
    let recipe = match resolve(
        &column_recipe("a.csv".as_ref()),
        &["data.horizon=3", "model.ahead=recursive"],
    ) {
        Ok(crate::Recipe::Forecast(recipe)) => recipe,
        other => panic!("{other:?}"),
    };
    let model = model(&recipe, &device()).unwrap();
    let (y, _) = driven(60);
    let data = dataset(&recipe, y, Covariates::default());
    let window = &data.test[0];
    let said = &model.outlooks(std::slice::from_ref(window)).unwrap()[0];
    let mut values = window.inputs().to_vec();
    for said in said {
        let next = super::Example::open_ended(&values[values.len() - 4..], ScaleBy::default());
        let value = model.forecast(&[next.unwrap()]).unwrap()[0];
        assert!((said.value(window) - value).abs() < 1e-6);
        values.push(value);
    }
    assert_eq!(said.len(), 3);
}

#[test]
fn a_column_beside_it_that_drives_a_series_is_made_use_of() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("driven.csv");
    std::fs::write(&path, csv(400)).unwrap();
    let given = [
        "data.horizon=1",
        "data.window_len=8",
        "train.updates=300",
        "train.batch_size=32",
        "train.optimizer={ name = \"adam\", learning_rate = 0.01 }",
        "model.stack.layer.hidden_size=16",
    ];
    let recipe = crate::Recipe::Forecast(several(&path, &given).unwrap());
    let dir = place.path().join("run");
    let trained = train(&recipe, &dir, &Control::silent()).unwrap();
    let judged = &trained.evaluations[0];
    let own = judged.metrics.get(RMSE.name).unwrap();
    for (name, baseline) in &judged.baselines {
        assert!(
            own < 0.5 * baseline.get(RMSE.name).unwrap(),
            "{own} beside {name}"
        );
    }
    assert!(judged.notes[0].starts_with("The model beats the last value"));
    assert_eq!(evaluate(&dir, None).unwrap(), trained.evaluations);
    let other = evaluate(&dir, Some(&path)).unwrap();
    assert!(other[0].metrics.get(MEAN_ABSOLUTE_ERROR.name).unwrap() < 0.3);
    let refused = crate::open(&dir).unwrap();
    let options = crate::PredictOptions { top_k: 1 };
    let refused = refused.predict("1, 2, 3", 1, options).unwrap_err();
    assert!(refused.to_string().contains("several columns"), "{refused}");
}

#[test]
fn asked_to_the_highway_begins_as_the_last_season() {
    let given = [
        "data.window_len=9",
        "data.season_len=3",
        "model.ar_len=5",
        "data.horizon=4",
        "model.ar_init=last-season",
    ];
    let recipe = match resolve(&column_recipe("a.csv".as_ref()), &given) {
        Ok(crate::Recipe::Forecast(recipe)) => recipe,
        other => panic!("{other:?}"),
    };
    let mut model = model(&recipe, &device()).unwrap();
    // Without what the recurrent layers say.
    let [outputs, width] = model.head.weight.val().dims();
    model.head.weight = Param::from_tensor(Tensor::zeros([outputs, width], &device()));
    model.head.bias = Param::from_tensor(Tensor::zeros([outputs], &device()));
    let series: Vec<f64> = noise(5, 60);
    let data = dataset(&recipe, series, Covariates::default());
    for (window, said) in data.test.iter().zip(points(&model, &data)) {
        let season = &window.inputs()[6..];
        let last = [season[0], season[1], season[2], season[0]];
        for (said, value) in said.iter().zip(last) {
            assert!((said - value).abs() < 1e-5, "{said} {value}");
        }
    }
}

#[test]
fn what_follows_a_table_is_said_by_what_is_known_of_it() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("driven.csv");
    std::fs::write(&path, csv(150)).unwrap();
    let given = [
        "data.calendar=[\"day\"]",
        "data.dates=when",
        "data.known=[\"x\"]",
        "data.inputs=[]",
    ];
    let recipe = crate::Recipe::Forecast(several(&path, &given).unwrap());
    let dir = place.path().join("run");
    train(&recipe, &dir, &Control::silent()).unwrap();
    let open = crate::open(&dir).unwrap();
    let told = open.continue_table(&path).unwrap_err().to_string();
    assert!(
        told.contains("rows behind the last value") && told.contains("got 0"),
        "{told}"
    );

    // The last three rows are yet to come: it says what it said of them when they had come.
    let table = place.path().join("table.csv");
    let text = csv(150);
    let lines: Vec<&str> = text.lines().collect();
    let open_rows = lines.iter().enumerate().map(|(at, line)| match at {
        148.. => format!("{},\n", line.rsplit_once(',').unwrap().0),
        _ => format!("{line}\n"),
    });
    std::fs::write(&table, open_rows.collect::<String>()).unwrap();
    let answers = open.continue_table(&table).unwrap();
    let [(name, answer)] = &answers[..] else {
        panic!("one series")
    };
    let judged = {
        let crate::Recipe::Forecast(recipe) = &recipe else {
            panic!("a forecast")
        };
        let run = recurra_train::Run::open(&dir).unwrap();
        let model = super::super::fit::trained(recipe, &run).unwrap();
        let data = Dataset::of_run(recipe, &run).unwrap();
        let last = data.test.last().unwrap().clone();
        let said = model.outlooks(std::slice::from_ref(&last)).unwrap();
        said[0]
            .iter()
            .map(|said| said.value(&last))
            .collect::<Vec<f64>>()
    };
    assert_eq!(name, "");
    assert_eq!(answer.json["predictions"], serde_json::json!(judged));
    assert_eq!(answer.text.split(", ").count(), 3);
}

#[test]
fn what_is_drawn_is_read_on_whatever_stands_beside_it() {
    for head in [
        "model.head={ name = \"gaussian\" }",
        "model.head={ name = \"student-t\", degrees = 4.0 }",
        "model.head={ name = \"quantiles\", levels = [0.1, 0.5, 0.9] }",
        "model.head={ name = \"negative-binomial\" }",
    ] {
        let given = [
            "data.horizon=3",
            "model.ahead=recursive",
            "model.paths=40",
            head,
        ];
        let recipe = match resolve(&column_recipe("a.csv".as_ref()), &given) {
            Ok(crate::Recipe::Forecast(recipe)) => recipe,
            other => panic!("{other:?}"),
        };
        let model = model(&recipe, &device()).unwrap();
        let counts: Vec<f64> = (0..60).map(|t| f64::from(t * 7 % 11)).collect();
        let data = dataset(&recipe, counts, Covariates::default());
        let all = model.outlooks(&data.test).unwrap();
        assert_eq!(
            model.outlooks(&data.test[1..2]).unwrap(),
            all[1..2],
            "{head}"
        );
        // Further away less is known.
        let sureness = Sureness::new(&recipe.model, LEVEL).unwrap();
        let width = |step: usize| {
            let pairs = all.iter().zip(&data.test);
            let widths = pairs.map(|(said, window)| {
                let [low, high] = sureness.interval(&said[step], window);
                high - low
            });
            widths.sum::<f64>()
        };
        if !head.contains("negative") {
            assert!(width(2) > width(0) && width(0) > 0.0, "{head}");
        }
        let Outlook::Drawn(values) = &all[0][2] else {
            panic!("drawn")
        };
        let are_counts = values
            .iter()
            .all(|value| *value >= 0.0 && value.fract() == 0.0);
        assert_eq!(
            (values.len(), are_counts),
            (40, head.contains("negative")),
            "{head}"
        );
    }
}

#[test]
fn of_logarithms_densities_and_intervals_are_of_the_values() {
    // ln 2 is the unit and 2 the last value: a change of z is a factor of 2^z.
    let by = ScaleBy::MeanAbsLogDifference;
    let window = super::Example::new(&[1.0, 2.0].into(), 0..2, 4.0, 0, by).unwrap();
    let said = Outlook::Located {
        location: 1.0,
        scale: 0.5,
    };
    assert!((said.value(&window) - 4.0).abs() < 1e-9);
    let normal = sureness(Head::Gaussian {}).unwrap();
    let [low, high] = normal.interval(&said, &window);
    assert!((low * high - 16.0).abs() < 1e-6, "{low} {high}");
    // A log-normal density at its median: 1 / (x·σ·√(2π)), σ = 0.5·ln 2.
    let density = 1.0 / (4.0 * 0.5 * 2f64.ln() * std::f64::consts::TAU.sqrt());
    assert!((normal.nats(&said, &window).unwrap() + density.ln()).abs() < 1e-6);
    let refused = several(
        "a.csv".as_ref(),
        &[
            "model.scale_by=log-range",
            "model.head={ name = \"negative-binomial\" }",
        ],
    );
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .starts_with("model.scale_by: ")
    );
}

#[test]
fn counts_are_learnt_with_their_own_distribution() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("sales.csv");
    // Three quiet days, then a busy one; noise that only the distribution can say.
    let counts = noise(3, 240);
    let counts = counts.iter().enumerate().map(|(day, noise)| {
        let mean = if day % 4 == 3 { 20.0 } else { 4.0 };
        format!("{}\n", (mean * (1.0 + 0.5 * noise)).round())
    });
    std::fs::write(&path, counts.collect::<String>()).unwrap();
    let given = [
        "model.head={ name = \"negative-binomial\" }",
        "data.window_len=8",
        "data.horizon=2",
        "train.updates=300",
        "train.batch_size=16",
        "train.optimizer={ name = \"adam\", learning_rate = 0.01 }",
        "model.stack.layer.hidden_size=16",
    ];
    let recipe = resolve(&column_recipe(&path), &given).unwrap();
    let dir = place.path().join("run");
    let trained = train(&recipe, &dir, &Control::silent()).unwrap();
    for judged in &trained.evaluations {
        assert!(
            judged.notes[0].starts_with("The model beats the last value"),
            "{judged:?}"
        );
        assert!(
            judged.metrics.get(NEGATIVE_LOG_LIKELIHOOD.name).unwrap() < 3.0,
            "{judged:?}"
        );
        assert!(judged.metrics.get(CRPS.name).unwrap() > 0.0);
    }
    assert_eq!(evaluate(&dir, None).unwrap(), trained.evaluations);

    let log = resolve(&column_recipe(&path), &["model.scale_by=log-range"]).unwrap();
    std::fs::write(&path, "1\n2\n0\n3\n".repeat(20)).unwrap();
    let refused = train(&log, &place.path().join("log"), &Control::silent());
    let told = refused.unwrap_err().to_string();
    assert!(
        told.starts_with("model.scale_by: ") && told.contains("whose value 3 is 0"),
        "{told}"
    );

    std::fs::write(&path, "1\n2\n3.5\n".repeat(20)).unwrap();
    let refused = train(&recipe, &place.path().join("other"), &Control::silent());
    let told = refused.unwrap_err().to_string();
    assert!(told.contains("whose value 3 is 3.5"), "{told}");
}

#[test]
fn every_head_is_fitted_and_judged_at_each_distance() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("driven.csv");
    std::fs::write(&path, csv(150)).unwrap();
    for (number, head) in [
        "model.head={ name = \"point\" }",
        "model.head={ name = \"gaussian\" }",
        "model.head={ name = \"student-t\", degrees = 4.0 }",
        "model.head={ name = \"quantiles\", levels = [0.1, 0.3, 0.5, 0.7, 0.9] }",
    ]
    .into_iter()
    .enumerate()
    {
        let recipe = crate::Recipe::Forecast(several(&path, &[head, "model.ar_len=2"]).unwrap());
        let dir = place.path().join(format!("run-{number}"));
        let trained = train(&recipe, &dir, &Control::silent()).unwrap();
        let splits: Vec<&str> = trained
            .evaluations
            .iter()
            .map(|one| &one.split[..])
            .collect();
        assert_eq!(
            splits,
            ["test", "test, 2 steps ahead", "test, 3 steps ahead"]
        );
        for judged in &trained.evaluations {
            assert!(judged.metrics.get(CRPS.name).unwrap() > 0.0, "{head}");
            let has_density = head.contains("gaussian") || head.contains("student");
            let nats = judged.metrics.get(NEGATIVE_LOG_LIKELIHOOD.name);
            assert_eq!(nats.is_some(), has_density, "{head}");
        }
        let drift = trained.evaluations[2].baselines["drift"]
            .get(RMSE.name)
            .unwrap();
        let next = trained.evaluations[0].baselines["drift"]
            .get(RMSE.name)
            .unwrap();
        assert!(drift > next, "three steps ahead are harder");
        assert_eq!(evaluate(&dir, None).unwrap(), trained.evaluations, "{head}");
    }
}

/// Of a model with this head.
fn sureness(head: Head) -> Option<Sureness> {
    let mut model = super::recipe(&column_recipe("a.csv".as_ref())).model;
    model.head = head;
    Sureness::new(&model, LEVEL)
}

#[test]
fn distributions_have_the_quantiles_and_densities_of_the_tables() {
    let normal = sureness(Head::Gaussian {}).unwrap();
    // Its unit is 1 and its last value 0: changes are values.
    let window = super::example(&[1.0, 0.0], 1.0);
    let said = Outlook::Located {
        location: 1.0,
        scale: 2.0,
    };
    // 10 % of a normal variable lie beyond 1.2816, of Student's with 5 degrees beyond 1.4759.
    let [low, high] = normal.interval(&said, &window);
    assert!((high - (1.0 + 2.0 * 1.2816)).abs() < 5e-3 && (low + high - 2.0).abs() < 1e-9);
    let student = sureness(Head::StudentT { degrees: 5.0 }).unwrap();
    assert!((student.interval(&said, &window)[1] - (1.0 + 2.0 * 1.4759)).abs() < 5e-3);
    // −ln φ(0) = ½ ln 2π; of Student's with 5 degrees the density at 0 is 0.3796.
    let nats = normal.nats(&said, &window).unwrap();
    assert!((nats - (2.0_f64.ln() + 0.5 * std::f64::consts::TAU.ln())).abs() < 1e-6);
    let nats = student.nats(&said, &window).unwrap();
    assert!((nats - (2.0_f64.ln() - 0.379_6_f64.ln())).abs() < 1e-4);
    // The CRPS of a normal variable at its mean: σ·(2φ(0) − 1/√π) = 0.2337·σ.
    assert!((normal.crps(&said, &window).unwrap() - 2.0 * 0.2337).abs() < 5e-3);
    assert_eq!(sureness(Head::Point {}), None);
}

#[test]
fn quantiles_never_cross_and_their_ends_are_the_interval() {
    let head = Head::Quantiles {
        levels: vec![0.1, 0.5, 0.9],
    };
    // The unit is 2.
    let example = super::example(&[8.0, 10.0], 15.0);
    let said = head.outlook(&[2.0, 1.0, 3.0], &example);
    assert_eq!(said.value(&example), 14.0);
    let sureness = sureness(head).unwrap();
    assert_eq!(sureness.interval(&said, &example), [12.0, 16.0]);
    let spread = Spread::of_said(&sureness, &[&said], std::slice::from_ref(&example));
    let spread = spread.unwrap().unwrap();
    // Twice the mean pinball loss of a change of 2.5 is 2·(0.1·1.5 + 0.5·0.5 + 0.1·0.5)/3 units.
    assert_eq!(spread.inside.share(), Some(1.0));
    assert!(
        (spread.crps - 2.0 * 2.0 * 0.45 / 3.0).abs() < 1e-9,
        "{spread:?}"
    );
}

#[test]
fn losses_are_those_of_the_definitions() {
    let loss = |head: &Head, said: Vec<f32>, target: f32| {
        let width = said.len();
        let said = Tensor::<1>::from_data(&said[..], &device()).reshape([1, 1, width]);
        let target = Tensor::<2>::from_data([[target]], &device());
        let levels = Tensor::<2>::ones([1, 1], &device());
        f64::from(values(&loss_of(head, said, target, levels).unwrap())[0])
    };
    assert!((loss(&Head::Point {}, vec![1.0], 3.0) - 4.0).abs() < 1e-6);
    // ln(1 + e^x) = 1 at x = ln(e − 1); with the least scale 1.001.
    let raw = (std::f64::consts::E - 1.0).ln() as f32;
    let z: f64 = 2.0 / 1.001;
    let gaussian = loss(&Head::Gaussian {}, vec![1.0, raw], 3.0);
    assert!((gaussian - (1.001_f64.ln() + z * z / 2.0)).abs() < 1e-5);
    let student = loss(&Head::StudentT { degrees: 3.0 }, vec![1.0, raw], 3.0);
    assert!((student - (1.001_f64.ln() + 2.0 * (1.0 + z * z / 3.0).ln())).abs() < 1e-5);
    let head = Head::Quantiles {
        levels: vec![0.1, 0.5, 0.9],
    };
    // Short by 2, by 1, over by 1.
    let pinball = loss(&head, vec![1.0, 2.0, 4.0], 3.0);
    assert!((pinball - (0.2 + 0.5 + 0.1) / 3.0).abs() < 1e-6);
}

#[test]
fn what_does_not_go_together_is_refused_by_key() {
    for (given, key) in [
        (&["data.horizon=0"][..], "data.horizon"),
        (
            &[
                "data.dates=when",
                "data.inputs=[]",
                "model.ahead=recursive",
                "data.horizon=1",
            ],
            "model.ahead",
        ),
        (&["model.ahead=recursive"], "model.ahead"),
        (
            &["model.head={ name = \"student-t\", degrees = 2.0 }"],
            "model.head.degrees",
        ),
        (
            &["model.head={ name = \"quantiles\", levels = [0.5] }"],
            "model.head.levels",
        ),
        (
            &["model.head={ name = \"gaussian\", width = 2.0 }"],
            "width",
        ),
        (&["data.calendar=[\"decade\"]"], "decade"),
        (&["model.paths=50"], "model.paths"),
        (
            &["data.known=[\"y\"]"],
            "data.known: expected columns beside",
        ),
        (
            &["data.inputs=[\"x\", \"y\"]"],
            "data.inputs: expected columns beside",
        ),
        (
            &["model.ar_len=2", "model.ar_init=last-season"],
            "model.ar_init",
        ),
        (
            &[
                "data.dates=when",
                "data.inputs=[]",
                "model.ahead=recursive",
                "model.head={ name = \"gaussian\" }",
                "model.paths=1",
            ],
            "model.paths: expected 2 to",
        ),
    ] {
        let refused = several("a.csv".as_ref(), given).unwrap_err().to_string();
        assert!(refused.contains(key), "{given:?}: {refused}");
    }
    let undated = resolve(
        &column_recipe("a.csv".as_ref()),
        &["data.calendar=[\"week\"]"],
    );
    let refused = undated.unwrap_err().to_string();
    assert!(
        refused.starts_with("data.calendar: expected `data.dates`"),
        "{refused}"
    );
}
