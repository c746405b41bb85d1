use super::super::column::Column;
use super::super::column::windows_of_file;
use super::super::config::Head;
use super::super::data::{Dataset, Training};
use super::super::example::{Cut, collate};
use super::{DataConfig, RAMPS, column_recipe, example, recipe, untrained};
use recurra_data::series::ScaleBy;
use std::sync::Arc;

#[test]
fn the_network_reads_changes_and_levels_in_the_windows_own_unit() {
    // Changes 2, 4, 3: the unit is 3. Levels as seen from the last value, over 3 changes.
    let batch = collate(
        &[&example(&[1.0, 3.0, 7.0, 10.0], 16.0)],
        &Head::Point {},
        2,
        1,
    )
    .unwrap()
    .series;
    let third = 1.0 / 3.0;
    let expected = [2.0 * third, -7.0 / 9.0, 4.0 * third, -third, 1.0, 0.0];
    for (value, expected) in batch.values.iter().zip(expected) {
        assert!((f64::from(*value) - expected).abs() < 1e-6, "{batch:?}");
    }
    assert_eq!(batch.targets, [2.0]);
    assert_eq!(batch.lengths, [3]);
}

#[test]
fn a_leap_out_of_a_quiet_stretch_does_not_drown_the_rest() {
    let leap = example(&[1.0, 1.001, 1.0, 1.001], 500.0);
    let batch = collate(&[&leap], &Head::Point {}, 2, 1).unwrap();
    assert_eq!(batch.series.targets, [10.0]);
    assert_eq!(leap.target, 500.0);
}

#[test]
fn a_forecast_follows_a_change_of_unit_and_of_origin() {
    let model = untrained();
    let window = [0.3, 0.5, 0.4, 0.9, 1.1];
    let plain = model.forecast(&[example(&window, 0.0)]).unwrap()[0];
    for (factor, shift) in [(10.0, 0.0), (1.0, 1e6), (1e-3, -5.0), (4e5, 7e8)] {
        let moved = window.map(|x| factor * x + shift);
        let said = model.forecast(&[example(&moved, 0.0)]).unwrap()[0];
        let expected = factor * plain + shift;
        // The window itself is rounded to 1e-16 of its size; the network works in f32.
        let tolerance = 1e-5 * factor + 1e-12 * shift.abs();
        assert!((said - expected).abs() < tolerance, "{said} {expected}");
    }
}

#[test]
fn a_window_forecasts_the_same_alone_and_in_any_batch() {
    let model = untrained();
    let series: Vec<f64> = (0..40).map(|t| (f64::from(t) * 0.7).sin()).collect();
    let examples: Vec<_> = (2..30).map(|len| example(&series[..len], 0.0)).collect();
    let together = model.forecast(&examples).unwrap();
    for (one, expected) in examples.iter().zip(together) {
        let alone = model.forecast(std::slice::from_ref(one)).unwrap()[0];
        assert!((alone - expected).abs() < 1e-6, "{alone} {expected}");
    }
}

#[test]
fn no_part_of_a_series_sees_the_future() {
    // Every value is its own time.
    let series: Vec<f64> = (0..50).map(f64::from).collect();
    let recipe = recipe(&column_recipe("a.csv".as_ref()));
    let DataConfig::Column(data) = &recipe.data else {
        panic!("a column was asked for")
    };
    let data = Dataset::from_series(&Column::made(series), data, ScaleBy::default()).unwrap();
    let Training::Windows(train) = &data.train else {
        panic!("a column has windows")
    };
    let parts = [train, &data.valid, &data.test];
    let sizes = parts.map(Vec::len);
    assert_eq!(sizes.iter().sum::<usize>(), 46);
    assert_eq!(sizes, [28, 9, 9]);
    for part in parts {
        for example in part {
            assert!(example.inputs().iter().all(|&time| time < example.target));
        }
    }
    for (earlier, later) in [(train, &data.valid), (&data.valid, &data.test)] {
        let latest_seen = earlier.iter().map(|e| e.target).fold(0.0, f64::max);
        assert!(later.iter().all(|example| example.target > latest_seen));
    }
    assert_eq!(data.series().unwrap().latest, [46.0, 47.0, 48.0, 49.0]);
}

#[test]
fn generated_windows_never_come_twice_and_can_be_had_again() {
    let recipe = recipe(RAMPS);
    let data = Dataset::read(&recipe).unwrap();
    let windows = |from: u64| -> Vec<Vec<f64>> {
        let numbers = from..from + 100;
        numbers
            .map(|number| data.train.example(number).unwrap().inputs().to_vec())
            .collect()
    };
    assert_eq!(windows(512), windows(512));
    let first = data.train.first_of(1);
    assert_eq!(first, 512);
    for window in windows(first) {
        assert!((3..=8).contains(&window.len()));
        assert!(!windows(0).contains(&window));
        assert!(
            !data
                .test
                .iter()
                .any(|example| example.inputs() == &window[..])
        );
    }
    let lengths: Vec<usize> = (0..200).map(|number| data.train.len_of(number)).collect();
    assert!((3..=8).all(|len| lengths.contains(&len)));
}

#[test]
fn values_of_a_file_are_forecast_from_what_came_before_them() {
    let cut = Cut {
        series: &[1.0, 2.0, 3.0, 4.0, 5.0],
        covariates: Arc::default(),
        window_len: [2, 3],
        horizon: 1,
        by: ScaleBy::default(),
        family: 0,
    };
    let windows = cut.windows().unwrap();
    let shown: Vec<(&[f64], f64)> = windows.iter().map(|w| (w.inputs(), w.target)).collect();
    let expected: [(&[f64], f64); 3] = [
        (&[1.0, 2.0], 3.0),
        (&[1.0, 2.0, 3.0], 4.0),
        (&[2.0, 3.0, 4.0], 5.0),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn files_that_are_no_series_are_refused_with_line_and_column() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.csv");
    let recipe = recipe(&column_recipe(&path));
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let error = Dataset::read(&recipe).unwrap_err().to_string();
        error.replace(&path.display().to_string(), "a.csv")
    };
    insta::assert_snapshot!(read("Day,Close\nmon,7\n"), @"a.csv: series to be cut into windows of 4 values and the next: expected at least 5 values, got 1; give a longer series or a shorter window");
    insta::assert_snapshot!(read("7\n"), @"a.csv: series to be cut into windows of 4 values and the next: expected at least 5 values, got 1; give a longer series or a shorter window");
    insta::assert_snapshot!(read("7\n8\n9\n"), @"a.csv: series to be cut into windows of 4 values and the next: expected at least 5 values, got 3; give a longer series or a shorter window");
    insta::assert_snapshot!(read("7\n8\n9\n10\n11\n12\n"), @"a.csv: data set to be split: expected at least 3 items, got 2; give more data, or make valid and test smaller");
    insta::assert_snapshot!(read("Day,Close\n1,7\n2,8\n"), @"a.csv: expected one column of numbers, got several: `Day`, `Close`; choose one by name or number");
    insta::assert_snapshot!(read(""), @"a.csv: expected rows of numbers, got an empty file; give a file with content");
    insta::assert_snapshot!(read("Day,Close\nmon,7\ntue,nan\n"), @"a.csv:3: column `Close`: expected a finite number, got `nan`; correct or remove this row");
    insta::assert_snapshot!(read("Day,Close\nmon,7\ntue,inf\n"), @"a.csv:3: column `Close`: expected a finite number, got `inf`; correct or remove this row");
    insta::assert_snapshot!(read("Day,Close\nmon,7\ntue,7,8\n"), @"a.csv:3: expected 2 columns as in line 1, got 3; correct the row, or quote cells that hold the delimiter");
    std::fs::remove_file(&path).unwrap();
    let error = Dataset::read(&recipe).unwrap_err().to_string();
    let error = error.replace(&path.display().to_string(), "a.csv");
    insta::assert_snapshot!(error, @"data.path: expected a CSV file of yours, as in --set data.path=FILE, got `a.csv`, which is not there");
}

#[test]
fn a_plain_file_of_numbers_serves_a_model_of_a_named_column() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("numbers.txt");
    std::fs::write(&path, "1\n2\n4\n8\n16\n32\n").unwrap();
    let mut recipe = recipe(&column_recipe(&path));
    let DataConfig::Column(data) = &mut recipe.data else {
        panic!("a column was asked for")
    };
    data.column = Some("Close".parse().unwrap());
    let (windows, note) = windows_of_file(&recipe, &path, &[]).unwrap();
    assert_eq!(windows.len(), 2);
    assert!(note.unwrap().contains("has no column `Close`"));
}
