//! `dict update` and `dict with`: entries of a dict as variables while a script runs.

use super::change::{Missing, map_at};
use super::{value_at, wrong_args};
use crate::runtime::{CommandResult, Context, Exception, Interp, Outcome, Resume, ScriptLabel, code};
use crate::value::Value;

/// A `dict update` or `dict with` whose body is being evaluated.
struct Scope {
    /// The variable that holds the dict.
    name: Value,
    /// The keys that lead to the dict whose entries are variables.
    path: Vec<Value>,
    /// Keys with their variables.
    entries: Vec<(Value, Value)>,
    /// `update` or `with`
    command: &'static str,
}

pub(super) fn update(interp: &mut Interp, words: &[Value]) -> CommandResult {
    if !words.len().is_multiple_of(2) {
        let [_, name, pairs @ .., body] = words else {
            return Err(wrong_args("update"));
        };
        let dict = interp.variable_get(name)?.to_dict()?;
        let mut entries = Vec::with_capacity(pairs.len() / 2);
        for pair in pairs.chunks_exact(2) {
            match dict.map().get(&pair[0]) {
                Some(value) => drop(interp.variable_set(&pair[1], value.clone())?),
                None => interp.variable_unset(&pair[1], false)?,
            }
            entries.push((pair[0].clone(), pair[1].clone()));
        }
        return run(interp, Scope { name: name.clone(), path: Vec::new(), entries, command: "update" }, body);
    }
    Err(wrong_args("update"))
}

pub(super) fn with(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, name, path @ .., body] = words else {
        return Err(wrong_args("with"));
    };
    let dict = value_at(&interp.variable_get(name)?, path)?.to_dict()?;
    let mut entries = Vec::with_capacity(dict.map().len());
    for (key, value) in dict.map().iter() {
        interp.variable_set(key, value.clone())?;
        entries.push((key.clone(), key.clone()));
    }
    run(interp, Scope { name: name.clone(), path: path.to_vec(), entries, command: "with" }, body)
}

fn run(interp: &mut Interp, scope: Scope, body: &Value) -> CommandResult {
    interp.push_native(Box::new(scope));
    interp.push_script(body, Context::Current, ScriptLabel::None)
}

impl Resume for Scope {
    fn resume(self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        let outcome = outcome.map_err(|mut exception| {
            if exception.code == code::ERROR {
                exception.add_info(&format!("\n    (body of \"dict {}\")", self.command));
            }
            exception
        });
        self.write_back(interp)?;
        outcome.map(crate::runtime::Next::Done)
    }
}

impl Scope {
    /// Puts the variables' values back into the dict; a variable that is gone takes its key with it. Nothing happens when
    /// the dict's variable, or the path in it, is gone.
    fn write_back(&self, interp: &mut Interp) -> Result<(), Box<Exception>> {
        match interp.variable_get(&self.name) {
            Err(exception) if exception.is_uncatchable => return Err(exception),
            Err(_) => return Ok(()),
            Ok(dict) => {
                dict.to_dict()?;
                if !self.has_path(&dict)? {
                    return Ok(());
                }
            }
        }
        let mut values = Vec::with_capacity(self.entries.len());
        for (_, variable) in &self.entries {
            values.push(self.current(interp, variable)?);
        }
        interp.variable_modify(&self.name, false, |dict, _| {
            let map = map_at(dict, &self.path, Missing::Made)?;
            for ((key, _), value) in self.entries.iter().zip(values) {
                match value {
                    Some(value) => drop(map.insert(key.clone(), value)),
                    None => drop(map.remove(key)),
                }
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Whether the path still leads to a dict.
    fn has_path(&self, dict: &Value) -> Result<bool, Box<Exception>> {
        let mut current = dict.clone();
        for key in &self.path {
            let next = current.to_dict()?.map().get(key).cloned();
            match next {
                Some(next) => current = next,
                None => return Ok(false),
            }
        }
        current.to_dict()?;
        Ok(true)
    }

    fn current(&self, interp: &mut Interp, variable: &Value) -> Result<Option<Value>, Box<Exception>> {
        match interp.variable_get(variable) {
            Ok(value) => Ok(Some(value)),
            Err(exception) if exception.is_uncatchable => Err(exception),
            Err(_) => Ok(None),
        }
    }
}
