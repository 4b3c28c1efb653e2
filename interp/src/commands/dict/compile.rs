//! `dict` subcommands as instructions.

use crate::bytecode::{C_IS_CONSTANT, NO_REGISTER, Op, Register};
use crate::commands::inline::number;
use crate::commands::list::{change_local, free_operand};
use crate::compile::{Compiler, Destination};
use crate::syntax::{Command, Script, Word};
use crate::value::{OrderedMap, Value};

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
        Some([dict, path @ ..]) if !path.is_empty() => {
            look_up(compiler, dict, path, destination, Op::DictGet)
        }
        _ => false,
    }
}

pub(super) fn exists(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    match arguments(compiler, command, "exists") {
        Some([dict, key]) => look_up(
            compiler,
            dict,
            std::slice::from_ref(key),
            destination,
            Op::DictExists,
        ),
        _ => false,
    }
}

fn look_up(
    compiler: &mut Compiler<'_>,
    dict: &Word,
    path: &[Word],
    destination: Destination,
    op: Op,
) -> bool {
    let base = compiler.builder.top();
    let mut dict = compiler.operand_before(dict, path);
    let keys: Vec<_> = (0..path.len())
        .map(|at| compiler.operand_before(&path[at], &path[at + 1..]))
        .collect();
    let Some((last, keys)) = keys.split_last() else {
        return false;
    };
    let inner = compiler.builder.top();
    for key in keys {
        compiler.builder.release(inner);
        let target = compiler.builder.push();
        let register = compiler.in_register(dict);
        let (c, flag) = key.flexible(C_IS_CONSTANT);
        compiler.builder.emit(op, flag, target, register, c);
        free_operand(compiler, dict, target);
        dict = crate::compile::Source::Temporary(target);
    }
    let register = compiler.in_register(dict);
    compiler.builder.release(base);
    let target = compiler.target(destination);
    let (c, flag) = last.flexible(C_IS_CONSTANT);
    compiler.builder.emit(op, flag, target, register, c);
    free_operand(compiler, dict, target);
    true
}

pub(super) fn set(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    match arguments(compiler, command, "set") {
        Some(words) if words.len() > 2 => {
            change_local(compiler, number::DICT_SET, words, destination)
        }
        _ => false,
    }
}

pub(super) fn unset(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    match arguments(compiler, command, "unset") {
        Some(words) if words.len() > 1 => {
            change_local(compiler, number::DICT_UNSET, words, destination)
        }
        _ => false,
    }
}

pub(super) fn append(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    match arguments(compiler, command, "append") {
        Some(words) if words.len() > 1 => {
            change_local(compiler, number::DICT_APPEND, words, destination)
        }
        _ => false,
    }
}

pub(super) fn lappend(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    match arguments(compiler, command, "lappend") {
        Some(words) if words.len() > 1 => {
            change_local(compiler, number::DICT_LAPPEND, words, destination)
        }
        _ => false,
    }
}

pub(super) fn incr(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    match arguments(compiler, command, "incr") {
        Some(words) if matches!(words.len(), 2 | 3) => {
            change_local(compiler, number::DICT_INCR, words, destination)
        }
        _ => false,
    }
}

pub(super) fn for_loop(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    each(compiler, command, destination, false)
}

pub(super) fn map(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    each(compiler, command, destination, true)
}

/// The body of a subcommand that tclsh compiles in procedures only, which shows in errorInfo.
fn inline_body(compiler: &mut Compiler<'_>, word: &Word) -> Option<Script> {
    if compiler.has_locals() {
        compiler.body_script(word)
    } else {
        None
    }
}

fn each(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
    collects: bool,
) -> bool {
    let name = if collects { "map" } else { "for" };
    let Some([names, dict, body]) = arguments(compiler, command, name) else {
        return false;
    };
    let Some((key, value)) = two_locals(compiler, names) else {
        return false;
    };
    let Some(body) = inline_body(compiler, body) else {
        return false;
    };
    let base = compiler.builder.top();
    let collected = collects.then(|| {
        let register = compiler.builder.push();
        let empty = compiler.builder.constant(Value::dict(OrderedMap::new()));
        compiler.builder.emit(Op::Constant, 0, register, empty, 0);
        register
    });
    let state = compiler.builder.push();
    let dict = compiler.push_word(dict);
    compiler.builder.emit(Op::DictStart, 0, state, 0, 0);
    let [top, done] = [(); 2].map(|()| compiler.builder.label());
    compiler.builder.bind(top);
    compiler.builder.dict_step(key, value, state, done);
    compiler.loop_body(done, top, |compiler| match collected {
        None => compiler.script(&body, Destination::Discard),
        Some(map) => collect(compiler, &body, map, key),
    });
    compiler.builder.jump(Op::LoopBack, NO_REGISTER, top);
    compiler.builder.bind(done);
    compiler.builder.emit(Op::Free, 0, dict, 0, 0);
    compiler.builder.release(base);
    match collected {
        Some(map) => compiler.deliver(map, destination),
        None => compiler.constant_into(Value::EMPTY, destination),
    }
    true
}

/// The registers of the two local variables that a word names.
fn two_locals(compiler: &mut Compiler<'_>, names: &Word) -> Option<(Register, Register)> {
    let names = Value::text(names.constant(compiler.source)?)
        .to_list()
        .ok()?;
    let [key, value] = names.elements() else {
        return None;
    };
    Some((
        compiler.local_of(&key.str())?,
        compiler.local_of(&value.str())?,
    ))
}

/// The body of a `dict map`, whose result goes into the dict in register `map` under what the key variable has then.
fn collect(compiler: &mut Compiler<'_>, body: &Script, map: Register, key: Register) {
    let mark = compiler.builder.top();
    let [copy, result] = [(); 2].map(|()| compiler.builder.push());
    compiler.script(body, Destination::Into(result));
    compiler.builder.emit(Op::Load, 0, copy, key, 0);
    compiler
        .builder
        .emit(Op::ChangeLocal, number::DICT_SET, map, copy, 2);
    compiler.builder.release(mark);
}

pub(super) fn update(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    let Some([words @ .., body]) = arguments(compiler, command, "update") else {
        return false;
    };
    if words.len() < 3 || words.len().is_multiple_of(2) {
        return false;
    }
    let mut operands = Vec::with_capacity(words.len());
    for (number, word) in words.iter().enumerate() {
        if number % 2 == 1 {
            operands.push(Operand::Word(word));
            continue;
        }
        match compiler.local_named(word) {
            Some(local) => operands.push(Operand::Constant(Value::int(i64::from(local)))),
            None => return false,
        }
    }
    enclosed(
        compiler,
        &operands,
        body,
        [number::UPDATE_BEGIN, number::UPDATE_END],
        destination,
    )
}

/// A word for an inline function.
enum Operand<'a> {
    Word(&'a Word),
    Constant(Value),
}

pub(super) fn with(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    let Some([words @ .., body]) = arguments(compiler, command, "with") else {
        return false;
    };
    let name = words.first();
    if name.and_then(|name| compiler.local_named(name)).is_none() {
        return false;
    }
    let operands: Vec<Operand<'_>> = words.iter().map(Operand::Word).collect();
    enclosed(
        compiler,
        &operands,
        body,
        [number::WITH_BEGIN, number::WITH_END],
        destination,
    )
}

/// A body between two inline functions, the second of which is called however the body ends.
fn enclosed(
    compiler: &mut Compiler<'_>,
    words: &[Operand<'_>],
    body: &Word,
    [begin, end]: [u8; 2],
    destination: Destination,
) -> bool {
    let Some(body) = inline_body(compiler, body) else {
        return false;
    };
    let Ok(count) = u16::try_from(words.len()) else {
        return false;
    };
    let base = compiler.builder.top();
    for word in words {
        match word {
            Operand::Word(word) => drop(compiler.push_word(word)),
            Operand::Constant(value) => compiler.constant_into(value.clone(), Destination::Push),
        }
    }
    // What the beginning gives is one more word for the end.
    let kept = compiler.builder.push();
    compiler
        .builder
        .emit(Op::CallInline, begin, kept, base, count);
    let [result, _completion, _options, scratch] = [(); 4].map(|()| compiler.builder.push());
    let [caught, done] = [(); 2].map(|()| compiler.builder.label());
    compiler.catch_body(caught, result, true, |compiler| {
        compiler.script(&body, Destination::Into(result))
    });
    compiler
        .builder
        .emit(Op::CallInline, end, scratch, base, count + 1);
    compiler.builder.jump(Op::Jump, NO_REGISTER, done);
    compiler.builder.bind(caught);
    compiler
        .builder
        .emit(Op::CallInline, end, scratch, base, count + 1);
    compiler.builder.emit(Op::Rethrow, 0, result, 0, 0);
    compiler.builder.bind(done);
    for offset in 0..=count {
        compiler.builder.emit(Op::Free, 0, base + offset, 0, 0);
    }
    compiler.builder.release(base);
    compiler.deliver(result, destination);
    if destination == Destination::Discard {
        compiler.builder.emit(Op::Free, 0, result, 0, 0);
    }
    true
}
