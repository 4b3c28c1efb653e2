//! The `dict` ensemble: making dicts and reading them.
//!
//! What changes a variable's dict is in `change`, what runs scripts in `each` and `scope`, what compiles to instructions in
//! `compile`.

mod change;
mod compile;
mod each;
mod scope;

use std::rc::Rc;

pub(super) use self::change::{append_words, incr_words, lappend_words, set_words, unset_words};
pub(super) use self::scope::{Naming, update_begin, update_end, with_begin, with_end};
use super::list::list_value;
use crate::runtime::position::get_key;
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, Outcome, done, done_empty};
use crate::text::glob::{glob_match, is_literal};
use crate::value::{DictObject, OrderedMap, Value};

/// The rows of the ensemble.
pub(crate) const COMMANDS: &[Builtin] = &[Builtin::ensemble(
    "dict",
    &[
        Builtin::new(
            "append",
            "dictVarName key ?value ...?",
            2,
            ANY,
            change::append,
        )
        .compiled(compile::append),
        Builtin::new("create", "?key value ...?", 0, ANY, create),
        Builtin::new("exists", "dictionary key ?key ...?", 2, ANY, exists)
            .compiled(compile::exists),
        Builtin::new(
            "filter",
            "dictionary filterType ?arg ...?",
            2,
            ANY,
            each::filter,
        ),
        Builtin::new(
            "for",
            "{keyVarName valueVarName} dictionary script",
            3,
            3,
            each::for_command,
        )
        .compiled(compile::for_loop),
        Builtin::new("get", "dictionary ?key ...?", 1, ANY, get).compiled(compile::get),
        Builtin::new("incr", "dictVarName key ?increment?", 2, 3, change::incr)
            .compiled(compile::incr),
        Builtin::new("info", "dictionary", 1, 1, info),
        Builtin::new("keys", "dictionary ?pattern?", 1, 2, keys),
        Builtin::new(
            "lappend",
            "dictVarName key ?value ...?",
            2,
            ANY,
            change::lappend,
        )
        .compiled(compile::lappend),
        Builtin::new(
            "map",
            "{keyVarName valueVarName} dictionary script",
            3,
            3,
            each::map,
        )
        .compiled(compile::map),
        Builtin::new("merge", "?dictionary ...?", 0, ANY, merge),
        Builtin::new("remove", "dictionary ?key ...?", 1, ANY, remove),
        Builtin::new("replace", "dictionary ?key value ...?", 1, ANY, replace),
        Builtin::new(
            "set",
            "dictVarName key ?key ...? value",
            3,
            ANY,
            change::set,
        )
        .compiled(compile::set),
        Builtin::new("size", "dictionary", 1, 1, size),
        Builtin::new("unset", "dictVarName key ?key ...?", 2, ANY, change::unset)
            .compiled(compile::unset),
        Builtin::new(
            "update",
            "dictVarName key varName ?key varName ...? script",
            4,
            ANY,
            scope::update,
        )
        .compiled(compile::update),
        Builtin::new("values", "dictionary ?pattern?", 1, 2, values),
        Builtin::new("with", "dictVarName ?key ...? script", 2, ANY, scope::with)
            .compiled(compile::with),
    ],
)];

/// `wrong # args` of subcommand `name`, where the count of words is not all that matters.
fn wrong_args(name: &str) -> Box<Exception> {
    let rows = COMMANDS.iter().flat_map(|ensemble| ensemble.subcommands);
    let usage = rows
        .clone()
        .find(|row| row.name == name)
        .map_or("", |row| row.usage);
    Exception::wrong_args(&format!("dict {name} {usage}"))
}

/// The value that a path of keys leads to.
fn value_at(dict: &Value, path: &[Value]) -> Outcome {
    let mut current = dict.clone();
    for key in path {
        current = get_key(&current, key)?;
    }
    Ok(current)
}

fn create(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    if words.len().is_multiple_of(2) {
        return Err(wrong_args("create"));
    }
    let mut map = OrderedMap::with_capacity(words.len() / 2);
    put_pairs(&mut map, &words[1..]);
    done(Value::dict(map))
}

/// Puts keys and values, which alternate, into a map.
fn put_pairs(map: &mut OrderedMap, words: &[Value]) {
    for pair in words.chunks_exact(2) {
        map.insert(pair[0].clone(), pair[1].clone());
    }
}

fn get(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    match words {
        [_, dict] => done(list_value(dict.to_dict()?.to_list())),
        [_, dict, path @ ..] => done(value_at(dict, path)?),
        _ => done_empty(),
    }
}

fn exists(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let mut current = words[1].clone();
    for key in &words[2..] {
        let found = current
            .to_dict()
            .ok()
            .and_then(|dict| dict.map().get(key).cloned());
        match found {
            Some(value) => current = value,
            None => return done(false),
        }
    }
    done(true)
}

fn size(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(words[1].to_dict()?.map().len())
}

/// Whether something passes an optional glob pattern.
enum Pattern<'a> {
    All,
    Exactly(&'a str),
    Glob(&'a str),
}

impl<'a> Pattern<'a> {
    fn new(text: Option<&'a str>) -> Pattern<'a> {
        match text {
            None | Some("*") => Pattern::All,
            Some(text) if is_literal(text) => Pattern::Exactly(text),
            Some(text) => Pattern::Glob(text),
        }
    }

    fn accepts(&self, value: &Value) -> bool {
        match self {
            Pattern::All => true,
            Pattern::Exactly(text) => *value.str() == **text,
            Pattern::Glob(pattern) => glob_match(pattern, &value.str(), false),
        }
    }
}

fn keys(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let dict = words[1].to_dict()?;
    let text = words.get(2).map(Value::str);
    let pattern = Pattern::new(text.as_deref());
    if let (Pattern::Exactly(_), Some(key)) = (&pattern, words.get(2)) {
        let found = dict.map().get(key).is_some();
        return done(Value::list(if found {
            vec![key.clone()]
        } else {
            Vec::new()
        }));
    }
    done(Value::list(
        dict.map()
            .iter()
            .map(|(key, _)| key)
            .filter(|key| pattern.accepts(key))
            .cloned()
            .collect(),
    ))
}

fn values(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let dict = words[1].to_dict()?;
    let text = words.get(2).map(Value::str);
    let pattern = Pattern::new(text.as_deref());
    let values = dict
        .map()
        .iter()
        .map(|(_, value)| value)
        .filter(|value| pattern.accepts(value));
    done(Value::list(values.cloned().collect()))
}

fn merge(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let Some(first) = words.get(1) else {
        return done_empty();
    };
    let dict = first.to_dict()?;
    let others = words[2..]
        .iter()
        .map(Value::to_dict)
        .collect::<Result<Vec<_>, _>>()?;
    if others.iter().all(|other| other.map().is_empty()) {
        return done(first.clone());
    }
    let mut map = dict.map().clone();
    for other in &others {
        for (key, value) in other.map().iter() {
            map.insert(key.clone(), value.clone());
        }
    }
    done(Value::dict(map))
}

fn replace(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    if !words.len().is_multiple_of(2) {
        return Err(wrong_args("replace"));
    }
    changed(&words[1], |map| put_pairs(map, &words[2..]))
}

fn remove(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    changed(&words[1], |map| {
        for key in &words[2..] {
            map.remove(key);
        }
    })
}

/// A changed copy of a dict.
fn changed(dict: &Value, change: impl FnOnce(&mut OrderedMap)) -> CommandResult {
    let mut map = dict.to_dict()?.map().clone();
    change(&mut map);
    done(Value::dict(map))
}

fn info(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(statistics(&words[1].to_dict()?))
}

/// What `dict info` says. Our maps have no chains of buckets: each entry counts as one bucket's.
fn statistics(dict: &Rc<DictObject>) -> String {
    let count = dict.map().len();
    let buckets = (count.max(4)).next_power_of_two();
    let mut text = format!("{count} entries in table, {buckets} buckets\n");
    for size in 0..10 {
        let number = match size {
            0 => buckets - count,
            1 => count,
            _ => 0,
        };
        text.push_str(&format!(
            "number of buckets with {size} entries: {number}\n"
        ));
    }
    let distance = if count == 0 { 0.0 } else { 1.0 };
    text.push_str(&format!(
        "number of buckets with 10 or more entries: 0\naverage search distance for entry: {distance:.1}"
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_key_is_named_in_message_and_code() {
        let dict = Value::text("a 1 b {c 2}");
        let missing = get_key(&dict, &Value::text("x y")).expect_err("no such key");
        assert_eq!(&*missing.value.str(), "key \"x y\" not known in dictionary");
        assert_eq!(&*missing.error_code_value().str(), "TCL LOOKUP DICT {x y}");
        let path = [Value::text("b"), Value::text("c")];
        assert_eq!(
            value_at(&dict, &path)
                .map(|value| value.to_text())
                .ok()
                .as_deref(),
            Some("2")
        );
    }

    #[test]
    fn patterns_without_specials_are_compared() {
        let accepts =
            |pattern: &str, text: &str| Pattern::new(Some(pattern)).accepts(&Value::text(text));
        assert!(accepts("*", "x"));
        assert!(accepts("abc", "abc"));
        assert!(!accepts("abc", "abcd"));
        assert!(accepts("a?c*", "abcd"));
    }
}
