//! A channel in the event loop: which of its descriptors are watched, and what its buffers add to their readiness.

use crate::channel::{Channel, Direction};

use super::{EventLoop, Interest, SourceId, WatchError};

/// The registrations of one channel. Its owner keeps it beside the channel, changes it through
/// [`ChannelWatch::set_interest`], calls [`ChannelWatch::settle`] after every use of the channel while it is watched, and
/// [`ChannelWatch::end`] before the channel is closed.
#[derive(Debug, Default)]
pub struct ChannelWatch {
    /// The descriptor that input comes from, and output goes to unless `writer` is set.
    reader: Option<SourceId>,
    /// A separate descriptor for output: pipelines have one.
    writer: Option<SourceId>,
    /// What handlers ask for.
    interest: Interest,
    /// Output is queued in the channel and must be drained when there is room.
    is_draining: bool,
}

impl ChannelWatch {
    /// Watching nothing.
    pub fn new() -> ChannelWatch {
        ChannelWatch::default()
    }

    /// Whether an event of this source concerns this channel.
    pub fn has_source(&self, id: SourceId) -> bool {
        self.reader == Some(id) || self.writer == Some(id)
    }

    /// All sources, for an index from source to channel.
    pub fn sources(&self) -> impl Iterator<Item = SourceId> {
        self.reader.into_iter().chain(self.writer)
    }

    /// What handlers ask for.
    pub fn interest(&self) -> Interest {
        self.interest
    }

    /// Whether queued output waits for a writable event, whatever handlers ask for.
    pub fn is_draining(&self) -> bool {
        self.is_draining
    }

    /// Sets what handlers ask for. New sources may come of it: ask [`ChannelWatch::sources`] again.
    pub fn set_interest(
        &mut self,
        events: &mut EventLoop,
        channel: &mut Channel,
        interest: Interest,
    ) -> Result<(), WatchError> {
        self.interest = interest;
        self.is_draining = channel.is_draining();
        self.apply(events, channel)?;
        self.settle(events, channel)
    }

    /// What the system is asked for: the handlers' wishes, and writable while output is queued.
    fn wanted(&self) -> Interest {
        if self.is_draining {
            self.interest.union(Interest::WRITE)
        } else {
            self.interest
        }
    }

    fn apply(&mut self, events: &mut EventLoop, channel: &Channel) -> Result<(), WatchError> {
        use std::os::fd::AsRawFd;
        let wanted = self.wanted();
        let read_fd = channel.fd(Direction::Read);
        let write_fd = channel.fd(Direction::Write);
        let raw = |fd: Option<std::os::fd::BorrowedFd<'_>>| fd.map(|fd| fd.as_raw_fd());
        let is_split = read_fd.is_some() && write_fd.is_some() && raw(read_fd) != raw(write_fd);
        let (first, second) = if is_split {
            (
                wanted.intersection(Interest::READ),
                wanted.intersection(Interest::WRITE),
            )
        } else {
            (wanted, Interest::NONE)
        };
        // Memory is always ready; a script says when its channel is.
        let without_fd = if channel.is_scripted() {
            Interest::NONE
        } else {
            Interest::BOTH
        };
        let first_fd = read_fd.or(write_fd);
        watch_one(events, &mut self.reader, first_fd, first, without_fd)?;
        let second_fd = if is_split { write_fd } else { None };
        watch_one(events, &mut self.writer, second_fd, second, without_fd)
    }

    /// Tells the loop what the channel's last use has shown. Cheap; does nothing while nothing is watched.
    pub fn settle(
        &mut self,
        events: &mut EventLoop,
        channel: &mut Channel,
    ) -> Result<(), WatchError> {
        let change = channel.readiness_change();
        if change.wants_write != self.is_draining {
            self.is_draining = change.wants_write;
            self.apply(events, channel)?;
        }
        let Some(reader) = self.reader else {
            return Ok(());
        };
        events.set_buffered(reader, change.is_buffered);
        if change.read_drained {
            events.drained(reader, Interest::READ);
        } else if change.read_unknown && self.interest.contains(Interest::READ) {
            events.recheck(reader);
        }
        if change.write_drained {
            events.drained(self.writer.unwrap_or(reader), Interest::WRITE);
        }
        Ok(())
    }

    /// Nothing is there to be read any more: no connection waits at a listener, or somebody else has read.
    pub fn accepted_all(&self, events: &mut EventLoop) {
        if let Some(reader) = self.reader {
            events.drained(reader, Interest::READ);
        }
    }

    /// Stops watching. Before the channel is closed.
    pub fn end(&mut self, events: &mut EventLoop) {
        for id in self.reader.take().into_iter().chain(self.writer.take()) {
            events.unwatch(id);
        }
        self.interest = Interest::NONE;
        self.is_draining = false;
    }
}

/// Brings one source to what is wanted, making it if need be. Without a descriptor the source is one that is ready when
/// its channel's buffer is, and for `ready_without_fd` from the start.
fn watch_one(
    events: &mut EventLoop,
    source: &mut Option<SourceId>,
    fd: Option<std::os::fd::BorrowedFd<'_>>,
    wanted: Interest,
    ready_without_fd: Interest,
) -> Result<(), WatchError> {
    match (*source, fd) {
        (Some(id), _) => events.set_interest(id, wanted),
        (None, _) if wanted.is_empty() => Ok(()),
        (None, Some(fd)) => {
            *source = Some(events.watch(fd, wanted)?);
            Ok(())
        }
        (None, None) => {
            let id = events.watch_unpolled(wanted)?;
            events.mark_ready(id, ready_without_fd);
            *source = Some(id);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{Gets, pipe};
    use crate::event::{Event, Filter, Wait};
    use std::time::{Duration, Instant};

    fn next(events: &mut EventLoop) -> Option<Event> {
        events.turn(
            Wait::Until(Instant::now() + Duration::from_millis(100)),
            Filter::ALL,
        )
    }

    #[test]
    fn buffered_lines_are_readable_until_used_and_then_silence() {
        let mut events = EventLoop::new();
        let (mut reader, mut writer) = pipe().unwrap();
        let mut watch = ChannelWatch::new();
        watch
            .set_interest(&mut events, &mut reader, Interest::READ)
            .unwrap();
        writer.write_str("one\ntwo\n").unwrap();
        writer.flush().unwrap();
        for line in ["one", "two"] {
            assert!(matches!(next(&mut events), Some(Event::Readable(id)) if watch.has_source(id)));
            assert_eq!(reader.gets().unwrap(), Gets::Line(line));
            watch.settle(&mut events, &mut reader).unwrap();
        }
        assert!(next(&mut events).is_none());
        drop(writer);
        assert!(matches!(next(&mut events), Some(Event::Readable(_))));
        assert_eq!(reader.gets().unwrap(), Gets::Eof);
        watch.settle(&mut events, &mut reader).unwrap();
        assert!(
            matches!(next(&mut events), Some(Event::Readable(_))),
            "end of file stays readable"
        );
        watch.end(&mut events);
        assert!(events.is_empty());
    }

    #[test]
    fn a_filled_read_of_a_blocking_channel_is_verified() {
        let mut events = EventLoop::new();
        let (mut reader, mut writer) = pipe().unwrap();
        let mut watch = ChannelWatch::new();
        watch
            .set_interest(&mut events, &mut reader, Interest::READ)
            .unwrap();
        writer.write_str(&"x".repeat(4095)).unwrap();
        writer.write_line("").unwrap();
        assert!(matches!(next(&mut events), Some(Event::Readable(_))));
        assert!(matches!(reader.gets().unwrap(), Gets::Line(_)));
        watch.settle(&mut events, &mut reader).unwrap();
        assert!(
            next(&mut events).is_none(),
            "the pipe is empty, and a blocking gets would hang"
        );
    }

    #[test]
    fn queued_output_asks_for_writable_until_it_has_gone() {
        let mut events = EventLoop::new();
        let (mut reader, mut writer) = pipe().unwrap();
        writer.set_blocking(false).unwrap();
        let mut watch = ChannelWatch::new();
        writer.write_str(&"x".repeat(300_000)).unwrap();
        writer.flush().unwrap();
        watch.settle(&mut events, &mut writer).unwrap();
        assert!(watch.is_draining());
        reader.set_blocking(false).unwrap();
        let mut text = String::new();
        while watch.is_draining() {
            reader.read(None, &mut text).unwrap();
            assert!(matches!(next(&mut events), Some(Event::Writable(_))));
            writer.drain_output().unwrap();
            watch.settle(&mut events, &mut writer).unwrap();
        }
        reader.read(None, &mut text).unwrap();
        assert_eq!(text.len(), 300_000);
        assert!(next(&mut events).is_none());
    }
}
