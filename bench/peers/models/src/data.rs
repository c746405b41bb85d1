//! Flat little-endian files, as `compare.py` writes them.

use crate::Result;
use std::path::Path;

pub(crate) fn numbers(folder: &Path, name: &str) -> Result<Vec<u32>> {
    let bytes = bytes(folder, name)?;
    let (words, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(format!("{name}: {} bytes are not whole numbers", bytes.len()).into());
    }
    Ok(words.iter().map(|word| u32::from_le_bytes(*word)).collect())
}

pub(crate) fn bytes(folder: &Path, name: &str) -> Result<Vec<u8>> {
    let path = folder.join(name);
    std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()).into())
}
