//! Whether somebody has a file open for writing: asked of the kernel by means of a read lease.
//!
//! The kernel grants a read lease only on a file that nobody has open for writing, and while it lasts it makes whoever
//! opens the file for writing wait. So a lease that is granted says both that the file is complete and that it stays so
//! until it is closed.

#![allow(
    unsafe_code,
    reason = "leases are asked for by fcntl, for which no crate has a safe wrapper"
)]

use std::fs::File;
use std::os::fd::AsRawFd;

/// What the kernel says about writers of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writers {
    /// There are none, and there will be none until the file is closed.
    None,
    /// There are some.
    Some,
    /// It does not say: the file is another user's, or the file system has no leases (NFS, FUSE).
    Unknown,
}

/// Asks for a read lease on `file`, which must be open for reading only. The lease ends when the file is closed.
pub(super) fn writers(file: &File) -> Writers {
    let descriptor = file.as_raw_fd();
    // A writer that meets the lease makes the kernel send a signal here. The default one, SIGIO, would end the process;
    // SIGURG is ignored unless somebody asks for it.
    //
    // SAFETY: both calls take integers and touch no memory of this process; the descriptor is open while `file` is
    // borrowed.
    let granted = unsafe {
        libc::fcntl(descriptor, F_SETSIG, libc::SIGURG) == 0
            && libc::fcntl(descriptor, libc::F_SETLEASE, libc::F_RDLCK) == 0
    };
    if granted {
        return Writers::None;
    }
    match std::io::Error::last_os_error().kind() {
        std::io::ErrorKind::WouldBlock => Writers::Some,
        _ => Writers::Unknown,
    }
}

/// `F_SETSIG` of Linux's `fcntl.h`, the same on all its architectures.
const F_SETSIG: libc::c_int = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_is_seen_and_its_absence_too() {
        let path = std::env::temp_dir().join(format!("remex-lease-{}", std::process::id()));
        let writer = File::create(&path).unwrap();
        let seen = writers(&File::open(&path).unwrap());
        drop(writer);
        let unseen = writers(&File::open(&path).unwrap());
        std::fs::remove_file(&path).unwrap();
        // Where the file system has no leases, nothing can be said either way.
        assert!(matches!(
            (seen, unseen),
            (Writers::Some, Writers::None) | (Writers::Unknown, Writers::Unknown)
        ));
    }
}
