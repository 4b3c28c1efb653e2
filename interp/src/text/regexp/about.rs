//! What `regexp -about` tells of a pattern.

use foldhash::fast::RandomState;
use hashbrown::HashSet;

use super::alphabet::{Alphabet, SIDE_EDGE, SIDE_LINE_EDGE, Side};
use super::nfa::{Nfa, State, StateId, holds};
use super::token::{
    NOTE_BACKREF, NOTE_BACKSLASH_ALNUM, NOTE_BOUNDS, NOTE_BRACES, NOTE_BRACKET_BACKSLASH,
    NOTE_LOCALE, NOTE_LOOKAHEAD, NOTE_NON_POSIX, NOTE_PAREN_BOTCH, NOTE_UNPORTABLE,
    NOTE_UNSPECIFIED, Notes,
};

/// Names of noted facts, in tclsh's order.
const NAMES: [(Notes, &str); 11] = [
    (NOTE_BACKREF, "REG_UBACKREF"),
    (NOTE_LOOKAHEAD, "REG_ULOOKAHEAD"),
    (NOTE_BOUNDS, "REG_UBOUNDS"),
    (NOTE_BRACES, "REG_UBRACES"),
    (NOTE_BACKSLASH_ALNUM, "REG_UBSALNUM"),
    (NOTE_PAREN_BOTCH, "REG_UPBOTCH"),
    (NOTE_BRACKET_BACKSLASH, "REG_UBBS"),
    (NOTE_NON_POSIX, "REG_UNONPOSIX"),
    (NOTE_UNSPECIFIED, "REG_UUNSPEC"),
    (NOTE_UNPORTABLE, "REG_UUNPORT"),
    (NOTE_LOCALE, "REG_ULOCALE"),
];

/// The names of all that is noted, and of what the automaton of the whole pattern shows: that it can match the empty string,
/// or nothing at all, and that it prefers short matches.
pub fn names(
    notes: Notes,
    nfa: &Nfa,
    alphabet: &Alphabet,
    prefers_short: bool,
) -> Vec<&'static str> {
    let mut names: Vec<_> = NAMES
        .iter()
        .filter(|(note, _)| notes & note != 0)
        .map(|(_, name)| *name)
        .collect();
    if can_be_empty(nfa, alphabet) {
        names.push("REG_UEMPTYMATCH");
    }
    if is_impossible(nfa, alphabet) {
        names.push("REG_UIMPOSSIBLE");
    }
    if prefers_short {
        names.push("REG_USHORTEST");
    }
    names
}

/// Every look that a character can have from beside, without repeats.
fn char_sides(alphabet: &Alphabet) -> Vec<Side> {
    let mut sides: Vec<Side> = (0..alphabet.class_count())
        .map(|class| alphabet.side(class))
        .collect();
    sides.sort_unstable();
    sides.dedup();
    sides
}

/// Everything reached from `state` between two sides, look-ahead constraints taken to hold if `lookaheads` says so.
fn reached(
    nfa: &Nfa,
    state: StateId,
    (behind, ahead): (Side, Side),
    lookaheads: bool,
) -> Vec<StateId> {
    let mut seen = vec![false; nfa.states.len()];
    let mut stack = vec![state];
    let mut reached = Vec::new();
    while let Some(id) = stack.pop() {
        match seen.get_mut(id as usize) {
            Some(slot) if !*slot => *slot = true,
            _ => continue,
        }
        match nfa.state(id) {
            State::Set { .. } | State::Match => reached.push(id),
            State::Split(next) => stack.extend_from_slice(next),
            State::Assert { assertion, next } if holds(*assertion, behind, ahead) => {
                stack.push(*next)
            }
            State::Assert { .. } => {}
            State::Lookahead { next, .. } if lookaheads => stack.push(*next),
            State::Lookahead { .. } => {}
            State::Mark { next, .. } => stack.push(*next),
        }
    }
    reached
}

fn has_match(nfa: &Nfa, states: &[StateId]) -> bool {
    states
        .iter()
        .any(|id| matches!(nfa.state(*id), State::Match))
}

fn can_be_empty(nfa: &Nfa, alphabet: &Alphabet) -> bool {
    let chars = char_sides(alphabet);
    let ends = [SIDE_EDGE, SIDE_EDGE | SIDE_LINE_EDGE];
    chars.iter().chain(&ends).any(|behind| {
        let mut aheads = chars.iter().chain(&ends[..1]);
        aheads.any(|ahead| has_match(nfa, &reached(nfa, nfa.start, (*behind, *ahead), false)))
    })
}

/// Whether no text can match: its assertions and empty sets allow none. Look-ahead constraints are taken to hold.
fn is_impossible(nfa: &Nfa, alphabet: &Alphabet) -> bool {
    let chars = char_sides(alphabet);
    let mut todo: Vec<(StateId, Side)> = chars
        .iter()
        .chain(&[SIDE_EDGE, SIDE_EDGE | SIDE_LINE_EDGE])
        .map(|side| (nfa.start, *side))
        .collect();
    let mut known: HashSet<(StateId, Side), RandomState> = HashSet::default();
    while let Some((state, behind)) = todo.pop() {
        if !known.insert((state, behind)) {
            continue;
        }
        for ahead in chars.iter().copied().chain([SIDE_EDGE]) {
            let states = reached(nfa, state, (behind, ahead), true);
            if has_match(nfa, &states) {
                return false;
            }
            for id in states {
                if let State::Set { set, next } = nfa.state(id) {
                    let members = alphabet.members(*set);
                    let has_class = |class| {
                        members.is_some_and(|set| set.contains(class))
                            && alphabet.side(class) == ahead
                    };
                    if ahead & SIDE_EDGE == 0 && (0..alphabet.class_count()).any(has_class) {
                        todo.push((*next, ahead));
                    }
                }
            }
        }
    }
    true
}
