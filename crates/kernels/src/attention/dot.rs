//! Dot attention of many queries: six products of matrices, and softmax between them.

use super::row::{Backward, Forward, Inputs, softmax};
use crate::arch::{LANES, Lanes, Line, Machine, Work};
use crate::matrix::{Correlate, Multiply, Panels, Run, Selection, Start, Target};

/// Queries from which on packing the operands costs less than it saves.
pub(super) const MANY_QUERIES: usize = 4;

impl Forward<'_> {
    pub(super) fn by_products(self, machine: Machine, scale: f32) {
        let (inputs, keys) = (self.inputs, self.inputs.length);
        let shape = inputs.shape;
        Multiply {
            rows: shape.query_len,
            depth: shape.key_size,
            a: inputs.pack_queries().view(0, 0),
            b: by_key(machine, keys, shape.key_size, |key| inputs.key(key)).view(0, 0),
            panels: Selection::all(panels(keys)),
            c: replaced(self.alignment, shape.key_len),
        }
        .run(machine);
        machine.run(Softmax {
            inputs,
            scale,
            alignment: self.alignment,
        });
        Multiply {
            rows: shape.query_len,
            depth: keys,
            a: inputs.pack_pairs(self.alignment).view(0, 0),
            b: pack(keys, shape.value_size, |key| inputs.value(key)).view(0, 0),
            panels: Selection::all(panels(shape.value_size)),
            c: replaced(self.context, shape.value_size),
        }
        .run(machine);
    }
}

impl Backward<'_> {
    pub(super) fn by_products(self, machine: Machine, scale: f32) {
        let (inputs, keys) = (self.inputs, self.inputs.length);
        let shape = inputs.shape;
        let alignment = inputs.pack_pairs(self.alignment);
        let d_context = pack(shape.query_len, shape.value_size, |query| {
            &self.d_context[query * shape.value_size..][..shape.value_size]
        });
        // Of the shares first, then of the products of queries and keys.
        let mut d_scores = match self.d_alignment {
            Some(d_alignment) => inputs.pack_pairs(d_alignment),
            None => pack(shape.query_len, keys, |_| &[]),
        };
        Multiply {
            rows: shape.query_len,
            depth: shape.value_size,
            a: d_context.view(0, 0),
            b: by_key(machine, keys, shape.value_size, |key| inputs.value(key)).view(0, 0),
            panels: Selection::all(panels(keys)),
            c: Target::Added(d_scores.view_mut(0, 0)),
        }
        .run(machine);
        machine.run(SoftmaxGradient {
            inputs,
            scale,
            alignment: &alignment,
            d_scores: &mut d_scores,
        });
        Multiply {
            rows: shape.query_len,
            depth: keys,
            a: d_scores.view(0, 0),
            b: pack(keys, shape.key_size, |key| inputs.key(key)).view(0, 0),
            panels: Selection::all(panels(shape.key_size)),
            c: replaced(self.d_queries, shape.key_size),
        }
        .run(machine);
        let of_keys = |of_pairs: &Panels, of_queries: &Panels, size: usize, sums: &mut [f32]| {
            let (real, padding) = sums.split_at_mut(keys * size);
            padding.fill(0.0);
            for (panel, sums) in real.chunks_mut((LANES * size).max(1)).enumerate() {
                Correlate {
                    runs: &[Run {
                        block: 0,
                        first: 0,
                        count: shape.query_len,
                    }],
                    rows: LANES.min(keys - panel * LANES),
                    a: &[of_pairs.view(0, 0)],
                    a_panel: panel,
                    b: &[of_queries.view(0, 0)],
                    b_panel: 0,
                    panels: Selection::all(panels(size)),
                    c: replaced(sums, size),
                }
                .run(machine);
            }
        };
        let queries = inputs.pack_queries();
        of_keys(&d_scores, &queries, shape.key_size, self.d_keys);
        of_keys(&alignment, &d_context, shape.value_size, self.d_values);
    }
}

impl Inputs<'_> {
    fn pack_queries(&self) -> Panels {
        pack(self.shape.query_len, self.shape.key_size, |query| {
            self.query(query)
        })
    }

    /// What there is of each query and real key, of `[Q, K]`.
    fn pack_pairs(&self, values: &[f32]) -> Panels {
        pack(self.shape.query_len, self.length, |query| {
            &values[query * self.shape.key_len..][..self.length]
        })
    }
}

/// Panels that so many columns fill.
fn panels(columns: usize) -> usize {
    columns.div_ceil(LANES)
}

fn pack<'a>(rows: usize, columns: usize, row: impl Fn(usize) -> &'a [f32] + Sync) -> Panels {
    Panels::of_rows(panels(columns), rows, row)
}

/// The transposed matrix of what there is of each real key, `[size, K]`; zeros behind.
fn by_key<'a>(
    machine: Machine,
    keys: usize,
    size: usize,
    of_key: impl Fn(usize) -> &'a [f32] + Sync,
) -> Panels {
    let column = |key| if key < keys { of_key(key) } else { &[] };
    Panels::of_columns(machine, panels(keys), size, |panel| {
        std::array::from_fn(|lane| column(panel * LANES + lane))
    })
}

fn replaced(values: &mut [f32], columns: usize) -> Target<'_, 'static> {
    Target::RowMajor {
        values,
        columns,
        start: Start::Zero,
    }
}

/// From products of queries and keys to shares; zero for keys that are not real.
struct Softmax<'a> {
    inputs: Inputs<'a>,
    scale: f32,
    /// `[Q, K]`
    alignment: &'a mut [f32],
}

impl Work for Softmax<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let key_len = self.inputs.shape.key_len;
        for scores in self.alignment.chunks_exact_mut(key_len.max(1)) {
            let (scores, padding) = scores.split_at_mut(self.inputs.length);
            padding.fill(0.0);
            for score in scores.iter_mut() {
                *score *= self.scale;
            }
            softmax::<FUSED>(scores);
        }
    }
}

/// From gradients of shares to those of the products of queries and keys.
struct SoftmaxGradient<'a> {
    inputs: Inputs<'a>,
    scale: f32,
    /// `[Q, K]`, as the gradients; behind the real keys both are zero.
    alignment: &'a Panels,
    d_scores: &'a mut Panels,
}

impl Work for SoftmaxGradient<'_> {
    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let (queries, panels) = (self.inputs.shape.query_len, panels(self.inputs.length));
        let mut means = vec![Lanes::ZERO; queries];
        for panel in 0..panels {
            let shares = &self.alignment.panel(panel)[..queries];
            let d_scores = &self.d_scores.panel(panel)[..queries];
            let products = Lanes::flatten(shares).iter().zip(Lanes::flatten(d_scores));
            for (mean, (share, d)) in Lanes::flatten_mut(&mut means).iter_mut().zip(products) {
                *mean += share * d;
            }
        }
        for mean in &mut means {
            *mean = Line([mean.0.iter().sum(); LANES]);
        }
        for panel in 0..panels {
            let shares = &self.alignment.panel(panel)[..queries];
            let d_scores = &mut self.d_scores.panel_mut(panel)[..queries];
            let shares = Lanes::flatten(shares).iter().zip(Lanes::flatten(&means));
            for (d, (share, mean)) in Lanes::flatten_mut(d_scores).iter_mut().zip(shares) {
                *d = share * (*d - mean) * self.scale;
            }
        }
    }
}
