//! `switch`.

use std::borrow::Cow;

use super::option;
use crate::bytecode::{B_IS_CONSTANT, NO_REGISTER, Op};
use crate::compile::{Compiler, Destination, Label};
use crate::runtime::{
    ANY, Builtin, CommandResult, Context, Exception, Interp, ScriptLabel, done_empty,
};
use crate::syntax::{Command, Quoting, Script, Span, Word, WordKind, parse_script, split_list};
use crate::text::glob;
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[Builtin::new(
    "switch",
    "?-option ...? string ?pattern body ...? ?default body?",
    1,
    ANY,
    switch,
)
.compiled(compile_switch)];

const OPTIONS: [&str; 7] = [
    "-exact",
    "-glob",
    "-indexvar",
    "-matchvar",
    "-nocase",
    "-regexp",
    "--",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Matching {
    Exact,
    Glob,
    Regexp,
}

/// The options of a `switch`.
struct Options {
    matching: Matching,
    nocase: bool,
    index_variable: Option<Value>,
    match_variable: Option<Value>,
}

fn usage(name: &Value) -> Box<Exception> {
    Exception::wrong_args(&format!(
        "{name} ?-option ...? string ?pattern body ...? ?default body?"
    ))
}

fn switch(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let (options, rest) = parse_options(words)?;
    let [text, arms @ ..] = rest else {
        return Err(usage(&words[0]));
    };
    if arms.is_empty() {
        if words.len() > 2 {
            check_arms(std::slice::from_ref(text), false)?;
        }
        return Err(usage(&words[0]));
    }
    let is_list = arms.len() == 1;
    let arms = if is_list {
        arms[0].to_list()?.elements().to_vec()
    } else {
        arms.to_vec()
    };
    if is_list && arms.is_empty() {
        return Err(Exception::wrong_args(&format!(
            "{} ?-option ...? string {{?pattern body ...? ?default body?}}",
            words[0]
        )));
    }
    check_arms(&arms, is_list)?;
    for (number, arm) in arms.chunks_exact(2).enumerate() {
        let is_last = (number + 1) * 2 == arms.len();
        if is_last && &*arm[0].str() == "default" {
            clear_variables(interp, &options)?;
        } else if !matches(interp, &options, &arm[0], text)? {
            continue;
        }
        let body = arms[number * 2..]
            .chunks_exact(2)
            .map(|arm| &arm[1])
            .find(|body| &*body.str() != "-");
        let Some(body) = body.cloned() else {
            return done_empty();
        };
        let label = ScriptLabel::Made(format!("\"{}\" arm", shortened(&arm[0].str())));
        return interp.push_script(&body, Context::Current, label);
    }
    done_empty()
}

/// A pattern as errorInfo shows it: at most 50 characters.
fn shortened(pattern: &str) -> String {
    match pattern.char_indices().nth(50) {
        Some((end, _)) => format!("{}...", &pattern[..end]),
        None => pattern.to_owned(),
    }
}

fn parse_options(words: &[Value]) -> Result<(Options, &[Value]), Box<Exception>> {
    let mut options = Options {
        matching: Matching::Exact,
        nocase: false,
        index_variable: None,
        match_variable: None,
    };
    let mut chosen: Option<&str> = None;
    let mut at = 1;
    // The last two words are never options: the text and what to do with it.
    let end = words.len().saturating_sub(2);
    while let Some(word) = words.get(at).filter(|_| at < end) {
        if !word.str().starts_with('-') {
            break;
        }
        let number = option(word, &OPTIONS, "option")?;
        at += 1;
        match number {
            0 | 1 | 5 => {
                if let Some(other) = chosen {
                    return Err(Exception::with_code(
                        format!("bad option \"{word}\": {other} option already found"),
                        ["TCL", "OPERATION", "SWITCH", "DOUBLEOPT"],
                    ));
                }
                chosen = Some(OPTIONS[number]);
                options.matching = [Matching::Exact, Matching::Glob][..]
                    .get(number)
                    .copied()
                    .unwrap_or(Matching::Regexp);
            }
            2 | 3 => {
                let Some(name) = words.get(at).filter(|_| at < end) else {
                    return Err(Exception::with_code(
                        format!(
                            "missing variable name argument to {} option",
                            OPTIONS[number]
                        ),
                        ["TCL", "OPERATION", "SWITCH", "NOVAR"],
                    ));
                };
                let variable = if number == 2 {
                    &mut options.index_variable
                } else {
                    &mut options.match_variable
                };
                *variable = Some(name.clone());
                at += 1;
            }
            4 => options.nocase = true,
            _ => break,
        }
    }
    for (variable, name) in [
        (&options.index_variable, "-indexvar"),
        (&options.match_variable, "-matchvar"),
    ] {
        if variable.is_some() && options.matching != Matching::Regexp {
            return Err(Exception::with_code(
                format!("{name} option requires -regexp option"),
                ["TCL", "OPERATION", "SWITCH", "MODERESTRICTION"],
            ));
        }
    }
    Ok((options, words.get(at..).unwrap_or_default()))
}

fn check_arms(arms: &[Value], is_list: bool) -> Result<(), Box<Exception>> {
    if !arms.len().is_multiple_of(2) {
        let mut message = "extra switch pattern with no body".to_owned();
        let looks_like_comment = is_list
            && arms
                .iter()
                .step_by(2)
                .any(|pattern| pattern.str().starts_with('#'));
        if looks_like_comment {
            message.push_str(
                ", this may be due to a comment incorrectly placed outside of a switch body - see the \"switch\" documentation",
            );
        }
        let mut exception = Exception::error(message);
        let code = ["TCL", "OPERATION", "SWITCH", "BADARM", "COMMENT?"];
        let shown = if looks_like_comment {
            &code[..]
        } else {
            &code[..4]
        };
        exception.error_code = Some(Value::list(
            shown.iter().map(|word| Value::text(word)).collect(),
        ));
        return Err(exception);
    }
    if let [.., pattern, body] = arms
        && &*body.str() == "-"
    {
        return Err(Exception::with_code(
            format!("no body specified for pattern \"{pattern}\""),
            ["TCL", "OPERATION", "SWITCH", "BADARM", "FALLTHROUGH"],
        ));
    }
    Ok(())
}

fn matches(
    interp: &mut Interp,
    options: &Options,
    pattern: &Value,
    text: &Value,
) -> Result<bool, Box<Exception>> {
    match options.matching {
        Matching::Exact if options.nocase => {
            Ok(
                crate::text::strings::compare(&pattern.str(), &text.str(), true, None)
                    == std::cmp::Ordering::Equal,
            )
        }
        Matching::Exact => Ok(pattern.same_text(text)),
        Matching::Glob => Ok(glob::glob_match(
            &pattern.str(),
            &text.str(),
            options.nocase,
        )),
        Matching::Regexp => matches_regexp(interp, options, pattern, text),
    }
}

fn matches_regexp(
    interp: &mut Interp,
    options: &Options,
    pattern: &Value,
    text: &Value,
) -> Result<bool, Box<Exception>> {
    let search = |interp: &mut Interp, flags: &[&str]| {
        let mut words = vec![Value::text("::regexp")];
        words.extend(flags.iter().map(|flag| Value::text(flag)));
        if options.nocase {
            words.push(Value::text("-nocase"));
        }
        words.extend([Value::text("--"), pattern.clone(), text.clone()]);
        interp.call_here(words)
    };
    if search(interp, &[])?.as_int() != Some(1) {
        return Ok(false);
    }
    if let Some(name) = &options.index_variable {
        let ranges = search(interp, &["-inline", "-indices"])?;
        interp.variable_set(name, switch_ranges(&ranges)?)?;
    }
    if let Some(name) = &options.match_variable {
        let values = search(interp, &["-inline"])?;
        interp.variable_set(name, values)?;
    }
    Ok(true)
}

/// Ranges of `regexp -indices` as `switch -indexvar` gives them: one that is empty at the very start is `-1 -1`, as in tclsh.
fn switch_ranges(ranges: &Value) -> Result<Value, Box<Exception>> {
    let ranges = ranges.to_list()?;
    let ends_before = |range: &Value| {
        let last = range.list_element(1).ok().flatten();
        last.and_then(|last| last.as_int()) == Some(-1)
    };
    let none = || Value::list(vec![Value::int(-1), Value::int(-1)]);
    let given = ranges
        .elements()
        .iter()
        .map(|range| match ends_before(range) {
            true => none(),
            false => range.clone(),
        });
    Ok(Value::list(given.collect()))
}

/// The default arm leaves empty lists in the variables.
fn clear_variables(interp: &mut Interp, options: &Options) -> Result<(), Box<Exception>> {
    for name in [&options.index_variable, &options.match_variable]
        .into_iter()
        .flatten()
    {
        interp.variable_set(name, Value::EMPTY)?;
    }
    Ok(())
}

/// An arm of a `switch` whose words are all constant: the pattern, and the body (None for `-`).
type ConstantArm = (Box<str>, Option<Script>);

fn compile_switch(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    let source = compiler.source;
    let mut words = &command.words[1..];
    let mut is_glob = false;
    let mut is_exact = false;
    let mut has_end = false;
    while let Some(option) = words.first().and_then(|word| word.constant(source)) {
        match option {
            "-exact" if words.len() > 2 && !is_glob && !is_exact => {
                is_exact = true;
                words = &words[1..];
            }
            "-glob" if words.len() > 2 && !is_glob && !is_exact => {
                is_glob = true;
                words = &words[1..];
            }
            "--" => {
                words = &words[1..];
                has_end = true;
                break;
            }
            _ if option.starts_with('-') => return false,
            _ => break,
        }
    }
    let [text, arms @ ..] = words else {
        return false;
    };
    // As in tclsh; it shows in errorInfo.
    if arms.len() > 1 && !has_end {
        return false;
    }
    let Some(arms) = constant_arms(compiler, arms) else {
        return false;
    };
    if text
        .constant(source)
        .is_none_or(|text| text.starts_with('-'))
        && command.words.len() == words.len() + 1
    {
        // The value might be taken for an option at run time; tclsh looks at it too.
        if !matches!(&text.kind, WordKind::Parts(_)) {
            return false;
        }
    }
    compile_arms(compiler, text, arms, is_glob, destination)
}

fn constant_arms(compiler: &mut Compiler<'_>, words: &[Word]) -> Option<Vec<ConstantArm>> {
    let source = compiler.source;
    let pairs: Vec<(Box<str>, Span)> = match words {
        [] => return None,
        [list] => {
            if list.quoting != Quoting::Braced {
                return None;
            }
            let WordKind::Verbatim(span) = list.kind else {
                return None;
            };
            list_arms(source, span)?
        }
        words => {
            let mut pairs = Vec::new();
            for pair in words.chunks(2) {
                let [pattern, body] = pair else {
                    return None;
                };
                let WordKind::Verbatim(span) = body.kind else {
                    return None;
                };
                pairs.push((pattern.constant(source)?.into(), span));
            }
            pairs
        }
    };
    let mut arms = Vec::new();
    for (pattern, span) in pairs {
        let body = if span.text(source) == "-" {
            None
        } else {
            Some(parse_script(source, span))
        };
        arms.push((pattern, body));
    }
    arms.last()?.1.as_ref()?;
    Some(arms)
}

/// Patterns and spans of bodies of the list at `span`, unless backslashes changed a body.
fn list_arms(source: &str, span: Span) -> Option<Vec<(Box<str>, Span)>> {
    let list = span.text(source);
    let elements = split_list(list).ok()?;
    if elements.is_empty() || !elements.len().is_multiple_of(2) {
        return None;
    }
    let mut pairs = Vec::new();
    for pair in elements.chunks_exact(2) {
        let Cow::Borrowed(body) = &pair[1] else {
            return None;
        };
        let offset = (body.as_ptr() as usize).checked_sub(source.as_ptr() as usize)?;
        let body_span = Span::new(offset, offset + body.len());
        if body_span.text(source) != *body {
            return None;
        }
        pairs.push((pair[0].as_ref().into(), body_span));
    }
    Some(pairs)
}

fn compile_arms(
    compiler: &mut Compiler<'_>,
    text: &Word,
    arms: Vec<ConstantArm>,
    is_glob: bool,
    destination: Destination,
) -> bool {
    let base = compiler.builder.top();
    let source = compiler.operand(text);
    let register = compiler.in_register(source);
    let test = compiler.builder.push();
    compiler.builder.release(base);
    let done = compiler.builder.label();
    let otherwise = compiler.builder.label();
    let labels: Vec<Label> = arms.iter().map(|_| compiler.builder.label()).collect();
    let mut targets: Vec<(Box<str>, Label)> = Vec::new();
    let mut default = None;
    for (number, (pattern, _)) in arms.iter().enumerate() {
        // `-` takes the next body.
        let body = (number..arms.len())
            .find(|at| arms[*at].1.is_some())
            .unwrap_or(number);
        if number + 1 == arms.len() && &**pattern == "default" {
            default = Some(labels[body]);
        } else if !targets.iter().any(|(other, _)| other == pattern) {
            targets.push((pattern.clone(), labels[body]));
        }
    }
    if is_glob {
        for (pattern, label) in targets {
            let pattern = compiler.builder.constant(Value::text(&pattern));
            compiler
                .builder
                .emit(Op::StringMatch, B_IS_CONSTANT, test, pattern, register);
            compiler.builder.jump(Op::JumpTrue, test, label);
        }
        compiler
            .builder
            .jump(Op::Jump, NO_REGISTER, default.unwrap_or(otherwise));
    } else {
        compiler
            .builder
            .lookup_jump(register, targets, default.unwrap_or(otherwise));
    }
    for ((_, body), label) in arms.iter().zip(labels) {
        let Some(body) = body else {
            continue;
        };
        compiler.builder.bind(label);
        compiler.builder.release(base);
        compiler.script(body, destination);
        compiler.builder.jump(Op::Jump, NO_REGISTER, done);
    }
    compiler.builder.bind(otherwise);
    compiler.builder.release(base);
    compiler.constant_into(Value::EMPTY, destination);
    compiler.builder.bind(done);
    true
}
