//! Finding a number in text, before anything is made of its digits.

use super::{DIGITS_MAX, Number, integer_value, is_space};

/// What a [`Token`] is written as.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Integer(u32),
    Double,
    Infinity,
    NotANumber(u64),
}

/// A number found at the start of a text, its value not yet worked out.
pub(super) struct Token {
    kind: Kind,
    is_negative: bool,
    /// Where the digits begin, after sign and radix prefix.
    digits: usize,
    /// Where the number ends.
    pub(super) end: usize,
}

impl Token {
    /// The longest number at the start of `text`.
    pub(super) fn read(text: &str) -> Option<Token> {
        let mut token = Token::read_sign(text.as_bytes());
        let bytes = text.as_bytes();
        match bytes.get(token.digits)? {
            b'0'..=b'9' => {
                let start = token.digits;
                token.read_radix(bytes);
                // A number with a radix prefix has no fraction.
                if token.digits == start {
                    token.read_fraction(bytes);
                }
            }
            b'.' => {
                token.end = token.digits;
                token.read_fraction(bytes);
            }
            b'i' | b'I' => token.read_infinity(bytes),
            b'n' | b'N' => token.read_nan(bytes),
            _ => return None,
        }
        token.checked()
    }

    /// The same, where a leading zero or prefix makes no other radix than ten.
    pub(super) fn read_decimal(text: &str) -> Option<Token> {
        let bytes = text.as_bytes();
        let mut token = Token::read_sign(bytes);
        if !bytes.get(token.digits)?.is_ascii_digit() {
            return Token::read(text);
        }
        token.end = skip_digits(bytes, token.digits, 10);
        token.read_fraction(bytes);
        token.checked()
    }

    /// The longest integer at the start of `text`.
    pub(super) fn read_integer(text: &str) -> Option<Token> {
        let mut token = Token::read_sign(text.as_bytes());
        token.read_radix(text.as_bytes());
        token.checked()
    }

    /// This token, if it is a number and no integer of too many digits.
    fn checked(self) -> Option<Token> {
        let digits = self.end.checked_sub(self.digits)?;
        let is_too_long = matches!(self.kind, Kind::Integer(_)) && digits > DIGITS_MAX;
        (digits > 0 && !is_too_long).then_some(self)
    }

    fn read_sign(bytes: &[u8]) -> Token {
        let is_signed = matches!(bytes.first(), Some(b'+' | b'-'));
        let is_negative = bytes.first() == Some(&b'-');
        Token {
            kind: Kind::Integer(10),
            is_negative,
            digits: usize::from(is_signed),
            end: 0,
        }
    }

    /// Reads an integer of any radix. A leading zero that begins nothing longer is the number 0.
    fn read_radix(&mut self, bytes: &[u8]) {
        let unsigned = bytes.get(self.digits..).unwrap_or_default();
        let prefixed = match unsigned {
            [b'0', b'x' | b'X', ..] => Some(16),
            [b'0', b'o' | b'O', ..] => Some(8),
            [b'0', b'b' | b'B', ..] => Some(2),
            _ => None,
        };
        if let Some(radix) = prefixed {
            let end = skip_digits(bytes, self.digits + 2, radix);
            if end > self.digits + 2 {
                (self.kind, self.digits, self.end) = (Kind::Integer(radix), self.digits + 2, end);
                return;
            }
        }
        let radix = if matches!(unsigned, [b'0', b'0'..=b'9', ..]) {
            8
        } else {
            10
        };
        self.kind = Kind::Integer(radix);
        // `0x` and the like without digits are a 0 and something else.
        self.end = if prefixed.is_some() {
            self.digits + 1
        } else {
            skip_digits(bytes, self.digits, radix)
        };
    }

    /// Makes the integer read so far (perhaps of no digits) a double if a point or an exponent follows.
    fn read_fraction(&mut self, bytes: &[u8]) {
        let whole_end = skip_digits(bytes, self.digits, 10);
        let mut end = whole_end;
        if bytes.get(end) == Some(&b'.') {
            end = skip_digits(bytes, end + 1, 10);
            if end == self.digits + 1 {
                return;
            }
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let signed = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent_end = skip_digits(bytes, signed, 10);
            if exponent_end > signed {
                end = exponent_end;
            }
        }
        if end > whole_end {
            (self.kind, self.end) = (Kind::Double, end);
        }
    }

    fn read_infinity(&mut self, bytes: &[u8]) {
        let word = bytes.get(self.digits..).unwrap_or_default();
        let starts = |wanted: &[u8]| {
            word.get(..wanted.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(wanted))
        };
        if starts(b"inf") {
            let length = if starts(b"infinity") { 8 } else { 3 };
            (self.kind, self.end) = (Kind::Infinity, self.digits + length);
        }
    }

    fn read_nan(&mut self, bytes: &[u8]) {
        let word = bytes.get(self.digits..).unwrap_or_default();
        if !word
            .get(..3)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"nan"))
        {
            return;
        }
        let (payload, length) = nan_payload(&word[3..]).unwrap_or((0, 0));
        (self.kind, self.end) = (Kind::NotANumber(payload), self.digits + 3 + length);
    }

    /// The value of this token of `text`.
    pub(super) fn value(&self, text: &str) -> Number {
        let digits = text.get(self.digits..self.end).unwrap_or_default();
        let signed = |magnitude: f64| {
            Number::Double(if self.is_negative {
                -magnitude
            } else {
                magnitude
            })
        };
        match self.kind {
            Kind::Integer(radix) => integer_value(digits, radix, self.is_negative),
            Kind::Double => signed(digits.parse().unwrap_or(0.0)),
            Kind::Infinity => signed(f64::INFINITY),
            Kind::NotANumber(payload) => signed(f64::from_bits(
                0x7FF8_0000_0000_0000 | (payload & 0x7_FFFF_FFFF_FFFF),
            )),
        }
    }
}

/// The bits in `(hex)` after `NaN`, and how many bytes that takes: 1 to 13 digits, white space around them allowed.
fn nan_payload(text: &[u8]) -> Option<(u64, usize)> {
    const DIGITS_MAX: usize = 13;
    let inner = text.strip_prefix(b"(")?;
    let start = inner.iter().take_while(|&&byte| is_space(byte)).count();
    let end = skip_digits(inner, start, 16);
    let close = end
        + inner
            .get(end..)?
            .iter()
            .take_while(|&&byte| is_space(byte))
            .count();
    if inner.get(close) != Some(&b')') || end == start || end - start > DIGITS_MAX {
        return None;
    }
    let digits = std::str::from_utf8(inner.get(start..end)?).ok()?;
    Some((u64::from_str_radix(digits, 16).ok()?, close + 2))
}

/// The first position from `from` on that holds no digit of `radix`.
#[inline]
pub(super) fn skip_digits(bytes: &[u8], from: usize, radix: u32) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest
        .iter()
        .take_while(|&&byte| char::from(byte).is_digit(radix))
        .count()
}
