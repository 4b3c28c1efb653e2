//! Elements to list text: the quoting that makes any string one element.
//!
//! An element stands as it is if nothing in it could be taken for list or script syntax, in braces if that is right, and with
//! backslashes otherwise. The choice is visible to scripts, so it is tclsh's in every case.

/// Bit of a byte: an element with it cannot stand bare.
const NEEDS_QUOTING: u8 = 1;
/// Bit of a byte: braces are the better way to quote an element with it.
const PREFERS_BRACES: u8 = 2;
/// Bit of a byte: a backslash before it is the better way.
const PREFERS_BACKSLASH: u8 = 4;
/// Bit of a byte: has to be looked at one by one.
const IS_SPECIAL: u8 = 8;

static PROPERTIES: [u8; 256] = properties();

const fn properties() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b' ' | b'\t' | b'\n' | 0x0B | 0x0C | b'\r' | b'[' | b'$' | b';' => {
                NEEDS_QUOTING | PREFERS_BRACES
            }
            b']' | b'"' => NEEDS_QUOTING | PREFERS_BACKSLASH,
            b'\\' => NEEDS_QUOTING | PREFERS_BRACES | IS_SPECIAL,
            b'{' | b'}' => IS_SPECIAL,
            _ => 0,
        };
        byte += 1;
    }
    table
}

/// How an element is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Bare,
    Braces,
    /// A backslash before every special character.
    Backslashes,
    /// The same, but braces stay as they are.
    BackslashesExceptBraces,
}

/// Appends `element` to the list text `list`, after a space unless it is the first element.
///
/// * `first`: whether `list` has no element yet. Only there a leading `#` is quoted, so that the list is not a comment when it is
///   evaluated.
///
/// Source: list(n), Tcl_Merge.
pub fn append_element(list: &mut String, element: &str, first: bool) {
    if !first {
        list.push(' ');
    }
    quote_element(list, element, first);
}

/// Appends `element` to `list` as [`append_element`] does, but never a space.
///
/// * `quote_hash`: whether a leading `#` is to be quoted.
pub fn quote_element(list: &mut String, element: &str, quote_hash: bool) {
    match style(element, quote_hash) {
        Style::Bare => list.push_str(element),
        Style::Braces => {
            list.reserve(element.len() + 2);
            list.push('{');
            list.push_str(element);
            list.push('}');
        }
        Style::Backslashes => push_with_backslashes(list, element, quote_hash, true),
        Style::BackslashesExceptBraces => push_with_backslashes(list, element, quote_hash, false),
    }
}

fn style(element: &str, quote_hash: bool) -> Style {
    let bytes = element.as_bytes();
    let Some(&first) = bytes.first() else {
        return Style::Braces;
    };
    let mut seen = bytes
        .iter()
        .fold(0, |seen, &byte| seen | PROPERTIES[usize::from(byte)]);
    if first == b'{' || first == b'"' || (first == b'#' && quote_hash) {
        seen |= NEEDS_QUOTING | PREFERS_BRACES;
    }
    if seen == 0 {
        return Style::Bare;
    }
    if seen & IS_SPECIAL != 0 && !can_stand_in_braces(bytes) {
        return Style::Backslashes;
    }
    if seen & NEEDS_QUOTING == 0 {
        Style::Bare
    } else if seen & PREFERS_BRACES == 0 && seen & PREFERS_BACKSLASH != 0 {
        Style::BackslashesExceptBraces
    } else {
        Style::Braces
    }
}

/// Whether braces around `bytes` would keep them: braces balance, and no backslash stands at the end or before a newline.
fn can_stand_in_braces(bytes: &[u8]) -> bool {
    let mut level = 0usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'{' => level += 1,
            b'}' if level == 0 => return false,
            b'}' => level -= 1,
            b'\\' => match bytes.get(at + 1) {
                None | Some(b'\n') => return false,
                Some(b'{' | b'}' | b'\\') => at += 1,
                Some(_) => {}
            },
            _ => {}
        }
        at += 1;
    }
    level == 0
}

fn push_with_backslashes(list: &mut String, element: &str, quote_hash: bool, escape_braces: bool) {
    let mut kept = 0;
    if quote_hash && element.starts_with('#') {
        list.push_str("\\#");
        kept = 1;
    }
    for (at, &byte) in element.as_bytes().iter().enumerate().skip(kept) {
        let escape = match byte {
            b'\n' => "\\n",
            b'\t' => "\\t",
            b'\r' => "\\r",
            0x0B => "\\v",
            0x0C => "\\f",
            b' ' => "\\ ",
            b'[' => "\\[",
            b']' => "\\]",
            b'$' => "\\$",
            b';' => "\\;",
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'{' if escape_braces => "\\{",
            b'}' if escape_braces => "\\}",
            _ => continue,
        };
        list.push_str(element.get(kept..at).unwrap_or(""));
        list.push_str(escape);
        kept = at + 1;
    }
    list.push_str(element.get(kept..).unwrap_or(""));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(element: &str) -> String {
        let mut list = String::new();
        append_element(&mut list, element, true);
        list
    }

    #[test]
    fn quoting_is_that_of_tclsh() {
        for (element, expected) in [
            ("", "{}"),
            ("a", "a"),
            ("a b", "{a b}"),
            ("a{b}", "a{b}"),
            ("{a}", "{{a}}"),
            ("a{b", "a\\{b"),
            ("a]b", "a\\]b"),
            ("a]{b}", "a\\]{b}"),
            ("a\"b", "a\\\"b"),
            ("\"a", "{\"a}"),
            ("a\\", "a\\\\"),
            ("a\\b", "{a\\b}"),
            ("a\\\nb", "a\\\\\\nb"),
            ("a\n{", "a\\n\\{"),
            ("#a", "{#a}"),
            ("#{", "\\#\\{"),
            ("a#", "a#"),
            ("\\}", "{\\}}"),
        ] {
            assert_eq!(quoted(element), expected, "{element:?}");
        }
    }

    #[test]
    fn a_hash_is_quoted_in_the_first_element_only() {
        let mut list = String::new();
        append_element(&mut list, "#", true);
        append_element(&mut list, "#", false);
        assert_eq!(list, "{#} #");
    }
}
