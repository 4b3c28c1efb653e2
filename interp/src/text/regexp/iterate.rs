//! Iterations with captures inside: which rounds a stretch of text is divided into.
//!
//! Every round takes the length its part prefers as far as the rounds after it allow, and none is empty unless the lower
//! bound asks for it.

use foldhash::fast::RandomState;
use hashbrown::HashSet;

use super::alphabet::{after, before};
use super::ast::{HAS_BACKREF, Node, NodeId, NodeKind, PREFER_SHORT, UNBOUNDED};
use super::dissect::{Captures, Marks, dissect, forget, with_dfa};
use super::error::MatchError;
use super::machine::Machine;
use super::plan::{Width, plan};

/// Finds the captures of an iteration over `begin` to `end`. False if a back reference fails.
pub fn iterate(
    machine: &mut Machine<'_>,
    node: NodeId,
    begin: usize,
    end: usize,
    captures: &mut Captures,
) -> Result<bool, MatchError> {
    let program = machine.program;
    let Some(Node {
        kind: NodeKind::Iterate { child, min, max },
        flags,
        ..
    }) = program.nodes.get(node)
    else {
        return Ok(true);
    };
    if *min == 0 && begin == end {
        return Ok(true);
    }
    let has_backref = flags & HAS_BACKREF != 0;
    let last_begin = match *max {
        _ if has_backref => None,
        1 => Some(begin),
        UNBOUNDED => Some(last_round(machine, node, *child, begin, end)?),
        _ => None,
    };
    if let Some(last_begin) = last_begin {
        return dissect(machine, *child, last_begin, end, captures);
    }
    let prefers_short = program
        .nodes
        .get(*child)
        .is_some_and(|child| child.flags & PREFER_SHORT != 0);
    let rounds = Rounds {
        child: *child,
        begin,
        end,
        min: usize::from(*min).max(1),
        max: bounded_max(machine.text, (begin, end), *min, *max),
        prefers_short,
        has_backref,
        ends: Vec::new(),
        verified: 0,
        dead_ends: HashSet::default(),
    };
    rounds.run(machine, captures)
}

/// How many rounds there can be: no more than characters, unless the lower bound asks for more.
fn bounded_max(text: &[u8], (begin, end): (usize, usize), min: u16, max: u16) -> usize {
    let chars = char_count(text, begin, end);
    let most = if max == UNBOUNDED {
        chars
    } else {
        chars.min(usize::from(max))
    };
    most.max(usize::from(min).max(1))
}

fn char_count(text: &[u8], begin: usize, end: usize) -> usize {
    text.get(begin..end)
        .unwrap_or(&[])
        .iter()
        .filter(|byte| **byte & 0xC0 != 0x80)
        .count()
}

/// Where the last of any number of rounds begins.
fn last_round(
    machine: &mut Machine<'_>,
    node: NodeId,
    child: NodeId,
    begin: usize,
    end: usize,
) -> Result<usize, MatchError> {
    let plan = plan(machine, node)?;
    let is_unique = plan
        .items
        .first()
        .is_some_and(|item| item.width != Width::Choice);
    let marks = if is_unique {
        None
    } else {
        Some(Marks::new(machine, node, begin, end)?)
    };
    let prefers_short = machine
        .program
        .nodes
        .get(child)
        .is_some_and(|child| child.flags & PREFER_SHORT != 0);
    with_dfa(machine, child, |machine, dfa| {
        let mut at = begin;
        loop {
            let mut found = None;
            machine.forward(dfa, at, end, |stop| {
                if stop > at && marks.as_ref().is_none_or(|marks| marks.contains(stop, 0)) {
                    found = Some(stop);
                }
                prefers_short && found.is_some()
            })?;
            match found {
                Some(next) if next < end => at = next,
                _ => return Ok(at),
            }
            machine.work(1)?;
        }
    })
}

/// The search for a division, when the number of rounds is bounded or back references must hold.
struct Rounds {
    child: NodeId,
    begin: usize,
    end: usize,
    min: usize,
    max: usize,
    prefers_short: bool,
    has_backref: bool,
    /// Where each round so far ends.
    ends: Vec<usize>,
    /// How many rounds are known to hold with their back references.
    verified: usize,
    /// Numbers of rounds and positions from which nothing can be reached; only without back references.
    dead_ends: HashSet<(usize, usize), RandomState>,
}

impl Rounds {
    fn start_of(&self, round: usize) -> usize {
        round
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .copied()
            .unwrap_or(self.begin)
    }

    /// Whether a round that takes nothing is called for, when `done` rounds are complete and `rest` begins what is left.
    fn may_be_empty(&self, machine: &Machine<'_>, done: usize, rest: usize) -> bool {
        done < self.min && self.min - done > char_count(machine.text, rest, self.end)
    }

    fn run(
        mut self,
        machine: &mut Machine<'_>,
        captures: &mut Captures,
    ) -> Result<bool, MatchError> {
        let mut tried = None;
        loop {
            machine.work(1)?;
            let round = self.ends.len();
            let start = self.start_of(round);
            let Some(next) = self.next_end(machine, round, start, tried)? else {
                if !self.has_backref {
                    self.dead_ends.insert((round, start));
                }
                tried = self.ends.pop();
                if tried.is_none() {
                    return Ok(false);
                }
                continue;
            };
            self.verified = self.verified.min(round);
            tried = Some(next);
            if next < self.end {
                if round + 1 < self.max && !self.dead_ends.contains(&(round + 1, next)) {
                    self.ends.push(next);
                    tried = None;
                }
                continue;
            }
            if round + 1 < self.min {
                continue;
            }
            self.ends.push(next);
            if self.verify(machine, captures)? {
                return Ok(true);
            }
            tried = self.ends.pop();
        }
    }

    /// The end to try for a round that begins at `start`, after `tried`.
    fn next_end(
        &self,
        machine: &mut Machine<'_>,
        round: usize,
        start: usize,
        tried: Option<usize>,
    ) -> Result<Option<usize>, MatchError> {
        let empty_allowed = start == self.end || self.may_be_empty(machine, round, start);
        let (mut low, mut limit) = (
            if empty_allowed {
                start
            } else {
                after(machine.text, start)
            },
            self.end,
        );
        match tried {
            Some(tried) if self.prefers_short => low = low.max(tried + 1),
            Some(tried) if tried <= low => return Ok(None),
            Some(tried) => limit = before(machine.text, tried),
            None => {}
        }
        if round + 1 >= self.max {
            low = low.max(self.end);
        }
        if low > limit {
            return Ok(None);
        }
        let prefers_short = self.prefers_short;
        with_dfa(machine, self.child, |machine, dfa| {
            if prefers_short {
                return machine.shortest(dfa, start, low, limit);
            }
            Ok(machine
                .longest(dfa, start, limit)?
                .filter(|end| *end >= low))
        })
    }

    /// Checks the rounds not checked yet. Without back references only the last one's captures matter.
    fn verify(
        &mut self,
        machine: &mut Machine<'_>,
        captures: &mut Captures,
    ) -> Result<bool, MatchError> {
        let first = if self.has_backref {
            self.verified
        } else {
            self.ends.len().saturating_sub(1)
        };
        for round in first..self.ends.len() {
            let end = self.ends.get(round).copied().unwrap_or(self.end);
            forget(machine.program, self.child, captures);
            if !dissect(machine, self.child, self.start_of(round), end, captures)? {
                return Ok(false);
            }
            self.verified = round + 1;
        }
        Ok(true)
    }
}
