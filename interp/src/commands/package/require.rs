//! `package require` and `package present`.

use super::{Packages, check_requirements, check_version, compare, satisfies};
use crate::runtime::{CommandResult, Context, Exception, Interp, Outcome, ScriptLabel, code, done};
use crate::text::version::Version;
use crate::value::Value;

/// A package that is wanted.
struct Request {
    name: Value,
    requirements: Vec<Value>,
    /// Whether the unknown handler has been asked already.
    has_asked: bool,
}

impl Request {
    /// Reads `?-exact? package ?requirement ...?`.
    fn read(command: &str, arguments: &[Value]) -> Result<Request, Box<Exception>> {
        let usage = || {
            Exception::wrong_args(&format!(
                "package {command} ?-exact? package ?requirement ...?"
            ))
        };
        match arguments {
            [] => Err(usage()),
            [option, rest @ ..] if &*option.str() == "-exact" => {
                let [name, version] = rest else {
                    return Err(usage());
                };
                check_version(version)?;
                let requirement = Value::string(format!("{version}-{version}"));
                Ok(Request {
                    name: name.clone(),
                    requirements: vec![requirement],
                    has_asked: false,
                })
            }
            [name, requirements @ ..] => {
                check_requirements(requirements)?;
                Ok(Request {
                    name: name.clone(),
                    requirements: requirements.to_vec(),
                    has_asked: false,
                })
            }
        }
    }

    /// The requirements as messages show them, each with a space before it.
    fn shown(&self) -> String {
        let mut text = String::new();
        for requirement in &self.requirements {
            let requirement = requirement.str();
            match requirement.split_once('-') {
                Some((min, max)) if min == max => text.push_str(&format!(" exactly {min}")),
                _ => text.push_str(&format!(" {}", &*requirement)),
            }
        }
        text
    }

    /// The version that is loaded, if the package is: an error when it is not one of those wanted.
    fn loaded(&self, packages: &Packages) -> Result<Option<Value>, Box<Exception>> {
        let list = packages.list.borrow();
        let Some(version) = list
            .get(&*self.name.str())
            .and_then(|package| package.provided.clone())
        else {
            return Ok(None);
        };
        if satisfies(&version, &self.requirements) {
            return Ok(Some(version));
        }
        Err(Exception::with_code(
            format!(
                "version conflict for package \"{}\": have {version}, need{}",
                self.name,
                self.shown()
            ),
            ["TCL", "PACKAGE", "VERSIONCONFLICT"],
        ))
    }

    /// The version to load, with its script.
    fn best(&self, packages: &Packages) -> Option<(Value, Value)> {
        let list = packages.list.borrow();
        let package = list.get(&*self.name.str())?;
        let fitting = || {
            package
                .available
                .iter()
                .filter(|(version, _)| satisfies(version, &self.requirements))
        };
        let highest = fitting().max_by(|left, right| compare(&left.0, &right.0));
        let stable = fitting()
            .filter(|(version, _)| {
                Version::parse(&version.str()).is_ok_and(|version| version.is_stable())
            })
            .max_by(|left, right| compare(&left.0, &right.0));
        let chosen = if packages.prefers_latest.get() {
            highest
        } else {
            stable.or(highest)
        };
        chosen.cloned()
    }
}

pub(super) fn present(interp: &mut Interp, arguments: &[Value]) -> CommandResult {
    let request = Request::read("present", arguments)?;
    let packages = interp.data::<Packages>();
    match request.loaded(&packages)? {
        Some(version) => done(version),
        None => Err(Exception::with_code(
            format!(
                "package {}{} is not present",
                request.name,
                request.shown().replace(" exactly ", " ")
            ),
            ["TCL", "LOOKUP", "PACKAGE", &request.name.str()],
        )),
    }
}

pub(super) fn require(interp: &mut Interp, arguments: &[Value]) -> CommandResult {
    find(interp, Request::read("require", arguments)?)
}

/// Gives the loaded version, or starts what can load one.
fn find(interp: &mut Interp, request: Request) -> CommandResult {
    let packages = interp.data::<Packages>();
    if let Some(version) = request.loaded(&packages)? {
        return done(version);
    }
    let loading = packages
        .list
        .borrow()
        .get(&*request.name.str())
        .and_then(|package| package.loading.clone());
    if let Some(version) = loading {
        return Err(Exception::with_code(
            format!(
                "circular package dependency: attempt to provide {} {version} requires {}{}",
                request.name,
                request.name,
                request.shown()
            ),
            ["TCL", "PACKAGE", "CIRCULARITY"],
        ));
    }
    if let Some((version, script)) = request.best(&packages) {
        return load(interp, request, version, &script);
    }
    let handler = packages.unknown.borrow().clone();
    if !request.has_asked && !handler.is_empty() {
        return ask(interp, request, &handler);
    }
    Err(Exception::with_code(
        format!("can't find package {}{}", request.name, request.shown()),
        ["TCL", "PACKAGE", "UNFOUND"],
    ))
}

/// Calls the unknown handler, which announces packages: a script that gets the name and the requirements added.
fn ask(interp: &mut Interp, mut request: Request, handler: &Value) -> CommandResult {
    let mut words = vec![request.name.clone()];
    if request.requirements.is_empty() {
        words.push(Value::text("0-"));
    }
    words.extend_from_slice(&request.requirements);
    let script = Value::string(format!(
        "{handler} {}",
        crate::value::list::list_text(words.iter())
    ));
    request.has_asked = true;
    interp.push_then(move |interp, outcome| match outcome {
        Ok(_) => find(interp, request),
        Err(mut exception) => {
            if exception.code == code::ERROR {
                exception.add_info("\n    (\"package unknown\" script)");
                return Err(exception);
            }
            if exception.is_uncatchable {
                return Err(exception);
            }
            Err(Exception::with_code(
                format!("bad return code: {}", exception.code),
                ["TCL", "PACKAGE", "BADRESULT"],
            ))
        }
    });
    interp.push_script(&script, Context::Global, ScriptLabel::None)
}

/// Runs the script that loads a version.
fn load(interp: &mut Interp, request: Request, version: Value, script: &Value) -> CommandResult {
    let packages = interp.data::<Packages>();
    if let Some(package) = packages.list.borrow_mut().get_mut(&*request.name.str()) {
        package.loading = Some(version.clone());
    }
    let state = Loading { request, version };
    interp.push_native(Box::new(state));
    interp.push_script(script, Context::Global, ScriptLabel::None)
}

/// A package whose script runs.
struct Loading {
    request: Request,
    version: Value,
}

impl crate::runtime::Resume for Loading {
    fn resume(self: Box<Self>, interp: &mut Interp, outcome: Outcome) -> CommandResult {
        let packages = interp.data::<Packages>();
        let name = &self.request.name;
        let provided = {
            let mut list = packages.list.borrow_mut();
            let package = list.entry(name.to_text()).or_default();
            package.loading = None;
            package.provided.clone()
        };
        match self.check(outcome, provided) {
            Ok(()) => find(interp, self.request),
            Err(mut exception) => {
                if let Some(package) = packages.list.borrow_mut().get_mut(&*name.str()) {
                    package.provided = None;
                }
                if exception.code == code::ERROR && !exception.is_uncatchable {
                    exception.add_info(&format!(
                        "\n    (\"package ifneeded {name} {}\" script)",
                        self.version
                    ));
                }
                Err(exception)
            }
        }
    }

    fn sees_uncatchable(&self) -> bool {
        true
    }
}

impl Loading {
    /// Whether the script has provided the version that it was to provide.
    fn check(&self, outcome: Outcome, provided: Option<Value>) -> Result<(), Box<Exception>> {
        let (name, version) = (&self.request.name, &self.version);
        let fail = |reason: String, word: &str| {
            Err(Exception::with_code(
                format!("attempt to provide package {name} {version} failed: {reason}"),
                ["TCL", "PACKAGE", word],
            ))
        };
        match (outcome, provided) {
            (Err(exception), _) if exception.code == code::ERROR => Err(exception),
            (Err(exception), _) => {
                fail(format!("bad return code: {}", exception.code), "BADRESULT")
            }
            (Ok(_), None) => fail(
                format!("no version of package {name} provided"),
                "UNPROVIDED",
            ),
            (Ok(_), Some(provided)) if compare(&provided, version).is_ne() => fail(
                format!("package {name} {provided} provided instead"),
                "WRONGPROVIDE",
            ),
            (Ok(_), Some(_)) => Ok(()),
        }
    }
}
