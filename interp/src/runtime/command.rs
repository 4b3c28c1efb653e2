//! Commands: what a name stands for, and how native ones are written.
//!
//! A native command is a function from words to a [`CommandResult`]: it is done, it has started something
//! (pushed frames) and wants the run loop to go on with that, or it failed. It never runs a script on the Rust
//! stack; what must happen after a script has run is a [`Resume`]. Read [`Builtin`] first.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::Interp;
use super::coroutine::Coroutine;
use super::ensemble::Ensemble;
use super::exception::{Exception, Outcome};
use super::namespace::Namespace;
use super::procedure::Procedure;
use crate::compile::CompileFunction;
use crate::value::Value;

/// What a native command came to.
pub enum Next {
    /// It is done, with this result.
    Done(Value),
    /// It has pushed frames; their outcome goes to whatever is below them.
    Running,
    /// The outcome of the frame that is on top now (another fiber's, after a switch) is this.
    Deliver(Outcome),
}

/// What running a native command gives.
pub type CommandResult = Result<Next, Box<Exception>>;

/// The function of a native command; `words[0]` is the name that it was called by.
pub type CommandFunction = fn(&mut Interp, &[Value]) -> CommandResult;

/// The result of a command that is done.
pub fn done(value: impl Into<Value>) -> CommandResult {
    Ok(Next::Done(value.into()))
}

/// The empty result.
pub fn done_empty() -> CommandResult {
    Ok(Next::Done(Value::EMPTY))
}

/// What happens when the frames that a native command pushed are done.
pub trait Resume {
    /// Gets the outcome of the frames above, and goes on as a native command does.
    fn resume(self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult;

    /// Whether exceptions that scripts must not catch are wanted too (to put something back); they must be
    /// passed on.
    fn sees_uncatchable(&self) -> bool {
        false
    }
}

impl<F> Resume for F
where
    F: FnOnce(&mut Interp, Outcome) -> CommandResult,
{
    fn resume(self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        self(interp, outcome)
    }
}

/// One row of the command table.
pub struct Builtin {
    /// The name: of a command in the global namespace, or of a subcommand of the ensemble it stands in.
    pub name: &'static str,
    /// What follows the name in `wrong # args: should be "name usage"`.
    pub usage: &'static str,
    /// Fewest words after the name.
    pub min: u16,
    /// Most words after the name; [`ANY`] for no maximum.
    pub max: u16,
    /// Whether safe interpreters have it.
    pub is_safe: bool,
    /// What it does.
    pub run: CommandFunction,
    /// How it is compiled inline.
    pub compile: Option<CompileFunction>,
    /// The rows of an ensemble; such a row's `run` is never called.
    pub subcommands: &'static [Builtin],
}

/// No maximum of words.
pub const ANY: u16 = u16::MAX;

impl Builtin {
    /// A command without a compile function.
    pub const fn new(
        name: &'static str,
        usage: &'static str,
        min: u16,
        max: u16,
        run: CommandFunction,
    ) -> Builtin {
        Builtin {
            name,
            usage,
            min,
            max,
            is_safe: true,
            run,
            compile: None,
            subcommands: &[],
        }
    }

    /// The same with a compile function.
    pub const fn compiled(mut self, compile: CompileFunction) -> Builtin {
        self.compile = Some(compile);
        self
    }

    /// The same, hidden in safe interpreters.
    pub const fn unsafe_for_children(mut self) -> Builtin {
        self.is_safe = false;
        self
    }

    /// An ensemble with these subcommands.
    pub const fn ensemble(name: &'static str, subcommands: &'static [Builtin]) -> Builtin {
        Builtin {
            name,
            usage: "subcommand ?arg ...?",
            min: 1,
            max: ANY,
            is_safe: true,
            run: no_function,
            compile: None,
            subcommands,
        }
    }

    /// Whether `count` words after the name are right.
    #[inline]
    pub fn accepts(&self, count: usize) -> bool {
        count >= self.min as usize && (count <= self.max as usize || self.max == ANY)
    }
}

fn no_function(_interp: &mut Interp, _words: &[Value]) -> CommandResult {
    done_empty()
}

/// What a command does when called.
#[derive(Clone)]
pub(crate) enum CommandKind {
    /// A row of the table.
    Builtin(&'static Builtin),
    /// A procedure.
    Procedure(Rc<Procedure>),
    /// An ensemble.
    Ensemble(Rc<Ensemble>),
    /// A command of another namespace, imported.
    Imported(Rc<Command>),
    /// A coroutine to resume.
    Coroutine(Rc<Coroutine>),
    /// A native command with data of its own (an alias, a child interpreter, one of an embedding program).
    Native(Rc<dyn NativeCommand>),
}

/// A native command with data of its own.
pub trait NativeCommand {
    /// Runs it; `words[0]` is the name that it was called by.
    fn call(&self, interp: &mut Interp, words: &[Value]) -> CommandResult;

    /// What kind it is: for downcasting by its own module.
    fn as_any(&self) -> &dyn std::any::Any;

    /// Called before the command is deleted, while it still has its name.
    fn deleting(&self, _interp: &mut Interp) {}

    /// Called when the command is deleted.
    fn deleted(&self, _interp: &mut Interp) {}
}

/// A native command made of a closure.
pub struct ClosureCommand<F>(
    /// The closure.
    pub F,
);

impl<F> NativeCommand for ClosureCommand<F>
where
    F: Fn(&mut Interp, &[Value]) -> CommandResult + 'static,
{
    fn call(&self, interp: &mut Interp, words: &[Value]) -> CommandResult {
        (self.0)(interp, words)
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// A command: what one name in one namespace stands for.
pub struct Command {
    pub(crate) kind: RefCell<CommandKind>,
    /// The name without qualifiers; changes with `rename`.
    pub(crate) name: RefCell<Rc<str>>,
    /// The namespace that holds it.
    pub(crate) namespace: RefCell<Weak<Namespace>>,
    pub(crate) is_deleted: Cell<bool>,
    /// Commands that import this one.
    pub(crate) importers: RefCell<Vec<Weak<Command>>>,
    /// Execution and command traces, newest first.
    pub(crate) traces: RefCell<Vec<Rc<CommandTrace>>>,
    /// Whether an execution trace is among them; checked on every call.
    pub(crate) has_execution_traces: Cell<bool>,
}

/// A trace on a command.
pub(crate) struct CommandTrace {
    /// `rename`, `delete`, `enter`, `leave`, `enterstep`, `leavestep`
    pub ops: Vec<&'static str>,
    pub prefix: Value,
    /// Set while the trace runs, which then does not nest.
    pub is_active: Cell<bool>,
    /// Whether it is one of `trace add execution`.
    pub is_execution: bool,
}

impl Command {
    /// A command of this kind.
    pub(crate) fn new(name: &str, namespace: &Rc<Namespace>, kind: CommandKind) -> Rc<Command> {
        Rc::new(Command {
            kind: RefCell::new(kind),
            name: RefCell::new(name.into()),
            namespace: RefCell::new(Rc::downgrade(namespace)),
            is_deleted: Cell::new(false),
            importers: RefCell::new(Vec::new()),
            traces: RefCell::new(Vec::new()),
            has_execution_traces: Cell::new(false),
        })
    }

    /// Whether it is in the global namespace.
    pub fn is_global(&self) -> bool {
        let holder = self.namespace.borrow().upgrade();
        holder.is_some_and(|holder| holder.is_global())
    }

    /// The fully qualified name.
    pub fn full_name(&self) -> String {
        let name = self.name.borrow();
        match self.namespace.borrow().upgrade() {
            Some(namespace) => namespace.qualified(&name),
            None => name.to_string(),
        }
    }

    /// The command behind imports.
    pub(crate) fn origin(self: &Rc<Command>) -> Rc<Command> {
        let mut command = self.clone();
        loop {
            let next = match &*command.kind.borrow() {
                CommandKind::Imported(target) => target.clone(),
                _ => break,
            };
            command = next;
        }
        command
    }
}
