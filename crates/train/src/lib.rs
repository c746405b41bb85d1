//! Recurra: train.
