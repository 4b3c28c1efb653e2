//! `binary format`.

use std::rc::Rc;

use super::spec::{Count, DigitOrder, Field, Fields, Kind, Number, too_few_arguments};
use crate::limits::STRING_BYTES_MAX;
use crate::runtime::integer::wide_of;
use crate::runtime::{CommandResult, Exception, Interp, done, done_empty};
use crate::value::number::big_to_double;
use crate::value::{self, ListObject, Value};

pub(super) fn format(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, spec, arguments @ ..] = words else {
        return Err(Exception::wrong_args(
            "binary format formatString ?arg ...?",
        ));
    };
    let spec = spec.str();
    let bytes = measured(&spec, arguments)?;
    if bytes == 0 {
        return done_empty();
    }
    let mut writer = Writer {
        bytes: vec![0; bytes],
        at: 0,
        furthest: 0,
    };
    let mut arguments = arguments.iter();
    let mut fields = Fields(&spec);
    while let Some(field) = fields.next()? {
        let item = Item::of(field, &mut arguments)?;
        writer.write(&item)?;
    }
    done(Value::bytes(writer.bytes))
}

/// How many bytes the result will have. Everything but the values is checked here, before anything is written.
fn measured(spec: &str, arguments: &[Value]) -> Result<usize, Box<Exception>> {
    let mut arguments = arguments.iter();
    let mut fields = Fields(spec);
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
            return Err(Exception::too_large("the byte array", STRING_BYTES_MAX));
        }
    }
    Ok(bytes.max(at))
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
            Kind::Number(number) => self.count.saturating_mul(number.bytes),
            _ => self.count,
        }
    }
}

/// The result, all NUL at first, and where the next field goes.
struct Writer {
    bytes: Vec<u8>,
    at: usize,
    furthest: usize,
}

impl Writer {
    fn write(&mut self, item: &Item<'_>) -> Result<(), Box<Exception>> {
        match (item.field.kind(), &item.argument) {
            (Kind::Bytes { pad }, Argument::One(value)) => self.put_bytes(value, item.count, pad),
            (Kind::Bits(order), Argument::One(value)) => {
                put_digits(self.take(item.bytes()), value, item.count, 1, order)
                    .ok_or_else(|| bad_digits("binary", value))?;
            }
            (Kind::Digits(order), Argument::One(value)) => {
                put_digits(self.take(item.bytes()), value, item.count, 4, order)
                    .ok_or_else(|| bad_digits("hexadecimal", value))?;
            }
            (Kind::Number(number), Argument::One(value)) => {
                put_number(self.take(number.bytes), value, number)?
            }
            (Kind::Number(number), Argument::List(list)) => {
                let room = self.take(item.bytes());
                for (place, value) in room.chunks_exact_mut(number.bytes).zip(list.elements()) {
                    put_number(place, value, number)?;
                }
            }
            (Kind::Forward, _) => self.take(item.count).fill(0),
            (Kind::Back, _) => {
                self.furthest = self.furthest.max(self.at);
                self.at = self.at.saturating_sub(item.count);
            }
            (Kind::Position, _) => {
                self.furthest = self.furthest.max(self.at);
                self.at = item.field.count().or(self.furthest);
            }
            _ => {}
        }
        Ok(())
    }

    /// The first `count` bytes of the value, filled up with `pad`.
    fn put_bytes(&mut self, value: &Value, count: usize, pad: u8) {
        let bytes = value.to_bytes();
        let given = bytes.as_slice();
        let kept = given.get(..count).unwrap_or(given);
        let room = self.take(count);
        let (start, rest) = room.split_at_mut(kept.len().min(room.len()));
        start.copy_from_slice(kept.get(..start.len()).unwrap_or_default());
        rest.fill(pad);
    }

    /// The room for the next `count` bytes.
    fn take(&mut self, count: usize) -> &mut [u8] {
        let start = self.at.min(self.bytes.len());
        self.at = start.saturating_add(count).min(self.bytes.len());
        self.bytes.get_mut(start..self.at).unwrap_or_default()
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
    let bits = if number.is_float {
        float_bits(value, number)?
    } else {
        wide_of(value)? as u64
    };
    let bytes = bits.to_le_bytes();
    place.copy_from_slice(bytes.get(..place.len()).unwrap_or_default());
    if number.is_big_endian {
        place.reverse();
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
