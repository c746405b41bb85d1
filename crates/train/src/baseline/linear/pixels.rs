//! Images classified without a network.

use super::{Cost, LinearModel, Rows, Stop};
use crate::TrainError;
use crate::metric::softmax;

const OP: &str = "pixel_classifier";

/// C of logistic regression, `C·Σ loss + ½‖w‖²`.
const INVERSE_L2: f64 = 1.0;

/// Steps to the least loss; a few more digits would not change an answer.
const STOP: Stop = Stop {
    gradient: 1e-5,
    max_steps: 100,
};

/// Logistic regression on the pixels of an image, each over 255.
///
/// # Example
/// ```
/// use recurra_train::baseline::PixelClassifier;
///
/// let images: [&[u8]; 4] = [&[255, 0], &[200, 10], &[0, 255], &[9, 180]];
/// let classifier = PixelClassifier::fit(&images, &[0, 0, 1, 1], 2)?;
/// assert!(classifier.probs(&[0, 200])[1] > 0.5);
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PixelClassifier {
    model: LinearModel,
}

impl PixelClassifier {
    /// What reports and files call it.
    pub const NAME: &str = "logistic regression on pixels";

    /// Learns to tell the classes of images.
    ///
    /// # Errors
    /// [`TrainError::Argument`] without images, for images of unlike size, when there is not one
    /// label for each, and for a label that is none of at least two classes.
    pub fn fit(images: &[&[u8]], labels: &[u32], num_classes: usize) -> Result<Self, TrainError> {
        let Some(size) = images.first().map(|image| image.len()) else {
            return Err(TrainError::argument(OP, "images", "at least one", 0));
        };
        if let Some(other) = images.iter().find(|image| image.len() != size) {
            let want = format!("{size} pixels, as the first image has");
            return Err(TrainError::argument(OP, "images", want, other.len()));
        }
        if labels.len() != images.len() {
            let want = format!("{} labels, one for each image", images.len());
            return Err(TrainError::argument(OP, "labels", want, labels.len()));
        }
        if num_classes < 2 {
            let want = "at least 2";
            return Err(TrainError::argument(OP, "num_classes", want, num_classes));
        }
        if let Some(label) = labels.iter().find(|&&label| label as usize >= num_classes) {
            let want = format!("classes below {num_classes}");
            return Err(TrainError::argument(OP, "labels", want, label));
        }
        let rows = rows(images);
        let shape = [size, num_classes];
        let model = LinearModel::fit(&rows, labels, shape, Cost::Logistic, INVERSE_L2, STOP);
        Ok(Self { model })
    }

    /// The probability of each class; pixels that the images of [`fit`](Self::fit) did not have
    /// count for nothing.
    pub fn probs(&self, image: &[u8]) -> Vec<f64> {
        let known = self.model.weights.len() / self.model.num_outputs;
        let rows = rows(&[&image[..image.len().min(known)]]);
        let outputs = rows.iter().flat_map(|row| self.model.outputs(row));
        let mut probs: Vec<f64> = outputs.collect();
        if self.model.num_outputs == 1 {
            probs.insert(0, 0.0); // of two classes, what the first is measured by
        }
        softmax(&mut probs);
        probs
    }
}

/// What is not background.
fn rows(images: &[&[u8]]) -> Rows {
    let mut rows = Rows::new();
    for image in images {
        let pixels = (0..).zip(image.iter()).filter(|(_, pixel)| **pixel > 0);
        rows.push(pixels.map(|(place, &pixel)| (place, f32::from(pixel) / 255.0)));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_three_classes_is_known_by_its_own_pixel() {
        let images: [&[u8]; 3] = [&[250, 0, 9], &[0, 250, 9], &[0, 9, 250]];
        let classifier = PixelClassifier::fit(&images, &[2, 0, 1], 3).unwrap();
        for (image, label) in images.iter().zip([2, 0, 1]) {
            let probs = classifier.probs(image);
            assert!(probs.iter().all(|prob| *prob <= probs[label]), "{probs:?}");
            assert!((probs.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let images: [&[u8]; 2] = [&[1, 2], &[3]];
        let refused = PixelClassifier::fit(&images, &[0, 1], 2).unwrap_err();
        assert!(refused.to_string().contains("2 pixels"), "{refused}");
        assert!(PixelClassifier::fit(&[], &[], 2).is_err());
        assert!(PixelClassifier::fit(&images[..1], &[2], 2).is_err());
        assert!(PixelClassifier::fit(&images[..1], &[0, 1], 2).is_err());
    }
}
