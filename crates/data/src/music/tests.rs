//! Tunes in and out.

use std::path::Path;

use super::*;
use crate::DataError;

fn roll(text: &str) -> Roll {
    Roll::new(parse_steps(text).unwrap()).0
}

#[test]
fn the_built_in_tunes_are_whole_bars_of_the_piano() {
    let tunes = folk_tunes();
    assert_eq!(tunes.len(), 15);
    for tune in &tunes {
        assert!(tune.roll.len() >= 64, "{}", tune.name);
        assert!(
            tune.roll
                .steps()
                .iter()
                .all(|step| (3..=6).contains(&step.len()))
        );
    }
    let jacques = &tunes[0].roll;
    assert_eq!(step_name(&jacques.steps()[0]), "C3+E3+G3+C4");
    assert_eq!(jacques.len(), 64);
}

#[test]
fn notes_are_named_as_they_are_written() {
    for pitch in LOWEST..=HIGHEST {
        let steps = parse_steps(&pitch_name(pitch)).unwrap();
        assert_eq!(steps, [[pitch]]);
    }
    assert_eq!(
        parse_steps("Bb3 A#3 [Am]:2 -").unwrap(),
        [
            vec![58],
            vec![58],
            vec![57, 60, 64],
            vec![57, 60, 64],
            vec![]
        ]
    );
}

#[test]
fn notation_that_cannot_be_read_is_told_by_line() {
    let refused = [
        ("a: C4", 1, "`tune: NAME` before"),
        ("tune: x\na: C4 H4", 2, "`H4`"),
        ("tune: x\na: C4:0", 2, "1 to 1536 steps"),
        ("tune: x\na: C9", 2, "of a piano"),
        ("tune: x\na: [Cdim]", 2, "a chord such as"),
        (
            "tune: x\n\na: C4 D4\nb: E4",
            1,
            "2 steps of `a` and 1 of `b`",
        ),
        ("tune: x", 1, "no voice"),
        ("tune: x\nC4 D4", 2, "`VOICE: NOTES`"),
    ];
    for (text, line, problem) in refused {
        let error = parse_tunes(text).unwrap_err();
        assert_eq!(error.line, line, "{text}: {error:?}");
        assert!(error.problem.contains(problem), "{text}: {error:?}");
    }
}

#[test]
fn what_is_written_as_midi_reads_back() {
    let tune = roll("C4+E4:2 C4:1 - G3:3 [Am]:4 B7 A0");
    for steps_per_beat in [1, 2, 3, 4, 7, 24] {
        let bytes = write_midi(&tune, steps_per_beat, 100);
        let read = read_midi(Path::new("x.mid"), &bytes, steps_per_beat).unwrap();
        assert_eq!(read.roll, tune, "{steps_per_beat}");
        assert_eq!((read.outside, read.drums), (0, 0));
    }
    // C4 sounds for three steps on end, and is one note.
    assert!(tune.notes().contains(&Note {
        start: 0,
        pitch: 60,
        len: 3
    }));
}

/// A MIDI file of one track at 96 ticks a quarter note.
fn midi_of(events: &[u8]) -> Vec<u8> {
    let mut bytes = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk".to_vec();
    bytes.extend((events.len() as u32).to_be_bytes());
    bytes.extend(events);
    bytes
}

const END: [u8; 4] = [0, 0xff, 0x2f, 0];

#[test]
fn midi_from_elsewhere_lands_on_the_grid() {
    // C4 on at 0; running status: E4 on a little late at 50; C4 off at 96 by velocity 0; a drum;
    // pitch 10, which no piano has; E4 is never let go.
    let events = [
        &[0, 0x90, 60, 64, 50, 64, 64, 46, 60, 0][..],
        &[0, 0x99, 36, 90, 0, 0x90, 10, 9, 96, 10, 0][..],
        &END[..],
    ]
    .concat();
    let read = read_midi(Path::new("x.mid"), &midi_of(&events), 2).unwrap();
    assert_eq!(
        read.roll.steps(),
        [vec![60], vec![60, 64], vec![64], vec![64]]
    );
    assert_eq!((read.outside, read.drums), (2, 1));
}

#[test]
fn broken_midi_is_told_by_file_and_byte() {
    let whole = midi_of(&[&[0, 0x90, 60, 64][..], &END[..]].concat());
    let refuse = |bytes: &[u8]| {
        let error = read_midi(Path::new("tunes/x.mid"), bytes, 2).unwrap_err();
        assert!(matches!(error, DataError::Music { .. }));
        error.to_string()
    };
    assert!(refuse(b"RIFFsomething").starts_with("tunes/x.mid: byte 0 of 13: no MIDI header"));
    insta::assert_snapshot!(refuse(b"no music"), @"tunes/x.mid: byte 0 of 8: no MIDI file: it does not begin with `MThd`");
    insta::assert_snapshot!(refuse(&whole[..26]), @"tunes/x.mid: byte 14 of 26: a chunk of 8 bytes of which only 4 are there: the file is cut off");
    insta::assert_snapshot!(refuse(&whole[..17]), @"tunes/x.mid: byte 14 of 17: the file ends inside the head of a chunk");
    insta::assert_snapshot!(refuse(&midi_of(&[0, 0x90, 60, 64, 0, 0x90])), @"tunes/x.mid: byte 26 of 28: an event that cannot be read");
    let mut seconds = whole.clone();
    seconds[12] = 0xe7;
    insta::assert_snapshot!(refuse(&seconds), @"tunes/x.mid: byte 12 of 30: times in seconds (SMPTE) and not in beats; save it with a metrical time");
    // Whatever is cut off or changed: an answer, never a panic.
    for at in 0..whole.len() {
        let _ = read_midi(Path::new("x.mid"), &whole[..at], 2);
        for byte in [0, 0x7f, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[at] = byte;
            let _ = read_midi(Path::new("x.mid"), &changed, 2);
        }
    }
}
