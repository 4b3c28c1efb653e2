//! The interpreters of one thread that know one another: who owns whom, and how one runs another.
//!
//! Only one interpreter of a family runs at any time; the others wait on the Rust stack for it, or are not running.
//! An interpreter that starts another one lends itself: its [`Node`] holds a pointer made from its own exclusive
//! reference, which is not used again before the other one is done. So whoever runs may in turn run any interpreter
//! of the family through its node, and there is never more than one reference in use.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use crate::event::Event;
use crate::runtime::location::Location;
use crate::runtime::{Command, Exception, Interp};
use crate::value::Value;

use super::alias::Alias;

/// How deep interpreters may run one another: each level is a run loop on the Rust stack.
pub const ENTERED_MAX: u32 = 100;

thread_local! {
    static ENTERED: Cell<u32> = const { Cell::new(0) };
}

/// An interpreter's place in its family.
pub(super) struct Node {
    /// The name in its parent; empty for the first one.
    pub name: String,
    pub parent: Weak<Node>,
    /// Its command in the parent.
    pub command: RefCell<Weak<Command>>,
    pub children: RefCell<Vec<Rc<Node>>>,
    /// The aliases defined in it.
    pub aliases: RefCell<Vec<Rc<Alias>>>,
    /// The aliases of other interpreters that call into it.
    pub callers: RefCell<Vec<Weak<Alias>>>,
    pub is_deleted: Cell<bool>,
    /// The interpreter, as it may be used now; null while the first one does not lend itself.
    pointer: Cell<*mut Interp>,
    /// The box that a child lives in; null when there is none, or no more.
    owned: Cell<*mut Interp>,
    /// How often it is running, one inside the other.
    depth: Cell<u32>,
    /// The interpreters that wait for a script of theirs which runs in it, outermost first.
    pub waiting: RefCell<Vec<Weak<Node>>>,
}

/// An interpreter's own node. A child's is owned by its parent's.
#[derive(Default)]
struct Family {
    first: RefCell<Option<Rc<Node>>>,
    own: RefCell<Weak<Node>>,
}

impl Node {
    fn new(name: &str, parent: Weak<Node>, owned: *mut Interp) -> Rc<Node> {
        Rc::new(Node {
            name: name.to_owned(),
            parent,
            command: RefCell::default(),
            children: RefCell::default(),
            aliases: RefCell::default(),
            callers: RefCell::default(),
            is_deleted: Cell::new(false),
            pointer: Cell::new(owned),
            owned: Cell::new(owned),
            depth: Cell::new(0),
            waiting: RefCell::default(),
        })
    }

    /// The child of this name.
    pub fn child(&self, name: &str) -> Option<Rc<Node>> {
        self.children
            .borrow()
            .iter()
            .find(|child| child.name == name)
            .cloned()
    }

    /// How many interpreters are around this one.
    pub fn depth(&self) -> usize {
        let mut depth = 0;
        let mut around = self.parent.upgrade();
        while let Some(node) = around {
            depth += 1;
            around = node.parent.upgrade();
        }
        depth
    }

    /// Drops the interpreter, once it neither runs nor is wanted.
    fn free(&self) {
        if self.depth.get() == 0 {
            let owned = self.owned.replace(std::ptr::null_mut());
            self.pointer.set(std::ptr::null_mut());
            if !owned.is_null() {
                // SAFETY: made by `Box::into_raw` in `adopt`, and taken out above, so dropped once; it does not run.
                drop(unsafe { Box::from_raw(owned) });
            }
        }
    }

    /// Notes the deletion; the interpreter goes as soon as it does not run.
    pub fn retire(&self) {
        self.is_deleted.set(true);
        self.free();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.depth.set(0);
        self.free();
    }
}

/// The node of the interpreter that runs.
pub(super) fn own_node(interp: &mut Interp) -> Rc<Node> {
    let family = interp.data::<Family>();
    if let Some(node) = family.own.borrow().upgrade() {
        return node;
    }
    let node = Node::new("", Weak::new(), std::ptr::null_mut());
    *family.own.borrow_mut() = Rc::downgrade(&node);
    *family.first.borrow_mut() = Some(node.clone());
    node
}

/// Makes `child` a child of the interpreter that runs.
pub(super) fn adopt(interp: &mut Interp, name: &str, mut child: Box<Interp>) -> Rc<Node> {
    let parent = own_node(interp);
    let family = child.data::<Family>();
    let node = Node::new(name, Rc::downgrade(&parent), Box::into_raw(child));
    *family.own.borrow_mut() = Rc::downgrade(&node);
    parent.children.borrow_mut().push(node.clone());
    node
}

/// Does `action` with the interpreter of a node, which is the one that runs or another of the family.
///
/// Errors: it is deleted, or too many run inside one another.
pub(super) fn enter<T>(
    interp: &mut Interp,
    node: &Rc<Node>,
    action: impl FnOnce(&mut Interp) -> T,
) -> Result<T, Box<Exception>> {
    let own = own_node(interp);
    if Rc::ptr_eq(&own, node) {
        return Ok(action(interp));
    }
    let target = node.pointer.get();
    if node.is_deleted.get() || target.is_null() {
        return Err(deleted());
    }
    if ENTERED.with(Cell::get) >= ENTERED_MAX {
        return Err(Exception::too_deep());
    }
    ENTERED.with(|entered| entered.set(entered.get() + 1));
    node.depth.set(node.depth.get() + 1);
    // SAFETY: the target is another interpreter than `interp`; it does not run, or waits below on the stack and has
    // lent itself. This reference is the only one in use until it ends.
    swap_watchers(interp, unsafe { &mut *target });
    let lent = own.pointer.replace(std::ptr::from_mut(interp));
    // SAFETY: as above.
    let result = action(unsafe { &mut *target });
    own.pointer.set(lent);
    // SAFETY: as above; the interpreter is still there, since its depth is not 0.
    let other = unsafe { &mut *target };
    swap_watchers(interp, other);
    if interp.exit_status.is_none() {
        interp.exit_status = other.exit_status;
    }
    node.depth.set(node.depth.get() - 1);
    ENTERED.with(|entered| entered.set(entered.get() - 1));
    if node.is_deleted.get() {
        node.free();
    }
    Ok(result)
}

/// Where `text` stands in the command by which another interpreter has had a script evaluated in this one.
pub(crate) fn location_in_caller(interp: &Interp, text: &str) -> Option<Location> {
    let own = interp.existing_data::<Family>()?.own.borrow().upgrade()?;
    let waiting = own.waiting.borrow();
    waiting.iter().rev().find_map(|node| {
        let caller = node.upgrade()?.pointer.get();
        // SAFETY: the interpreter waits below on the stack and has lent itself; what is looked at is only read.
        unsafe { caller.as_ref() }?.location_of_word(text)
    })
}

/// An interpreter of the family that something belongs to, to be run later from any other of them.
pub(crate) struct Home(Weak<Node>);

impl Home {
    /// The interpreter that runs.
    pub(crate) fn of(interp: &mut Interp) -> Home {
        Home(Rc::downgrade(&own_node(interp)))
    }

    /// Does `action` with the interpreter. `None`: it is gone, perhaps since the action began.
    pub(crate) fn run<T>(
        &self,
        interp: &mut Interp,
        action: impl FnOnce(&mut Interp) -> T,
    ) -> Option<T> {
        let node = self.0.upgrade()?;
        let done = enter(interp, &node, action).ok()?;
        (!node.is_deleted.get()).then_some(done)
    }
}

/// The event loop, of which a thread's interpreters have one together, and what watches the interpreter that runs go
/// with control from one to the other.
fn swap_watchers(one: &mut Interp, other: &mut Interp) {
    std::mem::swap(&mut one.events.event_loop, &mut other.events.event_loop);
    std::mem::swap(&mut one.safepoint.hook, &mut other.safepoint.hook);
    std::mem::swap(&mut one.safepoint.deadline, &mut other.safepoint.deadline);
    std::mem::swap(&mut one.safepoint.interrupt, &mut other.safepoint.interrupt);
    one.safepoint.fuel = 0;
    other.safepoint.fuel = 0;
}

/// Whether the interpreter is the first of its family, which jobs from other threads are for.
pub(crate) fn is_first(interp: &Interp) -> bool {
    interp
        .existing_data::<Family>()
        .is_none_or(|family| family.first.borrow().is_some())
}

/// Has another interpreter of the family act on an event that this one does not know.
pub(crate) fn pass_on(interp: &mut Interp, event: Event) {
    let own = own_node(interp);
    let mut root = own.clone();
    while let Some(parent) = root.parent.upgrade() {
        root = parent;
    }
    let mut waiting = vec![root];
    let mut event = Some(event);
    while let (Some(node), Some(_)) = (waiting.pop(), &event) {
        waiting.extend(node.children.borrow().iter().cloned());
        if Rc::ptr_eq(&node, &own) {
            continue;
        }
        // One that cannot be entered has nothing to do any more.
        let _ = enter(interp, &node, |other| {
            if let Some(known) = event.take_if(|event| other.knows(event)) {
                other.act(known);
            }
        });
    }
}

/// What running a deleted interpreter gives.
pub(super) fn deleted() -> Box<Exception> {
    const TEXT: &str = "attempt to call eval in deleted interpreter";
    Exception::with_code(TEXT, ["TCL", "IDELETE", TEXT])
}

/// The node that a path means, from the interpreter that runs.
pub(super) fn find(interp: &mut Interp, path: &Value) -> Result<Rc<Node>, Box<Exception>> {
    let mut node = own_node(interp);
    for name in path.to_list()?.elements() {
        let child = node.child(&name.str());
        node = child.ok_or_else(|| {
            Exception::with_code(
                format!("could not find interpreter \"{path}\""),
                ["TCL", "LOOKUP", "INTERP", &path.str()],
            )
        })?;
    }
    Ok(node)
}

/// Does `action` with the interpreter that a path means.
pub(crate) fn in_interpreter<T>(
    interp: &mut Interp,
    path: &Value,
    action: impl FnOnce(&mut Interp) -> T,
) -> Result<T, Box<Exception>> {
    let node = find(interp, path)?;
    enter(interp, &node, action)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(interp: &mut Interp, script: &str) -> String {
        match interp.eval(script) {
            Ok(value) => value.to_text(),
            Err(exception) => format!("error: {}", exception.value),
        }
    }

    #[test]
    fn parent_and_child_call_each_other() {
        let mut interp = Interp::new();
        let script = "interp create c
            interp alias c up {} down
            proc down n { if {$n == 0} { return bottom }; c eval [list up [expr {$n - 1}]] }
            down 20";
        assert_eq!(text(&mut interp, script), "bottom");
    }

    #[test]
    fn nesting_of_interpreters_is_limited() {
        let mut interp = Interp::new();
        let script = "interp create c
            interp alias c up {} down
            proc down {} { c eval up }
            down";
        assert_eq!(
            text(&mut interp, script),
            "error: too many nested evaluations (infinite loop?)"
        );
        assert_eq!(text(&mut interp, "c eval {set x 1}"), "1");
    }

    #[test]
    fn a_child_that_deletes_itself_ends_when_it_has_been_left() {
        let mut interp = Interp::new();
        let script = "interp create c
            interp create {c d}
            interp alias {c d} die {} interp delete c
            list [catch {c eval {d eval {die; set a 1}}} m] $m [interp exists c]";
        assert_eq!(
            text(&mut interp, script),
            "1 {attempt to call eval in deleted interpreter} 0"
        );
    }

    #[test]
    fn interpreters_go_with_their_parent() {
        let mut interp = Interp::new();
        text(
            &mut interp,
            "interp create c; c eval {interp create d; set x [string repeat a 100]}",
        );
        drop(interp);
    }
}
