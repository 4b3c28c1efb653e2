//! Numbers in text: reading them as Tcl reads them, and printing integers.
//!
//! Doubles are printed by [`super::double`].

mod token;

use num_bigint::{BigInt, BigUint, Sign};

use token::{Token, skip_digits};

/// A number as a script sees it.
#[derive(Debug, Clone, PartialEq)]
pub enum Number {
    /// An integer of 64 bits.
    Int(i64),
    /// An integer that 64 bits cannot hold.
    Big(BigInt),
    /// A floating-point number.
    Double(f64),
}

impl Number {
    /// The integer `value` in its smallest form.
    pub fn from_big(value: BigInt) -> Number {
        match i64::try_from(&value) {
            Ok(small) => Number::Int(small),
            Err(_) => Number::Big(value),
        }
    }
}

/// The most digits that an integer is read with: such a decimal takes about a second. What has more is no number.
pub const DIGITS_MAX: usize = 4_000_000;

/// Above this many decimal digits an integer is read by halves, which takes less than quadratic time.
const HALVING_DIGITS: usize = 1_000;

/// The decimal digits an `i64` can always hold.
const SAFE_DIGITS: usize = 18;

/// Whether `byte` is white space around a number: space, and tab through carriage return.
#[inline]
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// `text` without the white space that a number may have around it.
#[inline]
fn trim(text: &str) -> &str {
    text.trim_matches(|character: char| character.is_ascii() && is_space(character as u8))
}

/// The number that `text` is, white space around it allowed; `None` if it is not one.
///
/// Decimal, `0x`, `0o`, `0b` and leading-zero octal integers of any size, decimal fractions with or without exponent,
/// `Inf`, `Infinity`, `NaN` and `NaN(hex)`, each with an optional sign.
#[inline]
pub fn parse_number(text: &str) -> Option<Number> {
    if let Some(value) = short_decimal(text.as_bytes()) {
        return Some(Number::Int(value));
    }
    let trimmed = trim(text);
    // What is not a digit, sign, point, `i` or `n` begins no number.
    if !matches!(
        trimmed.as_bytes().first()?,
        b'0'..=b'9' | b'+' | b'-' | b'.' | b'i' | b'I' | b'n' | b'N'
    ) {
        return None;
    }
    let token = Token::read(trimmed)?;
    if token.end == trimmed.len() {
        Some(token.value(trimmed))
    } else {
        None
    }
}

/// The integer that `text` is, if it is one of 64 bits; white space around it allowed.
#[inline]
pub fn parse_int(text: &str) -> Option<i64> {
    match parse_number(text)? {
        Number::Int(value) => Some(value),
        Number::Big(_) | Number::Double(_) => None,
    }
}

/// The double that `text` is, an integer made the nearest double; white space around it allowed.
pub fn parse_double(text: &str) -> Option<f64> {
    match parse_number(text)? {
        Number::Int(value) => Some(value as f64),
        Number::Big(value) => Some(big_to_f64(&value)),
        Number::Double(value) => Some(value),
    }
}

/// The number at the start of `text` (no white space skipped) and how many bytes it takes: the longest that is one.
pub fn number_prefix(text: &str) -> Option<(Number, usize)> {
    let token = Token::read(text)?;
    Some((token.value(text), token.end))
}

/// The integer at the start of `text` and how many bytes it takes; a fraction or exponent is not read.
pub fn integer_prefix(text: &str) -> Option<(Number, usize)> {
    let token = Token::read_integer(text)?;
    Some((token.value(text), token.end))
}

/// The decimal number at the start of `text` and how many bytes it takes; leading zeros do not make it octal.
pub fn decimal_prefix(text: &str) -> Option<(Number, usize)> {
    let token = Token::read_decimal(text)?;
    Some((token.value(text), token.end))
}

/// Whether `text` would be an integer but for an 8 or 9 among octal digits: tclsh says so in its errors.
pub fn looks_like_bad_octal(text: &str) -> bool {
    let trimmed = trim(text);
    let unsigned = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    let Some(rest) = unsigned.strip_prefix('0') else {
        return false;
    };
    let digits = rest.strip_prefix(['o', 'O']).unwrap_or(rest);
    digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The most bytes of a wrong number that tclsh quotes in its error.
const QUOTED_BYTES: usize = 50;

/// tclsh's words for a `text` that is not the `kind` of number wanted, cut short as tclsh cuts it.
///
/// * `kind`: `integer`, `floating-point number`, `boolean value` or `number`; all but the first tell of a bad octal.
///
/// For `format`, `expr` functions and doubles, whose errorCode is `TCL VALUE NUMBER`. Where tclsh wants a 32-bit integer
/// (`incr`, `string repeat`) it quotes all of the text.
pub fn expected_number(kind: &str, text: &str) -> String {
    let note = if kind != "integer" && starts_like_bad_octal(text) {
        " (looks like invalid octal number)"
    } else {
        ""
    };
    let quoted = &text[..text.floor_char_boundary(QUOTED_BYTES)];
    format!("expected {kind} but got \"{quoted}\"{note}")
}

/// Whether a number in `text` goes wrong at an 8 or 9 after a leading zero, and not for what follows its digits.
fn starts_like_bad_octal(text: &str) -> bool {
    let trimmed = trim(text);
    let unsigned = trimmed
        .strip_prefix(['+', '-'])
        .unwrap_or(trimmed)
        .as_bytes();
    let end = skip_digits(unsigned, 0, 10);
    unsigned.first() == Some(&b'0')
        && end > skip_digits(unsigned, 0, 8)
        && !matches!(unsigned.get(end), Some(b'.' | b'e' | b'E'))
}

/// The value of `text` if it is exactly how some 64-bit integer prints.
#[inline]
pub fn canonical_decimal(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (is_negative, digits) = match bytes {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [b'0'] => (!is_negative).then_some(0),
        [b'1'..=b'9', ..] if digits.len() <= SAFE_DIGITS => {
            let value = decimal_digits(digits)?;
            Some(if is_negative { -value } else { value })
        }
        [b'1'..=b'9', ..] if digits.len() == SAFE_DIGITS + 1 => text.parse().ok(),
        _ => None,
    }
}

/// The value of at most [`SAFE_DIGITS`] decimal digits and nothing else.
#[inline]
fn decimal_digits(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0i64, |value, &byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| value * 10 + i64::from(digit))
    })
}

/// The usual integers, without white space, sign `+` or leading zero.
#[inline]
fn short_decimal(bytes: &[u8]) -> Option<i64> {
    match bytes {
        [b'0'] => Some(0),
        [b'1'..=b'9', ..] if bytes.len() <= SAFE_DIGITS => decimal_digits(bytes),
        [b'-', digits @ ..]
            if matches!(digits, [b'1'..=b'9', ..]) && digits.len() <= SAFE_DIGITS =>
        {
            decimal_digits(digits).map(|value| -value)
        }
        _ => None,
    }
}

/// The integer of these digits, all of `radix`.
fn integer_value(digits: &str, radix: u32, is_negative: bool) -> Number {
    if let Ok(magnitude) = u64::from_str_radix(digits, radix) {
        let value = i128::from(magnitude);
        if let Ok(small) = i64::try_from(if is_negative { -value } else { value }) {
            return Number::Int(small);
        }
    }
    let sign = if is_negative { Sign::Minus } else { Sign::Plus };
    Number::from_big(BigInt::from_biguint(
        sign,
        magnitude(digits.as_bytes(), radix),
    ))
}

/// The magnitude of any number of digits, all of `radix` (2 to 36): without the sign that [`parse_radix`] allows.
fn magnitude(digits: &[u8], radix: u32) -> BigUint {
    if digits.len() <= HALVING_DIGITS || radix.is_power_of_two() {
        return BigUint::parse_bytes(digits, radix).unwrap_or_default();
    }
    // Split off blocks, then join neighbours pairwise: radix^(block length) squares with each round.
    let mut parts: Vec<BigUint> = digits
        .rchunks(HALVING_DIGITS)
        .map(|block| BigUint::parse_bytes(block, radix).unwrap_or_default())
        .collect();
    let mut weight = BigUint::from(radix).pow(HALVING_DIGITS as u32);
    while parts.len() > 1 {
        parts = parts
            .chunks(2)
            .map(|pair| match pair {
                [low, high] => high * &weight + low,
                [low] => low.clone(),
                _ => BigUint::default(),
            })
            .collect();
        if parts.len() > 1 {
            weight = &weight * &weight;
        }
    }
    parts.pop().unwrap_or_default()
}

/// The integer that `text`, an optional sign and digits of `radix` (2 to 36) without prefix or white space, is.
pub fn parse_radix(text: &str, radix: u32) -> Option<Number> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = (1..=DIGITS_MAX).contains(&digits.len())
        && digits.chars().all(|character| character.is_digit(radix));
    is_number.then(|| integer_value(digits, radix, text.starts_with('-')))
}

/// The digits of `value` in `radix` (2 to 36), lower case, with a minus sign if it is negative.
pub fn format_big(value: &BigInt, radix: u32) -> String {
    value.to_str_radix(radix)
}

/// Appends the decimal digits of `value`.
#[inline]
pub fn push_int(out: &mut String, value: i64) {
    out.push_str(itoa::Buffer::new().format(value));
}

/// The decimal digits of `value`.
#[inline]
pub fn format_int(value: i64) -> String {
    itoa::Buffer::new().format(value).to_owned()
}

/// The low 64 bits of `value` in two's complement: what `format %d` makes of an integer too large for it.
pub fn big_low_bits(value: &BigInt) -> i64 {
    let magnitude = value.iter_u64_digits().next().unwrap_or(0) as i64;
    if value.sign() == Sign::Minus {
        magnitude.wrapping_neg()
    } else {
        magnitude
    }
}

/// The double nearest to `value`, ties to even; infinite beyond the largest.
pub fn big_to_f64(value: &BigInt) -> f64 {
    use num_traits::ToPrimitive;
    value.to_f64().unwrap_or(f64::NAN)
}

/// The truth that `text` names by a word: an unambiguous start of `true`, `false`, `yes`, `no`, `on` or `off`, in any
/// case, nothing around it. For numbers, which are truths too, see [`parse_truth`].
#[inline]
pub fn parse_boolean(text: &str) -> Option<bool> {
    const WORDS: [(&str, bool, usize); 6] = [
        ("true", true, 1),
        ("false", false, 1),
        ("yes", true, 1),
        ("no", false, 1),
        ("on", true, 2),
        ("off", false, 2),
    ];
    let named = WORDS.iter().find(|(word, _, chars_min)| {
        text.len() >= *chars_min
            && word
                .as_bytes()
                .get(..text.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(text.as_bytes()))
    });
    named.map(|&(_, value, _)| value)
}

/// The truth that `text` is as a condition: a word of [`parse_boolean`], or a number, which is true unless zero.
/// A NaN is no truth.
#[inline]
pub fn parse_truth(text: &str) -> Option<bool> {
    match text.as_bytes() {
        [b'0'] => return Some(false),
        [b'1'] => return Some(true),
        _ => {}
    }
    match parse_number(text) {
        Some(Number::Int(value)) => Some(value != 0),
        Some(Number::Big(_)) => Some(true),
        Some(Number::Double(value)) => (!value.is_nan()).then_some(value != 0.0),
        None => parse_boolean(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(text: &str) -> Option<i64> {
        parse_int(text)
    }

    #[test]
    fn integers_of_every_radix() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            (" 12\n", 12),
            ("+5", 5),
            ("0x1F", 31),
            ("-0X1f", -31),
            ("0o17", 15),
            ("0b101", 5),
            ("010", 8),
            ("00", 0),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("-0x8000000000000000", i64::MIN),
        ] {
            assert_eq!(int(text), Some(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_number() {
        for text in [
            "",
            " ",
            "+",
            "-",
            ".",
            ".e5",
            "08",
            "0_1",
            "1_0",
            "0o18",
            "0o",
            "0b2",
            "0x",
            "0xg",
            "--5",
            "- 5",
            "1e",
            "1e+",
            "infi",
            "nan()",
            "nan(g)",
            "NaN(ffffffffffffff)",
            "1 2",
            "12\u{a0}",
            "0d12",
            "00x1",
            "0x1.8",
            "1e5.0",
            "1d5",
            "0o01.5",
        ] {
            assert_eq!(parse_number(text), None, "{text}");
        }
    }

    #[test]
    fn doubles() {
        for (text, value) in [
            ("1.", 1.0),
            (".5", 0.5),
            ("1e5", 1e5),
            ("08.5", 8.5),
            ("09e1", 90.0),
            ("010.5", 10.5),
            ("-inf", f64::NEG_INFINITY),
            ("Infinity", f64::INFINITY),
            ("1e400", f64::INFINITY),
            ("1e-400", 0.0),
        ] {
            assert_eq!(parse_number(text), Some(Number::Double(value)), "{text}");
        }
        let Some(Number::Double(value)) = parse_number("-NaN( aB )") else {
            panic!("not a double")
        };
        assert_eq!(value.to_bits(), 0xFFF8_0000_0000_00AB);
    }

    #[test]
    fn big_integers_round_trip() {
        for digits in [20, 999, 1000, 1001, 5000, 12_345] {
            let text = format!(
                "-{}",
                "1234567890".repeat(digits / 10 + 1).get(..digits).unwrap()
            );
            let Some(Number::Big(value)) = parse_number(&text) else {
                panic!("not big: {text}")
            };
            assert_eq!(format_big(&value, 10), text);
        }
        assert_eq!(
            parse_number("02000000000000000000000"),
            Some(Number::Big(BigInt::from(1u128 << 64)))
        );
        assert_eq!(parse_radix("zz", 36), Some(Number::Int(1295)));
        assert_eq!(parse_radix("-", 10), None);
    }

    #[test]
    fn the_number_of_digits_is_bounded() {
        let long = "0".repeat(DIGITS_MAX + 1);
        assert_eq!(parse_number(&long), None);
        assert_eq!(parse_radix(&long, 16), None);
        assert_eq!(integer_prefix(&long), None);
        assert_eq!(parse_number(&(long + ".5")), Some(Number::Double(0.5)));
    }

    #[test]
    fn prefixes() {
        for (text, value, end) in [
            ("12ab", Number::Int(12), 2),
            ("0xg", Number::Int(0), 1),
            ("1e+x", Number::Int(1), 1),
            ("1.5.2", Number::Double(1.5), 3),
            ("08", Number::Int(0), 1),
            ("inf+1", Number::Double(f64::INFINITY), 3),
        ] {
            assert_eq!(number_prefix(text), Some((value, end)), "{text}");
        }
        assert_eq!(integer_prefix("1.5"), Some((Number::Int(1), 1)));
        assert_eq!(integer_prefix("x"), None);
    }

    #[test]
    fn only_what_prints_so_is_canonical() {
        assert_eq!(canonical_decimal("-12"), Some(-12));
        assert_eq!(canonical_decimal("9223372036854775807"), Some(i64::MAX));
        for text in [
            "",
            "-",
            "-0",
            "+1",
            "01",
            " 1",
            "0x1",
            "9223372036854775808",
            "1.0",
        ] {
            assert_eq!(canonical_decimal(text), None, "{text}");
        }
    }

    #[test]
    fn truths() {
        for (text, value) in [
            ("t", true),
            ("FALSE", false),
            ("Y", true),
            ("n", false),
            ("on", true),
            ("of", false),
        ] {
            assert_eq!(parse_boolean(text), Some(value), "{text}");
        }
        for text in ["", "o", "truex", " true", "1"] {
            assert_eq!(parse_boolean(text), None, "{text}");
        }
        assert_eq!(parse_truth("0x0"), Some(false));
        assert_eq!(parse_truth("0.1"), Some(true));
        assert_eq!(parse_truth("NaN"), None);
    }

    #[test]
    fn bad_octal() {
        for text in ["08", " -09 ", "0o18", "0o"] {
            assert!(looks_like_bad_octal(text), "{text}");
        }
        assert!(!looks_like_bad_octal("8"));
    }
}
