//! `clock add`.

use super::{ZoneOptions, bad_option, exception, locales, time_of, wrong_args};
use crate::runtime::{CommandResult, Exception, Interp, Outcome, done};
use crate::syntax::BinaryOp;
use crate::text::clock::Zone;
use crate::text::clock::arithmetic::{add_days, add_months};
use crate::text::number::expected_number;
use crate::value::number::binary;
use crate::value::{Number, Value};

const USAGE: &str =
    "clock add clockval ?number units?... ?-gmt boolean? ?-locale LOCALE? ?-timezone ZONE?";

/// Units and what they count: months, days or seconds.
const UNITS: [(&str, Size); 14] = [
    ("years", Size::Months(12)),
    ("year", Size::Months(12)),
    ("months", Size::Months(1)),
    ("month", Size::Months(1)),
    ("weeks", Size::Days(7)),
    ("week", Size::Days(7)),
    ("days", Size::Days(1)),
    ("day", Size::Days(1)),
    ("hours", Size::Seconds(3600)),
    ("hour", Size::Seconds(3600)),
    ("minutes", Size::Seconds(60)),
    ("minute", Size::Seconds(60)),
    ("seconds", Size::Seconds(1)),
    ("second", Size::Seconds(1)),
];

#[derive(Clone, Copy)]
enum Size {
    Months(i64),
    Days(i64),
    Seconds(i64),
}

pub(super) fn clock_add(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let (time, pairs) = match words {
        [_, time, pairs @ ..] if pairs.len() % 2 == 0 => (time, pairs),
        _ => return Err(wrong_args(USAGE)),
    };
    if time.number().is_none() {
        return Err(Exception::error(expected_number("number", &time.str())));
    }
    let mut options = ZoneOptions::default();
    let mut amounts = Vec::new();
    for pair in pairs.chunks_exact(2) {
        if let Some(count) = amount(&pair[0]) {
            amounts.push((count, &pair[1]));
        } else if !options.take(&pair[0].str(), &pair[1]) {
            let message = format!(
                "bad option \"{}\", must be -gmt, -locale or -timezone",
                pair[0]
            );
            return Err(bad_option(message, &pair[0]));
        }
    }
    let is_gmt = options.is_gmt()?;
    let changeover = locales::find(interp, options.locale.as_ref())?.changeover;
    let zone = options.zone(interp, is_gmt)?;
    let mut time = time.clone();
    for (count, unit) in amounts {
        time = add(&time, count, unit, &zone, changeover)?;
    }
    done(time)
}

/// A count of units: an integer of at most 32 bits.
fn amount(word: &Value) -> Option<i64> {
    word.as_int()
        .filter(|count| count.unsigned_abs() <= u64::from(u32::MAX))
}

fn add(time: &Value, count: i64, unit: &Value, zone: &Zone, changeover: i32) -> Outcome {
    let name = unit.str();
    match UNITS.iter().find(|(known, _)| *known == &*name) {
        Some((_, Size::Months(months))) => {
            add_months(seconds_of(time)?, months * count, zone, changeover)
                .map(Value::int)
                .map_err(exception)
        }
        Some((_, Size::Days(days))) => Ok(Value::int(add_days(
            seconds_of(time)?,
            days * count,
            zone,
            changeover,
        ))),
        Some((_, Size::Seconds(seconds))) => {
            Ok(binary(BinaryOp::Add, &Value::int(seconds * count), time)?)
        }
        None => Err(Exception::with_code(
            // The second space is tclsh's.
            format!(
                "unknown unit \"{name}\", must be  years, months, weeks, days, hours, minutes or seconds"
            ),
            ["CLOCK", "badUnit", &name],
        )),
    }
}

/// The time as seconds, as days and months need it.
pub(super) fn seconds_of(time: &Value) -> Result<i64, Box<Exception>> {
    match time.number() {
        Some(Number::Double(_)) => Err(Exception::with_code(
            format!("expected integer but got \"{time}\""),
            ["TCL", "VALUE", "INTEGER"],
        )),
        _ => time_of(time),
    }
}
