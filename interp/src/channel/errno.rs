//! System error numbers and signals by the names and words that Tcl has for them.

/// A system error number (`errno`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

impl Errno {
    /// The number inside `error`, or `EIO` when it came from elsewhere than the system.
    pub fn of(error: &std::io::Error) -> Errno {
        Errno(error.raw_os_error().unwrap_or_else(|| match error.kind() {
            std::io::ErrorKind::WouldBlock => rustix::io::Errno::AGAIN.raw_os_error(),
            std::io::ErrorKind::InvalidInput => rustix::io::Errno::INVAL.raw_os_error(),
            std::io::ErrorKind::BrokenPipe => rustix::io::Errno::PIPE.raw_os_error(),
            std::io::ErrorKind::OutOfMemory => rustix::io::Errno::NOMEM.raw_os_error(),
            std::io::ErrorKind::Unsupported => rustix::io::Errno::NOTSUP.raw_os_error(),
            _ => rustix::io::Errno::IO.raw_os_error(),
        }))
    }

    fn row(self) -> Option<&'static (i32, &'static str, &'static str)> {
        ERRORS
            .binary_search_by_key(&self.0, |row| row.0)
            .ok()
            .and_then(|index| ERRORS.get(index))
    }

    /// Its symbol, `ENOENT`; `unknown error` where Tcl has none.
    pub fn symbol(self) -> &'static str {
        self.row().map_or("unknown error", |row| row.1)
    }

    /// Its words, `no such file or directory`.
    pub fn message(self) -> String {
        self.row().map_or_else(
            || format!("Unknown error {}", self.0),
            |row| row.2.to_owned(),
        )
    }

    /// The words of `errorCode`: `POSIX`, symbol, message.
    pub fn error_code(self) -> [String; 3] {
        ["POSIX".to_owned(), self.symbol().to_owned(), self.message()]
    }
}

impl From<rustix::io::Errno> for Errno {
    fn from(errno: rustix::io::Errno) -> Errno {
        Errno(errno.raw_os_error())
    }
}

impl From<&std::io::Error> for Errno {
    fn from(error: &std::io::Error) -> Errno {
        Errno::of(error)
    }
}

/// The symbol of a signal, `SIGTERM`; `unknown signal` where Tcl has none.
pub fn signal_symbol(signal: i32) -> &'static str {
    signal_row(signal).map_or("unknown signal", |row| row.1)
}

/// The words for a signal, `software termination signal`; `unknown signal` where Tcl has none.
pub fn signal_message(signal: i32) -> &'static str {
    signal_row(signal).map_or("unknown signal", |row| row.2)
}

fn signal_row(signal: i32) -> Option<&'static (i32, &'static str, &'static str)> {
    SIGNALS.iter().find(|row| row.0 == signal)
}

/// Number, symbol and message, by number, as tclsh 8.6.13 has them on Linux.
#[rustfmt::skip]
const ERRORS: &[(i32, &str, &str)] = &[
    (1, "EPERM", "not owner"),
    (2, "ENOENT", "no such file or directory"),
    (3, "ESRCH", "no such process"),
    (4, "EINTR", "interrupted system call"),
    (5, "EIO", "I/O error"),
    (6, "ENXIO", "no such device or address"),
    (7, "E2BIG", "argument list too long"),
    (8, "ENOEXEC", "exec format error"),
    (9, "EBADF", "bad file number"),
    (10, "ECHILD", "no children"),
    (11, "EAGAIN", "resource temporarily unavailable"),
    (12, "ENOMEM", "not enough memory"),
    (13, "EACCES", "permission denied"),
    (14, "EFAULT", "bad address in system call argument"),
    (15, "ENOTBLK", "block device required"),
    (16, "EBUSY", "file busy"),
    (17, "EEXIST", "file already exists"),
    (18, "EXDEV", "cross-domain link"),
    (19, "ENODEV", "no such device"),
    (20, "ENOTDIR", "not a directory"),
    (21, "EISDIR", "illegal operation on a directory"),
    (22, "EINVAL", "invalid argument"),
    (23, "ENFILE", "file table overflow"),
    (24, "EMFILE", "too many open files"),
    (25, "ENOTTY", "inappropriate device for ioctl"),
    (26, "ETXTBSY", "text file or pseudo-device busy"),
    (27, "EFBIG", "file too large"),
    (28, "ENOSPC", "no space left on device"),
    (29, "ESPIPE", "invalid seek"),
    (30, "EROFS", "read-only file system"),
    (31, "EMLINK", "too many links"),
    (32, "EPIPE", "broken pipe"),
    (33, "EDOM", "math argument out of range"),
    (34, "ERANGE", "math result unrepresentable"),
    (35, "EDEADLK", "resource deadlock avoided"),
    (36, "ENAMETOOLONG", "file name too long"),
    (37, "ENOLCK", "no locks available"),
    (38, "ENOSYS", "function not implemented"),
    (39, "ENOTEMPTY", "directory not empty"),
    (40, "ELOOP", "too many levels of symbolic links"),
    (42, "ENOMSG", "no message of desired type"),
    (43, "EIDRM", "identifier removed"),
    (44, "ECHRNG", "channel number out of range"),
    (45, "EL2NSYNC", "level 2 not synchronized"),
    (46, "EL3HLT", "level 3 halted"),
    (47, "EL3RST", "level 3 reset"),
    (48, "ELNRNG", "link number out of range"),
    (49, "EUNATCH", "protocol driver not attached"),
    (50, "ENOCSI", "no CSI structure available"),
    (51, "EL2HLT", "level 2 halted"),
    (52, "EBADE", "bad exchange descriptor"),
    (53, "EBADR", "bad request descriptor"),
    (54, "EXFULL", "message tables full"),
    (55, "ENOANO", "anode table overflow"),
    (56, "EBADRQC", "bad request code"),
    (57, "EBADSLT", "invalid slot"),
    (59, "EBFONT", "bad font file format"),
    (60, "ENOSTR", "not a stream device"),
    (61, "ENODATA", "no data available"),
    (62, "ETIME", "timer expired"),
    (63, "ENOSR", "out of stream resources"),
    (64, "ENONET", "machine is not on the network"),
    (65, "ENOPKG", "package not installed"),
    (66, "EREMOTE", "pathname hit remote file system"),
    (67, "ENOLINK", "link has been severed"),
    (68, "EADV", "advertise error"),
    (69, "ESRMNT", "srmount error"),
    (70, "ECOMM", "communication error on send"),
    (71, "EPROTO", "protocol error"),
    (72, "EMULTIHOP", "multihop attempted"),
    (73, "EDOTDOT", "cross mount point"),
    (74, "EBADMSG", "not a data message"),
    (75, "EOVERFLOW", "file too big"),
    (76, "ENOTUNIQ", "name not unique on network"),
    (77, "EBADFD", "file descriptor in bad state"),
    (78, "EREMCHG", "remote address changed"),
    (79, "ELIBACC", "cannot access a needed shared library"),
    (80, "ELIBBAD", "accessing a corrupted shared library"),
    (81, "ELIBSCN", ".lib section in a.out corrupted"),
    (82, "ELIBMAX", "attempting to link in more shared libraries than system limit"),
    (83, "ELIBEXEC", "cannot exec a shared library directly"),
    (84, "EILSEQ", "illegal byte sequence"),
    (87, "EUSERS", "too many users"),
    (88, "ENOTSOCK", "socket operation on non-socket"),
    (89, "EDESTADDRREQ", "destination address required"),
    (90, "EMSGSIZE", "message too long"),
    (91, "EPROTOTYPE", "protocol wrong type for socket"),
    (92, "ENOPROTOOPT", "bad protocol option"),
    (93, "EPROTONOSUPPORT", "protocol not supported"),
    (94, "ESOCKTNOSUPPORT", "socket type not supported"),
    (95, "ENOTSUP", "operation not supported"),
    (96, "EPFNOSUPPORT", "protocol family not supported"),
    (97, "EAFNOSUPPORT", "address family not supported by protocol"),
    (98, "EADDRINUSE", "address already in use"),
    (99, "EADDRNOTAVAIL", "cannot assign requested address"),
    (100, "ENETDOWN", "network is down"),
    (101, "ENETUNREACH", "network is unreachable"),
    (102, "ENETRESET", "network dropped connection on reset"),
    (103, "ECONNABORTED", "software caused connection abort"),
    (104, "ECONNRESET", "connection reset by peer"),
    (105, "ENOBUFS", "no buffer space available"),
    (106, "EISCONN", "socket is already connected"),
    (107, "ENOTCONN", "socket is not connected"),
    (108, "ESHUTDOWN", "cannot send after socket shutdown"),
    (109, "ETOOMANYREFS", "too many references: cannot splice"),
    (110, "ETIMEDOUT", "connection timed out"),
    (111, "ECONNREFUSED", "connection refused"),
    (112, "EHOSTDOWN", "host is down"),
    (113, "EHOSTUNREACH", "host is unreachable"),
    (114, "EALREADY", "operation already in progress"),
    (115, "EINPROGRESS", "operation now in progress"),
    (116, "ESTALE", "stale remote file handle"),
    (117, "EUCLEAN", "structure needs cleaning"),
    (118, "ENOTNAM", "not a name file"),
    (119, "ENAVAIL", "not available"),
    (121, "EREMOTEIO", "remote i/o error"),
    (122, "EDQUOT", "disk quota exceeded"),
    (125, "ECANCELED", "operation canceled"),
    (130, "EOWNERDEAD", "owner died"),
    (131, "ENOTRECOVERABLE", "state not recoverable"),
];

/// Number, symbol and words of each signal, as tclsh 8.6.13 has them on Linux.
#[rustfmt::skip]
const SIGNALS: &[(i32, &str, &str)] = &[
    (1, "SIGHUP", "hangup"),
    (2, "SIGINT", "interrupt"),
    (3, "SIGQUIT", "quit signal"),
    (4, "SIGILL", "illegal instruction"),
    (5, "SIGTRAP", "trace trap"),
    (6, "SIGABRT", "SIGABRT"),
    (7, "SIGBUS", "bus error"),
    (8, "SIGFPE", "floating-point exception"),
    (9, "SIGKILL", "kill signal"),
    (10, "SIGUSR1", "user-defined signal 1"),
    (11, "SIGSEGV", "segmentation violation"),
    (12, "SIGUSR2", "user-defined signal 2"),
    (13, "SIGPIPE", "write on pipe with no readers"),
    (14, "SIGALRM", "alarm clock"),
    (15, "SIGTERM", "software termination signal"),
    (17, "SIGCHLD", "child status changed"),
    (18, "SIGCONT", "continue after stop"),
    (19, "SIGSTOP", "stop"),
    (20, "SIGTSTP", "stop signal from tty"),
    (21, "SIGTTIN", "background tty read"),
    (22, "SIGTTOU", "background tty write"),
    (23, "SIGURG", "urgent I/O condition"),
    (24, "SIGXCPU", "exceeded CPU time limit"),
    (25, "SIGXFSZ", "exceeded file size limit"),
    (26, "SIGVTALRM", "virtual time alarm"),
    (27, "SIGPROF", "profiling alarm"),
    (28, "SIGWINCH", "window changed"),
    (29, "SIGIO", "input/output possible on file"),
    (30, "SIGPWR", "power-fail restart"),
    (31, "SIGSYS", "bad argument to system call"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_tcls_words() {
        let missing = Errno::from(rustix::io::Errno::NOENT);
        assert_eq!(
            missing.error_code(),
            ["POSIX", "ENOENT", "no such file or directory"]
        );
        assert_eq!(
            (Errno(99_999).symbol(), Errno(99_999).message().as_str()),
            ("unknown error", "Unknown error 99999")
        );
        assert_eq!(
            (signal_symbol(9), signal_message(9)),
            ("SIGKILL", "kill signal")
        );
        assert!(ERRORS.is_sorted_by_key(|row| row.0));
    }
}
