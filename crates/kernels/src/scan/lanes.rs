//! Units in groups: arrays of constant size, which the compiler keeps in vector registers.

/// Units handled together; the rest of a row, if it is no multiple, is one smaller group.
pub(super) const LANES: usize = 16;

pub(super) type Lanes = [f32; LANES];

/// Where a group lies in a row of `width` units.
#[derive(Clone, Copy)]
pub(super) struct Group {
    at: usize,
    width: usize,
}

impl Group {
    pub(super) fn new(at: usize, width: usize) -> Self {
        Self { at, width }
    }

    /// Units of the group; with `FULL` a constant.
    #[inline(always)]
    fn len<const FULL: bool>(self) -> usize {
        if FULL { LANES } else { self.width - self.at }
    }

    /// The group's units of `row [width]`, and zeros.
    #[inline(always)]
    pub(super) fn load<const FULL: bool>(self, row: &[f32]) -> Lanes {
        let [lanes] = self.load_all::<FULL, 1>(row);
        lanes
    }

    /// The group's units of `row [N, width]`.
    #[inline(always)]
    pub(super) fn load_all<const FULL: bool, const N: usize>(self, row: &[f32]) -> [Lanes; N] {
        let mut values = [[0.0; LANES]; N];
        let len = self.len::<FULL>();
        for (n, lanes) in values.iter_mut().enumerate() {
            lanes[..len].copy_from_slice(&row[n * self.width + self.at..][..len]);
        }
        values
    }

    #[inline(always)]
    pub(super) fn store<const FULL: bool>(self, row: &mut [f32], lanes: Lanes) {
        self.store_all::<FULL, 1>(row, &[lanes]);
    }

    #[inline(always)]
    pub(super) fn store_all<const FULL: bool, const N: usize>(
        self,
        row: &mut [f32],
        values: &[Lanes; N],
    ) {
        let len = self.len::<FULL>();
        for (n, lanes) in values.iter().enumerate() {
            row[n * self.width + self.at..][..len].copy_from_slice(&lanes[..len]);
        }
    }
}

/// The values of one unit.
#[inline(always)]
pub(super) fn pick<const N: usize>(values: &[Lanes; N], lane: usize) -> [f32; N] {
    let mut picked = [0.0; N];
    for n in 0..N {
        picked[n] = values[n][lane];
    }
    picked
}

#[inline(always)]
pub(super) fn put<const N: usize>(values: &mut [Lanes; N], lane: usize, picked: [f32; N]) {
    for n in 0..N {
        values[n][lane] = picked[n];
    }
}
