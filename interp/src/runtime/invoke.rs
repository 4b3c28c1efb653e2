//! Calling commands: from words to what they stand for.

use std::rc::Rc;

use super::Interp;
use super::command::{Builtin, Command, CommandKind, CommandResult, Next};
use super::exception::Exception;
use super::frame::{End, Frame, FrameKind, push_in_place};
use super::namespace::Namespace;
use super::procedure::Procedure;
use super::unit::{Callee, Unit};
use crate::compile::CompileFunction;
use crate::value::Value;

impl Interp {
    /// What a name is called as in the current namespace.
    pub(crate) fn callee(&mut self, name: &str, namespace: &Rc<Namespace>) -> Option<Callee> {
        let command = self.find_command(name, namespace)?.origin();
        if command.has_execution_traces.get() {
            return Some(Callee::Other(command));
        }
        let callee = match &*command.kind.borrow() {
            CommandKind::Builtin(row) => Callee::Builtin(row),
            CommandKind::Procedure(procedure) => Callee::Procedure(procedure.clone()),
            _ => Callee::Other(command.clone()),
        };
        Some(callee)
    }

    /// Calls the command whose words are in the [`FrameKind::Words`] frame on top, looked up from `namespace` or
    /// the current one; its outcome goes to that frame.
    pub(crate) fn call_top_words(&mut self, namespace: Option<Rc<Namespace>>) -> CommandResult {
        let Some(FrameKind::Words(words)) = self.fiber.frames.last().map(|frame| &frame.kind)
        else {
            return Ok(Next::Done(Value::EMPTY));
        };
        // SAFETY: the vector's heap block does not move and is not changed while its frame is there, and the frame
        // goes only when the outcome of this call reaches it.
        let words = unsafe { std::slice::from_raw_parts(words.as_ptr(), words.len()) };
        let namespace = namespace.unwrap_or_else(|| self.current_namespace());
        match self.call_words(words, &namespace)? {
            Next::Done(value) => Ok(Next::Deliver(Ok(value))),
            next => Ok(next),
        }
    }

    /// Calls the command that `words` name, looked up from `namespace`. The words must outlive the call: they are
    /// in a window or in a frame below.
    pub(crate) fn call_words(
        &mut self,
        words: &[Value],
        namespace: &Rc<Namespace>,
    ) -> CommandResult {
        let Some(name) = words.first() else {
            return Ok(Next::Done(Value::EMPTY));
        };
        match self.recent_callee(name, namespace) {
            Some(callee) => self.call_callee(&callee, words),
            None => self.call_unknown(words, namespace),
        }
    }

    /// Calls what a name stands for.
    pub(crate) fn call_callee(&mut self, callee: &Callee, words: &[Value]) -> CommandResult {
        match callee {
            Callee::Builtin(row) => self.call_builtin(row, words),
            Callee::Subcommand(row) => self.call_subcommand(row, words),
            Callee::Procedure(procedure) => {
                self.push_procedure(procedure, words)?;
                Ok(Next::Running)
            }
            Callee::Other(command) => self.call_command(command, words),
            Callee::None => Err(Exception::no_such_command(&words[0].str())),
        }
    }

    /// Calls a row of the command table.
    #[inline]
    pub(crate) fn call_builtin(&mut self, row: &'static Builtin, words: &[Value]) -> CommandResult {
        self.command_count += 1;
        if !row.accepts(words.len() - 1) {
            return Err(wrong_args(&words[0].str(), row));
        }
        (row.run)(self, words)
    }

    /// Calls a command of any kind.
    pub(crate) fn call_command(&mut self, command: &Rc<Command>, words: &[Value]) -> CommandResult {
        if command.has_execution_traces.get() {
            return super::trace::call_traced(self, command, words);
        }
        self.call_untraced(command, words)
    }

    /// The same without execution traces.
    pub(crate) fn call_untraced(
        &mut self,
        command: &Rc<Command>,
        words: &[Value],
    ) -> CommandResult {
        let kind = command.kind.borrow().clone();
        match kind {
            CommandKind::Builtin(row) => self.call_builtin(row, words),
            CommandKind::Procedure(procedure) => {
                self.push_procedure(&procedure, words)?;
                Ok(Next::Running)
            }
            CommandKind::Imported(target) => self.call_command(&target, words),
            CommandKind::Ensemble(ensemble) => self.call_ensemble(command, &ensemble, words),
            CommandKind::Coroutine(coroutine) => self.resume_coroutine(&coroutine, words),
            CommandKind::Native(native) => {
                self.command_count += 1;
                native.call(self, words)
            }
        }
    }

    /// A name that no command has: the namespace's unknown handler, or `::unknown`.
    fn call_unknown(&mut self, words: &[Value], namespace: &Rc<Namespace>) -> CommandResult {
        let handler = namespace
            .unknown
            .borrow()
            .clone()
            .or_else(|| self.global.unknown.borrow().clone());
        let mut call = match handler {
            Some(prefix) => prefix.to_list()?.elements().to_vec(),
            None => vec![Value::text("::unknown")],
        };
        let text = call.first().map(Value::to_text).unwrap_or_default();
        if self.find_command(&text, namespace).is_none() {
            return Err(Exception::no_such_command(&words[0].str()));
        }
        call.extend_from_slice(words);
        let index = self.current_call();
        self.push_words_in(call, index, Some(namespace.clone()))
    }

    /// Pushes the frame of a procedure called with `words`.
    pub(crate) fn push_procedure(
        &mut self,
        procedure: &Rc<Procedure>,
        words: &[Value],
    ) -> Result<(), Box<Exception>> {
        self.push_call::<false>(procedure, words)
    }

    /// Pushes the frame of a lambda; `words` are those of `apply`.
    pub(crate) fn push_lambda(
        &mut self,
        lambda: &Rc<Procedure>,
        words: &[Value],
    ) -> Result<(), Box<Exception>> {
        self.push_call::<true>(lambda, words)
    }

    #[inline]
    fn push_call<const IS_LAMBDA: bool>(
        &mut self,
        procedure: &Rc<Procedure>,
        words: &[Value],
    ) -> Result<(), Box<Exception>> {
        let name_count = if IS_LAMBDA { 2 } else { 1 };
        self.command_count += 1;
        if self.fiber.frames.len() >= self.recursion_limit {
            self.check_depth()?;
        }
        let unit = self.procedure_unit(procedure);
        let arguments = words.get(name_count..).unwrap_or_default();
        let is_plain = procedure.is_plain && arguments.len() == procedure.parameters.len();
        if !is_plain {
            check_arguments(procedure, words, name_count)?;
        }
        let locals: *const Unit = Rc::as_ptr(&unit);
        let local_count = unit.code.locals.len();
        let fiber = &mut *self.fiber;
        let base = fiber.registers.push(usize::from(unit.code.register_count));
        // SAFETY: the window has `register_count` registers, at least one for each local and so for each parameter.
        unsafe {
            if is_plain {
                for (index, argument) in arguments.iter().enumerate() {
                    base.add(index).write(argument.clone());
                }
            } else {
                write_arguments(procedure, arguments, base);
            }
            for index in procedure.parameters.len()..local_count {
                base.add(index).write(Value::UNSET);
            }
        }
        let caller = fiber.frames.last().map_or(0, |frame| frame.call);
        let level = fiber.calls[caller as usize].level + 1;
        let call = fiber.calls.len() as u32;
        fiber.push_procedure_call(procedure, locals, base, words, level, caller);
        push_in_place(&mut fiber.frames, || Frame {
            kind: FrameKind::code(unit, base),
            call,
            end: if IS_LAMBDA {
                End::Lambda
            } else {
                End::Procedure
            },
        });
        Ok(())
    }

    /// The compiled body of a procedure.
    #[inline]
    pub(crate) fn procedure_unit(&mut self, procedure: &Rc<Procedure>) -> Rc<Unit> {
        // SAFETY: what is borrowed is cloned before anything else runs.
        if let Ok(Some(unit)) = unsafe { procedure.unit.try_borrow_unguarded() }
            && unit.compile_epoch == self.compile_epoch
            && unit.interp_id == self.id
        {
            return unit.clone();
        }
        self.compile_procedure(procedure)
    }

    #[cold]
    fn compile_procedure(&mut self, procedure: &Rc<Procedure>) -> Rc<Unit> {
        let text = procedure.body.to_text();
        let inlines = self.mode != super::Mode::Invoke;
        let unit = self.compile(
            &text,
            &procedure.namespace,
            Some(&procedure.parameter_names),
            inlines,
            false,
        );
        if let Some(origin) = &procedure.origin {
            let _ = unit.origin.set(origin.clone());
        }
        *procedure.unit.borrow_mut() = Some(unit.clone());
        unit
    }

    /// The procedure of this name.
    pub(crate) fn find_procedure(
        &mut self,
        name: &str,
        namespace: &Rc<Namespace>,
    ) -> Option<Rc<Procedure>> {
        let command = self.find_command(name, namespace)?.origin();
        match &*command.kind.borrow() {
            CommandKind::Procedure(procedure) => Some(procedure.clone()),
            _ => None,
        }
    }

    /// A `tailcall` reached its procedure: the procedure's frame goes, and the words are called in its place.
    pub(crate) fn finish_tailcall(&mut self, words: Vec<Value>) -> CommandResult {
        let namespace = self.current_namespace();
        let orphans = self.orphans();
        self.fiber.pop_frame();
        self.fire_orphans(orphans);
        // The words of the call that this one replaces go too, so that a chain of tail calls takes no room.
        if let Some(Frame {
            kind: FrameKind::Words(_),
            end: End::Plain | End::Command,
            ..
        }) = self.fiber.frames.last()
        {
            self.fiber.pop_frame();
        }
        if namespace.is_deleted.get() {
            let name = format!("::{}", namespace.full_name().trim_start_matches(':'));
            return Err(Exception::with_code(
                format!("namespace \"{name}\" not found"),
                ["TCL", "LOOKUP", "NAMESPACE", &name],
            ));
        }
        self.check_depth()?;
        let call = self.current_call() as u32;
        self.fiber.frames.push(Frame {
            kind: FrameKind::Words(words.into()),
            call,
            end: End::Command,
        });
        self.call_top_words(Some(namespace))
    }

    /// Keeps the tail call on top out of errorInfo: it only leads to another command.
    pub(crate) fn hide_tailcall(&mut self) {
        if let Some(frame) = self.fiber.frames.last_mut()
            && matches!(frame.end, End::Command)
        {
            frame.end = End::Plain;
        }
    }

    /// The words of a tail call that the procedure on top has caught and is now done with.
    pub(crate) fn caught_tailcall(&mut self) -> Option<Vec<Value>> {
        if !matches!(self.fiber.frames.last()?.end, End::Procedure | End::Lambda) {
            return None;
        }
        self.call_frame_mut().extra.as_mut()?.tailcall.take()
    }

    /// Whether what runs was not brought to its call frame by `uplevel`.
    pub(crate) fn is_in_own_frame(&self) -> bool {
        let entered =
            self.fiber.frames.iter().rev().find(|frame| {
                matches!(frame.end, End::Procedure | End::Lambda | End::Namespace(_))
            });
        entered.is_none_or(|frame| frame.call as usize == self.current_call())
    }

    /// Sets what is called in place of the procedure of the current call frame when it is done.
    pub(crate) fn set_tailcall(&mut self, words: Option<Vec<Value>>) {
        let frame = self.call_frame_mut();
        if words.is_some() || frame.extra.is_some() {
            frame.extra.get_or_insert_default().tailcall = words;
        }
    }

    /// Keeps the tail call of an exception that a script catches.
    pub(crate) fn keep_tailcall(&mut self, exception: &mut Exception) {
        if let Some(words) = exception.tailcall.take() {
            self.call_frame_mut().extra.get_or_insert_default().tailcall = Some(words);
        }
    }

    /// Deletes a command and those that import it: their names stand for nothing from now on.
    pub(crate) fn delete_command(&mut self, command: &Rc<Command>) {
        // Imports of imports wait here instead of nesting.
        let mut waiting = vec![command.clone()];
        let mut deleted = Vec::new();
        while let Some(command) = waiting.pop() {
            if command.is_deleted.get() {
                continue;
            }
            let kind = command.kind.borrow().clone();
            if let CommandKind::Native(native) = kind {
                native.deleting(self);
            }
            if command.is_deleted.replace(true) {
                continue;
            }
            self.take_name(&command);
            let importers: Vec<_> = command.importers.borrow_mut().drain(..).collect();
            waiting.extend(importers.iter().rev().filter_map(std::rc::Weak::upgrade));
            deleted.push(command);
        }
        for command in deleted {
            let kind = command.kind.borrow().clone();
            match kind {
                CommandKind::Coroutine(coroutine) => self.drop_coroutine(&coroutine),
                CommandKind::Native(native) => native.deleted(self),
                _ => {}
            }
        }
    }

    /// Takes a command that is being deleted out of its namespace, after its delete traces.
    fn take_name(&mut self, command: &Rc<Command>) {
        super::trace::command_deleted(self, command);
        let name = command.name.borrow().clone();
        if let Some(namespace) = command.namespace.borrow().upgrade() {
            let is_there = namespace
                .commands
                .borrow()
                .get(&name)
                .is_some_and(|other| Rc::ptr_eq(other, command));
            if is_there {
                namespace.commands.borrow_mut().remove(&name);
            }
        }
        self.command_changed(&name);
    }

    // For the compiler.

    /// Whether units may have inlined a command of this name.
    pub(crate) fn is_inlinable_name(&self, name: &str) -> bool {
        (self.natives.is_inlinable)(name)
    }

    /// The compile function of the command that `name` stands for.
    pub(crate) fn compile_function(
        &mut self,
        name: &str,
        namespace: &Rc<Namespace>,
    ) -> Option<CompileFunction> {
        let command = self.find_command(name, namespace)?.origin();
        if command.has_execution_traces.get() {
            return None;
        }
        // The rows of ensembles are compiled with the ensemble's word before theirs.
        let is_global = command.is_global();
        if !is_global {
            return None;
        }
        match &*command.kind.borrow() {
            CommandKind::Builtin(row) => row.compile,
            _ => None,
        }
    }

    /// The compile function of a subcommand of an ensemble that nobody has changed.
    pub(crate) fn compile_subcommand(
        &mut self,
        name: &str,
        subcommand: &str,
        namespace: &Rc<Namespace>,
    ) -> Option<CompileFunction> {
        let command = self.find_command(name, namespace)?.origin();
        if command.has_execution_traces.get() {
            return None;
        }
        match &*command.kind.borrow() {
            CommandKind::Ensemble(ensemble) => ensemble.table_row(subcommand)?.compile,
            _ => None,
        }
    }

    /// The number of a built-in math function unless a command overrides it.
    pub(crate) fn builtin_math_function(
        &mut self,
        name: &str,
        namespace: &Rc<Namespace>,
    ) -> Option<u16> {
        let number = super::math::function_number(name)?;
        let full = format!("tcl::mathfunc::{name}");
        let command = self.find_command(&full, namespace)?;
        match &*command.kind.borrow() {
            CommandKind::Builtin(row)
                if row.name == super::math::FUNCTIONS[number as usize].name =>
            {
                Some(number)
            }
            _ => None,
        }
    }
}

/// The message about a wrong number of words for a row of the table.
pub(crate) fn wrong_args(name: &str, row: &Builtin) -> Box<Exception> {
    if row.usage.is_empty() {
        return Exception::wrong_args(name);
    }
    Exception::wrong_args(&format!("{name} {}", row.usage))
}

/// Writes the arguments of a procedure with defaults or `args`.
///
/// # Safety
/// `base` is a window of at least as many registers as there are parameters.
#[inline(never)]
pub(super) unsafe fn write_arguments(procedure: &Procedure, arguments: &[Value], base: *mut Value) {
    for index in 0..procedure.parameters.len() {
        // SAFETY: see above.
        unsafe {
            base.add(index)
                .write(argument_value(procedure, arguments, index));
        }
    }
}

#[inline(never)]
pub(super) fn check_arguments(
    procedure: &Procedure,
    words: &[Value],
    name_count: usize,
) -> Result<(), Box<Exception>> {
    let given = words.len() - name_count;
    let parameter_count = procedure.parameters.len();
    let fixed = if procedure.takes_rest {
        parameter_count - 1
    } else {
        parameter_count
    };
    let is_missing = procedure.parameters[..fixed]
        .iter()
        .skip(given)
        .any(|parameter| parameter.default.is_none());
    if (given > fixed && !procedure.takes_rest) || is_missing {
        let name = if procedure.is_lambda {
            "apply lambdaExpr".to_owned()
        } else {
            crate::value::list::list_text(words[..name_count].iter())
        };
        return Err(Exception::wrong_args(&format!(
            "{name}{}",
            procedure.usage()
        )));
    }
    Ok(())
}

/// What parameter `index` gets.
fn argument_value(procedure: &Procedure, arguments: &[Value], index: usize) -> Value {
    if procedure.takes_rest && index + 1 == procedure.parameters.len() {
        return Value::list(arguments.get(index..).unwrap_or_default().to_vec());
    }
    match arguments.get(index) {
        Some(argument) => argument.clone(),
        None => procedure.parameters[index]
            .default
            .clone()
            .unwrap_or_default(),
    }
}
