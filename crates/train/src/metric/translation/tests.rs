use serde_json::Value;

use super::*;

const GOLDENS: [(&str, &str); 4] = [
    (
        "english",
        include_str!("../../../../../testdata/golden/translation/english.json"),
    ),
    (
        "german",
        include_str!("../../../../../testdata/golden/translation/german.json"),
    ),
    (
        "korean",
        include_str!("../../../../../testdata/golden/translation/korean.json"),
    ),
    (
        "short",
        include_str!("../../../../../testdata/golden/translation/short.json"),
    ),
];

fn golden(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn lines(golden: &Value, key: &str) -> Vec<String> {
    let lines = golden[key].as_array().unwrap().iter();
    lines
        .map(|line| line.as_str().unwrap().to_owned())
        .collect()
}

#[track_caller]
fn assert_points(what: &str, got: Option<f64>, want: &Value) {
    let (got, want) = (got.unwrap(), want.as_f64().unwrap());
    assert!(
        (got - want).abs() < 1e-6,
        "{what}: {got}, sacreBLEU says {want}"
    );
}

fn case_named(name: &str) -> LetterCase {
    match name {
        "lc" => LetterCase::Lower,
        _ => LetterCase::Mixed,
    }
}

#[test]
fn bleu_is_that_of_sacrebleu_under_the_same_signature() {
    for (name, text) in GOLDENS {
        let golden = golden(text);
        let references = lines(&golden, "references");
        for system in ["hypotheses", "others", "references"] {
            let hypotheses = lines(&golden, system);
            for score in golden["scores"][system]["bleu"].as_array().unwrap() {
                let tokenization: Tokenization =
                    serde_json::from_value(score["tokenization"].clone()).unwrap();
                let mut bleu = Bleu::new(tokenization, case_named(score["case"].as_str().unwrap()));
                bleu.add_all(&hypotheses, &references).unwrap();
                let signature = format!("{}|version:2.6.0", bleu.signature());
                assert_eq!(signature, score["signature"]);
                assert_points(
                    &format!("{name} {system} {signature}"),
                    bleu.value(),
                    &score["points"],
                );
            }
        }
    }
}

#[test]
fn chrf_is_that_of_sacrebleu_under_the_same_signature() {
    for (name, text) in GOLDENS {
        let golden = golden(text);
        let references = lines(&golden, "references");
        for system in ["hypotheses", "others", "references"] {
            let hypotheses = lines(&golden, system);
            for score in golden["scores"][system]["chrf"].as_array().unwrap() {
                let case = case_named(score["case"].as_str().unwrap());
                let mut chrf = match score["word_order"].as_u64() {
                    Some(0) => Chrf::new(case),
                    _ => Chrf::plus_plus(case),
                };
                chrf.add_all(&hypotheses, &references).unwrap();
                let signature = format!("{}|version:2.6.0", chrf.signature());
                assert_eq!(signature, score["signature"]);
                assert_points(
                    &format!("{name} {system} {signature}"),
                    chrf.value(),
                    &score["points"],
                );
            }
        }
    }
}

#[test]
fn the_bootstrap_agrees_with_that_of_sacrebleu_up_to_its_other_draws() {
    for (name, text) in GOLDENS {
        let golden = golden(text);
        let references = lines(&golden, "references");
        let segments = |system| {
            let mut bleu = Bleu::default();
            bleu.add_all(&lines(&golden, system), &references).unwrap();
            bleu.segments().to_vec()
        };
        let (baseline, system) = (segments("others"), segments("hypotheses"));
        let found = paired_bootstrap(&baseline, &system, 1000, 1).unwrap();
        let want = &golden["bootstrap"];
        // Of two that are equal its formula makes a small one.
        let p_value = match found.baseline.value == found.system.value {
            true => 1.0,
            false => want["p_value"].as_f64().unwrap(),
        };
        assert!(
            (found.p_value - p_value).abs() < 0.05,
            "{name}: {found:?}, {want}"
        );
        let mean = want["baseline_mean"].as_f64().unwrap();
        assert!(
            (found.baseline.mean - mean).abs() < 1.0,
            "{name}: {found:?}, {want}"
        );
    }
}

#[test]
fn systems_of_unequal_length_are_refused() {
    let mut bleu = Bleu::default();
    assert!(bleu.add_all(&["a"], &[]).is_err());
    assert_eq!(bleu.value(), None);
    assert!(Chrf::new(LetterCase::Mixed).add_all(&["a"], &[]).is_err());
    bleu.add("a b", "a b");
    let none: &[BleuStatistics] = &[];
    assert!(paired_bootstrap(bleu.segments(), none, 10, 1).is_err());
    assert!(paired_bootstrap(none, none, 10, 1).is_err());
}

#[test]
fn a_system_does_not_differ_from_itself() {
    let mut bleu = Bleu::default();
    for line in ["a b c d e", "f g h i", "k l m n o p"] {
        bleu.add(line, "a b c d e f g h i");
    }
    let same = paired_bootstrap(bleu.segments(), bleu.segments(), 100, 1);
    assert_eq!(same.unwrap().p_value, 1.0);
}
