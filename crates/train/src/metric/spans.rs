//! Spans in tagged sentences: chunks and entities, found whole or not at all.

use super::{Better, MetricInfo};
use crate::TrainError;
use recurra_nn::loss::TagConstraint;
use std::collections::{BTreeMap, BTreeSet};

/// F1 of spans.
pub const SPAN_F1: MetricInfo = MetricInfo {
    name: "span_f1",
    title: "F1 of spans",
    unit: "",
    better: Better::Higher,
};

/// Some neighbouring tokens with one label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first token.
    pub start: usize,
    /// The token after the last.
    pub end: usize,
    /// What it is.
    pub label: String,
}

/// How tags make spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tagging {
    /// As `conlleval` reads them, whatever the scheme (BIO, IOB1, BIOES): a span begins where a tag
    /// says so, or where a token inside follows none of its label.
    Lenient,
    /// Only `B-x`, then any number of `I-x`, is a span (IOB2).
    StrictBio,
    /// Only `S-x`, or `B-x`, any number of `I-x`, `E-x`, is a span.
    StrictBioes,
}

/// The spans of one sentence, in order.
///
/// A tag is `O`, or `B`, `I`, `E` or `S` and a label, as in `B-NP`; without `-` the label is empty.
///
/// # Errors
/// [`TrainError::Argument`] for any other tag.
///
/// # Source
/// `conlleval` of the CoNLL-2000 shared task (Tjong Kim Sang & Buchholz 2000).
///
/// # Example
/// ```
/// use recurra_train::metric::{Tagging, decode_spans};
/// let tags = ["I-NP", "I-NP", "B-NP", "O", "I-VP"];
/// let spans = decode_spans(&tags, Tagging::Lenient)?;
/// let found: Vec<_> = spans.iter().map(|s| (s.start, s.end, &s.label[..])).collect();
/// assert_eq!(found, [(0, 2, "NP"), (2, 3, "NP"), (4, 5, "VP")]);
/// assert_eq!(decode_spans(&tags, Tagging::StrictBio)?.len(), 1);
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
pub fn decode_spans(tags: &[impl AsRef<str>], tagging: Tagging) -> Result<Vec<Span>, TrainError> {
    let mut spans = Vec::new();
    let mut open: Option<Open<'_>> = None;
    for (at, tag) in tags.iter().enumerate() {
        let tag = Tag::parse(tag.as_ref(), at)?;
        let goes_on = open.is_some_and(|open| open.goes_on(tag));
        if !goes_on {
            spans.extend(open.take().and_then(|open| open.close(at, tagging)));
            open = (tag.place != Place::Outside).then_some(Open {
                start: at,
                first: tag,
                last: tag,
            });
        } else if let Some(open) = &mut open {
            open.last = tag;
        }
    }
    spans.extend(open.and_then(|open| open.close(tags.len(), tagging)));
    Ok(spans)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Begin,
    Inside,
    End,
    Single,
}

#[derive(Debug, Clone, Copy)]
struct Tag<'a> {
    place: Place,
    label: &'a str,
}

impl<'a> Tag<'a> {
    fn parse(text: &'a str, at: usize) -> Result<Self, TrainError> {
        let (place, label) = text.split_once('-').unwrap_or((text, ""));
        let place = match place {
            "O" if label.is_empty() => Place::Outside,
            "B" => Place::Begin,
            "I" => Place::Inside,
            "E" => Place::End,
            "S" => Place::Single,
            _ => {
                let want = "`O`, or B, I, E or S, `-` and a label";
                let got = format_args!("`{text}` at token {at}");
                return Err(TrainError::argument("decode_spans", "tags", want, got));
            }
        };
        Ok(Self { place, label })
    }
}

/// Which of these tags may follow which, for a conditional random field: only paths that a strict
/// reading takes whole are allowed, and with [`Tagging::Lenient`] all.
///
/// # Errors
/// As [`decode_spans`].
///
/// # Example
/// ```
/// use recurra_train::metric::{Tagging, tag_constraint};
/// let allowed = tag_constraint(&["O", "B-NP", "I-NP"], Tagging::StrictBio)?;
/// assert!(allowed.allows(&[0, 1, 2, 2]) && !allowed.allows(&[0, 2]));
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
pub fn tag_constraint(
    tags: &[impl AsRef<str>],
    tagging: Tagging,
) -> Result<TagConstraint, TrainError> {
    let parsed = tags.iter().enumerate();
    let parsed = parsed.map(|(at, tag)| Tag::parse(tag.as_ref(), at));
    let tags = parsed.collect::<Result<Vec<Tag<'_>>, _>>()?;
    let mut allowed = TagConstraint::all(tags.len());
    if tagging == Tagging::Lenient {
        return Ok(allowed);
    }
    let strict_end = tagging == Tagging::StrictBioes;
    let inside = |tag: &Tag<'_>| matches!(tag.place, Place::Inside | Place::End);
    let is_open = |tag: &Tag<'_>| matches!(tag.place, Place::Begin | Place::Inside);
    for (from, before) in tags.iter().enumerate() {
        allowed.start[from] = !inside(before);
        allowed.end[from] = !(strict_end && is_open(before));
        for (to, after) in tags.iter().enumerate() {
            let goes_on = inside(after) && is_open(before) && before.label == after.label;
            let begins = !(inside(after) || strict_end && is_open(before));
            allowed.transitions[from * tags.len() + to] = goes_on || begins;
        }
    }
    Ok(allowed)
}

/// A span whose end has not been seen.
#[derive(Debug, Clone, Copy)]
struct Open<'a> {
    start: usize,
    first: Tag<'a>,
    last: Tag<'a>,
}

impl Open<'_> {
    fn goes_on(self, tag: Tag<'_>) -> bool {
        let inside = matches!(tag.place, Place::Inside | Place::End);
        let closed = matches!(self.last.place, Place::End | Place::Single);
        inside && !closed && tag.label == self.last.label
    }

    fn close(self, end: usize, tagging: Tagging) -> Option<Span> {
        let (first, last) = (self.first.place, self.last.place);
        let valid = match tagging {
            Tagging::Lenient => true,
            Tagging::StrictBio => first == Place::Begin && last != Place::End,
            Tagging::StrictBioes => {
                first == Place::Single || (first == Place::Begin && last == Place::End)
            }
        };
        valid.then(|| Span {
            start: self.start,
            end,
            label: self.first.label.to_owned(),
        })
    }
}

/// How many spans were found, were right and should have been found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpanCounts {
    /// Found, with the right ends and label.
    pub right: u64,
    /// Found.
    pub found: u64,
    /// In the reference.
    pub expected: u64,
}

impl SpanCounts {
    /// `right / found`, 0 when none was found.
    pub fn precision(self) -> f64 {
        self.right as f64 / self.found.max(1) as f64
    }

    /// `right / expected`, 0 when there is none.
    pub fn recall(self) -> f64 {
        self.right as f64 / self.expected.max(1) as f64
    }

    /// `2·right / (found + expected)`, 0 when there are neither.
    pub fn f1(self) -> f64 {
        2.0 * self.right as f64 / (self.found + self.expected).max(1) as f64
    }
}

/// Precision, recall and F1 of spans over sentences, as `conlleval` computes them.
///
/// # Example
/// ```
/// use recurra_train::metric::{SpanScores, Tagging, decode_spans};
/// let spans = |tags: &[&str]| decode_spans(tags, Tagging::Lenient);
/// let mut scores = SpanScores::default();
/// scores.add(&spans(&["B-NP", "I-NP", "B-VP"])?, &spans(&["B-NP", "O", "B-VP"])?);
/// assert_eq!(scores.total().f1(), 0.5); // the VP is right, the NP too long
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpanScores {
    labels: BTreeMap<String, SpanCounts>,
}

impl SpanScores {
    /// Takes the spans of one sentence and those of the reference.
    pub fn add(&mut self, found: &[Span], expected: &[Span]) {
        let known: BTreeSet<&Span> = expected.iter().collect();
        for span in found {
            let counts = self.labels.entry(span.label.clone()).or_default();
            counts.found += 1;
            counts.right += u64::from(known.contains(span));
        }
        for span in expected {
            self.labels.entry(span.label.clone()).or_default().expected += 1;
        }
    }

    /// The counts of each label, by name.
    pub fn labels(&self) -> impl Iterator<Item = (&str, SpanCounts)> {
        self.labels
            .iter()
            .map(|(label, counts)| (label.as_str(), *counts))
    }

    /// The counts of all labels together.
    pub fn total(&self) -> SpanCounts {
        self.labels
            .values()
            .fold(SpanCounts::default(), |sum, counts| SpanCounts {
                right: sum.right + counts.right,
                found: sum.found + counts.found,
                expected: sum.expected + counts.expected,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recurra_testkit::{Golden, Tol, assert_close};

    fn read(tags: &[&str], tagging: Tagging) -> Vec<(usize, usize, String)> {
        let spans = decode_spans(tags, tagging).unwrap();
        spans
            .into_iter()
            .map(|s| (s.start, s.end, s.label))
            .collect()
    }

    #[test]
    fn every_scheme_gives_the_same_spans() {
        let expected = [
            (0, 2, "A".to_owned()),
            (2, 3, "A".to_owned()),
            (4, 5, "B".to_owned()),
        ];
        let bio = ["B-A", "I-A", "B-A", "O", "B-B"];
        let bioes = ["B-A", "E-A", "S-A", "O", "S-B"];
        let iob1 = ["I-A", "I-A", "B-A", "O", "I-B"];
        for tags in [bio, bioes, iob1] {
            assert_eq!(read(&tags, Tagging::Lenient), expected, "{tags:?}");
        }
        assert_eq!(read(&bio, Tagging::StrictBio), expected);
        assert_eq!(read(&bioes, Tagging::StrictBioes), expected);
    }

    #[test]
    fn what_a_constraint_allows_is_read_whole() {
        let names = ["O", "B-A", "I-A", "E-A", "S-A", "B-B", "I-B"];
        let num_tags = names.len() as u32;
        for tagging in [Tagging::StrictBio, Tagging::StrictBioes] {
            let allowed = tag_constraint(&names, tagging).unwrap();
            for path in 0..num_tags.pow(3) {
                let tags = [path % 7, path / 7 % 7, path / 49];
                let words = tags.map(|tag| names[tag as usize]);
                if tagging == Tagging::StrictBio && words.iter().any(|w| "ES".contains(&w[..1])) {
                    continue;
                }
                let strict = decode_spans(&words, tagging).unwrap();
                let lenient = decode_spans(&words, Tagging::Lenient).unwrap();
                let whole = strict == lenient;
                assert_eq!(allowed.allows(&tags), whole, "{words:?} {tagging:?}");
            }
        }
    }

    #[test]
    fn figures_are_seqevals() {
        for file in ["bio", "bioes"] {
            let golden = Golden::open(&format!("spans/{file}"));
            let note = golden.metadata("note").unwrap();
            let names: Vec<&str> = note.split(' ').collect();
            let sentences = |name: &str| -> Vec<Vec<&str>> {
                let array = golden.usize(name);
                let rows = array.values.chunks(array.shape[1]);
                rows.map(|row| row.iter().map(|&id| names[id]).collect())
                    .collect()
            };
            let strict = match file {
                "bio" => Tagging::StrictBio,
                _ => Tagging::StrictBioes,
            };
            for (name, tagging) in [("lenient", Tagging::Lenient), ("strict", strict)] {
                let mut scores = SpanScores::default();
                for (said, expected) in sentences("said").iter().zip(&sentences("expected")) {
                    let spans = |tags: &[&str]| decode_spans(tags, tagging).unwrap();
                    scores.add(&spans(said), &spans(expected));
                }
                let total = scores.total();
                let figures = [total.precision(), total.recall(), total.f1()];
                assert_close(&figures, &golden.f64(name).values, Tol::both(1e-6));
            }
        }
    }

    #[test]
    fn labels_are_told_apart_and_nothing_is_no_division_by_zero() {
        let span = |label: &str| Span {
            start: 0,
            end: 1,
            label: label.to_owned(),
        };
        let mut scores = SpanScores::default();
        assert_eq!(scores.total().f1(), 0.0);
        scores.add(&[span("A")], &[span("B")]);
        assert_eq!(scores.total().f1(), 0.0);
        let labels: Vec<&str> = scores.labels().map(|(label, _)| label).collect();
        assert_eq!(labels, ["A", "B"]);
    }

    #[test]
    fn a_tag_of_no_scheme_is_named() {
        let error = decode_spans(&["O", "X-NP"], Tagging::Lenient).unwrap_err();
        assert_eq!(
            error.to_string(),
            "decode_spans: `tags` should be `O`, or B, I, E or S, `-` and a label, got `X-NP` at token 1"
        );
    }
}
