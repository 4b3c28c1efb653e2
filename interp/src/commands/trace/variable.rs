//! Traces on variables.

use std::rc::Rc;

use crate::runtime::slot::Slot;
use crate::runtime::variable::split_key;
use crate::runtime::{CommandResult, Exception, Interp, done, done_empty};
use crate::value::variable::{TraceOps, VariableTrace};
use crate::value::{Repr, Value, Variable};

const OPERATIONS: &[&str] = &["array", "read", "unset", "write"];
/// In the order in which `trace info` lists them.
const SHOWN: &[&str] = &["array", "read", "write", "unset"];

fn operations_of(names: &[&str]) -> TraceOps {
    TraceOps {
        read: names.contains(&"read"),
        write: names.contains(&"write"),
        unset: names.contains(&"unset"),
        array: names.contains(&"array"),
    }
}

fn watches(operations: TraceOps, name: &str) -> bool {
    match name {
        "read" => operations.read,
        "write" => operations.write,
        "unset" => operations.unset,
        _ => operations.array,
    }
}

pub(super) fn change(
    interp: &mut Interp,
    name: &Value,
    operations: &Value,
    prefix: &Value,
    adds: bool,
) -> CommandResult {
    let operations = operations_of(&super::read_operations(operations, OPERATIONS)?);
    if adds {
        add(interp, name, operations, prefix, false)
    } else {
        remove(interp, name, operations, prefix)
    }
}

fn add(
    interp: &mut Interp,
    name: &Value,
    operations: TraceOps,
    prefix: &Value,
    is_old_style: bool,
) -> CommandResult {
    let call = interp.current_call();
    note_new_element(interp, name);
    let cell = interp.cell_by_name(name, call, "trace")?.target();
    let trace = VariableTrace {
        ops: operations,
        prefix: prefix.clone(),
        is_old_style,
        watcher: None,
    };
    cell.traces.borrow_mut().insert(0, Rc::new(trace));
    cell.has_traces.set(true);
    interp.watch_locals(&cell);
    done_empty()
}

/// A trace on an array element that is not there makes it, which ends searches.
fn note_new_element(interp: &mut Interp, name: &Value) {
    let text = name.str();
    let call = interp.current_call();
    if let (base, Some(key)) = split_key(&text)
        && let Some(slot) = interp.find_slot(base, call)
        && let Repr::Array(array) = &slot.content().0
        && array.elements.borrow().get(&key).is_none()
    {
        array.epoch.set(array.epoch.get() + 1);
    }
}

/// The cell of a variable that may be traced; one in a register has no traces.
fn existing_cell(interp: &mut Interp, name: &Value) -> Option<Rc<Variable>> {
    let text = name.str();
    let (base, key) = split_key(&text);
    let call = interp.current_call();
    let Slot::Cell(cell) = interp.find_slot(base, call)? else {
        return existing_element(interp, base, key.as_ref()?);
    };
    match key {
        None => Some(cell),
        Some(key) => element_of(&Slot::Cell(cell), &key),
    }
}

fn existing_element(interp: &mut Interp, base: &str, key: &Value) -> Option<Rc<Variable>> {
    let call = interp.current_call();
    let slot = interp.find_slot(base, call)?;
    element_of(&slot, key)
}

fn element_of(slot: &Slot, key: &Value) -> Option<Rc<Variable>> {
    let content = slot.content();
    let Repr::Array(array) = &content.0 else {
        return None;
    };
    let elements = array.elements.borrow();
    match elements.get(key).map(|slot| &slot.0) {
        Some(Repr::Link(cell)) => Some(cell.target()),
        _ => None,
    }
}

fn remove(
    interp: &mut Interp,
    name: &Value,
    operations: TraceOps,
    prefix: &Value,
) -> CommandResult {
    if let Some(cell) = existing_cell(interp, name) {
        let mut traces = cell.traces.borrow_mut();
        let found = traces
            .iter()
            .position(|trace| trace.ops == operations && trace.prefix.same_text(prefix));
        if let Some(at) = found {
            traces.remove(at);
        }
        cell.has_traces.set(!traces.is_empty());
    }
    done_empty()
}

/// Traces of the library itself do not show.
fn is_shown(trace: &VariableTrace) -> bool {
    trace.watcher.is_none() && !crate::library::is_private_prefix(&trace.prefix)
}

pub(super) fn info(interp: &mut Interp, name: &Value) -> CommandResult {
    let Some(cell) = existing_cell(interp, name) else {
        return done_empty();
    };
    let traces = cell.traces.borrow();
    let list: Vec<Value> = traces
        .iter()
        .filter(|trace| is_shown(trace))
        .map(|trace| {
            let names: Vec<Value> = SHOWN
                .iter()
                .filter(|name| watches(trace.ops, name))
                .map(|name| Value::text(name))
                .collect();
            Value::list(vec![Value::list(names), trace.prefix.clone()])
        })
        .collect();
    done(list)
}

/// `trace variable` and `trace vdelete`, whose operations are letters.
pub(super) fn old_change(interp: &mut Interp, words: &[Value], adds: bool) -> CommandResult {
    let [name, letters, prefix] = &words[2..] else {
        let verb = if adds { "variable" } else { "vdelete" };
        return Err(Exception::wrong_args(&format!(
            "trace {verb} name ops command"
        )));
    };
    let text = letters.str();
    let mut names = Vec::new();
    for letter in text.chars() {
        names.push(match letter {
            'r' => "read",
            'w' => "write",
            'u' => "unset",
            'a' => "array",
            _ => return Err(bad_letters(&text)),
        });
    }
    if names.is_empty() {
        return Err(bad_letters(&text));
    }
    let operations = operations_of(&names);
    if adds {
        add(interp, name, operations, prefix, true)
    } else {
        remove(interp, name, operations, prefix)
    }
}

fn bad_letters(text: &str) -> Box<Exception> {
    Exception::with_code(
        format!("bad operations \"{text}\": should be one or more of rwua"),
        ["TCL", "OPERATION", "TRACE", "BADOPS"],
    )
}

pub(super) fn old_info(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [name] = &words[2..] else {
        return Err(Exception::wrong_args("trace vinfo name"));
    };
    let Some(cell) = existing_cell(interp, name) else {
        return done_empty();
    };
    let traces = cell.traces.borrow();
    let letters = [
        ("read", 'r'),
        ("write", 'w'),
        ("unset", 'u'),
        ("array", 'a'),
    ];
    let list: Vec<Value> = traces
        .iter()
        .filter(|trace| is_shown(trace))
        .map(|trace| {
            let shown: String = letters
                .iter()
                .filter(|(name, _)| watches(trace.ops, name))
                .map(|(_, letter)| *letter)
                .collect();
            Value::list(vec![Value::string(shown), trace.prefix.clone()])
        })
        .collect();
    done(list)
}
