//! What the runtime calls of the commands. They are a layer below it, so they give it their functions when an interpreter
//! is made.

use super::location::Location;
use super::{Exception, Interp, Outcome};
use crate::event::Event;
use crate::value::Value;

/// The functions of the commands, the same for all interpreters.
pub(crate) struct Natives {
    /// What the instruction `strcall` calls by its place here.
    pub strings: &'static [StringFunction],
    /// What the instruction `change` calls by its place here.
    pub changes: &'static [Change],
    /// `lset` of a variable's list by indices and a value.
    pub lset: ChangeFunction,
    /// What the instruction `inline` calls by its place here.
    pub inline: &'static [fn(&mut Interp, &[Value]) -> Outcome],
    /// Whether units may have inlined a command of this name.
    pub is_inlinable: fn(&str) -> bool,
    /// Looks at the limits of the interpreter that runs; the second argument says whether it has waited, and they are looked
    /// at whatever their granularity.
    pub check_limits: fn(&mut Interp, bool) -> Result<(), Box<Exception>>,
    /// Whether the interpreter is the first of its family, which jobs from other threads are for.
    pub is_first: fn(&Interp) -> bool,
    /// Where a text stands in the command by which another interpreter has had a script evaluated in this one.
    pub location_in_caller: fn(&Interp, &str) -> Option<Location>,
    /// Has another interpreter of the family act on an event that this one does not know.
    pub pass_on: fn(&mut Interp, Event),
}

/// A subcommand of `string` as a function of its arguments.
pub(crate) struct StringFunction {
    pub name: &'static str,
    /// The fewest and most arguments that it takes so.
    pub min: u16,
    pub max: u16,
    pub run: fn(&[Value]) -> Outcome,
}

/// Changes a value by the words that say how. An error leaves it as it was.
pub(crate) type ChangeFunction = fn(&mut Value, &[Value]) -> Result<(), Box<Exception>>;

/// A change of a local variable.
pub(crate) struct Change {
    /// Whether it is an error when the variable has no value; otherwise the empty string stands in.
    pub needs_value: bool,
    /// Changes the variable's value by the command's words after the variable name.
    pub run: ChangeFunction,
}

/// The error of an instruction that names no function; none is compiled.
#[cold]
pub(super) fn no_such_function() -> Box<Exception> {
    Exception::error("internal: no such function")
}

impl Interp {
    /// Calls the function of `string` with this number.
    #[inline]
    pub(super) fn call_string(&mut self, number: u16, arguments: &[Value]) -> Outcome {
        match self.natives.strings.get(usize::from(number)) {
            Some(function) => (function.run)(arguments),
            None => Err(no_such_function()),
        }
    }

    /// Calls the inline function with this number.
    #[inline]
    pub(super) fn call_inline(&mut self, number: u8, words: &[Value]) -> Outcome {
        match self.natives.inline.get(usize::from(number)) {
            Some(function) => function(self, words),
            None => Err(no_such_function()),
        }
    }
}
