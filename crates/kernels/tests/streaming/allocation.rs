//! No step allocates, once the workspace has grown.

use super::{Case, cells};
use recurra_kernels::{Isa, Precision, Step, StepWorkspace, step};

#[test]
fn no_step_allocates() {
    if Isa::active() == Isa::Scalar {
        return; // the oracle does
    }
    for precision in Precision::ALL {
        for cell in cells() {
            let case = Case::new(cell, 7, 33);
            let cell = case.pack(precision);
            let (x, mut state) = (vec![0.5; 7], vec![0.0; cell.state_len()]);
            let mut workspace = StepWorkspace::new();
            let mut go = || {
                step(Step {
                    cell: &cell,
                    batch_size: 1,
                    x: &x,
                    state: &mut state,
                    workspace: &mut workspace,
                })
                .unwrap();
            };
            go();
            let counted = allocation_counter::measure(|| (0..10).for_each(|_| go()));
            assert_eq!(counted.count_total, 0);
        }
    }
}
