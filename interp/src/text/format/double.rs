//! Doubles in the forms `%e`, `%f` and `%g` of C's `printf`, for `format`.

use std::cmp::Ordering;
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

/// So many places are worked out with integers: what they are multiplied by fits 64 bits, and the product 128.
const PLACES_QUICK_MAX: usize = 15;

/// `value`, which is finite and not negative, times ten to the `power`, rounded half to even; None where 64 bits do not
/// hold it or 128 bits not what leads there.
fn scaled(value: f64, power: i32) -> Option<u64> {
    /// What the exponent of a double is above the power of two that its whole mantissa is multiplied by.
    const BIAS: i32 = 1075;
    let bits = value.to_bits();
    let exponent = (bits >> 52) as i32 - BIAS;
    if exponent <= -BIAS {
        return (bits == 0).then_some(0);
    }
    let mantissa = u128::from(bits & ((1 << 52) - 1) | 1 << 52);
    let ten = u128::from(10_u64.checked_pow(power.unsigned_abs())?);
    let (up, down) = if power >= 0 { (ten, 1) } else { (1, ten) };
    let (rounded_down, rest, divisor) = if exponent >= 0 {
        let dividend = (mantissa * up).checked_shl(exponent as u32)?;
        if dividend >> exponent != mantissa * up {
            return None;
        }
        match down {
            1 => (dividend, 0, 2),
            _ => (dividend / down, dividend % down, down),
        }
    } else {
        let shift = exponent.unsigned_abs();
        let divisor = down
            .checked_shl(shift)
            .filter(|d| d >> shift == down && d >> 126 == 0)?;
        let dividend = mantissa * up;
        match down {
            1 => (dividend >> shift, dividend & (divisor - 1), divisor),
            _ => (dividend / divisor, dividend % divisor, divisor),
        }
    };
    let is_up = match (rest * 2).cmp(&divisor) {
        Ordering::Less => false,
        Ordering::Equal => rounded_down & 1 == 1,
        Ordering::Greater => true,
    };
    u64::try_from(rounded_down + u128::from(is_up)).ok()
}

/// Appends `digits` with a point before the last `places` of them.
fn push_pointed(out: &mut String, digits: u64, places: usize) {
    let unit = 10_u64.pow(places as u32);
    let mut buffer = itoa::Buffer::new();
    out.push_str(buffer.format(digits / unit));
    if places > 0 {
        out.push('.');
        let fraction = buffer.format(digits % unit);
        push_zeros(out, places - fraction.len());
        out.push_str(fraction);
    }
}

/// The digits of `value` as one and `places` more, and the power of ten of the first of them.
fn quick_exponent(value: f64, places: usize) -> Option<(u64, i32)> {
    let least = 10_u64.pow(places as u32);
    // The power of two, times the logarithm of two: one too low at times.
    let two = (value.to_bits() >> 52) as i32 - 1023;
    let mut power = (f64::from(two) * std::f64::consts::LOG10_2).floor() as i32;
    let mut digits = scaled(value, places as i32 - power)?;
    if digits >= least * 10 {
        power += 1;
        digits = scaled(value, places as i32 - power)?;
    }
    (least..least * 10)
        .contains(&digits)
        .then_some((digits, power))
}

fn push_fixed(out: &mut String, value: f64, places: usize, is_alternate: bool) {
    if places <= PLACES_QUICK_MAX
        && !is_alternate
        && let Some(digits) = scaled(value, places as i32)
    {
        return push_pointed(out, digits, places);
    }
    let exact = places.min(PLACES_MAX);
    // Writing to a `String` cannot fail.
    let _ = write!(out, "{value:.exact$}");
    if places == 0 && is_alternate {
        out.push('.');
    }
    push_zeros(out, places - exact);
}

fn push_exponent(out: &mut String, value: f64, places: usize, is_alternate: bool) {
    if places <= PLACES_QUICK_MAX
        && !is_alternate
        && let Some((digits, power)) = quick_exponent(value, places)
    {
        push_pointed(out, digits, places);
        return push_power(out, power);
    }
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
    out.push_str(if exponent < 0 { "e-" } else { "e+" });
    let magnitude = exponent.unsigned_abs();
    if magnitude < 10 {
        out.push('0');
    }
    out.push_str(itoa::Buffer::new().format(magnitude));
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

    #[test]
    fn integers_give_the_digits_that_exact_printing_gives() {
        let mut state: u64 = 7;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for round in 0..40_000 {
            let bits = random();
            let value = match round % 5 {
                // Any double; ones of every day, ties among them; integers; what lies beside a power of ten.
                0 => f64::from_bits(bits & !(1 << 63)),
                1 => (bits % 2_000_000) as f64 / 64.0,
                2 => (bits >> 12) as f64 / 1000.0,
                3 => (bits >> (bits % 60)) as f64,
                _ => {
                    f64::from_bits((10_f64.powi((bits % 40) as i32 - 15)).to_bits() + bits % 5 - 2)
                }
            };
            if !value.is_finite() {
                continue;
            }
            let places = (bits >> 40) as usize % 17;
            let (mut fixed, mut exponent) = (String::new(), String::new());
            push_fixed(&mut fixed, value, places, false);
            assert_eq!(fixed, format!("{value:.places$}"));
            push_exponent(&mut exponent, value, places, false);
            let exact = format!("{value:.places$e}");
            let (digits, power) = exact.split_once('e').expect("an exponent");
            let power: i32 = power.parse().expect("a number");
            assert_eq!(
                exponent,
                format!(
                    "{digits}e{}{:02}",
                    if power < 0 { '-' } else { '+' },
                    power.abs()
                )
            );
        }
    }
}
