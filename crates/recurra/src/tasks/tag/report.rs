//! The page of a run.

use super::config::{LabelKind, Recipe};
use super::data::Parts;
use super::infer::open;
use super::judge::{Judgement, judge_parts};
use super::model::describe;
use super::scheme::spans_of;
use crate::Error;
use crate::report::html::{Block, Section, Table, TaggedPiece, TaggedText};
use crate::tasks::sections::{self, Plots, loss_curve, page, result, watched_curve};
use crate::tasks::{RunReport, evenly};
use recurra_data::tagged::TaggedSentence;
use recurra_nn::streaming::Precision;
use recurra_train::metric::{ACCURACY, SPAN_F1};
use recurra_train::{Evaluation as Milestone, Run, read_history};
use std::collections::BTreeMap;

/// Sentences on the page.
const SHOWN: usize = 16;
/// The longest of them, in words.
const SHOWN_WORDS: usize = 60;
/// Kinds of errors on the page.
const CONFUSIONS: usize = 12;

pub(super) fn report(recipe: &Recipe, run: &Run) -> Result<RunReport, Error> {
    let parts = Parts::of_run(run)?;
    let predictor = open(recipe, run, Precision::F32)?;
    let judgement = judge_parts(recipe, &parts, &predictor)?;
    let kind = recipe.data.labels;
    let mut plots = curves(&read_history(run)?, kind);
    let learning = sections::charts(&plots);
    let networks = describe(recipe, Some(run))?;
    let network = sections::networks(&networks, &mut plots);
    let words = |part: &[TaggedSentence]| {
        let words: usize = part.iter().map(|one| one.words.len()).sum();
        format!("{} sentences, {words} words", part.len())
    };
    let vocabs = predictor.vocabs();
    let facts = [
        ("from", parts.origin.source.clone()),
        ("trained on", words(&parts.train)),
        ("watched", words(&parts.valid)),
        ("judged on", words(&parts.test)),
        ("known words", vocabs.words.tokens().len().to_string()),
        ("known letters", vocabs.letters.tokens().len().to_string()),
        ("labels", vocabs.labels.tokens().len().to_string()),
    ];
    let facts = facts.map(|(key, value)| (key.to_owned(), value)).to_vec();
    let errors = vec![
        Block::Prose(
            "The commonest errors, by word; `expected` is the label of the data.".to_owned(),
        ),
        Block::Table(confusions(&parts.test, &judgement.found)),
    ];
    let legend = match kind {
        LabelKind::Words => "Labels as found; behind ✗ stands the label of the data.",
        LabelKind::Spans => "Spans as found, and below those of the data where they differ.",
    };
    let legend = legend.to_owned();
    let examples = examples(&parts.test, &judgement.found, kind)?;
    let sections = vec![
        Section::new("Result", result(&judgement.evaluation)),
        Section::new(
            "Sentences",
            vec![Block::Prose(legend), Block::Tagged(examples)],
        ),
        Section::new(
            "Labels",
            vec![Block::Table(labels(&parts, &judgement, kind))],
        ),
        Section::new("Errors", errors),
        Section::new("Learning", learning),
        Section::new("Network", network),
        Section::new("Data", vec![Block::KeyValues(facts)]),
    ];
    let page = page(run, &recipe.about, recipe.train.seed, sections)?;
    Ok(RunReport { page, plots })
}

/// Precision, recall and F1 of each label.
fn labels(parts: &Parts, judgement: &Judgement, kind: LabelKind) -> Table {
    let percent = |share: f64| format!("{:.1}", share * 100.0);
    let row = |label: &str, right: u64, found: u64, expected: u64| {
        let share = |of: u64| right as f64 / of.max(1) as f64;
        let f1 = 2.0 * right as f64 / (found + expected).max(1) as f64;
        vec![
            label.to_owned(),
            percent(share(found)),
            percent(share(expected)),
            percent(f1),
            expected.to_string(),
        ]
    };
    let rows = match kind {
        LabelKind::Spans => {
            let labels = judgement.tally.spans.labels();
            let rows = labels.map(|(label, one)| row(label, one.right, one.found, one.expected));
            rows.collect()
        }
        LabelKind::Words => {
            let mut counts = BTreeMap::<&str, [u64; 3]>::new();
            for (sentence, found) in parts.test.iter().zip(&judgement.found) {
                for (expected, found) in sentence.labels.iter().zip(found) {
                    counts.entry(expected).or_default()[2] += 1;
                    let of_found = counts.entry(found).or_default();
                    of_found[1] += 1;
                    of_found[0] += u64::from(expected == found);
                }
            }
            let rows = counts.iter();
            rows.map(|(label, [right, found, expected])| row(label, *right, *found, *expected))
                .collect()
        }
    };
    let headings = ["label", "precision %", "recall %", "F1 %", "in the data"];
    Table {
        headings: headings.map(str::to_owned).to_vec(),
        rows,
    }
}

/// The commonest pairs of labels that are taken for each other, with words that it happens to.
fn confusions(sentences: &[TaggedSentence], found: &[Vec<String>]) -> Table {
    let mut counts = BTreeMap::<(&str, &str), BTreeMap<&str, usize>>::new();
    for (sentence, found) in sentences.iter().zip(found) {
        let labels = sentence.labels.iter().zip(found);
        for (word, (expected, found)) in sentence.words.iter().zip(labels) {
            if expected != found {
                let words = counts.entry((expected, found)).or_default();
                *words.entry(word).or_default() += 1;
            }
        }
    }
    let mut ranked: Vec<_> = counts
        .into_iter()
        .map(|(labels, words)| (words.values().sum::<usize>(), labels, words))
        .collect();
    ranked.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
    let row = |(count, (expected, found), words): (usize, (&str, &str), BTreeMap<&str, usize>)| {
        let mut words: Vec<(&str, usize)> = words.into_iter().collect();
        words.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let words: Vec<String> = words
            .into_iter()
            .take(5)
            .map(|(word, count)| match count {
                1 => word.to_owned(),
                _ => format!("{word} ×{count}"),
            })
            .collect();
        vec![
            expected.to_owned(),
            found.to_owned(),
            count.to_string(),
            words.join(", "),
        ]
    };
    let headings = ["expected", "found", "words", "commonest"];
    Table {
        headings: headings.map(str::to_owned).to_vec(),
        rows: ranked.into_iter().take(CONFUSIONS).map(row).collect(),
    }
}

/// Sentences with the model's labels in colour, evenly from all; where it is wrong, what it should
/// have said.
fn examples(
    sentences: &[TaggedSentence],
    found: &[Vec<String>],
    kind: LabelKind,
) -> Result<Vec<TaggedText>, Error> {
    let long_enough = |index: &usize| (2..=SHOWN_WORDS).contains(&sentences[*index].words.len());
    let fitting: Vec<usize> = (0..sentences.len()).filter(long_enough).collect();
    // Sentences without a span show nothing.
    let of_interest: Vec<usize> = fitting
        .iter()
        .copied()
        .filter(|&index| {
            let labels = sentences[index].labels.iter().chain(&found[index]);
            kind == LabelKind::Words || labels.into_iter().any(|label| label != "O")
        })
        .collect();
    let picked = evenly(of_interest.len(), SHOWN).map(|place| of_interest[place]);
    let mut colors = Colors::default();
    let mut texts = Vec::new();
    for index in picked {
        let (sentence, found) = (&sentences[index], &found[index]);
        match kind {
            LabelKind::Words => texts.push(TaggedText {
                caption: String::new(),
                pieces: by_word(sentence, found, &mut colors),
            }),
            LabelKind::Spans => {
                let right = sentence.labels == *found;
                texts.push(TaggedText {
                    caption: if right { "✓" } else { "✗ found" }.to_owned(),
                    pieces: by_span(&sentence.words, found, &mut colors)?,
                });
                if !right {
                    texts.push(TaggedText {
                        caption: "expected".to_owned(),
                        pieces: by_span(&sentence.words, &sentence.labels, &mut colors)?,
                    });
                }
            }
        }
    }
    Ok(texts)
}

/// Labels keep the colour that they are given first.
#[derive(Debug, Default)]
struct Colors(BTreeMap<String, usize>);

impl Colors {
    fn of(&mut self, label: &str) -> usize {
        let next = self.0.len();
        *self.0.entry(label.to_owned()).or_insert(next)
    }
}

fn by_word(sentence: &TaggedSentence, found: &[String], colors: &mut Colors) -> Vec<TaggedPiece> {
    let labels = sentence.labels.iter().zip(found);
    let words = sentence.words.iter().zip(labels);
    words
        .map(|(word, (expected, found))| TaggedPiece {
            text: word.clone(),
            label: found.clone(),
            color: colors.of(found),
            instead_of: (expected != found).then(|| expected.clone()),
        })
        .collect()
}

fn by_span(
    words: &[String],
    labels: &[String],
    colors: &mut Colors,
) -> Result<Vec<TaggedPiece>, Error> {
    // Characters of a text stand beside each other, words apart.
    let gap = match words.iter().any(|word| word.trim().is_empty()) {
        true => "",
        false => " ",
    };
    let plain = |from: usize, to: usize| TaggedPiece {
        text: words[from..to].join(gap),
        ..TaggedPiece::default()
    };
    let mut pieces = Vec::new();
    let mut at = 0;
    for span in spans_of(labels)? {
        if at < span.start {
            pieces.push(plain(at, span.start));
        }
        pieces.push(TaggedPiece {
            text: words[span.start..span.end].join(gap),
            color: colors.of(&span.label),
            label: span.label,
            instead_of: None,
        });
        at = span.end;
    }
    if at < words.len() {
        pieces.push(plain(at, words.len()));
    }
    Ok(pieces)
}

fn curves(history: &[Milestone], kind: LabelKind) -> Plots {
    let (metric, title) = match kind {
        LabelKind::Words => (ACCURACY, "Words with the right label"),
        LabelKind::Spans => (SPAN_F1, "F1 of spans"),
    };
    vec![
        loss_curve(history, "Loss while learning", "nats per word"),
        watched_curve(history, metric, title, "share of the watched part"),
    ]
}
