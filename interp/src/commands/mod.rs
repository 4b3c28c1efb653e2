//! The built-in commands: one file a noun, one table row a command.
//!
//! A file's `COMMANDS` are its rows. [`register_all`] puts them into a new interpreter; everything else about a command (arity,
//! completion, hiding, the compatibility page) is derived from its row.

pub(crate) mod array;
pub(crate) mod binary;
pub(crate) mod case;
pub(crate) mod channel;
pub(crate) mod clock;
pub(crate) mod completion;
pub(crate) mod control;
pub(crate) mod coroutine;
pub(crate) mod dict;
pub(crate) mod disassembly;
pub(crate) mod encoding;
pub(crate) mod ensemble;
pub(crate) mod evaluate;
pub(crate) mod event;
pub(crate) mod exec;
pub(crate) mod file;
pub(crate) mod format;
pub(crate) mod glob;
pub(crate) mod info;
pub(crate) mod inline;
pub(crate) mod interp;
pub(crate) mod list;
pub(crate) mod list_sort;
pub(crate) mod math;
pub(crate) mod namespace;
pub(crate) mod oo;
pub(crate) mod package;
pub(crate) mod pkgconfig;
pub(crate) mod procedure;
pub(crate) mod process;
pub(crate) mod regexp;
pub(crate) mod rename;
pub(crate) mod representation;
pub(crate) mod socket;
pub(crate) mod string;
pub(crate) mod subst;
pub(crate) mod switch;
pub(crate) mod timerate;
pub(crate) mod trace;
pub(crate) mod unsupported;
pub(crate) mod variable;

use std::collections::HashSet;
use std::sync::OnceLock;

use foldhash::fast::RandomState;

use crate::runtime::{Builtin, Exception, Interp};
use crate::text::index::parse_index;
use crate::value::Value;

/// The tables of all files.
const TABLES: &[&[Builtin]] = &[
    array::COMMANDS,
    binary::COMMANDS,
    case::COMMANDS,
    channel::COMMANDS,
    clock::COMMANDS,
    completion::COMMANDS,
    control::COMMANDS,
    coroutine::COMMANDS,
    dict::COMMANDS,
    disassembly::COMMANDS,
    encoding::COMMANDS,
    evaluate::COMMANDS,
    event::COMMANDS,
    exec::COMMANDS,
    file::COMMANDS,
    format::COMMANDS,
    glob::COMMANDS,
    info::COMMANDS,
    interp::COMMANDS,
    list::COMMANDS,
    list_sort::COMMANDS,
    namespace::COMMANDS,
    package::COMMANDS,
    pkgconfig::COMMANDS,
    procedure::COMMANDS,
    process::COMMANDS,
    regexp::COMMANDS,
    rename::COMMANDS,
    representation::COMMANDS,
    socket::COMMANDS,
    string::COMMANDS,
    subst::COMMANDS,
    switch::COMMANDS,
    timerate::COMMANDS,
    trace::COMMANDS,
    unsupported::COMMANDS,
    variable::COMMANDS,
];

/// Puts all commands and the variables that every interpreter has into `interp`.
pub(crate) fn register_all(interp: &mut Interp) {
    for table in TABLES {
        interp.register(table);
    }
    math::register(interp);
    oo::prepare(interp);
    crate::library::prepare(interp);
}

/// All rows of the command table, for documentation and completion.
pub fn rows() -> impl Iterator<Item = &'static Builtin> {
    TABLES.iter().flat_map(|table| table.iter())
}

/// Whether units may have inlined a command of this name: some row has a compile function, or is a math function.
///
/// Asked whenever a command comes or goes, which coroutines do in loops: hence a set.
pub(crate) fn is_inlinable(name: &str) -> bool {
    static NAMES: OnceLock<HashSet<&'static str, RandomState>> = OnceLock::new();
    let compiled = |row: &Builtin| {
        row.compile.is_some() || row.subcommands.iter().any(|row| row.compile.is_some())
    };
    let names = NAMES.get_or_init(|| {
        let commands = rows().filter(|row| compiled(row)).map(|row| row.name);
        commands.chain(math::function_names()).collect()
    });
    names.contains(name)
}

/// The value as a 64-bit integer.
pub(crate) fn int_of(value: &Value) -> Result<i64, Box<Exception>> {
    value.as_int().ok_or_else(|| {
        let mut exception = Exception::not_an_integer(value);
        if exception
            .error_code_value()
            .list_element(0)
            .is_ok_and(|word| word.is_some_and(|word| &*word.str() == "TCL"))
        {
            let words = ["TCL", "VALUE", "INTEGER"].map(Value::text);
            exception.error_code = Some(Value::list(words.to_vec()));
        }
        exception
    })
}

/// The value as a double.
pub(crate) fn double_of(value: &Value) -> Result<f64, Box<Exception>> {
    value
        .as_double()
        .ok_or_else(|| Exception::not_a_double(value))
}

/// The value as a truth value.
pub(crate) fn boolean_of(value: &Value) -> Result<bool, Box<Exception>> {
    value
        .as_boolean()
        .ok_or_else(|| Exception::not_a_boolean(value))
}

/// The position that an index such as `end-1` means among `length` elements; may be outside of them.
pub(crate) fn index_of(value: &Value, length: usize) -> Result<i64, Box<Exception>> {
    if let crate::value::Repr::Int(number) = value.0
        && i32::try_from(number).is_ok()
    {
        return Ok(number);
    }
    // Larger integers wrap to 32 bits, or are no index.
    let text = value.str();
    match parse_index(&text) {
        Some(index) => Ok(index.resolve(length)),
        None => Err(bad_index(&text)),
    }
}

#[cold]
fn bad_index(text: &str) -> Box<Exception> {
    let number = text.strip_prefix("end-").unwrap_or(text);
    let note = if crate::text::number::looks_like_bad_octal(number) {
        " (looks like invalid octal number)"
    } else {
        ""
    };
    Exception::with_code(
        format!("bad index \"{text}\": must be integer?[+-]integer? or end?[+-]integer?{note}"),
        ["TCL", "VALUE", "INDEX"],
    )
}

/// The number of the option that `value` names or abbreviates.
///
/// Errors: `TCL LOOKUP INDEX kind text`.
pub(crate) fn option(value: &Value, table: &[&str], kind: &str) -> Result<usize, Box<Exception>> {
    let text = value.str();
    if let Some(number) = table.iter().position(|name| *name == &*text) {
        return Ok(number);
    }
    let mut matching = table
        .iter()
        .enumerate()
        .filter(|(_, name)| name.starts_with(&*text));
    match (matching.next(), matching.next()) {
        // The empty word abbreviates nothing, but is ambiguous where there are several.
        (Some((number, _)), None) if !text.is_empty() => Ok(number),
        (Some(_), Some(_)) => Err(Exception::bad_index("ambiguous", kind, &text, table)),
        _ => Err(Exception::bad_index("bad", kind, &text, table)),
    }
}

/// The number of the option that `value` names in full.
pub(crate) fn option_exact(
    value: &Value,
    table: &[&str],
    kind: &str,
) -> Result<usize, Box<Exception>> {
    let text = value.str();
    table
        .iter()
        .position(|name| *name == &*text)
        .ok_or_else(|| Exception::bad_index("bad", kind, &text, table))
}
