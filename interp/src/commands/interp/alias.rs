//! Aliases: commands that call a command of the same interpreter or of another one.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use super::child::came_back;
use super::family::{Node, enter, find, own_node};
use super::wrong_args;
use crate::commands::array::as_in_tclsh;
use crate::commands::namespace::make;
use crate::runtime::command::CommandKind;
use crate::runtime::dispatch::{map_failed, rewritten, shown_words};
use crate::runtime::namespace::split_name;
use crate::runtime::unit::Callee;
use crate::runtime::{
    Command, CommandResult, Exception, Interp, NativeCommand, code, done, done_empty,
};
use crate::value::Value;

/// How many aliases may lead to one another before that counts as a loop.
const CHAIN_MAX: usize = 1000;

/// An alias.
pub(super) struct Alias {
    /// What it is known by to `interp alias`, whatever its command is renamed to.
    token: String,
    /// Where its command is.
    node: Weak<Node>,
    /// Where it calls.
    target: Weak<Node>,
    /// The words it calls there, before those it is called with.
    prefix: Vec<Value>,
    command: RefCell<Weak<Command>>,
}

/// The command of an alias.
struct AliasCommand(Rc<Alias>);

impl NativeCommand for AliasCommand {
    fn call(&self, interp: &mut Interp, words: &[Value]) -> CommandResult {
        let alias = &self.0;
        let mut call = Vec::with_capacity(alias.prefix.len() + words.len());
        call.extend_from_slice(&alias.prefix);
        call.extend_from_slice(&words[1..]);
        let Some(target) = alias.target.upgrade() else {
            return Err(Exception::no_such_command(&words[0].str()));
        };
        // Words that the alias adds disappear from messages about wrong arguments where they can.
        let shown = |callee: Option<Callee>, exception: Box<Exception>| match (
            alias.prefix.first(),
            callee,
        ) {
            (Some(name), Some(callee)) if alias.prefix.len() <= shown_words(&callee) => {
                rewritten(exception, name, alias.prefix.len(), &words[..1])
            }
            _ => exception,
        };
        if Rc::ptr_eq(&target, &own_node(interp)) {
            let current = interp.current_call();
            let global = interp.global_namespace();
            let name = alias.prefix.first();
            let callee = name.and_then(|name| interp.recent_callee(name, &global));
            let result = match &callee {
                Some(callee) => interp.push_callee_in(call, current, callee),
                None => interp.push_words_in(call, current, Some(global)),
            };
            return map_failed(result, |exception| shown(callee, exception));
        }
        let name = alias.prefix.first().map(Value::to_text).unwrap_or_default();
        let mut is_outermost = false;
        let outcome = enter(interp, &target, |target| {
            is_outermost = target.nested_runs == 0;
            target.run_nested(|target| {
                let current = target.current_call();
                let global = target.global_namespace();
                let callee = target.callee(&name, &global);
                target
                    .push_words_in(call, current, Some(global))
                    .map_err(|exception| shown(callee, exception))
            })
        })?;
        // What runs at the outermost level of an interpreter ends there.
        let outcome = match outcome {
            Err(exception) if is_outermost && !exception.is_uncatchable => {
                let outcome = interp.finish_return(exception);
                outcome.map_err(|exception| match exception.code {
                    code::ERROR => exception,
                    other => Exception::unexpected(other),
                })
            }
            outcome => outcome,
        };
        came_back(interp, outcome)
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }

    fn deleted(&self, _interp: &mut Interp) {
        if let Some(node) = self.0.node.upgrade() {
            node.aliases
                .borrow_mut()
                .retain(|other| !Rc::ptr_eq(other, &self.0));
        }
    }
}

/// `interp alias`
pub(super) fn interp_alias(interp: &mut Interp, arguments: &[Value]) -> CommandResult {
    let usage = || {
        wrong_args(
            "interp alias",
            "slavePath slaveCmd ?masterPath masterCmd? ?arg ...?",
        )
    };
    match arguments {
        [path, name] => describe(interp, path, name),
        [path, name, empty] if empty.is_empty() => delete(interp, path, name),
        [path, _, _] => {
            find(interp, path)?;
            Err(usage())
        }
        [] | [_] => Err(usage()),
        [path, name, target, prefix @ ..] => define(interp, path, name, target, prefix),
    }
}

/// `child alias`
pub(super) fn child_alias(
    interp: &mut Interp,
    command: &Value,
    path: &Value,
    arguments: &[Value],
) -> CommandResult {
    match arguments {
        [] => Err(wrong_args(
            &format!("{command} alias"),
            "aliasName ?targetName? ?arg ...?",
        )),
        [name] => describe(interp, path, name),
        [name, empty] if empty.is_empty() => delete(interp, path, name),
        [name, prefix @ ..] => define(interp, path, name, &Value::EMPTY, prefix),
    }
}

fn find_alias(node: &Node, name: &Value) -> Option<Rc<Alias>> {
    let text = name.str();
    node.aliases
        .borrow()
        .iter()
        .find(|alias| *alias.token == *text)
        .cloned()
}

fn describe(interp: &mut Interp, path: &Value, name: &Value) -> CommandResult {
    let node = find(interp, path)?;
    match find_alias(&node, name) {
        Some(alias) => done(alias.prefix.clone()),
        None => done_empty(),
    }
}

fn not_found(name: &Value) -> Box<Exception> {
    Exception::with_code(
        format!("alias \"{name}\" not found"),
        ["TCL", "LOOKUP", "ALIAS", &name.str()],
    )
}

fn delete(interp: &mut Interp, path: &Value, name: &Value) -> CommandResult {
    let node = find(interp, path)?;
    let alias = find_alias(&node, name).ok_or_else(|| not_found(name))?;
    remove(interp, &alias);
    done_empty()
}

/// Deletes an alias with its command.
pub(super) fn remove(interp: &mut Interp, alias: &Rc<Alias>) {
    let (Some(node), Some(command)) = (alias.node.upgrade(), alias.command.borrow().upgrade())
    else {
        return;
    };
    // An interpreter that cannot be entered any more takes its commands with it.
    let _ = enter(interp, &node, |interp| {
        interp.delete_command(&command);
        interp
            .hidden
            .borrow_mut()
            .retain(|_, hidden| !Rc::ptr_eq(hidden, &command));
    });
    node.aliases
        .borrow_mut()
        .retain(|other| !Rc::ptr_eq(other, alias));
}

fn define(
    interp: &mut Interp,
    path: &Value,
    name: &Value,
    target: &Value,
    prefix: &[Value],
) -> CommandResult {
    let node = find(interp, path)?;
    let target = find(interp, target)?;
    let alias = Rc::new(Alias {
        token: unused_token(&node, &name.str()),
        node: Rc::downgrade(&node),
        target: Rc::downgrade(&target),
        prefix: prefix.to_vec(),
        command: RefCell::default(),
    });
    let text = name.to_text();
    enter(interp, &node, |interp| {
        let global = interp.global_namespace();
        let (holder, tail) = match split_name(&text) {
            (None, tail) => (global, tail),
            (Some(qualifiers), tail) => (make(interp, qualifiers, &global)?, tail),
        };
        if leads_to(&node, &alias, &holder.qualified(tail)) {
            // What had the name is gone, as if the alias had been made and deleted.
            if let Some(command) = holder.command(tail) {
                interp.delete_command(&command);
            }
            return Err(loop_error(tail));
        }
        let command = interp.put_command(
            &holder,
            tail,
            CommandKind::Native(Rc::new(AliasCommand(alias.clone()))),
        );
        *alias.command.borrow_mut() = Rc::downgrade(&command);
        if target.is_deleted.get() {
            // Its own command had the alias's name.
            interp.delete_command(&command);
            return Err(Exception::with_code(
                format!("cannot define or rename alias \"{text}\": interpreter deleted"),
                ["TCL", "OPERATION", "INTERP", "DELETED"],
            ));
        }
        Ok(())
    })??;
    node.aliases.borrow_mut().push(alias.clone());
    if !Rc::ptr_eq(&node, &target) {
        let mut callers = target.callers.borrow_mut();
        callers.retain(|caller| caller.strong_count() > 0);
        callers.push(Rc::downgrade(&alias));
    }
    done(alias.token.as_str())
}

/// The token of a new alias: its name, made unique when an alias that was renamed has it.
fn unused_token(node: &Node, name: &str) -> String {
    let global_name = format!("::{}", name.trim_start_matches(':'));
    let is_taken = |token: &str| {
        node.aliases.borrow().iter().any(|alias| {
            let command = alias.command.borrow().upgrade();
            alias.token == token
                && command.is_some_and(|command| command.full_name() != global_name)
        })
    };
    let mut token = name.to_owned();
    while is_taken(&token) {
        token = format!("::{token}");
    }
    token
}

fn loop_error(name: &str) -> Box<Exception> {
    Exception::with_code(
        format!("cannot define or rename alias \"{name}\": would create a loop"),
        ["TCL", "OPERATION", "INTERP", "ALIASLOOP"],
    )
}

/// Whether following `alias` comes to the command `full_name` of `node`, which it is to become.
fn leads_to(node: &Rc<Node>, alias: &Rc<Alias>, full_name: &str) -> bool {
    let mut current = alias.clone();
    for _ in 0..CHAIN_MAX {
        let (Some(target), Some(name)) = (current.target.upgrade(), current.prefix.first()) else {
            return false;
        };
        let name = format!("::{}", name.str().trim_start_matches(':'));
        if Rc::ptr_eq(&target, node) && name == full_name {
            return true;
        }
        let has_name = |other: &Rc<Alias>| {
            other
                .command
                .borrow()
                .upgrade()
                .is_some_and(|command| command.full_name() == name)
        };
        let next = target
            .aliases
            .borrow()
            .iter()
            .find(|other| has_name(other))
            .cloned();
        match next {
            Some(next) => current = next,
            None => return false,
        }
    }
    true
}

/// Whether a renamed command is an alias that now leads to itself.
///
/// Errors: `would create a loop`.
pub(crate) fn check_alias_loop(
    interp: &mut Interp,
    command: &Rc<Command>,
) -> Result<(), Box<Exception>> {
    let alias = match &*command.kind.borrow() {
        CommandKind::Native(native) => native
            .as_any()
            .downcast_ref::<AliasCommand>()
            .map(|alias| alias.0.clone()),
        _ => None,
    };
    let Some(alias) = alias else {
        return Ok(());
    };
    let node = own_node(interp);
    if leads_to(&node, &alias, &command.full_name()) {
        Err(loop_error(&command.name.borrow()))
    } else {
        Ok(())
    }
}

pub(super) fn aliases(interp: &mut Interp, path: &Value, _arguments: &[Value]) -> CommandResult {
    let node = find(interp, path)?;
    let names = node
        .aliases
        .borrow()
        .iter()
        .map(|alias| Value::text(&alias.token))
        .collect();
    done(as_in_tclsh(names))
}

/// `interp target`: the path of the interpreter that an alias calls.
pub(super) fn target(interp: &mut Interp, path: &Value, name: &Value) -> CommandResult {
    let node = find(interp, path)?;
    let Some(alias) = find_alias(&node, name) else {
        return Err(Exception::with_code(
            format!("alias \"{name}\" in path \"{path}\" not found"),
            ["TCL", "LOOKUP", "ALIAS", &name.str()],
        ));
    };
    let own = own_node(interp);
    let mut names = Vec::new();
    let mut current = alias.target.upgrade();
    while let Some(node) = current {
        if Rc::ptr_eq(&node, &own) {
            names.reverse();
            return done(names);
        }
        names.push(Value::text(&node.name));
        current = node.parent.upgrade();
    }
    Err(Exception::with_code(
        format!("target interpreter for alias \"{name}\" in path \"{path}\" is not my descendant"),
        ["TCL", "OPERATION", "INTERP", "SHROUDED"],
    ))
}
