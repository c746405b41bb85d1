use super::index::{TermIndex, Weighting};
use super::*;
use crate::baseline::linear::Rows;
use crate::baseline::linear::Stop;
use crate::baseline::linear::{Cost, LinearModel};
use recurra_testkit::{Golden, Tol, assert_close};

const STOP: Stop = Stop {
    gradient: 1e-10,
    max_steps: 1000,
};

fn golden_rows(golden: &Golden) -> (Rows, Vec<u32>, usize) {
    let array = golden.f32("rows");
    let num_terms = array.shape[1];
    let mut rows = Rows::new();
    for row in array.values.chunks(num_terms) {
        rows.push(
            (0..)
                .zip(row.iter().copied())
                .filter(|(_, value)| *value != 0.0),
        );
    }
    let labels = golden.usize("labels").values;
    (
        rows,
        labels.into_iter().map(|label| label as u32).collect(),
        num_terms,
    )
}

#[test]
fn logistic_regression_is_scikit_learns() {
    for num_classes in [2, 3] {
        let golden = Golden::open(&format!("classification/linear_{num_classes}_classes"));
        let (rows, labels, num_terms) = golden_rows(&golden);
        let shape = [num_terms, num_classes];
        let model = LinearModel::fit(&rows, &labels, shape, Cost::Logistic, 2.0, STOP);
        let probs = |row| {
            let mut outputs = model.outputs(row);
            if num_classes == 2 {
                outputs.insert(0, 0.0);
            }
            crate::metric::softmax(&mut outputs);
            outputs
        };
        let probs: Vec<f64> = rows.iter().flat_map(probs).collect();
        assert_close(&probs, &golden.f64("probs").values, Tol::both(2e-6));
    }
}

#[test]
fn the_squared_hinge_is_brought_to_its_least() {
    let golden = Golden::open("classification/linear_2_classes");
    let (rows, labels, num_terms) = golden_rows(&golden);
    let model = LinearModel::fit(
        &rows,
        &labels,
        [num_terms, 2],
        Cost::SquaredHinge,
        2.0,
        STOP,
    );
    let scores: Vec<f64> = rows.iter().flat_map(|row| model.outputs(row)).collect();
    assert_close(&scores, &golden.f64("hinge").values, Tol::both(2e-6));
}

#[test]
fn tf_idf_is_scikit_learns() {
    let golden = Golden::open("classification/tf_idf");
    let note = golden.metadata("note").unwrap();
    let (texts, names) = note.split_once('#').unwrap();
    let texts: Vec<&str> = texts.split('|').collect();
    let names: Vec<&str> = names.split('|').collect();
    let index = TermIndex::new(Terms::Words { max_len: 2 }, &texts, 1, 100);
    assert_eq!(index.len(), names.len());
    let rows = index.rows(&texts, Weighting::TfIdf);
    let expected = golden.f64("values").values;
    for (row, expected) in rows.iter().zip(expected.chunks(names.len())) {
        let mut values = vec![0.0; names.len()];
        for (term, value) in row.iter() {
            values[names
                .iter()
                .position(|&name| name == index.name(term))
                .unwrap()] = value;
        }
        assert_close(&values, expected, Tol::both(1e-6));
    }
}

const TEXTS: [&str; 6] = [
    "good film, good fun",
    "so good",
    "bad film",
    "so bad, so bad",
    "an odd film",
    "odd and odd",
];

fn fitted(rule: TextRule, labels: &[u32; 6], num_classes: usize) -> TextClassifier {
    let config = TextRuleConfig {
        min_texts: 1,
        ..TextRuleConfig::words()
    };
    TextClassifier::fit(rule, &TEXTS, labels, num_classes, &config).unwrap()
}

#[test]
fn every_rule_tells_what_it_can_of_several_classes() {
    let labels = [1, 1, 0, 0, 2, 2];
    for rule in [TextRule::TfIdfLogistic, TextRule::NbSvm] {
        let classifier = fitted(rule, &labels, 3);
        let said = TEXTS.map(|text| classifier.predict(text));
        assert_eq!(said, labels, "{}", rule.name());
        assert_eq!(classifier.top_terms(2, 1)[0].0, "odd");
        assert_eq!(classifier.scores("").len(), 3);
    }
    let majority = fitted(TextRule::Majority, &[1, 1, 1, 0, 0, 1], 2);
    assert_eq!(majority.predict("bad"), 1);
    let probs = majority.probs("").unwrap();
    assert!((probs[1] - 4.5 / 7.0).abs() < 1e-12);
    assert!(majority.top_terms(0, 3).is_empty());
}

#[test]
fn the_same_texts_give_the_same_classifier() {
    for rule in TextRule::ALL {
        let scores = || fitted(rule, &[1, 1, 0, 0, 0, 1], 2).scores("so odd a film");
        assert_eq!(scores(), scores());
    }
}

#[test]
fn texts_without_a_word_or_with_one_class_alone_are_no_error() {
    let config = TextRuleConfig::words();
    for rule in TextRule::ALL {
        let empty = TextClassifier::fit(rule, &["", " "], &[1, 1], 2, &config).unwrap();
        assert_eq!(empty.predict("anything"), 1, "{}", rule.name());
        assert!(empty.scores("").iter().all(|score| score.is_finite()));
    }
}

#[test]
fn of_too_many_texts_evenly_spaced_ones_are_learnt_from() {
    let config = TextRuleConfig {
        max_texts: 3,
        ..TextRuleConfig::words()
    };
    let labels = [0, 1, 0, 1, 0, 1];
    let classifier = TextClassifier::fit(TextRule::Majority, &TEXTS, &labels, 2, &config).unwrap();
    assert!(classifier.probs("").unwrap()[0] > 0.8);
}

#[test]
fn bad_input_is_named() {
    let fit = |labels: &[u32], num_classes, config| {
        let fitted = TextClassifier::fit(TextRule::Majority, &TEXTS, labels, num_classes, &config);
        fitted.unwrap_err().to_string()
    };
    let words = TextRuleConfig::words();
    assert_eq!(
        fit(&[0, 1, 0, 1, 0, 9], 2, words),
        "text_classifier: `labels` should be classes below 2, got 9 at index 5"
    );
    assert!(fit(&[0], 2, words).contains("6 labels"));
    assert!(fit(&[0; 6], 1, words).contains("num_classes"));
    let endless = Terms::Words { max_len: 99 };
    let config = TextRuleConfig {
        terms: endless,
        ..words
    };
    assert!(fit(&[0; 6], 2, config).contains("`terms`"));
    let config = TextRuleConfig {
        svm_c: 0.0,
        ..words
    };
    assert!(fit(&[0; 6], 2, config).contains("`svm_c`"));
}
