//! Where the process begins: C's `main` rather than Rust's.
//!
//! The start of Rust's runtime reads `/proc/self/maps` through C's standard streams, to know the stack's guard page and
//! say that the stack has overflowed instead of just ending. That is a seventh of the time that `remex -c {}` takes, and
//! 0.3 MB. The engine never recurses as deep as a script likes, so there is little to say. What matters of that start
//! is done here: a closed pipe is an error of the write and not the end of the process.

#![allow(
    unsafe_code,
    reason = "an exported symbol, and one call into C before any other thread exists"
)]

use std::ffi::{c_char, c_int};

/// C's `main`. The words of the command line reach `std::env::args_os` without it.
#[unsafe(no_mangle)]
extern "C" fn main(_count: c_int, _words: *const *const c_char) -> c_int {
    // SAFETY: it takes integers; no other thread runs yet, and no handler is replaced that anybody relies on.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    // A panic on this thread that nothing has caught must not unwind into C: there it aborts, after its message.
    crate::start()
}
