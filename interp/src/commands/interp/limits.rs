//! Limits, cancelling, and other settings of an interpreter.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::child::not_permitted;
use super::family::{Node, enter, find, in_interpreter, own_node};
use super::wrong_args;
use crate::commands::{boolean_of, option};
use crate::runtime::integer::{small_int_of, wide_of};
use crate::runtime::safepoint::uncatchable;
use crate::runtime::{CommandResult, Context, Exception, Interp, Mode, done, done_empty};
use crate::value::Value;

/// The limits set on an interpreter.
#[derive(Default)]
struct Limits {
    commands: RefCell<Limit>,
    time: RefCell<Limit>,
    /// `interp debug -frame`
    keeps_frames: Cell<bool>,
    /// How often the limits have been looked at, for their granularity.
    look_count: Cell<u64>,
}

/// A limit.
#[derive(Clone, Default)]
struct Limit {
    /// What runs when it is reached.
    command: Value,
    /// How often it is looked at; 0 stands for the usual.
    granularity: i64,
    /// `-value` or `-seconds`
    value: Option<i64>,
    milliseconds: Option<i64>,
    /// The interpreter that has set it, where the command runs.
    owner: Weak<Node>,
    /// Set while the command runs.
    is_handled: bool,
}

impl Limits {
    fn kept(&self, is_time: bool) -> &RefCell<Limit> {
        if is_time { &self.time } else { &self.commands }
    }
}

impl Limit {
    /// At which looks this limit is checked: each n-th.
    fn granularity(&self, is_time: bool) -> i64 {
        match (self.granularity, is_time) {
            (0, true) => 10,
            (0, false) => 1,
            (granularity, _) => granularity,
        }
    }
}

fn bad_value(message: &str) -> Box<Exception> {
    Exception::with_code(message, ["TCL", "OPERATION", "INTERP", "BADVALUE"])
}

pub(super) fn limit(interp: &mut Interp, path: &Value, arguments: &[Value]) -> CommandResult {
    let node = find(interp, path)?;
    let is_time = option(&arguments[0], &["commands", "time"], "limit type")? == 1;
    if Rc::ptr_eq(&node, &own_node(interp)) {
        return Err(Exception::with_code(
            "limits on current interpreter inaccessible",
            ["TCL", "OPERATION", "INTERP", "SELF"],
        ));
    }
    let options = &arguments[1..];
    if options.len() > 1 && !options.len().is_multiple_of(2) {
        return Err(wrong_args(
            &format!("interp limit {path}"),
            "limitType ?-option value ...?",
        ));
    }
    let owner = Rc::downgrade(&own_node(interp));
    let value = in_interpreter(interp, path, |interp| {
        let limits = interp.data::<Limits>();
        let kept = limits.kept(is_time);
        if options.len() < 2 {
            return show(&kept.borrow(), options.first(), is_time);
        }
        let mut changed = kept.borrow().clone();
        change(&mut changed, options, is_time)?;
        changed.owner = owner;
        apply(interp, &changed, is_time);
        *kept.borrow_mut() = changed;
        Ok(Value::EMPTY)
    })??;
    done(value)
}

const COMMAND_OPTIONS: &[&str] = &["-command", "-granularity", "-value"];
const TIME_OPTIONS: &[&str] = &["-command", "-granularity", "-milliseconds", "-seconds"];

fn names(is_time: bool) -> &'static [&'static str] {
    if is_time {
        TIME_OPTIONS
    } else {
        COMMAND_OPTIONS
    }
}

fn show(limit: &Limit, wanted: Option<&Value>, is_time: bool) -> Result<Value, Box<Exception>> {
    let number = |number: Option<i64>| number.map(Value::int).unwrap_or_default();
    let of = |name: &str| match name {
        "-command" => limit.command.clone(),
        "-granularity" => Value::int(limit.granularity(is_time)),
        "-milliseconds" => number(limit.milliseconds),
        _ => number(limit.value),
    };
    match wanted {
        Some(wanted) => Ok(of(names(is_time)[option(wanted, names(is_time), "option")?])),
        None => Ok(Value::list(
            names(is_time)
                .iter()
                .flat_map(|name| [Value::text(name), of(name)])
                .collect(),
        )),
    }
}

fn change(limit: &mut Limit, options: &[Value], is_time: bool) -> Result<(), Box<Exception>> {
    for pair in options.chunks_exact(2) {
        let name = names(is_time)[option(&pair[0], names(is_time), "option")?];
        let value = &pair[1];
        match name {
            "-command" => limit.command = value.clone(),
            "-granularity" => {
                limit.granularity = wide_of(value)?;
                if limit.granularity < 1 {
                    return Err(bad_value("granularity must be at least 1"));
                }
            }
            "-value" => {
                limit.value = optional(value)?;
                if limit.value.is_some_and(|value| value < 0) {
                    return Err(bad_value("command limit value must be at least 0"));
                }
            }
            "-milliseconds" => {
                limit.milliseconds = optional(value)?;
                if limit.milliseconds.is_some_and(|value| value < 0) {
                    return Err(bad_value("milliseconds must be at least 0"));
                }
                if limit.milliseconds.is_some() && limit.value.is_none() {
                    limit.value = Some(0);
                }
            }
            _ => {
                limit.value = optional(value)?;
                if limit.value.is_some_and(|value| value < 0) {
                    return Err(bad_value("seconds must be at least 0"));
                }
                if limit.value.is_none() {
                    limit.milliseconds = None;
                } else if limit.milliseconds.is_none() {
                    limit.milliseconds = Some(0);
                }
            }
        }
    }
    if let (Some(seconds), Some(milliseconds)) = (limit.value, limit.milliseconds)
        && is_time
    {
        limit.value = Some(seconds.saturating_add(milliseconds / 1000));
        limit.milliseconds = Some(milliseconds % 1000);
    }
    Ok(())
}

fn optional(value: &Value) -> Result<Option<i64>, Box<Exception>> {
    if value.is_empty() {
        Ok(None)
    } else {
        wide_of(value).map(Some)
    }
}

fn apply(interp: &mut Interp, limit: &Limit, is_time: bool) {
    if is_time {
        interp.safepoint.time_limit = limit.value.map(|seconds| {
            let milliseconds = limit.milliseconds.unwrap_or(0);
            let after = Duration::from_secs(seconds.unsigned_abs())
                + Duration::from_millis(milliseconds.unsigned_abs());
            UNIX_EPOCH
                .checked_add(after)
                .unwrap_or_else(SystemTime::now)
        });
    } else {
        interp.safepoint.command_limit = limit.value.map(i64::unsigned_abs);
        if limit.value.is_some() && !interp.counts_commands {
            interp.counts_commands = true;
            interp.compile_epoch += 1;
        }
    }
    interp.safepoint.is_every_turn = interp.mode == Mode::Yield || interp.safepoint.has_limits();
    interp.safepoint.fuel = 0;
}

/// Whether a limit is reached now.
fn is_reached(interp: &Interp, is_time: bool) -> bool {
    if is_time {
        interp
            .safepoint
            .time_limit
            .is_some_and(|limit| SystemTime::now() >= limit)
    } else {
        interp
            .safepoint
            .command_limit
            .is_some_and(|limit| interp.command_count > limit)
    }
}

/// Looks at the limits of the interpreter that runs; the command of one that is reached may move it.
///
/// * `is_forced`: whatever their granularity, as after a wait.
///
/// Errors: a limit is exceeded.
pub(crate) fn check_limits(interp: &mut Interp, is_forced: bool) -> Result<(), Box<Exception>> {
    let limits = interp.data::<Limits>();
    let look = limits.look_count.get().wrapping_add(1);
    limits.look_count.set(look);
    for is_time in [false, true] {
        let granularity = limits.kept(is_time).borrow().granularity(is_time);
        let is_looked_at = is_forced || look.is_multiple_of(granularity.unsigned_abs());
        if is_looked_at
            && is_reached(interp, is_time)
            && !call_handler(interp, is_time)
            && is_reached(interp, is_time)
        {
            let (message, word) = if is_time {
                ("time limit exceeded", "TIME")
            } else {
                ("command count limit exceeded", "COMMANDS")
            };
            return Err(uncatchable(message, &["TCL", "LIMIT", word]));
        }
    }
    Ok(())
}

/// What `vwait` raises when `exception` has ended it: a limit that is exceeded is reported in the background.
pub(crate) fn exceeded_in_wait(interp: &mut Interp, exception: Box<Exception>) -> Box<Exception> {
    let is_limit = exception.error_code.as_ref().is_some_and(|words| {
        words
            .to_list()
            .is_ok_and(|words| matches!(words.elements(), [_, word, _] if &*word.str() == "LIMIT"))
    });
    if !(exception.is_uncatchable && is_limit) {
        return exception;
    }
    let mut reported = exception;
    reported.add_info("\n    (while waiting for event)");
    interp.background_error(&reported);
    let word = if interp.safepoint.time_limit.is_some() {
        "TIME"
    } else {
        "COMMANDS"
    };
    uncatchable("limit exceeded", &["TCL", "LIMIT", word])
}

/// Runs the command of a limit, where it was set. Returns whether it is running already.
fn call_handler(interp: &mut Interp, is_time: bool) -> bool {
    let limits = interp.data::<Limits>();
    let kept = limits.kept(is_time);
    let limit = kept.borrow().clone();
    if limit.is_handled {
        return true;
    }
    if limit.command.is_empty() {
        return false;
    }
    if let Some(owner) = limit.owner.upgrade() {
        kept.borrow_mut().is_handled = true;
        let _ = enter(interp, &owner, |owner| {
            let outcome = owner.eval_in(&limit.command, Context::Global);
            owner.report_outcome(outcome, "");
        });
        kept.borrow_mut().is_handled = false;
    }
    false
}

pub(super) fn recursionlimit(
    interp: &mut Interp,
    path: &Value,
    arguments: &[Value],
) -> CommandResult {
    let Some(limit) = arguments.first() else {
        let limit = in_interpreter(interp, path, |interp| interp.recursion_limit())?;
        return done(limit);
    };
    if interp.is_safe.get() {
        return Err(not_permitted(
            "permission denied: safe interpreters cannot change recursion limit",
        ));
    }
    in_interpreter(interp, path, |_| ())?;
    let number = i64::from(small_int_of(limit)?);
    if number <= 0 {
        return Err(Exception::with_code(
            "recursion limit must be > 0",
            ["TCL", "OPERATION", "INTERP", "BADLIMIT"],
        ));
    }
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    let depth = in_interpreter(interp, path, |interp| {
        interp.set_recursion_limit(number);
        crate::commands::info::script_depth(interp)
    })?;
    if path.is_empty() && depth > number {
        return Err(Exception::with_code(
            "falling back due to new recursion limit",
            ["TCL", "RECURSION"],
        ));
    }
    done(limit.clone())
}

pub(super) fn bgerror(interp: &mut Interp, path: &Value, arguments: &[Value]) -> CommandResult {
    let prefix = arguments.first();
    if let Some(prefix) = prefix
        && !prefix
            .to_list()
            .is_ok_and(|list| !list.elements().is_empty())
    {
        return Err(Exception::with_code(
            "cmdPrefix must be list of length >= 1",
            ["TCL", "OPERATION", "INTERP", "BGERRORFORMAT"],
        ));
    }
    let current = in_interpreter(interp, path, |interp| {
        if let Some(prefix) = prefix {
            interp.events.background_handler = prefix.clone();
        }
        interp.events.background_handler.clone()
    })?;
    done(current)
}

pub(super) fn debug(interp: &mut Interp, path: &Value, arguments: &[Value]) -> CommandResult {
    let result = in_interpreter(interp, path, |interp| {
        let limits = interp.data::<Limits>();
        if let Some(name) = arguments.first() {
            option(name, &["-frame"], "debug option")?;
        }
        if let Some(value) = arguments.get(1)
            && boolean_of(value)?
        {
            limits.keeps_frames.set(true);
        }
        let is_on =
            limits.keeps_frames.get() || std::env::var_os("TCL_INTERP_DEBUG_FRAME").is_some();
        let value = Value::boolean(is_on);
        Ok(if arguments.is_empty() {
            Value::list(vec![Value::text("-frame"), value])
        } else {
            value
        })
    })?;
    result.map(crate::runtime::Next::Done)
}

pub(super) fn cancel(interp: &mut Interp, arguments: &[Value]) -> CommandResult {
    let mut unwinds = false;
    let mut at = 0;
    while let Some(word) = arguments.get(at).filter(|word| word.str().starts_with('-')) {
        at += 1;
        match option(word, &["-unwind", "--"], "option")? {
            0 => unwinds = true,
            _ => break,
        }
    }
    let rest = arguments.get(at..).unwrap_or_default();
    if rest.len() > 2 {
        return Err(wrong_args(
            "interp cancel",
            "?-unwind? ?--? ?path? ?result?",
        ));
    }
    let path = rest.first().cloned().unwrap_or_default();
    let message = rest.get(1).cloned().unwrap_or_default();
    in_interpreter(interp, &path, |interp| {
        interp.safepoint.cancel = Some((unwinds, message));
        interp.safepoint.fuel = 0;
    })?;
    done_empty()
}
