//! Calling the handlers of channels that are written in Tcl, or transformed by Tcl.
//!
//! Every operation on a channel goes through [`with_handlers`] once it has turned out to need a script; see
//! [`crate::channel::Reflection`] for how.

use std::cell::Cell;
use std::io::SeekFrom;
use std::rc::Rc;

use super::{channels_of, closed, event, failed};
use crate::channel::{
    Answer, Channel, ChannelError, CloseState, Failure, Method, Methods, Reflection, Reply,
    Request, Scripted, SharedChannel, Side,
};
use crate::commands::interp::Home;
use crate::event::Interest;
use crate::limits::NESTED_RUN_MAX;
use crate::runtime::integer::{small_int_of, wide_of};
use crate::runtime::{CommandResult, Exception, Interp, Outcome, code, done_empty};
use crate::value::Value;

/// The methods of handlers, as messages list them.
const METHODS: &[(&str, Method)] = &[
    ("blocking", Method::Blocking),
    ("cget", Method::Cget),
    ("cgetall", Method::CgetAll),
    ("clear", Method::Clear),
    ("configure", Method::Configure),
    ("drain", Method::Drain),
    ("finalize", Method::Finalize),
    ("flush", Method::Flush),
    ("initialize", Method::Initialize),
    ("limit?", Method::Limit),
    ("read", Method::Read),
    ("seek", Method::Seek),
    ("watch", Method::Watch),
    ("write", Method::Write),
];

fn method_name(method: Method) -> &'static str {
    METHODS
        .iter()
        .find(|(_, known)| *known == method)
        .map_or("", |(name, _)| *name)
}

/// How a handler is called: what a [`Reflection`] holds for this layer.
pub(super) struct Handler {
    prefix: Vec<Value>,
    /// What the handler knows the channel or the transformation by.
    pub(super) id: Value,
    home: Home,
    /// The events that its `watch` has been told of last.
    pub(super) interest: Cell<Interest>,
}

impl Handler {
    /// A handler that this interpreter is to run. Errors: `prefix` is no list.
    pub(super) fn new(
        interp: &mut Interp,
        prefix: &Value,
        id: Value,
    ) -> Result<Rc<Handler>, Box<Exception>> {
        Ok(Rc::new(Handler {
            prefix: prefix.to_list()?.elements().to_vec(),
            id,
            home: Home::of(interp),
            interest: Cell::new(Interest::NONE),
        }))
    }

    /// Calls one of the handler's methods.
    ///
    /// Errors: what the handler has thrown; `chan handler returned bad code: N`; `Owner lost`.
    pub(super) fn call(&self, interp: &mut Interp, method: Method, arguments: &[Value]) -> Outcome {
        let name = method_name(method);
        let mut words = self.prefix.clone();
        words.extend([Value::text(name), self.id.clone()]);
        words.extend_from_slice(arguments);
        let outcome = self
            .home
            .run(interp, |interp| interp.call(words.clone()))
            .unwrap_or_else(|| Err(Exception::error("Owner lost")));
        outcome.map_err(|thrown| {
            if thrown.is_uncatchable {
                return thrown;
            }
            let mut exception = if thrown.code == code::ERROR {
                thrown
            } else {
                let text = format!("chan handler returned bad code: {}", thrown.code);
                Exception::error(text)
            };
            if !std::mem::take(&mut exception.is_logged) {
                exception.log_command(&Value::list(words).str());
            }
            exception.add_info(&format!("\n    (chan handler subcommand \"{name}\")"));
            exception
        })
    }

    /// Calls `initialize` and returns the methods that it lists.
    ///
    /// * `prefix`: the handler, for messages.
    /// * `known`: the methods that there are for such a handler.
    pub(super) fn initialize(
        &self,
        interp: &mut Interp,
        prefix: &Value,
        mode: &Value,
        known: &[Method],
    ) -> Result<Methods, Box<Exception>> {
        let result = self.call(interp, Method::Initialize, std::slice::from_ref(mode))?;
        let says = |text: &str| format!("chan handler \"{} initialize\" {text}", &*prefix.str());
        let Ok(list) = result.to_list() else {
            return Err(Exception::error(says(&format!(
                "returned non-list: {}",
                &*result.str()
            ))));
        };
        let names: Vec<&str> = known.iter().copied().map(method_name).collect();
        let mut methods = Methods::default();
        // As in tclsh, the last bad one is the one that is complained of.
        for word in list.elements().iter().rev() {
            let index =
                crate::commands::option_exact(word, &names, "method").map_err(|mut bad| {
                    bad.value = Value::string(says(&format!("returned {}", &*bad.value.str())));
                    bad
                })?;
            methods = known
                .get(index)
                .map_or(methods, |method| methods.with(*method));
        }
        Ok(methods)
    }
}

/// The handler behind a reflection.
pub(super) fn handler_of(reflection: &Reflection) -> Option<Rc<Handler>> {
    Rc::clone(reflection.owner()).downcast::<Handler>().ok()
}

/// The handler of the script that a channel consists of, if it does.
pub(super) fn handler_of_channel(channel: &SharedChannel) -> Option<Rc<Handler>> {
    channel
        .try_borrow()
        .ok()?
        .reflection()
        .and_then(|reflection| handler_of(reflection))
}

/// Does `act` with a channel, calling its handlers as they are needed: `act` is begun again after each of them.
///
/// Errors: those of `act`; [`ChannelError::Thrown`] with what a handler has thrown; [`ChannelError::Vanished`] when a
/// handler has closed the channel.
pub(super) fn with_handlers<T>(
    interp: &mut Interp,
    shared: &SharedChannel,
    act: impl FnMut(&mut Channel) -> Result<T, ChannelError>,
) -> Result<T, ChannelError> {
    proceed(interp, shared, false, act)
}

/// Finishes output that needs its handler: the operation that has just failed with [`ChannelError::Scripted`] has put
/// it into the channel.
pub(super) fn finish_output(
    interp: &mut Interp,
    shared: &SharedChannel,
) -> Result<(), ChannelError> {
    proceed(interp, shared, true, |_| Ok(()))
}

/// Writes to a channel whose handlers may have to be called.
pub(super) fn write_with_handlers(
    interp: &mut Interp,
    shared: &SharedChannel,
    write: impl FnOnce(&mut Channel) -> Result<(), ChannelError>,
) -> Result<(), ChannelError> {
    with_handlers(interp, shared, Channel::prepare_output)?;
    let written = match shared.try_borrow_mut() {
        Ok(mut channel) => {
            let written = write(&mut channel);
            event::settle(interp, &mut channel);
            written
        }
        Err(_) => return Err(rustix::io::Errno::BUSY.into()),
    };
    match written {
        Err(ChannelError::Scripted) => finish_output(interp, shared),
        other => other,
    }
}

/// Calls the handler that the operation has asked for which has just failed with [`ChannelError::Scripted`].
pub(super) fn call_handler(
    interp: &mut Interp,
    shared: &SharedChannel,
) -> Result<(), ChannelError> {
    let scripted = match shared.try_borrow_mut() {
        Ok(mut channel) => channel.take_scripted(),
        Err(_) => None,
    };
    match scripted {
        Some(Scripted::Request(reflection, request)) => {
            serve(interp, &reflection, request);
            Ok(())
        }
        Some(Scripted::Failure(failure)) => Err(failure.into()),
        None => Err(rustix::io::Errno::IO.into()),
    }
}

/// * `resumes`: output waits for its handler, and it is for us to go on with it.
fn proceed<T>(
    interp: &mut Interp,
    shared: &SharedChannel,
    mut resumes: bool,
    mut act: impl FnMut(&mut Channel) -> Result<T, ChannelError>,
) -> Result<T, ChannelError> {
    let mut is_eof = None;
    // Handlers that have taken themselves away while they wrote; others may have come in their place.
    let mut removed = 0;
    loop {
        let Ok(mut channel) = shared.try_borrow_mut() else {
            return Err(rustix::io::Errno::BUSY.into());
        };
        if is_closed(&channel)
            && let Some(is_eof) = is_eof
        {
            return Err(ChannelError::Vanished { is_eof });
        }
        let was_suspended = channel.is_suspended() && !resumes;
        let resumed = if resumes {
            channel.resume_output()
        } else {
            Ok(())
        };
        let result = match resumed {
            Ok(()) => act(&mut channel),
            Err(error) => Err(error),
        };
        if !matches!(result, Err(ChannelError::Scripted)) {
            event::settle(interp, &mut channel);
            let is_scripted = channel.is_scripted();
            drop(channel);
            if is_scripted {
                sync_watch(interp, shared);
            }
            return result;
        }
        resumes = channel.is_suspended() && !was_suspended;
        // By us, that is.
        let is_closing = is_closed(&channel);
        match channel.take_scripted() {
            Some(Scripted::Request(reflection, request)) => {
                drop(channel);
                let is_write = request.method() == Method::Write;
                let answered_eof = serve(interp, &reflection, request);
                if is_write && !has_reflection(shared, &reflection) {
                    removed += 1;
                    if removed > NESTED_RUN_MAX {
                        if let Ok(mut channel) = shared.try_borrow_mut() {
                            channel.drop_output();
                        }
                        return Err(thrown(*Exception::too_deep()).into());
                    }
                }
                is_eof = (!is_closing).then_some(answered_eof);
            }
            Some(Scripted::Failure(failure)) => {
                event::settle(interp, &mut channel);
                return Err(failure.into());
            }
            None => return Err(rustix::io::Errno::IO.into()),
        }
    }
}

/// Whether a handler is still one of the channel's.
fn has_reflection(shared: &SharedChannel, reflection: &Rc<Reflection>) -> bool {
    shared
        .try_borrow()
        .is_ok_and(|channel| channel.has_reflection(reflection))
}

fn is_closed(channel: &Channel) -> bool {
    !channel.is_readable() && !channel.is_writable()
}

/// Has the handler do what the driver asks for. Whether the driver will take the answer for the end of the file.
fn serve(interp: &mut Interp, reflection: &Rc<Reflection>, request: Request) -> bool {
    let answer = match handler_of(reflection) {
        Some(handler) => answer(interp, &handler, &request),
        None => Err(Failure::Message("Owner lost")),
    };
    let is_eof = matches!(&answer, Ok(Reply::Bytes(bytes)) if bytes.is_empty());
    reflection.answer(request, answer);
    is_eof
}

/// Has a handler do something that has no argument.
///
/// Errors: what it has thrown.
pub(super) fn ask_plain(
    interp: &mut Interp,
    handler: &Handler,
    method: Method,
) -> Result<Reply, ChannelError> {
    Ok(answer(interp, handler, &Request::Plain(method))?)
}

fn answer(interp: &mut Interp, handler: &Handler, request: &Request) -> Answer {
    let arguments = match request {
        Request::Read(count) => vec![Value::int(i64::try_from(*count).unwrap_or(i64::MAX))],
        Request::Write(bytes) | Request::TransformRead(bytes) | Request::TransformWrite(bytes) => {
            vec![Value::bytes(bytes.clone())]
        }
        Request::Seek(to) => {
            let (offset, base) = match *to {
                // A negative one was made unsigned by `seek`.
                SeekFrom::Start(offset) => (offset.cast_signed(), "start"),
                SeekFrom::Current(offset) => (offset, "current"),
                SeekFrom::End(offset) => (offset, "end"),
            };
            vec![Value::int(offset), Value::text(base)]
        }
        Request::Plain(_) => Vec::new(),
    };
    match handler.call(interp, request.method(), &arguments) {
        Ok(value) => reply(request, &value).map_err(|mut exception| {
            if exception.error_code.is_some() {
                // As in tclsh, errorInfo has begun already.
                exception.add_info("");
            }
            thrown(*exception)
        }),
        Err(exception) => Err(match (request, errno(&exception)) {
            (Request::Read(_) | Request::Write(_), Some(errno)) => Failure::Errno(errno),
            _ => thrown(*exception),
        }),
    }
}

fn thrown(exception: Exception) -> Failure {
    Failure::Thrown(Rc::new(exception))
}

/// The system's error that a handler means: `EAGAIN`, or minus its number.
fn errno(exception: &Exception) -> Option<i32> {
    if exception.is_uncatchable || exception.code != code::ERROR {
        return None;
    }
    if &*exception.value.str() == "EAGAIN" {
        return Some(rustix::io::Errno::AGAIN.raw_os_error());
    }
    let number = exception.value.as_int().filter(|number| *number < 0)?;
    i32::try_from(number.checked_neg()?).ok()
}

/// What a method's result means for the driver.
fn reply(request: &Request, value: &Value) -> Result<Reply, Box<Exception>> {
    match request {
        Request::Read(wanted) => {
            let bytes = value.to_bytes();
            if bytes.as_slice().len() > *wanted {
                return Err(Exception::error("read delivered more than requested"));
            }
            Ok(Reply::Bytes(bytes.as_slice().to_vec()))
        }
        Request::Write(bytes) => {
            let Ok(count) = u64::try_from(small_int_of(value)?) else {
                return Ok(Reply::Nothing);
            };
            if count == 0 {
                return Err(Exception::error("write wrote nothing"));
            }
            if usize::try_from(count).is_ok_and(|count| count <= bytes.len()) {
                Ok(Reply::Count(count))
            } else {
                Err(Exception::error("write wrote more than requested"))
            }
        }
        Request::Seek(_) => match u64::try_from(wide_of(value)?) {
            Ok(position) => Ok(Reply::Count(position)),
            Err(_) => Err(Exception::error("Tried to seek before origin")),
        },
        Request::Plain(Method::Limit) => {
            Ok(u64::try_from(small_int_of(value)?).map_or(Reply::Nothing, Reply::Count))
        }
        Request::TransformRead(_)
        | Request::TransformWrite(_)
        | Request::Plain(Method::Drain | Method::Flush) => transformed(value),
        Request::Plain(_) => Ok(Reply::Nothing),
    }
}

/// What a transformation has made. It may be longer than what it was made of.
fn transformed(value: &Value) -> Result<Reply, Box<Exception>> {
    let bytes = value.to_bytes();
    if bytes.as_slice().len() > crate::channel::TEXT_BYTES_MAX {
        let limit = crate::channel::TEXT_BYTES_MAX;
        return Err(Exception::too_large(
            "the result of a transformation",
            limit,
        ));
    }
    Ok(Reply::Bytes(bytes.as_slice().to_vec()))
}

/// Tells the handler of a channel which events are wanted, if that has changed. What comes of it is ignored, as in
/// tclsh.
pub(super) fn sync_watch(interp: &mut Interp, shared: &SharedChannel) {
    let Some(handler) = handler_of_channel(shared) else {
        return;
    };
    let interest = match shared.try_borrow() {
        Ok(channel) if channel.is_readable() || channel.is_writable() => {
            event::wanted(interp, &channel)
        }
        _ => return,
    };
    if handler.interest.replace(interest) == interest {
        return;
    }
    let names = [(Interest::READ, "read"), (Interest::WRITE, "write")];
    let names = names
        .into_iter()
        .filter(|(kind, _)| interest.contains(*kind))
        .map(|(_, name)| Value::text(name));
    let _ = handler.call(interp, Method::Watch, &[Value::list(names.collect())]);
}

/// [`super::close_channel`] where handlers are called: they do not find the channel any more.
pub(super) fn close_scripted(interp: &mut Interp, name: &Value, shared: &SharedChannel) -> Outcome {
    let channels = channels_of(interp);
    channels.table.borrow_mut().remove_closed(&name.str());
    let result = with_handlers(interp, shared, |channel| channel.close(Side::Both));
    if let Ok(CloseState::Draining) = result {
        event::close_when_drained(interp, &name.str());
        return Ok(Value::EMPTY);
    }
    event::end_watch(interp, &name.str());
    closed(interp, result)
}

/// Writes what `puts` writes.
pub(super) fn write_text(
    channel: &mut Channel,
    text: &Value,
    newline: bool,
) -> Result<(), ChannelError> {
    if newline {
        channel.write_line(&text.str())
    } else {
        channel.write_str(&text.str())
    }
}

/// `puts` where handlers may have to be called.
pub(super) fn put_scripted(
    interp: &mut Interp,
    shared: &SharedChannel,
    text: &Value,
    newline: bool,
) -> CommandResult {
    let name = match shared.try_borrow() {
        Ok(channel) => channel.name().to_owned(),
        Err(_) => return done_empty(),
    };
    write_with_handlers(interp, shared, |channel| write_text(channel, text, newline))
        .map_err(|error| failed(interp, &error, &format!("error writing \"{name}\"")))?;
    done_empty()
}
