//! Lists: counted vectors of values, their string reps, and dropping deep ones without recursion.

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use super::dict::{DictObject, OrderedMap};
use super::string::{Rep, StringObject};
use super::{FormError, Repr, Value, unshared};
use crate::syntax::list as syntax;
use crate::text::number::canonical_decimal;

/// How deep lists may nest when their string rep is made. Each level's string holds all inner ones, so the
/// work grows with the square of the depth; 5,000 levels make 25 MB.
pub const LIST_TEXT_NESTING_MAX: usize = 5_000;

/// A list.
pub struct ListObject {
    elements: Vec<Value>,
    extra: OnceCell<Box<Extra>>,
}

/// What a list keeps only once somebody has asked.
struct Extra {
    text: OnceCell<String>,
    rep: RefCell<Rep>,
}

impl ListObject {
    /// A list of these elements.
    pub fn new(elements: Vec<Value>) -> ListObject {
        ListObject {
            elements,
            extra: OnceCell::new(),
        }
    }

    /// The elements.
    #[inline]
    pub fn elements(&self) -> &[Value] {
        &self.elements
    }

    fn extra(&self) -> &Extra {
        self.extra.get_or_init(|| {
            Box::new(Extra {
                text: OnceCell::new(),
                rep: RefCell::new(Rep::None),
            })
        })
    }

    /// The string rep; made once, without recursion however deep the list nests.
    pub fn as_str(&self) -> &str {
        if let Some(text) = self.extra().text.get() {
            return text;
        }
        make_inner_texts(&self.elements);
        self.extra()
            .text
            .get_or_init(|| list_text(self.elements.iter()))
    }

    pub(crate) fn has_text(&self) -> bool {
        self.extra
            .get()
            .is_some_and(|extra| extra.text.get().is_some())
    }

    pub(crate) fn with_rep<T>(&self, look: impl FnOnce(&Rep) -> T) -> T {
        match self.extra.get() {
            Some(extra) => look(&extra.rep.borrow()),
            None => look(&Rep::None),
        }
    }

    pub(crate) fn set_rep(&self, rep: Rep) {
        drop(self.extra().rep.replace(rep));
    }

    /// The internal rep of another layer, if it has this type.
    pub fn cached<T: 'static>(&self) -> Option<Rc<T>> {
        self.with_rep(|rep| match rep {
            Rep::Other(any) => any.clone().downcast::<T>().ok(),
            _ => None,
        })
    }

    /// Keeps an internal rep of another layer.
    pub fn set_cached(&self, rep: Rc<dyn Any>) {
        self.set_rep(Rep::Other(rep));
    }

    /// The elements for changing; whatever was made from the old ones is forgotten.
    pub(crate) fn elements_mut(&mut self) -> &mut Vec<Value> {
        self.extra.take();
        &mut self.elements
    }
}

impl Drop for ListObject {
    fn drop(&mut self) {
        let elements = std::mem::take(&mut self.elements);
        // Short lists of numbers are many, and have nothing below them to drop.
        if elements.len() <= 8 && !elements.iter().any(Value::is_counted) {
            return;
        }
        drop_flat(elements);
    }
}

/// How many drops of containers may nest before the rest waits its turn.
const DROP_NESTING_MAX: u32 = 64;

thread_local! {
    /// How many drops of containers nest now, and whether any wait.
    static DROPS: Cell<(u32, bool)> = const { Cell::new((0, false)) };
    static DROPS_WAITING: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

/// Drops a container's content so that containers nested without limit do not exhaust the Rust stack.
pub(crate) fn drop_flat<T: 'static>(content: T) {
    let Ok((nesting, waits)) = DROPS.try_with(Cell::get) else {
        return;
    };
    if nesting >= DROP_NESTING_MAX {
        let _ = DROPS_WAITING.try_with(|waiting| waiting.borrow_mut().push(Box::new(content)));
        let _ = DROPS.try_with(|cell| cell.set((nesting, true)));
        return;
    }
    let _ = DROPS.try_with(|cell| cell.set((nesting + 1, waits)));
    drop(content);
    let waits = DROPS.try_with(|cell| {
        let waits = cell.get().1;
        cell.set((nesting, waits));
        waits
    });
    if nesting == 0 && waits == Ok(true) {
        drop_waiting();
    }
}

#[cold]
fn drop_waiting() {
    while let Ok(Some(next)) = DROPS_WAITING.try_with(|waiting| waiting.borrow_mut().pop()) {
        let _ = DROPS.try_with(|cell| cell.set((1, true)));
        drop(next);
    }
    let _ = DROPS.try_with(|cell| cell.set((0, false)));
}

/// The string rep of a list of these elements.
pub(crate) fn list_text<'a>(elements: impl Iterator<Item = &'a Value>) -> String {
    let mut text = String::new();
    for (index, element) in elements.enumerate() {
        match &element.0 {
            Repr::Int(number) => {
                if index > 0 {
                    text.push(' ');
                }
                let mut buffer = itoa::Buffer::new();
                text.push_str(buffer.format(*number));
            }
            _ => syntax::append_element(&mut text, &element.str(), index == 0),
        }
    }
    text
}

/// A list or dict whose string rep is not made yet.
#[derive(Clone)]
enum Textless {
    List(Rc<ListObject>),
    Dict(Rc<DictObject>),
}

impl Textless {
    fn of(value: &Value) -> Option<Textless> {
        match &value.0 {
            Repr::List(list) if !list.has_text() => Some(Textless::List(list.clone())),
            Repr::Dict(dict) if !dict.has_text() => Some(Textless::Dict(dict.clone())),
            _ => None,
        }
    }

    fn children(&self) -> Vec<Textless> {
        match self {
            Textless::List(list) => list.elements.iter().filter_map(Textless::of).collect(),
            Textless::Dict(dict) => dict
                .map()
                .iter()
                .flat_map(|(key, value)| [key, value])
                .filter_map(Textless::of)
                .collect(),
        }
    }

    fn make(&self) {
        match self {
            Textless::List(list) => drop(list.as_str().len()),
            Textless::Dict(dict) => drop(dict.as_str().len()),
        }
    }
}

/// Makes the string reps of all lists and dicts nested in `elements`, innermost first.
///
/// Unwinds with [`crate::limits::LimitReached`] when they nest deeper than [`LIST_TEXT_NESTING_MAX`].
pub(crate) fn make_inner_texts<'a>(elements: impl IntoIterator<Item = &'a Value>) {
    let mut levels: Vec<Vec<Textless>> =
        vec![elements.into_iter().filter_map(Textless::of).collect()];
    let mut parents: Vec<Textless> = Vec::new();
    while let Some(level) = levels.last_mut() {
        match level.pop() {
            Some(child) => {
                let inner = child.children();
                if inner.is_empty() {
                    child.make();
                    continue;
                }
                if levels.len() >= LIST_TEXT_NESTING_MAX {
                    crate::limits::reached("too many nested lists: no string for this value");
                }
                parents.push(child);
                levels.push(inner);
            }
            None => {
                levels.pop();
                if let Some(parent) = parents.pop() {
                    parent.make();
                }
            }
        }
    }
}

impl Value {
    /// The value as a list. O(1) when it is one or was asked before; otherwise its string is parsed and
    /// the result kept.
    ///
    /// Errors: `TCL VALUE LIST …` when the string is not a well-formed list.
    pub fn to_list(&self) -> Result<Rc<ListObject>, FormError> {
        match &self.0 {
            Repr::List(list) => Ok(list.clone()),
            Repr::String(object) => list_of_string(object),
            Repr::Dict(object) => Ok(object.to_list()),
            Repr::Int(_) => Ok(Rc::new(ListObject::new(vec![self.clone()]))),
            Repr::Short(short) if is_one_word(short.as_str()) => {
                Ok(Rc::new(ListObject::new(vec![self.clone()])))
            }
            _ => Ok(Rc::new(ListObject::new(parse(&self.str())?))),
        }
    }

    /// The number of list elements.
    pub fn list_length(&self) -> Result<usize, FormError> {
        match &self.0 {
            Repr::List(list) => Ok(list.elements.len()),
            Repr::Int(_) | Repr::Double(_) | Repr::Big(_) => Ok(1),
            Repr::Short(short) if short.as_str().is_empty() => Ok(0),
            Repr::Dict(dict) => Ok(dict.map().len() * 2),
            _ => Ok(self.to_list()?.elements.len()),
        }
    }

    /// Element `index` of the list, or None past its end.
    #[inline]
    pub fn list_element(&self, index: usize) -> Result<Option<Value>, FormError> {
        match &self.0 {
            Repr::List(list) => Ok(list.elements.get(index).cloned()),
            _ => Ok(self.to_list()?.elements.get(index).cloned()),
        }
    }

    /// What `look` finds in the list, if the value is held as one or keeps it beside its string: without counting it.
    #[inline]
    pub(crate) fn with_kept_list<T>(&self, look: impl FnOnce(&ListObject) -> T) -> Option<T> {
        match &self.0 {
            Repr::List(list) => Some(look(list)),
            Repr::String(object) => object.with_rep(|rep| match rep {
                Rep::List(list) => Some(look(list)),
                _ => None,
            }),
            _ => None,
        }
    }

    /// The elements for changing in place: the value becomes a list of its own, copied only when shared.
    ///
    /// Errors: as [`Value::to_list`]; the value is then unchanged.
    pub fn list_mut(&mut self) -> Result<&mut Vec<Value>, FormError> {
        let owned = match &mut self.0 {
            Repr::List(list) => unshared(list).is_some(),
            _ => false,
        };
        if !owned {
            let copy = |list: &ListObject| Rc::new(ListObject::new(with_room(&list.elements)));
            self.0 = Repr::List(match &self.0 {
                Repr::List(list) => copy(list),
                _ => {
                    let mut list = self.to_list()?;
                    // The old form may be all that shares the list.
                    *self = Value::EMPTY;
                    if Rc::get_mut(&mut list).is_none() {
                        list = copy(&list);
                    }
                    list
                }
            });
        }
        match &mut self.0 {
            Repr::List(list) => match Rc::get_mut(list) {
                Some(list) => Ok(list.elements_mut()),
                None => Err(FormError {
                    message: "internal: shared list".into(),
                    code: &[],
                }),
            },
            _ => Err(FormError {
                message: "internal: no list".into(),
                code: &[],
            }),
        }
    }

    /// Whether the value is held as a list, so that it may be evaluated as words without parsing.
    pub fn is_list(&self) -> bool {
        matches!(self.0, Repr::List(_))
    }
}

/// A copy of a shared list, with room to grow as its owner is about to change it.
fn with_room(elements: &[Value]) -> Vec<Value> {
    let mut copy = Vec::with_capacity(elements.len() + 4);
    copy.extend_from_slice(elements);
    copy
}

fn list_of_string(object: &Rc<StringObject>) -> Result<Rc<ListObject>, FormError> {
    let kept = object.with_rep(|rep| match rep {
        Rep::List(list) => Some(list.clone()),
        Rep::Dict(dict) => Some(dict.to_list()),
        _ => None,
    });
    if let Some(list) = kept {
        return Ok(list);
    }
    let list = Rc::new(ListObject::new(parse(object.as_str())?));
    object.set_rep(Rep::List(list.clone()));
    Ok(list)
}

/// Whether the list that `text` reads as has one element with the same text, for the plainest of texts.
fn is_one_word(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(
            |byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-'),
        )
}

fn parse(text: &str) -> Result<Vec<Value>, FormError> {
    let mut elements = Vec::new();
    if text.is_empty() {
        return Ok(elements);
    }
    for element in syntax::elements(text) {
        let element = element.map_err(|error| FormError {
            message: error.message().into(),
            code: error.code(),
        })?;
        elements.push(Value::element(&element));
    }
    Ok(elements)
}

impl Value {
    /// A piece of some text as a value. A piece that is how an integer prints becomes that integer, as which it is most
    /// often used.
    #[inline]
    pub fn piece(text: &str) -> Value {
        match text.as_bytes().first() {
            Some(b'0'..=b'9' | b'-') => {
                canonical_decimal(text).map_or_else(|| Value::text(text), Value::int)
            }
            _ => Value::text(text),
        }
    }

    /// An element of a list's text as a value. One with blanks is likely to be used as a list or script, and then keeps
    /// what it reads as.
    fn element(text: &str) -> Value {
        if text.len() <= super::short::SHORT_BYTES_MAX
            && text.bytes().any(|byte| matches!(byte, b' ' | b'\n'))
        {
            return Value::literal(text);
        }
        Value::piece(text)
    }
}

/// The pairs of a list of even length as a map; the message is dict's.
pub(crate) fn pairs(elements: &[Value]) -> Result<OrderedMap, FormError> {
    if !elements.len().is_multiple_of(2) {
        return Err(FormError {
            message: "missing value to go with key".into(),
            code: &["TCL", "VALUE", "DICTIONARY"],
        });
    }
    let mut map = OrderedMap::with_capacity(elements.len() / 2);
    for pair in elements.chunks_exact(2) {
        map.insert(pair[0].clone(), pair[1].clone());
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_nested_lists_are_dropped_without_recursion() {
        let mut value = Value::text("x");
        for _ in 0..1_000_000 {
            value = Value::list(vec![value]);
        }
        drop(value);
    }

    #[test]
    fn strings_of_nested_lists_are_quoted() {
        let inner = Value::list(vec![Value::text("a b"), Value::empty()]);
        let outer = Value::list(vec![inner, Value::int(7)]);
        assert_eq!(&*outer.str(), "{{a b} {}} 7");
    }

    #[test]
    fn changing_a_list_leaves_other_holders_alone() {
        let mut first = Value::literal("1 2 3");
        let second = first.clone();
        first.list_mut().expect("a list").push(Value::int(4));
        assert_eq!(&*first.str(), "1 2 3 4");
        assert_eq!(&*second.str(), "1 2 3");
    }
}
