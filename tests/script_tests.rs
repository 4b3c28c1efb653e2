//! Runs every script of `tests/tcl` under tclsh and under remex in each of its engine modes, and every benchmark workload
//! at a small size under both.
//!
//! A script passes when it ends by itself, ran at least one test and failed none; tclsh is asked too, so that a test which
//! expects something that is not Tcl fails where it was written.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const REMEX: &str = env!("CARGO_BIN_EXE_remex");
const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const TCLSH: &str = "tclsh";

/// The engine mode that a command line names, for tests which hold in some modes only.
fn mode_of<'a>(words: &[&'a str]) -> &'a str {
    match words.iter().position(|word| *word == "--mode") {
        Some(at) => words.get(at + 1).copied().unwrap_or("normal"),
        None => "normal",
    }
}

/// One script takes well under a second; a mode that stops at every safepoint on a busy machine takes longer.
const LIMIT: Duration = Duration::from_secs(120);

/// A fiftieth of the work that takes tclsh half a second.
const SMALL_FACTOR: &str = "0.02";

/// How much of a failing script's output the failure shows.
const SHOWN_LINES: usize = 60;

/// What a process printed, both streams together, or why there is no answer.
struct Finished {
    output: String,
    verdict: Result<(), String>,
}

/// Files of `folder` with `extension`, in order. There is always one: an empty folder would pass unseen.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(ROOT).join(folder);
    let mut found: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|it| it == extension))
        .collect();
    found.sort();
    assert!(
        !found.is_empty(),
        "no *.{extension} in {}",
        folder.display()
    );
    found
}

/// A fresh folder for one run, named by who runs and what.
fn scratch(label: &str, script: &Path) -> PathBuf {
    let stem = script
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("scripts")
        .join(label)
        .join(stem);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a scratch folder");
    folder
}

/// Runs `words` in `folder` to its end or its limit. Output goes to a file, so that a full pipe stops nobody.
fn run(words: &[&str], folder: &Path) -> Finished {
    let path = folder.join("output.txt");
    let output = File::create(&path).expect("an output file");
    let errors = output.try_clone().expect("a second handle of it");
    let started = Command::new(words[0])
        .args(&words[1..])
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .env("REMEX_MODE", mode_of(words))
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .spawn();
    let verdict = match started {
        Err(error) => Err(format!("cannot start {}: {error}", words[0])),
        Ok(mut child) => {
            let deadline = Instant::now() + LIMIT;
            loop {
                match child.try_wait() {
                    Ok(Some(status)) if status.success() => break Ok(()),
                    Ok(Some(status)) => break Err(status.to_string()),
                    Ok(None) if Instant::now() < deadline => sleep(Duration::from_millis(5)),
                    Ok(None) => {
                        let _ = child.kill();
                        let _ = child.wait();
                        break Err(format!("not done after {} s", LIMIT.as_secs()));
                    }
                    Err(error) => break Err(error.to_string()),
                }
            }
        }
    };
    let output = String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned();
    Finished { output, verdict }
}

/// The numbers of tcltest's closing line: total, passed, skipped, failed.
fn totals(output: &str) -> Option<[u32; 4]> {
    let line = output
        .lines()
        .rev()
        .find(|line| line.contains("\tTotal\t"))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |word: &str| {
        let at = words.iter().position(|it| *it == word)?;
        words.get(at + 1)?.parse().ok()
    };
    Some([
        number("Total")?,
        number("Passed")?,
        number("Skipped")?,
        number("Failed")?,
    ])
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n")
}

/// Why a finished test script did not pass.
fn complaint(finished: &Finished) -> Option<String> {
    if let Err(why) = &finished.verdict {
        return Some(why.clone());
    }
    match totals(&finished.output) {
        None => Some("no summary of its tests".to_owned()),
        Some([_, _, _, failed]) if failed > 0 => Some(format!("{failed} tests failed")),
        Some([_, 0, _, _]) => Some("not one test passed".to_owned()),
        Some(_) => None,
    }
}

/// Every test script under one interpreter; panics with all that failed.
fn test_scripts_pass(label: &str, interpreter: &[&str]) {
    let mut failures = Vec::new();
    for script in files("tests/tcl", "test") {
        let folder = scratch(label, &script);
        let (path, temporary) = (script.to_string_lossy(), folder.to_string_lossy());
        let mut words = interpreter.to_vec();
        words.extend([&*path, "-tmpdir", &*temporary, "-verbose", "body error"]);
        let finished = run(&words, &folder);
        if let Some(why) = complaint(&finished) {
            failures.push(format!(
                "{}: {why}\n{}",
                script.display(),
                last_lines(&finished.output)
            ));
        }
    }
    assert!(
        failures.is_empty(),
        "under {label}:\n{}",
        failures.join("\n\n")
    );
}

#[test]
fn test_scripts_pass_under_tclsh() {
    test_scripts_pass("tclsh", &[TCLSH]);
}

#[test]
fn test_scripts_pass_in_mode_normal() {
    test_scripts_pass("normal", &[REMEX, "--mode", "normal"]);
}

#[test]
fn test_scripts_pass_in_mode_invoke() {
    test_scripts_pass("invoke", &[REMEX, "--mode", "invoke"]);
}

#[test]
fn test_scripts_pass_in_mode_forget() {
    test_scripts_pass("forget", &[REMEX, "--mode", "forget"]);
}

#[test]
fn test_scripts_pass_in_mode_share() {
    test_scripts_pass("share", &[REMEX, "--mode", "share"]);
}

#[test]
fn test_scripts_pass_in_mode_yield() {
    test_scripts_pass("yield", &[REMEX, "--mode", "yield"]);
}

#[test]
fn workloads_print_what_tclsh_prints() {
    let mut failures = Vec::new();
    for script in files("benches/workloads", "tcl") {
        let path = script.to_string_lossy();
        let theirs = run(
            &[TCLSH, &path, SMALL_FACTOR],
            &scratch("workloads-tclsh", &script),
        );
        let ours = run(
            &[REMEX, &path, SMALL_FACTOR],
            &scratch("workloads-remex", &script),
        );
        if theirs.verdict.is_err() || theirs.output != ours.output || ours.verdict.is_err() {
            failures.push(format!(
                "{}: tclsh {:?} {}remex {:?} {}",
                script.display(),
                theirs.verdict,
                theirs.output,
                ours.verdict,
                last_lines(&ours.output)
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
