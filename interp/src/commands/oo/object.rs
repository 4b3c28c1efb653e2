//! Objects and classes: what they hold, how they are found, made and deleted.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::{Rc, Weak};

use super::call::{self, Invocation};
use super::chain::{Chain, Kind};
use super::method::Method;
use super::registry::Registry;
use crate::runtime::command::{Command, CommandKind};
use crate::runtime::method::OWN_COMMAND;
use crate::runtime::namespace::split_name;
use crate::runtime::{CommandResult, Exception, Interp, Namespace, NativeCommand, Next, Outcome};
use crate::value::Value;

/// Methods by name.
pub(super) type Methods = RefCell<BTreeMap<Rc<str>, Rc<Method>>>;

/// Chains by what is called and its name.
pub(super) type ChainMap = HashMap<(Kind, Rc<str>), Rc<Chain>, foldhash::fast::RandomState>;

/// Chains by method name, for public callers and for others, with the epoch that they are of.
#[derive(Default)]
pub(super) struct ChainCache {
    pub epoch: Cell<u64>,
    pub chains: RefCell<ChainMap>,
}

/// An object.
pub(super) struct Object {
    /// Holds the object's variables and its `my`.
    pub namespace: Rc<Namespace>,
    /// The command that the object is known by.
    pub command: RefCell<Weak<Command>>,
    /// Its `my`, whatever that is called now.
    pub own_command: RefCell<Weak<Command>>,
    /// The class that it is an instance of; None for `::oo::class`, which is its own.
    pub class: RefCell<Option<Rc<Object>>>,
    pub mixins: RefCell<Vec<Rc<Object>>>,
    pub filters: RefCell<Vec<Value>>,
    pub methods: Methods,
    pub variables: RefCell<Vec<Rc<str>>>,
    /// What it is as a class; None for objects that are none.
    pub as_class: RefCell<Option<Rc<Class>>>,
    /// Whether the destructor has been called.
    pub is_destructed: Cell<bool>,
    /// Whether the destructor runs because the command is being deleted: what it deletes waits for it.
    pub is_ending: Cell<bool>,
    /// Whether what it held has been taken apart.
    pub is_deleted: Cell<bool>,
    /// Whether one of its filters runs, whose own calls are not filtered.
    pub is_filtering: Cell<bool>,
    pub cache: ChainCache,
    /// Moves when classes change, in all objects of the interpreter.
    pub epoch: Rc<Cell<u64>>,
}

/// What an object is as a class.
#[derive(Default)]
pub(super) struct Class {
    pub superclasses: RefCell<Vec<Rc<Object>>>,
    pub subclasses: RefCell<Vec<Weak<Object>>>,
    pub instances: RefCell<Vec<Weak<Object>>>,
    pub mixins: RefCell<Vec<Rc<Object>>>,
    /// The objects and classes that mix this class in.
    pub users: RefCell<Vec<Weak<Object>>>,
    pub filters: RefCell<Vec<Value>>,
    pub methods: Methods,
    pub constructor: RefCell<Option<Rc<Method>>>,
    pub destructor: RefCell<Option<Rc<Method>>>,
    pub variables: RefCell<Vec<Rc<str>>>,
    /// The chains of instances without methods, mixins and filters of their own.
    pub cache: ChainCache,
}

/// Takes `object` out of a list of weak references.
pub(super) fn forget(list: &RefCell<Vec<Weak<Object>>>, object: &Rc<Object>) {
    let mut list = list.borrow_mut();
    let at = list
        .iter()
        .rposition(|entry| entry.as_ptr() == Rc::as_ptr(object));
    if let Some(at) = at {
        list.remove(at);
    }
}

/// The living objects of a list.
pub(super) fn living(list: &RefCell<Vec<Weak<Object>>>) -> Vec<Rc<Object>> {
    let found: Vec<_> = list.borrow().iter().filter_map(Weak::upgrade).collect();
    found
        .into_iter()
        .filter(|object| !object.is_deleted.get())
        .collect()
}

impl Object {
    /// An object of a class, that no script knows: to ask what one would do.
    pub fn probe(class: &Rc<Object>) -> Object {
        Object {
            namespace: class.namespace.clone(),
            command: RefCell::default(),
            own_command: RefCell::default(),
            class: RefCell::new(Some(class.clone())),
            mixins: RefCell::default(),
            filters: RefCell::default(),
            methods: RefCell::default(),
            variables: RefCell::default(),
            as_class: RefCell::new(None),
            is_destructed: Cell::new(false),
            is_ending: Cell::new(false),
            is_deleted: Cell::new(false),
            is_filtering: Cell::new(false),
            cache: ChainCache::default(),
            epoch: class.epoch.clone(),
        }
    }

    /// The object's name: its command's.
    pub fn name(&self) -> String {
        self.command
            .borrow()
            .upgrade()
            .map_or_else(String::new, |command| command.full_name())
    }

    /// The name as a value.
    pub fn name_value(&self) -> Value {
        Value::string(self.name())
    }

    pub fn class_part(&self) -> Option<Rc<Class>> {
        self.as_class.borrow().clone()
    }

    /// The class that it is an instance of.
    pub fn class(self: &Rc<Object>) -> Rc<Object> {
        self.class.borrow().clone().unwrap_or_else(|| self.clone())
    }

    /// Whether its chains are those of any instance of its class.
    pub fn is_plain(&self) -> bool {
        self.methods.borrow().is_empty()
            && self.mixins.borrow().is_empty()
            && self.filters.borrow().is_empty()
    }

    /// Notes that only this object has changed.
    pub fn changed(&self) {
        self.cache.chains.borrow_mut().clear();
    }

    /// Notes that the class has changed: all chains may be others now.
    pub fn class_changed(&self) {
        self.epoch.set(self.epoch.get() + 1);
    }

    /// Whether it is an instance of `class` or of a class below it, mixins counted.
    pub fn is_a(self: &Rc<Object>, class: &Rc<Object>) -> bool {
        let mut starts = vec![self.class()];
        starts.extend(self.mixins.borrow().iter().cloned());
        starts.iter().any(|start| is_reachable(class, start))
    }

    /// Drops what holds others, so that cycles end.
    pub fn dismantle(&self) {
        self.methods.borrow_mut().clear();
        self.mixins.borrow_mut().clear();
        self.cache.chains.borrow_mut().clear();
        if let Some(class) = self.class_part() {
            class.superclasses.borrow_mut().clear();
            class.mixins.borrow_mut().clear();
            class.methods.borrow_mut().clear();
            class.constructor.borrow_mut().take();
            class.destructor.borrow_mut().take();
            class.cache.chains.borrow_mut().clear();
        }
    }
}

/// Whether `target` is `start` or among the classes that it inherits from or mixes in.
pub(super) fn is_reachable(target: &Rc<Object>, start: &Rc<Object>) -> bool {
    // There are no cycles: only what several ways may lead through is remembered.
    let mut seen: HashSet<*const Object> = HashSet::new();
    let mut waiting = vec![start.clone()];
    while let Some(object) = waiting.pop() {
        if Rc::ptr_eq(&object, target) {
            return true;
        }
        if let Some(class) = object.class_part() {
            let superclasses = class.superclasses.borrow();
            let mixins = class.mixins.borrow();
            let has_branches = superclasses.len() + mixins.len() > 1;
            if !has_branches || seen.insert(Rc::as_ptr(&object)) {
                waiting.extend(superclasses.iter().chain(mixins.iter()).cloned());
            }
        }
    }
    false
}

/// The command of an object.
pub(super) struct ObjectCommand {
    pub object: Rc<Object>,
    /// Whether it is the object's own command and not `my`.
    pub is_public: bool,
}

impl NativeCommand for ObjectCommand {
    fn call(&self, interp: &mut Interp, words: &[Value]) -> CommandResult {
        call::call_object(interp, &self.object, words, self.is_public)
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }

    fn deleting(&self, interp: &mut Interp) {
        let object = &self.object;
        if !self.is_public || object.is_destructed.get() {
            return;
        }
        object.is_ending.set(true);
        run_destructor(interp, object);
        object.is_ending.set(false);
        let command = object.command.borrow().upgrade();
        if command.is_none_or(|command| command.is_deleted.get()) {
            delete(interp, object);
        }
    }

    fn deleted(&self, interp: &mut Interp) {
        if self.is_public && !self.object.is_ending.get() {
            delete(interp, &self.object);
        }
    }
}

/// The object that a command is, or that a `my` belongs to.
pub(super) fn of_command(command: &Rc<Command>, wants_public: bool) -> Option<Rc<Object>> {
    let kind = command.origin().kind.borrow().clone();
    let CommandKind::Native(native) = kind else {
        return None;
    };
    let found = native.as_any().downcast_ref::<ObjectCommand>()?;
    (found.is_public || !wants_public).then(|| found.object.clone())
}

/// The object that `name` means seen from `namespace`.
pub(super) fn find_from(
    interp: &mut Interp,
    name: &Value,
    namespace: &Rc<Namespace>,
) -> Result<Rc<Object>, Box<Exception>> {
    let text = name.str();
    interp
        .find_command(&text, namespace)
        .and_then(|command| of_command(&command, true))
        .ok_or_else(|| {
            Exception::with_code(
                format!("{} does not refer to an object", &*text),
                ["TCL", "LOOKUP", "OBJECT", &text],
            )
        })
}

/// The object that `name` means in the current namespace.
pub(super) fn find(interp: &mut Interp, name: &Value) -> Result<Rc<Object>, Box<Exception>> {
    let namespace = interp.current_namespace();
    find_from(interp, name, &namespace)
}

/// An error about a class, with what it says about a name.
pub(super) fn no_class(message: String, name: &Value) -> Box<Exception> {
    Exception::with_code(message, ["TCL", "LOOKUP", "CLASS", &name.str()])
}

/// Where a new object goes.
#[derive(Default)]
pub(super) struct Place {
    /// Its name; made up when absent.
    pub name: Option<Value>,
    /// The name of its namespace; made up when absent.
    pub namespace: Option<Value>,
}

/// Makes an object without calling a constructor.
pub(super) fn make(
    interp: &mut Interp,
    class: &Rc<Object>,
    place: &Place,
) -> Result<Rc<Object>, Box<Exception>> {
    if let Some(name) = &place.name {
        check_name(interp, name)?;
    }
    let namespace = object_namespace(interp, place.namespace.as_ref())?;
    let registry = interp.data::<Registry>();
    let object = Rc::new(Object {
        namespace,
        ..Object::probe(class)
    });
    if let Some(class_part) = class.class_part() {
        class_part
            .instances
            .borrow_mut()
            .push(Rc::downgrade(&object));
        if registry
            .metaclass()
            .is_some_and(|metaclass| is_reachable(&metaclass, class))
        {
            make_class(interp, &object);
        }
    }
    install(interp, &object, place.name.as_ref());
    Ok(object)
}

/// Gives an object its commands, and its namespace what methods look for there.
pub(super) fn install(interp: &mut Interp, object: &Rc<Object>, name: Option<&Value>) {
    let namespace = &object.namespace;
    namespace.is_object.set(true);
    let global = interp.global_namespace();
    if let Some(helpers) = interp.find_namespace("::oo::Helpers", &global) {
        helpers.is_on_path.set(true);
        *namespace.path.borrow_mut() = vec![helpers];
    }
    let registry = interp.data::<Registry>();
    registry
        .objects
        .borrow_mut()
        .insert(namespace.id, Rc::downgrade(object));
    let kind = |is_public: bool| {
        let object = object.clone();
        CommandKind::Native(Rc::new(ObjectCommand { object, is_public }))
    };
    let own = interp.put_command(namespace, OWN_COMMAND, kind(false));
    *object.own_command.borrow_mut() = Rc::downgrade(&own);
    let (holder, tail) = match name {
        None => (global, namespace.full_name().to_owned()),
        Some(name) => (interp.current_namespace(), name.to_text()),
    };
    let (qualifiers, tail) = split_name(&tail);
    let holder = match qualifiers {
        None => holder,
        Some("") => interp.global_namespace(),
        Some(qualifiers) => interp.make_namespace(qualifiers, &holder),
    };
    let command = interp.put_command(&holder, tail, kind(true));
    *object.command.borrow_mut() = Rc::downgrade(&command);
}

fn check_name(interp: &mut Interp, name: &Value) -> Result<(), Box<Exception>> {
    let text = name.str();
    let namespace = interp.current_namespace();
    let exists = interp
        .locate(&text, &namespace)
        .is_some_and(|(holder, tail)| holder.command(tail).is_some());
    if exists {
        return Err(Exception::with_code(
            format!(
                "can't create object \"{}\": command already exists with that name",
                &*text
            ),
            ["TCL", "OO", "OVERWRITE_OBJECT"],
        ));
    }
    Ok(())
}

/// Makes the namespace of a new object.
fn object_namespace(
    interp: &mut Interp,
    name: Option<&Value>,
) -> Result<Rc<Namespace>, Box<Exception>> {
    let current = interp.current_namespace();
    if let Some(name) = name {
        let text = name.str();
        if interp.namespace_at(&text, &current).is_some() {
            return Err(Exception::with_code(
                format!("can't create namespace \"{}\": already exists", &*text),
                ["TCL", "OPERATION", "NAMESPACE", "CREATE", "EXISTING"],
            ));
        }
        return Ok(interp.make_namespace(&text, &current));
    }
    let registry = interp.data::<Registry>();
    let global = interp.global_namespace();
    loop {
        let name = format!("::oo::Obj{}", registry.next_number());
        let is_free = interp.namespace_at(&name, &global).is_none()
            && interp.find_command(&name, &global).is_none();
        if is_free {
            return Ok(interp.make_namespace(&name, &global));
        }
    }
}

/// Makes an object a class that inherits from the root of all classes.
pub(super) fn make_class(interp: &mut Interp, object: &Rc<Object>) {
    let class = Rc::new(Class::default());
    *object.as_class.borrow_mut() = Some(class.clone());
    if let Some(root) = interp.data::<Registry>().root() {
        set_superclasses(object, vec![root]);
    }
}

/// Sets what a class inherits from.
pub(super) fn set_superclasses(object: &Rc<Object>, superclasses: Vec<Rc<Object>>) {
    let Some(class) = object.class_part() else {
        return;
    };
    let old = class.superclasses.replace(superclasses.clone());
    for part in old.iter().filter_map(|object| object.class_part()) {
        forget(&part.subclasses, object);
    }
    for part in superclasses.iter().filter_map(|object| object.class_part()) {
        part.subclasses.borrow_mut().push(Rc::downgrade(object));
    }
    object.class_changed();
}

/// Sets what an object mixes in, or, `for_class`, a class.
pub(super) fn set_mixins(object: &Rc<Object>, mixins: Vec<Rc<Object>>, for_class: bool) {
    let part = object.class_part().filter(|_| for_class);
    let old = match &part {
        Some(class) => class.mixins.replace(mixins.clone()),
        None => object.mixins.replace(mixins.clone()),
    };
    for part in old.iter().filter_map(|object| object.class_part()) {
        forget(&part.users, object);
    }
    for part in mixins.iter().filter_map(|object| object.class_part()) {
        part.users.borrow_mut().push(Rc::downgrade(object));
    }
    match part {
        Some(_) => object.class_changed(),
        None => object.changed(),
    }
}

/// Calls the destructor unless that has been done; what it fails with is reported in the background.
pub(super) fn run_destructor(interp: &mut Interp, object: &Rc<Object>) {
    let Some(invocation) = start_destructor(object) else {
        return;
    };
    let outcome = interp.run_nested(move |interp| call::invoke(interp, invocation, &[]));
    if let Err(exception) = outcome {
        interp.background_error(&exception);
    }
}

/// The call of the destructor, if there is one and it has not been called.
pub(super) fn start_destructor(object: &Rc<Object>) -> Option<Invocation> {
    if object.is_destructed.replace(true) {
        return None;
    }
    let chain = super::chain::find(object, "", Kind::Destructor)?;
    Some(Invocation::first(object, chain, 0))
}

/// Deletes an object: its commands, its namespace, and for a class what depends on it.
///
/// Namespaces of objects may hold objects, and so on: those found on the way wait here instead of nesting.
pub(super) fn delete(interp: &mut Interp, object: &Rc<Object>) {
    let registry = interp.data::<Registry>();
    registry.dying.borrow_mut().push(object.clone());
    if registry.is_deleting.replace(true) {
        return;
    }
    loop {
        let next = registry.dying.borrow_mut().pop();
        let Some(next) = next else {
            break;
        };
        take_apart(interp, &next);
    }
    registry.is_deleting.set(false);
}

fn take_apart(interp: &mut Interp, object: &Rc<Object>) {
    if object.is_deleted.replace(true) {
        return;
    }
    if object.as_class.borrow().is_some() {
        delete_dependents(interp, object);
    }
    for command in [&object.command, &object.own_command] {
        let command = command.borrow().upgrade();
        if let Some(command) = command {
            interp.delete_command(&command);
        }
    }
    crate::commands::namespace::delete::delete(interp, &object.namespace);
    let registry = interp.data::<Registry>();
    registry.objects.borrow_mut().remove(&object.namespace.id);
    if let Some(class) = object.class().class_part() {
        forget(&class.instances, object);
    }
    let mixins = object.mixins.borrow().clone();
    for part in mixins.iter().filter_map(|mixin| mixin.class_part()) {
        forget(&part.users, object);
    }
    if let Some(class) = object.class_part() {
        let superclasses = class.superclasses.borrow().clone();
        for part in superclasses.iter().filter_map(|other| other.class_part()) {
            forget(&part.subclasses, object);
        }
        let mixins = class.mixins.borrow().clone();
        for part in mixins.iter().filter_map(|other| other.class_part()) {
            forget(&part.users, object);
        }
        object.class_changed();
    }
    object.dismantle();
}

/// A class goes, and with it its instances, subclasses and what mixes it in, whose destructors are called first.
fn delete_dependents(interp: &mut Interp, object: &Rc<Object>) {
    let mut found: Vec<Rc<Object>> = vec![object.clone()];
    let mut known: HashSet<*const Object> = [Rc::as_ptr(object)].into();
    let mut next = 0;
    while let Some(class) = found.get(next).map(|object| object.class_part()) {
        next += 1;
        let Some(class) = class else {
            continue;
        };
        for list in [&class.users, &class.subclasses, &class.instances] {
            for dependent in living(list) {
                if known.insert(Rc::as_ptr(&dependent)) {
                    found.push(dependent);
                }
            }
        }
    }
    for dependent in found.iter().skip(1) {
        run_destructor(interp, dependent);
    }
    for dependent in found.iter().skip(1) {
        delete(interp, dependent);
    }
}

/// Makes an object that is a class one that is none.
pub(super) fn unmake_class(interp: &mut Interp, object: &Rc<Object>) {
    delete_dependents(interp, object);
    if let Some(class) = object.as_class.take() {
        for part in class
            .superclasses
            .take()
            .iter()
            .filter_map(|other| other.class_part())
        {
            forget(&part.subclasses, object);
        }
    }
    object.class_changed();
}

/// Takes an object that could not be constructed away again, and passes the error on.
pub(super) fn discard(
    interp: &mut Interp,
    object: &Rc<Object>,
    exception: Box<Exception>,
) -> Outcome {
    let command = object.command.borrow().upgrade();
    if let Some(command) = command {
        interp.delete_command(&command);
    }
    Err(exception)
}

/// Deletes an object after its destructor has come to `outcome`.
pub(super) fn destroyed(
    interp: &mut Interp,
    object: &Rc<Object>,
    outcome: Outcome,
) -> CommandResult {
    let command = object.command.borrow().upgrade();
    match command {
        Some(command) => interp.delete_command(&command),
        None => delete(interp, object),
    }
    outcome.map(|_| Next::Done(Value::EMPTY))
}
