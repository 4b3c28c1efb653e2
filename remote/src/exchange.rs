//! All of a node that evaluates nothing: its links, what it listens on, what waits to be evaluated, and the one notifier
//! for all of them.
//!
//! The notifier is an epoll instance of the node's own, level-triggered, so that one descriptor stands for everything
//! that can happen to a node: an event loop of any make watches it, and a `send` that waits can wait on exactly what Tk's
//! waits on, other sends and nothing else.
//!
//! A link is read once each time it is readable, and written once when all that came with it is done.

mod alarms;
mod doors;
mod links;
mod serving;

use self::doors::spare_descriptor;
use self::serving::Running;
use crate::failure::Failure;
use crate::gate::{Gate, Mailbox};
use crate::keys::{Home, HostPolicy};
use crate::link::Link;
use crate::local::{Directory, Endpoint, Target};
use crate::protocol::Outcome;
use crate::session::{Asker, Event, Question};
use crate::transport::{READ_BYTES_MAX, TransportError};
use rustix::event::Timespec;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::time::{TimerfdClockId, TimerfdFlags};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// The most connections of one node.
pub const LINKS_MAX: usize = 20_000;

/// How long a peer may take from the connection to its hello.
pub const GREETING_TIME_MAX: Duration = Duration::from_secs(10);

/// The most lines for the user that wait to be shown; the oldest go first.
pub const NOTICES_MAX: usize = 100;

/// A connection that was not used for this long is read before something is asked over it, so that a peer that was
/// restarted is found again.
const USED_LATELY: Duration = Duration::from_millis(10);

/// How many happenings one system call reports.
const EVENTS_MAX: usize = 64;

/// How many more reads a connection is granted that can no longer be written.
const LAST_READS_MAX: usize = 16;

/// How long a node that closes lets its last messages be written.
const FAREWELL_TIME_MAX: Duration = Duration::from_secs(1);

const ENDPOINT_TOKEN: u64 = 0;
const MAILBOX_TOKEN: u64 = 1;
const TIMER_TOKEN: u64 = 2;
const FIRST_LINK: u64 = 16;

/// What a node is made with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The keys; None if the environment names no place for them, and then there is no network.
    pub home: Option<Home>,
    /// The sockets of this host's interpreters.
    pub directory: Directory,
    /// What to do about servers that are not known.
    pub policy: HostPolicy,
    /// The engine's name and version, for peers to see.
    pub engine: String,
}

/// See the module's text.
pub(crate) struct Exchange {
    settings: Settings,
    epoll: OwnedFd,
    timer: OwnedFd,
    /// When the timer will fire, if it is set.
    armed_at: Option<Instant>,
    /// When which link is to be looked at. May hold times that no longer matter.
    alarms: BinaryHeap<Reverse<(Instant, u64)>>,
    links: HashMap<u64, Link>,
    next_link: u64,
    targets: HashMap<Target, u64>,
    /// Links with requests to evaluate, in the order of their turn.
    ready: VecDeque<u64>,
    /// Links with bytes to write.
    dirty: Vec<u64>,
    /// Innermost last.
    running: Vec<Running>,
    completions: VecDeque<(u64, Result<Outcome, Failure>)>,
    notices: VecDeque<String>,
    endpoint: Option<Endpoint>,
    gate: Option<(Gate, Mailbox)>,
    listening: Option<SocketAddr>,
    next_chain: u64,
    polled_at: Instant,
    /// Closed to make room for accepting, and so refusing, a connection when descriptors have run out.
    spare: Option<OwnedFd>,
    buffer: Vec<u8>,
    happenings: Vec<epoll::Event>,
    events: Vec<Event>,
}

impl Exchange {
    /// A node's beginnings: it listens nowhere and knows nobody.
    ///
    /// * `chain_seed`: different for every node, so that chains are told apart.
    pub fn new(settings: Settings, chain_seed: u64) -> io::Result<Exchange> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)?;
        epoll::add(
            &epoll,
            &timer,
            EventData::new_u64(TIMER_TOKEN),
            EventFlags::IN,
        )?;
        Ok(Exchange {
            settings,
            epoll,
            timer,
            armed_at: None,
            alarms: BinaryHeap::new(),
            links: HashMap::new(),
            next_link: FIRST_LINK,
            targets: HashMap::new(),
            ready: VecDeque::new(),
            dirty: Vec::new(),
            running: Vec::new(),
            completions: VecDeque::new(),
            notices: VecDeque::new(),
            endpoint: None,
            gate: None,
            listening: None,
            next_chain: chain_seed,
            polled_at: Instant::now(),
            spare: spare_descriptor(),
            // Zeroed pages that nobody touched cost nothing.
            buffer: vec![0; READ_BYTES_MAX],
            happenings: Vec::with_capacity(EVENTS_MAX),
            events: Vec::new(),
        })
    }

    /// Becomes readable when there is something to do.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    /// What it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// When the node last looked at its connections.
    pub fn polled_at(&self) -> Instant {
        self.polled_at
    }

    /// Whether there is anybody to be heard.
    pub fn is_alone(&self) -> bool {
        self.links.is_empty() && self.endpoint.is_none() && self.gate.is_none()
    }

    /// The chain and depth of what is asked now: of the request that is being evaluated, or new ones.
    pub fn next_chain(&mut self) -> (u64, u16) {
        match self.running.last() {
            Some(running) => (
                running.incoming.chain,
                running.incoming.depth.saturating_add(1),
            ),
            None => {
                self.next_chain = self.next_chain.wrapping_add(1);
                (self.next_chain, 0)
            }
        }
    }

    /// Asks `target`, which is connected to if need be. Returns the link's and the request's number. The bytes go out
    /// with the next flush.
    pub fn ask(
        &mut self,
        target: &Target,
        question: Question,
        now: Instant,
    ) -> Result<(u64, u64), Failure> {
        let is_callback = matches!(question.asker, Some(Asker::Callback(_)));
        let is_post = question.asker.is_none();
        let number = self.link_to(target, now)?;
        let Some(link) = self.links.get_mut(&number) else {
            return Err(lost());
        };
        link.used_at = now;
        let id = link.session.ask(question, now)?;
        link.has_posted |= is_post;
        let deadline = link.session.next_deadline().filter(|_| is_callback);
        self.mark_dirty(number);
        if let Some(deadline) = deadline {
            self.set_alarm(number, deadline, now);
        }
        Ok((number, id))
    }

    /// Asks `target` for a sign of life.
    pub fn ping(
        &mut self,
        target: &Target,
        timeout_ms: Option<u64>,
        now: Instant,
    ) -> Result<(u64, u64), Failure> {
        let number = self.link_to(target, now)?;
        let Some(link) = self.links.get_mut(&number) else {
            return Err(lost());
        };
        link.used_at = now;
        let id = link.session.ping(timeout_ms, now)?;
        self.mark_dirty(number);
        Ok((number, id))
    }

    /// The answer to a request, once it is there.
    pub fn take_answer(&mut self, number: u64, id: u64) -> Option<Result<Outcome, Failure>> {
        let Some(link) = self.links.get_mut(&number) else {
            return Some(Err(lost()));
        };
        let answer = link.session.take_answer(id)?;
        if link.is_done() {
            self.links.remove(&number);
        }
        Some(answer)
    }

    /// Gives up a request that was asked.
    pub fn cancel(&mut self, number: u64, id: u64) {
        let Some(link) = self.links.get_mut(&number) else {
            return;
        };
        link.session.cancel(id);
        match link.is_done() {
            true => drop(self.links.remove(&number)),
            false => {
                self.mark_dirty(number);
                self.flush();
            }
        }
    }

    /// Ends what is overdue of the requests asked over one link. Returns when the next will be.
    pub fn expire(&mut self, number: u64, now: Instant) -> Option<Instant> {
        loop {
            let link = self.links.get_mut(&number)?;
            let Some(event) = link.session.expire(now) else {
                return link.session.next_deadline();
            };
            self.mark_dirty(number);
            self.handle(number, event);
        }
    }

    /// What came for a callback.
    pub fn take_completion(&mut self) -> Option<(u64, Result<Outcome, Failure>)> {
        self.completions.pop_front()
    }

    /// Whether something waits to be evaluated or called back.
    pub fn has_work(&self) -> bool {
        !self.ready.is_empty() || !self.completions.is_empty()
    }

    /// The lines to show to the user.
    pub fn take_notices(&mut self) -> Vec<String> {
        self.notices.drain(..).collect()
    }

    /// Writes what is to be written, waits up to `timeout` (None: without end) for something to happen, and takes that
    /// in. Returns whether more may have happened than was taken in.
    pub fn poll(&mut self, timeout: Option<Duration>) -> bool {
        self.flush();
        let timeout = timeout.map(timespec);
        self.happenings.clear();
        let spare = rustix::buffer::spare_capacity(&mut self.happenings);
        if epoll::wait(&self.epoll, spare, timeout.as_ref()).is_err() {
            // Interrupted by a signal; whoever waits asks the interpreter what it was.
            return false;
        }
        let now = Instant::now();
        self.polled_at = now;
        let happenings = std::mem::take(&mut self.happenings);
        let mut has_more = happenings.len() == EVENTS_MAX;
        for happening in &happenings {
            has_more |= self.happen(happening.data.u64(), happening.flags, now);
        }
        self.happenings = happenings;
        has_more
    }

    fn happen(&mut self, token: u64, flags: EventFlags, now: Instant) -> bool {
        match token {
            ENDPOINT_TOKEN => self.accept(now),
            MAILBOX_TOKEN => {
                let deliveries = self
                    .gate
                    .as_ref()
                    .map(|(_, mailbox)| mailbox.take())
                    .unwrap_or_default();
                deliveries
                    .into_iter()
                    .for_each(|delivery| self.deliver(delivery, now));
                false
            }
            TIMER_TOKEN => {
                self.ring(now);
                false
            }
            number => {
                if flags.contains(EventFlags::OUT) {
                    self.flush_link(number);
                }
                flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR)
                    && self.read_link(number, now)
            }
        }
    }

    /// Makes the node's descriptor readable at once, for those who left something undone.
    pub fn rouse(&mut self) {
        let now = Instant::now();
        self.arm(now, now);
    }

    fn read_link(&mut self, number: u64, now: Instant) -> bool {
        let Some(link) = self.links.get_mut(&number) else {
            return false;
        };
        let mut events = std::mem::take(&mut self.events);
        let result = link.read(&mut self.buffer, now, &mut events);
        self.take_in(number, events, result)
    }

    /// Acts on what was read from a link, and on how the reading ended.
    fn take_in(
        &mut self,
        number: u64,
        mut events: Vec<Event>,
        result: Result<bool, TransportError>,
    ) -> bool {
        for event in events.drain(..) {
            self.handle(number, event);
        }
        self.events = events;
        match result {
            Ok(has_more) => {
                self.settle(number);
                has_more
            }
            Err(error) => {
                self.end(number, &error);
                false
            }
        }
    }

    /// After a link was read: lets what it has to say be written, and watches it for what it now needs.
    fn settle(&mut self, number: u64) {
        let Some(link) = self.links.get_mut(&number) else {
            return;
        };
        match link.session.output().pending().is_empty() {
            true => self.update_interest(number),
            false => self.mark_dirty(number),
        }
    }

    fn handle(&mut self, number: u64, event: Event) {
        match event {
            Event::Nothing | Event::Answered => {}
            Event::Queued => self.mark_ready(number),
            Event::Greeted => {
                if let Some(link) = self.links.get_mut(&number) {
                    link.greet_by = None;
                }
            }
            Event::Completed(token, answer) => self.completions.push_back((token, answer)),
            Event::CancelRunning(id) => self.cancel_running(number, |incoming| incoming.id == id),
            Event::Closed(reason) => self.lose(number, &Failure::Lost(reason)),
        }
    }

    fn mark_ready(&mut self, number: u64) {
        if let Some(link) = self.links.get_mut(&number)
            && !link.is_ready
        {
            link.is_ready = true;
            self.ready.push_back(number);
        }
    }

    fn mark_dirty(&mut self, number: u64) {
        if let Some(link) = self.links.get_mut(&number)
            && !link.is_dirty
        {
            link.is_dirty = true;
            self.dirty.push(number);
        }
    }

    /// Writes what there is to write, once for each link.
    pub fn flush(&mut self) {
        while let Some(number) = self.dirty.pop() {
            self.flush_link(number);
        }
    }

    fn flush_link(&mut self, number: u64) {
        let Some(link) = self.links.get_mut(&number) else {
            return;
        };
        link.is_dirty = false;
        match link.flush() {
            Ok(_) => {
                if !link.session.is_stuffed() && link.session.has_queued(None) {
                    self.mark_ready(number);
                }
                self.update_interest(number);
            }
            Err(error) => self.end_after_write(number, error),
        }
    }

    /// A link could not be written. A peer that closed may have said why before: that is the better reason.
    fn end_after_write(&mut self, number: u64, error: TransportError) {
        let now = Instant::now();
        for _ in 0..LAST_READS_MAX {
            if !self.read_link(number, now) {
                break;
            }
        }
        self.end(number, &error);
    }

    fn update_interest(&mut self, number: u64) {
        let Some(link) = self.links.get_mut(&number) else {
            return;
        };
        let wanted = link.wanted_interest();
        if let Some(transport) = &link.transport
            && wanted != link.interest
            && epoll::modify(
                &self.epoll,
                transport.as_fd(),
                EventData::new_u64(number),
                wanted,
            )
            .is_ok()
        {
            link.interest = wanted;
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.close("the interpreter was deleted");
    }
}

/// What is said of a connection that ended while nobody looked.
fn lost() -> Failure {
    Failure::Lost("end of file".to_string())
}

fn timespec(duration: Duration) -> Timespec {
    // Both fit: waits are a year at the longest.
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}
