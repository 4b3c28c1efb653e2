//! What the `string` and `split` commands do to text. Positions count chars, which are UTF-16 units (see [`super::utf`]).

use std::borrow::Cow;
use std::cmp::Ordering;

use memchr::{memchr, memmem};

use crate::limits::STRING_BYTES_MAX;

use super::chars::{is_trimmed, is_wordchar, to_lower, to_title, to_upper};
use super::utf::{
    first_character_bytes, has_surrogate, last_character_bytes, offset_of_unit, slice_units,
    unit_len, unit_of,
};

/// The longest text made here, in bytes; less in tests, so that they can reach it.
const BYTES_MAX: usize = if cfg!(test) {
    1 << 20
} else {
    STRING_BYTES_MAX
};

/// The result would be longer than [`STRING_BYTES_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl TooLong {
    /// tclsh's message, with our limit.
    pub fn message(self) -> String {
        format!("result exceeds max size for a Tcl value ({BYTES_MAX} bytes)")
    }

    /// The words of tclsh's errorCode.
    pub fn code(self) -> &'static [&'static str] {
        &["TCL", "MEMORY"]
    }
}

/// The position of the first `needle` in `haystack` that begins at position `start` or later. An empty one is nowhere.
pub fn first(needle: &str, haystack: &str, start: usize) -> Option<usize> {
    if needle.is_empty() {
        return None;
    }
    let skipped = offset_of_unit(haystack, start);
    let rest = &haystack[skipped..];
    let at = match needle.as_bytes() {
        [byte] => memchr(*byte, rest.as_bytes()),
        bytes => memmem::find(rest.as_bytes(), bytes),
    };
    at.map(|at| start + unit_len(&rest[..at]))
}

/// The position of the last `needle` in `haystack` that ends at position `last` or before, −1 being before the first.
/// An empty one is nowhere.
pub fn last(needle: &str, haystack: &str, last: i64) -> Option<usize> {
    let units = usize::try_from(last.checked_add(1)?).ok()?;
    if needle.is_empty() {
        return None;
    }
    let searched = &haystack[..offset_of_unit(haystack, units)];
    searched.rfind(needle).map(|at| unit_len(&searched[..at]))
}

/// The order of two texts as `string compare` has it: of their first `length` chars if given, by lower case if `nocase`.
pub fn compare(left: &str, right: &str, nocase: bool, length: Option<usize>) -> Ordering {
    let (left, right) = match length {
        Some(units) => (slice_units(left, 0, units), slice_units(right, 0, units)),
        None => (left, right),
    };
    if nocase {
        folded(left).cmp(folded(right))
    } else {
        super::utf::compare(left, right)
    }
}

/// Whether two texts are equal, as `string equal` with these options has it.
pub fn is_equal(left: &str, right: &str, nocase: bool, length: Option<usize>) -> bool {
    if !nocase && length.is_none() {
        left == right
    } else {
        compare(left, right, nocase, length).is_eq()
    }
}

/// The units of `text` in lower case.
fn folded(text: &str) -> impl Iterator<Item = u16> + '_ {
    text.chars().map(|character| unit_of(to_lower(character)))
}

/// `text` with every key of `pairs` (key, replacement) replaced, as `string map` does: at each position the first key in
/// the order of `pairs` that is there wins, and what was put in is not looked at again. Empty keys are none.
pub fn map<'t>(
    text: &'t str,
    pairs: &[(&str, &str)],
    nocase: bool,
) -> Result<Cow<'t, str>, TooLong> {
    match pairs {
        [(key, with)] if !nocase && !key.is_empty() => map_one(text, key, with),
        _ => map_any(text, pairs, nocase),
    }
}

fn map_one<'t>(text: &'t str, key: &str, with: &str) -> Result<Cow<'t, str>, TooLong> {
    let finder = memmem::Finder::new(key.as_bytes());
    let mut out = String::new();
    let mut done = 0;
    for at in finder.find_iter(text.as_bytes()) {
        reserve_once(&mut out, text);
        push_bounded(&mut out, &text[done..at])?;
        push_bounded(&mut out, with)?;
        done = at + key.len();
    }
    if done == 0 {
        return Ok(Cow::Borrowed(text));
    }
    push_bounded(&mut out, &text[done..])?;
    Ok(Cow::Owned(out))
}

fn map_any<'t>(
    text: &'t str,
    pairs: &[(&str, &str)],
    nocase: bool,
) -> Result<Cow<'t, str>, TooLong> {
    let keys = Keys::new(pairs, nocase);
    let mut out = String::new();
    let (mut done, mut at) = (0, 0);
    while let Some(candidate) = keys.next_candidate(text, at) {
        let rest = &text[candidate..];
        match keys.find(rest) {
            Some((length, with)) => {
                reserve_once(&mut out, text);
                push_bounded(&mut out, &text[done..candidate])?;
                push_bounded(&mut out, with)?;
                at = candidate + length;
                done = at;
            }
            None => at = candidate + rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    if done == 0 {
        return Ok(Cow::Borrowed(text));
    }
    push_bounded(&mut out, &text[done..])?;
    Ok(Cow::Owned(out))
}

/// Makes room for a result as long as the text that it is made of, which most are about.
#[inline]
fn reserve_once(out: &mut String, text: &str) {
    if out.capacity() == 0 {
        out.reserve(text.len());
    }
}

fn push_bounded(out: &mut String, text: &str) -> Result<(), TooLong> {
    if text.len() > BYTES_MAX.saturating_sub(out.len()) {
        return Err(TooLong);
    }
    out.push_str(text);
    Ok(())
}

/// With no more keys than this, all of them are tried wherever one may begin; with more, only those of its first byte.
const TRIED_KEYS_MAX: usize = 8;

/// The keys of a map, found by their first byte.
struct Keys<'p> {
    pairs: &'p [(&'p str, &'p str)],
    nocase: bool,
    /// Which bytes a key may begin with. None is a continuation byte, so where one is found a char begins.
    is_first: [bool; 256],
    /// Numbers of pairs, by the first byte of their keys and then as given; empty where all are tried.
    order: Vec<u32>,
}

impl<'p> Keys<'p> {
    fn new(pairs: &'p [(&'p str, &'p str)], nocase: bool) -> Keys<'p> {
        let mut keys = Keys {
            pairs,
            nocase,
            is_first: [false; 256],
            order: Vec::new(),
        };
        for (key, _) in pairs {
            if let Some(&first) = key.as_bytes().first() {
                keys.is_first[usize::from(first)] = true;
                if nocase {
                    keys.allow_other_case(key);
                }
            }
        }
        if !nocase && pairs.len() > TRIED_KEYS_MAX {
            let mut order: Vec<u32> = (0..pairs.len() as u32).collect();
            // A stable sort.
            order.sort_by_key(|&pair| keys.first_byte(pair));
            keys.order = order;
        }
        keys
    }

    /// Allows the first bytes of what equals the first char of `key` but for case.
    fn allow_other_case(&mut self, key: &str) {
        let folded = key.chars().next().map_or('\0', to_lower);
        if folded.is_ascii() {
            self.is_first[usize::from(folded as u8)] = true;
            self.is_first[usize::from((folded as u8).to_ascii_uppercase())] = true;
        }
        // Beyond ASCII, chars of different first bytes may be equal; and two there have ASCII letters for lower case,
        // U+0130 and the Kelvin sign.
        if !folded.is_ascii() || matches!(folded, 'i' | 'k') {
            self.is_first[0xC0..].fill(true);
        }
    }

    /// The first byte of the key of pair number `pair`; `None`, which is below all others, if it is empty.
    fn first_byte(&self, pair: u32) -> Option<u8> {
        self.pairs
            .get(pair as usize)
            .and_then(|(key, _)| key.as_bytes().first().copied())
    }

    /// The first position from `from` on where a key may begin.
    #[inline]
    fn next_candidate(&self, text: &str, from: usize) -> Option<usize> {
        let rest = text.as_bytes().get(from..)?;
        rest.iter()
            .position(|&byte| self.is_first[usize::from(byte)])
            .map(|at| from + at)
    }

    /// The first key that `rest` begins with: how many bytes of `rest` it takes, and its replacement.
    #[inline]
    fn find(&self, rest: &str) -> Option<(usize, &'p str)> {
        let byte = rest.as_bytes().first().copied();
        if self.order.is_empty() {
            let may_match = |key: &str| self.nocase || key.as_bytes().first().copied() == byte;
            return self
                .pairs
                .iter()
                .filter(|(key, _)| may_match(key))
                .find_map(|pair| self.try_pair(rest, pair));
        }
        let start = self
            .order
            .partition_point(|&pair| self.first_byte(pair) < byte);
        let candidates = self
            .order
            .get(start..)?
            .iter()
            .take_while(|&&pair| self.first_byte(pair) == byte);
        candidates
            .filter_map(|&pair| self.pairs.get(pair as usize))
            .find_map(|pair| self.try_pair(rest, pair))
    }

    #[inline]
    fn try_pair(&self, rest: &str, &(key, with): &(&'p str, &'p str)) -> Option<(usize, &'p str)> {
        let length = if self.nocase {
            prefix_nocase(rest, key)?
        } else {
            rest.starts_with(key).then_some(key.len())?
        };
        // An empty key is everywhere, and counts as none.
        (length > 0).then_some((length, with))
    }
}

/// How many bytes of `text` are `key` regardless of case, if it begins so.
fn prefix_nocase(text: &str, key: &str) -> Option<usize> {
    let mut chars = text.chars();
    let is_prefix = key.chars().all(|wanted| {
        chars
            .next()
            .is_some_and(|found| to_lower(found) == to_lower(wanted))
    });
    is_prefix.then(|| text.len() - chars.as_str().len())
}

/// `text` backwards; surrogate pairs stay pairs.
pub fn reverse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    if !has_surrogate(text) {
        out.extend(text.chars().rev());
        return out;
    }
    let mut rest = text;
    while !rest.is_empty() {
        let (before, character) = rest.split_at(rest.len() - last_character_bytes(rest));
        out.push_str(character);
        rest = before;
    }
    out
}

/// `text` with positions `first` to `last`, inclusive, replaced by `with`, as `string replace` does; `None` if nothing is
/// replaced, as with an empty range or one outside the text.
pub fn replace(text: &str, first: i64, last: i64, with: &str) -> Option<String> {
    let first_units = usize::try_from(first).unwrap_or(0);
    let start = offset_of_unit(text, first_units);
    // In an empty text only a range from before its start to its end or later has anything to replace.
    let is_past_end = start == text.len() && !(text.is_empty() && first < 0);
    if last < 0 || last < first || is_past_end {
        return None;
    }
    let kept = &text[start..];
    // `last` is at least 0 and at least `first`.
    let units = (last as usize)
        .saturating_sub(first_units)
        .saturating_add(1);
    let tail = &kept[offset_of_unit(kept, units)..];
    let mut out = String::with_capacity(start + with.len() + tail.len());
    out.push_str(&text[..start]);
    out.push_str(with);
    out.push_str(tail);
    Some(out)
}

/// `text`, `count` times over; nothing for a count below 1.
pub fn repeat(text: &str, count: i64) -> Result<String, TooLong> {
    let count = usize::try_from(count).unwrap_or(0);
    match text.len().checked_mul(count) {
        Some(bytes) if bytes <= BYTES_MAX => Ok(text.repeat(count)),
        _ => Err(TooLong),
    }
}

/// Gives `each` the pieces of `text` between any of the chars `separators`, as `split` does: one more than there are
/// separators in it, and none of an empty text. Without separators, the pieces are the characters.
pub fn split<'t>(text: &'t str, separators: &str, mut each: impl FnMut(&'t str)) {
    if text.is_empty() {
        return;
    }
    match separators.as_bytes() {
        [] => split_characters(text, each),
        [byte] => {
            let mut done = 0;
            for at in memchr::memchr_iter(*byte, text.as_bytes()) {
                each(&text[done..at]);
                done = at + 1;
            }
            each(&text[done..]);
        }
        bytes if bytes.is_ascii() => split_ascii(text, bytes, each),
        _ => text
            .split(|character| separators.contains(character))
            .for_each(each),
    }
}

/// Splits at ASCII characters, which are bytes of their own.
fn split_ascii<'t>(text: &'t str, separators: &[u8], mut each: impl FnMut(&'t str)) {
    let mut is_separator = [false; 256];
    for &byte in separators {
        is_separator[usize::from(byte)] = true;
    }
    let mut done = 0;
    for (at, &byte) in text.as_bytes().iter().enumerate() {
        if is_separator[usize::from(byte)] {
            each(&text[done..at]);
            done = at + 1;
        }
    }
    each(&text[done..]);
}

fn split_characters<'t>(text: &'t str, mut each: impl FnMut(&'t str)) {
    let mut rest = text;
    while !rest.is_empty() {
        let (character, after) = rest.split_at(first_character_bytes(rest));
        each(character);
        rest = after;
    }
}

/// The ends that trimming works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// `string trimleft`.
    Left,
    /// `string trimright`.
    Right,
    /// `string trim`.
    Both,
}

/// `text` without the characters of `set` at its ends; without a set, without white space and NUL. A surrogate pair, in
/// either, is one character.
pub fn trim<'t>(text: &'t str, set: Option<&str>, side: Side) -> &'t str {
    match set {
        None => trim_by(text, side, is_trimmed),
        Some("") => text,
        Some(set) if has_surrogate(set) => trim_characters(text, set, side),
        Some(set) => trim_by(text, side, |character| set.contains(character)),
    }
}

fn trim_by(text: &str, side: Side, is_cut: impl Fn(char) -> bool) -> &str {
    match side {
        Side::Left => text.trim_start_matches(is_cut),
        Side::Right => text.trim_end_matches(is_cut),
        Side::Both => text.trim_start_matches(&is_cut).trim_end_matches(&is_cut),
    }
}

fn trim_characters<'t>(text: &'t str, set: &str, side: Side) -> &'t str {
    let mut cut = Vec::new();
    split_characters(set, |character| cut.push(character));
    let mut rest = text;
    while side != Side::Right && !rest.is_empty() {
        let (character, after) = rest.split_at(first_character_bytes(rest));
        if !cut.contains(&character) {
            break;
        }
        rest = after;
    }
    while side != Side::Left && !rest.is_empty() {
        let (before, character) = rest.split_at(rest.len() - last_character_bytes(rest));
        if !cut.contains(&character) {
            break;
        }
        rest = before;
    }
    rest
}

/// `text` in upper case. As in tclsh, a character stays what it is where its upper case would take more bytes.
pub fn upper(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_uppercase()
    } else {
        text.chars()
            .map(|character| not_grown(character, to_upper(character)))
            .collect()
    }
}

/// `text` in lower case; as [`upper`].
pub fn lower(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.chars()
            .map(|character| not_grown(character, to_lower(character)))
            .collect()
    }
}

/// `text` with its first character in title case and the others in lower case; as [`upper`].
pub fn title(text: &str) -> String {
    // tclsh leaves the Georgian capitals, which title case does not use, alone here.
    let lower = |character| {
        if ('\u{1C90}'..='\u{1CBF}').contains(&character) {
            character
        } else {
            to_lower(character)
        }
    };
    let mut chars = text.chars();
    let mut out = String::with_capacity(text.len());
    out.extend(chars.next().map(|first| not_grown(first, to_title(first))));
    out.extend(chars.map(|character| not_grown(character, lower(character))));
    out
}

fn not_grown(character: char, mapped: char) -> char {
    if mapped.len_utf8() > character.len_utf8() {
        character
    } else {
        mapped
    }
}

/// The position just after the word at position `index`: `string wordend`. A character of no word is a word of its own.
pub fn word_end(text: &str, index: i64) -> usize {
    let index = usize::try_from(index).unwrap_or(0);
    let start = offset_of_unit(text, index);
    if start == text.len() {
        return unit_len(text);
    }
    let word = text[start..]
        .chars()
        .take_while(|&character| is_wordchar(character))
        .count();
    index + word.max(1)
}

/// The position of the first character of the word at position `index`: `string wordstart`.
pub fn word_start(text: &str, index: i64) -> usize {
    let units = unit_len(text);
    let index = usize::try_from(index)
        .unwrap_or(0)
        .min(units.saturating_sub(1));
    let up_to = slice_units(text, 0, index.saturating_add(1));
    let word = up_to
        .chars()
        .rev()
        .take_while(|&character| is_wordchar(character))
        .count();
    if word == 0 { index } else { index + 1 - word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_and_last() {
        assert_eq!(first("b", "abcb", 2), Some(3));
        assert_eq!(first("b", "\u{e9}\u{20ac}b", 0), Some(2));
        assert_eq!(first("", "abc", 0), None);
        assert_eq!(first("b", "abc", 10), None);
        assert_eq!(last("bc", "abcbc", 3), Some(1));
        assert_eq!(last("bc", "abcbc", i64::MAX - 1), Some(3));
        assert_eq!(last("a", "abc", -1), None);
        assert_eq!(last("a", "abc", i64::MIN), None);
    }

    #[test]
    fn comparing() {
        assert_eq!(compare("ABc", "abd", true, Some(2)), Ordering::Equal);
        assert_eq!(compare("A", "_", true, None), Ordering::Greater);
        assert_eq!(compare("A", "_", false, None), Ordering::Less);
        assert!(is_equal("\u{130}", "i", true, None));
        assert!(is_equal("abc", "abd", false, Some(2)));
    }

    #[test]
    fn mapping() {
        for (text, pairs, nocase, result) in [
            ("abc", &[("a", "b"), ("b", "c")][..], false, "bcc"),
            ("aab", &[("ab", "X"), ("a", "Y")], false, "YX"),
            ("aab", &[("a", "Y"), ("ab", "X")], false, "YYb"),
            ("abc", &[("", "x"), ("a", "b")], false, "bbc"),
            ("aabcbc", &[("abc", "")], false, "abc"),
            ("ABCabc", &[("aB", "x"), ("abc", "y")], true, "xCxc"),
            (
                "\u{c9}\u{e9}\u{212A}k",
                &[("\u{e9}", "e"), ("K", "-")],
                true,
                "ee--",
            ),
            ("abc", &[], false, "abc"),
        ] {
            assert_eq!(map(text, pairs, nocase).as_deref(), Ok(result), "{text}");
        }
        let long = "y".repeat(BYTES_MAX / 999);
        assert_eq!(map(&"x".repeat(1000), &[("x", &long)], false), Err(TooLong));
    }

    #[test]
    fn reversing_and_repeating() {
        assert_eq!(reverse("ab\u{e9}"), "\u{e9}ba");
        assert_eq!(reverse("a\u{10F83D}\u{10FE00}b"), "b\u{10F83D}\u{10FE00}a");
        assert_eq!(repeat("ab", 3).as_deref(), Ok("ababab"));
        assert_eq!(repeat("ab", -1).as_deref(), Ok(""));
        assert_eq!(repeat("ab", i64::MAX), Err(TooLong));
    }

    #[test]
    fn replacing() {
        for (text, first, last, result) in [
            ("abcde", 1, 2, Some("aXde")),
            ("abcde", -1, 2, Some("Xde")),
            ("abcde", 3, 10, Some("abcX")),
            ("abcde", 3, 2, None),
            ("abcde", -5, -1, None),
            ("abc", 3, 3, None),
            ("abc", 2, i64::MAX, Some("abX")),
            ("", 0, 0, None),
            ("", -1, 0, Some("X")),
        ] {
            assert_eq!(
                replace(text, first, last, "X").as_deref(),
                result,
                "{text} {first} {last}"
            );
        }
    }

    #[test]
    fn splitting() {
        let pieces = |text, separators| {
            let mut pieces = Vec::new();
            split(text, separators, |piece| pieces.push(piece));
            pieces
        };
        assert_eq!(pieces(",a,,b,", ","), ["", "a", "", "b", ""]);
        assert_eq!(pieces("a b,c", " ,"), ["a", "b", "c"]);
        assert_eq!(pieces("a\u{e9}b", "\u{e9}"), ["a", "b"]);
        assert_eq!(
            pieces("a\u{10F83D}\u{10FE00}", ""),
            ["a", "\u{10F83D}\u{10FE00}"]
        );
        assert_eq!(pieces("", ","), [""; 0]);
    }

    #[test]
    fn trimming() {
        assert_eq!(trim(" \0a b\u{3000}", None, Side::Both), "a b");
        assert_eq!(trim("xxaxx", Some("x"), Side::Left), "axx");
        assert_eq!(trim("xxaxx", Some("yx"), Side::Right), "xxa");
        assert_eq!(trim("aba", Some(""), Side::Both), "aba");
        let pair = "\u{10F83D}\u{10FE00}";
        assert_eq!(trim(pair, Some("\u{10F83D}"), Side::Both), pair);
        assert_eq!(trim(pair, Some(pair), Side::Both), "");
    }

    #[test]
    fn case_and_words() {
        assert_eq!(upper("a\u{e9}\u{df}\u{250}"), "A\u{c9}\u{df}\u{250}");
        assert_eq!(title("hELLO \u{c9}"), "Hello \u{e9}");
        assert_eq!(title("a\u{1c90}"), "A\u{1c90}");
        assert_eq!((word_start("ab cd", 4), word_end("ab cd", 3)), (3, 5));
        assert_eq!((word_start("a  b", 1), word_end("a  b", 1)), (1, 2));
        assert_eq!((word_start("ab", 5), word_end("ab", 5)), (0, 2));
        assert_eq!((word_start("", 0), word_end("", 0)), (0, 0));
    }
}
