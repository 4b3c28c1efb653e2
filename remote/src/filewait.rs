//! Waiting for something to happen to a file of some directory, without polling where the system tells.
//!
//! An interpreter has one inotify descriptor for all its waits, kept once made: closing one takes the kernel some
//! milliseconds. The event loop watches it only while somebody waits. Where events do not come, as on network file
//! systems, or where the directory is not there yet, a wait looks every [`POLL_INTERVAL`] instead. Read [`wait`] first.

use std::cell::{Cell, RefCell};
use std::ffi::{OsStr, OsString};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::bridge::Host;
use remex_interp::event::{Interest, SourceId, Wait};
use remex_interp::runtime::{Exception, Interp};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};

/// How often a directory is looked at from which no events come: a fifth of what the wiki's `fsignal` takes.
pub const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How many buffers of events one turn of the event loop reads before others have theirs.
const READS_MAX: u32 = 64;

/// Longest that a wait goes without a look at a file that somebody is still writing, in case the event that says that it
/// is done is about another name of the file.
const UNFINISHED_INTERVAL: Duration = Duration::from_millis(10);

/// What is watched in a directory. Modifications are not: a file matters when its writer is done.
const WATCHED: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR);

/// `f_type` of file systems whose changes all come from this host, from `statfs(2)`: ext2 to ext4, XFS, Btrfs, tmpfs,
/// ramfs, overlayfs, F2FS, ZFS, bcachefs.
const LOCAL_FILE_SYSTEMS: &[u64] = &[
    0xef53,
    0x5846_5342,
    0x9123_683e,
    0x0102_1994,
    0x8584_58f6,
    0x794c_7630,
    0xf2f5_2010,
    0x2fc1_2fc1,
    0xca45_1a4e,
];

/// What a look at the file came to.
pub enum Probe<T> {
    /// It is there.
    Found(T),
    /// It is there, but somebody is writing it.
    Unfinished,
    /// It is not there.
    Absent,
}

/// Runs the event loop until `probe` finds the file `name` in `directory`, neither of which need exist. The probe is
/// asked whenever something has happened to the file.
///
/// Returns what it found, or None at `deadline`.
/// Errors: the probe's, and exceptions that scripts cannot catch.
pub(crate) fn wait<T>(
    host: &mut impl Host,
    directory: &Path,
    name: &OsStr,
    deadline: Option<Instant>,
    probe: impl FnMut(&Watched) -> Result<Probe<T>, Box<Exception>>,
) -> Result<Option<T>, Box<Exception>> {
    let watched = host.with(|interp| watch(interp, directory, name));
    let outcome = run(host, &watched, deadline, probe);
    host.with(|interp| unwatch(interp, &watched));
    outcome
}

fn run<T>(
    host: &mut impl Host,
    watched: &Watched,
    deadline: Option<Instant>,
    mut probe: impl FnMut(&Watched) -> Result<Probe<T>, Box<Exception>>,
) -> Result<Option<T>, Box<Exception>> {
    let mut next_look = None;
    loop {
        let now = Instant::now();
        if watched.has_changed.replace(false) || next_look.is_some_and(|next| now >= next) {
            host.with(|interp| renew(interp, watched));
            let interval = match probe(watched)? {
                Probe::Found(found) => return Ok(Some(found)),
                Probe::Unfinished => Some(UNFINISHED_INTERVAL),
                Probe::Absent => watched.poll_interval(),
            };
            next_look = interval.map(|interval| now + interval);
        }
        if deadline.is_some_and(|deadline| now >= deadline) {
            return Ok(None);
        }
        let end = [deadline, next_look].into_iter().flatten().min();
        host.one_event(end.map_or(Wait::Forever, Wait::Until))?;
    }
}

/// What one wait watches.
pub struct Watched {
    directory: PathBuf,
    /// The name in the directory of the file that matters.
    name: RefCell<OsString>,
    /// The number of the kernel's watch; None where there is none.
    number: Cell<Option<i32>>,
    has_changed: Cell<bool>,
    /// A writer has closed the file, or it was put in place as a whole.
    is_complete: Cell<bool>,
    /// Whether events tell all.
    is_local: Cell<bool>,
}

impl Watched {
    /// Sets the name in the directory of the file that matters.
    pub fn set_name(&self, name: &OsStr) {
        if *self.name.borrow() != name {
            *self.name.borrow_mut() = name.to_owned();
        }
    }

    /// Whether the file was closed by a writer or put in place since this was asked last.
    pub fn take_completion(&self) -> bool {
        self.is_complete.replace(false)
    }

    /// How long a wait may go on without a look of its own; None where events tell all.
    fn poll_interval(&self) -> Option<Duration> {
        let is_told = self.number.get().is_some() && self.is_local.get();
        (!is_told).then_some(POLL_INTERVAL)
    }

    fn note(&self, events: ReadFlags, name: &[u8]) {
        if events.intersects(
            ReadFlags::IGNORED
                .union(ReadFlags::DELETE_SELF)
                .union(ReadFlags::MOVE_SELF),
        ) {
            // Another directory may come in its place.
            self.number.set(None);
            self.has_changed.set(true);
        } else if self.name.borrow().as_bytes() == name {
            self.has_changed.set(true);
            if events.intersects(ReadFlags::CLOSE_WRITE.union(ReadFlags::MOVED_TO)) {
                self.is_complete.set(true);
            }
        }
    }
}

/// The waits of one interpreter.
#[derive(Default)]
struct Watcher {
    inotify: RefCell<Option<Rc<OwnedFd>>>,
    /// Set while the event loop watches the descriptor.
    source: Cell<Option<SourceId>>,
    waits: RefCell<Vec<Rc<Watched>>>,
}

/// Begins to watch the file `name` in `directory`, which need not exist. Nothing that happens from now on is missed.
fn watch(interp: &mut Interp, directory: &Path, name: &OsStr) -> Rc<Watched> {
    let watcher = interp.data::<Watcher>();
    let watched = Rc::new(Watched {
        directory: directory.to_owned(),
        name: RefCell::new(name.to_owned()),
        number: Cell::new(None),
        has_changed: Cell::new(true),
        is_complete: Cell::new(false),
        is_local: Cell::new(false),
    });
    watcher.waits.borrow_mut().push(Rc::clone(&watched));
    renew(interp, &watched);
    watched
}

/// Tries again to have the kernel watch, if it does not: the directory may be there now.
fn renew(interp: &mut Interp, watched: &Watched) {
    if watched.number.get().is_some() {
        return;
    }
    let watcher = interp.data::<Watcher>();
    let Some(inotify) = watcher.listen(interp) else {
        return;
    };
    if let Ok(number) = inotify::add_watch(&*inotify, &watched.directory, WATCHED) {
        watched.is_local.set(is_local(&watched.directory));
        watched.number.set(Some(number));
    }
}

/// Ends a watch.
fn unwatch(interp: &mut Interp, watched: &Rc<Watched>) {
    let watcher = interp.data::<Watcher>();
    watcher
        .waits
        .borrow_mut()
        .retain(|other| !Rc::ptr_eq(other, watched));
    let is_shared = watcher
        .waits
        .borrow()
        .iter()
        .any(|other| other.number == watched.number);
    let inotify = watcher.inotify.borrow().clone();
    if let (Some(number), Some(inotify), false) = (watched.number.take(), inotify, is_shared) {
        // Fails only when the directory has gone, and the watch with it.
        let _ = inotify::remove_watch(&*inotify, number);
    }
    if watcher.waits.borrow().is_empty()
        && let Some(source) = watcher.source.take()
    {
        interp.unwatch(source);
    }
}

impl Watcher {
    /// The descriptor, watched by the event loop; None where the system gives none.
    fn listen(&self, interp: &mut Interp) -> Option<Rc<OwnedFd>> {
        let inotify = self.open()?;
        if self.source.get().is_none() {
            let on_ready = |interp: &mut Interp, source: SourceId, _is_readable: bool| {
                if interp.data::<Watcher>().read_events() {
                    interp.event_loop().drained(source, Interest::READ);
                }
            };
            self.source.set(
                interp
                    .watch(inotify.as_fd(), Interest::READ, Rc::new(on_ready))
                    .ok(),
            );
        }
        self.source.get().map(|_| inotify)
    }

    fn open(&self) -> Option<Rc<OwnedFd>> {
        let mut inotify = self.inotify.borrow_mut();
        if inotify.is_none() {
            *inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)
                .ok()
                .map(Rc::new);
        }
        inotify.clone()
    }

    /// Notes what has happened. Whether all there was has been read.
    fn read_events(&self) -> bool {
        let Some(inotify) = self.inotify.borrow().clone() else {
            return true;
        };
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&*inotify, &mut buffer);
        let mut reads = 0;
        loop {
            if reader.is_buffer_empty() {
                reads += 1;
                if reads > READS_MAX {
                    return false;
                }
            }
            match reader.next() {
                Ok(event) => {
                    let name = event.file_name().map_or(&[][..], std::ffi::CStr::to_bytes);
                    self.note(event.wd(), event.events(), name);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return true,
            }
        }
    }

    fn note(&self, number: i32, events: ReadFlags, name: &[u8]) {
        for watched in self.waits.borrow().iter() {
            if events.contains(ReadFlags::QUEUE_OVERFLOW) {
                watched.has_changed.set(true);
            } else if watched.number.get() == Some(number) {
                watched.note(events, name);
            }
        }
    }
}

/// Whether all changes in `directory` are made on this host, so that the kernel tells of them.
fn is_local(directory: &Path) -> bool {
    rustix::fs::statfs(directory).is_ok_and(|statistics| {
        u64::try_from(statistics.f_type)
            .is_ok_and(|number| LOCAL_FILE_SYSTEMS.contains(&(number & 0xffff_ffff)))
    })
}
