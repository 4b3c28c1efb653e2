//! `tcl::prefix`: matching abbreviations against a table.

use crate::commands::option;
use crate::runtime::completion::exception_of;
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, code, done, done_empty};
use crate::value::{ListObject, OrderedMap, Value};

/// The subcommands.
pub(super) const SUBCOMMANDS: &[Builtin] = &[
    Builtin::new("all", "table string", 2, 2, all),
    Builtin::new("longest", "table string", 2, 2, longest),
    Builtin::new("match", "?options? table string", 2, ANY, matches),
];

fn all(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let table = words[1].to_list()?;
    let prefix = words[2].str();
    let matching = table
        .elements()
        .iter()
        .filter(|entry| entry.str().starts_with(&*prefix));
    done(matching.cloned().collect::<Vec<Value>>())
}

/// The longest start that all matching entries have in common.
fn longest(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let table = words[1].to_list()?;
    let prefix = words[2].str();
    let mut common: Option<String> = None;
    for entry in table.elements() {
        let entry = entry.str();
        if !entry.starts_with(&*prefix) {
            continue;
        }
        match &mut common {
            None => common = Some(entry.to_owned()),
            Some(common) => {
                let same = common
                    .chars()
                    .zip(entry.chars())
                    .take_while(|(left, right)| left == right);
                let bytes = same.map(|(character, _)| character.len_utf8()).sum();
                common.truncate(bytes);
            }
        }
    }
    done(common.unwrap_or_default())
}

/// The options of `tcl::prefix match`.
struct Options {
    is_exact: bool,
    /// What the error calls an entry.
    kind: String,
    /// Return options of the error: `-error`.
    error: Option<std::rc::Rc<ListObject>>,
}

fn matches(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let [_, given @ .., table, text] = words else {
        return Err(Exception::wrong_args(
            "tcl::prefix match ?options? table string",
        ));
    };
    let options = Options::read(given)?;
    let table = table.to_list()?;
    let entries: Vec<String> = table.elements().iter().map(Value::to_text).collect();
    let names: Vec<&str> = entries.iter().map(String::as_str).collect();
    let failure = match find(text, &names, &options) {
        Ok(number) => return done(table.elements().get(number).cloned().unwrap_or_default()),
        Err(exception) => exception,
    };
    match &options.error {
        None => Err(failure),
        Some(error) if error.elements().is_empty() => done_empty(),
        Some(error) => Err(with_options(failure.value, error.elements())),
    }
}

impl Options {
    /// Each option but the last two words of the command, which are the table and the string.
    fn read(given: &[Value]) -> Result<Options, Box<Exception>> {
        let mut options = Options {
            is_exact: false,
            kind: "option".to_owned(),
            error: None,
        };
        let mut given = given.iter();
        while let Some(word) = given.next() {
            let number = option(word, &["-error", "-exact", "-message"], "option")?;
            if number == 1 {
                options.is_exact = true;
                continue;
            }
            let name = if number == 0 { "-error" } else { "-message" };
            let Some(value) = given.next() else {
                let message = format!("missing value for {name}");
                return Err(Exception::with_code(message, ["TCL", "OPERATION", "NOARG"]));
            };
            if number == 2 {
                options.kind = value.to_text();
                continue;
            }
            let list = value.to_list()?;
            if !list.elements().len().is_multiple_of(2) {
                return Err(Exception::with_code(
                    "error options must have an even number of elements",
                    ["TCL", "VALUE", "DICTIONARY"],
                ));
            }
            options.error = Some(list);
        }
        Ok(options)
    }
}

fn find(text: &Value, names: &[&str], options: &Options) -> Result<usize, Box<Exception>> {
    let kind = &options.kind;
    if names.is_empty() {
        let message = format!("bad {kind} \"{text}\": no valid options");
        return Err(Exception::with_code(
            message,
            ["TCL", "LOOKUP", "INDEX", kind, &*text.str()],
        ));
    }
    if !options.is_exact {
        return option(text, names, kind);
    }
    let text = text.str();
    names
        .iter()
        .position(|name| *name == &*text)
        .ok_or_else(|| Exception::bad_index("bad", kind, &text, names))
}

/// The failure's message as a `return` with these options, as the caller's own.
fn with_options(message: Value, options: &[Value]) -> Box<Exception> {
    let mut map = OrderedMap::new();
    map.insert(Value::text("-level"), Value::int(1));
    for pair in options.chunks_exact(2) {
        map.insert(pair[0].clone(), pair[1].clone());
    }
    map.insert(Value::text("-code"), Value::int(i64::from(code::ERROR)));
    exception_of(message, &Value::dict(map))
}
