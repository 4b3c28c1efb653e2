//! The variable `tcl_interactive` of a shell that reads commands: it stays a boolean.

use std::cell::RefCell;
use std::rc::Rc;

use crate::runtime::{CommandResult, Exception, Interp, done_empty};
use crate::value::variable::{TraceOps, VariableTrace};
use crate::value::{Value, Variable};

/// The command that the trace calls.
pub(super) const TRACE_COMMAND: &str = "::tcl::InteractiveTrace";

const NAME: &str = "tcl_interactive";

/// The last boolean that the variable had.
#[derive(Default)]
struct Last(RefCell<Value>);

impl Interp {
    /// Has `tcl_interactive` take nothing but booleans from now on, and outlive `unset`.
    pub fn keep_interactive_boolean(&mut self) {
        if let Some(cell) = self.global_namespace().variable(NAME) {
            *self.data::<Last>().0.borrow_mut() = cell.get();
            watch(&cell);
        }
    }
}

fn watch(cell: &Variable) {
    let trace = VariableTrace {
        ops: TraceOps {
            write: true,
            unset: true,
            ..TraceOps::default()
        },
        prefix: Value::text(TRACE_COMMAND),
        is_old_style: false,
        watcher: None,
    };
    cell.traces.borrow_mut().push(Rc::new(trace));
    cell.has_traces.set(true);
}

/// What the trace calls: `name1 name2 operation`.
pub(super) fn interactive_trace(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let last = interp.data::<Last>();
    let Some(cell) = interp.global_namespace().variable(NAME) else {
        return done_empty();
    };
    let cell = cell.target();
    if &*words[3].str() != "write" {
        drop(cell.replace(last.0.borrow().clone()));
        watch(&cell);
        return done_empty();
    }
    let value = cell.get();
    if value.as_boolean().is_none() {
        drop(cell.replace(last.0.borrow().clone()));
        let mut exception = Exception::error("variable must have boolean value");
        exception.is_logged = true;
        return Err(exception);
    }
    *last.0.borrow_mut() = value;
    done_empty()
}
