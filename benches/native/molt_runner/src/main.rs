//! Runs a script in an interpreter of the molt crate, with nothing around it: `molt-runner FILE ?arg ...?`.

use std::process::ExitCode;

use molt::{Interp, Value};

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let Some(path) = words.next() else {
        eprintln!("usage: molt-runner FILE ?arg ...?");
        return ExitCode::from(2);
    };
    let script = match std::fs::read_to_string(&path) {
        Ok(script) => script,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::from(2);
        }
    };
    let arguments: Vec<Value> = words.map(Value::from).collect();
    let mut interp = Interp::new();
    let count = Value::from(arguments.len() as i64);
    let set = interp
        .set_scalar("argc", count)
        .and_then(|()| interp.set_scalar("argv", Value::from(arguments)));
    match set.and_then(|()| interp.eval(&script).map(drop)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(exception) => {
            eprintln!("{}", exception.value());
            ExitCode::FAILURE
        }
    }
}
