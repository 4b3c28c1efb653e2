//! `fsignal` between processes: remex and tclsh in every pairing, many waiters, files that are half written, time limits.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const REMEX: &str = env!("CARGO_BIN_EXE_remex");
const TCLSH: &str = "tclsh";
/// Not a program but remex with the engine Molt.
const MOLT: &str = "molt";
const WIKI: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/wiki");

/// Far longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(30);

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fsignal-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    fn start(&self, program: &str, arguments: &[&str]) -> Child {
        Command::new(program)
            .args(arguments)
            .current_dir(&self.0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn remex(&self, script: &str) -> Child {
        self.start(REMEX, &["-c", script])
    }
}

/// The output of a process that ends by itself.
fn finish(mut child: Child) -> Output {
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > LIMIT {
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            panic!("still running: {output:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.wait_with_output().unwrap()
}

/// What a process printed; it must have ended well.
fn printed(child: Child) -> String {
    let output = finish(child);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Waits until a process has printed a line that says that it is about to wait.
fn await_ready(child: &mut Child) {
    let mut byte = [0];
    while byte != *b"\n" {
        child
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut byte)
            .unwrap();
    }
}

#[test]
fn the_wiki_s_processes_run_unchanged_in_every_pairing() {
    let (process1, process2) = (
        format!("{WIKI}/process1.tcl"),
        format!("{WIKI}/process2.tcl"),
    );
    let mut pairs = vec![
        (REMEX, REMEX),
        (REMEX, TCLSH),
        (TCLSH, REMEX),
        (TCLSH, TCLSH),
    ];
    if cfg!(feature = "molt") {
        pairs.extend([(MOLT, MOLT), (MOLT, REMEX), (REMEX, MOLT)]);
        pairs.extend([(MOLT, TCLSH), (TCLSH, MOLT)]);
    }
    for (sender, waiter) in pairs {
        for waits_first in [true, false] {
            let scratch = Scratch::new("pairs");
            let start = |program: &str, script: &str| match program {
                MOLT => scratch.start(REMEX, &["--engine", "molt", script]),
                program => scratch.start(program, &[script]),
            };
            let message = if waits_first {
                let waiting = start(waiter, &process2);
                std::thread::sleep(Duration::from_millis(50));
                printed(start(sender, &process1));
                printed(waiting)
            } else {
                printed(start(sender, &process1));
                printed(start(waiter, &process2))
            };
            assert_eq!(message, "42\n", "{sender} to {waiter}");
            assert!(
                scratch.names().is_empty(),
                "{sender} to {waiter}: {:?}",
                scratch.names()
            );
        }
    }
}

#[test]
fn the_built_in_talks_to_the_wiki_s_procedure_both_ways() {
    let source = format!("source {WIKI}/fsignal.tcl\n");
    for message in [
        "",
        "hello",
        "two\nlines",
        "h\u{e9} \u{20ac} \u{1f600}",
        "{brace [bracket \\x $y",
    ] {
        let scratch = Scratch::new("both-ways");
        let script = scratch.path("peer.tcl");
        fs::write(&script, source.clone() + "fconfigure stdout -translation lf\n" +
            &format!("set m [list {}]\nif {{$argv eq {{send}}}} {{fsignal send Go [lindex $m 0]}} else {{puts -nonewline [fsignal wait Go]}}\n", quoted(message))).unwrap();
        let script = script.to_str().unwrap();
        let expected = if message.is_empty() {
            String::new()
        } else {
            format!("{message}\n")
        };
        printed(scratch.start(TCLSH, &[script, "send"]));
        assert_eq!(
            printed(scratch.remex("puts -nonewline [fsignal wait Go -timeout 20000]")),
            expected
        );
        printed(scratch.start(REMEX, &["-c", "fsignal send Go [lindex $argv 0]", message]));
        assert_eq!(printed(scratch.start(TCLSH, &[script, "wait"])), expected);
    }
}

/// `text` as one word of a script.
fn quoted(text: &str) -> String {
    let mut word = String::new();
    for character in text.chars() {
        match character {
            '\n' => word.push_str("\\n"),
            _ if character.is_ascii_punctuation() || character == ' ' => {
                word.extend(['\\', character])
            }
            _ => word.push(character),
        }
    }
    if word.is_empty() {
        "{}".to_owned()
    } else {
        word
    }
}

#[test]
fn send_returns_the_message_and_a_script_may_replace_the_command() {
    let scratch = Scratch::new("replace");
    assert_eq!(
        printed(scratch.remex("puts [fsignal send Go hello]; puts <[fsignal send Go]>")),
        "hello\n<>\n"
    );
    let script = "proc fsignal args {return mine:$args}; puts [fsignal wait Go]";
    assert_eq!(printed(scratch.remex(script)), "mine:wait Go\n");
}

#[test]
fn a_wait_ends_at_its_time_limit() {
    let scratch = Scratch::new("timeout");
    let start = Instant::now();
    let script =
        "puts [catch {fsignal wait Go -timeout 150} m o]; puts [dict get $o -errorcode]; puts $m";
    let output = printed(scratch.remex(script));
    assert_eq!(
        output,
        "1\nREMEX TIMEOUT\ntimed out waiting for signal \"Go\"\n"
    );
    assert!(start.elapsed() >= Duration::from_millis(150));
    assert_eq!(
        printed(scratch.remex("fsignal send Go x; puts -nonewline [fsignal wait Go -timeout 0]")),
        "x\n"
    );
}

#[test]
fn mistakes_are_told() {
    let scratch = Scratch::new("mistakes");
    let told = |script: &str| printed(scratch.remex(&format!("catch {{{script}}} m; puts $m")));
    assert_eq!(
        told("fsignal send"),
        "wrong # args: should be \"fsignal send name ?msg?\"\n"
    );
    assert_eq!(
        told("fsignal wait Go -timeout"),
        "wrong # args: should be \"fsignal wait name ?-timeout ms?\"\n"
    );
    assert_eq!(
        told("fsignal wait Go -timeout x"),
        "expected integer but got \"x\"\n"
    );
    assert_eq!(
        told("fsignal wait Go -time-limit 1"),
        "bad option \"-time-limit\": must be -timeout\n"
    );
    assert_eq!(
        told("fsignal send no/Go x"),
        "couldn't open \"no/Go.sig\": no such file or directory\n"
    );
    fs::create_dir(scratch.path("d.sig")).unwrap();
    assert_eq!(
        told("fsignal send d x"),
        "couldn't open \"d.sig\": illegal operation on a directory\n"
    );
}

#[test]
fn other_events_happen_while_a_signal_is_awaited() {
    let scratch = Scratch::new("events");
    let script = "after 20 {lappend l timer}; after 60 {fsignal send Go done}; set m [fsignal wait Go]; puts [list $l $m]";
    assert_eq!(printed(scratch.remex(script)), "timer {done\n}\n");
    // A wait within a wait.
    let script = "after 10 {set inner [fsignal wait In]}; after 20 {fsignal send Out o}; after 50 {fsignal send In i}
        set outer [fsignal wait Out]; puts [list $outer $inner]";
    assert_eq!(printed(scratch.remex(script)), "{o\n} {i\n}\n");
}

#[test]
fn a_file_that_another_process_is_writing_is_awaited() {
    for starts_early in [true, false] {
        let scratch = Scratch::new(if starts_early {
            "half-early"
        } else {
            "half-late"
        });
        let wait = "puts ready; flush stdout; puts -nonewline [fsignal wait Go -timeout 20000]";
        let mut waiter = None;
        if starts_early {
            let mut child = scratch.remex(wait);
            await_ready(&mut child);
            waiter = Some(child);
        }
        let mut file = fs::File::create(scratch.path("Go.sig")).unwrap();
        file.write_all(b"first ").unwrap();
        let mut waiter = waiter.unwrap_or_else(|| {
            let mut child = scratch.remex(wait);
            await_ready(&mut child);
            child
        });
        std::thread::sleep(Duration::from_millis(400));
        assert!(waiter.try_wait().unwrap().is_none(), "took half a message");
        file.write_all(b"second\n").unwrap();
        drop(file);
        assert_eq!(printed(waiter), "first second\n");
        assert!(scratch.names().is_empty());
    }
}

#[test]
fn a_slow_tclsh_sender_is_awaited() {
    let scratch = Scratch::new("slow");
    let script = scratch.path("slow.tcl");
    fs::write(&script, "set f [open Go.sig w]\nputs -nonewline $f [string repeat x 5000]\nflush $f\nafter 300\nputs $f end\nclose $f\n").unwrap();
    let sender = scratch.start(TCLSH, &[script.to_str().unwrap()]);
    let length = printed(scratch.remex("puts [string length [fsignal wait Go -timeout 20000]]"));
    assert_eq!(length, "5004\n");
    printed(sender);
}

#[test]
fn a_file_is_awaited_until_it_is_whole() {
    let scratch = Scratch::new("filewait");
    let mut waiter = scratch
        .remex("puts ready; flush stdout; filewait data -timeout 20000; puts [read [open data]]");
    await_ready(&mut waiter);
    let mut file = fs::File::create(scratch.path("data")).unwrap();
    file.write_all(b"a").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    assert!(
        waiter.try_wait().unwrap().is_none(),
        "did not wait for the writer"
    );
    file.write_all(b"b").unwrap();
    drop(file);
    assert_eq!(printed(waiter), "ab\n");
    let script = "filewait data; filewait .; puts [catch {filewait none -timeout 50} m]; puts $m$::errorCode";
    let told = "1\ntimed out waiting for file \"none\"REMEX TIMEOUT\n";
    assert_eq!(printed(scratch.remex(script)), told);
}

#[test]
fn each_signal_goes_to_exactly_one_of_many_waiters() {
    const WAITERS: usize = 8;
    let scratch = Scratch::new("many");
    let mut waiters = Vec::new();
    for _ in 0..WAITERS {
        let mut child = scratch
            .remex("puts ready; flush stdout; puts -nonewline [fsignal wait Go -timeout 20000]");
        await_ready(&mut child);
        waiters.push(child);
    }
    let (source, file) = (
        format!("source {WIKI}/fsignal.tcl\n"),
        scratch.path("send.tcl"),
    );
    fs::write(&file, source + "fsignal send Go $argv\n").unwrap();
    for number in 0..WAITERS {
        if number % 2 == 0 {
            printed(scratch.start(REMEX, &["-c", "fsignal send Go $argv", &number.to_string()]));
        } else {
            printed(scratch.start(TCLSH, &[file.to_str().unwrap(), &number.to_string()]));
        }
        await_absence(&scratch.path("Go.sig"));
    }
    let mut got: Vec<String> = waiters.into_iter().map(printed).collect();
    got.sort();
    let expected: Vec<String> = (0..WAITERS).map(|number| format!("{number}\n")).collect();
    assert_eq!(got, expected);
    fs::remove_file(file).unwrap();
    assert!(scratch.names().is_empty(), "{:?}", scratch.names());
}

fn await_absence(path: &Path) {
    let start = Instant::now();
    while path.exists() {
        assert!(start.elapsed() < LIMIT, "nobody takes {}", path.display());
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn the_directory_may_come_later() {
    let scratch = Scratch::new("later");
    let mut waiter = scratch
        .remex("puts ready; flush stdout; puts -nonewline [fsignal wait later/Go -timeout 20000]");
    await_ready(&mut waiter);
    std::thread::sleep(Duration::from_millis(50));
    fs::create_dir(scratch.path("later")).unwrap();
    printed(scratch.remex("fsignal send later/Go here"));
    assert_eq!(printed(waiter), "here\n");
}

#[test]
fn between_two_remex_processes_a_signal_takes_less_than_a_millisecond() {
    const ROUNDS: usize = 200;
    let scratch = Scratch::new("latency");
    let echo = format!(
        "for {{set i 0}} {{$i < {ROUNDS}}} {{incr i}} {{fsignal wait Ping; fsignal send Pong}}"
    );
    let ask = format!(
        "set l {{}}; for {{set i 0}} {{$i < {ROUNDS}}} {{incr i}} {{
            set start [clock microseconds]; fsignal send Ping; fsignal wait Pong -timeout 20000
            lappend l [expr {{[clock microseconds] - $start}}]
        }}; puts [lindex [lsort -integer $l] {}]",
        ROUNDS / 2
    );
    let echoing = scratch.remex(&echo);
    let there_and_back: u64 = printed(scratch.remex(&ask)).trim().parse().unwrap();
    printed(echoing);
    println!(
        "fsignal: p50 of send to wake {} microseconds",
        there_and_back / 2
    );
    // Twice the bar leaves room for a busy machine.
    assert!(
        there_and_back / 2 < 2000,
        "{there_and_back} microseconds there and back"
    );
}
