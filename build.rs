//! Asks the linker for what makes an empty process small: packed relative relocations where the C library can read them, and
//! functions that are called only when something goes wrong apart from the others (the kernel reads text in pieces of 64 KB).
//!
//! The command tables and vtables hold some 16,000 addresses that the loader adjusts. Unpacked, the list of them takes
//! 24 bytes each, which every process reads at its start: 0.25 MB of the 4.2 MB that `remex -c {}` takes.

use std::process::Command;

/// The first glibc that reads them.
const GLIBC: (u32, u32) = (2, 36);

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    // The version of the C library is known only where the program is to run.
    let is_native = variable("HOST") == variable("TARGET");
    let is_glibc =
        variable("CARGO_CFG_TARGET_OS") == "linux" && variable("CARGO_CFG_TARGET_ENV") == "gnu";
    if variable("CARGO_CFG_TARGET_OS") == "linux" {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,keep-text-section-prefix");
    }
    if is_native && is_glibc && glibc_version().is_some_and(|version| version >= GLIBC) {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// What `getconf` says: `glibc 2.36`.
fn glibc_version() -> Option<(u32, u32)> {
    let output = Command::new("getconf")
        .arg("GNU_LIBC_VERSION")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}
