//! Variables: `set`, `incr`, `append`, `unset`, `global`, `variable`, `upvar`.

use crate::bytecode::Op;
use crate::compile::split_element;
use crate::compile::{Compiler, Destination, PlaceKind};
use crate::runtime::namespace::{is_qualified, split_name};
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, done, done_empty};
use crate::syntax::Command;
use crate::value::{Value, Variable};

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new("append", "varName ?value ...?", 1, ANY, append).compiled(compile_append),
    Builtin::new("global", "?varName ...?", 0, ANY, global).compiled(compile_global),
    Builtin::new("incr", "varName ?increment?", 1, 2, incr).compiled(compile_incr),
    Builtin::new("set", "varName ?newValue?", 1, 2, set).compiled(compile_set),
    Builtin::new("unset", "?-nocomplain? ?--? ?varName ...?", 0, ANY, unset)
        .compiled(compile_unset),
    Builtin::new(
        "upvar",
        "?level? otherVar localVar ?otherVar localVar ...?",
        0,
        ANY,
        upvar,
    )
    .compiled(compile_upvar),
    Builtin::new("variable", "?name value...? name ?value?", 0, ANY, variable)
        .compiled(compile_variable),
];

fn set(interp: &mut Interp, words: &[Value]) -> CommandResult {
    match words {
        [_, name] => done(interp.variable_get(name)?),
        [_, name, value] => done(interp.variable_set(name, value.clone())?),
        _ => done_empty(),
    }
}

fn compile_set(compiler: &mut Compiler<'_>, command: &Command, destination: Destination) -> bool {
    let words = &command.words;
    let base = compiler.builder.top();
    match words.as_slice() {
        [_, name] => {
            let place = compiler.place(name, &[]);
            compiler.builder.release(base);
            let target = compiler.target(destination);
            compiler.get(place, target);
            true
        }
        [_, name, value] => {
            let place = compiler.place(name, &words[2..]);
            if let PlaceKind::Local(local) = place.kind
                && let Some(crate::syntax::Part::Command(script, _)) = single_part(value)
                && script.error.is_none()
                && !script.commands.is_empty()
            {
                // The result of the command goes straight into the variable.
                compiler.script(script, Destination::Into(local));
                compiler.builder.release(base);
                compiler.value_of_local(local, destination);
                return true;
            }
            let source = compiler.operand(value);
            compiler.store(place, source, destination, base);
            true
        }
        _ => false,
    }
}

fn single_part(word: &crate::syntax::Word) -> Option<&crate::syntax::Part> {
    match &word.kind {
        crate::syntax::WordKind::Parts(parts) if parts.len() == 1 => parts.first(),
        _ => None,
    }
}

fn incr(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let amount = words.get(2).cloned().unwrap_or(Value::int(1));
    done(interp.variable_increment(&words[1], &amount)?)
}

fn compile_incr(compiler: &mut Compiler<'_>, command: &Command, destination: Destination) -> bool {
    let words = &command.words;
    if words.len() != 2 && words.len() != 3 {
        return false;
    }
    let base = compiler.builder.top();
    let place = compiler.place(&words[1], &words[2..]);
    let amount = match words.get(2) {
        None => Some(1),
        Some(word) => {
            let text = word.constant(compiler.source);
            text.and_then(crate::text::number::canonical_decimal)
                .and_then(|number| i16::try_from(number).ok())
        }
    };
    if let (PlaceKind::Local(local), Some(amount)) = (place.kind, amount) {
        compiler
            .builder
            .emit(Op::IncrLocal, 0, local, amount as u16, 0);
        compiler.builder.release(base);
        compiler.value_of_local(local, destination);
        return true;
    }
    let value = match (amount, words.get(2)) {
        (Some(amount), _) => {
            let register = compiler.builder.push();
            compiler
                .builder
                .emit(Op::Integer, 0, register, amount as u16, 0);
            register
        }
        (None, Some(word)) => compiler.push_word(word),
        (None, None) => return false,
    };
    compiler.finish_change(Op::VariableIncr, place, value, destination, base);
    true
}

fn append(interp: &mut Interp, words: &[Value]) -> CommandResult {
    if words.len() == 2 {
        return done(interp.variable_get(&words[1])?);
    }
    let size: usize = words[2..].iter().map(|word| word.str().len()).sum();
    let result = interp.variable_modify(&words[1], false, |value, _| {
        if size + value.str().len() > crate::limits::STRING_BYTES_MAX {
            return Err(Exception::too_large(
                "string",
                crate::limits::STRING_BYTES_MAX,
            ));
        }
        for tail in &words[2..] {
            value.append_text(&tail.str());
        }
        Ok(())
    });
    done(result?)
}

fn compile_append(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    let words = &command.words;
    if words.len() < 3 {
        // Without values, it reads the variable as `set` does.
        return words.len() == 2 && compile_set(compiler, command, destination);
    }
    let base = compiler.builder.top();
    let place = compiler.place(&words[1], &words[2..]);
    let first = compiler.builder.top();
    for word in &words[2..] {
        compiler.push_word(word);
    }
    let count = words.len() - 2;
    if count > 1 {
        compiler.builder.emit(
            Op::Concat,
            0,
            first,
            first,
            count.min(usize::from(u16::MAX)) as u16,
        );
    }
    compiler.finish_change(Op::VariableAppend, place, first, destination, base);
    true
}

fn unset(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let mut names = &words[1..];
    let mut complains = true;
    if names
        .first()
        .is_some_and(|word| &*word.str() == "-nocomplain")
    {
        complains = false;
        names = &names[1..];
    }
    if names.first().is_some_and(|word| &*word.str() == "--") {
        names = &names[1..];
    }
    for name in names {
        interp.variable_unset(name, complains)?;
    }
    done_empty()
}

fn compile_unset(compiler: &mut Compiler<'_>, command: &Command, destination: Destination) -> bool {
    let words = &command.words;
    let source = compiler.source;
    let mut at = 1;
    let mut complains = true;
    if words.get(at).and_then(|word| word.constant(source)) == Some("-nocomplain") {
        complains = false;
        at += 1;
    }
    if words.get(at).and_then(|word| word.constant(source)) == Some("--") {
        at += 1;
    }
    if words[at.min(words.len())..]
        .iter()
        .any(|word| word.constant(source).is_none() && at == 1)
        && at == 1
    {
        // The first word may turn out to be an option.
        return false;
    }
    for word in &words[at..] {
        let base = compiler.builder.top();
        let place = compiler.place(word, &[]);
        compiler.unset(place, complains);
        compiler.builder.release(base);
    }
    compiler.constant_into(Value::EMPTY, destination);
    true
}

fn global(interp: &mut Interp, words: &[Value]) -> CommandResult {
    if !interp.is_in_procedure() {
        return done_empty();
    }
    for name in &words[1..] {
        let text = name.str();
        let root = interp.global_namespace();
        if split_element(&text).is_some() && !is_qualified(&text) {
            // An element is looked up, which makes its array, and then refused.
            let cell = interp.cell_by_name(&Value::string(format!("::{}", &*text)), 0, "access")?;
            interp.link(&text, &cell)?;
        }
        if !is_qualified(&text) {
            let cell = root.variable(&text).unwrap_or_else(|| {
                let cell = Variable::unset();
                root.variables
                    .borrow_mut()
                    .insert(text.as_ref().into(), cell.clone());
                cell
            });
            interp.link(&text, &cell)?;
            continue;
        }
        let absolute = if text.starts_with("::") {
            text.to_string()
        } else {
            format!("::{}", &*text)
        };
        let cell = interp
            .make_namespace_variable(&absolute, &root, "access")
            .map_err(|_| {
                Exception::variable(
                    "access",
                    &text,
                    "parent namespace doesn't exist",
                    &["TCL", "LOOKUP", "VARNAME", &text],
                )
            })?;
        let (_, tail) = split_name(&text);
        interp.link(tail, &cell)?;
    }
    done_empty()
}

/// The constant words of a command after its name, if a procedure's local variables can have such names.
fn plain_names(compiler: &Compiler<'_>, words: &[crate::syntax::Word]) -> Option<Vec<String>> {
    let is_plain = |name: &&str| {
        !crate::runtime::namespace::is_qualified(name)
            && crate::compile::split_element(name).is_none()
    };
    let names = words.iter().map(|word| {
        let name = word.constant(compiler.source).filter(is_plain);
        name.map(str::to_owned)
    });
    names.collect()
}

fn compile_global(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    if !compiler.has_locals() {
        return false;
    }
    let Some(names) = plain_names(compiler, &command.words[1..]) else {
        return false;
    };
    // After `::` such a colon would belong to the separator.
    if names.iter().any(|name| name.starts_with(':')) {
        return false;
    }
    for name in names {
        let local = compiler.builder.local(&name);
        let site = compiler.builder.variable_site(&format!("::{name}"));
        compiler.builder.emit(Op::LinkNamespace, 1, local, site, 0);
    }
    compiler.constant_into(Value::EMPTY, destination);
    true
}

fn variable(interp: &mut Interp, words: &[Value]) -> CommandResult {
    for pair in words[1..].chunks(2) {
        let name = &pair[0];
        let text = name.str();
        let namespace = interp.current_namespace();
        if crate::compile::split_element(&text).is_some() {
            return Err(Exception::variable(
                "define",
                &text,
                "name refers to an element in an array",
                &["TCL", "UPVAR", "LOCAL_ELEMENT"],
            ));
        }
        let cell = interp.declare_variable(&text, &namespace)?;
        if let Some(value) = pair.get(1) {
            interp.set_cell(&cell, &text, value.clone())?;
        }
        if interp.is_in_procedure() {
            let (_, tail) = split_name(&text);
            interp.link(tail, &cell)?;
        }
    }
    done_empty()
}

/// Inlined without a value only: those with one stand where they are run once.
fn compile_variable(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    if !compiler.has_locals() || command.words.len() != 2 {
        return false;
    }
    let Some(names) = plain_names(compiler, &command.words[1..]) else {
        return false;
    };
    for name in names {
        let local = compiler.builder.local(&name);
        let site = compiler.builder.variable_site(&name);
        compiler.builder.emit(Op::LinkNamespace, 0, local, site, 0);
    }
    compiler.constant_into(Value::EMPTY, destination);
    true
}

fn upvar(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let arguments = &words[1..];
    let usage = || {
        Exception::wrong_args(&format!(
            "{} ?level? otherVar localVar ?otherVar localVar ...?",
            words[0]
        ))
    };
    if arguments.len() < 2 {
        return Err(usage());
    }
    let has_level = !arguments.len().is_multiple_of(2);
    let level = has_level.then(|| &arguments[0]);
    if level.is_some_and(|level| {
        !level
            .str()
            .starts_with(|c: char| c == '#' || c.is_ascii_digit())
    }) {
        // No level at all: that level 1 is missing comes first.
        interp.frame_at_level(None)?;
    }
    let frame = interp.frame_at_level(level)?;
    let pairs = if has_level {
        &arguments[1..]
    } else {
        arguments
    };
    if pairs.is_empty() {
        return Err(usage());
    }
    for pair in pairs.chunks_exact(2) {
        if frame == interp.current_call()
            && pair[0].same_text(&pair[1])
            && crate::compile::split_element(&pair[1].str()).is_none()
            && !interp.is_link(&pair[0].str(), frame)
        {
            return Err(Exception::with_code(
                "can't upvar from variable to itself",
                ["TCL", "UPVAR", "SELF"],
            ));
        }
        let cell = interp.cell_by_name(&pair[0], frame, "access")?;
        interp.link(&pair[1].str(), &cell)?;
    }
    done_empty()
}

/// Inlined with a literal level that cannot be the procedure's own.
fn compile_upvar(compiler: &mut Compiler<'_>, command: &Command, destination: Destination) -> bool {
    let words = &command.words[1..];
    if !compiler.has_locals() || words.len() < 2 {
        return false;
    }
    let (level, pairs) = if words.len().is_multiple_of(2) {
        (1, words)
    } else {
        let level = match words[0].constant(compiler.source) {
            Some("#0") => 0,
            Some(text) => match text.parse::<u8>() {
                Ok(level) if level > 0 && text.len() == 1 => level,
                _ => return false,
            },
            None => return false,
        };
        (level, &words[1..])
    };
    let locals: Vec<_> = pairs.iter().skip(1).step_by(2).cloned().collect();
    let Some(names) = plain_names(compiler, &locals) else {
        return false;
    };
    if pairs.len() > 2 && pairs.iter().any(crate::compile::may_run_scripts) {
        return false;
    }
    for (pair, name) in pairs.chunks_exact(2).zip(names) {
        let base = compiler.builder.top();
        let source = compiler.operand(&pair[0]);
        let register = compiler.in_register(source);
        let local = compiler.builder.local(&name);
        let site = compiler.builder.variable_site(&format!("\u{0}{local}"));
        compiler
            .builder
            .emit(Op::LinkCaller, level, local, register, site);
        compiler.builder.release(base);
    }
    compiler.constant_into(Value::EMPTY, destination);
    true
}

impl Interp {
    /// Whether the current level is a procedure's.
    pub(crate) fn is_in_procedure(&self) -> bool {
        self.call_frame().unit().is_some()
    }

    /// The variable that `variable name` declares in `namespace`, made without a value when absent.
    pub(crate) fn declare_variable(
        &mut self,
        name: &str,
        namespace: &std::rc::Rc<crate::runtime::Namespace>,
    ) -> Result<std::rc::Rc<Variable>, Box<Exception>> {
        let Some((holder, tail)) = self.locate(name, namespace) else {
            // The word that tclsh's compiled command has.
            let is_compiled = self.is_in_procedure();
            return Err(Exception::variable(
                if is_compiled { "access" } else { "define" },
                name,
                "parent namespace doesn't exist",
                &["TCL", "LOOKUP", "VARNAME", name],
            ));
        };
        let existing = holder.variable(tail);
        let cell = existing.unwrap_or_else(|| {
            let cell = Variable::unset();
            holder
                .variables
                .borrow_mut()
                .insert(tail.into(), cell.clone());
            cell
        });
        cell.is_declared.set(true);
        Ok(cell)
    }

    /// Sets a variable by its cell.
    pub(crate) fn set_cell(
        &mut self,
        cell: &std::rc::Rc<Variable>,
        name: &str,
        value: Value,
    ) -> Result<(), Box<Exception>> {
        let slot = crate::runtime::slot::Slot::Cell(cell.target());
        let target = crate::runtime::slot::Target::named(slot, None, name);
        self.set(&target, value).map(drop)
    }
}
