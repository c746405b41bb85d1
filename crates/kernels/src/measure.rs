//! Whether a slice holds as many values as its dimensions say.

use crate::KernelError;

/// A function's arguments being measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measure {
    pub(crate) op: &'static str,
}

impl Measure {
    /// Refuses `values` of another number than the product of `dimensions`.
    pub(crate) fn len<T>(
        self,
        argument: &'static str,
        layout: &'static str,
        dimensions: &[usize],
        values: &[T],
    ) -> Result<(), KernelError> {
        let Measure { op } = self;
        let wanted =
            (dimensions.iter()).try_fold(1usize, |product, &size| product.checked_mul(size));
        match wanted {
            Some(wanted) if wanted == values.len() => Ok(()),
            Some(wanted) => Err(KernelError::Length {
                op,
                argument,
                layout,
                wanted,
                got: values.len(),
            }),
            None => Err(KernelError::Overflow {
                op,
                argument,
                layout,
                dimensions: dimensions.to_vec(),
            }),
        }
    }

    /// Refuses an id that a table of `size` rows does not have, unless its row is masked.
    pub(crate) fn ids(
        self,
        argument: &'static str,
        ids: &[u32],
        mask: Option<&[bool]>,
        size: usize,
    ) -> Result<(), KernelError> {
        let real = |row: usize| mask.is_none_or(|mask| mask[row]);
        let outside = |&(row, &id): &(usize, &u32)| id as usize >= size && real(row);
        match ids.iter().enumerate().find(outside) {
            Some((row, &got)) => Err(KernelError::Id {
                op: self.op,
                argument,
                row,
                size,
                got,
            }),
            None => Ok(()),
        }
    }
}
