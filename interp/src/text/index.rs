//! Positions in strings and lists: `3`, `end`, `end-1`, `1+2`.

use super::number::{Number, integer_prefix, parse_number};

/// A position as written; `end` is known only when the string or list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Index {
    /// Counted from the first element, which is 0; may be negative.
    Start(i64),
    /// Counted from the last element, which is 0: `end-1` is −1.
    End(i64),
}

impl Index {
    /// The position in something of `elements` elements: below 0 or past the last when the index is.
    #[inline]
    pub fn resolve(self, elements: usize) -> i64 {
        match self {
            Index::Start(position) => position,
            // Elements are counted in memory, so the sum cannot overflow.
            Index::End(offset) => (elements as i64 - 1).saturating_add(offset),
        }
    }
}

/// tclsh takes an integer of up to this size in an index, either sign, and keeps its low 32 bits.
const MAGNITUDE_MAX: i64 = u32::MAX as i64;

/// The index that `text` is: an integer, `end` (or its start `e`, `en`), `end±integer`, or `integer±integer`.
///
/// As in tclsh 8.6, integers beyond ±4294967295 are none, and smaller ones wrap to 32 bits.
#[inline]
pub fn parse_index(text: &str) -> Option<Index> {
    match text.as_bytes() {
        [digit @ b'0'..=b'9'] => return Some(Index::Start(i64::from(digit - b'0'))),
        b"end" => return Some(Index::End(0)),
        [b'e', b'n', b'd', b'-', digit @ b'0'..=b'9'] => {
            return Some(Index::End(-i64::from(digit - b'0')));
        }
        _ => {}
    }
    if let Some(number) = parse_number(text) {
        return index_integer(&number).map(|value| Index::Start(i64::from(value)));
    }
    if let Some(rest) = text.strip_prefix("end") {
        return operand(rest).map(|offset| Index::End(i64::from(offset)));
    }
    if matches!(text, "e" | "en") {
        return Some(Index::End(0));
    }
    let body = text.trim_start_matches(|character: char| {
        character.is_ascii() && super::number::is_space(character as u8)
    });
    let (first, end) = integer_prefix(body)?;
    let offset = operand(body.get(end..)?)?;
    Some(Index::Start(i64::from(
        index_integer(&first)?.wrapping_add(offset),
    )))
}

/// What `+integer` or `-integer` adds.
fn operand(text: &str) -> Option<i32> {
    let (is_minus, digits) = match *text.as_bytes() {
        [b'+', first, ..] if !super::number::is_space(first) => (false, &text[1..]),
        [b'-', first, ..] if !super::number::is_space(first) => (true, &text[1..]),
        _ => return None,
    };
    let value = index_integer(&parse_number(digits)?)?;
    Some(if is_minus {
        value.wrapping_neg()
    } else {
        value
    })
}

fn index_integer(number: &Number) -> Option<i32> {
    match *number {
        Number::Int(value) if (-MAGNITUDE_MAX..=MAGNITUDE_MAX).contains(&value) => {
            Some(value as i32)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_those_of_tclsh() {
        for (text, index) in [
            ("0", Index::Start(0)),
            (" 1 ", Index::Start(1)),
            ("-1", Index::Start(-1)),
            ("end", Index::End(0)),
            ("e", Index::End(0)),
            ("end-1", Index::End(-1)),
            ("end+2", Index::End(2)),
            ("end--1", Index::End(1)),
            ("end-1 ", Index::End(-1)),
            ("1+1", Index::Start(2)),
            ("010-7", Index::Start(1)),
            (" 1--1", Index::Start(2)),
            ("2147483648", Index::Start(-2147483648)),
            ("2147483648-2147483647", Index::Start(1)),
        ] {
            assert_eq!(parse_index(text), Some(index), "{text}");
        }
        for text in [
            "",
            "en-1",
            "End",
            "end-",
            "end- 1",
            "end -1",
            "1 +1",
            "1+ 1",
            "1+end",
            "1.0",
            "08",
            "4294967296",
            "1+1+1",
            "+",
        ] {
            assert_eq!(parse_index(text), None, "{text}");
        }
        assert_eq!(Index::End(-1).resolve(4), 2);
    }
}
