//! Time zones by name: from the system's files, from texts in POSIX's form, from offsets; and the system's own.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;

use hashbrown::HashMap;

use super::namespace;
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
pub(super) const FOLDERS: [&str; 4] = [
    "/usr/share/zoneinfo",
    "/usr/share/lib/zoneinfo",
    "/usr/lib/zoneinfo",
    "/usr/local/etc/zoneinfo",
];

/// The name of local time as the C library has it. It is not remembered by name, since it follows the environment.
const LOCAL_TIME: &str = ":localtime";

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
    /// What the environment named last, and the zone that was taken for it.
    of_environment: RefCell<Option<(String, NamedZone)>>,
    /// The value of `TZ` for which local time was asked last, and local time.
    local_time: RefCell<Option<(Option<String>, NamedZone)>>,
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

/// The zone of the system: that of the environment, else that of [`SYSTEM_FILE`], else local time.
pub(super) fn of_system(interp: &mut Interp) -> NamedZone {
    let zones = interp.data::<Zones>();
    let Some(name) = VARIABLES.into_iter().find_map(variable) else {
        return zones.system_file().unwrap_or_else(|| local_time(interp));
    };
    if let Some((kept, zone)) = &*zones.of_environment.borrow()
        && *kept == name
    {
        return zone.clone();
    }
    let zone = find(interp, &name).unwrap_or_else(|_| local_time(interp));
    if name != LOCAL_TIME {
        *zones.of_environment.borrow_mut() = Some((name, zone.clone()));
    }
    zone
}

/// The zone of this name.
///
/// Errors: `CLOCK badTimeZone`.
pub(super) fn find(interp: &mut Interp, name: &str) -> Result<NamedZone, Box<Exception>> {
    let zones = interp.data::<Zones>();
    if let Some(zone) = zones.known.borrow().get(name) {
        return Ok(zone.clone());
    }
    if name == LOCAL_TIME {
        return Ok(local_time(interp));
    }
    let zone = Rc::new(load(name, &folders(interp)).map_err(super::exception)?);
    let mut known = zones.known.borrow_mut();
    if known.len() >= ZONES_MAX {
        known.clear();
    }
    known.insert(name.into(), zone.clone());
    Ok(zone)
}

/// Forgets what has been read.
pub(super) fn forget(interp: &mut Interp) {
    let zones = interp.data::<Zones>();
    zones.known.borrow_mut().clear();
    zones.system_file.take();
    zones.of_environment.take();
    zones.local_time.take();
}

/// What the C library takes for local time. tclsh does not know its names, and shows offsets instead.
fn local_time(interp: &mut Interp) -> NamedZone {
    let zones = interp.data::<Zones>();
    let name = variable("TZ");
    if let Some((kept, zone)) = &*zones.local_time.borrow()
        && *kept == name
    {
        return zone.clone();
    }
    let zone = match &name {
        Some(name) => load(name, &folders(interp)).ok().map(Rc::new),
        None => zones.system_file(),
    };
    let zone = Rc::new(zone.map_or_else(|| Zone::fixed(0, "+0000"), |zone| zone.named_by_offset()));
    *zones.local_time.borrow_mut() = Some((name, zone.clone()));
    zone
}

/// A variable of the environment, if it is not empty.
fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
    Some(utf::from_external(&value.to_string_lossy()).into_owned())
}

fn folders(interp: &mut Interp) -> Vec<String> {
    namespace::folders(interp).unwrap_or_else(|| FOLDERS.map(str::to_owned).to_vec())
}

impl Zones {
    fn system_file(&self) -> Option<NamedZone> {
        let mut kept = self.system_file.borrow_mut();
        kept.get_or_insert_with(|| read(Path::new(SYSTEM_FILE)).map(Rc::new))
            .clone()
    }
}

/// The zone of a name other than [`LOCAL_TIME`].
fn load(name: &str, folders: &[String]) -> Result<Zone, Failure> {
    if let Some(zone) = Zone::numeric(name) {
        return Ok(zone);
    }
    let bad = |message: String, code: &str| Failure::clock(message, ["badTimeZone", code]);
    if let Some(file) = name.strip_prefix(':') {
        let zone = zone_of_file(file, folders);
        return zone.ok_or_else(|| bad(format!("time zone \"{name}\" not found"), name));
    }
    if let Some(zone) = PosixZone::parse(name) {
        return Ok(zone.zone());
    }
    match zone_of_file(name, folders) {
        Some(zone) => Ok(zone),
        // The codes are those of what goes wrong inside tclsh.
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

fn zone_of_file(name: &str, folders: &[String]) -> Option<Zone> {
    // These are built in.
    match name {
        "GMT" | "Etc/GMT" => return Some(Zone::fixed(0, "GMT")),
        "UTC" | "Etc/UTC" => return Some(Zone::fixed(0, "UTC")),
        _ if !is_file_name(name) => return None,
        _ => {}
    }
    let mut paths = folders.iter().map(|folder| Path::new(folder).join(name));
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
        assert_eq!(load("+0530", &[]).unwrap().period_at(0).offset, 19_800);
        assert_eq!(&*load("EST5EDT", &[]).unwrap().period_at(0).name, "EST");
        assert_eq!(&*load(":UTC", &[]).unwrap().period_at(0).name, "UTC");
        assert_eq!(
            load(":No/Where", &[]).unwrap_err().code,
            ["CLOCK", "badTimeZone", ":No/Where"]
        );
    }
}
