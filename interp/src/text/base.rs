//! Bytes as text and back: the `hex`, `base64` and `uuencode` of `binary encode` and `binary decode`.
//!
//! What is decoded is text, since a character that is no byte is an error like any other that does not belong.

use std::borrow::Cow;

use super::number::is_space;

/// What is wrong with the options of an encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodeError {
    /// The line length is negative, or for uuencode not in 5 to 85.
    LineLength,
    /// The characters at the end of a line would be taken for data.
    WrapChar,
}

impl EncodeError {
    /// tclsh's message.
    pub fn message(self) -> &'static str {
        match self {
            EncodeError::LineLength => "line length out of range",
            EncodeError::WrapChar => "invalid wrapchar; will defeat decoding",
        }
    }

    /// The words of tclsh's errorCode.
    pub fn code(self) -> &'static [&'static str] {
        match self {
            EncodeError::LineLength => &["TCL", "BINARY", "ENCODE", "LINE_LENGTH"],
            EncodeError::WrapChar => &["TCL", "BINARY", "ENCODE", "WRAPCHAR"],
        }
    }
}

/// What is wrong with text to decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// A character does not belong.
    Invalid {
        /// What it should have been, in tclsh's words.
        kind: &'static str,
        /// The character.
        character: char,
        /// Its 0-based position in chars.
        position: usize,
    },
    /// A line of uuencoded data ends too early.
    Short,
}

impl DecodeError {
    /// tclsh's message.
    pub fn message(self) -> Cow<'static, str> {
        match self {
            DecodeError::Invalid {
                kind,
                character,
                position,
            } => Cow::Owned(format!(
                "invalid {kind} \"{character}\" at position {position}"
            )),
            DecodeError::Short => Cow::Borrowed("short uuencode data"),
        }
    }

    /// The words of tclsh's errorCode.
    pub fn code(self) -> &'static [&'static str] {
        match self {
            DecodeError::Invalid { .. } => &["TCL", "BINARY", "DECODE", "INVALID"],
            DecodeError::Short => &["TCL", "BINARY", "DECODE", "SHORT"],
        }
    }
}

/// The characters of a text one by one, with the position of the last for the error.
struct Source<'t> {
    chars: std::str::Chars<'t>,
    last: char,
    taken: usize,
    kind: &'static str,
}

impl<'t> Source<'t> {
    fn new(text: &'t str, kind: &'static str) -> Source<'t> {
        Source {
            chars: text.chars(),
            last: '\0',
            taken: 0,
            kind,
        }
    }

    /// Skips `bytes` bytes, all ASCII, that have been dealt with.
    fn skip_ascii(&mut self, text: &'t str, bytes: usize) {
        self.chars = text.get(bytes..).unwrap_or_default().chars();
        self.taken = bytes;
    }

    fn next(&mut self) -> Option<char> {
        let character = self.chars.next()?;
        self.last = character;
        self.taken += 1;
        Some(character)
    }

    fn at_end(&self) -> bool {
        self.chars.as_str().is_empty()
    }

    /// The error for the character taken last.
    fn invalid(&self) -> DecodeError {
        DecodeError::Invalid {
            kind: self.kind,
            character: self.last,
            position: self.taken.saturating_sub(1),
        }
    }

    /// Fails for a character that does not belong, unless it is white space and that is allowed.
    fn allow_space(&self, is_strict: bool) -> Result<(), DecodeError> {
        if !is_strict && is_space_char(self.last) {
            Ok(())
        } else {
            Err(self.invalid())
        }
    }
}

fn is_space_char(character: char) -> bool {
    character.is_ascii() && is_space(character as u8)
}

/// `bytes` as hexadecimal digits, lower case: `binary encode hex`.
pub fn encode_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS[usize::from(nibble & 0xF)];
    let mut out = vec![0; bytes.len() * 2];
    for (pair, &byte) in out.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte)]);
    }
    ascii(out)
}

/// Bytes that are all ASCII as text.
fn ascii(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}

/// What a byte that is no digit has in a table of digits.
const NO_DIGIT: u8 = 0xFF;

/// The table of the values of `digits`.
const fn digit_values(digits: &[u8]) -> [u8; 256] {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < digits.len() {
        values[digits[value] as usize] = value as u8;
        value += 1;
    }
    values
}

static HEX_VALUES: [u8; 256] = {
    let mut values = digit_values(b"0123456789abcdef");
    let mut letter = b'A';
    while letter <= b'F' {
        values[letter as usize] = letter - b'A' + 10;
        letter += 1;
    }
    values
};

/// The bytes that pairs of hexadecimal digits stand for: `binary decode hex`.
///
/// White space is skipped unless `is_strict`; a digit without its partner at the end is dropped.
pub fn decode_hex(text: &str, is_strict: bool) -> Result<Vec<u8>, DecodeError> {
    let mut source = Source::new(text, "hexadecimal digit");
    let mut bytes = Vec::with_capacity(text.len() / 2);
    // Most texts are digits and nothing else.
    for pair in text.as_bytes().chunks_exact(2) {
        let (high, low) = (
            HEX_VALUES[usize::from(pair[0])],
            HEX_VALUES[usize::from(pair[1])],
        );
        if high == NO_DIGIT || low == NO_DIGIT {
            break;
        }
        bytes.push(high << 4 | low);
    }
    source.skip_ascii(text, bytes.len() * 2);
    let mut high = None;
    while let Some(character) = source.next() {
        let Some(digit) = character.to_digit(16) else {
            source.allow_space(is_strict)?;
            continue;
        };
        // A hexadecimal digit fits.
        let digit = digit as u8;
        match high.take() {
            Some(upper) => bytes.push(upper << 4 | digit),
            None => high = Some(digit),
        }
    }
    Ok(bytes)
}

const BASE64_DIGITS: &[u8; 64] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static BASE64_VALUES: [u8; 256] = digit_values(BASE64_DIGITS);

/// `bytes` in base 64: `binary encode base64`.
///
/// * `line_chars_max`: a line is no longer than this; 0 for one line.
/// * `wrap`: what is put between lines; empty for one line.
pub fn encode_base64(bytes: &[u8], line_chars_max: i64, wrap: &str) -> Result<String, EncodeError> {
    let line_chars_max = usize::try_from(line_chars_max).map_err(|_| EncodeError::LineLength)?;
    let mut digits = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        digits.extend_from_slice(
            &four_digits(chunk).map(|digit| BASE64_DIGITS[usize::from(digit & 0x3F)]),
        );
    }
    let padding = (3 - bytes.len() % 3) % 3;
    digits.truncate(digits.len() - padding);
    digits.extend(std::iter::repeat_n(b'=', padding));
    let out = ascii(digits);
    if line_chars_max == 0 || wrap.is_empty() || out.len() <= line_chars_max {
        return Ok(out);
    }
    let mut wrapped = String::with_capacity(out.len() + out.len() / line_chars_max * wrap.len());
    let mut rest = out.as_str();
    while rest.len() > line_chars_max {
        let (line, after) = rest.split_at(line_chars_max);
        wrapped.push_str(line);
        wrapped.push_str(wrap);
        rest = after;
    }
    wrapped.push_str(rest);
    Ok(wrapped)
}

/// The bits of up to three bytes in groups of six.
fn four_digits(chunk: &[u8]) -> [u8; 4] {
    let byte = |place| chunk.get(place).copied().unwrap_or(0);
    let (first, second, third) = (byte(0), byte(1), byte(2));
    [
        first >> 2,
        (first << 4 | second >> 4) & 0x3F,
        (second << 2 | third >> 6) & 0x3F,
        third & 0x3F,
    ]
}

/// The value of a base 64 digit.
fn base64_digit(character: char) -> Option<u32> {
    let value = u8::try_from(character).map_or(NO_DIGIT, |byte| BASE64_VALUES[usize::from(byte)]);
    (value != NO_DIGIT).then_some(u32::from(value))
}

/// The bytes that base 64 `text` stands for: `binary decode base64`.
///
/// The padding at the end may be missing. Characters that do not belong are skipped, those after the padding too,
/// unless `is_strict`.
pub fn decode_base64(text: &str, is_strict: bool) -> Result<Vec<u8>, DecodeError> {
    let mut source = Source::new(text, "base64 character");
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    // Most texts are digits but for the padding.
    for block in text.as_bytes().chunks_exact(4) {
        let [first, second, third, fourth] =
            [0, 1, 2, 3].map(|place| BASE64_VALUES[usize::from(block[place])]);
        // No value but `NO_DIGIT` has the highest bit.
        if (first | second | third | fourth) & 0x80 != 0 {
            break;
        }
        bytes.extend_from_slice(&[
            first << 2 | second >> 4,
            second << 4 | third >> 2,
            third << 6 | fourth,
        ]);
    }
    source.skip_ascii(text, bytes.len() / 3 * 4);
    // How many of the bytes decoded are padding. Once there is some, no more data follows.
    let mut padding = 0;
    while !source.at_end() {
        let value = base64_block(&mut source, is_strict, &mut padding)?;
        let [_, first, second, third] = value.to_be_bytes();
        bytes.extend([first, second, third]);
        if padding > 0 {
            if is_strict && !source.at_end() {
                return Err(source.invalid());
            }
            break;
        }
    }
    bytes.truncate(bytes.len().saturating_sub(padding));
    Ok(bytes)
}

/// Reads four digits.
fn base64_block(
    source: &mut Source,
    is_strict: bool,
    padding: &mut usize,
) -> Result<u32, DecodeError> {
    let mut value = 0;
    let mut place = 0;
    while place < 4 {
        let character = match source.next() {
            Some(character) => character,
            None if place > 1 => '=',
            // Fewer than two digits make no byte.
            None if is_strict => return Err(source.invalid()),
            None => {
                *padding += 3;
                return Ok(value);
            }
        };
        let digit = if *padding > 0 {
            None
        } else {
            base64_digit(character)
        };
        if let Some(digit) = digit {
            value = value << 6 | digit;
        } else if character == '=' && (place > 1 || *padding == 0 && !is_strict) {
            value <<= 6;
            *padding += usize::from(place > 0);
        } else if is_strict {
            return Err(source.invalid());
        } else {
            continue;
        }
        place += 1;
    }
    Ok(value)
}

/// `bytes` as lines of uuencode, each with its length: `binary encode uuencode`.
///
/// * `line_chars_max`: a line is no longer than this, which is 5 to 85; tclsh's default is 61.
/// * `wrap`: what ends each line: tabs, feeds and returns, then a newline and anything at all, or nothing.
pub fn encode_uuencode(
    bytes: &[u8],
    line_chars_max: i64,
    wrap: &str,
) -> Result<String, EncodeError> {
    if !(5..=85).contains(&line_chars_max) {
        return Err(EncodeError::LineLength);
    }
    let after_feeds = wrap.trim_start_matches(['\t', '\x0B', '\x0C', '\r']);
    if !after_feeds.is_empty() && !after_feeds.starts_with('\n') {
        return Err(EncodeError::WrapChar);
    }
    // One char for the length, and whole groups of four.
    let line_bytes = (line_chars_max as usize - 1) / 4 * 3;
    let lines = bytes.len().div_ceil(line_bytes);
    let mut out = String::with_capacity(bytes.len() / 3 * 4 + lines * (4 + wrap.len()));
    // A zero is written as a back quote, since a space at the end of a line gets lost.
    let digit = |value: u8| {
        if value == 0 {
            '`'
        } else {
            char::from(value + b' ')
        }
    };
    for line in bytes.chunks(line_bytes) {
        // A line has at most 63 bytes.
        out.push(digit(line.len() as u8));
        for chunk in line.chunks(3) {
            out.extend(
                four_digits(chunk)
                    .into_iter()
                    .take(chunk.len() + 1)
                    .map(digit),
            );
        }
        out.push_str(wrap);
    }
    Ok(out)
}

/// The bytes that uuencoded `text` stands for: `binary decode uuencode`.
///
/// Without `is_strict`, white space is skipped, and what is missing is made up as tclsh makes it up.
pub fn decode_uuencode(text: &str, is_strict: bool) -> Result<Vec<u8>, DecodeError> {
    let mut source = Source::new(text, "uuencode character");
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    // How many bytes the current line still has to give; `None` between lines.
    let mut left: Option<usize> = None;
    while !source.at_end() {
        let expected = match left {
            Some(expected) => expected,
            None => match source.next().and_then(uuencode_digit) {
                Some(digit) => usize::from(digit),
                None => {
                    source.allow_space(is_strict)?;
                    continue;
                }
            },
        };
        let group = uuencode_group(&mut source, is_strict)?;
        let taken = expected.min(3);
        bytes.extend_from_slice(&group[..taken]);
        left = Some(expected - taken);
        if left == Some(0) && !source.at_end() {
            left = None;
            skip_line_end(&mut source, is_strict)?;
        }
    }
    if is_strict && left.is_some_and(|left| left > 0) {
        Err(DecodeError::Short)
    } else {
        Ok(bytes)
    }
}

/// The value of a uuencode digit: U+0020 to U+0060.
fn uuencode_digit(character: char) -> Option<u8> {
    matches!(character, ' '..='`').then(|| (character as u8 - b' ') & 0x3F)
}

/// Reads four digits as three bytes.
fn uuencode_group(source: &mut Source, is_strict: bool) -> Result<[u8; 3], DecodeError> {
    let sixth = |character: char| (character as u32).wrapping_sub(0x20) as u8 & 0x3F;
    // A digit that the text does not have any more counts as a NUL character.
    let mut digits = [sixth('\0'); 4];
    let mut place = 0;
    while let Some(digit) = digits.get_mut(place) {
        let Some(character) = source.next() else {
            break;
        };
        *digit = sixth(character);
        if uuencode_digit(character).is_some() {
            place += 1;
        } else if is_strict {
            if !is_space_char(character) {
                return Err(source.invalid());
            }
            if character == '\n' {
                return Err(DecodeError::Short);
            }
        }
    }
    let [first, second, third, fourth] = digits;
    Ok([
        first << 2 | second >> 4,
        second << 4 | third >> 2,
        third << 6 | fourth,
    ])
}

/// Skips to the start of the next line: past a newline, or to a digit.
fn skip_line_end(source: &mut Source, is_strict: bool) -> Result<(), DecodeError> {
    while let Some(character) = source.chars.clone().next() {
        if uuencode_digit(character).is_some() {
            return Ok(());
        }
        source.next();
        if character == '\n' {
            return Ok(());
        }
        source.allow_space(is_strict)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex() {
        assert_eq!(encode_hex(b"\x00\xFFa"), "00ff61");
        assert_eq!(decode_hex("61 62\n6", false), Ok(b"ab".to_vec()));
        let error = decode_hex("61 62", true).unwrap_err();
        assert_eq!(
            error.message(),
            "invalid hexadecimal digit \" \" at position 2"
        );
        assert_eq!(
            decode_hex("6z", false).unwrap_err().message(),
            "invalid hexadecimal digit \"z\" at position 1"
        );
    }

    #[test]
    fn base64() {
        assert_eq!(encode_base64(b"a", 0, "\n").as_deref(), Ok("YQ=="));
        assert_eq!(
            encode_base64(b"abcdefgh", 3, "\n").as_deref(),
            Ok("YWJ\njZG\nVmZ\n2g=")
        );
        assert_eq!(encode_base64(b"x", -1, "\n"), Err(EncodeError::LineLength));
        for (text, bytes) in [
            ("YWJj", "abc"),
            ("YW Jj!", "abc"),
            ("YWI", "ab"),
            ("Y", ""),
            ("=", ""),
            ("YQ==YQ==", "a"),
            ("YW=J", "a"),
            ("YWJj==", "abc"),
            ("YWJjYQ=Y", "abca"),
        ] {
            assert_eq!(
                decode_base64(text, false).as_deref(),
                Ok(bytes.as_bytes()),
                "{text}"
            );
        }
        for (text, position) in [("Y", 0), ("YQ==\n", 3), ("YW Jj", 2), ("YQ==YQ==", 3)] {
            let Err(DecodeError::Invalid {
                position: found, ..
            }) = decode_base64(text, true)
            else {
                panic!("{text} decoded")
            };
            assert_eq!(found, position, "{text}");
        }
    }

    #[test]
    fn uuencode() {
        assert_eq!(
            encode_uuencode(b"abc def", 61, "\n").as_deref(),
            Ok("'86)C(&1E9@\n")
        );
        assert_eq!(
            encode_uuencode(b"abcd", 6, "\n").as_deref(),
            Ok("#86)C\n!9`\n")
        );
        assert_eq!(encode_uuencode(b"", 4, "\n"), Err(EncodeError::LineLength));
        assert_eq!(encode_uuencode(b"", 61, " \n"), Err(EncodeError::WrapChar));
        for (text, bytes) in [
            ("#86)C\n#86)C\n", &b"abcabc"[..]),
            ("!80``\n", b"a"),
            ("#86", b"ah "),
            ("$86)C\n", b"abc\xAA"),
            ("#8 6)C", b"`\x05\x89\x82\x08 "),
        ] {
            assert_eq!(decode_uuencode(text, false).as_deref(), Ok(bytes), "{text}");
        }
        assert_eq!(decode_uuencode("!80\n", true), Err(DecodeError::Short));
    }
}
