//! Recurra: nn.
