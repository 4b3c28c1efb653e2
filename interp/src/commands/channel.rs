//! Channels as scripts see them: `open`, `close`, `seek` and the like, and the ensemble `chan`.
//!
//! What a channel is and does is in [`crate::channel`]; here are names, texts and the table of one interpreter,
//! [`Channels`]. `puts`, `gets` and `read` are in `channel/text.rs`, `fileevent` and `fcopy` are in `channel/event.rs` and `channel/copy.rs`, `fconfigure` in
//! `channel/options.rs`.

mod copy;
pub(crate) mod event;
mod options;
mod reflected;
mod scripted;
mod text;
mod transform;

use std::cell::RefCell;
use std::io::SeekFrom;
use std::rc::{Rc, Weak};

use self::copy::fcopy;
use self::event::{Handlers, fileevent};
use self::options::fconfigure;
use self::reflected::{chan_create, chan_postevent};
use self::scripted::{close_scripted, finish_output, with_handlers, write_with_handlers};
use self::text::{CHAN_READ_USAGE, READ_USAGE, chan_puts, chan_read, gets, puts, read};
use self::transform::{chan_pop, chan_push};
use super::option;
use crate::channel::{
    Channel, ChannelError, ChannelTable, CloseState, FileAccess, SharedChannel, Side,
    StandardStream, open_file, open_pipeline, pipe, pipeline,
};
use crate::runtime::integer::{small_int_of, wide_of};
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, Outcome, done, done_empty};
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new("open", "fileName ?access? ?permissions?", 1, 3, open).unsafe_for_children(),
    Builtin::new("close", "channelId ?direction?", 1, 2, close),
    Builtin::new("puts", "?-nonewline? ?channelId? string", 1, 3, puts),
    Builtin::new("gets", "channelId ?varName?", 1, 2, gets),
    Builtin::new("read", READ_USAGE, 0, ANY, read),
    Builtin::new("eof", "channelId", 1, 1, eof),
    Builtin::new("fblocked", "channelId", 1, 1, fblocked),
    Builtin::new("flush", "channelId", 1, 1, flush),
    Builtin::new("seek", "channelId offset ?origin?", 2, 3, seek),
    Builtin::new("tell", "channelId", 1, 1, tell),
    Builtin::new(
        "fconfigure",
        "channelId ?-option value ...?",
        1,
        ANY,
        fconfigure,
    )
    .unsafe_for_children(),
    Builtin::new("fileevent", "channelId event ?script?", 2, 3, fileevent),
    Builtin::new(
        "fcopy",
        "input output ?-size size? ?-command callback?",
        2,
        6,
        fcopy,
    ),
    Builtin::ensemble(
        "chan",
        &[
            Builtin::new("blocked", "channelId", 1, 1, fblocked),
            Builtin::new("close", "channelId ?direction?", 1, 2, close),
            Builtin::new(
                "configure",
                "channelId ?-option value ...?",
                1,
                ANY,
                fconfigure,
            ),
            Builtin::new(
                "copy",
                "input output ?-size size? ?-command callback?",
                2,
                6,
                fcopy,
            ),
            Builtin::new("create", "mode cmdprefix", 2, 2, chan_create),
            Builtin::new("eof", "channelId", 1, 1, eof),
            Builtin::new("event", "channelId event ?script?", 2, 3, fileevent),
            Builtin::new("flush", "channelId", 1, 1, flush),
            Builtin::new("gets", "channelId ?varName?", 1, 2, gets),
            Builtin::new("names", "?pattern?", 0, 1, chan_names),
            Builtin::new("pending", "mode channelId", 2, 2, chan_pending),
            Builtin::new("pipe", "", 0, ANY, chan_pipe),
            Builtin::new("pop", "channel", 1, 1, chan_pop),
            Builtin::new("postevent", "channel eventspec", 2, 2, chan_postevent),
            Builtin::new("push", "channel cmdprefix", 2, 2, chan_push),
            Builtin::new("puts", "?-nonewline? ?channelId? string", 1, 3, chan_puts),
            Builtin::new("read", CHAN_READ_USAGE, 0, ANY, chan_read),
            Builtin::new("seek", "channelId offset ?origin?", 2, 3, seek),
            Builtin::new("tell", "channelId", 1, 1, tell),
            Builtin::new("truncate", "channelId ?length?", 1, 2, chan_truncate),
        ],
    ),
];

thread_local! {
    /// The standard streams of this thread, which its interpreters share. Made when first used.
    static STANDARD: [SharedChannel; 3] =
        [StandardStream::Stdin, StandardStream::Stdout, StandardStream::Stderr]
            .map(|stream| Rc::new(RefCell::new(stream.channel())));
}

/// The channels of one interpreter.
pub(crate) struct Channels {
    pub(super) table: RefCell<ChannelTable>,
    /// What the event loop does with some of them.
    pub(super) handlers: Handlers,
}

impl Default for Channels {
    fn default() -> Channels {
        let mut table = ChannelTable::new();
        STANDARD.with(|streams| {
            streams
                .iter()
                .filter(|stream| {
                    stream
                        .try_borrow()
                        .is_ok_and(|stream| stream.is_readable() || stream.is_writable())
                })
                .for_each(|stream| table.share(Rc::clone(stream)))
        });
        Channels {
            table: RefCell::new(table),
            handlers: Handlers::default(),
        }
    }
}

thread_local! {
    /// The channels asked for last, and the number of their interpreter: `puts` and `gets` in a loop ask every time.
    static LAST: RefCell<(u64, Weak<Channels>)> = const { RefCell::new((0, Weak::new())) };
}

/// The channels of this interpreter.
pub(crate) fn channels_of(interp: &mut Interp) -> Rc<Channels> {
    let last = LAST.with(|last| {
        let last = last.borrow();
        if last.0 == interp.id {
            last.1.upgrade()
        } else {
            None
        }
    });
    last.unwrap_or_else(|| {
        let channels = interp.data::<Channels>();
        LAST.with(|last| last.replace((interp.id, Rc::downgrade(&channels))));
        channels
    })
}

impl Drop for Channels {
    fn drop(&mut self) {
        let table = self.table.get_mut();
        table.flush_all(false);
        table.close_all();
    }
}

impl Interp {
    /// Writes out what waits in all channels of this interpreter, waiting as needed. To be called before the process
    /// ends in any other way than by dropping the interpreter. Channels that do not block are waited for only where the
    /// environment says so (`TCL_FLUSH_NONBLOCKING_ON_EXIT`).
    pub fn flush_channels(&mut self) {
        let waits =
            std::env::var_os("TCL_FLUSH_NONBLOCKING_ON_EXIT").is_some_and(|value| value != "0");
        // An interpreter that has used no channel has nothing to flush.
        if let Some(channels) = self.existing_data::<Channels>() {
            channels.table.borrow().flush_all(!waits);
        }
    }

    /// Adds an open channel and returns its name.
    ///
    /// Errors: too many channels.
    pub fn add_channel(&mut self, channel: Channel) -> Result<Value, Box<Exception>> {
        let added = channels_of(self).table.borrow_mut().insert(channel);
        match added {
            Ok(shared) => Ok(Value::text(shared.borrow().name())),
            Err(error) => Err(failed(self, &error, "")),
        }
    }

    /// Writes to the channel `stderr`, if the interpreter has one: what the interpreter itself reports.
    pub fn print_error(&mut self, text: &str) {
        if let Ok(channel) = self.find_channel(&Value::text("stderr")) {
            // There is nowhere to report that reporting failed.
            let _ = write_with_handlers(self, &channel, |channel| channel.write_str(text))
                .and_then(|()| with_handlers(self, &channel, Channel::flush));
        }
    }

    /// The channel called `name`.
    ///
    /// Errors: `can not find channel named "name"`.
    pub fn find_channel(&mut self, name: &Value) -> Result<SharedChannel, Box<Exception>> {
        let channels = channels_of(self);
        let found = channels.table.borrow().get(&name.str()).cloned();
        found.ok_or_else(|| failed(self, &ChannelTable::not_found(&name.str()), ""))
    }

    /// Gives this interpreter a channel that another one of the same thread has.
    pub(crate) fn share_channel(&mut self, channel: SharedChannel) {
        channels_of(self).table.borrow_mut().share(channel);
    }

    /// Takes a channel away from this interpreter without closing it.
    pub(crate) fn forget_channel(&mut self, name: &Value) -> Option<SharedChannel> {
        event::end_watch(self, &name.str());
        channels_of(self).table.borrow_mut().remove(&name.str())
    }
}

/// The exception for a channel's error; `what` says what was being done when the system's words are not enough
/// (`error reading "file3"`).
pub(crate) fn failed(interp: &mut Interp, error: &ChannelError, what: &str) -> Box<Exception> {
    if matches!(error, ChannelError::Interrupted)
        && let Err(exception) = interp.check_safepoint()
    {
        return exception;
    }
    if let ChannelError::Thrown(thrown) = error
        && let Some(exception) = thrown.downcast_ref::<Exception>()
    {
        return Box::new(exception.clone());
    }
    let name = what.split('"').nth(1).unwrap_or_default();
    let mut exception = Exception::error(error.text(what, name));
    let code = error.error_code();
    if code != ["NONE"] {
        exception.error_code = Some(Value::list(
            code.iter().map(|word| Value::text(word)).collect(),
        ));
    }
    exception
}

/// As [`failed`], for `error <doing> "<channel>"`.
fn failed_on(
    interp: &mut Interp,
    error: &ChannelError,
    doing: &str,
    channel: &Value,
) -> Box<Exception> {
    failed(
        interp,
        error,
        &format!("error {doing} \"{}\"", &*channel.str()),
    )
}

/// Makes the interrupt of this interpreter, and the deadline of what it evaluates, end waits in channels too.
pub(crate) fn heed_interrupts(interp: &Interp) {
    let handle = interp.interrupt_handle();
    let deadline = interp.safepoint.deadline;
    crate::channel::set_interrupt_check(Some(Rc::new(move || {
        handle.is_set() || deadline.is_some_and(|deadline| std::time::Instant::now() >= deadline)
    })));
}

/// [`heed_interrupts`] for commands that are called in tight loops: only where it makes a difference.
#[inline]
fn heed_interrupts_once(interp: &Interp) {
    if interp.safepoint.deadline.is_some() || !crate::channel::has_interrupt_check() {
        heed_interrupts(interp);
    }
}

fn with_channel<T>(
    interp: &mut Interp,
    name: &Value,
    doing: &str,
    act: impl FnMut(&mut Channel) -> Result<T, ChannelError>,
) -> Result<T, Box<Exception>> {
    let shared = interp.find_channel(name)?;
    if shared.try_borrow_mut().is_err() {
        return Err(Exception::error(format!(
            "channel \"{}\" is busy",
            &*name.str()
        )));
    }
    let result = with_handlers(interp, &shared, act);
    result.map_err(|error| failed_on(interp, &error, doing, name))
}

// open and close

fn open(interp: &mut Interp, words: &[Value]) -> CommandResult {
    heed_interrupts(interp);
    let [_, name, rest @ ..] = words else {
        return done_empty();
    };
    let permissions = match rest.get(1) {
        None => 0o666,
        Some(value) => u32::try_from(small_int_of(value)?).unwrap_or(0o666),
    };
    let access = match rest.first() {
        None => FileAccess::READ,
        Some(mode) => access_of(interp, mode)?,
    };
    let text = name.str();
    let opened = match text.strip_prefix('|') {
        None => open_file(&text, access, permissions),
        Some(command) => {
            let words = Value::text(command).to_list()?;
            let words: Vec<String> = words.elements().iter().map(Value::to_text).collect();
            pipeline::parse(&words).and_then(|pipeline| {
                let surroundings = super::exec::surroundings(interp);
                let finder = super::exec::Finder::new(interp);
                open_pipeline(&pipeline, access, &finder, &surroundings)
            })
        }
    };
    match opened {
        Ok(channel) => done(interp.add_channel(channel)?),
        Err(error) => Err(failed(interp, &error, "")),
    }
}

fn access_of(interp: &mut Interp, mode: &Value) -> Result<FileAccess, Box<Exception>> {
    let text = mode.str();
    let access = if FileAccess::is_short_form(&text) {
        FileAccess::from_short_form(&text)
    } else {
        let flags = mode.to_list().map_err(|error| {
            let mut exception: Box<Exception> = error.into();
            exception.add_info(&format!(
                "\n    while processing open access modes \"{}\"",
                &*text
            ));
            exception
        })?;
        let flags: Vec<String> = flags.elements().iter().map(Value::to_text).collect();
        FileAccess::from_flags(flags.iter().map(String::as_str))
    };
    access.map_err(|error| failed(interp, &error, ""))
}

fn close(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, name, rest @ ..] = words else {
        return done_empty();
    };
    let Some(direction) = rest.first() else {
        return done(close_channel(interp, name)?);
    };
    let shared = interp.find_channel(name)?;
    let side =
        [Side::Read, Side::Write][option(direction, &["read", "write"], "direction")?.min(1)];
    let Ok(mut channel) = shared.try_borrow_mut() else {
        return done_empty();
    };
    let is_open = if side == Side::Read {
        channel.is_readable()
    } else {
        channel.is_writable()
    };
    let which = if side == Side::Read { "read" } else { "write" };
    if !is_open {
        return Err(Exception::error(format!(
            "Half-close of {which}-side not possible, side not opened or already closed"
        )));
    }
    let has_other = if side == Side::Read {
        channel.is_writable()
    } else {
        channel.is_readable()
    };
    if !has_other {
        drop(channel);
        drop(shared);
        return done(close_channel(interp, name)?);
    }
    if channel.is_transformed() {
        const TEXT: &str = "half-close not applicable to stack of transformations";
        return Err(Exception::error(TEXT));
    }
    if !channel.can_half_close() {
        return Err(Exception::error(""));
    }
    let result = channel.close(side);
    event::settle(interp, &mut channel);
    drop(channel);
    match result {
        Ok(_) => done_empty(),
        Err(error) => Err(failed_on(interp, &error, "closing", name)),
    }
}

/// What `close` gives when the channel is gone.
fn closed(interp: &mut Interp, result: Result<CloseState, ChannelError>) -> Outcome {
    match result {
        Ok(_) => Ok(Value::EMPTY),
        Err(ChannelError::Posix(errno)) => {
            // tclsh says only the system's words here.
            let error = ChannelError::Message {
                text: errno.message(),
                code: errno.error_code().to_vec(),
            };
            Err(failed(interp, &error, ""))
        }
        Err(error) => Err(failed(interp, &error, "")),
    }
}

/// Closes a channel and takes it out of the table; what does not go out at once goes in the background.
pub(crate) fn close_channel(interp: &mut Interp, name: &Value) -> Outcome {
    heed_interrupts(interp);
    let shared = interp.find_channel(name)?;
    event::stop_handlers(interp, &name.str());
    let channels = channels_of(interp);
    let Ok(mut channel) = shared.try_borrow_mut() else {
        return Ok(Value::EMPTY);
    };
    if channel.is_shared() {
        let flushed = channel.flush();
        drop(channel);
        if matches!(flushed, Err(ChannelError::Scripted)) {
            // What a handler says to that is lost, as other failures are.
            let _ = finish_output(interp, &shared);
        }
        interp.forget_channel(name);
        return Ok(Value::EMPTY);
    }
    if channel.is_scripted() {
        if channel.is_suspended() {
            // Its own handler, which is writing, wants it closed.
            return Err(Exception::error(format!(
                "channel \"{}\" is busy",
                &*name.str()
            )));
        }
        drop(channel);
        return close_scripted(interp, name, &shared);
    }
    if !event::is_pending_close(&channel) {
        event::end_watch(interp, &name.str());
    }
    let result = channel.close(Side::Both);
    match result {
        Ok(CloseState::Draining) => {
            event::settle(interp, &mut channel);
            drop(channel);
            event::close_when_drained(interp, &name.str());
            channels.table.borrow_mut().remove_closed(&name.str());
            Ok(Value::EMPTY)
        }
        Err(ChannelError::Interrupted) => Err(failed_on(
            interp,
            &ChannelError::Interrupted,
            "closing",
            name,
        )),
        finished => {
            drop(channel);
            event::end_watch(interp, &name.str());
            channels.table.borrow_mut().remove_closed(&name.str());
            closed(interp, finished)
        }
    }
}

// Questions and positions

fn eof(interp: &mut Interp, words: &[Value]) -> CommandResult {
    ask(interp, words, Channel::at_eof)
}

fn fblocked(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, name, ..] = words else {
        return done_empty();
    };
    let is_blocked = with_channel(interp, name, "reading", |channel| {
        if channel.is_readable() {
            Ok(channel.is_blocked())
        } else {
            Err(ChannelError::NotReadable)
        }
    })?;
    done(Value::boolean(is_blocked))
}

fn ask(interp: &mut Interp, words: &[Value], question: fn(&Channel) -> bool) -> CommandResult {
    let [_, name, ..] = words else {
        return done_empty();
    };
    let answer = with_channel(interp, name, "reading", |channel| Ok(question(channel)))?;
    done(Value::boolean(answer))
}

fn flush(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, name, ..] = words else {
        return done_empty();
    };
    with_channel(interp, name, "flushing", Channel::flush)?;
    done_empty()
}

fn seek(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, name, offset, rest @ ..] = words else {
        return done_empty();
    };
    let shared = interp.find_channel(name)?;
    let offset = wide_of(offset)?;
    // What a script that is a device makes of a negative position is its own affair.
    let is_reflected = shared
        .try_borrow()
        .is_ok_and(|channel| channel.reflection().is_some());
    let origin = match rest.first() {
        None => 0,
        Some(word) => option(word, &["start", "current", "end"], "origin")?,
    };
    let to = match (origin, u64::try_from(offset)) {
        (0, Ok(offset)) => Some(SeekFrom::Start(offset)),
        (0, Err(_)) if is_reflected => Some(SeekFrom::Start(offset.cast_unsigned())),
        (0, Err(_)) => None,
        (1, _) => Some(SeekFrom::Current(offset)),
        _ => Some(SeekFrom::End(offset)),
    };
    with_channel(interp, name, "during seek on", |channel| match to {
        Some(to) => channel.seek(to),
        None => Err(rustix::io::Errno::INVAL.into()),
    })?;
    done_empty()
}

fn tell(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, name, ..] = words else {
        return done_empty();
    };
    let position = with_channel(interp, name, "during tell on", Channel::tell)?;
    done(Value::int(position))
}

// chan

fn chan_names(interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(names(interp, words.get(1)))
}

/// The names of all channels, or of those that match a pattern.
pub(crate) fn names(interp: &mut Interp, pattern: Option<&Value>) -> Value {
    let channels = channels_of(interp);
    let table = channels.table.borrow();
    let fits = |name: &&str| {
        pattern.is_none_or(|pattern| crate::text::glob::glob_match(&pattern.str(), name, false))
    };
    Value::list(
        table
            .names()
            .into_iter()
            .filter(fits)
            .map(Value::text)
            .collect(),
    )
}

fn chan_pending(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, mode, name] = words else {
        return done_empty();
    };
    let is_output = option(mode, &["input", "output"], "mode")? == 1;
    let count = with_channel(interp, name, "reading", |channel| {
        Ok(if is_output {
            channel.pending_output()
        } else {
            channel.pending_input()
        })
    })?;
    done(Value::int(count.map_or(-1, |count| {
        i64::try_from(count).unwrap_or(i64::MAX)
    })))
}

fn chan_pipe(interp: &mut Interp, words: &[Value]) -> CommandResult {
    if words.len() > 1 {
        // The blank at the end is tclsh's.
        return Err(Exception::wrong_args("chan pipe "));
    }
    let (reader, writer) = pipe().map_err(|error| failed(interp, &error, "creating pipe"))?;
    let reader = interp.add_channel(reader)?;
    let writer = interp.add_channel(writer)?;
    done(Value::list(vec![reader, writer]))
}

fn chan_truncate(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, name, rest @ ..] = words else {
        return done_empty();
    };
    interp.find_channel(name)?;
    let length = match rest.first() {
        None => None,
        Some(value) => Some(
            u64::try_from(wide_of(value)?)
                .map_err(|_| Exception::error("cannot truncate to negative length of file"))?,
        ),
    };
    with_channel(
        interp,
        name,
        "during truncate on",
        |channel| match channel.truncate(length) {
            Err(ChannelError::NotWritable) => Err(rustix::io::Errno::INVAL.into()),
            other => other,
        },
    )?;
    done_empty()
}
