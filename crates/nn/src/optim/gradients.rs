//! The gradients of a model.

use crate::ops::give_back;
use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData};
use recurra_kernels::sum_of_squares;
use std::collections::BTreeMap;

/// The gradients of a model's parameters, as plain arrays by parameter id.
#[derive(Debug, Default)]
pub struct Gradients {
    by_id: BTreeMap<u64, TensorData>,
}

impl Gradients {
    /// Those of `model`'s parameters among `gradients`.
    pub fn of<M: Module>(model: &M, gradients: GradientsParams) -> Self {
        struct Take {
            from: GradientsParams,
            by_id: BTreeMap<u64, TensorData>,
        }
        impl ModuleVisitor for Take {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                if let Some(gradient) = self.from.remove::<D>(param.id) {
                    let data = gradient.into_data_as::<f32>();
                    self.by_id.insert(param.id.val(), data);
                }
            }
        }
        let mut take = Take {
            from: gradients,
            by_id: BTreeMap::new(),
        };
        model.visit(&mut take);
        Self { by_id: take.by_id }
    }

    /// The gradient of a parameter, row-major.
    pub fn get(&self, id: ParamId) -> Option<&[f32]> {
        self.by_id.get(&id.val()).map(values)
    }

    /// Adds those of another pass over the same parameters.
    pub fn add(&mut self, mut other: Self) {
        for (id, more) in std::mem::take(&mut other.by_id) {
            match self.by_id.get_mut(&id) {
                Some(sum) => {
                    let sum = sum
                        .as_mut_slice::<f32>()
                        .expect("gradients were read as f32, in an allocation of their own");
                    for (sum, more) in sum.iter_mut().zip(values(&more)) {
                        *sum += more;
                    }
                }
                None => {
                    self.by_id.insert(id, more);
                }
            }
        }
    }

    /// Without those of the parameters that `keep` refuses.
    pub fn retain(&mut self, keep: impl Fn(ParamId) -> bool) {
        self.by_id.retain(|&id, _| keep(ParamId::from(id)));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The Euclidean norm over every element of every gradient.
    ///
    /// Summed in f64 and in an order of its own: the same bits whatever the thread count. Not a
    /// finite number when an element is not.
    pub fn global_norm(&self) -> f64 {
        let squares: f64 = self.by_id.values().map(values).map(sum_of_squares).sum();
        squares.sqrt()
    }

    /// The name of the first parameter whose gradient holds a NaN or an infinity.
    pub fn first_non_finite<M: Module>(&self, model: &M) -> Option<String> {
        crate::weights::names(model)
            .into_iter()
            .find_map(|(name, id)| {
                let bad = self.get(id)?.iter().any(|value| !value.is_finite());
                bad.then_some(name)
            })
    }
}

impl Drop for Gradients {
    /// The next backward pass writes where they lie.
    fn drop(&mut self) {
        for gradient in std::mem::take(&mut self.by_id).into_values() {
            if let Ok(values) = gradient.try_into_vec() {
                give_back(values);
            }
        }
    }
}

fn values(gradient: &TensorData) -> &[f32] {
    gradient
        .as_slice()
        .expect("gradients were read as f32, in an allocation that is aligned for it")
}

/// What all gradients are multiplied with so that their norm is at most `max_norm`.
///
/// `min(1, max_norm / norm)`; 1 without a maximum. A norm that is not finite scales nothing: the
/// caller stops.
///
/// # Source
/// Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural
/// networks", algorithm 1.
///
/// # Example
/// ```
/// use recurra_nn::optim::clip_factor;
/// assert_eq!(clip_factor(4.0, Some(1.0)), 0.25);
/// assert_eq!(clip_factor(0.5, Some(1.0)), 1.0);
/// ```
pub fn clip_factor(norm: f64, max_norm: Option<f64>) -> f64 {
    match max_norm {
        Some(max_norm) if norm.is_finite() && norm > max_norm => max_norm / norm,
        _ => 1.0,
    }
}

/// The name of the first parameter that holds a NaN or an infinity.
pub fn first_non_finite_weight<M: Module>(model: &M) -> Option<String> {
    crate::weights::export(model)
        .into_iter()
        .find(|tensor| tensor.values.iter().any(|v| !v.is_finite()))
        .map(|tensor| tensor.name)
}
