//! `coroutine`, `yield`, `yieldto`, `tailcall`.

use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, Next, code};
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new("coroutine", "name cmd ?arg ...?", 2, ANY, coroutine),
    Builtin::new("tailcall", "?command? ?arg ...?", 0, ANY, tailcall),
    Builtin::new("yield", "?returnValue?", 0, 1, yield_command),
    Builtin::new("yieldto", "command ?arg ...?", 1, ANY, yieldto),
];

fn coroutine(interp: &mut Interp, words: &[Value]) -> CommandResult {
    interp.start_coroutine(&words[1].str(), words[2..].to_vec())
}

fn yield_command(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let coroutine = interp.yielding_coroutine("yield")?;
    let value = words.get(1).cloned().unwrap_or_default();
    interp.suspend(&coroutine, false);
    Ok(Next::Deliver(Ok(value)))
}

fn yieldto(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let coroutine = interp.yielding_coroutine("yieldto")?;
    let namespace = interp.current_namespace();
    if namespace.is_deleted.get() {
        return Err(Exception::with_code(
            "yieldto called in deleted namespace",
            ["TCL", "COROUTINE", "YIELDTO_IN_DELETED"],
        ));
    }
    interp.suspend(&coroutine, true);
    // The command takes the place of the call that resumed the coroutine.
    let call = interp.current_call();
    match interp.push_words_in(words[1..].to_vec(), call, Some(namespace)) {
        Ok(Next::Done(value)) => Ok(Next::Deliver(Ok(value))),
        Ok(next) => Ok(next),
        Err(exception) => Ok(Next::Deliver(Err(exception))),
    }
}

fn tailcall(interp: &mut Interp, words: &[Value]) -> CommandResult {
    if !interp.is_in_procedure() {
        return Err(Exception::with_code(
            "tailcall can only be called from a proc, lambda or method",
            ["TCL", "TAILCALL", "ILLEGAL"],
        ));
    }
    let mut exception = Exception::new(code::RETURN, Value::EMPTY);
    exception.tailcall = match words {
        [_] => None,
        words => Some(words[1..].to_vec()),
    };
    if exception.tailcall.is_none() || !interp.is_in_own_frame() {
        // It takes the place of what an earlier one asked for, or of the procedure that `uplevel` reaches, not of the one that
        // runs.
        let words = exception.tailcall.take();
        interp.set_tailcall(words);
    }
    Err(exception)
}
