//! The driver of a channel that a script implements: `chan create`.

use std::any::Any;
use std::io::{self, SeekFrom};
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use super::driver::{Direction, Driver, Side};
use super::error::ChannelError;
use super::reflection::{Method, Reflection, Reply, Request, Scripted};

/// A device that is a script.
#[derive(Debug)]
pub struct ReflectedDriver {
    reflection: Rc<Reflection>,
    /// Bytes that the handler has returned and the channel has had no room for.
    ready: Vec<u8>,
    is_closed: bool,
}

impl ReflectedDriver {
    /// A driver over a handler that has been initialized.
    pub fn new(reflection: Rc<Reflection>) -> ReflectedDriver {
        ReflectedDriver {
            reflection,
            ready: Vec::new(),
            is_closed: false,
        }
    }
}

/// Moves as many bytes as there is room for from the front of `ready`.
pub(super) fn serve(ready: &mut Vec<u8>, into: &mut [u8]) -> usize {
    let count = ready.len().min(into.len());
    for (to, from) in into.iter_mut().zip(ready.drain(..count)) {
        *to = from;
    }
    count
}

impl Driver for ReflectedDriver {
    fn kind(&self) -> &'static str {
        "reflected"
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_empty()
            && let Reply::Bytes(bytes) = self.reflection.ask(Request::Read(into.len()))?
        {
            self.ready = bytes;
        }
        Ok(serve(&mut self.ready, into))
    }

    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match self.reflection.ask(Request::Write(from.to_vec()))? {
            Reply::Count(count) => Ok(usize::try_from(count).unwrap_or(usize::MAX).min(from.len())),
            _ => Ok(from.len()),
        }
    }

    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self.reflection.ask(Request::Seek(to))? {
            Reply::Count(position) => {
                if to != SeekFrom::Current(0) {
                    self.ready.clear();
                }
                Ok(position)
            }
            _ => Err(rustix::io::Errno::INVAL.into()),
        }
    }

    fn is_seekable(&self) -> bool {
        self.reflection.has(Method::Seek)
    }

    fn close(&mut self, _side: Side) -> Result<(), ChannelError> {
        if self.is_closed {
            return Ok(());
        }
        let asked = self.reflection.ask(Request::Plain(Method::Finalize));
        match asked.map_err(ChannelError::from) {
            Ok(_) => self.is_closed = true,
            Err(ChannelError::Scripted) if !self.reflection.has_failed() => {
                return Err(ChannelError::Scripted);
            }
            Err(error) => {
                self.is_closed = true;
                return Err(error);
            }
        }
        Ok(())
    }

    fn fd(&self, _direction: Direction) -> Option<BorrowedFd<'_>> {
        None
    }

    fn set_blocking(&mut self, _blocking: bool) -> io::Result<()> {
        // `chan configure` calls the handler.
        Ok(())
    }

    fn is_scripted(&self) -> bool {
        true
    }

    fn take_scripted(&mut self) -> Option<Scripted> {
        self.reflection.take()
    }

    fn has_failed(&self) -> bool {
        self.reflection.has_failed()
    }

    fn has_reflection(&self, reflection: &Rc<Reflection>) -> bool {
        Rc::ptr_eq(&self.reflection, reflection)
    }

    fn reflection(&self) -> Option<&Rc<Reflection>> {
        Some(&self.reflection)
    }

    fn has_ready_input(&self) -> bool {
        !self.ready.is_empty()
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
