//! Deterministic automata, built state by state while texts are scanned.
//!
//! A state is the set of nondeterministic states reached by what has been read, together with what its assertions need to
//! know of the last character. Whether a position is a match is known only once the character after it has been seen, so
//! the flag [`MATCHED`] on the state reached by a character speaks of the position *before* that character.
//!
//! A searching automaton tries all starts at once: its sets are kept apart by where they started, earliest first, so that
//! the leftmost start wins and later ones are dropped as soon as they cannot. That keeps a search linear.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::alphabet::{Alphabet, Side};
use super::error::MatchError;
use super::machine::Machine;
use super::nfa::{Nfa, State, StateId, holds};
use super::{DFA_BYTES_MAX, DFA_STATES_MIN};

/// A state as the table holds it: where its row begins, and the three flags below.
pub type Row = u32;

/// The position before the character just read is a match.
pub const MATCHED: Row = 1 << 31;
/// No more matches can come.
pub const DEAD: Row = 1 << 30;
/// A searching automaton's state in which nothing has begun to match.
pub const IDLE: Row = 1 << 29;
/// Rows below this have no flags.
pub const PLAIN_END: Row = IDLE;
/// A transition not computed yet.
pub const UNKNOWN: Row = Row::MAX;

/// Separates the sets of a searching automaton.
const SEPARATOR: u32 = u32::MAX;

/// Memory that a nondeterministic state takes, with its places in the sets of visited ones, in bytes.
const NFA_STATE_BYTES: usize = 48;

/// What an automaton is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Matches begin where the scan begins.
    Anchored,
    /// The scan goes backward from a match's end.
    Backward,
    /// Matches begin anywhere; the leftmost counts, and of it the longest.
    SearchLongest,
    /// Matches begin anywhere; the leftmost counts, and of it the shortest.
    SearchShortest,
}

/// One automaton with the states found so far.
#[derive(Debug)]
pub struct Dfa {
    nfa: Nfa,
    mode: Mode,
    column_count: usize,
    table: Vec<Row>,
    /// For each state its head word, its marks, and its sets.
    keys: Vec<Box<[u32]>>,
    lookup: HashTable<u32>,
    hasher: RandomState,
    /// The first state, for each of the 16 possible sides.
    starts: [Row; 16],
    bytes: usize,
    /// Counts how often all states were forgotten.
    generation: usize,
    /// States added to the key being made.
    added: SparseSet,
    /// States visited while conditions are followed.
    visited: SparseSet,
    stack: Vec<StateId>,
    resolved: Vec<StateId>,
    key: Vec<u32>,
    /// The key of the state that is being left.
    left_key: Vec<u32>,
}

/// Head word of a key: flags below, the side in bits 8 and up.
const HEAD_MATCHED: u32 = 1;
const HEAD_SEEDED: u32 = 2;

impl Dfa {
    /// An automaton without states. `alphabet` gives the number of columns.
    pub fn new(nfa: Nfa, mode: Mode, alphabet: &Alphabet) -> Dfa {
        let state_count = nfa.states.len();
        Dfa {
            nfa,
            mode,
            column_count: alphabet.column_count(),
            table: Vec::new(),
            keys: Vec::new(),
            lookup: HashTable::new(),
            hasher: RandomState::default(),
            starts: [UNKNOWN; 16],
            bytes: 0,
            generation: 0,
            added: SparseSet::new(state_count),
            visited: SparseSet::new(state_count),
            stack: Vec::new(),
            resolved: Vec::new(),
            key: Vec::new(),
            left_key: Vec::new(),
        }
    }

    /// Whether what it does depends on more than the characters read.
    pub fn has_conditions(&self) -> bool {
        self.nfa.has_conditions
    }

    /// Memory in use, in bytes: what stays, and the states found.
    pub fn bytes(&self) -> usize {
        self.nfa.states.len() * NFA_STATE_BYTES + self.bytes
    }

    /// Changes whenever all states were forgotten, which makes rows held by others meaningless.
    pub fn generation(&self) -> usize {
        self.generation
    }

    /// How many nondeterministic states it stands on; what it costs to make one.
    pub fn nfa_states(&self) -> usize {
        self.nfa.states.len()
    }

    /// The known transition from the state at `row` (without flags), or [`UNKNOWN`].
    #[inline(always)]
    pub fn known(&self, row: Row, column: usize) -> Row {
        self.table
            .get(row as usize + column)
            .copied()
            .unwrap_or(UNKNOWN)
    }

    /// The marks passed at the position that the state at `row` speaks of, 32 a word, lowest first.
    pub fn marks(&self, row: Row) -> &[u32] {
        self.key_of(row)
            .and_then(|key| key.get(1..1 + self.mark_words()))
            .unwrap_or(&[])
    }

    /// How many marks there are.
    pub fn mark_count(&self) -> usize {
        self.nfa.mark_count
    }

    fn searches(&self) -> bool {
        matches!(self.mode, Mode::SearchLongest | Mode::SearchShortest)
    }

    fn mark_words(&self) -> usize {
        self.nfa.mark_count.div_ceil(32)
    }

    fn key_of(&self, row: Row) -> Option<&[u32]> {
        self.keys
            .get((row & (IDLE - 1)) as usize / self.column_count)
            .map(|key| &**key)
    }

    /// The state before anything is read, where the text beside the beginning looks like `side`.
    pub fn start(&mut self, side: Side) -> Row {
        let side = side & self.nfa.sides;
        if let Some(row) = self
            .starts
            .get(usize::from(side))
            .filter(|row| **row != UNKNOWN)
        {
            return *row;
        }
        let searches = self.searches();
        let head = u32::from(side) << 8 | if searches { HEAD_SEEDED } else { 0 };
        self.begin_key(head);
        self.added.clear();
        self.add_closure(self.nfa.start);
        self.end_group();
        let row = self.intern(if searches { IDLE } else { 0 });
        if let Some(slot) = self.starts.get_mut(usize::from(side)) {
            *slot = row;
        }
        row
    }

    /// The transition from the state at `row`, known or computed.
    pub fn next(
        &mut self,
        machine: &mut Machine<'_>,
        row: Row,
        column: usize,
        at: usize,
    ) -> Result<Row, MatchError> {
        match self.known(row, column) {
            UNKNOWN => self.step(machine, row, column, at),
            next => Ok(next),
        }
    }

    /// Computes the transition from the state at `row` when the character at (or end of text in direction of) `at` is of
    /// class `column`.
    pub fn step(
        &mut self,
        machine: &mut Machine<'_>,
        row: Row,
        column: usize,
        at: usize,
    ) -> Result<Row, MatchError> {
        let mut left_key = std::mem::take(&mut self.left_key);
        left_key.clear();
        left_key.extend_from_slice(self.key_of(row).unwrap_or(&[]));
        machine.work(left_key.len())?;
        let head = left_key.first().copied().unwrap_or(0);
        let alphabet = &machine.program.alphabet;
        let side = alphabet.side(column);
        let known_side = (head >> 8) as Side;
        let (behind, ahead) = if self.mode == Mode::Backward {
            (side, known_side)
        } else {
            (known_side, side)
        };
        let searches = self.searches();

        self.begin_key(u32::from(side & self.nfa.sides) << 8);
        self.added.clear();
        self.visited.clear();
        let mut is_matched = false;
        let mut saw_lookahead = false;
        for group in left_key
            .get(1 + self.mark_words()..)
            .unwrap_or(&[])
            .split(|id| *id == SEPARATOR)
        {
            let group_matched =
                self.resolve(machine, group, (behind, ahead), at, &mut saw_lookahead)?;
            is_matched |= group_matched;
            if group_matched && self.mode == Mode::SearchShortest {
                break;
            }
            self.consume(alphabet, column);
            if group_matched && searches {
                break;
            }
        }
        self.left_key = left_key;
        let mut flags = 0;
        if is_matched {
            flags |= MATCHED;
            self.or_head(HEAD_MATCHED);
        }
        if !is_matched && head & HEAD_SEEDED != 0 && column < alphabet.class_count() {
            let nothing_begun = self.key.len() == 1 + self.mark_words();
            flags |= if nothing_begun { IDLE } else { 0 };
            self.or_head(HEAD_SEEDED);
            self.add_closure(self.nfa.start);
            self.end_group();
        }
        if self.key.len() == 1 + self.mark_words() {
            flags |= DEAD;
        }
        let generation = self.generation;
        let next = self.intern(flags);
        if !saw_lookahead
            && self.generation == generation
            && let Some(slot) = self.table.get_mut((row & (IDLE - 1)) as usize + column)
        {
            *slot = next;
        }
        Ok(next)
    }

    fn begin_key(&mut self, head: u32) {
        self.key.clear();
        self.key.push(head);
        self.key.resize(1 + self.mark_words(), 0);
    }

    fn or_head(&mut self, flag: u32) {
        if let Some(head) = self.key.first_mut() {
            *head |= flag;
        }
    }

    /// Sorts and closes the set being added to the key.
    fn end_group(&mut self) {
        let mark_words = self.mark_words();
        let begin = self
            .key
            .iter()
            .rposition(|id| *id == SEPARATOR)
            .map_or(1 + mark_words, |at| at + 1);
        let Some(group) = self.key.get_mut(begin.max(1 + mark_words)..) else {
            return;
        };
        if !group.is_empty() {
            group.sort_unstable();
            self.key.push(SEPARATOR);
        }
    }

    /// Adds to the key what is reached from `id` without reading or asking anything.
    fn add_closure(&mut self, id: StateId) {
        self.stack.push(id);
        while let Some(id) = self.stack.pop() {
            if !self.added.insert(id) {
                continue;
            }
            match self.nfa.state(id) {
                State::Split(next) => self.stack.extend_from_slice(next),
                State::Mark { next, .. } => {
                    self.key.push(id);
                    self.stack.push(*next);
                }
                _ => self.key.push(id),
            }
        }
    }

    /// Follows conditions that hold from the states of `group`, and lists what is reached in `resolved`; whether a match is
    /// among them. Marks passed go to the key.
    fn resolve(
        &mut self,
        machine: &mut Machine<'_>,
        group: &[StateId],
        (behind, ahead): (Side, Side),
        at: usize,
        saw_lookahead: &mut bool,
    ) -> Result<bool, MatchError> {
        let mut is_matched = false;
        self.resolved.clear();
        self.stack.extend(group.iter().rev());
        while let Some(id) = self.stack.pop() {
            if !self.visited.insert(id) {
                continue;
            }
            match self.nfa.state(id) {
                State::Split(next) => self.stack.extend_from_slice(next),
                State::Assert { assertion, next } => {
                    if holds(*assertion, behind, ahead) {
                        self.stack.push(*next);
                    }
                }
                State::Lookahead { number, next } => {
                    *saw_lookahead = true;
                    let next = *next;
                    if machine.lookahead(*number, at)? {
                        self.stack.push(next);
                    }
                }
                State::Mark { number, next } => {
                    let (number, next) = (*number, *next);
                    if let Some(word) = self.key.get_mut(1 + number / 32) {
                        *word |= 1 << (number % 32);
                    }
                    self.stack.push(next);
                }
                State::Match => is_matched = true,
                State::Set { .. } => self.resolved.push(id),
            }
        }
        Ok(is_matched)
    }

    /// Reads a character of class `column` from the states in `resolved` and adds the set reached to the key.
    fn consume(&mut self, alphabet: &Alphabet, column: usize) {
        let resolved = std::mem::take(&mut self.resolved);
        for id in &resolved {
            if let State::Set { set, next } = self.nfa.state(*id) {
                let next = *next;
                if alphabet
                    .members(*set)
                    .is_some_and(|members| members.contains(column))
                {
                    self.add_closure(next);
                }
            }
        }
        self.resolved = resolved;
        self.end_group();
    }

    /// The row of the state that `key` describes, with `flags`.
    fn intern(&mut self, flags: Row) -> Row {
        let hash = self.hasher.hash_one(&self.key);
        let keys = &self.keys;
        let wanted = self.key.as_slice();
        let found = self.lookup.find(hash, |index| {
            keys.get(*index as usize)
                .is_some_and(|key| **key == *wanted)
        });
        if let Some(index) = found {
            return (index * self.column_count as u32) | flags;
        }
        let cost = self.column_count * 4 + self.key.len() * 4 + 32;
        if self.bytes + cost > DFA_BYTES_MAX && self.keys.len() >= DFA_STATES_MIN {
            self.clear();
        }
        self.bytes += cost;
        let index = self.keys.len() as u32;
        self.keys.push(self.key.as_slice().into());
        self.table
            .resize(self.table.len() + self.column_count, UNKNOWN);
        let (keys, hasher) = (&self.keys, &self.hasher);
        self.lookup.insert_unique(hash, index, |index| {
            hasher.hash_one(keys.get(*index as usize).map_or(&[] as &[u32], |key| key))
        });
        (index * self.column_count as u32) | flags
    }

    /// Forgets all states. Rows held by a scan become invalid, except the one that [`Dfa::intern`] gives next.
    pub fn clear(&mut self) {
        self.generation += 1;
        self.table.clear();
        self.keys.clear();
        self.lookup.clear();
        self.starts = [UNKNOWN; 16];
        self.bytes = 0;
    }
}

/// A set of small numbers that is emptied in no time.
#[derive(Debug, Default)]
struct SparseSet {
    members: Vec<u32>,
    /// Where in `members` a number would stand.
    places: Vec<u32>,
}

impl SparseSet {
    fn new(size: usize) -> SparseSet {
        SparseSet {
            members: Vec::new(),
            places: vec![0; size],
        }
    }

    fn clear(&mut self) {
        self.members.clear();
    }

    /// Adds `number`; whether it was new.
    fn insert(&mut self, number: u32) -> bool {
        let Some(place) = self.places.get_mut(number as usize) else {
            return false;
        };
        if self.members.get(*place as usize) == Some(&number) {
            return false;
        }
        *place = self.members.len() as u32;
        self.members.push(number);
        true
    }
}
