//! The terminal, shared by the line that is being typed and by what scripts print meanwhile.
//!
//! While no prompt is up, output goes straight to the terminal. While one is up, whole lines go to a thread that has the
//! line editor print them above the prompt, and a line without its end waits. The editor's printing blocks until the
//! editor looks, which is why the interpreter's thread never waits for it except when far too much is queued.

use std::collections::VecDeque;
use std::io::{self, SeekFrom};
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use memchr::memrchr;
use remex_interp::channel::{
    Buffering, Channel, ChannelError, Direction, Driver, FdDriver, Side, StandardStream,
};
use remex_interp::{Interp, Value};

/// Output that may wait while a prompt is up, in bytes. A script that prints more waits for the editor: it may print
/// faster than a terminal shows.
const QUEUED_BYTES_MAX: usize = 1 << 20;

/// Longest line without an end that is shown before the next prompt rather than above it, in bytes.
const PARTIAL_BYTES_MAX: usize = 200;

/// What prints above a prompt.
pub type Printer = Box<dyn FnMut(String) + Send>;

/// The state of the terminal.
#[derive(Default)]
struct State {
    /// Something prints above prompts. Without it, output goes straight to the terminal at all times.
    has_printer: bool,
    /// The editor has the terminal.
    is_prompt_up: bool,
    /// Whole lines for the editor to print.
    queue: VecDeque<Vec<u8>>,
    queued_bytes: usize,
    /// The end of the output, since its last newline.
    partial: Vec<u8>,
    /// What is printed while a prompt's script runs.
    captured: Option<Vec<u8>>,
}

/// The terminal. Shared by the interpreter's thread, the editor's and the printer's.
#[derive(Default)]
pub struct Screen {
    state: Mutex<State>,
    changed: Condvar,
}

impl Screen {
    /// A poisoned lock only means that a thread died between two steps that leave the state whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Has `printer` print, on a thread of its own, what comes while a prompt is up.
    pub fn start_printer(self: &Arc<Screen>, mut printer: Printer) -> io::Result<()> {
        let screen = Arc::clone(self);
        let run = move || {
            loop {
                let mut state = screen.lock();
                while state.queue.is_empty() || !state.is_prompt_up {
                    state = screen.wait(state);
                }
                let lines: Vec<u8> = state.queue.drain(..).flatten().collect();
                state.queued_bytes = 0;
                drop(state);
                screen.changed.notify_all();
                printer(String::from_utf8_lossy(&lines).into_owned());
            }
        };
        std::thread::Builder::new()
            .name("printer".to_owned())
            .spawn(run)?;
        self.lock().has_printer = true;
        Ok(())
    }

    /// The editor takes the terminal. To be called just before it does.
    pub fn raise_prompt(&self) {
        let mut state = self.lock();
        state.is_prompt_up = state.has_printer;
        state.partial.clear();
        self.changed.notify_all();
    }

    /// The editor has given the terminal back: shows what waits.
    pub fn lower_prompt(&self) {
        let mut state = self.lock();
        if state.is_prompt_up {
            state.is_prompt_up = false;
            state.queued_bytes = 0;
            while let Some(lines) = state.queue.pop_front() {
                write_all(&lines);
            }
            write_all(&state.partial);
        }
        self.changed.notify_all();
    }

    /// What stands before the next prompt: the end of the output, if it can be shown again as part of the prompt.
    /// Anything else gets a line of its own.
    pub fn unfinished_line(&self) -> String {
        let state = self.lock();
        let is_plain = state.partial.len() <= PARTIAL_BYTES_MAX
            && !state.partial.iter().any(u8::is_ascii_control);
        match std::str::from_utf8(&state.partial) {
            Ok(text) if is_plain => text.to_owned(),
            _ => {
                write_all(b"\n");
                String::new()
            }
        }
    }

    /// From now on output is kept.
    pub fn start_capture(&self) {
        self.lock().captured = Some(Vec::new());
    }

    /// What was kept.
    pub fn end_capture(&self) -> String {
        let kept = self.lock().captured.take().unwrap_or_default();
        String::from_utf8_lossy(&kept).into_owned()
    }

    fn write(&self, bytes: &[u8]) {
        let mut state = self.lock();
        if let Some(captured) = &mut state.captured {
            captured.extend_from_slice(bytes);
            return;
        }
        while state.is_prompt_up && state.queued_bytes > QUEUED_BYTES_MAX {
            state = self.wait(state);
        }
        let (lines, rest) = bytes.split_at(memrchr(b'\n', bytes).map_or(0, |end| end + 1));
        if state.is_prompt_up {
            let is_too_long = state.partial.len() > QUEUED_BYTES_MAX;
            if !lines.is_empty() || is_too_long {
                let mut whole = std::mem::take(&mut state.partial);
                whole.extend_from_slice(lines);
                state.queued_bytes += whole.len();
                state.queue.push_back(whole);
                self.changed.notify_all();
            }
        } else {
            write_all(bytes);
            if !lines.is_empty() {
                state.partial.clear();
            }
        }
        state.partial.extend_from_slice(rest);
        if !state.is_prompt_up && state.partial.len() > PARTIAL_BYTES_MAX {
            // Too long to be shown again; that it is too long is all that matters.
            state.partial.truncate(PARTIAL_BYTES_MAX + 1);
        }
    }
}

/// Writes to the terminal; one that is gone is no concern here.
fn write_all(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match rustix::io::write(rustix::stdio::stdout(), bytes) {
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(_) => return,
        }
    }
}

/// A standard stream that is the terminal.
struct ScreenDriver {
    screen: Arc<Screen>,
    stream: FdDriver,
}

impl Driver for ScreenDriver {
    fn kind(&self) -> &'static str {
        self.stream.kind()
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.stream.read(into)
    }

    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.screen.write(from);
        Ok(from.len())
    }

    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.stream.seek(to)
    }

    fn is_seekable(&self) -> bool {
        self.stream.is_seekable()
    }

    fn close(&mut self, side: Side) -> Result<(), ChannelError> {
        self.stream.close(side)
    }

    fn fd(&self, direction: Direction) -> Option<BorrowedFd<'_>> {
        self.stream.fd(direction)
    }

    fn set_blocking(&mut self, blocking: bool) -> io::Result<()> {
        self.stream.set_blocking(blocking)
    }

    fn short_read_drains(&self) -> bool {
        self.stream.short_read_drains()
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

/// Has `stdout` and `stderr` of the interpreter, where they are terminals, print on `screen`.
pub fn attach(interp: &mut Interp, screen: &Arc<Screen>) {
    for (stream, name, buffering) in [
        (StandardStream::Stdout, "stdout", Buffering::Line),
        (StandardStream::Stderr, "stderr", Buffering::None),
    ] {
        let driver = FdDriver::standard(stream);
        if !driver.is_terminal() {
            continue;
        }
        if let Ok(shared) = interp.find_channel(&Value::text(name)) {
            let driver = ScreenDriver {
                screen: Arc::clone(screen),
                stream: driver,
            };
            let mut channel = Channel::new(name, Box::new(driver), false, true);
            channel.set_buffering_mode(buffering);
            *shared.borrow_mut() = channel;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn while_a_prompt_is_up_whole_lines_are_printed_and_the_rest_waits() {
        let screen = Arc::new(Screen::default());
        let (sender, printed) = mpsc::channel();
        screen
            .start_printer(Box::new(move |text| sender.send(text).unwrap()))
            .unwrap();
        screen.raise_prompt();
        screen.write(b"par");
        screen.write(b"tial\nrest");
        assert_eq!(printed.recv().unwrap(), "partial\n");
        assert_eq!(screen.lock().partial, b"rest");
    }

    #[test]
    fn what_a_prompt_script_prints_is_kept() {
        let screen = Screen::default();
        screen.start_capture();
        screen.write(b"ready> ");
        assert_eq!(screen.end_capture(), "ready> ");
        assert_eq!(screen.unfinished_line(), "");
    }
}
