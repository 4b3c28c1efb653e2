//! Procedures: `proc` and `apply`.

use std::rc::Rc;

use crate::runtime::command::CommandKind;
use crate::runtime::procedure::Procedure;
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, Next, done_empty};
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new("apply", "lambdaExpr ?arg ...?", 1, ANY, apply),
    Builtin::new("proc", "name args body", 3, 3, proc_command),
];

fn proc_command(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let name = words[1].str();
    let current = interp.current_namespace();
    let Some((holder, tail)) = interp.locate(&name, &current) else {
        return Err(Exception::with_code(
            format!("can't create procedure \"{}\": unknown namespace", &*name),
            ["TCL", "VALUE", "COMMAND"],
        ));
    };
    let procedure =
        Procedure::new(&words[2], &words[3], &holder, false).map_err(|mut exception| {
            exception.add_info(&format!("\n    (creating proc \"{tail}\")"));
            exception
        })?;
    interp.put_command(&holder, tail, CommandKind::Procedure(Rc::new(procedure)));
    done_empty()
}

/// A lambda kept on its value.
struct Lambda(Rc<Procedure>, u64);

fn apply(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let lambda = interp.lambda(&words[1])?;
    interp.push_lambda(&lambda, words)?;
    Ok(Next::Running)
}

impl Interp {
    /// The procedure that a lambda expression describes, kept on its value.
    fn lambda(&mut self, value: &Value) -> Result<Rc<Procedure>, Box<Exception>> {
        if let Some(kept) = value.cached::<Lambda>()
            && kept.1 == self.id
            && !kept.0.namespace.is_deleted.get()
        {
            return Ok(kept.0.clone());
        }
        let bad = || {
            Exception::with_code(
                format!("can't interpret \"{value}\" as a lambda expression"),
                ["TCL", "VALUE", "LAMBDA"],
            )
        };
        let list = value.to_list().map_err(|_| bad())?;
        let (parameters, body, namespace) = match list.elements() {
            [parameters, body] => (parameters, body, None),
            [parameters, body, namespace] => (parameters, body, Some(namespace)),
            _ => return Err(bad()),
        };
        let root = self.global_namespace();
        let namespace = match namespace {
            None => root,
            Some(name) => {
                let text = name.str();
                let absolute = if text.starts_with("::") {
                    text.to_string()
                } else {
                    format!("::{}", &*text)
                };
                self.find_namespace(&absolute, &root).ok_or_else(|| {
                    Exception::with_code(
                        format!("namespace \"{absolute}\" not found"),
                        ["TCL", "LOOKUP", "NAMESPACE", &absolute],
                    )
                })?
            }
        };
        let procedure =
            Procedure::new(parameters, body, &namespace, true).map_err(|mut exception| {
                exception.add_info(&format!("\n    (parsing lambda expression \"{value}\")"));
                exception
            })?;
        let procedure = Rc::new(procedure);
        value.set_cached(&Rc::new(Lambda(procedure.clone(), self.id)));
        Ok(procedure)
    }
}
