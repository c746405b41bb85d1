//! What is in a data set of pairs, before anything is trained on it.

mod check;
mod subject;

pub use check::{DataCheck, LengthSummary, LineNumbers, PartCheck, SideCheck, check_data};
pub use subject::CheckSubject;
