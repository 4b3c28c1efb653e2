//! `binary format`.

use std::rc::Rc;

use super::spec::{Count, DigitOrder, Field, Fields, Kind, Number, too_few_arguments};
use crate::limits::STRING_BYTES_MAX;
use crate::runtime::integer::wide_of;
use crate::runtime::{CommandResult, Exception, Interp, done, done_empty};
use crate::value::number::big_to_double;
use crate::value::{self, ListObject, Repr, Value};

pub(super) fn format(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, spec, arguments @ ..] = words else {
        return Err(Exception::wrong_args(
            "binary format formatString ?arg ...?",
        ));
    };
    let spec = spec.str();
    match written(&spec, arguments) {
        Ok(bytes) if bytes.is_empty() => done_empty(),
        Ok(bytes) => done(Value::bytes(bytes)),
        Err(exception) => {
            // Whatever is wrong with the format is said before what is wrong with a value.
            check(&spec, arguments)?;
            Err(exception)
        }
    }
}

/// Fields that take at least so many bytes are written only after the whole format has been checked.
const CHECKED_FIRST_BYTES: usize = 1 << 16;

fn written(spec: &str, arguments: &[Value]) -> Result<Vec<u8>, Box<Exception>> {
    let mut writer = Writer {
        bytes: Vec::with_capacity(32),
        at: 0,
        furthest: 0,
    };
    let mut is_checked = false;
    let mut left = arguments.iter();
    let mut fields = Fields::new(spec);
    while let Some(field) = fields.next()? {
        let item = Item::of(field, &mut left)?;
        if !is_checked && item.bytes() >= CHECKED_FIRST_BYTES {
            check(spec, arguments)?;
            is_checked = true;
        }
        writer.write(&item)?;
    }
    Ok(writer.finish())
}

/// Checks everything but the values, and how many bytes the result will have.
fn check(spec: &str, arguments: &[Value]) -> Result<(), Box<Exception>> {
    let mut arguments = arguments.iter();
    let mut fields = Fields::new(spec);
    let (mut bytes, mut at): (usize, usize) = (0, 0);
    while let Some(field) = fields.next()? {
        let item = Item::of(field, &mut arguments)?;
        match field.kind() {
            Kind::Back => {
                bytes = bytes.max(at);
                at = at.saturating_sub(item.count);
            }
            Kind::Position => {
                bytes = bytes.max(at);
                at = field.count().or(bytes);
            }
            _ => at = at.saturating_add(item.bytes()),
        }
        if at > STRING_BYTES_MAX {
            return Err(too_long());
        }
    }
    Ok(())
}

fn too_long() -> Box<Exception> {
    Exception::too_large("the byte array", STRING_BYTES_MAX)
}

/// A field with its argument.
struct Item<'w> {
    field: Field,
    /// How many bytes, digits or numbers.
    count: usize,
    argument: Argument<'w>,
}

enum Argument<'w> {
    None,
    One(&'w Value),
    List(Rc<ListObject>),
}

impl<'w> Item<'w> {
    #[inline]
    fn of(
        field: Field,
        arguments: &mut std::slice::Iter<'w, Value>,
    ) -> Result<Item<'w>, Box<Exception>> {
        let mut next = || arguments.next().ok_or_else(too_few_arguments);
        let (count, argument) = match field.kind() {
            Kind::Bytes { .. } | Kind::Bits(_) | Kind::Digits(_) => {
                let value = next()?;
                let count = match field.count() {
                    Count::All => value.char_count(),
                    count => count.or(1),
                };
                (count, Argument::One(value))
            }
            Kind::Number(_) if field.count() == Count::None => (1, Argument::One(next()?)),
            Kind::Number(_) => {
                let list = next()?.to_list()?;
                let elements = list.elements().len();
                let count = field.count().or(elements);
                if count > elements {
                    return Err(Exception::error(
                        "number of elements in list does not match count",
                    ));
                }
                (count, Argument::List(list))
            }
            Kind::Forward if field.count() == Count::All => {
                return Err(Exception::error(
                    "cannot use \"*\" in format string with \"x\"",
                ));
            }
            Kind::Forward | Kind::Back | Kind::Position => {
                (field.count().or(usize::MAX), Argument::None)
            }
        };
        Ok(Item {
            field,
            count,
            argument,
        })
    }

    /// How many bytes the field takes.
    fn bytes(&self) -> usize {
        match self.field.kind() {
            Kind::Bits(_) => self.count.div_ceil(8),
            Kind::Digits(_) => self.count.div_ceil(2),
            Kind::Number(number) => self.count.saturating_mul(number.size()),
            _ => self.count,
        }
    }
}

/// The result so far, and where the next field goes.
struct Writer {
    bytes: Vec<u8>,
    at: usize,
    /// The furthest place that a field has gone on from; `@` may go there before anything is written.
    furthest: usize,
}

impl Writer {
    fn write(&mut self, item: &Item<'_>) -> Result<(), Box<Exception>> {
        match (item.field.kind(), &item.argument) {
            (Kind::Bytes { pad }, Argument::One(value)) => {
                self.put_bytes(value, item.count, pad)?
            }
            (Kind::Bits(order), Argument::One(value)) => {
                put_digits(self.take(item.bytes())?, value, item.count, 1, order)
                    .ok_or_else(|| bad_digits("binary", value))?;
            }
            (Kind::Digits(order), Argument::One(value)) => {
                put_digits(self.take(item.bytes())?, value, item.count, 4, order)
                    .ok_or_else(|| bad_digits("hexadecimal", value))?;
            }
            (Kind::Number(number), Argument::One(value)) => {
                put_number(self.take(number.size())?, value, number)?
            }
            (Kind::Number(number), Argument::List(list)) => {
                let room = self.take(item.bytes())?;
                for (place, value) in room.chunks_exact_mut(number.size()).zip(list.elements()) {
                    put_number(place, value, number)?;
                }
            }
            (Kind::Forward, _) => self.take(item.count)?.fill(0),
            (Kind::Back, _) => {
                self.furthest = self.furthest.max(self.at);
                self.at = self.at.saturating_sub(item.count);
            }
            (Kind::Position, _) => {
                self.furthest = self.furthest.max(self.at);
                self.at = item.field.count().or(self.furthest);
                if self.at > STRING_BYTES_MAX {
                    return Err(too_long());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The first `count` bytes of the value, filled up with `pad`.
    fn put_bytes(&mut self, value: &Value, count: usize, pad: u8) -> Result<(), Box<Exception>> {
        let object;
        let given = match value.held_text() {
            Some(text) if text.is_ascii() => text.as_bytes(),
            _ => {
                object = value.to_bytes();
                object.as_slice()
            }
        };
        let kept = given.get(..count).unwrap_or(given);
        let (start, rest) = self.take(count)?.split_at_mut(kept.len());
        start.copy_from_slice(kept);
        rest.fill(pad);
        Ok(())
    }

    /// The room for the next `count` bytes.
    fn take(&mut self, count: usize) -> Result<&mut [u8], Box<Exception>> {
        let start = self.at;
        let end = start.saturating_add(count);
        if end > STRING_BYTES_MAX {
            return Err(too_long());
        }
        if end > self.bytes.len() {
            self.bytes.resize(end, 0);
        }
        self.at = end;
        Ok(self.bytes.get_mut(start..end).unwrap_or_default())
    }

    /// The result; what was gone to and not written is NUL.
    fn finish(mut self) -> Vec<u8> {
        let end = self.furthest.max(self.at);
        if end > self.bytes.len() {
            self.bytes.resize(end, 0);
        }
        self.bytes
    }
}

fn bad_digits(kind: &str, value: &Value) -> Box<Exception> {
    Exception::error(format!(
        "expected {kind} string but got \"{value}\" instead"
    ))
}

/// Writes up to `count` digits of `width` bits each; None if a char is no such digit.
fn put_digits(
    room: &mut [u8],
    value: &Value,
    count: usize,
    width: u32,
    order: DigitOrder,
) -> Option<()> {
    let per_byte = (8 / width) as usize;
    room.fill(0);
    for (number, character) in value.str().chars().take(count).enumerate() {
        let digit = character.to_digit(1 << width)? as u8;
        let place = (number % per_byte) as u32 * width;
        let shift = match order {
            DigitOrder::LowFirst => place,
            DigitOrder::HighFirst => 8 - width - place,
        };
        *room.get_mut(number / per_byte)? |= digit << shift;
    }
    Some(())
}

fn put_number(place: &mut [u8], value: &Value, number: Number) -> Result<(), Box<Exception>> {
    let bits = match (&value.0, number.is_float) {
        (Repr::Int(number), false) => *number as u64,
        (_, false) => wide_of(value)? as u64,
        (_, true) => float_bits(value, number)?,
    };
    let (low, high) = (bits.to_le_bytes(), bits.to_be_bytes());
    let source = if number.is_big_endian {
        high.get(8 - number.size()..)
    } else {
        low.get(..number.size())
    };
    for (place, byte) in place.iter_mut().zip(source.unwrap_or_default()) {
        *place = *byte;
    }
    Ok(())
}

/// The bits of a double, or of the nearest float; a float is at most the largest finite one.
fn float_bits(value: &Value, number: Number) -> Result<u64, Box<Exception>> {
    let double = match value.number() {
        Some(value::Number::Int(number)) => number as f64,
        Some(value::Number::Big(number)) => big_to_double(&number),
        Some(value::Number::Double(number)) => number,
        None => return Err(Exception::not_a_double(value)),
    };
    if number.bytes == 8 {
        return Ok(double.to_bits());
    }
    let float = if double.is_nan() {
        double as f32
    } else {
        (double as f32).clamp(f32::MIN, f32::MAX)
    };
    Ok(u64::from(float.to_bits()))
}
