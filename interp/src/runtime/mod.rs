//! The interpreter: what runs units, and what scripts see of it.
//!
//! [`Interp`] owns the namespaces, the fibers and the event loop of one interpreter. It is used from one thread.
//! Reading order: [`exception`], [`command`], `frame`, `run` (the loop), `unwind`, `evaluate`, `variable`.

pub(crate) mod callee;
pub mod command;
pub(crate) mod completion;
pub(crate) mod coroutine;
pub(crate) mod dispatch;
pub mod ensemble;
pub mod evaluate;
pub mod events;
pub mod exception;
pub(crate) mod frame;
pub(crate) mod integer;
mod invoke;
mod linking;
mod local;
pub(crate) mod location;
pub(crate) mod math;
pub(crate) mod method;
pub mod mode;
pub mod namespace;
pub(crate) mod natives;
mod operation;
pub(crate) mod position;
pub(crate) mod procedure;
mod run;
pub mod safepoint;
pub(crate) mod slot;
pub(crate) mod trace;
pub(crate) mod unit;
mod unwind;
pub mod variable;
mod variable_trace;
mod watched;

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

pub use command::{
    ANY, Builtin, ClosureCommand, Command, CommandResult, NativeCommand, Next, Resume, done,
    done_empty,
};
pub use evaluate::{Context, ScriptLabel};
pub use exception::{Exception, Outcome, code};
pub use mode::Mode;
pub use namespace::Namespace;

use command::CommandKind;
use events::Events;
use frame::{CallFrame, Fiber};
use natives::Natives;
use safepoint::Safepoint;
use unit::Unit;

use crate::value::Value;

/// Makes a namespace with what is in it.
pub(crate) type MakeNamespace = fn(&mut Interp);

/// A Tcl interpreter.
pub struct Interp {
    /// Unique in the process.
    pub(crate) id: u64,
    /// The running fiber.
    pub(crate) fiber: Box<Fiber>,
    /// The fibers that wait for the running one: the main one first.
    #[allow(
        clippy::vec_box,
        reason = "a fiber is swapped with the running one, which is boxed"
    )]
    pub(crate) fibers: Vec<Box<Fiber>>,
    pub(crate) global: Rc<Namespace>,
    pub(crate) natives: &'static Natives,
    /// Moves whenever some name may stand for another command than before.
    pub(crate) command_epoch: u64,
    /// Moves whenever a command that units inline has been redefined, renamed or traced.
    pub(crate) compile_epoch: u64,
    pub(crate) recursion_limit: usize,
    /// Run loops nested on the Rust stack.
    pub(crate) nested_runs: u32,
    pub(crate) safepoint: Safepoint,
    pub(crate) mode: Mode,
    /// Units of scripts by their text, for scripts whose values do not keep them.
    pub(crate) script_cache: HashMap<Box<str>, Rc<Unit>, foldhash::fast::RandomState>,
    /// Options of the last `return` that made an ordinary result, with [`Interp::command_count`] then.
    pub(crate) return_options: Option<(crate::value::OrderedMap, u64)>,
    /// What names of commands stood for lately.
    pub(crate) recent_callees: callee::RecentCallees,
    /// The return options of a result that nobody gave any, once made.
    pub(crate) ok_options: Option<Value>,
    /// Commands called so far.
    pub(crate) command_count: u64,
    /// Whether units are compiled to count the commands that they inline: since a command limit was set.
    pub(crate) counts_commands: bool,
    /// Commands taken away by `interp hide`, by their hidden names.
    pub(crate) hidden: RefCell<HashMap<Box<str>, Rc<Command>>>,
    pub(crate) is_safe: Cell<bool>,
    /// Where the text was found that was looked for last; see [`location`].
    pub(crate) last_location: RefCell<location::LastLocation>,
    /// The files being sourced, innermost last.
    pub(crate) script_files: Vec<Value>,
    pub(crate) events: Events,
    /// Data of commands, by type: see [`Interp::data`].
    data: HashMap<TypeId, Rc<dyn Any>, foldhash::fast::RandomState>,
    /// The status that `exit` asked for; everything then unwinds.
    pub(crate) exit_status: Option<i32>,
    /// `-errorstack` of the error that was caught or reported last.
    pub(crate) error_stack: Value,
    /// The line that it was in.
    pub(crate) error_line: u32,
    /// Whether a namespace of an object has had a command of its own or a path of its own, so that a name in a method may mean
    /// something else for each object.
    pub(crate) has_object_commands: bool,
    /// Namespaces of the global one that are made when first looked for, with what makes them.
    pub(crate) pending_namespaces: Vec<(&'static str, MakeNamespace)>,
    /// The variables (with keys of array elements) whose traces run.
    pub(crate) active_traces: Vec<(Rc<crate::value::Variable>, Option<Value>)>,
}

thread_local! {
    static NEXT_ID: Cell<u64> = const { Cell::new(1) };
}

impl Interp {
    /// An interpreter that knows what the commands give it, but has none of them.
    pub(crate) fn bare(natives: &'static Natives) -> Interp {
        let global = Namespace::new("", None);
        Interp {
            id: NEXT_ID.with(|next| next.replace(next.get() + 1)),
            fiber: Box::new(Fiber::new(&global, None)),
            fibers: Vec::new(),
            global,
            natives,
            command_epoch: 1,
            compile_epoch: 1,
            recursion_limit: crate::limits::RECURSION_DEFAULT,
            nested_runs: 0,
            safepoint: Safepoint::new(),
            mode: Mode::Normal,
            script_cache: HashMap::default(),
            return_options: None,
            ok_options: None,
            recent_callees: Default::default(),
            command_count: 0,
            counts_commands: false,
            hidden: RefCell::default(),
            is_safe: Cell::new(false),
            last_location: RefCell::default(),
            script_files: Vec::new(),
            events: Events::new(),
            data: HashMap::default(),
            exit_status: None,
            error_stack: Value::EMPTY,
            error_line: 1,
            has_object_commands: false,
            pending_namespaces: Vec::new(),
            active_traces: Vec::new(),
        }
    }

    /// The global namespace.
    pub fn global_namespace(&self) -> Rc<Namespace> {
        self.global.clone()
    }

    /// Adds the commands of a table to the global namespace.
    pub fn register(&mut self, table: &'static [Builtin]) {
        for row in table {
            self.register_row(row.name, row);
        }
    }

    /// Adds one command; `name` may be qualified, and its namespaces are made.
    pub fn register_row(&mut self, name: &str, row: &'static Builtin) {
        let global = self.global.clone();
        let (qualifiers, tail) = namespace::split_name(name);
        let holder = self.make_namespace(qualifiers.unwrap_or(""), &global);
        let kind = if row.subcommands.is_empty() {
            CommandKind::Builtin(row)
        } else {
            CommandKind::Ensemble(ensemble::Ensemble::of_table(row))
        };
        self.put_command(&holder, tail, kind);
    }

    /// Adds a native command with data of its own; `name` may be qualified, and its namespaces are made.
    pub fn register_native(&mut self, name: &str, command: Rc<dyn NativeCommand>) -> Rc<Command> {
        let global = self.global.clone();
        let (qualifiers, tail) = namespace::split_name(name);
        let holder = self.make_namespace(qualifiers.unwrap_or(""), &global);
        self.put_command(&holder, tail, CommandKind::Native(command))
    }

    /// Data that the commands of one module share in this interpreter, made when first asked for.
    pub fn data<T: Default + 'static>(&mut self) -> Rc<T> {
        let entry = self
            .data
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Rc::new(T::default()));
        entry.clone().downcast::<T>().unwrap_or_default()
    }

    /// The data that [`Interp::data`] gives, if it has been asked for before.
    pub(crate) fn existing_data<T: 'static>(&self) -> Option<Rc<T>> {
        self.data
            .get(&TypeId::of::<T>())?
            .clone()
            .downcast::<T>()
            .ok()
    }

    /// The call frame of what runs now.
    pub(crate) fn call_frame(&self) -> &CallFrame {
        let index = self.current_call();
        // There is always the global one.
        self.fiber.calls.get(index).unwrap_or(&self.fiber.calls[0])
    }

    pub(crate) fn call_frame_mut(&mut self) -> &mut CallFrame {
        let index = self.current_call().min(self.fiber.calls.len() - 1);
        &mut self.fiber.calls[index]
    }

    /// The index of the call frame of what runs now.
    #[inline]
    pub(crate) fn current_call(&self) -> usize {
        self.fiber
            .frames
            .last()
            .map_or(0, |frame| frame.call as usize)
    }

    /// The status that `exit` asked for, if it was called.
    pub fn exit_status(&self) -> Option<i32> {
        self.exit_status
    }

    /// The limit on nested evaluations.
    pub fn recursion_limit(&self) -> usize {
        self.recursion_limit
    }

    /// Sets the limit on nested evaluations, at most [`crate::limits::RECURSION_MAX`].
    pub fn set_recursion_limit(&mut self, limit: usize) {
        self.recursion_limit = limit.clamp(1, crate::limits::RECURSION_MAX);
    }

    /// The name of the file being sourced, or the empty string.
    pub fn script_file(&self) -> Value {
        self.script_files.last().cloned().unwrap_or_default()
    }
}

impl Drop for Interp {
    fn drop(&mut self) {
        // Frames hold values, commands and namespaces of this interpreter: they go first.
        self.fiber.truncate(0);
        self.fibers.clear();
        self.script_cache.clear();
        // Data may end cycles of its own.
        drop(std::mem::take(&mut self.data));
        evaluate::break_cycles(&self.global);
    }
}

pub(crate) use invoke::wrong_args as invoke_wrong_args;
pub(crate) use operation::increment;
