//! Why a request got no answer from the script it named, and how Tcl is told.

use crate::protocol::{Outcome, ProtocolError};
use thiserror::Error;

/// Everything that can keep a request from being answered. Each has one message and one errorCode, the same whether it
/// reaches a script as an error of `send` or as what a `-command` callback is given.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// The time the caller allowed passed. Whether the script began is not known.
    #[error("no answer from \"{target}\" within {timeout_ms} ms")]
    Timeout {
        /// Who was asked.
        target: String,
        /// The time allowed.
        timeout_ms: u64,
    },
    /// The connection ended before the answer came. Whether the script ran is not known.
    #[error("target application died or connection lost: {0}")]
    Lost(String),
    /// Nobody on this host serves under the name.
    #[error("no application named \"{0}\"")]
    NoSuchName(String),
    /// The host and port could not be reached; nothing ran.
    #[error("couldn't connect to \"{target}\": {reason}")]
    Unreachable {
        /// The host and port.
        target: String,
        /// What the system said.
        reason: String,
    },
    /// The peer does not know this process's key; nothing ran. The text says which command mends that.
    #[error("{0}")]
    Refused(String),
    /// The peer's key is not the one on record, or not on record where that is demanded. The text names the command.
    #[error("{0}")]
    HostKey(String),
    /// Keys could not be read or made.
    #[error("{0}")]
    Keys(String),
    /// A name or a host and port is not well formed.
    #[error("{0}")]
    Target(String),
    /// What came is not the protocol, or what was to go does not fit it.
    #[error("{0}")]
    Protocol(#[from] ProtocolError),
    /// Too much waits already: for answers, or to be written to a peer that does not read.
    #[error("too much is outstanding to \"{0}\"")]
    Busy(String),
    /// Sends wait for sends for sends, too many deep.
    #[error("too many nested sends (the limit is {0})")]
    TooDeep(u16),
    /// The request under which this one was made was cancelled by its own caller, or its time is over.
    #[error("the request was cancelled")]
    Cancelled,
    /// The interpreter itself was interrupted while it waited: Ctrl-C, `interp cancel`, a time limit.
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    /// The errorCode, as words.
    pub fn error_code(&self) -> Vec<&str> {
        match self {
            Failure::Timeout { .. } => vec!["REMEX", "TIMEOUT"],
            Failure::Lost(_) => vec!["REMEX", "LOST"],
            // Tk's send says the same, and scripts look for it.
            Failure::NoSuchName(name) => vec!["TK", "LOOKUP", "APPLICATION", name],
            Failure::Unreachable { target, .. } => vec!["REMEX", "UNREACHABLE", target],
            Failure::Refused(_) => vec!["REMEX", "REFUSED"],
            Failure::HostKey(_) => vec!["REMEX", "HOSTKEY"],
            Failure::Keys(_) => vec!["REMEX", "KEYS"],
            Failure::Target(_) => vec!["REMEX", "TARGET"],
            Failure::Protocol(_) => vec!["REMEX", "PROTOCOL"],
            Failure::Busy(_) => vec!["REMEX", "BUSY"],
            Failure::TooDeep(_) => vec!["REMEX", "DEPTH"],
            Failure::Cancelled => vec!["REMEX", "CANCELLED"],
            Failure::Interrupted => vec!["REMEX", "INTERRUPTED"],
        }
    }

    /// The failure as a script's error, for those who only take outcomes.
    pub fn outcome(&self) -> Outcome {
        let words: Vec<String> = self.error_code().into_iter().map(list_element).collect();
        Outcome::error(self.to_string(), words.join(" "))
    }
}

/// `word` as one element of a Tcl list: bare where that is enough, else with every special character behind a backslash.
///
/// Only for errorCodes and command lines made here, which have no engine at hand to do it in the engine's style.
pub(crate) fn list_element(word: &str) -> String {
    if word.is_empty() {
        return "{}".to_string();
    }
    let mut element = String::with_capacity(word.len());
    for (index, character) in word.chars().enumerate() {
        match character {
            '\n' => element.push_str("\\n"),
            ' ' | '\t' | '"' | '$' | '[' | ']' | '{' | '}' | '\\' | ';' | '\r' | '\u{b}'
            | '\u{c}' => {
                element.push('\\');
                element.push(character);
            }
            '#' if index == 0 => element.push_str("\\#"),
            _ => element.push(character),
        }
    }
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_stays_one_word_of_the_error_code() {
        let outcome = Failure::NoSuchName("chat #2".into()).outcome();
        assert_eq!(outcome.value, "no application named \"chat #2\"");
        let options = outcome.options.unwrap();
        assert_eq!(
            options.error_code.as_deref(),
            Some("TK LOOKUP APPLICATION chat\\ #2")
        );
    }

    #[test]
    fn list_elements_are_quoted_where_needed() {
        assert_eq!(list_element(""), "{}");
        assert_eq!(list_element("a#b"), "a#b");
        assert_eq!(list_element("#a\n{$"), "\\#a\\n\\{\\$");
    }
}
