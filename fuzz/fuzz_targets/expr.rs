//! The expression parser.
#![no_main]

use libfuzzer_sys::fuzz_target;
use remex_interp::syntax::{Span, parse_expr};
use remex_interp::text::utf::decode_lossy;

fuzz_target!(|data: &[u8]| {
    let text = decode_lossy(data);
    match parse_expr(&text, Span::whole(&text)) {
        Ok(_) => {}
        Err(error) => assert!(!error.message.is_empty()),
    }
});
