//! Input that would exhaust a careless interpreter: each gets an error within its limit, and the process lives on.
#![deny(missing_docs)]

use std::process::Command;

/// Runs a script that must print `alive` last; returns what it printed before.
fn survives(script: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_remex"))
        .args(["-c", &format!("{script}\nputs alive")])
        .output()
        .expect("remex starts");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{script}\n{printed}\n{errors}");
    printed
        .strip_suffix("alive\n")
        .unwrap_or_else(|| panic!("not alive after {script}: {printed}{errors}"))
        .to_owned()
}

/// The start of the error that a script's only command must raise.
fn fails_with(script: &str, start: &str) {
    let printed = survives(&format!(
        "puts [catch {{{script}}} message]:[string range $message 0 200]"
    ));
    assert!(
        printed.starts_with(&format!("1:{start}")),
        "{script}\n{printed}"
    );
}

#[test]
fn ten_megabytes_of_open_brackets_are_refused() {
    fails_with(
        "eval [string repeat \\[ 10000000]",
        "too many nested command substitutions",
    );
}

#[test]
fn a_million_open_braces_are_no_list() {
    fails_with(
        "llength [string repeat \\{ 1000000]",
        "unmatched open brace in list",
    );
}

#[test]
fn a_million_parentheses_are_refused() {
    fails_with(
        "expr [string repeat ( 1000000]1[string repeat ) 1000000]",
        "too many nested",
    );
}

#[test]
fn a_list_nested_a_million_deep_lives_but_has_no_string() {
    let printed = survives(
        "set l x; for {set i 0} {$i < 1000000} {incr i} {set l [list $l]}
         puts [llength $l]; puts [catch {string length $l} message]:$message; unset l",
    );
    assert_eq!(
        printed,
        "1\n1:too many nested lists: no string for this value\n"
    );
}

#[test]
fn strings_and_lists_have_a_largest_size() {
    fails_with("string repeat x 1000000000000", "");
    fails_with("lrepeat 100000000000 x", "");
    fails_with("format %1000000000000d 1", "");
    fails_with(
        "set s [string repeat abc 300000000]; append s $s $s",
        "string would exceed the limit of",
    );
}

#[test]
fn integers_have_a_largest_size() {
    fails_with(
        "expr {1 << 100000000000}",
        "integer value too large to represent",
    );
    fails_with("expr {2 ** 100000000000}", "exponent too large");
}

#[test]
fn endless_recursion_meets_the_limit() {
    fails_with(
        "proc r n {r [incr n]}; r 0",
        "too many nested evaluations (infinite loop?)",
    );
}

#[test]
fn deep_recursion_is_possible_when_asked_for() {
    let printed = survives(
        "interp recursionlimit {} 1000000
         proc deep n {if {$n} {deep [incr n -1]} else {return bottom}}
         puts [deep 400000]",
    );
    assert_eq!(printed, "bottom\n");
}

#[test]
fn a_loop_is_stopped_by_a_time_limit_whatever_its_condition_is() {
    let printed = survives(
        "foreach loop {{while {$i < 3000000000} {incr i}} {while 1 {incr i}} {for {} {$i ne {}} {} {incr i}}} {
             interp create child
             interp limit child time -seconds [expr {[clock seconds] + 1}]
             child eval [list proc spin {} \"set i 0; catch {$loop}; $loop\"]
             puts [catch {child eval spin} message]:$message
             interp delete child
         }",
    );
    assert_eq!(printed, "1:time limit exceeded\n".repeat(3));
}

#[test]
fn an_encoding_file_that_refers_to_itself_is_no_encoding() {
    let folder = std::env::temp_dir().join(format!("remex-encoding-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let text = "# itself\nE\nname itself\ninit {}\nfinal {}\nitself \\x1b(B\n";
    std::fs::write(folder.join("itself.enc"), text).expect("a file");
    let script = format!(
        "encoding dirs [list {}]; encoding convertto itself abc",
        folder.display()
    );
    fails_with(&script, "unknown encoding \"itself\"");
    std::fs::remove_dir_all(&folder).expect("removed");
}
