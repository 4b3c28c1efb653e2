//! `array` and its subcommands.

mod order;
mod search;

use std::rc::Rc;

use super::option;
use crate::runtime::slot::{Slot, Target};
use crate::runtime::variable::split_key;
use crate::runtime::{Builtin, CommandResult, Exception, Interp, done, done_empty};
use crate::text::glob::{glob_match, is_literal};
use crate::text::regexp::{Flags, Regexp};
use crate::value::{ArrayObject, Repr, Value};

pub(crate) use order::as_in_tclsh;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[Builtin::ensemble(
    "array",
    &[
        Builtin::new("anymore", "arrayName searchId", 2, 2, search::array_anymore),
        Builtin::new(
            "donesearch",
            "arrayName searchId",
            2,
            2,
            search::array_donesearch,
        ),
        Builtin::new("exists", "arrayName", 1, 1, array_exists),
        Builtin::new("get", "arrayName ?pattern?", 1, 2, array_get),
        Builtin::new("names", "arrayName ?mode? ?pattern?", 1, 3, array_names),
        Builtin::new(
            "nextelement",
            "arrayName searchId",
            2,
            2,
            search::array_nextelement,
        ),
        Builtin::new("set", "arrayName list", 2, 2, array_set),
        Builtin::new("size", "arrayName", 1, 1, array_size),
        Builtin::new("startsearch", "arrayName", 1, 1, search::array_startsearch),
        Builtin::new("statistics", "arrayName", 1, 1, array_statistics),
        Builtin::new("unset", "arrayName ?pattern?", 1, 2, array_unset),
    ],
)];

/// `"name" isn't an array`
fn is_no_array(name: &Value) -> Box<Exception> {
    Exception::with_code(
        format!("\"{name}\" isn't an array"),
        ["TCL", "LOOKUP", "ARRAY", &name.str()],
    )
}

/// Whether the element's slot has a value.
fn is_set(slot: &Value) -> bool {
    match &slot.0 {
        Repr::Unset => false,
        Repr::Link(cell) => cell.target().is_set(),
        _ => true,
    }
}

/// The keys of the elements that have values, in tclsh's order.
fn keys(array: &ArrayObject) -> Vec<Value> {
    let elements = array.elements.borrow();
    let keys: Vec<Value> = elements
        .iter()
        .filter(|(_, slot)| is_set(slot))
        .map(|(key, _)| key.clone())
        .collect();
    drop(elements);
    order::as_in_tclsh(keys)
}

/// As [`keys`], of those that match a glob pattern.
fn matching_keys(array: &ArrayObject, pattern: Option<&Value>) -> Vec<Value> {
    let Some(pattern) = pattern else {
        return keys(array);
    };
    let text = pattern.str();
    if is_literal(&text) {
        let is_there = array.elements.borrow().get(pattern).is_some_and(is_set);
        return if is_there {
            vec![pattern.clone()]
        } else {
            Vec::new()
        };
    }
    let mut all = keys(array);
    all.retain(|key| glob_match(&text, &key.str(), false));
    all
}

fn again(slot: &Slot) -> Slot {
    match slot {
        Slot::Register(register) => Slot::Register(*register),
        Slot::Cell(cell) => Slot::Cell(cell.clone()),
        Slot::Nowhere => Slot::Nowhere,
    }
}

fn array_exists(interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(interp.array_object(&words[1])?.is_some())
}

fn array_size(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let Some(array) = interp.array_object(&words[1])? else {
        return done(0_i64);
    };
    let count = array
        .elements
        .borrow()
        .iter()
        .filter(|(_, slot)| is_set(slot))
        .count();
    done(count)
}

fn array_get(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let Some(array) = interp.array_object(&words[1])? else {
        return done_empty();
    };
    let name = words[1].str();
    let call = interp.current_call();
    let slot = interp.find_slot(&name, call);
    let is_traced = matches!(&slot, Some(Slot::Cell(cell)) if cell.has_traces.get());
    let keys = matching_keys(&array, words.get(2));
    let mut pairs = Vec::with_capacity(keys.len() * 2);
    for key in keys {
        let element = array.elements.borrow().get(&key).cloned();
        let value = match element {
            Some(element) if element.is_value() && !is_traced => element,
            Some(_) => match &slot {
                Some(slot) => {
                    let target = Target::named(again(slot), Some(key.clone()), &name);
                    let outcome = interp.get(&target);
                    if outcome.is_err() && !array.elements.borrow().get(&key).is_some_and(is_set) {
                        // A trace has removed it meanwhile.
                        continue;
                    }
                    outcome?
                }
                None => continue,
            },
            None => continue,
        };
        pairs.push(key);
        pairs.push(value);
    }
    done(pairs)
}

fn array_names(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let array = interp.array_object(&words[1])?;
    let (mode, pattern) = match &words[2..] {
        [] => (1, None),
        [pattern] => (1, Some(pattern)),
        [mode, pattern, ..] => {
            let mode = option(mode, &["-exact", "-glob", "-regexp"], "option")?;
            (mode, Some(pattern))
        }
    };
    let Some(array) = array else {
        return done_empty();
    };
    let names = match (mode, pattern) {
        (0, Some(pattern)) => {
            let is_there = array.elements.borrow().get(pattern).is_some_and(is_set);
            if is_there {
                vec![pattern.clone()]
            } else {
                Vec::new()
            }
        }
        (2, Some(pattern)) => names_by_regexp(interp, keys(&array), pattern)?,
        _ => matching_keys(&array, pattern),
    };
    done(names)
}

fn names_by_regexp(
    interp: &mut Interp,
    names: Vec<Value>,
    pattern: &Value,
) -> Result<Vec<Value>, Box<Exception>> {
    if names.is_empty() {
        return Ok(names);
    }
    let regexp = Regexp::new(&pattern.str(), Flags::default()).map_err(|error| {
        Exception::with_code(
            format!(
                "couldn't compile regular expression pattern: {}",
                error.message()
            ),
            ["REGEXP", error.code_name(), error.message()],
        )
    })?;
    let mut matching = Vec::new();
    let mut captures = Vec::new();
    for name in names {
        let mut failure = None;
        let found = regexp.find(&name.str(), 0, false, 0, &mut captures, &mut || {
            failure = interp.check_safepoint().err();
            failure.is_some()
        });
        if let Some(failure) = failure {
            return Err(failure);
        }
        if found.unwrap_or(false) {
            matching.push(name);
        }
    }
    Ok(matching)
}

fn array_set(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let existing = interp.array_object(&words[1])?;
    let name = words[1].str();
    if existing.is_none()
        && let (base, Some(_)) = split_key(&name)
        && base.len() < name.len()
    {
        let current = interp.current_namespace();
        if base.contains("::") && interp.locate(base, &current).is_none() {
            return Err(Exception::variable(
                "set",
                &name,
                "parent namespace doesn't exist",
                &["TCL", "LOOKUP", "VARNAME", &name],
            ));
        }
        let base_name = Value::text(base);
        let is_scalar =
            interp.variable_exists(&base_name) && interp.array_object(&base_name)?.is_none();
        return Err(Exception::variable(
            "set",
            &name,
            "variable isn't array",
            &[
                "TCL",
                "LOOKUP",
                "VARNAME",
                if is_scalar { base } else { &name },
            ],
        ));
    }
    let pairs = words[2].to_list()?;
    let pairs = pairs.elements();
    if pairs.len() % 2 != 0 {
        return Err(Exception::with_code(
            "list must have an even number of elements",
            ["TCL", "ARGUMENT", "FORMAT"],
        ));
    }
    let call = interp.current_call();
    // tclsh compiles the command in procedures, and then checks the variable first.
    let is_compiled = !pairs.is_empty() && interp.is_in_procedure();
    let slot = interp.make_slot(&name, call, if is_compiled { "access" } else { "set" })?;
    if pairs.is_empty() || is_compiled {
        make_empty(interp, &words[1], &slot)?;
    }
    let slot = if pairs.is_empty() {
        return done_empty();
    } else {
        interp.make_slot(&name, call, "set")?
    };
    for pair in pairs.chunks_exact(2) {
        let target = Target::named(again(&slot), Some(pair[0].clone()), &name);
        interp.set(&target, pair[1].clone())?;
    }
    done_empty()
}

/// `array set name {}` makes an array when there is no variable.
fn make_empty(interp: &mut Interp, name: &Value, slot: &Slot) -> CommandResult {
    let content = slot.content();
    match &content.0 {
        Repr::Array(_) => done_empty(),
        Repr::Unset if !slot.is_element() => {
            interp.make_array(name, "set")?;
            done_empty()
        }
        _ => Err(Exception::variable(
            "array set",
            &name.str(),
            "variable isn't array",
            &["TCL", "WRITE", "ARRAY"],
        )),
    }
}

fn array_unset(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let Some(array) = interp.array_object(&words[1])? else {
        return done_empty();
    };
    let name = words[1].str();
    let call = interp.current_call();
    let Some(slot) = interp.find_slot(&name, call) else {
        return done_empty();
    };
    let Some(pattern) = words.get(2) else {
        interp.unset(&Target::named(slot, None, &name), false)?;
        return done_empty();
    };
    for key in matching_keys(&array, Some(pattern)) {
        interp.unset(&Target::named(again(&slot), Some(key), &name), false)?;
    }
    done_empty()
}

fn array_statistics(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let array = interp
        .array_object(&words[1])?
        .ok_or_else(|| is_no_array(&words[1]))?;
    done(order::statistics(&keys(&array)))
}

/// The array that a search is about.
fn searched(interp: &mut Interp, name: &Value) -> Result<Rc<ArrayObject>, Box<Exception>> {
    interp.array_object(name)?.ok_or_else(|| is_no_array(name))
}
