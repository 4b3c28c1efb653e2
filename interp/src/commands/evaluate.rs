//! Evaluating: `eval`, `uplevel`, `expr`, `source`, `time`.

use std::time::{Duration, Instant};

use super::list::concatenation;
use crate::channel::{Encoding, Errno, path, system_encoding};
use crate::compile::{Compiler, Destination};
use crate::runtime::evaluate::level_number;
use crate::runtime::integer::small_int_of;
use crate::runtime::{
    ANY, Builtin, CommandResult, Context, Exception, Interp, Next, Outcome, Resume, ScriptLabel,
    code, done,
};
use crate::syntax::Command;
use crate::value::{Repr, Value};

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new("eval", "arg ?arg ...?", 1, ANY, eval),
    Builtin::new("expr", "arg ?arg ...?", 1, ANY, expr).compiled(compile_expr),
    Builtin::new("source", "?-encoding name? fileName", 1, 3, source).unsafe_for_children(),
    Builtin::new("time", "command ?count?", 1, 2, time),
    Builtin::new("uplevel", "?level? command ?arg ...?", 0, ANY, uplevel),
];

fn eval(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let script = joined(&words[1..]);
    interp.push_script(
        &script,
        Context::Current,
        ScriptLabel::Fixed("\"eval\" body"),
    )
}

/// One word as it is, several as `concat` joins them.
fn joined(words: &[Value]) -> Value {
    match words {
        [word] => word.clone(),
        words => concatenation(words).unwrap_or_default(),
    }
}

fn uplevel(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let usage = || Exception::wrong_args(&format!("{} ?level? command ?arg ...?", words[0]));
    let mut rest = &words[1..];
    let Some(first) = rest.first() else {
        return Err(usage());
    };
    if first.is_list() && first.to_list()?.elements().len() > 1 {
        // It is a script, and keeps having no string rep.
        let frame = interp.frame_at_level(None)?;
        return push_uplevel(interp, rest, frame);
    }
    if matches!(first.0, Repr::Int(0..=LEVEL_MAX)) && rest.len() > 1 {
        let frame = interp.frame_at_level(Some(first))?;
        return push_uplevel(interp, &rest[1..], frame);
    }
    let text = first.str();
    let looks_like_level =
        text.starts_with('#') || text.as_bytes().first().is_some_and(u8::is_ascii_digit);
    let is_number = level_number(first).is_some_and(|level| level >= 0);
    let is_level = is_number || (looks_like_level && (rest.len() > 1 || text.starts_with('#')));
    let level = if is_level {
        rest = &rest[1..];
        Some(first)
    } else {
        None
    };
    let frame = match interp.frame_at_level(level) {
        // At the outermost level tclsh has the only word for a level after all.
        Err(_) if level.is_none() && looks_like_level => interp.frame_at_level(Some(first))?,
        frame => frame?,
    };
    if rest.is_empty() {
        return Err(usage());
    }
    push_uplevel(interp, rest, frame)
}

/// The highest level that needs no look at how integers of 33 bits wrap.
const LEVEL_MAX: i64 = i32::MAX as i64;

fn push_uplevel(interp: &mut Interp, words: &[Value], frame: usize) -> CommandResult {
    interp.push_script(
        &joined(words),
        Context::Frame(frame),
        ScriptLabel::Fixed("\"uplevel\" body"),
    )
}

fn expr(interp: &mut Interp, words: &[Value]) -> CommandResult {
    // White space stays: error messages quote the whole.
    let expression = match &words[1..] {
        [word] => word.clone(),
        words => {
            let texts: Vec<_> = words.iter().map(Value::str).collect();
            let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
            Value::string(texts.join(" "))
        }
    };
    interp.push_expression(&expression)
}

fn compile_expr(compiler: &mut Compiler<'_>, command: &Command, destination: Destination) -> bool {
    match command.words.as_slice() {
        [_, word] => compiler.expression_word(word, destination),
        _ => false,
    }
}

fn source(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let (encoding, name) = match words {
        [_, name] => (None, name),
        [_, option, encoding, name] if &*option.str() == "-encoding" => (Some(encoding), name),
        [_, option, _, _] => {
            return Err(Exception::bad_index(
                "bad",
                "option",
                &option.str(),
                &["-encoding"],
            ));
        }
        _ => {
            return Err(Exception::wrong_args(&format!(
                "{} ?-encoding name? fileName",
                words[0]
            )));
        }
    };
    let script = read_script(name, encoding)?;
    interp.push_source(name, &script)
}

/// The text of a script file, up to a Ctrl-Z.
///
/// Errors: `couldn't read file "name": reason`, `unknown encoding "name"`.
pub fn read_script(name: &Value, encoding: Option<&Value>) -> Result<Value, Box<Exception>> {
    let encoding = match encoding {
        None => system_encoding(),
        Some(wanted) => Encoding::find(&wanted.str()).ok_or_else(|| {
            Exception::with_code(
                format!("unknown encoding \"{wanted}\""),
                ["TCL", "LOOKUP", "ENCODING", &wanted.str()],
            )
        })?,
    };
    let text = name.str();
    let path = path::native(&text).map_err(|error| Exception::error(error.text("", &text)))?;
    let bytes = std::fs::read(&path).map_err(|error| {
        let errno = Errno::of(&error);
        let mut exception = Exception::error(format!(
            "couldn't read file \"{}\": {}",
            &*text,
            errno.message()
        ));
        let words = errno
            .error_code()
            .iter()
            .map(|word| Value::text(word))
            .collect();
        exception.error_code = Some(Value::list(words));
        exception
    })?;
    let mut script = String::new();
    encoding.decode(&bytes, &mut script, true);
    if let Some(end) = memchr::memchr(0x1a, script.as_bytes()) {
        script.truncate(end);
    }
    if script.contains('\r') {
        script = script.replace("\r\n", "\n").replace('\r', "\n");
    }
    if let Some(rest) = script.strip_prefix('\u{feff}') {
        script = rest.to_owned();
    }
    Ok(Value::string(script))
}

/// Puts the script file back when a sourced file is done.
struct Sourced;

impl Resume for Sourced {
    fn resume(self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        interp.script_files.pop();
        match outcome {
            Err(exception) if exception.code == code::RETURN => {
                interp.finish_return(exception).map(Next::Done)
            }
            outcome => outcome.map(Next::Done),
        }
    }

    fn sees_uncatchable(&self) -> bool {
        true
    }
}

impl Interp {
    /// Evaluates a script file as the main script of a program: at the global level, command by command.
    ///
    /// Errors: the script's, or that the file cannot be read.
    pub fn run_script_file(&mut self, name: &Value, encoding: Option<&Value>) -> Outcome {
        let script = read_script(name, encoding)?;
        let name = name.clone();
        self.run_nested(move |interp| {
            interp.script_files.push(name.clone());
            interp.push_native(Box::new(Sourced));
            interp.push_top_level(&script, Context::Global, ScriptLabel::File(name))
        })
    }

    /// Pushes the text of a file as `source` evaluates it.
    pub(crate) fn push_source(&mut self, name: &Value, script: &Value) -> CommandResult {
        self.script_files.push(name.clone());
        self.push_native(Box::new(Sourced));
        self.push_script(script, Context::Current, ScriptLabel::File(name.clone()))
    }
}

/// A `time` that runs.
struct Time {
    script: Value,
    count: i64,
    left: i64,
    start: Instant,
}

fn time(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let count = match words.get(2) {
        None => 1,
        Some(word) => i64::from(small_int_of(word)?),
    };
    let state = Time {
        script: words[1].clone(),
        count,
        left: count,
        start: Instant::now(),
    };
    Box::new(state).next(interp)
}

impl Time {
    fn next(mut self: Box<Self>, interp: &mut Interp) -> CommandResult {
        if self.left <= 0 {
            return done(per_iteration(self.start.elapsed(), self.count));
        }
        self.left -= 1;
        let script = self.script.clone();
        interp.push_native(self);
        interp.push_script(&script, Context::Current, ScriptLabel::None)
    }
}

impl Resume for Time {
    fn resume(self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        outcome?;
        interp.check_fuel()?;
        self.next(interp)
    }
}

/// `N microseconds per iteration`
fn per_iteration(elapsed: Duration, count: i64) -> Value {
    let total = elapsed.as_micros() as f64;
    let number = if count <= 1 {
        Value::int(if count <= 0 { 0 } else { total as i64 })
    } else {
        Value::double(total / count as f64)
    };
    Value::string(format!("{number} microseconds per iteration"))
}

impl Interp {
    /// Evaluates an expression in the current call frame, on the Rust stack.
    pub fn eval_expression(&mut self, expression: &Value) -> Outcome {
        let expression = expression.clone();
        self.run_nested(move |interp| interp.push_expression(&expression))
    }
}
