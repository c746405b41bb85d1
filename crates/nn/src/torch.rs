//! PyTorch's recurrent weights: read from `.pt` and `.safetensors`, and written back.
//!
//! `nn.RNN`, `nn.LSTM` and `nn.GRU` name a layer's tensors `weight_ih_l0`,
//! `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0` and, with a projection, `weight_hr_l0`;
//! `_reverse` marks the backward direction. Gate order and shapes are ours too. Two
//! biases that are only ever added are one here: they are summed when read, and
//! written as that sum and zeros.

use crate::cell::{AnyCell, Cell};
use crate::recurrent::Layer;
use crate::weights::{self, NamedTensor, read_safetensors};
use crate::{NnError, Stack};
use pytorch_reader::{DType, PytorchReader};
use std::collections::BTreeMap;
use std::path::Path;

/// All float tensors of a PyTorch file, by the kind that its content shows.
///
/// Nothing in the file is executed.
///
/// # Errors
/// [`NnError::WeightFile`] when the file cannot be read as either kind.
pub fn read(path: &Path) -> Result<Vec<NamedTensor>, NnError> {
    let refused = |reason: String| NnError::WeightFile {
        path: path.to_owned(),
        reason,
        want: "a .safetensors file or a state dict saved by torch.save",
    };
    if path.extension().is_some_and(|end| end == "safetensors") {
        let bytes = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
        return Ok(read_safetensors(&bytes, path)?.0);
    }
    let reader = PytorchReader::new(path).map_err(|error| refused(error.to_string()))?;
    let mut names = reader.keys();
    names.sort();
    let mut tensors = Vec::with_capacity(names.len());
    for name in names {
        let Some(tensor) = reader.get(&name) else {
            continue;
        };
        let bytes = tensor.read().map_err(|error| refused(error.to_string()))?;
        let Some(values) = to_f32(tensor.dtype(), &bytes) else {
            continue;
        };
        tensors.push(NamedTensor {
            name,
            shape: tensor.shape().to_vec(),
            values,
        });
    }
    Ok(tensors)
}

/// `stack` with the weights of a PyTorch recurrent module of the same architecture.
///
/// `prefix` is what stands before `weight_ih_l0` in the names (`"rnn."`); tensors
/// with other prefixes are left alone, unknown ones behind the prefix are refused.
/// A module without biases (`bias=False`) gives zeros.
///
/// # Errors
/// A missing, surplus or misshapen tensor by name; [`NnError::Config`] for a cell
/// that PyTorch does not have.
pub fn load(
    stack: Stack,
    tensors: &[NamedTensor],
    prefix: &str,
    origin: &str,
) -> Result<Stack, NnError> {
    let mut theirs: BTreeMap<&str, &NamedTensor> = tensors
        .iter()
        .filter_map(|tensor| Some((tensor.name.strip_prefix(prefix)?, tensor)))
        .collect();
    let without_biases = !theirs.keys().any(|name| name.starts_with("bias_"));
    let mut replaced = BTreeMap::new();
    for place in places(&stack)? {
        for kind in place.tensors() {
            let name = format!("{kind}{}", place.suffix);
            let tensor = theirs.remove(name.as_str());
            if tensor.is_none() && without_biases && kind.starts_with("bias_") {
                continue;
            }
            let tensor = tensor.ok_or_else(|| NnError::MissingTensor {
                origin: origin.to_owned(),
                name: format!("{prefix}{name}"),
                found: theirs.keys().copied().collect::<Vec<_>>().join(", "),
            })?;
            place.check(tensor, kind, origin)?;
            place.read(kind, tensor, &mut replaced);
        }
    }
    if !theirs.is_empty() {
        return Err(NnError::UnknownTensors {
            origin: origin.to_owned(),
            names: theirs.into_values().map(|t| t.name.clone()).collect(),
        });
    }
    // What PyTorch has no tensor for (norms, highway gates) keeps its values.
    let tensors = weights::export(&stack)
        .into_iter()
        .map(|ours| match replaced.remove(&ours.name) {
            Some(new) => new,
            None if without_biases && is_bias(&ours.name) => NamedTensor {
                values: vec![0.0; ours.values.len()],
                ..ours
            },
            None => ours,
        })
        .collect();
    weights::import(stack, tensors, origin)
}

/// The weights of `stack` under PyTorch's names, each behind `prefix`.
///
/// # Errors
/// [`NnError::Config`] for a cell that PyTorch does not have.
pub fn save(stack: &Stack, prefix: &str) -> Result<Vec<NamedTensor>, NnError> {
    let ours: BTreeMap<String, NamedTensor> = weights::export(stack)
        .into_iter()
        .map(|tensor| (tensor.name.clone(), tensor))
        .collect();
    let mut theirs = Vec::new();
    for place in places(stack)? {
        for kind in place.tensors() {
            let mut tensor = place.write(kind, &ours);
            tensor.name = format!("{prefix}{kind}{}", place.suffix);
            theirs.push(tensor);
        }
    }
    Ok(theirs)
}

fn is_bias(name: &str) -> bool {
    name.ends_with(".cell.bias") || name.ends_with(".cell.bias_hn")
}

/// One cell of a stack, and how PyTorch calls it.
struct Place {
    /// In front of our names: `layers.0.forward.cell.`
    ours: String,
    /// Behind PyTorch's: `_l0_reverse`.
    suffix: String,
    hidden_size: usize,
    /// Length of each bias.
    bias_len: usize,
    projected: bool,
    /// Whether `b_hn` is kept apart, as in a GRU.
    gru: bool,
}

impl Place {
    fn tensors(&self) -> Vec<&'static str> {
        let mut kinds = vec!["weight_ih", "weight_hh", "bias_ih", "bias_hh"];
        if self.projected {
            kinds.push("weight_hr");
        }
        kinds
    }

    /// The shapes of weights are compared when they are imported; biases are changed
    /// before that.
    fn check(&self, tensor: &NamedTensor, kind: &str, origin: &str) -> Result<(), NnError> {
        if kind.starts_with("bias_") && tensor.shape != [self.bias_len] {
            return Err(NnError::TensorShape {
                origin: origin.to_owned(),
                name: tensor.name.clone(),
                want: vec![self.bias_len],
                got: tensor.shape.clone(),
            });
        }
        Ok(())
    }

    fn named(&self, field: &str) -> String {
        format!("{}{field}", self.ours)
    }

    /// Puts one of PyTorch's tensors where ours go.
    fn read(&self, kind: &str, tensor: &NamedTensor, ours: &mut BTreeMap<String, NamedTensor>) {
        let mut put = |field: &str, shape: Vec<usize>, values: Vec<f32>| {
            let name = self.named(field);
            let renamed = NamedTensor {
                name: name.clone(),
                shape,
                values,
            };
            ours.insert(name, renamed);
        };
        let (shape, values) = (tensor.shape.clone(), tensor.values.clone());
        match kind {
            "weight_ih" => put("w_ih", shape, values),
            "weight_hh" => put("w_hh", shape, values),
            "weight_hr" => put("w_hr", shape, values),
            "bias_ih" => put("bias", shape, values),
            _ => {
                let mut values = values;
                if self.gru {
                    let of_candidate = values.split_off(2 * self.hidden_size);
                    put("bias_hn", vec![self.hidden_size], of_candidate);
                }
                if let Some(bias) = ours.get_mut(&self.named("bias")) {
                    for (sum, value) in bias.values.iter_mut().zip(values) {
                        *sum += value;
                    }
                }
            }
        }
    }

    /// One of PyTorch's tensors, made of ours; its name is the caller's to set.
    fn write(&self, kind: &str, ours: &BTreeMap<String, NamedTensor>) -> NamedTensor {
        let of = |field: &str| ours[&self.named(field)].clone();
        match kind {
            "weight_ih" => of("w_ih"),
            "weight_hh" => of("w_hh"),
            "weight_hr" => of("w_hr"),
            "bias_ih" => of("bias"),
            _ => {
                let mut bias = of("bias");
                bias.values.fill(0.0);
                if self.gru {
                    let of_candidate = of("bias_hn").values;
                    bias.values[2 * self.hidden_size..].copy_from_slice(&of_candidate);
                }
                bias
            }
        }
    }
}

fn places(stack: &Stack) -> Result<Vec<Place>, NnError> {
    let mut places = Vec::new();
    for (index, layer) in stack.layers.iter().enumerate() {
        let directions: &[(&str, &str)] = match layer {
            Layer::Forward(_) => &[("", "")],
            Layer::Both(_) => &[("forward.", ""), ("backward.", "_reverse")],
        };
        for (recurrent, (field, ending)) in layer.cells().into_iter().zip(directions) {
            let (projected, gru) = match &recurrent.cell {
                AnyCell::Rnn(rnn) if rnn.is_plain() => (false, false),
                AnyCell::Lstm(lstm) if lstm.is_plain() => (lstm.w_hr.is_some(), false),
                AnyCell::Gru(gru) if gru.is_plain() => (false, true),
                _ => {
                    let want = "an RNN with tanh or relu, an LSTM with no option but \
                                `proj_size`, or a GRU that resets after the product";
                    let got = "a cell that PyTorch does not have";
                    return Err(NnError::config(format!("layer {}", index + 1), want, got));
                }
            };
            places.push(Place {
                ours: format!("layers.{index}.{field}cell."),
                suffix: format!("_l{index}{ending}"),
                hidden_size: recurrent.cell.hidden_size(),
                bias_len: match &recurrent.cell {
                    AnyCell::Rnn(rnn) => rnn.bias.dims()[0],
                    AnyCell::Lstm(lstm) => lstm.bias.dims()[0],
                    AnyCell::Gru(gru) => gru.bias.dims()[0],
                    AnyCell::IndRnn(ind_rnn) => ind_rnn.bias.dims()[0],
                    AnyCell::MinGru(min_gru) => min_gru.bias.dims()[0],
                    AnyCell::MinLstm(min_lstm) => min_lstm.bias.dims()[0],
                    AnyCell::Sru(sru) => sru.bias.dims()[0],
                    AnyCell::Qrnn(qrnn) => qrnn.bias.dims()[0],
                },
                projected,
                gru,
            });
        }
    }
    Ok(places)
}

fn to_f32(dtype: DType, bytes: &[u8]) -> Option<Vec<f32>> {
    use burn::tensor::{bf16, f16};
    match dtype {
        DType::F32 => Some(weights::chunks(bytes, f32::from_ne_bytes)),
        DType::F64 => Some(weights::chunks(bytes, |b| f64::from_ne_bytes(b) as f32)),
        DType::F16 => Some(weights::chunks(bytes, |b| f16::from_ne_bytes(b).to_f32())),
        DType::BF16 => Some(weights::chunks(bytes, |b| bf16::from_ne_bytes(b).to_f32())),
        _ => None,
    }
}
