//! What one evaluation found: names and values, in the order in which they were set.

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Metric values by name; the order of first setting is kept in files and reports.
///
/// # Example
/// ```
/// use recurra_train::metric::{MEAN_SQUARED_ERROR, MeanSquaredError, Metrics};
/// let mut mse = MeanSquaredError::default();
/// mse.add(&[1.0, 2.0], &[1.0, 4.0])?;
/// let mut metrics = Metrics::new();
/// metrics.set(MEAN_SQUARED_ERROR.name, mse.value());
/// assert_eq!(metrics.get("mean_squared_error"), Some(2.0));
/// # Ok::<(), recurra_train::TrainError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    values: Vec<(String, f64)>,
}

impl Metrics {
    /// No metrics yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets or replaces a value; `None` (nothing was measured) sets nothing.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Option<f64>>) {
        let name = name.into();
        let Some(value) = value.into() else { return };
        match self.values.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.values.push((name, value)),
        }
    }

    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.iter()
            .find_map(|(known, value)| (known == name).then_some(value))
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.values
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
    }

    /// The names in order.
    pub fn names(&self) -> Vec<String> {
        self.values.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl<S: Into<String>> FromIterator<(S, f64)> for Metrics {
    fn from_iter<I: IntoIterator<Item = (S, f64)>>(values: I) -> Self {
        let mut metrics = Self::new();
        for (name, value) in values {
            metrics.set(name, value);
        }
        metrics
    }
}

impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.values.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, &value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Metrics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Metrics;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a map of metric names to numbers")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metrics, A::Error> {
                let mut metrics = Metrics::new();
                while let Some((name, value)) = map.next_entry::<String, f64>()? {
                    metrics.set(name, value);
                }
                Ok(metrics)
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_survives_json() {
        let metrics: Metrics = [("zeta", 1.0), ("alpha", 2.5)].into_iter().collect();
        let json = serde_json::to_string(&metrics).unwrap();
        assert_eq!(json, r#"{"zeta":1.0,"alpha":2.5}"#);
        assert_eq!(serde_json::from_str::<Metrics>(&json).unwrap(), metrics);
    }

    #[test]
    fn unmeasured_is_left_out_and_setting_again_replaces() {
        let mut metrics = Metrics::new();
        metrics.set("a", None);
        metrics.set("b", 1.0);
        metrics.set("b", 2.0);
        assert_eq!(metrics.names(), ["b"]);
        assert_eq!(metrics.get("b"), Some(2.0));
    }
}
