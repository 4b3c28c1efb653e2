//! `clock format`: a moment as text.

use super::calendar::{self, DAY_SECONDS, POSIX_EPOCH};
use super::locale::Locale;
use super::zone::Zone;
use crate::text::number::push_int;
use crate::text::strings;

/// The format of `clock format` without `-format`.
pub const DEFAULT_FORMAT: &str = "%a %b %d %H:%M:%S %Z %Y";

/// The year that stardates count from.
const STARDATE_YEAR: i32 = 1946;

/// A time with all that the calendar and the clocks of a zone say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment<'z> {
    /// Seconds since 1970.
    pub seconds: i64,
    /// What clocks show, as seconds since 1970.
    pub local_seconds: i64,
    /// Seconds east of Greenwich.
    pub offset: i32,
    /// The name of the zone's time then.
    pub zone_name: &'z str,
    /// The Julian Day Number.
    pub day: i32,
    /// The year and the day in it.
    pub year_day: calendar::YearDay,
    /// 1 to 12.
    pub month: i32,
    /// From 1.
    pub day_of_month: i32,
    /// The ISO 8601 week, and the day of the week.
    pub week: calendar::WeekDay,
}

impl<'z> Moment<'z> {
    /// What clocks in `zone` show at `seconds` since 1970.
    pub fn new(seconds: i64, zone: &'z Zone, changeover: i32) -> Moment<'z> {
        let period = zone.period_at(seconds);
        let local_seconds = seconds.wrapping_add(i64::from(period.offset));
        // Rounded to zero and cut to 32 bits as in tclsh.
        let day = (local_seconds.wrapping_add(POSIX_EPOCH) / DAY_SECONDS) as i32;
        let year_day = calendar::year_day(day, changeover);
        let (month, day_of_month) = calendar::month_day(year_day);
        Moment {
            seconds,
            local_seconds,
            offset: period.offset,
            zone_name: &period.name,
            day,
            year_day,
            month,
            day_of_month,
            week: calendar::week_day(day, changeover),
        }
    }

    /// Seconds since midnight.
    pub fn second_of_day(&self) -> i64 {
        self.local_seconds.rem_euclid(DAY_SECONDS)
    }

    /// The year as people count it.
    pub fn year(&self) -> i32 {
        calendar::year_of_era(self.year_day.year)
    }

    fn hour(&self) -> i64 {
        self.second_of_day() / 3600
    }

    fn hour_of_twelve(&self) -> i64 {
        (self.hour() + 11) % 12 + 1
    }

    fn minute(&self) -> i64 {
        self.second_of_day() / 60 % 60
    }

    fn second(&self) -> i64 {
        self.second_of_day() % 60
    }

    /// 0 for Sunday to 6.
    fn weekday_from_sunday(&self) -> i64 {
        i64::from(self.week.weekday.rem_euclid(7))
    }

    fn year_of_century(&self) -> i64 {
        i64::from(self.year().rem_euclid(100))
    }

    fn century(&self) -> i64 {
        i64::from(self.year().div_euclid(100))
    }
}

/// Appends `moment` in `format` to `out`. Groups that are none stay as they are.
pub fn format(out: &mut String, format: &str, moment: &Moment<'_>, locale: &Locale) {
    let expanded = locale.expand(format);
    let mut rest = &*expanded;
    while let Some((literal, after)) = rest.split_once('%') {
        out.push_str(literal);
        let mut chars = after.chars();
        match chars.next() {
            None => out.push('%'),
            Some('E') => push_era_group(out, chars.next(), moment, locale),
            Some('O') => push_numeral_group(out, chars.next(), moment, locale),
            Some(group) => push_group(out, group, moment, locale),
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

fn push_group(out: &mut String, group: char, moment: &Moment<'_>, locale: &Locale) {
    let weekday = moment.weekday_from_sunday();
    match group {
        'a' => out.push_str(nth(&locale.days_abbreviated, weekday)),
        'A' => out.push_str(nth(&locale.days_full, weekday)),
        'b' | 'h' => out.push_str(nth(&locale.months_abbreviated, i64::from(moment.month) - 1)),
        'B' => out.push_str(nth(&locale.months_full, i64::from(moment.month) - 1)),
        'C' => push_padded(out, moment.century(), 2, '0'),
        'd' => push_padded(out, i64::from(moment.day_of_month), 2, '0'),
        'e' => push_padded(out, i64::from(moment.day_of_month), 2, ' '),
        'g' => push_padded(out, i64::from(moment.week.year.rem_euclid(100)), 2, '0'),
        'G' => push_padded(out, i64::from(moment.week.year), 2, '0'),
        'H' => push_padded(out, moment.hour(), 2, '0'),
        'I' => push_padded(out, moment.hour_of_twelve(), 2, '0'),
        'j' => push_padded(out, i64::from(moment.year_day.day_of_year), 3, '0'),
        'J' => push_padded(out, i64::from(moment.day), 7, '0'),
        'k' => push_padded(out, moment.hour(), 2, ' '),
        'l' => push_padded(out, moment.hour_of_twelve(), 2, ' '),
        'm' => push_padded(out, i64::from(moment.month), 2, '0'),
        'M' => push_padded(out, moment.minute(), 2, '0'),
        'n' => out.push('\n'),
        'N' => push_padded(out, i64::from(moment.month), 2, ' '),
        'p' => out.push_str(&strings::upper(half_of_day(moment, locale))),
        'P' => out.push_str(half_of_day(moment, locale)),
        'Q' => push_stardate(out, moment),
        's' => push_int(out, moment.seconds),
        'S' => push_padded(out, moment.second(), 2, '0'),
        't' => out.push('\t'),
        'u' => push_int(out, i64::from(moment.week.weekday)),
        'U' => push_padded(out, week_of_year(moment, weekday + 1), 2, '0'),
        'V' => push_padded(out, i64::from(moment.week.week), 2, '0'),
        'w' => push_int(out, weekday),
        'W' => push_padded(
            out,
            week_of_year(moment, i64::from(moment.week.weekday)),
            2,
            '0',
        ),
        'y' => push_padded(out, moment.year_of_century(), 2, '0'),
        'Y' => push_padded(out, i64::from(moment.year()), 4, '0'),
        'z' => push_offset(out, moment.offset),
        'Z' => out.push_str(moment.zone_name),
        '%' => out.push('%'),
        other => out.extend(['%', other]),
    }
}

/// `%E` groups: the locale's own eras.
fn push_era_group(out: &mut String, group: Option<char>, moment: &Moment<'_>, locale: &Locale) {
    match group {
        Some('E') if moment.year_day.year <= 0 => out.push_str(&locale.before_common_era),
        Some('E') => out.push_str(&locale.common_era),
        Some('C') => match locale.era_at(moment.local_seconds) {
            Some(era) => out.push_str(&era.name),
            None => push_padded(out, moment.century(), 2, '0'),
        },
        Some('y') => {
            let year = match locale.era_at(moment.local_seconds) {
                Some(era) => i64::from(moment.year()).wrapping_sub(era.year),
                None => moment.year_of_century(),
            };
            if (0..100).contains(&year) {
                out.push_str(locale.numeral(year));
            } else {
                push_int(out, year);
            }
        }
        Some(other) => out.extend(['%', 'E', other]),
        // An unfinished group shows nothing.
        None => {}
    }
}

/// `%O` groups: the locale's own numerals.
fn push_numeral_group(out: &mut String, group: Option<char>, moment: &Moment<'_>, locale: &Locale) {
    let number = match group {
        Some('d' | 'e') => i64::from(moment.day_of_month),
        Some('H' | 'k') => moment.hour(),
        Some('I' | 'l') => moment.hour_of_twelve(),
        Some('m') => i64::from(moment.month),
        Some('M') => moment.minute(),
        Some('S') => moment.second(),
        Some('u') => i64::from(moment.week.weekday),
        Some('w') => moment.weekday_from_sunday(),
        Some('y') => moment.year_of_century(),
        Some(other) => return out.extend(['%', 'O', other]),
        None => return,
    };
    out.push_str(locale.numeral(number));
}

fn nth(names: &[String], index: i64) -> &str {
    usize::try_from(index)
        .ok()
        .and_then(|index| names.get(index))
        .map_or("", String::as_str)
}

/// Appends a number, at least `width` wide.
fn push_padded(out: &mut String, number: i64, width: usize, pad: char) {
    if width == 2 && (0..100).contains(&number) {
        let (tens, ones) = (number as u8 / 10, number as u8 % 10);
        out.push(if tens == 0 {
            pad
        } else {
            char::from(b'0' + tens)
        });
        out.push(char::from(b'0' + ones));
        return;
    }
    if number < 0 && pad == '0' {
        out.push('-');
        return push_unsigned(out, number.unsigned_abs(), width.saturating_sub(1));
    }
    if pad == '0' {
        return push_unsigned(out, number.unsigned_abs(), width);
    }
    let start = out.len();
    push_int(out, number);
    let missing = width.saturating_sub(out.len() - start);
    (0..missing).for_each(|_| out.insert(start, pad));
}

fn push_unsigned(out: &mut String, number: u64, width: usize) {
    /// The digits of the largest number.
    const DIGITS_MAX: usize = 20;
    let mut digits = [b'0'; DIGITS_MAX];
    let (mut at, mut left) = (DIGITS_MAX, number);
    while at > 0 && (left > 0 || DIGITS_MAX - at < width.max(1)) {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
    }
    out.extend(digits[at..].iter().map(|digit| char::from(*digit)));
}

fn half_of_day<'l>(moment: &Moment<'_>, locale: &'l Locale) -> &'l str {
    if moment.hour() < 12 {
        &locale.am
    } else {
        &locale.pm
    }
}

/// The week of the year that `weekday`, counted from 1 at the start of the week, falls in: week 1 is the first whole one.
fn week_of_year(moment: &Moment<'_>, weekday: i64) -> i64 {
    (i64::from(moment.year_day.day_of_year) - weekday + 7).div_euclid(7)
}

fn push_offset(out: &mut String, offset: i32) {
    let size = i64::from(offset.unsigned_abs());
    out.push(if offset < 0 { '-' } else { '+' });
    push_padded(out, size / 3600, 2, '0');
    push_padded(out, size / 60 % 60, 2, '0');
    if size % 60 != 0 {
        push_padded(out, size % 60, 2, '0');
    }
}

fn push_stardate(out: &mut String, moment: &Moment<'_>) {
    let date = moment.year_day;
    let days = if calendar::is_leap_year(date.year, date.is_gregorian) {
        366
    } else {
        365
    };
    out.push_str("Stardate ");
    push_padded(
        out,
        i64::from(moment.year().wrapping_sub(STARDATE_YEAR)),
        2,
        '0',
    );
    push_padded(out, i64::from(1000 * (date.day_of_year - 1) / days), 3, '0');
    out.push('.');
    push_int(out, moment.second_of_day() / (DAY_SECONDS / 10));
}

#[cfg(test)]
mod tests {
    use super::super::calendar::CHANGEOVER_ROME;
    use super::*;

    fn formatted(seconds: i64, text: &str) -> String {
        let zone = Zone::fixed(0, "GMT");
        let mut out = String::new();
        format(
            &mut out,
            text,
            &Moment::new(seconds, &zone, CHANGEOVER_ROME),
            &Locale::root(),
        );
        out
    }

    #[test]
    fn groups_show_what_clock_n_says() {
        let time = 1_234_567_890;
        assert_eq!(
            formatted(time, DEFAULT_FORMAT),
            "Fri Feb 13 23:31:30 GMT 2009"
        );
        assert_eq!(
            formatted(
                time,
                "%C %d %e %g %G %I %j %J %k %l %m %N %u %U %V %w %W %y"
            ),
            "20 13 13 09 2009 11 044 2454876 23 11 02  2 5 06 07 5 06 09"
        );
        assert_eq!(
            formatted(time, "%D %T %R %r %X %x|%c|%+"),
            "02/13/2009 23:31:30 23:31 11:31:30 pm 23:31:30 02/13/2009|Fri Feb 13 23:31:30 2009|Fri Feb 13 23:31:30 GMT 2009"
        );
        assert_eq!(
            formatted(time, "%s %n%t%% %p %P %z %Z %h %Q"),
            "1234567890 \n\t% PM pm +0000 GMT Feb Stardate 63117.9"
        );
        assert_eq!(
            formatted(time, "%EE %EC %Ey %EY %Od %OH %Oy"),
            "C.E. 20 09 2009 13 23 09"
        );
    }

    #[test]
    fn what_is_no_group_stays() {
        assert_eq!(formatted(0, "%q%Eq%Oq%"), "%q%Eq%Oq%");
        assert_eq!(formatted(0, "x%E"), "x");
    }

    #[test]
    fn years_before_the_common_era_and_extremes_show() {
        assert_eq!(
            formatted(-62_135_769_600 - 86_400 * 365 * 100, "%Y %EE %C %y"),
            "0100 B.C.E. 01 00"
        );
        assert_eq!(
            formatted(i64::MAX, DEFAULT_FORMAT),
            "Sun Apr 24 15:30:07 GMT 1583316"
        );
        assert_eq!(
            formatted(i64::MIN, DEFAULT_FORMAT),
            "Sun Apr 24 08:29:52 GMT 1583316"
        );
    }
}
