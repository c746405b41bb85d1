//! Networks under the searches.

use crate::case::{SOURCE, all, build, row};
use recurra_nn::Device;
use recurra_nn::decode::{BeamConfig, DecodeConfig, Hypothesis, Search, Start, Symbols, decode};
use recurra_nn::seq2seq::{Seq2Seq, Tokens};

fn found(model: &Seq2Seq, source: Tokens<'_>, config: &DecodeConfig) -> Vec<Vec<Hypothesis>> {
    let symbols = Symbols {
        eos: 2,
        banned: vec![0, 1],
    };
    let starts = vec![Start::new(1); source.lengths.len()];
    let state = model.begin(source).unwrap();
    decode(model, state, &starts, &symbols, config).unwrap()
}

fn beam(width: usize, n_best: usize) -> DecodeConfig {
    DecodeConfig {
        search: Search::Beam(BeamConfig {
            width,
            n_best,
            ..BeamConfig::default()
        }),
        max_len: 6,
        ..DecodeConfig::default()
    }
}

#[test]
fn a_source_is_decoded_as_if_it_were_alone() {
    for (name, config) in all() {
        let model = build(&config, &Device::flex());
        let together = found(&model, SOURCE, &beam(3, 3));
        for (index, hypotheses) in together.iter().enumerate() {
            let alone = found(&model, row(SOURCE, index), &beam(3, 3)).remove(0);
            assert_eq!(alone.len(), 3, "{name}");
            for (alone, together) in alone.iter().zip(hypotheses) {
                assert_eq!(alone.ids, together.ids, "{name}");
                assert!((alone.log_prob - together.log_prob).abs() < 1e-5, "{name}");
                let rows = alone.alignment.iter().zip(&together.alignment);
                for (alone, together) in rows {
                    assert_eq!(alone.len(), together.len());
                    let pairs = alone.iter().zip(together);
                    assert!(
                        pairs.map(|(a, b)| (a - b).abs()).all(|d| d < 1e-5),
                        "{name}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_beam_of_one_is_greedy_search() {
    for (name, config) in all() {
        let model = build(&config, &Device::flex());
        let greedy = DecodeConfig {
            max_len: 6,
            ..DecodeConfig::greedy()
        };
        let greedy = found(&model, SOURCE, &greedy);
        let beam = found(&model, SOURCE, &beam(1, 1));
        for (greedy, beam) in greedy.iter().zip(&beam) {
            assert_eq!(greedy[0].ids, beam[0].ids, "{name}");
        }
    }
}
