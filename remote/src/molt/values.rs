//! Molt's values and completions as ours, and ours as Molt's.
//!
//! Molt's text is real UTF-8, ours is that of `remex_interp::text::utf`, in which characters outside the Basic Multilingual
//! Plane are escaped.

use molt::types::{Exception as MoltException, MoltResult, ResultCode};
use remex_interp::runtime::{Exception, Outcome, code};
use remex_interp::text::utf;
use remex_interp::value::Value;

/// A value of Molt's as text of ours.
pub(super) fn inside(value: &molt::Value) -> String {
    utf::from_external(value.as_str()).into_owned()
}

/// Text of ours as a value of Molt's.
pub(super) fn outside(text: &str) -> molt::Value {
    molt::Value::from(&*utf::to_external(text))
}

/// Words of Molt's as words of ours.
pub(super) fn words_inside(words: &[molt::Value]) -> Vec<Value> {
    words
        .iter()
        .map(|word| Value::string(inside(word)))
        .collect()
}

/// The same value without the list or dictionary that it may have been made from.
///
/// Molt drops nested lists level by level on the stack. A list that holds copies is one level deep, however often it
/// becomes an element of another.
pub(super) fn copied(value: &molt::Value) -> molt::Value {
    molt::Value::from(value.as_str())
}

/// What Molt came to, as ours.
pub(super) fn completion(result: MoltResult) -> Outcome {
    let exception = match result {
        Ok(value) => return Ok(Value::string(inside(&value))),
        Err(exception) => exception,
    };
    let number = |code: ResultCode| i32::try_from(code.as_int()).unwrap_or(code::ERROR);
    let mut packed = Exception::new(
        number(exception.code()),
        Value::string(inside(&exception.value())),
    );
    if exception.code() == ResultCode::Return {
        packed.return_code = number(exception.next_code());
        packed.return_level = u32::try_from(exception.level()).unwrap_or(u32::MAX);
    }
    if let Some(data) = exception.error_data() {
        packed.error_code = Some(Value::string(inside(&data.error_code())));
        packed.info = Some(inside(&data.error_info()));
    }
    Err(packed)
}

/// What ours came to, as Molt's.
pub(super) fn result(outcome: Outcome) -> MoltResult {
    outcome
        .map(|value| outside(&value.str()))
        .map_err(|exception| molt_exception(&exception))
}

/// An exception of ours as Molt's. That it cannot be caught is the caller's to see to.
pub(super) fn molt_exception(exception: &Exception) -> MoltException {
    let value = outside(&exception.value.str());
    let is_return = exception.code == code::RETURN;
    let (next, level) = match is_return {
        true => (
            exception.return_code,
            exception.return_level.max(1) as usize,
        ),
        false => (exception.code, 0),
    };
    if next == code::ERROR {
        let error_code = outside(&exception.error_code_value().str());
        return match &exception.info {
            None if !is_return => MoltException::molt_err2(error_code, value),
            info => {
                let info = info.as_deref().map(outside);
                MoltException::molt_return_err(value, level, Some(error_code), info)
            }
        };
    }
    match (next, level) {
        // Nothing makes such an exception; Molt would not have it.
        (code::OK, 0) => MoltException::molt_return(value),
        (next, level) => MoltException::molt_return_ext(value, level, result_code(next)),
    }
}

fn result_code(number: i32) -> ResultCode {
    match number {
        code::OK => ResultCode::Okay,
        code::ERROR => ResultCode::Error,
        code::RETURN => ResultCode::Return,
        code::BREAK => ResultCode::Break,
        code::CONTINUE => ResultCode::Continue,
        other => ResultCode::Other(i64::from(other)),
    }
}

/// What a procedure comes to whose body came to `result`: `return` takes effect, other completions are errors.
pub(super) fn returned(result: MoltResult) -> MoltResult {
    let exception = match result {
        Ok(value) => return Ok(value),
        Err(exception) => exception,
    };
    let unexpected = |what: String| Err(MoltException::molt_err(what.into()));
    match exception.code() {
        ResultCode::Error => Err(exception),
        ResultCode::Return => one_level_less(&exception),
        ResultCode::Okay => Ok(exception.value()),
        code @ (ResultCode::Break | ResultCode::Continue) => {
            unexpected(format!("invoked \"{code}\" outside of a loop"))
        }
        ResultCode::Other(code) => unexpected(format!("command returned bad code: {code}")),
    }
}

fn one_level_less(exception: &MoltException) -> MoltResult {
    let (value, level) = (exception.value(), exception.level().saturating_sub(1));
    if exception.next_code() == ResultCode::Error {
        let data = exception.error_data();
        let code = data.map(molt::types::ErrorData::error_code);
        let info = data.map(molt::types::ErrorData::error_info);
        return Err(MoltException::molt_return_err(value, level, code, info));
    }
    match (level, exception.next_code()) {
        (0, ResultCode::Okay) => Ok(value),
        (0, ResultCode::Return) => Err(MoltException::molt_return(value)),
        (level, next) => {
            let exception = MoltException::molt_return_ext(value, level, next);
            match level {
                0 => returned(Err(exception)),
                _ => Err(exception),
            }
        }
    }
}

/// The words as a script that calls a command with them.
pub(super) fn script_of(words: &[String]) -> String {
    let words = words.iter().map(|word| crate::failure::list_element(word));
    words.collect::<Vec<_>>().join(" ")
}
