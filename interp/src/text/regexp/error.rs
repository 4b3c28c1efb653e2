//! What can be wrong with a pattern, and what can stop a match.

/// Why a pattern could not be compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompileError {
    /// `***?`, or another pattern that asks for no known syntax.
    BadPattern,
    /// `[[.name.]]` or `[[=name=]]` with a name that is none.
    Collate,
    /// `[[:name:]]` with an unknown name.
    CharacterClass,
    /// A backslash at the end, or before a letter that means nothing.
    Escape,
    /// A back reference to parentheses that do not exist, or are not closed yet.
    Subexpression,
    /// A bracket expression without end.
    Bracket,
    /// Parentheses that do not pair.
    Parenthesis,
    /// A bound without end.
    Brace,
    /// A bound that is not a number, above 255, or descending.
    Bound,
    /// A range in brackets that descends or has no such end point.
    Range,
    /// A quantifier after nothing that it could apply to.
    Repeat,
    /// An unknown letter in `(?xyz)`.
    Option,
    /// More states or nesting than the limits allow.
    TooBig,
}

impl CompileError {
    /// The text that follows "couldn't compile regular expression pattern: ", which is also the third element of the error code.
    pub fn message(self) -> &'static str {
        self.texts().1
    }

    /// The second element of the error code, after `REGEXP`: `REG_EBRACK` for example.
    pub fn code_name(self) -> &'static str {
        self.texts().0
    }

    fn texts(self) -> (&'static str, &'static str) {
        match self {
            CompileError::BadPattern => ("REG_BADPAT", "invalid regexp (reg version 0.8)"),
            CompileError::Collate => ("REG_ECOLLATE", "invalid collating element"),
            CompileError::CharacterClass => ("REG_ECTYPE", "invalid character class"),
            CompileError::Escape => ("REG_EESCAPE", "invalid escape \\ sequence"),
            CompileError::Subexpression => ("REG_ESUBREG", "invalid backreference number"),
            CompileError::Bracket => ("REG_EBRACK", "brackets [] not balanced"),
            CompileError::Parenthesis => ("REG_EPAREN", "parentheses () not balanced"),
            CompileError::Brace => ("REG_EBRACE", "braces {} not balanced"),
            CompileError::Bound => ("REG_BADBR", "invalid repetition count(s)"),
            CompileError::Range => ("REG_ERANGE", "invalid character range"),
            CompileError::Repeat => ("REG_BADRPT", "quantifier operand invalid"),
            CompileError::Option => ("REG_BADOPT", "invalid embedded option"),
            CompileError::TooBig => ("REG_ETOOBIG", "regular expression is too complex"),
        }
    }
}

/// Why a match was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchError {
    /// The caller's `poll` asked to stop.
    Interrupted,
    /// A text made of matches became longer than the caller allows.
    TooLong,
}
