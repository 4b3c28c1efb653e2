//! The text of the library's procedures.

use std::collections::HashMap;

use crate::syntax::{Span, parse_script};
use crate::value::Value;

/// The files; what one defines is defined together.
const FILES: &[&str] = &[
    include_str!("init.tcl"),
    include_str!("auto.tcl"),
    include_str!("history.tcl"),
    include_str!("package.tcl"),
    include_str!("parray.tcl"),
    include_str!("tm.tcl"),
    include_str!("word.tcl"),
];

/// A procedure of the library.
#[derive(Clone)]
pub(super) struct Definition {
    pub parameters: Value,
    pub body: Value,
    /// Its file, as an index into [`FILES`].
    file: usize,
}

thread_local! {
    static DEFINITIONS: HashMap<String, Definition> = read();
}

/// Reads the commands `proc name parameters body` of all files.
fn read() -> HashMap<String, Definition> {
    let mut definitions = HashMap::new();
    for (file, text) in FILES.iter().enumerate() {
        for command in parse_script(text, Span::whole(text)).commands {
            let words: Vec<&str> = command
                .words
                .iter()
                .filter_map(|word| word.constant(text))
                .collect();
            if let [_, name, parameters, body] = words.as_slice() {
                let definition = Definition {
                    parameters: Value::text(parameters),
                    body: Value::text(body),
                    file,
                };
                definitions.insert((*name).to_owned(), definition);
            }
        }
    }
    definitions
}

/// The definition of a procedure by its full name.
pub(super) fn find(name: &str) -> Option<Definition> {
    DEFINITIONS.with(|definitions| definitions.get(name).cloned())
}

/// The names that the same file defines, or none if the library does not have the procedure.
pub(super) fn together_with(name: &str) -> Vec<String> {
    DEFINITIONS.with(|definitions| {
        let Some(found) = definitions.get(name) else {
            return Vec::new();
        };
        definitions
            .iter()
            .filter(|(_, other)| other.file == found.file)
            .map(|(name, _)| name.clone())
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_of_the_files_is_a_definition() {
        let commands: usize = FILES
            .iter()
            .map(|text| parse_script(text, Span::whole(text)).commands.len())
            .sum();
        assert_eq!(DEFINITIONS.with(HashMap::len), commands);
        assert!(find("::unknown").is_some());
        assert!(together_with("::tcl::HistAdd").contains(&"::history".to_owned()));
    }
}
