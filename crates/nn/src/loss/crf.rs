//! A conditional random field: tags of a whole sentence are scored together.

use super::Labels;
use crate::init::{Initialiser, parameter};
use crate::ops::{Chain, CrfSpec, crf_loss};
use crate::{NnError, Rng, lengths};
use burn::module::{Module, Param};
use burn::tensor::{Bool, DType, Device, Tensor, TensorData};
use rayon::prelude::*;

/// What a forbidden transition scores; finite, so that no difference of two is undefined.
const FORBIDDEN: f64 = -1e6;

/// Which tags may begin and end a sentence and follow which.
///
/// # Example
/// ```
/// use recurra_nn::loss::TagConstraint;
/// // Tags O, B, I: an I may neither begin a sentence nor follow an O.
/// let mut allowed = TagConstraint::all(3);
/// allowed.start[2] = false;
/// allowed.transitions[0 * 3 + 2] = false;
/// assert!(allowed.allows(&[0, 1, 2]) && !allowed.allows(&[0, 2]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagConstraint {
    /// `[num_tags]`: may be first.
    pub start: Vec<bool>,
    /// `[num_tags]`: may be last.
    pub end: Vec<bool>,
    /// `[num_tags, num_tags]`, row-major: the tag of the column may follow that of the row.
    pub transitions: Vec<bool>,
}

impl TagConstraint {
    /// Everything is allowed.
    pub fn all(num_tags: usize) -> Self {
        Self {
            start: vec![true; num_tags],
            end: vec![true; num_tags],
            transitions: vec![true; num_tags * num_tags],
        }
    }

    /// Whether these tags may be those of a sentence; a tag that there is not may not.
    pub fn allows(&self, tags: &[u32]) -> bool {
        let num_tags = self.start.len();
        if tags.iter().any(|&tag| tag as usize >= num_tags) {
            return false;
        }
        let at = |list: &[bool], tag: Option<&u32>| tag.is_none_or(|&tag| list[tag as usize]);
        at(&self.start, tags.first())
            && at(&self.end, tags.last())
            && tags
                .windows(2)
                .all(|pair| self.transitions[pair[0] as usize * num_tags + pair[1] as usize])
    }
}

/// A linear-chain conditional random field.
///
/// `score(y) = start[y₁] + Σ emission[t, yₜ] + Σ transition[yₜ₋₁, yₜ] + end[yₙ]` and
/// `p(y) = exp(score(y)) / Σ over all y' of exp(score(y'))`. The sum is that of the forward
/// algorithm, gradients those of forward-backward, both in f64.
///
/// # Source
/// Lafferty, McCallum & Pereira 2001, *Conditional random fields*; the parameters are named as in
/// pytorch-crf.
///
/// # Example
/// ```
/// use recurra_nn::{Device, Tensor, loss::Crf, rng};
/// let device = Device::flex();
/// let crf = Crf::new(2, &mut rng(1, 0), &device);
/// let emissions = Tensor::from_floats([[[3.0, 0.0], [0.0, 3.0], [0.0, 0.0]]], &device);
/// assert_eq!(crf.decode(emissions, &[2], None)?, [[0, 1]]);
/// # Ok::<(), recurra_nn::NnError>(())
/// ```
#[derive(Module, Debug)]
pub struct Crf {
    /// `[num_tags]`
    pub start_transitions: Param<Tensor<1>>,
    /// `[num_tags]`
    pub end_transitions: Param<Tensor<1>>,
    /// `[num_tags, num_tags]`, from and to.
    pub transitions: Param<Tensor<2>>,
}

impl Crf {
    /// Uniform within 0.1, as pytorch-crf draws them.
    pub fn new(num_tags: usize, rng: &mut Rng, device: &Device) -> Self {
        let mut draw = |rows| Initialiser::Uniform(0.1).draw(1, rows, num_tags, rng);
        Self {
            start_transitions: parameter(draw(1), [num_tags], device),
            end_transitions: parameter(draw(1), [num_tags], device),
            transitions: parameter(draw(num_tags), [num_tags, num_tags], device),
        }
    }

    /// How many tags there are.
    pub fn num_tags(&self) -> usize {
        self.start_transitions.dims()[0]
    }

    /// `−Σ log p(labels of a row) / real tokens`, in nats, shape `[1]`: pytorch-crf's `token_mean`.
    ///
    /// With a constraint, only paths that it allows are in the sum.
    ///
    /// # Shapes
    /// `emissions [batch, seq_len, num_tags]`.
    ///
    /// # Errors
    /// [`NnError::Shape`] when emissions, labels and constraint do not fit each other, a real label
    /// is no tag or its row is not allowed, or no row has a real token.
    pub fn loss(
        &self,
        emissions: Tensor<3>,
        labels: Labels<'_>,
        allowed: Option<&TagConstraint>,
    ) -> Result<Tensor<1>, NnError> {
        const OP: &str = "crf_loss";
        let dims @ [batch_size, seq_len, num_tags] = emissions.dims();
        self.check(OP, dims, labels.lengths, allowed)?;
        if labels.ids.len() != batch_size * seq_len {
            let want = batch_size * seq_len;
            return Err(NnError::shape(OP, "labels.ids", want, labels.ids.len()));
        }
        let real_tokens: usize = labels.lengths.iter().sum();
        if real_tokens == 0 {
            return Err(NnError::shape(OP, "lengths", "a real step", 0));
        }
        for (row, &length) in labels.lengths.iter().enumerate() {
            let tags = &labels.ids[row * seq_len..][..length];
            if let Some(tag) = tags.iter().find(|&&tag| tag as usize >= num_tags) {
                let want = format!("tags below {num_tags}");
                return Err(NnError::shape(OP, "labels.ids", want, tag));
            }
            if allowed.is_some_and(|allowed| !allowed.allows(tags)) {
                let got = format!("row {row}: {tags:?}");
                return Err(NnError::shape(OP, "labels.ids", "an allowed path", got));
            }
        }
        let spec = CrfSpec {
            tags: labels.ids.into(),
            lengths: labels.lengths.into(),
        };
        let [start, end] = [&self.start_transitions, &self.end_transitions].map(Param::val);
        let transitions = self.transitions.val();
        let (start, end, transitions) = match allowed {
            None => (start, end, transitions),
            Some(allowed) => (
                forbid(start, &allowed.start),
                forbid(end, &allowed.end),
                forbid(transitions, &allowed.transitions),
            ),
        };
        let sum = crf_loss(
            single(emissions),
            single(start),
            single(end),
            single(transitions),
            spec,
        );
        Ok(sum.div_scalar(real_tokens as f64))
    }

    /// The likeliest tags of each row, by Viterbi's algorithm; of the allowed ones where there is a
    /// constraint.
    ///
    /// # Shapes
    /// `emissions [batch, seq_len, num_tags]`; the result has `lengths[row]` tags in each row.
    ///
    /// # Errors
    /// [`NnError::Shape`] when emissions, lengths and constraint do not fit each other.
    pub fn decode(
        &self,
        emissions: Tensor<3>,
        row_lengths: &[usize],
        allowed: Option<&TagConstraint>,
    ) -> Result<Vec<Vec<u32>>, NnError> {
        const OP: &str = "crf_decode";
        self.rows(OP, emissions, row_lengths, allowed, Chain::best_path)
    }

    /// The probability of each tag at each step, whatever the tags at the others, by
    /// forward-backward; of the allowed paths where there is a constraint.
    ///
    /// `p(yₜ = k) = Σ over all y with yₜ = k of p(y)`
    ///
    /// # Shapes
    /// `emissions [batch, seq_len, num_tags]`; the result has `[lengths[row], num_tags]` values in
    /// each row.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    ///
    /// # Example
    /// ```
    /// use recurra_nn::{Device, Tensor, loss::Crf, rng};
    /// let device = Device::flex();
    /// let crf = Crf::new(2, &mut rng(1, 0), &device);
    /// let emissions = Tensor::from_floats([[[3.0, 0.0], [0.0, 3.0]]], &device);
    /// let probs = &crf.marginals(emissions, &[2], None)?[0];
    /// assert!(probs[0] > 0.9 && (probs[0] + probs[1] - 1.0).abs() < 1e-6);
    /// # Ok::<(), recurra_nn::NnError>(())
    /// ```
    pub fn marginals(
        &self,
        emissions: Tensor<3>,
        row_lengths: &[usize],
        allowed: Option<&TagConstraint>,
    ) -> Result<Vec<Vec<f32>>, NnError> {
        const OP: &str = "crf_marginals";
        self.rows(OP, emissions, row_lengths, allowed, Chain::marginals)
    }

    /// `found` of the emissions of each row, rows in parallel.
    fn rows<T: Send>(
        &self,
        op: &'static str,
        emissions: Tensor<3>,
        row_lengths: &[usize],
        allowed: Option<&TagConstraint>,
        found: fn(&Chain, &[f32]) -> T,
    ) -> Result<Vec<T>, NnError> {
        let dims @ [_, seq_len, num_tags] = emissions.dims();
        self.check(op, dims, row_lengths, allowed)?;
        let chain = self.chain(allowed);
        let emissions = numbers(emissions);
        let rows = row_lengths.par_iter().enumerate().map(|(row, &length)| {
            let start = row * seq_len * num_tags;
            found(&chain, &emissions[start..start + length * num_tags])
        });
        Ok(rows.collect())
    }

    fn chain(&self, allowed: Option<&TagConstraint>) -> Chain {
        let scores = |values: Vec<f32>, allowed: Option<&Vec<bool>>| -> Vec<f64> {
            let mut scores: Vec<f64> = values.into_iter().map(f64::from).collect();
            for (score, &allowed) in scores.iter_mut().zip(allowed.into_iter().flatten()) {
                if !allowed {
                    *score = FORBIDDEN;
                }
            }
            scores
        };
        Chain {
            start: scores(
                numbers(self.start_transitions.val()),
                allowed.map(|a| &a.start),
            ),
            end: scores(numbers(self.end_transitions.val()), allowed.map(|a| &a.end)),
            transitions: scores(
                numbers(self.transitions.val()),
                allowed.map(|a| &a.transitions),
            ),
        }
    }

    fn check(
        &self,
        op: &'static str,
        [batch_size, seq_len, width]: [usize; 3],
        row_lengths: &[usize],
        allowed: Option<&TagConstraint>,
    ) -> Result<(), NnError> {
        let num_tags = self.num_tags();
        if width != num_tags {
            let got = [batch_size, seq_len, width];
            let want = [batch_size, seq_len, num_tags];
            return Err(NnError::shape(op, "emissions", want, got));
        }
        lengths::check(op, row_lengths, [batch_size, seq_len])?;
        let Some(TagConstraint {
            start,
            end,
            transitions,
        }) = allowed
        else {
            return Ok(());
        };
        let got = [start.len(), end.len(), transitions.len()];
        let want = [num_tags, num_tags, num_tags * num_tags];
        if got == want {
            return Ok(());
        }
        Err(NnError::shape(op, "allowed", want, got))
    }
}

fn forbid<const D: usize>(scores: Tensor<D>, allowed: &[bool]) -> Tensor<D> {
    let forbidden: Vec<bool> = allowed.iter().map(|&allowed| !allowed).collect();
    let data = TensorData::new(forbidden, scores.dims());
    let mask = Tensor::<D, Bool>::from_data(data, &scores.device());
    scores.mask_fill(mask, FORBIDDEN)
}

/// The operation computes from f32; inside it is f64.
fn single<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    match tensor.dtype() {
        DType::F32 => tensor,
        _ => tensor.cast(DType::F32),
    }
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    single(tensor)
        .try_to_vec_as::<f32>()
        .expect("the numbers have just been made f32")
}

#[cfg(test)]
#[path = "crf_tests.rs"]
mod tests;
