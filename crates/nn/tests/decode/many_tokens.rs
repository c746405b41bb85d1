//! Vocabularies of more tokens than a search looks at one by one, against a search that sorts
//! everything.

use rand::RngExt;
use recurra_nn::NnError;
use recurra_nn::decode::{
    BeamConfig, DecodeConfig, Search, Start, StepOutput, Stepwise, Symbols, decode,
};

const EOS: u32 = 100;
const BOS: u32 = 212;
const VOCAB_SIZE: usize = 213;

/// What follows tokens is a pure function of them.
#[derive(Debug)]
struct Many {
    seed: u64,
}

impl Many {
    /// Few different numbers, so that ties are common, and some tokens that are never said.
    fn line(&self, said: &[u32]) -> Vec<f32> {
        let history = said
            .iter()
            .fold(1, |number, &id| number * 331 + u64::from(id));
        let mut rng = recurra_nn::rng(self.seed, history);
        let draw = |_| match rng.random_range(0_u8..40) {
            0 => f32::NEG_INFINITY,
            eighths => -f32::from(eighths) / 8.0,
        };
        (0..VOCAB_SIZE).map(draw).collect()
    }

    /// Everything sorted: by log-probability, then by the beginning's rank, then by token.
    fn by_sorting(&self, width: usize, len: usize) -> Vec<(f64, Vec<u32>)> {
        let mut beginnings = vec![(0.0, Vec::new())];
        for _ in 0..len {
            let mut all = Vec::new();
            for (log_prob, ids) in &beginnings {
                for (id, more) in (0..).zip(self.line(ids)) {
                    if id != EOS && id != BOS && more > f32::NEG_INFINITY {
                        all.push((log_prob + f64::from(more), [&ids[..], &[id]].concat()));
                    }
                }
            }
            // Stable, and made in the order of rank and token.
            all.sort_by(|one, other| other.0.total_cmp(&one.0));
            all.truncate(width);
            beginnings = all;
        }
        for (log_prob, ids) in &mut beginnings {
            *log_prob += f64::from(self.line(ids)[EOS as usize]);
        }
        beginnings
            .sort_by(|one, other| (other.0.total_cmp(&one.0)).then_with(|| one.1.cmp(&other.1)));
        beginnings
    }
}

impl Stepwise for Many {
    type State = Vec<Vec<u32>>;

    fn vocab_size(&self) -> usize {
        VOCAB_SIZE
    }

    fn step(
        &self,
        tokens: &[u32],
        mut state: Vec<Vec<u32>>,
        output: &mut StepOutput,
    ) -> Result<Vec<Vec<u32>>, NnError> {
        let mut log_probs = output.take();
        for (said, &token) in state.iter_mut().zip(tokens) {
            said.extend((token != BOS).then_some(token));
            log_probs.extend(self.line(said));
        }
        output.set(VOCAB_SIZE, log_probs, Vec::new());
        Ok(state)
    }

    fn select(&self, state: Vec<Vec<u32>>, rows: &[usize]) -> Vec<Vec<u32>> {
        rows.iter().map(|&row| state[row].clone()).collect()
    }
}

#[test]
fn blocks_of_tokens_that_are_passed_over_hold_nothing_that_is_among_the_best() {
    let symbols = Symbols {
        eos: EOS,
        banned: vec![BOS],
    };
    const LEN: usize = 3;
    for seed in 0..20 {
        for width in 1..=4 {
            let config = DecodeConfig {
                search: Search::Beam(BeamConfig {
                    width,
                    n_best: width,
                    ..BeamConfig::default()
                }),
                min_len: LEN,
                max_len: LEN,
                ..DecodeConfig::default()
            };
            let model = Many { seed };
            // Two rows, which are searched beside each other.
            let starts = vec![Start::new(BOS); 2];
            let found = decode(&model, vec![Vec::new(); 2], &starts, &symbols, &config).unwrap();
            let wanted = model.by_sorting(width, LEN);
            for row in found {
                let row: Vec<(f64, Vec<u32>)> = row
                    .into_iter()
                    .map(|one| (one.log_prob, one.ids))
                    .filter(|(log_prob, _)| *log_prob > f64::NEG_INFINITY)
                    .collect();
                let wanted: Vec<_> = (wanted.iter())
                    .filter(|(log_prob, _)| *log_prob > f64::NEG_INFINITY)
                    .cloned()
                    .collect();
                assert_eq!(row, wanted, "seed {seed}, width {width}");
            }
        }
    }
}
