//! Vectors of an instruction set, for the loops that the compiler would not keep in registers.
#![expect(unsafe_code, reason = "rows of a panel are also read as plain values")]

/// Columns that lie side by side in memory: one register of AVX-512, two of AVX2.
pub(crate) const LANES: usize = 16;

/// One row of a panel: [`LANES`] words of four bytes, on a cache line of its own.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub(crate) struct Line<T>(pub(crate) [T; LANES]);

/// A row of a panel of numbers.
pub(crate) type Lanes = Line<f32>;

impl Lanes {
    pub(crate) const ZERO: Lanes = Line([0.0; LANES]);

    /// The values of some rows, one row after another.
    pub(crate) fn flatten(lanes: &[Lanes]) -> &[f32] {
        let len = lanes.len() * LANES;
        // SAFETY: a `Lanes` is an array of LANES values and nothing else (`repr(C)`, and 64 bytes
        // are whole cache lines, so nothing is filled up), so a slice of them is one of values.
        unsafe { std::slice::from_raw_parts(lanes.as_ptr().cast(), len) }
    }

    /// As [`Lanes::flatten`], to be written.
    pub(crate) fn flatten_mut(lanes: &mut [Lanes]) -> &mut [f32] {
        let len = lanes.len() * LANES;
        // SAFETY: as in `flatten`; any value of an f32 is one of a `Lanes`.
        unsafe { std::slice::from_raw_parts_mut(lanes.as_mut_ptr().cast(), len) }
    }
}

/// The vectors of one instruction set. A value of the type is the proof that the processor has
/// them, so every method is safe.
pub(crate) trait Simd: Copy {
    type Vector: Copy;

    /// Rows of a product whose sums are held in registers together.
    const HEIGHT: usize;

    fn splat(self, value: f32) -> Self::Vector;

    /// [`splat`](Simd::splat) of a value in memory.
    fn broadcast(self, value: &f32) -> Self::Vector;

    /// The vector that starts `index` vectors into `values`.
    fn load(self, values: &[f32; LANES], index: usize) -> Self::Vector;

    fn store(self, vector: Self::Vector, values: &mut [f32; LANES], index: usize);

    /// `a·b + c`; where lanes hold pairs, `a₀·b₀ + a₁·b₁ + c`, c being numbers.
    fn multiply_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;

    /// Asks for row `row` to be brought into the cache; a row past the end is nothing.
    #[inline(always)]
    fn prefetch(self, rows: &[Lanes], row: usize) {
        let _ = (rows, row);
    }

    /// `columns[c][r] = rows[r][c]`
    #[inline(always)]
    fn transpose(self, rows: [&[f32; LANES]; LANES], columns: &mut [Lanes; LANES]) {
        for (c, column) in columns.iter_mut().enumerate() {
            for (value, row) in column.0.iter_mut().zip(rows) {
                *value = row[c];
            }
        }
    }
}

/// A kernel over vectors: `V` of them hold [`LANES`] values, and registers hold the sums of
/// [`Simd::HEIGHT`] rows of up to `N` panels.
///
/// As with [`Work`](super::Work), all of it is `#[inline(always)]`.
pub(crate) trait VectorWork {
    fn run<S: Simd, const V: usize, const N: usize>(self, simd: S);
}

/// Arrays that the compiler turns into whatever vectors the build's baseline has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrays<const WIDTH: usize, const FUSED: bool>;

impl<const WIDTH: usize, const FUSED: bool> Simd for Arrays<WIDTH, FUSED> {
    type Vector = [f32; WIDTH];

    const HEIGHT: usize = if WIDTH == LANES { 6 } else { 3 };

    #[inline(always)]
    fn splat(self, value: f32) -> [f32; WIDTH] {
        [value; WIDTH]
    }

    #[inline(always)]
    fn broadcast(self, value: &f32) -> [f32; WIDTH] {
        [*value; WIDTH]
    }

    #[inline(always)]
    fn load(self, values: &[f32; LANES], index: usize) -> [f32; WIDTH] {
        values.as_chunks::<WIDTH>().0[index]
    }

    #[inline(always)]
    fn store(self, vector: [f32; WIDTH], values: &mut [f32; LANES], index: usize) {
        values.as_chunks_mut::<WIDTH>().0[index] = vector;
    }

    #[inline(always)]
    fn multiply_add(self, a: [f32; WIDTH], b: [f32; WIDTH], mut c: [f32; WIDTH]) -> [f32; WIDTH] {
        for lane in 0..WIDTH {
            c[lane] = if FUSED {
                a[lane].mul_add(b[lane], c[lane])
            } else {
                a[lane] * b[lane] + c[lane]
            };
        }
        c
    }
}

/// See [`PairMachine::pair`](super::PairMachine::pair).
#[cfg(test)]
pub(super) fn pair(first: &[Lanes], second: &[Lanes], pairs: &mut [Lanes]) {
    let bits = |number: f32| crate::Products::Bf16.round(number).to_bits();
    for (index, (pair, first)) in pairs.iter_mut().zip(first).enumerate() {
        let second = second.get(index).copied().unwrap_or_default();
        for lane in 0..LANES {
            pair.0[lane] = f32::from_bits(bits(first.0[lane]) >> 16 | bits(second.0[lane]));
        }
    }
}

/// [`Arrays`] whose lanes, where they are multiplied, hold pairs of bf16.
#[cfg(test)]
#[derive(Clone, Copy, Debug)]
pub(super) struct ArraysOfPairs;

#[cfg(test)]
impl Simd for ArraysOfPairs {
    type Vector = [f32; LANES];

    const HEIGHT: usize = 6;

    fn splat(self, value: f32) -> [f32; LANES] {
        [value; LANES]
    }

    fn broadcast(self, value: &f32) -> [f32; LANES] {
        [*value; LANES]
    }

    fn load(self, values: &[f32; LANES], _: usize) -> [f32; LANES] {
        *values
    }

    fn store(self, vector: [f32; LANES], values: &mut [f32; LANES], _: usize) {
        *values = vector;
    }

    fn multiply_add(self, a: [f32; LANES], b: [f32; LANES], c: [f32; LANES]) -> [f32; LANES] {
        let first = |pair: f32| f32::from_bits(pair.to_bits() << 16);
        let second = |pair: f32| f32::from_bits(pair.to_bits() & 0xffff_0000);
        std::array::from_fn(|lane| {
            let (a, b) = (a[lane], b[lane]);
            first(a) * first(b) + second(a) * second(b) + c[lane]
        })
    }
}
