//! Calls of methods: procedures that run in the namespace of an object, which differs from call to call.
//!
//! The unit of such a procedure belongs to no namespace. Its call sites keep what they resolved to only while the name
//! means the same in all objects: see [`Interp::site_epoch`].

use std::rc::Rc;

use super::Interp;
use super::exception::Exception;
use super::frame::{End, Frame, FrameKind, Role};
use super::namespace::Namespace;
use super::procedure::Procedure;
use super::slot::Slot;
use super::unit::Unit;
use crate::value::{Repr, Value, Variable};

/// The command that every namespace of an object has.
pub(crate) const OWN_COMMAND: &str = "my";

/// The namespace of units that run in several: no namespace has this id.
const NO_NAMESPACE: u64 = 0;

/// The epoch of a call site that has resolved its name for this call only; the command epoch does not get there.
const THIS_CALL: u64 = u64::MAX;

/// What is called as a method.
pub(crate) struct MethodCall<'a> {
    pub procedure: &'a Rc<Procedure>,
    /// Where the body runs.
    pub namespace: &'a Rc<Namespace>,
    /// The words of the call; they must outlive it.
    pub words: &'a [Value],
    /// How many of them are not arguments.
    pub name_count: usize,
    pub role: Rc<dyn Role>,
    /// Names of variables of the namespace that the body sees as its own.
    pub variables: &'a [Rc<str>],
}

impl Interp {
    /// Pushes the frame of a method.
    pub(crate) fn push_method(&mut self, call: &MethodCall<'_>) -> Result<(), Box<Exception>> {
        self.command_count += 1;
        self.check_depth()?;
        let procedure = call.procedure;
        let unit = self.method_unit(call);
        super::invoke::check_arguments(procedure, call.words, call.name_count)?;
        let arguments = call.words.get(call.name_count..).unwrap_or_default();
        let linked = self.object_variables(call);
        let locals: *const Unit = Rc::as_ptr(&unit);
        let local_count = unit.code.locals.len();
        let fiber = &mut *self.fiber;
        let base = fiber.registers.push(usize::from(unit.code.register_count));
        // SAFETY: the window has `register_count` registers, at least one for each local and so for each parameter.
        unsafe {
            super::invoke::write_arguments(procedure, arguments, base);
            for index in procedure.parameters.len()..local_count {
                base.add(index).write(Value::UNSET);
            }
            for (name, variable) in linked {
                if let Some(number) = unit.code.local_index.get(&*name) {
                    let register = base.add(usize::from(*number));
                    if let Repr::Unset = (*register).0 {
                        *register = Value(Repr::Link(variable));
                    }
                }
            }
        }
        let caller = fiber.frames.last().map_or(0, |frame| frame.call);
        let level = fiber
            .calls
            .get(caller as usize)
            .map_or(0, |call| call.level)
            + 1;
        let index = fiber.calls.len() as u32;
        fiber.push_procedure_call(procedure, locals, base, call.words, level, caller);
        if let Some(frame) = fiber.calls.last_mut() {
            frame.namespace = call.namespace.clone();
            frame.extra.get_or_insert_default().role = Some(call.role.clone());
        }
        fiber.frames.push(Frame {
            kind: FrameKind::code(unit, base),
            call: index,
            end: End::Procedure,
        });
        Ok(())
    }

    /// The cells of the declared variables, made without a value when absent.
    fn object_variables(&mut self, call: &MethodCall<'_>) -> Vec<(Rc<str>, Rc<Variable>)> {
        call.variables
            .iter()
            .map(|name| {
                let existing = call.namespace.variable(name);
                let variable = existing.unwrap_or_else(|| {
                    let variable = Variable::unset();
                    let mut variables = call.namespace.variables.borrow_mut();
                    variables.insert(name.clone(), variable.clone());
                    variable
                });
                (name.clone(), variable.target())
            })
            .collect()
    }

    /// The compiled body, in which the declared variables are locals.
    fn method_unit(&mut self, call: &MethodCall<'_>) -> Rc<Unit> {
        let procedure = call.procedure;
        if let Some(unit) = &*procedure.unit.borrow()
            && unit.compile_epoch == self.compile_epoch
            && unit.interp_id == self.id
            && call
                .variables
                .iter()
                .all(|name| unit.code.local_index.contains_key(&**name))
        {
            return unit.clone();
        }
        let text = procedure.body.to_text();
        let inlines = self.mode != super::Mode::Invoke;
        let mut names = procedure.parameter_names.clone();
        for name in call.variables {
            if !names.iter().any(|known| **known == **name) {
                names.push((&**name).into());
            }
        }
        let mut unit = self.compile(&text, call.namespace, Some(&names), inlines, false);
        if let Some(unit) = Rc::get_mut(&mut unit) {
            unit.namespace_id = NO_NAMESPACE;
        }
        if let Some(origin) = &procedure.origin {
            let _ = unit.origin.set(origin.clone());
        }
        *procedure.unit.borrow_mut() = Some(unit.clone());
        unit
    }

    /// The epoch until which the running unit may keep what `name` means in `namespace`.
    pub(super) fn site_epoch(&mut self, name: &str, namespace: &Rc<Namespace>) -> u64 {
        let is_shared = matches!(
            self.fiber.frames.last().map(|frame| &frame.kind),
            Some(FrameKind::Code(frame)) if frame.unit.namespace_id == NO_NAMESPACE
        );
        if is_shared && (self.has_object_commands || namespace.command(name).is_some()) {
            return THIS_CALL;
        }
        self.command_epoch
    }

    /// The variable `name` of `namespace`, made without a value when absent.
    pub(crate) fn make_namespace_variable_here(
        &mut self,
        name: &str,
        namespace: &Rc<Namespace>,
    ) -> Result<Rc<Variable>, Box<Exception>> {
        if !super::namespace::is_qualified(name) {
            if let Some(variable) = namespace.variable(name) {
                return Ok(variable);
            }
            let variable = Variable::unset();
            let mut variables = namespace.variables.borrow_mut();
            variables.insert(name.into(), variable.clone());
            return Ok(variable);
        }
        self.make_namespace_variable(name, namespace, "refer to")
    }

    /// Makes `name` in the current call frame stand for a variable of `namespace`.
    pub(crate) fn link_object_variable(
        &mut self,
        name: &str,
        namespace: &Rc<Namespace>,
    ) -> Result<(), Box<Exception>> {
        let cell = self.declare_variable(name, namespace)?;
        let slot = Slot::Cell(cell);
        let cell = self.cell_of(slot);
        self.link(name, &cell)
    }
}
