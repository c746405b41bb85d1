//! Weights by name: out of a module, into a module, to and from safetensors.
//!
//! A name is the path of fields, joined by dots (`stack.layers.0.cell.w_ih`);
//! the variant of an enum does not show in it.

mod mean;
mod quantized;

pub use mean::mean;
pub use quantized::{QuantizedFile, read_quantized, write_quantized};

use crate::NnError;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Tensor, TensorData};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::BTreeMap;
use std::path::Path;

/// One tensor with its name, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedTensor {
    /// Dotted path.
    pub name: String,
    /// Extent of every dimension.
    pub shape: Vec<usize>,
    /// Row-major values.
    pub values: Vec<f32>,
}

/// The dotted name of the place that a visitor or mapper stands at.
#[derive(Debug, Default)]
struct NamePath(Vec<Option<String>>);

impl NamePath {
    fn enter(&mut self, name: &str, container_type: &str) {
        let shown = !container_type.starts_with("Enum:");
        self.0.push(shown.then(|| name.to_owned()));
    }

    fn exit(&mut self) {
        self.0.pop();
    }

    fn name(&self) -> String {
        let parts: Vec<&str> = self.0.iter().flatten().map(String::as_str).collect();
        parts.join(".")
    }
}

/// The values of a tensor, row-major, as `f32`.
pub fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor
        .try_to_vec_as::<f32>()
        .expect("a tensor on the CPU can always be read back")
}

/// All parameters of `model` in visiting order, with their names.
pub fn export<M: Module>(model: &M) -> Vec<NamedTensor> {
    #[derive(Default)]
    struct Export {
        path: NamePath,
        tensors: Vec<NamedTensor>,
    }
    impl ModuleVisitor for Export {
        fn enter_module(&mut self, name: &str, container_type: &str) {
            self.path.enter(name, container_type);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.exit();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let tensor = param.val();
            self.tensors.push(NamedTensor {
                name: self.path.name(),
                shape: tensor.dims().to_vec(),
                values: values(&tensor),
            });
        }
    }
    let mut export = Export::default();
    model.visit(&mut export);
    export.tensors
}

/// `model` with its parameters replaced by `tensors`; `origin` is named in errors.
///
/// # Errors
/// A parameter without a tensor, a tensor without a parameter, and a tensor of
/// another shape are each refused by name; the model is then not returned.
pub fn import<M: Module>(model: M, tensors: Vec<NamedTensor>, origin: &str) -> Result<M, NnError> {
    struct Import<'a> {
        path: NamePath,
        origin: &'a str,
        tensors: BTreeMap<String, NamedTensor>,
        error: Option<NnError>,
    }
    impl Import<'_> {
        fn replacement<const D: usize>(&mut self, old: &Tensor<D>) -> Result<Tensor<D>, NnError> {
            let name = self.path.name();
            let Some(new) = self.tensors.remove(&name) else {
                return Err(NnError::MissingTensor {
                    origin: self.origin.to_owned(),
                    name,
                    found: summary(self.tensors.keys()),
                });
            };
            if new.shape != old.dims() {
                return Err(NnError::TensorShape {
                    origin: self.origin.to_owned(),
                    name,
                    want: old.dims().to_vec(),
                    got: new.shape,
                });
            }
            let data = TensorData::new(new.values, new.shape);
            let tensor = Tensor::from_data(data, (&old.device(), old.dtype()));
            Ok(tensor.set_require_grad(old.is_require_grad()))
        }
    }
    impl ModuleMapper for Import<'_> {
        fn enter_module(&mut self, name: &str, container_type: &str) {
            self.path.enter(name, container_type);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.exit();
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let (id, old, mapper) = param.consume();
            let new = match self.replacement(&old) {
                Ok(new) => new,
                Err(error) => {
                    // The first error is the one to tell; the rest may follow from it.
                    self.error.get_or_insert(error);
                    old
                }
            };
            Param::from_mapped_value(id, new, mapper)
        }
    }
    let mut import = Import {
        path: NamePath::default(),
        origin,
        tensors: tensors.into_iter().map(|t| (t.name.clone(), t)).collect(),
        error: None,
    };
    let model = model.map(&mut import);
    if let Some(error) = import.error {
        return Err(error);
    }
    if !import.tensors.is_empty() {
        return Err(NnError::UnknownTensors {
            origin: origin.to_owned(),
            names: import.tensors.into_keys().collect(),
        });
    }
    Ok(model)
}

/// Gives the parameters the ids 1, 2, 3 ... in visiting order.
///
/// Optimizer records are kept by parameter id; numbered ids make a record of one
/// process fit the model that another process built.
pub fn number_params<M: Module>(model: M) -> M {
    struct Number(u64);
    impl ModuleMapper for Number {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let (_, tensor, mapper) = param.consume();
            self.0 += 1;
            Param::from_mapped_value(ParamId::from(self.0), tensor, mapper)
        }
    }
    model.map(&mut Number(0))
}

/// The names and ids of all parameters, in visiting order.
pub fn names<M: Module>(model: &M) -> Vec<(String, ParamId)> {
    #[derive(Default)]
    struct Names {
        path: NamePath,
        names: Vec<(String, ParamId)>,
    }
    impl ModuleVisitor for Names {
        fn enter_module(&mut self, name: &str, container_type: &str) {
            self.path.enter(name, container_type);
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.exit();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.names.push((self.path.name(), param.id));
        }
    }
    let mut names = Names::default();
    model.visit(&mut names);
    names.names
}

/// The bytes of a safetensors file with these tensors and this metadata.
///
/// # Errors
/// Two tensors of one name, or a shape that does not fit its values.
pub fn write_safetensors(
    tensors: &[NamedTensor],
    metadata: &BTreeMap<String, String>,
) -> Result<Vec<u8>, NnError> {
    let refused = |reason: String| NnError::WeightFile {
        path: "(to be written)".into(),
        reason,
        want: "distinct names and shapes that fit their values",
    };
    let mut bytes = BTreeMap::new();
    for tensor in tensors {
        let flat: Vec<u8> = tensor.values.iter().flat_map(|v| v.to_le_bytes()).collect();
        if bytes
            .insert(tensor.name.as_str(), (&tensor.shape, flat))
            .is_some()
        {
            return Err(refused(format!("two tensors are named `{}`", tensor.name)));
        }
    }
    let views = bytes
        .iter()
        .map(|(name, (shape, flat))| {
            let view = TensorView::new(Dtype::F32, shape.to_vec(), flat)
                .map_err(|error| refused(format!("`{name}`: {error}")))?;
            Ok((*name, view))
        })
        .collect::<Result<Vec<_>, NnError>>()?;
    // The library's map is unordered; one entry keeps equal models equal to the byte.
    let header = (!metadata.is_empty()).then(|| {
        let json: Vec<String> = metadata.iter().map(|(k, v)| format!("{k}={v}")).collect();
        std::collections::HashMap::from([(METADATA_KEY.to_owned(), json.join("\n"))])
    });
    safetensors::serialize(views, header).map_err(|error| refused(error.to_string()))
}

/// The one metadata entry that [`write_safetensors`] writes: `key=value` lines.
const METADATA_KEY: &str = "recurra";

/// Tensors and metadata of a safetensors file that has been read into memory.
///
/// 16-bit and 64-bit floats are converted. Metadata of other writers is ignored.
///
/// # Errors
/// [`NnError::WeightFile`] when the bytes are no such file, are cut short, or hold
/// a tensor of another type than float.
pub fn read_safetensors(
    bytes: &[u8],
    origin: &Path,
) -> Result<(Vec<NamedTensor>, BTreeMap<String, String>), NnError> {
    let refused = |reason: String| NnError::WeightFile {
        path: origin.to_owned(),
        reason,
        want: "a complete .safetensors file with float tensors",
    };
    let metadata = header_of(bytes).map_err(refused)?;
    let file = SafeTensors::deserialize(bytes).map_err(|error| refused(error.to_string()))?;
    let tensors = file
        .iter()
        .map(|(name, view)| {
            let values = to_f32(view.dtype(), view.data())
                .ok_or_else(|| refused(format!("`{name}` is of type {:?}", view.dtype())))?;
            Ok(NamedTensor {
                name: name.to_owned(),
                shape: view.shape().to_vec(),
                values,
            })
        })
        .collect::<Result<Vec<_>, NnError>>()?;
    Ok((tensors, metadata))
}

/// The `key=value` lines of a safetensors header, or what is wrong with it.
fn header_of(bytes: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
    let entries = header.metadata().as_ref();
    let lines = entries.and_then(|entries| entries.get(METADATA_KEY));
    let pairs = lines.map(|lines| lines.lines().filter_map(|line| line.split_once('=')));
    let owned = |(k, v): (&str, &str)| (k.to_owned(), v.to_owned());
    Ok(pairs.into_iter().flatten().map(owned).collect())
}

/// Little-endian float bytes of one type as `f32`; `None` for other types.
fn to_f32(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    use burn::tensor::{bf16, f16};
    let values = match dtype {
        Dtype::F32 => chunks(bytes, f32::from_le_bytes),
        Dtype::F64 => chunks(bytes, |b| f64::from_le_bytes(b) as f32),
        Dtype::F16 => chunks(bytes, |b| f16::from_le_bytes(b).to_f32()),
        Dtype::BF16 => chunks(bytes, |b| bf16::from_le_bytes(b).to_f32()),
        _ => return None,
    };
    Some(values)
}

pub(crate) fn chunks<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    let (chunks, _) = bytes.as_chunks::<N>();
    chunks.iter().map(|chunk| value(*chunk)).collect()
}

/// At most eight names, and how many more there are.
fn summary<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    let total = names.len();
    if total == 0 {
        return "no others".to_owned();
    }
    let shown: Vec<&str> = names.take(8).map(String::as_str).collect();
    let more = total - shown.len();
    let tail = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{tail}", shown.join(", "))
}
