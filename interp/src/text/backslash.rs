//! Backslash sequences, as scripts, list elements and `subst` read them.

use super::utf::{char_from_unit, first_character_bytes};

/// Reads the backslash sequence at the start of `text` (which begins with a backslash).
///
/// Returns the char it stands for, and how many bytes of `text` it takes, at least 1. A backslash at the very end
/// stands for itself; backslash-newline takes the spaces and tabs that follow and is one space.
/// As in tclsh 8.6, `\x` takes at most two digits, and a `\U` outside the Basic Multilingual Plane is U+FFFD.
pub fn parse_backslash(text: &str) -> (char, usize) {
    let bytes = text.as_bytes();
    let Some(&letter) = bytes.get(1) else {
        return ('\\', bytes.len().min(1));
    };
    match letter {
        b'a' => ('\x07', 2),
        b'b' => ('\x08', 2),
        b'f' => ('\x0C', 2),
        b'n' => ('\n', 2),
        b'r' => ('\r', 2),
        b't' => ('\t', 2),
        b'v' => ('\x0B', 2),
        b'x' => hexadecimal(bytes, 'x', 2),
        b'u' => hexadecimal(bytes, 'u', 4),
        b'U' => hexadecimal(bytes, 'U', 8),
        b'\n' => (
            ' ',
            2 + bytes[2..]
                .iter()
                .take_while(|&&byte| byte == b' ' || byte == b'\t')
                .count(),
        ),
        b'0'..=b'7' => octal(bytes),
        0xF0.. => surrogate(&text[1..]),
        _ => text[1..]
            .chars()
            .next()
            .map_or(('\\', 1), |character| (character, 1 + character.len_utf8())),
    }
}

/// A surrogate after the backslash is itself, but a pair, which tclsh reads as one character and cannot write, is U+FFFD.
fn surrogate(rest: &str) -> (char, usize) {
    match first_character_bytes(rest) {
        8 => ('\u{FFFD}', 9),
        bytes => (rest.chars().next().unwrap_or('\\'), 1 + bytes),
    }
}

/// The largest code point: a digit that would go beyond it is not taken.
const CODE_POINT_MAX: u32 = 0x10_FFFF;

fn hexadecimal(bytes: &[u8], letter: char, digits_max: usize) -> (char, usize) {
    let mut value = 0;
    let mut taken = 2;
    for &byte in bytes[2..].iter().take(digits_max) {
        let Some(digit) = char::from(byte).to_digit(16) else {
            break;
        };
        let next = value << 4 | digit;
        if next > CODE_POINT_MAX {
            break;
        }
        value = next;
        taken += 1;
    }
    if taken == 2 {
        return (letter, 2);
    }
    (
        u16::try_from(value).map_or('\u{FFFD}', char_from_unit),
        taken,
    )
}

fn octal(bytes: &[u8]) -> (char, usize) {
    let mut value = 0u8;
    let mut taken = 1;
    for &byte in bytes[1..].iter().take(3) {
        // The third digit is taken only if the value still fits a byte.
        if !matches!(byte, b'0'..=b'7') || value > 0o37 {
            break;
        }
        value = value << 3 | (byte & 7);
        taken += 1;
    }
    (char::from(value), taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_those_of_tclsh() {
        for (text, expected) in [
            ("\\", ('\\', 1)),
            ("\\n", ('\n', 2)),
            ("\\q", ('q', 2)),
            ("\\\u{e9}z", ('\u{e9}', 3)),
            ("\\\u{10F83D}x", ('\u{10F83D}', 5)),
            ("\\\u{10F83D}\u{10FE00}x", ('\u{FFFD}', 9)),
            ("\\412", ('!', 3)),
            ("\\377", ('\u{ff}', 4)),
            ("\\777", ('?', 3)),
            ("\\18", ('\u{1}', 2)),
            ("\\8", ('8', 2)),
            ("\\x", ('x', 2)),
            ("\\xg", ('x', 2)),
            ("\\x412", ('A', 4)),
            ("\\u4", ('\u{4}', 3)),
            ("\\u123456", ('\u{1234}', 6)),
            ("\\ud83d", ('\u{10F83D}', 6)),
            ("\\U0000FFFF", ('\u{FFFF}', 10)),
            ("\\U1F600", ('\u{FFFD}', 7)),
            ("\\U110000", ('\u{FFFD}', 7)),
            ("\\U0011FFFFF", ('\u{FFFD}', 9)),
            ("\\\n \t x", (' ', 5)),
            ("\\\n", (' ', 2)),
        ] {
            assert_eq!(parse_backslash(text), expected, "{text:?}");
        }
    }
}
