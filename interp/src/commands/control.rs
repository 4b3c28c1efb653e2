//! Control structures: `if`, `while`, `for`, `foreach`, `lmap`, `break`, `continue`.
//!
//! Each has a compile function for the usual form, with conditions and bodies in braces, and a function for every other
//! form, which pushes conditions and bodies as frames and is resumed after each.

use std::rc::Rc;

use super::boolean_of;
use crate::bytecode::{NO_REGISTER, Op, Register};
use crate::compile::{Compiler, Destination, PlaceKind};
use crate::runtime::{
    ANY, Builtin, CommandResult, Context, Exception, Interp, Outcome, Resume, ScriptLabel, code,
    done, done_empty,
};
use crate::syntax::{Command, Script, Word};
use crate::value::{ListObject, Value};

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new("break", "", 0, 0, break_command).compiled(compile_break),
    Builtin::new("continue", "", 0, 0, continue_command).compiled(compile_continue),
    Builtin::new("for", "start test next command", 4, 4, for_command).compiled(compile_for),
    Builtin::new(
        "foreach",
        "varList list ?varList list ...? command",
        3,
        ANY,
        foreach,
    )
    .compiled(compile_foreach),
    Builtin::new("if", "", 0, ANY, if_command).compiled(compile_if),
    Builtin::new(
        "lmap",
        "varList list ?varList list ...? command",
        3,
        ANY,
        lmap,
    )
    .compiled(compile_lmap),
    Builtin::new("while", "test command", 2, 2, while_command).compiled(compile_while),
];

fn break_command(_interp: &mut Interp, _words: &[Value]) -> CommandResult {
    Err(Exception::break_loop())
}

fn compile_break(compiler: &mut Compiler<'_>, command: &Command, destination: Destination) -> bool {
    if command.words.len() != 1 {
        return false;
    }
    compiler.break_here();
    compiler.constant_into(Value::EMPTY, destination);
    true
}

fn continue_command(_interp: &mut Interp, _words: &[Value]) -> CommandResult {
    Err(Exception::continue_loop())
}

fn compile_continue(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    if command.words.len() != 1 {
        return false;
    }
    compiler.continue_here();
    compiler.constant_into(Value::EMPTY, destination);
    true
}

/// An `if` that runs.
struct If {
    words: Vec<Value>,
    /// The word after the condition that is evaluated.
    at: usize,
    /// The body to run: all clauses are checked before it does.
    chosen: Option<Value>,
}

fn if_command(interp: &mut Interp, words: &[Value]) -> CommandResult {
    next_condition(
        interp,
        Box::new(If {
            words: words.to_vec(),
            at: 1,
            chosen: None,
        }),
    )
}

/// Evaluates the condition at `state.at`, unless a body is chosen already.
fn next_condition(interp: &mut Interp, mut state: Box<If>) -> CommandResult {
    let Some(condition) = state.words.get(state.at).cloned() else {
        return Err(no_expression(&state.words[state.at - 1]));
    };
    state.at += 1;
    if state.chosen.is_some() {
        return state.after_condition(interp, false);
    }
    interp.push_native(state);
    interp.push_expression(&condition)
}

fn no_expression(after: &Value) -> Box<Exception> {
    Exception::with_code(
        format!("wrong # args: no expression after \"{after}\" argument"),
        ["TCL", "WRONGARGS"],
    )
}

fn no_script(after: &Value) -> Box<Exception> {
    Exception::with_code(
        format!("wrong # args: no script following \"{after}\" argument"),
        ["TCL", "WRONGARGS"],
    )
}

impl Resume for If {
    fn resume(self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        let truth = boolean_of(&outcome?)?;
        self.after_condition(interp, truth)
    }
}

impl If {
    fn after_condition(mut self: Box<Self>, interp: &mut Interp, truth: bool) -> CommandResult {
        if self
            .words
            .get(self.at)
            .is_some_and(|word| &*word.str() == "then")
        {
            self.at += 1;
        }
        let Some(body) = self.words.get(self.at).cloned() else {
            return Err(no_script(&self.words[self.at - 1]));
        };
        if truth {
            self.chosen = Some(body);
        }
        self.at += 1;
        let keyword = self.words.get(self.at).map(Value::to_text);
        let body = match keyword.as_deref() {
            None => None,
            Some("elseif") => {
                self.at += 1;
                return next_condition(interp, self);
            }
            Some("else") if self.at + 1 == self.words.len() => {
                return Err(no_script(&self.words[self.at]));
            }
            Some("else") => Some(self.at + 1),
            Some(_) => Some(self.at),
        };
        if body.is_some_and(|body| body + 1 < self.words.len()) {
            return Err(Exception::with_code(
                "wrong # args: extra words after \"else\" clause in \"if\" command",
                ["TCL", "WRONGARGS"],
            ));
        }
        match self
            .chosen
            .or_else(|| body.and_then(|body| self.words.get(body).cloned()))
        {
            Some(script) => interp.push_script(&script, Context::Current, ScriptLabel::None),
            None => done_empty(),
        }
    }
}

/// The clauses of an `if` whose words are constant but for the first condition: conditions with bodies, and the else body.
struct Clauses<'a> {
    conditions: Vec<(&'a Word, &'a Word)>,
    otherwise: Option<&'a Word>,
}

fn clauses<'a>(words: &'a [Word], source: &str) -> Option<Clauses<'a>> {
    let mut clauses = Clauses {
        conditions: Vec::new(),
        otherwise: None,
    };
    // Words with substitutions are all evaluated before the first condition is looked at.
    if words
        .iter()
        .skip(2)
        .any(|word| word.constant(source).is_none())
    {
        return None;
    }
    let mut at = 1;
    loop {
        let condition = words.get(at)?;
        at += 1;
        if words.get(at)?.constant(source) == Some("then") {
            at += 1;
        }
        clauses.conditions.push((condition, words.get(at)?));
        at += 1;
        let Some(word) = words.get(at) else {
            return Some(clauses);
        };
        match word.constant(source) {
            Some("elseif") => at += 1,
            keyword => {
                let body = if keyword == Some("else") { at + 1 } else { at };
                clauses.otherwise = Some(words.get(body)?);
                return if body + 1 == words.len() {
                    Some(clauses)
                } else {
                    None
                };
            }
        }
    }
}

fn compile_if(compiler: &mut Compiler<'_>, command: &Command, destination: Destination) -> bool {
    let source = compiler.source;
    let Some(clauses) = clauses(&command.words, source) else {
        return false;
    };
    let done = compiler.builder.label();
    let base = compiler.builder.top();
    let mut is_exhausted = false;
    for (condition, body) in clauses.conditions {
        let Some(script) = compiler.body_script(body) else {
            return false;
        };
        let otherwise = compiler.builder.label();
        match compiler.constant_condition(condition) {
            Some(false) => continue,
            Some(true) => is_exhausted = true,
            None => {
                if !compiler.condition_word(condition, false, otherwise) {
                    return false;
                }
            }
        }
        compiler.builder.release(base);
        compiler.script(&script, destination);
        if is_exhausted {
            break;
        }
        compiler.builder.jump(Op::Jump, NO_REGISTER, done);
        compiler.builder.bind(otherwise);
        compiler.builder.release(base);
    }
    if !is_exhausted {
        match clauses.otherwise {
            Some(word) => {
                let Some(script) = compiler.body_script(word) else {
                    return false;
                };
                compiler.script(&script, destination);
            }
            None => compiler.constant_into(Value::EMPTY, destination),
        }
    }
    compiler.builder.bind(done);
    true
}

/// A `while`, or the loop of a `for`.
struct Loop {
    test: Value,
    next: Option<Value>,
    body: Value,
    /// What the outcome is that comes.
    waits_for: Step,
}

enum Step {
    Start,
    Test,
    Body,
    Next,
}

fn while_command(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let state = Loop {
        test: words[1].clone(),
        next: None,
        body: words[2].clone(),
        waits_for: Step::Test,
    };
    let test = state.test.clone();
    interp.push_native(Box::new(state));
    interp.push_expression(&test)
}

fn for_command(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let state = Loop {
        test: words[2].clone(),
        next: Some(words[3].clone()),
        body: words[4].clone(),
        waits_for: Step::Start,
    };
    interp.push_native(Box::new(state));
    let start = words[1].clone();
    interp.push_script(&start, Context::Current, ScriptLabel::None)
}

impl Resume for Loop {
    fn resume(mut self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        match self.waits_for {
            Step::Start => {
                outcome.map_err(|exception| in_clause(exception, "initial"))?;
                self.evaluate_test(interp)
            }
            Step::Test => {
                if !boolean_of(&outcome?)? {
                    return done_empty();
                }
                self.waits_for = Step::Body;
                let body = self.body.clone();
                let label = if self.next.is_some() {
                    "\"for\" body"
                } else {
                    "\"while\" body"
                };
                interp.push_native(self);
                interp.push_script(&body, Context::Current, ScriptLabel::Fixed(label))
            }
            Step::Body => {
                match outcome {
                    Err(exception) if exception.code == code::BREAK => return done_empty(),
                    Err(exception) if exception.code == code::CONTINUE => {}
                    outcome => drop(outcome?),
                }
                match self.next.clone() {
                    None => self.evaluate_test(interp),
                    Some(next) => {
                        self.waits_for = Step::Next;
                        interp.push_native(self);
                        interp.push_script(&next, Context::Current, ScriptLabel::None)
                    }
                }
            }
            Step::Next => {
                match outcome {
                    Err(exception) if exception.code == code::BREAK => return done_empty(),
                    outcome => drop(outcome.map_err(|exception| in_clause(exception, "loop-end"))?),
                }
                self.evaluate_test(interp)
            }
        }
    }
}

/// Adds to errorInfo which command of a `for` failed.
fn in_clause(mut exception: Box<Exception>, clause: &str) -> Box<Exception> {
    if exception.code == code::ERROR {
        exception.add_info(&format!("\n    (\"for\" {clause} command)"));
    }
    exception
}

impl Loop {
    fn evaluate_test(mut self: Box<Self>, interp: &mut Interp) -> CommandResult {
        interp.check_fuel()?;
        self.waits_for = Step::Test;
        let test = self.test.clone();
        interp.push_native(self);
        interp.push_expression(&test)
    }
}

fn compile_while(compiler: &mut Compiler<'_>, command: &Command, destination: Destination) -> bool {
    let [_, test, body] = command.words.as_slice() else {
        return false;
    };
    compile_loop(compiler, test, body, None, destination)
}

fn compile_for(compiler: &mut Compiler<'_>, command: &Command, destination: Destination) -> bool {
    let [_, start, test, next, body] = command.words.as_slice() else {
        return false;
    };
    let Some(start) = compiler.body_script(start) else {
        return false;
    };
    compiler.script(&start, Destination::Discard);
    compile_loop(compiler, test, body, Some(next), destination)
}

fn compile_loop(
    compiler: &mut Compiler<'_>,
    test: &Word,
    body: &Word,
    next: Option<&Word>,
    destination: Destination,
) -> bool {
    let Some(body) = compiler.body_script(body) else {
        return false;
    };
    let next = match next {
        None => None,
        Some(word) => match compiler.body_script(word) {
            Some(script) => Some(script),
            None => return false,
        },
    };
    let [top, again, check, done] = [(); 4].map(|()| compiler.builder.label());
    let constant = compiler.constant_condition(test);
    if constant == Some(false) {
        compiler.constant_into(Value::EMPTY, destination);
        return true;
    }
    if constant.is_none() {
        compiler.builder.jump(Op::Jump, NO_REGISTER, check);
    }
    compiler.builder.bind(top);
    compiler.loop_body(done, again, |compiler| {
        compiler.script(&body, Destination::Discard)
    });
    compiler.builder.bind(again);
    if let Some(next) = next {
        compiler.next_clause(done, |compiler| {
            compiler.script(&next, Destination::Discard)
        });
    }
    compiler.builder.bind(check);
    if constant.is_some() {
        compiler.builder.jump(Op::LoopBack, NO_REGISTER, top);
    } else if !compiler.condition_word(test, true, top) {
        return false;
    }
    compiler.builder.bind(done);
    compiler.constant_into(Value::EMPTY, destination);
    true
}

/// A `foreach` or `lmap` that runs.
struct Foreach {
    /// For each list, its variables.
    variables: Vec<Rc<ListObject>>,
    lists: Vec<Rc<ListObject>>,
    body: Value,
    /// The turns done.
    turn: usize,
    turn_count: usize,
    /// The results of an `lmap`.
    collected: Option<Vec<Value>>,
}

fn foreach(interp: &mut Interp, words: &[Value]) -> CommandResult {
    start_foreach(interp, words, None)
}

fn lmap(interp: &mut Interp, words: &[Value]) -> CommandResult {
    start_foreach(interp, words, Some(Vec::new()))
}

fn start_foreach(
    interp: &mut Interp,
    words: &[Value],
    collected: Option<Vec<Value>>,
) -> CommandResult {
    if !words.len().is_multiple_of(2) {
        return Err(Exception::wrong_args(&format!(
            "{} varList list ?varList list ...? command",
            words[0]
        )));
    }
    let name = if collected.is_some() {
        "lmap"
    } else {
        "foreach"
    };
    let pairs = &words[1..words.len() - 1];
    let mut state = Foreach {
        variables: Vec::new(),
        lists: Vec::new(),
        body: words[words.len() - 1].clone(),
        turn: 0,
        turn_count: 0,
        collected,
    };
    for pair in pairs.chunks_exact(2) {
        let variables = pair[0].to_list()?;
        if variables.elements().is_empty() {
            let word = if name == "lmap" { "LMAP" } else { "FOREACH" };
            return Err(Exception::with_code(
                format!("{name} varlist is empty"),
                ["TCL", "OPERATION", word, "NEEDVARS"],
            ));
        }
        let list = pair[1].to_list()?;
        let turns = list.elements().len().div_ceil(variables.elements().len());
        state.turn_count = state.turn_count.max(turns);
        state.variables.push(variables);
        state.lists.push(list);
    }
    Box::new(state).next_turn(interp)
}

impl Foreach {
    fn next_turn(mut self: Box<Self>, interp: &mut Interp) -> CommandResult {
        if self.turn >= self.turn_count {
            return match self.collected.take() {
                Some(values) => done(Value::list(values)),
                None => done_empty(),
            };
        }
        interp.check_fuel()?;
        for (variables, list) in self.variables.iter().zip(&self.lists) {
            let width = variables.elements().len();
            for (offset, name) in variables.elements().iter().enumerate() {
                let value = list
                    .elements()
                    .get(self.turn * width + offset)
                    .cloned()
                    .unwrap_or_default();
                if let Err(mut exception) = interp.variable_set(name, value) {
                    let command = if self.collected.is_some() {
                        "lmap"
                    } else {
                        "foreach"
                    };
                    exception.add_info(&format!(
                        "\n    (setting {command} loop variable \"{name}\")"
                    ));
                    return Err(exception);
                }
            }
        }
        self.turn += 1;
        let body = self.body.clone();
        interp.push_native(self);
        interp.push_script(&body, Context::Current, ScriptLabel::None)
    }
}

impl Resume for Foreach {
    fn resume(mut self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        match outcome {
            Ok(value) => {
                if let Some(values) = &mut self.collected {
                    values.push(value);
                }
            }
            Err(exception) if exception.code == code::BREAK => self.turn = self.turn_count,
            Err(exception) if exception.code == code::CONTINUE => {}
            Err(mut exception) => {
                if exception.code == code::ERROR {
                    let command = if self.collected.is_some() {
                        "lmap"
                    } else {
                        "foreach"
                    };
                    let line = exception.line;
                    exception.add_info(&format!("\n    (\"{command}\" body line {line})"));
                }
                return Err(exception);
            }
        }
        self.next_turn(interp)
    }
}

fn compile_foreach(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    compile_each(compiler, command, destination, false)
}

fn compile_lmap(compiler: &mut Compiler<'_>, command: &Command, destination: Destination) -> bool {
    compile_each(compiler, command, destination, true)
}

/// Outside of procedures tclsh calls these commands, which shows in errorInfo.
fn compile_each(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
    collects: bool,
) -> bool {
    let words = &command.words;
    if !compiler.has_locals() || words.len() < 4 || !words.len().is_multiple_of(2) {
        return false;
    }
    let source = compiler.source;
    let Some(body) = compiler.body_script(&words[words.len() - 1]) else {
        return false;
    };
    let pairs: Vec<&[Word]> = words[1..words.len() - 1].chunks_exact(2).collect();
    let mut names: Vec<Vec<Value>> = Vec::new();
    for pair in &pairs {
        let Some(variables) = pair[0].constant(source) else {
            return false;
        };
        let Ok(variables) = Value::text(variables).to_list() else {
            return false;
        };
        let plain = |name: &Value| !name.str().contains("::") && !name.str().ends_with(')');
        if variables.elements().is_empty() || !variables.elements().iter().all(plain) {
            return false;
        }
        names.push(variables.elements().to_vec());
    }
    let lists: Vec<&Word> = pairs.iter().map(|pair| &pair[1]).collect();
    compile_turns(compiler, &names, &lists, &body, destination, collects);
    true
}

/// The loop of a `foreach` or `lmap`.
///
/// * `names`: for each list, its variables; `lists`: the words of the lists.
/// * `collects`: the results of the body are the result.
fn compile_turns(
    compiler: &mut Compiler<'_>,
    names: &[Vec<Value>],
    lists: &[&Word],
    body: &Script,
    destination: Destination,
    collects: bool,
) {
    let base = compiler.builder.top();
    let collected = collects.then(|| {
        let register = compiler.builder.push();
        compiler.builder.emit(Op::ListOf, 0, register, register, 0);
        register
    });
    let state = compiler.builder.push();
    for list in lists {
        compiler.push_word(list);
    }
    let widths = Value::list(names.iter().map(|names| Value::from(names.len())).collect());
    let widths = compiler.builder.constant(widths);
    let count = lists.len() as u16;
    compiler
        .builder
        .emit(Op::ForeachStart, 0, state, widths, count);
    let [top, done] = [(); 2].map(|()| compiler.builder.label());
    compiler.builder.bind(top);
    if let [variables] = names
        && let [name] = variables.as_slice()
    {
        step_one(compiler, name, state, done);
    } else {
        compiler
            .builder
            .emit(Op::ForeachNext, 0, state, widths, count);
        compiler.builder.jump(Op::Jump, NO_REGISTER, done);
        assign_all(compiler, names, state);
    }
    compiler.loop_body(done, top, |compiler| match collected {
        None => compiler.script(body, Destination::Discard),
        Some(list) => {
            let mark = compiler.builder.top();
            compiler.script(body, Destination::Push);
            compiler.builder.emit(Op::ListPush, 0, list, mark, 0);
            compiler.builder.release(mark);
        }
    });
    compiler.builder.jump(Op::LoopBack, NO_REGISTER, top);
    compiler.builder.bind(done);
    for number in 1..=count {
        compiler.builder.emit(Op::Free, 0, state + number, 0, 0);
    }
    compiler.builder.release(base);
    match collected {
        Some(list) => compiler.deliver(list, destination),
        None => compiler.constant_into(Value::EMPTY, destination),
    }
}

/// Sets the one variable of a loop over one list, or leaves the loop.
fn step_one(
    compiler: &mut Compiler<'_>,
    name: &Value,
    state: Register,
    done: crate::compile::Label,
) {
    let place = compiler.named_place(&name.str());
    match place.kind {
        PlaceKind::Local(local) => compiler.builder.foreach_step(local, state, done),
        _ => {
            let value = compiler.builder.push();
            compiler.builder.foreach_step(value, state, done);
            compiler.change(Op::VariableSet, place, value, None);
            compiler.builder.release(value);
        }
    }
}

/// Sets all variables of a loop for this turn.
fn assign_all(compiler: &mut Compiler<'_>, names: &[Vec<Value>], state: Register) {
    for (number, variables) in names.iter().enumerate() {
        let list = state + 1 + number as u16;
        for (offset, name) in variables.iter().enumerate() {
            let mark = compiler.builder.top();
            let place = compiler.named_place(&name.str());
            let (target, is_local) = match place.kind {
                PlaceKind::Local(local) => (local, true),
                _ => (compiler.builder.push(), false),
            };
            compiler
                .builder
                .emit(Op::ForeachGet, 0, target, list, offset as u16);
            compiler
                .builder
                .emit(Op::Extra, 0, state, variables.len() as u16, 0);
            if !is_local {
                compiler.change(Op::VariableSet, place, target, None);
            }
            compiler.builder.release(mark);
        }
    }
}

/// What commands that loop natively do after each turn.
impl Interp {
    /// Uses up a little fuel; looks at limits when it is gone.
    pub(crate) fn check_fuel(&mut self) -> Result<(), Box<Exception>> {
        self.safepoint.fuel -= 1;
        if self.safepoint.fuel <= 0 {
            self.check_safepoint()
        } else {
            Ok(())
        }
    }
}
