//! Commands that make lists and dictionaries, which must not nest without end; see [`copied`].

use super::values::copied;
use molt::types::{ContextID, MoltDict, MoltInt, MoltResult};
use molt::{Interp, Value, check_args};

/// The commands of this file.
pub(super) fn install(molt: &mut Interp, id: ContextID) {
    molt.add_context_command("list", list, id);
    molt.add_context_command("lappend", lappend, id);
    molt.add_context_command("lindex", lindex, id);
    molt.add_context_command("dict", dict, id);
    molt.add_context_command("array", array, id);
}

fn list(_: &mut Interp, _: ContextID, words: &[Value]) -> MoltResult {
    let elements: Vec<Value> = words.iter().skip(1).map(copied).collect();
    Ok(elements.into())
}

fn lappend(molt: &mut Interp, _: ContextID, words: &[Value]) -> MoltResult {
    check_args(1, words, 2, 0, "varName ?value ...?")?;
    let Some(name) = words.get(1) else {
        return Ok(Value::empty());
    };
    let mut list = match molt.var(name) {
        Ok(value) => value.to_list()?,
        Err(_) => Vec::new(),
    };
    list.extend(words.iter().skip(2).map(copied));
    molt.set_var_return(name, list.into())
}

fn lindex(_: &mut Interp, _: ContextID, words: &[Value]) -> MoltResult {
    check_args(1, words, 2, 0, "list ?index ...?")?;
    let indices = match words {
        [_, _, indices] => indices.to_list()?,
        words => words.iter().skip(2).cloned().collect(),
    };
    let mut value = words.get(1).map(copied).unwrap_or_else(Value::empty);
    for index in indices {
        let list = value.as_list()?;
        let element = position(&index, list.len())?.and_then(|at| list.get(at));
        value = element.map(copied).unwrap_or_else(Value::empty);
    }
    Ok(value)
}

/// The position that `index` (a number, `end` or `end-N`) means in a list of `length` elements, if it is in it.
fn position(index: &Value, length: usize) -> Result<Option<usize>, molt::Exception> {
    let text = index.as_str();
    let last = MoltInt::try_from(length).unwrap_or(MoltInt::MAX) - 1;
    let at = match text.strip_prefix("end") {
        Some("") => last,
        Some(offset) => last.saturating_add(Value::from(offset).as_int()?),
        None => index.as_int()?,
    };
    Ok(usize::try_from(at).ok().filter(|at| *at < length))
}

fn dict(molt: &mut Interp, _: ContextID, words: &[Value]) -> MoltResult {
    check_args(1, words, 2, 0, "subcommand ?arg ...?")?;
    let (subcommand, rest) = match words {
        [_, subcommand, rest @ ..] => (subcommand.as_str(), rest),
        _ => return Ok(Value::empty()),
    };
    match subcommand {
        "create" => {
            if rest.len() % 2 != 0 {
                return failed!("wrong # args: should be \"dict create ?key value ...?\"");
            }
            Ok(made_of(rest).into())
        }
        "set" => {
            check_args(2, words, 5, 0, "dictVarName key ?key ...? value")?;
            let [name, keys @ .., value] = rest else {
                return Ok(Value::empty());
            };
            let old = molt
                .var(name)
                .map_or_else(|_| Ok(MoltDict::new()), |value| value.to_dict())?;
            let new = with_path(old, keys, &copied(value))?;
            molt.set_var_return(name, new.into())
        }
        "unset" => {
            check_args(2, words, 4, 0, "dictVarName key ?key ...?")?;
            let [name, keys @ ..] = rest else {
                return Ok(Value::empty());
            };
            let old = molt
                .var(name)
                .map_or_else(|_| Ok(MoltDict::new()), |value| value.to_dict())?;
            let new = without_path(old, keys)?;
            molt.set_var_return(name, new.into())
        }
        _ => dict_read(subcommand, words, rest),
    }
}

fn dict_read(subcommand: &str, words: &[Value], rest: &[Value]) -> MoltResult {
    match subcommand {
        "exists" => check_args(2, words, 4, 0, "dictionary key ?key ...?")?,
        "get" | "remove" => check_args(2, words, 3, 0, "dictionary ?key ...?")?,
        "keys" | "size" | "values" => check_args(2, words, 3, 3, "dictionary")?,
        other => {
            return failed!(
                "unknown or ambiguous subcommand \"{}\": must be create, exists, get, keys, remove, set, size, unset, or values",
                other
            );
        }
    };
    let [dictionary, keys @ ..] = rest else {
        return Ok(Value::empty());
    };
    match subcommand {
        "exists" => Ok(got(dictionary, keys).is_ok().into()),
        "get" => got(dictionary, keys),
        "remove" => {
            let mut dict = dictionary.to_dict()?;
            for key in keys {
                dict.shift_remove(key);
            }
            Ok(dict.into())
        }
        "keys" => Ok(dictionary
            .as_dict()?
            .keys()
            .map(copied)
            .collect::<Vec<_>>()
            .into()),
        "values" => Ok(dictionary
            .as_dict()?
            .values()
            .map(copied)
            .collect::<Vec<_>>()
            .into()),
        _ => Ok(MoltInt::try_from(dictionary.as_dict()?.len())
            .unwrap_or(MoltInt::MAX)
            .into()),
    }
}

fn made_of(pairs: &[Value]) -> MoltDict {
    let pairs = pairs.chunks_exact(2);
    pairs
        .filter_map(|pair| Some((copied(pair.first()?), copied(pair.last()?))))
        .collect()
}

/// What stands in `dictionary` under the path `keys`.
fn got(dictionary: &Value, keys: &[Value]) -> MoltResult {
    let mut value = copied(dictionary);
    for key in keys {
        let dict = value.as_dict()?;
        let Some(found) = dict.get(key) else {
            return failed!("key \"{}\" not known in dictionary", key);
        };
        value = copied(found);
    }
    Ok(value)
}

/// The dictionaries along a path, outermost first: that of `dict` itself and those under all but the last of `keys`.
fn along(dict: MoltDict, keys: &[Value]) -> Result<Vec<MoltDict>, molt::Exception> {
    let mut dicts = vec![dict];
    for key in keys.iter().take(keys.len().saturating_sub(1)) {
        let inner = dicts.last().and_then(|dict| dict.get(key));
        let inner = inner.map_or_else(|| Ok(MoltDict::new()), |value| copied(value).to_dict())?;
        dicts.push(inner);
    }
    Ok(dicts)
}

/// Puts dictionaries along a path into each other again.
fn together(dicts: Vec<MoltDict>, keys: &[Value]) -> MoltDict {
    let mut dicts = dicts.into_iter().rev();
    let mut inner = dicts.next().unwrap_or_default();
    for (mut outer, key) in dicts.zip(keys.iter().rev().skip(1)) {
        outer.insert(copied(key), copied(&inner.into()));
        inner = outer;
    }
    inner
}

fn with_path(dict: MoltDict, keys: &[Value], value: &Value) -> Result<MoltDict, molt::Exception> {
    let mut dicts = along(dict, keys)?;
    if let (Some(innermost), Some(key)) = (dicts.last_mut(), keys.last()) {
        innermost.insert(copied(key), value.clone());
    }
    Ok(together(dicts, keys))
}

fn without_path(dict: MoltDict, keys: &[Value]) -> Result<MoltDict, molt::Exception> {
    let mut dicts = along(dict, keys)?;
    if let (Some(innermost), Some(key)) = (dicts.last_mut(), keys.last()) {
        innermost.shift_remove(key);
    }
    Ok(together(dicts, keys))
}

fn array(molt: &mut Interp, _: ContextID, words: &[Value]) -> MoltResult {
    check_args(1, words, 2, 0, "subcommand ?arg ...?")?;
    let subcommand = words.get(1).map_or("", Value::as_str);
    match subcommand {
        "exists" | "get" | "names" | "size" => check_args(2, words, 3, 3, "arrayName")?,
        "set" => check_args(2, words, 4, 4, "arrayName list")?,
        "unset" => check_args(2, words, 3, 4, "arrayName ?index?")?,
        other => {
            return failed!(
                "unknown or ambiguous subcommand \"{}\": must be exists, get, names, set, size, or unset",
                other
            );
        }
    };
    let name = words.get(2).map_or("", Value::as_str);
    match (subcommand, words.get(3)) {
        ("exists", _) => Ok(molt.array_exists(name).into()),
        ("get", _) => Ok(molt
            .array_get(name)
            .iter()
            .map(copied)
            .collect::<Vec<_>>()
            .into()),
        ("names", _) => Ok(molt.array_names(name).into()),
        ("size", _) => Ok(MoltInt::try_from(molt.array_size(name))
            .unwrap_or(MoltInt::MAX)
            .into()),
        ("set", Some(list)) => array_set(molt, name, list),
        (_, Some(index)) => {
            molt.unset_element(name, index.as_str());
            Ok(Value::empty())
        }
        _ => {
            if molt.array_exists(name) {
                molt.unset(name);
            }
            Ok(Value::empty())
        }
    }
}

fn array_set(molt: &mut Interp, name: &str, list: &Value) -> MoltResult {
    if Value::from(name).as_var_name().index().is_some() {
        return failed!("can't set \"{}\": variable isn't array", name);
    }
    let pairs: Vec<Value> = list.as_list()?.iter().map(copied).collect();
    molt.array_set(name, &pairs)
}
