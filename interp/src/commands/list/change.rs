//! Changing lists: `lappend`, `linsert`, `lreplace` and `lset`.
//!
//! `lappend` and `lset` change their variable's list in place when nobody else holds it.

use std::ops::Range;

use super::{check_length, list_value, range};
use crate::runtime::position::{index_form, resolve};
use crate::runtime::{CommandResult, Exception, Interp, done};
use crate::value::{Repr, Value, unshared};

pub(super) fn lappend(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let (name, values) = (&words[1], &words[2..]);
    if values.is_empty() {
        return match interp.variable_get(name) {
            Ok(value) => {
                value.list_length()?;
                done(value)
            }
            Err(exception) if exception.is_uncatchable => Err(exception),
            Err(_) => done(interp.variable_set(name, Value::EMPTY)?),
        };
    }
    done(interp.variable_modify(name, true, |list, _| append(list, values))?)
}

/// Appends elements to a list in place.
pub(crate) fn append(list: &mut Value, values: &[Value]) -> Result<(), Box<Exception>> {
    let elements = list.list_mut()?;
    check_length(elements.len().saturating_add(values.len()))?;
    elements.extend_from_slice(values);
    Ok(())
}

pub(super) fn linsert(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let mut list = words[1].clone();
    linsert_words(&mut list, &words[2..])?;
    done(list)
}

pub(super) fn lreplace(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let mut list = words[1].clone();
    lreplace_words(&mut list, &words[2..])?;
    done(list)
}

/// `linsert` on a value, in place if nobody else holds it; the words are an index and elements.
pub(crate) fn linsert_words(list: &mut Value, words: &[Value]) -> Result<(), Box<Exception>> {
    let [index, elements @ ..] = words else {
        return Ok(());
    };
    let count = list.list_length()?;
    // `end` is the place after the last element.
    let at = usize::try_from(resolve(index, count + 1)?)
        .unwrap_or(0)
        .min(count);
    splice(list, at..at, elements)
}

/// `lreplace` on a value, in place if nobody else holds it; the words are two indices and elements.
pub(crate) fn lreplace_words(list: &mut Value, words: &[Value]) -> Result<(), Box<Exception>> {
    let [first, last, elements @ ..] = words else {
        return Ok(());
    };
    let count = list.list_length()?;
    let first = usize::try_from(resolve(first, count)?)
        .unwrap_or(0)
        .min(count);
    let last = resolve(last, count)?;
    let end = usize::try_from(last.saturating_add(1))
        .unwrap_or(0)
        .min(count)
        .max(first);
    splice(list, first..end, elements)
}

/// `lrange` on a value, in place if nobody else holds it; the words are two indices.
pub(crate) fn lrange_words(list: &mut Value, words: &[Value]) -> Result<(), Box<Exception>> {
    let [first, last] = words else {
        return Ok(());
    };
    let count = list.list_length()?;
    let range = range(first, last, count)?;
    if let Some(elements) = own_elements(list) {
        elements.truncate(range.end);
        if range.start > 0 {
            elements.drain(..range.start);
        }
    } else {
        let old = list.to_list()?;
        *list = if range.len() == count {
            list_value(old)
        } else {
            Value::list(old.elements()[range].to_vec())
        };
    }
    Ok(())
}

/// `lreverse` on a value, in place if nobody else holds it.
pub(crate) fn lreverse_words(list: &mut Value, _words: &[Value]) -> Result<(), Box<Exception>> {
    if list.list_length()? > 0 {
        list.list_mut()?.reverse();
    }
    Ok(())
}

/// The elements of a list that nobody else holds.
fn own_elements(list: &mut Value) -> Option<&mut Vec<Value>> {
    let is_own = match &mut list.0 {
        Repr::List(list) => unshared(list).is_some(),
        _ => false,
    };
    if is_own { list.list_mut().ok() } else { None }
}

/// Replaces a range of elements, whose ends are at most the list's length and ascend.
fn splice(list: &mut Value, range: Range<usize>, with: &[Value]) -> Result<(), Box<Exception>> {
    let count = list.list_length()? - range.len() + with.len();
    check_length(count)?;
    if let Some(elements) = own_elements(list) {
        if range.start == elements.len() {
            elements.extend_from_slice(with);
        } else {
            elements.splice(range, with.iter().cloned());
        }
        return Ok(());
    }
    let old = list.to_list()?;
    *list = if range.is_empty() && with.is_empty() {
        list_value(old)
    } else {
        let mut elements = Vec::with_capacity(count);
        elements.extend_from_slice(&old.elements()[..range.start]);
        elements.extend_from_slice(with);
        elements.extend_from_slice(&old.elements()[range.end..]);
        Value::list(elements)
    };
    Ok(())
}

pub(super) fn lset(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let name = &words[1];
    if !interp.has_slot(name) {
        return Err(interp
            .variable_get(name)
            .err()
            .unwrap_or_else(|| Exception::error("no such variable")));
    }
    let mut was_there = false;
    let outcome = interp.variable_modify(name, true, |list, existed| {
        was_there = existed;
        if existed {
            set_words(list, &words[2..])
        } else {
            Err(Exception::error("no such variable"))
        }
    });
    match outcome {
        Err(exception) if !was_there && !exception.is_uncatchable => {
            // Not reached inside the list: what reading the variable says is the error.
            interp.variable_get(name)?;
            Err(exception)
        }
        outcome => done(outcome?),
    }
}

/// `lset` on a value; the words are indices and the value. A single index may be a list of them.
pub(crate) fn set_words(list: &mut Value, words: &[Value]) -> Result<(), Box<Exception>> {
    let [path @ .., value] = words else {
        return Ok(());
    };
    let [single] = path else {
        return set_at(list, path, value);
    };
    if (single.is_list() || index_form(single).is_none())
        && let Ok(path) = single.to_list()
    {
        return set_at(list, path.elements(), value);
    }
    set_at(list, path, value)
}

/// Sets the element that a path of indices leads to, in place along the path. Nothing changes when the path is wrong.
fn set_at(list: &mut Value, path: &[Value], value: &Value) -> Result<(), Box<Exception>> {
    if let [index] = path {
        let at = position(index, list.list_length()?)?;
        *element_mut(list, at)? = value.clone();
        return Ok(());
    }
    let mut place = list;
    for at in positions(place, path)? {
        place = element_mut(place, at)?;
    }
    *place = value.clone();
    Ok(())
}

/// Element `at` for changing, made when it is the one after the last.
fn element_mut(list: &mut Value, at: usize) -> Result<&mut Value, Box<Exception>> {
    let elements = list.list_mut()?;
    if at == elements.len() {
        check_length(at + 1)?;
        elements.push(Value::EMPTY);
    }
    elements.get_mut(at).ok_or_else(out_of_range)
}

/// The positions that a path means, checked; each may be one past the end of its list.
fn positions(list: &Value, path: &[Value]) -> Result<Vec<usize>, Box<Exception>> {
    let mut positions = Vec::with_capacity(path.len());
    let mut current = list.clone();
    for index in path {
        let list = current.to_list()?;
        let at = position(index, list.elements().len())?;
        positions.push(at);
        current = list.elements().get(at).cloned().unwrap_or_default();
    }
    Ok(positions)
}

fn position(index: &Value, count: usize) -> Result<usize, Box<Exception>> {
    let at = usize::try_from(resolve(index, count)?)
        .ok()
        .filter(|at| *at <= count);
    at.ok_or_else(out_of_range)
}

fn out_of_range() -> Box<Exception> {
    Exception::with_code(
        "list index out of range",
        ["TCL", "OPERATION", "LSET", "BADINDEX"],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(list: &str, path: &[&str], value: &str) -> Result<String, String> {
        let mut list = Value::text(list);
        let words: Vec<Value> = path
            .iter()
            .chain([&value])
            .map(|word| Value::text(word))
            .collect();
        set_words(&mut list, &words)
            .map(|()| list.to_text())
            .map_err(|exception| exception.value.to_text())
    }

    #[test]
    fn nested_elements_are_set() {
        assert_eq!(
            set("a {b c} d", &["1", "0"], "x").as_deref(),
            Ok("a {x c} d")
        );
        assert_eq!(
            set("a {b c} d", &["1 end"], "x y").as_deref(),
            Ok("a {b {x y}} d")
        );
        assert_eq!(set("a b", &["2"], "c").as_deref(), Ok("a b c"));
        assert_eq!(set("a b", &["end+1", "0"], "c").as_deref(), Ok("a b c"));
        assert_eq!(set("a b", &[], "c").as_deref(), Ok("c"));
        assert_eq!(
            set("a b", &["3"], "c"),
            Err("list index out of range".to_owned())
        );
    }

    #[test]
    fn only_the_path_is_copied() {
        let inner = Value::list(vec![Value::int(1), Value::int(2)]);
        let mut list = Value::list(vec![inner.clone(), inner.clone()]);
        set_at(&mut list, &[Value::int(0), Value::int(1)], &Value::int(7)).expect("set");
        assert_eq!(&*list.str(), "{1 7} {1 2}");
        assert_eq!(&*inner.str(), "1 2");
    }
}
