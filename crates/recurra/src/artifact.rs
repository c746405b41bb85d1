//! What a run's files hold: JSON, and weights in fewer bits beside those that training left.

use crate::Error;
use burn::module::Module;
use recurra_nn::streaming::Precision;
use recurra_nn::weights::{
    NamedTensor, QuantizedFile, export, import, read_quantized, read_safetensors, write_quantized,
};
use recurra_train::Run;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// What a JSON file of the run says.
///
/// # Errors
/// [`Error::Train`] when it cannot be read, [`Error::Damaged`] when it is something else.
pub(crate) fn read_json<T: DeserializeOwned>(run: &Run, name: &str) -> Result<T, Error> {
    serde_json::from_str(&run.read_text(name)?).map_err(|error| Error::Damaged {
        path: run.dir().join(name),
        reason: error.to_string(),
    })
}

/// Writes `value` as a JSON file of the run.
///
/// # Errors
/// [`Error::NoJson`] for what JSON cannot hold, a path that is not UTF-8 for one;
/// [`Error::Train`] when the file cannot be written.
pub(crate) fn write_json(run: &Run, name: &str, value: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(value).map_err(|source| Error::NoJson {
        path: run.dir().join(name),
        source,
    })?;
    Ok(run.write(name, format!("{text}\n").as_bytes())?)
}

/// The file of a run that holds its weights in this precision.
pub(crate) fn file_name(precision: Precision) -> String {
    match precision {
        Precision::F32 => "model.safetensors".to_owned(),
        _ => format!("model.{precision}.safetensors"),
    }
}

/// `model` with the run's weights, rounded to `precision`, and the file's metadata.
///
/// # Errors
/// [`Error::NotQuantized`] when nobody has made them in that precision.
pub(crate) fn read<M: Module>(
    run: &Run,
    model: M,
    precision: Precision,
) -> Result<(M, BTreeMap<String, String>), Error> {
    if precision == Precision::F32 {
        return Ok(run.read_model(model)?);
    }
    let path = run.path(&file_name(precision))?;
    if !path.exists() {
        let dir = run.dir().to_owned();
        return Err(Error::NotQuantized { dir, precision });
    }
    let bytes = run.read(&file_name(precision))?;
    let QuantizedFile {
        tensors,
        precision: stored,
        metadata,
    } = read_quantized(&bytes, &path)?;
    if stored != precision {
        let reason = format!("it holds {stored} and is named after {precision}");
        return Err(Error::Damaged { path, reason });
    }
    let origin = path.display().to_string();
    Ok((import(model, tensors, &origin)?, metadata))
}

/// What the run's own file of weights says of them.
pub(crate) fn about(run: &Run) -> Result<BTreeMap<String, String>, Error> {
    let own = file_name(Precision::F32);
    let (_, about) = read_safetensors(&run.read(&own)?, &run.path(&own)?)?;
    Ok(about)
}

/// Writes the weights of `model` in `precision` into the run, with what the run's own file says
/// of them; returns the size in bytes.
pub(crate) fn write<M: Module>(run: &Run, model: &M, precision: Precision) -> Result<usize, Error> {
    let mut about = about(run)?;
    about.insert("task".to_owned(), run.task().to_owned());
    let tensors: Vec<NamedTensor> = export(model);
    let bytes = write_quantized(&tensors, precision, &about)?;
    run.write(&file_name(precision), &bytes)?;
    Ok(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_as_it_was_written_and_what_is_none_is_told_by_file() {
        let dir = tempfile::tempdir().unwrap();
        let run = Run::create(&dir.path().join("run"), "tag").unwrap();
        write_json(&run, "a.json", &["x", "y"]).unwrap();
        assert_eq!(
            run.read_text("a.json").unwrap(),
            "[\n  \"x\",\n  \"y\"\n]\n"
        );
        assert_eq!(
            read_json::<Vec<String>>(&run, "a.json").unwrap(),
            ["x", "y"]
        );
        let refused = read_json::<u32>(&run, "a.json").unwrap_err().to_string();
        assert!(refused.contains("a.json: damaged"), "{refused}");
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_no_text_is_refused() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().unwrap();
        let run = Run::create(&dir.path().join("run"), "tag").unwrap();
        let path = std::path::Path::new(OsStr::from_bytes(b"\xff.txt"));
        let refused = write_json(&run, "a.json", &path).unwrap_err().to_string();
        assert!(
            refused.ends_with("a.json: cannot be written as JSON"),
            "{refused}"
        );
    }
}
