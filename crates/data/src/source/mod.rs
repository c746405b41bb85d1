//! Reading: where the data is, and text lines, columns and numbers out of it.
//!
//! Plain files and those compressed by gzip or zstd are told apart by their first bytes, never by their name; a path may go into a zip archive as into a
//! folder. A
//! byte order mark and Windows line ends are taken off here, and bytes that are not UTF-8 are
//! reported here, so that nothing above needs to know about them.

mod column;
mod date;
pub(crate) mod decompress;
mod lines;
mod locate;
mod numbers;
mod records;
mod series_rows;
mod text_table;
mod zip;
mod zstd;

pub use column::{ColumnSelector, read_column, read_series};
pub use date::{Day, Moment, civil, iso, parse_day};
pub use lines::{Line, Lines, MAX_LINE_BYTES, read_lines, read_text};
pub use locate::{DATA_VARIABLE, locate};
pub use numbers::{parse_numbers, read_numbers};
pub use records::{Record, Records, is_json_lines};
pub use series_rows::{NamedSeries, read_series_rows};
pub(crate) use text_table::TextTable;
pub use text_table::{TextRow, read_text_columns};
