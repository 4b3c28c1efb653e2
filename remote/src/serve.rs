//! `remex serve`: an interpreter that is there for others.

use crate::bridge::{self, Host};
use crate::cli::Report;
use crate::commands;
use crate::keys::Home;
use remex_interp::runtime::Interp;
use std::path::Path;

const USAGE: &str = "remex serve ?--name NAME? ?--listen HOST:PORT? ?--engine NAME? ?FILE ?ARG …??";

/// What is left to do for a program whose interpreter serves now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Serving {
    /// Where it serves and who may come in: whole lines to print.
    pub announcement: String,
    /// A script to evaluate before the event loop is entered.
    pub file: Option<String>,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// Has `interp` serve as `remex serve WORDS` says. The program then evaluates the file, if there is one, and runs the
/// event loop.
///
/// Errors: what to print instead, and the status to exit with.
pub fn serve(interp: &mut Interp, words: &[String]) -> Result<Serving, Report> {
    serve_host(interp, words)
}

/// The same for whatever evaluates there.
pub(crate) fn serve_host(host: &mut impl Host, words: &[String]) -> Result<Serving, Report> {
    let mut serving = Serving::default();
    let (mut name, mut listen) = (None, None);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--name" => name = Some(words.next().ok_or_else(usage)?.clone()),
            "--listen" => listen = Some(words.next().ok_or_else(usage)?.clone()),
            option if option.starts_with("--") => return Err(usage()),
            file => {
                serving.file = Some(file.to_string());
                serving.arguments = words.by_ref().cloned().collect();
            }
        }
    }
    let root = serving
        .file
        .as_deref()
        .and_then(|file| Path::new(file).file_stem()?.to_str().map(str::to_string));
    let failed = |message: String| Report {
        errors: message + "\n",
        status: 1,
        ..Report::default()
    };
    let served = commands::serve(host, name.or(root).as_deref(), listen.as_deref());
    served.map_err(|exception| failed(exception.value.to_text()))?;
    let node = host
        .with(bridge::node)
        .map_err(|exception| failed(exception.value.to_text()))?;
    serving.announcement = format!("serving as {}\n", node.name().unwrap_or_default());
    if let (Some(address), Some(home)) = (node.listening(), node.settings().home) {
        let access = access(&home).map_err(|error| failed(error.to_string()))?;
        serving
            .announcement
            .push_str(&format!("listening at {address}, {access}\n"));
    }
    Ok(serving)
}

fn access(home: &Home) -> Result<String, crate::keys::KeysError> {
    let key = home.identity()?.public();
    let clients = match home.authorized_count()? {
        0 => "nobody may come in yet (remex keys authorize KEY)".to_string(),
        1 => "1 key may come in".to_string(),
        count => format!("{count} keys may come in"),
    };
    Ok(format!("with the key {}; {clients}", key.fingerprint()))
}

fn usage() -> Report {
    Report {
        errors: format!("usage: {USAGE}\n"),
        status: 2,
        ..Report::default()
    }
}
