//! The built-in commands: one file a noun, one table row a command.
//!
//! A file's `COMMANDS` are its rows. [`Interp::new`] puts them into a new interpreter; everything else about a command (arity,
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

use crate::runtime::natives::Natives;
use std::collections::HashSet;
use std::sync::OnceLock;

use foldhash::fast::RandomState;

use crate::runtime::{Builtin, Exception, Interp};
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

/// What the runtime calls of the commands.
static NATIVES: Natives = Natives {
    strings: string::FUNCTIONS,
    changes: inline::CHANGES,
    lset: list::set_words,
    inline: inline::FUNCTIONS,
    is_inlinable,
    check_limits: interp::check_limits,
    is_first: interp::is_first,
    location_in_caller: interp::location_in_caller,
    pass_on: interp::pass_on,
};

impl Interp {
    /// An interpreter with all commands, and the global variables that every one has.
    pub fn new() -> Interp {
        let mut interp = Interp::without_commands();
        for table in TABLES {
            interp.register(table);
        }
        math::register(&mut interp);
        oo::prepare(&mut interp);
        crate::library::prepare(&mut interp);
        interp
    }

    /// An interpreter without any command.
    pub(crate) fn without_commands() -> Interp {
        Interp::bare(&NATIVES)
    }
}

impl Default for Interp {
    fn default() -> Interp {
        Interp::new()
    }
}

/// All rows of the command table, for documentation and completion.
pub fn rows() -> impl Iterator<Item = &'static Builtin> {
    TABLES.iter().flat_map(|table| table.iter())
}

/// The subcommands of a command that is no ensemble but has them, in the order of its error message; empty for any other.
pub fn options(command: &str) -> &'static [&'static str] {
    match command {
        "interp" => interp::OPTIONS,
        "package" => package::OPTIONS,
        _ => &[],
    }
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
        commands
            .chain(crate::runtime::math::function_names())
            .collect()
    });
    names.contains(name)
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
