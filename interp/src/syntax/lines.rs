//! Byte offsets to line numbers.

/// The 1-based number of the line that byte `offset` of `source` is on; a newline belongs to the line it ends.
///
/// O(offset), so meant for errors and not for every command.
pub fn line_of(source: &str, offset: usize) -> u32 {
    let before = source.as_bytes().get(..offset).unwrap_or(source.as_bytes());
    let newline_count = memchr::memchr_iter(b'\n', before).count();
    u32::try_from(newline_count)
        .unwrap_or(u32::MAX - 1)
        .saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_from_one() {
        assert_eq!(line_of("", 0), 1);
        assert_eq!(line_of("a\nb", 1), 1);
        assert_eq!(line_of("a\nb", 2), 2);
        assert_eq!(line_of("a\nb", 99), 2);
    }
}
