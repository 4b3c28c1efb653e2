//! The engine of the `scan` command. Read [`scan`] first; `spec` reads the format, `reader` the text.

mod reader;
mod spec;

use std::borrow::Cow;

use reader::{Reader, Stop};
use spec::{Item, parse_spec};

use super::number::Number;

/// The highest `n` in `%n$` where no variables are named. tclsh takes any and dies of memory.
pub const SCAN_POSITION_MAX: usize = 1 << 16;

/// One thing that a conversion found.
#[derive(Debug, Clone, PartialEq)]
pub enum Scanned<'t> {
    /// A piece of the text scanned.
    Text(&'t str),
    /// A number: of an integer conversion, `%c` or `%n` an integer, of the others a double.
    Number(Number),
}

/// What a `scan` found.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan<'t> {
    /// For each variable, or each element of the result where no variables are named, what was found for it, if
    /// anything was.
    pub values: Vec<Option<Scanned<'t>>>,
    /// Whether the text ended before the first conversion was done: `scan` is then −1, or the empty list.
    pub at_end: bool,
}

impl Scan<'_> {
    /// How many values were found.
    pub fn found(&self) -> usize {
        self.values.iter().flatten().count()
    }
}

/// What is wrong with the format of a `scan`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanError {
    /// Both `%` and `%n$` are used.
    MixedSpecifiers,
    /// `%n$` names no variable.
    IndexOutOfRange,
    /// More conversions than variables.
    TooManyConversions,
    /// A variable that no conversion sets.
    Unassigned,
    /// A variable that two conversions set.
    MultiplyAssigned,
    /// `%5c`.
    WidthOfChar,
    /// A size letter before `c`, `n`, `s` or `[`.
    BadSize(char),
    /// `%llu`.
    BadUnsigned,
    /// `%[` without its `]`.
    UnmatchedBracket,
    /// No conversion has this letter; NUL where the format ends.
    BadConversion(char),
}

impl ScanError {
    /// tclsh's message.
    pub fn message(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            ScanError::MixedSpecifiers => "cannot mix \"%\" and \"%n$\" conversion specifiers",
            ScanError::IndexOutOfRange => "\"%n$\" argument index out of range",
            ScanError::TooManyConversions => {
                "different numbers of variable names and field specifiers"
            }
            ScanError::Unassigned => "variable is not assigned by any conversion specifiers",
            ScanError::MultiplyAssigned => {
                "variable is assigned by multiple \"%n$\" conversion specifiers"
            }
            ScanError::WidthOfChar => "field width may not be specified in %c conversion",
            ScanError::BadSize(letter) => {
                return Cow::Owned(format!(
                    "field size modifier may not be specified in %{letter} conversion"
                ));
            }
            ScanError::BadUnsigned => "unsigned bignum scans are invalid",
            ScanError::UnmatchedBracket => "unmatched [ in format string",
            ScanError::BadConversion(letter) => {
                return Cow::Owned(format!("bad scan conversion character \"{letter}\""));
            }
        })
    }

    /// The words of tclsh's errorCode.
    pub fn code(&self) -> &'static [&'static str] {
        match self {
            ScanError::MixedSpecifiers => &["TCL", "FORMAT", "MIXEDSPECTYPES"],
            ScanError::IndexOutOfRange => &["TCL", "FORMAT", "INDEXRANGE"],
            ScanError::TooManyConversions => &["TCL", "FORMAT", "FIELDVARMISMATCH"],
            ScanError::Unassigned => &["TCL", "FORMAT", "UNASSIGNED"],
            ScanError::MultiplyAssigned => &["TCL", "FORMAT", "POLYASSIGNED"],
            ScanError::WidthOfChar => &["TCL", "FORMAT", "BADWIDTH"],
            ScanError::BadSize(_) => &["TCL", "FORMAT", "BADSIZE"],
            ScanError::BadUnsigned => &["TCL", "FORMAT", "BADUNSIGNED"],
            ScanError::UnmatchedBracket => &["TCL", "FORMAT", "BRACKET"],
            ScanError::BadConversion(_) => &["TCL", "FORMAT", "BADTYPE"],
        }
    }
}

/// Takes `text` apart as `spec` says, as the `scan` command does.
///
/// * `variables`: how many variable names follow the format; 0 where the values are to be the result.
///
/// The format is checked whole before any of it is used.
pub fn scan<'t>(text: &'t str, spec: &str, variables: usize) -> Result<Scan<'t>, ScanError> {
    Ok(ScanFormat::new(spec, variables)?.scan(text))
}

/// A format of `scan`, checked and taken apart.
pub struct ScanFormat {
    items: Vec<Item>,
    values: usize,
    /// How many variable names it is for: 0 where the values are to be the result.
    pub variables: usize,
}

impl ScanFormat {
    /// Checks and takes apart `spec` for so many variables.
    pub fn new(spec: &str, variables: usize) -> Result<ScanFormat, ScanError> {
        let (items, values) = parse_spec(spec, variables)?;
        Ok(ScanFormat {
            items,
            values,
            variables,
        })
    }

    /// Takes `text` apart as the format says.
    pub fn scan<'t>(&self, text: &'t str) -> Scan<'t> {
        let (values, stop, conversions) = Reader::new(text, self.values).run(&self.items);
        Scan {
            values,
            at_end: stop == Some(Stop::AtEnd) && conversions == 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result that `scan` has without variables, elements joined by spaces.
    fn scanned(text: &str, spec: &str) -> String {
        let outcome = match scan(text, spec, 0) {
            Ok(outcome) => outcome,
            Err(error) => return error.message().into_owned(),
        };
        if outcome.at_end {
            return String::from("at end");
        }
        let words = outcome.values.iter().map(|value| match value {
            Some(Scanned::Text(piece)) => String::from(*piece),
            Some(Scanned::Number(Number::Int(value))) => value.to_string(),
            Some(Scanned::Number(Number::Big(value))) => value.to_string(),
            Some(Scanned::Number(Number::Double(value))) => {
                super::super::double::format_double(*value)
            }
            None => String::from("-"),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn conversions_are_those_of_tclsh() {
        for (text, spec, result) in [
            ("12 -3", "%d%d", "12 -3"),
            ("0x1F", "%x", "31"),
            ("0x1F", "%2x%s", "0 x1F"),
            ("0b11", "%i%s", "0 b11"),
            ("018", "%i%s", "1 8"),
            ("99999999999999999999", "%d", "9223372036854775807"),
            ("ffffffffffffffff", "%x", "-1"),
            ("-5", "%u", "18446744073709551611"),
            ("99999999999999999999", "%lld", "99999999999999999999"),
            ("1.5e10", "%4f%s", "1.5 e10"),
            ("010", "%f", "10.0"),
            ("0x10", "%f%s", "0.0 x10"),
            ("-0", "%f", "0.0"),
            ("infinit", "%f%s", "Inf init"),
            ("nan", "%f", "-"),
            ("  ab cd", "%s%n", "ab 4"),
            ("\u{e9} b", "%s%n", "\u{e9} 2"),
            ("\u{e9}a", "%c%1s", "233 a"),
            ("\u{10F83D}\u{10FE00}", "%c", "128512"),
            ("abc", "%[^c]%c", "ab 99"),
            ("]x", "%[]]", "]"),
            ("a-c", "%[a-]", "a-"),
            ("abc", "%[c-a]", "abc"),
            ("1 2", "%2$d %1$d", "2 1"),
            ("1 2", "%3$d", "- - 1"),
            ("1 2", "%*d %d", "2"),
            ("x", "%d", "-"),
            ("", "%d", "at end"),
            ("-", "%d", "at end"),
            (".", "%f", "at end"),
            ("1", "%d%d", "1 -"),
            ("abd", "abc%n", "-"),
        ] {
            assert_eq!(scanned(text, spec), result, "{text} {spec}");
        }
    }

    #[test]
    fn errors_are_those_of_tclsh() {
        for (spec, variables, message) in [
            (
                "%d %d",
                1,
                "different numbers of variable names and field specifiers",
            ),
            (
                "%d",
                2,
                "variable is not assigned by any conversion specifiers",
            ),
            (
                "%1$d %1$d",
                0,
                "variable is assigned by multiple \"%n$\" conversion specifiers",
            ),
            ("%0$d", 0, "\"%n$\" argument index out of range"),
            ("%3$d", 2, "\"%n$\" argument index out of range"),
            ("%999999999$d", 0, "\"%n$\" argument index out of range"),
            (
                "%1$d %d",
                0,
                "cannot mix \"%\" and \"%n$\" conversion specifiers",
            ),
            (
                "%5c",
                0,
                "field width may not be specified in %c conversion",
            ),
            (
                "%ls",
                0,
                "field size modifier may not be specified in %s conversion",
            ),
            ("%llu", 0, "unsigned bignum scans are invalid"),
            ("%[]", 0, "unmatched [ in format string"),
            ("%y", 0, "bad scan conversion character \"y\""),
            ("%", 0, "bad scan conversion character \"\0\""),
        ] {
            assert_eq!(
                scan("", spec, variables).unwrap_err().message(),
                message,
                "{spec}"
            );
        }
    }
}
