//! No step allocates, once the workspace has grown.

use super::{Case, cells};
use recurra_kernels::{
    Isa, Logits, Normaliser, PackedMatrix, Precision, Step, StepWorkspace, logits, step,
};

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

#[test]
fn logits_of_one_row_do_not_allocate() {
    if Isa::active() == Isa::Scalar {
        return; // the oracle does
    }
    for precision in Precision::ALL {
        let matrix = PackedMatrix::pack(&[0.5; 130 * 7], [130, 7], precision).unwrap();
        let (mut values, mut peaks) = ([0.0; 130], [0.0; 3]);
        let (mut normalisers, mut workspace) = ([Normaliser::NONE], StepWorkspace::new());
        let mut go = || {
            logits(Logits {
                matrix: &matrix,
                batch_size: 1,
                x: &[0.5; 7],
                bias: &[0.0; 130],
                logits: &mut values,
                normalisers: &mut normalisers,
                peaks: &mut peaks,
                workspace: &mut workspace,
            })
            .unwrap();
        };
        go();
        let counted = allocation_counter::measure(|| (0..10).for_each(|_| go()));
        assert_eq!(counted.count_total, 0, "{precision}");
    }
}
