//! Text baselines on public data, where `RECURRA_DATA` has it.

use recurra_data::source::{locate, read_lines};
use recurra_train::baseline::{TextClassifier, TextRule, TextRuleConfig};
use recurra_train::metric::Accuracy;

/// Texts and labels of `text TAB label` lines; nothing when the data is not there.
fn tab_separated(name: &str) -> Option<(Vec<String>, Vec<u32>)> {
    let path = locate(name, None, None).ok()?;
    let lines = read_lines(&path).unwrap().map(Result::unwrap);
    let pairs = lines.map(|line| {
        let (text, label) = line.text.rsplit_once('\t').unwrap();
        (text.to_owned(), label.parse::<u32>().unwrap())
    });
    Some(pairs.unzip())
}

#[test]
fn on_film_reviews_linear_models_reach_what_they_are_known_to() {
    let train = tab_separated("sentiment/sst2/train.tsv");
    let test = tab_separated("sentiment/sst2/test.tsv");
    let (Some((texts, labels)), Some((test_texts, test_labels))) = (train, test) else {
        return;
    };
    let config = TextRuleConfig::words();
    let accuracies = TextRule::ALL.map(|rule| {
        let classifier = TextClassifier::fit(rule, &texts, &labels, 2, &config).unwrap();
        let said: Vec<u32> = test_texts
            .iter()
            .map(|text| classifier.predict(text))
            .collect();
        let mut accuracy = Accuracy::default();
        accuracy.add(&said, &test_labels).unwrap();
        accuracy.value().unwrap()
    });
    // scikit-learn's tf-idf and logistic regression reach 0.811.
    assert!(accuracies[0] < 0.52, "{accuracies:?}");
    assert!(
        accuracies[1] > 0.80 && accuracies[2] > 0.80,
        "{accuracies:?}"
    );
}
