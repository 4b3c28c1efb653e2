//! Trees to bytecode.
//!
//! A [`Compiler`] makes one [`Code`] from one script or procedure body. Commands that have a compile function
//! are found through [`Lookup`], so that this layer imports none of them; the others become calls. Values are
//! built on a stack of temporaries: [`Compiler::push_word`] puts a word's value into the next one, and
//! [`Compiler::operand`] avoids even that for local variables and constants.
//!
//! Read [`Compiler::command`] first.

mod builder;
mod expression;
mod variable;

pub use builder::{Builder, Label, TEMPORARY_BASE};
pub use variable::{Place, PlaceKind, split_element};

use crate::bytecode::{Code, NAME_VARIES, NO_REGISTER, Op, Register, SUBCOMMAND_IS_CONSTANT};
use crate::syntax::{self, Command, Part, Quoting, Script, Span, Word, WordKind};
use crate::text::double::{format_double, precision};
use crate::text::number::{canonical_decimal, parse_number};
use crate::value::Value;

/// How a compile function turns a command into instructions: `true` when it did, `false` to have the command
/// called like any other (whatever was emitted is then taken back).
pub type CompileFunction = fn(&mut Compiler<'_>, &Command, Destination) -> bool;

/// What the compiler asks about commands while it runs.
pub trait Lookup {
    /// The compile function of the command that `words` (one name, or an ensemble's name and a subcommand)
    /// stand for in the namespace that is compiled for; None when there is none, or when the command has been
    /// redefined, renamed or traced.
    fn compile_function(&self, name: &str) -> Option<CompileFunction>;

    /// The same for subcommand `subcommand` of the ensemble `name`.
    fn compile_subcommand(&self, name: &str, subcommand: &str) -> Option<CompileFunction>;

    /// The number of the built-in math function `name`, unless a command of a namespace overrides it.
    fn math_function(&self, name: &str) -> Option<u16>;
}

/// Where the result of a command or expression goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Destination {
    /// Nowhere.
    Discard,
    /// Into the next free temporary, which is then taken.
    Push,
    /// Into this register, a local variable or a temporary below the free ones.
    Into(Register),
}

/// Where an operand is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// A local variable's register, to be read when the instruction runs.
    Local(Register),
    /// A temporary, which the instruction may use up.
    Temporary(Register),
    /// A constant.
    Constant(u16),
}

impl Source {
    /// The operand of an instruction that takes constants too, with `flag` when it is one.
    pub fn flexible(self, flag: u8) -> (u16, u8) {
        match self {
            Source::Local(register) | Source::Temporary(register) => (register, 0),
            Source::Constant(constant) => (constant, flag),
        }
    }
}

/// What is compiled, and how.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The parameters of a procedure, which become the first local variables; None for a script, whose
    /// variables are looked up by name.
    pub parameters: Option<&'a [Box<str>]>,
    /// Whether commands become instructions where they can.
    pub inlines: bool,
    /// Whether the script is one that tclsh evaluates without compiling: see [`Code::is_top_level`].
    pub is_top_level: bool,
    /// Whether inlined commands count themselves for `info cmdcount` and limits; a unit that asks for the count does in
    /// any case.
    pub counts: bool,
    /// Line number of the first line.
    pub first_line: u32,
}

/// What `break` and `continue` mean at a place of the code.
enum Scope {
    /// In an inlined loop: jumps.
    Loop { on_break: Label, on_continue: Label },
    /// In the command between two turns of an inlined `for`: `break` jumps, `continue` is an exception.
    Next { on_break: Label },
    /// In an inlined `catch`: exceptions.
    Catch,
}

/// Compiles one unit.
pub struct Compiler<'a> {
    /// The source that all spans refer to.
    pub source: &'a str,
    /// The instructions so far.
    pub builder: Builder,
    lookup: &'a dyn Lookup,
    options: Options<'a>,
    scopes: Vec<Scope>,
    nesting: u32,
    /// Whether inlined commands look whether what they inlined still holds.
    is_guarded: bool,
    /// Whether a command of the unit asks how many commands have been called.
    asks_for_count: bool,
}

/// How deep bodies may nest in one unit; deeper ones are compiled on their own when they run.
const BODY_NESTING_MAX: u32 = 60;

/// Compiles `source`.
pub fn compile(source: &str, lookup: &dyn Lookup, options: Options<'_>) -> Code {
    let script = syntax::parse_script(source, Span::whole(source));
    for long_branches in [false, true] {
        let mut compiler = Compiler::new(source, lookup, options, long_branches);
        for name in options.parameters.unwrap_or_default() {
            compiler.builder.parameter(name);
        }
        compiler.body(&script);
        if compiler.asks_for_count && !options.counts {
            let counts = true;
            return compile(source, lookup, Options { counts, ..options });
        }
        if let Some(code) =
            compiler
                .builder
                .finish(source, options.first_line, options.is_top_level)
        {
            return code;
        }
    }
    let mut builder = Builder::new(true);
    let message = builder.constant(Value::text(
        "script is too large to compile: split it into procedures",
    ));
    builder.emit(Op::Raise, 0, message, 0, 0);
    builder
        .finish("", 1, false)
        .unwrap_or_else(Builder::empty_code)
}

/// Compiles the expression `source` as a unit that returns its value.
///
/// * `inlines`, `counts`: as in [`Options`].
pub fn compile_expression(source: &str, lookup: &dyn Lookup, inlines: bool, counts: bool) -> Code {
    let options = Options {
        parameters: None,
        inlines,
        is_top_level: false,
        counts,
        first_line: 1,
    };
    for long_branches in [false, true] {
        let mut compiler = Compiler::new(source, lookup, options, long_branches);
        compiler.expression_text(Span::whole(source), Destination::Push);
        if compiler.asks_for_count && !counts {
            return compile_expression(source, lookup, inlines, true);
        }
        let result = compiler.builder.temporary(0);
        compiler.builder.emit(Op::ReturnTake, 0, result, 0, 0);
        if let Some(code) = compiler.builder.finish(source, 1, false) {
            return code;
        }
    }
    Builder::empty_code()
}

/// Compiles `parts`, as `subst` or a word has them, as a unit that returns their concatenation.
pub fn compile_parts(source: &str, parts: &[Part], lookup: &dyn Lookup, counts: bool) -> Code {
    let options = Options {
        parameters: None,
        inlines: true,
        is_top_level: false,
        counts,
        first_line: 1,
    };
    let mut compiler = Compiler::new(source, lookup, options, false);
    let result = compiler.push_parts(parts);
    if compiler.asks_for_count && !counts {
        return compile_parts(source, parts, lookup, true);
    }
    compiler.builder.emit(Op::ReturnTake, 0, result, 0, 0);
    compiler
        .builder
        .finish(source, 1, false)
        .unwrap_or_else(Builder::empty_code)
}

impl<'a> Compiler<'a> {
    fn new(
        source: &'a str,
        lookup: &'a dyn Lookup,
        options: Options<'a>,
        long_branches: bool,
    ) -> Compiler<'a> {
        Compiler {
            source,
            builder: Builder::new(long_branches),
            lookup,
            options,
            scopes: Vec::new(),
            nesting: 0,
            is_guarded: options.parameters.is_none() || redefines_commands(source),
            asks_for_count: false,
        }
    }

    /// The body of the unit: its commands, and the return of the last one's result.
    fn body(&mut self, script: &Script) {
        self.script(script, Destination::Push);
        let result = self.builder.temporary(0);
        self.builder.emit(Op::ReturnTake, 0, result, 0, 0);
    }

    /// Whether local variables are registers: in a procedure.
    pub fn has_locals(&self) -> bool {
        self.options.parameters.is_some()
    }

    /// The commands of a script; the last one's result goes to `destination`, or the empty string.
    pub fn script(&mut self, script: &Script, destination: Destination) {
        let last = script.commands.len().saturating_sub(1);
        for (number, command) in script.commands.iter().enumerate() {
            let is_last = number == last && script.error.is_none();
            self.command(
                command,
                if is_last {
                    destination
                } else {
                    Destination::Discard
                },
            );
        }
        if let Some(error) = &script.error {
            let range = self.builder.begin_command(error.span);
            self.raise(&error.message, error.error_code, "");
            self.builder.end_command(range);
            // The code after this never runs, but keeps the stack of temporaries as the caller expects.
            self.constant_into(Value::EMPTY, destination);
        } else if script.commands.is_empty() {
            self.constant_into(Value::EMPTY, destination);
        }
    }

    /// Raises a syntax error when it is reached.
    pub fn raise(&mut self, message: &str, error_code: &str, info: &str) {
        let parts = vec![
            Value::text(message),
            Value::text(error_code),
            Value::text(info),
        ];
        let constant = self.builder.constant(Value::list(parts));
        self.builder.emit(Op::Raise, 0, constant, 0, 0);
    }

    /// The body in braces of a control structure: inlined when the word is one verbatim piece of the source.
    pub fn body_script(&mut self, word: &Word) -> Option<Script> {
        match &word.kind {
            WordKind::Verbatim(span) if !word.expand && self.nesting < BODY_NESTING_MAX => {
                Some(syntax::parse_script(self.source, *span))
            }
            _ => None,
        }
    }

    /// One command.
    pub fn command(&mut self, command: &Command, destination: Destination) {
        let range = self.builder.begin_command(command.span);
        let inlines = self.options.inlines && !self.options.is_top_level;
        if !(inlines && self.inline_guarded(command, destination)) {
            self.call(command, destination);
        }
        self.builder.end_command(range);
    }

    /// Tries the compile function of the command. In a script, which may redefine commands while it runs, its
    /// instructions are guarded; a procedure's are compiled again for the next call, unless it redefines commands itself.
    fn inline_guarded(&mut self, command: &Command, destination: Destination) -> bool {
        let is_local =
            matches!(destination, Destination::Into(register) if register < TEMPORARY_BASE);
        if is_local || !self.is_guarded {
            return self.inline(command, destination);
        }
        let mark = self.builder.mark();
        let register = match destination {
            Destination::Discard => self.builder.scratch(),
            Destination::Push => self.builder.scratch(),
            Destination::Into(register) => register,
        };
        let end = self.builder.label();
        let at = self.builder.position();
        self.builder.jump(Op::Start, register, end);
        self.builder
            .set_flag(at, u8::from(destination == Destination::Discard));
        if !self.inline(command, destination) {
            self.builder.take_back(mark);
            return false;
        }
        self.builder.bind(end);
        true
    }

    /// Tries the compile function of the command.
    fn inline(&mut self, command: &Command, destination: Destination) -> bool {
        let Some(word) = command.words.first() else {
            return false;
        };
        let Some(name) = word.constant(self.source) else {
            return false;
        };
        if command.words.iter().any(|word| word.expand) {
            return false;
        }
        let function = match self.lookup.compile_function(name) {
            Some(function) => Some(function),
            None => command
                .words
                .get(1)
                .and_then(|word| word.constant(self.source))
                .and_then(|subcommand| self.lookup.compile_subcommand(name, subcommand)),
        };
        let Some(function) = function else {
            return false;
        };
        if self.nesting >= BODY_NESTING_MAX {
            return false;
        }
        let mark = self.builder.mark();
        let scope_count = self.scopes.len();
        self.nesting += 1;
        // What runs the unit has counted its first command.
        if self.options.counts && self.builder.has_begun() {
            self.builder.emit(Op::Count, 0, 0, 0, 0);
        }
        let done = function(self, command, destination);
        self.nesting -= 1;
        if !done {
            self.scopes.truncate(scope_count);
            self.builder.take_back(mark);
        }
        done
    }

    /// A call of the command, looked up when it runs.
    pub fn call(&mut self, command: &Command, destination: Destination) {
        if command.words.iter().any(|word| word.expand) {
            return self.call_expanded(command, destination);
        }
        let base = self.builder.top();
        for word in &command.words {
            self.push_word(word);
        }
        let is_constant = |at: usize| {
            let word = command.words.get(at);
            word.is_some_and(|word| word.constant(self.source).is_some())
        };
        let flags = match (is_constant(0), is_constant(1)) {
            (true, true) => SUBCOMMAND_IS_CONSTANT,
            (true, false) => 0,
            (false, _) => NAME_VARIES,
        };
        self.invoke(base, command.words.len(), flags, destination);
    }

    /// Calls the command whose `count` words are in the temporaries from `base` on; the flags say which of them vary.
    pub fn invoke(&mut self, base: Register, count: usize, flags: u8, destination: Destination) {
        let site = self.builder.call_site();
        let flags = flags | u8::from(destination == Destination::Discard);
        self.builder.emit(
            Op::Invoke,
            flags,
            base,
            count.min(usize::from(u16::MAX)) as u16,
            site,
        );
        if count > usize::from(u16::MAX) {
            self.builder.overflow();
        }
        self.builder.release(base);
        self.deliver(base, destination);
    }

    fn call_expanded(&mut self, command: &Command, destination: Destination) {
        let list = self.builder.push();
        self.builder.emit(Op::ListOf, 0, list, list, 0);
        for word in &command.words {
            let value = self.push_word_unexpanded(word);
            let op = if word.expand {
                Op::ListExtend
            } else {
                Op::ListPush
            };
            self.builder.emit(op, 0, list, value, 0);
            self.builder.release(value);
        }
        let discards = u8::from(destination == Destination::Discard);
        let site = self.builder.call_site();
        self.builder
            .emit(Op::InvokeList, discards, list, list, site);
        self.builder.release(list);
        self.deliver(list, destination);
    }

    /// Brings a result that is in the free temporary `register` to where it shall go.
    pub fn deliver(&mut self, register: Register, destination: Destination) {
        match destination {
            Destination::Discard => {}
            Destination::Push => {
                let pushed = self.builder.push();
                if pushed != register {
                    self.builder.emit(Op::Take, 0, pushed, register, 0);
                }
            }
            Destination::Into(target) if target == register => {}
            Destination::Into(target) => self.builder.emit(Op::Take, 0, target, register, 0),
        }
    }

    /// The register that an instruction's result goes to; the temporaries of its operands must be released.
    pub fn target(&mut self, destination: Destination) -> Register {
        match destination {
            Destination::Discard => self.builder.scratch(),
            Destination::Push => self.builder.push(),
            Destination::Into(register) => register,
        }
    }

    /// A constant as the result.
    pub fn constant_into(&mut self, value: Value, destination: Destination) {
        if destination == Destination::Discard {
            return;
        }
        let target = self.target(destination);
        self.emit_constant(target, value);
    }

    fn emit_constant(&mut self, target: Register, value: Value) {
        if let Some(small) = value.as_immediate() {
            self.builder.emit(Op::Integer, 0, target, small as u16, 0);
        } else {
            let constant = self.builder.constant(value);
            self.builder.emit(Op::Constant, 0, target, constant, 0);
        }
    }

    /// The value of a word in the next temporary.
    pub fn push_word(&mut self, word: &Word) -> Register {
        self.push_word_unexpanded(word)
    }

    fn push_word_unexpanded(&mut self, word: &Word) -> Register {
        match &word.kind {
            WordKind::Parts(parts) => self.push_parts(parts),
            _ => {
                let value = self.word_constant(word);
                let target = self.builder.push();
                self.emit_constant(target, value);
                target
            }
        }
    }

    /// The value of a word that no substitution can change.
    fn word_constant(&self, word: &Word) -> Value {
        let text = word.constant(self.source).unwrap_or("");
        constant_value(text, word.quoting == Quoting::Braced)
    }

    /// The concatenation of parts in the next temporary.
    pub fn push_parts(&mut self, parts: &[Part]) -> Register {
        if let [part] = parts {
            return self.push_part(part);
        }
        let base = self.builder.top();
        for part in parts {
            self.push_part(part);
        }
        self.builder.release(base);
        let target = self.builder.push();
        self.builder.emit(
            Op::Concat,
            0,
            target,
            base,
            parts.len().min(usize::from(u16::MAX)) as u16,
        );
        if parts.len() > usize::from(u16::MAX) {
            self.builder.overflow();
        }
        target
    }

    fn push_part(&mut self, part: &Part) -> Register {
        match part {
            Part::Text(span) => {
                let target = self.builder.push();
                self.emit_constant(target, Value::text(span.text(self.source)));
                target
            }
            Part::Owned(text) => {
                let target = self.builder.push();
                self.emit_constant(target, Value::text(text));
                target
            }
            Part::Variable(variable) => self.push_variable(variable),
            Part::Command(script, _) => {
                let target = self.builder.top();
                self.script(script, Destination::Push);
                target
            }
        }
    }

    /// A word as an operand: a local variable or a constant stays where it is.
    pub fn operand(&mut self, word: &Word) -> Source {
        if let WordKind::Parts(parts) = &word.kind
            && let [Part::Variable(variable)] = parts.as_slice()
            && let Some(register) = self.scalar_local(variable)
        {
            return Source::Local(register);
        }
        if word.constant(self.source).is_some() {
            let value = self.word_constant(word);
            return Source::Constant(self.builder.constant(value));
        }
        Source::Temporary(self.push_word(word))
    }

    /// Like [`Compiler::operand`], for an operand that is read only after `later` words have been evaluated.
    pub fn operand_before(&mut self, word: &Word, later: &[Word]) -> Source {
        if later.iter().any(may_run_scripts) {
            self.settled_operand(word)
        } else {
            self.operand(word)
        }
    }

    fn settled_operand(&mut self, word: &Word) -> Source {
        match self.operand(word) {
            Source::Local(register) => {
                let target = self.builder.push();
                self.builder.emit(Op::Load, 0, target, register, 0);
                Source::Temporary(target)
            }
            source => source,
        }
    }

    /// The register of an operand; constants are loaded.
    pub fn in_register(&mut self, source: Source) -> Register {
        match source {
            Source::Local(register) | Source::Temporary(register) => register,
            Source::Constant(constant) => {
                let target = self.builder.push();
                self.builder.emit(Op::Constant, 0, target, constant, 0);
                target
            }
        }
    }

    /// Compiles a body as part of a loop: `break` and `continue` in it become jumps, and exceptions of those
    /// codes that reach it go to the same places.
    pub fn loop_body(
        &mut self,
        on_break: Label,
        on_continue: Label,
        body: impl FnOnce(&mut Compiler<'a>),
    ) {
        let start = self.builder.position();
        self.scopes.push(Scope::Loop {
            on_break,
            on_continue,
        });
        body(self);
        self.scopes.pop();
        self.builder
            .loop_handler(start, on_break, Some(on_continue));
    }

    /// Compiles the command between two turns of a `for`, in which only `break` belongs to the loop.
    pub fn next_clause(&mut self, on_break: Label, body: impl FnOnce(&mut Compiler<'a>)) {
        let start = self.builder.position();
        self.scopes.push(Scope::Next { on_break });
        body(self);
        self.scopes.pop();
        self.builder.loop_handler(start, on_break, None);
    }

    /// Compiles a body as the one of a `catch`, whose exceptions go to `target` with their result in `result`
    /// and the two temporaries after it.
    pub fn catch_body(
        &mut self,
        target: Label,
        result: Register,
        wants_options: bool,
        body: impl FnOnce(&mut Compiler<'a>),
    ) {
        let start = self.builder.position();
        self.scopes.push(Scope::Catch);
        body(self);
        self.scopes.pop();
        self.builder
            .catch_handler(start, target, result, wants_options);
    }

    /// `break` at this place.
    pub fn break_here(&mut self) {
        match self.scopes.last() {
            Some(Scope::Loop { on_break, .. } | Scope::Next { on_break }) => {
                let label = *on_break;
                self.builder.jump(Op::Jump, NO_REGISTER, label);
            }
            _ => self.builder.emit(Op::BreakLoop, 0, 0, 0, 0),
        }
    }

    /// `continue` at this place.
    pub fn continue_here(&mut self) {
        match self.scopes.last() {
            Some(Scope::Loop { on_continue, .. }) => {
                let label = *on_continue;
                self.builder.jump(Op::Jump, NO_REGISTER, label);
            }
            _ => self.builder.emit(Op::ContinueLoop, 0, 0, 0, 0),
        }
    }

    /// Whether no inlined `catch` encloses this place, so that `return` may leave the unit directly.
    pub fn can_return(&self) -> bool {
        self.has_locals()
            && !self
                .scopes
                .iter()
                .any(|scope| matches!(scope, Scope::Catch))
    }

    /// Notes that a command of the unit asks how many commands have been called: its inlined ones shall count.
    pub fn ask_for_count(&mut self) {
        self.asks_for_count = true;
    }

    /// The number of the built-in math function, unless it is overridden.
    pub fn math_function(&self, name: &str) -> Option<u16> {
        if self.options.inlines {
            self.lookup.math_function(name)
        } else {
            None
        }
    }
}

/// Whether a body may redefine commands, by its words.
fn redefines_commands(source: &str) -> bool {
    ["proc ", "rename ", "interp "]
        .iter()
        .any(|name| source.contains(name))
}

/// The value of a constant word: a number where its spelling is the one that the number prints, and otherwise
/// a string, which can keep an internal rep when it may be used as a script or a list.
pub fn constant_value(text: &str, is_braced: bool) -> Value {
    if let Some(number) = canonical_decimal(text) {
        return Value::int(number);
    }
    if text.starts_with(|first: char| first.is_ascii_digit() || first == '-')
        && let Some(crate::text::number::Number::Double(number)) = parse_number(text)
        && format_double(number) == text
        && precision() == 0
    {
        return Value::double(number);
    }
    if is_braced || text.contains([' ', '\n', '\t']) {
        Value::literal(text)
    } else {
        Value::text(text)
    }
}

/// Whether evaluating the word may run scripts, which may change variables.
pub fn may_run_scripts(word: &Word) -> bool {
    match &word.kind {
        WordKind::Parts(parts) => parts.iter().any(part_may_run_scripts),
        _ => false,
    }
}

fn part_may_run_scripts(part: &Part) -> bool {
    match part {
        Part::Command(..) => true,
        Part::Variable(variable) => variable
            .index
            .as_ref()
            .is_some_and(|parts| parts.iter().any(part_may_run_scripts)),
        _ => false,
    }
}

impl Value {
    /// The value as the operand of an instruction, if it is a small integer.
    fn as_immediate(&self) -> Option<i16> {
        match self.0 {
            crate::value::Repr::Int(number) => i16::try_from(number).ok(),
            _ => None,
        }
    }
}
