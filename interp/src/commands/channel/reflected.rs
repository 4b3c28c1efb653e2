//! `chan create` and `chan postevent`: channels that a script implements; `fconfigure` of such channels.

use std::cell::Cell;
use std::rc::Rc;

use super::options::{set_generic, value_of};
use super::scripted::{Handler, handler_of};
use super::{channels_of, event, failed};
use crate::channel::{
    Channel, ChannelError, Method, OptionValue, ReflectedDriver, Reflection, Settable,
    SharedChannel,
};
use crate::commands::option;
use crate::event::Interest;
use crate::runtime::{CommandResult, Exception, Interp, done, done_empty};
use crate::value::Value;

/// The methods that such a handler may have.
const KNOWN: &[Method] = &[
    Method::Blocking,
    Method::Cget,
    Method::CgetAll,
    Method::Configure,
    Method::Finalize,
    Method::Initialize,
    Method::Read,
    Method::Seek,
    Method::Watch,
    Method::Write,
];

thread_local! {
    /// Counts channels, for their names.
    static CREATED: Cell<u64> = const { Cell::new(0) };
}

/// `chan create`.
pub(super) fn chan_create(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, mode, prefix] = words else {
        return done_empty();
    };
    let interest = directions(mode, "mode")?;
    prefix.to_list()?;
    let number = CREATED.replace(CREATED.get() + 1);
    let name = Value::string(format!("rc{number}"));
    let handler = Handler::new(interp, prefix, name.clone())?;
    let methods = handler.initialize(interp, prefix, &mode_words(interest), KNOWN)?;
    let complaint = if ![Method::Initialize, Method::Finalize, Method::Watch]
        .iter()
        .all(|method| methods.has(*method))
    {
        "does not support all required methods"
    } else if interest.contains(Interest::READ) && !methods.has(Method::Read) {
        "lacks a \"read\" method"
    } else if interest.contains(Interest::WRITE) && !methods.has(Method::Write) {
        "lacks a \"write\" method"
    } else {
        match (methods.has(Method::Cget), methods.has(Method::CgetAll)) {
            (true, false) => "supports \"cget\" but not \"cgetall\"",
            (false, true) => "supports \"cgetall\" but not \"cget\"",
            _ => "",
        }
    };
    if !complaint.is_empty() {
        return Err(Exception::error(format!(
            "chan handler \"{}\" {complaint}",
            &*prefix.str()
        )));
    }
    let reflection = Reflection::new(handler, methods);
    let channel = Channel::new(
        &*name.str(),
        Box::new(ReflectedDriver::new(reflection)),
        interest.contains(Interest::READ),
        interest.contains(Interest::WRITE),
    );
    done(interp.add_channel(channel)?)
}

/// A list of `read` and `write`, which may be abbreviated. Errors: it is empty, or has something else.
fn directions(list: &Value, kind: &str) -> Result<Interest, Box<Exception>> {
    let list = list.to_list()?;
    if list.elements().is_empty() {
        return Err(Exception::error(format!("bad {kind} list: is empty")));
    }
    let mut interest = Interest::NONE;
    for word in list.elements() {
        interest = interest.union(match option(word, &["read", "write"], kind)? {
            0 => Interest::READ,
            _ => Interest::WRITE,
        });
    }
    Ok(interest)
}

/// The mode as handlers get it.
pub(super) fn mode_words(interest: Interest) -> Value {
    let names = [(Interest::READ, "read"), (Interest::WRITE, "write")];
    let names = names
        .into_iter()
        .filter(|(kind, _)| interest.contains(*kind))
        .map(|(_, name)| Value::text(name));
    Value::list(names.collect())
}

/// `chan postevent`.
pub(super) fn chan_postevent(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, name, events] = words else {
        return done_empty();
    };
    let channels = channels_of(interp);
    let shared = channels.table.borrow().get(&name.str()).cloned();
    let handler = shared
        .as_ref()
        .and_then(super::scripted::handler_of_channel);
    let Some(handler) = handler else {
        let name = name.str();
        return Err(Exception::with_code(
            format!("can not find reflected channel named \"{name}\""),
            ["TCL", "LOOKUP", "CHANNEL", &name],
        ));
    };
    let posted = directions(events, "event")?;
    if !handler.interest.get().contains(posted) {
        return Err(Exception::error(format!(
            "tried to post events channel \"{}\" is not interested in",
            &*name.str()
        )));
    }
    event::post(interp, &name.str(), posted);
    done_empty()
}

/// `fconfigure` of a channel that a script implements.
pub(super) fn configure(
    interp: &mut Interp,
    shared: &SharedChannel,
    reflection: &Reflection,
    words: &[Value],
) -> CommandResult {
    let Some(handler) = handler_of(reflection) else {
        return done_empty();
    };
    match words {
        [] => list_options(interp, shared, reflection, &handler),
        [option] => {
            let value = match shared.try_borrow_mut() {
                Ok(mut channel) => channel.option(&option.str()),
                Err(_) => Ok(OptionValue::Text(String::new())),
            };
            match value {
                Ok(value) => done(value_of(value, option)),
                Err(_) if reflection.has(Method::Cget) => {
                    done(handler.call(interp, Method::Cget, std::slice::from_ref(option))?)
                }
                Err(error) => Err(failed(interp, &error, "")),
            }
        }
        pairs => {
            for pair in pairs.chunks(2) {
                if let [option, value] = pair {
                    set(interp, shared, reflection, &handler, option, value)?;
                }
            }
            done_empty()
        }
    }
}

fn list_options(
    interp: &mut Interp,
    shared: &SharedChannel,
    reflection: &Reflection,
    handler: &Rc<Handler>,
) -> CommandResult {
    let generic = match shared.try_borrow_mut() {
        Ok(mut channel) => channel.options(),
        Err(_) => Ok(Vec::new()),
    };
    let generic = generic.map_err(|error| failed(interp, &error, ""))?;
    let mut words: Vec<Value> = generic
        .into_iter()
        .flat_map(|(name, value)| [Value::text(name), super::options::plain_value(value)])
        .collect();
    if reflection.has(Method::CgetAll) {
        let all = handler.call(interp, Method::CgetAll, &[])?.to_list()?;
        let count = all.elements().len();
        if count % 2 == 1 {
            let plural = if count == 1 { "" } else { "s" };
            return Err(Exception::error(format!(
                "Expected list with even number of elements, got {count} element{plural} instead"
            )));
        }
        words.extend_from_slice(all.elements());
    }
    done(Value::list(words))
}

fn set(
    interp: &mut Interp,
    shared: &SharedChannel,
    reflection: &Reflection,
    handler: &Rc<Handler>,
    option: &Value,
    value: &Value,
) -> Result<(), Box<Exception>> {
    let settable = match shared.try_borrow_mut() {
        Ok(mut channel) => channel.settable_option(&option.str()),
        Err(_) => return Ok(()),
    };
    match settable {
        Ok(Settable::Blocking) => set_blocking(interp, shared, reflection, handler, value),
        Ok(generic) => {
            let Ok(mut channel) = shared.try_borrow_mut() else {
                return Ok(());
            };
            set_generic(interp, &mut channel, generic, value)?;
            event::settle(interp, &mut channel);
            Ok(())
        }
        Err(_) if reflection.has(Method::Configure) => {
            let words = [option.clone(), value.clone()];
            handler.call(interp, Method::Configure, &words).map(|_| ())
        }
        Err(error) => Err(failed(interp, &error, "")),
    }
}

/// As in tclsh, the handler is told even if nothing changes.
fn set_blocking(
    interp: &mut Interp,
    shared: &SharedChannel,
    reflection: &Reflection,
    handler: &Rc<Handler>,
    value: &Value,
) -> Result<(), Box<Exception>> {
    let blocking = value
        .as_boolean()
        .ok_or_else(|| super::options::not_a_boolean(value))?;
    if reflection.has(Method::Blocking) {
        let mode = Value::int(i64::from(blocking));
        handler.call(interp, Method::Blocking, &[mode])?;
    }
    let changed = match shared.try_borrow_mut() {
        Ok(mut channel) => {
            let changed = channel.set_blocking(blocking);
            event::settle(interp, &mut channel);
            changed
        }
        Err(_) => Ok(()),
    };
    changed.map_err(|error: ChannelError| failed(interp, &error, "couldn't set channel option"))
}
