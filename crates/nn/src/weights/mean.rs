//! The mean of several checkpoints.

use super::{NamedTensor, summary};
use crate::NnError;
use std::collections::BTreeMap;

/// The element-by-element mean of the weights of several checkpoints of one model, in the
/// order of the first one.
///
/// Each has the name that errors call it by, a path for instance. The last few checkpoints of
/// a run, averaged, usually predict better than any of them.
///
/// # Errors
/// [`NnError::MissingTensor`], [`NnError::UnknownTensors`] or [`NnError::TensorShape`] naming
/// the first checkpoint that does not have the tensors of the first one; [`NnError::Shape`]
/// when there is none.
///
/// # Source
/// Junczys-Dowmunt et al. 2016, "The AMU-UEDIN submission to the WMT16 news translation task".
///
/// # Example
/// ```
/// use recurra_nn::weights::{NamedTensor, mean};
///
/// let bias = |values: &[f32]| NamedTensor {
///     name: "bias".to_owned(),
///     shape: vec![2],
///     values: values.to_vec(),
/// };
/// let mean = mean(vec![
///     ("update-100", vec![bias(&[1.0, 4.0])]),
///     ("update-200", vec![bias(&[3.0, 6.0])]),
/// ])?;
/// assert_eq!(mean[0].values, [2.0, 5.0]);
/// # Ok::<(), recurra_nn::NnError>(())
/// ```
pub fn mean(checkpoints: Vec<(&str, Vec<NamedTensor>)>) -> Result<Vec<NamedTensor>, NnError> {
    let count = checkpoints.len();
    let mut checkpoints = checkpoints.into_iter();
    let Some((_, mut mean)) = checkpoints.next() else {
        let want = "at least one";
        return Err(NnError::shape("mean", "checkpoints", want, count));
    };
    let mut sums: Vec<Vec<f64>> = mean
        .iter()
        .map(|tensor| tensor.values.iter().map(|&x| f64::from(x)).collect())
        .collect();
    for (origin, tensors) in checkpoints {
        let mut tensors: BTreeMap<String, NamedTensor> = tensors
            .into_iter()
            .map(|tensor| (tensor.name.clone(), tensor))
            .collect();
        for (sum, like) in sums.iter_mut().zip(&mean) {
            let Some(tensor) = tensors.remove(&like.name) else {
                return Err(NnError::MissingTensor {
                    origin: origin.to_owned(),
                    name: like.name.clone(),
                    found: summary(tensors.keys()),
                });
            };
            if tensor.shape != like.shape {
                return Err(NnError::TensorShape {
                    origin: origin.to_owned(),
                    name: tensor.name,
                    want: like.shape.clone(),
                    got: tensor.shape,
                });
            }
            for (sum, value) in sum.iter_mut().zip(tensor.values) {
                *sum += f64::from(value);
            }
        }
        if !tensors.is_empty() {
            return Err(NnError::UnknownTensors {
                origin: origin.to_owned(),
                names: tensors.into_keys().collect(),
            });
        }
    }
    for (tensor, sum) in mean.iter_mut().zip(sums) {
        for (value, sum) in tensor.values.iter_mut().zip(sum) {
            *value = (sum / count as f64) as f32;
        }
    }
    Ok(mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str, values: &[f32]) -> NamedTensor {
        NamedTensor {
            name: name.to_owned(),
            shape: vec![values.len()],
            values: values.to_vec(),
        }
    }

    #[test]
    fn tensors_are_averaged_by_name() {
        let checkpoints = vec![
            ("1", vec![tensor("a", &[1.0]), tensor("b", &[0.0, 9.0])]),
            ("2", vec![tensor("b", &[3.0, 9.0]), tensor("a", &[2.0])]),
            ("3", vec![tensor("a", &[6.0]), tensor("b", &[6.0, 0.0])]),
        ];
        let mean = mean(checkpoints).unwrap();
        assert_eq!(mean, [tensor("a", &[3.0]), tensor("b", &[3.0, 6.0])]);
    }

    #[test]
    fn checkpoints_of_unlike_models_are_told_apart() {
        let first = || ("1", vec![tensor("a", &[1.0])]);
        let refusal = |other: Vec<NamedTensor>| {
            let refused = mean(vec![first(), ("update-200", other)]);
            refused.unwrap_err().to_string()
        };
        assert_eq!(
            refusal(vec![tensor("b", &[1.0])]),
            "update-200: tensor `a` is missing; the file holds b"
        );
        assert_eq!(
            refusal(vec![tensor("a", &[1.0, 2.0])]),
            "update-200: tensor `a` has shape [2], the model expects [1]"
        );
        assert_eq!(
            refusal(vec![tensor("a", &[1.0]), tensor("b", &[1.0])]),
            "update-200: 1 tensor(s) that this model does not have: b"
        );
        assert!(mean(Vec::new()).is_err());
    }
}
