//! `encoding`: the encodings themselves are in [`crate::channel::Encoding`].

use std::path::PathBuf;

use crate::channel::{Encoding, path, set_encoding_folders, set_system_encoding, system_encoding};
use crate::runtime::{Builtin, CommandResult, Exception, Interp, done, done_empty};
use crate::value::Value;
use std::sync::{PoisonError, RwLock};

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

/// What `encoding dirs` shows, as text: values do not cross threads.
static SHOWN_FOLDERS: RwLock<String> = RwLock::new(String::new());

/// Sets the folders of `encoding dirs` to the one beside Tcl's scripts, unless they are set already.
pub(crate) fn prepare(library: &Value) {
    let is_set = !shown_folders().is_empty();
    if !is_set {
        let folder = Value::string(format!("{library}/encoding"));
        set_folders(&Value::list(vec![folder.clone()]), &[folder]);
    }
}

fn shown_folders() -> String {
    let shown = SHOWN_FOLDERS.read().unwrap_or_else(PoisonError::into_inner);
    shown.clone()
}

fn set_folders(list: &Value, folders: &[Value]) {
    let paths = folders
        .iter()
        .filter_map(|folder| path::native(&folder.str()).ok());
    set_encoding_folders(paths.map(PathBuf::from).collect());
    *SHOWN_FOLDERS
        .write()
        .unwrap_or_else(PoisonError::into_inner) = list.to_text();
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
fn arguments(words: &[Value]) -> Result<(Encoding, &Value), Box<Exception>> {
    match words {
        [_, name, data] => Ok((find(name)?, data)),
        [_, data] => Ok((system_encoding(), data)),
        _ => Err(Exception::wrong_args(
            "encoding convertfrom ?encoding? data",
        )),
    }
}

fn convertfrom(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let (encoding, data) = arguments(words)?;
    let bytes = data.to_bytes();
    if encoding == Encoding::LATIN_1 && data.is_bytes() {
        return done(data.clone());
    }
    let mut text = String::with_capacity(bytes.as_slice().len());
    encoding.decode(bytes.as_slice(), &mut text, true);
    done(text)
}

fn convertto(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let (encoding, data) = arguments(words)?;
    if encoding == Encoding::LATIN_1 && data.is_bytes() {
        return done(data.clone());
    }
    let text = data.str();
    let mut bytes = Vec::with_capacity(text.len());
    encoding.encode(&text, &mut bytes);
    done(Value::bytes(bytes))
}

fn dirs(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let Some(list) = words.get(1) else {
        return done(shown_folders());
    };
    let Ok(folders) = list.to_list() else {
        return Err(Exception::with_code(
            format!("expected directory list but got \"{list}\""),
            ["TCL", "OPERATION", "ENCODING", "BADPATH"],
        ));
    };
    set_folders(list, folders.elements());
    done(list.clone())
}

fn names(_interp: &mut Interp, _words: &[Value]) -> CommandResult {
    let names = Encoding::names().into_iter().map(Value::string);
    done(names.collect::<Vec<_>>())
}

fn system_command(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let Some(name) = words.get(1) else {
        return done(system_encoding().name());
    };
    // Tcl's word for its default.
    let encoding = if name.is_empty() {
        Encoding::LATIN_1
    } else {
        find(name)?
    };
    set_system_encoding(encoding);
    done_empty()
}
