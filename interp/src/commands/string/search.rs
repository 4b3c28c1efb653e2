//! Subcommands that look for strings in a string: `first`, `last`, `map`.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::compare::nocase;
use super::ok;
use crate::runtime::position::resolve;
use crate::runtime::{Exception, Outcome};
use crate::text::strings;
use crate::value::{Repr, Text, Value};

/// Whether every char of the value is one byte of its string rep; for a long string counted once and remembered.
fn is_ascii(value: &Value) -> bool {
    match &value.0 {
        Repr::String(object) => object.is_ascii(),
        _ => value.str().is_ascii(),
    }
}

/// −1 when nothing was found.
fn position(found: Option<usize>) -> Value {
    found.map_or(Value::int(-1), Value::from)
}

pub(super) fn first(words: &[Value]) -> Outcome {
    let [needle, haystack, start @ ..] = words else {
        return Err(Exception::wrong_args(
            "string first needleString haystackString ?startIndex?",
        ));
    };
    let start = match start.first() {
        Some(start) => usize::try_from(resolve(start, haystack.char_count())?).unwrap_or(0),
        None => 0,
    };
    if let (Repr::Bytes(needle), Repr::Bytes(haystack)) = (&needle.0, &haystack.0) {
        return ok(position(first_bytes(
            needle.as_slice(),
            haystack.as_slice(),
            start,
        )));
    }
    let (pattern, text) = (needle.str(), haystack.str());
    if is_ascii(haystack) {
        return ok(position(first_bytes(
            pattern.as_bytes(),
            text.as_bytes(),
            start,
        )));
    }
    ok(position(strings::first(&pattern, &text, start)))
}

fn first_bytes(needle: &[u8], haystack: &[u8], start: usize) -> Option<usize> {
    let rest = haystack.get(start..)?;
    let at = match needle {
        [] => None,
        [byte] => memchr(*byte, rest),
        needle => memmem::find(rest, needle),
    }?;
    Some(start + at)
}

pub(super) fn last(words: &[Value]) -> Outcome {
    let [needle, haystack, last @ ..] = words else {
        return Err(Exception::wrong_args(
            "string last needleString haystackString ?startIndex?",
        ));
    };
    let last = match last.first() {
        Some(last) => resolve(last, haystack.char_count())?,
        None => i64::MAX - 1,
    };
    let (pattern, text) = (needle.str(), haystack.str());
    if is_ascii(haystack) {
        let end = usize::try_from(last.saturating_add(1))
            .unwrap_or(0)
            .min(text.len());
        let searched = text.as_bytes().get(..end).unwrap_or_default();
        let found = if pattern.is_empty() {
            None
        } else {
            memmem::rfind(searched, pattern.as_bytes())
        };
        return ok(position(found));
    }
    ok(position(strings::last(&pattern, &text, last)))
}

pub(super) fn map(words: &[Value]) -> Outcome {
    let [given @ .., pairs, text] = words else {
        return Err(Exception::wrong_args("string map ?-nocase? charMap string"));
    };
    if let Some(option) = given.first() {
        nocase(option)?;
    }
    let pairs = pairs.to_list()?;
    let pairs = pairs.elements();
    if !pairs.len().is_multiple_of(2) {
        return Err(Exception::with_code(
            "char map list unbalanced",
            ["TCL", "OPERATION", "MAP", "UNBALANCED"],
        ));
    }
    let source = text.str();
    let mapped = match pairs {
        [] => return ok(text.clone()),
        [key, with] => strings::map(&source, &[(&key.str(), &with.str())], !given.is_empty()),
        pairs => {
            let texts: Vec<Text<'_>> = pairs.iter().map(Value::str).collect();
            let texts: Vec<(&str, &str)> = texts
                .chunks_exact(2)
                .map(|pair| (&*pair[0], &*pair[1]))
                .collect();
            strings::map(&source, &texts, !given.is_empty())
        }
    };
    match mapped {
        Ok(Cow::Borrowed(_)) => ok(text.clone()),
        Ok(Cow::Owned(mapped)) => ok(mapped),
        Err(_) => Err(super::part::too_long()),
    }
}
