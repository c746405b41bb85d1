//! Forecast baselines on public series, where `RECURRA_DATA` has them.

use recurra_data::source::{locate, read_lines};
use recurra_train::baseline::{ArOrder, ForecastRule, LinearAr, naive2};
use recurra_train::metric::{CopyCheck, Copying, M4Score};

/// The series of an M4 file, without their names.
fn m4(name: &str) -> Option<Vec<Vec<f64>>> {
    let path = locate(name, None, None).ok()?;
    let lines = read_lines(&path).unwrap().map(|line| line.unwrap().text);
    let series = lines.skip(1).map(|line| {
        let cells = line
            .split(',')
            .skip(1)
            .map(|cell| cell.trim_matches('"').to_owned());
        cells
            .filter(|cell| !cell.is_empty())
            .map(|cell| cell.parse().unwrap())
            .collect()
    });
    Some(series.collect())
}

#[test]
fn on_m4s_hourly_series_the_benchmarks_score_as_published() {
    let train = m4("timeseries/M4_Hourly-train.csv.gz");
    let test = m4("timeseries/M4_Hourly-test.csv.gz");
    let (Some(train), Some(test)) = (train, test) else {
        return;
    };
    let season = ForecastRule::LastSeason { season_len: 24 };
    let mut scores = [M4Score::default(); 3];
    for (history, actuals) in train.iter().zip(&test) {
        let said = [
            naive2(history, 24, 48),
            ForecastRule::LastValue.forecast(history, 48),
            season.forecast(history, 48),
        ];
        for (score, said) in scores.iter_mut().zip(said) {
            score.add(&said.unwrap(), actuals, history, 24).unwrap();
        }
    }
    // The M4 competition's own figures: sMAPE in per cent, MASE.
    let published = [(18.383, 2.395), (43.003, 11.608), (13.912, 1.193)];
    let found = scores.map(|score| (100.0 * score.smape().unwrap(), score.mase().unwrap()));
    for (found, published) in found.iter().zip(published) {
        assert!(
            (found.0 - published.0).abs() < 6e-4,
            "{found:?} {published:?}"
        );
        assert!(
            (found.1 - published.1).abs() < 6e-4,
            "{found:?} {published:?}"
        );
    }
    assert_eq!(scores[0].owa(&scores[0]), Some(1.0));
}

/// A column of a CSV file with a header.
fn column(name: &str, index: usize) -> Option<Vec<f64>> {
    let path = locate(name, None, None).ok()?;
    let lines = read_lines(&path).unwrap().map(|line| line.unwrap().text);
    let cells = lines.skip(1).filter_map(|line| {
        let cell = line.split(',').nth(index)?.trim_matches('"').to_owned();
        cell.parse::<f64>().ok()
    });
    Some(cells.collect())
}

#[test]
fn an_autoregression_follows_sunspots_and_the_last_value_copies() {
    let Some(series) = column("timeseries/classic/monthly-sunspots.csv", 1) else {
        return;
    };
    let (train, test) = series.split_at(series.len() - 600);
    let model = LinearAr::fit(&[train], ArOrder::Aic(24)).unwrap();
    let windows =
        || (0..test.len()).map(|step| &series[train.len() + step - 24..train.len() + step]);
    let last: Vec<f64> = windows().map(|window| window[23]).collect();
    let forecasts: Vec<f64> = windows()
        .map(|window| model.predict(window).unwrap())
        .collect();
    let good = CopyCheck::new(&forecasts, test, &last).unwrap();
    assert_eq!(good.found, Copying::Follows);
    assert!(good.gain.unwrap().is_better());
    let copy = CopyCheck::new(&last, test, &last).unwrap();
    assert_eq!(copy.found, Copying::Copies);
}
