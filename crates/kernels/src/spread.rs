//! Handing out the parts of a call to the threads of rayon's current pool.

use rayon::prelude::*;

/// Carries out `task` for every part, in any order; on this thread alone when there is but one
/// part, or one thread.
///
/// Parts must not depend on the number of threads where a sum runs over them.
pub(crate) fn spread<T: Send>(parts: Vec<T>, task: impl Fn(T) + Send + Sync) {
    if parts.len() < 2 || rayon::current_num_threads() < 2 {
        parts.into_iter().for_each(task);
    } else {
        parts.into_par_iter().with_max_len(1).for_each(task);
    }
}

/// Rows for each part, so that a part has about `values` values of `width` each.
pub(crate) fn rows_per_part(width: usize, values: usize) -> usize {
    (values / width.max(1)).max(1)
}
