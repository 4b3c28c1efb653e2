//! Tests with real processes; they need `sh` and `cat`.

use super::*;
use crate::channel::pipeline::parse;
use crate::channel::{CloseState, Gets};

struct NoChannels;

impl ChannelFinder for NoChannels {
    fn lend(&self, name: &str, _direction: Direction) -> Result<OwnedFd, ChannelError> {
        Err(crate::channel::ChannelTable::not_found(name))
    }
}

fn run(words: &[&str]) -> Result<ExecOutput, ChannelError> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    exec(
        &parse(&words)?,
        &NoChannels,
        &Surroundings::default(),
        false,
    )
}

#[test]
fn output_comes_back_through_all_stages() {
    let output = run(&["cat", "<<", "a\nbé\n", "|", "cat"]).unwrap();
    assert_eq!(output.text(false), "a\nbé");
    assert_eq!(output.text(true), "a\nbé\n");
    assert!(!output.report.is_error());
}

#[test]
fn failures_are_told_as_tcl_tells_them() {
    let output = run(&["sh", "-c", "echo out; echo err >&2; exit 4"]).unwrap();
    assert_eq!(output.text(false), "out\nerr");
    assert_eq!(output.report.error_code()[0], "CHILDSTATUS");
    let output = run(&["sh", "-c", "echo out; exit 4"]).unwrap();
    assert_eq!(output.text(false), "out\nchild process exited abnormally");
    let output = run(&["sh", "-c", "kill -9 $$"]).unwrap();
    assert_eq!(output.text(false), "child killed: kill signal");
    assert_eq!(output.report.error_code()[2..], ["SIGKILL", "kill signal"]);
    let error = run(&["no such program"]).unwrap_err();
    assert_eq!(
        error.text("", ""),
        "couldn't execute \"no such program\": no such file or directory"
    );
    let error = run(&["cat", "<", "/no/such/file"]).unwrap_err();
    assert_eq!(
        error.text("", ""),
        "couldn't read file \"/no/such/file\": no such file or directory"
    );
}

#[test]
fn errors_can_join_the_output() {
    assert_eq!(
        run(&["sh", "-c", "echo a; echo b >&2", "2>@1"])
            .unwrap()
            .text(false),
        "a\nb"
    );
    assert_eq!(
        run(&["sh", "-c", "echo b >&2", "|&", "cat"])
            .unwrap()
            .text(false),
        "b"
    );
}

#[test]
fn a_pipeline_is_a_channel() {
    let pipeline = parse(&["cat".to_owned()]).unwrap();
    let access = FileAccess::from_short_form("r+").unwrap();
    let mut channel =
        open_pipeline(&pipeline, access, &NoChannels, &Surroundings::default()).unwrap();
    assert_eq!(channel.process_ids().len(), 1);
    channel.write_line("hello").unwrap();
    channel.flush().unwrap();
    assert_eq!(channel.gets().unwrap(), Gets::Line("hello"));
    channel.close(Side::Write).unwrap();
    assert_eq!(channel.gets().unwrap(), Gets::Eof);
    assert_eq!(channel.close(Side::Both).unwrap(), CloseState::Closed);
    let pipeline = parse(&["sh", "-c", "exit 3"].map(str::to_owned)).unwrap();
    let mut channel = open_pipeline(
        &pipeline,
        FileAccess::READ,
        &NoChannels,
        &Surroundings::default(),
    )
    .unwrap();
    let error = channel.close(Side::Both).unwrap_err();
    assert_eq!(error.text("", ""), "child process exited abnormally");
    assert_eq!(error.error_code()[2], "3");
}

#[test]
fn a_wait_for_a_process_can_be_interrupted() {
    let started = std::time::Instant::now();
    let check: crate::channel::InterruptCheck =
        std::rc::Rc::new(move || started.elapsed().as_millis() > 30);
    let before = crate::channel::set_interrupt_check(Some(check));
    let result = run(&["sleep", "20"]);
    crate::channel::set_interrupt_check(before);
    assert!(matches!(result, Err(ChannelError::Interrupted)));
    assert!(started.elapsed().as_secs() < 5);
}
