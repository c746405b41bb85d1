//! Dates as people write them, days and periods.

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
pub(super) type Day = i64;

/// The day that a cell begins with, whatever time follows: `2015-02-24`, `2015/2/24`,
/// `2015. 2. 24.`, `2015년 2월 24일`, `20150224`, `2/24/2015`, or `24/2/2015` when the day comes
/// first.
pub(super) fn parse_day(cell: &str, day_first: bool) -> Option<Day> {
    let [year, month, day] = match numbers(cell)[..] {
        [whole] if whole > 9_999_999 => [whole / 10_000, whole / 100 % 100, whole % 100],
        [year, month, day] if year > 31 => [year, month, day],
        [day, month, year] if day_first => [year, month, day],
        [month, day, year] => [year, month, day],
        _ => return None,
    };
    let valid = (1000..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day);
    valid.then(|| day_of([year, month, day]))
}

/// At most three numbers, as a date parts them.
fn numbers(cell: &str) -> Vec<i64> {
    let mut rest = cell.trim();
    let mut numbers = Vec::new();
    while numbers.len() < 3 {
        let len = rest.bytes().take_while(u8::is_ascii_digit).count();
        let Ok(number) = rest[..len].parse() else {
            break;
        };
        numbers.push(number);
        match rest[len..].strip_prefix(['-', '/', '.', '년', '월']) {
            Some(after) => rest = after.trim_start(),
            None => break,
        }
    }
    numbers
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Counts from the first of March, so that the leap day is the last of its year.
///
/// # Source
/// Hinnant, *chrono-compatible low-level date algorithms*: eras of 400 years.
fn day_of([year, month, day]: [i64; 3]) -> Day {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil(day: Day) -> [i64; 3] {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    [year, month, day_of_year - (153 * shifted + 2) / 5 + 1]
}

/// `2015-02-24`.
pub(super) fn iso(day: Day) -> String {
    let [year, month, day] = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

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

    #[test]
    fn days_are_those_of_the_calendar() {
        // `date -ud 2015-02-24 +%s` / 86400, and of the others.
        for (text, day) in [
            ("2015-02-24T11:35:00Z", 16_490),
            ("1970-01-01", 0),
            ("2000-02-29 x", 11_016),
            ("1969-12-31", -1),
            ("20150224", 16_490),
            ("2/24/2015 11:35", 16_490),
            ("2015. 2", i64::MIN),
            ("2015.02.24.", 16_490),
            ("2015. 2. 24.", 16_490),
            ("2015년 2월 24일", 16_490),
        ] {
            assert_eq!(parse_day(text, false).unwrap_or(i64::MIN), day, "{text}");
        }
        assert_eq!(parse_day("24/2/2015", true), Some(16_490));
        for wrong in [
            "",
            "x",
            "2015-02-29",
            "24/2/2015",
            "2015-13-01",
            "12",
            "99999999999999999999",
            "2015-02",
            "0000-01-01",
        ] {
            assert_eq!(parse_day(wrong, false), None, "{wrong}");
        }
        for day in (-800_000..800_000).step_by(997) {
            assert_eq!(day_of(civil(day)), day);
        }
    }

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
