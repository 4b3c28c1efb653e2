//! Tcl's rules for file names on Unix: taking them apart, putting them together, and `~`.
//!
//! All but [`native`] and [`normalize`] are pure. Names are inside text; [`to_os`] and [`from_os`] are the doors.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::encoding::system_encoding;
use super::error::ChannelError;
use crate::text::utf;

/// Most symbolic links that [`normalize`] follows in one name: the system's own limit.
const LINKS_MAX: usize = 40;

/// Most bytes of `/etc/passwd` that are looked through for a user's home.
const PASSWD_BYTES_MAX: u64 = 1 << 24;

/// A name, or another word for the system, as the system wants it: in the encoding that `encoding system` says.
pub fn to_os(name: &str) -> OsString {
    if name.is_ascii() || is_utf8() {
        return OsString::from_vec(utf::to_external_bytes(name).into_owned());
    }
    let mut bytes = Vec::with_capacity(name.len());
    system_encoding().encode(name, &mut bytes);
    OsString::from_vec(bytes)
}

/// A name or another word of the system's as inside text.
pub fn from_os(name: &OsStr) -> Cow<'_, str> {
    let bytes = name.as_bytes();
    if bytes.is_ascii() || is_utf8() {
        return utf::decode_lossy(bytes);
    }
    let mut text = String::with_capacity(bytes.len());
    system_encoding().decode(bytes, &mut text, true);
    Cow::Owned(text)
}

fn is_utf8() -> bool {
    system_encoding().name() == "utf-8"
}

/// What `file pathtype` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathType {
    /// Begins with `/` or `~`.
    Absolute,
    /// Anything else.
    Relative,
}

/// Whether the name is absolute. Source: `file pathtype`.
pub fn path_type(name: &str) -> PathType {
    if name.starts_with(['/', '~']) {
        PathType::Absolute
    } else {
        PathType::Relative
    }
}

/// The elements of a name without those that are empty, `/` first if it begins so. Elements that begin with `~` and are
/// not the first have no `./` here.
fn elements(name: &str) -> impl DoubleEndedIterator<Item = &str> {
    let root = name.starts_with('/').then_some("/");
    root.into_iter()
        .chain(name.split('/').filter(|element| !element.is_empty()))
}

/// An element that a script must not take for a user's home.
fn shielded(element: &str) -> Cow<'_, str> {
    if element.starts_with('~') {
        Cow::Owned(format!("./{element}"))
    } else {
        Cow::Borrowed(element)
    }
}

/// The elements of a name. Source: `file split`.
pub fn split(name: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for element in elements(name) {
        let is_first = parts.is_empty();
        parts.push(if is_first {
            element.to_owned()
        } else {
            shielded(element).into_owned()
        });
    }
    if name == "~" || parts.len() > 1 || !name.starts_with("./~") {
        return parts;
    }
    parts
}

/// Names put together; an absolute one forgets those before it. Source: `file join`.
pub fn join<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut joined = String::new();
    for name in names {
        if path_type(name) == PathType::Absolute {
            joined.clear();
        }
        // `./~x` protects the tilde as a first element only.
        let name = if !joined.is_empty() && name.starts_with("./~") {
            name.get(2..).unwrap_or(name)
        } else {
            name
        };
        for element in elements(name) {
            if element == "/" {
                joined.push('/');
                continue;
            }
            if !joined.is_empty() && !joined.ends_with('/') {
                joined.push('/');
            }
            joined.push_str(element);
        }
    }
    joined
}

/// All elements but the last, joined. Source: `file dirname`.
///
/// Errors: `~user` alone, of a user that does not exist.
pub fn dirname(name: &str) -> Result<String, ChannelError> {
    let parts = split(name);
    match parts.split_last() {
        None => Ok(".".to_owned()),
        Some((only, [])) if only.starts_with('~') => dirname_of_home(only),
        Some((only, [])) => Ok(if only == "/" { "/" } else { "." }.to_owned()),
        Some((_, before)) => Ok(join(before.iter().map(String::as_str))),
    }
}

fn dirname_of_home(tilde: &str) -> Result<String, ChannelError> {
    let home = expand_tilde(tilde)?;
    let parts = split(&home);
    match parts.split_last() {
        None | Some((_, [])) => Ok(if home.starts_with('/') { "/" } else { "." }.to_owned()),
        Some((_, before)) => Ok(join(before.iter().map(String::as_str))),
    }
}

/// The last element. Source: `file tail`.
///
/// Errors: `~user` alone, of a user that does not exist.
pub fn tail(name: &str) -> Result<String, ChannelError> {
    let mut parts = split(name);
    let last = parts.pop();
    match last {
        Some(only) if parts.is_empty() && only.starts_with('~') => Ok(split(&expand_tilde(&only)?)
            .pop()
            .filter(|last| last != "/")
            .unwrap_or_default()),
        Some(last) if last != "/" => Ok(last),
        _ => Ok(String::new()),
    }
}

/// From the last dot of the last element on; empty if it has none. Source: `file extension`.
pub fn extension(name: &str) -> &str {
    let start = name.rfind('/').map_or(0, |index| index + 1);
    let last = name.get(start..).unwrap_or_default();
    last.rfind('.')
        .and_then(|index| last.get(index..))
        .unwrap_or_default()
}

/// What stands before [`extension`]. Source: `file rootname`.
pub fn rootname(name: &str) -> &str {
    name.strip_suffix(extension(name)).unwrap_or(name)
}

/// `~` or `~user` at the start replaced by the home directory, as inside text.
///
/// Errors: `user "…" doesn't exist`; `couldn't find HOME environment variable to expand path`.
pub fn expand_tilde(name: &str) -> Result<Cow<'_, str>, ChannelError> {
    let Some(after) = name.strip_prefix('~') else {
        return Ok(Cow::Borrowed(name));
    };
    let (user, rest) = match after.find('/') {
        Some(index) => after.split_at(index),
        None => (after, ""),
    };
    let home = if user.is_empty() {
        own_home()?
    } else {
        home_of(user)?
    };
    let rest = rest.trim_start_matches('/');
    let slash = if rest.is_empty() || home.ends_with('/') {
        ""
    } else {
        "/"
    };
    Ok(Cow::Owned(format!("{home}{slash}{rest}")))
}

fn own_home() -> Result<String, ChannelError> {
    let home = std::env::var_os("HOME").ok_or_else(|| {
        ChannelError::coded(
            "couldn't find HOME environment variable to expand path",
            &["TCL", "VALUE", "PATH", "HOMELESS"],
        )
    })?;
    Ok(from_os(&home).into_owned())
}

fn home_of(user: &str) -> Result<String, ChannelError> {
    use std::io::Read;
    let mut bytes = Vec::new();
    if let Ok(file) = std::fs::File::open("/etc/passwd") {
        // A file that cannot be read knows no users.
        let _ = file.take(PASSWD_BYTES_MAX).read_to_end(&mut bytes);
    }
    let wanted = utf::to_external_bytes(user);
    let line = bytes.split(|&byte| byte == b'\n').find_map(|line| {
        let mut fields = line.split(|&byte| byte == b':');
        if fields.next()? == &*wanted {
            fields.nth(4)
        } else {
            None
        }
    });
    line.map(|home| utf::decode_lossy(home).into_owned())
        .ok_or_else(|| {
            ChannelError::coded(
                format!("user \"{user}\" doesn't exist"),
                &["TCL", "VALUE", "PATH", "NOUSER"],
            )
        })
}

/// The name as the system wants it, home directory in place. Errors: those of [`expand_tilde`], and a NUL within.
pub fn native(name: &str) -> Result<OsString, ChannelError> {
    if name.contains('\0') {
        return Err(rustix::io::Errno::INVAL.into());
    }
    Ok(to_os(&expand_tilde(name)?))
}

/// The name as `file nativename` shows it: home directory in place, no double or final slashes.
pub fn native_name(name: &str) -> Result<String, ChannelError> {
    Ok(join([&*expand_tilde(name)?]))
}

/// The one absolute name without `.`, `..` or links (but a link that is the last element stays). What does not exist is
/// taken as written.
///
/// * `directory`: where relative names begin; absolute.
///
/// Errors: those of [`expand_tilde`]. Source: `file normalize`.
pub fn normalize(name: &str, directory: &Path) -> Result<String, ChannelError> {
    if name.is_empty() {
        return Ok(String::new());
    }
    let expanded = native(name)?;
    let mut pending: Vec<OsString> = Vec::new();
    push_reversed(&mut pending, Path::new(&expanded));
    let mut resolved = PathBuf::from("/");
    if !expanded.as_bytes().starts_with(b"/") {
        push_reversed(&mut pending, directory);
    }
    let mut links = 0;
    while let Some(element) = pending.pop() {
        match element.as_bytes() {
            b"." | b"" => continue,
            b".." => {
                resolved.pop();
                continue;
            }
            _ => resolved.push(&element),
        }
        if pending.iter().all(|element| element.as_bytes() == b".") || links >= LINKS_MAX {
            continue;
        }
        if let Ok(target) = std::fs::read_link(&resolved) {
            links += 1;
            resolved.pop();
            if target.is_absolute() {
                resolved = PathBuf::from("/");
            }
            push_reversed(&mut pending, &target);
        }
    }
    Ok(from_os(resolved.as_os_str()).into_owned())
}

/// Puts the elements of a path on the stack, the first on top.
fn push_reversed(stack: &mut Vec<OsString>, path: &Path) {
    let elements = path
        .as_os_str()
        .as_bytes()
        .split(|&byte| byte == b'/')
        .rev();
    stack.extend(
        elements
            .filter(|element| !element.is_empty())
            .map(|element| OsStr::from_bytes(element).to_owned()),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart() {
        for (name, parts, directory, last, ending, root) in [
            ("", "", ".", "", "", ""),
            ("a/b", "a b", "a", "b", "", "a/b"),
            ("//a//b", "/ a b", "/a", "b", "", "//a//b"),
            ("a/", "a", ".", "a", "", "a/"),
            ("~/x", "~ x", "~", "x", "", "~/x"),
            ("/", "/", "/", "", "", "/"),
            ("a/~b", "a ./~b", "a", "./~b", "", "a/~b"),
            ("./~x", ". ./~x", ".", "./~x", "", "./~x"),
            ("a.b/c", "a.b c", "a.b", "c", "", "a.b/c"),
            (".a", ".a", ".", ".a", ".a", ""),
            ("a.b.c", "a.b.c", ".", "a.b.c", ".c", "a.b"),
            ("..", "..", ".", "..", ".", "."),
        ] {
            assert_eq!(split(name).join(" "), parts, "split {name}");
            assert_eq!(dirname(name).unwrap(), directory, "dirname {name}");
            assert_eq!(tail(name).unwrap(), last, "tail {name}");
            assert_eq!(extension(name), ending, "extension {name}");
            assert_eq!(rootname(name), root, "rootname {name}");
        }
    }

    #[test]
    fn names_come_together() {
        assert_eq!(join(["a", "b", "/c", "d"]), "/c/d");
        assert_eq!(join(["a", "~b", "c"]), "~b/c");
        assert_eq!(join(["a", "./~b"]), "a/~b");
        assert_eq!(join(["a/", "b/"]), "a/b");
        assert_eq!(join(["", "a", ""]), "a");
        assert_eq!(join(["/", "a"]), "/a");
        assert_eq!(join(["a//b"]), "a/b");
    }

    #[test]
    fn normal_names_have_no_detours() {
        let directory = Path::new("/no/such");
        assert_eq!(normalize("a/./b/../c", directory).unwrap(), "/no/such/a/c");
        assert_eq!(normalize("/../a//b/", directory).unwrap(), "/a/b");
        assert_eq!(normalize("..", directory).unwrap(), "/no");
        let error = normalize("~no-such-user/x", directory).unwrap_err();
        assert_eq!(error.text("", ""), "user \"no-such-user\" doesn't exist");
        assert_eq!(error.error_code(), ["TCL", "VALUE", "PATH", "NOUSER"]);
    }
}
