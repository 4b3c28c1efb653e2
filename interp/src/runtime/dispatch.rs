//! Calling an ensemble: from its subcommand to the words of the target.

use std::rc::Rc;

use super::command::{Command, CommandKind};
use super::ensemble::{Ensemble, Match, Resolved, match_name};
use super::procedure::Procedure;
use super::unit::Callee;
use super::{
    CommandResult, Context, Exception, Interp, Namespace, Next, Outcome, ScriptLabel, code,
};
use crate::value::{OrderedMap, Value};

/// How messages about wrong arguments begin.
const WRONG_ARGS: &str = "wrong # args: should be \"";

/// The call of an ensemble, while it looks for its target.
struct Call {
    command: Rc<Command>,
    ensemble: Rc<Ensemble>,
    namespace: Rc<Namespace>,
    words: Vec<Value>,
    /// Where the subcommand is among the words.
    at: usize,
}

/// Calls an ensemble that the command table does not describe (any more).
pub(crate) fn call(
    interp: &mut Interp,
    command: &Rc<Command>,
    ensemble: &Rc<Ensemble>,
    words: &[Value],
) -> CommandResult {
    match call_known(interp, ensemble, words) {
        Some(result) => result,
        None => start(interp, command, ensemble, words.to_vec(), true),
    }
}

/// Calls a subcommand that was resolved before, which still holds.
fn call_known(
    interp: &mut Interp,
    ensemble: &Rc<Ensemble>,
    words: &[Value],
) -> Option<CommandResult> {
    let at = ensemble.parameters.borrow().list_length().ok()? + 1;
    let subcommand = words.get(at)?;
    let resolved = match subcommand.held_text() {
        Some(text) => ensemble.resolved(text, interp.command_epoch)?,
        None => ensemble.resolved(&subcommand.str(), interp.command_epoch)?,
    };
    Some(call_resolved(interp, &resolved, words, at, subcommand))
}

/// Calls what the subcommand, which is word `at`, resolved to: its prefix, the parameters, the rest of the words.
fn call_resolved(
    interp: &mut Interp,
    resolved: &Resolved,
    words: &[Value],
    at: usize,
    subcommand: &Value,
) -> CommandResult {
    let prefix = resolved.prefix.elements();
    let mut call = Vec::with_capacity(prefix.len() + words.len());
    call.extend_from_slice(prefix);
    call.extend_from_slice(&words[1..at]);
    call.extend_from_slice(&words[at + 1..]);
    let inserted = prefix.len() + at - 1;
    let current = interp.current_call();
    let result = interp.push_callee_in(call, current, &resolved.callee);
    map_failed(result, |exception| {
        if inserted > shown_words(&resolved.callee) {
            return exception;
        }
        let mut shown = words[..at].to_vec();
        if is_ensemble(&resolved.callee) {
            spell_out(&mut shown[1..], &exception, prefix.len());
        }
        shown.push(subcommand.clone());
        rewritten(exception, &prefix[0], inserted, &shown)
    })
}

fn start(
    interp: &mut Interp,
    command: &Rc<Command>,
    ensemble: &Rc<Ensemble>,
    words: Vec<Value>,
    asks_unknown: bool,
) -> CommandResult {
    let namespace = ensemble
        .namespace
        .borrow()
        .clone()
        .unwrap_or_else(|| interp.global_namespace());
    let parameters = ensemble.parameters.borrow().clone();
    let at = parameters.list_length()? + 1;
    if words.len() <= at {
        return Err(too_few(&words[0], &parameters));
    }
    let call = Call {
        command: command.clone(),
        ensemble: ensemble.clone(),
        namespace,
        words,
        at,
    };
    call.find(interp, asks_unknown)
}

fn too_few(name: &Value, parameters: &Value) -> Box<Exception> {
    let mut usage = name.to_text();
    if !parameters.is_empty() {
        usage.push(' ');
        usage.push_str(&parameters.str());
    }
    Exception::wrong_args(&format!("{usage} subcommand ?arg ...?"))
}

impl Call {
    fn find(self, interp: &mut Interp, asks_unknown: bool) -> CommandResult {
        let subcommand = self.words[self.at].clone();
        if let Some(target) = exact_target(&self.ensemble, &self.namespace, &subcommand) {
            return self.run(interp, &target, &subcommand, true);
        }
        let names = subcommand_names(&self.ensemble, &self.namespace);
        let text = subcommand.str();
        let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
        if let Match::Found(name) =
            match_name(&text, &borrowed, self.ensemble.allows_prefixes.get())
        {
            let name = Value::text(name);
            if let Some(target) = exact_target(&self.ensemble, &self.namespace, &name) {
                return self.run(interp, &target, &name, true);
            }
        }
        let handler = self.ensemble.unknown.borrow().clone();
        if asks_unknown && !handler.is_empty() {
            return self.ask(interp, &handler);
        }
        Err(self.unknown_subcommand(&text, &borrowed))
    }

    /// Calls the `-unknown` handler, which gives the target, or nothing to have it looked for once more.
    fn ask(self, interp: &mut Interp, handler: &Value) -> CommandResult {
        let mut call = handler.to_list()?.elements().to_vec();
        call.push(Value::string(self.command.full_name()));
        call.extend_from_slice(&self.words[1..]);
        let call = Value::list(call);
        let shown = call.clone();
        interp.push_then(move |interp, outcome| self.answered(interp, outcome, &shown));
        interp.push_script(&call, Context::Current, ScriptLabel::None)
    }

    fn answered(self, interp: &mut Interp, outcome: Outcome, handler: &Value) -> CommandResult {
        if self.command.is_deleted.get() && outcome.is_ok() {
            return Err(Exception::with_code(
                "unknown subcommand handler deleted its ensemble",
                ["TCL", "ENSEMBLE", "UNKNOWN_DELETED"],
            ));
        }
        let target = outcome.map_err(|exception| handler_failed(exception, handler))?;
        let is_empty = match target.to_list() {
            Ok(list) => list.elements().is_empty(),
            Err(error) => {
                let mut exception: Box<Exception> = error.into();
                exception
                    .add_info("\n    while parsing result of ensemble unknown subcommand handler");
                return Err(exception);
            }
        };
        if is_empty {
            // The handler may have changed the ensemble.
            return start(interp, &self.command, &self.ensemble, self.words, false);
        }
        let subcommand = self.words[self.at].clone();
        self.run(interp, &target, &subcommand, false)
    }

    fn unknown_subcommand(&self, word: &str, names: &[&str]) -> Box<Exception> {
        let what = if self.ensemble.allows_prefixes.get() && !names.is_empty() {
            "unknown or ambiguous subcommand"
        } else {
            "unknown subcommand"
        };
        let rest = match names {
            [] => format!(
                "namespace {} does not export any commands",
                self.namespace.full_name()
            ),
            [only] => format!("must be {only}"),
            [others @ .., last] => format!("must be {}, or {last}", others.join(", ")),
        };
        Exception::with_code(
            format!("{what} \"{word}\": {rest}"),
            ["TCL", "LOOKUP", "SUBCOMMAND", word],
        )
    }

    /// Calls the target in place of the ensemble: its prefix, the parameters, the rest of the words. With `keeps`, the
    /// subcommand means the same next time.
    fn run(
        self,
        interp: &mut Interp,
        target: &Value,
        subcommand: &Value,
        keeps: bool,
    ) -> CommandResult {
        let prefix = target.to_list()?;
        let name = prefix.elements().first().cloned().unwrap_or_default();
        let word = self.words[self.at].str();
        if let Some(callee) = interp.callee(&name.str(), &self.namespace) {
            let resolved = Rc::new(Resolved { prefix, callee });
            if keeps && *word == *subcommand.str() {
                self.ensemble
                    .keep(&word, interp.command_epoch, resolved.clone());
            }
            return call_resolved(interp, &resolved, &self.words, self.at, subcommand);
        }
        let prefix = prefix.elements();
        let mut call = Vec::with_capacity(prefix.len() + self.words.len());
        call.extend_from_slice(prefix);
        call.extend_from_slice(&self.words[1..self.at]);
        call.extend_from_slice(&self.words[self.at + 1..]);
        let inserted = prefix.len() + self.at - 1;
        let current = interp.current_call();
        interp
            .push_words_in(call, current, Some(self.namespace.clone()))
            .map_err(|exception| {
                let mut shown = self.words[..self.at].to_vec();
                shown.push(subcommand.clone());
                rewritten(exception, &name, inserted, &shown)
            })
    }
}

fn is_ensemble(callee: &Callee) -> bool {
    matches!(callee, Callee::Other(command) if matches!(*command.kind.borrow(), CommandKind::Ensemble(_)))
}

/// Replaces parameters that abbreviate subcommands of an inner ensemble by what its message spells out.
fn spell_out(parameters: &mut [Value], exception: &Exception, skipped: usize) {
    let message = exception.value.to_text();
    let Some(usage) = message.strip_prefix(WRONG_ARGS) else {
        return;
    };
    for (parameter, word) in parameters
        .iter_mut()
        .zip(usage_words(usage).into_iter().skip(skipped))
    {
        if word.starts_with(&*parameter.str()) {
            *parameter = Value::text(word);
        }
    }
}

/// How many words of a call the messages about its wrong arguments can name one by one.
pub(crate) fn shown_words(callee: &Callee) -> usize {
    let of_procedure = |procedure: &Procedure| 1 + procedure.parameters.len();
    match callee {
        // Its messages are about the lambda's arguments.
        Callee::Builtin(row) if row.name == "apply" => usize::MAX,
        Callee::Builtin(_) | Callee::None => 1,
        Callee::Subcommand(_) => 2,
        Callee::Procedure(procedure) => of_procedure(procedure),
        Callee::Other(command) => match &*command.kind.borrow() {
            CommandKind::Builtin(_) => 1,
            CommandKind::Procedure(procedure) => of_procedure(procedure),
            CommandKind::Ensemble(ensemble) if ensemble.table.is_some() => 2,
            _ => usize::MAX,
        },
    }
}

/// The target of a subcommand spelled out in full.
fn exact_target(ensemble: &Ensemble, namespace: &Namespace, subcommand: &Value) -> Option<Value> {
    let own = || Value::list(vec![Value::string(namespace.qualified(&subcommand.str()))]);
    let map = ensemble.map.borrow();
    if let Some(subcommands) = &*ensemble.subcommands.borrow() {
        let list = subcommands.to_list().ok()?;
        if !list
            .elements()
            .iter()
            .any(|name| name.same_text(subcommand))
        {
            return None;
        }
        return Some(
            map.get(subcommand)
                .cloned()
                .unwrap_or_else(|| Value::list(vec![subcommand.clone()])),
        );
    }
    if !map.is_empty() {
        return map.get(subcommand).cloned();
    }
    let name = subcommand.str();
    (namespace.command(&name).is_some() && namespace.is_exported(&name)).then(own)
}

/// All subcommands in order.
fn subcommand_names(ensemble: &Ensemble, namespace: &Namespace) -> Vec<String> {
    let keys = |map: &OrderedMap| {
        map.iter()
            .map(|(name, _)| name.to_text())
            .collect::<Vec<_>>()
    };
    let mut names = match &*ensemble.subcommands.borrow() {
        Some(list) => list
            .to_list()
            .map(|list| list.elements().iter().map(Value::to_text).collect())
            .unwrap_or_default(),
        None if !ensemble.map.borrow().is_empty() => keys(&ensemble.map.borrow()),
        None => namespace
            .commands
            .borrow()
            .keys()
            .filter(|name| namespace.is_exported(name))
            .map(|name| name.to_string())
            .collect(),
    };
    names.sort();
    names.dedup();
    names
}

fn handler_failed(mut exception: Box<Exception>, handler: &Value) -> Box<Exception> {
    if exception.is_uncatchable {
        return exception;
    }
    if exception.code == code::ERROR {
        exception.add_info("\n    (ensemble unknown subcommand handler)");
        return exception;
    }
    let code = match exception.code {
        code::RETURN => "return".to_owned(),
        code::BREAK => "break".to_owned(),
        code::CONTINUE => "continue".to_owned(),
        other => other.to_string(),
    };
    let mut error = Exception::with_code(
        format!("unknown subcommand handler returned bad code: {code}"),
        ["TCL", "ENSEMBLE", "UNKNOWN_RESULT"],
    );
    error.add_info(&format!(
        "\n    result of ensemble unknown subcommand handler: {handler}"
    ));
    error
}

/// Changes the error of a call that has failed at once, be it before or after it pushed frames.
pub(crate) fn map_failed(
    result: CommandResult,
    change: impl FnOnce(Box<Exception>) -> Box<Exception>,
) -> CommandResult {
    match result {
        Err(exception) => Err(change(exception)),
        Ok(Next::Deliver(Err(exception))) => Ok(Next::Deliver(Err(change(exception)))),
        result => result,
    }
}

/// The error of a target called with the wrong number of words, as seen by the ensemble's caller: the target's
/// name and its first words give way to `shown`.
pub(crate) fn rewritten(
    mut exception: Box<Exception>,
    name: &Value,
    inserted: usize,
    shown: &[Value],
) -> Box<Exception> {
    let message = exception.value.to_text();
    let Some(usage) = message
        .strip_prefix(WRONG_ARGS)
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return exception;
    };
    let name = name.str();
    // Messages of commands that are no ensembles name themselves without qualifiers.
    let is_of = |name: &str| {
        usage
            .strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let quoted = crate::value::list::list_text(std::iter::once(&Value::text(&name)));
    let is_named = is_of(&name) || is_of(name.trim_start_matches("::")) || is_of(&quoted);
    if exception.info.is_some() || !is_named {
        return exception;
    }
    // tclsh quotes all of them but the first.
    let mut text = shown.first().map(Value::to_text).unwrap_or_default();
    if let [_, rest @ ..] = shown
        && !rest.is_empty()
    {
        text.push(' ');
        text.push_str(&crate::value::list::list_text(rest.iter()));
    }
    for word in usage_words(usage).into_iter().skip(inserted) {
        text.push(' ');
        text.push_str(word);
    }
    exception.value = Value::string(format!("{WRONG_ARGS}{text}\""));
    exception
}

/// The words of a usage text; `?arg ...?` is one, and so is a name in braces.
fn usage_words(usage: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = usage.trim_start();
    while !rest.is_empty() {
        let end = match rest.as_bytes().first() {
            Some(b'?') => rest
                .get(1..)
                .and_then(|inner| inner.find('?'))
                .map(|at| at + 2),
            Some(b'{') => rest.find('}').map(|at| at + 1),
            _ => None,
        };
        let end = end.or_else(|| rest.find(' ')).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end.min(rest.len()));
        words.push(word);
        rest = after.trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::usage_words;

    #[test]
    fn usage_texts_split_into_words() {
        assert_eq!(
            usage_words("::a::b x ?y? ?arg ...?"),
            ["::a::b", "x", "?y?", "?arg ...?"]
        );
        assert_eq!(usage_words("{a b} c"), ["{a b}", "c"]);
        assert_eq!(usage_words(""), Vec::<&str>::new());
    }
}
