//! Interpreters of the crate `molt` on the network: for programs that embed one, and for `remex --engine molt`.
//!
//! A program that has a `molt::Interp` joins with one call and runs the event loop with another; from then on scripts
//! elsewhere reach its commands, and its own scripts have `send`, `remote`, `fsignal`, `filewait`, `after`, `vwait` and
//! `update`:
//!
//! ```no_run
//! use molt::{Interp, molt_ok, check_args, types::*};
//! use remex_remote::molt::Network;
//!
//! fn temperature(_: &mut Interp, _: ContextID, words: &[Value]) -> MoltResult {
//!     check_args(1, words, 1, 1, "")?;
//!     molt_ok!(21.5)
//! }
//!
//! let mut interp = Interp::new();
//! interp.add_command("temperature", temperature);
//! let network = Network::join(&mut interp, "device")?;
//! // `remex remote eval device temperature` prints 21.5 now.
//! std::process::exit(network.run(&mut interp));
//! # Ok::<(), remex_remote::molt::NetworkError>(())
//! ```
//!
//! A program with a loop of its own calls [`Network::serve_pending`] in it instead of [`Network::run`].
//!
//! Joining replaces Molt's commands that evaluate scripts (`while`, `for`, `foreach`, `if`, `catch`, `expr`, `time`, `proc`,
//! `source`), that make lists (`list`, `lappend`, `lindex`, `dict`, `array`), and `set`, `info`, `rename` and `exit`, by
//! ones that do the same and can be stopped: a request whose caller gives up or whose time is over ends, scripts nest no
//! deeper than the stack allows, and `exit` ends [`Network::run`] and not the process. A panic of a command is an error
//! of the request that called it, after which the interpreter evaluates nothing more unless [`Network::set_builder`] has
//! told how to make another one. The memory that a script may take is not limited.
//!
//! Read `engine` first for how it works.

/// An error of Molt's with a message that is formatted as by `format!`.
macro_rules! failed {
    ($($text:tt)*) => {
        Err(::molt::types::Exception::molt_err(::molt::Value::from(format!($($text)*))))
    };
}

mod control;
mod engine;
mod events;
mod forward;
mod lists;
mod procedure;
mod stack;
mod values;
mod variables;

use crate::bridge::Host;
use crate::cli::Report;
use crate::commands;
use crate::evaluator::Evaluator;
use crate::serve::{self, Serving};
use engine::{MoltHost, Shared};
use molt::types::{ContextID, Exception as MoltException, MoltResult};
use remex_interp::event::Wait;
use remex_interp::runtime::{Exception, Interp};
use remex_interp::value::Value;
use std::cell::RefMut;
use std::rc::Rc;
use std::time::{Duration, Instant};

pub use stack::STACK_BYTES_DEFAULT;

/// The most events that [`Network::serve_pending`] acts on before it returns.
const PENDING_EVENTS_MAX: usize = 1000;

/// Why an interpreter could not join.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NetworkError(String);

impl From<Box<Exception>> for NetworkError {
    fn from(exception: Box<Exception>) -> NetworkError {
        NetworkError(exception.value.to_text())
    }
}

/// What joins one `molt::Interp` to the network. The methods that take an interpreter take that one.
#[derive(Clone)]
pub struct Network {
    shared: Rc<Shared>,
}

impl Network {
    /// Gives `interp` the commands of this crate. It can reach others then, and is not reached itself.
    pub fn install(interp: &mut molt::Interp) -> Network {
        let shared = Shared::new();
        install_commands(interp, &shared);
        procedure::adopt(interp, &shared);
        Network { shared }
    }

    /// The same, and serves this user's processes on this host under `name`, or under `name #2` and so on if that is
    /// taken.
    ///
    /// Errors: the name is no name, or the sockets' directory cannot be used.
    pub fn join(interp: &mut molt::Interp, name: &str) -> Result<Network, NetworkError> {
        let network = Network::install(interp);
        commands::serve(&mut network.host(interp), Some(name), None)?;
        Ok(network)
    }

    /// Serves the network at `address` (HOST:PORT; port 0 is any), too, for clients whose keys are authorized. Returns
    /// a dictionary with the `name` and the `listen` address.
    ///
    /// Errors: nobody can listen there.
    pub fn listen(&self, interp: &mut molt::Interp, address: &str) -> Result<String, NetworkError> {
        let report = commands::serve(&mut self.host(interp), None, Some(address))?;
        Ok(report.to_text())
    }

    /// The name that the interpreter serves under, or the empty string.
    pub fn name(&self, interp: &mut molt::Interp) -> Result<String, NetworkError> {
        Ok(commands::remote_name(&mut self.host(interp), &[])?.to_text())
    }

    /// Has other commands of remex's, that need neither variables nor scripts of the caller's, and `eval`, `switch` and
    /// `puts` to a channel, join the interpreter's own: `open`, `file`, `glob`, `format`, `clock` and so on.
    pub fn add_commands(&self, interp: &mut molt::Interp) {
        self.shared.has_all_commands.set(true);
        let id = interp.save_context(Rc::clone(&self.shared));
        control::install_missing(interp, id);
        forward::install(interp, id, &self.shared);
    }

    /// How to make an interpreter with the program's own commands, for when a command has panicked. The commands of this
    /// crate, the procedures and the global variables are put into it.
    pub fn set_builder(&self, builder: impl Fn() -> molt::Interp + 'static) {
        *self.shared.builder.borrow_mut() = Some(Rc::new(builder));
    }

    /// How much of the thread's stack scripts may take; [`STACK_BYTES_DEFAULT`] unless set.
    pub fn set_stack_bytes(&self, bytes: usize) {
        self.shared.stack.set_bytes(bytes);
    }

    /// Runs the event loop until a script calls `exit`. Returns the status that it gave.
    pub fn run(&self, interp: &mut molt::Interp) -> i32 {
        loop {
            if let Some(status) = self.exit_status() {
                return status;
            }
            // An error is an exit, or an interrupt of something that has ended already.
            let _ = self.host(interp).one_event(Wait::Forever);
        }
    }

    /// Acts on what has happened and does not wait. Returns the status if a script has called `exit`.
    pub fn serve_pending(&self, interp: &mut molt::Interp) -> Option<i32> {
        for _ in 0..PENDING_EVENTS_MAX {
            let mut host = self.host(interp);
            let has_run = host.run_jobs();
            let happened = host
                .with(|interp| interp.do_one_event(Wait::Poll, remex_interp::event::Filter::ALL));
            if !has_run && !matches!(happened, Ok(true)) {
                break;
            }
        }
        self.host(interp).run_jobs();
        self.exit_status()
    }

    /// Acts on one event, for which it waits up to `timeout`. Returns the status if a script has called `exit`.
    pub fn wait(&self, interp: &mut molt::Interp, timeout: Duration) -> Option<i32> {
        let wait = Instant::now()
            .checked_add(timeout)
            .map_or(Wait::Forever, Wait::Until);
        let _ = self.host(interp).one_event(wait);
        self.exit_status()
    }

    /// Evaluates a script of the program's own at global level, with the care that requests get: it can be stopped, and
    /// a panic is an error.
    pub fn eval(&self, interp: &mut molt::Interp, script: &str) -> MoltResult {
        let outcome = self.evaluate(interp, script);
        let result = outcome.map_err(|exception| values::molt_exception(&exception));
        values::returned(result.map(|value| values::outside(&value.str())))
    }

    /// The same, with the outcome as remex's interpreters give it.
    pub fn evaluate(&self, interp: &mut molt::Interp, script: &str) -> remex_interp::Outcome {
        let mut host = self.host(interp);
        host.evaluate_script(molt::Value::from(script))
    }

    /// Evaluates a script file at global level; `info script` says `name` meanwhile.
    pub fn eval_file(&self, interp: &mut molt::Interp, name: &str) -> MoltResult {
        let script = control::read(&molt::Value::from(name))?;
        let depth = self.shared.files.borrow().len();
        let inside = values::inside(&molt::Value::from(name));
        self.shared.files.borrow_mut().push(inside);
        let result = self.eval(interp, script.as_str());
        self.shared.files.borrow_mut().truncate(depth);
        result
    }

    /// The names of the commands that begin with `prefix`, sorted.
    pub fn complete(&self, interp: &mut molt::Interp, prefix: &str) -> Vec<String> {
        self.host(interp).complete(prefix)
    }

    /// The status that a script has called `exit` with.
    pub fn exit_status(&self) -> Option<i32> {
        self.companion().exit_status()
    }

    /// The interpreter of remex's that stands beside: its event loop is the one that runs, its channels are those of
    /// `open` and `puts`. It must be given back before anything is evaluated.
    pub fn companion(&self) -> RefMut<'_, Interp> {
        self.shared.companion.borrow_mut()
    }

    /// Has `interp` serve as `remex serve WORDS` says.
    ///
    /// Errors: what to print instead, and the status to exit with.
    pub fn serve(&self, interp: &mut molt::Interp, words: &[String]) -> Result<Serving, Report> {
        serve::serve_host(&mut self.host(interp), words)
    }

    fn host<'a>(&self, interp: &'a mut molt::Interp) -> MoltHost<'a> {
        MoltHost::new(interp, &self.shared)
    }
}

/// Gives an interpreter all commands that it is to have of ours.
fn install_commands(molt: &mut molt::Interp, shared: &Rc<Shared>) {
    let id = molt.save_context(Rc::clone(shared));
    engine::install(molt, id);
    control::install(molt, id);
    procedure::install(molt, id);
    lists::install(molt, id);
    variables::install(molt, id);
    events::install(molt, id, shared);
    molt.add_context_command("exit", exit, id);
    if shared.has_all_commands.get() {
        control::install_missing(molt, id);
        forward::install(molt, id, shared);
    }
    procedure::define_all(molt, shared);
}

/// `exit ?status?`: ends the event loop, and whatever runs.
fn exit(molt: &mut molt::Interp, id: ContextID, words: &[molt::Value]) -> MoltResult {
    molt::check_args(1, words, 1, 2, "?returnCode?")?;
    let shared = Shared::of(molt, id);
    let mut call = vec![Value::text("exit")];
    call.extend(values::words_inside(words.get(1..).unwrap_or_default()));
    shared.call_companion(call)?;
    // That did not end what runs here.
    shared
        .check()
        .and_then(|()| Err(MoltException::molt_err("exit".into())))
}

#[cfg(test)]
mod tests;
