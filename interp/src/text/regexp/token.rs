//! The tokens of a pattern, and the facts noted while they are read.

/// Facts about a pattern that `regexp -about` lists; a bit set.
pub type Notes = u16;

/// Has a back reference.
pub const NOTE_BACKREF: Notes = 1;
/// Has a look-ahead constraint.
pub const NOTE_LOOKAHEAD: Notes = 1 << 1;
/// Has a bound.
pub const NOTE_BOUNDS: Notes = 1 << 2;
/// Has a brace that begins no bound.
pub const NOTE_BRACES: Notes = 1 << 3;
/// Has a backslash before an alphanumeric in a flavour that gives it no meaning.
pub const NOTE_BACKSLASH_ALNUM: Notes = 1 << 4;
/// Has an unmatched `)`.
pub const NOTE_PAREN_BOTCH: Notes = 1 << 5;
/// Has a backslash in brackets.
pub const NOTE_BRACKET_BACKSLASH: Notes = 1 << 6;
/// Uses what POSIX does not have.
pub const NOTE_NON_POSIX: Notes = 1 << 7;
/// Uses what POSIX leaves unspecified.
pub const NOTE_UNSPECIFIED: Notes = 1 << 8;
/// Is not portable between character sets.
pub const NOTE_UNPORTABLE: Notes = 1 << 9;
/// Depends on the locale, by name at least.
pub const NOTE_LOCALE: Notes = 1 << 10;

/// A class that a backslash and a letter name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shorthand {
    /// `\d`
    Digit,
    /// `\s`
    Space,
    /// `\w`
    Word,
}

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// Before the first token.
    Start,
    /// The end of the pattern.
    End,
    /// A character that stands for itself.
    Plain(u16),
    /// A digit of a bound.
    Digit(u16),
    /// `\1` and up.
    Backref(usize),
    /// `[.` in brackets.
    CollatingOpen,
    /// `[=` in brackets.
    EquivalenceOpen,
    /// `[:` in brackets.
    ClassOpen,
    /// The end of one of the three.
    PartClose,
    /// `-` in brackets.
    Range,
    /// `\d` and its like; true for the complemented ones.
    Class(Shorthand, bool),
    /// `(?=` (true) or `(?!` (false).
    Lookahead(bool),
    /// `\y`
    WordBoundary,
    /// `\Y`
    NotWordBoundary,
    /// `\m`, `[[:<:]]`
    WordStart,
    /// `\M`, `[[:>:]]`
    WordEnd,
    /// `\A`
    TextStart,
    /// `\Z`
    TextEnd,
    /// `^`
    Caret,
    /// `$`
    Dollar,
    /// `|`
    Bar,
    /// `*`; true if greedy.
    Star(bool),
    /// `+`; true if greedy.
    Plus(bool),
    /// `?`; true if greedy.
    Question(bool),
    /// `{` of a bound.
    BoundOpen,
    /// `,` of a bound.
    Comma,
    /// `}` of a bound; true if greedy.
    BoundClose(bool),
    /// `(`; true if capturing.
    ParenOpen(bool),
    /// `)`
    ParenClose,
    /// `[`; false if complemented.
    BracketOpen(bool),
    /// `]`
    BracketClose,
    /// `.`
    Dot,
}
