//! The number of threads never changes a bit.

use rayon::ThreadPoolBuilder;
use recurra_kernels::{Direction, Isa, Products};

use super::case::{Case, bits, cells, plain_cells, shape};

fn assert_same_on_any_number_of_threads(case: &Case) {
    for isa in Isa::available() {
        let run = |num_threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(num_threads).build();
            let results = pool.unwrap().install(|| case.run(isa));
            results.named().map(|(name, values)| (name, bits(values)))
        };
        let alone = run(1);
        for num_threads in [2, 3] {
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
fn large_calls_that_are_spread() {
    for cell in plain_cells() {
        let case = Case::new(cell, shape(25, 17, 40, 70));
        assert_same_on_any_number_of_threads(&case);
        let mut case = case.with_lengths().direction(Direction::Backward);
        assert_same_on_any_number_of_threads(&case);
        case.products = Products::Bf16;
        assert_same_on_any_number_of_threads(&case);
    }
}

#[test]
fn one_row_of_a_large_cell() {
    for cell in plain_cells() {
        assert_same_on_any_number_of_threads(&Case::new(cell, shape(20, 1, 30, 200)));
    }
}

#[test]
fn what_is_saved_may_cross_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<recurra_kernels::Saved>();
    crosses::<recurra_kernels::KernelError>();
}

#[test]
fn small_calls() {
    for cell in cells() {
        assert_same_on_any_number_of_threads(&Case::new(cell, shape(3, 4, 2, 5)));
    }
}
