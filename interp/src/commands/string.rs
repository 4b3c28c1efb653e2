//! The commands `string`, `split` and `tcl::prefix`: their table, and the positions that other files ask for ([`index`], [`range`]).
//!
//! What is done to the text itself stands in [`crate::text::strings`] and [`crate::text::chars`]; here are words,
//! options and results. Read [`COMMANDS`] first.

mod case;
mod class;
mod compare;
mod compile;
mod part;
mod prefix;
mod search;
mod split;

use super::index_of;
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Outcome, done};
use crate::value::{Repr, Value};

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new("split", "string ?splitChars?", 1, 2, |_, words| {
        call(split::split, words)
    }),
    Builtin::ensemble("string", SUBCOMMANDS),
    Builtin::ensemble("tcl::prefix", prefix::SUBCOMMANDS),
];

const SUBCOMMANDS: &[Builtin] = &[
    Builtin::new("bytelength", "string", 1, 1, |_, words| {
        call(part::bytelength, words)
    }),
    Builtin::new("cat", "?string ...?", 0, ANY, |_, words| {
        call(part::cat, words)
    })
    .compiled(compile::cat),
    Builtin::new("compare", compare::USAGE, 2, 5, |_, words| {
        call(compare::compare, words)
    }),
    Builtin::new("equal", compare::USAGE, 2, 5, |_, words| {
        call(compare::equal, words)
    })
    .compiled(compile::equal),
    Builtin::new(
        "first",
        "needleString haystackString ?startIndex?",
        2,
        3,
        |_, words| call(search::first, words),
    ),
    Builtin::new("index", "string charIndex", 2, 2, |_, words| {
        call(part::index, words)
    })
    .compiled(compile::index),
    Builtin::new(
        "is",
        "class ?-strict? ?-failindex var? str",
        2,
        5,
        class::is,
    ),
    Builtin::new(
        "last",
        "needleString haystackString ?startIndex?",
        2,
        3,
        |_, words| call(search::last, words),
    ),
    Builtin::new("length", "string", 1, 1, |_, words| {
        call(part::length, words)
    })
    .compiled(compile::length),
    Builtin::new("map", "?-nocase? charMap string", 2, 3, |_, words| {
        call(search::map, words)
    }),
    Builtin::new("match", "?-nocase? pattern string", 2, 3, |_, words| {
        call(compare::matches, words)
    }),
    Builtin::new("range", "string first last", 3, 3, |_, words| {
        call(part::range, words)
    })
    .compiled(compile::range),
    Builtin::new("repeat", "string count", 2, 2, |_, words| {
        call(part::repeat, words)
    }),
    Builtin::new("replace", "string first last ?string?", 3, 4, |_, words| {
        call(part::replace, words)
    }),
    Builtin::new("reverse", "string", 1, 1, |_, words| {
        call(part::reverse, words)
    }),
    Builtin::new("tolower", "string ?first? ?last?", 1, 3, |_, words| {
        call(case::lower, words)
    }),
    Builtin::new("totitle", "string ?first? ?last?", 1, 3, |_, words| {
        call(case::title, words)
    }),
    Builtin::new("toupper", "string ?first? ?last?", 1, 3, |_, words| {
        call(case::upper, words)
    }),
    Builtin::new("trim", "string ?chars?", 1, 2, |_, words| {
        call(case::trim, words)
    }),
    Builtin::new("trimleft", "string ?chars?", 1, 2, |_, words| {
        call(case::trim_left, words)
    }),
    Builtin::new("trimright", "string ?chars?", 1, 2, |_, words| {
        call(case::trim_right, words)
    }),
    Builtin::new("wordend", "string index", 2, 2, |_, words| {
        call(case::word_end, words)
    }),
    Builtin::new("wordstart", "string index", 2, 2, |_, words| {
        call(case::word_start, words)
    }),
];

/// A subcommand as a function of its arguments.
type Function = fn(&[Value]) -> Outcome;

fn call(function: Function, words: &[Value]) -> CommandResult {
    done(function(words.get(1..).unwrap_or_default())?)
}

fn ok(value: impl Into<Value>) -> Outcome {
    Ok(value.into())
}

/// Resolves `position` without counting the chars of `text` when it is a plain number.
#[inline]
fn position_of(text: &Value, position: &Value) -> Result<i64, Box<Exception>> {
    match position.0 {
        // Larger ones wrap, or are none: see `index_of`.
        Repr::Int(number) if i32::try_from(number).is_ok() => Ok(number),
        _ => index_of(position, text.char_count()),
    }
}

/// The char of `text` at position `index`, as `string index` gives it: empty outside the text.
///
/// Errors: `TCL VALUE INDEX` if `index` is no index.
#[inline]
pub(crate) fn index(text: &Value, index: &Value) -> Outcome {
    let position = position_of(text, index)?;
    let Ok(position) = usize::try_from(position) else {
        return Ok(Value::EMPTY);
    };
    if let Repr::Bytes(object) = &text.0 {
        return Ok(match object.as_slice().get(position) {
            Some(byte) => Value::bytes(vec![*byte]),
            None => Value::EMPTY,
        });
    }
    Ok(match text.char_at(position) {
        Some(character) => Value::text(character.encode_utf8(&mut [0; 4])),
        None => Value::EMPTY,
    })
}

/// The chars of `text` from position `first` through `last`, as `string range` gives them.
///
/// Errors: `TCL VALUE INDEX` if `first` or `last` is no index.
pub(crate) fn range(text: &Value, first: &Value, last: &Value) -> Outcome {
    let first = position_of(text, first)?.max(0);
    let last = position_of(text, last)?;
    if last < first {
        return Ok(Value::EMPTY);
    }
    let (Ok(first), Ok(last)) = (usize::try_from(first), usize::try_from(last)) else {
        return Ok(Value::EMPTY);
    };
    Ok(text.char_range(first, last))
}

/// The value as an integer where tclsh wants one of 32 bits: up to ±4294967295, wrapped.
///
/// Errors: `TCL VALUE INTEGER` if it is none, `ARITH IOVERFLOW …` if it is too large.
pub(crate) fn int_32_of(value: &Value) -> Result<i32, Box<Exception>> {
    use crate::value::Number;
    match value.number() {
        Some(Number::Int(number)) if number.unsigned_abs() <= u64::from(u32::MAX) => {
            Ok(number as i32)
        }
        Some(Number::Int(_) | Number::Big(_)) => Err(Exception::with_code(
            "integer value too large to represent",
            ["ARITH", "IOVERFLOW", "integer value too large to represent"],
        )),
        Some(Number::Double(_)) | None => Err(Exception::with_code(
            format!("expected integer but got \"{value}\""),
            ["TCL", "VALUE", "INTEGER"],
        )),
    }
}

/// An error whose errorCode the text layer gives as a slice of words.
pub(crate) fn coded(message: &str, code: &[&str]) -> Box<Exception> {
    let mut exception = Exception::error(message);
    exception.error_code = Some(Value::list(
        code.iter().map(|word| Value::text(word)).collect(),
    ));
    exception
}

/// The number of the entry of `table` that `value` is or abbreviates, as tclsh looks options up: an empty word is
/// ambiguous.
///
/// Errors: `TCL LOOKUP INDEX kind text`.
pub(crate) fn choice(value: &Value, table: &[&str], kind: &str) -> Result<usize, Box<Exception>> {
    let text = value.str();
    if let Some(number) = table.iter().position(|name| *name == &*text) {
        return Ok(number);
    }
    let mut matching = table
        .iter()
        .enumerate()
        .filter(|(_, name)| name.starts_with(&*text));
    match (matching.next(), matching.next()) {
        (Some((number, _)), None) if !text.is_empty() => Ok(number),
        (Some(_), Some(_)) => Err(Exception::bad_index("ambiguous", kind, &text, table)),
        _ => Err(Exception::bad_index("bad", kind, &text, table)),
    }
}
