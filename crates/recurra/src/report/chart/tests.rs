use super::*;
use crate::report::svg::tests::assert_well_formed;

fn chart(series: Vec<Series>, y_scale: Scale) -> LineChart {
    LineChart {
        title: "손실 <loss> & \"more\"".into(),
        x_label: "update".into(),
        y_label: "loss (nats)".into(),
        y_scale,
        series,
        ..LineChart::default()
    }
}

fn polylines(svg: &str) -> usize {
    // Lines of a series are 2 pixels wide, that is 20 units; so are their samples in the legend.
    svg.matches("stroke-width=\"20\"").count()
}

#[test]
fn every_odd_series_gives_a_well_formed_chart() {
    let odd: [Vec<(f64, f64)>; 10] = [
        vec![],
        vec![(1.0, 2.0)],
        vec![(f64::NAN, 1.0), (1.0, f64::INFINITY)],
        vec![(0.0, 3.0), (1.0, 3.0)],
        vec![(0.0, 0.0), (1.0, 0.0)],
        vec![(5.0, 1.0), (5.0, 2.0)],
        vec![(0.0, f64::MIN), (f64::MAX, f64::MAX)],
        vec![(0.0, 5e-324), (1.0, 1e308)],
        vec![(0.0, -1.0), (1.0, 0.0), (2.0, 1.0)],
        (0..5000)
            .map(|i| (f64::from(i), f64::from(i % 7)))
            .collect(),
    ];
    for points in odd {
        for scale in [Scale::Linear, Scale::Log] {
            let mut chart = chart(vec![Series::new("a \u{0} <b>", points.clone())], scale);
            chart.x_scale = scale;
            for value in [f64::NAN, 0.0, -1.0, 1e-9] {
                chart.reference_lines = vec![ReferenceLine {
                    label: "level".into(),
                    value,
                }];
                assert_well_formed(chart.to_svg().as_str());
            }
        }
    }
    assert_well_formed(LineChart::default().to_svg().as_str());
}

#[test]
fn charts_follow_the_theme_and_escape_their_texts() {
    let svg = chart(
        vec![Series::new("a&b", vec![(0.0, 1.0), (1.0, 2.0)])],
        Scale::Linear,
    )
    .to_svg();
    let svg = svg.as_str();
    assert!(svg.contains("@media (prefers-color-scheme:dark)"));
    assert!(svg.contains("손실 &lt;loss&gt; &amp; &quot;more&quot;") && svg.contains("a&amp;b"));
    // No colour that the theme does not know.
    let elements = svg.split("</style>").nth(1).unwrap();
    for attribute in ["fill=\"#", "stroke=\"#"] {
        for (at, _) in elements.match_indices(attribute) {
            assert!(
                elements[..at].ends_with("\" "),
                "{attribute} without a class"
            );
        }
    }
}

#[test]
fn a_bad_point_parts_the_line_and_is_counted_in_a_note() {
    let points = |bad| vec![(0.0, 1.0), (1.0, 2.0), (2.0, bad), (3.0, 2.0), (4.0, 1.0)];
    let whole = chart(vec![Series::new("", points(3.0))], Scale::Linear).to_svg();
    let parted = chart(vec![Series::new("", points(f64::NAN))], Scale::Linear).to_svg();
    assert_eq!(polylines(whole.as_str()), 1);
    assert_eq!(polylines(parted.as_str()), 2);
    assert!(parted.as_str().contains("1 point is not a finite number"));
}

#[test]
fn zeros_on_a_log_axis_are_hollow_and_counted_in_a_note() {
    let points = vec![(0.0, 1.0), (1.0, 0.1), (2.0, 0.0), (3.0, 0.0)];
    let svg = chart(vec![Series::new("s", points)], Scale::Log).to_svg();
    assert_eq!(svg.as_str().matches("stroke-width=\"16\"").count(), 2);
    assert!(svg.as_str().contains("2 points at or below 0"));
}

#[test]
fn many_or_long_names_go_above_the_plot() {
    let named = |names: &[String]| {
        let series = names
            .iter()
            .map(|name| Series::new(name, vec![(0.0, 1.0), (1.0, 2.0)]));
        chart(series.collect(), Scale::Linear).to_svg().to_string()
    };
    let height = |svg: &str| {
        svg.split("height=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .parse::<u32>()
            .unwrap()
    };
    let short = named(&["a".into(), "b".into()]);
    let long = named(&[
        "a".into(),
        "a very long name of a series that needs room".into(),
    ]);
    let many = named(&(0..30).map(|i| format!("s{i}")).collect::<Vec<_>>());
    assert!(height(&long) > height(&short) && height(&many) > height(&long));
}

#[test]
fn a_series_without_points_is_named_as_such() {
    let svg = chart(vec![Series::new("lost", vec![])], Scale::Linear).to_svg();
    assert!(svg.as_str().contains("lost (no data)") && svg.as_str().contains("no data\n"));
}

#[test]
fn a_series_looks_the_same_in_every_panel() {
    let line = |name: &str| Series::new(name, vec![(0.0, 1.0), (1.0, 2.0)]);
    let svg = SmallMultiples {
        title: "T".into(),
        columns: 2,
        shared_axes: true,
        charts: vec![
            chart(vec![line("RNN"), line("GRU")], Scale::Log),
            chart(vec![line("GRU")], Scale::Log),
        ],
    }
    .to_svg();
    assert_well_formed(svg.as_str());
    let of_width = |color: &str| {
        let pieces = svg.as_str().split("<polyline").skip(1);
        pieces
            .filter(|piece| piece.contains(color) && piece.contains("stroke-width=\"20\""))
            .count()
    };
    // Once per panel and once in the legend.
    assert_eq!(
        (of_width("rc-stroke-blue"), of_width("rc-stroke-vermilion")),
        (2, 3)
    );
}

#[test]
fn bars_mark_the_best_of_each_group() {
    let bar = |label: &str, value| Bar {
        label: label.into(),
        value,
        role: Role::Auto,
    };
    let mut chart = BarChart {
        title: "MSE".into(),
        value_label: "MSE".into(),
        scale: Scale::Linear,
        better: Some(Better::Lower),
        groups: vec![BarGroup {
            label: "held-out".into(),
            bars: vec![
                bar("LSTM", 0.125),
                bar("mean", 0.5),
                bar("<bad>", f64::NAN),
                bar("neg", 0.25),
            ],
        }],
    };
    for scale in [Scale::Linear, Scale::Log] {
        chart.scale = scale;
        let svg = chart.to_svg().to_string();
        assert_well_formed(&svg);
        assert_eq!(svg.matches('★').count(), 1);
        assert!(svg.contains("0.125 ★") && svg.contains("no value"));
    }
    chart.groups.clear();
    assert_well_formed(chart.to_svg().as_str());
}
