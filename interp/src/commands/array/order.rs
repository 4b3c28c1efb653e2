//! The order in which tclsh gives an array's elements: that of its hash table, which scripts can see.
//!
//! Tcl's table starts with 4 buckets and grows fourfold when it holds 3 entries a bucket; a new entry goes to the
//! front of its bucket's chain. The order depends on which elements were removed in between, too; that part is not
//! kept here.

use std::fmt::Write;

use crate::value::Value;

/// Buckets of a new table.
const BUCKETS_FIRST: usize = 4;
/// Entries a bucket at which the table grows.
const ENTRIES_PER_BUCKET: usize = 3;
/// How much it grows.
const GROWTH: usize = 4;
/// No next entry.
const NONE: u32 = u32::MAX;

/// Tcl's hash of a string: over the bytes of its UTF-8.
fn hash(text: &str) -> u32 {
    let mut bytes = text.bytes();
    let Some(first) = bytes.next() else {
        return 0;
    };
    // Bytes count as signed characters do on this machine, except for the first.
    bytes.fold(u32::from(first), |hash, byte| {
        hash.wrapping_add(hash << 3).wrapping_add(u32::from(byte))
    })
}

/// A hash table's chains, as positions in the list of keys.
struct Chains {
    heads: Vec<u32>,
    next: Vec<u32>,
    hashes: Vec<u32>,
}

impl Chains {
    fn of(keys: &[Value]) -> Chains {
        let hashes = keys.iter().map(|key| hash(&key.str())).collect();
        let mut chains = Chains {
            heads: vec![NONE; BUCKETS_FIRST],
            next: vec![NONE; keys.len()],
            hashes,
        };
        for at in 0..keys.len() {
            chains.put(at);
            if at + 1 >= chains.heads.len() * ENTRIES_PER_BUCKET {
                chains.grow();
            }
        }
        chains
    }

    fn put(&mut self, at: usize) {
        let bucket = self.hashes[at] as usize & (self.heads.len() - 1);
        self.next[at] = self.heads[bucket];
        self.heads[bucket] = at as u32;
    }

    fn grow(&mut self) {
        let in_order = self.positions();
        self.heads = vec![NONE; self.heads.len() * GROWTH];
        for at in in_order {
            self.put(at);
        }
    }

    /// All positions, bucket by bucket.
    fn positions(&self) -> Vec<usize> {
        let mut all = Vec::with_capacity(self.next.len());
        for head in &self.heads {
            let mut at = *head;
            while at != NONE {
                all.push(at as usize);
                at = self.next[at as usize];
            }
        }
        all
    }
}

/// The keys, given in order of insertion, as tclsh would give them.
pub(crate) fn as_in_tclsh(keys: Vec<Value>) -> Vec<Value> {
    if keys.len() < 2 || keys.len() >= NONE as usize {
        return keys;
    }
    Chains::of(&keys)
        .positions()
        .into_iter()
        .map(|at| keys[at].clone())
        .collect()
}

/// What `array statistics` says of a table with these keys.
pub(super) fn statistics(keys: &[Value]) -> String {
    const LENGTHS: usize = 10;
    let chains = Chains::of(keys);
    let mut counts = [0_usize; LENGTHS];
    let mut overflow = 0;
    let mut distance = 0.0;
    for head in &chains.heads {
        let mut length = 0_usize;
        let mut at = *head;
        while at != NONE {
            length += 1;
            at = chains.next[at as usize];
        }
        match counts.get_mut(length) {
            Some(count) => *count += 1,
            None => overflow += 1,
        }
        if !keys.is_empty() {
            let length = length as f64;
            distance += (length + 1.0) * (length / keys.len() as f64) / 2.0;
        }
    }
    let mut text = format!(
        "{} entries in table, {} buckets\n",
        keys.len(),
        chains.heads.len()
    );
    for (length, count) in counts.iter().enumerate() {
        let _ = writeln!(text, "number of buckets with {length} entries: {count}");
    }
    let _ = writeln!(
        text,
        "number of buckets with {LENGTHS} or more entries: {overflow}"
    );
    let _ = write!(text, "average search distance for entry: {distance:.1}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_tclsh_order() {
        let keys = ["b", "c", "d"].map(Value::text).to_vec();
        let ordered: Vec<String> = as_in_tclsh(keys).iter().map(Value::to_text).collect();
        assert_eq!(ordered, ["d", "b", "c"]);
    }
}
