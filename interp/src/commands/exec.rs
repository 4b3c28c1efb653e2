//! `exec`: programs and pipelines.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use super::channel::{Channels, channels_of, failed, heed_interrupts};
use crate::channel::{
    ChannelError, ChannelFinder, ChannelTable, Direction, Inherited, StandardStream, Surroundings,
    exec as run_pipeline, lend, nothing, path, pipeline,
};
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, done};
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] =
    &[Builtin::new("exec", USAGE, 1, ANY, exec).unsafe_for_children()];

const USAGE: &str = "?-option ...? arg ?arg ...?";

const OPTIONS: [&str; 3] = ["-ignorestderr", "-keepnewline", "--"];

/// The channels of an interpreter, for redirections.
pub(super) struct Finder(Rc<Channels>);

impl Finder {
    pub(super) fn new(interp: &mut Interp) -> Finder {
        Finder(channels_of(interp))
    }
}

impl ChannelFinder for Finder {
    fn lend(&self, name: &str, direction: Direction) -> Result<OwnedFd, ChannelError> {
        let table = self.0.table.borrow();
        let channel = table
            .get(name)
            .ok_or_else(|| ChannelTable::not_found(name))?;
        let mut channel = channel
            .try_borrow_mut()
            .map_err(|_| ChannelTable::not_found(name))?;
        lend(&mut channel, direction)
    }

    fn standard(&self, stream: StandardStream) -> Result<Option<OwnedFd>, ChannelError> {
        let inherited = self.0.table.borrow().inherited(stream);
        let direction = match stream {
            StandardStream::Stdin => Direction::Read,
            StandardStream::Stdout | StandardStream::Stderr => Direction::Write,
        };
        let channel = match inherited {
            Inherited::Own => return Ok(None),
            Inherited::Nothing => return nothing().map(Some),
            Inherited::Channel(channel) => channel,
        };
        let lent = match channel.try_borrow_mut() {
            Ok(mut channel) => lend(&mut channel, direction),
            Err(_) => nothing(),
        };
        lent.or_else(|_| nothing()).map(Some)
    }
}

/// What processes get from the interpreter: the array `env`.
pub(super) fn surroundings(interp: &mut Interp) -> Surroundings {
    let Ok(Some(array)) = interp.array_object(&Value::text("::env")) else {
        return Surroundings::default();
    };
    let names: Vec<Value> = array
        .elements
        .borrow()
        .iter()
        .map(|(name, _)| name.clone())
        .collect();
    let mut environment = Vec::new();
    for name in names {
        if let Ok(value) = interp.element_get(&Value::text("::env"), &name) {
            environment.push((path::to_os(&name.str()), path::to_os(&value.str())));
        }
    }
    Surroundings {
        environment: Some(environment),
        directory: None,
    }
}

fn exec(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let mut arguments = words.get(1..).unwrap_or_default();
    let (mut ignores_stderr, mut keeps_newline) = (false, false);
    while let [first, rest @ ..] = arguments
        && first.str().starts_with('-')
    {
        arguments = rest;
        match super::option(first, &OPTIONS, "option")? {
            0 => ignores_stderr = true,
            1 => keeps_newline = true,
            _ => break,
        }
    }
    if arguments.is_empty() {
        return Err(Exception::wrong_args(&format!("exec {USAGE}")));
    }
    heed_interrupts(interp);
    let words: Vec<String> = arguments.iter().map(Value::to_text).collect();
    let surroundings = surroundings(interp);
    let finder = Finder::new(interp);
    let result = pipeline::parse(&words)
        .and_then(|pipeline| run_pipeline(&pipeline, &finder, &surroundings, ignores_stderr));
    let output =
        result.map_err(|error| failed(interp, &error, "error reading output from command"))?;
    if !output.background.is_empty() {
        let pids = output
            .background
            .iter()
            .map(|pid| Value::int(i64::from(*pid)));
        return done(Value::list(pids.collect()));
    }
    let text = output.text(keeps_newline);
    if !output.report.is_error() {
        return done(Value::string(text));
    }
    let mut exception = Exception::error(text);
    let code = output.report.error_code();
    if code != ["NONE"] {
        exception.error_code = Some(Value::list(
            code.iter().map(|word| Value::text(word)).collect(),
        ));
    }
    Err(exception)
}
