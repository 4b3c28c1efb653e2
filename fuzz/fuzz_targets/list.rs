//! Lists: what parses comes back the same after being quoted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use remex_interp::syntax::{append_element, split_list};
use remex_interp::text::utf::decode_lossy;

fuzz_target!(|data: &[u8]| {
    let text = decode_lossy(data);
    let Ok(elements) = split_list(&text) else {
        return;
    };
    let mut quoted = String::new();
    for (number, element) in elements.iter().enumerate() {
        append_element(&mut quoted, element, number == 0);
    }
    let again = split_list(&quoted).expect("a quoted list parses");
    assert_eq!(elements, again);
});
