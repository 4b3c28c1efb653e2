//! String commands as instructions.

use super::FUNCTIONS;
use crate::bytecode::{B_IS_CONSTANT, C_IS_CONSTANT, Op};
use crate::compile::{Compiler, Destination};
use crate::runtime::natives::StringFunction;
use crate::syntax::{Command, Word};

/// An instruction with one operand.
fn unary(compiler: &mut Compiler<'_>, op: Op, operand: &Word, destination: Destination) -> bool {
    let base = compiler.builder.top();
    let source = compiler.operand(operand);
    compiler.builder.release(base);
    let target = compiler.target(destination);
    let (b, flag) = source.flexible(B_IS_CONSTANT);
    compiler.builder.emit(op, flag, target, b, 0);
    true
}

/// An instruction with two operands.
fn binary(
    compiler: &mut Compiler<'_>,
    op: Op,
    left: &Word,
    right: &Word,
    destination: Destination,
) -> bool {
    let base = compiler.builder.top();
    let left = compiler.operand_before(left, std::slice::from_ref(right));
    let right = compiler.operand(right);
    compiler.builder.release(base);
    let target = compiler.target(destination);
    let (b, left_flag) = left.flexible(B_IS_CONSTANT);
    let (c, right_flag) = right.flexible(C_IS_CONSTANT);
    compiler
        .builder
        .emit(op, left_flag | right_flag, target, b, c);
    true
}

/// A subcommand of [`FUNCTIONS`], called with its arguments in temporaries.
pub(super) fn function(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    let [_, name, arguments @ ..] = command.words.as_slice() else {
        return false;
    };
    let (Ok(count), Some(name)) = (
        u16::try_from(arguments.len()),
        name.constant(compiler.source),
    ) else {
        return false;
    };
    let accepts = |row: &StringFunction| row.name == name && (row.min..=row.max).contains(&count);
    let Some(number) = FUNCTIONS.iter().position(accepts) else {
        return false;
    };
    let base = compiler.builder.top();
    for argument in arguments {
        compiler.push_word(argument);
    }
    compiler
        .builder
        .emit(Op::StringCall, 0, base, number as u16, count);
    compiler.builder.release(base);
    compiler.deliver(base, destination);
    true
}

pub(super) fn length(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    match command.words.as_slice() {
        [_, _, text] => unary(compiler, Op::StringLength, text, destination),
        _ => false,
    }
}

pub(super) fn index(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    match command.words.as_slice() {
        [_, _, text, index] => binary(compiler, Op::StringIndex, text, index, destination),
        _ => false,
    }
}

pub(super) fn equal(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    match command.words.as_slice() {
        [_, _, left, right] => binary(compiler, Op::StringEqual, left, right, destination),
        _ => false,
    }
}

pub(super) fn range(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    let [_, _, text, first, last] = command.words.as_slice() else {
        return false;
    };
    let base = compiler.builder.top();
    let text = compiler.operand_before(text, &[first.clone(), last.clone()]);
    let text = compiler.in_register(text);
    let first = compiler.push_word(first);
    compiler.push_word(last);
    compiler.builder.release(base);
    let target = compiler.target(destination);
    compiler
        .builder
        .emit(Op::StringRange, 0, target, text, first);
    true
}

pub(super) fn cat(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    let [_, _, parts @ ..] = command.words.as_slice() else {
        return false;
    };
    let Ok(count @ 2..) = u16::try_from(parts.len()) else {
        return false;
    };
    let base = compiler.builder.top();
    for part in parts {
        compiler.push_word(part);
    }
    compiler.builder.release(base);
    let target = compiler.target(destination);
    compiler.builder.emit(Op::Concat, 0, target, base, count);
    true
}
