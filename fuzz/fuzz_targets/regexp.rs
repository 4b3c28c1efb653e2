//! Regular expressions: no pattern may panic or hang, and captures lie where they can. A pattern without back references
//! ends within a bounded number of steps.
#![no_main]

use libfuzzer_sys::fuzz_target;
use remex_interp::text::regexp::{Flags, Regexp, Syntax};
use remex_interp::text::utf::decode_lossy;

/// More questions whether to go on than a text this short can need without back references.
const POLLS_MAX: usize = 300;

fuzz_target!(|data: &[u8]| {
    let [bits, rest @ ..] = data else { return };
    let mut parts = rest.splitn(2, |byte| *byte == 0);
    let pattern = decode_lossy(parts.next().unwrap_or_default());
    let text = decode_lossy(parts.next().unwrap_or_default());
    let text = text.get(..200).unwrap_or(&text);
    let flags = Flags {
        syntax: [Syntax::Advanced, Syntax::Extended, Syntax::Basic, Syntax::Literal][usize::from(bits & 3)],
        nocase: bits & 4 != 0,
        expanded: bits & 8 != 0,
        line_stop: bits & 16 != 0,
        line_anchor: bits & 32 != 0,
        no_captures: bits & 64 != 0,
    };
    let Ok(regexp) = Regexp::new(&pattern, flags) else {
        return;
    };
    let has_back_references = regexp.about().contains(&"REG_UBACKREF");
    let mut captures = Vec::new();
    let mut polls = 0;
    let mut poll = || {
        polls += 1;
        polls > POLLS_MAX
    };
    let found = regexp.find(text, 0, false, 100, &mut captures, &mut poll);
    match found {
        Err(_) => assert!(has_back_references, "too many steps"),
        Ok(false) => assert!(captures.is_empty()),
        Ok(true) => {
            let (start, end) = captures[0].expect("the whole match");
            for &(first, last) in captures.iter().flatten() {
                assert!(text.get(first..last).is_some());
                // Captures in look-ahead may lie behind the match.
                assert!(start <= first);
            }
            assert!(start <= end);
        }
    }
    // Whether there is a match does not depend on how many captures are wanted.
    let mut polls = 0;
    let mut poll = || {
        polls += 1;
        polls > POLLS_MAX
    };
    if let Ok(found) = found
        && let Ok(alone) = regexp.find(text, 0, false, 0, &mut captures, &mut poll)
    {
        assert_eq!(alone, found);
    }
});
