//! `binary`: its table. Read [`spec`] first, the language of `binary format` and `binary scan`.

mod coding;
mod format;
mod scan;
mod spec;

use crate::runtime::{ANY, Builtin};

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[Builtin::ensemble(
    "binary",
    &[
        Builtin::new("decode", "subcommand ?arg ...?", 1, ANY, coding::decode),
        Builtin::new("encode", "subcommand ?arg ...?", 1, ANY, coding::encode),
        Builtin::new("format", "formatString ?arg ...?", 1, ANY, format::format),
        Builtin::new(
            "scan",
            "value formatString ?varName ...?",
            2,
            ANY,
            scan::scan,
        ),
    ],
)];
