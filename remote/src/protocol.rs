//! Bytes to messages and back: the private wire between two remex processes.
//!
//! A connection carries, each way, one [`Hello`] and then any number of [`Message`]s, each in a frame: a little-endian
//! `u32` that counts the bytes that follow, and those bytes. A message is postcard over serde; a hello begins with a
//! fixed magic and version, so that it can be told from garbage and from other versions whatever else changes.
//!
//! Nothing here knows sockets, time or Tcl. Text crosses as the `str` that the interpreters hold inside (a surrogate code
//! unit as its private-use escape), so that a string that is no valid Unicode arrives as it was.
//!
//! Read first: [`Message`], then [`Decoder`].

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The version of everything in this file. Two processes that differ in it do not talk.
pub const PROTOCOL_VERSION: u16 = 1;

/// The longest frame either side sends or takes, in bytes without the length word. A result of 64 MiB fits; a peer that
/// announces more is refused before a byte of it is stored.
pub const FRAME_BYTES_MAX: usize = 64 << 20;

/// The longest hello, in bytes. It holds two short names; anything longer is not a remex peer.
pub const HELLO_BYTES_MAX: usize = 1024;

/// The most words in one request. Each costs at least 24 bytes here whatever it costs on the wire, so that the frame
/// limit alone would let a small frame become a large list.
pub const REQUEST_WORDS_MAX: usize = 1 << 20;

/// What every hello starts with. As a length word it would announce 1.9 GB, and as text it is no verb of HTTP.
const MAGIC: [u8; 4] = *b"rmxq";

/// Bytes of the length word before each frame.
const LENGTH_BYTES: usize = 4;

/// A partial frame's buffer is given back when it is above this many bytes and empty, so that one large message does not
/// stay with an idle connection.
const PARTIAL_BYTES_KEPT: usize = 64 << 10;

/// What each side says first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The name under which the speaker serves, or the empty string if it only asks.
    pub name: String,
    /// The engine behind it, for people: `remex 0.1.0`.
    pub engine: String,
}

/// One thing said on an established connection. Both sides may say all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// Evaluate this.
    Request(Request),
    /// What became of a request.
    Reply(Reply),
    /// The sender of request `id` gave up: stop it, or drop it if it has not begun. It is answered nevertheless.
    Cancel {
        /// The request's id, as its sender chose it.
        id: u64,
    },
    /// Answer with the same id, at once, even while a script runs.
    Ping {
        /// Copied into the answer.
        id: u64,
    },
    /// The answer to a ping.
    Pong {
        /// The ping's id.
        id: u64,
    },
    /// The last message: the speaker closes, for this reason.
    Bye {
        /// One line for people.
        reason: String,
    },
}

/// A script or command to evaluate at global level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the sender, rising from 1 on each connection.
    pub id: u64,
    /// The same for all requests that one outermost request caused, through however many processes.
    pub chain: u64,
    /// How many requests of this chain wait for this one: 0 for an outermost request.
    pub depth: u16,
    /// How long the sender will wait, in milliseconds from now; 0 means without end. The receiver enforces it too.
    pub deadline_ms: u64,
    /// Whether a [`Reply`] is owed.
    pub wants_reply: bool,
    /// What to evaluate.
    pub body: Body,
}

/// What a request evaluates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// A script.
    Script(String),
    /// One command, whose words are not substituted again. Never empty.
    Words(Vec<String>),
}

impl Body {
    /// The number of text bytes in it, for accounts of what waits.
    pub fn text_bytes(&self) -> usize {
        match self {
            Body::Script(script) => script.len(),
            Body::Words(words) => words
                .iter()
                .map(|word| word.len() + size_of::<String>())
                .sum(),
        }
    }
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The request's id.
    pub id: u64,
    /// The completion and its value.
    pub outcome: Outcome,
}

/// A completion as Tcl's `catch` sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// 0 ok, 1 error, 2 return, 3 break, 4 continue, or a script's own.
    pub code: i32,
    /// The result, or the error message.
    pub value: String,
    /// The return options, where they say more than `-code CODE -level 0`.
    pub options: Option<Box<ReturnOptions>>,
}

impl Outcome {
    /// An ordinary result.
    pub fn ok(value: impl Into<String>) -> Outcome {
        Outcome {
            code: 0,
            value: value.into(),
            options: None,
        }
    }

    /// An error with a message and an errorCode, whose errorInfo is the message alone.
    ///
    /// * `code_words`: the errorCode as a Tcl list in string form.
    pub fn error(message: impl Into<String>, error_code: impl Into<String>) -> Outcome {
        let value = message.into();
        let options = ReturnOptions {
            error_info: Some(value.clone()),
            error_code: Some(error_code.into()),
            error_line: Some(1),
            ..ReturnOptions::default()
        };
        Outcome {
            code: 1,
            value,
            options: Some(Box::new(options)),
        }
    }
}

/// The return options of an outcome; each is in Tcl's string form, and absent where the dictionary had no such key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnOptions {
    /// `-code`, where the outcome's own code is 2 (return): what the return is to come to in the end.
    pub code: i32,
    /// `-level`.
    pub level: u32,
    /// `-errorcode`, a list.
    pub error_code: Option<String>,
    /// `-errorinfo`.
    pub error_info: Option<String>,
    /// `-errorline`.
    pub error_line: Option<u32>,
    /// `-errorstack`, a list.
    pub error_stack: Option<String>,
    /// Every other key and its value, in order.
    pub other: Vec<(String, String)>,
}

/// Why bytes are not messages, or a message will not become bytes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProtocolError {
    /// A frame announces more than [`FRAME_BYTES_MAX`] bytes; nothing of it was stored.
    #[error("a frame announces {0} bytes; the limit is {FRAME_BYTES_MAX}")]
    FrameTooLong(usize),
    /// A message to be sent would not fit a frame.
    #[error("a message of {0} bytes exceeds the limit of {FRAME_BYTES_MAX}")]
    MessageTooLong(usize),
    /// A request to be sent, or one that came, has more than [`REQUEST_WORDS_MAX`] words.
    #[error("a request of {0} words exceeds the limit of {REQUEST_WORDS_MAX}")]
    TooManyWords(usize),
    /// The first bytes are no hello.
    #[error("the peer does not speak remex's protocol")]
    NotRemex,
    /// The peer speaks another version.
    #[error("the peer speaks version {0} of the protocol, this process version {PROTOCOL_VERSION}")]
    Version(u16),
    /// A frame's bytes are no message.
    #[error("a frame holds no message that this version knows")]
    Garbage,
}

/// Appends the frame of `hello` to `output`.
pub fn encode_hello(hello: &Hello, output: &mut Vec<u8>) -> Result<(), ProtocolError> {
    framed(output, HELLO_BYTES_MAX, |mut bytes| {
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&PROTOCOL_VERSION.to_le_bytes());
        postcard::to_extend(hello, bytes)
    })
}

/// Appends the frame of `message` to `output`, or leaves `output` as it was.
///
/// Errors: [`ProtocolError::MessageTooLong`], [`ProtocolError::TooManyWords`].
pub fn encode(message: &Message, output: &mut Vec<u8>) -> Result<(), ProtocolError> {
    check_words(message)?;
    framed(output, FRAME_BYTES_MAX, |bytes| {
        postcard::to_extend(message, bytes)
    })
}

/// Lets `fill` append a frame's contents to `output`, puts their length before them and holds them to `bytes_max`.
fn framed(
    output: &mut Vec<u8>,
    bytes_max: usize,
    fill: impl FnOnce(Vec<u8>) -> Result<Vec<u8>, postcard::Error>,
) -> Result<(), ProtocolError> {
    let start = output.len();
    let mut bytes = std::mem::take(output);
    bytes.extend_from_slice(&[0; LENGTH_BYTES]);
    // Into a Vec, with types that are all serialisable, postcard has no way to fail.
    *output = fill(bytes).map_err(|_| ProtocolError::Garbage)?;
    let contents_bytes = output.len() - start - LENGTH_BYTES;
    match u32::try_from(contents_bytes) {
        Ok(length) if contents_bytes <= bytes_max => {
            output[start..start + LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
            Ok(())
        }
        _ => {
            output.truncate(start);
            Err(ProtocolError::MessageTooLong(contents_bytes))
        }
    }
}

/// Holds a request to [`REQUEST_WORDS_MAX`].
fn check_words(message: &Message) -> Result<(), ProtocolError> {
    match message {
        Message::Request(Request {
            body: Body::Words(words),
            ..
        }) if words.len() > REQUEST_WORDS_MAX => Err(ProtocolError::TooManyWords(words.len())),
        _ => Ok(()),
    }
}

/// Anything that a frame can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// The first frame.
    Hello(Hello),
    /// Any later frame.
    Message(Message),
}

/// Turns the bytes of one connection, in whatever pieces they come, into a hello and messages.
///
/// After an error the decoder is of no more use: the stream has no place from which to go on.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The beginning of a frame whose end has not come, length word included. Empty between frames.
    partial: Vec<u8>,
    /// Whether the hello is behind us.
    is_greeted: bool,
}

impl Decoder {
    /// A decoder that expects a hello first.
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// The next whole frame of what is left over from earlier calls and of `input`, which is shortened by what was taken.
    ///
    /// Returns None when `input` is used up; bytes of an unfinished frame are kept for the next call. The buffer for them
    /// grows with the bytes that come and not with what a frame announces.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Received>, ProtocolError> {
        if self.partial.is_empty() {
            return self.next_whole(input);
        }
        if self.partial.len() < LENGTH_BYTES {
            self.take(input, LENGTH_BYTES);
        }
        let Some(frame_bytes) = frame_bytes(&self.partial, self.is_greeted)? else {
            return Ok(None);
        };
        self.take(input, frame_bytes);
        if self.partial.len() < frame_bytes {
            return Ok(None);
        }
        let received = contents(
            self.partial.get(LENGTH_BYTES..).unwrap_or_default(),
            &mut self.is_greeted,
        );
        self.partial.clear();
        if self.partial.capacity() > PARTIAL_BYTES_KEPT {
            self.partial = Vec::new();
        }
        received.map(Some)
    }

    /// The next frame when nothing is left over: read where it lies, without a copy.
    fn next_whole(&mut self, input: &mut &[u8]) -> Result<Option<Received>, ProtocolError> {
        let announced = frame_bytes(input, self.is_greeted)?;
        let Some((frame, rest)) = announced.and_then(|bytes| input.split_at_checked(bytes)) else {
            self.partial.extend_from_slice(input);
            *input = &[];
            return Ok(None);
        };
        *input = rest;
        contents(
            frame.get(LENGTH_BYTES..).unwrap_or_default(),
            &mut self.is_greeted,
        )
        .map(Some)
    }

    /// Moves bytes from `input` until the unfinished frame has `bytes`, or `input` none.
    fn take(&mut self, input: &mut &[u8], bytes: usize) {
        let wanted = bytes.saturating_sub(self.partial.len()).min(input.len());
        let (taken, rest) = input.split_at(wanted);
        self.partial.extend_from_slice(taken);
        *input = rest;
    }
}

/// The length of the frame that starts `bytes`, its length word included; None if not even that has come.
fn frame_bytes(bytes: &[u8], is_greeted: bool) -> Result<Option<usize>, ProtocolError> {
    let Some(word) = bytes.first_chunk::<LENGTH_BYTES>() else {
        return Ok(None);
    };
    let announced = usize::try_from(u32::from_le_bytes(*word)).unwrap_or(usize::MAX);
    match is_greeted {
        true if announced > FRAME_BYTES_MAX => Err(ProtocolError::FrameTooLong(announced)),
        false if announced > HELLO_BYTES_MAX => Err(ProtocolError::NotRemex),
        _ => Ok(Some(LENGTH_BYTES + announced)),
    }
}

/// What a frame's contents say.
fn contents(bytes: &[u8], is_greeted: &mut bool) -> Result<Received, ProtocolError> {
    if !*is_greeted {
        *is_greeted = true;
        return hello(bytes).map(Received::Hello);
    }
    let (message, rest) = postcard::take_from_bytes(bytes).map_err(|_| ProtocolError::Garbage)?;
    if !rest.is_empty() {
        return Err(ProtocolError::Garbage);
    }
    check_words(&message)?;
    Ok(Received::Message(message))
}

fn hello(bytes: &[u8]) -> Result<Hello, ProtocolError> {
    let rest = bytes.strip_prefix(&MAGIC).ok_or(ProtocolError::NotRemex)?;
    let (version, rest) = rest.split_first_chunk().ok_or(ProtocolError::NotRemex)?;
    match u16::from_le_bytes(*version) {
        PROTOCOL_VERSION => postcard::from_bytes(rest).map_err(|_| ProtocolError::Garbage),
        other => Err(ProtocolError::Version(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello_frame() -> Vec<u8> {
        let mut bytes = Vec::new();
        encode_hello(
            &Hello {
                name: "a".into(),
                engine: "test".into(),
            },
            &mut bytes,
        )
        .unwrap();
        bytes
    }

    fn samples() -> Vec<Message> {
        let options = ReturnOptions {
            code: 5,
            level: 1,
            error_code: Some("A B".into()),
            error_info: Some("x\n    while executing".into()),
            error_line: Some(7),
            error_stack: Some("INNER x".into()),
            other: vec![("-my".into(), "é\u{10F8D9}\0".into())],
        };
        let request = Request {
            id: 3,
            chain: u64::MAX,
            depth: 2,
            deadline_ms: 0,
            wants_reply: true,
            body: Body::Words(vec![]),
        };
        vec![
            Message::Request(Request {
                body: Body::Script("expr {1+1}".into()),
                ..request.clone()
            }),
            Message::Request(Request {
                body: Body::Words(vec!["set".into(), String::new()]),
                ..request
            }),
            Message::Reply(Reply {
                id: 3,
                outcome: Outcome::ok("2"),
            }),
            Message::Reply(Reply {
                id: 4,
                outcome: Outcome {
                    code: -9,
                    value: "v".repeat(5000),
                    options: Some(Box::new(options)),
                },
            }),
            Message::Cancel { id: 0 },
            Message::Ping { id: 1 },
            Message::Pong { id: 1 },
            Message::Bye {
                reason: "end".into(),
            },
        ]
    }

    fn drain(decoder: &mut Decoder, mut input: &[u8]) -> Result<Vec<Received>, ProtocolError> {
        let mut all = Vec::new();
        while let Some(received) = decoder.next(&mut input)? {
            all.push(received);
        }
        assert!(input.is_empty());
        Ok(all)
    }

    fn greeted() -> Decoder {
        let mut decoder = Decoder::new();
        drain(&mut decoder, &hello_frame()).unwrap();
        decoder
    }

    #[test]
    fn every_message_survives_every_cut() {
        let mut bytes = hello_frame();
        for message in samples() {
            encode(&message, &mut bytes).unwrap();
        }
        for piece in [1, 2, 3, 5, 7, 64, 4096, bytes.len()] {
            let mut decoder = Decoder::new();
            let mut all = Vec::new();
            for part in bytes.chunks(piece) {
                all.extend(drain(&mut decoder, part).unwrap());
            }
            assert_eq!(all.len(), samples().len() + 1);
            for (received, sent) in all[1..].iter().zip(samples()) {
                assert_eq!(*received, Received::Message(sent), "pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_frame_that_announces_four_gigabytes_is_refused_and_stores_nothing() {
        let mut decoder = greeted();
        let announced = u32::MAX.to_le_bytes();
        assert_eq!(
            drain(&mut decoder, &announced),
            Err(ProtocolError::FrameTooLong(u32::MAX as usize))
        );
        assert!(decoder.partial.capacity() < 64);
        let mut decoder = greeted();
        drain(&mut decoder, &announced[..2]).unwrap();
        assert_eq!(
            drain(&mut decoder, &announced[2..]),
            Err(ProtocolError::FrameTooLong(u32::MAX as usize))
        );
    }

    #[test]
    fn a_long_announced_frame_takes_no_room_before_it_comes() {
        let mut decoder = greeted();
        drain(&mut decoder, &(FRAME_BYTES_MAX as u32).to_le_bytes()).unwrap();
        drain(&mut decoder, b"0123456789").unwrap();
        assert!(decoder.partial.capacity() < 64);
    }

    #[test]
    fn other_protocols_are_told_apart_at_the_first_bytes() {
        for stranger in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            b"{3 2} 42005\n",
            b"\x16\x03\x01\x02\x00\x01",
            b"SSH-2.0-x\r\n",
        ] {
            assert_eq!(
                drain(&mut Decoder::new(), stranger),
                Err(ProtocolError::NotRemex),
                "{stranger:?}"
            );
        }
        assert_eq!(
            drain(&mut Decoder::new(), b"\x06\0\0\0abcdef"),
            Err(ProtocolError::NotRemex)
        );
    }

    #[test]
    fn another_version_is_named() {
        let mut bytes = hello_frame();
        bytes[8] = 9;
        assert_eq!(
            drain(&mut Decoder::new(), &bytes),
            Err(ProtocolError::Version(9))
        );
    }

    #[test]
    fn garbage_is_refused_and_never_panics() {
        let mut seed = 12345u64;
        for round in 0..20_000u64 {
            let mut contents: Vec<u8> = (0..round % 40)
                .map(|_| {
                    seed = seed
                        .wrapping_mul(6364136223846793005)
                        .wrapping_add(1442695040888963407);
                    (seed >> 33) as u8
                })
                .collect();
            if let Some(first) = contents.first_mut() {
                *first %= 8;
            }
            let mut bytes = (contents.len() as u32).to_le_bytes().to_vec();
            bytes.extend_from_slice(&contents);
            if let Ok(all) = drain(&mut greeted(), &bytes) {
                assert_eq!(all.len(), 1);
            }
        }
        assert_eq!(
            drain(&mut greeted(), b"\x01\0\0\0\x63"),
            Err(ProtocolError::Garbage)
        );
        assert_eq!(
            drain(&mut greeted(), b"\x03\0\0\0\x03\x01\x01"),
            Err(ProtocolError::Garbage)
        );
        assert_eq!(
            drain(&mut greeted(), b"\0\0\0\0"),
            Err(ProtocolError::Garbage)
        );
    }

    #[test]
    fn a_message_that_is_too_long_is_not_sent() {
        let mut bytes = b"before".to_vec();
        let message = Message::Bye {
            reason: "x".repeat(FRAME_BYTES_MAX),
        };
        assert!(matches!(
            encode(&message, &mut bytes),
            Err(ProtocolError::MessageTooLong(_))
        ));
        assert_eq!(bytes, b"before");
        let hello = Hello {
            name: "n".repeat(HELLO_BYTES_MAX),
            engine: String::new(),
        };
        assert!(encode_hello(&hello, &mut bytes).is_err());
    }
}
