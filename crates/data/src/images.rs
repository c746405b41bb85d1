//! Grey images with a label each, in the IDX files of MNIST.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::source::decompress;

/// How an IDX file of bytes in three dimensions begins, and one in a single dimension.
const IMAGES_MAGIC: u32 = 0x0000_0803;
const LABELS_MAGIC: u32 = 0x0000_0801;

/// More bytes than this are not read, whatever a header says.
const MAX_BYTES: u64 = 1 << 32;

/// Images of one size, and what each shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledImages {
    /// Row by row, `[num_images, height, width]`; 0 is background.
    pub pixels: Vec<u8>,
    /// Rows of an image.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// One for each image.
    pub labels: Vec<u8>,
}

impl LabelledImages {
    /// Pixels of an image.
    pub fn size(&self) -> usize {
        self.height * self.width
    }

    /// The pixels of one image, row by row.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * self.size()..][..self.size()]
    }
}

/// Reads a file of images and one of their labels, plain or compressed.
///
/// # Errors
/// [`DataError::Idx`] for a file of another kind, one that is cut short or goes on behind its end,
/// one without images, and for as many labels as there are images not; [`DataError::Io`].
///
/// # Source
/// LeCun, Cortes and Burges, "The MNIST database": a magic number, the extent of each dimension and
/// the bytes, all numbers of 32 bits with the highest byte first.
///
/// # Example
/// ```
/// # let dir = tempfile::tempdir()?;
/// let [images, labels] = ["images", "labels"].map(|name| dir.path().join(name));
/// let header = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2];
/// std::fs::write(&images, [&header[..], &[0, 255]].concat())?;
/// std::fs::write(&labels, [0, 0, 8, 1, 0, 0, 0, 1, 7])?;
/// let read = recurra_data::images::read_images(&images, &labels)?;
/// assert_eq!((read.image(0), read.labels[0]), (&[0, 255][..], 7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_images(images: &Path, labels: &Path) -> Result<LabelledImages, DataError> {
    let ([count, height, width], pixels) = read_idx(images, IMAGES_MAGIC, "images")?;
    let ([num_labels], all_labels) = read_idx(labels, LABELS_MAGIC, "labels")?;
    if count != num_labels {
        return Err(refused(
            labels,
            format!(
                "expected {count} labels, one for each image of {}, got {num_labels}",
                images.display()
            ),
        ));
    }
    if pixels.is_empty() {
        let got = format!("{count} of {height} x {width} pixels");
        return Err(refused(images, format!("expected images, got {got}")));
    }
    Ok(LabelledImages {
        pixels,
        height,
        width,
        labels: all_labels,
    })
}

/// The extents and the bytes of a file with `N` dimensions.
fn read_idx<const N: usize>(
    path: &Path,
    magic: u32,
    what: &str,
) -> Result<([usize; N], Vec<u8>), DataError> {
    let decompress::Plain {
        mut reader,
        compression,
    } = decompress::open(path)?;
    let io_error = |source| match compression {
        None => DataError::Io {
            path: path.to_owned(),
            source,
        },
        Some(format) => refused(path, format!("damaged {format} data ({source})")),
    };
    let mut header = Vec::new();
    let header_len = 4 * (1 + N);
    (&mut reader)
        .take(header_len as u64)
        .read_to_end(&mut header)
        .map_err(io_error)?;
    let (numbers, _) = header.as_chunks::<4>();
    let numbers: Vec<u32> = numbers
        .iter()
        .map(|four| u32::from_be_bytes(*four))
        .collect();
    let got = match numbers.first() {
        Some(&first) if first == magic => None,
        Some(&first) => Some(format!("a file that begins with 0x{first:08x}")),
        None => Some(format!("{} bytes", header.len())),
    };
    if let Some(got) = got {
        let want = format!("IDX {what} of bytes, which begin with 0x{magic:08x}");
        return Err(refused(path, format!("expected {want}, got {got}")));
    }
    if header.len() < header_len {
        let got = header.len();
        let problem = format!("expected a header of {header_len} bytes, got {got}");
        return Err(refused(path, problem));
    }
    let mut extents = [0; N];
    for (extent, &number) in extents.iter_mut().zip(&numbers[1..]) {
        *extent = number as usize;
    }
    let want = numbers[1..].iter().try_fold(1_u64, |product, &extent| {
        product.checked_mul(u64::from(extent))
    });
    let Some(want) = want.filter(|&want| want <= MAX_BYTES) else {
        let problem = format!("its header speaks of {extents:?} bytes, more than are read");
        return Err(refused(path, problem));
    };
    let mut bytes = Vec::new();
    // One more, to notice what does not belong to it.
    reader
        .take(want + 1)
        .read_to_end(&mut bytes)
        .map_err(io_error)?;
    let got = bytes.len() as u64;
    if got != want {
        let got = match got > want {
            true => "more".to_owned(),
            false => format!("{got}: it is cut short"),
        };
        let problem = format!("expected {want} bytes behind its header, got {got}");
        return Err(refused(path, problem));
    }
    Ok((extents, bytes))
}

fn refused(path: &Path, problem: String) -> DataError {
    DataError::Idx {
        path: PathBuf::from(path),
        problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn header(magic: u32, extents: &[u32]) -> Vec<u8> {
        let numbers = [&[magic], extents].concat();
        numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
    }

    fn read(images: &[u8], labels: &[u8]) -> Result<LabelledImages, String> {
        let dir = tempfile::tempdir().unwrap();
        let [a, b] = ["images", "labels"].map(|name| dir.path().join(name));
        std::fs::write(&a, images).unwrap();
        std::fs::write(&b, labels).unwrap();
        let place = format!("{}/", dir.path().display());
        read_images(&a, &b).map_err(|error| error.to_string().replace(&place, ""))
    }

    fn two_images() -> Vec<u8> {
        let mut images = header(IMAGES_MAGIC, &[2, 2, 3]);
        images.extend(0..12);
        images
    }

    fn two_labels() -> Vec<u8> {
        [header(LABELS_MAGIC, &[2]), vec![7, 1]].concat()
    }

    #[test]
    fn images_come_row_by_row_plain_or_compressed() {
        let plain = read(&two_images(), &two_labels()).unwrap();
        assert_eq!((plain.height, plain.width), (2, 3));
        assert_eq!(plain.image(1), [6, 7, 8, 9, 10, 11]);
        assert_eq!(plain.labels, [7, 1]);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&two_images()).unwrap();
        assert_eq!(read(&gzip.finish().unwrap(), &two_labels()), Ok(plain));
    }

    #[test]
    fn what_is_no_pair_of_images_and_labels_is_named() {
        let images = two_images();
        let cut = read(&images[..images.len() - 1], &two_labels()).unwrap_err();
        insta::assert_snapshot!(cut, @"images: expected 12 bytes behind its header, got 11: it is cut short");
        let longer = read(&[&images[..], &[0]].concat(), &two_labels()).unwrap_err();
        insta::assert_snapshot!(longer, @"images: expected 12 bytes behind its header, got more");
        let swapped = read(&two_labels(), &images).unwrap_err();
        insta::assert_snapshot!(swapped, @"images: expected IDX images of bytes, which begin with 0x00000803, got a file that begins with 0x00000801");
        let few = read(&images, &[header(LABELS_MAGIC, &[1]), vec![7]].concat()).unwrap_err();
        insta::assert_snapshot!(few, @"labels: expected 2 labels, one for each image of images, got 1");
        let short = read(&images[..9], &two_labels()).unwrap_err();
        insta::assert_snapshot!(short, @"images: expected a header of 16 bytes, got 9");
        let huge = read(&header(IMAGES_MAGIC, &[u32::MAX; 3]), &two_labels()).unwrap_err();
        insta::assert_snapshot!(huge, @"images: its header speaks of [4294967295, 4294967295, 4294967295] bytes, more than are read");
        let none = read(
            &header(IMAGES_MAGIC, &[0, 28, 28]),
            &header(LABELS_MAGIC, &[0]),
        )
        .unwrap_err();
        insta::assert_snapshot!(none, @"images: expected images, got 0 of 28 x 28 pixels");
        assert!(read(b"", &two_labels()).unwrap_err().contains("0 bytes"));
        assert!(
            read(&[0x1f, 0x8b, 8, 0], &two_labels())
                .unwrap_err()
                .contains("gzip")
        );
    }
}
