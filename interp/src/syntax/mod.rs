//! Tcl source text to trees with byte spans: scripts, words, substitutions, lists and expressions.
//!
//! Nothing here evaluates and nothing knows of values. Trees hold [`Span`]s into the source they were made from and own text only
//! where a backslash changed it, so parsing a script that nobody has seen before costs little. Read [`Script`] first, then [`Expr`].
//!
//! Nesting that the parsers follow by recursion is limited by [`NESTING_MAX`]; braces only count and nest without limit.

mod complete;
mod cursor;
mod expr;
mod expr_error;
mod expr_lexer;
mod expr_operator;
mod lines;
pub mod list;
mod quote;
mod script;
mod subst;

pub use complete::is_complete;
pub use expr::{PENDING_MAX, parse_expr};
pub use lines::line_of;
pub use list::{
    Element, Elements, ListError, append_element, element_count, elements, quote_element,
    split_list,
};
pub use script::parse_script;
pub use subst::parse_subst;

/// Most levels of command substitution and array index inside each other, and most levels of an expression's tree.
///
/// Parsing, compiling and dropping a tree recurse this deep, so the number is chosen for a debug build on a 2 MB stack. Parentheses of
/// an expression and braces are not counted, since neither leaves a level in the tree. Scripts written by people stay below 20.
pub const NESTING_MAX: u32 = 400;

/// Longest source text in bytes, so that a [`Span`] can address all of it.
pub const SOURCE_BYTES_MAX: usize = u32::MAX as usize;

/// A half-open range of bytes of the source that was given to the parser; always on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The span from byte `start` up to byte `end`; offsets past [`SOURCE_BYTES_MAX`] are cut down to it.
    pub fn new(start: usize, end: usize) -> Span {
        Span {
            start: start.min(SOURCE_BYTES_MAX) as u32,
            end: end.min(SOURCE_BYTES_MAX) as u32,
        }
    }

    /// The span of the whole of `source`.
    pub fn whole(source: &str) -> Span {
        Span::new(0, source.len())
    }

    /// The text that the span covers; empty if the span does not fit `source`.
    pub fn text(self, source: &str) -> &str {
        source
            .get(self.start as usize..self.end as usize)
            .unwrap_or("")
    }

    /// The number of bytes covered.
    pub fn byte_count(self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    /// Whether the span covers nothing.
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }
}

/// A parsed script: the commands up to the end of the range, or up to the first error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// The commands in order; commands of no words (comments, empty lines) are left out.
    pub commands: Vec<Command>,
    /// What is wrong after `commands`. Tcl runs those commands first and raises this then. A nested script never has one: its
    /// error is that of the outermost script, because Tcl runs nothing of a command that it cannot parse. (One made for `subst` has
    /// none either: see [`parse_subst`].)
    pub error: Option<Box<SyntaxError>>,
}

/// One command of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// From the first word to before the terminator, with the white space in between: what errorInfo quotes.
    pub span: Span,
    /// The words, at least one.
    pub words: Vec<Word>,
}

/// How a word was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    /// Without quotes or braces.
    Bare,
    /// `"in quotes"`.
    Quoted,
    /// `{in braces}`.
    Braced,
}

/// One word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word with its braces or quotes and its `{*}`.
    pub span: Span,
    /// Whether `{*}` stands before the word, so that the list it yields becomes words of its own.
    pub expand: bool,
    /// How the word was written.
    pub quoting: Quoting,
    /// What the word yields.
    pub kind: WordKind,
}

impl Word {
    /// The word's text if no substitution can change it.
    pub fn constant<'a>(&'a self, source: &'a str) -> Option<&'a str> {
        match &self.kind {
            WordKind::Verbatim(span) => Some(span.text(source)),
            WordKind::Literal(text) => Some(text),
            WordKind::Parts(_) => None,
        }
    }
}

/// What a word yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WordKind {
    /// Exactly this slice of the source (without quotes or braces).
    Verbatim(Span),
    /// A constant that backslashes made different from its source.
    Literal(Box<str>),
    /// The concatenation of these, at least one of which is a variable or a command. Never empty.
    Parts(Vec<Part>),
}

/// A piece of a word, of an array index or of a `subst` text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A slice of the source.
    Text(Span),
    /// Constant text that backslashes made different from its source.
    Owned(Box<str>),
    /// A variable's value.
    Variable(Variable),
    /// The result of a script in brackets; the span includes the brackets.
    Command(Script, Span),
}

/// A variable substitution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The name as written, without `$`, braces and index. Of `${a(b)}` it is `a(b)`, which names an element when it is looked up.
    pub name: Span,
    /// For `$name(index)`: the index, whose parts are concatenated (none: the empty index).
    pub index: Option<Vec<Part>>,
    /// From the `$` to the end of the name or index.
    pub span: Span,
}

/// Why a script cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// tclsh's text, such as `missing close-brace`.
    pub message: Box<str>,
    /// From the first word of the outermost command to where the error was found: the command that errorInfo quotes.
    pub span: Span,
    /// Whether more text could make the script right, as `info complete` asks.
    pub incomplete: bool,
    /// The errorCode: `NONE`, or `TCL LIMIT NESTING` if [`NESTING_MAX`] was passed.
    pub error_code: &'static str,
}

/// Which substitutions `subst` performs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubstFlags {
    /// Backslash sequences; off with `-nobackslashes`.
    pub backslashes: bool,
    /// Scripts in brackets; off with `-nocommands`.
    pub commands: bool,
    /// Variables; off with `-novariables`.
    pub variables: bool,
}

impl SubstFlags {
    /// Every substitution: `subst` without options.
    pub const ALL: SubstFlags = SubstFlags {
        backslashes: true,
        commands: true,
        variables: true,
    };
}

/// A parsed expression.
///
/// Long chains of operators are flat, so the depth of the tree is below [`NESTING_MAX`] however long the expression is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// A number as written: integer of any base, or floating point, `Inf` and `NaN` included.
    Number(Span),
    /// Text in braces, or in quotes with nothing to substitute. It may look like a number; the operators find out.
    Text(Span),
    /// The same, but backslashes changed it.
    Owned(Box<str>),
    /// Text in quotes with substitutions: the parts' concatenation, at least one of them a variable or a command.
    Interpolated(Vec<Part>),
    /// A variable.
    Variable(Variable),
    /// A script in brackets; the span includes the brackets.
    Command(Script, Span),
    /// A boolean word as written: `true`, `no`, `on`, an abbreviation, any case.
    Boolean(Span),
    /// One operand.
    Unary(UnaryOp, Box<Expr>),
    /// Two operands; the left one is evaluated first.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// Two or more operators of one precedence that group to the left: `a - b + c` is `Chain(a, [(-, b), (+, c)])`.
    Chain(Box<Expr>, Vec<(BinaryOp, Expr)>),
    /// `a && b && c`: two or more, evaluated up to the first false one; the result is 0 or 1.
    And(Vec<Expr>),
    /// `a || b || c`: two or more, evaluated up to the first true one; the result is 0 or 1.
    Or(Vec<Expr>),
    /// `test ? consequent : alternative`.
    Conditional(Box<Expr>, Box<Expr>, Box<Expr>),
    /// A math function.
    Call {
        /// The name as written; the command is `tcl::mathfunc::name`.
        name: Span,
        /// The arguments in order.
        arguments: Vec<Expr>,
    },
}

/// An operator before its operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Minus,
    /// `+`
    Plus,
    /// `~`
    BitNot,
    /// `!`
    Not,
}

impl UnaryOp {
    /// The operator as scripts write it.
    pub fn text(self) -> &'static str {
        match self {
            UnaryOp::Minus => "-",
            UnaryOp::Plus => "+",
            UnaryOp::BitNot => "~",
            UnaryOp::Not => "!",
        }
    }
}

/// An operator between its operands that evaluates both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `**`, the only one that groups to the right
    Power,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `<<`
    ShiftLeft,
    /// `>>`
    ShiftRight,
    /// `<`
    Less,
    /// `>`
    Greater,
    /// `<=`
    LessEqual,
    /// `>=`
    GreaterEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `eq`
    StringEqual,
    /// `ne`
    StringNotEqual,
    /// `in`
    In,
    /// `ni`
    NotIn,
    /// `&`
    BitAnd,
    /// `^`
    BitXor,
    /// `|`
    BitOr,
}

impl BinaryOp {
    /// The operator as scripts write it.
    pub fn text(self) -> &'static str {
        match self {
            BinaryOp::Power => "**",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::Remainder => "%",
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::ShiftLeft => "<<",
            BinaryOp::ShiftRight => ">>",
            BinaryOp::Less => "<",
            BinaryOp::Greater => ">",
            BinaryOp::LessEqual => "<=",
            BinaryOp::GreaterEqual => ">=",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::StringEqual => "eq",
            BinaryOp::StringNotEqual => "ne",
            BinaryOp::In => "in",
            BinaryOp::NotIn => "ni",
            BinaryOp::BitAnd => "&",
            BinaryOp::BitXor => "^",
            BinaryOp::BitOr => "|",
        }
    }
}

/// Why an expression cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExprError {
    /// tclsh's whole message, the quotation of the expression included.
    pub message: Box<str>,
    /// The errorCode as a list, such as `TCL PARSE EXPR BADCHAR`; `NONE` where tclsh sets none.
    pub error_code: &'static str,
    /// What errorInfo gains after the message, before the command is quoted: `\n    (parsing expression "...")`.
    pub info: Box<str>,
}
