//! Safepoints: where a running script can be stopped.
//!
//! Every call and every loop turn uses up fuel; when it is gone, the run loop comes here. What is looked at:
//! interrupts asked for by other threads or signals, the deadline and command limit of the running evaluation,
//! and the hook by which an embedding layer serves its sockets. No script runs inside a safepoint.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::exception::Exception;
use super::{Interp, code};
use crate::limits::SAFEPOINT_INTERVAL;
use crate::value::Value;

/// What the hook of an embedding layer wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Continue,
    /// Stop the evaluation that runs; scripts cannot catch it.
    Cancel {
        /// The error's message.
        message: String,
        /// The words of its errorCode.
        code: Vec<String>,
    },
}

/// Asks an interpreter to stop what it runs; to be used from other threads and signal handlers.
#[derive(Clone, Debug, Default)]
pub struct InterruptHandle(Arc<AtomicBool>);

impl InterruptHandle {
    /// Asks for the interrupt. The running script ends with an error that it cannot catch.
    pub fn interrupt(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Forgets an interrupt that nobody has seen.
    pub fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether an interrupt is asked for and not seen yet.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The flag itself, for signal handlers.
    pub fn flag(&self) -> Arc<AtomicBool> {
        self.0.clone()
    }
}

/// A hook called at safepoints.
pub type SafepointHook = Box<dyn FnMut() -> Verdict>;

/// What safepoints look at.
pub(crate) struct Safepoint {
    /// Calls and loop turns left until the next look.
    pub fuel: i32,
    /// Look at each of them.
    pub is_every_turn: bool,
    pub interrupt: InterruptHandle,
    pub hook: Option<SafepointHook>,
    /// When the evaluation that runs must have ended.
    pub deadline: Option<Instant>,
    /// The count of commands at which a limit stops the script.
    pub command_limit: Option<u64>,
    /// The time at which a limit stops the script.
    pub time_limit: Option<std::time::SystemTime>,
    /// A cancel asked for by `interp cancel`: whether it unwinds, and its message.
    pub cancel: Option<(bool, Value)>,
}

impl Safepoint {
    /// Whether the interpreter has a limit of commands or of time.
    pub fn has_limits(&self) -> bool {
        self.command_limit.is_some() || self.time_limit.is_some()
    }

    pub fn new() -> Safepoint {
        Safepoint {
            fuel: SAFEPOINT_INTERVAL,
            is_every_turn: false,
            interrupt: InterruptHandle::default(),
            hook: None,
            deadline: None,
            command_limit: None,
            time_limit: None,
            cancel: None,
        }
    }
}

impl Interp {
    /// A handle to interrupt this interpreter with.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.safepoint.interrupt.clone()
    }

    /// Sets or removes the hook called at safepoints; returns the old one.
    pub fn set_safepoint_hook(&mut self, hook: Option<SafepointHook>) -> Option<SafepointHook> {
        std::mem::replace(&mut self.safepoint.hook, hook)
    }

    /// Sets when the evaluation that runs must have ended; returns the old deadline.
    pub fn set_deadline(&mut self, deadline: Option<Instant>) -> Option<Instant> {
        self.safepoint.fuel = 0;
        std::mem::replace(&mut self.safepoint.deadline, deadline)
    }

    /// A look at everything that can stop a script; commands that run long call it now and then.
    ///
    /// Errors: an exception that scripts cannot catch.
    pub fn check_safepoint(&mut self) -> Result<(), Box<Exception>> {
        self.look_around(false)
    }

    /// The same after a wait: limits are looked at whatever their granularity.
    ///
    /// Errors: an exception that scripts cannot catch.
    pub(crate) fn check_after_wait(&mut self) -> Result<(), Box<Exception>> {
        self.look_around(true)
    }

    fn look_around(&mut self, is_wait: bool) -> Result<(), Box<Exception>> {
        self.safepoint.fuel = if self.safepoint.is_every_turn {
            1
        } else {
            SAFEPOINT_INTERVAL
        };
        if self.exit_status.is_some() {
            return Err(uncatchable("exit", &["REMEX", "EXIT"]));
        }
        if self.safepoint.interrupt.0.swap(false, Ordering::Relaxed) {
            return Err(uncatchable("interrupted", &["REMEX", "INTERRUPT"]));
        }
        if let Some(deadline) = self.safepoint.deadline
            && Instant::now() >= deadline
        {
            self.safepoint.deadline = None;
            return Err(uncatchable(
                "the evaluation took longer than its caller waits",
                &["REMEX", "TIMEOUT"],
            ));
        }
        if let Some((unwinds, message)) = self.safepoint.cancel.take() {
            let text = match (message.is_empty(), unwinds) {
                (false, _) => message,
                (true, true) => Value::text("eval unwound"),
                (true, false) => Value::text("eval canceled"),
            };
            let word = if unwinds { "IUNWIND" } else { "ICANCEL" };
            let mut exception = Exception::with_code(text, ["TCL", "CANCEL", word]);
            exception.is_uncatchable = unwinds;
            return Err(exception);
        }
        if self.safepoint.has_limits() {
            (self.natives.check_limits)(self, is_wait)?;
        }
        if let Some(hook) = &mut self.safepoint.hook
            && let Verdict::Cancel { message, code } = hook()
        {
            let words: Vec<&str> = code.iter().map(String::as_str).collect();
            return Err(uncatchable(&message, &words));
        }
        Ok(())
    }
}

/// An error that scripts cannot catch.
pub fn uncatchable(message: &str, words: &[&str]) -> Box<Exception> {
    let mut exception = Exception::new(code::ERROR, Value::text(message));
    exception.error_code = Some(Value::list(
        words.iter().map(|word| Value::text(word)).collect(),
    ));
    exception.is_uncatchable = true;
    exception
}
