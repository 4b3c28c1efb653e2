//! Expressions to trees.
//!
//! Operators wait on a stack until one that binds weaker (or the end) completes them, so parentheses and long chains cost no
//! recursion. Only the tree's depth is limited. Read [`Parser::run`].

use super::cursor::{Cursor, Failure};
use super::expr_error::ExprFault;
use super::expr_lexer::{Lexeme, lexeme};
use super::expr_operator::{
    Pending, Precedence, Tree, check_completion, complete, precedence_of, waits,
};
use super::{BinaryOp, Expr, ExprError, SOURCE_BYTES_MAX, Span, UnaryOp, WordKind};
use crate::text::number::parse_boolean;

/// Most operators and parentheses that wait for their end at one time; a bound on memory only.
pub const PENDING_MAX: usize = 100_000;
/// Room for what waits in most expressions, so that one allocation is enough.
const PENDING_USUAL: usize = 6;

/// The expression in the part `range` of `source`, with spans that count from the start of `source`.
///
/// * `range`: on character boundaries; what lies outside of `source` is ignored.
///
/// Errors: tclsh's, with the errorCode `TCL PARSE EXPR ...`; `TCL LIMIT NESTING` if the tree would be deeper than [`NESTING_MAX`](super::NESTING_MAX).
/// Source: expr(n).
pub fn parse_expr(source: &str, range: Span) -> Result<Expr, ExprError> {
    let cursor = Cursor::new(source, range);
    let start = cursor.at;
    let mut parser = Parser {
        cursor,
        pending: Vec::with_capacity(PENDING_USUAL),
        complete: None,
    };
    let outcome = if source.len() > SOURCE_BYTES_MAX {
        Err(Stop {
            fault: ExprFault::TooLong,
            start,
            byte_count: 0,
        })
    } else {
        parser.run()
    };
    outcome.map_err(|stop| {
        let expression = parser.cursor.slice(start, parser.cursor.bytes.len());
        ExprError::new(
            stop.fault,
            expression,
            stop.start.saturating_sub(start),
            stop.byte_count,
        )
    })
}

/// Where and why parsing stopped: the lexeme it concerns, in offsets of the source.
struct Stop {
    fault: ExprFault,
    start: usize,
    byte_count: usize,
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    pending: Vec<Pending>,
    /// The operand that is complete; `None` where one is expected.
    complete: Option<Tree>,
}

impl Parser<'_> {
    fn run(&mut self) -> Result<Expr, Stop> {
        self.pending.push(Pending::Start);
        loop {
            self.skip_space();
            let start = self.cursor.at;
            let (lexeme, byte_count) = lexeme(self.cursor.bytes.get(start..).unwrap_or_default());
            let ends = self
                .lexeme(lexeme, byte_count)
                .map_err(|fault| place(fault, start, byte_count))?;
            if !ends {
                continue;
            }
            return match self.complete.take() {
                Some(tree) => Ok(tree.expr),
                None => Err(Stop {
                    fault: ExprFault::Empty,
                    start,
                    byte_count: 0,
                }),
            };
        }
    }

    fn skip_space(&mut self) {
        while self.cursor.skip_space() || self.cursor.peek() == Some(b'\n') {
            if self.cursor.peek() == Some(b'\n') {
                self.cursor.at += 1;
            }
        }
    }

    /// Takes the lexeme at the cursor; says whether it was the end.
    fn lexeme(&mut self, lexeme: Lexeme, byte_count: usize) -> Result<bool, ExprFault> {
        match lexeme {
            Lexeme::Invalid => return Err(ExprFault::InvalidCharacter),
            Lexeme::HalfOperator => return Err(ExprFault::HalfOperator),
            Lexeme::Bareword => self.bareword(byte_count)?,
            Lexeme::Number => {
                let span = Span::new(self.cursor.at, self.cursor.at + byte_count);
                self.operand(Expr::Number(span))?;
                self.cursor.at += byte_count;
            }
            Lexeme::Quote | Lexeme::OpenBrace | Lexeme::Dollar | Lexeme::OpenBracket => {
                self.substituted(lexeme)?
            }
            Lexeme::OpenParen => self.prefix(Pending::Paren, byte_count)?,
            Lexeme::Not => self.prefix(Pending::Unary(UnaryOp::Not), byte_count)?,
            Lexeme::BitNot => self.prefix(Pending::Unary(UnaryOp::BitNot), byte_count)?,
            Lexeme::Plus if self.complete.is_none() => {
                self.prefix(Pending::Unary(UnaryOp::Plus), byte_count)?
            }
            Lexeme::Minus if self.complete.is_none() => {
                self.prefix(Pending::Unary(UnaryOp::Minus), byte_count)?
            }
            Lexeme::Plus => self.infix(Lexeme::Binary(BinaryOp::Add), byte_count)?,
            Lexeme::Minus => self.infix(Lexeme::Binary(BinaryOp::Subtract), byte_count)?,
            _ => self.infix(lexeme, byte_count)?,
        }
        Ok(lexeme == Lexeme::End)
    }

    fn operand(&mut self, expr: Expr) -> Result<(), ExprFault> {
        if self.complete.is_some() {
            return Err(ExprFault::MissingOperator);
        }
        self.complete = Some(Tree::leaf(expr));
        Ok(())
    }

    /// A function's name with its parenthesis, or a boolean.
    fn bareword(&mut self, byte_count: usize) -> Result<(), ExprFault> {
        let start = self.cursor.at;
        let span = Span::new(start, start + byte_count);
        self.cursor.at += byte_count;
        self.skip_space();
        let is_function = self.cursor.peek() == Some(b'(');
        let after = self.cursor.at + 1;
        self.cursor.at = start;
        if is_function {
            return self.prefix(
                Pending::Function {
                    name: span,
                    arguments: Vec::new(),
                    depth: 0,
                },
                after - start,
            );
        }
        if parse_boolean(span.text(self.cursor.source)).is_none() {
            return Err(ExprFault::InvalidBareword);
        }
        self.operand(Expr::Boolean(span))?;
        self.cursor.at += byte_count;
        Ok(())
    }

    /// An operand that is read as a script's words are.
    fn substituted(&mut self, lexeme: Lexeme) -> Result<(), ExprFault> {
        if self.complete.is_some() {
            return Err(ExprFault::MissingOperator);
        }
        let expr = self.read_substituted(lexeme).map_err(ExprFault::Nested)?;
        self.operand(expr.ok_or(ExprFault::InvalidCharacter)?)
    }

    /// `None` for a `$` that begins no variable.
    fn read_substituted(&mut self, lexeme: Lexeme) -> Result<Option<Expr>, Failure> {
        let start = self.cursor.at;
        Ok(Some(match lexeme {
            Lexeme::Quote => text(self.cursor.quoted()?),
            Lexeme::OpenBrace => text(self.cursor.braced()?),
            Lexeme::OpenBracket => {
                let script = self.cursor.nested_script()?;
                Expr::Command(script, Span::new(start, self.cursor.at))
            }
            _ => return Ok(self.cursor.variable()?.map(Expr::Variable)),
        }))
    }

    /// An operator or parenthesis that stands where an operand begins.
    fn prefix(&mut self, pending: Pending, byte_count: usize) -> Result<(), ExprFault> {
        if self.complete.is_some() {
            return Err(ExprFault::MissingOperator);
        }
        self.cursor.at += byte_count;
        self.push(pending)
    }

    fn push(&mut self, pending: Pending) -> Result<(), ExprFault> {
        if self.pending.len() >= PENDING_MAX {
            return Err(ExprFault::TooDeep);
        }
        self.pending.push(pending);
        Ok(())
    }

    /// An operator, comma, closing parenthesis or end, which stands behind an operand.
    fn infix(&mut self, lexeme: Lexeme, byte_count: usize) -> Result<(), ExprFault> {
        let precedence = precedence_of(lexeme);
        let Some(mut right) = self.complete.take() else {
            self.without_operand(lexeme, precedence)?;
            self.cursor.at += byte_count;
            return Ok(());
        };
        let mut is_colon = false;
        while let Some(top) = self.pending.pop_if(|top| !waits(top, lexeme, precedence)) {
            check_completion(&top, lexeme, is_colon)?;
            is_colon = matches!(top, Pending::StrayColon);
            match top {
                Pending::Start | Pending::Paren => {
                    self.complete = Some(right);
                    self.cursor.at += byte_count;
                    return Ok(());
                }
                Pending::Function {
                    name,
                    arguments,
                    depth,
                } => {
                    self.argument(name, arguments, depth, right, lexeme);
                    self.cursor.at += byte_count;
                    return Ok(());
                }
                _ => right = complete(top, right)?,
            }
        }
        self.cursor.at += byte_count;
        self.attach(lexeme, right, is_colon)
    }

    /// Ends an argument of a function, and with a closing parenthesis the call.
    fn argument(
        &mut self,
        name: Span,
        mut arguments: Vec<Expr>,
        depth: u32,
        argument: Tree,
        lexeme: Lexeme,
    ) {
        let depth = depth.max(argument.depth);
        arguments.push(argument.expr);
        if lexeme == Lexeme::CloseParen {
            self.complete = Some(Tree {
                expr: Expr::Call { name, arguments },
                depth: depth + 1,
            });
        } else {
            self.pending.push(Pending::Function {
                name,
                arguments,
                depth,
            });
        }
    }

    /// Makes `left` the left operand of `lexeme`.
    fn attach(&mut self, lexeme: Lexeme, left: Tree, is_colon: bool) -> Result<(), ExprFault> {
        if lexeme == Lexeme::CloseParen {
            return Err(ExprFault::UnbalancedClose);
        }
        if lexeme == Lexeme::Comma && !matches!(self.pending.last(), Some(Pending::Function { .. }))
        {
            return Err(ExprFault::StrayComma);
        }
        if is_colon {
            return Err(ExprFault::StrayColon);
        }
        let pending = match lexeme {
            Lexeme::And => Pending::And(left),
            Lexeme::Or => Pending::Or(left),
            Lexeme::Question => Pending::Question(left),
            Lexeme::Binary(operator) => Pending::Binary(operator, left),
            _ => return self.attach_separator(lexeme, left),
        };
        self.push(pending)
    }

    /// The same for the comma and the colon, which belong to what waits before them.
    fn attach_separator(&mut self, lexeme: Lexeme, left: Tree) -> Result<(), ExprFault> {
        let pending = match self.pending.pop() {
            Some(Pending::Function {
                name,
                arguments,
                depth,
            }) if lexeme == Lexeme::Comma => {
                self.argument(name, arguments, depth, left, lexeme);
                return Ok(());
            }
            Some(Pending::Question(test)) => Pending::Colon(test, left),
            other => {
                self.pending.extend(other);
                Pending::StrayColon
            }
        };
        self.push(pending)
    }

    /// What stands behind an operand, but there is none: an error, or the call of a function without arguments.
    fn without_operand(&mut self, lexeme: Lexeme, precedence: Precedence) -> Result<(), ExprFault> {
        let Some(top) = self.pending.last() else {
            return Err(ExprFault::MissingOperand);
        };
        let binds_tighter = top.precedence() > precedence;
        let fault = match top {
            Pending::Paren if lexeme == Lexeme::CloseParen => ExprFault::EmptySubexpression,
            Pending::Function {
                name, arguments, ..
            } if arguments.is_empty() && lexeme == Lexeme::CloseParen => {
                let name = *name;
                self.pending.pop();
                self.complete = Some(Tree::leaf(Expr::Call {
                    name,
                    arguments: Vec::new(),
                }));
                return Ok(());
            }
            Pending::Function { arguments, .. } if binds_tighter && !arguments.is_empty() => {
                ExprFault::MissingArgument
            }
            Pending::Paren | Pending::Function { .. } if binds_tighter => ExprFault::UnbalancedOpen,
            Pending::Start if binds_tighter => ExprFault::Empty,
            _ if binds_tighter => ExprFault::MissingOperand,
            _ if lexeme == Lexeme::CloseParen => ExprFault::UnbalancedClose,
            Pending::Function { arguments, .. }
                if arguments.is_empty() && lexeme == Lexeme::Comma =>
            {
                ExprFault::MissingFirstArgument
            }
            _ => ExprFault::MissingOperand,
        };
        Err(fault)
    }
}

/// The lexeme that `fault` is about, given the one that was being read when it was found.
fn place(fault: ExprFault, start: usize, byte_count: usize) -> Stop {
    match fault {
        ExprFault::Nested(failure) => Stop {
            fault,
            start: failure.at,
            byte_count: usize::from(failure.fault.is_incomplete()),
        },
        _ => Stop {
            fault,
            start,
            byte_count,
        },
    }
}

fn text(kind: WordKind) -> Expr {
    match kind {
        WordKind::Verbatim(span) => Expr::Text(span),
        WordKind::Literal(text) => Expr::Owned(text),
        WordKind::Parts(parts) => Expr::Interpolated(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree of `source` as a prefix form.
    fn tree(source: &str) -> String {
        match parse_expr(source, Span::whole(source)) {
            Ok(expr) => show(&expr, source),
            Err(error) => format!("{} [{}]", error.message, error.error_code),
        }
    }

    fn show(expr: &Expr, source: &str) -> String {
        let all = |operands: &[Expr]| {
            operands
                .iter()
                .map(|operand| show(operand, source))
                .collect::<Vec<_>>()
                .join(" ")
        };
        match expr {
            Expr::Number(span) | Expr::Boolean(span) => span.text(source).to_string(),
            Expr::Text(span) => format!("'{}'", span.text(source)),
            Expr::Owned(text) => format!("'{text}'"),
            Expr::Interpolated(parts) => format!("<{} parts>", parts.len()),
            Expr::Variable(variable) => variable.span.text(source).to_string(),
            Expr::Command(_, span) => span.text(source).to_string(),
            Expr::Unary(operator, operand) => {
                format!("({} {})", operator.text(), show(operand, source))
            }
            Expr::Binary(operator, left, right) => {
                format!(
                    "({} {} {})",
                    operator.text(),
                    show(left, source),
                    show(right, source)
                )
            }
            Expr::Chain(first, rest) => {
                let rest: String = rest
                    .iter()
                    .map(|(operator, operand)| {
                        format!(" {}{}", operator.text(), show(operand, source))
                    })
                    .collect();
                format!("(chain {}{rest})", show(first, source))
            }
            Expr::And(operands) => format!("(&& {})", all(operands)),
            Expr::Or(operands) => format!("(|| {})", all(operands)),
            Expr::Conditional(test, consequent, alternative) => {
                format!(
                    "(? {} {} {})",
                    show(test, source),
                    show(consequent, source),
                    show(alternative, source)
                )
            }
            Expr::Call { name, arguments } => format!("({} {})", name.text(source), all(arguments)),
        }
    }

    #[test]
    fn operators_bind_as_in_tcl() {
        for (source, expected) in [
            ("1+2*3", "(+ 1 (* 2 3))"),
            ("1-2+3", "(chain 1 -2 +3)"),
            ("1-(2+3)", "(- 1 (+ 2 3))"),
            ("2**3**2", "(** 2 (** 3 2))"),
            ("(2**3)**2", "(** (** 2 3) 2)"),
            ("-2**2", "(** (- 2) 2)"),
            ("!$a == $b", "(== (! $a) $b)"),
            (
                "1 < 2 == 3 eq 4 in 5 & 6 ^ 7 | 8",
                "(| (^ (& (chain (< 1 2) ==3 eq4 in5) 6) 7) 8)",
            ),
            ("1&&2||3&&4&&5", "(|| (&& 1 2) (&& 3 4 5))"),
            ("1?2:3?4:5", "(? 1 2 (? 3 4 5))"),
            ("1?2?3:4:5", "(? 1 (? 2 3 4) 5)"),
            ("f(1, g(), 2+3)", "(f 1 (g ) (+ 2 3))"),
            ("1 + true", "(+ 1 true)"),
            ("\"a\" eq {b c}", "(eq 'a' 'b c')"),
            ("\"a\\t\"", "'a\t'"),
            ("\"a$b[c]\" ne $d(e f)", "(ne <3 parts> $d(e f))"),
            ("1 \\\n + \n 2", "(+ 1 2)"),
            ("((((1))))", "1"),
        ] {
            assert_eq!(tree(source), expected, "{source}");
        }
    }

    #[test]
    fn errors_are_those_of_tclsh() {
        for (source, message, code) in [
            ("", "empty expression\nin expression \"\"", "EMPTY"),
            (
                "()",
                "empty subexpression at _@_\nin expression \"(_@_)\"",
                "EMPTY",
            ),
            (
                "1+",
                "missing operand at _@_\nin expression \"1+_@_\"",
                "MISSING",
            ),
            (
                "1 2",
                "missing operator at _@_\nin expression \"1 _@_2\"",
                "MISSING",
            ),
            (
                "1 ? 2",
                "missing operator \":\" at _@_\nin expression \"1 ? 2_@_\"",
                "MISSING",
            ),
            (
                "1 : 2",
                "unexpected operator \":\" without preceding \"?\"\nin expression \"1 : 2\"",
                "SURPRISE",
            ),
            (
                "1,2",
                "unexpected \",\" outside function argument list\nin expression \"1,2\"",
                "SURPRISE",
            ),
            (
                "f(1,)",
                "missing function argument at _@_\nin expression \"f(1,_@_)\"",
                "MISSING",
            ),
            (
                "f(,1)",
                "missing function argument at _@_\nin expression \"f(_@_,1)\"",
                "UNBALANCED",
            ),
            (
                "(1",
                "unbalanced open paren\nin expression \"(1\"",
                "UNBALANCED",
            ),
            (
                "1)",
                "unbalanced close paren\nin expression \"1)\"",
                "UNBALANCED",
            ),
            (
                "1 = 2",
                "incomplete operator \"=\"\nin expression \"1 = 2\"",
                "PARTOP",
            ),
            (
                "1 @ 2",
                "invalid character \"@\"\nin expression \"1 @ 2\"",
                "BADCHAR",
            ),
            (
                "$",
                "invalid character \"$\"\nin expression \"$\"",
                "BADCHAR",
            ),
            ("\"a", "missing \"\nin expression \"\"a\"", "UNBALANCED"),
            (
                "08",
                "invalid bareword \"08\"\nin expression \"08\";\nshould be \"$08\" or \"{08}\" or \"08(...)\" or ... \
                 (invalid octal number?)",
                "BADNUMBER OCTAL",
            ),
        ] {
            assert_eq!(
                tree(source),
                format!("{message} [TCL PARSE EXPR {code}]"),
                "{source}"
            );
        }
        assert_eq!(
            tree("[a {b}c]"),
            "extra characters after close-brace\nin expression \"[a {b}c]\" [NONE]"
        );
    }

    #[test]
    fn long_expressions_are_quoted_around_the_error() {
        let source =
            "1111111111 + 2222222222 + 33333333 33333 + 4444444444 + 5555555555 + 66666666";
        let error = parse_expr(source, Span::whole(source)).unwrap_err();
        assert_eq!(
            &*error.message,
            "missing operator at _@_\nin expression \"...2222222222 + 33333333 _@_33333 + 4444444444 + 5...\""
        );
        assert_eq!(
            &*error.info,
            "\n    (parsing expression \"1111111111 + 222222222...\")"
        );
    }

    #[test]
    fn hostile_expressions_fail_or_parse_in_a_shallow_tree() {
        let million = 1_000_000;
        assert!(tree(&"(".repeat(million)).contains("TCL LIMIT NESTING"));
        assert!(tree(&format!("{}1", "-".repeat(million))).contains("TCL LIMIT NESTING"));
        assert!(tree(&format!("{}1", "-".repeat(1000))).contains("TCL LIMIT NESTING"));
        assert!(tree(&format!("{}2", "2**".repeat(1000))).contains("TCL LIMIT NESTING"));
        assert!(tree(&"f(".repeat(million)).contains("TCL LIMIT NESTING"));
        assert!(tree(&"[expr ".repeat(million)).contains("too many nested command substitutions"));
        assert_eq!(
            tree(&format!("{}1{}", "(".repeat(50_000), ")".repeat(50_000))),
            "1"
        );
        for operator in ["+", "&&", "||", "==", "*"] {
            let source = format!("{}1", format!("1{operator}").repeat(million));
            assert!(
                parse_expr(&source, Span::whole(&source)).is_ok(),
                "{operator}"
            );
        }
    }
}
