//! The line editor, on a thread of its own: rustyline, and nothing else knows it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use remex_interp::Interp;
use remex_interp::event::Mailbox;
use remex_interp::runtime::safepoint::InterruptHandle;
use remex_interp::text::utf;
use rustyline::completion::{Completer, Pair};
use rustyline::config::{Builder, CompletionType};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{Context, Editor, ExternalPrinter, Helper};

use super::completion;
use super::screen::Screen;

/// Commands that the history keeps.
const HISTORY_COMMANDS_MAX: usize = 10_000;

/// How long a completion may take; a script that runs meanwhile holds it up.
const COMPLETION_TIMEOUT: Duration = Duration::from_millis(500);

/// What the editor came back with.
pub enum Input {
    /// A line, without its end.
    Line(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D, or the terminal is gone.
    End,
}

/// What the editor is to do next.
struct Request {
    prompt: String,
    /// A command to keep in the history before.
    remembered: Option<String>,
}

/// The editor's thread, as the interpreter's thread sees it.
pub struct Reader {
    requests: Sender<Request>,
}

impl Reader {
    /// Starts the editor on `screen`. Each line asked for is given to `accept` on the interpreter's thread.
    ///
    /// Errors: the terminal or the system refuses.
    pub fn start(
        screen: Arc<Screen>,
        mailbox: Mailbox,
        interrupt: InterruptHandle,
        history: Option<PathBuf>,
        accept: fn(&mut Interp, Input),
    ) -> Result<Reader, String> {
        let words = Words {
            mailbox: mailbox.clone(),
        };
        let mut editor = editor(words).map_err(|error| error.to_string())?;
        if let Ok(mut printer) = editor.create_external_printer() {
            // A terminal that is gone cannot be told so.
            let print = move |text| drop(printer.print(text));
            screen
                .start_printer(Box::new(print))
                .map_err(|error| error.to_string())?;
        }
        if let Some(path) = &history {
            // There is none before the first session.
            let _ = editor.load_history(path);
        }
        let (requests, received) = mpsc::channel();
        let run = move || {
            let deliver = |input| {
                mailbox
                    .post(Interp::job(move |interp| accept(interp, input)))
                    .is_ok()
            };
            let reading = || {
                serve(
                    &mut editor,
                    &received,
                    &screen,
                    &interrupt,
                    history.as_deref(),
                    &deliver,
                )
            };
            // Without an editor the shell must end and not wait for ever.
            if catch_unwind(AssertUnwindSafe(reading)).is_err() {
                screen.lower_prompt();
                deliver(Input::End);
            }
        };
        std::thread::Builder::new()
            .name("reader".to_owned())
            .spawn(run)
            .map_err(|error| error.to_string())?;
        Ok(Reader { requests })
    }

    /// Asks for a line, and has `remembered` kept in the history. Texts are the interpreter's.
    pub fn ask(&self, prompt: &str, remembered: Option<&str>) {
        let request = Request {
            prompt: utf::to_external(prompt).into_owned(),
            remembered: remembered.map(|command| utf::to_external(command).into_owned()),
        };
        // Without a reader the shell has ended.
        let _ = self.requests.send(request);
    }
}

fn editor(words: Words) -> rustyline::Result<Editor<Words, FileHistory>> {
    let config = Builder::new()
        .max_history_size(HISTORY_COMMANDS_MAX)?
        .history_ignore_dups(true)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .auto_add_history(false)
        .build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(words));
    Ok(editor)
}

/// Reads lines as they are asked for, until nobody asks or listens.
fn serve(
    editor: &mut Editor<Words, FileHistory>,
    requests: &Receiver<Request>,
    screen: &Screen,
    interrupt: &InterruptHandle,
    history: Option<&Path>,
    deliver: &dyn Fn(Input) -> bool,
) {
    while let Ok(request) = requests.recv() {
        if let Some(command) = request.remembered {
            remember(editor, &command, history);
        }
        screen.raise_prompt();
        let line = editor.readline(&request.prompt);
        screen.lower_prompt();
        let input = match line {
            Ok(line) => Input::Line(utf::from_external(&line).into_owned()),
            Err(ReadlineError::Interrupted) => {
                // A script that an event has started may be running.
                interrupt.interrupt();
                Input::Interrupted
            }
            Err(_) => Input::End,
        };
        if !deliver(input) {
            return;
        }
    }
}

/// Adds a command to the history, in memory and on disk. A history that cannot be written is only lost.
fn remember(editor: &mut Editor<Words, FileHistory>, command: &str, history: Option<&Path>) {
    if editor.add_history_entry(command).unwrap_or(false)
        && let Some(path) = history
    {
        let _ = editor.append_history(path);
    }
}

/// Completes words by asking the interpreter's thread.
struct Words {
    mailbox: Mailbox,
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let typed = line.get(..position).unwrap_or_default().to_owned();
        let (sender, receiver) = mpsc::channel();
        let job = move |interp: &mut Interp| {
            // Whoever asked may have given up.
            let _ = sender.send(completion::complete(interp, &typed));
        };
        if self.mailbox.post(Interp::job(job)).is_err() {
            return Ok((position, Vec::new()));
        }
        let Ok(found) = receiver.recv_timeout(COMPLETION_TIMEOUT) else {
            return Ok((position, Vec::new()));
        };
        let pairs = found.words.into_iter().map(|word| Pair {
            display: word.shown,
            replacement: word.inserted,
        });
        Ok((found.start, pairs.collect()))
    }
}

impl Helper for Words {}
impl Highlighter for Words {}
impl Validator for Words {}

impl Hinter for Words {
    type Hint = String;
}
