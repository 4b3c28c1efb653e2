//! `split`.

use super::ok;
use crate::runtime::Outcome;
use crate::text::strings;
use crate::value::Value;

pub(super) fn split(words: &[Value]) -> Outcome {
    let text = words[0].str();
    let separators = words.get(1).map(Value::str);
    let separators = separators.as_deref().unwrap_or(" \n\t\r");
    let mut pieces = Vec::with_capacity(piece_count(&words[0], &text, separators));
    strings::split(&text, separators, |piece| pieces.push(Value::text(piece)));
    ok(pieces)
}

/// How many pieces there will be, where that is quick to find out; otherwise a guess.
fn piece_count(value: &Value, text: &str, separators: &str) -> usize {
    match separators.as_bytes() {
        [] => value.char_count(),
        [byte] => memchr::memchr_iter(*byte, text.as_bytes()).count() + 1,
        _ => 0,
    }
}
