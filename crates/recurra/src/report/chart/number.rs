//! Numbers as a reader wants them.

/// Writes a number to about three significant digits, for tables and beside bars.
///
/// # Example
/// ```
/// # use recurra::report::chart::compact;
/// assert_eq!(compact(0.16667), "0.167");
/// assert_eq!(compact(0.0000532), "5.32×10⁻⁵");
/// assert_eq!(compact(12345.6), "12,346");
/// assert_eq!(compact(0.0), "0");
/// ```
pub fn compact(value: f64) -> String {
    if !value.is_finite() {
        return not_finite(value);
    }
    let magnitude = value.abs();
    if magnitude == 0.0 {
        return "0".into();
    }
    if !(1e-3..1e7).contains(&magnitude) {
        return scientific(value, 2);
    }
    // 999.7 has three digits before the point only after rounding; one digit more does no harm.
    let digits = (2 - magnitude.log10().floor() as i32).clamp(0, 5);
    let text = group(&format!("{value:.*}", digits as usize));
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// `NaN`, `∞` or `−∞`.
fn not_finite(value: f64) -> String {
    if value.is_nan() {
        "not a number".into()
    } else if value > 0.0 {
        "∞".into()
    } else {
        "−∞".into()
    }
}

/// A tick label for an axis whose ticks are `step` apart and reach up to `largest` in magnitude.
pub(crate) fn tick(value: f64, step: f64, largest: f64) -> String {
    if value.abs() < step * 1e-6 {
        return "0".into();
    }
    if largest >= 1e7 || step < 1e-4 {
        let digits = (largest.log10().floor() - step.log10().floor()).clamp(0.0, 6.0);
        return scientific(value, digits as usize);
    }
    let decimals = (-(step * 1.000_001).log10().floor()).max(0.0) as usize;
    group(&format!("{value:.decimals$}"))
}

/// A power of ten as a tick label: in full from 0.001 to 10,000.
pub(crate) fn power_of_ten(exponent: i32) -> String {
    match exponent {
        0..=4 => group(&format!("{}", 10_i64.pow(exponent.unsigned_abs()))),
        -3..=-1 => {
            format!(
                "{:.*}",
                exponent.unsigned_abs() as usize,
                10_f64.powi(exponent)
            )
        }
        _ => format!("10{}", superscript(exponent)),
    }
}

/// `5.32×10⁻⁵`, with at most `digits` digits after the point.
fn scientific(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa = if mantissa.contains('.') {
        mantissa.trim_end_matches('0').trim_end_matches('.')
    } else {
        mantissa
    };
    let mantissa = mantissa.replace('-', "−");
    match exponent.parse() {
        Ok(0) => mantissa,
        Ok(exponent) if mantissa == "1" => format!("10{}", superscript(exponent)),
        Ok(exponent) => format!("{mantissa}×10{}", superscript(exponent)),
        Err(_) => text,
    }
}

fn superscript(exponent: i32) -> String {
    let digit = |c| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        '9' => '⁹',
        _ => '⁰',
    };
    exponent.to_string().chars().map(digit).collect()
}

/// Commas between thousands from 10,000 on, and a true minus sign.
fn group(text: &str) -> String {
    let (sign, rest) = text
        .strip_prefix('-')
        .map_or(("", text), |rest| ("−", rest));
    let (whole, fraction) = rest
        .split_once('.')
        .map_or((rest, None), |(w, f)| (w, Some(f)));
    let mut out = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        let left = whole.len() - index;
        if index > 0 && left % 3 == 0 && whole.len() > 4 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_numbers_read_well() {
        for (value, text) in [
            (1.0, "1"),
            (-2.5, "−2.5"),
            (0.05, "0.05"),
            (123.456, "123"),
            (1e7, "10⁷"),
            (-3.2e-9, "−3.2×10⁻⁹"),
            (f64::INFINITY, "∞"),
            (f64::NAN, "not a number"),
        ] {
            assert_eq!(compact(value), text);
        }
    }

    #[test]
    fn tick_labels_have_the_decimals_of_their_step() {
        assert_eq!(tick(0.30000000000000004, 0.1, 1.0), "0.3");
        assert_eq!(tick(1.0, 0.5, 1.0), "1.0");
        assert_eq!(tick(20000.0, 5000.0, 20000.0), "20,000");
        assert_eq!(tick(-5e-17, 0.1, 1.0), "0");
        assert_eq!(tick(2e9, 1e9, 4e9), "2×10⁹");
        assert_eq!(tick(2.5e-6, 5e-7, 4e-6), "2.5×10⁻⁶");
    }

    #[test]
    fn powers_of_ten() {
        let labels: Vec<_> = [-5, -3, -1, 0, 3, 4, 5, -12].map(power_of_ten).into();
        assert_eq!(
            labels,
            [
                "10⁻⁵",
                "0.001",
                "0.1",
                "1",
                "1000",
                "10,000",
                "10⁵",
                "10⁻¹²"
            ]
        );
    }
}
