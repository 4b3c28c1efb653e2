//! One call of `find` at work: the text, the automata, and the scans over the text in both directions.

use std::rc::Rc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::alphabet::{Alphabet, SIDE_EDGE, SIDE_LINE_EDGE, Side};
use super::ast::{AstId, Asts, Lookahead, Node, NodeId, NodeKind};
use super::dfa::{DEAD, Dfa, IDLE, MATCHED, Mode, PLAIN_END, Row, UNKNOWN};
use super::error::MatchError;
use super::nfa::Nfa;
use super::plan::{ChainPlan, Item};
use super::prefilter::Prefilter;
use super::{POLL_INTERVAL, POOL_BYTES_MAX};

/// How many answers of look-ahead constraints are kept; enough that nested ones stay polynomial.
const LOOKAHEAD_MEMO_MAX: usize = 1 << 16;

/// A compiled pattern; nothing in it changes.
#[derive(Debug)]
pub struct Program {
    /// The languages.
    pub asts: Asts,
    /// The capture tree.
    pub nodes: Vec<Node>,
    /// The look-ahead constraints.
    pub lookaheads: Vec<Lookahead>,
    /// The classes of units.
    pub alphabet: Alphabet,
    /// The tree's root.
    pub root: NodeId,
    /// How many capturing parentheses there are.
    pub group_count: usize,
    /// Whether case makes no difference.
    pub nocase: bool,
    /// Whether the pattern as a whole prefers short matches.
    pub prefers_short: bool,
    /// Where matches can begin.
    pub prefilter: Prefilter,
}

/// Which automaton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The whole pattern, from a given position.
    Whole,
    /// The whole pattern, from anywhere.
    Search,
    /// The whole pattern, backward from a match's end.
    Backward,
    /// A look-ahead constraint.
    Lookahead(usize),
    /// A node of the capture tree.
    Node(NodeId),
    /// What follows in a chain, or the rounds of an iteration, backward with marks.
    Marked(NodeId),
}

/// What a pattern learns from its texts: automata and plans, made when first needed.
#[derive(Debug, Default)]
pub struct Pool {
    dfas: Vec<Option<Box<Dfa>>>,
    /// For each chain, how it is dissected.
    pub plans: Vec<Option<Rc<ChainPlan>>>,
    /// Memory used by the automata's states, in bytes.
    bytes: usize,
    /// Whether a look-ahead constraint holds at a position, within one call of `find`.
    lookahead_memo: HashMap<(usize, usize), bool, RandomState>,
}

impl Pool {
    /// To be called when `find` is done: forgets what belongs to one text, and everything if it has grown too large.
    pub fn settle(&mut self) {
        if !self.lookahead_memo.is_empty() {
            self.lookahead_memo.clear();
        }
        if self.bytes > POOL_BYTES_MAX / 2 {
            *self = Pool::default();
        }
    }
}

/// One call of `find`.
pub struct Machine<'a> {
    /// The pattern.
    pub program: &'a Program,
    /// Its automata.
    pub pool: &'a mut Pool,
    /// The text from where the search begins; what is before cannot be seen.
    pub text: &'a [u8],
    /// Whether `^` does not match at the beginning of `text`.
    pub not_bol: bool,
    /// Work left before the caller is asked whether to go on.
    fuel: isize,
    poll: &'a mut dyn FnMut() -> bool,
}

impl<'a> Machine<'a> {
    /// A machine at the beginning of `text`.
    pub fn new(
        program: &'a Program,
        pool: &'a mut Pool,
        text: &'a [u8],
        not_bol: bool,
        poll: &'a mut dyn FnMut() -> bool,
    ) -> Machine<'a> {
        Machine {
            program,
            pool,
            text,
            not_bol,
            fuel: POLL_INTERVAL as isize,
            poll,
        }
    }

    /// Accounts for `amount` steps of work and asks the caller now and then whether to go on.
    pub fn work(&mut self, amount: usize) -> Result<(), MatchError> {
        self.fuel = self.fuel.saturating_sub_unsigned(amount);
        if self.fuel < 0 {
            self.fuel = POLL_INTERVAL as isize;
            if (self.poll)() {
                return Err(MatchError::Interrupted);
            }
        }
        Ok(())
    }

    /// Takes an automaton out of the pool, making it if need be; [`Machine::put`] brings it back.
    pub fn take(&mut self, slot: Slot) -> Box<Dfa> {
        let index = self.slot_index(slot);
        match self.pool.dfas.get_mut(index).and_then(Option::take) {
            Some(dfa) => {
                self.pool.bytes = self.pool.bytes.saturating_sub(dfa.bytes());
                dfa
            }
            None => {
                let dfa = self.build(slot);
                self.fuel = self.fuel.saturating_sub_unsigned(dfa.nfa_states());
                Box::new(dfa)
            }
        }
    }

    /// Puts an automaton back. One that would take the pool over its limit loses its states, or is not kept at all.
    pub fn put(&mut self, slot: Slot, mut dfa: Box<Dfa>) {
        if self.pool.bytes + dfa.bytes() > POOL_BYTES_MAX {
            dfa.clear();
            if self.pool.bytes + dfa.bytes() > POOL_BYTES_MAX {
                return;
            }
        }
        self.pool.bytes += dfa.bytes();
        let index = self.slot_index(slot);
        if self.pool.dfas.len() <= index {
            self.pool.dfas.resize_with(index + 1, || None);
        }
        if let Some(place) = self.pool.dfas.get_mut(index) {
            *place = Some(dfa);
        }
    }

    fn slot_index(&self, slot: Slot) -> usize {
        let nodes = 3 + self.program.lookaheads.len();
        match slot {
            Slot::Whole => 0,
            Slot::Search => 1,
            Slot::Backward => 2,
            Slot::Lookahead(number) => 3 + number,
            Slot::Node(node) => nodes + 2 * node,
            Slot::Marked(node) => nodes + 2 * node + 1,
        }
    }

    fn build(&self, slot: Slot) -> Dfa {
        let program = self.program;
        let ast_of = |node: NodeId| program.nodes.get(node).map_or(0, |node| node.ast);
        let whole = ast_of(program.root);
        let search = if program.prefers_short {
            Mode::SearchShortest
        } else {
            Mode::SearchLongest
        };
        let (nfa, mode) = match slot {
            Slot::Whole => (Nfa::new(&program.asts, whole, false), Mode::Anchored),
            Slot::Search => (Nfa::new(&program.asts, whole, false), search),
            Slot::Backward => (Nfa::new(&program.asts, whole, true), Mode::Backward),
            Slot::Lookahead(number) => {
                let ast = program
                    .lookaheads
                    .get(number)
                    .map_or(0, |lookahead| lookahead.ast);
                (Nfa::new(&program.asts, ast, false), Mode::Anchored)
            }
            Slot::Node(node) => (Nfa::new(&program.asts, ast_of(node), false), Mode::Anchored),
            Slot::Marked(node) => (self.marked_nfa(node), Mode::Backward),
        };
        Dfa::new(nfa, mode, &program.alphabet)
    }

    fn marked_nfa(&self, node: NodeId) -> Nfa {
        let program = self.program;
        let ast_of = |node: NodeId| program.nodes.get(node).map_or(0, |node| node.ast);
        if let Some(Node {
            kind: NodeKind::Iterate { child, .. },
            ..
        }) = program.nodes.get(node)
        {
            return Nfa::marked_loop_backward(&program.asts, ast_of(*child));
        }
        let plan = self.pool.plans.get(node).and_then(|plan| plan.as_deref());
        let parts: Vec<AstId> = plan
            .map_or(&[] as &[Item], ChainPlan::marked_items)
            .iter()
            .map(|item| ast_of(item.node))
            .collect();
        Nfa::marked_backward(&program.asts, &parts)
    }

    /// Whether look-ahead constraint `number` holds at byte `at`.
    pub fn lookahead(&mut self, number: usize, at: usize) -> Result<bool, MatchError> {
        if let Some(holds) = self.pool.lookahead_memo.get(&(number, at)) {
            return Ok(*holds);
        }
        let mut dfa = self.take(Slot::Lookahead(number));
        let mut found = false;
        let scanned = self.forward(&mut dfa, at, self.text.len(), |_| {
            found = true;
            true
        });
        self.put(Slot::Lookahead(number), dfa);
        scanned?;
        let positive = self
            .program
            .lookaheads
            .get(number)
            .is_none_or(|lookahead| lookahead.positive);
        let holds = found == positive;
        if self.pool.lookahead_memo.len() >= LOOKAHEAD_MEMO_MAX {
            self.pool.lookahead_memo.clear();
        }
        self.pool.lookahead_memo.insert((number, at), holds);
        Ok(holds)
    }

    fn side_before(&self, at: usize) -> Side {
        if at == 0 {
            return if self.not_bol {
                SIDE_EDGE
            } else {
                SIDE_EDGE | SIDE_LINE_EDGE
            };
        }
        let alphabet = &self.program.alphabet;
        alphabet.side(alphabet.class_before(self.text, at).0)
    }

    fn side_after(&self, at: usize) -> Side {
        if at >= self.text.len() {
            return SIDE_EDGE;
        }
        let alphabet = &self.program.alphabet;
        alphabet.side(alphabet.class_at(self.text, at).0)
    }

    /// Reads forward from byte `begin` to `limit` and calls `on_match` with each position where a match of `dfa` ends, in
    /// ascending order, `limit` included; it returns true to stop. Gives the position where the scan stopped.
    #[inline(always)]
    pub fn forward(
        &mut self,
        dfa: &mut Dfa,
        begin: usize,
        limit: usize,
        on_match: impl FnMut(usize) -> bool,
    ) -> Result<usize, MatchError> {
        self.scan(dfa, begin, limit, on_match, |_, at| at)
    }

    /// Like [`Machine::forward`], with `skip` called where nothing has begun to match yet: it gives the next position where
    /// that can change.
    #[inline(always)]
    pub fn scan(
        &mut self,
        dfa: &mut Dfa,
        begin: usize,
        limit: usize,
        mut on_match: impl FnMut(usize) -> bool,
        skip: impl Fn(&Program, usize) -> usize,
    ) -> Result<usize, MatchError> {
        let program = self.program;
        let alphabet = &program.alphabet;
        let text = self.text;
        let side = if dfa.has_conditions() {
            self.side_before(begin)
        } else {
            0
        };
        let mut row = dfa.start(side) & (PLAIN_END - 1);
        let mut at = begin;
        while at < limit {
            let chunk_end = limit.min(at + POLL_INTERVAL);
            let chunk_begin = at;
            while at < chunk_end {
                let (class, width) = alphabet.class_at(text, at);
                let mut next = dfa.known(row, class);
                if next >= PLAIN_END {
                    if next == UNKNOWN {
                        next = dfa.step(self, row, class, at)?;
                    }
                    if next & MATCHED != 0 && on_match(at) {
                        return Ok(at);
                    }
                    if next & DEAD != 0 {
                        return Ok(at);
                    }
                    if next & IDLE != 0 {
                        at = skip(program, at + width);
                        row = next & (PLAIN_END - 1);
                        continue;
                    }
                }
                row = next & (PLAIN_END - 1);
                at += width;
            }
            self.work(at - chunk_begin)?;
        }
        if at > limit {
            return Ok(limit);
        }
        let column = if at < text.len() {
            alphabet.class_at(text, at).0
        } else {
            alphabet.edge_class(false)
        };
        let mut next = dfa.known(row, column);
        if next == UNKNOWN {
            next = dfa.step(self, row, column, at)?;
        }
        if next & MATCHED != 0 {
            on_match(at);
        }
        Ok(at)
    }

    /// Reads backward from byte `end` to `low` and calls `on_position` with each position, descending, `low` included, and
    /// the row that speaks of it; it returns true to stop.
    #[inline(always)]
    pub fn backward(
        &mut self,
        dfa: &mut Dfa,
        end: usize,
        low: usize,
        mut on_position: impl FnMut(&Dfa, usize, Row) -> bool,
    ) -> Result<(), MatchError> {
        let alphabet = &self.program.alphabet;
        let text = self.text;
        let side = if dfa.has_conditions() {
            self.side_after(end)
        } else {
            0
        };
        let mut row = dfa.start(side);
        let mut at = end;
        loop {
            let edge = alphabet.edge_class(!self.not_bol);
            let (class, width) = if at > 0 {
                alphabet.class_before(text, at)
            } else {
                (edge, 0)
            };
            let mut next = dfa.known(row, class);
            if next == UNKNOWN {
                next = dfa.step(self, row, class, at)?;
            }
            if on_position(dfa, at, next) || next & DEAD != 0 || at <= low {
                return self.work(end - at);
            }
            row = next & (PLAIN_END - 1);
            at -= width;
        }
    }

    /// The end of the longest match of `dfa` from `begin`, at or before `limit`.
    pub fn longest(
        &mut self,
        dfa: &mut Dfa,
        begin: usize,
        limit: usize,
    ) -> Result<Option<usize>, MatchError> {
        let mut last = None;
        self.forward(dfa, begin, limit, |at| {
            last = Some(at);
            false
        })?;
        Ok(last)
    }

    /// The end of the shortest match of `dfa` from `begin` that is at least at `low` and at most at `limit`.
    pub fn shortest(
        &mut self,
        dfa: &mut Dfa,
        begin: usize,
        low: usize,
        limit: usize,
    ) -> Result<Option<usize>, MatchError> {
        let mut first = None;
        self.forward(dfa, begin, limit, |at| {
            first = Some(at).filter(|at| *at >= low);
            first.is_some()
        })?;
        Ok(first)
    }

    /// Whether `dfa` matches exactly `begin` to `end`.
    pub fn matches(&mut self, dfa: &mut Dfa, begin: usize, end: usize) -> Result<bool, MatchError> {
        Ok(self.longest(dfa, begin, end)? == Some(end))
    }
}
