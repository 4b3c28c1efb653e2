//! Evaluates a script file with the crate `molt` as it is: what `benches/run --section engines` and `benches/page` measure.

use std::process::ExitCode;

use molt::{Interp, Value};

fn main() -> ExitCode {
    let Some(file) = std::env::args().nth(1) else {
        eprintln!("usage: molt_bare FILE");
        return ExitCode::FAILURE;
    };
    match run(&file) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(file: &str) -> Result<(), String> {
    let script = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let mut interp = Interp::new();
    // What the workloads look at.
    interp
        .set_scalar("argc", Value::from(0))
        .and_then(|()| interp.eval(&script).map(drop))
        .map_err(|exception| exception.value().to_string())
}
