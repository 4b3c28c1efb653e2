//! The engine behind the seam: how a node evaluates in an [`Interp`], and how an interpreter has a node.
//!
//! An interpreter gets its node when it first needs one. The node's descriptor is watched by the interpreter's event
//! loop while the interpreter serves, or waits for answers in the background; otherwise a connection that is merely
//! open does not keep `vwait` waiting.

use crate::evaluator::{Evaluator, Interruptible, Verdict};
use crate::failure::Failure;
use crate::keys::{Home, HostPolicy};
use crate::local::Directory;
use crate::node::{Node, Settings};
use crate::protocol::{Body, Outcome, ReturnOptions};
use remex_interp::event::{Filter, Interest, SourceId, Wait};
use remex_interp::runtime::events::Callback;
use remex_interp::runtime::{Exception, Interp, code, safepoint};
use remex_interp::value::{OrderedMap, Value};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

/// Where the commands of this crate run: an interpreter of ours, or another engine with one of ours beside it.
pub(crate) trait Host {
    /// Lends the interpreter of ours: its event loop, its channels, its node. No script may run in it meanwhile.
    fn with<T>(&mut self, visit: impl FnOnce(&mut Interp) -> T) -> T;

    /// Waits for one event, and acts on it.
    ///
    /// Errors: exceptions that scripts cannot catch.
    fn one_event(&mut self, wait: Wait) -> Result<(), Box<Exception>>;

    /// Calls `question` with what evaluates scripts here. With it comes what a wait is to end with.
    fn asking<T>(
        &mut self,
        question: impl FnOnce(&mut dyn Evaluator) -> T,
    ) -> (T, Option<Box<Exception>>);

    /// The command prefix that our interpreter is to call for a callback which a script has given.
    fn callback(&mut self, prefix: Value) -> Value;

    /// See [`Interp::check_safepoint`].
    fn check_safepoint(&mut self) -> Result<(), Box<Exception>>;
}

impl Host for Interp {
    fn with<T>(&mut self, visit: impl FnOnce(&mut Interp) -> T) -> T {
        visit(self)
    }

    fn one_event(&mut self, wait: Wait) -> Result<(), Box<Exception>> {
        self.do_one_event(wait, Filter::ALL).map(drop)
    }

    fn asking<T>(
        &mut self,
        question: impl FnOnce(&mut dyn Evaluator) -> T,
    ) -> (T, Option<Box<Exception>>) {
        let mut engine = Engine {
            interp: self,
            stopped: None,
        };
        let answer = question(&mut engine);
        (answer, engine.stopped)
    }

    fn callback(&mut self, prefix: Value) -> Value {
        prefix
    }

    fn check_safepoint(&mut self) -> Result<(), Box<Exception>> {
        Interp::check_safepoint(self)
    }
}

/// What an interpreter keeps for this crate.
#[derive(Default)]
struct Remote {
    node: RefCell<Option<Rc<Node>>>,
    /// Set while the event loop watches the node.
    watch: Cell<Option<SourceId>>,
    /// The prefixes of `-command` that wait, by their token.
    prefixes: RefCell<HashMap<u64, Value>>,
    next_token: Cell<u64>,
    is_serving: Cell<bool>,
    /// Whether another engine evaluates what comes for this interpreter. Then the event loop only notes that there is
    /// something to do, and the engine does it when the event loop has returned.
    is_beside: Cell<bool>,
    /// Whether there is something to do.
    is_due: Cell<bool>,
    /// Whether the interpreter was interrupted from here, to get a cancelled request out of a nested event loop.
    has_interrupted: Cell<bool>,
}

/// The node of an interpreter, made now if it has none.
pub fn node(interp: &mut Interp) -> Result<Rc<Node>, Box<Exception>> {
    let remote = interp.data::<Remote>();
    if let Some(node) = &*remote.node.borrow() {
        return Ok(Rc::clone(node));
    }
    let node = Node::new(settings())
        .map_err(|error| Exception::error(format!("couldn't make a node: {error}")))?;
    let node = Rc::new(node);
    *remote.node.borrow_mut() = Some(Rc::clone(&node));
    let hooked = Rc::clone(&node);
    let mut before = interp.set_safepoint_hook(None);
    interp.set_safepoint_hook(Some(Box::new(move || match hooked.safepoint() {
        Verdict::Continue => before
            .as_mut()
            .map_or(safepoint::Verdict::Continue, |hook| hook()),
        Verdict::Stop(reason) => {
            let outcome = reason.words();
            safepoint::Verdict::Cancel {
                message: outcome.0.to_string(),
                code: outcome.1.iter().map(|word| word.to_string()).collect(),
            }
        }
    })));
    Ok(node)
}

/// The settings that the environment gives.
pub(crate) fn settings() -> Settings {
    Settings {
        home: Home::find().ok(),
        directory: Directory::find(),
        policy: HostPolicy::from_environment(),
        engine: concat!("remex ", env!("CARGO_PKG_VERSION")).to_string(),
    }
}

/// Has `target` evaluate `body` and waits for what it comes to.
pub(crate) fn send(
    host: &mut impl Host,
    target: &str,
    body: Body,
    timeout_ms: Option<u64>,
) -> Result<Value, Box<Exception>> {
    asking(host, |node, evaluator| {
        node.send(evaluator, target, body, timeout_ms)
    })
    .and_then(unpacked)
}

/// Has `target` evaluate `body`, and does not wait. With `prefix`, the event loop calls that command with the value and
/// the return options when the answer has come.
pub(crate) fn post(
    host: &mut impl Host,
    target: &str,
    body: Body,
    timeout_ms: Option<u64>,
    prefix: Option<Value>,
) -> Result<(), Box<Exception>> {
    let prefix = prefix.map(|prefix| host.callback(prefix));
    let remote = host.with(Interp::data::<Remote>);
    let token = prefix.map(|prefix| {
        let token = remote.next_token.get();
        remote.next_token.set(token + 1);
        remote.prefixes.borrow_mut().insert(token, prefix);
        token
    });
    let posted = asking(host, |node, evaluator| {
        node.post(evaluator, target, body, timeout_ms, token)
    });
    if let (Err(_), Some(token)) = (&posted, token) {
        remote.prefixes.borrow_mut().remove(&token);
    }
    host.with(update_watch)?;
    posted
}

/// The time that `target` takes to give a sign of life, in microseconds.
pub(crate) fn ping(
    host: &mut impl Host,
    target: &str,
    timeout_ms: Option<u64>,
) -> Result<u128, Box<Exception>> {
    asking(host, |node, evaluator| {
        node.ping(evaluator, target, timeout_ms)
    })
    .map(|time| time.as_micros())
}

/// Notes whether the interpreter serves others, so that its event loop goes on for them.
pub(crate) fn set_serving(interp: &mut Interp, is_serving: bool) -> Result<(), Box<Exception>> {
    interp.data::<Remote>().is_serving.set(is_serving);
    update_watch(interp)
}

/// Asks by `question`, in which the host serves others, and turns a failure into an exception.
fn asking<H: Host, T>(
    host: &mut H,
    question: impl FnOnce(&Node, &mut dyn Evaluator) -> Result<T, Failure>,
) -> Result<T, Box<Exception>> {
    let node = host.with(node)?;
    let (answer, stopped) = host.asking(|evaluator| question(&node, evaluator));
    show_notices(&node);
    answer.or_else(|failure| match (failure, stopped) {
        (Failure::Interrupted, Some(exception)) => Err(exception),
        (failure, _) => {
            if failure == Failure::Cancelled {
                // This is what stops the request, uncatchably.
                host.check_safepoint()?;
            }
            Err(exception(&failure))
        }
    })
}

/// A failure as a script sees it.
pub(crate) fn exception(failure: &Failure) -> Box<Exception> {
    let mut exception = Exception::error(failure.to_string());
    let words = failure.error_code().into_iter().map(Value::text).collect();
    exception.error_code = Some(Value::list(words));
    exception
}

/// Lines for the user go where errors go.
fn show_notices(node: &Node) {
    for line in node.take_notices() {
        eprintln!("remex: {line}");
    }
}

/// Watches the node's descriptor if there is something to be heard that a script may wait for.
fn update_watch(interp: &mut Interp) -> Result<(), Box<Exception>> {
    let remote = interp.data::<Remote>();
    let wanted = remote.is_serving.get() || !remote.prefixes.borrow().is_empty();
    match (wanted, remote.watch.get()) {
        (true, None) => {
            let node = node(interp)?;
            let watched = interp.watch(node.as_fd(), Interest::READ, Rc::new(node_is_ready));
            let id = watched.map_err(|error| Exception::error(error.to_string()))?;
            remote.watch.set(Some(id));
        }
        (false, Some(id)) => {
            interp.unwatch(id);
            remote.watch.set(None);
        }
        _ => {}
    }
    Ok(())
}

/// From now on another engine evaluates what comes for this interpreter. It calls [`take_turn`] whenever the event loop
/// has returned to it.
#[cfg(feature = "molt")]
pub(crate) fn stand_beside(interp: &mut Interp) {
    interp.data::<Remote>().is_beside.set(true);
}

/// Evaluates what has come for a host whose engine stands beside an interpreter of ours. Whether there was anything.
#[cfg(feature = "molt")]
pub(crate) fn take_turn(host: &mut impl Host) -> bool {
    let remote = host.with(Interp::data::<Remote>);
    let node = remote.node.borrow().clone();
    match node {
        Some(node) if remote.is_due.take() => {
            turn(host, &node);
            true
        }
        _ => false,
    }
}

/// The event loop says that something has happened to the node.
fn node_is_ready(interp: &mut Interp, id: SourceId, _is_readable: bool) {
    // Before the turn: what happens during it, and in event loops nested in it, must be told again.
    interp.event_loop().drained(id, Interest::READ);
    let remote = interp.data::<Remote>();
    if remote.is_beside.get() {
        remote.is_due.set(true);
        return;
    }
    let Some(node) = remote.node.borrow().clone() else {
        return;
    };
    turn(interp, &node);
    if node.safepoint() != Verdict::Continue {
        // A request that waits in this event loop is cancelled; the loop looks at nothing else.
        remote.has_interrupted.set(true);
        interp.interrupt_handle().interrupt();
    }
}

/// Evaluates what has come for the host, and calls back what it waits for.
fn turn(host: &mut impl Host, node: &Node) {
    host.asking(|evaluator| node.turn(evaluator));
    show_notices(node);
    host.with(|interp| {
        let remote = interp.data::<Remote>();
        call_back(interp, &remote, node);
    });
}

/// Calls the commands of `-command` whose answers have come.
fn call_back(interp: &mut Interp, remote: &Remote, node: &Node) {
    while let Some((token, answer)) = node.take_completion() {
        let Some(prefix) = remote.prefixes.borrow_mut().remove(&token) else {
            continue;
        };
        let completion = answer
            .map_err(|failure| exception(&failure))
            .and_then(unpacked);
        let (value, options) = match completion {
            Ok(value) => (value, ok_options()),
            Err(exception) => (exception.value.clone(), exception.options()),
        };
        let Ok(list) = prefix.to_list() else { continue };
        let mut words = list.elements().to_vec();
        words.extend([value, options]);
        interp.run_callback(Callback::Script(Value::list(words)), "\"send\" callback");
    }
    // Without anybody to serve and anything to wait for, the watch ends; failing to make one is no concern here.
    let _ = update_watch(interp);
}

/// The return options of an ordinary result.
fn ok_options() -> Value {
    let mut map = OrderedMap::new();
    map.insert(Value::text("-code"), Value::int(0));
    map.insert(Value::text("-level"), Value::int(0));
    Value::dict(map)
}

/// An interpreter as its node sees it.
pub(crate) struct Engine<'a> {
    interp: &'a mut Interp,
    /// What a wait is to end with.
    stopped: Option<Box<Exception>>,
}

impl Evaluator for Engine<'_> {
    fn evaluate(&mut self, body: Body) -> Outcome {
        let completion = match body {
            _ if self.interp.exit_status().is_some() => {
                Err(Exception::error("the interpreter exits"))
            }
            Body::Script(script) => self.interp.eval(Value::string(script)),
            Body::Words(words) if words.is_empty() => Ok(Value::EMPTY),
            Body::Words(words) => self
                .interp
                .call(words.into_iter().map(Value::string).collect()),
        };
        let remote = self.interp.data::<Remote>();
        if remote.has_interrupted.take() {
            self.interp.interrupt_handle().clear();
        }
        close_if_exiting(self.interp);
        packed(completion)
    }

    fn is_interrupted(&mut self) -> bool {
        self.stopped = self.interp.check_safepoint().err();
        self.stopped.is_some()
    }

    fn complete(&mut self, prefix: &str) -> Vec<String> {
        let pattern = Value::string(format!("::{}*", glob_literal(prefix)));
        let words = vec![Value::text("::info"), Value::text("commands"), pattern];
        let Ok(found) = self
            .interp
            .call(words)
            .and_then(|names| Ok(names.to_list()?))
        else {
            return Vec::new();
        };
        let names = found.elements().iter().map(Value::to_text);
        let mut names: Vec<String> = names
            .map(|name| name.trim_start_matches(':').to_string())
            .collect();
        names.sort();
        names
    }

    fn interruptible(&self) -> Interruptible {
        Interruptible::Everything
    }
}

/// A pattern that matches `text` and nothing else.
fn glob_literal(text: &str) -> String {
    let mut pattern = String::new();
    for character in text.chars() {
        if "*?[]\\".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

/// As with Tk's send, who asks another to exit hears that it has gone.
pub(crate) fn close_if_exiting(interp: &mut Interp) {
    let remote = interp.data::<Remote>();
    if interp.exit_status().is_some()
        && let Some(node) = &*remote.node.borrow()
    {
        node.close("the interpreter exits");
    }
}

/// A completion as it crosses the wire.
pub(crate) fn packed(completion: Result<Value, Box<Exception>>) -> Outcome {
    let exception = match completion {
        Ok(value) => return Outcome::ok(value.to_text()),
        Err(exception) => exception,
    };
    let is_return = exception.code == code::RETURN;
    let is_error =
        exception.code == code::ERROR || (is_return && exception.return_code == code::ERROR);
    let text = |value: &Option<Value>| value.as_ref().map(Value::to_text);
    let other = exception.other.iter().flat_map(OrderedMap::iter);
    let options = ReturnOptions {
        code: if is_return {
            exception.return_code
        } else {
            exception.code
        },
        level: if is_return { exception.return_level } else { 0 },
        error_code: text(&exception.error_code),
        error_info: exception
            .info
            .clone()
            .or_else(|| is_error.then(|| exception.value.to_text())),
        error_line: is_error.then_some(exception.line),
        error_stack: text(&exception.stack),
        other: other
            .map(|(key, value)| (key.to_text(), value.to_text()))
            .collect(),
    };
    Outcome {
        code: exception.code,
        value: exception.value.to_text(),
        options: Some(Box::new(options)),
    }
}

/// A completion as it came over the wire.
fn unpacked(outcome: Outcome) -> Result<Value, Box<Exception>> {
    let value = Value::string(outcome.value);
    if outcome.code == code::OK {
        return Ok(value);
    }
    let mut exception = Exception::new(outcome.code, value);
    let Some(options) = outcome.options else {
        return Err(exception);
    };
    exception.return_code = options.code;
    exception.return_level = options.level.max(1);
    exception.error_code = options.error_code.map(Value::string);
    exception.info = options.error_info;
    exception.line = options.error_line.unwrap_or(1);
    exception.stack = options.error_stack.map(Value::string);
    if !options.other.is_empty() {
        let mut map = OrderedMap::new();
        for (key, value) in options.other {
            map.insert(Value::string(key), Value::string(value));
        }
        exception.other = Some(map);
    }
    Err(exception)
}
