//! The number of threads never changes a bit, nor does running blocks of time side by side.

use rayon::ThreadPoolBuilder;
use recurra_kernels::{Direction, Isa};

use super::case::{Case, bits, cells, shape};

fn assert_same_on_any_number_of_threads(case: &Case) {
    for isa in Isa::available() {
        let run = |num_threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(num_threads).build();
            let results = pool.unwrap().install(|| case.run(isa));
            results.named().map(|(name, values)| (name, bits(values)))
        };
        let alone = run(1);
        for num_threads in [2, 3, 8] {
            for ((name, values), (_, expected)) in run(num_threads).into_iter().zip(&alone) {
                let same = values == *expected;
                assert!(
                    same,
                    "{isa}, {num_threads} threads, {:?}: {name}",
                    case.cell
                );
            }
        }
    }
}

#[test]
fn many_rows() {
    for cell in cells() {
        let case = Case::new(cell, shape(200, 11, 20));
        assert_same_on_any_number_of_threads(&case);
        let case = case.with_lengths().direction(Direction::Backward);
        assert_same_on_any_number_of_threads(&case);
    }
}

#[test]
fn few_rows_so_long_that_their_blocks_run_side_by_side() {
    for cell in cells() {
        for batch_size in [1, 3] {
            let case = Case::new(cell, shape(1000, batch_size, 19));
            assert_same_on_any_number_of_threads(&case);
            let case = case.with_lengths().direction(Direction::Backward);
            assert_same_on_any_number_of_threads(&case);
        }
    }
}

#[test]
fn small_calls() {
    for cell in cells() {
        assert_same_on_any_number_of_threads(&Case::new(cell, shape(3, 4, 5)));
    }
}
