//! Native functions that instructions call by number: parts of list and dict commands that are compiled inline.
//!
//! A [`Change`] changes a local variable in place, without a call and without looking its name up: `lset x …`, but also
//! `set x [lrange $x …]`. The [`FUNCTIONS`] are the beginnings and ends of `dict update` and `dict with`, between which their bodies are inlined.

use super::{dict, list};
use crate::runtime::natives::Change;
use crate::runtime::{Interp, Outcome};
use crate::value::Value;

/// Numbers of the changes and of the functions: their places in [`CHANGES`] and [`FUNCTIONS`].
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

pub(super) const CHANGES: &[Change] = &[
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

pub(super) const FUNCTIONS: &[fn(&mut Interp, &[Value]) -> Outcome] = &[
    |interp, words| dict::update_begin(interp, words, dict::Naming::Locals),
    |interp, words| dict::update_end(interp, words, dict::Naming::Locals),
    dict::with_begin,
    dict::with_end,
];
