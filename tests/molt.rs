//! `remex --engine molt`, and a program that embeds Molt, from outside.
#![cfg(feature = "molt")]

mod remote_support;

use remote_support::{REMEX, Server, World, ran};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Once;

const WIKI: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/wiki");

/// The program `examples/molt_app.rs`. Cargo makes it when all tests are run; where it did not, it is made here.
fn example() -> PathBuf {
    static MADE: Once = Once::new();
    let test = std::env::current_exe().unwrap();
    let build = test.parent().and_then(|deps| deps.parent()).unwrap();
    let program = build.join("examples").join("molt_app");
    MADE.call_once(|| {
        if program.exists() {
            return;
        }
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo.args(["build", "--quiet", "--example", "molt_app"]);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        let made = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status();
        assert!(made.unwrap().success());
    });
    program
}

fn start_example(world: &World) -> Server {
    let mut command = world.command("s", example().to_str().unwrap());
    Server::start(command.arg("oven").current_dir(world.path()))
}

#[test]
fn a_program_that_embeds_molt_is_driven_by_a_remex_script() {
    let world = World::new();
    let mut oven = start_example(&world);
    assert_eq!(oven.name, "oven");
    let text = "
        puts [remote interps]
        puts [send oven temperature]
        puts [send oven heat 400]
        puts [remote call oven eval-not-there] ";
    let ran = world.remex("c", &["-c", text]);
    assert_eq!(ran.output, "oven\n20\n120\n");
    assert!(
        ran.errors
            .contains("invalid command name \"eval-not-there\""),
        "{}",
        ran.errors
    );
    let text = "
        puts [catch {send oven heat much} message]; puts $message
        puts [catch {send -timeout 100 oven {while 1 {catch {heat 10}}}} message]; puts $message
        puts [send oven {after 20 {set done [temperature]}; vwait done; set done}]
        catch {send oven {exit 3}}";
    let expected = "1\nexpected floating-point number but got \"much\"\n\
                    1\nno answer from \"oven\" within 100 ms\n22.5\n";
    assert_eq!(world.script(text), expected);
    assert_eq!(oven.child.wait().unwrap().code(), Some(3));
}

#[test]
fn a_program_that_embeds_molt_is_driven_by_tclsh_through_files() {
    let world = World::new();
    let _oven = start_example(&world);
    let script = format!(
        "source {WIKI}/fsignal.tcl
         foreach watts {{100 500}} {{
             fsignal send Heat $watts
             puts -nonewline [fsignal wait Heated]
         }}"
    );
    let file = world.file("drive.tcl", &script);
    let mut tclsh = world.command("c", "tclsh");
    let ran = ran(tclsh.arg(&file).current_dir(world.path()));
    assert_eq!(
        (ran.output.as_str(), ran.errors.as_str()),
        ("45\n145\n", "")
    );
    // While it waits for a file, it answers others.
    assert_eq!(world.script("puts [send oven temperature]"), "145\n");
}

/// What a script prints that Molt runs.
fn printed(text: &str) -> String {
    World::new().script_of("molt", text)
}

#[test]
fn commands_that_molt_lacks_come_from_remex() {
    let text = "
        puts [list [lsort {c a b}] [lrange {a b c} 1 end] [split a,b ,] [format %03d 7] [scan 12 %d]]
        puts [list [regexp -inline {b(.)} abc] [string range hello 1 3] [clock format 0 -gmt 1 -format %Y]]
        set f [open numbers w]; puts $f one; puts -nonewline $f two; close $f
        set f [open numbers]; puts [list [gets $f line] $line [gets $f line] $line [gets $f line] [eof $f]]; close $f
        puts [list [glob numbers] [file size numbers]]; file delete numbers
        switch -glob abc {x - y {puts no} a* {puts yes} default {puts no}}
        puts [switch -regexp -nocase ABC {^b {list no} c$ {list yes}}]
        eval puts {{joined words}}";
    let expected = "{a b c} {b c} {a b} 007 12\n{bc c} ell 1970\n3 one 3 two -1 1\nnumbers 7\nyes\nyes\njoined words\n";
    let world = World::new();
    let mut command = world.command("c", REMEX);
    let text = ["--engine", "molt", "-c", text];
    let ran = ran(command.args(text).current_dir(world.path()));
    assert_eq!((ran.output.as_str(), ran.errors.as_str()), (expected, ""));
}

#[test]
fn every_completion_code_can_be_caught() {
    let text = "puts [list [catch {return -level 0 -code 5 hi} v] $v [catch {return 6}] [catch break] [catch {error x}]]";
    assert_eq!(printed(text), "5 hi 2 3 1\n");
}

#[test]
fn an_interpreter_that_panicked_is_replaced_and_keeps_variables_and_procedures() {
    let world = World::of("molt");
    let _server = world.serve("s", &["--name", "a"]);
    let text = r#"
        send a {proc double x {expr {2*$x}}; set v 4; set a(k) 5}
        puts [catch {send a {catch {lindex "\"abc" 0}; set v 9}} r o]
        puts [string range $r 0 28]; puts [dict get $o -errorcode]
        puts [send a {list [double 21] $v $a(k)}]"#;
    let expected = "1\nthe interpreter has panicked:\nREMEX PANIC\n42 4 5\n";
    assert_eq!(world.script_of("remex", text), expected);
    // In what waits for an event it cannot be replaced: that ends, too.
    let text = r#"
        puts [catch {send a {after 1 {lindex "\"abc" 0}; vwait never}}]
        puts [send a {double 4}]"#;
    assert_eq!(world.script_of("remex", text), "1\n8\n");
}

#[test]
fn nesting_of_every_kind_ends_in_an_error() {
    let world = World::of("molt");
    let _server = world.serve("s", &["--name", "a"]);
    for script in [
        "[string repeat {[set b } 100000]",
        "{proc p {} {p}; p}",
        "{proc p {} {expr {[p]}}; p}",
        "{proc p {} {eval p}; catch p m; error $m}",
        "\"expr [string repeat ( 100000]1\"",
        "\"expr {[string repeat {- } 100000]1}\"",
        "\"if [string repeat ! 100000]1 {}\"",
    ] {
        let text = format!("puts [catch {{send a {script}}} r]; puts $r");
        let output = world.script_of("remex", &text);
        assert!(
            output.starts_with("1\ntoo many nested"),
            "{script}: {output}"
        );
    }
    // Lists and dictionaries are dropped level by level.
    for script in [
        "set x {}; for {set i 0} {$i < 300000} {incr i} {set x [list $x]; if {[string length $x] > 99} {set x {}}}",
        "set x {}; for {set i 0} {$i < 3000} {incr i} {set d [dict create k $x]; set x $d}",
        "proc wrap args {set args}; set x {}; for {set i 0} {$i < 3000} {incr i} {set x [wrap $x]}; set x {}",
    ] {
        let text = format!("send a {{{script}}}; puts [send a {{set y alive}}]");
        assert_eq!(world.script_of("remex", &text), "alive\n", "{script}");
    }
}

#[test]
fn procedures_that_call_each_other_without_end_are_stopped() {
    let world = World::of("molt");
    let _server = world.serve("s", &["--name", "a"]);
    let text = r#"
        set define {proc a0 {} {}; for {set i 0} {$i < 60} {incr i} {proc a[expr {$i + 1}] {} "a$i; a$i"}}
        send a $define
        puts [catch {send -timeout 100 a a60} r]; puts $r
        puts [send -timeout 5000 a {expr {1 + 1}}]"#;
    let expected = "1\nno answer from \"a\" within 100 ms\n2\n";
    assert_eq!(world.script_of("remex", text), expected);
}

#[test]
fn events_are_evaluated_at_global_level_whatever_waits() {
    let text = "
        set old 1
        proc fired {} {global old new; incr old; incr new; set ::kept $new}
        proc wait {} {
            set local mine
            after 1 {set new 10; fired; incr new; array set table {k v}; set done $old}
            vwait done
            list $local [info exists old]
        }
        puts [wait]
        puts [list $old $new $table(k) $done]
        set same 1; after 1 {set same 1}; vwait same; puts woken
        puts [catch {vwait same} message]; puts $message";
    let expected =
        "mine 0\n2 12 v 2\nwoken\n1\ncan't wait for variable \"same\": would wait forever\n";
    assert_eq!(printed(text), expected);
}

#[test]
fn timers_can_be_seen_and_cancelled() {
    let text = "
        set id [after 1000 {puts never}]
        puts [after info $id]
        after cancel $id
        after 1000 {puts neither}; after cancel {puts neither}
        after idle {puts idle}; update
        puts <[after info]>";
    assert_eq!(printed(text), "{puts never} timer\nidle\n<>\n");
}

#[test]
fn procedures_are_what_info_says() {
    let text = "
        proc p {a {b two} args} {list $a $b $args}
        puts [list [p 1] [p 1 2 3 4] [info args p] [info default p b v] $v [info body p] [info procs] [info cmdtype p]]
        puts [catch p m]; puts $m
        rename p q; puts [list [info procs] [q 0] [catch p]]
        puts [info commands remex*]";
    let expected = "{1 two {}} {1 2 {3 4}} {a b args} 1 two {list $a $b $args} p proc\n\
                    1\nwrong # args: should be \"p a ?b? ?arg ...?\"\nq {0 two {}} 1\n\n";
    assert_eq!(printed(text), expected);
}

#[test]
fn commands_come_from_a_pipe_and_errors_do_not_end_them() {
    let world = World::new();
    let mut command: Command = world.command("c", REMEX);
    let mut child = command
        .args(["--engine", "molt"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let script = b"proc p {} {\n  list of me\n}\nnonsense\nputs [p]\nexit 4\nputs no\n";
    child.stdin.take().unwrap().write_all(script).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"of me\n");
    assert_eq!(output.stderr, b"invalid command name \"nonsense\"\n");
    assert_eq!(output.status.code(), Some(4));
}

#[test]
fn text_beyond_the_basic_plane_is_the_same_on_both_sides() {
    let world = World::of("molt");
    let _server = world.serve("s", &["--name", "a"]);
    let text = "
        puts [string equal [send a {set x \u{1f600}\u{e9}}] \u{1f600}\u{e9}]
        puts [send a {string length $x}],[send a {format %s $x}]";
    assert_eq!(world.script_of("remex", text), "1\n3,\u{1f600}\u{e9}\n");
}
