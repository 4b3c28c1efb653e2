//! The Tcl engine of remex.
