//! `info class` and `info object`, for scripts that ask whether a word names an object: none does.

use crate::commands::option;
use crate::runtime::ensemble::{Match, match_name, unknown_subcommand};
use crate::runtime::{CommandResult, Exception, Interp, done};
use crate::value::Value;

const CLASS_SUBCOMMANDS: &[&str] = &[
    "call",
    "constructor",
    "definition",
    "destructor",
    "filters",
    "forward",
    "instances",
    "methods",
    "methodtype",
    "mixins",
    "subclasses",
    "superclasses",
    "variables",
];

const OBJECT_SUBCOMMANDS: &[&str] = &[
    "call",
    "class",
    "definition",
    "filters",
    "forward",
    "isa",
    "methods",
    "methodtype",
    "mixins",
    "namespace",
    "variables",
    "vars",
];

const CATEGORIES: &[&str] = &["class", "metaclass", "mixin", "object", "typeof"];

fn subcommand<'a>(word: &Value, names: &[&'a str]) -> Result<&'a str, Box<Exception>> {
    let text = word.str();
    match match_name(&text, names, true) {
        Match::Found(name) => Ok(name),
        Match::Unknown => Err(unknown_subcommand(&text, names, true)),
    }
}

/// What asking about an object that is none gives.
fn no_object(what: &str, name: &str, words: &[Value]) -> Box<Exception> {
    match words.get(2) {
        Some(object) => Exception::with_code(
            format!("{object} does not refer to an object"),
            ["TCL", "LOOKUP", "OBJECT", &object.str()],
        ),
        None => Exception::wrong_args(&format!("info {what} {name} {what}Name ?arg ...?")),
    }
}

pub(super) fn info_class(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let name = subcommand(&words[1], CLASS_SUBCOMMANDS)?;
    Err(no_object("class", name, words))
}

pub(super) fn info_object(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let name = subcommand(&words[1], OBJECT_SUBCOMMANDS)?;
    if name != "isa" {
        return Err(no_object("object", name, words));
    }
    let [category, _, ..] = &words[2..] else {
        return Err(Exception::wrong_args(
            "info object isa category objName ?arg ...?",
        ));
    };
    option(category, CATEGORIES, "category")?;
    done(false)
}
