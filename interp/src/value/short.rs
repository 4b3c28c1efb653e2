//! Short strings held inside the value: no allocation, no count.
//!
//! A value travels in two machine registers as long as each of its forms fits one 64-bit word behind the tag, so a short
//! string is a word: seven bytes of text and their number.

/// The longest string that fits a [`Short`].
pub const SHORT_BYTES_MAX: usize = 7;

/// A string of at most [`SHORT_BYTES_MAX`] bytes of UTF-8: the text from the lowest byte up, zeros behind it, and its
/// length in the highest byte.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Short(u64);

impl Short {
    /// The empty string.
    pub const EMPTY: Short = Short(0);

    /// The string `text`, if it is short enough.
    #[inline]
    pub fn new(text: &str) -> Option<Short> {
        let source = text.as_bytes();
        if source.len() > SHORT_BYTES_MAX {
            return None;
        }
        let mut bytes = [0; 8];
        bytes[..source.len()].copy_from_slice(source);
        bytes[7] = source.len() as u8;
        Some(Short(u64::from_le_bytes(bytes)))
    }

    /// The number of bytes.
    #[inline]
    pub fn byte_count(self) -> usize {
        (self.0 >> 56) as usize
    }

    /// The string.
    #[inline]
    pub fn as_str(&self) -> &str {
        const {
            assert!(
                cfg!(target_endian = "little"),
                "the bytes of a short string lie in memory order"
            )
        };
        let start: *const u8 = (&raw const self.0).cast();
        // SAFETY: the word's lowest bytes come first in memory; only `new` and `joined` make words, and they copy whole
        // `str`s whose length is in the highest byte, at most seven.
        unsafe { str::from_utf8_unchecked(std::slice::from_raw_parts(start, self.byte_count())) }
    }

    /// The N of `end-N`, where it is one digit, and 0 for `end`: what most indices from the end are.
    #[inline]
    pub fn from_end(self) -> Option<i64> {
        const END: u64 = u64::from_le_bytes([b'e', b'n', b'd', 0, 0, 0, 0, 3]);
        const END_MINUS: u64 = u64::from_le_bytes([b'e', b'n', b'd', b'-', b'0', 0, 0, 5]);
        if self.0 == END {
            return Some(0);
        }
        // The digit is the only byte that may differ.
        let digit = self.0.wrapping_sub(END_MINUS) >> 32;
        let is_rest_same = self.0.wrapping_sub(END_MINUS) as u32 == 0;
        (is_rest_same && digit <= 9).then_some(digit as i64)
    }

    /// `self` followed by `tail`, if that is still short enough.
    #[inline]
    pub fn joined(self, tail: &str) -> Option<Short> {
        let start = self.byte_count();
        let end = start + tail.len();
        if end > SHORT_BYTES_MAX {
            return None;
        }
        let mut bytes = self.0.to_le_bytes();
        bytes[start..end].copy_from_slice(tail.as_bytes());
        bytes[7] = end as u8;
        Some(Short(u64::from_le_bytes(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_from_the_end_are_seen_without_reading_the_text() {
        let from_end = |text| Short::new(text).and_then(Short::from_end);
        assert_eq!(from_end("end"), Some(0));
        assert_eq!(from_end("end-0"), Some(0));
        assert_eq!(from_end("end-9"), Some(9));
        for other in [
            "end+1", "end-", "end-10", "end-:", "end-/", "End-1", "en", "",
        ] {
            assert_eq!(from_end(other), None, "{other}");
        }
    }

    #[test]
    fn holds_what_fits_and_refuses_what_does_not() {
        assert_eq!(Short::new("").map(|s| s.as_str().len()), Some(0));
        let full = Short::new("1234567").expect("7 bytes fit");
        assert_eq!(full.as_str(), "1234567");
        assert!(Short::new("12345678").is_none());
        assert!(full.joined("x").is_none());
        let umlaut = Short::new("äö").expect("fits");
        assert_eq!(
            umlaut.joined("ü").map(|s| s.as_str().to_owned()),
            Some("äöü".to_owned())
        );
    }
}
