//! Text that goes on by itself.

use super::config::Recipe;
use super::cutter::Writing;
use super::infer::{Language, open};
use crate::{Ended, Error, GenerateOptions, Generated};
use recurra_data::{Specials, text};
use recurra_nn::decode::{Continuation, SampleConfig};
use recurra_train::Run;

/// Continues a text, and writes it to a file when one is asked for.
pub(super) fn generate(
    recipe: &Recipe,
    run: &Run,
    options: &GenerateOptions,
    say: &mut dyn FnMut(&str) -> Result<(), Error>,
) -> Result<Generated, Error> {
    let model = open(recipe, run, options.precision)?;
    say(options.prime.as_deref().unwrap_or_default())?;
    let mut generated = continue_text(&model, options, say)?;
    if let Some(out) = &options.out {
        let text = format!("{}{}", generated.prime, generated.text);
        recurra_train::write_atomic(out, text.as_bytes())?;
        generated.files.push(out.clone());
    }
    Ok(generated)
}

/// What follows the prime by an open run.
pub(super) fn continue_text(
    model: &Language,
    options: &GenerateOptions,
    say: &mut dyn FnMut(&str) -> Result<(), Error>,
) -> Result<Generated, Error> {
    let sample = sample(options);
    let written = options.prime.as_deref().unwrap_or_default();
    let prime = model.prime(written);
    let notices = model.notices(&prime);
    let streamed = model.streamed()?;
    let Specials { pad, bos, eos, unk } = Specials::STANDARD;
    let (before, last) = prime.ids.split_at(prime.ids.len() - 1);
    let state = vec![streamed.read(before)?];
    let said = Continuation::new(streamed, state, last[0], sample.as_ref(), &[pad, bos, unk])?;
    let mut pieces = Pieces::new(model.cutter().writing(), written);
    let mut generated = Generated {
        prime: written.to_owned(),
        text: String::new(),
        steps: 0,
        ended: Ended::Length,
        nats: 0.0,
        files: Vec::new(),
        notices,
    };
    for one in said.take(options.length) {
        let one = one?;
        generated.steps += 1;
        generated.nats -= f64::from(one.log_prob);
        let piece = match one.id == eos {
            true => pieces.line_end(),
            false => pieces.piece(model.vocab().token(one.id).unwrap_or_default()),
        };
        if generated.tell(&piece, &options.stop, say)? {
            break;
        }
    }
    if generated.ended == Ended::Length {
        let rest = pieces.rest();
        generated.tell(&rest, &options.stop, say)?;
    }
    generated.nats /= generated.steps.max(1) as f64;
    Ok(generated)
}

/// How tokens are drawn; not at all at a temperature of 0.
fn sample(options: &GenerateOptions) -> Option<SampleConfig> {
    (options.temperature > 0.0).then_some(SampleConfig {
        temperature: options.temperature,
        top_k: options.top_k,
        top_p: options.top_p,
        seed: options.seed,
    })
}

impl Generated {
    /// Takes a piece in and passes it on, up to an end that was asked for; tells whether one came.
    fn tell(
        &mut self,
        piece: &str,
        stop: &[String],
        say: &mut dyn FnMut(&str) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        let before = self.text.len();
        self.text.push_str(piece);
        // An end may have begun in an earlier piece.
        let end = stop
            .iter()
            .filter_map(|stop| {
                let from = self
                    .text
                    .floor_char_boundary(before.saturating_sub(stop.len()));
                let at = self.text[from..].find(stop.as_str())?;
                Some((from + at + stop.len()).max(before))
            })
            .min();
        if let Some(end) = end {
            self.text.truncate(end);
            self.ended = Ended::Stop;
        }
        if self.text.len() > before {
            say(&self.text[before..])?;
        }
        Ok(end.is_some())
    }
}

/// Pieces put together as they come: with spaces between words, and letters when their last Jamo
/// is there.
#[derive(Debug)]
struct Pieces {
    writing: Writing,
    /// Jamo of a letter that may go on.
    pending: Vec<String>,
    at_start: bool,
}

impl Pieces {
    fn new(writing: Writing, prime: &str) -> Self {
        Self {
            writing,
            pending: Vec::new(),
            at_start: prime.is_empty() || prime.ends_with(char::is_whitespace),
        }
    }

    fn piece(&mut self, piece: &str) -> String {
        match self.writing {
            Writing::Plain => piece.to_owned(),
            Writing::Spaced | Writing::Marked => {
                let behind = self.writing.behind(piece);
                let piece = match std::mem::take(&mut self.at_start) {
                    true => behind.trim_start(),
                    false => &behind,
                };
                piece.to_owned()
            }
            Writing::Jamo => {
                let goes_on = piece.chars().all(joins);
                let whole = if goes_on { String::new() } else { self.rest() };
                self.pending.push(piece.to_owned());
                whole
            }
        }
    }

    fn line_end(&mut self) -> String {
        self.at_start = true;
        format!("{}\n", self.rest())
    }

    /// What was kept back.
    fn rest(&mut self) -> String {
        text::Unit::Jamo.join(&std::mem::take(&mut self.pending))
    }
}

/// Whether a decomposed character is part of the letter before it: vowels and final consonants of
/// Hangul, and combining marks.
fn joins(unit: char) -> bool {
    matches!(unit, '\u{1160}'..='\u{11ff}' | '\u{300}'..='\u{36f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put_together(writing: Writing, units: &[&str]) -> Vec<String> {
        let mut pieces = Pieces::new(writing, "");
        let mut said: Vec<String> = units
            .iter()
            .map(|&unit| {
                if unit == "\n" {
                    pieces.line_end()
                } else {
                    pieces.piece(unit)
                }
            })
            .collect();
        said.push(pieces.rest());
        said
    }

    #[test]
    fn words_have_spaces_between_them_and_none_at_a_line_s_ends() {
        let said = put_together(Writing::Spaced, &["the", "end", "\n", "a"]).concat();
        assert_eq!(said, "the end\na");
        let said = put_together(Writing::Marked, &["▁the", "▁en", "d", "\n", "▁a"]).concat();
        assert_eq!(said, "the end\na");
    }

    #[test]
    fn a_syllable_is_said_when_the_next_one_begins() {
        let jamo = text::Unit::Jamo.segment("한국 ");
        let jamo: Vec<&str> = jamo.iter().map(String::as_str).collect();
        let said = put_together(Writing::Jamo, &jamo);
        assert_eq!(said, ["", "", "", "한", "", "", "국", " "]);
    }

    #[test]
    fn a_text_ends_behind_an_end_that_two_pieces_make() {
        let mut generated = Generated {
            prime: String::new(),
            text: String::new(),
            steps: 0,
            ended: Ended::Length,
            nats: 0.0,
            files: Vec::new(),
            notices: Vec::new(),
        };
        let mut said = String::new();
        let mut say = |piece: &str| {
            said.push_str(piece);
            Ok(())
        };
        let stop = ["an end".to_owned()];
        assert!(!generated.tell("this is an en", &stop, &mut say).unwrap());
        assert!(generated.tell("d and more", &stop, &mut say).unwrap());
        assert_eq!(said, "this is an end");
        assert_eq!(generated.text, said);
        assert_eq!(generated.ended, Ended::Stop);
    }
}
