//! What scripts may know of `::tcl::clock`: how to make it forget, and where it looks for zones.
//!
//! tclsh has these once its clock library is loaded; here they appear when the first locale other than C's is used.

use std::cell::Cell;

use super::{locales, scan, zones};
use crate::runtime::{Builtin, CommandResult, Exception, Interp, done_empty};
use crate::value::Value;

/// The variable with the folders of zone files.
const FOLDERS_VARIABLE: &str = "::tcl::clock::ZoneinfoPaths";

static CLEAR_CACHES: Builtin = Builtin::new("ClearCaches", "", 0, 0, clear_caches);

#[derive(Default)]
struct Prepared(Cell<bool>);

/// Puts command and variable into the namespace, which exists.
pub(super) fn prepare(interp: &mut Interp) -> Result<(), Box<Exception>> {
    if interp.data::<Prepared>().0.replace(true) {
        return Ok(());
    }
    interp.register_row("::tcl::clock::ClearCaches", &CLEAR_CACHES);
    let folders = zones::FOLDERS.iter().map(|folder| Value::text(folder));
    interp.variable_set(
        &Value::text(FOLDERS_VARIABLE),
        Value::list(folders.collect()),
    )?;
    Ok(())
}

/// The folders of zone files that a script has set. A safe interpreter cannot.
pub(super) fn folders(interp: &mut Interp) -> Option<Vec<String>> {
    if interp.is_safe.get() || !interp.data::<Prepared>().0.get() {
        return None;
    }
    let list = interp
        .variable_get(&Value::text(FOLDERS_VARIABLE))
        .ok()?
        .to_list()
        .ok()?;
    Some(list.elements().iter().map(Value::to_text).collect())
}

fn clear_caches(interp: &mut Interp, _words: &[Value]) -> CommandResult {
    zones::forget(interp);
    locales::forget(interp);
    scan::forget(interp);
    done_empty()
}
