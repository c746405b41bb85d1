//! Captions from English to German: a GRU in both directions, a GRU that writes, additive attention.

use crate::{Result, Task, data};
use recurra_nn::decode::{BeamConfig, DecodeConfig, Search, Start, Symbols, decode};
use recurra_nn::seq2seq::{
    AttentionConfig, Bridge, EncoderDecoder, LossOptions, PackedSeq2Seq, Query, Score, Seq2Seq,
    Seq2SeqConfig, Tied, Tokens,
};
use recurra_nn::streaming::Precision;
use recurra_nn::{
    CellName, Device, LayerConfig, Merge, Mode, NnError, Stack, StackConfig, Tensor, rng, torch,
    weights,
};
use std::path::Path;

const VOCAB_SIZE: usize = 8_000;
const WIDTH: usize = 256;
const BATCH_SIZE: usize = 64;
const MAX_LEN: usize = 50;
const BOS: u32 = 1;
const EOS: u32 = 2;

/// Rows of tokens, padded to `MAX_LEN`.
struct Rows {
    ids: Vec<u32>,
    lengths: Vec<usize>,
}

impl Rows {
    fn open(folder: &Path, side: &str) -> Result<Self> {
        let lengths = data::numbers(folder, &format!("{side}-lengths.u32"))?;
        Ok(Self {
            ids: data::numbers(folder, &format!("{side}.u32"))?,
            lengths: lengths.into_iter().map(|length| length as usize).collect(),
        })
    }

    /// A batch, `first` before each row instead of its last token where it is given, as long as
    /// its longest row.
    fn batch(&self, update: usize, first: Option<u32>) -> (Vec<u32>, &[usize]) {
        let rows = update * BATCH_SIZE..((update + 1) * BATCH_SIZE).min(self.lengths.len());
        let lengths = &self.lengths[rows.clone()];
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let tokens = self.ids[rows.start * MAX_LEN..rows.end * MAX_LEN].chunks(MAX_LEN);
        let row = |row: &[u32]| match first {
            None => row[..longest].to_vec(),
            Some(first) => [&[first], &row[..longest - 1]].concat(),
        };
        (tokens.flat_map(row).collect(), lengths)
    }
}

pub(crate) struct Translation {
    source: Rows,
    target: Rows,
}

fn config() -> Seq2SeqConfig {
    let layer = LayerConfig::new(CellName::Gru, WIDTH);
    let mut both = layer.clone();
    both.bidirectional = Some(Merge::Concat);
    Seq2SeqConfig {
        embed_size: WIDTH,
        encoder: StackConfig::uniform(both, 1),
        decoder: StackConfig::uniform(layer, 1),
        bridge: Bridge::Dense,
        attention: Some(AttentionConfig {
            score: Score::Additive {
                key_size: WIDTH,
                normed: false,
            },
            query: Query::Top,
            coverage: false,
        }),
        input_feeding: false,
        readout_size: Some(WIDTH),
        copy: false,
        tied: Tied::None,
        embedding_dropout: 0.0,
        memory_dropout: 0.0,
        readout_dropout: 0.0,
    }
}

/// What PyTorch's side calls one of our tensors outside the recurrent layers.
fn theirs(ours: &str) -> String {
    for (end, name) in [
        ("w_query", "query.weight"),
        ("w_memory", "keys.weight"),
        (".vector", "vector"),
    ] {
        if ours.ends_with(end) {
            return name.to_owned();
        }
    }
    ours.replace("dense_bridge.hidden.0", "bridge")
        .replace("decoder.readout", "readout")
}

impl Translation {
    /// The model with its initial weights, and its data.
    pub(crate) fn open(folder: &Path) -> Result<(Seq2Seq, Self)> {
        let device = &Device::flex().autodiff();
        let mut rng = rng(1, 0);
        let mut model = config().build([VOCAB_SIZE; 2], &mut rng, device)?;
        let path = folder.join("weights.safetensors");
        let origin = path.display().to_string();
        let found = torch::read(&path)?;
        model.encoder = torch::load(model.encoder.clone(), &found, "encoder.", &origin)?;
        // A decoder's layers are those of a stack that reads what it reads.
        let writer = StackConfig::uniform(LayerConfig::new(CellName::Gru, WIDTH), 1);
        let writer: Stack = writer.build(WIDTH, &mut rng, device)?;
        model.decoder.layers = torch::load(writer, &found, "decoder.", &origin)?.layers;
        let tensors = weights::export(&model).into_iter().map(|ours| {
            let name = theirs(&ours.name);
            match found.iter().find(|tensor| tensor.name == name) {
                Some(tensor) => weights::NamedTensor {
                    values: tensor.values.clone(),
                    ..ours
                },
                None => ours,
            }
        });
        let tensors = tensors.collect();
        let data = Self {
            source: Rows::open(folder, "source")?,
            target: Rows::open(folder, "target")?,
        };
        Ok((weights::import(model, tensors, &origin)?, data))
    }
}

/// Translates batches of sources with a beam of 5, each hypothesis as long as the other; the
/// number of tokens that came out. The weights are as they were drawn.
pub(crate) fn search(
    folder: &Path,
    precision: Precision,
) -> Result<impl FnMut(usize) -> Result<f64>> {
    const STEPS: usize = 20;
    let model = Seq2SeqConfig {
        input_feeding: true,
        ..config()
    };
    let model = model.build([VOCAB_SIZE; 2], &mut rng(1, 0), &Device::flex())?;
    // As a run translates.
    let model = PackedSeq2Seq::new(&model, precision)?;
    let source = Rows::open(folder, "source")?;
    let config = DecodeConfig {
        search: Search::Beam(BeamConfig {
            width: 5,
            ..BeamConfig::default()
        }),
        min_len: STEPS,
        max_len: STEPS,
        ..DecodeConfig::default()
    };
    let symbols = Symbols {
        eos: EOS,
        banned: vec![0, BOS],
    };
    Ok(move |batches| {
        let mut said = 0;
        for batch in 0..batches {
            let (ids, lengths) = source.batch(batch, None);
            let state = model.begin(Tokens { ids: &ids, lengths })?;
            let starts = vec![Start::new(BOS); lengths.len()];
            let found = decode(&model, state, &starts, &symbols, &config)?;
            said += found
                .iter()
                .flatten()
                .map(|one| one.ids.len())
                .sum::<usize>();
        }
        Ok(said as f64)
    })
}

impl Task for Translation {
    type Model = Seq2Seq;

    fn loss(&mut self, model: &Seq2Seq, update: usize) -> std::result::Result<Tensor<1>, NnError> {
        let (source, source_lengths) = self.source.batch(update, None);
        let (labels, target_lengths) = self.target.batch(update, None);
        let (input, _) = self.target.batch(update, Some(BOS));
        let tokens = |ids, lengths| Tokens { ids, lengths };
        model.loss(
            tokens(&source, source_lengths),
            tokens(&input, target_lengths),
            tokens(&labels, target_lengths),
            LossOptions::default(),
            Mode::Eval,
        )
    }
}
