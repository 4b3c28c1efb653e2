//! The wire decoder: the same bytes give the same messages however they are cut, and never more memory than arrived.
#![no_main]

use libfuzzer_sys::fuzz_target;
use remex_remote::protocol::{Decoder, Hello, encode_hello};

/// What a decoder makes of the bytes, fed in pieces of `step` bytes: the messages' debug texts, and whether it failed.
fn decoded(data: &[u8], step: usize) -> (Vec<String>, bool) {
    let mut decoder = Decoder::new();
    let mut messages = Vec::new();
    for piece in data.chunks(step.max(1)) {
        let mut rest = piece;
        loop {
            match decoder.next(&mut rest) {
                Ok(Some(received)) => messages.push(format!("{received:?}")),
                Ok(None) => break,
                Err(_) => return (messages, true),
            }
        }
    }
    (messages, false)
}

fn check(data: &[u8]) {
    let whole = decoded(data, data.len());
    assert_eq!(whole, decoded(data, 1));
    assert_eq!(whole, decoded(data, 7));
}

fuzz_target!(|data: &[u8]| {
    check(data);
    // Behind a hello that is right, where the messages begin.
    let hello = Hello { name: "fuzz".to_owned(), engine: String::new() };
    let mut stream = Vec::new();
    encode_hello(&hello, &mut stream).expect("a small hello encodes");
    stream.extend_from_slice(data);
    check(&stream);
});
