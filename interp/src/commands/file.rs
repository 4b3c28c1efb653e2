//! `file`: names of files, and questions about them. What changes files is in `file/change.rs`, attributes and times are
//! in `file/attributes.rs`.

mod attributes;
mod change;

use std::os::unix::fs::{FileTypeExt, MetadataExt};

use rustix::fs::Access;

use self::attributes::{atime, attributes, lstat, mtime, stat};
use self::change::{copy, delete, link, mkdir, rename, tempfile};
use super::channel::{failed, names};
use crate::channel::{ChannelError, Errno, path};
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, done};
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[Builtin::ensemble(
    "file",
    &[
        Builtin::new("atime", "name ?time?", 1, 2, atime).unsafe_for_children(),
        Builtin::new("attributes", "name ?-option value ...?", 1, ANY, attributes)
            .unsafe_for_children(),
        Builtin::new("channels", "?pattern?", 0, 1, channels),
        Builtin::new(
            "copy",
            "?-option value ...? source ?source ...? target",
            0,
            ANY,
            copy,
        )
        .unsafe_for_children(),
        Builtin::new(
            "delete",
            "?-option value ...? file ?file ...?",
            0,
            ANY,
            delete,
        )
        .unsafe_for_children(),
        Builtin::new("dirname", "name", 1, 1, dirname).unsafe_for_children(),
        Builtin::new("executable", "name", 1, 1, executable).unsafe_for_children(),
        Builtin::new("exists", "name", 1, 1, exists).unsafe_for_children(),
        Builtin::new("extension", "name", 1, 1, extension).unsafe_for_children(),
        Builtin::new("isdirectory", "name", 1, 1, isdirectory).unsafe_for_children(),
        Builtin::new("isfile", "name", 1, 1, isfile).unsafe_for_children(),
        Builtin::new("join", "name ?name ...?", 1, ANY, join),
        Builtin::new("link", "?-linktype? linkname ?target?", 1, 3, link).unsafe_for_children(),
        Builtin::new("lstat", "name varName", 2, 2, lstat).unsafe_for_children(),
        Builtin::new("mkdir", "?dir ...?", 0, ANY, mkdir).unsafe_for_children(),
        Builtin::new("mtime", "name ?time?", 1, 2, mtime).unsafe_for_children(),
        Builtin::new("nativename", "name", 1, 1, nativename).unsafe_for_children(),
        Builtin::new("normalize", "name", 1, 1, normalize).unsafe_for_children(),
        Builtin::new("owned", "name", 1, 1, owned).unsafe_for_children(),
        Builtin::new("pathtype", "name", 1, 1, pathtype),
        Builtin::new("readable", "name", 1, 1, readable).unsafe_for_children(),
        Builtin::new("readlink", "name", 1, 1, readlink).unsafe_for_children(),
        Builtin::new(
            "rename",
            "?-option value ...? source ?source ...? target",
            0,
            ANY,
            rename,
        )
        .unsafe_for_children(),
        Builtin::new("rootname", "name", 1, 1, rootname).unsafe_for_children(),
        Builtin::new("separator", "?name?", 0, 1, separator),
        Builtin::new("size", "name", 1, 1, size).unsafe_for_children(),
        Builtin::new("split", "name", 1, 1, split),
        Builtin::new("stat", "name varName", 2, 2, stat).unsafe_for_children(),
        Builtin::new("system", "name", 1, 1, system),
        Builtin::new("tail", "name", 1, 1, tail).unsafe_for_children(),
        Builtin::new("tempfile", "?nameVar? ?template?", 0, 2, tempfile).unsafe_for_children(),
        Builtin::new("type", "name", 1, 1, type_).unsafe_for_children(),
        Builtin::new("volumes", "", 0, 0, volumes).unsafe_for_children(),
        Builtin::new("writable", "name", 1, 1, writable).unsafe_for_children(),
    ],
)];

/// The text of the argument; the dispatcher has counted the words.
fn argument(words: &[Value]) -> String {
    words.get(1).map_or_else(String::new, Value::to_text)
}

/// The name of a file as the system wants it, `~` replaced.
fn native(interp: &mut Interp, name: &str) -> Result<std::ffi::OsString, Box<Exception>> {
    path::native(name)
        .map_err(|error| failed(interp, &error, &format!("could not read \"{name}\"")))
}

/// `could not read "name": …` and the like.
fn system_error(interp: &mut Interp, what: &str, error: &std::io::Error) -> Box<Exception> {
    failed(interp, &ChannelError::Posix(Errno::of(error)), what)
}

/// The result of a function of names that may not know a user.
fn of_name(interp: &mut Interp, result: Result<String, ChannelError>) -> CommandResult {
    match result {
        Ok(text) => done(Value::string(text)),
        Err(error) => Err(failed(interp, &error, "")),
    }
}

// Names

fn channels(interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(names(interp, words.get(1)))
}

fn dirname(interp: &mut Interp, words: &[Value]) -> CommandResult {
    of_name(interp, path::dirname(&argument(words)))
}

fn tail(interp: &mut Interp, words: &[Value]) -> CommandResult {
    of_name(interp, path::tail(&argument(words)))
}

fn extension(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(Value::text(path::extension(&argument(words))))
}

fn rootname(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(Value::text(path::rootname(&argument(words))))
}

fn join(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let parts: Vec<String> = words.iter().skip(1).map(Value::to_text).collect();
    done(Value::string(path::join(parts.iter().map(String::as_str))))
}

fn split(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(Value::list(
        path::split(&argument(words))
            .into_iter()
            .map(Value::string)
            .collect(),
    ))
}

fn nativename(interp: &mut Interp, words: &[Value]) -> CommandResult {
    of_name(interp, path::native_name(&argument(words)))
}

fn normalize(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let directory = std::env::current_dir().unwrap_or_else(|_| "/".into());
    of_name(interp, path::normalize(&argument(words), &directory))
}

fn pathtype(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(Value::text(match path::path_type(&argument(words)) {
        path::PathType::Absolute => "absolute",
        path::PathType::Relative => "relative",
    }))
}

/// No file system knows the empty name.
fn check_known(words: &[Value]) -> Result<(), Box<Exception>> {
    if words.get(1).is_some_and(Value::is_empty) {
        const CODE: [&str; 4] = ["TCL", "LOOKUP", "FILESYSTEM", ""];
        return Err(Exception::with_code("unrecognised path", CODE));
    }
    Ok(())
}

fn separator(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    check_known(words)?;
    done(Value::text("/"))
}

fn system(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    check_known(words)?;
    done(Value::text("native"))
}

fn volumes(_interp: &mut Interp, _words: &[Value]) -> CommandResult {
    done(Value::text("/"))
}

// Questions

fn may(words: &[Value], access: Access) -> CommandResult {
    let allowed = path::native(&argument(words))
        .is_ok_and(|name| rustix::fs::access(name.as_os_str(), access).is_ok());
    done(Value::boolean(allowed))
}

fn exists(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    may(words, Access::EXISTS)
}

fn readable(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    may(words, Access::READ_OK)
}

fn writable(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    may(words, Access::WRITE_OK)
}

fn executable(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    may(words, Access::EXEC_OK)
}

/// Asks about the file that a name leads to; a file that does not exist answers no.
fn is(words: &[Value], question: fn(&std::fs::Metadata) -> bool) -> CommandResult {
    let metadata = path::native(&argument(words))
        .ok()
        .and_then(|name| std::fs::metadata(name).ok());
    done(Value::boolean(
        metadata.is_some_and(|metadata| question(&metadata)),
    ))
}

fn isdirectory(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    is(words, std::fs::Metadata::is_dir)
}

fn isfile(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    is(words, std::fs::Metadata::is_file)
}

fn owned(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    is(words, |metadata| {
        metadata.uid() == rustix::process::geteuid().as_raw()
    })
}

/// What is known of a file; of the link itself if `is_link`. Errors: `could not read "name": …`.
fn metadata(
    interp: &mut Interp,
    name: &str,
    is_link: bool,
) -> Result<std::fs::Metadata, Box<Exception>> {
    let native = native(interp, name)?;
    let found = if is_link {
        std::fs::symlink_metadata(native)
    } else {
        std::fs::metadata(native)
    };
    found.map_err(|error| system_error(interp, &format!("could not read \"{name}\""), &error))
}

fn size(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let metadata = metadata(interp, &argument(words), false)?;
    done(Value::int(
        i64::try_from(metadata.len()).unwrap_or(i64::MAX),
    ))
}

fn type_(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let metadata = metadata(interp, &argument(words), true)?;
    done(Value::text(type_name(&metadata)))
}

fn type_name(metadata: &std::fs::Metadata) -> &'static str {
    let file_type = metadata.file_type();
    match () {
        () if file_type.is_file() => "file",
        () if file_type.is_dir() => "directory",
        () if file_type.is_symlink() => "link",
        () if file_type.is_char_device() => "characterSpecial",
        () if file_type.is_block_device() => "blockSpecial",
        () if file_type.is_fifo() => "fifo",
        () if file_type.is_socket() => "socket",
        () => "unknown",
    }
}

fn readlink(interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(link_target(interp, &argument(words))?)
}

/// Where a link leads. Errors: `could not read link "name": …`.
fn link_target(interp: &mut Interp, name: &str) -> Result<Value, Box<Exception>> {
    let native = native(interp, name)?;
    // A final slash asks for what the link leads to, which is no link.
    match std::fs::read_link(native) {
        Ok(target) => Ok(Value::text(&path::from_os(target.as_os_str()))),
        Err(error) => Err(system_error(
            interp,
            &format!("could not read link \"{name}\""),
            &error,
        )),
    }
}
