//! Aligned columns for people.

use unicode_width::UnicodeWidthStr;

/// The width that everything is laid out for.
pub(crate) const WIDTH: usize = 80;
/// Figures that need more than this stand below each other.
const MOST_WIDTH: usize = 100;

/// Which side of its column a cell keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Rows under headings. Headings break between words where a table would be too wide; columns of
/// figures that do not fit all the same come below, behind the first column again.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    headings: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(headings: impl IntoIterator<Item = (impl Into<String>, Align)>) -> Self {
        Self {
            headings: headings
                .into_iter()
                .map(|(text, align)| (text.into(), align))
                .collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; missing cells stay empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The lines, each after `indent` spaces and without spaces at its end.
    pub(crate) fn lines(&self, indent: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for columns in self.parts(indent) {
            if !lines.is_empty() {
                lines.push(String::new());
            }
            lines.extend(self.only(&columns).in_one(indent));
        }
        lines
    }

    /// Which columns stand beside each other.
    fn parts(&self, indent: usize) -> Vec<Vec<usize>> {
        let fits = |columns: &[usize]| {
            let lines = self.only(columns).in_one(indent);
            lines.iter().all(|line| line.width() <= MOST_WIDTH)
        };
        let all: Vec<usize> = (0..self.headings.len()).collect();
        let has_figures = self
            .headings
            .iter()
            .any(|(_, align)| *align == Align::Right);
        if !has_figures || fits(&all) {
            return vec![all];
        }
        let mut parts = vec![vec![0]];
        for column in 1..self.headings.len() {
            let last = parts.last_mut().expect("there is always one");
            last.push(column);
            if last.len() > 2 && !fits(last) {
                last.pop();
                parts.push(vec![0, column]);
            }
        }
        parts
    }

    /// The table of these columns alone.
    fn only(&self, columns: &[usize]) -> Self {
        let cell = |row: &Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
        Self {
            headings: columns
                .iter()
                .map(|&at| self.headings[at].clone())
                .collect(),
            rows: (self.rows.iter())
                .map(|row| columns.iter().map(|&at| cell(row, at)).collect())
                .collect(),
        }
    }

    /// All columns beside each other.
    fn in_one(&self, indent: usize) -> Vec<String> {
        let cells: Vec<usize> = (0..self.headings.len())
            .map(|column| self.widest_cell(column))
            .collect();
        let (headings, widths) = self.fitted_headings(&cells, indent);
        let height = headings.iter().map(Vec::len).max().unwrap_or(0);
        let heading_rows = (0..height).map(|line| {
            headings
                .iter()
                .map(|lines| {
                    // Short headings stand at the bottom, on their column.
                    let skipped = height - lines.len();
                    let index = line.checked_sub(skipped);
                    index.map_or("", |index| lines[index].as_str())
                })
                .collect::<Vec<_>>()
        });
        let body = self.rows.iter().map(|row| {
            (0..widths.len())
                .map(|column| row.get(column).map_or("", String::as_str))
                .collect::<Vec<_>>()
        });
        heading_rows
            .chain(body)
            .map(|cells| self.line(&cells, &widths, indent))
            .collect()
    }

    /// The headings in as few lines as the usual width allows, and the columns' widths.
    fn fitted_headings(&self, cells: &[usize], indent: usize) -> (Vec<Vec<String>>, Vec<usize>) {
        let most_lines = self.headings.iter().map(|(text, _)| wrap(text, 1).len());
        let most_lines = most_lines.max().unwrap_or(0).max(1);
        let mut lines = 1;
        loop {
            let headings: Vec<Vec<String>> = self
                .headings
                .iter()
                .zip(cells)
                .map(|((text, _), cell)| wrap_to_lines(text, *cell, lines))
                .collect();
            let widths: Vec<usize> = headings
                .iter()
                .zip(cells)
                .map(|(lines, cell)| {
                    lines
                        .iter()
                        .map(|line| line.width())
                        .fold(*cell, usize::max)
                })
                .collect();
            let gaps = 2 * widths.len().saturating_sub(1);
            let fits = indent + widths.iter().sum::<usize>() + gaps <= WIDTH;
            if fits || lines == most_lines {
                return (headings, widths);
            }
            lines += 1;
        }
    }

    fn widest_cell(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.width()).max().unwrap_or(0)
    }

    fn line(&self, cells: &[&str], widths: &[usize], indent: usize) -> String {
        let mut line = " ".repeat(indent);
        for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let gap = " ".repeat(width - cell.width());
            match self.headings[column].1 {
                Align::Left => line.extend([*cell, &gap, "  "]),
                Align::Right => line.extend([&gap, *cell, "  "]),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// The narrowest way to write `text` in at most `lines` lines; `width` costs nothing.
fn wrap_to_lines(text: &str, width: usize, lines: usize) -> Vec<String> {
    (width..text.width())
        .map(|width| wrap(text, width))
        .find(|wrapped| wrapped.len() <= lines)
        .unwrap_or_else(|| wrap(text, text.width()))
}

/// Breaks between words so that no line is wider than `width`, unless a word is.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_count_twice() {
        let mut table = Table::new([("word", Align::Left), ("p", Align::Right)]);
        table.row(["한국어", "0.5"]);
        table.row(["a", "0.25"]);
        assert_eq!(
            table.lines(2),
            ["  word       p", "  한국어   0.5", "  a       0.25",]
        );
    }

    #[test]
    fn headings_break_only_where_a_table_would_be_too_wide() {
        let heading = "mean squared error";
        let mut narrow = Table::new([(heading, Align::Right)]);
        narrow.row(["1"]);
        assert_eq!(narrow.lines(0), [heading, "                 1"]);
        let mut wide = Table::new((0..5).map(|_| (heading, Align::Right)));
        wide.row(["1"; 5]);
        assert_eq!(
            wide.lines(0),
            [
                "mean squared  mean squared  mean squared  mean squared  mean squared",
                "       error         error         error         error         error",
                "           1             1             1             1             1",
            ]
        );
    }

    #[test]
    fn figures_that_do_not_fit_come_below() {
        let figures = (0..9).map(|n| (format!("figure number{n}"), Align::Right));
        let mut table = Table::new([(String::new(), Align::Left)].into_iter().chain(figures));
        table.row(["model"].into_iter().chain(["0.123456789012"; 9]));
        let lines = table.lines(2);
        assert!(
            lines.iter().all(|line| line.width() <= MOST_WIDTH),
            "{lines:?}"
        );
        let begun = lines
            .iter()
            .filter(|line| line.starts_with("  model  0.12"));
        assert_eq!(begun.count(), 2);
        assert_eq!(lines.iter().filter(|line| line.is_empty()).count(), 1);
        let figures = lines.iter().flat_map(|line| line.matches("0.123456789012"));
        assert_eq!(figures.count(), 9);
    }

    #[test]
    fn no_line_ends_in_spaces() {
        let mut table = Table::new([("a", Align::Left), ("long heading", Align::Left)]);
        table.row(["x"]);
        assert_eq!(table.lines(0), ["a  long heading", "x"]);
    }
}
