//! The seam between messaging and an engine: what a node asks of whoever evaluates scripts.
//!
//! remex's own engine stands behind it, and so can any other interpreter that runs scripts on the caller's thread.

use crate::protocol::{Body, Outcome};

/// An interpreter, as the node sees it.
///
/// The limits of an evaluation, its caller's deadline and whether the caller has given up, are the node's: while a script
/// runs, the interpreter is to call [`crate::node::Node::safepoint`] now and then (every few thousand commands or
/// loop turns) and, when that says [`Verdict::Stop`], end the evaluation that the node began last, uncatchably for the
/// script. An interpreter that cannot do so still works, but a script that spins then holds it until it ends by itself;
/// [`Evaluator::interruptible`] tells.
pub trait Evaluator {
    /// Evaluates a script or a command at global level and reports its completion, whatever that is.
    fn evaluate(&mut self, body: Body) -> Outcome;

    /// Whether whatever is running should be given up: Ctrl-C, a time limit of the interpreter's own. Asked about ten
    /// times a second while the node waits for an answer, and at each signal.
    fn is_interrupted(&mut self) -> bool {
        false
    }

    /// The names of commands that begin with `prefix`, sorted, for whoever completes a command line.
    fn complete(&mut self, _prefix: &str) -> Vec<String> {
        Vec::new()
    }

    /// Which scripts end when their limits say so.
    fn interruptible(&self) -> Interruptible {
        Interruptible::Nothing
    }
}

/// Where a running script can be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruptible {
    /// Nowhere: a script ends by itself or not at all.
    Nothing,
    /// In the loops, calls of procedures and waits of the language, and not in commands of the program's own.
    LoopsAndCalls,
    /// Everywhere.
    Everything,
}

/// What a script at a safepoint is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Continue,
    /// End the request that is being evaluated, for this reason.
    Stop(StopReason),
}

/// Why a request is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// Its caller gave up.
    Cancelled,
    /// Its caller's time limit has passed.
    Overdue,
}

impl StopReason {
    /// What a script that is stopped would see if it could: a message and the words of an errorCode.
    pub fn words(self) -> (&'static str, [&'static str; 2]) {
        match self {
            StopReason::Cancelled => ("the request was cancelled", ["REMEX", "CANCELLED"]),
            StopReason::Overdue => ("the caller's time limit was exceeded", ["REMEX", "TIMEOUT"]),
        }
    }
}
