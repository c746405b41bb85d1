//! Which keys sound at which step.

/// The lowest and the highest MIDI pitch of a piano.
pub const LOWEST: u8 = 21;
/// See [`LOWEST`].
pub const HIGHEST: u8 = 108;
/// A piano's keys.
pub const NUM_KEYS: usize = (HIGHEST - LOWEST) as usize + 1;

/// Which of a piano's keys sound at each step of a tune.
///
/// # Example
/// ```
/// use recurra_data::music::Roll;
/// let (roll, outside) = Roll::new(vec![vec![64, 60, 60], vec![], vec![3]]);
/// assert_eq!(roll.steps(), [vec![60, 64], vec![], vec![]]);
/// assert_eq!(outside, 1); // a piano has no key for pitch 3
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roll {
    steps: Vec<Vec<u8>>,
}

/// A tune by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tune {
    /// The file's name, the title, or a number.
    pub name: String,
    /// Its notes.
    pub roll: Roll,
}

/// A key that sounds for some steps on end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The first step.
    pub start: usize,
    /// MIDI pitch.
    pub pitch: u8,
    /// Number of steps.
    pub len: usize,
}

impl Roll {
    /// The MIDI pitches of each step, in any order; those that a piano has no key for are left
    /// out and counted.
    pub fn new(mut steps: Vec<Vec<u8>>) -> (Self, usize) {
        let mut outside = 0;
        for step in &mut steps {
            step.sort_unstable();
            step.dedup();
            let all = step.len();
            step.retain(|pitch| (LOWEST..=HIGHEST).contains(pitch));
            outside += all - step.len();
        }
        (Self { steps }, outside)
    }

    /// Number of steps.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is no step.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The pitches of each step, in order.
    pub fn steps(&self) -> &[Vec<u8>] {
        &self.steps
    }

    /// The first `len` steps.
    pub fn beginning(&self, len: usize) -> Self {
        Self {
            steps: self.steps[..len.min(self.steps.len())].to_vec(),
        }
    }

    /// Puts a step of a piano's keys behind the last one.
    pub fn push(&mut self, keys: Vec<u8>) {
        self.steps.push(keys);
    }

    /// Its notes, each as long as its key goes on to sound; by start, then by pitch.
    pub fn notes(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        let mut sounding: Vec<Note> = Vec::new();
        for (step, pitches) in self.steps.iter().enumerate() {
            sounding.retain_mut(|note| {
                let goes_on = pitches.contains(&note.pitch);
                note.len += usize::from(goes_on);
                if !goes_on {
                    notes.push(*note);
                }
                goes_on
            });
            for &pitch in pitches {
                if !sounding.iter().any(|note| note.pitch == pitch) {
                    sounding.push(Note {
                        start: step,
                        pitch,
                        len: 1,
                    });
                }
            }
        }
        notes.extend(sounding);
        notes.sort_unstable();
        notes
    }
}

/// The key of a piano's pitch, from 0.
pub fn key_of(pitch: u8) -> usize {
    usize::from(pitch - LOWEST)
}

/// The pitch of a piano's key.
pub fn pitch_of(key: usize) -> u8 {
    LOWEST + key as u8
}
