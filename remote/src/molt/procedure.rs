//! Procedures, made so that they can be stopped, and what `info` and `rename` say and do about them.

use super::engine::{HIDDEN, Shared};
use super::values::{copied, inside, outside, returned};
use super::variables;
use molt::types::{ContextID, MoltResult};
use molt::{Interp, check_args};
use remex_interp::syntax::is_complete;
use remex_interp::text::glob::glob_match;
use std::rc::Rc;

/// What `proc` has made.
pub(super) struct Procedure {
    shared: Rc<Shared>,
    parameters: Vec<Parameter>,
    body: molt::Value,
}

struct Parameter {
    name: molt::Value,
    default: Option<molt::Value>,
}

/// The commands of this file.
pub(super) fn install(molt: &mut Interp, id: ContextID) {
    molt.add_context_command("proc", proc, id);
    molt.add_context_command("rename", rename, id);
    molt.add_context_command("info", info, id);
}

/// Makes the procedures stoppable that an interpreter has already.
pub(super) fn adopt(molt: &mut Interp, shared: &Rc<Shared>) {
    for name in molt.proc_names() {
        let name = name.as_str();
        let (Ok(arguments), Ok(body)) = (molt.proc_args(name), molt.proc_body(name)) else {
            continue;
        };
        let arguments = arguments.to_list().unwrap_or_default();
        let parameters = arguments.into_iter().map(|argument| Parameter {
            default: molt.proc_default(name, argument.as_str()).ok().flatten(),
            name: argument,
        });
        let parameters = parameters.collect();
        let procedure = Procedure {
            shared: Rc::clone(shared),
            parameters,
            body,
        };
        define(molt, shared, name, Rc::new(procedure));
    }
}

/// Defines again what the interpreter before this one had.
pub(super) fn define_all(molt: &mut Interp, shared: &Rc<Shared>) {
    let procedures = shared.procedures.borrow().clone();
    for (name, procedure) in procedures {
        define(molt, shared, &name, procedure);
    }
}

fn define(molt: &mut Interp, shared: &Shared, name: &str, procedure: Rc<Procedure>) {
    if molt.has_command(name) {
        molt.remove_command(name);
    }
    let id = molt.save_context(Rc::clone(&procedure));
    molt.add_context_command(name, call, id);
    shared
        .procedures
        .borrow_mut()
        .insert(name.to_string(), procedure);
}

fn proc(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    check_args(1, words, 4, 4, "name args body")?;
    let shared = Shared::of(molt, id);
    let [_, name, arguments, body] = words else {
        return Ok("".into());
    };
    if name.as_str().starts_with(HIDDEN) {
        return failed!("can't create procedure \"{}\": name is taken", name);
    }
    let mut parameters = Vec::new();
    for argument in &*arguments.as_list()? {
        let (name, default) = match argument.as_list()?.as_slice() {
            [name] => (copied(name), None),
            [name, default] => (copied(name), Some(copied(default))),
            [] => return failed!("argument with no name"),
            _ => return failed!("too many fields in argument specifier \"{}\"", argument),
        };
        if name.as_str().is_empty() {
            return failed!("argument with no name");
        }
        parameters.push(Parameter { name, default });
    }
    let procedure = Procedure {
        shared: Rc::clone(&shared),
        parameters,
        body: copied(body),
    };
    define(molt, &shared, name.as_str(), Rc::new(procedure));
    Ok(molt::Value::empty())
}

fn call(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    let procedure = Rc::clone(molt.context::<Rc<Procedure>>(id));
    let shared = &*procedure.shared;
    shared.check()?;
    shared.stack.check_script(procedure.body.as_str())?;
    let arguments = procedure.bind(words)?;
    variables::settle(molt, shared);
    molt.push_scope();
    let result = procedure.run(molt, arguments);
    molt.pop_scope();
    variables::relink(molt, shared);
    returned(result).map_err(|mut exception| {
        if exception.is_error() {
            let name = words.first().map_or("", molt::Value::as_str);
            exception.add_error_info(&format!("    (procedure \"{name}\")"));
            exception.add_error_info("    invoked from within");
            let command = molt::Value::from(words);
            exception.add_error_info(&format!("\"{command}\""));
        }
        exception
    })
}

impl Procedure {
    /// The variables that a call with these words begins with.
    fn bind(
        &self,
        words: &[molt::Value],
    ) -> Result<Vec<(molt::Value, molt::Value)>, molt::Exception> {
        let mut given = words.iter().skip(1);
        let mut bound = Vec::with_capacity(self.parameters.len());
        for (index, parameter) in self.parameters.iter().enumerate() {
            let is_last = index + 1 == self.parameters.len();
            let value = if is_last && parameter.name.as_str() == "args" {
                let rest: Vec<molt::Value> = given.by_ref().map(copied).collect();
                molt::Value::from(rest)
            } else {
                match given.next().or(parameter.default.as_ref()) {
                    Some(value) => value.clone(),
                    None => return self.wrong_args(words),
                }
            };
            bound.push((parameter.name.clone(), value));
        }
        match given.next() {
            None => Ok(bound),
            Some(_) => self.wrong_args(words),
        }
    }

    fn run(&self, molt: &mut Interp, arguments: Vec<(molt::Value, molt::Value)>) -> MoltResult {
        for (name, value) in arguments {
            molt.set_scalar(name.as_str(), value)?;
        }
        molt.eval_value(&self.body)
    }

    fn wrong_args<T>(&self, words: &[molt::Value]) -> Result<T, molt::Exception> {
        let mut usage = words.first().map_or("", molt::Value::as_str).to_string();
        for (index, parameter) in self.parameters.iter().enumerate() {
            let name = parameter.name.as_str();
            let is_last = index + 1 == self.parameters.len();
            usage.push(' ');
            match &parameter.default {
                _ if is_last && name == "args" => usage.push_str("?arg ...?"),
                Some(_) => usage.push_str(&format!("?{name}?")),
                None => usage.push_str(name),
            }
        }
        failed!("wrong # args: should be \"{}\"", usage)
    }
}

fn rename(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    check_args(1, words, 3, 3, "oldName newName")?;
    let shared = Shared::of(molt, id);
    let [_, old, new] = words else {
        return Ok("".into());
    };
    let (old, new) = (old.as_str(), new.as_str());
    if !molt.has_command(old) || old.starts_with(HIDDEN) {
        let verb = if new.is_empty() { "delete" } else { "rename" };
        return failed!("can't {} \"{}\": command doesn't exist", verb, old);
    }
    if molt.has_command(new) || new.starts_with(HIDDEN) {
        return failed!("can't rename to \"{}\": command already exists", new);
    }
    let procedure = shared.procedures.borrow_mut().remove(old);
    if new.is_empty() {
        molt.remove_command(old);
    } else {
        molt.rename_command(old, new);
        if let Some(procedure) = procedure {
            let mut procedures = shared.procedures.borrow_mut();
            procedures.insert(new.to_string(), procedure);
        }
    }
    Ok(molt::Value::empty())
}

const INFO: &str = "args, body, cmdtype, commands, complete, default, exists, globals, locals, procs, script, or vars";

fn info(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    check_args(1, words, 2, 0, "subcommand ?arg ...?")?;
    let shared = Shared::of(molt, id);
    let subcommand = words.get(1).map_or("", molt::Value::as_str);
    let names = match subcommand {
        "commands" => molt.command_names(),
        "procs" => {
            let procedures = shared.procedures.borrow();
            procedures.keys().map(molt::Value::from).collect()
        }
        "globals" => molt.vars_in_global_scope(),
        "locals" => molt.vars_in_local_scope(),
        "vars" => molt.vars_in_scope(),
        _ => return info_about(molt, &shared, subcommand, words),
    };
    check_args(2, words, 2, 3, "?pattern?")?;
    let is_wanted = |name: &molt::Value| {
        let name = inside(name);
        !name.starts_with(HIDDEN)
            && words
                .get(2)
                .is_none_or(|pattern| glob_match(&inside(pattern), &name, false))
    };
    let names: Vec<molt::Value> = names.into_iter().filter(is_wanted).collect();
    Ok(names.into())
}

fn info_about(
    molt: &mut Interp,
    shared: &Shared,
    subcommand: &str,
    words: &[molt::Value],
) -> MoltResult {
    match subcommand {
        "script" => {
            check_args(2, words, 2, 2, "")?;
            let files = shared.files.borrow();
            return Ok(outside(files.last().map_or("", String::as_str)));
        }
        "default" => {
            check_args(2, words, 5, 5, "procname arg varname")?;
            return info_default(molt, shared, words);
        }
        "args" | "body" => check_args(2, words, 3, 3, "procname")?,
        "cmdtype" => check_args(2, words, 3, 3, "command")?,
        "complete" => check_args(2, words, 3, 3, "command")?,
        "exists" => check_args(2, words, 3, 3, "varname")?,
        other => {
            return failed!(
                "unknown or ambiguous subcommand \"{}\": must be {}",
                other,
                INFO
            );
        }
    };
    let Some(about) = words.get(2) else {
        return Ok("".into());
    };
    match subcommand {
        "args" => {
            let procedure = procedure(shared, about)?;
            let names = procedure.parameters.iter();
            let names: Vec<molt::Value> = names.map(|parameter| parameter.name.clone()).collect();
            Ok(names.into())
        }
        "body" => Ok(procedure(shared, about)?.body.clone()),
        "cmdtype" if shared.procedures.borrow().contains_key(about.as_str()) => Ok("proc".into()),
        "cmdtype" => molt.command_type(about.as_str()),
        "complete" => Ok(is_complete(&inside(about)).into()),
        _ => Ok(molt.var_exists(about).into()),
    }
}

fn procedure(shared: &Shared, name: &molt::Value) -> Result<Rc<Procedure>, molt::Exception> {
    let found = shared.procedures.borrow().get(name.as_str()).cloned();
    match found {
        Some(procedure) => Ok(procedure),
        None => failed!("\"{}\" isn't a procedure", name),
    }
}

fn info_default(molt: &mut Interp, shared: &Shared, words: &[molt::Value]) -> MoltResult {
    let [_, _, name, argument, variable] = words else {
        return Ok("".into());
    };
    let procedure = procedure(shared, name)?;
    let mut parameters = procedure.parameters.iter();
    let Some(parameter) = parameters.find(|parameter| parameter.name == *argument) else {
        return failed!(
            "procedure \"{}\" doesn't have an argument \"{}\"",
            name,
            argument
        );
    };
    let default = parameter.default.clone();
    let has_default = default.is_some();
    molt.set_var(variable, default.unwrap_or_else(molt::Value::empty))?;
    Ok(molt::Value::from(i64::from(has_default)))
}
