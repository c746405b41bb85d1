//! Products of a packed matrix with a vector; in int8 the same bits on every instruction set.

use recurra_kernels::{
    Int8Rows, Isa, MatrixRows, PackedMatrix, Precision, StepWorkspace, multiply_add,
};
use recurra_testkit::Numbers;
use recurra_testkit::{Tol, assert_close};

fn product(isa: Isa, precision: Precision, values: &[f32], x: &[f32], y: &[f32]) -> Vec<f32> {
    let shape = [y.len(), x.len()];
    let matrix = PackedMatrix::pack_on(isa, values, shape, precision).unwrap();
    let mut y = y.to_vec();
    multiply_add(MatrixRows {
        matrix: &matrix,
        batch_size: 1,
        x,
        bias: None,
        y: &mut y,
        workspace: &mut StepWorkspace::new(),
    })
    .unwrap();
    y
}

/// Numbers of panels from one to more than are taken at once, and depths that fill no word.
const SHAPES: [[usize; 2]; 8] = [
    [1, 1],
    [16, 4],
    [17, 3],
    [40, 7],
    [64, 33],
    [130, 2],
    [272, 65],
    [3, 300],
];

#[test]
fn int8_is_the_integer_arithmetic_to_the_bit() {
    let mut numbers = Numbers(1);
    for [rows, columns] in SHAPES {
        let values = numbers.vec(rows * columns, 0.3);
        let x = numbers.vec(columns, 2.0);
        let y = numbers.vec(rows, 1.0);

        let most = x.iter().fold(0.0f32, |most, x| most.max(x.abs()));
        let x_scale = most / 127.0;
        let q: Vec<i64> = (x.iter())
            .map(|x| (x * (1.0 / x_scale)).round_ties_even() as i64)
            .collect();
        let weights = Int8Rows::quantize(&values, columns);
        let row = |r: usize| &weights.values[r * columns..][..columns];
        let expected: Vec<u32> = (0..rows)
            .map(|r| {
                let sum: i64 = row(r).iter().zip(&q).map(|(&w, q)| i64::from(w) * q).sum();
                (y[r] + sum as f32 * (x_scale * weights.scales[r])).to_bits()
            })
            .collect();

        for isa in Isa::available() {
            let actual = product(isa, Precision::Int8, &values, &x, &y);
            let actual: Vec<u32> = actual.iter().map(|y| y.to_bits()).collect();
            assert_eq!(actual, expected, "{isa}, {rows} x {columns}");
        }
    }
}

#[test]
fn the_largest_int8_do_not_saturate() {
    // 127 · 127 twice exceeds 16 bits with the sign bit, were one of them 128.
    for sign in [1.0, -1.0] {
        let (values, x) = (vec![sign; 16 * 128], vec![1.0; 128]);
        for isa in Isa::available() {
            let y = product(isa, Precision::Int8, &values, &x, &[0.0; 16]);
            assert!(
                y.iter().all(|y| (y - sign * 128.0).abs() < 0.01),
                "{isa}: {y:?}"
            );
        }
    }
}

#[test]
fn floats_agree_with_f64() {
    let mut numbers = Numbers(2);
    for [rows, columns] in SHAPES {
        let values = numbers.vec(rows * columns, 0.3);
        let x = numbers.vec(columns, 1.0);
        let y = numbers.vec(rows, 1.0);
        for precision in [Precision::F32, Precision::Bf16] {
            let rounded = precision.round(&values, columns);
            let expected: Vec<f64> = (0..rows)
                .map(|r| {
                    let row = rounded[r * columns..][..columns].iter().zip(&x);
                    let sum: f64 = row.map(|(&w, &x)| f64::from(w) * f64::from(x)).sum();
                    f64::from(y[r]) + sum
                })
                .collect();
            for isa in Isa::available() {
                let actual = product(isa, precision, &values, &x, &y);
                assert_close(
                    &actual,
                    &expected,
                    Tol {
                        rel: 0.0,
                        abs: 4e-6,
                    },
                );
            }
        }
    }
}

#[test]
fn many_rows_are_the_same_bits_as_each_alone() {
    let mut numbers = Numbers(4);
    // The last is more than one thread's share.
    // Panels and vectors of every tile, also one whose last panel ends behind the rows.
    let shapes = [
        ([17, 3], 5),
        ([64, 33], 3),
        ([50, 33], 2),
        ([50, 33], 4),
        ([50, 33], 7),
        ([113, 5], 6),
        ([300, 257], 12),
    ];
    for ([rows, columns], batch_size) in shapes {
        let values = numbers.vec(rows * columns, 0.3);
        let x = numbers.vec(batch_size * columns, 1.0);
        let y = numbers.vec(batch_size * rows, 1.0);
        for isa in Isa::available() {
            for precision in Precision::ALL {
                let matrix =
                    PackedMatrix::pack_on(isa, &values, [rows, columns], precision).unwrap();
                let mut together = y.clone();
                multiply_add(MatrixRows {
                    matrix: &matrix,
                    batch_size,
                    x: &x,
                    bias: None,
                    y: &mut together,
                    workspace: &mut StepWorkspace::new(),
                })
                .unwrap();
                let rows = x.chunks(columns).zip(y.chunks(rows));
                let apart: Vec<f32> = rows
                    .flat_map(|(x, y)| product(isa, precision, &values, x, y))
                    .collect();
                let bits = |y: &[f32]| y.iter().map(|y| y.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&together), bits(&apart), "{isa}, {precision}");
            }
        }
    }
}

#[test]
fn with_a_bias_it_does_not_matter_what_stood_there() {
    let mut numbers = Numbers(5);
    for ([rows, columns], batch_size) in
        [([17, 3], 1), ([70, 33], 7), ([300, 257], 12), ([5, 0], 2)]
    {
        let values = numbers.vec(rows * columns, 0.3);
        let x = numbers.vec(batch_size * columns, 1.0);
        let bias = numbers.vec(rows, 1.0);
        for isa in Isa::available() {
            for precision in Precision::ALL {
                let matrix =
                    PackedMatrix::pack_on(isa, &values, [rows, columns], precision).unwrap();
                let product = |bias, mut y: Vec<f32>| {
                    multiply_add(MatrixRows {
                        matrix: &matrix,
                        batch_size,
                        x: &x,
                        bias,
                        y: &mut y,
                        workspace: &mut StepWorkspace::new(),
                    })
                    .unwrap();
                    y
                };
                let added = product(None, bias.repeat(batch_size));
                let written = product(Some(&bias[..]), vec![f32::NAN; batch_size * rows]);
                assert_eq!(written, added, "{isa}, {precision}, {rows} rows");
            }
        }
    }
}

#[test]
fn the_longest_rows_of_int8_are_summed_exactly() {
    const COLUMNS: usize = 1 << 17;
    let mut x = vec![1.0; 2 * COLUMNS];
    x[COLUMNS..].fill(-1.0);
    for isa in Isa::available() {
        let values = vec![1.0; COLUMNS];
        let matrix = PackedMatrix::pack_on(isa, &values, [1, COLUMNS], Precision::Int8).unwrap();
        let mut y = [0.0; 2];
        multiply_add(MatrixRows {
            matrix: &matrix,
            batch_size: 2,
            x: &x,
            bias: None,
            y: &mut y,
            workspace: &mut StepWorkspace::new(),
        })
        .unwrap();
        // 2¹⁷ · 127² is exact, its conversion rounds once, and each scale is of one row.
        let row = Int8Rows::quantize(&values, COLUMNS);
        let sum = (COLUMNS * 127 * 127) as f32;
        let expected = sum * (1.0 / 127.0 * row.scales[0]);
        assert_eq!(
            y.map(f32::to_bits),
            [expected, -expected].map(f32::to_bits),
            "{isa}"
        );
    }
}

#[test]
fn packing_what_was_rounded_packs_the_same() {
    let mut numbers = Numbers(3);
    let values = numbers.vec(20 * 9, 0.3);
    let x = numbers.vec(9, 1.0);
    for precision in Precision::ALL {
        let rounded = precision.round(&values, 9);
        let isa = Isa::active();
        let once = product(isa, precision, &values, &x, &[0.0; 20]);
        let twice = product(isa, precision, &rounded, &x, &[0.0; 20]);
        assert_eq!(once, twice);
    }
}

#[test]
fn int8_takes_a_quarter_of_the_bytes() {
    let bytes = |precision| {
        let matrix = PackedMatrix::pack(&[0.5; 64 * 128], [64, 128], precision).unwrap();
        assert_eq!((matrix.rows(), matrix.columns()), (64, 128));
        matrix.num_bytes()
    };
    assert_eq!(bytes(Precision::F32), 64 * 128 * 4);
    if Isa::active() != Isa::Scalar {
        assert_eq!(bytes(Precision::Bf16), 64 * 128 * 2);
        assert_eq!(bytes(Precision::Int8), 64 * 128 + 64 * 4);
    }
}
