//! Doubles as text.

use std::cell::Cell;

/// The most digits that `tcl_precision` can ask for: with 17 every double reads back as it was.
pub const PRECISION_MAX: u8 = 17;

thread_local! {
    /// The value of `tcl_precision`, which all interpreters of a thread share.
    static PRECISION: Cell<u8> = const { Cell::new(0) };
}

/// The digits that doubles print with in this thread; 0: as few as read back the same.
#[inline]
pub fn precision() -> u8 {
    PRECISION.get()
}

/// Sets the digits that doubles print with in this thread.
pub fn set_precision(digits: u8) {
    PRECISION.set(digits.min(PRECISION_MAX));
}

/// Appends `value` as tclsh prints it with `tcl_precision` 0: the fewest digits that read back as the same double.
///
/// A whole number keeps `.0`; the exponent form begins at 1e17 and below 1e-4.
#[inline]
pub fn push_double(out: &mut String, value: f64) {
    if let Some(small) = small_whole(value) {
        super::number::push_int(out, small);
        out.push_str(".0");
    } else if value.is_finite() {
        let mut buffer = zmij::Buffer::new();
        let shortest = buffer.format_finite(value);
        // Without an exponent the form is tclsh's own, in the range where tclsh has none either.
        if (1e-4..1e17).contains(&value.abs()) && !shortest.contains('e') && shortest.contains('.')
        {
            out.push_str(shortest);
            return;
        }
        let mut digits = Digits::read(shortest.trim_start_matches('-'));
        digits.is_negative = value.is_sign_negative();
        digits.push(out, false);
    } else {
        push_special(out, value);
    }
}

/// `value` as tclsh prints it with the `tcl_precision` of this thread.
#[inline]
pub fn format_double(value: f64) -> String {
    match precision() {
        0 => {
            let mut out = String::new();
            push_double(&mut out, value);
            out
        }
        digits => format_double_precision(value, digits),
    }
}

/// `value` as tclsh prints it with `tcl_precision` `precision`: 0 as [`format_double`], 1 to 17 at most so many digits.
pub fn format_double_precision(value: f64, precision: u8) -> String {
    let mut out = String::new();
    if precision == 0 {
        push_double(&mut out, value);
    } else if !value.is_finite() {
        push_special(&mut out, value);
    } else {
        let places = usize::from(precision.min(PRECISION_MAX)) - 1;
        let mut digits = Digits::read(&format!("{:.places$e}", value.abs()));
        digits.is_negative = value.is_sign_negative();
        digits.push(&mut out, true);
    }
    out
}

/// `value` as an integer, if it is a whole one that prints as plain digits and `.0`.
#[inline]
fn small_whole(value: f64) -> Option<i64> {
    let whole = value as i64;
    let is_plain = whole as f64 == value
        && whole.unsigned_abs() < 1 << 53
        && (whole != 0 || value.is_sign_positive());
    is_plain.then_some(whole)
}

fn push_special(out: &mut String, value: f64) {
    if value.is_sign_negative() {
        out.push('-');
    }
    if value.is_infinite() {
        out.push_str("Inf");
        return;
    }
    out.push_str("NaN");
    let payload = value.to_bits() & 0x7_FFFF_FFFF_FFFF;
    if payload != 0 {
        out.push_str(&format!("({payload:x})"));
    }
}

/// The significant digits of a number and where its point goes.
struct Digits {
    is_negative: bool,
    /// ASCII digits, neither the first nor the last of them 0 (but a single one for zero).
    digits: [u8; Digits::MAX],
    count: usize,
    /// The power of ten of the first digit.
    exponent: i32,
}

impl Digits {
    /// The most digits that any double is printed with here.
    const MAX: usize = 17;

    /// Takes apart a finite number without sign as Rust prints it, such as `12.5`, `0.001` or `1.5e-7`.
    fn read(text: &str) -> Digits {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let mut result = Digits {
            is_negative: false,
            digits: [b'0'; Digits::MAX],
            count: 0,
            exponent: exponent.parse().unwrap_or(0),
        };
        let whole = mantissa.find('.').unwrap_or(mantissa.len());
        let significant = mantissa
            .bytes()
            .position(|byte| matches!(byte, b'1'..=b'9'));
        let Some(first) = significant else {
            (result.count, result.exponent) = (1, 0);
            return result;
        };
        // Digits before the point have exponents 0 and up, those after it -1 and down; the point itself takes a place.
        result.exponent += if first < whole {
            whole as i32 - 1 - first as i32
        } else {
            whole as i32 - first as i32
        };
        for byte in mantissa.bytes().skip(first).filter(u8::is_ascii_digit) {
            if let Some(place) = result.digits.get_mut(result.count) {
                *place = byte;
                result.count += 1;
            }
        }
        while result.count > 1 && result.digits[result.count - 1] == b'0' {
            result.count -= 1;
        }
        result
    }

    /// Appends the number; with `two_digit_exponent` an exponent below 10 has a zero before it.
    fn push(&self, out: &mut String, two_digit_exponent: bool) {
        let digits = &self.digits[..self.count];
        let push = |out: &mut String, digits: &[u8]| {
            out.extend(digits.iter().map(|&digit| char::from(digit)))
        };
        if self.is_negative {
            out.push('-');
        }
        if self.exponent < -4 || self.exponent > 16 {
            push(out, &digits[..1]);
            if digits.len() > 1 {
                out.push('.');
                push(out, &digits[1..]);
            }
            out.push_str(if self.exponent < 0 { "e-" } else { "e+" });
            let exponent = i64::from(self.exponent.abs());
            if two_digit_exponent && exponent < 10 {
                out.push('0');
            }
            super::number::push_int(out, exponent);
        } else if self.exponent < 0 {
            out.push_str("0.");
            push(out, &b"000"[..(-1 - self.exponent) as usize]);
            push(out, digits);
        } else {
            let whole = self.exponent as usize + 1;
            push(out, &digits[..whole.min(digits.len())]);
            out.extend(std::iter::repeat_n('0', whole.saturating_sub(digits.len())));
            out.push('.');
            push(
                out,
                digits
                    .get(whole..)
                    .filter(|fraction| !fraction.is_empty())
                    .unwrap_or(b"0"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_print_as_in_tclsh() {
        for (value, text) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.0, "0.0"),
            (0.1, "0.1"),
            (1e16, "10000000000000000.0"),
            (1e17, "1e+17"),
            (123456789012345678.0, "1.2345678901234568e+17"),
            (1e-4, "0.0001"),
            (1e-5, "1e-5"),
            (-1.5e300, "-1.5e+300"),
            (5e-324, "5e-324"),
            (123456.789, "123456.789"),
            (9007199254740993.0, "9007199254740992.0"),
            (f64::INFINITY, "Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::from_bits(0x7FF8_0000_0000_0000), "NaN"),
            (f64::from_bits(0xFFF8_0000_00AB_CDEF), "-NaN(abcdef)"),
        ] {
            assert_eq!(format_double(value), text);
        }
    }

    #[test]
    fn a_precision_limits_digits() {
        for (value, precision, text) in [
            (0.1, 17, "0.10000000000000001"),
            (0.1, 16, "0.1"),
            (1e-5, 12, "1e-05"),
            (99999.5, 5, "100000.0"),
            (123456.789, 1, "100000.0"),
            (1e23, 16, "9.999999999999999e+22"),
            (1e23, 15, "1e+23"),
            (5e-324, 2, "4.9e-324"),
            (123456789012345678.0, 16, "1.234567890123457e+17"),
        ] {
            assert_eq!(
                format_double_precision(value, precision),
                text,
                "{precision}"
            );
        }
    }
}
