//! `fsignal`: one process waits for a file, another one makes it, and its content is the message.
//!
//! The interface and the files are those of the procedure `fsignal` on the Tcl wiki's page about message passing, so
//! that either side may be a tclsh with that procedure. How files are taken is in [`mod@signal_file`], how waiting goes
//! without polling in [`crate::filewait`].

mod lease;
mod signal_file;

use std::io;
use std::time::{Duration, Instant};

use remex_interp::channel::{ChannelError, Errno, path, system_encoding};
use remex_interp::event::{Filter, Wait};
use remex_interp::runtime::{Builtin, CommandResult, Exception, Interp, done};
use remex_interp::value::Value;

use crate::filewait;
use signal_file::{Attempt, Failure, SignalFile, Taker};

pub use signal_file::SIGNAL_BYTES_MAX;

/// The command, for [`Interp::register`].
pub const COMMANDS: &[Builtin] = &[Builtin::ensemble(
    "fsignal",
    &[
        Builtin::new("send", "name ?msg?", 1, 2, send).unsafe_for_children(),
        Builtin::new("wait", "name ?-timeout ms?", 1, 3, wait).unsafe_for_children(),
    ],
)
.unsafe_for_children()];

/// Longest that a waiter goes without a look at a file that somebody is still writing, in case the event that says so
/// is about another name of the file.
const UNFINISHED_INTERVAL: Duration = Duration::from_millis(10);

/// `fsignal send NAME ?MSG?`: leaves the signal and returns the message.
fn send(_interp: &mut Interp, words: &[Value]) -> CommandResult {
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
    done(message)
}

/// `fsignal wait NAME ?-timeout MS?`: waits for the signal and returns the message with its newline.
fn wait(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let name = words.get(1).cloned().unwrap_or_default();
    let deadline = match words.get(2..).unwrap_or_default() {
        [] => None,
        [option, timeout] => Some(deadline(option, timeout)?),
        _ => return Err(Exception::wrong_args("fsignal wait name ?-timeout ms?")),
    };
    let mut taker = Taker::new(signal_file(&name)?);
    match taker
        .attempt(false)
        .map_err(|failure| exception(&failure, &name))?
    {
        Attempt::Taken(content) => done(text(&content)),
        Attempt::Absent | Attempt::Unfinished => done(wait_for(interp, &name, taker, deadline)?),
    }
}

/// When a wait with this option ends; None if its clock cannot tell such a time.
fn deadline(option: &Value, timeout: &Value) -> Result<Option<Instant>, Box<Exception>> {
    let option = option.str();
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
    interp: &mut Interp,
    name: &Value,
    mut taker: Taker,
    deadline: Option<Option<Instant>>,
) -> Result<Value, Box<Exception>> {
    let watched = filewait::watch(interp, taker.directory(), taker.name());
    let outcome = watch_for(interp, name, &mut taker, deadline.flatten(), &watched);
    filewait::unwatch(interp, &watched);
    outcome
}

fn watch_for(
    interp: &mut Interp,
    name: &Value,
    taker: &mut Taker,
    deadline: Option<Instant>,
    watched: &filewait::Watched,
) -> Result<Value, Box<Exception>> {
    let mut next_look = None;
    loop {
        let now = Instant::now();
        if watched.take_change() || next_look.is_some_and(|next| now >= next) {
            filewait::renew(interp, watched);
            let attempt = taker.attempt(watched.take_completion());
            watched.set_name(taker.name());
            let interval = match attempt.map_err(|failure| exception(&failure, name))? {
                Attempt::Taken(content) => return Ok(text(&content)),
                Attempt::Unfinished => Some(UNFINISHED_INTERVAL),
                Attempt::Absent => watched.poll_interval(),
            };
            next_look = interval.map(|interval| now + interval);
        }
        if deadline.is_some_and(|deadline| now >= deadline) {
            return Err(timed_out(name));
        }
        let end = [deadline, next_look].into_iter().flatten().min();
        interp.do_one_event(end.map_or(Wait::Forever, Wait::Until), Filter::ALL)?;
    }
}

fn timed_out(name: &Value) -> Box<Exception> {
    Exception::with_code(
        format!("timed out waiting for signal \"{name}\""),
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
