//! Commands that Molt lacks and our interpreter has: those that need neither variables nor scripts of the caller's.

use super::engine::Shared;
use super::values::words_inside;
use super::{control, events};
use molt::Interp;
use molt::types::{ContextID, MoltResult};
use remex_interp::value::Value;
use std::rc::Rc;

/// What is handed on as it is.
const NAMES: &[&str] = &[
    "binary",
    "cd",
    "clock",
    "close",
    "concat",
    "encoding",
    "eof",
    "exec",
    "fblocked",
    "fconfigure",
    "file",
    "flush",
    "format",
    "glob",
    "linsert",
    "lrange",
    "lrepeat",
    "lreplace",
    "lreverse",
    "lsearch",
    "lsort",
    "open",
    "pid",
    "pwd",
    "read",
    "regexp",
    "regsub",
    "scan",
    "seek",
    "socket",
    "split",
    "string",
    "tell",
];

/// A command that is handed on.
struct Forwarded {
    shared: Rc<Shared>,
    /// Its name there, whatever it was renamed to here.
    name: &'static str,
}

/// Gives an interpreter these commands, and those beside them that need a little more.
pub(super) fn install(molt: &mut Interp, id: ContextID, shared: &Rc<Shared>) {
    for &name in NAMES {
        let id = molt.save_context(Rc::new(Forwarded {
            shared: Rc::clone(shared),
            name,
        }));
        molt.add_context_command(name, forward, id);
    }
    molt.add_context_command("puts", control::puts, id);
    molt.add_context_command("gets", control::gets, id);
    molt.add_context_command("fileevent", events::fileevent, id);
    // Tools for who develops Molt: they print with a macro that panics when nobody listens.
    for name in ["parse", "pdump", "pclear"] {
        if molt.has_command(name) {
            molt.remove_command(name);
        }
    }
}

fn forward(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    let forwarded = Rc::clone(molt.context::<Rc<Forwarded>>(id));
    forwarded.shared.check()?;
    forwarded
        .shared
        .call_companion(call_of(forwarded.name, words))
}

/// The words for our interpreter of a call of the command that is named `name` there.
pub(super) fn call_of(name: &str, words: &[molt::Value]) -> Vec<Value> {
    let mut call = words_inside(words);
    if let Some(first) = call.first_mut() {
        *first = Value::text(name);
    }
    call
}
