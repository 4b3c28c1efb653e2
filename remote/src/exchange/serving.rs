//! What a node is asked: requests in the order of their turn, and those being evaluated, one within the other.

use super::Exchange;
use crate::evaluator::{StopReason, Verdict};
use crate::failure::Failure;
use crate::protocol::Body;
use crate::protocol::Outcome;
use crate::session::Incoming;
use crate::session::overdue;
use std::time::{Duration, Instant};

/// A request that is being evaluated.
pub(super) struct Running {
    /// Where it came from; None if from this interpreter itself.
    pub(super) link: Option<u64>,
    pub(super) incoming: Incoming,
    stop: Option<StopReason>,
    /// Whether its script was told to stop, so that its completion says nothing.
    was_told: bool,
}

impl Exchange {
    /// The next request to evaluate; with `chain`, the next of that chain. It counts as running until
    /// [`Exchange::finish`].
    pub fn begin(&mut self, chain: Option<u64>, now: Instant) -> Option<Body> {
        for _ in 0..self.ready.len() {
            let number = self.ready.pop_front()?;
            let Some(link) = self.links.get_mut(&number) else {
                continue;
            };
            link.is_ready = false;
            // What a peer does not read must not grow; its turn comes back when it has read.
            if link.session.is_stuffed() {
                continue;
            }
            let was_full = link.session.is_full();
            let begun = link.session.begin(chain, now);
            let has_more = link.session.has_queued(None);
            if has_more {
                self.mark_ready(number);
            }
            if was_full || begun.is_none() {
                self.mark_dirty(number);
            }
            if let Some(mut incoming) = begun {
                if let Some(deadline) = incoming.deadline {
                    // Whoever waits for events in the script is to be woken.
                    self.arm(deadline, now);
                }
                let body = std::mem::replace(&mut incoming.body, Body::Words(Vec::new()));
                self.running.push(Running {
                    link: Some(number),
                    incoming,
                    stop: None,
                    was_told: false,
                });
                return Some(body);
            }
        }
        None
    }

    /// Notes that this interpreter evaluates something that it sent to itself.
    pub fn begin_own(&mut self, timeout_ms: Option<u64>, now: Instant) {
        let (chain, depth) = self.next_chain();
        let deadline = timeout_ms.and_then(|ms| now.checked_add(Duration::from_millis(ms)));
        let body = Body::Words(Vec::new());
        let incoming = Incoming {
            id: 0,
            chain,
            depth,
            deadline,
            wants_reply: false,
            body,
        };
        self.running.push(Running {
            link: None,
            incoming,
            stop: None,
            was_told: false,
        });
    }

    /// Ends the innermost request, and answers it if its caller waits. Returns what it came to.
    pub fn finish(&mut self, outcome: Outcome) -> Option<Outcome> {
        let running = self.running.pop()?;
        let outcome = match running.stop.filter(|_| running.was_told) {
            None => outcome,
            Some(StopReason::Cancelled) => Failure::Cancelled.outcome(),
            Some(StopReason::Overdue) => overdue(),
        };
        let Some(number) = running.link else {
            return Some(outcome);
        };
        let link = self.links.get_mut(&number)?;
        if link.is_done() {
            self.links.remove(&number);
        } else if !link.is_dead {
            link.session.finish(&running.incoming, outcome);
            self.mark_dirty(number);
        }
        None
    }

    /// How many requests are being evaluated, one within the other.
    pub fn depth(&self) -> usize {
        self.running.len()
    }

    /// The chain of the innermost request.
    pub fn running_chain(&self) -> Option<u64> {
        self.running.last().map(|running| running.incoming.chain)
    }

    /// What the innermost request's script is to do.
    pub fn verdict(&mut self, now: Instant) -> Verdict {
        let Some(running) = self.running.last_mut() else {
            return Verdict::Continue;
        };
        if running.stop.is_none()
            && running
                .incoming
                .deadline
                .is_some_and(|deadline| deadline <= now)
        {
            running.stop = Some(StopReason::Overdue);
        }
        match running.stop {
            None => Verdict::Continue,
            Some(reason) => {
                running.was_told = true;
                Verdict::Stop(reason)
            }
        }
    }

    /// When the innermost request's time is over.
    pub fn running_deadline(&self) -> Option<Instant> {
        self.running
            .last()
            .and_then(|running| running.incoming.deadline)
    }

    /// Stops a peer's request if it is being evaluated, and what it caused here in turn.
    pub(super) fn cancel_running(&mut self, number: u64, is_meant: impl Fn(&Incoming) -> bool) {
        let mut chain = None;
        for running in &mut self.running {
            if running.link == Some(number) && is_meant(&running.incoming) {
                chain = Some(running.incoming.chain);
            }
            if chain == Some(running.incoming.chain) {
                running.stop.get_or_insert(StopReason::Cancelled);
            }
        }
    }
}
