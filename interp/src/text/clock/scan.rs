//! `clock scan -format`: from text to fields, and from fields to a time.

use super::Failure;
use super::calendar::{self, CHANGEOVER_ROME, DAY_SECONDS, POSIX_EPOCH};
use super::format::Moment;
use super::legacy_zone::legacy_zone;
use super::locale::Locale;
use super::matcher::match_atoms;
use super::pattern::{Capture, FIELDS, Field, Pattern};
use super::words::WordSet;
use super::zone::Zone;
use crate::text::number::{Number, parse_number};

/// The last day that is scanned: 31 December 9999.
const DAY_MAX: i64 = 5_373_484;

/// The year that stardates count from.
const STARDATE_YEAR: i64 = 1946;

/// A scan format, ready for use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanFormat {
    pattern: Pattern,
    date_rule: DateRule,
    time_rule: TimeRule,
    changeover: i32,
}

/// The fields that a text filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned<'f> {
    format: &'f ScanFormat,
    values: [i64; FIELDS],
    /// The zone that the text names, in a form that has no other meaning.
    pub zone: Option<String>,
}

/// How the day follows from the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DateRule {
    Seconds,
    JulianDay,
    Date(YearSource),
    YearDay(YearSource),
    Week(YearSource),
    DayOfBaseMonth,
    DayOfBaseWeek,
    BaseDay,
}

/// Where the year is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum YearSource {
    EraAndCentury,
    Century,
    TwoDigits,
    Base,
}

/// How the time of day follows from the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TimeRule {
    Seconds,
    /// Of hour, minute and second, as many as this says.
    OfDay(u8),
    /// The same with the hour of a half of the day.
    OfHalfDay(u8),
    Midnight,
}

/// A rule, the fields it takes, and its rank: the lowest that has its fields decides.
type Rule<T> = (&'static [Field], u8, T);

const DATE_RULES: &[Rule<DateRule>] = {
    use DateRule as R;
    use Field as F;
    use YearSource as Y;
    &[
        (&[F::Seconds], 0, R::Seconds),
        (&[F::JulianDay], 1, R::JulianDay),
        (
            &[
                F::Era,
                F::Century,
                F::YearOfCentury,
                F::Month,
                F::DayOfMonth,
            ],
            2,
            R::Date(Y::EraAndCentury),
        ),
        (
            &[F::Era, F::Century, F::YearOfCentury, F::DayOfYear],
            2,
            R::YearDay(Y::EraAndCentury),
        ),
        (
            &[F::Century, F::YearOfCentury, F::Month, F::DayOfMonth],
            3,
            R::Date(Y::Century),
        ),
        (
            &[F::Century, F::YearOfCentury, F::DayOfYear],
            3,
            R::YearDay(Y::Century),
        ),
        (
            &[F::WeekCentury, F::WeekYearOfCentury, F::Week, F::Weekday],
            3,
            R::Week(Y::Century),
        ),
        (
            &[F::YearOfCentury, F::Month, F::DayOfMonth],
            4,
            R::Date(Y::TwoDigits),
        ),
        (
            &[F::YearOfCentury, F::DayOfYear],
            4,
            R::YearDay(Y::TwoDigits),
        ),
        (
            &[F::WeekYearOfCentury, F::Week, F::Weekday],
            4,
            R::Week(Y::TwoDigits),
        ),
        (&[F::Month, F::DayOfMonth], 5, R::Date(Y::Base)),
        (&[F::DayOfYear], 5, R::YearDay(Y::Base)),
        (&[F::Week, F::Weekday], 5, R::Week(Y::Base)),
        (&[F::DayOfMonth], 6, R::DayOfBaseMonth),
        (&[F::Weekday], 7, R::DayOfBaseWeek),
        (&[], 8, R::BaseDay),
    ]
};

const TIME_RULES: &[Rule<TimeRule>] = {
    use Field as F;
    use TimeRule as R;
    &[
        (&[F::Seconds], 1, R::Seconds),
        (
            &[F::HourOfTwelve, F::Minute, F::Second, F::HalfOfDay],
            2,
            R::OfHalfDay(3),
        ),
        (&[F::Hour, F::Minute, F::Second], 2, R::OfDay(3)),
        (
            &[F::HourOfTwelve, F::Minute, F::HalfOfDay],
            3,
            R::OfHalfDay(2),
        ),
        (&[F::Hour, F::Minute], 3, R::OfDay(2)),
        (&[F::HourOfTwelve, F::HalfOfDay], 4, R::OfHalfDay(1)),
        (&[F::Hour], 4, R::OfDay(1)),
        (&[], 5, R::Midnight),
    ]
};

/// The rule of the lowest rank that has its fields. Among equals, the one whose fields come last decides.
fn choose<T: Copy>(rules: &[Rule<T>], pattern: &Pattern, otherwise: T) -> T {
    let mut best: Option<(u8, Vec<usize>, T)> = None;
    for (fields, rank, rule) in rules {
        if !fields.iter().all(|field| pattern.has(*field)) {
            continue;
        }
        let mut positions: Vec<usize> = fields
            .iter()
            .map(|field| pattern.positions[*field as usize])
            .collect();
        positions.sort_unstable_by(|left, right| right.cmp(left));
        match &best {
            Some((best_rank, ..)) if rank > best_rank => break,
            Some((_, best_positions, _)) if positions < *best_positions => {}
            _ => best = Some((*rank, positions, *rule)),
        }
    }
    best.map_or(otherwise, |(_, _, rule)| rule)
}

impl ScanFormat {
    /// A format in a locale.
    pub fn new(format: &str, locale: &Locale) -> ScanFormat {
        let pattern = Pattern::new(format, locale);
        let date_rule = choose(DATE_RULES, &pattern, DateRule::BaseDay);
        let time_rule = choose(TIME_RULES, &pattern, TimeRule::Midnight);
        ScanFormat {
            pattern,
            date_rule,
            time_rule,
            changeover: locale.changeover,
        }
    }

    /// Whether what the text leaves out of the date is taken from the base time.
    pub fn needs_base(&self) -> bool {
        matches!(
            self.date_rule,
            DateRule::Date(YearSource::Base)
                | DateRule::YearDay(YearSource::Base)
                | DateRule::Week(YearSource::Base)
                | DateRule::DayOfBaseMonth
                | DateRule::DayOfBaseWeek
                | DateRule::BaseDay
        )
    }

    /// The first day of the Gregorian calendar in the format's locale.
    pub fn changeover(&self) -> i32 {
        self.changeover
    }

    /// The fields that `text` fills.
    ///
    /// Errors: `CLOCK badInputString`, `badDayOfWeek`, `badTZName`, `integervalueTooLarge`.
    pub fn scan(&self, text: &str) -> Result<Scanned<'_>, Failure> {
        let ranges = match_atoms(&self.pattern.atoms, text).ok_or_else(|| {
            Failure::clock(
                "input string does not match supplied format",
                ["badInputString"],
            )
        })?;
        let mut scanned = Scanned {
            format: self,
            values: [0; FIELDS],
            zone: None,
        };
        let mut stardate = (0, 0);
        for (atom, capture) in &self.pattern.captures {
            let range = ranges.get(*atom).copied().unwrap_or_default();
            let found = text.get(range.0..range.1).unwrap_or_default();
            match capture {
                Capture::Number(field) => scanned.set(*field, digits(found)),
                Capture::Word(field, words) => scanned.set(*field, word(words, found)?),
                Capture::Weekday => scanned.set_weekday(digits(found))?,
                Capture::WeekdayWord(words) => scanned.set_weekday(word(words, found)?)?,
                Capture::Seconds => scanned.set(Field::Seconds, seconds(found)?),
                Capture::Zone => scanned.zone = Some(zone_name(found)?),
                Capture::StardateYear => stardate.0 = found.parse().unwrap_or(i64::MAX),
                Capture::StardateFraction => stardate.1 = digits(found),
                Capture::StardateTenth => {
                    scanned.set(
                        Field::Seconds,
                        stardate_seconds(stardate.0, stardate.1, digits(found))?,
                    );
                }
            }
        }
        Ok(scanned)
    }
}

impl Scanned<'_> {
    fn set(&mut self, field: Field, value: i64) {
        self.values[field as usize] = value;
    }

    fn get(&self, field: Field) -> i64 {
        self.values[field as usize]
    }

    /// The same as a number of at most four digits, which all fields are that this is asked of.
    fn small(&self, field: Field) -> i32 {
        i32::try_from(self.get(field)).unwrap_or(i32::MAX)
    }

    fn set_weekday(&mut self, weekday: i64) -> Result<(), Failure> {
        if weekday > 7 {
            return Err(Failure::clock(
                "day of week is greater than 7",
                ["badDayOfWeek"],
            ));
        }
        self.set(Field::Weekday, if weekday == 0 { 7 } else { weekday });
        Ok(())
    }

    /// The seconds since 1970, if they are what the text gives. Neither a zone nor a base matters then.
    pub fn absolute(&self) -> Option<i64> {
        (self.format.date_rule == DateRule::Seconds).then(|| self.get(Field::Seconds))
    }

    /// The seconds since 1970.
    ///
    /// * `base`: in the same zone; may be absent where the format does not need it.
    ///
    /// Errors: `CLOCK dateTooLarge`.
    pub fn time(&self, zone: &Zone, base: Option<&Moment<'_>>) -> Result<i64, Failure> {
        if let Some(seconds) = self.absolute() {
            return Ok(seconds);
        }
        let day = self.day(base);
        if day > DAY_MAX {
            return Err(Failure::clock(
                "requested date too large to represent",
                ["dateTooLarge"],
            ));
        }
        Ok(zone.to_utc(calendar::local_seconds(day, self.second_of_day())))
    }

    fn day(&self, base: Option<&Moment<'_>>) -> i64 {
        let changeover = self.format.changeover;
        let base_year = base.map_or(1970, |base| base.year_day.year);
        let base_week = base.map_or((1970, 1), |base| (base.week.year, base.week.week));
        let weekday = self.small(Field::Weekday);
        i64::from(match self.format.date_rule {
            DateRule::JulianDay => return self.get(Field::JulianDay),
            DateRule::Date(source) => {
                let year = self.year(source, Field::Century, Field::YearOfCentury, base_year);
                calendar::date_day(
                    year,
                    self.small(Field::Month),
                    self.small(Field::DayOfMonth),
                    changeover,
                )
            }
            DateRule::YearDay(source) => {
                let year = self.year(source, Field::Century, Field::YearOfCentury, base_year);
                calendar::day_of_year_day(year, self.small(Field::DayOfYear), changeover)
            }
            DateRule::Week(source) => {
                let year = self.year(
                    source,
                    Field::WeekCentury,
                    Field::WeekYearOfCentury,
                    base_week.0,
                );
                calendar::week_day_day(year, self.small(Field::Week), weekday, changeover)
            }
            DateRule::DayOfBaseMonth => {
                let month = base.map_or(1, |base| base.month);
                calendar::date_day(base_year, month, self.small(Field::DayOfMonth), changeover)
            }
            DateRule::DayOfBaseWeek => {
                calendar::week_day_day(base_week.0, base_week.1, weekday, changeover)
            }
            DateRule::BaseDay | DateRule::Seconds => base.map_or(0, |base| base.day),
        })
    }

    fn year(&self, source: YearSource, century: Field, year_of_century: Field, base: i32) -> i32 {
        let two_digits = self.small(year_of_century);
        let full = 100 * self.small(century).min(99) + two_digits;
        match source {
            YearSource::EraAndCentury if self.get(Field::Era) == 0 => 1 - full,
            YearSource::EraAndCentury | YearSource::Century => full,
            YearSource::TwoDigits if two_digits <= 37 => 2000 + two_digits,
            YearSource::TwoDigits => 1900 + two_digits,
            YearSource::Base => base,
        }
    }

    fn second_of_day(&self) -> i64 {
        let (hour, parts) = match self.format.time_rule {
            TimeRule::Seconds | TimeRule::Midnight => return 0,
            TimeRule::OfDay(parts) => (self.get(Field::Hour), parts),
            TimeRule::OfHalfDay(parts) => {
                let hour = self.get(Field::HourOfTwelve);
                (
                    if hour == 12 { 0 } else { hour } + 12 * self.get(Field::HalfOfDay),
                    parts,
                )
            }
        };
        let minute = if parts > 1 {
            self.get(Field::Minute)
        } else {
            0
        };
        let second = if parts > 2 {
            self.get(Field::Second)
        } else {
            0
        };
        (hour * 60 + minute) * 60 + second
    }
}

/// The number that digits are; too large a one is the largest.
fn digits(text: &str) -> i64 {
    text.parse().unwrap_or(i64::MAX)
}

fn word(words: &WordSet, text: &str) -> Result<i64, Failure> {
    words.value(text).ok_or_else(|| Failure {
        message: format!("key \"{text}\" not known in dictionary"),
        code: ["TCL", "LOOKUP", "DICT", text].map(str::to_owned).to_vec(),
    })
}

/// The seconds that a signed decimal is. As in tclsh, it must mean the same where a leading zero makes it octal.
fn seconds(text: &str) -> Result<i64, Failure> {
    match (text.parse(), parse_number(text)) {
        (Ok(decimal), Some(Number::Int(number))) if decimal == number => Ok(decimal),
        _ => Err(Failure::clock(
            "integer value too large to represent",
            ["integervalueTooLarge"],
        )),
    }
}

/// The zone that a name or offset in a text means.
fn zone_name(text: &str) -> Result<String, Failure> {
    if text.starts_with(['+', '-']) {
        return Ok(text.to_owned());
    }
    let name = crate::text::strings::lower(text);
    match legacy_zone(&name) {
        Some(offset) => Ok(offset.to_owned()),
        None => Err(Failure::clock(
            format!("time zone \"{name}\" not found"),
            ["badTZName", &name],
        )),
    }
}

/// The start of a stardate's tenth of a day.
fn stardate_seconds(years: i64, thousandths: i64, tenth: i64) -> Result<i64, Failure> {
    let year = years
        .checked_add(STARDATE_YEAR)
        .and_then(|year| i32::try_from(year).ok());
    let year = year.ok_or_else(Failure::overflow)?;
    let days = if calendar::is_leap_year(year, true) {
        366
    } else {
        365
    };
    let day_of_year =
        i32::try_from(thousandths * days / 1000 + 1).map_err(|_| Failure::overflow())?;
    let day = calendar::day_of_year_day(year, day_of_year, CHANGEOVER_ROME);
    Ok(DAY_SECONDS * i64::from(day) - POSIX_EPOCH + DAY_SECONDS / 10 * tenth)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(format: &str, text: &str) -> Result<i64, Failure> {
        let format = ScanFormat::new(format, &Locale::root());
        let zone = Zone::fixed(0, "GMT");
        // Friday, 13 February 2009.
        let base = Moment::new(1_234_567_890, &zone, CHANGEOVER_ROME);
        format.scan(text)?.time(&zone, Some(&base))
    }

    #[test]
    fn what_is_left_out_is_the_bases() {
        let midnight = 1_234_483_200;
        assert_eq!(
            time("%Y-%m-%d %H:%M:%S", "2009-02-13 23:31:30"),
            Ok(1_234_567_890)
        );
        assert_eq!(time("%m/%d", "2/13"), Ok(midnight));
        assert_eq!(time("%d", "13"), Ok(midnight));
        assert_eq!(time("%a", "fri"), Ok(midnight));
        assert_eq!(time("%j", "44"), Ok(midnight));
        assert_eq!(time("V%V %u", "V7 5"), Ok(midnight));
        assert_eq!(time("%I:%M %p", "12:00 pm"), Ok(midnight + 43_200));
        assert_eq!(time("", ""), Ok(midnight));
        assert_eq!(time("%s", " -5 "), Ok(-5));
        assert_eq!(
            time("%Q", "Stardate 63117.9"),
            Ok(midnight - 86_400 + 77_760)
        );
    }

    #[test]
    fn of_two_dates_the_last_counts() {
        assert_eq!(time("%Y %m %d %j", "1970 01 01 002"), Ok(86_400));
        assert_eq!(time("%j %Y %m %d", "002 1970 01 01"), Ok(0));
    }

    #[test]
    fn failures_carry_codes() {
        let code = |format: &str, text: &str| time(format, text).unwrap_err().code.join(" ");
        assert_eq!(code("%Y", "x"), "CLOCK badInputString");
        assert_eq!(code("%u", "8"), "CLOCK badDayOfWeek");
        assert_eq!(code("%J", "5373485"), "CLOCK dateTooLarge");
        assert_eq!(
            code("%s", "9223372036854775808"),
            "CLOCK integervalueTooLarge"
        );
        assert_eq!(code("%s", "010"), "CLOCK integervalueTooLarge");
        assert_eq!(code("%Z", "XQZ"), "CLOCK badTZName xqz");
    }
}
