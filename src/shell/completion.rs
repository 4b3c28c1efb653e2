//! Completion of what is being typed: commands, subcommands, variables and file names.
//!
//! The interpreter is asked as a script would ask it, so that what a script defines is completed like what is built in.

use std::collections::BTreeSet;
use std::path::Path;

use remex_interp::channel::path;
use remex_interp::text::utf;
use remex_interp::{Interp, Value};

use super::command_line::{Typed, look};

/// Most words that are offered; nobody reads more.
const WORDS_MAX: usize = 2000;

/// Commands whose first argument is the name of a variable.
const TAKES_VARIABLE: &[&str] = &[
    "append", "array", "global", "incr", "lappend", "lset", "set", "unset", "upvar", "variable",
    "vwait",
];

/// Subcommands of commands that have them and are no ensembles, as far as the engine does not list them.
const SUBCOMMANDS: &[(&str, &[&str])] = &[
    ("after", &["cancel", "idle", "info"]),
    ("fileevent", &["readable", "writable"]),
    (
        "history",
        &[
            "add", "change", "clear", "event", "info", "keep", "nextid", "redo",
        ],
    ),
    ("remote", &["call", "eval", "interps", "ping", "serve"]),
    ("trace", &["add", "info", "remove"]),
    ("update", &["idletasks"]),
];

/// What can stand in place of what is being typed.
pub struct Found {
    /// Where it begins, in bytes of the text.
    pub start: usize,
    /// What it may become.
    pub words: Vec<Word>,
}

/// One of several possibilities.
#[derive(Debug, PartialEq, Eq)]
pub struct Word {
    /// As listed.
    pub shown: String,
    /// As it is inserted.
    pub inserted: String,
}

/// Completes the end of `text`, which is as it stands in the editor.
pub fn complete(interp: &mut Interp, text: &str) -> Found {
    let typed = look(text);
    let prefix = text.get(typed.start..).unwrap_or_default();
    let shell = interp.data::<super::Shell>();
    let beside = shell.beside.borrow();
    let mut words = if let Some(waiting) = &*beside {
        // Only the names of its commands are known of another engine.
        match (typed.is_variable, typed.words.is_empty()) {
            (true, _) => Vec::new(),
            (_, true) => ended_by_space(sorted(waiting.names.iter().cloned(), prefix)),
            _ => files(prefix),
        }
    } else if typed.is_variable {
        variables(interp, prefix)
    } else if typed.words.is_empty() {
        ended_by_space(commands(interp, prefix))
    } else {
        arguments(interp, &typed, prefix)
    };
    words.truncate(WORDS_MAX);
    Found {
        start: typed.start,
        words,
    }
}

/// What may follow the words of a command.
fn arguments(interp: &mut Interp, typed: &Typed, prefix: &str) -> Vec<Word> {
    let command = typed.words.first().map(String::as_str).unwrap_or_default();
    if typed.words.len() == 1 {
        let subcommands = subcommands(interp, command, prefix);
        if !subcommands.is_empty() {
            return ended_by_space(subcommands);
        }
        if TAKES_VARIABLE.contains(&command) {
            return variables(interp, prefix);
        }
    }
    files(prefix)
}

/// The result of a command as a list of texts for the editor; empty if it fails.
fn ask(interp: &mut Interp, words: &[&str]) -> Vec<String> {
    let words = words
        .iter()
        .map(|word| Value::text(&utf::from_external(word)))
        .collect();
    let Ok(list) = interp.call(words) else {
        return Vec::new();
    };
    let Ok(list) = list.to_list() else {
        return Vec::new();
    };
    list.elements()
        .iter()
        .map(|element| utf::to_external(&element.str()).into_owned())
        .collect()
}

/// A pattern for `string match` of everything that begins with `prefix`.
fn pattern(prefix: &str) -> String {
    let mut pattern = String::new();
    for character in prefix.chars() {
        if "*?[]\\".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern + "*"
}

fn sorted(names: impl IntoIterator<Item = String>, prefix: &str) -> Vec<String> {
    let names: BTreeSet<String> = names
        .into_iter()
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.into_iter().collect()
}

/// Commands, and namespaces that hold commands.
fn commands(interp: &mut Interp, prefix: &str) -> Vec<String> {
    let mut names = ask(interp, &["::info", "commands", &pattern(prefix)]);
    let (parent, is_absolute) = match prefix.rfind("::") {
        Some(end) => (
            prefix.get(..end).unwrap_or_default(),
            prefix.starts_with("::"),
        ),
        None => ("", false),
    };
    for child in ask(
        interp,
        &[
            "::namespace",
            "children",
            &format!("::{}", parent.trim_start_matches(':')),
        ],
    ) {
        let child = if is_absolute {
            child
        } else {
            child.trim_start_matches(':').to_owned()
        };
        names.push(child + "::");
    }
    if !prefix.contains("::") {
        names.retain(|name| !name.starts_with("::"));
    }
    sorted(names, prefix)
}

/// Subcommands of an ensemble or of one of [`SUBCOMMANDS`].
fn subcommands(interp: &mut Interp, command: &str, prefix: &str) -> Vec<String> {
    let plain = command.trim_start_matches("::");
    if let Some((_, names)) = SUBCOMMANDS.iter().find(|(name, _)| *name == plain) {
        return sorted(names.iter().map(|name| (*name).to_owned()), prefix);
    }
    let options = remex_interp::commands::options(plain);
    if !options.is_empty() {
        return sorted(options.iter().map(|name| (*name).to_owned()), prefix);
    }
    if ask(interp, &["::namespace", "ensemble", "exists", command]) != ["1"] {
        return Vec::new();
    }
    let listed = ask(
        interp,
        &[
            "::namespace",
            "ensemble",
            "configure",
            command,
            "-subcommands",
        ],
    );
    if !listed.is_empty() {
        return sorted(listed, prefix);
    }
    let map = ask(
        interp,
        &["::namespace", "ensemble", "configure", command, "-map"],
    );
    if !map.is_empty() {
        return sorted(map.into_iter().step_by(2), prefix);
    }
    let rows = remex_interp::commands::rows().chain(remex_remote::fsignal::COMMANDS);
    let names = rows
        .filter(|row| row.name == plain)
        .flat_map(|row| row.subcommands);
    sorted(names.map(|row| row.name.to_owned()), prefix)
}

/// Variables, and elements of an array once its parenthesis is open.
fn variables(interp: &mut Interp, prefix: &str) -> Vec<Word> {
    if let Some((array, element)) = prefix.split_once('(') {
        let names = ask(interp, &["::array", "names", array]);
        return sorted(names, element)
            .into_iter()
            .map(|name| Word {
                inserted: format!("{array}({name})"),
                shown: name,
            })
            .collect();
    }
    let mut names = ask(interp, &["::info", "vars", &pattern(prefix)]);
    if prefix.starts_with("::") && !prefix.trim_start_matches("::").contains("::") {
        names.extend(
            ask(interp, &["::info", "globals"])
                .into_iter()
                .map(|name| format!("::{name}")),
        );
    }
    let names = sorted(names, prefix);
    names
        .into_iter()
        .map(|name| Word {
            shown: name.clone(),
            inserted: name,
        })
        .collect()
}

/// Words as they are, the only one with the space that follows it.
fn ended_by_space(names: Vec<String>) -> Vec<Word> {
    let is_only = names.len() == 1;
    let end = |name: &String| {
        if is_only && !name.ends_with("::") {
            format!("{name} ")
        } else {
            name.clone()
        }
    };
    names
        .into_iter()
        .map(|name| Word {
            inserted: end(&name),
            shown: name,
        })
        .collect()
}

/// Files whose names begin with `prefix`, which may be quoted by backslashes.
fn files(prefix: &str) -> Vec<Word> {
    let plain = without_backslashes(prefix);
    let (directory, start) = plain
        .rsplit_once('/')
        .map_or(("", &*plain), |(directory, start)| {
            (if directory.is_empty() { "/" } else { directory }, start)
        });
    let Ok(place) = path::native(&utf::from_external(if directory.is_empty() {
        "."
    } else {
        directory
    })) else {
        return Vec::new();
    };
    let Ok(entries) = std::fs::read_dir(Path::new(&place)) else {
        return Vec::new();
    };
    let names = entries.take(WORDS_MAX * 10).filter_map(|entry| {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        // Hidden files are offered to those who ask for them.
        let is_wanted =
            name.starts_with(start) && (!name.starts_with('.') || start.starts_with('.'));
        let is_directory = is_wanted && entry.path().is_dir();
        is_wanted.then(|| if is_directory { name + "/" } else { name })
    });
    let typed_directory = plain.get(..plain.len() - start.len()).unwrap_or_default();
    let names = sorted(names, start);
    names
        .into_iter()
        .map(|name| Word {
            inserted: with_backslashes(&format!("{typed_directory}{name}")),
            shown: name,
        })
        .collect()
}

fn without_backslashes(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(character) = chars.next() {
        plain.push(if character == '\\' {
            chars.next().unwrap_or('\\')
        } else {
            character
        });
    }
    plain
}

fn with_backslashes(text: &str) -> String {
    let mut quoted = String::new();
    for character in text.chars() {
        if character.is_whitespace() || "\\\"{}[]$;#".contains(character) {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}
