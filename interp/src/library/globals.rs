//! The global variables that every interpreter has.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use crate::commands::package::TCL_PATCH_LEVEL;
use crate::runtime::{CommandResult, Interp, done};
use crate::text::utf;
use crate::value::{ArrayObject, OrderedMap, Repr, Value, Variable};

/// Where Debian puts Tcl's own scripts; the environment's TCL_LIBRARY says otherwise.
pub(crate) const TCL_LIBRARY: &str = "/usr/share/tcltk/tcl8.6";

/// Where Debian puts packages, in the order of tclsh.
const PACKAGE_PATH: &[&str] = &[
    "/usr/local/lib/tcltk",
    "/usr/local/share/tcltk",
    "/usr/lib/tcltk/x86_64-linux-gnu",
    "/usr/lib/tcltk",
    "/usr/share/tcltk",
    "/usr/lib/tcltk/tcl8.6",
    "/usr/lib",
];

thread_local! {
    /// What does not change while the process runs.
    static PLATFORM: OnceCell<OrderedMap> = const { OnceCell::new() };
}

/// Sets the variables of a new interpreter.
pub(super) fn set(interp: &mut Interp) {
    let library = std::env::var_os("TCL_LIBRARY").filter(|path| !path.is_empty());
    let library = library.map_or_else(|| Value::text(TCL_LIBRARY), |path| inside(Path::new(&path)));
    crate::commands::encoding::prepare(&library);
    put(interp, "auto_path", auto_path(&library));
    put(interp, "tcl_library", library);
    put(interp, "tcl_interactive", Value::int(0));
    put(interp, "tcl_patchLevel", Value::text(TCL_PATCH_LEVEL));
    put(interp, "tcl_version", Value::text("8.6"));
    put(
        interp,
        "tcl_pkgPath",
        Value::list(PACKAGE_PATH.iter().map(|path| Value::text(path)).collect()),
    );
    let platform = ArrayObject::new();
    *platform.elements.borrow_mut() =
        PLATFORM.with(|kept| kept.get_or_init(platform_of_process).clone());
    put(interp, "tcl_platform", Value(Repr::Array(platform)));
    let global = interp.global_namespace();
    let mut variables = global.variables.borrow_mut();
    variables.insert("env".into(), super::environment::variable());
    variables.insert("tcl_precision".into(), super::precision::variable());
}

fn put(interp: &mut Interp, name: &str, content: Value) {
    let global = interp.global_namespace();
    global
        .variables
        .borrow_mut()
        .insert(name.into(), Variable::new(content));
}

fn inside(path: &Path) -> Value {
    Value::string(utf::from_external(&path.to_string_lossy()).into_owned())
}

/// The folder `lib` beside the one that the program is in.
fn program_library() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program
        .parent()
        .and_then(Path::parent)
        .unwrap_or(Path::new("/usr"))
        .join("lib")
}

fn auto_path(library: &Value) -> Value {
    let mut path: Vec<Value> = Vec::new();
    if let Some(extra) = std::env::var_os("TCLLIBPATH")
        && let Ok(list) = inside(Path::new(&extra)).to_list()
    {
        path.extend_from_slice(list.elements());
    }
    let mut add = |dir: Value| {
        if !path.contains(&dir) {
            path.push(dir);
        }
    };
    add(library.clone());
    add(inside(
        Path::new(&*library.str())
            .parent()
            .unwrap_or(Path::new("/")),
    ));
    add(inside(&program_library()));
    for dir in PACKAGE_PATH {
        add(Value::text(dir));
    }
    Value::list(path)
}

/// The folders under which Tcl modules are, for the procedures of `tcl::tm`.
pub(super) fn library_module_roots(_interp: &mut Interp, _words: &[Value]) -> CommandResult {
    let mut roots = vec![Value::text("/usr/lib/tcltk"), inside(&program_library())];
    for dir in ["/usr/lib", "/usr/share/tcltk"] {
        let dir = Value::text(dir);
        if !roots.contains(&dir) {
            roots.push(dir);
        }
    }
    done(roots)
}

/// The content of `tcl_platform`.
fn platform_of_process() -> OrderedMap {
    let names = rustix::system::uname();
    let text = |text: &std::ffi::CStr| Value::text(&utf::from_external(&text.to_string_lossy()));
    let mut map = OrderedMap::new();
    let order = if cfg!(target_endian = "big") {
        "bigEndian"
    } else {
        "littleEndian"
    };
    for (name, value) in [
        ("byteOrder", Value::text(order)),
        ("engine", Value::text("Tcl")),
        ("machine", text(names.machine())),
        ("os", text(names.sysname())),
        ("osVersion", text(names.release())),
        ("pathSeparator", Value::text(":")),
        ("platform", Value::text("unix")),
        ("pointerSize", Value::from(size_of::<usize>())),
        ("threaded", Value::int(1)),
        ("user", Value::string(user())),
        ("wordSize", Value::from(size_of::<usize>())),
    ] {
        map.insert(Value::text(name), value);
    }
    map
}

/// The name of the user that the process runs as.
fn user() -> String {
    let id = rustix::process::getuid().as_raw().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id).then(|| name.to_owned())
    });
    name.or_else(|| std::env::var("USER").ok()).unwrap_or(id)
}
