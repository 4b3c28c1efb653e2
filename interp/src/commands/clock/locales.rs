//! Locales by name. The root locale is built in; of others, package msgcat is asked for what differs.

use std::cell::RefCell;
use std::rc::Rc;

use hashbrown::HashMap;

use super::namespace;
use crate::runtime::{Context, Exception, Interp};
use crate::text::clock::Locale;
use crate::text::clock::locale::{Era, FORMATS, Formats, changeover_of};
use crate::text::strings::lower;
use crate::value::{OrderedMap, Value};

/// The most locales that an interpreter remembers. Tcl has some 130; names can be made up without end.
pub const LOCALES_MAX: usize = 200;

/// What an interpreter remembers of locales.
#[derive(Default)]
struct Locales {
    /// Under the names in lower case.
    known: RefCell<HashMap<Box<str>, Rc<Locale>, foldhash::fast::RandomState>>,
    root: RefCell<Option<Rc<Locale>>>,
}

/// A lambda that asks for messages of `clock` in a locale by their names. It gives a dict of those that there are, none
/// where msgcat cannot be had.
const ASK: &str = r#"{locale names} {
    set found {}
    if {[catch {package require msgcat 1.6}]} {
        return $found
    }
    ::msgcat::mcpackageconfig set mcfolder [file join $::tcl_library msgs]
    ::msgcat::mcpackageconfig set unknowncmd ""
    ::msgcat::mcpackagelocale set $locale
    foreach name $names {
        if {[::msgcat::mcexists $name]} {
            dict set found $name [::msgcat::mc $name]
        }
    }
    return $found
} ::tcl::clock"#;

/// A lambda that gives the locale that msgcat has been told to use.
const ASK_CURRENT: &str =
    "{} {if {[catch {package require msgcat 1.6}]} {return c}; ::msgcat::mclocale}";

/// The messages that are not formats.
const MESSAGES: [&str; 11] = [
    "AM",
    "BCE",
    "CE",
    "DAYS_OF_WEEK_ABBREV",
    "DAYS_OF_WEEK_FULL",
    "GREGORIAN_CHANGE_DATE",
    "LOCALE_ERAS",
    "LOCALE_NUMERALS",
    "MONTHS_ABBREV",
    "MONTHS_FULL",
    "PM",
];

/// The locale of this name; the root locale without one.
pub(super) fn find(
    interp: &mut Interp,
    name: Option<&Value>,
) -> Result<Rc<Locale>, Box<Exception>> {
    let locales = interp.data::<Locales>();
    let Some(name) = name else {
        return Ok(locales.root());
    };
    let mut name = lower(&name.str());
    if matches!(&*name, "current" | "system") {
        name = current(interp)?;
    }
    if matches!(&*name, "c" | "") {
        return Ok(locales.root());
    }
    if let Some(locale) = locales.known.borrow().get(&*name) {
        return Ok(locale.clone());
    }
    let locale = Rc::new(load(interp, &name)?);
    let mut known = locales.known.borrow_mut();
    if known.len() >= LOCALES_MAX {
        known.clear();
    }
    known.insert(name.into(), locale.clone());
    Ok(locale)
}

/// Forgets what msgcat has said.
pub(super) fn forget(interp: &mut Interp) {
    interp.data::<Locales>().known.borrow_mut().clear();
}

impl Locales {
    fn root(&self) -> Rc<Locale> {
        self.root
            .borrow_mut()
            .get_or_insert_with(|| Rc::new(Locale::root()))
            .clone()
    }
}

fn current(interp: &mut Interp) -> Result<String, Box<Exception>> {
    let call = Value::list(vec![Value::text("apply"), Value::text(ASK_CURRENT)]);
    Ok(lower(&interp.eval_in(&call, Context::Global)?.str()))
}

fn load(interp: &mut Interp, name: &str) -> Result<Locale, Box<Exception>> {
    let names = MESSAGES
        .into_iter()
        .chain(FORMATS.iter().map(|(name, ..)| *name));
    let names = Value::list(names.map(Value::text).collect());
    let call = Value::list(vec![
        Value::text("apply"),
        Value::text(ASK),
        Value::text(name),
        names,
    ]);
    let words = ["namespace", "eval", "::tcl::clock"]
        .into_iter()
        .map(Value::text);
    let script = Value::list(words.chain([call]).collect());
    let found = interp.eval_in(&script, Context::Global)?.to_dict()?;
    namespace::prepare(interp)?;
    let root = Locale::root();
    let found = found.map();
    let text = |name: &str, otherwise: &str| {
        found
            .get_text(name)
            .map_or_else(|| otherwise.to_owned(), Value::to_text)
    };
    Ok(Locale {
        days_abbreviated: texts(found, "DAYS_OF_WEEK_ABBREV", root.days_abbreviated)?,
        days_full: texts(found, "DAYS_OF_WEEK_FULL", root.days_full)?,
        months_abbreviated: texts(found, "MONTHS_ABBREV", root.months_abbreviated)?,
        months_full: texts(found, "MONTHS_FULL", root.months_full)?,
        am: text("AM", &root.am),
        pm: text("PM", &root.pm),
        before_common_era: text("BCE", &root.before_common_era),
        common_era: text("CE", &root.common_era),
        eras: eras(found)?,
        numerals: texts(found, "LOCALE_NUMERALS", root.numerals)?,
        changeover: changeover(found, name),
        formats: Formats::new(|name, root| text(name, root)),
    })
}

fn changeover(found: &OrderedMap, locale: &str) -> i32 {
    let told = found
        .get_text("GREGORIAN_CHANGE_DATE")
        .and_then(Value::as_int);
    told.and_then(|day| i32::try_from(day).ok())
        .unwrap_or_else(|| changeover_of(locale))
}

fn texts(
    found: &OrderedMap,
    name: &str,
    otherwise: Vec<String>,
) -> Result<Vec<String>, Box<Exception>> {
    match found.get_text(name) {
        Some(list) => Ok(list
            .to_list()?
            .elements()
            .iter()
            .map(Value::to_text)
            .collect()),
        None => Ok(otherwise),
    }
}

fn eras(found: &OrderedMap) -> Result<Vec<Era>, Box<Exception>> {
    let Some(list) = found.get_text("LOCALE_ERAS") else {
        return Ok(Vec::new());
    };
    let mut eras = Vec::new();
    for era in list.to_list()?.elements() {
        let parts = era.to_list()?;
        let number = |index: usize| {
            parts
                .elements()
                .get(index)
                .and_then(Value::as_int)
                .unwrap_or(0)
        };
        let name = parts
            .elements()
            .get(1)
            .map_or_else(String::new, Value::to_text);
        eras.push(Era {
            start: number(0),
            name,
            year: number(2),
        });
    }
    Ok(eras)
}
