//! `string is`.

use crate::commands::option;
use crate::runtime::{CommandResult, Exception, Interp, Outcome, done};
use crate::syntax::element_count;
use crate::text::chars::{Class, first_outside};
use crate::text::number::{integer_prefix, is_space, number_prefix, parse_boolean};
use crate::value::{Number, Repr, Value};

/// What a string can be tested for, in tclsh's order.
const CLASSES: [(&str, Test); 21] = [
    ("alnum", Test::Chars(Class::Alnum)),
    ("alpha", Test::Chars(Class::Alpha)),
    ("ascii", Test::Chars(Class::Ascii)),
    ("control", Test::Chars(Class::Control)),
    ("boolean", Test::Boolean(None)),
    ("digit", Test::Chars(Class::Digit)),
    ("double", Test::Double),
    ("entier", Test::Integer(Bits::Any)),
    ("false", Test::Boolean(Some(false))),
    ("graph", Test::Chars(Class::Graph)),
    ("integer", Test::Integer(Bits::Int)),
    ("list", Test::List),
    ("lower", Test::Chars(Class::Lower)),
    ("print", Test::Chars(Class::Print)),
    ("punct", Test::Chars(Class::Punct)),
    ("space", Test::Chars(Class::Space)),
    ("true", Test::Boolean(Some(true))),
    ("upper", Test::Chars(Class::Upper)),
    ("wideinteger", Test::Integer(Bits::Wide)),
    ("wordchar", Test::Chars(Class::Wordchar)),
    ("xdigit", Test::Chars(Class::Xdigit)),
];

#[derive(Clone, Copy)]
enum Test {
    /// All chars are of the class.
    Chars(Class),
    /// A truth value; this one if given.
    Boolean(Option<bool>),
    Double,
    Integer(Bits),
    List,
}

/// How large an integer may be.
#[derive(Clone, Copy)]
enum Bits {
    /// 32, of either sign.
    Int,
    /// 64, of either sign.
    Wide,
    Any,
}

/// Where and why a test failed: the position for `-failindex`, −1 for an integer that is too large.
type Failure = i64;

/// `string is` without a variable.
pub(super) fn is_plain(words: &[Value]) -> Outcome {
    let (class, test, options, value) = parts(words)?;
    let (is_strict, _) = read_options(class, options)?;
    Ok(Value::boolean(outcome(test, value, is_strict).is_none()))
}

pub(super) fn is(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let (class, test, options, value) = parts(words.get(1..).unwrap_or_default())?;
    let (is_strict, variable) = read_options(class, options)?;
    let failure = outcome(test, value, is_strict);
    if let (Some(position), Some(name)) = (failure, variable) {
        interp.variable_set(name, Value::int(position))?;
    }
    done(failure.is_none())
}

/// Class, test, options and value.
fn parts(words: &[Value]) -> Result<(&'static str, Test, &[Value], &Value), Box<Exception>> {
    let [class, options @ .., value] = words else {
        return Err(Exception::wrong_args(
            "string is class ?-strict? ?-failindex var? str",
        ));
    };
    let (class, test) = class_of(class)?;
    Ok((class, test, options, value))
}

/// Whether the empty string is of no class, and the variable for the position.
fn read_options<'w>(
    class: &str,
    options: &'w [Value],
) -> Result<(bool, Option<&'w Value>), Box<Exception>> {
    let mut is_strict = false;
    let mut variable = None;
    let mut options = options.iter();
    while let Some(word) = options.next() {
        match option(word, &["-strict", "-failindex"], "option")? {
            0 => is_strict = true,
            _ => variable = Some(options.next().ok_or_else(|| usage(class))?),
        }
    }
    Ok((is_strict, variable))
}

fn outcome(test: Test, value: &Value, is_strict: bool) -> Option<Failure> {
    match test {
        // The empty list is a list however strict one is.
        Test::List => list_failure(value),
        _ if value.is_empty() => is_strict.then_some(0),
        _ => failure(test, value),
    }
}

fn usage(class: &str) -> Box<Exception> {
    Exception::wrong_args(&format!("string is {class} ?-strict? ?-failindex var? str"))
}

/// The class that a word names or begins to name.
fn class_of(word: &Value) -> Result<(&'static str, Test), Box<Exception>> {
    let text = word.str();
    if let Some(class) = CLASSES.iter().find(|(name, _)| *name == &*text) {
        return Ok(*class);
    }
    let names = CLASSES.map(|(name, _)| name);
    let number = option(word, &names, "class")?;
    CLASSES
        .get(number)
        .copied()
        .ok_or_else(|| Exception::bad_index("bad", "class", &text, &names))
}

/// What is wrong with a value that is not empty, if anything is.
fn failure(test: Test, value: &Value) -> Option<Failure> {
    match test {
        Test::Chars(class) => first_outside(&value.str(), class).map(|position| position as i64),
        Test::Boolean(wanted) => match truth(value) {
            Some(truth) if wanted.is_none_or(|wanted| wanted == truth) => None,
            _ => Some(0),
        },
        Test::Double => match value.0 {
            Repr::Int(_) | Repr::Double(_) | Repr::Big(_) => None,
            _ => number_failure(&value.str(), true),
        },
        Test::Integer(bits) => integer_failure(value, bits),
        Test::List => list_failure(value),
    }
}

/// The truth that a value is as a boolean: of the numbers only 0 and 1 are.
fn truth(value: &Value) -> Option<bool> {
    match &*value.str() {
        "0" => Some(false),
        "1" => Some(true),
        text => parse_boolean(text),
    }
}

fn integer_failure(value: &Value, bits: Bits) -> Option<Failure> {
    let is_too_large = match value.number() {
        Some(Number::Int(number)) => {
            matches!(bits, Bits::Int) && number.unsigned_abs() > u64::from(u32::MAX)
        }
        Some(Number::Big(number)) => match bits {
            Bits::Int => true,
            Bits::Wide => u64::try_from(number.magnitude()).is_err(),
            Bits::Any => false,
        },
        Some(Number::Double(_)) | None => return number_failure(&value.str(), false),
    };
    is_too_large.then_some(-1)
}

/// The position where `text` stops being a number, or an integer.
fn number_failure(text: &str, is_double: bool) -> Option<Failure> {
    let is_space = |character: char| character.is_ascii() && is_space(character as u8);
    let number = text.trim_start_matches(is_space);
    let prefix = if is_double {
        number_prefix(number)
    } else {
        integer_prefix(number)
    };
    let Some((_, end)) = prefix else {
        return Some(0);
    };
    let rest = number
        .get(end..)
        .unwrap_or_default()
        .trim_start_matches(is_space);
    // White space and numbers are ASCII.
    (!rest.is_empty()).then_some((text.len() - rest.len()) as i64)
}

/// The position of the element that keeps a value from being a list.
fn list_failure(value: &Value) -> Option<Failure> {
    if value.is_list() || value.is_dict() {
        return None;
    }
    let text = value.str();
    element_count(&text).err()?;
    Some(bad_element(&text) as i64)
}

/// The position in chars of the first element that is none.
fn bad_element(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        while bytes.get(at).is_some_and(|byte| is_space(*byte)) {
            at += 1;
        }
        match element_end(bytes, at) {
            Some(end) if end < bytes.len() => at = end,
            _ => return text.get(..at).unwrap_or_default().chars().count(),
        }
    }
}

/// Where the element that begins at `at` ends; None if it is none.
fn element_end(bytes: &[u8], at: usize) -> Option<usize> {
    let quote = *bytes.get(at)?;
    let is_bare = !matches!(quote, b'{' | b'"');
    let mut depth = 1;
    let mut at = if is_bare { at } else { at + 1 };
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'{' if quote == b'{' => depth += 1,
            b'}' if quote == b'{' => depth -= 1,
            b'"' if quote == b'"' => depth = 0,
            byte if is_bare && is_space(*byte) => return Some(at),
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return bytes
                .get(at)
                .is_none_or(|byte| is_space(*byte))
                .then_some(at);
        }
    }
    is_bare.then_some(bytes.len())
}
