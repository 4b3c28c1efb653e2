//! How another thread reaches an event loop: a queue and a waker.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use mio::Waker;

/// A message between threads. The receiver knows what it may be and downcasts it.
pub type Mail = Box<dyn Any + Send>;

/// Most messages that may wait in one loop. A sender that meets it must slow down or give up; it bounds what a flood of
/// requests can hold.
pub const MAIL_MAX: usize = 1 << 16;

/// Why a message was not taken. It is handed back.
pub enum MailError {
    /// [`MAIL_MAX`] messages wait already.
    Full(Mail),
    /// The event loop is gone.
    Closed(Mail),
}

impl fmt::Debug for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MailError::Full(_) => "the mailbox is full",
            MailError::Closed(_) => "the event loop has ended",
        })
    }
}

impl std::error::Error for MailError {}

/// Posts messages to one event loop from any thread, and wakes it.
#[derive(Clone)]
pub struct Mailbox {
    shared: Arc<Shared>,
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox({} waiting)", self.shared.lock().len())
    }
}

impl Mailbox {
    /// Queues `mail` and wakes the loop if it waits. Messages arrive in the order in which they were posted.
    pub fn post(&self, mail: Mail) -> Result<(), MailError> {
        self.shared.post(mail)
    }

    /// Wakes the loop without a message: its turn ends as if interrupted.
    pub fn wake(&self) {
        self.shared.nudged.store(true, Ordering::Release);
        self.shared.wake();
    }
}

/// What the loop and its mailboxes share.
#[derive(Default)]
pub(super) struct Shared {
    queue: Mutex<VecDeque<Mail>>,
    /// Whether the queue holds something, readable without the lock.
    has_mail: AtomicBool,
    /// Set by [`Mailbox::wake`], cleared by the turn that it ends.
    nudged: AtomicBool,
    closed: AtomicBool,
    /// Present once the loop has waited for mail at least once.
    waker: OnceLock<Waker>,
}

impl Shared {
    pub(super) fn mailbox(self: &Arc<Self>) -> Mailbox {
        Mailbox {
            shared: Arc::clone(self),
        }
    }

    /// Whether anybody besides the loop holds a mailbox.
    pub(super) fn has_senders(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) > 1
    }

    /// A poisoned lock only means that a sender panicked between two steps that leave the queue whole.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Mail>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn post(&self, mail: Mail) -> Result<(), MailError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(MailError::Closed(mail));
        }
        let mut queue = self.lock();
        if queue.len() >= MAIL_MAX {
            return Err(MailError::Full(mail));
        }
        queue.push_back(mail);
        drop(queue);
        if !self.has_mail.swap(true, Ordering::AcqRel) {
            self.wake();
        }
        Ok(())
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.get() {
            // Fails only when the loop's poll is gone, and then nobody waits.
            let _ = waker.wake();
        }
    }

    pub(super) fn has_mail(&self) -> bool {
        self.has_mail.load(Ordering::Acquire)
    }

    pub(super) fn take_nudge(&self) -> bool {
        self.nudged.load(Ordering::Acquire) && self.nudged.swap(false, Ordering::AcqRel)
    }

    /// Takes everything that waits. A message posted after this wakes the loop again.
    pub(super) fn take_all(&self) -> VecDeque<Mail> {
        if !self.has_mail() {
            return VecDeque::new();
        }
        let mut queue = self.lock();
        self.has_mail.store(false, Ordering::Release);
        std::mem::take(&mut *queue)
    }

    pub(super) fn has_waker(&self) -> bool {
        self.waker.get().is_some()
    }

    pub(super) fn set_waker(&self, waker: Waker) {
        let _ = self.waker.set(waker);
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.lock().clear();
    }
}
