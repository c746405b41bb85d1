//! The driver on the way forward.

use super::blocks::{Spread, block_len, cut, cut_mut, lengths, row_of};
use super::call::ScanForward;
use super::cell::ScanCell;
use super::lanes::{Group, LANES, pick};
use super::since::{Since, apply, compose};
use crate::Direction;
use crate::arch::multiply_add;
use crate::arch::{Machine, Work};

/// Runs a checked call.
pub(super) fn scan_forward<C, const G: usize, const V: usize>(
    cell: C,
    machine: Machine,
    call: ScanForward<'_>,
) where
    C: ScanCell<G, V>,
{
    let (shape, direction) = (call.shape, call.direction);
    let (seq_len, width) = (shape.seq_len, shape.hidden_size);
    call.final_state.copy_from_slice(call.state);
    if shape.has_no_state() {
        return;
    }
    let hidden_len = (call.cell.num_states() - 1) * shape.batch_size * width;
    let (final_hidden, final_cell) = call.final_state.split_at_mut(hidden_len);
    if seq_len == 0 {
        return;
    }
    let lengths = lengths(shape, call.lengths);
    let size = block_len(C::LINEAR);

    let mut rows = Vec::with_capacity(lengths.len());
    let mut cells = call
        .cells
        .map(|cells| cells.chunks_exact_mut(seq_len * width));
    let outputs = call.outputs.chunks_exact_mut(seq_len * width);
    let carries = final_cell.chunks_exact_mut(width);
    for (row, (outputs, carry)) in outputs.zip(carries).enumerate() {
        let length = lengths[row];
        let products = row_of(call.products, row, seq_len * G * width);
        let mut skips = call.skip.map(|skip| {
            let skip = row_of(skip, row, seq_len * width);
            cut(skip, width, length, direction, size).into_iter()
        });
        let mut cells = (cells.as_mut().and_then(Iterator::next))
            .map(|cells| cut_mut(cells, width, length, direction, size).into_iter());
        let blocks = cut(products, G * width, length, direction, size)
            .into_iter()
            .zip(cut_mut(outputs, width, length, direction, size))
            .map(|(products, outputs)| Block {
                products,
                skip: skips.as_mut().and_then(Iterator::next),
                outputs,
                cells: cells.as_mut().and_then(Iterator::next),
            })
            .collect();
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

    // A cell of two states shows its last output as the hidden one.
    let last = final_hidden.chunks_exact_mut(width).zip(&lengths);
    for (row, (hidden, &length)) in last.enumerate() {
        if let Some(time) = direction.times(length).next_back() {
            let outputs = row_of(call.outputs, row, seq_len * width);
            hidden.copy_from_slice(row_of(outputs, time, width));
        }
    }
}

/// Steps of one row that lie together in time.
#[derive(Debug)]
struct Block<'a> {
    /// `[steps, G, H]`
    products: &'a [f32],
    /// `[steps, H]`
    skip: Option<&'a [f32]>,
    /// `[steps, H]`
    outputs: &'a mut [f32],
    /// `[steps, H]`
    cells: Option<&'a mut [f32]>,
}

/// A row's blocks in reading order, and its state.
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
        for block in row.blocks {
            self.block(block, row.carry, &mut since);
        }
    }

    /// Leaves in `carry` the state behind the block.
    fn block(&self, block: Block<'_>, carry: &mut [f32], since: &mut Since) {
        self.machine.run(Advance {
            scan: *self,
            block,
            carry,
            since,
        });
    }

    fn blocks_side_by_side(&self, mut rows: Vec<Row<'_>>) {
        let spread = Spread::Blocks;
        let mut ends: Vec<Vec<Since>> = rows
            .iter()
            .map(|row| (row.blocks.iter().map(|_| Since::new(self.width))).collect())
            .collect();
        // The end of a row's last block is nobody's beginning.
        let surveys = (rows.iter().zip(&mut ends))
            .flat_map(|(row, ends)| row.blocks.iter().zip(ends).rev().skip(1))
            .collect();
        spread.each(surveys, |(block, since): (&Block<'_>, &mut Since)| {
            self.machine.run(Survey {
                scan: *self,
                products: block.products,
                since,
            });
        });

        let width = self.width;
        let mut carries: Vec<Vec<f32>> = Vec::with_capacity(rows.len());
        for (row, ends) in rows.iter().zip(&ends) {
            let mut before = Vec::with_capacity(ends.len() * width);
            let mut carry = row.carry.to_vec();
            for since in ends {
                before.extend_from_slice(&carry);
                since.move_on(self.machine, &mut carry);
            }
            carries.push(before);
        }
        let mut tasks = Vec::new();
        for ((row, ends), carries) in rows.iter_mut().zip(&mut ends).zip(&mut carries) {
            let carries = carries.chunks_exact_mut(width);
            tasks.extend(row.blocks.drain(..).zip(carries).zip(ends));
        }
        spread.each(tasks, |((block, carry), since)| {
            self.block(block, carry, since);
        });
        for (row, carries) in rows.into_iter().zip(carries) {
            if let Some(last) = carries.chunks_exact(width).next_back() {
                row.carry.copy_from_slice(last);
            }
        }
    }
}

/// Runs a block.
struct Advance<'a, C, const G: usize, const V: usize> {
    scan: Scan<'a, C, G, V>,
    block: Block<'a>,
    /// `[H]`: the state before the block, then the state behind it.
    carry: &'a mut [f32],
    since: &'a mut Since,
}

impl<C, const G: usize, const V: usize> Work for Advance<'_, C, G, V>
where
    C: ScanCell<G, V>,
{
    #[inline(always)]
    fn run<const FUSED: bool>(mut self) {
        let width = self.scan.width;
        let full = width - width % LANES;
        self.since.restart();
        for time in (self.scan.direction).times(self.block.outputs.len() / width) {
            for at in (0..full).step_by(LANES) {
                self.group::<true, FUSED>(time, at);
            }
            if full < width {
                self.group::<false, FUSED>(time, full);
            }
        }
        if C::LINEAR {
            self.since.apply_to::<FUSED>(self.carry);
        }
    }
}

impl<C, const G: usize, const V: usize> Advance<'_, C, G, V>
where
    C: ScanCell<G, V>,
{
    #[inline(always)]
    fn group<const FULL: bool, const FUSED: bool>(&mut self, time: usize, at: usize) {
        let width = self.scan.width;
        let group = Group::new(at, width);
        let products = row_of(self.block.products, time, G * width);
        let products = group.load_all::<FULL, G>(products);
        let vectors = group.load_all::<FULL, V>(self.scan.vectors);
        let skip = match self.block.skip {
            Some(skip) => group.load::<FULL>(row_of(skip, time, width)),
            None => [0.0; LANES],
        };
        let carry = group.load::<FULL>(self.carry);
        let mut product = group.load::<FULL>(&self.since.product);
        let mut local = group.load::<FULL>(&self.since.local);
        let (mut cells, mut outputs) = ([0.0; LANES], [0.0; LANES]);
        for lane in 0..LANES {
            let (products, vectors) = (pick(&products, lane), pick(&vectors, lane));
            let gates = (self.scan.cell).open::<FUSED>(products, vectors, carry[lane]);
            let (keep, add) = (C::keep(gates), C::add(gates));
            cells[lane] = if C::LINEAR {
                compose::<FUSED>(&mut product[lane], &mut local[lane], keep, add);
                apply::<FUSED>(product[lane], local[lane], carry[lane])
            } else {
                multiply_add::<FUSED>(keep, carry[lane], add)
            };
            outputs[lane] = self.scan.cell.show(gates, cells[lane], skip[lane]);
        }
        if C::LINEAR {
            group.store::<FULL>(&mut self.since.product, product);
            group.store::<FULL>(&mut self.since.local, local);
        } else {
            group.store::<FULL>(self.carry, cells);
        }
        group.store::<FULL>(&mut self.block.outputs[time * width..][..width], outputs);
        if let Some(kept) = &mut self.block.cells {
            group.store::<FULL>(&mut kept[time * width..][..width], cells);
        }
    }
}

/// Finds what a block does to the state before it.
struct Survey<'a, C, const G: usize, const V: usize> {
    scan: Scan<'a, C, G, V>,
    products: &'a [f32],
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
        for time in (self.scan.direction).times(self.products.len() / (G * width)) {
            for at in (0..full).step_by(LANES) {
                self.group::<true, FUSED>(time, at);
            }
            if full < width {
                self.group::<false, FUSED>(time, full);
            }
        }
    }
}

impl<C, const G: usize, const V: usize> Survey<'_, C, G, V>
where
    C: ScanCell<G, V>,
{
    #[inline(always)]
    fn group<const FULL: bool, const FUSED: bool>(&mut self, time: usize, at: usize) {
        let width = self.scan.width;
        let group = Group::new(at, width);
        let products = row_of(self.products, time, G * width);
        let products = group.load_all::<FULL, G>(products);
        let vectors = group.load_all::<FULL, V>(self.scan.vectors);
        let mut product = group.load::<FULL>(&self.since.product);
        let mut local = group.load::<FULL>(&self.since.local);
        for lane in 0..LANES {
            let (products, vectors) = (pick(&products, lane), pick(&vectors, lane));
            let gates = (self.scan.cell).open::<FUSED>(products, vectors, 0.0);
            let (keep, add) = (C::keep(gates), C::add(gates));
            compose::<FUSED>(&mut product[lane], &mut local[lane], keep, add);
        }
        group.store::<FULL>(&mut self.since.product, product);
        group.store::<FULL>(&mut self.since.local, local);
    }
}
