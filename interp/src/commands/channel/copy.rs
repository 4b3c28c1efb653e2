//! `fcopy`, in the foreground and in the background.

use std::cell::Cell;
use std::rc::Rc;

use super::event::{handler, update};
use super::failed;
use super::scripted::{call_handler, finish_output, sync_watch, with_handlers};
use crate::channel::{
    Channel, ChannelError, CopyError, CopyProgress, CopyStep, Direction, SharedChannel, copy_all,
    copy_step,
};
use crate::commands::option;
use crate::runtime::integer::wide_of;
use crate::runtime::{CommandResult, Context, Exception, Interp, done, done_empty};
use crate::value::Value;

/// A copy that the event loop drives.
pub(super) struct BackgroundCopy {
    from: Value,
    to: Value,
    source: SharedChannel,
    destination: SharedChannel,
    /// How much is still to be copied; `None`: everything.
    left: Cell<Option<u64>>,
    total: Cell<u64>,
    /// Gets the count and perhaps an error message as further words.
    callback: Value,
    is_over: Cell<bool>,
}

/// The `fcopy` command.
pub(super) fn fcopy(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [command, from, to, options @ ..] = words else {
        return done_empty();
    };
    if options.len() % 2 == 1 {
        let command = command.str();
        let command = if &*command == "copy" {
            "chan copy"
        } else {
            &*command
        };
        return Err(Exception::wrong_args(&format!(
            "{command} input output ?-size size? ?-command callback?"
        )));
    }
    let source = interp.find_channel(from)?;
    check_open(interp, &source, from, true)?;
    let destination = interp.find_channel(to)?;
    check_open(interp, &destination, to, false)?;
    let (mut size, mut callback) = (None, None);
    for pair in options.chunks(2) {
        let [name, value] = pair else { break };
        match option(name, &["-size", "-command"], "option")? {
            // Negative means everything.
            0 => size = u64::try_from(wide_of(value)?).ok(),
            _ => callback = Some(value.clone()),
        }
    }
    for (shared, name) in [(&source, from), (&destination, to)] {
        if shared.try_borrow_mut().is_err() {
            return Err(is_busy(name));
        }
    }
    if Rc::ptr_eq(&source, &destination) {
        return Err(is_busy(from));
    }
    for (shared, name, direction) in [
        (&source, from, Direction::Read),
        (&destination, to, Direction::Write),
    ] {
        if shared
            .try_borrow()
            .is_ok_and(|channel| channel.is_copying(direction))
        {
            return Err(is_busy(name));
        }
    }
    match callback {
        Some(callback) => start(interp, from, to, (source, destination), size, callback),
        None => copy_now(interp, from, to, &source, &destination, size),
    }
}

fn check_open(
    interp: &mut Interp,
    shared: &SharedChannel,
    name: &Value,
    is_source: bool,
) -> Result<(), Box<Exception>> {
    let is_open = shared.try_borrow().is_ok_and(|channel| {
        if is_source {
            channel.is_readable()
        } else {
            channel.is_writable()
        }
    });
    if is_open {
        return Ok(());
    }
    let error = if is_source {
        ChannelError::NotReadable
    } else {
        ChannelError::NotWritable
    };
    Err(failed(
        interp,
        &error,
        &format!("error copying \"{}\"", &*name.str()),
    ))
}

fn is_busy(name: &Value) -> Box<Exception> {
    Exception::error(format!("channel \"{}\" is busy", &*name.str()))
}

/// * `is_background`: the message goes to a callback.
fn message_of(
    interp: &mut Interp,
    error: &CopyError,
    from: &Value,
    to: &Value,
    is_background: bool,
) -> Box<Exception> {
    let (error, doing, name) = match error {
        CopyError::Reading(error) => (error, "reading", from),
        CopyError::Writing(error) => (error, "writing", to),
    };
    let what = format!("error {doing} \"{}\"", &*name.str());
    let exception = failed(interp, error, &what);
    if !matches!(error, ChannelError::Thrown(_)) || exception.is_uncatchable {
        return exception;
    }
    if is_background {
        let message = &*exception.value.str();
        return Exception::error(format!("{what}: {message}"));
    }
    // As in tclsh, what the handler has said is not told.
    failed(interp, &rustix::io::Errno::INVAL.into(), &what)
}

fn copy_now(
    interp: &mut Interp,
    from: &Value,
    to: &Value,
    source: &SharedChannel,
    destination: &SharedChannel,
    size: Option<u64>,
) -> CommandResult {
    super::heed_interrupts(interp);
    let result = match (source.try_borrow_mut(), destination.try_borrow_mut()) {
        (Ok(mut source), Ok(mut destination))
            if !source.is_scripted() && !destination.is_scripted() =>
        {
            let result = copy_all(&mut source, &mut destination, size);
            super::event::settle(interp, &mut source);
            super::event::settle(interp, &mut destination);
            result
        }
        (Ok(_), Ok(_)) => Err(CopyError::Reading(ChannelError::Scripted)),
        _ => return Err(is_busy(from)),
    };
    let result = match result {
        Err(CopyError::Reading(ChannelError::Scripted)) => {
            copy_with_handlers(interp, source, destination, size)
        }
        other => other,
    };
    match result {
        Ok(count) => done(Value::int(i64::try_from(count).unwrap_or(i64::MAX))),
        Err(error) => Err(message_of(interp, &error, from, to, false)),
    }
}

/// [`copy_all`] where handlers may have to be called.
fn copy_with_handlers(
    interp: &mut Interp,
    source: &SharedChannel,
    destination: &SharedChannel,
    size: Option<u64>,
) -> Result<u64, CopyError> {
    let mut total = 0;
    loop {
        let step = step(interp, source, destination, size.map(|size| size - total))?;
        total += step.moved;
        match step.progress {
            CopyProgress::Done => return Ok(total),
            CopyProgress::More => {}
            // As in tclsh, a handler that has nothing at present is asked again.
            CopyProgress::NeedsInput if is_without_descriptor(source) => {
                interp.check_safepoint().map_err(|exception| {
                    CopyError::Reading(ChannelError::Thrown(Rc::new(*exception)))
                })?
            }
            CopyProgress::NeedsInput => {
                with_handlers(interp, source, Channel::wait_for_input)
                    .map_err(CopyError::Reading)?;
            }
            CopyProgress::NeedsOutput => {
                with_handlers(interp, destination, Channel::wait_for_output)
                    .map_err(CopyError::Writing)?;
            }
        }
    }
}

fn is_without_descriptor(channel: &SharedChannel) -> bool {
    channel
        .try_borrow()
        .is_ok_and(|channel| channel.fd(Direction::Read).is_none())
}

/// One step of a copy, with what handlers have to do for it.
fn step(
    interp: &mut Interp,
    source: &SharedChannel,
    destination: &SharedChannel,
    left: Option<u64>,
) -> Result<CopyStep, CopyError> {
    loop {
        let is_scripted = destination
            .try_borrow()
            .is_ok_and(|channel| channel.is_scripted());
        if is_scripted {
            with_handlers(interp, destination, Channel::prepare_output)
                .map_err(CopyError::Writing)?;
        }
        let (Ok(mut from), Ok(mut to)) = (source.try_borrow_mut(), destination.try_borrow_mut())
        else {
            return Err(CopyError::Reading(rustix::io::Errno::BUSY.into()));
        };
        let was_suspended = to.is_suspended();
        let step = copy_step(&mut from, &mut to, left);
        super::event::settle(interp, &mut from);
        super::event::settle(interp, &mut to);
        let finishes = to.is_suspended() && !was_suspended;
        drop((from, to));
        if let Err(CopyError::Reading(ChannelError::Scripted)) = &step {
            call_handler(interp, source).map_err(CopyError::Reading)?;
            continue;
        }
        if finishes {
            finish_output(interp, destination).map_err(CopyError::Writing)?;
        }
        return step;
    }
}

fn start(
    interp: &mut Interp,
    from: &Value,
    to: &Value,
    channels: (SharedChannel, SharedChannel),
    size: Option<u64>,
    callback: Value,
) -> CommandResult {
    let (source, destination) = channels;
    let reading = handler(interp, from)?;
    let writing = handler(interp, to)?;
    for (shared, direction) in [(&source, Direction::Read), (&destination, Direction::Write)] {
        if let Ok(mut channel) = shared.try_borrow_mut() {
            channel.begin_copy(direction);
        }
    }
    let copy = Rc::new(BackgroundCopy {
        from: from.clone(),
        to: to.clone(),
        source,
        destination,
        left: Cell::new(size),
        total: Cell::new(0),
        callback,
        is_over: Cell::new(false),
    });
    reading.copy_from.replace(Some(Rc::clone(&copy)));
    writing.copy_to.replace(Some(Rc::clone(&copy)));
    update(interp, &reading)?;
    update(interp, &writing)?;
    // A handler may have something already, and says only later that it has more.
    let is_scripted = [&copy.source, &copy.destination].iter().any(|shared| {
        shared
            .try_borrow()
            .is_ok_and(|channel| channel.is_scripted())
    });
    if is_scripted {
        proceed(interp, &copy);
    }
    done_empty()
}

/// Copies what can be copied now; called when either channel is ready.
pub(super) fn proceed(interp: &mut Interp, copy: &Rc<BackgroundCopy>) {
    if copy.is_over.get() {
        return;
    }
    if copy.source.try_borrow().is_err() || copy.destination.try_borrow().is_err() {
        return;
    }
    let step = step(interp, &copy.source, &copy.destination, copy.left.get());
    if copy.is_over.get() {
        // A handler has closed one of the channels.
        return;
    }
    for shared in [&copy.source, &copy.destination] {
        sync_watch(interp, shared);
    }
    match step {
        Ok(step) => {
            copy.total.set(copy.total.get().saturating_add(step.moved));
            copy.left
                .set(copy.left.get().map(|left| left.saturating_sub(step.moved)));
            if step.progress == CopyProgress::Done {
                finish(interp, copy, None);
            }
        }
        Err(error) => {
            let exception = message_of(interp, &error, &copy.from, &copy.to, true);
            finish(interp, copy, Some(exception.value.clone()));
        }
    }
}

/// Ends a copy whose channel is being closed, without a word.
pub(super) fn abandon(interp: &mut Interp, copy: &Rc<BackgroundCopy>) {
    if copy.is_over.replace(true) {
        return;
    }
    for (shared, direction) in [
        (&copy.source, Direction::Read),
        (&copy.destination, Direction::Write),
    ] {
        if let Ok(mut channel) = shared.try_borrow_mut() {
            channel.end_copy(direction);
        }
    }
    let channels = super::channels_of(interp);
    for name in [&copy.from, &copy.to] {
        let found = channels.handlers.has(&name.str());
        if found && let Ok(handler) = handler(interp, name) {
            handler
                .copy_from
                .borrow_mut()
                .take_if(|present| Rc::ptr_eq(present, copy));
            handler
                .copy_to
                .borrow_mut()
                .take_if(|present| Rc::ptr_eq(present, copy));
            let _ = update(interp, &handler);
        }
    }
}

fn finish(interp: &mut Interp, copy: &Rc<BackgroundCopy>, error: Option<Value>) {
    abandon(interp, copy);
    let count = Value::int(i64::try_from(copy.total.get()).unwrap_or(i64::MAX));
    let mut call = copy.callback.to_text();
    for word in std::iter::once(count).chain(error) {
        call.push(' ');
        call.push_str(&Value::list(vec![word]).str());
    }
    let outcome = interp.eval_in(&Value::string(call), Context::Global);
    interp.report_outcome(outcome, "");
}
