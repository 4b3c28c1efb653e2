//! Ensembles: commands whose first argument chooses another command.
//!
//! The ensembles of the command table dispatch by their rows, and their namespaces (`::tcl::string` …) are made only when a
//! script asks for them. Those that scripts make look their subcommands up each time.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use foldhash::fast::FixedState;

use super::command::{Builtin, Command, CommandKind, CommandResult};
use super::exception::Exception;
use super::namespace::Namespace;
use super::unit::Callee;
use super::{Interp, invoke};
use crate::value::{ListObject, OrderedMap, Value};

/// An ensemble.
pub struct Ensemble {
    /// The rows, for an ensemble of the table.
    pub(crate) table: Option<&'static Builtin>,
    /// Whether the rows no longer tell: the ensemble was configured, or its namespace was made.
    pub(crate) is_customized: Cell<bool>,
    /// The namespace whose exports are the subcommands; None until it is made for one of the table.
    pub(crate) namespace: RefCell<Option<Rc<Namespace>>>,
    /// `-map`: subcommand to command prefix.
    pub(crate) map: RefCell<OrderedMap>,
    /// `-subcommands`
    pub(crate) subcommands: RefCell<Option<Value>>,
    /// `-unknown`: a command prefix, empty for none.
    pub(crate) unknown: RefCell<Value>,
    /// `-prefixes`
    pub(crate) allows_prefixes: Cell<bool>,
    /// `-parameters`
    pub(crate) parameters: RefCell<Value>,
    /// What subcommands resolved to, valid while the command epoch is the one beside it.
    pub(crate) targets: RefCell<(u64, Targets)>,
}

/// What subcommands resolved to, by name.
type Targets = HashMap<Box<str>, Rc<Resolved>, FixedState>;

/// What a subcommand of an ensemble resolved to.
pub(crate) struct Resolved {
    /// The command prefix.
    pub prefix: Rc<ListObject>,
    /// What its first word calls.
    pub callee: Callee,
}

impl Ensemble {
    /// The ensemble of a row of the table.
    pub(crate) fn of_table(row: &'static Builtin) -> Rc<Ensemble> {
        let ensemble = Ensemble::empty();
        Rc::new(Ensemble {
            table: Some(row),
            ..ensemble
        })
    }

    /// An ensemble of the exports of a namespace.
    pub(crate) fn of_namespace(namespace: &Rc<Namespace>) -> Ensemble {
        let ensemble = Ensemble::empty();
        ensemble.is_customized.set(true);
        *ensemble.namespace.borrow_mut() = Some(namespace.clone());
        ensemble
    }

    fn empty() -> Ensemble {
        Ensemble {
            table: None,
            is_customized: Cell::new(false),
            namespace: RefCell::new(None),
            map: RefCell::new(OrderedMap::new()),
            subcommands: RefCell::new(None),
            unknown: RefCell::new(Value::EMPTY),
            allows_prefixes: Cell::new(true),
            parameters: RefCell::new(Value::EMPTY),
            targets: RefCell::default(),
        }
    }

    /// What `subcommand` resolved to before, if that still holds.
    pub(crate) fn resolved(&self, subcommand: &str, epoch: u64) -> Option<Rc<Resolved>> {
        let targets = self.targets.borrow();
        if targets.0 == epoch {
            targets.1.get(subcommand).cloned()
        } else {
            None
        }
    }

    /// Keeps what `subcommand` resolved to.
    pub(crate) fn keep(&self, subcommand: &str, epoch: u64, resolved: Rc<Resolved>) {
        let mut targets = self.targets.borrow_mut();
        if targets.0 != epoch {
            targets.1.clear();
            targets.0 = epoch;
        }
        targets.1.insert(subcommand.into(), resolved);
    }

    /// Forgets what subcommands resolved to: the ensemble or the exports of its namespace have changed.
    pub(crate) fn forget(&self) {
        self.targets.borrow_mut().1.clear();
    }

    /// The row of exactly this subcommand, for an ensemble of the table that nobody changed.
    pub(crate) fn table_row(&self, subcommand: &str) -> Option<&'static Builtin> {
        if self.is_customized.get() {
            return None;
        }
        self.table?
            .subcommands
            .iter()
            .find(|row| row.name == subcommand)
    }
}

/// What a subcommand word means in a list of names.
pub(crate) enum Match<'a> {
    /// This name, spelled out or by a unique prefix.
    Found(&'a str),
    /// None, or several.
    Unknown,
}

/// Finds the name that `word` is or abbreviates.
pub(crate) fn match_name<'a>(word: &str, names: &[&'a str], allows_prefixes: bool) -> Match<'a> {
    if let Some(name) = names.iter().find(|name| **name == word) {
        return Match::Found(name);
    }
    if !allows_prefixes || word.is_empty() {
        return Match::Unknown;
    }
    let mut matching = names.iter().filter(|name| name.starts_with(word));
    match (matching.next(), matching.next()) {
        (Some(name), None) => Match::Found(name),
        _ => Match::Unknown,
    }
}

/// `unknown or ambiguous subcommand "word": must be a, b, or c`
pub(crate) fn unknown_subcommand(
    word: &str,
    names: &[&str],
    allows_prefixes: bool,
) -> Box<Exception> {
    let what = if allows_prefixes {
        "unknown or ambiguous subcommand"
    } else {
        "unknown subcommand"
    };
    let mut message = format!("{what} \"{word}\": ");
    if names.is_empty() {
        message = format!("{what} \"{word}\": namespace has no exported commands");
    } else {
        message.push_str("must be ");
        super::exception::list_choices(&mut message, names);
    }
    Exception::with_code(message, ["TCL", "LOOKUP", "SUBCOMMAND", word])
}

impl Interp {
    /// Calls an ensemble.
    pub(crate) fn call_ensemble(
        &mut self,
        command: &Rc<Command>,
        ensemble: &Rc<Ensemble>,
        words: &[Value],
    ) -> CommandResult {
        let Some(table) = ensemble.table.filter(|_| !ensemble.is_customized.get()) else {
            return super::dispatch::call(self, command, ensemble, words);
        };
        let Some(word) = words.get(1) else {
            return Err(Exception::wrong_args(&format!(
                "{} subcommand ?arg ...?",
                words[0]
            )));
        };
        let text = word.str();
        let row = match table.subcommands.iter().find(|row| row.name == &*text) {
            Some(row) => row,
            None => {
                let names: Vec<&str> = table.subcommands.iter().map(|row| row.name).collect();
                match match_name(&text, &names, true) {
                    Match::Found(name) => {
                        match table.subcommands.iter().find(|row| row.name == name) {
                            Some(row) => row,
                            None => return Err(unknown_subcommand(&text, &names, true)),
                        }
                    }
                    Match::Unknown => return Err(unknown_subcommand(&text, &names, true)),
                }
            }
        };
        drop(text);
        self.call_subcommand(row, words)
    }

    /// Calls a row of an ensemble with the words of the whole call.
    pub(crate) fn call_subcommand(
        &mut self,
        row: &'static Builtin,
        words: &[Value],
    ) -> CommandResult {
        // The ensemble and the command that it stands for.
        self.command_count += 2;
        if !row.accepts(words.len() - 2) {
            let name = format!("{} {}", words[0], row.name);
            return Err(invoke::wrong_args(&name, row));
        }
        (row.run)(self, &words[1..])
    }

    /// Makes the namespace of the global one that waits to be looked for, if `name` is one.
    pub(crate) fn make_pending_namespace(&mut self, name: &str) -> Option<Rc<Namespace>> {
        let at = self
            .pending_namespaces
            .iter()
            .position(|(pending, _)| *pending == name)?;
        let (_, make) = self.pending_namespaces.remove(at);
        make(self);
        self.global.child(name)
    }

    /// Makes the namespace of a table's ensemble (`::tcl::string` …) with its commands, if `name` under `parent`
    /// is one that has not been made yet.
    pub(crate) fn materialize_ensemble(
        &mut self,
        parent: &Rc<Namespace>,
        name: &str,
    ) -> Option<Rc<Namespace>> {
        if parent.is_global() {
            return self.make_pending_namespace(name);
        }
        if parent.full_name() != "::tcl" {
            return None;
        }
        let command = self.global.command(name)?;
        let ensemble = match &*command.kind.borrow() {
            CommandKind::Ensemble(ensemble) => ensemble.clone(),
            _ => return None,
        };
        let table = ensemble.table?;
        if ensemble.namespace.borrow().is_some() {
            return None;
        }
        let namespace = Namespace::new(name, Some(parent));
        parent
            .children
            .borrow_mut()
            .insert(namespace.name.clone(), namespace.clone());
        let mut map = OrderedMap::new();
        for row in table.subcommands {
            self.put_command(&namespace, row.name, CommandKind::Builtin(row));
            map.insert(
                Value::text(row.name),
                Value::string(format!("::tcl::{name}::{}", row.name)),
            );
            namespace.exports.borrow_mut().push(row.name.into());
        }
        *ensemble.map.borrow_mut() = map;
        *ensemble.namespace.borrow_mut() = Some(namespace.clone());
        ensemble.is_customized.set(true);
        self.compile_epoch += 1;
        Some(namespace)
    }
}
