//! The file of one signal: how it is left for others, and how one of them takes it.
//!
//! The protocol is that of the wiki's `fsignal`: a signal called NAME is the file `NAME.sig`, which holds the message
//! and a newline, or nothing. Who reads it deletes it. Senders of ours put a complete file in place by renaming it;
//! other senders open the file, write and close. A waiter therefore takes a file only when nobody has it open for
//! writing, and takes it by renaming it to a name of its own, which only one of several waiters can do.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::lease::{Writers, writers};

/// Longest message in bytes. A waiter holds it in memory twice; a quarter of the longest string leaves room for that.
pub const SIGNAL_BYTES_MAX: u64 = 1 << 28;

/// How long a file must stay as it is to count as complete where the kernel cannot say whether it is being written:
/// far longer than a sender takes between two of its writes.
const SETTLE: Duration = Duration::from_millis(50);

/// The same for an empty file, which is more often one just begun than a signal without a message.
const SETTLE_EMPTY: Duration = Duration::from_millis(250);

/// How often a name of our own is tried anew when it is taken.
const NAME_TRIES_MAX: u32 = 100;

/// What failed, in the words that tclsh uses before the name.
#[derive(Debug)]
pub(super) struct Failure {
    pub what: &'static str,
    pub error: io::Error,
}

impl Failure {
    fn because(what: &'static str) -> impl Fn(io::Error) -> Failure {
        move |error| Failure { what, error }
    }
}

/// The place of a signal.
#[derive(Debug, Clone)]
pub(super) struct SignalFile {
    pub directory: PathBuf,
    /// The file's name in the directory.
    pub name: OsString,
}

impl SignalFile {
    /// The file `path`; None if that names no file.
    pub fn new(path: &Path) -> Option<SignalFile> {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        Some(SignalFile {
            directory,
            name: path.file_name()?.to_owned(),
        })
    }

    fn path(&self) -> PathBuf {
        self.directory.join(&self.name)
    }

    /// Leaves a signal: `content` is there as a whole or not at all. A signal that nobody has taken is replaced.
    pub fn send(&self, content: &[u8]) -> Result<(), Failure> {
        let (temporary, mut file) = self
            .make_temporary()
            .map_err(Failure::because("couldn't open"))?;
        let written = file.write_all(content);
        drop(file);
        let placed = written
            .map_err(Failure::because("error writing"))
            .and_then(|()| {
                std::fs::rename(&temporary, self.path()).map_err(Failure::because("couldn't open"))
            });
        if placed.is_err() {
            // Best effort: the first failure is the one to report.
            let _ = std::fs::remove_file(&temporary);
        }
        placed
    }

    fn make_temporary(&self) -> io::Result<(PathBuf, File)> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let mut tries = 0;
        loop {
            let path = self.own_path();
            match options.open(&path) {
                Ok(file) => return Ok((path, file)),
                Err(error)
                    if error.kind() == ErrorKind::AlreadyExists && tries < NAME_TRIES_MAX =>
                {
                    tries += 1
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A path beside the file that no other process and no other call uses.
    fn own_path(&self) -> PathBuf {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        // The time tells apart processes of the same number on hosts that share the directory.
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        self.directory.join(format!(
            ".fsignal-{}-{number}-{:x}",
            std::process::id(),
            now.as_nanos()
        ))
    }
}

/// What an attempt to take a signal came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// There is no signal.
    Absent,
    /// There is one that may still be being written.
    Unfinished,
    /// There was one, and it is ours: this is what was in it.
    Taken(Vec<u8>),
}

/// What tells one state of a file from another. Not its times of change of status, which renaming alters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Snapshot {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

impl Snapshot {
    fn of(metadata: &Metadata) -> Snapshot {
        Snapshot {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

/// A waiter's way to a signal. Dropping it puts a file that it has taken but not read back in its place.
pub(super) struct Taker {
    file: SignalFile,
    /// Where the file is that we have taken.
    taken: Option<PathBuf>,
    /// What an unfinished file looked like, and since when, where leases do not work.
    seen: Option<(Snapshot, Instant)>,
}

impl Taker {
    pub fn new(file: SignalFile) -> Taker {
        Taker {
            file,
            taken: None,
            seen: None,
        }
    }

    /// The directory of the signal's file.
    pub fn directory(&self) -> &Path {
        &self.file.directory
    }

    /// The name in the directory of the file that is of interest now.
    pub fn name(&self) -> &OsStr {
        self.taken
            .as_deref()
            .and_then(Path::file_name)
            .unwrap_or(&self.file.name)
    }

    /// Takes the signal if it is there and complete.
    ///
    /// * `is_complete`: whether an event has said that the file was closed or put in place since the last attempt; used
    ///   where the kernel does not say whether it is being written.
    pub fn attempt(&mut self, is_complete: bool) -> Result<Attempt, Failure> {
        if self.taken.is_none() {
            match self.open(&self.file.path())? {
                None => {
                    self.seen = None;
                    return Ok(Attempt::Absent);
                }
                Some(file) if !self.is_finished(&file, is_complete)? => {
                    return Ok(Attempt::Unfinished);
                }
                Some(_) => {}
            }
            if !self.take()? {
                return Ok(Attempt::Absent);
            }
        }
        self.read_taken(is_complete)
    }

    /// Renames the file to a name of our own. False: another waiter was faster.
    fn take(&mut self) -> Result<bool, Failure> {
        let own = self.file.own_path();
        match std::fs::rename(self.file.path(), &own) {
            Ok(()) => {
                self.taken = Some(own);
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Failure {
                what: "error deleting",
                error,
            }),
        }
    }

    /// Reads and deletes what we have taken. It is looked at again, for between the look and the renaming a sender may
    /// have begun to write, or have put another file in place.
    fn read_taken(&mut self, is_complete: bool) -> Result<Attempt, Failure> {
        let Some(own) = self.taken.clone() else {
            return Ok(Attempt::Absent);
        };
        let Some(file) = self.open(&own)? else {
            self.taken = None;
            return Ok(Attempt::Absent);
        };
        if !self.is_finished(&file, is_complete)? {
            return Ok(Attempt::Unfinished);
        }
        let content = read(&file)?;
        std::fs::remove_file(&own).map_err(Failure::because("error deleting"))?;
        self.taken = None;
        Ok(Attempt::Taken(content))
    }

    fn open(&self, path: &Path) -> Result<Option<File>, Failure> {
        let mut options = OpenOptions::new();
        // Without NONBLOCK a named pipe of that name would hold us here.
        options.read(true).custom_flags(libc::O_NONBLOCK);
        match options.open(path) {
            Ok(file) => Ok(Some(file)),
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            Err(error) => Err(Failure {
                what: "couldn't open",
                error,
            }),
        }
    }

    fn is_finished(&mut self, file: &File, is_complete: bool) -> Result<bool, Failure> {
        let metadata = file.metadata().map_err(Failure::because("couldn't open"))?;
        if metadata.is_dir() {
            let error = io::Error::from(ErrorKind::IsADirectory);
            return Err(Failure {
                what: "couldn't open",
                error: os_error(error),
            });
        }
        match writers(file) {
            Writers::None => Ok(true),
            Writers::Some => {
                self.seen = None;
                Ok(false)
            }
            Writers::Unknown => Ok(is_complete || self.has_settled(Snapshot::of(&metadata))),
        }
    }

    fn has_settled(&mut self, now: Snapshot) -> bool {
        match self.seen {
            Some((before, since)) if before == now => {
                since.elapsed() >= if now.bytes == 0 { SETTLE_EMPTY } else { SETTLE }
            }
            _ => {
                self.seen = Some((now, Instant::now()));
                false
            }
        }
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        if let Some(own) = self.taken.take() {
            // Not over a newer signal, which replaces this one.
            let flags = rustix::fs::RenameFlags::NOREPLACE;
            let place = self.file.path();
            let returned =
                rustix::fs::renameat_with(rustix::fs::CWD, &own, rustix::fs::CWD, &place, flags)
                    .is_ok()
                    || (!place.exists() && std::fs::rename(&own, &place).is_ok());
            if !returned {
                let _ = std::fs::remove_file(&own);
            }
        }
    }
}

/// An error with a number of the system's, which alone carries tclsh's text.
fn os_error(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::IsADirectory => io::Error::from_raw_os_error(libc::EISDIR),
        _ => error,
    }
}

fn read(mut file: &File) -> Result<Vec<u8>, Failure> {
    let mut content = Vec::new();
    let limited = (&mut file)
        .take(SIGNAL_BYTES_MAX + 1)
        .read_to_end(&mut content);
    limited.map_err(Failure::because("error reading"))?;
    if content.len() as u64 > SIGNAL_BYTES_MAX {
        let error = io::Error::from_raw_os_error(libc::EFBIG);
        return Err(Failure {
            what: "error reading",
            error,
        });
    }
    Ok(content)
}

#[cfg(test)]
#[path = "signal_file_tests.rs"]
mod tests;
