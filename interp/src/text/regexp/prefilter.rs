//! Where a match can begin, found faster than by running an automaton.

use memchr::{memchr, memchr2, memchr3, memmem};

use super::alphabet::{Alphabet, Bits, after, char_of};
use super::ast::Assertion;
use super::charset::CharSet;
use super::nfa::{Nfa, State};

/// What is known about the beginnings of matches.
#[derive(Debug)]
pub enum Prefilter {
    /// They can be anywhere.
    Anywhere,
    /// Only at the beginning of the searched text.
    TextStart,
    /// Only at the beginning of the searched text or after a newline.
    LineStart,
    /// Only at this text; `is_all` if that text is all there is to match.
    Literal {
        /// Finds the text.
        finder: Box<memmem::Finder<'static>>,
        /// Whether every occurrence is a whole match.
        is_all: bool,
    },
    /// Only at one of these bytes.
    Bytes(Vec<u8>),
    /// Only at bytes whose entry is true.
    Table(Box<[bool; 256]>),
}

impl Prefilter {
    /// What the automaton of a pattern tells. `sets` are the pattern's sets.
    pub fn new(nfa: &Nfa, sets: &[CharSet], alphabet: &Alphabet) -> Prefilter {
        let free = entry(nfa, |_| true);
        let anchored = |stops: fn(Assertion) -> bool| {
            let entry = entry(nfa, |assertion| !stops(assertion));
            entry.sets.is_empty() && !entry.can_be_empty
        };
        if anchored(|assertion| matches!(assertion, Assertion::TextStart | Assertion::LineStart)) {
            return Prefilter::TextStart;
        }
        let is_line_start = |assertion| {
            matches!(
                assertion,
                Assertion::TextStart | Assertion::LineStart | Assertion::EachLineStart
            )
        };
        if anchored(is_line_start) {
            return Prefilter::LineStart;
        }
        if free.can_be_empty {
            return Prefilter::Anywhere;
        }
        let (literal, is_all) = literal_prefix(nfa, sets);
        if literal.len() > 1 || is_all {
            let finder = Box::new(memmem::Finder::new(&literal).into_owned());
            return Prefilter::Literal { finder, is_all };
        }
        let mut classes = Bits::new(alphabet.class_count());
        for set in &free.sets {
            if let Some(members) = alphabet.members(*set) {
                classes.union(members);
            }
        }
        Prefilter::of_classes(&classes, &free.sets, sets, alphabet)
    }

    fn of_classes(
        classes: &Bits,
        first_sets: &[usize],
        sets: &[CharSet],
        alphabet: &Alphabet,
    ) -> Prefilter {
        let mut table = Box::new([false; 256]);
        for (byte, class) in alphabet.ascii().iter().enumerate() {
            table[byte] = classes.contains(usize::from(*class));
        }
        let wide = first_sets
            .iter()
            .filter_map(|set| sets.get(*set))
            .flat_map(|set| set.ranges());
        for &(first, last) in wide.filter(|range| range.1 >= 0x80) {
            let surrogates = first <= 0xDFFF && last >= 0xD800;
            for lead in lead_byte(first.max(0x80))..=lead_byte(last) {
                table[usize::from(lead)] = true;
            }
            table[0xF4] |= surrogates;
        }
        let bytes: Vec<u8> = (0..=255).filter(|byte| table[usize::from(*byte)]).collect();
        match bytes.len() {
            0..=3 => Prefilter::Bytes(bytes),
            256 => Prefilter::Anywhere,
            _ => Prefilter::Table(table),
        }
    }

    /// The first position at or after `at` where a match can begin, if any. A position it gives may still be none.
    #[inline]
    pub fn next(&self, text: &[u8], at: usize) -> Option<usize> {
        let rest = text.get(at..)?;
        match self {
            Prefilter::Anywhere => Some(at),
            Prefilter::TextStart => Some(at).filter(|at| *at == 0),
            Prefilter::LineStart if at == 0 => Some(at),
            Prefilter::LineStart => memchr(b'\n', text.get(at - 1..)?).map(|offset| at + offset),
            Prefilter::Literal { finder, .. } => finder.find(rest).map(|offset| at + offset),
            Prefilter::Bytes(bytes) => match bytes.as_slice() {
                [a] => memchr(*a, rest),
                [a, b] => memchr2(*a, *b, rest),
                [a, b, c] => memchr3(*a, *b, *c, rest),
                _ => None,
            }
            .map(|offset| at + offset),
            Prefilter::Table(table) => rest
                .iter()
                .position(|byte| table[usize::from(*byte)])
                .map(|offset| at + offset),
        }
    }

    /// Where to look after a failure at `at`.
    pub fn retry(&self, text: &[u8], at: usize) -> Option<usize> {
        if at >= text.len() {
            None
        } else {
            self.next(text, after(text, at))
        }
    }
}

/// The first byte of `unit` in UTF-8, surrogates not counted as what they are held as.
fn lead_byte(unit: u16) -> u8 {
    match unit {
        0..0x80 => unit as u8,
        0x80..0x800 => 0xC0 | (unit >> 6) as u8,
        _ => 0xE0 | (unit >> 12) as u8,
    }
}

/// What can be at the beginning of a match.
struct Entry {
    /// The sets that a first character can be of.
    sets: Vec<usize>,
    /// Whether nothing need be read.
    can_be_empty: bool,
}

/// The classes that a first character of the language of `nfa` can be of, and the classes that any character of it can be of.
pub fn first_and_all_classes(nfa: &Nfa, alphabet: &Alphabet) -> (Bits, Bits) {
    let mut first = Bits::new(alphabet.class_count());
    let mut all = first.clone();
    for members in entry(nfa, |_| true)
        .sets
        .iter()
        .filter_map(|set| alphabet.members(*set))
    {
        first.union(members);
    }
    for state in &nfa.states {
        if let State::Set { set, .. } = state
            && let Some(members) = alphabet.members(*set)
        {
            all.union(members);
        }
    }
    (first, all)
}

/// What is reached from the start if only assertions that `passes` accepts are taken to hold.
fn entry(nfa: &Nfa, passes: impl Fn(Assertion) -> bool) -> Entry {
    let mut seen = vec![false; nfa.states.len()];
    let mut stack = vec![nfa.start];
    let mut entry = Entry {
        sets: Vec::new(),
        can_be_empty: false,
    };
    while let Some(id) = stack.pop() {
        match seen.get_mut(id as usize) {
            Some(slot) if !*slot => *slot = true,
            _ => continue,
        }
        match nfa.state(id) {
            State::Set { set, .. } => entry.sets.push(*set),
            State::Split(next) => stack.extend_from_slice(next),
            State::Assert { assertion, next } => {
                if passes(*assertion) {
                    stack.push(*next);
                }
            }
            State::Lookahead { next, .. } | State::Mark { next, .. } => stack.push(*next),
            State::Match => entry.can_be_empty = true,
        }
    }
    entry
}

/// The text that every match begins with, in UTF-8, and whether it is the whole match.
fn literal_prefix(nfa: &Nfa, sets: &[CharSet]) -> (Vec<u8>, bool) {
    let mut literal = Vec::new();
    let mut has_conditions = false;
    let mut id = nfa.start;
    let mut steps = 0;
    while steps <= nfa.states.len() {
        steps += 1;
        match nfa.state(id) {
            State::Set { set, next } => {
                let Some(unit) = sets.get(*set).and_then(CharSet::only_unit) else {
                    break;
                };
                let Some(c) = char_of(unit) else { break };
                literal.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                id = *next;
            }
            State::Split(next) => match next.as_slice() {
                [only] => id = *only,
                _ => break,
            },
            State::Assert { next, .. } | State::Lookahead { next, .. } if literal.is_empty() => {
                has_conditions = true;
                id = *next;
            }
            State::Match => return (literal, !has_conditions),
            _ => break,
        }
    }
    (literal, false)
}
