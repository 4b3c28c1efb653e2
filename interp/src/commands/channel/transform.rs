//! `chan push` and `chan pop`: scripts that transform what passes through a channel.

use std::cell::Cell;

use super::reflected::mode_words;
use super::scripted::{Handler, with_handlers};
use super::failed_on;
use crate::channel::{Method, Reflection};
use crate::event::Interest;
use crate::runtime::{CommandResult, Exception, Interp, done, done_empty};
use crate::value::Value;

/// The methods that such a handler may have.
const KNOWN: &[Method] = &[
    Method::Clear,
    Method::Drain,
    Method::Finalize,
    Method::Flush,
    Method::Initialize,
    Method::Limit,
    Method::Read,
    Method::Write,
];

thread_local! {
    /// Counts transformations, for their names.
    static PUSHED: Cell<u64> = const { Cell::new(0) };
}

/// `chan push`.
pub(super) fn chan_push(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, name, prefix] = words else {
        return done_empty();
    };
    let shared = interp.find_channel(name)?;
    let mode = match shared.try_borrow() {
        Ok(channel) => [
            (channel.is_readable(), Interest::READ),
            (channel.is_writable(), Interest::WRITE),
        ],
        Err(_) => return done_empty(),
    };
    let mode = mode
        .into_iter()
        .filter(|(is_open, _)| *is_open)
        .fold(Interest::NONE, |mode, (_, kind)| mode.union(kind));
    prefix.to_list()?;
    let number = PUSHED.replace(PUSHED.get() + 1);
    let id = Value::string(format!("rt{number}"));
    let handler = Handler::new(interp, prefix, id)?;
    let methods = handler.initialize(interp, prefix, &mode_words(mode), KNOWN)?;
    let reads = mode.contains(Interest::READ) && methods.has(Method::Read);
    let writes = mode.contains(Interest::WRITE) && methods.has(Method::Write);
    let complaint = if !methods.has(Method::Initialize) || !methods.has(Method::Finalize) {
        "does not support all required methods"
    } else if !reads && !writes {
        "makes the channel inaccessible"
    } else if methods.has(Method::Drain) && !methods.has(Method::Read) {
        "supports \"drain\" but not \"read\""
    } else if methods.has(Method::Flush) && !methods.has(Method::Write) {
        "supports \"flush\" but not \"write\""
    } else {
        ""
    };
    if !complaint.is_empty() {
        return Err(Exception::error(format!(
            "chan handler \"{}\" {complaint}",
            &*prefix.str()
        )));
    }
    let reflection = Reflection::new(handler, methods);
    with_handlers(interp, &shared, |channel| {
        channel.push(std::rc::Rc::clone(&reflection))
    })
    .map_err(|error| failed_on(interp, &error, "flushing", name))?;
    done(name.clone())
}

/// `chan pop`.
pub(super) fn chan_pop(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, name] = words else {
        return done_empty();
    };
    let shared = interp.find_channel(name)?;
    let popped = with_handlers(interp, &shared, crate::channel::Channel::pop);
    popped.map_err(|error| failed_on(interp, &error, "flushing", name))?;
    done_empty()
}
