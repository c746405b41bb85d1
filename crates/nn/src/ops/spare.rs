//! Buffers for gradients of weights, kept from one update to the next.
//!
//! They are as large as the weights. Fresh memory for them would be cleared by the system, page by
//! page, and once more by whoever asked for zeros; and every one of them is overwritten.

use std::sync::{Mutex, PoisonError};

static SPARE: Mutex<Spare> = Mutex::new(Spare {
    buffers: Vec::new(),
    len: 0,
});

/// Buffers in nobody's use, the one that was given back last at the end.
struct Spare {
    buffers: Vec<Vec<f32>>,
    /// Values of all of them.
    len: usize,
}

/// Values that are kept at most: 512 MiB.
const MOST: usize = (512 << 20) / size_of::<f32>();
/// Values of the smallest buffer that is worth it: some pages.
const LEAST: usize = 1 << 14;

impl Spare {
    fn take(&mut self, len: usize) -> Option<Vec<f32>> {
        let index = self.buffers.iter().rposition(|one| one.len() == len)?;
        self.len -= len;
        Some(self.buffers.remove(index))
    }

    /// Keeps a buffer; the oldest make room.
    fn keep(&mut self, buffer: Vec<f32>) {
        if !(LEAST..=MOST).contains(&buffer.len()) {
            return;
        }
        while self.len + buffer.len() > MOST {
            self.len -= self.buffers.remove(0).len();
        }
        self.len += buffer.len();
        self.buffers.push(buffer);
    }
}

/// A buffer of `len` values, whatever they are.
pub(super) fn buffer(len: usize) -> Vec<f32> {
    let spare = match len {
        LEAST.. => SPARE
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(len),
        _ => None,
    };
    let mut buffer = spare.unwrap_or_else(|| vec![0.0; len]);
    if cfg!(debug_assertions) {
        // Whoever reads a value before it is written shows it in every test.
        buffer.fill(f32::NAN);
    }
    buffer
}

/// Keeps a buffer for whoever needs one as long.
pub(crate) fn give_back(buffer: Vec<f32>) {
    (SPARE.lock().unwrap_or_else(PoisonError::into_inner)).keep(buffer);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_has_the_length_asked_for_and_is_used_once_again() {
        let mut spare = Spare {
            buffers: Vec::new(),
            len: 0,
        };
        for len in [LEAST, LEAST + 1, LEAST - 1] {
            spare.keep(vec![7.0; len]);
        }
        assert_eq!(spare.take(LEAST + 1), Some(vec![7.0; LEAST + 1]));
        assert_eq!(spare.take(LEAST + 1), None);
        assert_eq!(spare.take(LEAST - 1), None);
        assert_eq!(spare.len, LEAST);
    }
}
