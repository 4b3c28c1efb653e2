//! regexp
use crate::runtime::Builtin;
/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[];
