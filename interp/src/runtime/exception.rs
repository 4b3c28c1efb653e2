//! Completions other than OK: errors, `return`, `break`, `continue` and codes of scripts' own.
//!
//! Commands make exceptions with the constructors here, which set message and errorCode together.

use std::fmt::Write;

use crate::value::number::ArithmeticError;
use crate::value::{FormError, OrderedMap, Value};

/// Completion codes with names.
pub mod code {
    /// `ok`
    pub const OK: i32 = 0;
    /// `error`
    pub const ERROR: i32 = 1;
    /// `return`
    pub const RETURN: i32 = 2;
    /// `break`
    pub const BREAK: i32 = 3;
    /// `continue`
    pub const CONTINUE: i32 = 4;
}

/// A completion other than OK, with all that Tcl's return options say about it.
#[derive(Clone, Debug)]
pub struct Exception {
    /// The completion code: 1 error, 2 return, 3 break, 4 continue, or a script's own.
    pub code: i32,
    /// The result: an error's message.
    pub value: Value,
    /// With code 2: the code that the procedure returns in the end.
    pub return_code: i32,
    /// With code 2: how many levels are left to return through.
    pub return_level: u32,
    /// errorCode as a list; None means `NONE`.
    pub error_code: Option<Value>,
    /// errorInfo so far; None until the first frame has added to the message.
    pub info: Option<String>,
    /// The line that the innermost frame so far reports.
    pub line: u32,
    /// `-errorstack` so far.
    pub stack: Option<Value>,
    /// Options that a script gave but for `-code` and `-level`, in its order. Of Tcl's own ones only the place counts:
    /// their values are the fields'.
    pub other: Option<OrderedMap>,
    /// Whether `-errorcode` is the first option, as in what a script throws.
    pub code_leads: bool,
    /// The command that raised it has given errorInfo itself, so the next frame adds no quotation of it.
    pub is_logged: bool,
    /// The words that a `tailcall` wants called in place of its procedure.
    pub tailcall: Option<Vec<Value>>,
    /// Not to be caught by scripts: a cancel, or a limit of the whole evaluation.
    pub is_uncatchable: bool,
}

/// What a command or script came to.
pub type Outcome = Result<Value, Box<Exception>>;

impl Exception {
    /// A completion with this code and nothing else.
    pub fn new(code: i32, value: Value) -> Box<Exception> {
        Box::new(Exception {
            code,
            value,
            return_code: code::OK,
            return_level: 1,
            error_code: None,
            info: None,
            line: 1,
            stack: None,
            other: None,
            code_leads: false,
            is_logged: false,
            tailcall: None,
            is_uncatchable: false,
        })
    }

    /// An error with errorCode `NONE`.
    pub fn error(message: impl Into<Value>) -> Box<Exception> {
        Exception::new(code::ERROR, message.into())
    }

    /// An error with the words of its errorCode.
    pub fn with_code<const N: usize>(
        message: impl Into<Value>,
        words: [&str; N],
    ) -> Box<Exception> {
        let mut exception = Exception::error(message);
        exception.error_code = Some(Value::list(
            words.iter().map(|word| Value::text(word)).collect(),
        ));
        exception
    }

    /// `break`
    pub fn break_loop() -> Box<Exception> {
        Exception::new(code::BREAK, Value::EMPTY)
    }

    /// `continue`
    pub fn continue_loop() -> Box<Exception> {
        Exception::new(code::CONTINUE, Value::EMPTY)
    }

    /// `wrong # args: should be "usage"`
    pub fn wrong_args(usage: &str) -> Box<Exception> {
        Exception::with_code(
            format!("wrong # args: should be \"{usage}\""),
            ["TCL", "WRONGARGS"],
        )
    }

    /// `bad kind "text": must be a, b, or c` (or `ambiguous …`): no such option, subcommand or the like.
    pub fn bad_index(what: &str, kind: &str, text: &str, choices: &[&str]) -> Box<Exception> {
        let mut message = format!("{what} {kind} \"{text}\": must be ");
        list_choices(&mut message, choices);
        Exception::with_code(message, ["TCL", "LOOKUP", "INDEX", kind, text])
    }

    /// `expected integer but got "text"`
    pub fn not_an_integer(value: &Value) -> Box<Exception> {
        let text = value.str();
        if crate::text::number::parse_number(&text)
            .is_some_and(|n| matches!(n, crate::text::number::Number::Big(_)))
        {
            return Exception::integer_too_large();
        }
        Exception::with_code(
            crate::text::number::expected_number("integer", &text),
            ["TCL", "VALUE", "NUMBER"],
        )
    }

    /// The same of a command that takes 32 bits, which has another errorCode and quotes all of the text.
    pub fn not_a_small_integer(value: &Value) -> Box<Exception> {
        Exception::with_code(
            format!("expected integer but got \"{value}\""),
            ["TCL", "VALUE", "INTEGER"],
        )
    }

    /// `integer value too large to represent`
    pub fn integer_too_large() -> Box<Exception> {
        const TEXT: &str = "integer value too large to represent";
        Exception::with_code(TEXT, ["ARITH", "IOVERFLOW", TEXT])
    }

    /// `expected floating-point number but got "text"`
    pub fn not_a_double(value: &Value) -> Box<Exception> {
        let text = value.str();
        Exception::with_code(
            crate::text::number::expected_number("floating-point number", &text),
            ["TCL", "VALUE", "NUMBER"],
        )
    }

    /// `expected boolean value but got "text"`
    pub fn not_a_boolean(value: &Value) -> Box<Exception> {
        if matches!(value.number(), Some(crate::value::Number::Double(number)) if number.is_nan()) {
            return Exception::with_code(
                "floating point value is Not a Number",
                ["TCL", "VALUE", "DOUBLE", "NAN"],
            );
        }
        let text = value.str();
        Exception::with_code(
            crate::text::number::expected_number("boolean value", &text),
            ["TCL", "VALUE", "NUMBER"],
        )
    }

    /// `invalid command name "name"`
    pub fn no_such_command(name: &str) -> Box<Exception> {
        let mut exception = Exception::with_code(
            format!("invalid command name \"{name}\""),
            ["TCL", "LOOKUP", "COMMAND", name],
        );
        exception.code_leads = true;
        exception
    }

    /// `can't OPERATION "name": REASON` about a variable.
    pub fn variable(operation: &str, name: &str, reason: &str, words: &[&str]) -> Box<Exception> {
        let mut exception = Exception::error(format!("can't {operation} \"{name}\": {reason}"));
        exception.error_code = Some(Value::list(
            words.iter().map(|word| Value::text(word)).collect(),
        ));
        exception
    }

    /// `too many nested evaluations (infinite loop?)`
    pub fn too_deep() -> Box<Exception> {
        Exception::with_code(
            "too many nested evaluations (infinite loop?)",
            ["TCL", "LIMIT", "STACK"],
        )
    }

    /// A command that nothing encloses has completed with a code that means nothing there.
    pub(crate) fn unexpected(completion: i32) -> Box<Exception> {
        let message = match completion {
            code::BREAK => "invoked \"break\" outside of a loop".to_owned(),
            code::CONTINUE => "invoked \"continue\" outside of a loop".to_owned(),
            other => format!("command returned bad code: {other}"),
        };
        Exception::with_code(
            message,
            ["TCL", "UNEXPECTED_RESULT_CODE", &completion.to_string()],
        )
    }

    /// The limit on the size of `what` is reached.
    pub fn too_large(what: &str, limit: usize) -> Box<Exception> {
        Exception::with_code(
            format!("{what} would exceed the limit of {limit}"),
            ["TCL", "LIMIT", "SIZE"],
        )
    }

    /// The error code as a value.
    pub fn error_code_value(&self) -> Value {
        self.error_code
            .clone()
            .unwrap_or_else(|| Value::text("NONE"))
    }

    /// Appends to errorInfo, which starts with the message.
    pub fn add_info(&mut self, text: &str) {
        let info = self.info.get_or_insert_with(|| self.value.to_text());
        info.push_str(text);
    }

    /// Adds errorInfo's quotation of the command that failed.
    pub fn log_command(&mut self, command: &str) {
        /// As much of a command as errorInfo quotes.
        const QUOTED_CHARS_MAX: usize = 150;
        let mut text = String::new();
        text.push_str(if self.info.is_none() {
            "\n    while executing\n\""
        } else {
            "\n    invoked from within\n\""
        });
        let mut chars = command.char_indices();
        match chars.nth(QUOTED_CHARS_MAX) {
            Some((end, _)) => {
                text.push_str(&command[..end]);
                text.push_str("...");
            }
            None => text.push_str(command),
        }
        text.push('"');
        self.add_info(&text);
    }

    /// errorInfo as it is now.
    pub fn info_value(&self) -> Value {
        match &self.info {
            Some(info) => Value::text(info),
            None => self.value.clone(),
        }
    }

    /// The return options as `catch` gives them.
    pub fn options(&self) -> Value {
        let mut map = OrderedMap::new();
        if self.code_leads {
            map.insert(Value::text("-errorcode"), self.error_code_value());
        }
        if let Some(other) = &self.other {
            for (key, value) in other.iter() {
                map.insert(key.clone(), value.clone());
            }
        }
        let (shown_code, level) = if self.code == code::RETURN {
            (self.return_code, self.return_level)
        } else {
            (self.code, 0)
        };
        map.insert(Value::text("-code"), Value::int(i64::from(shown_code)));
        map.insert(Value::text("-level"), Value::int(i64::from(level)));
        if self.code == code::ERROR
            || (self.code == code::RETURN && self.return_code == code::ERROR)
        {
            if self.code == code::ERROR || self.stack.is_some() {
                map.insert(
                    Value::text("-errorstack"),
                    self.stack.clone().unwrap_or(Value::EMPTY),
                );
            }
            map.insert(Value::text("-errorcode"), self.error_code_value());
            if self.code == code::ERROR || self.info.is_some() {
                map.insert(Value::text("-errorinfo"), self.info_value());
            }
            if self.code == code::ERROR {
                map.insert(Value::text("-errorline"), Value::int(i64::from(self.line)));
            }
        }
        Value::dict(map)
    }
}

/// `a, b, or c` as Tcl lists choices.
pub fn list_choices(message: &mut String, choices: &[&str]) {
    let count = choices.len();
    for (number, choice) in choices.iter().enumerate() {
        let separator = match number {
            0 => "",
            _ if number + 1 < count => ", ",
            _ if count == 2 => " or ",
            _ => ", or ",
        };
        let _ = write!(message, "{separator}{choice}");
    }
}

impl From<FormError> for Box<Exception> {
    fn from(error: FormError) -> Box<Exception> {
        let mut exception = Exception::error(&*error.message);
        if !error.code.is_empty() {
            exception.error_code = Some(Value::list(
                error.code.iter().map(|word| Value::text(word)).collect(),
            ));
        }
        exception
    }
}

impl From<ArithmeticError> for Box<Exception> {
    fn from(error: ArithmeticError) -> Box<Exception> {
        let domain = |what: &str| ["ARITH", "DOMAIN", what].map(str::to_owned);
        match error {
            ArithmeticError::Operand { what, operator } => {
                let words = domain(what);
                let words = [words[0].as_str(), words[1].as_str(), words[2].as_str()];
                Exception::with_code(
                    format!("can't use {what} as operand of \"{operator}\""),
                    words,
                )
            }
            ArithmeticError::DivideByZero => {
                Exception::with_code("divide by zero", ["ARITH", "DIVZERO", "divide by zero"])
            }
            ArithmeticError::Domain => Exception::with_code(
                "domain error: argument not in valid range",
                [
                    "ARITH",
                    "DOMAIN",
                    "domain error: argument not in valid range",
                ],
            ),
            ArithmeticError::ZeroToNegativePower => Exception::with_code(
                "exponentiation of zero by negative power",
                [
                    "ARITH",
                    "DOMAIN",
                    "exponentiation of zero by negative power",
                ],
            ),
            ArithmeticError::NegativeShift => Exception::error("negative shift argument"),
            ArithmeticError::TooLarge => Exception::error("integer value too large to represent"),
            ArithmeticError::ExponentTooLarge => Exception::error("exponent too large"),
            ArithmeticError::NotAList(error) => error.into(),
        }
    }
}
