//! Recurra: recurra.
