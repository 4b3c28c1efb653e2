//! The fields of the formats that `binary format` and `binary scan` take.

use crate::runtime::Exception;

/// One field: a letter, `u` and a count. It is two whole words, since it is copied between every two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// The letter, and above its eight bits [`UNSIGNED`] and the form of the count.
    tag: usize,
    number: usize,
}

const UNSIGNED: usize = 1 << 8;
const COUNT_ALL: usize = 1 << 9;
const COUNT_NUMBER: usize = 1 << 10;

impl Field {
    fn new(letter: u8, is_unsigned: bool, count: Count) -> Field {
        let (form, number) = match count {
            Count::None => (0, 0),
            Count::All => (COUNT_ALL, 0),
            Count::Number(number) => (COUNT_NUMBER, number),
        };
        let sign = if is_unsigned { UNSIGNED } else { 0 };
        Field {
            tag: usize::from(letter) | sign | form,
            number,
        }
    }

    #[inline]
    pub(super) fn kind(self) -> Kind {
        // Only letters that mean something get here.
        Kind::of(self.tag as u8).unwrap_or(Kind::Forward)
    }

    #[inline]
    pub(super) fn count(self) -> Count {
        if self.tag & COUNT_NUMBER != 0 {
            Count::Number(self.number)
        } else if self.tag & COUNT_ALL != 0 {
            Count::All
        } else {
            Count::None
        }
    }

    /// `u`: integers are read without sign.
    #[inline]
    pub(super) fn is_unsigned(self) -> bool {
        self.tag & UNSIGNED != 0
    }
}

/// How many times a field's item is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// No count is given.
    None,
    /// `*`
    All,
    /// This many.
    Number(usize),
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `a` and `A`: bytes, filled up with NUL or blanks.
    Bytes {
        /// What fills up; what `A` drops from the end when scanning, besides NUL.
        pad: u8,
    },
    /// `b` and `B`: binary digits.
    Bits(DigitOrder),
    /// `h` and `H`: hexadecimal digits.
    Digits(DigitOrder),
    /// A number.
    Number(Number),
    /// `x`: skips forward.
    Forward,
    /// `X`: skips back.
    Back,
    /// `@`: goes to a position.
    Position,
}

/// Which digit of a byte comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DigitOrder {
    LowFirst,
    HighFirst,
}

/// A number of fixed size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    /// How many bytes it takes: 1, 2, 4 or 8.
    pub(super) bytes: usize,
    /// Whether the highest byte comes first.
    pub(super) is_big_endian: bool,
    /// Whether it is a floating-point number.
    pub(super) is_float: bool,
}

impl Kind {
    #[inline]
    fn of(letter: u8) -> Option<Kind> {
        let is_native_big = cfg!(target_endian = "big");
        let integer = |bytes, is_big_endian| {
            Some(Kind::Number(Number {
                bytes,
                is_big_endian,
                is_float: false,
            }))
        };
        let float = |bytes, is_big_endian| {
            Some(Kind::Number(Number {
                bytes,
                is_big_endian,
                is_float: true,
            }))
        };
        match letter {
            b'a' => Some(Kind::Bytes { pad: 0 }),
            b'A' => Some(Kind::Bytes { pad: b' ' }),
            b'b' => Some(Kind::Bits(DigitOrder::LowFirst)),
            b'B' => Some(Kind::Bits(DigitOrder::HighFirst)),
            b'h' => Some(Kind::Digits(DigitOrder::LowFirst)),
            b'H' => Some(Kind::Digits(DigitOrder::HighFirst)),
            b'c' => integer(1, false),
            b's' => integer(2, false),
            b'S' => integer(2, true),
            b't' => integer(2, is_native_big),
            b'i' => integer(4, false),
            b'I' => integer(4, true),
            b'n' => integer(4, is_native_big),
            b'w' => integer(8, false),
            b'W' => integer(8, true),
            b'm' => integer(8, is_native_big),
            b'f' => float(4, is_native_big),
            b'r' => float(4, false),
            b'R' => float(4, true),
            b'd' => float(8, is_native_big),
            b'q' => float(8, false),
            b'Q' => float(8, true),
            b'x' => Some(Kind::Forward),
            b'X' => Some(Kind::Back),
            b'@' => Some(Kind::Position),
            _ => None,
        }
    }
}

/// The fields of a format one by one.
pub(super) struct Fields<'f>(pub(super) &'f str);

impl Fields<'_> {
    /// The next field, if there is one.
    ///
    /// Errors: `bad field specifier "y"`, or `missing count for "@" field specifier`.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Field>, Box<Exception>> {
        let from = self.0;
        let mut chars = from.trim_start_matches(' ').chars();
        let Some(character) = chars.next() else {
            return Ok(None);
        };
        let letter = u8::try_from(character).unwrap_or(0);
        let Some(kind) = Kind::of(letter) else {
            // tclsh shows the first of the blanks before the letter.
            let shown = from.chars().next().unwrap_or(character);
            return Err(Exception::error(format!("bad field specifier \"{shown}\"")));
        };
        let after = chars.as_str();
        let (is_unsigned, after) = match after.strip_prefix('u') {
            Some(after) => (true, after),
            None => (false, after),
        };
        let (count, after) = read_count(after);
        self.0 = after;
        if kind == Kind::Position && count == Count::None {
            return Err(Exception::error("missing count for \"@\" field specifier"));
        }
        Ok(Some(Field::new(letter, is_unsigned, count)))
    }
}

fn read_count(text: &str) -> (Count, &str) {
    if let Some(after) = text.strip_prefix('*') {
        return (Count::All, after);
    }
    let end = text
        .bytes()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, after) = text.split_at(end);
    if digits.is_empty() {
        return (Count::None, after);
    }
    // A count beyond what memory holds is as good as any other such.
    (Count::Number(digits.parse().unwrap_or(usize::MAX)), after)
}

impl Count {
    /// The count, with `all` for `*` and one where none is given.
    pub(super) fn or(self, all: usize) -> usize {
        match self {
            Count::None => 1,
            Count::All => all,
            Count::Number(count) => count,
        }
    }
}

/// `not enough arguments for all format specifiers`
pub(super) fn too_few_arguments() -> Box<Exception> {
    Exception::error("not enough arguments for all format specifiers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_letters_with_counts() {
        let mut fields = Fields(" a3 cu*  @7X");
        let mut read = Vec::new();
        while let Ok(Some(field)) = fields.next() {
            read.push((field.count(), field.is_unsigned()));
        }
        assert_eq!(
            read,
            [
                (Count::Number(3), false),
                (Count::All, true),
                (Count::Number(7), false),
                (Count::None, false)
            ]
        );
        assert!(Fields("y").next().is_err());
        assert!(Fields("@").next().is_err());
    }
}
