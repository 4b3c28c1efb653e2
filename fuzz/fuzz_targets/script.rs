//! The script parser, and the compiler behind it: no text may panic or hang.
#![no_main]

use libfuzzer_sys::fuzz_target;
use remex_interp::Interp;
use remex_interp::syntax::{Span, SubstFlags, is_complete, parse_script, parse_subst};
use remex_interp::text::utf::decode_lossy;
use remex_interp::value::Value;

thread_local! {
    static INTERP: std::cell::RefCell<Interp> = std::cell::RefCell::new(Interp::new());
}

fuzz_target!(|data: &[u8]| {
    let text = decode_lossy(data);
    let script = parse_script(&text, Span::whole(&text));
    // A complete text has no error that more text could mend.
    if is_complete(&text) {
        assert!(!script.error.as_ref().is_some_and(|error| error.incomplete));
    }
    let _ = parse_subst(&text, SubstFlags::ALL);
    INTERP.with(|interp| {
        let printed = interp.borrow_mut().disassemble(&Value::text(&text));
        assert!(!printed.is_empty());
    });
});
