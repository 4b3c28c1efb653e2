//! The default handler of background errors.

use crate::runtime::integer::small_int_of;
use crate::runtime::{CommandResult, Exception, Interp, Next, Outcome, code, done_empty};
use crate::value::Value;

/// `::tcl::Bgerror msg options`: calls `bgerror` if there is one, else prints the error's trace.
pub(super) fn bgerror(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let options = words[2].to_dict()?;
    let option = |name: &str| options.map().get_text(name).cloned();
    let number = |name: &str| match option(name) {
        Some(value) => small_int_of(&value),
        None => Err(Exception::with_code(
            format!("missing return option \"{name}\""),
            ["TCL", "ARGUMENT", "MISSING"],
        )),
    };
    let level = number("-level")?;
    let code = number("-code")?;
    let message = match (code, level) {
        (1, 0) => words[1].clone(),
        (3, 0) => Value::text("invoked \"break\" outside of a loop"),
        (4, 0) => Value::text("invoked \"continue\" outside of a loop"),
        (0, 0) => return done_empty(),
        (_, 0) => Value::string(format!("command returned bad code: {code}")),
        _ => Value::text("command returned bad code: 2"),
    };
    let info = option("-errorinfo").unwrap_or_else(|| message.clone());
    let error_code = option("-errorcode").unwrap_or_else(|| Value::text("NONE"));
    let _ = interp.call(vec![
        Value::text("::set"),
        Value::text("::errorInfo"),
        info.clone(),
    ]);
    let _ = interp.call(vec![
        Value::text("::set"),
        Value::text("::errorCode"),
        error_code,
    ]);
    let then_message = message.clone();
    interp.push_then(move |interp, outcome| finish(interp, outcome, &then_message, &info));
    interp.push_words_in(vec![Value::text("bgerror"), message], 0, None)
}

fn finish(interp: &mut Interp, outcome: Outcome, message: &Value, info: &Value) -> CommandResult {
    let Err(exception) = outcome else {
        return done_empty();
    };
    if exception.is_uncatchable || exception.code != code::ERROR {
        return Err(exception);
    }
    if interp.is_safe.get() {
        // Whoever made the interpreter may have hidden a handler from its scripts.
        let handler = interp.hidden.borrow().get("bgerror").cloned();
        if let Some(handler) = handler {
            return interp.call_untraced(&handler, &[Value::text("bgerror"), message.clone()]);
        }
        return done_empty();
    }
    let global = interp.global_namespace();
    let text = if global.command("bgerror").is_none() {
        format!("{info}\n")
    } else {
        format!(
            "bgerror failed to handle background error.\n    Original error: {message}\n    Error in bgerror: {}\n",
            exception.value
        )
    };
    interp.print_error(&text);
    Ok(Next::Done(Value::EMPTY))
}
