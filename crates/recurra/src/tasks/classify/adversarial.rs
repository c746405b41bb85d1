//! Training on texts whose vectors are moved to where the loss grows fastest.

use super::data::Batch;
use super::model::Classifier;
use burn::tensor::TensorData;
use recurra_nn::weights::values;
use recurra_nn::{Mode, NnError, Tensor};
use recurra_train::Differentiated;

/// The plain loss, with the gradients of its sum with that of moved vectors.
///
/// `L(x) + L(x + r)` is what is learnt, where `r = share · ‖x‖ · g / ‖g‖` with `g = ∂L(x)/∂x` is
/// taken as a constant and norms are over all vectors of a text.
///
/// # Source
/// Miyato, Dai and Goodfellow 2017, "Adversarial training methods for semi-supervised text
/// classification". They normalise the vectors, lest these grow until moves do not matter; here a
/// move is a share of their length.
pub(super) fn differentiate(
    model: &Classifier,
    batch: &Batch,
    share: f64,
    mut mode: Mode<'_>,
    loss: impl Fn(Tensor<2>) -> Tensor<1>,
) -> Result<Differentiated, NnError> {
    let lengths = batch.lengths();
    let vectors = model.enter(batch, mode.reborrow())?;
    // Cut off, so that the first pass gives their gradient beside those of the layers.
    let still = vectors.clone().detach().require_grad();
    // Both passes are to drop the same units.
    let mut dropping = match &mode {
        Mode::Train { rng, .. } => Some((**rng).clone()),
        Mode::Eval => None,
    };
    let products = mode.products();
    let plain = loss(model.classify(still.clone(), lengths, mode)?);
    let (mut sum, direction) = Differentiated::of_input(model, plain, &still)?;
    let moved = vectors.clone() + moves(&still, &direction, lengths, share);
    let mode = match &mut dropping {
        Some(rng) => Mode::Train { rng, products },
        None => Mode::Eval,
    };
    let there = loss(model.classify(moved, lengths, mode)?);
    // `⟨x, g⟩` has the gradient of the plain loss by whatever the vectors are made of.
    let direction = Tensor::from_data(direction.into_data(), &vectors.device());
    let rest = Differentiated::of(model, there + (vectors * direction).sum())?;
    sum.gradients.add(rest.gradients);
    Ok(sum)
}

/// `share · ‖x‖ · g / ‖g‖` for each row, zeros past its length and where nothing changes the loss.
fn moves(x: &Tensor<3>, gradient: &Tensor<3>, lengths: &[usize], share: f64) -> Tensor<3> {
    let [_, seq_len, width] = x.dims();
    let norm = |values: &[f32]| {
        let squares = values.iter().map(|&value| f64::from(value).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let mut moves = values(gradient);
    let rows = moves.chunks_mut(seq_len * width);
    for ((row, x), &length) in rows.zip(values(x).chunks(seq_len * width)).zip(lengths) {
        let (real, padding) = row.split_at_mut(length * width);
        padding.fill(0.0);
        let steepness = norm(real);
        let factor = match steepness > 0.0 {
            true => share * norm(&x[..length * width]) / steepness,
            false => 0.0,
        };
        for value in real {
            *value = (f64::from(*value) * factor) as f32;
        }
    }
    Tensor::from_data(TensorData::new(moves, x.dims()), &x.device())
}

#[cfg(test)]
mod tests {
    use super::*;
    use recurra_nn::Device;

    #[test]
    fn a_move_is_a_share_of_its_text_and_goes_where_the_loss_grows() {
        let device = Device::flex();
        // 3-4-5: one step of a row of two, and both of the other.
        let x = Tensor::from_data(
            [[[3.0, 4.0], [9.0, 9.0]], [[0.0, 5.0], [12.0, 0.0]]],
            &device,
        );
        let gradient = [[[0.0, -2.0], [7.0, 7.0]], [[0.0, 0.0], [0.0, 0.0]]];
        let gradient = Tensor::from_data(gradient, &device);
        let moved = values(&moves(&x, &gradient, &[1, 2], 0.1));
        let want = [0.0, -0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        for (got, want) in moved.iter().zip(want) {
            assert!((got - want).abs() < 1e-6, "{moved:?}");
        }
        let gradient = Tensor::from_data(
            [[[3.0, 0.0], [0.0, 0.0]], [[0.0, 3.0], [4.0, 0.0]]],
            &device,
        );
        let moved = values(&moves(&x, &gradient, &[1, 2], 0.1));
        // ‖(5, 12)‖ = 13 along (3, 4) / 5.
        assert!(
            (moved[5] - 0.78).abs() < 1e-6 && (moved[6] - 1.04).abs() < 1e-6,
            "{moved:?}"
        );
    }
}
