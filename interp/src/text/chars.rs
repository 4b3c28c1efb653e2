//! Character classes and case, as tclsh 8.6.13 (Unicode 15) has them.
//!
//! Each char stands for one UTF-16 unit (see [`super::utf`]); a surrogate has no class and no case. tclsh classes a
//! surrogate pair by the low 16 bits of its code point, and [`first_outside`] does too.

use super::chars_table::{RUNS, SETS};
use super::utf::unit_of;

/// A class of characters that `string is` knows by this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Class {
    /// Letters and decimal digits.
    Alnum,
    /// Letters.
    Alpha,
    /// U+0000 to U+007F.
    Ascii,
    /// Control and format characters, private use.
    Control,
    /// Decimal digits of any script.
    Digit,
    /// What prints and is not a space.
    Graph,
    /// Lower-case letters.
    Lower,
    /// What prints, spaces included.
    Print,
    /// Punctuation.
    Punct,
    /// White space.
    Space,
    /// Upper-case letters.
    Upper,
    /// Letters, digits and connectors such as `_`.
    Wordchar,
    /// The ASCII hexadecimal digits.
    Xdigit,
}

impl Class {
    /// All classes under the names that `string is` gives them, in alphabetical order.
    pub const NAMES: [(&'static str, Class); 13] = [
        ("alnum", Class::Alnum),
        ("alpha", Class::Alpha),
        ("ascii", Class::Ascii),
        ("control", Class::Control),
        ("digit", Class::Digit),
        ("graph", Class::Graph),
        ("lower", Class::Lower),
        ("print", Class::Print),
        ("punct", Class::Punct),
        ("space", Class::Space),
        ("upper", Class::Upper),
        ("wordchar", Class::Wordchar),
        ("xdigit", Class::Xdigit),
    ];
}

/// The sets of U+0000 to U+00FF, which are most of what is asked for.
static LATIN: [u16; 256] = {
    let mut sets = [0; 256];
    let (mut run, mut unit) = (0, 0);
    while unit < sets.len() {
        while RUNS[run + 1] >> 16 <= unit as u32 {
            run += 1;
        }
        sets[unit] = set_of_run(RUNS[run], unit as u32);
        unit += 1;
    }
    sets
};

/// The set of `unit`, which lies in `run`.
const fn set_of_run(run: u32, unit: u32) -> u16 {
    let is_second = (unit - (run >> 16)) & 1 == 1;
    SETS[(if is_second {
        run & 0xFF
    } else {
        run >> 8 & 0xFF
    }) as usize]
}

/// The classes of a unit, as bits.
#[inline]
fn set_of(unit: u16) -> u16 {
    if let Some(&set) = LATIN.get(usize::from(unit)) {
        return set;
    }
    let unit = u32::from(unit);
    let after = RUNS.partition_point(|run| run >> 16 <= unit);
    RUNS.get(after.wrapping_sub(1))
        .map_or(0, |&run| set_of_run(run, unit))
}

/// Whether `character` belongs to `class`.
#[inline]
pub fn is_class(character: char, class: Class) -> bool {
    set_of(unit_of(character)) >> class as u16 & 1 == 1
}

/// Whether `character` can be part of a word for `string wordend`, and `\w` in regular expressions.
#[inline]
pub fn is_wordchar(character: char) -> bool {
    is_class(character, Class::Wordchar)
}

/// Whether `string trim` removes `character` when not told what to remove: white space and NUL.
#[inline]
pub fn is_trimmed(character: char) -> bool {
    if character.is_ascii() {
        matches!(character, '\0' | '\t'..='\r' | ' ')
    } else {
        is_class(character, Class::Space)
    }
}

/// How many characters of `text` precede the first that is not in `class`; `None` if all are. A surrogate pair counts as
/// one character here, as in what `string is -failindex` gives.
pub fn first_outside(text: &str, class: Class) -> Option<usize> {
    let bit = class as u16;
    let has_class = |unit: u16| set_of(unit) >> bit & 1 == 1;
    let bytes = text.as_bytes();
    let is_ascii_in = |byte: u8| byte < 0x80 && LATIN[usize::from(byte)] >> bit & 1 == 1;
    let mut characters = bytes.iter().position(|&byte| !is_ascii_in(byte))?;
    let mut units = text[characters..].chars().map(unit_of).peekable();
    while let Some(unit) = units.next() {
        let pair = match (unit, units.peek()) {
            (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => {
                Some((unit & 0x3F) << 10 | low & 0x3FF)
            }
            _ => None,
        };
        let is_in = match pair {
            None => has_class(unit),
            // No character beyond the Basic Multilingual Plane is one of these, whatever its low bits.
            Some(_) if matches!(class, Class::Ascii | Class::Xdigit) => false,
            Some(low_bits) => has_class(low_bits),
        };
        if !is_in {
            return Some(characters);
        }
        if pair.is_some() {
            units.next();
        }
        characters += 1;
    }
    None
}

/// The one char of a full case mapping, or `character` where the mapping is longer.
#[inline]
fn single(character: char, mut mapping: impl Iterator<Item = char>) -> char {
    match (mapping.next(), mapping.next()) {
        (Some(mapped), None) => mapped,
        _ => character,
    }
}

/// `character` in lower case, if that is one char: what comparisons regardless of case compare.
#[inline]
pub fn to_lower(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    match character as u32 {
        0x130 => 'i',
        // Cased since Unicode 16 only.
        0x1C89 | 0xA7CB | 0xA7CC | 0xA7CE | 0xA7D2 | 0xA7D4 | 0xA7DA | 0xA7DC => character,
        _ => single(character, character.to_lowercase()),
    }
}

/// `character` in upper case, if that is one char.
#[inline]
pub fn to_upper(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_uppercase();
    }
    match character as u32 {
        // Greek letters with a subscript iota: their title case, where Unicode's full mapping has two chars.
        value @ (0x1F80..=0x1F87 | 0x1F90..=0x1F97 | 0x1FA0..=0x1FA7) => moved(value, 8),
        value @ (0x1FB3 | 0x1FC3 | 0x1FF3) => moved(value, 9),
        // Cased since Unicode 16 only.
        0x19B | 0x264 | 0x1C8A | 0xA7CD | 0xA7CF | 0xA7D3 | 0xA7D5 | 0xA7DB => character,
        _ => single(character, character.to_uppercase()),
    }
}

/// `character` in title case, if that is one char: upper case, but for the digraphs and Georgian.
#[inline]
pub fn to_title(character: char) -> char {
    match character as u32 {
        0x1C4..=0x1C6 => '\u{1C5}',
        0x1C7..=0x1C9 => '\u{1C8}',
        0x1CA..=0x1CC => '\u{1CB}',
        0x1F1..=0x1F3 => '\u{1F2}',
        0x10D0..=0x10FA | 0x10FD..=0x10FF => character,
        _ => to_upper(character),
    }
}

fn moved(value: u32, distance: u32) -> char {
    char::from_u32(value + distance).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::super::utf::char_from_unit;
    use super::*;

    /// FNV-1a over whole values, to compare 65536 answers with tclsh's.
    fn checksum(of: impl Fn(char) -> u64) -> u64 {
        (0..=u16::MAX).fold(0xCBF2_9CE4_8422_2325, |hash, unit| {
            (hash ^ of(char_from_unit(unit))).wrapping_mul(0x100_0000_01B3)
        })
    }

    /// The mapping that `string toupper` and its kin make, which do not let a character grow.
    fn not_grown(character: char, mapped: char) -> u64 {
        u64::from(unit_of(if mapped.len_utf8() > character.len_utf8() {
            character
        } else {
            mapped
        }))
    }

    #[test]
    fn every_character_is_as_in_tclsh() {
        assert_eq!(
            checksum(|character| u64::from(set_of(unit_of(character)))),
            0x78A_AA71_FCEA_2D0A
        );
        assert_eq!(
            checksum(|character| not_grown(character, to_upper(character))),
            0x9696_0CC0_6E65_61EA
        );
        assert_eq!(
            checksum(|character| not_grown(character, to_lower(character))),
            0x5CF7_9DEE_D3EC_1A1D
        );
        assert_eq!(
            checksum(|character| not_grown(character, to_title(character))),
            0x674C_B44C_68FA_424A
        );
    }

    #[test]
    fn trimmed_are_spaces_and_nul() {
        for unit in 0..=u16::MAX {
            let character = char_from_unit(unit);
            assert_eq!(
                is_trimmed(character),
                unit == 0 || is_class(character, Class::Space),
                "{unit:x}"
            );
        }
    }

    #[test]
    fn the_first_character_outside_a_class() {
        assert_eq!(first_outside("abc1", Class::Alpha), Some(3));
        assert_eq!(first_outside("", Class::Alpha), None);
        assert_eq!(first_outside("a\u{10F801}\u{10FC41}b", Class::Alpha), None);
        assert_eq!(
            first_outside("\u{10F801}\u{10FC41}0", Class::Alpha),
            Some(1)
        );
        assert_eq!(
            first_outside("a\u{10F83D}\u{10FE00}b", Class::Alpha),
            Some(1)
        );
        assert_eq!(first_outside("\u{10F83D}", Class::Print), Some(0));
    }
}
