//! `oo::copy`

use std::rc::Rc;

use super::call::{self, Invocation};
use super::chain::{self, Kind};
use super::method::Method;
use super::object::{self, Methods, Object, Place};
use crate::runtime::{Builtin, CommandResult, Exception, Interp, Next, done};
use crate::value::Value;

/// The rows of this file.
pub(super) const COMMANDS: &[Builtin] = &[Builtin::new(
    "::oo::copy",
    "sourceName ?targetName? ?targetNamespace?",
    1,
    3,
    copy,
)];

fn copy(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let source = object::find(interp, &words[1])?;
    let given = |at: usize| words.get(at).filter(|word| !word.is_empty()).cloned();
    let place = Place {
        name: given(2),
        namespace: given(3),
    };
    if let Some(name) = &place.namespace {
        let current = interp.current_namespace();
        if interp.namespace_at(&name.str(), &current).is_some() {
            return Err(Exception::error(format!(
                "{name} refers to an existing namespace"
            )));
        }
    }
    let is_root = source.class_part().is_some_and(|class| {
        class.superclasses.borrow().is_empty() || Rc::ptr_eq(&source.class(), &source)
    });
    if is_root {
        return Err(Exception::with_code(
            "may not clone the class of classes",
            ["TCL", "OO", "CLONING_CLASS"],
        ));
    }
    let target = object::make(interp, &source.class(), &place)?;
    copy_parts(&source, &target);
    let Some(chain) = chain::find(&target, "<cloned>", Kind::Any) else {
        return done(target.name_value());
    };
    let call_words = Rc::new([
        target.name_value(),
        Value::text("<cloned>"),
        source.name_value(),
    ]);
    let invocation = Invocation::first(&target, chain, 2);
    let kept = call_words.clone();
    interp.push_then(move |interp, outcome| {
        drop(kept);
        match outcome {
            Err(exception) => object::discard(interp, &target, exception).map(Next::Done),
            Ok(_) if target.is_deleted.get() => Err(Exception::with_code(
                "object deleted in constructor",
                ["TCL", "OO", "STILLBORN"],
            )),
            Ok(_) => done(target.name_value()),
        }
    });
    // The words are held by the continuation below.
    let words: &[Value] = &*call_words;
    match call::invoke(interp, invocation, words) {
        Ok(Next::Done(value)) => Ok(Next::Deliver(Ok(value))),
        Err(exception) => Ok(Next::Deliver(Err(exception))),
        next => next,
    }
}

fn copy_parts(source: &Rc<Object>, target: &Rc<Object>) {
    copy_methods(&source.methods, &target.methods, target);
    let filters = source.filters.borrow().clone();
    *target.filters.borrow_mut() = filters;
    let variables = source.variables.borrow().clone();
    *target.variables.borrow_mut() = variables;
    let mixins = source.mixins.borrow().clone();
    object::set_mixins(target, mixins, false);
    let (Some(from), Some(to)) = (source.class_part(), target.class_part()) else {
        return;
    };
    copy_methods(&from.methods, &to.methods, target);
    let again = |method: &Option<Rc<Method>>| {
        method
            .as_ref()
            .map(|method| method.copy(&method.name, target))
    };
    *to.constructor.borrow_mut() = again(&from.constructor.borrow());
    *to.destructor.borrow_mut() = again(&from.destructor.borrow());
    *to.filters.borrow_mut() = from.filters.borrow().clone();
    *to.variables.borrow_mut() = from.variables.borrow().clone();
    let superclasses = from.superclasses.borrow().clone();
    object::set_superclasses(target, superclasses);
    let mixins = from.mixins.borrow().clone();
    object::set_mixins(target, mixins, true);
}

fn copy_methods(from: &Methods, to: &Methods, target: &Rc<Object>) {
    for (name, method) in from.borrow().iter() {
        let method = method.copy(name, target);
        to.borrow_mut().insert(name.clone(), method);
    }
}
