//! Watched file descriptors over mio: edge-triggered underneath, level-triggered to the caller.
//!
//! The kernel tells of a change once; this remembers it per source until a read or write falls short and the caller says
//! so ([`Sources::drained`]). While something is remembered as ready, most rounds need no system call at all.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use mio::unix::SourceFd;
use mio::{Events, Poll, Token, Waker};

use super::{Interest, SourceId};

/// Most descriptors that one loop watches; above what `ulimit -n` allows almost everywhere.
pub const SOURCES_MAX: usize = 1 << 20;

/// Room for events per system call. What does not fit comes with the next call.
const EVENTS_PER_POLL: usize = 256;

/// Rounds that may pass on remembered readiness alone before the kernel is asked about the other sources again.
const ROUNDS_WITHOUT_POLL_MAX: u32 = 16;

/// The token of the waker, which no source can have: ids count up from 1.
const WAKER_TOKEN: Token = Token(usize::MAX);

/// Why a descriptor cannot be watched.
#[derive(Debug)]
pub enum WatchError {
    /// [`SOURCES_MAX`] descriptors are watched already.
    TooMany,
    /// The system refused.
    System(io::Error),
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WatchError::TooMany => write!(f, "too many watched files (limit {SOURCES_MAX})"),
            WatchError::System(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for WatchError {}

/// One watched descriptor.
#[derive(Debug)]
struct Source {
    fd: RawFd,
    /// A copy of the descriptor, where another source watches it under its own number already: the kernel knows a
    /// number once. Closing it ends the watch.
    copy: Option<OwnedFd>,
    /// What the watcher wants.
    interest: Interest,
    /// What the kernel has been asked for. It may be more than `interest`: taking interest away costs no system call
    /// until an unwanted event arrives.
    registered: Interest,
    /// What is known to be possible without blocking.
    ready: Interest,
    /// Directions that stay ready for good: the peer has closed them, so that a short read proves nothing, or the
    /// descriptor is a regular file, which the kernel does not watch.
    sticky: Interest,
    /// Input waits in a buffer above the descriptor, which itself may be silent.
    is_buffered: bool,
    /// A regular file or the like.
    always_ready: bool,
    /// There is no descriptor.
    is_unpolled: bool,
    /// Whether the source is in [`Sources::ready_list`].
    is_listed: bool,
}

impl Source {
    /// What is both possible and wanted.
    fn deliverable(&self) -> Interest {
        let buffered = if self.is_buffered {
            Interest::READ
        } else {
            Interest::NONE
        };
        self.ready.union(buffered).intersection(self.interest)
    }
}

/// All watched descriptors of a loop.
#[derive(Default)]
pub(super) struct Sources {
    /// Made when first needed: a script that never waits for files pays nothing.
    poll: Option<Poll>,
    events: Option<Events>,
    table: HashMap<SourceId, Source, RandomState>,
    /// Sources with something that is both ready and wanted, oldest first; it may also hold some that no longer have.
    ready_list: VecDeque<SourceId>,
    /// This round's sources that have not been handed out.
    round: VecDeque<(SourceId, Interest)>,
    rounds_without_poll: u32,
}

fn mio_interest(interest: Interest) -> Option<mio::Interest> {
    match (
        interest.contains(Interest::READ),
        interest.contains(Interest::WRITE),
    ) {
        (true, true) => Some(mio::Interest::READABLE | mio::Interest::WRITABLE),
        (true, false) => Some(mio::Interest::READABLE),
        (false, true) => Some(mio::Interest::WRITABLE),
        (false, false) => None,
    }
}

impl Sources {
    fn poll(&mut self) -> io::Result<&Poll> {
        if self.poll.is_none() {
            self.poll = Some(Poll::new()?);
            self.events = Some(Events::with_capacity(EVENTS_PER_POLL));
        }
        self.poll
            .as_ref()
            .ok_or_else(|| io::Error::from(io::ErrorKind::Other))
    }

    pub(super) fn new_waker(&mut self) -> io::Result<Waker> {
        Waker::new(self.poll()?.registry(), WAKER_TOKEN)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    pub(super) fn has_poll(&self) -> bool {
        self.poll.is_some()
    }

    pub(super) fn watch(
        &mut self,
        id: SourceId,
        fd: BorrowedFd<'_>,
        interest: Interest,
    ) -> Result<(), WatchError> {
        use std::os::fd::AsRawFd;
        if self.table.len() >= SOURCES_MAX {
            return Err(WatchError::TooMany);
        }
        let source = Source {
            fd: fd.as_raw_fd(),
            copy: None,
            interest: Interest::NONE,
            registered: Interest::NONE,
            ready: Interest::NONE,
            sticky: Interest::NONE,
            is_buffered: false,
            always_ready: false,
            is_unpolled: false,
            is_listed: false,
        };
        self.table.insert(id, source);
        let mut result = self.set_interest(id, interest);
        if matches!(&result, Err(WatchError::System(error)) if error.kind() == io::ErrorKind::AlreadyExists)
            && let Some(source) = self.table.get_mut(&id)
            && let Ok(copy) = rustix::io::fcntl_dupfd_cloexec(fd, 3)
        {
            source.fd = copy.as_raw_fd();
            source.copy = Some(copy);
            result = self.set_interest(id, interest);
        }
        result.inspect_err(|_| {
            self.table.remove(&id);
        })
    }

    pub(super) fn set_interest(
        &mut self,
        id: SourceId,
        interest: Interest,
    ) -> Result<(), WatchError> {
        let Some(source) = self.table.get_mut(&id) else {
            return Ok(());
        };
        source.interest = interest;
        let wanted = source.registered.union(interest);
        if wanted != source.registered && !source.always_ready && !source.is_unpolled {
            self.register(id, wanted).map_err(WatchError::System)?;
        }
        self.list_if_ready(id);
        Ok(())
    }

    /// Asks the kernel for `wanted`. It answers with what is ready now, so earlier knowledge may go.
    fn register(&mut self, id: SourceId, wanted: Interest) -> io::Result<()> {
        self.poll()?;
        let (Some(poll), Some(source)) = (&self.poll, self.table.get_mut(&id)) else {
            return Ok(());
        };
        let registry = poll.registry();
        let mut fd = SourceFd(&source.fd);
        let token = Token(id.0 as usize);
        let result = match (source.registered.is_empty(), mio_interest(wanted)) {
            (true, Some(interest)) => registry.register(&mut fd, token, interest),
            (false, Some(interest)) => registry.reregister(&mut fd, token, interest),
            (false, None) => registry.deregister(&mut fd),
            (true, None) => Ok(()),
        };
        match result {
            Ok(()) => source.registered = wanted,
            // Regular files and directories, which can always be read and written.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::PERM.raw_os_error()) => {
                source.always_ready = true;
                source.sticky = Interest::BOTH;
                source.ready = Interest::BOTH;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    pub(super) fn interest(&self, id: SourceId) -> Interest {
        self.table
            .get(&id)
            .map_or(Interest::NONE, |source| source.interest)
    }

    pub(super) fn unwatch(&mut self, id: SourceId) {
        let Some(source) = self.table.remove(&id) else {
            return;
        };
        if let (false, Some(poll)) = (source.registered.is_empty(), &self.poll) {
            // The descriptor may be closed already; then the kernel has forgotten it too.
            let _ = poll.registry().deregister(&mut SourceFd(&source.fd));
        }
    }

    /// A source without a descriptor: ready when its owner says so.
    pub(super) fn watch_unpolled(
        &mut self,
        id: SourceId,
        interest: Interest,
    ) -> Result<(), WatchError> {
        if self.table.len() >= SOURCES_MAX {
            return Err(WatchError::TooMany);
        }
        let source = Source {
            fd: -1,
            copy: None,
            interest,
            registered: Interest::NONE,
            ready: Interest::NONE,
            sticky: Interest::NONE,
            is_buffered: false,
            always_ready: false,
            is_unpolled: true,
            is_listed: false,
        };
        self.table.insert(id, source);
        Ok(())
    }

    pub(super) fn mark_ready(&mut self, id: SourceId, what: Interest) {
        if let Some(source) = self.table.get_mut(&id) {
            source.ready = source.ready.union(what);
        }
        self.list_if_ready(id);
    }

    pub(super) fn set_buffered(&mut self, id: SourceId, is_buffered: bool) {
        if let Some(source) = self.table.get_mut(&id) {
            source.is_buffered = is_buffered;
        }
        if is_buffered {
            self.list_if_ready(id);
        }
    }

    pub(super) fn drained(&mut self, id: SourceId, what: Interest) {
        if let Some(source) = self.table.get_mut(&id) {
            source.ready = source.ready.without(what).union(source.sticky);
        }
    }

    /// Asks the kernel, without waiting, what is ready; for descriptors whose short reads prove nothing (terminals).
    pub(super) fn recheck(&mut self, id: SourceId) {
        let Some(source) = self.table.get_mut(&id) else {
            return;
        };
        if source.always_ready || source.is_unpolled {
            return;
        }
        let wanted = source.registered;
        source.ready = source.sticky;
        if self.register(id, wanted).is_err() {
            self.mark_ready(id, wanted);
        }
    }

    fn list_if_ready(&mut self, id: SourceId) {
        if let Some(source) = self.table.get_mut(&id)
            && !source.is_listed
            && !source.deliverable().is_empty()
        {
            source.is_listed = true;
            self.ready_list.push_back(id);
        }
    }

    /// What of the source is both ready and wanted at this moment.
    fn deliverable(&self, id: SourceId) -> Interest {
        self.table
            .get(&id)
            .map_or(Interest::NONE, Source::deliverable)
    }

    /// The next source of this round and one direction of it.
    pub(super) fn pop(&mut self) -> Option<(SourceId, Interest)> {
        while let Some((id, planned)) = self.round.pop_front() {
            let now = planned.intersection(self.deliverable(id));
            if now.contains(Interest::READ) {
                let rest = now.without(Interest::READ);
                if !rest.is_empty() {
                    self.round.push_front((id, rest));
                }
                return Some((id, Interest::READ));
            }
            if now.contains(Interest::WRITE) {
                return Some((id, Interest::WRITE));
            }
        }
        None
    }

    /// Whether a new round would have something without asking the kernel.
    pub(super) fn has_ready(&mut self) -> bool {
        while let Some(id) = self.ready_list.front().copied() {
            if !self.deliverable(id).is_empty() {
                return true;
            }
            self.ready_list.pop_front();
            if let Some(source) = self.table.get_mut(&id) {
                source.is_listed = false;
            }
        }
        false
    }

    /// Whether readiness is remembered and the kernel need not be asked this round.
    pub(super) fn may_skip_poll(&mut self) -> bool {
        if self.has_ready() && self.rounds_without_poll < ROUNDS_WITHOUT_POLL_MAX {
            self.rounds_without_poll += 1;
            return true;
        }
        false
    }

    /// One `epoll_wait`. `timeout`: `None` waits for ever. Errors: `Interrupted` when a signal came.
    pub(super) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.rounds_without_poll = 0;
        self.poll()?;
        let (Some(poll), Some(mut events)) = (self.poll.as_mut(), self.events.take()) else {
            return Ok(());
        };
        let result = poll.poll(&mut events, timeout);
        if result.is_ok() {
            for event in &events {
                if event.token() != WAKER_TOKEN {
                    self.note(SourceId(event.token().0 as u64), event);
                }
            }
        }
        self.events = Some(events);
        result
    }

    fn note(&mut self, id: SourceId, event: &mio::event::Event) {
        let Some(source) = self.table.get_mut(&id) else {
            return;
        };
        let mut ready = Interest::NONE;
        if event.is_readable() {
            ready = ready.union(Interest::READ);
        }
        if event.is_writable() {
            ready = ready.union(Interest::WRITE);
        }
        if event.is_read_closed() {
            source.sticky = source.sticky.union(Interest::READ);
        }
        if event.is_write_closed() {
            source.sticky = source.sticky.union(Interest::WRITE);
        }
        if event.is_error() {
            // As `select` has it: an error is told to reader and writer alike.
            source.sticky = Interest::BOTH;
        }
        source.ready = source.ready.union(ready).union(source.sticky);
        let unwanted = source.registered.without(source.interest);
        if !unwanted.intersection(source.ready).is_empty() {
            let wanted = source.interest;
            // On failure the source merely keeps hearing of what it does not want.
            let _ = self.register(id, wanted);
        }
        self.list_if_ready(id);
    }

    /// Lays out the next round from what is ready. Each source appears once.
    pub(super) fn begin_round(&mut self) {
        for _ in 0..self.ready_list.len() {
            let Some(id) = self.ready_list.pop_front() else {
                break;
            };
            let now = self.deliverable(id);
            if now.is_empty() {
                if let Some(source) = self.table.get_mut(&id) {
                    source.is_listed = false;
                }
            } else {
                self.ready_list.push_back(id);
                self.round.push_back((id, now));
            }
        }
    }
}
