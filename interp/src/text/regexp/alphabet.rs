//! The classes of units that one pattern cannot tell apart, and how the bytes of a text map to them.
//!
//! An automaton's table has a column for each class instead of one for each of the 65536 units. [`Alphabet::class_at`] is
//! what every scan calls for each character.

use std::cell::OnceCell;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::charset::CharSet;

/// What is known of the position beside an assertion: a bit set of the `SIDE_` constants.
pub type Side = u8;

/// That side is an end of the searched text.
pub const SIDE_EDGE: Side = 1;
/// That side is the beginning of the searched text, and `^` may match there.
pub const SIDE_LINE_EDGE: Side = 2;
/// That side is a newline (set only if the pattern asks).
pub const SIDE_NEWLINE: Side = 4;
/// That side is a word character (set only if the pattern asks).
pub const SIDE_WORD: Side = 8;

/// A fixed-size set of small numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// An empty set that can hold 0 through `size` − 1.
    pub fn new(size: usize) -> Bits {
        Bits {
            words: vec![0; size.div_ceil(64)],
        }
    }

    /// Adds `index`; one that does not fit is ignored.
    pub fn insert(&mut self, index: usize) {
        if let Some(word) = self.words.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    /// Whether `index` is in the set.
    pub fn contains(&self, index: usize) -> bool {
        self.words
            .get(index / 64)
            .is_some_and(|word| word >> (index % 64) & 1 != 0)
    }

    /// Adds everything in `other`.
    pub fn union(&mut self, other: &Bits) {
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// Whether the two sets share a member.
    pub fn intersects(&self, other: &Bits) -> bool {
        self.words.iter().zip(&other.words).any(|(a, b)| a & b != 0)
    }
}

/// Classes of 256 units, once known.
type Page = OnceCell<Box<[u16; 256]>>;

/// The classes of one pattern. Class numbers run from 0; two more stand for the ends of the text, see
/// [`Alphabet::edge_class`].
#[derive(Debug)]
pub struct Alphabet {
    /// Class of each ASCII character.
    ascii: [u16; 128],
    /// First unit and class of each run of units of one class, ascending, covering all units.
    runs: Vec<(u16, u16)>,
    /// Classes of units beyond ASCII, 256 a page, each page filled when a text first has a character of it.
    pages: OnceCell<Box<[Page]>>,
    class_count: usize,
    /// For each set of the pattern, the classes in it.
    members: Vec<Bits>,
    /// For each class, `SIDE_WORD` and `SIDE_NEWLINE` where they apply.
    sides: Vec<Side>,
}

impl Alphabet {
    /// The classes that tell `sets` apart. `word` and `newline` say which of the sets, if any, make the sides
    /// [`SIDE_WORD`] and [`SIDE_NEWLINE`].
    pub fn new(sets: &[CharSet], word: Option<usize>, newline: Option<usize>) -> Alphabet {
        let mut signatures = Signatures::new(sets.len());
        let runs = partition(sets, &mut signatures);
        let class_count = signatures.rows.len();
        let mut members = vec![Bits::new(class_count); sets.len()];
        let mut sides = vec![0; class_count];
        for (class, signature) in signatures.rows.iter().enumerate() {
            for (set, bits) in members.iter_mut().enumerate() {
                if signature.contains(set) {
                    bits.insert(class);
                }
            }
            if let Some(side) = sides.get_mut(class) {
                *side |= if word.is_some_and(|set| signature.contains(set)) {
                    SIDE_WORD
                } else {
                    0
                };
                *side |= if newline.is_some_and(|set| signature.contains(set)) {
                    SIDE_NEWLINE
                } else {
                    0
                };
            }
        }
        let mut ascii = [0; 128];
        for (unit, class) in ascii.iter_mut().enumerate() {
            *class = class_in_runs(&runs, unit as u16);
        }
        Alphabet {
            ascii,
            runs,
            pages: OnceCell::new(),
            class_count,
            members,
            sides,
        }
    }

    /// How many classes of characters there are.
    pub fn class_count(&self) -> usize {
        self.class_count
    }

    /// How many columns an automaton's table needs: the classes and the two ends.
    pub fn column_count(&self) -> usize {
        self.class_count + 2
    }

    /// The column for an end of the text; `line_edge` for the beginning where `^` may match.
    pub fn edge_class(&self, line_edge: bool) -> usize {
        self.class_count + usize::from(line_edge)
    }

    /// What an assertion sees of a character (or end) of class `class`.
    pub fn side(&self, class: usize) -> Side {
        match self.sides.get(class) {
            Some(side) => *side,
            None if class == self.class_count => SIDE_EDGE,
            None => SIDE_EDGE | SIDE_LINE_EDGE,
        }
    }

    /// The classes in set number `set`.
    pub fn members(&self, set: usize) -> Option<&Bits> {
        self.members.get(set)
    }

    /// The class of each ASCII character.
    pub fn ascii(&self) -> &[u16; 128] {
        &self.ascii
    }

    /// The class of `unit`.
    pub fn class_of(&self, unit: u16) -> usize {
        if let Some(class) = self.ascii.get(usize::from(unit)) {
            return usize::from(*class);
        }
        let pages = self
            .pages
            .get_or_init(|| (0..256).map(|_| OnceCell::new()).collect());
        let page = pages
            .get(usize::from(unit >> 8))
            .map(|cell| cell.get_or_init(|| self.fill_page(unit & 0xFF00)));
        page.and_then(|page| page.get(usize::from(unit & 0xFF)))
            .map_or(0, |class| usize::from(*class))
    }

    fn fill_page(&self, first: u16) -> Box<[u16; 256]> {
        let mut page = Box::new([0; 256]);
        let mut run = self.runs.partition_point(|run| run.0 <= first);
        let mut class = self.runs.get(run.wrapping_sub(1)).map_or(0, |run| run.1);
        for (offset, slot) in page.iter_mut().enumerate() {
            while let Some(next) = self
                .runs
                .get(run)
                .filter(|next| usize::from(next.0) == usize::from(first) + offset)
            {
                class = next.1;
                run += 1;
            }
            *slot = class;
        }
        page
    }

    /// Class and width in bytes of the character that begins at byte `at` of `text`, which must be valid internal text.
    #[inline(always)]
    pub fn class_at(&self, text: &[u8], at: usize) -> (usize, usize) {
        let lead = text.get(at).copied().unwrap_or(0);
        match self.ascii.get(usize::from(lead)) {
            Some(class) => (usize::from(*class), 1),
            None => self.wide_class_at(text, at),
        }
    }

    #[inline(never)]
    fn wide_class_at(&self, text: &[u8], at: usize) -> (usize, usize) {
        let (unit, width) = unit_at(text, at);
        (self.class_of(unit), width)
    }

    /// Class and width of the character that ends just before byte `at`, which must be greater than 0.
    #[inline(always)]
    pub fn class_before(&self, text: &[u8], at: usize) -> (usize, usize) {
        let last = text.get(at.wrapping_sub(1)).copied().unwrap_or(0);
        match self.ascii.get(usize::from(last)) {
            Some(class) => (usize::from(*class), 1),
            None => self.wide_class_at(text, before(text, at)),
        }
    }
}

/// Unit and width in bytes of the character at byte `at` of internal text.
pub fn unit_at(text: &[u8], at: usize) -> (u16, usize) {
    let byte = |offset: usize| u32::from(text.get(at + offset).copied().unwrap_or(0));
    let tail = |offset: usize| byte(offset) & 0x3F;
    let lead = byte(0);
    match lead {
        0..0x80 => (lead as u16, 1),
        0x80..0xE0 => (((lead & 0x1F) << 6 | tail(1)) as u16, 2),
        0xE0..0xF0 => (((lead & 0xF) << 12 | tail(1) << 6 | tail(2)) as u16, 3),
        _ => (
            unit_of(((lead & 7) << 18) | tail(1) << 12 | tail(2) << 6 | tail(3)),
            4,
        ),
    }
}

/// The unit that a character of internal text stands for, given its code point.
pub fn unit_of(code: u32) -> u16 {
    match code {
        0..=0xFFFF => code as u16,
        0x10F800.. => (code - 0x10F800 + 0xD800) as u16,
        _ => 0xFFFD,
    }
}

/// The character that stands for `unit` in internal text.
pub fn char_of(unit: u16) -> Option<char> {
    let code = u32::from(unit);
    char::from_u32(if (0xD800..0xE000).contains(&code) {
        code - 0xD800 + 0x10F800
    } else {
        code
    })
}

/// The beginning of the character that ends just before byte `at`.
pub fn before(text: &[u8], at: usize) -> usize {
    let mut start = at.saturating_sub(1);
    while start > 0 && text.get(start).is_some_and(|byte| byte & 0xC0 == 0x80) {
        start -= 1;
    }
    start
}

/// The beginning of the character after the one at byte `at`; the text's length at its end.
pub fn after(text: &[u8], at: usize) -> usize {
    (at + unit_at(text, at).1).min(text.len())
}

fn class_in_runs(runs: &[(u16, u16)], unit: u16) -> u16 {
    let index = runs.partition_point(|run| run.0 <= unit);
    runs.get(index.wrapping_sub(1)).map_or(0, |run| run.1)
}

/// Which sets each class is in; classes are numbered in the order of their first unit.
struct Signatures {
    rows: Vec<Bits>,
    table: HashTable<u16>,
    hasher: RandomState,
    set_count: usize,
}

impl Signatures {
    fn new(set_count: usize) -> Signatures {
        Signatures {
            rows: Vec::new(),
            table: HashTable::new(),
            hasher: RandomState::default(),
            set_count,
        }
    }

    fn class(&mut self, signature: &Bits) -> u16 {
        let Signatures {
            rows,
            table,
            hasher,
            ..
        } = self;
        let hash = hasher.hash_one(&signature.words);
        if let Some(class) = table.find(hash, |class| {
            rows.get(usize::from(*class)) == Some(signature)
        }) {
            return *class;
        }
        let class = rows.len() as u16;
        rows.push(signature.clone());
        table.insert_unique(hash, class, |class| {
            hasher.hash_one(
                rows.get(usize::from(*class))
                    .map_or(&[] as &[u64], |row| &row.words),
            )
        });
        class
    }
}

/// The runs of units between any two boundaries of any set.
fn partition(sets: &[CharSet], signatures: &mut Signatures) -> Vec<(u16, u16)> {
    let mut boundaries: Vec<(u32, u32)> = Vec::new();
    for (set, charset) in sets.iter().enumerate() {
        for &(first, last) in charset.ranges() {
            boundaries.push((u32::from(first), set as u32));
            boundaries.push((u32::from(last) + 1, set as u32));
        }
    }
    boundaries.sort();
    let mut signature = Bits::new(signatures.set_count.max(1));
    let mut runs: Vec<(u16, u16)> = Vec::new();
    let mut position = 0u32;
    let mut rest = boundaries.as_slice();
    while position <= 0xFFFF {
        while let Some((&(_, set), after)) =
            rest.split_first().filter(|((at, _), _)| *at == position)
        {
            if let Some(word) = signature.words.get_mut(set as usize / 64) {
                *word ^= 1 << (set % 64);
            }
            rest = after;
        }
        let class = signatures.class(&signature);
        if runs.last().is_none_or(|run| run.1 != class) {
            runs.push((position as u16, class));
        }
        position = rest.first().map_or(0x10000, |boundary| boundary.0);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::super::tables;
    use super::*;

    #[test]
    fn classes_tell_the_sets_apart() {
        let sets = [
            CharSet::from_table(tables::WORD),
            CharSet::single(b'a'.into()),
            CharSet::from_table(tables::DIGIT),
        ];
        let alphabet = Alphabet::new(&sets, Some(0), None);
        for unit in 0..=0xFFFFu16 {
            let class = alphabet.class_of(unit);
            for (number, set) in sets.iter().enumerate() {
                let inside = set
                    .ranges()
                    .iter()
                    .any(|range| range.0 <= unit && unit <= range.1);
                assert_eq!(
                    alphabet.members(number).unwrap().contains(class),
                    inside,
                    "{unit:x}"
                );
            }
            assert_eq!(
                alphabet.side(class) == SIDE_WORD,
                alphabet.members(0).unwrap().contains(class)
            );
        }
        assert_eq!(alphabet.class_count(), 4);
    }

    #[test]
    fn decoding_in_both_directions() {
        let text = "a\u{e9}\u{4e2d}\u{10F83D}b";
        let units = [0x61, 0xE9, 0x4E2D, 0xD83D, 0x62];
        let mut at = 0;
        for unit in units {
            let (found, width) = unit_at(text.as_bytes(), at);
            assert_eq!(found, unit);
            assert_eq!(before(text.as_bytes(), at + width), at);
            at += width;
        }
        assert_eq!(at, text.len());
    }
}
