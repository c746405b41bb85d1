//! Files inside a zip archive, named as if the archive were a folder.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::DataError;

/// How every zip archive with a file in it begins.
pub(super) const MAGIC: [u8; 4] = *b"PK\x03\x04";

/// The largest file that is unpacked, which is done in memory.
const MAX_BYTES: u64 = 1 << 30;

/// The archive that a path goes through, and the name inside it.
pub(super) fn archive_of(path: &Path) -> Option<(PathBuf, String)> {
    let archive = path.ancestors().skip(1).find(|one| one.is_file())?;
    let mut start = [0; 4];
    File::open(archive).ok()?.read_exact(&mut start).ok()?;
    let member = path.strip_prefix(archive).ok()?;
    let names: Vec<_> = member.iter().map(|part| part.to_string_lossy()).collect();
    (start == MAGIC).then(|| (archive.to_owned(), names.join("/")))
}

/// Whether a path goes into an archive that has the file.
pub(super) fn has_member(path: &Path) -> bool {
    archive_of(path).is_some_and(|(archive, member)| {
        let names = open(&archive).map(|archive| archive.index_for_name(&member).is_some());
        names.unwrap_or(false)
    })
}

fn open(archive: &Path) -> Result<ZipArchive<File>, DataError> {
    let file = File::open(archive).map_err(|source| DataError::Io {
        path: archive.to_owned(),
        source,
    })?;
    ZipArchive::new(file).map_err(|error| damaged(archive, error))
}

fn damaged(archive: &Path, error: ZipError) -> DataError {
    DataError::Compressed {
        path: archive.to_owned(),
        format: "zip",
        line: 0,
        source: io::Error::other(error),
    }
}

/// The error that says what an archive has, for a path that names none of it.
pub(super) fn no_member(archive: &Path, member: &str) -> DataError {
    let mut names: Vec<String> = match open(archive) {
        Ok(archive) => {
            let names = archive.file_names().flatten();
            names.map(|name| name.into_owned()).collect()
        }
        Err(error) => return error,
    };
    names.retain(|name| !name.ends_with('/'));
    names.sort();
    names.truncate(20);
    DataError::NotFound {
        name: archive.join(member).display().to_string(),
        tried: format!(
            "a file inside the archive is named like `{}/FILE`, and it has {}",
            archive.display(),
            names.join(", ")
        ),
        hint: None,
    }
}

/// Unpacks one file.
pub(super) fn read_member(archive: &Path, member: &str) -> Result<Vec<u8>, DataError> {
    let mut opened = open(archive)?;
    let Some(index) = opened.index_for_name(member) else {
        return Err(no_member(archive, member));
    };
    let file = opened
        .by_index(index)
        .map_err(|error| damaged(archive, error))?;
    let mut bytes = Vec::new();
    let read = file.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    let too_large = || io::Error::other(format!("`{member}` has more than {MAX_BYTES} bytes"));
    match read {
        Ok(_) if bytes.len() as u64 > MAX_BYTES => Err(too_large()),
        Ok(_) => return Ok(bytes),
        Err(error) => Err(error),
    }
    .map_err(|source| DataError::Compressed {
        path: archive.join(member),
        format: "zip",
        line: 0,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{locate, read_lines};
    use std::io::Write;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn archive(dir: &Path) -> PathBuf {
        let path = dir.join("two.zip");
        let mut writer = ZipWriter::new(File::create(&path).unwrap());
        for (name, text) in [("in/a.txt", "one\ntwo\n"), ("b.txt", "three")] {
            let options = SimpleFileOptions::default();
            writer.start_file(name, options).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap();
        path
    }

    #[test]
    fn a_path_goes_into_an_archive() {
        let dir = tempfile::tempdir().unwrap();
        let path = archive(dir.path()).join("in/a.txt");
        let lines: Result<Vec<_>, _> = read_lines(&path).unwrap().collect();
        assert_eq!(lines.unwrap()[1].text, "two");
        assert_eq!(
            locate("two.zip/in/a.txt", Some(dir.path()), None).unwrap(),
            path
        );
        assert!(
            locate("two.zip/in/c.txt", Some(dir.path()), None)
                .is_ok_and(|found| found == dir.path())
        );
    }

    #[test]
    fn what_an_archive_has_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = archive(dir.path());
        for asked in [path.clone(), path.join("c.txt")] {
            let error = read_lines(&asked).unwrap_err().to_string();
            assert!(error.contains("it has b.txt, in/a.txt"), "{error}");
        }
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 10]).unwrap();
        let error = read_lines(&path.join("b.txt")).unwrap_err().to_string();
        assert!(error.contains("damaged"), "{error}");
    }
}
