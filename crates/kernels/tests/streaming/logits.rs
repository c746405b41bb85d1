//! Logits are the product, to the bit; normalisers and peaks are those of plain loops.

use recurra_kernels::{
    Isa, KernelError, Logits, MatrixRows, Normaliser, PEAK_LEN, PackedMatrix, Precision,
    StepWorkspace, logits, multiply_add,
};
use recurra_testkit::Numbers;

/// Logits, normalisers and peaks of some rows.
#[derive(Debug, PartialEq)]
struct Found {
    logits: Vec<f32>,
    normalisers: Vec<Normaliser>,
    peaks: Vec<f32>,
}

fn run(matrix: &PackedMatrix, batch_size: usize, x: &[f32], bias: &[f32]) -> Found {
    let nothing = Normaliser {
        max: 7.0,
        log_sum: f32::NAN,
    };
    let mut found = Found {
        logits: vec![f32::NAN; batch_size * bias.len()],
        normalisers: vec![nothing; batch_size],
        peaks: vec![f32::NAN; batch_size * bias.len().div_ceil(PEAK_LEN)],
    };
    logits(Logits {
        matrix,
        batch_size,
        x,
        bias,
        logits: &mut found.logits,
        normalisers: &mut found.normalisers,
        peaks: &mut found.peaks,
        workspace: &mut StepWorkspace::new(),
    })
    .unwrap();
    found
}

/// Vocabularies of less than a peak, of whole blocks, and of what is left over from one.
const SHAPES: [([usize; 2], usize); 10] = [
    ([1, 1], 1),
    ([63, 5], 3),
    ([64, 0], 2),
    ([65, 4], 2),
    ([512, 7], 7),
    ([513, 3], 2),
    ([1100, 9], 13),
    ([2000, 33], 1),
    ([30, 4], 0),
    ([0, 4], 2),
];

#[test]
fn they_agree_with_the_product_and_with_plain_loops() {
    let mut numbers = Numbers(11);
    for ([rows, columns], batch_size) in SHAPES {
        let values = numbers.vec(rows * columns, 3.0);
        let x = numbers.vec(batch_size * columns, 2.0);
        let bias = numbers.vec(rows, 5.0);
        for isa in Isa::available() {
            for precision in Precision::ALL {
                let matrix =
                    PackedMatrix::pack_on(isa, &values, [rows, columns], precision).unwrap();
                let found = run(&matrix, batch_size, &x, &bias);
                let mut product = vec![0.0; batch_size * rows];
                multiply_add(MatrixRows {
                    matrix: &matrix,
                    batch_size,
                    x: &x,
                    bias: Some(&bias),
                    y: &mut product,
                    workspace: &mut StepWorkspace::new(),
                })
                .unwrap();
                assert_eq!(found.logits, product, "{isa}, {precision}, {rows} tokens");
                let rows = product.chunks(rows.max(1)).zip(&found.normalisers);
                let mut peaks = Vec::new();
                for (row, normaliser) in rows {
                    peaks.extend(
                        (row.chunks(PEAK_LEN))
                            .map(|some| some.iter().copied().fold(f32::MIN, f32::max)),
                    );
                    let sum: f64 = row.iter().map(|&x| f64::from(x).exp()).sum();
                    for &logit in row {
                        let exact = f64::from(logit) - sum.ln();
                        let distance = (f64::from(normaliser.log_prob(logit)) - exact).abs();
                        assert!(
                            distance < 1e-6 * (1.0 + exact.abs()),
                            "{isa}, {precision}: {distance}"
                        );
                    }
                }
                assert_eq!(found.peaks, peaks, "{isa}, {precision}");
            }
        }
    }
}

#[test]
fn any_number_of_threads_finds_the_same_bits() {
    let mut numbers = Numbers(12);
    let (values, x) = (numbers.vec(1100 * 64, 1.0), numbers.vec(50 * 64, 1.0));
    let bias = numbers.vec(1100, 1.0);
    for precision in Precision::ALL {
        let matrix = PackedMatrix::pack(&values, [1100, 64], precision).unwrap();
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            (pool.build().unwrap()).install(|| run(&matrix, 50, &x, &bias))
        };
        let alone = on(1);
        assert!([2, 3, 8].iter().all(|&threads| on(threads) == alone));
    }
}

#[test]
fn what_has_no_softmax_has_no_normaliser() {
    let (minus, plus) = (f32::NEG_INFINITY, f32::INFINITY);
    let len = 1030;
    let with = |place: usize, logit| {
        let mut bias = vec![minus; len];
        bias[3] = 1.0;
        bias[place] = logit;
        bias
    };
    for isa in Isa::available() {
        for batch_size in [1, 2] {
            let matrix = PackedMatrix::pack_on(isa, &vec![0.0; len], [len, 1], Precision::F32);
            let normaliser = |bias: &[f32]| {
                let x = vec![1.0; batch_size];
                let found = run(matrix.as_ref().unwrap(), batch_size, &x, bias);
                found.normalisers[batch_size - 1]
            };
            for place in [0, 600, 1029] {
                assert!(normaliser(&with(place, f32::NAN)).log_sum.is_nan());
                assert!(normaliser(&with(place, plus)).log_sum.is_nan());
                let one = normaliser(&with(place, 1.0));
                assert!(
                    (one.log_prob(1.0) + 2f32.ln()).abs() < 1e-6,
                    "{isa}: {one:?}"
                );
                assert_eq!(one.log_prob(minus), minus);
            }
            assert!(normaliser(&vec![minus; len]).log_sum.is_nan());
            let mut only_nan = vec![minus; len];
            only_nan[700] = f32::NAN;
            assert!(normaliser(&only_nan).log_sum.is_nan());
        }
    }
}

#[test]
fn arguments_of_another_length_are_refused() {
    let matrix = PackedMatrix::pack(&[1.0; 65], [65, 1], Precision::F32).unwrap();
    let (mut all, mut normalisers, mut peaks) = (vec![7.0; 65], [Normaliser::NONE], [7.0]);
    let refused = logits(Logits {
        matrix: &matrix,
        batch_size: 1,
        x: &[1.0],
        bias: &[0.0; 65],
        logits: &mut all,
        normalisers: &mut normalisers,
        peaks: &mut peaks,
        workspace: &mut StepWorkspace::new(),
    });
    let wanted = KernelError::Length {
        op: "logits",
        argument: "peaks",
        layout: "[B, ⌈V / PEAK_LEN⌉]",
        wanted: 2,
        got: 1,
    };
    assert_eq!(refused, Err(wanted));
    assert_eq!((all, peaks), (vec![7.0; 65], [7.0]));
}
