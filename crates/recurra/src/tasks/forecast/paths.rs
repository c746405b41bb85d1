//! Values behind the next, one drawn or said after the other and read as if it had come.

use super::config::Head;
use super::example::Example;
use super::model::{EVALUATION_BATCH, ForecastModel, unfit};
use super::outlook::{Outlook, quantile};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal, StudentT};
use recurra_nn::{NnError, Rng};
use recurra_train::Stream;

impl Outlook {
    /// A value that may come behind `window`: the value itself where nothing else is said. Beyond the
    /// outermost quantiles nothing is drawn.
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

/// The value at `level`, in proportion between those of the levels around it.
fn between(levels: &[f64], values: &[f64], level: f64) -> f64 {
    let above = levels.partition_point(|&one| one < level);
    if above == 0 || above == levels.len() {
        return values[above.min(values.len() - 1)];
    }
    let [low, high] = [levels[above - 1], levels[above]];
    let place = above as f64 - 1.0 + (level - low) / (high - low);
    quantile(values, place / (values.len() - 1) as f64)
}

impl ForecastModel {
    /// All values ahead of each window, of as many paths as are asked for; the same draws for every
    /// window, so that what is said of one does not depend on what stands beside it.
    pub(super) fn walk(&self, windows: &[Example]) -> Result<Vec<Vec<Outlook>>, NnError> {
        let paths = self.paths();
        let mut said = Vec::with_capacity(windows.len());
        for windows in windows.chunks((EVALUATION_BATCH / paths).max(1)) {
            said.extend(self.walk_together(windows, paths)?);
        }
        Ok(said)
    }

    fn walk_together(
        &self,
        windows: &[Example],
        paths: usize,
    ) -> Result<Vec<Vec<Outlook>>, NnError> {
        let mut rngs: Vec<Rng> = windows.iter().map(|_| Stream::Draws.rng(0)).collect();
        let mut walked = windows.to_vec();
        let mut next = self.at_once(&walked.iter().collect::<Vec<_>>())?;
        let mut said: Vec<Vec<Outlook>> = vec![Vec::new(); windows.len()];
        for step in 0..self.sizes().horizon {
            // At the first step all paths of a window have read the same.
            let per_window = if step == 0 { 1 } else { paths };
            let mut moved = Vec::with_capacity(windows.len() * paths);
            for (index, said) in said.iter_mut().enumerate() {
                let at = |path: usize| index * per_window + path % per_window;
                let rng = &mut rngs[index];
                let drawn = (0..paths)
                    .map(|path| next[at(path)][0].draw(self.says(), &walked[at(path)], rng));
                let drawn: Vec<f64> = drawn.collect();
                for (path, &value) in drawn.iter().enumerate() {
                    let window = walked[at(path)].moved_on(value, self.scale_by());
                    moved.push(window.map_err(unfit)?);
                }
                said.push(Outlook::Drawn(drawn));
            }
            if step + 1 < self.sizes().horizon {
                walked = moved;
                next = self.at_once(&walked.iter().collect::<Vec<_>>())?;
            }
        }
        Ok(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_quantiles_values_are_in_proportion_and_beyond_them_there_are_none() {
        let (levels, values) = ([0.1, 0.5, 0.9], [-1.0, 0.0, 4.0]);
        for (level, value) in [
            (0.0, -1.0),
            (0.1, -1.0),
            (0.3, -0.5),
            (0.7, 2.0),
            (0.95, 4.0),
        ] {
            let found = between(&levels, &values, level);
            assert!((found - value).abs() < 1e-9, "{level}: {found}");
        }
    }
}
