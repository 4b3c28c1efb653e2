//! House rules that the compiler does not check: layering, and calls that must not stand in code that scripts or peers reach.
#![deny(missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

/// The layers of `interp/src`, from the top: each may use only those before it.
const LAYERS: [&str; 11] = [
    "limits", "text", "syntax", "value", "bytecode", "compile", "channel", "event", "runtime",
    "commands", "library",
];

/// Uses of a later layer that exist, and why.
const LAYER_DEBTS: [(&str, &str, &str); 1] = [(
    "commands",
    "library",
    "commands that load parts of the script library",
)];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a source folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    rust_files(&root().join(folder), &mut files);
    assert!(!files.is_empty(), "{folder} has no sources");
    files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a readable source");
            (path, text)
        })
        .collect()
}

/// The part of a source before its unit tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

#[test]
fn layers_use_only_those_above_them() {
    let mut wrong = Vec::new();
    for (path, text) in sources("interp/src") {
        let inside = path
            .strip_prefix(root().join("interp/src"))
            .expect("inside")
            .to_owned();
        if inside.to_string_lossy().ends_with("_tests.rs") {
            continue;
        }
        let first = inside
            .components()
            .next()
            .expect("a name")
            .as_os_str()
            .to_string_lossy()
            .into_owned();
        let layer = first.trim_end_matches(".rs");
        let Some(position) = LAYERS.iter().position(|name| *name == layer) else {
            continue;
        };
        for later in &LAYERS[position + 1..] {
            let is_debt = LAYER_DEBTS
                .iter()
                .any(|(from, to, _)| *from == layer && to == later);
            let uses = without_tests(&text).lines().any(|line| {
                !line.trim_start().starts_with("//") && line.contains(&format!("crate::{later}::"))
            });
            if uses && !is_debt {
                wrong.push(format!("{} uses crate::{later}", inside.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "a layer may use only those above it (docs/architecture.md):\n{}",
        wrong.join("\n")
    );
}

/// The files of `remote/src` that may name our engine.
const ENGINE_KNOWERS: [&str; 6] = ["bridge", "commands", "serve", "fsignal", "filewait", "molt"];

#[test]
fn the_engine_knows_no_other_crate_of_ours() {
    for (path, text) in sources("interp/src") {
        assert!(
            !text.contains("remex_remote"),
            "{} names remex_remote",
            path.display()
        );
    }
    for (path, text) in sources("remote/src") {
        let names_engine = without_tests(&text).contains("remex_interp");
        let inside = path.strip_prefix(root().join("remote/src"));
        let inside = inside.expect("inside").to_string_lossy().into_owned();
        let first = inside.split(['/', '.']).next().unwrap_or_default();
        assert!(
            !names_engine || ENGINE_KNOWERS.contains(&first),
            "{inside} names the engine: only {ENGINE_KNOWERS:?} may"
        );
    }
}

/// The files of `remote/src` that carry messages, whatever evaluates them; and what names an engine.
const CARRIERS: [&str; 8] = [
    "protocol",
    "session",
    "transport",
    "exchange",
    "gate",
    "link",
    "node",
    "local",
];
const ENGINE_NAMES: [&str; 5] = ["remex_interp", "molt", "Molt", "Interp::", "mut Interp"];

#[test]
fn what_carries_messages_names_no_engine() {
    let mut seen = 0;
    for (path, text) in sources("remote/src") {
        let inside = path.strip_prefix(root().join("remote/src"));
        let inside = inside.expect("inside").to_string_lossy().into_owned();
        let first = inside.split(['/', '.']).next().unwrap_or_default();
        if !CARRIERS.contains(&first.trim_end_matches("_tests")) {
            continue;
        }
        seen += 1;
        for (number, line) in text.lines().enumerate() {
            let name = ENGINE_NAMES.iter().find(|name| line.contains(**name));
            assert!(
                name.is_none(),
                "{inside}:{}: names {}: only `bridge`, the commands and `molt` know engines",
                number + 1,
                name.unwrap_or(&"")
            );
        }
    }
    assert!(seen >= CARRIERS.len(), "the files have moved");
}

#[test]
fn nothing_unfinished_stands_in_the_code() {
    let mut wrong = Vec::new();
    for folder in ["src", "interp/src", "remote/src"] {
        for (path, text) in sources(folder) {
            for (number, line) in without_tests(&text).lines().enumerate() {
                for banned in ["todo!(", "unimplemented!(", "dbg!("] {
                    if line.contains(banned) {
                        wrong.push(format!("{}:{}: {banned}", path.display(), number + 1));
                    }
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "finish it or return an error:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn only_the_gate_names_tokio() {
    for folder in ["src", "interp/src", "remote/src"] {
        for (path, text) in sources(folder) {
            let names = text
                .lines()
                .any(|line| line.contains("tokio::") && !line.trim_start().starts_with("//"));
            let is_gate = path.to_string_lossy().contains("gate");
            assert!(
                !names || is_gate,
                "{} names tokio: the gate alone does",
                path.display()
            );
        }
    }
}

#[test]
fn unsafe_code_is_where_the_architecture_says() {
    let architecture =
        fs::read_to_string(root().join("docs/architecture.md")).expect("a readable document");
    let mut wrong = Vec::new();
    for folder in ["interp/src", "remote/src", "src"] {
        for (path, text) in sources(folder) {
            let inside = path.strip_prefix(root().join(folder)).expect("inside");
            let uses = without_tests(&text)
                .lines()
                .any(|line| !line.trim_start().starts_with("//") && is_unsafe(line));
            if uses && !architecture.contains(&format!("`{}`", inside.display())) {
                wrong.push(inside.display().to_string());
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "unsafe code in files that docs/architecture.md does not list: {wrong:?}"
    );
}

fn is_unsafe(line: &str) -> bool {
    ["unsafe {", "unsafe fn", "unsafe impl"]
        .iter()
        .any(|form| line.contains(form))
}
