//! `remex serve`, `remex remote` and `remex keys`: what `remex-remote` offers, printed.

use std::io::Write;

use remex_interp::event::{Filter, Wait};
use remex_remote::cli::{self, Report};
use remex_remote::keys::Home;

use crate::session::{self, Session};

/// `remex keys …`; returns the exit status.
pub fn keys(words: &[String]) -> i32 {
    match Home::find() {
        Ok(home) => print(&cli::keys(&home, words)),
        Err(error) => {
            session::print_error(&error.to_string());
            1
        }
    }
}

/// `remex remote …`; returns the exit status.
pub fn remote(words: &[String]) -> i32 {
    print(&cli::remote(words))
}

/// `remex serve …`: serves until the interpreter exits; returns the exit status.
pub fn serve(mut session: Session, words: &[String]) -> i32 {
    let serving = match remex_remote::serve::serve(&mut session.interp, words) {
        Ok(serving) => serving,
        Err(report) => return print(&report),
    };
    session::print(&serving.announcement);
    if let Some(file) = &serving.file {
        session.set_arguments(file, &serving.arguments);
        let outcome = session.source(file);
        let status = session.status_of(outcome);
        if status != 0 || session.interp.exit_status().is_some() {
            return session.finish(status);
        }
    }
    while session.interp.exit_status().is_none() {
        // An error here is an exit, or an interrupt of something that has ended already.
        let _ = session.interp.do_one_event(Wait::Forever, Filter::ALL);
    }
    session.finish(0)
}

/// Prints a report; returns the exit status.
pub fn print(report: &Report) -> i32 {
    let mut errors = std::io::stderr().lock();
    let _ = errors.write_all(&crate::bytes_of(&report.errors));
    let unwritten = session::print(&report.output);
    if report.status == 0 {
        unwritten
    } else {
        report.status
    }
}
