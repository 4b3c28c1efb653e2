//! Byte arrays: values whose chars are all U+0000 to U+00FF, held as bytes.

use std::cell::OnceCell;
use std::rc::Rc;

use super::string::Rep;
use super::{Repr, Value, unshared};

/// A byte array; its string rep is made when somebody asks.
pub struct BytesObject {
    bytes: Vec<u8>,
    text: OnceCell<String>,
}

impl BytesObject {
    /// A byte array.
    pub fn new(bytes: Vec<u8>) -> BytesObject {
        BytesObject {
            bytes,
            text: OnceCell::new(),
        }
    }

    pub(crate) fn has_text(&self) -> bool {
        self.text.get().is_some()
    }

    fn push(&mut self, tail: &[u8]) {
        self.bytes.extend_from_slice(tail);
        self.text.take();
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// The string rep: one char a byte.
    pub fn as_str(&self) -> &str {
        self.text.get_or_init(|| match str::from_utf8(&self.bytes) {
            Ok(text) if text.is_ascii() => text.to_owned(),
            _ => self.bytes.iter().map(|byte| char::from(*byte)).collect(),
        })
    }
}

impl Value {
    /// The value as bytes: the low eight bits of each char, as tclsh 8.6 reads a byte array.
    pub fn to_bytes(&self) -> Rc<BytesObject> {
        match &self.0 {
            Repr::Bytes(object) => object.clone(),
            Repr::String(object) => {
                let kept = object.with_rep(|rep| match rep {
                    Rep::Bytes(bytes) => Some(bytes.clone()),
                    _ => None,
                });
                kept.unwrap_or_else(|| {
                    let bytes = Rc::new(BytesObject::new(low_bytes(object.as_str())));
                    object.set_rep(Rep::Bytes(bytes.clone()));
                    bytes
                })
            }
            _ => Rc::new(BytesObject::new(low_bytes(&self.str()))),
        }
    }

    /// Appends a byte array to a byte array or to nothing, as bytes; false, with nothing done, for other values.
    pub(crate) fn append_bytes(&mut self, tail: &Value) -> bool {
        let Repr::Bytes(more) = &tail.0 else {
            return false;
        };
        match &mut self.0 {
            Repr::Short(short) if short.byte_count() == 0 => *self = tail.clone(),
            Repr::Bytes(object) => match unshared(object) {
                Some(own) => own.push(&more.bytes),
                None => {
                    let room = object.bytes.len() + more.bytes.len();
                    let mut bytes = Vec::with_capacity(room.max(32).next_power_of_two());
                    bytes.extend_from_slice(&object.bytes);
                    bytes.extend_from_slice(&more.bytes);
                    *self = Value::bytes(bytes);
                }
            },
            _ => return false,
        }
        true
    }

    /// Whether the value is held as a byte array, so that using it as bytes costs nothing.
    pub fn is_bytes(&self) -> bool {
        matches!(self.0, Repr::Bytes(_))
    }
}

fn low_bytes(text: &str) -> Vec<u8> {
    if text.is_ascii() {
        text.as_bytes().to_vec()
    } else {
        text.chars().map(|c| u32::from(c) as u8).collect()
    }
}
