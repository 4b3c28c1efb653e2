//! How texts compare in `lsort` and `lsearch`.

use std::cmp::Ordering;

use crate::text::chars::{Class, is_class, to_lower};
use crate::text::utf::{compare, unit_of};

/// A text with its first bytes as a number, which decides most comparisons.
#[derive(Clone, Copy)]
pub(super) struct TextKey<'t> {
    prefix: u64,
    text: &'t str,
}

impl<'t> TextKey<'t> {
    pub fn new(text: &'t str) -> TextKey<'t> {
        let bytes = text.as_bytes();
        let mut prefix = [0; 8];
        let count = bytes.len().min(8);
        prefix[..count].copy_from_slice(&bytes[..count]);
        TextKey {
            prefix: u64::from_be_bytes(prefix),
            text,
        }
    }

    /// By bytes; for texts that are not [`needs_units`].
    #[inline]
    pub fn compare(&self, other: &TextKey<'_>) -> Ordering {
        match self.prefix.cmp(&other.prefix) {
            Ordering::Equal => self.text.as_bytes().cmp(other.text.as_bytes()),
            order => order,
        }
    }

    /// By UTF-16 code units, in tclsh's order of them; `is_folded` for `-nocase`, which has another place for U+0000.
    pub fn compare_units(&self, other: &TextKey<'_>, is_folded: bool) -> Ordering {
        if is_folded {
            compare(self.text, other.text)
        } else {
            ascii(self.text, other.text)
        }
    }
}

/// Whether the order of a text's bytes is not tclsh's: it has surrogates, or U+0000, which tclsh holds as two bytes.
pub(super) fn needs_units(text: &str) -> bool {
    text.bytes().any(|byte| byte >= 0xF0 || byte == 0)
}

/// The order of `lsort` without options.
pub(super) fn ascii(left: &str, right: &str) -> Ordering {
    if !needs_units(left) && !needs_units(right) {
        return left.as_bytes().cmp(right.as_bytes());
    }
    // U+0000 comes behind U+007F.
    let place = |character| match unit_of(character) {
        0 => 0xFF,
        unit => u32::from(unit) * 2,
    };
    left.chars().map(place).cmp(right.chars().map(place))
}

/// The order of `-dictionary`: as in a dictionary, regardless of case, with the numbers in the texts as numbers. Case and
/// leading zeros decide between texts that are otherwise the same.
///
/// It is no order in the mathematical sense, since a title-case letter equals both its cases.
pub(super) fn dictionary(left: &str, right: &str) -> Ordering {
    let (first, second) = (left.as_bytes(), right.as_bytes());
    let (mut at, mut other_at) = (0, 0);
    let mut tie = Ordering::Equal;
    loop {
        let (Some(&byte), Some(&other)) = (first.get(at), second.get(other_at)) else {
            return (first.len() - at).cmp(&(second.len() - other_at)).then(tie);
        };
        if byte.is_ascii_digit() && other.is_ascii_digit() {
            let (number, other_number) = (Digits::at(first, at), Digits::at(second, other_at));
            let order = number.digits.len().cmp(&other_number.digits.len());
            let order = order.then_with(|| number.digits.cmp(other_number.digits));
            if order != Ordering::Equal {
                return order;
            }
            tie = tie.then(number.zero_count.cmp(&other_number.zero_count));
            (at, other_at) = (number.end, other_number.end);
        } else if byte < 0x80 && other < 0x80 {
            if byte != other {
                let order = byte.to_ascii_lowercase().cmp(&other.to_ascii_lowercase());
                if order != Ordering::Equal {
                    return order;
                }
                tie = tie.then(ascii_tie(byte, other));
            }
            (at, other_at) = (at + 1, other_at + 1);
        } else {
            let (Some(character), Some(other)) = (char_at(left, at), char_at(right, other_at))
            else {
                return tie;
            };
            // Surrogates are chars above all others, which is where the characters that they make belong.
            let order = to_lower(character).cmp(&to_lower(other));
            if order != Ordering::Equal {
                return order;
            }
            tie = tie.then_with(|| case_tie(character, other));
            (at, other_at) = (at + character.len_utf8(), other_at + other.len_utf8());
        }
    }
}

fn char_at(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

/// Which of two letters that differ only in case comes first: the upper one.
fn ascii_tie(first: u8, second: u8) -> Ordering {
    match (first.is_ascii_uppercase(), second.is_ascii_uppercase()) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        _ => Ordering::Equal,
    }
}

fn case_tie(first: char, second: char) -> Ordering {
    let is = is_class;
    if is(first, Class::Upper) && is(second, Class::Lower) {
        Ordering::Less
    } else if is(first, Class::Lower) && is(second, Class::Upper) {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

/// A decimal number in a text.
struct Digits<'t> {
    /// Leading zeros, unless the number is one zero.
    zero_count: usize,
    /// The other digits, at least one.
    digits: &'t [u8],
    /// Where the text goes on.
    end: usize,
}

impl<'t> Digits<'t> {
    fn at(text: &'t [u8], start: usize) -> Digits<'t> {
        let rest = text.get(start..).unwrap_or_default();
        let digit_count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = rest.get(..digit_count).unwrap_or_default();
        let last = digit_count.saturating_sub(1);
        let zero_count = number
            .iter()
            .take(last)
            .take_while(|byte| **byte == b'0')
            .count();
        Digits {
            zero_count,
            digits: number.get(zero_count..).unwrap_or_default(),
            end: start + digit_count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_texts_count_as_numbers() {
        assert_eq!(dictionary("x9y", "x10y"), Ordering::Less);
        assert_eq!(dictionary("x10", "x010"), Ordering::Less);
        assert_eq!(dictionary("x010", "x9"), Ordering::Greater);
        assert_eq!(dictionary("a1", "a"), Ordering::Greater);
        assert_eq!(dictionary("0", "00"), Ordering::Less);
    }

    #[test]
    fn case_decides_last() {
        assert_eq!(dictionary("bigBoy", "bigbang"), Ordering::Greater);
        assert_eq!(dictionary("bigBoy", "bigboy"), Ordering::Less);
        assert_eq!(dictionary("Ä1", "ä01"), Ordering::Less);
        assert_eq!(dictionary("ab", "Ab"), Ordering::Greater);
    }

    #[test]
    fn the_zero_character_comes_after_ascii() {
        assert_eq!(ascii("a\0", "ab"), Ordering::Greater);
        assert_eq!(ascii("a\0", "aé"), Ordering::Less);
        assert_eq!(ascii("b", "a"), Ordering::Greater);
    }
}
