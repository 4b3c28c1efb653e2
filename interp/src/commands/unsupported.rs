//! Commands in `::tcl::unsupported` that look at the engine from scripts, as far as they mean something here.

use crate::runtime::command::CommandKind;
use crate::runtime::coroutine::{Coroutine, State};
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, done, done_empty};
use crate::value::Value;
use std::rc::Rc;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new("tcl::unsupported::corotype", "coroName", 1, 1, corotype),
    Builtin::new(
        "tcl::unsupported::inject",
        "coroName cmd ?arg1 arg2 ...?",
        2,
        ANY,
        inject,
    ),
];

fn coroutine_of(
    interp: &mut Interp,
    name: &Value,
    message: &str,
) -> Result<Rc<Coroutine>, Box<Exception>> {
    let text = name.str();
    let namespace = interp.current_namespace();
    let command = interp.find_command(&text, &namespace);
    let kind = command.map(|command| command.origin().kind.borrow().clone());
    match kind {
        Some(CommandKind::Coroutine(coroutine)) => Ok(coroutine),
        _ => Err(Exception::with_code(
            message,
            ["TCL", "LOOKUP", "COROUTINE", &text],
        )),
    }
}

/// How a coroutine waits: `yield` for one word, `yieldto` for any number; `active` while it runs.
fn corotype(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let message = "can only get coroutine type of a coroutine";
    let coroutine = coroutine_of(interp, &words[1], message)?;
    done(match coroutine.state.get() {
        State::Suspended if coroutine.takes_many.get() => "yieldto",
        State::Suspended => "yield",
        State::Running | State::Ended => "active",
    })
}

/// Has a suspended coroutine call a command first when it is resumed; its result becomes that of the `yield`.
fn inject(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let message = "can only inject a command into a coroutine";
    let coroutine = coroutine_of(interp, &words[1], message)?;
    if coroutine.state.get() != State::Suspended {
        return Err(Exception::with_code(
            "can only inject a command into a suspended coroutine",
            ["TCL", "COROUTINE", "ACTIVE"],
        ));
    }
    coroutine.injected.borrow_mut().push(words[2..].to_vec());
    done_empty()
}
