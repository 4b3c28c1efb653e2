//! Evaluates a script file with the crate `molt` as it is, for `benches/run --section engines`.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("usage: molt_bare FILE")?;
    let script = std::fs::read_to_string(file)?;
    match molt::Interp::new().eval(&script) {
        Ok(_) => Ok(()),
        Err(exception) => Err(exception.value().to_string().into()),
    }
}
