//! Labels of spans: from whatever scheme a file has to the one that is learnt, and back.

use super::config::{DataConfig, LabelKind, SpanScheme};
use crate::Error;
use recurra_data::tagged::TaggedSentence;
use recurra_nn::loss::TagConstraint;
use recurra_train::metric::{Span, Tagging, decode_spans, tag_constraint};
use std::path::Path;

/// The labels of a sentence of `len` words with these spans.
pub(super) fn encode_spans(spans: &[Span], len: usize, scheme: SpanScheme) -> Vec<String> {
    let mut labels = vec!["O".to_owned(); len];
    for span in spans {
        let inside = labels.iter_mut().enumerate().take(span.end);
        for (at, label) in inside.skip(span.start) {
            let (first, last) = (at == span.start, at + 1 == span.end);
            let place = match scheme {
                SpanScheme::Bio if first => "B",
                SpanScheme::Bio => "I",
                SpanScheme::Bioes => match (first, last) {
                    (true, true) => "S",
                    (true, false) => "B",
                    (false, true) => "E",
                    (false, false) => "I",
                },
            };
            *label = match span.label.is_empty() {
                true => place.to_owned(),
                false => format!("{place}-{}", span.label),
            };
        }
    }
    labels
}

/// The spans of labels, read as `conlleval` reads them.
pub(super) fn spans_of(labels: &[impl AsRef<str>]) -> Result<Vec<Span>, Error> {
    Ok(decode_spans(labels, Tagging::Lenient)?)
}

/// Which label may follow which, where labels are those of spans.
pub(super) fn constraint(
    config: &DataConfig,
    labels: &[String],
) -> Result<Option<TagConstraint>, Error> {
    let tagging = match (config.labels, config.scheme) {
        (LabelKind::Words, _) => return Ok(None),
        (LabelKind::Spans, SpanScheme::Bio) => Tagging::StrictBio,
        (LabelKind::Spans, SpanScheme::Bioes) => Tagging::StrictBioes,
    };
    Ok(Some(tag_constraint(labels, tagging)?))
}

/// Labels that go on with a span which has not begun.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Strays {
    count: usize,
    first: Option<String>,
}

impl Strays {
    /// What a user should know about them.
    pub(super) fn note(&self) -> Option<String> {
        let first = self.first.as_ref()?;
        Some(format!(
            "{first}: read as the beginning of a span, as conlleval does ({} such labels)",
            self.count
        ))
    }
}

/// Puts the sentences of a file into the recipe's scheme; `strays` are labels inside a span that
/// none begins.
///
/// # Errors
/// [`Error::Labels`] for a label that is none of a span, with its line.
pub(super) fn unify(
    path: &Path,
    sentences: &mut [TaggedSentence],
    scheme: SpanScheme,
) -> Result<Strays, Error> {
    let mut strays = Strays::default();
    // In IOB1 a span begins with `I`; a file that has no stray `B` says nothing else.
    let begins_with_b = sentences
        .iter()
        .any(|one| one.labels.iter().any(|label| label.starts_with("B")));
    for sentence in sentences {
        let place_and_kind = |label: &str| -> (String, String) {
            let (place, kind) = label.split_once('-').unwrap_or((label, ""));
            (place.to_owned(), kind.to_owned())
        };
        let mut before = String::from("O");
        for (label, line) in sentence.labels.iter().zip(&sentence.lines) {
            let (place, kind) = place_and_kind(label);
            let known = matches!(&place[..], "B" | "I" | "E" | "S") || label == "O";
            if !known {
                return Err(Error::Labels {
                    path: path.to_owned(),
                    line: *line,
                    want: "`O`, or B, I, E or S, `-` and what the span is (for labels of single \
                           words: data.labels = \"words\")"
                        .to_owned(),
                    got: label.clone(),
                });
            }
            let (last, last_kind) = place_and_kind(&before);
            let goes_on = matches!(&place[..], "I" | "E");
            let has_begun = matches!(&last[..], "B" | "I") && last_kind == kind;
            if begins_with_b && goes_on && !has_begun {
                strays.count += 1;
                strays.first.get_or_insert_with(|| {
                    format!("{}:{line}: `{label}` follows `{before}`", path.display())
                });
            }
            before.clone_from(label);
        }
        let spans = spans_of(&sentence.labels)?;
        sentence.labels = encode_spans(&spans, sentence.words.len(), scheme);
    }
    Ok(strays)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unified(labels: &[&str], scheme: SpanScheme) -> Result<(Vec<String>, Strays), Error> {
        let mut sentences = [TaggedSentence {
            lines: (10..10 + labels.len()).collect(),
            words: labels.iter().map(|_| "w".to_owned()).collect(),
            labels: labels.iter().map(|&label| label.to_owned()).collect(),
        }];
        let strays = unify(Path::new("a.conll"), &mut sentences, scheme)?;
        let [sentence] = sentences;
        Ok((sentence.labels, strays))
    }

    #[test]
    fn every_scheme_becomes_the_one_that_is_learnt() {
        let want = ["B-X", "E-X", "S-X", "O", "B-Y", "I-Y", "E-Y", "S"];
        let given = [
            ["I-X", "I-X", "B-X", "O", "I-Y", "I-Y", "I-Y", "I"],
            ["B-X", "I-X", "B-X", "O", "B-Y", "I-Y", "I-Y", "B"],
            ["B-X", "E-X", "S-X", "O", "B-Y", "I-Y", "E-Y", "S"],
        ];
        for labels in given {
            let (bioes, _) = unified(&labels, SpanScheme::Bioes).unwrap();
            assert_eq!(bioes, want, "{labels:?}");
            let (bio, _) = unified(&labels, SpanScheme::Bio).unwrap();
            assert_eq!(bio, given[1], "{labels:?}");
        }
    }

    #[test]
    fn an_inside_without_a_beginning_is_named() {
        let labels = ["B-X", "I-Y", "O", "I-X", "I-X"];
        let (bio, strays) = unified(&labels, SpanScheme::Bio).unwrap();
        assert_eq!(bio, ["B-X", "B-Y", "O", "B-X", "I-X"]);
        insta::assert_snapshot!(strays.note().unwrap(), @"a.conll:11: `I-Y` follows `B-X`: read as the beginning of a span, as conlleval does (2 such labels)");
        let (_, none) = unified(&["I-X", "I-X", "O"], SpanScheme::Bio).unwrap();
        assert_eq!(none.note(), None, "IOB1 begins a span with `I`");
    }

    #[test]
    fn a_label_of_no_span_is_refused_with_its_line() {
        let error = unified(&["O", "NOUN"], SpanScheme::Bio).unwrap_err();
        insta::assert_snapshot!(error, @"a.conll:11: expected `O`, or B, I, E or S, `-` and what the span is (for labels of single words: data.labels = \"words\"), got `NOUN`");
    }
}
