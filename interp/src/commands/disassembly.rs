//! `tcl::unsupported::disassemble` and `getbytecode`: the engine's own bytecode, for people and for scripts.

use std::rc::Rc;

use super::oo::{self, Wanted};
use super::option_exact;
use crate::bytecode::{Code, HandlerKind, disassemble, instruction_words};
use crate::runtime::location::Location;
use crate::runtime::unit::Unit;
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, Mode, Namespace, done};
use crate::value::{OrderedMap, Value};

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new(
        "tcl::unsupported::disassemble",
        "type ...",
        1,
        ANY,
        disassemble_command,
    ),
    Builtin::new(
        "tcl::unsupported::getbytecode",
        "type ...",
        1,
        ANY,
        getbytecode,
    ),
];

const TYPES: [&str; 7] = [
    "constructor",
    "destructor",
    "lambda",
    "method",
    "objmethod",
    "proc",
    "script",
];

/// What each of [`TYPES`] wants after it.
const USAGES: [&str; 7] = [
    "className",
    "className",
    "lambdaTerm",
    "className methodName",
    "objectName methodName",
    "procName",
    "script",
];

/// A unit, the namespace that it runs in, its number of parameters, and where it comes from.
struct Subject {
    unit: Rc<Unit>,
    namespace: Rc<Namespace>,
    parameter_count: usize,
    location: Option<Location>,
}

fn disassemble_command(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let subject = subject(interp, words)?;
    done(disassemble(&subject.unit.code))
}

fn getbytecode(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let subject = subject(interp, words)?;
    let code = &subject.unit.code;
    let mut dict = OrderedMap::new();
    let mut put = |key: &str, value: Value| {
        dict.insert(Value::text(key), value);
    };
    put("literals", Value::list(code.constants.clone()));
    put("variables", variables(code, subject.parameter_count));
    put("exception", Value::list(handlers(code)));
    put("instructions", instructions(code));
    let tables = code.jump_tables.iter().map(|table| {
        let targets = table.targets.keys().map(|pattern| Value::text(pattern));
        Value::list(vec![
            Value::text("name"),
            Value::text("JumptableInfo"),
            Value::text("mapping"),
            Value::list(targets.collect()),
        ])
    });
    put("auxiliary", Value::list(tables.collect()));
    put("commands", commands(code));
    put("script", Value::text(&code.source));
    put(
        "namespace",
        Value::string(format!(
            "::{}",
            subject.namespace.full_name().trim_start_matches(':')
        )),
    );
    let temporaries = usize::from(code.register_count).saturating_sub(code.locals.len());
    put("stackdepth", Value::int(temporaries as i64));
    let catches = code
        .handlers
        .iter()
        .filter(|handler| matches!(handler.kind, HandlerKind::Catch { .. }));
    put("exceptdepth", Value::int(catches.count() as i64));
    if let Some(location) = subject.location {
        put("initiallinenumber", Value::int(i64::from(location.line)));
        put("sourcefile", location.file);
    }
    done(Value::dict(dict))
}

/// What the words of a command ask about.
///
/// Errors: `bad type`, wrong number of words, no such procedure.
fn subject(interp: &mut Interp, words: &[Value]) -> Result<Subject, Box<Exception>> {
    let number = option_exact(&words[1], &TYPES, "type")?;
    let (Some(kind), Some(usage)) = (TYPES.get(number), USAGES.get(number)) else {
        return Err(Exception::wrong_args("type"));
    };
    if words.len() - 2 != usage.split(' ').count() {
        return Err(Exception::wrong_args(&format!(
            "{} {kind} {usage}",
            words[0]
        )));
    }
    let name = &words[2];
    match *kind {
        "lambda" => {
            let location = interp.location_of_word(&name.str());
            let lambda = interp.lambda(name)?;
            Ok(Subject {
                unit: interp.procedure_unit(&lambda),
                namespace: lambda.namespace.clone(),
                parameter_count: lambda.parameters.len(),
                location,
            })
        }
        "proc" => {
            let namespace = interp.current_namespace();
            let text = name.str();
            let procedure = interp.find_procedure(&text, &namespace).ok_or_else(|| {
                Exception::with_code(
                    format!("\"{name}\" isn't a procedure"),
                    ["TCL", "LOOKUP", "PROC", &text],
                )
            })?;
            Ok(Subject {
                unit: interp.procedure_unit(&procedure),
                namespace: procedure.namespace.clone(),
                parameter_count: procedure.parameters.len(),
                location: procedure.origin.clone(),
            })
        }
        "script" => {
            let namespace = interp.current_namespace();
            Ok(Subject {
                unit: interp.script_unit(name, &namespace, false),
                namespace,
                parameter_count: 0,
                location: None,
            })
        }
        "constructor" => method(interp, name, &Wanted::Constructor),
        "destructor" => method(interp, name, &Wanted::Destructor),
        "method" => method(interp, name, &Wanted::Method(&words[3])),
        _ => method(interp, name, &Wanted::ObjectMethod(&words[3])),
    }
}

/// A method, compiled for the namespace of what it was defined in: each object has its own when it is called.
fn method(
    interp: &mut Interp,
    name: &Value,
    wanted: &Wanted<'_>,
) -> Result<Subject, Box<Exception>> {
    let procedure = oo::body_of(interp, name, wanted)?;
    let inlines = interp.mode != Mode::Invoke;
    let unit = interp.compile(
        &procedure.body.str(),
        &procedure.namespace,
        Some(&procedure.parameter_names),
        inlines,
        false,
    );
    let has_name = matches!(wanted, Wanted::Method(_) | Wanted::ObjectMethod(_));
    Ok(Subject {
        unit,
        namespace: procedure.namespace.clone(),
        parameter_count: procedure.parameters.len(),
        location: procedure.origin.clone().filter(|_| has_name),
    })
}

fn variables(code: &Code, parameter_count: usize) -> Value {
    let mut all = Vec::with_capacity(code.locals.len());
    for (register, name) in code.locals.iter().enumerate() {
        let mut kind = vec![Value::text("scalar")];
        if register < parameter_count {
            kind.push(Value::text("arg"));
        }
        all.push(Value::list(vec![Value::list(kind), Value::text(name)]));
    }
    Value::list(all)
}

fn handlers(code: &Code) -> Vec<Value> {
    let number = |number: u32| Value::int(i64::from(number));
    let handler = |handler: &crate::bytecode::Handler| {
        let (kind, targets) = match handler.kind {
            HandlerKind::Loop {
                on_break,
                on_continue,
            } => {
                let mut targets = vec![Value::text("break"), number(on_break)];
                if let Some(target) = on_continue {
                    targets.extend([Value::text("continue"), number(target)]);
                }
                ("loop", targets)
            }
            HandlerKind::Catch { target, .. } => {
                ("catch", vec![Value::text("catch"), number(target)])
            }
        };
        let mut words = vec![Value::text("type"), Value::text(kind)];
        words.extend([Value::text("from"), number(handler.start)]);
        words.extend([Value::text("to"), number(handler.end)]);
        words.extend(targets);
        Value::list(words)
    };
    code.handlers.iter().map(handler).collect()
}

fn instructions(code: &Code) -> Value {
    let mut dict = OrderedMap::new();
    for (number, words) in instruction_words(code).into_iter().enumerate() {
        let words = words.iter().map(|word| Value::text(word)).collect();
        dict.insert(Value::int(number as i64), Value::list(words));
    }
    Value::dict(dict)
}

fn commands(code: &Code) -> Value {
    let command = |range: &crate::bytecode::CommandRange| {
        let number = |number: u32| Value::int(i64::from(number));
        Value::list(vec![
            Value::text("codefrom"),
            number(range.start),
            Value::text("codeto"),
            number(range.end.saturating_sub(1)),
            Value::text("scriptfrom"),
            number(range.span.start),
            Value::text("scriptto"),
            number(range.span.end.saturating_sub(1)),
            Value::text("script"),
            Value::text(range.span.text(&code.source)),
        ])
    };
    Value::list(code.commands.iter().map(command).collect())
}
