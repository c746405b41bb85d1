//! Values behind the next, one drawn or said after the other and read as if it had come.

use super::config::Head;
use super::example::Example;
use super::model::{EVALUATION_BATCH, ForecastModel};
use super::outlook::Outlook;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal, StudentT};
use recurra_data::Checksum;
use recurra_nn::{NnError, Rng};
use recurra_train::Stream;

impl Outlook {
    /// A value that may come behind `window`: the value itself where nothing else is said.
    fn draw(&self, head: &Head, window: &Example, rng: &mut Rng) -> f64 {
        match (self, head) {
            (Self::Located { location, scale }, Head::StudentT { degrees }) => {
                // The recipe's check leaves only degrees that have a distribution.
                let z = StudentT::new(*degrees).map_or(0.0, |student| student.sample(rng));
                window.forecast(location + scale * z)
            }
            (Self::Located { location, scale }, _) => {
                let z: f64 = StandardNormal.sample(rng);
                window.forecast(location + scale * z)
            }
            (Self::Quantiles { values, .. }, Head::Quantiles { levels }) => {
                window.forecast(between(levels, values, rng.random()))
            }
            (Self::Counts(counts), _) => counts.draw(rng),
            _ => self.value(window),
        }
    }
}

/// The value at `level`, in proportion between those of the levels around it; beyond the outermost
/// it goes on as between the nearest two.
fn between(levels: &[f64], values: &[f64], level: f64) -> f64 {
    let above = levels.partition_point(|&one| one < level);
    let above = above.clamp(1, levels.len() - 1);
    let slope = (values[above] - values[above - 1]) / (levels[above] - levels[above - 1]);
    values[above - 1] + slope * (level - levels[above - 1])
}

/// Draws for a window: a function of its values, so that what is said of it does not depend on what
/// stands beside it, and no two windows share their luck.
fn rng_of(window: &Example) -> Rng {
    let values = window.inputs().iter();
    let sum = values.fold(Checksum::of(&[]), |sum, value| {
        sum.with(&value.to_bits().to_le_bytes())
    });
    Stream::Draws(sum.value()).rng(0)
}

impl ForecastModel {
    /// All values ahead of each window, of as many paths as are asked for.
    pub(super) fn walk(&self, windows: &[Example]) -> Result<Vec<Vec<Outlook>>, NnError> {
        let together = (EVALUATION_BATCH / self.paths()).max(1);
        let groups = windows
            .chunks(together)
            .map(|windows| self.walk_together(windows));
        Ok(groups.collect::<Result<Vec<_>, _>>()?.concat())
    }

    fn walk_together(&self, windows: &[Example]) -> Result<Vec<Vec<Outlook>>, NnError> {
        let mut rngs: Vec<Rng> = windows.iter().map(rng_of).collect();
        let mut said = vec![Vec::new(); windows.len()];
        // Paths of a window stand behind each other; before the first step they are one.
        let mut walked = windows.to_vec();
        for step in 1..=self.sizes().horizon {
            let per_window = walked.len() / windows.len();
            let mut next = Vec::with_capacity(walked.len());
            for walked in walked.chunks(EVALUATION_BATCH) {
                next.extend(self.at_once(&walked.iter().collect::<Vec<_>>())?);
            }
            let mut moved = Vec::with_capacity(windows.len() * self.paths());
            for ((index, said), rng) in said.iter_mut().enumerate().zip(&mut rngs) {
                let mut drawn = Vec::with_capacity(self.paths());
                for path in 0..self.paths() {
                    let at = index * per_window + path % per_window;
                    let value = next[at][0].draw(self.says(), &walked[at], rng);
                    if step < self.sizes().horizon {
                        moved.push(self.moved_on(&walked[at], value, step)?);
                    }
                    drawn.push(value);
                }
                said.push(Outlook::Drawn(drawn));
            }
            walked = moved;
        }
        Ok(said)
    }

    fn moved_on(&self, window: &Example, value: f64, step: usize) -> Result<Example, NnError> {
        let moved = window.moved_on(value, self.scale_by());
        moved.map_err(|error| NnError::Config {
            key: "model.ahead".to_owned(),
            want: "`direct`, or a shorter `data.horizon`".to_owned(),
            got: format!("`recursive`, and at step {step} no numbers any more: {error}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_between_and_beyond_quantiles_are_in_proportion() {
        let (levels, values) = ([0.1, 0.5, 0.9], [-1.0, 0.0, 4.0]);
        for (level, value) in [
            (0.0, -1.25),
            (0.1, -1.0),
            (0.3, -0.5),
            (0.7, 2.0),
            (1.0, 5.0),
        ] {
            let found = between(&levels, &values, level);
            assert!((found - value).abs() < 1e-9, "{level}: {found}");
        }
    }
}
