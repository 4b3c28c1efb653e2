//! Slots: the definition commands that hold a list (`superclass`, `mixin`, `filter`, `variable`) are objects of `oo::Slot`,
//! with methods that set the list, append to it and clear it.

use std::rc::Rc;

use super::call::Invocation;
use super::chain::UNKNOWN;
use super::core::row;
use super::define::{self, Definition};
use super::method::{Body, Method, NativeMethod};
use super::object::{self, Object, is_reachable, no_class};
use super::{add_methods, make_named};
use crate::runtime::{CommandResult, Exception, Interp, Next, done, done_empty};
use crate::value::Value;

const SLOT_METHODS: &[NativeMethod] = &[
    row("Get", false, unimplemented),
    row("Set", false, unimplemented),
    row("-append", true, append),
    row("-clear", true, clear),
    row("-set", true, set),
    row("--default-operation", false, append),
    row("unknown", false, unknown),
];

/// What a slot has of its own.
struct Slot {
    names: &'static [&'static str],
    get: NativeMethod,
    set: NativeMethod,
    /// Whether a list given without an operation replaces the old one.
    replaces: bool,
}

static SLOTS: &[Slot] = &[
    Slot {
        names: &["::oo::define::filter", "::oo::objdefine::filter"],
        get: row("Get", false, filter_get),
        set: row("Set", false, filter_set),
        replaces: false,
    },
    Slot {
        names: &["::oo::define::mixin", "::oo::objdefine::mixin"],
        get: row("Get", false, mixin_get),
        set: row("Set", false, mixin_set),
        replaces: true,
    },
    Slot {
        names: &["::oo::define::superclass"],
        get: row("Get", false, superclass_get),
        set: row("Set", false, superclass_set),
        replaces: true,
    },
    Slot {
        names: &["::oo::define::variable", "::oo::objdefine::variable"],
        get: row("Get", false, variable_get),
        set: row("Set", false, variable_set),
        replaces: false,
    },
];

static REPLACE: NativeMethod = row("--default-operation", false, set);

/// Makes `oo::Slot` and its objects.
pub(super) fn prepare(interp: &mut Interp, metaclass: &Rc<Object>) {
    let Some(class) = make_named(interp, metaclass, "::oo::Slot") else {
        return;
    };
    add_methods(&class, SLOT_METHODS);
    if let Some(part) = class.class_part() {
        let hidden = Method::new("destroy", Body::None, &class, true);
        hidden.is_public.set(false);
        part.methods.borrow_mut().insert("destroy".into(), hidden);
    }
    for slot in SLOTS {
        for name in slot.names {
            let Some(object) = make_named(interp, &class, name) else {
                continue;
            };
            let own = [Some(&slot.get), Some(&slot.set), Some(&REPLACE)];
            for row in own.into_iter().flatten() {
                if slot.replaces || row.name != REPLACE.name {
                    let method = Method::new(row.name, Body::Native(row), &object, false);
                    method.is_public.set(row.is_public);
                    object.methods.borrow_mut().insert(row.name.into(), method);
                }
            }
        }
    }
}

/// Calls a method of the slot from the definition that uses it.
fn call_own(interp: &mut Interp, call: &Invocation, words: Vec<Value>) -> CommandResult {
    let own = format!("{}::my", call.object.namespace.full_name());
    let mut all = vec![Value::string(own)];
    all.extend(words);
    interp.tail_words(all)
}

fn unimplemented(_interp: &mut Interp, _call: &Rc<Invocation>, _words: &[Value]) -> CommandResult {
    Err(Exception::error("unimplemented"))
}

fn set(interp: &mut Interp, call: &Rc<Invocation>, words: &[Value]) -> CommandResult {
    let list = Value::list(call.arguments(words).to_vec());
    call_own(interp, call, vec![Value::text("Set"), list])
}

fn clear(interp: &mut Interp, call: &Rc<Invocation>, words: &[Value]) -> CommandResult {
    if !call.arguments(words).is_empty() {
        return Err(call.usage(words, ""));
    }
    call_own(interp, call, vec![Value::text("Set"), Value::EMPTY])
}

fn append(interp: &mut Interp, call: &Rc<Invocation>, words: &[Value]) -> CommandResult {
    let added = call.arguments(words).to_vec();
    let own = call.clone();
    interp.push_then(move |interp, outcome| {
        let mut list = outcome?.to_list()?.elements().to_vec();
        list.extend(added);
        call_own(interp, &own, vec![Value::text("Set"), Value::list(list)])
    });
    match call_own(interp, call, vec![Value::text("Get")]) {
        Err(exception) => Ok(Next::Deliver(Err(exception))),
        next => next,
    }
}

fn unknown(interp: &mut Interp, call: &Rc<Invocation>, words: &[Value]) -> CommandResult {
    let arguments = call.arguments(words);
    let is_operation = arguments
        .first()
        .is_some_and(|word| word.str().starts_with('-'));
    if is_operation {
        let native = super::core::OBJECT_METHODS
            .iter()
            .find(|row| row.name == UNKNOWN);
        return match native {
            Some(row) => (row.run)(interp, call, words),
            None => done_empty(),
        };
    }
    let mut all = vec![Value::text("--default-operation")];
    all.extend_from_slice(arguments);
    call_own(interp, call, all)
}

/// The one argument of `Set`, as a list.
fn given(call: &Invocation, words: &[Value], usage: &str) -> Result<Vec<Value>, Box<Exception>> {
    match call.arguments(words) {
        [list] => Ok(list.to_list()?.elements().to_vec()),
        _ => Err(call.usage(words, usage)),
    }
}

fn names(objects: &[Rc<Object>]) -> Value {
    Value::list(objects.iter().map(|object| object.name_value()).collect())
}

fn filter_get(interp: &mut Interp, _call: &Rc<Invocation>, _words: &[Value]) -> CommandResult {
    let definition = define::current(interp)?;
    let list = match definition.class_part() {
        Some(class) => class.filters.borrow().clone(),
        None => definition.object.filters.borrow().clone(),
    };
    done(Value::list(list))
}

fn filter_set(interp: &mut Interp, call: &Rc<Invocation>, words: &[Value]) -> CommandResult {
    let definition = define::current(interp)?;
    let list = given(call, words, "filterList")?;
    match definition.class_part() {
        Some(class) => *class.filters.borrow_mut() = list,
        None => *definition.object.filters.borrow_mut() = list,
    }
    definition.changed();
    done_empty()
}

fn mixin_get(interp: &mut Interp, _call: &Rc<Invocation>, _words: &[Value]) -> CommandResult {
    let definition = define::current(interp)?;
    let list = match definition.class_part() {
        Some(class) => class.mixins.borrow().clone(),
        None => definition.object.mixins.borrow().clone(),
    };
    done(names(&list))
}

fn mixin_set(interp: &mut Interp, call: &Rc<Invocation>, words: &[Value]) -> CommandResult {
    let definition = define::current(interp)?;
    let mut mixins: Vec<Rc<Object>> = Vec::new();
    for name in given(call, words, "mixinList")? {
        let class = define::find_outside(interp, &name)?;
        if class.class_part().is_none() {
            return Err(no_class("may only mix in classes".to_owned(), &name));
        }
        if definition.is_class && is_reachable(&definition.object, &class) {
            return Err(Exception::with_code(
                "may not mix a class into itself",
                ["TCL", "OO", "SELF_MIXIN"],
            ));
        }
        if mixins.iter().any(|known| Rc::ptr_eq(known, &class)) {
            return Err(Exception::with_code(
                "class should only be a direct mixin once",
                ["TCL", "OO", "REPETITIOUS"],
            ));
        }
        mixins.push(class);
    }
    object::set_mixins(&definition.object, mixins, definition.is_class);
    done_empty()
}

fn superclass_get(interp: &mut Interp, _call: &Rc<Invocation>, _words: &[Value]) -> CommandResult {
    let definition = define::current(interp)?;
    let list = definition
        .class_part()
        .map(|class| class.superclasses.borrow().clone());
    done(names(&list.unwrap_or_default()))
}

fn superclass_set(interp: &mut Interp, call: &Rc<Invocation>, words: &[Value]) -> CommandResult {
    let definition = define::current(interp)?;
    if !definition.is_class {
        return Err(define::monkey_business("attempt to misuse API"));
    }
    let registry = interp.data::<super::registry::Registry>();
    let root = registry.root();
    let is_root = |object: &Rc<Object>| root.as_ref().is_some_and(|root| Rc::ptr_eq(root, object));
    if is_root(&definition.object) {
        return Err(define::monkey_business(
            "may not modify the superclass of the root object",
        ));
    }
    let mut superclasses: Vec<Rc<Object>> = Vec::new();
    for name in given(call, words, "superclassList")? {
        let class = define::find_outside(interp, &name)?;
        if class.class_part().is_none() {
            return Err(no_class(
                "only a class can be a superclass".to_owned(),
                &name,
            ));
        }
        if superclasses.iter().any(|known| Rc::ptr_eq(known, &class)) {
            return Err(Exception::with_code(
                "class should only be a direct superclass once",
                ["TCL", "OO", "REPETITIOUS"],
            ));
        }
        if is_reachable(&definition.object, &class) {
            return Err(Exception::with_code(
                "attempt to form circular dependency graph",
                ["TCL", "OO", "CIRCULARITY"],
            ));
        }
        superclasses.push(class);
    }
    if superclasses.is_empty() {
        let metaclass = registry.metaclass();
        let is_metaclass = metaclass
            .as_ref()
            .is_some_and(|metaclass| is_reachable(metaclass, &definition.object.class()));
        let is_metaclass = is_metaclass
            && metaclass
                .as_ref()
                .is_some_and(|metaclass| is_reachable(metaclass, &definition.object));
        superclasses.extend(if is_metaclass { metaclass } else { root });
    }
    object::set_superclasses(&definition.object, superclasses);
    done_empty()
}

fn variable_get(interp: &mut Interp, _call: &Rc<Invocation>, _words: &[Value]) -> CommandResult {
    let definition = define::current(interp)?;
    let list = match definition.class_part() {
        Some(class) => class.variables.borrow().clone(),
        None => definition.object.variables.borrow().clone(),
    };
    done(Value::list(
        list.iter().map(|name| Value::text(name)).collect(),
    ))
}

fn variable_set(interp: &mut Interp, call: &Rc<Invocation>, words: &[Value]) -> CommandResult {
    let definition: Rc<Definition> = define::current(interp)?;
    let mut names: Vec<Rc<str>> = Vec::new();
    for name in given(call, words, "filterList")? {
        let text = name.str();
        let reason = if text.contains("::") {
            "not contain namespace separators"
        } else if crate::compile::split_element(&text).is_some() {
            "not refer to an array element"
        } else {
            if !names.iter().any(|known| **known == *text) {
                names.push((&*text).into());
            }
            continue;
        };
        return Err(Exception::with_code(
            format!(
                "invalid declared variable name \"{}\": must {reason}",
                &*text
            ),
            ["TCL", "OO", "BAD_DECLVAR"],
        ));
    }
    match definition.class_part() {
        Some(class) => *class.variables.borrow_mut() = names,
        None => *definition.object.variables.borrow_mut() = names,
    }
    done_empty()
}
