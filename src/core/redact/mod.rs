//! Redaction: secrets in text are replaced by markers, by rules for well-known tokens (`builtin`) and rules of the user.
//!
//! A rule is a regex; what is hidden is its group 1, or the whole match where it has none. Rules see lines as they are
//! displayed. `line` redacts lines one after the other, which also hides the body of a private key; `stream` redacts the
//! bytes of a terminal, whose secrets may be cut and coloured. Nothing here touches what the terminal gets.

mod builtin;
mod key_block;
pub mod line;
pub(super) mod stream;
mod visible;

#[cfg(test)]
pub(crate) use builtin::samples;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex::bytes::{Regex, RegexSet};
use serde_json::Value;

/// Name of a rule of the user whose group 1 has no name.
const UNNAMED: &str = "pattern";

/// The rules of a session. Those for well-known tokens are compiled at first use.
#[derive(Debug, Default)]
pub struct Redactor {
    patterns: Vec<Rule>,
    rules: OnceLock<Rules>,
}

/// A rule.
#[derive(Clone, Debug)]
struct Rule {
    name: Cow<'static, str>,
    regex: Regex,
}

/// All rules, and the set of their regexes.
#[derive(Debug)]
struct Rules {
    set: RegexSet,
    all: Vec<Rule>,
}

/// Part of a text that is hidden, and the index of its rule.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hidden {
    range: Range<usize>,
    rule: usize,
}

/// A pattern that is no regex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedactError {
    pattern: String,
    reason: String,
}

impl Error for RedactError {}

impl fmt::Display for RedactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is not a regular expression: {}", self.pattern, self.reason)
    }
}

impl Redactor {
    /// Creates the rules: those for well-known tokens, and one for each of the user's patterns.
    pub fn new(patterns: &[String]) -> Result<Self, RedactError> {
        let rule = |pattern: &String| {
            let regex = Regex::new(pattern).map_err(|refusal| RedactError {
                pattern: pattern.clone(),
                // The last line has the reason; those before it show the pattern.
                reason: refusal.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
            })?;
            let name = regex.capture_names().nth(1).flatten().unwrap_or(UNNAMED).to_owned();
            Ok(Rule { name: name.into(), regex })
        };
        Ok(Self { patterns: patterns.iter().map(rule).collect::<Result<_, _>>()?, rules: OnceLock::new() })
    }

    fn rules(&self) -> &Rules {
        self.rules.get_or_init(|| {
            let all: Vec<Rule> = builtin::rules().chain(self.patterns.iter().cloned()).collect();
            let set = RegexSet::new(all.iter().map(|rule| rule.regex.as_str()));
            Rules { set: set.expect("each of the patterns is valid alone"), all }
        })
    }

    /// Returns the hidden parts of `text`, in order; they do not overlap.
    fn hidden(&self, text: &[u8]) -> Vec<Hidden> {
        let rules = self.rules();
        let mut found = Vec::new();
        for rule in rules.set.matches(text) {
            for captures in rules.all[rule].regex.captures_iter(text) {
                let range = captures.get(1).or_else(|| captures.get(0)).map(|part| part.range());
                found.extend(range.filter(|range| !range.is_empty()).map(|range| Hidden { range, rule }));
            }
        }
        found.sort_by_key(|hidden| (hidden.range.start, std::cmp::Reverse(hidden.range.end)));
        let mut parts: Vec<Hidden> = Vec::new();
        for hidden in found {
            match parts.last_mut().filter(|last| hidden.range.start < last.range.end) {
                Some(last) => last.range.end = last.range.end.max(hidden.range.end),
                None => parts.push(hidden),
            }
        }
        parts
    }

    /// Returns whether the patterns of the user are those of `other`.
    pub(super) fn has_patterns_of(&self, other: &Self) -> bool {
        let patterns = |redactor: &Self| redactor.patterns.iter().map(|rule| rule.regex.as_str().to_owned()).collect();
        let (own, others): (Vec<String>, Vec<String>) = (patterns(self), patterns(other));
        own == others
    }

    fn marker(&self, rule: usize) -> String {
        marker(&self.rules().all[rule].name)
    }

    /// Returns `text` with markers in place of secrets.
    pub fn redact<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let hidden = self.hidden(text);
        if hidden.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(self.part(text, &hidden, 0..text.len())) }
    }

    /// Returns the part `range` of `text`: what is hidden of `text` is not shown in the part either.
    fn part(&self, text: &[u8], hidden: &[Hidden], range: Range<usize>) -> Vec<u8> {
        let (mut out, mut at) = (Vec::new(), range.start);
        for Hidden { range: part, rule } in hidden {
            if part.end <= at || part.start >= range.end {
                continue;
            }
            out.extend_from_slice(&text[at..part.start.max(at)]);
            out.extend_from_slice(self.marker(*rule).as_bytes());
            at = part.end.min(range.end);
        }
        out.extend_from_slice(&text[at..range.end]);
        out
    }

    /// Replaces the secrets in `text`.
    pub fn redact_string(&self, text: &mut String) {
        if let Cow::Owned(redacted) = self.redact(text.as_bytes()) {
            *text = String::from_utf8_lossy(&redacted).into_owned();
        }
    }

    /// Replaces the secrets in all strings of `value`, keys excepted.
    pub fn redact_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.redact_string(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.redact_value(value)),
            Value::Object(object) => object.values_mut().for_each(|value| self.redact_value(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Returns the parts of `line` at these ranges, without what is hidden of the line.
    pub(super) fn parts_of(
        &self,
        line: &[u8],
        ranges: impl Iterator<Item = Option<Range<usize>>>,
    ) -> Vec<Option<String>> {
        let hidden = self.hidden(line);
        let part = |range| String::from_utf8_lossy(&self.part(line, &hidden, range)).into_owned();
        ranges.map(|range| range.map(part)).collect()
    }
}

/// What is redacted in a session, and by which rules.
#[derive(Clone, Debug, Default)]
pub struct Redaction {
    /// The rules.
    pub redactor: Arc<Redactor>,
    /// Whether everything that leaves the session other than by the terminal is redacted, unasked.
    pub always: bool,
}

impl Redaction {
    /// Returns the rules where everything is redacted.
    pub fn rules_if_always(&self) -> Option<Arc<Redactor>> {
        self.rules_if(false)
    }

    /// Returns the rules for an answer: where everything is redacted, or it is `wanted`.
    pub(super) fn rules_if(&self, wanted: bool) -> Option<Arc<Redactor>> {
        (self.always || wanted).then(|| Arc::clone(&self.redactor))
    }
}

/// Returns what stands in place of a secret that the rule `name` has found.
fn marker(name: &str) -> String {
    format!("[redacted:{name}]")
}

/// Returns the built-in rules, which are compiled once for all tests.
#[cfg(test)]
pub(in crate::core) fn builtin_rules() -> Arc<Redactor> {
    static RULES: std::sync::LazyLock<Arc<Redactor>> = std::sync::LazyLock::new(Arc::default);
    Arc::clone(&RULES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(patterns: &[&str], text: &str) -> String {
        let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        let redactor = Redactor::new(&patterns).expect("the patterns are valid");
        String::from_utf8(redactor.redact(text.as_bytes()).into_owned()).expect("it is text")
    }

    #[test]
    fn rules_of_user_hide_group_1_or_match() {
        for (pattern, text, expected) in [
            (r"C-\d+", "a C-12 b C-3", "a [redacted:pattern] b [redacted:pattern]"),
            (r"token (\w+)", "token abc!", "token [redacted:pattern]!"),
            (r"(?<customer>K\d+)/x", "K77/x", "[redacted:customer]/x"),
            // An empty match hides nothing, and a group that took no part leaves the match.
            ("x*", "ab", "ab"),
            ("a(b)?", "ac", "[redacted:pattern]c"),
        ] {
            assert_eq!(redacted(&[pattern], text), expected, "{pattern}");
        }
        // Overlapping parts are one.
        assert_eq!(redacted(&["abc", "bcd", "cde"], "xabcdey"), "x[redacted:pattern]y");
        let refused = Redactor::new(&["(".to_owned()]).expect_err("the pattern is wrong").to_string();
        assert!(refused.starts_with("'(' is not a regular expression: "), "{refused}");
    }

    #[test]
    fn part_of_secret_is_hidden_too() {
        let redactor = Redactor::new(&["secret".to_owned()]).expect("the pattern is valid");
        let line = b"a secret b";
        let parts = redactor.parts_of(line, [Some(0..10), Some(4..8), None, Some(5..9), Some(9..10)].into_iter());
        let mark = "[redacted:pattern]";
        let expected =
            [Some(format!("a {mark} b")), Some(mark.to_owned()), None, Some(format!("{mark} ")), Some("b".into())];
        assert_eq!(parts, expected);
    }

    #[test]
    fn strings_of_json_are_redacted() {
        let redactor = Redactor::new(&["secret".to_owned()]).expect("the pattern is valid");
        let mut value = serde_json::json!({"text": "a secret", "list": ["secret", 1, null], "number": 5});
        redactor.redact_value(&mut value);
        let mark = "[redacted:pattern]";
        assert_eq!(value, serde_json::json!({"text": format!("a {mark}"), "list": [mark, 1, null], "number": 5}));
    }
}
