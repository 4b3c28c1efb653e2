//! A queue of bytes between a driver and a decoder.

/// Most bytes that one line, one `read` or one queue of unsent output may hold: 1 GiB, half of what a Tcl 8.6 string can
/// be, so that a stream without line ends becomes an error and not the end of the process.
pub const TEXT_BYTES_MAX: usize = 1 << 30;

/// Bytes that have been read from a driver and not been used yet.
#[derive(Debug, Default)]
pub(super) struct ByteQueue {
    /// Storage; its length is how much memory there is, not how much is in use.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl ByteQueue {
    /// The bytes that wait.
    pub(super) fn view(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Where the next byte goes, as long as some wait.
    pub(super) fn end(&self) -> usize {
        if self.is_empty() { 0 } else { self.end }
    }

    pub(super) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Marks the first `count` bytes as used.
    pub(super) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Marks the first `line + ending` bytes as used and returns the first `line` of them, which stay where they are
    /// until the next [`ByteQueue::room`].
    pub(super) fn take_line(&mut self, line: usize, ending: usize) -> &[u8] {
        let start = self.start;
        self.consume(line + ending);
        self.bytes
            .get(start..(start + line).min(self.end))
            .unwrap_or_default()
    }

    /// Room for `wanted` more bytes after those that wait; [`ByteQueue::commit`] says how many came.
    pub(super) fn room(&mut self, wanted: usize) -> &mut [u8] {
        if self.start == self.end {
            self.clear();
        }
        if self.bytes.len() - self.end < wanted && self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.bytes.len() - self.end < wanted {
            self.bytes.resize(self.end + wanted, 0);
        }
        self.bytes
            .get_mut(self.end..self.end + wanted)
            .unwrap_or_default()
    }

    pub(super) fn commit(&mut self, count: usize) {
        self.end = (self.end + count).min(self.bytes.len());
    }

    /// Gives back memory that a long line or a `read` of everything has taken.
    pub(super) fn shrink(&mut self, keep: usize) {
        if self.is_empty() && self.bytes.len() > keep.saturating_mul(4) {
            self.clear();
            self.bytes.truncate(keep);
            self.bytes.shrink_to_fit();
        }
    }
}
