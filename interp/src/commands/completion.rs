//! Completion codes: `return`, `catch`, `try`, `throw`, `error`.

use crate::bytecode::{C_IS_CONSTANT, NO_REGISTER, Op, Register};
use crate::compile::{Compiler, Destination, Label, Source};
use crate::runtime::completion::{begins_with, complete, completion_code};
use crate::runtime::{
    ANY, Builtin, CommandResult, Context, Exception, Interp, Next, Outcome, Resume, ScriptLabel,
    code, done,
};
use crate::syntax::{Command, Script, Word};
use crate::value::{OrderedMap, Value};

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new(
        "catch",
        "script ?resultVarName? ?optionVarName?",
        1,
        3,
        catch,
    )
    .compiled(compile_catch),
    Builtin::new("error", "message ?errorInfo? ?errorCode?", 1, 3, error),
    Builtin::new(
        "return",
        "?-option value ...? ?result?",
        0,
        ANY,
        return_command,
    )
    .compiled(compile_return),
    Builtin::new("throw", "type message", 2, 2, throw),
    Builtin::new(
        "try",
        "body ?handler ...? ?finally script?",
        1,
        ANY,
        try_command,
    )
    .compiled(compile_try),
];

fn error(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let mut exception = Exception::error(words[1].clone());
    if let Some(info) = words.get(2).filter(|info| !info.is_empty()) {
        exception.info = Some(info.to_text());
        exception.is_logged = true;
        // The command is not quoted, so tclsh goes on with the line of the error before.
        exception.line = interp.error_line;
    }
    if let Some(error_code) = words.get(3) {
        exception.error_code = Some(error_code.clone());
    }
    let names = ["-errorinfo", "-errorcode"].map(Value::text);
    for (name, value) in names.into_iter().zip(words.iter().skip(2)) {
        let given = exception.other.get_or_insert_default();
        given.insert(name, value.clone());
    }
    Err(exception)
}

fn throw(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    if words[1].to_list()?.elements().is_empty() {
        return Err(Exception::with_code(
            "type must be non-empty list",
            ["TCL", "OPERATION", "THROW", "BADEXCEPTION"],
        ));
    }
    let mut exception = Exception::error(words[2].clone());
    exception.error_code = Some(words[1].clone());
    exception.code_leads = true;
    Err(exception)
}

fn return_command(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let (pairs, result) = match (words.len() - 1).is_multiple_of(2) {
        true => (&words[1..], Value::EMPTY),
        false => (&words[1..words.len() - 1], words[words.len() - 1].clone()),
    };
    if let [_, option, value, _] = words
        && &*option.str() == "-options"
        && value.to_dict().is_err()
    {
        // tclsh has an instruction for this form, with a message of its own.
        return Err(Exception::with_code(
            format!("expected dict but got \"{value}\""),
            ["TCL", "RESULT", "ILLEGAL_OPTIONS"],
        ));
    }
    let mut options = OrderedMap::new();
    for pair in pairs.chunks_exact(2) {
        merge_option(&mut options, &pair[0], &pair[1])?;
    }
    complete(interp, result, &options, 1).map(Next::Done)
}

/// Adds an option, or those of a whole dict for `-options`.
fn merge_option(
    options: &mut OrderedMap,
    name: &Value,
    value: &Value,
) -> Result<(), Box<Exception>> {
    if &*name.str() != "-options" {
        options.insert(name.clone(), value.clone());
        return Ok(());
    }
    let Ok(dict) = value.to_dict() else {
        return Err(Exception::with_code(
            format!("bad -options value: expected dictionary but got \"{value}\""),
            ["TCL", "RESULT", "ILLEGAL_OPTIONS"],
        ));
    };
    for (name, value) in dict.map().iter() {
        merge_option(options, name, value)?;
    }
    Ok(())
}

fn compile_return(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    if !compiler.can_return() {
        return false;
    }
    let base = compiler.builder.top();
    match command.words.as_slice() {
        [_] => {
            let register = compiler.builder.push();
            let empty = compiler.builder.constant(Value::EMPTY);
            compiler.builder.emit(Op::Constant, 0, register, empty, 0);
            compiler.builder.emit(Op::ReturnTake, 0, register, 0, 0);
        }
        [_, value] => match compiler.operand(value) {
            Source::Local(register) => compiler.builder.emit(Op::Return, 0, register, 0, 0),
            source => {
                let register = compiler.in_register(source);
                compiler.builder.emit(Op::ReturnTake, 0, register, 0, 0);
            }
        },
        _ => return false,
    }
    compiler.builder.release(base);
    compiler.constant_into(Value::EMPTY, destination);
    true
}

fn catch(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let state = Catch {
        result: words.get(2).cloned(),
        options: words.get(3).cloned(),
    };
    interp.return_options = None;
    interp.push_native(Box::new(state));
    let script = words[1].clone();
    interp.push_script(&script, Context::Current, ScriptLabel::None)
}

/// A `catch` whose script runs.
struct Catch {
    result: Option<Value>,
    options: Option<Value>,
}

impl Resume for Catch {
    fn resume(self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        let outcome = outcome.map_err(|mut exception| {
            interp.quote_catch(&mut exception, self.result.is_some());
            exception
        });
        let (completion, value, options) = interp.caught(outcome, self.options.is_some());
        if let Some(name) = &self.result {
            interp.variable_set(name, value)?;
        }
        if let Some(name) = &self.options {
            interp.variable_set(name, options)?;
        }
        done(Value::int(i64::from(completion)))
    }
}

impl Interp {
    /// An outcome as `catch` sees it: completion code, result and options.
    pub(crate) fn caught(&mut self, outcome: Outcome, wants_options: bool) -> (i32, Value, Value) {
        match outcome {
            Ok(value) => {
                let options = if wants_options {
                    self.ok_options()
                } else {
                    Value::EMPTY
                };
                (code::OK, value, options)
            }
            Err(mut exception) => {
                self.publish_error(&exception);
                self.keep_tailcall(&mut exception);
                let options = if wants_options {
                    exception.options()
                } else {
                    Value::EMPTY
                };
                (exception.code, exception.value, options)
            }
        }
    }

    /// The return options of an ordinary result.
    pub(crate) fn ok_options(&mut self) -> Value {
        let complete = |mut options: OrderedMap| {
            options.insert(Value::text("-code"), Value::int(0));
            options.insert(Value::text("-level"), Value::int(0));
            Value::dict(options)
        };
        match self.return_options.take() {
            Some((options, count)) if count == self.command_count => complete(options),
            _ => self
                .ok_options
                .get_or_insert_with(|| complete(OrderedMap::new()))
                .clone(),
        }
    }
}

fn compile_catch(compiler: &mut Compiler<'_>, command: &Command, destination: Destination) -> bool {
    let words = &command.words;
    // As in tclsh, variables make it inline in procedures only; it shows in the error line.
    if !(2..=4).contains(&words.len()) || (words.len() > 2 && !compiler.has_locals()) {
        return false;
    }
    let Some(body) = compiler.body_script(&words[1]) else {
        return false;
    };
    if words[2..]
        .iter()
        .any(|word| word.constant(compiler.source).is_none())
    {
        return false;
    }
    let wants_options = words.len() == 4;
    let base = compiler.builder.top();
    let [value, completion, options] = [(); 3].map(|()| compiler.builder.push());
    let caught = compiler.builder.label();
    compiler.catch_body(caught, value, wants_options, |compiler| {
        compiler.script(&body, Destination::Into(value))
    });
    compiler.builder.emit(Op::Integer, 0, completion, 0, 0);
    if wants_options {
        compiler.builder.emit(Op::OkOptions, 0, options, 0, 0);
    }
    compiler.builder.bind(caught);
    if let Some(name) = words.get(2) {
        let place = compiler.place(name, &[]);
        let top = compiler.builder.top();
        compiler.store(place, Source::Temporary(value), Destination::Discard, top);
    } else {
        compiler.builder.emit(Op::Free, 0, value, 0, 0);
    }
    if let Some(name) = words.get(3) {
        let place = compiler.place(name, &[]);
        let top = compiler.builder.top();
        compiler.store(place, Source::Temporary(options), Destination::Discard, top);
    }
    compiler.builder.release(base);
    compiler.deliver(completion, destination);
    true
}

/// A clause of `try`.
#[derive(Clone)]
struct Handler {
    /// What it handles.
    matches: Matches,
    /// At most two variable names.
    variables: Vec<Value>,
    /// None for `-`: the next handler's script.
    script: Option<Value>,
}

#[derive(Clone)]
enum Matches {
    /// `on CODE`
    Code(i32),
    /// `trap PATTERN`: errors whose errorCode starts with these words.
    Trap(Vec<Value>),
}

impl Matches {
    fn holds(&self, completion: i32, error_code: &Value) -> bool {
        match self {
            Matches::Code(wanted) => *wanted == completion,
            Matches::Trap(pattern) => completion == code::ERROR && begins_with(error_code, pattern),
        }
    }
}

/// A `try` whose body, handler or finally script runs.
struct Try {
    handlers: Vec<Handler>,
    finally: Option<Value>,
    stage: Stage,
}

enum Stage {
    Body,
    /// A handler; what the body raised, and the handler's keyword.
    Handler(Box<Exception>, &'static str),
    /// The finally script; what is to come out in the end.
    Finally(Outcome),
}

fn try_command(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let (handlers, finally) = parse_handlers(&words[2..])?;
    interp.return_options = None;
    interp.push_native(Box::new(Try {
        handlers,
        finally,
        stage: Stage::Body,
    }));
    let body = words[1].clone();
    interp.push_script(&body, Context::Current, ScriptLabel::Fixed("\"try\" body"))
}

fn parse_handlers(words: &[Value]) -> Result<(Vec<Handler>, Option<Value>), Box<Exception>> {
    let mut handlers = Vec::new();
    let mut finally = None;
    let mut at = 0;
    while let Some(keyword) = words.get(at) {
        match super::option(keyword, &["finally", "on", "trap"], "handler type")? {
            0 => {
                let Some(script) = words.get(at + 1) else {
                    return Err(Exception::with_code(
                        "wrong # args to finally clause: must be \"... finally script\"",
                        ["TCL", "OPERATION", "TRY", "FINALLY", "ARGUMENT"],
                    ));
                };
                if at + 2 < words.len() {
                    return Err(Exception::with_code(
                        "finally clause must be last",
                        ["TCL", "OPERATION", "TRY", "FINALLY", "NONTERMINAL"],
                    ));
                }
                finally = Some(script.clone());
                at += 2;
            }
            1 => {
                let [_, wanted, variables, script] = clause(words, at, "on", "code")?;
                handlers.push(handler(
                    Matches::Code(completion_code(&wanted)?),
                    &variables,
                    &script,
                )?);
                at += 4;
            }
            _ => {
                let [_, pattern, variables, script] = clause(words, at, "trap", "pattern")?;
                let Ok(pattern_list) = pattern.to_list() else {
                    return Err(Exception::with_code(
                        format!("bad prefix '{pattern}': must be a list"),
                        ["TCL", "OPERATION", "TRY", "TRAP", "EXNFORMAT"],
                    ));
                };
                handlers.push(handler(
                    Matches::Trap(pattern_list.elements().to_vec()),
                    &variables,
                    &script,
                )?);
                at += 4;
            }
        }
    }
    if handlers
        .last()
        .is_some_and(|handler: &Handler| handler.script.is_none())
    {
        return Err(Exception::with_code(
            "last non-finally clause must not have a body of \"-\"",
            ["TCL", "OPERATION", "TRY", "BADFALLTHROUGH"],
        ));
    }
    Ok((handlers, finally))
}

fn clause(
    words: &[Value],
    at: usize,
    keyword: &str,
    what: &str,
) -> Result<[Value; 4], Box<Exception>> {
    match words.get(at..at + 4) {
        Some([a, b, c, d]) => Ok([a.clone(), b.clone(), c.clone(), d.clone()]),
        _ => Err(Exception::with_code(
            format!(
                "wrong # args to {keyword} clause: must be \"... {keyword} {what} variableList script\""
            ),
            [
                "TCL",
                "OPERATION",
                "TRY",
                if keyword == "on" { "ON" } else { "TRAP" },
                "ARGUMENT",
            ],
        )),
    }
}

fn handler(matches: Matches, variables: &Value, script: &Value) -> Result<Handler, Box<Exception>> {
    let variables = variables.to_list()?.elements().to_vec();
    let script = if &*script.str() == "-" {
        None
    } else {
        Some(script.clone())
    };
    Ok(Handler {
        matches,
        variables,
        script,
    })
}

impl Resume for Try {
    fn resume(mut self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        match std::mem::replace(&mut self.stage, Stage::Body) {
            Stage::Body => self.after_body(interp, outcome),
            Stage::Handler(original, keyword) => {
                let outcome = outcome.map_err(|mut exception| {
                    if exception.code == code::ERROR {
                        let line = exception.line;
                        exception.add_info(&format!(
                            "\n    (\"try ... {keyword}\" handler line {line})"
                        ));
                    }
                    during(exception, &original)
                });
                self.finally(interp, outcome)
            }
            Stage::Finally(result) => match outcome {
                Ok(_) => result.map(Next::Done),
                Err(mut exception) => {
                    if exception.code == code::ERROR {
                        let line = exception.line;
                        exception
                            .add_info(&format!("\n    (\"try ... finally\" body line {line})"));
                    }
                    let original = match result {
                        Err(original) => original,
                        Ok(value) => Exception::new(code::OK, value),
                    };
                    Err(during(exception, &original))
                }
            },
        }
    }
}

/// Notes in an exception's options which other one was being handled.
fn during(mut exception: Box<Exception>, original: &Exception) -> Box<Exception> {
    if exception.code == code::ERROR
        && let Ok(mut options) = exception.options().to_dict().map(|dict| dict.map().clone())
    {
        options.remove(&Value::text("-code"));
        options.remove(&Value::text("-level"));
        options.insert(Value::text("-during"), original.options());
        exception.other = Some(options);
        exception.code_leads = false;
    }
    exception
}

impl Try {
    fn after_body(mut self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        let outcome = outcome.map_err(|mut exception| {
            interp.keep_tailcall(&mut exception);
            exception
        });
        let (completion, error_code) = match &outcome {
            Ok(_) => (code::OK, Value::EMPTY),
            Err(exception) => (exception.code, exception.error_code_value()),
        };
        let found = self
            .handlers
            .iter()
            .position(|handler| handler.matches.holds(completion, &error_code));
        let Some(found) = found else {
            return self.finally(interp, outcome);
        };
        let handler = self.handlers[found].clone();
        let keyword = if matches!(handler.matches, Matches::Code(_)) {
            "on"
        } else {
            "trap"
        };
        let script = self.handlers[found..]
            .iter()
            .find_map(|handler| handler.script.clone())
            .unwrap_or_default();
        let original = match &outcome {
            Ok(value) => Exception::new(code::OK, value.clone()),
            Err(exception) => exception.clone(),
        };
        let (_, value, options) = interp.caught(outcome, handler.variables.len() > 1);
        let mut assigned = Ok(Value::EMPTY);
        for (name, value) in handler.variables.iter().zip([value, options]) {
            assigned = interp.variable_set(name, value);
            if assigned.is_err() {
                break;
            }
        }
        if let Err(exception) = assigned {
            return self.finally(interp, Err(during(exception, &original)));
        }
        self.stage = Stage::Handler(original, keyword);
        interp.push_native(self);
        interp.push_script(&script, Context::Current, ScriptLabel::None)
    }

    /// Runs the finally script, after which `result` comes out.
    fn finally(mut self: Box<Self>, interp: &mut Interp, result: Outcome) -> CommandResult {
        let Some(script) = self.finally.clone() else {
            return result.map(Next::Done);
        };
        self.stage = Stage::Finally(result);
        interp.push_native(self);
        interp.push_script(&script, Context::Current, ScriptLabel::None)
    }
}

/// A clause of `try` whose words are all constant.
struct ConstantHandler {
    matches: Matches,
    variables: Vec<Box<str>>,
    /// None for `-`.
    body: Option<Script>,
}

/// As tclsh, inline in procedures only; it shows in errorInfo.
fn compile_try(compiler: &mut Compiler<'_>, command: &Command, destination: Destination) -> bool {
    let words = &command.words;
    let Some(body) = words.get(1).and_then(|word| compiler.body_script(word)) else {
        return false;
    };
    if words.len() == 2 {
        compiler.script(&body, destination);
        return true;
    }
    if !compiler.has_locals() {
        return false;
    }
    let Some((handlers, finally)) = constant_handlers(compiler, &words[2..]) else {
        return false;
    };
    let base = compiler.builder.top();
    let [value, completion, options] = [(); 3].map(|()| compiler.builder.push());
    let [caught, finish] = [(); 2].map(|()| compiler.builder.label());
    compiler.catch_body(caught, value, true, |compiler| {
        compiler.script(&body, Destination::Into(value))
    });
    set_ok(compiler, completion, options);
    compiler.builder.bind(caught);
    let labels: Vec<Label> = handlers.iter().map(|_| compiler.builder.label()).collect();
    for (number, handler) in handlers.iter().enumerate() {
        let target = (number..handlers.len())
            .find(|at| handlers[*at].body.is_some())
            .unwrap_or(number);
        let scratch = compiler.builder.scratch();
        match &handler.matches {
            Matches::Code(wanted) => {
                jump_by_code(compiler, Op::JumpTrue, completion, *wanted, labels[target]);
            }
            Matches::Trap(pattern) => {
                let next = compiler.builder.label();
                jump_by_code(compiler, Op::JumpFalse, completion, code::ERROR, next);
                let pattern = compiler.builder.constant(Value::list(pattern.clone()));
                compiler
                    .builder
                    .emit(Op::TrapMatches, 0, scratch, pattern, options);
                compiler.builder.jump(Op::JumpTrue, scratch, labels[target]);
                compiler.builder.bind(next);
            }
        }
    }
    compiler.builder.jump(Op::Jump, NO_REGISTER, finish);
    for (handler, label) in handlers.iter().zip(labels) {
        let Some(body) = &handler.body else {
            continue;
        };
        compiler.builder.bind(label);
        let failed = compiler.builder.label();
        let original = compiler.builder.push();
        compiler.builder.emit(Op::Load, 0, original, options, 0);
        let top = compiler.builder.top();
        compiler.catch_body(failed, value, true, |compiler| {
            for (name, register) in handler.variables.iter().zip([value, options]) {
                let copy = compiler.builder.push();
                compiler.builder.emit(Op::Load, 0, copy, register, 0);
                let place = compiler.named_place(name);
                compiler.store(place, Source::Temporary(copy), Destination::Discard, top);
            }
            compiler.script(body, Destination::Into(value));
        });
        set_ok(compiler, completion, options);
        compiler.builder.jump(Op::Jump, NO_REGISTER, finish);
        compiler.builder.bind(failed);
        compiler
            .builder
            .emit(Op::NoteDuring, 0, completion, options, original);
        compiler.builder.jump(Op::Jump, NO_REGISTER, finish);
        compiler.builder.release(original);
    }
    compiler.builder.bind(finish);
    if let Some(finally) = finally {
        let [failed, done] = [(); 2].map(|()| compiler.builder.label());
        let own = compiler.builder.top();
        let [own_value, own_completion, own_options] = [(); 3].map(|()| compiler.builder.push());
        compiler.catch_body(failed, own_value, true, |compiler| {
            compiler.script(&finally, Destination::Discard)
        });
        compiler.builder.jump(Op::Jump, NO_REGISTER, done);
        compiler.builder.bind(failed);
        compiler
            .builder
            .emit(Op::NoteDuring, 0, own_completion, own_options, options);
        compiler.builder.emit(Op::Rethrow, 0, own_value, 0, 0);
        compiler.builder.bind(done);
        compiler.builder.release(own);
    }
    let is_ok = compiler.builder.label();
    jump_by_code(compiler, Op::JumpTrue, completion, code::OK, is_ok);
    compiler.builder.emit(Op::Rethrow, 0, value, 0, 0);
    compiler.builder.bind(is_ok);
    compiler.builder.emit(Op::Free, 0, options, 0, 0);
    compiler.builder.release(base);
    compiler.deliver(value, destination);
    true
}

/// Sets completion code and options to those of an ordinary result.
fn set_ok(compiler: &mut Compiler<'_>, completion: Register, options: Register) {
    compiler.builder.emit(Op::Integer, 0, completion, 0, 0);
    let constant = compiler
        .builder
        .constant(Value::literal("-code 0 -level 0"));
    compiler.builder.emit(Op::Constant, 0, options, constant, 0);
}

fn constant_handlers(
    compiler: &mut Compiler<'_>,
    words: &[Word],
) -> Option<(Vec<ConstantHandler>, Option<Script>)> {
    let source = compiler.source;
    let mut handlers = Vec::new();
    let mut at = 0;
    while let Some(keyword) = words.get(at) {
        match keyword.constant(source)? {
            "finally" if at + 2 == words.len() => {
                let finally = compiler.body_script(&words[at + 1])?;
                return Some((handlers, Some(finally)));
            }
            keyword @ ("on" | "trap") => {
                let [wanted, variables, body] = words.get(at + 1..at + 4)? else {
                    return None;
                };
                let wanted = Value::text(wanted.constant(source)?);
                let matches = match keyword {
                    "on" => Matches::Code(completion_code(&wanted).ok()?),
                    _ => Matches::Trap(wanted.to_list().ok()?.elements().to_vec()),
                };
                let names = Value::text(variables.constant(source)?).to_list().ok()?;
                let body = if body.constant(source)? == "-" {
                    None
                } else {
                    Some(compiler.body_script(body)?)
                };
                let variables = names
                    .elements()
                    .iter()
                    .map(|name| name.str().as_ref().into())
                    .collect();
                handlers.push(ConstantHandler {
                    matches,
                    variables,
                    body,
                });
                at += 4;
            }
            _ => return None,
        }
    }
    handlers
        .last()
        .is_some_and(|handler| handler.body.is_some())
        .then_some((handlers, None))
}

/// Jumps if the completion code in a register is `wanted`, or if it is not, as `jump` says.
fn jump_by_code(
    compiler: &mut Compiler<'_>,
    jump: Op,
    completion: Register,
    wanted: i32,
    label: Label,
) {
    let scratch = compiler.builder.scratch();
    let wanted = compiler.builder.constant(Value::int(i64::from(wanted)));
    compiler
        .builder
        .emit(Op::Equal, C_IS_CONSTANT, scratch, completion, wanted);
    compiler.builder.jump(jump, scratch, label);
}
