//! What all objects of an interpreter share.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use super::object::Object;

/// The objects of an interpreter.
#[derive(Default)]
pub(super) struct Registry {
    /// Moves when a class changes.
    pub epoch: Rc<Cell<u64>>,
    /// Objects by the ids of their namespaces.
    pub objects: RefCell<HashMap<u64, Weak<Object>, foldhash::fast::RandomState>>,
    /// `::oo::object` and `::oo::class`, once they are made.
    pub roots: RefCell<Option<(Rc<Object>, Rc<Object>)>>,
    /// Objects to be taken apart.
    pub dying: RefCell<Vec<Rc<Object>>>,
    pub is_deleting: Cell<bool>,
    number: Cell<u64>,
}

impl Registry {
    /// `::oo::object`
    pub fn root(&self) -> Option<Rc<Object>> {
        self.roots.borrow().as_ref().map(|roots| roots.0.clone())
    }

    /// `::oo::class`
    pub fn metaclass(&self) -> Option<Rc<Object>> {
        self.roots.borrow().as_ref().map(|roots| roots.1.clone())
    }

    /// The number of the next object without a name.
    pub fn next_number(&self) -> u64 {
        self.number.set(self.number.get() + 1);
        self.number.get()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // Methods keep what their call sites resolved to, objects among it.
        // All are held until all are taken apart, so that one does not drop the next, and that the one after it.
        let objects = self.objects.take();
        let objects: Vec<Rc<Object>> = objects.values().filter_map(Weak::upgrade).collect();
        for object in &objects {
            object.dismantle();
            drop(object.class.take());
        }
        drop(self.roots.take());
    }
}
