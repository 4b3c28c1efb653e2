//! The script library.
use std::rc::Rc;
use crate::runtime::{Command, Interp};
use crate::value::Value;
pub(crate) fn prepare(interp: &mut Interp) {
    let global = interp.global_namespace();
    interp.make_namespace("::tcl", &global);
}
pub(crate) fn auto_import(_interp: &mut Interp, _pattern: &Value) -> Result<(), Box<crate::runtime::Exception>> { Ok(()) }
pub(crate) fn load_stub(_interp: &mut Interp, _command: &Rc<Command>) {}
pub(crate) fn is_stub(_command: &Rc<Command>) -> bool { false }
pub(crate) fn is_private_prefix(_prefix: &Value) -> bool { false }
