//! `chan push` and `chan pop`: scripts that transform what passes through a channel.

use std::cell::Cell;

use super::failed_on;
use super::reflected::mode_words;
use super::scripted::{Handler, ask_plain, handler_of, with_handlers, write_with_handlers};
use crate::channel::{ChannelError, Method, Popped, Reflection, Reply, SharedChannel};
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
    let (mode, room) = match shared.try_borrow() {
        Ok(channel) => {
            let mode = [
                (channel.is_readable(), Interest::READ),
                (channel.is_writable(), Interest::WRITE),
            ];
            (mode, channel.check_transforms())
        }
        Err(_) => return done_empty(),
    };
    // Before the handler has been initialized.
    room.map_err(|error| failed_on(interp, &error, "transforming", name))?;
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
    let flushed = with_handlers(interp, &shared, |channel| {
        if channel.is_scripted() && channel.is_writable() {
            channel.flush()
        } else {
            Ok(())
        }
    });
    let popped = match shared.try_borrow_mut() {
        Ok(mut channel) => channel.pop(),
        Err(_) => None,
    };
    let ended = match popped {
        Some(popped) => end(interp, &shared, &popped),
        None => Ok(()),
    };
    flushed
        .and(ended)
        .map_err(|error| failed_on(interp, &error, "flushing", name))?;
    done_empty()
}

/// Lets a handler give what it still has, and tells it that it is not needed any more.
fn end(interp: &mut Interp, shared: &SharedChannel, popped: &Popped) -> Result<(), ChannelError> {
    let Some(handler) = handler_of(&popped.reflection) else {
        return Ok(());
    };
    let has = |method| popped.reflection.has(method);
    let drained = if has(Method::Drain) && !popped.is_drained {
        ask_plain(interp, &handler, Method::Drain).map(|_| ())
    } else {
        Ok(())
    };
    let flushed = if has(Method::Flush) {
        ask_plain(interp, &handler, Method::Flush)
    } else {
        Ok(Reply::Nothing)
    };
    let is_writable = shared
        .try_borrow()
        .is_ok_and(|channel| channel.is_writable());
    let written = match flushed {
        Ok(Reply::Bytes(bytes)) if !bytes.is_empty() && is_writable => {
            write_with_handlers(interp, shared, |channel| {
                let written = channel.write_bytes(&bytes);
                channel.flush().and(written)
            })
        }
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    };
    let finalized = ask_plain(interp, &handler, Method::Finalize).map(|_| ());
    drained.and(written).and(finalized)
}

#[cfg(test)]
mod tests {
    use crate::limits::TRANSFORMS_MAX;
    use crate::runtime::Interp;

    #[test]
    fn transformations_of_one_channel_are_limited() {
        let mut interp = Interp::new();
        let script = format!(
            "proc same {{method args}} {{
                 if {{$method eq {{initialize}}}} {{return {{initialize finalize read}}}}
                 lindex $args 1
             }}
             set f [open /dev/zero rb]
             for {{set i 0}} {{$i < {TRANSFORMS_MAX}}} {{incr i}} {{chan push $f same}}
             set first [string length [read $f 10]]
             set second [catch {{chan push $f same}} message options]
             close $f
             list $first $second $message [dict get $options -errorcode]"
        );
        let result = interp.eval(script.as_str()).unwrap();
        let expected = format!(
            "10 1 {{too many transformations of one channel (limit {TRANSFORMS_MAX})}} {{REMEX LIMIT CHANNEL}}"
        );
        assert_eq!(result.to_text(), expected);
    }
}
