//! Long strings, their one internal rep, and the borrowed view of a string rep.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;

use super::bytes::BytesObject;
use super::dict::DictObject;
use super::list::ListObject;
use super::number::Number;
use super::{Repr, Short, Value, unshared};
use crate::text;

/// A string on the heap with the internal rep last asked of it.
pub struct StringObject {
    text: String,
    /// How many chars `text` has; `usize::MAX` until somebody asked.
    char_count: Cell<usize>,
    rep: RefCell<Rep>,
}

/// The internal rep that a string keeps beside its text.
pub(crate) enum Rep {
    /// None yet.
    None,
    /// The string reads as this number.
    Number(Number),
    /// The string reads as this list.
    List(Rc<ListObject>),
    /// The string reads as this dict.
    Dict(Rc<DictObject>),
    /// The string's chars as bytes.
    Bytes(Rc<BytesObject>),
    /// Byte offsets of every [`CHARS_PER_MARK`]th char, for strings that are not ASCII.
    Marks(Rc<[usize]>),
    /// Of a layer above: compiled code, a regular expression.
    Other(Rc<dyn Any>),
}

/// Chars between two remembered byte offsets of a string that is not ASCII.
const CHARS_PER_MARK: usize = 64;

impl StringObject {
    /// A string without an internal rep.
    pub fn new(text: String) -> StringObject {
        StringObject {
            text,
            char_count: Cell::new(usize::MAX),
            rep: RefCell::new(Rep::None),
        }
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The number of chars; counted once.
    pub fn char_count(&self) -> usize {
        let known = self.char_count.get();
        if known != usize::MAX {
            return known;
        }
        let count = char_count(&self.text);
        self.char_count.set(count);
        count
    }

    /// Whether every char is one byte.
    pub fn is_ascii(&self) -> bool {
        self.char_count() == self.text.len()
    }

    /// The byte offset of char `index`, which is at most the number of chars.
    pub fn byte_offset(&self, index: usize) -> usize {
        if self.is_ascii() {
            return index.min(self.text.len());
        }
        let marks = self.marks();
        let mark = (index / CHARS_PER_MARK).min(marks.len() - 1);
        let start = marks[mark];
        let rest = index - mark * CHARS_PER_MARK;
        start + byte_offset(&self.text[start..], rest)
    }

    fn marks(&self) -> Rc<[usize]> {
        if let Rep::Marks(marks) = &*self.rep.borrow() {
            return marks.clone();
        }
        let marks: Rc<[usize]> = self
            .text
            .char_indices()
            .step_by(CHARS_PER_MARK)
            .map(|(offset, _)| offset)
            .collect();
        let marks = if marks.is_empty() {
            Rc::from([0usize].as_slice())
        } else {
            marks
        };
        *self.rep.borrow_mut() = Rep::Marks(marks.clone());
        marks
    }

    /// Looks at the internal rep.
    pub(crate) fn with_rep<T>(&self, look: impl FnOnce(&Rep) -> T) -> T {
        look(&self.rep.borrow())
    }

    /// Replaces the internal rep.
    pub(crate) fn set_rep(&self, rep: Rep) {
        // The old rep is dropped after the borrow ends, since its drop may run long.
        let old = self.rep.replace(rep);
        drop(old);
    }

    /// The internal rep of another layer, if it has this type.
    pub fn cached<T: 'static>(&self) -> Option<Rc<T>> {
        match &*self.rep.borrow() {
            Rep::Other(any) => any.clone().downcast::<T>().ok(),
            _ => None,
        }
    }

    /// Keeps an internal rep of another layer.
    pub fn set_cached(&self, rep: Rc<dyn Any>) {
        self.set_rep(Rep::Other(rep));
    }

    fn push(&mut self, tail: &str) {
        self.text.push_str(tail);
        self.char_count.set(usize::MAX);
        *self.rep.get_mut() = Rep::None;
    }
}

/// The number of chars in `text`.
pub fn char_count(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.chars().count()
    }
}

/// The byte offset of char `index` of `text`, or the length of `text` past its end.
pub fn byte_offset(text: &str, index: usize) -> usize {
    text.char_indices()
        .nth(index)
        .map_or(text.len(), |(offset, _)| offset)
}

/// A view of a string rep; derefs to `str`. Numbers print into the buffer inside.
pub struct Text<'a>(View<'a>);

enum View<'a> {
    Borrowed(&'a str),
    Buffer { bytes: [u8; 32], byte_count: u8 },
    Owned(String),
}

impl<'a> Text<'a> {
    #[inline]
    pub(crate) fn borrowed(text: &'a str) -> Text<'a> {
        Text(View::Borrowed(text))
    }

    pub(crate) fn owned(text: String) -> Text<'a> {
        Text(View::Owned(text))
    }

    pub(crate) fn int(number: i64) -> Text<'a> {
        let mut buffer = itoa::Buffer::new();
        Text::buffered(buffer.format(number))
    }

    pub(crate) fn double(number: f64) -> Text<'a> {
        Text::buffered(&text::double::format_double(number))
    }

    fn buffered(text: &str) -> Text<'a> {
        let mut bytes = [0; 32];
        match bytes.get_mut(..text.len()) {
            Some(room) => {
                room.copy_from_slice(text.as_bytes());
                Text(View::Buffer {
                    bytes,
                    byte_count: text.len() as u8,
                })
            }
            None => Text::owned(text.to_owned()),
        }
    }
}

impl Deref for Text<'_> {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        match &self.0 {
            View::Borrowed(text) => text,
            // SAFETY: `buffered` is the only maker of this form and copies a whole `str`.
            View::Buffer { bytes, byte_count } => unsafe {
                str::from_utf8_unchecked(bytes.get_unchecked(..*byte_count as usize))
            },
            View::Owned(text) => text,
        }
    }
}

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        self
    }
}

impl std::fmt::Display for Text<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self)
    }
}

impl Value {
    /// The number of chars of the string rep. O(1) for numbers, short strings and strings asked before.
    pub fn char_count(&self) -> usize {
        match &self.0 {
            Repr::String(object) => object.char_count(),
            Repr::Bytes(object) => object.as_slice().len(),
            _ => char_count(&self.str()),
        }
    }

    /// Char `index` of the string rep, counted from 0.
    pub fn char_at(&self, index: usize) -> Option<char> {
        match &self.0 {
            Repr::String(object) => {
                if index >= object.char_count() {
                    return None;
                }
                object.as_str()[object.byte_offset(index)..].chars().next()
            }
            Repr::Bytes(object) => object.as_slice().get(index).map(|byte| char::from(*byte)),
            _ => {
                let text = self.str();
                if text.is_ascii() {
                    text.as_bytes().get(index).map(|byte| char::from(*byte))
                } else {
                    text.chars().nth(index)
                }
            }
        }
    }

    /// Chars `first` through `last` of the string rep; positions past the end mean the last char.
    ///
    /// Returns the empty string when `first` is past `last` or past the end. A byte array gives a byte array.
    pub fn char_range(&self, first: usize, last: usize) -> Value {
        if first > last {
            return Value::EMPTY;
        }
        match &self.0 {
            Repr::String(object) => {
                let count = object.char_count();
                if first >= count {
                    return Value::EMPTY;
                }
                if first == 0 && last >= count - 1 {
                    return self.clone();
                }
                let end = last.saturating_add(1).min(count);
                let (start, end) = (object.byte_offset(first), object.byte_offset(end));
                Value::text(&object.as_str()[start..end])
            }
            Repr::Bytes(object) => {
                let bytes = object.as_slice();
                let end = last.saturating_add(1).min(bytes.len());
                if first >= end {
                    return Value::EMPTY;
                }
                Value::bytes(bytes[first..end].to_vec())
            }
            _ => {
                let text = self.str();
                let start = byte_offset(&text, first);
                let count = (last - first).saturating_add(1);
                let end = start + byte_offset(&text[start..], count);
                Value::text(&text[start..end])
            }
        }
    }

    /// Appends `tail` to the string rep; amortised O(tail) when nobody else holds the value.
    pub fn append_text(&mut self, tail: &str) {
        match &mut self.0 {
            Repr::Short(short) => {
                if let Some(longer) = short.joined(tail) {
                    *short = longer;
                    return;
                }
            }
            Repr::String(object) => {
                if let Some(object) = unshared(object) {
                    object.push(tail);
                    return;
                }
            }
            _ => {}
        }
        let text = self.str();
        let mut longer =
            String::with_capacity((text.len() + tail.len()).max(32).next_power_of_two());
        longer.push_str(&text);
        longer.push_str(tail);
        drop(text);
        *self = match Short::new(&longer) {
            Some(short) => Value(Repr::Short(short)),
            None => Value(Repr::String(Rc::new(StringObject::new(longer)))),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appending_changes_one_owner_only() {
        let mut first = Value::text("abcdefghijklmnop");
        let second = first.clone();
        first.append_text("q");
        assert_eq!(&*first.str(), "abcdefghijklmnopq");
        assert_eq!(&*second.str(), "abcdefghijklmnop");
        first.append_text("r");
        assert_eq!(&*first.str(), "abcdefghijklmnopqr");
    }

    #[test]
    fn chars_are_found_in_text_that_is_not_ascii() {
        let text: String = (0..1000u32)
            .filter_map(|n| char::from_u32(0xe0 + n % 64))
            .collect();
        let value = Value::text(&text);
        assert_eq!(value.char_count(), 1000);
        for index in [0, 1, 63, 64, 65, 500, 999] {
            assert_eq!(value.char_at(index), text.chars().nth(index));
        }
        assert_eq!(value.char_at(1000), None);
        assert_eq!(value.char_range(64, 66).char_count(), 3);
        assert_eq!(value.char_range(998, usize::MAX).char_count(), 2);
        assert_eq!(value.char_range(5, 4).char_count(), 0);
    }
}
