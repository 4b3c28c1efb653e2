//! What can go wrong with a channel, kept so that the command layer can print Tcl's text.

use std::any::Any;
use std::fmt;
use std::io;
use std::rc::Rc;

use super::errno::{Errno, signal_message, signal_symbol};
use super::reflection::{Failure, needs_script};

/// How one process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildStatus {
    /// It left with this exit code.
    Exited {
        /// Process number.
        pid: u32,
        /// 0 to 255.
        code: i32,
    },
    /// A signal killed it.
    Killed {
        /// Process number.
        pid: u32,
        /// Signal number.
        signal: i32,
    },
    /// A signal stopped it; it still exists.
    Stopped {
        /// Process number.
        pid: u32,
        /// Signal number.
        signal: i32,
    },
    /// Somebody else has collected its status.
    Lost {
        /// Process number.
        pid: u32,
        /// Why `waitpid` failed.
        errno: Errno,
    },
}

impl ChildStatus {
    /// Whether it ended with exit code 0.
    pub fn is_success(&self) -> bool {
        matches!(self, ChildStatus::Exited { code: 0, .. })
    }

    /// The words of `errorCode`; `None` for success.
    pub fn error_code(&self) -> Option<Vec<String>> {
        let killed = |word: &str, pid: &u32, signal: &i32| {
            Some(vec![
                word.to_owned(),
                pid.to_string(),
                signal_symbol(*signal).to_owned(),
                signal_message(*signal).to_owned(),
            ])
        };
        match self {
            ChildStatus::Exited { code: 0, .. } => None,
            ChildStatus::Exited { pid, code } => Some(vec![
                "CHILDSTATUS".to_owned(),
                pid.to_string(),
                code.to_string(),
            ]),
            ChildStatus::Killed { pid, signal } => killed("CHILDKILLED", pid, signal),
            ChildStatus::Stopped { pid, signal } => killed("CHILDSUSP", pid, signal),
            ChildStatus::Lost { errno, .. } => Some(errno.error_code().to_vec()),
        }
    }
}

/// How the processes of a pipeline ended, and what they said on standard error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChildReport {
    /// The stages' ends, first stage first; successes included.
    pub statuses: Vec<ChildStatus>,
    /// What all stages wrote on standard error, inside text, as it came.
    pub stderr: String,
}

impl ChildReport {
    /// Whether Tcl calls it an error: a status other than success, or anything on standard error.
    pub fn is_error(&self) -> bool {
        !self.stderr.is_empty() || self.statuses.iter().any(|status| !status.is_success())
    }

    /// Tcl's message for it, without a final newline: standard error if there is any; else `child process exited
    /// abnormally` if a stage left with a bad code; else what killed or stopped the last stage of which that is true.
    pub fn message(&self) -> String {
        let exited_abnormally = self
            .statuses
            .iter()
            .any(|status| !status.is_success() && matches!(status, ChildStatus::Exited { .. }));
        if !self.stderr.is_empty() {
            return self
                .stderr
                .strip_suffix('\n')
                .unwrap_or(&self.stderr)
                .to_owned();
        }
        if exited_abnormally {
            return "child process exited abnormally".to_owned();
        }
        let ended = |status: &ChildStatus| match status {
            ChildStatus::Exited { .. } => None,
            ChildStatus::Killed { signal, .. } => {
                Some(format!("child killed: {}", signal_message(*signal)))
            }
            ChildStatus::Stopped { signal, .. } => {
                Some(format!("child suspended: {}", signal_message(*signal)))
            }
            ChildStatus::Lost { errno, .. } => Some(format!(
                "error waiting for process to exit: {}",
                errno.message()
            )),
        };
        self.statuses
            .iter()
            .filter_map(ended)
            .next_back()
            .unwrap_or_default()
    }

    /// The words of `errorCode`: those of the last stage that did not succeed, else `NONE`.
    pub fn error_code(&self) -> Vec<String> {
        self.statuses
            .iter()
            .filter_map(ChildStatus::error_code)
            .next_back()
            .unwrap_or_else(|| vec!["NONE".to_owned()])
    }
}

/// Why an operation on a channel failed.
#[derive(Debug)]
pub enum ChannelError {
    /// `channel "x" wasn't opened for reading`.
    NotReadable,
    /// `channel "x" wasn't opened for writing`.
    NotWritable,
    /// The system refused; the command layer says what was being done.
    Posix(Errno),
    /// The interrupt check ended a wait. Input read so far has been kept in the channel.
    Interrupted,
    /// A script has to be called first: see `reflection.rs`. It never gets as far as a script's own error.
    Scripted,
    /// A handler has thrown something, which the command layer knows.
    Thrown(Rc<dyn Any>),
    /// The channel was closed while its handler ran. What the handler has returned is lost; it was the end of file if
    /// `is_eof`.
    Vanished {
        /// Nothing would have followed.
        is_eof: bool,
    },
    /// More text at once than [`super::TEXT_BYTES_MAX`].
    TooLong,
    /// A finished message with its `errorCode` words.
    Message {
        /// Tcl's text.
        text: String,
        /// Words of `errorCode`.
        code: Vec<String>,
    },
    /// The processes of a pipeline did not all succeed, or wrote on standard error.
    Children(Box<ChildReport>),
}

impl ChannelError {
    /// A finished message whose `errorCode` is `NONE`.
    pub fn message(text: impl Into<String>) -> ChannelError {
        ChannelError::Message {
            text: text.into(),
            code: vec!["NONE".to_owned()],
        }
    }

    /// A finished message with `errorCode` words.
    pub fn coded(text: impl Into<String>, code: &[&str]) -> ChannelError {
        ChannelError::Message {
            text: text.into(),
            code: code.iter().map(|&word| word.to_owned()).collect(),
        }
    }

    /// `<what>: <the system's words>` with the `POSIX` error code.
    pub fn posix(what: impl fmt::Display, errno: Errno) -> ChannelError {
        ChannelError::Message {
            text: format!("{what}: {}", errno.message()),
            code: errno.error_code().to_vec(),
        }
    }

    /// The whole text for a script, when `what` describes the operation (`error reading "file3"`) and `name` is the
    /// channel's.
    pub fn text(&self, what: &str, name: &str) -> String {
        match self {
            ChannelError::NotReadable => format!("channel \"{name}\" wasn't opened for reading"),
            ChannelError::NotWritable => format!("channel \"{name}\" wasn't opened for writing"),
            ChannelError::Posix(errno) => format!("{what}: {}", errno.message()),
            ChannelError::Scripted | ChannelError::Thrown(_) => {
                format!("{what}: the channel's handler cannot be called here")
            }
            ChannelError::Vanished { .. } => {
                let errno = Errno::from(rustix::io::Errno::INVAL);
                format!("{what}: {}", errno.message())
            }
            ChannelError::Interrupted => {
                format!("{what}: {}", Errno::from(rustix::io::Errno::INTR).message())
            }
            ChannelError::TooLong => {
                format!("{what}: more than {} bytes at once", super::TEXT_BYTES_MAX)
            }
            ChannelError::Message { text, .. } => text.clone(),
            ChannelError::Children(report) => report.message(),
        }
    }

    /// The words of `errorCode`.
    pub fn error_code(&self) -> Vec<String> {
        match self {
            ChannelError::NotReadable
            | ChannelError::NotWritable
            | ChannelError::Scripted
            | ChannelError::Thrown(_) => vec!["NONE".to_owned()],
            ChannelError::Vanished { .. } => {
                Errno::from(rustix::io::Errno::INVAL).error_code().to_vec()
            }
            ChannelError::Posix(errno) => errno.error_code().to_vec(),
            ChannelError::Interrupted => Errno::from(rustix::io::Errno::INTR).error_code().to_vec(),
            ChannelError::TooLong => ["REMEX", "LIMIT", "CHANNEL"].map(str::to_owned).to_vec(),
            ChannelError::Message { code, .. } => code.clone(),
            ChannelError::Children(report) => report.error_code(),
        }
    }
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text("channel error", ""))
    }
}

impl std::error::Error for ChannelError {}

impl From<io::Error> for ChannelError {
    fn from(error: io::Error) -> ChannelError {
        if needs_script(&error) {
            return ChannelError::Scripted;
        }
        ChannelError::Posix(Errno::of(&error))
    }
}

impl From<Failure> for ChannelError {
    fn from(failure: Failure) -> ChannelError {
        match failure {
            Failure::Errno(errno) => io::Error::from_raw_os_error(errno).into(),
            Failure::Thrown(thrown) => ChannelError::Thrown(thrown),
            Failure::Message(text) => ChannelError::message(text),
        }
    }
}

impl From<rustix::io::Errno> for ChannelError {
    fn from(errno: rustix::io::Errno) -> ChannelError {
        ChannelError::Posix(errno.into())
    }
}
