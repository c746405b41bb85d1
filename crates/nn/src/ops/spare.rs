//! Buffers for gradients of weights, kept from one update to the next.
//!
//! They are as large as the weights. Fresh memory for them would be cleared by the system, page by
//! page, and once more by whoever asked for zeros; and every one of them is overwritten.

use std::sync::{Mutex, PoisonError};

/// Buffers in nobody's use, the one that was given back last at the end.
static SPARE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

/// How many are kept: of the weights of some layers.
const MOST: usize = 64;
/// Values of the smallest buffer that is worth it: some pages.
const LEAST: usize = 1 << 14;

/// A buffer of `len` values, whatever they are.
pub(super) fn buffer(len: usize) -> Vec<f32> {
    if len >= LEAST {
        let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = spare.iter().rposition(|buffer| buffer.len() == len) {
            return spare.swap_remove(index);
        }
    }
    vec![0.0; len]
}

/// Keeps a buffer for whoever needs one as long.
pub(crate) fn give_back(buffer: Vec<f32>) {
    if buffer.len() < LEAST {
        return;
    }
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    if spare.len() == MOST {
        spare.remove(0);
    }
    spare.push(buffer);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_has_the_length_asked_for_and_is_used_again() {
        // A length of this test's own: others run beside it.
        let len = LEAST + 12_345;
        assert_eq!(buffer(len), vec![0.0; len]);
        give_back(vec![7.0; len]);
        assert_eq!(buffer(len), vec![7.0; len]);
        assert_eq!(buffer(len), vec![0.0; len]);
    }
}
