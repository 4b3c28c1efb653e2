//! What moves the bytes of a channel.

use std::any::Any;
use std::io::{self, SeekFrom};
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use super::error::ChannelError;
use super::reflection::{Reflection, Scripted};

/// One direction of a channel, from the script's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards the script.
    Read,
    /// Away from the script.
    Write,
}

/// What of a channel is to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The reading side only.
    Read,
    /// The writing side only.
    Write,
    /// All of it.
    Both,
}

/// The value of a channel option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionValue {
    /// One word.
    Text(String),
    /// A Tcl list of words.
    List(Vec<String>),
}

/// The device under a channel. It moves bytes and knows nothing of buffers, encodings or lines.
pub trait Driver {
    /// What it is: `file`, `pipe`, `tcp`, `memory`.
    fn kind(&self) -> &'static str;

    /// Reads at most `into.len()` bytes; 0 means end of file. Errors: `WouldBlock` when nothing is there yet.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize>;

    /// Writes at least one byte of `from` and says how many. Errors: `WouldBlock` when there is no room yet.
    fn write(&mut self, from: &[u8]) -> io::Result<usize>;

    /// Moves the position; returns the new one in bytes from the start. Errors: `EINVAL` where there are no positions.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let _ = to;
        Err(rustix::io::Errno::INVAL.into())
    }

    /// Whether [`Driver::seek`] can work at all.
    fn is_seekable(&self) -> bool {
        false
    }

    /// Sets the length in bytes. Errors: `EINVAL` where there is none.
    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let _ = length;
        Err(rustix::io::Errno::INVAL.into())
    }

    /// Closes one side or all. Closing a side twice does nothing.
    ///
    /// Errors: for a pipeline, [`ChannelError::Children`] with how the processes ended.
    fn close(&mut self, side: Side) -> Result<(), ChannelError>;

    /// Whether one side can be closed alone.
    fn can_half_close(&self) -> bool {
        false
    }

    /// The descriptor that tells whether this direction is ready, and that a child process may inherit.
    fn fd(&self, direction: Direction) -> Option<BorrowedFd<'_>>;

    /// Changes between waiting and [`io::ErrorKind::WouldBlock`]. A driver may answer `WouldBlock` in either mode; the
    /// channel then waits itself.
    fn set_blocking(&mut self, blocking: bool) -> io::Result<()>;

    /// Whether a read may wait in the kernel, out of reach of an interrupt, unless the descriptor was polled first.
    fn may_wait_in_read(&self) -> bool {
        false
    }

    /// Whether a read of fewer bytes than asked for proves that no more are there. Not so for terminals.
    fn short_read_drains(&self) -> bool {
        true
    }

    /// The options that this driver has beside the generic ones, as `fconfigure` lists them.
    fn option_names(&self) -> &'static [&'static str] {
        &[]
    }

    /// Options that can be asked for but are not listed in messages.
    fn hidden_option_names(&self) -> &'static [&'static str] {
        &[]
    }

    /// The options among [`Driver::option_names`] that can be set.
    fn settable_names(&self) -> &'static [&'static str] {
        &[]
    }

    /// The value of one of [`Driver::option_names`]; `None` when it has none at present.
    fn option(&mut self, name: &str) -> Result<Option<OptionValue>, ChannelError> {
        let _ = name;
        Ok(None)
    }

    /// Sets one of [`Driver::settable_names`].
    fn set_option(&mut self, name: &str, value: &str) -> Result<(), ChannelError> {
        let _ = (name, value);
        Ok(())
    }

    /// The processes behind the channel, first stage first.
    fn process_ids(&self) -> Vec<u32> {
        Vec::new()
    }

    /// A connection that is still being made: finishes it if it can be now. Errors: the connection failed.
    /// `Ok(false)`: it takes longer.
    fn finish_connecting(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    /// Whether operations may fail with [`ChannelError::Scripted`]: a script implements the device, or transforms what
    /// passes through it. Reads and writes are then of one buffer at most, as the script sees them.
    fn is_scripted(&self) -> bool {
        false
    }

    /// What the operation that has just failed with [`ChannelError::Scripted`] needs.
    fn take_scripted(&mut self) -> Option<Scripted> {
        None
    }

    /// Whether what [`Driver::take_scripted`] will say is that a handler has failed.
    fn has_failed(&self) -> bool {
        false
    }

    /// How many transformations lie on the device.
    fn transforms(&self) -> usize {
        0
    }

    /// Whether a script is one of those that implement the device or transform what passes through it.
    fn has_reflection(&self, reflection: &Rc<Reflection>) -> bool {
        let _ = reflection;
        false
    }

    /// The script that implements the device, if one does.
    fn reflection(&self) -> Option<&Rc<Reflection>> {
        None
    }

    /// Whether a read would bring something that the descriptor does not tell of.
    fn has_ready_input(&self) -> bool {
        false
    }

    /// The driver itself, for code that knows its type (a listener's `accept`).
    fn as_any(&mut self) -> &mut dyn Any;
}
