//! `trace`: variables, commands and their execution.
//!
//! Variable traces are kept on cells, command traces on commands; the runtime runs both.

mod variable;

use std::rc::Rc;

use super::{option, option_exact};
use crate::runtime::command::CommandTrace;
use crate::runtime::trace;
use crate::runtime::{ANY, Builtin, Command, CommandResult, Exception, Interp, done, done_empty};
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[Builtin::new("trace", "option ?arg ...?", 1, ANY, trace)];

const OPTIONS: &[&str] = &["add", "info", "remove", "variable", "vdelete", "vinfo"];
const TYPES: &[&str] = &["execution", "command", "variable"];
const COMMAND_OPERATIONS: &[&str] = &["delete", "rename"];
const EXECUTION_OPERATIONS: &[&str] = &["enter", "leave", "enterstep", "leavestep"];

fn trace(interp: &mut Interp, words: &[Value]) -> CommandResult {
    match OPTIONS[option(&words[1], OPTIONS, "option")?] {
        "add" => change(interp, words, true),
        "remove" => change(interp, words, false),
        "info" => info(interp, words),
        "vinfo" => variable::old_info(interp, words),
        old => variable::old_change(interp, words, old == "variable"),
    }
}

/// `trace add` and `trace remove`.
fn change(interp: &mut Interp, words: &[Value], adds: bool) -> CommandResult {
    let verb = if adds { "add" } else { "remove" };
    let Some(kind) = words.get(2) else {
        return Err(Exception::wrong_args(&format!(
            "trace {verb} type ?arg ...?"
        )));
    };
    let kind = TYPES[option(kind, TYPES, "option")?];
    let [name, operations, prefix] = &words[3..] else {
        return Err(Exception::wrong_args(&format!(
            "trace {verb} {kind} name opList command"
        )));
    };
    match kind {
        "variable" => variable::change(interp, name, operations, prefix, adds),
        "command" => change_command(interp, name, operations, prefix, adds, false),
        _ => change_command(interp, name, operations, prefix, adds, true),
    }
}

fn info(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let Some(kind) = words.get(2) else {
        return Err(Exception::wrong_args("trace info type name"));
    };
    let kind = TYPES[option(kind, TYPES, "option")?];
    let [name] = &words[3..] else {
        return Err(Exception::wrong_args(&format!("trace info {kind} name")));
    };
    match kind {
        "variable" => variable::info(interp, name),
        "command" => command_info(interp, name, false),
        _ => command_info(interp, name, true),
    }
}

/// The operations in a list, as the table has them.
fn read_operations(
    list: &Value,
    table: &'static [&'static str],
) -> Result<Vec<&'static str>, Box<Exception>> {
    let list_object = list.to_list()?;
    if list_object.elements().is_empty() {
        let mut message = String::from("bad operation list \"\": must be one or more of ");
        crate::runtime::exception::list_choices(&mut message, table);
        return Err(Exception::with_code(
            message,
            ["TCL", "OPERATION", "TRACE", "NOOPS"],
        ));
    }
    let mut operations = Vec::new();
    for operation in list_object.elements() {
        let name = table[option_exact(operation, table, "operation")?];
        if !operations.contains(&name) {
            operations.push(name);
        }
    }
    Ok(operations)
}

/// The command that a name means; execution is traced behind imports.
fn traced_command(
    interp: &mut Interp,
    name: &Value,
    is_execution: bool,
) -> Result<Rc<Command>, Box<Exception>> {
    let namespace = interp.current_namespace();
    let text = name.str();
    let found = interp.find_command(&text, &namespace);
    found
        .map(|command| {
            if is_execution {
                command.origin()
            } else {
                command
            }
        })
        .ok_or_else(|| {
            Exception::with_code(
                format!("unknown command \"{}\"", &*text),
                ["TCL", "LOOKUP", "COMMAND", &text],
            )
        })
}

fn change_command(
    interp: &mut Interp,
    name: &Value,
    operations: &Value,
    prefix: &Value,
    adds: bool,
    is_execution: bool,
) -> CommandResult {
    let table = if is_execution {
        EXECUTION_OPERATIONS
    } else {
        COMMAND_OPERATIONS
    };
    let operations = read_operations(operations, table)?;
    let command = traced_command(interp, name, is_execution)?;
    if adds {
        let trace = CommandTrace {
            ops: operations,
            prefix: prefix.clone(),
            is_active: std::cell::Cell::new(false),
            is_execution,
        };
        command.traces.borrow_mut().insert(0, Rc::new(trace));
    } else {
        let mut traces = command.traces.borrow_mut();
        let found = traces.iter().position(|trace| {
            trace.is_execution == is_execution
                && trace.prefix.same_text(prefix)
                && trace.ops.len() == operations.len()
                && trace
                    .ops
                    .iter()
                    .all(|operation| operations.contains(operation))
        });
        if let Some(at) = found {
            traces.remove(at);
        }
    }
    if is_execution {
        trace::traces_changed(interp, &command);
    }
    done_empty()
}

fn command_info(interp: &mut Interp, name: &Value, is_execution: bool) -> CommandResult {
    let command = traced_command(interp, name, is_execution)?;
    let traces = command.traces.borrow();
    let table = if is_execution {
        EXECUTION_OPERATIONS
    } else {
        &["rename", "delete"]
    };
    let list: Vec<Value> = traces
        .iter()
        .filter(|trace| trace.is_execution == is_execution)
        .map(|trace| {
            let operations: Vec<Value> = table
                .iter()
                .filter(|name| trace.ops.contains(name))
                .map(|name| Value::text(name))
                .collect();
            Value::list(vec![Value::list(operations), trace.prefix.clone()])
        })
        .collect();
    done(list)
}
