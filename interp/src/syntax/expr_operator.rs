//! The operators of expressions while they wait for their operands, and how they become trees.

use super::expr_error::ExprFault;
use super::expr_lexer::Lexeme;
use super::{BinaryOp, Expr, NESTING_MAX, Span, UnaryOp};

/// How tightly an operator binds its operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Precedence {
    End,
    Start,
    CloseParen,
    OpenParen,
    Comma,
    Conditional,
    Or,
    And,
    BitOr,
    BitXor,
    BitAnd,
    /// `==`, `eq`, `in` and their opposites: tclsh takes them from left to right, whatever its manual says.
    Equal,
    Compare,
    Shift,
    Add,
    Multiply,
    Power,
    Unary,
}

impl BinaryOp {
    fn precedence(self) -> Precedence {
        match self {
            BinaryOp::Power => Precedence::Power,
            BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder => Precedence::Multiply,
            BinaryOp::Add | BinaryOp::Subtract => Precedence::Add,
            BinaryOp::ShiftLeft | BinaryOp::ShiftRight => Precedence::Shift,
            BinaryOp::Less | BinaryOp::Greater | BinaryOp::LessEqual | BinaryOp::GreaterEqual => {
                Precedence::Compare
            }
            BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::StringEqual
            | BinaryOp::StringNotEqual
            | BinaryOp::In
            | BinaryOp::NotIn => Precedence::Equal,
            BinaryOp::BitAnd => Precedence::BitAnd,
            BinaryOp::BitXor => Precedence::BitXor,
            BinaryOp::BitOr => Precedence::BitOr,
        }
    }
}

/// A tree and its depth.
pub(super) struct Tree {
    pub(super) expr: Expr,
    pub(super) depth: u32,
}

impl Tree {
    pub(super) fn leaf(expr: Expr) -> Tree {
        Tree { expr, depth: 0 }
    }
}

/// An operator that waits for its right operand.
pub(super) enum Pending {
    /// The beginning of the expression.
    Start,
    Paren,
    /// The parenthesis of a function, with the arguments that a comma has ended.
    Function {
        name: Span,
        arguments: Vec<Expr>,
        depth: u32,
    },
    Unary(UnaryOp),
    Binary(BinaryOp, Tree),
    And(Tree),
    Or(Tree),
    /// `test ?`
    Question(Tree),
    /// `test ? consequent :`
    Colon(Tree, Tree),
    /// A `:` without `?`. It is an error, but one that tclsh sees later.
    StrayColon,
}

impl Pending {
    pub(super) fn precedence(&self) -> Precedence {
        match self {
            Pending::Start => Precedence::Start,
            Pending::Function { arguments, .. } if !arguments.is_empty() => Precedence::Comma,
            Pending::Paren | Pending::Function { .. } => Precedence::OpenParen,
            Pending::Unary(_) => Precedence::Unary,
            Pending::Binary(operator, _) => operator.precedence(),
            Pending::And(_) => Precedence::And,
            Pending::Or(_) => Precedence::Or,
            Pending::Question(_) | Pending::Colon(..) | Pending::StrayColon => {
                Precedence::Conditional
            }
        }
    }
}

pub(super) fn precedence_of(lexeme: Lexeme) -> Precedence {
    match lexeme {
        Lexeme::CloseParen => Precedence::CloseParen,
        Lexeme::Comma => Precedence::Comma,
        Lexeme::Question | Lexeme::Colon => Precedence::Conditional,
        Lexeme::Or => Precedence::Or,
        Lexeme::And => Precedence::And,
        Lexeme::Binary(operator) => operator.precedence(),
        _ => Precedence::End,
    }
}

/// Whether `top` keeps waiting because `lexeme` takes the operand between them.
pub(super) fn waits(top: &Pending, lexeme: Lexeme, precedence: Precedence) -> bool {
    let top_precedence = top.precedence();
    if top_precedence != precedence {
        return top_precedence < precedence;
    }
    match top {
        Pending::Question(_) => true,
        Pending::Colon(..) | Pending::StrayColon => lexeme == Lexeme::Question,
        _ => lexeme == Lexeme::Binary(BinaryOp::Power),
    }
}

/// What is wrong if `lexeme` completes `top`.
///
/// * `is_colon`: whether its right operand is a `:` without `?`.
pub(super) fn check_completion(
    top: &Pending,
    lexeme: Lexeme,
    is_colon: bool,
) -> Result<(), ExprFault> {
    match top {
        Pending::Paren if lexeme != Lexeme::CloseParen => Err(ExprFault::UnbalancedOpen),
        Pending::Function { arguments, .. }
            if arguments.is_empty() && lexeme != Lexeme::CloseParen =>
        {
            Err(ExprFault::UnbalancedOpen)
        }
        Pending::Question(_) => Err(ExprFault::MissingColon),
        _ if is_colon => Err(ExprFault::StrayColon),
        Pending::Function { .. } if lexeme == Lexeme::End => Err(ExprFault::UnbalancedOpen),
        _ => Ok(()),
    }
}

/// The tree of the operator `top` with its last operand.
pub(super) fn complete(top: Pending, right: Tree) -> Result<Tree, ExprFault> {
    let tree = match top {
        Pending::Unary(operator) => Tree {
            depth: right.depth + 1,
            expr: Expr::Unary(operator, Box::new(right.expr)),
        },
        Pending::Binary(operator, left) => binary(operator, left, right),
        Pending::And(left) => {
            let (operands, depth) = match left.expr {
                Expr::And(operands) => (operands, left.depth),
                other => (vec![other], left.depth + 1),
            };
            let operands = with_operand(operands, right.expr);
            Tree {
                expr: Expr::And(operands),
                depth: depth.max(right.depth + 1),
            }
        }
        Pending::Or(left) => {
            let (operands, depth) = match left.expr {
                Expr::Or(operands) => (operands, left.depth),
                other => (vec![other], left.depth + 1),
            };
            let operands = with_operand(operands, right.expr);
            Tree {
                expr: Expr::Or(operands),
                depth: depth.max(right.depth + 1),
            }
        }
        Pending::Colon(test, consequent) => Tree {
            depth: 1 + test.depth.max(consequent.depth).max(right.depth),
            expr: Expr::Conditional(
                Box::new(test.expr),
                Box::new(consequent.expr),
                Box::new(right.expr),
            ),
        },
        // The operand of a stray colon is never used: an error follows.
        Pending::StrayColon => right,
        // None of these is an operator with a right operand.
        Pending::Start | Pending::Paren | Pending::Function { .. } | Pending::Question(_) => right,
    };
    if tree.depth > NESTING_MAX {
        Err(ExprFault::TooDeep)
    } else {
        Ok(tree)
    }
}

fn with_operand(mut operands: Vec<Expr>, operand: Expr) -> Vec<Expr> {
    operands.push(operand);
    operands
}

fn binary(operator: BinaryOp, left: Tree, right: Tree) -> Tree {
    let precedence = operator.precedence();
    let depth = (right.depth + 1).max(left.depth);
    match left.expr {
        Expr::Chain(first, mut rest)
            if rest
                .last()
                .is_some_and(|(other, _)| other.precedence() == precedence)
                && precedence != Precedence::Power =>
        {
            rest.push((operator, right.expr));
            Tree {
                expr: Expr::Chain(first, rest),
                depth,
            }
        }
        Expr::Binary(other, first, second)
            if other.precedence() == precedence && precedence != Precedence::Power =>
        {
            Tree {
                expr: Expr::Chain(first, vec![(other, *second), (operator, right.expr)]),
                depth,
            }
        }
        expr => Tree {
            depth: depth.max(left.depth + 1),
            expr: Expr::Binary(operator, Box::new(expr), Box::new(right.expr)),
        },
    }
}
