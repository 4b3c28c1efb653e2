//! `clock scan`.

use std::cell::RefCell;
use std::rc::Rc;

use hashbrown::HashMap;

use super::{
    ZoneOptions, abbreviates, add, bad_option, exception, gmt_with_timezone, locales, now_s,
    wrong_args, zones,
};
use crate::runtime::{CommandResult, Exception, Interp, done};
use crate::text::clock::calendar::CHANGEOVER_ENGLAND;
use crate::text::clock::free::FreeTime;
use crate::text::clock::scan::ScanFormat;
use crate::text::clock::{Locale, Moment};
use crate::value::Value;

const USAGE: &str = "clock scan string ?-base seconds? ?-format string? ?-gmt boolean? ?-locale LOCALE? ?-timezone ZONE?";

/// The most formats that an interpreter remembers taken apart. A program uses some dozens.
pub const FORMATS_MAX: usize = 500;

/// A format and the locale it is in.
type Entry = (Rc<Locale>, Rc<ScanFormat>);

/// The formats that have been taken apart.
#[derive(Default)]
struct Formats {
    known: RefCell<HashMap<Box<str>, Entry, foldhash::fast::RandomState>>,
}

impl Formats {
    fn find(&self, text: &str, locale: &Rc<Locale>) -> Rc<ScanFormat> {
        let mut known = self.known.borrow_mut();
        if let Some((of, format)) = known.get(text)
            && Rc::ptr_eq(of, locale)
        {
            return format.clone();
        }
        if known.len() >= FORMATS_MAX {
            known.clear();
        }
        let format = Rc::new(ScanFormat::new(text, locale));
        known.insert(text.into(), (locale.clone(), format.clone()));
        format
    }
}

/// Forgets the formats.
pub(super) fn forget(interp: &mut Interp) {
    interp.data::<Formats>().known.borrow_mut().clear();
}

pub(super) fn clock_scan(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let (text, pairs) = match words {
        [_, text, pairs @ ..] if pairs.len() % 2 == 0 => (text, pairs),
        _ => return Err(wrong_args(USAGE)),
    };
    let mut options = ZoneOptions::default();
    let (mut base, mut format) = (None, None);
    for pair in pairs.chunks_exact(2) {
        match &*pair[0].str() {
            option if abbreviates(option, "-base") => base = Some(pair[1].clone()),
            option if abbreviates(option, "-format") => format = Some(&pair[1]),
            option if options.take(option, &pair[1]) => {}
            option => {
                let message = format!(
                    "bad option \"{option}\", must be -base, -format, -gmt, -locale or -timezone"
                );
                return Err(bad_option(message, &pair[0]));
            }
        }
    }
    if options.gmt.is_some() && options.timezone.is_some() {
        return Err(gmt_with_timezone());
    }
    let base = base.unwrap_or_else(|| Value::int(now_s()));
    if base.number().is_none() {
        return Err(Exception::error(format!(
            "expected integer but got \"{base}\""
        )));
    }
    let is_gmt = options.is_gmt()?;
    match format {
        Some(format) => scan_by_format(interp, text, format, &base, &options, is_gmt),
        None if options.locale.is_some() => Err(Exception::with_code(
            "legacy [clock scan] does not support -locale",
            ["CLOCK", "flagWithLegacyFormat"],
        )),
        None => scan_free(interp, text, &base, &options, is_gmt),
    }
}

fn scan_by_format(
    interp: &mut Interp,
    text: &Value,
    format: &Value,
    base: &Value,
    options: &ZoneOptions,
    is_gmt: bool,
) -> CommandResult {
    let locale = locales::find(interp, options.locale.as_ref())?;
    let format = interp.data::<Formats>().find(&format.str(), &locale);
    let scanned = format.scan(&text.str()).map_err(exception)?;
    if let Some(seconds) = scanned.absolute() {
        return done(Value::int(seconds));
    }
    let zone = match &scanned.zone {
        Some(name) => zones::find(interp, name)?,
        None => options.zone(interp, is_gmt)?,
    };
    let base = if format.needs_base() {
        Some(Moment::new(
            add::seconds_of(base)?,
            &zone,
            format.changeover(),
        ))
    } else {
        None
    };
    done(Value::int(
        scanned.time(&zone, base.as_ref()).map_err(exception)?,
    ))
}

fn scan_free(
    interp: &mut Interp,
    text: &Value,
    base: &Value,
    options: &ZoneOptions,
    is_gmt: bool,
) -> CommandResult {
    let zone = options.zone(interp, is_gmt)?;
    let base = Moment::new(add::seconds_of(base)?, &zone, CHANGEOVER_ENGLAND);
    let free = FreeTime::parse(&text.str(), &base).map_err(exception)?;
    let time = match free.zone() {
        Some(own) => free.time(&base, &own),
        None => free.time(&base, &zone),
    };
    done(Value::int(time.map_err(exception)?))
}
