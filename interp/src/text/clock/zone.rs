//! Time zones as tables of the moments at which their offsets change.

use std::rc::Rc;

/// A time zone: its offset from UTC at every time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// What holds before `later` begins.
    first: Period,
    /// In order of their starts.
    later: Vec<Period>,
}

/// A time during which a zone keeps its offset; it ends where the next one starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// Seconds since 1970; of no meaning in a zone's first period.
    pub start: i64,
    /// Seconds east of Greenwich.
    pub offset: i32,
    /// What `%Z` shows: `CET`, `CEST` …
    pub name: Rc<str>,
}

impl Zone {
    /// A zone that changes from `first` as `later` tells, which is in order of starts.
    pub fn new(first: Period, later: Vec<Period>) -> Zone {
        Zone { first, later }
    }

    /// A zone with one offset, in seconds east of Greenwich.
    pub fn fixed(offset: i32, name: &str) -> Zone {
        Zone::new(
            Period {
                start: i64::MIN,
                offset,
                name: name.into(),
            },
            Vec::new(),
        )
    }

    /// The zone that a text beginning with `+hh`, `+hhmm`, `+hhmmss` or `+hh:mm:ss` (or −) means; it is named like
    /// the whole text.
    pub fn numeric(text: &str) -> Option<Zone> {
        Some(Zone::fixed(numeric_offset(text)?, text))
    }

    /// The same zone with its offsets for names.
    pub fn named_by_offset(&self) -> Zone {
        let rename = |period: &Period| Period {
            name: offset_text(period.offset).into(),
            ..period.clone()
        };
        Zone::new(rename(&self.first), self.later.iter().map(rename).collect())
    }

    /// What holds at a time.
    #[inline]
    pub fn period_at(&self, seconds: i64) -> &Period {
        let count = self.later.partition_point(|period| period.start <= seconds);
        count
            .checked_sub(1)
            .and_then(|index| self.later.get(index))
            .unwrap_or(&self.first)
    }

    /// The time at which clocks of the zone show `local` seconds since 1970.
    ///
    /// Of a time that clocks show twice the first is meant, mostly; one that they skip is taken on one side of the gap.
    /// Which one follows from the search, which is tclsh's: the offset at `local` taken as UTC, the offset at the time
    /// that this gives, and so on until an offset comes up again.
    pub fn to_utc(&self, local: i64) -> i64 {
        /// More offsets than any search can alternate between.
        const TRIES_MAX: usize = 8;
        let mut seen = [0; TRIES_MAX];
        let mut seconds = local;
        for count in 0..TRIES_MAX {
            let offset = self.period_at(seconds).offset;
            seconds = local.wrapping_sub(i64::from(offset));
            if seen[..count].contains(&offset) {
                break;
            }
            seen[count] = offset;
        }
        seconds
    }
}

/// The seconds east of Greenwich of a text that begins with `+hh`, `+hhmm`, `+hhmmss` or `+hh:mm:ss` (or −).
fn numeric_offset(text: &str) -> Option<i32> {
    let mut rest = text.as_bytes();
    let is_negative = match rest.split_off_first()? {
        b'+' => false,
        b'-' => true,
        _ => return None,
    };
    let mut offset = two_digits(&mut rest)? * 3600;
    let mut unit = 60;
    while unit > 0 {
        let mut tail = rest.strip_prefix(b":").unwrap_or(rest);
        let Some(number) = two_digits(&mut tail) else {
            break;
        };
        offset += number * unit;
        rest = tail;
        unit /= 60;
    }
    Some(if is_negative { -offset } else { offset })
}

fn two_digits(text: &mut &[u8]) -> Option<i32> {
    match text {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', rest @ ..] => {
            *text = rest;
            Some(i32::from(tens - b'0') * 10 + i32::from(ones - b'0'))
        }
        _ => None,
    }
}

/// An offset as `+hhmm`, or `+hhmmss` if it has seconds.
pub fn offset_text(offset: i32) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    let size = offset.unsigned_abs();
    let (hours, minutes, seconds) = (size / 3600, size / 60 % 60, size % 60);
    if seconds == 0 {
        format!("{sign}{hours:02}{minutes:02}")
    } else {
        format!("{sign}{hours:02}{minutes:02}{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read_in_all_their_forms() {
        assert_eq!(numeric_offset("+05"), Some(18_000));
        assert_eq!(numeric_offset("-0530"), Some(-19_800));
        assert_eq!(numeric_offset("+05:30:15"), Some(19_815));
        assert_eq!(numeric_offset("+05:3"), Some(18_000));
        assert_eq!(numeric_offset("+5"), None);
        assert_eq!(numeric_offset("0530"), None);
        assert_eq!(offset_text(-19_815), "-053015");
    }

    #[test]
    fn a_time_that_clocks_skip_or_repeat_is_found_all_the_same() {
        let period = |start, offset, name: &str| Period {
            start,
            offset,
            name: name.into(),
        };
        let zone = Zone::new(
            period(0, 3600, "A"),
            vec![period(100_000, 7200, "B"), period(200_000, 3600, "A")],
        );
        assert_eq!(zone.period_at(99_999).offset, 3600);
        assert_eq!(zone.period_at(100_000).offset, 7200);
        assert_eq!(zone.to_utc(50_000), 46_400);
        assert_eq!(zone.to_utc(150_000), 142_800);
        assert_eq!(zone.to_utc(250_000), 246_400);
    }
}
