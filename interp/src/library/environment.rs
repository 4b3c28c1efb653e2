//! The array `env`: the environment of the process.
//!
//! Each interpreter's array has a trace that brings elements up to date before they are read and changes the
//! environment when they are written, so that all interpreters of a process see the same.

use std::rc::Rc;

use crate::channel::path;
use crate::runtime::{CommandResult, Interp, done_empty};
use crate::value::variable::{TraceOps, VariableTrace};
use crate::value::{ArrayObject, Repr, Value, Variable};

/// The command that the traces call.
pub(super) const TRACE_COMMAND: &str = "::tcl::EnvironmentTrace";

fn inside(text: &std::ffi::OsStr) -> Value {
    Value::text(&path::from_os(text))
}

/// A new array variable with the environment in it.
pub(super) fn variable() -> Rc<Variable> {
    let array = ArrayObject::new();
    for (name, value) in std::env::vars_os() {
        array
            .elements
            .borrow_mut()
            .insert(inside(&name), inside(&value));
    }
    let cell = Variable::new(Value(Repr::Array(array)));
    let trace = VariableTrace {
        ops: TraceOps {
            read: true,
            write: true,
            unset: true,
            array: true,
        },
        prefix: Value::text(TRACE_COMMAND),
        is_old_style: false,
        watcher: None,
    };
    cell.traces.borrow_mut().push(Rc::new(trace));
    cell.has_traces.set(true);
    cell
}

/// What the trace calls: `name1` is how the script names the array, `name2` the element or nothing.
pub(super) fn environment_trace(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let global = interp.global_namespace();
    let Some(array) = global
        .variable("env")
        .and_then(|cell| cell.target().array())
    else {
        return done_empty();
    };
    let key = &words[2];
    let operation = words[3].str();
    match (&*operation, key.is_empty()) {
        ("array", _) => bring_all_up_to_date(&array),
        ("read", false) => put(&array, key, get(&key.str())),
        ("write", false) => {
            let element = array.elements.borrow().get(key).cloned();
            if let Some(value) = element.map(content) {
                set(&key.str(), &value.str());
            }
        }
        ("unset", false) => remove(&key.str()),
        _ => {}
    }
    done_empty()
}

/// The value in an element's slot.
fn content(slot: Value) -> Value {
    match &slot.0 {
        Repr::Link(cell) => cell.target().get(),
        _ => slot,
    }
}

/// Sets an element to what the environment has.
fn put(array: &ArrayObject, key: &Value, value: Option<Value>) {
    let mut elements = array.elements.borrow_mut();
    match (elements.get_mut(key), value) {
        (Some(slot), value) => {
            if let Repr::Link(cell) = &slot.0 {
                drop(cell.target().replace(value.unwrap_or(Value::UNSET)));
            } else if let Some(value) = value {
                *slot = value;
            } else {
                elements.remove(key);
                array.epoch.set(array.epoch.get() + 1);
            }
        }
        (None, Some(value)) => {
            elements.insert(key.clone(), value);
            array.epoch.set(array.epoch.get() + 1);
        }
        (None, None) => {}
    }
}

fn bring_all_up_to_date(array: &ArrayObject) {
    let keys: Vec<Value> = array
        .elements
        .borrow()
        .iter()
        .map(|(key, _)| key.clone())
        .collect();
    for key in keys {
        put(array, &key, get(&key.str()));
    }
    for (name, value) in std::env::vars_os() {
        put(array, &inside(&name), Some(inside(&value)));
    }
}

/// Whether the operating system can have a variable of this name.
fn is_valid(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

fn get(name: &str) -> Option<Value> {
    if !is_valid(name) {
        return None;
    }
    std::env::var_os(path::to_os(name)).map(|value| inside(&value))
}

fn set(name: &str, value: &str) {
    if !is_valid(name) || value.contains('\0') {
        return;
    }
    // SAFETY: Rust code in other threads reads the environment through std only, which takes turns with this. The C
    // library reads it when names are looked up or times are converted; nothing here calls it for that from other
    // threads.
    unsafe { std::env::set_var(path::to_os(name), path::to_os(value)) };
}

fn remove(name: &str) {
    if !is_valid(name) {
        return;
    }
    // SAFETY: as for `set`.
    unsafe { std::env::remove_var(path::to_os(name)) };
}
