//! `rename`

use std::rc::Rc;

use super::ensemble::place_of;
use crate::runtime::command::{Command, CommandKind};
use crate::runtime::procedure::Procedure;
use crate::runtime::{Builtin, CommandResult, Exception, Interp, Namespace, done_empty};
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[Builtin::new("rename", "oldName newName", 2, 2, rename)];

fn rename(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let (old, new) = (words[1].str(), words[2].str());
    let current = interp.current_namespace();
    let Some(command) = interp.find_command(&old, &current) else {
        let verb = if new.is_empty() { "delete" } else { "rename" };
        return Err(Exception::with_code(
            format!("can't {verb} \"{}\": command doesn't exist", &*old),
            ["TCL", "LOOKUP", "COMMAND", &old],
        ));
    };
    if new.is_empty() {
        interp.delete_command(&command);
        return done_empty();
    }
    let (holder, tail) = place_of(interp, &new, &current)?;
    if holder.command(&tail).is_some() {
        return Err(Exception::with_code(
            format!("can't rename to \"{}\": command already exists", &*new),
            ["TCL", "OPERATION", "RENAME", "TARGET_EXISTS"],
        ));
    }
    let old_name = command.full_name();
    let old_place = (
        command.namespace.borrow().upgrade(),
        command.name.borrow().clone(),
    );
    set_name(&command, &holder, &tail);
    if let Err(exception) = super::interp::check_alias_loop(interp, &command) {
        holder.commands.borrow_mut().remove(&*tail);
        if let (Some(old_holder), name) = old_place {
            set_name(&command, &old_holder, &name);
        }
        return Err(exception);
    }
    // While rename traces run, the command has both names.
    interp.command_changed(&tail);
    let new_name = command.full_name();
    crate::runtime::trace::command_renamed(interp, &command, &old_name, &new_name);
    if let (Some(old_holder), name) = &old_place {
        let is_still_there = old_holder
            .command(name)
            .is_some_and(|other| Rc::ptr_eq(&other, &command));
        if is_still_there && command.full_name() != old_name {
            old_holder.commands.borrow_mut().remove(name);
        }
        if !Rc::ptr_eq(old_holder, &holder) {
            move_procedure(&command, &holder);
        }
        interp.command_changed(name);
    }
    done_empty()
}

/// Puts a command under a name, without taking the name away that it has.
fn set_name(command: &Rc<Command>, holder: &Rc<Namespace>, tail: &str) {
    let name: Rc<str> = tail.into();
    *command.name.borrow_mut() = name.clone();
    *command.namespace.borrow_mut() = Rc::downgrade(holder);
    holder.commands.borrow_mut().insert(name, command.clone());
}

/// A procedure runs in the namespace that its command is in.
fn move_procedure(command: &Rc<Command>, holder: &Rc<Namespace>) {
    let moved = match &*command.kind.borrow() {
        CommandKind::Procedure(procedure) => {
            let made = Procedure::new(
                &procedure.parameter_list,
                &procedure.body,
                holder,
                procedure.is_lambda,
            );
            made.ok()
                .map(|procedure| CommandKind::Procedure(Rc::new(procedure)))
        }
        _ => None,
    };
    if let Some(kind) = moved {
        drop(command.kind.replace(kind));
    }
}
