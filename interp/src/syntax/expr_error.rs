//! What is said about an expression that cannot be parsed.

use super::ExprError;
use super::cursor::Failure;
use super::expr_lexer::number;

/// Bytes of each piece of the expression that the message quotes, less one; a longer piece is cut and gets dots.
const QUOTED_BYTES: usize = 25;
/// Bytes that are left of a piece that is too long.
const CUT_BYTES: usize = QUOTED_BYTES - 3;
/// Marks the place where something is missing.
const MARK: &str = "_@_";

/// What is wrong with an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExprFault {
    Empty,
    EmptySubexpression,
    MissingOperand,
    MissingOperator,
    MissingColon,
    MissingArgument,
    /// A missing argument before a comma, for which tclsh gives another errorCode.
    MissingFirstArgument,
    UnbalancedOpen,
    UnbalancedClose,
    StrayColon,
    StrayComma,
    HalfOperator,
    InvalidCharacter,
    InvalidBareword,
    /// In a variable, a quoted string, a braced one or a script.
    Nested(Failure),
    TooDeep,
    TooLong,
}

impl ExprFault {
    fn message(self, lexeme: &str) -> String {
        let text = match self {
            ExprFault::Empty => "empty expression",
            ExprFault::EmptySubexpression => "empty subexpression at _@_",
            ExprFault::MissingOperand => "missing operand at _@_",
            ExprFault::MissingOperator => "missing operator at _@_",
            ExprFault::MissingColon => "missing operator \":\" at _@_",
            ExprFault::MissingArgument | ExprFault::MissingFirstArgument => {
                "missing function argument at _@_"
            }
            ExprFault::UnbalancedOpen => "unbalanced open paren",
            ExprFault::UnbalancedClose => "unbalanced close paren",
            ExprFault::StrayColon => "unexpected operator \":\" without preceding \"?\"",
            ExprFault::StrayComma => "unexpected \",\" outside function argument list",
            ExprFault::HalfOperator => return format!("incomplete operator \"{lexeme}\""),
            ExprFault::InvalidCharacter => return format!("invalid character \"{lexeme}\""),
            ExprFault::InvalidBareword => return format!("invalid bareword \"{}\"", cut(lexeme)),
            ExprFault::Nested(failure) => failure.fault.message(),
            ExprFault::TooDeep => "too many nested operators",
            ExprFault::TooLong => "expression is too long",
        };
        text.to_string()
    }

    fn error_code(self, lexeme: &str) -> &'static str {
        match self {
            ExprFault::Empty | ExprFault::EmptySubexpression => "TCL PARSE EXPR EMPTY",
            ExprFault::MissingOperand
            | ExprFault::MissingOperator
            | ExprFault::MissingColon
            | ExprFault::MissingArgument => "TCL PARSE EXPR MISSING",
            ExprFault::MissingFirstArgument
            | ExprFault::UnbalancedOpen
            | ExprFault::UnbalancedClose => "TCL PARSE EXPR UNBALANCED",
            ExprFault::StrayColon | ExprFault::StrayComma => "TCL PARSE EXPR SURPRISE",
            ExprFault::HalfOperator => "TCL PARSE EXPR PARTOP",
            ExprFault::InvalidCharacter => "TCL PARSE EXPR BADCHAR",
            ExprFault::InvalidBareword => match failed_base(lexeme) {
                Some("binary") => "TCL PARSE EXPR BADNUMBER BINARY",
                Some(_) => "TCL PARSE EXPR BADNUMBER OCTAL",
                None => "TCL PARSE EXPR BAREWORD",
            },
            ExprFault::Nested(failure) if failure.fault.is_incomplete() => {
                "TCL PARSE EXPR UNBALANCED"
            }
            ExprFault::Nested(failure) => failure.fault.error_code(),
            ExprFault::TooDeep | ExprFault::TooLong => "TCL LIMIT NESTING",
        }
    }

    /// Whether the message points at the place between the text before the lexeme and the lexeme.
    fn has_mark(self) -> bool {
        matches!(
            self,
            ExprFault::EmptySubexpression
                | ExprFault::MissingOperand
                | ExprFault::MissingOperator
                | ExprFault::MissingColon
                | ExprFault::MissingArgument
                | ExprFault::MissingFirstArgument
        )
    }
}

impl ExprError {
    /// The error for `fault` at the lexeme of `byte_count` bytes at byte `start` of `expression`.
    pub(super) fn new(
        fault: ExprFault,
        expression: &str,
        start: usize,
        byte_count: usize,
    ) -> ExprError {
        let lexeme = expression.get(start..start + byte_count).unwrap_or("");
        let mut message = fault.message(lexeme);
        message.push_str("\nin expression \"");
        if fault.has_mark() {
            quote(&mut message, expression, start, 0, MARK);
        } else {
            quote(&mut message, expression, start, byte_count, "");
        }
        message.push('"');
        if fault == ExprFault::InvalidBareword {
            let word = cut(lexeme);
            message.push_str(&format!(
                ";\nshould be \"${word}\" or \"{{{word}}}\" or \"{word}(...)\" or ..."
            ));
            if let Some(base) = failed_base(lexeme) {
                message.push_str(&format!(" (invalid {base} number?)"));
            }
        }
        ExprError {
            message: message.into(),
            error_code: fault.error_code(lexeme),
            info: format!("\n    (parsing expression \"{}\")", cut(expression)).into(),
        }
    }
}

/// Appends `expression` around the lexeme at `start`, with `mark` behind the lexeme.
fn quote(message: &mut String, expression: &str, start: usize, byte_count: usize, mark: &str) {
    if start < QUOTED_BYTES {
        message.push_str(expression.get(..start).unwrap_or(""));
    } else {
        message.push_str("...");
        message.push_str(between(expression, start - CUT_BYTES, start));
    }
    let end = start + byte_count;
    message.push_str(&cut(expression.get(start..end).unwrap_or("")));
    message.push_str(mark);
    if end + QUOTED_BYTES > expression.len() {
        message.push_str(expression.get(end..).unwrap_or(""));
    } else {
        message.push_str(between(expression, end, end + CUT_BYTES));
        message.push_str("...");
    }
}

/// `text`, or its beginning and dots if it is long.
fn cut(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() < QUOTED_BYTES {
        return text.into();
    }
    format!("{}...", between(text, 0, CUT_BYTES)).into()
}

/// The bytes from `start` to `end` of `text`, without characters that are only partly in there.
fn between(text: &str, mut start: usize, mut end: usize) -> &str {
    end = end.min(text.len());
    while !text.is_char_boundary(start) {
        start += 1;
    }
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(start..end).unwrap_or("")
}

/// The base that a word meant which is almost a number: `08` or `0b12`.
fn failed_base(word: &str) -> Option<&'static str> {
    let bytes = word.as_bytes();
    if bytes.first() != Some(&b'0') {
        return None;
    }
    let stop = number(bytes)?.byte_count;
    if stop != 1 && !bytes.get(stop).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    match bytes.get(1) {
        Some(b'b') => Some("binary"),
        Some(b'o' | b'0'..=b'9') => Some("octal"),
        _ => None,
    }
}
