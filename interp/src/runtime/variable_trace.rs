//! Traces on variables: which accesses they watch, and running them.

use std::rc::Rc;

use super::Interp;
use super::exception::Exception;
use super::slot::{Slot, Target, full};
use crate::value::variable::{TraceOps, VariableTrace};
use crate::value::{Repr, Value, Variable};

/// The kind of access that traces watch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
    Unset,
    Array,
}

impl Access {
    fn name(self) -> &'static str {
        match self {
            Access::Read => "read",
            Access::Write => "write",
            Access::Unset => "unset",
            Access::Array => "array",
        }
    }

    fn letter(self) -> &'static str {
        match self {
            Access::Read => "r",
            Access::Write => "w",
            Access::Unset => "u",
            Access::Array => "a",
        }
    }

    fn is_watched(self, ops: TraceOps) -> bool {
        match self {
            Access::Read => ops.read,
            Access::Write => ops.write,
            Access::Unset => ops.unset,
            Access::Array => ops.array,
        }
    }
}

impl Interp {
    // Traces.

    pub(super) fn fire_for(
        &mut self,
        target: &Target<'_>,
        access: Access,
    ) -> Result<(), Box<Exception>> {
        self.fire(&target.slot, target.name, target.key.as_ref(), access)
    }

    /// Runs the traces of a slot's cell that watch `access`.
    ///
    /// Errors: those of read and write traces, worded as tclsh does.
    pub(crate) fn fire(
        &mut self,
        slot: &Slot,
        name: &str,
        key: Option<&Value>,
        access: Access,
    ) -> Result<(), Box<Exception>> {
        let Slot::Cell(cell) = slot else {
            return Ok(());
        };
        // Traces do not nest on one variable; those of an array's other elements do.
        let same = |(other, other_key): &(Rc<Variable>, Option<Value>)| {
            Rc::ptr_eq(other, cell) && (other_key.is_none() || other_key.as_ref() == key)
        };
        if self.active_traces.iter().any(same) {
            return Ok(());
        }
        let traces: Vec<Rc<VariableTrace>> = cell.traces.borrow().clone();
        self.active_traces.push((cell.clone(), key.cloned()));
        let mut result = Ok(());
        for trace in traces {
            if !access.is_watched(trace.ops) {
                continue;
            }
            let still_there = cell
                .traces
                .borrow()
                .iter()
                .any(|other| Rc::ptr_eq(other, &trace));
            if !still_there && access != Access::Unset {
                continue;
            }
            if let Err(exception) = self.call_trace(&trace, name, key, access) {
                result = Err(exception);
                break;
            }
        }
        self.active_traces.pop();
        result
    }

    fn call_trace(
        &mut self,
        trace: &VariableTrace,
        name: &str,
        key: Option<&Value>,
        access: Access,
    ) -> Result<(), Box<Exception>> {
        if let Some(watcher) = &trace.watcher {
            watcher.set(true);
            return Ok(());
        }
        let mut script = trace.prefix.clone();
        let tail = Value::list(vec![
            Value::text(name),
            key.cloned().unwrap_or_default(),
            Value::text(if trace.is_old_style {
                access.letter()
            } else {
                access.name()
            }),
        ]);
        script.append_text(" ");
        script.append_text(&tail.str());
        let outcome = self.run_nested(|interp| {
            interp.push_script(&script, super::Context::Current, super::ScriptLabel::None)
        });
        match (outcome, access) {
            (Ok(_), _) => Ok(()),
            (Err(exception), _) if exception.is_uncatchable => Err(exception),
            (Err(_), Access::Unset) => Ok(()),
            (Err(exception), access) => {
                let (operation, error_code) = match access {
                    Access::Read => ("read", Some("READ")),
                    Access::Array => ("trace array", None),
                    _ => ("set", Some("WRITE")),
                };
                let message = format!(
                    "can't {operation} \"{}\": {}",
                    full(name, key),
                    exception.value
                );
                let mut wrapped = Exception::error(message);
                wrapped.error_code = error_code
                    .map(|word| Value::list(["TCL", word, "VARNAME"].map(Value::text).to_vec()));
                wrapped.stack = exception.stack.clone();
                let full_name = full(name, key);
                wrapped.info = Some(format!(
                    "{}\n    ({} trace on \"{full_name}\")",
                    exception.info_value(),
                    access.name()
                ));
                Err(wrapped)
            }
        }
    }

    /// Runs the unset traces of local variables whose call frame is gone.
    pub(super) fn fire_orphans(&mut self, orphans: Vec<super::watched::Orphan>) {
        for orphan in orphans {
            let traces = take_traces(&orphan.cell);
            drop(orphan.cell.replace(Value::UNSET));
            self.fire_unsets(&traces, &orphan.name, orphan.key.as_ref());
        }
    }

    /// Runs unset traces that have been taken off their variable.
    pub(super) fn fire_unsets(
        &mut self,
        traces: &[Rc<VariableTrace>],
        name: &str,
        key: Option<&Value>,
    ) {
        for trace in traces.iter().filter(|trace| trace.ops.unset) {
            // Errors of such traces are of no consequence.
            let _ = self.call_trace(trace, name, key, Access::Unset);
        }
    }

    /// The cell of the array element that a target names, if it is traced.
    pub(super) fn traced_element(&self, target: &Target<'_>) -> Option<Rc<Variable>> {
        let array = target.slot.array()?;
        let elements = array.elements.borrow();
        match &elements.get(target.key.as_ref()?)?.0 {
            Repr::Link(variable) => Some(variable.target()).filter(|cell| cell.has_traces.get()),
            _ => None,
        }
    }
}

/// The traces of a variable, which has none afterwards.
pub(super) fn take_traces(cell: &Variable) -> Vec<Rc<VariableTrace>> {
    if !cell.has_traces.replace(false) {
        return Vec::new();
    }
    cell.traces.take()
}
