//! The network: its loss, its labels, its description.

use super::characters::{CharacterReader, Reader, at_places};
use super::config::{Head, ModelConfig, Recipe};
use super::data::{Batch, Parts, Vocabs};
use super::scheme::constraint;
use super::shape::Shape;
use crate::Error;
use crate::network::{Network, Part};
use crate::report::graph::{Readout, Topology};
use crate::tasks::device;
use burn::module::{Module, Param};
use burn::tensor::TensorData;
use burn::tensor::activation::softmax;
use recurra_nn::loss::{Crf, Labels, TagConstraint, cross_entropy};
use recurra_nn::weights::values;
use recurra_nn::{
    Device, Embedding, Initialiser, Linear, Mode, NnError, Rng, Stack, Tensor, dropout, likeliest,
};
use recurra_train::{Run, Stream};

/// The network of the task.
#[derive(Module, Debug)]
pub(super) struct Tagger {
    /// `[vocab_size, embed_size]`
    pub(super) words: Embedding,
    /// `[shapes, shape_size]`
    pub(super) shapes: Option<Embedding>,
    pub(super) characters: Option<CharacterReader>,
    pub(super) stack: Stack,
    /// `[num_labels, output_size]`
    pub(super) head: Linear,
    pub(super) crf: Option<Crf>,
    #[module(skip)]
    input_dropout: f64,
    #[module(skip)]
    output_dropout: f64,
    #[module(skip)]
    allowed: Option<TagConstraint>,
}

/// Uniform vectors whose expected square is 1, so that those of unlike widths go well beside each
/// other (Ma & Hovy 2016).
pub(super) fn embedding(
    vocab_size: usize,
    embed_size: usize,
    rng: &mut Rng,
    device: &Device,
) -> Embedding {
    let bound = (3.0 / embed_size as f64).sqrt();
    let drawn = Initialiser::Uniform(bound).draw(1, vocab_size, embed_size, rng);
    let data = TensorData::new(drawn, [vocab_size, embed_size]);
    Embedding {
        weight: Param::from_tensor(Tensor::from_data(data, device)),
        padding_id: None,
    }
}

/// Draws the weights.
pub(super) fn build(recipe: &Recipe, vocabs: &Vocabs, device: &Device) -> Result<Tagger, Error> {
    let mut rng = Stream::Weights.rng(recipe.train.seed);
    let rng = &mut rng;
    let ModelConfig {
        embed_size,
        shape_size,
        characters,
        input_dropout,
        output_dropout,
        stack,
        head,
        ..
    } = &recipe.model;
    let words = embedding(vocabs.words.len(), *embed_size, rng, device);
    let shapes = (*shape_size > 0).then(|| embedding(Shape::COUNT, *shape_size, rng, device));
    let characters = match characters {
        Some(model) => Some(model.build(vocabs.letters.len(), rng, device)?),
        None => None,
    };
    let letters_size = characters.as_ref().map_or(0, CharacterReader::output_size);
    let stack = stack.build(embed_size + shape_size + letters_size, rng, device)?;
    let labels = vocabs.labels.tokens();
    Ok(Tagger {
        head: Linear::new(stack.output_size(), labels.len(), rng, device),
        crf: (*head == Head::Crf).then(|| Crf::new(labels.len(), rng, device)),
        words,
        shapes,
        characters,
        stack,
        input_dropout: *input_dropout,
        output_dropout: *output_dropout,
        allowed: constraint(&recipe.data, labels)?,
    })
}

impl Tagger {
    /// Scores of each label at each word, `[batch, seq_len, num_labels]`.
    pub(super) fn emissions(
        &self,
        batch: &Batch,
        mut mode: Mode<'_>,
    ) -> Result<Tensor<3>, NnError> {
        let dims = [batch.lengths.len(), batch.seq_len];
        let mut inputs = vec![self.words.forward(&batch.words, dims)?];
        if let Some(shapes) = &self.shapes {
            inputs.push(shapes.forward(&batch.shapes, dims)?);
        }
        if let Some(characters) = &self.characters {
            let vectors = characters.forward(&batch.spellings, mode.reborrow())?;
            inputs.push(at_places(vectors, &batch.places, dims));
        }
        let inputs = Tensor::cat(inputs, 2);
        let inputs = dropout(inputs, self.input_dropout, mode.reborrow());
        let lengths = Some(&batch.lengths[..]);
        let (outputs, _) = self.stack.forward(inputs, lengths, None, mode.reborrow())?;
        Ok(self
            .head
            .forward(dropout(outputs, self.output_dropout, mode)))
    }

    /// Mean loss of a word in nats, shape `[1]`; every label must be known.
    pub(super) fn loss(&self, emissions: Tensor<3>, batch: &Batch) -> Result<Tensor<1>, NnError> {
        let labels = Labels {
            ids: &batch.labels,
            lengths: &batch.lengths,
        };
        match &self.crf {
            Some(crf) => crf.loss(emissions, labels, self.allowed.as_ref()),
            None => cross_entropy(emissions, labels),
        }
    }

    /// The labels of each row.
    pub(super) fn decode(
        &self,
        emissions: Tensor<3>,
        lengths: &[usize],
    ) -> Result<Vec<Vec<u32>>, NnError> {
        if let Some(crf) = &self.crf {
            return crf.decode(emissions, lengths, self.allowed.as_ref());
        }
        let [_, seq_len, num_labels] = emissions.dims();
        let scores = values(&emissions);
        let rows = scores.chunks(seq_len * num_labels).zip(lengths);
        Ok(rows
            .map(|(row, &len)| {
                let words = row.chunks(num_labels).take(len);
                words.map(|scores| likeliest(scores) as u32).collect()
            })
            .collect())
    }

    /// The probability of each label at each word, row by row: `[len, num_labels]` each.
    pub(super) fn probs(
        &self,
        emissions: Tensor<3>,
        lengths: &[usize],
    ) -> Result<Vec<Vec<f32>>, NnError> {
        if let Some(crf) = &self.crf {
            return crf.marginals(emissions, lengths, self.allowed.as_ref());
        }
        let [_, seq_len, num_labels] = emissions.dims();
        let probs = values(&softmax(emissions, 2));
        let rows = probs.chunks(seq_len * num_labels).zip(lengths);
        Ok(rows
            .map(|(row, &len)| row[..len * num_labels].to_vec())
            .collect())
    }
}

/// The layers of a recipe, or of a run, whose vocabularies are known already.
pub(super) fn describe(recipe: &Recipe, run: Option<&Run>) -> Result<Vec<Network>, Error> {
    let vocabs = match run {
        Some(run) => Vocabs::read(run)?,
        None => Vocabs::new(&Parts::read(recipe)?.train, &recipe.data),
    };
    let model = build(recipe, &vocabs, &device())?;
    let table = |name: &str, embedding: &Embedding| {
        let [input_size, output_size] = embedding.weight.dims();
        Part {
            name: name.to_owned(),
            input_size,
            output_size,
            num_params: embedding.num_params(),
        }
    };
    let mut front = vec![table("word vectors", &model.words)];
    front.extend(model.shapes.iter().map(|shapes| table("shapes", shapes)));
    if let Some(characters) = &model.characters {
        let kind = match &characters.reader {
            Reader::Recurrent(_) => "letters, recurrent",
            Reader::Convolution(_) => "letters, convolution",
        };
        front.push(Part {
            name: kind.to_owned(),
            input_size: vocabs.letters.len(),
            output_size: characters.output_size(),
            num_params: characters.num_params(),
        });
    }
    let mut head = vec![Part::linear(&model.head)];
    if let Some(crf) = &model.crf {
        head.push(Part {
            name: "conditional random field".to_owned(),
            input_size: crf.num_tags(),
            output_size: crf.num_tags(),
            num_params: crf.num_params(),
        });
    }
    let readout = match &model.crf {
        Some(_) => Readout::Chained("conditional random field".to_owned()),
        None => Readout::State,
    };
    Ok(vec![Network {
        name: String::new(),
        topology: Topology::ManyToManyAligned,
        input: "word".to_owned(),
        output: "label".to_owned(),
        steps: 4,
        front,
        layers: model.stack.summary(),
        readout,
        head,
    }])
}
