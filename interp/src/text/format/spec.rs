//! What stands between `%` and the letter of a conversion.

use super::FormatError;

/// The size letters before a conversion.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Size {
    Wide,
    Short,
    Big,
}

/// One conversion: what stands between `%` and its letter.
#[derive(Clone, Copy)]
pub(super) struct Conversion {
    /// `-`: pads on the right.
    pub(super) is_left: bool,
    /// `#`.
    pub(super) is_alternate: bool,
    /// `0`: pads with zeros.
    pub(super) has_zero: bool,
    /// ` ` and `+`: what a number that is not negative begins with.
    pub(super) plus: Option<char>,
    /// The least number of chars; 0 where none is given.
    pub(super) width: usize,
    /// As C's int: tclsh takes one beyond 2^31 − 1 for a negative one.
    pub(super) precision: Option<i32>,
    pub(super) size: Size,
}

impl Conversion {
    /// Takes the width from an argument; a negative one pads on the right.
    pub(super) fn set_width(&mut self, width: i32) -> Result<(), FormatError> {
        self.is_left |= width < 0;
        // The most negative int has no opposite; tclsh pads nothing then.
        self.width =
            usize::try_from(width.checked_abs().unwrap_or(0)).map_err(|_| FormatError::TooLong)?;
        Ok(())
    }
}

/// The flags at the start of `rest`, and what follows them.
pub(super) fn read_flags(rest: &str) -> (Conversion, &str) {
    let mut conversion = Conversion {
        is_left: false,
        is_alternate: false,
        has_zero: false,
        plus: None,
        width: 0,
        precision: None,
        size: Size::Wide,
    };
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'-' => conversion.is_left = true,
            b'#' => conversion.is_alternate = true,
            b'0' => conversion.has_zero = true,
            b' ' => conversion.plus = conversion.plus.or(Some(' ')),
            b'+' => conversion.plus = Some('+'),
            _ => return (conversion, &rest[at..]),
        }
    }
    (conversion, "")
}

/// Reads `h`, `l` or `ll`; on this machine a plain integer is as wide as a long one.
pub(super) fn read_size<'s>(conversion: &mut Conversion, rest: &'s str) -> &'s str {
    if let Some(after) = rest.strip_prefix("ll") {
        conversion.size = Size::Big;
        after
    } else if let Some(after) = rest.strip_prefix('h') {
        conversion.size = Size::Short;
        after
    } else {
        rest.strip_prefix('l').unwrap_or(rest)
    }
}

/// The decimal digits at the start of `text`, and the rest.
pub(in crate::text) fn split_digits(text: &str) -> (&str, &str) {
    let end = text
        .bytes()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// Decimal `digits` (none are 0) as `strtoul` and a cast to int make them: stopped at 2^64 − 1, then the low 32 bits.
pub(super) fn c_int(digits: &str) -> i32 {
    if digits.is_empty() {
        0
    } else {
        digits.parse::<u64>().unwrap_or(u64::MAX) as i32
    }
}
