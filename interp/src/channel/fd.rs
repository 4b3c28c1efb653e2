//! Drivers over one file descriptor: files, standard streams, ends of pipes.

use std::any::Any;
use std::io::{self, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, OFlags};

use super::channel::Channel;
use super::driver::{Direction, Driver, OptionValue, Side};
use super::error::ChannelError;
use super::{Buffering, Translation};

/// One of the three streams that a process is born with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandardStream {
    /// Descriptor 0.
    Stdin,
    /// Descriptor 1.
    Stdout,
    /// Descriptor 2.
    Stderr,
}

impl StandardStream {
    /// The channel of this stream, with tclsh's name and settings: lines, except for standard error.
    ///
    /// Costs one `fstat` and no more, unless it is a socket.
    pub fn channel(self) -> Channel {
        let name = match self {
            StandardStream::Stdin => "stdin",
            StandardStream::Stdout => "stdout",
            StandardStream::Stderr => "stderr",
        };
        let is_input = self == StandardStream::Stdin;
        let mut channel = Channel::new(
            name,
            Box::new(FdDriver::standard(self)),
            is_input,
            !is_input,
        );
        let buffering = if self == StandardStream::Stderr {
            Buffering::None
        } else {
            Buffering::Line
        };
        channel.set_buffering_mode(buffering);
        channel
    }

    fn handle(self) -> Handle {
        match self {
            StandardStream::Stdin => Handle::Stdin(io::stdin()),
            StandardStream::Stdout => Handle::Stdout(io::stdout()),
            StandardStream::Stderr => Handle::Stderr(io::stderr()),
        }
    }
}

#[derive(Debug)]
enum Handle {
    Owned(OwnedFd),
    // Used for their descriptors only; nothing goes through their buffers.
    Stdin(io::Stdin),
    Stdout(io::Stdout),
    Stderr(io::Stderr),
    Closed,
}

/// A driver over one file descriptor.
#[derive(Debug)]
pub struct FdDriver {
    handle: Handle,
    kind: &'static str,
    file_type: FileType,
    /// Whether it is a connection that the process was started with, which tells its addresses.
    is_connection: bool,
}

impl FdDriver {
    /// Takes a descriptor. `kind` is what [`Driver::kind`] will say.
    pub fn new(fd: OwnedFd, kind: &'static str) -> FdDriver {
        let file_type = file_type(fd.as_fd());
        FdDriver {
            handle: Handle::Owned(fd),
            kind,
            file_type,
            is_connection: false,
        }
    }

    /// A standard stream.
    pub fn standard(stream: StandardStream) -> FdDriver {
        let mut driver = FdDriver {
            handle: stream.handle(),
            kind: "file",
            file_type: FileType::Unknown,
            is_connection: false,
        };
        driver.file_type = driver.borrowed().map_or(FileType::Unknown, file_type);
        driver.is_connection = driver.file_type == FileType::Socket
            && driver.borrowed().is_ok_and(super::socket::is_internet);
        driver
    }

    fn borrowed(&self) -> io::Result<BorrowedFd<'_>> {
        match &self.handle {
            Handle::Owned(fd) => Ok(fd.as_fd()),
            Handle::Stdin(stream) => Ok(stream.as_fd()),
            Handle::Stdout(stream) => Ok(stream.as_fd()),
            Handle::Stderr(stream) => Ok(stream.as_fd()),
            Handle::Closed => Err(rustix::io::Errno::BADF.into()),
        }
    }

    /// Whether it is a terminal.
    pub fn is_terminal(&self) -> bool {
        self.file_type == FileType::CharacterDevice
            && self.borrowed().is_ok_and(rustix::termios::isatty)
    }
}

fn file_type(fd: BorrowedFd<'_>) -> FileType {
    rustix::fs::fstat(fd).map_or(FileType::Unknown, |stat| {
        FileType::from_raw_mode(stat.st_mode)
    })
}

/// Changes the descriptor's own blocking mode.
pub(super) fn set_fd_blocking(fd: BorrowedFd<'_>, blocking: bool) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(fd)?;
    let wanted = if blocking {
        flags - OFlags::NONBLOCK
    } else {
        flags | OFlags::NONBLOCK
    };
    if wanted != flags {
        rustix::fs::fcntl_setfl(fd, wanted)?;
    }
    Ok(())
}

impl Driver for FdDriver {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(self.borrowed()?, into)?)
    }

    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(self.borrowed()?, from)?)
    }

    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(offset) => rustix::fs::SeekFrom::Start(offset),
            SeekFrom::Current(offset) => rustix::fs::SeekFrom::Current(offset),
            SeekFrom::End(offset) => rustix::fs::SeekFrom::End(offset),
        };
        Ok(rustix::fs::seek(self.borrowed()?, to)?)
    }

    fn is_seekable(&self) -> bool {
        // Ends of pipes too: the system says `ESPIPE`, and tclsh shows that.
        true
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        Ok(rustix::fs::ftruncate(self.borrowed()?, length)?)
    }

    fn close(&mut self, _side: Side) -> Result<(), ChannelError> {
        let handle = std::mem::replace(&mut self.handle, Handle::Closed);
        // The number of a standard stream must not come to stand for something else, but whoever is at its other end
        // must see that it was closed.
        match (handle, nothing()) {
            (Handle::Stdin(_), Ok(nothing)) => rustix::stdio::dup2_stdin(nothing)?,
            (Handle::Stdout(_), Ok(nothing)) => rustix::stdio::dup2_stdout(nothing)?,
            (Handle::Stderr(_), Ok(nothing)) => rustix::stdio::dup2_stderr(nothing)?,
            _ => {}
        }
        Ok(())
    }

    fn fd(&self, _direction: Direction) -> Option<BorrowedFd<'_>> {
        self.borrowed().ok()
    }

    fn set_blocking(&mut self, blocking: bool) -> io::Result<()> {
        set_fd_blocking(self.borrowed()?, blocking)
    }

    fn option_names(&self) -> &'static [&'static str] {
        if self.is_connection {
            &["-peername", "-sockname"]
        } else {
            &[]
        }
    }

    fn option(&mut self, name: &str) -> Result<Option<OptionValue>, ChannelError> {
        if !self.is_connection {
            return Ok(None);
        }
        let socket = self.borrowed().map_err(|_| rustix::io::Errno::BADF);
        super::socket::address_option(socket, name)
    }

    fn may_wait_in_read(&self) -> bool {
        self.file_type != FileType::RegularFile
    }

    fn short_read_drains(&self) -> bool {
        self.file_type != FileType::CharacterDevice
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// A descriptor that reads nothing and takes everything: `/dev/null`.
pub fn nothing() -> Result<OwnedFd, ChannelError> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    Ok(rustix::fs::open(
        "/dev/null",
        flags,
        rustix::fs::Mode::empty(),
    )?)
}

/// The name that tclsh gives to a channel over this descriptor.
pub(super) fn fd_name(fd: BorrowedFd<'_>) -> String {
    use std::os::fd::AsRawFd;
    format!("file{}", fd.as_raw_fd())
}

/// An anonymous pipe: the channel to read from, then the channel to write to (`chan pipe`).
pub fn pipe() -> Result<(Channel, Channel), ChannelError> {
    let (read_end, write_end) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let make = |fd: OwnedFd, is_readable: bool| {
        let name = fd_name(fd.as_fd());
        let mut channel = Channel::new(
            name,
            Box::new(FdDriver::new(fd, "pipe")),
            is_readable,
            !is_readable,
        );
        channel.set_translation_modes(Translation::Auto, Translation::Lf);
        channel
    };
    Ok((make(read_end, true), make(write_end, false)))
}
