//! What the command line offers of this crate: `remex keys …` and `remex remote …`.
//!
//! These functions take words and return what to print; they need no interpreter. Text is in the form that interpreters
//! hold inside; the program converts at its edges.

use crate::evaluator::Evaluator;
use crate::failure::{Failure, list_element};
use crate::keys::{Home, HostPolicy, KeysError, PublicKey};
use crate::local::{Directory, host_and_port};
use crate::node::{Node, Settings};
use crate::protocol::{Body, Outcome};

/// What a command line comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// For standard output; whole lines.
    pub output: String,
    /// For standard error; whole lines.
    pub errors: String,
    /// The process's exit status.
    pub status: i32,
}

impl Report {
    fn printed(output: String) -> Report {
        Report {
            output,
            ..Report::default()
        }
    }

    fn failed(message: impl std::fmt::Display) -> Report {
        Report {
            errors: format!("{message}\n"),
            status: 1,
            ..Report::default()
        }
    }

    fn usage(usage: &str) -> Report {
        Report {
            errors: format!("usage: {usage}\n"),
            status: 2,
            ..Report::default()
        }
    }
}

const KEYS_USAGE: &str = "remex keys show\n       \
    remex keys authorize KEY ?COMMENT …?\n       \
    remex keys trust HOST:PORT KEY ?--replace?\n       \
    remex keys revoke KEY|FINGERPRINT|HOST:PORT";

const REMOTE_USAGE: &str = "remex remote eval ?-timeout MS? ?--? TARGET SCRIPT ?ARG …?\n       \
    remex remote call ?-timeout MS? ?--? TARGET CMD ?ARG …?\n       \
    remex remote interps";

/// `remex keys WORDS`, on the keys in `home`. A key is `ssh-ed25519 AAAA…`, as two words or one.
pub fn keys(home: &Home, words: &[String]) -> Report {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["show"] => home.show(),
        ["authorize", rest @ ..] if !rest.is_empty() => {
            key_and_rest(rest).and_then(|(key, comment)| home.authorize(&key, &comment.join(" ")))
        }
        ["trust", host, rest @ ..] if !rest.is_empty() && host_and_port(host).is_some() => {
            trust(home, host, rest)
        }
        ["revoke", rest @ ..] if !rest.is_empty() => home.revoke(&rest.join(" ")),
        _ => return Report::usage(KEYS_USAGE),
    };
    done.map_or_else(Report::failed, Report::printed)
}

fn trust(home: &Home, host: &str, rest: &[&str]) -> Result<String, KeysError> {
    let words: Vec<&str> = rest
        .iter()
        .copied()
        .filter(|word| *word != "--replace")
        .collect();
    let (key, _) = key_and_rest(&words)?;
    home.trust(host, &key, words.len() < rest.len())
}

/// The key at the start of `words`, and the words after it.
fn key_and_rest<'a>(words: &'a [&'a str]) -> Result<(PublicKey, &'a [&'a str]), KeysError> {
    let count = if words.first() == Some(&crate::key_pair::KEY_KIND) {
        2
    } else {
        1
    };
    let (key, rest) = words.split_at_checked(count).unwrap_or((words, &[]));
    Ok((PublicKey::parse(&key.join(" "))?, rest))
}

/// `remex remote WORDS`: evaluates in another interpreter and prints the result; on an error, prints errorInfo on
/// standard error, with status 1.
pub fn remote(words: &[String]) -> Report {
    remote_with(settings(), words)
}

/// The settings of a process that only asks.
fn settings() -> Settings {
    Settings {
        home: Home::find().ok(),
        directory: Directory::find(),
        policy: HostPolicy::from_environment(),
        engine: concat!("remex ", env!("CARGO_PKG_VERSION")).to_string(),
    }
}

fn remote_with(settings: Settings, words: &[String]) -> Report {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["interps"] => {
            let names = settings.directory.names();
            Report::printed(names.into_iter().map(|name| name + "\n").collect())
        }
        ["eval", rest @ ..] => ask(settings, rest, script_with_arguments),
        ["call", rest @ ..] => ask(settings, rest, |words| {
            Body::Words(words.iter().map(|word| word.to_string()).collect())
        }),
        _ => Report::usage(REMOTE_USAGE),
    }
}

/// A script and arguments for it: each is added to the script as one word.
fn script_with_arguments(words: &[&str]) -> Body {
    let (script, arguments) = words.split_first().unwrap_or((&"", &[]));
    let mut script = script.to_string();
    for argument in arguments {
        script.push(' ');
        script.push_str(&list_element(argument));
    }
    Body::Script(script)
}

fn ask(settings: Settings, mut words: &[&str], body: impl FnOnce(&[&str]) -> Body) -> Report {
    let mut timeout_ms = None;
    if let ["-timeout", ms, rest @ ..] = words {
        let Some(ms) = ms.parse().ok().filter(|ms| *ms > 0) else {
            return Report::usage(REMOTE_USAGE);
        };
        timeout_ms = Some(ms);
        words = rest;
    }
    if let ["--", rest @ ..] = words {
        words = rest;
    }
    let [target, rest @ ..] = words else {
        return Report::usage(REMOTE_USAGE);
    };
    if rest.is_empty() {
        return Report::usage(REMOTE_USAGE);
    }
    let node = match Node::new(settings) {
        Ok(node) => node,
        Err(error) => return Report::failed(error),
    };
    let asked = node.send(&mut Nobody, target, body(rest), timeout_ms);
    let notices: String = node
        .take_notices()
        .into_iter()
        .map(|line| format!("remex: {line}\n"))
        .collect();
    let mut report = match asked {
        Ok(outcome) => printed(outcome),
        Err(failure) => Report::failed(failure),
    };
    report.errors.insert_str(0, &notices);
    report
}

/// An outcome as tclsh prints that of a script that is its last.
fn printed(outcome: Outcome) -> Report {
    match outcome.code {
        0 | 2 if outcome.value.is_empty() => Report::default(),
        0 | 2 => Report::printed(outcome.value + "\n"),
        1 => Report::failed(
            outcome
                .options
                .and_then(|options| options.error_info)
                .unwrap_or(outcome.value),
        ),
        3 => Report::failed("invoked \"break\" outside of a loop"),
        4 => Report::failed("invoked \"continue\" outside of a loop"),
        code => Report::failed(format!("command returned bad code: {code}")),
    }
}

/// The evaluator of a process that has no interpreter.
struct Nobody;

impl Evaluator for Nobody {
    fn evaluate(&mut self, _body: Body) -> Outcome {
        Failure::Target("no interpreter serves here".to_string()).outcome()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scratch(std::path::PathBuf);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let path =
                std::env::temp_dir().join(format!("remex-cli-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&path);
            std::fs::create_dir(&path).unwrap();
            Scratch(path)
        }

        fn home(&self) -> Home {
            Home::at(self.0.join("home"))
        }

        fn keys(&self, line: &str) -> Report {
            keys(&self.home(), &words(line))
        }

        fn remote(&self, line: &str) -> Report {
            let directory = Directory::at(self.0.join("run"));
            let home = Some(self.home());
            remote_with(
                Settings {
                    home,
                    directory,
                    policy: HostPolicy::Strict,
                    engine: String::new(),
                },
                &words(line),
            )
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_string).collect()
    }

    #[test]
    fn a_key_that_was_shown_can_be_authorized_trusted_and_revoked_as_printed() {
        let (server, client) = (Scratch::new("server"), Scratch::new("client"));
        let key = client.home().identity().unwrap().public();
        assert!(client.keys("show").output.contains(&key.to_string()));
        assert_eq!(server.keys(&format!("authorize {key} alice@web")).status, 0);
        assert!(server.home().is_authorized(&key).unwrap());
        assert_eq!(server.keys(&format!("revoke {key}")).status, 0);
        assert!(!server.home().is_authorized(&key).unwrap());
        let other = server.home().identity().unwrap().public();
        assert_eq!(client.keys(&format!("trust h:1 {key}")).status, 0);
        let report = client.keys(&format!("trust h:1 {other}"));
        assert_eq!(report.status, 1);
        let command = report
            .errors
            .lines()
            .last()
            .unwrap()
            .trim()
            .strip_prefix("remex keys ")
            .unwrap()
            .to_string();
        assert_eq!(client.keys(&command).status, 0);
        assert_eq!(client.keys("revoke h:1").status, 0);
    }

    #[test]
    fn what_makes_no_sense_gets_the_usage() {
        let scratch = Scratch::new("usage");
        for line in [
            "",
            "show x",
            "authorize",
            "trust h",
            "trust h k",
            "trust h:1",
            "revoke",
            "frob",
        ] {
            assert_eq!(scratch.keys(line).status, 2, "{line:?}");
        }
        for line in [
            "",
            "eval",
            "eval t",
            "eval -timeout x t s",
            "eval -timeout 0 t s",
            "call t",
            "frob",
        ] {
            assert_eq!(scratch.remote(line).status, 2, "{line:?}");
        }
        assert_eq!(scratch.keys("authorize nonsense").status, 1);
    }

    #[test]
    fn a_target_that_is_not_there_is_an_error() {
        let scratch = Scratch::new("absent");
        let report = scratch.remote("eval -- absent pid");
        assert_eq!(
            (report.status, report.errors.as_str()),
            (1, "no application named \"absent\"\n")
        );
        assert_eq!(scratch.remote("interps"), Report::default());
    }

    #[test]
    fn arguments_stay_words() {
        let body = script_with_arguments(&["lindex {a b}", "1 2", "$x"]);
        assert_eq!(body, Body::Script("lindex {a b} 1\\ 2 \\$x".into()));
    }

    #[test]
    fn outcomes_are_printed_as_tclsh_does() {
        assert_eq!(printed(Outcome::ok("a")).output, "a\n");
        assert_eq!(printed(Outcome::ok("")), Report::default());
        let failed = printed(Outcome::error("no", "NONE"));
        assert_eq!((failed.errors.as_str(), failed.status), ("no\n", 1));
        let broken = printed(Outcome {
            code: 3,
            value: String::new(),
            options: None,
        });
        assert_eq!(broken.errors, "invoked \"break\" outside of a loop\n");
    }
}
