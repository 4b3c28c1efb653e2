//! What a channel does for the scripts that implement its device or transform what passes through it: see `reflection.rs`.

use std::rc::Rc;

use super::channel::Channel;
use super::error::ChannelError;
use super::memory::MemoryDriver;
use super::reflection::{Reflection, Scripted};
use super::transform::TransformDriver;
use crate::limits::TRANSFORMS_MAX;

/// A transformation that is on no channel any more.
#[derive(Debug)]
pub struct Popped {
    /// Its handler.
    pub reflection: Rc<Reflection>,
    /// The handler has returned all that was read.
    pub is_drained: bool,
}

impl Channel {
    /// Whether operations may fail with [`ChannelError::Scripted`].
    pub fn is_scripted(&self) -> bool {
        self.is_scripted
    }

    /// What the operation that has just failed with [`ChannelError::Scripted`] needs.
    pub fn take_scripted(&mut self) -> Option<Scripted> {
        self.driver.take_scripted()
    }

    /// The script that implements the device, if one does.
    pub fn reflection(&self) -> Option<&Rc<Reflection>> {
        self.driver.reflection()
    }

    /// Whether a handler is one of this channel's.
    pub fn has_reflection(&self, reflection: &Rc<Reflection>) -> bool {
        self.driver.has_reflection(reflection)
    }

    /// Whether a handler is to write, and [`Channel::resume_output`] goes on after that.
    pub fn is_suspended(&self) -> bool {
        self.output.is_suspended()
    }

    /// Does what has to be done before output can be written: after that, a write that fails with
    /// [`ChannelError::Scripted`] has been put into the buffer. A copy in the background does it too.
    pub fn prepare_output(&mut self) -> Result<(), ChannelError> {
        let copying_to = self.copying_to.take();
        let prepared = self.writer().map(|_| ());
        self.copying_to = copying_to;
        prepared
    }

    /// Goes on with output when the handler has been called.
    pub fn resume_output(&mut self) -> Result<(), ChannelError> {
        let copying_to = self.copying_to.take();
        let resumed = match self.writer() {
            Ok((output, mut device, _)) => output.resume(&mut device),
            Err(error) => Err(error),
        };
        self.copying_to = copying_to;
        resumed
    }

    /// Keeps a failure of the background for the next command that writes.
    pub fn defer_error(&mut self, error: ChannelError) {
        self.output.deferred_error.get_or_insert(error);
    }

    /// Whether input waits in the buffer that the last command could have used.
    pub fn has_buffered_input(&self) -> bool {
        self.is_readable
            && !self.input.needs_more
            && (!self.input.queue.is_empty() || (self.is_scripted && self.driver.has_ready_input()))
    }

    /// Whether transformations lie on the device.
    pub fn is_transformed(&self) -> bool {
        self.driver.transforms() > 0
    }

    /// Whether there is room for one more transformation. Errors: there are [`TRANSFORMS_MAX`] already.
    pub fn check_transforms(&self) -> Result<(), ChannelError> {
        if self.driver.transforms() < TRANSFORMS_MAX {
            return Ok(());
        }
        Err(ChannelError::coded(
            format!("too many transformations of one channel (limit {TRANSFORMS_MAX})"),
            &["REMEX", "LIMIT", "CHANNEL"],
        ))
    }

    /// Puts a transformation on top of the device. What had been read ahead goes through it.
    ///
    /// Errors: what is written already could not be flushed; there are [`TRANSFORMS_MAX`] already.
    pub fn push(&mut self, reflection: Rc<Reflection>) -> Result<(), ChannelError> {
        self.check_transforms()?;
        if self.is_writable {
            self.flush()?;
        }
        let below = std::mem::replace(&mut self.driver, Box::new(MemoryDriver::default()));
        let unread = self.input.take_ahead();
        let mut transform = TransformDriver::new(reflection, below, unread, self.is_writable);
        if self.is_seeking || self.is_suspended() {
            transform.skip_clear();
        }
        self.driver = Box::new(transform);
        self.is_scripted = true;
        Ok(())
    }

    /// Takes the topmost transformation away, whose handler has yet to be told. `None`: there is none. What has been
    /// transformed and not been read is lost. Output should have been flushed before.
    pub fn pop(&mut self) -> Option<Popped> {
        let parts = self.driver_mut::<TransformDriver>()?.take_apart();
        self.driver = parts.below;
        self.is_scripted = self.driver.is_scripted();
        self.input.reset();
        self.input.put_ahead(&parts.unread);
        if parts.transformed > 0 || !parts.unsent.is_empty() {
            self.output.replace_front(parts.transformed, parts.unsent);
        }
        Some(Popped {
            reflection: parts.reflection,
            is_drained: parts.is_drained,
        })
    }
}
