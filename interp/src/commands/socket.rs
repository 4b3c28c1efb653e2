//! `socket`: TCP clients and servers.

use super::channel::{event::accept_with, failed, heed_interrupts};
use crate::channel::{AddressFamily, ConnectOptions, ListenOptions, connect, listen, port_number};
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, done};
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] =
    &[Builtin::new("socket", USAGE, 0, ANY, socket).unsafe_for_children()];

const USAGE: &str = "?-myaddr addr? ?-myport myport? ?-async? host port\" or \"socket -server command ?-myaddr addr? port";

const OPTIONS: [&str; 4] = ["-async", "-myaddr", "-myport", "-server"];

/// The options as they are given.
#[derive(Default)]
struct Given {
    is_async: bool,
    address: Option<String>,
    port: Option<String>,
    server: Option<Value>,
}

fn socket(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let mut arguments = words.get(1..).unwrap_or_default();
    let mut given = Given::default();
    while let [first, rest @ ..] = arguments
        && first.str().starts_with('-')
    {
        let number = super::option(first, &OPTIONS, "option")?;
        arguments = rest;
        if number == 0 {
            if given.server.is_some() {
                return Err(not_for_servers());
            }
            given.is_async = true;
            continue;
        }
        if number == 3 && given.is_async {
            return Err(not_for_servers());
        }
        let [value, rest @ ..] = arguments else {
            let name = OPTIONS.get(number).copied().unwrap_or_default();
            return Err(Exception::error(format!(
                "no argument given for {name} option"
            )));
        };
        arguments = rest;
        match number {
            1 => given.address = Some(value.to_text()),
            2 => given.port = Some(port(interp, value)?),
            _ => given.server = Some(value.clone()),
        }
    }
    match (given.server.take(), arguments) {
        (Some(_), _) if given.port.is_some() => {
            Err(Exception::error("option -myport is not valid for servers"))
        }
        (Some(script), [port]) => serve(interp, given, script, port),
        (None, [host, port]) => open_connection(interp, given, host, port),
        _ => Err(Exception::wrong_args(&format!("socket {USAGE}"))),
    }
}

/// What the variable that tclsh looks at for its own tests says.
fn family(interp: &mut Interp) -> AddressFamily {
    let name = Value::text("::tcl::unsupported::socketAF");
    if !interp.variable_exists(&name) {
        return AddressFamily::Any;
    }
    match interp.variable_get(&name) {
        Ok(value) if &*value.str() == "inet" => AddressFamily::Inet,
        Ok(value) if &*value.str() == "inet6" => AddressFamily::Inet6,
        _ => AddressFamily::Any,
    }
}

/// A port in digits. Errors: neither a number nor a service.
fn port(interp: &mut Interp, value: &Value) -> Result<String, Box<Exception>> {
    let text = match value.as_int() {
        Some(number) => number.to_string(),
        None => value.to_text(),
    };
    match port_number(&text) {
        Ok(number) => Ok(number.to_string()),
        Err(error) => Err(failed(interp, &error, "")),
    }
}

fn not_for_servers() -> Box<Exception> {
    Exception::error("cannot set -async option for server sockets")
}

fn serve(interp: &mut Interp, given: Given, script: Value, port: &Value) -> CommandResult {
    let options = ListenOptions {
        local_host: given.address,
        port: self::port(interp, port)?,
        family: family(interp),
    };
    let channel = listen(&options).map_err(|error| failed(interp, &error, ""))?;
    let name = interp.add_channel(channel)?;
    accept_with(interp, &name, script)?;
    done(name)
}

fn open_connection(interp: &mut Interp, given: Given, host: &Value, port: &Value) -> CommandResult {
    heed_interrupts(interp);
    let options = ConnectOptions {
        host: host.to_text(),
        port: self::port(interp, port)?,
        local_host: given.address,
        local_port: given.port,
        is_async: given.is_async,
        family: family(interp),
    };
    let channel =
        connect(&options).map_err(|error| failed(interp, &error, "couldn't open socket"))?;
    done(interp.add_channel(channel)?)
}
