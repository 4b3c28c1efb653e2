//! The event loop as the interpreter uses it: what to do when something happens.
//!
//! The loop itself ([`crate::event`]) keeps no callbacks; they are here, by the loop's ids.

use std::collections::HashMap;
use std::os::fd::BorrowedFd;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use super::exception::{Exception, Outcome};
use super::{Context, Interp};
use crate::event::{
    Event, EventLoop, Filter, IdleId, Interest, Mail, Mailbox, SourceId, TimerId, Wait, WatchError,
};
use crate::value::Value;

/// What an event runs.
pub enum Callback {
    /// A script, at the global level; its errors are reported in the background.
    Script(Value),
    /// Native code.
    Native(Box<dyn FnOnce(&mut Interp)>),
}

/// Called when a watched file descriptor is ready; `true` for readable, `false` for writable.
pub type SourceCallback = Rc<dyn Fn(&mut Interp, SourceId, bool)>;

/// Work for an interpreter from another thread.
pub type Job = Box<dyn FnOnce(&mut Interp) + Send>;

/// A pending `after`.
pub(crate) struct Pending {
    /// The number in its id, `after#N`.
    pub number: u64,
    pub callback: Callback,
}

/// The callbacks of one interpreter.
pub(crate) struct Events {
    pub event_loop: EventLoop,
    pub timers: HashMap<TimerId, Pending>,
    pub idles: HashMap<IdleId, Pending>,
    pub sources: HashMap<SourceId, SourceCallback>,
    /// The number of the next `after` id.
    pub next_number: u64,
    /// `interp bgerror`: the command prefix that reports background errors.
    pub background_handler: Value,
    /// Errors not reported yet, with their options.
    pub background_errors: Vec<(Value, Value)>,
}

impl Events {
    pub fn new() -> Events {
        Events {
            event_loop: EventLoop::new(),
            timers: HashMap::new(),
            idles: HashMap::new(),
            sources: HashMap::new(),
            next_number: 0,
            background_handler: Value::text("::tcl::Bgerror"),
            background_errors: Vec::new(),
        }
    }
}

impl Interp {
    /// Runs `callback` once, `delay` from now. Returns the number in its `after#N` id.
    ///
    /// Errors: too many timers.
    pub fn after(&mut self, delay: Duration, callback: Callback) -> Result<u64, Box<Exception>> {
        let id = self
            .events
            .event_loop
            .add_timer(delay)
            .map_err(|_| too_many())?;
        let number = self.next_after_number();
        self.events.timers.insert(id, Pending { number, callback });
        Ok(number)
    }

    /// Runs `callback` once, when nothing else is to do. Returns the number in its `after#N` id.
    ///
    /// Errors: too many callbacks.
    pub fn after_idle(&mut self, callback: Callback) -> Result<u64, Box<Exception>> {
        let id = self.events.event_loop.add_idle().map_err(|_| too_many())?;
        let number = self.next_after_number();
        self.events.idles.insert(id, Pending { number, callback });
        Ok(number)
    }

    fn next_after_number(&mut self) -> u64 {
        let number = self.events.next_number;
        self.events.next_number += 1;
        number
    }

    /// Forgets the callback `after#number`; returns whether it was there.
    pub fn cancel_after(&mut self, number: u64) -> bool {
        let timer = self
            .events
            .timers
            .iter()
            .find(|(_, pending)| pending.number == number)
            .map(|(id, _)| *id);
        if let Some(id) = timer {
            self.events.event_loop.cancel_timer(id);
            return self.events.timers.remove(&id).is_some();
        }
        let idle = self
            .events
            .idles
            .iter()
            .find(|(_, pending)| pending.number == number)
            .map(|(id, _)| *id);
        if let Some(id) = idle {
            self.events.event_loop.cancel_idle(id);
            return self.events.idles.remove(&id).is_some();
        }
        false
    }

    /// Calls `callback` whenever the file descriptor is ready for `interest`. The caller keeps the descriptor open
    /// until [`Interp::unwatch`].
    ///
    /// Errors: what the operating system says, or too many sources.
    pub fn watch(
        &mut self,
        descriptor: BorrowedFd<'_>,
        interest: Interest,
        callback: SourceCallback,
    ) -> Result<SourceId, WatchError> {
        let id = self.events.event_loop.watch(descriptor, interest)?;
        self.events.sources.insert(id, callback);
        Ok(id)
    }

    /// Stops watching.
    pub fn unwatch(&mut self, id: SourceId) {
        self.events.event_loop.unwatch(id);
        self.events.sources.remove(&id);
    }

    /// The event loop, for callers that keep readiness themselves.
    pub fn event_loop(&mut self) -> &mut EventLoop {
        &mut self.events.event_loop
    }

    /// A handle by which other threads send [`Job`]s: post a `Job` boxed as [`Mail`].
    pub fn mailbox(&mut self) -> Mailbox {
        self.events.event_loop.mailbox()
    }

    /// Boxes a job for a [`Mailbox`].
    pub fn job(job: impl FnOnce(&mut Interp) + Send + 'static) -> Mail {
        let job: Job = Box::new(job);
        Box::new(job)
    }

    /// Waits as long as `wait` says for one event (or one batch of timers or idle callbacks) and acts on it.
    /// Returns whether there was one.
    ///
    /// Errors: an exception that scripts cannot catch, such as an interrupt.
    pub fn do_one_event(&mut self, wait: Wait, filter: Filter) -> Result<bool, Box<Exception>> {
        if self.safepoint.interrupt.is_set() || self.exit_status.is_some() {
            self.check_safepoint()?;
        }
        let wait = self.bounded_wait(wait);
        let Some(event) = self.events.event_loop.turn(wait, filter) else {
            self.check_after_wait()?;
            return Ok(false);
        };
        let batch = self.events.event_loop.batch();
        self.act(event);
        while self.exit_status.is_none()
            && let Some(event) = self.events.event_loop.next_in(batch)
        {
            self.act(event);
        }
        if self.exit_status.is_some() {
            self.check_safepoint()?;
        }
        Ok(true)
    }

    /// Forgets everything that this interpreter waits for, when it is deleted.
    pub(crate) fn forget_events(&mut self) {
        for (id, _) in self.events.timers.drain() {
            self.events.event_loop.cancel_timer(id);
        }
        for (id, _) in self.events.idles.drain() {
            self.events.event_loop.cancel_idle(id);
        }
        for (id, _) in self.events.sources.drain() {
            self.events.event_loop.unwatch(id);
        }
    }

    /// A wait that ends in time for the deadline of the running evaluation and for the interpreter's time limit.
    fn bounded_wait(&self, wait: Wait) -> Wait {
        let left = self
            .safepoint
            .time_limit
            .map(|limit| limit.duration_since(SystemTime::now()).unwrap_or_default());
        let limit = left.and_then(|left| Instant::now().checked_add(left));
        let deadline = match (self.safepoint.deadline, limit) {
            (Some(deadline), Some(limit)) => Some(deadline.min(limit)),
            (deadline, limit) => deadline.or(limit),
        };
        match (wait, deadline) {
            (Wait::Forever, Some(deadline)) => Wait::Until(deadline),
            (Wait::Until(until), Some(deadline)) => Wait::Until(until.min(deadline)),
            (wait, _) => wait,
        }
    }

    /// Whether an event is about something that this interpreter waits for; other interpreters of the thread share
    /// the loop.
    pub(crate) fn knows(&self, event: &Event) -> bool {
        match event {
            Event::Timer(id) => self.events.timers.contains_key(id),
            Event::Idle(id) => self.events.idles.contains_key(id),
            Event::Readable(id) | Event::Writable(id) => self.events.sources.contains_key(id),
            Event::Mail(_) => (self.natives.is_first)(self),
        }
    }

    /// Acts on an event, in the interpreter that waits for it.
    pub(crate) fn act(&mut self, event: Event) {
        if !self.knows(&event) {
            return (self.natives.pass_on)(self, event);
        }
        match event {
            Event::Timer(id) => {
                if let Some(pending) = self.events.timers.remove(&id) {
                    self.run_callback(pending.callback, "\"after\" script");
                }
            }
            Event::Idle(id) => {
                if let Some(pending) = self.events.idles.remove(&id) {
                    self.run_callback(pending.callback, "\"after\" script");
                }
            }
            Event::Readable(id) => self.run_source(id, true),
            Event::Writable(id) => self.run_source(id, false),
            Event::Mail(mail) => {
                if let Ok(job) = mail.downcast::<Job>() {
                    (*job)(self);
                }
            }
        }
    }

    fn run_source(&mut self, id: SourceId, is_readable: bool) {
        if let Some(callback) = self.events.sources.get(&id).cloned() {
            callback(self, id, is_readable);
        }
    }

    /// Runs a callback; the errors of a script are reported in the background, with `label` in errorInfo.
    pub fn run_callback(&mut self, callback: Callback, label: &str) {
        match callback {
            Callback::Script(script) => {
                let outcome = self.eval_in(&script, Context::Global);
                self.report_outcome(outcome, label);
            }
            Callback::Native(function) => function(self),
        }
    }

    /// Reports a background script's exception, if it is one.
    pub fn report_outcome(&mut self, outcome: Outcome, label: &str) {
        if let Err(mut exception) = outcome {
            if exception.is_uncatchable && self.exit_status.is_some() {
                return;
            }
            if exception.code == super::code::ERROR && !label.is_empty() {
                exception.add_info(&format!("\n    ({label})"));
            }
            self.background_error(&exception);
        }
    }

    /// Hands an exception to the handler of background errors, in an idle callback of its own.
    pub fn background_error(&mut self, exception: &Exception) {
        let is_first = self.events.background_errors.is_empty();
        self.events
            .background_errors
            .push((exception.value.clone(), exception.options()));
        self.publish_error(exception);
        if is_first {
            let report = Box::new(|interp: &mut Interp| interp.report_background_errors());
            let _ = self.after_idle(Callback::Native(report));
        }
    }

    fn report_background_errors(&mut self) {
        while !self.events.background_errors.is_empty() {
            let (message, options) = self.events.background_errors.remove(0);
            let Ok(prefix) = self.events.background_handler.to_list() else {
                return;
            };
            let mut words = prefix.elements().to_vec();
            words.push(message);
            words.push(options);
            match self.call(words) {
                Err(exception) if exception.code == super::code::BREAK => {
                    self.events.background_errors.clear()
                }
                Err(exception) if !exception.is_uncatchable => {
                    self.print_error(&format!(
                        "error in background error handler:\n{}\n",
                        exception.info_value()
                    ));
                }
                _ => {}
            }
        }
    }

    /// Handles events until `is_done` says so. With `until`, gives up then and returns false.
    ///
    /// Errors: exceptions that scripts cannot catch; `can't wait for variable…`-like errors are the caller's.
    pub fn wait_until(
        &mut self,
        until: Option<Instant>,
        mut is_done: impl FnMut(&mut Interp) -> bool,
    ) -> Result<bool, Box<Exception>> {
        loop {
            if is_done(self) {
                return Ok(true);
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(false);
            }
            let wait = until.map_or(Wait::Forever, Wait::Until);
            self.do_one_event(wait, Filter::ALL)?;
        }
    }

    /// Whether nothing can ever happen: no timer, no idle callback, no watched descriptor.
    pub fn has_no_events(&self) -> bool {
        self.events.event_loop.is_empty()
    }
}

fn too_many() -> Box<Exception> {
    Exception::with_code("too many pending callbacks", ["TCL", "LIMIT", "SIZE"])
}
