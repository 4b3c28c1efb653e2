//! A Molt interpreter behind the seam: how it evaluates, how it is stopped, and what becomes of a panic.
//!
//! [`Shared`] is what all its commands of ours share; [`MoltHost`] is the interpreter while a command of ours, or the
//! program, has it at hand.

use super::stack::Stack;
use super::values::{completion, inside, molt_exception, outside, script_of};
use super::variables;
use crate::bridge::{self, Host};
use crate::evaluator::{Evaluator, Interruptible};
use crate::protocol::{Body, Outcome};
use molt::types::{ContextID, Exception as MoltException, MoltResult};
use remex_interp::event::{Filter, Wait};
use remex_interp::runtime::{ClosureCommand, Exception, Interp, done_empty, safepoint};
use remex_interp::value::Value;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// Calls and loop turns between two looks at what may stop a script. Each takes a microsecond or more.
const CHECK_INTERVAL: u32 = 100;

/// Scripts of requests of at most this many bytes are kept, parsed, by their text.
const KEPT_SCRIPT_BYTES_MAX: usize = 2048;

/// How many are kept; all are dropped when more come.
const KEPT_SCRIPTS_MAX: usize = 256;

/// The command by which requests are evaluated: inside a command, Molt leaves `return`, `break` and their like alone.
const ENTRY: &str = "remex::evaluate";

/// The command of our interpreter that has a script evaluated by Molt, soon.
const LATER: &str = "::remex::later";

/// What our commands begin with that scripts are not to see.
pub(super) const HIDDEN: &str = "remex::";

/// A script that an event wants evaluated, and words for it.
struct Job {
    script: String,
    words: Vec<String>,
}

/// What the commands of one Molt interpreter share.
pub(super) struct Shared {
    /// The interpreter of ours beside it: its event loop, its channels, its node, and the commands that Molt lacks. It
    /// is never borrowed while Molt evaluates.
    pub companion: RefCell<Interp>,
    queue: Rc<RefCell<VecDeque<Job>>>,
    /// Calls and loop turns until the next look.
    fuel: Cell<u32>,
    /// What ends the evaluation that was begun last; scripts cannot catch it.
    stop: RefCell<Option<Box<Exception>>>,
    /// Evaluations, and waits of commands, within each other.
    depth: Cell<usize>,
    /// What a command has panicked with; nothing is evaluated any more.
    broken: RefCell<Option<String>>,
    pub stack: Stack,
    entry: molt::Value,
    /// What [`ENTRY`] is to evaluate, and what that came to.
    body: RefCell<Option<molt::Value>>,
    result: RefCell<Option<MoltResult>>,
    kept: RefCell<HashMap<String, molt::Value>>,
    /// Scopes that stand for the global one; innermost last.
    pub stand_ins: RefCell<Vec<usize>>,
    /// Variables that somebody waits for.
    pub awaited: RefCell<Vec<Rc<variables::Awaited>>>,
    /// The script files being evaluated; innermost last.
    pub files: RefCell<Vec<String>>,
    pub procedures: RefCell<HashMap<String, Rc<super::procedure::Procedure>>>,
    /// Makes an interpreter with the commands of the program, to replace one that has panicked.
    pub builder: RefCell<Option<Rc<dyn Fn() -> molt::Interp>>>,
    /// Whether scripts see the commands that our interpreter has and Molt has not.
    pub has_all_commands: Cell<bool>,
}

impl Shared {
    pub fn new() -> Rc<Shared> {
        let mut companion = Interp::new();
        bridge::stand_beside(&mut companion);
        let queue: Rc<RefCell<VecDeque<Job>>> = Rc::default();
        let posted = Rc::clone(&queue);
        let later = ClosureCommand(move |_: &mut Interp, words: &[Value]| {
            if let Some((script, words)) = words.get(1..).and_then(<[Value]>::split_first) {
                posted.borrow_mut().push_back(Job {
                    script: script.to_text(),
                    words: words.iter().map(Value::to_text).collect(),
                });
            }
            done_empty()
        });
        companion.register_native(LATER, Rc::new(later));
        Rc::new(Shared {
            companion: RefCell::new(companion),
            queue,
            fuel: Cell::new(0),
            stop: RefCell::new(None),
            depth: Cell::new(0),
            broken: RefCell::new(None),
            stack: Stack::new(),
            entry: molt::Value::from(ENTRY),
            body: RefCell::new(None),
            result: RefCell::new(None),
            kept: RefCell::default(),
            stand_ins: RefCell::default(),
            awaited: RefCell::default(),
            files: RefCell::default(),
            procedures: RefCell::default(),
            builder: RefCell::new(None),
            has_all_commands: Cell::new(false),
        })
    }

    /// What is shared, for a command that was installed with it.
    pub fn of(molt: &mut molt::Interp, id: ContextID) -> Rc<Shared> {
        Rc::clone(molt.context::<Rc<Shared>>(id))
    }

    /// To be called at each turn of a loop and each call of a procedure.
    ///
    /// Errors: the evaluation is to end.
    pub fn check(&self) -> Result<(), MoltException> {
        match self.fuel.get().checked_sub(1) {
            Some(fuel) => {
                self.fuel.set(fuel);
                Ok(())
            }
            None => self.look().map_err(|exception| self.raise(exception)),
        }
    }

    /// A look at everything that may stop a script; see [`Interp::check_safepoint`].
    pub fn look(&self) -> Result<(), Box<Exception>> {
        if let Some(stop) = &*self.stop.borrow() {
            return Err(stop.clone());
        }
        if let Some(reason) = &*self.broken.borrow() {
            return Err(broken(reason));
        }
        self.fuel.set(CHECK_INTERVAL);
        match self.companion.try_borrow_mut() {
            Ok(mut companion) => companion.check_safepoint(),
            Err(_) => Ok(()),
        }
    }

    /// Whether what runs is to end, so that no script may catch it.
    pub fn is_stopping(&self) -> bool {
        self.stop.borrow().is_some() || self.broken.borrow().is_some()
    }

    /// Turns an exception of ours into one of Molt's.
    pub fn raise(&self, exception: Box<Exception>) -> MoltException {
        let raised = molt_exception(&exception);
        if exception.is_uncatchable {
            self.fuel.set(0);
            *self.stop.borrow_mut() = Some(exception);
        }
        raised
    }

    /// Evaluates a part of a script.
    pub fn eval(&self, molt: &mut molt::Interp, script: &molt::Value) -> MoltResult {
        self.stack.check_script(script.as_str())?;
        molt.eval_value(script)
    }

    /// Evaluates an expression.
    pub fn expr(&self, molt: &mut molt::Interp, expression: &molt::Value) -> MoltResult {
        self.stack.check_expression(expression.as_str())?;
        molt.expr(expression)
    }

    /// Calls a command of our interpreter.
    pub fn call_companion(&self, words: Vec<Value>) -> MoltResult {
        let called = match self.companion.try_borrow_mut() {
            Ok(mut companion) => companion.call(words),
            Err(_) => Err(Exception::error("the interpreter is busy")),
        };
        match called {
            Ok(value) => Ok(outside(&value.str())),
            Err(mut exception) => {
                // Where it happened in there is no concern of the script's.
                exception.info = None;
                Err(self.raise(exception))
            }
        }
    }

    fn kept(&self, script: String) -> molt::Value {
        if let Some(value) = self.kept.borrow().get(&script) {
            return value.clone();
        }
        let value = outside(&script);
        if script.len() <= KEPT_SCRIPT_BYTES_MAX {
            let mut kept = self.kept.borrow_mut();
            if kept.len() >= KEPT_SCRIPTS_MAX {
                kept.clear();
            }
            kept.insert(script, value.clone());
        }
        value
    }
}

fn broken(reason: &str) -> Box<Exception> {
    let message = format!("the interpreter has failed and evaluates nothing more: {reason}");
    safepoint::uncatchable(&message, &["REMEX", "PANIC"])
}

/// Gives an interpreter the command by which requests are evaluated.
pub(super) fn install(molt: &mut molt::Interp, id: ContextID) {
    molt.add_context_command(ENTRY, evaluate_body, id);
    // Its own limit counts levels, whatever they hold; ours measures the stack.
    molt.set_recursion_limit(usize::MAX);
}

fn evaluate_body(molt: &mut molt::Interp, id: ContextID, _: &[molt::Value]) -> MoltResult {
    let shared = Shared::of(molt, id);
    let body = shared.body.take();
    if let Some(body) = body {
        let result = shared.eval(molt, &body);
        shared.result.replace(Some(result));
    }
    Ok(molt::Value::empty())
}

/// A Molt interpreter, and what our commands in it share.
pub(super) struct MoltHost<'a> {
    pub molt: &'a mut molt::Interp,
    pub shared: Rc<Shared>,
    stopped: Option<Box<Exception>>,
}

impl<'a> MoltHost<'a> {
    pub fn new(molt: &'a mut molt::Interp, shared: &Rc<Shared>) -> MoltHost<'a> {
        MoltHost {
            molt,
            shared: Rc::clone(shared),
            stopped: None,
        }
    }

    /// Evaluates a script at global level, whatever is running.
    pub fn evaluate_script(&mut self, script: molt::Value) -> remex_interp::Outcome {
        self.rebuild();
        self.shared.look()?;
        self.shared.stack.enter();
        self.shared.body.replace(Some(script));
        let depth = self.shared.depth.get();
        self.shared.depth.set(depth + 1);
        let level = self.molt.scope_level();
        let (molt, shared) = (&mut *self.molt, &self.shared);
        let entered = catch_unwind(AssertUnwindSafe(|| {
            variables::at_global_level(molt, shared, |molt| molt.eval_value(&shared.entry))
        }));
        self.shared.depth.set(depth);
        let result = match entered {
            Ok(Ok(_)) => self.shared.result.take().unwrap_or_else(|| Ok("".into())),
            Ok(Err(exception)) => Err(exception),
            Err(panic) => {
                while self.molt.scope_level() > level {
                    self.molt.pop_scope();
                }
                return Err(self.panicked(panic_text(&*panic)));
            }
        };
        // What comes next is looked at anew: an exit, or the end of an outer evaluation.
        self.shared.fuel.set(0);
        match self.shared.stop.take() {
            Some(stop) => Err(stop),
            None => completion(result),
        }
    }

    /// Notes a panic. If nothing runs in the interpreter now, another one takes its place.
    fn panicked(&mut self, reason: &str) -> Box<Exception> {
        let shared = Rc::clone(&self.shared);
        shared.fuel.set(0);
        shared.stop.take();
        shared.body.take();
        shared.result.take();
        shared.stand_ins.borrow_mut().clear();
        shared.broken.replace(Some(reason.to_string()));
        self.rebuild();
        let message = format!("the interpreter has panicked: {reason}");
        Exception::with_code(message, ["REMEX", "PANIC"])
    }

    /// Replaces an interpreter that has panicked, once nothing runs in it.
    fn rebuild(&mut self) {
        let shared = Rc::clone(&self.shared);
        // A scope that is left is that of a procedure in which a command of the program's runs the event loop.
        let is_running = shared.depth.get() > 0 || self.molt.scope_level() > 0;
        if is_running || shared.broken.borrow().is_none() {
            return;
        }
        let Some(builder) = shared.builder.borrow().clone() else {
            return;
        };
        let Ok(mut fresh) = catch_unwind(AssertUnwindSafe(|| builder())) else {
            return;
        };
        super::install_commands(&mut fresh, &shared);
        let old = &mut *self.molt;
        // What cannot be read any more is lost.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            variables::copy_globals(old, &mut fresh)
        }));
        *self.molt = fresh;
        shared.broken.take();
    }

    /// Does what a command does that waits: nothing replaces the interpreter meanwhile.
    pub fn waiting<T>(&mut self, wait: impl FnOnce(&mut Self) -> T) -> T {
        let depth = self.shared.depth.get();
        self.shared.depth.set(depth + 1);
        let waited = wait(self);
        self.shared.depth.set(depth);
        waited
    }

    /// Evaluates what events have asked for. Whether there was anything.
    pub fn run_jobs(&mut self) -> bool {
        let mut has_run = false;
        loop {
            let job = self.shared.queue.borrow_mut().pop_front();
            match job {
                Some(job) => self.run_job(job),
                None if bridge::take_turn(self) => {}
                None => return has_run,
            }
            self.rebuild();
            has_run = true;
        }
    }

    fn run_job(&mut self, job: Job) {
        let mut script = job.script;
        if !job.words.is_empty() {
            script.push(' ');
            script.push_str(&script_of(&job.words));
        }
        let script = self.shared.kept(script);
        let outcome = self.evaluate_script(script);
        self.with(|interp| interp.report_outcome(outcome, ""));
    }

    /// The names of commands that begin with `prefix`, sorted.
    fn names(&self, prefix: &str) -> Vec<String> {
        let names = self.molt.command_names();
        let mut names: Vec<String> = names
            .iter()
            .map(inside)
            .filter(|name| name.starts_with(prefix) && !name.starts_with(HIDDEN))
            .collect();
        names.sort();
        names
    }
}

/// What a panic said.
fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text,
        _ => "for an unknown reason",
    }
}

impl Host for MoltHost<'_> {
    fn with<T>(&mut self, visit: impl FnOnce(&mut Interp) -> T) -> T {
        visit(&mut self.shared.companion.borrow_mut())
    }

    fn one_event(&mut self, wait: Wait) -> Result<(), Box<Exception>> {
        let shared = Rc::clone(&self.shared);
        if !self.run_jobs() {
            shared
                .companion
                .borrow_mut()
                .do_one_event(wait, Filter::ALL)?;
            self.run_jobs();
        }
        // A request that waits in this event loop may have been cancelled; the loop looks at nothing else.
        shared.look()
    }

    fn asking<T>(
        &mut self,
        question: impl FnOnce(&mut dyn Evaluator) -> T,
    ) -> (T, Option<Box<Exception>>) {
        let answer = self.waiting(|host| question(host));
        (answer, self.stopped.take())
    }

    fn callback(&mut self, prefix: Value) -> Value {
        Value::list(vec![Value::text(LATER), prefix])
    }

    fn check_safepoint(&mut self) -> Result<(), Box<Exception>> {
        self.shared.look()
    }
}

impl Evaluator for MoltHost<'_> {
    fn evaluate(&mut self, body: Body) -> Outcome {
        let script = match body {
            Body::Script(script) => script,
            Body::Words(words) => script_of(&words),
        };
        let is_over = self.shared.companion.borrow().exit_status().is_some();
        let completion = match is_over {
            true => Err(Exception::error("the interpreter exits")),
            false => {
                let script = self.shared.kept(script);
                self.evaluate_script(script)
            }
        };
        self.with(bridge::close_if_exiting);
        bridge::packed(completion)
    }

    fn is_interrupted(&mut self) -> bool {
        self.stopped = self.shared.look().err();
        self.stopped.is_some()
    }

    fn complete(&mut self, prefix: &str) -> Vec<String> {
        self.names(prefix)
    }

    fn interruptible(&self) -> Interruptible {
        Interruptible::LoopsAndCalls
    }
}
