//! Changing the dict in a variable: `dict append`, `incr`, `lappend`, `set` and `unset`.
//!
//! Dicts on the path are changed in place when nobody else holds them. A path is checked before anything is changed, so
//! that an error leaves the variable's value with its spelling.

use super::{value_at, wrong_args};
use crate::commands::list::check_length;
use crate::limits::STRING_BYTES_MAX;
use crate::runtime::position::unknown_key;
use crate::runtime::{CommandResult, Exception, Interp, done, increment};
use crate::value::{Number, OrderedMap, Value};

pub(super) fn set(interp: &mut Interp, words: &[Value]) -> CommandResult {
    change(interp, words, set_words)
}

/// `dict set` on a value; the words are the keys of a path, which are made where they are not there, and the value.
pub(crate) fn set_words(dict: &mut Value, words: &[Value]) -> Result<(), Box<Exception>> {
    let [path @ .., last, value] = words else {
        return Err(wrong_args("set"));
    };
    let map = map_at(dict, path, Missing::Made)?;
    check_length(map.len())?;
    map.insert(last.clone(), value.clone());
    Ok(())
}

/// What happens when a key of a path is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// It is put in, with an empty dict.
    Made,
    /// An error.
    Error,
}

/// The entries of the dict that a path of keys leads to, for changing in place.
pub(super) fn map_at<'a>(
    dict: &'a mut Value,
    path: &[Value],
    missing: Missing,
) -> Result<&'a mut OrderedMap, Box<Exception>> {
    let mut place = dict;
    let mut is_checked = false;
    for (number, key) in path.iter().enumerate() {
        if !is_checked && (missing == Missing::Error || !place.is_dict()) {
            check_path(place, &path[number..], missing)?;
            is_checked = true;
        }
        place = place.dict_mut()?.entry(key, Value::EMPTY);
    }
    Ok(place.dict_mut()?)
}

/// Fails as following the path would.
fn check_path(dict: &Value, path: &[Value], missing: Missing) -> Result<(), Box<Exception>> {
    let mut current = dict.clone();
    for key in path {
        let next = current.to_dict()?.map().get(key).cloned();
        current = match next {
            Some(next) => next,
            None if missing == Missing::Made => return Ok(()),
            None => return Err(unknown_key(key)),
        };
    }
    current.to_dict()?;
    Ok(())
}

/// Changes the dict in the variable `words[1]`. One that cannot hold a value counts as empty, and what the change says of that
/// comes before what is wrong with the variable.
fn change(
    interp: &mut Interp,
    words: &[Value],
    change: fn(&mut Value, &[Value]) -> Result<(), Box<Exception>>,
) -> CommandResult {
    let mut was_asked = false;
    let outcome = interp.variable_modify(&words[1], true, |dict, _| {
        was_asked = true;
        change(dict, &words[2..])
    });
    if outcome.is_err() && !was_asked {
        let mut empty = Value::EMPTY;
        change(&mut empty, &words[2..])?;
    }
    done(outcome?)
}

pub(super) fn unset(interp: &mut Interp, words: &[Value]) -> CommandResult {
    change(interp, words, unset_words)
}

/// `dict unset` on a value; the words are the keys of a path.
pub(crate) fn unset_words(dict: &mut Value, words: &[Value]) -> Result<(), Box<Exception>> {
    if let Some((last, path)) = words.split_last() {
        map_at(dict, path, Missing::Error)?.remove(last);
    }
    Ok(())
}

pub(super) fn append(interp: &mut Interp, words: &[Value]) -> CommandResult {
    change(interp, words, append_words)
}

/// `dict append` on a value; the words are a key and what is appended.
pub(crate) fn append_words(dict: &mut Value, words: &[Value]) -> Result<(), Box<Exception>> {
    let [key, tails @ ..] = words else {
        return Err(wrong_args("append"));
    };
    let size: usize = tails.iter().map(|tail| tail.str().len()).sum();
    let text = dict.dict_mut()?.entry(key, Value::EMPTY);
    if size > 0 && size + text.str().len() > STRING_BYTES_MAX {
        return Err(Exception::too_large("string", STRING_BYTES_MAX));
    }
    for tail in tails {
        text.append_text(&tail.str());
    }
    Ok(())
}

pub(super) fn lappend(interp: &mut Interp, words: &[Value]) -> CommandResult {
    change(interp, words, lappend_words)
}

/// `dict lappend` on a value; the words are a key and elements.
pub(crate) fn lappend_words(dict: &mut Value, words: &[Value]) -> Result<(), Box<Exception>> {
    let [key, values @ ..] = words else {
        return Err(wrong_args("lappend"));
    };
    if !dict.is_dict() && !values.is_empty() {
        // A value that is no list must leave the dict's spelling alone.
        if let Some(list) = dict.to_dict()?.map().get(key) {
            list.list_length()?;
        }
    }
    let list = dict.dict_mut()?.entry(key, Value::EMPTY);
    if values.is_empty() {
        return Ok(());
    }
    let elements = list.list_mut()?;
    check_length(elements.len().saturating_add(values.len()))?;
    elements.extend_from_slice(values);
    Ok(())
}

pub(super) fn incr(interp: &mut Interp, words: &[Value]) -> CommandResult {
    change(interp, words, incr_words)
}

/// `dict incr` on a value; the words are a key and perhaps an amount.
pub(crate) fn incr_words(dict: &mut Value, words: &[Value]) -> Result<(), Box<Exception>> {
    const ONE: Value = Value::int(1);
    let (key, amount) = match words {
        [key] => (key, &ONE),
        [key, amount] => (key, amount),
        _ => return Err(wrong_args("incr")),
    };
    if !dict.is_dict()
        && let Ok(mut known) = value_at(dict, std::slice::from_ref(key))
    {
        // Fails here, if at all, while the dict still has its spelling.
        increment(&mut known, amount)?;
    }
    let map = dict.dict_mut()?;
    match map.get_mut(key) {
        Some(value) => increment(value, amount),
        None => {
            check_increment(amount)?;
            map.insert(key.clone(), amount.clone());
            Ok(())
        }
    }
}

/// An increment becomes the value of a new key as it is written.
fn check_increment(amount: &Value) -> Result<(), Box<Exception>> {
    match amount.number() {
        Some(Number::Int(_) | Number::Big(_)) => Ok(()),
        _ => {
            let mut exception = Exception::not_an_integer(amount);
            exception.add_info("\n    (reading increment)");
            Err(exception)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(keys: &[&str]) -> Vec<Value> {
        keys.iter().map(|key| Value::text(key)).collect()
    }

    #[test]
    fn nested_keys_are_set_in_place() {
        let mut dict = Value::text("a {b 1}");
        set_words(&mut dict, &path(&["a", "c", "2"])).expect("set");
        set_words(&mut dict, &path(&["x", "y", "z", "3"])).expect("set");
        assert_eq!(&*dict.str(), "a {b 1 c 2} x {y {z 3}}");
    }

    #[test]
    fn a_wrong_path_leaves_the_spelling_alone() {
        let mut dict = Value::text("a  b   c {x 1}");
        assert!(set_words(&mut dict, &path(&["a", "k", "1"])).is_err());
        assert!(map_at(&mut dict, &path(&["nope"]), Missing::Error).is_err());
        assert_eq!(&*dict.str(), "a  b   c {x 1}");
    }
}
