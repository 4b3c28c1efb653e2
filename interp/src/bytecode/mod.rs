//! The instructions of the register machine, the unit they make up, and its disassembly.
//!
//! A unit is one compiled script or procedure body. It runs in a window of registers: first the procedure's
//! local variables, one register each, then temporaries. An instruction is 8 bytes: an operation, a small
//! operand `x`, and three 16-bit operands `a`, `b`, `c`. Read [`Op`] (the table) first, then [`Code`].

mod disassemble;
mod table;

use std::collections::HashMap;

use crate::syntax::Span;
use crate::value::{Repr, Short, Value};

pub use disassemble::{disassemble, instruction_words};
pub use table::{Op, Operand, Row};

/// A register number, counted from the start of the unit's window.
pub type Register = u16;

/// Operand value that means "no register": the result is not wanted.
pub const NO_REGISTER: Register = u16::MAX;

/// Bit of `x`: operand `b` is a constant, not a register.
pub const B_IS_CONSTANT: u8 = 1;
/// Bit of `x`: operand `c` is a constant, not a register.
pub const C_IS_CONSTANT: u8 = 2;
/// Bit of `x` in compare-and-branch instructions: jump when the comparison is false.
pub const JUMP_IF_FALSE: u8 = 4;
/// In `x` of a jump on one value: it stands after `!`, which is what complains about what is no truth value.
pub const JUMP_IS_NEGATED: u8 = 1;
/// Bit of `x` in `lindex`: the index is one position, and never a list of them.
pub const SINGLE_POSITION: u8 = 4;
/// Bit of `x` in `invoke`: the name of the command may be another each time.
pub const NAME_VARIES: u8 = 2;
/// Bit of `x` in `invoke`: neither the name nor the word after it ever changes.
pub const SUBCOMMAND_IS_CONSTANT: u8 = 4;

/// One instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Instruction {
    /// What to do.
    pub op: Op,
    /// A small operand: flags or a kind.
    pub x: u8,
    /// First operand, mostly the destination.
    pub a: u16,
    /// Second operand.
    pub b: u16,
    /// Third operand.
    pub c: u16,
}

const _: () = assert!(size_of::<Instruction>() == 8);

impl Instruction {
    /// The jump distance held in `b` (low half) and `c` (high half), counted from the next instruction.
    #[inline]
    pub fn long_jump(self) -> i32 {
        (u32::from(self.b) | (u32::from(self.c) << 16)) as i32
    }
}

/// What a variable instruction names (its operand `x`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum TargetKind {
    /// `b` is the register of a local variable.
    Local = 0,
    /// `b` is the register of a local array; the key is in the next instruction's register `a`.
    LocalElement = 1,
    /// `b` is a variable site: a name known when compiling, looked up when running.
    Named = 2,
    /// `b` is a variable site that names an array; the key is in the next instruction's register `a`.
    NamedElement = 3,
    /// `b` is a register that holds the name, which may name an element.
    Computed = 4,
}

impl TargetKind {
    /// The kind with this number; numbers come from the compiler only.
    #[inline]
    pub fn from_number(number: u8) -> TargetKind {
        match number {
            0 => TargetKind::Local,
            1 => TargetKind::LocalElement,
            2 => TargetKind::Named,
            3 => TargetKind::NamedElement,
            _ => TargetKind::Computed,
        }
    }

    /// Whether the instruction has a second word with the key's register.
    #[inline]
    pub fn has_key(self) -> bool {
        matches!(self, TargetKind::LocalElement | TargetKind::NamedElement)
    }
}

/// One compiled script or procedure body.
pub struct Code {
    /// The instructions; the last one never falls through.
    pub instructions: Vec<Instruction>,
    /// Constants that instructions name by index.
    pub constants: Vec<Value>,
    /// Names of the local variables: register i is variable `locals[i]`.
    pub locals: Vec<Box<str>>,
    /// Registers by name.
    pub local_index: HashMap<Box<str>, Register, foldhash::fast::FixedState>,
    /// Registers in the window, locals included.
    pub register_count: u16,
    /// Command call sites that keep what the name resolved to.
    pub call_site_count: u16,
    /// Names of the variable sites.
    pub variable_sites: Vec<Value>,
    /// Where each command's instructions are, in order of their start; inner commands follow outer ones.
    pub commands: Vec<CommandRange>,
    /// Where exceptions go; inner ranges before outer ones.
    pub handlers: Vec<Handler>,
    /// Jump tables of `switch`.
    pub jump_tables: Vec<JumpTable>,
    /// The source that spans refer to.
    pub source: Box<str>,
    /// Line number of the source's first line, 1 unless the source is a part of something.
    pub first_line: u32,
    /// Whether errors name every enclosing command of the source, as scripts that tclsh does not compile do.
    pub is_top_level: bool,
}

/// The instructions of one command.
#[derive(Clone, Copy, Debug)]
pub struct CommandRange {
    /// First instruction.
    pub start: u32,
    /// After the last instruction.
    pub end: u32,
    /// The command's text.
    pub span: Span,
}

/// Where an exception raised between two instructions goes.
#[derive(Clone, Copy, Debug)]
pub struct Handler {
    /// First instruction covered.
    pub start: u32,
    /// After the last instruction covered.
    pub end: u32,
    /// What is caught, and where it goes.
    pub kind: HandlerKind,
}

/// What a handler catches.
#[derive(Clone, Copy, Debug)]
pub enum HandlerKind {
    /// A loop: break and continue only.
    Loop {
        /// Where break goes.
        on_break: u32,
        /// Where continue goes; None where it is not caught.
        on_continue: Option<u32>,
    },
    /// `catch`: everything.
    Catch {
        /// Where to go on.
        target: u32,
        /// Gets the result; the completion code and the options go into the next two.
        result: Register,
        /// Whether the options are wanted.
        wants_options: bool,
    },
}

/// Constant patterns of a `switch` and where they lead, as distances from the instruction after the jump.
pub struct JumpTable {
    /// Distance by pattern.
    pub targets: HashMap<Box<str>, i32, foldhash::fast::FixedState>,
    /// Distance when no pattern is the same.
    pub otherwise: i32,
    /// Those of the patterns that a value holds inline.
    short: Vec<(Short, i32)>,
}

impl Code {
    /// The register of the local variable `name`. Looking through a few names is quicker than hashing one.
    #[inline]
    pub fn local_number(&self, name: &str) -> Option<Register> {
        const FEW: usize = 12;
        if self.locals.len() > FEW {
            return self.local_index.get(name).copied();
        }
        let at = self.locals.iter().position(|local| **local == *name)?;
        Some(at as Register)
    }
}

impl JumpTable {
    /// A table of these distances by pattern.
    pub fn new(
        targets: HashMap<Box<str>, i32, foldhash::fast::FixedState>,
        otherwise: i32,
    ) -> JumpTable {
        let short = targets
            .iter()
            .filter_map(|(text, distance)| Some((Short::new(text)?, *distance)))
            .collect();
        JumpTable {
            targets,
            otherwise,
            short,
        }
    }

    /// The distance for the string rep of `value`, if it is held as nothing else.
    #[inline]
    pub fn distance_of(&self, value: &Value) -> Option<i32> {
        /// Looking through so many words is quicker than hashing a text.
        const FEW: usize = 24;
        match &value.0 {
            Repr::Short(text) if self.short.len() <= FEW => {
                let found = self.short.iter().find(|(pattern, _)| pattern == text);
                Some(found.map_or(self.otherwise, |(_, distance)| *distance))
            }
            _ => value.held_text().map(|text| self.distance(text)),
        }
    }

    /// The distance for `text`.
    pub fn distance(&self, text: &str) -> i32 {
        self.targets.get(text).copied().unwrap_or(self.otherwise)
    }
}

impl Code {
    /// The innermost command that contains instruction `pc`.
    pub fn command_at(&self, pc: u32) -> Option<&CommandRange> {
        self.commands_at(pc).next()
    }

    /// The commands that contain instruction `pc`, innermost first.
    pub fn commands_at(&self, pc: u32) -> impl Iterator<Item = &CommandRange> {
        let begun = self.commands.partition_point(|range| range.start <= pc);
        self.commands
            .iter()
            .take(begun)
            .rev()
            .filter(move |range| pc < range.end)
    }

    /// The 1-based line of byte `offset` of the source.
    pub fn line_of(&self, offset: u32) -> u32 {
        let before = self
            .source
            .as_bytes()
            .get(..offset as usize)
            .unwrap_or(self.source.as_bytes());
        self.first_line + memchr::memchr_iter(b'\n', before).count() as u32
    }
}
