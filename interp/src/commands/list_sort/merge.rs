//! Sorting positions by keys, stably.
//!
//! Two ways: [`sort_by_keys`] for keys with an order, where speed counts, and [`merge_sort`] for comparisons that may fail,
//! run scripts or contradict themselves; it compares in the order in which tclsh does, which scripts can see.

use std::cmp::Ordering;

use crate::runtime::{Exception, Interp};

/// What becomes of the order.
#[derive(Clone, Copy)]
pub(super) struct Outcomes {
    /// Largest first; equal ones stay in their order.
    pub is_decreasing: bool,
    /// Of equal ones only the last stays.
    pub is_unique: bool,
}

/// Keys sorted between two looks at whether to go on: some 20 ms.
const CHUNK: usize = 1 << 17;

/// The positions of `keys` in the order of the keys.
///
/// `compare` is a total order. At most 2^32 keys, which the limit on lists sees to.
pub(super) fn sort_by_keys<K: Copy>(
    interp: &mut Interp,
    keys: Vec<K>,
    outcomes: Outcomes,
    compare: impl Fn(&K, &K) -> Ordering,
) -> Result<Vec<u32>, Box<Exception>> {
    let directed = |left: &(K, u32), right: &(K, u32)| {
        if outcomes.is_decreasing {
            compare(&right.0, &left.0)
        } else {
            compare(&left.0, &right.0)
        }
    };
    let mut items: Vec<(K, u32)> = keys.into_iter().zip(0u32..).collect();
    for chunk in items.chunks_mut(CHUNK) {
        chunk.sort_by(directed);
        if chunk.len() == CHUNK {
            interp.check_safepoint()?;
        }
    }
    let mut width = CHUNK;
    let mut merged = Vec::new();
    while width < items.len() {
        merged.clear();
        merged.reserve(items.len());
        for pair in items.chunks(width * 2) {
            let (left, right) = pair.split_at(width.min(pair.len()));
            merge_runs(interp, left, right, &mut merged, directed)?;
        }
        std::mem::swap(&mut items, &mut merged);
        width *= 2;
    }
    if outcomes.is_unique {
        return Ok(last_of_equals(&items, directed));
    }
    Ok(items.into_iter().map(|(_, at)| at).collect())
}

/// Appends two sorted runs to `merged` as one.
fn merge_runs<T: Copy>(
    interp: &mut Interp,
    mut left: &[T],
    mut right: &[T],
    merged: &mut Vec<T>,
    compare: impl Fn(&T, &T) -> Ordering,
) -> Result<(), Box<Exception>> {
    let mut fuel = CHUNK;
    while let ([first, left_rest @ ..], [second, right_rest @ ..]) = (left, right) {
        if compare(first, second) == Ordering::Greater {
            merged.push(*second);
            right = right_rest;
        } else {
            merged.push(*first);
            left = left_rest;
        }
        fuel -= 1;
        if fuel == 0 {
            interp.check_safepoint()?;
            fuel = CHUNK;
        }
    }
    merged.extend_from_slice(left);
    merged.extend_from_slice(right);
    Ok(())
}

fn last_of_equals<K>(
    items: &[(K, u32)],
    compare: impl Fn(&(K, u32), &(K, u32)) -> Ordering,
) -> Vec<u32> {
    let mut order = Vec::with_capacity(items.len());
    for (number, item) in items.iter().enumerate() {
        let is_last = items
            .get(number + 1)
            .is_none_or(|next| compare(item, next) != Ordering::Equal);
        if is_last {
            order.push(item.1);
        }
    }
    order
}

/// No next item.
const NONE: u32 = u32::MAX;
/// Run number i has up to 2^i items; the last one may have more.
const RUNS_MAX: usize = 30;

/// Runs of positions, linked.
struct Runs<C> {
    /// The position after each position.
    next: Vec<u32>,
    compare: C,
    outcomes: Outcomes,
}

/// The positions from 0 up to `count` in the order that `compare` says.
///
/// * `compare`: how the items at two positions compare; its first error ends the sort.
pub(super) fn merge_sort<C>(
    interp: &mut Interp,
    count: usize,
    outcomes: Outcomes,
    compare: C,
) -> Result<Vec<u32>, Box<Exception>>
where
    C: FnMut(&mut Interp, usize, usize) -> Result<Ordering, Box<Exception>>,
{
    let mut runs = Runs {
        next: vec![NONE; count],
        compare,
        outcomes,
    };
    let mut heads = [NONE; RUNS_MAX];
    for item in 0..count {
        let mut head = item as u32;
        let mut at = 0;
        while heads[at] != NONE {
            head = runs.merge(interp, heads[at], head)?;
            heads[at] = NONE;
            if at + 1 == RUNS_MAX {
                break;
            }
            at += 1;
        }
        heads[at] = head;
        if item % super::POLL_ELEMENTS == super::POLL_ELEMENTS - 1 {
            interp.check_safepoint()?;
        }
    }
    let mut head = NONE;
    for run in heads {
        head = runs.merge(interp, run, head)?;
    }
    let mut order = Vec::with_capacity(count);
    while let Some(next) = runs.next.get(head as usize) {
        order.push(head);
        head = *next;
    }
    Ok(order)
}

impl<C> Runs<C>
where
    C: FnMut(&mut Interp, usize, usize) -> Result<Ordering, Box<Exception>>,
{
    /// Merges two runs, of which the left one's items come first among equals; returns the head.
    fn merge(
        &mut self,
        interp: &mut Interp,
        mut left: u32,
        mut right: u32,
    ) -> Result<u32, Box<Exception>> {
        let mut head = NONE;
        let mut tail = NONE;
        while left != NONE && right != NONE {
            let mut order = (self.compare)(interp, left as usize, right as usize)?;
            if self.outcomes.is_decreasing {
                order = order.reverse();
            }
            let takes_right =
                order == Ordering::Greater || (order == Ordering::Equal && self.outcomes.is_unique);
            if order == Ordering::Equal && self.outcomes.is_unique {
                left = self.next[left as usize];
            }
            let taken = if takes_right { &mut right } else { &mut left };
            let item = std::mem::replace(taken, self.next[*taken as usize]);
            self.link(&mut head, &mut tail, item);
        }
        let rest = if left != NONE { left } else { right };
        self.link(&mut head, &mut tail, rest);
        Ok(head)
    }

    fn link(&mut self, head: &mut u32, tail: &mut u32, item: u32) {
        match self.next.get_mut(*tail as usize) {
            Some(next) => *next = item,
            None => *head = item,
        }
        *tail = item;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Outcomes = Outcomes {
        is_decreasing: false,
        is_unique: false,
    };

    fn merged(keys: &[i64], outcomes: Outcomes) -> Vec<u32> {
        let mut interp = Interp::without_commands();
        merge_sort(&mut interp, keys.len(), outcomes, |_, left, right| {
            Ok(keys[left].cmp(&keys[right]))
        })
        .expect("sorted")
    }

    fn sorted(keys: &[i64], outcomes: Outcomes) -> Vec<u32> {
        let mut interp = Interp::without_commands();
        sort_by_keys(&mut interp, keys.to_vec(), outcomes, i64::cmp).expect("sorted")
    }

    #[test]
    fn both_ways_agree_also_about_equals() {
        let mut keys = Vec::new();
        let mut state = 1u64;
        for _ in 0..1000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            keys.push((state >> 60) as i64);
        }
        for is_decreasing in [false, true] {
            for is_unique in [false, true] {
                let outcomes = Outcomes {
                    is_decreasing,
                    is_unique,
                };
                assert_eq!(merged(&keys, outcomes), sorted(&keys, outcomes));
            }
        }
        assert_eq!(merged(&[], PLAIN), Vec::<u32>::new());
    }

    #[test]
    fn more_than_a_chunk_is_sorted_stably() {
        let count = CHUNK * 3 + 17;
        let keys: Vec<i64> = (0..count as i64)
            .map(|number| number * 7919 % 101)
            .collect();
        let order = sorted(&keys, PLAIN);
        let is_sorted = order.windows(2).all(|pair| {
            let [first, second] = [pair[0] as usize, pair[1] as usize];
            (keys[first], first) < (keys[second], second)
        });
        assert!(is_sorted);
        assert_eq!(order.len(), count);
    }
}
