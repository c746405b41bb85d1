//! A linear map of the last dimension as one differentiable operation.

use super::primitive::{Primitive, primitive, slice};
use super::spare::buffer;
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{DType, Tensor};
use recurra_kernels::{Linear, LinearBackward, LinearShape, linear, linear_backward};

/// `x·Wᵀ + b` along the last dimension; shapes are the caller's promise.
///
/// `x [.., input_size]`, `weight [output_size, input_size]`, `bias [output_size]`.
pub(crate) fn linear_map<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
) -> Tensor<D> {
    if x.dtype() != DType::F32 || weight.dtype() != DType::F32 {
        let y = x.matmul(weight.transpose().unsqueeze());
        return match bias {
            Some(bias) => y + bias.unsqueeze(),
            None => y,
        };
    }
    // An operation has as many inputs as it has; no bias is one without values.
    let bias = bias.unwrap_or_else(|| Tensor::empty([0], &x.device()));
    let y = <Dispatch as LinearOps>::linear_map(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
    );
    Tensor::from_dispatch(y)
}

/// Backends with linear maps as a kernel.
#[backend_extension(Flex, Autodiff)]
trait LinearOps: Backend {
    fn linear_map(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// The inputs but the bias on the CPU, contiguous.
#[derive(Debug, Clone)]
struct Inputs {
    x: Primitive,
    weight: Primitive,
}

impl Inputs {
    fn shape(&self) -> LinearShape {
        let (x, weight) = (self.x.shape(), self.weight.shape());
        LinearShape {
            rows: x[..x.num_dims() - 1].iter().product(),
            input_size: weight[1],
            output_size: weight[0],
        }
    }

    fn outputs(&self, bias: &Primitive) -> Primitive {
        let shape = self.shape();
        let mut y = vec![0.0; shape.rows * shape.output_size];
        let bias = slice(bias);
        linear(Linear {
            shape,
            x: slice(&self.x),
            weight: slice(&self.weight),
            bias: (!bias.is_empty()).then_some(bias),
            y: &mut y,
        })
        .expect("the caller has checked every shape");
        let mut dims = self.x.shape().to_vec();
        dims.pop();
        dims.push(shape.output_size);
        primitive(y, dims)
    }

    /// Gradients of x, weight and bias, those that are wanted.
    fn gradients(&self, d_y: &Primitive, wanted: [bool; 3]) -> [Option<Primitive>; 3] {
        let shape = self.shape();
        let mut gradients = [
            wanted[0].then(|| vec![0.0; shape.rows * shape.input_size]),
            wanted[1].then(|| buffer(shape.output_size * shape.input_size)),
            wanted[2].then(|| buffer(shape.output_size)),
        ];
        let [d_x, d_weight, d_bias] = gradients.each_mut().map(Option::as_deref_mut);
        linear_backward(LinearBackward {
            shape,
            x: slice(&self.x),
            weight: slice(&self.weight),
            d_y: slice(d_y),
            d_x,
            d_weight,
            d_bias,
        })
        .expect("the forward pass took the same shapes");
        let [d_x, d_weight, d_bias] = gradients;
        [
            d_x.map(|d_x| primitive(d_x, self.x.shape().to_vec())),
            d_weight.map(|d_weight| primitive(d_weight, self.weight.shape().to_vec())),
            d_bias.map(|d_bias| primitive(d_bias, [shape.output_size])),
        ]
    }
}

impl LinearOps for Flex {
    fn linear_map(x: Primitive, weight: Primitive, bias: Primitive) -> Primitive {
        let inputs = Inputs {
            x: x.to_contiguous(),
            weight: weight.to_contiguous(),
        };
        inputs.outputs(&bias.to_contiguous())
    }
}

#[derive(Debug)]
struct LinearNode;

impl Backward<Flex, 3> for LinearNode {
    type State = Inputs;

    fn backward(self, ops: Ops<Inputs, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let d_y = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let of_inputs = ops.state.gradients(&d_y, wanted);
        for (parent, gradient) in ops.parents.into_iter().zip(of_inputs) {
            if let (Some(node), Some(gradient)) = (parent, gradient) {
                gradients.register::<Flex>(node.id, gradient);
            }
        }
    }
}

impl<C: CheckpointStrategy> LinearOps for Autodiff<Flex, C> {
    fn linear_map(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        let inputs = Inputs {
            x: x.into_primitive().to_contiguous(),
            weight: weight.into_primitive().to_contiguous(),
        };
        let y = inputs.outputs(&bias.into_primitive().to_contiguous());
        match LinearNode.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(inputs, y),
            OpsKind::UnTracked(prepared) => prepared.finish(y),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Device;
    use crate::weights::values;
    use burn::tensor::TensorData;
    use recurra_testkit::{Tol, assert_close};

    /// `[rows, columns]` of numbers that lie column by column.
    fn across([rows, columns]: [usize; 2], frequency: f32) -> Tensor<2> {
        let device = Device::flex().autodiff();
        let numbers = (0..rows * columns).map(|index| (index as f32 * frequency).sin());
        let numbers = TensorData::new(numbers.collect::<Vec<f32>>(), [columns, rows]);
        Tensor::from_data(numbers, &device).transpose()
    }

    /// The outputs of a map, and the gradients of those inputs that are tracked.
    fn run(
        map: impl Fn(Tensor<3>, Tensor<2>, Option<Tensor<1>>) -> Tensor<3>,
        with_bias: bool,
        tracked: [bool; 3],
    ) -> [Option<Vec<f32>>; 4] {
        let x = across([12, 5], 0.7).reshape([4, 3, 5]).swap_dims(0, 1);
        let weight = across([7, 5], 1.3);
        let bias = with_bias.then(|| across([7, 1], 0.9).reshape([7]));
        let x = x.set_require_grad(tracked[0]);
        let weight = weight.set_require_grad(tracked[1]);
        let bias = bias.map(|bias| bias.set_require_grad(tracked[2]));
        let y = map(x.clone(), weight.clone(), bias.clone());
        let weights = across([12, 7], 0.3).reshape([3, 4, 7]);
        let outputs = values(&y);
        if !tracked.contains(&true) {
            return [Some(outputs), None, None, None];
        }
        let gradients = (y * weights).sum().backward();
        let numbers = |gradient: Tensor<2>| values(&gradient);
        [
            Some(outputs),
            x.grad(&gradients).map(|d_x| numbers(d_x.reshape([12, 5]))),
            weight.grad(&gradients).map(numbers),
            bias.and_then(|bias| bias.grad(&gradients))
                .map(|d_bias| values(&d_bias)),
        ]
    }

    #[test]
    fn any_layout_bias_and_choice_of_gradients_agree_with_burn() {
        let of_burn = |x: Tensor<3>, weight: Tensor<2>, bias: Option<Tensor<1>>| {
            let y = x.matmul(weight.transpose().unsqueeze());
            match bias {
                Some(bias) => y + bias.unsqueeze(),
                None => y,
            }
        };
        for case in 0..16 {
            let [with_bias, x, weight, bias] = [8, 4, 2, 1].map(|bit| case & bit != 0);
            let tracked = [x, weight, bias && with_bias];
            let ours = run(linear_map, with_bias, tracked);
            let expected = run(of_burn, with_bias, tracked);
            for (index, (ours, expected)) in ours.iter().zip(&expected).enumerate() {
                match (ours, expected) {
                    (Some(ours), Some(expected)) => {
                        let expected: Vec<f64> = expected.iter().map(|&x| x.into()).collect();
                        assert_close(ours, &expected, Tol::both(1e-5));
                    }
                    (ours, expected) => assert_eq!(
                        ours.is_some(),
                        expected.is_some(),
                        "output {index} of case {case}"
                    ),
                }
            }
        }
    }
}
