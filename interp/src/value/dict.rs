//! Dicts and the insertion-ordered map under them, which arrays use too.

use std::cell::OnceCell;
use std::hash::{BuildHasher, Hasher};
use std::rc::Rc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::list::{ListObject, drop_flat, list_text, make_inner_texts, pairs};
use super::string::Rep;
use super::{FormError, Repr, Value, unshared};
use crate::text::number::canonical_decimal;

/// Up to this many entries are searched one by one; the index is built for more.
const LINEAR_MAX: usize = 8;

/// A map from strings to values that keeps the order of insertion.
///
/// Keys compare by their string reps. Removing leaves a hole that later growth closes.
#[derive(Clone, Debug)]
pub struct OrderedMap {
    entries: Vec<Entry>,
    /// Positions in `entries` by hash; empty while there are at most [`LINEAR_MAX`] entries.
    index: HashTable<u32>,
    /// How many entries are holes.
    hole_count: usize,
}

#[derive(Clone, Debug)]
struct Entry {
    hash: u64,
    /// `Unset` marks a hole.
    key: Value,
    value: Value,
}

thread_local! {
    /// Seeded once a process, so that a peer cannot choose colliding keys.
    static SEED: RandomState = RandomState::default();
}

/// Numbers below this, alone or at the end of a text, give neighbouring hashes: programs number their keys and go
/// through them in order, which is then also the order in memory. More digits would let a peer choose many keys of one
/// place; so it can choose at most this many divided by the size of the table.
const NEIGHBOURS_MAX: u64 = 10_000_000;
/// As many digits as [`NEIGHBOURS_MAX`] has zeros.
const NEIGHBOUR_DIGITS: usize = 7;

fn hash_bytes(bytes: &[u8]) -> u64 {
    SEED.with(|seed| {
        let mut hasher = seed.build_hasher();
        hasher.write(bytes);
        hasher.finish()
    })
}

/// The hash of `number` after a text of hash `base`: the low bits, which choose the place in a table, follow the number;
/// the highest, by which a table tells neighbours apart, are mixed.
fn neighbour(base: u64, number: u64) -> u64 {
    const LOW_BITS: u64 = (1 << 57) - 1;
    let mixed = (base ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (base.wrapping_add(number) & LOW_BITS) | (mixed & !LOW_BITS)
}

fn hash_int(number: i64) -> u64 {
    let size = number.unsigned_abs();
    if size < NEIGHBOURS_MAX && number >= 0 {
        return neighbour(hash_bytes(b""), size);
    }
    hash_bytes(&number.to_le_bytes())
}

fn hash_text(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let first = bytes.first().copied().unwrap_or(b'x');
    if (first.is_ascii_digit() || first == b'-')
        && let Some(number) = canonical_decimal(text)
    {
        return hash_int(number);
    }
    let digits = bytes
        .iter()
        .rev()
        .take(NEIGHBOUR_DIGITS)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if digits == 0 {
        return hash_bytes(bytes);
    }
    let (head, tail) = bytes.split_at(bytes.len() - digits);
    let number = tail
        .iter()
        .fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    neighbour(hash_bytes(head), number)
}

fn hash_key(key: &Value) -> u64 {
    match &key.0 {
        Repr::Int(number) => hash_int(*number),
        _ => match key.held_text() {
            Some(text) => hash_text(text),
            None => hash_text(&key.str()),
        },
    }
}

impl OrderedMap {
    /// An empty map.
    pub fn new() -> OrderedMap {
        OrderedMap::with_capacity(0)
    }

    /// An empty map with room for this many entries.
    pub fn with_capacity(count: usize) -> OrderedMap {
        OrderedMap {
            entries: Vec::with_capacity(count),
            index: HashTable::new(),
            hole_count: 0,
        }
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len() - self.hole_count
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn position(&self, hash: u64, same: impl Fn(&Value) -> bool) -> Option<usize> {
        let matches =
            |entry: &Entry| entry.hash == hash && !entry.key.is_unset() && same(&entry.key);
        if self.index.is_empty() {
            return self.entries.iter().position(matches);
        }
        let found = self.index.find(hash, |at| {
            self.entries.get(*at as usize).is_some_and(matches)
        })?;
        Some(*found as usize)
    }

    fn position_of(&self, key: &Value) -> Option<usize> {
        self.position(hash_key(key), |other| other.same_text(key))
    }

    fn position_of_text(&self, key: &str) -> Option<usize> {
        self.position(hash_text(key), |other| *other.str() == *key)
    }

    /// The value of a key.
    pub fn get(&self, key: &Value) -> Option<&Value> {
        self.position_of(key).map(|at| &self.entries[at].value)
    }

    /// The value of a key, for changing.
    pub fn get_mut(&mut self, key: &Value) -> Option<&mut Value> {
        self.position_of(key).map(|at| &mut self.entries[at].value)
    }

    /// The value of a key given as text.
    pub fn get_text(&self, key: &str) -> Option<&Value> {
        self.position_of_text(key).map(|at| &self.entries[at].value)
    }

    /// The value of a key for changing, inserted as `start` when absent.
    pub fn entry(&mut self, key: &Value, start: Value) -> &mut Value {
        let hash = hash_key(key);
        let at = match self.position(hash, |other| other.same_text(key)) {
            Some(at) => at,
            None => self.push(hash, key.clone(), start),
        };
        &mut self.entries[at].value
    }

    /// Sets the value of a key; a new key goes to the end. Returns the old value.
    pub fn insert(&mut self, key: Value, value: Value) -> Option<Value> {
        let hash = hash_key(&key);
        match self.position(hash, |other| other.same_text(&key)) {
            Some(at) => Some(std::mem::replace(&mut self.entries[at].value, value)),
            None => {
                self.push(hash, key, value);
                None
            }
        }
    }

    fn push(&mut self, hash: u64, key: Value, value: Value) -> usize {
        if self.hole_count > 16 && self.hole_count * 2 > self.entries.len() {
            self.close_holes();
        }
        let at = self.entries.len();
        self.entries.push(Entry { hash, key, value });
        if self.index.is_empty() {
            if at >= LINEAR_MAX {
                self.build_index();
            }
        } else if self.index.len() == self.index.capacity() {
            self.build_index();
        } else {
            let entries = &self.entries;
            self.index
                .insert_unique(hash, at as u32, |other| entries[*other as usize].hash);
        }
        at
    }

    /// Makes the index anew, with room for as many entries again. It goes through the entries in order: letting the
    /// table grow by itself would look them up all over memory.
    fn build_index(&mut self) {
        let room = (self.entries.len() * 2).max(self.entries.capacity());
        let mut index = HashTable::with_capacity(room);
        for (at, entry) in self.entries.iter().enumerate() {
            if !entry.key.is_unset() {
                index.insert_unique(entry.hash, at as u32, |other| {
                    self.entries[*other as usize].hash
                });
            }
        }
        self.index = index;
    }

    fn close_holes(&mut self) {
        self.entries.retain(|entry| !entry.key.is_unset());
        self.hole_count = 0;
        if self.index.is_empty() {
            return;
        }
        self.build_index();
    }

    /// Removes a key; returns its value.
    pub fn remove(&mut self, key: &Value) -> Option<Value> {
        let at = self.position_of(key)?;
        let hash = self.entries[at].hash;
        if let Ok(found) = self.index.find_entry(hash, |other| *other as usize == at) {
            found.remove();
        }
        let entry = &mut self.entries[at];
        entry.key = Value::UNSET;
        let value = std::mem::replace(&mut entry.value, Value::UNSET);
        self.hole_count += 1;
        if self.index.is_empty() {
            self.entries.retain(|entry| !entry.key.is_unset());
            self.hole_count = 0;
        }
        Some(value)
    }

    /// The entries in order of insertion.
    pub fn iter(&self) -> impl Iterator<Item = (&Value, &Value)> {
        self.entries
            .iter()
            .filter(|entry| !entry.key.is_unset())
            .map(|entry| (&entry.key, &entry.value))
    }

    /// The entries with values for changing, in order of insertion.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&Value, &mut Value)> {
        self.entries
            .iter_mut()
            .filter(|entry| !entry.key.is_unset())
            .map(|entry| (&entry.key, &mut entry.value))
    }

    /// The entry at or after slot `at`, with the slot to go on from. A walk by slots stays valid while
    /// entries are replaced, but not while they are added or removed.
    pub fn next_from(&self, at: usize) -> Option<(usize, &Value, &Value)> {
        let offset = self
            .entries
            .get(at..)?
            .iter()
            .position(|entry| !entry.key.is_unset())?;
        let entry = &self.entries[at + offset];
        Some((at + offset + 1, &entry.key, &entry.value))
    }
}

impl Default for OrderedMap {
    fn default() -> OrderedMap {
        OrderedMap::new()
    }
}

/// A dict.
pub struct DictObject {
    map: OrderedMap,
    text: OnceCell<String>,
    list: OnceCell<Rc<ListObject>>,
}

impl DictObject {
    /// A dict of these entries.
    pub fn new(map: OrderedMap) -> DictObject {
        DictObject {
            map,
            text: OnceCell::new(),
            list: OnceCell::new(),
        }
    }

    /// The entries.
    #[inline]
    pub fn map(&self) -> &OrderedMap {
        &self.map
    }

    pub(crate) fn has_text(&self) -> bool {
        self.text.get().is_some()
    }

    /// The string rep; made once.
    pub fn as_str(&self) -> &str {
        if let Some(text) = self.text.get() {
            return text;
        }
        make_inner_texts(self.map.iter().flat_map(|(key, value)| [key, value]));
        self.text
            .get_or_init(|| list_text(self.map.iter().flat_map(|(key, value)| [key, value])))
    }

    /// The dict as a list of keys and values; made once.
    pub(crate) fn to_list(&self) -> Rc<ListObject> {
        self.list
            .get_or_init(|| {
                let mut elements = Vec::with_capacity(self.map.len() * 2);
                for (key, value) in self.map.iter() {
                    elements.push(key.clone());
                    elements.push(value.clone());
                }
                Rc::new(ListObject::new(elements))
            })
            .clone()
    }

    fn map_mut(&mut self) -> &mut OrderedMap {
        self.text.take();
        self.list.take();
        &mut self.map
    }
}

impl Drop for DictObject {
    fn drop(&mut self) {
        drop_flat(std::mem::take(&mut self.map));
    }
}

/// The error of a text that is no list, as tclsh words it when it wants a dict.
fn of_dict(error: FormError) -> FormError {
    let code: &'static [&'static str] = match error.code.last() {
        Some(&"BRACE") => &["TCL", "VALUE", "DICTIONARY", "BRACE"],
        Some(&"QUOTE") => &["TCL", "VALUE", "DICTIONARY", "QUOTE"],
        Some(&"JUNK") => &["TCL", "VALUE", "DICTIONARY", "JUNK"],
        _ => error.code,
    };
    let message = match error.message.strip_prefix("list element") {
        Some(rest) => format!("dict element{rest}"),
        None => error.message.replace(" in list", " in dict"),
    };
    FormError {
        message: message.into(),
        code,
    }
}

impl Value {
    /// The value as a dict. O(1) when it is one or was asked before.
    ///
    /// Errors: `TCL VALUE DICTIONARY` for a list of odd length, `TCL VALUE LIST …` for no list at all.
    pub fn to_dict(&self) -> Result<Rc<DictObject>, FormError> {
        match &self.0 {
            Repr::Dict(dict) => Ok(dict.clone()),
            Repr::List(list) => {
                let kept = list.with_rep(|rep| match rep {
                    Rep::Dict(dict) => Some(dict.clone()),
                    _ => None,
                });
                if let Some(dict) = kept {
                    return Ok(dict);
                }
                let dict = Rc::new(DictObject::new(pairs(list.elements())?));
                list.set_rep(Rep::Dict(dict.clone()));
                Ok(dict)
            }
            Repr::String(object) => {
                let kept = object.with_rep(|rep| match rep {
                    Rep::Dict(dict) => Some(dict.clone()),
                    _ => None,
                });
                if let Some(dict) = kept {
                    return Ok(dict);
                }
                let list = self.to_list().map_err(of_dict)?;
                let dict = Rc::new(DictObject::new(pairs(list.elements())?));
                // Where a key stands twice, the string is another list than the dict.
                if dict.map.len() * 2 == list.elements().len() {
                    object.set_rep(Rep::Dict(dict.clone()));
                }
                Ok(dict)
            }
            _ => Ok(Rc::new(DictObject::new(pairs(
                self.to_list().map_err(of_dict)?.elements(),
            )?))),
        }
    }

    /// The entries for changing in place: the value becomes a dict of its own, copied only when shared.
    ///
    /// Errors: as [`Value::to_dict`]; the value is then unchanged.
    pub fn dict_mut(&mut self) -> Result<&mut OrderedMap, FormError> {
        let owned = match &mut self.0 {
            Repr::Dict(dict) => unshared(dict).is_some(),
            _ => false,
        };
        if !owned {
            let dict = self.to_dict()?;
            *self = Value::EMPTY;
            self.0 = Repr::Dict(match Rc::try_unwrap(dict) {
                Ok(dict) => Rc::new(dict),
                Err(dict) => Rc::new(DictObject::new(dict.map.clone())),
            });
        }
        match &mut self.0 {
            Repr::Dict(dict) => match Rc::get_mut(dict) {
                Some(dict) => Ok(dict.map_mut()),
                None => Err(FormError {
                    message: "internal: shared dict".into(),
                    code: &[],
                }),
            },
            _ => Err(FormError {
                message: "internal: no dict".into(),
                code: &[],
            }),
        }
    }

    /// Whether the value is held as a dict.
    pub fn is_dict(&self) -> bool {
        matches!(self.0, Repr::Dict(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_insertion_survives_removal_and_growth() {
        let mut map = OrderedMap::new();
        for number in 0..1000i64 {
            map.insert(Value::int(number), Value::int(number * 2));
        }
        for number in (0..1000i64).step_by(2) {
            assert!(map.remove(&Value::string(number.to_string())).is_some());
        }
        map.insert(Value::text("new"), Value::int(1));
        let keys: Vec<String> = map.iter().map(|(key, _)| key.to_text()).collect();
        assert_eq!(keys.len(), 501);
        assert_eq!(keys[0], "1");
        assert_eq!(keys[500], "new");
        assert!(map.get_text("999").is_some());
        assert!(map.get_text("998").is_none());
    }

    #[test]
    fn numbers_and_their_spellings_are_one_key_only_when_the_text_is_the_same() {
        let mut map = OrderedMap::new();
        map.insert(Value::int(16), Value::text("dec"));
        map.insert(Value::text("0x10"), Value::text("hex"));
        map.insert(Value::text("016"), Value::text("octal"));
        assert_eq!(map.len(), 3);
        assert_eq!(
            map.get(&Value::literal("16"))
                .map(Value::to_text)
                .as_deref(),
            Some("dec")
        );
    }
}
