//! What an encoder-decoder is made of, without its weights.

use super::bridge::state_size;
use super::{AttentionConfig, Bridge, Query, Score, Seq2SeqConfig};
use crate::cell::InitConfig;
use crate::{
    CellName, Device, Initialiser, LayerConfig, LayerSummary, NnError, Shortcut, StackConfig, rng,
};
use std::collections::BTreeMap;

/// The parts of an encoder-decoder; numbers are weights unless they are widths.
#[derive(Debug, Clone)]
pub struct Seq2SeqSummary {
    /// Tokens of the source and of the target.
    pub vocab_sizes: [usize; 2],
    /// Width of the embeddings.
    pub embed_size: usize,
    /// Of the target's embedding; 0 where it is the source's.
    pub target_embedding_params: usize,
    /// The layers that read, from the bottom up.
    pub encoder: Vec<LayerSummary>,
    /// Between and past the encoder's layers: norms and highways.
    pub encoder_between_params: usize,
    /// Width of what the encoder hands over.
    pub memory_size: usize,
    /// Width that a dense bridge makes, and its weights.
    pub bridge: Option<[usize; 2]>,
    /// The layers that write.
    pub decoder: Vec<LayerSummary>,
    /// Width of the query, and weights, of attention.
    pub attention: Option<[usize; 2]>,
    /// Widths of the readout's input and output, and its weights.
    pub readout: Option<[usize; 3]>,
    /// Width of what decides between saying and copying, and its weights.
    pub generation_gate: Option<[usize; 2]>,
    /// Width of what the logits are made of.
    pub output_size: usize,
    /// Of the map to logits, where it is not the embedding's alone.
    pub output_params: usize,
}

/// The same layer with zeros for weights: drawing an orthogonal matrix takes its time.
fn plain(config: &LayerConfig) -> LayerConfig {
    let squares = [CellName::Rnn, CellName::Lstm, CellName::Gru];
    LayerConfig {
        init: Some(InitConfig {
            input: Initialiser::Constant(0.0),
            recurrent: squares
                .contains(&config.cell)
                .then_some(Initialiser::Constant(0.0)),
            bias: Initialiser::Constant(0.0),
        }),
        ..config.clone()
    }
}

/// Layers by what they are, so that of many alike one is built.
#[derive(Default)]
struct Workshop {
    known: BTreeMap<String, (LayerSummary, usize)>,
}

impl Workshop {
    /// Builds a layer, describes it and the width of its state, and throws it away.
    fn describe(
        &mut self,
        config: &LayerConfig,
        input_size: usize,
        shortcut: Shortcut,
    ) -> Result<(LayerSummary, usize), NnError> {
        let key = format!("{input_size} {config:?}");
        if let Some((known, state_size)) = self.known.get(&key) {
            let summary = LayerSummary {
                shortcut,
                ..known.clone()
            };
            return Ok((summary, *state_size));
        }
        let layer = plain(config).build(input_size, &mut rng(0, 0), &Device::flex())?;
        let state_size: usize = state_size(&layer).iter().sum();
        let described = (LayerSummary::of(&layer, shortcut), state_size);
        self.known.insert(key, described.clone());
        Ok(described)
    }
}

impl Seq2SeqConfig {
    /// Describes the network for vocabularies of these sizes. No more than one of its layers is
    /// in memory at a time, so that a network can be looked at that would not fit.
    ///
    /// # Errors
    /// [`NnError::Config`] or [`NnError::ForeignOption`] naming the key at fault.
    pub fn summary(&self, vocab_sizes: [usize; 2]) -> Result<Seq2SeqSummary, NnError> {
        self.validate()?;
        let mut workshop = Workshop::default();
        let shortcut = |stack: &StackConfig, index: usize| {
            let from = |from: Option<usize>| from.is_some_and(|from| index + 1 >= from);
            match (from(stack.residual_from), from(stack.highway_from)) {
                (true, _) => Shortcut::Residual,
                (_, true) => Shortcut::Highway,
                _ => Shortcut::None,
            }
        };
        let mut encoder: Vec<LayerSummary> = Vec::new();
        let mut between = 0;
        let layers = self.encoder.expanded()?;
        for (index, layer) in layers.iter().enumerate() {
            let width = encoder
                .last()
                .map_or(self.embed_size, |below| below.output_size);
            let past = shortcut(&self.encoder, index);
            let (summary, _) = workshop.describe(layer, width, past)?;
            if past == Shortcut::Highway {
                between += width * width + width;
            }
            if self.encoder.layer_norm && index + 1 < layers.len() {
                between += 2 * summary.output_size;
            }
            encoder.push(summary);
        }
        let memory_size = encoder.last().map_or(0, |top| top.output_size);
        let query = self.attention.as_ref().map(|attention| attention.query);
        let context_size = query.map_or(0, |_| memory_size);
        let to_layers = match query {
            Some(Query::Bottom | Query::Previous) => context_size,
            Some(Query::Top) | None => 0,
        };
        let fed = match self.input_feeding {
            true => self.readout_size.unwrap_or(0),
            false => 0,
        };
        let mut decoder: Vec<LayerSummary> = Vec::new();
        let mut states = 0;
        for (index, layer) in self.decoder.expanded()?.iter().enumerate() {
            let width = match decoder.last() {
                None => self.embed_size + fed,
                Some(below) => below.output_size + to_layers,
            };
            let past = shortcut(&self.decoder, index);
            let (summary, state_size) = workshop.describe(layer, width, past)?;
            states += state_size;
            decoder.push(summary);
        }
        let top = decoder.last().map_or(0, |top| top.output_size);
        let bottom = decoder.first().map_or(0, |bottom| bottom.output_size);
        let attention = self.attention.as_ref().map(|attention| {
            let query_size = match attention.query {
                Query::Top => top,
                Query::Bottom | Query::Previous => bottom,
            };
            [query_size, attention.num_params(query_size, memory_size)]
        });
        let readout = self.readout_size.map(|size| {
            let width = top + context_size;
            [width, size, width * size + size]
        });
        let generation_gate = self.copy.then(|| {
            let width = context_size + top + self.embed_size + fed;
            [width, width + 1]
        });
        let output_size = self.readout_size.unwrap_or(top);
        let [_, target_vocab_size] = vocab_sizes;
        Ok(Seq2SeqSummary {
            vocab_sizes,
            embed_size: self.embed_size,
            target_embedding_params: match self.tied.embeddings() {
                true => 0,
                false => target_vocab_size * self.embed_size,
            },
            encoder_between_params: between,
            bridge: (self.bridge == Bridge::Dense).then(|| [states, states * memory_size + states]),
            attention,
            readout,
            generation_gate,
            output_size,
            output_params: match self.tied.output() {
                true => target_vocab_size,
                false => target_vocab_size * (output_size + 1),
            },
            encoder,
            memory_size,
            decoder,
        })
    }
}

impl AttentionConfig {
    fn num_params(&self, query_size: usize, memory_size: usize) -> usize {
        match self.score {
            Score::Additive { key_size, normed } => {
                let norms = if normed { key_size + 1 } else { 0 };
                let coverage = if self.coverage { key_size } else { 0 };
                key_size * (query_size + memory_size + 1) + norms + coverage
            }
            Score::Dot {} | Score::Scaled {} => 0,
            Score::General {} => query_size * memory_size,
        }
    }
}

impl Seq2SeqSummary {
    /// All weights together.
    pub fn num_params(&self) -> usize {
        let layers = self.encoder.iter().chain(&self.decoder);
        self.vocab_sizes[0] * self.embed_size
            + self.target_embedding_params
            + layers.map(|layer| layer.num_params).sum::<usize>()
            + self.encoder_between_params
            + self.bridge.map_or(0, |[_, weights]| weights)
            + self.attention.map_or(0, |[_, weights]| weights)
            + self.readout.map_or(0, |[_, _, weights]| weights)
            + self.generation_gate.map_or(0, |[_, weights]| weights)
            + self.output_params
    }
}
