//! The methods of `oo::object` and `oo::class`.

use std::rc::Rc;

use super::call::{self, Invocation};
use super::chain::{self, Kind};
use super::info::visible_methods;
use super::method::{NativeMethod, no_method};
use super::object::{self, Object, Place};
use crate::runtime::command::CommandKind;
use crate::runtime::procedure::Procedure;
use crate::runtime::{
    CommandResult, Context, Exception, Interp, Next, ScriptLabel, done, done_empty,
};
use crate::value::{Repr, Value};

pub(super) const OBJECT_METHODS: &[NativeMethod] = &[
    row("destroy", true, destroy),
    row("eval", false, eval),
    row("unknown", false, unknown),
    row("variable", false, variable),
    row("varname", false, varname),
    row("<cloned>", false, cloned),
];

pub(super) const CLASS_METHODS: &[NativeMethod] = &[
    row("create", true, create),
    row("new", true, new),
    row("createWithNamespace", false, create_with_namespace),
];

pub(super) static CLASS_CONSTRUCTOR: NativeMethod = row("<constructor>", true, class_constructor);

type Run = fn(&mut Interp, &Rc<Invocation>, &[Value]) -> CommandResult;

pub(super) const fn row(name: &'static str, is_public: bool, run: Run) -> NativeMethod {
    NativeMethod {
        name,
        is_public,
        run,
    }
}

fn destroy(interp: &mut Interp, call: &Rc<Invocation>, words: &[Value]) -> CommandResult {
    if !call.arguments(words).is_empty() {
        return Err(call.usage(words, ""));
    }
    let object = call.object.clone();
    match object::start_destructor(&object) {
        None => object::destroyed(interp, &object, Ok(Value::EMPTY)),
        Some(destructor) => {
            interp.push_then(move |interp, outcome| object::destroyed(interp, &object, outcome));
            deliver(call::invoke(interp, destructor, &[]))
        }
    }
}

/// What a command gives after it has pushed a continuation of its own.
fn deliver(result: CommandResult) -> CommandResult {
    match result {
        Ok(Next::Done(value)) => Ok(Next::Deliver(Ok(value))),
        Err(exception) => Ok(Next::Deliver(Err(exception))),
        next => next,
    }
}

fn eval(interp: &mut Interp, call: &Rc<Invocation>, words: &[Value]) -> CommandResult {
    let script = match call.arguments(words) {
        [] => return Err(call.usage(words, "arg ?arg ...?")),
        [script] => script.clone(),
        parts => Value::string(
            parts
                .iter()
                .map(|part| part.to_text().trim().to_owned())
                .collect::<Vec<_>>()
                .join(" "),
        ),
    };
    let name = if call.chain.is_for_public() {
        call.object.name()
    } else {
        "my".to_owned()
    };
    let label = format!("in \"{name} eval\" script");
    let namespace = call.object.namespace.clone();
    interp.push_script(
        &script,
        Context::Role(namespace, call.clone()),
        ScriptLabel::Made(label),
    )
}

fn unknown(_interp: &mut Interp, call: &Rc<Invocation>, words: &[Value]) -> CommandResult {
    let Some(name) = call.arguments(words).first() else {
        let shown = words.get(..call.skip).unwrap_or_default();
        let text = crate::value::list::list_text(shown.iter());
        return Err(Exception::wrong_args(&format!("{text} method ?arg ...?")));
    };
    let is_public = call.chain.is_for_public();
    let names = visible_methods(&call.object, is_public);
    let name = name.str();
    let Some((last, others)) = names.split_last() else {
        return Err(no_method(
            format!("object \"{}\" has no visible methods", call.object.name()),
            &name,
        ));
    };
    let mut message = format!("unknown method \"{}\": must be ", &*name);
    if !others.is_empty() {
        message.push_str(&others.join(", "));
        message.push_str(" or ");
    }
    message.push_str(last);
    Err(no_method(message, &name))
}

fn variable(interp: &mut Interp, call: &Rc<Invocation>, words: &[Value]) -> CommandResult {
    for name in call.arguments(words) {
        let text = name.str();
        if text.contains("::") {
            return Err(Exception::with_code(
                format!(
                    "variable name \"{}\" illegal: must not contain namespace separator",
                    &*text
                ),
                ["TCL", "UPVAR", "INVERTED"],
            ));
        }
        if crate::compile::split_element(&text).is_some() {
            return Err(Exception::with_code(
                format!(
                    "can't define \"{}\": name refers to an element in an array",
                    &*text
                ),
                ["TCL", "UPVAR", "LOCAL_ELEMENT"],
            ));
        }
        // Where the object's variables are visible anyway nothing is to be linked.
        let frame = interp.call_frame();
        let is_own = frame.unit().is_none() && Rc::ptr_eq(&frame.namespace, &call.object.namespace);
        if !is_own {
            interp.link_object_variable(&text, &call.object.namespace)?;
        }
    }
    done_empty()
}

fn varname(interp: &mut Interp, call: &Rc<Invocation>, words: &[Value]) -> CommandResult {
    let [name] = call.arguments(words) else {
        return Err(call.usage(words, "varName"));
    };
    let text = name.str();
    let namespace = &call.object.namespace;
    let (base, key) = crate::runtime::variable::split_key(&text);
    if text.starts_with("::") {
        return done(name.clone());
    }
    interp.make_namespace_variable_here(base, namespace)?;
    let full = format!("{}::{base}", namespace.full_name());
    match key {
        Some(key) => done(format!("{full}({key})")),
        None => done(full),
    }
}

/// Where a new object's arguments begin and where it goes.
struct Made<'a> {
    place: Place,
    words: &'a [Value],
    skip: usize,
}

/// Makes an object and calls its constructor.
fn construct(interp: &mut Interp, call: &Rc<Invocation>, made: Made<'_>) -> CommandResult {
    let class = &call.object;
    if class.class_part().is_none() {
        return Err(Exception::with_code(
            format!("object \"{}\" is not a class", class.name()),
            ["TCL", "OO", "INSTANTIATE_NONCLASS"],
        ));
    }
    let object = object::make(interp, class, &made.place)?;
    let Some(chain) = chain::find(&object, "", Kind::Constructor) else {
        return done(object.name_value());
    };
    let constructor = Invocation::first(&object, chain, made.skip);
    interp.push_then(move |interp, outcome| constructed(interp, &object, outcome));
    deliver(call::invoke(interp, constructor, made.words))
}

fn constructed(
    interp: &mut Interp,
    object: &Rc<Object>,
    outcome: crate::runtime::Outcome,
) -> CommandResult {
    match outcome {
        Err(exception) => object::discard(interp, object, exception).map(Next::Done),
        Ok(_) if object.is_deleted.get() => Err(Exception::with_code(
            "object deleted in constructor",
            ["TCL", "OO", "STILLBORN"],
        )),
        Ok(_) => done(object.name_value()),
    }
}

fn empty_name(what: &str) -> Box<Exception> {
    Exception::with_code(
        format!("{what} name must not be empty"),
        ["TCL", "OO", "EMPTY_NAME"],
    )
}

fn create(interp: &mut Interp, call: &Rc<Invocation>, words: &[Value]) -> CommandResult {
    let Some(name) = call.arguments(words).first() else {
        return Err(call.usage(words, "objectName ?arg ...?"));
    };
    if name.is_empty() {
        return Err(empty_name("object"));
    }
    let place = Place {
        name: Some(name.clone()),
        namespace: None,
    };
    let skip = call.skip + 1;
    construct(interp, call, Made { place, words, skip })
}

fn create_with_namespace(
    interp: &mut Interp,
    call: &Rc<Invocation>,
    words: &[Value],
) -> CommandResult {
    let [name, namespace, ..] = call.arguments(words) else {
        return Err(call.usage(words, "objectName namespaceName ?arg ...?"));
    };
    if name.is_empty() {
        return Err(empty_name("object"));
    }
    if namespace.is_empty() {
        return Err(empty_name("namespace"));
    }
    let place = Place {
        name: Some(name.clone()),
        namespace: Some(namespace.clone()),
    };
    let skip = call.skip + 2;
    construct(interp, call, Made { place, words, skip })
}

fn new(interp: &mut Interp, call: &Rc<Invocation>, words: &[Value]) -> CommandResult {
    let place = Place::default();
    let skip = call.skip;
    construct(interp, call, Made { place, words, skip })
}

fn class_constructor(interp: &mut Interp, call: &Rc<Invocation>, words: &[Value]) -> CommandResult {
    match call.arguments(words) {
        [] => done_empty(),
        [script] => interp.tail_words(vec![
            Value::text("::oo::define"),
            call.object.name_value(),
            script.clone(),
        ]),
        _ => Err(call.usage(words, "?definitionScript?")),
    }
}

/// What a copy does first: it gets the procedures and variables of the original's namespace.
fn cloned(interp: &mut Interp, call: &Rc<Invocation>, words: &[Value]) -> CommandResult {
    let [original] = call.arguments(words) else {
        return Err(call.usage(words, "originObject"));
    };
    let original = object::find(interp, original)?;
    let (from, to) = (&original.namespace, &call.object.namespace);
    let commands: Vec<_> = from.commands.borrow().values().cloned().collect();
    for command in commands {
        let procedure = match &*command.kind.borrow() {
            CommandKind::Procedure(procedure) => procedure.clone(),
            _ => continue,
        };
        let copy = Procedure::new(&procedure.parameter_list, &procedure.body, to, false)?;
        let name = command.name.borrow().clone();
        interp.put_command(to, &name, CommandKind::Procedure(Rc::new(copy)));
    }
    for (name, cell) in from.variables_now() {
        let content = cell.get();
        if let Repr::Array(array) = &content.0 {
            let elements: Vec<_> = array
                .elements
                .borrow()
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            for (key, value) in elements {
                let value = match &value.0 {
                    Repr::Link(cell) => cell.get(),
                    _ => value,
                };
                if !value.is_unset() {
                    let full = format!("{}::{name}", to.full_name());
                    interp.element_set(&Value::string(full), &key, value)?;
                }
            }
        } else if !content.is_unset() && !matches!(content.0, Repr::Link(_)) {
            let full = format!("{}::{name}", to.full_name());
            interp.variable_set(&Value::string(full), content)?;
        }
    }
    done_empty()
}
