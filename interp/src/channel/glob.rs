//! The engine of the `glob` command: names of files that match a pattern.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};

use rustix::fs::Access;

use super::error::ChannelError;
use super::path;
use crate::text::glob::glob_match;

/// Most names that one `glob` gives.
pub const NAMES_MAX: usize = 1 << 20;

/// Most patterns that the braces of one pattern may stand for. `{a,b}` twenty times over would be a million.
pub const ALTERNATIVES_MAX: usize = 1 << 14;

/// Deepest nesting of braces and most directories in one pattern; the system's names cannot be deeper in practice.
const DEPTH_MAX: usize = 4096;

/// Which files `-types` lets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeFilter {
    /// Letters of kinds, any of which will do: `b c d f l p s`. Empty: all kinds.
    kinds: String,
    /// What must be allowed: `r w x`.
    permissions: Access,
    /// Names that begin with a dot, and no others.
    wants_hidden: bool,
    /// Nobody may write.
    wants_readonly: bool,
}

impl Default for TypeFilter {
    fn default() -> TypeFilter {
        TypeFilter {
            kinds: String::new(),
            permissions: Access::empty(),
            wants_hidden: false,
            wants_readonly: false,
        }
    }
}

impl TypeFilter {
    /// Reads the words of `-types`. Errors: `bad argument to "-types": …`.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<TypeFilter, ChannelError> {
        let mut filter = TypeFilter::default();
        let mut has_macintosh = false;
        for word in words {
            match word {
                "b" | "c" | "d" | "f" | "l" | "p" | "s" => filter.kinds.push_str(word),
                "r" => filter.permissions |= Access::READ_OK,
                "w" => filter.permissions |= Access::WRITE_OK,
                "x" => filter.permissions |= Access::EXEC_OK,
                "hidden" => filter.wants_hidden = true,
                "readonly" => filter.wants_readonly = true,
                word if is_macintosh(word) => {
                    if std::mem::replace(&mut has_macintosh, true) {
                        return Err(ChannelError::coded(
                            "only one MacOS type or creator argument to \"-types\" allowed",
                            &["TCL", "ARGUMENT", "BAD"],
                        ));
                    }
                }
                _ => {
                    return Err(ChannelError::coded(
                        format!("bad argument to \"-types\": {word}"),
                        &["TCL", "ARGUMENT", "BAD"],
                    ));
                }
            }
        }
        Ok(filter)
    }

    /// Whether the file called `name` passes, links followed except for kind `l`. A name that leads nowhere passes only
    /// where nothing is asked.
    fn admits(&self, name: &str) -> bool {
        let Ok(native) = path::native(name) else {
            return false;
        };
        let Ok(own) = std::fs::symlink_metadata(&native) else {
            return false;
        };
        if self.kinds.is_empty() && self.permissions.is_empty() && !self.wants_readonly {
            return true;
        }
        let target = std::fs::metadata(&native).ok();
        let is_kind = |kind: char| {
            let of_target = |test: fn(&std::fs::FileType) -> bool| {
                target
                    .as_ref()
                    .is_some_and(|metadata| test(&metadata.file_type()))
            };
            match kind {
                'l' => own.file_type().is_symlink(),
                'd' => of_target(std::fs::FileType::is_dir),
                'f' => of_target(std::fs::FileType::is_file),
                'b' => of_target(FileTypeExt::is_block_device),
                'c' => of_target(FileTypeExt::is_char_device),
                'p' => of_target(FileTypeExt::is_fifo),
                _ => of_target(FileTypeExt::is_socket),
            }
        };
        if !self.kinds.is_empty() && !self.kinds.chars().any(is_kind) {
            return false;
        }
        if !self.permissions.is_empty()
            && rustix::fs::access(native.as_os_str(), self.permissions).is_err()
        {
            return false;
        }
        !self.wants_readonly
            || target.is_some_and(|metadata| metadata.permissions().mode() & 0o222 == 0)
    }
}

/// Whether a word of `-types` is about the Macintosh of old: `TYPE` or `macintosh type|creator NAME`. It lets all files
/// through here.
fn is_macintosh(word: &str) -> bool {
    let words: Vec<&str> = word.split_ascii_whitespace().collect();
    matches!(words.as_slice(), ["macintosh", "type" | "creator", _]) || word.chars().count() == 4
}

/// Where `glob` looks and what its names look like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GlobOptions {
    /// `-directory`: where patterns begin.
    pub directory: Option<String>,
    /// `-path`: text without special characters that all names begin with.
    pub path_prefix: Option<String>,
    /// `-tails`: names without that directory.
    pub tails: bool,
    /// `-types`.
    pub types: Option<TypeFilter>,
}

/// Appends the names that match `pattern`, in no order, to `names`.
///
/// Errors: unbalanced braces, unknown users, directories that may not be read, too many names. Source: glob(n).
pub fn glob(
    pattern: &str,
    options: &GlobOptions,
    names: &mut Vec<String>,
) -> Result<(), ChannelError> {
    let pattern = without_escaped_slashes(pattern);
    let is_plain = options.directory.is_none() && options.path_prefix.is_none();
    let pattern = if is_plain && pattern.starts_with('~') {
        expand_home(&pattern)?
    } else {
        pattern
    };
    for plain in expand_braces(&pattern)? {
        Search::new(&plain, options)?.run(names)?;
    }
    Ok(())
}

/// A backslash before a slash means nothing.
fn without_escaped_slashes(pattern: &str) -> String {
    let mut plain = String::with_capacity(pattern.len());
    let mut is_escaped = false;
    for character in pattern.chars() {
        if is_escaped && character == '/' {
            plain.pop();
        }
        is_escaped = character == '\\' && !is_escaped;
        plain.push(character);
    }
    plain
}

fn limit_error(what: &str, limit: usize) -> ChannelError {
    ChannelError::coded(
        format!("{what} (limit {limit})"),
        &["REMEX", "LIMIT", "GLOB"],
    )
}

fn unbalanced(which: &str) -> ChannelError {
    ChannelError::coded(
        format!("unmatched {which}-brace in file name"),
        &["TCL", "OPERATION", "GLOB", "BALANCE"],
    )
}

/// The patterns without braces that a pattern with braces stands for, in order.
fn expand_braces(pattern: &str) -> Result<Vec<String>, ChannelError> {
    let mut done = Vec::new();
    let mut pending = VecDeque::from([pattern.to_owned()]);
    while let Some(next) = pending.pop_front() {
        if done.len() + pending.len() > ALTERNATIVES_MAX {
            return Err(limit_error(
                "too many alternatives in file name pattern",
                ALTERNATIVES_MAX,
            ));
        }
        match first_group(&next)? {
            None => done.push(next),
            Some(group) => {
                for alternative in group.alternatives.iter().rev() {
                    pending.push_front(format!("{}{alternative}{}", group.before, group.after));
                }
            }
        }
    }
    Ok(done)
}

struct Group<'a> {
    before: &'a str,
    alternatives: Vec<&'a str>,
    after: &'a str,
}

/// The first group of braces, with its parts.
fn first_group(pattern: &str) -> Result<Option<Group<'_>>, ChannelError> {
    let mut depth = 0_usize;
    let mut opened = 0;
    let mut start = 0;
    let mut alternatives = Vec::new();
    let mut is_escaped = false;
    for (index, byte) in pattern.bytes().enumerate() {
        if std::mem::take(&mut is_escaped) {
            continue;
        }
        match byte {
            b'\\' => is_escaped = true,
            b'{' => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(limit_error(
                        "file name pattern nested too deeply",
                        DEPTH_MAX,
                    ));
                }
                if depth == 1 {
                    (opened, start) = (index, index + 1);
                }
            }
            b',' if depth == 1 => {
                alternatives.push(pattern.get(start..index).unwrap_or_default());
                start = index + 1;
            }
            b'}' if depth == 0 => return Err(unbalanced("close")),
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    alternatives.push(pattern.get(start..index).unwrap_or_default());
                    return Ok(Some(Group {
                        before: pattern.get(..opened).unwrap_or_default(),
                        alternatives,
                        after: pattern.get(index + 1..).unwrap_or_default(),
                    }));
                }
            }
            _ => {}
        }
    }
    if depth > 0 {
        Err(unbalanced("open"))
    } else {
        Ok(None)
    }
}

/// One element of a pattern.
enum Element {
    /// A name, its backslashes done with.
    Name(String),
    /// A pattern, and whether it asks for names that begin with a dot.
    Pattern(String, bool),
}

fn element(text: &str) -> Element {
    if text.bytes().any(|byte| matches!(byte, b'*' | b'?' | b'[')) {
        let asks_hidden = text.starts_with('.') || text.starts_with("\\.");
        return Element::Pattern(text.to_owned(), asks_hidden);
    }
    Element::Name(unescaped(text))
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let is_escape = character == '\\';
        plain.push(if is_escape {
            characters.next().unwrap_or('\\')
        } else {
            character
        });
    }
    plain
}

/// The search for one pattern without braces.
struct Search<'a> {
    options: &'a GlobOptions,
    elements: Vec<Element>,
    /// What the names that are looked at begin with: empty, or a directory.
    base: String,
    /// Leading text of names that `-tails` removes, with its slash.
    removed_bytes: usize,
    /// The pattern ends with a slash: directories only, and their names end so too.
    wants_directory: bool,
}

/// `directory` and a slash, unless it is empty or ends with one.
fn with_slash(directory: &str) -> String {
    let trimmed = directory.trim_end_matches('/');
    match (directory.is_empty(), trimmed.is_empty()) {
        (true, _) => String::new(),
        (false, true) => "/".to_owned(),
        (false, false) => format!("{trimmed}/"),
    }
}

fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '{' | '}' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

impl<'a> Search<'a> {
    fn new(pattern: &str, options: &'a GlobOptions) -> Result<Search<'a>, ChannelError> {
        let mut pattern = pattern.to_owned();
        let mut base = String::new();
        if let Some(directory) = &options.directory {
            base = with_slash(directory);
            pattern = pattern.trim_start_matches('/').to_owned();
        } else if let Some(prefix) = options
            .path_prefix
            .as_deref()
            .filter(|prefix| !prefix.is_empty())
        {
            let start = prefix.rfind('/').map_or(0, |index| index + 1);
            base = prefix.get(..start).unwrap_or_default().to_owned();
            pattern = format!(
                "{}{pattern}",
                escaped(prefix.get(start..).unwrap_or_default())
            );
        } else if pattern.starts_with('/') {
            base = "/".to_owned();
        }
        let removed_bytes = if options.tails { base.len() } else { 0 };
        let elements: Vec<Element> = pattern
            .split('/')
            .filter(|text| !text.is_empty())
            .map(element)
            .collect();
        if elements.len() > DEPTH_MAX {
            return Err(limit_error(
                "too many directories in file name pattern",
                DEPTH_MAX,
            ));
        }
        let wants_directory = pattern.ends_with('/') && !elements.is_empty();
        Ok(Search {
            options,
            elements,
            base,
            removed_bytes,
            wants_directory,
        })
    }

    fn run(&self, names: &mut Vec<String>) -> Result<(), ChannelError> {
        let mut pending = vec![(self.base.clone(), 0)];
        let mut found = Vec::new();
        while let Some((prefix, index)) = pending.pop() {
            let is_last = index + 1 >= self.elements.len();
            match self.elements.get(index) {
                None => self.admit(prefix.trim_end_matches('/').to_owned(), false, names)?,
                Some(Element::Name(name)) => {
                    let whole = format!("{prefix}{name}");
                    if is_last {
                        self.admit(whole, false, names)?
                    } else {
                        pending.push((format!("{whole}/"), index + 1))
                    }
                }
                Some(Element::Pattern(pattern, asks_hidden)) => {
                    found.clear();
                    self.list(&prefix, pattern, *asks_hidden, is_last, &mut found)?;
                    if is_last {
                        for whole in found.drain(..) {
                            self.admit(whole, true, names)?;
                        }
                    } else {
                        let below = found
                            .drain(..)
                            .filter(|whole| is_directory(&self.on_disk(whole)));
                        pending.extend(below.map(|whole| (format!("{whole}/"), index + 1)));
                        if pending.len() > NAMES_MAX {
                            return Err(limit_error("too many directories match", NAMES_MAX));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// A name as the system is asked for it: a `~` at its beginning is part of it, since homes have been put in before.
    fn on_disk<'n>(&self, name: &'n str) -> Cow<'n, str> {
        if name.starts_with('~') && !self.base.starts_with('~') {
            Cow::Owned(format!("./{name}"))
        } else {
            Cow::Borrowed(name)
        }
    }

    /// The names in the directory `prefix` that match one element.
    fn list(
        &self,
        prefix: &str,
        pattern: &str,
        asks_hidden: bool,
        is_last: bool,
        found: &mut Vec<String>,
    ) -> Result<(), ChannelError> {
        let on_disk = self.on_disk(prefix);
        let directory = if prefix.is_empty() { "." } else { &*on_disk };
        if !is_directory(directory) {
            return Ok(());
        }
        let cannot_read = |error: std::io::Error| {
            ChannelError::posix(
                format_args!("couldn't read directory \"{directory}\""),
                (&error).into(),
            )
        };
        let entries = std::fs::read_dir(path::native(directory)?).map_err(cannot_read)?;
        let types = self.options.types.as_ref().filter(|_| is_last);
        let only_hidden = types.is_some_and(|types| types.wants_hidden);
        let dots = if asks_hidden || only_hidden {
            &[".", ".."][..]
        } else {
            &[]
        };
        let fits = |name: &str| {
            let is_hidden = name.starts_with('.');
            let is_wanted = if only_hidden {
                is_hidden
            } else {
                asks_hidden || !is_hidden
            };
            is_wanted && glob_match(pattern, name, false)
        };
        found.extend(
            dots.iter()
                .filter(|name| fits(name))
                .map(|name| format!("{prefix}{name}")),
        );
        for entry in entries {
            let entry = entry.map_err(cannot_read)?.file_name();
            let name = path::from_os(&entry);
            if fits(&name) {
                if found.len() >= NAMES_MAX {
                    return Err(limit_error("too many file names match", NAMES_MAX));
                }
                found.push(format!("{prefix}{name}"));
            }
        }
        Ok(())
    }

    /// Adds a name if its file exists and is of a type asked for; what is listed in a directory exists.
    fn admit(
        &self,
        whole: String,
        is_listed: bool,
        names: &mut Vec<String>,
    ) -> Result<(), ChannelError> {
        let looked_at = match whole.as_str() {
            "" if self.base.starts_with('/') => "/",
            "" => ".",
            other => other,
        };
        let on_disk = self.on_disk(looked_at);
        let passes = match &self.options.types {
            Some(types) => types.admits(&on_disk),
            None => is_listed || TypeFilter::default().admits(&on_disk),
        };
        if !passes || (self.wants_directory && !is_directory(&on_disk)) {
            return Ok(());
        }
        if names.len() >= NAMES_MAX {
            return Err(limit_error("too many file names match", NAMES_MAX));
        }
        let mut name = looked_at
            .get(self.removed_bytes..)
            .unwrap_or(looked_at)
            .to_owned();
        if self.wants_directory {
            name.push('/');
        }
        names.push(name);
        Ok(())
    }
}

/// The home directory in place of a leading `~` of a pattern, with its special characters made plain.
fn expand_home(pattern: &str) -> Result<String, ChannelError> {
    let (user, rest) = pattern.split_at(pattern.find('/').unwrap_or(pattern.len()));
    let home = path::expand_tilde(user).map_err(|error| match error {
        ChannelError::Message { text, .. } => ChannelError::coded(
            text,
            &["TCL", "LOOKUP", "USER", user.trim_start_matches('~')],
        ),
        other => other,
    })?;
    Ok(format!("{}{rest}", escaped(&home)))
}

fn is_directory(name: &str) -> bool {
    path::native(name)
        .is_ok_and(|native| std::fs::metadata(native).is_ok_and(|metadata| metadata.is_dir()))
}

#[cfg(test)]
#[path = "glob_tests.rs"]
mod tests;
