//! What `regsub` does with a text: replacing the first match, or all.

use memchr::memmem;

use super::alphabet::{after, unit_at};
use super::charset::lower;
use super::error::MatchError;
use super::subspec::Subspec;
use super::{POLL_INTERVAL, Regexp};

/// Replaces the first match at or after byte `start`, or with `all` every match.
///
/// * `text`: internal text.
/// * `start`: byte offset at the beginning of a character, or the text's length.
/// * `bytes_max`: how long the result may become, in bytes.
/// * `poll`: as in [`Regexp::find`].
///
/// Returns the whole new text and the number of matches, `None` without any.
/// Errors: [`MatchError::Interrupted`]; [`MatchError::TooLong`] if the result exceeds `bytes_max`.
pub fn replace(
    regexp: &Regexp,
    text: &str,
    start: usize,
    all: bool,
    subspec: &Subspec,
    bytes_max: usize,
    poll: &mut dyn FnMut() -> bool,
) -> Result<Option<(String, usize)>, MatchError> {
    let wanted = subspec.captures_wanted();
    let mut captures = Vec::new();
    let mut out = String::new();
    let mut count = 0;
    let mut at = start;
    while at <= text.len() {
        let not_bol = at > 0 && text.as_bytes().get(at - 1) != Some(&b'\n');
        if !regexp.find(text, at, not_bol, wanted, &mut captures, poll)? {
            break;
        }
        let Some(Some((begin, end))) = captures.first().copied() else {
            break;
        };
        if count == 0 {
            out.reserve(text.len());
            out.push_str(text.get(..at).unwrap_or(""));
        }
        count += 1;
        out.push_str(text.get(at..begin).unwrap_or(""));
        subspec.append(text, &captures, &mut out);
        at = end;
        if begin == end {
            // An empty match is followed by one character, so that the next one is found further on.
            let next = if end < text.len() {
                after(text.as_bytes(), end)
            } else {
                end + 1
            };
            out.push_str(text.get(end..next).unwrap_or(""));
            at = next;
        }
        if out.len() > bytes_max {
            return Err(MatchError::TooLong);
        }
        if !all {
            break;
        }
    }
    if count == 0 {
        return Ok(None);
    }
    out.push_str(text.get(at..).unwrap_or(""));
    if out.len() > bytes_max {
        Err(MatchError::TooLong)
    } else {
        Ok(Some((out, count)))
    }
}

/// Whether `regsub -all` without `-start` takes `pattern` and `spec` for plain texts: neither has a character that means
/// anything. tclsh then uses [`replace_plain`], which differs for the empty pattern and does not heed `-expanded`.
pub fn is_plain(pattern: &str, spec: &str) -> bool {
    let is_special = |byte: &u8| b"*+?{}()[].\\|^$".contains(byte);
    !spec.bytes().any(|byte| byte == b'&' || byte == b'\\')
        && !pattern.as_bytes().iter().any(is_special)
}

/// Replaces every `pattern` in `text` by `spec`, both plain texts. An empty pattern is found before each character.
///
/// Returns and errors as [`replace`].
pub fn replace_plain(
    pattern: &str,
    text: &str,
    spec: &str,
    nocase: bool,
    bytes_max: usize,
    poll: &mut dyn FnMut() -> bool,
) -> Result<Option<(String, usize)>, MatchError> {
    let finder = memmem::Finder::new(pattern);
    let mut out = String::new();
    let (mut count, mut copied, mut at) = (0, 0, 0);
    while at < text.len() {
        let found = if pattern.is_empty() {
            Some((at, at))
        } else if nocase {
            find_nocase(pattern.as_bytes(), text.as_bytes(), at, poll)?
        } else {
            let offset = finder.find(text.as_bytes().get(at..).unwrap_or(&[]));
            offset.map(|offset| (at + offset, at + offset + pattern.len()))
        };
        let Some((begin, end)) = found else { break };
        count += 1;
        out.push_str(text.get(copied..begin).unwrap_or(""));
        out.push_str(spec);
        (copied, at) = (end, end);
        if begin == end {
            at = after(text.as_bytes(), end);
        }
        if out.len() > bytes_max {
            return Err(MatchError::TooLong);
        }
        if count % POLL_INTERVAL == 0 && poll() {
            return Err(MatchError::Interrupted);
        }
    }
    if count == 0 {
        return Ok(None);
    }
    out.push_str(text.get(copied..).unwrap_or(""));
    if out.len() > bytes_max {
        Err(MatchError::TooLong)
    } else {
        Ok(Some((out, count)))
    }
}

/// Bounds of the first text from `at` on that has the same lower case as `pattern`.
fn find_nocase(
    pattern: &[u8],
    text: &[u8],
    mut at: usize,
    poll: &mut dyn FnMut() -> bool,
) -> Result<Option<(usize, usize)>, MatchError> {
    let mut fuel = POLL_INTERVAL;
    while at < text.len() {
        let (mut wanted, mut found) = (0, at);
        while wanted < pattern.len() && found < text.len() {
            let ((expected, expected_width), (unit, width)) =
                (unit_at(pattern, wanted), unit_at(text, found));
            if lower(expected) != lower(unit) {
                break;
            }
            (wanted, found) = (wanted + expected_width, found + width);
            fuel = fuel.saturating_sub(1);
        }
        if wanted >= pattern.len() {
            return Ok(Some((at, found)));
        }
        at = after(text, at);
        fuel = fuel.saturating_sub(1);
        if fuel == 0 {
            fuel = POLL_INTERVAL;
            if poll() {
                return Err(MatchError::Interrupted);
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::Flags;
    use super::*;

    fn all(pattern: &str, text: &str, spec: &str) -> Option<(String, usize)> {
        let regexp = Regexp::new(pattern, Flags::default()).unwrap();
        replace(
            &regexp,
            text,
            0,
            true,
            &Subspec::new(spec),
            1000,
            &mut || false,
        )
        .unwrap()
    }

    #[test]
    fn all_matches_are_replaced() {
        assert_eq!(
            all("[aeiou]", "banana", "<&>"),
            Some(("b<a>n<a>n<a>".into(), 3))
        );
        assert_eq!(
            all("(b)(a)", "banana", "\\2\\1"),
            Some(("abnana".into(), 1))
        );
        assert_eq!(all("x", "banana", "y"), None);
    }

    #[test]
    fn empty_matches_step_over_a_character() {
        assert_eq!(all("x*", "abc", "-"), Some(("-a-b-c-".into(), 4)));
        assert_eq!(all("^", "a\nb", "-"), Some(("-a\nb".into(), 1)));
        assert_eq!(all("(?w)^", "a\nb", "-"), Some(("-a\n-b".into(), 2)));
        assert_eq!(all("x*", "\u{e9}", "-"), Some(("-\u{e9}-".into(), 2)));
    }

    #[test]
    fn the_first_match_after_a_start() {
        let regexp = Regexp::new("a", Flags::default()).unwrap();
        let subspec = Subspec::new("X");
        let found = replace(&regexp, "banana", 2, false, &subspec, 1000, &mut || false).unwrap();
        assert_eq!(found, Some(("banXna".into(), 1)));
        assert_eq!(
            replace(&regexp, "banana", 7, false, &subspec, 1000, &mut || false),
            Ok(None)
        );
    }

    #[test]
    fn plain_texts() {
        assert!(is_plain("abc", "x y") && !is_plain("a.c", "x") && !is_plain("abc", "&"));
        let plain = |pattern, text, nocase| {
            replace_plain(pattern, text, "-", nocase, 100, &mut || false).unwrap()
        };
        assert_eq!(plain("", "abc", false), Some(("-a-b-c".into(), 3)));
        assert_eq!(plain("", "", false), None);
        assert_eq!(plain("aa", "aaaab", false), Some(("--b".into(), 2)));
        assert_eq!(plain("AA", "xaaA", true), Some(("x-A".into(), 1)));
        assert_eq!(
            replace_plain("", "abc", "long", false, 5, &mut || false),
            Err(MatchError::TooLong)
        );
    }
}
