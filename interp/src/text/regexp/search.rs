//! Where the match is: its beginning and end.

use super::alphabet::{after, before};
use super::dfa::{Dfa, MATCHED};
use super::dissect;
use super::error::MatchError;
use super::machine::{Machine, Program, Slot};
use super::prefilter::Prefilter;

/// A match's bounds in bytes.
pub type Extent = (usize, usize);

/// How much work at failed beginnings is accepted for each byte of progress before all beginnings are tried at once.
const WASTE_FACTOR: usize = 1;
/// What may be wasted before that in any case, in bytes.
const WASTE_FREE: usize = 32;

/// The leftmost match, if any, and of it the longest or the shortest as the pattern prefers. With `any` the end may be that
/// of another match from the same beginning: the caller only wants to know whether there is one.
pub fn extent(machine: &mut Machine<'_>, any: bool) -> Result<Option<Extent>, MatchError> {
    let program = machine.program;
    let text = machine.text;
    let Some(mut at) = program.prefilter.next(text, 0) else {
        return Ok(None);
    };
    if let Prefilter::Literal {
        finder,
        is_all: true,
    } = &program.prefilter
    {
        return Ok(Some((at, at + finder.needle().len())));
    }
    let mut dfa = machine.take(Slot::Whole);
    let first = at;
    let mut wasted = 0;
    let stop_at_first = any || program.prefers_short;
    let found = loop {
        let mut end = None;
        let scanned = machine.forward(&mut dfa, at, text.len(), |at| {
            end = Some(at);
            stop_at_first
        });
        let stopped = match scanned {
            Ok(stopped) => stopped,
            Err(error) => break Err(error),
        };
        if let Some(end) = end {
            break Ok(Some((at, end)));
        }
        wasted += stopped - at;
        let Some(next) = program.prefilter.retry(text, at) else {
            break Ok(None);
        };
        at = next;
        if wasted > WASTE_FREE + WASTE_FACTOR * (at - first) {
            break all_at_once(machine, at);
        }
    };
    machine.put(Slot::Whole, dfa);
    found
}

/// The leftmost match that begins at `begin` or later, in time linear in the text: one scan finds its end, one backward from
/// there its beginning.
fn all_at_once(machine: &mut Machine<'_>, begin: usize) -> Result<Option<Extent>, MatchError> {
    let text = machine.text;
    let mut dfa = machine.take(Slot::Search);
    let can_skip = !dfa.has_conditions();
    let mut end = None;
    let scanned = machine.scan(
        &mut dfa,
        begin,
        text.len(),
        |at| {
            end = Some(at);
            false
        },
        |program: &Program, at| {
            if can_skip {
                program.prefilter.next(text, at).unwrap_or(text.len())
            } else {
                at
            }
        },
    );
    machine.put(Slot::Search, dfa);
    scanned?;
    let Some(end) = end else { return Ok(None) };
    let mut dfa = machine.take(Slot::Backward);
    let mut start = end;
    let scanned = machine.backward(&mut dfa, end, begin, |_, at, row| {
        if row & MATCHED != 0 {
            start = at;
        }
        false
    });
    machine.put(Slot::Backward, dfa);
    scanned?;
    Ok(Some((start, end)))
}

/// The leftmost match whose back references hold, with its captures in `captures` (whose length says how many are kept).
pub fn with_backrefs(
    machine: &mut Machine<'_>,
    captures: &mut [Option<Extent>],
) -> Result<Option<Extent>, MatchError> {
    let program = machine.program;
    let text = machine.text;
    let mut dfa = machine.take(Slot::Whole);
    let mut candidate = program.prefilter.next(text, 0);
    let mut found = Ok(None);
    while let Some(begin) = candidate {
        found = from(machine, &mut dfa, begin, captures);
        if !matches!(found, Ok(None)) {
            break;
        }
        candidate = program.prefilter.retry(text, begin);
    }
    machine.put(Slot::Whole, dfa);
    found
}

/// Tries the ends of matches from `begin` in the order that the pattern prefers.
fn from(
    machine: &mut Machine<'_>,
    dfa: &mut Dfa,
    begin: usize,
    captures: &mut [Option<Extent>],
) -> Result<Option<Extent>, MatchError> {
    let program = machine.program;
    let mut low = begin;
    let mut limit = machine.text.len();
    loop {
        let end = if program.prefers_short {
            machine.shortest(dfa, begin, low, limit)?
        } else {
            machine.longest(dfa, begin, limit)?
        };
        let Some(end) = end else { return Ok(None) };
        captures.fill(None);
        if dissect::dissect(machine, program.root, begin, end, captures)? {
            return Ok(Some((begin, end)));
        }
        if program.prefers_short {
            if end >= limit {
                return Ok(None);
            }
            low = after(machine.text, end);
        } else {
            if end <= begin {
                return Ok(None);
            }
            limit = before(machine.text, end);
        }
    }
}
