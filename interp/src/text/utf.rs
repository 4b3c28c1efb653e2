//! Between the outside's UTF-8 and the text inside.
//!
//! A Tcl 8.6 string is a sequence of UTF-16 code units. Inside, one `char` stands for one unit: a scalar value of the
//! Basic Multilingual Plane for itself, and the surrogate unit 0xD800 + n for the char U+10F800 + n, a *surrogate
//! escape* (n below 0x800; the end of a private-use plane, so no real text is displaced that cannot itself be escaped).
//! A character outside the plane is two escapes. So `string length` of an emoji is 2, a lone surrogate is an ordinary
//! character, and positions count `char`s.
//!
//! Only these functions see real astral characters, and a byte of 0xF0 or more is the sign of either kind: text
//! without one is the same inside and out.

use std::borrow::Cow;
use std::cmp::Ordering;

/// The first surrogate unit.
const SURROGATE_FIRST: u32 = 0xD800;
/// The char that stands for [`SURROGATE_FIRST`].
const ESCAPE_FIRST: u32 = 0x10_F800;
/// What stands for a surrogate without its partner where UTF-8 must be well formed.
const REPLACEMENT: char = '\u{FFFD}';

/// The char that stands for the UTF-16 code unit `unit`.
#[inline]
pub fn char_from_unit(unit: u16) -> char {
    let unit = u32::from(unit);
    char::from_u32(unit)
        .or_else(|| char::from_u32(ESCAPE_FIRST + unit.wrapping_sub(SURROGATE_FIRST)))
        .unwrap_or(REPLACEMENT)
}

/// The UTF-16 code unit that `character`, a char of inside text, stands for.
#[inline]
pub fn unit_of(character: char) -> u16 {
    let value = character as u32;
    // Truncation is exact: inside text holds the Basic Multilingual Plane and the escapes only.
    if value < 0x1_0000 {
        value as u16
    } else {
        value.wrapping_sub(ESCAPE_FIRST - SURROGATE_FIRST) as u16
    }
}

/// How many UTF-16 code units the inside text `text` has: what `string length` says.
#[inline]
pub fn unit_len(text: &str) -> usize {
    text.chars().count()
}

/// Whether `text` holds a char of four bytes: real astral outside, a surrogate escape inside.
#[inline]
fn has_four_byte_char(text: &[u8]) -> bool {
    // A maximum over a block is a vector loop; `any` on bytes is not.
    text.chunks(256)
        .any(|block| block.iter().fold(0, |max, &byte| byte.max(max)) >= 0xF0)
}

/// The byte offset of unit number `units` of `text`, or the length of `text` if it has no more than that.
pub fn offset_of_unit(text: &str, units: usize) -> usize {
    const BLOCK: usize = 64;
    let bytes = text.as_bytes();
    let (mut offset, mut left) = (0, units);
    // Count whole blocks by the bytes that start a char.
    while let Some(block) = bytes.get(offset..offset + BLOCK) {
        // A sum of bytes, which 64 ones fit in, is a vector loop.
        let starts = block
            .iter()
            .map(|&byte| u8::from((byte as i8) >= -0x40))
            .sum::<u8>();
        let starts = usize::from(starts);
        if starts > left {
            break;
        }
        left -= starts;
        offset += BLOCK;
    }
    // The block may have ended inside a char: its continuation bytes belong to the unit already counted.
    for (at, &byte) in bytes.iter().enumerate().skip(offset) {
        if (byte as i8) >= -0x40 {
            if left == 0 {
                return at;
            }
            left -= 1;
        }
    }
    bytes.len()
}

/// The piece of `text` from unit number `first` up to, not including, unit number `end`; both may be past the end.
pub fn slice_units(text: &str, first: usize, end: usize) -> &str {
    let rest = text.get(offset_of_unit(text, first)..).unwrap_or_default();
    rest.get(..offset_of_unit(rest, end.saturating_sub(first)))
        .unwrap_or_default()
}

/// How many bytes the first character of inside text `text` takes, a surrogate pair being one; 0 if it is empty.
#[inline]
pub fn first_character_bytes(text: &str) -> usize {
    let mut chars = text.chars();
    let first = chars.next().map_or(0, char::len_utf8);
    if first == 4 && is_high_low(text.chars().next(), chars.next()) {
        8
    } else {
        first
    }
}

/// How many bytes the last character of inside text `text` takes, a surrogate pair being one; 0 if it is empty.
#[inline]
pub fn last_character_bytes(text: &str) -> usize {
    let mut chars = text.chars();
    let Some(last) = chars.next_back() else {
        return 0;
    };
    if last.len_utf8() == 4 && is_high_low(chars.next_back(), Some(last)) {
        8
    } else {
        last.len_utf8()
    }
}

fn is_high_low(first: Option<char>, second: Option<char>) -> bool {
    matches!(first.map(unit_of), Some(0xD800..=0xDBFF))
        && matches!(second.map(unit_of), Some(0xDC00..=0xDFFF))
}

/// Whether inside text `text` holds a surrogate, so that its characters may take two chars.
#[inline]
pub fn has_surrogate(text: &str) -> bool {
    has_four_byte_char(text.as_bytes())
}

/// How many bytes `text` has in Tcl's own UTF-8, where NUL takes two and a surrogate three: `string bytelength`.
pub fn tcl_bytes(text: &str) -> usize {
    let bytes = text.as_bytes();
    // A surrogate escape takes four bytes here.
    let longer = memchr::memchr_iter(0, bytes).count();
    bytes.len() + longer - bytes.iter().filter(|&&byte| byte >= 0xF0).count()
}

/// The low 8 bits of each char of `text`: the bytes of a byte array.
#[inline]
pub fn to_byte_array(text: &str) -> Cow<'_, [u8]> {
    if text.is_ascii() {
        Cow::Borrowed(text.as_bytes())
    } else {
        Cow::Owned(
            text.chars()
                .map(|character| unit_of(character) as u8)
                .collect(),
        )
    }
}

/// The byte array `bytes` as text: a char for each byte.
#[inline]
pub fn from_byte_array(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()),
    }
}

/// The order of two inside texts by UTF-16 code unit, as `string compare` and `lsort` see it.
#[inline]
pub fn compare(left: &str, right: &str) -> Ordering {
    let (left_bytes, right_bytes) = (left.as_bytes(), right.as_bytes());
    let order = left_bytes.cmp(right_bytes);
    if order == Ordering::Equal
        || !(has_four_byte_char(left_bytes) || has_four_byte_char(right_bytes))
    {
        return order;
    }
    left.chars().map(unit_of).cmp(right.chars().map(unit_of))
}

/// Text from outside, made text for inside: astral characters become two surrogate escapes.
#[inline]
pub fn from_external(text: &str) -> Cow<'_, str> {
    if !has_four_byte_char(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let mut inside = String::with_capacity(text.len() + text.len() / 2);
    push_external(&mut inside, text);
    Cow::Owned(inside)
}

/// Appends `text`, which comes from outside, to the inside text `inside`.
pub fn push_external(inside: &mut String, text: &str) {
    if !has_four_byte_char(text.as_bytes()) {
        inside.push_str(text);
        return;
    }
    for character in text.chars() {
        push_external_char(inside, character);
    }
}

/// Appends the outside character `character` to the inside text `inside`: one char, or two escapes.
#[inline]
pub fn push_external_char(inside: &mut String, character: char) {
    if (character as u32) < 0x1_0000 {
        inside.push(character);
    } else {
        let mut units = [0; 2];
        for &mut unit in character.encode_utf16(&mut units) {
            inside.push(char_from_unit(unit));
        }
    }
}

/// One character of outside text: whole, or a surrogate that has lost its partner.
enum Outside {
    Whole(char),
    Lone(u16),
}

/// The outside characters of inside text, surrogate pairs joined.
fn outside_chars(text: &str) -> impl Iterator<Item = Outside> + '_ {
    char::decode_utf16(text.chars().map(unit_of)).map(|item| match item {
        Ok(character) => Outside::Whole(character),
        Err(lone) => Outside::Lone(lone.unpaired_surrogate()),
    })
}

/// Inside text made text for outside: pairs of escapes joined, a lone one replaced by U+FFFD.
#[inline]
pub fn to_external(text: &str) -> Cow<'_, str> {
    if !has_four_byte_char(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let joined = outside_chars(text).map(|item| match item {
        Outside::Whole(character) => character,
        Outside::Lone(_) => REPLACEMENT,
    });
    Cow::Owned(joined.collect())
}

/// Inside text made bytes for outside as tclsh's utf-8 encoding writes them: pairs of escapes joined, a lone surrogate
/// in the three bytes that its value would have (which is not well-formed UTF-8, and is read back as the same unit).
#[inline]
pub fn to_external_bytes(text: &str) -> Cow<'_, [u8]> {
    if !has_four_byte_char(text.as_bytes()) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for item in outside_chars(text) {
        match item {
            Outside::Whole(character) => {
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes())
            }
            Outside::Lone(unit) => {
                let [high, low] = unit.to_be_bytes();
                let middle = (high & 0x0F) << 2 | low >> 6;
                bytes.extend([0xE0 | high >> 4, 0x80 | middle, 0x80 | low & 0x3F]);
            }
        }
    }
    Cow::Owned(bytes)
}

/// UTF-8 bytes from outside as inside text, read as tclsh's utf-8 encoding reads them.
///
/// A byte that belongs to no well-formed character becomes the char of its value; C0 80 is U+0000; the three-byte form
/// of a surrogate is that surrogate.
pub fn decode_lossy(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => from_external(text),
        Err(_) => {
            let mut inside = String::with_capacity(bytes.len() + bytes.len() / 4);
            decode_prefix(bytes, &mut inside, true);
            Cow::Owned(inside)
        }
    }
}

/// Decodes `bytes` like [`decode_lossy`] onto the end of `inside` and returns how many bytes that took.
///
/// With `is_final` all are taken. Without it, up to three bytes that may be the start of a character are left for the
/// next call, when the stream has brought the rest.
pub fn decode_prefix(bytes: &[u8], inside: &mut String, is_final: bool) -> usize {
    let mut rest = bytes;
    loop {
        let error = match std::str::from_utf8(rest) {
            Ok(text) => {
                push_external(inside, text);
                return bytes.len();
            }
            Err(error) => error,
        };
        let (valid, invalid) = rest.split_at(error.valid_up_to());
        push_external(inside, std::str::from_utf8(valid).unwrap_or_default());
        rest = match *invalid {
            [0xC0, 0x80, ..] => {
                inside.push('\0');
                &invalid[2..]
            }
            [0xED, middle @ 0xA0..=0xBF, last @ 0x80..=0xBF, ..] => {
                inside.push(char_from_unit(
                    0xD000 | u16::from(middle & 0x3F) << 6 | u16::from(last & 0x3F),
                ));
                &invalid[3..]
            }
            [0xC0] | [0xED, 0xA0..=0xBF] if !is_final => return bytes.len() - invalid.len(),
            _ if error.error_len().is_none() && !is_final => return bytes.len() - invalid.len(),
            [first, ..] => {
                inside.push(char::from(first));
                &invalid[1..]
            }
            [] => return bytes.len(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_has_a_char() {
        for unit in 0..=u16::MAX {
            assert_eq!(unit_of(char_from_unit(unit)), unit);
        }
        assert_eq!(char_from_unit(0xD83D), '\u{10F83D}');
    }

    #[test]
    fn astral_is_two_units_inside_and_one_character_outside() {
        let inside = from_external("a\u{1F600}b");
        assert_eq!(unit_len(&inside), 4);
        assert_eq!(to_external(&inside), "a\u{1F600}b");
        assert_eq!(to_external_bytes(&inside), "a\u{1F600}b".as_bytes());
        assert_eq!(to_external_bytes("\u{10F83D}x").as_ref(), b"\xED\xA0\xBDx");
        assert_eq!(to_external("\u{10FE00}\u{10F83D}"), "\u{FFFD}\u{FFFD}");
        assert!(matches!(from_external("h\u{e9}"), Cow::Borrowed(_)));
        // The astral characters whose values the escapes use are escaped themselves.
        assert_eq!(to_external(&from_external("\u{10F83D}")), "\u{10F83D}");
    }

    #[test]
    fn invalid_bytes_are_read_as_tclsh_does() {
        let units = |bytes: &[u8]| decode_lossy(bytes).chars().map(unit_of).collect::<Vec<_>>();
        assert_eq!(units(b"\xFF\xFE\xC3"), [0xFF, 0xFE, 0xC3]);
        assert_eq!(units(b"\xC0\x80a\xC1\x80"), [0, 0x61, 0xC1, 0x80]);
        assert_eq!(units(b"\xED\xA0\xBD\xED\xB8\x80"), [0xD83D, 0xDE00]);
        assert_eq!(units(b"\xF0\x9F\x98\x80"), [0xD83D, 0xDE00]);
        assert_eq!(units(b"\xF4\x90\x80\x80"), [0xF4, 0x90, 0x80, 0x80]);
        assert_eq!(units(b"\xE2\x82\xC3\xA9"), [0xE2, 0x82, 0xE9]);
    }

    #[test]
    fn a_split_stream_decodes_as_the_whole() {
        let whole: &[u8] = b"x\xE2\x82\xACy\xF0\x9F\x98\x80\xC0\x80\xED\xA0\xBD\xFF\xE2\x82z\xC3";
        let expected = decode_lossy(whole);
        for cut in 0..whole.len() {
            let mut inside = String::new();
            let taken = decode_prefix(&whole[..cut], &mut inside, false);
            assert!(cut - taken <= 3);
            assert_eq!(
                decode_prefix(&whole[taken..], &mut inside, true),
                whole.len() - taken
            );
            assert_eq!(inside, expected);
        }
    }

    #[test]
    fn offsets_of_units() {
        let text = "h\u{e9}\u{20AC}".repeat(60);
        let mut expected = text.char_indices().map(|(at, _)| at).collect::<Vec<_>>();
        expected.push(text.len());
        for (units, &offset) in expected.iter().enumerate() {
            assert_eq!(offset_of_unit(&text, units), offset);
        }
        assert_eq!(offset_of_unit(&text, 10_000), text.len());
    }

    #[test]
    fn slices_and_byte_arrays() {
        assert_eq!(slice_units("h\u{e9}llo", 1, 3), "\u{e9}l");
        assert_eq!(slice_units("h\u{e9}llo", 4, 99), "o");
        assert_eq!(slice_units("h\u{e9}llo", 3, 2), "");
        assert_eq!(tcl_bytes("a\0\u{e9}\u{20ac}\u{10F83D}"), 1 + 2 + 2 + 3 + 3);
        assert_eq!(from_byte_array(b"a\xE9"), "a\u{e9}");
        assert_eq!(to_byte_array("a\u{e9}\u{141}").as_ref(), b"a\xE9A");
    }

    #[test]
    fn order_is_by_unit() {
        assert_eq!(compare("\u{10F83D}\u{10FE00}", "\u{FFFF}"), Ordering::Less);
        assert_eq!(compare("\u{10F83D}", "\u{D7FF}"), Ordering::Greater);
        assert_eq!(compare("ab", "abc"), Ordering::Less);
    }
}
