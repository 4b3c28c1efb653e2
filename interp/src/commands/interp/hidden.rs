//! Hidden commands, and what safe interpreters do not have.

use std::rc::Rc;

use super::child::not_permitted;
use super::family::{enter, find, in_interpreter, own_node};
use crate::commands::namespace::make;
use crate::commands::option;
use crate::runtime::command::CommandKind;
use crate::runtime::frame::{CallFrame, End, Frame, FrameKind, Label};
use crate::runtime::{
    Command, CommandResult, Exception, Interp, Namespace, NativeCommand, Next, done, done_empty,
};
use crate::value::Value;

/// Commands that safe interpreters have hidden, whatever the command table says.
const UNSAFE: &[&str] = &[
    "cd",
    "encoding",
    "exec",
    "exit",
    "fconfigure",
    "file",
    "glob",
    "load",
    "open",
    "pwd",
    "socket",
    "source",
    "unload",
];
/// Commands that safe interpreters do not have at all.
const ABSENT: &[&str] = &[
    "auto_execok",
    "auto_import",
    "auto_load",
    "auto_load_index",
    "auto_qualify",
    "tclLog",
    "unknown",
];
/// Variables that safe interpreters do not have.
const ABSENT_VARIABLES: &[&str] = &["auto_path", "env", "tcl_library", "tcl_pkgPath"];
/// Elements of tcl_platform that safe interpreters do not have.
const ABSENT_ELEMENTS: &[&str] = &["machine", "os", "osVersion", "user"];
/// Subcommands of unsafe ensembles that are hidden one by one as well, as tclsh does.
const HIDDEN_PARTS: &[(&str, &[&str])] = &[
    ("encoding", &["dirs"]),
    (
        "file",
        &[
            "atime",
            "attributes",
            "copy",
            "delete",
            "dirname",
            "executable",
            "exists",
            "extension",
            "isdirectory",
            "isfile",
            "link",
            "lstat",
            "mkdir",
            "mtime",
            "nativename",
            "normalize",
            "owned",
            "readable",
            "readlink",
            "rename",
            "rootname",
            "size",
            "stat",
            "tail",
            "tempfile",
            "type",
            "volumes",
            "writable",
        ],
    ),
];

/// Makes a new interpreter safe.
pub(super) fn make_safe(interp: &mut Interp) {
    let global = interp.global_namespace();
    for (name, subcommands) in HIDDEN_PARTS {
        let Some(namespace) = interp.find_namespace(&format!("::tcl::{name}"), &global) else {
            continue;
        };
        for subcommand in *subcommands {
            let Some(command) = namespace.command(subcommand) else {
                continue;
            };
            let token = format!("tcl:{name}:{subcommand}");
            let hidden = Command::new(&token, &global, command.kind.borrow().clone());
            interp.hidden.borrow_mut().insert(token.into(), hidden);
            let refusal = Refusal {
                ensemble: name,
                subcommand,
            };
            interp.put_command(
                &namespace,
                subcommand,
                CommandKind::Native(Rc::new(refusal)),
            );
        }
    }
    let is_unsafe = |name: &str, command: &Rc<Command>| {
        UNSAFE.contains(&name)
            || matches!(&*command.kind.borrow(), CommandKind::Builtin(row) if !row.is_safe)
    };
    let hidden: Vec<Rc<Command>> = global
        .commands
        .borrow()
        .iter()
        .filter(|(name, command)| is_unsafe(name, command))
        .map(|(_, command)| command.clone())
        .collect();
    for command in hidden {
        let token = command.name.borrow().to_string();
        conceal(interp, &command, &token);
    }
    for name in ABSENT {
        if let Some(command) = global.command(name) {
            interp.delete_command(&command);
        }
    }
    for name in ABSENT_VARIABLES {
        global.variables.borrow_mut().remove(*name);
    }
    if let Some(array) = global
        .variable("tcl_platform")
        .and_then(|cell| cell.array())
    {
        for name in ABSENT_ELEMENTS {
            array.elements.borrow_mut().remove(&Value::text(name));
        }
    }
    interp.is_safe.set(true);
}

/// Stands for a subcommand that safe interpreters have hidden.
struct Refusal {
    ensemble: &'static str,
    subcommand: &'static str,
}

impl NativeCommand for Refusal {
    fn call(&self, _interp: &mut Interp, _words: &[Value]) -> CommandResult {
        Err(Exception::with_code(
            format!(
                "not allowed to invoke subcommand {} of {}",
                self.subcommand, self.ensemble
            ),
            ["TCL", "SAFE", "SUBCOMMAND"],
        ))
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// Takes a command of the global namespace away, under a token.
fn conceal(interp: &mut Interp, command: &Rc<Command>, token: &str) {
    let name = command.name.borrow().clone();
    interp
        .global_namespace()
        .commands
        .borrow_mut()
        .remove(&name);
    interp
        .hidden
        .borrow_mut()
        .insert(token.into(), command.clone());
    interp.command_changed(&name);
}

pub(super) fn hidden(interp: &mut Interp, path: &Value, _arguments: &[Value]) -> CommandResult {
    let names = in_interpreter(interp, path, |interp| {
        interp
            .hidden
            .borrow()
            .keys()
            .map(|name| Value::text(name))
            .collect::<Vec<_>>()
    })?;
    done(names)
}

pub(super) fn hide(interp: &mut Interp, path: &Value, arguments: &[Value]) -> CommandResult {
    if interp.is_safe.get() {
        return Err(not_permitted(
            "permission denied: safe interpreter cannot hide commands",
        ));
    }
    let name = arguments[0].to_text();
    let token = arguments.get(1).unwrap_or(&arguments[0]).to_text();
    in_interpreter(interp, path, |interp| {
        if token.contains("::") {
            return Err(Exception::with_code(
                "cannot use namespace qualifiers in hidden command token (rename)",
                ["TCL", "VALUE", "HIDDENTOKEN"],
            ));
        }
        let global = interp.global_namespace();
        let Some(command) = interp.find_command(&name, &global) else {
            return Err(Exception::with_code(
                format!("unknown command \"{name}\""),
                ["TCL", "LOOKUP", "COMMAND", &name],
            ));
        };
        let is_global = command.is_global();
        if !is_global {
            return Err(Exception::with_code(
                "can only hide global namespace commands (use rename then hide)",
                ["TCL", "HIDE", "NON_GLOBAL"],
            ));
        }
        if interp.hidden.borrow().contains_key(token.as_str()) {
            return Err(Exception::with_code(
                format!("hidden command named \"{token}\" already exists"),
                ["TCL", "HIDE", "ALREADY_HIDDEN"],
            ));
        }
        conceal(interp, &command, &token);
        Ok(())
    })??;
    done_empty()
}

pub(super) fn expose(interp: &mut Interp, path: &Value, arguments: &[Value]) -> CommandResult {
    if interp.is_safe.get() {
        return Err(not_permitted(
            "permission denied: safe interpreter cannot expose commands",
        ));
    }
    let token = arguments[0].to_text();
    let name = arguments.get(1).unwrap_or(&arguments[0]).to_text();
    in_interpreter(interp, path, |interp| {
        if name.contains("::") {
            return Err(Exception::with_code(
                "cannot expose to a namespace (use expose to toplevel, then rename)",
                ["TCL", "EXPOSE", "NON_GLOBAL"],
            ));
        }
        let Some(command) = interp.hidden.borrow().get(token.as_str()).cloned() else {
            return Err(Exception::with_code(
                format!("unknown hidden command \"{token}\""),
                ["TCL", "LOOKUP", "HIDDENTOKEN", &token],
            ));
        };
        let global = interp.global_namespace();
        if global.command(&name).is_some() {
            return Err(Exception::with_code(
                format!("exposed command \"{name}\" already exists"),
                ["TCL", "EXPOSE", "COMMAND_EXISTS"],
            ));
        }
        interp.hidden.borrow_mut().remove(token.as_str());
        let key: Rc<str> = name.as_str().into();
        *command.name.borrow_mut() = key.clone();
        global.commands.borrow_mut().insert(key, command);
        interp.command_changed(&name);
        Ok(())
    })??;
    done_empty()
}

/// Where a hidden command runs.
enum Place {
    Current,
    Global,
    Namespace(String),
}

pub(super) fn invokehidden(
    interp: &mut Interp,
    path: &Value,
    arguments: &[Value],
) -> CommandResult {
    let mut place = Place::Current;
    let mut at = 0;
    while let Some(word) = arguments.get(at).filter(|word| word.str().starts_with('-')) {
        at += 1;
        match option(word, &["-global", "-namespace", "--"], "option")? {
            0 => place = Place::Global,
            1 => match arguments.get(at) {
                Some(name) => {
                    place = Place::Namespace(name.to_text());
                    at += 1;
                }
                None => break,
            },
            _ => break,
        }
    }
    let words = arguments.get(at..).unwrap_or_default();
    if words.is_empty() {
        return Err(super::wrong_args(
            "interp invokehidden path",
            "?-namespace ns? ?-global? ?--? cmd ?arg ..?",
        ));
    }
    if interp.is_safe.get() {
        return Err(not_permitted(
            "not allowed to invoke hidden commands from safe interpreter",
        ));
    }
    let node = find(interp, path)?;
    if Rc::ptr_eq(&node, &own_node(interp)) {
        return invoke(interp, &place, words.to_vec());
    }
    let outcome = enter(interp, &node, |child| {
        child.run_nested(|child| invoke(child, &place, words.to_vec()))
    })?;
    let outcome = outcome.map_err(|mut exception| {
        exception.log_command(&crate::value::list::list_text(words.iter()));
        exception
    });
    super::child::came_back(interp, outcome)
}

fn invoke(interp: &mut Interp, place: &Place, words: Vec<Value>) -> CommandResult {
    let name = words[0].to_text();
    let Some(command) = interp.hidden.borrow().get(name.as_str()).cloned() else {
        return Err(Exception::with_code(
            format!("invalid hidden command name \"{name}\""),
            ["TCL", "LOOKUP", "HIDDENTOKEN", &name],
        ));
    };
    let current = interp.current_call() as u32;
    match place {
        Place::Current => push(interp, &command, words, current, End::Plain),
        Place::Global => push(interp, &command, words, 0, End::Plain),
        Place::Namespace(name) => {
            let from = interp.current_namespace();
            let namespace: Rc<Namespace> = make(interp, name, &from)?;
            let level = interp.call_frame().level + 1;
            interp
                .fiber
                .calls
                .push(CallFrame::namespace(&namespace, level, current));
            let call = interp.fiber.calls.len() as u32 - 1;
            push(interp, &command, words, call, End::Namespace(Label::None))
        }
    }
}

/// Calls a command in a call frame, keeping its words in a frame of their own.
fn push(
    interp: &mut Interp,
    command: &Rc<Command>,
    words: Vec<Value>,
    call: u32,
    end: End,
) -> CommandResult {
    let (first, count) = (words.as_ptr(), words.len());
    interp.fiber.frames.push(Frame {
        kind: FrameKind::Words(words.into()),
        call,
        end,
    });
    // SAFETY: the vector's heap block does not move and is not changed while its frame is there, and the frame goes
    // only when the outcome of this call reaches it.
    let words: &[Value] = unsafe { std::slice::from_raw_parts(first, count) };
    match interp.call_command(command, words)? {
        Next::Done(value) => Ok(Next::Deliver(Ok(value))),
        next => Ok(next),
    }
}
