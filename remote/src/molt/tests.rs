//! The embedding API, from within a program.

use super::Network;
use crate::evaluator::{Evaluator, Interruptible};
use molt::Interp;
use molt::types::{ContextID, MoltResult, Value};
use std::time::Duration;

fn boom(_: &mut Interp, _: ContextID, _: &[Value]) -> MoltResult {
    panic!("boom")
}

fn with_boom() -> Interp {
    let mut interp = Interp::new();
    interp.add_command("boom", boom);
    interp
}

fn message(result: MoltResult) -> String {
    match result {
        Ok(value) => value.to_string(),
        Err(exception) => exception.value().to_string(),
    }
}

#[test]
fn after_a_panic_nothing_is_evaluated_any_more() {
    let mut interp = with_boom();
    let network = Network::install(&mut interp);
    let said = message(network.eval(&mut interp, "catch boom"));
    assert_eq!(said, "the interpreter has panicked: boom");
    let said = message(network.eval(&mut interp, "set x 1"));
    assert!(said.starts_with("the interpreter has failed"), "{said}");
    // Not past the program's own way to it, either, as far as commands of ours go.
    assert!(interp.eval("if 1 {set x 1}").is_err());
}

#[test]
fn with_a_builder_the_interpreter_is_replaced() {
    let mut interp = with_boom();
    let network = Network::install(&mut interp);
    network.set_builder(with_boom);
    network
        .eval(&mut interp, "set x 1; proc p {} {global x; incr x}")
        .unwrap();
    assert!(network.eval(&mut interp, "proc q {} {boom}; q").is_err());
    assert_eq!(message(network.eval(&mut interp, "p")), "2");
    assert!(message(network.eval(&mut interp, "boom")).ends_with("boom"));
}

fn wait_a_little(interp: &mut Interp, id: ContextID, _: &[Value]) -> MoltResult {
    let network = interp.context::<Network>(id).clone();
    network.wait(interp, Duration::from_millis(200));
    Ok(Value::empty())
}

#[test]
fn an_interpreter_is_not_replaced_under_a_procedure_that_runs() {
    let mut interp = with_boom();
    let network = Network::install(&mut interp);
    network.set_builder(with_boom);
    let id = interp.save_context(network.clone());
    interp.add_context_command("wait_a_little", wait_a_little, id);
    // Not through the network, which therefore does not know that something runs.
    let said = message(interp.eval("proc p {} {after 1 boom; wait_a_little; list ended}; p"));
    assert_eq!(said, "ended");
    assert!(network.serve_pending(&mut interp).is_none());
    assert_eq!(message(network.eval(&mut interp, "expr {1 + 1}")), "2");
}

#[test]
fn procedures_from_before_are_stopped_too_and_exit_ends_no_process() {
    let mut interp = Interp::new();
    interp.eval("proc spin {{n 1} args} {while 1 {}}").unwrap();
    let network = Network::install(&mut interp);
    assert_eq!(
        message(network.eval(&mut interp, "info args spin")),
        "n args"
    );
    network.companion().interrupt_handle().interrupt();
    assert_eq!(
        message(network.eval(&mut interp, "catch spin")),
        "interrupted"
    );
    network.eval(&mut interp, "after 5 {exit 7}").unwrap();
    assert_eq!(network.serve_pending(&mut interp), None);
    assert_eq!(network.run(&mut interp), 7);
    assert_eq!(network.wait(&mut interp, Duration::ZERO), Some(7));
}

#[test]
fn scripts_that_cannot_be_parsed_leave_no_trace() {
    let mut interp = Interp::new();
    let network = Network::install(&mut interp);
    for _ in 0..2000 {
        assert_eq!(
            message(network.eval(&mut interp, "set x {")),
            "missing close-brace"
        );
    }
    assert_eq!(message(network.eval(&mut interp, "return 3")), "3");
    let said = message(network.eval(&mut interp, "break"));
    assert_eq!(said, "invoked \"break\" outside of a loop");
}

#[test]
fn events_are_served_from_a_loop_of_the_program_s_own() {
    let mut interp = Interp::new();
    let network = Network::install(&mut interp);
    network.eval(&mut interp, "after 10 {set x done}").unwrap();
    while network.eval(&mut interp, "info exists x").unwrap().as_str() == "0" {
        assert_eq!(network.serve_pending(&mut interp), None);
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn the_seam_tells_what_the_engine_can_do() {
    let mut interp = Interp::new();
    let network = Network::install(&mut interp);
    assert_eq!(network.complete(&mut interp, "fo"), ["for", "foreach"]);
    assert!(network.complete(&mut interp, "remex").is_empty());
    let interruptible = network.host(&mut interp).interruptible();
    assert_eq!(interruptible, Interruptible::LoopsAndCalls);
}
