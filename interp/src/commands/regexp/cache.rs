//! Compiled patterns, found again by their text.

use std::cell::RefCell;
use std::hash::{BuildHasher, Hash, Hasher};
use std::rc::Rc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::runtime::{Exception, Interp};
use crate::text::regexp::{CompileError, Flags, Regexp};
use crate::value::Value;

/// How many patterns an interpreter keeps besides those on values; all are dropped when more come. Each may hold some
/// megabytes of automaton.
pub const PATTERNS_MAX: usize = 64;

/// What the value of a pattern with flags keeps; without any it keeps the [`Regexp`] itself.
struct Flagged {
    flags: Flags,
    regexp: Rc<Regexp>,
}

/// The patterns of one interpreter.
#[derive(Default)]
struct Patterns {
    seed: RandomState,
    table: RefCell<HashTable<Pattern>>,
}

struct Pattern {
    hash: u64,
    text: Box<str>,
    flags: Flags,
    regexp: Rc<Regexp>,
}

/// The compiled form of a pattern.
///
/// Errors: `REGEXP REG_… …` if it is no regular expression.
pub(crate) fn compiled(
    interp: &mut Interp,
    pattern: &Value,
    flags: Flags,
) -> Result<Rc<Regexp>, Box<Exception>> {
    if flags == Flags::default() {
        if let Some(regexp) = pattern.cached::<Regexp>() {
            return Ok(regexp);
        }
    } else if let Some(kept) = pattern.cached::<Flagged>()
        && kept.flags == flags
    {
        return Ok(kept.regexp.clone());
    }
    let patterns = interp.data::<Patterns>();
    let regexp = patterns.find(&pattern.str(), flags).map_err(broken)?;
    if flags == Flags::default() {
        pattern.set_cached(&regexp);
    } else {
        pattern.set_cached(&Rc::new(Flagged {
            flags,
            regexp: regexp.clone(),
        }));
    }
    Ok(regexp)
}

fn broken(error: CompileError) -> Box<Exception> {
    let message = format!(
        "couldn't compile regular expression pattern: {}",
        error.message()
    );
    Exception::with_code(message, ["REGEXP", error.code_name(), error.message()])
}

impl Patterns {
    fn find(&self, text: &str, flags: Flags) -> Result<Rc<Regexp>, CompileError> {
        let mut hasher = self.seed.build_hasher();
        text.hash(&mut hasher);
        flags.hash(&mut hasher);
        let hash = hasher.finish();
        let mut table = self.table.borrow_mut();
        if let Some(pattern) = table.find(hash, |pattern| {
            pattern.flags == flags && &*pattern.text == text
        }) {
            return Ok(pattern.regexp.clone());
        }
        let regexp = Rc::new(Regexp::new(text, flags)?);
        if table.len() >= PATTERNS_MAX {
            table.clear();
        }
        let pattern = Pattern {
            hash,
            text: text.into(),
            flags,
            regexp: regexp.clone(),
        };
        table.insert_unique(hash, pattern, |pattern| pattern.hash);
        Ok(regexp)
    }
}
