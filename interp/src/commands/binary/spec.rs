//! The fields of the formats that `binary format` and `binary scan` take.

use crate::runtime::Exception;

/// One field: a letter, `u` and a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) kind: Kind,
    pub(super) count: Count,
    /// `u`: integers are read without sign.
    pub(super) is_unsigned: bool,
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
    fn of(letter: char) -> Option<Kind> {
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
            'a' => Some(Kind::Bytes { pad: 0 }),
            'A' => Some(Kind::Bytes { pad: b' ' }),
            'b' => Some(Kind::Bits(DigitOrder::LowFirst)),
            'B' => Some(Kind::Bits(DigitOrder::HighFirst)),
            'h' => Some(Kind::Digits(DigitOrder::LowFirst)),
            'H' => Some(Kind::Digits(DigitOrder::HighFirst)),
            'c' => integer(1, false),
            's' => integer(2, false),
            'S' => integer(2, true),
            't' => integer(2, is_native_big),
            'i' => integer(4, false),
            'I' => integer(4, true),
            'n' => integer(4, is_native_big),
            'w' => integer(8, false),
            'W' => integer(8, true),
            'm' => integer(8, is_native_big),
            'f' => float(4, is_native_big),
            'r' => float(4, false),
            'R' => float(4, true),
            'd' => float(8, is_native_big),
            'q' => float(8, false),
            'Q' => float(8, true),
            'x' => Some(Kind::Forward),
            'X' => Some(Kind::Back),
            '@' => Some(Kind::Position),
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
    pub(super) fn next(&mut self) -> Result<Option<Field>, Box<Exception>> {
        let from = self.0;
        let mut chars = from.trim_start_matches(' ').chars();
        let Some(letter) = chars.next() else {
            return Ok(None);
        };
        let Some(kind) = Kind::of(letter) else {
            // tclsh shows the first of the blanks before the letter.
            let shown = from.chars().next().unwrap_or(letter);
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
        Ok(Some(Field {
            kind,
            count,
            is_unsigned,
        }))
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
            read.push((field.count, field.is_unsigned));
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
