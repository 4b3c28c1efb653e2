//! Steps of reading text out of undecoded bytes: where a line ends, what the next characters are. Pure.

use memchr::{memchr, memchr2};

use super::Translation;
use super::encoding::Encoding;
use crate::text::utf;

/// The longest character of any encoding, in bytes.
const CHAR_BYTES_MAX: usize = 4;

/// What one step of reading characters took.
#[derive(Default)]
pub(super) struct Step {
    /// Bytes; 0 when more are needed.
    pub(super) used: usize,
    pub(super) chars: usize,
    /// An end of line was spelt `\r`, and a `\n` directly after it belongs to it.
    pub(super) ends_with_return: bool,
}

/// The first line end of `view` at or after `from`: bytes before it, bytes of it. Without one: where to go on looking
/// when more has come.
pub(super) fn find_line_end(
    translation: Translation,
    view: &[u8],
    from: usize,
) -> Result<(usize, usize), usize> {
    let rest = view.get(from..).unwrap_or_default();
    let at = |index: usize| from + index;
    match translation {
        Translation::Lf => memchr(b'\n', rest).map(|index| (at(index), 1)),
        Translation::Cr => memchr(b'\r', rest).map(|index| (at(index), 1)),
        Translation::Auto => memchr2(b'\r', b'\n', rest).map(|index| {
            let is_pair = rest.get(index) == Some(&b'\r') && rest.get(index + 1) == Some(&b'\n');
            (at(index), if is_pair { 2 } else { 1 })
        }),
        Translation::CrLf => return find_pair(view, from),
    }
    .ok_or(view.len())
}

/// [`find_line_end`] for `\r\n`. As in tclsh, the character after a lone `\r` is not looked at again: `\r\r\n` ends no
/// line here.
fn find_pair(view: &[u8], from: usize) -> Result<(usize, usize), usize> {
    let mut start = from;
    while let Some(index) = memchr(b'\r', view.get(start..).unwrap_or_default()) {
        let index = start + index;
        match view.get(index + 1) {
            Some(b'\n') => return Ok((index, 2)),
            Some(_) => start = index + 2,
            None => return Err(index),
        }
    }
    Err(view.len())
}

/// Takes a run of bytes up to the next `\r` that matters, or that `\r`.
pub(super) fn chunk_step(
    encoding: Encoding,
    translation: Translation,
    view: &[u8],
    left: usize,
    is_last: bool,
    out: &mut String,
) -> Step {
    let span = view.get(..left.min(view.len())).unwrap_or(view);
    let return_at = if translation == Translation::Lf {
        None
    } else {
        memchr(b'\r', span)
    };
    if return_at == Some(0) {
        return return_step(translation, view, is_last, out);
    }
    let run = return_at
        .and_then(|index| span.get(..index))
        .unwrap_or(span);
    let before = out.len();
    let ends_here = return_at.is_some() || (is_last && run.len() == view.len());
    let used = encoding.decode(run, out, ends_here);
    if used == 0 && run.len() < view.len() {
        // The limit cuts through a character.
        return match next_char(encoding, view, is_last) {
            Some((text, used)) => {
                out.push_str(&text);
                Step {
                    used,
                    chars: text.chars().count(),
                    ends_with_return: false,
                }
            }
            None => Step::default(),
        };
    }
    let chars = out.get(before..).map_or(0, |added| {
        if added.len() == used && added.is_ascii() {
            used
        } else {
            added.chars().count()
        }
    });
    Step {
        used,
        chars,
        ends_with_return: false,
    }
}

/// A `\r` at the start of `view`, under a translation that cares for it.
fn return_step(translation: Translation, view: &[u8], is_last: bool, out: &mut String) -> Step {
    let next = view.get(1);
    let (used, character) = match (translation, next) {
        (Translation::Cr, _) => (1, '\n'),
        (Translation::CrLf, Some(b'\n')) => (2, '\n'),
        (Translation::Auto, _) => (1, '\n'),
        (_, None) if !is_last => return Step::default(),
        (_, _) => (1, '\r'),
    };
    out.push(character);
    Step {
        used,
        chars: 1,
        ends_with_return: translation == Translation::Auto,
    }
}

/// Takes one character where line ends cannot be found among bytes.
pub(super) fn char_step(
    encoding: Encoding,
    translation: Translation,
    view: &[u8],
    is_last: bool,
    out: &mut String,
) -> Step {
    let Some((text, used)) = next_char(encoding, view, is_last) else {
        return Step::default();
    };
    if text != "\r" || translation == Translation::Lf {
        out.push_str(&text);
        return Step {
            used,
            chars: text.chars().count(),
            ends_with_return: false,
        };
    }
    let next = next_char(encoding, view.get(used..).unwrap_or_default(), is_last);
    let (more, character) = match (translation, next) {
        (Translation::CrLf, Some((next, more))) if next == "\n" => (more, '\n'),
        (Translation::CrLf, None) if !is_last => return Step::default(),
        (Translation::CrLf, _) => (0, '\r'),
        _ => (0, '\n'),
    };
    out.push(character);
    Step {
        used: used + more,
        chars: 1,
        ends_with_return: translation == Translation::Auto,
    }
}

/// The first character of `view` and how many bytes it has; `None` when more bytes are needed. A character of two units
/// comes whole.
pub(super) fn next_char(encoding: Encoding, view: &[u8], is_last: bool) -> Option<(String, usize)> {
    let mut text = String::new();
    let longest = view.len().min(CHAR_BYTES_MAX);
    let mut used = 0;
    for length in 1..=longest {
        used = encoding.decode(view.get(..length)?, &mut text, false);
        if used > 0 {
            break;
        }
    }
    if used == 0 && is_last && longest > 0 {
        used = encoding.decode(view.get(..longest)?, &mut text, true);
    }
    let mut characters = text.chars();
    let first = characters.next()?;
    let is_pair = characters
        .next()
        .is_some_and(|second| is_surrogate(first) && is_surrogate(second));
    if text.len() > first.len_utf8() && !is_pair {
        // The bytes were no character after all, and the first of them stands for itself.
        text.truncate(first.len_utf8());
        used = 1;
    }
    Some((text, used))
}

fn is_surrogate(character: char) -> bool {
    (0xD800..0xE000).contains(&utf::unit_of(character))
}

/// Continues `line` from byte `used` of `view`. `Some` when its end was met: whether that was a `\r` in `auto`.
pub(super) fn collect_line(
    encoding: Encoding,
    view: &[u8],
    used: &mut usize,
    translation: Translation,
    is_last: bool,
    line: &mut String,
) -> Option<bool> {
    loop {
        let rest = view.get(*used..)?;
        let (text, bytes) = next_char(encoding, rest, is_last)?;
        match (text.as_str(), translation) {
            ("\n", Translation::Lf | Translation::Auto) => {
                *used += bytes;
                return Some(false);
            }
            ("\r", Translation::Cr | Translation::Auto) => {
                *used += bytes;
                return Some(translation == Translation::Auto);
            }
            ("\r", Translation::CrLf) => {
                let next = next_char(encoding, rest.get(bytes..)?, is_last);
                match next {
                    Some((next, more)) if next == "\n" => {
                        *used += bytes + more;
                        return Some(false);
                    }
                    None if !is_last => return None,
                    _ => {}
                }
            }
            _ => {}
        }
        line.push_str(&text);
        *used += bytes;
    }
}
