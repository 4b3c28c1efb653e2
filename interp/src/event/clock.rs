//! Time as the event loop sees it: the system's, or one that a test holds still.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Where an event loop learns the time.
pub trait Clock {
    /// The present moment; never goes backwards.
    fn now(&self) -> Instant;

    /// Passes the time until `deadline` without really waiting, if this clock can. `false` means: wait yourself.
    fn skip_to(&self, deadline: Instant) -> bool {
        let _ = deadline;
        false
    }
}

/// The system's monotonic clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// A clock that stands still until it is told to move. Clones share their time.
///
/// An event loop with nothing to watch but timers moves it on to the next timer instead of waiting.
#[derive(Debug, Clone)]
pub struct ManualClock {
    now: Rc<Cell<Instant>>,
}

impl ManualClock {
    /// A clock that starts at `start`.
    pub fn new(start: Instant) -> ManualClock {
        ManualClock {
            now: Rc::new(Cell::new(start)),
        }
    }

    /// Moves the clock on by `by`.
    pub fn advance(&self, by: Duration) {
        self.now
            .set(self.now.get().checked_add(by).unwrap_or(self.now.get()));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        self.now.get()
    }

    fn skip_to(&self, deadline: Instant) -> bool {
        self.now.set(deadline.max(self.now.get()));
        true
    }
}
