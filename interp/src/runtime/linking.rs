//! What `variable`, `global` and `upvar` do in procedures, where they are instructions, and how sites remember local variables.

use std::rc::Rc;

use super::Interp;
use super::exception::Exception;
use super::unit::{Unit, VariableSite};
use super::variable::Slot;
use crate::bytecode::Instruction;
use crate::value::{Repr, Value, Variable};

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
        let name = unit
            .code
            .locals
            .get(usize::from(number))
            .map_or("", |name| name);
        self.link(name, cell)
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
}
