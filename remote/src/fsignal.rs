//! `fsignal`: one process waits for a file, another one makes it, and its content is the message.
//!
//! The interface and the files are those of the procedure `fsignal` on the Tcl wiki's page about message passing, so
//! that either side may be a tclsh with that procedure. How files are taken is in [`mod@signal_file`], how waiting goes
//! without polling in [`crate::filewait`].

mod lease;
mod signal_file;

use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use remex_interp::channel::{ChannelError, Errno, path, system_encoding};
use remex_interp::runtime::{Builtin, Exception, Outcome, done};
use remex_interp::value::Value;

use crate::bridge::Host;
use crate::filewait::{self, Probe};
use lease::{Writers, writers};
use signal_file::{Attempt, Failure, SignalFile, Taker};

pub use signal_file::SIGNAL_BYTES_MAX;

pub(crate) const SEND_USAGE: &str = "name ?msg?";
pub(crate) const WAIT_USAGE: &str = "name ?-timeout ms?";
pub(crate) const FILEWAIT_USAGE: &str = "fileName ?-timeout ms?";

/// The commands, for [`Interp::register`](remex_interp::Interp::register).
pub const COMMANDS: &[Builtin] = &[
    Builtin::ensemble(
        "fsignal",
        &[
            Builtin::new("send", SEND_USAGE, 1, 2, |_, words| done(send(words)?))
                .unsafe_for_children(),
            Builtin::new("wait", WAIT_USAGE, 1, 3, |interp, words| {
                done(wait(interp, words)?)
            })
            .unsafe_for_children(),
        ],
    )
    .unsafe_for_children(),
    Builtin::new("filewait", FILEWAIT_USAGE, 1, 3, |interp, words| {
        done(filewait(interp, words)?)
    })
    .unsafe_for_children(),
];

/// `fsignal send NAME ?MSG?`: leaves the signal and returns the message.
pub(crate) fn send(words: &[Value]) -> Outcome {
    let name = words.get(1).cloned().unwrap_or_default();
    let message = words.get(2).cloned().unwrap_or_default();
    let file = signal_file(&name)?;
    let mut content = Vec::new();
    if !message.is_empty() {
        system_encoding().encode(&message.str(), &mut content);
        content.push(b'\n');
    }
    file.send(&content)
        .map_err(|failure| exception(&failure, &name))?;
    Ok(message)
}

/// `fsignal wait NAME ?-timeout MS?`: waits for the signal and returns the message with its newline.
pub(crate) fn wait(host: &mut impl Host, words: &[Value]) -> Outcome {
    let name = words.get(1).cloned().unwrap_or_default();
    let deadline = deadline(
        words.get(2..).unwrap_or_default(),
        "fsignal wait name ?-timeout ms?",
    )?;
    let mut taker = Taker::new(signal_file(&name)?);
    match taker
        .attempt(false)
        .map_err(|failure| exception(&failure, &name))?
    {
        Attempt::Taken(content) => Ok(text(&content)),
        Attempt::Absent | Attempt::Unfinished => wait_for(host, &name, taker, deadline),
    }
}

/// When a wait with these options ends; None if never, or at a time that the clock cannot tell.
fn deadline(options: &[Value], usage: &str) -> Result<Option<Instant>, Box<Exception>> {
    let (option, timeout) = match options {
        [] => return Ok(None),
        [option, timeout] => (option.str(), timeout),
        _ => return Err(Exception::wrong_args(usage)),
    };
    if option.len() < 2 || !"-timeout".starts_with(&*option) {
        return Err(Exception::bad_index(
            "bad",
            "option",
            &option,
            &["-timeout"],
        ));
    }
    let milliseconds = timeout
        .as_int()
        .ok_or_else(|| Exception::not_an_integer(timeout))?;
    let delay = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0));
    Ok(Instant::now().checked_add(delay))
}

/// Runs the event loop until the signal is ours.
fn wait_for(
    host: &mut impl Host,
    name: &Value,
    mut taker: Taker,
    deadline: Option<Instant>,
) -> Result<Value, Box<Exception>> {
    let place = (taker.directory().to_owned(), taker.name().to_owned());
    let probe = |watched: &filewait::Watched| {
        let attempt = taker.attempt(watched.take_completion());
        watched.set_name(taker.name());
        Ok(
            match attempt.map_err(|failure| exception(&failure, name))? {
                Attempt::Taken(content) => Probe::Found(text(&content)),
                Attempt::Unfinished => Probe::Unfinished,
                Attempt::Absent => Probe::Absent,
            },
        )
    };
    let message = filewait::wait(host, &place.0, &place.1, deadline, probe)?;
    message.ok_or_else(|| timed_out(&format!("signal \"{name}\"")))
}

/// `filewait NAME ?-timeout MS?`: waits until there is a file of that name that nobody is writing.
pub(crate) fn filewait(host: &mut impl Host, words: &[Value]) -> Outcome {
    let name = words.get(1).cloned().unwrap_or_default();
    let deadline = deadline(
        words.get(2..).unwrap_or_default(),
        "filewait fileName ?-timeout ms?",
    )?;
    let failed = |error: &ChannelError| channel_exception(error, "couldn't wait for", &name.str());
    let native = path::native(&name.str()).map_err(|error| failed(&error))?;
    let path = std::path::absolute(&native).unwrap_or_else(|_| native.into());
    let (Some(directory), Some(tail)) = (path.parent(), path.file_name()) else {
        // The root is there.
        return Ok(Value::EMPTY);
    };
    let probe = |watched: &filewait::Watched| {
        let is_complete = watched.take_completion();
        Ok(match File::open(&path) {
            Ok(file) if is_complete || writers(&file) != Writers::Some => Probe::Found(()),
            Ok(_) => Probe::Unfinished,
            // It is there, but we may not read it; who else may, we cannot know.
            Err(_) if std::fs::symlink_metadata(&path).is_ok() => Probe::Found(()),
            Err(_) => Probe::Absent,
        })
    };
    let found = filewait::wait(host, directory, tail, deadline, probe)?;
    found.ok_or_else(|| timed_out(&format!("file \"{name}\"")))?;
    Ok(Value::EMPTY)
}

fn timed_out(what: &str) -> Box<Exception> {
    Exception::with_code(
        format!("timed out waiting for {what}"),
        ["REMEX", "TIMEOUT"],
    )
}

/// The file of a signal. As in the wiki's procedure, a name may have directories and a tilde.
fn signal_file(name: &Value) -> Result<SignalFile, Box<Exception>> {
    let file_name = format!("{}.sig", name.str());
    let native = path::native(&file_name)
        .map_err(|error| channel_exception(&error, "couldn't open", &file_name))?;
    let absolute = std::path::absolute(&native).unwrap_or_else(|_| native.into());
    SignalFile::new(&absolute).ok_or_else(|| {
        exception(
            &Failure {
                what: "couldn't open",
                error: io::ErrorKind::NotFound.into(),
            },
            name,
        )
    })
}

/// The message in a file's content, as `read` gives it: decoded, every line end a newline.
fn text(content: &[u8]) -> Value {
    let mut message = String::new();
    system_encoding().decode(content, &mut message, true);
    if message.contains('\r') {
        message = message.replace("\r\n", "\n").replace('\r', "\n");
    }
    Value::string(message)
}

/// A failure as tclsh says it: `couldn't open "Go.sig": permission denied`.
fn exception(failure: &Failure, name: &Value) -> Box<Exception> {
    let error = ChannelError::Posix(Errno::of(&failure.error));
    channel_exception(&error, failure.what, &format!("{}.sig", name.str()))
}

fn channel_exception(error: &ChannelError, what: &str, file_name: &str) -> Box<Exception> {
    let mut exception = Exception::error(error.text(&format!("{what} \"{file_name}\""), file_name));
    let words = error.error_code().into_iter().map(Value::string).collect();
    exception.error_code = Some(Value::list(words));
    exception
}
