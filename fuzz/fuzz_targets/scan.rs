//! `scan`: any text by any specification; what an integer or a word is scanned to scans to itself again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use remex_interp::Value;

fuzz_target!(|data: &[u8]| {
    let mut words = remex_fuzz::words(data);
    words.truncate(2);
    let _ = remex_fuzz::call("scan", &words);
    for specification in ["%d", "%lld", "%s"] {
        let specification = Value::text(specification);
        let Ok(first) = remex_fuzz::call("scan", &[words[0].clone(), specification.clone()]) else {
            continue;
        };
        let Some(Ok(Some(found))) = Some(first.list_element(0)) else {
            continue;
        };
        if found.is_empty() {
            continue;
        }
        let again = remex_fuzz::call("scan", &[found, specification]).map(|value| value.to_text());
        assert_eq!(again, Ok(first.to_text()));
    }
});
