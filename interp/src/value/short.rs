//! Short strings held inside the value: no allocation, no count.

/// The longest string that fits a [`Short`]: what is left of 16 bytes behind the tag and the length.
pub const SHORT_BYTES_MAX: usize = 14;

/// A string of at most [`SHORT_BYTES_MAX`] bytes of UTF-8.
#[derive(Clone, Copy)]
pub struct Short {
    byte_count: u8,
    bytes: [u8; SHORT_BYTES_MAX],
}

impl Short {
    /// The empty string.
    pub const EMPTY: Short = Short { byte_count: 0, bytes: [0; SHORT_BYTES_MAX] };

    /// The string `text`, if it is short enough.
    #[inline]
    pub fn new(text: &str) -> Option<Short> {
        let source = text.as_bytes();
        if source.len() > SHORT_BYTES_MAX {
            return None;
        }
        let mut bytes = [0; SHORT_BYTES_MAX];
        bytes[..source.len()].copy_from_slice(source);
        Some(Short { byte_count: source.len() as u8, bytes })
    }

    /// The string.
    #[inline]
    pub fn as_str(&self) -> &str {
        // SAFETY: the only constructor copies a whole `str`, and the fields never change afterwards.
        unsafe { str::from_utf8_unchecked(self.bytes.get_unchecked(..self.byte_count as usize)) }
    }

    /// `self` followed by `tail`, if that is still short enough.
    #[inline]
    pub fn joined(&self, tail: &str) -> Option<Short> {
        let start = self.byte_count as usize;
        let end = start + tail.len();
        if end > SHORT_BYTES_MAX {
            return None;
        }
        let mut longer = *self;
        longer.bytes[start..end].copy_from_slice(tail.as_bytes());
        longer.byte_count = end as u8;
        Some(longer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_fits_and_refuses_what_does_not() {
        assert_eq!(Short::new("").map(|s| s.as_str().len()), Some(0));
        let full = Short::new("12345678901234").expect("14 bytes fit");
        assert_eq!(full.as_str(), "12345678901234");
        assert!(Short::new("123456789012345").is_none());
        assert!(full.joined("x").is_none());
        let umlaut = Short::new("äö").expect("fits");
        assert_eq!(umlaut.joined("ü").map(|s| s.as_str().to_owned()), Some("äöü".to_owned()));
    }
}
