//! What the letters of a word say about it.

use super::config::CharacterModel;
use burn::module::Module;
use burn::tensor::{Device, Int, TensorData};
use recurra_data::{Specials, TokenId};
use recurra_nn::{Activation, Embedding, Linear, Mode, NnError, Rng, Stack, Tensor};

/// Reads spellings, each on its own.
///
/// # Source
/// Lample et al. 2016 (recurrent), Ma & Hovy 2016 (convolution).
#[derive(Module, Debug)]
pub(super) struct CharacterReader {
    /// `[letters, embed_size]`
    pub(super) embedding: Embedding,
    pub(super) reader: Reader,
}

/// How.
#[derive(Module, Debug)]
pub(super) enum Reader {
    /// The last state of a stack.
    Recurrent(Stack),
    /// The largest output of each filter, `[num_filters, window_len * embed_size]`.
    Convolution(Linear),
}

impl CharacterModel {
    pub(super) fn build(
        &self,
        num_letters: usize,
        rng: &mut Rng,
        device: &Device,
    ) -> Result<CharacterReader, NnError> {
        let embedding = |embed_size, rng: &mut Rng| {
            super::model::embedding(num_letters, embed_size, rng, device)
                .with_padding_id(Specials::STANDARD.pad)
        };
        Ok(match self {
            Self::Recurrent { embed_size, stack } => CharacterReader {
                embedding: embedding(*embed_size, rng)?,
                reader: Reader::Recurrent(stack.build(*embed_size, rng, device)?),
            },
            Self::Convolution {
                embed_size,
                num_filters,
                window_len,
            } => CharacterReader {
                embedding: embedding(*embed_size, rng)?,
                reader: Reader::Convolution(Linear::new(
                    window_len * embed_size,
                    *num_filters,
                    rng,
                    device,
                )),
            },
        })
    }
}

impl CharacterReader {
    /// Width of what is said about a word.
    pub(super) fn output_size(&self) -> usize {
        match &self.reader {
            Reader::Recurrent(stack) => stack.output_size(),
            Reader::Convolution(linear) => linear.bias.dims()[0],
        }
    }

    /// A vector for each spelling, none of which is empty: `[num_spellings, output_size]`.
    pub(super) fn forward(
        &self,
        spellings: &[Vec<TokenId>],
        mode: Mode<'_>,
    ) -> Result<Tensor<2>, NnError> {
        let lengths: Vec<usize> = spellings.iter().map(Vec::len).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let [_, embed_size] = self.embedding.weight.dims();
        // A filter sees empty places beyond both ends.
        let margin = match &self.reader {
            Reader::Recurrent(_) => 0,
            Reader::Convolution(linear) => linear.weight.dims()[1] / embed_size / 2,
        };
        let width = longest + 2 * margin;
        let mut ids = vec![Specials::STANDARD.pad; spellings.len() * width];
        for (row, spelling) in ids.chunks_mut(width).zip(spellings) {
            row[margin..margin + spelling.len()].copy_from_slice(spelling);
        }
        let letters = self.embedding.forward(&ids, [spellings.len(), width])?;
        match &self.reader {
            Reader::Recurrent(stack) => {
                let (_, state) = stack.forward(letters, Some(&lengths), None, mode)?;
                Ok(stack.last_hidden(&state))
            }
            Reader::Convolution(linear) => {
                let seen = (0..=2 * margin)
                    .map(|shift| letters.clone().narrow(1, shift, longest))
                    .collect();
                let filtered = linear.forward(Tensor::cat(seen, 2));
                let real = lengths
                    .iter()
                    .flat_map(|&len| (0..longest).map(move |at| f32::from(u8::from(at < len))));
                let real = TensorData::new(real.collect(), [spellings.len(), longest, 1]);
                let real = Tensor::<3>::from_data(real, &filtered.device());
                // Zeros past the end are never above what a rectifier puts out.
                let outputs = Activation::Relu.apply(filtered) * real;
                Ok(outputs.max_dim(1).squeeze_dim(1))
            }
        }
    }
}

/// The vectors of `places`, `[batch, seq_len, size]`, out of those of all spellings.
pub(super) fn at_places(
    vectors: Tensor<2>,
    places: &[i32],
    [batch_size, seq_len]: [usize; 2],
) -> Tensor<3> {
    let [_, size] = vectors.dims();
    let places = TensorData::new(places.to_vec(), [places.len()]);
    let places = Tensor::<1, Int>::from_data(places, &vectors.device());
    vectors
        .select(0, places)
        .reshape([batch_size, seq_len, size])
}
