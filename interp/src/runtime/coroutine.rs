//! Coroutines: fibers that a command resumes.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::command::{Command, CommandKind, CommandResult, Next, Resume};
use super::exception::{Exception, Outcome};
use super::frame::{End, Fiber, Frame, FrameKind};
use super::{Interp, code};
use crate::value::Value;

/// A coroutine.
pub struct Coroutine {
    /// Its frames while it is suspended.
    pub(crate) fiber: RefCell<Option<Box<Fiber>>>,
    /// Its command; gone once it has ended.
    pub(crate) command: RefCell<Option<Rc<Command>>>,
    pub(crate) state: Cell<State>,
    /// Waiting for several words (`yieldto`) rather than one.
    pub(crate) takes_many: Cell<bool>,
    /// Commands to be called when it is resumed, the last one first.
    pub(crate) injected: RefCell<Vec<Vec<Value>>>,
}

/// Waits for a command that was injected into a coroutine.
struct Injected(Rc<Coroutine>);

impl Resume for Injected {
    fn resume(self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        interp.call_injected(&self.0, outcome?)
    }
}

/// What a coroutine is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// It waits to be resumed.
    Suspended,
    /// It runs, or something that it resumed does.
    Running,
    /// It has ended.
    Ended,
}

impl Interp {
    /// Starts a coroutine whose command is `name`, running `words`; its first outcome goes to the caller.
    pub(crate) fn start_coroutine(&mut self, name: &str, words: Vec<Value>) -> CommandResult {
        if self.fibers.len() + 1
            >= self
                .recursion_limit
                .min(crate::limits::COROUTINE_NESTING_MAX)
        {
            return Err(Exception::too_deep());
        }
        let namespace = self.current_namespace();
        let (holder, tail) = self.locate(name, &namespace).ok_or_else(|| {
            Exception::with_code(
                format!("can't create procedure \"{name}\": unknown namespace"),
                ["TCL", "LOOKUP", "NAMESPACE"],
            )
        })?;
        let coroutine = Rc::new(Coroutine {
            fiber: RefCell::new(None),
            command: RefCell::new(None),
            state: Cell::new(State::Running),
            takes_many: Cell::new(false),
            injected: RefCell::default(),
        });
        let command = self.put_command(&holder, tail, CommandKind::Coroutine(coroutine.clone()));
        *coroutine.command.borrow_mut() = Some(command);
        let mut fiber = Box::new(Fiber::new(&self.global, Some(coroutine)));
        fiber.frames.push(Frame {
            kind: FrameKind::Coroutine,
            call: 0,
            end: End::Plain,
        });
        self.switch_to(fiber);
        let text = crate::value::list::list_text(words.iter());
        self.push_then(move |_, outcome| match outcome {
            Err(mut exception) => {
                if exception.code == code::ERROR {
                    exception.log_command(&text);
                }
                Err(exception)
            }
            outcome => outcome.map(Next::Done),
        });
        // The command is looked up where `coroutine` was called, and runs at the global level.
        self.push_words_in(words, 0, Some(namespace))
    }

    fn switch_to(&mut self, fiber: Box<Fiber>) {
        let resumer = std::mem::replace(&mut self.fiber, fiber);
        self.fibers.push(resumer);
    }

    /// Resumes a suspended coroutine with the words after its name.
    pub(crate) fn resume_coroutine(
        &mut self,
        coroutine: &Rc<Coroutine>,
        words: &[Value],
    ) -> CommandResult {
        if coroutine.state.get() != State::Suspended {
            return Err(Exception::with_code(
                format!("coroutine \"{}\" is already running", words[0]),
                ["TCL", "COROUTINE", "BUSY"],
            ));
        }
        let value = if coroutine.takes_many.get() {
            Value::list(words[1..].to_vec())
        } else {
            match words {
                [_] => Value::EMPTY,
                [_, value] => value.clone(),
                _ => return Err(Exception::wrong_args(&format!("{} ?arg?", words[0]))),
            }
        };
        self.resume_with(coroutine, Ok(value))
    }

    pub(crate) fn resume_with(
        &mut self,
        coroutine: &Rc<Coroutine>,
        outcome: Outcome,
    ) -> CommandResult {
        if self.fibers.len() + 1
            >= self
                .recursion_limit
                .min(crate::limits::COROUTINE_NESTING_MAX)
        {
            return Err(Exception::too_deep());
        }
        let Some(fiber) = coroutine.fiber.borrow_mut().take() else {
            return Err(Exception::error("coroutine has no frames"));
        };
        coroutine.state.set(State::Running);
        self.switch_to(fiber);
        match outcome {
            Ok(value) if coroutine.injected.borrow().is_empty() => Ok(Next::Deliver(Ok(value))),
            Ok(value) => match self.call_injected(coroutine, value) {
                Ok(Next::Done(value)) => Ok(Next::Deliver(Ok(value))),
                Err(exception) => Ok(Next::Deliver(Err(exception))),
                next => next,
            },
            Err(exception) => Ok(Next::Deliver(Err(exception))),
        }
    }

    /// Calls the command injected last into the coroutine that goes on, if any; `value` is what it was resumed with.
    fn call_injected(&mut self, coroutine: &Rc<Coroutine>, value: Value) -> CommandResult {
        let Some(words) = coroutine.injected.borrow_mut().pop() else {
            return Ok(Next::Done(value));
        };
        self.push_native(Box::new(Injected(coroutine.clone())));
        let call = self.current_call();
        self.push_words_in(words, call, None)
    }

    /// The coroutine that runs now, if `yield` is possible.
    pub(crate) fn yielding_coroutine(
        &self,
        command: &str,
    ) -> Result<Rc<Coroutine>, Box<Exception>> {
        let Some(coroutine) = self.fiber.coroutine.clone() else {
            return Err(Exception::with_code(
                format!("{command} can only be called in a coroutine"),
                ["TCL", "COROUTINE", "ILLEGAL_YIELD"],
            ));
        };
        if self
            .fiber
            .frames
            .iter()
            .any(|frame| matches!(frame.kind, FrameKind::Boundary))
        {
            return Err(Exception::with_code(
                "cannot yield: C stack busy",
                ["TCL", "COROUTINE", "CANT_YIELD"],
            ));
        }
        Ok(coroutine)
    }

    /// Suspends the running coroutine; its resumer goes on.
    pub(crate) fn suspend(&mut self, coroutine: &Rc<Coroutine>, takes_many: bool) {
        if let Some(resumer) = self.fibers.pop() {
            let fiber = std::mem::replace(&mut self.fiber, resumer);
            coroutine.takes_many.set(takes_many);
            coroutine.state.set(State::Suspended);
            *coroutine.fiber.borrow_mut() = Some(fiber);
        }
    }

    /// Ends the running coroutine, whose frames are done; its outcome is the resumer's.
    pub(crate) fn end_coroutine(&mut self, outcome: Outcome) -> Outcome {
        if let Some(resumer) = self.fibers.pop() {
            let mut fiber = std::mem::replace(&mut self.fiber, resumer);
            fiber.truncate(0);
            if let Some(coroutine) = fiber.coroutine.take() {
                coroutine.state.set(State::Ended);
                let command = coroutine.command.borrow_mut().take();
                if let Some(command) = command {
                    self.delete_command(&command);
                }
            }
        }
        outcome
    }

    /// Forgets a coroutine whose command is deleted.
    pub(crate) fn drop_coroutine(&mut self, coroutine: &Rc<Coroutine>) {
        if coroutine.state.get() == State::Suspended {
            coroutine.state.set(State::Ended);
        }
        coroutine.command.borrow_mut().take();
        let fiber = coroutine.fiber.borrow_mut().take();
        if let Some(fiber) = fiber {
            let orphans = super::watched::orphans_of(&fiber);
            drop(fiber);
            self.fire_orphans(orphans);
        }
    }
}
