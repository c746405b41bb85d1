//! A unigram language model of pieces: learning by expectation-maximisation, cutting by Viterbi.

use std::collections::{BTreeMap, HashMap};

use super::chunk::Counts;

/// The longest piece, in characters.
const MAX_PIECE_CHARS: usize = 16;
/// How many candidates there are at first for each piece that is wanted.
const SEED_FACTOR: usize = 10;
/// The share of the pieces that a round of pruning keeps.
const KEEP: f64 = 0.75;
/// Expectation-maximisation steps between two rounds of pruning.
const EM_STEPS: usize = 2;
/// How much worse an unknown character is than the least probable piece, in nats.
const UNKNOWN_PENALTY: f64 = 10.0;

/// Pieces with the natural logarithms of their probabilities.
///
/// # Source
/// Kudo 2018, "Subword regularization: improving neural network translation models with multiple
/// subword candidates", section 3.2.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unigram {
    pub(super) pieces: Vec<String>,
    pub(super) scores: Vec<f64>,
    index: HashMap<String, usize>,
    max_chars: usize,
    unknown_score: f64,
}

/// A piece between two boundaries of a chunk; `None` is an unknown character.
#[derive(Debug, Clone, Copy)]
struct Edge {
    start: usize,
    piece: Option<usize>,
    score: f64,
}

impl Unigram {
    /// Learns `num_pieces` pieces, every character of the alphabet among them.
    pub(super) fn learn(counts: &Counts, alphabet: &[char], num_pieces: usize) -> Self {
        let mut model = Self::seed(counts, alphabet, num_pieces);
        loop {
            for _ in 0..EM_STEPS {
                model = model.em_step(counts);
            }
            if model.pieces.len() <= num_pieces {
                break;
            }
            let shrunk = (model.pieces.len() as f64 * KEEP) as usize;
            model = model.pruned(counts, shrunk.max(num_pieces));
        }
        let mut ranked: Vec<(String, f64)> = model.pieces.into_iter().zip(model.scores).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        // In single precision, which is what a file keeps.
        let ranked = ranked
            .into_iter()
            .map(|(piece, score)| (piece, f64::from(score as f32)));
        let (pieces, scores) = ranked.unzip();
        Self::new(pieces, scores)
    }

    pub(super) fn new(pieces: Vec<String>, scores: Vec<f64>) -> Self {
        let least = scores.iter().copied().fold(0.0, f64::min);
        Self {
            index: pieces.iter().cloned().zip(0..).collect(),
            max_chars: pieces
                .iter()
                .map(|piece| piece.chars().count())
                .max()
                .unwrap_or(0),
            unknown_score: least - UNKNOWN_PENALTY,
            pieces,
            scores,
        }
    }

    /// The alphabet, and the substrings that cover the most text.
    fn seed(counts: &Counts, alphabet: &[char], num_pieces: usize) -> Self {
        let mut substrings: HashMap<&str, u64> = HashMap::new();
        let mut letters: BTreeMap<char, u64> = alphabet.iter().map(|&letter| (letter, 0)).collect();
        for (chunk, count) in counts {
            let bounds = bounds(chunk);
            for start in 0..bounds.len() - 1 {
                let letter = chunk[bounds[start]..].chars().next().unwrap_or_default();
                if let Some(total) = letters.get_mut(&letter) {
                    *total += count;
                }
                for end in start + 2..bounds.len().min(start + MAX_PIECE_CHARS + 1) {
                    *substrings
                        .entry(&chunk[bounds[start]..bounds[end]])
                        .or_default() += count;
                }
            }
        }
        let known = |text: &str| text.chars().all(|letter| letters.contains_key(&letter));
        let mut ranked: Vec<(u64, &str)> = substrings
            .into_iter()
            .filter(|(text, count)| *count > 1 && known(text))
            .map(|(text, count)| (count * text.chars().count() as u64, text))
            .collect();
        ranked.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        ranked.truncate(num_pieces.saturating_mul(SEED_FACTOR));
        let letters = letters
            .iter()
            .map(|(letter, count)| (letter.to_string(), *count));
        let ranked = ranked
            .into_iter()
            .map(|(weight, text)| (text.to_owned(), weight));
        let weighted: Vec<(String, u64)> = letters.chain(ranked).collect();
        let total: f64 = weighted.iter().map(|(_, weight)| *weight as f64).sum();
        let score = |weight: u64| ((weight as f64).max(0.5) / total.max(1.0)).ln();
        let (pieces, scores) = weighted
            .into_iter()
            .map(|(piece, weight)| (piece, score(weight)))
            .unzip();
        Self::new(pieces, scores)
    }

    /// Expected counts under the present scores, and from them new scores. The digamma function
    /// in place of the logarithm makes rare pieces rarer.
    fn em_step(&self, counts: &Counts) -> Self {
        const TOO_RARE: f64 = 0.5;
        let mut expected = vec![0.0; self.pieces.len()];
        for (chunk, &count) in counts {
            self.add_expected(chunk, count as f64, &mut expected);
        }
        let is_letter = |piece: &str| piece.chars().nth(1).is_none();
        let kept: Vec<(String, f64)> = self
            .pieces
            .iter()
            .zip(expected)
            .filter(|(piece, count)| *count >= TOO_RARE || is_letter(piece))
            .map(|(piece, count)| (piece.clone(), count.max(TOO_RARE)))
            .collect();
        let total = digamma(kept.iter().map(|(_, count)| count).sum());
        let (pieces, scores) = kept
            .into_iter()
            .map(|(piece, count)| (piece, digamma(count) - total))
            .unzip();
        Self::new(pieces, scores)
    }

    /// Adds the posterior probability of every piece of a chunk, times `weight`.
    fn add_expected(&self, chunk: &str, weight: f64, expected: &mut [f64]) {
        let edges = self.lattice(chunk, None);
        let mut alpha = vec![f64::NEG_INFINITY; edges.len() + 1];
        alpha[0] = 0.0;
        for (end, arriving) in edges.iter().enumerate() {
            for edge in arriving {
                alpha[end + 1] = log_add(alpha[end + 1], alpha[edge.start] + edge.score);
            }
        }
        let mut beta = vec![f64::NEG_INFINITY; edges.len() + 1];
        beta[edges.len()] = 0.0;
        let total = alpha[edges.len()];
        for (end, arriving) in edges.iter().enumerate().rev() {
            for edge in arriving {
                let behind = edge.score + beta[end + 1];
                if let Some(piece) = edge.piece {
                    expected[piece] += weight * (alpha[edge.start] + behind - total).exp();
                }
                beta[edge.start] = log_add(beta[edge.start], behind);
            }
        }
    }

    /// Keeps the letters and the pieces whose loss would cost the text's likelihood most.
    fn pruned(&self, counts: &Counts, num_kept: usize) -> Self {
        let mut used = vec![0.0; self.pieces.len()];
        for (chunk, &count) in counts {
            for edge in self.best(chunk, None) {
                if let Some(piece) = edge.piece {
                    used[piece] += count as f64;
                }
            }
        }
        let total: f64 = used.iter().sum();
        let (mut letters, mut ranked) = (Vec::new(), Vec::new());
        for (piece, text) in self.pieces.iter().enumerate() {
            if text.chars().nth(1).is_none() {
                letters.push(piece);
            } else if used[piece] > 0.0 {
                // Without this piece its text would be cut the second-best way.
                let instead = self.best(text, Some(piece));
                let new_total = (total + used[piece] * (instead.len() as f64 - 1.0)).ln();
                let instead = instead.iter().filter_map(|edge| edge.piece);
                let score: f64 = instead
                    .map(|other| (used[other] + used[piece]).ln() - new_total)
                    .sum();
                let loss = used[piece] * (used[piece].ln() - total.ln() - score);
                ranked.push((loss, piece));
            }
        }
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        ranked.truncate(num_kept.saturating_sub(letters.len()));
        letters.extend(ranked.into_iter().map(|(_, piece)| piece));
        letters.sort_unstable();
        let pieces = letters.iter().map(|&piece| self.pieces[piece].clone());
        let scores = letters.iter().map(|&piece| self.scores[piece]);
        Self::new(pieces.collect(), scores.collect())
    }

    /// The pieces of a chunk; an unknown character is a piece of its own.
    pub(super) fn encode(&self, chunk: &str) -> Vec<String> {
        let bounds = bounds(chunk);
        let mut end = bounds.len() - 1;
        let mut pieces: Vec<String> = Vec::new();
        for edge in self.best(chunk, None).iter().rev() {
            pieces.push(chunk[bounds[edge.start]..bounds[end]].to_owned());
            end = edge.start;
        }
        pieces.reverse();
        pieces
    }

    /// The most probable way to cut a chunk, without one of the pieces if asked.
    fn best(&self, chunk: &str, without: Option<usize>) -> Vec<Edge> {
        let edges = self.lattice(chunk, without);
        let mut best: Vec<(f64, Option<Edge>)> = vec![(f64::NEG_INFINITY, None); edges.len() + 1];
        best[0].0 = 0.0;
        for (end, arriving) in edges.iter().enumerate() {
            for edge in arriving {
                let score = best[edge.start].0 + edge.score;
                if score > best[end + 1].0 {
                    best[end + 1] = (score, Some(*edge));
                }
            }
        }
        let mut path = Vec::new();
        let mut end = edges.len();
        while let Some(edge) = best[end].1 {
            path.push(edge);
            end = edge.start;
        }
        path.reverse();
        path
    }

    /// For every character the pieces that end with it.
    fn lattice(&self, chunk: &str, without: Option<usize>) -> Vec<Vec<Edge>> {
        let bounds = bounds(chunk);
        (1..bounds.len())
            .map(|end| {
                let mut arriving: Vec<Edge> = (end.saturating_sub(self.max_chars)..end)
                    .filter_map(|start| {
                        let piece = *self.index.get(&chunk[bounds[start]..bounds[end]])?;
                        (Some(piece) != without).then_some(Edge {
                            start,
                            piece: Some(piece),
                            score: self.scores[piece],
                        })
                    })
                    .collect();
                if arriving.last().is_none_or(|edge| edge.start + 1 < end) {
                    arriving.push(Edge {
                        start: end - 1,
                        piece: None,
                        score: self.unknown_score,
                    });
                }
                arriving
            })
            .collect()
    }
}

/// Byte offsets before every character and behind the last.
fn bounds(chunk: &str) -> Vec<usize> {
    let starts = chunk.char_indices().map(|(at, _)| at);
    starts.chain([chunk.len()]).collect()
}

/// `ln(eᵃ + eᵇ)`.
fn log_add(a: f64, b: f64) -> f64 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY {
        return high;
    }
    high + (low - high).exp().ln_1p()
}

/// `ψ(x)`, the derivative of `ln Γ`, for `x > 0`: upwards by `ψ(x) = ψ(x+1) − 1/x` until the
/// asymptotic series holds.
pub(super) fn digamma(mut x: f64) -> f64 {
    let mut result = 0.0;
    while x < 10.0 {
        result -= 1.0 / x;
        x += 1.0;
    }
    let inverse_square = 1.0 / (x * x);
    let series = inverse_square
        * (1.0 / 12.0 - inverse_square * (1.0 / 120.0 - inverse_square * (1.0 / 252.0)));
    result + x.ln() - 0.5 / x - series
}
