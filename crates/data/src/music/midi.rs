//! MIDI files in and out.

use super::roll::Roll;
use crate::error::DataError;
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};
use std::path::Path;

/// Ticks of a quarter note in what is written.
const TICKS_PER_BEAT: u16 = 480;
/// Percussion: its "pitches" are drums.
const DRUMS: u8 = 9;
/// How hard a written note is struck.
const VELOCITY: u8 = 80;
/// A bound on memory: at two steps a beat more than a day of music.
const MAX_STEPS: u64 = 1 << 20;

/// What a MIDI file holds.
#[derive(Debug)]
pub struct MidiTune {
    /// On the grid.
    pub roll: Roll,
    /// Steps times notes that a piano has no key for.
    pub outside: usize,
    /// Notes of the percussion channel, which are left out.
    pub drums: usize,
}

/// A note in ticks.
struct Held {
    channel: u8,
    pitch: u8,
    start: u64,
}

/// Reads the notes of all tracks on a grid of `steps_per_beat`.
///
/// A note begins and ends at the nearest step and lasts at least one.
pub fn read_midi(path: &Path, bytes: &[u8], steps_per_beat: u16) -> Result<MidiTune, DataError> {
    let reader = Reader { path, bytes };
    reader.check_chunks()?;
    let (header, tracks) = midly::parse(bytes)
        .map_err(|error| reader.wrong(0, &format!("no MIDI header ({error})")))?;
    let ticks_per_beat = match header.timing {
        Timing::Metrical(ticks) if ticks.as_int() > 0 => u64::from(ticks.as_int()),
        Timing::Metrical(_) => return Err(reader.wrong(12, "a quarter note of 0 ticks")),
        Timing::Timecode(..) => {
            let problem = "times in seconds (SMPTE) and not in beats; save it with a metrical time";
            return Err(reader.wrong(12, problem));
        }
    };
    let mut notes: Vec<(u64, u64, u8)> = Vec::new();
    let mut drums = 0;
    for track in tracks {
        let mut events = track.map_err(|error| reader.wrong(0, &error.to_string()))?;
        let mut time = 0_u64;
        let mut held: Vec<Held> = Vec::new();
        loop {
            let left = events.unread();
            let Some(event) = events.next() else {
                // The reader gives up on a track without a word; so look whether it is at its end.
                if !left.is_empty() {
                    let place = reader.place_of(left);
                    return Err(reader.wrong(place, "an event that cannot be read"));
                }
                break;
            };
            let event =
                event.map_err(|error| reader.wrong(reader.place_of(left), &error.to_string()))?;
            time += u64::from(event.delta.as_int());
            let TrackEventKind::Midi { channel, message } = event.kind else {
                continue;
            };
            let channel = channel.as_int();
            let (pitch, begins) = match message {
                MidiMessage::NoteOn { key, vel } => (key.as_int(), vel.as_int() > 0),
                MidiMessage::NoteOff { key, .. } => (key.as_int(), false),
                _ => continue,
            };
            if channel == DRUMS {
                drums += usize::from(begins);
                continue;
            }
            // Struck again or let go: what sounded ends here.
            held.retain(|note| {
                let ends = note.pitch == pitch && note.channel == channel;
                if ends {
                    notes.push((note.start, time, pitch));
                }
                !ends
            });
            if begins {
                held.push(Held {
                    channel,
                    pitch,
                    start: time,
                });
            }
        }
        // A note that is never let go ends with its track.
        notes.extend(held.iter().map(|note| (note.start, time, note.pitch)));
    }
    let step_of =
        |tick: u64| (2 * tick * u64::from(steps_per_beat) + ticks_per_beat) / (2 * ticks_per_beat);
    let mut steps: Vec<Vec<u8>> = Vec::new();
    for (start, end, pitch) in notes {
        let start = step_of(start);
        let end = step_of(end).max(start + 1);
        if end > MAX_STEPS {
            let problem = format!("more than {MAX_STEPS} steps");
            return Err(reader.wrong(0, &problem));
        }
        let (start, end) = (start as usize, end as usize);
        if steps.len() < end {
            steps.resize(end, Vec::new());
        }
        for step in &mut steps[start..end] {
            step.push(pitch);
        }
    }
    // Rests before the first note say nothing.
    let silent = steps.iter().take_while(|step| step.is_empty()).count();
    steps.drain(..silent);
    let (roll, outside) = Roll::new(steps);
    Ok(MidiTune {
        roll,
        outside,
        drums,
    })
}

/// A file's bytes, and what its errors say.
struct Reader<'a> {
    path: &'a Path,
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn wrong(&self, place: usize, problem: &str) -> DataError {
        DataError::Music {
            path: self.path.to_owned(),
            place: format!("byte {place} of {}", self.bytes.len()),
            problem: problem.to_owned(),
        }
    }

    /// Where in the file `part`, a slice of it, begins.
    fn place_of(&self, part: &[u8]) -> usize {
        (part.as_ptr().addr()).saturating_sub(self.bytes.as_ptr().addr())
    }

    /// Whether every chunk is all there: the reader would take the rest of a file that was cut
    /// off for a whole track.
    fn check_chunks(&self) -> Result<(), DataError> {
        const HEAD: usize = 8;
        /// Where in a header the time of its ticks stands.
        const TIME: usize = 12;
        // Minus 128 frames a second, which is no rate, and which the reader cannot negate.
        let headers = self.bytes.windows(TIME + 1).enumerate();
        for (at, header) in headers.filter(|(_, window)| window.starts_with(b"MThd")) {
            if header[TIME] == 0x80 {
                return Err(self.wrong(at + TIME, "times in frames of no rate"));
            }
        }
        if self.bytes.starts_with(b"RIFF") {
            return Ok(());
        }
        if !self.bytes.starts_with(b"MThd") {
            return Err(self.wrong(0, "no MIDI file: it does not begin with `MThd`"));
        }
        let mut at = 0;
        while at < self.bytes.len() {
            let Some(head) = self.bytes.get(at..at + HEAD) else {
                return Err(self.wrong(at, "the file ends inside the head of a chunk"));
            };
            let len = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
            let end = at + HEAD + len;
            if end > self.bytes.len() {
                let problem = format!(
                    "a chunk of {len} bytes of which only {} are there: the file is cut off",
                    self.bytes.len() - at - HEAD
                );
                return Err(self.wrong(at, &problem));
            }
            at = end;
        }
        Ok(())
    }
}

/// A MIDI file of one piano; the same roll gives the same bytes.
pub fn write_midi(roll: &Roll, steps_per_beat: u16, beats_per_minute: u16) -> Vec<u8> {
    const MICROSECONDS_PER_MINUTE: u32 = 60_000_000;
    // Step `n` begins at this tick, whatever the grid.
    let tick = |step: usize| step as u64 * u64::from(TICKS_PER_BEAT) / u64::from(steps_per_beat);
    // By time; what ends comes before what begins.
    let mut events: Vec<(u64, bool, u8)> = Vec::new();
    for note in roll.notes() {
        events.push((tick(note.start), true, note.pitch));
        events.push((tick(note.start + note.len), false, note.pitch));
    }
    events.sort_unstable();
    let tempo = MICROSECONDS_PER_MINUTE / u32::from(beats_per_minute);
    let meta = |message| TrackEvent {
        delta: u28::new(0),
        kind: TrackEventKind::Meta(message),
    };
    let mut track = vec![
        meta(MetaMessage::Tempo(u24::new(tempo))),
        TrackEvent {
            delta: u28::new(0),
            kind: TrackEventKind::Midi {
                channel: u4::new(0),
                message: MidiMessage::ProgramChange {
                    program: u7::new(0),
                },
            },
        },
    ];
    let mut now = 0;
    let mut wait = |until: u64| {
        let delta = until - now;
        now = until;
        u28::new(delta as u32)
    };
    for (time, begins, pitch) in events {
        let (key, vel) = (u7::new(pitch), u7::new(VELOCITY));
        let message = match begins {
            true => MidiMessage::NoteOn { key, vel },
            false => MidiMessage::NoteOff { key, vel },
        };
        track.push(TrackEvent {
            delta: wait(time),
            kind: TrackEventKind::Midi {
                channel: u4::new(0),
                message,
            },
        });
    }
    track.push(TrackEvent {
        delta: wait(tick(roll.len())),
        kind: TrackEventKind::Meta(MetaMessage::EndOfTrack),
    });
    let mut smf = Smf::new(Header::new(
        Format::SingleTrack,
        Timing::Metrical(u15::new(TICKS_PER_BEAT)),
    ));
    smf.tracks.push(track);
    let mut bytes = Vec::new();
    smf.write_std(&mut bytes)
        .expect("a vector takes every byte, and a roll is far from MIDI's limits");
    bytes
}
