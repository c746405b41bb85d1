use std::path::Path;

use proptest::prelude::*;

use super::unigram::digamma;
use super::*;
use crate::error::DataError;
use crate::text::Case;
use crate::text::moses::Language;

const SUBWORDS: [Pieces; 3] = [Pieces::Bpe, Pieces::Wordpiece, Pieces::Unigram];
const ALL: [Pieces; 6] = [
    Pieces::Characters,
    Pieces::Jamo,
    Pieces::Words,
    Pieces::Bpe,
    Pieces::Wordpiece,
    Pieces::Unigram,
];

const LINES: [&str; 6] = [
    "A man in a blue shirt is standing on a ladder, cleaning a window.",
    "Two men are standing on the ladder.",
    "The man is cleaning the windows of a blue house.",
    "한 남자가 파란 집 앞에 서 있습니다.",
    "두 남자가 집을 청소하고 있습니다.",
    "Ein Mann steht vor einem blauen Haus.",
];

fn train(pieces: Pieces, vocab_size: usize) -> Tokenizer {
    let config = TokenizerConfig {
        pieces,
        vocab_size,
        ..TokenizerConfig::default()
    };
    Tokenizer::train(&config, LINES).unwrap()
}

#[test]
fn merges_are_those_of_the_paper() {
    // Sennrich et al. 2016, algorithm 1, with the sign before the word in place of one behind it;
    // low 5, lower 2, newest 6, widest 3. Counts: es and st 9, est 9; then lo 7, ▁lo and low 7, of
    // which the one with the older left piece comes first.
    let counts = [("low", 5), ("lower", 2), ("newest", 6), ("widest", 3)];
    let lines = counts
        .iter()
        .flat_map(|&(word, count)| std::iter::repeat_n(word, count));
    let config = TokenizerConfig {
        vocab_size: 4 + 11 + 5,
        ..TokenizerConfig::default()
    };
    let tokenizer = Tokenizer::train(&config, lines).unwrap();
    let merged: Vec<&String> = tokenizer.vocab().tokens().iter().skip(11).collect();
    assert_eq!(merged, ["es", "est", "lo", "▁lo", "▁low"]);
    assert_eq!(tokenizer.pieces("lowest"), ["▁low", "est"]);
}

#[test]
fn wordpieces_are_the_longest_from_the_left() {
    let tokenizer = train(Pieces::Wordpiece, 300);
    assert_eq!(tokenizer.pieces("standing blue"), ["▁standing", "▁blue"]);
    let pieces = tokenizer.pieces("blues");
    assert_eq!(pieces[0], "▁blue");
}

#[test]
fn a_unigram_model_prefers_the_pieces_that_explain_the_text() {
    let config = TokenizerConfig {
        pieces: Pieces::Unigram,
        vocab_size: 16,
        ..TokenizerConfig::default()
    };
    let lines = ["abab abab cdcd", "ab cd abcd", "abab cd"].repeat(5);
    let tokenizer = Tokenizer::train(&config, lines).unwrap();
    let Tokenizer {
        cutter: model::Cutter::Unigram(model),
        ..
    } = &tokenizer
    else {
        panic!("{tokenizer:?}");
    };
    assert!(model.scores.is_sorted_by(|a, b| a >= b));
    assert!(model.scores.iter().all(|score| *score < 0.0));
    for text in ["abab cdcd", "cdab"] {
        // Viterbi: no other way to cut the text is more probable.
        let score = |pieces: &[String]| -> f64 {
            pieces
                .iter()
                .map(|piece| {
                    let place = model.pieces.iter().position(|known| known == piece);
                    model.scores[place.unwrap()]
                })
                .sum()
        };
        let best = tokenizer.pieces(text);
        for word in chunk::chunks(text) {
            for cuts in 0..1_u32 << (word.chars().count() - 1) {
                let mut other = vec![String::new()];
                for (place, letter) in word.chars().enumerate() {
                    other.last_mut().unwrap().push(letter);
                    if cuts >> place & 1 == 1 {
                        other.push(String::new());
                    }
                }
                if other.iter().all(|piece| model.pieces.contains(piece)) {
                    assert!(score(&other) <= score(&model.encode(&word)) + 1e-9);
                }
            }
        }
        assert!(best.len() <= 4, "{best:?}");
    }
}

#[test]
fn digamma_is_minus_the_euler_constant_at_one() {
    assert!((digamma(1.0) + 0.577_215_664_901_532_9).abs() < 1e-9);
    assert!((digamma(0.5) + 1.963_510_026_021_423_5).abs() < 1e-9);
    assert!((digamma(100.0) - 4.600_161_852_738_087).abs() < 1e-9);
}

#[test]
fn what_is_learnt_does_not_depend_on_the_order_of_lines() {
    for pieces in ALL {
        let config = TokenizerConfig {
            pieces,
            vocab_size: 150,
            ..TokenizerConfig::default()
        };
        let forward = Tokenizer::train(&config, LINES).unwrap();
        let backward = Tokenizer::train(&config, LINES.iter().rev()).unwrap();
        assert_eq!(forward, backward, "{pieces:?}");
    }
}

#[test]
fn no_vocabulary_is_larger_than_asked_for() {
    for pieces in ALL {
        for vocab_size in [80, 150, 10_000] {
            assert!(
                train(pieces, vocab_size).vocab().len() <= vocab_size,
                "{pieces:?}"
            );
        }
    }
}

#[test]
fn text_of_the_training_set_comes_back() {
    for pieces in ALL {
        let tokenizer = train(pieces, 1000);
        for line in LINES {
            let encoded = tokenizer.encode(line);
            assert!(
                encoded.unknown.is_empty(),
                "{pieces:?}: {}",
                encoded.unknown
            );
            assert_eq!(tokenizer.decode(&encoded.ids).unwrap(), line, "{pieces:?}");
        }
    }
}

#[test]
fn a_file_gives_the_same_tokenizer() {
    for pieces in ALL {
        let tokenizer = train(pieces, 200);
        let json = tokenizer.to_json();
        let again = Tokenizer::from_json(&json, Path::new("t.json")).unwrap();
        assert_eq!(again, tokenizer, "{pieces:?}");
        assert_eq!(
            again.pieces("standing men 집"),
            tokenizer.pieces("standing men 집")
        );
    }
}

#[test]
fn a_foreign_or_damaged_file_is_refused() {
    let read = |text: &str| Tokenizer::from_json(text, Path::new("t.json")).unwrap_err();
    let json = train(Pieces::Unigram, 150).to_json();
    for text in [
        "{}",
        "{\"format\":\"bert\",\"version\":1,\"config\":{},\"pieces\":[]}",
        &json[..json.len() / 2],
        &json.replace("\"scores\":[", "\"scores\":[0.5,"),
        &json.replace("\"version\":1", "\"version\":2"),
    ] {
        let error = read(text);
        assert!(matches!(error, DataError::TokenizerFile { .. }), "{error}");
    }
    let merges = train(Pieces::Bpe, 150)
        .to_json()
        .replace("\"merges\":[", "\"merges\":[[1,99999],");
    assert!(read(&merges).to_string().contains("a merge of 1 and 99999"));
}

#[test]
fn an_unknown_script_is_unknown_and_counted() {
    for pieces in SUBWORDS {
        let tokenizer = train(pieces, 200);
        let encoded = tokenizer.encode("a Ж man");
        assert_eq!(encoded.unknown.to_string(), "1 unknown: `Ж`", "{pieces:?}");
        assert_eq!(tokenizer.decode(&encoded.ids).unwrap(), "a \u{fffd} man");
    }
    assert_eq!(
        train(Pieces::Words, 200)
            .encode("a Жук man")
            .unknown
            .total(),
        1
    );
}

#[test]
fn moses_and_lower_case_are_undone_as_far_as_they_can_be() {
    let config = TokenizerConfig {
        pieces: Pieces::Words,
        case: Case::Lower,
        moses: Some(Language::En),
        ..TokenizerConfig::default()
    };
    let tokenizer = Tokenizer::train(&config, LINES).unwrap();
    let ids = tokenizer.encode("Two men, on a ladder.").ids;
    assert_eq!(
        tokenizer.decode_normalized(&ids).unwrap(),
        "two men , on a ladder ."
    );
    assert_eq!(tokenizer.decode(&ids).unwrap(), "two men, on a ladder.");
}

#[test]
fn impossible_settings_are_refused() {
    let lines = || LINES;
    let config = |vocab_size, min_count| TokenizerConfig {
        vocab_size,
        min_count,
        ..TokenizerConfig::default()
    };
    let fails = |config: TokenizerConfig| Tokenizer::train(&config, lines()).unwrap_err();
    assert!(matches!(fails(config(4, 1)), DataError::Setting { .. }));
    assert!(matches!(fails(config(100, 0)), DataError::Setting { .. }));
    let error = fails(config(20, 1)).to_string();
    assert!(
        error.contains("leaves room for 16; raise `vocab_size`"),
        "{error}"
    );
    assert!(matches!(
        Tokenizer::train(&config(100, 1), ["", " \u{0}"]),
        Err(DataError::TooFew { .. })
    ));
    assert!(toml::from_str::<TokenizerConfig>("pieces = \"bpe\"\nvocab = 8").is_err());
}

#[test]
fn rare_words_are_left_out() {
    let config = TokenizerConfig {
        pieces: Pieces::Words,
        min_count: 3,
        ..TokenizerConfig::default()
    };
    let tokenizer = Tokenizer::train(&config, LINES).unwrap();
    assert_eq!(tokenizer.vocab().tokens(), ["a"]);
}

proptest! {
    #[test]
    fn any_text_is_cut_into_pieces_that_are_it(text in any::<String>()) {
        for pieces in SUBWORDS {
            let tokenizer = train(pieces, 150);
            let cut = tokenizer.pieces(&text);
            let refs: Vec<&str> = cut.iter().map(String::as_str).collect();
            prop_assert_eq!(tokenizer.join(&refs), tokenizer.normalize(&text).replace('▁', "_"));
            prop_assert_eq!(cut.len(), tokenizer.encode(&text).ids.len());
        }
    }
}
