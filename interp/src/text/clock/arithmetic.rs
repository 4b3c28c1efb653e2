//! `clock add`: months and days on the calendar of a zone.

use super::Failure;
use super::calendar::{self, DAY_SECONDS};
use super::format::Moment;
use super::zone::Zone;

/// The time `months` later, on the same day of the month or its last, and at the same time of day.
///
/// Errors: `ARITH IOVERFLOW` for a year that 32 bits cannot hold.
pub fn add_months(seconds: i64, months: i64, zone: &Zone, changeover: i32) -> Result<i64, Failure> {
    let moment = Moment::new(seconds, zone, changeover);
    let month_index = i64::from(moment.month - 1).saturating_add(months);
    // As in tclsh, years before the common era are counted on within it, which leads backwards.
    let year = i64::from(moment.year()).saturating_add(month_index.div_euclid(12));
    // tclsh takes unsigned numbers of 32 bits too, and makes signed ones of them.
    if year.unsigned_abs() > u64::from(u32::MAX) {
        return Err(Failure::overflow());
    }
    let year = year as i32;
    let year = if moment.year_day.year <= 0 {
        1i32.wrapping_sub(year)
    } else {
        year
    };
    let month_index = month_index.rem_euclid(12) as i32;
    let is_leap = calendar::is_leap_year(year, moment.year_day.is_gregorian);
    let day_of_month = moment
        .day_of_month
        .min(calendar::month_days(month_index, is_leap));
    let day = calendar::date_day(year, month_index + 1, day_of_month, changeover);
    Ok(zone.to_utc(calendar::local_seconds(
        i64::from(day),
        moment.second_of_day(),
    )))
}

/// The time `days` later at the same time of day.
pub fn add_days(seconds: i64, days: i64, zone: &Zone, changeover: i32) -> i64 {
    let moment = Moment::new(seconds, zone, changeover);
    let second_of_day = moment.local_seconds.rem_euclid(DAY_SECONDS);
    zone.to_utc(calendar::local_seconds(
        i64::from(moment.day).wrapping_add(days),
        second_of_day,
    ))
}

#[cfg(test)]
mod tests {
    use super::super::calendar::CHANGEOVER_ROME;
    use super::super::posix::PosixZone;
    use super::*;

    #[test]
    fn a_month_after_its_last_day_is_the_last_of_the_next() {
        let zone = Zone::fixed(0, "GMT");
        let last_of_january = 949_276_800;
        assert_eq!(
            add_months(last_of_january, 1, &zone, CHANGEOVER_ROME),
            Ok(951_782_400)
        );
        assert_eq!(
            add_months(last_of_january, -12, &zone, CHANGEOVER_ROME),
            Ok(917_740_800)
        );
        assert!(add_months(0, i64::MAX, &zone, CHANGEOVER_ROME).is_err());
    }

    #[test]
    fn a_day_may_have_23_hours() {
        let zone = PosixZone::parse("EST5EDT").unwrap().zone();
        // Noon of 8 March 2008.
        assert_eq!(
            add_days(1_204_995_600, 1, &zone, CHANGEOVER_ROME) - 1_204_995_600,
            23 * 3600
        );
    }
}
