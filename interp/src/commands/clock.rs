//! `clock`: the time, and times as text.
//!
//! What times mean is computed in [`text::clock`](crate::text::clock); here are the options, the zones and the locales.

mod add;
mod locales;
mod namespace;
mod scan;
mod zones;

use std::time::{SystemTime, UNIX_EPOCH};

use self::zones::NamedZone;
use super::{boolean_of, option};
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, done};
use crate::text::clock::format::{DEFAULT_FORMAT, format};
use crate::text::clock::{Failure, Moment};
use crate::value::{Number, Value};

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[Builtin::ensemble(
    "clock",
    &[
        Builtin::new("add", "clockval ?arg ...?", 1, ANY, add::clock_add),
        Builtin::new("clicks", "?-switch?", 0, 1, clock_clicks),
        Builtin::new(
            "format",
            "clockval ?-option value ...?",
            0,
            ANY,
            clock_format,
        ),
        Builtin::new("microseconds", "", 0, 0, clock_microseconds),
        Builtin::new("milliseconds", "", 0, 0, clock_milliseconds),
        Builtin::new(
            "scan",
            "string ?-option value ...?",
            0,
            ANY,
            scan::clock_scan,
        ),
        Builtin::new("seconds", "", 0, 0, clock_seconds),
    ],
)];

const FORMAT_USAGE: &str =
    "clock format clockval ?-format string? ?-gmt boolean? ?-locale LOCALE? ?-timezone ZONE?";

/// Microseconds since 1970.
fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let before = |time: &std::time::SystemTimeError| time.duration().as_micros();
    match &since {
        Ok(time) => i64::try_from(time.as_micros()).unwrap_or(i64::MAX),
        Err(error) => i64::try_from(before(error)).map_or(i64::MIN, |micros| -micros),
    }
}

fn now_s() -> i64 {
    now_us().div_euclid(1_000_000)
}

fn clock_seconds(_interp: &mut Interp, _words: &[Value]) -> CommandResult {
    done(Value::int(now_s()))
}

fn clock_milliseconds(_interp: &mut Interp, _words: &[Value]) -> CommandResult {
    done(Value::int(now_us().div_euclid(1000)))
}

fn clock_microseconds(_interp: &mut Interp, _words: &[Value]) -> CommandResult {
    done(Value::int(now_us()))
}

fn clock_clicks(interp: &mut Interp, words: &[Value]) -> CommandResult {
    match words
        .get(1)
        .map(|word| option(word, &["-milliseconds", "-microseconds"], "option"))
        .transpose()?
    {
        Some(0) => clock_milliseconds(interp, words),
        _ => clock_microseconds(interp, words),
    }
}

fn clock_format(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let (time, options) = match words {
        [_, time, options @ ..] if options.len() % 2 == 0 => (time, options),
        _ => return Err(wrong_args(FORMAT_USAGE)),
    };
    let (mut pattern, mut locale, mut zone, mut is_gmt) = (None, None, None, None);
    for pair in options.chunks_exact(2) {
        let chosen = option(
            &pair[0],
            &["-format", "-gmt", "-locale", "-timezone"],
            "option",
        );
        match chosen.map_err(|error| bad_option(error.value, &pair[0]))? {
            0 => pattern = Some(&pair[1]),
            1 => is_gmt = Some(boolean_of(&pair[1])?),
            2 => locale = Some(&pair[1]),
            _ => zone = Some(&pair[1]),
        }
    }
    let seconds = time_of(time)?;
    if is_gmt.is_some() && zone.is_some() {
        return Err(gmt_with_timezone());
    }
    let zone = match (is_gmt, zone) {
        (Some(true), _) => zones::gmt(interp),
        (_, Some(name)) if !name.is_empty() => zones::find(interp, &name.str())?,
        _ => zones::of_system(interp),
    };
    let locale = locales::find(interp, locale)?;
    let moment = Moment::new(seconds, &zone, locale.changeover);
    let mut out = String::with_capacity(64);
    match pattern {
        Some(pattern) => format(&mut out, &pattern.str(), &moment, &locale),
        None => format(&mut out, DEFAULT_FORMAT, &moment, &locale),
    }
    done(Value::string(out))
}

/// A time given as a word.
fn time_of(word: &Value) -> Result<i64, Box<Exception>> {
    match word.number() {
        Some(Number::Int(seconds)) => Ok(seconds),
        // What 64 bits hold without a sign passes tclsh's first check, and fails another.
        Some(Number::Big(big)) if big.bits() <= 64 => Err(exception(Failure::too_large())),
        _ => Err(Exception::not_an_integer(word)),
    }
}

fn wrong_args(usage: &str) -> Box<Exception> {
    Exception::with_code(
        format!("wrong # args: should be \"{usage}\""),
        ["CLOCK", "wrongNumArgs"],
    )
}

/// An error about an option, with this message.
fn bad_option(message: impl Into<Value>, word: &Value) -> Box<Exception> {
    Exception::with_code(message, ["CLOCK", "badOption", &word.str()])
}

fn gmt_with_timezone() -> Box<Exception> {
    Exception::with_code(
        "cannot use -gmt and -timezone in same call",
        ["CLOCK", "gmtWithTimezone"],
    )
}

/// The exception of a failure.
fn exception(failure: Failure) -> Box<Exception> {
    let mut exception = Exception::error(failure.message);
    if !failure.code.is_empty() {
        exception.error_code = Some(Value::list(
            failure.code.into_iter().map(Value::string).collect(),
        ));
    }
    exception
}

/// The options that `clock scan` and `clock add` share.
#[derive(Default)]
struct ZoneOptions {
    gmt: Option<Value>,
    locale: Option<Value>,
    timezone: Option<Value>,
}

impl ZoneOptions {
    /// Takes an option that may be abbreviated, if it is one of these.
    fn take(&mut self, option: &str, value: &Value) -> bool {
        let slot = match option {
            option if abbreviates(option, "-gmt") => &mut self.gmt,
            option if abbreviates(option, "-locale") => &mut self.locale,
            option if abbreviates(option, "-timezone") => &mut self.timezone,
            _ => return false,
        };
        *slot = Some(value.clone());
        true
    }

    /// Whether `-gmt` is on.
    fn is_gmt(&self) -> Result<bool, Box<Exception>> {
        let Some(word) = &self.gmt else {
            return Ok(false);
        };
        word.as_boolean()
            .ok_or_else(|| Exception::error(format!("expected boolean value but got \"{word}\"")))
    }

    /// The zone that they mean.
    fn zone(&self, interp: &mut Interp, is_gmt: bool) -> Result<NamedZone, Box<Exception>> {
        match &self.timezone {
            _ if is_gmt => Ok(zones::gmt(interp)),
            Some(name) => zones::find(interp, &name.str()),
            None => Ok(zones::of_system(interp)),
        }
    }
}

/// Whether `option` is `name` or its beginning, with at least one letter after the hyphen.
fn abbreviates(option: &str, name: &str) -> bool {
    option.len() > 1 && name.starts_with(option)
}
