//! Subcommands about lengths, positions and pieces: `bytelength cat index length range repeat replace reverse`.

use super::ok;
use crate::limits::STRING_BYTES_MAX;
use crate::runtime::integer::small_int_of;
use crate::runtime::position::{self, resolve};
use crate::runtime::{Exception, Outcome};
use crate::text::strings;
use crate::text::utf;
use crate::value::{Repr, Value};

pub(super) fn bytelength(words: &[Value]) -> Outcome {
    ok(utf::tcl_bytes(&words[0].str()))
}

pub(super) fn length(words: &[Value]) -> Outcome {
    ok(words[0].char_count())
}

pub(super) fn index(words: &[Value]) -> Outcome {
    ok(position::char_at(&words[0], &words[1])?)
}

pub(super) fn range(words: &[Value]) -> Outcome {
    ok(position::chars(&words[0], &words[1], &words[2])?)
}

/// Byte arrays joined are a byte array.
pub(super) fn cat(words: &[Value]) -> Outcome {
    match words {
        [] => Ok(Value::EMPTY),
        [only] => ok(only.clone()),
        parts if parts.iter().all(Value::is_bytes) => {
            let mut joined = Vec::new();
            for part in parts {
                push_bytes(&mut joined, part)?;
            }
            ok(Value::bytes(joined))
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
            ok(joined)
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

pub(super) fn repeat(words: &[Value]) -> Outcome {
    let count = small_int_of(&words[1])?;
    if count == 1 {
        return ok(words[0].clone());
    }
    if let Repr::Bytes(object) = &words[0].0 {
        let bytes = object.as_slice();
        let count = usize::try_from(count).unwrap_or(0);
        return match bytes.len().checked_mul(count) {
            Some(total) if total <= STRING_BYTES_MAX => ok(Value::bytes(bytes.repeat(count))),
            _ => Err(too_long()),
        };
    }
    match strings::repeat(&words[0].str(), i64::from(count)) {
        Ok(text) => ok(text),
        Err(_) => Err(too_long()),
    }
}

pub(super) fn replace(words: &[Value]) -> Outcome {
    let length = words[0].char_count();
    let first = resolve(&words[1], length)?;
    let last = resolve(&words[2], length)?;
    let with = words.get(3).cloned().unwrap_or_default();
    if let Repr::Bytes(object) = &words[0].0
        && (with.is_bytes() || with.is_empty())
    {
        return ok(replace_bytes(
            &words[0],
            object.as_slice(),
            first,
            last,
            &with,
        ));
    }
    match strings::replace(&words[0].str(), first, last, &with.str()) {
        Some(text) => ok(text),
        None => ok(words[0].clone()),
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

pub(super) fn reverse(words: &[Value]) -> Outcome {
    if let Repr::Bytes(object) = &words[0].0 {
        return ok(Value::bytes(
            object.as_slice().iter().rev().copied().collect(),
        ));
    }
    ok(strings::reverse(&words[0].str()))
}
