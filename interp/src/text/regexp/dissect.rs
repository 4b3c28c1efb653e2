//! Where the captures of a known match lie.
//!
//! Without back references every step below is certain to succeed, since automata have said beforehand that each part
//! matches its stretch of text, so nothing is tried twice. With back references a stretch can fail after all; then the
//! next possibility is tried in the order that tclsh tries them, which decides what is captured.

use super::alphabet::{after, before, unit_at};
use super::ast::{HAS_BACKREF, HAS_CAPTURE, Node, NodeId, NodeKind, UNBOUNDED};
use super::charset::lower;
use super::dfa::Dfa;
use super::error::MatchError;
use super::iterate;
use super::machine::{Machine, Program, Slot};
use super::plan::{ChainPlan, Item, Width, plan};
use super::search::Extent;

/// What was captured, by number of parentheses; its length says how many are wanted.
pub type Captures = [Option<Extent>];

/// Finds the captures in `begin` to `end`, which the automaton of `node` is known to match. False if a back reference fails.
///
/// Recurses as deep as the pattern nests, which is limited.
pub fn dissect(
    machine: &mut Machine<'_>,
    node: NodeId,
    begin: usize,
    end: usize,
    captures: &mut Captures,
) -> Result<bool, MatchError> {
    let program = machine.program;
    let Some(Node { kind, flags, .. }) = program.nodes.get(node) else {
        return Ok(true);
    };
    match kind {
        NodeKind::Plain => Ok(true),
        NodeKind::Backref { group, min, max } => {
            let captured = captures.get(*group).copied().flatten();
            Ok(captured
                .is_some_and(|captured| is_repeated(machine, captured, (*min, *max), begin, end)))
        }
        NodeKind::Capture { group, child } => {
            let is_match = dissect(machine, *child, begin, end, captures)?;
            if is_match && let Some(slot) = captures.get_mut(*group) {
                *slot = Some((begin, end));
            }
            Ok(is_match)
        }
        NodeKind::Chain(_) if flags & HAS_BACKREF != 0 => {
            backtrack_chain(machine, node, begin, end, captures)
        }
        NodeKind::Chain(_) => chain(machine, node, begin, end, captures),
        NodeKind::Alternate(children) => alternate(
            machine,
            (children, flags & HAS_BACKREF == 0),
            begin,
            end,
            captures,
        ),
        NodeKind::Iterate { .. } => iterate::iterate(machine, node, begin, end, captures),
    }
}

/// Forgets the captures in `node`.
pub fn forget(program: &Program, node: NodeId, captures: &mut Captures) {
    let Some(Node { kind, flags, .. }) = program.nodes.get(node) else {
        return;
    };
    if flags & HAS_CAPTURE == 0 {
        return;
    }
    match kind {
        NodeKind::Plain | NodeKind::Backref { .. } => {}
        NodeKind::Capture { group, child } => {
            if let Some(slot) = captures.get_mut(*group) {
                *slot = None;
            }
            forget(program, *child, captures);
        }
        NodeKind::Iterate { child, .. } => forget(program, *child, captures),
        NodeKind::Chain(children) | NodeKind::Alternate(children) => {
            for child in children {
                forget(program, *child, captures);
            }
        }
    }
}

/// The first child that matches; if `is_certain` that none can fail for a back reference, the last one need not be asked.
fn alternate(
    machine: &mut Machine<'_>,
    (children, is_certain): (&[NodeId], bool),
    begin: usize,
    end: usize,
    captures: &mut Captures,
) -> Result<bool, MatchError> {
    for (index, child) in children.iter().enumerate() {
        let program = machine.program;
        let node = program.nodes.get(*child);
        let too_long = || {
            let ast = node.and_then(|node| program.asts.get(node.ast));
            ast.is_some_and(|ast| ast.min_chars > end - begin)
        };
        if !(is_certain && index + 1 == children.len()) {
            if too_long() {
                continue;
            }
            let mut dfa = machine.take(Slot::Node(*child));
            let is_match = machine.matches(&mut dfa, begin, end);
            machine.put(Slot::Node(*child), dfa);
            if !is_match? {
                continue;
            }
        }
        if dissect(machine, *child, begin, end, captures)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether `begin` to `end` is the captured text some allowed number of times over.
fn is_repeated(
    machine: &Machine<'_>,
    captured: Extent,
    bounds: (u16, u16),
    begin: usize,
    end: usize,
) -> bool {
    let (min, max) = bounds;
    if captured.0 == captured.1 {
        return begin == end;
    }
    if begin == end {
        return min == 0;
    }
    let text = machine.text;
    let nocase = machine.program.nocase;
    let (mut at, mut rounds) = (begin, 0usize);
    while at < end {
        let mut wanted = captured.0;
        while wanted < captured.1 {
            let (expected, expected_width) = unit_at(text, wanted);
            let (found, width) = unit_at(text, at);
            let is_same = expected == found || nocase && lower(expected) == lower(found);
            if at >= end || !is_same {
                return false;
            }
            wanted += expected_width;
            at += width;
        }
        rounds += 1;
    }
    rounds >= usize::from(min) && (max == UNBOUNDED || rounds <= usize::from(max))
}

fn chain(
    machine: &mut Machine<'_>,
    node: NodeId,
    begin: usize,
    end: usize,
    captures: &mut Captures,
) -> Result<bool, MatchError> {
    let plan = plan(machine, node)?;
    let inner_end = back(machine.text, end, plan.tail_chars);
    let Some(last) = plan
        .items
        .iter()
        .rposition(|item| item.lowest_group < captures.len())
    else {
        return Ok(true);
    };
    let mut marks = None;
    let mut at = begin;
    for (index, item) in plan.items.iter().enumerate().take(last + 1) {
        let Some(next) = item_end(
            machine,
            node,
            &plan,
            (index, at, inner_end),
            &mut marks,
            None,
        )?
        else {
            return Ok(false);
        };
        if item.lowest_group < captures.len() {
            dissect(machine, item.node, at, next, captures)?;
        }
        at = next;
    }
    Ok(true)
}

fn backtrack_chain(
    machine: &mut Machine<'_>,
    node: NodeId,
    begin: usize,
    end: usize,
    captures: &mut Captures,
) -> Result<bool, MatchError> {
    let plan = plan(machine, node)?;
    let inner_end = back(machine.text, end, plan.tail_chars);
    let mut marks = None;
    let mut ends: Vec<usize> = Vec::with_capacity(plan.items.len());
    let mut tried = None;
    loop {
        machine.work(1)?;
        let index = ends.len();
        let Some(item) = plan.items.get(index) else {
            return Ok(true);
        };
        let at = ends.last().copied().unwrap_or(begin);
        let Some(next) = item_end(
            machine,
            node,
            &plan,
            (index, at, inner_end),
            &mut marks,
            tried,
        )?
        else {
            if let Some(tried) = tried
                && index + 1 < plan.items.len()
                && has_other_end(machine, item, (at, end), tried)?
            {
                forget_all(machine.program, plan.items.get(index..), captures);
            }
            tried = ends.pop();
            if tried.is_none() {
                return Ok(false);
            }
            continue;
        };
        if tried.is_some() {
            forget_all(machine.program, plan.items.get(index..), captures);
        }
        tried = Some(next);
        if dissect(machine, item.node, at, next, captures)? {
            ends.push(next);
            tried = None;
        }
    }
}

fn forget_all(program: &Program, items: Option<&[Item]>, captures: &mut Captures) {
    for item in items.unwrap_or(&[]) {
        forget(program, item.node, captures);
    }
}

/// Whether the item matches from `at` to another end that comes after `tried` in order, whatever follows it. tclsh looks at
/// such ends too and forgets captures when it does, which later back references can notice.
fn has_other_end(
    machine: &mut Machine<'_>,
    item: &Item,
    (at, end): (usize, usize),
    tried: usize,
) -> Result<bool, MatchError> {
    let text = machine.text;
    with_dfa(machine, item.node, |machine, dfa| {
        Ok(if item.prefers_short {
            tried < end && machine.shortest(dfa, at, tried + 1, end)?.is_some()
        } else {
            tried > at && machine.longest(dfa, at, before(text, tried))?.is_some()
        })
    })
}

/// For each position from `base` on, which items can begin there such that they and those after them match the rest.
pub struct Marks {
    base: usize,
    stride: usize,
    bits: Vec<u8>,
}

impl Marks {
    /// Scans backward from `end` to `base` with the marking automaton of `node`.
    pub fn new(
        machine: &mut Machine<'_>,
        node: NodeId,
        base: usize,
        end: usize,
    ) -> Result<Marks, MatchError> {
        let mut dfa = machine.take(Slot::Marked(node));
        let stride = dfa.mark_count().div_ceil(8);
        let mut bits = vec![0u8; (end + 1).saturating_sub(base) * stride];
        let scanned = machine.backward(&mut dfa, end, base, |dfa, at, row| {
            let place = bits
                .get_mut((at - base) * stride..(at - base + 1) * stride)
                .unwrap_or(&mut []);
            let bytes = dfa.marks(row).iter().flat_map(|word| word.to_le_bytes());
            place
                .iter_mut()
                .zip(bytes)
                .for_each(|(slot, byte)| *slot = byte);
            false
        });
        machine.put(Slot::Marked(node), dfa);
        scanned?;
        Ok(Marks { base, stride, bits })
    }

    /// Whether mark `number` is set at `at`.
    #[inline]
    pub fn contains(&self, at: usize, number: usize) -> bool {
        let byte = self.bits.get((at - self.base) * self.stride + number / 8);
        byte.is_some_and(|byte| byte >> (number % 8) & 1 != 0)
    }
}

/// Where the item at `index` that begins at `at` ends, given that the items from there match up to `inner_end` and the
/// fixed ones after it. `tried` is the end tried last, if the next one in order is wanted.
fn item_end(
    machine: &mut Machine<'_>,
    node: NodeId,
    plan: &ChainPlan,
    (index, at, inner_end): (usize, usize, usize),
    marks: &mut Option<Marks>,
    tried: Option<usize>,
) -> Result<Option<usize>, MatchError> {
    let Some(item) = plan.items.get(index) else {
        return Ok(None);
    };
    if index == plan.last_variable {
        return Ok(Some(inner_end).filter(|_| tried.is_none()));
    }
    if let Width::Fixed(chars) = item.width {
        return Ok(Some(forth(machine.text, at, chars)).filter(|_| tried.is_none()));
    }
    if item.width == Width::Unique {
        if tried.is_some() {
            return Ok(None);
        }
        return with_dfa(machine, item.node, |machine, dfa| {
            machine.longest(dfa, at, inner_end)
        });
    }
    let marks = match marks {
        Some(marks) => marks,
        None => marks.insert(Marks::new(machine, node, at, inner_end)?),
    };
    let number = index - plan.first_choice;
    let (mut low, mut limit) = (at, inner_end);
    match tried {
        Some(tried) if item.prefers_short => low = tried + 1,
        Some(tried) if tried <= at => return Ok(None),
        Some(tried) => limit = before(machine.text, tried),
        None => {}
    }
    with_dfa(machine, item.node, |machine, dfa| {
        let mut found = None;
        machine.forward(dfa, at, limit, |end| {
            if end >= low && marks.contains(end, number) {
                found = Some(end);
            }
            item.prefers_short && found.is_some()
        })?;
        Ok(found)
    })
}

/// Runs `work` with the automaton of a node.
pub fn with_dfa<T>(
    machine: &mut Machine<'_>,
    node: NodeId,
    work: impl FnOnce(&mut Machine<'_>, &mut Dfa) -> Result<T, MatchError>,
) -> Result<T, MatchError> {
    let mut dfa = machine.take(Slot::Node(node));
    let result = work(machine, &mut dfa);
    machine.put(Slot::Node(node), dfa);
    result
}

fn forth(text: &[u8], at: usize, chars: usize) -> usize {
    (0..chars).fold(at, |at, _| after(text, at))
}

fn back(text: &[u8], at: usize, chars: usize) -> usize {
    (0..chars).fold(at, |at, _| before(text, at))
}
