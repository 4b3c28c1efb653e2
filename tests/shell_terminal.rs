//! The shell in a real pseudo-terminal, as a person uses it.

mod terminal_support;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use terminal_support::{END, ENTER, INTERRUPT, Terminal, UP};

const REMEX: &str = env!("CARGO_BIN_EXE_remex");

/// Long enough for something that should not happen to happen.
const PAUSE: Duration = Duration::from_millis(300);

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("terminal-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    /// A shell at its first prompt.
    fn shell(&self) -> Terminal {
        let mut terminal = Terminal::start(REMEX, &self.0);
        terminal.expect(&["%"]);
        terminal
    }
}

fn shell(name: &str) -> Terminal {
    Scratch::new(name).shell()
}

#[test]
fn results_and_errors_are_printed_and_ctrl_d_leaves() {
    let mut shell = shell("results");
    shell.enter("expr 20 + 1");
    shell.expect(&["% expr 20 + 1", "21", "%"]);
    shell.enter("set x {}");
    shell.expect(&["% set x {}", "%"]);
    shell.enter("puts $tcl_interactive; error oops");
    shell.expect(&["1", "oops", "%"]);
    shell.enter("break");
    shell.expect(&["invoked \"break\" outside of a loop", "%"]);
    shell.send(END);
    assert_eq!(shell.status().code(), Some(0));
    assert!(shell.is_cooked());
}

#[test]
fn a_command_may_take_several_lines() {
    let mut shell = shell("lines");
    shell.enter("foreach i {a b} {");
    shell.expect(&["% foreach i {a b} {", ">"]);
    shell.enter("puts $i");
    shell.enter("}");
    shell.expect(&["> }", "a", "b", "%"]);
    // Ctrl-C forgets what was begun.
    shell.enter("puts {never");
    shell.expect(&[">"]);
    shell.send(INTERRUPT);
    shell.expect(&["%"]);
    shell.enter("puts ended");
    shell.expect(&["ended", "%"]);
}

#[test]
fn ctrl_c_stops_a_running_script() {
    let mut shell = shell("stop");
    for script in [
        "while 1 {}",
        "catch {while 1 {}}",
        "after 100000",
        "vwait forever",
        "fsignal wait Never",
    ] {
        shell.enter(script);
        shell.watch(PAUSE);
        shell.send(INTERRUPT);
        shell.expect_line("interrupted");
        shell.enter("puts [string repeat = 9]");
        shell.expect(&["=========", "%"]);
    }
}

#[test]
fn ctrl_c_at_the_prompt_clears_the_line() {
    let mut shell = shell("clear");
    shell.send("puts wrong");
    shell.expect(&["% puts wrong"]);
    shell.send(INTERRUPT);
    shell.expect(&["%"]);
    shell.enter("puts right");
    shell.expect(&["% puts right", "right", "%"]);
}

#[test]
fn an_event_prints_without_spoiling_the_line_being_typed() {
    let mut shell = shell("events");
    shell.enter("after 400 {puts hi}; set y 1");
    shell.expect(&["1", "%"]);
    shell.send("set x 12");
    shell.expect(&["hi", "% set x 12"]);
    shell.enter("3");
    shell.expect(&["hi", "% set x 123", "123", "%"]);
    // A line without an end waits for the prompt to go.
    shell.enter("after 200 {puts -nonewline half; flush stdout}; set y 2");
    shell.expect(&["2", "%"]);
    shell.send("set x 4");
    shell.watch(PAUSE + PAUSE);
    shell.expect(&["% set x 4"]);
    shell.send(ENTER);
    shell.expect(&["% set x 4", "half4", "%"]);
}

#[test]
fn events_happen_while_the_prompt_waits() {
    let mut shell = shell("waits");
    shell.enter("proc tick {} {incr ::n; if {$::n < 20} {after 10 tick}}; tick");
    shell.watch(PAUSE + PAUSE);
    shell.enter("puts <$n>");
    shell.expect(&["<20>", "%"]);
    // Ctrl-C stops a script that an event has started.
    shell.enter("after 50 {while 1 {}}; set y 1");
    shell.watch(PAUSE);
    shell.send(INTERRUPT);
    shell.expect_text("interrupted");
    shell.watch(PAUSE);
    shell.enter("puts alive");
    shell.expect(&["alive", "%"]);
}

#[test]
fn a_lot_of_output_while_typing_is_all_shown() {
    let mut shell = shell("lots");
    shell.enter("after 100 {for {set i 0} {$i < 3000} {incr i} {puts line$i}}; set y 1");
    shell.expect(&["1", "%"]);
    shell.send("set x 5");
    shell.expect(&["line2998", "line2999", "% set x 5"]);
    shell.expect_line("line0");
    shell.enter("");
    shell.expect(&["5", "%"]);
}

#[test]
fn output_without_a_line_end_stays_before_the_prompt() {
    let mut shell = shell("partial");
    shell.enter("puts -nonewline abc");
    shell.expect(&["% puts -nonewline abc", "abc%"]);
    shell.enter("puts d");
    shell.expect(&["abc% puts d", "d", "%"]);
}

#[test]
fn scripts_can_read_the_terminal() {
    let mut shell = shell("read");
    shell.enter("gets stdin line");
    shell.watch(PAUSE);
    shell.enter("some text");
    shell.expect(&["some text", "9", "%"]);
    shell.enter("puts <$line>");
    shell.expect(&["<some text>", "%"]);
}

#[test]
fn prompts_are_what_the_script_prints() {
    let mut shell = shell("prompts");
    shell.enter("set tcl_prompt1 {puts -nonewline \"<[incr n]> \"}; set tcl_prompt2 {puts -nonewline {more: }}");
    shell.expect(&["<1>"]);
    shell.enter("puts {a");
    shell.expect(&["<1> puts {a", "more:"]);
    shell.enter("b}");
    shell.expect(&["more: b}", "a", "b", "<2>"]);
    shell.enter("set tcl_prompt1 {error bad}");
    shell.expect(&["bad", "    (script that generates prompt)", "%"]);
}

#[test]
fn history_is_kept_across_sessions() {
    let scratch = Scratch::new("history");
    let mut first = scratch.shell();
    first.enter("set y [list 7 \\");
    first.enter("8]");
    first.expect(&["7 8", "%"]);
    first.enter("puts last");
    first.expect(&["last", "%"]);
    first.send(END);
    first.status();
    assert!(scratch.0.join(".local/state/remex/history").exists());
    let mut second = scratch.shell();
    second.send(UP);
    second.expect(&["% puts last"]);
    second.send(UP);
    second.expect(&["% set y [list 7 \\", "8]"]);
    second.send(ENTER);
    second.expect(&["7 8", "%"]);
}

#[test]
fn words_are_completed() {
    let scratch = Scratch::new("completion");
    fs::create_dir(scratch.0.join("folder")).unwrap();
    fs::write(scratch.0.join("folder/one two.tcl"), "puts sourced").unwrap();
    let mut shell = scratch.shell();
    shell.enter("proc some_unique_name args {return called:$args}; set a_variable 5; array set things {key1 v1}");
    shell.expect(&["%"]);
    shell.enter("some_un\tx");
    shell.expect(&["% some_unique_name x", "called:x", "%"]);
    shell.enter("puts $a_var\t");
    shell.expect(&["% puts $a_variable", "5", "%"]);
    shell.enter("puts $things(k\t");
    shell.expect(&["% puts $things(key1)", "v1", "%"]);
    shell.enter("puts [string lengt\tabcd]");
    shell.expect(&["% puts [string length abcd]", "4", "%"]);
    shell.enter("file size fol\tone\t");
    shell.expect(&["% file size folder/one\\ two.tcl", "12", "%"]);
    // Several possibilities are listed.
    shell.send("string tr\t\t");
    shell.expect(&["% string trim"]);
    shell.expect_line("trim       trimleft   trimright");
}

#[test]
fn exit_leaves_the_terminal_as_it_was() {
    let mut shell = shell("exit");
    shell.enter("exit 3");
    assert_eq!(shell.status().code(), Some(3));
    assert!(shell.is_cooked());
    let mut shell = Scratch::new("exit-later").shell();
    shell.enter("after 200 {exit 4}; set y 1");
    shell.expect(&["1", "%"]);
    shell.send("some typ");
    assert_eq!(shell.status().code(), Some(4));
    assert!(shell.is_cooked());
}

#[test]
fn lines_pasted_together_all_run() {
    let mut shell = shell("paste");
    shell.send("set a 1\rset b 2\rincr a $b\r");
    shell.expect(&["% incr a $b", "3", "%"]);
}

#[test]
fn the_start_file_runs_first() {
    let scratch = Scratch::new("start-file");
    fs::write(
        scratch.0.join(".remexrc"),
        "puts {welcome}; proc hello {} {return there}\n",
    )
    .unwrap();
    let mut shell = Terminal::start(REMEX, &scratch.0);
    shell.expect(&["welcome", "%"]);
    shell.enter("hello");
    shell.expect(&["there", "%"]);
}

#[cfg(feature = "molt")]
#[test]
fn molt_has_the_same_shell() {
    let scratch = Scratch::new("molt");
    let mut shell = Terminal::start_with(REMEX, &["--engine", "molt"], &scratch.0);
    shell.expect(&["%"]);
    shell.enter("proc twice x {");
    shell.expect(&[">"]);
    shell.enter("expr {2 * $x}}");
    shell.expect(&["%"]);
    shell.send("twi\t21");
    shell.send(ENTER);
    shell.expect(&["% twice 21", "42", "%"]);
    shell.enter("nonsense");
    shell.expect(&["invalid command name \"nonsense\"", "%"]);
    shell.enter("after 50 {puts event}");
    shell.expect_line("event");
    shell.enter("while 1 {catch {set x 1}}");
    shell.watch(PAUSE);
    shell.send(INTERRUPT);
    shell.expect(&["interrupted", "%"]);
    shell.send(END);
    assert_eq!(shell.status().code(), Some(0));
    assert!(shell.is_cooked());
}
