//! Tunes as text.
//!
//! ```text
//! # a line that begins with a number sign is skipped
//! tune: Hot Cross Buns
//! melody: E4:2 D4:2 C4:4 | E4:2 D4:2 C4:4
//! melody: C4 C4 C4 C4 D4 D4 D4 D4 | E4:2 D4:2 C4:4
//! chords: [C]:8 | [C]:8 | [G7]:8 | [C]:8
//! ```
//!
//! Every line but `tune:` belongs to the voice that it is named after, behind the voice's
//! earlier lines. A note is a letter, `#` or `b` as needed, and an octave (`C4` is the middle
//! C), several at once are joined by `+`, `-` is a rest, `[Am]` a chord of the small octave;
//! `:3` says for how many steps. `|` is there to be read more easily.

use super::roll::{HIGHEST, LOWEST, Roll, Tune};
use std::fmt::Write as _;

/// What is wrong with a text of tunes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotationError {
    /// Counted from 1.
    pub line: usize,
    /// What was expected, and what came.
    pub problem: String,
}

/// One voice while its lines are read.
struct Voice {
    name: String,
    steps: Vec<Vec<u8>>,
}

/// A tune while its lines are read.
struct Begun {
    name: String,
    line: usize,
    voices: Vec<Voice>,
}

/// The tunes of a text.
///
/// # Errors
/// [`NotationError`] for a note that cannot be read, a line of no voice or of no tune, and for
/// voices of unlike lengths.
///
/// # Example
/// ```
/// use recurra_data::music::parse_tunes;
/// let tunes = parse_tunes("tune: one\na: C4:2 E4\nb: - G3:2").unwrap();
/// assert_eq!(tunes[0].roll.steps(), [vec![60], vec![55, 60], vec![55, 64]]);
/// assert_eq!(parse_tunes("tune: two\na: C4 H4").unwrap_err().line, 2);
/// ```
pub fn parse_tunes(text: &str) -> Result<Vec<Tune>, NotationError> {
    let mut tunes = Vec::new();
    let mut begun: Option<Begun> = None;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let wrong = |problem: String| NotationError {
            line: number,
            problem,
        };
        // A sharp has no space before it.
        let line = match line.find("# ") {
            Some(at) if line[..at].trim().is_empty() => "",
            _ => line.trim(),
        };
        if line.is_empty() || line == "#" {
            continue;
        }
        let (name, rest) = line.split_once(':').ok_or_else(|| {
            wrong(format!(
                "expected `tune: NAME` or `VOICE: NOTES`, got `{line}`"
            ))
        })?;
        let (name, rest) = (name.trim(), rest.trim());
        if name == "tune" {
            if let Some(done) = begun.take() {
                tunes.push(done.finish()?);
            }
            begun = Some(Begun {
                name: rest.to_owned(),
                line: number,
                voices: Vec::new(),
            });
            continue;
        }
        let tune = begun
            .as_mut()
            .ok_or_else(|| wrong("expected `tune: NAME` before the first voice".to_owned()))?;
        let steps = parse_steps(rest).map_err(wrong)?;
        match tune.voices.iter_mut().find(|voice| voice.name == name) {
            Some(voice) => voice.steps.extend(steps),
            None => tune.voices.push(Voice {
                name: name.to_owned(),
                steps,
            }),
        }
    }
    if let Some(done) = begun {
        tunes.push(done.finish()?);
    }
    Ok(tunes)
}

impl Begun {
    fn finish(self) -> Result<Tune, NotationError> {
        let wrong = |problem: String| NotationError {
            line: self.line,
            problem,
        };
        let Some((first, others)) = self.voices.split_first() else {
            return Err(wrong(format!("tune `{}` has no voice", self.name)));
        };
        let mut steps = first.steps.clone();
        for voice in others {
            if voice.steps.len() != steps.len() {
                return Err(wrong(format!(
                    "tune `{}`: expected voices of one length, got {} steps of `{}` and {} of `{}`",
                    self.name,
                    steps.len(),
                    first.name,
                    voice.steps.len(),
                    voice.name
                )));
            }
            for (step, more) in steps.iter_mut().zip(&voice.steps) {
                step.extend(more);
            }
        }
        Ok(Tune {
            name: self.name,
            roll: Roll::new(steps).0,
        })
    }
}

/// The steps of `C4:2 E4+G4 - | [Am]:4`.
///
/// # Errors
/// What is wrong with which word.
pub fn parse_steps(text: &str) -> Result<Vec<Vec<u8>>, String> {
    /// A whole note of the finest grid, sixteen times over.
    const MAX_STEPS: usize = 16 * 96;
    let mut steps = Vec::new();
    for word in text.split_whitespace().filter(|&word| word != "|") {
        let (sound, len) = word.split_once(':').unwrap_or((word, "1"));
        let len: usize = len
            .parse()
            .ok()
            .filter(|len| (1..=MAX_STEPS).contains(len))
            .ok_or_else(|| {
                format!("`{word}`: expected 1 to {MAX_STEPS} steps behind the colon, got `{len}`")
            })?;
        let pitches = if sound == "-" {
            Vec::new()
        } else if let Some(chord) = sound.strip_prefix('[').and_then(|s| s.strip_suffix(']')) {
            chord_pitches(chord)
                .ok_or_else(|| format!("`{word}`: expected a chord such as [C], [Am] or [G7]"))?
        } else {
            let notes = sound.split('+').map(|note| {
                parse_pitch(note).ok_or_else(|| {
                    format!(
                        "`{word}`: expected notes of a piano such as C4, F#3 or Bb4+D5, a rest `-` or \
                         a chord [G7]"
                    )
                })
            });
            notes.collect::<Result<_, _>>()?
        };
        steps.resize(steps.len() + len, pitches);
    }
    Ok(steps)
}

/// The semitones of a letter with its accidentals above C, and what follows it.
fn parse_letter(text: &str) -> Option<(i32, &str)> {
    let mut letters = text.chars();
    let mut semitones = match letters.next()? {
        'C' => 0,
        'D' => 2,
        'E' => 4,
        'F' => 5,
        'G' => 7,
        'A' => 9,
        'B' => 11,
        _ => return None,
    };
    let mut rest = letters.as_str();
    loop {
        if let Some(after) = rest.strip_prefix('#') {
            semitones += 1;
            rest = after;
        } else if let Some(after) = rest.strip_prefix('b') {
            semitones -= 1;
            rest = after;
        } else {
            return Some((semitones, rest));
        }
    }
}

fn parse_pitch(note: &str) -> Option<u8> {
    let (semitones, octave) = parse_letter(note)?;
    let octave: i32 = octave
        .parse()
        .ok()
        .filter(|octave| (0..=9).contains(octave))?;
    let pitch = u8::try_from(12 * (octave + 1) + semitones).ok()?;
    (LOWEST..=HIGHEST).contains(&pitch).then_some(pitch)
}

/// Root position, from the C below the middle one.
fn chord_pitches(chord: &str) -> Option<Vec<u8>> {
    let (root, kind) = parse_letter(chord)?;
    let intervals: &[i32] = match kind {
        "" => &[0, 4, 7],
        "m" => &[0, 3, 7],
        "7" => &[0, 4, 7, 10],
        "m7" => &[0, 3, 7, 10],
        _ => return None,
    };
    let pitch = |interval: &i32| u8::try_from(48 + root + interval).ok();
    intervals.iter().map(pitch).collect()
}

/// `C4`, `F#3`: the name of a pitch.
pub fn pitch_name(pitch: u8) -> String {
    const NAMES: [&str; 12] = [
        "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B",
    ];
    format!(
        "{}{}",
        NAMES[usize::from(pitch % 12)],
        i32::from(pitch / 12) - 1
    )
}

/// `C4+E4`, or `-` for silence.
pub fn step_name(pitches: &[u8]) -> String {
    let Some((first, others)) = pitches.split_first() else {
        return "-".to_owned();
    };
    others.iter().fold(pitch_name(*first), |mut name, &pitch| {
        let _ = write!(name, "+{}", pitch_name(pitch));
        name
    })
}
