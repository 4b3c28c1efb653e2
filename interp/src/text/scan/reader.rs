//! The text of a `scan`.

use num_bigint::{BigInt, Sign};

use super::Scanned;
use super::spec::{Conversion, Item, Size};
use crate::text::chars::{Class, is_class};
use crate::text::number::{Number, big_low_bits, big_to_f64, decimal_prefix, parse_radix};
use crate::text::utf::{offset_of_unit, tcl_bytes, unit_len, unit_of};

/// So many digits of any radix up to 16 are a number of less than 63 bits.
const SMALL_DIGITS_MAX: usize = 15;

/// Why scanning ended early.
#[derive(Debug, PartialEq)]
pub(super) enum Stop {
    AtEnd,
    Mismatch,
}

/// What is left of the text, and what was found.
pub(super) struct Reader<'t> {
    text: &'t str,
    rest: &'t str,
    values: Vec<Option<Scanned<'t>>>,
    conversions: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str, values: usize) -> Reader<'t> {
        Reader {
            text,
            rest: text,
            values: vec![None; values],
            conversions: 0,
        }
    }

    /// Reads the text as `items` say: the values found, why it ended early if so, and after how many conversions.
    pub(super) fn run(mut self, items: &[Item]) -> (Vec<Option<Scanned<'t>>>, Option<Stop>, usize) {
        let stop = items.iter().find_map(|item| self.step(item).err());
        (self.values, stop, self.conversions)
    }

    fn step(&mut self, item: &Item) -> Result<(), Stop> {
        match item {
            Item::Space => self.skip_space(),
            Item::Literal(wanted) => match self.rest.strip_prefix(*wanted) {
                Some(after) => self.rest = after,
                None if self.rest.is_empty() => return Err(Stop::AtEnd),
                None => return Err(Stop::Mismatch),
            },
            Item::Conversion(conversion) => {
                let value = self.convert(conversion)?;
                if let Some(place) = conversion
                    .target
                    .and_then(|target| self.values.get_mut(target))
                {
                    *place = Some(value);
                }
                self.conversions += 1;
            }
        }
        Ok(())
    }

    fn skip_space(&mut self) {
        if self
            .rest
            .as_bytes()
            .first()
            .is_some_and(u8::is_ascii_graphic)
        {
            return;
        }
        self.rest = self
            .rest
            .trim_start_matches(|character| is_class(character, Class::Space));
    }

    fn convert(&mut self, conversion: &Conversion) -> Result<Scanned<'t>, Stop> {
        if conversion.letter == 'n' {
            // The position is in bytes of Tcl's UTF-8, whatever the manual says.
            let bytes = tcl_bytes(&self.text[..self.text.len() - self.rest.len()]);
            return Ok(Scanned::Number(Number::Int(bytes as i64)));
        }
        if !matches!(conversion.letter, 'c' | '[') {
            self.skip_space();
        }
        if self.rest.is_empty() {
            return Err(Stop::AtEnd);
        }
        match conversion.letter {
            'c' => Ok(self.take_char()),
            's' => Ok(self.take_while(conversion, |character| !is_class(character, Class::Space))),
            '[' => {
                let set = CharSet::new(&conversion.set);
                let piece = self.take_while(conversion, |character| set.contains(character));
                if piece == Scanned::Text("") {
                    Err(Stop::Mismatch)
                } else {
                    Ok(piece)
                }
            }
            'e' | 'E' | 'f' | 'g' | 'G' => self.take_double(conversion),
            _ => self.take_integer(conversion),
        }
    }

    /// The code of the next character, a surrogate pair taken as one.
    fn take_char(&mut self) -> Scanned<'t> {
        let mut chars = self.rest.chars();
        let unit = chars.next().map_or(0, unit_of);
        let mut code = i64::from(unit);
        if let (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) =
            (unit, chars.clone().next().map(unit_of))
        {
            code = 0x1_0000 + (i64::from(unit & 0x3FF) << 10 | i64::from(low & 0x3FF));
            chars.next();
        }
        self.rest = chars.as_str();
        Scanned::Number(Number::Int(code))
    }

    fn take_while(
        &mut self,
        conversion: &Conversion,
        is_taken: impl Fn(char) -> bool,
    ) -> Scanned<'t> {
        let limited = conversion.cut(self.rest);
        let end = limited
            .find(|character| !is_taken(character))
            .unwrap_or(limited.len());
        let (piece, rest) = self.rest.split_at(end);
        self.rest = rest;
        Scanned::Text(piece)
    }

    fn take_integer(&mut self, conversion: &Conversion) -> Result<Scanned<'t>, Stop> {
        let limited = conversion.cut(self.rest);
        let signed = usize::from(limited.starts_with(['+', '-']));
        let (radix, start) = radix_of(conversion.letter, limited.get(signed..).unwrap_or_default());
        let digits_start = signed + start;
        let digits = limited.get(digits_start..).unwrap_or_default();
        let length = digits
            .bytes()
            .position(|byte| !char::from(byte).is_digit(radix))
            .unwrap_or(digits.len());
        if length == 0 {
            return Err(if digits.is_empty() {
                conversion.stop_at_end_of(limited)
            } else {
                Stop::Mismatch
            });
        }
        self.rest = &self.rest[digits_start + length..];
        let is_negative = limited.starts_with('-');
        let magnitude = if length <= SMALL_DIGITS_MAX {
            let digits = digits.bytes().take(length);
            let digit = |byte: u8| i64::from(char::from(byte).to_digit(radix).unwrap_or(0));
            Number::Int(digits.fold(0, |value, byte| value * i64::from(radix) + digit(byte)))
        } else {
            // None of more digits than a number may have.
            parse_radix(&digits[..length], radix).ok_or(Stop::Mismatch)?
        };
        Ok(Scanned::Number(fit_integer(
            magnitude,
            is_negative,
            conversion,
        )))
    }

    fn take_double(&mut self, conversion: &Conversion) -> Result<Scanned<'t>, Stop> {
        let limited = conversion.cut(self.rest);
        let (number, length) =
            decimal_prefix(limited).ok_or_else(|| match is_start_of_double(limited) {
                true => conversion.stop_at_end_of(limited),
                false => Stop::Mismatch,
            })?;
        let value = match number {
            Number::Int(value) => value as f64,
            Number::Big(value) => big_to_f64(&value),
            Number::Double(value) => value,
        };
        if value.is_nan() {
            return Err(Stop::Mismatch);
        }
        self.rest = &self.rest[length..];
        Ok(Scanned::Number(Number::Double(value)))
    }
}

/// The radix that `letter` reads `unsigned` (digits after a sign) in, and how long its prefix is.
///
/// As in tclsh, `%x` and `%b` take their own prefix, `%i` only `0x` and `0`; a prefix without digits is the number 0.
fn radix_of(letter: char, unsigned: &str) -> (u32, usize) {
    let has_prefix = |letters: [u8; 2], radix| match unsigned.as_bytes() {
        [b'0', prefix, digit, ..] => letters.contains(prefix) && char::from(*digit).is_digit(radix),
        _ => false,
    };
    let has_hexadecimal = || has_prefix([b'x', b'X'], 16);
    match letter {
        'x' | 'X' => (16, if has_hexadecimal() { 2 } else { 0 }),
        'b' => (2, if has_prefix([b'b', b'B'], 2) { 2 } else { 0 }),
        'o' => (8, 0),
        'i' if has_hexadecimal() => (16, 2),
        'i' if unsigned.starts_with('0') => (8, 0),
        _ => (10, 0),
    }
}

/// What an integer conversion makes of the number it read.
///
/// Without `ll`: a magnitude of 64 bits wraps, a larger one becomes the extreme of its sign; `%u` shows the result
/// without sign.
fn fit_integer(magnitude: Number, is_negative: bool, conversion: &Conversion) -> Number {
    let magnitude = match magnitude {
        Number::Int(value) if !is_negative => return Number::Int(value),
        Number::Int(value) if conversion.letter != 'u' => return Number::Int(-value),
        Number::Int(value) => BigInt::from(value),
        Number::Big(value) => value,
        Number::Double(_) => return Number::Int(0),
    };
    let value = if is_negative { -magnitude } else { magnitude };
    if conversion.size == Size::Big {
        return Number::from_big(value);
    }
    let fitted = match (value.bits() <= 64, value.sign()) {
        (true, _) => big_low_bits(&value),
        (false, Sign::Minus) => i64::MIN,
        (false, _) => i64::MAX,
    };
    if conversion.letter == 'u' && fitted < 0 {
        return Number::from_big(BigInt::from(fitted as u64));
    }
    Number::Int(fitted)
}

/// Whether `text`, which is no number, is the start of one, as `-` and `.` and `in` are.
fn is_start_of_double(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let starts = |word: &str| {
        word.get(..unsigned.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(unsigned))
    };
    unsigned == "." || starts("infinity") || starts("nan")
}

impl Conversion {
    /// `text` up to the width.
    fn cut<'t>(&self, text: &'t str) -> &'t str {
        if self.width == 0 {
            text
        } else {
            &text[..offset_of_unit(text, self.width)]
        }
    }

    /// What it is that a number has only begun when `limited`, the text up to the width, ends: tclsh takes a text that
    /// is shorter than the width for a mismatch.
    fn stop_at_end_of(&self, limited: &str) -> Stop {
        if self.width == 0 || unit_len(limited) == self.width {
            Stop::AtEnd
        } else {
            Stop::Mismatch
        }
    }
}

/// The characters of a `%[...]`.
struct CharSet {
    is_negated: bool,
    /// Units, both ends inclusive.
    ranges: Vec<(u16, u16)>,
}

impl CharSet {
    fn new(set: &str) -> CharSet {
        let is_negated = set.starts_with('^');
        let mut units = set[usize::from(is_negated)..]
            .chars()
            .map(unit_of)
            .peekable();
        let mut ranges = Vec::new();
        const DASH: u16 = b'-' as u16;
        let mut start = units.peek().copied().unwrap_or(0);
        if start == DASH || start == u16::from(b']') {
            ranges.push((start, start));
            units.next();
        }
        while let Some(unit) = units.next() {
            if units.peek() == Some(&DASH) {
                // Perhaps the first of a range: nothing is added before that is known.
                start = unit;
            } else if unit == DASH {
                match units.next() {
                    Some(end) => ranges.push((start.min(end), start.max(end))),
                    None => ranges.extend([(start, start), (DASH, DASH)]),
                }
            } else {
                ranges.push((unit, unit));
            }
        }
        CharSet { is_negated, ranges }
    }

    fn contains(&self, character: char) -> bool {
        let unit = unit_of(character);
        self.ranges
            .iter()
            .any(|&(first, last)| (first..=last).contains(&unit))
            != self.is_negated
    }
}
