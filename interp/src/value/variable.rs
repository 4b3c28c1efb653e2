//! Variables that live outside a frame's slots, and arrays.
//!
//! A local variable is a slot of its frame's window. It becomes a [`Variable`] cell, with a `Link` left in the
//! slot, when something else must reach it: `upvar`, `global`, `variable`, a trace, an array element that is
//! linked or traced. Namespace variables are always cells.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::dict::OrderedMap;
use super::{Repr, Value};

/// A variable cell.
pub struct Variable {
    /// Unset, a value, an array, or a link to another cell (never a chain of two).
    pub(crate) content: RefCell<Value>,
    /// Whether `traces` is not empty; checked on every access.
    pub(crate) has_traces: Cell<bool>,
    /// The traces, newest first.
    pub(crate) traces: RefCell<Vec<Rc<VariableTrace>>>,
    /// Set when the variable has left its namespace or array; links to it then refuse to create it again.
    pub(crate) is_detached: Cell<bool>,
    /// Set when a name that has led here may lead elsewhere: it has left its namespace, or was unset there.
    pub(crate) is_stale: Cell<bool>,
    /// Whether it is an element of an array, or was.
    pub(crate) is_element: Cell<bool>,
    /// Whether it is a local variable of a procedure.
    pub(crate) is_local: Cell<bool>,
    /// Set by `variable` without a value: the name is declared, so that it shows in `info vars`.
    pub(crate) is_declared: Cell<bool>,
}

/// A trace on a variable, as `trace add variable` makes it.
pub struct VariableTrace {
    /// Which operations it watches: see [`TraceOps`].
    pub(crate) ops: TraceOps,
    /// The command prefix to call.
    pub(crate) prefix: Value,
    /// Made by the old `trace variable`: operations are passed as single letters.
    pub(crate) is_old_style: bool,
    /// Set in place of calling anything: how `vwait` learns of changes.
    pub(crate) watcher: Option<Rc<Cell<bool>>>,
}

/// A set of variable operations that a trace watches.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct TraceOps {
    /// `read`
    pub read: bool,
    /// `write`
    pub write: bool,
    /// `unset`
    pub unset: bool,
    /// `array`
    pub array: bool,
}

impl Variable {
    /// A cell with this content.
    pub(crate) fn new(content: Value) -> Rc<Variable> {
        Rc::new(Variable {
            content: RefCell::new(content),
            has_traces: Cell::new(false),
            traces: RefCell::new(Vec::new()),
            is_detached: Cell::new(false),
            is_stale: Cell::new(false),
            is_element: Cell::new(false),
            is_local: Cell::new(false),
            is_declared: Cell::new(false),
        })
    }

    /// A cell without a value.
    pub(crate) fn unset() -> Rc<Variable> {
        Variable::new(Value::UNSET)
    }

    /// The content: a value, or one of the private marks.
    #[inline]
    pub(crate) fn get(&self) -> Value {
        self.content.borrow().clone()
    }

    /// Replaces the content; the old one is returned, to be dropped outside of any borrow.
    #[inline]
    pub(crate) fn replace(&self, content: Value) -> Value {
        self.content.replace(content)
    }

    /// The value, unless there is none, it is an array, or reading it is traced.
    #[inline]
    pub(crate) fn plain_value(&self) -> Option<Value> {
        if self.has_traces.get() {
            return None;
        }
        let content = self.content.borrow();
        content.is_value().then(|| content.clone())
    }

    /// Replaces the value that [`Variable::plain_value`] gives, and returns the old one to be dropped outside of any
    /// borrow; gives `value` back where there is none.
    #[inline]
    pub(crate) fn replace_plain(&self, value: Value) -> Result<Value, Value> {
        if self.has_traces.get() || !self.content.borrow().is_value() {
            return Err(value);
        }
        Ok(self.content.replace(value))
    }

    /// Whether the variable has a value or is an array.
    pub(crate) fn is_set(&self) -> bool {
        !self.content.borrow().is_unset()
    }

    /// Notes that the variable has left its namespace or array.
    pub(crate) fn detach(&self) {
        self.is_detached.set(true);
        self.is_stale.set(true);
    }

    /// Whether nothing shows that the variable is there: it has no value, and is neither declared nor traced.
    pub(crate) fn is_absent(&self) -> bool {
        !self.is_set() && !self.is_declared.get() && !self.has_traces.get()
    }

    /// The cell that this one stands for: itself, or the target of its link.
    pub(crate) fn target(self: &Rc<Variable>) -> Rc<Variable> {
        match &self.content.borrow().0 {
            Repr::Link(target) => target.clone(),
            _ => self.clone(),
        }
    }

    /// The array held here, if any.
    pub(crate) fn array(&self) -> Option<Rc<ArrayObject>> {
        match &self.content.borrow().0 {
            Repr::Array(array) => Some(array.clone()),
            _ => None,
        }
    }
}

/// The elements of an array variable. An element's slot may hold a link, when it is traced or linked to.
pub struct ArrayObject {
    /// Elements by name; a slot may be `Unset` while something links to the element.
    pub(crate) elements: RefCell<OrderedMap>,
    /// Counts insertions and removals, so that searches notice them.
    pub(crate) epoch: Cell<u64>,
}

impl ArrayObject {
    /// An empty array.
    pub(crate) fn new() -> Rc<ArrayObject> {
        Rc::new(ArrayObject {
            elements: RefCell::new(OrderedMap::new()),
            epoch: Cell::new(0),
        })
    }
}

impl Value {
    /// What [`Variable::plain_value`] gives for the variable that this slot is a link to.
    #[inline]
    pub(crate) fn linked_value(&self) -> Option<Value> {
        match &self.0 {
            Repr::Link(variable) => variable.plain_value(),
            _ => None,
        }
    }
}

impl Drop for ArrayObject {
    fn drop(&mut self) {
        // Cells that outlive the array (by links) must not pretend to be in it.
        for (_, slot) in self.elements.get_mut().iter() {
            if let Repr::Link(variable) = &slot.0 {
                variable.detach();
            }
        }
    }
}
