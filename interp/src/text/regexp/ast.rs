//! What a pattern means: the language of each part ([`Ast`]) and the tree that decides where captures lie ([`Node`]).
//!
//! The two are kept apart because most of a pattern has no captures: a [`Node`] is made only where a choice of lengths can
//! be seen from outside, everything else is one [`NodeKind::Plain`] with its language.

use super::error::CompileError;
use super::{AST_DEPTH_MAX, STATES_MAX};

/// Index of an [`Ast`] in [`Asts`].
pub type AstId = usize;
/// Index of a [`Node`].
pub type NodeId = usize;
/// Index of a set of units.
pub type SetId = usize;

/// The upper bound of `*`, `+` and `{m,}`.
pub const UNBOUNDED: u16 = 256;

/// A condition on the position, that consumes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Assertion {
    /// `^`: the beginning of the text, unless the caller says that no line begins there.
    LineStart,
    /// `^` that also matches after a newline.
    EachLineStart,
    /// `$`, `\Z`: the end of the text.
    TextEnd,
    /// `$` that also matches before a newline.
    EachLineEnd,
    /// `\A`: the beginning of the text.
    TextStart,
    /// `\m`
    WordStart,
    /// `\M`
    WordEnd,
    /// `\y`
    WordBoundary,
    /// `\Y`
    NotWordBoundary,
}

/// The language of a part of a pattern.
#[derive(Clone, Debug)]
pub enum AstKind {
    /// Only the empty string.
    Empty,
    /// One character of a set.
    Set(SetId),
    /// One after the other.
    Concat(Vec<AstId>),
    /// Any of them.
    Alternate(Vec<AstId>),
    /// `min` through `max` (or [`UNBOUNDED`]) times `child`.
    Repeat {
        /// What is repeated.
        child: AstId,
        /// Fewest times.
        min: u16,
        /// Most times.
        max: u16,
    },
    /// The empty string where a condition holds.
    Assert(Assertion),
    /// The empty string where the look-ahead constraint of this number holds.
    Lookahead(usize),
}

/// A language and what follows from it alone.
#[derive(Clone, Debug)]
pub struct Ast {
    /// The language.
    pub kind: AstKind,
    /// States that an automaton for it needs.
    pub states: usize,
    /// Length of the shortest member, in characters.
    pub min_chars: usize,
    /// Length of the longest member, `None` if there is none.
    pub max_chars: Option<usize>,
    /// Longest way down to a leaf.
    depth: usize,
}

/// Which lengths a node prefers and what lies below it: a bit set of the `PREFER_` and `HAS_` constants.
pub type NodeFlags = u8;

/// Prefers long matches.
pub const PREFER_LONG: NodeFlags = 1;
/// Prefers short matches.
pub const PREFER_SHORT: NodeFlags = 2;
/// Both preferences occur below.
pub const HAS_MIXED: NodeFlags = 4;
/// Captures occur below.
pub const HAS_CAPTURE: NodeFlags = 8;
/// Back references occur below.
pub const HAS_BACKREF: NodeFlags = 16;

const PREFERENCE: NodeFlags = PREFER_LONG | PREFER_SHORT;

/// What a node's flags give to the node above: a mix of preferences, not the preference itself.
pub fn flags_up(flags: NodeFlags) -> NodeFlags {
    let mixed = if flags & PREFERENCE == PREFERENCE {
        HAS_MIXED
    } else {
        0
    };
    flags & !PREFERENCE | mixed
}

/// Whether flags call for a node of its own.
pub fn is_messy(flags: NodeFlags) -> bool {
    flags & (HAS_MIXED | HAS_CAPTURE | HAS_BACKREF) != 0
}

/// The flags of two things side by side, the first one's preference going before.
pub fn combine(first: NodeFlags, second: NodeFlags) -> NodeFlags {
    let preference = if first & PREFERENCE != 0 {
        first & PREFERENCE
    } else {
        second & PREFERENCE
    };
    flags_up(first | second) | preference
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// Nothing below needs to be found.
    Plain,
    /// The text of an earlier capture, `min` through `max` times.
    Backref {
        /// The capture.
        group: usize,
        /// Fewest times.
        min: u16,
        /// Most times.
        max: u16,
    },
    /// Capturing parentheses.
    Capture {
        /// Their number.
        group: usize,
        /// What they hold.
        child: NodeId,
    },
    /// The nodes one after the other; each takes the length it prefers as far as those after it allow.
    Chain(Vec<NodeId>),
    /// The first of the nodes that matches.
    Alternate(Vec<NodeId>),
    /// `min` through `max` times the child.
    Iterate {
        /// What is repeated.
        child: NodeId,
        /// Fewest times.
        min: u16,
        /// Most times.
        max: u16,
    },
}

/// A node of the tree that decides where captures lie.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Preference, and what lies below.
    pub flags: NodeFlags,
    /// Its language.
    pub ast: AstId,
}

/// A look-ahead constraint.
#[derive(Clone, Copy, Debug)]
pub struct Lookahead {
    /// What must (not) follow.
    pub ast: AstId,
    /// False for `(?!`.
    pub positive: bool,
}

/// The languages of a pattern, which may share parts: a back reference has the language of its parentheses.
#[derive(Debug, Default)]
pub struct Asts {
    asts: Vec<Ast>,
}

impl Asts {
    /// The language at `id`.
    pub fn get(&self, id: AstId) -> Option<&Ast> {
        self.asts.get(id)
    }

    /// Adds a language.
    ///
    /// Errors: [`CompileError::TooBig`] if it needs more than [`STATES_MAX`] states or nests deeper than
    /// [`AST_DEPTH_MAX`].
    pub fn add(&mut self, kind: AstKind) -> Result<AstId, CompileError> {
        let ast = self.measured(kind);
        if ast.states > STATES_MAX || ast.depth > AST_DEPTH_MAX {
            return Err(CompileError::TooBig);
        }
        self.asts.push(ast);
        Ok(self.asts.len() - 1)
    }

    /// The language of `parts` one after the other.
    pub fn concat(&mut self, mut parts: Vec<AstId>) -> Result<AstId, CompileError> {
        match (parts.len(), parts.pop()) {
            (_, None) => self.add(AstKind::Empty),
            (1, Some(only)) => Ok(only),
            (_, Some(last)) => {
                parts.push(last);
                self.add(AstKind::Concat(parts))
            }
        }
    }

    fn measured(&self, kind: AstKind) -> Ast {
        let (mut states, mut min_chars, mut max_chars, mut depth) =
            (1usize, 0usize, Some(0usize), 0);
        match &kind {
            AstKind::Empty | AstKind::Assert(_) | AstKind::Lookahead(_) => {}
            AstKind::Set(_) => (min_chars, max_chars) = (1, Some(1)),
            AstKind::Concat(parts) => {
                for part in parts.iter().filter_map(|part| self.get(*part)) {
                    states = states.saturating_add(part.states);
                    min_chars = min_chars.saturating_add(part.min_chars);
                    max_chars = max_chars
                        .zip(part.max_chars)
                        .and_then(|(a, b)| a.checked_add(b));
                    depth = depth.max(part.depth + 1);
                }
            }
            AstKind::Alternate(parts) => {
                min_chars = usize::MAX;
                for part in parts.iter().filter_map(|part| self.get(*part)) {
                    states = states.saturating_add(part.states);
                    min_chars = min_chars.min(part.min_chars);
                    max_chars = max_chars.zip(part.max_chars).map(|(a, b)| a.max(b));
                    depth = depth.max(part.depth + 1);
                }
            }
            AstKind::Repeat { child, min, max } => {
                if let Some(child) = self.get(*child) {
                    let copies = if *max == UNBOUNDED {
                        usize::from(*min).max(1)
                    } else {
                        usize::from(*max)
                    };
                    states = (child.states + 1).saturating_mul(copies).saturating_add(1);
                    min_chars = child.min_chars.saturating_mul(usize::from(*min));
                    max_chars = match (child.max_chars, *max) {
                        (Some(0), _) => Some(0),
                        (_, UNBOUNDED) | (None, _) => None,
                        (Some(chars), max) => chars.checked_mul(usize::from(max)),
                    };
                    depth = child.depth + 1;
                }
            }
        }
        Ast {
            kind,
            states,
            min_chars,
            max_chars,
            depth,
        }
    }
}
