//! Traces on commands: what runs when a command with such traces is called, renamed or deleted.
//!
//! While a command with step traces runs, every command of the interpreter counts as traced and nothing is inlined, so
//! that each call comes through [`call_traced`].

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::command::CommandTrace;
use super::{
    Command, CommandResult, Context, Exception, Interp, Mode, Namespace, Next, Outcome, Resume,
    ScriptLabel, code,
};
use crate::value::Value;

/// What step traces keep for an interpreter.
#[derive(Default)]
struct Steps {
    /// The step traces under way, outermost first.
    active: RefCell<Vec<Step>>,
    /// The engine mode to go back to when the last one is done.
    mode: Cell<Mode>,
    /// How many traces are running; what they call takes no steps.
    running: Cell<u32>,
}

/// A step trace under way.
#[derive(Clone)]
struct Step {
    trace: Rc<CommandTrace>,
    /// The command that has it.
    command: Rc<Command>,
}

impl Step {
    /// Whether nobody has removed the trace meanwhile.
    fn is_there(&self) -> bool {
        has_trace(&self.command, &self.trace)
    }
}

fn has_trace(command: &Command, trace: &Rc<CommandTrace>) -> bool {
    command
        .traces
        .borrow()
        .iter()
        .any(|other| Rc::ptr_eq(other, trace))
}

/// Notes that a command has got or lost execution traces.
pub(crate) fn traces_changed(interp: &mut Interp, command: &Rc<Command>) {
    let is_stepping = !interp.data::<Steps>().active.borrow().is_empty();
    let has_own = has_execution_traces(command);
    command.has_execution_traces.set(has_own || is_stepping);
    interp.forget_lookups();
}

fn has_execution_traces(command: &Command) -> bool {
    command
        .traces
        .borrow()
        .iter()
        .any(|trace| trace.is_execution)
}

/// Calls a command with its enter, leave and step traces.
pub(crate) fn call_traced(
    interp: &mut Interp,
    command: &Rc<Command>,
    words: &[Value],
) -> CommandResult {
    let steps = interp.data::<Steps>();
    let stepping: Vec<Step> = match steps.running.get() {
        0 => steps
            .active
            .borrow()
            .iter()
            .filter(|step| !step.trace.is_active.get())
            .cloned()
            .collect(),
        _ => Vec::new(),
    };
    let own: Vec<Rc<CommandTrace>> = command
        .traces
        .borrow()
        .iter()
        .filter(|trace| trace.is_execution && !trace.is_active.get())
        .cloned()
        .collect();
    if own.is_empty() && stepping.is_empty() {
        return interp.call_untraced(command, words);
    }
    let text = Value::string(crate::value::list::list_text(words.iter()));
    for step in stepping
        .iter()
        .rev()
        .filter(|step| step.trace.ops.contains(&"enterstep"))
    {
        if step.is_there() {
            run(
                interp,
                &step.trace,
                &[text.clone(), Value::text("enterstep")],
                "enterstep",
                &words[0],
            )?;
        }
    }
    for trace in own.iter().filter(|trace| trace.ops.contains(&"enter")) {
        if has_trace(command, trace) {
            run(
                interp,
                trace,
                &[text.clone(), Value::text("enter")],
                "enter",
                &words[0],
            )?;
        }
    }
    let mut starting: Vec<Step> = own
        .iter()
        .rev()
        .filter(|trace| is_step(trace) && has_trace(command, trace))
        .map(|trace| Step {
            trace: trace.clone(),
            command: command.clone(),
        })
        .collect();
    starting.retain(|step| {
        !steps
            .active
            .borrow()
            .iter()
            .any(|other| Rc::ptr_eq(&other.trace, &step.trace))
    });
    start_steps(interp, &steps, &starting);
    let leave = Leave {
        text,
        name: words[0].clone(),
        command: command.clone(),
        stepping,
        started: starting,
    };
    interp.push_native(Box::new(leave));
    let called = if command.is_deleted.get() {
        call_replacement(interp, command, words)?
    } else {
        interp.call_untraced(command, words)?
    };
    delivered(called)
}

/// Calls what has the name of a command now that an enter trace has deleted.
fn call_replacement(interp: &mut Interp, command: &Rc<Command>, words: &[Value]) -> CommandResult {
    let name = command.name.borrow().clone();
    let holder = command.namespace.borrow().upgrade();
    if let Some(other) = holder.and_then(|holder| holder.command(&name)) {
        return interp.call_untraced(&other, words);
    }
    let namespace = interp.current_namespace();
    interp.call_words(words, &namespace)
}

/// The outcome of a command that is done goes to the [`Leave`] on top.
fn delivered(next: Next) -> CommandResult {
    match next {
        Next::Done(value) => Ok(Next::Deliver(Ok(value))),
        next => Ok(next),
    }
}

fn is_step(trace: &CommandTrace) -> bool {
    trace.ops.contains(&"enterstep") || trace.ops.contains(&"leavestep")
}

fn start_steps(interp: &mut Interp, steps: &Steps, starting: &[Step]) {
    if starting.is_empty() {
        return;
    }
    if steps.active.borrow().is_empty() {
        steps.mode.set(interp.mode);
        interp.mode = Mode::Invoke;
        mark_commands(interp, true);
    }
    steps.active.borrow_mut().extend(starting.iter().cloned());
}

fn end_steps(interp: &mut Interp, ending: &[Step]) {
    if ending.is_empty() {
        return;
    }
    let steps = interp.data::<Steps>();
    steps.active.borrow_mut().retain(|step| {
        !ending
            .iter()
            .any(|other| Rc::ptr_eq(&other.trace, &step.trace))
    });
    if steps.active.borrow().is_empty() {
        interp.mode = steps.mode.get();
        mark_commands(interp, false);
    }
}

/// Marks every command as traced, or only those that are.
fn mark_commands(interp: &mut Interp, all: bool) {
    let mut waiting: Vec<Rc<Namespace>> = vec![interp.global_namespace()];
    while let Some(namespace) = waiting.pop() {
        for command in namespace.commands.borrow().values() {
            command
                .has_execution_traces
                .set(all || has_execution_traces(command));
        }
        waiting.extend(namespace.children.borrow().values().cloned());
    }
    interp.forget_lookups();
}

/// Runs one trace; its error replaces the command.
fn run(
    interp: &mut Interp,
    trace: &Rc<CommandTrace>,
    words: &[Value],
    what: &str,
    name: &Value,
) -> Result<(), Box<Exception>> {
    if trace.is_active.replace(true) {
        return Ok(());
    }
    let steps = interp.data::<Steps>();
    steps.running.set(steps.running.get() + 1);
    let outcome = call_prefix(interp, &trace.prefix, words);
    steps.running.set(steps.running.get() - 1);
    trace.is_active.set(false);
    match outcome {
        Ok(_) => Ok(()),
        Err(mut exception) => {
            if exception.code == code::ERROR {
                exception.add_info(&format!("\n    ({what} trace on \"{name}\")"));
                exception.is_logged = true;
            }
            Err(exception)
        }
    }
}

/// Waits for the outcome of a traced command.
struct Leave {
    text: Value,
    name: Value,
    command: Rc<Command>,
    stepping: Vec<Step>,
    started: Vec<Step>,
}

impl Resume for Leave {
    fn resume(self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        end_steps(interp, &self.started);
        if outcome
            .as_ref()
            .is_err_and(|exception| exception.is_uncatchable)
        {
            return outcome.map(Next::Done);
        }
        let (code, result) = match &outcome {
            Ok(value) => (code::OK, value.clone()),
            Err(exception) => (exception.code, exception.value.clone()),
        };
        let number = Value::int(i64::from(code));
        let words = |operation: &str| {
            [
                self.text.clone(),
                number.clone(),
                result.clone(),
                Value::text(operation),
            ]
        };
        // Traces that the command has got meanwhile see it leave too.
        let own: Vec<Rc<CommandTrace>> = self.command.traces.borrow().clone();
        for trace in own
            .iter()
            .rev()
            .filter(|trace| trace.is_execution && trace.ops.contains(&"leave"))
        {
            if has_trace(&self.command, trace) {
                run(interp, trace, &words("leave"), "leave", &self.name)?;
            }
        }
        for step in self
            .stepping
            .iter()
            .filter(|step| step.trace.ops.contains(&"leavestep"))
        {
            if step.is_there() {
                run(
                    interp,
                    &step.trace,
                    &words("leavestep"),
                    "leavestep",
                    &self.name,
                )?;
            }
        }
        outcome.map(Next::Done)
    }

    fn sees_uncatchable(&self) -> bool {
        true
    }
}

/// Runs the delete traces of a command that has been deleted; its name is still its own.
pub(crate) fn command_deleted(interp: &mut Interp, command: &Rc<Command>) {
    if command.traces.borrow().is_empty() {
        return;
    }
    run_command_traces(interp, command, "delete", &command.full_name(), "");
    command.traces.borrow_mut().clear();
    command.has_execution_traces.set(false);
}

/// Runs the rename traces of a command.
pub(crate) fn command_renamed(
    interp: &mut Interp,
    command: &Rc<Command>,
    old_name: &str,
    new_name: &str,
) {
    run_command_traces(interp, command, "rename", old_name, new_name);
}

fn run_command_traces(
    interp: &mut Interp,
    command: &Rc<Command>,
    operation: &'static str,
    old_name: &str,
    new_name: &str,
) {
    let traces = command.traces.borrow().clone();
    for trace in traces {
        let is_still_there = command
            .traces
            .borrow()
            .iter()
            .any(|other| Rc::ptr_eq(other, &trace));
        if !trace.ops.contains(&operation) || !is_still_there || trace.is_active.replace(true) {
            continue;
        }
        let words = [
            Value::text(old_name),
            Value::text(new_name),
            Value::text(operation),
        ];
        // Errors of such traces are of no consequence.
        let _ = call_prefix(interp, &trace.prefix, &words);
        trace.is_active.set(false);
    }
}

/// Evaluates a trace's command prefix with words added, in the current call frame; nothing in it is inlined, as in tclsh.
fn call_prefix(interp: &mut Interp, prefix: &Value, words: &[Value]) -> Outcome {
    let mut script = prefix.to_text();
    for word in words {
        script.push(' ');
        script.push_str(&crate::value::list::list_text(std::iter::once(word)));
    }
    let script = Value::string(script);
    interp.run_nested(|interp| interp.push_top_level(&script, Context::Current, ScriptLabel::None))
}
