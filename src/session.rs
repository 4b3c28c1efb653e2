//! One interpreter of the program: its variables, the script it runs, how that ended.

use std::ffi::OsStr;
use std::io::Write;

use remex_interp::runtime::code;
use remex_interp::text::utf;
use remex_interp::{Exception, Interp, Outcome, Value};

use crate::bytes_of;
use crate::flags::Request;
use crate::standard_input::write_line;

/// An interpreter with everything that a script of this program sees.
pub struct Session {
    /// The interpreter.
    pub interp: Interp,
    /// The encoding of script files, if it is not UTF-8.
    encoding: Option<String>,
}

impl Session {
    /// Makes the interpreter; `name` is for `argv0`, `arguments` for `argv`.
    pub fn start(request: &Request, name: &str, arguments: &[String]) -> Session {
        let mut interp = Interp::new();
        interp.set_mode(request.mode);
        remex_remote::install(&mut interp);
        interp.register(remex_remote::fsignal::COMMANDS);
        let mut session = Session {
            interp,
            encoding: request.encoding.clone(),
        };
        session.set_arguments(name, arguments);
        session.set("tcl_interactive", Value::int(0));
        session
    }

    /// Sets `argv0`, `argv` and `argc`.
    pub fn set_arguments(&mut self, name: &str, arguments: &[String]) {
        let count = i64::try_from(arguments.len()).unwrap_or(i64::MAX);
        self.set("argv0", Value::text(name));
        self.set("argc", Value::int(count));
        self.set(
            "argv",
            Value::list(arguments.iter().map(|word| Value::text(word)).collect()),
        );
    }

    /// Sets a global variable.
    pub fn set(&mut self, name: &str, value: Value) {
        // No trace can refuse it: nothing has run yet, or the person at the terminal sees that it did not take.
        let _ = self.interp.variable_set(&Value::text(name), value);
    }

    /// Runs a script and returns the exit status.
    pub fn run_script(mut self, script: &str) -> i32 {
        let outcome = self.interp.eval_file_text(&Value::text(script));
        let status = self.status_of(outcome);
        self.finish(status)
    }

    /// Runs a script file and returns the exit status.
    pub fn run_file(mut self, file: &str) -> i32 {
        let outcome = self.source(file);
        let status = self.status_of(outcome);
        self.finish(status)
    }

    /// Evaluates a script file as the main script of a program.
    pub fn source(&mut self, file: &str) -> Outcome {
        let encoding = self.encoding.as_deref().map(Value::text);
        self.interp
            .run_script_file(&Value::text(file), encoding.as_ref())
    }

    /// Prints the bytecode of a script file and returns the exit status.
    pub fn disassemble(mut self, file: &str) -> i32 {
        match std::fs::read(remex_interp::channel::path::to_os(file)) {
            Ok(content) => {
                let script = Value::text(&utf::decode_lossy(&content));
                print(&self.interp.disassemble(&script))
            }
            Err(error) => {
                let errno = remex_interp::channel::Errno::of(&error);
                print_error(&format!(
                    "couldn't read file \"{file}\": {}",
                    errno.message()
                ));
                1
            }
        }
    }

    /// The exit status for what a whole script came to; an error is reported as tclsh does.
    pub fn status_of(&mut self, outcome: Outcome) -> i32 {
        if let Some(status) = self.interp.exit_status() {
            return status;
        }
        match failure_of(outcome) {
            Ok(_) => 0,
            Err(exception) => {
                self.interp.flush_channels();
                write_line(&mut self.interp, "stderr", &exception.info_value());
                1
            }
        }
    }

    /// Ends the interpreter: calls `exit`, which a script may have replaced, and writes out what waits in channels.
    /// Returns the exit status.
    pub fn finish(mut self, status: i32) -> i32 {
        if self.interp.exit_status().is_none() {
            // What a replacement of `exit` comes to matters as little as in tclsh.
            let _ = self
                .interp
                .call(vec![Value::text("::exit"), Value::int(i64::from(status))]);
        }
        self.interp.flush_channels();
        let status = self.interp.exit_status().unwrap_or(status);
        // The process ends: taking the interpreter apart would only take time.
        std::mem::forget(self.interp);
        status
    }
}

/// The value of a script evaluated at the outermost level, where `return` ends it and `break` is an error.
pub fn failure_of(outcome: Outcome) -> Outcome {
    let mut exception = match outcome {
        Ok(value) => return Ok(value),
        Err(exception) => exception,
    };
    let code = if exception.code == code::RETURN {
        exception.return_code
    } else {
        exception.code
    };
    let message = match code {
        code::OK | code::RETURN => return Ok(exception.value),
        code::ERROR => {
            exception.code = code::ERROR;
            return Err(exception);
        }
        code::BREAK => "invoked \"break\" outside of a loop".to_owned(),
        code::CONTINUE => "invoked \"continue\" outside of a loop".to_owned(),
        code => format!("command returned bad code: {code}"),
    };
    let mut unexpected = Exception::with_code(message, ["TCL", "RESULT", "UNEXPECTED"]);
    if let Some(info) = &exception.info {
        // What was noted on the way says where it came from; its first line is the message.
        let rest = info
            .strip_prefix(&*exception.value.str())
            .unwrap_or_default()
            .to_owned();
        unexpected.add_info(&rest);
    }
    Err(unexpected)
}

/// A word of the command line as text of the interpreter's.
pub fn from_os(word: &OsStr) -> String {
    remex_interp::channel::path::from_os(word).into_owned()
}

/// Prints on standard output and returns the exit status.
pub fn print(text: &str) -> i32 {
    let mut output = std::io::stdout().lock();
    let written = output
        .write_all(&bytes_of(text))
        .and_then(|()| output.flush());
    i32::from(written.is_err())
}

/// Prints a line on standard error, which may be closed.
pub fn print_error(text: &str) {
    let mut line = bytes_of(text).into_owned();
    line.push(b'\n');
    let _ = std::io::stderr().write_all(&line);
}
