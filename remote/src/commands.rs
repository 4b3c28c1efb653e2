//! What scripts see: `send` and `remote`.

use crate::bridge::{self, Host};
use crate::failure::Failure;
use crate::local::host_and_port;
use crate::protocol::Body;
use remex_interp::runtime::{ANY, Builtin, Exception, Interp, Outcome, done};
use remex_interp::value::{OrderedMap, Value};

/// The commands of this crate.
pub static COMMANDS: &[Builtin] = &[
    Builtin::new("send", SEND_USAGE, 2, ANY, |interp, words| {
        done(send(interp, words)?)
    })
    .unsafe_for_children(),
    Builtin::ensemble("remote", REMOTE).unsafe_for_children(),
];

pub(crate) const SEND_USAGE: &str =
    "?-async? ?-command prefix? ?-timeout ms? ?--? target cmd ?arg ...?";
pub(crate) const CALL_USAGE: &str = "?-timeout ms? ?--? target cmd ?arg ...?";
pub(crate) const EVAL_USAGE: &str = "?-timeout ms? ?--? target script ?arg ...?";
pub(crate) const PING_USAGE: &str = "?-timeout ms? ?--? target";
pub(crate) const SERVE_USAGE: &str = "?-name name? ?-listen host:port?";

const REMOTE: &[Builtin] = &[
    Builtin::new("call", CALL_USAGE, 2, ANY, |interp, words| {
        done(remote_call(interp, words)?)
    }),
    Builtin::new("eval", EVAL_USAGE, 2, ANY, |interp, words| {
        done(remote_eval(interp, words)?)
    }),
    Builtin::new("interps", "", 0, 0, |interp, words| {
        done(remote_interps(interp, words)?)
    }),
    Builtin::new("name", "", 0, 0, |interp, words| {
        done(remote_name(interp, words)?)
    }),
    Builtin::new("ping", PING_USAGE, 1, 4, |interp, words| {
        done(remote_ping(interp, words)?)
    }),
    Builtin::new("serve", SERVE_USAGE, 0, 4, |interp, words| {
        done(remote_serve(interp, words)?)
    }),
    Builtin::new("stop", "", 0, 0, |interp, words| {
        done(remote_stop(interp, words)?)
    }),
];

/// Gives an interpreter the commands of this crate.
pub fn install(interp: &mut Interp) {
    interp.register(COMMANDS);
    interp.register(crate::fsignal::COMMANDS);
}

/// What stands before the target.
#[derive(Default)]
struct Options {
    is_async: bool,
    prefix: Option<Value>,
    timeout_ms: Option<u64>,
    /// How many words they take, the command's name included.
    words: usize,
}

/// The options in `words`, of which `known` are allowed, up to `--` or the first word that does not start with `-`.
fn options(words: &[Value], known: &[&str], usage: &str) -> Result<Options, Box<Exception>> {
    let name = words.first().map(Value::to_text).unwrap_or_default();
    let wrong_args = || Exception::wrong_args(&format!("{name} {usage}"));
    let mut options = Options {
        words: 1,
        ..Options::default()
    };
    while let Some(word) = words.get(options.words) {
        let text = word.str();
        if !text.starts_with('-') {
            break;
        }
        options.words += 1;
        let option = known.iter().find(|option| **option == &*text);
        match option.copied() {
            Some("--") => break,
            Some("-async") => options.is_async = true,
            Some(option) => {
                let argument = words.get(options.words).ok_or_else(wrong_args)?;
                options.words += 1;
                match option {
                    "-command" => {
                        argument.to_list()?;
                        options.prefix = Some(argument.clone());
                    }
                    _ => options.timeout_ms = Some(milliseconds(argument)?),
                }
            }
            None => return Err(Exception::bad_index("bad", "option", &text, known)),
        }
    }
    Ok(options)
}

fn milliseconds(word: &Value) -> Result<u64, Box<Exception>> {
    let number = word
        .as_int()
        .ok_or_else(|| Exception::not_an_integer(word))?;
    let ms = u64::try_from(number).ok().filter(|ms| *ms > 0);
    ms.ok_or_else(|| {
        Exception::with_code(
            "the timeout must be greater than 0 ms",
            ["TCL", "VALUE", "TIMEOUT"],
        )
    })
}

/// The target, and the words after it; at least `min` of them.
fn target_and_rest<'a>(
    words: &'a [Value],
    options: &Options,
    min: usize,
    usage: &str,
) -> Result<(String, &'a [Value]), Box<Exception>> {
    match words.get(options.words..).and_then(<[Value]>::split_first) {
        Some((target, rest)) if rest.len() >= min => Ok((target.to_text(), rest)),
        _ => {
            let name = words.first().map(Value::to_text).unwrap_or_default();
            Err(Exception::wrong_args(&format!("{name} {usage}")))
        }
    }
}

/// `send ?-async? ?-command PREFIX? ?-timeout MS? ?--? TARGET CMD ?ARG …?`: the words after the target, joined by single
/// spaces, are evaluated there at global level, as with Tk's send.
pub(crate) fn send(host: &mut impl Host, words: &[Value]) -> Outcome {
    let options = options(words, &["-async", "-command", "-timeout", "--"], SEND_USAGE)?;
    let (target, rest) = target_and_rest(words, &options, 1, SEND_USAGE)?;
    let script = match rest {
        [script] => script.to_text(),
        words => words
            .iter()
            .map(Value::to_text)
            .collect::<Vec<_>>()
            .join(" "),
    };
    let body = Body::Script(script);
    if options.is_async || options.prefix.is_some() {
        bridge::post(host, &target, body, options.timeout_ms, options.prefix)?;
        return Ok(Value::EMPTY);
    }
    bridge::send(host, &target, body, options.timeout_ms)
}

/// `remote eval ?-timeout MS? ?--? TARGET SCRIPT ?ARG …?`: each ARG is added to the script as one word.
pub(crate) fn remote_eval(host: &mut impl Host, words: &[Value]) -> Outcome {
    let usage = format!("eval {EVAL_USAGE}");
    let options = options(words, &["-timeout", "--"], &usage)?;
    let (target, rest) = target_and_rest(words, &options, 1, &usage)?;
    let mut script = rest.first().map(Value::to_text).unwrap_or_default();
    if rest.len() > 1 {
        script.push(' ');
        script.push_str(&Value::list(rest.get(1..).unwrap_or_default().to_vec()).str());
    }
    bridge::send(host, &target, Body::Script(script), options.timeout_ms)
}

/// `remote call ?-timeout MS? ?--? TARGET CMD ?ARG …?`: the words are one command, not substituted again.
pub(crate) fn remote_call(host: &mut impl Host, words: &[Value]) -> Outcome {
    let usage = format!("call {CALL_USAGE}");
    let options = options(words, &["-timeout", "--"], &usage)?;
    let (target, rest) = target_and_rest(words, &options, 1, &usage)?;
    let body = Body::Words(rest.iter().map(Value::to_text).collect());
    bridge::send(host, &target, body, options.timeout_ms)
}

/// `remote interps`: the names that can be sent to on this host.
pub(crate) fn remote_interps(host: &mut impl Host, _words: &[Value]) -> Outcome {
    let names = host.with(bridge::node)?.names();
    Ok(Value::list(names.into_iter().map(Value::string).collect()))
}

/// `remote name`: the name under which this interpreter serves, or the empty string.
pub(crate) fn remote_name(host: &mut impl Host, _words: &[Value]) -> Outcome {
    Ok(Value::string(
        host.with(bridge::node)?.name().unwrap_or_default(),
    ))
}

/// `remote ping ?-timeout MS? ?--? TARGET`: how many microseconds the target takes to answer, busy or not.
pub(crate) fn remote_ping(host: &mut impl Host, words: &[Value]) -> Outcome {
    let usage = "ping ?-timeout ms? ?--? target";
    let options = options(words, &["-timeout", "--"], usage)?;
    let (target, rest) = target_and_rest(words, &options, 0, usage)?;
    if !rest.is_empty() {
        return Err(Exception::wrong_args(&format!("remote {usage}")));
    }
    let microseconds = bridge::ping(host, &target, options.timeout_ms)?;
    Ok(Value::int(i64::try_from(microseconds).unwrap_or(i64::MAX)))
}

/// `remote serve ?-name NAME? ?-listen HOST:PORT?`: lets others send to this interpreter. Returns a dictionary with the
/// `name` it got, which has a number if NAME was taken, and the `listen` address.
pub(crate) fn remote_serve(host: &mut impl Host, words: &[Value]) -> Outcome {
    let mut name = None;
    let mut listen = None;
    for pair in words.get(1..).unwrap_or_default().chunks(2) {
        let [option, argument] = pair else {
            return Err(Exception::wrong_args(
                "remote serve ?-name name? ?-listen host:port?",
            ));
        };
        match &*option.str() {
            "-name" => name = Some(argument.to_text()),
            "-listen" => listen = Some(argument.to_text()),
            other => {
                return Err(Exception::bad_index(
                    "bad",
                    "option",
                    other,
                    &["-listen", "-name"],
                ));
            }
        }
    }
    serve(host, name.as_deref(), listen.as_deref())
}

/// Serves under `name`, or under the interpreter's present name or a default one, and at `listen` (HOST:PORT) if given.
/// Returns a dictionary as `remote serve` does.
pub(crate) fn serve(
    host: &mut impl Host,
    name: Option<&str>,
    listen: Option<&str>,
) -> Result<Value, Box<Exception>> {
    let node = host.with(bridge::node)?;
    let address = listen.map(|listen| {
        host_and_port(listen)
            .ok_or_else(|| Failure::Target(format!("bad address \"{listen}\": must be HOST:PORT")))
    });
    let address = address
        .transpose()
        .map_err(|failure| bridge::exception(&failure))?;
    let mut report = OrderedMap::new();
    let name = match (name, node.name()) {
        (None, Some(present)) => present,
        (Some(wanted), Some(present)) if wanted == present => present,
        (wanted, _) => {
            let claimed = node.serve_local(wanted.unwrap_or(DEFAULT_NAME));
            claimed.map_err(|failure| bridge::exception(&failure))?
        }
    };
    report.insert(Value::text("name"), Value::string(name));
    if let Some((host, port)) = address {
        node.listen(host, port)
            .map_err(|failure| bridge::exception(&failure))?;
    }
    if let Some(address) = node.listening() {
        report.insert(Value::text("listen"), Value::string(address.to_string()));
    }
    host.with(|interp| bridge::set_serving(interp, true))?;
    Ok(Value::dict(report))
}

/// The name of an interpreter that serves without having been given one.
const DEFAULT_NAME: &str = "remex";

/// `remote stop`: takes in nobody new. Connections stay, but no longer keep the event loop waiting.
pub(crate) fn remote_stop(host: &mut impl Host, _words: &[Value]) -> Outcome {
    host.with(bridge::node)?.stop_serving();
    host.with(|interp| bridge::set_serving(interp, false))?;
    Ok(Value::EMPTY)
}
