//! `namespace export`, `namespace import` and `namespace forget`.

use std::rc::Rc;

use super::find;
use crate::runtime::command::{Command, CommandKind};
use crate::runtime::namespace::split_name;
use crate::runtime::{CommandResult, Exception, Interp, Namespace, done, done_empty};
use crate::text::glob::{glob_match, is_literal};
use crate::value::Value;

pub(super) fn namespace_export(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let namespace = interp.current_namespace();
    let Some(first) = words.get(1) else {
        let patterns: Vec<Value> = namespace
            .exports
            .borrow()
            .iter()
            .map(|pattern| Value::text(pattern))
            .collect();
        return done(patterns);
    };
    // Ensembles of the namespace may have got other subcommands.
    interp.command_epoch += 1;
    let mut patterns = &words[1..];
    if &*first.str() == "-clear" {
        namespace.exports.borrow_mut().clear();
        patterns = &words[2..];
    }
    for pattern in patterns {
        let text = pattern.str();
        if text.contains("::") {
            return Err(Exception::with_code(
                format!(
                    "invalid export pattern \"{}\": pattern can't specify a namespace",
                    &*text
                ),
                ["TCL", "EXPORT", "INVALID"],
            ));
        }
        let mut exports = namespace.exports.borrow_mut();
        if !exports.iter().any(|other| **other == *text) {
            exports.push(text.as_ref().into());
        }
    }
    done_empty()
}

pub(super) fn namespace_import(interp: &mut Interp, words: &[Value]) -> CommandResult {
    if words.len() == 1 {
        let namespace = interp.current_namespace();
        let names: Vec<Value> = namespace
            .commands
            .borrow()
            .iter()
            .filter(|(_, command)| matches!(*command.kind.borrow(), CommandKind::Imported(_)))
            .map(|(name, _)| Value::text(name))
            .collect();
        return done(names);
    }
    let is_forced = &*words[1].str() == "-force";
    let patterns = if is_forced { &words[2..] } else { &words[1..] };
    for pattern in patterns {
        let text = pattern.str();
        let is_missing = split_name(&text)
            .0
            .is_some_and(|qualifiers| source_namespace(interp, &text, qualifiers).is_none());
        crate::library::auto_import(interp, pattern, is_missing)?;
        import(interp, &pattern.str(), is_forced)?;
    }
    done_empty()
}

fn import(interp: &mut Interp, pattern: &str, is_forced: bool) -> Result<(), Box<Exception>> {
    if pattern.is_empty() {
        return Err(Exception::with_code(
            "empty import pattern",
            ["TCL", "VALUE", "EMPTY"],
        ));
    }
    let current = interp.current_namespace();
    let source = match split_name(pattern).0 {
        Some(qualifiers) => source_namespace(interp, pattern, qualifiers).ok_or_else(|| {
            Exception::with_code(
                format!("unknown namespace in import pattern \"{pattern}\""),
                ["TCL", "LOOKUP", "NAMESPACE", pattern],
            )
        })?,
        None => current.clone(),
    };
    let tail = split_name(pattern).1;
    if Rc::ptr_eq(&source, &current) {
        return Err(match split_name(pattern).0 {
            None => Exception::with_code(
                format!("no namespace specified in import pattern \"{pattern}\""),
                ["TCL", "IMPORT", "ORIGIN"],
            ),
            Some(_) => Exception::with_code(
                format!(
                    "import pattern \"{pattern}\" tries to import from namespace \"{}\" into itself",
                    current.name
                ),
                ["TCL", "IMPORT", "SELF"],
            ),
        });
    }
    for command in matching_commands(&source, tail) {
        import_command(interp, &current, &source, command, pattern, is_forced)?;
    }
    Ok(())
}

/// The namespace before the last `::` of a pattern.
fn source_namespace(interp: &mut Interp, pattern: &str, qualifiers: &str) -> Option<Rc<Namespace>> {
    if qualifiers.is_empty() && pattern.starts_with("::") {
        return Some(interp.global_namespace());
    }
    find(interp, qualifiers)
}

fn matching_commands(source: &Rc<Namespace>, pattern: &str) -> Vec<Rc<Command>> {
    if is_literal(pattern) {
        return source.command(pattern).into_iter().collect();
    }
    let commands = source.commands.borrow();
    commands
        .iter()
        .filter(|(name, _)| glob_match(pattern, name, false))
        .map(|(_, command)| command.clone())
        .collect()
}

fn import_command(
    interp: &mut Interp,
    into: &Rc<Namespace>,
    source: &Rc<Namespace>,
    command: Rc<Command>,
    pattern: &str,
    is_forced: bool,
) -> Result<(), Box<Exception>> {
    let name = command.name.borrow().clone();
    if !source.is_exported(&name) {
        return Ok(());
    }
    let existing = into.command(&name);
    if let Some(existing) = &existing {
        if let CommandKind::Imported(target) = &*existing.kind.borrow()
            && Rc::ptr_eq(target, &command)
        {
            return Ok(());
        }
        if !is_forced {
            return Err(Exception::with_code(
                format!("can't import command \"{name}\": already exists"),
                ["TCL", "IMPORT", "OVERWRITE"],
            ));
        }
        if leads_to(&command, existing) {
            return Err(Exception::with_code(
                format!(
                    "import pattern \"{pattern}\" would create a loop containing command \"{}\"",
                    command.full_name()
                ),
                ["TCL", "IMPORT", "LOOP"],
            ));
        }
    }
    let imported = interp.put_command(into, &name, CommandKind::Imported(command.clone()));
    command
        .importers
        .borrow_mut()
        .push(Rc::downgrade(&imported));
    Ok(())
}

/// Whether `command` is an import of `target`, perhaps through others.
fn leads_to(command: &Rc<Command>, target: &Rc<Command>) -> bool {
    let mut current = command.clone();
    loop {
        if Rc::ptr_eq(&current, target) {
            return true;
        }
        let next = match &*current.kind.borrow() {
            CommandKind::Imported(next) => next.clone(),
            _ => return false,
        };
        current = next;
    }
}

pub(super) fn namespace_forget(interp: &mut Interp, words: &[Value]) -> CommandResult {
    for pattern in &words[1..] {
        forget(interp, &pattern.str())?;
    }
    done_empty()
}

fn forget(interp: &mut Interp, pattern: &str) -> Result<(), Box<Exception>> {
    let current = interp.current_namespace();
    let (qualifiers, tail) = split_name(pattern);
    let source = match qualifiers {
        None => None,
        Some(qualifiers) => Some(source_namespace(interp, pattern, qualifiers).ok_or_else(
            || {
                Exception::with_code(
                    format!("unknown namespace in namespace forget pattern \"{pattern}\""),
                    ["TCL", "LOOKUP", "NAMESPACE", pattern],
                )
            },
        )?),
    };
    let candidates: Vec<Rc<Command>> = current.commands.borrow().values().cloned().collect();
    for command in candidates {
        let first = match &*command.kind.borrow() {
            CommandKind::Imported(target) => target.clone(),
            _ => continue,
        };
        let is_forgotten = match &source {
            None => glob_match(tail, &command.name.borrow(), false),
            Some(source) => {
                let origin = command.origin();
                let is_from = |command: &Rc<Command>| {
                    command
                        .namespace
                        .borrow()
                        .upgrade()
                        .is_some_and(|holder| Rc::ptr_eq(&holder, source))
                };
                let found = [origin, first].into_iter().find(is_from);
                found.is_some_and(|found| glob_match(tail, &found.name.borrow(), false))
            }
        };
        if is_forgotten {
            interp.delete_command(&command);
        }
    }
    Ok(())
}
