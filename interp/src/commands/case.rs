//! `case`, which `switch` has replaced.

use crate::runtime::{
    ANY, Builtin, CommandResult, Context, Exception, Interp, ScriptLabel, done_empty,
};
use crate::text::glob::glob_match;
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[Builtin::new(
    "case",
    "string ?in? ?pattern body ...? ?default body?",
    2,
    ANY,
    case,
)];

fn case(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let text = words[1].str();
    let mut arms = &words[2..];
    if arms.first().is_some_and(|word| &*word.str() == "in") {
        arms = &arms[1..];
    }
    let list;
    if let [only] = arms {
        list = only.to_list()?;
        arms = list.elements();
    }
    let mut chosen = None;
    for arm in arms.chunks(2) {
        let [patterns, body] = arm else {
            return Err(Exception::error("extra case pattern with no body"));
        };
        // `default` may stand anywhere: it counts when nothing else matches, the last one if there are several.
        if &*patterns.str() == "default" {
            chosen = Some((patterns, body));
        } else if any_matches(patterns, &text)? {
            chosen = Some((patterns, body));
            break;
        }
    }
    let Some((patterns, body)) = chosen else {
        return done_empty();
    };
    let label = ScriptLabel::Made(format!("\"{:.50}\" arm", &*patterns.str()));
    interp.push_script(body, Context::Current, label)
}

/// Whether one of a list of patterns matches; a word without white space and backslashes is a single pattern, whatever
/// braces it has.
fn any_matches(patterns: &Value, text: &str) -> Result<bool, Box<Exception>> {
    let single = patterns.str();
    let is_list = single.contains(|char: char| char == '\\' || (char.is_ascii() && is_space(char)));
    if !is_list {
        return Ok(glob_match(&single, text, false));
    }
    let list = patterns.to_list()?;
    let mut patterns = list.elements().iter();
    Ok(patterns.any(|pattern| glob_match(&pattern.str(), text, false)))
}

fn is_space(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}
