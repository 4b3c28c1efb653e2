//! What names were found to stand for lately, where no call site remembers it: the words of lists and prefixes.

use std::rc::Rc;

use super::Interp;
use super::namespace::Namespace;
use super::unit::Callee;
use crate::value::Value;

/// How many names are remembered, each in the one place that its text leads to.
const PLACES: usize = 64;

/// What names stood for; empty until the first is asked for.
#[derive(Default)]
pub(crate) struct RecentCallees(Vec<RecentCallee>);

/// What one name stood for in one namespace.
#[derive(Clone)]
struct RecentCallee {
    /// [`Interp::command_epoch`] then; 0 for none yet.
    epoch: u64,
    namespace_id: u64,
    name: Value,
    callee: Callee,
}

/// The place of a name: by its length and what it ends in, which differs more than what qualified names begin with.
fn place_of(name: &str) -> usize {
    let last = name.as_bytes().last_chunk::<4>().map_or_else(
        || name.bytes().fold(0, |sum, byte| sum << 8 | u32::from(byte)),
        |bytes| u32::from_le_bytes(*bytes),
    );
    let mixed = (last ^ name.len() as u32).wrapping_mul(0x9e37_79b1);
    (mixed >> 26) as usize % PLACES
}

impl Interp {
    /// As [`Interp::callee`], for a name that is looked up at each call.
    pub(crate) fn recent_callee(
        &mut self,
        name: &Value,
        namespace: &Rc<Namespace>,
    ) -> Option<Callee> {
        let Some(text) = name.held_text() else {
            return self.callee(&name.str(), namespace);
        };
        let place = place_of(text);
        if let Some(recent) = self.recent_callees.0.get(place)
            && recent.epoch == self.command_epoch
            && recent.namespace_id == namespace.id
            && recent.name.same_text(name)
        {
            return Some(recent.callee.clone());
        }
        let callee = self.callee(text, namespace)?;
        let recent = RecentCallee {
            epoch: self.command_epoch,
            namespace_id: namespace.id,
            name: name.clone(),
            callee: callee.clone(),
        };
        let places = &mut self.recent_callees.0;
        if places.is_empty() {
            let none = RecentCallee {
                epoch: 0,
                namespace_id: 0,
                name: Value::EMPTY,
                callee: Callee::None,
            };
            places.resize(PLACES, none);
        }
        if let Some(kept) = places.get_mut(place) {
            *kept = recent;
        }
        Some(callee)
    }
}
