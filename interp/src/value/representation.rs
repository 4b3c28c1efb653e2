//! How a value is held, in words, for `tcl::unsupported::representation`.

use std::rc::Rc;

use super::string::Rep;
use super::{Repr, Value};

/// The most characters of a string rep that are shown; of a longer one fewer, and three dots.
const SHOWN_CHARS: usize = 16;
const CUT_CHARS: usize = SHOWN_CHARS - 3;

/// What is told of a value.
struct Held {
    kind: &'static str,
    /// References, the one asked through included; immediate values have a single one.
    count: usize,
    address: usize,
    has_text: bool,
}

fn held<T>(kind: &'static str, object: &Rc<T>, has_text: bool) -> Held {
    Held {
        kind,
        count: Rc::strong_count(object),
        address: Rc::as_ptr(object) as usize,
        has_text,
    }
}

fn immediate(kind: &'static str, has_text: bool) -> Held {
    Held {
        kind,
        count: 1,
        address: 0,
        has_text,
    }
}

const PURE_STRING: &str = "pure string";

impl Value {
    /// The sentence that tclsh has for it.
    pub(crate) fn representation(&self) -> String {
        let held = self.held();
        let internal = match held.kind {
            PURE_STRING => String::new(),
            _ => format!(", internal representation {:#x}:(nil)", held.address),
        };
        let text = if held.has_text {
            let text = self.str();
            let is_long = text.chars().nth(SHOWN_CHARS).is_some();
            match text.char_indices().nth(CUT_CHARS) {
                Some((end, _)) if is_long => {
                    format!("string representation \"{}...\"", &text[..end])
                }
                _ => format!("string representation \"{}\"", &*text),
            }
        } else {
            "no string representation".to_owned()
        };
        format!(
            "value is a {} with a refcount of {}, object pointer at {:#x}{internal}, {text}",
            held.kind, held.count, held.address
        )
    }

    fn held(&self) -> Held {
        match &self.0 {
            Repr::Int(_) => immediate("int", false),
            Repr::Double(_) => immediate("double", false),
            Repr::Short(_) | Repr::Unset => immediate(PURE_STRING, true),
            Repr::String(object) => {
                let kind = object.with_rep(|rep| match rep {
                    Rep::None => PURE_STRING,
                    Rep::Number(super::Number::Int(_)) => "int",
                    Rep::Number(super::Number::Big(_)) => "bignum",
                    Rep::Number(super::Number::Double(_)) => "double",
                    Rep::List(_) => "list",
                    Rep::Dict(_) => "dict",
                    Rep::Bytes(_) => "bytearray",
                    Rep::Marks(_) => "string",
                    Rep::Other(_) => "bytecode",
                });
                held(kind, object, true)
            }
            Repr::List(object) => held("list", object, object.has_text()),
            Repr::Dict(object) => held("dict", object, object.has_text()),
            Repr::Big(object) => held("bignum", object, false),
            Repr::Bytes(object) => held("bytearray", object, object.has_text()),
            Repr::Array(object) => held("array", object, false),
            Repr::Link(object) => held("link", object, false),
        }
    }
}
