//! The lexemes of expressions.
//!
//! A lexeme is recognised without knowing what came before it; whether `-` is unary is the parser's to say.

use super::BinaryOp;
use super::cursor::{NAME, class};

/// A lexeme. Its byte count comes with it from [`lexeme`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lexeme {
    End,
    Number,
    /// A word of letters, digits and underscores that is no operator.
    Bareword,
    Quote,
    OpenBrace,
    Dollar,
    OpenBracket,
    OpenParen,
    CloseParen,
    Comma,
    Question,
    Colon,
    /// `+`, one operand or two.
    Plus,
    /// `-`, one operand or two.
    Minus,
    /// `!`
    Not,
    /// `~`
    BitNot,
    Binary(BinaryOp),
    And,
    Or,
    /// `=`, which is only half of an operator.
    HalfOperator,
    /// One character that begins nothing.
    Invalid,
}

/// The lexeme at the start of `text`, which does not begin with white space, and its byte count.
pub(super) fn lexeme(text: &[u8]) -> (Lexeme, usize) {
    let Some(&first) = text.first() else {
        return (Lexeme::End, 0);
    };
    let second = text.get(1).copied();
    let pair = |expected: u8, long: Lexeme, short: Lexeme| {
        if second == Some(expected) {
            (long, 2)
        } else {
            (short, 1)
        }
    };
    match first {
        b'0'..=b'9' | b'.' | b'a'..=b'z' | b'A'..=b'Z' => word_or_number(text),
        b'$' => (Lexeme::Dollar, 1),
        b'[' => (Lexeme::OpenBracket, 1),
        b'{' => (Lexeme::OpenBrace, 1),
        b'"' => (Lexeme::Quote, 1),
        b'(' => (Lexeme::OpenParen, 1),
        b')' => (Lexeme::CloseParen, 1),
        b',' => (Lexeme::Comma, 1),
        b'?' => (Lexeme::Question, 1),
        b':' => (Lexeme::Colon, 1),
        b'+' => (Lexeme::Plus, 1),
        b'-' => (Lexeme::Minus, 1),
        b'~' => (Lexeme::BitNot, 1),
        b'/' => (Lexeme::Binary(BinaryOp::Divide), 1),
        b'%' => (Lexeme::Binary(BinaryOp::Remainder), 1),
        b'^' => (Lexeme::Binary(BinaryOp::BitXor), 1),
        b'*' => pair(
            b'*',
            Lexeme::Binary(BinaryOp::Power),
            Lexeme::Binary(BinaryOp::Multiply),
        ),
        b'=' => pair(b'=', Lexeme::Binary(BinaryOp::Equal), Lexeme::HalfOperator),
        b'!' => pair(b'=', Lexeme::Binary(BinaryOp::NotEqual), Lexeme::Not),
        b'&' => pair(b'&', Lexeme::And, Lexeme::Binary(BinaryOp::BitAnd)),
        b'|' => pair(b'|', Lexeme::Or, Lexeme::Binary(BinaryOp::BitOr)),
        b'<' if second == Some(b'<') => (Lexeme::Binary(BinaryOp::ShiftLeft), 2),
        b'<' => pair(
            b'=',
            Lexeme::Binary(BinaryOp::LessEqual),
            Lexeme::Binary(BinaryOp::Less),
        ),
        b'>' if second == Some(b'>') => (Lexeme::Binary(BinaryOp::ShiftRight), 2),
        b'>' => pair(
            b'=',
            Lexeme::Binary(BinaryOp::GreaterEqual),
            Lexeme::Binary(BinaryOp::Greater),
        ),
        _ => (Lexeme::Invalid, character_byte_count(first)),
    }
}

fn character_byte_count(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}

fn word_or_number(text: &[u8]) -> (Lexeme, usize) {
    if let Some(operator) = word_operator(text) {
        return (Lexeme::Binary(operator), 2);
    }
    if let Some(number) = number(text)
        && stands_alone(text, number)
    {
        return (Lexeme::Number, number.byte_count);
    }
    match name_byte_count(text) {
        0 => (Lexeme::Invalid, 1),
        byte_count => (Lexeme::Bareword, byte_count),
    }
}

/// `eq`, `ne`, `in` or `ni` with no letter behind it: digits and underscores may follow.
fn word_operator(text: &[u8]) -> Option<BinaryOp> {
    let operator = match text.get(..2)? {
        b"eq" => BinaryOp::StringEqual,
        b"ne" => BinaryOp::StringNotEqual,
        b"in" => BinaryOp::In,
        b"ni" => BinaryOp::NotIn,
        _ => return None,
    };
    (!text.get(2).is_some_and(u8::is_ascii_alphabetic)).then_some(operator)
}

/// Whether the number at the start of `text` is a lexeme of its own and not the beginning of a longer word such as `1abc`.
fn stands_alone(text: &[u8], number: Number) -> bool {
    let (Some(digits), Some(rest)) = (text.get(..number.byte_count), text.get(number.byte_count..))
    else {
        return false;
    };
    if name_byte_count(rest) == 0 {
        return true;
    }
    // With a dot or sign in it, it cannot be part of a word; `1eq 1` has an operator behind it.
    let is_word = name_byte_count(digits) == digits.len();
    number.is_double && !is_word || word_operator(rest).is_some()
}

fn name_byte_count(text: &[u8]) -> usize {
    text.iter()
        .position(|&byte| class(byte) & NAME == 0)
        .unwrap_or(text.len())
}

/// Where the number at the start of a text ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) byte_count: usize,
    is_double: bool,
}

impl Number {
    fn int(byte_count: usize) -> Option<Number> {
        Some(Number {
            byte_count,
            is_double: false,
        })
    }

    fn double(byte_count: usize) -> Option<Number> {
        Some(Number {
            byte_count,
            is_double: true,
        })
    }
}

/// The longest number without sign that `text` begins with.
pub(super) fn number(text: &[u8]) -> Option<Number> {
    match text.first()? {
        b'0' => match text.get(1).map(u8::to_ascii_lowercase) {
            Some(b'x') => prefixed(text, |byte| byte.is_ascii_hexdigit()),
            Some(b'o') => prefixed(text, |byte| matches!(byte, b'0'..=b'7')),
            Some(b'b') => prefixed(text, |byte| matches!(byte, b'0' | b'1')),
            _ => zero(text),
        },
        b'1'..=b'9' | b'.' => decimal(text),
        b'i' | b'I' if begins_with(text, b"infinity") => Number::double(8),
        b'i' | b'I' if begins_with(text, b"inf") => Number::double(3),
        b'n' | b'N' if begins_with(text, b"nan") => Number::double(3 + nan_bits_byte_count(text)),
        _ => None,
    }
}

fn begins_with(text: &[u8], word: &[u8]) -> bool {
    text.get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// `0x1f` and the like. Without a digit the number is the `0` alone.
fn prefixed(text: &[u8], is_digit: impl Fn(u8) -> bool) -> Option<Number> {
    let digit_count = text
        .iter()
        .skip(2)
        .take_while(|&&byte| is_digit(byte))
        .count();
    Number::int(if digit_count == 0 { 1 } else { 2 + digit_count })
}

/// A number with a leading zero: octal, unless a dot or an exponent makes it floating point.
fn zero(text: &[u8]) -> Option<Number> {
    match decimal(text) {
        Some(number) if number.is_double => Some(number),
        _ => Number::int(
            text.iter()
                .take_while(|byte| matches!(byte, b'0'..=b'7'))
                .count(),
        ),
    }
}

fn decimal(text: &[u8]) -> Option<Number> {
    let digit_count = |from: usize| {
        text.iter()
            .skip(from)
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let whole_count = digit_count(0);
    let mut end = whole_count;
    let mut is_double = false;
    if text.get(end) == Some(&b'.') {
        let fraction_count = digit_count(end + 1);
        if whole_count + fraction_count == 0 {
            return None;
        }
        end += 1 + fraction_count;
        is_double = true;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign_count = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let exponent_count = digit_count(end + 1 + sign_count);
        if exponent_count > 0 {
            end += 1 + sign_count + exponent_count;
            is_double = true;
        }
    }
    Some(Number {
        byte_count: end,
        is_double,
    })
}

/// The `(7ff)` that may follow `NaN`.
fn nan_bits_byte_count(text: &[u8]) -> usize {
    let Some((b'(', bits)) = text.get(3..).and_then(<[u8]>::split_first) else {
        return 0;
    };
    let digit_count = bits
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    if digit_count > 0 && bits.get(digit_count) == Some(&b')') {
        digit_count + 2
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number_text(text: &str) -> &str {
        number(text.as_bytes()).map_or("", |number| &text[..number.byte_count])
    }

    #[test]
    fn numbers_end_where_tclsh_ends_them() {
        for (text, expected) in [
            ("12+", "12"),
            ("0x1fg", "0x1f"),
            ("0xg", "0"),
            ("0b12", "0b1"),
            ("0o78", "0o7"),
            ("0178", "017"),
            ("08.5", "08.5"),
            ("09e1", "09e1"),
            ("1.e5", "1.e5"),
            ("1.e", "1."),
            (".5", ".5"),
            (".", ""),
            ("1e+", "1"),
            ("1e+5x", "1e+5"),
            ("Infinity", "Infinity"),
            ("infinit", "inf"),
            ("NaN(12f)", "NaN(12f)"),
            ("nan(g)", "nan"),
        ] {
            assert_eq!(number_text(text), expected, "{text}");
        }
    }

    #[test]
    fn a_number_with_letters_behind_it_is_a_word_unless_they_are_an_operator() {
        assert_eq!(lexeme(b"1abc "), (Lexeme::Bareword, 4));
        assert_eq!(lexeme(b"1eq 2"), (Lexeme::Number, 1));
        assert_eq!(lexeme(b"1.5x"), (Lexeme::Number, 3));
        assert_eq!(lexeme(b"Infx"), (Lexeme::Bareword, 4));
        assert_eq!(lexeme(b"in2"), (Lexeme::Binary(BinaryOp::In), 2));
        assert_eq!(lexeme(b"inx"), (Lexeme::Bareword, 3));
        assert_eq!(lexeme("_a".as_bytes()), (Lexeme::Invalid, 1));
    }
}
