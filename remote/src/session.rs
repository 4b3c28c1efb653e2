//! What one connection owes and is owed: a state machine without sockets and without a clock.
//!
//! A [`Session`] is given messages and the time, and keeps: the requests asked of the peer and not yet answered, the
//! peer's requests that wait to be evaluated here, and the bytes to be sent. It evaluates nothing and decides nothing
//! about order between connections; that is the node's part.
//!
//! Invariants: an id is asked once and answered once; what comes for an id that is not outstanding (a late answer to a
//! request that timed out) is dropped; every queue has a bound.

use crate::evaluator::StopReason;
use crate::failure::Failure;
use crate::protocol::{self, Body, Hello, Message, Outcome, Received, Reply, Request};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

/// The most requests of one peer that wait here. Beyond it the connection is not read until some are done.
pub const QUEUED_REQUESTS_MAX: usize = 4096;

/// The most text of one peer's waiting requests, in bytes; one frame of the largest size always fits.
pub const QUEUED_BYTES_MAX: usize = protocol::FRAME_BYTES_MAX;

/// The most requests that wait for one peer's answers.
pub const OUTSTANDING_MAX: usize = 65_536;

/// The most bytes that wait to be written to a peer that does not read: two frames of the largest size.
pub const OUTPUT_BYTES_MAX: usize = 2 * protocol::FRAME_BYTES_MAX;

/// The longest wait that a request may announce, in milliseconds: a year. More would overflow the clock's arithmetic.
pub const DEADLINE_MS_MAX: u64 = 366 * 24 * 3600 * 1000;

/// An output buffer above this many bytes is given back when it is empty.
const OUTPUT_BYTES_KEPT: usize = 64 << 10;

/// Who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// Somebody who comes back with [`Session::take_answer`].
    Waiter,
    /// Somebody to be told by [`Event::Completed`]; the number is theirs.
    Callback(u64),
}

/// What to ask of a peer.
#[derive(Debug, Clone)]
pub struct Question {
    /// See [`Request::chain`].
    pub chain: u64,
    /// See [`Request::depth`].
    pub depth: u16,
    /// What to evaluate.
    pub body: Body,
    /// How long to wait.
    pub timeout_ms: Option<u64>,
    /// Who waits, or None if no answer is wanted.
    pub asker: Option<Asker>,
}

/// A request of the peer, to be evaluated here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The peer's id for it.
    pub id: u64,
    /// See [`Request::chain`].
    pub chain: u64,
    /// See [`Request::depth`].
    pub depth: u16,
    /// When its caller stops waiting.
    pub deadline: Option<Instant>,
    /// Whether its caller waits at all.
    pub wants_reply: bool,
    /// What to evaluate.
    pub body: Body,
}

/// What a message, or the passing of time, means to the one who owns the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Nothing to do.
    Nothing,
    /// The peer said hello; the connection may be used by name.
    Greeted,
    /// A request was queued.
    Queued,
    /// An answer came that a [`Asker::Waiter`] will take.
    Answered,
    /// An answer, or a failure, for an [`Asker::Callback`].
    Completed(u64, Result<Outcome, Failure>),
    /// The peer's request with this id, which is not in the queue, is to be stopped if it runs.
    CancelRunning(u64),
    /// The peer said farewell.
    Closed(String),
}

/// A request that was asked and not yet answered.
#[derive(Debug)]
struct Asked {
    asker: Asker,
    deadline: Option<Instant>,
    timeout_ms: u64,
    answer: Option<Result<Outcome, Failure>>,
}

/// Bytes to be written, and how many of them have been.
#[derive(Debug, Default)]
pub struct Output {
    bytes: Vec<u8>,
    written: usize,
}

impl Output {
    /// What is still to be written.
    pub fn pending(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }

    /// Notes that the first `count` pending bytes are written.
    pub fn consume(&mut self, count: usize) {
        self.written += count;
        if self.written < self.bytes.len() {
            // What is written goes when it is most of the buffer: each byte is moved once at the most.
            if self.written > OUTPUT_BYTES_KEPT && self.written > self.bytes.len() / 2 {
                self.bytes.drain(..self.written);
                self.written = 0;
            }
            return;
        }
        self.written = 0;
        match self.bytes.capacity() > OUTPUT_BYTES_KEPT {
            true => self.bytes = Vec::new(),
            false => self.bytes.clear(),
        }
    }
}

/// One connection's state. See the module's text.
#[derive(Debug)]
pub struct Session {
    /// For messages: the name or host and port that leads to the peer.
    target: String,
    /// What the peer said first.
    peer: Option<Hello>,
    next_id: u64,
    asked: HashMap<u64, Asked>,
    /// The deadlines of those in `asked` that have one and no answer.
    deadlines: BTreeSet<(Instant, u64)>,
    queue: VecDeque<Incoming>,
    queue_bytes: usize,
    output: Output,
}

impl Session {
    /// A new session that begins by saying `hello`.
    ///
    /// * `target`: what the user calls the peer.
    ///
    /// Errors: the hello is too long.
    pub fn new(target: impl Into<String>, hello: &Hello) -> Result<Session, Failure> {
        let mut output = Output::default();
        protocol::encode_hello(hello, &mut output.bytes)?;
        Ok(Session {
            target: target.into(),
            peer: None,
            next_id: 1,
            asked: HashMap::new(),
            deadlines: BTreeSet::new(),
            queue: VecDeque::new(),
            queue_bytes: 0,
            output,
        })
    }

    /// What the user calls the peer.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What the peer said first, once it has.
    pub fn peer(&self) -> Option<&Hello> {
        self.peer.as_ref()
    }

    /// The bytes to be written.
    pub fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// Whether more waits here than this peer may have; its connection is not to be read until that changes.
    pub fn is_full(&self) -> bool {
        self.queue.len() >= QUEUED_REQUESTS_MAX || self.queue_bytes >= QUEUED_BYTES_MAX
    }

    /// Whether the peer leaves so many answers unread that no more of its requests should be evaluated.
    pub fn is_stuffed(&self) -> bool {
        self.output.pending().len() >= OUTPUT_BYTES_MAX
    }

    /// Whether nothing is asked, queued or to be written.
    pub fn is_idle(&self) -> bool {
        self.asked.is_empty() && self.queue.is_empty() && self.output.pending().is_empty()
    }

    /// Asks the peer, and returns the request's id.
    ///
    /// Errors: [`Failure::Busy`], [`Failure::Protocol`]; nothing was asked then.
    pub fn ask(&mut self, question: Question, now: Instant) -> Result<u64, Failure> {
        if self.asked.len() >= OUTSTANDING_MAX || self.is_stuffed() {
            return Err(Failure::Busy(self.target.clone()));
        }
        let timeout_ms = question.timeout_ms.map(|ms| ms.clamp(1, DEADLINE_MS_MAX));
        let id = self.next_id;
        let request = Request {
            id,
            chain: question.chain,
            depth: question.depth,
            deadline_ms: timeout_ms.unwrap_or(0),
            wants_reply: question.asker.is_some(),
            body: question.body,
        };
        protocol::encode(&Message::Request(request), &mut self.output.bytes)?;
        self.next_id += 1;
        if let Some(asker) = question.asker {
            self.expect(id, asker, timeout_ms, now);
        }
        Ok(id)
    }

    fn expect(&mut self, id: u64, asker: Asker, timeout_ms: Option<u64>, now: Instant) {
        let deadline = timeout_ms.and_then(|ms| now.checked_add(Duration::from_millis(ms)));
        if let Some(deadline) = deadline {
            self.deadlines.insert((deadline, id));
        }
        let asked = Asked {
            asker,
            deadline,
            timeout_ms: timeout_ms.unwrap_or(0),
            answer: None,
        };
        self.asked.insert(id, asked);
    }

    /// Asks for a sign of life. The id comes from the same row as requests'; the answer is taken like theirs, and is an
    /// empty result.
    pub fn ping(&mut self, timeout_ms: Option<u64>, now: Instant) -> Result<u64, Failure> {
        if self.asked.len() >= OUTSTANDING_MAX || self.is_stuffed() {
            return Err(Failure::Busy(self.target.clone()));
        }
        let id = self.next_id;
        protocol::encode(&Message::Ping { id }, &mut self.output.bytes)?;
        self.next_id += 1;
        self.expect(id, Asker::Waiter, timeout_ms, now);
        Ok(id)
    }

    /// The answer to a waiter's request, once; None while there is none.
    pub fn take_answer(&mut self, id: u64) -> Option<Result<Outcome, Failure>> {
        self.asked.get(&id)?.answer.as_ref()?;
        self.asked.remove(&id)?.answer
    }

    /// Gives up a request that was asked: the peer is told to stop it, and its answer will be dropped.
    pub fn cancel(&mut self, id: u64) {
        if let Some(asked) = self.asked.remove(&id) {
            if let Some(deadline) = asked.deadline {
                self.deadlines.remove(&(deadline, id));
            }
            if asked.answer.is_none() {
                self.say(&Message::Cancel { id });
            }
        }
    }

    /// Takes in what the peer said.
    pub fn receive(&mut self, received: Received, now: Instant) -> Event {
        match received {
            Received::Hello(hello) => {
                self.peer = Some(hello);
                Event::Greeted
            }
            Received::Message(Message::Request(request)) => self.queue_request(request, now),
            Received::Message(Message::Reply(reply)) => self.reply(reply),
            Received::Message(Message::Pong { id }) => self.answer(id, Ok(Outcome::ok(""))),
            Received::Message(Message::Cancel { id }) => self.cancel_queued(id),
            Received::Message(Message::Ping { id }) => {
                self.say(&Message::Pong { id });
                Event::Nothing
            }
            Received::Message(Message::Bye { reason }) => Event::Closed(reason),
        }
    }

    fn queue_request(&mut self, request: Request, now: Instant) -> Event {
        let deadline = match request.deadline_ms {
            0 => None,
            ms => now.checked_add(Duration::from_millis(ms.min(DEADLINE_MS_MAX))),
        };
        self.queue_bytes += request.body.text_bytes();
        self.queue.push_back(Incoming {
            id: request.id,
            chain: request.chain,
            depth: request.depth,
            deadline,
            wants_reply: request.wants_reply,
            body: request.body,
        });
        Event::Queued
    }

    fn cancel_queued(&mut self, id: u64) -> Event {
        let Some(index) = self.queue.iter().position(|incoming| incoming.id == id) else {
            return Event::CancelRunning(id);
        };
        if let Some(incoming) = self.queue.remove(index) {
            self.queue_bytes -= incoming.body.text_bytes();
            self.finish(&incoming, Failure::Cancelled.outcome());
        }
        Event::Nothing
    }

    fn reply(&mut self, reply: Reply) -> Event {
        let timeout_ms = self
            .asked
            .get(&reply.id)
            .map_or(0, |asked| asked.timeout_ms);
        let answer = match timeout_ms > 0 && reply.outcome == overdue() {
            // The peer's clock was ahead of ours by a hair.
            true => Err(Failure::Timeout {
                target: self.target.clone(),
                timeout_ms,
            }),
            false => Ok(reply.outcome),
        };
        self.answer(reply.id, answer)
    }

    fn answer(&mut self, id: u64, answer: Result<Outcome, Failure>) -> Event {
        let Some(asked) = self.asked.get_mut(&id) else {
            return Event::Nothing;
        };
        if let Some(deadline) = asked.deadline {
            self.deadlines.remove(&(deadline, id));
        }
        match asked.asker {
            Asker::Waiter => {
                asked.answer = Some(answer);
                Event::Answered
            }
            Asker::Callback(token) => {
                self.asked.remove(&id);
                Event::Completed(token, answer)
            }
        }
    }

    /// Whether a request waits to be evaluated; with `chain`, one of that chain.
    pub fn has_queued(&self, chain: Option<u64>) -> bool {
        match chain {
            None => !self.queue.is_empty(),
            Some(chain) => self.queue.iter().any(|incoming| incoming.chain == chain),
        }
    }

    /// The next request to evaluate; with `chain`, the next of that chain. One whose caller's time is over is answered
    /// here and not given out.
    pub fn begin(&mut self, chain: Option<u64>, now: Instant) -> Option<Incoming> {
        loop {
            let index = match chain {
                None => 0,
                Some(chain) => self
                    .queue
                    .iter()
                    .position(|incoming| incoming.chain == chain)?,
            };
            let incoming = self.queue.remove(index)?;
            self.queue_bytes -= incoming.body.text_bytes();
            if incoming.deadline.is_none_or(|deadline| now < deadline) {
                return Some(incoming);
            }
            self.finish(&incoming, overdue());
        }
    }

    /// Answers a request that was given out. An outcome too large to send becomes an error that says so.
    pub fn finish(&mut self, incoming: &Incoming, outcome: Outcome) {
        if !incoming.wants_reply {
            return;
        }
        let reply = |outcome| {
            Message::Reply(Reply {
                id: incoming.id,
                outcome,
            })
        };
        if let Err(error) = protocol::encode(&reply(outcome), &mut self.output.bytes) {
            self.say(&reply(Failure::Protocol(error).outcome()));
        }
    }

    /// The earliest time at which [`Session::expire`] has something to do.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Ends one request whose time is over, if there is one: its asker gets [`Failure::Timeout`] and the peer is told to
    /// stop. To be called until it returns None.
    pub fn expire(&mut self, now: Instant) -> Option<Event> {
        let (deadline, id) = *self.deadlines.first()?;
        if deadline > now {
            return None;
        }
        self.deadlines.remove(&(deadline, id));
        self.say(&Message::Cancel { id });
        let timeout_ms = self.asked.get(&id).map_or(0, |asked| asked.timeout_ms);
        Some(self.answer(
            id,
            Err(Failure::Timeout {
                target: self.target.clone(),
                timeout_ms,
            }),
        ))
    }

    /// Ends the session: every request that waits for an answer gets `failure`. What the peer asked and waits for is
    /// dropped; what it asked without waiting stays in the queue. Returns what callbacks are owed.
    pub fn lose(&mut self, failure: &Failure) -> Vec<Event> {
        self.queue.retain(|incoming| !incoming.wants_reply);
        self.queue_bytes = self
            .queue
            .iter()
            .map(|incoming| incoming.body.text_bytes())
            .sum();
        self.output = Output::default();
        let unanswered = self
            .asked
            .iter()
            .filter(|(_, asked)| asked.answer.is_none());
        let mut ids: Vec<u64> = unanswered.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.into_iter()
            .map(|id| self.answer(id, Err(failure.clone())))
            .collect()
    }

    /// Says farewell.
    pub fn bye(&mut self, reason: &str) {
        self.say(&Message::Bye {
            reason: reason.to_string(),
        });
    }

    /// Sends a message that is small by its nature. If the peer reads so little that even those pile up, it is dropped:
    /// the connection is then as good as dead, and what waits on it ends by its own deadline.
    fn say(&mut self, message: &Message) {
        if self.output.pending().len() < OUTPUT_BYTES_MAX + protocol::FRAME_BYTES_MAX {
            // Small messages always fit a frame.
            let _ = protocol::encode(message, &mut self.output.bytes);
        }
    }
}

/// What a request is answered whose caller's time was over before its turn came, or passed while it ran.
pub fn overdue() -> Outcome {
    let (message, code) = StopReason::Overdue.words();
    Outcome::error(message, code.join(" "))
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
