//! Opening files: Tcl's access modes, and the driver that comes of them.

use std::os::fd::AsFd;

use rustix::fs::{Mode, OFlags};

use super::channel::Channel;
use super::error::ChannelError;
use super::fd::{FdDriver, fd_name};
use super::path;

/// How a file is to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileAccess {
    flags: OFlags,
    /// Encoding `binary` and translation `lf` from the start.
    pub is_binary: bool,
    /// Opened for reading.
    pub is_readable: bool,
    /// Opened for writing.
    pub is_writable: bool,
    /// The position starts at the end.
    seeks_to_end: bool,
}

impl FileAccess {
    /// Reading, the default of `open`.
    pub const READ: FileAccess = FileAccess {
        flags: OFlags::RDONLY,
        is_binary: false,
        is_readable: true,
        is_writable: false,
        seeks_to_end: false,
    };

    /// Whether `mode` is of the short form, which begins with a lower-case letter; otherwise it is a list of flags for
    /// [`FileAccess::from_flags`].
    pub fn is_short_form(mode: &str) -> bool {
        mode.starts_with(|first: char| first.is_ascii_lowercase())
    }

    /// `r`, `w`, `a`, with `+` and `b` after it in either order. Errors: Tcl's `illegal access mode`.
    pub fn from_short_form(mode: &str) -> Result<FileAccess, ChannelError> {
        let illegal = || ChannelError::message(format!("illegal access mode \"{mode}\""));
        let mut letters = mode.chars();
        let create = OFlags::WRONLY | OFlags::CREATE;
        let (mut flags, seeks_to_end) = match letters.next() {
            Some('r') => (OFlags::RDONLY, false),
            Some('w') => (create | OFlags::TRUNC, false),
            Some('a') => (create | OFlags::APPEND, true),
            _ => return Err(illegal()),
        };
        let (mut is_binary, mut is_update) = (false, false);
        for letter in letters {
            match letter {
                '+' if !is_update => is_update = true,
                'b' if !is_binary => is_binary = true,
                _ => return Err(illegal()),
            }
        }
        if is_update {
            // `a+` must be able to write before the end, after a seek.
            flags = (flags - OFlags::WRONLY - OFlags::APPEND) | OFlags::RDWR;
        }
        Ok(FileAccess {
            is_binary,
            seeks_to_end,
            ..FileAccess::of_flags(flags)
        })
    }

    /// A list of POSIX flags. Errors: Tcl's texts.
    pub fn from_flags<'a>(
        words: impl IntoIterator<Item = &'a str>,
    ) -> Result<FileAccess, ChannelError> {
        let mut flags = OFlags::empty();
        let (mut has_direction, mut is_binary) = (false, false);
        for word in words {
            match word {
                "RDONLY" | "WRONLY" | "RDWR" => {
                    has_direction = true;
                    flags -= OFlags::RWMODE;
                    flags |= match word {
                        "RDONLY" => OFlags::RDONLY,
                        "WRONLY" => OFlags::WRONLY,
                        _ => OFlags::RDWR,
                    };
                }
                "APPEND" => flags |= OFlags::APPEND,
                "BINARY" => is_binary = true,
                "CREAT" => flags |= OFlags::CREATE,
                "EXCL" => flags |= OFlags::EXCL,
                "NOCTTY" => flags |= OFlags::NOCTTY,
                "NONBLOCK" => flags |= OFlags::NONBLOCK,
                "TRUNC" => flags |= OFlags::TRUNC,
                _ => {
                    return Err(ChannelError::message(format!(
                        "invalid access mode \"{word}\": must be RDONLY, WRONLY, RDWR, APPEND, BINARY, CREAT, EXCL, \
                         NOCTTY, NONBLOCK, or TRUNC"
                    )));
                }
            }
        }
        if !has_direction {
            return Err(ChannelError::message(
                "access mode must include either RDONLY, WRONLY, or RDWR",
            ));
        }
        let seeks_to_end = flags.contains(OFlags::APPEND);
        Ok(FileAccess {
            is_binary,
            seeks_to_end,
            ..FileAccess::of_flags(flags)
        })
    }

    fn of_flags(flags: OFlags) -> FileAccess {
        let direction = flags & OFlags::RWMODE;
        FileAccess {
            flags,
            is_binary: false,
            is_readable: direction != OFlags::WRONLY,
            is_writable: direction != OFlags::RDONLY,
            seeks_to_end: false,
        }
    }
}

/// Opens the file that `name` means to Tcl (`~` included).
///
/// * `permissions`: of a file that is made, before the process's mask; tclsh's default is 0o666.
///
/// Errors: `couldn't open "name": …`. Source: open(n).
pub fn open_file(
    name: &str,
    access: FileAccess,
    permissions: u32,
) -> Result<Channel, ChannelError> {
    if name.contains('\0') {
        return Err(ChannelError::message(format!(
            "couldn't open \"{name}\": filename is invalid on this platform"
        )));
    }
    let native = path::native(name)?;
    let flags = access.flags | OFlags::CLOEXEC;
    let fd = rustix::fs::open(native.as_os_str(), flags, Mode::from_raw_mode(permissions))
        .map_err(|errno| {
            ChannelError::posix(format_args!("couldn't open \"{name}\""), errno.into())
        })?;
    if access.seeks_to_end {
        // Fails for pipes and terminals, where it does not matter.
        let _ = rustix::fs::seek(&fd, rustix::fs::SeekFrom::End(0));
    }
    let name = fd_name(fd.as_fd());
    let driver = Box::new(FdDriver::new(fd, "file"));
    let mut channel = Channel::new(name, driver, access.is_readable, access.is_writable);
    if access.is_binary {
        channel.set_translations(&["binary".to_owned()])?;
    }
    Ok(channel)
}
