//! Places in source files that captured lines name, for editors.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

/// Maximum length of the text of a line that is searched for a place, in bytes.
const SEARCHED: usize = 4096;

/// A place in a source file, and what is said about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcePlace {
    /// The file, as the line names it.
    pub file: String,
    /// The line in it, from 1; absent where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The column, from 1; absent where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// Such as error or warning; absent where the line does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// The message; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The forms in which programs name places, in the order in which they are tried: Python; panics of Rust, whose message is the
/// next line, and those before 1.73; frames of vitest; bash; perl; assert(3); rustc and its like; tsc and MSVC; gcc, go, pytest,
/// grep -n, eslint -f unix and frames of node.
const FORMS: [&str; 9] = [
    r#"^\s*File "(?<file>[^"]+)", line (?<line>\d+)(?:, (?<message>.*))?"#,
    r"\bpanicked at (?:'(?<message>.*)', )?(?<file>[^:']+):(?<line>\d+):(?<column>\d+):?$",
    r"^\s*\u{276f} (?:.* )?(?<file>[^\s:]+):(?<line>\d+):(?<column>\d+)$",
    r"^(?<file>[^\s:][^:]*): line (?<line>\d+): (?<message>.*)",
    r"^(?<message>.*) at (?<file>\S+) line (?<line>\d+)\.$",
    r"^[^\s:]+: (?<file>[^\s:]+):(?<line>\d+): (?<message>.*\bAssertion .* failed\.)$",
    r"^\s*(?:-->|:::) (?<file>.+?):(?<line>\d+):(?<column>\d+)",
    r"^(?<file>[^\s(:][^(:]*)\((?<line>\d+)(?:,(?<column>\d+))?\)\s*:\s*(?<message>.*)",
    r"^\s*(?:at (?:.*\()?)?(?:file://)?(?<file>[^\s:()\x22][^:()\x22]*):(?<line>\d+)(?::(?<column>\d+))?(?:[:)]\s*(?<message>.*))?",
];

static PATTERNS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| FORMS.iter().map(|form| Regex::new(form).expect("the forms are patterns")).collect());

static SEVERITY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:fatal |internal compiler )?(error|warning|note|info|hint)\b").expect("the pattern is valid")
});

impl SourcePlace {
    /// Returns the place that groups of a match give by the names `file`, `line`, `col`, `severity` and `message`, if there is
    /// a file among them. `group` returns the text of a group.
    pub(super) fn of_groups(group: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let number = |name| group(name).and_then(|text| text.parse().ok());
        let file = group("file").filter(|file| !file.is_empty())?;
        let (line, column, message) = (number("line"), number("col"), group("message"));
        let severity = group("severity").or_else(|| message.as_deref().and_then(severity_of));
        Some(Self { file, line, column, severity, message })
    }

    /// Returns the place that the text of a line names in a form that programs use.
    pub(super) fn in_text(text: &str) -> Option<Self> {
        let end = (0..=text.len().min(SEARCHED)).rev().find(|&end| text.is_char_boundary(end))?;
        let searched = &text[..end];
        PATTERNS.iter().filter_map(|pattern| pattern.captures(searched)).find_map(|captures| Self::of_form(&captures))
    }

    fn of_form(captures: &Captures<'_>) -> Option<Self> {
        let group = |name: &str| captures.name(name).map(|group| group.as_str().trim().to_owned());
        let place =
            Self::of_groups(|name| group(if name == "col" { "column" } else { name }).filter(|text| !text.is_empty()))?;
        // A time of day and the port of a host have the form of a place too.
        let is_file = place.file.contains(['.', '/']) || place.message.is_some();
        (is_file && !place.file.bytes().all(|byte| byte.is_ascii_digit())).then_some(place)
    }
}

/// Returns the severity with which a message begins, in lower case.
fn severity_of(message: &str) -> Option<String> {
    Some(SEVERITY.captures(message)?[1].to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Named<'a> = (&'a str, Option<u64>, Option<u64>, Option<&'a str>, Option<&'a str>);

    #[test]
    fn places_are_found_in_the_forms_of_programs() {
        let table: &[(&str, Option<Named<'_>>)] = &[
            ("src/a.c:12:5: error: x", Some(("src/a.c", Some(12), Some(5), Some("error"), Some("error: x")))),
            ("a.c:12: warning: x", Some(("a.c", Some(12), None, Some("warning"), Some("warning: x")))),
            ("./x.go:3:4: undefined: y", Some(("./x.go", Some(3), Some(4), None, Some("undefined: y")))),
            ("  --> src/main.rs:7:9", Some(("src/main.rs", Some(7), Some(9), None, None))),
            (
                "src/a b.ts(12,5): error TS2304: x",
                Some(("src/a b.ts", Some(12), Some(5), Some("error"), Some("error TS2304: x"))),
            ),
            ("  File \"/a/b.py\", line 3, in f", Some(("/a/b.py", Some(3), None, None, Some("in f")))),
            ("    at f (/a/b.js:3:14)", Some(("/a/b.js", Some(3), Some(14), None, None))),
            ("Makefile:12: *** missing", Some(("Makefile", Some(12), None, None, Some("*** missing")))),
            ("src/lib.rs:3", Some(("src/lib.rs", Some(3), None, None, None))),
            ("thread 'main' (7) panicked at src/a b.rs:2:2:", Some(("src/a b.rs", Some(2), Some(2), None, None))),
            (
                "thread 'x' panicked at 'oh: no', src/a.rs:2:2",
                Some(("src/a.rs", Some(2), Some(2), None, Some("oh: no"))),
            ),
            (" \u{276f} src/a.test.ts:5:13", Some(("src/a.test.ts", Some(5), Some(13), None, None))),
            (" \u{276f} Module.f src/a.ts:5:13", Some(("src/a.ts", Some(5), Some(13), None, None))),
            (
                "x.sh: line 2: nosuch: command not found",
                Some(("x.sh", Some(2), None, None, Some("nosuch: command not found"))),
            ),
            ("bad at x.pl line 1.", Some(("x.pl", Some(1), None, None, Some("bad")))),
            (
                "aa: a.c:3: main: Assertion `1==2' failed.",
                Some(("a.c", Some(3), None, None, Some("main: Assertion `1==2' failed."))),
            ),
            (
                "tests/test_a.py:7: AssertionError",
                Some(("tests/test_a.py", Some(7), None, None, Some("AssertionError"))),
            ),
            ("12:30:45 started", None),
            ("listening on localhost:8080", None),
            ("localhost:8080", None),
            ("error: 3 failed", None),
            ("", None),
        ];
        for (text, expected) in table {
            let place = SourcePlace::in_text(text);
            let named = place.as_ref().map(|place| {
                (&*place.file, place.line, place.column, place.severity.as_deref(), place.message.as_deref())
            });
            assert_eq!(named, *expected, "{text}");
        }
    }

    #[test]
    fn groups_of_a_pattern_name_the_place() {
        let group = |name: &str| match name {
            "file" => Some("a.c".to_owned()),
            "line" => Some("7".to_owned()),
            "col" => Some("no number".to_owned()),
            "message" => Some("Fatal error: x".to_owned()),
            _ => None,
        };
        let place = SourcePlace::of_groups(group).expect("there is a file");
        assert_eq!((place.line, place.column, place.severity.as_deref()), (Some(7), None, Some("error")));
        assert_eq!(SourcePlace::of_groups(|name| group(name).filter(|_| name != "file")), None);
    }

    #[test]
    fn long_line_is_searched_in_part() {
        let text = format!("{}a.c:1: x", "\u{e9}/".repeat(SEARCHED));
        assert_eq!(SourcePlace::in_text(&text), None);
    }
}
