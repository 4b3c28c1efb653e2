//! Encodings: bytes outside, inside text inside.
//!
//! Names and mappings are those of tclsh 8.6. An unknown character is written as `?`; bytes that mean nothing are read as
//! the characters of their values. [`Encoding`] is the type to read first.

use std::sync::{OnceLock, PoisonError, RwLock};

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::encoding_escape::{EscapeDecoder, EscapeEncoder, EscapeEncoding};
use super::encoding_file::{FileEncoding, TableEncoding, file_names, find_file};
use super::encoding_table::{SINGLE_BYTE, SingleByteRow};
use super::multi_byte::{MULTI_BYTE, MultiByte};
use crate::text::utf;

/// An encoding that channels and the `encoding` command know. Small and free to copy.
#[derive(Debug, Clone, Copy)]
pub struct Encoding(Codec);

impl PartialEq for Encoding {
    fn eq(&self, other: &Encoding) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Encoding {}

#[derive(Debug, Clone, Copy)]
enum Codec {
    Utf8,
    /// Bytes are characters. `binary` and `iso8859-1` differ in name only, `identity` is UTF-8 by another name.
    Latin1,
    Binary,
    Identity,
    Ascii,
    /// Two bytes a unit, of this machine's order: Tcl's `unicode`.
    Utf16,
    /// Index into [`SINGLE_BYTE`].
    Single(u8),
    /// Index into [`MULTI_BYTE`].
    Multi(u8),
    /// A table out of a file.
    Table(&'static TableEncoding),
    /// Tables that escape sequences switch between.
    Escape(&'static EscapeEncoding),
}

/// What encodings write for a character that they lack.
const SUBSTITUTE: char = '?';

/// Encodings that lend the bytes 0 to 255 to characters of the same number which they otherwise lack.
const SYMBOL_SETS: [&str; 3] = ["dingbats", "macDingbats", "symbol"];

/// The names that are not rows of a table.
const BUILT_IN: [(&str, Codec); 5] = [
    ("ascii", Codec::Ascii),
    ("identity", Codec::Identity),
    ("iso8859-1", Codec::Latin1),
    ("unicode", Codec::Utf16),
    ("utf-8", Codec::Utf8),
];

impl Encoding {
    /// UTF-8.
    pub const UTF_8: Encoding = Encoding(Codec::Utf8);
    /// Bytes as characters 0 to 255.
    pub const BINARY: Encoding = Encoding(Codec::Binary);
    /// ISO 8859-1.
    pub const LATIN_1: Encoding = Encoding(Codec::Latin1);

    /// The encoding called `name` (case matters). `binary` is known to channels only, hence not here.
    pub fn find(name: &str) -> Option<Encoding> {
        if let Some((_, codec)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
            return Some(Encoding(*codec));
        }
        if let Some(index) = SINGLE_BYTE.iter().position(|row| row.name == name) {
            return Some(Encoding(Codec::Single(u8::try_from(index).ok()?)));
        }
        // Files before our own tables, whose mappings are a little wider than Tcl's.
        match find_file(name) {
            Some(FileEncoding::Table(table)) => return Some(Encoding(Codec::Table(table))),
            Some(FileEncoding::Escape(escape)) => return Some(Encoding(Codec::Escape(escape))),
            None => {}
        }
        let index = MULTI_BYTE.iter().position(|row| row.name == name)?;
        Some(Encoding(Codec::Multi(u8::try_from(index).ok()?)))
    }

    /// All names that [`Encoding::find`] knows, sorted.
    pub fn names() -> Vec<String> {
        let built_in = BUILT_IN.iter().map(|(name, _)| *name);
        let built_in = built_in
            .chain(SINGLE_BYTE.iter().map(|row| row.name))
            .chain(MULTI_BYTE.iter().map(|row| row.name));
        let mut names: Vec<String> = built_in.map(str::to_owned).chain(file_names()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self.0 {
            Codec::Utf8 => "utf-8",
            Codec::Latin1 => "iso8859-1",
            Codec::Binary => "binary",
            Codec::Identity => "identity",
            Codec::Ascii => "ascii",
            Codec::Utf16 => "unicode",
            Codec::Single(index) => single(index).name,
            Codec::Multi(index) => multi(index).name,
            Codec::Table(table) => &table.name,
            Codec::Escape(escape) => &escape.name,
        }
    }

    /// Whether characters are bytes.
    pub fn is_binary(self) -> bool {
        matches!(self.0, Codec::Binary)
    }

    /// Where reading begins, if what bytes mean depends on those before them.
    pub(super) fn decoder(self) -> Option<EscapeDecoder> {
        match self.0 {
            Codec::Escape(escape) => Some(EscapeDecoder::new(escape)),
            _ => None,
        }
    }

    /// Where writing begins, if how characters are written depends on those before them.
    pub(super) fn encoder(self) -> Option<EscapeEncoder> {
        match self.0 {
            Codec::Escape(escape) => Some(EscapeEncoder::new(escape)),
            _ => None,
        }
    }

    /// Whether a byte of value `\n` or `\r` always is that character and nothing else, so that lines can be found among
    /// bytes.
    pub(super) fn has_ascii_newlines(self) -> bool {
        match self.0 {
            Codec::Utf16 | Codec::Escape(_) => false,
            Codec::Table(table) => table.has_ascii_newlines(),
            Codec::Single(index) => {
                let row = single(index);
                row.lower
                    .is_none_or(|lower| lower.get(10) == Some(&10) && lower.get(13) == Some(&13))
            }
            _ => true,
        }
    }

    /// Whether well-formed UTF-8 without four-byte characters is inside text already.
    pub(super) fn is_utf_8(self) -> bool {
        matches!(self.0, Codec::Utf8 | Codec::Identity)
    }

    /// Whether every byte below 0x80 is the ASCII character.
    pub(super) fn is_ascii_superset(self) -> bool {
        match self.0 {
            Codec::Utf16 | Codec::Escape(_) => false,
            Codec::Table(table) => table.is_ascii_superset(),
            Codec::Single(index) => single(index).lower.is_none(),
            _ => true,
        }
    }

    /// Appends what `bytes` mean to `out` and returns how many of them it used.
    ///
    /// With `is_final` all are used (but for half a unit of `unicode`). Without it the start of a character at the end
    /// is left for next time.
    pub fn decode(self, bytes: &[u8], out: &mut String, is_final: bool) -> usize {
        if self.is_ascii_superset() && bytes.is_ascii() {
            // Cannot fail: ASCII is UTF-8.
            out.push_str(std::str::from_utf8(bytes).unwrap_or_default());
            return bytes.len();
        }
        match self.0 {
            Codec::Utf8 | Codec::Identity => utf::decode_prefix(bytes, out, is_final),
            Codec::Latin1 | Codec::Binary | Codec::Ascii => {
                out.extend(bytes.iter().map(|&byte| char::from(byte)));
                bytes.len()
            }
            Codec::Utf16 => decode_utf16(bytes, out),
            Codec::Single(index) => {
                let row = single(index);
                out.extend(
                    bytes
                        .iter()
                        .map(|&byte| utf::char_from_unit(single_unit(row, byte))),
                );
                bytes.len()
            }
            Codec::Multi(index) => multi(index).decode(bytes, out, is_final),
            Codec::Table(table) => table.decode(bytes, out, is_final),
            Codec::Escape(escape) => {
                escape.decode(bytes, out);
                bytes.len()
            }
        }
    }

    /// Appends inside text as bytes of this encoding to `out`.
    pub fn encode(self, text: &str, out: &mut Vec<u8>) {
        if self.is_ascii_superset() && text.is_ascii() && !matches!(self.0, Codec::Identity) {
            return out.extend_from_slice(text.as_bytes());
        }
        match self.0 {
            Codec::Utf8 => out.extend_from_slice(&utf::to_external_bytes(text)),
            // What tclsh has in memory, where NUL takes two bytes.
            Codec::Identity => {
                for byte in utf::to_external_bytes(text).iter() {
                    match byte {
                        0 => out.extend_from_slice(&[0xC0, 0x80]),
                        byte => out.push(*byte),
                    }
                }
            }
            Codec::Latin1 => encode_below(text, 0x100, SUBSTITUTE, out),
            Codec::Ascii => encode_below(text, 0x80, SUBSTITUTE, out),
            // Tcl writes the low byte of what is no byte.
            Codec::Binary => {
                out.extend(text.chars().map(|character| utf::unit_of(character) as u8))
            }
            Codec::Utf16 => out.extend(
                text.chars()
                    .flat_map(|character| utf::unit_of(character).to_ne_bytes()),
            ),
            Codec::Single(index) => encode_single(index, text, out),
            Codec::Multi(index) => multi(index).encode(text, out),
            Codec::Table(table) => table.encode(text, out),
            Codec::Escape(escape) => escape.encode(text, out),
        }
    }
}

const FIRST_SINGLE: &SingleByteRow = &SINGLE_BYTE[0];
const FIRST_MULTI: &MultiByte = &MULTI_BYTE[0];

/// The row at an index that only [`Encoding::find`] makes.
fn single(index: u8) -> &'static SingleByteRow {
    SINGLE_BYTE.get(usize::from(index)).unwrap_or(FIRST_SINGLE)
}

fn multi(index: u8) -> &'static MultiByte {
    MULTI_BYTE.get(usize::from(index)).unwrap_or(FIRST_MULTI)
}

fn single_unit(row: &SingleByteRow, byte: u8) -> u16 {
    let table = if byte >= 0x80 {
        Some(row.upper)
    } else {
        row.lower
    };
    table
        .and_then(|table| table.get(usize::from(byte & 0x7F)))
        .copied()
        .unwrap_or(u16::from(byte))
}

/// Half a unit at the very end is left even when nothing follows, as tclsh leaves it.
fn decode_utf16(bytes: &[u8], out: &mut String) -> usize {
    let (units, rest) = bytes.as_chunks::<2>();
    out.extend(
        units
            .iter()
            .map(|&unit| utf::char_from_unit(u16::from_ne_bytes(unit))),
    );
    bytes.len() - rest.len()
}

fn encode_below(text: &str, limit: u16, substitute: char, out: &mut Vec<u8>) {
    out.extend(text.chars().map(|character| {
        let unit = utf::unit_of(character);
        if unit < limit {
            unit as u8
        } else {
            substitute as u8
        }
    }));
}

/// Units to bytes, for one single-byte encoding.
type ReverseTable = HashMap<u16, u8, RandomState>;

/// Made when first needed, one for each row.
static REVERSE: [OnceLock<ReverseTable>; SINGLE_BYTE.len()] =
    [const { OnceLock::new() }; SINGLE_BYTE.len()];

fn reverse_table(row: &SingleByteRow) -> ReverseTable {
    let mut table = ReverseTable::default();
    if SYMBOL_SETS.contains(&row.name) {
        table.extend((0..=255_u8).map(|byte| (u16::from(byte), byte)));
    }
    // Downwards, so that the lowest of several bytes for one character wins.
    let two_way = (0..=255_u8)
        .rev()
        .filter(|byte| !row.one_way.contains(byte));
    table.extend(two_way.map(|byte| (single_unit(row, byte), byte)));
    table
}

fn encode_single(index: u8, text: &str, out: &mut Vec<u8>) {
    let row = single(index);
    let Some(slot) = REVERSE.get(usize::from(index)) else {
        return;
    };
    let table = slot.get_or_init(|| reverse_table(row));
    let substitute = table
        .get(&(SUBSTITUTE as u16))
        .copied()
        .unwrap_or(SUBSTITUTE as u8);
    out.extend(text.chars().map(|character| {
        table
            .get(&utf::unit_of(character))
            .copied()
            .unwrap_or(substitute)
    }));
}

/// What `encoding system` has set, for the whole process as in tclsh.
static SYSTEM: RwLock<Option<Encoding>> = RwLock::new(None);

/// Sets what [`system_encoding`] returns.
pub fn set_system_encoding(encoding: Encoding) {
    *SYSTEM.write().unwrap_or_else(PoisonError::into_inner) = Some(encoding);
}

/// The encoding that the process talks to the system in and that new channels have: the one set, else that of the
/// environment (`LC_ALL`, `LC_CTYPE`, `LANG`) as it is when first asked for, as tclsh picks its `encoding system`.
pub fn system_encoding() -> Encoding {
    static AT_START: OnceLock<Encoding> = OnceLock::new();
    let set = *SYSTEM.read().unwrap_or_else(PoisonError::into_inner);
    set.unwrap_or_else(|| *AT_START.get_or_init(encoding_of_environment))
}

fn encoding_of_environment() -> Encoding {
    let value = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .filter_map(std::env::var_os)
        .find(|value| !value.is_empty())
        .and_then(|value| value.into_string().ok())
        .unwrap_or_default();
    encoding_of_locale(&value)
}

fn encoding_of_locale(locale: &str) -> Encoding {
    let codeset = locale
        .split_once('.')
        .map_or("", |(_, rest)| rest)
        .split('@')
        .next()
        .unwrap_or_default();
    let codeset = codeset.to_ascii_lowercase();
    if let ("", Some(name)) = (codeset.as_str(), japanese(locale)) {
        return Encoding::find(name).unwrap_or(Encoding::LATIN_1);
    }
    if matches!(codeset.as_str(), "utf-8" | "utf8") {
        return Encoding::UTF_8;
    }
    let name = match codeset
        .strip_prefix("iso-8859-")
        .or_else(|| codeset.strip_prefix("iso8859-"))
    {
        Some(part) => format!("iso8859-{part}"),
        None => codeset
            .replace("eucjp", "euc-jp")
            .replace("euckr", "euc-kr")
            .replace("euccn", "euc-cn"),
    };
    Encoding::find(&name).unwrap_or(Encoding::LATIN_1)
}

/// The encoding of the Japanese locales without a codeset, which tclsh knows by name.
fn japanese(locale: &str) -> Option<&'static str> {
    match locale {
        "ja" | "ja_JP" | "japan" | "japanese" => Some("euc-jp"),
        "Ja_JP" | "Jp_JP" => Some("shiftjis"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(name: &str, bytes: &[u8]) -> String {
        let mut out = String::new();
        assert_eq!(
            Encoding::find(name).unwrap().decode(bytes, &mut out, true),
            bytes.len()
        );
        out
    }

    fn encode(name: &str, text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        Encoding::find(name).unwrap().encode(text, &mut out);
        out
    }

    #[test]
    fn single_byte_tables_go_both_ways() {
        assert_eq!(decode("cp1252", b"\x80\xe9A"), "€éA");
        assert_eq!(encode("cp1252", "€é\u{4e00}"), b"\x80\xe9?");
        assert_eq!(decode("ebcdic", b"\x81"), "a");
        assert_eq!(encode("ebcdic", "a\u{4e00}"), b"\x81\x6f");
        assert_eq!(encode("symbol", "\u{3b1}\"\u{4e00}"), b"a\"?");
        assert_eq!(encode("ascii", "a\u{80}"), b"a?");
    }

    #[test]
    fn utf_16_keeps_half_units_for_later() {
        let mut out = String::new();
        let unicode = Encoding::find("unicode").unwrap();
        assert_eq!(unicode.decode(b"a\0b", &mut out, false), 2);
        assert_eq!(out, "a");
        assert_eq!(encode("unicode", "a\u{e9}"), b"a\0\xe9\0");
    }

    #[test]
    fn multi_byte_tables_go_both_ways() {
        assert_eq!(decode("shiftjis", b"\x93\xfa\x96\x7b a"), "日本 a");
        assert_eq!(encode("euc-jp", "日本"), b"\xc6\xfc\xcb\xdc");
        assert_eq!(decode("euc-jp", b"\xc6\xfc\xcb\xdc"), "日本");
        assert_eq!(decode("shiftjis", b"\x81 "), "\u{81} ");
        assert_eq!(encode("big5", "中\u{e9}a"), b"\xa4\xa4?a");
    }

    #[test]
    fn the_locale_names_the_system_encoding() {
        assert_eq!(encoding_of_locale("C.UTF-8").name(), "utf-8");
        assert_eq!(encoding_of_locale("en_US.ISO-8859-15").name(), "iso8859-15");
        assert_eq!(encoding_of_locale("C").name(), "iso8859-1");
    }

    #[test]
    fn every_name_is_found() {
        for name in Encoding::names() {
            assert_eq!(Encoding::find(&name).unwrap().name(), name);
        }
    }
}
