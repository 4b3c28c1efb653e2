//! `file stat`, `lstat`, `atime`, `mtime` and `attributes`.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use rustix::fs::{CWD, Timespec, Timestamps};

use super::{argument, metadata, native, system_error, type_name};
use crate::commands::option;
use crate::runtime::integer::wide_of;
use crate::runtime::{CommandResult, Exception, Interp, done, done_empty};
use crate::value::Value;

/// Most bytes of `/etc/passwd` and `/etc/group` that are looked through.
const NAMES_BYTES_MAX: u64 = 1 << 24;

const ATTRIBUTES: [&str; 3] = ["-group", "-owner", "-permissions"];

pub(super) fn stat(interp: &mut Interp, words: &[Value]) -> CommandResult {
    store(interp, words, false)
}

pub(super) fn lstat(interp: &mut Interp, words: &[Value]) -> CommandResult {
    store(interp, words, true)
}

fn store(interp: &mut Interp, words: &[Value], is_link: bool) -> CommandResult {
    let metadata = metadata(interp, &argument(words), is_link)?;
    let Some(variable) = words.get(2) else {
        return done_empty();
    };
    let number = |number: u64| Value::int(i64::try_from(number).unwrap_or(i64::MAX));
    let values = [
        ("dev", number(metadata.dev())),
        ("ino", number(metadata.ino())),
        ("nlink", number(metadata.nlink())),
        ("uid", number(metadata.uid().into())),
        ("gid", number(metadata.gid().into())),
        ("size", number(metadata.size())),
        ("blocks", number(metadata.blocks())),
        ("blksize", number(metadata.blksize())),
        ("atime", Value::int(metadata.atime())),
        ("mtime", Value::int(metadata.mtime())),
        ("ctime", Value::int(metadata.ctime())),
        ("mode", number(metadata.mode().into())),
        ("type", Value::text(type_name(&metadata))),
    ];
    for (key, value) in values {
        interp.element_set(variable, &Value::text(key), value)?;
    }
    done_empty()
}

pub(super) fn atime(interp: &mut Interp, words: &[Value]) -> CommandResult {
    time(interp, words, true)
}

pub(super) fn mtime(interp: &mut Interp, words: &[Value]) -> CommandResult {
    time(interp, words, false)
}

fn time(interp: &mut Interp, words: &[Value], is_access: bool) -> CommandResult {
    let name = argument(words);
    let found = metadata(interp, &name, false)?;
    let Some(value) = words.get(2) else {
        return done(Value::int(if is_access {
            found.atime()
        } else {
            found.mtime()
        }));
    };
    let seconds = wide_of(value)?;
    let new = Timespec {
        tv_sec: seconds,
        tv_nsec: 0,
    };
    let keep = |seconds: i64, nanoseconds: i64| Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds,
    };
    let times = if is_access {
        Timestamps {
            last_access: new,
            last_modification: keep(found.mtime(), found.mtime_nsec()),
        }
    } else {
        Timestamps {
            last_access: keep(found.atime(), found.atime_nsec()),
            last_modification: new,
        }
    };
    let native = native(interp, &name)?;
    if let Err(errno) = rustix::fs::utimensat(
        CWD,
        native.as_os_str(),
        &times,
        rustix::fs::AtFlags::empty(),
    ) {
        let which = if is_access { "access" } else { "modification" };
        return Err(system_error(
            interp,
            &format!("could not set {which} time for file \"{name}\""),
            &errno.into(),
        ));
    }
    done(Value::int(seconds))
}

pub(super) fn attributes(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let name = argument(words);
    match words.get(2..).unwrap_or_default() {
        [] => {
            let mut all = Vec::new();
            for (number, option) in ATTRIBUTES.iter().enumerate() {
                all.push(Value::text(option));
                all.push(get(interp, &name, number)?);
            }
            done(Value::list(all))
        }
        [word] => {
            let number = option(word, &ATTRIBUTES, "option")?;
            done(get(interp, &name, number)?)
        }
        pairs => {
            for pair in pairs.chunks(2) {
                let Some(word) = pair.first() else { break };
                let number = option(word, &ATTRIBUTES, "option")?;
                let Some(value) = pair.get(1) else {
                    return Err(Exception::with_code(
                        format!("value for \"{}\" missing", &*word.str()),
                        ["TCL", "OPERATION", "FATTR", "NOVALUE"],
                    ));
                };
                set(interp, &name, number, value)?;
            }
            done_empty()
        }
    }
}

fn get(interp: &mut Interp, name: &str, number: usize) -> Result<Value, Box<Exception>> {
    let metadata = metadata(interp, name, false)?;
    Ok(match number {
        0 => Value::string(name_of("/etc/group", metadata.gid())),
        1 => Value::string(name_of("/etc/passwd", metadata.uid())),
        _ => Value::string(format!("{:05o}", metadata.permissions().mode() & 0o7777)),
    })
}

fn set(
    interp: &mut Interp,
    name: &str,
    number: usize,
    value: &Value,
) -> Result<(), Box<Exception>> {
    match number {
        2 => set_permissions(interp, name, value),
        _ => set_owner(interp, name, number == 0, value),
    }
}

/// A file of names and numbers, `name:x:number:…`.
fn names_file(file: &str) -> String {
    use std::io::Read;
    let mut bytes = Vec::new();
    if let Ok(file) = std::fs::File::open(file) {
        // A file that cannot be read names nobody.
        let _ = file.take(NAMES_BYTES_MAX).read_to_end(&mut bytes);
    }
    crate::text::utf::decode_lossy(&bytes).into_owned()
}

fn name_of(file: &str, number: u32) -> String {
    let digits = number.to_string();
    let text = names_file(file);
    let found = text
        .lines()
        .find(|line| line.split(':').nth(2) == Some(digits.as_str()));
    found
        .and_then(|line| line.split(':').next())
        .map_or(digits, str::to_owned)
}

fn number_of(file: &str, name: &str) -> Option<u32> {
    let text = names_file(file);
    let found = text
        .lines()
        .find(|line| line.split(':').next() == Some(name));
    found
        .and_then(|line| line.split(':').nth(2))
        .and_then(|number| number.parse().ok())
}

fn set_owner(
    interp: &mut Interp,
    name: &str,
    is_group: bool,
    value: &Value,
) -> Result<(), Box<Exception>> {
    let (kind, file, codes) = if is_group {
        ("group", "/etc/group", ["SETGRP", "NO_GROUP"])
    } else {
        ("owner", "/etc/passwd", ["SETOWN", "NO_USER"])
    };
    let text = value.to_text();
    let number = value
        .as_int()
        .and_then(|number| u32::try_from(number).ok())
        .or_else(|| number_of(file, &text));
    let Some(number) = number else {
        let who = if is_group { "group" } else { "user" };
        return Err(Exception::with_code(
            format!("could not set {kind} for file \"{name}\": {who} \"{text}\" does not exist"),
            ["TCL", "OPERATION", codes[0], codes[1]],
        ));
    };
    let native = native(interp, name)?;
    let (owner, group) = if is_group {
        (None, Some(number))
    } else {
        (Some(number), None)
    };
    std::os::unix::fs::chown(native, owner, group).map_err(|error| {
        system_error(
            interp,
            &format!("could not set {kind} for file \"{name}\""),
            &error,
        )
    })
}

fn set_permissions(interp: &mut Interp, name: &str, value: &Value) -> Result<(), Box<Exception>> {
    let text = value.to_text();
    let mode = match octal(&text) {
        Some(mode) => mode,
        None => {
            let found = metadata(interp, name, false)?;
            symbolic(&text, found.permissions().mode() & 0o7777).ok_or_else(|| {
                Exception::with_code(
                    format!("unknown permission string format \"{text}\""),
                    ["TCL", "VALUE", "PERMISSION"],
                )
            })?
        }
    };
    let native = native(interp, name)?;
    std::fs::set_permissions(native, std::fs::Permissions::from_mode(mode)).map_err(|error| {
        system_error(
            interp,
            &format!("could not set permissions for file \"{name}\""),
            &error,
        )
    })
}

/// A mode in octal digits, `0o755` and `00755` included; other integers are taken as they are.
fn octal(text: &str) -> Option<u32> {
    let text = text.trim();
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let parsed = u32::from_str_radix(digits, 8)
        .ok()
        .or_else(|| digits.parse().ok());
    parsed.map(|mode| mode & 0o7777)
}

/// `rwxr-xr-x` or `u+x,go-w`, applied to `mode`.
fn symbolic(text: &str, mode: u32) -> Option<u32> {
    pattern(text).or_else(|| changes(text, mode))
}

/// Nine letters, with `s`, `S`, `t`, `T` where the system's listing has them.
fn pattern(text: &str) -> Option<u32> {
    if text.len() != 9 {
        return None;
    }
    let mut mode = 0;
    for (index, letter) in text.bytes().enumerate() {
        let bit = 0o400 >> index;
        let special = [0o4000, 0o2000, 0o1000].get(index / 3).copied()?;
        let is_execute = index % 3 == 2;
        mode |= match letter {
            b'-' => 0,
            b'r' if index % 3 == 0 => bit,
            b'w' if index % 3 == 1 => bit,
            b'x' if is_execute => bit,
            b's' if is_execute && index < 8 => bit | special,
            b'S' if is_execute && index < 8 => special,
            b't' if index == 8 => bit | special,
            b'T' if index == 8 => special,
            _ => return None,
        };
    }
    Some(mode)
}

/// Comma-separated changes: who, how, what.
fn changes(text: &str, mut mode: u32) -> Option<u32> {
    for change in text.split(',') {
        let operator = change.find(['+', '-', '='])?;
        let (who, rest) = change.split_at(operator);
        let mut whose = 0;
        for letter in who.bytes() {
            whose |= match letter {
                b'u' => 0o4700,
                b'g' => 0o2070,
                b'o' => 0o1007,
                b'a' => 0o7777,
                _ => return None,
            };
        }
        if who.is_empty() {
            whose = 0o7777;
        }
        let mut what = 0;
        for letter in rest.bytes().skip(1) {
            what |= match letter {
                b'r' => 0o444,
                b'w' => 0o222,
                b'x' => 0o111,
                b's' => 0o6000,
                b't' => 0o1000,
                _ => return None,
            };
        }
        mode = match rest.bytes().next()? {
            b'+' => mode | (whose & what),
            b'-' => mode & !(whose & what),
            _ => (mode & !whose) | (whose & what),
        };
    }
    Some(mode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_octal_listed_or_changes() {
        assert_eq!(octal("0755"), Some(0o755));
        assert_eq!(symbolic("rwxrw-r--", 0), Some(0o764));
        assert_eq!(symbolic("u+x,g-w,o=r", 0o664), Some(0o744));
        assert_eq!(symbolic("a+x", 0o644), Some(0o755));
        assert_eq!(symbolic("foo", 0), None);
    }
}
