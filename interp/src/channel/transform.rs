//! The driver that a script puts on top of another one, to change what passes through: `chan push`.

use std::any::Any;
use std::io::{self, SeekFrom};
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use super::driver::{Direction, Driver, OptionValue, Side};
use super::error::ChannelError;
use super::memory::MemoryDriver;
use super::reflected::serve;
use super::reflection::{Failure, Method, Reflection, Reply, Request, Scripted, needs_script};

/// How far a transformation has been taken down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Stage {
    InUse,
    Drained,
    Flushed,
    Finalized,
}

/// What a write has been made into, until all of that has gone below.
#[derive(Debug, Default)]
struct Outgoing {
    /// What the channel wrote.
    source: Vec<u8>,
    /// What is still to go.
    left: Vec<u8>,
}

/// What a transformation leaves behind.
pub(super) struct Parts {
    /// The device.
    pub(super) below: Box<dyn Driver>,
    /// Untransformed bytes that had been read ahead of it.
    pub(super) unread: Vec<u8>,
    pub(super) reflection: Rc<Reflection>,
    pub(super) is_drained: bool,
    /// How much of what the channel is to write has been transformed into `unsent`.
    pub(super) transformed: usize,
    /// Transformed bytes that the device has yet to take.
    pub(super) unsent: Vec<u8>,
}

/// A device under a script that transforms what is read and written.
pub struct TransformDriver {
    reflection: Rc<Reflection>,
    below: Box<dyn Driver>,
    /// Untransformed bytes that had been read ahead when the transformation came.
    unread: Vec<u8>,
    /// Bytes from below that are being transformed.
    raw: Option<Vec<u8>>,
    /// Transformed bytes for the channel.
    ready: Vec<u8>,
    /// What the handler has said about how much to read; `None`: not asked yet.
    limit: Option<usize>,
    is_drained: bool,
    /// What is half transformed has been forgotten, for the seek or write that is being done.
    is_cleared: bool,
    /// The first half of that is done.
    is_read_cleared: bool,
    /// The device below is at its end, and the handler has yet to be drained.
    is_ending: bool,
    /// End of file is to follow what is ready.
    at_eof: bool,
    outgoing: Option<Outgoing>,
    /// Whether the device below takes output at all.
    is_writable: bool,
    stage: Stage,
    is_closed: bool,
    /// Why the handler did not go in peace; the device below is closed nevertheless.
    close_error: Option<ChannelError>,
}

impl TransformDriver {
    /// A transformation of what comes from and goes to `below`; `unread` comes before that.
    pub fn new(
        reflection: Rc<Reflection>,
        below: Box<dyn Driver>,
        unread: Vec<u8>,
        is_writable: bool,
    ) -> TransformDriver {
        TransformDriver {
            reflection,
            below,
            unread,
            raw: None,
            ready: Vec::new(),
            limit: None,
            is_drained: false,
            is_cleared: false,
            is_read_cleared: false,
            is_ending: false,
            at_eof: false,
            outgoing: None,
            is_writable,
            stage: Stage::InUse,
            is_closed: false,
            close_error: None,
        }
    }

    /// Says that nothing is to be forgotten for the operation in progress: the transformation comes in the middle of it.
    pub(super) fn skip_clear(&mut self) {
        self.is_cleared = true;
    }

    /// Forgets what has been read ahead and is half transformed. What the handler says to that is ignored.
    ///
    /// * `flushes`: what is half transformed for below too, without writing it.
    fn clear(&mut self, flushes: bool) -> io::Result<()> {
        if self.is_cleared {
            return Ok(());
        }
        if self.reflection.has(Method::Clear) && !self.is_read_cleared {
            self.ask_in_vain(Method::Clear)?;
            self.is_read_cleared = true;
        }
        if flushes && self.reflection.has(Method::Flush) {
            self.ask_in_vain(Method::Flush)?;
        }
        self.is_cleared = true;
        self.ready.clear();
        self.raw = None;
        self.is_drained = false;
        (self.is_ending, self.at_eof) = (false, false);
        Ok(())
    }

    fn end_clear(&mut self) {
        (self.is_cleared, self.is_read_cleared) = (false, false);
    }

    /// Asks for something whose failure does not matter.
    fn ask_in_vain(&mut self, method: Method) -> io::Result<()> {
        match self.reflection.ask(Request::Plain(method)) {
            Err(error) if needs_script(&error) && !self.reflection.has_failed() => Err(error),
            Err(_) => {
                self.reflection.take();
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }

    /// Takes the transformation apart, without asking its handler for anything.
    pub(super) fn take_apart(&mut self) -> Parts {
        let nothing = Box::new(MemoryDriver::default());
        let outgoing = self.outgoing.take().unwrap_or_default();
        Parts {
            below: std::mem::replace(&mut self.below, nothing),
            unread: std::mem::take(&mut self.unread),
            reflection: Rc::clone(&self.reflection),
            is_drained: self.is_drained,
            transformed: outgoing.source.len(),
            unsent: outgoing.left,
        }
    }

    fn ask_bytes(&self, request: Request) -> io::Result<Vec<u8>> {
        match self.reflection.ask(request)? {
            Reply::Bytes(bytes) => Ok(bytes),
            _ => Ok(Vec::new()),
        }
    }

    /// Gets untransformed bytes. Whether there were any.
    fn fetch(&mut self, wanted: usize) -> io::Result<bool> {
        if self.limit.is_none() && self.reflection.has(Method::Limit) {
            let reply = self.reflection.ask(Request::Plain(Method::Limit))?;
            self.limit = match reply {
                Reply::Count(limit) => usize::try_from(limit).ok(),
                _ => Some(usize::MAX),
            };
        }
        let wanted = wanted.min(self.limit.unwrap_or(usize::MAX));
        let mut raw = vec![0; wanted];
        let count = if self.unread.is_empty() {
            self.below.read(&mut raw)?
        } else {
            serve(&mut self.unread, &mut raw)
        };
        self.limit = None;
        raw.truncate(count);
        self.raw = (count > 0).then_some(raw);
        Ok(count > 0)
    }

    fn drain(&mut self) -> io::Result<()> {
        if self.reflection.has(Method::Drain) && !self.is_drained {
            let rest = self.ask_bytes(Request::Plain(Method::Drain))?;
            self.is_drained = true;
            self.ready.extend(rest);
        }
        Ok(())
    }

    /// Sends what the last write has been made into.
    fn send(&mut self) -> io::Result<()> {
        while let Some(outgoing) = &mut self.outgoing
            && !outgoing.left.is_empty()
        {
            match self.below.write(&outgoing.left) {
                Ok(0) => {
                    self.outgoing = None;
                    return Err(rustix::io::Errno::IO.into());
                }
                Ok(count) => drop(outgoing.left.drain(..count.min(outgoing.left.len()))),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Takes the transformation down, up to where only the device below is to be closed.
    ///
    /// Errors: [`ChannelError::Scripted`] any number of times; else the handler failed, and is gone.
    fn leave(&mut self) -> Result<(), ChannelError> {
        while self.stage < Stage::Finalized {
            let (done, next) = match self.stage {
                Stage::InUse => (self.drain(), Stage::Drained),
                Stage::Drained => (self.flush_handler(), Stage::Flushed),
                _ => {
                    let asked = self.reflection.ask(Request::Plain(Method::Finalize));
                    (asked.map(|_| ()), Stage::Finalized)
                }
            };
            if let Err(error) = done {
                let error = ChannelError::from(error);
                if matches!(error, ChannelError::Scripted) && !self.has_failed() {
                    return Err(error);
                }
                self.note(error);
            }
            self.stage = next;
        }
        self.close_error.take().map_or(Ok(()), Err)
    }

    /// Keeps the first error of several.
    fn note(&mut self, error: ChannelError) {
        let error = match (error, self.take_failure()) {
            (ChannelError::Scripted, Some(failure)) => ChannelError::from(failure),
            (error, _) => error,
        };
        self.close_error.get_or_insert(error);
    }

    fn has_failed(&self) -> bool {
        self.reflection.has_failed() || self.below.has_failed()
    }

    fn take_failure(&mut self) -> Option<Failure> {
        match self.take_scripted() {
            Some(Scripted::Failure(failure)) => Some(failure),
            _ => None,
        }
    }

    /// The rest of what has been written, made by the handler's `flush`.
    fn flush_handler(&mut self) -> io::Result<()> {
        self.send()?;
        if self.reflection.has(Method::Flush)
            && self
                .outgoing
                .as_ref()
                .is_none_or(|outgoing| !outgoing.source.is_empty())
        {
            let left = self.ask_bytes(Request::Plain(Method::Flush))?;
            self.outgoing = self.is_writable.then_some(Outgoing {
                source: Vec::new(),
                left,
            });
        }
        self.send()
    }
}

impl Driver for TransformDriver {
    fn kind(&self) -> &'static str {
        "transform"
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if !self.reflection.has(Method::Read) {
            let failure = Failure::Message("read not supported by Tcl driver");
            return Err(self.reflection.fail(failure));
        }
        loop {
            if !self.ready.is_empty() {
                return Ok(serve(&mut self.ready, into));
            }
            if let Some(raw) = &self.raw {
                let ready = self.ask_bytes(Request::TransformRead(raw.clone()));
                if !ready.as_ref().is_err_and(|_| !self.reflection.has_failed()) {
                    self.raw = None;
                }
                self.ready = ready?;
                self.is_drained = false;
            } else if std::mem::take(&mut self.at_eof) {
                return Ok(0);
            } else if self.is_ending || !self.fetch(into.len())? {
                self.is_ending = true;
                self.drain()?;
                (self.is_ending, self.at_eof) = (false, true);
            }
        }
    }

    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        if !self.reflection.has(Method::Write) {
            let failure = Failure::Message("write not supported by Tcl driver");
            return Err(self.reflection.fail(failure));
        }
        let begun = |outgoing: &Outgoing| from.starts_with(&outgoing.source);
        if !self.outgoing.as_ref().is_some_and(begun) {
            // What an abandoned write has left goes first.
            self.send()?;
            self.clear(false)?;
            let left = self.ask_bytes(Request::TransformWrite(from.to_vec()))?;
            self.outgoing = Some(Outgoing {
                source: from.to_vec(),
                left,
            });
        }
        self.send()?;
        self.end_clear();
        let sent = self.outgoing.take();
        Ok(sent.map_or(from.len(), |outgoing| outgoing.source.len()))
    }

    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if to != SeekFrom::Current(0) && self.stage == Stage::InUse {
            self.clear(true)?;
            self.unread.clear();
        }
        let sought = self.below.seek(to);
        if !sought.as_ref().is_err_and(needs_script) {
            self.end_clear();
        }
        sought
    }

    fn is_seekable(&self) -> bool {
        self.below.is_seekable()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.below.truncate(length)
    }

    fn close(&mut self, side: Side) -> Result<(), ChannelError> {
        if self.is_closed {
            return Ok(());
        }
        match self.leave() {
            Err(ChannelError::Scripted) => return Err(ChannelError::Scripted),
            Err(error) => drop(self.close_error.get_or_insert(error)),
            Ok(()) => {}
        }
        match self.below.close(side) {
            Err(ChannelError::Scripted) if !self.below.has_failed() => {
                return Err(ChannelError::Scripted);
            }
            Err(error) => self.note(error),
            Ok(()) => {}
        }
        self.is_closed = true;
        self.close_error.take().map_or(Ok(()), Err)
    }

    fn fd(&self, direction: Direction) -> Option<BorrowedFd<'_>> {
        self.below.fd(direction)
    }

    fn set_blocking(&mut self, blocking: bool) -> io::Result<()> {
        self.below.set_blocking(blocking)
    }

    fn may_wait_in_read(&self) -> bool {
        !self.has_ready_input()
            && self.raw.is_none()
            && self.reflection.has(Method::Read)
            && self.below.may_wait_in_read()
    }

    fn short_read_drains(&self) -> bool {
        false
    }

    fn option_names(&self) -> &'static [&'static str] {
        self.below.option_names()
    }

    fn hidden_option_names(&self) -> &'static [&'static str] {
        self.below.hidden_option_names()
    }

    fn settable_names(&self) -> &'static [&'static str] {
        self.below.settable_names()
    }

    fn option(&mut self, name: &str) -> Result<Option<OptionValue>, ChannelError> {
        self.below.option(name)
    }

    fn set_option(&mut self, name: &str, value: &str) -> Result<(), ChannelError> {
        self.below.set_option(name, value)
    }

    fn process_ids(&self) -> Vec<u32> {
        self.below.process_ids()
    }

    fn finish_connecting(&mut self) -> io::Result<bool> {
        self.below.finish_connecting()
    }

    fn is_scripted(&self) -> bool {
        true
    }

    fn take_scripted(&mut self) -> Option<Scripted> {
        self.below
            .take_scripted()
            .or_else(|| self.reflection.take())
    }

    fn has_failed(&self) -> bool {
        TransformDriver::has_failed(self)
    }

    fn transforms(&self) -> usize {
        1 + self.below.transforms()
    }

    fn has_reflection(&self, reflection: &Rc<Reflection>) -> bool {
        Rc::ptr_eq(&self.reflection, reflection) || self.below.has_reflection(reflection)
    }

    fn reflection(&self) -> Option<&Rc<Reflection>> {
        self.below.reflection()
    }

    fn has_ready_input(&self) -> bool {
        !self.ready.is_empty() || !self.unread.is_empty() || self.below.has_ready_input()
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
