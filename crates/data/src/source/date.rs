//! Dates as people write them.

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
pub type Day = i64;

/// The day that a cell begins with, whatever time follows: `2015-02-24`, `2015/2/24`,
/// `2015. 2. 24.`, `2015년 2월 24일`, `20150224`, `2/24/2015`, or `24/2/2015` when the day comes
/// first.
///
/// # Example
/// ```
/// use recurra_data::source::{iso, parse_day};
/// let day = parse_day("2015년 2월 24일", false).unwrap();
/// assert_eq!(iso(day), "2015-02-24");
/// ```
pub fn parse_day(cell: &str, day_first: bool) -> Option<Day> {
    split_day(cell, day_first).map(|(day, _)| day)
}

/// The day that a cell begins with, and what follows it.
fn split_day(cell: &str, day_first: bool) -> Option<(Day, &str)> {
    let (numbers, rest) = numbers(cell);
    let [year, month, day] = match numbers[..] {
        [whole] if whole > 9_999_999 => [whole / 10_000, whole / 100 % 100, whole % 100],
        [year, month, day] if year > 31 => [year, month, day],
        [day, month, year] if day_first => [year, month, day],
        [month, day, year] => [year, month, day],
        _ => return None,
    };
    let valid = (1000..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day);
    valid.then(|| (day_of([year, month, day]), rest))
}

/// A day and the time of it in seconds: what rows are in order by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// The day.
    pub day: Day,
    /// Since midnight.
    pub second: u32,
}

impl Moment {
    /// A date as [`parse_day`] reads it, or a month such as `2024-01`, perhaps with ` 09:30`,
    /// `T09:30:00` or `T09:30:00.5Z` behind it.
    ///
    /// # Example
    /// ```
    /// use recurra_data::source::Moment;
    /// let read = |text| Moment::parse(text).unwrap();
    /// assert!(read("2024-01-31 09:30") < read("20240131T10:30Z"));
    /// assert_eq!(read("2024-02"), read("2024-02-01"));
    /// ```
    pub fn parse(cell: &str) -> Option<Self> {
        let (day, rest) = split_day(cell, false).or_else(|| month(cell))?;
        let rest = rest.trim_start_matches(['.', '일']).trim();
        let time = rest.strip_prefix('T').unwrap_or(rest);
        let time = time.strip_suffix('Z').unwrap_or(time);
        let second = match time {
            "" => 0,
            time => seconds(time)?,
        };
        Some(Self { day, second })
    }

    /// Seconds from `earlier` to this one.
    pub fn since(self, earlier: Self) -> i64 {
        const DAY: i64 = 86_400;
        (self.day - earlier.day) * DAY + i64::from(self.second) - i64::from(earlier.second)
    }
}

/// The first day of a month.
fn month(cell: &str) -> Option<(Day, &str)> {
    match numbers(cell) {
        (numbers, rest) if rest.is_empty() => match numbers[..] {
            [year @ 1000..=9999, month @ 1..=12] => Some((day_of([year, month, 1]), rest)),
            _ => None,
        },
        _ => None,
    }
}

/// `09:30`, `09:30:00`, `09:30:00.5`.
fn seconds(time: &str) -> Option<u32> {
    let mut parts = [0; 3];
    let cells: Vec<&str> = time.split(':').collect();
    if !(2..=3).contains(&cells.len()) {
        return None;
    }
    for (part, cell) in parts.iter_mut().zip(&cells) {
        let whole = cell.split('.').next().unwrap_or(cell);
        *part = whole.parse().ok()?;
    }
    let [hour, minute, second] = parts;
    (hour < 24 && minute < 60 && second < 60).then_some((hour * 60 + minute) * 60 + second)
}

/// At most three numbers, as a date parts them, and what follows.
fn numbers(cell: &str) -> (Vec<i64>, &str) {
    let mut rest = cell.trim();
    let mut numbers = Vec::new();
    while numbers.len() < 3 {
        let len = rest.bytes().take_while(u8::is_ascii_digit).count();
        let Ok(number) = rest[..len].parse() else {
            break;
        };
        numbers.push(number);
        rest = &rest[len..];
        match rest.strip_prefix(['-', '/', '.', '년', '월']) {
            Some(after) => rest = after.trim_start(),
            None => break,
        }
    }
    (numbers, rest)
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

/// Year, month and day of the month.
pub fn civil(day: Day) -> [i64; 3] {
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
pub fn iso(day: Day) -> String {
    let [year, month, day] = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
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
    fn dates_are_read_in_the_forms_that_files_have() {
        let read = |text: &str| Moment::parse(text);
        assert_eq!(read("2024-01-31"), read("20240131"));
        assert_eq!(read("2024-01-31"), read("2024/1/31"));
        assert_eq!(read("2016-07-01 09:30:00"), read("2016-07-01T09:30Z"));
        assert!(read("2024-02-29") < read("2024-03-01"));
        assert!(read("1949-01") < read("1949-02"));
        for wrong in [
            "",
            "2023-02-29",
            "2024-13-01",
            "yesterday",
            "31",
            "2024-01-01 25:00",
            "1.5",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
