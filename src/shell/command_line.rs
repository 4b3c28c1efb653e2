//! What stands before the cursor, as completion needs it: which word of which command is being typed.

/// What is being typed.
#[derive(Debug, PartialEq, Eq)]
pub struct Typed {
    /// The words of the innermost command before the one being typed, as written.
    pub words: Vec<String>,
    /// Where the word begins that is being typed, in bytes.
    pub start: usize,
    /// Whether a variable's name is being typed, which begins at `start`; it may be in braces.
    pub is_variable: bool,
}

/// What encloses a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opener {
    /// Nothing.
    Start,
    /// `[`
    Bracket,
    /// `{`; taken for a script, as most are.
    Brace,
    /// `"`; not a script.
    Quote,
}

/// A command, or a quoted word, that has not ended.
struct Level {
    opener: Opener,
    words: Vec<String>,
    /// Where the word begins that has not ended.
    word_start: Option<usize>,
}

impl Level {
    fn new(opener: Opener) -> Level {
        Level {
            opener,
            words: Vec::new(),
            word_start: None,
        }
    }
}

/// Looks at the text before the cursor.
pub fn look(text: &str) -> Typed {
    let levels = scan(text);
    let innermost = levels.last();
    let start = innermost
        .and_then(|level| level.word_start)
        .unwrap_or(text.len());
    if let Some(start) = variable_start(text, start) {
        return Typed {
            words: Vec::new(),
            start,
            is_variable: true,
        };
    }
    // A quoted word is one word of the command around it.
    let command = levels
        .iter()
        .rev()
        .find(|level| level.opener != Opener::Quote);
    let words = command.map(|level| level.words.clone()).unwrap_or_default();
    Typed {
        words,
        start,
        is_variable: false,
    }
}

/// The levels that have not ended at the end of `text`.
fn scan(text: &str) -> Vec<Level> {
    let mut levels = vec![Level::new(Opener::Start)];
    let mut chars = text.char_indices().peekable();
    while let Some((index, character)) = chars.next() {
        let Some(level) = levels.last_mut() else {
            break;
        };
        let is_quote = level.opener == Opener::Quote;
        let is_at_start = level.word_start.is_none();
        match character {
            '\\' => {
                level.word_start.get_or_insert(index);
                chars.next();
            }
            '$' if chars.next_if(|(_, next)| *next == '{').is_some() => {
                level.word_start.get_or_insert(index);
                // A name in braces may hold anything.
                while chars.next().is_some_and(|(_, next)| next != '}') {}
            }
            '[' => {
                level.word_start.get_or_insert(index);
                levels.push(Level::new(Opener::Bracket));
            }
            ']' if level.opener == Opener::Bracket => drop(levels.pop()),
            '}' if level.opener == Opener::Brace => drop(levels.pop()),
            '"' if is_quote => drop(levels.pop()),
            '{' if is_at_start && !is_quote => {
                level.word_start = Some(index);
                levels.push(Level::new(Opener::Brace));
            }
            '"' if is_at_start && !is_quote => {
                level.word_start = Some(index);
                let mut quote = Level::new(Opener::Quote);
                quote.word_start = Some(index + 1);
                levels.push(quote);
            }
            '#' if is_at_start && level.words.is_empty() && !is_quote => {
                while chars.next_if(|(_, next)| *next != '\n').is_some() {}
            }
            ';' | '\n' if !is_quote => {
                level.words.clear();
                level.word_start = None;
            }
            _ if character.is_whitespace() && !is_quote => {
                if let Some(start) = level.word_start.take() {
                    level
                        .words
                        .push(text.get(start..index).unwrap_or_default().to_owned());
                }
            }
            _ => {
                level.word_start.get_or_insert(index);
            }
        }
    }
    levels
}

/// Where the name begins of a variable that the text ends in, after `$` or `${`. Not before `from`.
fn variable_start(text: &str, from: usize) -> Option<usize> {
    let dollar = from.checked_add(text.get(from..)?.rfind('$')?)?;
    let is_escaped = text
        .get(..dollar)?
        .bytes()
        .rev()
        .take_while(|byte| *byte == b'\\')
        .count()
        % 2
        == 1;
    let after = text.get(dollar + 1..)?;
    let (name, start) = match after.strip_prefix('{') {
        Some(name) => (name, dollar + 2),
        None => (after, dollar + 1),
    };
    let is_braced = start == dollar + 2;
    let fits = |character: char| match is_braced {
        true => character != '}',
        false => character.is_alphanumeric() || "_:(".contains(character),
    };
    (!is_escaped && name.chars().all(fits)).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> (String, String) {
        let typed = look(text);
        let kind = if typed.is_variable { "$" } else { "" };
        (
            kind.to_owned() + &typed.words.join("|"),
            text[typed.start..].to_owned(),
        )
    }

    fn pair(words: &str, word: &str) -> (String, String) {
        (words.to_owned(), word.to_owned())
    }

    #[test]
    fn the_innermost_command_counts() {
        assert_eq!(typed("pu"), pair("", "pu"));
        assert_eq!(typed("puts [str"), pair("", "str"));
        assert_eq!(typed("puts [string le"), pair("string", "le"));
        assert_eq!(
            typed("puts [string length x] fi"),
            pair("puts|[string length x]", "fi")
        );
        assert_eq!(typed("if {$x} { set a"), pair("set", "a"));
        assert_eq!(typed("set a 1; inc"), pair("", "inc"));
        assert_eq!(typed("set a {b c} "), pair("set|a|{b c}", ""));
        assert_eq!(typed("open \"a b"), pair("open", "a b"));
        assert_eq!(typed("puts \"[cl"), pair("", "cl"));
        assert_eq!(typed("source a\\ b"), pair("source", "a\\ b"));
    }

    #[test]
    fn variables_begin_with_a_dollar() {
        assert_eq!(typed("puts $en"), pair("$", "en"));
        assert_eq!(typed("puts a$::tcl_p"), pair("$", "::tcl_p"));
        assert_eq!(typed("puts ${a b"), pair("$", "a b"));
        assert_eq!(typed("puts \"x $y"), pair("$", "y"));
        assert_eq!(typed("puts $env(HO"), pair("$", "env(HO"));
        assert_eq!(typed("puts \\$en"), pair("puts", "\\$en"));
        assert_eq!(typed("puts $a/b"), pair("puts", "$a/b"));
    }
}
