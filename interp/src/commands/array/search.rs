//! `array startsearch`, `anymore`, `nextelement` and `donesearch`.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use super::{is_no_array, is_set, keys, searched};
use crate::runtime::{CommandResult, Exception, Interp, done, done_empty};
use crate::value::{ArrayObject, Value};

/// The searches of an interpreter that are under way.
#[derive(Default)]
pub(super) struct Searches(RefCell<Vec<Search>>);

/// A walk over the elements of an array; adding or removing an element ends it.
struct Search {
    array: Weak<ArrayObject>,
    number: u64,
    /// The names still to come, last first.
    names: Vec<Value>,
    /// [`ArrayObject::epoch`] and the number of elements at its start.
    state: (u64, usize),
}

fn state(array: &ArrayObject) -> (u64, usize) {
    (
        array.epoch.get(),
        array
            .elements
            .borrow()
            .iter()
            .filter(|(_, slot)| is_set(slot))
            .count(),
    )
}

pub(super) fn array_startsearch(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let array = searched(interp, &words[1])?;
    let data = interp.data::<Searches>();
    let mut searches = data.0.borrow_mut();
    drop_ended(&mut searches);
    let of_array = searches.iter().filter(|search| search.is_of(&array));
    let number = of_array.map(|search| search.number).max().unwrap_or(0) + 1;
    let mut names = keys(&array);
    names.reverse();
    searches.push(Search {
        array: Rc::downgrade(&array),
        number,
        names,
        state: state(&array),
    });
    done(format!("s-{number}-{}", words[1]))
}

impl Search {
    fn is_of(&self, array: &Rc<ArrayObject>) -> bool {
        std::ptr::eq(self.array.as_ptr(), Rc::as_ptr(array))
    }
}

fn drop_ended(searches: &mut Vec<Search>) {
    searches.retain(|search| {
        search
            .array
            .upgrade()
            .is_some_and(|array| state(&array) == search.state)
    });
}

/// Does `action` with the search that `words` name, by its position.
fn with_search<T>(
    interp: &mut Interp,
    words: &[Value],
    action: impl FnOnce(&mut Vec<Search>, usize) -> T,
) -> Result<T, Box<Exception>> {
    let array = interp
        .array_object(&words[1])?
        .ok_or_else(|| is_no_array(&words[1]))?;
    let id = words[2].str();
    let fail =
        |message: String| Exception::with_code(message, ["TCL", "LOOKUP", "ARRAYSEARCH", &id]);
    let number = id
        .strip_prefix("s-")
        .and_then(|rest| rest.split_once('-'))
        .and_then(|(digits, name)| {
            let number = digits.parse::<u64>().ok()?;
            Some((number, name))
        });
    let Some((number, name)) = number else {
        return Err(fail(format!("illegal search identifier \"{}\"", &*id)));
    };
    if *name != *words[1].str() {
        return Err(fail(format!(
            "search identifier \"{}\" isn't for variable \"{}\"",
            &*id, words[1]
        )));
    }
    let data = interp.data::<Searches>();
    let mut searches = data.0.borrow_mut();
    drop_ended(&mut searches);
    match searches
        .iter()
        .position(|search| search.number == number && search.is_of(&array))
    {
        Some(at) => Ok(action(&mut searches, at)),
        None => Err(fail(format!("couldn't find search \"{}\"", &*id))),
    }
}

pub(super) fn array_anymore(interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(with_search(interp, words, |searches, at| {
        !searches[at].names.is_empty()
    })?)
}

pub(super) fn array_nextelement(interp: &mut Interp, words: &[Value]) -> CommandResult {
    done(with_search(interp, words, |searches, at| searches[at].names.pop())?.unwrap_or_default())
}

pub(super) fn array_donesearch(interp: &mut Interp, words: &[Value]) -> CommandResult {
    with_search(interp, words, |searches, at| drop(searches.remove(at)))?;
    done_empty()
}
