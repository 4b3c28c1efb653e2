//! The tokens of a pattern: which characters are special depends on the flavour (ARE, ERE, BRE, literal) and on whether
//! brackets or a bound are open.
//!
//! [`Lexer::advance`] is the one entry; the parser looks at [`Lexer::token`]. The rules, including which oddity is noted
//! for `regexp -about`, are those of re_syntax(n) and of tclsh where the manual is silent.

use super::alphabet::unit_of;
use super::charset::table_contains;
use super::error::CompileError;
use super::tables;
use super::token::{
    NOTE_BACKREF, NOTE_BACKSLASH_ALNUM, NOTE_BOUNDS, NOTE_BRACES, NOTE_BRACKET_BACKSLASH,
    NOTE_LOCALE, NOTE_LOOKAHEAD, NOTE_NON_POSIX, NOTE_UNPORTABLE, NOTE_UNSPECIFIED, Notes,
    Shorthand, Token,
};
use super::{Flags, Syntax};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Context {
    Extended,
    Basic,
    Literal,
    ExtendedBound,
    BasicBound,
    Bracket,
    /// Inside `[. .]`, `[= =]` or `[: :]`, with the character that closes it.
    Part(char),
}

/// Reads the tokens of one pattern.
#[derive(Debug)]
pub struct Lexer {
    text: Vec<u16>,
    now: usize,
    context: Context,
    /// What the pattern asks for once its own options have been read.
    flags: Flags,
    token: Token,
    last: Token,
    /// Facts noted so far.
    pub notes: Notes,
    /// Capturing parentheses opened so far; the parser counts. Tells `\12` the back reference from `\12` the octal.
    pub group_count: usize,
}

impl Lexer {
    /// Reads directors and embedded options and the first token.
    pub fn new(pattern: &str, flags: Flags) -> Result<Lexer, CompileError> {
        let text = pattern.chars().map(|c| unit_of(u32::from(c))).collect();
        let mut lexer = Lexer {
            text,
            now: 0,
            context: Context::Literal,
            flags,
            token: Token::Start,
            last: Token::Start,
            notes: 0,
            group_count: 0,
        };
        lexer.prefixes()?;
        lexer.context = lexer.base_context();
        lexer.advance()?;
        Ok(lexer)
    }

    /// The current token.
    pub fn token(&self) -> Token {
        self.token
    }

    /// The flags in force, embedded options included.
    pub fn flags(&self) -> Flags {
        self.flags
    }

    /// Whether escapes and other features of AREs are on.
    fn is_advanced(&self) -> bool {
        self.flags.syntax == Syntax::Advanced
    }

    fn base_context(&self) -> Context {
        match self.flags.syntax {
            Syntax::Advanced | Syntax::Extended => Context::Extended,
            Syntax::Basic => Context::Basic,
            Syntax::Literal => Context::Literal,
        }
    }

    fn at_end(&self) -> bool {
        self.now >= self.text.len()
    }

    /// The character `offset` places ahead; what is no ASCII character is given as U+FFFF, which no rule asks for.
    fn ahead(&self, offset: usize) -> Option<char> {
        self.text
            .get(self.now + offset)
            .map(|unit| match u8::try_from(*unit) {
                Ok(byte) if byte.is_ascii() => char::from(byte),
                _ => '\u{FFFF}',
            })
    }

    fn is_in(&self, table: &[(u16, u16)], offset: usize) -> bool {
        self.text
            .get(self.now + offset)
            .is_some_and(|unit| table_contains(table, *unit))
    }

    fn next_is(&self, wanted: &str) -> bool {
        wanted
            .chars()
            .enumerate()
            .all(|(offset, c)| self.ahead(offset) == Some(c))
    }

    /// Steps over the next character and gives it.
    fn bump(&mut self) -> Option<u16> {
        let unit = self.text.get(self.now).copied();
        self.now += usize::from(unit.is_some());
        unit
    }

    fn eat(&mut self, wanted: &str) -> bool {
        let found = self.next_is(wanted);
        if found {
            self.now += wanted.len();
        }
        found
    }

    fn prefixes(&mut self) -> Result<(), CompileError> {
        if self.flags.syntax == Syntax::Literal {
            return Ok(());
        }
        if self.next_is("***") && self.text.len() > 3 {
            if self.eat("***?") {
                return Err(CompileError::BadPattern);
            } else if self.eat("***=") {
                self.notes |= NOTE_NON_POSIX;
                self.become_literal();
                return Ok(());
            } else if self.eat("***:") {
                self.notes |= NOTE_NON_POSIX;
                self.flags.syntax = Syntax::Advanced;
            } else {
                return Err(CompileError::Repeat);
            }
        }
        if self.is_advanced() && self.next_is("(?") && self.is_in(tables::ALPHA, 2) {
            self.embedded_options()?;
        }
        Ok(())
    }

    fn become_literal(&mut self) {
        self.flags.syntax = Syntax::Literal;
        self.flags.expanded = false;
        self.flags.line_stop = false;
        self.flags.line_anchor = false;
    }

    fn embedded_options(&mut self) -> Result<(), CompileError> {
        self.notes |= NOTE_NON_POSIX;
        self.now += 2;
        let mut literal = false;
        while let Some(letter) = self.ahead(0).filter(|_| self.is_in(tables::ALPHA, 0)) {
            let flags = &mut self.flags;
            match letter {
                'b' => (flags.syntax, literal) = (Syntax::Basic, false),
                'c' => flags.nocase = false,
                'e' => (flags.syntax, literal) = (Syntax::Extended, false),
                'i' => flags.nocase = true,
                'm' | 'n' => (flags.line_stop, flags.line_anchor) = (true, true),
                'p' => (flags.line_stop, flags.line_anchor) = (true, false),
                'q' => (flags.syntax, literal) = (Syntax::Literal, true),
                's' => (flags.line_stop, flags.line_anchor) = (false, false),
                't' => flags.expanded = false,
                'w' => (flags.line_stop, flags.line_anchor) = (false, true),
                'x' => flags.expanded = true,
                _ => return Err(CompileError::Option),
            }
            self.now += 1;
        }
        if !self.eat(")") {
            return Err(CompileError::Option);
        }
        if literal {
            self.become_literal();
        }
        Ok(())
    }

    /// Reads the next token.
    pub fn advance(&mut self) -> Result<(), CompileError> {
        self.last = self.token;
        self.token = self.read()?;
        Ok(())
    }

    fn read(&mut self) -> Result<Token, CompileError> {
        loop {
            if self.flags.expanded
                && !matches!(
                    self.context,
                    Context::Literal | Context::Bracket | Context::Part(_)
                )
            {
                self.skip_space();
            }
            let Some(unit) = self.bump() else {
                return self.end_of_pattern();
            };
            let c = match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => char::from(byte),
                _ => '\u{FFFF}',
            };
            let token = match self.context {
                Context::Literal => Some(Token::Plain(unit)),
                Context::Basic => Some(self.basic(c, unit)?),
                Context::Extended => self.extended(c, unit)?,
                Context::ExtendedBound | Context::BasicBound => Some(self.bound(c, unit)?),
                Context::Bracket => Some(self.bracket(c, unit)?),
                Context::Part(closer) => Some(self.part(c, unit, closer)),
            };
            if let Some(token) = token {
                return Ok(token);
            }
        }
    }

    fn end_of_pattern(&self) -> Result<Token, CompileError> {
        match self.context {
            Context::Extended | Context::Basic | Context::Literal => Ok(Token::End),
            Context::ExtendedBound | Context::BasicBound => Err(CompileError::Brace),
            Context::Bracket | Context::Part(_) => Err(CompileError::Bracket),
        }
    }

    fn skip_space(&mut self) {
        let start = self.now;
        loop {
            while self.is_in(tables::SPACE, 0) {
                self.now += 1;
            }
            if !self.next_is("#") {
                break;
            }
            while !self.at_end() && !self.next_is("\n") {
                self.now += 1;
            }
        }
        if self.now != start {
            self.notes |= NOTE_NON_POSIX;
        }
    }

    /// A token where AREs and EREs are at their top level; `None` for a comment.
    fn extended(&mut self, c: char, unit: u16) -> Result<Option<Token>, CompileError> {
        Ok(Some(match c {
            '|' => Token::Bar,
            '*' => Token::Star(self.is_greedy()),
            '+' => Token::Plus(self.is_greedy()),
            '?' => Token::Question(self.is_greedy()),
            '{' => self.open_brace(unit),
            '(' => return self.open_paren(),
            ')' => {
                if matches!(self.last, Token::ParenOpen(_)) {
                    self.notes |= NOTE_UNSPECIFIED;
                }
                Token::ParenClose
            }
            '[' => self.open_bracket(),
            '.' => Token::Dot,
            '^' => Token::Caret,
            '$' => Token::Dollar,
            '\\' => self.backslash()?,
            _ => Token::Plain(unit),
        }))
    }

    /// Whether the quantifier just read has no `?` after it; steps over the `?`.
    fn is_greedy(&mut self) -> bool {
        if self.is_advanced() && self.eat("?") {
            self.notes |= NOTE_NON_POSIX;
            return false;
        }
        true
    }

    fn open_brace(&mut self, unit: u16) -> Token {
        if self.flags.expanded {
            self.skip_space();
        }
        if self.is_in(tables::DIGIT, 0) {
            self.notes |= NOTE_BOUNDS;
            self.context = Context::ExtendedBound;
            return Token::BoundOpen;
        }
        self.notes |= NOTE_BRACES | NOTE_UNSPECIFIED;
        Token::Plain(unit)
    }

    fn open_paren(&mut self) -> Result<Option<Token>, CompileError> {
        if !(self.is_advanced() && self.eat("?")) {
            return Ok(Some(Token::ParenOpen(!self.flags.no_captures)));
        }
        self.notes |= NOTE_NON_POSIX;
        if self.eat(":") {
            Ok(Some(Token::ParenOpen(false)))
        } else if self.eat("=") {
            self.notes |= NOTE_LOOKAHEAD;
            Ok(Some(Token::Lookahead(true)))
        } else if self.eat("!") {
            self.notes |= NOTE_LOOKAHEAD;
            Ok(Some(Token::Lookahead(false)))
        } else if self.eat("#") {
            while !self.at_end() && !self.eat(")") {
                self.now += 1;
            }
            Ok(None)
        } else {
            Err(CompileError::Repeat)
        }
    }

    fn open_bracket(&mut self) -> Token {
        for (spelling, token) in [("[:<:]]", Token::WordStart), ("[:>:]]", Token::WordEnd)] {
            if self.eat(spelling) {
                self.notes |= NOTE_NON_POSIX;
                return token;
            }
        }
        self.context = Context::Bracket;
        let complemented = self.eat("^");
        Token::BracketOpen(!complemented)
    }

    fn backslash(&mut self) -> Result<Token, CompileError> {
        if self.is_advanced() {
            return self.escape();
        }
        let unit = self.bump().ok_or(CompileError::Escape)?;
        self.note_alnum(unit);
        Ok(Token::Plain(unit))
    }

    fn note_alnum(&mut self, unit: u16) {
        if table_contains(tables::ALNUM, unit) {
            self.notes |= NOTE_BACKSLASH_ALNUM | NOTE_UNSPECIFIED;
        }
    }

    fn bound(&mut self, c: char, unit: u16) -> Result<Token, CompileError> {
        match c {
            '0'..='9' => Ok(Token::Digit(unit - u16::from(b'0'))),
            ',' => Ok(Token::Comma),
            '}' if self.context == Context::ExtendedBound => {
                self.context = Context::Extended;
                Ok(Token::BoundClose(self.is_greedy()))
            }
            '\\' if self.context == Context::BasicBound && self.eat("}") => {
                self.context = Context::Basic;
                Ok(Token::BoundClose(true))
            }
            _ => Err(CompileError::Bound),
        }
    }

    fn bracket(&mut self, c: char, unit: u16) -> Result<Token, CompileError> {
        let is_first = matches!(self.last, Token::BracketOpen(_));
        match c {
            ']' if is_first => Ok(Token::Plain(unit)),
            ']' => {
                self.context = self.base_context();
                Ok(Token::BracketClose)
            }
            '-' if is_first || self.next_is("]") => Ok(Token::Plain(unit)),
            '-' => Ok(Token::Range),
            '\\' => self.bracket_backslash(unit),
            '[' => self.open_part(unit),
            _ => Ok(Token::Plain(unit)),
        }
    }

    fn bracket_backslash(&mut self, unit: u16) -> Result<Token, CompileError> {
        self.notes |= NOTE_BRACKET_BACKSLASH;
        if !self.is_advanced() {
            return Ok(Token::Plain(unit));
        }
        self.notes |= NOTE_NON_POSIX;
        match self.escape()? {
            token @ (Token::Plain(_) | Token::Class(_, false)) => Ok(token),
            _ => Err(CompileError::Escape),
        }
    }

    fn open_part(&mut self, unit: u16) -> Result<Token, CompileError> {
        if self.at_end() {
            return Err(CompileError::Bracket);
        }
        let (closer, token) = if self.eat(".") {
            ('.', Token::CollatingOpen)
        } else if self.eat("=") {
            ('=', Token::EquivalenceOpen)
        } else if self.eat(":") {
            (':', Token::ClassOpen)
        } else {
            return Ok(Token::Plain(unit));
        };
        if closer != '.' {
            self.notes |= NOTE_LOCALE;
        }
        self.context = Context::Part(closer);
        Ok(token)
    }

    fn part(&mut self, c: char, unit: u16, closer: char) -> Token {
        if c == closer && self.eat("]") {
            self.context = Context::Bracket;
            return Token::PartClose;
        }
        Token::Plain(unit)
    }

    /// A backslash escape of an ARE, the backslash already read.
    fn escape(&mut self) -> Result<Token, CompileError> {
        let unit = self.bump().ok_or(CompileError::Escape)?;
        if !table_contains(tables::ALNUM, unit) {
            return Ok(Token::Plain(unit));
        }
        self.notes |= NOTE_NON_POSIX;
        let (note, token) = match u8::try_from(unit).map_or('\u{FFFF}', char::from) {
            'a' => (NOTE_LOCALE, Token::Plain(0x07)),
            'A' => (0, Token::TextStart),
            'b' => (0, Token::Plain(0x08)),
            'B' => (0, Token::Plain(u16::from(b'\\'))),
            'c' => (
                NOTE_UNPORTABLE,
                Token::Plain(self.bump().ok_or(CompileError::Escape)? & 0x1F),
            ),
            'd' => (NOTE_LOCALE, Token::Class(Shorthand::Digit, false)),
            'D' => (NOTE_LOCALE, Token::Class(Shorthand::Digit, true)),
            'e' => (NOTE_UNPORTABLE | NOTE_LOCALE, Token::Plain(0x1B)),
            'f' => (0, Token::Plain(0x0C)),
            'm' => (0, Token::WordStart),
            'M' => (0, Token::WordEnd),
            'n' => (0, Token::Plain(0x0A)),
            'r' => (0, Token::Plain(0x0D)),
            's' => (NOTE_LOCALE, Token::Class(Shorthand::Space, false)),
            'S' => (NOTE_LOCALE, Token::Class(Shorthand::Space, true)),
            't' => (0, Token::Plain(0x09)),
            'u' => (0, Token::Plain(self.digits(16, 4)? as u16)),
            'U' => (
                0,
                Token::Plain(u16::try_from(self.digits(16, 8)?).unwrap_or(0xFFFD)),
            ),
            'v' => (0, Token::Plain(0x0B)),
            'w' => (NOTE_LOCALE, Token::Class(Shorthand::Word, false)),
            'W' => (NOTE_LOCALE, Token::Class(Shorthand::Word, true)),
            'x' => (NOTE_UNPORTABLE, Token::Plain(self.digits(16, 2)? as u16)),
            'y' => (NOTE_LOCALE, Token::WordBoundary),
            'Y' => (NOTE_LOCALE, Token::NotWordBoundary),
            'Z' => (0, Token::TextEnd),
            '0'..='9' => return self.numeric_escape(unit),
            _ => return Err(CompileError::Escape),
        };
        self.notes |= note;
        Ok(token)
    }

    /// A back reference, or a character given in octal. One digit other than 0 is always a reference; more are one if so
    /// many parentheses have been opened.
    fn numeric_escape(&mut self, first: u16) -> Result<Token, CompileError> {
        let after_first = self.now;
        self.now -= 1;
        if first != u16::from(b'0') {
            let number = usize::from(self.digits(10, 255)? as u16);
            if self.now == after_first || (number > 0 && number <= self.group_count) {
                self.notes |= NOTE_BACKREF;
                return Ok(Token::Backref(number));
            }
            self.now = after_first - 1;
        }
        self.notes |= NOTE_UNPORTABLE;
        let mut value = self.digits(8, 3)?;
        if value > 0xFF {
            self.now -= 1;
            value >>= 3;
        }
        Ok(Token::Plain(value as u16))
    }

    /// The value of 1 through `most` digits; digits that would make it overflow are left.
    fn digits(&mut self, base: u32, most: usize) -> Result<u32, CompileError> {
        let mut value = 0u32;
        let mut count = 0;
        while count < most && value <= 0x10FFF {
            let Some(digit) = self.ahead(0).and_then(|c| c.to_digit(base)) else {
                break;
            };
            value = value * base + digit;
            self.now += 1;
            count += 1;
        }
        if count == 0 {
            Err(CompileError::Escape)
        } else {
            Ok(value)
        }
    }

    fn basic(&mut self, c: char, unit: u16) -> Result<Token, CompileError> {
        let after_open = matches!(self.last, Token::ParenOpen(_));
        match c {
            '*' if after_open || matches!(self.last, Token::Start | Token::Caret) => {
                Ok(Token::Plain(unit))
            }
            '*' => Ok(Token::Star(true)),
            '[' => Ok(self.open_bracket()),
            '.' => Ok(Token::Dot),
            '^' if self.last == Token::Start => Ok(Token::Caret),
            '^' if after_open => {
                self.notes |= NOTE_UNSPECIFIED;
                Ok(Token::Caret)
            }
            '$' => Ok(self.basic_dollar(unit)),
            '\\' => self.basic_backslash(),
            _ => Ok(Token::Plain(unit)),
        }
    }

    fn basic_dollar(&mut self, unit: u16) -> Token {
        if self.flags.expanded {
            self.skip_space();
        }
        if self.at_end() {
            return Token::Dollar;
        }
        if self.next_is("\\)") {
            self.notes |= NOTE_UNSPECIFIED;
            return Token::Dollar;
        }
        Token::Plain(unit)
    }

    fn basic_backslash(&mut self) -> Result<Token, CompileError> {
        let unit = self.bump().ok_or(CompileError::Escape)?;
        match u8::try_from(unit).map_or('\u{FFFF}', char::from) {
            '{' => {
                self.context = Context::BasicBound;
                self.notes |= NOTE_BOUNDS;
                Ok(Token::BoundOpen)
            }
            '(' => Ok(Token::ParenOpen(true)),
            ')' => Ok(Token::ParenClose),
            '<' => {
                self.notes |= NOTE_NON_POSIX;
                Ok(Token::WordStart)
            }
            '>' => {
                self.notes |= NOTE_NON_POSIX;
                Ok(Token::WordEnd)
            }
            digit @ '1'..='9' => {
                self.notes |= NOTE_BACKREF;
                Ok(Token::Backref(
                    digit.to_digit(10).map_or(0, |value| value as usize),
                ))
            }
            _ => {
                self.note_alnum(unit);
                Ok(Token::Plain(unit))
            }
        }
    }
}
