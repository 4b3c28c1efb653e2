//! Indices as commands and instructions read them (`3`, `end-1`, and the lists of them that `-index` takes), and what is at
//! them in lists and strings; and the keys of dicts.

use super::{Exception, Outcome};
use crate::text::index::{Index, parse_index};
use crate::text::number::looks_like_bad_octal;
use crate::value::{ListObject, Repr, Value};

/// The index that a value is, if it is one.
#[inline]
pub(crate) fn index_form(value: &Value) -> Option<Index> {
    if let Repr::Int(number) = value.0
        && i32::try_from(number).is_ok()
    {
        return Some(Index::Start(number));
    }
    if let Repr::Short(short) = value.0
        && let Some(back) = short.from_end()
    {
        return Some(Index::End(-back));
    }
    parse_index(&value.str())
}

/// `bad index "text": must be integer?[+-]integer? or end?[+-]integer?`
pub(crate) fn bad_index(value: &Value) -> Box<Exception> {
    let text = value.str();
    let number = text.strip_prefix("end-").unwrap_or(&text);
    let hint = if looks_like_bad_octal(number) {
        " (looks like invalid octal number)"
    } else {
        ""
    };
    Exception::with_code(
        format!(
            "bad index \"{}\": must be integer?[+-]integer? or end?[+-]integer?{hint}",
            &*text
        ),
        ["TCL", "VALUE", "INDEX"],
    )
}

/// The position that an index means among `count` elements; below 0 or from `count` on when it is outside of them.
#[inline]
pub(crate) fn resolve(value: &Value, count: usize) -> Result<i64, Box<Exception>> {
    match index_form(value) {
        Some(index) => Ok(index.resolve(count)),
        None => Err(bad_index(value)),
    }
}

/// The element of `list` that `index` names: one position, or a list of positions into nested lists.
///
/// A position outside of its list gives the empty string, an empty list of positions the whole list.
/// Errors: `bad index`, `TCL VALUE LIST …`. Source: lindex(n).
pub(crate) fn element(list: &Value, index: &Value) -> Outcome {
    if !index.is_list()
        && let Some(position) = index_form(index)
    {
        if let Some(found) = list.with_kept_list(|list| element_of(list, position)) {
            return Ok(found.unwrap_or_default());
        }
        let list = list.to_list()?;
        return Ok(element_of(&list, position).unwrap_or_default());
    }
    match index.to_list() {
        Ok(path) => element_at(list, path.elements()),
        Err(_) => element_at(list, std::slice::from_ref(index)),
    }
}

/// The element that `index`, one position and no list of them, names; the empty string outside of the list.
///
/// This is what `lindex` does with each of several indices.
pub(crate) fn single_element(list: &Value, index: &Value) -> Outcome {
    let list = list.to_list()?;
    let position = index_form(index).ok_or_else(|| bad_index(index))?;
    Ok(element_of(&list, position).unwrap_or_default())
}

fn element_of(list: &ListObject, position: Index) -> Option<Value> {
    let elements = list.elements();
    let at = usize::try_from(position.resolve(elements.len())).ok()?;
    elements.get(at).cloned()
}

/// The element that a path of indices leads to. Past the end of a list the rest of the path is only checked.
pub(crate) fn element_at(list: &Value, path: &[Value]) -> Outcome {
    let mut current = list.clone();
    for (number, index) in path.iter().enumerate() {
        let list = current.to_list()?;
        let position = index_form(index).ok_or_else(|| bad_index(index))?;
        match element_of(&list, position) {
            Some(element) => current = element,
            None => {
                for index in &path[number + 1..] {
                    index_form(index).ok_or_else(|| bad_index(index))?;
                }
                return Ok(Value::EMPTY);
            }
        }
    }
    Ok(current)
}

/// Resolves `position` without counting the chars of `text` when it is a plain number.
#[inline]
fn position_of(text: &Value, position: &Value) -> Result<i64, Box<Exception>> {
    match position.0 {
        // Larger ones wrap, or are none: see `index_form`.
        Repr::Int(number) if i32::try_from(number).is_ok() => Ok(number),
        _ => resolve(position, text.char_count()),
    }
}

/// The char of `text` at position `index`, as `string index` gives it: empty outside the text.
///
/// Errors: `TCL VALUE INDEX` if `index` is no index.
#[inline]
pub(crate) fn char_at(text: &Value, index: &Value) -> Outcome {
    let position = position_of(text, index)?;
    let Ok(position) = usize::try_from(position) else {
        return Ok(Value::EMPTY);
    };
    if let Repr::Bytes(object) = &text.0 {
        return Ok(match object.as_slice().get(position) {
            Some(byte) => Value::bytes(vec![*byte]),
            None => Value::EMPTY,
        });
    }
    Ok(match text.char_at(position) {
        Some(character) => Value::text(character.encode_utf8(&mut [0; 4])),
        None => Value::EMPTY,
    })
}

/// The chars of `text` from position `first` through `last`, as `string range` gives them.
///
/// Errors: `TCL VALUE INDEX` if `first` or `last` is no index.
pub(crate) fn chars(text: &Value, first: &Value, last: &Value) -> Outcome {
    let first = position_of(text, first)?.max(0);
    let last = position_of(text, last)?;
    if last < first {
        return Ok(Value::EMPTY);
    }
    let (Ok(first), Ok(last)) = (usize::try_from(first), usize::try_from(last)) else {
        return Ok(Value::EMPTY);
    };
    Ok(text.char_range(first, last))
}

/// The value of a key in a dict.
///
/// Errors: the key is unknown, or `dict` is no dict. Source: dict(n).
pub(crate) fn get_key(dict: &Value, key: &Value) -> Outcome {
    let found = match &dict.0 {
        Repr::Dict(dict) => dict.map().get(key).cloned(),
        _ => dict.to_dict()?.map().get(key).cloned(),
    };
    found.ok_or_else(|| unknown_key(key))
}

/// `key "key" not known in dictionary`
pub(crate) fn unknown_key(key: &Value) -> Box<Exception> {
    let text = key.str();
    Exception::with_code(
        format!("key \"{}\" not known in dictionary", &*text),
        ["TCL", "LOOKUP", "DICT", &text],
    )
}

/// The index that lies behind the end of every list of tclsh.
const AFTER_ANY: i64 = i32::MAX as i64;
/// The offset from the end that lies before the start of every such list.
const BEFORE_ANY: i64 = i32::MIN as i64;

/// The path of the option `-index`.
///
/// Errors: a bad index, or one that lies outside of every list; errorInfo says which.
pub(crate) fn index_path(value: &Value) -> Result<Vec<Index>, Box<Exception>> {
    let list = value.to_list()?;
    let mut path = Vec::with_capacity(list.elements().len());
    for (number, element) in list.elements().iter().enumerate() {
        let index = match index_form(element) {
            Some(Index::Start(..=-1 | AFTER_ANY) | Index::End(1.. | BEFORE_ANY)) => {
                Err(Exception::with_code(
                    format!("index \"{element}\" cannot select an element from any list"),
                    ["TCL", "VALUE", "INDEXOUTOFRANGE"],
                ))
            }
            Some(index) => Ok(index),
            None => Err(bad_index(element)),
        };
        path.push(index.map_err(|mut exception| {
            exception.add_info(&format!("\n    (-index option item number {number})"));
            exception
        })?);
    }
    Ok(path)
}

/// The part of `value` that the path of an `-index` option leads to.
///
/// Errors: `element N missing from sublist "…"`.
pub(crate) fn select(value: &Value, path: &[Index]) -> Outcome {
    let mut current = value.clone();
    for index in path {
        let list = current.to_list()?;
        let at = index.resolve(list.elements().len());
        let element = usize::try_from(at)
            .ok()
            .and_then(|at| list.elements().get(at))
            .cloned();
        current = element.ok_or_else(|| {
            Exception::with_code(
                format!("element {at} missing from sublist \"{current}\""),
                ["TCL", "OPERATION", "LSORT", "INDEXFAILED"],
            )
        })?;
    }
    Ok(current)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_into_nested_lists() {
        let list = Value::text("a {b {c d}}");
        let at = |path: &str| element(&list, &Value::text(path)).map(|value| value.to_text());
        assert_eq!(at("1 1 0").ok().as_deref(), Some("c"));
        assert_eq!(at("end").ok().as_deref(), Some("b {c d}"));
        assert_eq!(at("").ok().as_deref(), Some("a {b {c d}}"));
        assert_eq!(at("7 1").ok().as_deref(), Some(""));
        assert!(at("7 x").is_err());
    }
}
