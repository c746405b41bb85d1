//! The two matrix products of the path, over panels.

use super::panels::{View, ViewMut, lanes_of, put_lanes};
use crate::arch::{LANES, Lanes, Machine, PairMachine, Simd, VectorWork};

/// Panels `first, first + step, …`, `count` of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selection {
    pub(crate) first: usize,
    pub(crate) step: usize,
    pub(crate) count: usize,
}

impl Selection {
    pub(crate) fn all(count: usize) -> Selection {
        Selection {
            first: 0,
            step: 1,
            count,
        }
    }

    #[inline(always)]
    pub(super) fn panels<const N: usize>(self, from: usize) -> [usize; N] {
        let mut panels = [0; N];
        for (n, panel) in panels.iter_mut().enumerate() {
            *panel = self.first + (from + n) * self.step;
        }
        panels
    }

    /// The panels that are likely read after those before `from`: the next ones, or those of the
    /// next group of units, or the first ones again.
    #[inline(always)]
    fn following<const N: usize>(self, from: usize) -> [usize; N] {
        if from + N <= self.count {
            self.panels(from)
        } else if self.step > 1 {
            let first = self.first + 1;
            Selection { first, ..self }.panels(0)
        } else {
            self.panels(0)
        }
    }
}

/// Where the sums of a product start and go, one row of one panel at a time.
///
/// One type for all products: each more would compile every tile once more.
pub(crate) enum Target<'a, 'b> {
    /// Sums that are added to a matrix in panels.
    Added(ViewMut<'a>),
    /// Sums that start from a bias, one row for all, and replace a matrix in panels.
    Biased(&'a [Lanes], ViewMut<'a>),
    /// Sums that replace separate rows.
    Rows(&'a mut [&'b mut [f32]]),
    /// Sums that go to a row-major matrix; the last row may be shorter than the others where no
    /// panel reaches its end.
    RowMajor {
        values: &'a mut [f32],
        columns: usize,
        start: Start<'a>,
    },
}

/// What the sums of a row-major matrix start from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start<'a> {
    Zero,
    /// What stands there already.
    Values,
    /// One row for all.
    Bias(&'a [f32]),
}

impl Start<'_> {
    /// Of a product whose depth is taken in parts: what the parts before have left there.
    pub(crate) fn of_part(index: usize) -> Self {
        match index {
            0 => Start::Zero,
            _ => Start::Values,
        }
    }
}

impl Target<'_, '_> {
    /// What the sums of `H` rows from `row` of some panels start from.
    #[inline(always)]
    fn begin<S: Simd, const V: usize, const N: usize, const H: usize>(
        &mut self,
        simd: S,
        panels: [usize; N],
        row: usize,
    ) -> Sums<S, V, N, H> {
        let mut sums = Sums::zero(simd);
        match self {
            Target::Added(values) => {
                for (n, panel) in panels.into_iter().enumerate() {
                    let values = values.rows(panel, row, H);
                    let values: &[Lanes; H] = values.first_chunk().expect("a tile has its rows");
                    for (h, values) in values.iter().enumerate() {
                        sums.set(simd, h, n, values);
                    }
                }
            }
            Target::Biased(biases, _) => {
                for (n, panel) in panels.into_iter().enumerate() {
                    let bias = &biases[panel];
                    for h in 0..H {
                        sums.set(simd, h, n, bias);
                    }
                }
            }
            Target::Rows(_) => {}
            Target::RowMajor {
                values,
                columns,
                start,
            } => {
                let mut lanes = [[Lanes::ZERO; N]; H];
                match start {
                    Start::Zero => return sums,
                    Start::Values => {
                        for (h, lanes) in lanes.iter_mut().enumerate() {
                            let end = values.len().min((row + h + 1) * *columns);
                            let values = &values[(row + h) * *columns..end];
                            for (lanes, panel) in lanes.iter_mut().zip(panels) {
                                *lanes = lanes_of(values, panel * LANES);
                            }
                        }
                    }
                    Start::Bias(bias) => {
                        lanes = [panels.map(|panel| lanes_of(bias, panel * LANES)); H];
                    }
                }
                sums.set_all(simd, &lanes);
            }
        }
        sums
    }

    /// Takes the sums that [`Target::begin`] began.
    #[inline(always)]
    fn finish<S: Simd, const V: usize, const N: usize, const H: usize>(
        &mut self,
        simd: S,
        panels: [usize; N],
        row: usize,
        sums: &Sums<S, V, N, H>,
    ) {
        match self {
            Target::Added(values) | Target::Biased(_, values) => {
                for (n, panel) in panels.into_iter().enumerate() {
                    let values = values.rows(panel, row, H);
                    let values: &mut [Lanes; H] =
                        values.first_chunk_mut().expect("a tile has its rows");
                    for (h, values) in values.iter_mut().enumerate() {
                        sums.get(simd, h, n, &mut values.0);
                    }
                }
            }
            Target::Rows(rows) => {
                let lanes = sums.get_all(simd);
                for (row, lanes) in rows[row..][..H].iter_mut().zip(&lanes) {
                    for (lanes, panel) in lanes.iter().zip(panels) {
                        put_lanes(row, panel * LANES, lanes);
                    }
                }
            }
            Target::RowMajor {
                values, columns, ..
            } => {
                let lanes = sums.get_all(simd);
                for (h, lanes) in lanes.iter().enumerate() {
                    let end = values.len().min((row + h + 1) * *columns);
                    let values = &mut values[(row + h) * *columns..end];
                    for (lanes, panel) in lanes.iter().zip(panels) {
                        put_lanes(values, panel * LANES, lanes);
                    }
                }
            }
        }
    }
}

/// `C = start + A·B`, with A `[rows, depth]`, B `[depth, columns]`.
///
/// Each element is one sum over the depth from first to last, so it has the same bits whatever
/// other rows and columns are computed beside it.
pub(crate) struct Multiply<'a, 'b> {
    pub(crate) rows: usize,
    pub(crate) depth: usize,
    pub(crate) a: View<'a>,
    pub(crate) b: View<'a>,
    pub(crate) panels: Selection,
    pub(crate) c: Target<'a, 'b>,
}

impl Multiply<'_, '_> {
    pub(crate) fn run(self, machine: Machine) {
        machine.run_vectors(self);
    }

    /// The same of operands of pairs; the depth is that of the pairs.
    pub(crate) fn run_pairs(self, machine: PairMachine) {
        machine.run(self);
    }
}

/// Words of A that stay in the second-level cache while the panels of B pass over them.
pub(super) const WORDS_AT_ONCE: usize = 96 * 1024;
/// Rows of A at least: very deep ones outgrow that cache, but fewer would read B too often.
const ROWS_AT_ONCE: usize = 96;

/// Rows of the next panels that are asked for with every segment of the depth.
const AHEAD: usize = 4;

impl VectorWork for Multiply<'_, '_> {
    #[inline(always)]
    fn run<S: Simd, const V: usize, const N: usize>(mut self, simd: S) {
        let rows_at_once = ROWS_AT_ONCE.max(WORDS_AT_ONCE / self.depth.max(1));
        for first in (0..self.rows).step_by(rows_at_once) {
            let rows = rows_at_once.min(self.rows - first);
            let mut from = 0;
            while from < self.panels.count {
                let panels = self.panels.count - from;
                let many = match self.rows {
                    1 => at_once_of_one_row::<N>(panels),
                    _ => at_once::<N>(panels),
                };
                for (index, (row, height)) in tiles(rows, S::HEIGHT).enumerate() {
                    let at = (from, first + row, index);
                    with_sizes!(many, height, N, S, self.tile::<S, V>(simd, at));
                }
                from += many;
            }
        }
    }
}

/// Rows in tiles of at most `most`: first row and number of rows.
///
/// Balanced (20 rows are 5 + 5 + 5 + 5, not 6 + 6 + 6 + 2), because a short tile costs almost as
/// much as a full one. The height of a tile never changes a result.
#[inline(always)]
pub(crate) fn tiles(rows: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = rows.div_ceil(most);
    (0..count).map(move |index| {
        let first = rows * index / count;
        (first, rows * (index + 1) / count - first)
    })
}

/// Panels to take next, of so many: four or three, as cells have slots, or one.
#[inline(always)]
fn at_once<const N: usize>(panels: usize) -> usize {
    match panels.min(N) {
        2 => 1,
        many => many,
    }
}

/// The same of a single row: twice as many, or its sums would be too few to hide the latency of an
/// addition.
#[inline(always)]
fn at_once_of_one_row<const N: usize>(panels: usize) -> usize {
    let most = if N >= 4 { 8 } else { 4 };
    if panels >= most {
        most
    } else {
        at_once::<N>(panels)
    }
}

/// Calls `self.tile::<S, V, N, HEIGHT>(…)` for sizes found at run time, those excepted that this
/// instruction set does not have.
macro_rules! with_sizes {
    ($many:expr, $height:expr, $n:ident, $s:ident,
     $this:ident.tile::<$simd:ident, $v:ident>($($argument:expr),*)) => {
        match ($many, $height) {
            (1, 1) => $this.tile::<$simd, $v, 1, 1>($($argument),*),
            (1, 2) => $this.tile::<$simd, $v, 1, 2>($($argument),*),
            (1, 3) => $this.tile::<$simd, $v, 1, 3>($($argument),*),
            (1, 4) if $s::HEIGHT >= 4 => $this.tile::<$simd, $v, 1, 4>($($argument),*),
            (1, 5) if $s::HEIGHT >= 5 => $this.tile::<$simd, $v, 1, 5>($($argument),*),
            (1, 6) if $s::HEIGHT >= 6 => $this.tile::<$simd, $v, 1, 6>($($argument),*),
            (3, 1) if $n >= 3 => $this.tile::<$simd, $v, 3, 1>($($argument),*),
            (3, 2) if $n >= 3 => $this.tile::<$simd, $v, 3, 2>($($argument),*),
            (3, 3) if $n >= 3 => $this.tile::<$simd, $v, 3, 3>($($argument),*),
            (3, 4) if $n >= 3 => $this.tile::<$simd, $v, 3, 4>($($argument),*),
            (3, 5) if $n >= 3 => $this.tile::<$simd, $v, 3, 5>($($argument),*),
            (3, 6) if $n >= 3 => $this.tile::<$simd, $v, 3, 6>($($argument),*),
            (4, 1) => $this.tile::<$simd, $v, 4, 1>($($argument),*),
            (4, 2) if $n >= 4 => $this.tile::<$simd, $v, 4, 2>($($argument),*),
            (4, 3) if $n >= 4 => $this.tile::<$simd, $v, 4, 3>($($argument),*),
            (4, 4) if $n >= 4 => $this.tile::<$simd, $v, 4, 4>($($argument),*),
            (4, 5) if $n >= 4 => $this.tile::<$simd, $v, 4, 5>($($argument),*),
            (4, 6) if $n >= 4 => $this.tile::<$simd, $v, 4, 6>($($argument),*),
            (8, 1) if $n >= 4 => $this.tile::<$simd, $v, 8, 1>($($argument),*),
            (many, height) => unreachable!("no tile of {height} rows and {many} panels"),
        }
    };
}
use with_sizes;

impl Multiply<'_, '_> {
    /// `H` rows of `N` panels, their sums held in registers.
    #[inline(always)]
    #[expect(
        clippy::needless_range_loop,
        reason = "a loop of constant length over all operands at once"
    )]
    fn tile<S: Simd, const V: usize, const N: usize, const H: usize>(
        &mut self,
        simd: S,
        (from, row, index): (usize, usize, usize),
    ) {
        let panels = self.panels.panels::<N>(from);
        let mut sums: Sums<S, V, N, H> = self.c.begin(simd, panels, row);
        let mut b: [&[Lanes]; N] = [&[]; N];
        for (b, panel) in b.iter_mut().zip(panels) {
            *b = self.b.rows(panel, 0, self.depth);
        }
        let whole = self.depth / LANES;
        // The weights of a layer are larger than the second-level cache, and each tile asks for a
        // share of the panels to come.
        let following = (self.panels.following::<N>(from + N)).map(|panel| self.b.ahead(panel));
        let mut asked = index * whole * AHEAD;
        for segment in 0..whole {
            if asked < self.depth {
                for panel in following {
                    for line in 0..AHEAD {
                        simd.prefetch(panel, asked + line);
                    }
                }
                asked += AHEAD;
            }
            let a = self.a.rows(segment, row, H);
            let a: &[Lanes; H] = a.first_chunk().expect("a tile has its rows");
            let mut right: [&[Lanes; LANES]; N] = [&[Lanes::ZERO; LANES]; N];
            for (right, b) in right.iter_mut().zip(b) {
                let b = b[segment * LANES..].first_chunk();
                *right = b.expect("a whole segment has all its rows");
            }
            for k in 0..LANES {
                sums.add(simd, |row| &a[row].0[k], |panel| &right[panel][k]);
            }
        }
        if whole * LANES < self.depth {
            let a = self.a.rows(whole, row, H);
            let a: &[Lanes; H] = a.first_chunk().expect("a tile has its rows");
            for k in 0..self.depth - whole * LANES {
                sums.add(
                    simd,
                    |row| &a[row].0[k],
                    |panel| &b[panel][whole * LANES + k],
                );
            }
        }
        self.c.finish(simd, panels, row, &sums);
    }
}

/// The sums of a tile, in registers.
///
/// They stay there only if every index is known at compile time: loops over rows and panels that
/// the compiler does not unroll whole have to go through [`Sums::set_all`] and [`Sums::get_all`],
/// or the sums of all tiles are kept in memory.
struct Sums<S: Simd, const V: usize, const N: usize, const H: usize>([[[S::Vector; V]; N]; H]);

impl<S: Simd, const V: usize, const N: usize, const H: usize> Sums<S, V, N, H> {
    #[inline(always)]
    fn zero(simd: S) -> Self {
        Sums([[[simd.splat(0.0); V]; N]; H])
    }

    #[inline(always)]
    fn set(&mut self, simd: S, row: usize, panel: usize, lanes: &Lanes) {
        for v in 0..V {
            self.0[row][panel][v] = simd.load(&lanes.0, v);
        }
    }

    #[inline(always)]
    fn get(&self, simd: S, row: usize, panel: usize, values: &mut [f32; LANES]) {
        for v in 0..V {
            simd.store(self.0[row][panel][v], values, v);
        }
    }

    #[inline(always)]
    #[expect(
        clippy::needless_range_loop,
        reason = "counted loops are unrolled, and the sums stay in registers"
    )]
    fn set_all(&mut self, simd: S, lanes: &[[Lanes; N]; H]) {
        for h in 0..H {
            for n in 0..N {
                self.set(simd, h, n, &lanes[h][n]);
            }
        }
    }

    #[inline(always)]
    #[expect(
        clippy::needless_range_loop,
        reason = "counted loops are unrolled, and the sums stay in registers"
    )]
    fn get_all(&self, simd: S) -> [[Lanes; N]; H] {
        let mut lanes = [[Lanes::ZERO; N]; H];
        for h in 0..H {
            for n in 0..N {
                self.get(simd, h, n, &mut lanes[h][n].0);
            }
        }
        lanes
    }

    /// Adds the outer product of a column, by row, and a row, by panel.
    ///
    /// Both are read where they are used: a broadcast that reads memory itself takes no place
    /// among the multiplications.
    #[inline(always)]
    #[expect(
        clippy::needless_range_loop,
        reason = "counted loops over arrays are what the compiler unrolls into registers"
    )]
    fn add<'m>(
        &mut self,
        simd: S,
        left: impl Fn(usize) -> &'m f32,
        right: impl Fn(usize) -> &'m Lanes,
    ) {
        let mut vectors = [[simd.splat(0.0); V]; N];
        for n in 0..N {
            for v in 0..V {
                vectors[n][v] = simd.load(&right(n).0, v);
            }
        }
        for h in 0..H {
            let left = simd.broadcast(left(h));
            for n in 0..N {
                for v in 0..V {
                    self.0[h][n][v] = simd.multiply_add(left, vectors[n][v], self.0[h][n][v]);
                }
            }
        }
    }
}

/// Steps that lie together: rows `first..first + count` of the panels of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) block: usize,
    pub(crate) first: usize,
    pub(crate) count: usize,
}

/// `C = start + Aᵀ·B` over the steps of `runs`, in their order: rows of C are columns of one
/// panel, its columns those of other panels.
pub(crate) struct Correlate<'a, 'b> {
    pub(crate) runs: &'a [Run],
    /// Columns of A's panel that are wanted.
    pub(crate) rows: usize,
    /// For each block, the panels of the left operand, and which of them it is.
    pub(crate) a: &'a [View<'a>],
    pub(crate) a_panel: usize,
    /// For each block, the panels of the right operand, and where they begin.
    pub(crate) b: &'a [View<'a>],
    pub(crate) b_panel: usize,
    pub(crate) panels: Selection,
    pub(crate) c: Target<'a, 'b>,
}

impl Correlate<'_, '_> {
    pub(crate) fn run(self, machine: Machine) {
        machine.run_vectors(self);
    }

    #[inline(always)]
    fn tile<S: Simd, const V: usize, const N: usize, const H: usize>(
        &mut self,
        simd: S,
        (from, row): (usize, usize),
    ) {
        assert!(row <= LANES - H, "the rows of a tile are in one panel");
        let panels = self.panels.panels::<N>(from);
        let mut sums: Sums<S, V, N, H> = self.c.begin(simd, panels, row);
        for run in self.runs {
            let a = self.a[run.block].rows(self.a_panel, run.first, run.count);
            let mut b: [&[Lanes]; N] = [&[]; N];
            for (b, panel) in b.iter_mut().zip(panels) {
                *b = self.b[run.block].rows(self.b_panel + panel, run.first, run.count);
            }
            for (k, a) in a.iter().enumerate() {
                sums.add(simd, |column| &a.0[row + column], |panel| &b[panel][k]);
            }
        }
        self.c.finish(simd, panels, row, &sums);
    }
}

impl VectorWork for Correlate<'_, '_> {
    #[inline(always)]
    fn run<S: Simd, const V: usize, const N: usize>(mut self, simd: S) {
        let mut from = 0;
        while from < self.panels.count {
            let many = at_once::<N>(self.panels.count - from);
            for (row, height) in tiles(self.rows, S::HEIGHT) {
                let at = (from, row);
                with_sizes!(many, height, N, S, self.tile::<S, V>(simd, at));
            }
            from += many;
        }
    }
}
