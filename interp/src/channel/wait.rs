//! Waiting for a descriptor in a way that an interrupt can end.

use std::cell::RefCell;
use std::io;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Asked now and then during a wait: `true` ends it. It must not use channels.
pub type InterruptCheck = Rc<dyn Fn() -> bool>;

/// How often a wait asks the interrupt check, in milliseconds: soon for a person, rarely for the processor.
const CHECK_INTERVAL_MS: i64 = 50;

thread_local! {
    static INTERRUPT_CHECK: RefCell<Option<InterruptCheck>> = const { RefCell::new(None) };
}

/// Installs the check for all channel waits of this thread, and returns the one before it.
pub fn set_interrupt_check(check: Option<InterruptCheck>) -> Option<InterruptCheck> {
    INTERRUPT_CHECK.with(|slot| slot.replace(check))
}

/// Whether a check is installed, so that waits in the kernel should be avoided.
pub fn has_interrupt_check() -> bool {
    INTERRUPT_CHECK.with(|slot| slot.borrow().is_some())
}

/// Whether the wait in progress must end.
pub(super) fn is_interrupted() -> bool {
    let check = INTERRUPT_CHECK.with(|slot| slot.borrow().clone());
    check.is_some_and(|check| check())
}

/// Waits until a read will not block. Errors: `Interrupted` when the interrupt check said so.
pub fn wait_readable(fd: BorrowedFd<'_>) -> io::Result<()> {
    wait_for(fd, PollFlags::IN)
}

/// Waits until a write will not block. Errors: `Interrupted` when the interrupt check said so.
pub fn wait_writable(fd: BorrowedFd<'_>) -> io::Result<()> {
    wait_for(fd, PollFlags::OUT)
}

/// Whether a read would not block. Also when that cannot be found out.
pub(super) fn is_readable_now(fd: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut fds, Some(&at_once)) != Ok(0)
}

fn wait_for(fd: BorrowedFd<'_>, flags: PollFlags) -> io::Result<()> {
    let slice = Timespec {
        tv_sec: 0,
        tv_nsec: CHECK_INTERVAL_MS * 1_000_000,
    };
    let timeout = has_interrupt_check().then_some(&slice);
    loop {
        let mut fds = [PollFd::from_borrowed_fd(fd, flags)];
        match poll(&mut fds, timeout) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {
                if is_interrupted() {
                    return Err(rustix::io::Errno::INTR.into());
                }
            }
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
