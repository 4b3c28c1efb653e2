//! `binary scan`.

use num_bigint::BigInt;

use super::spec::{Count, DigitOrder, Field, Fields, Kind, Number, too_few_arguments};
use crate::limits::STRING_BYTES_MAX;
use crate::runtime::{CommandResult, Exception, Interp, done};
use crate::value::Value;

pub(super) fn scan(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, value, spec, variables @ ..] = words else {
        return Err(Exception::wrong_args(
            "binary scan value formatString ?varName ...?",
        ));
    };
    let object = value.to_bytes();
    let bytes = object.as_slice();
    let spec = spec.str();
    let mut fields = Fields::new(&spec);
    let mut names = variables.iter();
    let mut at: usize = 0;
    while let Some(field) = fields.next()? {
        let rest = bytes.get(at..).unwrap_or_default();
        match field.kind() {
            Kind::Forward => {
                at = at
                    .saturating_add(field.count().or(usize::MAX))
                    .min(bytes.len())
            }
            Kind::Back => at = at.saturating_sub(field.count().or(usize::MAX)),
            Kind::Position => at = field.count().or(usize::MAX).min(bytes.len()),
            _ => {
                let name = names.next().ok_or_else(too_few_arguments)?;
                let Some((value, used)) = read(field, rest)? else {
                    return done(variables.len() - names.len() - 1);
                };
                interp.variable_set(name, value)?;
                at += used;
            }
        }
    }
    done(variables.len() - names.len())
}

/// The value of a field at the start of `rest`, and how many bytes it takes; None if there are too few.
fn read(field: Field, rest: &[u8]) -> Result<Option<(Value, usize)>, Box<Exception>> {
    Ok(match field.kind() {
        Kind::Bytes { pad } => {
            let count = field.count().or(rest.len());
            rest.get(..count)
                .map(|bytes| (Value::bytes(trimmed(bytes, pad).to_vec()), count))
        }
        Kind::Bits(order) => digits(field, rest, 1, order)?,
        Kind::Digits(order) => digits(field, rest, 4, order)?,
        Kind::Number(number) => numbers(field, rest, number),
        Kind::Forward | Kind::Back | Kind::Position => None,
    })
}

/// `A` drops NULs and blanks at the end.
fn trimmed(bytes: &[u8], pad: u8) -> &[u8] {
    if pad == 0 {
        return bytes;
    }
    let end = bytes
        .iter()
        .rposition(|byte| !matches!(byte, 0 | b' '))
        .map_or(0, |last| last + 1);
    bytes.get(..end).unwrap_or_default()
}

fn digits(
    field: Field,
    rest: &[u8],
    width: usize,
    order: DigitOrder,
) -> Result<Option<(Value, usize)>, Box<Exception>> {
    let per_byte = 8 / width;
    let there = rest.len().saturating_mul(per_byte);
    let count = field.count().or(there);
    if count > there {
        return Ok(None);
    }
    if count > STRING_BYTES_MAX {
        return Err(Exception::too_large("the string", STRING_BYTES_MAX));
    }
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mask = (1_u8 << width) - 1;
    let used = count.div_ceil(per_byte);
    let mut text = String::with_capacity(used * per_byte);
    for byte in rest.iter().take(used) {
        for place in 0..per_byte {
            let shift = match order {
                DigitOrder::LowFirst => place * width,
                DigitOrder::HighFirst => 8 - width - place * width,
            };
            text.push(char::from(DIGITS[usize::from(byte >> shift & mask)]));
        }
    }
    text.truncate(count);
    Ok(Some((Value::string(text), used)))
}

fn numbers(field: Field, rest: &[u8], number: Number) -> Option<(Value, usize)> {
    let size = number.size();
    if field.count() == Count::None {
        return Some((
            number_value(rest.get(..size)?, number, field.is_unsigned()),
            size,
        ));
    }
    let count = field.count().or(rest.len() / size);
    let used = count.checked_mul(size)?;
    let values = rest
        .get(..used)?
        .chunks_exact(size)
        .map(|place| number_value(place, number, field.is_unsigned()))
        .collect();
    Some((Value::list(values), used))
}

#[inline]
fn number_value(place: &[u8], number: Number, is_unsigned: bool) -> Value {
    let with = |bits: u64, byte: &u8| bits << 8 | u64::from(*byte);
    let bits = if number.is_big_endian {
        place.iter().fold(0, with)
    } else {
        place.iter().rev().fold(0, with)
    };
    match (number.is_float, number.bytes) {
        (true, 4) => Value::double(f64::from(f32::from_bits(bits as u32))),
        (true, _) => Value::double(f64::from_bits(bits)),
        (false, 8) if is_unsigned => Value::big(BigInt::from(bits)),
        (false, _) if is_unsigned => Value::int(bits as i64),
        (false, 1) => Value::int(i64::from(bits as i8)),
        (false, 2) => Value::int(i64::from(bits as i16)),
        (false, 4) => Value::int(i64::from(bits as i32)),
        (false, _) => Value::int(bits as i64),
    }
}
