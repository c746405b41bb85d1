//! How figures, times and commands are written for people.

use crate::table::{Align, Table, WIDTH, wrap};
use recurra::Evaluation;
use recurra::fitting::metric::{Better, MetricInfo, Metrics, find};
use recurra::report::chart::compact;
use recurra::report::short_name;
use std::path::Path;
use std::time::Duration;

/// Every model's metrics beside those of its baselines, with units and notes; those that
/// have the same baselines share a table.
pub(crate) fn evaluations(evaluations: &[Evaluation]) -> Vec<String> {
    let comparable = |a: &Evaluation, b: &Evaluation| {
        a.task == b.task
            && a.baselines == b.baselines
            && a.metrics.names() == b.metrics.names()
            && a.notes == b.notes
    };
    let mut lines = Vec::new();
    for group in evaluations.chunk_by(comparable) {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(together(group));
    }
    lines.extend(legend(evaluations));
    lines
}

/// One table of models that have the same baselines.
fn together(group: &[Evaluation]) -> Vec<String> {
    let Some(first) = group.first() else {
        return Vec::new();
    };
    let mut names = first.metrics.names();
    for name in first.baselines.values().flat_map(Metrics::names) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let headings = names.iter().map(|name| (heading(name), Align::Right));
    let mut table = Table::new([(String::new(), Align::Left)].into_iter().chain(headings));
    let title = if let [only] = group {
        table.row(row("this model", &only.metrics, &names));
        format!("{}, on {}:", only.task, only.split)
    } else {
        for evaluation in group {
            table.row(row(&evaluation.split, &evaluation.metrics, &names));
        }
        format!("{}:", first.task)
    };
    for (baseline, metrics) in &first.baselines {
        table.row(row(&short_name(baseline), metrics, &names));
    }
    let mut lines = vec![title];
    lines.extend(table.lines(2));
    for note in &first.notes {
        lines.extend(paragraph("note: ", note));
    }
    lines
}

fn row(who: &str, metrics: &Metrics, names: &[String]) -> Vec<String> {
    let values = names
        .iter()
        .map(|name| metrics.get(name).map_or_else(|| "-".to_owned(), compact));
    [who.to_owned()].into_iter().chain(values).collect()
}

/// A metric's title and which way is better.
pub(crate) fn heading(name: &str) -> String {
    match find(name) {
        Some(metric) => {
            let arrow = match metric.better {
                Better::Lower => "↓",
                Better::Higher => "↑",
            };
            format!("{} {arrow}", metric.title)
        }
        None => name.replace('_', " "),
    }
}

/// What the arrows mean, and those units that a metric's title does not name already.
fn legend(evaluations: &[Evaluation]) -> Vec<String> {
    let mut metrics: Vec<&MetricInfo> = Vec::new();
    let names = evaluations.iter().flat_map(|one| one.metrics.names());
    for metric in names.filter_map(|name| find(&name)) {
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    let units = metrics
        .iter()
        .filter(|metric| !metric.unit.is_empty() && !metric.title.contains(metric.unit))
        .map(|metric| format!("{} in {}", metric.title, metric.unit));
    let parts: Vec<String> = directions(&metrics).into_iter().chain(units).collect();
    if parts.is_empty() {
        return Vec::new();
    }
    let text = wrap(&format!("({})", parts.join("; ")), WIDTH);
    [String::new()].into_iter().chain(text).collect()
}

fn directions(metrics: &[&MetricInfo]) -> Option<String> {
    let lower = metrics.iter().any(|metric| metric.better == Better::Lower);
    let higher = metrics.iter().any(|metric| metric.better == Better::Higher);
    match (lower, higher) {
        (true, true) => Some("↓ lower is better, ↑ higher is better".to_owned()),
        (true, false) => Some("↓ lower is better".to_owned()),
        (false, true) => Some("↑ higher is better".to_owned()),
        (false, false) => None,
    }
}

/// Lines within the usual width: `mark` and the text beside it.
pub(crate) fn paragraph(mark: &str, text: &str) -> Vec<String> {
    let blank = " ".repeat(mark.len());
    wrap(text, WIDTH - 2 - mark.len())
        .into_iter()
        .enumerate()
        .map(|(index, line)| format!("  {}{line}", if index == 0 { mark } else { &blank }))
        .collect()
}

/// `3.4 s`, `59 s`, `12 min 5 s`, `3 h 7 min`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// 12345 as `12,345`.
pub(crate) fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 update`, `2 updates`.
pub(crate) fn updates(number: u64) -> String {
    if number == 1 {
        "1 update".to_owned()
    } else {
        format!(
            "{} updates",
            count(usize::try_from(number).unwrap_or(usize::MAX))
        )
    }
}

/// This program as the user called it, to begin a command that can be copied.
pub(crate) fn program() -> String {
    let called = std::env::args().next().unwrap_or_default();
    if called.contains(std::path::MAIN_SEPARATOR) {
        quoted(&called)
    } else {
        "recurra".to_owned()
    }
}

/// A path as one word of a shell command.
pub(crate) fn path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// A text as one word of a shell command.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./,:+@%=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_model_stands_above_its_baselines() {
        let judged = Evaluation {
            task: "forecast",
            split: "test".to_owned(),
            metrics: [("mean_squared_error", 0.000_012), ("accuracy", 0.9)]
                .into_iter()
                .collect(),
            baselines: BTreeMap::from([(
                "last value".to_owned(),
                [("mean_squared_error", 0.25)].into_iter().collect(),
            )]),
            notes: vec!["windows of 12 values".to_owned()],
        };
        assert_eq!(
            evaluations(&[judged]).join("\n"),
            "forecast, on test:
              mean squared error ↓  accuracy ↑
  this model              1.2×10⁻⁵         0.9
  last value                  0.25           -
  note: windows of 12 values

(↓ lower is better, ↑ higher is better; mean squared error in the square of the
target's unit)"
        );
    }

    #[test]
    fn models_with_the_same_baselines_share_a_table() {
        let judged = |split: &str, loss| Evaluation {
            task: "memory",
            split: split.to_owned(),
            metrics: [("loss", loss)].into_iter().collect(),
            baselines: BTreeMap::from([(
                "no memory".to_owned(),
                [("loss", 0.167)].into_iter().collect(),
            )]),
            notes: Vec::new(),
        };
        assert_eq!(
            evaluations(&[judged("RNN", 0.165), judged("GRU", 0.001)]).join("\n"),
            "memory:
             held-out loss ↓
  RNN                  0.165
  GRU                  0.001
  no memory            0.167

(↓ lower is better)"
        );
    }

    #[test]
    fn figures_are_short() {
        let times = [0.25, 59.4, 725.0, 11_220.0].map(|s| duration(Duration::from_secs_f64(s)));
        assert_eq!(times, ["0.2 s", "59 s", "12 min 5 s", "3 h 7 min"]);
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(count),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!([1, 2000].map(updates), ["1 update", "2,000 updates"]);
    }

    #[test]
    fn words_of_a_command_survive_a_shell() {
        assert_eq!(quoted("runs/a-2"), "runs/a-2");
        assert_eq!(quoted("my run"), "'my run'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
