//! The writing half of a channel: text translated and encoded into a buffer, and the buffer into the driver.

use memchr::{memchr, memrchr};

use super::buffer::TEXT_BYTES_MAX;
use super::driver::Direction;
use super::encoding::Encoding;
use super::encoding_escape::EscapeEncoder;
use super::errno::Errno;
use super::error::ChannelError;
use super::input::Device;
use super::reflection::needs_script;
use super::{Buffering, Translation, wait};

/// State of the writing half.
#[derive(Debug)]
pub(super) struct Output {
    /// Encoded bytes; the first `sent` have gone to the driver already.
    queue: Vec<u8>,
    sent: usize,
    pub(super) translation: Translation,
    /// The byte to be written before the channel is closed, if one is set.
    pub(super) eof_char: Option<u8>,
    pub(super) buffering: Buffering,
    /// A failure while the queue was drained in the background, not told to anybody yet.
    pub(super) deferred_error: Option<ChannelError>,
    /// The driver had no room, and the channel does not block: the rest goes when the event loop says writable.
    pub(super) is_draining: bool,
    /// The driver took less than it was given.
    pub(super) fell_short: bool,
    /// A handler is writing, and this much is to be gone, counted from the start of the queue, when it has done all its
    /// work. What is written meanwhile waits for that.
    goal: Option<usize>,
    /// Where writing stands, in an encoding that has a state.
    encoder: Option<EscapeEncoder>,
}

impl Output {
    pub(super) fn new() -> Output {
        Output {
            queue: Vec::new(),
            sent: 0,
            translation: Translation::Lf,
            eof_char: None,
            buffering: Buffering::Full,
            deferred_error: None,
            is_draining: false,
            fell_short: false,
            goal: None,
            encoder: None,
        }
    }

    /// Ends what has been written so far, and begins anew with another encoder.
    pub(super) fn set_encoder(&mut self, encoder: Option<EscapeEncoder>) {
        self.finish_encoding();
        self.encoder = encoder;
    }

    /// Appends what the encoding puts at the end.
    pub(super) fn finish_encoding(&mut self) {
        if let Some(encoder) = &mut self.encoder {
            encoder.finish(&mut self.queue);
        }
    }

    fn encode(&mut self, encoding: Encoding, text: &str) {
        match &mut self.encoder {
            Some(encoder) => encoder.encode(text, &mut self.queue),
            None => encoding.encode(text, &mut self.queue),
        }
    }

    /// Bytes that wait.
    pub(super) fn len(&self) -> usize {
        self.queue.len() - self.sent
    }

    pub(super) fn clear(&mut self) {
        self.queue.clear();
        self.sent = 0;
        self.is_draining = false;
        self.goal = None;
    }

    /// Tells a failure of the background once.
    pub(super) fn check_deferred(&mut self) -> Result<(), ChannelError> {
        self.deferred_error.take().map_or(Ok(()), Err)
    }

    /// Writes text, and a line end after it if `newline`.
    pub(super) fn write_text(
        &mut self,
        device: &mut Device<'_>,
        encoding: Encoding,
        text: &str,
        newline: bool,
    ) -> Result<(), ChannelError> {
        self.check_deferred()?;
        if self.len().saturating_add(text.len()) > TEXT_BYTES_MAX {
            return Err(ChannelError::TooLong);
        }
        self.append_text(encoding, text);
        if newline {
            self.append_text(encoding, "\n");
        }
        let ends_line = self.buffering == Buffering::Line
            && (newline || self.line_ends_last_buffer(text, device.buffer_size));
        self.after_append(device, ends_line)
    }

    /// Writes bytes as they are.
    pub(super) fn write_bytes(
        &mut self,
        device: &mut Device<'_>,
        bytes: &[u8],
    ) -> Result<(), ChannelError> {
        self.check_deferred()?;
        if self.len().saturating_add(bytes.len()) > TEXT_BYTES_MAX {
            return Err(ChannelError::TooLong);
        }
        self.queue.extend_from_slice(bytes);
        let last_buffer = self.len() % device.buffer_size;
        let ends_line = self.buffering == Buffering::Line
            && memrchr(b'\n', bytes).is_some_and(|at| bytes.len() - at <= last_buffer);
        self.after_append(device, ends_line)
    }

    /// Whether a line of `text`, which has just been appended, ends within the last buffer. As in tclsh, a line end in a
    /// buffer that was full and has gone sends nothing more.
    fn line_ends_last_buffer(&self, text: &str, buffer_size: usize) -> bool {
        let Some(at) = memrchr(b'\n', text.as_bytes()) else {
            return false;
        };
        if self.len() < buffer_size {
            return true;
        }
        // Exact where a character is a byte; otherwise the end of a line goes out a little early.
        text.get(at..)
            .is_some_and(|rest| rest.chars().count() <= self.len() % buffer_size)
    }

    fn append_text(&mut self, encoding: Encoding, text: &str) {
        let line_end = match self.translation {
            Translation::Auto | Translation::Lf => return self.encode(encoding, text),
            Translation::Cr => "\r",
            Translation::CrLf => "\r\n",
        };
        let mut rest = text;
        while let Some(index) = memchr(b'\n', rest.as_bytes()) {
            let (line, after) = rest.split_at(index);
            self.encode(encoding, line);
            self.encode(encoding, line_end);
            rest = after.get(1..).unwrap_or_default();
        }
        self.encode(encoding, rest);
    }

    /// Sends what the buffering policy says must go. As in tclsh, a full buffer goes in whole buffers and the remainder
    /// stays.
    fn after_append(
        &mut self,
        device: &mut Device<'_>,
        ends_line: bool,
    ) -> Result<(), ChannelError> {
        if self.is_draining {
            return Ok(());
        }
        if ends_line || self.buffering == Buffering::None {
            return self.flush(device);
        }
        let full = self.len() / device.buffer_size * device.buffer_size;
        if full == 0 {
            Ok(())
        } else {
            self.send(device, full)
        }
    }

    /// Sends everything. On a channel that does not block, what the driver does not take stays queued.
    pub(super) fn flush(&mut self, device: &mut Device<'_>) -> Result<(), ChannelError> {
        self.check_deferred()?;
        self.send(device, self.len())
    }

    /// Goes on sending after the event loop has said writable. Failures are kept for the next command.
    ///
    /// Errors: [`ChannelError::Scripted`], also for failures of handlers.
    pub(super) fn drain(&mut self, device: &mut Device<'_>) -> Result<(), ChannelError> {
        if self.is_suspended() {
            // Whoever is writing does it.
            return Ok(());
        }
        self.is_draining = false;
        match self.send(device, self.len()) {
            Ok(()) => {}
            Err(ChannelError::Posix(errno)) => {
                self.deferred_error = Some(ChannelError::Posix(errno));
            }
            Err(ChannelError::Scripted) => return Err(ChannelError::Scripted),
            // Not blocking, so neither interrupts nor limits are met.
            Err(_) => {}
        }
        Ok(())
    }

    /// Puts `bytes` in place of the first `count` that wait.
    pub(super) fn replace_front(&mut self, count: usize, bytes: Vec<u8>) {
        let end = self.sent.saturating_add(count).min(self.queue.len());
        self.queue.splice(self.sent..end, bytes);
    }

    /// Whether a handler is writing: [`Output::resume`] will go on.
    pub(super) fn is_suspended(&self) -> bool {
        self.goal.is_some()
    }

    /// Goes on when the handler has written something.
    pub(super) fn resume(&mut self, device: &mut Device<'_>) -> Result<(), ChannelError> {
        match self.goal.take() {
            Some(goal) => self.send(device, goal.saturating_sub(self.sent)),
            None => Ok(()),
        }
    }

    fn send(&mut self, device: &mut Device<'_>, count: usize) -> Result<(), ChannelError> {
        let goal = (self.sent + count).min(self.queue.len());
        if let Some(present) = &mut self.goal {
            *present = goal.max(*present);
            return Ok(());
        }
        let write_bytes_max = if device.is_scripted {
            if self.is_draining {
                // The handler has refused, and will say when it takes more.
                return Ok(());
            }
            device.buffer_size
        } else {
            usize::MAX
        };
        while self.sent < goal {
            let end = goal.min(self.sent.saturating_add(write_bytes_max));
            let bytes = self.queue.get(self.sent..end).unwrap_or_default();
            match device.driver.write(bytes) {
                Ok(0) => return self.fail(Errno::from(rustix::io::Errno::IO)),
                Ok(written) => {
                    self.fell_short = written < bytes.len();
                    self.sent += written;
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    self.fell_short = true;
                    // As in tclsh, a handler that says so is not waited for in either mode.
                    if !device.is_blocking || device.driver.fd(Direction::Write).is_none() {
                        self.is_draining = true;
                        self.compact();
                        return Ok(());
                    }
                    let Some(fd) = device.driver.fd(Direction::Write) else {
                        return Err(error.into());
                    };
                    if wait::wait_writable(fd).is_err() {
                        self.compact();
                        return Err(ChannelError::Interrupted);
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
                    if wait::is_interrupted() {
                        self.compact();
                        return Err(ChannelError::Interrupted);
                    }
                }
                Err(error) if needs_script(&error) => {
                    if device.driver.has_failed() {
                        self.clear();
                    } else {
                        self.goal = Some(goal);
                    }
                    return Err(ChannelError::Scripted);
                }
                Err(error) => return self.fail(Errno::of(&error)),
            }
        }
        self.compact();
        Ok(())
    }

    /// As in tclsh, output that cannot be written is dropped.
    fn fail(&mut self, errno: Errno) -> Result<(), ChannelError> {
        self.clear();
        Err(ChannelError::Posix(errno))
    }

    /// Drops what has been sent, and memory that one large write has taken.
    fn compact(&mut self) {
        if self.sent == self.queue.len() {
            self.clear_sent();
        } else if self.sent > self.queue.len() / 2 {
            // Only then, so that draining a long queue does not move it again and again.
            self.queue.drain(..self.sent);
            self.sent = 0;
        }
    }

    fn clear_sent(&mut self) {
        let was_draining = self.is_draining;
        self.clear();
        self.is_draining = was_draining;
        if self.queue.capacity() > KEPT_BYTES_MAX {
            self.queue = Vec::new();
        }
    }
}

/// Memory that an empty queue keeps.
const KEPT_BYTES_MAX: usize = 1 << 18;
