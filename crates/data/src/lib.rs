//! Recurra: data.
