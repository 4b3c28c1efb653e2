//! `info object` and `info class`.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use super::call::chain_description;
use super::chain::{self, Kind};
use super::method::{Body, Method, no_method};
use super::object::{self, Class, Methods, Object, is_reachable, living, no_class};
use super::registry::Registry;
use crate::commands::{option, option_exact};
use crate::runtime::ensemble::{Match, match_name, unknown_subcommand};
use crate::runtime::procedure::Procedure;
use crate::runtime::{CommandResult, Exception, Interp, done, done_empty};
use crate::text::glob::glob_match;
use crate::value::Value;

/// A subcommand: name, usage, fewest and most words after the name, function.
struct Row(
    &'static str,
    &'static str,
    usize,
    usize,
    fn(&mut Interp, &Rc<Object>, &[Value]) -> CommandResult,
);

const CLASS_ROWS: &[Row] = &[
    Row("call", "className methodName", 2, 2, class_call),
    Row("constructor", "className", 1, 1, class_constructor),
    Row("definition", "className methodName", 2, 2, class_definition),
    Row("destructor", "className", 1, 1, class_destructor),
    Row("filters", "className", 1, 1, class_filters),
    Row("forward", "className methodName", 2, 2, class_forward),
    Row("instances", "className ?pattern?", 1, 2, class_instances),
    Row(
        "methods",
        "className ?-option value ...?",
        1,
        usize::MAX,
        class_methods,
    ),
    Row("methodtype", "className methodName", 2, 2, class_methodtype),
    Row("mixins", "className", 1, 1, class_mixins),
    Row("subclasses", "className ?pattern?", 1, 2, class_subclasses),
    Row("superclasses", "className", 1, 1, class_superclasses),
    Row("variables", "className", 1, 1, class_variables),
];

const OBJECT_ROWS: &[Row] = &[
    Row("call", "objName methodName", 2, 2, object_call),
    Row("class", "objName ?className?", 1, 2, object_class),
    Row("definition", "objName methodName", 2, 2, object_definition),
    Row("filters", "objName", 1, 1, object_filters),
    Row("forward", "objName methodName", 2, 2, object_forward),
    Row(
        "isa",
        "category objName ?arg ...?",
        2,
        usize::MAX,
        object_class,
    ),
    Row(
        "methods",
        "objName ?-option value ...?",
        1,
        usize::MAX,
        object_methods,
    ),
    Row("methodtype", "objName methodName", 2, 2, object_methodtype),
    Row("mixins", "objName", 1, 1, object_mixins),
    Row("namespace", "objName", 1, 1, object_namespace),
    Row("variables", "objName", 1, 1, object_variables),
    Row("vars", "objName ?pattern?", 1, 2, object_vars),
];

const CATEGORIES: &[&str] = &["class", "metaclass", "mixin", "object", "typeof"];

/// The row that the words call, checked for their number.
fn row(rows: &'static [Row], words: &[Value]) -> Result<&'static Row, Box<Exception>> {
    let names: Vec<&str> = rows.iter().map(|row| row.0).collect();
    let text = words[1].str();
    let found = match match_name(&text, &names, true) {
        Match::Found(name) => rows.iter().find(|row| row.0 == name),
        Match::Unknown => None,
    };
    let Some(row) = found else {
        return Err(unknown_subcommand(&text, &names, true));
    };
    let count = words.len() - 2;
    if count < row.2 || count > row.3 {
        return Err(Exception::wrong_args(&format!(
            "info {} {} {}",
            words[0], row.0, row.1
        )));
    }
    Ok(row)
}

/// `info class`
pub(crate) fn info_class(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let row = row(CLASS_ROWS, words)?;
    let object = find_class(interp, &words[2])?;
    (row.4)(interp, &object, &words[3..])
}

/// `info object`
pub(crate) fn info_object(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let row = row(OBJECT_ROWS, words)?;
    if row.0 == "isa" {
        return isa(interp, &words[2..]);
    }
    let object = object::find(interp, &words[2])?;
    (row.4)(interp, &object, &words[3..])
}

fn find_class(interp: &mut Interp, name: &Value) -> Result<Rc<Object>, Box<Exception>> {
    let object = object::find(interp, name)?;
    if object.class_part().is_none() {
        return Err(no_class(format!("\"{name}\" is not a class"), name));
    }
    Ok(object)
}

fn isa(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let category = CATEGORIES
        .get(option(&words[0], CATEGORIES, "category")?)
        .copied()
        .unwrap_or_default();
    let takes_class = matches!(category, "mixin" | "typeof");
    if words.len() != 2 + usize::from(takes_class) {
        let class = if takes_class { " className" } else { "" };
        return Err(Exception::wrong_args(&format!(
            "info object isa {category} objName{class}"
        )));
    }
    let Ok(object) = object::find(interp, &words[1]) else {
        return done(false);
    };
    let class = match words.get(2) {
        None => None,
        Some(name) => match object::find(interp, name) {
            Ok(class) => Some(class),
            Err(_) => return done(false),
        },
    };
    let is = match (category, class) {
        ("mixin", Some(class)) => object
            .mixins
            .borrow()
            .iter()
            .any(|mixin| Rc::ptr_eq(mixin, &class)),
        ("typeof", Some(class)) => object.is_a(&class),
        ("class", _) => object.class_part().is_some(),
        ("metaclass", _) => {
            object.class_part().is_some()
                && interp
                    .data::<Registry>()
                    .metaclass()
                    .is_some_and(|metaclass| is_reachable(&metaclass, &object))
        }
        _ => true,
    };
    done(is)
}

fn part(object: &Rc<Object>) -> Rc<Class> {
    object.class_part().unwrap_or_default()
}

fn names(objects: &[Rc<Object>]) -> CommandResult {
    done(Value::list(
        objects.iter().map(|object| object.name_value()).collect(),
    ))
}

fn matching(objects: &[Rc<Object>], pattern: Option<&Value>) -> CommandResult {
    let names = objects.iter().map(|object| object.name());
    let kept =
        names.filter(|name| pattern.is_none_or(|pattern| glob_match(&pattern.str(), name, false)));
    done(Value::list(kept.map(Value::string).collect()))
}

fn texts(list: &[Rc<str>]) -> CommandResult {
    done(Value::list(
        list.iter().map(|name| Value::text(name)).collect(),
    ))
}

fn class_call(_interp: &mut Interp, object: &Rc<Object>, words: &[Value]) -> CommandResult {
    match chain::of_class(object, &words[0].str()) {
        Some(chain) => done(chain_description(&chain)),
        None => Err(Exception::with_code(
            "cannot construct any call chain",
            ["TCL", "OO", "BAD_CALL_CHAIN"],
        )),
    }
}

fn object_call(_interp: &mut Interp, object: &Rc<Object>, words: &[Value]) -> CommandResult {
    match chain::find(object, &words[0].str(), Kind::Public) {
        Some(chain) => done(chain_description(&chain)),
        None => Err(Exception::with_code(
            "cannot construct any call chain",
            ["TCL", "OO", "BAD_CALL_CHAIN"],
        )),
    }
}

/// Parameters as `info object definition` lists them, and the body.
fn definition_parts(procedure: &Procedure) -> Value {
    let parameter = |parameter: &crate::runtime::procedure::Parameter| {
        let mut fields = vec![parameter.name.clone()];
        fields.extend(parameter.default.clone());
        Value::list(fields)
    };
    Value::list(vec![
        Value::list(procedure.parameters.iter().map(parameter).collect()),
        procedure.body.clone(),
    ])
}

fn class_constructor(_interp: &mut Interp, object: &Rc<Object>, _words: &[Value]) -> CommandResult {
    let method = part(object).constructor.borrow().clone();
    special(method, definition_parts)
}

fn class_destructor(_interp: &mut Interp, object: &Rc<Object>, _words: &[Value]) -> CommandResult {
    let method = part(object).destructor.borrow().clone();
    special(method, |procedure| procedure.body.clone())
}

fn special(method: Option<Rc<Method>>, show: fn(&Procedure) -> Value) -> CommandResult {
    match method.as_ref().map(|method| &method.body) {
        None => done_empty(),
        Some(Body::Procedure(procedure)) => done(show(procedure)),
        Some(_) => Err(Exception::with_code(
            "definition not available for this kind of method",
            ["TCL", "OO", "METHOD_TYPE"],
        )),
    }
}

fn find_method(methods: &Methods, name: &Value) -> Result<Rc<Method>, Box<Exception>> {
    let text = name.str();
    methods
        .borrow()
        .get(&*text)
        .cloned()
        .ok_or_else(|| no_method(format!("unknown method \"{}\"", &*text), &text))
}

/// Which body of an object or class is asked for.
pub(crate) enum Wanted<'a> {
    Constructor,
    Destructor,
    /// Of a class.
    Method(&'a Value),
    /// Of an object itself.
    ObjectMethod(&'a Value),
}

/// The body of a method of the object or class `name`.
///
/// Errors: no such object, class or method, or one that is not defined by a script.
pub(crate) fn body_of(
    interp: &mut Interp,
    name: &Value,
    wanted: &Wanted<'_>,
) -> Result<Rc<Procedure>, Box<Exception>> {
    let failed = |message: String, word| {
        Exception::with_code(message, ["TCL", "OPERATION", "DISASSEMBLE", word])
    };
    // tclsh misspells both words.
    let special = |method: Option<Rc<Method>>, kind, word| {
        method.ok_or_else(|| failed(format!("\"{name}\" has no defined {kind}"), word))
    };
    let (method, kind) = match wanted {
        Wanted::Constructor => {
            let method = part(&find_class(interp, name)?)
                .constructor
                .borrow()
                .clone();
            let kind = "constructor";
            (special(method, kind, "CONSRUCTOR")?, kind)
        }
        Wanted::Destructor => {
            let method = part(&find_class(interp, name)?).destructor.borrow().clone();
            let kind = "destructor";
            (special(method, kind, "DESRUCTOR")?, kind)
        }
        Wanted::Method(method) => {
            let class = part(&find_class(interp, name)?);
            (find_method(&class.methods, method)?, "method")
        }
        Wanted::ObjectMethod(method) => {
            let object = object::find(interp, name)?;
            (find_method(&object.methods, method)?, "method")
        }
    };
    match &method.body {
        Body::Procedure(procedure) => Ok(procedure.clone()),
        _ => Err(failed(
            format!("body not available for this kind of {kind}"),
            "METHODTYPE",
        )),
    }
}

fn definition(methods: &Methods, name: &Value) -> CommandResult {
    match &find_method(methods, name)?.body {
        Body::Procedure(procedure) => done(definition_parts(procedure)),
        _ => Err(no_method(
            "definition not available for this kind of method".to_owned(),
            &name.str(),
        )),
    }
}

fn forward(methods: &Methods, name: &Value) -> CommandResult {
    match &find_method(methods, name)?.body {
        Body::Forward(prefix) => done(prefix.clone()),
        _ => Err(no_method(
            "prefix argument list not available for this kind of method".to_owned(),
            &name.str(),
        )),
    }
}

fn methodtype(methods: &Methods, name: &Value) -> CommandResult {
    let method = find_method(methods, name)?;
    if matches!(method.body, Body::None) {
        let text = name.str();
        return Err(no_method(format!("unknown method \"{}\"", &*text), &text));
    }
    done(method.type_name())
}

fn class_definition(_: &mut Interp, object: &Rc<Object>, words: &[Value]) -> CommandResult {
    definition(&part(object).methods, &words[0])
}

fn object_definition(_: &mut Interp, object: &Rc<Object>, words: &[Value]) -> CommandResult {
    definition(&object.methods, &words[0])
}

fn class_forward(_: &mut Interp, object: &Rc<Object>, words: &[Value]) -> CommandResult {
    forward(&part(object).methods, &words[0])
}

fn object_forward(_: &mut Interp, object: &Rc<Object>, words: &[Value]) -> CommandResult {
    forward(&object.methods, &words[0])
}

fn class_methodtype(_: &mut Interp, object: &Rc<Object>, words: &[Value]) -> CommandResult {
    methodtype(&part(object).methods, &words[0])
}

fn object_methodtype(_: &mut Interp, object: &Rc<Object>, words: &[Value]) -> CommandResult {
    methodtype(&object.methods, &words[0])
}

fn class_filters(_: &mut Interp, object: &Rc<Object>, _words: &[Value]) -> CommandResult {
    done(Value::list(part(object).filters.borrow().clone()))
}

fn object_filters(_: &mut Interp, object: &Rc<Object>, _words: &[Value]) -> CommandResult {
    done(Value::list(object.filters.borrow().clone()))
}

fn class_instances(_: &mut Interp, object: &Rc<Object>, words: &[Value]) -> CommandResult {
    matching(&living(&part(object).instances), words.first())
}

fn class_subclasses(_: &mut Interp, object: &Rc<Object>, words: &[Value]) -> CommandResult {
    let class = part(object);
    let mut found = living(&class.subclasses);
    let users = living(&class.users).into_iter().filter(|user| {
        user.class_part().is_some_and(|part| {
            let mixins = part.mixins.borrow();
            mixins.iter().any(|mixin| Rc::ptr_eq(mixin, object))
        })
    });
    found.extend(users);
    matching(&found, words.first())
}

fn class_superclasses(_: &mut Interp, object: &Rc<Object>, _words: &[Value]) -> CommandResult {
    names(&part(object).superclasses.borrow())
}

fn class_mixins(_: &mut Interp, object: &Rc<Object>, _words: &[Value]) -> CommandResult {
    names(&part(object).mixins.borrow())
}

fn object_mixins(_: &mut Interp, object: &Rc<Object>, _words: &[Value]) -> CommandResult {
    names(&object.mixins.borrow())
}

fn class_variables(_: &mut Interp, object: &Rc<Object>, _words: &[Value]) -> CommandResult {
    texts(&part(object).variables.borrow())
}

fn object_variables(_: &mut Interp, object: &Rc<Object>, _words: &[Value]) -> CommandResult {
    texts(&object.variables.borrow())
}

fn object_namespace(_: &mut Interp, object: &Rc<Object>, _words: &[Value]) -> CommandResult {
    done(object.namespace.full_name())
}

fn object_class(interp: &mut Interp, object: &Rc<Object>, words: &[Value]) -> CommandResult {
    match words.first() {
        None => done(object.class().name_value()),
        Some(name) => {
            let class = find_class(interp, name)?;
            done(object.is_a(&class))
        }
    }
}

fn object_vars(_: &mut Interp, object: &Rc<Object>, words: &[Value]) -> CommandResult {
    let variables = object.namespace.variables.borrow();
    let names = variables
        .iter()
        .filter(|(_, cell)| cell.is_set())
        .map(|(name, _)| name)
        .filter(|name| {
            words
                .first()
                .is_none_or(|pattern| glob_match(&pattern.str(), name, false))
        });
    done(Value::list(names.map(|name| Value::text(name)).collect()))
}

const METHODS_OPTIONS: &[&str] = &["-all", "-localprivate", "-private"];

/// What the options of `info … methods` ask for: whether also inherited ones, and whether also those not exported.
fn methods_options(words: &[Value]) -> Result<(bool, bool), Box<Exception>> {
    let (mut wants_all, mut wants_private) = (false, false);
    for word in words {
        match option_exact(word, METHODS_OPTIONS, "option")? {
            0 => wants_all = true,
            _ => wants_private = true,
        }
    }
    Ok((wants_all, wants_private))
}

/// The methods defined right here.
fn own_methods(methods: &Methods, wants_private: bool) -> CommandResult {
    let methods = methods.borrow();
    let found = methods.iter().filter(|(_, method)| {
        !matches!(method.body, Body::None) && (wants_private || method.is_public.get())
    });
    done(Value::list(
        found.map(|(name, _)| Value::text(name)).collect(),
    ))
}

fn class_methods(_: &mut Interp, object: &Rc<Object>, words: &[Value]) -> CommandResult {
    let (wants_all, wants_private) = methods_options(words)?;
    if !wants_all {
        return own_methods(&part(object).methods, wants_private);
    }
    let mut found = Names::new();
    collect(object, !wants_private, &mut HashSet::new(), &mut found);
    done(name_list(&found))
}

fn object_methods(_: &mut Interp, object: &Rc<Object>, words: &[Value]) -> CommandResult {
    let (wants_all, wants_private) = methods_options(words)?;
    if !wants_all {
        return own_methods(&object.methods, wants_private);
    }
    let names = visible_methods(object, !wants_private);
    done(Value::list(names.into_iter().map(Value::string).collect()))
}

/// Names of methods: whether they are visible and whether there is more than a note about their visibility.
type Names = BTreeMap<Rc<str>, (bool, bool)>;

fn name_list(names: &Names) -> Value {
    let shown = names.iter().filter(|(_, state)| state.0 && state.1);
    Value::list(shown.map(|(name, _)| Value::text(name)).collect())
}

/// The names that a caller can call, sorted.
pub(super) fn visible_methods(object: &Rc<Object>, is_public: bool) -> Vec<String> {
    let mut found = Names::new();
    add_names(&object.methods, is_public, &mut found);
    let mut seen = HashSet::new();
    collect(&object.class(), is_public, &mut seen, &mut found);
    let mixins = object.mixins.borrow().clone();
    for mixin in &mixins {
        collect(mixin, is_public, &mut seen, &mut found);
    }
    let shown = found.iter().filter(|(_, state)| state.0 && state.1);
    shown.map(|(name, _)| name.to_string()).collect()
}

fn add_names(methods: &Methods, is_public: bool, found: &mut Names) {
    for (name, method) in methods.borrow().iter() {
        let has_body = !matches!(method.body, Body::None);
        let state = found
            .entry(name.clone())
            .or_insert_with(|| (!is_public || method.is_public.get(), false));
        state.1 |= has_body;
    }
}

/// The names of a class, of what it mixes in and inherits.
fn collect(
    class: &Rc<Object>,
    is_public: bool,
    seen: &mut HashSet<*const Object>,
    found: &mut Names,
) {
    enum Step {
        Enter(Rc<Object>),
        Own(Rc<Object>),
    }
    let mut steps = vec![Step::Enter(class.clone())];
    while let Some(step) = steps.pop() {
        match step {
            Step::Enter(object) => {
                if !seen.insert(Rc::as_ptr(&object)) {
                    continue;
                }
                let mixins = part(&object).mixins.borrow().clone();
                steps.push(Step::Own(object));
                steps.extend(mixins.into_iter().rev().map(Step::Enter));
            }
            Step::Own(object) => {
                let class = part(&object);
                add_names(&class.methods, is_public, found);
                let superclasses = class.superclasses.borrow().clone();
                steps.extend(superclasses.into_iter().rev().map(Step::Enter));
            }
        }
    }
}
