//! How deep scripts may nest.
//!
//! Molt parses, evaluates and drops nested scripts on the thread's stack, and a stack that overflows ends the process. So
//! what is left of the stack is measured, by the address of a local variable, wherever a script or an expression is
//! given to Molt; how much of it the text will take is bounded by what can nest in it.

use molt::types::Exception;
use remex_interp::syntax::{Part, Script, Span, WordKind, parse_script};
use std::cell::Cell;

/// How much of the thread's stack evaluations may take unless the program says otherwise: half of what Rust gives a
/// thread.
pub const STACK_BYTES_DEFAULT: usize = 1 << 20;

/// What must be left for commands that evaluate nothing further, of ours and the program's.
const RESERVE_BYTES: usize = 192 << 10;

/// Stack for one level of command substitution inside another; measured: 1,150 in a release build.
const SCRIPT_LEVEL_BYTES: usize = 2500;

/// Stack for one level of parentheses or one operator before its operand; measured: 630.
const EXPRESSION_LEVEL_BYTES: usize = 1300;

/// Stack for one command substitution in an expression; measured: 2,800, of which the command's own are a part.
const EXPRESSION_SCRIPT_BYTES: usize = 4000;

/// Stack of the thread that measures long scripts; the parser nests no deeper than fits.
const MEASURE_STACK_BYTES: usize = 8 << 20;

/// What is known of the thread's stack.
pub(super) struct Stack {
    /// The highest address from which anything was evaluated. Stacks grow downwards.
    base: Cell<usize>,
    /// How much below that may be used.
    bytes: Cell<usize>,
}

impl Stack {
    pub fn new() -> Stack {
        Stack {
            base: Cell::new(position()),
            bytes: Cell::new(STACK_BYTES_DEFAULT),
        }
    }

    pub fn set_bytes(&self, bytes: usize) {
        self.bytes.set(bytes);
    }

    /// Notes that an evaluation begins here.
    pub fn enter(&self) {
        self.base.set(self.base.get().max(position()));
    }

    fn left(&self) -> usize {
        let used = self.base.get().saturating_sub(position());
        self.bytes.get().saturating_sub(used + RESERVE_BYTES)
    }

    /// Errors: there is no room to evaluate `script`.
    pub fn check_script(&self, script: &str) -> Result<(), Exception> {
        let left = self.left();
        let fits = |levels: usize| levels.saturating_mul(SCRIPT_LEVEL_BYTES) < left;
        let brackets = script.bytes().filter(|byte| *byte == b'[').count();
        if fits(brackets) || (left > 0 && fits(nesting(script)?)) {
            return Ok(());
        }
        Err(too_deep())
    }

    /// Errors: there is no room to evaluate `expression`.
    pub fn check_expression(&self, expression: &str) -> Result<(), Exception> {
        let bytes = expression.bytes().map(|byte| match byte {
            b'(' | b'!' | b'~' | b'-' | b'+' | b'?' => EXPRESSION_LEVEL_BYTES,
            b'[' => EXPRESSION_SCRIPT_BYTES,
            _ => 0,
        });
        match bytes.sum::<usize>() < self.left() {
            true => Ok(()),
            false => Err(too_deep()),
        }
    }
}

/// What Molt says when its own limit is reached.
fn too_deep() -> Exception {
    Exception::molt_err("too many nested calls to Interp::eval (infinite loop?)".into())
}

/// An address at the end of the stack.
#[inline(never)]
fn position() -> usize {
    let local = 0_u8;
    std::hint::black_box(&raw const local).addr()
}

/// How deep command substitutions nest in `script`, by our own parser, which has a limit. That is for scripts with so
/// many brackets that there might not be room for as many levels.
///
/// Errors: it has none, because the script is not well formed.
fn nesting(script: &str) -> Result<usize, Exception> {
    let measured = std::thread::scope(|scope| {
        let measuring = std::thread::Builder::new()
            .stack_size(MEASURE_STACK_BYTES)
            .spawn_scoped(scope, || {
                let tree = parse_script(script, Span::whole(script));
                match tree.error {
                    Some(error) => Err(error.message.to_string()),
                    None => Ok(depth(&tree)),
                }
            });
        measuring.ok().and_then(|thread| thread.join().ok())
    });
    match measured {
        Some(Ok(depth)) => Ok(depth),
        Some(Err(message)) => Err(Exception::molt_err(message.into())),
        None => Err(too_deep()),
    }
}

fn depth(script: &Script) -> usize {
    let words = script.commands.iter().flat_map(|command| &command.words);
    let depths = words.map(|word| match &word.kind {
        WordKind::Parts(parts) => depth_of_parts(parts),
        _ => 0,
    });
    depths.max().unwrap_or(0)
}

fn depth_of_parts(parts: &[Part]) -> usize {
    let depths = parts.iter().map(|part| match part {
        Part::Command(script, _) => 1 + depth(script),
        Part::Variable(variable) => variable.index.as_deref().map_or(0, depth_of_parts),
        _ => 0,
    });
    depths.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_brackets_are_no_depth() {
        let stack = Stack::new();
        assert!(stack.check_script(&"set x [list a]\n".repeat(5000)).is_ok());
        let deep = "set x [".repeat(390) + "list" + &"]".repeat(390);
        assert!(stack.check_script(&deep).is_err());
        stack.set_bytes(4 << 20);
        assert!(stack.check_script(&deep).is_ok());
        assert!(stack.check_script(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn operators_count_as_levels() {
        let stack = Stack::new();
        assert!(stack.check_expression(&"(".repeat(100)).is_ok());
        for operator in ["(", "!", "- ", "1?1:", "["] {
            assert!(stack.check_expression(&operator.repeat(100_000)).is_err());
        }
    }
}
