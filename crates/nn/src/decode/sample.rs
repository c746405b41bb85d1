//! Drawing a token.

use super::config::SampleConfig;
use crate::Rng;
use rand::RngExt;

/// A token drawn as [`SampleConfig`] says; tokens at minus infinity are never drawn.
///
/// At least one token must be above minus infinity.
pub(super) fn draw(config: &SampleConfig, log_probs: &[f32], rng: &mut Rng) -> u32 {
    let mut ranked: Vec<(usize, f32)> = log_probs
        .iter()
        .copied()
        .enumerate()
        .filter(|&(_, log_prob)| log_prob > f32::NEG_INFINITY)
        .collect();
    let likelier =
        |a: &(usize, f32), b: &(usize, f32)| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0));
    let kept = config.top_k.unwrap_or(ranked.len()).min(ranked.len());
    if kept < ranked.len() {
        ranked.select_nth_unstable_by(kept, likelier);
        ranked.truncate(kept);
    }
    ranked.sort_unstable_by(likelier);
    let max = f64::from(ranked[0].1);
    let mut weights: Vec<f64> = ranked
        .iter()
        .map(|&(_, log_prob)| ((f64::from(log_prob) - max) / config.temperature).exp())
        .collect();
    let total: f64 = weights.iter().sum();
    if config.top_p < 1.0 {
        let mut sum = 0.0;
        let nucleus = weights.iter().position(|weight| {
            sum += weight;
            sum >= config.top_p * total
        });
        weights.truncate(nucleus.map_or(weights.len(), |last| last + 1));
    }
    let mut left = rng.random::<f64>() * weights.iter().sum::<f64>();
    let drawn = weights.iter().position(|weight| {
        left -= weight;
        left < 0.0
    });
    // Rounding may leave a last speck: it belongs to the last token.
    let index = drawn.unwrap_or(weights.len() - 1);
    ranked[index].0 as u32
}
