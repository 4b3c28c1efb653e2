//! The substitution text of `regsub`: `&`, `\0` to `\9`, `\&` and `\\`.

/// Where a capture lies in the text: byte offsets, or `None` if its parentheses took no part in the match.
pub type Span = Option<(usize, usize)>;

/// A substitution text taken apart once, to be used for each match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subspec {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    /// The text of this capture, 0 being the whole match.
    Capture(usize),
}

impl Subspec {
    /// Takes `spec` apart. A backslash before anything else than a digit, `&` or a backslash stands for itself.
    pub fn new(spec: &str) -> Subspec {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut chars = spec.chars().peekable();
        while let Some(first) = chars.next() {
            let capture = match (first, chars.peek().copied()) {
                ('&', _) => Some(0),
                ('\\', Some(next @ ('\\' | '&'))) => {
                    chars.next();
                    literal.push(next);
                    None
                }
                ('\\', Some(next)) if next.is_ascii_digit() => {
                    chars.next();
                    next.to_digit(10).map(|digit| digit as usize)
                }
                _ => {
                    literal.push(first);
                    None
                }
            };
            if let Some(capture) = capture {
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Capture(capture));
            }
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Subspec { pieces }
    }

    /// How many captures [`Subspec::append`] looks at, the whole match included; at least 1.
    pub fn captures_wanted(&self) -> usize {
        let most = self.pieces.iter().map(|piece| match piece {
            Piece::Literal(_) => 0,
            Piece::Capture(capture) => *capture,
        });
        most.max().unwrap_or(0) + 1
    }

    /// Appends the substitution for one match to `out`.
    ///
    /// * `text`: what was searched.
    /// * `captures`: what `Regexp::find` gave; captures beyond its end are empty.
    pub fn append(&self, text: &str, captures: &[Span], out: &mut String) {
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => out.push_str(literal),
                Piece::Capture(capture) => {
                    let span = captures.get(*capture).copied().flatten();
                    out.push_str(
                        span.and_then(|(start, end)| text.get(start..end))
                            .unwrap_or(""),
                    );
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn substitute(spec: &str) -> String {
        let mut out = String::new();
        Subspec::new(spec).append("abcdef", &[Some((1, 4)), Some((2, 3)), None], &mut out);
        out
    }

    #[test]
    fn captures_and_quoting() {
        assert_eq!(substitute("[&]"), "[bcd]");
        assert_eq!(substitute(r"\0-\1-\2-\9"), "bcd-c--");
        assert_eq!(substitute(r"\&\\\n"), r"&\\n");
        assert_eq!(substitute("x\\"), "x\\");
        assert_eq!(substitute(""), "");
    }

    #[test]
    fn wanted_captures() {
        assert_eq!(Subspec::new("x").captures_wanted(), 1);
        assert_eq!(Subspec::new(r"&\3\1").captures_wanted(), 4);
    }
}
