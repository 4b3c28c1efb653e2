//! Variables of a Molt interpreter: the global level where Molt has no way to it, and waiting for one to be written.

use super::engine::Shared;
use molt::types::{ContextID, MoltResult};
use molt::{Interp, check_args};
use std::cell::Cell;
use std::rc::Rc;

/// A variable at global level that `vwait` waits for.
pub(super) struct Awaited {
    name: molt::Value,
    is_written: Cell<bool>,
}

/// The commands of this file.
pub(super) fn install(molt: &mut Interp, id: ContextID) {
    molt.add_context_command("set", set, id);
}

/// Evaluates at global level. Molt evaluates in the innermost scope only; so if that is another one, a new scope stands
/// in for the global one: every global variable is linked in it, and those that are made in it are moved.
pub(super) fn at_global_level(
    molt: &mut Interp,
    shared: &Shared,
    evaluate: impl FnOnce(&mut Interp) -> MoltResult,
) -> MoltResult {
    if molt.scope_level() == 0 {
        return evaluate(molt);
    }
    settle(molt, shared);
    molt.push_scope();
    link_globals(molt);
    shared.stand_ins.borrow_mut().push(molt.scope_level());
    let result = evaluate(molt);
    settle(molt, shared);
    shared.stand_ins.borrow_mut().pop();
    molt.pop_scope();
    relink(molt, shared);
    result
}

/// Moves what was made in a scope that stands in for the global one to there. To be called before something looks for
/// it there.
pub(super) fn settle(molt: &mut Interp, shared: &Shared) {
    if is_standing_in(molt, shared) {
        for name in molt.vars_in_local_scope() {
            move_to_global(molt, name.as_str());
        }
    }
}

/// Lets a scope that stands in for the global one see what was made there meanwhile.
pub(super) fn relink(molt: &mut Interp, shared: &Shared) {
    if is_standing_in(molt, shared) {
        link_globals(molt);
    }
}

fn is_standing_in(molt: &Interp, shared: &Shared) -> bool {
    shared.stand_ins.borrow().last() == Some(&molt.scope_level()) && molt.scope_level() > 0
}

fn link_globals(molt: &mut Interp) {
    for name in molt.vars_in_global_scope() {
        molt.upvar(0, name.as_str());
    }
}

fn move_to_global(molt: &mut Interp, name: &str) {
    if molt.array_exists(name) {
        let pairs = molt.array_get(name);
        molt.unset(name);
        molt.upvar(0, name);
        // A new variable takes it.
        let _ = molt.array_set(name, &pairs);
    } else if let Ok(value) = molt.scalar(name) {
        molt.unset(name);
        molt.upvar(0, name);
        let _ = molt.set_scalar(name, value);
    }
}

/// Copies the variables at global level, from an interpreter that may have been left in any scope.
pub(super) fn copy_globals(from: &mut Interp, to: &mut Interp) {
    while from.scope_level() > 0 {
        from.pop_scope();
    }
    for name in from.vars_in_global_scope() {
        let name = name.as_str();
        if from.array_exists(name) {
            let _ = to.array_set(name, &from.array_get(name));
        } else if let Ok(value) = from.scalar(name) {
            let _ = to.set_scalar(name, value);
        }
    }
}

impl Awaited {
    /// Begins to wait for `name`.
    pub fn new(shared: &Shared, name: &molt::Value) -> Rc<Awaited> {
        let awaited = Rc::new(Awaited {
            name: name.clone(),
            is_written: Cell::new(false),
        });
        shared.awaited.borrow_mut().push(Rc::clone(&awaited));
        awaited
    }

    /// Ends the wait.
    pub fn forget(self: &Rc<Self>, shared: &Shared) {
        shared
            .awaited
            .borrow_mut()
            .retain(|other| !Rc::ptr_eq(other, self));
    }

    /// Whether the variable was set.
    pub fn is_written(&self) -> bool {
        self.is_written.get()
    }

    /// Its value at global level.
    pub fn value(&self, molt: &mut Interp) -> Option<String> {
        let name = self.name.as_var_name();
        let is_global = molt.scope_level() == 0;
        if !is_global {
            molt.push_scope();
            molt.upvar(0, name.name());
        }
        let value = molt.var(&self.name).ok().map(|value| value.to_string());
        if !is_global {
            molt.pop_scope();
        }
        value
    }
}

/// `set`, noting what somebody waits for. Other writes are seen when they change the value.
fn set(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    check_args(1, words, 2, 3, "varName ?newValue?")?;
    let [_, name, value] = words else {
        return words
            .get(1)
            .map_or_else(|| Ok("".into()), |name| molt.var(name));
    };
    let result = molt.set_var_return(name, value.clone())?;
    let shared = Shared::of(molt, id);
    if !shared.awaited.borrow().is_empty() {
        note_write(molt, &shared, name);
    }
    Ok(result)
}

fn note_write(molt: &mut Interp, shared: &Shared, name: &molt::Value) {
    let is_local = molt.scope_level() > 0 && !is_standing_in(molt, shared) && {
        let locals = molt.vars_in_local_scope();
        let written = name.as_var_name();
        locals.iter().any(|local| local.as_str() == written.name())
    };
    if is_local {
        return;
    }
    for awaited in shared.awaited.borrow().iter() {
        if awaited.name == *name {
            awaited.is_written.set(true);
        }
    }
}
