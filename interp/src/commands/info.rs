//! `info` and its subcommands.

mod frame;
mod names;

use std::rc::Rc;

use super::interp::in_interpreter;
use crate::compile::{Compiler, Destination};
use crate::runtime::command::CommandKind;
use crate::runtime::procedure::Procedure;
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, done, done_empty};
use crate::syntax::{self, Command};
use crate::text::utf;
use crate::value::Value;

pub(crate) use frame::script_depth;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[Builtin::ensemble(
    "info",
    &[
        Builtin::new("args", "procname", 1, 1, info_args),
        Builtin::new("body", "procname", 1, 1, info_body),
        Builtin::new(
            "class",
            "subcommand ?arg ...?",
            1,
            ANY,
            super::oo::info_class,
        ),
        Builtin::new("cmdcount", "", 0, 0, info_cmdcount).compiled(compile_cmdcount),
        Builtin::new("commands", "?pattern?", 0, 1, names::info_commands),
        Builtin::new("complete", "command", 1, 1, info_complete),
        Builtin::new("coroutine", "", 0, 0, info_coroutine),
        Builtin::new("default", "procname arg varname", 3, 3, info_default),
        Builtin::new("errorstack", "?interp?", 0, 1, info_errorstack),
        Builtin::new("exists", "varName", 1, 1, info_exists).compiled(compile_exists),
        Builtin::new("frame", "?number?", 0, 1, frame::info_frame),
        Builtin::new("functions", "?pattern?", 0, 1, names::info_functions),
        Builtin::new("globals", "?pattern?", 0, 1, names::info_globals),
        Builtin::new("hostname", "", 0, 0, info_hostname),
        Builtin::new("level", "?number?", 0, 1, frame::info_level),
        Builtin::new("library", "", 0, 0, info_library),
        Builtin::new("loaded", "?interp?", 0, 1, info_loaded),
        Builtin::new("locals", "?pattern?", 0, 1, names::info_locals),
        Builtin::new("nameofexecutable", "", 0, 0, info_nameofexecutable),
        Builtin::new(
            "object",
            "subcommand ?arg ...?",
            1,
            ANY,
            super::oo::info_object,
        ),
        Builtin::new("patchlevel", "", 0, 0, info_patchlevel),
        Builtin::new("procs", "?pattern?", 0, 1, names::info_procs),
        Builtin::new("script", "?filename?", 0, 1, info_script),
        Builtin::new("sharedlibextension", "", 0, 0, info_sharedlibextension),
        Builtin::new("tclversion", "", 0, 0, info_tclversion),
        Builtin::new("vars", "?pattern?", 0, 1, names::info_vars),
    ],
)];

/// The procedure that a name means, also by import; one of the script library is loaded first.
fn procedure(interp: &mut Interp, name: &Value) -> Result<Rc<Procedure>, Box<Exception>> {
    let text = name.str();
    let namespace = interp.current_namespace();
    if let Some(command) = interp.find_command(&text, &namespace) {
        let command = command.origin();
        crate::library::load_stub(interp, &command);
        if let CommandKind::Procedure(procedure) = &*command.kind.borrow() {
            return Ok(procedure.clone());
        }
    }
    Err(Exception::with_code(
        format!("\"{}\" isn't a procedure", &*text),
        ["TCL", "LOOKUP", "PROCEDURE", &text],
    ))
}

fn info_args(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let procedure = procedure(interp, &words[1])?;
    done(
        procedure
            .parameters
            .iter()
            .map(|parameter| parameter.name.clone())
            .collect::<Vec<_>>(),
    )
}

fn info_body(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let procedure = procedure(interp, &words[1])?;
    done(procedure.body.clone())
}

/// Called like any other command; the commands around it are to count themselves.
fn compile_cmdcount(compiler: &mut Compiler<'_>, _: &Command, _: Destination) -> bool {
    compiler.ask_for_count();
    false
}

fn info_cmdcount(interp: &mut Interp, _words: &[Value]) -> CommandResult {
    done(i64::try_from(interp.command_count).unwrap_or(i64::MAX))
}

fn info_complete(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(syntax::is_complete(&words[1].str()))
}

fn info_coroutine(interp: &mut Interp, _words: &[Value]) -> CommandResult {
    let name = match &interp.fiber.coroutine {
        Some(coroutine) => coroutine
            .command
            .borrow()
            .as_ref()
            .map(|command| command.full_name()),
        None => None,
    };
    done(name.unwrap_or_default())
}

fn info_default(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let procedure = procedure(interp, &words[1])?;
    let Some(parameter) = procedure
        .parameters
        .iter()
        .find(|parameter| parameter.name.same_text(&words[2]))
    else {
        return Err(Exception::with_code(
            format!(
                "procedure \"{}\" doesn't have an argument \"{}\"",
                words[1], words[2]
            ),
            ["TCL", "LOOKUP", "ARGUMENT", &words[2].str()],
        ));
    };
    let default = parameter.default.clone();
    let has_default = default.is_some();
    interp.variable_set(&words[3], default.unwrap_or_default())?;
    done(has_default)
}

fn info_errorstack(interp: &mut Interp, words: &[Value]) -> CommandResult {
    if let Some(path) = words.get(1) {
        return done(in_interpreter(interp, path, |interp| {
            interp.error_stack.clone()
        })?);
    }
    done(interp.error_stack.clone())
}

fn info_exists(interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(interp.variable_exists(&words[1]))
}

fn compile_exists(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    let [_, _, name] = command.words.as_slice() else {
        return false;
    };
    let base = compiler.builder.top();
    let place = compiler.place(name, &[]);
    compiler.builder.release(base);
    let target = compiler.target(destination);
    compiler.exists(place, target);
    true
}

fn info_hostname(_interp: &mut Interp, _words: &[Value]) -> CommandResult {
    let names = rustix::system::uname();
    done(utf::from_external(&names.nodename().to_string_lossy()).into_owned())
}

/// The value of a global variable.
fn global(interp: &mut Interp, name: &str) -> Option<Value> {
    let global = interp.global_namespace();
    let cell = interp.find_namespace_variable(name, &global)?;
    Some(cell.target().get()).filter(Value::is_value)
}

/// The value of a global variable that every interpreter has, unless a script has removed it.
fn version_variable(interp: &mut Interp, name: &str) -> CommandResult {
    match global(interp, name) {
        Some(value) => done(value),
        None => Err(Exception::variable(
            "read",
            name,
            "no such variable",
            &["TCL", "LOOKUP", "VARNAME", name],
        )),
    }
}

fn info_library(interp: &mut Interp, _words: &[Value]) -> CommandResult {
    match global(interp, "tcl_library") {
        Some(library) => done(library),
        None => Err(Exception::with_code(
            "no library has been specified for Tcl",
            ["TCL", "LOOKUP", "VARIABLE", "tcl_library"],
        )),
    }
}

fn info_loaded(interp: &mut Interp, words: &[Value]) -> CommandResult {
    if let Some(path) = words.get(1).filter(|path| !path.is_empty()) {
        in_interpreter(interp, path, |_| ())?;
    }
    done_empty()
}

fn info_nameofexecutable(_interp: &mut Interp, _words: &[Value]) -> CommandResult {
    let path = std::env::current_exe().unwrap_or_default();
    done(utf::from_external(&path.to_string_lossy()).into_owned())
}

fn info_patchlevel(interp: &mut Interp, _words: &[Value]) -> CommandResult {
    version_variable(interp, "tcl_patchLevel")
}

fn info_script(interp: &mut Interp, words: &[Value]) -> CommandResult {
    if let Some(name) = words.get(1) {
        match interp.script_files.last_mut() {
            Some(current) => *current = name.clone(),
            None => interp.script_files.push(name.clone()),
        }
    }
    done(interp.script_file())
}

fn info_sharedlibextension(_interp: &mut Interp, _words: &[Value]) -> CommandResult {
    done(".so")
}

fn info_tclversion(interp: &mut Interp, _words: &[Value]) -> CommandResult {
    version_variable(interp, "tcl_version")
}
