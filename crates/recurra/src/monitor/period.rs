//! Days put together.

use recurra_data::source::{Day, civil};

/// How days are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    Day,
    /// From Monday.
    Week,
    Month,
}

impl Period {
    /// One that leaves a readable number of points: days for two months, weeks for two years.
    pub(super) fn of_span(first: Day, last: Day) -> Self {
        match last - first {
            ..=62 => Self::Day,
            63..=730 => Self::Week,
            _ => Self::Month,
        }
    }

    /// The day that the period of `day` begins with.
    pub(super) fn start(self, day: Day) -> Day {
        match self {
            Self::Day => day,
            Self::Week => day - (day + 3).rem_euclid(7),
            Self::Month => day - civil(day)[2] + 1,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recurra_data::source::iso;

    #[test]
    fn periods_begin_on_mondays_and_firsts() {
        assert_eq!(iso(Period::Week.start(16_490)), "2015-02-23");
        assert_eq!(iso(Period::Week.start(-1)), "1969-12-29");
        assert_eq!(iso(Period::Month.start(16_490)), "2015-02-01");
        assert_eq!(Period::of_span(0, 8), Period::Day);
        assert_eq!(Period::of_span(0, 400), Period::Week);
        assert_eq!(Period::of_span(0, 4000), Period::Month);
    }
}
