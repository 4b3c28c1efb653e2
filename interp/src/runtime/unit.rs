//! A compiled unit with the caches that belong to one interpreter.

use std::cell::{Cell, OnceCell, UnsafeCell};
use std::rc::Rc;

use super::command::{Builtin, Command, CommandKind};
use super::location::Location;
use super::procedure::Procedure;
use super::slot::{Slot, Target};
use crate::bytecode::{Code, Register};
use crate::value::{Value, Variable};

/// A compiled script or procedure body, and what its sites resolved to.
pub(crate) struct Unit {
    pub code: Code,
    /// What each call site resolved to last.
    pub call_sites: Box<[UnsafeCell<CallSite>]>,
    /// What each variable site resolved to last.
    pub variable_sites: Box<[VariableSite]>,
    /// The interpreter that it was compiled in.
    pub interp_id: u64,
    /// [`super::Interp::compile_epoch`] then; the unit is stale when it has moved.
    pub compile_epoch: u64,
    /// The namespace that names were looked up in.
    pub namespace_id: u64,
    /// Unique in the thread.
    pub id: u64,
    /// Where the body of a procedure stands in a file, when it does.
    pub origin: OnceCell<Location>,
}

thread_local! {
    static NEXT_ID: Cell<u64> = const { Cell::new(1) };
}

/// What a call site resolved to.
pub(crate) struct CallSite {
    /// [`super::Interp::command_epoch`] when it was looked up; 0 for never.
    pub epoch: u64,
    pub callee: Callee,
    /// The command's name then, where it is not always the same.
    pub name: Value,
}

/// What is called.
#[derive(Clone)]
pub(crate) enum Callee {
    /// Not looked up yet.
    None,
    /// A row of the table.
    Builtin(&'static Builtin),
    /// A subcommand of one of the table's ensembles, where the site's second word is always the same.
    Subcommand(&'static Builtin),
    /// A procedure.
    Procedure(Rc<Procedure>),
    /// Any other command, or one with execution traces.
    Other(Rc<Command>),
}

impl Callee {
    /// The row that the second of the words names exactly, if this is an ensemble of the table that nobody changed.
    pub fn table_row(&self, words: &[Value]) -> Option<&'static Builtin> {
        let Callee::Other(command) = self else {
            return None;
        };
        match &*command.kind.borrow() {
            CommandKind::Ensemble(ensemble) if !command.has_execution_traces.get() => {
                ensemble.table_row(&words.get(1)?.str())
            }
            _ => None,
        }
    }
}

/// What a variable site resolved to.
pub(crate) struct VariableSite {
    /// A namespace variable, valid until it leaves its namespace.
    pub cell: UnsafeCell<Option<Rc<Variable>>>,
    /// The local variable that the name means in call frames of a procedure: the id of the procedure's unit (0: none
    /// yet) and the variable's number there.
    pub local: Cell<(u64, u16)>,
    /// The name starts with `::`, so it means the same in every call frame.
    pub is_absolute: Cell<bool>,
    /// The name.
    pub name: Value,
}

impl VariableSite {
    /// The namespace variable found last, if it is still in its namespace and has not been unset since.
    #[inline]
    pub fn kept(&self) -> Option<&Rc<Variable>> {
        // SAFETY: sites are used by the interpreter's thread only, and nothing is kept while the reference lives.
        let variable = unsafe { &*self.cell.get() }.as_ref()?;
        (!variable.is_stale.get()).then_some(variable)
    }

    /// Remembers a namespace variable.
    pub fn keep(&self, variable: Rc<Variable>) {
        if variable.is_set() && !variable.is_detached.get() {
            variable.is_stale.set(false);
        }
        // SAFETY: as above; the old one is dropped after it has been replaced.
        drop(unsafe { std::ptr::replace(self.cell.get(), Some(variable)) });
    }
}

impl Unit {
    pub fn new(code: Code, interp_id: u64, compile_epoch: u64, namespace_id: u64) -> Rc<Unit> {
        let call_sites = (0..code.call_site_count)
            .map(|_| {
                UnsafeCell::new(CallSite {
                    epoch: 0,
                    callee: Callee::None,
                    name: Value::EMPTY,
                })
            })
            .collect();
        let variable_sites = code
            .variable_sites
            .iter()
            .map(|name| VariableSite {
                cell: UnsafeCell::new(None),
                local: Cell::new((0, 0)),
                is_absolute: Cell::new(name.str().starts_with("::")),
                name: name.clone(),
            })
            .collect();
        Rc::new(Unit {
            code,
            call_sites,
            variable_sites,
            interp_id,
            compile_epoch,
            namespace_id,
            id: NEXT_ID.with(|next| next.replace(next.get() + 1)),
            origin: OnceCell::new(),
        })
    }
    /// The name of local variable `number`.
    pub fn local_name(&self, number: Register) -> &str {
        let name = self.code.locals.get(usize::from(number));
        name.map_or("", |name| name)
    }

    /// Local variable `number`, as the unit's code names it.
    ///
    /// # Safety
    /// `base` is the window of a live frame of this unit, which has a local of that number.
    pub unsafe fn local(&self, base: *mut Value, number: Register) -> Target<'_> {
        // SAFETY: see above.
        let slot = unsafe { Slot::of_register(base.add(usize::from(number))) };
        Target::by_place(slot, None, self.local_name(number))
    }
}
