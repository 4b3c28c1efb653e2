//! `binary encode` and `binary decode`: the engines are in [`crate::text::base`].

use crate::commands::option_exact;
use crate::commands::string::coded;
use crate::limits::STRING_BYTES_MAX;
use crate::runtime::ensemble::unknown_subcommand;
use crate::runtime::integer::small_int_of;
use crate::runtime::{CommandResult, Exception, Interp, done};
use crate::text::base::{
    DecodeError, decode_base64, decode_hex, decode_uuencode, encode_base64, encode_hex,
    encode_uuencode,
};
use crate::value::Value;

const FORMATS: [&str; 3] = ["base64", "hex", "uuencode"];

/// The number in [`FORMATS`] of the subcommand; it cannot be abbreviated.
fn format_of(word: &Value) -> Result<usize, Box<Exception>> {
    let text = word.str();
    FORMATS
        .iter()
        .position(|name| *name == &*text)
        .ok_or_else(|| unknown_subcommand(&text, &FORMATS, false))
}

pub(super) fn encode(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let format = format_of(&words[1])?;
    let name = FORMATS[format];
    if format == 1 {
        let [_, _, data] = words else {
            return Err(Exception::wrong_args("binary encode hex data"));
        };
        let bytes = data.to_bytes();
        check_size(bytes.as_slice().len(), 2)?;
        return done(encode_hex(bytes.as_slice()));
    }
    let (given, data) = match words {
        [_, _, given @ .., data] if given.len().is_multiple_of(2) => (given, data),
        _ => {
            let usage = format!("binary encode {name} ?-maxlen len? ?-wrapchar char? data");
            return Err(Exception::wrong_args(&usage));
        }
    };
    let mut options = Options {
        line: if format == 0 { 0 } else { 61 },
        wrap: Value::text("\n"),
    };
    for pair in given.chunks_exact(2) {
        match option_exact(&pair[0], &["-maxlen", "-wrapchar"], "option")? {
            0 => options.line = small_int_of(&pair[1])?,
            _ => options.wrap = pair[1].clone(),
        }
    }
    let bytes = data.to_bytes();
    let bytes = bytes.as_slice();
    let wrap = options.wrap.str();
    // A line may be as short as one character.
    check_size(bytes.len(), 2 + 2 * wrap.len())?;
    let encoded = if format == 0 {
        encode_base64(bytes, i64::from(options.line), &wrap)
    } else {
        encode_uuencode(bytes, i64::from(options.line), &wrap)
    };
    match encoded {
        Ok(text) => done(text),
        Err(error) => Err(coded(error.message(), error.code())),
    }
}

struct Options {
    /// How long a line may be; 0 for any length.
    line: i32,
    /// What ends a line.
    wrap: Value,
}

fn check_size(bytes: usize, factor: usize) -> Result<(), Box<Exception>> {
    match bytes.checked_mul(factor) {
        Some(total) if total <= STRING_BYTES_MAX => Ok(()),
        _ => Err(Exception::too_large("the string", STRING_BYTES_MAX)),
    }
}

pub(super) fn decode(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let format = format_of(&words[1])?;
    let (given, data) = match words {
        [_, _, data] => (None, data),
        [_, _, option, data] => (Some(option), data),
        _ => {
            let usage = format!("binary decode {} ?options? data", FORMATS[format]);
            return Err(Exception::wrong_args(&usage));
        }
    };
    let is_strict = given.is_some();
    if let Some(option) = given {
        option_exact(option, &["-strict"], "option")?;
    }
    let decode: fn(&str, bool) -> Result<Vec<u8>, DecodeError> = match format {
        0 => decode_base64,
        1 => decode_hex,
        _ => decode_uuencode,
    };
    match decode(&data.str(), is_strict) {
        Ok(bytes) => done(Value::bytes(bytes)),
        Err(error) => Err(coded(&error.message(), error.code())),
    }
}
