//! The event loop: timers, idle callbacks, readiness of file descriptors, and mail from other threads.
//!
//! It stores no callbacks and runs no scripts. Every registration has an id, and [`EventLoop::turn`] hands back one
//! [`Event`] at a time for its caller to act on, so that event loops nest (`vwait` inside a callback) without the loop
//! being borrowed while a script runs. Read [`EventLoop`] first.
//!
//! Order, as tclsh 8.6 has it: within one round readable and writable sources, then the timers that are due, then idle
//! callbacks when a round brought nothing else. All timers due at the same moment form one [`Batch`], as do all idle
//! callbacks: tclsh looks at a `vwait` variable only after a whole batch.

mod channel_watch;
mod clock;
mod event_loop;
mod mailbox;
mod source;
mod timer;

pub use channel_watch::ChannelWatch;
pub use clock::{Clock, ManualClock, SystemClock};
pub use event_loop::EventLoop;
pub use mailbox::{MAIL_MAX, Mail, MailError, Mailbox};
pub use source::{SOURCES_MAX, WatchError};
pub use timer::{TIMERS_MAX, TooManyTimers};

use std::time::Instant;

/// Names one timer made by [`EventLoop::add_timer`]. Never used twice in one loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId(pub u64);

/// Names one idle callback made by [`EventLoop::add_idle`]. Never used twice in one loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdleId(pub u64);

/// Names one watched file descriptor, made by [`EventLoop::watch`]. Never used twice in one loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u64);

/// One thing that happened, for the caller to act on.
#[derive(Debug)]
pub enum Event {
    /// A timer is due; it has been removed from the loop.
    Timer(TimerId),
    /// Nothing else was waiting; the idle callback has been removed from the loop.
    Idle(IdleId),
    /// A read from the source will not block. Repeats every round until [`EventLoop::drained`] or a change of interest.
    Readable(SourceId),
    /// A write to the source will not block. Repeats as [`Event::Readable`] does.
    Writable(SourceId),
    /// A message that another thread posted to a [`Mailbox`] of this loop.
    Mail(Mail),
}

/// How long a turn may wait for something to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    Poll,
    /// Until this instant of the loop's clock.
    Until(Instant),
    /// Until something happens, or a signal interrupts the wait.
    Forever,
}

/// Which kinds of event a turn may return, as the flags of Tcl's `Tcl_DoOneEvent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter(u8);

impl Filter {
    /// Readable and writable sources.
    pub const FILE: Filter = Filter(1);
    /// Timers.
    pub const TIMER: Filter = Filter(2);
    /// Idle callbacks.
    pub const IDLE: Filter = Filter(4);
    /// Mail from other threads.
    pub const MAIL: Filter = Filter(8);
    /// Everything.
    pub const ALL: Filter = Filter(15);

    /// Whether every kind in `other` is in `self`.
    pub const fn contains(self, other: Filter) -> bool {
        self.0 & other.0 == other.0
    }

    /// The kinds in either.
    pub const fn union(self, other: Filter) -> Filter {
        Filter(self.0 | other.0)
    }
}

/// What a watcher wants to know of a source: readable, writable, both or (for a moment) neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interest(u8);

impl Interest {
    /// Nothing: the source stays known but yields no event.
    pub const NONE: Interest = Interest(0);
    /// Readable.
    pub const READ: Interest = Interest(1);
    /// Writable.
    pub const WRITE: Interest = Interest(2);
    /// Both.
    pub const BOTH: Interest = Interest(3);

    /// Whether all of `other` is in `self`.
    pub const fn contains(self, other: Interest) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is in either.
    pub const fn union(self, other: Interest) -> Interest {
        Interest(self.0 | other.0)
    }

    /// What is in both.
    pub const fn intersection(self, other: Interest) -> Interest {
        Interest(self.0 & other.0)
    }

    /// `self` without what is in `other`.
    pub const fn without(self, other: Interest) -> Interest {
        Interest(self.0 & !other.0)
    }

    /// Whether it is [`Interest::NONE`].
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// The group of timers or idle callbacks to which the event returned last belongs. See [`EventLoop::next_in`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    /// The event stands alone.
    Single,
    /// Timers that fell due together; the number tells one such group from the next.
    Timers(u64),
    /// Idle callbacks that were waiting together.
    Idles(u64),
}
