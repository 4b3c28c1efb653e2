//! Outcomes on their way down the frames: results, exceptions, handlers, errorInfo.

use super::command::{CommandResult, Next};
use super::exception::{Exception, Outcome, code};
use super::frame::{CodeFrame, End, FrameKind, Label, clear};
use super::{Interp, Mode};
use crate::bytecode::{HandlerKind, Op};
use crate::value::Value;

/// What became of an outcome.
pub(crate) enum Delivered {
    /// The top frame is a unit that goes on.
    Continue,
    /// It reached the boundary of the run loop, which ends.
    Leave(Outcome),
}

impl Interp {
    /// Gives an outcome to the top frame, and on from there until a unit goes on or the run loop ends.
    pub(crate) fn deliver(&mut self, mut outcome: Outcome) -> Delivered {
        loop {
            let Some(frame) = self.fiber.frames.last_mut() else {
                return Delivered::Leave(outcome);
            };
            match &mut frame.kind {
                FrameKind::Boundary => {
                    self.fiber.frames.pop();
                    return Delivered::Leave(outcome);
                }
                FrameKind::Code(code_frame) => match outcome {
                    Ok(value) => {
                        let (result, count) =
                            (code_frame.result, usize::from(code_frame.word_count));
                        // SAFETY: result and word count were set by the call that this is the outcome of, within
                        // the frame's window.
                        unsafe {
                            let register = code_frame.base.add(usize::from(result));
                            clear(register, count);
                            *register = if code_frame.discards {
                                Value::EMPTY
                            } else {
                                value
                            };
                        }
                        return Delivered::Continue;
                    }
                    Err(exception) => match self.raise_in_unit(exception) {
                        Ok(Next::Running) => return Delivered::Continue,
                        Ok(Next::Done(value)) => outcome = Ok(value),
                        Ok(Next::Deliver(passed)) => outcome = passed,
                        Err(exception) => outcome = Err(exception),
                    },
                },
                FrameKind::Words(_) if matches!(frame.end, End::Plain) => self.fiber.pop_frame(),
                FrameKind::Words(words) => {
                    let end = frame.end.clone();
                    if !words.is_empty() {
                        outcome = self.quote_words(outcome);
                    }
                    self.fiber.pop_frame();
                    outcome = self.add_label(outcome, &end);
                }
                FrameKind::Coroutine => outcome = self.end_coroutine(outcome),
                FrameKind::Native(_) => match self.resume_native(outcome) {
                    Ok(Next::Done(value)) => outcome = Ok(value),
                    Ok(Next::Running) => {
                        if self.top_is_running_code() {
                            return Delivered::Continue;
                        }
                        outcome = Ok(Value::EMPTY);
                    }
                    Ok(Next::Deliver(next)) => outcome = next,
                    Err(exception) => outcome = Err(exception),
                },
            }
        }
    }

    /// The same for a value, most often that of a call whose unit goes on at once.
    pub(crate) fn deliver_value(&mut self, value: Value) -> Delivered {
        let mode = self.mode;
        if let Some(FrameKind::Code(below)) =
            self.fiber.frames.last_mut().map(|frame| &mut frame.kind)
        {
            // SAFETY: as in `deliver`.
            unsafe { below.take_result(value, mode) };
            return Delivered::Continue;
        }
        self.deliver(Ok(value))
    }

    fn top_is_running_code(&self) -> bool {
        matches!(
            self.fiber.frames.last().map(|frame| &frame.kind),
            Some(FrameKind::Code(_))
        )
    }

    fn resume_native(&mut self, outcome: Outcome) -> CommandResult {
        let Some(frame) = self.fiber.frames.pop() else {
            return outcome.map(Next::Done);
        };
        let FrameKind::Native(resume) = frame.kind else {
            return outcome.map(Next::Done);
        };
        if let Err(exception) = &outcome
            && exception.is_uncatchable
            && !resume.sees_uncatchable()
        {
            return outcome.map(Next::Done);
        }
        resume.resume(self, outcome)
    }

    /// An exception raised in the unit on top: its handler goes on (`Running`), or the frame is left.
    fn raise_in_unit(&mut self, mut exception: Box<Exception>) -> CommandResult {
        let Some(frame) = self.fiber.frames.last_mut() else {
            return Err(exception);
        };
        let FrameKind::Code(code_frame) = &mut frame.kind else {
            return Err(exception);
        };
        let pc = code_frame.pc.saturating_sub(1);
        if code_frame.unit.code.is_top_level
            && !exception.is_uncatchable
            && let Some(completion) = unexpected_code(&exception)
        {
            exception = Exception::unexpected(completion);
        }
        if exception.code == code::ERROR {
            note_innermost(&mut exception, code_frame, pc);
            if note_error(&mut exception, code_frame, pc) {
                self.note_level(&mut exception);
            }
        }
        self.clear_pending_words();
        if !exception.is_uncatchable && self.handle(pc, &mut exception) {
            return Ok(Next::Running);
        }
        let end = self
            .fiber
            .frames
            .last()
            .map_or(End::Plain, |frame| frame.end.clone());
        if matches!(end, End::Procedure | End::Lambda) {
            return self.leave_procedure(exception, matches!(end, End::Lambda));
        }
        self.fiber.pop_frame();
        self.add_label(Err(exception), &end).map(Next::Done)
    }

    fn clear_pending_words(&mut self) {
        if let Some(FrameKind::Code(code_frame)) =
            self.fiber.frames.last_mut().map(|frame| &mut frame.kind)
        {
            clear_words(code_frame);
        }
    }

    /// Adds the command whose words the frame on top holds to errorInfo.
    fn quote_words(&mut self, outcome: Outcome) -> Outcome {
        let mut exception = match outcome {
            Err(exception) if exception.code == code::ERROR => exception,
            outcome => return outcome,
        };
        let Some(FrameKind::Words(words)) = self.fiber.frames.last().map(|frame| &frame.kind)
        else {
            return Err(exception);
        };
        if std::mem::replace(&mut exception.is_logged, false) {
            return Err(exception);
        }
        if exception.stack.is_none() {
            exception.stack = Some(innermost(words.to_vec()));
        }
        exception.line = 1;
        exception.log_command(&crate::value::list::list_text(words.iter()));
        self.note_level(&mut exception);
        Err(exception)
    }

    /// Adds a `catch` that compiled code runs to errorInfo, as tclsh does when the script is no literal. Where the result goes to
    /// a variable, tclsh compiles it in procedures only.
    pub(crate) fn quote_catch(&mut self, exception: &mut Exception, has_variable: bool) {
        let Some(FrameKind::Code(code_frame)) = self.fiber.frames.last().map(|frame| &frame.kind)
        else {
            return;
        };
        let unit_code = &code_frame.unit.code;
        let is_compiled =
            !unit_code.is_top_level && (!has_variable || self.call_frame().unit().is_some());
        if exception.code != code::ERROR || !is_compiled {
            return;
        }
        let Some(range) = unit_code.command_at(code_frame.pc.saturating_sub(1)) else {
            return;
        };
        let script = crate::syntax::parse_script(&unit_code.source, range.span);
        let is_own = script.commands.first().is_some_and(|command| {
            let mut words = command.words.iter();
            let name = words
                .next()
                .and_then(|name| name.constant(&unit_code.source));
            name.is_some_and(|name| name.trim_start_matches(':') == "catch")
                && words
                    .next()
                    .is_some_and(|script| script.constant(&unit_code.source).is_none())
        });
        if !is_own {
            return;
        }
        if std::mem::replace(&mut exception.is_logged, false) {
            return;
        }
        exception.line = unit_code.line_of(range.span.start);
        exception.log_command(range.span.text(&unit_code.source));
        self.note_level(exception);
    }

    /// Adds the level that the frame on top runs in to `-errorstack`.
    fn note_level(&self, exception: &mut Exception) {
        let mut frames = self.fiber.frames.iter().rev();
        let Some(level) = frames.clone().next().map(|frame| frame.call) else {
            return;
        };
        let entered = frames
            .find(|frame| matches!(frame.end, End::Procedure | End::Lambda | End::Namespace(_)))
            .map_or(0, |frame| frame.call);
        let (Some(entered_call), Some(call)) = (
            self.fiber.calls.get(entered as usize),
            self.fiber.calls.get(level as usize),
        ) else {
            return;
        };
        let words = entered_call.words();
        if words.is_empty() {
            return;
        }
        let added = if entered == level {
            [Value::text("CALL"), Value::list(words.to_vec())]
        } else {
            let up = i64::from(entered_call.level) - i64::from(call.level);
            [Value::text("UP"), Value::int(up)]
        };
        let mut stack = exception.stack.take().unwrap_or_default();
        if let Ok(elements) = stack.list_mut() {
            elements.extend(added);
        }
        exception.stack = Some(stack);
    }

    /// Finds a handler of the unit on top for the exception raised at `pc`, and goes on there.
    fn handle(&mut self, pc: u32, exception: &mut Box<Exception>) -> bool {
        let mut caught = None;
        if let Some(FrameKind::Code(code_frame)) =
            self.fiber.frames.last_mut().map(|frame| &mut frame.kind)
        {
            for handler in &code_frame.unit.code.handlers {
                if pc < handler.start || pc >= handler.end {
                    continue;
                }
                match handler.kind {
                    HandlerKind::Loop { on_break, .. } if exception.code == code::BREAK => {
                        code_frame.pc = on_break;
                        return true;
                    }
                    HandlerKind::Loop {
                        on_continue: Some(target),
                        ..
                    } if exception.code == code::CONTINUE => {
                        code_frame.pc = target;
                        return true;
                    }
                    HandlerKind::Loop { .. } => {}
                    HandlerKind::Catch {
                        target,
                        result,
                        wants_options,
                    } => {
                        code_frame.pc = target;
                        // SAFETY: the compiler reserved three registers from `result` on.
                        caught = Some((
                            unsafe { code_frame.base.add(usize::from(result)) },
                            wants_options,
                        ));
                        break;
                    }
                }
            }
        }
        let Some((registers, wants_options)) = caught else {
            return false;
        };
        self.publish_error(exception);
        self.keep_tailcall(exception);
        let options = if wants_options {
            exception.options()
        } else {
            Value::EMPTY
        };
        // SAFETY: as above; the frame is still on top.
        unsafe {
            *registers = exception.value.clone();
            *registers.add(1) = Value::int(i64::from(exception.code));
            *registers.add(2) = options;
        }
        true
    }

    /// An exception that leaves the body of a procedure or lambda.
    fn leave_procedure(&mut self, mut exception: Box<Exception>, is_lambda: bool) -> CommandResult {
        let ends_well = exception.code == code::RETURN
            && exception.return_level <= 1
            && exception.return_code == code::OK;
        let caught = || self.caught_tailcall().filter(|_| ends_well);
        if let Some(words) = exception.tailcall.take().or_else(caught) {
            return self.finish_tailcall(words);
        }
        let words = self.call_frame().words().to_vec();
        let role = self.role();
        let orphans = self.orphans();
        self.fiber.pop_frame();
        self.fire_orphans(orphans);
        let word = |at: usize| words.get(at).map(Value::to_text).unwrap_or_default();
        let label = |line: u32| {
            if let Some(role) = &role {
                role.label(line)
            } else if is_lambda {
                format!(
                    "\n    (lambda term \"{}\" line {line})",
                    shortened(&word(1))
                )
            } else {
                format!("\n    (procedure \"{}\" line {line})", shortened(&word(0)))
            }
        };
        match exception.code {
            code::RETURN => self.finish_return(exception).map(Next::Done),
            code::ERROR => {
                let text = label(exception.line);
                exception.add_info(&text);
                Err(exception)
            }
            code::BREAK | code::CONTINUE => {
                let name = if exception.code == code::BREAK {
                    "break"
                } else {
                    "continue"
                };
                let mut error = Exception::with_code(
                    format!("invoked \"{name}\" outside of a loop"),
                    ["TCL", "RESULT", "UNEXPECTED"],
                );
                error.add_info(&label(exception.line));
                Err(error)
            }
            _ => Err(exception),
        }
    }

    /// Adds the line about the script that an error leaves.
    fn add_label(&mut self, outcome: Outcome, end: &End) -> Outcome {
        let (End::Script(label) | End::Namespace(label)) = end else {
            return outcome;
        };
        let text: &str = match label {
            Label::None => return outcome,
            Label::Fixed(text) => text,
            Label::Made(text) => text,
            Label::File(file) => &file.text,
        };
        outcome.map_err(|mut exception| {
            if exception.code == code::ERROR {
                let line = exception.line;
                exception.add_info(&format!("\n    ({text} line {line})"));
            }
            exception
        })
    }

    /// Sets `::errorInfo` and `::errorCode` as an error is caught or reported.
    pub fn publish_error(&mut self, exception: &Exception) {
        let is_to_be_one = exception.code == code::RETURN && exception.return_code == code::ERROR;
        if exception.code == code::ERROR || (is_to_be_one && exception.stack.is_some()) {
            self.error_stack = exception.stack.clone().unwrap_or_default();
        }
        if exception.code != code::ERROR {
            return;
        }
        self.error_line = exception.line;
        let global = self.global.clone();
        for (name, value) in [
            ("::errorInfo", exception.info_value()),
            ("::errorCode", exception.error_code_value()),
        ] {
            if let Ok(cell) = self.make_namespace_variable(name, &global, "set") {
                let slot = super::slot::Slot::Cell(cell.target());
                let target = super::slot::Target::named(slot, None, name);
                let _ = self.set(&target, value);
            }
        }
    }
}

/// The completion code of a command of a main script when nothing can come of it.
fn unexpected_code(exception: &Exception) -> Option<i32> {
    match exception.code {
        code::ERROR => None,
        code::RETURN if exception.tailcall.is_some() => None,
        code::RETURN if exception.return_level > 1 => Some(code::RETURN),
        code::RETURN => {
            Some(exception.return_code).filter(|code| *code != code::OK && *code != code::ERROR)
        }
        other => Some(other),
    }
}

impl CodeFrame {
    /// Drops the words of the pending call and puts its result where they began.
    ///
    /// # Safety
    /// `result` and `word_count` were set by the call that this is the result of, within the frame's window.
    #[inline(always)]
    pub(super) unsafe fn take_result(&mut self, value: Value, mode: Mode) {
        // SAFETY: see above.
        unsafe {
            let register = self.base.add(usize::from(self.result));
            clear(register, usize::from(self.word_count));
            self.word_count = 0;
            if self.discards {
                drop(value);
            } else {
                *register = if mode == Mode::Forget {
                    value.forgotten()
                } else {
                    value
                };
            }
        }
    }
}

/// Drops the words of the call that failed.
fn clear_words(code_frame: &mut CodeFrame) {
    if code_frame.word_count > 0 {
        // SAFETY: the words are within the frame's window.
        unsafe {
            clear(
                code_frame.base.add(usize::from(code_frame.result)),
                usize::from(code_frame.word_count),
            )
        };
        code_frame.word_count = 0;
    }
}

/// The start of `-errorstack`: what failed.
fn innermost(words: Vec<Value>) -> Value {
    Value::list(vec![Value::text("INNER"), Value::list(words)])
}

/// Starts `-errorstack` with what failed, in the words of tclsh's instructions where it is a call.
fn note_innermost(exception: &mut Exception, code_frame: &CodeFrame, pc: u32) {
    if exception.stack.is_some() || exception.is_logged {
        return;
    }
    let unit_code = &code_frame.unit.code;
    let inner = if code_frame.word_count > 0 {
        // SAFETY: the words of the pending call are within the frame's window.
        let words = unsafe {
            std::slice::from_raw_parts(
                code_frame.base.add(usize::from(code_frame.result)),
                usize::from(code_frame.word_count),
            )
        };
        match words {
            words if unit_code.is_top_level => words.to_vec(),
            [name, message] if &*name.str() == "error" => {
                vec![Value::text("returnImm"), message.clone(), Value::EMPTY]
            }
            [name, error_code, message] if &*name.str() == "throw" => {
                let options = Value::list(vec![Value::text("-errorcode"), error_code.clone()]);
                vec![Value::text("returnImm"), message.clone(), options]
            }
            words => std::iter::once(Value::text("invokeStk1"))
                .chain(words.iter().cloned())
                .collect(),
        }
    } else {
        let op = unit_code
            .instructions
            .get(pc as usize)
            .map(|instruction| instruction.op);
        vec![Value::text(op.map_or("", tclsh_name))]
    };
    exception.stack = Some(innermost(inner));
}

/// The name that tclsh has for what an instruction does.
fn tclsh_name(op: Op) -> &'static str {
    match op {
        Op::Load => "loadScalar1",
        Op::VariableGet => "loadStk",
        Op::VariableSet => "storeStk",
        Op::VariableIncr | Op::IncrLocal => "incrScalar1",
        Op::ListIndex => "listIndex",
        Op::ListLength => "listLength",
        Op::DictGet => "dictGet",
        Op::StringIndex => "strindex",
        op => op.row().name,
    }
}

/// Adds the command at `pc` to errorInfo; says whether it was not there already.
fn note_error(exception: &mut Exception, code_frame: &CodeFrame, pc: u32) -> bool {
    let unit_code = &code_frame.unit.code;
    let mut is_first = true;
    let mut is_noted = false;
    for range in unit_code.commands_at(pc) {
        if is_first && exception.is_logged {
            // The command gave errorInfo and line itself.
            exception.is_logged = false;
        } else {
            exception.line = unit_code.line_of(range.span.start);
            exception.log_command(range.span.text(&unit_code.source));
            is_noted = true;
        }
        is_first = false;
        if !unit_code.is_top_level {
            return is_noted;
        }
    }
    exception.is_logged = false;
    is_noted
}

/// A procedure name as errorInfo shows it: at most 60 characters.
fn shortened(name: &str) -> String {
    match name.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &name[..end]),
        None => name.to_owned(),
    }
}
