//! Matching input against the atoms of a scan format: as tclsh's regular expressions do, each atom takes the most that
//! lets the rest match.

use crate::text::chars::{Class, is_class, to_lower};

use super::words::WordSet;
use std::rc::Rc;

/// The most steps that one match may take. Formats that need more than some dozens are built to need them.
const STEPS_MAX: usize = 200_000;

/// What a part of a format matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Atom {
    /// White space of at least so many characters.
    Space(usize),
    /// A character, regardless of case.
    Char(char),
    /// From so many digits to so many.
    Digits(usize, usize),
    /// Digits, a sign before them allowed.
    Signed,
    /// A word of the set.
    Word(Rc<WordSet>),
    /// `+hh`, `+hhmm` and the like, or up to four letters and digits.
    Zone,
}

/// The byte range of the input that each atom matched; None if the input does not match as a whole.
pub(super) fn match_atoms(atoms: &[Atom], text: &str) -> Option<Vec<(usize, usize)>> {
    let mut choices: Vec<Choice> = Vec::with_capacity(atoms.len());
    let mut at = 0;
    for _ in 0..STEPS_MAX {
        match atoms.get(choices.len()) {
            Some(atom) => choices.push(Choice {
                start: at,
                end: at,
                ends: atom.ends(text, at),
            }),
            None if at == text.len() => {
                return Some(
                    choices
                        .iter()
                        .map(|choice| (choice.start, choice.end))
                        .collect(),
                );
            }
            None => {}
        }
        loop {
            let choice = choices.last_mut()?;
            if let Some(end) = choice.ends.next(text) {
                choice.end = end;
                at = end;
                break;
            }
            choices.pop();
        }
    }
    None
}

/// Where an atom begins and ends, and where it could end too.
struct Choice {
    start: usize,
    end: usize,
    ends: Ends,
}

/// Where an atom may end, farthest first.
enum Ends {
    /// At every character boundary from `next` down to `least`.
    Range { next: Option<usize>, least: usize },
    /// In ascending order; taken from the back.
    List(Vec<usize>),
}

impl Ends {
    fn next(&mut self, text: &str) -> Option<usize> {
        match self {
            Ends::List(ends) => ends.pop(),
            Ends::Range { next, least } => {
                let end = (*next)?;
                *next = if end > *least {
                    Some(text.floor_char_boundary(end - 1))
                } else {
                    None
                };
                Some(end)
            }
        }
    }

    fn none() -> Ends {
        Ends::List(Vec::new())
    }
}

impl Atom {
    fn ends(&self, text: &str, at: usize) -> Ends {
        let rest = text.get(at..).unwrap_or_default();
        match self {
            Atom::Space(min) => run(rest, at, *min, usize::MAX, |character| {
                is_class(character, Class::Space)
            }),
            Atom::Char(expected) => match rest.chars().next() {
                Some(found) if found == *expected || to_lower(found) == to_lower(*expected) => {
                    Ends::Range {
                        next: Some(at + found.len_utf8()),
                        least: at + found.len_utf8(),
                    }
                }
                _ => Ends::none(),
            },
            Atom::Digits(min, max) => {
                run(rest, at, *min, *max, |character| character.is_ascii_digit())
            }
            Atom::Signed => {
                let digits = rest.strip_prefix(['-', '+']).unwrap_or(rest);
                let start = at + (rest.len() - digits.len());
                run(digits, start, 1, usize::MAX, |character| {
                    character.is_ascii_digit()
                })
            }
            Atom::Word(words) => Ends::List(words.ends(text, at)),
            Atom::Zone if rest.starts_with(['+', '-']) => {
                Ends::List(numeric_zone_ends(rest.as_bytes(), at))
            }
            Atom::Zone => run(rest, at, 1, 4, |character| {
                is_class(character, Class::Alnum)
            }),
        }
    }
}

/// The ends of `min` to `max` characters at the front of `rest`, which begins at `at`, that belong.
fn run(rest: &str, at: usize, min: usize, max: usize, belongs: impl Fn(char) -> bool) -> Ends {
    let (mut least, mut most, mut count) = (at, at, 0);
    for (offset, character) in rest.char_indices() {
        if count >= max || !belongs(character) {
            break;
        }
        count += 1;
        most = at + offset + character.len_utf8();
        if count <= min {
            least = most;
        }
    }
    if count < min {
        Ends::none()
    } else {
        Ends::Range {
            next: Some(most),
            least,
        }
    }
}

/// The ends of `+hh`, `+hhmm` and `+hhmmss`, colons between them allowed.
fn numeric_zone_ends(rest: &[u8], at: usize) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut end = 1;
    for part in 0..3 {
        let start = if part > 0 && rest.get(end) == Some(&b':') {
            end + 1
        } else {
            end
        };
        match rest.get(start..start + 2) {
            Some(digits) if digits.iter().all(u8::is_ascii_digit) => end = start + 2,
            _ => break,
        }
        ends.push(at + end);
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn atoms_give_back_what_later_ones_need() {
        let atoms = [Atom::Digits(1, 2), Atom::Digits(1, 2), Atom::Digits(2, 2)];
        assert_eq!(
            match_atoms(&atoms, "12345"),
            Some(vec![(0, 2), (2, 3), (3, 5)])
        );
        assert_eq!(match_atoms(&atoms, "123"), None);
        assert_eq!(
            match_atoms(&[Atom::Signed, Atom::Digits(3, 3)], "-12345"),
            Some(vec![(0, 3), (3, 6)])
        );
        assert_eq!(match_atoms(&[], ""), Some(vec![]));
    }

    #[test]
    fn a_format_that_would_take_for_ever_gives_up() {
        let atoms: Vec<Atom> = std::iter::repeat_n([Atom::Space(0), Atom::Signed], 30)
            .flatten()
            .collect();
        assert_eq!(match_atoms(&atoms, &("1".repeat(200) + "x")), None);
    }

    #[test]
    fn zones_are_offsets_or_names() {
        let ends = |text: &str| match_atoms(&[Atom::Zone], text).is_some();
        assert!(ends("+01") && ends("-01:30") && ends("+013015") && ends("CEST") && ends("z"));
        assert!(!ends("+1") && !ends("+01:") && !ends("CEST5") && !ends(""));
    }
}
