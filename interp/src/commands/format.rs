//! `format` and `scan`: the engines are [`crate::text::format`] and [`crate::text::scan`].

use std::borrow::Cow;
use std::rc::Rc;

use super::string::coded;
use crate::bytecode::Op;
use crate::compile::{Compiler, Destination};
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, done, done_empty};
use crate::syntax::Command;
use crate::text::format::{self, FormatArgs, Prepared};
use crate::text::number;
use crate::text::scan::{ScanFormat, Scanned};
use crate::value::{Number, Repr, Value};

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new("format", "formatString ?arg ...?", 1, ANY, format).compiled(compile_format),
    Builtin::new("scan", "string format ?varName ...?", 2, ANY, scan),
];

/// Values as the arguments of a format.
struct Arguments<'a>(&'a [Value]);

impl FormatArgs for Arguments<'_> {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn text(&mut self, index: usize) -> Cow<'_, str> {
        let Some(value) = self.0.get(index) else {
            return Cow::Borrowed("");
        };
        match &value.0 {
            Repr::Short(short) => Cow::Borrowed(short.as_str()),
            Repr::String(object) => Cow::Borrowed(object.as_str()),
            Repr::List(object) => Cow::Borrowed(object.as_str()),
            Repr::Dict(object) => Cow::Borrowed(object.as_str()),
            Repr::Bytes(object) => Cow::Borrowed(object.as_str()),
            _ => Cow::Owned(value.to_text()),
        }
    }

    fn number(&mut self, index: usize) -> Option<number::Number> {
        Some(match self.0.get(index)?.number()? {
            Number::Int(number) => number::Number::Int(number),
            Number::Big(number) => number::Number::Big((*number).clone()),
            Number::Double(number) => number::Number::Double(number),
        })
    }

    fn push_text(&mut self, index: usize, out: &mut String) {
        if let Some(value) = self.0.get(index) {
            out.push_str(&value.str());
        }
    }
}

fn format(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let mut arguments = Arguments(words.get(2..).unwrap_or_default());
    let formatted = match prepared(&words[1]) {
        Some(prepared) => prepared.format(&mut arguments),
        None => format::format(&words[1].str(), &mut arguments),
    };
    match formatted {
        Ok(text) => done(text),
        Err(error) => Err(coded(&error.message(), error.code())),
    }
}

/// A format taken apart and kept on its value.
fn prepared(spec: &Value) -> Option<Rc<Prepared>> {
    if let Some(kept) = spec.cached::<Prepared>() {
        return Some(kept);
    }
    let Repr::String(object) = &spec.0 else {
        return None;
    };
    let prepared = Rc::new(Prepared::new(object.as_str())?);
    spec.set_cached(&prepared);
    Some(prepared)
}

/// A constant format of nothing but `%s` and `%%`, each `%s` with its argument, is a concatenation.
fn compile_format(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    let source = compiler.source;
    let [_, spec, arguments @ ..] = command.words.as_slice() else {
        return false;
    };
    let Some(pieces) = spec.constant(source).and_then(plain_pieces) else {
        return false;
    };
    if pieces.len() != arguments.len() + 1 {
        return false;
    }
    let base = compiler.builder.top();
    let mut count: u16 = 0;
    for (number, piece) in pieces.iter().enumerate() {
        if !piece.is_empty() || pieces.len() == 1 {
            compiler.constant_into(Value::text(piece), Destination::Push);
            count = count.saturating_add(1);
        }
        if let Some(argument) = arguments.get(number) {
            compiler.push_word(argument);
            count = count.saturating_add(1);
        }
    }
    if count == u16::MAX {
        return false;
    }
    compiler.builder.release(base);
    let target = compiler.target(destination);
    compiler.builder.emit(Op::Concat, 0, target, base, count);
    true
}

/// The literal texts before, between and after the `%s` of a format that has no other conversion.
fn plain_pieces(spec: &str) -> Option<Vec<String>> {
    let mut pieces = vec![String::new()];
    let mut chars = spec.chars();
    while let Some(character) = chars.next() {
        let literal = match character {
            '%' => match chars.next()? {
                '%' => '%',
                's' => {
                    pieces.push(String::new());
                    continue;
                }
                _ => return None,
            },
            other => other,
        };
        pieces.last_mut()?.push(literal);
    }
    Some(pieces)
}

fn scan(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, text, spec, variables @ ..] = words else {
        return Err(Exception::wrong_args("scan string format ?varName ...?"));
    };
    let text = text.str();
    let kept = spec.cached::<ScanFormat>();
    let kept = kept.filter(|format| format.variables == variables.len());
    let format = match kept {
        Some(format) => format,
        None => match ScanFormat::new(&spec.str(), variables.len()) {
            Ok(format) => {
                let format = Rc::new(format);
                spec.set_cached(&format);
                format
            }
            Err(error) => return Err(coded(&error.message(), error.code())),
        },
    };
    let found = format.scan(&text);
    if variables.is_empty() {
        if found.at_end {
            return done_empty();
        }
        let values = found
            .values
            .into_iter()
            .map(|value| value.map_or(Value::EMPTY, value_of));
        return done(values.collect::<Vec<Value>>());
    }
    let count = if found.at_end {
        Value::int(-1)
    } else {
        Value::from(found.found())
    };
    let mut failure = None;
    for (name, value) in variables.iter().zip(found.values) {
        if let Some(value) = value
            && let Err(exception) = interp.variable_set(name, value_of(value))
        {
            // The others are set all the same, and the first error is the one to report.
            failure.get_or_insert(exception);
        }
    }
    match failure {
        Some(exception) => Err(exception),
        None => done(count),
    }
}

fn value_of(found: Scanned<'_>) -> Value {
    match found {
        Scanned::Text(text) => Value::text(text),
        Scanned::Number(number::Number::Int(number)) => Value::int(number),
        Scanned::Number(number::Number::Big(number)) => Value::big(number),
        Scanned::Number(number::Number::Double(number)) => Value::double(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_of_strings_only_are_concatenations() {
        assert_eq!(
            plain_pieces("a%sb%%%s"),
            Some(vec!["a".into(), "b%".into(), String::new()])
        );
        assert_eq!(plain_pieces("%d"), None);
        assert_eq!(plain_pieces("%"), None);
        assert_eq!(plain_pieces("x"), Some(vec!["x".into()]));
    }
}
