//! A node: one interpreter's place among the others. It asks others, answers them, and does both at once.
//!
//! A node lives on its interpreter's thread. Whoever runs the event loop watches [`Node::as_fd`] and calls
//! [`Node::turn`] when it is readable; a script that runs calls [`Node::safepoint`] now and then through its
//! interpreter. A `send` that waits serves the requests that come meanwhile, from whomever, and nothing else, as Tk's
//! does: two that ask each other, or three in a ring, all get their answers.
//!
//! Read first: [`Node::send`], then [`Node::turn`].

use crate::evaluator::{Evaluator, Verdict};
use crate::exchange::Exchange;
pub use crate::exchange::Settings;
use crate::failure::Failure;
use crate::local::Target;
use crate::protocol::{Body, Outcome};
use crate::session::{Asker, DEADLINE_MS_MAX, Question};
use std::cell::RefCell;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// How many requests may be evaluated within each other, each waiting for the next, in one interpreter. Each holds some
/// of the thread's stack.
pub const NESTED_MAX: usize = 64;

/// Above this many, an interpreter that waits serves only the chain it waits for; others wait their turn, so that
/// strangers do not use up what a chain needs.
pub const FOREIGN_NESTED_MAX: usize = 16;

/// How long a chain of sends, each waiting for the next, may be across all processes.
pub const CHAIN_DEPTH_MAX: u16 = 200;

/// How many requests are evaluated before the interpreter's other events get their turn.
pub const TURN_REQUESTS_MAX: usize = 256;

/// How often a script that runs has the connections looked at.
pub const SAFEPOINT_PAUSE: Duration = Duration::from_millis(5);

/// How often an interpreter that waits is asked whether it was interrupted.
const INTERRUPT_PAUSE: Duration = Duration::from_millis(100);

/// See the module's text. Methods take `&self`, because a script that a node evaluates may use the node.
pub struct Node {
    exchange: RefCell<Exchange>,
    /// The notifier's descriptor again, to be lent without a borrow of the rest.
    notifier: OwnedFd,
}

impl Node {
    /// A node that listens nowhere and knows nobody.
    ///
    /// Errors: no file descriptors are left.
    pub fn new(settings: Settings) -> io::Result<Node> {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u32(std::process::id());
        let exchange = Exchange::new(settings, hasher.finish())?;
        let notifier = exchange.as_fd().try_clone_to_owned()?;
        Ok(Node {
            exchange: RefCell::new(exchange),
            notifier,
        })
    }

    /// Becomes readable when [`Node::turn`] has something to do. Edge-triggered watching is enough.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.notifier.as_fd()
    }

    /// Serves this user's processes on this host under `name`, or under `name #2` and so on if that is taken. Returns
    /// the name that it got.
    pub fn serve_local(&self, name: &str) -> Result<String, Failure> {
        self.exchange.borrow_mut().serve_local(name)
    }

    /// Serves the network at `host` and `port` (0: any), for clients whose keys are authorized. Returns the address.
    pub fn listen(&self, host: &str, port: u16) -> Result<SocketAddr, Failure> {
        self.exchange.borrow_mut().listen(host, port)
    }

    /// Takes in nobody new. Connections stay.
    pub fn stop_serving(&self) {
        self.exchange.borrow_mut().stop_serving();
    }

    /// The name it serves under.
    pub fn name(&self) -> Option<String> {
        self.exchange.borrow().name().map(str::to_string)
    }

    /// Where it listens on the network.
    pub fn listening(&self) -> Option<SocketAddr> {
        self.exchange.borrow().listening()
    }

    /// The names that serve on this host for this user, sorted.
    pub fn names(&self) -> Vec<String> {
        self.exchange.borrow().settings().directory.names()
    }

    /// What it was made with.
    pub fn settings(&self) -> Settings {
        self.exchange.borrow().settings().clone()
    }

    /// Has `target` evaluate `body`, and waits for the outcome while it serves others with `evaluator`.
    ///
    /// * `target`: a name, or HOST:PORT. The node's own name is evaluated right here.
    /// * `timeout_ms`: how long to wait; the target stops the evaluation then, too.
    ///
    /// Errors: why there is no outcome. An error of the script is an outcome.
    pub fn send(
        &self,
        evaluator: &mut dyn Evaluator,
        target: &str,
        body: Body,
        timeout_ms: Option<u64>,
    ) -> Result<Outcome, Failure> {
        let target = Target::parse(target)?;
        let now = Instant::now();
        if self.is_own(&target) {
            return self.evaluate_own(evaluator, body, timeout_ms, now);
        }
        let (link, id) = {
            let mut exchange = self.exchange.borrow_mut();
            let (chain, depth) = room_for_more(&mut exchange)?;
            let question = Question {
                chain,
                depth,
                body,
                timeout_ms,
                asker: Some(Asker::Waiter),
            };
            exchange.ask(&target, question, now)?
        };
        self.wait(evaluator, link, id, deadline(timeout_ms, now))
    }

    /// Has `target` evaluate `body` without waiting for it.
    ///
    /// * `token`: if given, what becomes of it will come from [`Node::take_completion`] with this number.
    pub fn post(
        &self,
        evaluator: &mut dyn Evaluator,
        target: &str,
        body: Body,
        timeout_ms: Option<u64>,
        token: Option<u64>,
    ) -> Result<(), Failure> {
        let target = Target::parse(target)?;
        let now = Instant::now();
        if self.is_own(&target) && token.is_none() {
            // As Tk has it, -async to oneself is not.
            return self
                .evaluate_own(evaluator, body, timeout_ms, now)
                .map(drop);
        }
        let mut exchange = self.exchange.borrow_mut();
        let (chain, depth) = room_for_more(&mut exchange)?;
        let question = Question {
            chain,
            depth,
            body,
            timeout_ms,
            asker: token.map(Asker::Callback),
        };
        exchange.ask(&target, question, now)?;
        exchange.flush();
        Ok(())
    }

    /// Asks `target` for a sign of life, which it gives even while a script runs there. Returns the time that took.
    pub fn ping(
        &self,
        evaluator: &mut dyn Evaluator,
        target: &str,
        timeout_ms: Option<u64>,
    ) -> Result<Duration, Failure> {
        let target = Target::parse(target)?;
        let now = Instant::now();
        let (link, id) = {
            let mut exchange = self.exchange.borrow_mut();
            room_for_more(&mut exchange)?;
            exchange.ping(&target, timeout_ms, now)?
        };
        self.wait(evaluator, link, id, deadline(timeout_ms, now))
            .map(|_| now.elapsed())
    }

    /// Does what there is to do: takes in what came, evaluates the requests among it, and answers them. What is left
    /// for later makes [`Node::as_fd`] readable again.
    pub fn turn(&self, evaluator: &mut dyn Evaluator) {
        let has_more = self.exchange.borrow_mut().poll(Some(Duration::ZERO));
        let is_done = (0..TURN_REQUESTS_MAX).any(|_| !self.evaluate_next(evaluator));
        let mut exchange = self.exchange.borrow_mut();
        exchange.flush();
        if has_more || !is_done {
            exchange.rouse();
        }
    }

    /// To be called now and then while a script runs: looks at the connections if that was not done lately, answers
    /// pings, notes cancels, writes what waits. Evaluates nothing.
    pub fn safepoint(&self) -> Verdict {
        let Ok(mut exchange) = self.exchange.try_borrow_mut() else {
            return Verdict::Continue;
        };
        if exchange.is_alone() && exchange.depth() == 0 {
            return Verdict::Continue;
        }
        let now = Instant::now();
        if now.duration_since(exchange.polled_at()) >= SAFEPOINT_PAUSE {
            exchange.poll(Some(Duration::ZERO));
            exchange.flush();
            // What was taken in for later must not be forgotten by those who wait for the descriptor.
            if exchange.has_work() {
                exchange.rouse();
            }
        }
        exchange.verdict(now)
    }

    /// What became of something that was posted with a token.
    pub fn take_completion(&self) -> Option<(u64, Result<Outcome, Failure>)> {
        self.exchange.borrow_mut().take_completion()
    }

    /// Lines that the user should see: a new server's key, a refused client.
    pub fn take_notices(&self) -> Vec<String> {
        self.exchange.borrow_mut().take_notices()
    }

    /// Waits until something happens or `timeout` has passed, for those who have no event loop of their own.
    pub fn wait_for_events(&self, timeout: Option<Duration>) {
        let mut exchange = self.exchange.borrow_mut();
        if !exchange.has_work() {
            exchange.poll(timeout);
        }
    }

    /// Says farewell to everybody, and serves nobody any more.
    pub fn close(&self, reason: &str) {
        self.exchange.borrow_mut().close(reason);
    }

    fn is_own(&self, target: &Target) -> bool {
        matches!(target, Target::Name(name) if self.exchange.borrow().name() == Some(name))
    }

    fn evaluate_own(
        &self,
        evaluator: &mut dyn Evaluator,
        body: Body,
        timeout_ms: Option<u64>,
        now: Instant,
    ) -> Result<Outcome, Failure> {
        {
            let mut exchange = self.exchange.borrow_mut();
            room_for_more(&mut exchange)?;
            exchange.begin_own(timeout_ms.map(|ms| ms.clamp(1, DEADLINE_MS_MAX)), now);
        }
        let outcome = evaluator.evaluate(body);
        self.exchange
            .borrow_mut()
            .finish(outcome)
            .ok_or(Failure::Interrupted)
    }

    /// Evaluates the next request, if there is one and room for it.
    fn evaluate_next(&self, evaluator: &mut dyn Evaluator) -> bool {
        // The borrow ends with the block: the script may use the node.
        let begun = {
            let mut exchange = self.exchange.borrow_mut();
            let chain = exchange
                .running_chain()
                .filter(|_| exchange.depth() >= FOREIGN_NESTED_MAX);
            if exchange.depth() >= NESTED_MAX {
                None
            } else {
                exchange.begin(chain, Instant::now())
            }
        };
        let Some(body) = begun else { return false };
        let outcome = evaluator.evaluate(body);
        self.exchange.borrow_mut().finish(outcome);
        true
    }

    /// Waits for the answer to a request, serving others meanwhile.
    fn wait(
        &self,
        evaluator: &mut dyn Evaluator,
        link: u64,
        id: u64,
        deadline: Option<Instant>,
    ) -> Result<Outcome, Failure> {
        loop {
            let has_served = self.evaluate_next(evaluator);
            self.look(has_served, link, deadline);
            if let Some(answer) = self.take_answer(link, id) {
                return answer;
            }
            if let Some(failure) = self.reason_to_give_up(evaluator) {
                self.exchange.borrow_mut().cancel(link, id);
                return Err(failure);
            }
        }
    }

    fn take_answer(&self, link: u64, id: u64) -> Option<Result<Outcome, Failure>> {
        let mut exchange = self.exchange.borrow_mut();
        let answer = exchange.take_answer(link, id)?;
        if answer.is_err() {
            // The peer is to stop what nobody waits for any more.
            exchange.flush();
        }
        // What came with it is for whoever watches the descriptor next.
        if exchange.has_work() {
            exchange.rouse();
        }
        Some(answer)
    }

    /// Takes in what has happened, and waits for something to happen first if `has_served` nobody.
    fn look(&self, has_served: bool, link: u64, deadline: Option<Instant>) {
        let mut exchange = self.exchange.borrow_mut();
        let deadline = [deadline, exchange.running_deadline()]
            .into_iter()
            .flatten()
            .min();
        let until = deadline.map_or(INTERRUPT_PAUSE, |deadline| {
            deadline.saturating_duration_since(Instant::now())
        });
        exchange.poll(Some(if has_served {
            Duration::ZERO
        } else {
            until.min(INTERRUPT_PAUSE)
        }));
        if deadline.is_some() {
            exchange.expire(link, Instant::now());
        }
    }

    /// Whether whoever waits should not: the request that waits was cancelled, or the interpreter interrupted.
    fn reason_to_give_up(&self, evaluator: &mut dyn Evaluator) -> Option<Failure> {
        let verdict = self.exchange.borrow_mut().verdict(Instant::now());
        match verdict {
            Verdict::Stop(_) => Some(Failure::Cancelled),
            Verdict::Continue => evaluator.is_interrupted().then_some(Failure::Interrupted),
        }
    }
}

/// The chain and depth for one more request.
///
/// Errors: [`Failure::TooDeep`].
fn room_for_more(exchange: &mut Exchange) -> Result<(u64, u16), Failure> {
    let (chain, depth) = exchange.next_chain();
    if depth >= CHAIN_DEPTH_MAX {
        return Err(Failure::TooDeep(CHAIN_DEPTH_MAX));
    }
    match exchange.depth() >= NESTED_MAX {
        // At this many, the constant fits.
        true => Err(Failure::TooDeep(NESTED_MAX as u16)),
        false => Ok((chain, depth)),
    }
}

fn deadline(timeout_ms: Option<u64>, now: Instant) -> Option<Instant> {
    now.checked_add(Duration::from_millis(timeout_ms?.clamp(1, DEADLINE_MS_MAX)))
}

#[cfg(test)]
#[path = "node_tests.rs"]
mod tests;
