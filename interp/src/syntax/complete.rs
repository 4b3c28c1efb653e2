//! Whether a script needs more lines.

use super::Span;
use super::cursor::Cursor;

/// Whether no brace, bracket, quote, parenthesis or backslash-newline of `source` waits for more text: what `info complete` says.
///
/// A script with another error is complete, since no more text could mend it.
/// Source: info(n).
pub fn is_complete(source: &str) -> bool {
    let mut cursor = Cursor::new(source, Span::whole(source));
    let mut commands = Vec::new();
    match cursor.commands(&mut commands, 0) {
        Ok(()) => !cursor.wants_line,
        Err((_, failure)) => !failure.fault.is_incomplete(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openers_and_trailing_backslash_newline_ask_for_more() {
        for source in [
            "set a {",
            "set a [",
            "set a \"",
            "set a $b(",
            "set a ${b",
            "set a \\\n",
            "# comment \\\n",
            "a [#b]",
        ] {
            assert!(!is_complete(source), "{source:?}");
        }
    }

    #[test]
    fn whole_and_hopeless_scripts_are_complete() {
        for source in [
            "",
            "set a b",
            "set a {b}c",
            "set a \"b\"c {",
            "set a }",
            "set a ]",
            "set a \\",
            "# {",
        ] {
            assert!(is_complete(source), "{source:?}");
        }
    }
}
