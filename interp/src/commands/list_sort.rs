//! `lsort`, and with `lsearch` in `search` the options that both have.
//!
//! Keys are taken out of the elements once. Texts are compared by their first bytes held beside them; integers and doubles
//! are sorted as such. `-command` and `-dictionary`, whose order need be no order at all, go through the merges that
//! tclsh does, comparison for comparison.

mod merge;
mod order;
mod search;

use self::merge::{Outcomes, merge_sort, sort_by_keys};
use self::order::{TextKey, dictionary, needs_units};
use super::list::list_value;
use super::{double_of, option};
use crate::runtime::integer::{small_int_of, wide_of};
use crate::runtime::position::{index_path, select};
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, code, done, done_empty};
use crate::text::index::Index;
use crate::text::strings::lower;
use crate::value::{ListObject, Repr, Value};

/// The rows of this file and of `search`.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new(
        "lsearch",
        "?-option value ...? list pattern",
        2,
        ANY,
        search::lsearch,
    ),
    Builtin::new("lsort", "?-option value ...? list", 1, ANY, lsort),
];

/// Elements looked at between two looks at whether to go on.
const POLL_ELEMENTS: usize = 1 << 14;

/// How elements compare.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Ascii,
    Dictionary,
    Integer,
    Real,
    Command,
}

/// What the words before the list ask for.
struct Options {
    by: By,
    nocase: bool,
    is_decreasing: bool,
    is_unique: bool,
    wants_indices: bool,
    command: Option<Value>,
    path: Vec<Index>,
    /// Elements in a group; 1 without `-stride`.
    stride: usize,
}

const OPTIONS: [&str; 12] = [
    "-ascii",
    "-command",
    "-decreasing",
    "-dictionary",
    "-increasing",
    "-index",
    "-indices",
    "-integer",
    "-nocase",
    "-real",
    "-stride",
    "-unique",
];

fn options(words: &[Value]) -> Result<Options, Box<Exception>> {
    let mut options = Options {
        by: By::Ascii,
        nocase: false,
        is_decreasing: false,
        is_unique: false,
        wants_indices: false,
        command: None,
        path: Vec::new(),
        stride: 1,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut argument = |what: &str| {
            words.next().ok_or_else(|| {
                Exception::with_code(format!("\"{what}"), ["TCL", "ARGUMENT", "MISSING"])
            })
        };
        match option(word, &OPTIONS, "option")? {
            0 => options.by = By::Ascii,
            1 => {
                let command = argument("-command\" option must be followed by comparison command")?;
                options.command = Some(command.clone());
                options.by = By::Command;
            }
            2 => options.is_decreasing = true,
            3 => options.by = By::Dictionary,
            4 => options.is_decreasing = false,
            5 => {
                options.path =
                    index_path(argument("-index\" option must be followed by list index")?)?
            }
            6 => options.wants_indices = true,
            7 => options.by = By::Integer,
            8 => options.nocase = true,
            9 => options.by = By::Real,
            10 => {
                options.stride = stride(argument(
                    "-stride\" option must be followed by stride length",
                )?)?
            }
            _ => options.is_unique = true,
        }
    }
    Ok(options)
}

fn stride(value: &Value) -> Result<usize, Box<Exception>> {
    let stride = small_int_of(value)?;
    usize::try_from(stride)
        .ok()
        .filter(|stride| *stride >= 2)
        .ok_or_else(|| {
            Exception::with_code(
                "stride length must be at least 2",
                ["TCL", "OPERATION", "LSORT", "BADSTRIDE"],
            )
        })
}

/// What is sorted: groups of elements, by some part of one element of each.
struct Groups<'a> {
    list: &'a ListObject,
    stride: usize,
    /// Which element of a group the key comes from.
    offset: usize,
    /// Leads from that element to the key.
    path: &'a [Index],
}

impl<'a> Groups<'a> {
    fn new(list: &'a ListObject, options: &'a Options) -> Result<Groups<'a>, Box<Exception>> {
        let mut groups = Groups {
            list,
            stride: options.stride,
            offset: 0,
            path: &options.path,
        };
        if groups.stride == 1 {
            return Ok(groups);
        }
        if !list.elements().len().is_multiple_of(groups.stride) {
            return Err(Exception::with_code(
                "list size must be a multiple of the stride length",
                ["TCL", "OPERATION", "LSORT", "BADSTRIDE"],
            ));
        }
        if let Some((first, rest)) = options.path.split_first() {
            let offset = usize::try_from(first.resolve(groups.stride))
                .ok()
                .filter(|at| *at < groups.stride);
            groups.offset = offset.ok_or_else(|| {
                Exception::with_code(
                    "when used with \"-stride\", the leading \"-index\" value must be within the group",
                    ["TCL", "OPERATION", "LSORT", "BADINDEX"],
                )
            })?;
            groups.path = rest;
        }
        Ok(groups)
    }

    /// The key of each group, in order.
    fn keys<K>(
        &self,
        interp: &mut Interp,
        mut key: impl FnMut(&Value) -> Result<K, Box<Exception>>,
    ) -> Result<Vec<K>, Box<Exception>> {
        let elements = self.list.elements();
        let mut keys = Vec::with_capacity(elements.len() / self.stride);
        for (number, element) in elements
            .iter()
            .skip(self.offset)
            .step_by(self.stride)
            .enumerate()
        {
            if number % POLL_ELEMENTS == POLL_ELEMENTS - 1 {
                interp.check_safepoint()?;
            }
            keys.push(if self.path.is_empty() {
                key(element)?
            } else {
                key(&select(element, self.path)?)?
            });
        }
        Ok(keys)
    }

    /// The sorted list, or the sorted positions, from the order of the groups.
    fn result(&self, order: &[u32], wants_indices: bool) -> Value {
        let elements = self.list.elements();
        let mut sorted = Vec::with_capacity(order.len() * self.stride);
        for group in order {
            let start = *group as usize * self.stride;
            if wants_indices {
                sorted.extend((start..start + self.stride).map(Value::from));
            } else if self.stride == 1 {
                sorted.extend(elements.get(start).cloned());
            } else {
                sorted.extend_from_slice(
                    elements.get(start..start + self.stride).unwrap_or_default(),
                );
            }
        }
        Value::list(sorted)
    }
}

fn lsort(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let options = options(&words[1..words.len() - 1])?;
    let list = words[words.len() - 1].to_list()?;
    if let Some(command) = &options.command {
        command.to_list()?;
    }
    if list.elements().is_empty() {
        return done_empty();
    }
    let groups = Groups::new(&list, &options)?;
    let order = match options.by {
        By::Integer => {
            let keys = groups.keys(interp, wide_of)?;
            sort_by_keys(interp, keys, options.outcomes(), |left, right| {
                left.cmp(right)
            })?
        }
        By::Real => {
            let keys = groups.keys(interp, real_of)?;
            // No key is NaN, and -0.0 is 0.0.
            let order = |left: &f64, right: &f64| {
                left.partial_cmp(right).unwrap_or(std::cmp::Ordering::Equal)
            };
            sort_by_keys(interp, keys, options.outcomes(), order)?
        }
        By::Ascii => by_text(interp, &groups, &options)?,
        By::Dictionary => by_dictionary(interp, &groups, &options)?,
        By::Command => by_command(interp, &groups, &options)?,
    };
    if !options.wants_indices && order.len() == list.elements().len() && is_ascending(&order) {
        return done(list_value(list));
    }
    done(groups.result(&order, options.wants_indices))
}

/// Whether an order leaves everything where it is.
fn is_ascending(order: &[u32]) -> bool {
    order
        .iter()
        .enumerate()
        .all(|(number, at)| number == *at as usize)
}

/// A key of `-real`.
pub(super) fn real_of(value: &Value) -> Result<f64, Box<Exception>> {
    let number = double_of(value)?;
    if number.is_nan() {
        return Err(Exception::with_code(
            "floating point value is Not a Number",
            ["TCL", "VALUE", "DOUBLE", "NAN"],
        ));
    }
    Ok(number)
}

impl Options {
    fn outcomes(&self) -> Outcomes {
        Outcomes {
            is_decreasing: self.is_decreasing,
            is_unique: self.is_unique,
        }
    }
}

/// The order of the groups by the texts of their keys.
fn by_text(
    interp: &mut Interp,
    groups: &Groups<'_>,
    options: &Options,
) -> Result<Vec<u32>, Box<Exception>> {
    let is_folded = options.nocase;
    with_texts(interp, groups, is_folded, |interp, texts| {
        let by_units = texts.iter().any(|text| needs_units(text));
        let keys: Vec<TextKey<'_>> = texts.into_iter().map(TextKey::new).collect();
        if !by_units {
            return sort_by_keys(interp, keys, options.outcomes(), TextKey::compare);
        }
        sort_by_keys(interp, keys, options.outcomes(), |left, right| {
            left.compare_units(right, is_folded)
        })
    })
}

fn by_dictionary(
    interp: &mut Interp,
    groups: &Groups<'_>,
    options: &Options,
) -> Result<Vec<u32>, Box<Exception>> {
    with_texts(interp, groups, false, |interp, texts| {
        let compare =
            |_: &mut Interp, left: usize, right: usize| Ok(dictionary(texts[left], texts[right]));
        merge_sort(interp, texts.len(), options.outcomes(), compare)
    })
}

/// Calls `then` with the texts of the keys, in lower case if `is_folded`. Texts that must be made are made in one buffer.
fn with_texts<T>(
    interp: &mut Interp,
    groups: &Groups<'_>,
    is_folded: bool,
    then: impl FnOnce(&mut Interp, Vec<&str>) -> Result<T, Box<Exception>>,
) -> Result<T, Box<Exception>> {
    if groups.path.is_empty() && !is_folded {
        let elements = groups
            .list
            .elements()
            .iter()
            .skip(groups.offset)
            .step_by(groups.stride);
        if let Some(texts) = elements.map(held_text).collect::<Option<Vec<&str>>>() {
            return then(interp, texts);
        }
    }
    let mut buffer = String::new();
    let ends = groups.keys(interp, |value| {
        let text = value.str();
        if is_folded {
            buffer.push_str(&lower(&text))
        } else {
            buffer.push_str(&text)
        }
        Ok(buffer.len())
    })?;
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let texts = starts
        .zip(&ends)
        .map(|(start, end)| buffer.get(start..*end).unwrap_or_default())
        .collect();
    then(interp, texts)
}

/// The text of a value if it is somewhere already, and need not be printed.
fn held_text(value: &Value) -> Option<&str> {
    match &value.0 {
        Repr::Short(short) => Some(short.as_str()),
        Repr::String(object) => Some(object.as_str()),
        Repr::List(object) => Some(object.as_str()),
        Repr::Dict(object) => Some(object.as_str()),
        Repr::Bytes(object) => Some(object.as_str()),
        _ => None,
    }
}

fn by_command(
    interp: &mut Interp,
    groups: &Groups<'_>,
    options: &Options,
) -> Result<Vec<u32>, Box<Exception>> {
    let keys = groups.keys(interp, |value| Ok(value.clone()))?;
    let prefix = match &options.command {
        Some(command) => command.to_list()?,
        None => return Ok(Vec::new()),
    };
    let words = |left: usize, right: usize| {
        let mut words = Vec::with_capacity(prefix.elements().len() + 2);
        words.extend_from_slice(prefix.elements());
        words.extend([keys[left].clone(), keys[right].clone()]);
        words
    };
    let compare = |interp: &mut Interp, left: usize, right: usize| {
        let result = interp
            .call_here(words(left, right))
            .map_err(|raised| note_call(raised, words(left, right)))?;
        match small_int_of(&result) {
            Ok(order) => Ok(order.cmp(&0)),
            Err(_) => Err(Exception::with_code(
                "-compare command returned non-integer result",
                ["TCL", "OPERATION", "LSORT", "COMPARISONFAILED"],
            )),
        }
    };
    merge_sort(interp, keys.len(), options.outcomes(), compare)
}

/// What errorInfo says of a comparison that failed.
#[cold]
fn note_call(mut exception: Box<Exception>, words: Vec<Value>) -> Box<Exception> {
    if exception.code == code::ERROR {
        exception.log_command(&Value::list(words).str());
        exception.add_info("\n    (-compare command)");
    }
    exception
}
