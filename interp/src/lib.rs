//! The Tcl engine of remex: values, bytecode, run loop, commands, channels and the event loop.
//!
//! [`Interp`] is the type to read first. `docs/architecture.md` tells how the layers fit together.
#![deny(missing_docs)]
#![allow(
    rustdoc::private_intra_doc_links,
    reason = "the documentation is built with private items, for readers of the source"
)]

pub mod bytecode;
pub mod channel;
pub mod commands;
pub mod compile;
pub mod event;
pub mod library;
pub mod limits;
pub mod runtime;
pub mod syntax;
pub mod text;
pub mod value;

pub use runtime::{Exception, Interp, Mode, Outcome};
pub use value::Value;
