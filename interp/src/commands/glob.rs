//! `glob`: names of files that match patterns.

use super::channel::failed;
use crate::channel::glob::{GlobOptions, TypeFilter, glob as search};
use crate::channel::path;
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, done};
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] =
    &[
        Builtin::new("glob", "?-option value ...? ?pattern ...?", 0, ANY, glob)
            .unsafe_for_children(),
    ];

const OPTIONS: [&str; 7] = [
    "-directory",
    "-join",
    "-nocomplain",
    "-path",
    "-tails",
    "-types",
    "--",
];

fn glob(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let mut arguments = words.get(1..).unwrap_or_default();
    let mut options = GlobOptions::default();
    let (mut joins, mut complains) = (false, true);
    while let [first, rest @ ..] = arguments
        && first.str().starts_with('-')
    {
        let number = super::option(first, &OPTIONS, "option")?;
        arguments = rest;
        match number {
            1 => joins = true,
            2 => complains = false,
            4 => options.tails = true,
            6 => break,
            _ => {
                let [value, rest @ ..] = arguments else {
                    let name = OPTIONS.get(number).copied().unwrap_or_default();
                    return Err(Exception::with_code(
                        format!("missing argument to \"{name}\""),
                        ["TCL", "ARGUMENT", "MISSING"],
                    ));
                };
                arguments = rest;
                set(interp, &mut options, number, value)?;
            }
        }
    }
    if options.tails && options.directory.is_none() && options.path_prefix.is_none() {
        return Err(bad_combination(
            "\"-tails\" must be used with either \"-directory\" or \"-path\"",
        ));
    }
    let patterns: Vec<String> = if joins {
        let parts: Vec<String> = arguments.iter().map(Value::to_text).collect();
        vec![path::join(parts.iter().map(String::as_str))]
    } else {
        arguments.iter().map(Value::to_text).collect()
    };
    let mut names = Vec::new();
    for pattern in &patterns {
        match search(pattern, &options, &mut names) {
            Ok(()) => {}
            Err(error) => return Err(failed(interp, &error, "couldn't read directory")),
        }
        interp.check_safepoint()?;
    }
    if names.is_empty() && complains {
        let plural = if patterns.len() == 1 { "" } else { "s" };
        return Err(Exception::with_code(
            format!(
                "no files matched glob pattern{plural} \"{}\"",
                patterns.join(" ")
            ),
            ["TCL", "OPERATION", "GLOB", "NOMATCH"],
        ));
    }
    done(Value::list(names.into_iter().map(Value::string).collect()))
}

fn set(
    interp: &mut Interp,
    options: &mut GlobOptions,
    number: usize,
    value: &Value,
) -> Result<(), Box<Exception>> {
    match number {
        0 if options.directory.is_some() => {
            Err(bad_combination("\"-directory\" may only be used once"))
        }
        3 if options.path_prefix.is_some() => {
            Err(bad_combination("\"-path\" may only be used once"))
        }
        0 if options.path_prefix.is_some() => Err(bad_combination(
            "\"-directory\" cannot be used with \"-path\"",
        )),
        3 if options.directory.is_some() => Err(bad_combination(
            "\"-path\" cannot be used with \"-dictionary\"",
        )),
        0 => {
            options.directory = Some(value.to_text());
            Ok(())
        }
        3 => {
            options.path_prefix = Some(value.to_text());
            Ok(())
        }
        _ => {
            let words: Vec<String> = value
                .to_list()?
                .elements()
                .iter()
                .map(Value::to_text)
                .collect();
            let filter = TypeFilter::parse(words.iter().map(String::as_str));
            options.types = Some(filter.map_err(|error| failed(interp, &error, ""))?);
            Ok(())
        }
    }
}

fn bad_combination(text: &str) -> Box<Exception> {
    Exception::with_code(text, ["TCL", "OPERATION", "GLOB", "BADOPTIONCOMBINATION"])
}
