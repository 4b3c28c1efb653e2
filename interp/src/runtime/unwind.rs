//! Outcomes on their way down the frames: results, exceptions, handlers, errorInfo.

use super::Interp;
use super::command::{CommandResult, Next};
use super::exception::{Exception, Outcome, code};
use super::frame::{CodeFrame, End, FrameKind, Label, clear};
use crate::bytecode::HandlerKind;
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
                FrameKind::Words(words) => {
                    let end = frame.end.clone();
                    if let Err(exception) = &mut outcome
                        && matches!(end, End::Script(_) | End::Namespace(_))
                    {
                        note_list(exception, words);
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
        note_innermost(&mut exception, code_frame, pc);
        clear_words(code_frame);
        note_error(&mut exception, code_frame, pc);
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
        if let Some(words) = exception.tailcall.take().or_else(|| self.caught_tailcall()) {
            return self.finish_tailcall(words);
        }
        let words = self.call_frame().words().to_vec();
        self.fiber.pop_frame();
        let word = |at: usize| words.get(at).map(Value::to_text).unwrap_or_default();
        let label = |line: u32| {
            if is_lambda {
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
                let mut stack = exception.stack.take().unwrap_or_default();
                if let Ok(elements) = stack.list_mut() {
                    elements.push(Value::text("CALL"));
                    elements.push(Value::list(words));
                }
                exception.stack = Some(stack);
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
        if exception.code != code::ERROR {
            return;
        }
        let global = self.global.clone();
        for (name, value) in [
            ("::errorInfo", exception.info_value()),
            ("::errorCode", exception.error_code_value()),
        ] {
            if let Ok(cell) = self.make_namespace_variable(name, &global, "set") {
                let slot = super::variable::Slot::Cell(cell.target());
                let target = super::variable::Target {
                    slot,
                    key: None,
                    name,
                };
                let _ = self.set(&target, value);
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

/// Starts `-errorstack` with what failed, in the words of tclsh's instructions where it is a call.
fn note_innermost(exception: &mut Exception, code_frame: &CodeFrame, pc: u32) {
    if exception.code != code::ERROR || exception.stack.is_some() || exception.info.is_some() {
        return;
    }
    let inner = if code_frame.word_count > 0 {
        // SAFETY: the words of the pending call are within the frame's window.
        let words = unsafe {
            std::slice::from_raw_parts(
                code_frame.base.add(usize::from(code_frame.result)),
                usize::from(code_frame.word_count),
            )
        };
        match words {
            [name, message] if &*name.str() == "error" => {
                vec![Value::text("returnImm"), message.clone(), Value::EMPTY]
            }
            words => std::iter::once(Value::text("invokeStk1"))
                .chain(words.iter().cloned())
                .collect(),
        }
    } else {
        let op = code_frame
            .unit
            .code
            .instructions
            .get(pc as usize)
            .map(|instruction| instruction.op);
        vec![Value::text(op.map_or("", |op| op.row().name))]
    };
    exception.stack = Some(Value::list(vec![Value::text("INNER"), Value::list(inner)]));
}

/// Adds the command at `pc` to errorInfo.
fn note_error(exception: &mut Exception, code_frame: &CodeFrame, pc: u32) {
    if exception.code != code::ERROR {
        return;
    }
    let unit_code = &code_frame.unit.code;
    let mut is_first = true;
    for range in unit_code.commands_at(pc) {
        if is_first && exception.is_logged {
            // The command gave errorInfo and line itself.
            exception.is_logged = false;
        } else {
            exception.line = unit_code.line_of(range.span.start);
            exception.log_command(range.span.text(&unit_code.source));
        }
        is_first = false;
        if !unit_code.is_top_level {
            return;
        }
    }
    exception.is_logged = false;
}

/// Adds a script that was one list, the words of a command, to errorInfo.
fn note_list(exception: &mut Exception, words: &[Value]) {
    if exception.code != code::ERROR {
        return;
    }
    exception.line = 1;
    if !std::mem::take(&mut exception.is_logged) {
        exception.log_command(&Value::list(words.to_vec()).str());
    }
}

/// A procedure name as errorInfo shows it: at most 60 characters.
fn shortened(name: &str) -> String {
    match name.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &name[..end]),
        None => name.to_owned(),
    }
}
