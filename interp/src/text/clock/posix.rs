//! Time zones in the form of POSIX's `TZ`: `EST5EDT,M3.2.0,M11.1.0`.

use std::rc::Rc;

use super::calendar::{
    CHANGEOVER_ENGLAND, date_day, day_of_year_day, is_leap_year, local_seconds,
    weekday_on_or_before,
};
use super::zone::{Period, Zone};
use crate::text::chars::{Class, is_class};

/// The years that daylight saving rules are applied to, as in tclsh.
const RULE_YEARS: std::ops::Range<i32> = 1916..2100;

/// A zone as its text gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PosixZone {
    standard: Side,
    /// Absent where clocks never change.
    daylight: Option<Daylight>,
}

/// The name and offset of standard or daylight saving time.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Side {
    name: Rc<str>,
    /// Seconds east of Greenwich.
    offset: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Daylight {
    side: Side,
    /// When it starts, by standard time, and when it ends, by its own.
    start: Change,
    end: Change,
}

/// When clocks change in each year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    day: ChangeDay,
    second_of_day: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChangeDay {
    /// `n`: tclsh counts from 1.
    Plain(i32),
    /// `Jn`: from 1, 29 February not counted.
    Julian(i32),
    /// `Mm.w.d`: week 5 is the last, day 0 is Sunday.
    Weekday { month: i32, week: i32, weekday: i32 },
}

impl PosixZone {
    /// Reads the text of a zone; None if it is not one.
    pub fn parse(text: &str) -> Option<PosixZone> {
        let mut parser = Parser(text);
        let name = parser.name()?;
        let written = parser.offset()?;
        let standard = Side {
            name,
            offset: written.seconds,
        };
        if parser.0.is_empty() {
            return Some(PosixZone {
                standard,
                daylight: None,
            });
        }
        let name = parser.name()?;
        let offset = match parser.0.as_bytes().first() {
            None | Some(b',') => standard.offset + 3600,
            Some(_) => parser.offset()?.seconds,
        };
        let (start, end) = if parser.0.is_empty() {
            written.default_changes()
        } else {
            (parser.change()?, parser.change()?)
        };
        let daylight = Some(Daylight {
            side: Side { name, offset },
            start,
            end,
        });
        parser
            .0
            .is_empty()
            .then_some(PosixZone { standard, daylight })
    }

    /// The zone.
    pub fn zone(&self) -> Zone {
        let (first, later) = self.periods();
        Zone::new(first, later)
    }

    /// What holds at first, and the changes of [`RULE_YEARS`] in their order.
    pub(super) fn periods(&self) -> (Period, Vec<Period>) {
        let first = self.standard.period(i64::MIN);
        let Some(daylight) = &self.daylight else {
            return (first, Vec::new());
        };
        let mut later = Vec::with_capacity(2 * RULE_YEARS.len());
        for year in RULE_YEARS {
            let start = daylight.start.local_seconds(year) - i64::from(self.standard.offset);
            let end = daylight.end.local_seconds(year) - i64::from(daylight.side.offset);
            let (start, end) = (daylight.side.period(start), self.standard.period(end));
            later.extend([start, end]);
        }
        later.sort_by_key(|period| period.start);
        (first, later)
    }
}

impl Side {
    fn period(&self, start: i64) -> Period {
        Period {
            start,
            offset: self.offset,
            name: self.name.clone(),
        }
    }
}

impl Change {
    /// The local time of the change, as seconds since 1970.
    fn local_seconds(self, year: i32) -> i64 {
        let day = match self.day {
            ChangeDay::Plain(day) => i64::from(day_of_year_day(year, day, CHANGEOVER_ENGLAND)),
            ChangeDay::Julian(day) => {
                let day = day + i32::from(day > 59 && is_leap_year(year, true));
                i64::from(day_of_year_day(year, day, CHANGEOVER_ENGLAND))
            }
            ChangeDay::Weekday {
                month,
                week: 5..,
                weekday,
            } => {
                let after = date_day(year, month + 1, 7, CHANGEOVER_ENGLAND);
                weekday_on_or_before(i64::from(weekday), i64::from(after)) - 7
            }
            ChangeDay::Weekday {
                month,
                week,
                weekday,
            } => {
                let before = date_day(year, month, 0, CHANGEOVER_ENGLAND);
                weekday_on_or_before(i64::from(weekday), i64::from(before)) + 7 * i64::from(week)
            }
        };
        local_seconds(day, i64::from(self.second_of_day))
    }

    /// At an hour of a Sunday of a month.
    fn on_sunday(month: i32, week: i32, hour: i32) -> Change {
        Change {
            day: ChangeDay::Weekday {
                month,
                week,
                weekday: 0,
            },
            second_of_day: hour * 3600,
        }
    }
}

/// An offset as it is written.
struct Offset {
    /// Seconds east of Greenwich.
    seconds: i32,
    is_east: bool,
    hours: i32,
}

impl Offset {
    /// When clocks change in a zone that does not say: as in Europe east of Greenwich, otherwise as in the USA.
    fn default_changes(&self) -> (Change, Change) {
        // tclsh counts hour 0 as Europe, and what is more than 12 hours east as America.
        let is_europe = if self.is_east {
            self.hours <= 12
        } else {
            self.hours == 0
        };
        if !is_europe {
            return (Change::on_sunday(3, 2, 2), Change::on_sunday(11, 1, 2));
        }
        // Everywhere at 1:00 UTC, as far as western and eastern Europe go.
        let start_hour = if self.hours > 2 { 2 } else { self.hours + 1 };
        (
            Change::on_sunday(3, 5, start_hour),
            Change::on_sunday(10, 5, start_hour + 1),
        )
    }
}

/// What is left of the text.
struct Parser<'a>(&'a str);

impl<'a> Parser<'a> {
    fn skip(&mut self, byte: char) -> bool {
        let rest = self.0.strip_prefix(byte);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// The chars at the front that `belongs` is true of; None if there is none.
    fn run(&mut self, belongs: impl Fn(char) -> bool) -> Option<&'a str> {
        let end = self
            .0
            .find(|character| !belongs(character))
            .unwrap_or(self.0.len());
        let (run, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        (!run.is_empty()).then_some(run)
    }

    /// Letters, or letters, digits and signs in `<>`.
    fn name(&mut self) -> Option<Rc<str>> {
        if !self.skip('<') {
            return self
                .run(|character| is_class(character, Class::Alpha))
                .map(Rc::from);
        }
        let name = self
            .run(|character| is_class(character, Class::Alnum) || matches!(character, '+' | '-'))?;
        self.skip('>').then(|| name.into())
    }

    fn number(&mut self, digits_max: usize) -> Option<i32> {
        let digits = self.run(|character| character.is_ascii_digit())?;
        if digits.len() > digits_max {
            None
        } else {
            digits.parse().ok()
        }
    }

    /// `hh`, `hh:mm` or `hh:mm:ss`: the seconds and the hours.
    fn time(&mut self) -> Option<(i32, i32)> {
        let hours = self.number(2)?;
        let mut seconds = hours * 3600;
        for unit in [60, 1] {
            if !self.skip(':') {
                break;
            }
            seconds += self.number(2)? * unit;
        }
        Some((seconds, hours))
    }

    fn offset(&mut self) -> Option<Offset> {
        let is_east = self.skip('-');
        if !is_east {
            self.skip('+');
        }
        let (seconds, hours) = self.time()?;
        Some(Offset {
            seconds: if is_east { seconds } else { -seconds },
            is_east,
            hours,
        })
    }

    /// `,` and a day with or without a time.
    fn change(&mut self) -> Option<Change> {
        /// As many digits as a number of 32 bits surely holds.
        const DIGITS_MAX: usize = 9;
        if !self.skip(',') {
            return None;
        }
        let day = if self.skip('M') || self.skip('m') {
            let month = self.number(DIGITS_MAX)?;
            let week = self.skip('.').then(|| self.number(DIGITS_MAX))??;
            let weekday = self.skip('.').then(|| self.number(DIGITS_MAX))??;
            ChangeDay::Weekday {
                month,
                week,
                weekday,
            }
        } else if self.skip('J') || self.skip('j') {
            ChangeDay::Julian(self.number(DIGITS_MAX)?)
        } else {
            ChangeDay::Plain(self.number(DIGITS_MAX)?)
        };
        let second_of_day = if self.skip('/') {
            self.time()?.0
        } else {
            2 * 3600
        };
        Some(Change { day, second_of_day })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_at(text: &str, seconds: i64) -> String {
        PosixZone::parse(text)
            .unwrap()
            .zone()
            .period_at(seconds)
            .name
            .to_string()
    }

    #[test]
    fn clocks_change_by_rule() {
        // 9 March 2008, 7:00 UTC and a second before.
        assert_eq!(name_at("EST5EDT", 1_205_046_000), "EDT");
        assert_eq!(name_at("EST5EDT", 1_205_045_999), "EST");
        assert_eq!(name_at("EST5EDT,M3.2.0,M11.1.0", 1_205_046_000), "EDT");
        // 30 March 2008, 1:00 UTC.
        assert_eq!(name_at("CET-1CEST", 1_206_838_800), "CEST");
        assert_eq!(name_at("CET-1CEST", 1_206_838_799), "CET");
        // 1 March 2008, 2:00 in New York.
        assert_eq!(name_at("EST5EDT,J60,J300", 1_204_354_800), "EDT");
        assert_eq!(name_at("EST5EDT,J60,J300", 1_204_354_799), "EST");
    }

    #[test]
    fn names_may_hold_digits_in_brackets() {
        let zone = PosixZone::parse("<+0330>-3:30").unwrap();
        assert_eq!(
            zone.standard,
            Side {
                name: "+0330".into(),
                offset: 12_600
            }
        );
    }

    #[test]
    fn other_texts_are_no_zones() {
        for text in [
            "",
            "EST",
            "5",
            "EST5EDT,",
            "EST5EDT,M3.2.0",
            "EST123",
            "EST5 ",
            "<EST5",
            "Europe/Berlin",
            "EST5EDT,M3,M4",
        ] {
            assert_eq!(PosixZone::parse(text), None, "{text}");
        }
    }
}
