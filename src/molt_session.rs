//! `remex --engine molt`: scripts run by the crate `molt`, with the commands that it lacks from an interpreter of ours.

use molt::Interp;
use molt::types::{Exception, MoltResult};
use remex_interp::Value;
use remex_interp::syntax::is_complete;
use remex_interp::text::utf;
use remex_remote::molt::{Network, STACK_BYTES_DEFAULT};
use rustix::process::{Resource, getrlimit};
use std::time::Duration;

use crate::flags::{Plan, Request};
use crate::messaging;
use crate::session::{print, print_error};
use crate::shell::{self, Beside};
use crate::standard_input::{COMMAND_BYTES_MAX, next_line, write_line};

/// The most of the thread's stack that scripts may take.
const STACK_BYTES_MAX: u64 = 64 << 20;

/// How long a wait for an event lasts that nothing ends.
const EVENT_TIME_MAX: Duration = Duration::from_secs(3600);

/// A Molt interpreter with everything that a script of this program sees.
struct MoltSession {
    interp: Interp,
    network: Network,
}

/// Does what was asked for, if that runs scripts; returns the exit status.
pub fn run(program: &str, request: &Request) -> Option<i32> {
    let session = MoltSession::start;
    Some(match &request.plan {
        Plan::Script { script, arguments } => session(program, arguments).run_script(script),
        Plan::File { file, arguments } => session(file, arguments).run_file(file),
        Plan::StandardInput { arguments } => session(program, arguments).run_input(false),
        Plan::Interactive if rustix::termios::isatty(rustix::stdio::stdin()) => {
            session(program, &[]).talk()
        }
        Plan::Interactive => session(program, &[]).run_input(false),
        Plan::Serve(words) => session(program, &[]).serve(words),
        _ => return None,
    })
}

impl MoltSession {
    fn start(name: &str, arguments: &[String]) -> MoltSession {
        let mut interp = Interp::new();
        let network = Network::install(&mut interp);
        network.add_commands(&mut interp);
        network.set_builder(Interp::new);
        network.set_stack_bytes(stack_bytes());
        let mut session = MoltSession { interp, network };
        session.set_arguments(name, arguments);
        session.set("tcl_interactive", "0");
        session
    }

    fn set_arguments(&mut self, name: &str, arguments: &[String]) {
        let list = Value::list(arguments.iter().map(|word| Value::text(word)).collect());
        self.set("argv0", name);
        self.set("argc", &arguments.len().to_string());
        self.set("argv", &list.str());
    }

    /// Sets a global variable.
    fn set(&mut self, name: &str, value: &str) {
        let value = molt::Value::from(&*utf::to_external(value));
        // Refused only where an array of that name is, and nothing has run yet.
        let _ = self.interp.set_scalar(name, value);
    }

    fn run_script(mut self, script: &str) -> i32 {
        let result = self
            .network
            .eval(&mut self.interp, &utf::to_external(script));
        let status = self.status_of(result);
        self.finish(status)
    }

    fn run_file(mut self, file: &str) -> i32 {
        let result = self.source(file);
        let status = self.status_of(result);
        self.finish(status)
    }

    fn source(&mut self, file: &str) -> MoltResult {
        let file = utf::to_external(file);
        self.network.eval_file(&mut self.interp, &file)
    }

    /// Talks to the person at the terminal.
    fn talk(mut self) -> i32 {
        self.set("tcl_interactive", "1");
        match shell::run_beside(&mut self) {
            true => self.finish(0),
            false => self.run_input(true),
        }
    }

    /// Runs commands from standard input, each as soon as it is complete.
    ///
    /// * `is_interactive`: print prompts and results.
    fn run_input(mut self, is_interactive: bool) -> i32 {
        let mut command = String::new();
        loop {
            if is_interactive && self.network.serve_pending(&mut self.interp).is_none() {
                print(if command.is_empty() { "% " } else { "> " });
            }
            if self.network.exit_status().is_some()
                || !next_line(&mut self.network.companion(), &mut command)
            {
                break;
            }
            if !is_complete(&command) && command.len() < COMMAND_BYTES_MAX {
                continue;
            }
            let script = std::mem::take(&mut command);
            let result = self
                .network
                .eval(&mut self.interp, &utf::to_external(&script));
            if self.network.exit_status().is_some() {
                break;
            }
            let (channel, line) = match result {
                Ok(value) if !is_interactive || value.as_str().is_empty() => continue,
                Ok(value) => ("stdout", value),
                Err(exception) => ("stderr", exception.value()),
            };
            let line = Value::text(&utf::from_external(line.as_str()));
            write_line(&mut self.network.companion(), channel, &line);
        }
        self.finish(0)
    }

    /// `remex --engine molt serve …`
    fn serve(mut self, words: &[String]) -> i32 {
        let serving = match self.network.serve(&mut self.interp, words) {
            Ok(serving) => serving,
            Err(report) => return messaging::print(&report),
        };
        print(&serving.announcement);
        if let Some(file) = &serving.file {
            self.set_arguments(file, &serving.arguments);
            let result = self.source(file);
            let status = self.status_of(result);
            if status != 0 || self.network.exit_status().is_some() {
                return self.finish(status);
            }
        }
        let status = self.network.run(&mut self.interp);
        self.finish(status)
    }

    /// The exit status for what a whole script came to; an error is reported as tclsh does.
    fn status_of(&mut self, result: MoltResult) -> i32 {
        if let Some(status) = self.network.exit_status() {
            return status;
        }
        match result {
            Ok(_) => 0,
            Err(exception) => {
                self.network.companion().flush_channels();
                print_error(&utf::from_external(&report(&exception)));
                1
            }
        }
    }

    fn finish(self, status: i32) -> i32 {
        self.network.companion().flush_channels();
        let status = self.network.exit_status().unwrap_or(status);
        // The process ends: taking the interpreters apart would only take time.
        std::mem::forget(self);
        status
    }
}

impl Beside for MoltSession {
    fn with(&mut self, visit: &mut dyn FnMut(&mut remex_interp::Interp)) {
        visit(&mut self.network.companion());
    }

    fn one_event(&mut self) {
        self.network.wait(&mut self.interp, EVENT_TIME_MAX);
    }

    fn evaluate(&mut self, command: &str) -> remex_interp::Outcome {
        let command = utf::to_external(command);
        self.network.evaluate(&mut self.interp, &command)
    }

    fn names(&mut self) -> Vec<String> {
        self.network.complete(&mut self.interp, "")
    }
}

/// The text that reports an exception: errorInfo if it has any.
fn report(exception: &Exception) -> String {
    let info = exception.error_data().map(|data| data.error_info());
    match info {
        Some(info) if !info.as_str().is_empty() => info.to_string(),
        _ => exception.value().to_string(),
    }
}

/// Half of what the system lets this thread's stack grow to.
fn stack_bytes() -> usize {
    let limit = getrlimit(Resource::Stack).current;
    let bytes = limit.map_or(STACK_BYTES_MAX, |limit| (limit / 2).min(STACK_BYTES_MAX));
    usize::try_from(bytes).unwrap_or(STACK_BYTES_DEFAULT)
}
