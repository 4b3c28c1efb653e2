//! Commands from standard input, each run as soon as it is complete: what tclsh does with a pipe.
//!
//! Lines come through the interpreter's own channel `stdin`, so that commands which read it get what follows them.

use remex_interp::channel::{ChannelError, Gets};
use remex_interp::syntax::is_complete;
use remex_interp::{Interp, Value};

use crate::session::{Session, failure_of};

/// Longest command in bytes; the text of a command is a string of the interpreter's.
pub const COMMAND_BYTES_MAX: usize = remex_interp::limits::STRING_BYTES_MAX;

/// Runs commands until the end of input; returns the exit status. With prompts and results when a script has set
/// `tcl_interactive`.
pub fn run(mut session: Session) -> i32 {
    let mut command = String::new();
    session.interp.keep_interactive_boolean();
    loop {
        if session.interp.find_channel(&Value::text("stdin")).is_err() {
            break;
        }
        if is_interactive(&mut session) {
            prompt(&mut session, !command.is_empty());
        }
        if !next_line(&mut session.interp, &mut command) {
            break;
        }
        if !is_complete(&command) && command.len() < COMMAND_BYTES_MAX {
            continue;
        }
        // The last newline ends the command and is none of its own.
        command.pop();
        let script = Value::string(std::mem::take(&mut command));
        let outcome = session.interp.eval_file_text(&script);
        if session.interp.exit_status().is_some() {
            break;
        }
        match failure_of(outcome) {
            Ok(value) if !value.is_empty() && is_interactive(&mut session) => {
                write_line(&mut session.interp, "stdout", &value)
            }
            Ok(_) => {}
            Err(exception) => write_line(&mut session.interp, "stderr", &exception.value),
        }
    }
    session.finish(0)
}

fn is_interactive(session: &mut Session) -> bool {
    let name = Value::text("::tcl_interactive");
    session.interp.variable_exists(&name)
        && session
            .interp
            .variable_get(&name)
            .is_ok_and(|value| value.as_boolean() == Some(true))
}

/// Appends the next line and a newline to `command`. False: there is none.
pub fn next_line(interp: &mut Interp, command: &mut String) -> bool {
    loop {
        let Ok(channel) = interp.find_channel(&Value::text("stdin")) else {
            return false;
        };
        let Ok(mut channel) = channel.try_borrow_mut() else {
            return false;
        };
        match channel.gets() {
            Ok(Gets::Line(line)) => {
                command.push_str(line);
                command.push('\n');
                return true;
            }
            Ok(Gets::Blocked) => {
                // A script has made it non-blocking; we have nothing else to do.
                let waited = channel
                    .fd(remex_interp::channel::Direction::Read)
                    .map(remex_interp::channel::wait_readable);
                if !matches!(waited, Some(Ok(()))) {
                    return false;
                }
            }
            Err(ChannelError::Interrupted) => {}
            Ok(Gets::Eof) | Err(_) => return false,
        }
    }
}

/// Writes a line to a standard channel, if the script has left it open.
pub fn write_line(interp: &mut Interp, channel: &str, line: &Value) {
    if let Ok(channel) = interp.find_channel(&Value::text(channel))
        && let Ok(mut channel) = channel.try_borrow_mut()
    {
        let _ = channel
            .write_line(&line.str())
            .and_then(|()| channel.flush());
    }
}

/// Shows a prompt: runs the script in `tcl_prompt1`, or `tcl_prompt2` within a command, or prints tclsh's.
fn prompt(session: &mut Session, is_within: bool) {
    let name = Value::text(if is_within {
        "::tcl_prompt2"
    } else {
        "::tcl_prompt1"
    });
    if session.interp.variable_exists(&name)
        && let Ok(script) = session.interp.variable_get(&name)
    {
        let Err(mut exception) = session.interp.eval(script) else {
            return;
        };
        exception.add_info("\n    (script that generates prompt)");
        session.set("errorInfo", exception.info_value());
        write_line(&mut session.interp, "stderr", &exception.value);
    }
    if let (false, Ok(channel)) = (
        is_within,
        session.interp.find_channel(&Value::text("stdout")),
    ) && let Ok(mut channel) = channel.try_borrow_mut()
    {
        let _ = channel.write_str("% ").and_then(|()| channel.flush());
    }
}
