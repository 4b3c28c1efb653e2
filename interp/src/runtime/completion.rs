//! Completions as scripts spell them: what a result and return options mean, and what an errorCode begins with.

use super::integer::small_int_of;
use super::{Exception, Interp, Outcome, code};
use crate::value::{OrderedMap, Value};

/// The completion that a result and return options describe.
///
/// * `level`: what `-level` is when it is not among the options.
pub(crate) fn complete(
    interp: &mut Interp,
    result: Value,
    options: &OrderedMap,
    level: i64,
) -> Outcome {
    let exception = described(result, options, level)?;
    if exception.code != code::OK {
        return Err(exception);
    }
    let count = interp.command_count;
    interp.return_options = exception.other.map(|other| (other, count));
    Ok(exception.value)
}

/// The same as an exception, whose code is `OK` for an ordinary result.
///
/// Errors: bad options.
fn described(
    result: Value,
    options: &OrderedMap,
    level: i64,
) -> Result<Box<Exception>, Box<Exception>> {
    let mut exception = Exception::new(code::OK, result);
    let mut level = level;
    let mut other = OrderedMap::new();
    for (name, value) in options.iter() {
        let text = name.str();
        if !matches!(&*text, "-code" | "-level") {
            other.insert(name.clone(), value.clone());
        }
        match &*text {
            "-code" => exception.code = completion_code(value)?,
            "-level" => {
                level = small_int_of(value).ok().filter(|level| *level >= 0).map(i64::from).ok_or_else(|| {
                    Exception::with_code(
                        format!(
                            "bad -level value: expected non-negative integer but got \"{value}\""
                        ),
                        ["TCL", "RESULT", "ILLEGAL_LEVEL"],
                    )
                })?;
            }
            "-errorinfo" => {
                exception.info = Some(value.to_text());
                exception.is_logged = true;
            }
            "-errorcode" => {
                if value.to_list().is_err() {
                    return Err(Exception::with_code(
                        format!("bad -errorcode value: expected a list but got \"{value}\""),
                        ["TCL", "RESULT", "ILLEGAL_ERRORCODE"],
                    ));
                }
                exception.error_code = Some(value.clone());
            }
            "-errorstack" => {
                let Ok(stack) = value.to_list() else {
                    return Err(Exception::with_code(
                        format!("bad -errorstack value: expected a list but got \"{value}\""),
                        ["TCL", "RESULT", "NONLIST_ERRORSTACK"],
                    ));
                };
                if !stack.elements().len().is_multiple_of(2) {
                    return Err(Exception::with_code(
                        format!("forbidden odd-sized list for -errorstack: \"{value}\""),
                        ["TCL", "RESULT", "ODDSIZEDLIST_ERRORSTACK"],
                    ));
                }
                exception.stack = Some(value.clone());
            }
            "-errorline" => {
                exception.line = value
                    .as_int()
                    .and_then(|line| u32::try_from(line).ok())
                    .unwrap_or(1)
            }
            _ => {}
        }
    }
    if exception.code == code::RETURN {
        level += 1;
        exception.code = code::OK;
    }
    if exception.code != code::ERROR {
        exception.info = None;
        exception.is_logged = false;
    }
    if !other.is_empty() {
        exception.other = Some(other);
    }
    if level == 0 {
        return Ok(exception);
    }
    // The caller, where the code comes to life, quotes its command again.
    exception.is_logged = false;
    exception.return_code = exception.code;
    exception.code = code::RETURN;
    exception.return_level = u32::try_from(level).unwrap_or(u32::MAX);
    Ok(exception)
}

/// The number of a completion code given as a word or a number.
pub(crate) fn completion_code(value: &Value) -> Result<i32, Box<Exception>> {
    const NAMES: [&str; 5] = ["ok", "error", "return", "break", "continue"];
    let text = value.str();
    if let Some(number) = NAMES.iter().position(|name| *name == &*text) {
        return Ok(number as i32);
    }
    small_int_of(value).ok().filter(|number| *number != i32::MIN).ok_or_else(|| {
        Exception::with_code(
            format!("bad completion code \"{value}\": must be ok, error, return, break, continue, or an integer"),
            ["TCL", "RESULT", "ILLEGAL_CODE"],
        )
    })
}

/// The exception that a caught result and its options describe, to be raised again.
pub(crate) fn exception_of(result: Value, options: &Value) -> Box<Exception> {
    let Ok(dict) = options.to_dict() else {
        return Exception::error(result);
    };
    match described(result, dict.map(), 0) {
        Ok(exception) if exception.code == code::OK => Exception::new(code::OK, exception.value),
        Ok(exception) | Err(exception) => exception,
    }
}

/// Whether the errorCode among return options starts with the words of `pattern`.
pub(crate) fn trap_matches(pattern: &Value, options: &Value) -> bool {
    let Ok(pattern) = pattern.to_list() else {
        return false;
    };
    let error_code = options
        .to_dict()
        .ok()
        .and_then(|dict| dict.map().get_text("-errorcode").cloned());
    begins_with(&error_code.unwrap_or_default(), pattern.elements())
}

/// Whether an errorCode starts with these words.
pub(crate) fn begins_with(error_code: &Value, pattern: &[Value]) -> bool {
    let Ok(words) = error_code.to_list() else {
        return false;
    };
    let mut pairs = words.elements().iter().zip(pattern);
    words.elements().len() >= pattern.len() && pairs.all(|(word, wanted)| word.same_text(wanted))
}

/// Adds to the options of an error which other completion was being handled.
pub(crate) fn note_during(completion: &Value, options: &mut Value, original: &Value) {
    if completion.as_int() == Some(1)
        && let Ok(map) = options.dict_mut()
    {
        map.insert(Value::text("-during"), original.clone());
    }
}
