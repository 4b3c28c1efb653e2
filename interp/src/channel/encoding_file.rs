//! Encodings out of files, in the format that Tcl's manual documents (`Tcl_CreateEncoding`): `NAME.enc` in one of the
//! folders of `encoding dirs`. [`TableEncoding`] is the type to read first; escape-driven files are in
//! [`super::encoding_escape`].

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError, RwLock};

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::encoding_escape::EscapeEncoding;
use crate::limits::{ENCODING_FILE_BYTES_MAX, ENCODING_FILES_MAX};
use crate::text::utf;

/// What a file holds. It stays loaded for the life of the process.
#[derive(Debug)]
pub(super) enum FileEncoding {
    Table(TableEncoding),
    Escape(EscapeEncoding),
}

/// The folders of `encoding dirs`, of the whole process as in tclsh.
static FOLDERS: RwLock<Vec<PathBuf>> = RwLock::new(Vec::new());

/// What has been loaded, by path. At most [`ENCODING_FILES_MAX`] files: they are never freed.
static LOADED: Mutex<Option<Loaded>> = Mutex::new(None);

type Loaded = HashMap<PathBuf, Option<&'static FileEncoding>, RandomState>;

/// Sets the folders that are searched, first one first.
pub fn set_encoding_folders(folders: Vec<PathBuf>) {
    *FOLDERS.write().unwrap_or_else(PoisonError::into_inner) = folders;
}

fn folders() -> Vec<PathBuf> {
    FOLDERS
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// The names of the files that can be found.
pub(super) fn file_names() -> Vec<String> {
    let entries = folders()
        .into_iter()
        .filter_map(|folder| folder.read_dir().ok());
    let names = entries.flatten().flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        Some(name.strip_suffix(".enc")?.to_owned())
    });
    names.collect()
}

/// The encoding in the first file called `name.enc`, if there is one and it is well formed.
pub(super) fn find_file(name: &str) -> Option<&'static FileEncoding> {
    find(name, Kinds::All)
}

/// Which files count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kinds {
    All,
    /// What an escape-driven file refers to: another one, or itself, would be read for ever.
    Tables,
}

fn find(name: &str, kinds: Kinds) -> Option<&'static FileEncoding> {
    if name.is_empty() || name.contains(['/', '\0']) {
        return None;
    }
    folders().into_iter().find_map(|folder| {
        let path = folder.join(format!("{}.enc", utf::to_external(name)));
        load(path, name, kinds)
    })
}

/// The table in the file `name.enc`: what escape sequences switch to.
pub(super) fn find_table(name: &str) -> Option<&'static TableEncoding> {
    match find(name, Kinds::Tables)? {
        FileEncoding::Table(table) => Some(table),
        FileEncoding::Escape(_) => None,
    }
}

fn load(path: PathBuf, name: &str, kinds: Kinds) -> Option<&'static FileEncoding> {
    let with_loaded = |work: &mut dyn FnMut(&mut Loaded)| {
        let mut guard = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        work(guard.get_or_insert_default());
    };
    let mut known = None;
    let mut is_full = false;
    with_loaded(&mut |loaded| {
        known = loaded.get(&path).copied();
        is_full = loaded.len() >= ENCODING_FILES_MAX;
    });
    if let Some(known) = known {
        return known;
    }
    if is_full || path.metadata().ok()?.len() > ENCODING_FILE_BYTES_MAX {
        return None;
    }
    let content = std::fs::read_to_string(&path).ok()?;
    if kinds == Kinds::Tables && kind_of(&content) == Some("E") {
        return None;
    }
    // Not under the lock: an escape-driven file loads others.
    let made = parse(&content, name).map(|made| &*Box::leak(Box::new(made)));
    with_loaded(&mut |loaded| {
        loaded.insert(path.clone(), made);
    });
    made
}

/// The line that says which kind a file is.
fn kind_of(content: &str) -> Option<&str> {
    let mut lines = content.lines().skip_while(|line| line.starts_with('#'));
    lines.next().map(str::trim)
}

/// Reads a file; the first line is a comment, the second says which kind it is.
fn parse(content: &str, name: &str) -> Option<FileEncoding> {
    let mut lines = content.lines().skip_while(|line| line.starts_with('#'));
    let kind = match lines.next()?.trim() {
        "S" => Kind::Single,
        "D" => Kind::Double,
        "M" => Kind::Multi,
        "E" => return EscapeEncoding::parse(lines, name).map(FileEncoding::Escape),
        _ => return None,
    };
    TableEncoding::parse(lines, kind, name).map(FileEncoding::Table)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One byte a character.
    Single,
    /// Two bytes a character.
    Double,
    /// One byte or two.
    Multi,
}

/// 256 characters, or the code units of 256 characters; 0 for what is missing.
type Page = Option<Box<[u16; 256]>>;

/// A table of characters: one page for the single bytes, and one for each byte that begins a pair.
#[derive(Debug)]
pub(super) struct TableEncoding {
    pub(super) name: String,
    /// What is written for a character that the table lacks.
    fallback: u16,
    /// Whether a byte begins a pair.
    is_lead: Box<[bool; 256]>,
    /// Characters by first byte (0 for single bytes) and last byte.
    characters: Box<[Page; 256]>,
    /// Codes by high and low byte of the character.
    codes: Box<[Page; 256]>,
}

fn pages() -> Box<[Page; 256]> {
    Box::new([const { None }; 256])
}

fn put(pages: &mut [Page; 256], key: u16, value: u16) {
    let [high, low] = key.to_be_bytes();
    if let Some(page) = pages.get_mut(usize::from(high)) {
        page.get_or_insert_with(|| Box::new([0; 256]))[usize::from(low)] = value;
    }
}

fn get(pages: &[Page; 256], key: u16) -> u16 {
    let [high, low] = key.to_be_bytes();
    match &pages[usize::from(high)] {
        Some(page) => page[usize::from(low)],
        None => 0,
    }
}

fn hex(text: &str) -> Option<u16> {
    u16::from_str_radix(text, 16).ok()
}

impl TableEncoding {
    fn parse<'a>(
        mut lines: impl Iterator<Item = &'a str>,
        kind: Kind,
        name: &str,
    ) -> Option<TableEncoding> {
        let mut head = lines.next()?.split_ascii_whitespace();
        let fallback = hex(head.next()?)?;
        let is_symbol = head.next()? != "0";
        let page_count: usize = head.next()?.parse().ok()?;
        let mut table = TableEncoding {
            name: name.to_owned(),
            fallback,
            is_lead: Box::new([kind == Kind::Double; 256]),
            characters: pages(),
            codes: pages(),
        };
        for _ in 0..page_count {
            table.read_page(&mut lines)?;
        }
        if kind == Kind::Multi && get(&table.codes, u16::from(b'\\')) == 0 {
            put(&mut table.codes, u16::from(b'\\'), u16::from(b'\\'));
        }
        if is_symbol {
            // A symbol set lends its bytes to the characters of the same number.
            for byte in (0..256).filter(|&byte| get(&table.characters, byte) != 0) {
                put(&mut table.codes, byte, byte);
            }
        }
        if lines.next().map(str::trim) == Some("R") {
            table.read_reverse(lines);
        }
        Some(table)
    }

    /// A page: its number in hexadecimal, then 16 lines of 16 characters of four digits.
    fn read_page<'a>(&mut self, lines: &mut impl Iterator<Item = &'a str>) -> Option<()> {
        let high = u8::from_str_radix(lines.next()?.trim(), 16).ok()?;
        if high != 0 {
            self.is_lead[usize::from(high)] = true;
        }
        for row in 0..16u8 {
            let line = lines.next()?.trim();
            for column in 0..16u8 {
                let at = usize::from(column) * 4;
                let character = hex(line.get(at..at + 4)?)?;
                let code = u16::from_be_bytes([high, row * 16 + column]);
                put(&mut self.characters, code, character);
                if character != 0 {
                    put(&mut self.codes, character, code);
                }
            }
        }
        Some(())
    }

    /// Lines of a code and the characters that are written with it, though it is read as another one.
    fn read_reverse<'a>(&mut self, lines: impl Iterator<Item = &'a str>) {
        for line in lines {
            let mut words = line.split_ascii_whitespace().map_while(hex);
            let Some(code) = words.next() else {
                continue;
            };
            for character in words {
                put(&mut self.codes, character, code);
            }
        }
    }

    /// Whether `byte` begins a pair.
    pub(super) fn is_lead(&self, byte: u8) -> bool {
        self.is_lead[usize::from(byte)]
    }

    /// The character of a code, 0 if there is none.
    pub(super) fn character(&self, lead: u8, last: u8) -> u16 {
        get(&self.characters, u16::from_be_bytes([lead, last]))
    }

    /// The code of a character, 0 if there is none.
    pub(super) fn code(&self, character: u16) -> u16 {
        get(&self.codes, character)
    }

    /// What is written for a character that there is no code for.
    pub(super) fn fallback(&self) -> u16 {
        self.fallback
    }

    /// Appends a code.
    pub(super) fn push_code(&self, code: u16, out: &mut Vec<u8>) {
        let [high, low] = code.to_be_bytes();
        if self.is_lead(high) {
            out.push(high);
        }
        out.push(low);
    }

    /// Whether a byte of value `\n` or `\r` always is that character and nothing else.
    pub(super) fn has_ascii_newlines(&self) -> bool {
        [b'\n', b'\r'].into_iter().all(|byte| {
            let stands_alone = (1..=255).all(|lead| self.character(lead, byte) == 0);
            stands_alone && !self.is_lead(byte) && self.character(0, byte) == u16::from(byte)
        })
    }

    /// Whether every byte below 0x80 is the ASCII character.
    pub(super) fn is_ascii_superset(&self) -> bool {
        (0..0x80).all(|byte| !self.is_lead(byte) && self.character(0, byte) == u16::from(byte))
    }

    /// See [`super::Encoding::decode`]. Half a pair at the very end is dropped, as tclsh does.
    pub(super) fn decode(&self, bytes: &[u8], out: &mut String, is_final: bool) -> usize {
        let mut used = 0;
        while let Some(&byte) = bytes.get(used) {
            let mut length = 1;
            let mut character = if self.is_lead(byte) {
                let Some(&last) = bytes.get(used + 1) else {
                    return if is_final { bytes.len() } else { used };
                };
                length = 2;
                self.character(byte, last)
            } else {
                self.character(0, byte)
            };
            if character == 0 {
                (character, length) = (u16::from(byte), 1);
            }
            out.push(utf::char_from_unit(character));
            used += length;
        }
        used
    }

    /// See [`super::Encoding::encode`].
    pub(super) fn encode(&self, text: &str, out: &mut Vec<u8>) {
        for character in text.chars() {
            let unit = utf::unit_of(character);
            let code = match self.code(unit) {
                0 if unit != 0 => self.fallback,
                code => code,
            };
            self.push_code(code, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of `kind` whose page `number` begins with the characters `a`, nothing and `é`.
    fn file(kind: &str, number: &str) -> String {
        let first = format!("0061000000E9{}", "0000".repeat(13));
        let rows = format!("{}\n", "0000".repeat(16)).repeat(15);
        format!("# comment\n{kind}\n0062 0 1\n{number}\n{first}\n{rows}R\n0000 0062 0063\n")
    }

    #[test]
    fn a_table_goes_both_ways() {
        let Some(FileEncoding::Table(table)) = parse(&file("D", "30"), "x") else {
            panic!("not read");
        };
        let (mut text, mut bytes) = (String::new(), Vec::new());
        assert_eq!(table.decode(b"0\x02\x300", &mut text, false), 3);
        assert_eq!(text, "\u{e9}0");
        table.encode("\u{e9}\u{ea}", &mut bytes);
        assert_eq!(bytes, b"\x30\x02\x00\x62");
        assert!(!table.has_ascii_newlines());
    }

    #[test]
    fn a_broken_file_is_no_encoding() {
        for content in ["", "abc", "# x\nS\n", "# x\nS\n003F 0 2\n00\nzz"] {
            assert!(parse(content, "x").is_none(), "{content}");
        }
        assert!(parse(&file("S", "00").replace("00E9", "00X9"), "x").is_none());
    }
}
