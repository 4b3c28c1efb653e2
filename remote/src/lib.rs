//! Messaging between remex interpreters: `send` and `remote`, on one host and between hosts.
//!
//! Layers, each of which uses only those before it: [`protocol`] (bytes and messages), [`session`] (what one connection
//! owes), [`keys`] and [`tls`] (who is who), [`local`], [`transport`] and [`gate`] (how bytes travel), [`node`] (an
//! interpreter's place among the others). Only `bridge`, `commands`, `serve` and `fsignal` know our engine, and only
//! `molt` knows that one; everything else evaluates through [`evaluator`].
#![deny(missing_docs)]
#![allow(
    rustdoc::private_intra_doc_links,
    reason = "the documentation is built with private items, for readers of the source"
)]

mod base64;
pub mod bridge;
pub mod cli;
pub mod commands;
pub mod evaluator;
mod exchange;
pub mod failure;
pub mod filewait;
pub mod fsignal;
pub mod gate;
pub mod key_pair;
pub mod keys;
mod link;
pub mod local;
#[cfg(feature = "molt")]
pub mod molt;
pub mod node;
pub mod protocol;
pub mod serve;
pub mod session;
pub mod tls;
pub mod transport;

pub use commands::install;
