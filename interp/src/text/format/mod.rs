//! The engine of the `format` command. Read [`fn@format`] first; [`engine`] performs one conversion after the other.

mod double;
mod engine;
mod integer;
mod prepared;
pub(super) mod spec;

use std::borrow::Cow;

use engine::Formatter;
pub use prepared::Prepared;

use super::number::Number;

/// The arguments of a `format`, in whatever form the caller holds them.
pub trait FormatArgs {
    /// How many there are.
    fn count(&self) -> usize;

    /// The text of argument `index`, which is below [`FormatArgs::count`].
    fn text(&mut self, index: usize) -> Cow<'_, str>;

    /// Argument `index` as a number, if it is one.
    fn number(&mut self, index: usize) -> Option<Number>;

    /// Appends the text of argument `index`: for callers that can do so without making that text first.
    fn push_text(&mut self, index: usize, out: &mut String) {
        out.push_str(&self.text(index));
    }
}

/// Arguments that are plain text.
impl FormatArgs for &[&str] {
    fn count(&self) -> usize {
        self.len()
    }

    fn text(&mut self, index: usize) -> Cow<'_, str> {
        Cow::Borrowed(self.get(index).copied().unwrap_or_default())
    }

    fn number(&mut self, index: usize) -> Option<Number> {
        super::number::parse_number(self.get(index)?)
    }
}

/// Why a `format` failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatError {
    /// More conversions than arguments.
    TooFewArguments,
    /// `%n$` names no argument.
    IndexOutOfRange,
    /// Both `%` and `%n$` are used.
    MixedSpecifiers,
    /// No conversion has this letter.
    BadSpecifier(char),
    /// The text ends inside a conversion.
    Incomplete,
    /// `%llu`.
    BadUnsigned,
    /// The result would be longer than [`STRING_BYTES_MAX`](crate::limits::STRING_BYTES_MAX).
    TooLong,
    /// An argument is not the number it has to be; tclsh's whole message.
    NotANumber(Box<str>),
    /// A width, precision or character is not an integer; tclsh's whole message.
    NotAnInteger(Box<str>),
    /// A width, precision or character does not fit 32 bits.
    IntegerTooLarge,
    /// A NaN cannot be formatted.
    NaN,
}

impl FormatError {
    /// tclsh's message.
    pub fn message(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            FormatError::TooFewArguments => "not enough arguments for all format specifiers",
            FormatError::IndexOutOfRange => "\"%n$\" argument index out of range",
            FormatError::MixedSpecifiers => "cannot mix \"%\" and \"%n$\" conversion specifiers",
            FormatError::BadSpecifier(letter) => {
                return Cow::Owned(format!("bad field specifier \"{letter}\""));
            }
            FormatError::Incomplete => "format string ended in middle of field specifier",
            FormatError::BadUnsigned => "unsigned bignum format is invalid",
            FormatError::TooLong => "max size for a Tcl value exceeded",
            FormatError::NotANumber(message) | FormatError::NotAnInteger(message) => message,
            FormatError::IntegerTooLarge => "integer value too large to represent",
            FormatError::NaN => "floating point value is Not a Number",
        })
    }

    /// The words of tclsh's errorCode.
    pub fn code(&self) -> &'static [&'static str] {
        match self {
            FormatError::TooFewArguments => &["TCL", "FORMAT", "FIELDVARMISMATCH"],
            FormatError::IndexOutOfRange => &["TCL", "FORMAT", "INDEXRANGE"],
            FormatError::MixedSpecifiers => &["TCL", "FORMAT", "MIXEDSPECTYPES"],
            FormatError::BadSpecifier(_) => &["TCL", "FORMAT", "BADTYPE"],
            FormatError::Incomplete => &["TCL", "FORMAT", "INCOMPLETE"],
            FormatError::BadUnsigned => &["TCL", "FORMAT", "BADUNSIGNED"],
            FormatError::TooLong => &["TCL", "FORMAT", "OVERFLOW"],
            FormatError::NotANumber(_) => &["TCL", "VALUE", "NUMBER"],
            FormatError::NotAnInteger(_) => &["TCL", "VALUE", "INTEGER"],
            FormatError::IntegerTooLarge => {
                &["ARITH", "IOVERFLOW", "integer value too large to represent"]
            }
            FormatError::NaN => &["TCL", "VALUE", "DOUBLE", "NAN"],
        }
    }
}

/// The text that `spec` makes of `args`, as the `format` command does.
pub fn format(spec: &str, args: &mut dyn FormatArgs) -> Result<String, FormatError> {
    let mut formatter = Formatter::new(spec.len() + 16, args);
    let mut rest = spec;
    while let Some(at) = memchr::memchr(b'%', rest.as_bytes()) {
        formatter.push(&rest[..at])?;
        rest = &rest[at + 1..];
        rest = match rest.strip_prefix('%') {
            Some(after) => {
                formatter.push("%")?;
                after
            }
            None => formatter.convert(rest)?,
        };
    }
    formatter.push(rest)?;
    Ok(formatter.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(spec: &str, args: &[&str]) -> Result<String, String> {
        let mut args = args;
        format(spec, &mut args).map_err(|error| error.message().into_owned())
    }

    #[test]
    fn conversions_are_those_of_tclsh() {
        for (spec, arg, text) in [
            ("%d|", "42", "42|"),
            ("%5d", "-42", "  -42"),
            ("%-5d|", "42", "42   |"),
            ("%-05d|", "5", "00005|"),
            ("%08.5d", "42", "   00042"),
            ("%+d", "5", "+5"),
            ("% d", "5", " 5"),
            ("%x", "-1", "ffffffffffffffff"),
            ("%llx", "-255", "-ff"),
            ("%#X", "255", "0XFF"),
            ("%#o", "0", "0"),
            ("%#.3o", "0", "000"),
            ("%#.3o", "8", "010"),
            ("%#010x", "255", "0x000000ff"),
            ("%+llx", "42", "+2a"),
            ("%hd", "70000", "4464"),
            ("%hu", "-1", "65535"),
            ("%u", "-5", "18446744073709551611"),
            ("%d", "18446744073709551617", "1"),
            ("%d", "-9223372036854775809", "9223372036854775807"),
            ("%lld", "18446744073709551617", "18446744073709551617"),
            ("%b", "5", "101"),
            ("%c", "233", "\u{e9}"),
            ("%c", "65536", "\u{fffd}"),
            ("%c", "55357", "\u{10F83D}"),
            ("%5.1s|", "\u{e9}a", "    \u{e9}|"),
            ("%-08s|", "65", "65000000|"),
            ("%.2f", "3.14159", "3.14"),
            ("%08.3f", "-6.5", "-006.500"),
            ("%-08.3f|", "6.5", "6.500   |"),
            ("%05f", "Inf", "  inf"),
            ("%E", "-1", "-1.000000E+00"),
            ("%%%s%%", "x", "%x%"),
            ("%1$s%1$s", "x", "xx"),
        ] {
            assert_eq!(formatted(spec, &[arg]).as_deref(), Ok(text), "{spec} {arg}");
        }
        assert_eq!(
            formatted("%*.*f|", &["-8", "2", "3.14159"]).as_deref(),
            Ok("3.14    |")
        );
        assert_eq!(formatted("%2$s %1$s", &["a", "b"]).as_deref(), Ok("b a"));
    }

    #[test]
    fn errors_are_those_of_tclsh() {
        for (spec, args, text) in [
            (
                "%",
                &[][..],
                "not enough arguments for all format specifiers",
            ),
            (
                "%",
                &["1"],
                "format string ended in middle of field specifier",
            ),
            ("%y", &["1"], "bad field specifier \"y\""),
            (
                "%1$d %d",
                &["1", "2"],
                "cannot mix \"%\" and \"%n$\" conversion specifiers",
            ),
            (
                "%d %1$d",
                &["1", "2"],
                "cannot mix \"%\" and \"%n$\" conversion specifiers",
            ),
            ("%0$d", &["1"], "\"%n$\" argument index out of range"),
            ("%d", &["a"], "expected integer but got \"a\""),
            (
                "%f",
                &["08"],
                "expected floating-point number but got \"08\" (looks like invalid octal number)",
            ),
            (
                "%c",
                &["99999999999"],
                "integer value too large to represent",
            ),
            ("%llu", &["x"], "unsigned bignum format is invalid"),
            ("%f", &["NaN"], "floating point value is Not a Number"),
            ("%2147483648d", &["1"], "max size for a Tcl value exceeded"),
            (
                "%*d",
                &["5"],
                "not enough arguments for all format specifiers",
            ),
        ] {
            assert_eq!(formatted(spec, args), Err(text.to_owned()), "{spec}");
        }
    }

    #[test]
    fn the_result_is_bounded() {
        for spec in [
            "%2000000000d",
            "%02000000000d",
            "%.2000000000d",
            "%.2000000000f",
            "%2000000000s",
            "%02000000000f",
        ] {
            let mut args: &[&str] = &["1"];
            assert_eq!(format(spec, &mut args), Err(FormatError::TooLong), "{spec}");
        }
    }
}
