//! Time zones by name: from the system's files, from texts in POSIX's form, from offsets; and the system's own.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;

use hashbrown::HashMap;

use crate::runtime::{Exception, Interp};
use crate::text::chars::{Class, is_class};
use crate::text::clock::posix::PosixZone;
use crate::text::clock::{Failure, Zone, tzif};
use crate::text::utf;

/// A zone that has been found; shared with the cache.
pub(super) type NamedZone = Rc<Zone>;

/// The most zones that an interpreter remembers. The tz database has some 600; names can be made up without end.
pub const ZONES_MAX: usize = 1000;

/// Where systems keep compiled time zones.
const FOLDERS: [&str; 4] = [
    "/usr/share/zoneinfo",
    "/usr/share/lib/zoneinfo",
    "/usr/lib/zoneinfo",
    "/usr/local/etc/zoneinfo",
];

/// The zone of the system where the environment does not say.
const SYSTEM_FILE: &str = "/etc/localtime";

/// Environment variables that name the zone, the first that is not empty deciding.
const VARIABLES: [&str; 2] = ["TCL_TZ", "TZ"];

/// What an interpreter remembers of zones.
#[derive(Default)]
struct Zones {
    known: RefCell<HashMap<Box<str>, NamedZone, foldhash::fast::RandomState>>,
    /// The zone of [`SYSTEM_FILE`], read when first needed; within, None if there is none.
    system_file: RefCell<Option<Option<NamedZone>>>,
    gmt: Cell<Option<NamedZone>>,
}

/// Greenwich Mean Time.
pub(super) fn gmt(interp: &mut Interp) -> NamedZone {
    let zones = interp.data::<Zones>();
    let gmt = zones
        .gmt
        .take()
        .unwrap_or_else(|| Rc::new(Zone::fixed(0, "GMT")));
    zones.gmt.set(Some(gmt.clone()));
    gmt
}

/// The zone of the system: that of the environment, else that of [`SYSTEM_FILE`].
pub(super) fn of_system(interp: &mut Interp) -> NamedZone {
    let zones = interp.data::<Zones>();
    match zone_variable() {
        Some(name) => zones.find(&name).unwrap_or_else(|_| zones.local_time()),
        None => zones.system_file().unwrap_or_else(|| zones.local_time()),
    }
}

/// The zone of this name.
///
/// Errors: `CLOCK badTimeZone`.
pub(super) fn find(interp: &mut Interp, name: &str) -> Result<NamedZone, Box<Exception>> {
    let zones = interp.data::<Zones>();
    zones.find(name).map_err(super::exception)
}

/// The zone that the environment names.
fn zone_variable() -> Option<String> {
    VARIABLES.iter().find_map(|variable| {
        let name = std::env::var_os(variable).filter(|name| !name.is_empty())?;
        Some(utf::from_external(&name.to_string_lossy()).into_owned())
    })
}

impl Zones {
    fn find(&self, name: &str) -> Result<NamedZone, Failure> {
        if let Some(zone) = self.known.borrow().get(name) {
            return Ok(zone.clone());
        }
        if name == ":localtime" {
            // Not remembered, since it follows the environment.
            return Ok(self.local_time());
        }
        let zone = Rc::new(load(name)?);
        let mut known = self.known.borrow_mut();
        if known.len() >= ZONES_MAX {
            known.clear();
        }
        known.insert(name.into(), zone.clone());
        Ok(zone)
    }

    /// What the C library takes for local time. tclsh does not know its names, and shows offsets instead.
    fn local_time(&self) -> NamedZone {
        let of_variable = || {
            let name = std::env::var_os("TZ")?;
            load(&utf::from_external(&name.to_string_lossy())).ok()
        };
        match std::env::var_os("TZ") {
            Some(_) => of_variable().map_or_else(
                || Rc::new(Zone::fixed(0, "+0000")),
                |zone| Rc::new(zone.named_by_offset()),
            ),
            None => match self.system_file() {
                Some(zone) => Rc::new(zone.named_by_offset()),
                None => Rc::new(Zone::fixed(0, "+0000")),
            },
        }
    }

    fn system_file(&self) -> Option<NamedZone> {
        let mut kept = self.system_file.borrow_mut();
        kept.get_or_insert_with(|| read(Path::new(SYSTEM_FILE)).map(Rc::new))
            .clone()
    }
}

/// The zone of a name other than `:localtime`.
fn load(name: &str) -> Result<Zone, Failure> {
    if let Some(zone) = Zone::numeric(name) {
        return Ok(zone);
    }
    let bad = |message: String, code: &str| Failure::clock(message, ["badTimeZone", code]);
    if let Some(file) = name.strip_prefix(':') {
        return zone_of_file(file)
            .ok_or_else(|| bad(format!("time zone \"{name}\" not found"), name));
    }
    if let Some(zone) = PosixZone::parse(name) {
        return Ok(zone.zone());
    }
    match zone_of_file(name) {
        Some(zone) => Ok(zone),
        // What tclsh says for want of the right variable.
        None if is_file_name(name) => Err(Failure {
            message: format!("time zone {name} not found"),
            code: ["TCL", "READ", "VARNAME"].map(str::to_owned).to_vec(),
        }),
        None => Err(bad(format!("time zone {name} not found"), "$:fileName")),
    }
}

/// Whether a name can be that of a zone's file: letters, hyphens and `_` between single slashes. So no name leads out of
/// the folders.
fn is_file_name(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|letter| is_class(letter, Class::Alpha) || matches!(letter, '-' | '_'))
    };
    name.split('/').all(is_part)
}

fn zone_of_file(name: &str) -> Option<Zone> {
    // These are built in.
    match name {
        "GMT" | "Etc/GMT" => return Some(Zone::fixed(0, "GMT")),
        "UTC" | "Etc/UTC" => return Some(Zone::fixed(0, "UTC")),
        _ if !is_file_name(name) => return None,
        _ => {}
    }
    let mut paths = FOLDERS.iter().map(|folder| Path::new(folder).join(name));
    read(&paths.find(|path| path.is_file())?)
}

fn read(path: &Path) -> Option<Zone> {
    if std::fs::metadata(path).ok()?.len() > tzif::FILE_BYTES_MAX {
        return None;
    }
    tzif::parse(&std::fs::read(path).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_lead_out_of_the_folders() {
        assert!(
            is_file_name("America/Port-au-Prince")
                && is_file_name("America/Argentina/Buenos_Aires")
        );
        for name in ["", "/etc/passwd", "../x", "a//b", "Etc/GMT+5", "a b"] {
            assert!(!is_file_name(name), "{name}");
        }
    }

    #[test]
    fn zones_are_offsets_rules_or_built_in() {
        assert_eq!(load("+0530").unwrap().period_at(0).offset, 19_800);
        assert_eq!(&*load("EST5EDT").unwrap().period_at(0).name, "EST");
        assert_eq!(&*load(":UTC").unwrap().period_at(0).name, "UTC");
        assert_eq!(
            load(":No/Where").unwrap_err().code,
            ["CLOCK", "badTimeZone", ":No/Where"]
        );
    }
}
