//! From values to places on an axis, and where the ticks go.

use super::number;

/// How an axis maps values to places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences take equal room.
    #[default]
    Linear,
    /// Equal ratios take equal room. Values at or below 0 are drawn at the lower edge, with a note.
    Log,
}

/// A mark on an axis.
#[derive(Debug, PartialEq)]
pub(crate) struct Tick {
    /// Place on the axis, 0 to 1.
    pub(crate) at: f64,
    pub(crate) label: String,
}

/// Where a value goes on an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    /// On the axis, 0 to 1.
    On(f64),
    /// At or below 0 on a log axis: to be drawn at the lower edge.
    Clipped,
    /// Not finite: a gap.
    Gap,
}

/// What an axis does with the room around its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// The ends are the smallest and the largest value.
    Tight,
    /// The ends are round numbers, and 0 when it is near.
    Round,
}

/// A fitted axis.
#[derive(Debug)]
pub(crate) struct Axis {
    scale: Scale,
    /// Ends, as logarithms when the scale is logarithmic.
    low: f64,
    high: f64,
    pub(crate) ticks: Vec<Tick>,
}

/// Beyond this, differences of values may overflow.
const LARGEST: f64 = 1e300;

impl Axis {
    /// Fits an axis to values (any, also none or bad ones) with about `num_ticks` ticks.
    pub(crate) fn fit(
        values: impl Iterator<Item = f64>,
        scale: Scale,
        room: Room,
        num_ticks: usize,
    ) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        let (mut clipped, mut whole) = (false, true);
        for value in values.filter(|value| value.is_finite()) {
            if scale == Scale::Log && value <= 0.0 {
                clipped = true;
                continue;
            }
            let value = value.clamp(-LARGEST, LARGEST);
            whole &= value.fract() == 0.0;
            low = low.min(value);
            high = high.max(value);
        }
        let num_ticks = num_ticks.max(2) as f64;
        match scale {
            Scale::Linear => Self::linear(low, high, room, num_ticks, whole),
            Scale::Log => Self::log(low, high, room, num_ticks, clipped),
        }
    }

    fn linear(low: f64, high: f64, room: Room, num_ticks: f64, whole: bool) -> Self {
        let (mut low, mut high) = if low > high { (0.0, 1.0) } else { (low, high) };
        // Closer than rounding can tell apart counts as constant.
        let constant = high - low <= 1e-12 * low.abs().max(high.abs());
        if constant && room == Room::Round && low > 0.0 {
            // A share of 1 has nothing above it.
            low = 0.0;
        } else if constant {
            let pad = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
            (low, high) = (low - pad, high + pad);
        } else if room == Room::Round && low > 0.0 && low < 0.4 * high {
            low = 0.0;
        } else if room == Room::Round && high < 0.0 && high > 0.4 * low {
            high = 0.0;
        }
        let mut step = nice_step((high - low) / num_ticks);
        if whole && room == Room::Tight {
            step = step.max(1.0);
        }
        if room == Room::Round {
            low = (low / step + 1e-9).floor() * step;
            high = (high / step - 1e-9).ceil() * step;
        }
        let largest = low.abs().max(high.abs());
        let span = high - low;
        let first = (low / step - 1e-9).ceil();
        let last = (high / step + 1e-9).floor();
        let count = (last - first).clamp(0.0, 50.0) as usize;
        let ticks = (0..=count)
            .map(|index| (first + index as f64) * step)
            .map(|value| Tick {
                at: ((value - low) / span).clamp(0.0, 1.0),
                label: number::tick(value, step, largest),
            })
            .collect();
        Self {
            scale: Scale::Linear,
            low,
            high,
            ticks,
        }
    }

    fn log(low: f64, high: f64, room: Room, num_ticks: f64, clipped: bool) -> Self {
        let (low, high) = if low > high { (0.1, 1.0) } else { (low, high) };
        let (mut low, mut high) = (low.log10(), high.log10());
        if high - low < 1e-9 {
            (low, high) = (low - 0.5, high + 0.5);
        } else if room == Room::Round {
            let pad = 0.03 * (high - low);
            (low, high) = (low - pad, high + pad);
        }
        if clipped {
            // Room for the hollow marks under the smallest value that can be shown.
            low -= 0.08 * (high - low);
        }
        let span = high - low;
        let ticks = log_ticks(low, high, num_ticks)
            .into_iter()
            .map(|(value, label)| Tick {
                at: ((value - low) / span).clamp(0.0, 1.0),
                label,
            })
            .collect();
        Self {
            scale: Scale::Log,
            low,
            high,
            ticks,
        }
    }

    /// Where `value` goes.
    pub(crate) fn place(&self, value: f64) -> Place {
        if !value.is_finite() {
            return Place::Gap;
        }
        let value = match self.scale {
            Scale::Linear => value.clamp(-LARGEST, LARGEST),
            Scale::Log if value <= 0.0 => return Place::Clipped,
            Scale::Log => value.log10(),
        };
        Place::On(((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0))
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `raw`.
fn nice_step(raw: f64) -> f64 {
    let power = 10_f64.powf(raw.log10().floor());
    let digit = raw / power;
    let nice = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|&nice| digit <= nice * 1.000_001);
    nice.unwrap_or(10.0) * power
}

/// Ticks of a log axis between two logarithms.
fn log_ticks(low: f64, high: f64, num_ticks: f64) -> Vec<(f64, String)> {
    let first = (low - 1e-9).ceil() as i32;
    let last = (high + 1e-9).floor() as i32;
    let decades = last - first + 1;
    if decades >= 3 {
        let stride = (f64::from(decades) / (num_ticks + 1.0)).ceil().max(1.0) as i32;
        return (first..=last)
            .filter(|exponent| exponent.rem_euclid(stride) == 0)
            .map(|exponent| (f64::from(exponent), number::power_of_ten(exponent)))
            .collect();
    }
    let digits: &[f64] = if high - low > 1.0 {
        &[1.0, 2.0, 5.0]
    } else {
        &[1.0, 2.0, 3.0, 5.0, 7.0]
    };
    let values = (first - 1..=last).flat_map(|exponent| {
        digits
            .iter()
            .map(move |digit| digit * 10_f64.powi(exponent))
    });
    let ticks: Vec<_> = values
        .map(|value| (value.log10(), number::compact(value)))
        .filter(|(at, _)| (low - 1e-9..=high + 1e-9).contains(at))
        .collect();
    if ticks.len() >= 3 {
        return ticks;
    }
    // Less than a decade: round numbers as on a linear axis.
    let (from, to) = (10_f64.powf(low), 10_f64.powf(high));
    let step = nice_step((to - from) / num_ticks);
    let first = (from / step).ceil();
    let count = ((to / step).floor() - first).clamp(0.0, 50.0) as usize;
    (0..=count)
        .map(|index| (first + index as f64) * step)
        .map(|value| (value.log10(), number::tick(value, step, to)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[f64], scale: Scale, room: Room) -> Vec<String> {
        let axis = Axis::fit(values.iter().copied(), scale, room, 5);
        axis.ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        let round = |values: &[f64]| labels(values, Scale::Linear, Room::Round);
        assert_eq!(
            round(&[0.1, 0.93]),
            ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(round(&[-1.0, 1.0]), ["−1.0", "−0.5", "0", "0.5", "1.0"]);
        assert_eq!(
            labels(&[1.0, 3.0], Scale::Linear, Room::Tight),
            ["1", "2", "3"]
        );
    }

    #[test]
    fn log_ticks_are_decades_or_their_parts() {
        let log = |values: &[f64]| labels(values, Scale::Log, Room::Round);
        assert_eq!(log(&[1e-3, 1.0]), ["0.001", "0.01", "0.1", "1"]);
        assert_eq!(log(&[0.1, 3.0]), ["0.1", "0.2", "0.5", "1", "2"]);
        assert!(log(&[1e-300, 1e300]).len() <= 8);
        assert!(log(&[0.50, 0.51]).len() >= 2);
    }

    #[test]
    fn every_range_gives_a_usable_axis() {
        let cases: [&[f64]; 10] = [
            &[],
            &[f64::NAN],
            &[0.0],
            &[5.0],
            &[-5.0, -5.0],
            &[0.0, -1.0],
            &[f64::MIN, f64::MAX],
            &[5e-324, 1e-320],
            &[1.0, 1.0 + 1e-15],
            &[f64::INFINITY, 1e308],
        ];
        for values in cases {
            for scale in [Scale::Linear, Scale::Log] {
                for room in [Room::Tight, Room::Round] {
                    let axis = Axis::fit(values.iter().copied(), scale, room, 5);
                    assert!(axis.low < axis.high, "{values:?} {scale:?}");
                    assert!(axis.ticks.len() <= 52, "{values:?} {scale:?}");
                    assert!(axis.ticks.iter().all(|tick| (0.0..=1.0).contains(&tick.at)));
                    for &value in values {
                        if let Place::On(at) = axis.place(value) {
                            assert!((0.0..=1.0).contains(&at), "{values:?} {scale:?}: {at}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn places_of_good_and_bad_values() {
        let axis = Axis::fit([1.0, 100.0].into_iter(), Scale::Log, Room::Tight, 5);
        assert_eq!(axis.place(10.0), Place::On(0.5));
        assert_eq!(axis.place(0.0), Place::Clipped);
        assert_eq!(axis.place(f64::NAN), Place::Gap);
        assert_eq!(axis.place(f64::INFINITY), Place::Gap);
    }
}
