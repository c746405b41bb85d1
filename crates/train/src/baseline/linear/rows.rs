//! Sparse rows: for each text the terms that it has, and how much of each.

/// Rows of a sparse matrix, one after the other.
#[derive(Debug, Clone)]
pub(in crate::baseline) struct Rows {
    /// Where each row ends in the two lists.
    ends: Vec<usize>,
    terms: Vec<u32>,
    values: Vec<f32>,
}

impl Rows {
    pub(in crate::baseline) fn new() -> Self {
        Self {
            ends: Vec::new(),
            terms: Vec::new(),
            values: Vec::new(),
        }
    }

    pub(in crate::baseline) fn push(&mut self, row: impl IntoIterator<Item = (u32, f32)>) {
        for (term, value) in row {
            self.terms.push(term);
            self.values.push(value);
        }
        self.ends.push(self.terms.len());
    }

    pub(in crate::baseline) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Each row in order.
    pub(in crate::baseline) fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| Row {
            terms: &self.terms[start..end],
            values: &self.values[start..end],
        })
    }

    /// Multiplies each value by the factor of its term.
    pub(in crate::baseline) fn scale_terms(&mut self, factors: &[f64]) {
        for (value, &term) in self.values.iter_mut().zip(&self.terms) {
            *value = (f64::from(*value) * factors[term as usize]) as f32;
        }
    }
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub(in crate::baseline) struct Row<'a> {
    terms: &'a [u32],
    values: &'a [f32],
}

impl<'a> Row<'a> {
    pub(in crate::baseline) fn iter(self) -> impl Iterator<Item = (usize, f64)> + 'a {
        let terms = self.terms.iter().map(|&term| term as usize);
        terms.zip(self.values.iter().map(|&value| f64::from(value)))
    }
}
