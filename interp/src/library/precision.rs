//! The variable `tcl_precision`: how many digits doubles print with in all interpreters of the thread.
//!
//! The number itself is in `text/double.rs`. Each interpreter's variable has a trace, so that reading it gives the
//! number and writing it sets it.

use std::rc::Rc;

use crate::runtime::{CommandResult, Exception, Interp, done_empty};
use crate::text::double;
use crate::value::variable::{TraceOps, VariableTrace};
use crate::value::{Value, Variable};

/// The command that the traces call.
pub(super) const TRACE_COMMAND: &str = "::tcl::PrecisionTrace";

/// The variable of a new interpreter, which has no value before it is read.
pub(super) fn variable() -> Rc<Variable> {
    let cell = Variable::unset();
    watch(&cell);
    cell
}

fn watch(cell: &Variable) {
    let trace = VariableTrace {
        ops: TraceOps {
            read: true,
            write: true,
            unset: true,
            array: false,
        },
        prefix: Value::text(TRACE_COMMAND),
        is_old_style: false,
        watcher: None,
    };
    cell.traces.borrow_mut().push(Rc::new(trace));
    cell.has_traces.set(true);
}

/// What the trace calls: `name1 name2 operation`.
pub(super) fn precision_trace(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let cell = interp.global_namespace().variable("tcl_precision");
    let Some(cell) = cell.map(|cell| cell.target()) else {
        return done_empty();
    };
    let current = Value::int(i64::from(double::precision()));
    match &*words[3].str() {
        "read" => drop(cell.replace(current)),
        "write" => {
            let wanted = cell.get();
            let checked = digits(interp, &wanted);
            if checked.is_err() {
                drop(cell.replace(current));
            }
            double::set_precision(checked?);
            // Units made before have literals such as 0.5 as numbers, which print with the digits of now.
            interp.compile_epoch += 1;
        }
        _ => watch(&cell),
    }
    done_empty()
}

fn digits(interp: &Interp, wanted: &Value) -> Result<u8, Box<Exception>> {
    if interp.is_safe.get() {
        return Err(Exception::error(
            "can't modify precision from a safe interpreter",
        ));
    }
    let digits = wanted.as_int().and_then(|digits| u8::try_from(digits).ok());
    digits
        .filter(|digits| *digits <= double::PRECISION_MAX)
        .ok_or_else(|| Exception::error("improper value for precision"))
}
