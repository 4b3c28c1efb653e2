//! The words and formats of a locale, and the root locale's.

use std::borrow::Cow;

use super::calendar::{CHANGEOVER_ENGLAND, CHANGEOVER_ROME};
use crate::text::strings;

/// What formats and scans depend on beside the zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locale {
    /// From Sunday.
    pub days_abbreviated: Vec<String>,
    /// From Sunday.
    pub days_full: Vec<String>,
    /// From January.
    pub months_abbreviated: Vec<String>,
    /// From January.
    pub months_full: Vec<String>,
    /// What hours before noon are marked with.
    pub am: String,
    /// What hours after noon are marked with.
    pub pm: String,
    /// The era before year 1.
    pub before_common_era: String,
    /// The era from year 1.
    pub common_era: String,
    /// The eras that `%EC` and `%Ey` count by, in order of their starts.
    pub eras: Vec<Era>,
    /// The numerals of 0, 1, 2 … that `%O` groups show.
    pub numerals: Vec<String>,
    /// The first day of the Gregorian calendar.
    pub changeover: i32,
    /// The formats that stand for groups such as `%x`.
    pub formats: Formats,
}

/// An era of a locale's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Era {
    /// Local time in seconds since 1970.
    pub start: i64,
    /// What `%EC` shows.
    pub name: String,
    /// The year before the era's first.
    pub year: i64,
}

/// The formats behind groups, themselves free of such groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formats(Vec<(&'static str, String)>);

/// Names in Tcl's message catalogue of the formats behind groups, their groups, and the root locale's formats. A format
/// may use the groups above it.
pub const FORMATS: [(&str, &str, &str); 10] = [
    ("LOCALE_YEAR_FORMAT", "%EY", "%EC%Ey"),
    ("TIME_FORMAT_24_SECS", "%T", "%H:%M:%S"),
    ("TIME_FORMAT_24", "%R", "%H:%M"),
    ("TIME_FORMAT_12", "%r", "%I:%M:%S %P"),
    ("TIME_FORMAT", "%X", "%H:%M:%S"),
    ("LOCALE_TIME_FORMAT", "%EX", "%H:%M:%S"),
    ("DATE_FORMAT", "%x", "%m/%d/%Y"),
    ("LOCALE_DATE_FORMAT", "%Ex", "%m/%d/%Y"),
    ("DATE_TIME_FORMAT", "%c", "%a %b %e %H:%M:%S %Y"),
    ("LOCALE_DATE_TIME_FORMAT", "%Ec", "%a %b %e %H:%M:%S %Y"),
];

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// When the countries of a language, or one country, took up the Gregorian calendar, where that was not 1582.
const CHANGEOVERS: [(&str, i32); 23] = [
    ("da", 2_342_032),
    ("de_at", 2_299_527),
    ("de_ch", 2_361_342),
    ("de_de", 2_342_032),
    ("el", 2_423_480),
    ("en", CHANGEOVER_ENGLAND),
    ("es", CHANGEOVER_ROME),
    ("fr", 2_299_227),
    ("fr_be", 2_299_238),
    ("fr_ch", 2_361_342),
    ("hu", 2_301_004),
    ("it", CHANGEOVER_ROME),
    ("it_ch", 2_361_342),
    ("nb", 2_342_032),
    ("nl", 2_342_165),
    ("nl_be", 2_299_238),
    ("nn", 2_342_032),
    ("no", 2_342_032),
    ("pl", CHANGEOVER_ROME),
    ("pt", CHANGEOVER_ROME),
    ("ro", 2_422_063),
    ("ru", 2_421_639),
    ("sv", 2_361_390),
];

/// The first day of the Gregorian calendar in a locale such as `de_at`, in lower case.
pub fn changeover_of(locale: &str) -> i32 {
    let mut name = locale;
    loop {
        if let Some((_, day)) = CHANGEOVERS.iter().find(|(known, _)| *known == name) {
            return *day;
        }
        match name.rfind('_') {
            Some(end) => name = &name[..end],
            None => return CHANGEOVER_ROME,
        }
    }
}

impl Locale {
    /// The locale of C, also what others leave out.
    pub fn root() -> Locale {
        let owned = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        let abbreviated = |names: &[&str]| {
            names
                .iter()
                .map(|name| name[..3].to_owned())
                .collect::<Vec<_>>()
        };
        Locale {
            days_abbreviated: abbreviated(&DAYS),
            days_full: owned(&DAYS),
            months_abbreviated: abbreviated(&MONTHS),
            months_full: owned(&MONTHS),
            am: "am".into(),
            pm: "pm".into(),
            before_common_era: "B.C.E.".into(),
            common_era: "C.E.".into(),
            eras: Vec::new(),
            numerals: (0..100).map(|number| format!("{number:02}")).collect(),
            changeover: CHANGEOVER_ROME,
            formats: Formats::new(|_, root| root.to_owned()),
        }
    }

    /// `format` with the groups that stand for other formats replaced by these.
    pub fn expand<'f>(&self, format: &'f str) -> Cow<'f, str> {
        if has_composite(format) {
            Cow::Owned(self.formats.expand(format))
        } else {
            Cow::Borrowed(format)
        }
    }

    /// The era that `%EC` shows a local time in, if it is of one.
    pub(super) fn era_at(&self, local_seconds: i64) -> Option<&Era> {
        let count = self.eras.partition_point(|era| era.start <= local_seconds);
        self.eras.get(count.checked_sub(1)?)
    }

    /// The numeral of a number.
    pub(super) fn numeral(&self, number: i64) -> &str {
        usize::try_from(number)
            .ok()
            .and_then(|index| self.numerals.get(index))
            .map_or("", String::as_str)
    }
}

impl Formats {
    /// The formats that `of` gives by their names in the message catalogue, from the root locale's.
    pub fn new(mut of: impl FnMut(&str, &'static str) -> String) -> Formats {
        let mut formats = Formats(vec![
            ("%%", "%%".to_owned()),
            ("%D", "%m/%d/%Y".to_owned()),
            ("%+", "%a %b %e %H:%M:%S %Z %Y".to_owned()),
        ]);
        for (name, group, root) in FORMATS {
            let format = formats.expand(&of(name, root));
            formats.0.push((group, format));
        }
        formats
    }

    fn expand(&self, format: &str) -> String {
        let pairs: Vec<(&str, &str)> = self
            .0
            .iter()
            .map(|(group, format)| (*group, format.as_str()))
            .collect();
        strings::map(format, &pairs, false).map_or_else(|_| String::new(), Cow::into_owned)
    }
}

/// Whether a format may hold groups that stand for formats.
fn has_composite(format: &str) -> bool {
    let mut bytes = format.as_bytes();
    while let Some(at) = memchr::memchr(b'%', bytes) {
        match bytes.get(at + 1) {
            Some(b'D' | b'+' | b'T' | b'R' | b'r' | b'X' | b'x' | b'c' | b'E') => return true,
            Some(b'%') => bytes = &bytes[at + 2..],
            _ => bytes = &bytes[at + 1..],
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composite_groups_expand_and_escapes_stay() {
        let root = Locale::root();
        assert_eq!(
            root.expand("%D|%%T|%T|%EX"),
            "%m/%d/%Y|%%T|%H:%M:%S|%H:%M:%S"
        );
        assert!(matches!(root.expand("%Y-%m-%d%%"), Cow::Borrowed(_)));
        let formats = Formats::new(|name, root| {
            if name == "DATE_TIME_FORMAT" {
                "%x %X".into()
            } else {
                root.into()
            }
        });
        assert_eq!(Locale { formats, ..root }.expand("%c"), "%m/%d/%Y %H:%M:%S");
    }

    #[test]
    fn a_country_may_have_changed_with_its_language() {
        assert_eq!(changeover_of("en_us_roman"), CHANGEOVER_ENGLAND);
        assert_eq!(changeover_of("de_at"), 2_299_527);
        assert_eq!(changeover_of("de"), CHANGEOVER_ROME);
        assert_eq!(changeover_of("c"), CHANGEOVER_ROME);
    }
}
