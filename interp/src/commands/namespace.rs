//! `namespace` and its subcommands; `namespace ensemble` is in [`super::ensemble`].

pub(crate) mod delete;
mod import;

use std::rc::Rc;

use super::list::concatenation;
use crate::runtime::command::CommandKind;
use crate::runtime::namespace::{name_parts, split_name};
use crate::runtime::slot::Slot;
use crate::runtime::variable::split_key;
use crate::runtime::{
    ANY, Builtin, CommandResult, Context, Exception, Interp, Namespace, Next, Outcome, Resume,
    ScriptLabel, done, done_empty,
};
use crate::text::glob::glob_match;
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[Builtin::ensemble(
    "namespace",
    &[
        Builtin::new("children", "?name? ?pattern?", 0, 2, namespace_children),
        Builtin::new("code", "arg", 1, 1, namespace_code),
        Builtin::new("current", "", 0, 0, namespace_current),
        Builtin::new(
            "delete",
            "?name name ...?",
            0,
            ANY,
            delete::namespace_delete,
        ),
        Builtin::new(
            "ensemble",
            "subcommand ?arg ...?",
            1,
            ANY,
            super::ensemble::namespace_ensemble,
        ),
        Builtin::new("eval", "name arg ?arg...?", 2, ANY, namespace_eval),
        Builtin::new("exists", "name", 1, 1, namespace_exists),
        Builtin::new(
            "export",
            "?-clear? ?pattern pattern...?",
            0,
            ANY,
            import::namespace_export,
        ),
        Builtin::new(
            "forget",
            "?pattern pattern...?",
            0,
            ANY,
            import::namespace_forget,
        ),
        Builtin::new(
            "import",
            "?-force? ?pattern pattern ...?",
            0,
            ANY,
            import::namespace_import,
        ),
        Builtin::new("inscope", "name arg ?arg...?", 2, ANY, namespace_inscope),
        Builtin::new("origin", "name", 1, 1, namespace_origin),
        Builtin::new("parent", "?name?", 0, 1, namespace_parent),
        Builtin::new("path", "?pathList?", 0, 1, namespace_path),
        Builtin::new("qualifiers", "string", 1, 1, namespace_qualifiers),
        Builtin::new("tail", "string", 1, 1, namespace_tail),
        Builtin::new("unknown", "?script?", 0, 1, namespace_unknown),
        Builtin::new("upvar", "ns ?otherVar myVar ...?", 1, ANY, namespace_upvar),
        Builtin::new(
            "which",
            "?-command? ?-variable? name",
            1,
            2,
            namespace_which,
        ),
    ],
)];

/// How deep namespaces may nest: deleting them follows the nesting by recursion.
pub const NAMESPACE_DEPTH_MAX: usize = 500;

/// The namespace that `name` means seen from `from`, made with those around it when absent.
///
/// Errors: it would nest too deep.
pub(crate) fn make(
    interp: &mut Interp,
    name: &str,
    from: &Rc<Namespace>,
) -> Result<Rc<Namespace>, Box<Exception>> {
    let mut depth = name_parts(name).count();
    let mut around = Some(from.clone()).filter(|_| !name.starts_with("::"));
    while let Some(namespace) = around {
        depth += 1;
        around = namespace.parent();
    }
    if depth > NAMESPACE_DEPTH_MAX {
        return Err(Exception::too_large(
            "nesting of namespaces",
            NAMESPACE_DEPTH_MAX,
        ));
    }
    Ok(interp.make_namespace(name, from))
}

/// The namespace that `name` means from the current one: relative names are not looked for in the global one.
pub(crate) fn find(interp: &mut Interp, name: &str) -> Option<Rc<Namespace>> {
    let current = interp.current_namespace();
    find_from(interp, name, &current)
}

/// As [`find`], seen from `from`.
pub(super) fn find_from(
    interp: &mut Interp,
    name: &str,
    from: &Rc<Namespace>,
) -> Option<Rc<Namespace>> {
    if name.is_empty() {
        return from.is_global().then(|| from.clone());
    }
    interp.namespace_at(name, from)
}

/// As [`find`], with tclsh's error when there is none.
pub(super) fn get(interp: &mut Interp, name: &Value) -> Result<Rc<Namespace>, Box<Exception>> {
    let text = name.str();
    find(interp, &text).ok_or_else(|| {
        let current = interp.current_namespace();
        let message = if text.starts_with("::") {
            format!("namespace \"{}\" not found", &*text)
        } else {
            format!(
                "namespace \"{}\" not found in \"{}\"",
                &*text,
                current.full_name()
            )
        };
        Exception::with_code(message, ["TCL", "LOOKUP", "NAMESPACE", &text])
    })
}

fn namespace_children(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let namespace = match words.get(1) {
        Some(name) => get(interp, name)?,
        None => interp.current_namespace(),
    };
    let pattern = words.get(2).map(|pattern| {
        let text = pattern.str();
        if text.starts_with("::") {
            text.to_string()
        } else {
            namespace.qualified(&text)
        }
    });
    if namespace.is_global() {
        while let Some((name, _)) = interp.pending_namespaces.last() {
            interp.make_pending_namespace(name);
        }
    }
    let mut names: Vec<String> = namespace
        .children
        .borrow()
        .values()
        .map(|child| child.full_name().to_owned())
        .collect();
    if namespace.full_name() == "::tcl" {
        add_ensembles_not_made(interp, &mut names);
    }
    names.retain(|name| {
        pattern
            .as_ref()
            .is_none_or(|pattern| glob_match(pattern, name, false))
    });
    done(names.into_iter().map(Value::string).collect::<Vec<_>>())
}

/// The namespaces of the table's ensembles are made only when somebody looks into them.
fn add_ensembles_not_made(interp: &Interp, names: &mut Vec<String>) {
    let global = interp.global_namespace();
    for (name, command) in global.commands.borrow().iter() {
        if let CommandKind::Ensemble(ensemble) = &*command.kind.borrow()
            && ensemble.table.is_some()
            && ensemble.namespace.borrow().is_none()
        {
            names.push(format!("::tcl::{name}"));
        }
    }
}

fn namespace_code(interp: &mut Interp, words: &[Value]) -> CommandResult {
    if words[1].str().starts_with("::namespace inscope ") {
        return done(words[1].clone());
    }
    let name = Value::text(interp.current_namespace().full_name());
    done(vec![
        Value::text("::namespace"),
        Value::text("inscope"),
        name,
        words[1].clone(),
    ])
}

fn namespace_current(interp: &mut Interp, _words: &[Value]) -> CommandResult {
    done(interp.current_namespace().full_name())
}

fn namespace_eval(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let name = words[1].str();
    let namespace = match find(interp, &name) {
        Some(namespace) => namespace,
        None if name.is_empty() => {
            return Err(Exception::with_code(
                "can't create namespace \"\": only global namespace can have empty name",
                ["TCL", "OPERATION", "NAMESPACE", "CREATEGLOBAL"],
            ));
        }
        None => {
            let current = interp.current_namespace();
            make(interp, &name, &current)?
        }
    };
    let script = match &words[2..] {
        [script] => script.clone(),
        parts => concatenation(parts)?,
    };
    push_in_namespace(interp, &namespace, &script, words, "eval")
}

fn namespace_inscope(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let namespace = get(interp, &words[1])?;
    let script = match &words[2..] {
        [script] => script.clone(),
        parts => concatenation(&[parts[0].clone(), Value::list(parts[1..].to_vec())])?,
    };
    push_in_namespace(interp, &namespace, &script, words, "inscope")
}

fn push_in_namespace(
    interp: &mut Interp,
    namespace: &Rc<Namespace>,
    script: &Value,
    words: &[Value],
    what: &str,
) -> CommandResult {
    let label = ScriptLabel::Made(format!(
        "in namespace {what} \"{}\" script",
        namespace.full_name()
    ));
    let mut call = words.to_vec();
    if !words[0].str().contains("::") {
        // Called as a subcommand.
        call[0] = Value::text(what);
        call.insert(0, Value::text("namespace"));
    }
    let (first, count) = (call.as_ptr(), call.len());
    interp.push_native(Box::new(CallWords(call)));
    let call_count = interp.fiber.calls.len();
    let pushed = interp.push_script(script, Context::Namespace(namespace.clone()), label);
    // The words stay where they are as long as the level above them is there.
    if let Some(level) = interp.fiber.calls.get_mut(call_count)
        && level.words.is_null()
        && Rc::ptr_eq(&level.namespace, namespace)
    {
        level.words = first;
        level.word_count = count as u32;
    }
    match pushed? {
        Next::Done(value) => Ok(Next::Deliver(Ok(value))),
        next => Ok(next),
    }
}

/// Keeps the words of a `namespace eval` for `info level 0`.
struct CallWords(#[allow(dead_code, reason = "owned for their lifetime only")] Vec<Value>);

impl Resume for CallWords {
    fn resume(self: Box<Self>, _interp: &mut Interp, outcome: Outcome) -> CommandResult {
        outcome.map(Next::Done)
    }
}

fn namespace_exists(interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(find(interp, &words[1].str()).is_some())
}

fn namespace_origin(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let namespace = interp.current_namespace();
    let name = words[1].str();
    match interp.find_command(&name, &namespace) {
        Some(command) => done(command.origin().full_name()),
        None => Err(Exception::no_such_command(&name)),
    }
}

fn namespace_parent(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let namespace = match words.get(1) {
        Some(name) => get(interp, name)?,
        None => interp.current_namespace(),
    };
    match namespace.parent() {
        Some(parent) => done(parent.full_name()),
        None => done_empty(),
    }
}

fn namespace_path(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let namespace = interp.current_namespace();
    let Some(list) = words.get(1) else {
        let names = namespace
            .path
            .borrow()
            .iter()
            .filter(|other| !other.is_deleted.get())
            .map(|other| Value::text(other.full_name()))
            .collect::<Vec<_>>();
        return done(names);
    };
    let mut path = Vec::new();
    for name in list.to_list()?.elements() {
        path.push(get(interp, name)?);
    }
    for other in &path {
        other.is_on_path.set(true);
    }
    *namespace.path.borrow_mut() = path;
    interp.has_object_commands |= namespace.is_object.get();
    interp.forget_lookups();
    done_empty()
}

fn namespace_qualifiers(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(split_name(&words[1].str()).0.unwrap_or(""))
}

fn namespace_tail(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(split_name(&words[1].str()).1)
}

fn namespace_unknown(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let namespace = interp.current_namespace();
    let Some(handler) = words.get(1) else {
        let default = if namespace.is_global() {
            Value::text("::unknown")
        } else {
            Value::EMPTY
        };
        return done(namespace.unknown.borrow().clone().unwrap_or(default));
    };
    let is_empty = handler.to_list()?.elements().is_empty();
    *namespace.unknown.borrow_mut() = if is_empty {
        None
    } else {
        Some(handler.clone())
    };
    done(handler.clone())
}

fn namespace_upvar(interp: &mut Interp, words: &[Value]) -> CommandResult {
    if !words.len().is_multiple_of(2) {
        return Err(Exception::wrong_args(
            "namespace upvar ns ?otherVar myVar ...?",
        ));
    }
    let namespace = get(interp, &words[1])?;
    for pair in words[2..].chunks_exact(2) {
        let name = pair[0].str();
        let (base, key) = split_key(&name);
        let absolute = if base.starts_with("::") {
            base.to_owned()
        } else {
            namespace.qualified(base)
        };
        let cell = interp.make_namespace_variable(&absolute, &namespace, "access")?;
        let cell = match key {
            Some(key) => interp.element_cell(&Slot::Cell(cell.target()), base, &key, "access")?,
            None => cell,
        };
        interp.link(&pair[1].str(), &cell)?;
    }
    done_empty()
}

fn namespace_which(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let usage = || Exception::wrong_args("namespace which ?-command? ?-variable? name");
    let wants_variable = match words.get(2).map(|_| words[1].str()) {
        None => false,
        Some(option) if option.len() > 1 && "-command".starts_with(&*option) => false,
        Some(option) if option.len() > 1 && "-variable".starts_with(&*option) => true,
        Some(_) => return Err(usage()),
    };
    let namespace = interp.current_namespace();
    let name = words.last().map(Value::to_text).unwrap_or_default();
    if wants_variable {
        return done(variable_name(interp, &name, &namespace));
    }
    match interp.find_command(&name, &namespace) {
        Some(command) => done(command.full_name()),
        None => done_empty(),
    }
}

/// The full name of the namespace variable that `name` means; empty when there is none.
fn variable_name(interp: &mut Interp, name: &str, namespace: &Rc<Namespace>) -> String {
    let global = interp.global_namespace();
    for from in [namespace, &global] {
        if let Some((holder, tail)) = interp.locate(name, from)
            && holder.variable(tail).is_some()
        {
            return holder.qualified(tail);
        }
    }
    String::new()
}
