//! Subcommands that compare two strings: `compare`, `equal`, `match`.

use std::cmp::Ordering;

use super::ok;
use crate::commands::option;
use crate::runtime::integer::small_int_of;
use crate::runtime::{Exception, Outcome};
use crate::text::{glob, strings};
use crate::value::{Repr, Value};

/// What follows the name of `string compare` and `string equal`.
pub(super) const USAGE: &str = "?-nocase? ?-length int? string1 string2";

/// The options of `string compare` and `string equal`.
#[derive(Default)]
struct Options {
    nocase: bool,
    /// How many chars are compared; all when absent.
    length: Option<usize>,
}

pub(super) fn compare(words: &[Value]) -> Outcome {
    let (options, left, right) = arguments("compare", words)?;
    ok(Value::int(order(left, right, &options) as i64))
}

pub(super) fn equal(words: &[Value]) -> Outcome {
    let (options, left, right) = arguments("equal", words)?;
    if !options.nocase && options.length.is_none() {
        return ok(left.same_text(right));
    }
    ok(order(left, right, &options).is_eq())
}

fn order(left: &Value, right: &Value, options: &Options) -> Ordering {
    match (&left.0, &right.0) {
        (Repr::Bytes(left), Repr::Bytes(right)) if !options.nocase => {
            let length = options.length.unwrap_or(usize::MAX);
            let [left, right] = [left, right].map(|bytes| {
                let bytes = bytes.as_slice();
                bytes.get(..length).unwrap_or(bytes)
            });
            left.cmp(right)
        }
        _ => strings::compare(&left.str(), &right.str(), options.nocase, options.length),
    }
}

fn arguments<'w>(
    name: &str,
    words: &'w [Value],
) -> Result<(Options, &'w Value, &'w Value), Box<Exception>> {
    let usage = || Exception::wrong_args(&format!("string {name} {USAGE}"));
    let [given @ .., left, right] = words else {
        return Err(usage());
    };
    let mut options = Options::default();
    let mut given = given.iter();
    while let Some(word) = given.next() {
        if is_bare_dash(word) || option(word, &["-nocase", "-length"], "option").is_err() {
            return Err(Exception::bad_index(
                "bad",
                "option",
                &word.str(),
                &["-nocase", "-length"],
            ));
        }
        if word.str().starts_with("-n") {
            options.nocase = true;
            continue;
        }
        let length = given.next().ok_or_else(usage)?;
        // A negative length is none.
        options.length = usize::try_from(small_int_of(length)?).ok();
    }
    Ok((options, left, right))
}

/// Whether the word is too short to abbreviate an option.
fn is_bare_dash(word: &Value) -> bool {
    matches!(&*word.str(), "" | "-")
}

/// Whether the optional first word of `string map` and `string match` is `-nocase`.
///
/// Errors: it is another word.
pub(super) fn nocase(word: &Value) -> Result<(), Box<Exception>> {
    let text = word.str();
    if text.len() > 1 && "-nocase".starts_with(&*text) {
        return Ok(());
    }
    Err(Exception::bad_index("bad", "option", &text, &["-nocase"]))
}

pub(super) fn matches(words: &[Value]) -> Outcome {
    let [given @ .., pattern, text] = words else {
        return Err(Exception::wrong_args(
            "string match ?-nocase? pattern string",
        ));
    };
    if let Some(option) = given.first() {
        nocase(option)?;
    }
    ok(glob::glob_match(
        &pattern.str(),
        &text.str(),
        !given.is_empty(),
    ))
}
