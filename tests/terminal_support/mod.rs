//! A program on a pseudo-terminal, and what a person would see on the screen.

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// Far longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(20);

const COLUMNS: u16 = 80;
const ROWS: u16 = 24;

/// Enter, as a terminal sends it.
pub const ENTER: &str = "\r";
/// Ctrl-C
pub const INTERRUPT: &str = "\x03";
/// Ctrl-D
pub const END: &str = "\x04";
/// The arrow key.
pub const UP: &str = "\x1b[A";

/// A program on a terminal of its own.
pub struct Terminal {
    master: OwnedFd,
    slave: OwnedFd,
    child: Child,
    screen: Screen,
}

impl Terminal {
    /// Starts `program` in `directory`, which is its home too.
    pub fn start(program: &str, directory: &Path) -> Terminal {
        Terminal::start_with(program, &[], directory)
    }

    /// The same with words for the program.
    pub fn start_with(program: &str, words: &[&str], directory: &Path) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let size = rustix::termios::Winsize {
            ws_row: ROWS,
            ws_col: COLUMNS,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        rustix::termios::tcsetwinsize(&slave, size).unwrap();
        let stream = || Stdio::from(slave.try_clone().unwrap());
        // setsid makes the terminal the controlling one, so that Ctrl-C becomes a signal.
        let child = Command::new("setsid")
            .args(["--ctty", program])
            .args(words)
            .current_dir(directory)
            .env("HOME", directory)
            .env("TERM", "xterm")
            .env_remove("XDG_STATE_HOME")
            .env_remove("REMEX_HISTORY")
            .stdin(stream())
            .stdout(stream())
            .stderr(stream())
            .spawn()
            .unwrap();
        Terminal {
            master,
            slave,
            child,
            screen: Screen::default(),
        }
    }

    /// Types.
    pub fn send(&mut self, keys: &str) {
        let mut bytes = keys.as_bytes();
        while !bytes.is_empty() {
            let count = rustix::io::write(&self.master, bytes).unwrap();
            bytes = &bytes[count..];
        }
    }

    /// Types a line.
    pub fn enter(&mut self, line: &str) {
        self.send(line);
        self.send(ENTER);
    }

    /// Waits until the last lines of the screen are these.
    #[track_caller]
    pub fn expect(&mut self, lines: &[&str]) {
        let start = Instant::now();
        while !self.screen.ends_with(lines) {
            if start.elapsed() > LIMIT {
                panic!(
                    "expected {lines:#?} at the end of\n{}\n",
                    self.screen.lines().join("\n")
                );
            }
            self.read(Duration::from_millis(50));
        }
    }

    /// Waits until a line of the screen is this.
    #[track_caller]
    pub fn expect_line(&mut self, line: &str) {
        self.expect_some(line, |shown| shown == line);
    }

    /// Waits until this is somewhere on the screen.
    #[track_caller]
    pub fn expect_text(&mut self, text: &str) {
        self.expect_some(text, |shown| shown.contains(text));
    }

    #[track_caller]
    fn expect_some(&mut self, text: &str, is_it: impl Fn(&str) -> bool) {
        let start = Instant::now();
        while !self.screen.lines().iter().any(|shown| is_it(shown)) {
            if start.elapsed() > LIMIT {
                panic!("expected {text:?} in\n{}\n", self.screen.lines().join("\n"));
            }
            self.read(Duration::from_millis(50));
        }
    }

    /// Shows what comes for a while.
    pub fn watch(&mut self, time: Duration) {
        let start = Instant::now();
        while start.elapsed() < time {
            self.read(Duration::from_millis(10));
        }
    }

    fn read(&mut self, time: Duration) {
        let timeout = Timespec {
            tv_sec: 0,
            tv_nsec: time.as_nanos().try_into().unwrap(),
        };
        let mut descriptors = [PollFd::new(&self.master, PollFlags::IN)];
        if poll(&mut descriptors, Some(&timeout)).unwrap() == 0 {
            return;
        }
        let mut buffer = [0; 4096];
        match rustix::io::read(&self.master, &mut buffer) {
            Ok(count) => self.screen.show(&buffer[..count]),
            Err(error) if std::io::Error::from(error).kind() == ErrorKind::Interrupted => {}
            Err(_) => std::thread::sleep(time),
        }
    }

    /// Waits for the program's end.
    pub fn status(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.watch(Duration::from_millis(20));
                return status;
            }
            assert!(
                start.elapsed() < LIMIT,
                "still running:\n{}\n",
                self.screen.lines().join("\n")
            );
            self.read(Duration::from_millis(10));
        }
    }

    /// Whether the terminal edits lines itself, as it did at first.
    pub fn is_cooked(&self) -> bool {
        let modes = rustix::termios::tcgetattr(&self.slave).unwrap().local_modes;
        modes.contains(rustix::termios::LocalModes::ICANON | rustix::termios::LocalModes::ECHO)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// What is shown: as much of a terminal as line editors use. Lines never scroll away.
#[derive(Default)]
struct Screen {
    lines: Vec<Vec<char>>,
    row: usize,
    column: usize,
    /// The start of an escape sequence or of a character.
    pending: Vec<u8>,
}

impl Screen {
    fn lines(&self) -> Vec<String> {
        let text = |line: &Vec<char>| line.iter().collect::<String>().trim_end().to_owned();
        self.lines.iter().map(text).collect()
    }

    fn ends_with(&self, expected: &[&str]) -> bool {
        let mut lines = self.lines();
        while lines.last().is_some_and(String::is_empty)
            && expected.last().is_some_and(|last| !last.is_empty())
        {
            lines.pop();
        }
        lines.len() >= expected.len() && lines[lines.len() - expected.len()..] == *expected
    }

    fn show(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.pending.push(*byte);
            if self.pending[0] == 0x1b {
                self.escape();
            } else if let Ok(text) = std::str::from_utf8(&self.pending) {
                let character = text.chars().next().unwrap();
                self.pending.clear();
                self.put(character);
            }
        }
    }

    fn put(&mut self, character: char) {
        match character {
            '\r' => self.column = 0,
            '\n' => self.row += 1,
            '\x08' => self.column = self.column.saturating_sub(1),
            '\x07' => {}
            _ => {
                if self.column >= usize::from(COLUMNS) {
                    self.row += 1;
                    self.column = 0;
                }
                let column = self.column;
                let line = self.line();
                line.resize(line.len().max(column + 1), ' ');
                line[column] = character;
                self.column += 1;
            }
        }
    }

    fn line(&mut self) -> &mut Vec<char> {
        let count = self.lines.len().max(self.row + 1);
        self.lines.resize(count, Vec::new());
        &mut self.lines[self.row]
    }

    /// Acts on an escape sequence once it is whole.
    fn escape(&mut self) {
        let [_, kind, parameters @ ..] = &self.pending[..] else {
            return;
        };
        if *kind != b'[' {
            return self.pending.clear();
        }
        let Some((last, digits)) = parameters.split_last() else {
            return;
        };
        if !last.is_ascii_alphabetic() {
            return;
        }
        let number = std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse::<usize>().ok());
        let count = number.unwrap_or(1).max(1);
        match last {
            b'A' => self.row = self.row.saturating_sub(count),
            b'B' => self.row += count,
            b'C' => self.column += count,
            b'D' => self.column = self.column.saturating_sub(count),
            b'G' => self.column = count - 1,
            b'K' if number != Some(1) => {
                let column = self.column;
                self.line().truncate(column);
            }
            b'J' => {
                let (row, column) = (self.row, self.column);
                self.line().truncate(column);
                self.lines.truncate(row + 1);
            }
            _ => {}
        }
        self.pending.clear();
    }
}
