//! Any table: what holds of every search.

use crate::table::{BOS, EOS, Line, Table};
use proptest::prelude::*;
use rand::RngExt;
use recurra_nn::decode::{
    BeamConfig, DecodeConfig, Ends, LengthPenalty, SampleConfig, Search, coverage_penalty,
};

/// A line that is a pure function of seed, source and history, with two source positions.
fn random_line(seed: u64, source: u64, said: &[u32]) -> Line {
    let history = said
        .iter()
        .fold(1, |number, &id| number * 5 + u64::from(id));
    let mut rng = recurra_nn::rng(seed, source * 1_000_000 + history);
    // Eighths, so that ties are common.
    let weights: [f64; 4] = std::array::from_fn(|_| f64::from(rng.random_range(1_u8..=8)));
    let sum: f64 = weights.iter().sum();
    let attention = rng.random::<f32>();
    Line {
        probs: weights.map(|weight| weight / sum),
        alignment: vec![attention, 1.0 - attention],
    }
}

/// Every sequence of at most `max_len` tokens, with its score.
fn exhaustive(seed: u64, max_len: usize, config: &BeamConfig) -> Vec<(f64, Vec<u32>)> {
    struct Path {
        ids: Vec<u32>,
        log_prob: f64,
        alignment: Vec<Vec<f32>>,
    }
    let mut open = vec![Path {
        ids: Vec::new(),
        log_prob: 0.0,
        alignment: Vec::new(),
    }];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        let line = random_line(seed, 0, &path.ids);
        let mut alignment = path.alignment;
        alignment.push(line.alignment);
        for id in 0..BOS {
            let log_prob = path.log_prob + line.probs[id as usize].ln();
            if id == EOS {
                let len = path.ids.len() as f64 + 1.0;
                let lp = match config.length_penalty {
                    LengthPenalty::None {} => 1.0,
                    LengthPenalty::Gnmt { alpha } => (5.0 + len).powf(alpha) / 6_f64.powf(alpha),
                    LengthPenalty::Average {} => len,
                };
                let cp = config.coverage_penalty * coverage_penalty(&alignment);
                found.push((log_prob / lp + cp, path.ids.clone()));
            } else if path.ids.len() < max_len {
                open.push(Path {
                    ids: [&path.ids[..], &[id]].concat(),
                    log_prob,
                    alignment: alignment.clone(),
                });
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found
}

fn length_penalty() -> impl Strategy<Value = LengthPenalty> {
    prop_oneof![
        Just(LengthPenalty::None {}),
        (0.0..2.0).prop_map(|alpha| LengthPenalty::Gnmt { alpha }),
        Just(LengthPenalty::Average {}),
    ]
}

fn search() -> impl Strategy<Value = Search> {
    let beam = (1_usize..6, length_penalty(), 0.0..0.5, any::<bool>()).prop_map(
        |(width, length_penalty, coverage_penalty, all)| {
            Search::Beam(BeamConfig {
                width,
                n_best: width,
                length_penalty,
                coverage_penalty,
                ends: if all { Ends::All } else { Ends::Likely },
            })
        },
    );
    let sample = (0.5..2.0, 1_usize..5, 0.1..1.0, any::<u64>()).prop_map(
        |(temperature, top_k, top_p, seed)| {
            Search::Sample(SampleConfig {
                temperature,
                top_k: Some(top_k),
                top_p,
                seed,
            })
        },
    );
    prop_oneof![Just(Search::Greedy {}), beam, sample]
}

proptest! {
    #[test]
    fn a_beam_of_full_width_finds_the_best_of_all_sequences(
        seed in any::<u64>(),
        length_penalty in length_penalty(),
        coverage_penalty in prop_oneof![Just(0.0), 0.0..0.5],
        all in any::<bool>(),
    ) {
        const MAX_LEN: usize = 3;
        let beam = BeamConfig {
            // 3 + 9 + 27 beginnings and 40 ends are fewer.
            width: 100,
            n_best: 6,
            length_penalty,
            coverage_penalty,
            ends: if all { Ends::All } else { Ends::Likely },
        };
        let want = exhaustive(seed, MAX_LEN, &beam);
        let config = DecodeConfig {
            search: Search::Beam(beam),
            max_len: MAX_LEN,
            ..DecodeConfig::default()
        };
        let table = Table::new(|source, said: &[u32]| random_line(seed, source, said));
        let found = table.decode(&[0], &config).remove(0);
        prop_assert_eq!(found.len(), 6);
        for (found, (score, _)) in found.iter().zip(&want) {
            prop_assert!((found.score - score).abs() < 1e-5, "{} for {}", found.score, score);
        }
        let greedy = table.best(&DecodeConfig { search: Search::Greedy {}, ..config });
        if length_penalty == (LengthPenalty::None {}) && coverage_penalty == 0.0 {
            prop_assert!(found[0].score >= greedy.score - 1e-9);
        }
    }

    #[test]
    fn a_beam_of_one_is_greedy_search(
        seed in any::<u64>(),
        min_len in 0_usize..3,
        block_ngram in 0_usize..3,
        length_penalty in length_penalty(),
    ) {
        let greedy = DecodeConfig {
            search: Search::Greedy {},
            min_len,
            max_len: 8,
            block_ngram,
        };
        let beam = DecodeConfig {
            search: Search::Beam(BeamConfig {
                width: 1,
                length_penalty,
                ..BeamConfig::default()
            }),
            ..greedy.clone()
        };
        let table = Table::new(|source, said: &[u32]| random_line(seed, source, said));
        let (greedy, beam) = (table.decode(&[0, 1, 2], &greedy), table.decode(&[0, 1, 2], &beam));
        for (greedy, beam) in greedy.iter().zip(&beam) {
            prop_assert_eq!(&greedy[0].ids, &beam[0].ids);
            prop_assert_eq!(greedy[0].log_prob, beam[0].log_prob);
            prop_assert_eq!(&greedy[0].alignment, &beam[0].alignment);
        }
    }

    #[test]
    fn a_row_is_decoded_as_if_it_were_alone(
        seed in any::<u64>(),
        search in search(),
        // So many are searched in parts.
        sources in prop_oneof![
            prop::collection::vec(0_u64..50, 1..8),
            prop::collection::vec(0_u64..50, 32..70),
        ],
        min_len in 0_usize..3,
        block_ngram in 0_usize..3,
    ) {
        let config = DecodeConfig { search, min_len, max_len: 7, block_ngram };
        let table = Table::new(|source, said: &[u32]| random_line(seed, source, said));
        let together = table.decode(&sources, &config);
        prop_assert_eq!(together.len(), sources.len());
        for (source, row) in sources.iter().zip(&together) {
            let alone = table.decode(&[*source], &config).remove(0);
            prop_assert_eq!(row, &alone);
        }
        let backwards: Vec<u64> = sources.iter().rev().copied().collect();
        let backwards = table.decode(&backwards, &config);
        prop_assert!(backwards.iter().rev().eq(together.iter()));
    }
}
