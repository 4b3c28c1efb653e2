//! Making, running and deleting child interpreters, and the commands that stand for them.

use std::rc::Rc;

use super::family::{Node, adopt, deleted, enter, find, in_interpreter, own_node};
use super::{SHARED, alias, wrong_args};
use crate::bytecode::Op;
use crate::commands::list::concatenation;
use crate::commands::option;
use crate::runtime::frame::FrameKind;
use crate::runtime::{
    CommandResult, Context, Exception, Interp, NativeCommand, Next, Outcome, ScriptLabel, code,
    done, done_empty,
};
use crate::value::Value;

/// `alias`, and what is shared with `interp`.
const COMMAND_OPTIONS: &[&str] = &{
    let mut names = ["alias"; SHARED.len() + 1];
    let mut at = 0;
    while at < SHARED.len() {
        names[at + 1] = SHARED[at].name;
        at += 1;
    }
    names
};

/// How deep interpreters may nest: each is deleted from within its parent's deletion.
pub const CHILD_DEPTH_MAX: usize = 100;

/// The command of a child interpreter in its parent.
struct ChildCommand(Rc<Node>);

impl NativeCommand for ChildCommand {
    fn call(&self, interp: &mut Interp, words: &[Value]) -> CommandResult {
        let Some(subcommand) = words.get(1) else {
            return Err(wrong_args(&words[0].str(), "cmd ?arg ...?"));
        };
        let path = Value::list(vec![Value::text(&self.0.name)]);
        let name = COMMAND_OPTIONS[option(subcommand, COMMAND_OPTIONS, "option")?];
        let arguments = &words[2..];
        if name == "alias" {
            return alias::child_alias(interp, &words[0], &path, arguments);
        }
        match SHARED.iter().find(|row| row.name == name) {
            Some(row) if arguments.len() >= row.min && arguments.len() <= row.max => {
                (row.run)(interp, &path, arguments)
            }
            Some(row) => Err(wrong_args(&format!("{} {name}", words[0]), row.usage)),
            None => done_empty(),
        }
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }

    fn deleted(&self, interp: &mut Interp) {
        take_apart(interp, &self.0);
    }
}

/// Deletes an interpreter whose command is gone, with its children and the aliases that lead to it.
fn take_apart(interp: &mut Interp, node: &Rc<Node>) {
    if node.is_deleted.get() {
        return;
    }
    // One that cannot be entered keeps its place in the event loop, where nobody answers for it.
    let _ = enter(interp, node, Interp::forget_events);
    node.is_deleted.set(true);
    if let Some(parent) = node.parent.upgrade() {
        parent
            .children
            .borrow_mut()
            .retain(|child| !Rc::ptr_eq(child, node));
    }
    let callers: Vec<_> = node
        .callers
        .borrow_mut()
        .drain(..)
        .filter_map(|alias| alias.upgrade())
        .collect();
    for caller in callers {
        alias::remove(interp, &caller);
    }
    let children: Vec<Rc<Node>> = node.children.borrow_mut().drain(..).collect();
    for child in children {
        take_apart(interp, &child);
    }
    node.aliases.borrow_mut().clear();
    node.retire();
}

pub(super) fn create(interp: &mut Interp, arguments: &[Value]) -> CommandResult {
    let usage = || wrong_args("interp create", "?-safe? ?--? ?path?");
    let mut is_safe = interp.is_safe.get();
    let mut path = None;
    let mut reads_options = true;
    for argument in arguments {
        if reads_options && argument.str().starts_with('-') {
            match option(argument, &["-safe", "--"], "option")? {
                0 => is_safe = true,
                _ => reads_options = false,
            }
        } else if path.replace(argument.clone()).is_some() {
            return Err(usage());
        }
    }
    let path = path.unwrap_or_else(|| free_name(interp));
    let names = path.to_list()?;
    let Some((name, parents)) = names.elements().split_last() else {
        return Err(already_exists(&path));
    };
    if parents.len() >= CHILD_DEPTH_MAX {
        return Err(Exception::too_large(
            "nesting of interpreters",
            CHILD_DEPTH_MAX,
        ));
    }
    let parent = Value::list(parents.to_vec());
    let name = name.to_text();
    in_interpreter(interp, &parent, |parent| {
        if own_node(parent).child(&name).is_some() {
            return Err(already_exists(&path));
        }
        if own_node(parent).depth() >= CHILD_DEPTH_MAX {
            return Err(Exception::too_large(
                "nesting of interpreters",
                CHILD_DEPTH_MAX,
            ));
        }
        let is_safe = is_safe || parent.is_safe.get();
        make(parent, &name, is_safe);
        Ok(())
    })??;
    done(path)
}

fn already_exists(path: &Value) -> Box<Exception> {
    Exception::error(format!(
        "interpreter named \"{path}\" already exists, cannot create"
    ))
}

/// A name such as `interp0` that no command has.
fn free_name(interp: &Interp) -> Value {
    let global = interp.global_namespace();
    let name = (0_u64..)
        .map(|number| format!("interp{number}"))
        .find(|name| global.command(name).is_none());
    Value::string(name.unwrap_or_default())
}

fn make(parent: &mut Interp, name: &str, is_safe: bool) {
    let mut child = Box::new(Interp::new());
    child.mode = parent.mode;
    child.recursion_limit = parent.recursion_limit;
    for stream in ["stdin", "stdout", "stderr"] {
        let name = Value::text(stream);
        match parent.find_channel(&name) {
            Ok(channel) if !is_safe => child.share_channel(channel),
            _ => drop(child.forget_channel(&name)),
        }
    }
    if is_safe {
        super::hidden::make_safe(&mut child);
    }
    let node = adopt(parent, name, child);
    let command = parent.register_native(&format!("::{name}"), Rc::new(ChildCommand(node.clone())));
    *node.command.borrow_mut() = Rc::downgrade(&command);
    if is_safe {
        // As in tclsh, where scripts that safe interpreters cannot load implement these.
        let path = Value::list(vec![Value::text(name)]);
        for command in ["clock", "::tcl::mathfunc::max", "::tcl::mathfunc::min"] {
            let words = [Value::text(command), Value::text(command)];
            // The parent may lack the command, but aliases to nothing can be made.
            let _ = alias::child_alias(parent, &Value::EMPTY, &path, &words);
        }
    }
}

pub(super) fn delete(interp: &mut Interp, paths: &[Value]) -> CommandResult {
    for path in paths {
        let node = find(interp, path)?;
        if Rc::ptr_eq(&node, &own_node(interp)) {
            return Err(Exception::with_code(
                "cannot delete the current interpreter",
                ["TCL", "OPERATION", "INTERP", "DELETESELF"],
            ));
        }
        let command = node.command.borrow().upgrade();
        if let (Some(command), Some(parent)) = (command, node.parent.upgrade()) {
            enter(interp, &parent, |parent| parent.delete_command(&command))?;
        }
    }
    done_empty()
}

pub(super) fn children(interp: &mut Interp, path: &Value) -> CommandResult {
    let node = find(interp, path)?;
    let names: Vec<Value> = node
        .children
        .borrow()
        .iter()
        .map(|child| Value::text(&child.name))
        .collect();
    done(names)
}

pub(super) fn eval(interp: &mut Interp, path: &Value, arguments: &[Value]) -> CommandResult {
    let script = match arguments {
        [script] => script.clone(),
        parts => concatenation(parts)?,
    };
    let node = find(interp, path)?;
    if Rc::ptr_eq(&node, &own_node(interp)) {
        return interp.push_script(&script, Context::Current, ScriptLabel::None);
    }
    let mut options = None;
    let own = own_node(interp);
    node.waiting.borrow_mut().push(Rc::downgrade(&own));
    let outcome = enter(interp, &node, |child| {
        if child.safepoint.cancel.is_some() || child.safepoint.has_limits() {
            child.check_safepoint()?;
        }
        child.last_location.take();
        let is_outermost = child.fiber.frames.is_empty();
        let mut outcome = child.eval_in(&script, Context::Current);
        if outcome.is_ok() && child.safepoint.has_limits() {
            outcome = child.check_safepoint().and(outcome);
        }
        match outcome {
            Err(exception) if !exception.is_uncatchable => {
                child.publish_error(&exception);
                if !is_outermost {
                    // `return` belongs to what runs in the child already.
                    return Err(exception);
                }
                let outcome = child.finish_return(exception);
                options = child.return_options.take();
                outcome
            }
            outcome => {
                // Those of a command before the last one are nobody's.
                let count = child.command_count;
                options = child.return_options.take().filter(|(_, at)| *at == count);
                outcome
            }
        }
    });
    node.waiting.borrow_mut().pop();
    let outcome = outcome?;
    if let (Some((other, _)), Ok(_)) = (options, &outcome) {
        interp.return_options = Some((other, interp.command_count));
    }
    came_back(interp, outcome)
}

/// The outcome of what another interpreter has run, as the one that asked for it sees it.
pub(super) fn came_back(interp: &mut Interp, outcome: Outcome) -> CommandResult {
    if own_node(interp).is_deleted.get() {
        // The command that has deleted its interpreter ends as usual; nothing after it runs.
        if !is_last_command(interp) {
            let mut exception = deleted();
            exception.is_uncatchable = true;
            return Err(exception);
        }
    }
    match outcome {
        Err(mut exception) => {
            if exception.code == code::ERROR {
                exception.add_info("");
                // It is about the other interpreter's levels.
                exception.stack = Some(Value::EMPTY);
            }
            if exception.code == code::RETURN && exception.return_level == 0 {
                // As if `return` had been called here.
                exception.return_level = 1;
                exception.return_code = code::OK;
            }
            // What only the other interpreter could go on with ends here.
            exception.is_uncatchable &= !is_own_matter(&exception);
            Err(exception)
        }
        Ok(value) => Ok(Next::Done(value)),
    }
}

/// Whether nothing is left to be done by the scripts that run but to return.
fn is_last_command(interp: &Interp) -> bool {
    interp.fiber.frames.iter().all(|frame| match &frame.kind {
        FrameKind::Code(code) => {
            let next = code.unit.code.instructions.get(code.pc as usize);
            next.is_none_or(|next| matches!(next.op, Op::Return | Op::ReturnTake))
        }
        _ => true,
    })
}

/// Whether an exception that scripts of its interpreter cannot catch is over once that interpreter is left: a limit of
/// its own, or a cancel.
fn is_own_matter(exception: &Exception) -> bool {
    let code = exception.error_code_value();
    let first = |at| code.list_element(at).ok().flatten().unwrap_or_default();
    &*first(0).str() == "TCL" && matches!(&*first(1).str(), "LIMIT" | "CANCEL" | "IDELETE")
}

pub(super) fn issafe(interp: &mut Interp, path: &Value, _arguments: &[Value]) -> CommandResult {
    done(in_interpreter(interp, path, |interp| interp.is_safe.get())?)
}

pub(super) fn marktrusted(
    interp: &mut Interp,
    path: &Value,
    _arguments: &[Value],
) -> CommandResult {
    if interp.is_safe.get() {
        return Err(not_permitted(
            "permission denied: safe interpreter cannot mark trusted",
        ));
    }
    in_interpreter(interp, path, |interp| interp.is_safe.set(false))?;
    done_empty()
}

/// What safe interpreters may not do.
pub(super) fn not_permitted(message: &str) -> Box<Exception> {
    Exception::with_code(message, ["TCL", "OPERATION", "INTERP", "UNSAFE"])
}
