//! Years, months, weeks and days of Julian Day Numbers, with the switch from the Julian to the Gregorian calendar.
//!
//! Years are astronomical: 0 is 1 BCE, −1 is 2 BCE. A `changeover` is the first day of the Gregorian calendar. Numbers
//! wrap around at 32 bits and negative days round as in tclsh, whose C code computes so; every date that a calendar
//! can mean is far from both.

/// The day on which Rome changed to the Gregorian calendar: 15 October 1582.
pub const CHANGEOVER_ROME: i32 = 2_299_161;

/// The day on which England changed: 14 September 1752. Free-form scanning uses it.
pub const CHANGEOVER_ENGLAND: i32 = 2_361_222;

/// Seconds from the noon that day 0 begins with to 1970; a day counts from its midnight here.
pub const POSIX_EPOCH: i64 = 210_866_803_200;

/// Seconds of a day.
pub const DAY_SECONDS: i64 = 86_400;

/// 1 January 1 CE in either calendar.
const FIRST_DAY_GREGORIAN: i32 = 1_721_426;
const FIRST_DAY_JULIAN: i32 = 1_721_424;

const YEAR_DAYS: i32 = 365;
const FOUR_YEARS_DAYS: i32 = 1_461;
const CENTURY_DAYS: i32 = 36_524;
const FOUR_CENTURIES_DAYS: i32 = 146_097;

/// Days before each month of a common year; the last entry is the whole year.
const DAYS_BEFORE_MONTH: [i32; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/// The same for a leap year.
const DAYS_BEFORE_MONTH_LEAP: [i32; 13] =
    [0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366];

/// A day of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct YearDay {
    /// The astronomical year.
    pub year: i32,
    /// Whether the day falls under the Gregorian calendar.
    pub is_gregorian: bool,
    /// 1 for 1 January.
    pub day_of_year: i32,
}

/// A week of the ISO 8601 calendar and a day in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeekDay {
    /// The year that the week counts to, as `%G` shows it.
    pub year: i32,
    /// 1 to 53.
    pub week: i32,
    /// 1 for Monday to 7 for Sunday.
    pub weekday: i32,
}

/// The year and the day in it of a Julian Day Number.
pub fn year_day(day: i32, changeover: i32) -> YearDay {
    let is_gregorian = day >= changeover;
    let (mut year, mut left) = (1i32, day);
    if is_gregorian {
        left = left.wrapping_sub(FIRST_DAY_GREGORIAN);
        year = year.wrapping_add(left.div_euclid(FOUR_CENTURIES_DAYS).wrapping_mul(400));
        left = left.rem_euclid(FOUR_CENTURIES_DAYS);
        // The last day of a leap year at the end of four centuries belongs to the fourth.
        let centuries = (left / CENTURY_DAYS).min(3);
        left -= centuries * CENTURY_DAYS;
        year = year.wrapping_add(100 * centuries);
    } else {
        left = left.wrapping_sub(FIRST_DAY_JULIAN);
    }
    year = year.wrapping_add(left.div_euclid(FOUR_YEARS_DAYS).wrapping_mul(4));
    left = left.rem_euclid(FOUR_YEARS_DAYS);
    let years = (left / YEAR_DAYS).min(3);
    YearDay {
        year: year.wrapping_add(years),
        is_gregorian,
        day_of_year: left - years * YEAR_DAYS + 1,
    }
}

/// Whether a year of this calendar has 29 February.
pub fn is_leap_year(year: i32, is_gregorian: bool) -> bool {
    year % 4 == 0 && (!is_gregorian || year % 100 != 0 || year % 400 == 0)
}

fn days_before_months(is_leap: bool) -> &'static [i32; 13] {
    if is_leap {
        &DAYS_BEFORE_MONTH_LEAP
    } else {
        &DAYS_BEFORE_MONTH
    }
}

/// The days of month 0 (January) to 11 of a year.
pub fn month_days(month_index: i32, is_leap: bool) -> i32 {
    let table = days_before_months(is_leap);
    let index = month_index.rem_euclid(12) as usize;
    table[index + 1] - table[index]
}

/// The month (1 to 12) and day of the month of a day of a year.
pub fn month_day(day: YearDay) -> (i32, i32) {
    let table = days_before_months(is_leap_year(day.year, day.is_gregorian));
    // No month is longer than 31 days, so this is the month or the one before it.
    let mut month = ((day.day_of_year - 1) / 32).clamp(0, 11) as usize;
    if month < 11 && day.day_of_year > table[month + 1] {
        month += 1;
    }
    (month as i32 + 1, day.day_of_year - table[month])
}

fn gregorian_day(year: i32, day_of_year: i32) -> i32 {
    let before = year.wrapping_sub(1);
    julian_day(year, day_of_year)
        .wrapping_add(FIRST_DAY_GREGORIAN - FIRST_DAY_JULIAN)
        .wrapping_sub(before.div_euclid(100))
        .wrapping_add(before.div_euclid(400))
}

fn julian_day(year: i32, day_of_year: i32) -> i32 {
    let before = year.wrapping_sub(1);
    let days = YEAR_DAYS
        .wrapping_mul(before)
        .wrapping_add(before.div_euclid(4));
    days.wrapping_add(day_of_year)
        .wrapping_add(FIRST_DAY_JULIAN - 1)
}

/// The Julian Day Number of a day of a year; it may lie outside the year.
pub fn day_of_year_day(year: i32, day_of_year: i32, changeover: i32) -> i32 {
    let day = gregorian_day(year, day_of_year);
    if day < changeover {
        julian_day(year, day_of_year)
    } else {
        day
    }
}

/// The Julian Day Number of a date, whose month and day may lie outside the year and the month.
pub fn date_day(year: i32, month: i32, day_of_month: i32, changeover: i32) -> i32 {
    let month_index = month.wrapping_sub(1);
    let year = year.wrapping_add(month_index.div_euclid(12));
    let month_index = month_index.rem_euclid(12) as usize;
    let day_of_year = |is_gregorian: bool| {
        day_of_month.wrapping_add(days_before_months(is_leap_year(year, is_gregorian))[month_index])
    };
    let day = gregorian_day(year, day_of_year(true));
    if day < changeover {
        julian_day(year, day_of_year(false))
    } else {
        day
    }
}

/// The Julian Day Number of a day in an ISO 8601 week.
pub fn week_day_day(year: i32, week: i32, weekday: i32, changeover: i32) -> i32 {
    // 4 January is always in week 1.
    let fourth = date_day(year, 1, 4, changeover);
    let monday = fourth.wrapping_sub(fourth % 7);
    monday
        .wrapping_add(week.wrapping_sub(1).wrapping_mul(7))
        .wrapping_add(weekday.wrapping_sub(1))
}

/// The ISO 8601 week and weekday of a Julian Day Number.
pub fn week_day(day: i32, changeover: i32) -> WeekDay {
    // The week's year is that of its Thursday, so at most that of three days ago and one more.
    let three_days_ago = year_day(day.wrapping_sub(3), changeover).year;
    let mut year = three_days_ago.wrapping_add(1);
    let mut start = week_day_day(year, 1, 1, changeover);
    if day < start {
        year = three_days_ago;
        start = week_day_day(year, 1, 1, changeover);
    }
    let days = day.wrapping_sub(start);
    let weekday = (days.wrapping_add(1)) % 7;
    WeekDay {
        // A year before 1 CE shows as one of its era, which it may not itself be in.
        year: if three_days_ago <= 0 {
            1i32.wrapping_sub(year)
        } else {
            year
        },
        week: days / 7 + 1,
        weekday: if weekday < 1 { weekday + 7 } else { weekday },
    }
}

/// The last day up to `day` that falls on `weekday` (0 or 7 for Sunday).
pub fn weekday_on_or_before(weekday: i64, day: i64) -> i64 {
    let shift = (weekday + 6).rem_euclid(7);
    day - (day - shift).rem_euclid(7)
}

/// The year as people count it: 1 is the first of either era.
pub fn year_of_era(year: i32) -> i32 {
    if year <= 0 {
        1i32.wrapping_sub(year)
    } else {
        year
    }
}

/// Local seconds since 1970 of a second of a day.
pub fn local_seconds(day: i64, second_of_day: i64) -> i64 {
    day.wrapping_mul(DAY_SECONDS)
        .wrapping_add(second_of_day)
        .wrapping_sub(POSIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_convert_both_ways_around_the_changeover() {
        for day in (-800..6_000_000).step_by(97).chain(2_299_000..2_299_300) {
            let date = year_day(day, CHANGEOVER_ROME);
            let (month, day_of_month) = month_day(date);
            assert_eq!(
                date_day(date.year, month, day_of_month, CHANGEOVER_ROME),
                day
            );
            assert_eq!(
                day_of_year_day(date.year, date.day_of_year, CHANGEOVER_ROME),
                day
            );
        }
        assert!(!year_day(2_299_160, CHANGEOVER_ROME).is_gregorian);
        assert_eq!(month_day(year_day(2_299_160, CHANGEOVER_ROME)), (10, 4));
        assert_eq!(month_day(year_day(2_299_161, CHANGEOVER_ROME)), (10, 15));
    }

    #[test]
    fn weeks_start_on_monday_and_belong_to_the_year_of_their_thursday() {
        let first_of_2021 = date_day(2021, 1, 1, CHANGEOVER_ROME);
        assert_eq!(
            week_day(first_of_2021, CHANGEOVER_ROME),
            WeekDay {
                year: 2020,
                week: 53,
                weekday: 5
            }
        );
        for day in 1_000..10_000 {
            let week = week_day(day, CHANGEOVER_ROME);
            assert_eq!(week.weekday, day % 7 + 1);
        }
        assert_eq!(week_day_day(2020, 53, 5, CHANGEOVER_ROME), first_of_2021);
    }

    #[test]
    fn a_weekday_is_found_before_a_day() {
        // Day 0 was a Monday.
        assert_eq!(weekday_on_or_before(1, 6), 0);
        assert_eq!(weekday_on_or_before(0, 6), 6);
        assert_eq!(weekday_on_or_before(2, 0), -6);
    }
}
