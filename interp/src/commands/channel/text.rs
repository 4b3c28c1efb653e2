//! `puts`, `gets` and `read`: text and bytes between scripts and channels.

use std::rc::Rc;

use super::scripted::{put_scripted, with_handlers, write_text};
use super::{channels_of, event, failed, failed_on, heed_interrupts, heed_interrupts_once};
use crate::channel::{Channel, ChannelError, ChannelTable, Gets, SharedChannel};
use crate::runtime::{CommandResult, Exception, Interp, done, done_empty};
use crate::value::Value;

pub(super) const READ_USAGE: &str = "channelId ?numChars?\" or \"read ?-nonewline? channelId";
pub(super) const CHAN_READ_USAGE: &str =
    "channelId ?numChars?\" or \"chan read ?-nonewline? channelId";

// puts, gets and read

pub(super) fn puts(interp: &mut Interp, words: &[Value]) -> CommandResult {
    put(interp, words, "puts")
}

pub(super) fn chan_puts(interp: &mut Interp, words: &[Value]) -> CommandResult {
    put(interp, words, "chan puts")
}

fn put(interp: &mut Interp, words: &[Value], command: &str) -> CommandResult {
    let (channel, text, newline) = match words {
        [_, text] => (None, text, true),
        [_, first, text] if &*first.str() == "-nonewline" => (None, text, false),
        [_, channel, text] => (Some(channel), text, true),
        [_, first, channel, text] if &*first.str() == "-nonewline" => (Some(channel), text, false),
        // The oldest form.
        [_, channel, text, last] if &*last.str() == "nonewline" => (Some(channel), text, false),
        _ => {
            return Err(Exception::wrong_args(&format!(
                "{command} ?-nonewline? ?channelId? string"
            )));
        }
    };
    let channels = channels_of(interp);
    let table = channels.table.borrow();
    let found = match channel {
        None => table.stdout(),
        Some(name) => table.get(&name.str()),
    };
    let Some(shared) = found else {
        drop(table);
        let name = channel.map_or_else(|| "stdout".to_owned(), Value::to_text);
        return Err(failed(interp, &ChannelTable::not_found(&name), ""));
    };
    let Ok(mut channel) = shared.try_borrow_mut() else {
        return done_empty();
    };
    if channel.is_scripted() {
        drop(channel);
        let shared = Rc::clone(shared);
        drop(table);
        return put_scripted(interp, &shared, text, newline);
    }
    let result = if text.is_bytes() && channel.writes_bytes() {
        let bytes = text.to_bytes();
        let written = channel.write_bytes(bytes.as_slice());
        if newline {
            written.and_then(|()| channel.write_str("\n"))
        } else {
            written
        }
    } else {
        write_text(&mut channel, text, newline)
    };
    if channel.is_draining() || channels.handlers.is_any() {
        event::settle(interp, &mut channel);
    }
    match result {
        Ok(()) => done_empty(),
        Err(error) => {
            let what = format!("error writing \"{}\"", channel.name());
            drop(channel);
            drop(table);
            Err(failed(interp, &error, &what))
        }
    }
}

pub(super) fn gets(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, name, rest @ ..] = words else {
        return done_empty();
    };
    heed_interrupts_once(interp);
    let channels = channels_of(interp);
    let table = channels.table.borrow();
    let Some(shared) = table.get(&name.str()) else {
        drop(table);
        return Err(failed(interp, &ChannelTable::not_found(&name.str()), ""));
    };
    let Ok(mut channel) = shared.try_borrow_mut() else {
        return done_empty();
    };
    let mut line = if channel.is_scripted() {
        Err(ChannelError::Scripted)
    } else {
        next_line(&mut channel)
    };
    if channels.handlers.is_any() {
        event::settle(interp, &mut channel);
    }
    drop(channel);
    if matches!(line, Err(ChannelError::Scripted)) {
        let shared = Rc::clone(shared);
        drop(table);
        line = match with_handlers(interp, &shared, next_line) {
            Err(ChannelError::Vanished { .. }) => Ok(None),
            line => line,
        };
    } else {
        drop(table);
    }
    let line = line.map_err(|error| failed_on(interp, &error, "reading", name))?;
    match rest.first() {
        None => done(line.unwrap_or_default()),
        Some(variable) => {
            let count = line.as_ref().map_or(-1, |line| {
                i64::try_from(line.char_count()).unwrap_or(i64::MAX)
            });
            interp.variable_set(variable, line.unwrap_or_default())?;
            done(Value::int(count))
        }
    }
}

/// The next line, if there is one at present.
fn next_line(channel: &mut Channel) -> Result<Option<Value>, ChannelError> {
    Ok(match channel.gets()? {
        Gets::Line(line) => Some(Value::text(line)),
        Gets::Eof | Gets::Blocked => None,
    })
}

pub(super) fn read(interp: &mut Interp, words: &[Value]) -> CommandResult {
    read_as(interp, words, "read", READ_USAGE)
}

pub(super) fn chan_read(interp: &mut Interp, words: &[Value]) -> CommandResult {
    read_as(interp, words, "chan read", CHAN_READ_USAGE)
}

fn read_as(interp: &mut Interp, words: &[Value], command: &str, usage: &str) -> CommandResult {
    let wrong = || Exception::wrong_args(&format!("{command} {usage}"));
    let (name, limit, strips_newline) = match words {
        [_, name] if &*name.str() != "-nonewline" => (name, None, false),
        [_, first, name] if &*first.str() == "-nonewline" => (name, None, true),
        [_, name, last] => {
            let shared = interp.find_channel(name)?;
            if !shared
                .try_borrow()
                .is_ok_and(|channel| channel.is_readable())
            {
                return Err(failed_on(
                    interp,
                    &ChannelError::NotReadable,
                    "reading",
                    name,
                ));
            }
            if &*last.str() == "nonewline" {
                (name, None, true)
            } else {
                (name, Some(char_limit(last)?), false)
            }
        }
        _ => return Err(wrong()),
    };
    heed_interrupts(interp);
    let shared = interp.find_channel(name)?;
    let mut value = match read_value(interp, &shared, limit) {
        Ok(value) => value,
        Err(error) => return Err(failed_on(interp, &error, "reading", name)),
    };
    if strips_newline && let Some(shorter) = value.str().strip_suffix('\n') {
        value = Value::text(shorter);
    }
    done(value)
}

/// What `read` returns. What has come is kept while handlers bring more.
fn read_value(
    interp: &mut Interp,
    shared: &SharedChannel,
    limit: Option<usize>,
) -> Result<Value, ChannelError> {
    let (mut bytes, mut text) = (Vec::new(), String::new());
    let (mut is_binary, mut chars) = (false, 0);
    let result = with_handlers(interp, shared, |channel| {
        is_binary = channel.reads_bytes() && text.is_empty();
        if is_binary {
            let left = limit.map(|limit| limit.saturating_sub(bytes.len()));
            return channel.read_bytes(left, &mut bytes);
        }
        let start = text.len();
        let left = limit.map(|limit| limit.saturating_sub(chars));
        let result = channel.read(left, &mut text);
        if matches!(result, Err(ChannelError::Scripted)) {
            chars += text.get(start..).map_or(0, |more| more.chars().count());
        }
        result.map(|_| ())
    });
    match result {
        Ok(()) | Err(ChannelError::Vanished { is_eof: true }) => {}
        Err(error) => return Err(error),
    }
    if bytes.is_empty() {
        return Ok(Value::string(text));
    }
    if is_binary && text.is_empty() {
        return Ok(Value::bytes(bytes));
    }
    // The handler has changed how it is to be read.
    let mut all: String = bytes.iter().copied().map(char::from).collect();
    all.push_str(&text);
    Ok(Value::string(all))
}

fn char_limit(value: &Value) -> Result<usize, Box<Exception>> {
    value
        .as_int()
        .and_then(|count| usize::try_from(count).ok())
        .ok_or_else(|| {
            Exception::with_code(
                format!(
                    "expected non-negative integer but got \"{}\"",
                    &*value.str()
                ),
                ["TCL", "VALUE", "NUMBER"],
            )
        })
}
