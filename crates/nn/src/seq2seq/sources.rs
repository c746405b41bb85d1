//! Which source each row of a batch reads.

/// The sources of a batch; rows that are hypotheses of one source share it.
#[derive(Debug, Clone)]
pub(super) struct Sources {
    /// True length of each source.
    lengths: Vec<usize>,
    /// For each row of the batch, its source.
    of_rows: Vec<usize>,
}

impl Sources {
    /// One row for each source.
    pub(super) fn new(lengths: &[usize]) -> Self {
        Self {
            lengths: lengths.to_vec(),
            of_rows: (0..lengths.len()).collect(),
        }
    }

    /// True length of each source.
    pub(super) fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// For each row of the batch, its source.
    pub(super) fn of_rows(&self) -> &[usize] {
        &self.of_rows
    }

    /// The true length of each row's source.
    pub(super) fn lengths_by_row(&self) -> impl Iterator<Item = usize> {
        self.of_rows.iter().map(|&source| self.lengths[source])
    }

    /// Whether every source has one row, in their order.
    pub(super) fn are_rows(&self) -> bool {
        self.of_rows.iter().copied().eq(0..self.lengths.len())
    }

    /// Of alignments `[rows, source_len]` each row's weights over its own source.
    pub(super) fn by_row(&self, alignment: &[f32], source_len: usize) -> Vec<Vec<f32>> {
        let rows = alignment
            .chunks_exact(source_len)
            .zip(self.lengths_by_row());
        rows.map(|(row, length)| row[..length].to_vec()).collect()
    }

    /// Goes on with these rows in this order; a row may come more than once, or not at all. Tells
    /// which sources to keep where it is time to drop the others: they cost time at every step,
    /// and copying those that are kept costs it once.
    pub(super) fn select(&mut self, rows: &[usize]) -> Option<Vec<usize>> {
        self.of_rows = rows.iter().map(|&row| self.of_rows[row]).collect();
        let mut active = self.of_rows.clone();
        active.sort_unstable();
        active.dedup();
        let all = self.lengths.len();
        if active.len() == all || active.len() > all.div_ceil(2) {
            return None;
        }
        self.lengths = active.iter().map(|&source| self.lengths[source]).collect();
        for source in &mut self.of_rows {
            *source = active.partition_point(|other| other < source);
        }
        Some(active)
    }

    /// The rows as queries of their sources.
    pub(super) fn groups(&self) -> Groups {
        let mut counts = vec![0; self.lengths.len()];
        for &source in &self.of_rows {
            counts[source] += 1;
        }
        let width = counts.iter().copied().max().unwrap_or(0);
        counts.fill(0);
        let places = self.of_rows.iter().map(|&source| {
            counts[source] += 1;
            source * width + counts[source] - 1
        });
        Groups {
            places: places.collect(),
            num_sources: self.lengths.len(),
            width,
        }
    }
}

/// Rows of a batch as queries of their sources, `[num_sources, width]`.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) num_sources: usize,
    /// The most rows of a source.
    pub(super) width: usize,
    /// For each row its place.
    pub(super) places: Vec<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_that_are_done_are_dropped_once_about_half_are() {
        let mut sources = Sources::new(&[4, 5, 6, 7]);
        assert!(sources.are_rows());
        assert_eq!(sources.select(&[3, 1, 1, 2]), None);
        assert_eq!(sources.of_rows(), [3, 1, 1, 2]);
        let groups = sources.groups();
        assert_eq!((groups.num_sources, groups.width), (4, 2));
        assert_eq!(groups.places, [6, 2, 3, 4]);
        assert_eq!(sources.select(&[0, 2, 0]), Some(vec![1, 3]));
        assert_eq!(sources.of_rows(), [1, 0, 1]);
        assert_eq!(sources.lengths_by_row().collect::<Vec<_>>(), [7, 5, 7]);
        let alignment: Vec<f32> = (0..21).map(|place| place as f32).collect();
        let by_row = sources.by_row(&alignment, 7);
        assert_eq!(by_row[0].len(), 7);
        assert_eq!(by_row[1], [7.0, 8.0, 9.0, 10.0, 11.0]);
    }

    #[test]
    fn either_half_of_an_odd_number_is_less_than_all() {
        for half in [&[0, 1][..], &[2]] {
            let active = Sources::new(&[4, 5, 6]).select(half);
            assert_eq!(active.as_deref(), Some(half));
        }
        assert_eq!(Sources::new(&[4]).select(&[0, 0]), None);
    }
}
