//! The Tcl value: 16 bytes, cheap to copy, immutable while shared.
//!
//! What it is: [`Value`], an immediate number, an inline short string, or a counted pointer to a long
//! string, list, dict, big integer or byte array. Each pointed-to form keeps its string rep once somebody
//! has looked at it, and a string keeps one internal rep (its number, list, dict, compiled code …).
//! What it is not: a variable. The private forms `Unset`, `Link` and `Array` live in the slots of
//! variables (see [`variable`]) and never reach a command.
//!
//! Read [`Value`] first. Changing in place works through [`Value::list_mut`], [`Value::dict_mut`] and
//! [`Value::append_text`]: they copy when shared, and otherwise change the one owner's data.

pub mod bytes;
pub mod dict;
pub mod list;
pub mod number;
mod representation;
pub mod short;
pub mod string;
pub mod variable;

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use num_bigint::BigInt;

pub use bytes::BytesObject;
pub use dict::{DictObject, OrderedMap};
pub use list::ListObject;
pub use number::Number;
pub use short::Short;
pub use string::{StringObject, Text};
pub use variable::{ArrayObject, Variable};

/// A Tcl value.
///
/// Equality and hashing of values go by their string reps, as everywhere in Tcl: see [`Value::same_text`].
pub struct Value(pub(crate) Repr);

impl Clone for Value {
    #[inline(always)]
    fn clone(&self) -> Value {
        if self.is_counted() {
            return Value(self.0.clone_counted());
        }
        // SAFETY: the forms that are not counted are plain words.
        unsafe { std::ptr::read(self) }
    }
}

/// The forms a value takes. Each is one 64-bit word of integer or pointer behind its tag, so that values are passed in
/// registers and copied by words.
#[derive(Clone)]
pub(crate) enum Repr {
    /// An integer that prints in decimal.
    Int(i64),
    /// A double that prints as Tcl prints doubles.
    Double(Real),
    /// A string of at most [`short::SHORT_BYTES_MAX`] bytes, held inline.
    Short(Short),
    /// Variable slots only: no value.
    Unset,
    // From here on counted.
    /// A longer string, or one that keeps an internal rep.
    String(Rc<StringObject>),
    /// A list; its string rep is made when asked for.
    List(Rc<ListObject>),
    /// A dict; its string rep is made when asked for.
    Dict(Rc<DictObject>),
    /// An integer outside 64 bits.
    Big(Rc<BigInt>),
    /// A byte array: the characters U+0000 to U+00FF.
    Bytes(Rc<BytesObject>),
    /// Variable slots only: the variable is an array.
    Array(Rc<ArrayObject>),
    /// Variable slots only: the slot stands for a variable that lives elsewhere.
    Link(Rc<Variable>),
}

impl Repr {
    /// A clone of a counted form. Apart from [`Value::clone`], so that cloning a number takes no jump by form.
    fn clone_counted(&self) -> Repr {
        self.clone()
    }
}

/// A double as its bits: a word like every other form of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Real(u64);

impl Real {
    /// The bits of a double.
    #[inline]
    pub const fn new(number: f64) -> Real {
        Real(number.to_bits())
    }

    /// The double.
    #[inline]
    pub const fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// Why a value has no list or dict form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormError {
    /// tclsh's message.
    pub message: Box<str>,
    /// The words of tclsh's errorCode.
    pub code: &'static [&'static str],
}

thread_local! {
    /// Engine mode `share`: every value counts as shared, so that nothing is changed in place.
    static SHARE_ALL: Cell<bool> = const { Cell::new(false) };
}

/// Engine mode `share`: with `on`, every value of this thread counts as shared from now on.
pub fn set_share_all(on: bool) {
    SHARE_ALL.with(|cell| cell.set(on));
}

/// The mutable content of a counted object when nobody else holds it.
pub(crate) fn unshared<T>(object: &mut Rc<T>) -> Option<&mut T> {
    if SHARE_ALL.with(Cell::get) {
        return None;
    }
    Rc::get_mut(object)
}

impl Value {
    /// The empty string.
    pub const EMPTY: Value = Value(Repr::Short(Short::EMPTY));
    /// The private mark of a variable slot without a value.
    pub(crate) const UNSET: Value = Value(Repr::Unset);

    /// The empty string.
    #[inline]
    pub const fn empty() -> Value {
        Value::EMPTY
    }

    /// A 64-bit integer.
    #[inline]
    pub const fn int(number: i64) -> Value {
        Value(Repr::Int(number))
    }

    /// A double.
    #[inline]
    pub const fn double(number: f64) -> Value {
        Value(Repr::Double(Real::new(number)))
    }

    /// 1 or 0, as expr gives truth values.
    #[inline]
    pub const fn boolean(truth: bool) -> Value {
        Value(Repr::Int(truth as i64))
    }

    /// A string, kept inline when short.
    #[inline]
    pub fn text(text: &str) -> Value {
        match Short::new(text) {
            Some(short) => Value(Repr::Short(short)),
            None => Value(Repr::String(Rc::new(StringObject::new(text.to_owned())))),
        }
    }

    /// A string that takes over `text`, kept inline when short.
    #[inline]
    pub fn string(text: String) -> Value {
        match Short::new(&text) {
            Some(short) => Value(Repr::Short(short)),
            None => Value(Repr::String(Rc::new(StringObject::new(text)))),
        }
    }

    /// A string that can keep an internal rep even when it is short: for literals of code, which are used
    /// over and over as list, script or number.
    pub fn literal(text: &str) -> Value {
        Value(Repr::String(Rc::new(StringObject::new(text.to_owned()))))
    }

    /// A list of the given elements.
    pub fn list(elements: Vec<Value>) -> Value {
        if elements.is_empty() {
            return Value::EMPTY;
        }
        Value(Repr::List(Rc::new(ListObject::new(elements))))
    }

    /// A dict of the given entries.
    pub fn dict(entries: OrderedMap) -> Value {
        if entries.is_empty() {
            return Value::EMPTY;
        }
        Value(Repr::Dict(Rc::new(DictObject::new(entries))))
    }

    /// A byte array.
    pub fn bytes(bytes: Vec<u8>) -> Value {
        Value(Repr::Bytes(Rc::new(BytesObject::new(bytes))))
    }

    /// An integer of any size, immediate when it fits 64 bits.
    pub fn big(number: BigInt) -> Value {
        match i64::try_from(&number) {
            Ok(small) => Value::int(small),
            Err(_) => Value(Repr::Big(Rc::new(number))),
        }
    }

    /// Whether this is a value, and not a private mark of a variable slot.
    #[inline]
    pub(crate) fn is_value(&self) -> bool {
        !matches!(self.0, Repr::Unset | Repr::Link(_) | Repr::Array(_))
    }

    /// Whether this is the mark of a slot without a value.
    #[inline]
    pub(crate) fn is_unset(&self) -> bool {
        matches!(self.0, Repr::Unset)
    }

    /// The string rep. O(1) unless it must be made first; kept afterwards, except for numbers, which print
    /// into a small buffer each time.
    #[inline]
    pub fn str(&self) -> Text<'_> {
        match self.held_text() {
            Some(text) => Text::borrowed(text),
            None => self.text_of_form(),
        }
    }

    fn text_of_form(&self) -> Text<'_> {
        match &self.0 {
            Repr::Int(number) => Text::int(*number),
            Repr::Double(number) => Text::double(number.get()),
            Repr::Short(short) => Text::borrowed(short.as_str()),
            Repr::String(object) => Text::borrowed(object.as_str()),
            Repr::List(object) => Text::borrowed(object.as_str()),
            Repr::Dict(object) => Text::borrowed(object.as_str()),
            Repr::Big(number) => Text::owned(number.to_string()),
            Repr::Bytes(object) => Text::borrowed(object.as_str()),
            Repr::Array(_) | Repr::Link(_) | Repr::Unset => Text::borrowed(""),
        }
    }

    /// The string rep, if the value is held as nothing else: the common case of [`Value::str`] without a place for digits.
    #[inline]
    pub(crate) fn held_text(&self) -> Option<&str> {
        match &self.0 {
            Repr::Short(short) => Some(short.as_str()),
            Repr::String(object) => Some(object.as_str()),
            _ => None,
        }
    }

    /// The string rep as an owned string.
    pub fn to_text(&self) -> String {
        match &self.0 {
            Repr::Big(number) => number.to_string(),
            _ => self.str().as_ref().to_owned(),
        }
    }

    /// Whether the string rep is empty, without making it for a number, a list or a dict.
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            Repr::Short(short) => short.as_str().is_empty(),
            Repr::String(object) => object.as_str().is_empty(),
            Repr::List(object) => object.elements().is_empty(),
            Repr::Dict(object) => object.map().is_empty(),
            Repr::Bytes(object) => object.as_slice().is_empty(),
            _ => false,
        }
    }

    /// Whether both string reps are the same.
    pub fn same_text(&self, other: &Value) -> bool {
        match (&self.0, &other.0) {
            (Repr::Int(left), Repr::Int(right)) => left == right,
            (Repr::Short(left), Repr::Short(right)) => left == right,
            (Repr::Short(left), Repr::String(right)) | (Repr::String(right), Repr::Short(left)) => {
                left.as_str() == right.as_str()
            }
            (Repr::String(left), Repr::String(right)) => {
                Rc::ptr_eq(left, right) || left.as_str() == right.as_str()
            }
            (Repr::Bytes(left), Repr::Bytes(right)) => left.as_slice() == right.as_slice(),
            // Without making a string of a list.
            (Repr::List(_) | Repr::Dict(_), _) if other.is_empty() => self.is_empty(),
            (_, Repr::List(_) | Repr::Dict(_)) if self.is_empty() => other.is_empty(),
            _ => *self.str() == *other.str(),
        }
    }

    /// Engine mode `forget`: the same value with nothing but its string rep.
    pub fn forgotten(&self) -> Value {
        if self.is_value() {
            Value::text(&self.str())
        } else {
            self.clone()
        }
    }

    /// The internal rep of another layer kept on a string (compiled code, a regular expression …).
    pub fn cached<T: 'static>(&self) -> Option<Rc<T>> {
        match &self.0 {
            Repr::String(object) => object.cached::<T>(),
            Repr::List(object) => object.cached::<T>(),
            _ => None,
        }
    }

    /// Keeps an internal rep of another layer on this value, if its form can keep one.
    pub fn set_cached<T: 'static>(&self, rep: &Rc<T>) {
        match &self.0 {
            Repr::String(object) => object.set_cached(rep.clone()),
            Repr::List(object) => object.set_cached(rep.clone()),
            _ => {}
        }
    }
}

impl Default for Value {
    fn default() -> Value {
        Value::EMPTY
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Unset => formatter.write_str("<unset>"),
            Repr::Link(_) => formatter.write_str("<link>"),
            Repr::Array(_) => formatter.write_str("<array>"),
            _ => fmt::Debug::fmt(&*self.str(), formatter),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.str())
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        self.same_text(other)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::int(number)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Value {
        Value::int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::double(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Value {
        Value::boolean(truth)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::string(text)
    }
}

impl From<Vec<Value>> for Value {
    fn from(elements: Vec<Value>) -> Value {
        Value::list(elements)
    }
}

const _: () = assert!(size_of::<Value>() == 16);
