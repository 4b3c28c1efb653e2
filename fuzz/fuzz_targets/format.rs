//! `format`: any specification with any arguments ends with a string or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // Widths of many digits give results of that many bytes, rightly, and take the time that takes.
    let digits = |word: &[u8]| word.len() > 5 && word.iter().all(u8::is_ascii_digit);
    if data.windows(6).any(digits) {
        return;
    }
    let words = remex_fuzz::words(data);
    if let Ok(text) = remex_fuzz::call("format", &words) {
        // The same again: nothing of the first call stays.
        assert_eq!(remex_fuzz::call("format", &words).map(|value| value.to_text()), Ok(text.to_text()));
    }
});
