//! `split`.

use crate::runtime::{CommandResult, Interp, done};
use crate::text::strings;
use crate::value::Value;

pub(super) fn split(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let text = words[1].str();
    let separators = words.get(2).map(Value::str);
    let separators = separators.as_deref().unwrap_or(" \n\t\r");
    let mut pieces = Vec::new();
    if separators.is_empty() {
        pieces.reserve(words[1].char_count());
    }
    strings::split(&text, separators, |piece| pieces.push(Value::text(piece)));
    done(pieces)
}
