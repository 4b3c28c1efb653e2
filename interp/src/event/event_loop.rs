//! The loop itself: which event comes next, and how long to wait for it.

use std::collections::VecDeque;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::clock::{Clock, SystemClock};
use super::mailbox::{Mail, Mailbox, Shared};
use super::source::{Sources, WatchError};
use super::timer::{Timers, TooManyTimers};
use super::{Batch, Event, Filter, IdleId, Interest, SourceId, TIMERS_MAX, TimerId, Wait};

/// One thread's event loop. Making one costs no system call.
///
/// A typical use, one event at a time:
///
/// ```text
/// while let Some(event) = events.turn(Wait::Forever, Filter::ALL) {
///     act_on(event);
///     let batch = events.batch();
///     while let Some(event) = events.next_in(batch) { act_on(event) }
///     if done { break }
/// }
/// ```
pub struct EventLoop {
    clock: Box<dyn Clock>,
    last_id: u64,
    timers: Timers,
    /// Idle callbacks that no batch has taken yet.
    idles: VecDeque<IdleId>,
    /// The idle callbacks of the present batch that have not been handed out.
    idle_batch: VecDeque<IdleId>,
    idle_generation: u64,
    sources: Sources,
    mail: Arc<Shared>,
    /// This round's mail.
    mail_round: VecDeque<Mail>,
    /// The batch of the event handed out last.
    batch: Batch,
}

impl Default for EventLoop {
    fn default() -> Self {
        EventLoop::new()
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        self.mail.close();
    }
}

impl EventLoop {
    /// A loop on the system's clock.
    pub fn new() -> EventLoop {
        EventLoop::with_clock(Box::new(SystemClock))
    }

    /// A loop on a clock of the caller's.
    pub fn with_clock(clock: Box<dyn Clock>) -> EventLoop {
        EventLoop {
            clock,
            last_id: 0,
            timers: Timers::default(),
            idles: VecDeque::new(),
            idle_batch: VecDeque::new(),
            idle_generation: 0,
            sources: Sources::default(),
            mail: Arc::default(),
            mail_round: VecDeque::new(),
            batch: Batch::Single,
        }
    }

    /// The time on the loop's clock.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Makes a timer due `delay` from now. Timers due at the same instant come in the order in which they were made.
    pub fn add_timer(&mut self, delay: Duration) -> Result<TimerId, TooManyTimers> {
        let now = self.clock.now();
        // An instant the clock cannot express is for ever, near enough.
        let at = now
            .checked_add(delay)
            .or_else(|| now.checked_add(FAR_FUTURE))
            .unwrap_or(now);
        self.add_timer_at(at)
    }

    /// Makes a timer due at `at`.
    pub fn add_timer_at(&mut self, at: Instant) -> Result<TimerId, TooManyTimers> {
        let id = TimerId(self.new_id());
        self.timers.add(id, at)?;
        Ok(id)
    }

    /// Forgets a timer. Whether it was still waiting.
    pub fn cancel_timer(&mut self, id: TimerId) -> bool {
        self.timers.cancel(id)
    }

    /// Makes an idle callback, for when nothing else happens.
    pub fn add_idle(&mut self) -> Result<IdleId, TooManyTimers> {
        if self.idles.len() >= TIMERS_MAX {
            return Err(TooManyTimers);
        }
        let id = IdleId(self.new_id());
        self.idles.push_back(id);
        Ok(id)
    }

    /// Forgets an idle callback. Whether it was still waiting.
    pub fn cancel_idle(&mut self, id: IdleId) -> bool {
        let before = self.idles.len() + self.idle_batch.len();
        self.idles.retain(|waiting| *waiting != id);
        self.idle_batch.retain(|waiting| *waiting != id);
        self.idles.len() + self.idle_batch.len() < before
    }

    /// Begins to watch a descriptor. Regular files count as always ready.
    ///
    /// A descriptor is watched once at a time; the caller calls [`EventLoop::unwatch`] before it closes it.
    /// Errors: [`WatchError`], for instance when the descriptor is watched already.
    pub fn watch(
        &mut self,
        fd: BorrowedFd<'_>,
        interest: Interest,
    ) -> Result<SourceId, WatchError> {
        let id = SourceId(self.new_id());
        self.sources.watch(id, fd, interest)?;
        Ok(id)
    }

    /// Makes a source without a descriptor, which is ready only while [`EventLoop::mark_ready`] says so.
    pub fn watch_unpolled(&mut self, interest: Interest) -> Result<SourceId, WatchError> {
        let id = SourceId(self.new_id());
        self.sources.watch_unpolled(id, interest)?;
        Ok(id)
    }

    /// Changes what is wanted of a source. Taking away is free of system calls; adding costs one at most.
    pub fn set_interest(&mut self, id: SourceId, interest: Interest) -> Result<(), WatchError> {
        self.sources.set_interest(id, interest)
    }

    /// What is wanted of a source; nothing if it is not watched.
    pub fn interest(&self, id: SourceId) -> Interest {
        self.sources.interest(id)
    }

    /// Stops watching. Events of the source that were found but not handed out are dropped.
    pub fn unwatch(&mut self, id: SourceId) {
        self.sources.unwatch(id);
    }

    /// Says that a read or write of the source fell short or would have blocked, so that it is not ready any more.
    ///
    /// Ignored for regular files and for directions that the peer has closed, which stay ready.
    pub fn drained(&mut self, id: SourceId, what: Interest) {
        self.sources.drained(id, what);
    }

    /// Says that an unpolled source is ready, until [`EventLoop::drained`].
    pub fn mark_ready(&mut self, id: SourceId, what: Interest) {
        self.sources.mark_ready(id, what);
    }

    /// Says whether input of the source waits in a buffer above its descriptor, so that it is readable although the
    /// descriptor may be silent.
    pub fn set_buffered(&mut self, id: SourceId, is_buffered: bool) {
        self.sources.set_buffered(id, is_buffered);
    }

    /// Asks the system anew what is ready, for sources whose short reads prove nothing (terminals).
    pub fn recheck(&mut self, id: SourceId) {
        self.sources.recheck(id);
    }

    /// A handle through which other threads post mail to this loop.
    pub fn mailbox(&self) -> Mailbox {
        self.mail.mailbox()
    }

    /// Whether mail waits; cheap enough for a safepoint.
    pub fn has_mail(&self) -> bool {
        !self.mail_round.is_empty() || self.mail.has_mail()
    }

    /// Whether nothing is registered that could ever make an event: no timer, idle callback, source or mailbox.
    pub fn is_empty(&self) -> bool {
        self.timers.is_empty()
            && self.idles.is_empty()
            && self.idle_batch.is_empty()
            && self.sources.is_empty()
            && !self.has_mail()
            && !self.mail.has_senders()
    }

    /// The next event, waiting for it if `wait` allows. Asks the system at most once per wake-up, and not at all while
    /// known readiness is being handed out.
    ///
    /// `None`: nothing happened in time, or a signal or [`Mailbox::wake`] ended the wait.
    pub fn turn(&mut self, wait: Wait, filter: Filter) -> Option<Event> {
        self.batch = Batch::Single;
        loop {
            if let Some(event) = self.next_of_round(filter) {
                return Some(event);
            }
            let ended = self.new_round(wait, filter);
            if let Some(event) = self.next_of_round(filter) {
                return Some(event);
            }
            if filter.contains(Filter::IDLE)
                && let Some(event) = self.next_idle()
            {
                return Some(event);
            }
            if ended {
                return None;
            }
        }
    }

    /// The batch of the event handed out last by [`EventLoop::turn`] or [`EventLoop::next_in`].
    pub fn batch(&self) -> Batch {
        self.batch
    }

    /// The next event of `batch`, if some are left. tclsh runs a whole batch before it looks whether `vwait` is done.
    pub fn next_in(&mut self, batch: Batch) -> Option<Event> {
        match batch {
            Batch::Timers(generation) if generation == self.timers.generation() => {
                self.next_timer()
            }
            Batch::Idles(generation) if generation == self.idle_generation => self.pop_idle(),
            _ => None,
        }
    }

    fn next_of_round(&mut self, filter: Filter) -> Option<Event> {
        if filter.contains(Filter::MAIL)
            && let Some(mail) = self.mail_round.pop_front()
        {
            return Some(Event::Mail(mail));
        }
        if filter.contains(Filter::FILE)
            && let Some((id, direction)) = self.sources.pop()
        {
            return Some(if direction == Interest::READ {
                Event::Readable(id)
            } else {
                Event::Writable(id)
            });
        }
        if filter.contains(Filter::TIMER) {
            return self.next_timer();
        }
        None
    }

    fn next_timer(&mut self) -> Option<Event> {
        let id = self.timers.pop()?;
        self.batch = Batch::Timers(self.timers.generation());
        Some(Event::Timer(id))
    }

    fn next_idle(&mut self) -> Option<Event> {
        if self.idle_batch.is_empty() && !self.idles.is_empty() {
            self.idle_generation += 1;
            std::mem::swap(&mut self.idle_batch, &mut self.idles);
        }
        self.pop_idle()
    }

    fn pop_idle(&mut self) -> Option<Event> {
        let id = self.idle_batch.pop_front()?;
        self.batch = Batch::Idles(self.idle_generation);
        Some(Event::Idle(id))
    }

    /// Finds what is ready, waiting if nothing is. Whether the turn ends here even if nothing was found.
    fn new_round(&mut self, wait: Wait, filter: Filter) -> bool {
        let needs_time = filter.contains(Filter::TIMER) && self.timers.next_due().is_some();
        let now = if needs_time || matches!(wait, Wait::Until(_)) {
            Some(self.clock.now())
        } else {
            None
        };
        let ended = self.gather(wait, filter, now);
        self.mail_round.append(&mut self.mail.take_all());
        self.sources.begin_round();
        if needs_time {
            self.timers.collect_due(self.clock.now());
        }
        ended
    }

    /// Waits for the system or the clock. Whether the wait was interrupted or its time is up.
    fn gather(&mut self, wait: Wait, filter: Filter, now: Option<Instant>) -> bool {
        let wants_files = filter.contains(Filter::FILE) || filter.contains(Filter::MAIL);
        if wants_files && self.sources.may_skip_poll() {
            return true;
        }
        let deadline = self.deadline(wait, filter);
        let may_block = wait != Wait::Poll && !self.has_waiting(filter);
        let timeout = match (may_block, deadline, now) {
            (false, _, _) => Some(Duration::ZERO),
            (true, Some(deadline), now) => {
                Some(deadline.saturating_duration_since(now.unwrap_or_else(|| self.clock.now())))
            }
            (true, None, _) => None,
        };
        let interrupted = self.wait_for(timeout, deadline, wants_files);
        interrupted || !may_block || matches!(wait, Wait::Until(end) if self.clock.now() >= end)
    }

    /// Whether something can be handed out without waiting.
    fn has_waiting(&mut self, filter: Filter) -> bool {
        let idles =
            filter.contains(Filter::IDLE) && !(self.idles.is_empty() && self.idle_batch.is_empty());
        let mail = filter.contains(Filter::MAIL) && self.mail.has_mail();
        idles || mail || (filter.contains(Filter::FILE) && self.sources.has_ready())
    }

    /// The moment at which the wait must end: the caller's, or the next timer's.
    fn deadline(&self, wait: Wait, filter: Filter) -> Option<Instant> {
        let timer = if filter.contains(Filter::TIMER) {
            self.timers.next_due()
        } else {
            None
        };
        match (wait, timer) {
            (Wait::Until(end), Some(timer)) => Some(end.min(timer)),
            (Wait::Until(end), None) => Some(end),
            (_, timer) => timer,
        }
    }

    /// Whether a signal or a wake-up call ended the wait.
    fn wait_for(
        &mut self,
        timeout: Option<Duration>,
        deadline: Option<Instant>,
        wants_files: bool,
    ) -> bool {
        if self.mail.take_nudge() {
            return true;
        }
        let watches = wants_files && (!self.sources.is_empty() || self.mail.has_senders());
        if !watches {
            return self.sleep(timeout, deadline);
        }
        if timeout != Some(Duration::ZERO) && self.mail.has_senders() && !self.prepare_waker() {
            return true;
        }
        if timeout == Some(Duration::ZERO) && !self.sources.has_poll() {
            return false;
        }
        let interrupted = match self.sources.wait(timeout) {
            Ok(()) => false,
            Err(error) => error.kind() == io::ErrorKind::Interrupted || timeout.is_none(),
        };
        self.mail.take_nudge() || interrupted
    }

    /// Installs the waker before the first wait. `false`: mail came meanwhile, or no waker can be had, so do not wait.
    fn prepare_waker(&mut self) -> bool {
        if self.mail.has_waker() {
            return true;
        }
        match self.sources.new_waker() {
            Ok(waker) => self.mail.set_waker(waker),
            Err(_) => return false,
        }
        // What was posted before the waker was there woke nobody.
        !self.mail.has_mail()
    }

    /// Waits where there is nothing to watch. Whether a signal ended it.
    fn sleep(&self, timeout: Option<Duration>, deadline: Option<Instant>) -> bool {
        if timeout == Some(Duration::ZERO) {
            return false;
        }
        if let Some(deadline) = deadline
            && self.clock.skip_to(deadline)
        {
            return false;
        }
        sleep_interruptibly(timeout)
    }
}

/// Farther than any timer that matters: 100 years.
const FAR_FUTURE: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Sleeps until `timeout` has passed (`None`: for ever) or a signal comes. Whether a signal came.
pub(super) fn sleep_interruptibly(timeout: Option<Duration>) -> bool {
    let timespec = timeout.map(|duration| rustix::event::Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    });
    rustix::event::poll(&mut [], timespec.as_ref()).is_err()
}

#[cfg(test)]
#[path = "event_loop_tests.rs"]
mod tests;
