//! Calls of methods: where in its chain a call is, what `next` goes on to, and what `self` says.

use std::rc::Rc;

use super::chain::{self, Chain, Kind, Link};
use super::method::{Body, Method};
use super::object::{self, Object};
use crate::commands::option;
use crate::runtime::dispatch::{map_failed, rewritten, shown_words};
use crate::runtime::frame::Role;
use crate::runtime::method::MethodCall;
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, Next, Outcome, done};
use crate::value::Value;

/// The commands that methods find by their object's path.
pub(super) const HELPERS: &[Builtin] = &[
    Builtin::new("::oo::Helpers::next", "?arg ...?", 0, ANY, next),
    Builtin::new("::oo::Helpers::nextto", "class ?arg...?", 0, ANY, nextto),
    Builtin::new("::oo::Helpers::self", "subcommand", 0, ANY, self_command),
];

/// A call of one method of a chain.
#[derive(Clone)]
pub(super) struct Invocation {
    pub object: Rc<Object>,
    pub chain: Rc<Chain>,
    /// Which link of the chain it is.
    pub index: usize,
    /// How many of the words are not arguments.
    pub skip: usize,
}

impl Invocation {
    /// The call of a chain's first method.
    pub fn first(object: &Rc<Object>, chain: Rc<Chain>, skip: usize) -> Invocation {
        // The name that nothing was found for is an argument of `unknown`.
        let skip = if chain.is_unknown {
            skip.saturating_sub(1)
        } else {
            skip
        };
        Invocation {
            object: object.clone(),
            chain,
            index: 0,
            skip,
        }
    }

    fn link(&self) -> Option<&Link> {
        self.chain.links.get(self.index)
    }

    pub fn method(&self) -> Option<&Rc<Method>> {
        self.link().map(|link| &link.method)
    }

    /// What a message about wrong arguments starts with.
    pub fn usage(&self, words: &[Value], usage: &str) -> Box<Exception> {
        let shown = words.get(..self.skip).unwrap_or(words);
        let mut text = crate::value::list::list_text(shown.iter());
        if !usage.is_empty() {
            text.push(' ');
            text.push_str(usage);
        }
        Exception::wrong_args(&text)
    }

    /// The arguments.
    pub fn arguments<'a>(&self, words: &'a [Value]) -> &'a [Value] {
        words.get(self.skip..).unwrap_or_default()
    }

    /// The method's name as `self method` gives it.
    fn method_name(&self) -> Value {
        match self.chain.kind {
            Kind::Constructor => Value::text("<constructor>"),
            Kind::Destructor => Value::text("<destructor>"),
            _ => self
                .method()
                .map_or(Value::EMPTY, |method| Value::text(&method.name)),
        }
    }
}

impl Role for Invocation {
    fn as_any(self: Rc<Self>) -> Rc<dyn std::any::Any> {
        self
    }

    fn description(&self) -> Vec<(&'static str, Value)> {
        let Some(method) = self.method() else {
            return Vec::new();
        };
        let kind = if method.is_of_class {
            "class"
        } else {
            "object"
        };
        vec![
            ("method", self.method_name()),
            (kind, Value::string(method.declarer_name())),
        ]
    }

    fn label(&self, line: u32) -> String {
        let Some(method) = self.method() else {
            return String::new();
        };
        let kind = if method.is_of_class {
            "class"
        } else {
            "object"
        };
        let declarer = shortened(&method.declarer_name(), SHOWN_CHARS_MAX);
        match self.chain.kind {
            Kind::Constructor => format!("\n    ({kind} \"{declarer}\" constructor line {line})"),
            Kind::Destructor => format!("\n    ({kind} \"{declarer}\" destructor line {line})"),
            _ => {
                let name = shortened(&method.name, SHOWN_CHARS_MAX);
                format!("\n    ({kind} \"{declarer}\" method \"{name}\" line {line})")
            }
        }
    }
}

/// The most chars of a method's name and its declarer's that errorInfo shows.
const SHOWN_CHARS_MAX: usize = 60;

/// A name as errorInfo shows it.
pub(super) fn shortened(name: &str, chars_max: usize) -> String {
    match name.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}...", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}

/// Calls a method by the words of an object's command.
pub(super) fn call_object(
    interp: &mut Interp,
    object: &Rc<Object>,
    words: &[Value],
    is_public: bool,
) -> CommandResult {
    let Some(name) = words.get(1) else {
        let chain = chain::find(object, "", Kind::Unknown);
        return match chain {
            Some(chain) => invoke(interp, Invocation::first(object, chain, 2), words),
            None => Err(impossible("")),
        };
    };
    let name = name.str();
    let kind = if is_public { Kind::Public } else { Kind::Any };
    let chain = chain::find(object, &name, kind).ok_or_else(|| impossible(&name))?;
    invoke(interp, Invocation::first(object, chain, 2), words)
}

fn impossible(name: &str) -> Box<Exception> {
    Exception::with_code(
        format!("impossible to invoke method \"{name}\": no defined method or unknown method"),
        ["TCL", "LOOKUP", "METHOD_MISSING"],
    )
}

/// Makes a call; the words must outlive it.
pub(super) fn invoke(
    interp: &mut Interp,
    invocation: Invocation,
    words: &[Value],
) -> CommandResult {
    let Some(link) = invocation.link().cloned() else {
        return done("");
    };
    let object = invocation.object.clone();
    let was_filtering = object.is_filtering.get();
    let is_filtering = link.is_filter || invocation.chain.is_in_filter;
    if was_filtering != is_filtering {
        object.is_filtering.set(is_filtering);
        let object = object.clone();
        interp.push_native(Box::new(RestoreFiltering(object, was_filtering)));
        let started = run(interp, invocation, &link, words);
        return match started {
            Ok(Next::Done(value)) => Ok(Next::Deliver(Ok(value))),
            Err(exception) => Ok(Next::Deliver(Err(exception))),
            next => next,
        };
    }
    run(interp, invocation, &link, words)
}

/// Puts back whether an object's filters run.
struct RestoreFiltering(Rc<Object>, bool);

impl crate::runtime::Resume for RestoreFiltering {
    fn resume(self: Box<Self>, _interp: &mut Interp, outcome: Outcome) -> CommandResult {
        self.0.is_filtering.set(self.1);
        outcome.map(Next::Done)
    }

    fn sees_uncatchable(&self) -> bool {
        true
    }
}

fn run(interp: &mut Interp, invocation: Invocation, link: &Link, words: &[Value]) -> CommandResult {
    let invocation = Rc::new(invocation);
    match &link.method.body {
        Body::None => done(""),
        Body::Native(native) => (native.run)(interp, &invocation, words),
        Body::Forward(prefix) => {
            let mut call = prefix.to_list()?.elements().to_vec();
            call.extend_from_slice(invocation.arguments(words));
            let name = call.first().cloned().unwrap_or_default();
            let inserted = prefix.to_list()?.elements().len();
            let shown = words.get(..invocation.skip).unwrap_or(words);
            let index = interp.current_call();
            let namespace = invocation.object.namespace.clone();
            let result = interp.push_words_in(call, index, Some(namespace.clone()));
            map_failed(result, |exception| {
                let callee = interp.callee(&name.str(), &namespace);
                match callee.is_some_and(|callee| inserted > shown_words(&callee)) {
                    true => exception,
                    false => rewritten(exception, &name, inserted, shown),
                }
            })
        }
        Body::Procedure(procedure) => {
            let variables = declared_variables(&link.method);
            interp.push_method(&MethodCall {
                procedure,
                namespace: &invocation.object.namespace,
                words,
                name_count: invocation.skip,
                role: invocation.clone(),
                variables: &variables,
            })?;
            Ok(Next::Running)
        }
    }
}

/// The variables that the methods of the declarer see as their own.
fn declared_variables(method: &Method) -> Vec<Rc<str>> {
    let Some(declarer) = method.declarer.upgrade() else {
        return Vec::new();
    };
    match declarer.class_part().filter(|_| method.is_of_class) {
        Some(class) => class.variables.borrow().clone(),
        None => declarer.variables.borrow().clone(),
    }
}

/// The method call that the current call frame is of.
pub(super) fn current(interp: &Interp, name: &Value) -> Result<Rc<Invocation>, Box<Exception>> {
    interp
        .role()
        .and_then(|role| role.as_any().downcast::<Invocation>().ok())
        .ok_or_else(|| {
            Exception::with_code(
                format!("{name} may only be called from inside a method"),
                ["TCL", "OO", "CONTEXT_REQUIRED"],
            )
        })
}

fn tail(name: &Value) -> Value {
    let text = name.str();
    Value::text(crate::runtime::namespace::split_name(&text).1)
}

fn next(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let invocation = current(interp, &tail(&words[0]))?;
    go_on(interp, &invocation, invocation.index + 1, 1, words)
}

/// Calls another method of the chain, as if the caller of the current one had called it.
fn go_on(
    interp: &mut Interp,
    from: &Rc<Invocation>,
    index: usize,
    skip: usize,
    words: &[Value],
) -> CommandResult {
    let is_over = from.object.is_deleted.get()
        && !matches!(from.chain.kind, Kind::Constructor | Kind::Destructor);
    if is_over || index >= from.chain.links.len() {
        let kind = match from.chain.kind {
            Kind::Constructor => return done(""),
            Kind::Destructor => return done(""),
            _ => "method",
        };
        return Err(Exception::with_code(
            format!("no next {kind} implementation"),
            ["TCL", "OO", "NOTHING_NEXT"],
        ));
    }
    let invocation = Invocation {
        index,
        skip,
        ..(**from).clone()
    };
    let caller = interp.call_frame().caller as usize;
    interp.push_caller(caller);
    match invoke(interp, invocation, words) {
        Ok(Next::Done(value)) => Ok(Next::Deliver(Ok(value))),
        Err(exception) => Ok(Next::Deliver(Err(exception))),
        next => next,
    }
}

fn nextto(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let invocation = current(interp, &words[0])?;
    let Some(name) = words.get(1) else {
        return Err(Exception::wrong_args(&format!(
            "{} class ?arg...?",
            words[0]
        )));
    };
    let class = object::find(interp, name)?;
    if class.class_part().is_none() {
        return Err(Exception::with_code(
            format!("\"{name}\" is not a class"),
            ["TCL", "OO", "CLASS_REQUIRED"],
        ));
    }
    let is_wanted = |link: &Link| {
        !link.is_filter
            && link.method.is_of_class
            && link.method.declarer.as_ptr() == Rc::as_ptr(&class)
    };
    let links = &invocation.chain.links;
    let found =
        (invocation.index + 1..links.len()).find(|index| links.get(*index).is_some_and(is_wanted));
    if let Some(index) = found {
        return go_on(interp, &invocation, index, 2, words);
    }
    let kind = match invocation.chain.kind {
        Kind::Constructor => "constructor",
        Kind::Destructor => "destructor",
        _ => "method",
    };
    let is_behind = links.iter().take(invocation.index + 1).any(is_wanted);
    Err(if is_behind {
        Exception::with_code(
            format!("{kind} implementation by \"{name}\" not reachable from here"),
            ["TCL", "OO", "CLASS_NOT_REACHABLE"],
        )
    } else {
        Exception::with_code(
            format!("{kind} has no non-filter implementation by \"{name}\""),
            ["TCL", "OO", "CLASS_NOT_THERE"],
        )
    })
}

const SELF_SUBCOMMANDS: &[&str] = &[
    "call",
    "caller",
    "class",
    "filter",
    "method",
    "namespace",
    "next",
    "object",
    "target",
];

fn self_command(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let invocation = current(interp, &tail(&words[0]))?;
    let name = match words {
        [_] => "object",
        [_, name] => SELF_SUBCOMMANDS
            .get(option(name, SELF_SUBCOMMANDS, "subcommand")?)
            .copied()
            .unwrap_or_default(),
        _ => return Err(Exception::wrong_args(&format!("{} subcommand", words[0]))),
    };
    let link = invocation.link().cloned();
    match name {
        "call" => done(Value::list(vec![
            chain_description(&invocation.chain),
            Value::int(invocation.index as i64),
        ])),
        "caller" => caller(interp),
        "class" => match link {
            Some(link) if link.method.is_of_class => done(link.method.declarer_name()),
            _ => Err(Exception::with_code(
                "method not defined by a class",
                ["TCL", "OO", "UNMATCHED_CONTEXT"],
            )),
        },
        "filter" => match link {
            Some(link) if link.is_filter => done(Value::list(filter_words(&invocation, &link))),
            _ => Err(not_filtering()),
        },
        "method" => done(invocation.method_name()),
        "namespace" => done(invocation.object.namespace.full_name()),
        "next" => next_description(&invocation),
        "target" => target(&invocation),
        _ => done(invocation.object.name_value()),
    }
}

fn not_filtering() -> Box<Exception> {
    Exception::with_code(
        "not inside a filtering context",
        ["TCL", "OO", "UNMATCHED_CONTEXT"],
    )
}

/// Who asked for a filter: name, `object` or `class`, and the filter.
fn filter_words(invocation: &Invocation, link: &Link) -> Vec<Value> {
    let (name, kind) = match &link.filter_class {
        Some(class) => (class.name_value(), "class"),
        None => (invocation.object.name_value(), "object"),
    };
    vec![name, Value::text(kind), Value::text(&link.method.name)]
}

/// A method as `self caller`, `self next` and `self target` name it: declarer and name.
fn declared(method: &Method, name: Value) -> Vec<Value> {
    vec![Value::string(method.declarer_name()), name]
}

fn next_description(invocation: &Invocation) -> CommandResult {
    let Some(link) = invocation.chain.links.get(invocation.index + 1) else {
        return done("");
    };
    let name = match invocation.chain.kind {
        Kind::Constructor => Value::text("<constructor>"),
        Kind::Destructor => Value::text("<destructor>"),
        _ => Value::text(&link.method.name),
    };
    done(Value::list(declared(&link.method, name)))
}

fn target(invocation: &Invocation) -> CommandResult {
    if !invocation.link().is_some_and(|link| link.is_filter) {
        return Err(not_filtering());
    }
    let target = invocation.chain.links.iter().find(|link| !link.is_filter);
    match target {
        Some(link) => done(Value::list(declared(
            &link.method,
            Value::text(&link.method.name),
        ))),
        None => done(""),
    }
}

fn caller(interp: &mut Interp) -> CommandResult {
    let index = interp.call_frame().caller as usize;
    let role = interp
        .fiber
        .calls
        .get(index)
        .and_then(|frame| frame.extra.as_ref()?.role.clone());
    let invocation = role.and_then(|role| role.as_any().downcast::<Invocation>().ok());
    let Some(invocation) = invocation else {
        return Err(Exception::with_code(
            "caller is not an object",
            ["TCL", "OO", "CONTEXT_REQUIRED"],
        ));
    };
    let declarer = invocation
        .method()
        .map_or_else(String::new, |method| method.declarer_name());
    done(Value::list(vec![
        Value::string(declarer),
        invocation.object.name_value(),
        invocation.method_name(),
    ]))
}

/// A chain as `self call` and `info object call` show it.
pub(super) fn chain_description(chain: &Chain) -> Value {
    let describe = |link: &Link| {
        let kind = if link.is_filter {
            "filter"
        } else if chain.is_unknown {
            "unknown"
        } else {
            "method"
        };
        let name = match chain.kind {
            Kind::Constructor => "<constructor>",
            Kind::Destructor => "<destructor>",
            _ => &link.method.name,
        };
        let declarer = if link.method.is_of_class {
            link.method.declarer_name()
        } else {
            "object".to_owned()
        };
        Value::list(vec![
            Value::text(kind),
            Value::text(name),
            Value::string(declarer),
            Value::string(link.method.type_name()),
        ])
    };
    Value::list(chain.links.iter().map(describe).collect())
}
