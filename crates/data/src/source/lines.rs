//! Text lines, streamed from a plain, gzip- or zstd-compressed file.

use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::source::decompress::{self, Plain};

/// The longest line that is accepted: a bound on memory, whatever the file holds.
pub const MAX_LINE_BYTES: usize = 1 << 24;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One line of a text file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Counted from 1.
    pub number: usize,
    /// Without its line end.
    pub text: String,
}

/// The lines of a text file, read as they are asked for; see [`read_lines`].
///
/// After an error there are no more lines.
pub struct Lines {
    path: PathBuf,
    reader: Box<dyn BufRead + Send>,
    compression: Option<&'static str>,
    number: usize,
    done: bool,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines")
            .field("path", &self.path)
            .field("compression", &self.compression)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// Opens a text file, plain or compressed by gzip or zstd, and streams its lines.
///
/// Which of the three it is, is read from its first bytes. A file inside a zip archive is named as
/// if the archive were a folder. A byte order mark at the start and
/// the `\r` of `\r\n` are taken off. An empty file has no lines and is no error here.
///
/// # Errors
/// [`DataError::Io`] at once; while reading also [`DataError::Utf8`] with line and byte column,
/// [`DataError::Compressed`] for damaged compressed data, and [`DataError::LineTooLong`] beyond
/// [`MAX_LINE_BYTES`].
///
/// # Example
/// ```
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("two.txt");
/// std::fs::write(&path, "one\r\ntwo")?;
/// let lines: Result<Vec<_>, _> = recurra_data::source::read_lines(&path)?.collect();
/// assert_eq!(lines?[1].text, "two");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_lines(path: &Path) -> Result<Lines, DataError> {
    let Plain {
        reader,
        compression,
    } = decompress::open(path)?;
    Ok(Lines {
        path: path.to_owned(),
        reader,
        compression,
        number: 0,
        done: false,
    })
}

/// The whole of a text file, its lines ended by `\n`.
///
/// # Errors
/// As [`read_lines`].
pub fn read_text(path: &Path) -> Result<String, DataError> {
    let mut text = String::new();
    for line in read_lines(path)? {
        text.push_str(&line?.text);
        text.push('\n');
    }
    Ok(text)
}

impl Lines {
    /// The file that is read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn read_line(&mut self) -> Result<Option<Line>, DataError> {
        let mut bytes = Vec::new();
        let limit = MAX_LINE_BYTES as u64 + 1;
        let read = (&mut self.reader)
            .take(limit)
            .read_until(b'\n', &mut bytes)
            .map_err(|source| self.io_error(source))?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        let ended = bytes.last() == Some(&b'\n');
        if ended {
            bytes.pop();
        }
        if bytes.len() > MAX_LINE_BYTES {
            return Err(DataError::LineTooLong {
                path: self.path.clone(),
                line: self.number,
                max_len: MAX_LINE_BYTES,
            });
        }
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        if self.number == 1 && bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.drain(..BYTE_ORDER_MARK.len());
            if bytes.is_empty() && !ended {
                return Ok(None);
            }
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(Line {
                number: self.number,
                text,
            })),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                Err(DataError::Utf8 {
                    path: self.path.clone(),
                    line: self.number,
                    column: valid + 1,
                    byte: error.as_bytes()[valid],
                })
            }
        }
    }

    fn io_error(&self, source: io::Error) -> DataError {
        let path = self.path.clone();
        match self.compression {
            Some(format) => DataError::Compressed {
                path,
                format,
                line: self.number,
                source,
            },
            None => DataError::Io { path, source },
        }
    }
}

impl Iterator for Lines {
    type Item = Result<Line, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let line = self.read_line();
        self.done = !matches!(line, Ok(Some(_)));
        line.transpose()
    }
}

/// Gives checked lines to a reader of bytes, with `\n` as line end.
///
/// So the CSV reader sees neither a byte order mark nor invalid UTF-8, and compressed files work.
/// A [`DataError`] travels inside the [`io::Error`].
pub(super) struct LineReader {
    lines: Lines,
    pending: Vec<u8>,
    start: usize,
}

impl LineReader {
    pub(super) fn new(lines: Lines) -> Self {
        Self {
            lines,
            pending: Vec::new(),
            start: 0,
        }
    }

    /// The first line that is not blank, without taking it; nothing for a blank file.
    pub(super) fn peek(&mut self) -> Result<Option<&str>, DataError> {
        while self.pending[self.start..].trim_ascii().is_empty() {
            if !self.fill()? {
                return Ok(None);
            }
        }
        let line = self.pending[self.start..].trim_ascii();
        Ok(std::str::from_utf8(line).ok())
    }

    /// Adds a line to what is pending; false at the end of the file.
    fn fill(&mut self) -> Result<bool, DataError> {
        let Some(line) = self.lines.next() else {
            return Ok(false);
        };
        self.pending.extend_from_slice(line?.text.as_bytes());
        self.pending.push(b'\n');
        Ok(true)
    }
}

impl Read for LineReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.start == self.pending.len() {
            self.pending.clear();
            self.start = 0;
            if !self.fill().map_err(io::Error::other)? {
                return Ok(0);
            }
        }
        let read = (&self.pending[self.start..]).read(buffer)?;
        self.start += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn lines_of(content: &[u8]) -> Result<Vec<String>, DataError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, content).unwrap();
        read_lines(&path)?.map(|line| Ok(line?.text)).collect()
    }

    #[test]
    fn plain_and_compressed_files_give_the_same_lines() {
        let content = "하나\ntwo\n\nfour".as_bytes();
        let expected = ["하나", "two", "", "four"];
        assert_eq!(lines_of(content).unwrap(), expected);
        assert_eq!(lines_of(&gzip(content)).unwrap(), expected);
        let two_members = [gzip(&content[..4]), gzip(&content[4..])].concat();
        assert_eq!(lines_of(&two_members).unwrap(), expected);
    }

    #[test]
    fn byte_order_mark_and_windows_line_ends_are_taken_off() {
        assert_eq!(lines_of(b"\xef\xbb\xbfa\r\nb\r\n").unwrap(), ["a", "b"]);
        assert_eq!(lines_of(b"\xef\xbb\xbf").unwrap(), [""; 0]);
    }

    #[test]
    fn an_empty_file_has_no_lines() {
        assert_eq!(lines_of(b"").unwrap(), [""; 0]);
        assert_eq!(lines_of(&gzip(b"")).unwrap(), [""; 0]);
    }

    #[test]
    fn invalid_utf8_is_reported_with_line_and_byte_column() {
        let error = lines_of(b"good\n\xea\xb0\x80a\xffb\n").unwrap_err();
        let DataError::Utf8 {
            line, column, byte, ..
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((line, column, byte), (2, 5, 0xff));
    }

    #[test]
    fn nothing_follows_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, b"\xff\nmore\n").unwrap();
        assert_eq!(read_lines(&path).unwrap().count(), 1);
    }

    #[test]
    fn a_truncated_gzip_file_is_an_error() {
        let mut content = gzip("line\n".repeat(10_000).as_bytes());
        content.truncate(content.len() - 12);
        assert!(matches!(
            lines_of(&content),
            Err(DataError::Compressed { format: "gzip", .. })
        ));
    }

    #[test]
    fn zstd_files_of_one_or_more_frames_give_the_same_lines() {
        // `printf 'hana\ntwo\n' | zstd -19 --no-check` of the zstd tool, twice.
        let frame = [
            0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68, 0x49, 0x00, 0x00, b'h', b'a', b'n', b'a', b'\n',
            b't', b'w', b'o', b'\n',
        ];
        assert_eq!(lines_of(&frame).unwrap(), ["hana", "two"]);
        let twice = [frame, frame].concat();
        assert_eq!(lines_of(&twice).unwrap(), ["hana", "two", "hana", "two"]);
        let error = lines_of(&twice[..twice.len() - 3]).unwrap_err();
        assert!(
            matches!(error, DataError::Compressed { format: "zstd", .. }),
            "{error}"
        );
    }

    #[test]
    fn an_endless_line_is_refused() {
        let content = vec![b'a'; MAX_LINE_BYTES + 10];
        let error = lines_of(&gzip(&content)).unwrap_err();
        assert!(matches!(error, DataError::LineTooLong { line: 1, .. }));
        assert_eq!(lines_of(&content[10..]).unwrap()[0].len(), MAX_LINE_BYTES);
    }

    #[test]
    fn a_missing_file_and_a_folder_are_read_errors() {
        let dir = tempfile::tempdir().unwrap();
        for path in [dir.path().to_owned(), dir.path().join("missing")] {
            let error = read_lines(&path).unwrap_err();
            assert!(matches!(error, DataError::Io { .. }), "{error}");
        }
    }
}
