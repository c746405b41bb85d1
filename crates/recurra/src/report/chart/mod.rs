//! Charts as SVG: lines, bars, and small multiples of lines.
//!
//! They are made to be read at 760 pixels: few grid lines, names beside the ends of their lines,
//! Okabe and Ito's colours, and a dash pattern of its own for each series, so that nothing depends
//! on colour alone. Names never lie over data. Bad numbers never break a chart: a point that is
//! not finite leaves a gap, a value that a log axis cannot show is drawn hollow at the edge, and a
//! note under the chart says how many there are.
//!
//! ```
//! # use recurra::report::chart::{LineChart, Scale, Series};
//! let chart = LineChart {
//!     title: "Adding problem, T = 200".into(),
//!     x_label: "update".into(),
//!     y_label: "test loss (MSE)".into(),
//!     y_scale: Scale::Log,
//!     series: vec![Series::new("LSTM", vec![(0.0, 0.17), (1000.0, 0.001)])],
//!     ..LineChart::default()
//! };
//! assert!(chart.to_svg().as_str().starts_with("<svg"));
//! ```

mod axis;
mod bar;
mod canvas;
mod legend;
mod line;
mod multiples;
mod number;
mod panel;
mod series;

pub use axis::Scale;
pub use bar::{Bar, BarChart, BarGroup};
pub use line::LineChart;
pub use multiples::SmallMultiples;
pub use number::compact;
pub use recurra_train::metric::Better;
pub use series::{LineStyle, ReferenceLine, Role, Series};

/// Width in pixels of every chart.
pub const CHART_WIDTH: u32 = 760;

#[cfg(test)]
mod tests;
