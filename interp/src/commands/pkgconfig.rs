//! `::tcl::pkgconfig`: how this Tcl was built and where its parts are.

use crate::library::SCRIPT_FOLDER;
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, done};
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[Builtin::new(
    "::tcl::pkgconfig",
    "subcommand ?arg?",
    0,
    ANY,
    pkgconfig,
)];

/// The keys in the order of tclsh; folders are those of Debian's Tcl, whose packages are found too.
const ENTRIES: &[(&str, &str)] = &[
    ("debug", "0"),
    ("threaded", "1"),
    ("profiled", "0"),
    ("64bit", "0"),
    ("optimized", "1"),
    ("mem_debug", "0"),
    ("compile_debug", "0"),
    ("compile_stats", "0"),
    ("libdir,runtime", "/usr/lib/x86_64-linux-gnu"),
    ("bindir,runtime", "/usr/bin"),
    ("scriptdir,runtime", SCRIPT_FOLDER),
    ("includedir,runtime", "/usr/include/tcl8.6"),
    ("docdir,runtime", "/usr/share/man"),
    ("libdir,install", "/usr/lib/x86_64-linux-gnu"),
    ("bindir,install", "/usr/bin"),
    ("scriptdir,install", SCRIPT_FOLDER),
    ("includedir,install", "/usr/include/tcl8.6"),
    ("docdir,install", "/usr/share/man"),
];

fn pkgconfig(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let usage = |rest: &str| Exception::wrong_args(&format!("{} {rest}", words[0]));
    let arguments = &words[1..];
    if arguments.is_empty() || arguments.len() > 2 {
        return Err(usage("subcommand ?arg?"));
    }
    let subcommand = super::option(&arguments[0], &["get", "list"], "subcommand")?;
    match (subcommand, arguments) {
        (0, [_, key]) => {
            let key = key.str();
            match ENTRIES.iter().find(|(name, _)| *name == &*key) {
                Some((_, value)) => done(Value::text(value)),
                None => Err(Exception::with_code(
                    "key not known",
                    ["TCL", "LOOKUP", "CONFIG", &key],
                )),
            }
        }
        (0, _) => Err(usage("get key")),
        (_, [_]) => done(
            ENTRIES
                .iter()
                .map(|(name, _)| Value::text(name))
                .collect::<Vec<Value>>(),
        ),
        _ => Err(usage("list")),
    }
}
