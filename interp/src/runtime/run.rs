//! The run loop.
//!
//! [`Interp::run`] runs the unit on top of the fiber until the boundary below it gets an outcome. It does not recurse:
//! calls push frames and the loop goes on with them. Each arm is short; what is not the common case is a function
//! marked cold.
//!
//! Safety of the raw pointers: `base` is the window of the running frame, with `register_count` registers, and the
//! compiler numbers registers below that; windows never move. `code` points into the frame's unit, which the frame
//! holds. No reference into a register is kept across anything that may run other code.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::command::{CommandResult, Next};
use super::exception::{Exception, Outcome, code};
use super::frame::{CodeFrame, FrameKind, clear};
use super::local::{element_value, increment_element, increment_linked, replace_element};
use super::operation::{
    append, dict_start, dict_step, extend_words, foreach_get, foreach_next, foreach_start, lappend,
    last_of, raise_constant, rethrow, take_list,
};
use super::unit::{CallSite, Callee, Unit};
use super::unwind::Delivered;
use super::{Interp, Mode};
use crate::bytecode::{
    B_IS_CONSTANT, C_IS_CONSTANT, Instruction, JUMP_IF_FALSE, NAME_VARIES, NO_REGISTER, Op,
    SINGLE_POSITION, SUBCOMMAND_IS_CONSTANT, TargetKind,
};
use crate::limits::LimitReached;
use crate::syntax::BinaryOp;
use crate::value::number::{self, floor_divide, floor_remainder};
use crate::value::{Repr, Value};

/// Writes `$value` into register `$register`; what is not a plain overwrite goes the slow way.
macro_rules! store {
    ($self:ident, $base:ident, $register:expr, $value:expr, $fail:lifetime, $exception:ident) => {{
        let register = $base.add($register as usize);
        let value: Value = $value;
        if (*register).is_counted() {
            if let Err(raised) = $self.store_slowly(register, $register, value) {
                $exception = raised;
                break $fail;
            }
        } else {
            std::ptr::write(register, value);
        }
    }};
}

impl Interp {
    /// Runs what a command started, catching panics: they fail the evaluation and nothing else.
    pub(crate) fn run_guarded(&mut self, started: CommandResult) -> Outcome {
        let depth = self.fiber.frames.len();
        let fiber_count = self.fibers.len();
        let mut next = started;
        loop {
            let result = catch_unwind(AssertUnwindSafe(|| self.run(next)));
            match result {
                Ok(outcome) => return outcome,
                Err(payload) => {
                    let message = match payload.downcast_ref::<LimitReached>() {
                        Some(limit) => limit.0,
                        None => "internal error: the command panicked",
                    };
                    let _ = (depth, fiber_count);
                    next = Err(Exception::with_code(message, ["REMEX", "PANIC"]));
                }
            }
        }
    }

    /// Runs until the boundary on top of which it was called gets its outcome.
    fn run(&mut self, started: CommandResult) -> Outcome {
        let mut next = started;
        loop {
            let outcome = match next {
                Ok(Next::Running) => match self.run_units() {
                    Ok(outcome) => return outcome,
                    Err(exception) if exception.code == SUSPENDED => {
                        next = Ok(Next::Running);
                        continue;
                    }
                    Err(exception) => Err(exception),
                },
                Ok(Next::Done(value)) => Ok(value),
                Ok(Next::Deliver(outcome)) => outcome,
                Err(exception) => Err(exception),
            };
            next = match self.deliver(outcome) {
                Delivered::Continue => Ok(Next::Running),
                Delivered::Leave(outcome) => return outcome,
            };
        }
    }

    /// Runs units from the frame on top, which is one. `Ok` when a boundary got an outcome, `Err` for an exception
    /// that the frame on top has raised.
    #[allow(clippy::too_many_lines, reason = "one arm an instruction")]
    fn run_units(&mut self) -> Result<Outcome, Box<Exception>> {
        'frame: loop {
            let Some(FrameKind::Code(frame)) =
                self.fiber.frames.last_mut().map(|frame| &mut frame.kind)
            else {
                return Ok(Err(Exception::error("internal: no unit to run")));
            };
            // Frames move when others are pushed, even for a moment by a trace: nothing of `frame` is kept but what does
            // not move, and its own place is looked up again for each use.
            let base: *mut Value = frame.base;
            let unit: *const Unit = Rc::as_ptr(&frame.unit);
            let start = frame.pc as usize;
            // SAFETY: see the head of this file.
            unsafe {
                let instructions: *const Instruction = (*unit).code.instructions.as_ptr();
                let mut ip: *const Instruction = instructions.add(start);
                // The number of the instruction that `ip` points to.
                macro_rules! pc {
                    () => {
                        ip.offset_from(instructions) as usize
                    };
                }
                let constants: *const Value = (*unit).code.constants.as_ptr();
                let exception: Box<Exception>;

                'fail: {
                    loop {
                        let i: &Instruction = &*ip;
                        ip = ip.add(1);

                        macro_rules! reg {
                            ($operand:expr) => {
                                &*base.add($operand as usize)
                            };
                        }
                        macro_rules! flex {
                            ($operand:expr, $flag:expr) => {
                                if i.x & $flag != 0 {
                                    &*constants.add($operand as usize)
                                } else {
                                    &*base.add($operand as usize)
                                }
                            };
                        }
                        macro_rules! fail {
                            ($raised:expr) => {{
                                exception = $raised;
                                break 'fail;
                            }};
                        }
                        macro_rules! check {
                            ($result:expr) => {
                                match $result {
                                    Ok(value) => value,
                                    Err(raised) => fail!(raised),
                                }
                            };
                        }
                        macro_rules! put {
                            ($value:expr) => {
                                store!(self, base, i.a, $value, 'fail, exception)
                            };
                        }
                        macro_rules! site {
                            ($operand:expr) => {
                                &(&(*unit).variable_sites)[$operand as usize]
                            };
                        }
                        // Slow paths may run traces, which look at the frame.
                        macro_rules! save {
                            () => {
                                self.running().pc = pc!() as u32
                            };
                        }
                        macro_rules! safepoint {
                            () => {
                                self.safepoint.fuel -= 1;
                                if self.safepoint.fuel <= 0 {
                                    save!();
                                    check!(self.check_safepoint());
                                }
                            };
                        }
                        // After a jump: one that went back closes a turn of a loop.
                        macro_rules! turn {
                            ($distance:expr) => {
                                if $distance < 0 {
                                    safepoint!();
                                    if self.mode == Mode::Yield {
                                        save!();
                                        return Err(suspended());
                                    }
                                }
                            };
                        }
                        macro_rules! arithmetic {
                            ($operator:expr, $int:expr, $double:expr) => {{
                                let (left, right) =
                                    (flex!(i.b, B_IS_CONSTANT), flex!(i.c, C_IS_CONSTANT));
                                let int: fn(i64, i64) -> Option<i64> = $int;
                                let double: fn(f64, f64) -> f64 = $double;
                                let fast = match (&left.0, &right.0) {
                                    (Repr::Int(left), Repr::Int(right)) => {
                                        int(*left, *right).map(Value::int)
                                    }
                                    (Repr::Double(left), Repr::Double(right)) => {
                                        Some(double(left.get(), right.get()))
                                            .filter(|d| !d.is_nan())
                                            .map(Value::double)
                                    }
                                    (Repr::Double(left), Repr::Int(right)) => {
                                        Some(double(left.get(), *right as f64))
                                            .filter(|d| !d.is_nan())
                                            .map(Value::double)
                                    }
                                    (Repr::Int(left), Repr::Double(right)) => {
                                        Some(double(*left as f64, right.get()))
                                            .filter(|d| !d.is_nan())
                                            .map(Value::double)
                                    }
                                    _ => None,
                                };
                                match fast {
                                    Some(value) => put!(value),
                                    None => {
                                        save!();
                                        let value =
                                            check!(self.binary_slowly($operator, left, right));
                                        put!(value);
                                    }
                                }
                            }};
                        }
                        macro_rules! integers {
                            ($operator:expr, $int:expr) => {{
                                let (left, right) =
                                    (flex!(i.b, B_IS_CONSTANT), flex!(i.c, C_IS_CONSTANT));
                                let int: fn(i64, i64) -> Option<i64> = $int;
                                let fast = match (&left.0, &right.0) {
                                    (Repr::Int(left), Repr::Int(right)) => int(*left, *right),
                                    _ => None,
                                };
                                match fast {
                                    Some(number) => put!(Value::int(number)),
                                    None => {
                                        save!();
                                        let value =
                                            check!(self.binary_slowly($operator, left, right));
                                        put!(value);
                                    }
                                }
                            }};
                        }
                        macro_rules! compared {
                            ($left:expr, $right:expr, $operator:expr, $compare:tt) => {{
                                let (left, right) = ($left, $right);
                                match (&left.0, &right.0) {
                                    (Repr::Int(left), Repr::Int(right)) => *left $compare *right,
                                    (Repr::Double(left), Repr::Double(right)) => left.get() $compare right.get(),
                                    _ => {
                                        save!();
                                        check!(self.compare_slowly($operator, left, right))
                                    }
                                }
                            }};
                        }
                        macro_rules! comparison {
                            ($operator:expr, $compare:tt) => {{
                                let truth = compared!(
                                    flex!(i.b, B_IS_CONSTANT),
                                    flex!(i.c, C_IS_CONSTANT),
                                    $operator,
                                    $compare
                                );
                                put!(Value::boolean(truth));
                            }};
                        }
                        macro_rules! branch {
                            ($operator:expr, $compare:tt) => {{
                                let truth = compared!(
                                    flex!(i.a, B_IS_CONSTANT),
                                    flex!(i.b, C_IS_CONSTANT),
                                    $operator,
                                    $compare
                                );
                                if truth == (i.x & JUMP_IF_FALSE == 0) {
                                    ip = ip.wrapping_offset(isize::from(i.c as i16));
                                    turn!(i.c as i16);
                                }
                            }};
                        }
                        macro_rules! slow_operator {
                            ($operator:expr) => {{
                                save!();
                                let value = check!(self.binary_slowly(
                                    $operator,
                                    flex!(i.b, B_IS_CONSTANT),
                                    flex!(i.c, C_IS_CONSTANT)
                                ));
                                put!(value);
                            }};
                        }
                        // The slow way of the instructions that change a variable: `$change` gives its new value.
                        macro_rules! change_target {
                            ($operation:expr, |$interp:ident, $target:ident| $change:expr) => {{
                                save!();
                                let (found, step) =
                                    check!(self.target(&*unit, base, *i, pc!(), $operation));
                                ip = ip.add(step);
                                let ($interp, $target) = (&mut *self, &found);
                                let value = check!($change);
                                if i.c != NO_REGISTER {
                                    store!(self, base, i.c, value, 'fail, exception);
                                }
                            }};
                        }
                        // What a called command came to; its words are in `count` registers from `at`.
                        macro_rules! called {
                            ($result:expr, $at:expr, $count:expr, $discards:expr) => {
                                match $result {
                                    Ok(Next::Done(value)) => {
                                        let register = base.add($at as usize);
                                        clear(register, $count as usize);
                                        if $discards {
                                            drop(value);
                                        } else {
                                            std::ptr::write(register, value);
                                        }
                                        if self.mode == Mode::Forget && !$discards {
                                            let forgotten = (*register).forgotten();
                                            *register = forgotten;
                                        }
                                    }
                                    Ok(Next::Running) => continue 'frame,
                                    Ok(Next::Deliver(outcome)) => {
                                        let delivered = match outcome {
                                            Ok(value) => self.deliver_value(value),
                                            outcome => self.deliver(outcome),
                                        };
                                        match delivered {
                                            Delivered::Continue => continue 'frame,
                                            Delivered::Leave(outcome) => return Ok(outcome),
                                        }
                                    }
                                    Err(raised) => match self.deliver(Err(raised)) {
                                        Delivered::Continue => continue 'frame,
                                        Delivered::Leave(outcome) => return Ok(outcome),
                                    },
                                }
                            };
                        }

                        match i.op {
                            Op::Constant => put!((*constants.add(i.b as usize)).clone()),
                            Op::Integer => put!(Value::int(i64::from(i.b as i16))),
                            Op::Load => {
                                let source = reg!(i.b);
                                if source.is_value() {
                                    put!(source.clone());
                                } else {
                                    save!();
                                    let value = check!(if i.x == 0 {
                                        self.read_local(base, i.b)
                                    } else {
                                        self.peek_local(base, i.b)
                                    });
                                    put!(value);
                                }
                            }
                            Op::Take => {
                                let value = std::ptr::replace(base.add(i.b as usize), Value::EMPTY);
                                put!(value);
                            }
                            Op::Free => *base.add(i.a as usize) = Value::EMPTY,
                            Op::Concat => {
                                let value = check!(self.concat(base, i.b, i.c));
                                put!(value);
                            }
                            Op::ListOf => {
                                let value = take_list(base, i.b, i.c);
                                put!(value);
                            }
                            Op::ListPush => {
                                let value = std::ptr::replace(base.add(i.b as usize), Value::EMPTY);
                                check!(lappend(&mut *base.add(i.a as usize), value));
                            }
                            Op::ListExtend => {
                                let value = std::ptr::replace(base.add(i.b as usize), Value::EMPTY);
                                if let Err(error) =
                                    extend_words(&mut *base.add(i.a as usize), value)
                                {
                                    fail!(error.into());
                                }
                            }

                            Op::VariableGet => {
                                if i.x == TargetKind::LocalElement as u8 {
                                    if let Some(value) = element_value(reg!(i.b), reg!((*ip).a)) {
                                        ip = ip.add(1);
                                        put!(value);
                                        continue;
                                    }
                                } else if i.x == TargetKind::Named as u8
                                    && let Some(value) = self.site_value(site!(i.b))
                                {
                                    put!(value);
                                    continue;
                                }
                                save!();
                                let (target, step) =
                                    check!(self.target(&*unit, base, *i, pc!(), "read"));
                                ip = ip.add(step);
                                let value = check!(self.get(&target));
                                put!(value);
                            }
                            Op::VariableSet => {
                                let mut value =
                                    std::ptr::replace(base.add(i.a as usize), Value::EMPTY);
                                if i.c == NO_REGISTER {
                                    match TargetKind::from_number(i.x) {
                                        TargetKind::LocalElement => {
                                            match replace_element(reg!(i.b), reg!((*ip).a), value) {
                                                Ok(old) => {
                                                    drop(old);
                                                    ip = ip.add(1);
                                                    continue;
                                                }
                                                Err(given_back) => value = given_back,
                                            }
                                        }
                                        TargetKind::Named => {
                                            match self.site_store(site!(i.b), value) {
                                                Ok(()) => continue,
                                                Err(given_back) => value = given_back,
                                            }
                                        }
                                        _ => {}
                                    }
                                }
                                change_target!("set", |interp, target| interp.set(target, value));
                            }
                            Op::VariableIncr => {
                                let amount =
                                    std::ptr::replace(base.add(i.a as usize), Value::EMPTY);
                                if i.x == TargetKind::Local as u8
                                    && let (Repr::Int(number), Repr::Int(amount)) =
                                        (&mut (*base.add(i.b as usize)).0, &amount.0)
                                    && let Some(sum) = number.checked_add(*amount)
                                {
                                    *number = sum;
                                    if i.c != NO_REGISTER {
                                        store!(self, base, i.c, Value::int(sum), 'fail, exception);
                                    }
                                    continue;
                                }
                                let (sum, step) = match TargetKind::from_number(i.x) {
                                    TargetKind::Local => (increment_linked(reg!(i.b), &amount), 0),
                                    TargetKind::LocalElement => {
                                        (increment_element(reg!(i.b), reg!((*ip).a), &amount), 1)
                                    }
                                    TargetKind::Named => {
                                        (self.site_increment(site!(i.b), &amount), 0)
                                    }
                                    _ => (None, 0),
                                };
                                if let Some(sum) = sum {
                                    ip = ip.add(step);
                                    if i.c != NO_REGISTER {
                                        store!(self, base, i.c, Value::int(sum), 'fail, exception);
                                    }
                                    continue;
                                }
                                change_target!("incr", |interp, target| interp
                                    .increment_target(target, &amount));
                            }
                            Op::VariableAppend => {
                                let tail = std::ptr::replace(base.add(i.a as usize), Value::EMPTY);
                                if i.x == TargetKind::Local as u8 && i.c == NO_REGISTER {
                                    let variable = &mut *base.add(i.b as usize);
                                    if variable.is_value() {
                                        check!(append(variable, &tail));
                                        continue;
                                    }
                                }
                                change_target!("set", |interp, target| interp.modify(
                                    target,
                                    false,
                                    |value| append(value, &tail)
                                ));
                            }
                            Op::VariableLappend => {
                                let element =
                                    std::ptr::replace(base.add(i.a as usize), Value::EMPTY);
                                if i.x == TargetKind::Local as u8 && i.c == NO_REGISTER {
                                    let variable = &mut *base.add(i.b as usize);
                                    if variable.is_value() {
                                        check!(lappend(variable, element));
                                        continue;
                                    }
                                }
                                change_target!("set", |interp, target| interp.modify(
                                    target,
                                    i.x >= TargetKind::Named as u8,
                                    |value| lappend(value, element)
                                ));
                            }
                            Op::VariableExists => {
                                save!();
                                let (truth, step) = self.target_exists(&*unit, base, *i, pc!());
                                ip = ip.add(step);
                                put!(Value::boolean(truth));
                            }
                            Op::VariableUnset => {
                                save!();
                                let complains = i.a != 0;
                                let step =
                                    check!(self.target_unset(&*unit, base, *i, pc!(), complains));
                                ip = ip.add(step);
                            }
                            Op::LinkNamespace => {
                                save!();
                                check!(self.link_namespace(&*unit, base, *i));
                            }
                            Op::LinkCaller => {
                                save!();
                                check!(self.link_caller(&*unit, base, *i));
                            }
                            Op::IncrLocal => {
                                let variable = &mut *base.add(i.a as usize);
                                if let Repr::Int(number) = &mut variable.0
                                    && let Some(sum) = number.checked_add(i64::from(i.b as i16))
                                {
                                    *number = sum;
                                } else {
                                    save!();
                                    check!(self.increment_local(base, i.a, i64::from(i.b as i16)));
                                }
                            }
                            Op::Extra => {}

                            Op::Add => arithmetic!(BinaryOp::Add, i64::checked_add, |l, r| l + r),
                            Op::Subtract => {
                                arithmetic!(BinaryOp::Subtract, i64::checked_sub, |l, r| l - r)
                            }
                            Op::Multiply => {
                                arithmetic!(BinaryOp::Multiply, i64::checked_mul, |l, r| l * r)
                            }
                            Op::Divide => arithmetic!(
                                BinaryOp::Divide,
                                |l, r| if r == 0 { None } else { floor_divide(l, r) },
                                |l, r| l / r
                            ),
                            Op::Remainder => integers!(BinaryOp::Remainder, |l, r| {
                                if r == 0 {
                                    None
                                } else {
                                    Some(floor_remainder(l, r))
                                }
                            }),
                            Op::Power => slow_operator!(BinaryOp::Power),
                            Op::ShiftLeft => integers!(BinaryOp::ShiftLeft, |l, r| {
                                if (0..63).contains(&r) && ((l << r) >> r) == l {
                                    Some(l << r)
                                } else {
                                    None
                                }
                            }),
                            Op::ShiftRight => integers!(BinaryOp::ShiftRight, |l, r| {
                                if r >= 0 { Some(l >> r.min(63)) } else { None }
                            }),
                            Op::BitAnd => integers!(BinaryOp::BitAnd, |l, r| Some(l & r)),
                            Op::BitOr => integers!(BinaryOp::BitOr, |l, r| Some(l | r)),
                            Op::BitXor => integers!(BinaryOp::BitXor, |l, r| Some(l ^ r)),
                            Op::Less => comparison!(BinaryOp::Less, <),
                            Op::LessEqual => comparison!(BinaryOp::LessEqual, <=),
                            Op::Greater => comparison!(BinaryOp::Greater, >),
                            Op::GreaterEqual => comparison!(BinaryOp::GreaterEqual, >=),
                            Op::Equal => comparison!(BinaryOp::Equal, ==),
                            Op::NotEqual => comparison!(BinaryOp::NotEqual, !=),
                            Op::StringEqual => slow_operator!(BinaryOp::StringEqual),
                            Op::StringNotEqual => slow_operator!(BinaryOp::StringNotEqual),
                            Op::In => slow_operator!(BinaryOp::In),
                            Op::NotIn => slow_operator!(BinaryOp::NotIn),
                            Op::Negate => {
                                save!();
                                let value = check!(self.unary_slowly(reg!(i.b), number::negate));
                                put!(value);
                            }
                            Op::Plus => {
                                save!();
                                let value = check!(self.unary_slowly(reg!(i.b), number::plus));
                                put!(value);
                            }
                            Op::BitNot => {
                                save!();
                                let value =
                                    check!(self.unary_slowly(reg!(i.b), number::complement));
                                put!(value);
                            }
                            Op::Not => {
                                save!();
                                let value = check!(self.unary_slowly(reg!(i.b), number::not));
                                put!(value);
                            }
                            Op::ToBoolean => {
                                save!();
                                let truth = check!(self.truth(base, i.b, 0));
                                put!(Value::boolean(truth));
                            }
                            Op::ToNumeric => {
                                let source = reg!(i.b);
                                if matches!(&source.0, Repr::Int(_))
                                    || matches!(&source.0, Repr::Double(n) if !n.get().is_nan())
                                {
                                    put!(source.clone());
                                } else {
                                    save!();
                                    let value = check!(self.numeric_result(base, i.b));
                                    put!(value);
                                }
                            }
                            Op::StringCall => {
                                save!();
                                let words = std::slice::from_raw_parts(
                                    base.add(i.a as usize),
                                    i.c as usize,
                                );
                                let value = check!(self.call_string(i.b, words));
                                clear(base.add(i.a as usize), i.c as usize);
                                put!(value);
                            }
                            Op::MathCall => {
                                save!();
                                let words = std::slice::from_raw_parts(
                                    base.add(i.a as usize),
                                    i.c as usize,
                                );
                                let value = check!(super::math::call(self, i.b, words));
                                clear(base.add(i.a as usize), i.c as usize);
                                put!(value);
                            }

                            Op::Jump => ip = ip.wrapping_offset(i.long_jump() as isize),
                            Op::LoopBack => {
                                ip = ip.wrapping_offset(i.long_jump() as isize);
                                safepoint!();
                                if self.mode == Mode::Yield {
                                    save!();
                                    return Err(suspended());
                                }
                            }
                            Op::JumpTrue => {
                                let truth = match &reg!(i.a).0 {
                                    Repr::Int(number) => *number != 0,
                                    _ => {
                                        save!();
                                        check!(self.truth(base, i.a, i.x))
                                    }
                                };
                                if truth {
                                    ip = ip.wrapping_offset(i.long_jump() as isize);
                                    turn!(i.long_jump());
                                }
                            }
                            Op::JumpFalse => {
                                let truth = match &reg!(i.a).0 {
                                    Repr::Int(number) => *number != 0,
                                    _ => {
                                        save!();
                                        check!(self.truth(base, i.a, i.x))
                                    }
                                };
                                if !truth {
                                    ip = ip.wrapping_offset(i.long_jump() as isize);
                                    turn!(i.long_jump());
                                }
                            }
                            Op::JumpLess => branch!(BinaryOp::Less, <),
                            Op::JumpLessEqual => branch!(BinaryOp::LessEqual, <=),
                            Op::JumpGreater => branch!(BinaryOp::Greater, >),
                            Op::JumpGreaterEqual => branch!(BinaryOp::GreaterEqual, >=),
                            Op::JumpEqual => branch!(BinaryOp::Equal, ==),
                            Op::JumpNotEqual => branch!(BinaryOp::NotEqual, !=),
                            Op::JumpStringEqual | Op::JumpStringNotEqual => {
                                let (left, right) =
                                    (flex!(i.a, B_IS_CONSTANT), flex!(i.b, C_IS_CONSTANT));
                                let same = if left.is_value() && right.is_value() {
                                    left.same_text(right)
                                } else {
                                    save!();
                                    check!(self.compare_slowly(BinaryOp::StringEqual, left, right))
                                };
                                let truth = same == (i.op == Op::JumpStringEqual);
                                if truth == (i.x & JUMP_IF_FALSE == 0) {
                                    ip = ip.wrapping_offset(isize::from(i.c as i16));
                                    turn!(i.c as i16);
                                }
                            }
                            Op::JumpLookup => {
                                let table = &(&(*unit).code.jump_tables)[i.b as usize];
                                let distance = match table.distance_of(reg!(i.a)) {
                                    Some(distance) => distance,
                                    None => {
                                        save!();
                                        let value = check!(self.operand(reg!(i.a)));
                                        table.distance(&value.str())
                                    }
                                };
                                ip = ip.wrapping_offset(distance as isize);
                            }

                            Op::ForeachStart => {
                                let widths = &*constants.add(i.b as usize);
                                check!(foreach_start(base, i.a, widths, i.c));
                            }
                            Op::ForeachNext => {
                                let widths = &*constants.add(i.b as usize);
                                if foreach_next(base, i.a, widths, i.c) {
                                    ip = ip.add(1);
                                }
                            }
                            Op::ForeachGet => {
                                let extra = *ip;
                                ip = ip.add(1);
                                let value = foreach_get(
                                    base,
                                    i.b,
                                    extra.a,
                                    usize::from(extra.b),
                                    usize::from(i.c),
                                );
                                put!(value);
                            }
                            Op::ForeachStep => {
                                let state = base.add(i.b as usize);
                                let (Repr::Int(counter), Repr::List(list)) =
                                    (&mut (*state).0, &(*state.add(1)).0)
                                else {
                                    // An empty list is held as the empty string.
                                    ip = ip.wrapping_offset(isize::from(i.c as i16));
                                    continue;
                                };
                                match list.elements().get(*counter as usize) {
                                    Some(element) => {
                                        *counter += 1;
                                        put!(element.clone());
                                    }
                                    None => ip = ip.wrapping_offset(isize::from(i.c as i16)),
                                }
                            }

                            Op::Invoke => {
                                safepoint!();
                                let window = base.add(i.a as usize);
                                let count = i.b as usize;
                                let words: &[Value] = std::slice::from_raw_parts(window, count);
                                let discards = i.x & 1 != 0;
                                {
                                    let frame = self.running();
                                    frame.pc = pc!() as u32;
                                    frame.result = i.a;
                                    frame.word_count = i.b;
                                    frame.discards = discards;
                                }
                                let site: *mut CallSite = (&(*unit).call_sites)[i.c as usize].get();
                                if (*site).epoch != self.command_epoch
                                    || i.x & NAME_VARIES != 0 && !(*site).name.same_text(&words[0])
                                {
                                    if let Some(result) = self.resolve(words, site, i.x) {
                                        called!(result, i.a, count, discards);
                                    }
                                    if (*site).epoch == 0 {
                                        continue;
                                    }
                                }
                                if let Callee::Procedure(procedure) = &(*site).callee {
                                    let procedure: *const _ = procedure;
                                    match self.push_procedure(&*procedure, words) {
                                        Ok(()) => {
                                            if self.mode == Mode::Yield {
                                                return Err(suspended());
                                            }
                                            continue 'frame;
                                        }
                                        Err(raised) => called!(Err(raised), i.a, count, discards),
                                    }
                                } else {
                                    let result = match &(*site).callee {
                                        Callee::Builtin(row) => self.call_builtin(row, words),
                                        Callee::Subcommand(row) => self.call_subcommand(row, words),
                                        callee => {
                                            let callee = callee.clone();
                                            self.call_callee(&callee, words)
                                        }
                                    };
                                    called!(result, i.a, count, discards);
                                }
                            }
                            Op::InvokeList => {
                                safepoint!();
                                let register = &mut *base.add(i.b as usize);
                                if !register.is_list() {
                                    match register.to_list() {
                                        Ok(list) => *register = Value(Repr::List(list)),
                                        Err(error) => fail!(error.into()),
                                    }
                                }
                                // The register keeps the list, and so the words, until the call is done.
                                let words: &[Value] = match &register.0 {
                                    Repr::List(list) => std::slice::from_raw_parts(
                                        list.elements().as_ptr(),
                                        list.elements().len(),
                                    ),
                                    _ => &[],
                                };
                                let discards = i.x & 1 != 0;
                                {
                                    let frame = self.running();
                                    frame.pc = pc!() as u32;
                                    frame.result = i.a;
                                    // The list itself is dropped with the result.
                                    frame.word_count = 1;
                                    frame.discards = discards;
                                }
                                let Some(name) = words.first() else {
                                    called!(Ok(Next::Done(Value::EMPTY)), i.a, 1usize, discards);
                                    continue;
                                };
                                let site: *mut CallSite = (&(*unit).call_sites)[i.c as usize].get();
                                if ((*site).epoch != self.command_epoch
                                    || !(*site).name.same_text(name))
                                    && let Some(result) = self.resolve(words, site, NAME_VARIES)
                                {
                                    called!(result, i.a, 1usize, discards);
                                    continue;
                                }
                                let callee = (*site).callee.clone();
                                let result = self.call_callee(&callee, words);
                                called!(result, i.a, 1usize, discards);
                            }
                            Op::ReturnTake | Op::Return => {
                                let register = base.add(i.a as usize);
                                let value = if i.op == Op::ReturnTake || (*register).is_value() {
                                    std::ptr::replace(register, Value::EMPTY)
                                } else {
                                    save!();
                                    check!(self.read_local(base, i.a))
                                };
                                if let Some(outcome) = self.leave_unit(value) {
                                    return Ok(outcome);
                                }
                                continue 'frame;
                            }
                            Op::ReturnCode => {
                                let value = std::ptr::replace(base.add(i.a as usize), Value::EMPTY);
                                let mut raised = Exception::new(code::RETURN, value);
                                raised.return_code = i32::from(i.b as i16);
                                raised.return_level = u32::from(i.c);
                                fail!(raised);
                            }
                            Op::Raise => fail!(raise_constant(&*constants.add(i.a as usize))),
                            Op::BreakLoop => fail!(Exception::break_loop()),
                            Op::ContinueLoop => fail!(Exception::continue_loop()),
                            Op::Rethrow => fail!(rethrow(base, i.a)),
                            Op::Start => {
                                if (*unit).compile_epoch != self.compile_epoch {
                                    {
                                        let frame = self.running();
                                        frame.pc = pc!().wrapping_add_signed(i.long_jump() as isize)
                                            as u32;
                                        frame.result = i.a;
                                        frame.word_count = 0;
                                        frame.discards = i.x != 0;
                                    }
                                    let result = self.start_again(&*unit, pc!() as u32 - 1);
                                    ip = ip.wrapping_offset(i.long_jump() as isize);
                                    called!(result, i.a, 0usize, i.x != 0);
                                }
                            }
                            Op::Count => self.command_count += 1,
                            Op::TrapMatches => {
                                let pattern = &*constants.add(i.b as usize);
                                let truth = super::completion::trap_matches(pattern, reg!(i.c));
                                put!(Value::boolean(truth));
                            }
                            Op::NoteDuring => {
                                let original = (*base.add(i.c as usize)).clone();
                                let completion = (*base.add(i.a as usize)).clone();
                                let options = &mut *base.add(i.b as usize);
                                super::completion::note_during(&completion, options, &original);
                            }
                            Op::ListIndex => {
                                save!();
                                let (list, index) =
                                    (flex!(i.b, B_IS_CONSTANT), flex!(i.c, C_IS_CONSTANT));
                                let value = match (&list.0, &index.0) {
                                    (Repr::List(list), Repr::Int(at @ 0..=0x7fff_ffff)) => {
                                        let at = *at as usize;
                                        list.elements().get(at).cloned().unwrap_or_default()
                                    }
                                    _ => match last_of(list, index) {
                                        Some(value) => value,
                                        None => check!(self.list_index(
                                            list,
                                            index,
                                            i.x & SINGLE_POSITION != 0
                                        )),
                                    },
                                };
                                put!(value);
                            }
                            Op::ListLength => {
                                save!();
                                let length = match &flex!(i.b, B_IS_CONSTANT).0 {
                                    Repr::List(list) => list.elements().len(),
                                    _ => {
                                        let list = check!(self.operand(flex!(i.b, B_IS_CONSTANT)));
                                        check!(list.list_length().map_err(Into::into))
                                    }
                                };
                                put!(Value::from(length));
                            }
                            Op::StringLength => {
                                save!();
                                let text = check!(self.operand(flex!(i.b, B_IS_CONSTANT)));
                                put!(Value::from(text.char_count()));
                            }
                            Op::StringIndex => {
                                save!();
                                let text = check!(self.operand(flex!(i.b, B_IS_CONSTANT)));
                                let index = check!(self.operand(flex!(i.c, C_IS_CONSTANT)));
                                let value = check!(super::position::char_at(&text, &index));
                                put!(value);
                            }
                            Op::StringRange => {
                                save!();
                                let text = check!(self.operand(reg!(i.b)));
                                let first = check!(self.operand(reg!(i.c)));
                                let last = check!(self.operand(reg!(i.c + 1)));
                                let value = check!(super::position::chars(&text, &first, &last));
                                put!(value);
                            }
                            Op::DictGet => {
                                let (dict, key) = (reg!(i.b), flex!(i.c, C_IS_CONSTANT));
                                let value = if dict.is_value() && key.is_value() {
                                    check!(super::position::get_key(dict, key))
                                } else {
                                    save!();
                                    let dict = check!(self.operand(dict));
                                    let key = check!(self.operand(key));
                                    check!(super::position::get_key(&dict, &key))
                                };
                                put!(value);
                            }
                            Op::DictExists => {
                                save!();
                                let dict = check!(self.operand(reg!(i.b)));
                                let key = check!(self.operand(flex!(i.c, C_IS_CONSTANT)));
                                let found = dict
                                    .to_dict()
                                    .is_ok_and(|dict| dict.map().get(&key).is_some());
                                put!(Value::boolean(found));
                            }
                            Op::StringMatch => {
                                save!();
                                let pattern = check!(self.operand(flex!(i.b, B_IS_CONSTANT)));
                                let text = check!(self.operand(flex!(i.c, C_IS_CONSTANT)));
                                let truth = crate::text::glob::glob_match(
                                    &pattern.str(),
                                    &text.str(),
                                    false,
                                );
                                put!(Value::boolean(truth));
                            }
                            Op::ListSetLocal => {
                                let words = base.add(i.b as usize);
                                let variable = &mut *base.add(i.a as usize);
                                if i.c == 2
                                    && let (Repr::List(list), Repr::Int(at)) =
                                        (&mut variable.0, &(*words).0)
                                    && let Some(list) = crate::value::unshared(list)
                                    && let Some(element) = usize::try_from(*at)
                                        .ok()
                                        .filter(|at| *at < list.elements().len())
                                        .and_then(|at| list.elements_mut().get_mut(at))
                                {
                                    let value = std::ptr::replace(words.add(1), Value::EMPTY);
                                    let old = std::mem::replace(element, value);
                                    drop(old);
                                } else {
                                    save!();
                                    check!(self.list_set_local(base, *i));
                                }
                            }
                            Op::OkOptions => {
                                let options = self.ok_options();
                                put!(options);
                            }
                            Op::DictSetLocal => {
                                save!();
                                let key = check!(self.operand(reg!(i.b)));
                                let value = check!(self.operand(reg!(i.c)));
                                check!(self.dict_set_local(base, i.a, key, value));
                            }
                            Op::ChangeLocal => {
                                save!();
                                check!(self.change_local(base, *i));
                            }
                            Op::CallInline => {
                                save!();
                                let words = std::slice::from_raw_parts(
                                    base.add(i.b as usize),
                                    i.c as usize,
                                );
                                let value = check!(self.call_inline(i.x, words));
                                put!(value);
                            }
                            Op::DictStart => check!(dict_start(base, i.a)),
                            Op::DictStep => {
                                save!();
                                let state = base.add(i.b as usize);
                                match dict_step(state) {
                                    Some((key, value)) => {
                                        let extra = *ip;
                                        ip = ip.add(1);
                                        put!(key);
                                        store!(self, base, extra.a, value, 'fail, exception);
                                    }
                                    None => ip = ip.wrapping_offset(isize::from(i.c as i16)),
                                }
                            }
                        }
                    }
                }
                // An exception raised by the instruction before `pc`.
                {
                    let frame = self.running();
                    frame.pc = pc!() as u32;
                    // No call is pending: what an earlier one left here is no longer its words.
                    frame.word_count = 0;
                }
                match self.deliver(Err(exception)) {
                    Delivered::Continue => continue 'frame,
                    Delivered::Leave(outcome) => return Ok(outcome),
                }
            }
        }
    }

    /// The running frame, which is on top.
    #[inline(always)]
    pub(super) fn running(&mut self) -> &mut CodeFrame {
        match self.fiber.frames.last_mut().map(|frame| &mut frame.kind) {
            Some(FrameKind::Code(frame)) => frame,
            // SAFETY: the loop runs the unit of the frame on top, and whatever pushes frames above it and returns to it
            // has popped them.
            _ => unsafe { std::hint::unreachable_unchecked() },
        }
    }

    /// The frame on top is done with `value`: it goes, and the frame below gets the value. Returns an outcome when
    /// that ends the run loop.
    #[inline]
    fn leave_unit(&mut self, value: Value) -> Option<Outcome> {
        let has_extra = self
            .fiber
            .calls
            .last()
            .is_some_and(|call| call.extra.is_some());
        if has_extra && let Some(words) = self.caught_tailcall() {
            return match self.finish_tailcall(words) {
                Ok(Next::Running) => None,
                next => {
                    let outcome = match next {
                        Ok(Next::Done(value)) => Ok(value),
                        Ok(Next::Deliver(outcome)) => outcome,
                        Ok(Next::Running) => Ok(Value::EMPTY),
                        Err(exception) => Err(exception),
                    };
                    match self.deliver(outcome) {
                        Delivered::Continue => None,
                        Delivered::Leave(outcome) => Some(outcome),
                    }
                }
            };
        }
        if has_extra {
            let orphans = self.orphans();
            self.fiber.pop_frame();
            self.fire_orphans(orphans);
        } else if !self.fiber.pop_procedure() {
            self.fiber.pop_frame();
        }
        let mode = self.mode;
        if let Some(FrameKind::Code(below)) =
            self.fiber.frames.last_mut().map(|frame| &mut frame.kind)
        {
            // SAFETY: as in `deliver`.
            unsafe { below.take_result(value, mode) };
            return None;
        }
        match self.deliver(Ok(value)) {
            Delivered::Continue => None,
            Delivered::Leave(outcome) => Some(outcome),
        }
    }

    /// Evaluates the command whose instructions start at `pc` from its text: what it inlined has been redefined.
    #[cold]
    fn start_again(&mut self, unit: &Unit, pc: u32) -> CommandResult {
        let range = unit
            .code
            .commands
            .iter()
            .rev()
            .find(|range| range.start == pc);
        let text = range.map_or("", |range| range.span.text(&unit.code.source));
        self.push_script(
            &Value::literal(text),
            super::Context::Current,
            super::ScriptLabel::None,
        )
    }

    /// Looks up what the words at a call site call. `Some` when the call was made here already.
    #[cold]
    fn resolve(
        &mut self,
        words: &[Value],
        site: *mut CallSite,
        flags: u8,
    ) -> Option<CommandResult> {
        let namespace = self.current_namespace();
        let text = words[0].str();
        let found = if flags & NAME_VARIES != 0 {
            self.recent_callee(&words[0], &namespace)
        } else {
            self.callee(&text, &namespace)
        };
        match found {
            Some(mut callee) => {
                if flags & SUBCOMMAND_IS_CONSTANT != 0
                    && let Some(row) = callee.table_row(words)
                {
                    callee = Callee::Subcommand(row);
                }
                // SAFETY: the site belongs to the running unit, and no reference into it is alive.
                unsafe {
                    (*site).callee = callee;
                    (*site).epoch = self.site_epoch(&text, &namespace);
                    if flags & NAME_VARIES != 0 {
                        (*site).name = words[0].clone();
                    }
                }
                None
            }
            None => {
                drop(text);
                // SAFETY: as above.
                unsafe {
                    (*site).callee = Callee::None;
                    (*site).epoch = 0;
                }
                Some(self.call_words(words, &namespace))
            }
        }
    }
}

/// Engine mode `yield`: leaves the run loop, to be entered again.
fn suspended() -> Box<Exception> {
    Exception::new(SUSPENDED, Value::EMPTY)
}

/// The completion code by which engine mode `yield` leaves the run loop; no script can raise it.
pub(super) const SUSPENDED: i32 = i32::MIN;
