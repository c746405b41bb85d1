//! Rows of numbers in one slice.

/// Rows of one length that lie `stride` apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a, T> {
    values: &'a [T],
    stride: usize,
    len: usize,
}

impl<'a, T> Rows<'a, T> {
    /// The first `len` of every `stride` values.
    pub(super) fn new(values: &'a [T], stride: usize, len: usize) -> Self {
        debug_assert!(len > 0 && len <= stride, "rows of {len}, {stride} apart");
        Rows {
            values,
            stride,
            len,
        }
    }

    /// Rows right behind each other.
    pub(super) fn close(values: &'a [T], len: usize) -> Self {
        Rows::new(values, len, len)
    }

    pub(super) fn count(&self) -> usize {
        self.values.len().div_ceil(self.stride)
    }

    /// Values of a row.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// All values from those of a row on; rows lie close.
    pub(super) fn values_from(&self, index: usize) -> &'a [T] {
        debug_assert!(
            self.stride == self.len,
            "rows of {}, {} apart",
            self.len,
            self.stride
        );
        &self.values[index * self.stride..]
    }

    pub(super) fn row(&self, index: usize) -> &'a [T] {
        &self.values[index * self.stride..][..self.len]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'a [T]> {
        let len = self.len;
        self.values.chunks(self.stride).map(move |row| &row[..len])
    }
}

/// As [`Rows`], to be written.
#[derive(Debug)]
pub(super) struct RowsMut<'a> {
    values: &'a mut [f32],
    stride: usize,
    len: usize,
}

impl<'a> RowsMut<'a> {
    /// The first `len` of every `stride` values.
    pub(super) fn new(values: &'a mut [f32], stride: usize, len: usize) -> Self {
        debug_assert!(len > 0 && len <= stride, "rows of {len}, {stride} apart");
        RowsMut {
            values,
            stride,
            len,
        }
    }

    /// Rows right behind each other.
    pub(super) fn close(values: &'a mut [f32], len: usize) -> Self {
        RowsMut::new(values, len, len)
    }

    /// Values of a row.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// All values from the first row on, and how far apart rows lie.
    pub(super) fn values_and_stride(&mut self) -> (&mut [f32], usize) {
        (self.values, self.stride)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let len = self.len;
        (self.values.chunks_mut(self.stride)).map(move |row| &mut row[..len])
    }
}
