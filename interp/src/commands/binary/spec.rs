//! The fields of the formats that `binary format` and `binary scan` take.

use crate::runtime::Exception;

/// One field: what it holds, `u` and a count. It is two whole words, since it is copied between every two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    kind: Kind,
    is_unsigned: bool,
    form: CountForm,
    number: usize,
}

/// Which [`Count`] a field has, apart from its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CountForm {
    None,
    All,
    Number,
}

impl Field {
    fn new(kind: Kind, is_unsigned: bool, count: Count) -> Field {
        let (form, number) = match count {
            Count::None => (CountForm::None, 0),
            Count::All => (CountForm::All, 0),
            Count::Number(number) => (CountForm::Number, number),
        };
        Field {
            kind,
            is_unsigned,
            form,
            number,
        }
    }

    #[inline]
    pub(super) fn kind(self) -> Kind {
        self.kind
    }

    #[inline]
    pub(super) fn count(self) -> Count {
        match self.form {
            CountForm::None => Count::None,
            CountForm::All => Count::All,
            CountForm::Number => Count::Number(self.number),
        }
    }

    /// `u`: integers are read without sign.
    #[inline]
    pub(super) fn is_unsigned(self) -> bool {
        self.is_unsigned
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
    pub(super) bytes: u8,
    /// Whether the highest byte comes first.
    pub(super) is_big_endian: bool,
    /// Whether it is a floating-point number.
    pub(super) is_float: bool,
}

impl Number {
    /// How many bytes it takes.
    #[inline]
    pub(super) fn size(self) -> usize {
        usize::from(self.bytes)
    }
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
pub(super) struct Fields<'f> {
    spec: &'f str,
    /// The byte that the next field begins at, or blanks before it.
    at: usize,
}

impl<'f> Fields<'f> {
    pub(super) fn new(spec: &'f str) -> Fields<'f> {
        Fields { spec, at: 0 }
    }

    /// The next field, if there is one.
    ///
    /// Errors: `bad field specifier "y"`, or `missing count for "@" field specifier`.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Field>, Box<Exception>> {
        let bytes = self.spec.as_bytes();
        let mut at = self.at;
        while bytes.get(at) == Some(&b' ') {
            at += 1;
        }
        let Some(letter) = bytes.get(at) else {
            return Ok(None);
        };
        let Some(kind) = Kind::of(*letter) else {
            return Err(self.bad_letter());
        };
        at += 1;
        let is_unsigned = bytes.get(at) == Some(&b'u');
        at += usize::from(is_unsigned);
        let (count, length) = match bytes.get(at) {
            Some(b'*') => (Count::All, 1),
            Some(b'0'..=b'9') => read_count(self.spec.get(at..).unwrap_or_default()),
            _ => (Count::None, 0),
        };
        self.at = at + length;
        if kind == Kind::Position && count == Count::None {
            return Err(Exception::error("missing count for \"@\" field specifier"));
        }
        Ok(Some(Field::new(kind, is_unsigned, count)))
    }

    #[cold]
    fn bad_letter(&self) -> Box<Exception> {
        // tclsh shows the first of the blanks before the letter.
        let rest = self.spec.get(self.at..).unwrap_or_default();
        let shown = rest.chars().next().unwrap_or(' ');
        Exception::error(format!("bad field specifier \"{shown}\""))
    }
}

/// The number that `text` begins with, and how many digits it has.
fn read_count(text: &str) -> (Count, usize) {
    let end = text
        .bytes()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    let digits = text.get(..end).unwrap_or_default();
    // A count beyond what memory holds is as good as any other such.
    (Count::Number(digits.parse().unwrap_or(usize::MAX)), end)
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
        let mut fields = Fields::new(" a3 cu*  @7X");
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
        assert!(Fields::new("y").next().is_err());
        assert!(Fields::new("@").next().is_err());
    }
}
