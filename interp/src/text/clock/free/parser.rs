//! The grammar of free-form dates.

use super::super::format::Moment;
use super::lexer::{Lexer, Token};
use super::words::MILITARY_EXCESS;
use super::{FreeTime, Relative};

/// Why a text is no date.
enum Trouble {
    /// At the token that comes next.
    Syntax,
    /// A zone where only the `T` of ISO 8601 may be.
    NotIso,
}

/// How many of each item a text has.
#[derive(Default)]
struct Counts {
    dates: usize,
    times: usize,
    zones: usize,
    weekdays: usize,
    ordinal_months: usize,
    relatives: usize,
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    counts: Counts,
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    /// Whether it is afternoon, for hours up to 12.
    meridian: Option<bool>,
    /// Minutes west of Greenwich.
    zone: i64,
    is_daylight: bool,
    month_ordinal: i64,
    day_ordinal: i64,
    weekday: i64,
    relative: Relative,
}

/// What `text` says; the parts of a date that it leaves out are those of `base`. The error is tclsh's reason.
pub(super) fn parse(text: &str, base: &Moment<'_>) -> Result<FreeTime, String> {
    let mut parser = Parser::new(text, base);
    while parser.lexer.token != Token::End {
        parser.item().map_err(|trouble| match trouble {
            Trouble::NotIso => String::new(),
            Trouble::Syntax => {
                let (first, last) = (parser.lexer.first, parser.lexer.last);
                format!("syntax error (characters {first}-{last})")
            }
        })?;
    }
    parser
        .finish()
        .map_err(|what| format!("more than one {what} in string"))
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, base: &Moment<'_>) -> Parser<'t> {
        Parser {
            lexer: Lexer::new(text),
            counts: Counts::default(),
            year: i64::from(base.year()),
            month: i64::from(base.month),
            day: i64::from(base.day_of_month),
            hour: 0,
            minute: 0,
            second: 0,
            meridian: None,
            zone: 0,
            is_daylight: false,
            month_ordinal: 0,
            day_ordinal: 0,
            weekday: 0,
            relative: Relative::default(),
        }
    }

    /// What has been read; the name of what is there twice is the error.
    fn finish(self) -> Result<FreeTime, &'static str> {
        let counts = &self.counts;
        let repeated = [
            (counts.dates, "date"),
            (counts.times, "time of day"),
            (counts.zones, "time zone"),
            (counts.weekdays, "weekday"),
            (counts.ordinal_months, "ordinal month"),
        ];
        if let Some((_, what)) = repeated.iter().find(|(count, _)| *count > 1) {
            return Err(what);
        }
        let is_given = |count: usize| count > 0;
        // Numbers are cut to 32 bits, as in tclsh.
        let cut = |number: i64| number as i32;
        let relative = Relative {
            months: i64::from(cut(self.relative.months)),
            days: i64::from(cut(self.relative.days)),
            seconds: i64::from(cut(self.relative.seconds)),
        };
        let offset =
            i64::from(cut(self.zone.wrapping_neg())) * 60 + if self.is_daylight { 3600 } else { 0 };
        Ok(FreeTime {
            date: is_given(counts.dates).then(|| (cut(self.year), cut(self.month), cut(self.day))),
            time: is_given(counts.times).then(|| self.second_of_day()),
            offset: is_given(counts.zones).then_some(offset),
            relative: is_given(counts.relatives).then_some(relative),
            weekday: (is_given(counts.weekdays) && !is_given(counts.dates))
                .then(|| (cut(self.day_ordinal), cut(self.weekday))),
            ordinal_month: is_given(counts.ordinal_months)
                .then(|| (cut(self.month_ordinal), cut(self.month))),
        })
    }

    /// Seconds since midnight, −1 if the clock does not show such a time.
    fn second_of_day(&self) -> i64 {
        let sixty = 0..60;
        let hours = match self.meridian {
            None if (0..24).contains(&self.hour) => self.hour,
            Some(is_afternoon) if (1..=12).contains(&self.hour) => {
                self.hour % 12 + if is_afternoon { 12 } else { 0 }
            }
            _ => return -1,
        };
        if !sixty.contains(&self.minute) || !sixty.contains(&self.second) {
            return -1;
        }
        (hours * 60 + self.minute) * 60 + self.second
    }

    fn number(&mut self) -> Result<i64, Trouble> {
        match self.lexer.token {
            Token::Number(number) => {
                self.lexer.take();
                Ok(number)
            }
            _ => Err(Trouble::Syntax),
        }
    }

    fn skip(&mut self, byte: u8) -> bool {
        let is_next = self.lexer.token == Token::Char(byte);
        if is_next {
            self.lexer.take();
        }
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), Trouble> {
        if self.skip(byte) {
            Ok(())
        } else {
            Err(Trouble::Syntax)
        }
    }

    /// One date, time, zone or the like. Where two readings begin alike, the longer is meant.
    fn item(&mut self) -> Result<(), Trouble> {
        let token = self.lexer.token;
        if matches!(token, Token::Char(b'+' | b'-')) {
            self.lexer.take();
            return self.after_sign(if token == Token::Char(b'-') { -1 } else { 1 });
        }
        if matches!(
            token,
            Token::Char(_)
                | Token::Unknown
                | Token::Ago
                | Token::DaylightSaving
                | Token::Meridian(_)
        ) {
            return Err(Trouble::Syntax);
        }
        self.lexer.take();
        match token {
            Token::Number(number) => self.after_number(number),
            Token::IsoNumber(number) => self.after_iso_number(number),
            Token::Zone(minutes) => {
                let is_daylight = self.lexer.token == Token::DaylightSaving;
                if is_daylight {
                    self.lexer.take();
                }
                self.set_zone(without_excess(minutes), is_daylight)
            }
            Token::DaylightZone(minutes) => self.set_zone(minutes, true),
            Token::Day(weekday) => {
                self.skip(b',');
                self.set_weekday(1, weekday)
            }
            Token::Month(month) => {
                let day = self.number()?;
                if self.skip(b',') {
                    self.year = self.number()?;
                }
                self.set_date(month, day)
            }
            Token::Next => self.after_next(),
            Token::Epoch => {
                self.year = 1970;
                self.set_date(1, 1)
            }
            Token::Stardate => self.after_stardate(),
            unit => self.relative(1, unit),
        }
    }

    fn after_number(&mut self, number: i64) -> Result<(), Trouble> {
        match self.lexer.token {
            Token::Meridian(is_afternoon) => {
                self.lexer.take();
                self.set_time(number, 0, 0, Some(is_afternoon))
            }
            Token::Char(b':') => self.after_hour(number),
            Token::Char(b'/') => {
                self.lexer.take();
                let day = self.number()?;
                if self.skip(b'/') {
                    self.year = self.number()?;
                }
                self.set_date(number, day)
            }
            Token::Char(b'-') => self.after_hyphen(number),
            Token::Day(weekday) => {
                self.lexer.take();
                self.set_weekday(number, weekday)
            }
            Token::Month(month) => {
                self.lexer.take();
                if let Token::Number(year) = self.lexer.token {
                    self.lexer.take();
                    self.year = year;
                }
                self.set_date(month, number)
            }
            unit @ (Token::SecondUnit(_) | Token::DayUnit(_) | Token::MonthUnit(_)) => {
                self.lexer.take();
                self.relative(number, unit)
            }
            _ => self.bare_number(number),
        }
    }

    /// A year after date and time, otherwise a time.
    fn bare_number(&mut self, number: i64) -> Result<(), Trouble> {
        if self.counts.times > 0 && self.counts.dates > 0 && self.counts.relatives == 0 {
            self.year = number;
            return Ok(());
        }
        // tclsh counts the digits of the last number it has seen, which may be the next one.
        if self.lexer.digit_count <= 2 {
            self.set_time(number, 0, 0, None)
        } else {
            self.set_time(number / 100, number % 100, 0, None)
        }
    }

    /// `:mm`, `:mm:ss`, `am` or `pm`.
    fn after_hour(&mut self, hour: i64) -> Result<(), Trouble> {
        self.expect(b':')?;
        let minute = self.number()?;
        let second = if self.skip(b':') { self.number()? } else { 0 };
        let meridian = match self.lexer.token {
            Token::Meridian(is_afternoon) => {
                self.lexer.take();
                Some(is_afternoon)
            }
            _ => None,
        };
        self.set_time(hour, minute, second, meridian)
    }

    /// `dd-month-yyyy`, `yyyy-mm-dd`, or the latter with `Thh:mm:ss`.
    fn after_hyphen(&mut self, number: i64) -> Result<(), Trouble> {
        self.expect(b'-')?;
        if let Token::Month(month) = self.lexer.token {
            self.lexer.take();
            self.expect(b'-')?;
            self.year = self.number()?;
            return self.set_date(month, number);
        }
        let month = self.number()?;
        self.expect(b'-')?;
        let day = self.number()?;
        if let Token::Zone(letter) = self.lexer.token {
            self.lexer.take();
            self.clock_of_iso(letter)?;
        }
        self.year = number;
        self.set_date(month, day)
    }

    /// `hh:mm:ss` after the letter that must be `T`.
    fn clock_of_iso(&mut self, letter: i64) -> Result<(), Trouble> {
        let hour = self.number()?;
        self.expect(b':')?;
        let minute = self.number()?;
        self.expect(b':')?;
        let second = self.number()?;
        check_iso_letter(letter)?;
        self.set_iso_time(hour, minute, second)
    }

    /// `hhmmss`, `Thhmmss` or `Thh:mm:ss` after `yyyymmdd`.
    fn after_iso_number(&mut self, date: i64) -> Result<(), Trouble> {
        match self.lexer.token {
            Token::IsoNumber(time) => {
                self.lexer.take();
                self.set_iso_time(time / 10_000, time % 10_000 / 100, time % 100)?;
            }
            Token::Zone(letter) => {
                self.lexer.take();
                if let Token::IsoNumber(time) = self.lexer.token {
                    self.lexer.take();
                    check_iso_letter(letter)?;
                    self.set_iso_time(time / 10_000, time % 10_000 / 100, time % 100)?;
                } else {
                    self.clock_of_iso(letter)?;
                }
            }
            _ => {}
        }
        self.year = date / 10_000;
        self.set_date(date % 10_000 / 100, date % 100)
    }

    fn after_sign(&mut self, sign: i64) -> Result<(), Trouble> {
        let number = self.number()?;
        match self.lexer.token {
            Token::Day(weekday) => {
                self.lexer.take();
                self.set_weekday(sign * number, weekday)
            }
            unit @ (Token::SecondUnit(_) | Token::DayUnit(_) | Token::MonthUnit(_)) => {
                self.lexer.take();
                self.relative(sign * number, unit)
            }
            _ => self.set_zone(-sign * (number % 100 + number / 100 * 60), false),
        }
    }

    fn after_next(&mut self) -> Result<(), Trouble> {
        let mut count = 1;
        let mut token = self.lexer.token;
        if let Token::Number(number) = token {
            self.lexer.take();
            count = number;
            token = self.lexer.token;
            if matches!(token, Token::Day(_)) {
                return Err(Trouble::Syntax);
            }
        }
        match token {
            Token::Day(weekday) => {
                self.lexer.take();
                self.set_weekday(2, weekday)
            }
            Token::Month(month) => {
                self.lexer.take();
                self.month_ordinal = count;
                self.month = month;
                self.counts.ordinal_months += 1;
                Ok(())
            }
            unit @ (Token::SecondUnit(_) | Token::DayUnit(_) | Token::MonthUnit(_)) => {
                self.lexer.take();
                self.relative(count, unit)
            }
            _ => Err(Trouble::Syntax),
        }
    }

    /// `yyddd.t`: a year, the thousandths of it, and the tenths of the day.
    fn after_stardate(&mut self) -> Result<(), Trouble> {
        let date = self.number()?;
        self.expect(b'.')?;
        let tenths = self.number()?;
        self.year = date / 1000 + 1946;
        (self.month, self.day) = (1, 1);
        let is_leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        self.relative.days += date % 1000 * if is_leap { 366 } else { 365 } / 1000;
        self.relative.seconds += tenths * 144 * 60;
        self.counts.times += 1;
        self.counts.dates += 1;
        self.counts.relatives += 1;
        Ok(())
    }

    /// So many of a unit; with `ago`, everything relative so far is turned round.
    fn relative(&mut self, count: i64, unit: Token) -> Result<(), Trouble> {
        let (total, size) = match unit {
            Token::MonthUnit(size) => (&mut self.relative.months, size),
            Token::DayUnit(size) => (&mut self.relative.days, size),
            Token::SecondUnit(size) => (&mut self.relative.seconds, size),
            _ => return Err(Trouble::Syntax),
        };
        *total = total.wrapping_add(count.wrapping_mul(size));
        if self.lexer.token == Token::Ago {
            self.lexer.take();
            let Relative {
                months,
                days,
                seconds,
            } = &mut self.relative;
            for total in [months, days, seconds] {
                *total = total.wrapping_neg();
            }
        }
        self.counts.relatives += 1;
        Ok(())
    }

    fn set_date(&mut self, month: i64, day: i64) -> Result<(), Trouble> {
        (self.month, self.day) = (month, day);
        self.counts.dates += 1;
        Ok(())
    }

    fn set_time(
        &mut self,
        hour: i64,
        minute: i64,
        second: i64,
        meridian: Option<bool>,
    ) -> Result<(), Trouble> {
        self.meridian = meridian;
        self.set_iso_time(hour, minute, second)
    }

    /// The time of ISO 8601, which leaves an earlier `am` or `pm` in force.
    fn set_iso_time(&mut self, hour: i64, minute: i64, second: i64) -> Result<(), Trouble> {
        (self.hour, self.minute, self.second) = (hour, minute, second);
        self.counts.times += 1;
        Ok(())
    }

    fn set_zone(&mut self, minutes_west: i64, is_daylight: bool) -> Result<(), Trouble> {
        (self.zone, self.is_daylight) = (minutes_west, is_daylight);
        self.counts.zones += 1;
        Ok(())
    }

    fn set_weekday(&mut self, ordinal: i64, weekday: i64) -> Result<(), Trouble> {
        (self.day_ordinal, self.weekday) = (ordinal, weekday);
        self.counts.weekdays += 1;
        Ok(())
    }
}

fn without_excess(minutes: i64) -> i64 {
    if minutes > 12 * 60 {
        minutes - MILITARY_EXCESS
    } else {
        minutes
    }
}

/// `T` is the zone seven hours west of Greenwich, as a letter.
fn check_iso_letter(letter: i64) -> Result<(), Trouble> {
    if letter == 7 * 60 + MILITARY_EXCESS {
        Ok(())
    } else {
        Err(Trouble::NotIso)
    }
}
