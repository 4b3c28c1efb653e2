//! `send` and `remote` between processes of one user on one host.

mod remote_support;

use remote_support::{Ran, World};
use std::time::{Duration, Instant};

with_both_engines! {
    the_command_line_prints_the_result_or_errorinfo,
    a_served_file_is_evaluated_first_and_names_the_interpreter,
    state_stays_between_requests,
    send_joins_its_words_and_remote_call_does_not,
    completions_cross_whole,
    a_sends_to_b_which_sends_to_a,
    a_script_that_spins_is_stopped_when_its_caller_gives_up_also_inside_catch,
    pings_are_answered_while_a_script_spins_and_others_when_it_is_stopped,
    async_sends_come_in_order_and_callbacks_get_value_and_options,
    wrong_usage_is_told_as_tcl_does,
    names_are_unique_and_those_of_the_dead_are_free,
    a_target_that_exits_or_dies_while_it_is_asked_is_an_error,
    a_client_that_is_killed_takes_its_spinning_script_with_it,
    large_values_cross_and_too_large_ones_are_an_error,
    a_directory_that_others_can_enter_is_refused,
}

/// What Molt lacks of the language, so that it has no part in a test that needs it. Beyond this, errorInfo has no line
/// numbers there, and `error` takes a message only.
const MOLT_LACKS: &[&str] = &["try ", "error m i", "return -options"];

/// The scripts of a test that an engine can run.
fn runnable<'a>(world: &World, scripts: &[&'a str]) -> Vec<&'a str> {
    let lacks = |script: &&str| MOLT_LACKS.iter().any(|part| script.contains(part));
    let scripts = scripts.iter().copied();
    scripts
        .filter(|script| !world.is_molt() || !lacks(script))
        .collect()
}

fn failed(errors: &str) -> Ran {
    Ran {
        output: String::new(),
        errors: errors.to_string(),
        status: Some(1),
    }
}

fn the_command_line_prints_the_result_or_errorinfo(world: &World) {
    let _server = world.serve("s", &["--name", "a"]);
    let ran = world.remex("c", &["remote", "eval", "a", "expr {6*7}"]);
    assert_eq!(
        ran,
        Ran {
            output: "42\n".into(),
            errors: String::new(),
            status: Some(0)
        }
    );
    let ran = world.remex(
        "c",
        &["remote", "eval", "a", "proc p {} {\n  error no\n}\np"],
    );
    let line = if world.is_molt() { "" } else { " line 2" };
    assert_eq!(
        ran,
        failed(&format!(
            "no\n    while executing\n\"error no\"\n    (procedure \"p\"{line})\n    invoked from within\n\"p\"\n"
        ))
    );
    let ran = world.remex("c", &["remote", "eval", "a", "lindex {a {b c} d}", "1"]);
    assert_eq!(ran.output, "b c\n");
    assert_eq!(
        world.remex("c", &["remote", "eval", "b", "pid"]),
        failed("no application named \"b\"\n")
    );
}

fn a_served_file_is_evaluated_first_and_names_the_interpreter(world: &World) {
    let file = world.file(
        "calc.tcl",
        "proc double x {expr {2*$x}}\nset greeting \"hi $argv\"",
    );
    let server = world.serve("s", &[&file, "there"]);
    assert_eq!(server.name, "calc");
    assert_eq!(
        world.script("puts [send calc {set greeting}]; puts [send calc double 21]"),
        "hi there\n42\n"
    );
}

fn state_stays_between_requests(world: &World) {
    let _server = world.serve("s", &["--name", "a"]);
    assert_eq!(
        world.script("send a set x 1; send a incr x; puts [send a {set x}]"),
        "2\n"
    );
    assert_eq!(world.script("puts [remote eval a {incr x}]"), "3\n");
}

fn send_joins_its_words_and_remote_call_does_not(world: &World) {
    let _server = world.serve("s", &["--name", "a"]);
    let text = r#"
        puts [send a list {x y} z]
        puts [send a {list {x y} z}]
        puts [remote call a list {x y} {[exit]} $]
        puts [remote eval a {list 1} {x y} {[exit]}]
        puts [send -- a expr 1 + 2]
    "#;
    assert_eq!(
        world.script(text),
        "x y z\n{x y} z\n{x y} {[exit]} {$}\n1 {x y} {[exit]}\n3\n"
    );
}

fn completions_cross_whole(world: &World) {
    let _server = world.serve("s", &["--name", "a"]);
    let scripts = [
        "error m i {A B}",
        "throw {X Y {z w}} msg",
        "expr {1/0}",
        "return -code 7 x",
        "return -level 1 -code error -errorcode {Q 1} x",
        "break",
        "continue",
        "return",
        "nosuchcommand",
        "return -options {-foo bar -code 3} v",
        "string repeat \\u00e9\\u4e2d\\ud83d\\ude00\\u0000 2",
        "dict create a {b c}",
    ];
    for script in runnable(world, &scripts) {
        let text = format!(
            "set s {{{script}}}
             set local [list [catch {{eval $s}} r o] $r]
             set remote [list [catch {{send a $s}} r2 o2] $r2]
             puts [expr {{$local eq $remote}}]
             foreach key {{-code -level -errorcode -errorline -foo}} {{
                 set here [expr {{[dict exists $o $key] ? [dict get $o $key] : {{none}}}}]
                 set there [expr {{[dict exists $o2 $key] ? [dict get $o2 $key] : {{none}}}}]
                 if {{$here ne $there}} {{puts \"$key: $here, $there\"}}
             }}"
        );
        assert_eq!(world.script(&text), "1\n", "{script}");
    }
    let text = "proc f {} {send a {error far}}; catch f; puts $errorInfo";
    if world.is_molt() {
        return;
    }
    let info = "far\n    while executing\n\"error far\"\n    invoked from within\n\"send a {error far}\"\n    \
                (procedure \"f\" line 1)\n    invoked from within\n\"f\"\n";
    assert_eq!(world.script(text), info);
}

fn a_sends_to_b_which_sends_to_a(world: &World) {
    let _b = world.serve("s", &["--name", "b"]);
    let text = "
        remote serve -name a
        proc ask {n} {expr {$n == 0 ? {done} : [send b [list send a [list ask [incr n -1]]]]}}
        puts [ask 10]
        puts [send b {send a {send b {send a {remote name}}}}]
        puts [send a {remote name}]
        catch {proc forever {} {send b send a forever}; forever} r; puts $r
        puts [send b {send a set x 5}]";
    let output = world.script(text);
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines[..3], ["done", "a", "a"]);
    assert!(lines[3].starts_with("too many nested"), "{output}");
    assert_eq!(lines[4], "5");
}

fn a_script_that_spins_is_stopped_when_its_caller_gives_up_also_inside_catch(world: &World) {
    let _server = world.serve("s", &["--name", "a"]);
    let scripts = [
        "while 1 {}",
        "while 1 {catch {while 1 {}}}",
        "proc p {} {catch p; while 1 {catch {incr ::i}}}; p",
        "after 100000",
        "vwait forever",
        "catch {vwait forever}; while 1 {}",
        "after 10 {while 1 {}}; vwait forever",
        "set l {}; while 1 {try {lappend l x; set l {}} finally {continue}}",
    ];
    for script in runnable(world, &scripts) {
        let start = Instant::now();
        let text = format!(
            "puts [catch {{send -timeout 150 a {{{script}}}}} r o]; puts $r; puts [dict get $o -errorcode]"
        );
        let expected = "1\nno answer from \"a\" within 150 ms\nREMEX TIMEOUT\n";
        assert_eq!(world.script(&text), expected, "{script}");
        assert_eq!(
            world.script("puts [send -timeout 5000 a {expr 1+1}]"),
            "2\n",
            "after {script}"
        );
        assert!(start.elapsed() < Duration::from_secs(5), "{script}");
    }
}

fn pings_are_answered_while_a_script_spins_and_others_when_it_is_stopped(world: &World) {
    let _server = world.serve("s", &["--name", "a"]);
    let text = "
        proc note {v o} {global first; set first [dict get $o -errorcode]}
        send -command note -timeout 600 a {while 1 {}}
        after 50
        puts [expr {[remote ping -timeout 5000 a] < 300000}]
        puts [send -timeout 5000 a {set x answered}]
        vwait first
        puts $first";
    assert_eq!(world.script(text), "1\nanswered\nREMEX TIMEOUT\n");
}

fn async_sends_come_in_order_and_callbacks_get_value_and_options(world: &World) {
    let _server = world.serve("s", &["--name", "a"]);
    let text = "
        for {set i 0} {$i < 500} {incr i} {send -async a lappend l $i}
        puts [send a {llength $l}]
        puts [send a {expr {$l eq [lsort -integer $l]}}]
        proc got {tag value options} {global got; lappend got $tag $value [dict get $options -code]}
        send -command {got one} a {expr 40+2}
        send -command {got two} a {error bad}
        while {![info exists got] || [llength $got] < 6} {vwait got}
        puts $got
        puts [catch {vwait nothing} message]";
    let output = world.script(text);
    assert_eq!(output, "500\n1\none 42 0 two bad 1\n1\n");
}

fn wrong_usage_is_told_as_tcl_does(world: &World) {
    let usage = "?-async? ?-command prefix? ?-timeout ms? ?--? target cmd ?arg ...?";
    for (script, message) in [
        ("send", format!("wrong # args: should be \"send {usage}\"")),
        (
            "send -async a",
            format!("wrong # args: should be \"send {usage}\""),
        ),
        (
            "send -foo a b",
            "bad option \"-foo\": must be -async, -command, -timeout, or --".to_string(),
        ),
        (
            "send -timeout x a b",
            "expected integer but got \"x\"".to_string(),
        ),
        (
            "send nobody pid",
            "no application named \"nobody\"".to_string(),
        ),
        ("send {} pid", "bad name \"\": it is empty".to_string()),
        (
            "remote eval a",
            "wrong # args: should be \"remote eval ?-timeout ms? ?--? target script ?arg ...?\""
                .to_string(),
        ),
    ] {
        assert_eq!(
            world.script(&format!("catch {{{script}}} r; puts $r")),
            message + "\n",
            "{script}"
        );
    }
    let text = "catch {send nobody pid} r o; puts [dict get $o -errorcode]";
    assert_eq!(world.script(text), "TK LOOKUP APPLICATION nobody\n");
}

fn names_are_unique_and_those_of_the_dead_are_free(world: &World) {
    let mut first = world.serve("s", &["--name", "chat"]);
    let second = world.serve("s", &["--name", "chat"]);
    assert_eq!(
        [first.name.as_str(), second.name.as_str()],
        ["chat", "chat #2"]
    );
    assert_eq!(
        world.script("puts [remote interps]; puts [send {chat #2} remote name]"),
        "chat {chat #2}\nchat #2\n"
    );
    first.errors();
    assert_eq!(world.script("puts [remote interps]"), "{chat #2}\n");
    let third = world.serve("s", &["--name", "chat"]);
    assert_eq!(third.name, "chat");
    assert_eq!(
        world.remex("c", &["remote", "interps"]).output,
        "chat\nchat #2\n"
    );
}

fn a_target_that_exits_or_dies_while_it_is_asked_is_an_error(world: &World) {
    let mut server = world.serve("s", &["--name", "a"]);
    let text =
        "catch {send a exit} r o; puts [lrange [split $r :] 0 0]; puts [dict get $o -errorcode]";
    assert_eq!(
        world.script(text),
        "{target application died or connection lost}\nREMEX LOST\n"
    );
    assert!(server.child.wait().unwrap().success());
    let mut server = world.serve("s", &["--name", "a"]);
    let text = "puts [catch {send a {exec sh -c {kill -9 $PPID}}}]; after 100; puts [catch {send a pid} r]; puts $r";
    assert_eq!(world.script(text), "1\n1\nno application named \"a\"\n");
    assert!(!server.child.wait().unwrap().success());
}

fn a_client_that_is_killed_takes_its_spinning_script_with_it(world: &World) {
    let _server = world.serve("s", &["--name", "a"]);
    let mut client = world
        .command("c", remote_support::REMEX)
        .args(["remote", "eval", "a", "while 1 {}"])
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(200));
    client.kill().unwrap();
    client.wait().unwrap();
    assert_eq!(
        world.script("puts [send -timeout 5000 a {set y alive}]"),
        "alive\n"
    );
}

fn large_values_cross_and_too_large_ones_are_an_error(world: &World) {
    let _server = world.serve("s", &["--name", "a"]);
    let text = "
        set big [string repeat {a b } 2000000]
        puts [expr {[send a [list string length $big]] == [string length $big]}]
        puts [string length [send a {string repeat x 10000000}]]
        puts [catch {send a {string repeat x 100000000}} r]; puts $r
        puts [send a {set x still}]";
    let output = world.script(text);
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines[..3], ["1", "10000000", "1"]);
    assert!(
        lines[3].contains("exceeds the limit of 67108864"),
        "{output}"
    );
    assert_eq!(lines[4], "still");
}

fn a_directory_that_others_can_enter_is_refused(world: &World) {
    use std::os::unix::fs::PermissionsExt;
    let directory = world.path().join("remex");
    std::fs::create_dir(&directory).unwrap();
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).unwrap();
    let ran = world.remex("s", &["serve", "--name", "a"]);
    assert_eq!(ran.status, Some(1));
    assert!(ran.errors.contains("must have mode 700"), "{}", ran.errors);
}
