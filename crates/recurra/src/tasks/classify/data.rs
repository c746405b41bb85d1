//! From examples to what the model is fitted on.

use super::config::{DataConfig, Recipe, TextsConfig};
use super::images::Images;
use super::model::Input;
use super::pretrained::Pretrained;
use super::texts::{Texts, cut, learn_tokenizer};
use crate::Error;
use crate::artifact::{read_json, write_json};
use rayon::prelude::*;
use recurra_data::batch::{SeriesBatch, SeriesRow};
use recurra_data::{Checksum, Specials, Split, TokenBatch, TokenId, Tokenizer};
use recurra_train::Run;
use serde::{Deserialize, Serialize};

const TOKENIZER: &str = "tokenizer.json";
const ORIGIN: &str = "data.json";

/// Where the examples of a run came from, and what they can be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// Files, or a built-in list.
    pub(super) source: String,
    /// How many were read and what was left out, in sentences.
    pub(super) summary: Vec<String>,
    /// What an example can be, in the order of the model's outputs.
    pub(super) classes: Vec<String>,
    /// How many examples are for training, for choosing and for the test.
    pub(super) counts: [usize; 3],
    /// Pixels of an image, of a run that classifies images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) image_size: Option<usize>,
    /// Of all examples, so that a resumed run finds out when its files have changed.
    pub(super) checksum: String,
}

impl Origin {
    pub(super) fn read(run: &Run) -> Result<Self, Error> {
        read_json(run, ORIGIN)
    }

    pub(super) fn write(&self, run: &Run) -> Result<(), Error> {
        write_json(run, ORIGIN, self)
    }
}

/// The tokenizer of a run.
pub(super) fn read_tokenizer(run: &Run) -> Result<Tokenizer, Error> {
    Ok(Tokenizer::read(&run.path(TOKENIZER)?)?)
}

/// Inputs of the network, one for each example.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sequences {
    /// Pieces of text.
    Tokens(Vec<Vec<TokenId>>),
    /// Pixels, `[num_images, seq_len, input_size]`; 255 is read as 1.
    Pixels {
        pixels: Vec<u8>,
        seq_len: usize,
        input_size: usize,
    },
}

/// Some of them, padded.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Batch {
    Tokens(TokenBatch),
    Numbers(SeriesBatch),
}

impl Batch {
    /// The true length of each row.
    pub(super) fn lengths(&self) -> &[usize] {
        match self {
            Self::Tokens(batch) => &batch.lengths,
            Self::Numbers(batch) => &batch.lengths,
        }
    }
}

impl Sequences {
    pub(super) fn num_steps(&self, index: usize) -> usize {
        match self {
            Self::Tokens(rows) => rows[index].len(),
            Self::Pixels { seq_len, .. } => *seq_len,
        }
    }

    pub(super) fn batch(&self, indices: &[usize]) -> Batch {
        match self {
            Self::Tokens(rows) => {
                let rows: Vec<&[TokenId]> = indices.iter().map(|&index| &rows[index][..]).collect();
                let batch = TokenBatch::pad(&rows, Specials::STANDARD.pad);
                Batch::Tokens(batch.expect("every example has a step"))
            }
            &Self::Pixels {
                ref pixels,
                seq_len,
                input_size,
            } => {
                let size = seq_len * input_size;
                let values: Vec<f32> = (indices.iter())
                    .flat_map(|&index| &pixels[index * size..][..size])
                    .map(|&pixel| f32::from(pixel) / f32::from(u8::MAX))
                    .collect();
                let rows: Vec<SeriesRow<'_>> = (values.chunks(size))
                    .map(|values| SeriesRow {
                        values,
                        target: &[],
                    })
                    .collect();
                let batch = SeriesBatch::pad(&rows, input_size);
                Batch::Numbers(batch.expect("every image is whole steps"))
            }
        }
    }
}

/// Examples as numbers, and which of them are for what.
#[derive(Debug, Clone)]
pub(super) struct Corpus {
    /// As a person reads them; images by their names.
    pub(super) texts: Vec<String>,
    pub(super) sequences: Sequences,
    pub(super) labels: Vec<u32>,
    pub(super) split: Split,
    pub(super) origin: Origin,
    /// What texts are cut with.
    pub(super) tokenizer: Option<Tokenizer>,
}

impl Corpus {
    /// Reads, parts and numbers the examples of a recipe; those of a run that has begun must be
    /// the same as then. Texts are cut by the run's tokenizer, in a new run that of what it begins
    /// with, or one that the texts teach.
    pub(super) fn read(
        recipe: &Recipe,
        run: &Run,
        pretrained: Option<&Pretrained>,
    ) -> Result<Self, Error> {
        let begun = run.path(ORIGIN)?.exists();
        let corpus = match &recipe.data {
            DataConfig::Texts(config) => {
                let texts = Texts::read(config, recipe.train.seed)?;
                let tokenizer = match (begun, pretrained) {
                    (true, _) => read_tokenizer(run)?,
                    (false, Some(pretrained)) => pretrained.tokenizer().clone(),
                    (false, None) => learn_tokenizer(&texts, config)?,
                };
                Self::of_texts(texts, config, tokenizer)
            }
            DataConfig::Images(config) => {
                let images = Images::read(config, recipe.train.seed)?;
                Self::of_images(images, config.step_size)
            }
        };
        if !begun {
            corpus.write(run)?;
        } else if Origin::read(run)?.checksum != corpus.origin.checksum {
            return Err(Error::Damaged {
                path: corpus.origin.source.into(),
                reason: "the examples are not those that the run began with".to_owned(),
            });
        }
        Ok(corpus)
    }

    fn of_images(images: Images, step_size: usize) -> Self {
        let Split { train, valid, test } = &images.split;
        let pixels = Checksum::of(&images.pixels);
        let labels = images.labels.iter();
        let checksum = labels.fold(pixels, |sum, label| sum.with(&label.to_le_bytes()));
        Self {
            origin: Origin {
                source: images.source,
                summary: images.summary,
                classes: images.classes,
                counts: [train.len(), valid.len(), test.len()],
                image_size: Some(images.size),
                checksum: checksum.to_string(),
            },
            sequences: Sequences::Pixels {
                pixels: images.pixels,
                seq_len: images.size / step_size,
                input_size: step_size,
            },
            labels: images.labels,
            split: images.split,
            texts: images.names,
            tokenizer: None,
        }
    }

    fn of_texts(texts: Texts, config: &TextsConfig, tokenizer: Tokenizer) -> Self {
        let checksum = checksum(&texts);
        let (rows, long) = encode(&texts.texts, config, &tokenizer);
        let mut summary = texts.summary;
        if long > 0 {
            summary.push(format!(
                "{long} of {} texts are longer than {} pieces and were cut (`data.max_len`)",
                rows.len(),
                config.max_len
            ));
        }
        let Split { train, valid, test } = &texts.split;
        Self {
            sequences: Sequences::Tokens(rows),
            labels: texts.labels,
            origin: Origin {
                source: texts.source,
                summary,
                classes: texts.classes,
                counts: [train.len(), valid.len(), test.len()],
                image_size: None,
                checksum,
            },
            split: texts.split,
            texts: texts.texts,
            tokenizer: Some(tokenizer),
        }
    }

    fn write(&self, run: &Run) -> Result<(), Error> {
        if let Some(tokenizer) = &self.tokenizer {
            run.write(TOKENIZER, tokenizer.to_json().as_bytes())?;
        }
        self.origin.write(run)
    }

    /// What goes into the network at a step.
    pub(super) fn input(&self) -> Input {
        match &self.sequences {
            Sequences::Tokens(_) => Input::Tokens {
                vocab_size: self.tokenizer.as_ref().map_or(0, |one| one.vocab().len()),
            },
            &Sequences::Pixels { input_size, .. } => Input::Numbers { input_size },
        }
    }

    /// How many classes there are.
    pub(super) fn num_classes(&self) -> usize {
        self.origin.classes.len()
    }

    /// The labels of these examples.
    pub(super) fn labels_of(&self, indices: &[usize]) -> Vec<u32> {
        indices.iter().map(|&index| self.labels[index]).collect()
    }

    /// How much each class counts when all are to count alike.
    pub(super) fn balanced_weights(&self) -> Vec<f32> {
        let mut counts = vec![0.0_f64; self.num_classes()];
        for &index in &self.split.train {
            counts[self.labels[index] as usize] += 1.0;
        }
        let mean = self.split.train.len() as f64 / counts.len() as f64;
        counts.iter().map(|count| (mean / count) as f32).collect()
    }
}

/// The ids of each text, cut to the longest that is read, and how many were cut. What has no piece
/// is one unknown piece.
pub(super) fn encode(
    texts: &[String],
    config: &TextsConfig,
    tokenizer: &Tokenizer,
) -> (Vec<Vec<TokenId>>, usize) {
    let each = texts.par_iter().map(|text| {
        let mut ids = tokenizer.encode(text).ids;
        if ids.is_empty() {
            ids.push(Specials::STANDARD.unk);
        }
        cut(ids, config.max_len, config.keep)
    });
    let (rows, long): (Vec<Vec<TokenId>>, Vec<bool>) = each.unzip();
    (rows, long.into_iter().filter(|long| *long).count())
}

/// Of texts and labels.
fn checksum(texts: &Texts) -> String {
    let each = texts.texts.iter().zip(&texts.labels);
    let sum = each.fold(Checksum::of(&[]), |sum, (text, label)| {
        sum.with(text.as_bytes()).with(&label.to_le_bytes())
    });
    sum.to_string()
}
