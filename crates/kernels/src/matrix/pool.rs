//! Buffers that are kept from call to call: fresh memory costs a page fault every 4 KiB.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use crate::arch::Lanes;

/// Buffers in nobody's use, smallest first, and their size together.
static SPARE: Mutex<Spare> = Mutex::new(Spare {
    buffers: Vec::new(),
    lanes: 0,
});

struct Spare {
    buffers: Vec<Vec<Lanes>>,
    lanes: usize,
}

/// What is kept at most: 256 MiB, in so many buffers.
const MOST_LANES: usize = (256 << 20) / size_of::<Lanes>();
const MOST_BUFFERS: usize = 64;

/// Memory on loan: its values are any, and dropping it gives it back.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    values: Vec<Lanes>,
    len: usize,
}

impl Buffer {
    pub(crate) fn take(len: usize) -> Buffer {
        if len == 0 {
            return Buffer::default();
        }
        let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
        let index = spare.buffers.partition_point(|buffer| buffer.len() < len);
        // Not one that is much too large: someone else will need it.
        let fits = (spare.buffers.get(index)).is_some_and(|buffer| buffer.len() / 4 <= len);
        let values = if fits {
            let values = spare.buffers.remove(index);
            spare.lanes -= values.len();
            values
        } else {
            drop(spare);
            vec![Lanes::ZERO; len]
        };
        Buffer { values, len }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let values = std::mem::take(&mut self.values);
        let len = values.len();
        if len == 0 || len > MOST_LANES {
            return;
        }
        let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
        // The smallest make room: they are the cheapest to get again.
        while spare.buffers.len() >= MOST_BUFFERS || spare.lanes + len > MOST_LANES {
            spare.lanes -= spare.buffers.remove(0).len();
        }
        let index = spare.buffers.partition_point(|buffer| buffer.len() < len);
        spare.buffers.insert(index, values);
        spare.lanes += len;
    }
}

impl Deref for Buffer {
    type Target = [Lanes];

    fn deref(&self) -> &[Lanes] {
        &self.values[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [Lanes] {
        &mut self.values[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_has_the_length_asked_for_and_is_used_again() {
        for len in [0, 1, 100, 37, 100] {
            assert_eq!(Buffer::take(len).len(), len);
        }
    }
}
