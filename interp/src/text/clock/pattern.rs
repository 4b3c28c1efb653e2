//! The format of `clock scan`, taken apart into atoms and the fields that they fill.

use std::rc::Rc;

use super::locale::Locale;
use super::matcher::Atom;
use super::words::WordSet;
use crate::text::chars::{Class, is_class};

/// What is known of a date and time before it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Field {
    Seconds,
    JulianDay,
    /// 0 before the common era, 1 in it.
    Era,
    Century,
    YearOfCentury,
    Month,
    DayOfMonth,
    DayOfYear,
    WeekCentury,
    WeekYearOfCentury,
    Week,
    /// 1 for Monday to 7 for Sunday.
    Weekday,
    Hour,
    HourOfTwelve,
    Minute,
    Second,
    /// 0 before noon, 1 after it.
    HalfOfDay,
    Zone,
}

/// How many fields there are.
pub(super) const FIELDS: usize = Field::Zone as usize + 1;

/// What an atom's text is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Capture {
    /// A number for a field.
    Number(Field),
    /// A word of the set, for a field.
    Word(Field, Rc<WordSet>),
    /// The number of a weekday, 0 and 7 being Sunday.
    Weekday,
    /// The same as a word of the set.
    WeekdayWord(Rc<WordSet>),
    /// Seconds since 1970, of 64 bits.
    Seconds,
    /// A zone.
    Zone,
    /// Years since 1946, the thousandths of the year, and the tenths of the day.
    StardateYear,
    StardateFraction,
    StardateTenth,
}

/// A scan format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    pub(super) atoms: Vec<Atom>,
    /// In the order of their atoms, whose numbers they give.
    pub(super) captures: Vec<(usize, Capture)>,
    /// Where each field was last filled, counted from 1; 0 for never. Of several ways to tell a date, the last counts.
    pub(super) positions: [usize; FIELDS],
    fields: usize,
}

impl Pattern {
    pub(super) fn new(format: &str, locale: &Locale) -> Pattern {
        let format = condensed(&locale.expand(format));
        let mut pattern = Pattern {
            atoms: vec![Atom::Space(0)],
            captures: Vec::new(),
            positions: [0; FIELDS],
            fields: 0,
        };
        let mut chars = format.chars();
        while let Some(character) = chars.next() {
            match (character, chars.as_str().is_empty()) {
                ('%', false) => pattern.push_group(&mut chars, locale),
                (' ', _) => pattern.push_space(1),
                (character, _) => pattern.atoms.push(Atom::Char(character)),
            }
        }
        pattern.push_space(0);
        pattern
    }

    /// Whether a field is filled.
    pub(super) fn has(&self, field: Field) -> bool {
        self.positions[field as usize] > 0
    }

    fn push_space(&mut self, min: usize) {
        match self.atoms.last_mut() {
            Some(Atom::Space(before)) => *before += min,
            _ => self.atoms.push(Atom::Space(min)),
        }
    }

    fn push_text(&mut self, text: &str) {
        self.atoms.extend(text.chars().map(Atom::Char));
    }

    fn push_capture(&mut self, atom: Atom, capture: Capture) {
        self.captures.push((self.atoms.len(), capture));
        self.atoms.push(atom);
    }

    fn fill(&mut self, field: Field) {
        self.fields += 1;
        self.positions[field as usize] = self.fields;
    }

    /// White space and `min` to `max` digits.
    fn push_number(&mut self, min: usize, max: usize, field: Field) {
        self.push_space(0);
        self.fill(field);
        self.push_capture(Atom::Digits(min, max), Capture::Number(field));
    }

    /// White space and the four digits of a year.
    fn push_year(&mut self, century: Field, year_of_century: Field) {
        self.push_number(2, 2, century);
        self.fill(year_of_century);
        self.push_capture(Atom::Digits(2, 2), Capture::Number(year_of_century));
    }

    fn push_word(&mut self, words: WordSet, field: Field) {
        let words = Rc::new(words);
        self.fill(field);
        self.push_capture(Atom::Word(words.clone()), Capture::Word(field, words));
    }

    fn push_group(&mut self, chars: &mut std::str::Chars<'_>, locale: &Locale) {
        let Some(group) = chars.next() else { return };
        match group {
            '%' => self.atoms.push(Atom::Char('%')),
            ' ' => self.push_space(0),
            'a' | 'A' => {
                let days = locale
                    .days_abbreviated
                    .iter()
                    .zip(&locale.days_full)
                    .zip([7, 1, 2, 3, 4, 5, 6]);
                self.push_word(
                    WordSet::with_abbreviations(days.flat_map(both_names)),
                    Field::Weekday,
                );
            }
            'b' | 'B' | 'h' => {
                let months = locale
                    .months_abbreviated
                    .iter()
                    .zip(&locale.months_full)
                    .zip(1..);
                self.push_word(
                    WordSet::with_abbreviations(months.flat_map(both_names)),
                    Field::Month,
                );
            }
            'C' => self.push_number(1, 2, Field::Century),
            'd' | 'e' => self.push_number(1, 2, Field::DayOfMonth),
            'E' => self.push_era_group(chars.next(), locale),
            'g' => self.push_number(2, 2, Field::WeekYearOfCentury),
            'G' => self.push_year(Field::WeekCentury, Field::WeekYearOfCentury),
            'H' | 'k' => self.push_number(1, 2, Field::Hour),
            'I' | 'l' => self.push_number(1, 2, Field::HourOfTwelve),
            'j' => self.push_number(1, 3, Field::DayOfYear),
            'J' => self.push_number(1, usize::MAX, Field::JulianDay),
            'm' | 'N' => self.push_number(1, 2, Field::Month),
            'M' => self.push_number(1, 2, Field::Minute),
            'n' => self.atoms.push(Atom::Char('\n')),
            'O' => self.push_numeral_group(chars.next(), locale),
            'p' | 'P' => {
                let halves = WordSet::with_abbreviations([(&*locale.am, 0), (&*locale.pm, 1)]);
                self.push_word(halves, Field::HalfOfDay);
            }
            'Q' => self.push_stardate(),
            's' => {
                self.push_space(0);
                self.fill(Field::Seconds);
                self.push_capture(Atom::Signed, Capture::Seconds);
            }
            'S' => self.push_number(1, 2, Field::Second),
            't' => self.atoms.push(Atom::Char('\t')),
            'u' | 'w' => {
                self.push_space(0);
                self.fill(Field::Weekday);
                self.push_capture(Atom::Digits(1, 1), Capture::Weekday);
            }
            'U' | 'W' => {
                // Nothing is made of these weeks.
                self.push_space(0);
                self.atoms.push(Atom::Digits(1, 2));
            }
            'V' => self.push_number(1, 2, Field::Week),
            'y' => self.push_number(1, 2, Field::YearOfCentury),
            'Y' => self.push_year(Field::Century, Field::YearOfCentury),
            'z' | 'Z' => {
                self.fill(Field::Zone);
                self.push_capture(Atom::Zone, Capture::Zone);
            }
            other => self.atoms.extend([Atom::Char('%'), Atom::Char(other)]),
        }
    }

    fn push_era_group(&mut self, group: Option<char>, locale: &Locale) {
        match group {
            Some('C') => {
                let eras = locale.eras.iter().map(|era| (&*era.name, era.year));
                self.atoms
                    .push(Atom::Word(Rc::new(WordSet::with_abbreviations(eras))));
            }
            Some('E') => {
                let eras = [
                    (&*locale.before_common_era, 0),
                    (&*locale.common_era, 1),
                    ("b.c.e.", 0),
                    ("c.e.", 1),
                    ("b.c.", 0),
                    ("a.d.", 1),
                ];
                self.push_word(WordSet::with_abbreviations(eras), Field::Era);
            }
            // Nothing is made of these years.
            Some('y') => self
                .atoms
                .push(Atom::Word(Rc::new(WordSet::of_numerals(&locale.numerals)))),
            other => self.push_unknown('E', other),
        }
    }

    fn push_numeral_group(&mut self, group: Option<char>, locale: &Locale) {
        let field = match group {
            Some('d' | 'e') => Field::DayOfMonth,
            Some('H' | 'k') => Field::Hour,
            Some('I' | 'l') => Field::HourOfTwelve,
            Some('m') => Field::Month,
            Some('M') => Field::Minute,
            Some('S') => Field::Second,
            Some('u' | 'w') => {
                let words = Rc::new(WordSet::of_numerals(&locale.numerals));
                self.fill(Field::Weekday);
                return self.push_capture(Atom::Word(words.clone()), Capture::WeekdayWord(words));
            }
            Some('y') => Field::YearOfCentury,
            other => return self.push_unknown('O', other),
        };
        self.push_word(WordSet::of_numerals(&locale.numerals), field);
    }

    fn push_unknown(&mut self, prefix: char, group: Option<char>) {
        self.atoms
            .extend(['%', prefix].into_iter().chain(group).map(Atom::Char));
    }

    fn push_stardate(&mut self) {
        self.push_text("Stardate");
        self.push_space(1);
        self.fill(Field::Seconds);
        self.push_capture(Atom::Signed, Capture::StardateYear);
        self.push_capture(Atom::Digits(3, 3), Capture::StardateFraction);
        self.push_text(".");
        self.push_capture(Atom::Digits(1, 1), Capture::StardateTenth);
    }
}

/// The two names of something numbered.
fn both_names<'n>(
    ((abbreviated, full), number): ((&'n String, &'n String), i64),
) -> [(&'n str, i64); 2] {
    [(abbreviated, number), (full, number)]
}

/// `format` with runs of white space as one space.
fn condensed(format: &str) -> String {
    let mut out = String::with_capacity(format.len());
    for character in format.chars() {
        if !is_class(character, Class::Space) {
            out.push(character);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_one_atom_however_it_comes() {
        let pattern = Pattern::new(" \t%d% ", &Locale::root());
        assert_eq!(
            pattern.atoms,
            [Atom::Space(1), Atom::Digits(1, 2), Atom::Space(0)]
        );
        assert_eq!(pattern.captures, [(1, Capture::Number(Field::DayOfMonth))]);
    }

    #[test]
    fn unknown_and_unfinished_groups_stand_for_themselves() {
        let text = |format: &str| {
            let pattern = Pattern::new(format, &Locale::root());
            let chars = pattern.atoms.iter().filter_map(|atom| match atom {
                Atom::Char(character) => Some(*character),
                _ => None,
            });
            chars.collect::<String>()
        };
        assert_eq!(text("%q%Eq%Oq%"), "%q%Eq%Oq%");
        assert_eq!(text("%%%E"), "%%E");
    }
}
