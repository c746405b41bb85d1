//! How figures, times and commands are written for people.

use crate::table::{Align, Table, WIDTH, wrap};
use recurra::Evaluation;
use recurra::fitting::metric::{Better, Metrics, find};
use recurra::report::chart::compact;
use std::path::Path;
use std::time::Duration;

/// The model's metrics beside those of its baselines, with units and notes.
pub(crate) fn evaluation(evaluation: &Evaluation) -> Vec<String> {
    let mut names = evaluation.metrics.names();
    for name in evaluation.baselines.values().flat_map(Metrics::names) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let headings = names.iter().map(|name| (heading(name), Align::Right));
    let mut table = Table::new([(String::new(), Align::Left)].into_iter().chain(headings));
    table.row(row("this model", &evaluation.metrics, &names));
    for (baseline, metrics) in &evaluation.baselines {
        table.row(row(baseline, metrics, &names));
    }
    let mut lines = vec![format!("{}, on {}:", evaluation.task, evaluation.split)];
    lines.extend(table.lines(2));
    for text in [directions(&names), units(&names)].into_iter().flatten() {
        lines.extend(paragraph(&text));
    }
    for note in &evaluation.notes {
        lines.extend(paragraph(&format!("note: {note}")));
    }
    lines
}

fn row(who: &str, metrics: &Metrics, names: &[String]) -> Vec<String> {
    let values = names
        .iter()
        .map(|name| metrics.get(name).map_or_else(|| "-".to_owned(), compact));
    [who.to_owned()].into_iter().chain(values).collect()
}

fn heading(name: &str) -> String {
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

fn directions(names: &[String]) -> Option<String> {
    let known = || names.iter().filter_map(|name| find(name));
    let lower = known().any(|metric| metric.better == Better::Lower);
    let higher = known().any(|metric| metric.better == Better::Higher);
    match (lower, higher) {
        (true, true) => Some("↓ lower is better, ↑ higher is better".to_owned()),
        (true, false) => Some("↓ lower is better".to_owned()),
        (false, true) => Some("↑ higher is better".to_owned()),
        (false, false) => None,
    }
}

/// Those units that a metric's title does not name already.
fn units(names: &[String]) -> Option<String> {
    let units: Vec<String> = names
        .iter()
        .filter_map(|name| find(name))
        .filter(|metric| !metric.unit.is_empty() && !metric.title.contains(metric.unit))
        .map(|metric| format!("{} in {}", metric.title, metric.unit))
        .collect();
    (!units.is_empty()).then(|| units.join("; "))
}

/// Lines within the usual width, after two spaces.
pub(crate) fn paragraph(text: &str) -> Vec<String> {
    let lines = wrap(text, WIDTH - 2);
    lines.into_iter().map(|line| format!("  {line}")).collect()
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
            evaluation(&judged).join("\n"),
            "forecast, on test:
              mean squared error ↓  accuracy ↑
  this model              1.2×10⁻⁵         0.9
  last value                  0.25           -
  ↓ lower is better, ↑ higher is better
  mean squared error in the square of the target's unit
  note: windows of 12 values"
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
