//! Tests of channels over memory and files.

use super::*;
use crate::channel::{FileAccess, Gets, MemoryDriver, OptionValue, copy_all, open_file};

fn reading(bytes: &[u8]) -> Channel {
    let mut channel = Channel::new(
        "memory",
        Box::new(MemoryDriver::new(bytes.to_vec())),
        true,
        false,
    );
    channel.set_encoding(Encoding::UTF_8);
    channel
}

fn writing() -> (Channel, MemoryDriver) {
    let memory = MemoryDriver::default();
    let mut channel = Channel::new("memory", Box::new(memory.clone()), false, true);
    channel.set_encoding(Encoding::UTF_8);
    (channel, memory)
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn lines(channel: &mut Channel) -> Vec<String> {
    let mut all = Vec::new();
    while let Gets::Line(line) = channel.gets().unwrap() {
        all.push(line.to_owned());
    }
    all
}

fn rest(channel: &mut Channel) -> String {
    let mut text = String::new();
    channel.read(None, &mut text).unwrap();
    text
}

#[test]
fn a_lone_return_hides_the_next_from_gets_as_in_tclsh() {
    let mut channel = reading(b"a\r\r\nb\r\nc");
    channel.set_translations(&words(&["crlf"])).unwrap();
    assert_eq!(lines(&mut channel), ["a\r\r\nb", "c"]);
}

/// Gives bytes a few at a time, so that everything is cut in two somewhere; says `WouldBlock` between if asked to.
struct Trickle {
    bytes: Vec<u8>,
    position: usize,
    step: usize,
    blocks_between: bool,
    is_blocked: bool,
}

impl Driver for Trickle {
    fn kind(&self) -> &'static str {
        "memory"
    }

    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.blocks_between && !std::mem::replace(&mut self.is_blocked, true) {
            return Err(std::io::ErrorKind::WouldBlock.into());
        }
        self.is_blocked = false;
        let end = (self.position + self.step.min(into.len())).min(self.bytes.len());
        let count = end - self.position;
        into[..count].copy_from_slice(&self.bytes[self.position..end]);
        self.position = end;
        Ok(count)
    }

    fn write(&mut self, from: &[u8]) -> std::io::Result<usize> {
        Ok(from.len())
    }

    fn close(&mut self, _side: Side) -> Result<(), ChannelError> {
        Ok(())
    }

    fn fd(&self, _direction: Direction) -> Option<BorrowedFd<'_>> {
        None
    }

    fn set_blocking(&mut self, _blocking: bool) -> std::io::Result<()> {
        Ok(())
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

fn trickling(bytes: &[u8], step: usize, blocks_between: bool) -> Channel {
    let driver = Trickle {
        bytes: bytes.to_vec(),
        position: 0,
        step,
        blocks_between,
        is_blocked: false,
    };
    let mut channel = Channel::new("memory", Box::new(driver), true, false);
    channel.set_encoding(Encoding::UTF_8);
    if blocks_between {
        channel.set_blocking(false).unwrap();
    }
    channel
}

#[test]
fn lines_end_as_the_translation_says() {
    let bytes = b"a\rb\r\nc\nd\r";
    for (translation, expected) in [
        ("auto", vec!["a", "b", "c", "d"]),
        ("lf", vec!["a\rb\r", "c", "d\r"]),
        ("cr", vec!["a", "b", "\nc\nd"]),
        ("crlf", vec!["a\rb", "c\nd\r"]),
    ] {
        for step in 1..=bytes.len() {
            let mut channel = trickling(bytes, step, false);
            channel.set_translations(&words(&[translation])).unwrap();
            assert_eq!(lines(&mut channel), expected, "{translation} by {step}");
            assert!(channel.at_eof());
        }
    }
}

#[test]
fn reading_all_translates_likewise() {
    let bytes = b"a\rb\r\nc\nd\r\r\n\xc3\xa9\r";
    for (translation, expected) in [
        ("auto", "a\nb\nc\nd\n\né\n"),
        ("lf", "a\rb\r\nc\nd\r\r\né\r"),
        ("cr", "a\nb\n\nc\nd\n\n\né\n"),
        ("crlf", "a\rb\nc\nd\r\né\r"),
    ] {
        for step in 1..=bytes.len() {
            let mut channel = trickling(bytes, step, false);
            channel.set_translations(&words(&[translation])).unwrap();
            assert_eq!(rest(&mut channel), expected, "{translation} by {step}");
            let mut one_by_one = trickling(bytes, step, false);
            one_by_one.set_translations(&words(&[translation])).unwrap();
            let mut text = String::new();
            while one_by_one.read(Some(1), &mut text).unwrap() == 1 {}
            assert_eq!(text, expected, "{translation} by {step}, one at a time");
        }
    }
}

#[test]
fn characters_cut_by_the_buffer_stay_whole() {
    let text = "aé日\u{10F83D}\u{10FE00}z";
    let bytes = "aé日\u{1F600}z".as_bytes();
    for step in 1..=bytes.len() {
        assert_eq!(rest(&mut trickling(bytes, step, false)), text, "by {step}");
        assert_eq!(
            lines(&mut trickling(bytes, step, false)),
            [text],
            "by {step}"
        );
    }
    let mut channel = reading(bytes);
    let mut first = String::new();
    assert_eq!(channel.read(Some(4), &mut first).unwrap(), 4);
    assert_eq!(first, "aé日\u{10F83D}");
    assert_eq!(lines(&mut channel), ["\u{10FE00}z"]);
}

#[test]
fn other_encodings_find_their_lines() {
    let bytes: Vec<u8> = "ab\r\ncd\ré\n"
        .encode_utf16()
        .flat_map(u16::to_ne_bytes)
        .collect();
    for step in 1..=bytes.len() {
        let mut channel = trickling(&bytes, step, false);
        channel.set_encoding_name("unicode").unwrap();
        assert_eq!(lines(&mut channel), ["ab", "cd", "é"], "by {step}");
        let mut channel = trickling(&bytes, step, false);
        channel.set_encoding_name("unicode").unwrap();
        assert_eq!(rest(&mut channel), "ab\ncd\né\n", "by {step}");
    }
    let mut channel = reading(b"\x93\xfa\n\xe9");
    channel.set_encoding_name("shiftjis").unwrap();
    assert_eq!(lines(&mut channel), ["日", "\u{e9}"]);
    let mut channel = reading(b"caf\xe9\n");
    channel.set_encoding_name("iso8859-1").unwrap();
    assert_eq!(lines(&mut channel), ["café"]);
}

#[test]
fn an_incomplete_line_blocks_and_is_not_lost() {
    let mut channel = trickling(b"ab\ncd", 1, true);
    let mut blocked = 0;
    let mut found = Vec::new();
    loop {
        match channel.gets().unwrap() {
            Gets::Line(line) => found.push(line.to_owned()),
            Gets::Blocked => {
                blocked += 1;
                assert!(channel.is_blocked() && !channel.at_eof());
            }
            Gets::Eof => break,
        }
    }
    assert_eq!(found, ["ab", "cd"]);
    assert!(blocked >= 5);
}

#[test]
fn the_eof_character_ends_input_for_good() {
    let mut channel = reading(b"ab\ncd\x1aef");
    channel.set_eof_chars(&words(&["\u{1a}"])).unwrap();
    assert_eq!(lines(&mut channel), ["ab", "cd"]);
    assert!(channel.at_eof());
    assert_eq!(rest(&mut channel), "");
    channel.set_eof_chars(&[]).unwrap();
    assert_eq!(rest(&mut channel), "\u{1a}ef");
}

#[test]
fn writing_translates_and_buffers() {
    let (mut channel, memory) = writing();
    channel.set_translations(&words(&["crlf"])).unwrap();
    channel.write_line("a\nb").unwrap();
    assert_eq!(memory.contents(), b"");
    assert_eq!(channel.pending_output().unwrap(), 6);
    channel.flush().unwrap();
    assert_eq!(memory.take(), b"a\r\nb\r\n");
    channel.set_buffering("line").unwrap();
    channel.write_str("x").unwrap();
    assert_eq!(memory.contents(), b"");
    channel.write_str("y\nz").unwrap();
    assert_eq!(memory.take(), b"xy\r\nz");
    channel.set_buffering("none").unwrap();
    channel.write_str("é").unwrap();
    assert_eq!(memory.take(), "é".as_bytes());
}

#[test]
fn a_full_buffer_goes_in_whole_buffers() {
    let (mut channel, memory) = writing();
    channel.write_str(&"x".repeat(5000)).unwrap();
    assert_eq!(memory.contents().len(), 4096);
    assert_eq!(channel.pending_output().unwrap(), 904);
    channel.close(Side::Both).unwrap();
    assert_eq!(memory.contents().len(), 5000);
}

#[test]
fn closing_writes_the_eof_character() {
    let (mut channel, memory) = writing();
    channel.set_eof_chars(&words(&["Z"])).unwrap();
    channel.write_str("x").unwrap();
    assert_eq!(channel.close(Side::Both).unwrap(), CloseState::Closed);
    assert_eq!(memory.contents(), b"xZ");
    assert!(matches!(
        channel.write_str("x"),
        Err(ChannelError::NotWritable)
    ));
}

#[test]
fn positions_are_exact_with_a_full_buffer() {
    let mut channel = reading("é1\r\n22\n333\n".as_bytes());
    assert_eq!(channel.gets().unwrap(), Gets::Line("é1"));
    assert_eq!(channel.tell().unwrap(), 5);
    channel.seek(SeekFrom::Current(3)).unwrap();
    assert_eq!(channel.gets().unwrap(), Gets::Line("333"));
    assert_eq!(channel.gets().unwrap(), Gets::Eof);
    channel.seek(SeekFrom::Start(5)).unwrap();
    assert!(!channel.at_eof());
    let mut text = String::new();
    assert_eq!(channel.read(Some(4), &mut text).unwrap(), 4);
    assert_eq!((text.as_str(), channel.tell().unwrap()), ("22\n3", 9));
}

#[test]
fn binary_reading_gives_bytes() {
    let mut channel = reading(b"\x00\xff\r\n\x80");
    channel.set_translations(&words(&["binary"])).unwrap();
    assert!(channel.reads_bytes());
    let mut bytes = Vec::new();
    channel.read_bytes(Some(2), &mut bytes).unwrap();
    assert_eq!(bytes, b"\x00\xff");
    assert_eq!(rest(&mut channel), "\r\n\u{80}");
}

#[test]
fn options_read_as_fconfigure_shows_them() {
    let mut channel = Channel::new("x", Box::new(MemoryDriver::default()), true, true);
    channel.set_encoding(Encoding::UTF_8);
    channel.set_translations(&words(&["auto", "crlf"])).unwrap();
    assert_eq!(
        channel.option("-tr").unwrap(),
        OptionValue::List(words(&["auto", "crlf"]))
    );
    assert_eq!(
        channel.option("-eofchar").unwrap(),
        OptionValue::List(words(&["", ""]))
    );
    assert_eq!(
        channel.option("-bl").unwrap(),
        OptionValue::Text("1".into())
    );
    assert_eq!(
        channel.option("-foo").unwrap_err().text("", ""),
        "bad option \"-foo\": should be one of -blocking, -buffering, -buffersize, -encoding, -eofchar, or -translation"
    );
    channel.set_translations(&words(&["binary"])).unwrap();
    assert_eq!(
        channel.option("-encoding").unwrap(),
        OptionValue::Text("binary".into())
    );
    assert_eq!(
        channel
            .set_encoding_name("nosuch")
            .unwrap_err()
            .error_code(),
        ["TCL", "LOOKUP", "ENCODING", "nosuch"]
    );
}

#[test]
fn files_open_as_their_modes_say() {
    let directory = std::env::temp_dir().join(format!("remex-channel-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let name = directory.join("file").to_str().unwrap().to_owned();
    let open = |mode: &str| open_file(&name, FileAccess::from_short_form(mode).unwrap(), 0o666);
    assert_eq!(
        open("r").unwrap_err().text("", ""),
        format!("couldn't open \"{name}\": no such file or directory")
    );
    let mut file = open("w").unwrap();
    file.write_line("one").unwrap();
    file.close(Side::Both).unwrap();
    let mut file = open("a+").unwrap();
    file.write_line("two").unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    assert_eq!(lines(&mut file), ["one", "two"]);
    file.truncate(Some(3)).unwrap();
    file.close(Side::Both).unwrap();
    let mut source = open("rb").unwrap();
    let (mut copy, memory) = writing();
    assert_eq!(copy_all(&mut source, &mut copy, None).unwrap(), 3);
    assert_eq!(memory.contents(), b"one");
    let exclusive = FileAccess::from_flags(["WRONLY", "CREAT", "EXCL"]).unwrap();
    assert_eq!(
        open_file(&name, exclusive, 0o666).unwrap_err().error_code(),
        ["POSIX", "EEXIST", "file already exists"]
    );
    assert!(FileAccess::from_short_form("rw").is_err());
    assert!(FileAccess::from_flags(["CREAT"]).is_err());
    std::fs::remove_dir_all(&directory).unwrap();
}
