//! Free-form dates as tokens.

use super::words::token_of_word;
use crate::text::number::is_space;

/// The letters of a word that are looked at.
const WORD_BYTES_MAX: usize = 19;

/// From this many digits on, a number is a date or time of ISO 8601.
const ISO_DIGITS_MIN: usize = 6;

/// A piece of a free-form date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Number(i64),
    /// A date or time of six digits or more.
    IsoNumber(i64),
    /// Of the week, from 0 for Sunday.
    Day(i64),
    /// From 1.
    Month(i64),
    /// Minutes west of Greenwich.
    Zone(i64),
    /// The same of a zone whose clocks are an hour ahead of this.
    DaylightZone(i64),
    DaylightSaving,
    /// Whether it is `pm`.
    Meridian(bool),
    MonthUnit(i64),
    DayUnit(i64),
    SecondUnit(i64),
    Next,
    Ago,
    Epoch,
    Stardate,
    /// A character that means only itself.
    Char(u8),
    /// A word that means nothing.
    Unknown,
    End,
}

/// Reads tokens, one ahead of the parser.
pub(super) struct Lexer<'t> {
    bytes: &'t [u8],
    at: usize,
    /// Not yet taken.
    pub(super) token: Token,
    /// How many digits the last number read has.
    pub(super) digit_count: usize,
    /// Where `token` begins, with what precedes it.
    pub(super) first: usize,
    /// Where it ends, inclusive.
    pub(super) last: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Lexer<'t> {
        let mut lexer = Lexer {
            bytes: text.as_bytes(),
            at: 0,
            token: Token::End,
            digit_count: 0,
            first: 0,
            last: 0,
        };
        lexer.token = lexer.read();
        lexer
    }

    /// Takes the token and reads the next.
    pub(super) fn take(&mut self) -> Token {
        let next = self.read();
        std::mem::replace(&mut self.token, next)
    }

    fn rest(&self) -> &'t [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn read(&mut self) -> Token {
        self.first = self.at;
        loop {
            self.at += self
                .rest()
                .iter()
                .take_while(|byte| is_space(**byte))
                .count();
            match self.rest().first() {
                Some(b'0'..=b'9') => return self.read_number(),
                Some(byte) if byte.is_ascii_alphabetic() => return self.read_word(),
                Some(b'(') => {
                    if !self.skip_comment() {
                        self.last = self.at;
                        return Token::End;
                    }
                }
                Some(byte) if byte.is_ascii() && *byte != 0 => {
                    self.last = self.at;
                    self.at += 1;
                    return Token::Char(*byte);
                }
                // To tclsh NUL and what is not ASCII are the end.
                _ => {
                    self.last = self.at;
                    return Token::End;
                }
            }
        }
    }

    fn read_number(&mut self) -> Token {
        let count = self
            .rest()
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let number = self.rest().iter().take(count).fold(0i64, |number, byte| {
            number.wrapping_mul(10).wrapping_add(i64::from(byte - b'0'))
        });
        self.at += count;
        self.last = self.at - 1;
        self.digit_count = count;
        if count >= ISO_DIGITS_MIN {
            Token::IsoNumber(number)
        } else {
            Token::Number(number)
        }
    }

    fn read_word(&mut self) -> Token {
        let count = self
            .rest()
            .iter()
            .take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'.')
            .count();
        let word: String = self
            .rest()
            .iter()
            .take(count.min(WORD_BYTES_MAX))
            .map(|byte| char::from(*byte))
            .collect();
        self.at += count;
        self.last = self.at - 1;
        token_of_word(&word)
    }

    /// Skips parentheses and what is in them; false if they do not end.
    fn skip_comment(&mut self) -> bool {
        let mut depth = 0usize;
        for (index, byte) in self.rest().iter().enumerate() {
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.at += index + 1;
                return true;
            }
        }
        self.at = self.bytes.len();
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_space_are_skipped() {
        let mut lexer = Lexer::new(" (a (b)) 12 x");
        assert_eq!(
            (lexer.token, lexer.first, lexer.last),
            (Token::Number(12), 0, 10)
        );
        lexer.take();
        assert_eq!(
            lexer.take(),
            Token::Zone(660 + super::super::words::MILITARY_EXCESS)
        );
        assert_eq!(lexer.token, Token::End);
        assert_eq!(Lexer::new("(a").token, Token::End);
        assert_eq!(Lexer::new("123456").token, Token::IsoNumber(123_456));
    }
}
