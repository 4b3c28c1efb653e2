//! Local variables with traces: their unset traces run when their procedure is left.
//!
//! A call frame is marked when a variable of it gets a trace, so that leaving the others costs nothing.

use std::rc::Rc;

use super::Interp;
use super::frame::{CallFrame, CallKind, End, Fiber};
use super::slot::Slot;
use crate::value::{ArrayObject, Repr, Value, Variable};

/// A traced variable whose call frame goes.
pub(crate) struct Orphan {
    pub name: Box<str>,
    /// For an element of a local array.
    pub key: Option<Value>,
    pub cell: Rc<Variable>,
}

impl Interp {
    /// Marks the call frames in which `cell` is a local variable or an element of one: it has got a trace.
    pub(crate) fn watch_locals(&mut self, cell: &Rc<Variable>) {
        for call in &mut self.fiber.calls {
            if call.kind == CallKind::Procedure && holds(call, cell) {
                call.extra.get_or_insert_default().is_watched = true;
            }
        }
    }

    /// The traced variables of the call frame on top, which is about to go; none unless it is marked.
    pub(super) fn orphans(&self) -> Vec<Orphan> {
        let mut found = Vec::new();
        let is_left = self
            .fiber
            .frames
            .last()
            .is_some_and(|frame| matches!(frame.end, End::Procedure | End::Lambda));
        if is_left && let Some(call) = self.fiber.calls.last() {
            collect(call, &mut found);
        }
        found
    }
}

/// The traced variables of all call frames of a fiber that ends, innermost first.
pub(super) fn orphans_of(fiber: &Fiber) -> Vec<Orphan> {
    let mut found = Vec::new();
    for call in fiber.calls.iter().rev() {
        collect(call, &mut found);
    }
    found
}

fn collect(call: &CallFrame, found: &mut Vec<Orphan>) {
    let Some(extra) = call.extra.as_ref().filter(|extra| extra.is_watched) else {
        return;
    };
    for (name, content) in registers(call) {
        match &content.0 {
            // The content is a copy.
            Repr::Link(cell) => collect_variable(name, cell, 2, found),
            Repr::Array(array) => collect_elements(name, array, found),
            _ => {}
        }
    }
    for (name, cell) in &extra.variables {
        collect_variable(name, cell, 1, found);
    }
}

/// * `own_count`: how many references to the cell are the call frame's own.
fn collect_variable(name: &str, cell: &Rc<Variable>, own_count: usize, found: &mut Vec<Orphan>) {
    // What something else links to stays.
    if Rc::strong_count(cell) > own_count {
        return;
    }
    if cell.has_traces.get() {
        found.push(Orphan {
            name: name.into(),
            key: None,
            cell: cell.clone(),
        });
    }
    if let Some(array) = cell.array() {
        collect_elements(name, &array, found);
    }
}

fn collect_elements(name: &str, array: &ArrayObject, found: &mut Vec<Orphan>) {
    for (key, slot) in array.elements.borrow().iter() {
        if let Repr::Link(cell) = &slot.0
            && Rc::strong_count(cell) == 1
            && cell.has_traces.get()
        {
            found.push(Orphan {
                name: name.into(),
                key: Some(key.clone()),
                cell: cell.clone(),
            });
        }
    }
}

/// The local variables of a call frame that its code names.
fn registers(call: &CallFrame) -> impl Iterator<Item = (&str, Value)> {
    let names = call.unit().map_or(&[][..], |unit| &unit.code.locals[..]);
    names.iter().enumerate().map(|(register, name)| {
        let slot = Slot::Register(call.locals.wrapping_add(register));
        (&**name, slot.content())
    })
}

/// Whether a local variable of a call frame, or an element of one, is `cell`.
fn holds(call: &CallFrame, cell: &Rc<Variable>) -> bool {
    let has_element = |array: &ArrayObject| {
        array
            .elements
            .borrow()
            .iter()
            .any(|(_, slot)| matches!(&slot.0, Repr::Link(other) if Rc::ptr_eq(other, cell)))
    };
    let is_variable = |other: &Rc<Variable>| {
        Rc::ptr_eq(other, cell) || other.array().is_some_and(|array| has_element(&array))
    };
    registers(call).any(|(_, content)| match &content.0 {
        Repr::Link(other) => is_variable(other),
        Repr::Array(array) => has_element(array),
        _ => false,
    }) || call
        .extra
        .iter()
        .flat_map(|extra| extra.variables.values())
        .any(is_variable)
}
