//! The report page: one HTML file that needs nothing else.
//!
//! No script, no font, no file to fetch; it follows the light or dark setting, fits a phone, and
//! prints. All texts are escaped, and drawings come as [`Svg`] only.
//!
//! ```
//! # use recurra::report::html::{Block, Page, Section};
//! let page = Page {
//!     title: "word-completion".into(),
//!     subtitle: "단어 완성".into(),
//!     lang: "en".into(),
//!     sections: vec![Section::new("Recipe", vec![Block::Preformatted("seed = 1".into())])],
//! };
//! assert!(page.to_html().starts_with("<!DOCTYPE html>"));
//! ```

mod page;
mod shaded;
mod tables;
mod tagged;

pub use page::{Block, Page, Section};
pub use shaded::ShadedText;
pub use tables::{Metric, MetricTable, Outcome, Prediction, PredictionTable, Table};
pub use tagged::{TaggedPiece, TaggedText};

#[cfg(doc)]
use super::svg::Svg;

#[cfg(test)]
mod tests;
