//! `interp`: child interpreters, aliases between interpreters, hidden commands, limits.
//!
//! Interpreters of a family are [`Interp`] values of one thread; [`family`] keeps them and lets one run another.

mod alias;
mod child;
mod family;
mod hidden;
mod limits;

use super::option;
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, done, done_empty};
use crate::value::Value;

pub(super) use alias::check_alias_loop;
pub(crate) use family::location_in_caller;
pub(crate) use family::{Home, in_interpreter, is_first, pass_on};
pub(crate) use limits::{check_limits, exceeded_in_wait};

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[Builtin::new(
    "interp",
    "cmd ?arg ...?",
    1,
    ANY,
    interp_command,
)];

pub(super) const OPTIONS: &[&str] = &[
    "alias",
    "aliases",
    "bgerror",
    "cancel",
    "children",
    "create",
    "debug",
    "delete",
    "eval",
    "exists",
    "expose",
    "hide",
    "hidden",
    "issafe",
    "invokehidden",
    "limit",
    "marktrusted",
    "recursionlimit",
    "slaves",
    "share",
    "target",
    "transfer",
];

/// What `interp` and the commands of child interpreters share: a subcommand about one interpreter, whose words
/// come after its path.
pub(super) struct Subcommand {
    name: &'static str,
    usage: &'static str,
    min: usize,
    max: usize,
    run: fn(&mut Interp, &Value, &[Value]) -> CommandResult,
}

/// The subcommands that child interpreters' commands have too.
pub(super) const SHARED: &[Subcommand] = &[
    Subcommand {
        name: "aliases",
        usage: "",
        min: 0,
        max: 0,
        run: alias::aliases,
    },
    Subcommand {
        name: "bgerror",
        usage: "?cmdPrefix?",
        min: 0,
        max: 1,
        run: limits::bgerror,
    },
    Subcommand {
        name: "debug",
        usage: "?-frame ?bool??",
        min: 0,
        max: 2,
        run: limits::debug,
    },
    Subcommand {
        name: "eval",
        usage: "arg ?arg ...?",
        min: 1,
        max: usize::MAX,
        run: child::eval,
    },
    Subcommand {
        name: "expose",
        usage: "hiddenCmdName ?cmdName?",
        min: 1,
        max: 2,
        run: hidden::expose,
    },
    Subcommand {
        name: "hide",
        usage: "cmdName ?hiddenCmdName?",
        min: 1,
        max: 2,
        run: hidden::hide,
    },
    Subcommand {
        name: "hidden",
        usage: "",
        min: 0,
        max: 0,
        run: hidden::hidden,
    },
    Subcommand {
        name: "issafe",
        usage: "",
        min: 0,
        max: 0,
        run: child::issafe,
    },
    Subcommand {
        name: "invokehidden",
        usage: "?-namespace ns? ?-global? ?--? cmd ?arg ..?",
        min: 1,
        max: usize::MAX,
        run: hidden::invokehidden,
    },
    Subcommand {
        name: "limit",
        usage: "limitType ?-option value ...?",
        min: 1,
        max: usize::MAX,
        run: limits::limit,
    },
    Subcommand {
        name: "marktrusted",
        usage: "",
        min: 0,
        max: 0,
        run: child::marktrusted,
    },
    Subcommand {
        name: "recursionlimit",
        usage: "?newlimit?",
        min: 0,
        max: 1,
        run: limits::recursionlimit,
    },
];

/// `before path usage`
fn wrong_args(before: &str, usage: &str) -> Box<Exception> {
    let text = if usage.is_empty() {
        before.to_owned()
    } else {
        format!("{before} {usage}")
    };
    Exception::wrong_args(&text)
}

fn interp_command(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let name = OPTIONS[option(&words[1], OPTIONS, "option")?];
    let arguments = &words[2..];
    let check = |min: usize, max: usize, usage: &str| {
        if arguments.len() < min || arguments.len() > max {
            return Err(wrong_args(&format!("interp {name}"), usage));
        }
        Ok(())
    };
    if let Some(row) = SHARED.iter().find(|row| row.name == name) {
        // Those that ask something may leave the path out.
        let is_question = matches!(name, "aliases" | "hidden" | "issafe");
        let count = arguments.len().wrapping_sub(1);
        let has_path = !arguments.is_empty() && count >= row.min && count <= row.max;
        let may_do_without = is_question && arguments.is_empty();
        if !has_path && !may_do_without {
            let path = if is_question { "?path?" } else { "path" };
            return Err(wrong_args(&format!("interp {name} {path}"), row.usage));
        }
        let path = arguments.first().cloned().unwrap_or_default();
        return (row.run)(interp, &path, arguments.get(1..).unwrap_or_default());
    }
    match name {
        "alias" => alias::interp_alias(interp, arguments),
        "cancel" => limits::cancel(interp, arguments),
        "children" | "slaves" => {
            check(0, 1, "?path?")?;
            child::children(interp, &arguments.first().cloned().unwrap_or_default())
        }
        "create" => child::create(interp, arguments),
        "delete" => child::delete(interp, arguments),
        "exists" => {
            check(0, 1, "?path?")?;
            done(
                in_interpreter(
                    interp,
                    &arguments.first().cloned().unwrap_or_default(),
                    |_| (),
                )
                .is_ok(),
            )
        }
        "target" => {
            check(2, 2, "path alias")?;
            alias::target(interp, &arguments[0], &arguments[1])
        }
        _ => {
            check(3, 3, "srcPath channelId destPath")?;
            share(interp, arguments, name == "transfer")
        }
    }
}

/// `interp share` and `interp transfer`.
fn share(interp: &mut Interp, arguments: &[Value], transfers: bool) -> CommandResult {
    let (from, channel, to) = (&arguments[0], &arguments[1], &arguments[2]);
    in_interpreter(interp, to, |_| ())?;
    let shared = in_interpreter(interp, from, |interp| interp.find_channel(channel))??;
    in_interpreter(interp, to, |interp| interp.share_channel(shared))?;
    if transfers {
        in_interpreter(interp, from, |interp| interp.forget_channel(channel))?;
    }
    done_empty()
}
