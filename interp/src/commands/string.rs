//! The commands `string`, `split` and `tcl::prefix`: their table. What is at a position is in `runtime::position`.
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

use crate::runtime::command::CommandFunction;
use crate::runtime::natives::StringFunction;
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Outcome, done};
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::ensemble("string", SUBCOMMANDS),
    Builtin::ensemble("tcl::prefix", prefix::SUBCOMMANDS),
];

const SUBCOMMANDS: &[Builtin] = &[
    pure("bytelength", "string", 1, 1, |_, words| {
        call(part::bytelength, words)
    }),
    Builtin::new("cat", "?string ...?", 0, ANY, |_, words| {
        call(part::cat, words)
    })
    .compiled(compile::cat),
    pure("compare", compare::USAGE, 2, 5, |_, words| {
        call(compare::compare, words)
    }),
    Builtin::new("equal", compare::USAGE, 2, 5, |_, words| {
        call(compare::equal, words)
    })
    .compiled(compile::equal),
    pure(
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
    pure(
        "is",
        "class ?-strict? ?-failindex var? str",
        2,
        5,
        class::is,
    ),
    pure(
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
    pure("map", "?-nocase? charMap string", 2, 3, |_, words| {
        call(search::map, words)
    }),
    pure("match", "?-nocase? pattern string", 2, 3, |_, words| {
        call(compare::matches, words)
    }),
    Builtin::new("range", "string first last", 3, 3, |_, words| {
        call(part::range, words)
    })
    .compiled(compile::range),
    pure("repeat", "string count", 2, 2, |_, words| {
        call(part::repeat, words)
    }),
    pure("replace", "string first last ?string?", 3, 4, |_, words| {
        call(part::replace, words)
    }),
    pure("reverse", "string", 1, 1, |_, words| {
        call(part::reverse, words)
    }),
    pure("tolower", "string ?first? ?last?", 1, 3, |_, words| {
        call(case::lower, words)
    }),
    pure("totitle", "string ?first? ?last?", 1, 3, |_, words| {
        call(case::title, words)
    }),
    pure("toupper", "string ?first? ?last?", 1, 3, |_, words| {
        call(case::upper, words)
    }),
    pure("trim", "string ?chars?", 1, 2, |_, words| {
        call(case::trim, words)
    }),
    pure("trimleft", "string ?chars?", 1, 2, |_, words| {
        call(case::trim_left, words)
    }),
    pure("trimright", "string ?chars?", 1, 2, |_, words| {
        call(case::trim_right, words)
    }),
    pure("wordend", "string index", 2, 2, |_, words| {
        call(case::word_end, words)
    }),
    pure("wordstart", "string index", 2, 2, |_, words| {
        call(case::word_start, words)
    }),
];

/// A subcommand as a function of its arguments, which the instruction `strcall` calls by its number in [`FUNCTIONS`].
type Function = fn(&[Value]) -> Outcome;

/// The subcommands that are functions. Those with an instruction of their own are not here.
pub(super) const FUNCTIONS: &[StringFunction] = &[
    function("bytelength", 1, 1, part::bytelength),
    function("compare", 2, 5, compare::compare),
    function("first", 2, 3, search::first),
    // Without a variable, which takes at least four.
    function("is", 2, 3, class::is_plain),
    function("last", 2, 3, search::last),
    function("map", 2, 3, search::map),
    function("match", 2, 3, compare::matches),
    function("repeat", 2, 2, part::repeat),
    function("replace", 3, 4, part::replace),
    function("reverse", 1, 1, part::reverse),
    function("tolower", 1, 3, case::lower),
    function("totitle", 1, 3, case::title),
    function("toupper", 1, 3, case::upper),
    function("trim", 1, 2, case::trim),
    function("trimleft", 1, 2, case::trim_left),
    function("trimright", 1, 2, case::trim_right),
    function("wordend", 2, 2, case::word_end),
    function("wordstart", 2, 2, case::word_start),
];

const fn function(name: &'static str, min: u16, max: u16, run: Function) -> StringFunction {
    StringFunction {
        name,
        min,
        max,
        run,
    }
}

/// A row of a subcommand that is in [`FUNCTIONS`] too.
const fn pure(
    name: &'static str,
    usage: &'static str,
    min: u16,
    max: u16,
    run: CommandFunction,
) -> Builtin {
    Builtin::new(name, usage, min, max, run).compiled(compile::function)
}

fn call(function: Function, words: &[Value]) -> CommandResult {
    done(function(words.get(1..).unwrap_or_default())?)
}

fn ok(value: impl Into<Value>) -> Outcome {
    Ok(value.into())
}

/// An error whose errorCode the text layer gives as a slice of words.
pub(crate) fn coded(message: &str, code: &[&str]) -> Box<Exception> {
    let mut exception = Exception::error(message);
    exception.error_code = Some(Value::list(
        code.iter().map(|word| Value::text(word)).collect(),
    ));
    exception
}
