//! Subcommands about lengths, positions and pieces: `bytelength cat index length range repeat replace reverse`.

use super::int_32_of;
use crate::commands::index_of;
use crate::limits::STRING_BYTES_MAX;
use crate::runtime::{CommandResult, Exception, Interp, done, done_empty};
use crate::text::strings;
use crate::text::utf;
use crate::value::{Repr, Value};

pub(super) fn bytelength(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(utf::tcl_bytes(&words[1].str()))
}

pub(super) fn length(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(words[1].char_count())
}

pub(super) fn index(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(super::index(&words[1], &words[2])?)
}

pub(super) fn range(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(super::range(&words[1], &words[2], &words[3])?)
}

/// Byte arrays joined are a byte array.
pub(super) fn cat(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    match &words[1..] {
        [] => done_empty(),
        [only] => done(only.clone()),
        parts if parts.iter().all(Value::is_bytes) => {
            let mut joined = Vec::new();
            for part in parts {
                push_bytes(&mut joined, part)?;
            }
            done(Value::bytes(joined))
        }
        [first, rest @ ..] => {
            let mut joined = first.clone();
            for part in rest {
                if part.is_bytes() || joined.is_bytes() {
                    joined = Value::string(joined.to_text());
                }
                let text = part.str();
                if joined.str().len() + text.len() > STRING_BYTES_MAX {
                    return Err(too_long());
                }
                joined.append_text(&text);
            }
            done(joined)
        }
    }
}

fn push_bytes(joined: &mut Vec<u8>, part: &Value) -> Result<(), Box<Exception>> {
    let bytes = part.to_bytes();
    if joined.len() + bytes.as_slice().len() > STRING_BYTES_MAX {
        return Err(too_long());
    }
    joined.extend_from_slice(bytes.as_slice());
    Ok(())
}

/// A result that no value can hold.
pub(super) fn too_long() -> Box<Exception> {
    Exception::with_code(
        format!("result exceeds max size for a Tcl value ({STRING_BYTES_MAX} bytes)"),
        ["TCL", "MEMORY"],
    )
}

pub(super) fn repeat(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let count = int_32_of(&words[2])?;
    if count == 1 {
        return done(words[1].clone());
    }
    if let Repr::Bytes(object) = &words[1].0 {
        let bytes = object.as_slice();
        let count = usize::try_from(count).unwrap_or(0);
        return match bytes.len().checked_mul(count) {
            Some(total) if total <= STRING_BYTES_MAX => done(Value::bytes(bytes.repeat(count))),
            _ => Err(too_long()),
        };
    }
    match strings::repeat(&words[1].str(), i64::from(count)) {
        Ok(text) => done(text),
        Err(_) => Err(too_long()),
    }
}

pub(super) fn replace(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let length = words[1].char_count();
    let first = index_of(&words[2], length)?;
    let last = index_of(&words[3], length)?;
    let with = words.get(4).cloned().unwrap_or_default();
    if let Repr::Bytes(object) = &words[1].0
        && (with.is_bytes() || with.is_empty())
    {
        return done(replace_bytes(
            &words[1],
            object.as_slice(),
            first,
            last,
            &with,
        ));
    }
    match strings::replace(&words[1].str(), first, last, &with.str()) {
        Some(text) => done(text),
        None => done(words[1].clone()),
    }
}

fn replace_bytes(value: &Value, bytes: &[u8], first: i64, last: i64, with: &Value) -> Value {
    let start = usize::try_from(first).unwrap_or(0);
    let is_nothing =
        last < 0 || last < first || (start >= bytes.len() && !(bytes.is_empty() && first < 0));
    if is_nothing {
        return value.clone();
    }
    let end = usize::try_from(last)
        .unwrap_or(usize::MAX)
        .saturating_add(1)
        .min(bytes.len());
    let with = with.to_bytes();
    let mut replaced = Vec::with_capacity(start + with.as_slice().len() + (bytes.len() - end));
    replaced.extend_from_slice(bytes.get(..start).unwrap_or_default());
    replaced.extend_from_slice(with.as_slice());
    replaced.extend_from_slice(bytes.get(end..).unwrap_or_default());
    Value::bytes(replaced)
}

pub(super) fn reverse(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    if let Repr::Bytes(object) = &words[1].0 {
        return done(Value::bytes(
            object.as_slice().iter().rev().copied().collect(),
        ));
    }
    done(strings::reverse(&words[1].str()))
}
