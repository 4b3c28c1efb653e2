//! Expressions as instructions.
//!
//! An operand that is a local variable or a constant stays where it is. Conditions jump without making a truth value.

use super::{Compiler, Destination, Label, Source, part_may_run_scripts};
use crate::bytecode::{B_IS_CONSTANT, C_IS_CONSTANT, JUMP_IF_FALSE, JUMP_IS_NEGATED, Op, Register};
use crate::syntax::{self, BinaryOp, Expr, Part, Span, UnaryOp, Word, WordKind};
use crate::value::Value;
use crate::value::number::Number;

impl Compiler<'_> {
    /// The expression in a word, when the word is one verbatim piece of the source or another constant.
    ///
    /// Returns false when the word's text is known only at run time.
    pub fn expression_word(&mut self, word: &Word, destination: Destination) -> bool {
        match &word.kind {
            WordKind::Verbatim(span) if !word.expand => {
                self.expression_text(*span, destination);
                true
            }
            _ => false,
        }
    }

    /// The expression at `span` of the source; a wrong one raises its error when it is reached.
    pub fn expression_text(&mut self, span: Span, destination: Destination) {
        match syntax::parse_expr(self.source, span) {
            Ok(expression) => self.expression(&expression, destination),
            Err(error) => {
                self.raise(&error.message, error.error_code, &error.info);
                self.constant_into(Value::EMPTY, destination);
            }
        }
    }

    /// Jumps to `label` if the expression in `word` is `wanted`; falls through otherwise. False as for
    /// [`Compiler::expression_word`].
    pub fn condition_word(&mut self, word: &Word, wanted: bool, label: Label) -> bool {
        let WordKind::Verbatim(span) = &word.kind else {
            return false;
        };
        match syntax::parse_expr(self.source, *span) {
            Ok(expression) => self.condition(&expression, wanted, label),
            Err(error) => self.raise(&error.message, error.error_code, &error.info),
        }
        true
    }

    /// The truth of an expression, when it is a constant.
    pub fn constant_condition(&self, word: &Word) -> Option<bool> {
        let WordKind::Verbatim(span) = &word.kind else {
            return None;
        };
        match syntax::parse_expr(self.source, *span).ok()? {
            Expr::Number(span) | Expr::Boolean(span) => {
                Value::text(span.text(self.source)).as_boolean()
            }
            _ => None,
        }
    }

    /// The value of an expression.
    pub fn expression(&mut self, expression: &Expr, destination: Destination) {
        let base = self.builder.top();
        match expression {
            Expr::Binary(operator, left, right) => {
                let (left, right) = self.operands(*operator, left, right);
                self.builder.release(base);
                self.binary(*operator, left, right, destination);
            }
            Expr::Chain(first, rest) => self.chain(first, rest, destination),
            Expr::Unary(operator, operand) => self.unary(*operator, operand, destination),
            Expr::And(_) | Expr::Or(_) => self.truth(expression, destination),
            Expr::Conditional(test, consequent, alternative) => {
                self.conditional(test, consequent, alternative, destination);
            }
            Expr::Call { name, arguments } => self.function(*name, arguments, destination),
            Expr::Number(_) if !self.is_nan(expression) => {
                let value = self.number(expression, false);
                self.constant_into(value, destination);
            }
            Expr::Text(_) | Expr::Owned(_) | Expr::Boolean(_) if !self.is_nan(expression) => {
                let value = self.number(expression, true);
                let value = value.number().map_or(value, Value::from);
                self.constant_into(value, destination);
            }
            _ => {
                let source = self.expression_operand(expression, false);
                let register = self.in_register(source);
                self.builder.release(base);
                let target = self.target(destination);
                self.builder.emit(Op::ToNumeric, 0, target, register, 0);
            }
        }
    }

    /// Whether a constant is NaN, which is an operand but no result.
    fn is_nan(&self, constant: &Expr) -> bool {
        let number = self.number(constant, true).number();
        matches!(number, Some(Number::Double(number)) if number.is_nan())
    }

    /// The value of a constant operand; `keeps_spelling` for operators on strings.
    fn number(&self, expression: &Expr, keeps_spelling: bool) -> Value {
        match expression {
            Expr::Number(span) => {
                let text = span.text(self.source);
                match Value::text(text).number() {
                    Some(number) if !keeps_spelling => number.into(),
                    _ => super::constant_value(text, false),
                }
            }
            Expr::Text(span) => super::constant_value(span.text(self.source), true),
            Expr::Owned(text) => super::constant_value(text, true),
            Expr::Boolean(span) => Value::text(span.text(self.source)),
            _ => Value::EMPTY,
        }
    }

    /// An expression as an operand.
    fn expression_operand(&mut self, expression: &Expr, keeps_spelling: bool) -> Source {
        match expression {
            Expr::Number(_) | Expr::Text(_) | Expr::Owned(_) | Expr::Boolean(_) => {
                let value = self.number(expression, keeps_spelling);
                Source::Constant(self.builder.constant(value))
            }
            Expr::Variable(variable) => match self.scalar_local(variable) {
                Some(register) => Source::Local(register),
                None => Source::Temporary(self.push_variable(variable)),
            },
            Expr::Interpolated(parts) => Source::Temporary(self.push_interpolated(parts)),
            Expr::Command(script, _) => {
                let register = self.builder.top();
                self.script(script, Destination::Push);
                Source::Temporary(register)
            }
            _ => {
                let register = self.builder.top();
                self.expression(expression, Destination::Push);
                Source::Temporary(register)
            }
        }
    }

    fn push_interpolated(&mut self, parts: &[Part]) -> Register {
        self.push_parts(parts)
    }

    /// Both operands of an operator, the left one evaluated first.
    fn operands(&mut self, operator: BinaryOp, left: &Expr, right: &Expr) -> (Source, Source) {
        let keeps_spelling = compares_strings(operator);
        let mut first = self.expression_operand(left, keeps_spelling);
        if let Source::Local(register) = first
            && may_run_scripts(right)
        {
            let target = self.builder.push();
            self.builder.emit(Op::Load, 0, target, register, 0);
            first = Source::Temporary(target);
        }
        let second = self.expression_operand(right, keeps_spelling);
        (first, second)
    }

    fn binary(
        &mut self,
        operator: BinaryOp,
        left: Source,
        right: Source,
        destination: Destination,
    ) {
        let target = self.target(destination);
        let (b, first_flag) = left.flexible(B_IS_CONSTANT);
        let (c, second_flag) = right.flexible(C_IS_CONSTANT);
        self.builder
            .emit(operation(operator), first_flag | second_flag, target, b, c);
    }

    fn chain(&mut self, first: &Expr, rest: &[(BinaryOp, Expr)], destination: Destination) {
        let base = self.builder.top();
        let mut left: Option<Source> = None;
        let last = rest.len().saturating_sub(1);
        for (number, (operator, operand)) in rest.iter().enumerate() {
            let (source, right) = match left {
                None => self.operands(*operator, first, operand),
                Some(source) => (
                    source,
                    self.expression_operand(operand, compares_strings(*operator)),
                ),
            };
            self.builder.release(base);
            if number == last {
                self.binary(*operator, source, right, destination);
            } else {
                self.binary(*operator, source, right, Destination::Push);
                left = Some(Source::Temporary(base));
            }
        }
    }

    fn unary(&mut self, operator: UnaryOp, operand: &Expr, destination: Destination) {
        let base = self.builder.top();
        if let (UnaryOp::Minus, Expr::Number(_)) = (operator, operand)
            && let Ok(value) = crate::value::number::negate(&self.number(operand, false))
        {
            return self.constant_into(value, destination);
        }
        let source = self.expression_operand(operand, false);
        let register = self.in_register(source);
        self.builder.release(base);
        let target = self.target(destination);
        let op = match operator {
            UnaryOp::Minus => Op::Negate,
            UnaryOp::Plus => Op::Plus,
            UnaryOp::BitNot => Op::BitNot,
            UnaryOp::Not => Op::Not,
        };
        self.builder.emit(op, 0, target, register, 0);
    }

    /// 1 or 0, by jumping.
    fn truth(&mut self, expression: &Expr, destination: Destination) {
        let (is_false, done) = (self.builder.label(), self.builder.label());
        let base = self.builder.top();
        self.condition(expression, false, is_false);
        self.constant_into(Value::int(1), destination);
        let after = self.builder.top();
        self.builder
            .jump(Op::Jump, crate::bytecode::NO_REGISTER, done);
        self.builder.bind(is_false);
        self.builder.release(base);
        self.constant_into(Value::int(0), destination);
        self.builder.release(after);
        self.builder.bind(done);
    }

    fn conditional(
        &mut self,
        test: &Expr,
        consequent: &Expr,
        alternative: &Expr,
        destination: Destination,
    ) {
        let (is_false, done) = (self.builder.label(), self.builder.label());
        let base = self.builder.top();
        self.condition(test, false, is_false);
        self.expression(consequent, destination);
        let after = self.builder.top();
        self.builder
            .jump(Op::Jump, crate::bytecode::NO_REGISTER, done);
        self.builder.bind(is_false);
        self.builder.release(base);
        self.expression(alternative, destination);
        self.builder.release(after);
        self.builder.bind(done);
    }

    fn function(&mut self, name: Span, arguments: &[Expr], destination: Destination) {
        let text = name.text(self.source);
        let base = self.builder.top();
        let Some(function) = self.math_function(text) else {
            return self.function_call(text, arguments, destination);
        };
        for argument in arguments {
            self.push_argument(argument);
        }
        self.builder.release(base);
        let result = self.builder.scratch();
        let count = arguments.len().min(usize::from(u16::MAX)) as u16;
        self.builder.emit(Op::MathCall, 0, result, function, count);
        self.deliver(result, destination);
    }

    fn push_argument(&mut self, argument: &Expr) {
        let before = self.builder.top();
        match self.expression_operand(argument, false) {
            Source::Temporary(_) => {}
            Source::Local(register) => {
                self.builder.release(before);
                let target = self.builder.push();
                self.builder.emit(Op::Load, 0, target, register, 0);
            }
            Source::Constant(constant) => {
                let target = self.builder.push();
                self.builder.emit(Op::Constant, 0, target, constant, 0);
            }
        }
    }

    /// A math function that is a command.
    fn function_call(&mut self, name: &str, arguments: &[Expr], destination: Destination) {
        let base = self.builder.push();
        let constant = self
            .builder
            .constant(Value::string(format!("tcl::mathfunc::{name}")));
        self.builder.emit(Op::Constant, 0, base, constant, 0);
        for argument in arguments {
            self.push_argument(argument);
        }
        self.invoke(base, arguments.len() + 1, 0, destination);
    }

    /// Jumps to `label` if the expression is `wanted`; falls through otherwise.
    pub fn condition(&mut self, expression: &Expr, wanted: bool, label: Label) {
        let base = self.builder.top();
        match expression {
            Expr::Unary(UnaryOp::Not, operand) => match &**operand {
                Expr::Unary(UnaryOp::Not, _) | Expr::And(_) | Expr::Or(_) | Expr::Binary(..) => {
                    self.condition(operand, !wanted, label);
                }
                operand => self.plain_condition(operand, !wanted, label, true),
            },
            Expr::And(operands) => self.all(operands, wanted, label),
            Expr::Or(operands) => self.any(operands, wanted, label),
            Expr::Binary(operator, left, right) => {
                if let (Some(op), false) = (branch(*operator), self.builder.has_long_branches()) {
                    let (left, right) = self.operands(*operator, left, right);
                    self.builder.release(base);
                    let (a, first_flag) = left.flexible(B_IS_CONSTANT);
                    let (b, second_flag) = right.flexible(C_IS_CONSTANT);
                    let sense = if wanted { 0 } else { JUMP_IF_FALSE };
                    self.builder
                        .compare_jump(op, first_flag | second_flag | sense, a, b, label);
                } else {
                    self.plain_condition(expression, wanted, label, false);
                }
            }
            _ => self.plain_condition(expression, wanted, label, false),
        }
    }

    /// Jumps on a value; `is_negated` says that it stands after `!`, for what is no truth value.
    fn plain_condition(&mut self, expression: &Expr, wanted: bool, label: Label, is_negated: bool) {
        let base = self.builder.top();
        let source = self.expression_operand(expression, false);
        let register = self.in_register(source);
        self.builder.release(base);
        self.builder.jump(
            if wanted { Op::JumpTrue } else { Op::JumpFalse },
            register,
            label,
        );
        if is_negated {
            self.builder.flag_last(JUMP_IS_NEGATED);
        }
    }

    fn all(&mut self, operands: &[Expr], wanted: bool, label: Label) {
        if !wanted {
            for operand in operands {
                self.condition(operand, false, label);
            }
            return;
        }
        let is_false = self.builder.label();
        let last = operands.len().saturating_sub(1);
        for (number, operand) in operands.iter().enumerate() {
            if number == last {
                self.condition(operand, true, label);
            } else {
                self.condition(operand, false, is_false);
            }
        }
        self.builder.bind(is_false);
    }

    fn any(&mut self, operands: &[Expr], wanted: bool, label: Label) {
        if wanted {
            for operand in operands {
                self.condition(operand, true, label);
            }
            return;
        }
        let is_true = self.builder.label();
        let last = operands.len().saturating_sub(1);
        for (number, operand) in operands.iter().enumerate() {
            if number == last {
                self.condition(operand, false, label);
            } else {
                self.condition(operand, true, is_true);
            }
        }
        self.builder.bind(is_true);
    }
}

fn compares_strings(operator: BinaryOp) -> bool {
    matches!(
        operator,
        BinaryOp::StringEqual | BinaryOp::StringNotEqual | BinaryOp::In | BinaryOp::NotIn
    )
}

/// Whether evaluating the expression may run scripts, which may change variables.
fn may_run_scripts(expression: &Expr) -> bool {
    match expression {
        Expr::Number(_) | Expr::Text(_) | Expr::Owned(_) | Expr::Boolean(_) => false,
        Expr::Variable(variable) => variable
            .index
            .as_ref()
            .is_some_and(|parts| parts.iter().any(part_may_run_scripts)),
        Expr::Interpolated(parts) => parts.iter().any(part_may_run_scripts),
        Expr::Command(..) | Expr::Call { .. } => true,
        Expr::Unary(_, operand) => may_run_scripts(operand),
        Expr::Binary(_, left, right) => may_run_scripts(left) || may_run_scripts(right),
        Expr::Chain(first, rest) => {
            may_run_scripts(first) || rest.iter().any(|(_, operand)| may_run_scripts(operand))
        }
        Expr::And(operands) | Expr::Or(operands) => operands.iter().any(may_run_scripts),
        Expr::Conditional(test, consequent, alternative) => {
            may_run_scripts(test) || may_run_scripts(consequent) || may_run_scripts(alternative)
        }
    }
}

/// The value operation of an operator.
fn operation(operator: BinaryOp) -> Op {
    match operator {
        BinaryOp::Power => Op::Power,
        BinaryOp::Multiply => Op::Multiply,
        BinaryOp::Divide => Op::Divide,
        BinaryOp::Remainder => Op::Remainder,
        BinaryOp::Add => Op::Add,
        BinaryOp::Subtract => Op::Subtract,
        BinaryOp::ShiftLeft => Op::ShiftLeft,
        BinaryOp::ShiftRight => Op::ShiftRight,
        BinaryOp::Less => Op::Less,
        BinaryOp::Greater => Op::Greater,
        BinaryOp::LessEqual => Op::LessEqual,
        BinaryOp::GreaterEqual => Op::GreaterEqual,
        BinaryOp::Equal => Op::Equal,
        BinaryOp::NotEqual => Op::NotEqual,
        BinaryOp::StringEqual => Op::StringEqual,
        BinaryOp::StringNotEqual => Op::StringNotEqual,
        BinaryOp::In => Op::In,
        BinaryOp::NotIn => Op::NotIn,
        BinaryOp::BitAnd => Op::BitAnd,
        BinaryOp::BitXor => Op::BitXor,
        BinaryOp::BitOr => Op::BitOr,
    }
}

/// The compare-and-branch of an operator that compares.
fn branch(operator: BinaryOp) -> Option<Op> {
    Some(match operator {
        BinaryOp::Less => Op::JumpLess,
        BinaryOp::LessEqual => Op::JumpLessEqual,
        BinaryOp::Greater => Op::JumpGreater,
        BinaryOp::GreaterEqual => Op::JumpGreaterEqual,
        BinaryOp::Equal => Op::JumpEqual,
        BinaryOp::NotEqual => Op::JumpNotEqual,
        BinaryOp::StringEqual => Op::JumpStringEqual,
        BinaryOp::StringNotEqual => Op::JumpStringNotEqual,
        _ => return None,
    })
}
