//! `namespace ensemble`: making and configuring ensembles. What calls them is `runtime::dispatch`.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use super::{boolean_of, option};
use crate::runtime::command::{Command, CommandKind};
use crate::runtime::ensemble::Ensemble;
use crate::runtime::{CommandResult, Exception, Interp, Namespace, done, done_empty};
use crate::value::{OrderedMap, Value};

const CREATE_OPTIONS: &[&str] = &[
    "-command",
    "-map",
    "-parameters",
    "-prefixes",
    "-subcommands",
    "-unknown",
];
const CONFIGURE_OPTIONS: &[&str] = &[
    "-map",
    "-namespace",
    "-parameters",
    "-prefixes",
    "-subcommands",
    "-unknown",
];

/// The ensembles made by scripts, so that a namespace takes its ensembles with it.
#[derive(Default)]
struct Made(RefCell<Vec<(Weak<Command>, Weak<Namespace>)>>);

/// What options set, gathered before any is applied.
#[derive(Default)]
struct Settings {
    command: Option<Value>,
    map: Option<OrderedMap>,
    parameters: Option<Value>,
    prefixes: Option<bool>,
    subcommands: Option<Value>,
    unknown: Option<Value>,
}

pub(super) fn namespace_ensemble(interp: &mut Interp, words: &[Value]) -> CommandResult {
    match option(&words[1], &["configure", "create", "exists"], "subcommand")? {
        0 => configure(interp, &words[2..]),
        1 => create(interp, &words[2..]),
        _ => exists(interp, &words[2..]),
    }
}

fn exists(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [name] = words else {
        return Err(Exception::wrong_args("namespace ensemble exists cmdname"));
    };
    let namespace = interp.current_namespace();
    let command = interp.find_command(&name.str(), &namespace);
    done(command.is_some_and(|command| ensemble_of(&command).is_some()))
}

/// The ensemble that a command is, perhaps by import.
fn ensemble_of(command: &Rc<Command>) -> Option<Rc<Ensemble>> {
    match &*command.origin().kind.borrow() {
        CommandKind::Ensemble(ensemble) => Some(ensemble.clone()),
        _ => None,
    }
}

fn create(interp: &mut Interp, words: &[Value]) -> CommandResult {
    if !words.len().is_multiple_of(2) {
        return Err(Exception::wrong_args(
            "namespace ensemble create ?option value ...?",
        ));
    }
    let namespace = interp.current_namespace();
    let mut settings = Settings::default();
    for pair in words.chunks_exact(2) {
        let number = option(&pair[0], CREATE_OPTIONS, "option")?;
        settings.read(CREATE_OPTIONS[number], &pair[1], &namespace)?;
    }
    let (holder, tail) = match &settings.command {
        Some(name) => place_of(interp, &name.str(), &namespace)?,
        None => match namespace.parent() {
            Some(parent) => (parent, namespace.name.to_string()),
            None => (namespace.clone(), String::new()),
        },
    };
    let ensemble = Rc::new(Ensemble::of_namespace(&namespace));
    settings.apply(&ensemble);
    let command = interp.put_command(&holder, &tail, CommandKind::Ensemble(ensemble));
    let made = interp.data::<Made>();
    let mut made = made.0.borrow_mut();
    made.retain(|(command, _)| command.strong_count() > 0);
    made.push((Rc::downgrade(&command), Rc::downgrade(&namespace)));
    done(command.full_name())
}

/// The namespace (made when absent) and the tail that a new command's name means.
pub(super) fn place_of(
    interp: &mut Interp,
    name: &str,
    from: &Rc<Namespace>,
) -> Result<(Rc<Namespace>, String), Box<Exception>> {
    let (qualifiers, tail) = crate::runtime::namespace::split_name(name);
    let holder = match qualifiers {
        None => from.clone(),
        Some("") => interp.global_namespace(),
        Some(qualifiers) => interp.make_namespace(qualifiers, from),
    };
    Ok((holder, tail.to_owned()))
}

/// Deletes the ensembles of a namespace that is going away.
pub(crate) fn namespace_deleted(interp: &mut Interp, namespace: &Rc<Namespace>) {
    let made = interp.data::<Made>();
    let mut doomed = Vec::new();
    made.0.borrow_mut().retain(|(command, of)| {
        let is_its_own = of.upgrade().is_none_or(|of| Rc::ptr_eq(&of, namespace));
        if is_its_own {
            doomed.extend(command.upgrade());
        }
        !is_its_own
    });
    for command in doomed {
        interp.delete_command(&command);
    }
}

fn configure(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let Some(name) = words.first() else {
        return Err(Exception::wrong_args(
            "namespace ensemble configure cmdname ?-option value ...? ?arg ...?",
        ));
    };
    if words.len() != 2 && words.len().is_multiple_of(2) {
        return Err(Exception::wrong_args(
            "namespace ensemble configure cmdname ?-option value ...? ?arg ...?",
        ));
    }
    let current = interp.current_namespace();
    let text = name.str();
    let Some(command) = interp.find_command(&text, &current) else {
        return Err(Exception::with_code(
            format!("unknown command \"{}\"", &*text),
            ["TCL", "LOOKUP", "COMMAND", &text],
        ));
    };
    let Some(ensemble) = ensemble_of(&command) else {
        return Err(Exception::with_code(
            format!("\"{}\" is not an ensemble command", &*text),
            ["TCL", "LOOKUP", "ENSEMBLE", &text],
        ));
    };
    let namespace = make_table_namespace(interp, &ensemble);
    match &words[1..] {
        [] => {
            let mut all = Vec::new();
            for option in CONFIGURE_OPTIONS {
                all.push(Value::text(option));
                all.push(setting(&ensemble, &namespace, option));
            }
            done(all)
        }
        [name] => {
            let number = option(name, CONFIGURE_OPTIONS, "option")?;
            done(setting(&ensemble, &namespace, CONFIGURE_OPTIONS[number]))
        }
        pairs => {
            let mut settings = Settings::default();
            for pair in pairs.chunks_exact(2) {
                let number = option(&pair[0], CONFIGURE_OPTIONS, "option")?;
                settings.read(CONFIGURE_OPTIONS[number], &pair[1], &current)?;
            }
            settings.apply(&ensemble);
            ensemble.is_customized.set(true);
            interp.forget_lookups();
            done_empty()
        }
    }
}

/// The namespace of an ensemble; one of the command table gets its own when first asked for.
fn make_table_namespace(interp: &mut Interp, ensemble: &Rc<Ensemble>) -> Rc<Namespace> {
    let global = interp.global_namespace();
    if ensemble.namespace.borrow().is_none()
        && let Some(table) = ensemble.table
    {
        interp.find_namespace(&format!("::tcl::{}", table.name), &global);
    }
    ensemble.namespace.borrow().clone().unwrap_or(global)
}

fn setting(ensemble: &Ensemble, namespace: &Namespace, option: &str) -> Value {
    match option {
        "-map" => Value::dict(ensemble.map.borrow().clone()),
        "-namespace" => Value::text(namespace.full_name()),
        "-parameters" => ensemble.parameters.borrow().clone(),
        "-prefixes" => Value::boolean(ensemble.allows_prefixes.get()),
        "-subcommands" => ensemble.subcommands.borrow().clone().unwrap_or_default(),
        _ => ensemble.unknown.borrow().clone(),
    }
}

impl Settings {
    fn read(
        &mut self,
        option: &str,
        value: &Value,
        namespace: &Namespace,
    ) -> Result<(), Box<Exception>> {
        match option {
            "-command" => self.command = Some(value.clone()),
            "-map" => self.map = Some(read_map(value, namespace)?),
            "-parameters" => {
                value.to_list()?;
                self.parameters = Some(value.clone());
            }
            "-prefixes" => self.prefixes = Some(boolean_of(value)?),
            "-subcommands" => {
                value.to_list()?;
                self.subcommands = Some(value.clone());
            }
            "-unknown" => {
                value.to_list()?;
                self.unknown = Some(value.clone());
            }
            _ => {
                return Err(Exception::with_code(
                    "option -namespace is read-only",
                    ["TCL", "ENSEMBLE", "READ_ONLY"],
                ));
            }
        }
        Ok(())
    }

    fn apply(self, ensemble: &Ensemble) {
        ensemble.forget();
        if let Some(map) = self.map {
            *ensemble.map.borrow_mut() = map;
        }
        if let Some(parameters) = self.parameters {
            *ensemble.parameters.borrow_mut() = parameters;
        }
        if let Some(prefixes) = self.prefixes {
            ensemble.allows_prefixes.set(prefixes);
        }
        if let Some(subcommands) = self.subcommands {
            *ensemble.subcommands.borrow_mut() = (!subcommands.is_empty()).then_some(subcommands);
        }
        if let Some(unknown) = self.unknown {
            *ensemble.unknown.borrow_mut() = unknown;
        }
    }
}

/// A `-map`: its targets, whose command names get the qualifiers of the namespace.
fn read_map(value: &Value, namespace: &Namespace) -> Result<OrderedMap, Box<Exception>> {
    let dict = value.to_dict()?;
    let mut map = OrderedMap::with_capacity(dict.map().len());
    for (subcommand, target) in dict.map().iter() {
        let list = target.to_list()?;
        let Some(command) = list.elements().first() else {
            return Err(Exception::with_code(
                "ensemble subcommand implementations must be non-empty lists",
                ["TCL", "ENSEMBLE", "EMPTY_TARGET"],
            ));
        };
        let text = command.str();
        let target = if text.starts_with("::") {
            target.clone()
        } else {
            let mut words = list.elements().to_vec();
            words[0] = Value::string(namespace.qualified(&text));
            Value::list(words)
        };
        map.insert(subcommand.clone(), target);
    }
    Ok(map)
}
