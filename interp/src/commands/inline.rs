//! Native functions that instructions call by number: parts of list and dict commands that are compiled inline.
//!
//! A [`Change`] changes a local variable in place, without a call and without looking its name up: `lset x …`, but also
//! `set x [lrange $x …]`. The functions that [`call`] knows are the beginnings and ends of `dict update` and `dict with`, between which their bodies are inlined.

use super::{dict, list};
use crate::runtime::{Exception, Interp, Outcome};
use crate::value::Value;

/// A change of a local variable.
pub(crate) struct Change {
    /// Whether it is an error when the variable has no value; otherwise the empty string stands in.
    pub needs_value: bool,
    /// Changes the variable's value by the command's words after the variable name. An error leaves it as it was.
    pub run: fn(&mut Value, &[Value]) -> Result<(), Box<Exception>>,
}

/// Numbers of the changes: their places in [`CHANGES`].
pub(crate) mod number {
    pub const LSET: u8 = 0;
    pub const LAPPEND: u8 = 1;
    pub const DICT_SET: u8 = 2;
    pub const DICT_UNSET: u8 = 3;
    pub const DICT_APPEND: u8 = 4;
    pub const DICT_LAPPEND: u8 = 5;
    pub const DICT_INCR: u8 = 6;
    pub const LRANGE: u8 = 7;
    pub const LREPLACE: u8 = 8;
    pub const LINSERT: u8 = 9;
    pub const LREVERSE: u8 = 10;

    pub const UPDATE_BEGIN: u8 = 0;
    pub const UPDATE_END: u8 = 1;
    pub const WITH_BEGIN: u8 = 2;
    pub const WITH_END: u8 = 3;
}

const CHANGES: [Change; 11] = [
    Change {
        needs_value: true,
        run: list::set_words,
    },
    Change {
        needs_value: false,
        run: list::append,
    },
    Change {
        needs_value: false,
        run: dict::set_words,
    },
    Change {
        needs_value: false,
        run: dict::unset_words,
    },
    Change {
        needs_value: false,
        run: dict::append_words,
    },
    Change {
        needs_value: false,
        run: dict::lappend_words,
    },
    Change {
        needs_value: false,
        run: dict::incr_words,
    },
    Change {
        needs_value: true,
        run: list::lrange_words,
    },
    Change {
        needs_value: true,
        run: list::lreplace_words,
    },
    Change {
        needs_value: true,
        run: list::linsert_words,
    },
    Change {
        needs_value: true,
        run: list::lreverse_words,
    },
];

/// The change of this number.
pub(crate) fn change(number: u8) -> Option<&'static Change> {
    CHANGES.get(usize::from(number))
}

/// Calls inline function `function` with these words.
pub(crate) fn call(interp: &mut Interp, function: u8, words: &[Value]) -> Outcome {
    match function {
        number::UPDATE_BEGIN => dict::update_begin(interp, words, dict::Naming::Locals),
        number::UPDATE_END => dict::update_end(interp, words, dict::Naming::Locals),
        number::WITH_BEGIN => dict::with_begin(interp, words),
        _ => dict::with_end(interp, words),
    }
}
