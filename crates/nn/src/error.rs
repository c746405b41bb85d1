//! What can go wrong when a network is described, loaded or called.

use std::path::PathBuf;

/// Errors of this crate; each carries what was expected and what came.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NnError {
    /// Two sizes that must agree do not.
    #[error("{op}: `{arg}` should be {want}, got {got}")]
    Shape {
        /// The operation that was called.
        op: &'static str,
        /// Its argument.
        arg: &'static str,
        /// The shape or size that fits.
        want: String,
        /// The shape or size that came.
        got: String,
    },
    /// A kernel refused its arguments.
    #[error(transparent)]
    Kernel(#[from] recurra_kernels::KernelError),
    /// A configuration names an option that its cell does not have.
    #[error("`{option}` is not an option of `{cell}`; it belongs to {belongs_to}")]
    ForeignOption {
        /// The option's key.
        option: &'static str,
        /// The cell that was chosen.
        cell: &'static str,
        /// The cells that have the option.
        belongs_to: &'static str,
    },
    /// A configuration value is outside its range, or clashes with another.
    #[error("`{key}`: expected {want}, got {got}")]
    Config {
        /// The key in the configuration.
        key: String,
        /// The values that are allowed.
        want: String,
        /// The value that came.
        got: String,
    },
    /// A layer that cannot be run one step at a time.
    #[error(
        "layer {layer} cannot read step by step, as streaming and weights in fewer bits need: {why}"
    )]
    CannotStream {
        /// The layer, from 1 at the bottom.
        layer: usize,
        /// What keeps it from it.
        why: String,
    },
    /// A decoder that cannot be packed for single steps.
    #[error(
        "a network with `{option}` is not packed for single steps, as weights in fewer bits need: \
         keep to its weights in f32, or train it without"
    )]
    CannotPack {
        /// The option of the network that stands in the way.
        option: &'static str,
    },
    /// A weight file lacks a tensor that the model has.
    #[error("{origin}: tensor `{name}` is missing; the file holds {found}")]
    MissingTensor {
        /// Where the tensors came from.
        origin: String,
        /// The tensor's name.
        name: String,
        /// A short list of what is there.
        found: String,
    },
    /// A weight file has tensors that the model has no place for.
    #[error("{origin}: {} tensor(s) that this model does not have: {}", names.len(), names.join(", "))]
    UnknownTensors {
        /// Where the tensors came from.
        origin: String,
        /// Their names.
        names: Vec<String>,
    },
    /// A stored tensor has another shape than the model's.
    #[error("{origin}: tensor `{name}` has shape {got:?}, the model expects {want:?}")]
    TensorShape {
        /// Where the tensor came from.
        origin: String,
        /// The tensor's name.
        name: String,
        /// The model's shape.
        want: Vec<usize>,
        /// The stored shape.
        got: Vec<usize>,
    },
    /// A weight file cannot be read at all.
    #[error("{}: not a readable weight file ({reason}); expected {want}", path.display())]
    WeightFile {
        /// The file.
        path: PathBuf,
        /// What the reader found.
        reason: String,
        /// The kinds of file that are understood.
        want: &'static str,
    },
}

impl NnError {
    /// A [`NnError::Shape`] from anything printable.
    pub(crate) fn shape(
        op: &'static str,
        arg: &'static str,
        want: impl std::fmt::Debug,
        got: impl std::fmt::Debug,
    ) -> Self {
        Self::Shape {
            op,
            arg,
            want: format!("{want:?}"),
            got: format!("{got:?}"),
        }
    }

    /// A [`NnError::Config`] from anything printable.
    pub(crate) fn config(
        key: impl Into<String>,
        want: impl Into<String>,
        got: impl std::fmt::Display,
    ) -> Self {
        Self::Config {
            key: key.into(),
            want: want.into(),
            got: got.to_string(),
        }
    }
}
