//! An encoder-decoder as data, the way a recipe writes it.

use super::Bridge;
use crate::{NnError, StackConfig};
use serde::{Deserialize, Serialize};

/// An encoder and a decoder of any cell and depth.
///
/// GNMT is an encoder whose lowest layer reads both ways, residuals from the third layer of
/// the encoder and the second of the decoder on, and attention with [`Query::Previous`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seq2SeqConfig {
    /// Width of the embeddings of both sides.
    pub embed_size: usize,
    /// The layers that read the source.
    pub encoder: StackConfig,
    /// The layers that write the target; they read forward only.
    pub decoder: StackConfig,
    /// What the decoder begins with; dense by default.
    #[serde(default)]
    pub bridge: Bridge,
    /// Without it, all that the decoder knows of the source is what the bridge brings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attention: Option<AttentionConfig>,
    /// Whether the readout of a step is also part of the next step's input (Luong et al.
    /// 2015); then the target cannot be run as one sequence in training.
    #[serde(default)]
    pub input_feeding: bool,
    /// Width of the readout `tanh(W [top layer; context])` that the logits are made of; without
    /// it they are made of the top layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readout_size: Option<usize>,
    /// Whether a token may also be copied from the source (the pointer-generator of See et al.
    /// 2017); needs attention and one vocabulary for both sides. Only its tokens are copied: a
    /// word that is not among them stays unknown. Off by default.
    ///
    /// `p(token) = p_gen p_vocab(token) + (1 - p_gen) Σ_j a_j [source_j = token]`, where `a` is the
    /// alignment and `p_gen = σ(w [context; top layer; input] + b)`.
    #[serde(default)]
    pub copy: bool,
    /// Which of the embeddings and the output weights are one; none by default.
    #[serde(default)]
    pub tied: Tied,
    /// Probability of dropping a unit of an embedding, in `[0, 1)`.
    #[serde(default)]
    pub embedding_dropout: f64,
    /// Probability of dropping a unit of what the encoder hands to attention, in `[0, 1)`.
    #[serde(default)]
    pub memory_dropout: f64,
    /// Probability of dropping a unit of what the logits are made of, in `[0, 1)`.
    #[serde(default)]
    pub readout_dropout: f64,
}

/// How the decoder attends to the source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttentionConfig {
    /// How well a query and a position of the source fit.
    pub score: Score,
    /// What the decoder asks with; the top layer by default.
    #[serde(default)]
    pub query: Query,
    /// Whether an additive score also knows how much a position was attended to at earlier steps
    /// (Tu et al. 2016; See et al. 2017); then the target cannot be run as one sequence in
    /// training. Off by default.
    #[serde(default)]
    pub coverage: bool,
}

/// How well a query `q` and a position `m` of the memory fit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase", deny_unknown_fields)]
pub enum Score {
    /// `v·tanh(W_q q + W_m m)` (Bahdanau et al. 2015); with coverage
    /// `v·tanh(W_q q + W_m m + w_c c)`, where `c` is the sum of the earlier alignments with `m`.
    Additive {
        /// Width of the sum.
        key_size: usize,
        /// Whether `v` is a direction with a length of its own.
        #[serde(default)]
        normed: bool,
    },
    /// `q·m` (Luong et al. 2015); the query must be as wide as the memory.
    Dot {},
    /// `q·m / √size` (Vaswani et al. 2017); the query must be as wide as the memory.
    Scaled {},
    /// `q·W m` (Luong et al. 2015).
    General {},
}

/// What the decoder asks with, and so where the context can go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Query {
    /// The top layer; the context goes into the readout (Luong et al. 2015).
    #[default]
    Top,
    /// The bottom layer; the context goes into every layer above and into the readout, if
    /// there is one (TensorFlow's `gnmt_v2`).
    Bottom,
    /// The bottom layer a step earlier; the context goes where it goes with `Bottom` (Wu et
    /// al. 2016).
    Previous,
}

/// Weights that are one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tied {
    /// None.
    #[default]
    None,
    /// The embedding of the target and the output weights (Press and Wolf 2017).
    Output,
    /// The embeddings of source and target, which have one vocabulary.
    Embeddings,
    /// Both embeddings and the output weights.
    All,
}

impl Tied {
    pub(super) fn embeddings(self) -> bool {
        matches!(self, Self::Embeddings | Self::All)
    }

    pub(super) fn output(self) -> bool {
        matches!(self, Self::Output | Self::All)
    }
}

impl Seq2SeqConfig {
    /// Checks what can be checked before widths are known.
    pub(super) fn validate(&self) -> Result<(), NnError> {
        if self.embed_size == 0 {
            return Err(NnError::config("embed_size", "at least 1", 0));
        }
        if self.readout_size == Some(0) {
            return Err(NnError::config("readout_size", "at least 1", 0));
        }
        for (key, p) in [
            ("embedding_dropout", self.embedding_dropout),
            ("memory_dropout", self.memory_dropout),
            ("readout_dropout", self.readout_dropout),
        ] {
            if !(0.0..1.0).contains(&p) {
                return Err(NnError::config(key, "a probability in [0, 1)", p));
            }
        }
        if let Some(AttentionConfig {
            score: Score::Additive { key_size: 0, .. },
            ..
        }) = self.attention
        {
            return Err(NnError::config("attention.score.key_size", "at least 1", 0));
        }
        if self.copy && self.attention.is_none() {
            let want = "`attention` beside it: what is attended to is copied";
            return Err(NnError::config("copy", want, "none"));
        }
        match &self.attention {
            Some(AttentionConfig {
                score,
                coverage: true,
                ..
            }) if !matches!(score, Score::Additive { .. }) => {
                let want = "the score `additive` beside it";
                let got = format!("`{}`", score.name());
                Err(NnError::config("attention.coverage", want, got))
            }
            _ => Ok(()),
        }
    }
}
