//! `oo::define` and `oo::objdefine`, and the commands of definition scripts but for the slots.

use std::rc::Rc;

use super::call::shortened;
use super::method::{Body, Method, no_method};
use super::object::{self, Class, Methods, Object, is_reachable, no_class};
use super::registry::Registry;
use crate::runtime::command::CommandKind;
use crate::runtime::frame::Role;
use crate::runtime::invoke_wrong_args;
use crate::runtime::procedure::Procedure;
use crate::runtime::{
    ANY, Builtin, CommandResult, Context, Exception, Interp, Namespace, Next, ScriptLabel, code,
    done_empty,
};
use crate::value::Value;

const METHOD: &str = "name args body";
const FORWARD: &str = "name cmdName ?arg ...?";
const NAMES: &str = "name ?name ...?";

/// The rows of this file.
pub(super) const COMMANDS: &[Builtin] = &[
    Builtin::new("::oo::define", "className arg ?arg ...?", 2, ANY, define),
    Builtin::new(
        "::oo::objdefine",
        "objectName arg ?arg ...?",
        2,
        ANY,
        objdefine,
    ),
    Builtin::new(
        "::oo::UnknownDefinition",
        "?name arg ...?",
        0,
        ANY,
        unknown_definition,
    ),
    Builtin::new(
        "::oo::define::constructor",
        "arguments body",
        2,
        2,
        constructor,
    ),
    Builtin::new(
        "::oo::define::deletemethod",
        NAMES,
        1,
        ANY,
        class_deletemethod,
    ),
    Builtin::new("::oo::define::destructor", "body", 1, 1, destructor),
    Builtin::new("::oo::define::export", NAMES, 1, ANY, class_export),
    Builtin::new("::oo::define::forward", FORWARD, 2, ANY, class_forward),
    Builtin::new("::oo::define::method", METHOD, 3, 3, class_method),
    Builtin::new(
        "::oo::define::renamemethod",
        "oldName newName",
        2,
        2,
        class_renamemethod,
    ),
    Builtin::new(
        "::oo::define::self",
        "arg ?arg ...?",
        1,
        ANY,
        self_definition,
    ),
    Builtin::new("::oo::define::unexport", NAMES, 1, ANY, class_unexport),
    Builtin::new("::oo::objdefine::class", "className", 1, 1, class),
    Builtin::new("::oo::objdefine::deletemethod", NAMES, 1, ANY, deletemethod),
    Builtin::new("::oo::objdefine::export", NAMES, 1, ANY, export),
    Builtin::new("::oo::objdefine::forward", FORWARD, 2, ANY, forward),
    Builtin::new("::oo::objdefine::method", METHOD, 3, 3, method),
    Builtin::new(
        "::oo::objdefine::renamemethod",
        "oldName newName",
        2,
        2,
        renamemethod,
    ),
    Builtin::new("::oo::objdefine::unexport", NAMES, 1, ANY, unexport),
];

/// The most chars of an object's name that errorInfo shows.
const SHOWN_CHARS_MAX: usize = 30;

/// What the commands of a definition script work on.
pub(super) struct Definition {
    pub object: Rc<Object>,
    /// Whether the object is being defined as a class.
    pub is_class: bool,
}

impl Role for Definition {
    fn as_any(self: Rc<Self>) -> Rc<dyn std::any::Any> {
        self
    }

    fn label(&self, _line: u32) -> String {
        String::new()
    }
}

impl Definition {
    /// The class being defined, if it is one.
    pub fn class_part(&self) -> Option<Rc<Class>> {
        self.object.class_part().filter(|_| self.is_class)
    }

    /// Notes that what calls come to may have changed.
    pub fn changed(&self) {
        if self.is_class {
            self.object.class_changed();
        } else {
            self.object.changed();
        }
    }

    fn with_methods<T>(&self, work: impl FnOnce(&Methods) -> T) -> T {
        match self.class_part() {
            Some(class) => work(&class.methods),
            None => work(&self.object.methods),
        }
    }

    fn new_method(&self, name: &str, body: Body) -> Rc<Method> {
        Method::new(name, body, &self.object, self.is_class)
    }

    fn put(&self, name: &str, body: Body) {
        let method = self.new_method(name, body);
        self.with_methods(|methods| methods.borrow_mut().insert(name.into(), method));
        self.changed();
    }
}

/// An error about something that must stay as it is.
pub(super) fn monkey_business(message: &str) -> Box<Exception> {
    Exception::with_code(message, ["TCL", "OO", "MONKEY_BUSINESS"])
}

/// The definition that the current call frame is of.
pub(super) fn current(interp: &Interp) -> Result<Rc<Definition>, Box<Exception>> {
    let definition = interp
        .role()
        .and_then(|role| role.as_any().downcast::<Definition>().ok())
        .ok_or_else(|| {
            monkey_business(
                "this command may only be called from within the context of an ::oo::define or ::oo::objdefine command",
            )
        })?;
    if definition.is_class && definition.object.class_part().is_none() {
        return Err(monkey_business("attempt to misuse API"));
    }
    if definition.object.is_deleted.get() {
        return Err(monkey_business(
            "this command cannot be called when the object has been deleted",
        ));
    }
    Ok(definition)
}

/// The object that a name means where the definition was asked for.
pub(super) fn find_outside(
    interp: &mut Interp,
    name: &Value,
) -> Result<Rc<Object>, Box<Exception>> {
    let namespace = outer_namespace(interp);
    object::find_from(interp, name, &namespace)
}

fn outer_namespace(interp: &Interp) -> Rc<Namespace> {
    let mut index = interp.current_call();
    while let Some(frame) = interp.fiber.calls.get(index) {
        let role = frame.extra.as_ref().and_then(|extra| extra.role.clone());
        let is_definition = role.is_some_and(|role| role.as_any().downcast::<Definition>().is_ok());
        if !is_definition || index == 0 {
            return frame.namespace.clone();
        }
        index = frame.caller as usize;
    }
    interp.global_namespace()
}

/// Has words that no definition command has looked up as an abbreviation of one.
pub(super) fn prepare(interp: &mut Interp) {
    let global = interp.global_namespace();
    for name in ["::oo::define", "::oo::objdefine"] {
        let namespace = interp.make_namespace(name, &global);
        *namespace.unknown.borrow_mut() = Some(Value::text("::oo::UnknownDefinition"));
    }
}

fn define(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let object = object::find(interp, &words[1])?;
    if object.class_part().is_none() {
        let message = format!("{} does not refer to a class", words[1]);
        return Err(no_class(message, &words[1]));
    }
    run(interp, object, true, words, 2, "class")
}

fn objdefine(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let object = object::find(interp, &words[1])?;
    run(interp, object, false, words, 2, "object")
}

fn self_definition(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let definition = current(interp)?;
    run(
        interp,
        definition.object.clone(),
        false,
        words,
        1,
        "class object",
    )
}

/// Runs a definition script, or the one command that the words from `start` on are.
fn run(
    interp: &mut Interp,
    object: Rc<Object>,
    is_class: bool,
    words: &[Value],
    start: usize,
    what: &'static str,
) -> CommandResult {
    let global = interp.global_namespace();
    let name = if is_class {
        "::oo::define"
    } else {
        "::oo::objdefine"
    };
    let namespace = interp.make_namespace(name, &global);
    let role = Rc::new(Definition {
        object: object.clone(),
        is_class,
    });
    if let [script] = words.get(start..).unwrap_or_default() {
        let before = object.name();
        interp.push_then(move |_, outcome| {
            outcome.map(Next::Done).map_err(|mut exception| {
                if exception.code == code::ERROR {
                    // It may have another name by now, or none.
                    let now = object.name();
                    let name = if now.is_empty() { &before } else { &now };
                    let name = shortened(name, SHOWN_CHARS_MAX);
                    let line = exception.line;
                    let text = format!("in definition script for {what} \"{name}\" line {line}");
                    exception.add_info(&format!("\n    ({text})"));
                }
                exception
            })
        });
        let context = Context::Role(namespace, role);
        return match interp.push_script(script, context, ScriptLabel::None) {
            Ok(Next::Done(value)) => Ok(Next::Deliver(Ok(value))),
            Err(exception) => Ok(Next::Deliver(Err(exception))),
            next => next,
        };
    }
    let mut call = words.get(start..).unwrap_or_default().to_vec();
    if let Some(name) = call.first_mut() {
        let found = abbreviated(&namespace, &name.str());
        let command = interp.find_command(found.as_deref().unwrap_or(&name.str()), &namespace);
        if let Some(command) = command
            && let CommandKind::Builtin(row) = &*command.kind.borrow()
            && !row.accepts(words.len() - start - 1)
        {
            let shown = words.get(..=start).unwrap_or_default();
            let shown = crate::value::list::list_text(shown.iter());
            return Err(invoke_wrong_args(&shown, row));
        }
        if let Some(found) = found {
            *name = Value::string(found);
        }
    }
    interp.push_words_as(call, namespace, role)
}

/// The command of a definition namespace that a word names or abbreviates.
fn abbreviated(namespace: &Rc<Namespace>, word: &str) -> Option<String> {
    let commands = namespace.commands.borrow();
    if commands.contains_key(word) || word.is_empty() {
        return None;
    }
    let mut matching = commands.keys().filter(|name| name.starts_with(word));
    match (matching.next(), matching.next()) {
        (Some(name), None) => Some(name.to_string()),
        _ => None,
    }
}

fn unknown_definition(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let Some(name) = words.get(1) else {
        return Err(Exception::with_code(
            "bad call of unknown handler",
            ["TCL", "OO", "MONKEY_BUSINESS"],
        ));
    };
    current(interp)?;
    let namespace = interp.current_namespace();
    let Some(found) = abbreviated(&namespace, &name.str()) else {
        return Err(Exception::no_such_command(&name.str()));
    };
    let mut call = vec![Value::string(found)];
    call.extend_from_slice(words.get(2..).unwrap_or_default());
    interp.tail_words(call)
}

/// A procedure as the body of a method.
fn procedure(
    interp: &mut Interp,
    definition: &Definition,
    parameters: &Value,
    body: &Value,
) -> Result<Body, Box<Exception>> {
    let mut procedure = Procedure::new(parameters, body, &definition.object.namespace, false)?;
    procedure.origin = interp.location_of_word(&body.str());
    Ok(Body::Procedure(Rc::new(procedure)))
}

fn method(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let definition = current(interp)?;
    let body = procedure(interp, &definition, &words[2], &words[3])?;
    definition.put(&words[1].str(), body);
    done_empty()
}

fn forward(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let definition = current(interp)?;
    let prefix = Value::list(words.get(2..).unwrap_or_default().to_vec());
    definition.put(&words[1].str(), Body::Forward(prefix));
    done_empty()
}

fn constructor(interp: &mut Interp, words: &[Value]) -> CommandResult {
    require_class(interp)?;
    let definition = current(interp)?;
    let method = if words[2].is_empty() {
        None
    } else {
        let body = procedure(interp, &definition, &words[1], &words[2])?;
        Some(definition.new_method("", body))
    };
    if let Some(class) = definition.class_part() {
        *class.constructor.borrow_mut() = method;
    }
    definition.changed();
    done_empty()
}

fn destructor(interp: &mut Interp, words: &[Value]) -> CommandResult {
    require_class(interp)?;
    let definition = current(interp)?;
    let method = if words[1].is_empty() {
        None
    } else {
        let body = procedure(interp, &definition, &Value::EMPTY, &words[1])?;
        Some(definition.new_method("", body))
    };
    if let Some(class) = definition.class_part() {
        *class.destructor.borrow_mut() = method;
    }
    definition.changed();
    done_empty()
}

fn export(interp: &mut Interp, words: &[Value]) -> CommandResult {
    set_exported(interp, words, true)
}

fn unexport(interp: &mut Interp, words: &[Value]) -> CommandResult {
    set_exported(interp, words, false)
}

fn set_exported(interp: &mut Interp, words: &[Value], is_public: bool) -> CommandResult {
    let definition = current(interp)?;
    for name in words.iter().skip(1) {
        let name = name.str();
        definition.with_methods(|methods| {
            let mut methods = methods.borrow_mut();
            let method = methods
                .entry((&*name).into())
                .or_insert_with(|| definition.new_method(&name, Body::None));
            method.is_public.set(is_public);
        });
    }
    definition.changed();
    done_empty()
}

/// The commands for classes want one to be defined.
fn require_class(interp: &Interp) -> Result<(), Box<Exception>> {
    if current(interp)?.is_class {
        return Ok(());
    }
    Err(monkey_business("attempt to misuse API"))
}

fn class_deletemethod(interp: &mut Interp, words: &[Value]) -> CommandResult {
    require_class(interp)?;
    deletemethod(interp, words)
}

fn class_export(interp: &mut Interp, words: &[Value]) -> CommandResult {
    require_class(interp)?;
    export(interp, words)
}

fn class_forward(interp: &mut Interp, words: &[Value]) -> CommandResult {
    require_class(interp)?;
    forward(interp, words)
}

fn class_method(interp: &mut Interp, words: &[Value]) -> CommandResult {
    require_class(interp)?;
    method(interp, words)
}

fn class_renamemethod(interp: &mut Interp, words: &[Value]) -> CommandResult {
    require_class(interp)?;
    renamemethod(interp, words)
}

fn class_unexport(interp: &mut Interp, words: &[Value]) -> CommandResult {
    require_class(interp)?;
    unexport(interp, words)
}

fn missing(name: &str) -> Box<Exception> {
    no_method(format!("method {name} does not exist"), name)
}

fn deletemethod(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let definition = current(interp)?;
    for name in words.iter().skip(1) {
        let name = name.str();
        let removed = definition.with_methods(|methods| methods.borrow_mut().remove(&*name));
        definition.changed();
        if removed.is_none() {
            return Err(missing(&name));
        }
    }
    done_empty()
}

fn renamemethod(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let definition = current(interp)?;
    let (old, new) = (words[1].str(), words[2].str());
    definition.with_methods(|methods| {
        let mut methods = methods.borrow_mut();
        let Some(method) = methods.get(&*old).cloned() else {
            return Err(missing(&old));
        };
        if *old == *new {
            return Err(Exception::with_code(
                "cannot rename method to itself",
                ["TCL", "OO", "RENAME_TO_SELF"],
            ));
        }
        if methods.contains_key(&*new) {
            return Err(Exception::with_code(
                format!("method called {} already exists", &*new),
                ["TCL", "OO", "RENAME_OVER"],
            ));
        }
        methods.remove(&*old);
        methods.insert((&*new).into(), method.copy(&new, &definition.object));
        Ok(())
    })?;
    definition.changed();
    done_empty()
}

fn class(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let definition = current(interp)?;
    let object = &definition.object;
    let registry = interp.data::<Registry>();
    let is_it = |other: Option<Rc<Object>>| other.is_some_and(|other| Rc::ptr_eq(&other, object));
    if is_it(registry.root()) {
        return Err(monkey_business(
            "may not modify the class of the root object class",
        ));
    }
    if is_it(registry.metaclass()) {
        return Err(monkey_business(
            "may not modify the class of the class of classes",
        ));
    }
    let class = find_outside(interp, &words[1])?;
    if Rc::ptr_eq(&class, object) {
        return Err(monkey_business(
            "may not change classes into an instance of themselves",
        ));
    }
    let Some(part) = class.class_part() else {
        let message = "the class of an object must be a class".to_owned();
        return Err(no_class(message, &words[1]));
    };
    if let Some(old) = object.class().class_part() {
        object::forget(&old.instances, object);
    }
    part.instances.borrow_mut().push(Rc::downgrade(object));
    *object.class.borrow_mut() = Some(class.clone());
    let becomes_class = registry
        .metaclass()
        .is_some_and(|metaclass| is_reachable(&metaclass, &class));
    if becomes_class && object.class_part().is_none() {
        object::make_class(interp, object);
    } else if !becomes_class && object.class_part().is_some() {
        object::unmake_class(interp, object);
    }
    object.class_changed();
    object.changed();
    done_empty()
}
