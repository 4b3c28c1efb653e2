//! `dict update` and `dict with`: entries of a dict as variables while a script runs.
//!
//! Each has a beginning, which sets the variables, and an end, which puts their values back. Both take the command's words
//! without the script, so that they can stand around an inlined body too.

use super::change::{Missing, map_at};
use super::{value_at, wrong_args};
use crate::bytecode::Register;
use crate::runtime::{
    CommandResult, Context, Exception, Interp, Next, Outcome, Resume, ScriptLabel, code,
};
use crate::value::Value;

/// A `dict update` or `dict with` whose body is being evaluated.
struct Scope {
    command: &'static str,
    /// What `end` gets.
    words: Vec<Value>,
    end: fn(&mut Interp, &[Value]) -> Outcome,
}

pub(super) fn update(interp: &mut Interp, words: &[Value]) -> CommandResult {
    if words.len().is_multiple_of(2) {
        return Err(wrong_args("update"));
    }
    let [_, words @ .., body] = words else {
        return Err(wrong_args("update"));
    };
    update_begin(interp, words, Naming::Names)?;
    run(
        interp,
        Scope {
            command: "update",
            words: words.to_vec(),
            end: update_end_named,
        },
        body,
    )
}

pub(super) fn with(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, words @ .., body] = words else {
        return Err(wrong_args("with"));
    };
    let keys = with_begin(interp, words)?;
    let mut words = words.to_vec();
    words.push(keys);
    run(
        interp,
        Scope {
            command: "with",
            words,
            end: with_end,
        },
        body,
    )
}

fn run(interp: &mut Interp, scope: Scope, body: &Value) -> CommandResult {
    interp.push_native(Box::new(scope));
    interp.push_script(body, Context::Current, ScriptLabel::None)
}

impl Resume for Scope {
    fn resume(self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        (self.end)(interp, &self.words)?;
        outcome.map(Next::Done).map_err(|mut exception| {
            if exception.code == code::ERROR {
                exception.add_info(&format!("\n    (body of \"dict {}\")", self.command));
            }
            exception
        })
    }
}

/// What the words that stand for variables are.
#[derive(Clone, Copy)]
pub(crate) enum Naming {
    /// Names, looked up in the current call frame.
    Names,
    /// Numbers of local variables of the unit that runs.
    Locals,
}

impl Naming {
    /// The number of the local variable that a word is; the compiler made it.
    fn local(word: &Value) -> Register {
        word.as_int()
            .and_then(|number| Register::try_from(number).ok())
            .unwrap_or_default()
    }

    /// The value of a variable, if it has one.
    fn read(self, interp: &mut Interp, variable: &Value) -> Result<Option<Value>, Box<Exception>> {
        match self.get(interp, variable) {
            Ok(value) => Ok(Some(value)),
            Err(exception) if exception.is_uncatchable => Err(exception),
            Err(_) => Ok(None),
        }
    }

    fn get(self, interp: &mut Interp, variable: &Value) -> Outcome {
        match self {
            Naming::Names => interp.variable_get(variable),
            Naming::Locals => interp.local_get(Naming::local(variable)),
        }
    }

    fn set(
        self,
        interp: &mut Interp,
        variable: &Value,
        value: Option<&Value>,
    ) -> Result<(), Box<Exception>> {
        match (self, value) {
            (Naming::Names, Some(value)) => interp.variable_set(variable, value.clone()).map(drop),
            (Naming::Names, None) => interp.variable_unset(variable, false),
            (Naming::Locals, Some(value)) => {
                interp.local_set(Naming::local(variable), value.clone())
            }
            (Naming::Locals, None) => interp.local_unset(Naming::local(variable)),
        }
    }

    fn modify(
        self,
        interp: &mut Interp,
        variable: &Value,
        change: impl FnOnce(&mut Value) -> Result<(), Box<Exception>>,
    ) -> Result<(), Box<Exception>> {
        match self {
            Naming::Names => interp
                .variable_modify(variable, false, |value, _| change(value))
                .map(drop),
            Naming::Locals => interp.local_modify(Naming::local(variable), false, change),
        }
    }
}

/// Sets the variables of a `dict update`; the words are the dict's variable, and keys with variables.
pub(crate) fn update_begin(interp: &mut Interp, words: &[Value], naming: Naming) -> Outcome {
    let [name, pairs @ ..] = words else {
        return Err(wrong_args("update"));
    };
    let dict = naming.get(interp, name)?.to_dict()?;
    for pair in pairs.chunks_exact(2) {
        naming.set(interp, &pair[1], dict.map().get(&pair[0]))?;
    }
    Ok(Value::EMPTY)
}

/// Puts the variables of a `dict update` back; the words are those of [`update_begin`].
pub(crate) fn update_end(interp: &mut Interp, words: &[Value], naming: Naming) -> Outcome {
    let [name, pairs @ ..] = words else {
        return Err(wrong_args("update"));
    };
    write_back(interp, naming, name, &[], || {
        pairs.chunks_exact(2).map(|pair| (&pair[0], &pair[1]))
    })
}

fn update_end_named(interp: &mut Interp, words: &[Value]) -> Outcome {
    update_end(interp, words, Naming::Names)
}

/// Sets the variables of a `dict with`; the words are the dict's variable and a path of keys. Returns the names of the
/// variables.
pub(crate) fn with_begin(interp: &mut Interp, words: &[Value]) -> Outcome {
    let [name, path @ ..] = words else {
        return Err(wrong_args("with"));
    };
    let dict = value_at(&interp.variable_get(name)?, path)?.to_dict()?;
    let mut keys = Vec::with_capacity(dict.map().len());
    for (key, value) in dict.map().iter() {
        interp.variable_set(key, value.clone())?;
        keys.push(key.clone());
    }
    Ok(Value::list(keys))
}

/// Puts the variables of a `dict with` back; the words are those of [`with_begin`], and its result.
pub(crate) fn with_end(interp: &mut Interp, words: &[Value]) -> Outcome {
    let [name, path @ .., keys] = words else {
        return Err(wrong_args("with"));
    };
    let keys = keys.to_list()?;
    write_back(interp, Naming::Names, name, path, || {
        keys.elements().iter().map(|key| (key, key))
    })
}

/// Puts variables' values back into the dict that a path in the variable `name` leads to; a variable that is gone takes its
/// key with it. Nothing happens when the dict's variable, or the path in it, is gone.
///
/// * `entries`: makes the keys with their variables.
fn write_back<'a, I: Iterator<Item = (&'a Value, &'a Value)>>(
    interp: &mut Interp,
    naming: Naming,
    name: &Value,
    path: &[Value],
    entries: impl Fn() -> I,
) -> Outcome {
    match naming.read(interp, name)? {
        Some(dict) if has_path(&dict, path)? => {}
        _ => return Ok(Value::EMPTY),
    }
    let mut values = Vec::new();
    for (_, variable) in entries() {
        values.push(naming.read(interp, variable)?);
    }
    naming.modify(interp, name, |dict| {
        // A dict that stays as it is keeps its spelling.
        if values.iter().all(Option::is_none) && path.is_empty() {
            let found = dict.to_dict()?;
            if entries().all(|(key, _)| found.map().get(key).is_none()) {
                return Ok(());
            }
        }
        let map = map_at(dict, path, Missing::Made)?;
        for ((key, _), value) in entries().zip(values) {
            match value {
                Some(value) => drop(map.insert(key.clone(), value)),
                None => drop(map.remove(key)),
            }
        }
        Ok(())
    })?;
    Ok(Value::EMPTY)
}

/// Whether the path leads to a dict. Errors: something on the path is no dict.
fn has_path(dict: &Value, path: &[Value]) -> Result<bool, Box<Exception>> {
    let mut current = dict.clone();
    for key in path {
        let next = current.to_dict()?.map().get(key).cloned();
        match next {
            Some(next) => current = next,
            None => return Ok(false),
        }
    }
    current.to_dict()?;
    Ok(true)
}
