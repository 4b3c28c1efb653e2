//! List commands as instructions.

use crate::bytecode::{B_IS_CONSTANT, C_IS_CONSTANT, Op, Register, SINGLE_POSITION};
use crate::commands::inline::number;
use crate::compile::{Compiler, Destination, PlaceKind, Source, constant_value, may_run_scripts};
use crate::syntax::{Command, Quoting, Word};
use crate::value::Value;

/// Empties a temporary that an instruction has read, so that it does not keep a list or dict shared which the script is about
/// to change in place.
pub(in crate::commands) fn free_operand(
    compiler: &mut Compiler<'_>,
    source: Source,
    target: Register,
) {
    if let Source::Temporary(register) = source
        && register != target
    {
        compiler.builder.emit(Op::Free, 0, register, 0, 0);
    }
}

pub(super) fn list(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    let words = &command.words[1..];
    let Ok(count) = u16::try_from(words.len()) else {
        return false;
    };
    let source = compiler.source;
    let constants: Option<Vec<Value>> = words
        .iter()
        .map(|word| {
            Some(constant_value(
                word.constant(source)?,
                word.quoting == Quoting::Braced,
            ))
        })
        .collect();
    if let Some(elements) = constants {
        compiler.constant_into(Value::list(elements), destination);
        return true;
    }
    let base = compiler.builder.top();
    for word in words {
        compiler.push_word(word);
    }
    compiler.builder.release(base);
    let target = compiler.target(destination);
    compiler.builder.emit(Op::ListOf, 0, target, base, count);
    true
}

pub(super) fn llength(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    let [_, list] = command.words.as_slice() else {
        return false;
    };
    let base = compiler.builder.top();
    let list = compiler.operand(list);
    compiler.builder.release(base);
    let target = compiler.target(destination);
    let (b, flag) = list.flexible(B_IS_CONSTANT);
    compiler.builder.emit(Op::ListLength, flag, target, b, 0);
    free_operand(compiler, list, target);
    true
}

pub(super) fn lindex(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    let [_, words @ ..] = command.words.as_slice() else {
        return false;
    };
    if words.len() < 2 {
        return false;
    }
    let base = compiler.builder.top();
    let operands: Vec<Source> = (0..words.len())
        .map(|at| compiler.operand_before(&words[at], &words[at + 1..]))
        .collect();
    let flags = if words.len() == 2 { 0 } else { SINGLE_POSITION };
    let [list, indices @ .., last] = operands.as_slice() else {
        return false;
    };
    let mut list = *list;
    if !indices.is_empty() {
        let element = compiler.builder.push();
        for index in indices {
            index_step(compiler, flags, element, list, *index);
            list = Source::Temporary(element);
        }
    }
    compiler.builder.release(base);
    let target = compiler.target(destination);
    index_step(compiler, flags, target, list, *last);
    true
}

fn index_step(
    compiler: &mut Compiler<'_>,
    flags: u8,
    target: Register,
    list: Source,
    index: Source,
) {
    let (b, list_flag) = list.flexible(B_IS_CONSTANT);
    let (c, index_flag) = index.flexible(C_IS_CONSTANT);
    compiler
        .builder
        .emit(Op::ListIndex, flags | list_flag | index_flag, target, b, c);
    free_operand(compiler, list, target);
}

pub(super) fn lappend(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    let [_, name, value] = command.words.as_slice() else {
        // Several values are one change of the variable.
        return command.words.len() > 3
            && change_local(compiler, number::LAPPEND, &command.words[1..], destination);
    };
    let base = compiler.builder.top();
    let place = compiler.place(name, std::slice::from_ref(value));
    let value = compiler.push_word(value);
    compiler.finish_change(Op::VariableLappend, place, value, destination, base);
    true
}

/// A change of a local variable, which the first of the words names, by the others. The result is its value.
pub(in crate::commands) fn change_local(
    compiler: &mut Compiler<'_>,
    change: u8,
    words: &[Word],
    destination: Destination,
) -> bool {
    let [name, words @ ..] = words else {
        return false;
    };
    let Some(local) = compiler.local_named(name) else {
        return false;
    };
    if !emit_change(compiler, change, local, words) {
        return false;
    }
    compiler.value_of_local(local, destination);
    true
}

/// Emits a change of a local variable by `words`; false when there are too many.
fn emit_change(compiler: &mut Compiler<'_>, change: u8, local: Register, words: &[Word]) -> bool {
    let Ok(count) = u16::try_from(words.len()) else {
        return false;
    };
    let base = compiler.builder.top();
    for word in words {
        compiler.push_word(word);
    }
    compiler
        .builder
        .emit(Op::ChangeLocal, change, local, base, count);
    compiler.builder.release(base);
    true
}

pub(super) fn lrange(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    command.words.len() == 4
        && change_own(compiler, number::LRANGE, &command.words[1..], destination)
}

pub(super) fn lreplace(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    command.words.len() > 3
        && change_own(compiler, number::LREPLACE, &command.words[1..], destination)
}

pub(super) fn linsert(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    command.words.len() > 2
        && change_own(compiler, number::LINSERT, &command.words[1..], destination)
}

pub(super) fn lreverse(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    command.words.len() == 2
        && change_own(compiler, number::LREVERSE, &command.words[1..], destination)
}

/// A command whose result goes back into the local variable that its first word reads, as in `set x [lrange $x 1 end]`: the
/// variable's list is changed in place. None of the other words may change the variable.
fn change_own(
    compiler: &mut Compiler<'_>,
    change: u8,
    words: &[Word],
    destination: Destination,
) -> bool {
    let [list, words @ ..] = words else {
        return false;
    };
    let Destination::Into(local) = destination else {
        return false;
    };
    if words.iter().any(may_run_scripts) || compiler.operand(list) != Source::Local(local) {
        return false;
    }
    emit_change(compiler, change, local, words)
}

/// Only where the rest of the list is not wanted, and where no name depends on a variable that is assigned.
pub(super) fn lassign(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    let [_, list, names @ ..] = command.words.as_slice() else {
        return false;
    };
    let source = compiler.source;
    if destination != Destination::Discard
        || names.is_empty()
        || names
            .iter()
            .any(|name| name.constant(source).is_none() || may_run_scripts(name))
    {
        return false;
    }
    let base = compiler.builder.top();
    // The start of a loop over one list is what makes a list of a temporary, for the fast path of `lindex`.
    let state = compiler.builder.push();
    let list = compiler.push_word(list);
    let widths = compiler.builder.constant(Value::EMPTY);
    compiler.builder.emit(Op::ForeachStart, 0, state, widths, 1);
    for (number, name) in names.iter().enumerate() {
        let mark = compiler.builder.top();
        let position = compiler.builder.constant(Value::from(number));
        let place = compiler.place(name, &[]);
        if let PlaceKind::Local(local) = place.kind {
            compiler
                .builder
                .emit(Op::ListIndex, C_IS_CONSTANT, local, list, position);
        } else {
            let value = compiler.builder.push();
            compiler
                .builder
                .emit(Op::ListIndex, C_IS_CONSTANT, value, list, position);
            compiler.change(Op::VariableSet, place, value, None);
        }
        compiler.builder.release(mark);
    }
    compiler.builder.emit(Op::Free, 0, list, 0, 0);
    compiler.builder.release(base);
    true
}

/// A local variable; one index has an instruction of its own.
pub(super) fn lset(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    let words = &command.words;
    if words.len() != 4 {
        return words.len() > 2 && change_local(compiler, number::LSET, &words[1..], destination);
    }
    let Some(local) = compiler.local_named(&words[1]) else {
        return false;
    };
    let base = compiler.builder.top();
    for word in &words[2..] {
        compiler.push_word(word);
    }
    compiler.builder.emit(Op::ListSetLocal, 0, local, base, 2);
    compiler.builder.release(base);
    compiler.value_of_local(local, destination);
    true
}
