//! The text of `subst` to parts.

use super::cursor::{Cursor, Failure, Fault, Pieces};
use super::{Part, SOURCE_BYTES_MAX, Script, Span, SubstFlags, SyntaxError};

/// The parts of `source`, substituting what `flags` say, and the error that ends them if there is one.
///
/// The caller performs the parts in order, and raises the error after the last. Of a script in brackets that cannot be parsed, the
/// last part holds the commands before the bad one, as tclsh performs them too.
///
/// A `break` or `continue` from a part's script ends or skips that part only in the caller; nothing of it shows here.
/// Source: subst(n).
pub fn parse_subst(source: &str, flags: SubstFlags) -> (Vec<Part>, Option<SyntaxError>) {
    let mut cursor = Cursor::new(source, Span::whole(source));
    let mut pieces = Pieces::new(0);
    if source.len() > SOURCE_BYTES_MAX {
        return (
            Vec::new(),
            Some(
                Failure {
                    fault: Fault::TooLong,
                    at: 0,
                }
                .to_error(source, 0),
            ),
        );
    }
    let Err(failure) = cursor.pieces(&mut pieces, 0, flags) else {
        return (pieces.into_parts(&cursor), None);
    };
    let mut parts = pieces.into_parts(&cursor);
    if cursor.peek() == Some(b'[') {
        parts.extend(leading_commands(source, cursor.at, failure));
    }
    (parts, Some(failure.to_error(source, 0)))
}

/// The commands that tclsh performs of the unfinished script that opens at `open`: those that end at a newline or semicolon before
/// the bad command.
fn leading_commands(source: &str, open: usize, failure: Failure) -> Option<Part> {
    let mut cursor = Cursor::new(source, Span::new(open + 1, source.len()));
    let mut commands = Vec::new();
    if failure.fault == Fault::TooDeep {
        return None;
    }
    // Brackets do not end these commands: had one ended the script, there would be no error.
    let _ = cursor.commands(&mut commands, 0);
    if commands
        .last()
        .is_some_and(|command| command.span.end as usize >= source.len())
    {
        commands.pop();
    }
    let end = commands.last()?.span.end as usize;
    Some(Part::Command(
        Script {
            commands,
            error: None,
        },
        Span::new(open, end + 1),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(source: &str, flags: SubstFlags) -> (String, Option<Box<str>>) {
        let (parts, error) = parse_subst(source, flags);
        let shown = parts.iter().map(|part| match part {
            Part::Text(span) => span.text(source).to_string(),
            Part::Owned(text) => text.to_string(),
            Part::Variable(variable) => format!("<{}>", variable.span.text(source)),
            Part::Command(script, _) => format!("<{} commands>", script.commands.len()),
        });
        (shown.collect(), error.map(|error| error.message))
    }

    #[test]
    fn flags_choose_what_is_substituted() {
        let source = "a\\tb$c(\\n)[d;e] \"{ f";
        assert_eq!(
            parts(source, SubstFlags::ALL),
            ("a\tb<$c(\\n)><2 commands> \"{ f".into(), None)
        );
        let none = SubstFlags {
            backslashes: false,
            commands: false,
            variables: false,
        };
        assert_eq!(parts(source, none), (source.into(), None));
    }

    #[test]
    fn what_is_before_an_error_is_performed() {
        for (source, expected, message) in [
            (
                "a[b;c {d}e]f",
                "a<1 commands>",
                "extra characters after close-brace",
            ),
            ("a[b;c", "a<1 commands>", "missing close-bracket"),
            ("a[b\n", "a<1 commands>", "missing close-bracket"),
            ("a[b", "a", "missing close-bracket"),
            ("a${b", "a", "missing close-brace for variable name"),
            ("a$b(", "a", "missing )"),
        ] {
            assert_eq!(
                parts(source, SubstFlags::ALL),
                (expected.into(), Some(message.into())),
                "{source}"
            );
        }
    }
}
