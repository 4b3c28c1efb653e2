//! The script library: what tclsh keeps in its `init.tcl` and friends, and the variables every interpreter has.
//!
//! Nothing is evaluated when an interpreter is made. A procedure of the library is defined when it is first needed:
//! those that tclsh has from the start are [`Stub`]s until somebody calls them or asks for their body, the others are
//! found by `auto_load`, as in tclsh.

mod background;
mod definitions;
mod environment;
mod globals;
mod interactive;
mod precision;

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use crate::runtime::command::CommandKind;
use crate::runtime::namespace::split_name;
use crate::runtime::procedure::Procedure;
use crate::runtime::{
    Builtin, Command, CommandResult, Exception, Interp, NativeCommand, Outcome, done,
};
use crate::value::Value;

pub(crate) use globals::TCL_LIBRARY as SCRIPT_FOLDER;

/// Whether a trace's prefix is the library's own, not to be shown.
pub(crate) fn is_private_prefix(prefix: &Value) -> bool {
    let commands = [
        environment::TRACE_COMMAND,
        interactive::TRACE_COMMAND,
        precision::TRACE_COMMAND,
    ];
    commands.contains(&&*prefix.str())
}

/// The procedures that tclsh has before any script runs.
const STUBS: &[&str] = &[
    "::auto_execok",
    "::auto_import",
    "::auto_load",
    "::auto_load_index",
    "::auto_qualify",
    "::tclLog",
    "::unknown",
    "::tcl::tm::Defaults",
    "::tcl::tm::UnknownHandler",
    "::tcl::tm::add",
    "::tcl::tm::list",
    "::tcl::tm::remove",
    "::tcl::tm::roots",
];

/// Commands of the library that are native.
static NATIVES: &[Builtin] = &[
    Builtin::new("::tcl::Bgerror", "msg options", 2, 2, background::bgerror),
    Builtin::new(
        "::tcl::EnvironmentTrace",
        "name1 name2 op",
        3,
        3,
        environment::environment_trace,
    ),
    Builtin::new(
        "::tcl::LibraryCall",
        "command ?arg ...?",
        1,
        crate::runtime::ANY,
        library_call,
    ),
    Builtin::new("::tcl::LibraryLoad", "name", 1, 1, library_load),
    Builtin::new(
        "::tcl::LibraryModuleRoots",
        "",
        0,
        0,
        globals::library_module_roots,
    ),
    Builtin::new(
        "::tcl::InteractiveTrace",
        "name1 name2 op",
        3,
        3,
        interactive::interactive_trace,
    ),
    Builtin::new(
        "::tcl::PrecisionTrace",
        "name1 name2 op",
        3,
        3,
        precision::precision_trace,
    ),
    Builtin::ensemble(
        "::tcl::tm::path",
        &[
            Builtin::new("add", "?path ...?", 0, crate::runtime::ANY, module_path),
            Builtin::new("list", "", 0, 0, module_path),
            Builtin::new("remove", "?path ...?", 0, crate::runtime::ANY, module_path),
        ],
    ),
];

/// Gives a new interpreter the library's commands and variables.
pub(crate) fn prepare(interp: &mut Interp) {
    interp.register(NATIVES);
    for name in STUBS {
        let stub = Rc::new(Stub {
            name,
            command: RefCell::new(Weak::new()),
        });
        let command = interp.register_native(name, stub.clone());
        *stub.command.borrow_mut() = Rc::downgrade(&command);
    }
    globals::set(interp);
    let global = interp.global_namespace();
    interp.make_namespace("::tcl::unsupported", &global);
}

/// A procedure of the library that nobody has needed yet. Renaming it is fine.
struct Stub {
    name: &'static str,
    command: RefCell<Weak<Command>>,
}

impl NativeCommand for Stub {
    fn call(&self, interp: &mut Interp, words: &[Value]) -> CommandResult {
        let Some(command) = self.command.borrow().upgrade() else {
            return Err(Exception::no_such_command(&words[0].str()));
        };
        define(interp, &command, self.name)?;
        interp.call_untraced(&command, words)
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// The library's name of the procedure that the command will be, if it is a stub.
fn stub_name(command: &Rc<Command>) -> Option<&'static str> {
    match &*command.kind.borrow() {
        CommandKind::Native(native) => native.as_any().downcast_ref::<Stub>().map(|stub| stub.name),
        _ => None,
    }
}

/// Whether the command is a procedure of the library that is not defined yet.
pub(crate) fn is_stub(command: &Rc<Command>) -> bool {
    stub_name(command).is_some()
}

/// Makes the command the procedure that it stands for, if it is a stub.
pub(crate) fn load_stub(interp: &mut Interp, command: &Rc<Command>) {
    if let Some(name) = stub_name(command) {
        // The library's own definitions are well formed.
        let _ = define(interp, command, name);
    }
}

fn define(interp: &mut Interp, command: &Rc<Command>, name: &str) -> Result<(), Box<Exception>> {
    let Some(definition) = definitions::find(name) else {
        return Err(Exception::no_such_command(name));
    };
    let namespace = command
        .namespace
        .borrow()
        .upgrade()
        .unwrap_or_else(|| interp.global_namespace());
    let procedure = Procedure::new(&definition.parameters, &definition.body, &namespace, false)?;
    drop(
        command
            .kind
            .replace(CommandKind::Procedure(Rc::new(procedure))),
    );
    interp.command_epoch += 1;
    Ok(())
}

/// `::tcl::LibraryLoad name`: defines a procedure of the library and those it comes with. Returns whether there is one.
fn library_load(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let name = format!("::{}", words[1].str().trim_start_matches(':'));
    let names = definitions::together_with(&name);
    for other in &names {
        let global = interp.global_namespace();
        match interp.find_command(other, &global) {
            Some(command) => load_stub(interp, &command),
            None => {
                let holder = interp.make_namespace(split_name(other).0.unwrap_or(""), &global);
                let tail = split_name(other).1;
                let Some(definition) = definitions::find(other) else {
                    continue;
                };
                let procedure =
                    Procedure::new(&definition.parameters, &definition.body, &holder, false)?;
                interp.put_command(&holder, tail, CommandKind::Procedure(Rc::new(procedure)));
            }
        }
    }
    done(!names.is_empty())
}

/// `::tcl::LibraryCall command ?arg ...?`: calls a command as its caller would. `unknown` ends with this, since a plain
/// `tailcall` looks names up where `unknown` is.
fn library_call(interp: &mut Interp, words: &[Value]) -> CommandResult {
    interp.hide_tailcall();
    interp.tail_words(words[1..].to_vec())
}

/// The subcommands of `::tcl::tm::path` are procedures of their own.
fn module_path(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let mut call = words.to_vec();
    let subcommand = ["add", "list", "remove"]
        .into_iter()
        .find(|name| name.starts_with(&*words[0].str()));
    call[0] = Value::string(format!("::tcl::tm::{}", subcommand.unwrap_or("list")));
    interp.tail_words(call)
}

/// Lets `auto_import` load what the index files of auto_path have for a pattern, before it is imported. They are read
/// for the first time only when the pattern's namespace is not there (`is_missing`).
pub(crate) fn auto_import(
    interp: &mut Interp,
    pattern: &Value,
    is_missing: bool,
) -> Result<(), Box<Exception>> {
    let global = interp.global_namespace();
    let Some(command) = global.command("auto_import") else {
        return Ok(());
    };
    if !is_missing && is_stub(&command) && global.variable("auto_index").is_none() {
        return Ok(());
    }
    let outcome: Outcome = interp.call(vec![Value::text("::auto_import"), pattern.clone()]);
    outcome.map(drop)
}
