//! Dicts: what parses keeps its keys and values when it is made into a string and parsed again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use remex_interp::Value;

fuzz_target!(|data: &[u8]| {
    let words = remex_fuzz::words(data);
    let text = &words[0];
    let Ok(size) = remex_fuzz::call("dict size", std::slice::from_ref(text)) else {
        assert!(remex_fuzz::call("dict keys", std::slice::from_ref(text)).is_err());
        return;
    };
    let merged = remex_fuzz::call("dict merge", &[text.clone(), Value::EMPTY]).expect("a dict merges");
    let again = Value::text(&merged.str());
    assert_eq!(remex_fuzz::call("dict size", std::slice::from_ref(&again)).map(|v| v.to_text()), Ok(size.to_text()));
    let keys = remex_fuzz::call("dict keys", std::slice::from_ref(text)).expect("a dict has keys");
    for key in keys.to_list().expect("a list").elements() {
        let before = remex_fuzz::call("dict get", &[text.clone(), key.clone()]).map(|v| v.to_text());
        let after = remex_fuzz::call("dict get", &[again.clone(), key.clone()]).map(|v| v.to_text());
        assert_eq!(before, after);
        assert!(before.is_ok());
    }
});
