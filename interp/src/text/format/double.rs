//! Doubles in the forms `%e`, `%f` and `%g` of C's `printf`, for `format`.

use std::fmt::Write as _;

/// Beyond so many places every further digit of every double is 0: the smallest has 1074.
const PLACES_MAX: usize = 1100;

/// Which of C's forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `%e`: one digit before the point, and an exponent.
    Exponent,
    /// `%f`: no exponent.
    Fixed,
    /// `%g`: the shorter of the two for a number of significant digits.
    General,
}

/// Appends the magnitude of `value`, which is no NaN: digits without sign or padding, `inf` if it is infinite.
///
/// * `precision`: places after the point, or significant digits for [`Form::General`].
/// * `is_alternate`: C's `#`: the point stays even if nothing follows it, and so do the zeros of `%g`.
pub(super) fn push_magnitude(
    out: &mut String,
    value: f64,
    form: Form,
    precision: usize,
    is_alternate: bool,
) {
    let value = value.abs();
    if value.is_infinite() {
        out.push_str("inf");
        return;
    }
    match form {
        Form::Exponent => push_exponent(out, value, precision, is_alternate),
        Form::Fixed => push_fixed(out, value, precision, is_alternate),
        Form::General => push_general(out, value, precision.max(1), is_alternate),
    }
}

fn push_zeros(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n('0', count));
}

fn push_fixed(out: &mut String, value: f64, places: usize, is_alternate: bool) {
    let exact = places.min(PLACES_MAX);
    // Writing to a `String` cannot fail.
    let _ = write!(out, "{value:.exact$}");
    if places == 0 && is_alternate {
        out.push('.');
    }
    push_zeros(out, places - exact);
}

fn push_exponent(out: &mut String, value: f64, places: usize, is_alternate: bool) {
    let exact = places.min(PLACES_MAX);
    let start = out.len();
    let _ = write!(out, "{value:.exact$e}");
    let exponent = split_exponent(out, start);
    if places == 0 && is_alternate {
        out.push('.');
    }
    push_zeros(out, places - exact);
    push_power(out, exponent);
}

/// Takes Rust's exponent off the end of the number that begins at `start`.
fn split_exponent(out: &mut String, start: usize) -> i32 {
    let Some(at) = out.get(start..).and_then(|number| number.rfind('e')) else {
        return 0;
    };
    let exponent = out
        .get(start + at + 1..)
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0);
    out.truncate(start + at);
    exponent
}

/// Appends an exponent as C writes it: with a sign, and two digits at least.
fn push_power(out: &mut String, exponent: i32) {
    let sign = if exponent < 0 { '-' } else { '+' };
    let _ = write!(out, "e{sign}{:02}", exponent.unsigned_abs());
}

fn push_general(out: &mut String, value: f64, digits: usize, is_alternate: bool) {
    let exact = digits.min(PLACES_MAX) - 1;
    let start = out.len();
    let _ = write!(out, "{value:.exact$e}");
    let exponent = split_exponent(out, start);
    // C's rule: an exponent below -4 or of at least `digits` is written as one.
    let is_fixed = exponent >= -4 && i64::from(exponent) < digits as i64;
    if is_fixed {
        out.truncate(start);
        push_fixed(
            out,
            value,
            (digits as i64 - 1 - i64::from(exponent)) as usize,
            is_alternate,
        );
    } else if is_alternate {
        if digits == 1 {
            out.push('.');
        }
        push_zeros(out, digits - 1 - exact);
    }
    if !is_alternate && out.get(start..).is_some_and(|number| number.contains('.')) {
        let kept = out.trim_end_matches('0').trim_end_matches('.').len();
        out.truncate(kept);
    }
    if !is_fixed {
        push_power(out, exponent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_those_of_c() {
        use Form::{Exponent, Fixed, General};
        for (value, form, precision, is_alternate, text) in [
            (1.0, Exponent, 6, false, "1.000000e+00"),
            (1.0, Exponent, 0, true, "1.e+00"),
            (1e-300, Exponent, 1, false, "1.0e-300"),
            (0.1, Exponent, 20, false, "1.00000000000000005551e-01"),
            (2.5, Fixed, 0, false, "2"),
            (1.0, Fixed, 0, true, "1."),
            (-0.0, Fixed, 1, false, "0.0"),
            (1234567.0, General, 3, false, "1.23e+06"),
            (100000.0, General, 6, false, "100000"),
            (999999.5, General, 6, false, "1e+06"),
            (1.0, General, 6, true, "1.00000"),
            (0.0, General, 6, false, "0"),
            (1e-5, General, 6, false, "1e-05"),
            (123.0, General, 0, false, "1e+02"),
            (f64::INFINITY, General, 6, false, "inf"),
        ] {
            let mut out = String::new();
            push_magnitude(&mut out, value, form, precision, is_alternate);
            assert_eq!(out, text);
        }
        let mut out = String::new();
        push_magnitude(&mut out, 1.5, Fixed, 70_000, false);
        assert_eq!(out.len(), 70_002);
    }
}
