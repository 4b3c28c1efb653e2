//! Messaging between remex interpreters.
