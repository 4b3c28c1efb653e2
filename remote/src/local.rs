//! Interpreters of the same user on the same host: one Unix socket each, in a directory that only the user can enter.
//!
//! The file's name is the interpreter's name, so that finding one is opening a file, and listing them is reading a
//! directory. A socket whose process died is replaced; a name that is taken gets ` #2` and so on, as `tk appname` does.
//!
//! Read first: [`Directory`].

use crate::failure::Failure;
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest name, in bytes. A socket's path holds 107, and most of the rest is the directory's.
pub const NAME_BYTES_MAX: usize = 64;

/// How many of `NAME`, `NAME #2`, … are tried.
pub const SAME_NAMES_MAX: u32 = 1000;

/// How many connections may wait to be accepted; an interpreter accepts whenever its loop turns.
const BACKLOG: i32 = 1024;

/// How often, and after what pause, a connection is tried again while the other's backlog is full.
const CONNECT_TRIES: u32 = 100;
const CONNECT_PAUSE: Duration = Duration::from_millis(10);

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// An interpreter of the same user on this host.
    Name(String),
    /// A network endpoint.
    Address {
        /// A host name, an IPv4 address, or an IPv6 address without its brackets.
        host: String,
        /// 1 to 65535.
        port: u16,
    },
}

impl Target {
    /// What `text` means: `HOST:PORT`, with an IPv6 address in brackets, or else a name.
    ///
    /// Errors: [`Failure::Target`] if it can be neither.
    pub fn parse(text: &str) -> Result<Target, Failure> {
        if let Some((host, port)) = host_and_port(text) {
            return Ok(Target::Address {
                host: host.to_string(),
                port,
            });
        }
        check_name(text)?;
        Ok(Target::Name(text.to_string()))
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Name(name) => formatter.write_str(name),
            Target::Address { host, port } if host.contains(':') => {
                write!(formatter, "[{host}]:{port}")
            }
            Target::Address { host, port } => write!(formatter, "{host}:{port}"),
        }
    }
}

/// The parts of `HOST:PORT`; None if `text` is not of that form. Port 0 is one too, for those who listen.
pub fn host_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, digits) = text.rsplit_once(':')?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let host = match host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(inside) => inside,
        None if host.contains(':') => return None,
        None => host,
    };
    let is_host = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c.is_control());
    Some((host, digits.parse().ok()?)).filter(|_| is_host)
}

fn check_name(name: &str) -> Result<(), Failure> {
    let reason = if name.is_empty() {
        "is empty".to_string()
    } else if name.len() > NAME_BYTES_MAX {
        format!("is longer than {NAME_BYTES_MAX} bytes")
    } else if name.contains('\0') {
        "contains a NUL".to_string()
    } else {
        return Ok(());
    };
    let shown: String = name.chars().take(NAME_BYTES_MAX).collect();
    Err(Failure::Target(format!(
        "bad name \"{shown}\": it {reason}"
    )))
}

/// The directory with the sockets of one user.
#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// This user's: `$XDG_RUNTIME_DIR/remex`, else `/run/user/UID/remex`, else `/tmp/remex-UID`.
    pub fn find() -> Directory {
        let uid = rustix::process::geteuid().as_raw();
        let runtime = match std::env::var_os("XDG_RUNTIME_DIR").filter(|value| !value.is_empty()) {
            Some(path) => Some(PathBuf::from(path)),
            // A job of cron's has no such variable, and should see the same interpreters nevertheless.
            None => Some(PathBuf::from(format!("/run/user/{uid}")))
                .filter(|path| is_own_directory(path)),
        };
        match runtime {
            Some(path) => Directory::at(path.join("remex")),
            None => Directory::at(format!("/tmp/remex-{uid}")),
        }
    }

    /// The one at `path`, which is made when it is first needed; its parent exists.
    pub fn at(path: impl Into<PathBuf>) -> Directory {
        Directory { path: path.into() }
    }

    /// Makes the directory if there is none, and makes sure that nobody else can enter it.
    fn ensure(&self) -> Result<(), Failure> {
        let trouble =
            |reason: String| Failure::Target(format!("\"{}\" {reason}", self.path.display()));
        match fs::DirBuilder::new().mode(0o700).create(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(trouble(format!("cannot be made: {error}")));
            }
            _ => {}
        }
        // Not followed: a link in /tmp may be anybody's.
        let metadata =
            fs::symlink_metadata(&self.path).map_err(|error| trouble(error.to_string()))?;
        match metadata.is_dir() && metadata.uid() == rustix::process::geteuid().as_raw() {
            true if metadata.mode() & 0o077 == 0 => Ok(()),
            true => Err(trouble(
                "is open to others; it must have mode 700".to_string(),
            )),
            false => Err(trouble("is not a directory of this user's".to_string())),
        }
    }

    /// Takes `name`, or the first of `name #2`, `name #3`, … that is free, and listens under it.
    pub fn claim(&self, name: &str) -> Result<Endpoint, Failure> {
        check_name(name)?;
        if host_and_port(name).is_some() {
            return Err(Failure::Target(format!(
                "bad name \"{name}\": it looks like HOST:PORT"
            )));
        }
        self.ensure()?;
        let _lock = self.lock()?;
        for number in 1..=SAME_NAMES_MAX {
            let candidate = if number == 1 {
                name.to_string()
            } else {
                format!("{name} #{number}")
            };
            let path = self.path.join(file_name(&candidate));
            if is_live(&path) {
                continue;
            }
            return self.listen(candidate, path);
        }
        Err(Failure::Target(format!(
            "{SAME_NAMES_MAX} interpreters are named \"{name}\" already"
        )))
    }

    fn listen(&self, name: String, path: PathBuf) -> Result<Endpoint, Failure> {
        let trouble =
            |error: io::Error| Failure::Target(format!("couldn't listen as \"{name}\": {error}"));
        let _ = fs::remove_file(&path);
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let bind = || -> io::Result<(OwnedFd, u64)> {
            let socket =
                rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
            rustix::net::bind(&socket, &SocketAddrUnix::new(&path)?)?;
            rustix::net::listen(&socket, BACKLOG)?;
            Ok((socket, fs::symlink_metadata(&path)?.ino()))
        };
        let (socket, inode) = bind().map_err(trouble)?;
        Ok(Endpoint {
            listener: socket.into(),
            name,
            path,
            inode,
        })
    }

    /// Connects to the interpreter called `name`.
    ///
    /// Errors: [`Failure::NoSuchName`], or [`Failure::Unreachable`] if it accepts nothing.
    pub fn connect(&self, name: &str) -> Result<OwnedFd, Failure> {
        let path = self.path.join(file_name(name));
        for _ in 0..CONNECT_TRIES {
            match connect(&path) {
                Ok(socket) if is_own_peer(&socket) => return Ok(socket),
                Err(Errno::AGAIN) => std::thread::sleep(CONNECT_PAUSE),
                Ok(_)
                | Err(Errno::NOENT | Errno::CONNREFUSED | Errno::ACCESS | Errno::NAMETOOLONG) => {
                    return Err(Failure::NoSuchName(name.to_string()));
                }
                Err(error) => {
                    let reason = std::io::Error::from(error).to_string();
                    return Err(Failure::Unreachable {
                        target: name.to_string(),
                        reason,
                    });
                }
            }
        }
        let reason = "it does not accept connections".to_string();
        Err(Failure::Unreachable {
            target: name.to_string(),
            reason,
        })
    }

    /// The names of the interpreters that are there, sorted.
    pub fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.path) else {
            return Vec::new();
        };
        let live = entries.flatten().filter(|entry| is_live(&entry.path()));
        let mut names: Vec<String> = live
            .filter_map(|entry| name_of_file(entry.file_name().to_str()?))
            .collect();
        names.sort();
        names
    }

    /// Keeps others from claiming names until the result is dropped.
    fn lock(&self) -> Result<File, Failure> {
        let open = || -> io::Result<File> {
            let mut options = OpenOptions::new();
            let file = options
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(self.path.join(".lock"))?;
            rustix::fs::flock(&file, FlockOperation::LockExclusive)?;
            Ok(file)
        };
        open().map_err(|error| {
            Failure::Target(format!(
                "couldn't lock \"{}\": {error}",
                self.path.display()
            ))
        })
    }
}

/// A name that this process serves under. Dropping it gives the name back.
#[derive(Debug)]
pub struct Endpoint {
    listener: UnixListener,
    name: String,
    path: PathBuf,
    /// Of the socket's file, so as not to remove another's.
    inode: u64,
}

impl Endpoint {
    /// The name that was taken.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The listening socket, for the notifier.
    pub fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.listener.as_fd()
    }

    /// The next connection that waits, if it is this user's; another user's is closed.
    ///
    /// Errors: `WouldBlock` if none waits; `PermissionDenied` if it was another user's.
    pub fn accept(&self) -> io::Result<OwnedFd> {
        let (stream, _) = self.listener.accept()?;
        let socket = OwnedFd::from(stream);
        match is_own_peer(&socket) {
            true => Ok(socket),
            false => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|metadata| metadata.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether the process at the other end runs as this user.
fn is_own_peer(socket: &OwnedFd) -> bool {
    rustix::net::sockopt::socket_peercred(socket)
        .is_ok_and(|peer| peer.uid == rustix::process::geteuid())
}

fn is_own_directory(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| {
        metadata.is_dir() && metadata.uid() == rustix::process::geteuid().as_raw()
    })
}

fn connect(path: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}

/// Whether a process listens on the socket at `path`. A full backlog is a sign of life too.
fn is_live(path: &Path) -> bool {
    matches!(connect(path), Ok(_) | Err(Errno::AGAIN))
}

/// The file of a name: bytes that are special in paths, and those that are not printable ASCII, as %XX.
fn file_name(name: &str) -> String {
    let mut file = String::with_capacity(name.len());
    for (index, byte) in name.bytes().enumerate() {
        let is_plain = byte.is_ascii_alphanumeric()
            || b"_- #@+=,".contains(&byte)
            || (byte == b'.' && index > 0);
        match is_plain {
            true => file.push(char::from(byte)),
            false => file.push_str(&format!("%{byte:02X}")),
        }
    }
    file
}

/// The name of a file; None if no name has that file.
fn name_of_file(file: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(file.len());
    let mut rest = file.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, tail) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = tail;
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|name| file_name(name) == file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    struct Scratch(Directory);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let path =
                std::env::temp_dir().join(format!("remex-local-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Scratch(Directory::at(path))
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0.path);
        }
    }

    #[test]
    fn targets_are_names_or_hosts_with_ports() {
        let address = |host: &str, port| Target::Address {
            host: host.into(),
            port,
        };
        for (text, target) in [
            ("db:7000", address("db", 7000)),
            ("10.0.0.1:1", address("10.0.0.1", 1)),
            ("[::1]:65535", address("::1", 65535)),
            ("a::b:12", Target::Name("a::b:12".into())),
            ("chat #2", Target::Name("chat #2".into())),
            ("db:", Target::Name("db:".into())),
            (":80", Target::Name(":80".into())),
            ("db:99999", Target::Name("db:99999".into())),
        ] {
            let parsed = Target::parse(text).unwrap();
            assert_eq!(parsed, target);
            assert_eq!(parsed.to_string(), text);
        }
        assert!(Target::parse("").is_err() && Target::parse("a\0b").is_err());
        assert!(Target::parse(&"n".repeat(NAME_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn every_name_has_one_file_and_no_file_leaves_the_directory() {
        for name in [
            "a", "chat #2", "../x", ".", "..", ".lock", "a/b", "50%", "über", "a b\nc", "%41",
        ] {
            let file = file_name(name);
            assert!(!file.contains('/') && !file.starts_with('.'), "{file}");
            assert_eq!(name_of_file(&file).as_deref(), Some(name));
        }
        assert_eq!(name_of_file("%4"), None);
        assert_eq!(name_of_file("%é"), None);
        assert_eq!(name_of_file("%41"), None);
    }

    #[test]
    fn a_taken_name_gets_a_number_and_a_dead_ones_socket_is_replaced() {
        let scratch = Scratch::new("claim");
        let directory = &scratch.0;
        let first = directory.claim("a").unwrap();
        let second = directory.claim("a").unwrap();
        assert_eq!([first.name(), second.name()], ["a", "a #2"]);
        assert_eq!(directory.names(), ["a", "a #2"]);
        let client = directory.connect("a #2").unwrap();
        let server = (0..3).find_map(|_| second.accept().ok()).unwrap();
        drop((client, server, second));
        assert_eq!(directory.names(), ["a"]);
        assert!(
            matches!(directory.connect("a #2"), Err(Failure::NoSuchName(name)) if name == "a #2")
        );
        // A socket file without a process.
        let stale = directory.path.join("b");
        drop(UnixListener::bind(&stale).unwrap());
        assert!(stale.exists() && directory.names() == ["a"]);
        assert_eq!(directory.claim("b").unwrap().name(), "b");
        assert!(directory.claim("h:80").is_err());
    }

    #[test]
    fn a_directory_that_others_can_enter_is_not_used() {
        let scratch = Scratch::new("open");
        fs::create_dir(&scratch.0.path).unwrap();
        fs::set_permissions(&scratch.0.path, fs::Permissions::from_mode(0o755)).unwrap();
        let error = scratch.0.claim("a").unwrap_err().to_string();
        assert!(error.contains("must have mode 700"), "{error}");
        fs::remove_dir(&scratch.0.path).unwrap();
        std::os::unix::fs::symlink("/tmp", &scratch.0.path).unwrap();
        assert!(scratch.0.claim("a").is_err());
        fs::remove_file(&scratch.0.path).unwrap();
    }
}
