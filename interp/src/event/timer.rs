//! Timers in the order in which they fall due: by time, then by age.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::time::Instant;

use super::TimerId;

/// Most timers that may wait at once. A script that re-arms more `after`s than this has lost count of them; at about
/// 100 bytes each this is 100 MB.
pub const TIMERS_MAX: usize = 1 << 20;

/// There are [`TIMERS_MAX`] timers or idle callbacks already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyTimers;

impl fmt::Display for TooManyTimers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "too many pending timers (limit {TIMERS_MAX})")
    }
}

impl std::error::Error for TooManyTimers {}

/// The timers that wait, and the batch of those that have fallen due and are being handed out.
#[derive(Debug, Default)]
pub(super) struct Timers {
    order: BTreeSet<(Instant, TimerId)>,
    due_at: HashMap<TimerId, Instant>,
    /// Fallen due together and not handed out yet. A timer made meanwhile never joins them, even when due at once:
    /// `after 0` that re-arms itself must not starve files.
    batch: VecDeque<TimerId>,
    /// Counts batches.
    generation: u64,
}

impl Timers {
    pub(super) fn add(&mut self, id: TimerId, at: Instant) -> Result<(), TooManyTimers> {
        if self.due_at.len() + self.batch.len() >= TIMERS_MAX {
            return Err(TooManyTimers);
        }
        self.order.insert((at, id));
        self.due_at.insert(id, at);
        Ok(())
    }

    /// Whether the timer was still waiting.
    pub(super) fn cancel(&mut self, id: TimerId) -> bool {
        if let Some(at) = self.due_at.remove(&id) {
            return self.order.remove(&(at, id));
        }
        let before = self.batch.len();
        self.batch.retain(|waiting| *waiting != id);
        self.batch.len() < before
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty() && self.batch.is_empty()
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Moves the timers due at `now` into a new batch, unless one is still being handed out.
    pub(super) fn collect_due(&mut self, now: Instant) {
        if !self.batch.is_empty() {
            return;
        }
        while let Some((at, id)) = self.order.first().copied() {
            if at > now {
                break;
            }
            self.order.remove(&(at, id));
            self.due_at.remove(&id);
            self.batch.push_back(id);
        }
        if !self.batch.is_empty() {
            self.generation += 1;
        }
    }

    pub(super) fn pop(&mut self) -> Option<TimerId> {
        self.batch.pop_front()
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }
}
