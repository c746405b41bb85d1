//! Tunes as piano rolls: from MIDI files and from texts of tunes, and to MIDI.
//!
//! | module | what it does |
//! |---|---|
//! | [`Roll`], [`Note`] | which keys sound at which step |
//! | [`parse_tunes`], [`parse_steps`], [`pitch_name`], [`step_name`] | tunes as text |
//! | [`read_midi`], [`write_midi`] | tunes as MIDI |
//! | [`read_tune_files`], [`folk_tunes`] | files, folders of them, and what is built in |

mod midi;
mod notation;
mod read;
mod roll;

#[cfg(test)]
mod tests;

pub use midi::{MidiTune, read_midi, write_midi};
pub use notation::{NotationError, parse_steps, parse_tunes, pitch_name, step_name};
pub use read::{TuneFiles, folk_tunes, read_tune_files};
pub use roll::{HIGHEST, LOWEST, NUM_KEYS, Note, Roll, Tune, key_of, pitch_of};
