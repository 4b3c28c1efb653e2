//! `lsearch`: finding elements by pattern, by value, or by bisection of a sorted list.

use std::cmp::Ordering;
use std::rc::Rc;

use super::order::{ascii, dictionary};
use super::real_of;
use crate::commands::option;
use crate::commands::regexp::{compiled, is_match};
use crate::runtime::integer::wide_of;
use crate::runtime::position::{index_path, resolve, select};
use crate::runtime::{CommandResult, Exception, Interp, done, done_empty};
use crate::text::glob::{glob_match, is_literal};
use crate::text::index::Index;
use crate::text::number::canonical_decimal;
use crate::text::regexp::{Flags, Regexp};
use crate::text::strings;
use crate::value::{Repr, Value};

/// How the pattern is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Exact,
    Glob,
    Regexp,
    Sorted,
}

/// What elements and pattern are compared as, with `-exact` and `-sorted`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Ascii,
    Dictionary,
    Integer,
    Real,
}

struct Options<'a> {
    mode: Mode,
    by: By,
    wants_all: bool,
    wants_inline: bool,
    wants_subindices: bool,
    is_decreasing: bool,
    is_negated: bool,
    bisects: bool,
    nocase: bool,
    start: Option<&'a Value>,
    path: Vec<Index>,
}

const OPTIONS: [&str; 18] = [
    "-all",
    "-ascii",
    "-bisect",
    "-decreasing",
    "-dictionary",
    "-exact",
    "-glob",
    "-increasing",
    "-index",
    "-inline",
    "-integer",
    "-nocase",
    "-not",
    "-real",
    "-regexp",
    "-sorted",
    "-start",
    "-subindices",
];

fn options(words: &[Value]) -> Result<Options<'_>, Box<Exception>> {
    let mut options = Options {
        mode: Mode::Glob,
        by: By::Ascii,
        wants_all: false,
        wants_inline: false,
        wants_subindices: false,
        is_decreasing: false,
        is_negated: false,
        bisects: false,
        nocase: false,
        start: None,
        path: Vec::new(),
    };
    let missing = |message: &str| Exception::with_code(message, ["TCL", "ARGUMENT", "MISSING"]);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match option(word, &OPTIONS, "option")? {
            0 => options.wants_all = true,
            1 => options.by = By::Ascii,
            2 => (options.mode, options.bisects) = (Mode::Sorted, true),
            3 => options.is_decreasing = true,
            4 => options.by = By::Dictionary,
            5 => options.mode = Mode::Exact,
            6 => options.mode = Mode::Glob,
            7 => options.is_decreasing = false,
            8 => {
                let path = words.next();
                let path = path
                    .ok_or_else(|| missing("\"-index\" option must be followed by list index"))?;
                options.path = index_path(path)?;
            }
            9 => options.wants_inline = true,
            10 => options.by = By::Integer,
            11 => options.nocase = true,
            12 => options.is_negated = true,
            13 => options.by = By::Real,
            14 => options.mode = Mode::Regexp,
            15 => options.mode = Mode::Sorted,
            16 => {
                options.start = Some(
                    words
                        .next()
                        .ok_or_else(|| missing("missing starting index"))?,
                )
            }
            _ => options.wants_subindices = true,
        }
    }
    options.check()?;
    Ok(options)
}

impl Options<'_> {
    fn check(&self) -> Result<(), Box<Exception>> {
        let message = if self.wants_subindices && self.path.is_empty() {
            "-subindices cannot be used without -index option"
        } else if self.bisects && (self.wants_all || self.is_negated) {
            "-bisect is not compatible with -all or -not"
        } else {
            return Ok(());
        };
        Err(Exception::with_code(
            message,
            ["TCL", "OPERATION", "LSEARCH", "BAD_OPTION_MIX"],
        ))
    }

    /// What stands for the element at `position`: its position, with the path inside it if that is wanted.
    fn position(&self, position: i64, count: usize) -> Value {
        if !self.wants_subindices {
            return Value::int(position);
        }
        let mut indices = vec![Value::int(position)];
        // tclsh counts `end` from one past the end here.
        indices.extend(
            self.path
                .iter()
                .map(|index| Value::int(index.resolve(count + 1).max(-1))),
        );
        Value::list(indices)
    }
}

/// What tells whether an element is one that is looked for.
enum Matcher<'a> {
    /// The same text; the number whose only spelling that is, if it is one.
    Text(&'a str, Option<i64>),
    TextNocase(&'a str),
    Dictionary(&'a str),
    Integer(i64),
    Real(f64),
    Glob(&'a str, bool),
    Regexp(Rc<Regexp>),
}

impl<'a> Matcher<'a> {
    fn new(
        interp: &mut Interp,
        options: &Options<'_>,
        pattern: &'a str,
        value: &Value,
    ) -> Result<Matcher<'a>, Box<Exception>> {
        Ok(match options.mode {
            Mode::Regexp => {
                let flags = Flags {
                    nocase: options.nocase,
                    ..Flags::default()
                };
                Matcher::Regexp(compiled(interp, value, flags)?)
            }
            Mode::Glob if !options.nocase && is_literal(pattern) => Matcher::text(pattern),
            Mode::Glob => Matcher::Glob(pattern, options.nocase),
            Mode::Exact | Mode::Sorted => match options.by {
                By::Ascii if options.nocase => Matcher::TextNocase(pattern),
                By::Ascii => Matcher::text(pattern),
                By::Dictionary => Matcher::Dictionary(pattern),
                By::Integer => Matcher::Integer(wide_of(value)?),
                By::Real => Matcher::Real(real_of(value)?),
            },
        })
    }

    fn text(pattern: &'a str) -> Matcher<'a> {
        Matcher::Text(pattern, canonical_decimal(pattern))
    }

    fn accepts(&self, interp: &mut Interp, element: &Value) -> Result<bool, Box<Exception>> {
        Ok(match self {
            Matcher::Text(pattern, number) => is_text(element, pattern, *number),
            Matcher::TextNocase(pattern) => {
                let text = element.str();
                text.len() == pattern.len() && strings::is_equal(&text, pattern, true, None)
            }
            Matcher::Dictionary(pattern) => dictionary(&element.str(), pattern) == Ordering::Equal,
            Matcher::Integer(number) => wide_of(element)? == *number,
            Matcher::Real(number) => real_of(element)? == *number,
            Matcher::Glob(pattern, nocase) => glob_match(pattern, &element.str(), *nocase),
            Matcher::Regexp(regexp) => is_match(interp, regexp, &element.str())?,
        })
    }

    /// How the pattern compares with an element of a sorted list.
    fn compare(&self, element: &Value) -> Result<Ordering, Box<Exception>> {
        Ok(match self {
            Matcher::Text(pattern, _) => ascii(pattern, &element.str()),
            Matcher::TextNocase(pattern) => strings::compare(pattern, &element.str(), true, None),
            Matcher::Integer(number) => number.cmp(&wide_of(element)?),
            Matcher::Real(number) => number
                .partial_cmp(&real_of(element)?)
                .unwrap_or(Ordering::Equal),
            Matcher::Dictionary(pattern) | Matcher::Glob(pattern, _) => {
                dictionary(pattern, &element.str())
            }
            Matcher::Regexp(_) => Ordering::Equal,
        })
    }
}

/// Whether the text of `element` is `pattern`, of which `number` is what integer prints like it.
#[inline]
fn is_text(element: &Value, pattern: &str, number: Option<i64>) -> bool {
    match &element.0 {
        Repr::Int(element) => Some(*element) == number,
        Repr::Short(short) => short.as_str() == pattern,
        Repr::String(object) => object.as_str() == pattern,
        _ => *element.str() == *pattern,
    }
}

pub(super) fn lsearch(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, option_words @ .., list, pattern] = words else {
        return done_empty();
    };
    let options = options(option_words)?;
    let text = pattern.str();
    let regexp = if options.mode == Mode::Regexp {
        Some(Matcher::new(interp, &options, &text, pattern)?)
    } else {
        None
    };
    let list = list.to_list()?;
    let elements = list.elements();
    let start = match options.start {
        None => 0,
        Some(start) => {
            let start = usize::try_from(resolve(start, elements.len())?).unwrap_or(0);
            if start >= elements.len() {
                return if options.wants_all || options.wants_inline {
                    done_empty()
                } else {
                    done(Value::int(-1))
                };
            }
            start
        }
    };
    let matcher = match regexp {
        Some(matcher) => matcher,
        None => Matcher::new(interp, &options, &text, pattern)?,
    };
    if options.wants_all {
        return all(interp, &options, &matcher, elements, start);
    }
    let found = if options.mode == Mode::Sorted && !options.is_negated {
        bisect(&options, &matcher, elements, start)?
    } else {
        first(interp, &options, &matcher, elements, start)?
    };
    if options.wants_inline {
        return done(
            usize::try_from(found)
                .ok()
                .and_then(|at| elements.get(at))
                .cloned()
                .unwrap_or_default(),
        );
    }
    done(options.position(found, elements.len()))
}

/// The position of the first element that matches, or −1.
fn first(
    interp: &mut Interp,
    options: &Options<'_>,
    matcher: &Matcher<'_>,
    elements: &[Value],
    start: usize,
) -> Result<i64, Box<Exception>> {
    if let (Matcher::Text(pattern, number), true, false) =
        (matcher, options.path.is_empty(), options.is_negated)
    {
        return first_text(interp, elements, start, pattern, *number);
    }
    for (number, element) in elements.iter().enumerate().skip(start) {
        if matches(interp, options, matcher, number, element)? {
            return Ok(number as i64);
        }
    }
    Ok(-1)
}

/// The same for what is asked most: a text.
fn first_text(
    interp: &mut Interp,
    elements: &[Value],
    start: usize,
    pattern: &str,
    number: Option<i64>,
) -> Result<i64, Box<Exception>> {
    let mut at = start;
    for chunk in elements
        .get(start..)
        .unwrap_or_default()
        .chunks(super::POLL_ELEMENTS)
    {
        if let Some(offset) = chunk
            .iter()
            .position(|element| is_text(element, pattern, number))
        {
            return Ok((at + offset) as i64);
        }
        at += chunk.len();
        if chunk.len() == super::POLL_ELEMENTS {
            interp.check_safepoint()?;
        }
    }
    Ok(-1)
}

fn matches(
    interp: &mut Interp,
    options: &Options<'_>,
    matcher: &Matcher<'_>,
    number: usize,
    element: &Value,
) -> Result<bool, Box<Exception>> {
    if number % super::POLL_ELEMENTS == super::POLL_ELEMENTS - 1 {
        interp.check_safepoint()?;
    }
    let accepts = if options.path.is_empty() {
        matcher.accepts(interp, element)?
    } else {
        matcher.accepts(interp, &select(element, &options.path)?)?
    };
    Ok(accepts != options.is_negated)
}

/// All elements that match, or their positions.
fn all(
    interp: &mut Interp,
    options: &Options<'_>,
    matcher: &Matcher<'_>,
    elements: &[Value],
    start: usize,
) -> CommandResult {
    let mut found = Vec::new();
    for (number, element) in elements.iter().enumerate().skip(start) {
        if !matches(interp, options, matcher, number, element)? {
            continue;
        }
        found.push(match (options.wants_inline, options.wants_subindices) {
            (true, true) => select(element, &options.path)?,
            (true, false) => element.clone(),
            (false, _) => options.position(number as i64, elements.len()),
        });
    }
    done(Value::list(found))
}

/// The position in a sorted list: the first of equal elements, or with `-bisect` the last one that does not come after the
/// pattern; −1 when there is none.
fn bisect(
    options: &Options<'_>,
    matcher: &Matcher<'_>,
    elements: &[Value],
    start: usize,
) -> Result<i64, Box<Exception>> {
    let (mut below, mut above) = (start as i64 - 1, elements.len() as i64);
    let mut found = -1;
    while below + 1 != above {
        let middle = (below + above) / 2;
        let element = usize::try_from(middle)
            .ok()
            .and_then(|at| elements.get(at))
            .cloned()
            .unwrap_or_default();
        let mut order = matcher.compare(&select(&element, &options.path)?)?;
        if options.is_decreasing {
            order = order.reverse();
        }
        match order {
            Ordering::Equal => {
                found = middle;
                if options.bisects {
                    below = middle
                } else {
                    above = middle
                }
            }
            Ordering::Greater => below = middle,
            Ordering::Less => above = middle,
        }
    }
    Ok(if options.bisects && found < 0 {
        below
    } else {
        found
    })
}
