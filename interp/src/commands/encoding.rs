//! `encoding`: the encodings themselves are in [`crate::channel::Encoding`].

use std::cell::{Cell, RefCell};

use crate::channel::{Encoding, system_encoding};
use crate::runtime::{Builtin, CommandResult, Exception, Interp, done, done_empty};
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[Builtin::ensemble(
    "encoding",
    &[
        Builtin::new("convertfrom", "?encoding? data", 1, 2, convertfrom),
        Builtin::new("convertto", "?encoding? data", 1, 2, convertto),
        Builtin::new("dirs", "?dirList?", 0, 1, dirs).unsafe_for_children(),
        Builtin::new("names", "", 0, 0, names),
        Builtin::new("system", "?encoding?", 0, 1, system_command).unsafe_for_children(),
    ],
)];

/// What the `encoding` commands of one interpreter have set.
#[derive(Default)]
struct Settings {
    /// What `encoding system` has set; the environment's where it has not.
    system: Cell<Option<Encoding>>,
    /// What `encoding dirs` has set. All encodings are built in, so that no directory is ever looked into.
    dirs: RefCell<Value>,
}

/// The encoding that this interpreter talks to the system in, and that its new channels have.
pub(crate) fn system(interp: &mut Interp) -> Encoding {
    interp
        .data::<Settings>()
        .system
        .get()
        .unwrap_or_else(system_encoding)
}

fn find(name: &Value) -> Result<Encoding, Box<Exception>> {
    let text = name.str();
    Encoding::find(&text).ok_or_else(|| {
        Exception::with_code(
            format!("unknown encoding \"{text}\""),
            ["TCL", "LOOKUP", "ENCODING", &*text],
        )
    })
}

/// The encoding and the data of a conversion.
fn arguments<'w>(
    interp: &mut Interp,
    words: &'w [Value],
) -> Result<(Encoding, &'w Value), Box<Exception>> {
    match words {
        [_, name, data] => Ok((find(name)?, data)),
        [_, data] => Ok((system(interp), data)),
        _ => Err(Exception::wrong_args(
            "encoding convertfrom ?encoding? data",
        )),
    }
}

fn convertfrom(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let (encoding, data) = arguments(interp, words)?;
    let bytes = data.to_bytes();
    if encoding == Encoding::LATIN_1 && data.is_bytes() {
        return done(data.clone());
    }
    let mut text = String::with_capacity(bytes.as_slice().len());
    encoding.decode(bytes.as_slice(), &mut text, true);
    done(text)
}

fn convertto(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let (encoding, data) = arguments(interp, words)?;
    if encoding == Encoding::LATIN_1 && data.is_bytes() {
        return done(data.clone());
    }
    let text = data.str();
    let mut bytes = Vec::with_capacity(text.len());
    encoding.encode(&text, &mut bytes);
    done(Value::bytes(bytes))
}

fn dirs(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let settings = interp.data::<Settings>();
    let Some(list) = words.get(1) else {
        return done(settings.dirs.borrow().clone());
    };
    if list.to_list().is_err() {
        return Err(Exception::with_code(
            format!("expected directory list but got \"{list}\""),
            ["TCL", "OPERATION", "ENCODING", "BADPATH"],
        ));
    }
    settings.dirs.replace(list.clone());
    done(list.clone())
}

fn names(_interp: &mut Interp, _words: &[Value]) -> CommandResult {
    let mut names: Vec<&str> = Encoding::names().collect();
    names.sort_unstable();
    done(names.into_iter().map(Value::text).collect::<Vec<_>>())
}

fn system_command(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let Some(name) = words.get(1) else {
        return done(system(interp).name());
    };
    // Tcl's word for its default.
    let encoding = if name.is_empty() {
        Encoding::LATIN_1
    } else {
        find(name)?
    };
    interp.data::<Settings>().system.set(Some(encoding));
    done_empty()
}
