//! What people say of brands and products over time: a run of task `classify` over a table.
//!
//! The table is read once, row by row. What is kept is counts by group and day, the commonest
//! phrases, and a few examples, so that memory does not grow with the file.
//!
//! | file | what it holds |
//! |---|---|
//! | `request.rs` | what is asked |
//! | `watch.rs` | reading, classifying, counting |
//! | `mentions.rs` | names in texts |
//! | `period.rs` | days, weeks, months, as fits what is there |
//! | `tally.rs` | classes by group and day |
//! | `phrases.rs` | phrases by group and class, in bounded memory |
//! | `page.rs` | the page |
//! | `table.rs` | the CSV |

mod mentions;
mod page;
mod period;
mod phrases;
mod request;
mod table;
mod tally;
mod watch;

#[cfg(test)]
mod tests;

pub use request::{GroupBy, MonitorRequest};
pub use watch::{GroupRow, Monitored, monitor};
