//! A channel in memory: what is written can be read back, as from a file. For tests and captured output.

use std::any::Any;
use std::cell::RefCell;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use super::driver::{Direction, Driver, Side};
use super::error::ChannelError;

/// A file that is only memory. Clones share the bytes and the position.
#[derive(Debug, Clone, Default)]
pub struct MemoryDriver {
    file: Rc<RefCell<Cursor<Vec<u8>>>>,
}

impl MemoryDriver {
    /// A file that holds `bytes`, at its start.
    pub fn new(bytes: Vec<u8>) -> MemoryDriver {
        MemoryDriver {
            file: Rc::new(RefCell::new(Cursor::new(bytes))),
        }
    }

    /// All bytes of the file.
    pub fn contents(&self) -> Vec<u8> {
        self.file.borrow().get_ref().clone()
    }

    /// All bytes of the file, which is empty after that.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.file.borrow_mut()).into_inner()
    }
}

impl Driver for MemoryDriver {
    fn kind(&self) -> &'static str {
        "memory"
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.file.borrow_mut().read(into)
    }

    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.file.borrow_mut().write(from)
    }

    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.borrow_mut().seek(to)
    }

    fn is_seekable(&self) -> bool {
        true
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let length =
            usize::try_from(length).map_err(|_| io::Error::from(rustix::io::Errno::FBIG))?;
        if length > super::TEXT_BYTES_MAX {
            return Err(rustix::io::Errno::FBIG.into());
        }
        self.file.borrow_mut().get_mut().resize(length, 0);
        Ok(())
    }

    fn close(&mut self, _side: Side) -> Result<(), ChannelError> {
        Ok(())
    }

    fn fd(&self, _direction: Direction) -> Option<BorrowedFd<'_>> {
        None
    }

    fn set_blocking(&mut self, _blocking: bool) -> io::Result<()> {
        Ok(())
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
