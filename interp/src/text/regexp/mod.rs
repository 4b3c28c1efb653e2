//! Tcl's regular expressions: advanced, extended, basic and literal, with captures as tclsh finds them.
//!
//! [`Regexp::new`] compiles, [`Regexp::find`] searches. A pattern goes through [`lex`] and [`parse`] to languages and a
//! capture tree ([`ast`]); its units are sorted into classes ([`alphabet`]); [`nfa`] and [`dfa`] are the automata, built as
//! far as texts need them; [`search`] finds where a match lies and [`dissect`] where its captures do. Without back
//! references the time is polynomial in text and pattern for whatever pattern a stranger sends.

mod about;
mod alphabet;
mod ast;
mod bracket;
mod charset;
mod dfa;
mod dissect;
mod error;
mod iterate;
mod lex;
mod machine;
mod nfa;
mod parse;
mod plan;
mod prefilter;
pub mod replace;
mod search;
pub mod subspec;
mod tables;
mod token;

use std::cell::RefCell;

use alphabet::Alphabet;
use ast::PREFER_SHORT;

use machine::{Machine, Pool, Program};
use nfa::Nfa;
use prefilter::Prefilter;
use token::{NOTE_BACKREF, Notes};

pub use error::{CompileError, MatchError};

/// States that a pattern's automaton may have. tclsh refuses `(a{255}){80}`, which needs 40,000.
pub const STATES_MAX: usize = 40_000;
/// How deep parentheses may nest: the compiler and the dissection of captures recurse with them.
pub const NESTING_MAX: usize = 200;
/// How deep languages may nest; more than parentheses do, since back references take in their parentheses' language.
pub const AST_DEPTH_MAX: usize = 1_000;
/// Memory that the states of one automaton may take before they are forgotten, in bytes.
pub const DFA_BYTES_MAX: usize = 1 << 20;
/// States that an automaton may have however large they are; less would make it forget at each step.
pub const DFA_STATES_MIN: usize = 8;
/// Memory that all automata of one pattern may take, in bytes. Half of it may be kept between searches.
pub const POOL_BYTES_MAX: usize = 8 << 20;
/// Steps, mostly characters, between two questions to the caller whether to go on: well below a millisecond.
pub const POLL_INTERVAL: usize = 1 << 16;

/// The flavour of a pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Syntax {
    /// Advanced, Tcl's own.
    #[default]
    Advanced,
    /// Extended, as in POSIX.
    Extended,
    /// Basic, as in POSIX.
    Basic,
    /// No character is special.
    Literal,
}

/// How to read a pattern. The pattern's own directors and options come on top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags {
    /// The flavour.
    pub syntax: Syntax,
    /// `-nocase`
    pub nocase: bool,
    /// `-expanded`: white space and comments are ignored.
    pub expanded: bool,
    /// `-linestop`: `.` and complemented sets do not match a newline.
    pub line_stop: bool,
    /// `-lineanchor`: `^` and `$` match at each line.
    pub line_anchor: bool,
    /// Parentheses do not capture (and cannot be referred back to).
    pub no_captures: bool,
}

/// A compiled pattern. It keeps what it learns from texts, within limits, so one is best shared by all uses.
#[derive(Debug)]
pub struct Regexp {
    program: Program,
    notes: Notes,
    has_backrefs: bool,
    pool: RefCell<Pool>,
}

impl Regexp {
    /// Compiles `pattern`, which is internal text.
    ///
    /// Errors: what tclsh says of the pattern; [`CompileError::TooBig`] beyond the limits above.
    pub fn new(pattern: &str, flags: Flags) -> Result<Regexp, CompileError> {
        let pattern = parse::parse(pattern, flags)?;
        let alphabet = Alphabet::new(&pattern.sets, pattern.word_set, pattern.newline_set);
        let root = pattern.nodes.get(pattern.root);
        let prefers_short = root.is_some_and(|root| root.flags & PREFER_SHORT != 0);
        let nfa = Nfa::new(&pattern.asts, root.map_or(0, |root| root.ast), false);
        let prefilter = Prefilter::new(&nfa, &pattern.sets, &alphabet);
        Ok(Regexp {
            program: Program {
                asts: pattern.asts,
                nodes: pattern.nodes,
                lookaheads: pattern.lookaheads,
                alphabet,
                root: pattern.root,
                group_count: pattern.group_count,
                nocase: pattern.flags.nocase,
                prefers_short,
                prefilter,
            },
            notes: pattern.notes,
            has_backrefs: pattern.notes & NOTE_BACKREF != 0,
            pool: RefCell::default(),
        })
    }

    /// How many capturing parentheses the pattern has.
    pub fn subexpressions(&self) -> usize {
        self.program.group_count
    }

    /// The second element of what `regexp -about` gives: names such as `REG_UNONPOSIX`, in tclsh's order.
    pub fn about(&self) -> Vec<&'static str> {
        let root = self
            .program
            .nodes
            .get(self.program.root)
            .map_or(0, |root| root.ast);
        let nfa = Nfa::new(&self.program.asts, root, false);
        about::names(
            self.notes,
            &nfa,
            &self.program.alphabet,
            self.program.prefers_short,
        )
    }

    /// Looks for the leftmost match.
    ///
    /// * `text`: internal text.
    /// * `start`: byte offset where the search begins, at the beginning of a character; an offset that is none finds
    ///   nothing. As in tclsh the text before it is out of sight: `\A` and `\m` match there as at the beginning.
    /// * `not_bol`: whether `^` does not match at `start`. The `regexp` command says so when `start` is neither 0 nor just
    ///   after a newline.
    /// * `wanted`: how many captures are wanted, the whole match (0) included. 0 is the fastest.
    /// * `captures`: made to hold min(`wanted`, [`Regexp::subexpressions`] + 1) pairs of byte offsets into `text` if there
    ///   is a match, else to be empty.
    /// * `poll`: called every [`POLL_INTERVAL`] steps or so; true stops the search.
    ///
    /// Returns whether there is a match. Errors: [`MatchError::Interrupted`] if `poll` says so.
    pub fn find(
        &self,
        text: &str,
        start: usize,
        not_bol: bool,
        wanted: usize,
        captures: &mut Vec<Option<(usize, usize)>>,
        poll: &mut dyn FnMut() -> bool,
    ) -> Result<bool, MatchError> {
        captures.clear();
        let Some(rest) = text.get(start..) else {
            return Ok(false);
        };
        let found = match self.pool.try_borrow_mut() {
            Ok(mut pool) => self.run(&mut pool, rest, not_bol, wanted, captures, poll),
            // A search from within `poll` finds the pool in use; it does without what has been learnt.
            Err(_) => self.run(&mut Pool::default(), rest, not_bol, wanted, captures, poll),
        };
        match found {
            Ok(true) => {
                for span in captures.iter_mut().flatten() {
                    *span = (span.0 + start, span.1 + start);
                }
            }
            _ => captures.clear(),
        }
        found
    }

    /// The search, with offsets counted from where it begins.
    fn run(
        &self,
        pool: &mut Pool,
        text: &str,
        not_bol: bool,
        wanted: usize,
        captures: &mut Vec<Option<(usize, usize)>>,
        poll: &mut dyn FnMut() -> bool,
    ) -> Result<bool, MatchError> {
        let mut machine = Machine::new(&self.program, pool, text.as_bytes(), not_bol, poll);
        let found = self.match_captures(&mut machine, wanted, captures);
        machine.pool.settle();
        found
    }

    fn match_captures(
        &self,
        machine: &mut Machine<'_>,
        wanted: usize,
        captures: &mut Vec<Option<(usize, usize)>>,
    ) -> Result<bool, MatchError> {
        let kept = wanted.min(self.program.group_count + 1);
        let needed = if self.has_backrefs {
            self.program.group_count + 1
        } else {
            kept
        };
        captures.resize(needed, None);
        let extent = if self.has_backrefs {
            search::with_backrefs(machine, captures)?
        } else {
            search::extent(machine, wanted == 0)?
        };
        let Some((begin, end)) = extent else {
            return Ok(false);
        };
        if !self.has_backrefs && kept > 1 {
            dissect::dissect(machine, self.program.root, begin, end, captures)?;
        }
        captures.truncate(kept);
        if let Some(whole) = captures.first_mut() {
            *whole = Some((begin, end));
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
