use super::super::infer::Forecast;
use super::super::streamed::Forecaster;
use super::{RAMPS, column_recipe, recipe, untrained};
use crate::tasks::{PredictOptions, Prediction, Predictor};

fn predictor() -> Forecast {
    Forecast::new(&recipe(RAMPS), Forecaster::Batch(Box::new(untrained())))
}

fn predict(line: &str) -> Prediction {
    predictor()
        .predict(line, 1, PredictOptions { top_k: 1 })
        .unwrap()
}

fn decimals(line: &str) -> usize {
    let text = predict(line).text;
    text.split_once('.').unwrap().1.len()
}

#[test]
fn an_answer_has_two_decimals_more_than_the_question_and_never_fewer_than_two() {
    assert_eq!(decimals("1,2,3,4,5"), 2);
    assert_eq!(decimals("0.1 0.2 0.3"), 3);
    assert_eq!(decimals("0.25, 0.5; 1"), 4);
    assert_eq!(decimals("1e-3 2e-3 3e-3"), 5);
    assert_eq!(decimals("1.5e3 2e3"), 2);
    assert_eq!(decimals("0.12345678901234567 1"), 15);
}

#[test]
fn a_constant_window_forecasts_the_constant() {
    for (line, answer) in [
        ("5 5 5 5", "5.00"),
        ("-0.1,-0.1,-0.1", "-0.100"),
        ("0,0,0", "0.00"),
        ("1e300 1e300 1e300", &format!("{:.2}", 1e300)),
    ] {
        let said = predict(line);
        assert_eq!(said.text, answer);
        assert!(said.notices[0].contains("all values are the same"));
    }
}

#[test]
fn a_program_gets_every_digit_and_the_baselines() {
    let said = predict("1 2 4");
    let number = |key: &str| said.json[key].as_f64().unwrap();
    assert_eq!(number("change"), number("prediction") - 4.0);
    assert_eq!(said.json["values_used"], 3);
    assert_eq!(said.json["baselines"]["last value"], 4.0);
    assert_eq!(said.json["baselines"]["drift"], 5.5);
    assert!((number("prediction") - said.text.parse::<f64>().unwrap()).abs() <= 0.005);
}

#[test]
fn only_the_end_of_a_long_line_is_used() {
    let long = predict("900 -7 1 2 3 4 5 6 7 9");
    assert_eq!(long.text, predict("1 2 3 4 5 6 7 9").text);
    insta::assert_snapshot!(long.notices.join("\n"), @"10 values were given; the last 8 are used, the longest window of this model");
    insta::assert_snapshot!(predict("1 2").notices.join("\n"), @"2 values were given; this model was trained on windows of 3 and more");
    assert!(predict("1 2 3").notices.is_empty());
}

#[test]
fn a_model_of_a_column_says_when_a_line_is_shorter_than_its_windows() {
    let predictor = Forecast::new(
        &recipe(&column_recipe("a.csv".as_ref())),
        Forecaster::Batch(Box::new(untrained())),
    );
    let said = predictor.predict("1 2 3", 1, PredictOptions { top_k: 1 });
    insta::assert_snapshot!(said.unwrap().notices.join("\n"), @"3 values were given; this model was trained on windows of 4 and more");
}

#[test]
fn lines_that_are_no_series_are_refused_with_what_is_wrong() {
    let refusal = |line: &str| {
        let options = PredictOptions { top_k: 1 };
        predictor()
            .predict(line, 3, options)
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!(refusal("1,2,three"), @"line 3: number 3: expected a finite number, got `three`");
    insta::assert_snapshot!(refusal("1 2 nan"), @"line 3: number 3: expected a finite number, got `nan`");
    insta::assert_snapshot!(refusal("1 inf 2"), @"line 3: number 2: expected a finite number, got `inf`");
    insta::assert_snapshot!(refusal("1,,2"), @"line 3: number 2: expected a finite number, got an empty cell");
    insta::assert_snapshot!(refusal("7"), @"line 3: expected at least 2 numbers, as in `1, 2, 3`, got 1");
    insta::assert_snapshot!(refusal("  "), @"line 3: expected at least 2 numbers, as in `1, 2, 3`, got 0");
    insta::assert_snapshot!(refusal("1 1.5e308 -1.5e308"), @"line 3: number 2: expected a number whose differences can be computed, got 1.5e308");
}
