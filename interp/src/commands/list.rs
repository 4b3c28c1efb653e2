//! Lists: the commands that make them, measure them, read them and take them apart.
//!
//! What changes a list is in `change`, what compiles to instructions in `compile`; `lsort` and `lsearch` are in `list_sort`.
//! Elements are shared with the lists they come from: nothing here copies an element's text.

mod change;
mod compile;
pub(super) mod position;

use std::ops::Range;
use std::rc::Rc;

pub(crate) use self::change::set_words;
pub(super) use self::change::{
    append, linsert_words, lrange_words, lreplace_words, lreverse_words,
};
pub(super) use self::compile::{change_local, flexible, free_operand};
use self::position::{bad_index, index_form};
use crate::limits::{LIST_ELEMENTS_MAX, STRING_BYTES_MAX};
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, Outcome, done, done_empty};
use crate::text::index::Index;
use crate::text::strings;
use crate::value::{ListObject, Number, Repr, Value};

/// The rows of this file and of `change`.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new("concat", "?arg ...?", 0, ANY, concat),
    Builtin::new("join", "list ?joinString?", 1, 2, join),
    Builtin::new("lappend", "varName ?value ...?", 1, ANY, change::lappend)
        .compiled(compile::lappend),
    Builtin::new("lassign", "list ?varName ...?", 1, ANY, lassign).compiled(compile::lassign),
    Builtin::new("lindex", "list ?index ...?", 1, ANY, lindex).compiled(compile::lindex),
    Builtin::new(
        "linsert",
        "list index ?element ...?",
        2,
        ANY,
        change::linsert,
    )
    .compiled(compile::linsert),
    Builtin::new("list", "?arg ...?", 0, ANY, list).compiled(compile::list),
    Builtin::new("llength", "list", 1, 1, llength).compiled(compile::llength),
    Builtin::new("lrange", "list first last", 3, 3, lrange).compiled(compile::lrange),
    Builtin::new("lrepeat", "count ?value ...?", 1, ANY, lrepeat),
    Builtin::new(
        "lreplace",
        "list first last ?element ...?",
        3,
        ANY,
        change::lreplace,
    )
    .compiled(compile::lreplace),
    Builtin::new("lreverse", "list", 1, 1, lreverse).compiled(compile::lreverse),
    Builtin::new(
        "lset",
        "listVar ?index? ?index ...? value",
        2,
        ANY,
        change::lset,
    )
    .compiled(compile::lset),
    Builtin::new("split", "string ?splitChars?", 1, 2, split),
];

/// What `concat` takes away from both ends of its arguments.
const CONCAT_SPACE: [char; 6] = [' ', '\t', '\n', '\u{b}', '\u{c}', '\r'];
/// What `split` splits at unless told otherwise.
const SPLIT_DEFAULT: &str = " \n\t\r";

/// The value of a list that others may hold too; its string rep is the canonical one.
pub(super) fn list_value(list: Rc<ListObject>) -> Value {
    if list.elements().is_empty() {
        Value::EMPTY
    } else {
        Value(Repr::List(list))
    }
}

/// `max length of a Tcl list exceeded`, with our own limit as the number.
pub(super) fn list_too_long() -> Box<Exception> {
    Exception::with_code(
        format!("max length of a Tcl list ({LIST_ELEMENTS_MAX} elements) exceeded"),
        ["TCL", "MEMORY"],
    )
}

/// Fails when a list would get longer than [`LIST_ELEMENTS_MAX`].
pub(super) fn check_length(count: usize) -> Result<(), Box<Exception>> {
    if count > LIST_ELEMENTS_MAX {
        Err(list_too_long())
    } else {
        Ok(())
    }
}

/// The value as the `int` that some commands take: 32 bits, with Tcl's own wrapping of 32-bit unsigned numbers.
///
/// Errors: `expected integer but got …` with `TCL VALUE INTEGER`; an integer past 32 bits is too large.
pub(super) fn small_int_of(value: &Value) -> Result<i32, Box<Exception>> {
    const MAGNITUDE_MAX: i64 = u32::MAX as i64;
    match value.number() {
        Some(Number::Int(number)) if (-MAGNITUDE_MAX..=MAGNITUDE_MAX).contains(&number) => {
            Ok(number as i32)
        }
        Some(Number::Int(_) | Number::Big(_)) => Err(Exception::with_code(
            "integer value too large to represent",
            ["ARITH", "IOVERFLOW", "integer value too large to represent"],
        )),
        _ => {
            let mut exception = Exception::not_an_integer(value);
            exception.error_code = Some(Value::list(
                ["TCL", "VALUE", "INTEGER"].map(Value::text).to_vec(),
            ));
            Err(exception)
        }
    }
}

fn list(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(Value::list(words[1..].to_vec()))
}

fn llength(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(words[1].list_length()?)
}

fn lindex(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    match words {
        [_, list, single] => done(index(list, single)?),
        [_, list, path @ ..] => done(element_at(list, path)?),
        _ => done_empty(),
    }
}

/// The element of `list` that `index` names: one position, or a list of positions into nested lists.
///
/// A position outside of its list gives the empty string, an empty list of positions the whole list.
/// Errors: `bad index`, `TCL VALUE LIST …`. Source: lindex(n).
pub(crate) fn index(list: &Value, index: &Value) -> Outcome {
    if !index.is_list()
        && let Some(position) = index_form(index)
    {
        if let Some(found) = list.with_kept_list(|list| element(list, position)) {
            return Ok(found.unwrap_or_default());
        }
        let list = list.to_list()?;
        return Ok(element(&list, position).unwrap_or_default());
    }
    match index.to_list() {
        Ok(path) => element_at(list, path.elements()),
        Err(_) => element_at(list, std::slice::from_ref(index)),
    }
}

/// The element that `index`, one position and no list of them, names; the empty string outside of the list.
///
/// This is what `lindex` does with each of several indices.
pub(crate) fn single(list: &Value, index: &Value) -> Outcome {
    let list = list.to_list()?;
    let position = index_form(index).ok_or_else(|| bad_index(index))?;
    Ok(element(&list, position).unwrap_or_default())
}

fn element(list: &ListObject, position: Index) -> Option<Value> {
    let elements = list.elements();
    let at = usize::try_from(position.resolve(elements.len())).ok()?;
    elements.get(at).cloned()
}

/// The element that a path of indices leads to. Past the end of a list the rest of the path is only checked.
fn element_at(list: &Value, path: &[Value]) -> Outcome {
    let mut current = list.clone();
    for (number, index) in path.iter().enumerate() {
        let list = current.to_list()?;
        let position = index_form(index).ok_or_else(|| bad_index(index))?;
        match element(&list, position) {
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

fn lrange(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let list = words[1].to_list()?;
    let elements = list.elements();
    let range = range(&words[2], &words[3], elements.len())?;
    if range.len() == elements.len() {
        return done(list_value(list));
    }
    done(Value::list(elements[range].to_vec()))
}

/// The elements from `first` through `last` among `count`.
fn range(first: &Value, last: &Value, count: usize) -> Result<Range<usize>, Box<Exception>> {
    let first = usize::try_from(position::resolve(first, count)?).unwrap_or(0);
    let last = position::resolve(last, count)?;
    let end = usize::try_from(last.saturating_add(1))
        .unwrap_or(0)
        .min(count);
    Ok(first.min(end)..end)
}

fn lreverse(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let list = words[1].to_list()?;
    if list.elements().is_empty() {
        return done(words[1].clone());
    }
    done(Value::list(list.elements().iter().rev().cloned().collect()))
}

fn lrepeat(interp: &mut Interp, words: &[Value]) -> CommandResult {
    /// Elements between two looks at whether to go on.
    const POLL_ELEMENTS: usize = 1 << 20;
    let count = small_int_of(&words[1])?;
    let Ok(count) = usize::try_from(count) else {
        return Err(Exception::with_code(
            format!("bad count \"{count}\": must be integer >= 0"),
            ["TCL", "OPERATION", "LREPEAT", "NEGARG"],
        ));
    };
    let values = &words[2..];
    let total = count
        .checked_mul(values.len())
        .filter(|total| *total <= LIST_ELEMENTS_MAX);
    let total = total.ok_or_else(list_too_long)?;
    let mut elements = Vec::new();
    while elements.len() < total {
        interp.check_safepoint()?;
        let step = (total - elements.len()).min(POLL_ELEMENTS.next_multiple_of(values.len()));
        if elements.is_empty() {
            elements.reserve_exact(total);
        }
        match values {
            [value] => elements.resize(elements.len() + step, value.clone()),
            _ => (0..step / values.len()).for_each(|_| elements.extend_from_slice(values)),
        }
    }
    done(Value::list(elements))
}

fn lassign(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let list = words[1].to_list()?;
    let names = &words[2..];
    for (at, name) in names.iter().enumerate() {
        interp.variable_set(name, list.elements().get(at).cloned().unwrap_or_default())?;
    }
    done(Value::list(
        list.elements()
            .get(names.len()..)
            .unwrap_or_default()
            .to_vec(),
    ))
}

fn join(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let list = words[1].to_list()?;
    if let [element] = list.elements() {
        return done(element.clone());
    }
    let separator = words.get(2).map(Value::str);
    let separator: &str = separator.as_deref().unwrap_or(" ");
    let mut text = String::new();
    for (number, element) in list.elements().iter().enumerate() {
        if number > 0 {
            text.push_str(separator);
        }
        text.push_str(&element.str());
        if text.len() > STRING_BYTES_MAX {
            return Err(Exception::too_large("string", STRING_BYTES_MAX));
        }
    }
    done(text)
}

fn split(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let text = words[1].str();
    let separators = words.get(2).map(Value::str);
    let separators = separators.as_deref().unwrap_or(SPLIT_DEFAULT);
    let mut elements =
        Vec::with_capacity(piece_count(&words[1], &text, separators).min(LIST_ELEMENTS_MAX));
    let mut is_too_long = false;
    strings::split(&text, separators, |piece| {
        if elements.len() < LIST_ELEMENTS_MAX {
            elements.push(Value::piece(piece));
        } else {
            is_too_long = true;
        }
    });
    if is_too_long {
        Err(list_too_long())
    } else {
        done(Value::list(elements))
    }
}

/// How many pieces `split` makes, where that is quick to find out; otherwise 0.
fn piece_count(value: &Value, text: &str, separators: &str) -> usize {
    match separators.as_bytes() {
        [] => value.char_count(),
        [byte] => memchr::memchr_iter(*byte, text.as_bytes()).count() + 1,
        _ => 0,
    }
}

fn concat(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(concatenation(&words[1..])?)
}

fn is_number(value: &Value) -> bool {
    matches!(value.0, Repr::Int(_) | Repr::Double(_))
}

/// The arguments as `concat`, `eval` and `uplevel` join them: as lists when all are numbers or lists without a string of
/// their own spelling, and otherwise as strings.
///
/// Errors: a result past the limits. Source: concat(n).
pub(crate) fn concatenation(values: &[Value]) -> Outcome {
    let mut parts = values.iter().filter(|value| !value.is_empty());
    if let (Some(first), None) = (parts.next(), parts.next())
        && first.is_list()
    {
        return Ok(first.clone());
    }
    if values
        .iter()
        .all(|value| value.is_list() || is_number(value) || value.is_empty())
    {
        let mut elements = Vec::new();
        for value in values {
            match &value.0 {
                Repr::Int(_) | Repr::Double(_) => elements.push(value.clone()),
                Repr::List(list) if !elements.is_empty() && begins_with_hash(list) => {
                    return joined_texts(values);
                }
                Repr::List(list) => elements.extend_from_slice(list.elements()),
                _ => {}
            }
            check_length(elements.len())?;
        }
        return Ok(Value::list(elements));
    }
    joined_texts(values)
}

/// Whether the first element is braced for a `#` at its beginning. In the middle of a list it would not be; what
/// `concat` makes of the texts keeps the braces.
fn begins_with_hash(list: &ListObject) -> bool {
    list.elements()
        .first()
        .is_some_and(|first| !first.is_list() && first.str().starts_with('#'))
}

/// The texts without white space around them, a space between each two.
fn joined_texts(values: &[Value]) -> Outcome {
    let mut text = String::new();
    for value in values {
        let whole = value.str();
        let part = concat_part(&whole);
        if part.is_empty() {
            continue;
        }
        if text.len() + part.len() >= STRING_BYTES_MAX {
            return Err(Exception::too_large("string", STRING_BYTES_MAX));
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(part);
    }
    Ok(Value::string(text))
}

/// One argument of `concat` without the white space around it. After a backslash one white space character stays.
fn concat_part(text: &str) -> &str {
    let text = text.trim_start_matches(CONCAT_SPACE);
    let trimmed = text.trim_end_matches(CONCAT_SPACE);
    if trimmed.ends_with('\\') && trimmed.len() < text.len() {
        return text.get(..trimmed.len() + 1).unwrap_or(trimmed);
    }
    trimmed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(words: &[&str]) -> String {
        let values: Vec<Value> = words.iter().map(|word| Value::text(word)).collect();
        concatenation(&values)
            .map(|value| value.to_text())
            .unwrap_or_default()
    }

    #[test]
    fn concat_trims_and_leaves_out_what_is_empty() {
        assert_eq!(joined(&[" a ", "", "\n", "b  c\t"]), "a b  c");
        assert_eq!(joined(&["a \\ ", " b"]), "a \\  b");
        assert_eq!(joined(&[]), "");
    }

    #[test]
    fn concat_of_lists_is_a_list() {
        let first = Value::list(vec![Value::text("a b")]);
        let second = Value::list(vec![Value::text("c"), Value::int(4)]);
        let both = concatenation(&[first, Value::EMPTY, second]).expect("a list");
        assert!(both.is_list());
        assert_eq!(&*both.str(), "{a b} c 4");
    }

    #[test]
    fn concat_keeps_the_braces_of_a_hash() {
        let first = Value::list(vec![Value::text("a b")]);
        let second = Value::list(vec![Value::text("#c")]);
        let both = concatenation(&[first, second]).expect("a string");
        assert_eq!(&*both.str(), "{a b} {#c}");
    }

    #[test]
    fn paths_lead_into_nested_lists() {
        let list = Value::text("a {b {c d}}");
        let at = |path: &str| index(&list, &Value::text(path)).map(|value| value.to_text());
        assert_eq!(at("1 1 0").ok().as_deref(), Some("c"));
        assert_eq!(at("end").ok().as_deref(), Some("b {c d}"));
        assert_eq!(at("").ok().as_deref(), Some("a {b {c d}}"));
        assert_eq!(at("7 1").ok().as_deref(), Some(""));
        assert!(at("7 x").is_err());
    }
}
