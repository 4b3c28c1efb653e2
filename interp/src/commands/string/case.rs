//! Subcommands about case, ends and words: `tolower totitle toupper trim trimleft trimright wordend wordstart`.

use crate::commands::index_of;
use crate::runtime::{CommandResult, Exception, Interp, done};
use crate::text::strings::{self, Side};
use crate::text::utf::offset_of_unit;
use crate::value::Value;

pub(super) fn lower(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    convert(words, strings::lower)
}

pub(super) fn title(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    convert(words, strings::title)
}

pub(super) fn upper(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    convert(words, strings::upper)
}

/// Converts the whole string, one char of it, or a range.
fn convert(words: &[Value], convert: fn(&str) -> String) -> CommandResult {
    let [_, value, range @ ..] = words else {
        return Err(Exception::wrong_args(
            "string tolower string ?first? ?last?",
        ));
    };
    let text = value.str();
    let [first, last @ ..] = range else {
        return done(convert(&text));
    };
    let length = value.char_count();
    let first = index_of(first, length)?.max(0);
    let last = match last.first() {
        Some(last) => index_of(last, length)?,
        None => first,
    };
    let last = last.min(length as i64 - 1);
    if last < first {
        return done(value.clone());
    }
    let start = offset_of_unit(&text, first as usize);
    let (before, rest) = text.split_at(start);
    let (middle, after) = rest.split_at(offset_of_unit(rest, (last - first) as usize + 1));
    let mut converted = String::with_capacity(text.len());
    converted.push_str(before);
    converted.push_str(&convert(middle));
    converted.push_str(after);
    done(converted)
}

pub(super) fn trim(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    trim_side(words, Side::Both)
}

pub(super) fn trim_left(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    trim_side(words, Side::Left)
}

pub(super) fn trim_right(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    trim_side(words, Side::Right)
}

fn trim_side(words: &[Value], side: Side) -> CommandResult {
    let text = words[1].str();
    let set = words.get(2).map(Value::str);
    let kept = strings::trim(&text, set.as_deref(), side);
    if kept.len() == text.len() {
        return done(words[1].clone());
    }
    done(kept)
}

pub(super) fn word_end(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let index = index_of(&words[2], words[1].char_count())?;
    done(strings::word_end(&words[1].str(), index))
}

pub(super) fn word_start(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let index = index_of(&words[2], words[1].char_count())?;
    done(strings::word_start(&words[1].str(), index))
}
