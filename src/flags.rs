//! The words of the command line: one table row per flag, from which parsing and help follow.

use remex_interp::Mode;

/// Exit status for a command line that makes no sense.
pub const USAGE_STATUS: i32 = 2;

/// What a command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// What to do.
    pub plan: Plan,
    /// What runs scripts.
    pub engine: Engine,
    /// How remex's own engine runs.
    pub mode: Mode,
    /// The encoding of the script file, if it is not UTF-8.
    pub encoding: Option<String>,
}

/// What runs scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// remex's own engine.
    Remex,
    /// The crate `molt`.
    Molt,
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan {
    /// Print the help.
    Help,
    /// Print the version.
    Version,
    /// Run a script file.
    File {
        /// Its name.
        file: String,
        /// `argv`
        arguments: Vec<String>,
    },
    /// Run a script that stands on the command line.
    Script {
        /// The script.
        script: String,
        /// `argv`
        arguments: Vec<String>,
    },
    /// Run the commands that come on standard input, whatever that is.
    StandardInput {
        /// `argv`
        arguments: Vec<String>,
    },
    /// Talk to the person at the terminal; without one, as [`Plan::StandardInput`].
    Interactive,
    /// Print the bytecode of a script file.
    Disassemble(String),
    /// `remex serve …`
    Serve(Vec<String>),
    /// `remex remote …`
    Remote(Vec<String>),
    /// `remex keys …`
    Keys(Vec<String>),
}

/// What a flag does with the words after it.
#[derive(Clone, Copy)]
enum Effect {
    /// Takes one word and lets others follow.
    Setting(fn(&mut Request, &str) -> Result<(), String>),
    /// Takes one word and all that follow: the plan.
    Final(fn(&str, &[String]) -> Plan),
    /// Takes all that follow: the plan.
    Rest(fn(&[String]) -> Plan),
}

/// One row of the table.
struct Flag {
    /// How it is written.
    name: &'static str,
    /// What follows it, for the help and for messages.
    operands: &'static str,
    /// What it is for.
    about: &'static str,
    effect: Effect,
}

const FLAGS: &[Flag] = &[
    Flag {
        name: "-c",
        operands: "SCRIPT ?ARG ...?",
        about: "run a script given as a word",
        effect: Effect::Final(|script, rest| Plan::Script {
            script: script.to_owned(),
            arguments: rest.to_vec(),
        }),
    },
    Flag {
        name: "-",
        operands: "?ARG ...?",
        about: "run the commands on standard input",
        effect: Effect::Rest(|rest| Plan::StandardInput {
            arguments: rest.to_vec(),
        }),
    },
    Flag {
        name: "serve",
        operands: "?--name NAME? ?--listen HOST:PORT? ?--engine NAME? ?FILE ?ARG ...??",
        about: "serve an interpreter to others",
        effect: Effect::Rest(|rest| Plan::Serve(rest.to_vec())),
    },
    Flag {
        name: "remote",
        operands: "eval|call|interps ?ARG ...?",
        about: "evaluate in an interpreter that serves",
        effect: Effect::Rest(|rest| Plan::Remote(rest.to_vec())),
    },
    Flag {
        name: "keys",
        operands: "show|authorize|trust|revoke ?ARG ...?",
        about: "say who may come in, and whom to trust",
        effect: Effect::Rest(|rest| Plan::Keys(rest.to_vec())),
    },
    Flag {
        name: "--disassemble",
        operands: "FILE",
        about: "show the bytecode of a script",
        effect: Effect::Final(|file, _| Plan::Disassemble(file.to_owned())),
    },
    Flag {
        name: "--engine",
        operands: "NAME",
        about: "what runs scripts: remex, or the small language molt",
        effect: Effect::Setting(|request, word| {
            request.engine = engine(word)?;
            Ok(())
        }),
    },
    Flag {
        name: "--mode",
        operands: "MODE",
        about: "run the engine in a mode for tests: normal, invoke, forget, share or yield",
        effect: Effect::Setting(|request, word| {
            request.mode =
                Mode::from_name(word).ok_or_else(|| format!("there is no mode \"{word}\""))?;
            Ok(())
        }),
    },
    Flag {
        name: "-encoding",
        operands: "NAME",
        about: "the encoding of the script file",
        effect: Effect::Setting(|request, word| {
            request.encoding = Some(word.to_owned());
            Ok(())
        }),
    },
    Flag {
        name: "--version",
        operands: "",
        about: "print the version",
        effect: Effect::Rest(|_| Plan::Version),
    },
    Flag {
        name: "--help",
        operands: "",
        about: "print this",
        effect: Effect::Rest(|_| Plan::Help),
    },
];

/// What `words`, those after the program's name, ask for.
///
/// Errors: a line to print.
pub fn parse(words: &[String]) -> Result<Request, String> {
    let mut request = Request {
        plan: Plan::Interactive,
        engine: Engine::Remex,
        mode: Mode::Normal,
        encoding: None,
    };
    let mut rest = words;
    while let [word, after @ ..] = rest {
        if word == "--" {
            request.plan = after.split_first().map_or(Plan::Interactive, file_plan);
            return Ok(request);
        }
        let Some(flag) = FLAGS.iter().find(|flag| flag.name == word) else {
            if word.starts_with('-') {
                return Err(format!("unknown option \"{word}\""));
            }
            request.plan = file_plan((word, after));
            return Ok(request);
        };
        let operand = || {
            after
                .split_first()
                .ok_or_else(|| format!("{} needs {}", flag.name, flag.operands))
        };
        match flag.effect {
            Effect::Setting(set) => {
                let (operand, after) = operand()?;
                set(&mut request, operand)?;
                rest = after;
            }
            Effect::Final(plan) => {
                let (operand, after) = operand()?;
                request.plan = plan(operand, after);
                return Ok(request);
            }
            Effect::Rest(plan) => {
                request.plan = plan(after);
                take_engine(&mut request)?;
                return Ok(request);
            }
        }
    }
    Ok(request)
}

fn engine(name: &str) -> Result<Engine, String> {
    match name {
        "remex" => Ok(Engine::Remex),
        "molt" if cfg!(feature = "molt") => Ok(Engine::Molt),
        _ => Err(format!("there is no engine \"{name}\"")),
    }
}

/// Takes `--engine NAME` out of the options of `serve`, each of which has one operand.
fn take_engine(request: &mut Request) -> Result<(), String> {
    let Plan::Serve(words) = &mut request.plan else {
        return Ok(());
    };
    let mut at = 0;
    while words.get(at).is_some_and(|word| word.starts_with("--")) {
        let is_engine = words.get(at).is_some_and(|word| word == "--engine");
        match words.get(at + 1) {
            Some(name) if is_engine => {
                request.engine = engine(name)?;
                words.drain(at..at + 2);
            }
            _ if is_engine => return Err("--engine needs NAME".to_string()),
            _ => at += 2,
        }
    }
    Ok(())
}

fn file_plan((file, arguments): (&String, &[String])) -> Plan {
    Plan::File {
        file: file.clone(),
        arguments: arguments.to_vec(),
    }
}

/// The help: how the program is called, and the table.
pub fn help() -> String {
    let mut text = String::from(
        "remex: a Tcl 8.6 shell whose interpreters talk to each other\n\n  \
         remex FILE ?ARG ...?\n      run a script file\n  \
         remex\n      on a terminal a prompt; on a pipe, run the commands that come\n",
    );
    for flag in FLAGS {
        let gap = if flag.operands.is_empty() { "" } else { " " };
        text.push_str(&format!(
            "  remex {}{gap}{}\n      {}\n",
            flag.name, flag.operands, flag.about
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(line: &str) -> Result<Plan, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&words).map(|request| request.plan)
    }

    fn strings(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn words_after_a_file_or_a_script_are_its_own() {
        let file = Plan::File {
            file: "f".into(),
            arguments: strings("-c --help x"),
        };
        assert_eq!(plan("f -c --help x"), Ok(file));
        let script = Plan::Script {
            script: "s".into(),
            arguments: strings("--mode x"),
        };
        assert_eq!(plan("-c s --mode x"), Ok(script));
        assert_eq!(
            plan("- a b"),
            Ok(Plan::StandardInput {
                arguments: strings("a b")
            })
        );
        assert_eq!(plan("serve --name x"), Ok(Plan::Serve(strings("--name x"))));
        assert_eq!(plan(""), Ok(Plan::Interactive));
    }

    #[test]
    fn settings_come_before_the_plan() {
        let request = parse(&strings("--mode yield -encoding cp1252 f")).unwrap();
        assert_eq!(
            (request.mode, request.encoding.as_deref()),
            (Mode::Yield, Some("cp1252"))
        );
        assert_eq!(
            request.plan,
            Plan::File {
                file: "f".into(),
                arguments: Vec::new()
            }
        );
    }

    #[test]
    fn a_file_may_have_a_name_like_a_flag() {
        assert_eq!(
            plan("-- --help x"),
            Ok(Plan::File {
                file: "--help".into(),
                arguments: strings("x")
            })
        );
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(plan("--frob"), Err("unknown option \"--frob\"".into()));
        assert_eq!(
            plan("--mode fast f"),
            Err("there is no mode \"fast\"".into())
        );
        assert_eq!(plan("-c"), Err("-c needs SCRIPT ?ARG ...?".into()));
    }

    #[cfg(feature = "molt")]
    #[test]
    fn an_engine_can_be_chosen_for_whatever_runs_scripts() {
        let engine = |line| parse(&strings(line)).map(|request| request.engine);
        assert_eq!(engine("--engine molt serve --name x"), Ok(Engine::Molt));
        assert_eq!(engine("--engine remex f"), Ok(Engine::Remex));
        let served = parse(&strings("serve --name x --engine molt f --engine y")).unwrap();
        let words = strings("--name x f --engine y");
        assert_eq!(
            (served.engine, served.plan),
            (Engine::Molt, Plan::Serve(words))
        );
        assert!(engine("serve --engine").is_err());
        assert_eq!(
            engine("--engine perl f"),
            Err("there is no engine \"perl\"".into())
        );
    }

    #[test]
    fn every_flag_is_in_the_help() {
        let help = help();
        assert!(
            FLAGS
                .iter()
                .all(|flag| help.contains(flag.name) && help.contains(flag.about))
        );
    }
}
