//! What fuzz targets of commands share: an interpreter, and calls from bytes.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use remex_interp::text::utf::decode_lossy;
use remex_interp::{Interp, Value};

thread_local! {
    static INTERP: RefCell<Interp> = RefCell::new(Interp::new());
}

/// The time that a call with arguments of a few hundred bytes may take at the very most.
const TIME_MAX: Duration = Duration::from_secs(2);

/// The words in `data`, which are separated by zero bytes.
pub fn words(data: &[u8]) -> Vec<Value> {
    data.split(|byte| *byte == 0)
        .take(20)
        .map(|word| Value::text(&decode_lossy(word)))
        .collect()
}

/// Calls a command: its result, or the message of its error, which is never empty and never of an internal failure.
pub fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    INTERP.with(|interp| {
        let mut interp = interp.borrow_mut();
        interp.set_deadline(Some(Instant::now() + TIME_MAX));
        let mut call: Vec<Value> = name.split(' ').map(Value::text).collect();
        call.extend_from_slice(arguments);
        interp.call(call).map_err(|exception| {
            let message = exception.value.to_text();
            assert!(!message.is_empty());
            assert!(!message.starts_with("internal"), "{message}");
            assert!(!exception.is_uncatchable, "{message}");
            message
        })
    })
}
