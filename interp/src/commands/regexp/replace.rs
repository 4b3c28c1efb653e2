//! `regsub`.

use super::{Options, compiled, offset_of, polled};
use crate::limits::STRING_BYTES_MAX;
use crate::runtime::{CommandResult, Exception, Interp, done};
use crate::text::regexp::replace::{is_plain, replace, replace_plain};
use crate::text::regexp::subspec::Subspec;
use crate::value::Value;

const OPTIONS: [&str; 8] = [
    "-all",
    "-nocase",
    "-expanded",
    "-line",
    "-linestop",
    "-lineanchor",
    "-start",
    "--",
];

pub(super) fn regsub(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let usage = || {
        Exception::wrong_args(&format!(
            "{} ?-option ...? exp string subSpec ?varName?",
            words[0]
        ))
    };
    let (options, rest) = Options::read(&words[1..], &OPTIONS)?.ok_or_else(usage)?;
    let (pattern, text, spec, variable) = match rest {
        [pattern, text, spec] => (pattern, text, spec, None),
        [pattern, text, spec, variable] => (pattern, text, spec, Some(variable)),
        _ => return Err(usage()),
    };
    let start = options.start(text)?;
    let replaced = replaced(interp, &options, start, (pattern, text, spec))?;
    let (result, count) = match replaced {
        Some((result, count)) => (Value::string(result), count),
        None => (text.clone(), 0),
    };
    match variable {
        Some(name) => {
            interp.variable_set(name, result)?;
            done(count)
        }
        None => done(result),
    }
}

/// The new text and the number of matches; None without any.
fn replaced(
    interp: &mut Interp,
    options: &Options<'_>,
    start: usize,
    (pattern, value, spec): (&Value, &Value, &Value),
) -> Result<Option<(String, usize)>, Box<Exception>> {
    let text = value.str();
    let spec = spec.str();
    if options.is_all && start == 0 && is_plain(&pattern.str(), &spec) {
        let nocase = options.flags.nocase;
        let pattern = pattern.str();
        return polled(interp, |poll| {
            replace_plain(&pattern, &text, &spec, nocase, STRING_BYTES_MAX, poll)
        });
    }
    let regexp = compiled(interp, pattern, options.flags)?;
    if start > 0 && start > value.char_count() {
        return Ok(None);
    }
    let offset = offset_of(value, &text, start);
    let spec = Subspec::new(&spec);
    polled(interp, |poll| {
        replace(
            &regexp,
            &text,
            offset,
            options.is_all,
            &spec,
            STRING_BYTES_MAX,
            poll,
        )
    })
}
