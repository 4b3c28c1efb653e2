//! Sets of UTF-16 units, and what case-insensitive matching adds to them.
//!
//! A set is made once while a pattern is parsed and never changed afterwards; matching itself works on the classes that
//! [`super::alphabet`] derives from all sets of a pattern.

use super::tables::{self, CaseRun};

/// A set of units: inclusive ranges, ascending, neither overlapping nor adjacent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CharSet {
    ranges: Vec<(u16, u16)>,
}

impl CharSet {
    /// The set of exactly `unit`.
    pub fn single(unit: u16) -> CharSet {
        CharSet {
            ranges: vec![(unit, unit)],
        }
    }

    /// The set that a sorted, disjoint table describes.
    pub fn from_table(table: &[(u16, u16)]) -> CharSet {
        CharSet {
            ranges: table.to_vec(),
        }
    }

    /// The inclusive ranges of the set, ascending and disjoint.
    pub fn ranges(&self) -> &[(u16, u16)] {
        &self.ranges
    }

    /// The only member, if there is exactly one.
    pub fn only_unit(&self) -> Option<u16> {
        match self.ranges.as_slice() {
            [(first, last)] if first == last => Some(*first),
            _ => None,
        }
    }

    /// Every unit that is not in the set.
    pub fn complement(&self) -> CharSet {
        let mut ranges = Vec::with_capacity(self.ranges.len() + 1);
        let mut next = 0u32;
        for &(first, last) in &self.ranges {
            if u32::from(first) > next {
                ranges.push((next as u16, first - 1));
            }
            next = u32::from(last) + 1;
        }
        if next <= 0xFFFF {
            ranges.push((next as u16, 0xFFFF));
        }
        CharSet { ranges }
    }
}

/// Collects ranges in any order and makes a [`CharSet`] of them.
#[derive(Debug, Default)]
pub struct CharSetBuilder {
    ranges: Vec<(u16, u16)>,
}

impl CharSetBuilder {
    /// Adds `first` through `last`; with `nocase` their case variants too.
    pub fn add_range(&mut self, first: u16, last: u16, nocase: bool) {
        self.ranges.push((first, last));
        if nocase {
            self.add_variants(first, last);
        }
    }

    /// Adds a sorted table of ranges.
    pub fn add_table(&mut self, table: &[(u16, u16)]) {
        self.ranges.extend_from_slice(table);
    }

    fn add_variants(&mut self, first: u16, last: u16) {
        for run in tables::CASE.iter().take_while(|run| run.first <= last) {
            let mut unit = u32::from(run.first);
            while unit <= u32::from(run.last.min(last)) {
                if unit >= u32::from(first) {
                    for variant in variants(unit as u16, run) {
                        self.ranges.push((variant, variant));
                    }
                }
                unit += u32::from(run.stride);
            }
        }
    }

    /// The set of everything added.
    pub fn build(mut self) -> CharSet {
        self.ranges.sort_unstable();
        let mut ranges: Vec<(u16, u16)> = Vec::with_capacity(self.ranges.len());
        for (first, last) in self.ranges {
            match ranges.last_mut() {
                Some(previous) if u32::from(first) <= u32::from(previous.1) + 1 => {
                    previous.1 = previous.1.max(last);
                }
                _ => ranges.push((first, last)),
            }
        }
        CharSet { ranges }
    }
}

/// Whether a sorted, disjoint table of ranges holds `unit`.
pub fn table_contains(table: &[(u16, u16)], unit: u16) -> bool {
    let after = table.partition_point(|range| range.0 <= unit);
    table
        .get(after.wrapping_sub(1))
        .is_some_and(|range| unit <= range.1)
}

/// `unit` with its case counterparts, as matching with `-nocase` treats a plain character: lower, upper and title case.
pub fn all_cases(unit: u16) -> CharSet {
    let mut builder = CharSetBuilder::default();
    match case_run(unit) {
        Some(run) => {
            for variant in variants(unit, run) {
                builder.add_range(variant, variant, false);
            }
        }
        None => builder.add_range(unit, unit, false),
    }
    builder.build()
}

/// The lower case of `unit`, itself where it has none.
pub fn lower(unit: u16) -> u16 {
    if unit < 0x80 {
        return u16::from((unit as u8).to_ascii_lowercase());
    }
    case_run(unit).map_or(unit, |run| shift(unit, run.lower))
}

fn shift(unit: u16, distance: i32) -> u16 {
    (i32::from(unit) + distance) as u16
}

fn variants(unit: u16, run: &CaseRun) -> [u16; 3] {
    [
        shift(unit, run.lower),
        shift(unit, run.upper),
        shift(unit, run.title),
    ]
}

/// The run that holds `unit`. Runs of stride 2 may interleave with one other run, hence the look at two candidates.
fn case_run(unit: u16) -> Option<&'static CaseRun> {
    let after = tables::CASE.partition_point(|run| run.first <= unit);
    let candidates = tables::CASE.get(after.saturating_sub(CASE_OVERLAP)..after)?;
    candidates
        .iter()
        .rev()
        .find(|run| unit <= run.last && (unit - run.first).is_multiple_of(run.stride))
}

/// How many runs that begin at or before a unit must be looked at; the test below checks it against the whole table.
const CASE_OVERLAP: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complement_of_complement_is_the_set() {
        for set in [
            CharSet::default(),
            CharSet::single(0),
            CharSet::single(0xFFFF),
            CharSet::from_table(tables::WORD),
        ] {
            assert_eq!(set.complement().complement(), set);
        }
    }

    #[test]
    fn builder_merges_overlapping_and_adjacent_ranges() {
        let mut builder = CharSetBuilder::default();
        builder.add_range(5, 9, false);
        builder.add_range(1, 2, false);
        builder.add_range(3, 6, false);
        assert_eq!(builder.build().ranges(), [(1, 9)]);
    }

    #[test]
    fn every_unit_of_the_case_table_is_found() {
        for run in tables::CASE {
            let mut unit = u32::from(run.first);
            while unit <= u32::from(run.last) {
                let found = case_run(unit as u16).unwrap();
                assert_eq!(
                    (found.lower, found.upper, found.title),
                    (run.lower, run.upper, run.title)
                );
                unit += u32::from(run.stride);
            }
        }
    }

    #[test]
    fn cases_of_letters() {
        assert_eq!(all_cases(b'a'.into()).ranges(), [(65, 65), (97, 97)]);
        assert_eq!(all_cases(b'7'.into()).ranges(), [(55, 55)]);
        assert_eq!(all_cases(0x1C5).ranges(), [(0x1C4, 0x1C6)]);
        assert_eq!(lower(b'Q'.into()), b'q'.into());
        assert_eq!(lower(0x212A), b'k'.into());
    }
}
