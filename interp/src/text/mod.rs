//! Pure algorithms on text: no values, no interpreter, no input or output.
//!
//! Text is a Rust `str` in which every `char` stands for one UTF-16 code unit; [`utf`] says how, and is the file to
//! read first. Everything else takes and gives such text.

pub mod backslash;
pub mod base;
pub mod chars;
mod chars_table;
pub mod clock;
pub mod double;
pub mod format;
pub mod glob;
pub mod index;
pub mod number;
pub mod regexp;
pub mod scan;
pub mod strings;
pub mod utf;
pub mod version;
