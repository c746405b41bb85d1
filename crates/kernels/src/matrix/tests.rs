//! Products of pairs, on every machine that multiplies them, against sums in f64.

use recurra_testkit::{Numbers, Tol, assert_close};

use super::*;
use crate::arch::{Feature, Features, LANES, Lanes, Machine, PairMachine};
use crate::{Isa, Products};

/// The shapes of all machines, and the instructions that this processor has.
fn machines() -> Vec<PairMachine> {
    let features = Features::detected();
    let wide = [Machine::Wide, Machine::Tiled].map(|machine| (machine, features));
    let avx512 = [features, features.without(Feature::AMX_BF16)].into_iter();
    let avx512 = avx512.filter_map(|f| Some((Machine::with(Isa::Avx512, f)?, f)));
    (wide.into_iter().chain(avx512))
        .filter_map(|(machine, features)| PairMachine::with(machine, features))
        .collect()
}

/// A row-major matrix.
#[derive(Clone)]
struct Matrix {
    columns: usize,
    values: Vec<f32>,
}

impl Matrix {
    fn new(numbers: &mut Numbers, rows: usize, columns: usize) -> Matrix {
        let values = numbers.vec(rows * columns, 1.0);
        Matrix { columns, values }
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.columns..][..self.columns]
    }

    fn rounded(&self, row: usize, column: usize) -> f64 {
        f64::from(Products::Bf16.round(self.row(row)[column]))
    }

    fn panels(&self) -> usize {
        self.columns.div_ceil(LANES)
    }

    fn in_panels(&self) -> Panels {
        let rows = self.values.len() / self.columns;
        Panels::of_rows(self.panels(), rows, |row| self.row(row))
    }
}

fn close(actual: &[f32], expected: &[f64]) {
    let tol = Tol {
        rel: 2e-6,
        abs: 4e-6,
    };
    assert_close(actual, expected, tol);
}

/// The first `columns` columns of a matrix in panels.
fn row_major(panels: &Panels, rows: usize, columns: usize) -> Vec<f32> {
    let value = |row: usize, column: usize| panels.panel(column / LANES)[row].0[column % LANES];
    (0..rows)
        .flat_map(|row| (0..columns).map(move |column| value(row, column)))
        .collect()
}

#[test]
fn rows_times_columns_for_all_targets() {
    for rows in [1, 2, 15, 16, 17, 31, 32, 33, 48, 67] {
        for (depth, columns) in [(1, 5), (16, 16), (17, 33), (40, 48), (64, 64), (90, 83)] {
            let mut numbers = Numbers((rows * 100 + depth) as u64);
            let a = Matrix::new(&mut numbers, rows, depth);
            let b = Matrix::new(&mut numbers, depth, columns);
            let c = Matrix::new(&mut numbers, rows, columns);
            let bias = numbers.vec(columns, 1.0);
            let product = |row: usize, column: usize| -> f64 {
                (0..depth)
                    .map(|k| a.rounded(row, k) * b.rounded(k, column))
                    .sum()
            };
            let expected = |start: &dyn Fn(usize, usize) -> f32| -> Vec<f64> {
                let places = (0..rows).flat_map(|row| (0..columns).map(move |c| (row, c)));
                places
                    .map(|(row, c)| f64::from(start(row, c)) + product(row, c))
                    .collect()
            };
            let from_zero = expected(&|_, _| 0.0);
            let from_bias = expected(&|_, column| bias[column]);
            let from_values = expected(&|row, column| c.row(row)[column]);

            for machine in machines() {
                let (mut left, right) = (a.in_panels(), b.in_panels());
                if depth % LANES > 0 {
                    for lanes in left.panel_mut(a.panels() - 1) {
                        lanes.0[depth % LANES..].fill(f32::INFINITY);
                    }
                }
                let left = Panels::paired_columns(machine, left.view(0, 0), depth, rows);
                let right = right.paired_rows(machine, b.panels(), depth);
                let multiply = |target: Target<'_, '_>| {
                    Multiply {
                        rows,
                        depth: paired(depth),
                        a: left.view(0, 0),
                        b: right.view(0, 0),
                        panels: Selection::all(b.panels()),
                        c: target,
                    }
                    .run_pairs(machine);
                };
                let mut sums = c.in_panels();
                multiply(Target::Added(sums.view_mut(0, 0)));
                close(&row_major(&sums, rows, columns), &from_values);

                let biases: Vec<Lanes> = (0..b.panels())
                    .map(|panel| lanes_of(&bias, panel * LANES))
                    .collect();
                multiply(Target::Biased(&biases, sums.view_mut(0, 0)));
                close(&row_major(&sums, rows, columns), &from_bias);

                let mut values = c.values.clone();
                let mut separate: Vec<&mut [f32]> = values.chunks_mut(columns).collect();
                multiply(Target::Rows(&mut separate));
                close(&values, &from_zero);

                let starts = [
                    (Start::Zero, &from_zero),
                    (Start::Bias(&bias), &from_bias),
                    (Start::Values, &from_values),
                ];
                for (start, expected) in starts {
                    let mut values = c.values.clone();
                    multiply(Target::RowMajor {
                        values: &mut values,
                        columns,
                        start,
                    });
                    close(&values, expected);
                }
            }
        }
    }
}

#[test]
fn an_element_has_the_same_bits_whatever_is_computed_beside_it() {
    let (rows, depth, columns) = (53, 75, 100);
    let mut numbers = Numbers(3);
    let a = Matrix::new(&mut numbers, rows, depth);
    let b = Matrix::new(&mut numbers, depth, columns);
    for machine in machines() {
        let (left, right) = (a.in_panels(), b.in_panels());
        let left = Panels::paired_columns(machine, left.view(0, 0), depth, rows);
        let right = right.paired_rows(machine, b.panels(), depth);
        let multiply = |first: usize, count: usize, panels: Selection, sums: &mut Panels| {
            Multiply {
                rows: count,
                depth: paired(depth),
                a: left.view(0, first),
                b: right.view(0, 0),
                panels,
                c: Target::Added(sums.view_mut(0, first)),
            }
            .run_pairs(machine);
        };
        let zeros = Matrix {
            columns,
            values: vec![0.0; rows * columns],
        };
        let mut together = zeros.in_panels();
        multiply(0, rows, Selection::all(b.panels()), &mut together);
        let mut apart = zeros.in_panels();
        let mut row = 0;
        for count in [1, 20, 2, 30] {
            for first in 0..2 {
                let selection = Selection {
                    first,
                    step: 2,
                    count: (b.panels() - first).div_ceil(2),
                };
                multiply(row, count, selection, &mut apart);
            }
            row += count;
        }
        let bits = |sums: &Panels| -> Vec<u32> {
            let values = row_major(sums, rows, columns);
            values.into_iter().map(f32::to_bits).collect()
        };
        assert_eq!(bits(&together), bits(&apart), "{machine:?}");
    }
}

#[test]
fn a_transposed_matrix_multiplies_as_its_columns_do() {
    for (steps, columns) in [(1, 3), (16, 16), (33, 40), (70, 64), (100, 90)] {
        let rows = 2 * LANES;
        let mut numbers = Numbers(steps as u64);
        let a = Matrix::new(&mut numbers, steps, rows);
        let b = Matrix::new(&mut numbers, steps, columns);
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let expected: Vec<f64> = places
            .map(|(row, column)| {
                let products = (0..steps).map(|k| a.rounded(k, row) * b.rounded(k, column));
                products.sum()
            })
            .collect();
        for machine in machines() {
            let pairs = a.in_panels().paired_rows(machine, a.panels(), steps);
            let mut left = Panels::take_transposed(a.panels(), steps);
            for panel in 0..a.panels() {
                let pairs = &pairs.panel(panel)[..paired(steps).next_multiple_of(LANES)];
                left.set_transposed(Machine::Wide, panel, pairs);
            }
            let mut values = vec![0.0; rows * columns];
            Multiply {
                rows,
                depth: paired(steps),
                a: left.view(0, 0),
                b: (b.in_panels())
                    .paired_rows(machine, b.panels(), steps)
                    .view(0, 0),
                panels: Selection::all(b.panels()),
                c: Target::RowMajor {
                    values: &mut values,
                    columns,
                    start: Start::Zero,
                },
            }
            .run_pairs(machine);
            close(&values, &expected);
        }
    }
}
