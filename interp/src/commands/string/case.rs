//! Subcommands about case, ends and words: `tolower totitle toupper trim trimleft trimright wordend wordstart`.

use super::ok;
use crate::runtime::position::resolve;
use crate::runtime::{Exception, Outcome};
use crate::text::strings::{self, Side};
use crate::text::utf::offset_of_unit;
use crate::value::Value;

pub(super) fn lower(words: &[Value]) -> Outcome {
    convert(words, strings::lower)
}

pub(super) fn title(words: &[Value]) -> Outcome {
    convert(words, strings::title)
}

pub(super) fn upper(words: &[Value]) -> Outcome {
    convert(words, strings::upper)
}

/// Converts the whole string, one char of it, or a range.
fn convert(words: &[Value], convert: fn(&str) -> String) -> Outcome {
    let [value, range @ ..] = words else {
        return Err(Exception::wrong_args(
            "string tolower string ?first? ?last?",
        ));
    };
    let text = value.str();
    let [first, last @ ..] = range else {
        return ok(convert(&text));
    };
    let length = value.char_count();
    let first = resolve(first, length)?.max(0);
    let last = match last.first() {
        Some(last) => resolve(last, length)?,
        None => first,
    };
    let last = last.min(length as i64 - 1);
    if last < first {
        return ok(value.clone());
    }
    let start = offset_of_unit(&text, first as usize);
    let (before, rest) = text.split_at(start);
    let (middle, after) = rest.split_at(offset_of_unit(rest, (last - first) as usize + 1));
    let mut converted = String::with_capacity(text.len());
    converted.push_str(before);
    converted.push_str(&convert(middle));
    converted.push_str(after);
    ok(converted)
}

pub(super) fn trim(words: &[Value]) -> Outcome {
    trim_side(words, Side::Both)
}

pub(super) fn trim_left(words: &[Value]) -> Outcome {
    trim_side(words, Side::Left)
}

pub(super) fn trim_right(words: &[Value]) -> Outcome {
    trim_side(words, Side::Right)
}

fn trim_side(words: &[Value], side: Side) -> Outcome {
    let text = words[0].str();
    let set = words.get(1).map(Value::str);
    let kept = strings::trim(&text, set.as_deref(), side);
    if kept.len() == text.len() {
        return ok(words[0].clone());
    }
    ok(kept)
}

pub(super) fn word_end(words: &[Value]) -> Outcome {
    let index = resolve(&words[1], words[0].char_count())?;
    ok(strings::word_end(&words[0].str(), index))
}

pub(super) fn word_start(words: &[Value]) -> Outcome {
    let index = resolve(&words[1], words[0].char_count())?;
    ok(strings::word_start(&words[0].str(), index))
}
