//! The instruction sets that a benchmark compares.

use recurra_kernels::Isa;

/// All but the oracle, or those that `words` name.
pub(crate) fn isas(words: &[String]) -> Vec<Isa> {
    let mut isas = Isa::available();
    isas.retain(|&isa| isa != Isa::Scalar);
    if !words.is_empty() {
        isas.retain(|isa| words.iter().any(|word| word == isa.name()));
    }
    isas
}
