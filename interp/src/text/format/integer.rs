//! Integers for `%d` and its kin.

use num_bigint::{BigInt, Sign};

use super::FormatError;
use super::spec::{Conversion, Size};
use crate::limits::STRING_BYTES_MAX;
use crate::text::number::{Number, big_low_bits};

/// What an integer conversion's letter says.
pub(super) struct Base {
    radix: u32,
    /// What `#` puts before the digits.
    prefix: &'static str,
    /// Whether a short or wide integer may be negative, rather than be shown as two's complement.
    is_signed: bool,
    is_upper: bool,
}

/// `%d` and `%i`.
pub(super) const DECIMAL: Base = Base {
    radix: 10,
    prefix: "",
    is_signed: true,
    is_upper: false,
};
/// `%u`.
pub(super) const UNSIGNED: Base = Base {
    radix: 10,
    prefix: "",
    is_signed: false,
    is_upper: false,
};
/// `%o`.
pub(super) const OCTAL: Base = Base {
    radix: 8,
    prefix: "0",
    is_signed: false,
    is_upper: false,
};
/// `%x`.
pub(super) const HEXADECIMAL: Base = Base {
    radix: 16,
    prefix: "0x",
    is_signed: false,
    is_upper: false,
};
/// `%X`.
pub(super) const UPPER_HEXADECIMAL: Base = Base {
    radix: 16,
    prefix: "0X",
    is_signed: false,
    is_upper: true,
};
/// `%b`.
pub(super) const BINARY: Base = Base {
    radix: 2,
    prefix: "0b",
    is_signed: false,
    is_upper: false,
};

impl Base {
    /// Sign, prefix and digits of the integer `value`, with the zeros that precision or width ask for.
    pub(super) fn digits(
        &self,
        value: Number,
        conversion: &Conversion,
    ) -> Result<String, FormatError> {
        let (is_negative, digits) = match (value, conversion.size) {
            (Number::Big(value), Size::Big) => big_digits(&value, self.radix),
            (Number::Big(value), Size::Wide) => wide_digits(big_low_bits(&value), self),
            (Number::Big(value), Size::Short) => short_digits(big_low_bits(&value), self),
            (Number::Int(value), Size::Big) => {
                (value < 0, unsigned_digits(value.unsigned_abs(), self.radix))
            }
            (Number::Int(value), Size::Wide) => wide_digits(value, self),
            (Number::Int(value), Size::Short) => short_digits(value, self),
            (Number::Double(_), _) => (false, String::new()),
        };
        let mut segment = String::new();
        if self.is_signed || conversion.size == Size::Big {
            segment.extend(if is_negative {
                Some('-')
            } else {
                conversion.plus
            });
        }
        self.push_digits(&mut segment, conversion, &digits)?;
        Ok(segment)
    }

    /// Sign and magnitude of `value` where the conversion wants nothing but digits, a sign and a width.
    pub(super) fn plain(&self, value: i64, conversion: &Conversion) -> Option<(Option<char>, u64)> {
        if conversion.precision.is_some()
            || conversion.is_alternate
            || self.is_upper
            || conversion.size != Size::Wide
        {
            return None;
        }
        if !self.is_signed {
            return Some((None, value as u64));
        }
        let sign = if value < 0 {
            Some('-')
        } else {
            conversion.plus
        };
        Some((sign, value.unsigned_abs()))
    }

    /// How many digits `magnitude` has.
    pub(super) fn digit_count(&self, magnitude: u64) -> usize {
        magnitude
            .checked_ilog(u64::from(self.radix))
            .map_or(1, |power| power as usize + 1)
    }

    /// Appends the lower-case digits of `magnitude`, which has `count` of them.
    pub(super) fn push_magnitude(&self, out: &mut String, magnitude: u64, count: usize) {
        if self.radix == 10 {
            out.push_str(itoa::Buffer::new().format(magnitude));
            return;
        }
        let bits = self.radix.trailing_zeros();
        for place in (0..count as u32).rev() {
            let digit = (magnitude >> (place * bits)) as u32 & (self.radix - 1);
            out.push(char::from_digit(digit, self.radix).unwrap_or('0'));
        }
    }

    /// Appends prefix and digits to `segment`, with the zeros that precision or width ask for.
    fn push_digits(
        &self,
        segment: &mut String,
        conversion: &Conversion,
        digits: &str,
    ) -> Result<(), FormatError> {
        let mut precision = i64::from(conversion.precision.unwrap_or(0));
        let mut digits = digits;
        if conversion.is_alternate {
            segment.push_str(self.prefix);
            // The octal prefix is a digit itself: it counts, and is enough for zero.
            if self.radix == 8 {
                precision -= 1;
                digits = if digits == "0" { "" } else { digits };
            }
        }
        let zeros = match conversion.precision {
            Some(_) => usize::try_from(precision)
                .unwrap_or(0)
                .saturating_sub(digits.len()),
            None if conversion.has_zero => conversion
                .width
                .saturating_sub(segment.len() + digits.len()),
            None => 0,
        };
        if zeros > STRING_BYTES_MAX {
            return Err(FormatError::TooLong);
        }
        segment.extend(std::iter::repeat_n('0', zeros));
        let start = segment.len();
        segment.push_str(digits);
        if self.is_upper {
            segment[start..].make_ascii_uppercase();
        }
        Ok(())
    }
}

/// Sign and digits of an integer of any size.
fn big_digits(value: &BigInt, radix: u32) -> (bool, String) {
    let digits = value.magnitude().to_str_radix(radix);
    (value.sign() == Sign::Minus, digits)
}

/// Sign and digits of 64 bits.
fn wide_digits(value: i64, base: &Base) -> (bool, String) {
    if base.is_signed {
        (value < 0, unsigned_digits(value.unsigned_abs(), base.radix))
    } else {
        (false, unsigned_digits(value as u64, base.radix))
    }
}

/// Sign and digits of the low 16 bits.
fn short_digits(value: i64, base: &Base) -> (bool, String) {
    if base.is_signed {
        wide_digits(i64::from(value as i16), base)
    } else {
        (false, unsigned_digits(u64::from(value as u16), base.radix))
    }
}

fn unsigned_digits(value: u64, radix: u32) -> String {
    match radix {
        2 => format!("{value:b}"),
        8 => format!("{value:o}"),
        16 => format!("{value:x}"),
        _ => itoa::Buffer::new().format(value).to_owned(),
    }
}
