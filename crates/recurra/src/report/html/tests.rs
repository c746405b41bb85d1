use super::*;
use crate::report::{
    chart::{Better, LineChart, Series},
    svg::Svg,
};

fn page(blocks: Vec<Block>) -> String {
    Page {
        title: "<run> & \"more\"".into(),
        subtitle: "단어 완성".into(),
        lang: "ko".into(),
        sections: vec![Section::new("Section <1>", blocks)],
    }
    .to_html()
}

fn chart() -> Svg {
    let series = vec![Series::new("loss", vec![(0.0, 1.0), (1.0, 0.5)])];
    LineChart {
        title: "loss".into(),
        series,
        ..LineChart::default()
    }
    .to_svg()
}

#[test]
fn every_text_is_escaped() {
    let bad = || "<script>&".to_owned();
    let html = page(vec![
        Block::Prose(bad()),
        Block::KeyValues(vec![(bad(), bad())]),
        Block::Table(Table {
            headings: vec![bad()],
            rows: vec![vec![bad()]],
        }),
        Block::Metrics(MetricTable {
            columns: vec![bad()],
            metrics: vec![Metric {
                name: bad(),
                better: None,
                values: vec![Some(1.0)],
            }],
        }),
        Block::Predictions(PredictionTable {
            predictions: vec![Prediction {
                input: bad(),
                expected: Some(bad()),
                predicted: vec![(bad(), Some(f64::NAN))],
                outcome: Outcome::Wrong,
            }],
        }),
        Block::Preformatted(bad()),
    ]);
    assert!(!html.contains("<script"));
    assert_eq!(html.matches("&lt;script&gt;&amp;").count(), 11);
    assert!(!html.contains("NaN"));
}

#[test]
fn page_needs_nothing_from_outside() {
    let html = page(vec![Block::Chart(chart())]);
    let html = html.replace("http://www.w3.org/2000/svg", "");
    for outside in [
        "http:", "https:", "url(", "@import", "<link", "<script", " src=",
    ] {
        assert!(!html.contains(outside), "{outside}");
    }
}

#[test]
fn page_states_its_language_and_has_dark_and_print_styles() {
    let html = page(vec![]);
    assert!(html.contains("<html lang=\"ko\">"));
    assert!(html.contains("@media (prefers-color-scheme: dark)") && html.contains("@media print"));
    assert!(Page::default().to_html().contains("<html lang=\"en\">"));
}

#[test]
fn the_best_value_of_each_metric_is_marked() {
    let metric = |better, values: [Option<f64>; 3]| Metric {
        name: "m".into(),
        better,
        values: values.into(),
    };
    let html = page(vec![Block::Metrics(MetricTable {
        columns: vec!["LSTM".into(), "last value".into(), "mean".into()],
        metrics: vec![
            metric(Some(Better::Lower), [Some(0.25), Some(0.5), None]),
            metric(
                Some(Better::Higher),
                [Some(0.75), Some(0.875), Some(f64::NAN)],
            ),
            metric(None, [Some(7.0), Some(8.0), Some(9.0)]),
            metric(Some(Better::Lower), [Some(3.0), None, None]),
        ],
    })]);
    let best: Vec<_> = html
        .split("<td class=\"number best\">")
        .skip(1)
        .map(|rest| rest.split(' ').next().unwrap_or_default())
        .collect();
    assert_eq!(best, ["0.25", "0.875"]);
}

#[test]
fn prose_sets_paragraphs_and_code() {
    let html = page(vec![Block::Prose("one `a<b` two\n\nthree ` four".into())]);
    assert!(html.contains("<p>one <code>a&lt;b</code> two</p>\n<p>three ` four</p>"));
}

#[test]
fn longer_pages_have_contents() {
    let section = |number| Section::new(format!("S{number}"), vec![]);
    let html = Page {
        sections: (1..=4).map(section).collect(),
        ..Page::default()
    }
    .to_html();
    assert!(html.contains("<a href=\"#section-4\">S4</a>"));
    assert!(!page(vec![]).contains("<nav>"));
}
