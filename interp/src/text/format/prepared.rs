//! Formats read once and used often.

use super::engine::Formatter;
use super::spec::{Conversion, c_int, read_flags, read_size, split_digits};
use super::{FormatArgs, FormatError};

/// A format taken apart: one whose conversions take their arguments in turn and have known letters. What is wrong with any
/// other, and when, is for [`super::format`] to say.
pub struct Prepared {
    pieces: Vec<Piece>,
    /// How long the result is to begin with.
    room: usize,
}

/// A part of a format.
enum Piece {
    Text(Box<str>),
    Conversion(PreparedConversion),
}

/// A conversion whose width and precision may be arguments.
pub(super) struct PreparedConversion {
    pub(super) conversion: Conversion,
    pub(super) takes_width: bool,
    pub(super) takes_precision: bool,
    pub(super) letter: char,
}

impl Prepared {
    /// Takes `spec` apart.
    pub fn new(spec: &str) -> Option<Prepared> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = spec;
        while let Some((before, after)) = rest.split_once('%') {
            text.push_str(before);
            if let Some(after) = after.strip_prefix('%') {
                text.push('%');
                rest = after;
                continue;
            }
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text).into()));
            }
            let (conversion, after) = PreparedConversion::read(after)?;
            pieces.push(Piece::Conversion(conversion));
            rest = after;
        }
        text.push_str(rest);
        if !text.is_empty() {
            pieces.push(Piece::Text(text.into()));
        }
        Some(Prepared {
            pieces,
            room: spec.len() + 32,
        })
    }

    /// The text that the format makes of `args`.
    pub fn format(&self, args: &mut dyn FormatArgs) -> Result<String, FormatError> {
        let mut formatter = Formatter::new(self.room, args);
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => formatter.push(text)?,
                Piece::Conversion(conversion) => formatter.convert_prepared(conversion)?,
            }
        }
        Ok(formatter.finish())
    }
}

impl PreparedConversion {
    fn read(rest: &str) -> Option<(PreparedConversion, &str)> {
        if split_digits(rest).1.starts_with('$') {
            return None;
        }
        let (mut conversion, rest) = read_flags(rest);
        let (takes_width, rest) = match rest.strip_prefix('*') {
            Some(after) => (true, after),
            None => {
                let (digits, after) = split_digits(rest);
                conversion.width = usize::try_from(c_int(digits)).ok()?;
                (false, after)
            }
        };
        let (takes_precision, rest) = match rest.strip_prefix('.') {
            None => (false, rest),
            Some(rest) => match rest.strip_prefix('*') {
                Some(after) => (true, after),
                None => {
                    let (digits, after) = split_digits(rest);
                    conversion.precision = Some(c_int(digits));
                    (false, after)
                }
            },
        };
        let rest = read_size(&mut conversion, rest);
        let letter = rest.chars().next()?;
        if !"sdcuioxXbeEfgG".contains(letter) {
            return None;
        }
        let conversion = PreparedConversion {
            conversion,
            takes_width,
            takes_precision,
            letter,
        };
        Some((conversion, &rest[letter.len_utf8()..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prepared_formats_are_those_read_in_passing() {
        for spec in [
            "plain",
            "%d %s|%5d|%-5d|%05d|%-05d|%+d|% d|%x|%o|%b|%X|%#x|%u|%08.3f|%e|%g",
            "%*d|%-*s|%.*f",
            "100%%|%c",
            "%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d",
            "%llu",
            "%hd|%lld|%ld",
        ] {
            for values in [["42"; 20], ["-7"; 20], ["0"; 20], ["70000"; 20], ["x"; 20]] {
                let mut args: &[&str] = &values;
                let prepared = Prepared::new(spec).map(|prepared| prepared.format(&mut args));
                assert_eq!(
                    prepared,
                    Some(super::super::format(spec, &mut args)),
                    "{spec}"
                );
            }
        }
        for spec in ["%1$s", "%y", "%", "%5"] {
            assert!(Prepared::new(spec).is_none(), "{spec}");
        }
    }
}
