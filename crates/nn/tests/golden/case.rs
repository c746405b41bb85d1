//! One recorded case: its tensors, and a stack with its weights.

use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::TensorData;
use recurra_nn::weights::{self, NamedTensor, values};
use recurra_nn::{Device, LayerState, Mode, Stack, StackConfig, StackState, State, Tensor, rng};
use recurra_testkit::{Golden, Tol, assert_close};

pub(crate) const TOL: Tol = Tol {
    rel: 1e-5,
    abs: 2e-6,
};

pub(crate) fn device() -> Device {
    Device::flex().autodiff()
}

pub(crate) fn tensor<const D: usize>(golden: &Golden, name: &str) -> Tensor<D> {
    let array = golden.f32(name);
    Tensor::from_data(TensorData::new(array.values, array.shape), &device())
}

pub(crate) fn lengths(golden: &Golden) -> Option<Vec<usize>> {
    golden
        .contains("lengths")
        .then(|| golden.usize("lengths").values)
}

#[track_caller]
pub(crate) fn close(golden: &Golden, name: &str, actual: &[f32]) {
    println!("{name}");
    assert_close(actual, &golden.f32(name).values, TOL);
}

/// `module` with each parameter's gradient in the parameter's place.
pub(crate) fn gradients_in_place<M: Module>(module: M, gradients: GradientsParams) -> M {
    struct Replace(GradientsParams);
    impl ModuleMapper for Replace {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let gradient = self.0.remove::<D>(param.id);
            param.map(|old| gradient.unwrap_or_else(|| old.inner().zeros_like()))
        }
    }
    module.map(&mut Replace(gradients))
}

/// A stack whose weights the golden file has under our names.
pub(crate) struct StackCase {
    golden: Golden,
    stack: Stack,
}

/// The golden file's name of one of our tensors.
fn golden_name(ours: &str, golden: &Golden) -> String {
    let field = ours
        .replace(".cell.norm.cell.gain", ".cell.gain_c")
        .replace(".cell.norm.cell.bias", ".cell.bias_c")
        .replace(".cell.norm.", ".cell.")
        .replace("bias_hn", "b_hn")
        .replace(".cell.", ".");
    // Several layers are numbered, one is not.
    if golden
        .names()
        .iter()
        .any(|name| name.starts_with("layers."))
    {
        field
    } else {
        field.replace("layers.0.", "")
    }
}

impl StackCase {
    pub(crate) fn open(file: &str, config: StackConfig) -> Self {
        let golden = Golden::open(file);
        let input_size = golden.f32("x").shape[2];
        let stack = config.build(input_size, &mut rng(0, 0), &device()).unwrap();
        let tensors = weights::export(&stack)
            .into_iter()
            .map(|ours| {
                let theirs = golden.f32(&golden_name(&ours.name, &golden));
                NamedTensor {
                    name: ours.name,
                    shape: theirs.shape,
                    values: theirs.values,
                }
            })
            .collect();
        let stack = weights::import(stack, tensors, file).unwrap();
        Self { golden, stack }
    }

    /// Forward values and every gradient.
    pub(crate) fn check(self) {
        let Self { golden, stack } = self;
        let x = tensor::<3>(&golden, "x").require_grad();
        let leaves = Leaves::new(&golden, &stack);
        let lengths = lengths(&golden);
        let (outputs, state) = stack
            .forward(
                x.clone(),
                lengths.as_deref(),
                Some(leaves.state()),
                Mode::Eval,
            )
            .unwrap();
        close(&golden, "output", &values(&outputs));
        let mut loss = (outputs * tensor(&golden, "d_output")).sum();
        for (name, final_part) in leaves.names.iter().zip(flat(&state)) {
            let name = name.replace("h0", "h_n").replace("c0", "c_n");
            close_part(&golden, &name, &values(&final_part));
            loss = loss + (final_part * part(&golden, &format!("d_{name}"))).sum();
        }

        let mut gradients = loss.backward();
        close(
            &golden,
            "grad.x",
            &values(&x.grad_remove(&mut gradients).unwrap()),
        );
        for (name, leaf) in leaves.names.iter().zip(&leaves.parts) {
            let gradient = leaf.grad_remove(&mut gradients).unwrap();
            close_part(&golden, &format!("grad.{name}"), &values(&gradient));
        }
        let gradients = GradientsParams::from_grads(gradients, &stack);
        for gradient in weights::export(&gradients_in_place(stack, gradients)) {
            let name = format!("grad.{}", golden_name(&gradient.name, &golden));
            close(&golden, &name, &gradient.values);
        }
    }
}

/// The initial state as leaves of the graph, with the golden file's names: `h0`, `c0`,
/// `layers.1.h0`, and `h0@1` for the second direction in one array.
struct Leaves {
    names: Vec<String>,
    parts: Vec<Tensor<2>>,
    shape: StackState,
}

impl Leaves {
    fn new(golden: &Golden, stack: &Stack) -> Self {
        let numbered = golden.contains("layers.0.h0");
        let (mut names, mut parts) = (Vec::new(), Vec::new());
        let mut layers = Vec::new();
        for (index, layer) in stack.layers.iter().enumerate() {
            let mut states = Vec::new();
            for direction in 0..layer.cells().len() {
                let mut leaf = |letter: char| {
                    let name = if numbered {
                        format!("layers.{index}.{letter}0")
                    } else {
                        format!("{letter}0@{direction}")
                    };
                    let leaf = part(golden, &name).require_grad();
                    names.push(name);
                    parts.push(leaf.clone());
                    leaf
                };
                let hidden = leaf('h');
                let cell = golden.contains("c0").then(|| leaf('c'));
                let window = (golden.contains("window0")).then(|| tensor(golden, "window0"));
                states.push(State {
                    hidden,
                    cell,
                    window,
                });
            }
            let mut states = states.into_iter();
            layers.push(LayerState {
                forward: states.next().unwrap(),
                backward: states.next(),
            });
        }
        let shape = StackState { layers };
        Self {
            names,
            parts,
            shape,
        }
    }

    fn state(&self) -> StackState {
        self.shape.clone()
    }
}

/// The parts of a state in the order of [`Leaves`].
fn flat(state: &StackState) -> Vec<Tensor<2>> {
    state
        .layers
        .iter()
        .flat_map(|layer| std::iter::once(&layer.forward).chain(&layer.backward))
        .flat_map(|state| std::iter::once(state.hidden.clone()).chain(state.cell.clone()))
        .collect()
}

/// A `[batch, size]` array, or direction `n` of `[directions, batch, size]` for `name@n`.
fn part(golden: &Golden, name: &str) -> Tensor<2> {
    let (name, direction) = split(name);
    let array = golden.f32(name);
    let [rows, columns] = array.shape[array.shape.len() - 2..] else {
        unreachable!("two dimensions")
    };
    let start = direction * rows * columns;
    let values = array.values[start..start + rows * columns].to_vec();
    Tensor::from_data(TensorData::new(values, [rows, columns]), &device())
}

#[track_caller]
fn close_part(golden: &Golden, name: &str, actual: &[f32]) {
    let (name, direction) = split(name);
    let expected = golden.f32(name).values;
    let start = direction * actual.len();
    println!("{name}, direction {direction}");
    assert_close(actual, &expected[start..start + actual.len()], TOL);
}

fn split(name: &str) -> (&str, usize) {
    match name.split_once('@') {
        Some((name, direction)) => (name, direction.parse().unwrap()),
        None => (name, 0),
    }
}
