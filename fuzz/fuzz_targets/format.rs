//! `format`: any specification with any arguments ends with a string or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let words = remex_fuzz::words(data);
    if let Ok(text) = remex_fuzz::call("format", &words) {
        // The same again: nothing of the first call stays.
        assert_eq!(remex_fuzz::call("format", &words).map(|value| value.to_text()), Ok(text.to_text()));
    }
});
