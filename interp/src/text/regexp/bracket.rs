//! Bracket expressions: `[a-z]`, `[[:alpha:]_]`, `[[.hyphen.]-/]`, `[\d.]`.

use super::charset::{CharSet, CharSetBuilder, all_cases};
use super::error::CompileError;
use super::lex::Lexer;
use super::parse::shorthand;
use super::tables;
use super::token::{NOTE_LOCALE, NOTE_UNPORTABLE, Shorthand, Token};

/// Reads a bracket expression up to its closing bracket, which stays the current token.
///
/// The current token is the opening bracket; a `^` after it is the caller's to apply. With `nocase` plain characters and
/// ranges bring their case counterparts.
pub fn parse(lexer: &mut Lexer, nocase: bool) -> Result<CharSet, CompileError> {
    let mut builder = CharSetBuilder::default();
    lexer.advance()?;
    while lexer.token() != Token::BracketClose {
        item(lexer, &mut builder, nocase)?;
    }
    Ok(builder.build())
}

fn item(lexer: &mut Lexer, builder: &mut CharSetBuilder, nocase: bool) -> Result<(), CompileError> {
    let first = match lexer.token() {
        Token::Plain(unit) => {
            lexer.advance()?;
            unit
        }
        Token::CollatingOpen => collating_element(lexer, CompileError::Collate)?,
        Token::EquivalenceOpen => {
            let unit = collating_element(lexer, CompileError::Collate)?;
            return add_char(builder, unit, nocase);
        }
        Token::ClassOpen => {
            let name = part_name(lexer, CompileError::CharacterClass)?;
            builder.add_table(class_table(&name, nocase).ok_or(CompileError::CharacterClass)?);
            return Ok(());
        }
        Token::Class(class, _) => {
            builder.add_table(shorthand(class).ranges());
            lexer.advance()?;
            // tclsh spells \w out as a list whose last character a following range would begin with.
            match (class, lexer.token()) {
                (Shorthand::Word, Token::Range) => WORD_LAST,
                _ => return Ok(()),
            }
        }
        _ => return Err(CompileError::Range),
    };
    if lexer.token() != Token::Range {
        return add_char(builder, first, nocase);
    }
    lexer.advance()?;
    let last = range_end(lexer)?;
    if first != last {
        lexer.notes |= NOTE_UNPORTABLE;
    }
    if first > last {
        return Err(CompileError::Range);
    }
    builder.add_range(first, last, nocase);
    Ok(())
}

/// The last of the connecting characters that tclsh lists for `\w` in brackets.
const WORD_LAST: u16 = 0xFF3F;

fn add_char(builder: &mut CharSetBuilder, unit: u16, nocase: bool) -> Result<(), CompileError> {
    if nocase {
        builder.add_table(all_cases(unit).ranges());
    } else {
        builder.add_range(unit, unit, false);
    }
    Ok(())
}

fn range_end(lexer: &mut Lexer) -> Result<u16, CompileError> {
    match lexer.token() {
        Token::Plain(unit) => {
            lexer.advance()?;
            Ok(unit)
        }
        Token::Range => {
            lexer.advance()?;
            Ok(u16::from(b'-'))
        }
        Token::CollatingOpen => collating_element(lexer, CompileError::Collate),
        _ => Err(CompileError::Range),
    }
}

/// The characters up to the end of `[. .]`, `[= =]` or `[: :]`, which is stepped over. None at all is the error `if_empty`.
fn part_name(lexer: &mut Lexer, if_empty: CompileError) -> Result<Vec<u16>, CompileError> {
    let mut name = Vec::new();
    lexer.advance()?;
    while let Token::Plain(unit) = lexer.token() {
        name.push(unit);
        lexer.advance()?;
    }
    lexer.advance()?;
    if name.is_empty() {
        Err(if_empty)
    } else {
        Ok(name)
    }
}

fn collating_element(lexer: &mut Lexer, if_unknown: CompileError) -> Result<u16, CompileError> {
    let name = part_name(lexer, if_unknown)?;
    if let [unit] = name.as_slice() {
        return Ok(*unit);
    }
    lexer.notes |= NOTE_LOCALE;
    let found = COLLATING_NAMES
        .iter()
        .find(|(known, _)| is_spelled(&name, known));
    found.map(|(_, c)| *c as u16).ok_or(if_unknown)
}

fn is_spelled(units: &[u16], name: &str) -> bool {
    units.len() == name.len()
        && units
            .iter()
            .zip(name.bytes())
            .all(|(unit, byte)| *unit == u16::from(byte))
}

/// The characters of a named class. With `nocase` tclsh takes `lower` and `upper` for `alnum`.
fn class_table(name: &[u16], nocase: bool) -> Option<&'static [(u16, u16)]> {
    let (name, table) = CLASSES.iter().find(|(known, _)| is_spelled(name, known))?;
    Some(if nocase && matches!(*name, "lower" | "upper") {
        tables::ALNUM
    } else {
        table
    })
}

const CLASSES: &[(&str, &[(u16, u16)])] = &[
    ("alnum", tables::ALNUM),
    ("alpha", tables::ALPHA),
    ("ascii", tables::ASCII),
    ("blank", tables::BLANK),
    ("cntrl", tables::CNTRL),
    ("digit", tables::DIGIT),
    ("graph", tables::GRAPH),
    ("lower", tables::LOWER),
    ("print", tables::PRINT),
    ("punct", tables::PUNCT),
    ("space", tables::SPACE),
    ("upper", tables::UPPER),
    ("xdigit", tables::XDIGIT),
];

/// POSIX names of characters.
const COLLATING_NAMES: &[(&str, char)] = &[
    ("NUL", '\0'),
    ("SOH", '\x01'),
    ("STX", '\x02'),
    ("ETX", '\x03'),
    ("EOT", '\x04'),
    ("ENQ", '\x05'),
    ("ACK", '\x06'),
    ("alert", '\x07'),
    ("BEL", '\x07'),
    ("backspace", '\x08'),
    ("BS", '\x08'),
    ("tab", '\t'),
    ("HT", '\t'),
    ("newline", '\n'),
    ("LF", '\n'),
    ("vertical-tab", '\x0B'),
    ("VT", '\x0B'),
    ("form-feed", '\x0C'),
    ("FF", '\x0C'),
    ("carriage-return", '\r'),
    ("CR", '\r'),
    ("SO", '\x0E'),
    ("SI", '\x0F'),
    ("DLE", '\x10'),
    ("DC1", '\x11'),
    ("DC2", '\x12'),
    ("DC3", '\x13'),
    ("DC4", '\x14'),
    ("NAK", '\x15'),
    ("SYN", '\x16'),
    ("ETB", '\x17'),
    ("CAN", '\x18'),
    ("EM", '\x19'),
    ("SUB", '\x1A'),
    ("ESC", '\x1B'),
    ("FS", '\x1C'),
    ("IS4", '\x1C'),
    ("GS", '\x1D'),
    ("IS3", '\x1D'),
    ("RS", '\x1E'),
    ("IS2", '\x1E'),
    ("US", '\x1F'),
    ("IS1", '\x1F'),
    ("space", ' '),
    ("exclamation-mark", '!'),
    ("quotation-mark", '"'),
    ("number-sign", '#'),
    ("dollar-sign", '$'),
    ("percent-sign", '%'),
    ("ampersand", '&'),
    ("apostrophe", '\''),
    ("left-parenthesis", '('),
    ("right-parenthesis", ')'),
    ("asterisk", '*'),
    ("plus-sign", '+'),
    ("comma", ','),
    ("hyphen", '-'),
    ("hyphen-minus", '-'),
    ("period", '.'),
    ("full-stop", '.'),
    ("slash", '/'),
    ("solidus", '/'),
    ("zero", '0'),
    ("one", '1'),
    ("two", '2'),
    ("three", '3'),
    ("four", '4'),
    ("five", '5'),
    ("six", '6'),
    ("seven", '7'),
    ("eight", '8'),
    ("nine", '9'),
    ("colon", ':'),
    ("semicolon", ';'),
    ("less-than-sign", '<'),
    ("equals-sign", '='),
    ("greater-than-sign", '>'),
    ("question-mark", '?'),
    ("commercial-at", '@'),
    ("left-square-bracket", '['),
    ("backslash", '\\'),
    ("reverse-solidus", '\\'),
    ("right-square-bracket", ']'),
    ("circumflex", '^'),
    ("circumflex-accent", '^'),
    ("underscore", '_'),
    ("low-line", '_'),
    ("grave-accent", '`'),
    ("left-brace", '{'),
    ("left-curly-bracket", '{'),
    ("vertical-line", '|'),
    ("right-brace", '}'),
    ("right-curly-bracket", '}'),
    ("tilde", '~'),
    ("DEL", '\x7F'),
];
