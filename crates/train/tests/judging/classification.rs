//! Figures of classifiers against scikit-learn's.

use recurra_testkit::{Golden, Tol, assert_close};
use recurra_train::metric::{
    Average, Calibration, ConfusionMatrix, Temperature, roc_auc, roc_auc_one_vs_rest,
};

const FILES: [&str; 3] = ["two_classes", "five_classes", "absent_class"];
const TOL: Tol = Tol::both(1e-6);

struct Case {
    golden: Golden,
    labels: Vec<u32>,
    num_classes: usize,
}

impl Case {
    fn open(file: &str) -> Self {
        let golden = Golden::open(&format!("classification/{file}"));
        Self {
            labels: ids(&golden, "labels"),
            num_classes: golden.f64("logits").shape[1],
            golden,
        }
    }

    fn values(&self, name: &str) -> Vec<f64> {
        self.golden.f64(name).values
    }

    fn check(&self, name: &str, actual: Option<f64>) {
        assert_close(&[actual.unwrap()], &self.values(name), TOL);
    }
}

fn ids(golden: &Golden, name: &str) -> Vec<u32> {
    let ids = golden.usize(name).values;
    ids.into_iter()
        .map(|id| u32::try_from(id).unwrap())
        .collect()
}

#[test]
fn the_confusion_matrix_and_what_follows_from_it() {
    for case in FILES.map(Case::open) {
        let mut matrix = ConfusionMatrix::new(case.num_classes).unwrap();
        matrix
            .add(&ids(&case.golden, "predictions"), &case.labels)
            .unwrap();
        let each = 0..case.num_classes;
        let counts: Vec<u64> = each
            .clone()
            .flat_map(|label| each.clone().map(move |prediction| (label, prediction)))
            .map(|(label, prediction)| matrix.count(label, prediction))
            .collect();
        let expected = case.golden.usize("confusion").values;
        assert!(
            counts.iter().eq(expected
                .iter()
                .map(|&n| n as u64)
                .collect::<Vec<_>>()
                .iter())
        );
        let classes = matrix.classes();
        let column = |of: fn(&recurra_train::metric::ClassScores) -> f64| {
            classes.iter().map(of).collect::<Vec<f64>>()
        };
        assert_close(&column(|c| c.precision), &case.values("precision"), TOL);
        assert_close(&column(|c| c.recall), &case.values("recall"), TOL);
        assert_close(&column(|c| c.f1), &case.values("f1"), TOL);
        case.check("accuracy", matrix.accuracy());
        case.check("macro_f1", matrix.f1(Average::Macro));
        case.check("micro_f1", matrix.f1(Average::Micro));
        case.check("weighted_f1", matrix.f1(Average::Weighted));
    }
}

#[test]
fn the_area_under_the_roc_curve() {
    let two = Case::open("two_classes");
    let margin: Vec<f64> = two
        .values("logits")
        .chunks(2)
        .map(|row| row[1] - row[0])
        .collect();
    let positive: Vec<bool> = two.labels.iter().map(|&label| label == 1).collect();
    two.check("roc_auc", roc_auc(&margin, &positive).unwrap());
    let five = Case::open("five_classes");
    let auc = roc_auc_one_vs_rest(&five.values("probs"), &five.labels, 5).unwrap();
    five.check("roc_auc", auc);
}

#[test]
fn calibration_and_temperature() {
    for case in FILES.map(Case::open) {
        let mut calibration = Calibration::new(15).unwrap();
        let probs = case.values("probs");
        calibration
            .add_probs(&probs, &case.labels, case.num_classes)
            .unwrap();
        case.check("calibration_error", calibration.expected_error());
        let fitted = Temperature::fit(&case.values("logits"), &case.labels, case.num_classes);
        let fitted = fitted.unwrap();
        case.check("temperature", Some(fitted.temperature));
        case.check("nats_before", Some(fitted.nats_before));
        case.check("nats_after", Some(fitted.nats_after));
    }
}
