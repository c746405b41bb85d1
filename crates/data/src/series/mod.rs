//! Series of numbers: generated families, the scaling of windows, and the made-up problems by which
//! memory is measured.

mod adding;
mod copy_memory;
mod family;
mod generator;
mod interval;
mod scale;

pub use adding::{AddingExample, AddingProblem};
pub use copy_memory::{CopyExample, CopyMemory};
pub use family::{Family, SeriesSet};
pub use generator::{Decay, Generator, Mixture, Noise, Ramp, Sine};
pub use interval::Interval;
pub use scale::{ScaleBy, WindowScale};
