//! Where the history of commands is kept.

use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

/// The history's file: `$REMEX_HISTORY`, else `remex/history` in the user's state directory, which is made if need be.
/// None if `$REMEX_HISTORY` is empty or there is no home: no history is kept then.
pub fn file() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("REMEX_HISTORY") {
        return (!path.is_empty()).then(|| path.into());
    }
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let state =
        absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    let directory = state.join("remex");
    // What was typed is nobody else's business. A directory that cannot be made is met again when it is written to.
    let _ = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&directory);
    Some(directory.join("history"))
}
