//! `after`, `vwait`, `update`.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::list::concatenation;
use crate::event::{Filter, Wait};
use crate::runtime::events::Callback;
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, done, done_empty};
use crate::value::variable::{TraceOps, VariableTrace};
use crate::value::{Value, Variable};

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new("after", "option ?arg ...?", 1, ANY, after),
    Builtin::new("update", "?idletasks?", 0, 1, update),
    Builtin::new("vwait", "name", 1, 1, vwait),
];

fn after(interp: &mut Interp, words: &[Value]) -> CommandResult {
    if let Some(delay_ms) = delay_of(&words[1])? {
        let delay = Duration::from_millis(u64::try_from(delay_ms).unwrap_or(0));
        if words.len() == 2 {
            return sleep(interp, delay);
        }
        let number = interp.after(delay, Callback::Script(script_of(&words[2..])))?;
        return done(format!("after#{number}"));
    }
    let options = ["cancel", "idle", "info"];
    match super::option(&words[1], &options, "argument") {
        Ok(0) => cancel(interp, words),
        Ok(1) => {
            if words.len() < 3 {
                return Err(Exception::wrong_args(&format!(
                    "{} idle script ?script ...?",
                    words[0]
                )));
            }
            let number = interp.after_idle(Callback::Script(script_of(&words[2..])))?;
            done(format!("after#{number}"))
        }
        Ok(_) => info(interp, words),
        Err(_) => Err(Exception::with_code(
            format!(
                "bad argument \"{}\": must be cancel, idle, info, or an integer",
                words[1]
            ),
            ["TCL", "LOOKUP", "INDEX", "argument", &words[1].str()],
        )),
    }
}

/// The delay in milliseconds, if the word is a number.
fn delay_of(word: &Value) -> Result<Option<i64>, Box<Exception>> {
    match word.number() {
        Some(crate::value::Number::Int(delay)) => Ok(Some(delay)),
        Some(crate::value::Number::Big(_)) => Err(Exception::not_an_integer(word)),
        _ => Ok(None),
    }
}

fn script_of(words: &[Value]) -> Value {
    match words {
        [word] => word.clone(),
        words => concatenation(words).unwrap_or_default(),
    }
}

/// Waits without handling events, but not past an interrupt or a limit.
fn sleep(interp: &mut Interp, delay: Duration) -> CommandResult {
    /// How long an interrupt may go unnoticed.
    const SLICE: Duration = Duration::from_millis(20);
    let until = Instant::now() + delay;
    loop {
        interp.check_after_wait()?;
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return done_empty();
        }
        std::thread::sleep(left.min(SLICE));
    }
}

fn cancel(interp: &mut Interp, words: &[Value]) -> CommandResult {
    if words.len() < 3 {
        return Err(Exception::wrong_args(&format!(
            "{} cancel id|command",
            words[0]
        )));
    }
    let number = number_of(&words[2])
        .filter(|number| interp.has_after(*number))
        .or_else(|| {
            let script = script_of(&words[2..]);
            interp.after_of_script(&script)
        });
    if let Some(number) = number {
        interp.cancel_after(number);
    }
    done_empty()
}

/// The number in an id such as `after#3`.
fn number_of(word: &Value) -> Option<u64> {
    word.str().strip_prefix("after#")?.parse().ok()
}

fn info(interp: &mut Interp, words: &[Value]) -> CommandResult {
    match words {
        [_, _] => {
            let mut numbers = interp.after_numbers();
            numbers.sort_unstable_by(|left, right| right.cmp(left));
            done(Value::list(
                numbers
                    .iter()
                    .map(|number| Value::string(format!("after#{number}")))
                    .collect(),
            ))
        }
        [_, _, id] => {
            let found = number_of(id).and_then(|number| interp.after_script(number));
            match found {
                Some((script, kind)) => done(Value::list(vec![script, Value::text(kind)])),
                None => Err(Exception::with_code(
                    format!("event \"{id}\" doesn't exist"),
                    ["TCL", "LOOKUP", "EVENT", &id.str()],
                )),
            }
        }
        _ => Err(Exception::wrong_args(&format!("{} info ?id?", words[0]))),
    }
}

impl Interp {
    fn after_numbers(&self) -> Vec<u64> {
        let scripts = self
            .events
            .timers
            .values()
            .chain(self.events.idles.values());
        scripts
            .filter(|pending| matches!(pending.callback, Callback::Script(_)))
            .map(|pending| pending.number)
            .collect()
    }

    fn has_after(&self, number: u64) -> bool {
        self.after_numbers().contains(&number)
    }

    fn after_of_script(&self, script: &Value) -> Option<u64> {
        let pending = self
            .events
            .timers
            .values()
            .chain(self.events.idles.values());
        pending
            .filter(|pending| matches!(&pending.callback, Callback::Script(other) if other.same_text(script)))
            .map(|pending| pending.number)
            .max()
    }

    fn after_script(&self, number: u64) -> Option<(Value, &'static str)> {
        let find = |callback: &Callback| match callback {
            Callback::Script(script) => Some(script.clone()),
            Callback::Native(_) => None,
        };
        let timer = self
            .events
            .timers
            .values()
            .find(|pending| pending.number == number);
        if let Some(pending) = timer {
            return find(&pending.callback).map(|script| (script, "timer"));
        }
        let idle = self
            .events
            .idles
            .values()
            .find(|pending| pending.number == number)?;
        find(&idle.callback).map(|script| (script, "idle"))
    }

    /// Whether what runs must be stopped by `update` and `vwait` at once.
    fn handle_all_events(&mut self, filter: Filter) -> Result<(), Box<Exception>> {
        while self.do_one_event(Wait::Poll, filter)? {}
        Ok(())
    }
}

fn update(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let filter = match words.get(1) {
        None => Filter::ALL,
        Some(word) => {
            super::option(word, &["idletasks"], "option")?;
            Filter::IDLE
        }
    };
    interp.handle_all_events(filter)?;
    done_empty()
}

fn vwait(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let name = words[1].clone();
    let cell = interp.cell_by_name(&name, 0, "trace")?;
    let is_changed = Rc::new(Cell::new(false));
    let trace = watch(&cell, &is_changed);
    let mut outcome = Ok(());
    while !is_changed.get() {
        if interp.has_no_events() && interp.safepoint.time_limit.is_none() {
            outcome = Err(Exception::with_code(
                format!("can't wait for variable \"{name}\": would wait forever"),
                ["TCL", "EVENT", "NO_SOURCES"],
            ));
            break;
        }
        if let Err(exception) = interp.do_one_event(Wait::Forever, Filter::ALL) {
            outcome = Err(super::interp::exceeded_in_wait(interp, exception));
            break;
        }
    }
    cell.traces
        .borrow_mut()
        .retain(|other| !Rc::ptr_eq(other, &trace));
    cell.has_traces.set(!cell.traces.borrow().is_empty());
    outcome?;
    done_empty()
}

/// Puts a trace on a variable that notes when it is written or unset.
fn watch(cell: &Rc<Variable>, is_changed: &Rc<Cell<bool>>) -> Rc<VariableTrace> {
    let ops = TraceOps {
        write: true,
        unset: true,
        ..TraceOps::default()
    };
    let watcher = Some(is_changed.clone());
    let trace = Rc::new(VariableTrace {
        ops,
        prefix: Value::EMPTY,
        is_old_style: false,
        watcher,
    });
    cell.traces.borrow_mut().insert(0, trace.clone());
    cell.has_traces.set(true);
    trace
}
