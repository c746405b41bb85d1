//! Recurra's kernels.

use crate::Work;
use crate::case::Case;
use crate::timing::Peer;
use recurra_kernels::{
    CellKind, Direction, Products, Reset, SequenceBackward, SequenceForward, SequenceShape, Weights,
    sequence_backward, sequence_forward, sequence_forward_saving,
};

pub(crate) fn peer(case: &Case, work: Work) -> Peer {
    let case = case.clone();
    let shape = SequenceShape {
        seq_len: case.seq_len,
        batch_size: case.batch_size,
        input_size: case.input_size,
        hidden_size: case.hidden_size,
    };
    let lstm = CellKind::Lstm {
        peepholes: false,
        coupled: false,
        clip: None,
    };
    let gru = CellKind::Gru {
        reset: Reset::AfterProduct,
    };
    let cell = if case.cell == "lstm" { lstm } else { gru };
    let vectors = vectors(&case);
    let state = vec![0.0; cell.num_states() * case.batch_size * case.hidden_size];
    let mut outputs = vec![0.0; case.d_outputs.len()];
    let mut final_state = state.clone();
    let mut d_x = vec![0.0; case.x.len()];
    let (mut d_w_ih, mut d_w_hh) = (case.w_ih.clone(), case.w_hh.clone());
    let (mut d_vectors, mut d_state) = (vectors.clone(), state.clone());
    Box::new(move || {
        let weights = Weights {
            w_ih: &case.w_ih,
            w_hh: &case.w_hh,
            vectors: &vectors,
        };
        let forward = SequenceForward {
            cell,
            shape,
            direction: Direction::Forward,
            products: Products::F32,
            weights,
            x: &case.x,
            lengths: None,
            state: &state,
            outputs: &mut outputs,
            final_state: &mut final_state,
        };
        if work == Work::Infer {
            sequence_forward(forward)?;
            return Ok(outputs.clone());
        }
        let saved = sequence_forward_saving(forward)?;
        sequence_backward(SequenceBackward {
            cell,
            shape,
            direction: Direction::Forward,
            products: Products::F32,
            weights,
            x: &case.x,
            lengths: None,
            state: &state,
            saved,
            d_outputs: Some(&case.d_outputs),
            d_final_state: None,
            d_x: Some(&mut d_x),
            d_w_ih: &mut d_w_ih,
            d_w_hh: &mut d_w_hh,
            d_vectors: &mut d_vectors,
            d_state: &mut d_state,
        })?;
        Ok(d_x.clone())
    })
}

/// One bias; a GRU's `b_hn` apart.
fn vectors(case: &Case) -> Vec<f32> {
    let sums = case.b_ih.iter().zip(&case.b_hh).map(|(a, b)| a + b);
    let mut vectors: Vec<f32> = sums.collect();
    if case.cell == "gru" {
        let start = 2 * case.hidden_size;
        vectors[start..].copy_from_slice(&case.b_ih[start..]);
        vectors.extend_from_slice(&case.b_hh[start..]);
    }
    vectors
}
