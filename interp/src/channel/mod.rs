//! Channels: what a script opens, reads, writes and closes. Nothing here knows of values or scripts.
//!
//! A [`Channel`] is a buffer, an encoding and an end-of-line translation around a [`Driver`], which moves bytes: a file,
//! a standard stream, one end of a pipe, a pipeline of processes, a TCP connection or listener, or memory.
//! [`ChannelTable`] holds the channels of an interpreter by name. Read `channel.rs` first, then `input.rs` and `output.rs`.
//!
//! Beside channels, three helpers that stand on the same ground: [`pipeline`] (the words of `exec` and `open |…`, made
//! processes), [`path`] (Tcl's rules for file names) and [`glob`] (the engine of the `glob` command).

mod buffer;
#[allow(
    clippy::module_inception,
    reason = "the file is named for its type, and so is the folder"
)]
mod channel;
mod copy;
mod driver;
mod encoding;
mod encoding_escape;
mod encoding_file;
mod encoding_table;
mod errno;
mod error;
mod fd;
mod file;
pub mod glob;
mod input;
mod memory;
mod multi_byte;
mod options;
mod output;
pub mod path;
pub mod pipeline;
mod process;
mod reflected;
mod reflection;
mod scan;
mod scripted;
mod socket;
mod table;
mod transform;
mod wait;

pub use buffer::TEXT_BYTES_MAX;
pub use channel::{Channel, CloseState, ReadinessChange, SharedChannel};
pub use copy::{CopyError, CopyProgress, CopyStep, copy_all, copy_step};
pub use driver::{Direction, Driver, OptionValue, Side};
pub use encoding::{Encoding, set_system_encoding, system_encoding};
pub use encoding_file::set_encoding_folders;
pub use errno::{Errno, signal_message, signal_symbol};
pub use error::{ChannelError, ChildReport, ChildStatus};
pub use fd::{FdDriver, StandardStream, nothing, pipe};
pub use file::{FileAccess, open_file};
pub use input::Gets;
pub use memory::MemoryDriver;
pub use options::{GENERIC_OPTIONS, Settable};
pub use process::{
    ChannelFinder, ExecOutput, PipelineDriver, SpawnedPipeline, Surroundings, exec, lend,
    open_pipeline, reap_detached,
};
pub use reflected::ReflectedDriver;
pub use reflection::{Answer, Failure, Method, Methods, Reflection, Reply, Request, Scripted};
pub use scripted::Popped;
pub use socket::{
    Accepted, AddressFamily, ConnectOptions, ListenOptions, TcpDriver, TcpListenerDriver, connect,
    listen, port_number,
};
pub use table::{CHANNELS_MAX, ChannelTable, Inherited};
pub use wait::{
    InterruptCheck, has_interrupt_check, set_interrupt_check, wait_readable, wait_writable,
};

/// How the ends of lines are spelt outside. Inside, every line ends with `\n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Translation {
    /// Input: any of the three spellings. For output it is never stored: it becomes the platform's, [`Translation::Lf`].
    Auto,
    /// `\n`.
    Lf,
    /// `\r`.
    Cr,
    /// `\r\n`.
    CrLf,
}

impl Translation {
    /// Its name in `fconfigure`.
    pub fn name(self) -> &'static str {
        match self {
            Translation::Auto => "auto",
            Translation::Lf => "lf",
            Translation::Cr => "cr",
            Translation::CrLf => "crlf",
        }
    }
}

/// When output goes from the buffer to the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Buffering {
    /// When the buffer is full.
    Full,
    /// When a line ends.
    Line,
    /// At once.
    None,
}

impl Buffering {
    /// Its name in `fconfigure`.
    pub fn name(self) -> &'static str {
        match self {
            Buffering::Full => "full",
            Buffering::Line => "line",
            Buffering::None => "none",
        }
    }
}
