//! The shell on a terminal: prompt, history, completion, Ctrl-C, and events that happen while the prompt waits.
//!
//! The interpreter's thread runs the event loop all the time. The editor runs on a thread of its own ([`reader`]) and
//! posts each line as a job, which evaluates it and asks for the next one. [`screen`] lets both use the terminal.

mod command_line;
mod completion;
mod history;
mod reader;
mod screen;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;

use remex_interp::event::{Filter, Interest, Wait};
use remex_interp::syntax::is_complete;
use remex_interp::{Interp, Value};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::SIGINT;

use crate::session::{Session, failure_of};
use crate::standard_input::{self, write_line};
use reader::{Input, Reader};
use screen::Screen;

/// The prompt for a command, unless `tcl_prompt1` says otherwise.
const PROMPT: &str = "% ";

/// The prompt for a further line of a command, unless `tcl_prompt2` says otherwise.
const CONTINUATION_PROMPT: &str = "> ";

/// The script that is run first, if the user has it.
const START_FILE: &str = "~/.remexrc";

/// What the shell keeps for its interpreter.
#[derive(Default)]
struct Shell {
    screen: Arc<Screen>,
    reader: RefCell<Option<Reader>>,
    /// The lines of a command that is not complete.
    command: RefCell<String>,
    has_ended: Cell<bool>,
    /// Set where another engine runs the commands.
    beside: RefCell<Option<Waiting>>,
}

/// What is kept for an engine that runs the commands in place of the interpreter.
#[derive(Default)]
struct Waiting {
    /// Whole commands that it is to run.
    commands: VecDeque<String>,
    /// The names of its commands, for completion.
    names: Vec<String>,
}

/// An engine that runs the commands of a shell, beside an interpreter whose event loop and channels serve.
#[cfg(feature = "molt")]
pub trait Beside {
    /// Lends the interpreter.
    fn with(&mut self, visit: &mut dyn FnMut(&mut Interp));

    /// Waits for one event, and acts on it.
    fn one_event(&mut self);

    /// Runs a command to its end.
    fn evaluate(&mut self, command: &str) -> remex_interp::Outcome;

    /// The names of its commands.
    fn names(&mut self) -> Vec<String>;
}

/// Talks to the person at the terminal, for another engine. False: there is no line editing here.
#[cfg(feature = "molt")]
pub fn run_beside(engine: &mut dyn Beside) -> bool {
    let before = tcgetattr(rustix::stdio::stdin()).ok();
    if !rustix::termios::isatty(rustix::stdio::stdout()) {
        return false;
    }
    let mut has_started = false;
    engine.with(&mut |interp| {
        let shell = interp.data::<Shell>();
        *shell.beside.borrow_mut() = Some(Waiting::default());
        match start(interp) {
            Ok(()) => has_started = true,
            Err(error) => crate::session::print_error(&format!("remex: no line editing: {error}")),
        }
    });
    if !has_started {
        return false;
    }
    let mut remembered = None;
    let mut is_waiting = false;
    loop {
        let names = (!is_waiting).then(|| engine.names());
        let (mut command, mut has_ended) = (None, false);
        engine.with(&mut |interp| {
            let shell = interp.data::<Shell>();
            if let (Some(waiting), Some(names)) = (&mut *shell.beside.borrow_mut(), &names) {
                waiting.names.clone_from(names);
            }
            has_ended = shell.has_ended.get() || interp.exit_status().is_some();
            if !is_waiting && !has_ended {
                next_prompt(interp, &shell, remembered.as_deref());
            }
            let mut beside = shell.beside.borrow_mut();
            command = beside
                .as_mut()
                .and_then(|waiting| waiting.commands.pop_front());
        });
        is_waiting = true;
        if has_ended {
            break;
        }
        let Some(command) = command else {
            engine.one_event();
            continue;
        };
        engine.with(&mut |interp| interp.interrupt_handle().clear());
        let mut outcome = Some(engine.evaluate(&command));
        engine.with(&mut |interp| {
            if let (None, Some(outcome)) = (interp.exit_status(), outcome.take()) {
                report(interp, outcome);
            }
        });
        remembered = Some(command).filter(|command| !command.trim().is_empty());
        is_waiting = false;
    }
    restore(before.as_ref());
    true
}

/// Talks to the person at the terminal; returns the exit status.
pub fn run(mut session: Session) -> i32 {
    let before = tcgetattr(rustix::stdio::stdin()).ok();
    session.set("tcl_interactive", Value::int(1));
    session.set("tcl_rcFileName", Value::text(START_FILE));
    if !rustix::termios::isatty(rustix::stdio::stdout()) {
        return standard_input::run(session);
    }
    if let Err(error) = start(&mut session.interp) {
        crate::session::print_error(&format!("remex: no line editing: {error}"));
        return standard_input::run(session);
    }
    session.interp.keep_interactive_boolean();
    run_start_file(&mut session);
    let shell = session.interp.data::<Shell>();
    next_prompt(&mut session.interp, &shell, None);
    while !shell.has_ended.get() && session.interp.exit_status().is_none() {
        // An error is an exit, or an interrupt that has ended what it was meant for.
        let _ = session.interp.do_one_event(Wait::Forever, Filter::ALL);
    }
    restore(before.as_ref());
    session.finish(0)
}

/// Starts the editor, and has output and Ctrl-C come to it.
fn start(interp: &mut Interp) -> Result<(), String> {
    let shell = interp.data::<Shell>();
    heed_interrupts(interp).map_err(|error| error.to_string())?;
    let interrupt = interp.interrupt_handle();
    let mailbox = interp.mailbox();
    let reader = Reader::start(
        Arc::clone(&shell.screen),
        mailbox,
        interrupt,
        history::file(),
        accept,
    )?;
    *shell.reader.borrow_mut() = Some(reader);
    screen::attach(interp, &shell.screen);
    Ok(())
}

/// From now on SIGINT interrupts what the interpreter runs, instead of ending the process.
fn heed_interrupts(interp: &mut Interp) -> std::io::Result<()> {
    let handle = interp.interrupt_handle();
    signal_hook::flag::register(SIGINT, handle.flag())?;
    remex_interp::channel::set_interrupt_check(Some(Rc::new(move || handle.is_set())));
    // A signal between a look at the flag and the wait in the event loop would not end that wait; a byte does.
    let (near, far) = UnixStream::pair()?;
    near.set_nonblocking(true)?;
    signal_hook::low_level::pipe::register(SIGINT, far)?;
    let near = Rc::new(near);
    let kept = Rc::clone(&near);
    let on_ready = move |interp: &mut Interp, source, _is_readable| {
        let mut bytes = [0; 16];
        while matches!(rustix::io::read(&*kept, &mut bytes), Ok(count) if count > 0) {}
        interp.event_loop().drained(source, Interest::READ);
    };
    interp
        .watch(near.as_fd(), Interest::READ, Rc::new(on_ready))
        .map_err(std::io::Error::other)?;
    Ok(())
}

/// Runs the user's start file, if there is one.
fn run_start_file(session: &mut Session) {
    let name = Value::text("::tcl_rcFileName");
    let Ok(file) = session.interp.variable_get(&name) else {
        return;
    };
    let exists = remex_interp::channel::path::native(&file.str())
        .is_ok_and(|path| std::path::Path::new(&path).exists());
    if exists {
        let outcome = session.source(&file.str());
        report(&mut session.interp, outcome);
    }
}

/// Takes what the editor came back with. Runs on the interpreter's thread, as a job, perhaps within a script that an
/// event has started and that waits for another event.
fn accept(interp: &mut Interp, input: Input) {
    let shell = interp.data::<Shell>();
    let mut remembered = None;
    match input {
        Input::Line(line) => {
            let mut command = shell.command.take();
            command.push_str(&line);
            command.push('\n');
            if is_complete(&command) {
                command.pop();
                if let Some(waiting) = &mut *shell.beside.borrow_mut() {
                    waiting.commands.push_back(command);
                    return;
                }
                evaluate(interp, &command);
                remembered = Some(command).filter(|command| !command.trim().is_empty());
            } else {
                *shell.command.borrow_mut() = command;
            }
        }
        Input::Interrupted => {
            drop(shell.command.take());
            // Meant for a script within whose wait this may run, and not for the prompt's script.
            let handle = interp.interrupt_handle();
            let is_pending = handle.is_set();
            handle.clear();
            next_prompt(interp, &shell, None);
            if is_pending {
                handle.interrupt();
            }
            return;
        }
        Input::End => {
            shell.has_ended.set(true);
            // Ends the waits of scripts, too, within which this may run.
            let _ = interp.call(vec![Value::text("::exit")]);
            return;
        }
    }
    if interp.exit_status().is_none() {
        next_prompt(interp, &shell, remembered.as_deref());
    }
}

/// Evaluates a command and prints its result.
fn evaluate(interp: &mut Interp, command: &str) {
    // An interrupt from before was meant for something else.
    interp.interrupt_handle().clear();
    record(interp, command);
    let outcome = interp.eval_file_text(&Value::text(command));
    if interp.exit_status().is_none() {
        report(interp, outcome);
    }
}

/// Tells the command `history`, if the interpreter has it, as tclsh does.
fn record(interp: &mut Interp, command: &str) {
    let history = "::history";
    let found = interp.call(["::info", "commands", history].map(Value::text).to_vec());
    if found.is_ok_and(|names| !names.is_empty()) {
        // A script may have put something else in its place, which may fail.
        let _ = interp.call([history, "add", command].map(Value::text).to_vec());
    }
}

/// Prints what a command came to: a result that is not empty, or the message of an error.
fn report(interp: &mut Interp, outcome: remex_interp::Outcome) {
    match failure_of(outcome) {
        Ok(value) if value.is_empty() => {}
        Ok(value) => write_line(interp, "stdout", &value),
        // After the `^C` that the terminal has shown.
        Err(exception) if exception.is_uncatchable => {
            write_line(
                interp,
                "stderr",
                &Value::string(format!("\n{}", exception.value)),
            );
        }
        Err(exception) => write_line(interp, "stderr", &exception.value),
    }
}

/// Asks the editor for the next line, and has it remember a command.
fn next_prompt(interp: &mut Interp, shell: &Shell, remembered: Option<&str>) {
    let is_within = !shell.command.borrow().is_empty();
    flush_stdout(interp);
    let prompt = prompt(interp, &shell.screen, is_within);
    let prompt = shell.screen.unfinished_line() + &prompt;
    if let Some(reader) = &*shell.reader.borrow() {
        reader.ask(&prompt, remembered);
    }
}

/// Has what scripts have printed appear, if they have left the channel open.
fn flush_stdout(interp: &mut Interp) {
    if let Ok(channel) = interp.find_channel(&Value::text("stdout"))
        && let Ok(mut channel) = channel.try_borrow_mut()
    {
        let _ = channel.flush();
    }
}

/// The prompt: what the script in `tcl_prompt1` prints, or `tcl_prompt2` within a command, or a text of our own.
fn prompt(interp: &mut Interp, screen: &Screen, is_within: bool) -> String {
    let (name, usual) = if is_within {
        ("::tcl_prompt2", CONTINUATION_PROMPT)
    } else {
        ("::tcl_prompt1", PROMPT)
    };
    let name = Value::text(name);
    if !interp.variable_exists(&name) {
        return usual.to_owned();
    }
    let Ok(script) = interp.variable_get(&name) else {
        return usual.to_owned();
    };
    screen.start_capture();
    let outcome = interp.eval(script);
    flush_stdout(interp);
    let printed = screen.end_capture();
    match outcome {
        Ok(_) => printed,
        Err(exception) => {
            let message = format!("{}\n    (script that generates prompt)", exception.value);
            write_line(interp, "stderr", &Value::string(message));
            usual.to_owned()
        }
    }
}

/// Puts the terminal back as it was: a script may have ended the process while the editor had it.
fn restore(before: Option<&Termios>) {
    let stdin = rustix::stdio::stdin();
    let Some(before) = before else { return };
    let is_changed = tcgetattr(stdin).is_ok_and(|now| now.local_modes != before.local_modes);
    if is_changed && tcsetattr(stdin, OptionalActions::Now, before).is_ok() {
        // Pasted text no longer comes in brackets.
        crate::session::print("\x1b[?2004l\n");
    }
}
