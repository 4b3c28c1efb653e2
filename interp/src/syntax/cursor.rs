//! What script words, `subst` and expressions have in common: a place in the source, and reading variables, braces, nested scripts
//! and text with substitutions from there.
//!
//! Nothing here is public outside the syntax layer. Read [`Cursor`], then [`Cursor::text`].

use super::{NESTING_MAX, Part, Script, Span, SubstFlags, SyntaxError, Variable, WordKind};
use crate::text::backslash::parse_backslash;

/// Class of a byte: white space that separates words (not newline).
pub(super) const SPACE: u8 = 1;
/// Class of a byte: newline and semicolon.
pub(super) const COMMAND_END: u8 = 2;
/// Class of a byte: `$`, `[` and backslash.
pub(super) const SUBSTITUTION: u8 = 4;
/// Class of a byte: `"`.
pub(super) const QUOTE: u8 = 8;
/// Class of a byte: `)`.
pub(super) const CLOSE_PAREN: u8 = 16;
/// Class of a byte: `]`.
pub(super) const CLOSE_BRACKET: u8 = 32;
/// Class of a byte: ASCII letter, digit or underscore.
pub(super) const NAME: u8 = 64;
/// Class of a byte: `{`, `}` and backslash, which braces count.
pub(super) const BRACE: u8 = 128;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b' ' | b'\t' | 0x0B | 0x0C | b'\r' => SPACE,
            b'\n' | b';' => COMMAND_END,
            b'\\' => SUBSTITUTION | BRACE,
            b'$' | b'[' => SUBSTITUTION,
            b'"' => QUOTE,
            b')' => CLOSE_PAREN,
            b']' => CLOSE_BRACKET,
            b'{' | b'}' => BRACE,
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' => NAME,
            _ => 0,
        };
        byte += 1;
    }
    table
}

/// The classes that `byte` is in.
#[inline]
pub(super) fn class(byte: u8) -> u8 {
    CLASSES[usize::from(byte)]
}

/// What is wrong with a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    MissingBrace,
    MissingBraceInComment,
    MissingBracket,
    MissingQuote,
    MissingParen,
    MissingVariableBrace,
    ExtraAfterBrace,
    ExtraAfterQuote,
    TooDeep,
    TooLong,
}

impl Fault {
    pub(super) fn message(self) -> &'static str {
        match self {
            Fault::MissingBrace => "missing close-brace",
            Fault::MissingBraceInComment => {
                "missing close-brace: possible unbalanced brace in comment"
            }
            Fault::MissingBracket => "missing close-bracket",
            Fault::MissingQuote => "missing \"",
            Fault::MissingParen => "missing )",
            Fault::MissingVariableBrace => "missing close-brace for variable name",
            Fault::ExtraAfterBrace => "extra characters after close-brace",
            Fault::ExtraAfterQuote => "extra characters after close-quote",
            Fault::TooDeep => "too many nested command substitutions",
            Fault::TooLong => "script is too long",
        }
    }

    /// Whether more text could mend it.
    pub(super) fn is_incomplete(self) -> bool {
        !matches!(
            self,
            Fault::ExtraAfterBrace | Fault::ExtraAfterQuote | Fault::TooDeep | Fault::TooLong
        )
    }

    pub(super) fn error_code(self) -> &'static str {
        match self {
            Fault::TooDeep | Fault::TooLong => "TCL LIMIT NESTING",
            _ => "NONE",
        }
    }
}

/// A fault and its place: the unmatched opener, or the first character too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) fault: Fault,
    pub(super) at: usize,
}

impl Failure {
    /// The error of a command that begins at byte `start` of `source`.
    pub(super) fn to_error(self, source: &str, start: usize) -> SyntaxError {
        let mut end = self.at.saturating_add(1).min(source.len());
        // tclsh cuts a character of several bytes in two here; none of it is better than a part of it.
        while !source.is_char_boundary(end) {
            end -= 1;
        }
        SyntaxError {
            message: self.fault.message().into(),
            span: Span::new(start, end),
            incomplete: self.fault.is_incomplete(),
            error_code: self.fault.error_code(),
        }
    }
}

/// A place in the source, moving forward.
pub(super) struct Cursor<'a> {
    /// The whole source: spans count from its start.
    pub(super) source: &'a str,
    /// The bytes of the source up to the end of the range being parsed.
    pub(super) bytes: &'a [u8],
    /// Offset of the next byte, at most `bytes.len()`.
    pub(super) at: usize,
    /// How many nested scripts and indices the cursor is in.
    pub(super) depth: u32,
    /// Whether the range ended in a backslash and newline, which ask for another line.
    pub(super) wants_line: bool,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `range`, which is cut down to what `source` has.
    pub(super) fn new(source: &'a str, range: Span) -> Cursor<'a> {
        let end = (range.end as usize).min(source.len());
        let bytes = source.as_bytes().get(..end).unwrap_or_default();
        Cursor {
            source,
            bytes,
            at: (range.start as usize).min(end),
            depth: 0,
            wants_line: false,
        }
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    pub(super) fn byte_at(&self, offset: usize) -> Option<u8> {
        self.bytes.get(offset).copied()
    }

    #[inline]
    pub(super) fn at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.source.get(start..end).unwrap_or("")
    }

    fn fail<T>(&self, fault: Fault, at: usize) -> Result<T, Failure> {
        Err(Failure { fault, at })
    }

    /// Moves past bytes that are in none of the classes `stop`.
    #[inline]
    pub(super) fn skip_until(&mut self, stop: u8) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest
            .iter()
            .position(|&byte| class(byte) & stop != 0)
            .unwrap_or(rest.len());
    }

    /// Moves past bytes that are all in one of the classes `wanted`.
    #[inline]
    pub(super) fn skip_while(&mut self, wanted: u8) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest
            .iter()
            .position(|&byte| class(byte) & wanted == 0)
            .unwrap_or(rest.len());
    }

    /// Whether a backslash and newline stand here.
    #[inline]
    pub(super) fn at_continuation(&self) -> bool {
        self.peek() == Some(b'\\') && self.byte_at(self.at + 1) == Some(b'\n')
    }

    /// Moves past white space of one line and past backslash-newlines; says whether there was any.
    #[inline]
    pub(super) fn skip_space(&mut self) -> bool {
        let start = self.at;
        loop {
            self.skip_while(SPACE);
            if !self.at_continuation() {
                return self.at > start;
            }
            self.at += 2;
            self.wants_line |= self.at_end();
        }
    }

    /// Moves past one backslash sequence and appends what it stands for to `text`. At a backslash.
    pub(super) fn escape(&mut self, text: &mut String) {
        let (character, byte_count) = parse_backslash(self.slice(self.at, self.bytes.len()));
        text.push(character);
        self.at = (self.at + byte_count.max(1)).min(self.bytes.len());
    }

    /// Goes one level deeper for what opens at the cursor.
    fn descend(&mut self) -> Result<(), Failure> {
        if self.depth >= NESTING_MAX {
            return self.fail(Fault::TooDeep, self.at);
        }
        self.depth += 1;
        Ok(())
    }

    /// Text with substitutions, up to a byte in one of the classes `stop` or the end.
    pub(super) fn text(&mut self, stop: u8) -> Result<WordKind, Failure> {
        let start = self.at;
        self.skip_until(stop | SUBSTITUTION);
        if self.peek().is_none_or(|byte| class(byte) & stop != 0) {
            return Ok(WordKind::Verbatim(Span::new(start, self.at)));
        }
        let mut pieces = Pieces::new(start);
        self.pieces(&mut pieces, stop, SubstFlags::ALL)?;
        Ok(pieces.finish(self))
    }

    /// Adds to `pieces` up to a byte in one of the classes `stop` or the end. After a failure `pieces` holds what was before it,
    /// and the cursor stands at the `$` or `[` of the part that failed.
    pub(super) fn pieces(
        &mut self,
        pieces: &mut Pieces,
        stop: u8,
        flags: SubstFlags,
    ) -> Result<(), Failure> {
        loop {
            self.skip_until(stop | SUBSTITUTION);
            let start = self.at;
            match self.peek() {
                Some(b'\\') if flags.backslashes => {
                    if self.at_continuation() {
                        self.wants_line |= start + 2 == self.bytes.len();
                        if stop & SPACE != 0 {
                            return Ok(());
                        }
                    }
                    if start + 1 == self.bytes.len() {
                        self.at += 1;
                    } else {
                        pieces.escape(self);
                    }
                }
                Some(b'$') if flags.variables => match self.variable() {
                    Ok(Some(variable)) => pieces.push(self, start, Part::Variable(variable)),
                    Ok(None) => self.at = start + 1,
                    Err(failure) => {
                        self.at = start;
                        return Err(failure);
                    }
                },
                Some(b'[') if flags.commands => match self.nested_script() {
                    Ok(script) => {
                        let span = Span::new(start, self.at);
                        pieces.push(self, start, Part::Command(script, span));
                    }
                    Err(failure) => {
                        self.at = start;
                        return Err(failure);
                    }
                },
                Some(byte) if class(byte) & stop == 0 => self.at += 1,
                _ => return Ok(()),
            }
        }
    }

    /// The script in brackets at the cursor, which stands at the `[` and moves behind the `]`.
    pub(super) fn nested_script(&mut self) -> Result<Script, Failure> {
        let open = self.at;
        self.descend()?;
        self.at += 1;
        let mut commands = Vec::new();
        self.commands(&mut commands, CLOSE_BRACKET)
            .map_err(|(_, failure)| failure)?;
        if self.at_end() {
            return self.fail(Fault::MissingBracket, open);
        }
        self.at += 1;
        self.depth -= 1;
        Ok(Script {
            commands,
            error: None,
        })
    }

    /// The variable at the cursor, which stands at a `$`; `None` (and the cursor anywhere) if the `$` is only a dollar sign.
    pub(super) fn variable(&mut self) -> Result<Option<Variable>, Failure> {
        let start = self.at;
        self.at += 1;
        if self.peek() == Some(b'{') {
            return self.braced_variable(start).map(Some);
        }
        let name_start = self.at;
        loop {
            self.skip_while(NAME);
            if self.peek() != Some(b':') || self.byte_at(self.at + 1) != Some(b':') {
                break;
            }
            while self.peek() == Some(b':') {
                self.at += 1;
            }
        }
        let name = Span::new(name_start, self.at);
        let index = if self.peek() == Some(b'(') {
            Some(self.index()?)
        } else if name.is_empty() {
            return Ok(None);
        } else {
            None
        };
        Ok(Some(Variable {
            name,
            index,
            span: Span::new(start, self.at),
        }))
    }

    fn braced_variable(&mut self, start: usize) -> Result<Variable, Failure> {
        let open = self.at;
        let rest = self.bytes.get(open + 1..).unwrap_or_default();
        let Some(byte_count) = memchr::memchr(b'}', rest) else {
            return self.fail(Fault::MissingVariableBrace, open);
        };
        let close = open + 1 + byte_count;
        self.at = close + 1;
        Ok(Variable {
            name: Span::new(open + 1, close),
            index: None,
            span: Span::new(start, close + 1),
        })
    }

    /// The index in parentheses at the cursor, which stands at the `(` and moves behind the `)`.
    fn index(&mut self) -> Result<Vec<Part>, Failure> {
        let open = self.at;
        self.descend()?;
        self.at += 1;
        let kind = self.text(CLOSE_PAREN)?;
        if self.at_end() {
            return self.fail(Fault::MissingParen, open);
        }
        self.at += 1;
        self.depth -= 1;
        Ok(match kind {
            WordKind::Verbatim(span) if span.is_empty() => Vec::new(),
            WordKind::Verbatim(span) => vec![Part::Text(span)],
            WordKind::Literal(text) => vec![Part::Owned(text)],
            WordKind::Parts(parts) => parts,
        })
    }

    /// The text in quotes at the cursor, which stands at the opening `"` and moves behind the closing one.
    pub(super) fn quoted(&mut self) -> Result<WordKind, Failure> {
        let open = self.at;
        self.at += 1;
        let kind = self.text(QUOTE)?;
        if self.at_end() {
            return self.fail(Fault::MissingQuote, open);
        }
        self.at += 1;
        Ok(kind)
    }

    /// The text in braces at the cursor, which stands at the `{` and moves behind the matching `}`. Never `Parts`.
    pub(super) fn braced(&mut self) -> Result<WordKind, Failure> {
        let open = self.at;
        let mut level = 1usize;
        let mut has_continuation = false;
        self.at += 1;
        loop {
            self.skip_until(BRACE);
            match self.peek() {
                Some(b'{') => level += 1,
                Some(b'}') => {
                    level -= 1;
                    if level == 0 {
                        break;
                    }
                }
                Some(_) => {
                    self.at += 1;
                    has_continuation |= self.peek() == Some(b'\n');
                }
                None => return self.fail(self.missing_brace(open), open),
            }
            self.at = (self.at + 1).min(self.bytes.len());
        }
        let span = Span::new(open + 1, self.at);
        self.at += 1;
        if has_continuation {
            return Ok(WordKind::Literal(join_lines(span.text(self.source)).into()));
        }
        Ok(WordKind::Verbatim(span))
    }

    /// Whether a comment may be to blame for an unmatched brace at `open`: some line has a `#` after white space and a `{` after that.
    fn missing_brace(&self, open: usize) -> Fault {
        let text = self.bytes.get(open + 1..).unwrap_or_default();
        let mut before = b'{';
        let mut in_comment = false;
        for &byte in text {
            match byte {
                b'\n' => in_comment = false,
                b'#' => in_comment |= class(before) & SPACE != 0 || before == b'\n',
                b'{' if in_comment => return Fault::MissingBraceInComment,
                _ => {}
            }
            before = byte;
        }
        Fault::MissingBrace
    }
}

/// The parts of a text while it is being read.
pub(super) struct Pieces {
    parts: Vec<Part>,
    /// The constant text since the last part, if a backslash changed it, up to `start`.
    changed: Option<String>,
    /// Where the constant text begins that is neither in `parts` nor in `changed`.
    start: usize,
}

impl Pieces {
    pub(super) fn new(start: usize) -> Pieces {
        Pieces {
            parts: Vec::new(),
            changed: None,
            start,
        }
    }

    /// Takes the backslash sequence at the cursor.
    fn escape(&mut self, cursor: &mut Cursor) {
        let text = self.changed.get_or_insert_default();
        text.push_str(cursor.slice(self.start, cursor.at));
        cursor.escape(text);
        self.start = cursor.at;
    }

    /// Adds the constant text up to `end`.
    fn flush(&mut self, cursor: &Cursor, end: usize) {
        if let Some(mut text) = self.changed.take() {
            text.push_str(cursor.slice(self.start, end));
            self.parts.push(Part::Owned(text.into()));
        } else if end > self.start {
            self.parts.push(Part::Text(Span::new(self.start, end)));
        }
        self.start = end;
    }

    /// Adds `part`, which begins at `start` and ends at the cursor.
    pub(super) fn push(&mut self, cursor: &Cursor, start: usize, part: Part) {
        self.flush(cursor, start);
        self.parts.push(part);
        self.start = cursor.at;
    }

    /// The word that ends at the cursor.
    pub(super) fn finish(mut self, cursor: &Cursor) -> WordKind {
        if !self.parts.is_empty() {
            return WordKind::Parts(self.into_parts(cursor));
        }
        match self.changed.take() {
            Some(mut text) => {
                text.push_str(cursor.slice(self.start, cursor.at));
                WordKind::Literal(text.into())
            }
            None => WordKind::Verbatim(Span::new(self.start, cursor.at)),
        }
    }

    /// The parts up to the cursor.
    pub(super) fn into_parts(mut self, cursor: &Cursor) -> Vec<Part> {
        self.flush(cursor, cursor.at);
        self.parts
    }
}

/// `text` with every backslash-newline and the blanks after it made one space: all that braces substitute.
fn join_lines(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(offset) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (before, sequence) = rest.split_at(offset);
        joined.push_str(before);
        rest = if let Some(line) = sequence.strip_prefix("\\\n") {
            joined.push(' ');
            line.trim_start_matches([' ', '\t'])
        } else {
            let byte_count = 1 + sequence.chars().nth(1).map_or(0, char::len_utf8);
            let (kept, after) = sequence.split_at(byte_count);
            joined.push_str(kept);
            after
        };
    }
    joined.push_str(rest);
    joined
}
