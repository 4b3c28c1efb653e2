//! expr's math functions: instructions when called by their own names, else commands in `::tcl::mathfunc`.

use std::cell::Cell;
use std::cmp::Ordering;
use std::rc::Rc;

use num_bigint::BigInt;
use num_traits::{FromPrimitive, Signed, ToPrimitive};

use super::{ANY, Builtin, CommandResult, Exception, Interp, Outcome, done};
use crate::text::number::expected_number;
use crate::value::number::{self, ArithmeticError, Number};
use crate::value::{Repr, Value};

/// A math function.
pub(crate) struct Function {
    pub name: &'static str,
    min: usize,
    max: usize,
    run: fn(&mut Interp, &[Value]) -> Outcome,
}

macro_rules! functions {
    ($($name:literal $min:literal $max:literal $run:expr;)*) => {
        /// The functions; instructions name them by their place here.
        pub(crate) const FUNCTIONS: &[Function] =
            &[$(Function { name: $name, min: $min, max: $max, run: $run },)*];

        /// The functions as commands.
        pub(crate) const COMMANDS: &[Builtin] = &[$(Builtin::new($name, "", 0, ANY, |interp, words| command(interp, $name, words)),)*];
    };
}

functions! {
    "abs" 1 1 abs;
    "acos" 1 1 |_, v| real(v, f64::acos);
    "asin" 1 1 |_, v| real(v, f64::asin);
    "atan" 1 1 |_, v| real(v, f64::atan);
    "atan2" 2 2 |_, v| real2(v, f64::atan2);
    "bool" 1 1 boolean;
    "ceil" 1 1 ceil;
    "cos" 1 1 |_, v| real(v, f64::cos);
    "cosh" 1 1 |_, v| real(v, f64::cosh);
    "double" 1 1 |_, v| real(v, |x| x);
    "entier" 1 1 |_, v| entier(&v[0]);
    "exp" 1 1 |_, v| real(v, f64::exp);
    "floor" 1 1 floor;
    "fmod" 2 2 fmod;
    "hypot" 2 2 |_, v| real2(v, f64::hypot);
    "int" 1 1 |_, v| wide(&v[0]);
    "isqrt" 1 1 isqrt;
    "log" 1 1 |_, v| real(v, f64::ln);
    "log10" 1 1 |_, v| real(v, f64::log10);
    "max" 1 65535 |_, v| extreme(v, std::cmp::Ordering::Greater);
    "min" 1 65535 |_, v| extreme(v, std::cmp::Ordering::Less);
    "pow" 2 2 |_, v| real2(v, f64::powf);
    "rand" 0 0 |interp, _| Ok(random(interp));
    "round" 1 1 round;
    "sin" 1 1 |_, v| real(v, f64::sin);
    "sinh" 1 1 |_, v| real(v, f64::sinh);
    "sqrt" 1 1 sqrt;
    "srand" 1 1 srand;
    "tan" 1 1 |_, v| real(v, f64::tan);
    "tanh" 1 1 |_, v| real(v, f64::tanh);
    "wide" 1 1 |_, v| wide(&v[0]);
}

/// The place of a function in [`FUNCTIONS`].
pub(crate) fn function_number(name: &str) -> Option<u16> {
    FUNCTIONS
        .iter()
        .position(|function| function.name == name)
        .map(|number| number as u16)
}

/// The names of all functions.
pub(crate) fn function_names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|function| function.name)
}

/// Calls function `number` with these arguments.
pub(crate) fn call(interp: &mut Interp, number: u16, arguments: &[Value]) -> Outcome {
    let function = &FUNCTIONS[usize::from(number)];
    check_count(function, arguments.len())?;
    let is_plain = arguments.iter().all(Value::is_value);
    if is_plain {
        return (function.run)(interp, arguments);
    }
    Err(Exception::error("internal: argument without a value"))
}

fn check_count(function: &Function, count: usize) -> Result<(), Box<Exception>> {
    if count < function.min && matches!(function.name, "max" | "min") {
        return Err(Exception::error(format!(
            "not enough arguments to math function \"{}\"",
            function.name
        )));
    }
    if count < function.min {
        return Err(Exception::with_code(
            format!(
                "not enough arguments for math function \"{}\"",
                function.name
            ),
            ["TCL", "WRONGARGS"],
        ));
    }
    if count > function.max {
        return Err(Exception::with_code(
            format!("too many arguments for math function \"{}\"", function.name),
            ["TCL", "WRONGARGS"],
        ));
    }
    Ok(())
}

fn command(interp: &mut Interp, name: &str, words: &[Value]) -> CommandResult {
    let number = function_number(name).unwrap_or(0);
    let result = call(interp, number, &words[1..])?;
    // What these leave as it is keeps its spelling.
    if matches!(name, "abs" | "entier" | "max" | "min" | "round")
        && let Some(word) = words[1..].iter().find(|word| is_same(word, &result))
        && !(name == "abs" && word.str().trim_start().starts_with('-'))
    {
        return done(word.clone());
    }
    done(result)
}

/// Whether two values are the same number of the same kind.
fn is_same(left: &Value, right: &Value) -> bool {
    match (left.number(), right.number()) {
        (Some(Number::Int(left)), Some(Number::Int(right))) => left == right,
        (Some(Number::Big(left)), Some(Number::Big(right))) => left == right,
        (Some(Number::Double(left)), Some(Number::Double(right))) => left == right,
        _ => false,
    }
}

fn real_of(value: &Value) -> Result<f64, Box<Exception>> {
    let number = match &value.0 {
        Repr::Double(number) => number.get(),
        Repr::Int(number) => *number as f64,
        _ => value
            .as_double()
            .ok_or_else(|| Exception::not_a_double(value))?,
    };
    if number.is_nan() {
        return Err(is_nan());
    }
    Ok(number)
}

fn is_nan() -> Box<Exception> {
    Exception::with_code(
        "floating point value is Not a Number",
        ["TCL", "VALUE", "DOUBLE", "NAN"],
    )
}

fn checked(number: f64) -> Outcome {
    if number.is_nan() {
        return Err(ArithmeticError::Domain.into());
    }
    Ok(Value::double(number))
}

fn real(values: &[Value], function: fn(f64) -> f64) -> Outcome {
    checked(function(real_of(&values[0])?))
}

fn real2(values: &[Value], function: fn(f64, f64) -> f64) -> Outcome {
    checked(function(real_of(&values[0])?, real_of(&values[1])?))
}

fn boolean(_interp: &mut Interp, values: &[Value]) -> Outcome {
    match values[0].number() {
        Some(Number::Double(number)) if number.is_nan() => Err(is_nan()),
        _ => match values[0].as_boolean() {
            Some(truth) => Ok(Value::boolean(truth)),
            None => Err(Exception::not_a_boolean(&values[0])),
        },
    }
}

/// The double next to an integer, and how it compares with it.
fn nearest(number: &Number) -> (f64, Ordering) {
    let near = number.to_double();
    let order = match number {
        Number::Int(number) => (near as i128).cmp(&i128::from(*number)),
        Number::Big(number) => {
            BigInt::from_f64(near).map_or(Ordering::Equal, |near| near.cmp(number))
        }
        Number::Double(_) => Ordering::Equal,
    };
    (near, order)
}

fn ceil(_interp: &mut Interp, values: &[Value]) -> Outcome {
    match values[0].number() {
        Some(number @ (Number::Int(_) | Number::Big(_))) => {
            let (near, order) = nearest(&number);
            Ok(Value::double(if order.is_lt() {
                near.next_up()
            } else {
                near
            }))
        }
        _ => real(values, f64::ceil),
    }
}

fn floor(_interp: &mut Interp, values: &[Value]) -> Outcome {
    match values[0].number() {
        Some(number @ (Number::Int(_) | Number::Big(_))) => {
            let (near, order) = nearest(&number);
            Ok(Value::double(if order.is_gt() {
                near.next_down()
            } else {
                near
            }))
        }
        _ => real(values, f64::floor),
    }
}

fn sqrt(_interp: &mut Interp, values: &[Value]) -> Outcome {
    match values[0].number() {
        // Its root may be a double where it is none itself.
        Some(Number::Big(number)) if number.bits() > 1000 && !number.is_negative() => {
            checked(Number::Big(Rc::new(number.sqrt())).to_double())
        }
        _ => real(values, f64::sqrt),
    }
}

fn fmod(_interp: &mut Interp, values: &[Value]) -> Outcome {
    real2(values, |left, right| left % right)
}

fn numeric(value: &Value) -> Result<Number, Box<Exception>> {
    match value.number() {
        Some(Number::Double(number)) if number.is_nan() => Err(is_nan()),
        Some(number) => Ok(number),
        None => Err(Exception::with_code(
            expected_number("number", &value.str()),
            ["TCL", "VALUE", "NUMBER"],
        )),
    }
}

fn abs(_interp: &mut Interp, values: &[Value]) -> Outcome {
    Ok(match numeric(&values[0])? {
        Number::Int(number) => match number.checked_abs() {
            Some(number) => Value::int(number),
            None => Value::big(BigInt::from(number).abs()),
        },
        Number::Big(number) => Value::big(number.abs()),
        Number::Double(number) => Value::double(number.abs()),
    })
}

/// The integer part of a double, of any size.
fn truncated(number: f64) -> Result<BigInt, Box<Exception>> {
    BigInt::from_f64(number.trunc()).ok_or_else(|| {
        if number.is_nan() {
            return is_nan();
        }
        Exception::integer_too_large()
    })
}

fn entier(value: &Value) -> Outcome {
    Ok(match numeric(value)? {
        Number::Double(number) if number.abs() < 9e18 => Value::int(number.trunc() as i64),
        Number::Double(number) => Value::big(truncated(number)?),
        number => number.into(),
    })
}

/// `int` and `wide`: the low 64 bits.
fn wide(value: &Value) -> Outcome {
    Ok(match numeric(value)? {
        Number::Int(number) => Value::int(number),
        Number::Double(number) if number.abs() < 9e18 => Value::int(number.trunc() as i64),
        Number::Double(number) => {
            Value::int(crate::text::number::big_low_bits(&truncated(number)?))
        }
        Number::Big(number) => Value::int(crate::text::number::big_low_bits(&number)),
    })
}

fn round(_interp: &mut Interp, values: &[Value]) -> Outcome {
    Ok(match numeric(&values[0])? {
        Number::Double(number) if number.abs() < 9e15 => Value::int(number.round() as i64),
        Number::Double(number) => Value::big(truncated(number)?),
        number => number.into(),
    })
}

fn isqrt(_interp: &mut Interp, values: &[Value]) -> Outcome {
    let number = numeric(&values[0])?;
    let is_negative = matches!(number, Number::Double(number) if number < 0.0);
    let whole = match number {
        Number::Double(_) if is_negative => BigInt::default(),
        Number::Double(number) => truncated(number)?,
        number => number.to_big().unwrap_or_default(),
    };
    if is_negative || whole.is_negative() {
        return Err(Exception::with_code(
            "square root of negative argument",
            [
                "ARITH",
                "DOMAIN",
                "domain error: argument not in valid range",
            ],
        ));
    }
    Ok(Value::big(whole.sqrt()))
}

fn extreme(values: &[Value], wanted: std::cmp::Ordering) -> Outcome {
    // These have no errorCode.
    let plain = |value: &Value| {
        numeric(value).map_err(|exception| match value.number() {
            Some(_) => Exception::error(exception.value.to_text()),
            None => Exception::error(Exception::not_a_double(value).value.to_text()),
        })
    };
    let mut best = plain(&values[0])?;
    for value in &values[1..] {
        let number = plain(value)?;
        if number::compare_numbers(&number, &best) == Some(wanted) {
            best = number;
        }
    }
    Ok(best.into())
}

/// The state of `rand`: Park and Miller's minimal generator, as Tcl documents it.
#[derive(Default)]
struct Random(Cell<i64>);

const MULTIPLIER: i64 = 16807;
const MODULUS: i64 = 2_147_483_647;

fn random(interp: &mut Interp) -> Value {
    let state: Rc<Random> = interp.data();
    let mut seed = state.0.get();
    if seed == 0 {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        seed = seeded(now.as_nanos() as i64 ^ i64::from(std::process::id()));
    }
    let next = seed * MULTIPLIER % MODULUS;
    state.0.set(next);
    Value::double(next as f64 * (1.0 / MODULUS as f64))
}

/// A seed in the generator's range.
fn seeded(number: i64) -> i64 {
    let seed = number & 0x7fff_ffff;
    if seed == 0 || seed == MODULUS {
        seed ^ 123_459_876
    } else {
        seed
    }
}

fn srand(interp: &mut Interp, values: &[Value]) -> Outcome {
    let seed = match values[0].number() {
        Some(Number::Int(number)) => number,
        Some(Number::Big(number)) => (&*number % BigInt::from(1i64 << 62)).to_i64().unwrap_or(0),
        _ => return Err(Exception::not_a_small_integer(&values[0])),
    };
    let state: Rc<Random> = interp.data();
    state.0.set(seeded(seed));
    Ok(random(interp))
}
