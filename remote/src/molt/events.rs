//! Events and messages for scripts: `after`, `vwait`, `update`, `fileevent`, and the commands of this crate.

use super::control::joined;
use super::engine::{MoltHost, Shared};
use super::values::{inside, result, words_inside};
use super::variables::Awaited;
use crate::bridge::Host;
use crate::{commands, fsignal};
use molt::types::{ContextID, MoltResult};
use molt::{Interp, check_args};
use remex_interp::event::Wait;
use remex_interp::runtime::{ANY, Exception, Outcome};
use remex_interp::value::Value;
use std::rc::Rc;

/// A command of this crate as Molt's scripts see it.
struct Row {
    name: &'static str,
    /// Of an ensemble.
    subcommand: Option<&'static str>,
    usage: &'static str,
    /// Fewest and most words after the name.
    min: usize,
    max: usize,
    run: fn(&mut MoltHost<'_>, &[Value]) -> Outcome,
}

const fn row(
    name: &'static str,
    subcommand: Option<&'static str>,
    usage: &'static str,
    (min, max): (usize, usize),
    run: fn(&mut MoltHost<'_>, &[Value]) -> Outcome,
) -> Row {
    Row {
        name,
        subcommand,
        usage,
        min,
        max,
        run,
    }
}

const MANY: usize = ANY as usize;

const ROWS: &[Row] = &[
    row(
        "send",
        None,
        commands::SEND_USAGE,
        (2, MANY),
        |host, words| commands::send(host, words),
    ),
    row(
        "remote",
        Some("call"),
        commands::CALL_USAGE,
        (2, MANY),
        |host, words| commands::remote_call(host, words),
    ),
    row(
        "remote",
        Some("eval"),
        commands::EVAL_USAGE,
        (2, MANY),
        |host, words| commands::remote_eval(host, words),
    ),
    row("remote", Some("interps"), "", (0, 0), |host, words| {
        commands::remote_interps(host, words)
    }),
    row("remote", Some("name"), "", (0, 0), |host, words| {
        commands::remote_name(host, words)
    }),
    row(
        "remote",
        Some("ping"),
        commands::PING_USAGE,
        (1, 4),
        |host, words| commands::remote_ping(host, words),
    ),
    row(
        "remote",
        Some("serve"),
        commands::SERVE_USAGE,
        (0, 4),
        |host, words| commands::remote_serve(host, words),
    ),
    row("remote", Some("stop"), "", (0, 0), |host, words| {
        commands::remote_stop(host, words)
    }),
    row(
        "fsignal",
        Some("send"),
        fsignal::SEND_USAGE,
        (1, 2),
        |_, words| fsignal::send(words),
    ),
    row(
        "fsignal",
        Some("wait"),
        fsignal::WAIT_USAGE,
        (1, 3),
        |host, words| fsignal::wait(host, words),
    ),
    row(
        "filewait",
        None,
        fsignal::FILEWAIT_USAGE,
        (1, 3),
        |host, words| fsignal::filewait(host, words),
    ),
];

/// The commands of this file.
pub(super) fn install(molt: &mut Interp, id: ContextID, shared: &Rc<Shared>) {
    molt.add_context_command("after", after, id);
    molt.add_context_command("vwait", vwait, id);
    molt.add_context_command("update", update, id);
    for name in ["send", "remote", "fsignal", "filewait"] {
        let rows: Vec<&'static Row> = ROWS.iter().filter(|row| row.name == name).collect();
        let id = molt.save_context(Rc::new(Rows {
            shared: Rc::clone(shared),
            rows,
        }));
        molt.add_context_command(name, message_command, id);
    }
}

/// The rows of one command.
struct Rows {
    shared: Rc<Shared>,
    rows: Vec<&'static Row>,
}

fn message_command(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    let rows = Rc::clone(molt.context::<Rc<Rows>>(id));
    rows.shared.check()?;
    let words = words_inside(words);
    let (row, words) =
        chosen(&rows.rows, &words).map_err(|exception| rows.shared.raise(exception))?;
    let mut host = MoltHost::new(molt, &rows.shared);
    let outcome = host.waiting(|host| (row.run)(host, words));
    outcome_for(&rows.shared, outcome)
}

fn outcome_for(shared: &Shared, outcome: Outcome) -> MoltResult {
    match outcome {
        Err(exception) => Err(shared.raise(exception)),
        outcome => result(outcome),
    }
}

/// The row that the words call, and the words that its function gets.
fn chosen<'a>(
    rows: &[&'static Row],
    words: &'a [Value],
) -> Result<(&'static Row, &'a [Value]), Box<Exception>> {
    let name = words.first().map(Value::to_text).unwrap_or_default();
    let (row, words) = match rows {
        [row] if row.subcommand.is_none() => (*row, words),
        rows => {
            let Some(wanted) = words.get(1) else {
                return Err(Exception::wrong_args(&format!(
                    "{name} subcommand ?arg ...?"
                )));
            };
            (
                subcommand(rows, &wanted.str())?,
                words.get(1..).unwrap_or_default(),
            )
        }
    };
    let count = words.len().saturating_sub(1);
    match count >= row.min && count <= row.max {
        true => Ok((row, words)),
        false => {
            let parts = [Some(row.name), row.subcommand, Some(row.usage)];
            let parts: Vec<&str> = parts
                .into_iter()
                .flatten()
                .filter(|part| !part.is_empty())
                .collect();
            Err(Exception::wrong_args(&parts.join(" ")))
        }
    }
}

/// The row whose subcommand is `wanted`, or the only one that begins with it.
fn subcommand(rows: &[&'static Row], wanted: &str) -> Result<&'static Row, Box<Exception>> {
    let name = |row: &&'static Row| row.subcommand.unwrap_or_default();
    if let Some(row) = rows.iter().find(|row| name(row) == wanted) {
        return Ok(row);
    }
    let mut candidates = rows.iter().filter(|row| name(row).starts_with(wanted));
    match (candidates.next(), candidates.next()) {
        (Some(row), None) if !wanted.is_empty() => Ok(row),
        _ => {
            let names: Vec<&str> = rows.iter().map(name).collect();
            let what = "unknown or ambiguous";
            Err(Exception::bad_index(what, "subcommand", wanted, &names))
        }
    }
}

/// `after`: the timers are our interpreter's; what they run is evaluated by Molt.
fn after(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    check_args(1, words, 2, 0, "option ?arg ...?")?;
    let shared = Shared::of(molt, id);
    shared.check()?;
    let option = words.get(1).map_or("", molt::Value::as_str);
    let rest = words.get(2..).unwrap_or_default();
    let is_delay = !rest.is_empty() && molt::Value::from(option).as_int().is_ok();
    let mut call = vec![Value::text("after"), Value::text(option)];
    let is_identifier = |word: &molt::Value| word.as_str().starts_with("after#");
    match option {
        "idle" => call.extend(later(molt, &shared, rest)),
        _ if is_delay => call.extend(later(molt, &shared, rest)),
        "cancel" if !rest.first().is_some_and(is_identifier) => {
            call.extend(later(molt, &shared, rest));
        }
        _ => call.extend(words_inside(rest)),
    }
    let answer = shared.call_companion(call)?;
    match option {
        "info" if !rest.is_empty() => about(&answer),
        _ => Ok(answer),
    }
}

/// What our interpreter is to run for the script that these words are; nothing if there are none.
fn later(molt: &mut Interp, shared: &Rc<Shared>, words: &[molt::Value]) -> Option<Value> {
    if words.is_empty() {
        return None;
    }
    let script = Value::string(inside(&joined(words)));
    Some(MoltHost::new(molt, shared).callback(script))
}

/// What `after info` says of a script of ours: the script that stands in it.
fn about(answer: &molt::Value) -> MoltResult {
    let [script, kind] = &answer.to_list()?[..] else {
        return Ok(answer.clone());
    };
    let script = script
        .as_list()?
        .last()
        .cloned()
        .unwrap_or_else(molt::Value::empty);
    Ok(molt::Value::from(vec![script, kind.clone()]))
}

/// `vwait name`: runs the event loop until the variable is written.
fn vwait(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    check_args(1, words, 2, 2, "name")?;
    let shared = Shared::of(molt, id);
    let Some(name) = words.get(1) else {
        return Ok(molt::Value::empty());
    };
    super::variables::settle(molt, &shared);
    let awaited = Awaited::new(&shared, name);
    let before = awaited.value(molt);
    let mut host = MoltHost::new(molt, &shared);
    let waited = host.waiting(|host| {
        while !awaited.is_written() && awaited.value(host.molt) == before {
            if host.with(|interp| interp.has_no_events()) {
                return Err(Exception::with_code(
                    format!("can't wait for variable \"{name}\": would wait forever"),
                    ["TCL", "EVENT", "NO_SOURCES"],
                ));
            }
            host.one_event(Wait::Forever)?;
        }
        Ok(Value::EMPTY)
    });
    awaited.forget(&shared);
    super::variables::relink(molt, &shared);
    outcome_for(&shared, waited)
}

/// The most events that one `update` acts on, so that events which make events do not keep it for ever.
const UPDATE_EVENTS_MAX: usize = 10_000;

/// `update ?idletasks?`
fn update(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    check_args(1, words, 1, 2, "?idletasks?")?;
    let shared = Shared::of(molt, id);
    if let Some(option) = words.get(1)
        && option.as_str() != "idletasks"
    {
        return failed!("bad option \"{}\": must be idletasks", option);
    }
    let filter = match words.len() {
        1 => remex_interp::event::Filter::ALL,
        _ => remex_interp::event::Filter::IDLE,
    };
    let mut host = MoltHost::new(molt, &shared);
    let updated = host.waiting(|host| {
        for _ in 0..UPDATE_EVENTS_MAX {
            let has_run = host.run_jobs();
            let has_happened = host.with(|interp| interp.do_one_event(Wait::Poll, filter))?;
            host.shared.look()?;
            if !has_happened && !has_run {
                break;
            }
        }
        Ok(Value::EMPTY)
    });
    outcome_for(&shared, updated)
}

/// `fileevent channel readable|writable ?script?`
pub(super) fn fileevent(molt: &mut Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    check_args(1, words, 3, 4, "channelId event ?script?")?;
    let shared = Shared::of(molt, id);
    let mut call = super::forward::call_of("fileevent", words.get(..3).unwrap_or_default());
    match words.get(3) {
        Some(script) if script.as_str().is_empty() => call.push(Value::EMPTY),
        Some(script) => call.extend(later(molt, &shared, std::slice::from_ref(script))),
        None => {
            let answer = shared.call_companion(call)?;
            return Ok(answer
                .as_list()?
                .last()
                .cloned()
                .unwrap_or_else(molt::Value::empty));
        }
    }
    shared.call_companion(call)
}
