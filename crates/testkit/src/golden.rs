//! Reading goldens: values that another program computed, stored beside the script that made them.

use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};

/// One golden file, `testdata/golden/<name>.safetensors` of the workspace.
///
/// # Example
/// ```no_run
/// use recurra_testkit::Golden;
/// let golden = Golden::open("lstm/basic");
/// let x = golden.f32("x");
/// assert_eq!(x.shape, [3, 5, 4]);
/// ```
#[derive(Debug)]
pub struct Golden {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// One array of a golden file: its shape and its values in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct Array<T> {
    /// Extent of each dimension; empty for a scalar.
    pub shape: Vec<usize>,
    /// The values, last dimension fastest.
    pub values: Vec<T>,
}

impl Golden {
    /// Opens `testdata/golden/<name>.safetensors`.
    ///
    /// # Panics
    /// When the file is missing or is no safetensors file.
    #[track_caller]
    pub fn open(name: &str) -> Golden {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/golden");
        Golden::open_path(&root.join(format!("{name}.safetensors")))
    }

    /// Opens a golden file anywhere.
    ///
    /// # Panics
    /// When the file is missing or is no safetensors file.
    #[track_caller]
    pub fn open_path(path: &Path) -> Golden {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => panic!("cannot read golden {}: {error}", path.display()),
        };
        let golden = Golden {
            path: path.to_owned(),
            bytes,
        };
        golden.file();
        golden
    }

    /// Names of all arrays, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.file().names().into_iter().map(String::from).collect();
        names.sort();
        names
    }

    /// Whether the file holds an array of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.file().tensor(name).is_ok()
    }

    /// An array as f32; f64 values are rounded.
    ///
    /// # Panics
    /// When there is no such array or it does not hold floating point numbers.
    #[track_caller]
    pub fn f32(&self, name: &str) -> Array<f32> {
        let Array { shape, values } = self.f64(name);
        let values = values.into_iter().map(|v| v as f32).collect();
        Array { shape, values }
    }

    /// An array as f64; f32 values are widened.
    ///
    /// # Panics
    /// When there is no such array or it does not hold floating point numbers.
    #[track_caller]
    pub fn f64(&self, name: &str) -> Array<f64> {
        let (shape, dtype, data) = self.array(name);
        let values = match dtype {
            Dtype::F64 => numbers(data, f64::from_le_bytes),
            Dtype::F32 => numbers(data, |b| f64::from(f32::from_le_bytes(b))),
            other => self.wrong_dtype(name, other, "F32 or F64"),
        };
        Array { shape, values }
    }

    /// An array as i64; narrower integers and booleans are widened.
    ///
    /// # Panics
    /// When there is no such array or it does not hold integers.
    #[track_caller]
    pub fn i64(&self, name: &str) -> Array<i64> {
        let (shape, dtype, data) = self.array(name);
        let values = match dtype {
            Dtype::I64 => numbers(data, i64::from_le_bytes),
            Dtype::I32 => numbers(data, |b| i64::from(i32::from_le_bytes(b))),
            Dtype::U8 | Dtype::BOOL => data.iter().map(|&b| i64::from(b)).collect(),
            other => self.wrong_dtype(name, other, "I64, I32, U8 or BOOL"),
        };
        Array { shape, values }
    }

    /// An array of lengths, ids or counts as `usize`.
    ///
    /// # Panics
    /// As [`Golden::i64`], and when a value is negative.
    #[track_caller]
    pub fn usize(&self, name: &str) -> Array<usize> {
        let Array { shape, values } = self.i64(name);
        let to_usize = |v: i64| match usize::try_from(v) {
            Ok(v) => v,
            Err(_) => panic!("{}: `{name}` holds {v}", self.path.display()),
        };
        let values = values.into_iter().map(to_usize).collect();
        Array { shape, values }
    }

    /// The script's own note under `key` in the file's metadata (library versions, for example).
    pub fn metadata(&self, key: &str) -> Option<String> {
        let (_, metadata) = SafeTensors::read_metadata(&self.bytes).ok()?;
        metadata.metadata().as_ref()?.get(key).cloned()
    }

    #[track_caller]
    fn file(&self) -> SafeTensors<'_> {
        match SafeTensors::deserialize(&self.bytes) {
            Ok(file) => file,
            Err(error) => panic!("{} is no safetensors file: {error}", self.path.display()),
        }
    }

    #[track_caller]
    fn array(&self, name: &str) -> (Vec<usize>, Dtype, &[u8]) {
        match self.file().tensor(name) {
            Ok(view) => (view.shape().to_vec(), view.dtype(), view.data()),
            Err(_) => panic!(
                "{} holds no `{name}`; it holds {}",
                self.path.display(),
                self.names().join(", ")
            ),
        }
    }

    #[track_caller]
    fn wrong_dtype(&self, name: &str, got: Dtype, want: &str) -> ! {
        panic!(
            "{}: `{name}` is {got:?}, wanted {want}",
            self.path.display()
        )
    }
}

fn numbers<const N: usize, T>(data: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (chunks, _) = data.as_chunks::<N>();
    chunks.iter().map(|&bytes| read(bytes)).collect()
}
