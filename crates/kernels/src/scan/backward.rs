//! The driver on the way back.

use super::blocks::{Spread, block_len, cut, cut_mut, lengths, row_of};
use super::call::ScanBackward;
use super::cell::{ScanCell, Step};
use super::lanes::{Group, LANES, pick, put};
use super::since::{Since, apply, compose};
use crate::Direction;
use crate::arch::{Machine, Work};
use crate::tiny::{FADED, flushed};

/// Runs a checked call.
pub(super) fn scan_backward<C, const G: usize, const V: usize>(
    cell: C,
    machine: Machine,
    call: ScanBackward<'_>,
) where
    C: ScanCell<G, V>,
{
    let (shape, direction) = (call.shape, call.direction);
    let (seq_len, width) = (shape.seq_len, shape.hidden_size);
    call.d_vectors.fill(0.0);
    match call.d_final_state {
        Some(d_final_state) => call.d_state.copy_from_slice(d_final_state),
        None => call.d_state.fill(0.0),
    }
    if shape.has_no_state() || seq_len == 0 {
        return;
    }
    let hidden_len = (call.cell.num_states() - 1) * shape.batch_size * width;
    let (d_hidden, d_cell) = call.d_state.split_at_mut(hidden_len);
    let initial = &call.state[hidden_len..];
    let lengths = lengths(shape, call.lengths);
    let size = block_len(C::LINEAR);
    let num_blocks: usize = lengths.iter().map(|length| length.div_ceil(size)).sum();
    let mut partials = vec![0.0; num_blocks * V * width];

    let mut rows = Vec::with_capacity(lengths.len());
    let mut d_vectors = partials.chunks_exact_mut(V * width);
    let mut d_skips = call
        .d_skip
        .map(|d_skip| d_skip.chunks_exact_mut(seq_len * width));
    let mut d_hiddens = d_hidden.chunks_exact(width);
    let d_products = call.d_products.chunks_exact_mut(seq_len * G * width);
    for (row, (d_products, carry)) in d_products.zip(d_cell.chunks_exact_mut(width)).enumerate() {
        let length = lengths[row];
        let blocks_of = |values, per_step: usize| {
            let values = row_of(values, row, seq_len * per_step);
            cut(values, per_step, length, direction, size).into_iter()
        };
        let mut products = blocks_of(call.products, G * width);
        let mut skips = call.skip.map(|skip| blocks_of(skip, width));
        let mut d_outputs = call.d_outputs.map(|d_outputs| blocks_of(d_outputs, width));
        let mut d_skips = (d_skips.as_mut().and_then(Iterator::next))
            .map(|d_skip| cut_mut(d_skip, width, length, direction, size).into_iter());
        let mut before = row_of(initial, row, width);
        let mut blocks = Vec::new();
        let d_products = cut_mut(d_products, G * width, length, direction, size);
        let cells = blocks_of(call.cells, width);
        for ((cells, d_products), d_vectors) in cells.zip(d_products).zip(&mut d_vectors) {
            blocks.push(Block {
                given: Given {
                    products: products.next().unwrap_or_default(),
                    skip: skips.as_mut().and_then(Iterator::next),
                    before,
                    cells,
                    d_outputs: d_outputs.as_mut().and_then(Iterator::next),
                    d_hidden: None,
                },
                d_products,
                d_skip: d_skips.as_mut().and_then(Iterator::next),
                d_vectors,
            });
            let last = direction.times(cells.len() / width).next_back();
            before = row_of(cells, last.unwrap_or(0), width);
        }
        // A cell of two states showed its last output as the hidden one.
        let d_hidden = d_hiddens.next();
        if let Some(last) = blocks.last_mut() {
            last.given.d_hidden = d_hidden;
        }
        rows.push(Row { blocks, carry });
    }
    let scan = Scan {
        cell,
        machine,
        direction,
        width,
        vectors: call.vectors,
    };
    match Spread::of(shape, G * width, &lengths, C::LINEAR) {
        Spread::Blocks => scan.blocks_side_by_side(rows),
        spread => spread.each(rows, |row| scan.row(row)),
    }

    for partial in partials.chunks_exact(V * width) {
        for (sum, value) in call.d_vectors.iter_mut().zip(partial) {
            *sum += value;
        }
    }
    // No step reads the hidden state of such a cell: it passes only where there is no step.
    for (d_hidden, &length) in d_hidden.chunks_exact_mut(width).zip(&lengths) {
        if length > 0 {
            d_hidden.fill(0.0);
        }
    }
}

/// Steps of one row that lie together in time.
#[derive(Debug)]
struct Block<'a> {
    given: Given<'a>,
    /// `[steps, G, H]`
    d_products: &'a mut [f32],
    /// `[steps, H]`
    d_skip: Option<&'a mut [f32]>,
    /// `[V, H]`: this block's share.
    d_vectors: &'a mut [f32],
}

/// What is read of a block.
#[derive(Clone, Copy, Debug)]
struct Given<'a> {
    /// `[steps, G, H]`
    products: &'a [f32],
    /// `[steps, H]`
    skip: Option<&'a [f32]>,
    /// `[H]`: the state before the block.
    before: &'a [f32],
    /// `[steps, H]`: the state after each step.
    cells: &'a [f32],
    /// `[steps, H]`
    d_outputs: Option<&'a [f32]>,
    /// `[H]`: more gradient of the last step's output.
    d_hidden: Option<&'a [f32]>,
}

/// A row's blocks in reading order, and the gradient of its state.
#[derive(Debug)]
struct Row<'a> {
    blocks: Vec<Block<'a>>,
    carry: &'a mut [f32],
}

/// What all blocks share.
#[derive(Clone, Copy)]
struct Scan<'a, C, const G: usize, const V: usize> {
    cell: C,
    machine: Machine,
    direction: Direction,
    width: usize,
    vectors: &'a [f32],
}

impl<C, const G: usize, const V: usize> Scan<'_, C, G, V>
where
    C: ScanCell<G, V>,
{
    fn row(&self, row: Row<'_>) {
        let mut since = Since::new(self.width);
        for block in row.blocks.into_iter().rev() {
            self.block(block, row.carry, &mut since);
        }
    }

    /// Turns `carry` from the gradient behind the block into that before it.
    fn block(&self, block: Block<'_>, carry: &mut [f32], since: &mut Since) {
        self.machine.run(Retreat {
            scan: *self,
            block,
            carry,
            since,
        });
    }

    fn blocks_side_by_side(&self, mut rows: Vec<Row<'_>>) {
        let (spread, width) = (Spread::Blocks, self.width);
        let mut starts: Vec<Vec<Since>> = rows
            .iter()
            .map(|row| (row.blocks.iter().map(|_| Since::new(width))).collect())
            .collect();
        // The start of a row's first block is nobody's end.
        let surveys = (rows.iter().zip(&mut starts))
            .flat_map(|(row, starts)| row.blocks.iter().zip(starts).skip(1))
            .collect();
        spread.each(surveys, |(block, since): (&Block<'_>, &mut Since)| {
            self.machine.run(Survey {
                scan: *self,
                given: block.given,
                since,
            });
        });

        let mut carries: Vec<Vec<f32>> = Vec::with_capacity(rows.len());
        for (row, starts) in rows.iter().zip(&starts) {
            let mut behind = vec![0.0; starts.len() * width];
            let mut carry = row.carry.to_vec();
            for (since, behind) in starts.iter().zip(behind.chunks_exact_mut(width)).rev() {
                behind.copy_from_slice(&carry);
                since.move_on(self.machine, &mut carry);
            }
            carries.push(behind);
        }
        let mut tasks = Vec::new();
        for ((row, starts), carries) in rows.iter_mut().zip(&mut starts).zip(&mut carries) {
            let carries = carries.chunks_exact_mut(width);
            tasks.extend(row.blocks.drain(..).zip(carries).zip(starts));
        }
        spread.each(tasks, |((block, carry), since)| {
            self.block(block, carry, since);
        });
        for (row, carries) in rows.into_iter().zip(carries) {
            if let Some(first) = carries.chunks_exact(width).next() {
                row.carry.copy_from_slice(first);
            }
        }
    }
}

impl Given<'_> {
    /// The gradient of one step's output, but for `d_hidden`.
    #[inline(always)]
    fn d_output<const FULL: bool>(&self, group: Group, time: usize, width: usize) -> [f32; LANES] {
        match self.d_outputs {
            Some(d_outputs) => group.load::<FULL>(row_of(d_outputs, time, width)),
            None => [0.0; LANES],
        }
    }

    /// The state before a step, whose predecessor in reading order is `earlier`.
    #[inline(always)]
    fn previous(&self, earlier: Option<usize>, width: usize) -> &[f32] {
        match earlier {
            Some(earlier) => row_of(self.cells, earlier, width),
            None => self.before,
        }
    }
}

/// Goes back through a block.
struct Retreat<'a, C, const G: usize, const V: usize> {
    scan: Scan<'a, C, G, V>,
    block: Block<'a>,
    /// `[H]`
    carry: &'a mut [f32],
    since: &'a mut Since,
}

/// One step on the way back.
#[derive(Clone, Copy)]
struct At<'a> {
    time: usize,
    /// The state before it.
    previous: &'a [f32],
    /// More gradient of its output.
    d_hidden: Option<&'a [f32]>,
}

impl<C, const G: usize, const V: usize> Work for Retreat<'_, C, G, V>
where
    C: ScanCell<G, V>,
{
    #[inline(always)]
    fn run<const FUSED: bool>(mut self) {
        let width = self.scan.width;
        let full = width - width % LANES;
        self.since.restart();
        let given = self.block.given;
        let mut d_hidden = given.d_hidden;
        let mut times = self.scan.direction.times(given.cells.len() / width).rev();
        let mut next = times.next();
        while let Some(time) = next {
            next = times.next();
            let at = At {
                time,
                previous: given.previous(next, width),
                d_hidden: d_hidden.take(),
            };
            for unit in (0..full).step_by(LANES) {
                self.group::<true, FUSED>(at, unit);
            }
            if full < width {
                self.group::<false, FUSED>(at, full);
            }
        }
        if C::LINEAR {
            self.since.apply_to::<FUSED>(self.carry);
        }
    }
}

impl<C, const G: usize, const V: usize> Retreat<'_, C, G, V>
where
    C: ScanCell<G, V>,
{
    #[inline(always)]
    fn group<const FULL: bool, const FUSED: bool>(&mut self, at: At<'_>, unit: usize) {
        let (width, time, given) = (self.scan.width, at.time, &self.block.given);
        let group = Group::new(unit, width);
        let products = group.load_all::<FULL, G>(row_of(given.products, time, G * width));
        let vectors = group.load_all::<FULL, V>(self.scan.vectors);
        let skip = match given.skip {
            Some(skip) => group.load::<FULL>(row_of(skip, time, width)),
            None => [0.0; LANES],
        };
        let previous = group.load::<FULL>(at.previous);
        let cells = group.load::<FULL>(row_of(given.cells, time, width));
        let mut d_output = given.d_output::<FULL>(group, time, width);
        if let Some(d_hidden) = at.d_hidden {
            let more = group.load::<FULL>(d_hidden);
            for lane in 0..LANES {
                d_output[lane] += more[lane];
            }
        }
        let mut carry = group.load::<FULL>(self.carry);
        let mut product = group.load::<FULL>(&self.since.product);
        let mut local = group.load::<FULL>(&self.since.local);
        let mut d_products = [[0.0; LANES]; G];
        let mut d_vectors = group.load_all::<FULL, V>(self.block.d_vectors);
        let mut d_skip = [0.0; LANES];
        for lane in 0..LANES {
            let vectors = pick(&vectors, lane);
            let gates =
                (self.scan.cell).open::<FUSED>(pick(&products, lane), vectors, previous[lane]);
            let later = if C::LINEAR {
                apply::<FUSED>(product[lane], local[lane], carry[lane])
            } else {
                carry[lane]
            };
            let shown = d_output[lane] * C::slope(gates);
            let closed = self.scan.cell.close::<FUSED>(
                gates,
                Step {
                    vectors,
                    skip: skip[lane],
                    previous: previous[lane],
                    cell: cells[lane],
                    d_output: d_output[lane],
                    d_cell: shown + later,
                },
            );
            if C::LINEAR {
                let keep = C::keep(gates);
                compose::<FUSED>(&mut product[lane], &mut local[lane], keep, keep * shown);
                product[lane] = flushed(product[lane], FADED);
                local[lane] = flushed(local[lane], FADED);
            } else {
                carry[lane] = flushed(closed.d_previous, FADED);
            }
            let fading = |value| flushed(value, FADED);
            put(&mut d_products, lane, closed.d_products.map(fading));
            for (sums, value) in d_vectors.iter_mut().zip(closed.d_vectors) {
                sums[lane] += value;
            }
            d_skip[lane] = closed.d_skip;
        }
        if C::LINEAR {
            group.store::<FULL>(&mut self.since.product, product);
            group.store::<FULL>(&mut self.since.local, local);
        } else {
            group.store::<FULL>(self.carry, carry);
        }
        let step = time * G * width;
        group.store_all::<FULL, G>(&mut self.block.d_products[step..][..G * width], &d_products);
        group.store_all::<FULL, V>(self.block.d_vectors, &d_vectors);
        if let Some(kept) = &mut self.block.d_skip {
            group.store::<FULL>(&mut kept[time * width..][..width], d_skip);
        }
    }
}

/// Finds what the way back through a block does to the gradient behind it.
struct Survey<'a, C, const G: usize, const V: usize> {
    scan: Scan<'a, C, G, V>,
    given: Given<'a>,
    since: &'a mut Since,
}

impl<C, const G: usize, const V: usize> Work for Survey<'_, C, G, V>
where
    C: ScanCell<G, V>,
{
    #[inline(always)]
    fn run<const FUSED: bool>(mut self) {
        let width = self.scan.width;
        let full = width - width % LANES;
        let mut d_hidden = self.given.d_hidden;
        let steps = self.given.cells.len() / width;
        for time in self.scan.direction.times(steps).rev() {
            let d_hidden = d_hidden.take();
            for unit in (0..full).step_by(LANES) {
                self.group::<true, FUSED>(time, d_hidden, unit);
            }
            if full < width {
                self.group::<false, FUSED>(time, d_hidden, full);
            }
        }
    }
}

impl<C, const G: usize, const V: usize> Survey<'_, C, G, V>
where
    C: ScanCell<G, V>,
{
    #[inline(always)]
    fn group<const FULL: bool, const FUSED: bool>(
        &mut self,
        time: usize,
        d_hidden: Option<&[f32]>,
        unit: usize,
    ) {
        let width = self.scan.width;
        let group = Group::new(unit, width);
        let products = row_of(self.given.products, time, G * width);
        let products = group.load_all::<FULL, G>(products);
        let vectors = group.load_all::<FULL, V>(self.scan.vectors);
        let mut d_output = self.given.d_output::<FULL>(group, time, width);
        if let Some(d_hidden) = d_hidden {
            let more = group.load::<FULL>(d_hidden);
            for lane in 0..LANES {
                d_output[lane] += more[lane];
            }
        }
        let mut product = group.load::<FULL>(&self.since.product);
        let mut local = group.load::<FULL>(&self.since.local);
        for lane in 0..LANES {
            let (products, vectors) = (pick(&products, lane), pick(&vectors, lane));
            let gates = (self.scan.cell).open::<FUSED>(products, vectors, 0.0);
            let (keep, shown) = (C::keep(gates), d_output[lane] * C::slope(gates));
            compose::<FUSED>(&mut product[lane], &mut local[lane], keep, keep * shown);
        }
        group.store::<FULL>(&mut self.since.product, product);
        group.store::<FULL>(&mut self.since.local, local);
    }
}
