//! The format of a `scan`, checked whole before any of it is used.

use super::{SCAN_POSITION_MAX, ScanError};
use crate::text::chars::{Class, is_class};
use crate::text::format::spec::split_digits;

/// One part of a format.
pub(super) enum Item {
    /// White space: any amount of it matches.
    Space,
    /// A character that has to be there.
    Literal(char),
    Conversion(Conversion),
}

pub(super) struct Conversion {
    /// The value it sets; `None` for `%*`.
    pub(super) target: Option<usize>,
    /// The most chars it takes; 0 for no limit.
    pub(super) width: usize,
    pub(super) has_width: bool,
    pub(super) size: Size,
    pub(super) letter: char,
    /// What is between the brackets of `%[`, `^` included.
    pub(super) set: Box<str>,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Size {
    Plain,
    Long,
    Big,
}

/// The parts of `spec`, and how many values there will be.
pub(super) fn parse_spec(spec: &str, variables: usize) -> Result<(Vec<Item>, usize), ScanError> {
    let mut parser = SpecParser {
        variables,
        next: 0,
        is_numbered: false,
        is_in_turn: false,
        positions: 0,
        assigned: vec![],
    };
    let mut items = Vec::new();
    let mut chars = spec.chars();
    while let Some(character) = chars.next() {
        if character != '%' {
            let is_space = is_class(character, Class::Space);
            items.push(if is_space {
                Item::Space
            } else {
                Item::Literal(character)
            });
        } else if let Some(after) = chars.as_str().strip_prefix('%') {
            items.push(Item::Literal('%'));
            chars = after.chars();
        } else {
            let (conversion, after) = parser.conversion(chars.as_str())?;
            items.push(Item::Conversion(conversion));
            chars = after.chars();
        }
    }
    Ok((items, parser.values()?))
}

struct SpecParser {
    variables: usize,
    /// The value that the next conversion sets.
    next: usize,
    is_numbered: bool,
    is_in_turn: bool,
    /// The highest `n` of `%n$`, where no variables are named.
    positions: usize,
    /// How often each value is set.
    assigned: Vec<usize>,
}

impl SpecParser {
    fn conversion<'s>(&mut self, rest: &'s str) -> Result<(Conversion, &'s str), ScanError> {
        let (is_suppressed, rest) = match rest.strip_prefix('*') {
            Some(after) => (true, after),
            None => (false, self.position(rest)?),
        };
        let (digits, rest) = split_digits(rest);
        let (size, rest) = split_size(rest);
        if !is_suppressed && self.variables > 0 && self.next >= self.variables {
            return Err(self.out_of_range());
        }
        let mut chars = rest.chars();
        let letter = chars.next().unwrap_or('\0');
        let mut conversion = Conversion {
            target: (!is_suppressed).then_some(self.next),
            width: if digits.is_empty() {
                0
            } else {
                digits.parse().unwrap_or(usize::MAX)
            },
            has_width: !digits.is_empty(),
            size,
            letter,
            set: Box::default(),
        };
        conversion.check()?;
        let mut rest = chars.as_str();
        if letter == '[' {
            let (set, after) = split_set(rest).ok_or(ScanError::UnmatchedBracket)?;
            (conversion.set, rest) = (set.into(), after);
        }
        if let Some(target) = conversion.target {
            if target >= self.assigned.len() {
                self.assigned.resize(target + 1, 0);
            }
            self.assigned[target] += 1;
            self.next += 1;
        }
        Ok((conversion, rest))
    }

    /// Reads `n$`.
    fn position<'s>(&mut self, rest: &'s str) -> Result<&'s str, ScanError> {
        let (digits, after) = split_digits(rest);
        let numbered = after.strip_prefix('$').filter(|_| !digits.is_empty());
        let Some(after) = numbered else {
            self.is_in_turn = true;
            return if self.is_numbered {
                Err(ScanError::MixedSpecifiers)
            } else {
                Ok(rest)
            };
        };
        self.is_numbered = true;
        if self.is_in_turn {
            return Err(ScanError::MixedSpecifiers);
        }
        let position = digits.parse().unwrap_or(usize::MAX);
        let position_max = if self.variables > 0 {
            self.variables
        } else {
            SCAN_POSITION_MAX
        };
        if position == 0 || position > position_max {
            return Err(ScanError::IndexOutOfRange);
        }
        self.next = position - 1;
        if self.variables == 0 {
            self.positions = self.positions.max(position);
        }
        Ok(after)
    }

    fn out_of_range(&self) -> ScanError {
        if self.is_numbered {
            ScanError::IndexOutOfRange
        } else {
            ScanError::TooManyConversions
        }
    }

    /// How many values there are, once all conversions are known.
    fn values(&self) -> Result<usize, ScanError> {
        let values = match (self.variables, self.positions) {
            (0, 0) => self.next,
            (0, positions) => positions,
            (variables, _) => variables,
        };
        for value in 0..values {
            match self.assigned.get(value).copied().unwrap_or(0) {
                0 if self.positions == 0 => return Err(ScanError::Unassigned),
                0 | 1 => {}
                _ => return Err(ScanError::MultiplyAssigned),
            }
        }
        Ok(values)
    }
}

/// Reads `h`, `l`, `ll` or `L`.
fn split_size(rest: &str) -> (Size, &str) {
    match rest.as_bytes() {
        [b'l', b'l', ..] => (Size::Big, &rest[2..]),
        [b'l' | b'L', ..] => (Size::Long, &rest[1..]),
        [b'h', ..] => (Size::Plain, &rest[1..]),
        _ => (Size::Plain, rest),
    }
}

/// Splits what follows `%[` at the bracket that ends the set: not the first character, nor the first after `^`.
fn split_set(rest: &str) -> Option<(&str, &str)> {
    let start = usize::from(rest.starts_with('^'));
    let first = rest.get(start..)?.chars().next()?;
    let from = start + first.len_utf8();
    let end = from + rest.get(from..)?.find(']')?;
    Some((&rest[..end], &rest[end + 1..]))
}

impl Conversion {
    fn check(&self) -> Result<(), ScanError> {
        match self.letter {
            'c' if self.has_width => Err(ScanError::WidthOfChar),
            'c' | 'n' | 's' | '[' if self.size != Size::Plain => {
                Err(ScanError::BadSize(self.letter))
            }
            'u' if self.size == Size::Big => Err(ScanError::BadUnsigned),
            'c' | 'n' | 's' | '[' | 'd' | 'i' | 'o' | 'x' | 'X' | 'b' | 'u' | 'e' | 'E' | 'f'
            | 'g' | 'G' => Ok(()),
            _ => Err(ScanError::BadConversion(self.letter)),
        }
    }
}
