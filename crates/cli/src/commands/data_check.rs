//! `recurra data check`: what is in pairs of texts, and what is wrong with them.

use crate::args::DataCheck;
use crate::commands::Ending;
use crate::error::CliError;
use crate::output::Output;
use crate::table::{Align, Table};
use recurra::{CheckSubject, LineNumbers, PartCheck, SideCheck, check_data};

pub(crate) fn run(args: &DataCheck, output: &mut Output<'_>) -> Result<Ending, CliError> {
    let columns = [args.source.as_deref(), args.target.as_deref()];
    let subject = CheckSubject::find(&args.first, args.second.as_deref(), columns)
        .map_err(CliError::of_request)?;
    let check =
        check_data(&subject, args.data.as_deref(), args.seed).map_err(CliError::of_request)?;
    if output.json() {
        output.object(&check)?;
    } else {
        let parts: Vec<String> = check.parts.iter().map(for_people).collect();
        output.line(parts.join("\n\n"))?;
    }
    let readable = |part: &PartCheck| part.bad_rows.count == 0;
    Ok(match check.parts.iter().all(readable) {
        true => Ending::Fine,
        false => Ending::Incomplete,
    })
}

fn for_people(part: &PartCheck) -> String {
    let mut lines = vec![format!(
        "{}: {} pairs of {} lines",
        part.name, part.pairs, part.lines
    )];
    let findings = [
        ("empty source", &part.empty_source),
        ("empty target", &part.empty_target),
        ("control characters", &part.control_characters),
        ("cut, too long", &part.truncated),
        ("the same pair again", &part.duplicates),
        ("the same source, another target", &part.other_target),
        ("perhaps misaligned", &part.misaligned),
        ("source is in train too", &part.in_train),
    ];
    if part.bad_rows.count > 0 {
        let found = &part.bad_rows;
        lines.push(format!("  cannot be read: {} ({found})", found.count));
    }
    for (what, found) in findings {
        if found.count > 0 {
            lines.push(format!("  {what}: {}", numbers(found)));
        }
    }
    let headings = [
        "", "words", "distinct", "unknown", "mean", "median", "95 %", "99 %", "longest",
    ];
    let aligned = headings.map(|heading| {
        let align = if heading.is_empty() {
            Align::Left
        } else {
            Align::Right
        };
        (heading, align)
    });
    let mut table = Table::new(aligned);
    for (name, side) in [("source", &part.source), ("target", &part.target)] {
        table.row(row(name, side));
    }
    lines.extend(table.lines(2));
    lines.join("\n")
}

fn row(name: &str, side: &SideCheck) -> [String; 9] {
    let lengths = side.word_lengths;
    [
        name.to_owned(),
        side.words.to_string(),
        side.distinct_words.to_string(),
        side.unknown_rate
            .map_or_else(|| "-".to_owned(), |rate| format!("{:.1} %", 100.0 * rate)),
        format!("{:.1}", lengths.mean),
        lengths.median.to_string(),
        lengths.p95.to_string(),
        lengths.p99.to_string(),
        lengths.max.to_string(),
    ]
}

fn numbers(found: &LineNumbers) -> String {
    let listed: Vec<String> = found.first.iter().map(usize::to_string).collect();
    let more = if found.count > found.first.len() {
        ", …"
    } else {
        ""
    };
    let plural = if found.count == 1 { "line" } else { "lines" };
    format!("{} ({plural} {}{more})", found.count, listed.join(", "))
}
