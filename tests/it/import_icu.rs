//! Translated patterns of iTerm2 against ICU itself, through Debian's python3-icu.

use std::io::Write;
use std::process::{Command, Stdio};

use coshell::import::pattern::{IcuErrorKind, translate};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use regex::Regex;
use serde_json::{Value, json};

/// Number of generated patterns, each searched in [`TEXTS`] texts.
const PATTERNS: usize = 4000;
const TEXTS: usize = 4;

/// Reads pairs of a pattern and a text as JSON; prints for each the ranges of the groups, null where there is no match,
/// "fault" where ICU refuses the pattern, and "endless" where it repeats an empty match without an end.
const ORACLE: &str = r#"
import icu, json, sys
def search(pattern, text):
    try:
        matcher = icu.RegexPattern.compile(pattern, 0).matcher(text)
    except icu.ICUError:
        return "fault"
    matcher.setTimeLimit(100)
    try:
        if not matcher.find():
            return None
    except icu.ICUError:
        return "endless"
    return [[matcher.start(i), matcher.end(i)] for i in range(matcher.groupCount() + 1)]
json.dump([search(pattern, text) for pattern, text in json.load(sys.stdin)], sys.stdout)
"#;

/// Returns a Python with the module icu.
fn python() -> Option<&'static str> {
    let has_icu = |python: &&str| {
        Command::new(python)
            .args(["-c", "import icu"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let found = ["python3", "/usr/bin/python3"].into_iter().find(has_icu);
    if found.is_none() {
        eprintln!("NOT TESTED: no Python has the module icu; tests/run installs it (Debian: python3-icu)");
    }
    found
}

/// Searches each pattern in its text by ICU.
fn searched(python: &str, cases: &[(String, String)]) -> Vec<Value> {
    let mut oracle = Command::new(python)
        .args(["-c", ORACLE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python was just run");
    let mut stdin = oracle.stdin.take().expect("stdin is a pipe");
    stdin.write_all(json!(cases).to_string().as_bytes()).expect("the oracle reads all");
    drop(stdin);
    let output = oracle.wait_with_output().expect("the oracle is a child");
    serde_json::from_slice(&output.stdout).expect("the oracle writes JSON")
}

/// Returns the ranges of the groups of the first match in characters, as the oracle prints them.
fn found(regex: &Regex, text: &str) -> Value {
    let chars = |at: usize| text[..at].chars().count();
    let range = |group: Option<regex::Match<'_>>| match group {
        Some(group) => json!([chars(group.start()), chars(group.end())]),
        None => json!([-1, -1]),
    };
    regex.captures(text).map_or(Value::Null, |captures| captures.iter().map(range).collect())
}

fn one_of(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(pieces).prop_map(str::to_owned)
}

/// Generates sets, of which most are valid.
fn sets() -> impl Strategy<Value = String> {
    let item = one_of(&[
        "a",
        "b",
        "Z",
        "1",
        "é",
        "a-c",
        "0-9",
        "-",
        "&",
        "^",
        ".",
        "_",
        "*",
        "(",
        r"\d",
        r"\w",
        r"\s",
        r"\h",
        r"\S",
        r"\]",
        r"\-",
        r"\x41",
        r"\u00e9",
        r"\p{L}",
        r"\P{Lu}",
        r"\p{punct}",
        "[:alpha:]",
        "[:^digit:]",
        "[:punct:]",
        "[:xdigit:]",
        "[:word:]",
        "]",
        "\\",
        "&&",
        "--",
    ]);
    let items = prop::collection::vec(item, 0..4).prop_map(|items| items.concat());
    let leaf = ("\\^?", items).prop_map(|(not, items)| format!("[{not}{items}]"));
    leaf.prop_recursive(3, 8, 3, |inner| {
        let inner = inner.boxed();
        let operator = one_of(&["", "&&", "--", "-", "&", "a", "1-", "é"]);
        ("\\^?", inner.clone(), operator, inner)
            .prop_map(|(not, left, operator, right)| format!("[{not}{left}{operator}{right}]"))
    })
}

/// Generates patterns, of which most are valid.
fn patterns() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        6 => one_of(&["a", "b", "c", "Z", "1", "2", "é", " ", "-", "_", ":", "/", "]", "ab", "error"]),
        2 => one_of(&[".", "^", "$", r"\b", r"\B", r"\A", r"\Z", r"\z"]),
        3 => one_of(&[r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\h", r"\H", r"\v", r"\V", r"\R", r"\p{Greek}", r"\p{alnum}", r"\P{L}"]),
        2 => one_of(&[r"\x61", r"\x{e9}", r"\u0062", r"\U00000063", r"\0101", r"\t", r"\.", r"\-", r"\/", r"\]", r"\_", r"\<", r"\y"]),
        1 => one_of(&[r"\Qa.b\E", r"\Q+", "(?#note)", "(?i)", "(?-i)", "(?s)", "(?x)", "[:alpha:]", "#", "}", "(?w)", "(?d)"]),
        3 => sets(),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let inner = inner.boxed();
        prop_oneof![
            6 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            2 => (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left}|{right}")),
            3 => (one_of(&["", "?:", "?i:", "?-i:", "?x:", "?<n>", "?>", "?=", "?!", "?<!", "?s-i:"]), inner.clone())
                .prop_map(|(head, body)| format!("({head}{body})")),
            4 => (inner, one_of(&["*", "+", "?", "*?", "+?", "??", "{2}", "{1,}", "{0,2}", "{1,2}?", "*+", "++", "?+", "{1,2}+"]))
                .prop_map(|(part, times)| format!("{part}{times}")),
        ]
    })
}

/// Draws from `strategy`, in every run the same.
fn drawn<T>(strategy: &impl Strategy<Value = T>, runner: &mut TestRunner) -> T {
    strategy.new_tree(runner).expect("no value is rejected").current()
}

#[test]
fn translated_pattern_matches_as_icu_does() {
    let Some(python) = python() else { return };
    let mut runner = TestRunner::deterministic();
    let (patterns, texts) = (patterns(), "[abcZ12é \\-_:/.\\]αzA#(+y<\t]{0,8}|x?error( a1)?");
    let mut cases = Vec::new();
    for _ in 0..PATTERNS {
        let pattern = drawn(&patterns, &mut runner);
        cases.extend((0..TEXTS).map(|_| (pattern.clone(), drawn(&texts, &mut runner))));
    }
    let (mut compared, mut matched, mut refused) = (0, 0, 0);
    let mut faults = Vec::new();
    for ((pattern, text), want) in cases.iter().zip(searched(python, &cases)) {
        match translate(pattern) {
            Ok(translation) => {
                let regex = Regex::new(&translation.text);
                let regex = regex.unwrap_or_else(|error| panic!("{pattern} became {}: {error}", translation.text));
                let got = found(&regex, text);
                let groups = want.as_array().map_or(translation.groups, Vec::len);
                if want != "endless" && got != want || groups != translation.groups {
                    faults.push(format!(
                        "{pattern} became {}, and finds in {text:?} {got}, ICU {want}",
                        translation.text
                    ));
                }
                compared += 1;
                matched += usize::from(!want.is_null());
            }
            Err(error) => {
                if matches!(error.kind, IcuErrorKind::Malformed(_)) && want != "fault" {
                    faults.push(format!("{pattern}: {error}, and ICU finds {want}"));
                }
                refused += 1;
            }
        }
    }
    println!("{compared} compared, {matched} matched, {refused} refused");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults[..faults.len().min(40)].join("\n"));
    assert!(compared > PATTERNS && matched > PATTERNS / 2, "{compared} {matched} {refused}");
}
