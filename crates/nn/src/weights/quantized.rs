//! Weights in bf16 or int8, to and from safetensors.
//!
//! A matrix that streams in fewer bits is stored in them; everything else is stored in f32. An
//! int8 tensor `name` has its scales, one for each row, beside it as `name.scale`; both together
//! are `value[r][k] = scale[r] * int8[r][k]`. What is read back is exactly what a
//! [`Streamer`](crate::streaming::Streamer) of the same precision computes with.

use super::{METADATA_KEY, NamedTensor, header_of, to_f32};
use crate::NnError;
use recurra_kernels::{Int8Rows, Precision, f32_to_bf16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// The suffix of an int8 tensor's scales.
const SCALE: &str = ".scale";
/// The metadata entry that tells the precision.
const PRECISION: &str = "precision";

/// Whether a tensor is one of the matrices that are kept in fewer bits.
fn is_matrix(tensor: &NamedTensor) -> bool {
    let last = tensor.name.rsplit('.').next().unwrap_or_default();
    tensor.shape.len() == 2 && matches!(last, "w_ih" | "w_hh" | "weight")
}

/// The bytes of a safetensors file with these tensors, the matrices in `precision`.
///
/// # Errors
/// Two tensors of one name, or a shape that does not fit its values.
pub fn write_quantized(
    tensors: &[NamedTensor],
    precision: Precision,
    metadata: &BTreeMap<String, String>,
) -> Result<Vec<u8>, NnError> {
    let refused = |reason: String| NnError::WeightFile {
        path: "(to be written)".into(),
        reason,
        want: "distinct names and shapes that fit their values",
    };
    let floats = |values: &[f32]| {
        values
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect::<Vec<u8>>()
    };
    let mut stored: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    for tensor in tensors {
        let NamedTensor {
            name,
            shape,
            values,
        } = tensor.clone();
        match precision {
            Precision::Bf16 if is_matrix(tensor) => {
                let bits = values
                    .iter()
                    .flat_map(|&value| f32_to_bf16(value).to_le_bytes());
                stored.push((name, Dtype::BF16, shape, bits.collect()));
            }
            Precision::Int8 if is_matrix(tensor) => {
                let Int8Rows { values, scales, .. } = Int8Rows::quantize(&values, shape[1]);
                let bytes = values.into_iter().map(i8::cast_unsigned).collect();
                let scale_name = format!("{name}{SCALE}");
                stored.push((scale_name, Dtype::F32, vec![scales.len()], floats(&scales)));
                stored.push((name, Dtype::I8, shape, bytes));
            }
            _ => stored.push((name, Dtype::F32, shape, floats(&values))),
        }
    }
    stored.sort_by(|a, b| a.0.cmp(&b.0));
    if let Some(pair) = stored.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(refused(format!("two tensors are named `{}`", pair[0].0)));
    }
    let views = stored
        .iter()
        .map(|(name, dtype, shape, bytes)| {
            let view = TensorView::new(*dtype, shape.clone(), bytes)
                .map_err(|error| refused(format!("`{name}`: {error}")))?;
            Ok((name.as_str(), view))
        })
        .collect::<Result<Vec<_>, NnError>>()?;
    let mut metadata = metadata.clone();
    metadata.insert(PRECISION.to_owned(), precision.name().to_owned());
    let lines: Vec<String> = metadata.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let header = HashMap::from([(METADATA_KEY.to_owned(), lines.join("\n"))]);
    safetensors::serialize(views, Some(header)).map_err(|error| refused(error.to_string()))
}

/// What a file of [`write_quantized`] holds.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantizedFile {
    /// The weights, as f32 again.
    pub tensors: Vec<NamedTensor>,
    /// What they are kept as.
    pub precision: Precision,
    /// What the writer said of them.
    pub metadata: BTreeMap<String, String>,
}

/// Reads a file of [`write_quantized`].
///
/// # Errors
/// [`NnError::WeightFile`] when the bytes are no such file, are cut short, or lack scales.
pub fn read_quantized(bytes: &[u8], origin: &Path) -> Result<QuantizedFile, NnError> {
    let refused = |reason: String| NnError::WeightFile {
        path: origin.to_owned(),
        reason,
        want: "a complete file of `recurra quantize`",
    };
    let mut metadata = header_of(bytes).map_err(refused)?;
    let named = metadata.remove(PRECISION).unwrap_or_default();
    let precision = (Precision::ALL.into_iter())
        .find(|precision| precision.name() == named)
        .ok_or_else(|| refused(format!("its header names the precision `{named}`")))?;
    let file = SafeTensors::deserialize(bytes).map_err(|error| refused(error.to_string()))?;
    let mut tensors = Vec::new();
    for (name, view) in file.iter() {
        let is_scale = name.strip_suffix(SCALE).is_some_and(|owner| {
            file.tensor(owner)
                .is_ok_and(|owner| owner.dtype() == Dtype::I8)
        });
        if is_scale {
            continue;
        }
        let values = if view.dtype() == Dtype::I8 {
            let &[rows, columns] = view.shape() else {
                return Err(refused(format!("`{name}` is in int8 and no matrix")));
            };
            let scales = file
                .tensor(&format!("{name}{SCALE}"))
                .ok()
                .and_then(|scales| to_f32(scales.dtype(), scales.data()))
                .filter(|scales| scales.len() == rows)
                .ok_or_else(|| refused(format!("`{name}{SCALE}` should hold {rows} scales")))?;
            let values = view.data().iter().map(|byte| byte.cast_signed()).collect();
            let rows = Int8Rows {
                columns,
                values,
                scales,
            };
            rows.to_f32()
        } else {
            to_f32(view.dtype(), view.data())
                .ok_or_else(|| refused(format!("`{name}` is of type {:?}", view.dtype())))?
        };
        tensors.push(NamedTensor {
            name: name.to_owned(),
            shape: view.shape().to_vec(),
            values,
        });
    }
    Ok(QuantizedFile {
        tensors,
        precision,
        metadata,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensors() -> Vec<NamedTensor> {
        let values: Vec<f32> = (0..12).map(|k| (k as f32 * 0.7).sin()).collect();
        let named = |name: &str, shape: &[usize]| NamedTensor {
            name: name.to_owned(),
            shape: shape.to_vec(),
            values: values.clone(),
        };
        vec![
            named("head.weight", &[3, 4]),
            named("stack.bias", &[12]),
            named("stack.peepholes", &[3, 4]),
        ]
    }

    #[test]
    fn what_is_read_back_is_what_a_streamer_computes_with() {
        let about = BTreeMap::from([("task".to_owned(), "complete".to_owned())]);
        for precision in Precision::ALL {
            let bytes = write_quantized(&tensors(), precision, &about).unwrap();
            let QuantizedFile {
                tensors: read,
                precision: named,
                metadata,
            } = read_quantized(&bytes, Path::new("x")).unwrap();
            assert_eq!((named, &metadata), (precision, &about));
            let [weight, bias, peepholes] = &tensors()[..] else {
                unreachable!("three tensors")
            };
            let rounded = NamedTensor {
                values: precision.round(&weight.values, 4),
                ..weight.clone()
            };
            let mut read = read;
            read.sort_by(|a, b| a.name.cmp(&b.name));
            assert_eq!(read, [rounded, bias.clone(), peepholes.clone()]);
            let again = write_quantized(&read, precision, &about).unwrap();
            assert_eq!(again, bytes, "rounding again changes nothing");
        }
    }

    #[test]
    fn what_is_no_quantised_file_is_refused() {
        let plain = super::super::write_safetensors(&tensors(), &BTreeMap::new()).unwrap();
        let message = |bytes: &[u8]| {
            read_quantized(bytes, Path::new("m.safetensors"))
                .unwrap_err()
                .to_string()
        };
        assert!(message(&plain).contains("its header names the precision ``"));
        let bytes = write_quantized(&tensors(), Precision::Int8, &BTreeMap::new()).unwrap();
        assert!(message(&bytes[..bytes.len() - 1]).starts_with("m.safetensors: not a readable"));
        assert!(message(b"").contains("not a readable"));
    }
}
