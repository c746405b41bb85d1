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

    /// The first `count` rows, and the others.
    pub(super) fn split_at(self, count: usize) -> (Self, Self) {
        let at = (count * self.stride).min(self.values.len());
        let (first, rest) = self.values.split_at(at);
        let of = |values| Rows { values, ..self };
        (of(first), of(rest))
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

    /// The first `count` rows, and the others.
    pub(super) fn split_at(&mut self, count: usize) -> (RowsMut<'_>, RowsMut<'_>) {
        let at = (count * self.stride).min(self.values.len());
        let (first, rest) = self.values.split_at_mut(at);
        let (stride, len) = (self.stride, self.len);
        let of = |values| RowsMut {
            values,
            stride,
            len,
        };
        (of(first), of(rest))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let len = self.len;
        (self.values.chunks_mut(self.stride)).map(move |row| &mut row[..len])
    }
}
