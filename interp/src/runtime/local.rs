//! Variables as instructions name them: locals in any state, elements, and names looked up at their sites. What the run
//! loop does with a register that holds a plain value stands in the loop; everything else about variables is here.

use std::rc::Rc;

use super::Interp;
use super::exception::{Exception, Outcome};
use super::frame::{CallKind, FrameKind, clear};
use super::natives::no_such_function;
use super::slot::{Slot, Target};
use super::unit::{Unit, VariableSite};
use crate::bytecode::{Instruction, Register, TargetKind};
use crate::value::{ArrayObject, Repr, Value};

impl Interp {
    /// Writes a register whose content is counted or a link.
    #[cold]
    pub(super) fn store_slowly(
        &mut self,
        register: *mut Value,
        number: Register,
        mut value: Value,
    ) -> Result<(), Box<Exception>> {
        // SAFETY: the register is in the running frame's window; no reference into it is kept.
        unsafe {
            match &(*register).0 {
                Repr::Link(cell) => match cell.replace_plain(value) {
                    Ok(_) => return Ok(()),
                    Err(given_back) => value = given_back,
                },
                Repr::Array(_) => {}
                _ => {
                    *register = value;
                    return Ok(());
                }
            }
        }
        self.store_variable(register, number, value)
    }

    pub(super) fn store_variable(
        &mut self,
        register: *mut Value,
        number: Register,
        value: Value,
    ) -> Result<(), Box<Exception>> {
        // SAFETY: the register is a local of the running frame.
        let slot = unsafe { Slot::of_register(register) };
        let unit = self.running_unit();
        if let Slot::Cell(cell) = &slot
            && !cell.has_traces.get()
            && !cell.is_detached.get()
        {
            let old = cell.replace(value);
            if let Repr::Array(_) = old.0 {
                cell.replace(old);
            } else {
                return Ok(());
            }
            return Err(Exception::variable(
                "set",
                unit.local_name(number),
                "variable is array",
                &["TCL", "WRITE", "VARNAME"],
            ));
        }
        let name = unit.local_name(number);
        self.set(&Target::by_place(slot, None, name), value)
            .map(drop)
    }

    pub(super) fn running_unit(&self) -> Rc<Unit> {
        match self.fiber.frames.last().map(|frame| &frame.kind) {
            Some(FrameKind::Code(frame)) => frame.unit.clone(),
            _ => Unit::new(crate::compile::Builder::empty_code(), 0, 0, 0),
        }
    }

    /// The value of a local variable that is not simply in its register.
    #[cold]
    pub(super) fn read_local(&mut self, base: *mut Value, number: Register) -> Outcome {
        // SAFETY: the register is a local of the running frame.
        let slot = unsafe {
            let register = base.add(usize::from(number));
            if let Some(value) = (*register).linked_value() {
                return Ok(value);
            }
            Slot::of_register(register)
        };
        let unit = self.running_unit();
        let name = unit.local_name(number);
        if slot.content().is_unset() && !slot.is_traced() {
            return Err(super::slot::has_no_value(name));
        }
        self.get(&Target::by_place(slot, None, name))
    }

    /// The value of a local variable without its read traces.
    #[cold]
    pub(super) fn peek_local(&mut self, base: *mut Value, number: Register) -> Outcome {
        // SAFETY: the register is a local of the running frame.
        let slot = unsafe { Slot::of_register(base.add(usize::from(number))) };
        let content = slot.content();
        if content.is_value() {
            Ok(content)
        } else {
            self.read_local(base, number)
        }
    }

    /// The value of an operand, which may be a local variable in any state.
    #[inline]
    pub(super) fn operand(&mut self, operand: &Value) -> Outcome {
        if operand.is_value() {
            Ok(operand.clone())
        } else {
            self.operand_slowly(operand)
        }
    }

    #[cold]
    pub(super) fn operand_slowly(&mut self, operand: &Value) -> Outcome {
        if let Some(value) = operand.linked_value() {
            return Ok(value);
        }
        let operand: *const Value = operand;
        let Some(FrameKind::Code(frame)) = self.fiber.frames.last().map(|frame| &frame.kind) else {
            return Ok(Value::EMPTY);
        };
        let base = frame.base;
        // SAFETY: an operand that is no value is a local variable of the running frame: constants and temporaries
        // are values.
        let number = unsafe { operand.offset_from(base) };
        self.read_local(base, number as Register)
    }

    #[cold]
    pub(super) fn increment_local(
        &mut self,
        base: *mut Value,
        number: Register,
        amount: i64,
    ) -> Result<(), Box<Exception>> {
        // SAFETY: the register is a local of the running frame.
        let register = unsafe { &*base.add(usize::from(number)) };
        if increment_linked(register, &Value::int(amount)).is_some() {
            return Ok(());
        }
        let unit = self.running_unit();
        // SAFETY: the register is a local of the running frame.
        let target = unsafe { unit.local(base, number) };
        self.increment_target(&target, &Value::int(amount))
            .map(drop)
    }

    #[cold]
    pub(super) fn list_set_local(
        &mut self,
        base: *mut Value,
        i: Instruction,
    ) -> Result<(), Box<Exception>> {
        let words: Vec<Value> = (0..usize::from(i.c))
            // SAFETY: the registers are temporaries of the running frame.
            .map(|number| unsafe {
                std::ptr::replace(base.add(usize::from(i.b) + number), Value::EMPTY)
            })
            .collect();
        let unit = self.running_unit();
        // SAFETY: the register is a local of the running frame.
        let target = unsafe { unit.local(base, i.a) };
        self.get(&target)?;
        let lset = self.natives.lset;
        self.modify(&target, false, |list| lset(list, &words))
            .map(drop)
    }

    pub(super) fn dict_set_local(
        &mut self,
        base: *mut Value,
        number: Register,
        key: Value,
        value: Value,
    ) -> Result<(), Box<Exception>> {
        let unit = self.running_unit();
        // SAFETY: the register is a local of the running frame.
        let target = unsafe { unit.local(base, number) };
        self.modify(&target, true, |dict| {
            if dict.is_unset() {
                *dict = Value::EMPTY;
            }
            dict.dict_mut()?.insert(key, value);
            Ok(())
        })
        .map(drop)
    }

    /// The value of local variable `number` of the unit on top.
    pub(crate) fn local_get(&mut self, number: Register) -> Outcome {
        let base = self.running().base;
        // SAFETY: inline functions are given numbers of the running unit's locals.
        let value = unsafe { &*base.add(usize::from(number)) };
        if value.is_value() {
            Ok(value.clone())
        } else {
            self.read_local(base, number)
        }
    }

    /// Sets local variable `number` of the unit on top.
    pub(crate) fn local_set(
        &mut self,
        number: Register,
        value: Value,
    ) -> Result<(), Box<Exception>> {
        // SAFETY: as for `local_get`.
        let register = unsafe { self.running().base.add(usize::from(number)) };
        self.store_slowly(register, number, value)
    }

    /// Unsets local variable `number` of the unit on top, if it has a value.
    pub(crate) fn local_unset(&mut self, number: Register) -> Result<(), Box<Exception>> {
        let unit = self.running_unit();
        // SAFETY: as for `local_get`.
        let target = unsafe { unit.local(self.running().base, number) };
        self.unset(&target, false)
    }

    /// Changes local variable `number` of the unit on top in place; `reads` says whether read traces see it.
    pub(crate) fn local_modify(
        &mut self,
        number: Register,
        reads: bool,
        change: impl FnOnce(&mut Value) -> Result<(), Box<Exception>>,
    ) -> Result<(), Box<Exception>> {
        let base = self.running().base;
        // SAFETY: as for `local_get`; `change` runs no code of scripts.
        let variable = unsafe { &mut *base.add(usize::from(number)) };
        if variable.is_value() {
            return change(variable);
        }
        let unit = self.running_unit();
        // SAFETY: as above; `variable` is not used any more.
        let target = unsafe { unit.local(base, number) };
        self.modify(&target, reads, |value| {
            let mut made = if value.is_unset() {
                Value::EMPTY
            } else {
                std::mem::take(value)
            };
            let changed = change(&mut made);
            if changed.is_ok() || !value.is_unset() {
                *value = made;
            }
            changed
        })
        .map(drop)
    }

    /// Changes a local variable by the inline function `x` of the temporaries that the instruction names.
    pub(super) fn change_local(
        &mut self,
        base: *mut Value,
        instruction: Instruction,
    ) -> Result<(), Box<Exception>> {
        let (number, count) = (instruction.a, usize::from(instruction.c));
        let Some(change) = self.natives.changes.get(usize::from(instruction.x)) else {
            return Err(no_such_function());
        };
        // SAFETY: the words are temporaries of the running frame and apart from its locals; a change runs no code of
        // scripts.
        let (register, first) = unsafe {
            (
                base.add(usize::from(number)),
                base.add(usize::from(instruction.b)),
            )
        };
        let words = unsafe { std::slice::from_raw_parts(first, count) };
        // SAFETY: as above.
        let variable = unsafe { &mut *register };
        if variable.is_value() {
            (change.run)(variable, words)?;
        } else {
            if change.needs_value {
                self.read_local(base, number)?;
            }
            self.local_modify(number, !change.needs_value, |value| {
                (change.run)(value, words)
            })?;
        }
        // `words` is not used any more.
        clear(first, count);
        Ok(())
    }

    /// What a variable instruction names, and how many words follow the instruction.
    pub(super) fn target<'a>(
        &mut self,
        unit: &'a Unit,
        base: *mut Value,
        instruction: Instruction,
        pc: usize,
        operation: &str,
    ) -> Result<(Target<'a>, usize), Box<Exception>> {
        let kind = TargetKind::from_number(instruction.x);
        let number = instruction.b;
        let key = if kind.has_key() {
            let extra = unit.code.instructions[pc];
            // SAFETY: operands are registers of the running frame.
            Some(self.operand(unsafe { &*base.add(usize::from(extra.a)) })?)
        } else {
            None
        };
        let step = usize::from(kind.has_key());
        Ok((
            self.target_with_key(unit, base, kind, number, key, operation)?,
            step,
        ))
    }

    pub(super) fn target_with_key<'a>(
        &mut self,
        unit: &'a Unit,
        base: *mut Value,
        kind: TargetKind,
        number: Register,
        key: Option<Value>,
        operation: &str,
    ) -> Result<Target<'a>, Box<Exception>> {
        match kind {
            TargetKind::Local | TargetKind::LocalElement => {
                // SAFETY: the register is a local of the running frame.
                let target = unsafe { unit.local(base, number) };
                Ok(Target { key, ..target })
            }
            TargetKind::Named | TargetKind::NamedElement => {
                let site = &unit.variable_sites[usize::from(number)];
                let slot = self.site_slot(site, key.as_ref(), operation)?;
                Ok(Target::named(slot, key, site_text(&site.name)))
            }
            TargetKind::Computed => {
                // SAFETY: the register is a temporary of the running frame and keeps the name.
                let name: &'a Value = unsafe { &*base.add(usize::from(number)) };
                if matches!(name.0, Repr::Int(_) | Repr::Double(_) | Repr::Big(_)) {
                    let text = Value::literal(&name.str());
                    // SAFETY: as above; the old content is a number that nothing borrows.
                    unsafe { *base.add(usize::from(number)) = text };
                }
                let text: &'a str = site_text(name);
                let call = self.current_call();
                match crate::compile::split_element(text) {
                    Some((array, key)) => {
                        let key = Some(Value::text(key));
                        let slot = self.slot_for(array, key.as_ref(), call, operation)?;
                        Ok(Target::named(slot, key, array))
                    }
                    None => Ok(Target::named(
                        self.slot_for(text, None, call, operation)?,
                        None,
                        text,
                    )),
                }
            }
        }
    }

    /// The value of the variable named at a site, where finding and reading it is no more than that.
    #[inline]
    pub(super) fn site_value(&self, site: &VariableSite) -> Option<Value> {
        match self.known_slot(site)? {
            Slot::Cell(cell) => cell.plain_value(),
            slot => Some(slot.content()).filter(Value::is_value),
        }
    }

    /// Sets the variable named at a site where [`Interp::site_value`] has a value; else gives `value` back.
    #[inline]
    pub(super) fn site_store(&self, site: &VariableSite, value: Value) -> Result<(), Value> {
        match self.known_slot(site) {
            Some(Slot::Cell(cell)) => cell.replace_plain(value).map(drop),
            Some(slot) => {
                let old = slot.replace(value);
                if old.is_value() {
                    return Ok(());
                }
                Err(slot.replace(old))
            }
            None => Err(value),
        }
    }

    /// Adds to the variable named at a site where [`Interp::site_value`] has an integer.
    #[inline]
    pub(super) fn site_increment(&self, site: &VariableSite, amount: &Value) -> Option<i64> {
        let sum = int_sum(&self.site_value(site)?, amount)?;
        self.site_store(site, Value::int(sum)).ok()?;
        Some(sum)
    }

    /// The slot of the variable named at a site, if the site knows it.
    #[inline]
    fn known_slot(&self, site: &VariableSite) -> Option<Slot> {
        let call = self.current_call();
        if self.is_cached_at(site, call) {
            return Some(Slot::Cell(site.kept()?.target()));
        }
        let register = self.local_at_site(site, call)?;
        // SAFETY: the register is a local of a live call frame.
        Some(unsafe { Slot::of_register(register) })
    }

    /// Whether a site's name means a namespace variable in call frame `call`, so that the site may keep its cell.
    #[inline]
    fn is_cached_at(&self, site: &VariableSite, call: usize) -> bool {
        let calls = &self.fiber.calls;
        site.is_absolute.get()
            || calls
                .get(call)
                .is_some_and(|frame| frame.kind == CallKind::Namespace)
    }

    /// The slot of a name: for reading it must exist, for writing it is made.
    pub(super) fn slot_for(
        &mut self,
        name: &str,
        key: Option<&Value>,
        call: usize,
        operation: &str,
    ) -> Result<Slot, Box<Exception>> {
        if matches!(operation, "set" | "incr") {
            let operation = if operation == "incr" {
                "read"
            } else {
                operation
            };
            return self.make_slot_for(name, key, call, operation);
        }
        Ok(self.find_slot(name, call).unwrap_or(Slot::Nowhere))
    }

    pub(super) fn site_slot(
        &mut self,
        site: &VariableSite,
        key: Option<&Value>,
        operation: &str,
    ) -> Result<Slot, Box<Exception>> {
        if let Some(slot) = self.known_slot(site) {
            return Ok(slot);
        }
        let call = self.current_call();
        let can_cache = self.is_cached_at(site, call);
        let text = site.name.str();
        let slot = self.slot_for(&text, key, call, operation)?;
        if can_cache
            && let Slot::Cell(_) = &slot
            && let Some(variable) = self.namespace_cell(&text, call)
        {
            site.keep(variable);
        }
        Ok(slot)
    }

    /// The namespace variable (not followed) that a name means, for caching.
    pub(super) fn namespace_cell(
        &mut self,
        name: &str,
        call: usize,
    ) -> Option<Rc<crate::value::Variable>> {
        let namespace = self.fiber.calls.get(call)?.namespace.clone();
        if super::namespace::is_qualified(name) {
            let (holder, tail) = self.locate(name, &namespace)?;
            return holder.variable(tail);
        }
        // A name found in the global namespace may be hidden by a later one of the namespace itself.
        namespace.variable(name)
    }

    pub(super) fn target_exists(
        &mut self,
        unit: &Unit,
        base: *mut Value,
        instruction: Instruction,
        pc: usize,
    ) -> (bool, usize) {
        let step = usize::from(TargetKind::from_number(instruction.x).has_key());
        match self.target(unit, base, instruction, pc, "exists") {
            Ok((target, _)) => (self.exists(&target), step),
            Err(_) => (false, step),
        }
    }

    pub(super) fn target_unset(
        &mut self,
        unit: &Unit,
        base: *mut Value,
        instruction: Instruction,
        pc: usize,
        complains: bool,
    ) -> Result<usize, Box<Exception>> {
        let (target, step) = self.target(unit, base, instruction, pc, "unset")?;
        self.unset(&target, complains)?;
        Ok(step)
    }
}

/// The text of a site's name, which is always held as a string.
pub(super) fn site_text(name: &Value) -> &str {
    match &name.0 {
        Repr::String(object) => object.as_str(),
        Repr::Short(short) => short.as_str(),
        Repr::List(object) => object.as_str(),
        Repr::Dict(object) => object.as_str(),
        Repr::Bytes(object) => object.as_str(),
        _ => "",
    }
}

/// The value of the element `key` of the array in a variable's slot, or in the untraced variable that it is a link to; None
/// where it takes more than looking.
#[inline]
pub(super) fn element_value(slot: &Value, key: &Value) -> Option<Value> {
    let look = |array: &ArrayObject| match array.elements.borrow().get(key) {
        Some(value) if value.is_value() => Some(value.clone()),
        _ => None,
    };
    match &slot.0 {
        _ if !key.is_value() => None,
        Repr::Array(array) => look(array),
        Repr::Link(cell) if !cell.has_traces.get() => match &cell.content.borrow().0 {
            Repr::Array(array) => look(array),
            _ => None,
        },
        _ => None,
    }
}

/// Replaces the value that [`element_value`] gives, and returns the old one; gives `value` back where there is none.
#[inline]
pub(super) fn replace_element(slot: &Value, key: &Value, value: Value) -> Result<Value, Value> {
    let replace = |array: &ArrayObject, value: Value| match array.elements.borrow_mut().get_mut(key)
    {
        Some(place) if place.is_value() => Ok(std::mem::replace(place, value)),
        _ => Err(value),
    };
    match &slot.0 {
        _ if !key.is_value() => Err(value),
        Repr::Array(array) => replace(array, value),
        Repr::Link(cell) if !cell.has_traces.get() => match &cell.content.borrow().0 {
            Repr::Array(array) => replace(array, value),
            _ => Err(value),
        },
        _ => Err(value),
    }
}

/// Adds to the integer of the variable that a slot is a link to, where [`Value::linked_value`] gives one.
pub(super) fn increment_linked(slot: &Value, amount: &Value) -> Option<i64> {
    let Repr::Link(cell) = &slot.0 else {
        return None;
    };
    let sum = int_sum(&cell.plain_value()?, amount)?;
    cell.replace_plain(Value::int(sum)).ok()?;
    Some(sum)
}

/// Adds to the element that [`element_value`] finds, if it is an integer.
#[inline]
pub(super) fn increment_element(slot: &Value, key: &Value, amount: &Value) -> Option<i64> {
    let sum = int_sum(&element_value(slot, key)?, amount)?;
    replace_element(slot, key, Value::int(sum)).ok()?;
    Some(sum)
}

/// The sum of two values that are held as integers, if 64 bits hold it.
#[inline]
fn int_sum(left: &Value, right: &Value) -> Option<i64> {
    match (&left.0, &right.0) {
        (Repr::Int(left), Repr::Int(right)) => left.checked_add(*right),
        _ => None,
    }
}
