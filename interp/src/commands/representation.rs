//! `tcl::unsupported::representation`.

use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, done};
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[Builtin::new(
    "::tcl::unsupported::representation",
    "value",
    0,
    ANY,
    representation,
)];

fn representation(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    match words {
        [_, value] => done(value.representation()),
        _ => Err(Exception::wrong_args(&format!("{} value", words[0]))),
    }
}
