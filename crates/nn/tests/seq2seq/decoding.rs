//! Networks under the searches.

use crate::case::{SOURCE, all, build, packable, row};
use recurra_nn::decode::{
    BeamConfig, DecodeConfig, Ends, Hypothesis, SampleConfig, Search, Start, StepOutput, Stepwise,
    Symbols, decode,
};
use recurra_nn::seq2seq::{EncoderDecoder, PackedSeq2Seq, Seq2Seq, Tokens};
use recurra_nn::streaming::Precision;
use recurra_nn::weights::{NamedTensor, export, import};
use recurra_nn::{Device, NnError, rng};

fn found(
    model: &impl EncoderDecoder,
    source: Tokens<'_>,
    config: &DecodeConfig,
) -> Vec<Vec<Hypothesis>> {
    let symbols = Symbols {
        eos: 2,
        banned: vec![0, 1],
    };
    search(model, source, source.lengths.len(), &symbols, config).unwrap()
}

/// What is found of a source with so many starts.
fn search(
    model: &impl EncoderDecoder,
    source: Tokens<'_>,
    starts: usize,
    symbols: &Symbols,
    config: &DecodeConfig,
) -> Result<Vec<Vec<Hypothesis>>, NnError> {
    let starts = vec![Start::new(1); starts];
    decode(model, model.begin(source)?, &starts, symbols, config)
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

/// The network with the matrices of its decoder rounded.
fn rounded(model: &Seq2Seq, precision: Precision) -> Seq2Seq {
    let round = |tensor: NamedTensor| {
        let NamedTensor {
            name,
            shape,
            values,
        } = tensor;
        let matrix = ["w_ih", "w_hh", "weight"]
            .iter()
            .any(|end| name.ends_with(end));
        let values = match matrix && shape.len() == 2 {
            true => precision.round(&values, shape[1]),
            false => values,
        };
        NamedTensor {
            name,
            shape,
            values,
        }
    };
    let tensors = export(model).into_iter().map(round).collect();
    import(model.clone(), tensors, "rounded").unwrap()
}

#[test]
fn packed_weights_find_what_the_rounded_network_finds() {
    for precision in [Precision::F32, Precision::Bf16] {
        for (name, config) in packable() {
            let model = rounded(&build(&config, &Device::flex()), precision);
            let packed = PackedSeq2Seq::new(&model, precision).unwrap();
            let wanted = found(&model, SOURCE, &beam(3, 3));
            let got = found(&packed, SOURCE, &beam(3, 3));
            for (wanted, got) in wanted.iter().flatten().zip(got.iter().flatten()) {
                assert_eq!(wanted.ids, got.ids, "{name}, {precision}");
                let apart = (wanted.log_prob - got.log_prob).abs();
                assert!(apart < 1e-5, "{name}, {precision}: {apart}");
            }
        }
    }
}

#[test]
fn int8_says_nearly_what_the_network_says() {
    let mut largest = 0.0f32;
    for (name, config) in packable() {
        let model = build(&config, &Device::flex());
        let packed = PackedSeq2Seq::new(&model, Precision::Int8).unwrap();
        let (mut exact, mut rough) = (model.begin(SOURCE).unwrap(), packed.begin(SOURCE).unwrap());
        let (mut wanted, mut got) = (StepOutput::default(), StepOutput::default());
        for token in [1, 5, 3, 4] {
            let tokens = vec![token; SOURCE.lengths.len()];
            exact = model.step(&tokens, exact, &mut wanted).unwrap();
            rough = packed.step(&tokens, rough, &mut got).unwrap();
            for (wanted, got) in wanted.log_probs().iter().zip(&got.log_probs()) {
                let apart = (wanted - got).abs();
                assert!(apart < 0.1, "{name}: {wanted} and {got}");
                largest = largest.max(apart);
            }
        }
    }
    assert!(largest > 1e-5, "something is rounded");
}

#[test]
fn networks_that_copy_or_count_coverage_are_not_packed() {
    let kept = packable().map(|(name, _)| name).collect::<Vec<_>>();
    for (name, config) in all() {
        let packed = PackedSeq2Seq::new(&build(&config, &Device::flex()), Precision::F32);
        let Err(error) = packed else {
            assert!(kept.contains(&name), "{name}");
            continue;
        };
        assert!(!kept.contains(&name), "{name}");
        let message = error.to_string();
        let option = if config.copy {
            "`copy`"
        } else {
            "`attention.coverage`"
        };
        assert!(message.contains(option), "{message}");
        assert!(message.contains("keep to its weights in f32"), "{message}");
    }
}

#[test]
fn packed_weights_refuse_a_token_that_is_none() {
    let (_, config) = all().remove(0);
    let packed = PackedSeq2Seq::new(&build(&config, &Device::flex()), Precision::F32).unwrap();
    let state = packed.begin(row(SOURCE, 0)).unwrap();
    let mut output = StepOutput::default();
    let error = packed
        .step(&[1_000_000], state.clone(), &mut output)
        .unwrap_err();
    assert!(error.to_string().contains("tokens"), "{error}");
    let error = packed.step(&[1, 1], state, &mut output).unwrap_err();
    assert!(error.to_string().contains("should be 1, got 2"), "{error}");
}

/// The sources of [`SOURCE`] again and again.
fn repeated(rows: usize) -> (Vec<u32>, Vec<usize>) {
    let width = SOURCE.ids.len() / SOURCE.lengths.len();
    let ids = SOURCE.ids.iter().cycle().take(rows * width);
    let lengths = SOURCE.lengths.iter().cycle().take(rows);
    (ids.copied().collect(), lengths.copied().collect())
}

#[test]
fn many_sources_are_found_the_same_on_any_number_of_threads() {
    let (ids, lengths) = repeated(37);
    let source = Tokens {
        ids: &ids,
        lengths: &lengths,
    };
    let all_ends = BeamConfig {
        width: 4,
        ends: Ends::All,
        ..BeamConfig::default()
    };
    for search in [
        Search::Beam(all_ends),
        Search::Sample(SampleConfig::default()),
    ] {
        let config = DecodeConfig {
            search,
            max_len: 5,
            ..DecodeConfig::default()
        };
        for (name, network) in packable() {
            let model = build(&network, &Device::flex());
            let packed = PackedSeq2Seq::new(&model, Precision::F32).unwrap();
            let on = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                (pool.build().unwrap()).install(|| found(&packed, source, &config))
            };
            let alone = on(1);
            assert_eq!(alone.len(), 37);
            assert!(on(2) == alone && on(5) == alone, "{name}");
            let whole = found(&model, source, &config);
            for (packed, whole) in alone.iter().flatten().zip(whole.iter().flatten()) {
                assert_eq!(packed.ids, whole.ids, "{name}");
            }
        }
    }
}

#[test]
fn a_large_vocabulary_is_searched_by_its_peaks_as_it_is_without() {
    let (name, network) = packable().last().unwrap();
    let model = network
        .build([300, 300], &mut rng(3, 0), &Device::flex())
        .unwrap();
    let packed = PackedSeq2Seq::new(&model, Precision::F32).unwrap();
    let symbols = Symbols {
        eos: 2,
        banned: (0..300).step_by(7).filter(|&id| id != 2).collect(),
    };
    let config = DecodeConfig {
        block_ngram: 1,
        min_len: 2,
        ..beam(5, 5)
    };
    let wanted = search(&model, SOURCE, 3, &symbols, &config);
    let got = search(&packed, SOURCE, 3, &symbols, &config);
    let (wanted, got) = (wanted.unwrap().concat(), got.unwrap().concat());
    assert_eq!(got.len(), 15);
    for (wanted, got) in wanted.iter().zip(&got) {
        assert_eq!(wanted.ids, got.ids, "{name}");
        assert!((wanted.log_prob - got.log_prob).abs() < 1e-4, "{name}");
        assert!(got.ids.iter().all(|id| id % 7 != 0));
    }
}

#[test]
fn a_state_of_another_number_of_rows_is_refused() {
    let (_, network) = packable().next().unwrap();
    let model = build(&network, &Device::flex());
    let packed = PackedSeq2Seq::new(&model, Precision::F32).unwrap();
    let symbols = Symbols {
        eos: 2,
        banned: Vec::new(),
    };
    for count in [1, 64] {
        for refused in [
            search(&model, SOURCE, count, &symbols, &beam(2, 1)),
            search(&packed, SOURCE, count, &symbols, &beam(2, 1)),
        ] {
            let message = refused.unwrap_err().to_string();
            assert!(message.starts_with("decode: `state`"), "{message}");
            assert!(message.ends_with("got 3"), "{message}");
        }
    }
}
