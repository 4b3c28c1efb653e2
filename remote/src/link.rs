//! One connection of a node: its session, and the transport below it once there is one.

use crate::failure::Failure;
use crate::keys::PublicKey;
use crate::local::Target;
use crate::protocol::Decoder;
use crate::session::{Event, Session};
use crate::transport::{Transport, TransportError};
use rustix::event::epoll::EventFlags;
use std::time::Instant;

/// See the module's text.
pub(crate) struct Link {
    pub session: Session,
    pub decoder: Decoder,
    /// None while it is being dialed, and after its end.
    pub transport: Option<Transport>,
    /// What it was opened for; None for one that came in.
    pub target: Option<Target>,
    /// The peer's key; None within this host.
    pub key: Option<PublicKey>,
    /// What the notifier watches it for.
    pub interest: EventFlags,
    /// Whether it is in the node's queue of links with requests to evaluate.
    pub is_ready: bool,
    /// Whether it is in the node's list of links with bytes to write.
    pub is_dirty: bool,
    /// Whether the connection is over; what remains is owed to somebody here.
    pub is_dead: bool,
    /// Whether something was asked over it that nobody waits for, so that nobody else sees to its being sent.
    pub has_posted: bool,
    /// When something was last asked over it.
    pub used_at: Instant,
    /// Until when the peer has to have said hello.
    pub greet_by: Option<Instant>,
    /// The node's alarm for it, if one is set.
    pub alarm_at: Option<Instant>,
}

impl Link {
    /// A link without a transport.
    pub fn new(session: Session, target: Option<Target>, now: Instant) -> Link {
        Link {
            session,
            decoder: Decoder::new(),
            transport: None,
            target,
            key: None,
            interest: EventFlags::empty(),
            is_ready: false,
            is_dirty: false,
            is_dead: false,
            has_posted: false,
            used_at: now,
            greet_by: None,
            alarm_at: None,
        }
    }

    /// Reads once and appends what that means to `events`. Returns whether there may be more to read.
    pub fn read(
        &mut self,
        buffer: &mut [u8],
        now: Instant,
        events: &mut Vec<Event>,
    ) -> Result<bool, TransportError> {
        let Some(transport) = &mut self.transport else {
            return Ok(false);
        };
        let (decoder, session) = (&mut self.decoder, &mut self.session);
        let count = transport.read(buffer, |bytes| take(decoder, session, bytes, now, events))?;
        Ok(count == buffer.len())
    }

    /// Takes in what TLS decrypted before the transport came here.
    pub fn drain(&mut self, now: Instant, events: &mut Vec<Event>) -> Result<(), TransportError> {
        let Some(transport) = &mut self.transport else {
            return Ok(());
        };
        let (decoder, session) = (&mut self.decoder, &mut self.session);
        transport.drain(|bytes| take(decoder, session, bytes, now, events))
    }

    /// Writes what there is to write. Returns whether that was everything, or all that can be done before the link is
    /// connected.
    pub fn flush(&mut self) -> Result<bool, TransportError> {
        match &mut self.transport {
            Some(transport) => transport.write(self.session.output()),
            None => Ok(true),
        }
    }

    /// What the notifier should watch it for.
    pub fn wanted_interest(&mut self) -> EventFlags {
        let mut flags = EventFlags::empty();
        if !self.session.is_full() {
            flags |= EventFlags::IN;
        }
        let is_blocked = self.transport.as_ref().is_some_and(Transport::wants_write);
        if !self.is_dirty && (is_blocked || !self.session.output().pending().is_empty()) {
            flags |= EventFlags::OUT;
        }
        flags
    }

    /// Whether nobody here waits for anything of it any more.
    pub fn is_done(&self) -> bool {
        self.is_dead && self.session.is_idle()
    }

    /// What the end of the transport means for those who wait.
    ///
    /// * `own_key`: asked for if the peer refused it.
    pub fn failure(
        &self,
        error: &TransportError,
        own_key: impl FnOnce() -> Option<PublicKey>,
    ) -> Failure {
        match error {
            TransportError::Tls(rustls::Error::AlertReceived(alert))
                if *alert == crate::tls::KEY_REFUSED =>
            {
                match own_key() {
                    Some(key) => {
                        Failure::Refused(crate::keys::refusal(self.session.target(), &key))
                    }
                    None => Failure::Refused("the peer does not know this user's key".to_string()),
                }
            }
            TransportError::Protocol(error) => Failure::Protocol(error.clone()),
            other => Failure::Lost(other.to_string()),
        }
    }
}

/// Decodes `bytes` and tells the session.
fn take(
    decoder: &mut Decoder,
    session: &mut Session,
    mut bytes: &[u8],
    now: Instant,
    events: &mut Vec<Event>,
) -> Result<(), TransportError> {
    while let Some(received) = decoder.next(&mut bytes)? {
        match session.receive(received, now) {
            Event::Nothing => {}
            event => events.push(event),
        }
    }
    Ok(())
}
