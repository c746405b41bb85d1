//! Cases worked by hand.

use crate::table::{A, B, BOS, C, Line, Table, state, symbols};
use recurra_nn::decode::{
    BeamConfig, DecodeConfig, Ends, Hypothesis, LengthPenalty, Search, Start, decode,
};

/// A is likelier than B, but nothing after it is as likely as the end after B:
/// `p(A A) = 0.6 · 0.4 · 1 = 0.24`, `p(A B) = 0.21`, `p(A) = 0.15`, `p(B) = 0.36`.
fn garden_path(_: u64, said: &[u32]) -> Line {
    Line::new(match said {
        [] => [0.0, 0.6, 0.4, 0.0],
        [A] => [0.25, 0.4, 0.35, 0.0],
        [B] => [0.9, 0.0, 0.1, 0.0],
        _ => [1.0, 0.0, 0.0, 0.0],
    })
}

/// `p() = 0.5`; `p(A) = 0.5 · 0.8 = 0.4`; `p(A A) = 0.5 · 0.2 = 0.1`.
fn short_or_long(_: u64, said: &[u32]) -> Line {
    Line::new(match said {
        [] => [0.5, 0.5, 0.0, 0.0],
        [A] => [0.8, 0.2, 0.0, 0.0],
        _ => [1.0, 0.0, 0.0, 0.0],
    })
}

fn beam(config: BeamConfig) -> DecodeConfig {
    DecodeConfig {
        search: Search::Beam(config),
        ..DecodeConfig::default()
    }
}

fn assert_prob(hypothesis: &Hypothesis, ids: &[u32], prob: f64) {
    assert_eq!(hypothesis.ids, ids);
    let got = hypothesis.log_prob.exp();
    assert!((got - prob).abs() < 1e-6, "{ids:?}: {prob}, got {got}");
    let sum: f64 = hypothesis
        .token_log_probs
        .iter()
        .map(|&x| f64::from(x))
        .sum();
    assert!((sum - hypothesis.log_prob).abs() < 1e-6);
    assert_eq!(hypothesis.token_log_probs.len(), ids.len() + 1);
}

#[test]
fn a_beam_finds_what_greedy_search_walks_past() {
    let table = Table::new(garden_path);
    assert_prob(&table.best(&DecodeConfig::greedy()), &[A, A], 0.24);
    assert_prob(&table.best(&DecodeConfig::beam(1)), &[A, A], 0.24);
    assert_prob(&table.best(&DecodeConfig::beam(2)), &[B], 0.36);
}

#[test]
fn the_n_best_come_best_first() {
    let n_best = |ends| {
        let config = beam(BeamConfig {
            width: 4,
            n_best: 4,
            ends,
            ..BeamConfig::default()
        });
        Table::new(garden_path).decode(&[0], &config).remove(0)
    };
    for found in [n_best(Ends::Likely), n_best(Ends::All)] {
        assert_eq!(found.len(), 4);
        assert_prob(&found[0], &[B], 0.36);
        assert_prob(&found[1], &[A, A], 0.24);
        assert_prob(&found[2], &[A, B], 0.21);
        assert_prob(&found[3], &[A], 0.15);
    }
}

#[test]
fn all_ends_count_only_where_that_is_asked_for() {
    let found = |ends| {
        let config = beam(BeamConfig {
            width: 1,
            ends,
            ..BeamConfig::default()
        });
        Table::new(|_, said: &[u32]| {
            Line::new(match said {
                [] => [0.4, 0.6, 0.0, 0.0],
                _ => [0.5, 0.5, 0.0, 0.0],
            })
        })
        .best(&config)
    };
    // Greedy says A, then the end that comes first among equals.
    assert_prob(&found(Ends::Likely), &[A], 0.3);
    assert_prob(&found(Ends::All), &[], 0.4);
}

#[test]
fn length_normalisation_lets_longer_hypotheses_win() {
    let best = |length_penalty| {
        let config = beam(BeamConfig {
            width: 4,
            length_penalty,
            ..BeamConfig::default()
        });
        Table::new(short_or_long).best(&config)
    };
    assert_prob(&best(LengthPenalty::None {}), &[], 0.5);
    // ln 0.5 / (6/6) = -0.693; ln 0.4 / (7/6) = -0.785; ln 0.1 / (8/6) = -1.727.
    let gnmt = best(LengthPenalty::Gnmt { alpha: 1.0 });
    assert_prob(&gnmt, &[], 0.5);
    assert!((gnmt.score - 0.5_f64.ln()).abs() < 1e-6);
    // With alpha = 2: -0.693; -0.916 / 1.361 = -0.673; -2.303 / 1.778 = -1.295.
    let gnmt = best(LengthPenalty::Gnmt { alpha: 2.0 });
    assert_prob(&gnmt, &[A], 0.4);
    assert!((gnmt.score - 0.4_f64.ln() / (7.0_f64 / 6.0).powi(2)).abs() < 1e-6);
    // -0.693 / 1; -0.916 / 2 = -0.458; -2.303 / 3 = -0.768.
    let average = best(LengthPenalty::Average {});
    assert_prob(&average, &[A], 0.4);
    assert!((average.score - 0.4_f64.ln() / 2.0).abs() < 1e-6);
}

#[test]
fn the_coverage_penalty_prefers_what_attends_to_the_whole_source() {
    // After A the second source word gets little attention, after B both get theirs.
    let line = |_: u64, said: &[u32]| Line {
        probs: match said {
            [] => [0.0, 0.6, 0.4, 0.0],
            _ => [1.0, 0.0, 0.0, 0.0],
        },
        alignment: match said {
            [] => vec![0.5, 0.0],
            [A] => vec![0.75, 0.25],
            _ => vec![0.25, 0.75],
        },
    };
    let best = |coverage_penalty| {
        let config = beam(BeamConfig {
            width: 2,
            coverage_penalty,
            ..BeamConfig::default()
        });
        Table::new(line).best(&config)
    };
    assert_prob(&best(0.0), &[A], 0.6);
    // A: ln min(1.25, 1) + ln 0.25 = -1.386, B: ln 0.75 + ln 0.75 = -0.575. With weight 0.4
    // -0.511 - 0.555 = -1.065 against -0.916 - 0.230 = -1.146; with weight 1, -1.897 and -1.492.
    assert_prob(&best(0.4), &[A], 0.6);
    let covered = best(1.0);
    assert_prob(&covered, &[B], 0.4);
    assert!((covered.score - (0.4_f64 * 0.75 * 0.75).ln()).abs() < 1e-6);
    assert_eq!(covered.alignment, [vec![0.5, 0.0], vec![0.25, 0.75]]);
}

#[test]
fn no_run_of_tokens_comes_twice_when_it_is_blocked() {
    // A B A B ... for ever; the likeliest other token is C, and then the end.
    let line = |_: u64, said: &[u32]| {
        Line::new(match said.last() {
            None | Some(&B) => [0.05, 0.8, 0.0, 0.15],
            Some(&A) => [0.05, 0.0, 0.8, 0.15],
            _ => [0.9, 0.1, 0.0, 0.0],
        })
    };
    for search in [Search::Greedy {}, DecodeConfig::beam(1).search] {
        let said = |block_ngram| {
            let config = DecodeConfig {
                search: search.clone(),
                max_len: 6,
                block_ngram,
                ..DecodeConfig::default()
            };
            Table::new(line).best(&config).ids
        };
        assert_eq!(said(0), [A, B, A, B, A, B]);
        // A B may come once, B A once; then C.
        assert_eq!(said(2), [A, B, A, C]);
        assert_eq!(said(1), [A, B, C]);
    }
}

#[test]
fn a_forced_beginning_is_said_and_scored() {
    let table = Table::new(garden_path);
    let start = Start {
        forced: vec![B, B],
        ..Start::new(BOS)
    };
    for config in [DecodeConfig::greedy(), DecodeConfig::beam(3)] {
        let found = decode(
            &table,
            state(&[0]),
            std::slice::from_ref(&start),
            &symbols(),
            &config,
        )
        .unwrap();
        assert_eq!(found[0].len(), 1);
        assert_prob(&found[0][0], &[B, B], 0.4 * 0.1);
    }
}

#[test]
fn an_impossible_beginning_can_be_forced_all_the_same() {
    let table = Table::new(garden_path);
    let start = Start {
        forced: vec![C],
        ..Start::new(BOS)
    };
    for config in [DecodeConfig::greedy(), DecodeConfig::beam(3)] {
        let found = decode(
            &table,
            state(&[0]),
            std::slice::from_ref(&start),
            &symbols(),
            &config,
        )
        .unwrap();
        assert_eq!(found[0][0].ids, [C]);
        assert_eq!(found[0][0].log_prob, f64::NEG_INFINITY);
    }
}

#[test]
fn hypotheses_are_neither_shorter_nor_longer_than_allowed() {
    let line = |_: u64, _: &[u32]| Line::new([0.5, 0.3, 0.2, 0.0]);
    for search in [Search::Greedy {}, DecodeConfig::beam(3).search] {
        let config = |min_len, max_len| DecodeConfig {
            search: search.clone(),
            min_len,
            max_len,
            ..DecodeConfig::default()
        };
        assert_prob(&Table::new(line).best(&config(0, 9)), &[], 0.5);
        let long = Table::new(line).best(&config(3, 9));
        assert_prob(&long, &[A, A, A], 0.027 * 0.5);
        let endless = |_: u64, _: &[u32]| Line::new([0.0625, 0.9375, 0.0, 0.0]);
        let cut = Table::new(endless).best(&config(2, 2));
        assert_prob(&cut, &[A, A], 0.9375 * 0.9375 * 0.0625);
        let start = Start {
            max_len: Some(1),
            ..Start::new(BOS)
        };
        let table = Table::new(endless);
        let found = decode(&table, state(&[0]), &[start], &symbols(), &config(1, 9)).unwrap();
        assert_eq!(found[0][0].ids, [A]);
    }
}

#[test]
fn equally_likely_tokens_are_taken_in_the_order_of_their_ids() {
    let line = |_: u64, said: &[u32]| {
        Line::new(match said.len() {
            0 | 1 => [0.0, 0.25, 0.25, 0.25],
            _ => [1.0, 0.0, 0.0, 0.0],
        })
    };
    let config = beam(BeamConfig {
        width: 3,
        n_best: 3,
        ..BeamConfig::default()
    });
    let found = Table::new(line).decode(&[0], &config).remove(0);
    let ids: Vec<&[u32]> = found.iter().map(|one| &one.ids[..]).collect();
    assert_eq!(ids, [[A, A], [A, B], [A, C]]);
    assert_eq!(Table::new(line).best(&DecodeConfig::greedy()).ids, [A, A]);
}

#[test]
fn rows_that_are_done_leave_the_batch() {
    // Source `n` is n tokens long, surely.
    let line = |source: u64, said: &[u32]| match said.len() < source as usize {
        true => Line::new([0.0, 1.0, 0.0, 0.0]),
        false => Line::new([1.0, 0.0, 0.0, 0.0]),
    };
    for config in [DecodeConfig::greedy(), DecodeConfig::beam(4)] {
        let table = Table::new(line);
        let found = table.decode(&[2, 0, 1], &config);
        let lens: Vec<usize> = found.iter().map(|row| row[0].ids.len()).collect();
        assert_eq!(lens, [2, 0, 1]);
        assert_eq!(*table.rows.lock().unwrap(), [3, 2, 1]);
    }
}

#[test]
fn an_empty_batch_has_no_hypotheses() {
    for config in [DecodeConfig::greedy(), DecodeConfig::beam(2)] {
        let table = Table::new(garden_path);
        assert!(table.decode(&[], &config).is_empty());
        assert!(table.rows.lock().unwrap().is_empty());
    }
}

#[test]
fn an_unknown_word_becomes_the_one_that_it_attends_to() {
    let line = |_: u64, said: &[u32]| Line {
        probs: match said.len() {
            0 => [0.0, 1.0, 0.0, 0.0],
            1 => [0.0, 0.0, 0.0, 1.0],
            _ => [1.0, 0.0, 0.0, 0.0],
        },
        alignment: match said.len() {
            1 => vec![0.1, 0.2, 0.7],
            _ => vec![1.0, 0.0, 0.0],
        },
    };
    let best = Table::new(line).best(&DecodeConfig::beam(2));
    assert_eq!(best.aligned_to(1), Some(2));
    let word = |id: u32| match id {
        A => "ein",
        _ => "<unk>",
    };
    assert_eq!(
        best.words(C, word, &["a", "little", "Jindo"]),
        ["ein", "Jindo"]
    );
    assert_eq!(best.words(C, word, &[]), ["ein", "<unk>"]);
}
