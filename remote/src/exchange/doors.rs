//! Where a node listens, and how those who come are taken in.

use super::{ENDPOINT_TOKEN, EVENTS_MAX, Exchange, MAILBOX_TOKEN, NOTICES_MAX};
use crate::failure::Failure;
use crate::gate::{Arrival, Delivery, Gate};
use crate::keys::PublicKey;
use crate::link::Link;
use crate::local::Endpoint;
use crate::session::Session;
use crate::transport::Transport;
use rustix::event::epoll;
use rustix::event::epoll::{EventData, EventFlags};
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::time::Instant;

impl Exchange {
    /// Serves this host under `name`, in place of any name before.
    pub fn serve_local(&mut self, name: &str) -> Result<String, Failure> {
        let endpoint = self.settings.directory.claim(name)?;
        epoll::add(
            &self.epoll,
            endpoint.as_fd(),
            EventData::new_u64(ENDPOINT_TOKEN),
            EventFlags::IN,
        )
        .map_err(|error| Failure::Target(error.to_string()))?;
        let name = endpoint.name().to_string();
        self.endpoint = Some(endpoint);
        Ok(name)
    }

    /// The name it serves under.
    pub fn name(&self) -> Option<&str> {
        self.endpoint.as_ref().map(Endpoint::name)
    }

    /// Listens on the network, in place of where it listened before.
    pub fn listen(&mut self, host: &str, port: u16) -> Result<SocketAddr, Failure> {
        let address = self.gate()?.listen(host, port)?;
        self.listening = Some(address);
        Ok(address)
    }

    /// Where it listens on the network.
    pub fn listening(&self) -> Option<SocketAddr> {
        self.listening
    }

    /// Takes in nobody new. Connections stay.
    pub fn stop_serving(&mut self) {
        self.endpoint = None;
        self.listening = None;
        if let Some((gate, _)) = &self.gate {
            gate.close();
        }
    }

    /// The service thread, started now if it was not.
    pub(super) fn gate(&mut self) -> Result<&Gate, Failure> {
        if self.gate.is_none() {
            let no_home = || Failure::Keys(crate::keys::KeysError::NoHome.to_string());
            let home = self.settings.home.clone().ok_or_else(no_home)?;
            let trouble = |error: io::Error| {
                Failure::Keys(format!("couldn't start the network's thread: {error}"))
            };
            let (gate, mailbox) = Gate::start(home).map_err(trouble)?;
            epoll::add(
                &self.epoll,
                mailbox.as_fd(),
                EventData::new_u64(MAILBOX_TOKEN),
                EventFlags::IN,
            )
            .map_err(|error| trouble(error.into()))?;
            self.gate = Some((gate, mailbox));
        }
        self.gate
            .as_ref()
            .map(|(gate, _)| gate)
            .ok_or(Failure::Interrupted)
    }

    /// Takes in clients of this host. Returns whether there may be more.
    pub(super) fn accept(&mut self, now: Instant) -> bool {
        for _ in 0..EVENTS_MAX {
            let Some(endpoint) = &self.endpoint else {
                return false;
            };
            match endpoint.accept() {
                Ok(socket) => self.welcome("a local client", Transport::local(socket), None, now),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    self.notice("refused a local client of another user".to_string());
                }
                Err(_) => {
                    self.spare = None;
                    drop(endpoint.accept());
                    self.spare = spare_descriptor();
                }
            }
        }
        true
    }

    /// Makes a link of a connection that came in. One beyond the limit is closed.
    pub(super) fn welcome(
        &mut self,
        who: &str,
        transport: Transport,
        key: Option<PublicKey>,
        now: Instant,
    ) {
        let welcomed = Session::new(who, &self.hello())
            .and_then(|session| self.insert(Link::new(session, None, now)))
            .and_then(|number| self.connected(number, transport, key, now));
        if let Err(failure) = welcomed {
            self.notice(failure.to_string());
        }
    }

    pub(super) fn deliver(&mut self, delivery: Delivery, now: Instant) {
        match delivery {
            Delivery::Notice(line) => self.notice(line),
            Delivery::Failed(number, failure) => self.lose(number, &failure),
            Delivery::Accepted(arrival) => {
                let who = format!("the client at {}", arrival.address.ip());
                let Arrival {
                    socket, tls, key, ..
                } = *arrival;
                if let Ok(transport) = Transport::network(socket, tls) {
                    self.welcome(&who, transport, Some(key), now);
                }
            }
            Delivery::Connected(number, arrival) => {
                let Arrival {
                    socket, tls, key, ..
                } = *arrival;
                let connected = Transport::network(socket, tls)
                    .map_err(|error| Failure::Lost(error.to_string()));
                let connected = connected
                    .and_then(|transport| self.connected(number, transport, Some(key), now));
                if let Err(failure) = connected {
                    self.lose(number, &failure);
                }
            }
        }
    }

    pub(super) fn notice(&mut self, line: String) {
        if self.notices.len() >= NOTICES_MAX {
            self.notices.pop_front();
        }
        self.notices.push_back(line);
    }
}

pub(super) fn spare_descriptor() -> Option<OwnedFd> {
    std::fs::File::open("/dev/null").ok().map(OwnedFd::from)
}
