//! How a node's links begin and end.

use super::{Exchange, FAREWELL_TIME_MAX, GREETING_TIME_MAX, LINKS_MAX, USED_LATELY, lost};
use crate::failure::Failure;
use crate::keys::PublicKey;
use crate::link::Link;
use crate::local::Target;
use crate::protocol::Hello;
use crate::session::Session;
use crate::transport::{Transport, TransportError};
use rustix::event::epoll;
use rustix::event::epoll::{EventData, EventFlags};
use std::time::Instant;

impl Exchange {
    /// The link for `target`, opened now if there is none that lives.
    pub(super) fn link_to(&mut self, target: &Target, now: Instant) -> Result<u64, Failure> {
        if let Some(number) = self.targets.get(target).copied()
            && let Some(link) = self.links.get(&number)
        {
            if now.duration_since(link.used_at) >= USED_LATELY {
                // The peer's farewell, if it said one, or the connection's end.
                self.read_link(number, now);
            }
            if self.targets.get(target) == Some(&number) {
                return Ok(number);
            }
        }
        self.open(target, now)
    }

    pub(super) fn open(&mut self, target: &Target, now: Instant) -> Result<u64, Failure> {
        let session = Session::new(target.to_string(), &self.hello())?;
        let number = self.insert(Link::new(session, Some(target.clone()), now))?;
        let opened = match target {
            Target::Name(name) => {
                let socket = self.settings.directory.connect(name);
                socket
                    .and_then(|socket| self.connected(number, Transport::local(socket), None, now))
            }
            Target::Address { host, port } => {
                let policy = self.settings.policy;
                self.gate()
                    .map(|gate| gate.dial(number, host, *port, policy))
            }
        };
        match opened {
            Ok(()) => {
                self.targets.insert(target.clone(), number);
                Ok(number)
            }
            Err(failure) => {
                self.links.remove(&number);
                Err(failure)
            }
        }
    }

    pub(super) fn hello(&self) -> Hello {
        Hello {
            name: self.name().unwrap_or_default().to_string(),
            engine: self.settings.engine.clone(),
        }
    }

    pub(super) fn insert(&mut self, link: Link) -> Result<u64, Failure> {
        if self.links.len() >= LINKS_MAX {
            return Err(Failure::Target(format!(
                "too many connections (the limit is {LINKS_MAX})"
            )));
        }
        let number = self.next_link;
        self.next_link += 1;
        self.links.insert(number, link);
        Ok(number)
    }

    /// Puts a transport under a link.
    pub(super) fn connected(
        &mut self,
        number: u64,
        transport: Transport,
        key: Option<PublicKey>,
        now: Instant,
    ) -> Result<(), Failure> {
        let Some(link) = self.links.get_mut(&number) else {
            return Ok(());
        };
        epoll::add(
            &self.epoll,
            transport.as_fd(),
            EventData::new_u64(number),
            EventFlags::IN,
        )
        .map_err(|error| Failure::Lost(error.to_string()))?;
        link.interest = EventFlags::IN;
        link.transport = Some(transport);
        link.key = key;
        let greet_by = now + GREETING_TIME_MAX;
        link.greet_by = Some(greet_by);
        let mut events = std::mem::take(&mut self.events);
        let drained = link.drain(now, &mut events);
        self.mark_dirty(number);
        self.set_alarm(number, greet_by, now);
        self.take_in(number, events, drained.map(|()| false));
        Ok(())
    }

    /// Ends a link whose transport failed.
    pub(super) fn end(&mut self, number: u64, error: &TransportError) {
        let Some(link) = self.links.get_mut(&number) else {
            return;
        };
        let home = self.settings.home.as_ref();
        let own_key = || {
            home.and_then(|home| home.identity().ok())
                .map(|identity| identity.public())
        };
        let failure = link.failure(error, own_key);
        if let Failure::Protocol(_) = failure {
            link.session.bye(&failure.to_string());
            let _ = link.flush();
        }
        self.lose(number, &failure);
    }

    /// Ends a link: whoever waits for it gets `failure`, and requests whose caller it was are stopped.
    pub(super) fn lose(&mut self, number: u64, failure: &Failure) {
        let Some(link) = self.links.get_mut(&number) else {
            return;
        };
        if link.is_dead {
            return;
        }
        link.is_dead = true;
        if let Some(mut transport) = link.transport.take() {
            transport.close();
        }
        if let Some(target) = link.target.take()
            && self.targets.get(&target) == Some(&number)
        {
            self.targets.remove(&target);
        }
        for event in link.session.lose(failure) {
            self.handle(number, event);
        }
        self.cancel_running(number, |incoming| incoming.wants_reply);
        if self.links.get(&number).is_some_and(Link::is_done) {
            self.links.remove(&number);
        }
    }

    /// Says farewell to everybody and lets go, once what waits to be written is written or a second has passed.
    pub fn close(&mut self, reason: &str) {
        self.stop_serving();
        let numbers: Vec<u64> = self.links.keys().copied().collect();
        for number in &numbers {
            if let Some(link) = self.links.get_mut(number).filter(|link| !link.is_dead) {
                link.session.bye(reason);
                self.mark_dirty(*number);
            }
        }
        self.flush();
        let give_up_at = Instant::now() + FAREWELL_TIME_MAX;
        while self.has_output() && Instant::now() < give_up_at {
            self.poll(Some(give_up_at.saturating_duration_since(Instant::now())));
        }
        for number in numbers {
            self.lose(number, &lost());
        }
    }

    /// Whether something waits to be written. What waits for a connection counts only if nobody waits for its answer:
    /// somebody who did, and gave up, has no use for it.
    fn has_output(&mut self) -> bool {
        self.links.values_mut().any(|link| {
            let can_go = link.transport.is_some() || link.has_posted;
            !link.is_dead && can_go && !link.session.output().pending().is_empty()
        })
    }
}
