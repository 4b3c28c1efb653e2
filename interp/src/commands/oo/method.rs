//! Methods: what a name in an object or class stands for.

use std::cell::Cell;
use std::rc::{Rc, Weak};

use super::call::Invocation;
use super::object::Object;
use crate::runtime::procedure::Procedure;
use crate::runtime::{CommandResult, Exception, Interp};
use crate::value::Value;

/// A method.
pub(super) struct Method {
    pub name: Rc<str>,
    pub is_public: Cell<bool>,
    pub body: Body,
    /// The object or class that it was defined in.
    pub declarer: Weak<Object>,
    /// Whether it was defined in the declarer as a class.
    pub is_of_class: bool,
}

/// What a method does.
pub(super) enum Body {
    /// Nothing: the entry only says whether the name is exported.
    None,
    Procedure(Rc<Procedure>),
    /// Calls the words, with its arguments after them.
    Forward(Value),
    Native(&'static NativeMethod),
}

/// A method of the base classes.
pub(super) struct NativeMethod {
    pub name: &'static str,
    pub is_public: bool,
    pub run: fn(&mut Interp, &Rc<Invocation>, &[Value]) -> CommandResult,
}

impl Method {
    /// A method of `declarer`, exported if its name starts with a lower-case letter.
    pub fn new(name: &str, body: Body, declarer: &Rc<Object>, is_of_class: bool) -> Rc<Method> {
        Rc::new(Method {
            name: name.into(),
            is_public: Cell::new(is_exported_name(name)),
            body,
            declarer: Rc::downgrade(declarer),
            is_of_class,
        })
    }

    /// The same method under another name, or of another declarer.
    pub fn copy(&self, name: &str, declarer: &Rc<Object>) -> Rc<Method> {
        let body = match &self.body {
            Body::None => Body::None,
            Body::Procedure(procedure) => Body::Procedure(procedure.clone()),
            Body::Forward(prefix) => Body::Forward(prefix.clone()),
            Body::Native(native) => Body::Native(native),
        };
        let copy = Method::new(name, body, declarer, self.is_of_class);
        copy.is_public.set(self.is_public.get());
        copy
    }

    /// What kind of method it is, as `info object methodtype` says.
    pub fn type_name(&self) -> String {
        match &self.body {
            Body::None => String::new(),
            Body::Procedure(_) => "method".to_owned(),
            Body::Forward(_) => "forward".to_owned(),
            Body::Native(native) => format!("core method: \"{}\"", native.name),
        }
    }

    /// The name of the object or class that it was defined in.
    pub fn declarer_name(&self) -> String {
        self.declarer
            .upgrade()
            .map_or_else(String::new, |object| object.name())
    }
}

/// Whether a method of this name is exported unless something else is said.
pub(super) fn is_exported_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
}

/// An error about a method by its name.
pub(super) fn no_method(message: String, name: &str) -> Box<Exception> {
    Exception::with_code(message, ["TCL", "LOOKUP", "METHOD", name])
}
