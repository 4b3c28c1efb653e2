//! `info level` and `info frame`.

use crate::runtime::evaluate::level_number;
use crate::runtime::frame::{CallKind, CodeFrame, End, Fiber, Frame, FrameKind};
use crate::runtime::integer::small_int_of;
use crate::runtime::location::Location;
use crate::runtime::{CommandResult, Exception, Interp, done};
use crate::value::{OrderedMap, Value};

pub(super) fn info_level(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let current = interp.call_frame();
    let Some(number) = words.get(1) else {
        return done(i64::from(current.level));
    };
    let level = match level_number(number) {
        Some(level) => level,
        None => i64::from(small_int_of(number)?),
    };
    let bad = || {
        Exception::with_code(
            format!("bad level \"{number}\""),
            ["TCL", "LOOKUP", "STACK_LEVEL", &number.str()],
        )
    };
    let wanted = if level > 0 {
        level
    } else {
        i64::from(current.level) + level
    };
    if wanted < 1 {
        return Err(bad());
    }
    let mut index = interp.current_call();
    while let Some(frame) = interp.fiber.calls.get(index) {
        if i64::from(frame.level) == wanted {
            return done(frame.words().to_vec());
        }
        if frame.level == 0 {
            break;
        }
        index = frame.caller as usize;
    }
    Err(bad())
}

/// A script that runs: what `info frame` counts.
struct ScriptFrame<'a> {
    fiber: &'a Fiber,
    frame: &'a Frame,
    /// Its place in the fiber.
    index: usize,
    /// The level that the script was started from; `uplevel` does not change it.
    call: usize,
}

/// The scripts that run, outermost first, over all fibers that wait for one another.
fn script_frames(interp: &Interp) -> Vec<ScriptFrame<'_>> {
    let mut found = Vec::new();
    for fiber in interp.fibers.iter().chain(std::iter::once(&interp.fiber)) {
        let mut call = 0;
        for (index, frame) in fiber.frames.iter().enumerate() {
            if matches!(frame.end, End::Procedure | End::Lambda | End::Namespace(_)) {
                call = frame.call as usize;
            }
            let is_script = match &frame.kind {
                FrameKind::Code(_) => true,
                // A list evaluated as a script.
                FrameKind::Words(_) => matches!(frame.end, End::Script(_) | End::Namespace(_)),
                _ => false,
            };
            if is_script {
                found.push(ScriptFrame {
                    fiber,
                    frame,
                    index,
                    call,
                });
            }
        }
    }
    found
}

/// How many scripts run, one inside the other.
pub(crate) fn script_depth(interp: &Interp) -> usize {
    script_frames(interp).len()
}

pub(super) fn info_frame(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let frames = script_frames(interp);
    let depth = frames.len() as i64;
    let Some(number) = words.get(1) else {
        return done(depth);
    };
    let level = i64::from(small_int_of(number)?);
    let position = if level > 0 { level } else { depth + level };
    let found = usize::try_from(position - 1)
        .ok()
        .and_then(|at| frames.get(at));
    let Some(frame) = found else {
        return Err(Exception::with_code(
            format!("bad level \"{number}\""),
            ["TCL", "LOOKUP", "LEVEL", &number.str()],
        ));
    };
    done(Value::dict(frame.describe(interp)))
}

impl ScriptFrame<'_> {
    fn describe(&self, interp: &Interp) -> OrderedMap {
        let mut dict = OrderedMap::new();
        let mut put = |key: &str, value: Value| {
            dict.insert(Value::text(key), value);
        };
        let location = interp.location_of_frame(self.fiber, self.index);
        let (line, text) = match &self.frame.kind {
            FrameKind::Code(code) => running_command(code, location.as_ref()),
            FrameKind::Words(words) => (1, crate::value::list::list_text(words.iter())),
            _ => (1, String::new()),
        };
        let kind = match &location {
            Some(_) => "source",
            None if matches!(self.frame.end, End::Procedure | End::Lambda) => "proc",
            None => "eval",
        };
        put("type", Value::text(kind));
        put("line", Value::int(i64::from(line)));
        if let Some(location) = location {
            put("file", location.file);
        }
        put("cmd", Value::string(text));
        for (key, value) in self.procedure() {
            put(key, value);
        }
        if let Some(level) = self.level(interp) {
            put("level", Value::int(level));
        }
        dict
    }

    /// The procedure or lambda whose level the script was started from.
    fn procedure(&self) -> Vec<(&'static str, Value)> {
        let call = self.fiber.calls.get(self.call);
        let extra = call.and_then(|call| call.extra.as_ref());
        match extra.and_then(|extra| extra.role.as_ref()) {
            Some(role) => role.description(),
            None => self.plain_procedure().into_iter().collect(),
        }
    }

    fn plain_procedure(&self) -> Option<(&'static str, Value)> {
        let call = self.fiber.calls.get(self.call)?;
        if call.kind != CallKind::Procedure {
            return None;
        }
        let owner = self.fiber.frames.iter().find(|frame| {
            frame.call as usize == self.call && matches!(frame.end, End::Procedure | End::Lambda)
        })?;
        if matches!(owner.end, End::Lambda) {
            return Some(("lambda", call.words().get(1)?.clone()));
        }
        let name = call.words().first()?.to_text();
        let tail = crate::runtime::namespace::split_name(&name).1;
        Some(("proc", Value::string(call.namespace.qualified(tail))))
    }

    /// How many levels above the current one that level is; None when `uplevel` has left it out.
    fn level(&self, interp: &Interp) -> Option<i64> {
        if !std::ptr::eq(self.fiber, &*interp.fiber) {
            return None;
        }
        let wanted = self.fiber.calls.get(self.call)?.level;
        let top = interp.call_frame().level;
        let mut index = interp.current_call();
        loop {
            if index == self.call {
                return Some(i64::from(top) - i64::from(wanted));
            }
            let call = self.fiber.calls.get(index)?;
            if call.level == 0 {
                return None;
            }
            index = call.caller as usize;
        }
    }
}

/// The line and the text of the command that a unit runs; the line counts in the file when the unit's place is known.
fn running_command(code: &CodeFrame, location: Option<&Location>) -> (u32, String) {
    let unit = &code.unit.code;
    let Some(range) = unit.command_at(code.pc.saturating_sub(1)) else {
        return (location.map_or(1, |location| location.line), String::new());
    };
    let line = match location {
        Some(location) => location.line_at(&unit.source, range.span.start as usize),
        None => unit.line_of(range.span.start),
    };
    (line, range.span.text(&unit.source).to_owned())
}
