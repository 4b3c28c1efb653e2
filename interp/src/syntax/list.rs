//! Lists: text to elements.
//!
//! The way back, elements to text, is in `quote`. Read [`Elements`].

use std::borrow::Cow;

pub use super::quote::{append_element, quote_element};
use crate::text::backslash::parse_backslash;

/// An element of a list: a slice of the list's text, or text of its own where backslashes changed it.
pub type Element<'a> = Cow<'a, str>;

/// Most bytes of the text after an element that the error message quotes.
const JUNK_BYTES_MAX: usize = 20;

/// Why text is not a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListError {
    /// tclsh's message.
    pub message: Box<str>,
    /// The errorCode, such as `TCL VALUE LIST BRACE`.
    pub error_code: &'static str,
}

impl ListError {
    /// tclsh's message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The errorCode's words.
    pub fn code(&self) -> &'static [&'static str] {
        match self.error_code {
            "TCL VALUE LIST BRACE" => &["TCL", "VALUE", "LIST", "BRACE"],
            "TCL VALUE LIST QUOTE" => &["TCL", "VALUE", "LIST", "QUOTE"],
            _ => &["TCL", "VALUE", "LIST", "JUNK"],
        }
    }

    fn unmatched_brace() -> ListError {
        ListError {
            message: "unmatched open brace in list".into(),
            error_code: "TCL VALUE LIST BRACE",
        }
    }

    fn unmatched_quote() -> ListError {
        ListError {
            message: "unmatched open quote in list".into(),
            error_code: "TCL VALUE LIST QUOTE",
        }
    }

    /// `wrapping`: `braces` or `quotes`; `junk`: the text right behind the element.
    fn junk(wrapping: &str, junk: &str) -> ListError {
        let bytes = junk.as_bytes();
        let mut end = bytes
            .iter()
            .take(JUNK_BYTES_MAX)
            .position(|&byte| is_space(byte))
            .unwrap_or(JUNK_BYTES_MAX);
        end = end.min(bytes.len());
        while !junk.is_char_boundary(end) {
            end -= 1;
        }
        let junk = junk.get(..end).unwrap_or("");
        ListError {
            message: format!("list element in {wrapping} followed by \"{junk}\" instead of space")
                .into(),
            error_code: "TCL VALUE LIST JUNK",
        }
    }
}

/// Whether `byte` separates list elements.
#[inline]
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | 0x09..=0x0D)
}

/// Iterates over the elements of `list`; after an error it ends.
pub fn elements(list: &str) -> Elements<'_> {
    Elements { list, at: 0 }
}

/// The elements of `list`, or the first error in it.
///
/// Source: Tcl's list syntax, lindex(n).
pub fn split_list(list: &str) -> Result<Vec<Element<'_>>, ListError> {
    elements(list).collect()
}

/// How many elements `list` has, or the first error in it; nothing is copied.
pub fn element_count(list: &str) -> Result<usize, ListError> {
    let mut elements = elements(list);
    let mut count = 0;
    while elements.next_raw().transpose()?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// The iterator that [`elements`] makes.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    list: &'a str,
    at: usize,
}

impl<'a> Elements<'a> {
    /// The next element as it stands in the list, and whether backslashes in it are to be replaced.
    fn next_raw(&mut self) -> Option<Result<(&'a str, bool), ListError>> {
        let bytes = self.list.as_bytes();
        let space_count = bytes
            .get(self.at..)?
            .iter()
            .position(|&byte| !is_space(byte));
        let Some(space_count) = space_count else {
            self.at = bytes.len();
            return None;
        };
        self.at += space_count;
        let found = match bytes.get(self.at) {
            Some(b'{') => self.braced(),
            Some(b'"') => self.quoted(),
            _ => Ok(self.bare()),
        };
        if found.is_err() {
            self.at = bytes.len();
        }
        Some(found)
    }

    fn bare(&mut self) -> (&'a str, bool) {
        let start = self.at;
        let bytes = self.list.as_bytes();
        let mut has_backslash = false;
        while let Some(&byte) = bytes.get(self.at) {
            if is_space(byte) {
                break;
            }
            if byte == b'\\' {
                has_backslash = true;
                self.skip_backslash();
            } else {
                self.at += 1;
            }
        }
        (self.list.get(start..self.at).unwrap_or(""), has_backslash)
    }

    fn quoted(&mut self) -> Result<(&'a str, bool), ListError> {
        let start = self.at + 1;
        let mut has_backslash = false;
        self.at = start;
        loop {
            match self.list.as_bytes().get(self.at) {
                None => return Err(ListError::unmatched_quote()),
                Some(b'"') => break,
                Some(b'\\') => {
                    has_backslash = true;
                    self.skip_backslash();
                }
                Some(_) => self.at += 1,
            }
        }
        let element = self.list.get(start..self.at).unwrap_or("");
        self.close("quotes")?;
        Ok((element, has_backslash))
    }

    fn braced(&mut self) -> Result<(&'a str, bool), ListError> {
        let start = self.at + 1;
        let bytes = self.list.as_bytes();
        let mut level = 1usize;
        self.at = start;
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let Some(offset) = rest
                .iter()
                .position(|&byte| matches!(byte, b'{' | b'}' | b'\\'))
            else {
                return Err(ListError::unmatched_brace());
            };
            self.at += offset;
            match bytes.get(self.at) {
                Some(b'{') => level += 1,
                Some(b'}') => level -= 1,
                _ => self.at += 1,
            }
            if level == 0 {
                break;
            }
            self.at += 1;
        }
        let element = self.list.get(start..self.at).unwrap_or("");
        self.close("braces")?;
        Ok((element, false))
    }

    /// Moves past the closing brace or quote, which a space or the end must follow.
    fn close(&mut self, wrapping: &str) -> Result<(), ListError> {
        self.at += 1;
        match self.list.as_bytes().get(self.at) {
            Some(&byte) if !is_space(byte) => Err(ListError::junk(
                wrapping,
                self.list.get(self.at..).unwrap_or(""),
            )),
            _ => Ok(()),
        }
    }

    fn skip_backslash(&mut self) {
        let rest = self.list.get(self.at..).unwrap_or("");
        self.at += parse_backslash(rest).1.max(1);
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>, ListError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.next_raw()?.map(|(element, has_backslash)| {
            if has_backslash {
                Cow::Owned(unescape(element))
            } else {
                Cow::Borrowed(element)
            }
        }))
    }
}

/// `text` with every backslash sequence replaced by what it stands for.
fn unescape(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(offset) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (before, sequence) = rest.split_at(offset);
        let (character, byte_count) = parse_backslash(sequence);
        result.push_str(before);
        result.push(character);
        rest = sequence.get(byte_count.max(1)..).unwrap_or("");
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        split_list(text)
            .unwrap()
            .into_iter()
            .map(Cow::into_owned)
            .collect()
    }

    fn error(text: &str) -> (String, &'static str) {
        let error = split_list(text).unwrap_err();
        (error.message.into(), error.error_code)
    }

    #[test]
    fn elements_are_separated_by_any_white_space() {
        assert_eq!(list(""), [""; 0]);
        assert_eq!(list(" \n\t"), [""; 0]);
        assert_eq!(list(" a\tb\nc\u{b}d "), ["a", "b", "c", "d"]);
        assert_eq!(list("a\u{a0}b"), ["a\u{a0}b"]);
    }

    #[test]
    fn braces_keep_and_quotes_substitute() {
        assert_eq!(
            list(r#"{a b} "c d" {e\n{f}} "g\n""#),
            ["a b", "c d", r"e\n{f}", "g\n"]
        );
        assert_eq!(
            list(r"a\ b \{ {\}} a{b a}b"),
            ["a b", "{", r"\}", "a{b", "a}b"]
        );
        assert_eq!(list("{a\\\n b} a\\\n b"), ["a\\\n b", "a b"]);
        assert_eq!(list("a\\"), ["a\\"]);
    }

    #[test]
    fn errors_are_those_of_tclsh() {
        assert_eq!(
            error("a {b"),
            (
                "unmatched open brace in list".into(),
                "TCL VALUE LIST BRACE"
            )
        );
        assert_eq!(
            error("a \"b"),
            (
                "unmatched open quote in list".into(),
                "TCL VALUE LIST QUOTE"
            )
        );
        assert_eq!(
            error("{a}b c"),
            (
                "list element in braces followed by \"b\" instead of space".into(),
                "TCL VALUE LIST JUNK"
            )
        );
        assert_eq!(
            error("\"a\"0123456789012345678901234"),
            (
                "list element in quotes followed by \"01234567890123456789\" instead of space"
                    .into(),
                "TCL VALUE LIST JUNK"
            )
        );
    }

    #[test]
    fn counting_agrees_with_splitting_and_sees_errors() {
        assert_eq!(element_count("a {b c} \"d e\" f\\ g"), Ok(4));
        assert!(element_count("a {b").is_err());
    }

    #[test]
    fn ten_megabytes_of_open_braces_fail_fast() {
        assert!(split_list(&"{".repeat(10_000_000)).is_err());
    }
}
