//! The reading half of a channel: bytes from the driver, decoded and cut into lines or counted characters.
//!
//! Bytes stay undecoded until a command asks for text, so that positions are exact and an encoding can change between
//! two reads. The start of a character, or a `\r` whose `\n` may still come, waits in the buffer.

use memchr::memchr;

use super::Translation;
use super::buffer::{ByteQueue, TEXT_BYTES_MAX};
use super::driver::{Direction, Driver};
use super::encoding::Encoding;
use super::encoding_escape::EscapeDecoder;
use super::error::ChannelError;
use super::scan::{char_step, chunk_step, collect_line, find_line_end, next_char};
use super::wait;

/// What [`super::Channel::gets`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Gets<'a> {
    /// A line without its end; at end of file perhaps the last one, which had none.
    Line(&'a str),
    /// Nothing is left.
    Eof,
    /// The channel does not block, and the line is not complete. Nothing has been used up.
    Blocked,
}

/// How much is read at once when a script asks for everything.
const READ_ALL_BYTES: usize = 1 << 16;

/// Most bytes that a single read asks for beyond the buffer size.
const READ_BYTES_MAX: usize = 1 << 20;

/// The driver as the reading and writing halves use it.
pub(super) struct Device<'a> {
    pub(super) driver: &'a mut dyn Driver,
    pub(super) is_blocking: bool,
    pub(super) buffer_size: usize,
    /// A script sees what is read and written at once: a buffer.
    pub(super) is_scripted: bool,
}

/// What an attempt to read brought.
#[derive(Debug, PartialEq, Eq)]
enum Fill {
    Bytes,
    Eof,
    Blocked,
}

/// Where a line ends within the buffer.
enum Found {
    /// Bytes of the line, bytes of its end.
    Line(usize, usize),
    /// End of file after this many bytes.
    Rest(usize),
    Blocked,
}

/// State of the reading half.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) queue: ByteQueue,
    pub(super) translation: Translation,
    /// The byte that ends input, if one is set.
    pub(super) eof_char: Option<u8>,
    /// A `\r` has ended a line and the next byte, if it is `\n`, belongs to it.
    skip_newline: bool,
    /// How many waiting bytes are known to hold no line end.
    scanned: usize,
    pub(super) at_eof: bool,
    /// End of file was the eof character's doing: it stays until a seek.
    sticky_eof: bool,
    pub(super) is_blocked: bool,
    /// What waits in the buffer was not enough for the last command.
    pub(super) needs_more: bool,
    /// The last read from the driver brought less than asked for.
    pub(super) fell_short: bool,
    /// The same, within the command in progress.
    is_short: bool,
    /// The last read from the driver brought all that was asked for, so that nothing is known about what is left.
    pub(super) was_full: bool,
    /// The second half of a character of two units, when a `read` took the first.
    pending_unit: Option<char>,
    /// Where reading stands in an encoding that has a state. What waits is UTF-8 then.
    pub(super) decoder: Option<EscapeDecoder>,
    /// The bytes that the decoder left, and those that came before it.
    undecoded: Vec<u8>,
    /// A line that is not in the buffer as it must be returned.
    scratch: String,
}

impl Input {
    pub(super) fn new() -> Input {
        Input {
            queue: ByteQueue::default(),
            translation: Translation::Auto,
            eof_char: None,
            skip_newline: false,
            scanned: 0,
            at_eof: false,
            sticky_eof: false,
            is_blocked: false,
            needs_more: false,
            fell_short: false,
            is_short: false,
            was_full: false,
            pending_unit: None,
            decoder: None,
            undecoded: Vec::new(),
            scratch: String::new(),
        }
    }

    /// Forgets everything that has been read ahead, and end of file.
    pub(super) fn reset(&mut self) {
        self.queue.clear();
        self.skip_newline = false;
        self.scanned = 0;
        self.at_eof = false;
        self.sticky_eof = false;
        self.is_blocked = false;
        self.needs_more = false;
        self.pending_unit = None;
        self.undecoded.clear();
    }

    /// Takes out what has been read ahead, as it came.
    pub(super) fn take_ahead(&mut self) -> Vec<u8> {
        let mut ahead = self.queue.view().to_vec();
        ahead.append(&mut self.undecoded);
        self.reset();
        ahead
    }

    /// Puts bytes that have been read ahead into the empty queue.
    pub(super) fn put_ahead(&mut self, bytes: &[u8]) {
        if self.decoder.is_some() {
            self.undecoded.extend_from_slice(bytes);
        } else {
            self.queue.room(bytes.len()).copy_from_slice(bytes);
            self.queue.commit(bytes.len());
        }
    }

    /// Begins anew with another decoder, at what waits.
    pub(super) fn set_decoder(&mut self, decoder: Option<EscapeDecoder>) {
        if decoder.is_some() && self.decoder.is_none() {
            self.undecoded.extend_from_slice(self.queue.view());
            self.queue.clear();
        }
        self.decoder = decoder;
    }

    /// Like the driver's `read`, through the decoder: makes room for text and says how many bytes of it there are.
    fn read_decoded(&mut self, device: &mut Device<'_>, wanted: usize) -> std::io::Result<usize> {
        let Some(decoder) = &mut self.decoder else {
            return device.driver.read(self.queue.room(wanted));
        };
        let mut text = String::new();
        let mut is_end = false;
        loop {
            let used = decoder.decode(&self.undecoded, &mut text);
            self.undecoded.drain(..used);
            if !text.is_empty() || is_end {
                break;
            }
            let waiting = self.undecoded.len();
            self.undecoded.resize(waiting + wanted, 0);
            let room = self.undecoded.get_mut(waiting..).unwrap_or_default();
            let outcome = device.driver.read(room);
            let count = *outcome.as_ref().unwrap_or(&0);
            self.undecoded.truncate(waiting + count);
            is_end = outcome? == 0;
        }
        let bytes = text.as_bytes();
        self.queue.room(bytes.len()).copy_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Forgets how far the buffer has been searched for a line end, and that what waits was not enough: read in another
    /// way it may be.
    pub(super) fn rescan(&mut self) {
        self.scanned = 0;
        self.needs_more = false;
    }

    /// Forgets end of file: another eof character may be what ends the input.
    pub(super) fn forget_eof(&mut self) {
        self.rescan();
        (self.at_eof, self.sticky_eof) = (false, false);
    }

    /// Forgets half-seen line ends of another translation.
    pub(super) fn translation_changed(&mut self) {
        self.skip_newline = false;
    }

    fn begin(&mut self) {
        self.is_short = false;
        self.is_blocked = false;
        self.needs_more = false;
        self.at_eof = self.sticky_eof;
    }

    /// The waiting bytes up to the eof character, and whether that is what ends them.
    fn view(&self, encoding: Encoding) -> (&[u8], bool) {
        let waiting = self.queue.view();
        if !encoding.has_ascii_newlines() {
            return self.view_by_char(encoding);
        }
        match self.eof_char.and_then(|eof_char| memchr(eof_char, waiting)) {
            Some(index) => (waiting.get(..index).unwrap_or_default(), true),
            None => (waiting, false),
        }
    }

    /// [`Input::view`] where the eof character must be looked for among characters.
    fn view_by_char(&self, encoding: Encoding) -> (&[u8], bool) {
        let waiting = self.queue.view();
        let Some(eof_char) = self.eof_char.map(char::from) else {
            return (waiting, false);
        };
        let mut end = 0;
        while let Some((text, used)) =
            next_char(encoding, waiting.get(end..).unwrap_or_default(), false)
        {
            if text.starts_with(eof_char) {
                return (waiting.get(..end).unwrap_or_default(), true);
            }
            end += used;
        }
        (waiting, false)
    }

    fn consume(&mut self, count: usize) {
        self.queue.consume(count);
        self.scanned = self.scanned.saturating_sub(count);
    }

    fn skip_pending_newline(&mut self, encoding: Encoding) {
        if !self.skip_newline {
            return;
        }
        let view = self.queue.view();
        let first = if encoding.has_ascii_newlines() {
            view.first().map(|&first| (first == b'\n', 1))
        } else {
            next_char(encoding, view, false).map(|(text, used)| (text == "\n", used))
        };
        if let Some((is_newline, used)) = first {
            self.skip_newline = false;
            if is_newline {
                self.consume(used);
            }
        }
    }

    /// One read from the driver, of about `wanted` bytes.
    fn fill(&mut self, device: &mut Device<'_>, wanted: usize) -> Result<Fill, ChannelError> {
        if self.queue.len() > TEXT_BYTES_MAX {
            return Err(ChannelError::TooLong);
        }
        let may_wait =
            device.is_blocking && device.driver.may_wait_in_read() && wait::has_interrupt_check();
        if may_wait && let Some(fd) = device.driver.fd(Direction::Read) {
            wait::wait_readable(fd).map_err(|_| ChannelError::Interrupted)?;
        }
        if self.is_short && device.is_scripted && !device.is_blocking {
            // As in tclsh, a handler that has given less than it was asked for is not asked again.
            (self.is_blocked, self.needs_more) = (true, true);
            return Ok(Fill::Blocked);
        }
        let wanted = if device.is_scripted {
            // As in tclsh, a handler is asked for what there is room for in the buffer.
            device.buffer_size - self.queue.end() % device.buffer_size
        } else {
            wanted
        };
        loop {
            match self.read_decoded(device, wanted) {
                Ok(0) => {
                    self.at_eof = true;
                    return Ok(Fill::Eof);
                }
                Ok(count) => {
                    self.queue.commit(count);
                    // Of what a decoder or a transformation has read nothing is known.
                    let is_transformed =
                        device.is_scripted && device.driver.fd(Direction::Read).is_some();
                    self.was_full = count >= wanted || self.decoder.is_some() || is_transformed;
                    self.fell_short = !self.was_full;
                    self.is_short = self.fell_short;
                    return Ok(Fill::Bytes);
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    (self.fell_short, self.was_full) = (true, false);
                    if !device.is_blocking {
                        self.is_blocked = true;
                        self.needs_more = true;
                        return Ok(Fill::Blocked);
                    }
                    let Some(fd) = device.driver.fd(Direction::Read) else {
                        // As in tclsh, a handler that says so is not waited for in either mode.
                        self.is_blocked = true;
                        self.needs_more = true;
                        return Ok(Fill::Blocked);
                    };
                    wait::wait_readable(fd).map_err(|_| ChannelError::Interrupted)?;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
                    if wait::is_interrupted() {
                        return Err(ChannelError::Interrupted);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// See [`super::Channel::gets`].
    pub(super) fn gets(
        &mut self,
        device: &mut Device<'_>,
        encoding: Encoding,
    ) -> Result<Gets<'_>, ChannelError> {
        self.begin();
        if self.pending_unit.is_some() || !encoding.has_ascii_newlines() {
            return self.gets_by_char(device, encoding);
        }
        let (line, ending) = match self.find_line(device, encoding)? {
            Found::Line(line, ending) => (line, ending),
            Found::Rest(0) => return Ok(Gets::Eof),
            Found::Rest(line) => (line, 0),
            Found::Blocked => return Ok(Gets::Blocked),
        };
        self.scanned = 0;
        let bytes = self.queue.take_line(line, ending);
        if encoding.is_utf_8()
            && let Ok(text) = std::str::from_utf8(bytes)
            && bytes.iter().all(|&byte| byte < 0xF0)
        {
            return Ok(Gets::Line(text));
        }
        self.scratch.clear();
        encoding.decode(bytes, &mut self.scratch, true);
        Ok(Gets::Line(&self.scratch))
    }

    fn find_line(
        &mut self,
        device: &mut Device<'_>,
        encoding: Encoding,
    ) -> Result<Found, ChannelError> {
        loop {
            self.skip_pending_newline(encoding);
            let (view, is_end) = self.view(encoding);
            let view_bytes = view.len();
            match find_line_end(self.translation, view, self.scanned) {
                Ok((line, ending)) => {
                    let is_open =
                        self.translation == Translation::Auto && line + ending == view_bytes;
                    self.skip_newline = is_open && view.last() == Some(&b'\r');
                    return Ok(Found::Line(line, ending));
                }
                Err(next) => self.scanned = next,
            }
            if is_end {
                (self.at_eof, self.sticky_eof) = (true, true);
                return Ok(Found::Rest(view_bytes));
            }
            // Asking for as much as there is keeps a long line from being moved again and again.
            let wanted = device.buffer_size.max(view_bytes.min(READ_BYTES_MAX));
            match self.fill(device, wanted)? {
                Fill::Bytes => {}
                Fill::Eof => return Ok(Found::Rest(view_bytes)),
                Fill::Blocked => return Ok(Found::Blocked),
            }
        }
    }

    /// `gets` where line ends must be looked for among characters: UTF-16 and EBCDIC.
    fn gets_by_char(
        &mut self,
        device: &mut Device<'_>,
        encoding: Encoding,
    ) -> Result<Gets<'_>, ChannelError> {
        let mut line = String::new();
        let mut used = 0;
        let mut is_final = false;
        line.extend(self.pending_unit);
        loop {
            if used == 0 {
                self.skip_pending_newline(encoding);
            }
            let (view, is_end) = self.view(encoding);
            let complete = collect_line(
                encoding,
                view,
                &mut used,
                self.translation,
                is_final || is_end,
                &mut line,
            );
            if let Some(ends_with_return) = complete {
                self.skip_newline = ends_with_return;
                break;
            }
            // Half a unit at the very end.
            let leftover = view.len() - used;
            if is_end {
                (self.at_eof, self.sticky_eof) = (true, true);
            }
            if is_final || is_end {
                if line.is_empty() && used == 0 {
                    self.consume(if is_end { 0 } else { leftover });
                    return Ok(Gets::Eof);
                }
                used += leftover;
                break;
            }
            match self.fill(device, device.buffer_size)? {
                Fill::Bytes => {}
                Fill::Eof => is_final = true,
                Fill::Blocked => return Ok(Gets::Blocked),
            }
        }
        self.pending_unit = None;
        self.consume(used);
        self.scratch = line;
        Ok(Gets::Line(&self.scratch))
    }

    /// Appends at most `limit` characters (`None`: all until end of file) to `out`; returns how many.
    pub(super) fn read(
        &mut self,
        device: &mut Device<'_>,
        encoding: Encoding,
        limit: Option<usize>,
        out: &mut String,
    ) -> Result<usize, ChannelError> {
        self.begin();
        let base = out.len();
        let mut left = limit.unwrap_or(usize::MAX);
        if left > 0
            && let Some(unit) = self.pending_unit.take()
        {
            out.push(unit);
            left -= 1;
        }
        loop {
            let reached_end = self.take_chars(encoding, &mut left, out, false);
            if left == 0 {
                break;
            }
            if out.len() - base > TEXT_BYTES_MAX {
                return Err(ChannelError::TooLong);
            }
            if reached_end {
                (self.at_eof, self.sticky_eof) = (true, true);
                break;
            }
            let wanted = match limit {
                None => READ_ALL_BYTES,
                Some(_) => left.min(READ_BYTES_MAX),
            };
            match self.fill(device, wanted.max(device.buffer_size))? {
                Fill::Bytes => {}
                Fill::Eof => {
                    self.take_chars(encoding, &mut left, out, true);
                    break;
                }
                Fill::Blocked => break,
            }
        }
        self.scanned = 0;
        self.queue.shrink(device.buffer_size);
        Ok(limit.unwrap_or(usize::MAX) - left)
    }

    /// Appends at most `limit` bytes (`None`: all) to `out`, undecoded. For channels of binary encoding and `lf`
    /// translation.
    pub(super) fn read_bytes(
        &mut self,
        device: &mut Device<'_>,
        limit: Option<usize>,
        out: &mut Vec<u8>,
    ) -> Result<(), ChannelError> {
        self.begin();
        let base = out.len();
        let mut left = limit.unwrap_or(usize::MAX);
        loop {
            let (view, is_end) = self.view(Encoding::BINARY);
            let count = view.len().min(left);
            out.extend_from_slice(view.get(..count).unwrap_or_default());
            let is_end = is_end && count == view.len();
            self.consume(count);
            left -= count;
            if left == 0 {
                break;
            }
            if out.len() - base > TEXT_BYTES_MAX {
                return Err(ChannelError::TooLong);
            }
            if is_end {
                (self.at_eof, self.sticky_eof) = (true, true);
                break;
            }
            let wanted = limit
                .map_or(READ_ALL_BYTES, |_| left.min(READ_BYTES_MAX))
                .max(device.buffer_size);
            if self.fill(device, wanted)? != Fill::Bytes {
                break;
            }
        }
        self.scanned = 0;
        self.queue.shrink(device.buffer_size);
        Ok(())
    }

    /// Decodes what waits, at most `left` characters, which it counts down. Whether the eof character was met.
    fn take_chars(
        &mut self,
        encoding: Encoding,
        left: &mut usize,
        out: &mut String,
        is_final: bool,
    ) -> bool {
        loop {
            if *left == 0 {
                // A `\n` that belongs to the last line end is left for the next command, as `tell` shows.
                return false;
            }
            self.skip_pending_newline(encoding);
            let (view, is_end) = self.view(encoding);
            if view.is_empty() {
                return is_end;
            }
            let is_last = is_final || is_end;
            let step = if encoding.has_ascii_newlines() {
                chunk_step(encoding, self.translation, view, *left, is_last, out)
            } else {
                char_step(encoding, self.translation, view, is_last, out)
            };
            if step.used == 0 {
                return false;
            }
            self.skip_newline = step.ends_with_return;
            self.consume(step.used);
            if step.chars > *left {
                self.pending_unit = out.pop();
                *left = 0;
            } else {
                *left -= step.chars;
            }
        }
    }
}
