//! Encodings that switch between tables by escape sequences, such as iso2022-jp. They have a state, so that channels keep
//! an [`EscapeDecoder`] or an [`EscapeEncoder`].

use super::encoding_file::{TableEncoding, find_table};
use crate::syntax::split_list;
use crate::text::utf;

/// One table and the sequence that switches to it.
#[derive(Debug)]
struct Part {
    sequence: Vec<u8>,
    table: &'static TableEncoding,
}

/// An escape-driven encoding.
#[derive(Debug)]
pub(super) struct EscapeEncoding {
    pub(super) name: String,
    /// What everything written begins and ends with; reading skips it.
    init: Vec<u8>,
    end: Vec<u8>,
    /// The first one is current at the beginning. There is at least one.
    parts: Vec<Part>,
    /// The bytes of the longest sequence: what an unknown one is taken to have.
    longest: usize,
}

/// What begins at a byte.
enum Token {
    Character(u16, usize),
    Switch(usize, usize),
    Skip(usize),
    Incomplete,
}

impl EscapeEncoding {
    /// Reads the lines `name NAME`, `init SEQUENCE`, `final SEQUENCE` and `TABLE SEQUENCE`.
    pub(super) fn parse<'a>(
        lines: impl Iterator<Item = &'a str>,
        name: &str,
    ) -> Option<EscapeEncoding> {
        let mut encoding = EscapeEncoding {
            name: name.to_owned(),
            init: Vec::new(),
            end: Vec::new(),
            parts: Vec::new(),
            longest: 1,
        };
        for line in lines {
            let Ok(words) = split_list(line) else {
                continue;
            };
            let [word, value] = words.as_slice() else {
                continue;
            };
            let sequence: Vec<u8> = value.chars().map(|c| utf::unit_of(c) as u8).collect();
            match word.as_ref() {
                "name" => {}
                "init" => encoding.init = sequence,
                "final" => encoding.end = sequence,
                table => {
                    let table = find_table(table)?;
                    encoding.longest = encoding.longest.max(sequence.len());
                    encoding.parts.push(Part { sequence, table });
                }
            }
        }
        (!encoding.parts.is_empty()).then_some(encoding)
    }

    fn token(&self, table: &TableEncoding, bytes: &[u8]) -> Token {
        let Some(&byte) = bytes.first() else {
            return Token::Incomplete;
        };
        if self.begins_sequence(byte) {
            return self.sequence(bytes);
        }
        if !table.is_lead(byte) {
            return Token::Character(table.character(0, byte), 1);
        }
        match bytes.get(1) {
            Some(&last) => Token::Character(table.character(byte, last), 2),
            None => Token::Incomplete,
        }
    }

    fn begins_sequence(&self, byte: u8) -> bool {
        let sequences = self.parts.iter().map(|part| &part.sequence);
        let mut all = sequences.chain([&self.init, &self.end]);
        all.any(|sequence| sequence.first() == Some(&byte))
    }

    fn sequence(&self, bytes: &[u8]) -> Token {
        let ignored = [&self.init, &self.end];
        if let Some(sequence) = ignored
            .into_iter()
            .find(|sequence| !sequence.is_empty() && bytes.starts_with(sequence))
        {
            return Token::Skip(sequence.len());
        }
        for (number, part) in self.parts.iter().enumerate() {
            if bytes.starts_with(&part.sequence) {
                return Token::Switch(number, part.sequence.len());
            }
        }
        let sequences = self.parts.iter().map(|part| &part.sequence);
        if sequences
            .chain(ignored)
            .any(|sequence| sequence.starts_with(bytes))
        {
            return Token::Incomplete;
        }
        Token::Skip(self.longest.min(bytes.len()))
    }

    /// All of `bytes` as text.
    pub(super) fn decode(&'static self, bytes: &[u8], out: &mut String) {
        EscapeDecoder::new(self).decode(bytes, out);
    }

    /// All of `text` with the beginning and the end that belong to it.
    pub(super) fn encode(&'static self, text: &str, out: &mut Vec<u8>) {
        let mut encoder = EscapeEncoder::new(self);
        encoder.encode(text, out);
        encoder.finish(out);
    }
}

/// Where reading stands.
#[derive(Debug, Clone)]
pub(super) struct EscapeDecoder {
    encoding: &'static EscapeEncoding,
    /// The current part.
    part: usize,
}

impl EscapeDecoder {
    pub(super) fn new(encoding: &'static EscapeEncoding) -> EscapeDecoder {
        EscapeDecoder { encoding, part: 0 }
    }

    /// Appends what `bytes` mean to `out` and returns how many of them it used; the start of a character or sequence at
    /// the end is left.
    pub(super) fn decode(&mut self, bytes: &[u8], out: &mut String) -> usize {
        let mut used = 0;
        while let Some(part) = self.encoding.parts.get(self.part) {
            match self
                .encoding
                .token(part.table, bytes.get(used..).unwrap_or_default())
            {
                Token::Character(character, length) => {
                    out.push(utf::char_from_unit(character));
                    used += length;
                }
                Token::Switch(part, length) => {
                    self.part = part;
                    used += length;
                }
                Token::Skip(length) => used += length,
                Token::Incomplete => break,
            }
        }
        used
    }
}

/// Where writing stands.
#[derive(Debug, Clone)]
pub(super) struct EscapeEncoder {
    encoding: &'static EscapeEncoding,
    part: usize,
    has_begun: bool,
}

impl EscapeEncoder {
    pub(super) fn new(encoding: &'static EscapeEncoding) -> EscapeEncoder {
        EscapeEncoder {
            encoding,
            part: 0,
            has_begun: false,
        }
    }

    /// Appends text, with the sequences that it takes.
    pub(super) fn encode(&mut self, text: &str, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.has_begun, true) {
            out.extend_from_slice(&self.encoding.init);
        }
        let parts = &self.encoding.parts;
        for character in text.chars() {
            let unit = utf::unit_of(character);
            let has = |part: &Part| unit == 0 || part.table.code(unit) != 0;
            let mut place = self.part;
            if !parts.get(place).is_some_and(has) {
                place = parts.iter().position(has).unwrap_or(place);
            }
            let Some(part) = parts.get(place) else {
                return;
            };
            if place != self.part {
                out.extend_from_slice(&part.sequence);
                self.part = place;
            }
            let code = match part.table.code(unit) {
                0 if unit != 0 => part.table.fallback(),
                code => code,
            };
            part.table.push_code(code, out);
        }
    }

    /// Appends what ends everything written.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if self.part != 0
            && let Some(first) = self.encoding.parts.first()
        {
            out.extend_from_slice(&first.sequence);
        }
        if self.has_begun {
            out.extend_from_slice(&self.encoding.end);
        }
        (self.part, self.has_begun) = (0, false);
    }
}
