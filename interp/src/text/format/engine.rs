//! One conversion after the other.

use super::double::{Form, push_magnitude};
use super::integer::{self, Base};
use super::prepared::PreparedConversion;
use super::spec::{Conversion, Size, c_int, read_flags, read_size, split_digits};
use super::{FormatArgs, FormatError};
use crate::limits::STRING_BYTES_MAX;
use crate::text::number::{Number, big_to_f64, expected_number, push_int};
use crate::text::utf::{char_from_unit, offset_of_unit, unit_len};

/// How the conversions choose their arguments: all the same way.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    InTurn,
    Numbered,
}

/// The result so far, and what has been used up.
pub(super) struct Formatter<'a> {
    out: String,
    args: &'a mut dyn FormatArgs,
    /// The argument that the next conversion takes.
    next: usize,
    style: Option<Style>,
}

impl<'a> Formatter<'a> {
    pub(super) fn new(room: usize, args: &'a mut dyn FormatArgs) -> Formatter<'a> {
        Formatter {
            out: String::with_capacity(room),
            args,
            next: 0,
            style: None,
        }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    /// Appends literal text.
    pub(super) fn push(&mut self, text: &str) -> Result<(), FormatError> {
        self.reserve(text.len())?;
        self.out.push_str(text);
        Ok(())
    }

    /// Makes sure that `bytes` more are allowed.
    fn reserve(&mut self, bytes: usize) -> Result<(), FormatError> {
        if bytes > STRING_BYTES_MAX.saturating_sub(self.out.len()) {
            Err(FormatError::TooLong)
        } else {
            Ok(())
        }
    }

    /// The error for a missing argument.
    fn missing(&self) -> FormatError {
        match self.style {
            Some(Style::Numbered) => FormatError::IndexOutOfRange,
            _ => FormatError::TooFewArguments,
        }
    }

    /// Performs the conversion at the start of `rest`, which follows a `%`; what is left after it.
    pub(super) fn convert<'s>(&mut self, rest: &'s str) -> Result<&'s str, FormatError> {
        if let Some(after) = self.convert_plain(rest)? {
            return Ok(after);
        }
        let rest = self.read_position(rest)?;
        let (mut conversion, rest) = read_flags(rest);
        let rest = self.read_width(&mut conversion, rest)?;
        let rest = self.read_precision(&mut conversion, rest)?;
        let rest = read_size(&mut conversion, rest);
        let mut chars = rest.chars();
        let letter = chars
            .next()
            .filter(|&letter| letter != '\0')
            .ok_or(FormatError::Incomplete)?;
        self.emit(&conversion, letter)?;
        self.next += 1;
        Ok(chars.as_str())
    }

    /// Performs a conversion that has been read before.
    pub(super) fn convert_prepared(
        &mut self,
        prepared: &PreparedConversion,
    ) -> Result<(), FormatError> {
        if self.next >= self.args.count() {
            return Err(self.missing());
        }
        let mut conversion = prepared.conversion;
        if prepared.takes_width {
            let width = self.star()?;
            conversion.set_width(width)?;
        }
        if prepared.takes_precision {
            conversion.precision = Some(self.star()?.max(0));
        }
        self.emit(&conversion, prepared.letter)?;
        self.next += 1;
        Ok(())
    }

    /// `%s` and `%d` as such, which are most of all conversions; `None` if this is another.
    fn convert_plain<'s>(&mut self, rest: &'s str) -> Result<Option<&'s str>, FormatError> {
        let index = self.next;
        if self.style == Some(Style::Numbered) || index >= self.args.count() {
            return Ok(None);
        }
        let after = if let Some(after) = rest.strip_prefix('s') {
            self.args.push_text(index, &mut self.out);
            after
        } else if let Some(after) = rest.strip_prefix('d') {
            let Some(Number::Int(value)) = self.args.number(index) else {
                return Ok(None);
            };
            push_int(&mut self.out, value);
            after
        } else {
            return Ok(None);
        };
        self.style = Some(Style::InTurn);
        self.next += 1;
        self.reserve(0)?;
        Ok(Some(after))
    }

    /// Reads `n$`, and makes `next` the argument to take.
    fn read_position<'s>(&mut self, rest: &'s str) -> Result<&'s str, FormatError> {
        let (digits, after) = split_digits(rest);
        let numbered = after.strip_prefix('$').filter(|_| !digits.is_empty());
        let style = if numbered.is_some() {
            Style::Numbered
        } else {
            Style::InTurn
        };
        if self.style.is_some_and(|used| used != style) {
            return Err(FormatError::MixedSpecifiers);
        }
        self.style = Some(style);
        if numbered.is_some() {
            let position = usize::try_from(c_int(digits)).unwrap_or(0);
            self.next = position
                .checked_sub(1)
                .ok_or(FormatError::IndexOutOfRange)?;
        }
        if self.next >= self.args.count() {
            return Err(self.missing());
        }
        Ok(numbered.unwrap_or(rest))
    }

    fn read_width<'s>(
        &mut self,
        conversion: &mut Conversion,
        rest: &'s str,
    ) -> Result<&'s str, FormatError> {
        let (width, after) = if let Some(after) = rest.strip_prefix('*') {
            (self.star()?, after)
        } else {
            let (digits, after) = split_digits(rest);
            let width = c_int(digits);
            conversion.width = usize::try_from(width).map_err(|_| FormatError::TooLong)?;
            return Ok(after);
        };
        conversion.set_width(width)?;
        Ok(after)
    }

    fn read_precision<'s>(
        &mut self,
        conversion: &mut Conversion,
        rest: &'s str,
    ) -> Result<&'s str, FormatError> {
        let Some(rest) = rest.strip_prefix('.') else {
            return Ok(rest);
        };
        if let Some(after) = rest.strip_prefix('*') {
            conversion.precision = Some(self.star()?.max(0));
            return Ok(after);
        }
        let (digits, after) = split_digits(rest);
        conversion.precision = Some(c_int(digits));
        Ok(after)
    }

    /// The integer argument that a `*` takes; another has to follow it.
    fn star(&mut self) -> Result<i32, FormatError> {
        if self.next + 1 >= self.args.count() {
            return Err(self.missing());
        }
        let value = self.int_32(self.next)?;
        self.next += 1;
        Ok(value)
    }

    /// Argument `index` as tclsh's 32-bit integer: up to ±4294967295, wrapped.
    fn int_32(&mut self, index: usize) -> Result<i32, FormatError> {
        match self.args.number(index) {
            Some(Number::Int(value)) if value.unsigned_abs() <= u64::from(u32::MAX) => {
                Ok(value as i32)
            }
            Some(Number::Int(_) | Number::Big(_)) => Err(FormatError::IntegerTooLarge),
            // tclsh's words for a NaN too.
            Some(Number::Double(value)) if value.is_nan() => Err(FormatError::IntegerTooLarge),
            Some(Number::Double(_)) | None => {
                let message = format!("expected integer but got \"{}\"", self.args.text(index));
                Err(FormatError::NotAnInteger(message.into()))
            }
        }
    }

    fn emit(&mut self, conversion: &Conversion, letter: char) -> Result<(), FormatError> {
        match letter {
            's' => self.emit_text(conversion),
            'c' => {
                let code = self.int_32(self.next)?;
                let character = u16::try_from(code).map_or('\u{FFFD}', char_from_unit);
                self.pad(
                    conversion,
                    conversion.has_zero,
                    character.encode_utf8(&mut [0; 4]),
                    1,
                )
            }
            'u' if conversion.size == Size::Big => Err(FormatError::BadUnsigned),
            'd' | 'i' => self.emit_integer(conversion, &integer::DECIMAL),
            'u' => self.emit_integer(conversion, &integer::UNSIGNED),
            'o' => self.emit_integer(conversion, &integer::OCTAL),
            'x' => self.emit_integer(conversion, &integer::HEXADECIMAL),
            'X' => self.emit_integer(conversion, &integer::UPPER_HEXADECIMAL),
            'b' => self.emit_integer(conversion, &integer::BINARY),
            'e' | 'E' => self.emit_double(conversion, Form::Exponent, letter == 'E'),
            'f' => self.emit_double(conversion, Form::Fixed, false),
            'g' | 'G' => self.emit_double(conversion, Form::General, letter == 'G'),
            _ => Err(FormatError::BadSpecifier(letter)),
        }
    }

    fn emit_text(&mut self, conversion: &Conversion) -> Result<(), FormatError> {
        // The text is borrowed from the arguments: set them aside while it is written.
        let Formatter {
            out, args, next, ..
        } = self;
        let text = args.text(*next);
        let kept = match conversion.precision {
            Some(precision) => {
                &text[..offset_of_unit(&text, usize::try_from(precision).unwrap_or(0))]
            }
            None => &text,
        };
        let chars = if conversion.width == 0 {
            0
        } else {
            unit_len(kept)
        };
        push_padded(out, conversion, conversion.has_zero, kept, chars)
    }

    fn emit_integer(&mut self, conversion: &Conversion, base: &Base) -> Result<(), FormatError> {
        let Some(value) = self
            .args
            .number(self.next)
            .filter(|value| !matches!(value, Number::Double(_)))
        else {
            let message = expected_number("integer", &self.args.text(self.next));
            return Err(FormatError::NotANumber(message.into()));
        };
        if let Number::Int(value) = value
            && let Some((sign, magnitude)) = base.plain(value, conversion)
        {
            let digits = base.digit_count(magnitude);
            let missing = conversion
                .width
                .saturating_sub(digits + usize::from(sign.is_some()));
            self.reserve(missing.saturating_add(digits + 1))?;
            // Zeros stand behind the sign, on whichever side the padding would be.
            let spaces = if conversion.has_zero { 0 } else { missing };
            if !conversion.is_left {
                push_repeated(&mut self.out, ' ', spaces);
            }
            self.out.extend(sign);
            push_repeated(&mut self.out, '0', missing - spaces);
            base.push_magnitude(&mut self.out, magnitude, digits);
            if conversion.is_left {
                push_repeated(&mut self.out, ' ', spaces);
            }
            return Ok(());
        }
        let segment = base.digits(value, conversion)?;
        let with_zeros = conversion.has_zero && conversion.precision.is_none();
        self.pad(conversion, with_zeros, &segment, segment.len())
    }

    fn emit_double(
        &mut self,
        conversion: &Conversion,
        form: Form,
        is_upper: bool,
    ) -> Result<(), FormatError> {
        let value = match self.args.number(self.next) {
            Some(Number::Int(value)) => value as f64,
            Some(Number::Big(value)) => big_to_f64(&value),
            Some(Number::Double(value)) if value.is_nan() => return Err(FormatError::NaN),
            Some(Number::Double(value)) => value,
            None => {
                let message = expected_number("floating-point number", &self.args.text(self.next));
                return Err(FormatError::NotANumber(message.into()));
            }
        };
        let precision =
            usize::try_from(conversion.precision.unwrap_or(6)).map_err(|_| FormatError::TooLong)?;
        self.reserve(precision)?;
        let start = self.out.len();
        self.out.extend(if value.is_sign_negative() {
            Some('-')
        } else {
            conversion.plus
        });
        let digits = self.out.len();
        let is_alternate = conversion.is_alternate;
        push_magnitude(&mut self.out, value, form, precision, is_alternate);
        if is_upper {
            self.out[start..].make_ascii_uppercase();
        }
        let missing = conversion.width.saturating_sub(self.out.len() - start);
        self.reserve(missing)?;
        // C's rules: `-` wins over `0`, and an infinity gets no zeros.
        if conversion.is_left {
            push_repeated(&mut self.out, ' ', missing);
        } else if conversion.has_zero && value.is_finite() {
            insert_repeated(&mut self.out, digits, ZEROS, missing);
        } else {
            insert_repeated(&mut self.out, start, BLANKS, missing);
        }
        Ok(())
    }

    /// Appends `text`, which has `chars` chars, padded to the width.
    fn pad(
        &mut self,
        conversion: &Conversion,
        with_zeros: bool,
        text: &str,
        chars: usize,
    ) -> Result<(), FormatError> {
        push_padded(&mut self.out, conversion, with_zeros, text, chars)
    }
}

fn push_padded(
    out: &mut String,
    conversion: &Conversion,
    with_zeros: bool,
    text: &str,
    chars: usize,
) -> Result<(), FormatError> {
    let missing = conversion.width.saturating_sub(chars);
    let room = STRING_BYTES_MAX.saturating_sub(out.len());
    if missing > room || text.len() > room - missing {
        return Err(FormatError::TooLong);
    }
    let padding = if with_zeros { '0' } else { ' ' };
    if conversion.is_left {
        out.push_str(text);
        push_repeated(out, padding, missing);
    } else {
        push_repeated(out, padding, missing);
        out.push_str(text);
    }
    Ok(())
}

const BLANKS: &str = "                                ";
const ZEROS: &str = "00000000000000000000000000000000";

/// Inserts `count` of the characters that `filling` is made of.
fn insert_repeated(out: &mut String, at: usize, filling: &str, count: usize) {
    match filling.get(..count) {
        Some("") => {}
        Some(filling) => out.insert_str(at, filling),
        None => out.insert_str(at, &filling.repeat(count.div_ceil(filling.len()))[..count]),
    }
}

fn push_repeated(out: &mut String, character: char, count: usize) {
    out.reserve(count);
    for _ in 0..count {
        out.push(character);
    }
}
