//! The tables of a page.

use super::page::with_code;
use std::fmt::Write as _;

use crate::report::{
    chart::{Better, compact},
    text::escape,
};

/// Any rows under headings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The headings.
    pub headings: Vec<String>,
    /// The rows; short ones are filled up with empty cells.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn write(&self, out: &mut String) {
        let columns = self
            .rows
            .iter()
            .map(Vec::len)
            .fold(self.headings.len(), usize::max);
        // A heading stands above its numbers.
        let of_numbers = |index: usize| {
            let mut cells = self.rows.iter().filter_map(|row| row.get(index)).peekable();
            cells.peek().is_some() && cells.all(|cell| looks_numeric(cell))
        };
        let headings = self.headings.iter().enumerate();
        open_with(
            out,
            headings.map(|(index, heading)| (&heading[..], of_numbers(index))),
        );
        for row in &self.rows {
            out.push_str("<tr>");
            for index in 0..columns {
                let cell = row.get(index).map_or("", String::as_str);
                let class = class(looks_numeric(cell));
                let _ = write!(out, "<td{class}>{}</td>", escape(cell));
            }
            out.push_str("</tr>\n");
        }
        out.push_str(CLOSE);
    }
}

/// One metric of the model and of what it is compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Its name, such as `bits per letter`.
    pub name: String,
    /// Which way it is good; `None` marks no best.
    pub better: Option<Better>,
    /// One value per column; `None` where there is none.
    pub values: Vec<Option<f64>>,
}

/// Metrics of the model beside those of the baselines, the best of each marked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricTable {
    /// The model and its baselines.
    pub columns: Vec<String>,
    /// The metrics.
    pub metrics: Vec<Metric>,
}

impl MetricTable {
    pub(crate) fn write(&self, out: &mut String) {
        out.push_str("<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">metric</th>");
        for column in &self.columns {
            let _ = write!(
                out,
                "<th scope=\"col\" class=\"number\">{}</th>",
                with_code(column)
            );
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for metric in &self.metrics {
            let _ = write!(out, "<tr><th scope=\"row\">{}", escape(&metric.name));
            if let Some(better) = metric.better {
                let _ = write!(out, " <small>{}</small>", better.label());
            }
            out.push_str("</th>");
            let values = metric.values.iter().take(self.columns.len());
            let best = metric
                .better
                .filter(|_| values.clone().flatten().count() > 1)
                .and_then(|better| better.best(values.flatten().copied()));
            for index in 0..self.columns.len() {
                match metric.values.get(index).copied().flatten() {
                    None => out.push_str("<td class=\"number\">–</td>"),
                    Some(value) if best == Some(value) => {
                        let value = compact(value);
                        let _ = write!(
                            out,
                            "<td class=\"number best\">{value} <span title=\"best\">★</span></td>"
                        );
                    }
                    Some(value) => {
                        let _ = write!(out, "<td class=\"number\">{}</td>", compact(value));
                    }
                }
            }
            out.push_str("</tr>\n");
        }
        out.push_str(CLOSE);
    }
}

/// How a prediction turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As expected.
    Right,
    /// Not as expected.
    Wrong,
    /// There is nothing to compare with, or no sharp line between the two.
    Unjudged,
}

/// What the model made of one input.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The input.
    pub input: String,
    /// What should come out, if it is known.
    pub expected: Option<String>,
    /// What came out, likeliest first, with its probability where there is one.
    pub predicted: Vec<(String, Option<f64>)>,
    /// How it turned out.
    pub outcome: Outcome,
}

/// Inputs with what the model makes of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PredictionTable {
    /// The rows.
    pub predictions: Vec<Prediction>,
}

impl PredictionTable {
    pub(crate) fn write(&self, out: &mut String) {
        let has_expected = self.predictions.iter().any(|one| one.expected.is_some());
        let judged = self
            .predictions
            .iter()
            .any(|one| one.outcome != Outcome::Unjudged);
        let mut headings = vec!["input".to_owned()];
        if has_expected {
            headings.push("expected".into());
        }
        headings.push("predicted".into());
        if judged {
            headings.push(String::new());
        }
        open(out, &headings);
        for one in &self.predictions {
            let _ = write!(out, "<tr><td><code>{}</code></td>", escape(&one.input));
            if has_expected {
                let expected = one.expected.as_deref().unwrap_or("–");
                let _ = write!(out, "<td><code>{}</code></td>", escape(expected));
            }
            out.push_str("<td><div class=\"choices\">");
            for (text, probability) in &one.predicted {
                let _ = write!(out, "<span><code>{}</code>", escape(text));
                if let Some(probability) = probability.filter(|p| p.is_finite()) {
                    let percent = probability.clamp(0.0, 1.0) * 100.0;
                    let _ = write!(
                        out,
                        "<small>{percent:.0} %</small><i class=\"bar\" aria-hidden=\"true\">\
                         <i style=\"width:{percent:.1}%\"></i></i>"
                    );
                }
                out.push_str("</span>");
            }
            out.push_str("</div></td>");
            if judged {
                out.push_str(match one.outcome {
                    Outcome::Right => "<td class=\"right\">✓ right</td>",
                    Outcome::Wrong => "<td class=\"wrong\">✗ wrong</td>",
                    Outcome::Unjudged => "<td></td>",
                });
            }
            out.push_str("</tr>\n");
        }
        out.push_str(CLOSE);
    }
}

const CLOSE: &str = "</tbody></table></div>\n";

fn open(out: &mut String, headings: &[String]) {
    open_with(out, headings.iter().map(|heading| (&heading[..], false)));
}

/// Headings, each with whether its column is one of numbers.
fn open_with<'a>(out: &mut String, headings: impl Iterator<Item = (&'a str, bool)>) {
    out.push_str("<div class=\"scroll\"><table>\n<thead><tr>");
    for (heading, of_numbers) in headings {
        let class = class(of_numbers);
        let _ = write!(out, "<th scope=\"col\"{class}>{}</th>", escape(heading));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
}

fn class(of_numbers: bool) -> &'static str {
    match of_numbers {
        true => " class=\"number\"",
        false => "",
    }
}

fn looks_numeric(cell: &str) -> bool {
    let number = cell.strip_suffix(" %").unwrap_or(cell);
    number.replace(',', "").parse::<f64>().is_ok()
}
