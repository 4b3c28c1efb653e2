//! Variables as scripts see them: finding, reading and changing them. Links are made in `linking`, traces run by `variable_trace`.
//!
//! A name is first found as a [`Slot`]; the operations then work on a [`Target`], a slot with an optional
//! array key. Links are followed when a slot is found, so that a slot never holds a link.

use std::rc::Rc;

use super::exception::Exception;
use super::frame::CallKind;
use super::namespace::{Namespace, is_qualified};
use super::slot::{
    Slot, Target, follow, full, is_array, is_not_array, no_such_element, no_such_variable,
};
use super::variable_trace::{Access, take_traces};
use super::{Interp, Outcome};
use crate::compile::split_element;
use crate::value::{ArrayObject, Repr, Value, Variable};

/// Whether a variable can be read after its read traces: one that fails leaves nothing to read.
fn leaves_readable(fired: Result<(), Box<Exception>>) -> Result<bool, Box<Exception>> {
    match fired {
        Err(exception) if exception.is_uncatchable => Err(exception),
        outcome => Ok(outcome.is_ok()),
    }
}

impl Interp {
    /// The slot of variable `name` (no array element) in call frame `call`; None when there is none.
    pub(crate) fn find_slot(&mut self, name: &str, call: usize) -> Option<Slot> {
        self.raw_slot(name, call).map(follow)
    }

    /// The register of the local variable `name` of a call frame, if the frame's code names it; a link is not followed.
    #[inline]
    fn local_slot(&self, name: &str, call: usize) -> Option<Slot> {
        let frame = self.fiber.calls.get(call)?;
        let number = frame.unit()?.code.local_number(name)?;
        // SAFETY: the frame's window has a register for each of its unit's locals.
        Some(Slot::Register(unsafe {
            frame.locals.add(usize::from(number))
        }))
    }

    /// As [`Interp::find_slot`], but a link is not followed.
    pub(super) fn raw_slot(&mut self, name: &str, call: usize) -> Option<Slot> {
        if let Some(slot) = self.local_slot(name, call) {
            return Some(slot);
        }
        let frame = self.fiber.calls.get(call)?;
        if is_qualified(name) {
            let namespace = frame.namespace.clone();
            return self
                .find_namespace_variable(name, &namespace)
                .map(Slot::Cell);
        }
        match frame.kind {
            CallKind::Procedure => frame
                .extra
                .as_ref()?
                .variables
                .get(name)
                .cloned()
                .map(Slot::Cell),
            CallKind::Namespace => {
                let own = frame.namespace.variable(name);
                if own.as_ref().is_some_and(|own| !own.is_absent()) {
                    return own.map(Slot::Cell);
                }
                // One that has been unset and is only remembered does not hide the global one.
                self.global.variable(name).or(own).map(Slot::Cell)
            }
        }
    }

    /// The slot of variable `name` in call frame `call`, made when absent.
    ///
    /// Errors: `parent namespace doesn't exist`, about `operation`.
    pub(crate) fn make_slot(
        &mut self,
        name: &str,
        call: usize,
        operation: &str,
    ) -> Result<Slot, Box<Exception>> {
        if let Some(slot) = self.find_slot(name, call) {
            return Ok(slot);
        }
        let call = call.min(self.fiber.calls.len() - 1);
        if is_qualified(name) {
            let namespace = self.fiber.calls[call].namespace.clone();
            return self
                .make_namespace_variable(name, &namespace, operation)
                .map(Slot::Cell);
        }
        let variable = Variable::unset();
        let frame = &mut self.fiber.calls[call];
        match frame.kind {
            CallKind::Procedure => {
                variable.is_local.set(true);
                frame
                    .extra
                    .get_or_insert_default()
                    .variables
                    .insert(name.into(), variable.clone());
            }
            CallKind::Namespace => {
                frame
                    .namespace
                    .variables
                    .borrow_mut()
                    .insert(name.into(), variable.clone());
            }
        }
        Ok(Slot::Cell(variable))
    }

    /// The namespace variable that a qualified name means.
    pub(crate) fn find_namespace_variable(
        &mut self,
        name: &str,
        from: &Rc<Namespace>,
    ) -> Option<Rc<Variable>> {
        let (holder, tail) = self.locate(name, from).or_else(|| {
            let global = self.global.clone();
            self.locate(name, &global)
        })?;
        if let Some(variable) = holder.variable(tail) {
            return Some(variable);
        }
        if name.starts_with("::") {
            return None;
        }
        let global = self.global.clone();
        let (holder, tail) = self.locate(name, &global)?;
        holder.variable(tail)
    }

    /// The same, made when absent.
    pub(crate) fn make_namespace_variable(
        &mut self,
        name: &str,
        from: &Rc<Namespace>,
        operation: &str,
    ) -> Result<Rc<Variable>, Box<Exception>> {
        if let Some(variable) = self.find_namespace_variable(name, from) {
            return Ok(variable);
        }
        let missing = || {
            Exception::variable(
                operation,
                name,
                "parent namespace doesn't exist",
                &["TCL", "LOOKUP", "VARNAME", name],
            )
        };
        let (holder, tail) = match self.locate(name, from) {
            Some(found) => found,
            None => {
                let global = self.global.clone();
                self.locate(name, &global).ok_or_else(missing)?
            }
        };
        let variable = Variable::unset();
        holder
            .variables
            .borrow_mut()
            .insert(tail.into(), variable.clone());
        Ok(variable)
    }

    // By name, in the current call frame: what native commands use.

    /// The value of the variable `name`, which may name an array element.
    pub fn variable_get(&mut self, name: &Value) -> Outcome {
        let text = name.str();
        let (name, key) = split_key(&text);
        let call = self.current_call();
        match self.find_slot(name, call) {
            Some(slot) => self.get(&Target::named(slot, key, name)),
            None => Err(no_such_variable("read", name, key.as_ref())),
        }
    }

    /// Whether there is a variable `name`, with a value or without, or something that it names an element of.
    pub(crate) fn has_slot(&mut self, name: &Value) -> bool {
        let text = name.str();
        let (name, key) = split_key(&text);
        let call = self.current_call();
        self.find_slot(name, call)
            .is_some_and(|slot| key.is_none() || !slot.content().is_unset())
    }

    /// Sets the variable `name`, which may name an array element. Returns its value after write traces.
    pub fn variable_set(&mut self, name: &Value, value: Value) -> Outcome {
        // A local variable in its register, which most variables that commands set are, has no traces.
        if let Some(text) = name.held_text()
            && let Some(slot) = self.local_slot(text, self.current_call())
        {
            let old = slot.replace(value.clone());
            if old.is_value() || old.is_unset() {
                return Ok(value);
            }
            slot.replace(old);
        }
        let text = name.str();
        let (name, key) = split_key(&text);
        let call = self.current_call();
        let slot = self.make_slot_for(name, key.as_ref(), call, "set")?;
        self.set(&Target::named(slot, key, name), value)
    }

    /// The slot of `name` or of the array whose element `key` is meant, made when absent; errors are about the element then.
    pub(super) fn make_slot_for(
        &mut self,
        name: &str,
        key: Option<&Value>,
        call: usize,
        operation: &str,
    ) -> Result<Slot, Box<Exception>> {
        let slot = self.make_slot(name, call, operation);
        match (slot, key) {
            (Err(_), Some(_)) => Err(Exception::variable(
                operation,
                &full(name, key),
                "parent namespace doesn't exist",
                &["TCL", "LOOKUP", "VARNAME", name],
            )),
            (slot, _) => slot,
        }
    }

    /// Sets element `key` of the array `name`.
    pub fn element_set(&mut self, name: &Value, key: &Value, value: Value) -> Outcome {
        let text = name.str();
        let call = self.current_call();
        let slot = self.make_slot_for(&text, Some(key), call, "set")?;
        self.set(&Target::named(slot, Some(key.clone()), &text), value)
    }

    /// The value of element `key` of the array `name`.
    pub fn element_get(&mut self, name: &Value, key: &Value) -> Outcome {
        let text = name.str();
        let call = self.current_call();
        match self.find_slot(&text, call) {
            Some(slot) => self.get(&Target::named(slot, Some(key.clone()), &text)),
            None => Err(no_such_variable("read", &text, Some(key))),
        }
    }

    /// Changes a variable in place: `change` gets its value and whether it had one (the empty string stands in
    /// for none), and leaves the new one. `reads` says whether read traces see it. Returns the value after write
    /// traces.
    pub fn variable_modify(
        &mut self,
        name: &Value,
        reads: bool,
        change: impl FnOnce(&mut Value, bool) -> Result<(), Box<Exception>>,
    ) -> Outcome {
        let text = name.str();
        let (name, key) = split_key(&text);
        let call = self.current_call();
        let slot = self.make_slot_for(name, key.as_ref(), call, "set")?;
        let target = Target::named(slot, key, name);
        let outcome = self.modify(&target, reads, |value| {
            if !value.is_unset() {
                return change(value, true);
            }
            let mut made = Value::EMPTY;
            change(&mut made, false)?;
            *value = made;
            Ok(())
        });
        if outcome.is_err() {
            self.forget_cell(&target.slot);
        }
        outcome
    }

    /// Removes a variable or array element. With `complains`, it is an error when there is none.
    pub fn variable_unset(&mut self, name: &Value, complains: bool) -> Result<(), Box<Exception>> {
        let text = name.str();
        let (name, key) = split_key(&text);
        let call = self.current_call();
        match self.find_slot(name, call) {
            Some(slot) => self.unset(&Target::named(slot, key, name), complains),
            None if complains => Err(no_such_variable("unset", name, key.as_ref())),
            None => Ok(()),
        }
    }

    /// Whether a variable, array or array element has a value.
    pub fn variable_exists(&mut self, name: &Value) -> bool {
        let text = name.str();
        let (name, key) = split_key(&text);
        let call = self.current_call();
        match self.find_slot(name, call) {
            Some(slot) => self.exists(&Target::named(slot, key, name)),
            None => false,
        }
    }

    /// The array that `name` is, after its `array` traces; None when it is no array.
    pub(crate) fn array_object(
        &mut self,
        name: &Value,
    ) -> Result<Option<Rc<ArrayObject>>, Box<Exception>> {
        let text = name.str();
        let (name_part, key) = split_key(&text);
        let call = self.current_call();
        let Some(slot) = self.find_slot(name_part, call) else {
            return Ok(None);
        };
        if let Some(key) = key {
            // An element may itself be a link to an array.
            let Some(array) = slot.array() else {
                return Ok(None);
            };
            let linked = match array.elements.borrow().get(&key).map(|slot| &slot.0) {
                Some(Repr::Link(variable)) => Some(variable.target()),
                _ => None,
            };
            return Ok(linked.and_then(|variable| variable.array()));
        }
        if slot.is_traced() && matches!(slot.content().0, Repr::Array(_) | Repr::Unset) {
            self.fire(&slot, &text, None, Access::Array)?;
        }
        Ok(slot.array())
    }

    /// The array that `name` is, made when there is no such variable.
    ///
    /// Errors: `variable isn't array` about `operation`.
    pub(crate) fn make_array(
        &mut self,
        name: &Value,
        operation: &str,
    ) -> Result<Rc<ArrayObject>, Box<Exception>> {
        if let Some(array) = self.array_object(name)? {
            return Ok(array);
        }
        let text = name.str();
        let call = self.current_call();
        let (base, key) = split_key(&text);
        if let Some(key) = key {
            return Err(is_not_array(operation, base, Some(&key)));
        }
        let slot = self.make_slot(&text, call, operation)?;
        if !slot.content().is_unset() || slot.is_element() {
            return Err(is_not_array(operation, &text, None));
        }
        let array = ArrayObject::new();
        slot.replace(Value(Repr::Array(array.clone())));
        Ok(array)
    }

    // On targets.

    /// Reads a variable.
    pub(crate) fn get(&mut self, target: &Target<'_>) -> Outcome {
        if target.slot.is_traced() && (target.key.is_none() || target.slot.array().is_some()) {
            self.fire_for(target, Access::Read)?;
        }
        let content = target.slot.content();
        match (&content.0, target.key.as_ref()) {
            (Repr::Unset, Some(_)) if target.slot.is_element() => Err(target.is_not_array("read")),
            (Repr::Unset, _) => Err(target.no_such_variable("read")),
            (Repr::Array(_), None) => Err(is_array("read", target.name)),
            (_, None) => Ok(content),
            (Repr::Array(array), Some(key)) => {
                let element = array.elements.borrow().get(key).cloned();
                match element.as_ref().map(|slot| &slot.0) {
                    Some(Repr::Link(variable)) => {
                        let slot = Slot::Cell(variable.target());
                        if slot.is_traced() {
                            self.fire(&slot, target.name, Some(key), Access::Read)?;
                        }
                        let content = slot.content();
                        if content.is_value() {
                            Ok(content)
                        } else if target.slot.content().is_unset() {
                            // A trace has removed the array.
                            Err(target.no_such_variable("read"))
                        } else {
                            Err(no_such_element("read", target.name, key))
                        }
                    }
                    None | Some(Repr::Unset) => Err(no_such_element("read", target.name, key)),
                    Some(_) => Ok(element.unwrap_or_default()),
                }
            }
            (_, Some(_)) => Err(target.is_not_array("read")),
        }
    }

    /// Sets a variable. Returns its value after write traces.
    pub(crate) fn set(&mut self, target: &Target<'_>, value: Value) -> Outcome {
        self.modify(target, false, |slot| {
            *slot = value;
            Ok(())
        })
    }

    /// Changes a variable in place; `change` gets the private mark of no value when it has none.
    pub(crate) fn modify(
        &mut self,
        target: &Target<'_>,
        reads: bool,
        change: impl FnOnce(&mut Value) -> Result<(), Box<Exception>>,
    ) -> Outcome {
        let is_readable = if reads && target.slot.is_traced() {
            leaves_readable(self.fire_for(target, Access::Read))?
        } else {
            true
        };
        self.modify_read(target, is_readable, reads && is_readable, change)
    }

    /// Changes a variable in place after the read traces of the scalar or the array: what `is_readable` denies counts as
    /// without a value, and those of an element are run where `reads`.
    fn modify_read<F>(
        &mut self,
        target: &Target<'_>,
        is_readable: bool,
        reads: bool,
        change: F,
    ) -> Outcome
    where
        F: FnOnce(&mut Value) -> Result<(), Box<Exception>>,
    {
        let change_read = |value: &mut Value, change: F| {
            if is_readable {
                return change(value);
            }
            let mut made = Value::UNSET;
            change(&mut made)?;
            *value = made;
            Ok(())
        };
        if target.slot.is_detached() && target.slot.content().is_unset() {
            let reason = if target.slot.is_element() {
                "upvar refers to element in deleted array"
            } else {
                "upvar refers to variable in deleted namespace"
            };
            let name = full(target.name, target.key.as_ref());
            return Err(Exception::variable(
                "set",
                &name,
                reason,
                &["TCL", "WRITE", "VARNAME"],
            ));
        }
        let mut element_cell = None;
        let result = match target.key.as_ref() {
            None => {
                let mut value = target.slot.replace(Value::UNSET);
                if matches!(value.0, Repr::Array(_)) {
                    target.slot.replace(value);
                    return Err(is_array("set", target.name));
                }
                let changed = change_read(&mut value, change);
                let result = value.clone();
                target.slot.replace(value);
                changed?;
                result
            }
            Some(key) => {
                let was_unset = target.slot.content().is_unset();
                let array = self.element_array(target)?;
                let mut elements = array.elements.borrow_mut();
                let count = elements.len();
                let slot = elements.entry(key, Value::UNSET);
                if let Repr::Link(variable) = &slot.0 {
                    let variable = variable.target();
                    if reads && variable.has_traces.get() {
                        drop(elements);
                        let traced = Slot::Cell(variable);
                        let key = Some(key);
                        let fired = self.fire(&traced, target.name, key, Access::Read);
                        return self.modify_read(target, leaves_readable(fired)?, false, change);
                    }
                    let mut value = variable.replace(Value::UNSET);
                    let changed = change_read(&mut value, change);
                    variable.replace(value.clone());
                    element_cell = Some(variable);
                    drop(elements);
                    changed?;
                    value
                } else {
                    // Taken out, so that the only owner changes it in place.
                    let changed = change_read(slot, change);
                    let result = slot.clone();
                    if slot.is_unset() && changed.is_err() {
                        elements.remove(key);
                    }
                    if elements.len() != count {
                        array.epoch.set(array.epoch.get() + 1);
                    }
                    drop(elements);
                    if changed.is_err() && was_unset {
                        drop(target.slot.replace(Value::UNSET));
                    }
                    changed?;
                    result
                }
            }
        };
        let cell_traced = element_cell
            .as_ref()
            .is_some_and(|cell| cell.has_traces.get());
        if !cell_traced && !target.slot.is_traced() {
            return Ok(result);
        }
        drop(result);
        if target.slot.is_traced() {
            self.fire_for(target, Access::Write)?;
        }
        if let Some(cell) = element_cell {
            if cell_traced {
                let slot = Slot::Cell(cell.clone());
                self.fire(&slot, target.name, target.key.as_ref(), Access::Write)?;
            }
            let content = cell.get();
            return Ok(if content.is_value() {
                content
            } else {
                Value::EMPTY
            });
        }
        Ok(self.peek(target).unwrap_or_default())
    }

    /// `incr`: adds to a variable.
    ///
    /// An array counts as 0, so that what is wrong with the amount comes before what is wrong with the variable, and a
    /// scalar is said to be no array when it is read.
    pub(crate) fn increment_target(&mut self, target: &Target<'_>, amount: &Value) -> Outcome {
        let is_scalar = target.key.is_some()
            && target.slot.array().is_none()
            && (target.slot.is_element() || !target.slot.content().is_unset());
        if is_scalar {
            return Err(target.is_not_array("read"));
        }
        if target.key.is_none() && target.slot.array().is_some() {
            super::increment(&mut Value::int(0), amount)?;
        }
        let result = self.modify(target, true, |value| super::increment(value, amount));
        if result.is_err() && target.key.is_some() && target.slot.content().is_unset() {
            // An array that was made for the element stays.
            let _ = self.element_array(target);
        }
        result
    }

    /// `incr` of the variable `name`, which may name an array element.
    pub(crate) fn variable_increment(&mut self, name: &Value, amount: &Value) -> Outcome {
        let text = name.str();
        let (name, key) = split_key(&text);
        let call = self.current_call();
        let slot = self.make_slot_for(name, key.as_ref(), call, "read")?;
        self.increment_target(&Target::named(slot, key, name), amount)
    }

    /// The array to put an element into, made when the variable has no value.
    fn element_array(&mut self, target: &Target<'_>) -> Result<Rc<ArrayObject>, Box<Exception>> {
        if let Some(array) = target.slot.array() {
            return Ok(array);
        }
        if !target.slot.content().is_unset() || target.slot.is_element() {
            return Err(target.is_not_array("set"));
        }
        let array = ArrayObject::new();
        target.slot.replace(Value(Repr::Array(array.clone())));
        Ok(array)
    }

    /// The value without traces; None when there is none.
    fn peek(&self, target: &Target<'_>) -> Option<Value> {
        let content = target.slot.content();
        let content = match (&content.0, target.key.as_ref()) {
            (Repr::Array(array), Some(key)) => {
                let element = array.elements.borrow().get(key).cloned()?;
                match &element.0 {
                    Repr::Link(variable) => variable.target().get(),
                    _ => element,
                }
            }
            (_, Some(_)) => return None,
            _ => content,
        };
        content.is_value().then_some(content)
    }

    fn exists_quietly(&self, target: &Target<'_>) -> bool {
        match &target.key {
            None => !target.slot.content().is_unset(),
            Some(_) => self.peek(target).is_some(),
        }
    }

    /// Whether a variable has a value, after read traces.
    pub(crate) fn exists(&mut self, target: &Target<'_>) -> bool {
        if target.slot.is_traced() && (target.key.is_none() || target.slot.array().is_some()) {
            let _ = self.fire_for(target, Access::Read);
        }
        if let Some(cell) = self.traced_element(target) {
            let key = target.key.as_ref();
            let _ = self.fire(&Slot::Cell(cell), target.name, key, Access::Read);
        }
        self.exists_quietly(target)
    }

    /// Removes a variable's value.
    pub(crate) fn unset(
        &mut self,
        target: &Target<'_>,
        complains: bool,
    ) -> Result<(), Box<Exception>> {
        match target.key.as_ref() {
            None => self.unset_whole(target, complains),
            Some(key) => self.unset_element(target, key, complains),
        }
    }

    fn unset_whole(&mut self, target: &Target<'_>, complains: bool) -> Result<(), Box<Exception>> {
        let is_missing = complains && target.slot.content().is_unset();
        let missing = is_missing.then(|| target.no_such_variable("unset"));
        let old = target.slot.replace(Value::UNSET);
        // Traces are gone before they run, so that they can set new ones.
        let traces = match &target.slot {
            Slot::Cell(cell) => {
                cell.is_declared.set(false);
                cell.is_stale.set(true);
                take_traces(cell)
            }
            Slot::Register(_) | Slot::Nowhere => Vec::new(),
        };
        if let Repr::Array(array) = &old.0 {
            self.unset_elements(array, target.name);
        }
        drop(old);
        self.fire_unsets(&traces, target.name, None);
        self.forget_cell(&target.slot);
        missing.map_or(Ok(()), Err)
    }

    fn unset_element(
        &mut self,
        target: &Target<'_>,
        key: &Value,
        complains: bool,
    ) -> Result<(), Box<Exception>> {
        let Some(array) = target.slot.array() else {
            let content = target.slot.content();
            return match (complains, content.is_unset() && !target.slot.is_element()) {
                (false, _) => Ok(()),
                (true, true) => Err(target.no_such_variable("unset")),
                (true, false) => Err(target.is_not_array("unset")),
            };
        };
        let removed = array.elements.borrow_mut().remove(key);
        if removed.is_some() {
            array.epoch.set(array.epoch.get() + 1);
        }
        let mut was_set = removed.as_ref().is_some_and(|slot| !slot.is_unset());
        let mut traces = Vec::new();
        if let Some(Repr::Link(variable)) = removed.as_ref().map(|slot| &slot.0) {
            let cell = variable.target();
            was_set = cell.is_set();
            cell.replace(Value::UNSET);
            traces = take_traces(&cell);
            if Rc::strong_count(&cell) > 2 {
                // Something still links to the element: it can come back.
                array
                    .elements
                    .borrow_mut()
                    .insert(key.clone(), Value(Repr::Link(cell)));
            }
        }
        drop(removed);
        if was_set && target.slot.is_traced() {
            let _ = self.fire(&target.slot, target.name, Some(key), Access::Unset);
        }
        self.fire_unsets(&traces, target.name, Some(key));
        if complains && !was_set {
            let mut exception = no_such_element("unset", target.name, key);
            if !traces.is_empty() {
                exception.error_code = Some(Value::list(
                    ["TCL", "UNSET", "VARNAME"].map(Value::text).to_vec(),
                ));
            }
            return Err(exception);
        }
        Ok(())
    }

    /// Empties the elements of an array that is unset, as far as something else knows them, and runs their traces.
    fn unset_elements(&mut self, array: &Rc<ArrayObject>, name: &str) {
        let cells: Vec<(Value, Rc<Variable>)> = array
            .elements
            .borrow()
            .iter()
            .filter_map(|(key, slot)| match &slot.0 {
                Repr::Link(variable) => Some((key.clone(), variable.clone())),
                _ => None,
            })
            .collect();
        for (key, cell) in cells {
            let is_own = !matches!(cell.content.borrow().0, Repr::Link(_));
            if is_own {
                drop(cell.replace(Value::UNSET));
                cell.detach();
            }
            let traces = take_traces(&cell);
            self.fire_unsets(&traces, name, Some(&key));
        }
    }

    /// Drops an unset namespace variable from its namespace when nothing else needs it.
    fn forget_cell(&mut self, slot: &Slot) {
        let Slot::Cell(cell) = slot else {
            return;
        };
        if cell.is_set() || cell.is_declared.get() || cell.has_traces.get() {
            return;
        }
        let namespace = self.call_frame().namespace.clone();
        for holder in [namespace, self.global.clone()] {
            let name = {
                let variables = holder.variables.borrow();
                // Only plain scans of small tables: a large one keeps the empty cell.
                if variables.len() > 64 {
                    continue;
                }
                variables
                    .iter()
                    .find(|(_, other)| Rc::ptr_eq(other, cell))
                    .map(|(name, _)| name.clone())
            };
            if let Some(name) = name
                && Rc::strong_count(cell) <= 2
            {
                holder.variables.borrow_mut().remove(&name);
                cell.detach();
                return;
            }
        }
    }
}

/// Splits a name as scripts give it into the variable's name and the key of an array element.
pub(crate) fn split_key(name: &str) -> (&str, Option<Value>) {
    match split_element(name) {
        Some((array, key)) => (array, Some(Value::text(key))),
        None => (name, None),
    }
}
