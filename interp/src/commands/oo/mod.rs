//! TclOO: `oo::class`, `oo::object`, `oo::define`, `oo::objdefine`, `oo::copy`, and what methods call.
//!
//! Nothing is made before a script looks for `::oo`: see [`prepare`]. Read [`object`] first, then [`chain`], [`call`].

mod call;
mod chain;
mod copy;
mod core;
mod define;
mod info;
mod method;
mod object;
mod registry;
mod slot;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::runtime::{Interp, Namespace};
use crate::value::Value;
use method::{Body, Method, NativeMethod};
use object::{ChainCache, Class, Object, Place};
use registry::Registry;

pub(crate) use info::{Wanted, body_of, info_class, info_object};

/// The version of TclOO whose behaviour this is.
pub(crate) const VERSION: &str = "1.1.0";

/// Tells a new interpreter that there is TclOO; the namespace is made when it is looked for.
pub(crate) fn prepare(interp: &mut Interp) {
    interp.pending_namespaces.push(("oo", make));
}

/// A namespace is being deleted: the object that it belongs to goes with it.
pub(crate) fn namespace_deleted(interp: &mut Interp, namespace: &Rc<Namespace>) {
    let registry = interp.data::<Registry>();
    let object = registry.objects.borrow().get(&namespace.id).cloned();
    let Some(object) = object.and_then(|object| object.upgrade()) else {
        return;
    };
    if !object.is_deleted.get() {
        object::run_destructor(interp, &object);
        object::delete(interp, &object);
    }
}

/// Makes `::oo` and what is in it.
fn make(interp: &mut Interp) {
    let global = interp.global_namespace();
    interp.make_namespace("::oo", &global);
    interp.register(call::HELPERS);
    interp.register(define::COMMANDS);
    interp.register(copy::COMMANDS);
    for name in ["::oo::version", "::oo::patchlevel"] {
        let _ = interp.variable_set(&Value::text(name), Value::text(VERSION));
    }
    let (root, metaclass) = make_roots(interp);
    add_methods(&root, core::OBJECT_METHODS);
    add_methods(&metaclass, core::CLASS_METHODS);
    if let Some(class) = metaclass.class_part() {
        let body = Body::Native(&core::CLASS_CONSTRUCTOR);
        *class.constructor.borrow_mut() = Some(Method::new("", body, &metaclass, true));
        // A class needs a name.
        let hidden = Method::new("new", Body::None, &metaclass, false);
        hidden.is_public.set(false);
        metaclass.methods.borrow_mut().insert("new".into(), hidden);
        let hidden = Method::new("createWithNamespace", Body::None, &metaclass, false);
        hidden.is_public.set(false);
        let name = "createWithNamespace".into();
        metaclass.methods.borrow_mut().insert(name, hidden);
    }
    define::prepare(interp);
    slot::prepare(interp, &metaclass);
}

/// `::oo::object` and `::oo::class`, each of which needs the other.
fn make_roots(interp: &mut Interp) -> (Rc<Object>, Rc<Object>) {
    let global = interp.global_namespace();
    let registry = interp.data::<Registry>();
    let mut bare = |name: &str| {
        let number = registry.next_number();
        let namespace = interp.make_namespace(&format!("::oo::Obj{number}"), &global);
        let object = Rc::new(Object {
            namespace,
            command: RefCell::default(),
            own_command: RefCell::default(),
            class: RefCell::new(None),
            mixins: RefCell::default(),
            filters: RefCell::default(),
            methods: RefCell::default(),
            variables: RefCell::default(),
            as_class: RefCell::new(Some(Rc::new(Class::default()))),
            is_destructed: Cell::new(false),
            is_ending: Cell::new(false),
            is_deleted: Cell::new(false),
            is_filtering: Cell::new(false),
            cache: ChainCache::default(),
            epoch: registry.epoch.clone(),
        });
        object::install(interp, &object, Some(&Value::text(name)));
        object
    };
    let root = bare("::oo::object");
    let metaclass = bare("::oo::class");
    *root.class.borrow_mut() = Some(metaclass.clone());
    if let Some(class) = metaclass.class_part() {
        let instances = [&root, &metaclass].map(Rc::downgrade);
        class.instances.borrow_mut().extend(instances);
    }
    *registry.roots.borrow_mut() = Some((root.clone(), metaclass.clone()));
    object::set_superclasses(&metaclass, vec![root.clone()]);
    let helpers = interp.make_namespace("::oo::Helpers", &global);
    for object in [&root, &metaclass] {
        let oo = interp.make_namespace("::oo", &global);
        oo.is_on_path.set(true);
        *object.namespace.path.borrow_mut() = vec![helpers.clone(), oo];
    }
    (root, metaclass)
}

/// Gives a class methods of ours.
fn add_methods(object: &Rc<Object>, table: &'static [NativeMethod]) {
    let Some(class) = object.class_part() else {
        return;
    };
    for row in table {
        let method = Method::new(row.name, Body::Native(row), object, true);
        method.is_public.set(row.is_public);
        class.methods.borrow_mut().insert(row.name.into(), method);
    }
}

/// Makes an object of ours.
fn make_named(interp: &mut Interp, class: &Rc<Object>, name: &str) -> Option<Rc<Object>> {
    let place = Place {
        name: Some(Value::text(name)),
        namespace: None,
    };
    object::make(interp, class, &place).ok()
}
