//! The two operands of a matrix product, laid out in the order in which it reads them.

use crate::arch::{Machine, TILE_HEIGHT};

/// Calls `$function::<HEIGHT>($arguments)` for the tile height found at run time.
macro_rules! with_height {
    ($height:expr, $function:ident($($argument:expr),* $(,)?)) => {
        match $height {
            1 => $function::<1>($($argument),*),
            2 => $function::<2>($($argument),*),
            3 => $function::<3>($($argument),*),
            4 => $function::<4>($($argument),*),
            5 => $function::<5>($($argument),*),
            6 => $function::<6>($($argument),*),
            height => unreachable!("a tile has 1 to {TILE_HEIGHT} rows, not {height}"),
        }
    };
}
pub(super) use with_height;

/// The left operand, `rows × depth`: tiles of a few rows, inside a tile one column after another.
///
/// Tiles are balanced (20 rows are 5 + 5 + 5 + 5, not 6 + 6 + 6 + 2), because a short tile costs
/// almost as much as a full one. The height of a tile never changes a result: every element is
/// its own sum over the depth, in order.
#[derive(Debug, Default)]
pub(crate) struct Tiles {
    rows: usize,
    depth: usize,
    values: Vec<f32>,
}

impl Tiles {
    /// Packs a matrix whose row `r` is `row(r)[..depth]`.
    pub(crate) fn pack_rows<'a>(
        &mut self,
        rows: usize,
        depth: usize,
        row: impl Fn(usize) -> &'a [f32],
    ) {
        self.resize(rows, depth);
        for index in 0..self.count() {
            let (first, height) = self.bounds(index);
            let values = &mut self.values[first * depth..][..height * depth];
            with_height!(height, interleave(values, depth, |r| row(first + r)));
        }
    }

    /// Sets column `k`, `[rows]`, of a matrix that is packed column by column.
    pub(crate) fn set_column(&mut self, k: usize, column: &[f32]) {
        for index in 0..self.count() {
            let (first, height) = self.bounds(index);
            let target = &mut self.values[first * self.depth + k * height..];
            with_height!(height, copy(&column[first..], target));
        }
    }

    /// Makes room for a matrix of another size; the values are then any.
    pub(crate) fn resize(&mut self, rows: usize, depth: usize) {
        (self.rows, self.depth) = (rows, depth);
        self.values.resize(rows * depth, 0.0);
    }

    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    fn count(&self) -> usize {
        self.rows.div_ceil(TILE_HEIGHT)
    }

    /// First row and number of rows of tile `index`.
    fn bounds(&self, index: usize) -> (usize, usize) {
        let count = self.count();
        let first = self.rows * index / count;
        (first, self.rows * (index + 1) / count - first)
    }

    /// The tiles, `size` at a time: first row, number of rows, values `[depth, height]`.
    pub(crate) fn groups(
        &self,
        size: usize,
    ) -> impl Iterator<Item = impl Iterator<Item = (usize, usize, &[f32])> + Clone> {
        let count = self.count();
        (0..count).step_by(size).map(move |start| {
            (start..count.min(start + size)).map(|index| {
                let (first, height) = self.bounds(index);
                let values = &self.values[first * self.depth..][..height * self.depth];
                (first, height, values)
            })
        })
    }
}

/// Copies `LEN` values: so few that a call of the system's copy costs more than it does.
fn copy<const LEN: usize>(source: &[f32], target: &mut [f32]) {
    let mut values = [0.0; LEN];
    values.copy_from_slice(&source[..LEN]);
    target[..LEN].copy_from_slice(&values);
}

/// Writes `HEIGHT` rows side by side: `values[k][r] = row(r)[k]`.
fn interleave<'a, const HEIGHT: usize>(
    values: &mut [f32],
    depth: usize,
    row: impl Fn(usize) -> &'a [f32],
) {
    let rows: [&[f32]; HEIGHT] = std::array::from_fn(|r| &row(r)[..depth]);
    let (columns, _) = values.as_chunks_mut::<HEIGHT>();
    for (k, column) in columns.iter_mut().enumerate() {
        for r in 0..HEIGHT {
            column[r] = rows[r][k];
        }
    }
}

/// The right operand, `depth × columns`: panels as wide as the registers hold, inside a panel one
/// row after another, the last panel filled up with zeros.
#[derive(Debug)]
pub(crate) struct Panels {
    width: usize,
    depth: usize,
    columns: usize,
    values: Vec<f32>,
}

impl Panels {
    fn zeros(machine: Machine, depth: usize, columns: usize) -> Panels {
        let width = machine.panel_width(columns);
        Panels {
            width,
            depth,
            columns,
            values: vec![0.0; columns.div_ceil(width) * depth * width],
        }
    }

    /// Packs a matrix whose row `k` is `row(k)[..columns]`, or zeros where it is `None`.
    pub(crate) fn from_rows<'a>(
        machine: Machine,
        depth: usize,
        columns: usize,
        row: impl Fn(usize) -> Option<&'a [f32]>,
    ) -> Panels {
        let mut panels = Panels::zeros(machine, depth, columns);
        let width = panels.width;
        for k in 0..depth {
            let Some(row) = row(k) else { continue };
            for (index, part) in row[..columns].chunks(width).enumerate() {
                panels.values[(index * depth + k) * width..][..part.len()].copy_from_slice(part);
            }
        }
        panels
    }

    /// Packs a matrix whose column `c` is `column(c)[..depth]`, or zeros where it is `None`.
    pub(crate) fn from_columns<'a>(
        machine: Machine,
        depth: usize,
        columns: usize,
        column: impl Fn(usize) -> Option<&'a [f32]>,
    ) -> Panels {
        let mut panels = Panels::zeros(machine, depth, columns);
        let width = panels.width;
        for c in 0..columns {
            let Some(column) = column(c) else { continue };
            let start = c / width * depth * width + c % width;
            for (k, &value) in column[..depth].iter().enumerate() {
                panels.values[start + k * width] = value;
            }
        }
        panels
    }

    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Columns of a panel.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The panels: first column, number of real columns, values `[depth, width]`.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, usize, &[f32])> {
        (0..self.columns.div_ceil(self.width)).map(|index| {
            let first = index * self.width;
            let panel = &self.values[first * self.depth..][..self.width * self.depth];
            (first, self.width.min(self.columns - first), panel)
        })
    }
}
