//! What a run shows a person: charts, the unrolled graph, and the report page.
//!
//! Everything is text that needs nothing beside it: no font at build time, no script, no file to
//! fetch. Every drawing carries its light and its dark colours and follows the reader's setting.
//!
//! | module | gives |
//! |---|---|
//! | [`chart`] | [`LineChart`](chart::LineChart), [`BarChart`](chart::BarChart), [`SmallMultiples`](chart::SmallMultiples) |
//! | [`graph`] | [`Graph`](graph::Graph): `h_t = f_W(h_{t-1}, x_t)` unrolled over time |
//! | [`AlignmentMap`] | which part of a source was looked at while writing |
//! | [`MarkedText`] | a text whose words are marked by what each did |
//! | [`html`] | [`Page`](html::Page): one self-contained HTML file |
//!
//! Drawings are [`Svg`] values, so a page can only inline markup that this module wrote.

mod alignment;
pub(crate) mod piano_roll;
mod svg;
mod text;
mod theme;
mod words;

pub mod chart;
pub mod graph;
pub mod html;

pub use alignment::AlignmentMap;
pub use svg::Svg;
pub use text::{excerpt, short_name};
pub use words::MarkedText;
