//! Sums down the columns of a panel.

use crate::arch::{Lanes, Work};

/// Adds rows of a panel to `sums`, each times its factors if there are any.
pub(crate) struct ColumnSums<'a> {
    pub(crate) rows: &'a [Lanes],
    pub(crate) factors: Option<&'a [Lanes]>,
    pub(crate) sums: &'a mut Lanes,
}

impl Work for ColumnSums<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let mut sums = self.sums.0;
        match self.factors {
            None => {
                for row in self.rows {
                    for (sum, value) in sums.iter_mut().zip(&row.0) {
                        *sum += value;
                    }
                }
            }
            Some(factors) => {
                for (row, factors) in self.rows.iter().zip(factors) {
                    let products = row.0.iter().zip(&factors.0);
                    for (sum, (value, factor)) in sums.iter_mut().zip(products) {
                        *sum += value * factor;
                    }
                }
            }
        }
        self.sums.0 = sums;
    }
}
