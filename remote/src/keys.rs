//! Who this process is and whom it knows: the key pair, `known_hosts` and `authorized_keys`.
//!
//! Everything lies in one directory of the user's, as ssh's does in `~/.ssh`: `key` (the Ed25519 key pair, mode 0600, made
//! on first use), `key.pub`, `known_hosts` (which key is which server's) and `authorized_keys` (which clients may come in).
//! Keys are written as OpenSSH writes them, so that `ssh-keygen -l -f key.pub` shows the same fingerprint.
//!
//! The files are read at every handshake, so that what `remex keys` changes holds at once, and are replaced whole under a
//! lock. A line that cannot be read admits nobody.
//!
//! Read first: [`Home`].

use crate::failure::list_element;
use crate::key_pair::KEY_KIND;
pub use crate::key_pair::{Identity, PublicKey};
use rustix::fs::FlockOperation;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// The longest key file that is read, in bytes: some ten thousand lines.
pub const KEY_FILE_BYTES_MAX: u64 = 1 << 20;

/// The longest comment behind a key, in bytes.
pub const COMMENT_BYTES_MAX: usize = 200;

/// Why a key, or a file of keys, cannot be used.
#[derive(Debug, Clone, Error)]
pub enum KeysError {
    /// Neither REMEX_HOME nor XDG_CONFIG_HOME nor HOME says where the keys are.
    #[error("no place for keys: none of REMEX_HOME, XDG_CONFIG_HOME and HOME is set")]
    NoHome,
    /// A file or directory could not be read or written.
    #[error("couldn't {action} \"{}\": {error}", path.display())]
    File {
        /// `read`, `write` and so on.
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: Arc<io::Error>,
    },
    /// Others than the owner can read or change what must be the owner's alone.
    #[error("\"{}\" is open to others; run: chmod {mode} {}", path.display(), list_element(&path.to_string_lossy()))]
    Open {
        /// Which.
        path: PathBuf,
        /// What it should be.
        mode: &'static str,
    },
    /// A file is not what it should be.
    #[error("\"{}\" {reason}", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// How.
        reason: String,
    },
    /// A text that should be a public key is none.
    #[error("\"{0}\" is not a key; expected \"ssh-ed25519 AAAA…\"")]
    NotAKey(String),
    /// A server's key is another than the one on record.
    #[error(
        "the key of {host} has changed: on record is {known}, it showed {}.\n\
         If that is expected (its owner sees the key by \"remex keys show\"), run:\n    \
         remex keys trust {host} {shown} --replace", shown.fingerprint()
    )]
    HostChanged {
        /// HOST:PORT.
        host: String,
        /// The fingerprints on record.
        known: String,
        /// The key that was shown.
        shown: PublicKey,
    },
    /// A server's key is not on record, and the policy is [`HostPolicy::Strict`].
    #[error("the key of {host} is not known: {}. To trust it, run:\n    remex keys trust {host} {shown}", shown.fingerprint())]
    HostUnknown {
        /// HOST:PORT.
        host: String,
        /// The key that was shown.
        shown: PublicKey,
    },
    /// Nothing on record fits what was to be revoked.
    #[error("no key, fingerprint or host \"{0}\" is on record")]
    NothingToRevoke(String),
}

impl KeysError {
    fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeysError {
        move |error| KeysError::File {
            action,
            path: path.to_path_buf(),
            error: Arc::new(error),
        }
    }
}

/// What to do about a server whose key is not on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostPolicy {
    /// Trust on first use: record the key and say so.
    #[default]
    FirstUse,
    /// Refuse.
    Strict,
}

impl HostPolicy {
    /// The policy that the environment asks for: strict if `REMEX_HOST_KEYS` is `strict`.
    pub fn from_environment() -> HostPolicy {
        match std::env::var("REMEX_HOST_KEYS") {
            Ok(word) if word == "strict" => HostPolicy::Strict,
            _ => HostPolicy::FirstUse,
        }
    }
}

/// How a server's key compares with the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostVerdict {
    /// It is on record for this host and port.
    Known,
    /// Nothing is on record for this host and port, and the policy lets it in: to be recorded when the server has proved
    /// that the key is its own.
    New,
}

/// The directory with this user's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    directory: PathBuf,
}

impl Home {
    /// The user's: `$REMEX_HOME`, else `$XDG_CONFIG_HOME/remex`, else `~/.config/remex`.
    pub fn find() -> Result<Home, KeysError> {
        let variable = |name: &str| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let directory = variable("REMEX_HOME")
            .or_else(|| variable("XDG_CONFIG_HOME").map(|path| path.join("remex")))
            .or_else(|| variable("HOME").map(|path| path.join(".config/remex")));
        directory.map(Home::at).ok_or(KeysError::NoHome)
    }

    /// The one in `directory`, which is made when it is first needed.
    pub fn at(directory: impl Into<PathBuf>) -> Home {
        Home {
            directory: directory.into(),
        }
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// This process's key pair, made now if there is none.
    pub fn identity(&self) -> Result<Identity, KeysError> {
        let path = self.directory.join("key");
        if let Some(identity) = self.load_identity(&path)? {
            return Ok(identity);
        }
        let _lock = self.lock()?;
        // Another process may have made it while this one waited for the lock.
        if let Some(identity) = self.load_identity(&path)? {
            return Ok(identity);
        }
        let identity = Identity::generate();
        self.replace(
            "key.pub",
            &format!("{} {}\n", identity.public(), comment_of_this_user()),
        )?;
        self.replace("key", &identity.pem())?;
        Ok(identity)
    }

    fn load_identity(&self, path: &Path) -> Result<Option<Identity>, KeysError> {
        let Some(text) = read_private(path, 0o077, "600")? else {
            return Ok(None);
        };
        let malformed = || KeysError::Malformed {
            path: path.to_path_buf(),
            reason: "holds no Ed25519 key".into(),
        };
        Identity::from_pem(&text).ok_or_else(malformed).map(Some)
    }

    /// The lines of a key file; none if there is no such file. Others may read these files, but not change them.
    fn lines(&self, name: &str) -> Result<Vec<String>, KeysError> {
        let text = read_private(&self.directory.join(name), 0o022, "go-w")?.unwrap_or_default();
        Ok(text.lines().map(str::to_string).collect())
    }

    /// Whether a client with this key may come in.
    pub fn is_authorized(&self, key: &PublicKey) -> Result<bool, KeysError> {
        Ok(self
            .lines("authorized_keys")?
            .iter()
            .any(|line| authorized_line(line).is_some_and(|known| known == *key)))
    }

    /// How many keys may come in.
    pub fn authorized_count(&self) -> Result<usize, KeysError> {
        Ok(self
            .lines("authorized_keys")?
            .iter()
            .filter_map(|line| authorized_line(line))
            .count())
    }

    /// How `key`, which the server at `host` (HOST:PORT) shows, compares with the record.
    ///
    /// Errors: [`KeysError::HostChanged`], [`KeysError::HostUnknown`], or the file cannot be read.
    pub fn check_host(
        &self,
        host: &str,
        key: &PublicKey,
        policy: HostPolicy,
    ) -> Result<HostVerdict, KeysError> {
        let lines = self.lines("known_hosts")?;
        let known: Vec<PublicKey> = lines
            .iter()
            .filter_map(|line| known_line(line, host))
            .collect();
        if known.contains(key) {
            return Ok(HostVerdict::Known);
        }
        let host = host.to_string();
        if !known.is_empty() {
            let known = known
                .iter()
                .map(PublicKey::fingerprint)
                .collect::<Vec<_>>()
                .join(", ");
            return Err(KeysError::HostChanged {
                host,
                known,
                shown: *key,
            });
        }
        match policy {
            HostPolicy::FirstUse => Ok(HostVerdict::New),
            HostPolicy::Strict => Err(KeysError::HostUnknown { host, shown: *key }),
        }
    }

    /// Records the key of a server that was met for the first time. Returns the line to show to the user.
    pub fn record_host(&self, host: &str, key: &PublicKey) -> Result<String, KeysError> {
        self.trust(host, key, false)?;
        Ok(format!(
            "{host} is new: its key {} is now in known_hosts",
            key.fingerprint()
        ))
    }

    /// This process's public key and everything on record, for `remex keys show`.
    pub fn show(&self) -> Result<String, KeysError> {
        let identity = self.identity()?;
        let key_line = self
            .lines("key.pub")?
            .into_iter()
            .next()
            .unwrap_or_else(|| identity.public().to_string());
        let mut text = format!(
            "this user's key, {}:\n    {key_line}\n",
            identity.public().fingerprint()
        );
        for (name, title) in [
            ("authorized_keys", "may come in"),
            ("known_hosts", "known servers"),
        ] {
            text.push_str(&format!(
                "{title}, {}:\n",
                self.directory.join(name).display()
            ));
            for line in self.lines(name)? {
                match listed_key(&line) {
                    _ if is_blank(&line) => continue,
                    Some(key) => text.push_str(&format!("    {}  {line}\n", key.fingerprint())),
                    None => text.push_str(&format!("    not understood, has no effect: {line}\n")),
                }
            }
        }
        Ok(text)
    }

    /// Lets a client with this key in, for `remex keys authorize`. Returns what to print.
    pub fn authorize(&self, key: &PublicKey, comment: &str) -> Result<String, KeysError> {
        let _lock = self.lock()?;
        let mut lines = self.lines("authorized_keys")?;
        let fingerprint = key.fingerprint();
        if lines
            .iter()
            .any(|line| authorized_line(line).is_some_and(|known| known == *key))
        {
            return Ok(format!("{fingerprint} is authorized already\n"));
        }
        lines.push(
            format!("{key} {}", one_line(comment))
                .trim_end()
                .to_string(),
        );
        self.replace_lines("authorized_keys", &lines)?;
        Ok(format!("authorized {fingerprint}\n"))
    }

    /// Records the key of the server at `host` (HOST:PORT), for `remex keys trust`. Returns what to print.
    ///
    /// * `replace`: forget other keys of that server.
    ///
    /// Errors: [`KeysError::HostChanged`] if another key is on record and `replace` is false.
    pub fn trust(&self, host: &str, key: &PublicKey, replace: bool) -> Result<String, KeysError> {
        let _lock = self.lock()?;
        if !replace && self.check_host(host, key, HostPolicy::FirstUse)? == HostVerdict::Known {
            return Ok(format!(
                "{host} is known by {} already\n",
                key.fingerprint()
            ));
        }
        let mut lines = self.lines("known_hosts")?;
        lines.retain(|line| known_line(line, host).is_none());
        lines.push(format!("{host} {key}"));
        self.replace_lines("known_hosts", &lines)?;
        Ok(format!("{host} is trusted by {}\n", key.fingerprint()))
    }

    /// Forgets what `what` names, a key, a fingerprint or a HOST:PORT, wherever it is on record. For `remex keys revoke`.
    pub fn revoke(&self, what: &str) -> Result<String, KeysError> {
        let _lock = self.lock()?;
        let key = PublicKey::parse(what).ok();
        let mut report = String::new();
        for name in ["authorized_keys", "known_hosts"] {
            let mut lines = self.lines(name)?;
            let before = lines.len();
            lines.retain(|line| !line_is_named(line, what, key.as_ref()));
            if lines.len() < before {
                self.replace_lines(name, &lines)?;
                report.push_str(&format!("removed {} from {name}\n", before - lines.len()));
            }
        }
        match report.is_empty() {
            true => Err(KeysError::NothingToRevoke(what.to_string())),
            false => Ok(report),
        }
    }

    /// Makes the directory if need be and keeps other processes from changing the files until the result is dropped.
    fn lock(&self) -> Result<File, KeysError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder
            .create(&self.directory)
            .map_err(KeysError::file("make", &self.directory))?;
        let path = self.directory.join(".lock");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options
            .open(&path)
            .map_err(KeysError::file("open", &path))?;
        rustix::fs::flock(&file, FlockOperation::LockExclusive)
            .map_err(|error| KeysError::file("lock", &path)(error.into()))?;
        Ok(file)
    }

    fn replace_lines(&self, name: &str, lines: &[String]) -> Result<(), KeysError> {
        let mut text = lines.join("\n");
        if !text.is_empty() {
            text.push('\n');
        }
        self.replace(name, &text)
    }

    /// Puts `text` in place of a file's contents, all at once. The lock is held.
    fn replace(&self, name: &str, text: &str) -> Result<(), KeysError> {
        let temporary = self.directory.join(format!(".{name}.new"));
        let path = self.directory.join(name);
        let write = || -> io::Result<()> {
            // What a process that died in the middle left.
            let _ = fs::remove_file(&temporary);
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&temporary)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary, &path)
        };
        write().map_err(KeysError::file("write", &path))
    }
}

/// The text of a file that only the owner may change; None if there is no such file.
///
/// * `forbidden`: mode bits that must not be set, which `chmod MODE` would mend.
fn read_private(
    path: &Path,
    forbidden: u32,
    mode: &'static str,
) -> Result<Option<String>, KeysError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(KeysError::file("read", path)(error)),
    };
    let metadata = file.metadata().map_err(KeysError::file("read", path))?;
    let malformed = |reason: &str| KeysError::Malformed {
        path: path.to_path_buf(),
        reason: reason.to_string(),
    };
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(malformed("belongs to another user"));
    }
    if metadata.mode() & forbidden != 0 {
        return Err(KeysError::Open {
            path: path.to_path_buf(),
            mode,
        });
    }
    let mut text = String::new();
    let limited = file.take(KEY_FILE_BYTES_MAX + 1).read_to_string(&mut text);
    limited.map_err(KeysError::file("read", path))?;
    match text.len() as u64 > KEY_FILE_BYTES_MAX {
        true => Err(malformed("is longer than 1 MiB")),
        false => Ok(Some(text)),
    }
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with('#')
}

/// The key that a line of authorized_keys admits. Anything before the key, such as options of a later version, makes the
/// line admit nobody: a restriction that is not understood must not be dropped.
fn authorized_line(line: &str) -> Option<PublicKey> {
    let line = line.trim_start();
    match line.strip_prefix(KEY_KIND)?.starts_with([' ', '\t']) {
        true => PublicKey::parse(line).ok(),
        false => None,
    }
}

/// The key that a line of known_hosts records for `host`.
fn known_line(line: &str, host: &str) -> Option<PublicKey> {
    let (name, rest) = line.trim_start().split_once([' ', '\t'])?;
    let key = authorized_line(rest)?;
    name.eq_ignore_ascii_case(host).then_some(key)
}

/// The key in a line of either file.
fn listed_key(line: &str) -> Option<PublicKey> {
    authorized_line(line).or_else(|| authorized_line(line.trim_start().split_once([' ', '\t'])?.1))
}

/// Whether `what` names the line: by its key, its key's fingerprint, or its host and port.
fn line_is_named(line: &str, what: &str, key: Option<&PublicKey>) -> bool {
    if is_blank(line) {
        return false;
    }
    match (listed_key(line), key) {
        (Some(listed), Some(key)) => listed == *key,
        (Some(listed), None) => listed.fingerprint() == what || known_line(line, what).is_some(),
        (None, _) => false,
    }
}

/// `text` with white space runs and control characters made single spaces, and not longer than [`COMMENT_BYTES_MAX`].
fn one_line(text: &str) -> String {
    let words = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty());
    let mut line = words.collect::<Vec<_>>().join(" ");
    while line.len() > COMMENT_BYTES_MAX {
        line.pop();
    }
    line
}

/// USER@HOST, to tell one's keys apart.
pub(crate) fn comment_of_this_user() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    let user = user.unwrap_or_else(|_| rustix::process::geteuid().as_raw().to_string());
    let system = rustix::system::uname();
    let comment = format!("{user}@{}", system.nodename().to_string_lossy());
    comment
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "@._-".contains(*c))
        .collect()
}

/// What a client is told whose key the server at `host` (HOST:PORT) does not know.
pub fn refusal(host: &str, key: &PublicKey) -> String {
    format!(
        "{host} does not know this user's key {}. To be let in, have this run there:\n    \
         remex keys authorize {key} {}",
        key.fingerprint(),
        comment_of_this_user()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A home of the test's own, gone when dropped.
    struct Scratch(Home);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let directory =
                std::env::temp_dir().join(format!("remex-keys-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&directory);
            Scratch(Home::at(directory.join("nested")))
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(self.0.directory.parent().unwrap());
        }
    }

    fn key() -> PublicKey {
        Identity::generate().public()
    }

    #[test]
    fn the_key_pair_is_made_once_and_is_the_owners_alone() {
        let scratch = Scratch::new("identity");
        let first = scratch.0.identity().unwrap();
        assert_eq!(scratch.0.identity().unwrap().public(), first.public());
        let path = scratch.0.directory.join("key");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(
            fs::metadata(&scratch.0.directory).unwrap().mode() & 0o777,
            0o700
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = scratch.0.identity().unwrap_err().to_string();
        assert!(
            error.ends_with(&format!("run: chmod 600 {}", path.display())),
            "{error}"
        );
    }

    #[test]
    fn the_fingerprint_is_the_one_ssh_shows() {
        let text = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl github.com";
        let key = PublicKey::parse(text).unwrap();
        assert_eq!(
            key.fingerprint(),
            "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"
        );
        assert!(text.starts_with(&key.to_string()));
        assert_eq!(PublicKey::from_spki(&key.spki()), Some(key));
        assert_eq!(
            PublicKey::parse(text.split(' ').nth(1).unwrap()).unwrap(),
            key
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in [
            "",
            "ssh-ed25519",
            "ssh-rsa AAAAB3NzaC1yc2E=",
            "ssh-ed25519 AAAA",
            "AAAAC3NzaC1lZDI1NTE5AAAAIA==",
        ] {
            assert!(PublicKey::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn authorized_keys_come_and_go() {
        let scratch = Scratch::new("authorized");
        let (home, friend, stranger) = (&scratch.0, key(), key());
        assert!(!home.is_authorized(&friend).unwrap());
        home.authorize(&friend, "a\nfriend  from\tafar").unwrap();
        home.authorize(&friend, "again").unwrap();
        assert_eq!(
            home.lines("authorized_keys").unwrap(),
            [format!("{friend} a friend from afar")]
        );
        assert!(home.is_authorized(&friend).unwrap() && !home.is_authorized(&stranger).unwrap());
        assert!(home.revoke(&stranger.to_string()).is_err());
        home.revoke(&friend.fingerprint()).unwrap();
        assert!(!home.is_authorized(&friend).unwrap());
    }

    #[test]
    fn a_line_with_options_that_are_not_understood_admits_nobody() {
        let scratch = Scratch::new("options");
        let (home, friend) = (&scratch.0, key());
        home.authorize(&key(), "").unwrap();
        let text = format!("restrict {friend} x\n# {friend}\nssh-ed25519x {friend}\n");
        fs::write(home.directory.join("authorized_keys"), text).unwrap();
        assert!(!home.is_authorized(&friend).unwrap());
        assert_eq!(home.authorized_count().unwrap(), 0);
    }

    #[test]
    fn a_new_host_is_recorded_and_a_changed_one_is_refused_with_the_command_that_mends_it() {
        let scratch = Scratch::new("hosts");
        let (home, first, second) = (&scratch.0, key(), key());
        let host = "db.example:7000";
        assert_eq!(
            home.check_host(host, &first, HostPolicy::FirstUse).unwrap(),
            HostVerdict::New
        );
        assert!(home.check_host(host, &first, HostPolicy::Strict).is_err());
        assert!(home.record_host(host, &first).unwrap().contains("is new"));
        assert_eq!(
            home.check_host("DB.example:7000", &first, HostPolicy::Strict)
                .unwrap(),
            HostVerdict::Known
        );
        assert_eq!(
            home.check_host("db.example:7001", &second, HostPolicy::FirstUse)
                .unwrap(),
            HostVerdict::New
        );
        let error = home
            .check_host(host, &second, HostPolicy::FirstUse)
            .unwrap_err()
            .to_string();
        assert!(
            error.ends_with(&format!("remex keys trust {host} {second} --replace")),
            "{error}"
        );
        assert!(home.trust(host, &second, false).is_err());
        home.trust(host, &second, true).unwrap();
        assert_eq!(
            home.check_host(host, &second, HostPolicy::FirstUse)
                .unwrap(),
            HostVerdict::Known
        );
        assert!(home.check_host(host, &first, HostPolicy::FirstUse).is_err());
        home.revoke(host).unwrap();
        assert_eq!(
            home.check_host(host, &first, HostPolicy::FirstUse).unwrap(),
            HostVerdict::New
        );
    }

    #[test]
    fn a_file_that_others_can_change_is_not_believed() {
        let scratch = Scratch::new("writable");
        let (home, friend) = (&scratch.0, key());
        home.authorize(&friend, "").unwrap();
        let path = home.directory.join("authorized_keys");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(home.is_authorized(&friend).is_err());
    }

    #[test]
    fn show_lists_everything_and_marks_what_it_does_not_understand() {
        let scratch = Scratch::new("show");
        let home = &scratch.0;
        let (friend, server) = (key(), key());
        home.authorize(&friend, "friend").unwrap();
        home.trust("h:1", &server, false).unwrap();
        let own = home.identity().unwrap().public();
        let path = home.directory.join("authorized_keys");
        fs::write(
            &path,
            format!("{}junk\n", fs::read_to_string(&path).unwrap()),
        )
        .unwrap();
        let text = home.show().unwrap();
        for part in [
            own.to_string(),
            friend.fingerprint(),
            format!("h:1 {server}"),
            "no effect: junk".into(),
        ] {
            assert!(text.contains(&part), "{part} in {text}");
        }
    }
}
