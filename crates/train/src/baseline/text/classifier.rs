//! A text classifier without a network, fitted in seconds.

use super::index::{TermIndex, Weighting};
use super::nb_svm;
use super::terms::Terms;
use crate::TrainError;
use crate::baseline::linear::Stop;
use crate::baseline::linear::{Cost, LinearModel};
use crate::metric::softmax;

const OP: &str = "text_classifier";

/// More weights than this are not kept; with many classes there are fewer terms.
const MAX_WEIGHTS: usize = 4_000_000;

/// A way to classify texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextRule {
    /// Always the commonest class.
    Majority,
    /// Logistic regression on tf-idf, `(1 + ln count)·(ln((1 + n)/(1 + df)) + 1)` at length 1.
    TfIdfLogistic,
    /// A support vector machine on naive Bayes' log-count ratios (Wang & Manning 2012).
    NbSvm,
}

impl TextRule {
    /// All of them, in the order in which reports list them.
    pub const ALL: [Self; 3] = [Self::Majority, Self::TfIdfLogistic, Self::NbSvm];

    /// What reports and files call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Majority => "majority",
            Self::TfIdfLogistic => "tf-idf + logistic regression",
            Self::NbSvm => "NB-SVM",
        }
    }
}

/// How texts are cut and how freely they are fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextRuleConfig {
    /// What is counted.
    pub terms: Terms,
    /// Terms in fewer texts than this are not counted.
    pub min_texts: usize,
    /// Of the others, the commonest are: a bound on memory.
    pub max_terms: usize,
    /// Of more texts than this, evenly spaced ones are learnt from: the other bound on memory.
    pub max_texts: usize,
    /// C of logistic regression, `C·Σ loss + ½‖w‖²`.
    pub logistic_c: f64,
    /// C of the support vector machine.
    pub svm_c: f64,
}

impl TextRuleConfig {
    /// Words and word pairs.
    pub fn words() -> Self {
        Self {
            terms: Terms::Words { max_len: 2 },
            min_texts: 2,
            max_terms: 300_000,
            max_texts: 200_000,
            logistic_c: 10.0,
            svm_c: 1.0,
        }
    }

    /// Runs of one to four characters, for Korean and other languages that glue words together.
    pub fn characters() -> Self {
        Self {
            terms: Terms::Characters {
                min_len: 1,
                max_len: 4,
            },
            ..Self::words()
        }
    }

    fn check(&self) -> Result<(), TrainError> {
        let (min_len, max_len) = match self.terms {
            Terms::Words { max_len } => (1, max_len),
            Terms::Characters { min_len, max_len } => (min_len, max_len),
        };
        if min_len == 0 || min_len > max_len || max_len > 16 {
            let want = "runs of 1 to 16, the shortest not longer than the longest";
            return Err(TrainError::argument(
                OP,
                "terms",
                want,
                format_args!("{:?}", self.terms),
            ));
        }
        for (arg, value) in [("max_terms", self.max_terms), ("max_texts", self.max_texts)] {
            if value == 0 {
                return Err(TrainError::argument(OP, arg, "at least 1", value));
            }
        }
        for (arg, value) in [("logistic_c", self.logistic_c), ("svm_c", self.svm_c)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(TrainError::argument(OP, arg, "above 0 and finite", value));
            }
        }
        Ok(())
    }
}

/// A fitted classifier.
///
/// # Example
/// ```
/// use recurra_train::baseline::{TextClassifier, TextRule, TextRuleConfig};
///
/// let texts = ["a good film", "good fun", "a bad film", "bad, bad taste"];
/// let config = TextRuleConfig { min_texts: 1, ..TextRuleConfig::words() };
/// let rule = TextRule::TfIdfLogistic;
/// let classifier = TextClassifier::fit(rule, &texts, &[1, 1, 0, 0], 2, &config)?;
/// assert_eq!(classifier.predict("so good"), 1);
/// assert_eq!(classifier.top_terms(0, 1)[0].0, "bad");
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TextClassifier {
    rule: TextRule,
    num_classes: usize,
    fitted: Fitted,
}

#[derive(Debug, Clone)]
enum Fitted {
    /// The logarithm of each class's share.
    Shares(Vec<f64>),
    Linear {
        index: TermIndex,
        weighting: Weighting,
        model: LinearModel,
    },
}

impl TextClassifier {
    /// Learns to tell the classes of texts. The same texts always give the same classifier.
    ///
    /// # Errors
    /// [`TrainError::Argument`] when there is not one label for each text, no text, a label that is
    /// no class, less than two classes, or a setting out of range.
    pub fn fit<S: AsRef<str>>(
        rule: TextRule,
        texts: &[S],
        labels: &[u32],
        num_classes: usize,
        config: &TextRuleConfig,
    ) -> Result<Self, TrainError> {
        config.check()?;
        check(texts.len(), labels, num_classes)?;
        let spacing = texts.len().div_ceil(config.max_texts);
        let texts: Vec<&str> = texts.iter().step_by(spacing).map(AsRef::as_ref).collect();
        let labels: Vec<u32> = labels.iter().step_by(spacing).copied().collect();
        let fitted = match rule {
            TextRule::Majority => Fitted::Shares(log_shares(&labels, num_classes)),
            TextRule::TfIdfLogistic | TextRule::NbSvm => {
                let max_terms = config.max_terms.min(MAX_WEIGHTS / num_classes);
                let index = TermIndex::new(config.terms, &texts, config.min_texts, max_terms);
                linear(rule, index, &texts, &labels, num_classes, config)
            }
        };
        Ok(Self {
            rule,
            num_classes,
            fitted,
        })
    }

    /// The rule that was fitted.
    pub fn rule(&self) -> TextRule {
        self.rule
    }

    /// A score for each class: the higher, the likelier. Differences are log-odds, except for
    /// [`TextRule::NbSvm`], whose scores are distances.
    pub fn scores(&self, text: &str) -> Vec<f64> {
        let (index, weighting, model) = match &self.fitted {
            Fitted::Shares(shares) => return shares.clone(),
            Fitted::Linear {
                index,
                weighting,
                model,
            } => (index, *weighting, model),
        };
        let rows = index.rows(&[text], weighting);
        let outputs: Vec<f64> = rows.iter().flat_map(|row| model.outputs(row)).collect();
        match (self.rule, &outputs[..]) {
            (TextRule::NbSvm, [score]) => vec![-score, *score],
            (_, [score]) => vec![0.0, *score],
            _ => outputs,
        }
    }

    /// The probability of each class; `None` for [`TextRule::NbSvm`], which knows none.
    pub fn probs(&self, text: &str) -> Option<Vec<f64>> {
        if self.rule == TextRule::NbSvm {
            return None;
        }
        let mut probs = self.scores(text);
        softmax(&mut probs);
        Some(probs)
    }

    /// The class with the highest score, the first of equal ones.
    pub fn predict(&self, text: &str) -> u32 {
        let scores = self.scores(text);
        let best =
            (1..)
                .zip(scores.iter().skip(1))
                .fold((0, scores[0]), |best, (class, &score)| {
                    if score > best.1 { (class, score) } else { best }
                });
        best.0
    }

    /// The terms that speak most for a class, with their weights, the strongest first; none for
    /// [`TextRule::Majority`], which reads nothing, and for a class that there is not.
    pub fn top_terms(&self, class: usize, count: usize) -> Vec<(String, f64)> {
        let Fitted::Linear { index, model, .. } = &self.fitted else {
            return Vec::new();
        };
        if class >= self.num_classes {
            return Vec::new();
        }
        let (output, sign) = match (model.num_outputs, class) {
            (1, 0) => (0, -1.0),
            (1, _) => (0, 1.0),
            _ => (class, 1.0),
        };
        let weight = |term: usize| sign * model.weights[term * model.num_outputs + output];
        let mut terms: Vec<usize> = (0..index.len()).filter(|&t| weight(t) > 0.0).collect();
        terms.sort_by(|&a, &b| weight(b).total_cmp(&weight(a)).then(a.cmp(&b)));
        terms.truncate(count);
        let named = |term: usize| (index.name(term).to_owned(), weight(term));
        terms.into_iter().map(named).collect()
    }
}

fn linear(
    rule: TextRule,
    index: TermIndex,
    texts: &[&str],
    labels: &[u32],
    num_classes: usize,
    config: &TextRuleConfig,
) -> Fitted {
    let stop = Stop {
        gradient: 1e-5,
        max_steps: 200,
    };
    let shape = [index.len(), num_classes];
    let weighting = match rule {
        TextRule::NbSvm => Weighting::Presence,
        _ => Weighting::TfIdf,
    };
    let rows = index.rows(texts, weighting);
    let model = match rule {
        TextRule::NbSvm => nb_svm::fit(&rows, labels, shape, config.svm_c, stop),
        _ => LinearModel::fit(
            &rows,
            labels,
            shape,
            Cost::Logistic,
            config.logistic_c,
            stop,
        ),
    };
    Fitted::Linear {
        index,
        weighting,
        model,
    }
}

fn check(num_texts: usize, labels: &[u32], num_classes: usize) -> Result<(), TrainError> {
    if num_texts == 0 {
        return Err(TrainError::argument(OP, "texts", "at least 1 text", 0));
    }
    if labels.len() != num_texts {
        let want = format!("{num_texts} labels, one for each text");
        return Err(TrainError::argument(OP, "labels", want, labels.len()));
    }
    if !(2..=1 << 16).contains(&num_classes) {
        let want = "from 2 to 65,536";
        return Err(TrainError::argument(OP, "num_classes", want, num_classes));
    }
    match labels
        .iter()
        .position(|&label| label as usize >= num_classes)
    {
        Some(index) => Err(TrainError::argument(
            OP,
            "labels",
            format_args!("classes below {num_classes}"),
            format_args!("{} at index {index}", labels[index]),
        )),
        None => Ok(()),
    }
}

/// Half an example is added to each class, so that none is impossible.
fn log_shares(labels: &[u32], num_classes: usize) -> Vec<f64> {
    let mut counts = vec![0.5; num_classes];
    for &label in labels {
        counts[label as usize] += 1.0;
    }
    let total = labels.len() as f64 + 0.5 * num_classes as f64;
    counts.iter().map(|count| (count / total).ln()).collect()
}
