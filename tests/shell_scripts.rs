//! Scripts from files, from standard input and from the command line: what is printed and how the process ends, side by
//! side with tclsh where tclsh can do the same.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const REMEX: &str = env!("CARGO_BIN_EXE_remex");
const TCLSH: &str = "tclsh";

/// What a process came to.
#[derive(Debug, PartialEq, Eq)]
struct Ended {
    output: String,
    errors: String,
    status: Option<i32>,
}

fn run(program: &str, arguments: &[&str], input: &[u8]) -> Ended {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    // A script that ends before it has read everything is no error.
    let _ = child.stdin.take().unwrap().write_all(input);
    let ended = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ended {
        output: text(ended.stdout),
        errors: text(ended.stderr),
        status: ended.status.code(),
    }
}

/// Runs both and demands the same.
fn same(arguments: &[&str], input: &[u8]) -> Ended {
    let expected = run(TCLSH, arguments, input);
    let found = run(REMEX, arguments, input);
    assert_eq!(
        found,
        expected,
        "{arguments:?} with {:?}",
        String::from_utf8_lossy(input)
    );
    found
}

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("shell-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

#[test]
fn commands_on_standard_input_run_one_by_one() {
    same(
        &[],
        b"puts a\nerror foo\nputs b\nset x {a\nb}\nputs $x; puts $tcl_interactive\n",
    );
    same(
        &[],
        b"gets stdin line\nthis is the line\nputs \"<$line>\"\n",
    );
    same(&[], b"puts before\nputs {never finished");
    same(
        &[],
        b"break\ncontinue\nreturn x\nreturn -code 5 y\nreturn -code error z\nputs end\n",
    );
    same(&[], b"puts a; exit 3; puts b\nputs c\n");
    same(
        &[],
        b"puts [info script]|$argv|$argc\nputs \\\n  continued\n",
    );
    same(&[], b"puts [read stdin]\nall\nthe rest\n");
    same(&[], b"error a\\\nb\nputs last");
    same(
        &[],
        "puts h\u{e9}\u{20ac}; puts [string length \u{e9}\u{20ac}\u{1f600}]\n".as_bytes(),
    );
    same(
        &[],
        b"no_such_command here\nputs $no_such_variable\nputs ok\n",
    );
    same(&[], b"");
}

#[test]
fn a_script_file_ends_as_under_tclsh() {
    let scratch = Scratch::new("file");
    for (name, content) in [
        (
            "error.tcl",
            &b"puts b;error foo\nproc p {} {error in}\np"[..],
        ),
        ("nested.tcl", b"proc p {} {\n  error in\n}\nputs a\np\n"),
        ("return.tcl", b"puts a; return x; puts b"),
        ("end.tcl", b"puts a\x1aputs b"),
        ("status.tcl", b"puts -nonewline a; exit 7"),
        (
            "exit.tcl",
            b"proc exit args {puts \"my exit $args\"}\nputs hi\nerror xx",
        ),
        ("mark.tcl", b"\xef\xbb\xbfputs mark"),
        (
            "lines.tcl",
            b"puts a; puts b\r\nputs c\r\nputs {d\r\ne}\r\n",
        ),
        (
            "args.tcl",
            b"puts [list $argv $argc $tcl_interactive [string equal $argv0 [info script]]]",
        ),
        ("after.tcl", b"after 0 {puts never}\nputs now"),
        ("syntax.tcl", b"puts first\nputs {second"),
    ] {
        let file = scratch.file(name, content);
        same(&[&file], b"");
        same(&[&file, "-x", "a b", "", "--help"], b"");
    }
}

#[test]
fn a_script_file_that_breaks_off_is_an_error() {
    let scratch = Scratch::new("break");
    for content in [
        &b"break"[..],
        b"continue",
        b"return -code 7 hey",
        b"return -code error hey",
    ] {
        let file = scratch.file("break.tcl", content);
        let (expected, found) = (run(TCLSH, &[&file], b""), run(REMEX, &[&file], b""));
        assert_eq!(found.errors.lines().next(), expected.errors.lines().next());
        assert_eq!(found.status, expected.status);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let scratch = Scratch::new("missing");
    same(&[scratch.0.join("none.tcl").to_str().unwrap()], b"");
    same(&[scratch.0.to_str().unwrap()], b"");
    let file = scratch.file("e.tcl", b"puts \xe9");
    same(&["-encoding", "iso8859-1", &file, "x"], b"");
    same(&["-encoding", "nonsense", &file], b"");
}

#[test]
fn a_script_on_the_command_line_has_arguments() {
    let found = run(
        REMEX,
        &["-c", "puts [list $argv $argc $tcl_interactive]", "a", "b c"],
        b"",
    );
    let expected = Ended {
        output: "{a {b c}} 2 0\n".into(),
        errors: String::new(),
        status: Some(0),
    };
    assert_eq!(found, expected);
}

#[test]
fn an_error_on_the_command_line_shows_error_info() {
    let found = run(REMEX, &["-c", "puts a\nerror foo"], b"");
    assert_eq!(found.output, "a\n");
    assert_eq!(found.errors, "foo\n    while executing\n\"error foo\"\n");
    assert_eq!(found.status, Some(1));
    assert_eq!(run(REMEX, &["-c", "exit 9"], b"").status, Some(9));
    assert_eq!(run(REMEX, &["-c", "return x"], b"").status, Some(0));
}

#[test]
fn a_dash_reads_standard_input_with_arguments() {
    let found = run(REMEX, &["-", "a", "b"], b"puts $argv\n");
    assert_eq!((found.output.as_str(), found.status), ("a b\n", Some(0)));
}

#[test]
fn every_engine_mode_can_be_chosen() {
    for mode in ["normal", "invoke", "forget", "share", "yield"] {
        let found = run(
            REMEX,
            &[
                "--mode",
                mode,
                "-c",
                "set s 0; for {set i 0} {$i < 9} {incr i} {incr s $i}; puts $s",
            ],
            b"",
        );
        assert_eq!(
            (found.output.as_str(), found.status),
            ("36\n", Some(0)),
            "{mode}"
        );
    }
}

#[test]
fn bytecode_can_be_seen() {
    let scratch = Scratch::new("bytecode");
    let file = scratch.file("a.tcl", b"set x 1\nincr x\n");
    let found = run(REMEX, &["--disassemble", &file], b"");
    assert!(
        found.output.lines().count() > 2 && found.status == Some(0),
        "{found:?}"
    );
    assert_eq!(
        run(REMEX, &["--disassemble", "no/such"], b"").status,
        Some(1)
    );
}

#[test]
fn help_and_version_are_printed() {
    assert!(
        run(REMEX, &["--help"], b"")
            .output
            .contains("--disassemble FILE")
    );
    assert!(run(REMEX, &["--version"], b"").output.starts_with("remex "));
    let found = run(REMEX, &["--frob"], b"");
    assert_eq!((found.status, found.output.as_str()), (Some(2), ""));
}

#[test]
fn what_waits_in_channels_is_written_at_the_end() {
    let scratch = Scratch::new("flush");
    let out = scratch.0.join("out");
    let script = format!(
        "set f [open {{{}}} w]; puts $f kept; puts -nonewline shown",
        out.display()
    );
    let found = run(REMEX, &["-c", &script], b"");
    assert_eq!((found.output.as_str(), found.status), ("shown", Some(0)));
    assert_eq!(fs::read_to_string(out).unwrap(), "kept\n");
}

#[test]
fn endless_input_without_an_end_of_command_ends_with_the_input() {
    let brackets = vec![b'['; 1 << 20];
    let found = run(REMEX, &[], &brackets);
    assert_eq!((found.status, found.output.as_str()), (Some(0), ""));
}
