//! Where variables are: [`Slot`] and [`Target`], and the errors about what is not there.

use std::rc::Rc;

use super::exception::Exception;
use crate::value::{ArrayObject, Repr, Value, Variable};

/// Where a variable's content is, links followed.
pub(crate) enum Slot {
    /// In a register of a frame.
    Register(*mut Value),
    /// In a cell.
    Cell(Rc<Variable>),
    /// There is no such variable; it reads as one without a value.
    Nowhere,
}

/// A variable to work on.
pub(crate) struct Target<'a> {
    pub slot: Slot,
    /// The key, for an element of an array.
    pub key: Option<Value>,
    /// The name as the script gave it, without the key: for messages and traces.
    pub name: &'a str,
    /// Whether code names it by its place in the procedure: then errorCode lacks the name, as in tclsh.
    pub is_by_place: bool,
}

impl<'a> Target<'a> {
    /// A variable, or an element of an array, that a script has named.
    pub fn named(slot: Slot, key: Option<Value>, name: &'a str) -> Target<'a> {
        Target {
            slot,
            key,
            name,
            is_by_place: false,
        }
    }

    /// A local variable of the procedure that runs, or an element of it, that code knows by its place.
    pub fn by_place(slot: Slot, key: Option<Value>, name: &'a str) -> Target<'a> {
        Target {
            slot,
            key,
            name,
            is_by_place: true,
        }
    }

    /// `can't OPERATION "name(key)": REASON`, with the errorCode of a name that leads nowhere.
    fn lookup_error(&self, operation: &str, reason: &str) -> Box<Exception> {
        let words = ["TCL", "LOOKUP", "VARNAME", self.name];
        let count = words.len() - usize::from(self.is_by_place);
        let full_name = full(self.name, self.key.as_ref());
        Exception::variable(operation, &full_name, reason, &words[..count])
    }

    /// The error of a variable that is not there, or has no value.
    pub(super) fn no_such_variable(&self, operation: &str) -> Box<Exception> {
        // A namespace variable that is only remembered is none to whoever looks for its name.
        let is_forgotten = match &self.slot {
            Slot::Nowhere => true,
            Slot::Cell(cell) => {
                !(self.is_by_place
                    || cell.is_declared.get()
                    || cell.is_local.get()
                    || cell.has_traces.get())
            }
            Slot::Register(_) => false,
        };
        if self.key.is_some() || is_forgotten {
            return self.lookup_error(operation, "no such variable");
        }
        let word = if operation == "unset" {
            "UNSET"
        } else {
            "READ"
        };
        let words = ["TCL", word, "VARNAME"];
        Exception::variable(operation, self.name, "no such variable", &words)
    }

    pub(super) fn is_not_array(&self, operation: &str) -> Box<Exception> {
        self.lookup_error(operation, "variable isn't array")
    }
}

impl Slot {
    /// The slot that a register's content stands for.
    ///
    /// # Safety
    /// `register` is a local variable of a live frame.
    pub unsafe fn of_register(register: *mut Value) -> Slot {
        // SAFETY: see above; the borrow ends before anything else can touch the register.
        match unsafe { &(*register).0 } {
            Repr::Link(variable) => Slot::Cell(variable.target()),
            _ => Slot::Register(register),
        }
    }

    /// What is in it: a value, an array, or nothing.
    pub fn content(&self) -> Value {
        match self {
            // SAFETY: registers of live frames hold valid values, and no reference into them is kept.
            Slot::Register(register) => unsafe { (**register).clone() },
            Slot::Cell(variable) => variable.get(),
            Slot::Nowhere => Value::UNSET,
        }
    }

    /// Puts `content` in; returns what was in it.
    pub(super) fn replace(&self, content: Value) -> Value {
        match self {
            // SAFETY: as for `content`.
            Slot::Register(register) => unsafe { std::ptr::replace(*register, content) },
            Slot::Cell(variable) => variable.replace(content),
            Slot::Nowhere => content,
        }
    }

    /// The array in it, if there is one.
    pub(super) fn array(&self) -> Option<Rc<ArrayObject>> {
        match self {
            // SAFETY: as for `content`.
            Slot::Register(register) => match unsafe { &(**register).0 } {
                Repr::Array(array) => Some(array.clone()),
                _ => None,
            },
            Slot::Cell(variable) => variable.array(),
            Slot::Nowhere => None,
        }
    }

    /// Whether some trace watches it.
    pub(crate) fn is_traced(&self) -> bool {
        matches!(self, Slot::Cell(variable) if variable.has_traces.get())
    }

    /// Whether it is an element of an array, which cannot be an array itself.
    pub(crate) fn is_element(&self) -> bool {
        matches!(self, Slot::Cell(variable) if variable.is_element.get())
    }

    /// Whether its variable has left its namespace or array.
    pub(super) fn is_detached(&self) -> bool {
        matches!(self, Slot::Cell(variable) if variable.is_detached.get())
    }
}

/// `name(key)`, or `name`.
pub(super) fn full(name: &str, key: Option<&Value>) -> String {
    match key {
        Some(key) => format!("{name}({key})"),
        None => name.to_owned(),
    }
}

/// `can't OPERATION "name(key)": no such variable`
pub(super) fn no_such_variable(operation: &str, name: &str, key: Option<&Value>) -> Box<Exception> {
    Target::named(Slot::Nowhere, key.cloned(), name).no_such_variable(operation)
}

/// The error of reading a local variable of a procedure that has no value.
pub(crate) fn has_no_value(name: &str) -> Box<Exception> {
    Exception::variable(
        "read",
        name,
        "no such variable",
        &["TCL", "READ", "VARNAME"],
    )
}

/// `can't OPERATION "name(key)": variable isn't array`
pub(super) fn is_not_array(operation: &str, name: &str, key: Option<&Value>) -> Box<Exception> {
    let name_text = full(name, key);
    Exception::variable(
        operation,
        &name_text,
        "variable isn't array",
        &["TCL", "LOOKUP", "VARNAME", name],
    )
}

/// `can't OPERATION "name": variable is array`
pub(super) fn is_array(operation: &str, name: &str) -> Box<Exception> {
    let words: &[&str] = if operation == "set" {
        &["TCL", "WRITE", "VARNAME"]
    } else {
        &["TCL", "READ", "VARNAME"]
    };
    Exception::variable(operation, name, "variable is array", words)
}

/// `can't OPERATION "name(key)": no such element in array`
pub(super) fn no_such_element(operation: &str, name: &str, key: &Value) -> Box<Exception> {
    let name_text = full(name, Some(key));
    let key = key.str();
    let words: &[&str] = match operation {
        "read" => &["TCL", "READ", "VARNAME"],
        _ => &["TCL", "LOOKUP", "ELEMENT", &key],
    };
    Exception::variable(operation, &name_text, "no such element in array", words)
}

/// What a slot stands for when it is a link.
pub(super) fn follow(slot: Slot) -> Slot {
    match slot {
        // SAFETY: the register is a local variable of a live frame.
        Slot::Register(register) => unsafe { Slot::of_register(register) },
        Slot::Cell(variable) => Slot::Cell(variable.target()),
        Slot::Nowhere => Slot::Nowhere,
    }
}
