//! The same network, one step at a time, in any precision: a class while the text still comes in.

use super::data::Batch;
use super::model::Classifier;
use recurra_data::TokenId;
use recurra_nn::streaming::{Precision, StreamState, StreamWorkspace, Streamer};
use recurra_nn::weights::values;
use recurra_nn::{NnError, SequencePooling};

/// A classifier whose recurrent weights are packed for single steps.
#[derive(Debug)]
pub(super) struct StreamedClassifier {
    streamer: Streamer,
    /// `[vocab_size, embed_size]`; none where the sequence is made of numbers.
    vectors: Option<Vec<f32>>,
    pooling: Vec<SequencePooling>,
    /// `weight [key_size, output_size]` and `vector [key_size]` of attention.
    attention: Option<[Vec<f32>; 2]>,
    /// `weight [num_classes, width]` and `bias [num_classes]`.
    head: [Vec<f32>; 2],
}

impl StreamedClassifier {
    /// Packs a model.
    ///
    /// # Errors
    /// [`NnError::CannotStream`] where a layer reads backward.
    pub(super) fn new(model: &Classifier, precision: Precision) -> Result<Self, NnError> {
        Ok(Self {
            streamer: Streamer::new(&model.stack, None, precision)?,
            vectors: model
                .embedding
                .as_ref()
                .map(|embedding| values(&embedding.weight.val())),
            pooling: model.pooling.clone(),
            attention: model
                .attention
                .as_ref()
                .map(|one| [values(&one.weight.val()), values(&one.vector.val())]),
            head: [
                values(&model.head.weight.val()),
                values(&model.head.bias.val()),
            ],
        })
    }

    /// The scores of each row of a batch, row by row.
    pub(super) fn logits(&self, batch: &Batch) -> Result<Vec<f32>, NnError> {
        let mut logits = Vec::new();
        match batch {
            Batch::Tokens(batch) => {
                for row in batch.rows() {
                    let mut reader = Reader::new(self);
                    for &id in row {
                        reader.read_token(id)?;
                    }
                    logits.extend(reader.logits());
                }
            }
            Batch::Numbers(batch) => {
                let rows = batch.values.chunks(batch.seq_len * batch.input_size);
                for (row, &length) in rows.zip(&batch.lengths) {
                    let mut reader = Reader::new(self);
                    for step in row.chunks(batch.input_size).take(length) {
                        reader.read(step)?;
                    }
                    logits.extend(reader.logits());
                }
            }
        }
        Ok(logits)
    }
}

/// One who reads a sequence.
pub(super) struct Reader<'a> {
    model: &'a StreamedClassifier,
    state: StreamState,
    workspace: StreamWorkspace,
    output: Vec<f32>,
    num_steps: usize,
    sum: Vec<f32>,
    max: Vec<f32>,
    /// `Σ e^(score - top) · output`, `Σ e^(score - top)` and the largest score so far.
    attended: (Vec<f32>, f32, f32),
}

impl<'a> Reader<'a> {
    pub(super) fn new(model: &'a StreamedClassifier) -> Self {
        let width = model.streamer.output_size();
        Self {
            state: model.streamer.zero_state(),
            workspace: StreamWorkspace::new(),
            output: vec![0.0; width],
            num_steps: 0,
            sum: vec![0.0; width],
            max: vec![f32::NEG_INFINITY; width],
            attended: (vec![0.0; width], 0.0, f32::NEG_INFINITY),
            model,
        }
    }

    /// Reads one piece of text.
    pub(super) fn read_token(&mut self, id: TokenId) -> Result<(), NnError> {
        let model = self.model;
        let size = model.streamer.input_size();
        let vectors = model.vectors.as_deref().unwrap_or_default();
        let start = id as usize * size;
        let Some(vector) = vectors.get(start..start + size) else {
            return Err(NnError::Shape {
                op: "StreamedClassifier::read_token",
                arg: "id",
                want: format!("below {}", vectors.len() / size),
                got: id.to_string(),
            });
        };
        self.read(vector)
    }

    /// Reads one step.
    pub(super) fn read(&mut self, input: &[f32]) -> Result<(), NnError> {
        let streamer = &self.model.streamer;
        let (state, workspace) = (&mut self.state, &mut self.workspace);
        streamer.step(input, state, &mut self.output, workspace)?;
        self.num_steps += 1;
        for ((sum, max), &output) in self.sum.iter_mut().zip(&mut self.max).zip(&self.output) {
            *sum += output;
            *max = max.max(output);
        }
        if let Some([weight, vector]) = &self.model.attention {
            let rows = weight.chunks(self.output.len());
            let score: f32 = rows
                .zip(vector)
                .map(|(row, v)| v * dot(row, &self.output).tanh())
                .sum();
            let (attended, total, top) = &mut self.attended;
            let next = top.max(score);
            let (old, new) = ((*top - next).exp(), (score - next).exp());
            for (sum, &output) in attended.iter_mut().zip(&self.output) {
                *sum = *sum * old + new * output;
            }
            *total = *total * old + new;
            *top = next;
        }
        Ok(())
    }

    /// The scores of the classes after what was read; of nothing, those of a text of zeros.
    pub(super) fn logits(&self) -> Vec<f32> {
        let steps = self.num_steps.max(1) as f32;
        let mut pooled = Vec::with_capacity(self.output.len() * self.model.pooling.len());
        for pooling in &self.model.pooling {
            match pooling {
                _ if self.num_steps == 0 => pooled.extend(&self.output),
                SequencePooling::Last => pooled.extend(&self.output),
                SequencePooling::Mean => pooled.extend(self.sum.iter().map(|sum| sum / steps)),
                SequencePooling::Max => pooled.extend(&self.max),
                SequencePooling::Attention => {
                    let (attended, total, _) = &self.attended;
                    pooled.extend(attended.iter().map(|sum| sum / total));
                }
            }
        }
        let [weight, bias] = &self.model.head;
        let rows = weight.chunks(pooled.len()).zip(bias);
        rows.map(|(row, bias)| dot(row, &pooled) + bias).collect()
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
