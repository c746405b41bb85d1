//! The page.

use super::request::{GroupBy, MonitorRequest};
use super::table::period;
use super::tally::{Counts, share};
use super::watch::{Example, Seen};
use crate::report::chart::{LineChart, LineStyle, Role, Series, SmallMultiples};
use crate::report::html::{Block, Page, Section, Table};
use crate::tasks::classify::Classify;
use recurra_data::source::{Day, iso};

/// Groups that have a chart, phrases and examples of their own.
const SHOWN: usize = 12;
/// Texts that a period must have to be a point of a chart: of fewer, chance decides.
const LEAST_TEXTS: u64 = 10;
/// Phrases of a list.
const PHRASES: usize = 12;
/// Bad rows on the page.
const BAD_ROWS: usize = 20;

pub(super) fn page(
    request: &MonitorRequest,
    classify: &Classify,
    seen: &Seen,
    class: usize,
) -> Page {
    let classes = classify.classes();
    let name = &classes[class];
    let groups = seen.tally.groups();
    let mut sections = vec![Section::new(
        "Groups",
        vec![
            Block::Prose(format!(
                "Share of `{name}` by group, with the range in which it lies with 95 % \
                 confidence (Wilson). The range is that of chance alone: the classes are what a \
                 model says, and it is sometimes wrong."
            )),
            Block::Table(group_table(&groups, &seen.tally.total(), classes, class)),
        ],
    )];
    if let Some(charts) = over_time(seen, &groups, name, class) {
        sections.push(Section::new("Over time", charts));
    }
    sections.push(Section::new("Phrases", phrases(seen, &groups, classes)));
    sections.push(Section::new("Examples", examples(seen, &groups, classes)));
    if seen.faults.count > 0 {
        sections.push(Section::new("Rows left out", bad_rows(seen)));
    }
    sections.push(Section::new(
        "About",
        vec![Block::KeyValues(about(request, seen))],
    ));
    Page {
        title: format!("What is said, by group: share of {name}"),
        subtitle: format!(
            "{} texts of {}",
            seen.rows,
            request
                .file
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
        ),
        lang: "en".to_owned(),
        sections,
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn group_table(
    groups: &[(String, Counts)],
    total: &[u64],
    classes: &[String],
    class: usize,
) -> Table {
    let mut headings = vec!["group".to_owned(), "texts".to_owned()];
    headings.extend(classes.iter().cloned());
    headings.push(format!("share of {}", classes[class]));
    headings.push("95 %".to_owned());
    let row = |name: &str, counts: &[u64]| {
        let share = share(counts, class);
        let [low, high] = share.interval();
        let mut row = vec![name.to_owned(), share.count.to_string()];
        row.extend(counts.iter().map(u64::to_string));
        row.push(percent(share.share().unwrap_or_default()));
        row.push(format!("{} to {}", percent(low), percent(high)));
        row
    };
    let mut rows: Vec<Vec<String>> = groups
        .iter()
        .map(|(name, counts)| row(name, counts))
        .collect();
    if rows.len() > 1 {
        rows.push(row("all", total));
    }
    Table { headings, rows }
}

/// A panel for each group; the last in words when there are more.
fn over_time(
    seen: &Seen,
    groups: &[(String, Counts)],
    name: &str,
    class: usize,
) -> Option<Vec<Block>> {
    let period = period(&seen.tally)?;
    let [first, _] = seen.tally.span()?;
    let start = period.start(first);
    let x = |day: Day| (day - start) as f64;
    let chart = |(group, _): &(String, Counts)| {
        let [mut middle, mut low, mut high] = [(); 3].map(|()| Vec::new());
        for (day, counts) in seen.tally.over_time(group, period) {
            let share = share(&counts, class);
            if share.count < LEAST_TEXTS {
                continue;
            }
            let [least, most] = share.interval();
            middle.push((x(day), 100.0 * share.share().unwrap_or_default()));
            low.push((x(day), 100.0 * least));
            high.push((x(day), 100.0 * most));
        }
        let band = |name: &str, points| {
            Series::new(name, points)
                .role(Role::Baseline)
                .style(LineStyle::Dotted)
        };
        LineChart {
            title: group.clone(),
            x_label: format!("days since {}", iso(start)),
            y_label: format!("{name}, %"),
            series: vec![
                Series::new("share", middle)
                    .role(Role::Palette(0))
                    .style(LineStyle::Solid),
                band("95 %, from", low),
                band("95 %, to", high),
            ],
            ..LineChart::default()
        }
    };
    let counts = |(group, _): &(String, Counts)| {
        let points = seen.tally.over_time(group, period).into_iter();
        let count = |(day, counts): (Day, Counts)| (x(day), counts.iter().sum::<u64>() as f64);
        LineChart {
            title: group.clone(),
            x_label: format!("days since {}", iso(start)),
            y_label: "texts".to_owned(),
            series: vec![
                Series::new("texts", points.map(count).collect())
                    .role(Role::Palette(2))
                    .style(LineStyle::Solid),
            ],
            ..LineChart::default()
        }
    };
    let is_drawn = |(group, _): &&(String, Counts)| {
        let periods = seen.tally.over_time(group, period).into_values();
        let full = periods.filter(|counts| counts.iter().sum::<u64>() >= LEAST_TEXTS);
        full.count() > 1
    };
    let shown: Vec<&(String, Counts)> = groups.iter().filter(is_drawn).take(SHOWN).collect();
    let each = period.name();
    if shown.is_empty() {
        return Some(vec![Block::Prose(format!(
            "Nothing is drawn: no group has two {each}s with {LEAST_TEXTS} texts or more, and a \
             share of fewer says little. `groups.csv` has them all."
        ))]);
    }
    let multiples = |title: String, charts: Vec<LineChart>| {
        Block::Chart(
            SmallMultiples {
                title,
                columns: 3,
                shared_axes: true,
                charts,
            }
            .to_svg(),
        )
    };
    let mut blocks = vec![
        multiples(
            format!("Share of {name}, {each} by {each}"),
            shown.iter().copied().map(chart).collect(),
        ),
        multiples(
            format!("How many texts, {each} by {each}"),
            shown.iter().copied().map(counts).collect(),
        ),
    ];
    let mut told = format!(
        "A share is drawn where a {each} has at least {LEAST_TEXTS} texts; `groups.csv` has all."
    );
    if groups.len() > shown.len() {
        told.push_str(&format!(
            " Drawn are {} of {} groups: those with most texts, where two {each}s can be drawn.",
            shown.len(),
            groups.len()
        ));
    }
    blocks.push(Block::Prose(told));
    Some(blocks)
}

/// Of every class the phrases that set it apart, over all groups and in each.
fn phrases(seen: &Seen, groups: &[(String, Counts)], classes: &[String]) -> Vec<Block> {
    let list = |group: Option<&str>, class: usize| -> String {
        let found = seen.phrases.top(group, class, PHRASES);
        let shown = found
            .iter()
            .map(|one| format!("{} ({}:{})", one.text, one.inside, one.outside));
        match found.is_empty() {
            true => "–".to_owned(),
            false => shown.collect::<Vec<_>>().join(", "),
        }
    };
    let row = |name: &str, group: Option<&str>| {
        let lists = (0..classes.len()).map(|class| list(group, class));
        [name.to_owned()].into_iter().chain(lists).collect()
    };
    let mut rows: Vec<Vec<String>> = vec![row("all", None)];
    if groups.len() > 1 {
        let shown = groups.iter().take(SHOWN);
        rows.extend(shown.map(|(group, _)| row(group, Some(group))));
    }
    let mut headings = vec!["group".to_owned()];
    headings.extend(classes.iter().cloned());
    let mut told = "Words and pairs of words that set a class apart from the others, the clearest \
                    first, with the texts of the class that have them and the other texts that do."
        .to_owned();
    if seen.phrases.forgotten_below > 0 {
        told.push_str(&format!(
            " Rare ones were forgotten on the way, so that counts may be too low by up to {}.",
            seen.phrases.forgotten_below
        ));
    }
    vec![Block::Prose(told), Block::Table(Table { headings, rows })]
}

fn examples(seen: &Seen, groups: &[(String, Counts)], classes: &[String]) -> Vec<Block> {
    let headings = ["group", "class", "sure", "line", "text"];
    let mut rows = Vec::new();
    for (group, _) in groups.iter().take(SHOWN) {
        for (class, name) in classes.iter().enumerate() {
            let kept = seen.examples.get(&(group.clone(), class));
            for Example { line, text, prob } in kept.into_iter().flatten() {
                rows.push(vec![
                    group.clone(),
                    name.clone(),
                    percent(*prob),
                    line.to_string(),
                    text.clone(),
                ]);
            }
        }
    }
    vec![
        Block::Prose("Those that the model is surest of.".to_owned()),
        Block::Table(Table {
            headings: headings.map(str::to_owned).to_vec(),
            rows,
        }),
    ]
}

fn bad_rows(seen: &Seen) -> Vec<Block> {
    let faults = &seen.faults;
    let rows = faults.first.iter().take(BAD_ROWS).map(|fault| {
        vec![
            fault.line.to_string(),
            fault.column.trim_matches('`').to_owned(),
            fault.problem.clone(),
        ]
    });
    let headings = ["line", "column", "problem"];
    vec![
        Block::Prose(format!(
            "{} rows could not be used and are in no figure; `bad_rows.csv` lists them.",
            faults.count
        )),
        Block::Table(Table {
            headings: headings.map(str::to_owned).to_vec(),
            rows: rows.collect(),
        }),
    ]
}

fn about(request: &MonitorRequest, seen: &Seen) -> Vec<(String, String)> {
    let group = match &request.group {
        GroupBy::Nothing => "none".to_owned(),
        GroupBy::Column(column) => format!("column {column}"),
        GroupBy::Mentions(names) => format!("the first mentioned of {}", names.join(", ")),
    };
    let mut about = vec![
        ("file", request.file.display().to_string()),
        ("run", request.run.display().to_string()),
        ("texts", format!("column {}", request.text)),
        ("groups", group),
    ];
    if let Some(date) = &request.date {
        about.push(("dates", format!("column {date}")));
    }
    if let Some([first, last]) = seen.tally.span().filter(|_| request.date.is_some()) {
        about.push(("from", iso(first)));
        about.push(("to", iso(last)));
    }
    let owned = about.into_iter();
    owned.map(|(key, value)| (key.to_owned(), value)).collect()
}
