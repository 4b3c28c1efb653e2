//! Namespaces, and finding commands, variables and namespaces by name.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use foldhash::fast::RandomState;

use super::Interp;
use super::command::{Command, CommandKind};
use crate::text::glob::glob_match;
use crate::value::{Value, Variable};

/// A map by name.
pub(crate) type NameMap<T> = HashMap<Rc<str>, T, RandomState>;

/// A namespace.
pub struct Namespace {
    /// Unique in the process.
    pub(crate) id: u64,
    /// Without qualifiers; empty for the global one.
    pub(crate) name: Rc<str>,
    /// `::a::b`, or `::`
    pub(crate) full_name: Rc<str>,
    pub(crate) parent: Option<Weak<Namespace>>,
    pub(crate) children: RefCell<NameMap<Rc<Namespace>>>,
    pub(crate) commands: RefCell<NameMap<Rc<Command>>>,
    pub(crate) variables: RefCell<NameMap<Rc<Variable>>>,
    /// Glob patterns of `namespace export`.
    pub(crate) exports: RefCell<Vec<Box<str>>>,
    /// `namespace path`
    pub(crate) path: RefCell<Vec<Rc<Namespace>>>,
    /// `namespace unknown`
    pub(crate) unknown: RefCell<Option<Value>>,
    /// How many call frames run in it; a deleted one lives on until none does.
    pub(crate) is_deleted: Cell<bool>,
    /// Whether it has been in the path of another.
    pub(crate) is_on_path: Cell<bool>,
    /// Whether it is an object's: the units of methods run in many of them.
    pub(crate) is_object: Cell<bool>,
}

thread_local! {
    static NEXT_ID: Cell<u64> = const { Cell::new(1) };
}

impl Namespace {
    pub(crate) fn new(name: &str, parent: Option<&Rc<Namespace>>) -> Rc<Namespace> {
        let full_name: Rc<str> = match parent {
            None => "::".into(),
            Some(parent) if parent.is_global() => format!("::{name}").into(),
            Some(parent) => format!("{}::{name}", parent.full_name).into(),
        };
        Rc::new(Namespace {
            id: NEXT_ID.with(|next| next.replace(next.get() + 1)),
            name: name.into(),
            full_name,
            parent: parent.map(Rc::downgrade),
            children: RefCell::default(),
            commands: RefCell::default(),
            variables: RefCell::default(),
            exports: RefCell::default(),
            path: RefCell::default(),
            unknown: RefCell::default(),
            is_deleted: Cell::new(false),
            is_on_path: Cell::new(false),
            is_object: Cell::new(false),
        })
    }

    /// Whether this is `::`.
    pub fn is_global(&self) -> bool {
        self.parent.is_none()
    }

    /// The fully qualified name: `::`, `::a`, `::a::b`.
    pub fn full_name(&self) -> &str {
        &self.full_name
    }

    /// `name` with the qualifiers of this namespace.
    pub(crate) fn qualified(&self, name: &str) -> String {
        if self.is_global() {
            format!("::{name}")
        } else {
            format!("{}::{name}", self.full_name)
        }
    }

    /// Whether it exports the name.
    pub(crate) fn is_exported(&self, name: &str) -> bool {
        let exports = self.exports.borrow();
        let mut patterns = exports.iter();
        patterns.any(|pattern| glob_match(pattern, name, false))
    }

    /// The namespace around this one.
    pub fn parent(&self) -> Option<Rc<Namespace>> {
        self.parent.as_ref().and_then(Weak::upgrade)
    }

    pub(crate) fn command(&self, name: &str) -> Option<Rc<Command>> {
        self.commands.borrow().get(name).cloned()
    }

    pub(crate) fn variable(&self, name: &str) -> Option<Rc<Variable>> {
        self.variables.borrow().get(name).cloned()
    }

    /// The variables that there are now, with their names: to go through while they change.
    pub(crate) fn variables_now(&self) -> Vec<(Rc<str>, Rc<Variable>)> {
        let variables = self.variables.borrow();
        let named = variables.iter();
        named
            .map(|(name, cell)| (name.clone(), cell.clone()))
            .collect()
    }

    pub(crate) fn child(&self, name: &str) -> Option<Rc<Namespace>> {
        self.children.borrow().get(name).cloned()
    }
}

/// Splits a name at its last `::`: what is before it (None if there is none) and the tail. More than two colons in
/// a row are one separator.
pub fn split_name(name: &str) -> (Option<&str>, &str) {
    match name.as_bytes().windows(2).rposition(|pair| pair == b"::") {
        None => (None, name),
        Some(at) => {
            let qualifiers = name[..at].trim_end_matches(':');
            (
                Some(if qualifiers.is_empty() && at > 0 {
                    ""
                } else {
                    qualifiers
                }),
                &name[at + 2..],
            )
        }
    }
}

/// Whether a name has `::` in it. Names are short: a search made for long texts costs more to start than this takes.
#[inline]
pub(crate) fn is_qualified(name: &str) -> bool {
    name.as_bytes().windows(2).any(|pair| pair == b"::")
}

/// The parts of a qualified name without empty ones.
pub(crate) fn name_parts(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = name;
    std::iter::from_fn(move || {
        loop {
            if rest.is_empty() {
                return None;
            }
            let bytes = rest.as_bytes();
            let (part, after) = match bytes.windows(2).position(|pair| pair == b"::") {
                Some(at) => rest.split_at(at),
                None => rest.split_at(rest.len()),
            };
            rest = after.trim_start_matches(':');
            if !part.is_empty() {
                return Some(part);
            }
        }
    })
}

impl Interp {
    /// Has all names looked up again: they may stand for other commands than before, in ways that no single command tells.
    pub(crate) fn forget_lookups(&mut self) {
        self.command_epoch += 1;
        self.compile_epoch += 1;
    }

    /// The namespace that `name` means seen from `from`; None when it does not exist.
    pub fn find_namespace(&mut self, name: &str, from: &Rc<Namespace>) -> Option<Rc<Namespace>> {
        let start = if name.starts_with("::") {
            self.global.clone()
        } else {
            from.clone()
        };
        let found = self.walk(&start, name);
        if found.is_none() && !name.starts_with("::") && !from.is_global() {
            let global = self.global.clone();
            return self.walk(&global, name);
        }
        found
    }

    /// The namespace that `name` means seen from `from`, without looking behind it in the global one.
    pub(crate) fn namespace_at(
        &mut self,
        name: &str,
        from: &Rc<Namespace>,
    ) -> Option<Rc<Namespace>> {
        let start = if name.starts_with("::") {
            self.global.clone()
        } else {
            from.clone()
        };
        self.walk(&start, name)
    }

    fn walk(&mut self, start: &Rc<Namespace>, name: &str) -> Option<Rc<Namespace>> {
        let mut current = start.clone();
        for part in name_parts(name) {
            let child = current.child(part);
            current = match child {
                Some(child) => child,
                None => self.materialize_ensemble(&current, part)?,
            };
        }
        if current.is_deleted.get() {
            None
        } else {
            Some(current)
        }
    }

    /// The namespace that `name` means seen from `from`, made with those around it when absent.
    pub fn make_namespace(&mut self, name: &str, from: &Rc<Namespace>) -> Rc<Namespace> {
        let mut current = if name.starts_with("::") {
            self.global.clone()
        } else {
            from.clone()
        };
        for part in name_parts(name) {
            let child = current
                .child(part)
                .or_else(|| self.materialize_ensemble(&current, part));
            current = match child {
                Some(child) => child,
                None => {
                    let child = Namespace::new(part, Some(&current));
                    current
                        .children
                        .borrow_mut()
                        .insert(child.name.clone(), child.clone());
                    self.command_epoch += 1;
                    child
                }
            };
        }
        current
    }

    /// The command that `name` means in `namespace`.
    pub fn find_command(&mut self, name: &str, namespace: &Rc<Namespace>) -> Option<Rc<Command>> {
        if !is_qualified(name) {
            if let Some(command) = namespace.command(name) {
                return Some(command);
            }
            for other in namespace.path.borrow().iter() {
                if let Some(command) = other.command(name) {
                    return Some(command);
                }
            }
            if namespace.is_global() {
                return None;
            }
            return self.global.command(name);
        }
        let (qualifiers, tail) = split_name(name);
        let qualifiers = qualifiers.unwrap_or("");
        if name.starts_with("::") {
            let global = self.global.clone();
            return self.walk(&global, qualifiers)?.command(tail);
        }
        if let Some(found) = self.walk(namespace, qualifiers)
            && let Some(command) = found.command(tail)
        {
            return Some(command);
        }
        let path: Vec<Rc<Namespace>> = namespace.path.borrow().clone();
        for other in path {
            if let Some(found) = self.walk(&other, qualifiers)
                && let Some(command) = found.command(tail)
            {
                return Some(command);
            }
        }
        let global = self.global.clone();
        self.walk(&global, qualifiers)?.command(tail)
    }

    /// Puts a command of this kind under `name` in `namespace`, replacing what was there.
    pub(crate) fn put_command(
        &mut self,
        namespace: &Rc<Namespace>,
        name: &str,
        kind: CommandKind,
    ) -> Rc<Command> {
        // Imports of a command that is replaced are imports of the new one.
        let mut importers = Vec::new();
        if let Some(existing) = namespace.command(name) {
            importers = existing.importers.take();
            self.delete_command(&existing);
        }
        // A delete trace may have deleted the namespace; it comes back for the new command.
        let namespace = &match namespace.is_deleted.get() && !namespace.is_global() {
            true => {
                let global = self.global.clone();
                self.make_namespace(namespace.full_name(), &global)
            }
            false => namespace.clone(),
        };
        let command = Command::new(name, namespace, kind);
        for importer in importers.iter().filter_map(std::rc::Weak::upgrade) {
            drop(
                importer
                    .kind
                    .replace(CommandKind::Imported(command.clone())),
            );
        }
        *command.importers.borrow_mut() = importers;
        if namespace.is_object.get() && name != super::method::OWN_COMMAND {
            self.has_object_commands = true;
        }
        let key = command.name.borrow().clone();
        namespace.commands.borrow_mut().insert(key, command.clone());
        self.command_changed(name);
        command
    }

    /// Notes that what `name` stands for has changed: call sites look again, and units that inlined a command of
    /// that name are compiled again.
    pub(crate) fn command_changed(&mut self, name: &str) {
        self.command_epoch += 1;
        if self.is_inlinable_name(name) {
            self.compile_epoch += 1;
        }
    }

    /// The call frame's namespace.
    pub fn current_namespace(&self) -> Rc<Namespace> {
        self.call_frame().namespace.clone()
    }

    /// Where `name`, which may be qualified, is or would be as seen from `namespace`: the namespace and the tail.
    /// None when the namespace does not exist.
    pub fn locate<'a>(
        &mut self,
        name: &'a str,
        namespace: &Rc<Namespace>,
    ) -> Option<(Rc<Namespace>, &'a str)> {
        let (qualifiers, tail) = split_name(name);
        match qualifiers {
            None => Some((namespace.clone(), tail)),
            Some(qualifiers) if name.starts_with("::") => {
                let global = self.global.clone();
                Some((self.walk(&global, qualifiers)?, tail))
            }
            Some(qualifiers) => Some((self.walk(namespace, qualifiers)?, tail)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_split_at_the_last_separator() {
        assert_eq!(split_name("a"), (None, "a"));
        assert_eq!(split_name("::a"), (Some(""), "a"));
        assert_eq!(split_name("a::b"), (Some("a"), "b"));
        assert_eq!(split_name("::a::b::c"), (Some("::a::b"), "c"));
        assert_eq!(split_name("a::::b"), (Some("a"), "b"));
        assert_eq!(name_parts("::a:::b::").collect::<Vec<_>>(), ["a", "b"]);
    }
}
