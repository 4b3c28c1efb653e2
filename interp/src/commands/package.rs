//! `package`: which packages there are, which are loaded, and how to get them.

mod require;

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::collections::HashMap;

use super::option;
use crate::runtime::{ANY, Builtin, CommandResult, Exception, Interp, done, done_empty};
use crate::text::version::{self, Requirement, Version, VersionError};
use crate::value::Value;

/// The rows of this file.
pub(crate) const COMMANDS: &[Builtin] = &[
    Builtin::new(
        "load",
        "?-global? ?-lazy? ?--? fileName ?packageName? ?interp?",
        0,
        ANY,
        load,
    )
    .unsafe_for_children(),
    Builtin::new("package", "option ?arg ...?", 1, ANY, package),
    Builtin::new(
        "unload",
        "?-switch ...? fileName ?packageName? ?interp?",
        0,
        ANY,
        unload,
    )
    .unsafe_for_children(),
];

pub(super) const OPTIONS: &[&str] = &[
    "forget",
    "ifneeded",
    "names",
    "prefer",
    "present",
    "provide",
    "require",
    "unknown",
    "vcompare",
    "versions",
    "vsatisfies",
];

/// The packages of an interpreter.
pub(crate) struct Packages {
    list: RefCell<HashMap<String, Package>>,
    /// The command prefix that finds packages nobody has announced; empty for none.
    unknown: RefCell<Value>,
    /// Whether versions that are not stable count as much as stable ones.
    prefers_latest: Cell<bool>,
}

/// One package.
#[derive(Default)]
struct Package {
    /// The version that is loaded.
    provided: Option<Value>,
    /// The versions that can be loaded, with the scripts that do it, in order of announcement.
    available: Vec<(Value, Value)>,
    /// The version whose script is running.
    loading: Option<Value>,
}

/// The version of Tcl whose behaviour this is.
pub(crate) const TCL_PATCH_LEVEL: &str = "8.6.13";

impl Default for Packages {
    fn default() -> Packages {
        let mut list = HashMap::new();
        let tcl = Package {
            provided: Some(Value::text(TCL_PATCH_LEVEL)),
            ..Package::default()
        };
        list.insert("Tcl".to_owned(), tcl);
        let script = Value::text("# Already present, OK?");
        let objects = Package {
            available: vec![(Value::text(super::oo::VERSION), script)],
            provided: Some(Value::text(super::oo::VERSION)),
            ..Package::default()
        };
        list.insert("TclOO".to_owned(), objects);
        Packages {
            list: RefCell::new(list),
            unknown: RefCell::new(Value::text("::tcl::tm::UnknownHandler ::tclPkgUnknown")),
            prefers_latest: Cell::new(std::env::var_os("TCL_PKG_PREFER_LATEST").is_some()),
        }
    }
}

impl Interp {
    /// Notes that a package is there, as `package provide` does.
    pub fn provide_package(&mut self, name: &str, version: &str) {
        let packages = self.data::<Packages>();
        packages
            .list
            .borrow_mut()
            .entry(name.to_owned())
            .or_default()
            .provided = Some(Value::text(version));
    }
}

fn version_error(error: &VersionError) -> Box<Exception> {
    let mut exception = Exception::error(&*error.message());
    exception.error_code = Some(Value::list(
        error.code().iter().map(|word| Value::text(word)).collect(),
    ));
    exception
}

fn check_version(version: &Value) -> Result<(), Box<Exception>> {
    Version::parse(&version.str())
        .map(drop)
        .map_err(|error| version_error(&error))
}

fn check_requirements(requirements: &[Value]) -> Result<(), Box<Exception>> {
    for requirement in requirements {
        Requirement::parse(&requirement.str()).map_err(|error| version_error(&error))?;
    }
    Ok(())
}

/// Whether a version meets one of the requirements, or there are none.
fn satisfies(version: &Value, requirements: &[Value]) -> bool {
    let texts: Vec<String> = requirements.iter().map(Value::to_text).collect();
    version::satisfies(&version.str(), texts.iter().map(String::as_str)).unwrap_or(false)
}

fn compare(left: &Value, right: &Value) -> Ordering {
    version::compare(&left.str(), &right.str()).unwrap_or(Ordering::Equal)
}

fn package(interp: &mut Interp, words: &[Value]) -> CommandResult {
    let name = OPTIONS[option(&words[1], OPTIONS, "option")?];
    let arguments = &words[2..];
    let check = |min: usize, max: usize, usage: &str| {
        if arguments.len() < min || arguments.len() > max {
            return Err(Exception::wrong_args(&format!("package {name}{usage}")));
        }
        Ok(())
    };
    match name {
        "forget" => forget(interp, arguments),
        "ifneeded" => {
            check(2, 3, " package version ?script?")?;
            ifneeded(interp, arguments)
        }
        "names" => {
            check(0, 0, "")?;
            names(interp)
        }
        "prefer" => {
            check(0, 1, " ?latest|stable?")?;
            prefer(interp, arguments)
        }
        "present" => require::present(interp, arguments),
        "provide" => {
            check(1, 2, " package ?version?")?;
            provide(interp, arguments)
        }
        "require" => require::require(interp, arguments),
        "unknown" => {
            check(0, 1, " ?command?")?;
            unknown(interp, arguments)
        }
        "vcompare" => {
            check(2, 2, " version1 version2")?;
            check_version(&arguments[0])?;
            check_version(&arguments[1])?;
            done(compare(&arguments[0], &arguments[1]) as i64)
        }
        "versions" => {
            check(1, 1, " package")?;
            let packages = interp.data::<Packages>();
            let list = packages.list.borrow();
            let package = list.get(&*arguments[0].str());
            let versions: Option<Vec<Value>> = package.map(|package| {
                package
                    .available
                    .iter()
                    .map(|(version, _)| version.clone())
                    .collect()
            });
            done(versions.unwrap_or_default())
        }
        _ => {
            check(2, usize::MAX, " version ?requirement ...?")?;
            check_version(&arguments[0])?;
            check_requirements(&arguments[1..])?;
            done(satisfies(&arguments[0], &arguments[1..]))
        }
    }
}

/// The words of `load` and `unload` after their options.
fn after_options<'a>(
    words: &'a [Value],
    options: &[&str],
    usage: &str,
) -> Result<&'a [Value], Box<Exception>> {
    let mut rest = &words[1..];
    while let [word, others @ ..] = rest
        && word.str().starts_with('-')
    {
        let name = options[option(word, options, "option")?];
        rest = others;
        if name == "--" {
            break;
        }
    }
    if rest.is_empty() || rest.len() > 3 {
        return Err(Exception::wrong_args(&format!("{} {usage}", words[0])));
    }
    if rest[0].is_empty() && rest.get(1).is_none_or(Value::is_empty) {
        return Err(Exception::with_code(
            "must specify either file name or package name",
            [
                "TCL",
                "OPERATION",
                words[0].str().to_uppercase().as_str(),
                "NOLIBRARY",
            ],
        ));
    }
    Ok(rest)
}

/// There are no binary extensions here: a file of machine code is never loaded.
fn load(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let usage = "?-global? ?-lazy? ?--? fileName ?packageName? ?interp?";
    let rest = after_options(words, &["-global", "-lazy", "--"], usage)?;
    let file = &rest[0];
    if file.is_empty() {
        return Err(Exception::with_code(
            format!("package \"{}\" isn't loaded statically", rest[1]),
            ["TCL", "OPERATION", "LOAD", "NOTSTATIC"],
        ));
    }
    let path = std::path::Path::new(&*file.str()).to_path_buf();
    let reason = if path.exists() {
        "binary extensions are not supported"
    } else {
        "cannot open shared object file: No such file or directory"
    };
    Err(Exception::error(format!(
        "couldn't load file \"{file}\": {file}: {reason}"
    )))
}

fn unload(_interp: &mut Interp, words: &[Value]) -> CommandResult {
    let usage = "?-switch ...? fileName ?packageName? ?interp?";
    let rest = after_options(words, &["-nocomplain", "-keeplibrary", "--"], usage)?;
    if words.iter().any(|word| &*word.str() == "-nocomplain") {
        return done_empty();
    }
    Err(Exception::with_code(
        format!("file \"{}\" has never been loaded", rest[0]),
        ["TCL", "OPERATION", "UNLOAD", "NEVERLOADED"],
    ))
}

fn forget(interp: &mut Interp, names: &[Value]) -> CommandResult {
    let packages = interp.data::<Packages>();
    for name in names {
        packages.list.borrow_mut().remove(&*name.str());
    }
    done_empty()
}

fn ifneeded(interp: &mut Interp, arguments: &[Value]) -> CommandResult {
    let version = &arguments[1];
    check_version(version)?;
    let packages = interp.data::<Packages>();
    let mut list = packages.list.borrow_mut();
    let name = arguments[0].str();
    let Some(script) = arguments.get(2) else {
        let package = list.get(&*name);
        let found = package.and_then(|package| {
            package
                .available
                .iter()
                .find(|(other, _)| compare(other, version) == Ordering::Equal)
        });
        return done(found.map(|(_, script)| script.clone()).unwrap_or_default());
    };
    let package = list.entry(name.to_string()).or_default();
    match package
        .available
        .iter_mut()
        .find(|(other, _)| compare(other, version) == Ordering::Equal)
    {
        Some(entry) => entry.1 = script.clone(),
        None => package.available.push((version.clone(), script.clone())),
    }
    done_empty()
}

fn names(interp: &mut Interp) -> CommandResult {
    let packages = interp.data::<Packages>();
    let list = packages.list.borrow();
    let known = list
        .iter()
        .filter(|(_, package)| package.provided.is_some() || !package.available.is_empty());
    done(known.map(|(name, _)| Value::text(name)).collect::<Vec<_>>())
}

fn prefer(interp: &mut Interp, arguments: &[Value]) -> CommandResult {
    let packages = interp.data::<Packages>();
    if let Some(preference) = arguments.first()
        && option(preference, &["latest", "stable"], "preference")? == 0
    {
        packages.prefers_latest.set(true);
    }
    done(if packages.prefers_latest.get() {
        "latest"
    } else {
        "stable"
    })
}

fn provide(interp: &mut Interp, arguments: &[Value]) -> CommandResult {
    let name = &arguments[0];
    let packages = interp.data::<Packages>();
    let Some(version) = arguments.get(1) else {
        let list = packages.list.borrow();
        return done(
            list.get(&*name.str())
                .and_then(|package| package.provided.clone())
                .unwrap_or_default(),
        );
    };
    check_version(version)?;
    let mut list = packages.list.borrow_mut();
    let package = list.entry(name.to_text()).or_default();
    match &package.provided {
        Some(provided) if compare(provided, version) != Ordering::Equal => {
            Err(Exception::with_code(
                format!(
                    "conflicting versions provided for package \"{name}\": {provided}, then {version}"
                ),
                ["TCL", "PACKAGE", "VERSIONCONFLICT"],
            ))
        }
        Some(_) => done_empty(),
        None => {
            package.provided = Some(version.clone());
            done_empty()
        }
    }
}

fn unknown(interp: &mut Interp, arguments: &[Value]) -> CommandResult {
    let packages = interp.data::<Packages>();
    match arguments.first() {
        None => done(packages.unknown.borrow().clone()),
        Some(prefix) => {
            *packages.unknown.borrow_mut() = prefix.clone();
            done_empty()
        }
    }
}
