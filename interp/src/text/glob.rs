//! Glob patterns: `string match`, `switch -glob`, `lsearch -glob`, `info commands`, `glob`.
//!
//! Linear space and at worst (pattern × text) time, whoever wrote the pattern: of the stars seen only the last is ever
//! gone back to, since what an earlier one could still try, the last one can try too.

use memchr::{memchr, memmem};

use super::chars::to_lower;
use super::utf::unit_of;

/// Whether `pattern` holds none of the bytes `*?[\`, so that it matches only itself.
#[inline]
pub fn is_literal(pattern: &str) -> bool {
    !pattern
        .bytes()
        .any(|byte| matches!(byte, b'*' | b'?' | b'[' | b'\\'))
}

/// Whether `text` matches the glob `pattern`: `*`, `?`, `[chars]` with ranges, `\x`; regardless of case if `nocase`.
pub fn glob_match(pattern: &str, text: &str, nocase: bool) -> bool {
    if nocase {
        matches(pattern, text, true)
    } else {
        fast_match(pattern, text)
    }
}

/// Literal patterns and those with stars only at the ends need no matcher.
fn fast_match(pattern: &str, text: &str) -> bool {
    let tail = pattern.trim_start_matches('*');
    let core = tail.trim_end_matches('*');
    if !is_literal(core) {
        return matches(pattern, text, false);
    }
    match (tail.len() < pattern.len(), core.len() < tail.len()) {
        (false, false) => text == core,
        (false, true) => text.starts_with(core),
        (true, true) => memmem::find(text.as_bytes(), core.as_bytes()).is_some(),
        // `***` leaves nothing: it matches everything, as every text ends with the empty text.
        (true, false) => text.ends_with(core),
    }
}

fn matches(pattern: &str, text: &str, nocase: bool) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    // After a star: what follows it in the pattern, and where in the text the next try begins.
    let mut retry: Option<(&str, &str)> = None;
    loop {
        if let Some(after) = pattern.strip_prefix('*') {
            pattern = after.trim_start_matches('*');
            if pattern.is_empty() {
                return true;
            }
            text = skip_to_candidate(pattern, text, nocase);
            retry = Some((pattern, text));
            continue;
        }
        if pattern.is_empty() && text.is_empty() {
            return true;
        }
        if let Some((after_item, after_char)) = match_one(pattern, text, nocase) {
            (pattern, text) = (after_item, after_char);
            continue;
        }
        let Some((after_star, from)) = retry else {
            return false;
        };
        let mut rest = from.chars();
        if rest.next().is_none() {
            return false;
        }
        (pattern, text) = (
            after_star,
            skip_to_candidate(after_star, rest.as_str(), nocase),
        );
        retry = Some((pattern, text));
    }
}

/// The rest of `text` from the first place where `pattern`, which follows a star, could match.
#[inline]
fn skip_to_candidate<'a>(pattern: &str, text: &'a str, nocase: bool) -> &'a str {
    match pattern.as_bytes() {
        [byte, ..] if !nocase && byte.is_ascii() && !matches!(byte, b'?' | b'[' | b'\\') => text
            .get(memchr(*byte, text.as_bytes()).unwrap_or(text.len())..)
            .unwrap_or_default(),
        _ => text,
    }
}

/// Matches the first item of `pattern` (not a star) against the first char of `text`: what is left of both.
#[inline]
fn match_one<'p, 't>(pattern: &'p str, text: &'t str, nocase: bool) -> Option<(&'p str, &'t str)> {
    let mut text_chars = text.chars();
    let mut pattern_chars = pattern.chars();
    let character = text_chars.next()?;
    let rest = match pattern_chars.next()? {
        '?' => pattern_chars.as_str(),
        '[' => match_set(pattern_chars.as_str(), character, nocase)?,
        '\\' => {
            let escaped = pattern_chars.next()?;
            is_same(escaped, character, nocase).then_some(pattern_chars.as_str())?
        }
        plain => is_same(plain, character, nocase).then_some(pattern_chars.as_str())?,
    };
    Some((rest, text_chars.as_str()))
}

#[inline]
fn is_same(left: char, right: char, nocase: bool) -> bool {
    left == right || nocase && to_lower(left) == to_lower(right)
}

/// Looks for `character` in the set whose `[` has just been passed: what follows the set, if it is in it.
///
/// As in tclsh: no backslashes and no negation in here; a range may run either way, and may end in `]`; the set ends
/// at the first `]` otherwise, so `[]` holds nothing; where the `]` is missing, the set runs to the end of the pattern.
fn match_set(set: &str, character: char, nocase: bool) -> Option<&str> {
    let unit = |character| {
        unit_of(if nocase {
            to_lower(character)
        } else {
            character
        })
    };
    let wanted = unit(character);
    let mut chars = set.chars();
    loop {
        let first = chars.next().filter(|&first| first != ']')?;
        let (mut low, mut high) = (unit(first), unit(first));
        if let Some(after_dash) = chars.as_str().strip_prefix('-') {
            chars = after_dash.chars();
            high = unit(chars.next()?);
            (low, high) = (low.min(high), low.max(high));
        }
        if (low..=high).contains(&wanted) {
            let rest = chars.as_str();
            return Some(rest.split_once(']').map_or("", |(_, after)| after));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_tclsh() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("*b*", "abc", true),
            ("a*c*e", "abcde", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[c-a]x", "bx", true),
            ("[]x", "x", false),
            ("[ab", "a", true),
            ("[ab", "ab", false),
            ("[a-", "a", false),
            ("[a-]]", "b", false),
            ("[\\]]", "\\]", true),
            ("\\*", "*", true),
            ("\\", "\\", false),
            ("\\", "", false),
            ("*\\*", "a*", true),
            ("a*", "ba", false),
        ] {
            assert_eq!(
                glob_match(pattern, text, false),
                expected,
                "{pattern} {text}"
            );
        }
        assert!(glob_match("A[B-D]*", "abXY", true));
    }

    #[test]
    fn a_hostile_pattern_is_not_exponential() {
        let pattern = "*a".repeat(500) + "b";
        assert!(!glob_match(&pattern, &"a".repeat(5000), false));
    }
}
