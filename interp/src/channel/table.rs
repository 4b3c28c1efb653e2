//! The channels of an interpreter, by name.

use std::cell::RefCell;
use std::rc::Rc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::channel::{Channel, SharedChannel};
use super::driver::Side;
use super::error::ChannelError;
use super::fd::StandardStream;

/// Most channels that one interpreter may have open; above what `ulimit -n` allows almost everywhere.
pub const CHANNELS_MAX: usize = 1 << 20;

fn unregister(channel: &SharedChannel) {
    if let Ok(mut channel) = channel.try_borrow_mut() {
        channel.registrations = channel.registrations.saturating_sub(1);
    }
}

/// One channel in a table.
#[derive(Debug)]
struct Entry {
    channel: SharedChannel,
    /// When it was added, as a count.
    number: u64,
}

/// The channels that an interpreter knows. The same channel may be in the tables of several interpreters of a thread.
#[derive(Debug, Default)]
pub struct ChannelTable {
    by_name: HashMap<Box<str>, Entry, RandomState>,
    /// Counts channels, for their order.
    added: u64,
    /// Kept at hand because most scripts write to nothing else.
    stdout: Option<SharedChannel>,
    /// What `stdin`, `stdout` and `stderr` stand for.
    standard: [Standard; 3],
}

/// The names of the standard streams, in the order of their descriptors.
const STANDARD_NAMES: [&str; 3] = ["stdin", "stdout", "stderr"];

/// What the name of a standard stream stands for.
#[derive(Debug, Clone, Copy, Default)]
enum Standard {
    /// The channel of that name, if the table has it.
    #[default]
    Own,
    /// It has been closed; the next new channel takes its place.
    Vacant,
    /// The channel of that name is one that was opened after the stream had been closed.
    Taken,
}

/// What a child process gets for a standard stream.
#[derive(Debug)]
pub enum Inherited {
    /// This process's own.
    Own,
    /// A script has closed it and opened nothing since.
    Nothing,
    /// The channel that a script has opened in its place.
    Channel(SharedChannel),
}

impl ChannelTable {
    /// A table without channels.
    pub fn new() -> ChannelTable {
        ChannelTable::default()
    }

    /// A table with `stdin`, `stdout` and `stderr`.
    pub fn with_standard_streams() -> ChannelTable {
        let mut table = ChannelTable::new();
        for stream in [
            StandardStream::Stdin,
            StandardStream::Stdout,
            StandardStream::Stderr,
        ] {
            table.share(Rc::new(RefCell::new(stream.channel())));
        }
        table
    }

    /// Adds a new channel under its name; one that is taken is made unique. Errors: [`CHANNELS_MAX`].
    pub fn insert(&mut self, mut channel: Channel) -> Result<SharedChannel, ChannelError> {
        if self.by_name.len() >= CHANNELS_MAX {
            return Err(ChannelError::coded(
                format!("too many open channels (limit {CHANNELS_MAX})"),
                &["REMEX", "LIMIT", "CHANNEL"],
            ));
        }
        let vacancy = STANDARD_NAMES
            .iter()
            .zip(&mut self.standard)
            .find(|(name, place)| {
                matches!(place, Standard::Vacant) && !self.by_name.contains_key(**name)
            });
        if let Some((name, place)) = vacancy {
            // As in tclsh, it takes the name too.
            channel.set_name(*name);
            *place = Standard::Taken;
        }
        let mut number = 1_usize;
        let base = channel.name().to_owned();
        while self.by_name.contains_key(channel.name()) {
            channel.set_name(format!("{base}.{number}"));
            number += 1;
        }
        let shared = Rc::new(RefCell::new(channel));
        self.share(Rc::clone(&shared));
        Ok(shared)
    }

    /// Adds a channel that another interpreter has too, or one under a fixed name. One of the same name is replaced.
    pub fn share(&mut self, channel: SharedChannel) {
        let name: Box<str> = {
            let mut channel = channel.borrow_mut();
            channel.registrations += 1;
            channel.name().into()
        };
        if &*name == "stdout" {
            self.stdout = Some(Rc::clone(&channel));
        }
        self.added += 1;
        self.by_name.insert(
            name,
            Entry {
                channel,
                number: self.added,
            },
        );
    }

    /// The channel called `name`.
    pub fn get(&self, name: &str) -> Option<&SharedChannel> {
        self.by_name.get(name).map(|entry| &entry.channel)
    }

    /// What a child process gets for `stream`.
    pub fn inherited(&self, stream: StandardStream) -> Inherited {
        let channel = STANDARD_NAMES
            .get(stream as usize)
            .and_then(|name| self.get(name));
        match (self.standard.get(stream as usize), channel) {
            (Some(Standard::Taken), Some(channel)) => Inherited::Channel(Rc::clone(channel)),
            (Some(Standard::Taken | Standard::Vacant), _) => Inherited::Nothing,
            _ => Inherited::Own,
        }
    }

    /// As [`ChannelTable::remove`] for a channel that is being closed: if it was a standard stream, the next new channel
    /// takes its place.
    pub fn remove_closed(&mut self, name: &str) {
        if self.remove(name).is_none() {
            return;
        }
        let index = STANDARD_NAMES.iter().position(|standard| *standard == name);
        if let Some(place) = index.and_then(|index| self.standard.get_mut(index)) {
            *place = Standard::Vacant;
        }
    }

    /// Where `puts` without a channel writes.
    pub fn stdout(&self) -> Option<&SharedChannel> {
        self.stdout.as_ref()
    }

    /// Takes a channel out of the table; it stays open. The caller closes it if no other table has it.
    pub fn remove(&mut self, name: &str) -> Option<SharedChannel> {
        if name == "stdout" {
            self.stdout = None;
        }
        let channel = self.by_name.remove(name).map(|entry| entry.channel)?;
        unregister(&channel);
        Some(channel)
    }

    /// The names of all channels, oldest first.
    pub fn names(&self) -> Vec<&str> {
        let mut entries: Vec<(u64, &str)> = self
            .by_name
            .iter()
            .map(|(name, entry)| (entry.number, &**name))
            .collect();
        entries.sort_unstable();
        entries.into_iter().map(|(_, name)| name).collect()
    }

    /// All channels, in no order.
    pub fn channels(&self) -> impl Iterator<Item = &SharedChannel> {
        self.by_name.values().map(|entry| &entry.channel)
    }

    /// Writes out what waits in every channel, waiting for it, and makes descriptors that are shared with other
    /// processes block again. Failures are left unsaid, as tclsh does.
    ///
    /// * `drops_unblocked`: at the end of the process, what a channel that does not block cannot take at once is lost.
    pub fn flush_all(&self, drops_unblocked: bool) {
        for channel in self.channels() {
            // A channel in use is one that is being closed already.
            let Ok(mut channel) = channel.try_borrow_mut() else {
                continue;
            };
            if drops_unblocked && !channel.is_blocking() {
                let _ = channel.flush();
                channel.drop_output();
            }
            let _ = channel.set_blocking(true);
            if channel.pending_output().is_ok_and(|bytes| bytes > 0) {
                let _ = channel.flush();
            }
        }
    }

    /// Closes every channel that no other table has, after writing out what waits: at the end of an interpreter.
    pub fn close_all(&mut self) {
        self.stdout = None;
        self.standard = Default::default();
        for (_, Entry { channel, .. }) in self.by_name.drain() {
            unregister(&channel);
            if Rc::strong_count(&channel) > 1 {
                continue;
            }
            if let Ok(mut channel) = channel.try_borrow_mut() {
                let _ = channel
                    .set_blocking(true)
                    .and_then(|()| channel.close(Side::Both));
            }
        }
    }

    /// Tcl's message for a name that is not in the table.
    pub fn not_found(name: &str) -> ChannelError {
        ChannelError::coded(
            format!("can not find channel named \"{name}\""),
            &["TCL", "LOOKUP", "CHANNEL", name],
        )
    }
}
