//! Times of day: what `clock format`, `clock scan` and `clock add` compute, without their options and their files.
//!
//! A time is a count of seconds since 1970-01-01 00:00 UTC, leap seconds left out. Days are Julian Day Numbers: whole
//! days since 1 January 4713 BCE of the Julian calendar. Read [`calendar`] first, then [`Zone`] and [`Moment`].
//! Errors are [`Failure`]s, which carry tclsh's message and errorCode.

pub mod arithmetic;
pub mod calendar;
pub mod format;
pub mod free;
mod legacy_zone;
pub mod locale;
mod matcher;
mod pattern;
pub mod posix;
pub mod scan;
pub mod tzif;
mod words;
pub mod zone;

pub use format::Moment;
pub use locale::Locale;
pub use zone::Zone;

/// Why a time cannot be converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// tclsh's message.
    pub message: String,
    /// The words of tclsh's errorCode; empty for `NONE`.
    pub code: Vec<String>,
}

impl Failure {
    /// A failure with errorCode `CLOCK` followed by `words`.
    pub fn clock<const N: usize>(message: impl Into<String>, words: [&str; N]) -> Failure {
        let words = words.iter().map(|word| (*word).to_owned());
        Failure {
            message: message.into(),
            code: std::iter::once("CLOCK".to_owned()).chain(words).collect(),
        }
    }

    /// A failure without an errorCode.
    pub fn plain(message: impl Into<String>) -> Failure {
        Failure {
            message: message.into(),
            code: Vec::new(),
        }
    }

    /// The failure of a number that 64 bits cannot hold with its sign.
    pub fn too_large() -> Failure {
        Failure::plain("integer value too large to represent")
    }

    /// The failure of a number that 32 bits cannot hold.
    pub fn overflow() -> Failure {
        let message = "integer value too large to represent";
        Failure {
            message: message.to_owned(),
            code: ["ARITH", "IOVERFLOW", message].map(str::to_owned).to_vec(),
        }
    }
}
