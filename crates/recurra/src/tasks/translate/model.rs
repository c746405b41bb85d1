//! The network: its loss, its translations, its description.

use super::config::{DecodeOptions, Recipe};
use super::data::{Corpus, Examples, Row};
use super::pairs::Pairs;
use super::vocabs::Vocabs;
use crate::Error;
use crate::network::{Network, Part};
use crate::quantize::Stepper;
use crate::report::graph::{Asks, AttentionLabel, Graph, Readout, Topology};
use recurra_data::{Specials, TokenBatch, TokenId};
use recurra_nn::decode::{Hypothesis, Start, StepOutput, Symbols, decode};
use recurra_nn::seq2seq::{EncoderDecoder, LossOptions, PackedSeq2Seq, Query, Seq2Seq, Tokens};
use recurra_nn::streaming::Precision;
use recurra_nn::{Device, Mode, NnError, Tensor};
use recurra_train::{Run, Stream};

/// Draws the weights.
pub(super) fn build(recipe: &Recipe, vocabs: &Vocabs, device: &Device) -> Result<Seq2Seq, NnError> {
    let mut rng = Stream::Weights.rng(recipe.train.seed);
    recipe.model.build(vocabs.sizes(), &mut rng, device)
}

fn tokens(batch: &TokenBatch) -> Tokens<'_> {
    Tokens {
        ids: &batch.ids,
        lengths: &batch.lengths,
    }
}

/// Mean cross-entropy of the targets in nats, shape `[1]`.
pub(super) fn loss(
    model: &Seq2Seq,
    rows: &[&Row],
    options: LossOptions,
    mode: Mode<'_>,
) -> Result<Tensor<1>, NnError> {
    let examples = Examples::new(rows).expect("pairs have units on both sides and no specials");
    let input = tokens(examples.target.decoder_input());
    let labels = tokens(examples.target.labels());
    model.loss(tokens(&examples.source), input, labels, options, mode)
}

/// A network as it decodes.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for a run, and it is handles to weights far larger than itself"
)]
pub(super) enum Translator {
    /// By tensor operations, in f32: what the kernels for single steps do not know.
    Unpacked(Seq2Seq),
    /// The decoder packed for single steps, in any precision.
    Packed(PackedSeq2Seq),
}

impl Translator {
    /// With weights that are rounded to `precision` already.
    ///
    /// # Errors
    /// [`NnError::CannotStream`] or [`NnError::CannotPack`] for a network with options that the
    /// kernels do not know, in fewer bits than f32.
    pub(super) fn new(network: Seq2Seq, precision: Precision) -> Result<Self, NnError> {
        match PackedSeq2Seq::new(&network, precision) {
            Ok(packed) => Ok(Self::Packed(packed)),
            Err(NnError::CannotStream { .. } | NnError::CannotPack { .. })
                if precision == Precision::F32 =>
            {
                Ok(Self::Unpacked(network))
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn network(&self) -> &Seq2Seq {
        match self {
            Self::Unpacked(network) => network,
            Self::Packed(packed) => packed.network(),
        }
    }

    /// The best translations of each source, best first; no source may be empty. Where random
    /// numbers are drawn, source `n` draws those of `stream + n`.
    pub(super) fn translate(
        &self,
        sources: &[&[TokenId]],
        options: &DecodeOptions,
        stream: u64,
    ) -> Result<Vec<Vec<Hypothesis>>, NnError> {
        match self {
            Self::Unpacked(network) => translate(network, sources, options, stream),
            Self::Packed(packed) => translate(packed, sources, options, stream),
        }
    }
}

impl Stepper for Translator {
    fn precision(&self) -> Precision {
        match self {
            Self::Unpacked(_) => Precision::F32,
            Self::Packed(packed) => packed.precision(),
        }
    }

    fn make_steps(&self, count: usize) -> Result<(), NnError> {
        match self {
            Self::Unpacked(network) => make_steps(network, count),
            Self::Packed(packed) => make_steps(packed, count),
        }
    }
}

/// Writes `count` pieces, whatever they are, from a source of usual length.
fn make_steps(model: &impl EncoderDecoder, count: usize) -> Result<(), NnError> {
    const SOURCE_LEN: usize = 16;
    let bos = Specials::STANDARD.bos;
    let source = Tokens {
        ids: &[bos; SOURCE_LEN],
        lengths: &[SOURCE_LEN],
    };
    let (mut state, mut output) = (model.begin(source)?, StepOutput::default());
    for _ in 0..count {
        state = model.step(&[bos], state, &mut output)?;
    }
    Ok(())
}

fn translate(
    model: &impl EncoderDecoder,
    sources: &[&[TokenId]],
    options: &DecodeOptions,
    stream: u64,
) -> Result<Vec<Vec<Hypothesis>>, NnError> {
    let Specials { pad, bos, eos, unk } = Specials::STANDARD;
    let batch = TokenBatch::pad(sources, pad).expect("there are sources, and none is empty");
    let symbols = Symbols {
        eos,
        banned: match options.replace_unknown {
            true => vec![pad, bos],
            false => vec![pad, bos, unk],
        },
    };
    let start = |(stream, _)| Start {
        stream,
        ..Start::new(bos)
    };
    let starts: Vec<Start> = (stream..).zip(sources).map(start).collect();
    let state = model.begin(tokens(&batch))?;
    decode(model, state, &starts, &symbols, &options.config())
}

/// The layers of a recipe, or of a run, whose vocabularies are known already: the encoder's, then
/// the decoder's. Of subwords a recipe has as many as it allows at most.
pub(super) fn describe(recipe: &Recipe, run: Option<&Run>) -> Result<Vec<Network>, Error> {
    let config = &recipe.data;
    let learnt = [&config.source, &config.target].map(|side| side.pieces.are_learnt());
    let sizes = match run {
        Some(run) => Vocabs::read(run)?.sizes(),
        None if learnt == [true, true] => [config.source.vocab_size, config.target.vocab_size],
        None => Corpus::new(recipe, Pairs::read(recipe)?)?.vocabs.sizes(),
    };
    let model = recipe.model.summary(sizes)?;
    let part = |name: &str, input_size: usize, output_size: usize, num_params: usize| Part {
        name: name.to_owned(),
        input_size,
        output_size,
        num_params,
    };
    let embedding = |side: usize, num_params: usize| {
        part("embedding", sizes[side], model.embed_size, num_params)
    };
    let between = model.encoder_between_params;
    let encoder = Network {
        name: "encoder".to_owned(),
        topology: Topology::ManyToManyEncoderDecoder,
        input: "source".to_owned(),
        output: "target".to_owned(),
        steps: 4,
        front: vec![embedding(0, sizes[0] * model.embed_size)],
        layers: model.encoder.clone(),
        readout: Readout::State,
        head: (between > 0)
            .then(|| {
                part(
                    "between layers",
                    model.memory_size,
                    model.memory_size,
                    between,
                )
            })
            .into_iter()
            .collect(),
    };
    let mut head = Vec::new();
    if let Some([width, weights]) = model.bridge {
        head.push(part("bridge", model.memory_size, width, weights));
    }
    if let Some([query_size, weights]) = model.attention {
        head.push(part("attention", query_size, model.memory_size, weights));
    }
    if let Some([width, weights]) = model.generation_gate {
        head.push(part("generation gate", width, 1, weights));
    }
    if let Some([width, size, weights]) = model.readout {
        head.push(part("readout", width, size, weights));
    }
    let weights = model.output_params;
    head.push(part("linear", model.output_size, sizes[1], weights));
    let decoder = Network {
        name: "decoder".to_owned(),
        front: vec![embedding(1, model.target_embedding_params)],
        layers: model.decoder.clone(),
        head,
        ..encoder.clone()
    };
    Ok(vec![encoder, decoder])
}

/// Both halves in one picture, which is that of either.
pub(super) fn graphs(recipe: &Recipe, networks: &[Network]) -> Vec<Graph> {
    let [encoder, decoder] = networks else {
        return networks.iter().map(Network::graph).collect();
    };
    let attention = recipe.model.attention.as_ref();
    let attention = attention.map(|attention| AttentionLabel {
        name: format!(
            "{} attention{}",
            attention.score.name(),
            match (attention.coverage, recipe.model.copy) {
                (false, false) => "",
                (true, false) => " with coverage",
                (false, true) => ", copying",
                (true, true) => " with coverage, copying",
            }
        ),
        asks: match attention.query {
            Query::Top => Asks::Top,
            Query::Bottom => Asks::Bottom,
            Query::Previous => Asks::BottomBefore,
        },
    });
    vec![encoder.graph_with(decoder, attention); networks.len()]
}
