//! `clock scan` without `-format`: dates as people write them.

mod lexer;
mod parser;
mod words;

use super::Failure;
use super::arithmetic::{add_days, add_months};
use super::calendar::{self, CHANGEOVER_ENGLAND, CHANGEOVER_ROME};
use super::format::Moment;
use super::zone::{Zone, offset_text};

/// What a free-form text says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FreeTime {
    date: Option<(i32, i32, i32)>,
    /// Seconds since midnight; −1 for a time that there is not.
    time: Option<i64>,
    /// Seconds east of Greenwich.
    offset: Option<i64>,
    relative: Option<Relative>,
    /// Which one of the coming weekdays, and the weekday from 0 for Sunday.
    weekday: Option<(i32, i32)>,
    /// Which one of the coming months of that name, and the month.
    ordinal_month: Option<(i32, i32)>,
}

/// An amount of time to go on by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Relative {
    months: i64,
    days: i64,
    seconds: i64,
}

impl FreeTime {
    /// What `text` says; the parts of a date that it leaves out are those of `base`.
    ///
    /// Errors: a message without an errorCode.
    pub fn parse(text: &str, base: &Moment<'_>) -> Result<FreeTime, Failure> {
        parser::parse(text, base).map_err(|why| {
            Failure::plain(format!(
                "unable to convert date-time string \"{text}\": {why}"
            ))
        })
    }

    /// The zone that the text names, in place of the one it is read in.
    pub fn zone(&self) -> Option<Zone> {
        let offset = self.offset?;
        Zone::numeric(&offset_text(offset as i32))
    }

    /// The time in seconds since 1970.
    ///
    /// * `base`: the time from which relative ones count, in the zone that the text is read in.
    /// * `zone`: that of the text, if it has one.
    ///
    /// Errors: `ARITH IOVERFLOW` for a year that 32 bits cannot hold.
    pub fn time(&self, base: &Moment<'_>, zone: &Zone) -> Result<i64, Failure> {
        let (day, month) = self.day(base);
        let second_of_day = self.second_of_day(base);
        let mut seconds = zone.to_utc(calendar::local_seconds(i64::from(day), second_of_day));
        if let Some(relative) = self.relative {
            seconds = add_months(seconds, relative.months, zone, CHANGEOVER_ROME)?;
            seconds = add_days(seconds, relative.days, zone, CHANGEOVER_ROME);
            seconds = seconds.wrapping_add(relative.seconds);
        }
        if let Some((ordinal, weekday)) = self.weekday {
            let today = i64::from(Moment::new(seconds, zone, CHANGEOVER_ENGLAND).day);
            let weeks = if ordinal > 0 {
                i64::from(ordinal) - 1
            } else {
                i64::from(ordinal)
            };
            let day = calendar::weekday_on_or_before(i64::from(weekday), today + 6) + 7 * weeks;
            seconds = zone.to_utc(calendar::local_seconds(day, second_of_day));
        }
        if let Some((ordinal, wanted)) = self.ordinal_month {
            let (years, months) =
                months_until(i64::from(month), i64::from(ordinal), i64::from(wanted));
            seconds = add_months(seconds, 12 * years, zone, CHANGEOVER_ROME)?;
            seconds = add_months(seconds, months, zone, CHANGEOVER_ROME)?;
        }
        Ok(seconds)
    }

    /// The Julian Day Number and the month of the date.
    fn day(&self, base: &Moment<'_>) -> (i32, i32) {
        let (year, month, day) = match self.date {
            Some((year, month, day)) => (full_year(year), month, day),
            None => (base.year_day.year, base.month, base.day_of_month),
        };
        (
            calendar::date_day(year, month, day, CHANGEOVER_ENGLAND),
            month,
        )
    }

    fn second_of_day(&self, base: &Moment<'_>) -> i64 {
        let is_day_relative = self
            .relative
            .is_some_and(|relative| relative.months != 0 || relative.days != 0);
        match self.time {
            Some(time) => time,
            None if self.date.is_some()
                || self.weekday.is_some()
                || self.ordinal_month.is_some()
                || is_day_relative =>
            {
                0
            }
            None => base.second_of_day(),
        }
    }
}

/// The year that one of two digits means: 1939 to 2038.
fn full_year(year: i32) -> i32 {
    match year {
        100.. => year,
        39.. => year + 1900,
        _ => year + 2000,
    }
}

/// The years and months from a month to the `ordinal`th coming (or, below 1, past) month `wanted`.
fn months_until(month: i64, ordinal: i64, wanted: i64) -> (i64, i64) {
    if ordinal > 0 {
        let difference = wanted - month;
        (
            ordinal - 1,
            if difference <= 0 {
                difference + 12
            } else {
                difference
            },
        )
    } else {
        let difference = month - wanted;
        (
            ordinal + 1,
            if difference >= 0 {
                difference - 12
            } else {
                difference
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Result<i64, Failure> {
        let zone = Zone::fixed(0, "GMT");
        // Friday, 13 February 2009, 23:31:30.
        let base = Moment::new(1_234_567_890, &zone, CHANGEOVER_ENGLAND);
        let free = FreeTime::parse(text, &base)?;
        free.time(&base, &free.zone().unwrap_or(zone.clone()))
    }

    #[test]
    fn dates_times_and_zones_are_read() {
        let midnight = 1_234_483_200;
        for text in [
            "2/13/2009",
            "2/13",
            "13 February 2009",
            "Feb 13, 2009",
            "13-feb-2009",
            "2009-02-13",
            "20090213",
            "fri",
            "0:00",
            "today 0:00",
        ] {
            assert_eq!(time(text), Ok(midnight), "{text}");
        }
        assert_eq!(time("Fri, 13 Feb 2009 23:31:30 GMT"), Ok(1_234_567_890));
        assert_eq!(time("20090213T233130"), Ok(1_234_567_890));
        assert_eq!(time("2009-02-13T23:31:30"), Ok(1_234_567_890));
        assert_eq!(time("18:31:30 EST"), Ok(1_234_567_890));
        assert_eq!(time("6:31:30 pm -0500"), Ok(1_234_567_890));
        assert_eq!(time("epoch"), Ok(0));
        assert_eq!(time(""), Ok(1_234_567_890));
    }

    #[test]
    fn relative_times_count_from_the_base() {
        assert_eq!(time("+1 hour"), Ok(1_234_571_490));
        assert_eq!(time("2 hours ago"), Ok(1_234_560_690));
        assert_eq!(time("tomorrow"), Ok(1_234_569_600));
        assert_eq!(time("next monday"), Ok(1_235_347_200));
        assert_eq!(time("next march"), Ok(1_236_902_400));
        assert_eq!(time("25:00"), Ok(1_234_483_199));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        let message = |text: &str| time(text).unwrap_err().message;
        assert_eq!(
            message("foo"),
            "unable to convert date-time string \"foo\": syntax error (characters 0-2)"
        );
        assert_eq!(
            message("20000101 GMT"),
            "unable to convert date-time string \"20000101 GMT\": syntax error (characters 12-12)"
        );
        assert_eq!(
            message("20000101X101010"),
            "unable to convert date-time string \"20000101X101010\": "
        );
        assert_eq!(
            message("10 2000"),
            "unable to convert date-time string \"10 2000\": more than one time of day in string"
        );
    }
}
