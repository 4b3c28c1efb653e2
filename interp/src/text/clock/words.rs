//! Sets of words that input may spell out or abbreviate.

use std::collections::BTreeMap;

use crate::text::chars::to_lower;
use crate::text::strings::lower;

/// Words in lower case with what they stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WordSet {
    entries: Vec<(String, i64)>,
    /// Whether a word must be spelled in the case that it is listed in to be known.
    is_exact: bool,
}

impl WordSet {
    /// The words of `pairs` and those of their abbreviations that begin no other word, not even one of the same meaning.
    pub(super) fn with_abbreviations<'p>(
        pairs: impl IntoIterator<Item = (&'p str, i64)>,
    ) -> WordSet {
        let mut words: BTreeMap<String, i64> = BTreeMap::new();
        words.extend(pairs.into_iter().map(|(word, value)| (lower(word), value)));
        let mut prefixes: BTreeMap<&str, (usize, i64)> = BTreeMap::new();
        for (word, value) in &words {
            for (end, character) in word.char_indices() {
                prefixes
                    .entry(&word[..end + character.len_utf8()])
                    .or_insert((0, *value))
                    .0 += 1;
            }
        }
        let unique = prefixes
            .into_iter()
            .filter(|(prefix, (count, _))| *count == 1 && !words.contains_key(*prefix));
        let mut entries: Vec<(String, i64)> = unique
            .map(|(prefix, (_, value))| (prefix.to_owned(), value))
            .collect();
        entries.extend(words.iter().map(|(word, value)| (word.clone(), *value)));
        WordSet {
            entries,
            is_exact: false,
        }
    }

    /// The numerals of 0, 1, 2 …
    pub(super) fn of_numerals(numerals: &[String]) -> WordSet {
        let entries = numerals
            .iter()
            .zip(0..)
            .map(|(numeral, number)| (numeral.clone(), number))
            .collect();
        WordSet {
            entries,
            is_exact: true,
        }
    }

    /// Where words that are found at byte `at` of `text` end, in ascending order. No word at all is found everywhere.
    pub(super) fn ends(&self, text: &str, at: usize) -> Vec<usize> {
        if self.entries.is_empty() {
            return vec![at];
        }
        let rest = text.get(at..).unwrap_or_default();
        let mut ends: Vec<usize> = self
            .entries
            .iter()
            .filter_map(|(word, _)| Some(at + length_at_front(rest, word)?))
            .collect();
        ends.sort_unstable();
        ends.dedup();
        ends
    }

    /// What a word that was found stands for.
    pub(super) fn value(&self, word: &str) -> Option<i64> {
        let folded = if self.is_exact {
            word.to_owned()
        } else {
            lower(word)
        };
        self.entries
            .iter()
            .find(|(known, _)| *known == folded)
            .map(|(_, value)| *value)
    }
}

/// How many bytes of `text` are `word`, regardless of case.
fn length_at_front(text: &str, word: &str) -> Option<usize> {
    let mut rest = text.chars();
    for expected in word.chars() {
        if to_lower(rest.next()?) != to_lower(expected) {
            return None;
        }
    }
    Some(text.len() - rest.as_str().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unique_abbreviations_are_words() {
        let days =
            WordSet::with_abbreviations([("Sun", 7), ("Sunday", 7), ("Sat", 6), ("Saturday", 6)]);
        assert_eq!(days.ends("SUNDAY", 0), [3, 4, 5, 6]);
        assert_eq!(days.ends("su", 0), [0usize; 0]);
        assert_eq!(days.value("SaTu"), Some(6));
    }

    #[test]
    fn numerals_keep_their_case() {
        let numerals = WordSet::of_numerals(&["?".into(), "i".into(), "ii".into()]);
        assert_eq!(numerals.ends("IIx", 0), [1, 2]);
        assert_eq!(numerals.value("ii"), Some(2));
        assert_eq!(numerals.value("II"), None);
    }
}
