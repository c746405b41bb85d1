//! A file as the bytes that are meant, whether compressed or not.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::error::DataError;
use crate::source::zip;
use crate::source::zstd::{self, ZstdReader};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const CAPACITY: usize = 1 << 16;

/// The bytes of a file, and the name of the compression that they come out of.
pub(crate) struct Plain {
    pub(crate) reader: Box<dyn BufRead + Send>,
    pub(crate) compression: Option<&'static str>,
}

/// Opens a file, plain or compressed by gzip or zstd, which its first bytes tell; a file inside a
/// zip archive is named as if the archive were a folder.
///
/// # Errors
/// [`DataError::Io`]; a zip archive without the name of a file in it is refused.
pub(crate) fn open(path: &Path) -> Result<Plain, DataError> {
    let io_error = |source| DataError::Io {
        path: path.to_owned(),
        source,
    };
    let file: Box<dyn Read + Send> = match zip::archive_of(path) {
        Some((archive, member)) => Box::new(Cursor::new(zip::read_member(&archive, &member)?)),
        None => Box::new(File::open(path).map_err(io_error)?),
    };
    let mut plain = BufReader::with_capacity(CAPACITY, file);
    let start = plain.fill_buf().map_err(io_error)?;
    if start.starts_with(&zip::MAGIC) {
        return Err(zip::no_member(path, ""));
    }
    let (reader, compression): (Box<dyn BufRead + Send>, _) = if start.starts_with(&GZIP_MAGIC) {
        let decoder = MultiGzDecoder::new(plain);
        let reader = BufReader::with_capacity(CAPACITY, decoder);
        (Box::new(reader), Some("gzip"))
    } else if start.starts_with(&zstd::MAGIC) {
        let reader = BufReader::with_capacity(CAPACITY, ZstdReader::new(plain));
        (Box::new(reader), Some("zstd"))
    } else {
        (Box::new(plain), None)
    };
    Ok(Plain {
        reader,
        compression,
    })
}
