//! The kinds of attention as one.

use super::{AttentionConfig, Score};
use crate::attention::{AdditiveAttention, Attended, DotAttention, Keys};
use crate::cell::times;
use crate::init::{Initialiser, parameter};
use crate::{NnError, Rng};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

/// Attention of any [`Score`].
#[derive(Module, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a network has one, and it is handles to weights far larger than itself"
)]
pub enum Attention {
    /// See [`AdditiveAttention`].
    Additive(AdditiveAttention),
    /// See [`Dot`].
    Dot(Dot),
}

/// A product of query and memory: [`Score::Dot`], [`Score::Scaled`], and [`Score::General`]
/// when the query has weights.
#[derive(Module, Debug)]
pub struct Dot {
    /// `W^T`, `[memory_size, query_size]`.
    pub w_query: Option<Param<Tensor<2>>>,
    #[module(skip)]
    pub(super) product: DotAttention,
}

impl AttentionConfig {
    /// Draws the weights.
    pub(super) fn build(
        &self,
        sizes: [usize; 2],
        rng: &mut Rng,
        device: &Device,
    ) -> Result<Attention, NnError> {
        Ok(match self.score.build(sizes, rng, device)? {
            Attention::Additive(attention) if self.coverage => {
                Attention::Additive(attention.covering(rng))
            }
            attention => attention,
        })
    }
}

impl Score {
    fn build(
        self,
        [query_size, memory_size]: [usize; 2],
        rng: &mut Rng,
        device: &Device,
    ) -> Result<Attention, NnError> {
        let alike = |product| match query_size == memory_size {
            true => Ok(Attention::Dot(Dot {
                w_query: None,
                product,
            })),
            false => Err(NnError::config(
                "attention.score",
                format!(
                    "`general` or `additive` where the query, {query_size} wide, and the memory, \
                     {memory_size} wide, differ"
                ),
                self.name(),
            )),
        };
        match self {
            Self::Additive { key_size, normed } => {
                let attention =
                    AdditiveAttention::new(query_size, memory_size, key_size, rng, device);
                Ok(Attention::Additive(match normed {
                    true => attention.normed(),
                    false => attention,
                }))
            }
            Self::Dot {} => alike(DotAttention::Plain),
            Self::Scaled {} => alike(DotAttention::Scaled),
            Self::General {} => {
                let values = Initialiser::Glorot.draw(1, memory_size, query_size, rng);
                Ok(Attention::Dot(Dot {
                    w_query: Some(parameter(values, [memory_size, query_size], device)),
                    product: DotAttention::Plain,
                }))
            }
        }
    }

    /// Its name in a recipe.
    pub fn name(self) -> &'static str {
        match self {
            Self::Additive { .. } => "additive",
            Self::Dot {} => "dot",
            Self::Scaled {} => "scaled",
            Self::General {} => "general",
        }
    }
}

impl Attention {
    /// Keys of a memory `[batch, key_len, memory_size]`, of which row `b` has `lengths[b]`.
    ///
    /// # Errors
    /// [`NnError::Shape`] when the memory or the lengths do not fit.
    pub fn project(&self, memory: Tensor<3>, lengths: &[usize]) -> Result<Keys, NnError> {
        match self {
            Self::Additive(attention) => attention.project(memory, Some(lengths)),
            Self::Dot(attention) => attention.product.project(memory, Some(lengths)),
        }
    }

    /// Whether it counts what was attended to before.
    pub(super) fn covers(&self) -> bool {
        matches!(self, Self::Additive(attention) if attention.w_coverage.is_some())
    }

    /// The keys of positions that were attended to before: see [`AdditiveAttention::cover`].
    /// Products of query and memory have no weights for it.
    ///
    /// # Errors
    /// [`NnError::Shape`] when the coverage does not fit.
    pub fn cover(&self, keys: Keys, coverage: Tensor<2>) -> Result<Keys, NnError> {
        match self {
            Self::Additive(attention) => attention.cover(keys, coverage),
            Self::Dot(_) => Ok(keys),
        }
    }

    /// What queries `[batch, query_len, query_size]` find.
    ///
    /// # Errors
    /// [`NnError::Shape`] when the query does not fit.
    pub fn attend(&self, query: Tensor<3>, keys: &Keys) -> Result<Attended, NnError> {
        match self {
            Self::Additive(attention) => attention.attend(query, keys),
            Self::Dot(Dot { w_query, product }) => {
                let query = match w_query {
                    Some(w_query) => times(query, w_query),
                    None => query,
                };
                product.attend(query, keys)
            }
        }
    }
}
