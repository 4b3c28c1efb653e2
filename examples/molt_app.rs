//! A program that embeds Molt and joins the network: a simulated oven, with two commands of its own.
//!
//! ```text
//! molt_app NAME &
//! remex remote eval NAME heat 500      # from a shell
//! send NAME temperature                # from a script of remex's, or of any other program that has joined
//! ```
//!
//! A stock tclsh with the procedure `fsignal` of the Tcl wiki reaches it through files of the directory that it runs in:
//! `fsignal send Heat 500; fsignal wait Heated`.

use std::cell::Cell;
use std::error::Error;
use std::rc::Rc;

use molt::types::{ContextID, MoltFloat, MoltResult, Value};
use molt::{Interp, check_args, molt_ok};
use remex_remote::molt::Network;

/// The temperature of the room, in degrees Celsius.
const ROOM: MoltFloat = 20.0;

/// Degrees for each watt.
const DEGREES_PER_WATT: MoltFloat = 0.25;

/// The oven's state, which its commands share.
type Temperature = Rc<Cell<MoltFloat>>;

/// `temperature`: in degrees Celsius.
fn temperature(interp: &mut Interp, id: ContextID, words: &[Value]) -> MoltResult {
    check_args(1, words, 1, 1, "")?;
    molt_ok!(interp.context::<Temperature>(id).get())
}

/// `heat WATTS`: returns the temperature that comes of it.
fn heat(interp: &mut Interp, id: ContextID, words: &[Value]) -> MoltResult {
    check_args(1, words, 2, 2, "watts")?;
    let watts = words.get(1).map_or(Ok(0.0), Value::as_float)?;
    let oven = interp.context::<Temperature>(id);
    oven.set(ROOM + watts * DEGREES_PER_WATT);
    molt_ok!(oven.get())
}

/// Answers those who come with files.
const LISTENER: &str = "
    proc listen {} {
        while 1 {
            heat [fsignal wait Heat]
            fsignal send Heated [temperature]
        }
    }
    after idle listen
";

fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args().nth(1).unwrap_or("oven".to_string());
    let mut interp = Interp::new();
    let oven = interp.save_context(Temperature::new(Cell::new(ROOM)));
    interp.add_context_command("temperature", temperature, oven);
    interp.add_context_command("heat", heat, oven);

    let network = Network::join(&mut interp, &name)?;
    println!("serving as {}", network.name(&mut interp)?);
    if let Err(exception) = network.eval(&mut interp, LISTENER) {
        return Err(exception.value().to_string().into());
    }
    std::process::exit(network.run(&mut interp));
}
