//! The two kinds of integers that commands take as words: those of 32 bits and those of 64, which tclsh reads with different
//! ranges and errorCodes.

use num_traits::ToPrimitive;

use crate::runtime::exception::Exception;
use crate::value::{Number, Value};

/// The value as an integer of 32 bits: up to ±4294967295, wrapped.
///
/// Errors: `TCL VALUE INTEGER` if it is no integer, `ARITH IOVERFLOW …` if it is too large or not a number (NaN).
pub(crate) fn small_int_of(value: &Value) -> Result<i32, Box<Exception>> {
    match value.number() {
        Some(Number::Int(number)) if number.unsigned_abs() <= u64::from(u32::MAX) => {
            Ok(number as i32)
        }
        Some(Number::Int(_) | Number::Big(_)) => Err(Exception::integer_too_large()),
        Some(Number::Double(number)) if number.is_nan() => Err(Exception::integer_too_large()),
        Some(Number::Double(_)) | None => Err(Exception::not_a_small_integer(value)),
    }
}

/// The value as an integer of 64 bits: up to ±(2^64 − 1), wrapped.
///
/// Errors: `TCL VALUE NUMBER` if it is no integer, `ARITH IOVERFLOW …` if it is too large.
pub(crate) fn wide_of(value: &Value) -> Result<i64, Box<Exception>> {
    match value.number() {
        Some(Number::Int(number)) => Ok(number),
        Some(Number::Big(number)) => match number.magnitude().to_u64() {
            Some(magnitude) if number.sign() == num_bigint::Sign::Minus => {
                Ok(magnitude.wrapping_neg() as i64)
            }
            Some(magnitude) => Ok(magnitude as i64),
            None => Err(Exception::integer_too_large()),
        },
        _ => Err(Exception::not_an_integer(value)),
    }
}
