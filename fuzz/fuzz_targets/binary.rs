//! `binary`: any format string; what a format writes, scanning by the same format reads without an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use remex_interp::Value;

fuzz_target!(|data: &[u8]| {
    let words = remex_fuzz::words(data);
    let written = remex_fuzz::call("binary format", &words);
    let names: Vec<Value> = (0..words.len()).map(|number| Value::string(format!("v{number}"))).collect();
    if let Ok(bytes) = written {
        let mut arguments = vec![bytes, words[0].clone()];
        arguments.extend_from_slice(&names);
        let _ = remex_fuzz::call("binary scan", &arguments);
    }
    let mut arguments = vec![Value::bytes(data.to_vec())];
    arguments.push(words[0].clone());
    arguments.extend_from_slice(&names);
    let _ = remex_fuzz::call("binary scan", &arguments);
    for kind in ["hex", "base64", "uuencode"] {
        let text = remex_fuzz::call(&format!("binary encode {kind}"), &[Value::bytes(data.to_vec())]).expect("encodes");
        let back = remex_fuzz::call(&format!("binary decode {kind}"), &[text]).expect("decodes what it encoded");
        assert_eq!(back.to_bytes().as_slice(), data, "{kind}");
        let _ = remex_fuzz::call(&format!("binary decode {kind}"), &words[..1]);
    }
});
