//! How well a model labels.

use super::config::{LabelKind, Recipe};
use super::data::{Batch, Corpus, Parts, Row, UNKNOWN_LABEL, Vocabs, prepare};
use super::infer::Tag;
use super::model::Tagger;
use super::scheme::spans_of;
use crate::Error;
use crate::tasks::Evaluation;
use recurra_data::tagged::{TaggedSentence, read_tagged};
use recurra_nn::weights::values;
use recurra_nn::{Mode, NnError};
use recurra_train::baseline::{LikeliestLabel, PerceptronTagger};
use recurra_train::metric::{ACCURACY, LOSS, Metrics, SPAN_F1, SpanScores, UNSEEN_ACCURACY};
use std::collections::HashSet;
use std::path::Path;

/// Words that go through the network at once.
const BATCH_WORDS: usize = 4096;

/// What a model says of a corpus.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    /// The labels of each row, in the order of the corpus.
    pub(super) labels: Vec<Vec<u32>>,
    /// Mean loss of a word in nats, over rows whose labels are all known.
    pub(super) loss: Option<f64>,
}

impl Judged {
    pub(super) fn new(model: &Tagger, corpus: &Corpus) -> Result<Self, NnError> {
        let mut order: Vec<usize> = (0..corpus.rows.len()).collect();
        order.sort_by_key(|&index| corpus.rows[index].len());
        let mut labels = vec![Vec::new(); corpus.rows.len()];
        let (mut nats, mut words) = (0.0, 0);
        let mut rest = &order[..];
        while let Some(&first) = rest.last() {
            // The longest are last, and a batch is as wide as its longest.
            let count = (BATCH_WORDS / corpus.rows[first].len().max(1)).clamp(1, rest.len());
            let (before, indices) = rest.split_at(rest.len() - count);
            rest = before;
            let rows: Vec<&Row> = indices.iter().map(|&index| &corpus.rows[index]).collect();
            let batch = Batch::new(corpus, &rows);
            let emissions = model.emissions(&batch, Mode::Eval)?;
            let found = model.decode(emissions.clone(), &batch.lengths)?;
            for (&index, found) in indices.iter().zip(found) {
                labels[index] = found;
            }
            let known = |row: &&&Row| !row.labels.contains(&UNKNOWN_LABEL);
            let known: Vec<&Row> = rows.iter().filter(known).copied().collect();
            if known.is_empty() {
                continue;
            }
            let (emissions, batch) = if known.len() == rows.len() {
                (emissions, batch)
            } else {
                let batch = Batch::new(corpus, &known);
                (model.emissions(&batch, Mode::Eval)?, batch)
            };
            let count: usize = batch.lengths.iter().sum();
            let mean = values(&model.loss(emissions, &batch)?)[0];
            nats += f64::from(mean) * count as f64;
            words += count;
        }
        let loss = (words > 0).then(|| nats / words as f64);
        Ok(Self { labels, loss })
    }

    /// The labels of each row by their names.
    fn names(&self, vocabs: &Vocabs) -> Vec<Vec<String>> {
        let names = vocabs.labels.tokens();
        let named = |row: &Vec<u32>| row.iter().map(|&id| names[id as usize].clone()).collect();
        self.labels.iter().map(named).collect()
    }

    /// What is watched while learning, by the labels that `sentences` have; one that training
    /// never saw counts as missed.
    pub(super) fn watched(
        &self,
        sentences: &[TaggedSentence],
        vocabs: &Vocabs,
        kind: LabelKind,
    ) -> Metrics {
        let mut metrics = Metrics::new();
        metrics.set(LOSS.name, self.loss);
        let tally = Tally::new(sentences, &self.names(vocabs), kind, |_| true);
        // Labels that are none of spans were refused when the sentences were read.
        tally.unwrap_or_default().set(&mut metrics, kind);
        metrics
    }
}

/// What is right, word by word and span by span.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) words: usize,
    pub(super) right: usize,
    /// Of the words that training never had.
    pub(super) unseen: usize,
    pub(super) unseen_right: usize,
    pub(super) spans: SpanScores,
}

impl Tally {
    /// Counts the labels of sentences against those that they should have.
    pub(super) fn new(
        sentences: &[TaggedSentence],
        found: &[Vec<String>],
        kind: LabelKind,
        is_known: impl Fn(&str) -> bool,
    ) -> Result<Self, Error> {
        let mut tally = Self::default();
        for (sentence, found) in sentences.iter().zip(found) {
            let words = sentence.words.iter().zip(&sentence.labels).zip(found);
            for ((word, expected), found) in words {
                let right = usize::from(expected == found);
                tally.words += 1;
                tally.right += right;
                if !is_known(word) {
                    tally.unseen += 1;
                    tally.unseen_right += right;
                }
            }
            if kind == LabelKind::Spans {
                let expected = spans_of(&sentence.labels)?;
                tally.spans.add(&spans_of(found)?, &expected);
            }
        }
        Ok(tally)
    }

    fn set(&self, metrics: &mut Metrics, kind: LabelKind) {
        if kind == LabelKind::Spans {
            metrics.set(SPAN_F1.name, self.spans.total().f1());
        }
        let accuracy = (self.words > 0).then(|| self.right as f64 / self.words as f64);
        metrics.set(ACCURACY.name, accuracy);
    }

    pub(super) fn metrics(&self, kind: LabelKind) -> Metrics {
        let mut metrics = Metrics::new();
        self.set(&mut metrics, kind);
        let unseen = (self.unseen > 0).then(|| self.unseen_right as f64 / self.unseen as f64);
        metrics.set(UNSEEN_ACCURACY.name, unseen);
        metrics
    }
}

/// The model's labels of sentences.
pub(super) fn labels_of(
    recipe: &Recipe,
    predictor: &Tag,
    sentences: &[TaggedSentence],
) -> Result<Vec<Vec<String>>, Error> {
    let vocabs = predictor.vocabs();
    let corpus = Corpus::new(sentences, &recipe.data, vocabs);
    let judged = Judged::new(predictor.model(), &corpus)?;
    Ok(judged.names(vocabs))
}

/// What a model is worth on some sentences, and what it says of each word.
#[derive(Debug, Clone)]
pub(super) struct Judgement {
    pub(super) evaluation: Evaluation,
    pub(super) tally: Tally,
    pub(super) found: Vec<Vec<String>>,
}

/// Judges a model on the sentences that a run has kept for it.
pub(super) fn judge_parts(
    recipe: &Recipe,
    parts: &Parts,
    predictor: &Tag,
) -> Result<Judgement, Error> {
    let mut notes = vec![format!(
        "{} sentences that were not trained on",
        parts.test.len()
    )];
    notes.extend(parts.origin.notes.iter().cloned());
    let judge = Judge::new(recipe, parts)?;
    judge.judge(predictor, &parts.test, "test".to_owned(), notes)
}

/// Judges a model on a file with the columns of the recipe.
pub(super) fn judge_file(
    recipe: &Recipe,
    parts: &Parts,
    predictor: &Tag,
    path: &Path,
) -> Result<Judgement, Error> {
    let mut sentences = read_tagged(path, &recipe.data.columns)?;
    let mut notes = prepare(path, &mut sentences, &recipe.data)?;
    notes.extend(unknown_label(path, &sentences, predictor.vocabs()));
    let judge = Judge::new(recipe, parts)?;
    judge.judge(predictor, &sentences, path.display().to_string(), notes)
}

fn unknown_label(path: &Path, sentences: &[TaggedSentence], vocabs: &Vocabs) -> Option<String> {
    let cells = sentences
        .iter()
        .flat_map(|one| one.lines.iter().zip(&one.labels));
    let mut unknown = cells.filter(|(_, label)| vocabs.labels.id(label).is_none());
    let (line, label) = unknown.next()?;
    Some(format!(
        "{}:{line}: label `{label}` was never trained on ({} such labels): all wrong",
        path.display(),
        unknown.count() + 1
    ))
}

/// What a model is compared with, fitted on what it was trained on.
struct Judge<'a> {
    recipe: &'a Recipe,
    known: HashSet<&'a str>,
    likeliest: LikeliestLabel,
    perceptron: PerceptronTagger,
}

impl<'a> Judge<'a> {
    fn new(recipe: &'a Recipe, parts: &'a Parts) -> Result<Self, Error> {
        let words = parts.train.iter().flat_map(|one| &one.words);
        Ok(Self {
            recipe,
            known: words.map(String::as_str).collect(),
            likeliest: LikeliestLabel::fit(&parts.train)?,
            perceptron: PerceptronTagger::fit(&parts.train, recipe.train.seed)?,
        })
    }

    fn judge(
        &self,
        predictor: &Tag,
        sentences: &[TaggedSentence],
        split: String,
        notes: Vec<String>,
    ) -> Result<Judgement, Error> {
        let found = labels_of(self.recipe, predictor, sentences)?;
        let tally = self.tally(sentences, &found)?;
        let by = |label: &dyn Fn(&[String]) -> Vec<String>| -> Result<Metrics, Error> {
            let found = sentences.iter().map(|one| label(&one.words));
            let tally = self.tally(sentences, &found.collect::<Vec<_>>())?;
            Ok(tally.metrics(self.recipe.data.labels))
        };
        let baselines = [
            ("likeliest label", by(&|words| self.likeliest.label(words))?),
            ("perceptron", by(&|words| self.perceptron.label(words))?),
        ];
        let evaluation = Evaluation {
            task: super::NAME,
            split,
            metrics: tally.metrics(self.recipe.data.labels),
            baselines: baselines
                .map(|(name, metrics)| (name.to_owned(), metrics))
                .into(),
            notes,
        };
        let metric = match self.recipe.data.labels {
            LabelKind::Words => ACCURACY,
            LabelKind::Spans => SPAN_F1,
        };
        Ok(Judgement {
            evaluation: evaluation.with_verdict(metric),
            tally,
            found,
        })
    }

    fn tally(&self, sentences: &[TaggedSentence], found: &[Vec<String>]) -> Result<Tally, Error> {
        let is_known = |word: &str| self.known.contains(word);
        Tally::new(sentences, found, self.recipe.data.labels, is_known)
    }
}
