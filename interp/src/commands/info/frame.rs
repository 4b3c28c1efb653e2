//! `info level` and `info frame`.

use crate::commands::int_of;
use crate::runtime::frame::{CodeFrame, End, Fiber, Frame, FrameKind};
use crate::runtime::{CommandResult, Exception, Interp, done};
use crate::value::{OrderedMap, Value};

pub(super) fn info_level(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let current = interp.call_frame();
    let Some(number) = words.get(1) else {
        return done(i64::from(current.level));
    };
    let level = int_of(number)?;
    let bad = || {
        Exception::with_code(format!("bad level \"{number}\""), ["TCL", "LOOKUP", "STACK_LEVEL", &number.str()])
    };
    let wanted = if level > 0 { level } else { i64::from(current.level) + level };
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

/// The frames of scripts, outermost first, over all fibers that wait for one another.
fn code_frames(interp: &Interp) -> Vec<(&Fiber, &Frame, &CodeFrame)> {
    let fibers = interp.fibers.iter().map(|fiber| &**fiber).chain(std::iter::once(&*interp.fiber));
    fibers
        .flat_map(|fiber| fiber.frames.iter().map(move |frame| (fiber, frame)))
        .filter_map(|(fiber, frame)| match &frame.kind {
            FrameKind::Code(code) => Some((fiber, frame, code)),
            _ => None,
        })
        .collect()
}

pub(super) fn info_frame(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let frames = code_frames(interp);
    let depth = frames.len() as i64;
    let Some(number) = words.get(1) else {
        return done(depth);
    };
    let level = int_of(number)?;
    let position = if level > 0 { level } else { depth + level };
    let found = usize::try_from(position - 1).ok().and_then(|at| frames.get(at));
    let Some((fiber, frame, code)) = found else {
        return Err(Exception::with_code(
            format!("bad level \"{number}\""),
            ["TCL", "LOOKUP", "LEVEL", &number.str()],
        ));
    };
    done(Value::dict(describe(interp, fiber, frame, code)))
}

fn describe(interp: &Interp, fiber: &Fiber, frame: &Frame, code: &CodeFrame) -> OrderedMap {
    let mut dict = OrderedMap::new();
    let mut put = |key: &str, value: Value| {
        dict.insert(Value::text(key), value);
    };
    let unit_code = &code.unit.code;
    let range = unit_code.command_at(code.pc.saturating_sub(1));
    let line = range.map_or(1, |range| unit_code.line_of(range.span.start));
    let text = range.map_or("", |range| range.span.text(&unit_code.source));
    let call = fiber.calls.get(frame.call as usize);
    let words = call.map(|call| call.words()).unwrap_or_default();
    let in_procedure = matches!(frame.end, End::Procedure | End::Lambda);
    let file = interp.script_files.last().filter(|_| unit_code.is_top_level);
    let kind = match file {
        Some(_) => "source",
        None if in_procedure => "proc",
        None => "eval",
    };
    put("type", Value::text(kind));
    put("line", Value::int(i64::from(line)));
    if let Some(file) = file {
        put("file", file.clone());
    }
    put("cmd", Value::text(text));
    match frame.end {
        End::Procedure => {
            if let (Some(name), Some(call)) = (words.first(), call) {
                put("proc", Value::string(procedure_name(&name.str(), &call.namespace)));
            }
        }
        End::Lambda => put("lambda", words.get(1).cloned().unwrap_or_default()),
        _ => {}
    }
    let current_level = interp.call_frame().level;
    if let Some(call) = call
        && call.level <= current_level
    {
        put("level", Value::int(i64::from(current_level - call.level)));
    }
    dict
}

/// The full name of a procedure called as `name`, whose body runs in `namespace`.
fn procedure_name(name: &str, namespace: &crate::runtime::Namespace) -> String {
    let tail = crate::runtime::namespace::split_name(name).1;
    crate::commands::namespace::qualified(namespace, tail)
}
