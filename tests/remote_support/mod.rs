//! What the tests of the messaging layer share: a world of directories of their own, and processes in it.
#![allow(dead_code)] // Each test file uses its own part.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// The program under test.
pub const REMEX: &str = env!("CARGO_BIN_EXE_remex");

/// Directories of one test: a runtime directory, and a home for the keys of each user. Gone when dropped.
pub struct World {
    path: PathBuf,
    /// What runs scripts in it: `remex` or `molt`.
    engine: &'static str,
}

/// What a process came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    pub output: String,
    pub errors: String,
    pub status: Option<i32>,
}

/// Makes of each function a test for both engines.
#[macro_export]
macro_rules! with_both_engines {
    ($($test:ident),* $(,)?) => {
        mod remex {
            $(#[test] fn $test() { super::$test(&super::World::of("remex")) })*
        }
        #[cfg(feature = "molt")]
        mod molt {
            $(#[test] fn $test() { super::$test(&super::World::of("molt")) })*
        }
    };
}

impl World {
    pub fn new() -> World {
        World::of("remex")
    }

    /// A world in which `engine` runs the scripts.
    pub fn of(engine: &'static str) -> World {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("remex-e2e-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .unwrap();
        World { path, engine }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file of the test's.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.path.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_string()
    }

    /// A command of `user`, who has keys of their own but shares the runtime directory.
    pub fn command(&self, user: &str, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("XDG_RUNTIME_DIR", &self.path)
            .env("REMEX_HOME", self.path.join(user))
            .env_remove("REMEX_HOST_KEYS")
            .stdin(Stdio::null());
        command
    }

    /// Runs remex to its end.
    pub fn remex(&self, user: &str, words: &[&str]) -> Ran {
        ran(self.command(user, REMEX).args(words))
    }

    /// Runs a script to its end, and returns what it printed.
    pub fn script(&self, text: &str) -> String {
        self.script_of(self.engine, text)
    }

    /// Runs a script with this engine to its end, and returns what it printed.
    pub fn script_of(&self, engine: &str, text: &str) -> String {
        let ran = self.remex("client", &["--engine", engine, "-c", text]);
        assert_eq!((ran.status, ran.errors.as_str()), (Some(0), ""), "{text}");
        ran.output
    }

    /// Whether Molt runs the scripts.
    pub fn is_molt(&self) -> bool {
        self.engine == "molt"
    }

    /// The public key of a user.
    pub fn key(&self, user: &str) -> String {
        let shown = self.remex(user, &["keys", "show"]).output;
        let line = shown
            .lines()
            .find(|line| line.trim().starts_with("ssh-ed25519"))
            .unwrap();
        line.split_whitespace()
            .take(2)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// `remex serve WORDS`, up and serving.
    pub fn serve(&self, user: &str, words: &[&str]) -> Server {
        let mut command = self.command(user, REMEX);
        Server::start(command.args(["serve", "--engine", self.engine]).args(words))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Runs a command to its end.
pub fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        output: String::from_utf8(output.stdout).unwrap(),
        errors: String::from_utf8(output.stderr).unwrap(),
        status: output.status.code(),
    }
}

/// A serving process, killed when dropped.
pub struct Server {
    pub child: Child,
    output: BufReader<ChildStdout>,
    /// The name that it serves under.
    pub name: String,
    /// Where it listens.
    pub address: Option<String>,
}

impl Server {
    /// Starts a command that runs `remex serve`, and waits until it serves.
    pub fn start(command: &mut Command) -> Server {
        let wants_address = command.get_args().any(|word| word == "--listen");
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut server = Server {
            child,
            output,
            name: String::new(),
            address: None,
        };
        let line = server.line();
        let name = line.strip_prefix("serving as ");
        server.name = name
            .unwrap_or_else(|| panic!("{line:?}: {}", server.errors()))
            .to_string();
        if wants_address {
            let line = server.line();
            let rest = line.strip_prefix("listening at ").unwrap();
            server.address = rest.split_once(',').map(|(address, _)| address.to_string());
        }
        server
    }

    /// The next line of its output, or the empty string at the end.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_string()
    }

    /// Kills it, and returns what it had to say.
    pub fn errors(&mut self) -> String {
        let _ = self.child.kill();
        let mut text = String::new();
        if let Some(mut errors) = self.child.stderr.take() {
            errors.read_to_string(&mut text).unwrap();
        }
        let _ = self.child.wait();
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
