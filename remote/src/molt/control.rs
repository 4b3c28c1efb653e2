//! Control structures: Molt's own, made so that they can be stopped, and those that it lacks.
//!
//! Whatever evaluates a script or an expression that it is given stands here, because the text is to be measured before
//! Molt parses it (`super::stack`).

use super::engine::Shared;
use super::values::{inside, outside};
use molt::types::{ContextID, Exception, MoltInt, MoltResult, ResultCode};
use molt::{Interp, check_args};
use remex_interp::text::glob::glob_match;
use remex_interp::value::Value;
use std::time::Instant;

/// The commands of this file that Molt has too.
pub(super) fn install(molt: &mut Interp, id: ContextID) {
    molt.add_context_command("while", while_loop, id);
    molt.add_context_command("for", for_loop, id);
    molt.add_context_command("foreach", foreach, id);
    molt.add_context_command("if", if_command, id);
    molt.add_context_command("catch", catch, id);
    molt.add_context_command("expr", expr, id);
    molt.add_context_command("time", time, id);
    molt.add_context_command("source", source, id);
}

/// Those that Molt lacks.
pub(super) fn install_missing(molt: &mut Interp, id: ContextID) {
    molt.add_context_command("eval", eval, id);
    molt.add_context_command("switch", switch, id);
}

/// Whether a loop goes on after a turn of its body.
fn goes_on(turn: MoltResult) -> Result<bool, Exception> {
    match turn {
        Ok(_) => Ok(true),
        Err(exception) => match exception.code() {
            ResultCode::Break => Ok(false),
            ResultCode::Continue => Ok(true),
            _ => Err(exception),
        },
    }
}

fn empty() -> MoltResult {
    Ok(molt::Value::empty())
}

fn while_loop(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    check_args(1, words, 3, 3, "test command")?;
    let shared = Shared::of(molt, id);
    let [_, test, body] = words else {
        return empty();
    };
    shared.stack.check_expression(test.as_str())?;
    shared.stack.check_script(body.as_str())?;
    while molt.expr_bool(test)? {
        shared.check()?;
        if !goes_on(molt.eval_value(body))? {
            break;
        }
    }
    empty()
}

fn for_loop(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    check_args(1, words, 5, 5, "start test next command")?;
    let shared = Shared::of(molt, id);
    let [_, start, test, next, body] = words else {
        return empty();
    };
    for script in [start, next, body] {
        shared.stack.check_script(script.as_str())?;
    }
    shared.stack.check_expression(test.as_str())?;
    molt.eval_value(start)?;
    while molt.expr_bool(test)? {
        shared.check()?;
        if !goes_on(molt.eval_value(body))? {
            break;
        }
        match molt.eval_value(next) {
            Err(exception) if exception.code() == ResultCode::Break => break,
            Err(exception) if exception.code() == ResultCode::Continue => {
                return failed!("invoked \"continue\" outside of a loop");
            }
            next => next?,
        };
    }
    empty()
}

fn foreach(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    check_args(1, words, 4, 4, "varList list body")?;
    let shared = Shared::of(molt, id);
    let [_, names, list, body] = words else {
        return empty();
    };
    let (names, list) = (names.as_list()?, list.as_list()?);
    if names.is_empty() {
        return failed!("foreach varlist is empty");
    }
    shared.stack.check_script(body.as_str())?;
    for elements in list.chunks(names.len()) {
        shared.check()?;
        for (index, name) in names.iter().enumerate() {
            let element = elements.get(index).cloned();
            molt.set_var(name, element.unwrap_or_else(molt::Value::empty))?;
        }
        if !goes_on(molt.eval_value(body))? {
            break;
        }
    }
    empty()
}

fn if_command(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    let shared = Shared::of(molt, id);
    shared.check()?;
    let mut at = 1;
    loop {
        let after = words.get(at - 1).map_or("if", molt::Value::as_str);
        let Some(test) = words.get(at) else {
            return failed!("wrong # args: no expression after \"{}\" argument", after);
        };
        let is_true = shared.expr(molt, test)?.as_bool()?;
        at += 1;
        if words.get(at).is_some_and(|word| word.as_str() == "then") {
            at += 1;
        }
        let Some(body) = words.get(at) else {
            let after = words.get(at - 1).map_or("", molt::Value::as_str);
            return failed!("wrong # args: no script following \"{}\" argument", after);
        };
        if is_true {
            return shared.eval(molt, body);
        }
        at += 1;
        match words.get(at).map(molt::Value::as_str) {
            None => return empty(),
            Some("elseif") => at += 1,
            Some(word) => {
                at += usize::from(word == "else");
                return otherwise(molt, &shared, words.get(at..).unwrap_or_default());
            }
        }
    }
}

/// The last clause of an `if`, without `else`.
fn otherwise(molt: &mut Interp, shared: &Shared, words: &[molt::Value]) -> MoltResult {
    match words {
        [body] => shared.eval(molt, body),
        [] => failed!("wrong # args: no script following \"else\" argument"),
        _ => failed!("wrong # args: extra words after \"else\" clause in \"if\" command"),
    }
}

fn catch(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    check_args(1, words, 2, 4, "script ?resultVarName? ?optionsVarName?")?;
    let shared = Shared::of(molt, id);
    shared.check()?;
    let Some(script) = words.get(1) else {
        return empty();
    };
    let result = shared.eval(molt, script);
    if shared.is_stopping() {
        return result;
    }
    let options = return_options(&result);
    let (code, value) = match result {
        Ok(value) => (0, value),
        Err(exception) => (exception.code().as_int(), exception.value()),
    };
    if let Some(name) = words.get(2) {
        molt.set_var(name, value)?;
    }
    if let Some(name) = words.get(3) {
        molt.set_var(name, options)?;
    }
    Ok(code.into())
}

/// The dictionary of what a script came to, as `catch` gives it.
fn return_options(result: &MoltResult) -> molt::Value {
    let mut options = molt::dict::dict_new();
    let mut put = |name: &str, value: molt::Value| {
        options.insert(name.into(), super::values::copied(&value));
    };
    let (code, level) = match result {
        Ok(_) => (0, 0),
        Err(exception) if exception.code() == ResultCode::Return => {
            (exception.next_code().as_int(), exception.level())
        }
        Err(exception) => (exception.code().as_int(), 0),
    };
    put("-code", code.into());
    put(
        "-level",
        MoltInt::try_from(level).unwrap_or(MoltInt::MAX).into(),
    );
    if let Err(exception) = result
        && let Some(data) = exception.error_data()
    {
        put("-errorcode", data.error_code());
        put("-errorinfo", data.error_info());
    }
    options.into()
}

fn expr(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    check_args(1, words, 2, 0, "expr ?arg ...?")?;
    let shared = Shared::of(molt, id);
    shared.check()?;
    match words {
        [_, expression] => shared.expr(molt, expression),
        words => shared.expr(molt, &joined(words.get(1..).unwrap_or_default())),
    }
}

/// Words as one script, as `concat` joins them.
pub(super) fn joined(words: &[molt::Value]) -> molt::Value {
    match words {
        [word] => word.clone(),
        words => {
            let words = words.iter().map(|word| word.as_str().trim());
            let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
            words.join(" ").into()
        }
    }
}

fn eval(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    check_args(1, words, 2, 0, "arg ?arg ...?")?;
    let shared = Shared::of(molt, id);
    shared.check()?;
    shared.eval(molt, &joined(words.get(1..).unwrap_or_default()))
}

fn time(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    check_args(1, words, 2, 3, "command ?count?")?;
    let shared = Shared::of(molt, id);
    let count = words.get(2).map_or(Ok(1), molt::Value::as_int)?;
    let Some(script) = words.get(1) else {
        return empty();
    };
    let start = Instant::now();
    for _ in 0..count {
        shared.check()?;
        shared.eval(molt, script)?;
    }
    let nanoseconds = start.elapsed().as_nanos() / u128::try_from(count.max(1)).unwrap_or(1);
    Ok(format!("{nanoseconds} nanoseconds per iteration").into())
}

/// `source FILE`. `info script` says FILE meanwhile.
fn source(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    check_args(1, words, 2, 2, "filename")?;
    let shared = Shared::of(molt, id);
    let Some(file) = words.get(1) else {
        return empty();
    };
    let script = read(file)?;
    let depth = shared.files.borrow().len();
    shared.files.borrow_mut().push(inside(file));
    let result = shared.eval(molt, &script);
    shared.files.borrow_mut().truncate(depth);
    match result {
        Err(exception) if exception.code() == ResultCode::Return => {
            super::values::returned(Err(exception))
        }
        result => result,
    }
}

/// The text of a script file; a Ctrl-Z ends it, as in Tcl.
pub(super) fn read(file: &molt::Value) -> MoltResult {
    let name = inside(file);
    let failed = |reason: &dyn std::fmt::Display| {
        Exception::molt_err(format!("couldn't read file \"{file}\": {reason}").into())
    };
    let path = remex_interp::channel::path::native(&name)
        .map_err(|error| failed(&error.text("", &name)))?;
    let bytes = std::fs::read(path)
        .map_err(|error| failed(&remex_interp::channel::Errno::of(&error).message()))?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.split('\u{1a}').next().unwrap_or_default();
    Ok(molt::Value::from(text))
}

/// How `switch` compares.
enum Matching {
    Exact,
    Glob,
    Regexp,
}

/// `switch ?-exact|-glob|-regexp? ?-nocase? ?--? STRING {PATTERN BODY …}`, or with the patterns and bodies as words.
fn switch(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    const USAGE: &str = "?-option ...? string ?pattern body ...? ?default body?";
    check_args(1, words, 3, 0, USAGE)?;
    let shared = Shared::of(molt, id);
    shared.check()?;
    let (mut matching, mut ignores_case, mut at) = (Matching::Exact, false, 1);
    while let Some(word) = words.get(at).filter(|word| word.as_str().starts_with('-')) {
        at += 1;
        match word.as_str() {
            "-exact" => matching = Matching::Exact,
            "-glob" => matching = Matching::Glob,
            "-regexp" => matching = Matching::Regexp,
            "-nocase" => ignores_case = true,
            "--" => break,
            other => {
                return failed!(
                    "bad option \"{}\": must be -exact, -glob, -nocase, -regexp, or --",
                    other
                );
            }
        }
    }
    let (string, clauses) = match words.get(at..).unwrap_or_default() {
        [string, list] => (string, list.to_list()?),
        [string, rest @ ..] if !rest.is_empty() => (string, rest.to_vec()),
        _ => return failed!("wrong # args: should be \"switch {}\"", USAGE),
    };
    if clauses.len() % 2 != 0 {
        return failed!("extra switch pattern with no body");
    }
    let last = clauses.len().saturating_sub(2);
    for (index, clause) in clauses.chunks(2).enumerate() {
        let [pattern, _] = clause else { continue };
        let is_default = index * 2 == last && pattern.as_str() == "default";
        if is_default || matches(&shared, &matching, ignores_case, pattern, string)? {
            return chosen(molt, &shared, clauses.get(index * 2..).unwrap_or_default());
        }
    }
    empty()
}

/// Evaluates the first body of these clauses that is not `-`.
fn chosen(molt: &mut Interp, shared: &Shared, clauses: &[molt::Value]) -> MoltResult {
    let mut bodies = clauses.iter().skip(1).step_by(2);
    match bodies.find(|body| body.as_str() != "-") {
        Some(body) => shared.eval(molt, body),
        None => failed!(
            "no body specified for pattern \"{}\"",
            clauses.first().map_or("", molt::Value::as_str)
        ),
    }
}

fn matches(
    shared: &Shared,
    matching: &Matching,
    ignores_case: bool,
    pattern: &molt::Value,
    string: &molt::Value,
) -> Result<bool, Exception> {
    let (wanted, text) = (inside(pattern), inside(string));
    match matching {
        Matching::Exact if ignores_case => Ok(wanted.to_lowercase() == text.to_lowercase()),
        Matching::Exact => Ok(wanted == text),
        Matching::Glob => Ok(glob_match(&wanted, &text, ignores_case)),
        Matching::Regexp => {
            let mut words = vec![Value::text("regexp")];
            if ignores_case {
                words.push(Value::text("-nocase"));
            }
            words.extend([
                Value::text("--"),
                Value::string(wanted),
                Value::string(text),
            ]);
            shared.call_companion(words)?.as_bool()
        }
    }
}

/// `puts ?-nonewline? ?channel? string`, on a channel of our interpreter.
pub(super) fn puts(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    check_args(1, words, 2, 4, "?-nonewline? ?channelId? string")?;
    let shared = Shared::of(molt, id);
    shared.call_companion(super::forward::call_of("puts", words))
}

/// `gets channel ?varName?`
pub(super) fn gets(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    check_args(1, words, 2, 3, "channelId ?varName?")?;
    let shared = Shared::of(molt, id);
    let [_, channel, name] = words else {
        return shared.call_companion(super::forward::call_of("gets", words));
    };
    // The variable is one of our interpreter's, and says whether there was a line.
    const LINE: &str = "::remex::line";
    let call = ["gets", &*inside(channel), LINE].map(Value::text);
    let count = shared.call_companion(call.to_vec())?;
    let line = shared
        .companion
        .borrow_mut()
        .variable_get(&Value::text(LINE));
    let line = line.map(|line| outside(&line.str()));
    molt.set_var(name, line.unwrap_or_else(|_| molt::Value::empty()))?;
    Ok(count)
}
