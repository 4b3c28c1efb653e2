//! Emitting instructions: temporaries, labels, constants, handlers, and the final numbering of registers.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::bytecode::{
    B_IS_CONSTANT, C_IS_CONSTANT, Code, CommandRange, Handler, HandlerKind, Instruction, JumpTable,
    NO_REGISTER, Op, Operand, Register, TargetKind,
};
use crate::limits::REGISTERS_MAX;
use crate::syntax::Span;
use crate::value::{Repr, Value};

/// While code is emitted, temporaries are numbered from here, because the number of local variables is not
/// known yet; [`Builder::finish`] moves them behind the locals.
pub const TEMPORARY_BASE: Register = 0x8000;

/// A place in the code, known when it is bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Label(usize);

/// A jump whose distance is filled in at the end.
struct Fixup {
    instruction: usize,
    label: Label,
    is_short: bool,
}

enum PendingHandler {
    Loop {
        on_break: Label,
        on_continue: Option<Label>,
    },
    Catch {
        target: Label,
        result: Register,
        wants_options: bool,
    },
}

/// A jump table: the instruction that uses it, its targets, and where everything else goes.
type PendingTable = (usize, Vec<(Box<str>, Label)>, Label);

/// A point to which emission can be taken back.
pub struct Mark {
    instruction_count: usize,
    command_count: usize,
    handler_count: usize,
    fixup_count: usize,
    table_count: usize,
    top: Register,
}

/// The unit under construction.
pub struct Builder {
    instructions: Vec<Instruction>,
    constants: Vec<Value>,
    constant_index: HashMap<Box<str>, u16, FixedState>,
    locals: Vec<Box<str>>,
    local_index: HashMap<Box<str>, Register, FixedState>,
    variable_sites: Vec<Value>,
    call_site_count: usize,
    commands: Vec<CommandRange>,
    handlers: Vec<(u32, u32, PendingHandler)>,
    labels: Vec<Option<usize>>,
    fixups: Vec<Fixup>,
    tables: Vec<PendingTable>,
    /// The next free temporary.
    top: Register,
    top_max: Register,
    long_branches: bool,
    /// Set when something does not fit its operand; the unit then cannot be finished.
    overflowed: bool,
}

impl Builder {
    /// An empty unit. With `long_branches`, comparisons and jumps stay apart, so that jumps reach any distance.
    pub fn new(long_branches: bool) -> Builder {
        Builder {
            instructions: Vec::new(),
            constants: Vec::new(),
            constant_index: HashMap::default(),
            locals: Vec::new(),
            local_index: HashMap::default(),
            variable_sites: Vec::new(),
            call_site_count: 0,
            commands: Vec::new(),
            handlers: Vec::new(),
            labels: Vec::new(),
            fixups: Vec::new(),
            tables: Vec::new(),
            top: TEMPORARY_BASE,
            top_max: TEMPORARY_BASE,
            long_branches,
            overflowed: false,
        }
    }

    /// A unit that returns the empty string.
    pub fn empty_code() -> Code {
        Code {
            instructions: vec![
                Instruction {
                    op: Op::Constant,
                    x: 0,
                    a: 0,
                    b: 0,
                    c: 0,
                },
                Instruction {
                    op: Op::ReturnTake,
                    x: 0,
                    a: 0,
                    b: 0,
                    c: 0,
                },
            ],
            constants: vec![Value::EMPTY],
            locals: Vec::new(),
            local_index: HashMap::default(),
            register_count: 1,
            call_site_count: 0,
            variable_sites: Vec::new(),
            commands: Vec::new(),
            handlers: Vec::new(),
            jump_tables: Vec::new(),
            source: "".into(),
            first_line: 1,
            is_top_level: false,
        }
    }

    /// Appends an instruction.
    pub fn emit(&mut self, op: Op, x: u8, a: u16, b: u16, c: u16) {
        self.instructions.push(Instruction { op, x, a, b, c });
    }

    /// Whether an inlined command has instructions already, not only guards.
    pub fn has_begun(&self) -> bool {
        self.instructions.iter().any(|i| i.op != Op::Start)
    }

    /// The number of the next instruction.
    pub fn position(&self) -> u32 {
        self.instructions.len() as u32
    }

    /// Notes that something does not fit the instruction format.
    pub fn overflow(&mut self) {
        self.overflowed = true;
    }

    /// The next free temporary, without taking it.
    pub fn top(&self) -> Register {
        self.top
    }

    /// The temporary with this number.
    pub fn temporary(&self, number: u16) -> Register {
        TEMPORARY_BASE + number
    }

    /// Takes the next free temporary.
    pub fn push(&mut self) -> Register {
        let register = self.top;
        if usize::from(register - TEMPORARY_BASE) >= usize::from(TEMPORARY_BASE) - 16 {
            self.overflowed = true;
        } else {
            self.top += 1;
        }
        self.top_max = self.top_max.max(self.top);
        register
    }

    /// The next free temporary as a place for a result nobody wants.
    pub fn scratch(&mut self) -> Register {
        self.top_max = self.top_max.max(self.top.saturating_add(1));
        self.top
    }

    /// Gives back the temporaries from `register` on.
    pub fn release(&mut self, register: Register) {
        self.top = register;
    }

    /// The local variable of this name, made when it is new.
    pub fn local(&mut self, name: &str) -> Register {
        match self.local_index.get(name) {
            Some(register) => *register,
            None => self.parameter(name),
        }
    }

    /// The register of the next parameter. Of two with one name, the first is the variable of that name.
    pub fn parameter(&mut self, name: &str) -> Register {
        let register = self.locals.len().min(usize::from(TEMPORARY_BASE) - 1) as Register;
        if self.locals.len() >= REGISTERS_MAX / 2 {
            self.overflowed = true;
            return register;
        }
        self.locals.push(name.into());
        self.local_index.entry(name.into()).or_insert(register);
        register
    }

    /// The index of a constant, shared by equal strings of the same form.
    pub fn constant(&mut self, value: Value) -> u16 {
        let key = match &value.0 {
            Repr::Short(text) => Some(format!("s{}", text.as_str())),
            Repr::Int(number) => Some(format!("i{number}")),
            Repr::Double(number) => Some(format!("d{:x}", number.get().to_bits())),
            _ => None,
        };
        if let Some(key) = &key
            && let Some(index) = self.constant_index.get(key.as_str())
        {
            return *index;
        }
        let Ok(index) = u16::try_from(self.constants.len()) else {
            self.overflowed = true;
            return 0;
        };
        self.constants.push(value);
        if let Some(key) = key {
            self.constant_index.insert(key.into(), index);
        }
        index
    }

    /// A new call site.
    pub fn call_site(&mut self) -> u16 {
        let Ok(site) = u16::try_from(self.call_site_count) else {
            self.overflowed = true;
            return 0;
        };
        self.call_site_count += 1;
        site
    }

    /// A new variable site for `name`.
    pub fn variable_site(&mut self, name: &str) -> u16 {
        if let Some(site) = self
            .variable_sites
            .iter()
            .position(|other| *other.str() == *name)
        {
            return site as u16;
        }
        let Ok(site) = u16::try_from(self.variable_sites.len()) else {
            self.overflowed = true;
            return 0;
        };
        self.variable_sites.push(Value::literal(name));
        site
    }

    /// Starts a command; its instructions follow.
    pub fn begin_command(&mut self, span: Span) -> usize {
        let start = self.position();
        self.commands.push(CommandRange {
            start,
            end: u32::MAX,
            span,
        });
        self.commands.len() - 1
    }

    /// Ends the command that `begin_command` gave this number.
    pub fn end_command(&mut self, number: usize) {
        let end = self.position();
        if let Some(range) = self.commands.get_mut(number) {
            range.end = end;
        }
    }

    /// A new label, to be bound later.
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// Binds a label here.
    pub fn bind(&mut self, label: Label) {
        let here = self.instructions.len();
        if let Some(place) = self.labels.get_mut(label.0) {
            *place = Some(here);
        }
    }

    /// A jump with a long distance; `register` is the condition, if the operation has one.
    pub fn jump(&mut self, op: Op, register: Register, label: Label) {
        self.fixups.push(Fixup {
            instruction: self.instructions.len(),
            label,
            is_short: false,
        });
        self.emit(op, 0, register, 0, 0);
    }

    /// Sets the small operand of the last instruction.
    pub fn flag_last(&mut self, x: u8) {
        if let Some(instruction) = self.instructions.last_mut() {
            instruction.x = x;
        }
    }

    /// Sets the small operand of an instruction.
    pub fn set_flag(&mut self, position: u32, x: u8) {
        if let Some(instruction) = self.instructions.get_mut(position as usize) {
            instruction.x = x;
        }
    }

    /// A compare-and-branch; only without long branches.
    pub fn compare_jump(&mut self, op: Op, x: u8, a: u16, b: u16, label: Label) {
        self.fixups.push(Fixup {
            instruction: self.instructions.len(),
            label,
            is_short: true,
        });
        self.emit(op, x, a, b, 0);
    }

    /// Whether comparisons and jumps must stay apart.
    pub fn has_long_branches(&self) -> bool {
        self.long_branches
    }

    /// A loop-over-a-list step, whose distance is short; with long branches it jumps over a long jump.
    pub fn foreach_step(&mut self, target: Register, state: Register, done: Label) {
        self.step(done, |builder, done| {
            builder.compare_jump(Op::ForeachStep, 0, target, state, done);
        });
    }

    /// A loop-over-a-dict step into the registers `key` and `value`, as [`Builder::foreach_step`].
    pub fn dict_step(&mut self, key: Register, value: Register, state: Register, done: Label) {
        self.step(done, |builder, done| {
            builder.compare_jump(Op::DictStep, 0, key, state, done);
            builder.emit(Op::Extra, 0, value, 0, 0);
        });
    }

    /// The step that `emit` emits for the label it is given.
    fn step(&mut self, done: Label, emit: impl FnOnce(&mut Builder, Label)) {
        if !self.long_branches {
            return emit(self, done);
        }
        let (leave, go_on) = (self.label(), self.label());
        emit(self, leave);
        self.jump(Op::Jump, NO_REGISTER, go_on);
        self.bind(leave);
        self.jump(Op::Jump, NO_REGISTER, done);
        self.bind(go_on);
    }

    /// A jump by the string in `register`.
    pub fn lookup_jump(
        &mut self,
        register: Register,
        targets: Vec<(Box<str>, Label)>,
        otherwise: Label,
    ) {
        let table = self.tables.len();
        if table > usize::from(u16::MAX) {
            self.overflowed = true;
        }
        self.tables
            .push((self.instructions.len(), targets, otherwise));
        self.emit(Op::JumpLookup, 0, register, table as u16, 0);
    }

    /// Exceptions break and continue (if that has a label) raised from `start` to here go to the labels.
    pub fn loop_handler(&mut self, start: u32, on_break: Label, on_continue: Option<Label>) {
        let end = self.position();
        self.handlers.push((
            start,
            end,
            PendingHandler::Loop {
                on_break,
                on_continue,
            },
        ));
    }

    /// All exceptions raised from `start` to here go to the label.
    pub fn catch_handler(
        &mut self,
        start: u32,
        target: Label,
        result: Register,
        wants_options: bool,
    ) {
        let end = self.position();
        self.handlers.push((
            start,
            end,
            PendingHandler::Catch {
                target,
                result,
                wants_options,
            },
        ));
    }

    /// The point reached, to come back to with [`Builder::take_back`].
    pub fn mark(&self) -> Mark {
        Mark {
            instruction_count: self.instructions.len(),
            command_count: self.commands.len(),
            handler_count: self.handlers.len(),
            fixup_count: self.fixups.len(),
            table_count: self.tables.len(),
            top: self.top,
        }
    }

    /// Takes back everything since `mark` but constants, sites and labels, which do no harm.
    pub fn take_back(&mut self, mark: Mark) {
        self.instructions.truncate(mark.instruction_count);
        self.commands.truncate(mark.command_count);
        self.handlers.truncate(mark.handler_count);
        self.fixups.truncate(mark.fixup_count);
        self.tables.truncate(mark.table_count);
        self.top = mark.top;
    }

    fn place(&self, label: Label) -> usize {
        self.labels.get(label.0).copied().flatten().unwrap_or(0)
    }

    fn resolve_jumps(&mut self) {
        for fixup in std::mem::take(&mut self.fixups) {
            let distance = self.place(fixup.label) as i64 - fixup.instruction as i64 - 1;
            let instruction = &mut self.instructions[fixup.instruction];
            if fixup.is_short {
                match i16::try_from(distance) {
                    Ok(distance) => instruction.c = distance as u16,
                    Err(_) => self.overflowed = true,
                }
            } else {
                let distance = distance as i32 as u32;
                instruction.b = distance as u16;
                instruction.c = (distance >> 16) as u16;
            }
        }
    }

    /// The finished unit, or None when something did not fit the instruction format.
    pub fn finish(mut self, source: &str, first_line: u32, is_top_level: bool) -> Option<Code> {
        self.resolve_jumps();
        let local_count = self.locals.len();
        let register_count = local_count + usize::from(self.top_max - TEMPORARY_BASE);
        if self.overflowed || register_count >= REGISTERS_MAX {
            return None;
        }
        let shift = TEMPORARY_BASE - local_count as Register;
        for instruction in &mut self.instructions {
            renumber(instruction, shift);
        }
        let handlers = self.handlers.iter().map(|(start, end, pending)| Handler {
            start: *start,
            end: *end,
            kind: match pending {
                PendingHandler::Loop {
                    on_break,
                    on_continue,
                } => HandlerKind::Loop {
                    on_break: self.place(*on_break) as u32,
                    on_continue: on_continue.map(|label| self.place(label) as u32),
                },
                PendingHandler::Catch {
                    target,
                    result,
                    wants_options,
                } => HandlerKind::Catch {
                    target: self.place(*target) as u32,
                    result: moved(*result, shift),
                    wants_options: *wants_options,
                },
            },
        });
        let handlers = handlers.collect();
        let distance =
            |from: usize, label: Label| (self.place(label) as i64 - from as i64 - 1) as i32;
        let jump_tables = self
            .tables
            .iter()
            .map(|(at, targets, otherwise)| {
                let distances = targets
                    .iter()
                    .map(|(text, label)| (text.clone(), distance(*at, *label)));
                JumpTable::new(distances.collect(), distance(*at, *otherwise))
            })
            .collect();
        Some(Code {
            instructions: self.instructions,
            constants: self.constants,
            locals: self.locals,
            local_index: self.local_index,
            register_count: register_count as u16,
            call_site_count: self.call_site_count as u16,
            variable_sites: self.variable_sites,
            commands: self.commands,
            handlers,
            jump_tables,
            source: source.into(),
            first_line,
            is_top_level,
        })
    }
}

fn moved(register: Register, shift: u16) -> Register {
    if register >= TEMPORARY_BASE && register != NO_REGISTER {
        register - shift
    } else {
        register
    }
}

/// Moves the temporaries among the operands to their final numbers.
fn renumber(instruction: &mut Instruction, shift: u16) {
    let operands = instruction.op.row().operands;
    let compares_and_jumps = operands[2] == Operand::Jump && operands[0] == Operand::Flexible;
    let (first_flag, second_flag) = if compares_and_jumps {
        (B_IS_CONSTANT, C_IS_CONSTANT)
    } else {
        (0, B_IS_CONSTANT)
    };
    let x = instruction.x;
    let is_register = |kind: Operand, flag: u8| match kind {
        Operand::Register => true,
        Operand::Flexible => x & flag == 0,
        Operand::Target => matches!(
            TargetKind::from_number(x),
            TargetKind::Local | TargetKind::LocalElement | TargetKind::Computed
        ),
        _ => false,
    };
    if is_register(operands[0], first_flag) {
        instruction.a = moved(instruction.a, shift);
    }
    if is_register(operands[1], second_flag) {
        instruction.b = moved(instruction.b, shift);
    }
    if is_register(operands[2], C_IS_CONSTANT) {
        instruction.c = moved(instruction.c, shift);
    }
}
