//! Scripts to commands and words.

use super::cursor::{COMMAND_END, Cursor, Failure, Fault, SPACE, class};
use super::{Command, Quoting, SOURCE_BYTES_MAX, Script, Span, Word};

/// The commands of the part `range` of `source`, with spans that count from the start of `source`.
///
/// * `range`: on character boundaries; what lies outside of `source` is ignored.
///
/// Parsing ends at the first command that is not well formed; the script then says what is wrong with it.
/// Source: Tcl(n).
pub fn parse_script(source: &str, range: Span) -> Script {
    let mut cursor = Cursor::new(source, range);
    let mut script = Script::default();
    let outcome = if source.len() > SOURCE_BYTES_MAX {
        Err((
            cursor.at,
            Failure {
                fault: Fault::TooLong,
                at: cursor.at,
            },
        ))
    } else {
        cursor.commands(&mut script.commands, 0)
    };
    if let Err((start, failure)) = outcome {
        script.error = Some(Box::new(failure.to_error(source, start)));
    }
    script
}

impl Cursor<'_> {
    /// Appends commands up to the end, or up to a byte of the class `close` where a command could end.
    ///
    /// Errors: where the bad command begins, and its failure.
    pub(super) fn commands(
        &mut self,
        commands: &mut Vec<Command>,
        close: u8,
    ) -> Result<(), (usize, Failure)> {
        loop {
            self.skip_to_command();
            match self.peek() {
                None => return Ok(()),
                Some(byte) if class(byte) & close != 0 => return Ok(()),
                Some(_) => {}
            }
            let start = self.at;
            let words = self
                .words(SPACE | COMMAND_END | close)
                .map_err(|failure| (start, failure))?;
            commands.push(Command {
                span: Span::new(start, self.at),
                words,
            });
        }
    }

    /// Moves past white space, empty commands and comments.
    pub(super) fn skip_to_command(&mut self) {
        loop {
            self.skip_while(SPACE | COMMAND_END);
            match self.peek() {
                Some(b'#') => self.skip_comment(),
                Some(b'\\') if self.at_continuation() => {
                    self.skip_space();
                }
                _ => return,
            }
        }
    }

    /// Moves past a comment, to its newline or the end.
    fn skip_comment(&mut self) {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            self.at += memchr::memchr2(b'\n', b'\\', rest).unwrap_or(rest.len());
            if self.peek() != Some(b'\\') {
                return;
            }
            self.wants_line |=
                self.byte_at(self.at + 1) == Some(b'\n') && self.at + 2 == self.bytes.len();
            self.at = (self.at + 2).min(self.bytes.len());
        }
    }

    /// The words of the command at the cursor, which ends up at the terminator.
    ///
    /// * `stop`: the classes that end a bare word; without the spaces, those that end the command.
    fn words(&mut self, stop: u8) -> Result<Vec<Word>, Failure> {
        let mut words = Vec::new();
        loop {
            let word = self.word(stop)?;
            let quoting = word.quoting;
            words.push(word);
            let has_space = self.skip_space();
            match self.peek() {
                None => return Ok(words),
                Some(byte) if class(byte) & stop & !SPACE != 0 => return Ok(words),
                Some(_) if has_space => {}
                Some(_) => {
                    let fault = if quoting == Quoting::Quoted {
                        Fault::ExtraAfterQuote
                    } else {
                        Fault::ExtraAfterBrace
                    };
                    return Err(Failure { fault, at: self.at });
                }
            }
        }
    }

    fn word(&mut self, stop: u8) -> Result<Word, Failure> {
        let start = self.at;
        let expand = self.at_expansion(stop);
        if expand {
            self.at += 3;
        }
        let (quoting, kind) = match self.peek() {
            Some(b'{') => (Quoting::Braced, self.braced()?),
            Some(b'"') => (Quoting::Quoted, self.quoted()?),
            _ => (Quoting::Bare, self.text(stop)?),
        };
        Ok(Word {
            span: Span::new(start, self.at),
            expand,
            quoting,
            kind,
        })
    }

    /// Whether `{*}` stands here with a word right behind it.
    #[inline]
    fn at_expansion(&self, stop: u8) -> bool {
        if self.peek() != Some(b'{')
            || self.byte_at(self.at + 1) != Some(b'*')
            || self.byte_at(self.at + 2) != Some(b'}')
        {
            return false;
        }
        match self.byte_at(self.at + 3) {
            None => false,
            Some(b'\\') => self.byte_at(self.at + 4) != Some(b'\n'),
            Some(byte) => class(byte) & stop == 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{NESTING_MAX, Part, WordKind};

    fn show(source: &str) -> String {
        let script = parse_script(source, Span::whole(source));
        let mut shown: Vec<String> = script
            .commands
            .iter()
            .map(|command| {
                command
                    .words
                    .iter()
                    .map(|word| show_word(word, source))
                    .collect()
            })
            .collect();
        shown.extend(
            script
                .error
                .map(|error| format!("{} at <{}>", error.message, error.span.text(source))),
        );
        shown.join(";")
    }

    fn show_word(word: &Word, source: &str) -> String {
        let expand = if word.expand { "*" } else { "" };
        let text = match &word.kind {
            WordKind::Verbatim(span) => span.text(source).to_string(),
            WordKind::Literal(text) => format!("={text}"),
            WordKind::Parts(parts) => show_parts(parts, source),
        };
        format!("{expand}<{text}>")
    }

    fn show_parts(parts: &[Part], source: &str) -> String {
        let part = |part: &Part| match part {
            Part::Text(span) => span.text(source).to_string(),
            Part::Owned(text) => format!("={text}"),
            Part::Variable(variable) => match &variable.index {
                Some(index) => format!(
                    "${}({})",
                    variable.name.text(source),
                    show_parts(index, source)
                ),
                None => format!("${}", variable.name.text(source)),
            },
            Part::Command(script, span) => {
                format!("[{}:{}]", span.text(source), script.commands.len())
            }
        };
        parts.iter().map(part).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn words_and_commands_are_found() {
        for (source, expected) in [
            ("", ""),
            ("a b;c\nd", "<a><b>;<c>;<d>"),
            ("  # x\n;; a ;# b\n c", "<a>;<c>"),
            ("# x \\\n y\nz", "<z>"),
            ("a {b {c} \\} d} \"e f\"", "<a><b {c} \\} d><e f>"),
            (
                "a\\tb {c\\\n  d} \"e\\\n  f\" g\\\n h",
                "<=a\tb><=c d><=e f><g><h>",
            ),
            (
                "a$b$c(d$e)f ${g h} $ i$ $i:j $k::l $(m)",
                "<a|$b|$c(d|$e)|f><$g h><$><i$><$i|:j><$k::l><$(m)>",
            ),
            (
                "a [b [c]; d]e {*}$f {*} {*}{g h}",
                "<a><[[b [c]; d]:2]|e>*<$f><*>*<g h>",
            ),
            ("a\\", "<a\\>"),
            ("a$b()\\n", "<a|$b()|=\n>"),
            ("a ]b }", "<a><]b><}>"),
        ] {
            assert_eq!(show(source), expected, "{source:?}");
        }
    }

    #[test]
    fn commands_before_an_error_are_kept() {
        for (source, expected) in [
            (
                "a; b {c}d; e",
                "<a>;extra characters after close-brace at <b {c}d>",
            ),
            (
                "b \"c\"d",
                "extra characters after close-quote at <b \"c\"d>",
            ),
            (
                "b [c {d}e]",
                "extra characters after close-brace at <b [c {d}e>",
            ),
            ("b [c", "missing close-bracket at <b [>"),
            ("b {c", "missing close-brace at <b {>"),
            (
                "b {\n # {\n",
                "missing close-brace: possible unbalanced brace in comment at <b {>",
            ),
            ("b \"c", "missing \" at <b \">"),
            ("b $c(d", "missing ) at <b $c(>"),
            ("b ${c", "missing close-brace for variable name at <b ${>"),
        ] {
            assert_eq!(show(source), expected, "{source:?}");
        }
    }

    #[test]
    fn a_command_spans_its_blanks_but_not_its_terminator() {
        let source = "x; a b  ;c";
        let script = parse_script(source, Span::new(2, source.len()));
        let texts: Vec<_> = script
            .commands
            .iter()
            .map(|command| command.span.text(source))
            .collect();
        assert_eq!(texts, ["a b  ", "c"]);
    }

    #[test]
    fn nesting_is_limited_and_hostile_input_is_fast() {
        let levels = NESTING_MAX as usize;
        let nested = |levels: usize| format!("a {}b{}", "[c ".repeat(levels), "]".repeat(levels));
        assert!(
            parse_script(&nested(levels), Span::whole(&nested(levels)))
                .error
                .is_none()
        );
        for source in [
            nested(levels + 1),
            "[".repeat(10_000_000),
            "$a([".repeat(1_000_000),
            "$a(".repeat(1_000_000),
        ] {
            let error = parse_script(&source, Span::whole(&source)).error.unwrap();
            assert_eq!(&*error.message, "too many nested command substitutions");
        }
        let braces = "{".repeat(10_000_000);
        assert_eq!(show(&braces), "missing close-brace at <{>");
    }
}
