//! Networks of every kind, small, and a batch for them.

use recurra_nn::seq2seq::{
    AttentionConfig, Bridge, Query, Score, Seq2Seq, Seq2SeqConfig, Tied, Tokens,
};
use recurra_nn::weights::{self, NamedTensor};
use recurra_nn::{CellName, Device, LayerConfig, Merge, StackConfig, rng};

pub(crate) const VOCAB_SIZE: usize = 9;

/// Three sources, the longest 4 tokens.
pub(crate) const SOURCE: Tokens<'static> = Tokens {
    ids: &[4, 5, 6, 7, 8, 4, 0, 0, 5, 5, 8, 0],
    lengths: &[4, 2, 3],
};
/// Their targets behind the first token, 1.
pub(crate) const INPUT: Tokens<'static> = Tokens {
    ids: &[1, 6, 5, 1, 8, 0, 1, 4, 7],
    lengths: &[3, 2, 3],
};
/// The same before the last token, 2.
pub(crate) const LABELS: Tokens<'static> = Tokens {
    ids: &[6, 5, 2, 8, 2, 0, 4, 7, 2],
    lengths: &[3, 2, 3],
};

/// Row `row` alone, without its padding.
pub(crate) fn row(tokens: Tokens<'static>, row: usize) -> Tokens<'static> {
    let width = tokens.ids.len() / tokens.lengths.len();
    let length = tokens.lengths[row];
    Tokens {
        ids: &tokens.ids[row * width..][..length],
        lengths: &tokens.lengths[row..=row],
    }
}

/// A bidirectional bottom layer and one above; as wide as the decoder's two.
pub(crate) fn config(cell: CellName) -> Seq2SeqConfig {
    let layer = LayerConfig::new(cell, 6);
    let bottom = LayerConfig {
        bidirectional: Some(Merge::Concat),
        ..LayerConfig::new(cell, 3)
    };
    Seq2SeqConfig {
        embed_size: 5,
        encoder: StackConfig {
            layers: vec![bottom, layer.clone()],
            ..StackConfig::default()
        },
        decoder: StackConfig::uniform(layer, 2),
        bridge: Bridge::Dense,
        attention: None,
        input_feeding: false,
        readout_size: None,
        copy: false,
        tied: Tied::None,
        embedding_dropout: 0.0,
        memory_dropout: 0.0,
        readout_dropout: 0.0,
    }
}

fn attention(score: Score, query: Query) -> Option<AttentionConfig> {
    Some(AttentionConfig {
        score,
        query,
        coverage: false,
    })
}

fn covering(attention: Option<AttentionConfig>) -> Option<AttentionConfig> {
    attention.map(|attention| AttentionConfig {
        coverage: true,
        ..attention
    })
}

/// Whether a network attends by what it attended to before.
pub(crate) fn covers(config: &Seq2SeqConfig) -> bool {
    config.attention.as_ref().is_some_and(|one| one.coverage)
}

/// Those of all networks that are packed for single steps.
pub(crate) fn packable() -> impl Iterator<Item = (&'static str, Seq2SeqConfig)> {
    let packable = |(_, config): &(_, Seq2SeqConfig)| !config.copy && !covers(config);
    all().into_iter().filter(packable)
}

/// Every placement, score, bridge, tying and way to copy at least once, with a name.
pub(crate) fn all() -> Vec<(&'static str, Seq2SeqConfig)> {
    let additive = |normed| Score::Additive {
        key_size: 4,
        normed,
    };
    let residual = |mut config: Seq2SeqConfig| {
        config.decoder.residual_from = Some(2);
        config.encoder.residual_from = Some(2);
        config
    };
    vec![
        ("plain", config(CellName::Gru)),
        (
            "copied states",
            Seq2SeqConfig {
                bridge: Bridge::Copy,
                ..config(CellName::Lstm)
            },
        ),
        (
            "Luong",
            Seq2SeqConfig {
                attention: attention(Score::General {}, Query::Top),
                readout_size: Some(5),
                tied: Tied::All,
                ..config(CellName::Lstm)
            },
        ),
        (
            "input feeding",
            Seq2SeqConfig {
                attention: attention(Score::Dot {}, Query::Top),
                readout_size: Some(7),
                input_feeding: true,
                ..config(CellName::Gru)
            },
        ),
        (
            "GNMT",
            residual(Seq2SeqConfig {
                attention: attention(additive(true), Query::Previous),
                bridge: Bridge::Zero,
                ..config(CellName::Lstm)
            }),
        ),
        (
            "GNMT v2",
            residual(Seq2SeqConfig {
                attention: attention(additive(false), Query::Bottom),
                readout_size: Some(5),
                tied: Tied::Output,
                ..config(CellName::Gru)
            }),
        ),
        (
            "coverage",
            Seq2SeqConfig {
                attention: covering(attention(additive(true), Query::Top)),
                readout_size: Some(5),
                ..config(CellName::Gru)
            },
        ),
        (
            "copying",
            Seq2SeqConfig {
                attention: attention(Score::General {}, Query::Bottom),
                copy: true,
                ..config(CellName::Lstm)
            },
        ),
        (
            "pointer-generator",
            Seq2SeqConfig {
                attention: covering(attention(additive(false), Query::Previous)),
                readout_size: Some(5),
                input_feeding: true,
                copy: true,
                tied: Tied::All,
                ..config(CellName::Lstm)
            },
        ),
        (
            "scaled",
            Seq2SeqConfig {
                attention: attention(Score::Scaled {}, Query::Bottom),
                tied: Tied::Embeddings,
                ..config(CellName::Rnn)
            },
        ),
    ]
}

pub(crate) fn build(config: &Seq2SeqConfig, device: &Device) -> Seq2Seq {
    let sizes = [VOCAB_SIZE, VOCAB_SIZE];
    config.build(sizes, &mut rng(3, 0), device).unwrap()
}

/// `model` with its weights moved by `amount` times `direction`.
pub(crate) fn moved(model: &Seq2Seq, direction: &[NamedTensor], amount: f32) -> Seq2Seq {
    let mut tensors = weights::export(model);
    for (tensor, direction) in tensors.iter_mut().zip(direction) {
        for (value, step) in tensor.values.iter_mut().zip(&direction.values) {
            *value += amount * step;
        }
    }
    weights::import(model.clone(), tensors, "moved").unwrap()
}
