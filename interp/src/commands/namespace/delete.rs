//! `namespace delete`: taking a namespace apart, at once or when the last level that runs in it is left.

use std::cell::RefCell;
use std::rc::Rc;

use super::find;
use crate::runtime::command::Resume;
use crate::runtime::frame::{End, Frame, FrameKind};
use crate::runtime::slot::{Slot, Target};
use crate::runtime::{CommandResult, Exception, Interp, Namespace, Next, Outcome, done_empty};
use crate::value::{Repr, Value};

pub(super) fn namespace_delete(interp: &mut Interp, words: &[Value]) -> CommandResult {
    for name in &words[1..] {
        let text = name.str();
        let dying = interp.data::<Dying>();
        let found = find(interp, &text).filter(|found| !dying.0.borrow().contains(&found.id));
        if found.is_none() {
            return Err(Exception::with_code(
                format!(
                    "unknown namespace \"{}\" in namespace delete command",
                    &*text
                ),
                ["TCL", "LOOKUP", "NAMESPACE", &text],
            ));
        }
    }
    let mut was_running = false;
    for name in &words[1..] {
        let text = name.str();
        if let Some(namespace) = find(interp, &text) {
            was_running |= delete(interp, &namespace);
        }
    }
    // Frames may have moved: the run loop is to look at the top one again.
    if was_running {
        Ok(Next::Deliver(Ok(Value::EMPTY)))
    } else {
        done_empty()
    }
}

/// The namespaces that are being taken apart, by id.
#[derive(Default)]
struct Dying(RefCell<Vec<u64>>);

/// Deletes a namespace. Returns whether something runs in it, so that it is taken apart only later.
pub(crate) fn delete(interp: &mut Interp, namespace: &Rc<Namespace>) -> bool {
    let dying = interp.data::<Dying>();
    if dying.0.borrow().contains(&namespace.id) {
        return false;
    }
    crate::commands::ensemble::namespace_deleted(interp, namespace);
    if namespace.is_object.get() {
        crate::commands::oo::namespace_deleted(interp, namespace);
    }
    namespace.unknown.borrow_mut().take();
    if namespace.is_on_path.get() {
        leave_paths(interp, namespace);
    }
    if namespace.is_global() {
        take_apart(interp, namespace);
        return false;
    }
    if postpone(interp, namespace) {
        leave_parent(namespace);
        namespace.is_deleted.set(true);
        forget(interp, namespace);
        return true;
    }
    dying.0.borrow_mut().push(namespace.id);
    take_apart(interp, namespace);
    dying.0.borrow_mut().retain(|id| *id != namespace.id);
    false
}

/// Takes a namespace out of the paths of all others.
fn leave_paths(interp: &Interp, namespace: &Rc<Namespace>) {
    let mut waiting = vec![interp.global_namespace()];
    while let Some(other) = waiting.pop() {
        other
            .path
            .borrow_mut()
            .retain(|entry| !Rc::ptr_eq(entry, namespace));
        waiting.extend(other.children.borrow().values().cloned());
    }
}

fn leave_parent(namespace: &Rc<Namespace>) {
    if let Some(parent) = namespace.parent() {
        let mut children = parent.children.borrow_mut();
        if children
            .get(&namespace.name)
            .is_some_and(|child| Rc::ptr_eq(child, namespace))
        {
            children.remove(&namespace.name);
        }
    }
}

/// Takes the namespace apart when the lowest frame that runs in it is left.
struct TakeApart(Rc<Namespace>);

impl Resume for TakeApart {
    fn resume(self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        take_apart(interp, &self.0);
        outcome.map(Next::Done)
    }

    fn sees_uncatchable(&self) -> bool {
        true
    }
}

/// Puts a [`TakeApart`] below the lowest frame whose level runs in the namespace, if there is one.
fn postpone(interp: &mut Interp, namespace: &Rc<Namespace>) -> bool {
    let fibers = interp
        .fibers
        .iter_mut()
        .chain(std::iter::once(&mut interp.fiber));
    for fiber in fibers {
        let Some(call) = fiber
            .calls
            .iter()
            .position(|call| Rc::ptr_eq(&call.namespace, namespace))
        else {
            continue;
        };
        let Some(frame) = fiber
            .frames
            .iter()
            .position(|frame| frame.call as usize == call)
        else {
            continue;
        };
        let below = fiber
            .frames
            .get(frame.wrapping_sub(1))
            .map_or(0, |frame| frame.call);
        let resume = FrameKind::Native(Box::new(TakeApart(namespace.clone())));
        fiber.frames.insert(
            frame,
            Frame {
                kind: resume,
                call: below,
                end: End::Plain,
            },
        );
        return true;
    }
    false
}

/// Deletes what is in a namespace: variables, commands, children.
pub(crate) fn take_apart(interp: &mut Interp, namespace: &Rc<Namespace>) {
    delete_variables(interp, namespace);
    loop {
        let command = namespace.commands.borrow().values().next().cloned();
        let Some(command) = command else {
            break;
        };
        let name = command.name.borrow().clone();
        interp.delete_command(&command);
        namespace.commands.borrow_mut().remove(&name);
    }
    if !namespace.is_global() {
        // What is left is out of reach of scripts.
        leave_parent(namespace);
        namespace.is_deleted.set(true);
    }
    loop {
        let child = namespace.children.borrow().values().next().cloned();
        let Some(child) = child else {
            break;
        };
        delete(interp, &child);
        leave_parent(&child);
    }
    // Delete traces may have set variables again.
    let late: Vec<_> = namespace.variables.borrow_mut().drain().collect();
    for (_, variable) in late {
        variable.detach();
        drop(variable.replace(Value::UNSET));
    }
    namespace.exports.borrow_mut().clear();
    namespace.path.borrow_mut().clear();
    forget(interp, namespace);
}

/// Has names looked up again that may have meant something in the namespace. Nothing is compiled for what is in an object's: its
/// commands are forgotten one by one.
fn forget(interp: &mut Interp, namespace: &Namespace) {
    if namespace.is_object.get() {
        interp.command_epoch += 1;
    } else {
        interp.forget_lookups();
    }
}

fn delete_variables(interp: &mut Interp, namespace: &Rc<Namespace>) {
    for (name, cell) in namespace.variables_now() {
        namespace.variables.borrow_mut().remove(&name);
        cell.detach();
        let is_link = matches!(cell.content.borrow().0, Repr::Link(_));
        if !is_link {
            let full_name = namespace.qualified(&name);
            let target = Target::named(Slot::Cell(cell.clone()), None, &full_name);
            let _ = interp.unset(&target, false);
        }
        drop(cell.replace(Value::UNSET));
    }
}
