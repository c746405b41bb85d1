//! Which rows run at which time, and which thread has them.

/// The rows of a call, dealt to blocks that run independently of each other.
///
/// Rows are sorted by length, longest first, and dealt in turn, so that each block has its share
/// of long rows and at any time the rows still running are the first ones of each block. Only
/// real steps are stored: a block keeps them one after another, time by time, and padding costs
/// nothing.
#[derive(Debug)]
pub(super) struct Schedule {
    pub(super) seq_len: usize,
    pub(super) batch_size: usize,
    pub(super) blocks: Vec<Block>,
}

/// Rows that run together.
#[derive(Debug)]
pub(super) struct Block {
    /// Their indices in the batch, longest first.
    pub(super) rows: Vec<usize>,
    /// `starts[t]`: the place of the first row's step at time `t`; `[seq_len]` is the total.
    starts: Vec<usize>,
}

/// One real step of one row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// The block that has the row, and the place of the step in it.
    pub(super) block: usize,
    pub(super) place: usize,
    /// The step's row in a `[T, B]` array.
    pub(super) index: usize,
}

impl Schedule {
    pub(super) fn new(
        seq_len: usize,
        batch_size: usize,
        lengths: Option<&[usize]>,
        num_blocks: usize,
    ) -> Schedule {
        let length = |row: usize| lengths.map_or(seq_len, |lengths| lengths[row]);
        let mut order: Vec<usize> = (0..batch_size).collect();
        order.sort_by_key(|&row| std::cmp::Reverse(length(row)));
        let blocks = (0..num_blocks)
            .map(|first| {
                let rows: Vec<usize> = order
                    .iter()
                    .skip(first)
                    .step_by(num_blocks)
                    .copied()
                    .collect();
                let mut starts = vec![0];
                let mut total = 0;
                for time in 0..seq_len {
                    total += rows.partition_point(|&row| length(row) > time);
                    starts.push(total);
                }
                Block { rows, starts }
            })
            .collect();
        Schedule {
            seq_len,
            batch_size,
            blocks,
        }
    }

    /// All real steps, time by time, longest rows first: the same order for any number of blocks.
    pub(super) fn steps(&self) -> Vec<Step> {
        let num_blocks = self.blocks.len();
        let mut steps = Vec::new();
        for time in 0..self.seq_len {
            for rank in 0..self.batch_size {
                let (block, row) = (rank % num_blocks, rank / num_blocks);
                if row < self.blocks[block].active(time) {
                    steps.push(Step {
                        block,
                        place: self.blocks[block].starts[time] + row,
                        index: time * self.batch_size + self.blocks[block].rows[row],
                    });
                }
            }
        }
        steps
    }

    /// The rows of a `[T, B, ·]` array, each block's in its own list, `[T][row of the block]`.
    pub(super) fn deal<'a>(&self, values: &'a mut [f32], width: usize) -> Vec<Vec<&'a mut [f32]>> {
        let mut rows: Vec<Option<&mut [f32]>> = values.chunks_exact_mut(width).map(Some).collect();
        let mut take = |index: usize| rows[index].take().expect("each row is in one block");
        self.blocks
            .iter()
            .map(|block| {
                (0..self.seq_len)
                    .flat_map(|time| {
                        block
                            .rows
                            .iter()
                            .map(move |row| time * self.batch_size + row)
                    })
                    .map(&mut take)
                    .collect()
            })
            .collect()
    }
}

impl Block {
    /// Rows still running at `time`: the first so many.
    pub(super) fn active(&self, time: usize) -> usize {
        self.starts[time + 1] - self.starts[time]
    }

    /// The place of the first row's step at `time`; at `seq_len`, the number of steps.
    pub(super) fn start(&self, time: usize) -> usize {
        self.starts[time]
    }

    /// Steps of all rows together.
    pub(super) fn num_steps(&self) -> usize {
        self.starts[self.starts.len() - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_rows_come_first_and_padding_has_no_place() {
        let schedule = Schedule::new(3, 4, Some(&[1, 3, 0, 2]), 1);
        let block = &schedule.blocks[0];
        assert_eq!(block.rows, [1, 3, 0, 2]);
        assert_eq!([0, 1, 2].map(|time| block.active(time)), [3, 2, 1]);
        assert_eq!(block.num_steps(), 6);
    }

    #[test]
    fn steps_have_one_order_for_any_number_of_blocks() {
        let lengths = [2, 5, 0, 5, 1, 4, 3];
        let indices = |num_blocks: usize| -> Vec<usize> {
            let schedule = Schedule::new(5, 7, Some(&lengths), num_blocks);
            schedule.steps().iter().map(|step| step.index).collect()
        };
        assert_eq!(indices(1).len(), 20);
        for num_blocks in 2..=7 {
            assert_eq!(indices(num_blocks), indices(1));
        }
    }

    #[test]
    fn every_block_gets_its_rows_of_an_array() {
        let schedule = Schedule::new(2, 3, Some(&[1, 2, 2]), 2);
        let mut values: Vec<f32> = (0..6).map(|i| i as f32).collect();
        let dealt = schedule.deal(&mut values, 1);
        let numbers: Vec<Vec<f32>> = dealt
            .iter()
            .map(|rows| rows.iter().map(|row| row[0]).collect())
            .collect();
        assert_eq!(schedule.blocks[0].rows, [1, 0]);
        assert_eq!(numbers, [vec![1.0, 0.0, 4.0, 3.0], vec![2.0, 5.0]]);
    }
}
