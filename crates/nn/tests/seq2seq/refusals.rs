//! What cannot work is refused by name.

use crate::case::{INPUT, LABELS, SOURCE, VOCAB_SIZE, build, config};
use recurra_nn::seq2seq::{
    AttentionConfig, Bridge, LossOptions, Query, Score, Seq2SeqConfig, Tied, Tokens,
};
use recurra_nn::{CellName, Device, DropoutMask, LayerConfig, Merge, Mode, StackConfig, rng};

fn refusal(config: &Seq2SeqConfig, sizes: [usize; 2]) -> String {
    let refused = config.build(sizes, &mut rng(0, 0), &Device::flex());
    refused.unwrap_err().to_string()
}

fn refused(change: impl FnOnce(&mut Seq2SeqConfig)) -> String {
    let mut config = config(CellName::Gru);
    change(&mut config);
    refusal(&config, [VOCAB_SIZE, VOCAB_SIZE])
}

#[test]
fn a_context_must_go_somewhere() {
    let message = refused(|config| {
        config.attention = Some(AttentionConfig {
            score: Score::General {},
            query: Query::Top,
            coverage: false,
        });
    });
    assert_eq!(
        message,
        "`readout_size`: expected a width: nothing else would take the context up, got none"
    );
    let message = refused(|config| {
        config.decoder = StackConfig::uniform(LayerConfig::new(CellName::Gru, 6), 1);
        config.attention = Some(AttentionConfig {
            score: Score::General {},
            query: Query::Bottom,
            coverage: false,
        });
    });
    assert!(message.contains("`readout_size`"), "{message}");
}

#[test]
fn widths_must_fit() {
    let message = refused(|config| {
        config.readout_size = Some(5);
        config.decoder.layer.as_mut().unwrap().hidden_size = 7;
        config.attention = Some(AttentionConfig {
            score: Score::Dot {},
            query: Query::Top,
            coverage: false,
        });
    });
    assert!(
        message.contains("`attention.score`: expected `general`"),
        "{message}"
    );
    let message = refused(|config| config.tied = Tied::Output);
    assert_eq!(
        message,
        "`tied`: expected `readout_size` of 5, the embeddings' width, got 6"
    );
    let message = refused(|config| config.decoder.residual_from = Some(1));
    assert!(message.contains("`decoder.residual_from`"), "{message}");
    let message = refused(|config| {
        config.bridge = Bridge::Copy;
        config.decoder.num_layers = Some(3);
    });
    assert!(
        message.contains("`bridge`: expected `dense` or `zero`"),
        "{message}"
    );
    let mut tied = config(CellName::Gru);
    tied.tied = Tied::Embeddings;
    assert_eq!(
        refusal(&tied, [9, 10]),
        "`tied`: expected one vocabulary for both sides, got 9 and 10 tokens"
    );
}

#[test]
fn options_without_meaning_are_refused() {
    let message = refused(|config| config.input_feeding = true);
    assert!(message.contains("`input_feeding`"), "{message}");
    let message = refused(|config| {
        config.decoder.layer.as_mut().unwrap().bidirectional = Some(Merge::Concat);
    });
    assert!(message.contains("`decoder.bidirectional`"), "{message}");
    let message = refused(|config| config.decoder.layer_norm = true);
    assert!(message.contains("`decoder.layer_norm`"), "{message}");
    let message = refused(|config| config.decoder.highway_from = Some(2));
    assert!(message.contains("`decoder.highway_from`"), "{message}");
    let message = refused(|config| config.decoder.dropout_mask = DropoutMask::Sequence);
    assert!(message.contains("`decoder.dropout_mask`"), "{message}");
    let fed = |change: fn(&mut LayerConfig)| {
        refused(|config| {
            config.input_feeding = true;
            config.readout_size = Some(5);
            change(config.decoder.layer.as_mut().unwrap());
        })
    };
    let message = fed(|layer| layer.weight_drop = Some(0.5));
    assert!(message.contains("`decoder.weight_drop`"), "{message}");
    let message = fed(|layer| layer.recurrent_dropout = Some(0.5));
    assert!(message.contains("`decoder.recurrent_dropout`"), "{message}");
    let message = refused(|config| {
        config.decoder.num_layers = Some(1);
        config.decoder.dropout = 0.5;
    });
    assert!(message.contains("`decoder.dropout`"), "{message}");
    for bad in [-0.1, 1.0] {
        let message = refused(|config| config.embedding_dropout = bad);
        assert!(message.contains("`embedding_dropout`"), "{message}");
        let message = refused(|config| config.readout_dropout = bad);
        assert!(message.contains("`readout_dropout`"), "{message}");
    }
    assert!(refused(|config| config.embed_size = 0).contains("`embed_size`"));
    assert!(refused(|config| config.readout_size = Some(0)).contains("`readout_size`"));
}

#[test]
fn copying_and_coverage_need_what_they_work_on() {
    let message = refused(|config| config.copy = true);
    assert_eq!(
        message,
        "`copy`: expected `attention` beside it: what is attended to is copied, got none"
    );
    let attends = |score, coverage| {
        Some(AttentionConfig {
            score,
            query: Query::Bottom,
            coverage,
        })
    };
    let mut separate = config(CellName::Gru);
    separate.copy = true;
    separate.attention = attends(Score::General {}, false);
    assert_eq!(
        refusal(&separate, [9, 10]),
        "`copy`: expected one vocabulary for both sides: a token is copied by its id, got 9 and \
         10 tokens"
    );
    let message = refused(|config| config.attention = attends(Score::General {}, true));
    assert_eq!(
        message,
        "`attention.coverage`: expected the score `additive` beside it, got `general`"
    );
    let additive = Score::Additive {
        key_size: 3,
        normed: false,
    };
    let message = refused(|config| {
        config.attention = attends(additive, true);
        config.decoder.layer.as_mut().unwrap().recurrent_dropout = Some(0.5);
    });
    assert!(message.contains("`decoder.recurrent_dropout`"), "{message}");
    assert!(message.contains("`attention.coverage`"), "{message}");
}

#[test]
fn ids_and_lengths_must_fit() {
    let model = build(&config(CellName::Gru), &Device::flex());
    let loss = |source, input, options| {
        let loss = model.loss(source, input, LABELS, options, Mode::Eval);
        loss.unwrap_err().to_string()
    };
    let options = LossOptions::default();
    let ragged = Tokens {
        ids: &[4, 5, 6, 7],
        lengths: &[1, 1, 1],
    };
    let message = loss(ragged, INPUT, options);
    assert!(message.starts_with("seq2seq: `source`"), "{message}");
    let unknown = Tokens {
        ids: &[4, 5, 99],
        lengths: &[1, 1, 1],
    };
    let message = loss(unknown, INPUT, options);
    assert!(message.contains("ids below vocab_size = 9"), "{message}");
    let fewer = Tokens {
        ids: &[1, 4],
        lengths: &[1, 1],
    };
    assert!(!loss(SOURCE, fewer, options).is_empty());
    let rate = LossOptions {
        teacher_forcing_rate: 1.5,
        ..options
    };
    assert!(loss(SOURCE, INPUT, rate).contains("`loss.teacher_forcing_rate`"));
    let smoothing = LossOptions {
        label_smoothing: -0.5,
        ..options
    };
    assert!(loss(SOURCE, INPUT, smoothing).contains("`loss.label_smoothing`"));
}
