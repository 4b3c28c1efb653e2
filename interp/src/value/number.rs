//! Values as numbers, and expr's arithmetic on them.
//!
//! Immediate integers and doubles are worked on without looking at strings; everything else goes through
//! [`Value::number`]. Read [`binary`] first.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::rc::Rc;

use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::{Pow, Signed, ToPrimitive, Zero};

use super::string::Rep;
use super::{Repr, Value};
use crate::limits::INTEGER_BITS_MAX;
use crate::syntax::BinaryOp;
use crate::text::number as text;

/// A number that a value reads as.
#[derive(Clone, Debug)]
pub enum Number {
    /// An integer of at most 64 bits.
    Int(i64),
    /// A longer integer.
    Big(Rc<BigInt>),
    /// A double.
    Double(f64),
}

impl Number {
    /// The number as a double; long integers become the nearest one, or an infinity.
    pub fn to_double(&self) -> f64 {
        match self {
            Number::Int(number) => *number as f64,
            Number::Big(number) => big_to_double(number),
            Number::Double(number) => *number,
        }
    }

    /// The number as an integer of any size, or None for a double.
    pub fn to_big(&self) -> Option<BigInt> {
        match self {
            Number::Int(number) => Some(BigInt::from(*number)),
            Number::Big(number) => Some((**number).clone()),
            Number::Double(_) => None,
        }
    }

    /// The integer, without a copy of a big one; 0 for a double.
    fn borrow_big(&self) -> Cow<'_, BigInt> {
        match self {
            Number::Big(number) => Cow::Borrowed(number),
            Number::Int(number) => Cow::Owned(BigInt::from(*number)),
            Number::Double(_) => Cow::Owned(BigInt::ZERO),
        }
    }

    /// Whether the number is not zero.
    pub fn is_true(&self) -> bool {
        match self {
            Number::Int(number) => *number != 0,
            Number::Big(_) => true,
            Number::Double(number) => *number != 0.0,
        }
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Value {
        match number {
            Number::Int(number) => Value::int(number),
            Number::Big(number) => Value(Repr::Big(number)),
            Number::Double(number) => Value::double(number),
        }
    }
}

/// The nearest double; an infinity when the integer is out of range.
pub fn big_to_double(number: &BigInt) -> f64 {
    number.to_f64().unwrap_or(if number.sign() == Sign::Minus {
        f64::NEG_INFINITY
    } else {
        f64::INFINITY
    })
}

/// Why an operation on numbers has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArithmeticError {
    /// An operand is no number, or not of the kind that the operator takes.
    Operand {
        /// `non-numeric string`, `invalid octal number`, `empty string`, `floating-point value`,
        /// `non-numeric floating-point value`
        what: &'static str,
        /// The operator as written.
        operator: &'static str,
    },
    /// `divide by zero`
    DivideByZero,
    /// A result that is not a number.
    Domain,
    /// 0 to a negative power.
    ZeroToNegativePower,
    /// A negative shift count.
    NegativeShift,
    /// A result longer than [`INTEGER_BITS_MAX`].
    TooLarge,
    /// An exponent past what can be raised to.
    ExponentTooLarge,
    /// The right side of `in` or `ni` is no list.
    NotAList(super::FormError),
}

impl Value {
    /// The number that the value reads as, if any. O(1) for numbers; a long string keeps what it read as.
    pub fn number(&self) -> Option<Number> {
        match &self.0 {
            Repr::Int(number) => Some(Number::Int(*number)),
            Repr::Double(number) => Some(Number::Double(number.get())),
            Repr::Big(number) => Some(Number::Big(number.clone())),
            Repr::String(object) => {
                let kept = object.with_rep(|rep| match rep {
                    Rep::Number(number) => Some(Some(number.clone())),
                    Rep::Other(_) => None,
                    _ => None,
                });
                if let Some(kept) = kept {
                    return kept;
                }
                let number = parse(object.as_str())?;
                object
                    .with_rep(|rep| matches!(rep, Rep::None))
                    .then(|| object.set_rep(Rep::Number(number.clone())));
                Some(number)
            }
            Repr::List(list) if list.elements().len() != 1 => None,
            Repr::Dict(_) => None,
            _ => parse(&self.str()),
        }
    }

    /// The value as a 64-bit integer, if it reads as one.
    pub fn as_int(&self) -> Option<i64> {
        match &self.0 {
            Repr::Int(number) => Some(*number),
            Repr::Double(_) => None,
            _ => match self.number()? {
                Number::Int(number) => Some(number),
                _ => None,
            },
        }
    }

    /// The value as a double, if it reads as a number.
    pub fn as_double(&self) -> Option<f64> {
        match &self.0 {
            Repr::Double(number) => Some(number.get()),
            _ => Some(self.number()?.to_double()),
        }
    }

    /// The value as a truth value: a number other than NaN, or a boolean word or its abbreviation.
    pub fn as_boolean(&self) -> Option<bool> {
        match &self.0 {
            Repr::Int(number) => Some(*number != 0),
            Repr::Double(number) if number.get().is_nan() => None,
            Repr::Double(number) => Some(number.get() != 0.0),
            _ => match self.number() {
                Some(Number::Double(number)) if number.is_nan() => None,
                Some(number) => Some(number.is_true()),
                None => text::parse_boolean(&self.str()),
            },
        }
    }
}

fn parse(source: &str) -> Option<Number> {
    Some(match text::parse_number(source)? {
        text::Number::Int(number) => Number::Int(number),
        text::Number::Big(number) => Number::Big(Rc::new(number)),
        text::Number::Double(number) => Number::Double(number),
    })
}

/// Why `value` is no operand of `operator`.
fn bad_operand(value: &Value, operator: &'static str) -> ArithmeticError {
    let text = value.str();
    let what = match value.number() {
        Some(Number::Double(number)) if number.is_nan() => "non-numeric floating-point value",
        Some(Number::Double(_)) => "floating-point value",
        _ if text.is_empty() => "empty string",
        None if text::looks_like_bad_octal(&text) => "invalid octal number",
        _ => "non-numeric string",
    };
    ArithmeticError::Operand { what, operator }
}

fn operand(value: &Value, operator: &'static str) -> Result<Number, ArithmeticError> {
    match value.number() {
        Some(Number::Double(number)) if number.is_nan() => Err(bad_operand(value, operator)),
        Some(number) => Ok(number),
        None => Err(bad_operand(value, operator)),
    }
}

fn integer(value: &Value, operator: &'static str) -> Result<Number, ArithmeticError> {
    match operand(value, operator)? {
        Number::Double(_) => Err(bad_operand(value, operator)),
        number => Ok(number),
    }
}

fn double_result(number: f64) -> Result<Value, ArithmeticError> {
    if number.is_nan() {
        Err(ArithmeticError::Domain)
    } else {
        Ok(Value::double(number))
    }
}

/// The result of `left operator right`, as expr gives it.
///
/// Errors: as tclsh; see [`ArithmeticError`].
pub fn binary(operator: BinaryOp, left: &Value, right: &Value) -> Result<Value, ArithmeticError> {
    use BinaryOp::*;
    match operator {
        Add | Subtract | Multiply | Divide => arithmetic(operator, left, right),
        Remainder => remainder(left, right),
        Power => power(left, right),
        ShiftLeft | ShiftRight => shift(operator, left, right),
        BitAnd | BitOr | BitXor => bits(operator, left, right),
        Less => Ok(Value::boolean(compare(left, right) == Some(Ordering::Less))),
        Greater => Ok(Value::boolean(
            compare(left, right) == Some(Ordering::Greater),
        )),
        LessEqual => Ok(Value::boolean(matches!(
            compare(left, right),
            Some(Ordering::Less | Ordering::Equal)
        ))),
        GreaterEqual => Ok(Value::boolean(matches!(
            compare(left, right),
            Some(Ordering::Greater | Ordering::Equal)
        ))),
        Equal => Ok(Value::boolean(equal(left, right))),
        NotEqual => Ok(Value::boolean(!equal(left, right))),
        StringEqual => Ok(Value::boolean(left.same_text(right))),
        StringNotEqual => Ok(Value::boolean(!left.same_text(right))),
        In | NotIn => {
            let list = right.to_list().map_err(ArithmeticError::NotAList)?;
            let found = list
                .elements()
                .iter()
                .any(|element| element.same_text(left));
            Ok(Value::boolean(found == (operator == In)))
        }
    }
}

/// Arithmetic of a big integer and another integer, without copying them; None for other operands.
fn big_arithmetic(
    operator: BinaryOp,
    left: &Value,
    right: &Value,
) -> Option<Result<Value, ArithmeticError>> {
    let of_bits = |bits: u64, product: &dyn Fn() -> BigInt| fits(bits).map(|()| product());
    let result = match (&left.0, &right.0) {
        (Repr::Big(left), Repr::Big(right)) => {
            let (left, right) = (&**left, &**right);
            match operator {
                BinaryOp::Add => Ok(left + right),
                BinaryOp::Subtract => Ok(left - right),
                BinaryOp::Multiply => of_bits(left.bits() + right.bits(), &|| left * right),
                BinaryOp::Divide => Ok(left.div_floor(right)),
                BinaryOp::Remainder => Ok(left.mod_floor(right)),
                _ => return None,
            }
        }
        (Repr::Big(left), Repr::Int(right)) => {
            let (left, right) = (&**left, *right);
            match operator {
                BinaryOp::Add => Ok(left + right),
                BinaryOp::Subtract => Ok(left - right),
                BinaryOp::Multiply => of_bits(left.bits() + 64, &|| left * right),
                BinaryOp::Divide | BinaryOp::Remainder if right == 0 => {
                    Err(ArithmeticError::DivideByZero)
                }
                BinaryOp::Divide => Ok(left.div_floor(&BigInt::from(right))),
                BinaryOp::Remainder => Ok(left.mod_floor(&BigInt::from(right))),
                _ => return None,
            }
        }
        (Repr::Int(left), Repr::Big(right)) => {
            let (left, right) = (*left, &**right);
            match operator {
                BinaryOp::Add => Ok(left + right),
                BinaryOp::Subtract => Ok(left - right),
                BinaryOp::Multiply => of_bits(right.bits() + 64, &|| left * right),
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(result.map(Value::big))
}

fn arithmetic(operator: BinaryOp, left: &Value, right: &Value) -> Result<Value, ArithmeticError> {
    // The run loop has done this already, but not for variables that live elsewhere.
    if let (Repr::Int(left), Repr::Int(right)) = (&left.0, &right.0) {
        let small = match operator {
            BinaryOp::Add => left.checked_add(*right),
            BinaryOp::Subtract => left.checked_sub(*right),
            BinaryOp::Multiply => left.checked_mul(*right),
            _ => None,
        };
        if let Some(small) = small {
            return Ok(Value::int(small));
        }
    }
    if let Some(result) = big_arithmetic(operator, left, right) {
        return result;
    }
    let name = operator.text();
    let (left, right) = (operand(left, name)?, operand(right, name)?);
    if let (Number::Int(left), Number::Int(right)) = (&left, &right) {
        let small = match operator {
            BinaryOp::Add => left.checked_add(*right),
            BinaryOp::Subtract => left.checked_sub(*right),
            BinaryOp::Multiply => left.checked_mul(*right),
            _ if *right == 0 => return Err(ArithmeticError::DivideByZero),
            _ => floor_divide(*left, *right),
        };
        if let Some(small) = small {
            return Ok(Value::int(small));
        }
    }
    match (left.to_big(), right.to_big()) {
        (Some(left), Some(right)) => Ok(Value::big(match operator {
            BinaryOp::Add => left + right,
            BinaryOp::Subtract => left - right,
            BinaryOp::Multiply => {
                fits(left.bits() + right.bits())?;
                left * right
            }
            _ if right.is_zero() => return Err(ArithmeticError::DivideByZero),
            _ => left.div_floor(&right),
        })),
        _ => {
            let (left, right) = (left.to_double(), right.to_double());
            double_result(match operator {
                BinaryOp::Add => left + right,
                BinaryOp::Subtract => left - right,
                BinaryOp::Multiply => left * right,
                _ => left / right,
            })
        }
    }
}

fn fits(bits: u64) -> Result<(), ArithmeticError> {
    if bits > INTEGER_BITS_MAX {
        Err(ArithmeticError::TooLarge)
    } else {
        Ok(())
    }
}

/// Quotient rounded down; None when it overflows. `right` is not 0.
#[inline]
pub fn floor_divide(left: i64, right: i64) -> Option<i64> {
    let quotient = left.checked_div(right)?;
    let inexact = left % right != 0;
    Some(if inexact && ((left < 0) != (right < 0)) {
        quotient - 1
    } else {
        quotient
    })
}

/// Remainder with the sign of `right`, which is not 0.
#[inline]
pub fn floor_remainder(left: i64, right: i64) -> i64 {
    let remainder = left.wrapping_rem(right);
    if remainder != 0 && ((remainder < 0) != (right < 0)) {
        remainder + right
    } else {
        remainder
    }
}

fn remainder(left: &Value, right: &Value) -> Result<Value, ArithmeticError> {
    if let Some(result) = big_arithmetic(BinaryOp::Remainder, left, right) {
        return result;
    }
    let (left, right) = (integer(left, "%")?, integer(right, "%")?);
    match (&left, &right) {
        (_, Number::Int(0)) => Err(ArithmeticError::DivideByZero),
        (Number::Int(left), Number::Int(right)) => Ok(Value::int(floor_remainder(*left, *right))),
        _ => {
            let (left, right) = (
                left.to_big().unwrap_or_default(),
                right.to_big().unwrap_or_default(),
            );
            Ok(Value::big(left.mod_floor(&right)))
        }
    }
}

fn power(left: &Value, right: &Value) -> Result<Value, ArithmeticError> {
    let (left, right) = (operand(left, "**")?, operand(right, "**")?);
    let (Some(base), Some(exponent)) = (left.to_big(), right.to_big()) else {
        if !left.is_true() && right.to_double() < 0.0 {
            return Err(ArithmeticError::ZeroToNegativePower);
        }
        return double_result(left.to_double().powf(right.to_double()));
    };
    let one = BigInt::from(1);
    if exponent.is_negative() {
        if base.is_zero() {
            return Err(ArithmeticError::ZeroToNegativePower);
        }
        let odd = exponent.bit(0);
        return Ok(Value::int(if base == one {
            1
        } else if base == -&one {
            if odd { -1 } else { 1 }
        } else {
            0
        }));
    }
    if base.is_zero() {
        return Ok(Value::boolean(exponent.is_zero()));
    }
    if base == one {
        return Ok(Value::int(1));
    }
    if base == -&one {
        return Ok(Value::int(if exponent.bit(0) { -1 } else { 1 }));
    }
    let Some(exponent) = exponent.to_u32().filter(|exponent| *exponent < 1 << 28) else {
        return Err(ArithmeticError::ExponentTooLarge);
    };
    if base
        .bits()
        .saturating_sub(1)
        .saturating_mul(u64::from(exponent))
        > INTEGER_BITS_MAX
    {
        return Err(ArithmeticError::ExponentTooLarge);
    }
    Ok(Value::big(base.pow(exponent)))
}

fn shift(operator: BinaryOp, left: &Value, right: &Value) -> Result<Value, ArithmeticError> {
    let name = operator.text();
    let (left, right) = (integer(left, name)?, integer(right, name)?);
    let count = match right {
        Number::Int(count) if count < 0 => return Err(ArithmeticError::NegativeShift),
        Number::Int(count) => u64::try_from(count).unwrap_or(u64::MAX),
        Number::Big(count) if count.is_negative() => return Err(ArithmeticError::NegativeShift),
        _ => u64::MAX,
    };
    if operator == BinaryOp::ShiftRight {
        return Ok(match left {
            Number::Int(number) => Value::int(number >> count.min(63)),
            Number::Big(number) if count < number.bits() => Value::big(&*number >> count),
            Number::Big(number) => Value::int(if number.is_negative() { -1 } else { 0 }),
            Number::Double(_) => Value::int(0),
        });
    }
    if let Number::Int(number) = left {
        if number == 0 {
            return Ok(Value::int(0));
        }
        if count < 63 && (number << count) >> count == number {
            return Ok(Value::int(number << count));
        }
    }
    let number = left.to_big().unwrap_or_default();
    fits(number.bits().saturating_add(count))?;
    Ok(Value::big(number << count))
}

fn bits(operator: BinaryOp, left: &Value, right: &Value) -> Result<Value, ArithmeticError> {
    let name = operator.text();
    let (left, right) = (integer(left, name)?, integer(right, name)?);
    if let (Number::Int(left), Number::Int(right)) = (&left, &right) {
        return Ok(Value::int(match operator {
            BinaryOp::BitAnd => left & right,
            BinaryOp::BitOr => left | right,
            _ => left ^ right,
        }));
    }
    let (left, right) = (left.borrow_big(), right.borrow_big());
    let (left, right) = (&*left, &*right);
    Ok(Value::big(match operator {
        BinaryOp::BitAnd => left & right,
        BinaryOp::BitOr => left | right,
        _ => left ^ right,
    }))
}

/// How the values compare for `<` and its kin: as numbers when both are, else as strings. None with a NaN.
pub fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    if let (Repr::Int(left), Repr::Int(right)) = (&left.0, &right.0) {
        return Some(left.cmp(right));
    }
    if let (Some(left), Some(right)) = (left.number(), right.number()) {
        return compare_numbers(&left, &right);
    }
    // Without making a string of a list.
    match (left.is_empty(), right.is_empty()) {
        (true, true) => Some(Ordering::Equal),
        (true, false) => Some(Ordering::Less),
        (false, true) => Some(Ordering::Greater),
        (false, false) => Some(crate::text::utf::compare(&left.str(), &right.str())),
    }
}

/// How two numbers compare, without loss between integers and doubles. None with a NaN.
pub fn compare_numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (left, right) {
        (Number::Int(left), Number::Int(right)) => Some(left.cmp(right)),
        (Number::Double(left), Number::Double(right)) => left.partial_cmp(right),
        (Number::Double(left), right) => compare_double(*left, right),
        (left, Number::Double(right)) => compare_double(*right, left).map(Ordering::reverse),
        _ => Some(left.to_big().cmp(&right.to_big())),
    }
}

fn compare_double(left: f64, right: &Number) -> Option<Ordering> {
    /// Integers up to here are doubles exactly.
    const EXACT_MAX: i64 = 1 << 53;
    match right {
        Number::Int(right) if (-EXACT_MAX..=EXACT_MAX).contains(right) => {
            left.partial_cmp(&(*right as f64))
        }
        _ if left.is_nan() => None,
        _ if left.is_infinite() => Some(if left > 0.0 {
            Ordering::Greater
        } else {
            Ordering::Less
        }),
        _ => {
            let floor = left.floor();
            let whole = num_traits::FromPrimitive::from_f64(floor).unwrap_or_else(BigInt::default);
            let order = whole.cmp(&right.to_big().unwrap_or_default());
            Some(if order == Ordering::Equal && left > floor {
                Ordering::Greater
            } else {
                order
            })
        }
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    match (left.number(), right.number()) {
        (Some(left), Some(right)) => compare_numbers(&left, &right) == Some(Ordering::Equal),
        _ => left.same_text(right),
    }
}

/// `-value`
pub fn negate(value: &Value) -> Result<Value, ArithmeticError> {
    Ok(match operand(value, "-")? {
        Number::Int(number) => match number.checked_neg() {
            Some(number) => Value::int(number),
            None => Value::big(-BigInt::from(number)),
        },
        Number::Big(number) => Value::big(-&*number),
        Number::Double(number) => Value::double(-number),
    })
}

/// `+value`: the number that the value reads as.
pub fn plus(value: &Value) -> Result<Value, ArithmeticError> {
    Ok(operand(value, "+")?.into())
}

/// `~value`
pub fn complement(value: &Value) -> Result<Value, ArithmeticError> {
    Ok(match integer(value, "~")? {
        Number::Int(number) => Value::int(!number),
        number => Value::big(-number.to_big().unwrap_or_default() - 1),
    })
}

/// `!value`
pub fn not(value: &Value) -> Result<Value, ArithmeticError> {
    match value.number() {
        Some(Number::Double(number)) if number.is_nan() => Err(bad_operand(value, "!")),
        Some(number) => Ok(Value::boolean(!number.is_true())),
        None => match text::parse_boolean(&value.str()) {
            Some(truth) => Ok(Value::boolean(!truth)),
            None => Err(bad_operand(value, "!")),
        },
    }
}
