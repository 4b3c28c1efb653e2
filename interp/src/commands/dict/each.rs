//! `dict for`, `dict map` and `dict filter`: walking through the entries of a dict.
//!
//! A walk holds the dict as it was when it began; what the body does to the variable that held it is not seen.

use std::rc::Rc;

use super::{Pattern, wrong_args};
use crate::commands::{boolean_of, option};
use crate::runtime::{
    CommandResult, Context, Exception, Interp, Outcome, Resume, ScriptLabel, code, done, done_empty,
};
use crate::value::{DictObject, OrderedMap, Value};

/// What a walk is for.
enum Purpose {
    For,
    /// Collects keys with the results of the body.
    Map(OrderedMap),
    /// Collects the entries for which the body is true.
    Filter(OrderedMap),
}

/// A walk whose body is being evaluated.
struct Walk {
    dict: Rc<DictObject>,
    /// The slot to go on from.
    at: usize,
    names: [Value; 2],
    body: Value,
    purpose: Purpose,
    /// The entry of this turn.
    key: Value,
    value: Value,
}

pub(super) fn for_command(interp: &mut Interp, words: &[Value]) -> CommandResult {
    start(interp, &words[1], &words[2], &words[3], Purpose::For)
}

pub(super) fn map(interp: &mut Interp, words: &[Value]) -> CommandResult {
    start(
        interp,
        &words[1],
        &words[2],
        &words[3],
        Purpose::Map(OrderedMap::new()),
    )
}

fn start(
    interp: &mut Interp,
    names: &Value,
    dict: &Value,
    body: &Value,
    purpose: Purpose,
) -> CommandResult {
    let list = names.to_list()?;
    let [key, value] = list.elements() else {
        return Err(Exception::with_code(
            "must have exactly two variable names",
            ["TCL", "SYNTAX", "dict", purpose.name()],
        ));
    };
    let walk = Walk {
        dict: dict.to_dict()?,
        at: 0,
        names: [key.clone(), value.clone()],
        body: body.clone(),
        purpose,
        key: Value::EMPTY,
        value: Value::EMPTY,
    };
    Box::new(walk).next_turn(interp)
}

impl Purpose {
    fn name(&self) -> &'static str {
        match self {
            Purpose::For => "for",
            Purpose::Map(_) => "map",
            Purpose::Filter(_) => "filter",
        }
    }

    fn label(&self) -> &'static str {
        match self {
            Purpose::For => "\"dict for\" body",
            Purpose::Map(_) => "\"dict map\" body",
            Purpose::Filter(_) => "\"dict filter\" script",
        }
    }
}

impl Walk {
    fn next_turn(mut self: Box<Self>, interp: &mut Interp) -> CommandResult {
        let Some((at, key, value)) = self.dict.map().next_from(self.at) else {
            return self.finish();
        };
        (self.key, self.value) = (key.clone(), value.clone());
        self.at = at;
        interp.check_fuel()?;
        self.set_variables(interp)?;
        let (body, label) = (self.body.clone(), self.purpose.label());
        interp.push_native(self);
        interp.push_script(&body, Context::Current, ScriptLabel::Fixed(label))
    }

    fn set_variables(&self, interp: &mut Interp) -> Result<(), Box<Exception>> {
        let pairs = [
            (&self.names[0], &self.key, "key"),
            (&self.names[1], &self.value, "value"),
        ];
        for (name, value, what) in pairs {
            interp
                .variable_set(name, value.clone())
                .map_err(|mut exception| {
                    if matches!(self.purpose, Purpose::Filter(_)) {
                        exception.add_info(&format!(
                            "\n    (\"dict filter\" filter script {what} variable)"
                        ));
                    }
                    exception
                })?;
        }
        Ok(())
    }

    fn finish(self) -> CommandResult {
        match self.purpose {
            Purpose::For => done_empty(),
            Purpose::Map(map) | Purpose::Filter(map) => done(Value::dict(map)),
        }
    }

    fn collect(&mut self, interp: &mut Interp, result: Value) -> Result<(), Box<Exception>> {
        match &mut self.purpose {
            Purpose::For => {}
            // The body may have given the key variable another value.
            Purpose::Map(map) => {
                let key = interp.variable_get(&self.names[0])?;
                map.insert(key, result);
            }
            Purpose::Filter(map) => {
                if boolean_of(&result)? {
                    map.insert(self.key.clone(), self.value.clone());
                }
            }
        }
        Ok(())
    }
}

impl Resume for Walk {
    fn resume(mut self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        match outcome {
            Ok(result) => self.collect(interp, result)?,
            Err(exception) if exception.code == code::CONTINUE => {}
            Err(exception) if exception.code == code::BREAK => {
                return match self.purpose {
                    Purpose::Filter(_) => self.finish(),
                    _ => done_empty(),
                };
            }
            Err(exception) => return Err(exception),
        }
        self.next_turn(interp)
    }
}

pub(super) fn filter(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let (dict, patterns) = (&words[1], &words[3..]);
    match option(&words[2], &["key", "script", "value"], "filterType")? {
        0 => filter_entries(dict, patterns, |key, _| key.clone()),
        1 => match patterns {
            [names, script] => start(
                interp,
                names,
                dict,
                script,
                Purpose::Filter(OrderedMap::new()),
            ),
            _ => Err(Exception::wrong_args(
                "dict filter dictionary script {keyVarName valueVarName} filterScript",
            )),
        },
        2 => filter_entries(dict, patterns, |_, value| value.clone()),
        _ => Err(wrong_args("filter")),
    }
}

/// The entries of which some part matches one of the patterns.
fn filter_entries(
    dict: &Value,
    patterns: &[Value],
    part: fn(&Value, &Value) -> Value,
) -> CommandResult {
    let dict = dict.to_dict()?;
    let texts: Vec<_> = patterns.iter().map(Value::str).collect();
    let patterns: Vec<Pattern<'_>> = texts.iter().map(|text| Pattern::new(Some(text))).collect();
    let mut map = OrderedMap::new();
    for (key, value) in dict.map().iter() {
        let part = part(key, value);
        if patterns.iter().any(|pattern| pattern.accepts(&part)) {
            map.insert(key.clone(), value.clone());
        }
    }
    done(Value::dict(map))
}
