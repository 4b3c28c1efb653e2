//! Links between variables: the cells they point to, what `variable`, `global` and `upvar` do in procedures, where they are
//! instructions, and how sites remember local variables.

use std::rc::Rc;

use super::Interp;
use super::exception::Exception;
use super::frame::CallKind;
use super::namespace::is_qualified;
use super::slot::{Slot, is_not_array};
use super::unit::{Unit, VariableSite};
use super::variable::split_key;
use crate::bytecode::Instruction;
use crate::compile::split_element;
use crate::value::{ArrayObject, Repr, Value, Variable};

impl Interp {
    /// `variable name` and `global name`: see `Op::LinkNamespace`.
    pub(super) fn link_namespace(
        &mut self,
        unit: &Unit,
        base: *mut Value,
        instruction: Instruction,
    ) -> Result<(), Box<Exception>> {
        let site = &unit.variable_sites[usize::from(instruction.b)];
        let namespace = &self.call_frame().namespace;
        let is_global = instruction.x != 0;
        let cell = match site.kept() {
            Some(variable) if is_global || namespace.id == unit.namespace_id => variable.clone(),
            _ => {
                let name = site.name.str();
                let variable = if is_global {
                    let root = self.global_namespace();
                    self.make_namespace_variable(&name, &root, "access")?
                } else {
                    let namespace = namespace.clone();
                    self.declare_variable(&name, &namespace)?
                };
                site.keep(variable.clone());
                variable
            }
        };
        self.link_local(unit, base, instruction.a, &cell)
    }

    /// `upvar`: see `Op::LinkCaller`.
    pub(super) fn link_caller(
        &mut self,
        unit: &Unit,
        base: *mut Value,
        instruction: Instruction,
    ) -> Result<(), Box<Exception>> {
        let call = match instruction.x {
            0 => 0,
            1 => self.call_frame().caller as usize,
            up => self.frame_at_level(Some(&Value::int(i64::from(up))))?,
        };
        // SAFETY: the register is one of the running frame.
        let name = self.operand(unsafe { &*base.add(usize::from(instruction.b)) })?;
        let site = &unit.variable_sites[usize::from(instruction.c)];
        let cell = match self.named_local_at_site(site, &name.str(), call) {
            Some(register) => {
                // SAFETY: the register is a local of a live call frame.
                self.cell_of(unsafe { Slot::of_register(register) })
            }
            None => self.cell_by_name(&name, call, "access")?,
        };
        self.link_local(unit, base, instruction.a, &cell)
    }

    /// Makes a local variable of the running procedure stand for `cell`.
    fn link_local(
        &mut self,
        unit: &Unit,
        base: *mut Value,
        number: u16,
        cell: &Rc<Variable>,
    ) -> Result<(), Box<Exception>> {
        // SAFETY: the register is a local of the running frame; nothing refers into it.
        let register = unsafe { &mut *base.add(usize::from(number)) };
        if let Repr::Unset = register.0 {
            *register = Value(Repr::Link(cell.target()));
            return Ok(());
        }
        self.link(unit.local_name(number), cell)
    }

    /// The register of the local variable that `site` names in call frame `call`, if that is a procedure's whose code
    /// names it. The site remembers where it was.
    #[inline]
    pub(super) fn local_at_site(&self, site: &VariableSite, call: usize) -> Option<*mut Value> {
        let frame = self.fiber.calls.get(call)?;
        let unit = frame.unit()?;
        let (known, number) = site.local.get();
        let number = if known == unit.id {
            number
        } else {
            let number = unit.code.local_number(&site.name.str())?;
            site.local.set((unit.id, number));
            number
        };
        Some(frame.locals.wrapping_add(usize::from(number)))
    }

    /// The same for a name that is known only now: the site's own name means nothing.
    fn named_local_at_site(
        &self,
        site: &VariableSite,
        name: &str,
        call: usize,
    ) -> Option<*mut Value> {
        let frame = self.fiber.calls.get(call)?;
        let unit = frame.unit()?;
        let (known, number) = site.local.get();
        let is_known = known == unit.id
            && unit
                .code
                .locals
                .get(usize::from(number))
                .is_some_and(|local| **local == *name);
        let number = if is_known {
            number
        } else {
            let number = unit.code.local_number(name)?;
            site.local.set((unit.id, number));
            number
        };
        Some(frame.locals.wrapping_add(usize::from(number)))
    }

    /// Whether `name` in call frame `call` stands for a variable that lives elsewhere.
    pub(crate) fn is_link(&mut self, name: &str, call: usize) -> bool {
        match self.raw_slot(name, call) {
            // SAFETY: the register is a local variable of a live frame.
            Some(Slot::Register(register)) => matches!(unsafe { &(*register).0 }, Repr::Link(_)),
            Some(Slot::Cell(cell)) => matches!(cell.content.borrow().0, Repr::Link(_)),
            Some(Slot::Nowhere) | None => false,
        }
    }

    /// A cell for a slot: what links point to. A register's content moves into a new cell.
    pub(crate) fn cell_of(&mut self, slot: Slot) -> Rc<Variable> {
        match slot {
            Slot::Cell(variable) => variable,
            Slot::Nowhere => Variable::unset(),
            Slot::Register(register) => {
                // SAFETY: the register is a local variable of a live frame; no reference into it is kept.
                unsafe {
                    let variable = Variable::new(std::ptr::replace(register, Value::UNSET));
                    variable.is_local.set(true);
                    *register = Value(Repr::Link(variable.clone()));
                    variable
                }
            }
        }
    }

    /// A cell for an array element, which is made (without a value) when absent.
    pub(crate) fn element_cell(
        &mut self,
        slot: &Slot,
        name: &str,
        key: &Value,
        operation: &str,
    ) -> Result<Rc<Variable>, Box<Exception>> {
        let array = match slot.array() {
            Some(array) => array,
            None if slot.content().is_unset() && !slot.is_element() => {
                let array = ArrayObject::new();
                slot.replace(Value(Repr::Array(array.clone())));
                array
            }
            None => return Err(is_not_array(operation, name, Some(key))),
        };
        let mut elements = array.elements.borrow_mut();
        let element = elements.entry(key, Value::UNSET);
        if let Repr::Link(variable) = &element.0 {
            return Ok(variable.target());
        }
        let variable = Variable::new(std::mem::replace(element, Value::UNSET));
        variable.is_element.set(true);
        *element = Value(Repr::Link(variable.clone()));
        Ok(variable)
    }

    /// The cell that `name` (perhaps an array element) means in call frame `call`, made when absent.
    pub(crate) fn cell_by_name(
        &mut self,
        name: &Value,
        call: usize,
        operation: &str,
    ) -> Result<Rc<Variable>, Box<Exception>> {
        let text = name.str();
        let (base, key) = split_key(&text);
        let slot = self.make_slot_for(base, key.as_ref(), call, operation)?;
        match key {
            Some(key) => self.element_cell(&slot, base, &key, operation),
            None => Ok(self.cell_of(slot)),
        }
    }

    /// Makes the variable `name` of the current call frame stand for `cell`.
    ///
    /// Errors: as `upvar` reports them: a variable with a value or traces is there already, or a bad name.
    pub(crate) fn link(&mut self, name: &str, cell: &Rc<Variable>) -> Result<(), Box<Exception>> {
        let cell = cell.target();
        let call = self.current_call();
        if split_element(name).is_some() {
            return Err(Exception::with_code(
                format!(
                    "bad variable name \"{name}\": can't create a scalar variable that looks like an array element"
                ),
                ["TCL", "UPVAR", "LOCAL_ELEMENT"],
            ));
        }
        if cell.is_local.get()
            && self
                .fiber
                .calls
                .get(call)
                .is_some_and(|frame| frame.kind == CallKind::Namespace)
        {
            return Err(inverted(name));
        }
        let slot = match self.raw_slot_for_link(name, call)? {
            Some(slot) => slot,
            None => {
                self.insert_link(name, call, cell)?;
                return Ok(());
            }
        };
        if let Slot::Cell(existing) = &slot
            && Rc::ptr_eq(existing, &cell)
        {
            if matches!(
                self.fiber.calls.get(call).map(|frame| frame.kind),
                Some(CallKind::Namespace)
            ) {
                return Err(Exception::with_code(
                    "can't upvar from variable to itself",
                    ["TCL", "UPVAR", "SELF"],
                ));
            }
            return Ok(());
        }
        let content = slot.content();
        // A local variable of this frame's own, which has become a cell for its traces: known to the slot and here.
        let is_own_traced = matches!(&content.0, Repr::Link(own)
            if own.is_local.get() && own.has_traces.get() && Rc::strong_count(own) == 2);
        if slot.is_traced() || is_own_traced {
            return Err(Exception::with_code(
                format!("variable \"{name}\" has traces: can't use for upvar"),
                ["TCL", "UPVAR", "TRACED"],
            ));
        }
        match &content.0 {
            Repr::Unset | Repr::Link(_) => {
                slot.replace(Value(Repr::Link(cell)));
                Ok(())
            }
            _ => Err(Exception::with_code(
                format!("variable \"{name}\" already exists"),
                ["TCL", "UPVAR", "EXISTS"],
            )),
        }
    }

    /// The unfollowed slot of `name` in exactly this frame (not the global namespace behind it).
    fn raw_slot_for_link(
        &mut self,
        name: &str,
        call: usize,
    ) -> Result<Option<Slot>, Box<Exception>> {
        let Some(frame) = self.fiber.calls.get(call) else {
            return Ok(None);
        };
        match frame.kind {
            CallKind::Procedure if is_qualified(name) => Err(inverted(name)),
            CallKind::Namespace if !is_qualified(name) => {
                Ok(frame.namespace.variable(name).map(Slot::Cell))
            }
            _ => Ok(self.raw_slot(name, call)),
        }
    }

    fn insert_link(
        &mut self,
        name: &str,
        call: usize,
        cell: Rc<Variable>,
    ) -> Result<(), Box<Exception>> {
        let slot = match self.fiber.calls.get(call) {
            Some(frame) if frame.kind == CallKind::Namespace && !is_qualified(name) => {
                let variable = Variable::unset();
                frame
                    .namespace
                    .variables
                    .borrow_mut()
                    .insert(name.into(), variable.clone());
                Slot::Cell(variable)
            }
            _ => self.make_slot(name, call, "create")?,
        };
        slot.replace(Value(Repr::Link(cell)));
        Ok(())
    }
}

fn inverted(name: &str) -> Box<Exception> {
    Exception::with_code(
        format!(
            "bad variable name \"{name}\": can't create namespace variable that refers to procedure variable"
        ),
        ["TCL", "UPVAR", "INVERTED"],
    )
}
