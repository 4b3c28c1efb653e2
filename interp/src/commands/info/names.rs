//! What `info` says about names: `commands`, `procs`, `functions`, `globals`, `locals`, `vars`.

use std::collections::HashSet;
use std::rc::Rc;

use crate::commands::namespace::find;
use crate::runtime::command::{Command, CommandKind};
use crate::runtime::frame::{CallFrame, CallKind};
use crate::runtime::namespace::split_name;
use crate::runtime::{CommandResult, Interp, Namespace, done, done_empty};
use crate::text::glob::{glob_match, is_literal};
use crate::value::{Repr, Value, Variable};

/// Names found so far, each once, in order.
#[derive(Default)]
struct Names {
    seen: HashSet<String>,
    list: Vec<Value>,
}

impl Names {
    fn add(&mut self, name: &str) {
        if self.seen.insert(name.to_owned()) {
            self.list.push(Value::text(name));
        }
    }
}

/// The namespace that a qualified pattern looks into, and the pattern for the tails.
fn split_pattern(interp: &mut Interp, pattern: &str) -> Option<(Option<Rc<Namespace>>, String)> {
    match split_name(pattern) {
        (None, tail) => Some((None, tail.to_owned())),
        (Some(""), tail) => Some((Some(interp.global_namespace()), tail.to_owned())),
        (Some(qualifiers), tail) => Some((Some(find(interp, qualifiers)?), tail.to_owned())),
    }
}

fn pattern_of(words: &[Value]) -> String {
    words.get(1).map_or_else(|| "*".to_owned(), Value::to_text)
}

pub(super) fn info_commands(interp: &mut Interp, words: &[Value]) -> CommandResult {
    list_commands(interp, &pattern_of(words), false)
}

pub(super) fn info_procs(interp: &mut Interp, words: &[Value]) -> CommandResult {
    list_commands(interp, &pattern_of(words), true)
}

fn is_procedure(command: &Rc<Command>) -> bool {
    let origin = command.origin();
    let is_one = matches!(*origin.kind.borrow(), CommandKind::Procedure(_));
    is_one || crate::library::is_stub(&origin)
}

fn list_commands(interp: &mut Interp, pattern: &str, procedures_only: bool) -> CommandResult {
    let Some((specific, tail)) = split_pattern(interp, pattern) else {
        return done_empty();
    };
    let mut names = Names::default();
    if let Some(namespace) = specific {
        each_command(&namespace, &tail, |name, command| {
            if !procedures_only || is_procedure(command) {
                names.add(&namespace.qualified(name));
            }
        });
        return done(names.list);
    }
    let current = interp.current_namespace();
    let mut places = vec![current.clone()];
    if !procedures_only {
        places.extend(current.path.borrow().iter().cloned());
        places.push(interp.global_namespace());
    }
    for namespace in places {
        each_command(&namespace, &tail, |name, command| {
            if !procedures_only || is_procedure(command) {
                names.add(name);
            }
        });
    }
    done(names.list)
}

fn each_command(namespace: &Namespace, pattern: &str, mut found: impl FnMut(&str, &Rc<Command>)) {
    if is_literal(pattern) {
        if let Some(command) = namespace.command(pattern) {
            found(pattern, &command);
        }
        return;
    }
    for (name, command) in namespace.commands.borrow().iter() {
        if glob_match(pattern, name, false) {
            found(name, command);
        }
    }
}

pub(super) fn info_functions(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let pattern = pattern_of(words);
    let mut names = Names::default();
    let places = [
        find(interp, "tcl::mathfunc"),
        find(interp, "::tcl::mathfunc"),
    ];
    for namespace in places.into_iter().flatten() {
        each_command(&namespace, &pattern, |name, _| names.add(name));
    }
    done(names.list)
}

/// Whether a namespace variable shows: it has a value, or `variable` has declared it.
fn is_shown(cell: &Rc<Variable>) -> bool {
    cell.is_declared.get()
        || cell.target().is_set()
        || matches!(cell.content.borrow().0, Repr::Link(_))
}

fn each_variable(namespace: &Namespace, pattern: &str, mut found: impl FnMut(&str)) {
    for (name, cell) in namespace.variables.borrow().iter() {
        if is_shown(cell) && glob_match(pattern, name, false) {
            found(name);
        }
    }
}

pub(super) fn info_globals(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let pattern = pattern_of(words);
    let tail = if pattern.starts_with("::") {
        pattern.trim_start_matches(':')
    } else {
        &pattern
    };
    let mut names = Names::default();
    let global = interp.global_namespace();
    for (name, cell) in global.variables.borrow().iter() {
        if cell.target().is_set() && glob_match(tail, name, false) {
            names.add(name);
        }
    }
    done(names.list)
}

pub(super) fn info_locals(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let pattern = pattern_of(words);
    let mut names = Names::default();
    add_locals(interp, &pattern, false, &mut names);
    done(names.list)
}

pub(super) fn info_vars(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let pattern = pattern_of(words);
    let Some((specific, tail)) = split_pattern(interp, &pattern) else {
        return done_empty();
    };
    let mut names = Names::default();
    if let Some(namespace) = specific {
        each_variable(&namespace, &tail, |name| {
            names.add(&namespace.qualified(name))
        });
        return done(names.list);
    }
    if interp.call_frame().kind == CallKind::Procedure {
        add_locals(interp, &pattern, true, &mut names);
        return done(names.list);
    }
    let namespace = interp.current_namespace();
    each_variable(&namespace, &tail, |name| names.add(name));
    let global = interp.global_namespace();
    each_variable(&global, &tail, |name| names.add(name));
    done(names.list)
}

/// The variables of the current procedure call; `with_links` includes those that stand for others.
fn add_locals(interp: &Interp, pattern: &str, with_links: bool, names: &mut Names) {
    let index = interp.current_call();
    let frame = interp.call_frame();
    if frame.kind != CallKind::Procedure {
        return;
    }
    for (number, name) in frame
        .unit()
        .iter()
        .flat_map(|unit| unit.code.locals.iter())
        .enumerate()
    {
        if !glob_match(pattern, name, false) {
            continue;
        }
        let Some(content) = local(frame, number) else {
            continue;
        };
        let is_there = match &content.0 {
            Repr::Unset => false,
            Repr::Link(cell) if owns(interp, index, number, cell) => cell.is_set(),
            Repr::Link(_) => with_links,
            _ => true,
        };
        if is_there {
            names.add(name);
        }
    }
    for (name, cell) in frame.extra.iter().flat_map(|extra| extra.variables.iter()) {
        let is_link = matches!(cell.content.borrow().0, Repr::Link(_));
        if glob_match(pattern, name, false) && if is_link { with_links } else { cell.is_set() } {
            names.add(name);
        }
    }
}

/// The content of a local variable's register.
fn local(frame: &CallFrame, number: usize) -> Option<Value> {
    let count = frame.unit().map_or(0, |unit| unit.code.locals.len());
    if number >= count || frame.locals.is_null() {
        return None;
    }
    // SAFETY: the window of a live frame has a register for each of its unit's locals, and each holds a value.
    Some(unsafe { (*frame.locals.add(number)).clone() })
}

/// Whether the cell is that variable's own, moved out of its register because something else points at it, and not
/// the one of an outer variable that it is linked to.
fn owns(interp: &Interp, index: usize, number: usize, cell: &Rc<Variable>) -> bool {
    let is_here =
        |content: &Value| matches!(&content.0, Repr::Link(other) if Rc::ptr_eq(other, cell));
    for (at, frame) in interp.fiber.calls.iter().enumerate().take(index + 1) {
        let count = match (frame.kind, at == index) {
            (CallKind::Namespace, _) => 0,
            (_, true) => number,
            (_, false) => frame.unit().map_or(0, |unit| unit.code.locals.len()),
        };
        for other in 0..count {
            let Some(content) = local(frame, other) else {
                continue;
            };
            if is_here(&content) || has_element(&content, cell) {
                return false;
            }
        }
        let extra = frame
            .extra
            .iter()
            .flat_map(|extra| extra.variables.values());
        for other in extra {
            if Rc::ptr_eq(other, cell) || has_element(&other.get(), cell) {
                return false;
            }
        }
    }
    !is_in_namespace(&interp.global_namespace(), cell)
}

/// Whether the array in a variable has the cell as an element.
fn has_element(content: &Value, cell: &Rc<Variable>) -> bool {
    match &content.0 {
        Repr::Array(array) => array
            .elements
            .borrow()
            .iter()
            .any(|(_, slot)| matches!(&slot.0, Repr::Link(other) if Rc::ptr_eq(other, cell))),
        _ => false,
    }
}

fn is_in_namespace(root: &Rc<Namespace>, cell: &Rc<Variable>) -> bool {
    let mut waiting = vec![root.clone()];
    while let Some(namespace) = waiting.pop() {
        let found = namespace
            .variables
            .borrow()
            .values()
            .any(|other| Rc::ptr_eq(other, cell) || has_element(&other.get(), cell));
        if found {
            return true;
        }
        waiting.extend(namespace.children.borrow().values().cloned());
    }
    cell.is_detached.get()
}
