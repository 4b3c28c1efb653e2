//! `regexp` and `regsub`; the engine is [`crate::text::regexp`].
//!
//! A compiled pattern is kept on the pattern's value, and in a cache of the interpreter for values that keep nothing. Other
//! commands that match use [`compiled`] and [`is_match`].

mod cache;
mod replace;

pub(crate) use cache::compiled;

use super::option_exact;
use crate::compile::{Compiler, Destination};
use crate::runtime::position::resolve;
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, done, done_empty};
use crate::syntax::{Command, Word};
use crate::text::regexp::{Flags, MatchError, Regexp};
use crate::value::string::byte_offset;
use crate::value::{Repr, Value};

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new(
        "regexp",
        "?-option ...? exp string ?matchVar? ?subMatchVar ...?",
        2,
        ANY,
        regexp,
    )
    .compiled(compile_regexp),
    Builtin::new(
        "regsub",
        "?-option ...? exp string subSpec ?varName?",
        3,
        ANY,
        replace::regsub,
    )
    .compiled(compile_regexp),
];

const OPTIONS: [&str; 11] = [
    "-all",
    "-about",
    "-indices",
    "-inline",
    "-expanded",
    "-line",
    "-linestop",
    "-lineanchor",
    "-nocase",
    "-start",
    "--",
];

/// The options of a `regexp` or `regsub`.
#[derive(Default)]
struct Options<'w> {
    flags: Flags,
    is_all: bool,
    is_about: bool,
    wants_indices: bool,
    is_inline: bool,
    start: Option<&'w Value>,
}

impl<'w> Options<'w> {
    /// The options at the start of `words`, which may have the names in `table`, and the words after them; None where
    /// `-start` lacks its value.
    fn read(
        words: &'w [Value],
        table: &[&str],
    ) -> Result<Option<(Options<'w>, &'w [Value])>, Box<Exception>> {
        let mut options = Options::default();
        let mut rest = words;
        while let [word, after @ ..] = rest {
            if !word.str().starts_with('-') {
                break;
            }
            rest = after;
            let number = option_exact(word, table, "option")?;
            match table.get(number).copied().unwrap_or_default() {
                "-all" => options.is_all = true,
                "-about" => options.is_about = true,
                "-indices" => options.wants_indices = true,
                "-inline" => options.is_inline = true,
                "-expanded" => options.flags.expanded = true,
                "-line" => (options.flags.line_stop, options.flags.line_anchor) = (true, true),
                "-linestop" => options.flags.line_stop = true,
                "-lineanchor" => options.flags.line_anchor = true,
                "-nocase" => options.flags.nocase = true,
                "-start" => {
                    let [start, after @ ..] = rest else {
                        return Ok(None);
                    };
                    resolve(start, 1)?;
                    options.start = Some(start);
                    rest = after;
                }
                _ => break,
            }
        }
        Ok(Some((options, rest)))
    }

    /// Where the search begins, in chars; may be past the end. `end` is the position after the last char.
    fn start(&self, text: &Value) -> Result<usize, Box<Exception>> {
        match self.start {
            None => Ok(0),
            Some(start) => Ok(usize::try_from(resolve(start, text.char_count() + 1)?).unwrap_or(0)),
        }
    }
}

/// The byte offset of char `index` of `text`, or its length.
fn offset_of(value: &Value, text: &str, index: usize) -> usize {
    match &value.0 {
        _ if index == 0 => 0,
        Repr::String(object) => object.byte_offset(index.min(object.char_count())),
        _ => byte_offset(text, index),
    }
}

/// Whether `^` does not match at byte `at`.
fn is_inside_line(text: &str, at: usize) -> bool {
    at > 0 && text.as_bytes().get(at - 1) != Some(&b'\n')
}

fn usage(name: &Value) -> Box<Exception> {
    Exception::wrong_args(&format!(
        "{name} ?-option ...? exp string ?matchVar? ?subMatchVar ...?"
    ))
}

fn regexp(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let Some((options, rest)) = Options::read(&words[1..], &OPTIONS)? else {
        return Err(usage(&words[0]));
    };
    if options.is_about {
        return match rest.first() {
            Some(pattern) => about(interp, pattern, options.flags),
            None => Err(usage(&words[0])),
        };
    }
    let [pattern, text, variables @ ..] = rest else {
        return Err(usage(&words[0]));
    };
    if options.is_inline && !variables.is_empty() {
        return Err(Exception::with_code(
            "regexp match variables not allowed when using -inline",
            ["TCL", "OPERATION", "REGEXP", "MIX_VAR_INLINE"],
        ));
    }
    let start = options.start(text)?;
    let regexp = compiled(interp, pattern, options.flags)?;
    if start == 0 && variables.is_empty() && !options.is_all && !options.is_inline {
        return done(is_match(interp, &regexp, &text.str())?);
    }
    Search::new(&options, text, variables, regexp.subexpressions() + 1).run(interp, &regexp, start)
}

/// Gives a constant pattern a value that keeps its compiled form, which short values do not.
///
/// tclsh's compiler lets `-nocase` be abbreviated where nothing but a pattern and a string follow; the command does not.
fn compile_regexp(
    compiler: &mut Compiler<'_>,
    command: &Command,
    destination: Destination,
) -> bool {
    let source = compiler.source;
    let words = command.words.as_slice();
    let Some(at) = pattern_index(words, source) else {
        return false;
    };
    let is_nocase = |option: &str| option.len() > 1 && "-nocase".starts_with(option);
    let options: Vec<&str> = words[1..at]
        .iter()
        .filter_map(|word| word.constant(source))
        .collect();
    let is_abbreviated = words.len() == at + 2
        && options.len() == at - 1
        && options.iter().enumerate().all(|(number, option)| {
            is_nocase(option) || (*option == "--" && number + 1 == options.len())
        });
    let base = compiler.push_word(&words[0]);
    for (number, word) in words.iter().enumerate().skip(1) {
        match word.constant(source) {
            Some(option) if number < at && is_abbreviated && is_nocase(option) => {
                compiler.constant_into(Value::text("-nocase"), Destination::Push);
            }
            Some(pattern) if number == at => {
                compiler.constant_into(Value::literal(pattern), Destination::Push)
            }
            _ => {
                compiler.push_word(word);
            }
        }
    }
    compiler.invoke(base, words.len(), 0, destination);
    true
}

/// Which of the words of a `regexp` or `regsub` is the pattern; None where that is not known before it runs.
fn pattern_index(words: &[Word], source: &str) -> Option<usize> {
    let mut at = 1;
    loop {
        let text = match words.get(at)?.constant(source) {
            Some(text) => text,
            // What begins with a substitution may turn out to be an option, but then it is no pattern of ours.
            None => return (at + 1 < words.len()).then_some(at),
        };
        if !text.starts_with('-') {
            return Some(at);
        }
        at += match text {
            "--" => return (at + 1 < words.len()).then_some(at + 1),
            "-start" => 2,
            _ => 1,
        };
    }
}

fn about(interp: &mut Interp, pattern: &Value, flags: Flags) -> CommandResult {
    let regexp = compiled(interp, pattern, flags)?;
    let names: Vec<Value> = regexp.about().into_iter().map(Value::text).collect();
    done(vec![
        Value::from(regexp.subexpressions()),
        Value::list(names),
    ])
}

/// One `regexp` at work.
struct Search<'w> {
    value: &'w Value,
    variables: &'w [Value],
    is_all: bool,
    is_inline: bool,
    wants_indices: bool,
    /// How many captures are looked at for each match, the whole match included.
    wanted: usize,
    is_ascii: bool,
    /// A byte offset and its position in chars, from which others are counted.
    known: (usize, usize),
}

impl<'w> Search<'w> {
    fn new(
        options: &Options<'_>,
        value: &'w Value,
        variables: &'w [Value],
        captures: usize,
    ) -> Search<'w> {
        let wanted = match (options.is_inline, options.is_all) {
            (true, _) => captures,
            (false, true) => variables.len().max(1),
            (false, false) => variables.len(),
        };
        Search {
            value,
            variables,
            is_all: options.is_all,
            is_inline: options.is_inline,
            wants_indices: options.wants_indices,
            wanted,
            is_ascii: options.wants_indices && value.char_count() == value.str().len(),
            known: (0, 0),
        }
    }

    fn run(mut self, interp: &mut Interp, regexp: &Regexp, start: usize) -> CommandResult {
        let text = self.value.str();
        let mut at = offset_of(self.value, &text, start);
        // tclsh counts the empty match at the end of the text from a start past the end.
        let past = if at == text.len() {
            start.saturating_sub(self.value.char_count())
        } else {
            0
        };
        let mut captures = Vec::new();
        let mut found = Vec::new();
        let mut count: i64 = 0;
        loop {
            let is_inside = is_inside_line(&text, at) || past > 0;
            if !find(
                interp,
                regexp,
                &text,
                at,
                is_inside,
                self.wanted,
                &mut captures,
            )? {
                break;
            }
            count += 1;
            self.deliver(interp, &text, &captures, past, &mut found)?;
            if !self.is_all {
                break;
            }
            let Some(Some((begin, end))) = captures.first().copied() else {
                break;
            };
            at = if begin == end {
                end + next_char_bytes(&text, end)
            } else {
                end
            };
            if at >= text.len() {
                break;
            }
        }
        if !self.is_inline {
            return done(count);
        }
        if found.is_empty() {
            done_empty()
        } else {
            done(found)
        }
    }

    /// Puts what a match found into the variables or the list.
    fn deliver(
        &mut self,
        interp: &mut Interp,
        text: &str,
        captures: &[Option<(usize, usize)>],
        past: usize,
        found: &mut Vec<Value>,
    ) -> Result<(), Box<Exception>> {
        if self.is_inline {
            for span in captures {
                found.push(self.value_of(text, *span, past));
            }
            return Ok(());
        }
        for (number, name) in self.variables.iter().enumerate() {
            let value = self.value_of(text, captures.get(number).copied().flatten(), past);
            interp.variable_set(name, value)?;
        }
        Ok(())
    }

    fn value_of(&mut self, text: &str, span: Option<(usize, usize)>, past: usize) -> Value {
        match (span, self.wants_indices) {
            (Some((begin, end)), true) => {
                let first = self.position(text, begin) + past;
                let after = self.position(text, end) + past;
                Value::list(vec![Value::from(first), Value::int(after as i64 - 1)])
            }
            (None, true) => Value::list(vec![Value::int(-1), Value::int(-1)]),
            (Some((begin, end)), false) => Value::text(text.get(begin..end).unwrap_or_default()),
            (None, false) => Value::EMPTY,
        }
    }

    /// The position in chars of byte `offset`, counted from the last one asked for if that is before it.
    fn position(&mut self, text: &str, offset: usize) -> usize {
        if self.is_ascii {
            return offset;
        }
        let (bytes, chars) = if self.known.0 <= offset {
            self.known
        } else {
            (0, 0)
        };
        let between = text.get(bytes..offset).unwrap_or_default();
        self.known = (offset, chars + between.chars().count());
        self.known.1
    }
}

/// How many bytes the char at byte `at` takes; 1 at the end.
fn next_char_bytes(text: &str, at: usize) -> usize {
    text.get(at..)
        .and_then(|rest| rest.chars().next())
        .map_or(1, char::len_utf8)
}

/// [`Regexp::find`], with looks at what can stop the script.
fn find(
    interp: &mut Interp,
    regexp: &Regexp,
    text: &str,
    start: usize,
    is_inside_line: bool,
    wanted: usize,
    captures: &mut Vec<Option<(usize, usize)>>,
) -> Result<bool, Box<Exception>> {
    polled(interp, |poll| {
        regexp.find(text, start, is_inside_line, wanted, captures, poll)
    })
}

/// Runs `search` with a poll that looks at what can stop the script.
fn polled<T>(
    interp: &mut Interp,
    search: impl FnOnce(&mut dyn FnMut() -> bool) -> Result<T, MatchError>,
) -> Result<T, Box<Exception>> {
    let mut stopped = None;
    let found = search(&mut || match interp.check_safepoint() {
        Ok(()) => false,
        Err(exception) => {
            stopped = Some(exception);
            true
        }
    });
    found.map_err(|error| match (error, stopped) {
        (MatchError::Interrupted, Some(exception)) => exception,
        _ => Exception::too_large("the text", crate::limits::STRING_BYTES_MAX),
    })
}

/// Whether `text` matches; for commands that only want to know.
pub(crate) fn is_match(
    interp: &mut Interp,
    regexp: &Regexp,
    text: &str,
) -> Result<bool, Box<Exception>> {
    find(interp, regexp, text, 0, false, 0, &mut Vec::new())
}
