//! Variables as instructions name them.

use super::{Compiler, Destination, Source, may_run_scripts};
use crate::bytecode::{NO_REGISTER, Op, Register, TargetKind};
use crate::syntax::{Part, Quoting, Span, Variable, Word, WordKind};
use crate::value::Value;

/// A variable that an instruction reads or changes.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// How it is named.
    pub kind: PlaceKind,
}

/// How a [`Place`] is named.
#[derive(Clone, Copy, Debug)]
pub enum PlaceKind {
    /// A local variable.
    Local(Register),
    /// An element of a local array; the key is in the second register.
    LocalElement(Register, Register),
    /// A name known when compiling, by its variable site.
    Named(u16),
    /// An element of the array at a variable site; the key is in the register.
    NamedElement(u16, Register),
    /// The name is in the register.
    Computed(Register),
}

/// A literal name that denotes an array element: the array's name and the key.
pub fn split_element(name: &str) -> Option<(&str, &str)> {
    let open = name.find('(')?;
    let inner = name.strip_suffix(')')?;
    Some((&name[..open], inner.get(open + 1..)?))
}

impl Compiler<'_> {
    /// The register of a variable when it is a plain local one.
    pub(super) fn scalar_local(&mut self, variable: &Variable) -> Option<Register> {
        if variable.index.is_some() || !self.has_locals() {
            return None;
        }
        self.local_of(variable.name.text(self.source))
    }

    /// The register of the local variable `name`, if names like it are local here.
    pub fn local_of(&mut self, name: &str) -> Option<Register> {
        let is_plain = self.has_locals() && !name.contains("::") && split_element(name).is_none();
        is_plain.then(|| self.builder.local(name))
    }

    /// The register of the local variable that a word names, if names like it are local here.
    pub fn local_named(&mut self, name: &Word) -> Option<Register> {
        // As in tclsh, names that backslashes made are looked up by name.
        match &name.kind {
            WordKind::Verbatim(name) => self.local_of(name.text(self.source)),
            _ => None,
        }
    }

    /// Pushes the value of a variable.
    pub(super) fn push_variable(&mut self, variable: &Variable) -> Register {
        let base = self.builder.top();
        let place = self.variable_place(variable);
        self.builder.release(base);
        let target = self.builder.push();
        self.get(place, target);
        target
    }

    /// The place that a `$` substitution reads.
    pub(super) fn variable_place(&mut self, variable: &Variable) -> Place {
        let name = variable.name.text(self.source);
        match &variable.index {
            None => self.named_place(name),
            Some(parts) => {
                let key = if parts.is_empty() {
                    let target = self.builder.push();
                    let empty = self.builder.constant(Value::EMPTY);
                    self.builder.emit(Op::Constant, 0, target, empty, 0);
                    target
                } else if let [Part::Variable(inner)] = parts.as_slice()
                    && let Some(register) = self.scalar_local(inner)
                {
                    register
                } else {
                    self.push_parts(parts)
                };
                self.element_place(name, key)
            }
        }
    }

    fn element_place(&mut self, array: &str, key: Register) -> Place {
        let kind = match self.local_of(array) {
            Some(register) => PlaceKind::LocalElement(register, key),
            None => PlaceKind::NamedElement(self.builder.variable_site(array), key),
        };
        Place { kind }
    }

    /// The place of a name known now, which may name an element.
    pub fn named_place(&mut self, name: &str) -> Place {
        if let Some((array, key)) = split_element(name) {
            let constant = self.builder.constant(Value::text(key));
            let register = self.builder.push();
            self.builder.emit(Op::Constant, 0, register, constant, 0);
            return self.element_place(array, register);
        }
        let kind = match self.local_of(name) {
            Some(register) => PlaceKind::Local(register),
            None => PlaceKind::Named(self.builder.variable_site(name)),
        };
        Place { kind }
    }

    /// The place that a word names, as the first argument of `set` does. Its key or name is evaluated before
    /// the words that follow it.
    pub fn place(&mut self, word: &Word, later: &[Word]) -> Place {
        // As in tclsh, a name that backslashes made is looked up by name, which shows in errorCode.
        if let WordKind::Verbatim(name) = &word.kind {
            return self.named_place(name.text(self.source));
        }
        if let Some(place) = self.element_word(word, later) {
            return place;
        }
        let register = self.push_word(word);
        Place {
            kind: PlaceKind::Computed(register),
        }
    }

    /// A word such as `a($i)`: a constant array name, and a key with substitutions.
    fn element_word(&mut self, word: &Word, later: &[Word]) -> Option<Place> {
        let WordKind::Parts(parts) = &word.kind else {
            return None;
        };
        if word.quoting == Quoting::Braced {
            return None;
        }
        let Some(Part::Text(first)) = parts.first() else {
            return None;
        };
        let Some(Part::Text(last)) = parts.last() else {
            return None;
        };
        if parts.len() < 3 {
            return None;
        }
        let first_text = first.text(self.source);
        let open = first_text.find('(')?;
        let last_text = last.text(self.source);
        let last_key = last_text.strip_suffix(')')?;
        let array = first_text[..open].to_owned();
        let key_start = &first_text[open + 1..];
        let mut key: Vec<Part> = Vec::with_capacity(parts.len());
        if !key_start.is_empty() {
            key.push(Part::Text(Span {
                start: first.start + open as u32 + 1,
                end: first.end,
            }));
        }
        key.extend_from_slice(&parts[1..parts.len() - 1]);
        if !last_key.is_empty() {
            key.push(Part::Text(Span {
                start: last.start,
                end: last.end - 1,
            }));
        }
        let register = match key.as_slice() {
            [Part::Variable(variable)] if !later.iter().any(may_run_scripts) => {
                match self.scalar_local(variable) {
                    Some(register) => register,
                    None => self.push_parts(&key),
                }
            }
            _ => self.push_parts(&key),
        };
        Some(self.element_place(&array, register))
    }

    fn emit_place(&mut self, op: Op, place: Place, a: u16, c: u16) {
        let (kind, b, key) = match place.kind {
            PlaceKind::Local(register) => (TargetKind::Local, register, None),
            PlaceKind::LocalElement(register, key) => {
                (TargetKind::LocalElement, register, Some(key))
            }
            PlaceKind::Named(site) => (TargetKind::Named, site, None),
            PlaceKind::NamedElement(site, key) => (TargetKind::NamedElement, site, Some(key)),
            PlaceKind::Computed(register) => (TargetKind::Computed, register, None),
        };
        self.builder.emit(op, kind as u8, a, b, c);
        if let Some(key) = key {
            self.builder.emit(Op::Extra, 0, key, 0, 0);
        }
    }

    /// Reads a place into a register.
    pub fn get(&mut self, place: Place, target: Register) {
        match place.kind {
            PlaceKind::Local(register) => self.builder.emit(Op::Load, 0, target, register, 0),
            _ => self.emit_place(Op::VariableGet, place, target, 0),
        }
    }

    /// An operation on a place with the operand in register `value`: set, incr, append or lappend.
    pub fn change(&mut self, op: Op, place: Place, value: Register, result: Option<Register>) {
        self.emit_place(op, place, value, result.unwrap_or(NO_REGISTER));
    }

    /// Whether the place has a value, into `target`.
    pub fn exists(&mut self, place: Place, target: Register) {
        self.emit_place(Op::VariableExists, place, target, 0);
    }

    /// Removes the variable; with `complains`, it is an error when there is none.
    pub fn unset(&mut self, place: Place, complains: bool) {
        self.emit_place(Op::VariableUnset, place, u16::from(complains), 0);
    }

    /// Stores `source` into a place; the result of the command is the variable's value.
    pub fn store(
        &mut self,
        place: Place,
        source: Source,
        destination: Destination,
        base: Register,
    ) {
        if let PlaceKind::Local(local) = place.kind {
            match source {
                Source::Local(register) => self.builder.emit(Op::Load, 0, local, register, 0),
                Source::Temporary(register) => self.builder.emit(Op::Take, 0, local, register, 0),
                Source::Constant(constant) => {
                    self.builder.emit(Op::Constant, 0, local, constant, 0)
                }
            }
            self.builder.release(base);
            self.value_of_local(local, destination);
            return;
        }
        let value = match source {
            Source::Local(local) => {
                let target = self.builder.push();
                self.builder.emit(Op::Load, 0, target, local, 0);
                target
            }
            source => self.in_register(source),
        };
        self.finish_change(Op::VariableSet, place, value, destination, base);
    }

    /// An operation on a place as the end of a command, whose result is the variable's new value.
    pub fn finish_change(
        &mut self,
        op: Op,
        place: Place,
        value: Register,
        destination: Destination,
        base: Register,
    ) {
        let result = match destination {
            Destination::Discard => None,
            Destination::Into(register) => Some(register),
            // The operands' temporaries are read before the result is written.
            Destination::Push => Some(base),
        };
        self.change(op, place, value, result);
        self.builder.release(base);
        if destination == Destination::Push {
            self.builder.push();
        }
    }

    /// The value of a local variable as the result of a command that has just set it.
    pub fn value_of_local(&mut self, local: Register, destination: Destination) {
        match destination {
            Destination::Discard => {}
            Destination::Into(register) if register == local => {}
            _ => {
                let target = self.target(destination);
                // The command that set the variable returns its value; that is no read for traces.
                self.builder.emit(Op::Load, 1, target, local, 0);
            }
        }
    }
}
