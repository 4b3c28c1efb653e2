//! What is running: registers, frames, and the call frames that variables belong to.
//!
//! A [`Fiber`] is one line of execution: the main one, or a coroutine. Its [`Frame`]s are what runs (units of
//! code, native continuations, boundaries); its [`CallFrame`]s are Tcl's levels, which own variables. A unit run
//! by `eval` has a frame of its own but shares its caller's call frame.

use std::cell::UnsafeCell;
use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::rc::Rc;

use foldhash::fast::FixedState;

use super::command::Resume;
use super::coroutine::Coroutine;
use super::namespace::Namespace;
use super::procedure::Procedure;
use super::unit::Unit;
use crate::value::{ListObject, Value, Variable};

/// Registers in the first chunk of the main fiber and of a coroutine's; later chunks double up to [`CHUNK_MAX`].
const CHUNK_FIRST: [usize; 2] = [256, 32];
/// Registers in the largest chunk, unless one window needs more.
const CHUNK_MAX: usize = 65_536;

/// A register as a chunk holds it: what is in use is dropped with the frame it belongs to, and the rest needs no dropping.
type Register = UnsafeCell<ManuallyDrop<Value>>;

/// The registers of a fiber: chunks that never move, used as a stack of windows.
///
/// Registers above the top hold no counted object, so that popping is all the clearing there is.
pub(crate) struct RegisterStack {
    chunks: Vec<Box<[Register]>>,
    /// Registers in the first chunk.
    first: usize,
    /// Where the next window begins, in the last chunk in use.
    top: *mut Value,
    /// The end of that chunk.
    limit: *mut Value,
    /// The beginning of that chunk if there are chunks in use below it, else null: a window that begins here is the
    /// last one of its chunk.
    bottom: *mut Value,
    /// `top` of the chunks in use below that one.
    tops: Vec<*mut Value>,
}

impl RegisterStack {
    fn new(first: usize) -> RegisterStack {
        RegisterStack {
            chunks: Vec::new(),
            first,
            top: std::ptr::null_mut(),
            limit: std::ptr::null_mut(),
            bottom: std::ptr::null_mut(),
            tops: Vec::new(),
        }
    }

    /// A window of `count` registers.
    #[inline]
    pub fn push(&mut self, count: usize) -> *mut Value {
        let base = self.top;
        if self.limit as usize - (base as usize) < count * size_of::<Value>() {
            return self.push_in_next_chunk(count);
        }
        self.top = base.wrapping_add(count);
        base
    }

    #[cold]
    fn push_in_next_chunk(&mut self, count: usize) -> *mut Value {
        let next = if self.top.is_null() {
            0
        } else {
            self.tops.push(self.top);
            self.tops.len()
        };
        let doubled = self
            .chunks
            .last()
            .map_or(self.first, |chunk| (chunk.len() * 2).min(CHUNK_MAX));
        let fits = self
            .chunks
            .get(next)
            .is_some_and(|chunk| chunk.len() >= count);
        if !fits {
            self.chunks.truncate(next);
            let empty = || UnsafeCell::new(ManuallyDrop::new(Value::EMPTY));
            let size = doubled.max(count);
            self.chunks.push((0..size).map(|_| empty()).collect());
        }
        self.enter_chunk(next);
        let base = self.top;
        self.bottom = if next == 0 {
            std::ptr::null_mut()
        } else {
            base
        };
        self.top = base.wrapping_add(count);
        base
    }

    /// Makes the chunk with this number the one in use, as if nothing were in it.
    fn enter_chunk(&mut self, number: usize) {
        let Some(chunk) = self.chunks.get(number) else {
            return;
        };
        // A register is a value with two transparent layers around it.
        self.top = UnsafeCell::raw_get(chunk.as_ptr()).cast();
        self.limit = self.top.wrapping_add(chunk.len());
    }

    /// Gives back the window pushed last, which began at `base`; its registers must hold no counted object.
    #[inline]
    pub fn pop(&mut self, base: *mut Value) {
        if base == self.bottom && !base.is_null() {
            self.leave_chunk();
        } else {
            self.top = base;
        }
    }

    #[cold]
    fn leave_chunk(&mut self) {
        let Some(top) = self.tops.pop() else {
            return;
        };
        let number = self.tops.len();
        self.enter_chunk(number);
        self.bottom = if number == 0 {
            std::ptr::null_mut()
        } else {
            self.top
        };
        self.top = top;
    }
}

/// What a frame does when its code is done, besides giving its outcome to the frame below.
#[derive(Clone)]
pub(crate) enum End {
    /// Nothing.
    Plain,
    /// A procedure: its call frame goes, and `return` becomes an ordinary result.
    Procedure,
    /// The same for a lambda of `apply`.
    Lambda,
    /// A script; errors gain a line such as `("eval" body line 3)`.
    Script(Label),
    /// A command called in place of another, which errors quote.
    Command,
    /// A script with a call frame of its own (`namespace eval`); errors gain a line as above.
    Namespace(Label),
}

/// What errorInfo says about a script: the text before ` line N`.
#[derive(Clone)]
pub(crate) enum Label {
    /// Nothing.
    None,
    /// This text, such as `"eval" body`.
    Fixed(&'static str),
    /// This text.
    Made(Rc<str>),
    /// The script is all of a file.
    File(Rc<FileLabel>),
}

/// What there is to say about a script that is all of a file.
pub(crate) struct FileLabel {
    /// `file "name"`, with the name that it was sourced by.
    pub text: Box<str>,
    /// The file's normalized name.
    pub path: Value,
}

/// A unit being run.
pub(crate) struct CodeFrame {
    pub unit: Rc<Unit>,
    /// The first register of the window.
    pub base: *mut Value,
    /// The next instruction, while the frame is not the one that runs.
    pub pc: u32,
    /// Where the result of the pending call goes.
    pub result: u16,
    /// How many registers from `result` on hold words to be dropped when the pending call is done.
    pub word_count: u16,
    /// Whether the pending call's result is not wanted.
    pub discards: bool,
}

/// One frame.
pub(crate) struct Frame {
    pub kind: FrameKind,
    /// The call frame that variables belong to: an index into [`Fiber::calls`].
    pub call: u32,
    pub end: End,
}

pub(crate) enum FrameKind {
    /// A unit.
    Code(CodeFrame),
    /// A native command waiting for the outcome of what it started.
    Native(Box<dyn Resume>),
    /// Keeps alive the words of the command above it.
    Words(OwnWords),
    /// The boundary of a run loop nested on the Rust stack: outcomes that reach it leave that loop.
    Boundary,
    /// The bottom of a coroutine: outcomes that reach it end the coroutine.
    Coroutine,
}

impl FrameKind {
    /// A unit that is about to run its first instruction, in the window that begins at `base`.
    #[inline(always)]
    pub fn code(unit: Rc<Unit>, base: *mut Value) -> FrameKind {
        FrameKind::Code(CodeFrame {
            unit,
            base,
            pc: 0,
            result: 0,
            word_count: 0,
            discards: false,
        })
    }
}

/// The words of a command that stand in no window.
pub(crate) enum OwnWords {
    /// Put together for the call.
    Made(Vec<Value>),
    /// Those of a list evaluated as a script. The frame counts as one of its holders, so nobody changes it in place.
    List(Rc<ListObject>),
}

impl std::ops::Deref for OwnWords {
    type Target = [Value];

    #[inline]
    fn deref(&self) -> &[Value] {
        match self {
            OwnWords::Made(words) => words,
            OwnWords::List(list) => list.elements(),
        }
    }
}

impl From<Vec<Value>> for OwnWords {
    #[inline]
    fn from(words: Vec<Value>) -> OwnWords {
        OwnWords::Made(words)
    }
}

/// What kind of level a call frame is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallKind {
    /// A procedure or lambda: variables are local.
    Procedure,
    /// The global level or a `namespace eval`: variables are the namespace's.
    Namespace,
}

/// Variables of a call frame that have no register, by name.
pub(crate) type ExtraVariables = HashMap<Box<str>, Rc<Variable>, FixedState>;

/// What few call frames have.
#[derive(Default)]
pub(crate) struct Extra {
    /// Local variables that the code does not name.
    pub variables: ExtraVariables,
    /// The words of a `tailcall` whose exception a `catch` in the procedure has caught: they are called in its place all
    /// the same.
    pub tailcall: Option<Vec<Value>>,
    /// Whether a local variable has had a trace.
    pub is_watched: bool,
    /// What the level is besides, for a module of commands: the call of a method, a definition script.
    pub role: Option<Rc<dyn Role>>,
}

/// What a level is besides a procedure's or a namespace's. The module that gave it knows what it is.
pub trait Role {
    /// Itself, to be downcast by the module that made it.
    fn as_any(self: Rc<Self>) -> Rc<dyn std::any::Any>;

    /// What `info frame` says of it in place of the procedure.
    fn description(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    /// What errorInfo says when an error leaves a procedure in this role at `line`.
    fn label(&self, line: u32) -> String;
}

/// One of Tcl's levels.
pub(crate) struct CallFrame {
    pub kind: CallKind,
    pub namespace: Rc<Namespace>,
    /// The level as `info level` counts: 0 is global.
    pub level: u32,
    /// The call frame that `uplevel 1` means.
    pub caller: u32,
    /// The registers of the local variables.
    pub locals: *mut Value,
    /// Names the local variables; null for namespace levels. The code frame of the call holds it, and goes after the call
    /// frame.
    unit: *const Unit,
    /// The words of the call, for `info level`: they live in the caller's window or a [`FrameKind::Words`].
    pub words: *const Value,
    pub word_count: u32,
    /// What few frames have.
    pub extra: Option<Box<Extra>>,
}

/// One line of execution.
pub(crate) struct Fiber {
    pub registers: RegisterStack,
    pub frames: Vec<Frame>,
    pub calls: Vec<CallFrame>,
    /// The coroutine that this fiber runs; None for the main one.
    pub coroutine: Option<Rc<Coroutine>>,
}

impl Fiber {
    /// A fiber with nothing but the global level.
    pub fn new(global: &Rc<Namespace>, coroutine: Option<Rc<Coroutine>>) -> Fiber {
        let mut fiber = Fiber {
            registers: RegisterStack::new(CHUNK_FIRST[usize::from(coroutine.is_some())]),
            frames: Vec::new(),
            calls: Vec::new(),
            coroutine,
        };
        fiber.calls.push(CallFrame::namespace(global, 0, 0));
        fiber
    }

    /// Pushes the call frame of a procedure, field by field: built elsewhere and copied it would cost a third of a call.
    #[inline]
    pub fn push_procedure_call(
        &mut self,
        procedure: &Procedure,
        unit: *const Unit,
        locals: *mut Value,
        words: &[Value],
        level: u32,
        caller: u32,
    ) {
        if self.calls.len() == self.calls.capacity() {
            self.calls.reserve(1);
        }
        // SAFETY: there is room for one more element, all of whose fields are written before the length says that it
        // is there.
        unsafe {
            let call = self.calls.as_mut_ptr().add(self.calls.len());
            (&raw mut (*call).kind).write(CallKind::Procedure);
            (&raw mut (*call).namespace).write(procedure.namespace.clone());
            (&raw mut (*call).level).write(level);
            (&raw mut (*call).caller).write(caller);
            (&raw mut (*call).locals).write(locals);
            (&raw mut (*call).unit).write(unit);
            (&raw mut (*call).words).write(words.as_ptr());
            (&raw mut (*call).word_count).write(words.len() as u32);
            (&raw mut (*call).extra).write(None);
            self.calls.set_len(self.calls.len() + 1);
        }
    }

    /// Drops the frames above `frame_count`, the registers and call frames that they own.
    pub fn truncate(&mut self, frame_count: usize) {
        while self.frames.len() > frame_count {
            self.pop_frame();
        }
    }

    /// Drops the top call frame in place: it is large, and popping it by value would copy it first.
    #[inline]
    fn pop_call(&mut self) {
        if let Some(rest) = self.calls.len().checked_sub(1) {
            // SAFETY: the element at `rest` is the last one; its fields that own something are dropped once, after the
            // length has left it out.
            unsafe {
                self.calls.set_len(rest);
                let call = &mut *self.calls.as_mut_ptr().add(rest);
                if call.extra.is_some() {
                    drop(call.extra.take());
                }
                std::ptr::drop_in_place(&raw mut call.namespace);
            }
        }
    }

    /// Drops the top frame with what it owns if it is a procedure's or lambda's: what [`Fiber::pop_frame`] does, for the one
    /// kind of frame that comes and goes most.
    #[inline]
    pub fn pop_procedure(&mut self) -> bool {
        let Some(rest) = self.frames.len().checked_sub(1) else {
            return false;
        };
        // SAFETY: the element at `rest` is the last one.
        let frame = unsafe { &mut *self.frames.as_mut_ptr().add(rest) };
        let (FrameKind::Code(code), End::Procedure | End::Lambda) = (&mut frame.kind, &frame.end)
        else {
            return false;
        };
        self.pop_call();
        clear(code.base, usize::from(code.unit.code.register_count));
        self.registers.pop(code.base);
        // SAFETY: of such a frame only the unit needs dropping; the length has left it out before.
        unsafe {
            self.frames.set_len(rest);
            std::ptr::drop_in_place(&raw mut code.unit);
        }
        true
    }

    /// Drops the top frame with what it owns.
    pub fn pop_frame(&mut self) {
        // In place: the frame is large, and popping it by value would copy it first.
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        if matches!(frame.end, End::Procedure | End::Lambda | End::Namespace(_)) {
            self.pop_call();
        }
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        if let FrameKind::Code(code) = &frame.kind {
            clear(code.base, usize::from(code.unit.code.register_count));
            self.registers.pop(code.base);
        }
        self.frames.truncate(self.frames.len() - 1);
    }
}

impl Drop for Fiber {
    fn drop(&mut self) {
        self.truncate(0);
    }
}

impl CallFrame {
    /// A level whose variables are those of `namespace`.
    pub fn namespace(namespace: &Rc<Namespace>, level: u32, caller: u32) -> CallFrame {
        CallFrame {
            kind: CallKind::Namespace,
            namespace: namespace.clone(),
            level,
            caller,
            locals: std::ptr::null_mut(),
            unit: std::ptr::null(),
            words: std::ptr::null(),
            word_count: 0,
            extra: None,
        }
    }

    /// What names the local variables; None for namespace levels.
    #[inline]
    pub fn unit(&self) -> Option<&Unit> {
        // SAFETY: see the field.
        unsafe { self.unit.as_ref() }
    }

    /// The words of the call.
    pub fn words(&self) -> &[Value] {
        if self.words.is_null() {
            return &[];
        }
        // SAFETY: the words live in the caller's window, which is not cleared before this call is done, or in a
        // Words frame below this one.
        unsafe { std::slice::from_raw_parts(self.words, self.word_count as usize) }
    }
}

/// Appends to a vector by writing the element where it stays: large frames are not built elsewhere and copied.
#[inline(always)]
pub(crate) fn push_in_place<T>(vector: &mut Vec<T>, make: impl FnOnce() -> T) {
    if vector.len() == vector.capacity() {
        vector.reserve(1);
    }
    // SAFETY: there is room for one more element, which is written before the length says that it is there.
    unsafe {
        vector.as_mut_ptr().add(vector.len()).write(make());
        vector.set_len(vector.len() + 1);
    }
}

/// Makes the `count` registers from `base` on hold no counted object.
#[inline]
pub(crate) fn clear(base: *mut Value, count: usize) {
    for index in 0..count {
        // SAFETY: the caller owns the window of at least `count` registers at `base`; every register always
        // holds a valid value.
        unsafe {
            let register = base.add(index);
            if (*register).is_counted() {
                *register = Value::EMPTY;
            }
        }
    }
}

impl Value {
    /// Whether dropping the value does something.
    #[inline]
    pub(crate) fn is_counted(&self) -> bool {
        use crate::value::Repr;
        !matches!(
            self.0,
            Repr::Int(_) | Repr::Double(_) | Repr::Short(_) | Repr::Unset
        )
    }
}
