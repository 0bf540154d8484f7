//! The search of all patterns at once, compared with a search for each by the regex crate.

use std::cell::RefCell;
use std::time::Instant;

use memchr::memchr;
use regex::bytes::Regex;

use super::script::Script;
use crate::core::trigger::{ConditionFacts, Firing, LineRef, LineStage, Pattern, TriggerOptions, Triggers};

/// Patterns of the kinds that the prefilter relaxes.
const PATTERNS: &[&str] = &[
    "error",
    "foo|bar",
    "^foo",
    "foo$",
    "^$",
    "^",
    "$",
    ".*",
    r"\bfoo\b",
    r"\Bo",
    r"\bé",
    r"(\d+) failed",
    r"\w+é$",
    r"\d{2,}",
    r"\d{1,3}(\.\d{1,3}){3}",
    "(?i)straße",
    "(?s)a.c",
    "(?-u)a.c",
    "[^a]+b",
    r"(?-u:[\x80-\xff])",
    r"(?-u:\bfoo\b)",
    r"(?m)^bar$",
    r"(?Rm)r$",
    r"\p{Han}+",
    "x*",
    "(a|b+)+c",
    "a??b",
    r"\s$",
    r"\S\z",
    "(x{3,}y|^o)",
    r"\b{start}f",
    r"\b{end-half}\s",
    "(?:^|-)b",
    r"[\s--\n]x",
    r"\W+",
    "[ab]{3,70}c",
    r"\r",
    r"\x{fffd}",
    r"[^\x00-\x7f]",
    "(foo|^)(bar|$)",
    r"(?-u:\xff)",
    r"assword: $",
    r"rz waiting",
];

/// Number of the sets of patterns that are compiled once.
const SETS: usize = 64;
/// Length of the longest pattern taken from the input: compiling takes most of the time.
const LONGEST: usize = 24;

/// Triggers, and the regex of each.
struct Set {
    triggers: Triggers,
    regexes: Vec<Regex>,
}

impl Set {
    /// Creates a set of the patterns that are not refused.
    fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut options, mut regexes) = (Vec::new(), Vec::new());
        for text in texts {
            match Pattern::parse(text) {
                Ok(pattern) => {
                    regexes.push(Regex::new(text).unwrap_or_else(|error| panic!("{text:?} was taken: {error}")));
                    options.push(TriggerOptions::new(pattern));
                }
                Err(fault) => assert_eq!(fault.to_string().lines().count(), 3, "pattern, caret and reason"),
            }
        }
        Self { triggers: Triggers::new(options), regexes }
    }

    /// Creates one of the sets of patterns of the table.
    fn standing(i: usize) -> Self {
        let texts = (0..1 + i % 7).map(|n| PATTERNS[(i + n * (1 + i / 7)) % PATTERNS.len()]);
        Self::new(texts)
    }
}

thread_local! {
    static STANDING: RefCell<Vec<Option<Set>>> = RefCell::new((0..SETS).map(|_| None).collect());
}

/// Checks that the triggers whose patterns match a line are those that fire, and that the search for the next line that
/// may match passes no line that does.
pub fn prefilter(input: &[u8]) {
    let mut script = Script::new(input);
    let choice = script.byte();
    if choice >= 0xf0 {
        let own = script.bytes();
        let own = String::from_utf8_lossy(&own[..own.len().min(LONGEST)]).into_owned();
        let other = script.pick(PATTERNS);
        return search(&mut Set::new([&*own, other]), script);
    }
    STANDING.with_borrow_mut(|sets| {
        let i = usize::from(choice) % SETS;
        let set = sets[i].get_or_insert_with(|| Set::standing(i));
        set.triggers.forget_lines();
        search(set, script);
    });
}

fn search(set: &mut Set, mut script: Script<'_>) {
    let repeats = if script.byte() == b'R' { 40 } else { 1 };
    let text = script.rest().repeat(repeats);
    let matching = lines(set, &text);
    let mut from = 0;
    for line in matching {
        // The lines that are found up to this one.
        let found = std::iter::from_fn(|| {
            let found = set.triggers.next_line(&text, from)?;
            from = memchr(b'\n', &text[found.end..]).map_or(text.len(), |feed| found.end + feed + 1);
            Some(found)
        });
        let at = found.map(|found| found.start).find(|start| *start >= line);
        // A block has no line behind its last line feed.
        assert!(at == Some(line) || line == text.len(), "the line at {line} matches; the search went on to {at:?}");
    }
}

/// Tries each line, and returns the starts of those that match.
fn lines(Set { triggers, regexes }: &mut Set, text: &[u8]) -> Vec<usize> {
    let (now, facts) = (Instant::now(), ConditionFacts::default());
    let (mut start, mut matching) = (0, Vec::new());
    for (id, line) in (0..).zip(text.split(|byte| *byte == b'\n')) {
        let ends = start + line.len() < text.len();
        let whole = if ends { line.strip_suffix(b"\r").unwrap_or(line) } else { line };
        let expected: Vec<_> = regexes
            .iter()
            .enumerate()
            .filter_map(|(i, regex)| regex.find(whole).map(|found| (i, found.as_bytes().to_vec())))
            .collect();
        let mut firings = Vec::new();
        let line_ref = LineRef { id, number: id, text: whole, continued: false, found: None };
        let _ = triggers.try_line(now, line_ref, LineStage::Finished, &facts, &mut firings);
        let fired: Vec<_> = firings
            .into_iter()
            .map(|firing| match firing {
                Firing::Hit(hit) => (hit.trigger, hit.captures.whole().to_vec()),
                Firing::Stopped { trigger } => panic!("trigger {trigger} has no effect that comes back"),
            })
            .collect();
        assert_eq!(fired, expected, "on {:?}", whole.escape_ascii().to_string());
        if !expected.is_empty() {
            matching.push(start);
            assert!(triggers.line_may_match(whole), "{:?} matches", whole.escape_ascii().to_string());
        }
        start += line.len() + 1;
    }
    matching
}
