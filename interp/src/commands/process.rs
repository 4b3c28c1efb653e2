//! The process itself: `cd`, `pwd`, `pid`, `exit`.

use super::channel::failed;
use crate::channel::{ChannelError, path};
use crate::runtime::integer::small_int_of;
use crate::runtime::{Builtin, CommandResult, Interp, done, done_empty};
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new("cd", "?dirName?", 0, 1, cd).unsafe_for_children(),
    Builtin::new("pwd", "", 0, 0, pwd).unsafe_for_children(),
    Builtin::new("pid", "?channelId?", 0, 1, pid),
    Builtin::new("exit", "?returnCode?", 0, 1, exit).unsafe_for_children(),
];

fn cd(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let name = words.get(1).map_or_else(|| "~".to_owned(), Value::to_text);
    let what = format!("couldn't change working directory to \"{name}\"");
    let native = path::native(&name).map_err(|error| failed(interp, &error, &what))?;
    match std::env::set_current_dir(&native) {
        Ok(()) => done_empty(),
        Err(error) => Err(failed(interp, &ChannelError::from(error), &what)),
    }
}

fn pwd(interp: &mut Interp, _words: &[Value]) -> CommandResult {
    match std::env::current_dir() {
        Ok(directory) => done(Value::text(&path::from_os(directory.as_os_str()))),
        Err(error) => Err(failed(
            interp,
            &ChannelError::from(error),
            "error getting working directory name",
        )),
    }
}

fn pid(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let Some(name) = words.get(1) else {
        return done(Value::text(&std::process::id().to_string()));
    };
    let channel = interp.find_channel(name)?;
    let pids = channel
        .try_borrow()
        .map(|channel| channel.process_ids())
        .unwrap_or_default();
    done(Value::list(
        pids.into_iter()
            .map(|pid| Value::int(i64::from(pid)))
            .collect(),
    ))
}

fn exit(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let status = match words.get(1) {
        None => 0,
        // As in C: the low bits of whatever it is.
        Some(value) => small_int_of(value)?,
    };
    interp.flush_channels();
    interp.exit_status = Some(status);
    interp.check_safepoint()?;
    done_empty()
}
