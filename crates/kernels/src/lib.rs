//! Recurra: kernels.
