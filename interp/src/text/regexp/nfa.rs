//! Languages to nondeterministic automata, in either direction.

use super::alphabet::{SIDE_EDGE, SIDE_LINE_EDGE, SIDE_NEWLINE, SIDE_WORD, Side};
use super::ast::{Assertion, AstId, AstKind, Asts, SetId, UNBOUNDED};

/// Index of a [`State`].
pub type StateId = u32;

/// One state.
#[derive(Clone, Debug)]
pub enum State {
    /// One character of the set, then `next`.
    Set {
        /// The set.
        set: SetId,
        /// What follows.
        next: StateId,
    },
    /// Any of these, at once.
    Split(Vec<StateId>),
    /// `next` where the condition holds.
    Assert {
        /// The condition.
        assertion: Assertion,
        /// What follows.
        next: StateId,
    },
    /// `next` where the look-ahead constraint holds.
    Lookahead {
        /// The constraint's number.
        number: usize,
        /// What follows.
        next: StateId,
    },
    /// Always `next`; that this state was passed at a position is what a backward scan reports.
    Mark {
        /// Tells marks apart.
        number: usize,
        /// What follows.
        next: StateId,
    },
    /// The end of the language.
    Match,
}

/// An automaton without its start being anchored to anything.
#[derive(Clone, Debug)]
pub struct Nfa {
    /// All states.
    pub states: Vec<State>,
    /// Where it begins.
    pub start: StateId,
    /// What its assertions want to know of the sides.
    pub sides: Side,
    /// Whether there is any assertion or look-ahead constraint.
    pub has_conditions: bool,
    /// One more than the highest mark.
    pub mark_count: usize,
}

impl Nfa {
    /// The automaton of `ast`, reading forward or backward.
    pub fn new(asts: &Asts, ast: AstId, backward: bool) -> Nfa {
        let mut builder = Builder::new(asts, backward);
        let end = builder.push(State::Match);
        let start = builder.emit(ast, end);
        builder.finish(start)
    }

    /// The backward automaton of `parts` one after the other, with mark i passed where the part at index i begins.
    pub fn marked_backward(asts: &Asts, parts: &[AstId]) -> Nfa {
        let mut builder = Builder::new(asts, true);
        let mut next = builder.push(State::Match);
        for (number, part) in parts.iter().enumerate() {
            next = builder.push(State::Mark { number, next });
            next = builder.emit(*part, next);
        }
        builder.finish(next)
    }

    /// The backward automaton of any number of `part`, with mark 0 passed where one begins, and at the end.
    pub fn marked_loop_backward(asts: &Asts, part: AstId) -> Nfa {
        let mut builder = Builder::new(asts, true);
        let end = builder.push(State::Match);
        let head = builder.push(State::Split(Vec::new()));
        let mark = builder.push(State::Mark {
            number: 0,
            next: head,
        });
        let body = builder.emit(part, mark);
        builder.set(head, State::Split(vec![body, end]));
        builder.finish(mark)
    }

    /// The state at `id`.
    pub fn state(&self, id: StateId) -> &State {
        self.states.get(id as usize).unwrap_or(&State::Match)
    }
}

struct Builder<'a> {
    asts: &'a Asts,
    backward: bool,
    states: Vec<State>,
    sides: Side,
    has_conditions: bool,
    mark_count: usize,
}

impl Builder<'_> {
    fn new(asts: &Asts, backward: bool) -> Builder<'_> {
        Builder {
            asts,
            backward,
            states: Vec::new(),
            sides: 0,
            has_conditions: false,
            mark_count: 0,
        }
    }

    fn finish(self, start: StateId) -> Nfa {
        Nfa {
            states: self.states,
            start,
            sides: self.sides,
            has_conditions: self.has_conditions,
            mark_count: self.mark_count,
        }
    }

    fn push(&mut self, state: State) -> StateId {
        match &state {
            State::Assert { assertion, .. } => {
                self.sides |= sides_of(*assertion);
                self.has_conditions = true;
            }
            State::Lookahead { .. } => self.has_conditions = true,
            State::Mark { number, .. } => self.mark_count = self.mark_count.max(number + 1),
            _ => {}
        }
        self.states.push(state);
        (self.states.len() - 1) as StateId
    }

    fn set(&mut self, id: StateId, state: State) {
        if let Some(slot) = self.states.get_mut(id as usize) {
            *slot = state;
        }
    }

    /// Adds states for `ast` that lead to `next`; gives the first. Recurses as deep as the language nests, which is limited.
    fn emit(&mut self, ast: AstId, next: StateId) -> StateId {
        let asts = self.asts;
        let Some(ast) = asts.get(ast) else {
            return next;
        };
        match &ast.kind {
            AstKind::Empty => next,
            AstKind::Set(set) => self.push(State::Set { set: *set, next }),
            AstKind::Assert(assertion) => self.push(State::Assert {
                assertion: *assertion,
                next,
            }),
            AstKind::Lookahead(number) => self.push(State::Lookahead {
                number: *number,
                next,
            }),
            AstKind::Concat(parts) if self.backward => {
                parts.iter().fold(next, |next, part| self.emit(*part, next))
            }
            AstKind::Concat(parts) => parts
                .iter()
                .rev()
                .fold(next, |next, part| self.emit(*part, next)),
            AstKind::Alternate(parts) => {
                let starts = parts.iter().map(|part| self.emit(*part, next)).collect();
                self.push(State::Split(starts))
            }
            AstKind::Repeat { child, min, max } => self.emit_repeat(*child, *min, *max, next),
        }
    }

    fn emit_repeat(&mut self, child: AstId, min: u16, max: u16, next: StateId) -> StateId {
        let mut start = next;
        let mut needed = min;
        if max == UNBOUNDED {
            let head = self.push(State::Split(Vec::new()));
            let body = self.emit(child, head);
            self.set(head, State::Split(vec![body, next]));
            start = if min == 0 { head } else { body };
            needed = min.saturating_sub(1);
        } else {
            for _ in min..max {
                let body = self.emit(child, start);
                start = self.push(State::Split(vec![body, next]));
            }
        }
        for _ in 0..needed {
            start = self.emit(child, start);
        }
        start
    }
}

fn sides_of(assertion: Assertion) -> Side {
    match assertion {
        Assertion::LineStart => SIDE_LINE_EDGE,
        Assertion::EachLineStart => SIDE_LINE_EDGE | SIDE_NEWLINE,
        Assertion::TextEnd | Assertion::TextStart => SIDE_EDGE,
        Assertion::EachLineEnd => SIDE_EDGE | SIDE_NEWLINE,
        _ => SIDE_WORD,
    }
}

/// Whether `assertion` holds between two sides.
pub fn holds(assertion: Assertion, behind: Side, ahead: Side) -> bool {
    let word_behind = behind & SIDE_WORD != 0;
    let word_ahead = ahead & SIDE_WORD != 0;
    match assertion {
        Assertion::LineStart => behind & SIDE_LINE_EDGE != 0,
        Assertion::EachLineStart => behind & (SIDE_LINE_EDGE | SIDE_NEWLINE) != 0,
        Assertion::TextEnd => ahead & SIDE_EDGE != 0,
        Assertion::EachLineEnd => ahead & (SIDE_EDGE | SIDE_NEWLINE) != 0,
        Assertion::TextStart => behind & SIDE_EDGE != 0,
        Assertion::WordStart => !word_behind && word_ahead,
        Assertion::WordEnd => word_behind && !word_ahead,
        Assertion::WordBoundary => word_behind != word_ahead,
        Assertion::NotWordBoundary => word_behind == word_ahead,
    }
}
