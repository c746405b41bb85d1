//! Which rows run at which time, and which thread has them.

use crate::matrix::Run;

/// The rows of a call, dealt to blocks that run independently of each other.
///
/// Rows are sorted by length, longest first, and cut into blocks of about as many steps each, so
/// that at any time the rows still running are the first ones of each block. Only real steps are
/// stored: a block keeps them one after another, time by time, and padding costs nothing.
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
        let mut remaining: usize = order.iter().map(|&row| length(row)).sum();
        let mut rest = &order[..];
        let blocks = (0..num_blocks)
            .map(|index| {
                // This block's share of what is left, and at least a row for each one to come.
                let others = num_blocks - 1 - index;
                let share = remaining.div_ceil(others + 1);
                let mut steps = 0;
                let mut count = 0;
                while count + others < rest.len() && (others == 0 || count == 0 || steps < share) {
                    steps += length(rest[count]);
                    count += 1;
                }
                remaining -= steps;
                let (rows, later) = rest.split_at(count);
                rest = later;
                let rows = rows.to_vec();
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

    /// All real steps, time by time, longest rows first, in chunks of whole times and at least
    /// `at_least` steps: the same steps in the same order for any number of blocks.
    pub(super) fn runs(&self, at_least: usize) -> Vec<Vec<Run>> {
        let mut chunks = Vec::new();
        let mut first = 0;
        let mut steps = 0;
        for time in 0..self.seq_len {
            steps += self
                .blocks
                .iter()
                .map(|block| block.active(time))
                .sum::<usize>();
            if steps >= at_least || (steps > 0 && time + 1 == self.seq_len) {
                chunks.push(self.runs_between(first, time + 1));
                (first, steps) = (time + 1, 0);
            }
        }
        chunks
    }

    fn runs_between(&self, first: usize, end: usize) -> Vec<Run> {
        if let [block] = &self.blocks[..] {
            let count = block.start(end) - block.start(first);
            let first = block.start(first);
            return vec![Run {
                block: 0,
                first,
                count,
            }];
        }
        let mut runs = Vec::new();
        for time in first..end {
            for (index, block) in self.blocks.iter().enumerate() {
                runs.push(Run {
                    block: index,
                    first: block.start(time),
                    count: block.active(time),
                });
            }
        }
        runs.retain(|run| run.count > 0);
        runs
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
        let steps = |num_blocks: usize| -> Vec<Vec<(usize, usize)>> {
            let schedule = Schedule::new(5, 7, Some(&lengths), num_blocks);
            let step_of = |block: usize, place: usize| {
                let block = &schedule.blocks[block];
                let time = block.starts.partition_point(|&start| start <= place) - 1;
                (time, block.rows[place - block.starts[time]])
            };
            let chunks = schedule.runs(6);
            let chunks = chunks.iter().map(|runs| {
                let places = |run: &Run| run.first..run.first + run.count;
                let steps = runs
                    .iter()
                    .flat_map(|run| places(run).map(|p| step_of(run.block, p)));
                steps.collect()
            });
            chunks.collect()
        };
        assert_eq!(steps(1).iter().map(Vec::len).collect::<Vec<_>>(), [6, 9, 5]);
        for num_blocks in 2..=7 {
            assert_eq!(steps(num_blocks), steps(1));
        }
    }

    #[test]
    fn blocks_share_the_steps_and_none_is_empty() {
        let steps = |lengths: &[usize], num_blocks: usize| -> Vec<usize> {
            let schedule = Schedule::new(9, lengths.len(), Some(lengths), num_blocks);
            schedule.blocks.iter().map(Block::num_steps).collect()
        };
        assert_eq!(steps(&[9, 1, 1, 1, 1, 1, 1, 1], 2), [9, 7]);
        assert_eq!(steps(&[3; 6], 3), [6, 6, 6]);
        assert_eq!(steps(&[0; 3], 3), [0, 0, 0]);
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
        assert_eq!(schedule.blocks[0].rows, [1, 2]);
        assert_eq!(numbers, [vec![1.0, 2.0, 4.0, 5.0], vec![0.0, 3.0]]);
    }
}
