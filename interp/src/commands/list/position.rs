//! Indices as list commands read them: `3`, `end-1`, and the lists of them that `-index` takes.

use crate::runtime::{Exception, Outcome};
use crate::text::index::{Index, parse_index};
use crate::text::number::looks_like_bad_octal;
use crate::value::{Repr, Value};

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
