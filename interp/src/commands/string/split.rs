//! `split`.

use crate::runtime::{CommandResult, Interp, done};
use crate::text::strings;
use crate::value::Value;

pub(super) fn split(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let text = words[1].str();
    let separators = words.get(2).map(Value::str);
    let separators = separators.as_deref().unwrap_or(" \n\t\r");
    let mut pieces = Vec::with_capacity(piece_count(&words[1], &text, separators));
    strings::split(&text, separators, |piece| pieces.push(Value::text(piece)));
    done(pieces)
}

/// How many pieces there will be, where that is quick to find out; otherwise a guess.
fn piece_count(value: &Value, text: &str, separators: &str) -> usize {
    match separators.as_bytes() {
        [] => value.char_count(),
        [byte] => memchr::memchr_iter(*byte, text.as_bytes()).count() + 1,
        _ => 0,
    }
}
