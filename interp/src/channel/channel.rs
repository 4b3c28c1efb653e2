//! A channel: one driver, with a reading half and a writing half around it.

use std::cell::RefCell;
use std::io::SeekFrom;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use super::driver::{Direction, Driver, Side};
use super::encoding::{Encoding, system_encoding};
use super::error::ChannelError;
use super::input::{Device, Gets, Input};
use super::output::Output;
use super::reflection::needs_script;
use super::{Translation, wait};

/// A channel as tables and commands hold it.
pub type SharedChannel = Rc<RefCell<Channel>>;

/// The buffer size of a new channel, in bytes: tclsh's.
pub(super) const BUFFER_SIZE_DEFAULT: usize = 4096;

/// What a script opens, reads, writes and closes.
///
/// Reading operations are meant for one command each: they clear and set [`Channel::at_eof`] and
/// [`Channel::is_blocked`] as the Tcl commands show them.
pub struct Channel {
    name: String,
    pub(super) driver: Box<dyn Driver>,
    pub(super) is_readable: bool,
    pub(super) is_writable: bool,
    pub(super) is_blocking: bool,
    /// Whether operations may need a script: see `reflection.rs`.
    pub(super) is_scripted: bool,
    pub(super) buffer_size: usize,
    pub(super) encoding: Encoding,
    pub(super) input: Input,
    pub(super) output: Output,
    /// End of file has been seen, and what still needs doing is the flush of a closed channel that does not block.
    is_closing: bool,
    /// A copy in the background reads from it; whether it blocked before. Nothing else may read meanwhile.
    pub(super) copying_from: Option<bool>,
    /// A copy in the background writes to it; whether it blocked before. Nothing else may write meanwhile.
    pub(super) copying_to: Option<bool>,
    /// A seek waits for a handler.
    pub(super) is_seeking: bool,
    /// Why the flush of a close failed that has yet to be finished.
    close_error: Option<ChannelError>,
    /// In how many tables it is: only the last of them closes it.
    pub(super) registrations: usize,
}

/// Whether a close has finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseState {
    /// It has.
    Closed,
    /// Output waits for room in a driver that does not block. The caller keeps the channel, calls
    /// [`Channel::drain_output`] whenever it is writable, and closes it again when [`Channel::is_draining`] ends.
    Draining,
}

/// What operations on a channel have shown about the readiness of its descriptors since they were asked last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadinessChange {
    /// Input waits in the buffer that the last command could have used: readable at once.
    pub is_buffered: bool,
    /// A read fell short: not readable until the system says so again.
    pub read_drained: bool,
    /// A read was filled, or proves nothing: the system must be asked whether more is there.
    pub read_unknown: bool,
    /// A write fell short: not writable until the system says so again.
    pub write_drained: bool,
    /// Output waits for the channel to become writable.
    pub wants_write: bool,
}

impl Channel {
    /// A channel over `driver` with tclsh's settings for files: blocking, fully buffered, system encoding, input
    /// translation `auto`, output `lf`.
    pub fn new(
        name: impl Into<String>,
        driver: Box<dyn Driver>,
        is_readable: bool,
        is_writable: bool,
    ) -> Channel {
        let mut channel = Channel {
            name: name.into(),
            is_scripted: driver.is_scripted(),
            driver,
            is_readable,
            is_writable,
            is_blocking: true,
            buffer_size: BUFFER_SIZE_DEFAULT,
            encoding: Encoding::BINARY,
            input: Input::new(),
            output: Output::new(),
            is_closing: false,
            copying_from: None,
            copying_to: None,
            is_seeking: false,
            close_error: None,
            registrations: 0,
        };
        channel.set_encoding(system_encoding());
        channel
    }

    /// Whether more than one interpreter has it.
    pub fn is_shared(&self) -> bool {
        self.registrations > 1
    }

    /// Its name, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives it another name; the table does when it has to make one up.
    pub fn set_name(&mut self, name: impl Into<String>) {
        self.name = name.into();
    }

    /// What its driver is.
    pub fn kind(&self) -> &'static str {
        self.driver.kind()
    }

    /// Whether it was opened for reading and that side is not closed.
    pub fn is_readable(&self) -> bool {
        self.is_readable
    }

    /// Whether it was opened for writing and that side is not closed.
    pub fn is_writable(&self) -> bool {
        self.is_writable
    }

    /// The encoding of both directions.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The driver, when it is a `D`.
    pub fn driver_mut<D: 'static>(&mut self) -> Option<&mut D> {
        self.driver.as_any().downcast_mut()
    }

    pub(super) fn driver(&mut self) -> &mut dyn Driver {
        &mut *self.driver
    }

    /// The descriptor of one direction, to be watched or given to a child process.
    pub fn fd(&self, direction: Direction) -> Option<BorrowedFd<'_>> {
        self.driver.fd(direction)
    }

    /// The processes behind the channel, first stage first (`pid`).
    pub fn process_ids(&self) -> Vec<u32> {
        self.driver.process_ids()
    }

    fn reader(&mut self) -> Result<(&mut Input, Device<'_>, Encoding), ChannelError> {
        if !self.is_readable {
            return Err(ChannelError::NotReadable);
        }
        if self.copying_from.is_some() {
            return Err(rustix::io::Errno::BUSY.into());
        }
        if self.is_writable && self.output.len() > 0 && self.driver.is_seekable() {
            // One position serves both directions: what was written comes first.
            self.flush()?;
        }
        let device = Device {
            driver: &mut *self.driver,
            is_blocking: self.is_blocking,
            buffer_size: self.buffer_size,
            is_scripted: self.is_scripted,
        };
        // What waits has been decoded where that takes a state.
        let encoding = match self.input.decoder {
            Some(_) => Encoding::UTF_8,
            None => self.encoding,
        };
        Ok((&mut self.input, device, encoding))
    }

    pub(super) fn writer(&mut self) -> Result<(&mut Output, Device<'_>, Encoding), ChannelError> {
        if !self.is_writable {
            return Err(ChannelError::NotWritable);
        }
        if self.copying_to.is_some() {
            return Err(rustix::io::Errno::BUSY.into());
        }
        if self.is_readable
            && !self.input.queue.is_empty()
            && self.driver.is_seekable()
            && !self.output.is_suspended()
        {
            self.unread()?;
        }
        let device = Device {
            driver: &mut *self.driver,
            is_blocking: self.is_blocking,
            buffer_size: self.buffer_size,
            is_scripted: self.is_scripted,
        };
        Ok((&mut self.output, device, self.encoding))
    }

    /// Gives back what was read ahead, so that a write lands where the script thinks it is. Nothing happens where the
    /// device turns out to have no positions.
    ///
    /// Errors: [`ChannelError::Scripted`].
    fn unread(&mut self) -> Result<(), ChannelError> {
        let ahead = i64::try_from(self.input.queue.len()).unwrap_or(i64::MAX);
        match self.driver.seek(SeekFrom::Current(-ahead)) {
            Ok(_) => self.input.reset(),
            Err(error) if needs_script(&error) => {
                if !self.driver.has_failed() {
                    return Err(error.into());
                }
                // As in tclsh, what was read ahead is forgotten all the same.
                self.driver.take_scripted();
                self.input.reset();
            }
            Err(_) => {}
        }
        Ok(())
    }

    /// The next line, without its end. Blocks if the channel does.
    ///
    /// The text stays in the channel's buffer and is copied by whoever wants to keep it.
    pub fn gets(&mut self) -> Result<Gets<'_>, ChannelError> {
        let (input, mut device, encoding) = self.reader()?;
        input.gets(&mut device, encoding)
    }

    /// Appends characters to `out`: at most `limit`, or everything up to end of file. A channel that does not block
    /// gives what is there. Returns how many characters came; on an error `out` may have some already.
    pub fn read(&mut self, limit: Option<usize>, out: &mut String) -> Result<usize, ChannelError> {
        let (input, mut device, encoding) = self.reader()?;
        input.read(&mut device, encoding, limit, out)
    }

    /// Whether characters are bytes and lines end as they are, so that [`Channel::read_bytes`] may replace
    /// [`Channel::read`].
    pub fn reads_bytes(&self) -> bool {
        self.encoding.is_binary() && self.input.translation == Translation::Lf
    }

    /// Appends bytes to `out` as [`Channel::read`] does characters. For channels that [`Channel::reads_bytes`].
    pub fn read_bytes(
        &mut self,
        limit: Option<usize>,
        out: &mut Vec<u8>,
    ) -> Result<(), ChannelError> {
        let (input, mut device, _) = self.reader()?;
        input.read_bytes(&mut device, limit, out)
    }

    /// Whether bytes go out as they are, so that [`Channel::write_bytes`] may replace [`Channel::write_str`].
    pub fn writes_bytes(&self) -> bool {
        self.encoding.is_binary() && self.output.translation == Translation::Lf
    }

    /// Writes inside text.
    pub fn write_str(&mut self, text: &str) -> Result<(), ChannelError> {
        let (output, mut device, encoding) = self.writer()?;
        output.write_text(&mut device, encoding, text, false)
    }

    /// Writes inside text and a line end: `puts`.
    pub fn write_line(&mut self, text: &str) -> Result<(), ChannelError> {
        let (output, mut device, encoding) = self.writer()?;
        output.write_text(&mut device, encoding, text, true)
    }

    /// Writes bytes past encoding and translation.
    pub fn write_bytes(&mut self, bytes: &[u8]) -> Result<(), ChannelError> {
        let (output, mut device, _) = self.writer()?;
        output.write_bytes(&mut device, bytes)
    }

    /// Sends buffered output to the driver. On a channel that does not block, what it does not take stays queued.
    pub fn flush(&mut self) -> Result<(), ChannelError> {
        let (output, mut device, _) = self.writer()?;
        output.flush(&mut device)
    }

    /// Forgets output that has not been sent.
    pub fn drop_output(&mut self) {
        self.output.clear();
    }

    /// Goes on sending queued output, when the event loop has said writable.
    ///
    /// Errors: [`ChannelError::Scripted`].
    pub fn drain_output(&mut self) -> Result<(), ChannelError> {
        let copying_to = self.copying_to.take();
        let drained = match self.writer() {
            Ok((output, mut device, _)) => output.drain(&mut device),
            Err(_) => Ok(()),
        };
        self.copying_to = copying_to;
        drained
    }

    /// Reserves one direction for a copy in the background, which must not wait. Until [`Channel::end_copy`] other
    /// commands get `EBUSY`.
    pub fn begin_copy(&mut self, direction: Direction) {
        let was_blocking = self.was_blocking();
        match direction {
            Direction::Read => self.copying_from = Some(was_blocking),
            Direction::Write => self.copying_to = Some(was_blocking),
        }
        // A descriptor that refuses just blocks.
        let _ = self.apply_blocking(false);
    }

    /// Ends what [`Channel::begin_copy`] has begun; the last copy makes the channel what it was.
    pub fn end_copy(&mut self, direction: Direction) {
        let ended = match direction {
            Direction::Read => self.copying_from.take(),
            Direction::Write => self.copying_to.take(),
        };
        if ended == Some(true) && self.copying_from.or(self.copying_to).is_none() {
            let _ = self.set_blocking(true);
        }
    }

    /// Whether a copy in the background reads from the channel, or writes to it.
    pub fn is_copying(&self, direction: Direction) -> bool {
        match direction {
            Direction::Read => self.copying_from.is_some(),
            Direction::Write => self.copying_to.is_some(),
        }
    }

    /// Whether operations wait, as the script has it, whatever a copy in the background needs.
    pub(super) fn was_blocking(&self) -> bool {
        self.copying_from
            .or(self.copying_to)
            .unwrap_or(self.is_blocking)
    }

    /// Waits until a read will bring something, whether or not the channel blocks.
    pub fn wait_for_input(&mut self) -> Result<(), ChannelError> {
        match self.driver.fd(Direction::Read) {
            Some(fd) => wait::wait_readable(fd).map_err(|_| ChannelError::Interrupted),
            None => Err(rustix::io::Errno::AGAIN.into()),
        }
    }

    /// Waits until queued output has gone, whether or not the channel blocks.
    pub fn wait_for_output(&mut self) -> Result<(), ChannelError> {
        while self.output.is_draining {
            match self.driver.fd(Direction::Write) {
                Some(fd) => wait::wait_writable(fd).map_err(|_| ChannelError::Interrupted)?,
                None => return Err(rustix::io::Errno::AGAIN.into()),
            }
            self.drain_output()?;
        }
        self.output.check_deferred()
    }

    /// Whether output waits for the channel to become writable.
    pub fn is_draining(&self) -> bool {
        self.output.is_draining
    }

    /// Whether a read would bring something or fail at once, as far as can be told without reading.
    pub fn is_readable_now(&self) -> bool {
        !self.input.queue.is_empty()
            || (self.is_scripted && self.driver.has_ready_input())
            || self
                .driver
                .fd(Direction::Read)
                .is_none_or(wait::is_readable_now)
    }

    /// Whether the last reading command met end of file.
    pub fn at_eof(&self) -> bool {
        self.input.at_eof
    }

    /// Whether the last reading command got less than it wanted because the channel does not block.
    pub fn is_blocked(&self) -> bool {
        self.input.is_blocked
    }

    /// Bytes read ahead and not used. Errors: not open for reading.
    pub fn pending_input(&self) -> Result<usize, ChannelError> {
        if self.is_readable {
            Ok(self.input.queue.len())
        } else {
            Err(ChannelError::NotReadable)
        }
    }

    /// Bytes written and not sent. Errors: not open for writing.
    pub fn pending_output(&self) -> Result<usize, ChannelError> {
        if self.is_writable {
            Ok(self.output.len())
        } else {
            Err(ChannelError::NotWritable)
        }
    }

    /// The position in bytes of the next byte that a script would read or write; −1 where there are no positions.
    /// Errors: [`ChannelError::Scripted`].
    pub fn tell(&mut self) -> Result<i64, ChannelError> {
        if !self.driver.is_seekable() {
            return Ok(-1);
        }
        let position = match self.driver.seek(SeekFrom::Current(0)) {
            Ok(position) => position,
            Err(error) if self.is_scripted && needs_script(&error) => return Err(error.into()),
            Err(_) => return Ok(-1),
        };
        let ahead = i64::try_from(self.input.queue.len()).unwrap_or(i64::MAX);
        let behind = i64::try_from(self.output.len()).unwrap_or(i64::MAX);
        Ok(i64::try_from(position)
            .unwrap_or(i64::MAX)
            .saturating_sub(ahead)
            .saturating_add(behind))
    }

    /// Moves the position, after writing out what waits; drops what was read ahead, and end of file.
    /// Errors: `ESPIPE`, `EINVAL` with [`ChannelError::Posix`].
    pub fn seek(&mut self, to: SeekFrom) -> Result<(), ChannelError> {
        if self.copying_from.or(self.copying_to).is_some() {
            return Err(rustix::io::Errno::BUSY.into());
        }
        if !self.driver.is_seekable() {
            return Err(rustix::io::Errno::INVAL.into());
        }
        if self.is_writable {
            // Where input waits too, this gives it back first.
            self.flush()?;
        }
        let to = match to {
            SeekFrom::Current(offset) => {
                let ahead = i64::try_from(self.input.queue.len()).unwrap_or(i64::MAX);
                SeekFrom::Current(offset.saturating_sub(ahead))
            }
            absolute => absolute,
        };
        let sought = self.driver.seek(to).map_err(ChannelError::from);
        self.is_seeking = matches!(sought, Err(ChannelError::Scripted));
        sought?;
        self.input.reset();
        Ok(())
    }

    /// Sets the length in bytes (`None`: to the present position). Errors: `EINVAL` where that cannot be.
    pub fn truncate(&mut self, length: Option<u64>) -> Result<(), ChannelError> {
        if self.is_scripted {
            return Err(rustix::io::Errno::INVAL.into());
        }
        if !self.is_writable {
            return Err(ChannelError::NotWritable);
        }
        // Drops what was read ahead, so that the driver's position is the script's.
        self.seek(SeekFrom::Current(0))?;
        let length = match length {
            Some(length) => length,
            None => self.driver.seek(SeekFrom::Current(0))?,
        };
        Ok(self.driver.truncate(length)?)
    }

    /// Whether operations wait.
    pub fn is_blocking(&self) -> bool {
        self.is_blocking
    }

    /// Makes operations wait or not. Queued output of the background is not waited for.
    pub fn set_blocking(&mut self, is_blocking: bool) -> Result<(), ChannelError> {
        let copies = [&mut self.copying_from, &mut self.copying_to];
        if copies.iter().any(|copy| copy.is_some()) {
            // A copy in the background must not wait; the wish comes true after it.
            for was_blocking in copies.into_iter().flatten() {
                *was_blocking = is_blocking;
            }
            return Ok(());
        }
        self.apply_blocking(is_blocking)
    }

    fn apply_blocking(&mut self, is_blocking: bool) -> Result<(), ChannelError> {
        if is_blocking != self.is_blocking {
            self.driver.set_blocking(is_blocking)?;
            self.is_blocking = is_blocking;
            if is_blocking && self.output.is_draining {
                self.output.is_draining = false;
            }
        }
        Ok(())
    }

    /// Closes the channel, or one side of it, after writing out what waits.
    ///
    /// Errors: the flush or the driver failed; the channel is closed nevertheless. A pipeline reports how its processes
    /// ended with [`ChannelError::Children`]. [`ChannelError::Interrupted`] leaves it open.
    pub fn close(&mut self, side: Side) -> Result<CloseState, ChannelError> {
        let mut result = Ok(());
        if self.is_writable && side != Side::Read {
            if !self.is_closing {
                self.output.finish_encoding();
            }
            if !self.is_closing
                && let Some(eof_char) = self.output.eof_char
            {
                result = self.write_bytes(&[eof_char]);
            }
            self.is_closing = true;
            result = result.and_then(|()| self.flush());
            if matches!(
                result,
                Err(ChannelError::Interrupted | ChannelError::Scripted)
            ) {
                return result.map(|()| CloseState::Closed);
            }
            if self.output.is_draining {
                return Ok(CloseState::Draining);
            }
            self.is_writable = false;
            self.output.clear();
        }
        if side != Side::Write {
            self.is_readable = false;
            self.input.reset();
        }
        self.is_closing = false;
        let whole = !self.is_readable && !self.is_writable;
        let closed = self.driver.close(if whole { Side::Both } else { side });
        if let Err(error) = result {
            self.close_error.get_or_insert(error);
        }
        if matches!(closed, Err(ChannelError::Scripted)) && !self.driver.has_failed() {
            return Err(ChannelError::Scripted);
        }
        match self.close_error.take() {
            Some(error) => Err(error),
            None => closed.map(|()| CloseState::Closed),
        }
    }

    /// Whether [`Channel::close`] of one side alone can work.
    pub fn can_half_close(&self) -> bool {
        self.driver.can_half_close()
    }

    /// What the event loop must be told after a command has used the channel. Asking resets it.
    pub fn readiness_change(&mut self) -> ReadinessChange {
        let fell_short = std::mem::take(&mut self.input.fell_short);
        let was_full = std::mem::take(&mut self.input.was_full);
        let proves = self.driver.short_read_drains() || !self.is_blocking;
        ReadinessChange {
            is_buffered: self.has_buffered_input(),
            read_drained: fell_short && proves,
            read_unknown: (fell_short && !proves) || (was_full && self.is_blocking),
            write_drained: std::mem::take(&mut self.output.fell_short),
            wants_write: self.output.is_draining,
        }
    }
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel")
            .field("name", &self.name)
            .field("kind", &self.driver.kind())
            .field("is_readable", &self.is_readable)
            .field("is_writable", &self.is_writable)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "channel_tests.rs"]
mod tests;
