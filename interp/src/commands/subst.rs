//! `subst`.
//!
//! A text is taken apart once into a [`Form`], which its value keeps. Its pieces are then performed in order; those that
//! run scripts are units of their own, whose frames are pushed, since each may end with `break`, `continue` or `return`.

use std::cell::RefCell;
use std::rc::Rc;

use super::option;
use super::string::coded;
use crate::bytecode::Op;
use crate::compile::{Compiler, Destination};
use crate::limits::STRING_BYTES_MAX;
use crate::runtime::frame::End;
use crate::runtime::unit::Unit;
use crate::runtime::{
    ANY, Builtin, CommandResult, Exception, Interp, Next, Outcome, Resume, code, done,
};
use crate::syntax::{
    Command, Part, Span, SubstFlags, SyntaxError, Variable, WordKind, parse_subst,
};
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[Builtin::new(
    "subst",
    "?-nobackslashes? ?-nocommands? ?-novariables? string",
    1,
    ANY,
    subst,
)
.compiled(compile_subst)];

const OPTIONS: [&str; 3] = ["-nobackslashes", "-nocommands", "-novariables"];

/// A text taken apart.
struct Form {
    flags: SubstFlags,
    pieces: Vec<Piece>,
    /// What is wrong after the pieces.
    error: Option<SyntaxError>,
    /// Whether the text is a constant of compiled code: errorInfo then does not quote the `subst` around a command that
    /// failed in it.
    is_constant: bool,
}

enum Piece {
    /// Text as it is.
    Text(Box<str>),
    /// The value of the variable of this name.
    Variable(Value),
    /// The value of an element of an array.
    Element(Value, Value),
    /// What a unit makes of this part; the unit is compiled when first needed.
    Unit(Part, RefCell<Option<Rc<Unit>>>),
}

impl Form {
    /// The form that the value keeps, or a new one.
    fn of(source: &Value, flags: SubstFlags) -> Rc<Form> {
        if let Some(form) = source.cached::<Form>()
            && form.flags == flags
        {
            return form;
        }
        let form = Rc::new(Form::new(&source.str(), flags, false));
        source.set_cached(&form);
        form
    }

    fn new(text: &str, flags: SubstFlags, is_constant: bool) -> Form {
        let (parts, error) = parse_subst(text, flags);
        let pieces = parts.into_iter().map(|part| piece(part, text)).collect();
        Form {
            flags,
            pieces,
            error,
            is_constant,
        }
    }
}

fn piece(part: Part, text: &str) -> Piece {
    let unit = |part| Piece::Unit(part, RefCell::new(None));
    match part {
        Part::Text(span) => Piece::Text(span.text(text).into()),
        Part::Owned(text) => Piece::Text(text),
        Part::Command(..) => unit(part),
        Part::Variable(ref variable) => {
            let name = Value::text(variable.name.text(text));
            match variable.index.as_deref() {
                None => Piece::Variable(name),
                Some([]) => Piece::Element(name, Value::EMPTY),
                Some([Part::Text(key)]) => Piece::Element(name, Value::text(key.text(text))),
                Some(_) => unit(part),
            }
        }
    }
}

fn subst(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, options @ .., source] = words else {
        return Err(Exception::wrong_args(
            "subst ?-nobackslashes? ?-nocommands? ?-novariables? string",
        ));
    };
    let mut flags = SubstFlags::ALL;
    for word in options {
        clear_flag(&mut flags, option(word, &OPTIONS, "option")?);
    }
    let form = Form::of(source, flags);
    let state = Subst {
        form,
        source: source.clone(),
        at: 0,
        out: String::new(),
    };
    Box::new(state).go_on(interp)
}

fn clear_flag(flags: &mut SubstFlags, option: usize) {
    match option {
        0 => flags.backslashes = false,
        1 => flags.commands = false,
        _ => flags.variables = false,
    }
}

/// A `subst` that runs.
struct Subst {
    form: Rc<Form>,
    source: Value,
    /// The next piece.
    at: usize,
    out: String,
}

impl Subst {
    fn go_on(mut self: Box<Self>, interp: &mut Interp) -> CommandResult {
        let form = self.form.clone();
        while let Some(piece) = form.pieces.get(self.at) {
            self.at += 1;
            match piece {
                Piece::Text(text) => self.push(text)?,
                Piece::Variable(name) => self.push_value(&interp.variable_get(name)?)?,
                Piece::Element(array, key) => self.push_value(&interp.element_get(array, key)?)?,
                Piece::Unit(part, unit) => {
                    let unit = self.unit(interp, part, unit);
                    let call = interp.current_call() as u32;
                    interp.check_depth()?;
                    interp.push_native(self);
                    interp.push_unit(unit, call, End::Plain);
                    return Ok(Next::Running);
                }
            }
        }
        match &form.error {
            Some(error) => Err(raised(error)),
            None => done(self.out),
        }
    }

    fn unit(&self, interp: &mut Interp, part: &Part, kept: &RefCell<Option<Rc<Unit>>>) -> Rc<Unit> {
        let namespace = interp.current_namespace();
        if let Some(unit) = &*kept.borrow()
            && interp.is_fresh(unit, &namespace)
        {
            return unit.clone();
        }
        let unit = interp.compile_parts(&self.source.str(), std::slice::from_ref(part));
        *kept.borrow_mut() = Some(unit.clone());
        unit
    }

    fn push_value(&mut self, value: &Value) -> Result<(), Box<Exception>> {
        self.push(&value.str())
    }

    fn push(&mut self, text: &str) -> Result<(), Box<Exception>> {
        if text.len() > STRING_BYTES_MAX.saturating_sub(self.out.len()) {
            return Err(Exception::too_large("the text", STRING_BYTES_MAX));
        }
        self.out.push_str(text);
        Ok(())
    }
}

impl Resume for Subst {
    fn resume(mut self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        match outcome {
            Ok(value) => self.push_value(&value)?,
            Err(exception) if exception.tailcall.is_some() => return Err(exception),
            Err(mut exception) => match exception.code {
                code::ERROR => {
                    exception.is_logged |= self.form.is_constant;
                    return Err(exception);
                }
                code::BREAK => return done(self.out),
                code::CONTINUE => {}
                _ => self.push_value(&exception.value)?,
            },
        }
        self.go_on(interp)
    }
}

/// The exception of a syntax error; tclsh's errorInfo goes on with "invoked from within".
fn raised(error: &SyntaxError) -> Box<Exception> {
    let mut exception = match error.error_code {
        "NONE" => Exception::error(&*error.message),
        words => coded(&error.message, &words.split(' ').collect::<Vec<_>>()),
    };
    exception.add_info("");
    exception
}

/// A constant text is taken apart once. Without scripts it is a concatenation.
fn compile_subst(compiler: &mut Compiler<'_>, command: &Command, destination: Destination) -> bool {
    let source = compiler.source;
    let [name, options @ .., text] = command.words.as_slice() else {
        return false;
    };
    let WordKind::Verbatim(span) = text.kind else {
        return false;
    };
    let mut flags = SubstFlags::ALL;
    for option in options {
        let Some(number) = option
            .constant(source)
            .and_then(|text| OPTIONS.iter().position(|name| *name == text))
        else {
            return false;
        };
        clear_flag(&mut flags, number);
    }
    let text = span.text(source);
    if !compile_parts(compiler, text, flags, span.start, destination) {
        let base = compiler.push_word(name);
        for option in options {
            compiler.push_word(option);
        }
        let constant = Value::literal(text);
        constant.set_cached(&Rc::new(Form::new(text, flags, true)));
        compiler.constant_into(constant, Destination::Push);
        compiler.invoke(base, options.len() + 2, 0, destination);
    }
    true
}

/// Compiles a text as a concatenation; false if it runs scripts or is not right.
fn compile_parts(
    compiler: &mut Compiler<'_>,
    text: &str,
    flags: SubstFlags,
    offset: u32,
    destination: Destination,
) -> bool {
    let (mut parts, error) = parse_subst(text, flags);
    if error.is_some()
        || parts.len() > usize::from(u8::MAX)
        || !parts.iter_mut().all(|part| moved(part, offset))
    {
        return false;
    }
    let base = compiler.builder.top();
    for part in &parts {
        compiler.push_parts(std::slice::from_ref(part));
    }
    compiler.builder.release(base);
    let target = compiler.target(destination);
    // A concatenation even of one, which makes the value a string.
    compiler
        .builder
        .emit(Op::Concat, 0, target, base, parts.len() as u16);
    true
}

/// Moves the part's spans, which count from the start of the text, to where the text is in the source. False if the part
/// runs a script.
fn moved(part: &mut Part, offset: u32) -> bool {
    let shift = |span: &mut Span| {
        span.start += offset;
        span.end += offset;
    };
    match part {
        Part::Text(span) => shift(span),
        Part::Owned(_) => {}
        Part::Command(..) => return false,
        Part::Variable(Variable { name, index, span }) => {
            shift(name);
            shift(span);
            // An index that nests another is rare enough to be left alone.
            return index.iter_mut().flatten().all(|part| match part {
                Part::Variable(Variable {
                    name,
                    index: None,
                    span,
                }) => {
                    shift(name);
                    shift(span);
                    true
                }
                Part::Text(span) => {
                    shift(span);
                    true
                }
                Part::Owned(_) => true,
                _ => false,
            });
        }
    }
    true
}
