//! Windows: the values that are seen, and the next one.

use crate::error::DataError;

/// Consecutive values of a series and the value after them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window<'a> {
    /// Where in the series it begins, counted from 0.
    pub start: usize,
    /// What is seen.
    pub inputs: &'a [f64],
    /// What comes next.
    pub target: f64,
}

/// Cuts a series into windows of `window_len` inputs that begin `stride` values apart.
///
/// # Errors
/// [`DataError::TooFew`] when the series has no room for one window and its target;
/// [`DataError::Setting`] for a length or a stride of 0.
///
/// # Example
/// ```
/// let series = [1.0, 2.0, 3.0, 4.0];
/// let windows: Vec<_> = recurra_data::series::windows(&series, 2, 1)?.collect();
/// assert_eq!(windows[1].inputs, [2.0, 3.0]);
/// assert_eq!(windows[1].target, 4.0);
/// # Ok::<(), recurra_data::DataError>(())
/// ```
pub fn windows(
    series: &[f64],
    window_len: usize,
    stride: usize,
) -> Result<impl ExactSizeIterator<Item = Window<'_>>, DataError> {
    for (key, value) in [("window_len", window_len), ("stride", stride)] {
        if value == 0 {
            return Err(DataError::Setting {
                key: key.to_owned(),
                expected: String::from("at least 1"),
                got: String::from("0"),
            });
        }
    }
    if series.len() <= window_len {
        return Err(DataError::TooFew {
            what: format!("series for windows of {window_len} values and the next one"),
            expected: window_len.saturating_add(1),
            got: series.len(),
            unit: "values",
            advice: "give a longer series or a shorter window",
        });
    }
    let num_starts = series.len() - window_len;
    Ok((0..num_starts).step_by(stride).map(move |start| Window {
        start,
        inputs: &series[start..start + window_len],
        target: series[start + window_len],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_after_the_first_window_is_a_target_once() {
        let series: Vec<f64> = (0..10).map(f64::from).collect();
        let windows: Vec<_> = windows(&series, 3, 1).unwrap().collect();
        let targets: Vec<f64> = windows.iter().map(|window| window.target).collect();
        assert_eq!(targets, series[3..]);
        assert!(windows.iter().all(|w| w.inputs[2] + 1.0 == w.target));
    }

    #[test]
    fn stride_leaves_windows_out() {
        let series: Vec<f64> = (0..10).map(f64::from).collect();
        let starts: Vec<_> = windows(&series, 3, 3).unwrap().map(|w| w.start).collect();
        assert_eq!(starts, [0, 3, 6]);
    }

    #[test]
    fn a_series_that_is_too_short_is_an_error() {
        let message = |len: usize| match windows(&vec![0.0; len], 5, 1) {
            Ok(_) => panic!("{len} values are no window of 5 with a next one"),
            Err(error) => error.to_string(),
        };
        insta::assert_snapshot!(message(1), @"series for windows of 5 values and the next one: expected at least 6 values, got 1; give a longer series or a shorter window");
        message(0);
        message(5);
        assert_eq!(windows(&[0.0; 6], 5, 1).unwrap().len(), 1);
        assert!(windows(&[0.0; 6], 0, 1).is_err());
        assert!(windows(&[0.0; 6], 5, 0).is_err());
    }
}
