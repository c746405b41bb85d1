//! The network: its loss, its translations, its description.

use super::config::Recipe;
use super::data::{Corpus, Examples, Pairs, Row, Vocabs};
use crate::Error;
use crate::network::{Network, Part};
use crate::report::graph::Topology;
use crate::tasks::device;
use burn::module::Module;
use recurra_data::{Specials, TokenBatch, TokenId};
use recurra_nn::decode::{DecodeConfig, Hypothesis, Start, Symbols, decode};
use recurra_nn::seq2seq::{LossOptions, Seq2Seq, Tokens};
use recurra_nn::{Device, Embedding, Mode, NnError, Tensor};
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

/// The best translations of each source, best first; no source may be empty.
pub(super) fn translate(
    model: &Seq2Seq,
    sources: &[&[TokenId]],
    config: &DecodeConfig,
) -> Result<Vec<Vec<Hypothesis>>, NnError> {
    let Specials { pad, bos, eos, unk } = Specials::STANDARD;
    let batch = TokenBatch::pad(sources, pad).expect("there are sources, and none is empty");
    let symbols = Symbols {
        eos,
        banned: vec![pad, bos, unk],
    };
    let starts = vec![Start::new(bos); sources.len()];
    let state = model.begin(tokens(&batch))?;
    decode(model, state, &starts, &symbols, config)
}

/// The layers of a recipe, or of a run, whose vocabularies are known already.
pub(crate) fn describe(recipe: &Recipe, run: Option<&Run>) -> Result<Vec<Network>, Error> {
    let vocabs = match run {
        Some(run) => Vocabs::read(run)?,
        None => Corpus::new(recipe, Pairs::read(&recipe.data)?)?.vocabs,
    };
    let model = build(recipe, &vocabs, &device())?;
    let front = |name: &str, embedding: &Embedding| {
        let [vocab_size, embed_size] = embedding.weight.dims();
        Part {
            name: name.to_owned(),
            input_size: vocab_size,
            output_size: embed_size,
            num_params: embedding.num_params(),
        }
    };
    let encoder = Network {
        name: "encoder".to_owned(),
        topology: Topology::ManyToManyEncoderDecoder,
        input: "source".to_owned(),
        output: "target".to_owned(),
        steps: 4,
        front: vec![front("embedding", &model.source_embedding)],
        layers: model.encoder.summary(),
        head: Vec::new(),
    };
    let decoder = &model.decoder;
    let memory_size = model.encoder.output_size();
    let mut head = Vec::new();
    if let Some(bridge) = &model.dense_bridge {
        head.push(Part {
            name: "bridge".to_owned(),
            input_size: memory_size,
            output_size: bridge.hidden.iter().map(|one| one.bias.dims()[0]).sum(),
            num_params: bridge.num_params(),
        });
    }
    if let Some(attention) = &decoder.attention {
        head.push(Part {
            name: "attention".to_owned(),
            input_size: memory_size,
            output_size: memory_size,
            num_params: attention.num_params(),
        });
    }
    if let Some(readout) = &decoder.readout {
        head.push(Part {
            name: "readout".to_owned(),
            ..Part::linear(readout)
        });
    }
    head.push(Part {
        name: "linear".to_owned(),
        input_size: decoder.output_size(),
        output_size: model.target_vocab_size(),
        num_params: model.output.as_ref().map_or(0, Module::num_params)
            + model.output_bias.as_ref().map_or(0, |bias| bias.dims()[0]),
    });
    let decoder = Network {
        name: "decoder".to_owned(),
        front: model
            .target_embedding
            .iter()
            .map(|embedding| front("embedding", embedding))
            .collect(),
        layers: decoder.summary(),
        head,
        ..encoder.clone()
    };
    Ok(vec![encoder, decoder])
}
