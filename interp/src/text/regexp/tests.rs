//! What tclsh 8.6.13 answers to `regexp -inline -indices ?-all?`, and what only this implementation promises.

use super::*;

/// Options as letters: `A` -all, `i` -nocase, `x` -expanded, `s` -linestop, `a` -lineanchor.
fn flags(options: &str) -> Flags {
    Flags {
        nocase: options.contains('i'),
        expanded: options.contains('x'),
        line_stop: options.contains('s'),
        line_anchor: options.contains('a'),
        ..Flags::default()
    }
}

/// Matches as `regexp -inline -indices` lists them: first and last character of each capture.
fn indices(options: &str, pattern: &str, text: &str) -> String {
    let regexp = Regexp::new(pattern, flags(options)).unwrap();
    let char_index = |at: usize| text[..at].chars().count() as i64;
    let (mut found, mut captures, mut start) = (Vec::new(), Vec::new(), 0);
    while start <= text.len() {
        let not_bol = start > 0 && !text[..start].ends_with('\n');
        if !regexp
            .find(text, start, not_bol, usize::MAX, &mut captures, &mut || {
                false
            })
            .unwrap()
        {
            break;
        }
        found.extend(captures.iter().map(|capture| match capture {
            Some((begin, end)) => format!("{{{} {}}}", char_index(*begin), char_index(*end) - 1),
            None => "{-1 -1}".to_string(),
        }));
        let (begin, end) = captures[0].unwrap();
        start = if begin == end {
            end + text[end..].chars().next().map_or(1, char::len_utf8)
        } else {
            end
        };
        if !options.contains('A') || start >= text.len() {
            break;
        }
    }
    found.join(" ")
}

fn check(cases: &[(&str, &str, &str, &str)]) {
    for (options, pattern, text, expected) in cases {
        assert_eq!(
            indices(options, pattern, text),
            *expected,
            "{options} {pattern} {text:?}"
        );
    }
}

#[test]
fn leftmost_longest() {
    check(&[
        ("", "a|ab|abc", "xabcd", "{1 3}"),
        ("", "(a|ab)(c|bcd)", "abcd", "{0 3} {0 0} {1 3}"),
        ("", "x*", "aaa", "{0 -1}"),
        ("", "(?:a|b)*c|(a|ab)*c", "abc", "{0 2} {-1 -1}"),
        ("A", "[a-z]+", "one two", "{0 2} {4 6}"),
    ]);
}

#[test]
fn preference_of_quantifiers() {
    check(&[
        ("", "a+?", "aaa", "{0 0}"),
        ("", "a+?b", "aaab", "{0 3}"),
        ("", "(a+?)(a*)", "aaaa", "{0 0} {0 0} {1 0}"),
        ("", "(a+)(a*?)", "aaaa", "{0 3} {0 3} {4 3}"),
        ("", "a*?|b", "aab", "{0 1}"),
        ("", "(.*?)(\\d+)", "ab123", "{0 2} {0 1} {2 2}"),
        ("", "(.*?)(\\d+)$", "ab123", "{0 4} {0 1} {2 4}"),
        ("", "(?:a{1,3}?)(a*)", "aaaa", "{0 0} {1 0}"),
        ("", "a{2,3}?", "aaaa", "{0 1}"),
        ("", "(x{2,2}?)(x*)", "xxxx", "{0 1} {0 1} {2 1}"),
    ]);
}

#[test]
fn captures_of_concatenations() {
    check(&[
        ("", "(a*)(ab)*(b*)", "abb", "{0 2} {0 0} {-1 -1} {1 2}"),
        ("", "(a*)(b|abc)(c*)", "abc", "{0 2} {0 0} {1 1} {2 2}"),
        ("", "^(.*)=(.*)$", "k=v=w", "{0 4} {0 2} {4 4}"),
        ("", "(\\w+) (\\w+)", "hello big world", "{0 8} {0 4} {6 8}"),
        ("", "(a|ab)(bcd|c)(d*)", "abcd", "{0 3} {0 1} {2 2} {3 3}"),
    ]);
}

#[test]
fn captures_of_alternatives() {
    check(&[
        ("", "(a)|(b)", "b", "{0 0} {-1 -1} {0 0}"),
        ("", "(ab|a)(bc)?", "abc", "{0 2} {0 0} {1 2}"),
        (
            "",
            "((a)|(ab))(b*)",
            "abb",
            "{0 2} {0 1} {-1 -1} {0 1} {2 2}",
        ),
        ("", "(?:(x)|(xy))(y?)$", "xy", "{0 1} {-1 -1} {0 1} {2 1}"),
    ]);
}

#[test]
fn captures_of_iterations_are_the_last_rounds() {
    check(&[
        ("", "(?:(a)|(b))*", "ab", "{0 1} {-1 -1} {1 1}"),
        ("", "(a|b)*", "abab", "{0 3} {3 3}"),
        ("", "(?:(\\w+),?)+", "a,bc,d", "{0 5} {5 5}"),
        ("", "((a)|b){0,3}", "aba", "{0 2} {2 2} {2 2}"),
        ("", "(a*)+", "aa", "{0 1} {2 1}"),
        ("", "(a*)*", "b", "{0 -1} {-1 -1}"),
        ("", "(?:(a)|b){2,3}", "aabb", "{0 2} {-1 -1}"),
    ]);
}

#[test]
fn back_references() {
    check(&[
        ("", "(\\w)\\1", "hello", "{2 3} {2 2}"),
        ("", "(a*)b\\1", "aabaa", "{0 4} {0 1}"),
        ("", "(?:(a)|b)\\1", "ba", ""),
        ("", "^(.*)\\1$", "abab", "{0 3} {0 1}"),
        ("", "(ab){0}c", "c", "{0 0} {-1 -1}"),
        ("i", "(a)\\1", "aA", "{0 1} {0 0}"),
        ("", "(a)(b)\\2\\1", "abba", "{0 3} {0 0} {1 1}"),
        ("", "(a+)(b)?\\1", "aaaab", "{0 3} {0 1} {-1 -1}"),
    ]);
}

#[test]
fn counted_repeats() {
    check(&[
        ("", "a{2}", "aaa", "{0 1}"),
        ("", "a{2,}", "aaaa", "{0 3}"),
        ("", "a{0,1}b", "ab", "{0 1}"),
        ("", "(ab){2,3}", "abababab", "{0 5} {4 5}"),
        ("", "a{,2}", "a{,2}", "{0 4}"),
        ("", "x{0}y", "xy", "{1 1}"),
    ]);
}

#[test]
fn look_ahead() {
    check(&[
        ("", "foo(?=bar)", "foobaz foobar", "{7 9}"),
        ("", "foo(?!bar)", "foobar foobaz", "{7 9}"),
        ("", "(?=(?:ab)+$).*", "xabab", "{1 4}"),
        ("", "a(?=.*b(?!c))", "abc ab", "{0 0}"),
        ("A", "\\d(?=(?:\\d{3})+$)", "1234567", "{0 0} {3 3}"),
    ]);
}

#[test]
fn anchors_and_word_boundaries() {
    check(&[
        ("", "^b", "ab", ""),
        (
            "A",
            "\\m\\w",
            "one two",
            "{0 0} {1 1} {2 2} {4 4} {5 5} {6 6}",
        ),
        ("A", "\\w\\M", "one two", "{2 2} {6 6}"),
        ("A", "\\y", "ab c", "{0 -1} {1 0} {3 2}"),
        ("", "\\Yb\\Y", "abc b", "{1 1}"),
        ("", "[[:<:]]b[[:>:]]", "abc b c", "{4 4}"),
        ("", "a\\Z", "ba", "{1 1}"),
        ("", "\\Ab", "ab", ""),
    ]);
}

#[test]
fn line_modes() {
    check(&[
        ("A", "(?n)^.", "ab\ncd", "{0 0} {3 3}"),
        ("A", "(?n).$", "ab\ncd", "{1 1} {4 4}"),
        ("", "(?p)a.*", "ab\ncd", "{0 1}"),
        ("", "(?w)b$", "ab\ncd", "{1 1}"),
        ("", "a.b", "a\nb", "{0 2}"),
        ("", "(?n)a[^x]b", "a\nb", ""),
        ("a", "^c", "ab\ncd", "{3 3}"),
        ("s", "a\\Wb", "a\nb", ""),
    ]);
}

#[test]
fn case_insensitive() {
    check(&[
        ("i", "abc", "xABC", "{1 3}"),
        ("i", "[a-c]+", "xAbC", "{1 3}"),
        ("i", "[^a]", "Ab", "{1 1}"),
        ("i", "\u{e9}", "\u{c9}", "{0 0}"),
        ("i", "[[:upper:]]+", "aB1", "{0 2}"),
        ("", "(?i)stra", "STRA", "{0 3}"),
    ]);
}

#[test]
fn classes_and_brackets() {
    check(&[
        ("", "[[:alpha:]]+", "12ab3", "{2 3}"),
        ("", "[]a]+", "x]a]", "{1 3}"),
        ("", "[^]a]", "a]b", "{2 2}"),
        ("", "[a\\]]+", "x]a", "{1 2}"),
        ("", "[[.hyphen.]-9]+", "a-5", "{1 2}"),
        ("", "[[=a=]b]+", "cab", "{1 2}"),
        ("", "[\\d.]+", "v1.2.3", "{1 5}"),
        ("", "\\D\\S\\W", "a b! ", "{1 3}"),
        ("", "[a-]+", "x-a", "{1 2}"),
        ("", "[[:xdigit:]]{4}", "xyz12aF", "{3 6}"),
    ]);
}

#[test]
fn escapes() {
    check(&[
        ("", "\\x41\\u0042\\103", "ABC", "{0 2}"),
        ("", "a\\.b", "a.b", "{0 2}"),
        ("", "\\t\\n\\e", "\t\n\x1b", "{0 2}"),
        ("", "\\cA", "\x01", "{0 0}"),
        ("", "\\B", "\\", "{0 0}"),
        ("", "\\*+", "a**", "{1 2}"),
    ]);
}

#[test]
fn flavours() {
    check(&[
        ("", "***=a.c", "abca.c", "{3 5}"),
        ("", "(?q)a|b", "a|b", "{0 2}"),
        ("", "(?b)a\\{2\\}\\(b\\)", "aab", "{0 2} {2 2}"),
        ("", "(?b)a+", "a+", "{0 1}"),
        ("", "(?b)*a", "*a", "{0 1}"),
        ("", "(?e)a{2}b", "aab", "{0 2}"),
        ("", "***:(?x) a b # c", "ab", "{0 1}"),
        ("x", "a b\\ c", "ab c", "{0 3}"),
        ("", "a(?#note)*b", "aab", "{0 2}"),
    ]);
}

#[test]
fn text_beyond_ascii() {
    check(&[
        ("A", "\\w+", "\u{fc}ber \u{65e5}\u{672c}", "{0 3} {5 6}"),
        ("", ".", "\u{65e5}", "{0 0}"),
        ("", "[\u{4e00}-\u{9fff}]+", "x\u{65e5}\u{672c}y", "{1 2}"),
        ("", "^.{2}$", "\u{10f83d}\u{10fe00}", "{0 1}"),
        ("", "\u{e9}+(.)", "\u{e9}\u{e9}\u{65e5}", "{0 2} {2 2}"),
    ]);
}

#[test]
fn empty_matches() {
    check(&[
        ("A", "x*", "axb", "{0 -1} {1 1} {2 1}"),
        ("", "", "abc", "{0 -1}"),
        ("A", "$", "ab", "{2 1}"),
        ("", "()", "a", "{0 -1} {0 -1}"),
        ("", "(|a)b", "ab", "{0 1} {0 0}"),
        ("", "a|", "b", "{0 -1}"),
    ]);
}

#[test]
fn errors_are_those_of_tclsh() {
    let cases = [
        ("a\\", "REG_EESCAPE", "invalid escape \\ sequence"),
        ("a[", "REG_EBRACK", "brackets [] not balanced"),
        ("(", "REG_EPAREN", "parentheses () not balanced"),
        (")", "REG_EPAREN", "parentheses () not balanced"),
        ("a**", "REG_BADRPT", "quantifier operand invalid"),
        ("*", "REG_BADRPT", "quantifier operand invalid"),
        ("a{1", "REG_EBRACE", "braces {} not balanced"),
        ("a{2,1}", "REG_BADBR", "invalid repetition count(s)"),
        ("a{256}", "REG_BADBR", "invalid repetition count(s)"),
        ("[b-a]", "REG_ERANGE", "invalid character range"),
        ("[[:foo:]]", "REG_ECTYPE", "invalid character class"),
        ("[[.foo.]]", "REG_ECOLLATE", "invalid collating element"),
        ("\\1", "REG_ESUBREG", "invalid backreference number"),
        ("(a\\1)", "REG_ESUBREG", "invalid backreference number"),
        ("(?z)", "REG_BADOPT", "invalid embedded option"),
        ("***", "REG_BADRPT", "quantifier operand invalid"),
        ("***?x", "REG_BADPAT", "invalid regexp (reg version 0.8)"),
        ("[a-", "REG_EBRACK", "brackets [] not balanced"),
        ("\\x", "REG_EESCAPE", "invalid escape \\ sequence"),
        ("\\q", "REG_EESCAPE", "invalid escape \\ sequence"),
        ("[[:alpha:]-z]", "REG_ERANGE", "invalid character range"),
        ("(?<a)", "REG_BADRPT", "quantifier operand invalid"),
        ("(?:", "REG_EPAREN", "parentheses () not balanced"),
        ("^*", "REG_BADRPT", "quantifier operand invalid"),
        ("(a)(?=\\1)", "REG_ESUBREG", "invalid backreference number"),
    ];
    for (pattern, code, message) in cases {
        let error = Regexp::new(pattern, Flags::default()).unwrap_err();
        assert_eq!(
            (error.code_name(), error.message()),
            (code, message),
            "{pattern}"
        );
    }
}

#[test]
fn about_tells_what_tclsh_tells() {
    let cases = [
        ("a", 0, ""),
        ("(a)(b)", 2, ""),
        ("a*", 0, "REG_UEMPTYMATCH"),
        ("a*?", 0, "REG_UNONPOSIX REG_UEMPTYMATCH REG_USHORTEST"),
        ("(a)\\1", 1, "REG_UBACKREF REG_UNONPOSIX"),
        ("(?=a)b", 0, "REG_ULOOKAHEAD REG_UNONPOSIX"),
        ("a{2}", 0, "REG_UBOUNDS"),
        ("a{", 0, "REG_UBRACES REG_UUNSPEC"),
        ("[a-z]\\d", 0, "REG_UNONPOSIX REG_UUNPORT REG_ULOCALE"),
        ("\\m", 0, "REG_UNONPOSIX REG_ULOCALE REG_UEMPTYMATCH"),
        ("^$", 0, "REG_UEMPTYMATCH"),
        ("a^b", 0, "REG_UIMPOSSIBLE"),
        ("(?i)x|", 0, "REG_UNONPOSIX REG_UUNSPEC REG_UEMPTYMATCH"),
        ("[[=a=]]", 0, "REG_ULOCALE"),
        ("[\\w]", 0, "REG_UBBS REG_UNONPOSIX REG_ULOCALE"),
        (
            "(?e)\\w)",
            0,
            "REG_UBSALNUM REG_UPBOTCH REG_UNONPOSIX REG_UUNSPEC",
        ),
        ("\\m\\M", 0, "REG_UNONPOSIX REG_ULOCALE REG_UIMPOSSIBLE"),
    ];
    for (pattern, count, names) in cases {
        let regexp = Regexp::new(pattern, Flags::default()).unwrap();
        assert_eq!(
            (regexp.subexpressions(), regexp.about().join(" ").as_str()),
            (count, names),
            "{pattern}"
        );
    }
}

/// Whether there is a match, and its bounds.
fn bounds(pattern: &str, text: &str, start: usize, not_bol: bool) -> Option<(usize, usize)> {
    let regexp = Regexp::new(pattern, Flags::default()).unwrap();
    let mut captures = Vec::new();
    regexp
        .find(text, start, not_bol, 1, &mut captures, &mut || false)
        .unwrap();
    captures.first().copied().flatten()
}

#[test]
fn text_before_the_start_is_out_of_sight() {
    assert_eq!(bounds("\\mb", "ab", 1, true), Some((1, 2)));
    assert_eq!(bounds("\\Ab", "ab", 1, true), Some((1, 2)));
    assert_eq!(bounds("^b", "ab", 1, true), None);
    assert_eq!(bounds("^b", "ab", 1, false), Some((1, 2)));
    assert_eq!(bounds("", "ab", 2, true), Some((2, 2)));
    assert_eq!(bounds("a", "ab", 3, true), None);
    assert_eq!(bounds("a", "\u{e9}a", 1, true), None);
}

#[test]
fn captures_beyond_those_wanted_are_not_looked_for() {
    let regexp = Regexp::new("(a)(b)(c)", Flags::default()).unwrap();
    let mut captures = Vec::new();
    for wanted in 0..6 {
        assert_eq!(
            regexp.find("xabc", 0, false, wanted, &mut captures, &mut || false),
            Ok(true)
        );
        let all = [Some((1, 4)), Some((1, 2)), Some((2, 3)), Some((3, 4))];
        assert_eq!(captures, all[..wanted.min(4)]);
    }
}

#[test]
fn without_captures_parentheses_only_group() {
    let flags = Flags {
        no_captures: true,
        ..Flags::default()
    };
    assert_eq!(Regexp::new("(a)(b)", flags).unwrap().subexpressions(), 0);
    assert_eq!(
        Regexp::new("(a)\\1", flags).unwrap_err(),
        CompileError::Subexpression
    );
}

#[test]
fn a_plain_text_is_found_as_such() {
    let flags = Flags {
        syntax: Syntax::Literal,
        ..Flags::default()
    };
    let mut captures = Vec::new();
    let regexp = Regexp::new("a.(b", flags).unwrap();
    assert_eq!(
        regexp.find("xa.(b", 0, false, 1, &mut captures, &mut || false),
        Ok(true)
    );
    assert_eq!(captures, [Some((1, 5))]);
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| {
        Regexp::new(
            &("(".repeat(depth) + "a" + &")".repeat(depth)),
            Flags::default(),
        )
    };
    let regexp = nested(NESTING_MAX - 1).unwrap();
    let mut captures = Vec::new();
    assert_eq!(
        regexp.find("a", 0, false, usize::MAX, &mut captures, &mut || false),
        Ok(true)
    );
    assert_eq!(captures, vec![Some((0, 1)); NESTING_MAX]);
    let constraints = "(?=".repeat(NESTING_MAX - 1) + "a" + &")".repeat(NESTING_MAX - 1);
    assert_eq!(bounds(&constraints, "ba", 0, false), Some((1, 1)));
    assert_eq!(nested(NESTING_MAX).unwrap_err(), CompileError::TooBig);
    assert_eq!(nested(100_000).unwrap_err(), CompileError::TooBig);
}

#[test]
fn states_are_limited() {
    assert!(Regexp::new("(a{255}){40}", Flags::default()).is_ok());
    assert_eq!(
        Regexp::new("(a{255}){100}", Flags::default()).unwrap_err(),
        CompileError::TooBig
    );
    assert_eq!(
        Regexp::new("((((a{9}){99}){99}){99}){99}", Flags::default()).unwrap_err(),
        CompileError::TooBig
    );
    let doubling: String = (1..60)
        .map(|group| format!("(\\{group}\\{group})"))
        .collect();
    assert_eq!(
        Regexp::new(&format!("(a){doubling}"), Flags::default()).unwrap_err(),
        CompileError::TooBig
    );
}

#[test]
fn patterns_that_make_backtrackers_explode_do_not() {
    let text = "a".repeat(20_000);
    for pattern in [
        "(a*)*b",
        "(a|aa)+$",
        "(?:a|a)*c",
        "^(a?){50}a{50}$",
        "(a*)(a*)(a*)(a*)$",
        "(a+?)*?$",
    ] {
        let regexp = Regexp::new(pattern, Flags::default()).unwrap();
        let (mut captures, mut polls) = (Vec::new(), 0);
        let mut poll = || {
            polls += 1;
            polls > 100
        };
        assert!(
            regexp
                .find(&text, 0, false, usize::MAX, &mut captures, &mut poll)
                .is_ok(),
            "{pattern}"
        );
    }
}

#[test]
fn a_long_search_can_be_interrupted() {
    let text = "ab".repeat(200_000);
    for pattern in ["(a|b)*a(a|b){14}c", "(.*)(.*)\\1\\2c"] {
        let regexp = Regexp::new(pattern, Flags::default()).unwrap();
        let mut captures = Vec::new();
        let found = regexp.find(&text, 0, false, usize::MAX, &mut captures, &mut || true);
        assert_eq!(
            (found, captures.len()),
            (Err(MatchError::Interrupted), 0),
            "{pattern}"
        );
        assert_eq!(
            regexp.find("ab", 0, false, 1, &mut captures, &mut || true),
            Ok(false)
        );
    }
}

#[test]
fn a_search_from_within_poll_works() {
    let regexp = Regexp::new("(a|b)*c", Flags::default()).unwrap();
    let text = "ab".repeat(100_000);
    let mut inner = Vec::new();
    let mut poll = || {
        let mut captures = Vec::new();
        inner.push(regexp.find("abc", 0, false, 1, &mut captures, &mut || false));
        false
    };
    assert_eq!(
        regexp.find(&text, 0, false, 1, &mut Vec::new(), &mut poll),
        Ok(false)
    );
    assert!(!inner.is_empty() && inner.iter().all(|found| *found == Ok(true)));
}

#[test]
fn automata_that_outgrow_their_memory_start_afresh() {
    let mut state = 1u32;
    let text: String = (0..60_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if state >> 31 == 0 { 'a' } else { 'b' }
        })
        .collect();
    let pattern = "(?:a|b)*a(?:a|b){14}";
    let expected = text.rfind('a').map(|_| {
        (0..=text.len() - 15)
            .rev()
            .find(|at| text.as_bytes()[*at] == b'a')
            .unwrap()
            + 15
    });
    assert_eq!(
        bounds(pattern, &text, 0, false),
        expected.map(|end| (0, end))
    );
}
