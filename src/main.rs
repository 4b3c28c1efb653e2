//! The program `remex`: a Tcl shell whose interpreters talk to each other.
//!
//! It only wires things together: [`flags`] says what the words of the command line ask for, [`session`] makes an
//! interpreter and reports how a script ended, [`standard_input`] and [`shell`] read commands from a pipe and from a
//! person, [`messaging`] runs `serve`, `remote` and `keys`. With `--engine molt`, `molt_session` takes the place of [`session`].
#![deny(missing_docs)]
#![allow(
    rustdoc::private_intra_doc_links,
    reason = "the documentation is built with private items, for readers of the source"
)]
#![cfg_attr(not(test), no_main)]

#[cfg(not(test))]
mod entry;
mod flags;
mod messaging;
#[cfg(feature = "molt")]
mod molt_session;
mod session;
mod shell;
mod standard_input;

use std::process::exit;

use remex_interp::text::utf;
use rustix::stdio::stdin;

use flags::{Plan, Request};
use session::Session;

/// Does what the command line asks for; returns the exit status, unless the process has ended before.
#[cfg_attr(test, allow(dead_code, reason = "tests begin elsewhere"))]
fn start() -> i32 {
    let words: Vec<String> = std::env::args_os()
        .map(|word| session::from_os(&word))
        .collect();
    let (program, words) = words
        .split_first()
        .map_or(("remex", &[][..]), |(program, words)| (program, words));
    let status = match flags::parse(words) {
        Ok(request) => run(program, request),
        Err(message) => {
            session::print_error(&format!("remex: {message}\nTry \"remex --help\"."));
            flags::USAGE_STATUS
        }
    };
    exit(status)
}

/// Does what was asked for and returns the exit status.
fn run(program: &str, request: Request) -> i32 {
    let session = |name: &str, arguments: &[String]| Session::start(&request, name, arguments);
    #[cfg(feature = "molt")]
    if request.engine == flags::Engine::Molt
        && let Some(status) = molt_session::run(program, &request)
    {
        return status;
    }
    match &request.plan {
        Plan::Help => session::print(&flags::help()),
        Plan::Version => session::print(concat!("remex ", env!("CARGO_PKG_VERSION"), "\n")),
        Plan::Keys(words) => messaging::keys(words),
        Plan::Remote(words) => messaging::remote(words),
        Plan::Serve(words) => messaging::serve(session(program, &[]), words),
        Plan::Disassemble(file) => session(program, &[]).disassemble(file),
        Plan::Script { script, arguments } => session(program, arguments).run_script(script),
        Plan::File { file, arguments } => session(file, arguments).run_file(file),
        Plan::StandardInput { arguments } => standard_input::run(session(program, arguments)),
        Plan::Interactive if rustix::termios::isatty(stdin()) => shell::run(session(program, &[])),
        Plan::Interactive => standard_input::run(session(program, &[])),
    }
}

/// Text of the interpreter's as bytes for the world outside.
fn bytes_of(text: &str) -> std::borrow::Cow<'_, [u8]> {
    utf::to_external_bytes(text)
}
