//! Labelled images as sequences of pixels.

use super::config::ImagesConfig;
use super::texts::parted;
use crate::Error;
use rand::seq::SliceRandom as _;
use recurra_data::images::{LabelledImages, read_images};
use recurra_data::source::locate;
use recurra_data::{DataError, Split};
use std::path::PathBuf;

/// The images of a run, those to train on before those of the test.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Images {
    /// `[num_images, size]`, in the order in which they are read.
    pub(super) pixels: Vec<u8>,
    /// Pixels of an image.
    pub(super) size: usize,
    pub(super) labels: Vec<u32>,
    /// The digits, or whatever numbers the labels are.
    pub(super) classes: Vec<String>,
    pub(super) split: Split,
    /// What each is called.
    pub(super) names: Vec<String>,
    /// The files.
    pub(super) source: String,
    /// How many were read, in sentences.
    pub(super) summary: Vec<String>,
}

impl Images {
    /// Reads what the recipe names.
    pub(super) fn read(config: &ImagesConfig, seed: u64) -> Result<Self, Error> {
        let find = |name: &String| -> Result<PathBuf, DataError> {
            let hint = "Any IDX files of bytes will do, as those of MNIST";
            locate(name, config.path.as_deref(), Some(hint))
        };
        let pair = |images: &String, labels: &String| -> Result<_, Error> {
            let (images, labels) = (find(images)?, find(labels)?);
            let read = read_images(&images, &labels)?;
            Ok((images, read))
        };
        let (path, first) = pair(&config.images, &config.labels)?;
        let test = match (&config.test_images, &config.test_labels) {
            (Some(images), Some(labels)) => Some(pair(images, labels)?),
            _ => None,
        };
        let (height, width) = (first.height, first.width);
        if let Some((path, test)) = &test
            && (test.height, test.width) != (height, width)
        {
            return Err(DataError::Idx {
                path: path.clone(),
                problem: format!(
                    "expected images of {height} x {width} pixels, as those to train on, got {} x \
                     {}",
                    test.height, test.width
                ),
            }
            .into());
        }
        let size = first.size();
        if !size.is_multiple_of(config.step_size) {
            let want = format!("a part of the {size} pixels of an image");
            return Err(Error::config("data.step_size", want, config.step_size));
        }
        let num_first = first.labels.len();
        let mut split = parted(
            config.split.as_ref(),
            num_first,
            [false, test.is_some()],
            seed,
        )?;
        let mut images = Self {
            pixels: Vec::new(),
            size,
            labels: Vec::new(),
            classes: Vec::new(),
            split: Split {
                train: Vec::new(),
                valid: Vec::new(),
                test: Vec::new(),
            },
            names: Vec::new(),
            source: path.display().to_string(),
            summary: Vec::new(),
        };
        let order = config.order(size);
        images.add(&path, &first, &order);
        if let Some((path, test)) = &test {
            split.test.extend(num_first..num_first + test.labels.len());
            images.source.push_str(&format!(", {}", path.display()));
            images.add(path, test, &order);
        }
        images.split = split;
        images.name_classes()?;
        Ok(images)
    }

    /// Takes in the images of a file.
    fn add(&mut self, path: &std::path::Path, read: &LabelledImages, order: &[usize]) {
        let file = path
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy();
        for (index, &label) in read.labels.iter().enumerate() {
            let image = read.image(index);
            self.pixels.extend(order.iter().map(|&place| image[place]));
            self.labels.push(u32::from(label));
            self.names.push(format!("image {} of {file}", index + 1));
        }
        self.summary.push(format!(
            "{file}: {} images of {} x {} pixels",
            read.labels.len(),
            read.height,
            read.width
        ));
    }

    /// Numbers the labels from 0 without gaps; each has to be among those to train on.
    fn name_classes(&mut self) -> Result<(), Error> {
        let mut trained = [false; 256];
        for &index in &self.split.train {
            trained[self.labels[index] as usize] = true;
        }
        let known: Vec<u32> = (0..256).filter(|&label| trained[label as usize]).collect();
        if known.len() < 2 {
            return Err(Error::Data(DataError::TooFew {
                what: format!("{}: labels to train on", self.source),
                expected: 2,
                got: known.len(),
                unit: "classes",
                advice: "give images of another class too",
            }));
        }
        for label in &mut self.labels {
            let class = known.binary_search(label).map_err(|_| {
                let want = "only labels that are among those to train on";
                Error::config("data", want, format!("an image of label {label}"))
            })?;
            *label = class as u32;
        }
        self.classes = known.iter().map(ToString::to_string).collect();
        Ok(())
    }
}

impl ImagesConfig {
    /// The places of an image in the order in which they are read.
    pub(super) fn order(&self, size: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..size).collect();
        if let Some(seed) = self.permute {
            order.shuffle(&mut recurra_data::rng::rng(seed, 0));
        }
        order
    }
}
