//! What instructions do with values when it is more than the run loop has room for.

use super::Interp;
use super::exception::{Exception, Outcome};
use super::frame::clear;
use crate::bytecode::{JUMP_IS_NEGATED, Register};
use crate::syntax::BinaryOp;
use crate::value::number;
use crate::value::{Repr, Value};

impl Interp {
    #[cold]
    pub(super) fn binary_slowly(
        &mut self,
        operator: BinaryOp,
        left: &Value,
        right: &Value,
    ) -> Outcome {
        if left.is_value() && right.is_value() {
            return number::binary(operator, left, right).map_err(Into::into);
        }
        let left = self.operand(left)?;
        let right = self.operand(right)?;
        number::binary(operator, &left, &right).map_err(Into::into)
    }

    #[cold]
    pub(super) fn compare_slowly(
        &mut self,
        operator: BinaryOp,
        left: &Value,
        right: &Value,
    ) -> Result<bool, Box<Exception>> {
        let value = self.binary_slowly(operator, left, right)?;
        Ok(matches!(value.0, Repr::Int(1)))
    }

    #[inline]
    pub(super) fn unary_slowly(
        &mut self,
        operand: &Value,
        operation: fn(&Value) -> Result<Value, number::ArithmeticError>,
    ) -> Outcome {
        if operand.is_value() {
            return operation(operand).map_err(Into::into);
        }
        let operand = self.operand(operand)?;
        operation(&operand).map_err(Into::into)
    }

    #[cold]
    pub(super) fn truth(
        &mut self,
        base: *mut Value,
        number: Register,
        flag: u8,
    ) -> Result<bool, Box<Exception>> {
        // SAFETY: the register is in the running frame's window.
        let value = self.operand(unsafe { &*base.add(usize::from(number)) })?;
        value.as_boolean().ok_or_else(|| {
            if flag != JUMP_IS_NEGATED {
                return Exception::not_a_boolean(&value);
            }
            match number::not(&value) {
                Err(error) => error.into(),
                Ok(_) => Exception::not_a_boolean(&value),
            }
        })
    }

    #[cold]
    pub(super) fn numeric_result(&mut self, base: *mut Value, number: Register) -> Outcome {
        // SAFETY: the register is in the running frame's window.
        let value = self.operand(unsafe { &*base.add(usize::from(number)) })?;
        match value.number() {
            Some(number::Number::Double(double)) if double.is_nan() => {
                Err(number::ArithmeticError::Domain.into())
            }
            Some(number) => Ok(number.into()),
            None => Ok(value),
        }
    }

    pub(super) fn concat(&mut self, base: *mut Value, first: Register, count: u16) -> Outcome {
        // SAFETY: the registers are temporaries of the running frame.
        let parts =
            unsafe { std::slice::from_raw_parts(base.add(usize::from(first)), usize::from(count)) };
        let mut text = String::with_capacity(32);
        for part in parts {
            text.push_str(&part.str());
        }
        if text.len() > crate::limits::STRING_BYTES_MAX {
            return Err(Exception::too_large(
                "string",
                crate::limits::STRING_BYTES_MAX,
            ));
        }
        // SAFETY: as above; `parts` is not used any more.
        unsafe { clear(base.add(usize::from(first)), usize::from(count)) };
        Ok(Value::string(text))
    }

    pub(super) fn list_index(&mut self, list: &Value, index: &Value, is_single: bool) -> Outcome {
        if !is_single && list.is_value() && index.is_value() {
            return super::position::element(list, index);
        }
        let list = self.operand(list)?;
        let index = self.operand(index)?;
        if is_single {
            return super::position::single_element(&list, &index);
        }
        super::position::element(&list, &index)
    }
}

/// `incr`: adds `amount` to a value, in place.
pub(crate) fn increment(value: &mut Value, amount: &Value) -> Result<(), Box<Exception>> {
    if value.is_unset() {
        // It stays without a value when the increment is none.
        let mut start = Value::int(0);
        increment(&mut start, amount)?;
        *value = start;
        return Ok(());
    }
    if let (Repr::Int(number), Repr::Int(amount)) = (&mut value.0, &amount.0)
        && let Some(sum) = number.checked_add(*amount)
    {
        *number = sum;
        return Ok(());
    }
    // What is no number at all is said first, then what is no integer.
    let operands = [&*value, amount];
    let no_number = operands.iter().find(|operand| operand.number().is_none());
    for operand in no_number.into_iter().chain(&operands).copied() {
        if !matches!(
            operand.number(),
            Some(number::Number::Int(_) | number::Number::Big(_))
        ) {
            let is_nan =
                matches!(operand.number(), Some(number::Number::Double(number)) if number.is_nan());
            let mut exception = if is_nan {
                Exception::integer_too_large()
            } else {
                Exception::not_a_small_integer(operand)
            };
            if std::ptr::eq(operand, amount) {
                exception.add_info("\n    (reading increment)");
            }
            return Err(exception);
        }
    }
    *value = number::binary(BinaryOp::Add, value, amount)?;
    Ok(())
}

/// `append`: adds `tail` to a string, in place.
pub(crate) fn append(value: &mut Value, tail: &Value) -> Result<(), Box<Exception>> {
    if value.is_unset() {
        *value = tail.clone();
        return Ok(());
    }
    if let Some(text) = tail.held_text() {
        value.append_text(text);
    } else if !value.append_bytes(tail) {
        value.append_text(&tail.str());
    }
    Ok(())
}

/// `lappend`: adds an element to a list, in place.
pub(crate) fn lappend(value: &mut Value, element: Value) -> Result<(), Box<Exception>> {
    // What `list_mut` comes to for the list that a loop grows, without going there.
    if let Repr::List(list) = &mut value.0
        && let Some(list) = crate::value::unshared(list)
        && list.elements().len() < crate::limits::LIST_ELEMENTS_MAX
    {
        list.elements_mut().push(element);
        return Ok(());
    }
    if value.is_unset() {
        *value = Value::EMPTY;
    }
    let elements = value.list_mut()?;
    if elements.len() >= crate::limits::LIST_ELEMENTS_MAX {
        return Err(Exception::too_large(
            "list",
            crate::limits::LIST_ELEMENTS_MAX,
        ));
    }
    elements.push(element);
    Ok(())
}

/// Adds the elements of `tail` to the list of words that a call with `{*}` collects.
pub(super) fn extend_words(words: &mut Value, tail: Value) -> Result<(), crate::value::FormError> {
    let tail = tail.to_list()?;
    // The first words are the list itself: copied only if something is added to them.
    if !words.is_counted() && words.is_empty() && !tail.elements().is_empty() {
        *words = Value(Repr::List(tail));
    } else {
        words.list_mut()?.extend_from_slice(tail.elements());
    }
    Ok(())
}

/// The element of a list that an index such as `end` or `end-1` means, or the empty string where there is none.
#[inline]
pub(super) fn last_of(list: &Value, index: &Value) -> Option<Value> {
    let (Repr::List(list), Repr::Short(index)) = (&list.0, &index.0) else {
        return None;
    };
    let back = usize::try_from(index.from_end()?).ok()?;
    let elements = list.elements();
    let at = elements.len().checked_sub(back + 1);
    Some(
        at.and_then(|at| elements.get(at))
            .cloned()
            .unwrap_or_default(),
    )
}

/// The list of `count` temporaries, which become empty.
pub(super) unsafe fn take_list(base: *mut Value, first: Register, count: u16) -> Value {
    let mut elements = Vec::with_capacity(usize::from(count));
    for number in 0..usize::from(count) {
        // SAFETY: the caller names registers of the running frame.
        elements.push(unsafe {
            std::ptr::replace(base.add(usize::from(first) + number), Value::EMPTY)
        });
    }
    Value::list(elements)
}

/// The error of a Raise instruction: message, errorCode and what errorInfo gains.
pub(super) fn raise_constant(parts: &Value) -> Box<Exception> {
    let part = |index: usize| parts.list_element(index).ok().flatten().unwrap_or_default();
    let mut exception = Exception::error(part(0));
    let error_code = part(1);
    if !error_code.is_empty() && &*error_code.str() != "NONE" {
        exception.error_code = Some(error_code);
    }
    let info = part(2);
    if !info.is_empty() {
        exception.add_info(&info.str());
    }
    exception
}

/// The exception that a handler has put into three registers.
pub(super) unsafe fn rethrow(base: *mut Value, first: Register) -> Box<Exception> {
    // SAFETY: the caller names registers of the running frame.
    let (value, options) = unsafe {
        (
            (*base.add(usize::from(first))).clone(),
            (*base.add(usize::from(first) + 2)).clone(),
        )
    };
    super::completion::exception_of(value, &options)
}

/// Checks the dict of a loop over one, and sets its counter.
pub(super) unsafe fn dict_start(base: *mut Value, state: Register) -> Result<(), Box<Exception>> {
    // SAFETY: the caller names registers of the running frame.
    let registers = unsafe { std::slice::from_raw_parts_mut(base.add(usize::from(state)), 2) };
    if !registers[1].is_dict() {
        let dict = registers[1].to_dict()?;
        registers[1] = Value(Repr::Dict(dict));
    }
    registers[0] = Value::int(0);
    Ok(())
}

/// The next entry of a loop over a dict, whose counter and dict are at `state`.
pub(super) unsafe fn dict_step(state: *mut Value) -> Option<(Value, Value)> {
    // SAFETY: the caller names registers of the running frame.
    let registers = unsafe { std::slice::from_raw_parts_mut(state, 2) };
    let [counter, dict] = registers else {
        return None;
    };
    let (Repr::Int(counter), Repr::Dict(dict)) = (&mut counter.0, &dict.0) else {
        return None;
    };
    let (next, key, value) = dict.map().next_from(*counter as usize)?;
    *counter = next as i64;
    Some((key.clone(), value.clone()))
}

/// Checks the lists of a foreach and sets its counter.
pub(super) unsafe fn foreach_start(
    base: *mut Value,
    state: Register,
    widths: &Value,
    count: u16,
) -> Result<(), Box<Exception>> {
    let _ = widths;
    for number in 1..=usize::from(count) {
        // SAFETY: the caller names registers of the running frame.
        let register = unsafe { &mut *base.add(usize::from(state) + number) };
        if !register.is_list() {
            let list = register.to_list()?;
            *register = Value(Repr::List(list));
        }
    }
    // SAFETY: as above.
    unsafe { *base.add(usize::from(state)) = Value::int(0) };
    Ok(())
}

/// Counts a foreach up; whether some list has elements left for this turn.
pub(super) unsafe fn foreach_next(
    base: *mut Value,
    state: Register,
    widths: &Value,
    count: u16,
) -> bool {
    // SAFETY: the caller names registers of the running frame.
    let registers = unsafe {
        std::slice::from_raw_parts_mut(base.add(usize::from(state)), usize::from(count) + 1)
    };
    let Repr::Int(turn) = registers[0].0 else {
        return false;
    };
    registers[0] = Value::int(turn + 1);
    registers[1..].iter().enumerate().any(|(number, list)| {
        let width = widths
            .list_element(number)
            .ok()
            .flatten()
            .and_then(|width| width.as_int())
            .unwrap_or(1);
        list.list_length().unwrap_or(0) as i64 > turn * width
    })
}

/// Element `offset` of this turn's `width` elements of a list.
pub(super) unsafe fn foreach_get(
    base: *mut Value,
    list: Register,
    counter: Register,
    width: usize,
    offset: usize,
) -> Value {
    // SAFETY: the caller names registers of the running frame.
    let (list, counter) = unsafe {
        (
            &*base.add(usize::from(list)),
            &*base.add(usize::from(counter)),
        )
    };
    let Repr::Int(turn) = counter.0 else {
        return Value::EMPTY;
    };
    let at = (turn as usize).saturating_sub(1) * width + offset;
    list.list_element(at).ok().flatten().unwrap_or_default()
}
