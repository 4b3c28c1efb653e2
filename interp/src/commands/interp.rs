//! interp
use std::rc::Rc;
use crate::runtime::{Builtin, Command, Exception, Interp};
use crate::value::Value;
/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[];

pub(super) fn check_alias_loop(_interp: &mut Interp, _command: &Rc<Command>) -> Result<(), Box<Exception>> {
    Ok(())
}

pub(super) fn in_interpreter<T>(interp: &mut Interp, path: &Value, action: impl FnOnce(&mut Interp) -> T) -> Result<T, Box<Exception>> {
    if path.is_empty() {
        return Ok(action(interp));
    }
    Err(Exception::with_code(format!("could not find interpreter \"{path}\""), ["TCL", "LOOKUP", "INTERP", &path.str()]))
}
