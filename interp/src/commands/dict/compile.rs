//! `dict` subcommands as instructions.

use crate::bytecode::{C_IS_CONSTANT, Op};
use crate::commands::list::{flexible, free_operand};
use crate::compile::{Compiler, Destination, PlaceKind, Source};
use crate::syntax::{Command, Word};

/// The words after the subcommand `name`; None when the command is that of the ensemble's namespace, `::tcl::dict::name`.
fn arguments<'c>(compiler: &Compiler<'_>, command: &'c Command, name: &str) -> Option<&'c [Word]> {
    let [first, second, arguments @ ..] = command.words.as_slice() else {
        return None;
    };
    let called = first.constant(compiler.source)?;
    let is_ensemble =
        second.constant(compiler.source) == Some(name) && called.rsplit("::").next() != Some(name);
    is_ensemble.then_some(arguments)
}

pub(super) fn get(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    match arguments(compiler, command, "get") {
        Some([dict, key]) => look_up(compiler, dict, key, destination, Op::DictGet),
        _ => false,
    }
}

pub(super) fn exists(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    match arguments(compiler, command, "exists") {
        Some([dict, key]) => look_up(compiler, dict, key, destination, Op::DictExists),
        _ => false,
    }
}

/// One key.
fn look_up(
    compiler: &mut Compiler<'_>,
    dict: &Word,
    key: &Word,
    destination: Destination,
    op: Op,
) -> bool {
    let base = compiler.builder.top();
    let dict = compiler.operand_before(dict, std::slice::from_ref(key));
    let register = compiler.in_register(dict);
    let key = compiler.operand(key);
    compiler.builder.release(base);
    let target = compiler.target(destination);
    let (c, flag) = flexible(key, C_IS_CONSTANT);
    compiler.builder.emit(op, flag, target, register, c);
    free_operand(compiler, dict, target);
    true
}

/// One key, in a local variable.
pub(super) fn set(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    let Some([name, key, value]) = arguments(compiler, command, "set") else {
        return false;
    };
    let base = compiler.builder.top();
    let Some(name) = name.constant(compiler.source).map(str::to_owned) else {
        return false;
    };
    let PlaceKind::Local(local) = compiler.named_place(&name).kind else {
        return false;
    };
    let key = compiler.operand_before(key, std::slice::from_ref(value));
    let key = compiler.in_register(key);
    let value = compiler.operand(value);
    let register = compiler.in_register(value);
    compiler
        .builder
        .emit(Op::DictSetLocal, 0, local, key, register);
    if let Source::Temporary(temporary) = value {
        compiler.builder.emit(Op::Free, 0, temporary, 0, 0);
    }
    compiler.builder.release(base);
    compiler.value_of_local(local, destination);
    true
}
