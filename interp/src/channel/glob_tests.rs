//! Tests of `glob` in a small directory tree.

use super::*;
use std::fs;

/// A directory with some files, gone when dropped.
struct Garden(std::path::PathBuf);

impl Garden {
    fn new(name: &str) -> Garden {
        let root = std::env::temp_dir().join(format!("remex-glob-{}-{name}", std::process::id()));
        for directory in ["a/c", "b", ".h"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        for file in ["x.c", "y.c", ".hid", "a/z.c", "a/c/w.c", "b/q.c", "sp ace"] {
            fs::write(root.join(file), "").unwrap();
        }
        std::os::unix::fs::symlink("a", root.join("dlink")).unwrap();
        std::os::unix::fs::symlink("nowhere", root.join("broken")).unwrap();
        Garden(root)
    }

    fn glob_as(&self, pattern: &str, options: GlobOptions) -> String {
        let directory = Some(self.0.to_str().unwrap().to_owned());
        let mut names = Vec::new();
        glob(
            pattern,
            &GlobOptions {
                directory,
                tails: true,
                ..options
            },
            &mut names,
        )
        .unwrap();
        names.sort();
        names.join(" ")
    }

    fn glob(&self, pattern: &str) -> String {
        self.glob_as(pattern, GlobOptions::default())
    }

    fn of_types(&self, types: &[&str]) -> String {
        let types = Some(TypeFilter::parse(types.iter().copied()).unwrap());
        self.glob_as(
            "*",
            GlobOptions {
                types,
                ..GlobOptions::default()
            },
        )
    }
}

impl Drop for Garden {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn patterns_find_what_tclsh_finds() {
    let garden = Garden::new("patterns");
    assert_eq!(garden.glob("*"), "a b broken dlink sp ace x.c y.c");
    assert_eq!(garden.glob(".*"), ". .. .h .hid");
    assert_eq!(garden.glob("{x,y}.c"), "x.c y.c");
    assert_eq!(garden.glob("*/*.c"), "a/z.c b/q.c dlink/z.c");
    assert_eq!(garden.glob("{a,{b,x.c}}"), "a b x.c");
    assert_eq!(garden.glob("*/"), "a/ b/ dlink/");
    assert_eq!(garden.glob("a//*"), "a/c a/z.c");
    assert_eq!(garden.glob("*/.*"), "a/. a/.. b/. b/.. dlink/. dlink/..");
    assert_eq!(garden.glob("broken"), "broken");
    assert_eq!(garden.glob("nosuch/*"), "");
    assert_eq!(garden.glob("[x-"), "");
}

#[test]
fn types_are_any_kind_and_all_permissions() {
    let garden = Garden::new("types");
    assert_eq!(garden.of_types(&["d"]), "a b dlink");
    assert_eq!(garden.of_types(&["f"]), "sp ace x.c y.c");
    assert_eq!(garden.of_types(&["l"]), "broken dlink");
    assert_eq!(garden.of_types(&["d", "r"]), "a b dlink");
    assert_eq!(garden.of_types(&["hidden", "d"]), ". .. .h");
    assert_eq!(
        TypeFilter::parse(["foo"]).unwrap_err().text("", ""),
        "bad argument to \"-types\": foo"
    );
}

#[test]
fn names_begin_as_asked() {
    let garden = Garden::new("names");
    let root = garden.0.to_str().unwrap();
    let glob_with = |options: GlobOptions, pattern: &str| {
        let mut names = Vec::new();
        glob(pattern, &options, &mut names).unwrap();
        names.sort();
        names
    };
    let path_prefix = Some(format!("{root}/x"));
    let options = GlobOptions {
        path_prefix,
        ..GlobOptions::default()
    };
    assert_eq!(glob_with(options.clone(), "*"), [format!("{root}/x.c")]);
    assert_eq!(
        glob_with(
            GlobOptions {
                tails: true,
                ..options
            },
            "*"
        ),
        ["x.c"]
    );
    assert_eq!(
        glob_with(GlobOptions::default(), &format!("{root}/b/*")),
        [format!("{root}/b/q.c")]
    );
}

#[test]
fn braces_must_balance_and_are_bounded() {
    for (pattern, which) in [("{a", "open"), ("a}", "close"), ("{{", "open")] {
        let error = expand_braces(pattern).unwrap_err();
        assert_eq!(
            error.text("", ""),
            format!("unmatched {which}-brace in file name")
        );
    }
    assert!(expand_braces(&"{a,b}".repeat(40)).is_err());
    assert_eq!(expand_braces(r"{a\,b,c}").unwrap(), [r"a\,b", "c"]);
}
