//! Evaluating scripts: compiling them, pushing their frames, and running them from Rust.

use std::rc::Rc;

use super::command::{Command, CommandResult, Next, Resume};
use super::coroutine::State;
use super::exception::{Exception, Outcome, code};
use super::frame::{
    CallFrame, End, FileLabel, Frame, FrameKind, Label, OwnWords, Role, push_in_place,
};
use super::namespace::Namespace;
use super::unit::Unit;
use super::{Interp, Mode};
use crate::compile::{self, CompileFunction, Lookup};
use crate::value::{Repr, Value};

/// Where a script runs.
#[derive(Clone)]
pub enum Context {
    /// In the current call frame.
    Current,
    /// At the global level.
    Global,
    /// In the call frame with this index, as [`Interp::frame_at_level`] gives it.
    Frame(usize),
    /// In this namespace, with a call frame of its own.
    Namespace(Rc<Namespace>),
    /// The same with a call frame in this role.
    Role(Rc<Namespace>, Rc<dyn Role>),
}

/// What errorInfo says about a script before ` line N`.
#[derive(Clone)]
pub enum ScriptLabel {
    /// Nothing.
    None,
    /// This text, such as `"eval" body`.
    Fixed(&'static str),
    /// This text.
    Made(String),
    /// `file "name"`: the script is all of the file of this name.
    File(Value),
}

impl From<ScriptLabel> for Label {
    fn from(label: ScriptLabel) -> Label {
        match label {
            ScriptLabel::None => Label::None,
            ScriptLabel::Fixed(text) => Label::Fixed(text),
            ScriptLabel::Made(text) => Label::Made(text.into()),
            ScriptLabel::File(name) => Label::File(Rc::new(FileLabel::of(&name))),
        }
    }
}

impl FileLabel {
    fn of(name: &Value) -> FileLabel {
        let text = name.str();
        let path = std::env::current_dir()
            .ok()
            .and_then(|directory| crate::channel::path::normalize(&text, &directory).ok());
        FileLabel {
            text: format!("file \"{}\"", &*text).into(),
            path: path.map_or_else(|| name.clone(), Value::string),
        }
    }
}

/// Scripts of at most this many bytes are found again by their text.
const CACHED_SCRIPT_BYTES_MAX: usize = 2048;
/// How many scripts are kept by their text; all are dropped when more come.
const CACHED_SCRIPTS_MAX: usize = 512;

/// A unit kept on the value of an expression, apart from the one of the same text as a script.
pub(crate) struct ExpressionUnit(Rc<Unit>);

/// What the compiler sees of the interpreter's commands.
struct CommandLookup<'a> {
    interp: std::cell::RefCell<&'a mut Interp>,
    namespace: Rc<Namespace>,
}

impl Lookup for CommandLookup<'_> {
    fn compile_function(&self, name: &str) -> Option<CompileFunction> {
        self.interp
            .borrow_mut()
            .compile_function(name, &self.namespace)
    }

    fn compile_subcommand(&self, name: &str, subcommand: &str) -> Option<CompileFunction> {
        self.interp
            .borrow_mut()
            .compile_subcommand(name, subcommand, &self.namespace)
    }

    fn math_function(&self, name: &str) -> Option<u16> {
        self.interp
            .borrow_mut()
            .builtin_math_function(name, &self.namespace)
    }
}

impl Interp {
    // From Rust: run to the end.

    /// Evaluates a script at the global level and runs it to its end.
    ///
    /// Errors: the exception it raised; errorInfo is in it, and in `::errorInfo`.
    pub fn eval(&mut self, script: impl Into<Value>) -> Outcome {
        let script = script.into();
        self.eval_in(&script, Context::Global)
    }

    /// Evaluates a script in a context and runs it to its end.
    pub fn eval_in(&mut self, script: &Value, context: Context) -> Outcome {
        let script = script.clone();
        self.run_nested(move |interp| interp.push_script(&script, context, ScriptLabel::None))
    }

    /// Evaluates a script as `source` evaluates a file: at the global level, command by command.
    pub fn eval_file_text(&mut self, script: &Value) -> Outcome {
        let script = script.clone();
        let outcome = self.run_nested(move |interp| {
            interp.push_top_level(&script, Context::Global, ScriptLabel::None)
        });
        if let Err(exception) = &outcome {
            self.publish_error(exception);
        }
        outcome
    }

    /// Calls a command with these words, at the global level, and runs it to its end.
    pub fn call(&mut self, words: Vec<Value>) -> Outcome {
        self.run_nested(move |interp| interp.push_words_in(words, 0, None))
    }

    /// Calls a command with these words in the current call frame and runs it to its end.
    pub fn call_here(&mut self, words: Vec<Value>) -> Outcome {
        let call = self.current_call();
        self.run_nested(move |interp| interp.push_words_in(words, call, None))
    }

    /// Runs what `start` pushes to its end, in a run loop of its own on the Rust stack. A panic inside becomes an
    /// error.
    pub fn run_nested(&mut self, start: impl FnOnce(&mut Interp) -> CommandResult) -> Outcome {
        if self.nested_runs >= crate::limits::NESTED_RUN_MAX {
            return Err(Exception::too_deep());
        }
        self.nested_runs += 1;
        let call = self.current_call() as u32;
        self.fiber.frames.push(Frame {
            kind: FrameKind::Boundary,
            call,
            end: End::Plain,
        });
        let started = start(self);
        let outcome = self.run_guarded(started);
        self.nested_runs -= 1;
        outcome
    }

    // From commands: push frames, to be run by the loop that called the command.

    /// Pushes a script; a command ends with this, and its outcome is the script's.
    pub fn push_script(
        &mut self,
        script: &Value,
        context: Context,
        label: ScriptLabel,
    ) -> CommandResult {
        self.push_compiled(script, context, label, false)
    }

    /// Pushes a script that is evaluated command by command, as `source` does.
    pub fn push_top_level(
        &mut self,
        script: &Value,
        context: Context,
        label: ScriptLabel,
    ) -> CommandResult {
        self.push_compiled(script, context, label, true)
    }

    fn push_compiled(
        &mut self,
        script: &Value,
        context: Context,
        label: ScriptLabel,
        is_top_level: bool,
    ) -> CommandResult {
        self.check_depth()?;
        let (call, owns_call) = self.enter(&context);
        if !is_top_level && script.is_list() && self.mode != Mode::Forget {
            // A list is one command whose words need no parsing.
            let words = OwnWords::List(script.to_list()?);
            let end = end_of(owns_call, label);
            self.fiber.frames.push(Frame {
                kind: FrameKind::Words(words),
                call,
                end,
            });
            return self.call_top_words(None);
        }
        let namespace = self.fiber.calls[call as usize].namespace.clone();
        let unit = self.script_unit(script, &namespace, is_top_level);
        let end = end_of(owns_call, label);
        self.push_unit(unit, call, end);
        Ok(Next::Running)
    }

    /// The call frame that a context means; a namespace gets a new one.
    fn enter(&mut self, context: &Context) -> (u32, bool) {
        match context {
            Context::Current => (self.current_call() as u32, false),
            Context::Global => (0, false),
            Context::Frame(call) => (*call as u32, false),
            Context::Namespace(namespace) | Context::Role(namespace, _) => {
                let caller = self.current_call();
                let level = self.fiber.calls[caller].level + 1;
                let mut frame = CallFrame::namespace(namespace, level, caller as u32);
                if let Some(FrameKind::Code(code)) =
                    self.fiber.frames.last().map(|frame| &frame.kind)
                    && code.word_count > 0
                {
                    // The words of the pending call, in its window, stay until it is done.
                    frame.words = code.base.wrapping_add(usize::from(code.result));
                    frame.word_count = u32::from(code.word_count);
                }
                if let Context::Role(_, role) = context {
                    frame.extra.get_or_insert_default().role = Some(role.clone());
                }
                self.fiber.calls.push(frame);
                (self.fiber.calls.len() as u32 - 1, true)
            }
        }
    }

    pub(crate) fn check_depth(&mut self) -> Result<(), Box<Exception>> {
        if self.fiber.frames.len() >= self.recursion_limit
            && self.eval_depth() > self.recursion_limit
        {
            return Err(Exception::too_deep());
        }
        Ok(())
    }

    /// How many commands have been called inside one another, which is what the recursion limit counts: each has the unit that
    /// calls it below it, or its words.
    fn eval_depth(&self) -> usize {
        let is_call =
            |frame: &&Frame| matches!(frame.kind, FrameKind::Code(_) | FrameKind::Words(_));
        self.fiber.frames.iter().filter(is_call).count()
    }

    /// Pushes a unit.
    pub(crate) fn push_unit(&mut self, unit: Rc<Unit>, call: u32, end: End) {
        let base = self
            .fiber
            .registers
            .push(usize::from(unit.code.register_count));
        push_in_place(&mut self.fiber.frames, || Frame {
            kind: FrameKind::code(unit, base),
            call,
            end,
        });
    }

    /// Pushes a native continuation: it gets the outcome of what is pushed after it.
    pub fn push_native(&mut self, resume: Box<dyn Resume>) {
        let call = self.current_call() as u32;
        self.fiber.frames.push(Frame {
            kind: FrameKind::Native(resume),
            call,
            end: End::Plain,
        });
    }

    /// The role of the current call frame.
    pub(crate) fn role(&self) -> Option<Rc<dyn Role>> {
        self.call_frame().extra.as_ref()?.role.clone()
    }

    /// Calls a command with a call frame of its own in `namespace`, in this role.
    pub(crate) fn push_words_as(
        &mut self,
        words: Vec<Value>,
        namespace: Rc<Namespace>,
        role: Rc<dyn Role>,
    ) -> CommandResult {
        let (call, _) = self.enter(&Context::Role(namespace.clone(), role));
        self.fiber.frames.push(Frame {
            kind: FrameKind::Words(Vec::new().into()),
            call,
            end: End::Namespace(Label::None),
        });
        match self.push_words_in(words, call as usize, Some(namespace)) {
            Ok(Next::Done(value)) => Ok(Next::Deliver(Ok(value))),
            Err(exception) => Ok(Next::Deliver(Err(exception))),
            next => next,
        }
    }

    /// Has what is pushed next run as if call frame `call` had called it.
    pub(crate) fn push_caller(&mut self, call: usize) {
        self.fiber.frames.push(Frame {
            kind: FrameKind::Words(Vec::new().into()),
            call: call as u32,
            end: End::Plain,
        });
    }

    /// Pushes a continuation made of a closure.
    pub fn push_then(
        &mut self,
        then: impl FnOnce(&mut Interp, Outcome) -> CommandResult + 'static,
    ) {
        self.push_native(Box::new(then));
    }

    /// Calls a command, whose words these are, in the current call frame, in place of the command that asks.
    pub fn tail_words(&mut self, words: Vec<Value>) -> CommandResult {
        let call = self.current_call();
        self.push_words_in(words, call, None)
    }

    /// Pushes the call of a command in call frame `call`; with `namespace`, its name is looked up from there.
    pub(crate) fn push_words_in(
        &mut self,
        words: Vec<Value>,
        call: usize,
        namespace: Option<Rc<Namespace>>,
    ) -> CommandResult {
        self.check_depth()?;
        self.fiber.frames.push(Frame {
            kind: FrameKind::Words(words.into()),
            call: call as u32,
            end: End::Plain,
        });
        self.call_top_words(namespace)
    }

    /// Pushes the call of what a name has been found to stand for, in call frame `call`.
    pub(crate) fn push_callee_in(
        &mut self,
        words: Vec<Value>,
        call: usize,
        callee: &super::unit::Callee,
    ) -> CommandResult {
        self.check_depth()?;
        // The vector's heap block stays where it is when the frame takes the vector.
        let (start, count) = (words.as_ptr(), words.len());
        push_in_place(&mut self.fiber.frames, || Frame {
            kind: FrameKind::Words(words.into()),
            call: call as u32,
            end: End::Plain,
        });
        // SAFETY: the words live in the frame just pushed, which goes only when the outcome of this call reaches it.
        let words = unsafe { std::slice::from_raw_parts(start, count) };
        match self.call_callee(callee, words)? {
            Next::Done(value) => Ok(Next::Deliver(Ok(value))),
            next => Ok(next),
        }
    }

    // Units.

    /// The unit of a script, compiled unless it is kept from before.
    pub(crate) fn script_unit(
        &mut self,
        script: &Value,
        namespace: &Rc<Namespace>,
        is_top_level: bool,
    ) -> Rc<Unit> {
        if let Some(unit) = script.cached::<Unit>()
            && self.is_fresh(&unit, namespace)
            && unit.code.is_top_level == is_top_level
        {
            return unit;
        }
        let text = script.str();
        let by_text = !is_top_level && text.len() <= CACHED_SCRIPT_BYTES_MAX;
        if by_text
            && let Some(unit) = self.script_cache.get(&*text).cloned()
            && self.is_fresh(&unit, namespace)
        {
            return unit;
        }
        let inlines = self.mode != Mode::Invoke;
        let unit = self.compile(&text, namespace, None, inlines, is_top_level);
        if by_text
            && script
                .cached::<Unit>()
                .is_none_or(|old| Rc::strong_count(&old) <= 2)
        {
            if self.script_cache.len() >= CACHED_SCRIPTS_MAX {
                self.script_cache.clear();
            }
            self.script_cache.insert(text.as_ref().into(), unit.clone());
        }
        drop(text);
        if !is_top_level {
            script.set_cached(&unit);
        }
        unit
    }

    /// The unit of an expression.
    pub(crate) fn expression_unit(
        &mut self,
        expression: &Value,
        namespace: &Rc<Namespace>,
    ) -> Rc<Unit> {
        if let Some(kept) = expression.cached::<ExpressionUnit>()
            && self.is_fresh(&kept.0, namespace)
        {
            return kept.0.clone();
        }
        let text = expression.to_text();
        let inlines = self.mode != Mode::Invoke;
        let counts = self.counts_commands;
        let code = {
            let lookup = CommandLookup {
                interp: std::cell::RefCell::new(self),
                namespace: namespace.clone(),
            };
            compile::compile_expression(&text, &lookup, inlines, counts)
        };
        let unit = Unit::new(code, self.id, self.compile_epoch, namespace.id);
        expression.set_cached(&Rc::new(ExpressionUnit(unit.clone())));
        unit
    }

    /// Compiles a text as a script, or as a body with these parameters.
    pub(crate) fn compile(
        &mut self,
        text: &str,
        namespace: &Rc<Namespace>,
        parameters: Option<&[Box<str>]>,
        inlines: bool,
        is_top_level: bool,
    ) -> Rc<Unit> {
        let options = compile::Options {
            parameters,
            inlines,
            is_top_level,
            counts: self.counts_commands,
            first_line: 1,
        };
        let code = {
            let lookup = CommandLookup {
                interp: std::cell::RefCell::new(self),
                namespace: namespace.clone(),
            };
            compile::compile(text, &lookup, options)
        };
        Unit::new(code, self.id, self.compile_epoch, namespace.id)
    }

    /// Compiles parts of a text (a word, or what `subst` is given) as a unit of their concatenation.
    pub(crate) fn compile_parts(&mut self, text: &str, parts: &[crate::syntax::Part]) -> Rc<Unit> {
        let namespace = self.current_namespace();
        let counts = self.counts_commands;
        let code = {
            let lookup = CommandLookup {
                interp: std::cell::RefCell::new(self),
                namespace: namespace.clone(),
            };
            compile::compile_parts(text, parts, &lookup, counts)
        };
        Unit::new(code, self.id, self.compile_epoch, namespace.id)
    }

    pub(crate) fn is_fresh(&self, unit: &Unit, namespace: &Namespace) -> bool {
        unit.interp_id == self.id
            && unit.compile_epoch == self.compile_epoch
            && unit.namespace_id == namespace.id
    }

    /// Evaluates an expression in the current call frame; the outcome goes to what is below, as for a script.
    pub fn push_expression(&mut self, expression: &Value) -> CommandResult {
        self.check_depth()?;
        let call = self.current_call();
        let namespace = self.current_namespace();
        let unit = self.expression_unit(expression, &namespace);
        self.push_unit(unit, call as u32, End::Plain);
        Ok(Next::Running)
    }

    /// The printed bytecode of a script, as [`crate::bytecode::disassemble`] shows it.
    pub fn disassemble(&mut self, script: &Value) -> String {
        let namespace = self.global.clone();
        let unit = self.script_unit(script, &namespace, false);
        crate::bytecode::disassemble(&unit.code)
    }

    /// The printed bytecode of a procedure's body; None when there is no such procedure.
    pub fn disassemble_procedure(&mut self, name: &str) -> Option<String> {
        let namespace = self.current_namespace();
        let procedure = self.find_procedure(name, &namespace)?;
        let unit = self.procedure_unit(&procedure);
        Some(crate::bytecode::disassemble(&unit.code))
    }

    /// The index of the call frame that a level such as `1` or `#0` means, and whether the word is a level at all.
    ///
    /// Errors: `bad level "…"`.
    pub fn frame_at_level(&self, level: Option<&Value>) -> Result<usize, Box<Exception>> {
        let current = self.call_frame();
        let bad = |text: &str| {
            Exception::with_code(
                format!("bad level \"{text}\""),
                ["TCL", "LOOKUP", "LEVEL", text],
            )
        };
        let wanted = match level {
            None => {
                if current.level == 0 {
                    return Err(bad("1"));
                }
                i64::from(current.level) - 1
            }
            Some(Value(Repr::Int(up @ 0..=0x7fff_ffff))) if *up <= i64::from(current.level) => {
                i64::from(current.level) - up
            }
            Some(value) => {
                let text = value.str();
                let wanted = match text.strip_prefix('#') {
                    Some(absolute) => level_number(&Value::text(absolute)),
                    None => level_number(value)
                        .filter(|up| *up >= 0)
                        .map(|up| i64::from(current.level) - up),
                };
                wanted
                    .filter(|level| *level >= 0)
                    .ok_or_else(|| bad(&text))?
            }
        };
        let mut index = self.current_call();
        loop {
            let Some(frame) = self.fiber.calls.get(index) else {
                return Err(bad("1"));
            };
            if i64::from(frame.level) == wanted {
                return Ok(index);
            }
            if frame.level == 0 || wanted < 0 {
                return Err(bad(&level.map_or_else(|| "1".to_owned(), Value::to_text)));
            }
            index = frame.caller as usize;
        }
    }

    /// Evaluates `body` like a procedure's: `return` in it ends it with an ordinary result.
    pub(crate) fn finish_return(&mut self, mut exception: Box<Exception>) -> Outcome {
        if exception.code != code::RETURN {
            return Err(exception);
        }
        if exception.return_level > 1 {
            exception.return_level -= 1;
            return Err(exception);
        }
        if exception.return_code == code::OK {
            if let Some(other) = exception.other {
                self.return_options = Some((other, self.command_count));
            }
            return Ok(exception.value);
        }
        exception.code = exception.return_code;
        exception.return_level = 0;
        // The errorInfo that `return` was given is one of its caller's, who is added to it.
        exception.is_logged = false;
        if exception.code == code::RETURN {
            // As if `return` had been called where the procedure was.
            exception.return_level = 1;
            exception.return_code = code::OK;
        }
        Err(exception)
    }
}

/// The number of a level: integers of 33 bits wrap to 32, as they do in C.
pub(crate) fn level_number(value: &Value) -> Option<i64> {
    let number = value.as_int()?;
    (number.unsigned_abs() <= u64::from(u32::MAX)).then_some(i64::from(number as i32))
}

fn end_of(owns_call: bool, label: ScriptLabel) -> End {
    if owns_call {
        End::Namespace(label.into())
    } else {
        End::Script(label.into())
    }
}

/// Drops what namespaces and commands hold, so that their cycles do not keep them.
pub(crate) fn break_cycles(namespace: &Rc<Namespace>) {
    let children: Vec<Rc<Namespace>> = namespace.children.borrow().values().cloned().collect();
    for child in &children {
        break_cycles(child);
    }
    namespace.children.borrow_mut().clear();
    namespace.path.borrow_mut().clear();
    let commands: Vec<Rc<Command>> = namespace
        .commands
        .borrow_mut()
        .drain()
        .map(|(_, command)| command)
        .collect();
    for command in &commands {
        command.importers.borrow_mut().clear();
        if let super::command::CommandKind::Coroutine(coroutine) = &*command.kind.borrow() {
            coroutine.state.set(State::Ended);
            coroutine.command.borrow_mut().take();
        }
        if let super::command::CommandKind::Procedure(procedure) = &*command.kind.borrow() {
            procedure.unit.borrow_mut().take();
        }
    }
    drop(commands);
    let variables: Vec<_> = namespace.variables.borrow_mut().drain().collect();
    drop(variables);
}
