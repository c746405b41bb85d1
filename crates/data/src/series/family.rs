//! A weighted list of generators, and series out of it by number.

use std::collections::HashSet;

use rand::RngExt as _;
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::rng::{Domain, rng};
use crate::series::Generator;

/// One kind of series in a recipe, with its share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// What reports call it.
    pub name: String,
    /// Its share, relative to the other families' weights.
    pub weight: f64,
    /// What its series are.
    pub generator: Generator,
}

/// An endless numbered set of generated series.
///
/// Series `index` is a pure function of seed and index: a family is drawn by its weight, then its
/// parameters.
///
/// # Example
/// ```
/// use recurra_data::series::{Family, Generator, Ramp, SeriesSet, Sine};
///
/// let families = vec![
///     Family { name: "ramps".into(), weight: 2.0, generator: Generator::Ramp(Ramp::default()) },
///     Family { name: "sines".into(), weight: 1.0, generator: Generator::Sine(Sine::default()) },
/// ];
/// let set = SeriesSet::new(families, 7)?;
/// let (family, series) = set.series(3, 20);
/// assert_eq!(series.len(), 20);
/// assert_eq!(set.series(3, 20), (family, series));
/// # Ok::<(), recurra_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesSet {
    families: Vec<Family>,
    total_weight: f64,
    seed: u64,
}

impl SeriesSet {
    /// A set over these families.
    ///
    /// # Errors
    /// [`DataError::Setting`] without families, for a name that is used twice, for weights that
    /// are negative, not finite or all 0, and as [`Generator::check`].
    pub fn new(families: Vec<Family>, seed: u64) -> Result<Self, DataError> {
        let setting = |key: String, expected: &str, got: String| DataError::Setting {
            key,
            expected: expected.to_owned(),
            got,
        };
        let mut names = HashSet::new();
        for (index, family) in families.iter().enumerate() {
            let key = |field: &str| format!("families[{index}].{field}");
            if !names.insert(&family.name) {
                let got = format!("`{}` again", family.name);
                return Err(setting(key("name"), "a name of its own", got));
            }
            let weight = family.weight;
            if !(weight.is_finite() && weight >= 0.0) {
                let expected = "a finite number from 0 up";
                return Err(setting(key("weight"), expected, weight.to_string()));
            }
            family.generator.check(&key("generator"))?;
        }
        let weights = families.iter().map(|family| family.weight);
        let total_weight = weights.fold(0.0, |sum, weight| sum + weight);
        if !(total_weight.is_finite() && total_weight > 0.0) {
            return Err(setting(
                String::from("families"),
                "at least one family with a weight above 0",
                format!("{} families of total weight {total_weight}", families.len()),
            ));
        }
        Ok(Self {
            families,
            total_weight,
            seed,
        })
    }

    /// The families, in the recipe's order.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// The family (by index) and the values of series number `index`.
    pub fn series(&self, index: u64, num_values: usize) -> (usize, Vec<f64>) {
        let mut rng = rng(self.seed, Domain::Series.stream(index));
        let mut place = self.total_weight * rng.random::<f64>();
        let mut chosen = 0;
        for (family_index, family) in self.families.iter().enumerate() {
            if family.weight > 0.0 {
                chosen = family_index; // the last one with a weight takes what rounding leaves
                if place < family.weight {
                    break;
                }
                place -= family.weight;
            }
        }
        let values = self.families[chosen].generator.draw(num_values, &mut rng);
        (chosen, values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::{Noise, Ramp};

    fn family(name: &str, weight: f64) -> Family {
        Family {
            name: name.to_owned(),
            weight,
            generator: Generator::Ramp(Ramp::default()),
        }
    }

    #[test]
    fn families_come_by_their_weight() {
        let families = vec![family("a", 1.0), family("never", 0.0), family("b", 3.0)];
        let set = SeriesSet::new(families, 11).unwrap();
        let n = 4000;
        let mut counts = [0usize; 3];
        for index in 0..n {
            counts[set.series(index, 1).0] += 1;
        }
        assert_eq!(counts[1], 0);
        // Four standard errors of a share of 1/4: 4·√(n·1/4·3/4).
        assert!(counts[0].abs_diff(n as usize / 4) < 4 * 28, "{counts:?}");
    }

    #[test]
    fn a_longer_draw_begins_with_the_shorter_one() {
        let set = SeriesSet::new(vec![family("a", 1.0)], 11).unwrap();
        assert_eq!(set.series(5, 30).1[..10], set.series(5, 10).1);
        assert_ne!(set.series(5, 10), set.series(6, 10));
    }

    #[test]
    fn bad_families_are_named() {
        let message = |families| SeriesSet::new(families, 1).unwrap_err().to_string();
        insta::assert_snapshot!(message(Vec::new()), @"`families`: expected at least one family with a weight above 0, got 0 families of total weight 0");
        insta::assert_snapshot!(message(vec![family("a", 1.0), family("a", 1.0)]), @"`families[1].name`: expected a name of its own, got `a` again");
        insta::assert_snapshot!(message(vec![family("a", -1.0)]), @"`families[0].weight`: expected a finite number from 0 up, got -1");
    }

    #[test]
    fn a_family_is_a_table_of_a_recipe() {
        let text = "name = \"n\"\nweight = 1\ngenerator = { kind = \"noise\" }";
        let family: Family = toml::from_str(text).unwrap();
        assert_eq!(family.generator, Generator::Noise(Noise::default()));
        assert!(toml::from_str::<Family>(&format!("{text}\nwait = 1")).is_err());
    }
}
