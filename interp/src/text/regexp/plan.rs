//! How a chain's items, or the rounds of an iteration, are told apart: found out once, at the first match that needs it.

use std::rc::Rc;

use super::alphabet::Bits;
use super::ast::{AstId, HAS_BACKREF, Node, NodeId, NodeKind, PREFER_SHORT};
use super::dfa::{DEAD, MATCHED, PLAIN_END};
use super::dissect::with_dfa;
use super::error::MatchError;
use super::machine::{Machine, Program};
use super::nfa::Nfa;
use super::prefilter::first_and_all_classes;

/// How many states of an item's automaton are looked at to find out whether its end is certain.
const EXPLORED_STATES_MAX: usize = 32;
/// Above so many classes no look is taken.
const EXPLORED_CLASSES_MAX: usize = 256;

/// How the end of an item of a chain is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// It has this many characters.
    Fixed(usize),
    /// It goes on as long as it can, because what follows cannot begin with what it can go on with.
    Unique,
    /// There is a choice: the end must be where what follows matches the rest.
    Choice,
}

/// An item of a chain.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// Its node.
    pub node: NodeId,
    /// How its end is found.
    pub width: Width,
    /// The lowest capture in it, `usize::MAX` without any. Back references count as 0.
    pub lowest_group: usize,
    /// Whether it prefers short matches.
    pub prefers_short: bool,
}

/// How a chain is dissected; also used for iterations, whose one item is the part repeated.
#[derive(Debug)]
pub struct ChainPlan {
    /// The items.
    pub items: Vec<Item>,
    /// The last item without fixed width.
    pub last_variable: usize,
    /// How many characters the items after that have.
    pub tail_chars: usize,
    /// The first item with a choice, if any.
    pub first_choice: usize,
}

/// The plan of a chain or an iteration, made at its first use.
pub fn plan(machine: &mut Machine<'_>, node: NodeId) -> Result<Rc<ChainPlan>, MatchError> {
    if let Some(plan) = machine.pool.plans.get(node).and_then(|plan| plan.clone()) {
        return Ok(plan);
    }
    let plan = Rc::new(make_plan(machine, node)?);
    if machine.pool.plans.len() <= node {
        machine.pool.plans.resize(node + 1, None);
    }
    if let Some(slot) = machine.pool.plans.get_mut(node) {
        *slot = Some(plan.clone());
    }
    Ok(plan)
}

fn make_plan(machine: &mut Machine<'_>, node: NodeId) -> Result<ChainPlan, MatchError> {
    let program = machine.program;
    let (nodes, is_loop) = match program.nodes.get(node).map(|node| &node.kind) {
        Some(NodeKind::Chain(nodes)) => (nodes.as_slice(), false),
        Some(NodeKind::Iterate { child, .. }) => (std::slice::from_ref(child), true),
        _ => (&[] as &[NodeId], false),
    };
    let mut items: Vec<Item> = nodes.iter().map(|node| item(program, *node)).collect();
    let last_variable = items
        .iter()
        .rposition(|item| item.width == Width::Choice)
        .unwrap_or(usize::MAX);
    let tail = items
        .get(last_variable.wrapping_add(1)..)
        .unwrap_or(&[])
        .iter();
    let tail_chars = if last_variable == usize::MAX {
        0
    } else {
        tail.map(fixed_chars).sum()
    };
    let mut rest_first = Bits::new(program.alphabet.class_count());
    let variable_end = if is_loop {
        1
    } else {
        last_variable.min(items.len())
    };
    for index in (0..items.len()).rev() {
        let Some(item) = items.get_mut(index) else {
            continue;
        };
        let ast = ast_of(program, item.node);
        let (first, all) =
            first_and_all_classes(&Nfa::new(&program.asts, ast, false), &program.alphabet);
        if is_loop {
            rest_first = first.clone();
        }
        if index < variable_end
            && item.width == Width::Choice
            && (!all.intersects(&rest_first) || ends_surely(machine, item.node, &rest_first)?)
        {
            item.width = Width::Unique;
        }
        if program.asts.get(ast).is_some_and(|ast| ast.min_chars > 0) {
            rest_first = first;
        } else {
            rest_first.union(&first);
        }
    }
    let first_choice = items
        .iter()
        .position(|item| item.width == Width::Choice)
        .unwrap_or(0);
    Ok(ChainPlan {
        items,
        last_variable,
        tail_chars,
        first_choice,
    })
}

fn fixed_chars(item: &Item) -> usize {
    match item.width {
        Width::Fixed(chars) => chars,
        _ => 0,
    }
}

fn ast_of(program: &Program, node: NodeId) -> AstId {
    program.nodes.get(node).map_or(0, |node| node.ast)
}

fn item(program: &Program, node: NodeId) -> Item {
    let flags = program.nodes.get(node).map_or(0, |node| node.flags);
    let ast = program.asts.get(ast_of(program, node));
    let width = match ast.map(|ast| (ast.min_chars, ast.max_chars)) {
        Some((min, Some(max))) if min == max => Width::Fixed(min),
        _ => Width::Choice,
    };
    Item {
        node,
        width,
        lowest_group: lowest_group(program, node),
        prefers_short: flags & PREFER_SHORT != 0,
    }
}

fn lowest_group(program: &Program, node: NodeId) -> usize {
    let Some(Node { kind, flags, .. }) = program.nodes.get(node) else {
        return usize::MAX;
    };
    if flags & HAS_BACKREF != 0 {
        return 0;
    }
    match kind {
        NodeKind::Plain | NodeKind::Backref { .. } => usize::MAX,
        NodeKind::Capture { group, .. } => *group,
        NodeKind::Iterate { child, .. } => lowest_group(program, *child),
        NodeKind::Chain(children) | NodeKind::Alternate(children) => children
            .iter()
            .map(|child| lowest_group(program, *child))
            .min()
            .unwrap_or(usize::MAX),
    }
}

/// Whether the node's automaton, wherever it can end, cannot go on with a character of `rest_first`.
fn ends_surely(
    machine: &mut Machine<'_>,
    node: NodeId,
    rest_first: &Bits,
) -> Result<bool, MatchError> {
    with_dfa(machine, node, |machine, dfa| {
        if dfa.has_conditions() {
            return Ok(false);
        }
        let classes = machine.program.alphabet.class_count();
        if classes > EXPLORED_CLASSES_MAX {
            return Ok(false);
        }
        let edge = machine.program.alphabet.edge_class(false);
        dfa.clear();
        let generation = dfa.generation();
        let mut rows = vec![dfa.start(0) & (PLAIN_END - 1)];
        let mut index = 0;
        while let Some(row) = rows.get(index).copied() {
            index += 1;
            let can_end = dfa.next(machine, row, edge, 0)? & MATCHED != 0;
            for class in 0..classes {
                let next = dfa.next(machine, row, class, 0)?;
                if next & DEAD != 0 {
                    continue;
                }
                if can_end && rest_first.contains(class) {
                    return Ok(false);
                }
                let next = next & (PLAIN_END - 1);
                if !rows.contains(&next) {
                    rows.push(next);
                }
            }
            if rows.len() > EXPLORED_STATES_MAX || dfa.generation() != generation {
                return Ok(false);
            }
        }
        Ok(true)
    })
}

impl ChainPlan {
    /// The items whose backward automaton is needed: those after the first choice up to the last of variable width.
    pub fn marked_items(&self) -> &[Item] {
        let last = self.last_variable.min(self.items.len().saturating_sub(1));
        self.items
            .get(self.first_choice + 1..last + 1)
            .unwrap_or(&[])
    }
}
