//! expr's operators as commands in `::tcl::mathop`, and the functions of `runtime::math` as commands in `::tcl::mathfunc`.

use crate::runtime::command::CommandKind;
use crate::runtime::math::COMMANDS;
use crate::runtime::{ANY, Builtin, CommandResult, Interp, done};
use crate::syntax::BinaryOp;
use crate::value::Value;
use crate::value::number;

/// Puts the functions and the operators into their namespaces.
pub(crate) fn register(interp: &mut Interp) {
    let global = interp.global_namespace();
    let functions = interp.make_namespace("tcl::mathfunc", &global);
    for row in COMMANDS {
        interp.put_command(&functions, row.name, CommandKind::Builtin(row));
    }
    functions.exports.borrow_mut().push("*".into());
    let operators = interp.make_namespace("tcl::mathop", &global);
    for row in OPERATORS {
        interp.put_command(&operators, row.name, CommandKind::Builtin(row));
    }
    operators.exports.borrow_mut().push("*".into());
}

macro_rules! operators {
    ($($name:literal $usage:literal $min:literal $max:expr, $run:expr;)*) => {
        const OPERATORS: &[Builtin] = &[$(Builtin::new($name, $usage, $min, $max, $run),)*];
    };
}

operators! {
    "!" "boolean" 1 1, |_, w| done(number::not(&w[1])?);
    "~" "integer" 1 1, |_, w| done(number::complement(&w[1])?);
    "+" "?value ...?" 0 ANY, |_, w| fold(w, BinaryOp::Add, 0);
    "*" "?value ...?" 0 ANY, |_, w| fold(w, BinaryOp::Multiply, 1);
    "&" "?integer ...?" 0 ANY, |_, w| fold(w, BinaryOp::BitAnd, -1);
    "|" "?integer ...?" 0 ANY, |_, w| fold(w, BinaryOp::BitOr, 0);
    "^" "?integer ...?" 0 ANY, |_, w| fold(w, BinaryOp::BitXor, 0);
    "-" "value ?value ...?" 1 ANY, |_, w| reduce(w, BinaryOp::Subtract);
    "/" "value ?value ...?" 1 ANY, |_, w| reduce(w, BinaryOp::Divide);
    "**" "?value ...?" 0 ANY, |_, w| power(w);
    "%" "integer integer" 2 2, |_, w| done(number::binary(BinaryOp::Remainder, &w[1], &w[2])?);
    "<<" "integer shift" 2 2, |_, w| done(number::binary(BinaryOp::ShiftLeft, &w[1], &w[2])?);
    ">>" "integer shift" 2 2, |_, w| done(number::binary(BinaryOp::ShiftRight, &w[1], &w[2])?);
    "!=" "value value" 2 2, |_, w| done(number::binary(BinaryOp::NotEqual, &w[1], &w[2])?);
    "ne" "value value" 2 2, |_, w| done(number::binary(BinaryOp::StringNotEqual, &w[1], &w[2])?);
    "in" "value list" 2 2, |_, w| done(number::binary(BinaryOp::In, &w[1], &w[2])?);
    "ni" "value list" 2 2, |_, w| done(number::binary(BinaryOp::NotIn, &w[1], &w[2])?);
    "<" "?value ...?" 0 ANY, |_, w| chained(w, BinaryOp::Less);
    "<=" "?value ...?" 0 ANY, |_, w| chained(w, BinaryOp::LessEqual);
    ">" "?value ...?" 0 ANY, |_, w| chained(w, BinaryOp::Greater);
    ">=" "?value ...?" 0 ANY, |_, w| chained(w, BinaryOp::GreaterEqual);
    "==" "?value ...?" 0 ANY, |_, w| chained(w, BinaryOp::Equal);
    "eq" "?value ...?" 0 ANY, |_, w| chained(w, BinaryOp::StringEqual);
}

/// All operands from the left, starting with the neutral element.
fn fold(words: &[Value], operator: BinaryOp, neutral: i64) -> CommandResult {
    let mut result = Value::int(neutral);
    let mut rest = &words[1..];
    if let [first, second, more @ ..] = rest
        && !more.is_empty()
    {
        // What is wrong with the second of three comes first in tclsh.
        result = number::binary(operator, second, first)?;
        rest = more;
    }
    for word in rest {
        result = number::binary(operator, &result, word)?;
    }
    done(result)
}

/// The first operand less (or divided by) the others; a single one is negated or inverted.
fn reduce(words: &[Value], operator: BinaryOp) -> CommandResult {
    match words {
        [_, only] if operator == BinaryOp::Subtract => done(number::negate(only)?),
        [_, only] => done(number::binary(operator, &Value::double(1.0), only)?),
        _ => {
            let mut result = words[1].clone();
            for word in &words[2..] {
                result = number::binary(operator, &result, word)?;
            }
            done(result)
        }
    }
}

fn power(words: &[Value]) -> CommandResult {
    let mut operands = words[1..].iter().rev();
    let Some(last) = operands.next() else {
        return done(Value::int(1));
    };
    if words.len() == 2 {
        // A single one is itself, spelling and all, if it is a number.
        number::binary(BinaryOp::Power, last, &Value::int(1))?;
    }
    let mut result = last.clone();
    for word in operands {
        result = number::binary(BinaryOp::Power, word, &result)?;
    }
    done(result)
}

/// Whether each neighbouring pair compares so.
fn chained(words: &[Value], operator: BinaryOp) -> CommandResult {
    for pair in words[1..].windows(2) {
        if number::binary(operator, &pair[0], &pair[1])?.as_int() != Some(1) {
            return done(Value::int(0));
        }
    }
    done(Value::int(1))
}
