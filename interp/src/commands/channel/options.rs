//! `fconfigure`.

use super::failed;
use crate::channel::{Channel, ChannelError, OptionValue, Settable};
use crate::runtime::integer::small_int_of;
use crate::runtime::{CommandResult, Exception, Interp, done, done_empty};
use crate::text::number::expected_number;
use crate::value::Value;

/// The `fconfigure` command, also `chan configure`.
pub(super) fn fconfigure(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [command, name, rest @ ..] = words else {
        return done_empty();
    };
    if rest.len() > 1 && rest.len() % 2 == 1 {
        let command = command.str();
        let command = if &*command == "configure" {
            "chan configure"
        } else {
            &*command
        };
        return Err(Exception::wrong_args(&format!(
            "{command} channelId ?-option value ...?"
        )));
    }
    let shared = interp.find_channel(name)?;
    let Ok(mut channel) = shared.try_borrow_mut() else {
        return done_empty();
    };
    if let Some(reflection) = channel.reflection().cloned() {
        drop(channel);
        return super::reflected::configure(interp, &shared, &reflection, rest);
    }
    let channel = &mut *channel;
    match rest {
        [] => {
            let options = channel
                .options()
                .map_err(|error| failed(interp, &error, ""))?;
            let words = options
                .into_iter()
                .flat_map(|(name, value)| [Value::text(name), plain_value(value)]);
            done(Value::list(words.collect()))
        }
        [option] => {
            let value = channel
                .option(&option.str())
                .map_err(|error| failed(interp, &error, ""))?;
            done(value_of(value, option))
        }
        pairs => {
            for pair in pairs.chunks(2) {
                if let [option, value] = pair {
                    set(interp, channel, option, value)?;
                }
            }
            super::event::settle(interp, channel);
            done_empty()
        }
    }
}

/// The value of one option that was asked for.
pub(super) fn value_of(value: OptionValue, option: &Value) -> Value {
    match value {
        // tclsh shows no character as an element even when there is one direction only.
        OptionValue::Text(text) if text.is_empty() && "-eofchar".starts_with(&*option.str()) => {
            Value::text("{}")
        }
        value => plain_value(value),
    }
}

/// The value of one option among all.
pub(super) fn plain_value(value: OptionValue) -> Value {
    match value {
        OptionValue::Text(text) => Value::string(text),
        OptionValue::List(words) => Value::list(words.into_iter().map(Value::string).collect()),
    }
}

fn set(
    interp: &mut Interp,
    channel: &mut Channel,
    option: &Value,
    value: &Value,
) -> Result<(), Box<Exception>> {
    let option = channel
        .settable_option(&option.str())
        .map_err(|error| failed(interp, &error, ""))?;
    set_generic(interp, channel, option, value)
}

/// Sets an option whose name is known.
pub(super) fn set_generic(
    interp: &mut Interp,
    channel: &mut Channel,
    option: Settable,
    value: &Value,
) -> Result<(), Box<Exception>> {
    let result = match option {
        Settable::Blocking => {
            let blocking = value.as_boolean().ok_or_else(|| not_a_boolean(value))?;
            channel.set_blocking(blocking)
        }
        Settable::BufferSize => {
            channel.set_buffer_size(i64::from(small_int_of(value)?));
            Ok(())
        }
        Settable::Buffering => channel.set_buffering(&value.str()),
        Settable::Encoding => channel.set_encoding_name(&value.str()),
        Settable::EofChar => channel.set_eof_chars(&words_of(value)?),
        Settable::Translation => channel.set_translations(&words_of(value)?),
        Settable::Driver(name) => channel.set_driver_option(name, &value.str()),
    };
    result.map_err(|error: ChannelError| failed(interp, &error, "couldn't set channel option"))
}

fn words_of(value: &Value) -> Result<Vec<String>, Box<Exception>> {
    Ok(value
        .to_list()?
        .elements()
        .iter()
        .map(Value::to_text)
        .collect())
}

/// The error of a value that should be a boolean.
pub(super) fn not_a_boolean(value: &Value) -> Box<Exception> {
    let text = value.str();
    Exception::with_code(
        expected_number("boolean value", &text),
        ["TCL", "VALUE", "BOOLEAN"],
    )
}
