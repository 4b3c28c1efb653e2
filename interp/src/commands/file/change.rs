//! What makes, moves and removes files: `file copy`, `rename`, `delete`, `mkdir`, `link`, `tempfile`.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::Mode;

use super::{link_target, native, system_error};
use crate::channel::{ChannelError, Errno, FileAccess, open_file, path};
use crate::commands::channel::failed;
use crate::commands::option;
use crate::runtime::{CommandResult, Exception, Interp, done, done_empty};
use crate::value::Value;

/// Deepest tree that is copied or removed. The system's own limit on names is near half of it.
const DEPTH_MAX: usize = 2048;

/// Most names that `file tempfile` tries.
const TEMPORARY_TRIES_MAX: u32 = 1000;

/// The options of `file copy`, `rename` and `delete`: whether `-force` is among them, and the words after them.
fn forced(words: &[Value]) -> Result<(bool, &[Value]), Box<Exception>> {
    let mut arguments = words.get(1..).unwrap_or_default();
    let mut is_forced = false;
    while let [first, rest @ ..] = arguments
        && first.str().starts_with('-')
    {
        let number = option(first, &["-force", "--"], "option")?;
        arguments = rest;
        if number == 1 {
            break;
        }
        is_forced = true;
    }
    Ok((is_forced, arguments))
}

/// What went wrong with one file, with the name of the file below that it happened to, if it is another one.
struct Failure {
    error: io::Error,
    at: Option<PathBuf>,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure { error, at: None }
    }
}

fn io_error(errno: rustix::io::Errno) -> io::Error {
    errno.into()
}

// copy and rename

pub(super) fn copy(interp: &mut Interp, words: &[Value]) -> CommandResult {
    transfer(interp, words, true)
}

pub(super) fn rename(interp: &mut Interp, words: &[Value]) -> CommandResult {
    transfer(interp, words, false)
}

fn transfer(interp: &mut Interp, words: &[Value], is_copy: bool) -> CommandResult {
    let (command, doing) = if is_copy {
        ("copy", "copying")
    } else {
        ("rename", "renaming")
    };
    let (is_forced, names) = forced(words)?;
    let Some((target, sources)) = names
        .split_last()
        .filter(|(_, sources)| !sources.is_empty())
    else {
        let usage = format!("file {command} ?-option value ...? source ?source ...? target");
        return Err(Exception::wrong_args(&usage));
    };
    let target = target.to_text();
    let native_target = native(interp, &target)?;
    let is_directory = std::fs::metadata(&native_target).is_ok_and(|metadata| metadata.is_dir());
    if sources.len() > 1 && !is_directory {
        let error = ChannelError::posix(
            format_args!("error {doing}: target \"{target}\" is not a directory"),
            rustix::io::Errno::NOTDIR.into(),
        );
        // The system's words are not repeated.
        let ChannelError::Message { code, .. } = error else {
            return done_empty();
        };
        let text = format!("error {doing}: target \"{target}\" is not a directory");
        return Err(failed(interp, &ChannelError::Message { text, code }, ""));
    }
    for source in sources {
        let source = source.to_text();
        let destination = if is_directory {
            let last = path::tail(&source).map_err(|error| failed(interp, &error, ""))?;
            path::join([target.as_str(), last.as_str()])
        } else {
            target.clone()
        };
        transfer_one(interp, &source, &destination, is_copy, is_forced)?;
    }
    done_empty()
}

fn transfer_one(
    interp: &mut Interp,
    source: &str,
    destination: &str,
    is_copy: bool,
    is_forced: bool,
) -> Result<(), Box<Exception>> {
    let doing = if is_copy { "copying" } else { "renaming" };
    let from = native(interp, source)?;
    let to = native(interp, destination)?;
    let both = format!("error {doing} \"{source}\" to \"{destination}\"");
    let source_metadata = std::fs::symlink_metadata(&from)
        .map_err(|error| system_error(interp, &format!("error {doing} \"{source}\""), &error))?;
    if destination.is_empty() {
        return Err(system_error(
            interp,
            &both,
            &io_error(rustix::io::Errno::NOENT),
        ));
    }
    if let Ok(present) = std::fs::symlink_metadata(&to) {
        if !is_forced {
            return Err(system_error(
                interp,
                &both,
                &io_error(rustix::io::Errno::EXIST),
            ));
        }
        check_kinds(source, &source_metadata, destination, &present)?;
        if is_same(&source_metadata, &present) {
            return Ok(());
        }
    }
    let result = if !is_copy && from == "/" {
        // The system calls the root busy.
        Err(io_error(rustix::io::Errno::INVAL).into())
    } else if is_copy {
        copy_tree(interp, Path::new(&from), Path::new(&to))
    } else {
        move_tree(
            interp,
            Path::new(&from),
            Path::new(&to),
            source_metadata.is_dir(),
        )
    };
    match result {
        Ok(()) => Ok(()),
        Err(failure)
            if failure.error.raw_os_error() == Some(rustix::io::Errno::INVAL.raw_os_error())
                && !is_copy =>
        {
            Err(Exception::error(format!(
                "{both}: trying to rename a volume or move a directory into itself"
            )))
        }
        Err(Failure {
            error,
            at: Some(at),
        }) if at.as_os_str() == from => {
            let what = format!("error {doing} \"{source}\"");
            Err(system_error(interp, &what, &error))
        }
        Err(Failure {
            error,
            at: Some(at),
        }) if at.as_os_str() != to => {
            let what = format!("{both}: \"{}\"", path::from_os(at.as_os_str()));
            Err(system_error(interp, &what, &error))
        }
        Err(Failure { error, .. }) => Err(system_error(interp, &both, &error)),
    }
}

/// Files and directories do not replace one another.
fn check_kinds(
    source: &str,
    source_metadata: &std::fs::Metadata,
    destination: &str,
    present: &std::fs::Metadata,
) -> Result<(), Box<Exception>> {
    match (source_metadata.is_dir(), present.is_dir()) {
        (true, false) => Err(Exception::error(format!(
            "can't overwrite file \"{destination}\" with directory \"{source}\""
        ))),
        (false, true) => Err(Exception::error(format!(
            "can't overwrite directory \"{destination}\" with file \"{source}\""
        ))),
        _ => Ok(()),
    }
}

fn is_same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    one.ino() == other.ino() && one.dev() == other.dev()
}

/// Moves a file or tree; by copying and removing where the two ends are on different file systems.
fn move_tree(
    interp: &mut Interp,
    from: &Path,
    to: &Path,
    is_directory: bool,
) -> Result<(), Failure> {
    match std::fs::rename(from, to) {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::XDEV.raw_os_error()) => {
            copy_tree(interp, from, to)?;
            if is_directory {
                remove_tree(interp, from)
            } else {
                Ok(std::fs::remove_file(from)?)
            }
        }
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NOTEMPTY.raw_os_error()) => {
            Err(io_error(rustix::io::Errno::EXIST).into())
        }
        other => Ok(other?),
    }
}

/// Copies a file, a link or a whole tree.
fn copy_tree(interp: &mut Interp, from: &Path, to: &Path) -> Result<(), Failure> {
    let top = std::fs::symlink_metadata(from)?;
    if !top.is_dir() {
        return Ok(copy_file(from, to, &top)?);
    }
    if to.is_dir() && std::fs::read_dir(to)?.next().is_some() {
        return Err(io_error(rustix::io::Errno::EXIST).into());
    }
    if is_inside(to, from) {
        return Err(io_error(rustix::io::Errno::INVAL).into());
    }
    let mut pending = vec![(from.to_owned(), to.to_owned(), 0)];
    // Directories get their permissions last, since they may forbid to fill them.
    let mut made = Vec::new();
    while let Some((from, to, depth)) = pending.pop() {
        let failure = |error: io::Error, at: &Path| Failure {
            error,
            at: Some(at.to_owned()),
        };
        let at_source = |error: io::Error| failure(error, &from);
        let at_target = |error: io::Error| failure(error, &to);
        let metadata = std::fs::symlink_metadata(&from).map_err(at_source)?;
        if !metadata.is_dir() {
            copy_file(&from, &to, &metadata).map_err(at_target)?;
            continue;
        }
        if depth > DEPTH_MAX {
            return Err(at_target(io_error(rustix::io::Errno::NAMETOOLONG)));
        }
        let entries = std::fs::read_dir(&from).map_err(at_source)?;
        if !to.is_dir() {
            std::fs::create_dir(&to).map_err(at_target)?;
        }
        for entry in entries {
            let name = entry.map_err(at_source)?.file_name();
            pending.push((from.join(&name), to.join(&name), depth + 1));
        }
        made.push((to, metadata));
        if interp.check_safepoint().is_err() {
            return Err(io_error(rustix::io::Errno::INTR).into());
        }
    }
    for (directory, metadata) in made.into_iter().rev() {
        let _ = keep_attributes(&directory, &metadata);
    }
    Ok(())
}

/// Whether `path` lies below `directory`.
fn is_inside(path: &Path, directory: &Path) -> bool {
    let Ok(directory) = directory.canonicalize() else {
        return false;
    };
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    parent
        .canonicalize()
        .is_ok_and(|parent| parent.starts_with(directory))
}

fn copy_file(from: &Path, to: &Path, metadata: &std::fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
    let file_type = metadata.file_type();
    if std::fs::symlink_metadata(to).is_ok() {
        std::fs::remove_file(to)?;
    }
    if file_type.is_symlink() {
        return std::os::unix::fs::symlink(std::fs::read_link(from)?, to);
    }
    if file_type.is_file() {
        std::fs::copy(from, to)?;
    } else {
        let kind = match () {
            () if file_type.is_fifo() => rustix::fs::FileType::Fifo,
            () if file_type.is_block_device() => rustix::fs::FileType::BlockDevice,
            () => rustix::fs::FileType::CharacterDevice,
        };
        let mode = Mode::from_raw_mode(metadata.permissions().mode() & 0o7777);
        rustix::fs::mknodat(rustix::fs::CWD, to, kind, mode, metadata.rdev())?;
    }
    keep_attributes(to, metadata)
}

/// Times and permissions of a copy are the original's.
fn keep_attributes(to: &Path, metadata: &std::fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    std::fs::set_permissions(to, metadata.permissions())?;
    let times = rustix::fs::Timestamps {
        last_access: rustix::fs::Timespec {
            tv_sec: metadata.atime(),
            tv_nsec: metadata.atime_nsec(),
        },
        last_modification: rustix::fs::Timespec {
            tv_sec: metadata.mtime(),
            tv_nsec: metadata.mtime_nsec(),
        },
    };
    rustix::fs::utimensat(rustix::fs::CWD, to, &times, rustix::fs::AtFlags::empty())?;
    Ok(())
}

// delete

pub(super) fn delete(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let (is_forced, names) = forced(words)?;
    for name in names {
        let name = name.to_text();
        let native = native(interp, &name)?;
        if let Err(failure) = delete_one(interp, &native, is_forced) {
            let what = match &failure.at {
                Some(at) if at.as_os_str() != native.as_os_str() => {
                    format!(
                        "error deleting \"{name}\": \"{}\"",
                        path::from_os(at.as_os_str())
                    )
                }
                _ => format!("error deleting \"{name}\""),
            };
            return Err(deletion_failed(interp, &what, &failure.error));
        }
    }
    done_empty()
}

/// tclsh shows a directory that is not empty by these words and the code of a file that exists.
fn deletion_failed(interp: &mut Interp, what: &str, error: &io::Error) -> Box<Exception> {
    let errno = Errno::of(error);
    if errno == rustix::io::Errno::NOTEMPTY.into() || errno == rustix::io::Errno::EXIST.into() {
        let text = format!("{what}: directory not empty");
        let code = Errno::from(rustix::io::Errno::EXIST).error_code().to_vec();
        return failed(interp, &ChannelError::Message { text, code }, "");
    }
    system_error(interp, what, error)
}

fn delete_one(interp: &mut Interp, name: &OsStr, is_forced: bool) -> Result<(), Failure> {
    let metadata = match std::fs::symlink_metadata(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    if !metadata.is_dir() {
        return Ok(std::fs::remove_file(name)?);
    }
    if is_forced {
        remove_tree(interp, Path::new(name))
    } else {
        Ok(std::fs::remove_dir(name)?)
    }
}

/// Lets its owner into a directory that is to be removed, as tclsh does with the topmost one.
fn make_usable(directory: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if let Ok(metadata) = std::fs::metadata(directory) {
        let mut permissions = metadata.permissions();
        permissions.set_mode(permissions.mode() | 0o700);
        let _ = std::fs::set_permissions(directory, permissions);
    }
}

/// Removes a directory and all in it. Links are removed, not followed.
fn remove_tree(interp: &mut Interp, top: &Path) -> Result<(), Failure> {
    make_usable(top);
    let mut pending = vec![(top.to_owned(), false)];
    while let Some((directory, is_emptied)) = pending.pop() {
        let at = |error: io::Error| Failure {
            error,
            at: Some(directory.clone()),
        };
        if is_emptied {
            std::fs::remove_dir(&directory).map_err(at)?;
            continue;
        }
        if pending.len() > DEPTH_MAX * DEPTH_MAX {
            return Err(at(io_error(rustix::io::Errno::NAMETOOLONG)));
        }
        pending.push((directory.clone(), true));
        for entry in std::fs::read_dir(&directory).map_err(at)? {
            let entry = entry.map_err(at)?;
            let path = entry.path();
            if entry.file_type().map_err(at)?.is_dir() {
                pending.push((path, false));
            } else {
                std::fs::remove_file(&path).map_err(|error| Failure {
                    error,
                    at: Some(path),
                })?;
            }
        }
        if interp.check_safepoint().is_err() {
            return Err(io_error(rustix::io::Errno::INTR).into());
        }
    }
    Ok(())
}

// mkdir

pub(super) fn mkdir(interp: &mut Interp, words: &[Value]) -> CommandResult {
    for name in words.iter().skip(1) {
        let name = name.to_text();
        native(interp, &name)?;
        let mut whole = String::new();
        let parts = path::split(&name);
        if parts.is_empty() {
            let what = format!("can't create directory \"{name}\"");
            return Err(system_error(
                interp,
                &what,
                &io_error(rustix::io::Errno::NOENT),
            ));
        }
        for part in parts {
            whole = if whole.is_empty() {
                part
            } else {
                path::join([whole.as_str(), part.as_str()])
            };
            make_directory(interp, &whole)?;
        }
    }
    done_empty()
}

fn make_directory(interp: &mut Interp, name: &str) -> Result<(), Box<Exception>> {
    let native = native(interp, name)?;
    let what = format!("can't create directory \"{name}\"");
    match std::fs::metadata(&native) {
        Ok(metadata) if metadata.is_dir() => return Ok(()),
        Ok(_) => {
            return Err(system_error(
                interp,
                &what,
                &io_error(rustix::io::Errno::EXIST),
            ));
        }
        Err(_) => {}
    }
    match std::fs::create_dir(&native) {
        Ok(()) => Ok(()),
        // Somebody else was faster.
        Err(error)
            if error.kind() == io::ErrorKind::AlreadyExists && Path::new(&native).is_dir() =>
        {
            Ok(())
        }
        Err(error) => Err(system_error(interp, &what, &error)),
    }
}

// link

pub(super) fn link(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let (kind, name, target) = match words {
        [_, name] => return done(link_target(interp, &name.to_text())?),
        [_, name, target] => (0, name, target),
        [_, first, name, target] => (
            option(first, &["-symbolic", "-hard"], "option")?,
            name,
            target,
        ),
        _ => return done_empty(),
    };
    let (name, target_text) = (name.to_text(), target.to_text());
    let native_name = native(interp, &name)?;
    let what = format!("could not create new link \"{name}\"");
    if std::fs::symlink_metadata(&native_name).is_ok() {
        let code = Errno::from(rustix::io::Errno::EXIST).error_code().to_vec();
        let text = format!("{what}: that path already exists");
        return Err(failed(interp, &ChannelError::Message { text, code }, ""));
    }
    let native_target = native(interp, &target_text)?;
    let seen = seen_from(&native_name, &native_target);
    if std::fs::symlink_metadata(if kind == 0 {
        seen.as_os_str()
    } else {
        native_target.as_os_str()
    })
    .is_err()
    {
        return Err(missing_target(
            interp,
            &name,
            &what,
            &native_name,
            &target_text,
        ));
    }
    let made = if kind == 0 {
        std::os::unix::fs::symlink(&native_target, &native_name)
    } else {
        std::fs::hard_link(&native_target, &native_name)
    };
    match made {
        Ok(()) => done(target.clone()),
        Err(error) => {
            let what = format!("{what} pointing to \"{target_text}\"");
            Err(system_error(interp, &what, &error))
        }
    }
}

/// A relative target counts from the link's own directory.
fn seen_from(link: &OsString, target: &OsString) -> PathBuf {
    match Path::new(link).parent() {
        Some(directory) if Path::new(target).is_relative() => directory.join(target),
        _ => PathBuf::from(target),
    }
}

/// The link's own directory may be what is missing.
fn missing_target(
    interp: &mut Interp,
    _name: &str,
    what: &str,
    native_name: &OsString,
    target: &str,
) -> Box<Exception> {
    let directory = Path::new(native_name)
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let missing = io_error(rustix::io::Errno::NOENT);
    if directory.is_some_and(|directory| !directory.is_dir()) {
        return system_error(interp, what, &missing);
    }
    let code = Errno::from(rustix::io::Errno::NOENT).error_code().to_vec();
    let text = format!("{what}: target \"{target}\" doesn't exist");
    failed(interp, &ChannelError::Message { text, code }, "")
}

// tempfile

pub(super) fn tempfile(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let template = words.get(2).map_or_else(String::new, Value::to_text);
    let default_directory = || {
        let directory = std::env::var_os("TMPDIR").filter(|name| Path::new(name).is_dir());
        directory.map_or_else(
            || "/tmp".to_owned(),
            |name| path::from_os(&name).into_owned(),
        )
    };
    let (directory, last) = match template.rfind('/') {
        Some(index) => {
            let (directory, rest) = template.split_at(index);
            (
                directory.to_owned(),
                rest.trim_start_matches('/').to_owned(),
            )
        }
        None => (default_directory(), template.clone()),
    };
    let directory = if directory.is_empty() {
        default_directory()
    } else {
        directory
    };
    let base = if last.is_empty() {
        "tcl".to_owned()
    } else {
        path::rootname(&last).to_owned()
    };
    let suffix = path::extension(&last).to_owned();
    let access = FileAccess::from_flags(["RDWR", "CREAT", "EXCL"])
        .map_err(|error| failed(interp, &error, ""))?;
    let mut last_error = None;
    for _ in 0..TEMPORARY_TRIES_MAX {
        let name = format!("{directory}/{base}_{}{suffix}", random_letters());
        match open_file(&name, access, 0o600) {
            Ok(channel) => {
                if let Some(variable) = words.get(1) {
                    interp.variable_set(variable, Value::string(name))?;
                } else {
                    // Nobody knows its name: it goes when it is closed.
                    let _ = rustix::fs::unlink(path::to_os(&name));
                }
                return done(interp.add_channel(channel)?);
            }
            Err(error) => {
                let exists = error
                    .error_code()
                    .get(1)
                    .is_some_and(|symbol| symbol == "EEXIST");
                last_error = Some(error);
                if !exists {
                    break;
                }
            }
        }
    }
    let code = last_error.map_or_else(Vec::new, |error| error.error_code());
    let words = code.last().cloned().unwrap_or_default();
    let text = format!("can't create temporary file: {words}");
    Err(failed(interp, &ChannelError::Message { text, code }, ""))
}

/// Six letters that nobody else has tried, most likely.
fn random_letters() -> String {
    use std::hash::{BuildHasher, Hasher};
    const LETTERS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let mut number = std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish();
    let mut letters = String::new();
    for _ in 0..6 {
        let index = usize::try_from(number % 62).unwrap_or(0);
        letters.push(char::from(LETTERS.get(index).copied().unwrap_or(b'x')));
        number /= 62;
    }
    letters
}
