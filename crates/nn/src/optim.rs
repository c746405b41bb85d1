//! What happens to gradients between the backward pass and the optimizer.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// Scales all gradients together so that their Euclidean norm is at most `max_norm`.
///
/// `g <- g * min(1, max_norm / ||g||)`, the norm taken over every element of every
/// parameter's gradient. Returns the gradients and the norm that they had before;
/// `None` only measures. A norm that is not finite scales nothing: the caller stops.
///
/// # Source
/// Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent
/// neural networks", algorithm 1.
pub fn clip_global_norm<M: Module>(
    model: &M,
    mut gradients: GradientsParams,
    max_norm: Option<f64>,
) -> (GradientsParams, f64) {
    struct SumOfSquares<'a> {
        gradients: &'a GradientsParams,
        total: f64,
    }
    impl ModuleVisitor for SumOfSquares<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.gradients.get::<D>(param.id) {
                self.total += sum_of_squares(&gradient);
            }
        }
    }
    struct Scale<'a> {
        gradients: &'a mut GradientsParams,
        factor: f64,
    }
    impl ModuleVisitor for Scale<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.gradients.remove::<D>(param.id) {
                let scaled = gradient.mul_scalar(self.factor);
                self.gradients.register(param.id, scaled);
            }
        }
    }

    let mut squares = SumOfSquares {
        gradients: &gradients,
        total: 0.0,
    };
    model.visit(&mut squares);
    let norm = squares.total.sqrt();
    if let Some(max_norm) = max_norm
        && norm.is_finite()
        && norm > max_norm
    {
        model.visit(&mut Scale {
            gradients: &mut gradients,
            factor: max_norm / norm,
        });
    }
    (gradients, norm)
}

/// Summed in `f64` and in memory order: the same bits whatever the thread count.
fn sum_of_squares<const D: usize>(tensor: &Tensor<D>) -> f64 {
    crate::weights::values(tensor)
        .iter()
        .map(|&v| f64::from(v) * f64::from(v))
        .sum()
}

/// The name of the first parameter whose gradient holds a NaN or an infinity.
pub fn first_non_finite_gradient<M: Module>(
    model: &M,
    gradients: &GradientsParams,
) -> Option<String> {
    struct Find<'a> {
        gradients: &'a GradientsParams,
        bad: Vec<burn::module::ParamId>,
    }
    impl ModuleVisitor for Find<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let bad = self
                .gradients
                .get::<D>(param.id)
                .is_some_and(|g| crate::weights::values(&g).iter().any(|v| !v.is_finite()));
            if bad {
                self.bad.push(param.id);
            }
        }
    }
    let mut find = Find {
        gradients,
        bad: Vec::new(),
    };
    model.visit(&mut find);
    let first = find.bad.first()?;
    crate::weights::names(model)
        .into_iter()
        .find_map(|(name, id)| (id == *first).then_some(name))
}

/// The name of the first parameter that holds a NaN or an infinity.
pub fn first_non_finite_weight<M: Module>(model: &M) -> Option<String> {
    crate::weights::export(model)
        .into_iter()
        .find(|tensor| tensor.values.iter().any(|v| !v.is_finite()))
        .map(|tensor| tensor.name)
}
