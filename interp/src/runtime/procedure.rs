//! Procedures and lambdas: parameters, body, and the unit that the body compiles to.

use std::cell::RefCell;
use std::rc::Rc;

use super::exception::Exception;
use super::location::Location;
use super::namespace::Namespace;
use super::unit::Unit;
use crate::value::Value;

/// A procedure.
pub struct Procedure {
    /// The parameters in order.
    pub(crate) parameters: Vec<Parameter>,
    /// Their names, as the compiler wants them.
    pub(crate) parameter_names: Vec<Box<str>>,
    /// The last parameter is `args` and takes the rest.
    pub(crate) takes_rest: bool,
    /// Whether a call with exactly as many arguments as parameters needs nothing but copying.
    pub(crate) is_plain: bool,
    /// The body's text.
    pub(crate) body: Value,
    /// The parameter list as it was given.
    pub(crate) parameter_list: Value,
    /// The namespace that the body runs in.
    pub(crate) namespace: Rc<Namespace>,
    /// The compiled body.
    pub(crate) unit: RefCell<Option<Rc<Unit>>>,
    /// A lambda of `apply`.
    pub(crate) is_lambda: bool,
    /// Where the body stands in a file, when it does.
    pub(crate) origin: Option<Location>,
}

/// A parameter.
pub(crate) struct Parameter {
    pub name: Value,
    pub default: Option<Value>,
}

impl Procedure {
    /// A procedure as `proc name parameters body` defines it.
    ///
    /// Errors: a parameter list that is no list, or a parameter that is no name.
    pub fn new(
        parameter_list: &Value,
        body: &Value,
        namespace: &Rc<Namespace>,
        is_lambda: bool,
    ) -> Result<Procedure, Box<Exception>> {
        let mut parameters = Vec::new();
        for specification in parameter_list.to_list()?.elements() {
            parameters.push(parameter(specification)?);
        }
        let parameter_names: Vec<Box<str>> = parameters
            .iter()
            .map(|parameter| parameter.name.str().as_ref().into())
            .collect();
        let takes_rest = parameter_names.last().is_some_and(|name| &**name == "args");
        Ok(Procedure {
            is_plain: !takes_rest,
            parameters,
            parameter_names,
            takes_rest,
            body: body.clone(),
            parameter_list: parameter_list.clone(),
            namespace: namespace.clone(),
            unit: RefCell::new(None),
            is_lambda,
            origin: None,
        })
    }

    /// The parameters as messages about wrong arguments show them.
    pub(crate) fn usage(&self) -> String {
        let mut usage = String::new();
        let last = self.parameters.len().saturating_sub(1);
        for (number, parameter) in self.parameters.iter().enumerate() {
            usage.push(' ');
            if number == last && self.takes_rest {
                usage.push_str("?arg ...?");
            } else if parameter.default.is_some() {
                usage.push('?');
                usage.push_str(&parameter.name.str());
                usage.push('?');
            } else {
                usage.push_str(&parameter.name.str());
            }
        }
        usage
    }
}

fn parameter(specification: &Value) -> Result<Parameter, Box<Exception>> {
    let fields = specification.to_list()?;
    let (name, default) = match fields.elements() {
        [name] => (name, None),
        [name, default] => (name, Some(default.clone())),
        [] => {
            return Err(Exception::with_code(
                "argument with no name",
                ["TCL", "OPERATION", "PROC", "FORMALARGUMENTFORMAT"],
            ));
        }
        _ => {
            return Err(Exception::with_code(
                format!("too many fields in argument specifier \"{specification}\""),
                ["TCL", "OPERATION", "PROC", "FORMALARGUMENTFORMAT"],
            ));
        }
    };
    let text = name.str();
    if text.is_empty() {
        return Err(Exception::with_code(
            "argument with no name",
            ["TCL", "OPERATION", "PROC", "FORMALARGUMENTFORMAT"],
        ));
    }
    if text.ends_with(')') && text.contains('(') {
        return Err(Exception::with_code(
            format!("formal parameter \"{}\" is an array element", &*text),
            ["TCL", "OPERATION", "PROC", "FORMALARGUMENTFORMAT"],
        ));
    }
    if text.contains("::") {
        return Err(Exception::with_code(
            format!("formal parameter \"{}\" is not a simple name", &*text),
            ["TCL", "OPERATION", "PROC", "FORMALARGUMENTFORMAT"],
        ));
    }
    Ok(Parameter {
        name: Value::text(&text),
        default,
    })
}
