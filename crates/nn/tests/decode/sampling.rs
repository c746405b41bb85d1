//! Drawing: what is drawn how often, and what never.

use crate::table::{A, B, C, Line, Table};
use recurra_nn::decode::{DecodeConfig, SampleConfig, Search};

fn sampling(sample: SampleConfig) -> DecodeConfig {
    DecodeConfig {
        search: Search::Sample(sample),
        ..DecodeConfig::default()
    }
}

/// How often A, B and C are the first token in 4000 rows.
fn shares(sample: SampleConfig) -> [f64; 3] {
    let table = Table::new(|_, said: &[u32]| {
        Line::new(match said.len() {
            0 => [0.0, 0.5, 0.3, 0.2],
            _ => [1.0, 0.0, 0.0, 0.0],
        })
    });
    let sources: Vec<u64> = (0..4000).collect();
    let found = table.decode(&sources, &sampling(sample));
    [A, B, C].map(|id| {
        let count = found.iter().filter(|row| row[0].ids == [id]).count();
        count as f64 / sources.len() as f64
    })
}

fn assert_shares(got: [f64; 3], want: [f64; 3]) {
    // Four standard deviations of a share among 4000.
    for (got, want) in got.into_iter().zip(want) {
        let deviation = (want * (1.0 - want) / 4000.0).sqrt();
        assert!((got - want).abs() <= 4.0 * deviation, "{want}, got {got}");
    }
}

#[test]
fn tokens_are_drawn_as_often_as_they_are_likely() {
    assert_shares(shares(SampleConfig::default()), [0.5, 0.3, 0.2]);
}

#[test]
fn temperature_sharpens_and_flattens() {
    let at = |temperature| {
        shares(SampleConfig {
            temperature,
            ..SampleConfig::default()
        })
    };
    // Squares: 0.25, 0.09, 0.04 of 0.38.
    assert_shares(at(0.5), [0.25 / 0.38, 0.09 / 0.38, 0.04 / 0.38]);
    let roots = [0.5_f64.sqrt(), 0.3_f64.sqrt(), 0.2_f64.sqrt()];
    let sum: f64 = roots.iter().sum();
    assert_shares(at(2.0), roots.map(|root| root / sum));
    assert_eq!(at(1e-3), [1.0, 0.0, 0.0]);
}

#[test]
fn top_k_and_top_p_leave_the_unlikely_out() {
    let sample = SampleConfig::default;
    let top_k = |k| {
        shares(SampleConfig {
            top_k: Some(k),
            ..sample()
        })
    };
    assert_eq!(top_k(1), [1.0, 0.0, 0.0]);
    assert_shares(top_k(2), [0.625, 0.375, 0.0]);
    assert_shares(top_k(99), [0.5, 0.3, 0.2]);
    let top_p = |top_p| shares(SampleConfig { top_p, ..sample() });
    assert_eq!(top_p(0.4), [1.0, 0.0, 0.0]);
    assert_shares(top_p(0.6), [0.625, 0.375, 0.0]);
    assert_shares(top_p(0.9), [0.5, 0.3, 0.2]);
}

#[test]
fn what_is_drawn_depends_on_seed_and_stream_alone() {
    let table = Table::new(|_, _: &[u32]| Line::new([0.2, 0.3, 0.3, 0.2]));
    let drawn = |sources: &[u64], seed| {
        let found = table.decode(
            sources,
            &sampling(SampleConfig {
                seed,
                ..SampleConfig::default()
            }),
        );
        let best = found.into_iter().map(|mut row| row.remove(0).ids);
        best.collect::<Vec<Vec<u32>>>()
    };
    let all = drawn(&[0, 1, 2, 3, 4, 5, 6, 7], 1);
    let backwards = drawn(&[7, 6, 5, 4, 3, 2, 1, 0], 1);
    assert!(all.iter().eq(backwards.iter().rev()));
    for (source, row) in (0..).zip(&all) {
        assert_eq!(drawn(&[source], 1)[0], *row);
    }
    assert_ne!(all, drawn(&[0, 1, 2, 3, 4, 5, 6, 7], 2));
}

#[test]
fn the_score_is_the_models_own_probability() {
    let table = Table::new(|_, said: &[u32]| {
        Line::new(match said.len() {
            0 => [0.0, 0.5, 0.3, 0.2],
            _ => [1.0, 0.0, 0.0, 0.0],
        })
    });
    let config = sampling(SampleConfig {
        temperature: 1e-3,
        ..SampleConfig::default()
    });
    let best = table.best(&config);
    assert!((best.log_prob.exp() - 0.5).abs() < 1e-6);
}
