//! Whether a call is worth several threads, and handing out its parts.

use rayon::prelude::*;

use crate::{CellKind, SequenceShape};

/// How many threads a call deserves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Threads(usize);

impl Threads {
    /// Multiplications below which handing work to other threads costs more than it saves.
    const WORTHWHILE: usize = 1 << 21;

    /// For a call of such rows.
    pub(super) fn for_work(
        kind: CellKind,
        shape: SequenceShape,
        lengths: Option<&[usize]>,
    ) -> Threads {
        let num_steps = match lengths {
            Some(lengths) => lengths.iter().sum(),
            None => shape.seq_len * shape.batch_size,
        };
        let per_step = kind
            .w_hh_len(shape.hidden_size)
            .saturating_add(kind.num_gates() * shape.hidden_size * shape.input_size);
        if num_steps.saturating_mul(per_step) < Threads::WORTHWHILE {
            Threads(1)
        } else {
            Threads(rayon::current_num_threads().max(1))
        }
    }

    /// Blocks that `rows` are dealt to: not so many that a block's product is slow.
    pub(super) fn blocks(self, rows: usize) -> usize {
        const ROWS: usize = 4;
        self.0.min(rows.div_ceil(ROWS)).max(1)
    }

    /// Units for each task, when `units` are shared out evenly.
    pub(super) fn share(self, units: usize) -> usize {
        units.div_ceil(self.0).max(1)
    }

    /// Carries out `task` for every item, in any order.
    pub(super) fn spread<T: Send, R: Send>(
        self,
        items: Vec<T>,
        task: impl Fn(T) -> R + Send + Sync,
    ) -> Vec<R> {
        if self.0 == 1 || items.len() < 2 {
            items.into_iter().map(task).collect()
        } else {
            items.into_par_iter().with_max_len(1).map(task).collect()
        }
    }
}
