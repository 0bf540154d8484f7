//! Generated everyday patterns, the same in each run: the engine of `regex_cache` must find what the regex crate
//! finds, and the prefilter must pass each line that a pattern matches.

use std::ops::Range;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestError, TestRng, TestRunner};
use regex::bytes::Regex;

use super::Pattern;
use super::prefilter::{Prefilter, PrefilterForm};
use super::regex_cache::RegexCache;

/// Part of a pattern, and texts that match it or almost match it.
type Part = (&'static str, &'static [&'static [u8]]);

const FRONTS: &[&str] = &["", "^", "(?i)", "(?i)^", "(?s)", "(?U)", r"\b", r"^\s*", ".*", "(?m)^"];
const BACKS: &[&str] = &["$", r"\b", ".*", ".*$", r"\s*$", "(?:x)?", r"\z"];
/// Forms of a part in its pattern; the part replaces the `@`.
const SHAPES: &[&str] = &["(@)", "(?:@)+", "(?:@)?", "(?:@|no)", "(yes|@)", "(?:@){1,2}", "(?:@)*?", "(?i:@)"];
const PARTS: &[Part] = &[
    ("404", &[b"404", b"40", b"04", b"44044", b"4040"]),
    ("home/", &[b"home/", b"home", b"/home/", b"hom/"]),
    (" ERROR ", &[b" ERROR ", b" error ", b"ERROR", b" ERRO ", b"  ERROR "]),
    ("error", &[b"error", b"Error", b"erro", b"errerror"]),
    ("fail(?:ed|ure)?", &[b"fail", b"failed", b"failure", b"fai"]),
    ("foo|bar|quux", &[b"foo", b"bar", b"quux", b"fobar", b"quu"]),
    ("a", &[b"a", b"aa", b"A", b"b"]),
    (": ", &[b": ", b":", b" : "]),
    (r"\.rs:", &[b".rs:", b".rs", b"rs:", b"..rs:"]),
    ("straße", &["straße".as_bytes(), b"strasse", "STRAẞE".as_bytes(), b"stra"]),
    ("日本", &["日本".as_bytes(), "日".as_bytes(), b"\xe6\x97", "日日本".as_bytes()]),
    ("[^0-9]", &[b"x", b" ", b"5", "é".as_bytes(), b"\xff", b""]),
    ("[^/]", &[b"x", b"/", "日".as_bytes(), b""]),
    ("[^/]+", &[b"user", b"u/v", b"/", "ü".as_bytes(), b"a\xffb"]),
    ("[^ ]", &[b"x", b" ", b"\t", b"\xc3"]),
    ("[^a-z]", &[b"1", b"q", b"Q", "ß".as_bytes()]),
    ("[^\"]*", &[b"", b"text", b"a\"b", "é".as_bytes()]),
    (".", &[b"x", b" ", "λ".as_bytes(), b"\xff", b""]),
    (".*", &[b"", b"any text", b"a\xffb", "日本".as_bytes()]),
    (".+?", &[b"x", b"some", b"\xff"]),
    ("[a-z]+", &[b"word", b"Word", b"w", b"1", b"a1b"]),
    ("[A-Za-z_][A-Za-z0-9_]*", &[b"name_1", b"1name", b"_", b"N"]),
    ("[0-9a-f]{4,8}", &[b"dead", b"deadbeef0", b"dea", b"beeg"]),
    (r"\d", &[b"7", b"x", "٣".as_bytes()]),
    (r"\d+", &[b"1234", b"", "٣4".as_bytes(), b"1x2"]),
    (r"\d{1,3}", &[b"12", b"1234", b""]),
    (r"(\d+)/(\d+)", &[b"3/10", b"3/", b"/10", b"3//10"]),
    (r"\w", &[b"x", "é".as_bytes(), b"-", b"\xff"]),
    (r"\w+", &[b"word", "żółć".as_bytes(), b"-", b"a-b"]),
    (r"\S+", &[b"x/y-z", "日本".as_bytes(), b" ", b"a b"]),
    (r"\s+", &[b" ", b" \t ", b"", "\u{3000}".as_bytes()]),
    (r"\s*", &[b"", b"  ", b"x"]),
    (r"\W", &[b"-", b" ", b"x", "…".as_bytes()]),
    (r"\D\d", &[b"x1", b"11", "é7".as_bytes(), b"1x"]),
    (r"\b", &[b"", b" "]),
    (r"\B", &[b"", b"x"]),
    (r"\pL+", &[b"abc", "Ω".as_bytes(), b"7"]),
    (r"\p{Greek}", &["λ".as_bytes(), b"l", b"\xce"]),
    ("[éü]", &["é".as_bytes(), "ü".as_bytes(), b"e", b"\xc3"]),
    ("(?-u:[^a])", &[b"x", b"\xff", b"a", "é".as_bytes()]),
    (r"(?-u:\xff)", &[b"\xff", b"\xfe", b"f"]),
    (r"\[\d+\]", &[b"[12]", b"[x]", b"[1", b"12]"]),
    (r"\$ ", &[b"$ ", b"$", b"# "]),
    ("-{3,}", &[b"---", b"-----", b"--"]),
];
/// Text around the texts of a line.
const NOISE: &[&[u8]] = &[b"", b"", b"", b"x", b" ", b"0", b"404", b"error", b"/", "é".as_bytes(), b"\xff", b"no yes"];

/// A pattern, and lines that match it or almost match it.
type Case = (String, Vec<Vec<u8>>);

/// Generates `none` three times out of four, else one of `all`.
fn seldom(all: &'static [&'static str], none: &'static str) -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just(none), 1 => prop::sample::select(all)]
}

fn case() -> impl Strategy<Value = Case> {
    let pieces = prop::collection::vec((prop::sample::select(PARTS), seldom(SHAPES, "@")), 1..5);
    (seldom(FRONTS, ""), pieces, seldom(BACKS, "")).prop_flat_map(|(front, pieces, back)| {
        let shaped = pieces.iter().map(|((part, _), shape)| shape.replace('@', &format!("(?:{part})")));
        let pattern = [front.to_owned(), shaped.collect(), back.to_owned()].concat();
        // The first text of a part matches it.
        let text = |texts: &'static [&'static [u8]]| prop_oneof![2 => Just(texts[0]), 1 => prop::sample::select(texts)];
        let texts: Vec<_> = pieces.iter().map(|((_, texts), _)| text(texts)).collect();
        let noise = || prop::sample::select(NOISE);
        let line =
            (noise(), texts, noise()).prop_map(|(before, texts, behind)| [before, &texts.concat(), behind].concat());
        (Just(pattern), prop::collection::vec(line, 4))
    })
}

/// Returns the ranges of the groups of the first match at or after `from`.
fn expected(regex: &Regex, line: &[u8], from: usize) -> Option<Vec<Option<Range<usize>>>> {
    let found = regex.captures_at(line, from)?;
    Some(found.iter().map(|group| group.map(|group| group.range())).collect())
}

/// Checks that the cached regex finds what `regex` finds, at the start of the line and behind each match.
fn finds_the_same(cache: &mut RegexCache, i: usize, pattern: &Pattern, regex: &Regex, line: &[u8]) -> TestCaseResult {
    let mut from = 0;
    for _ in 0..3 {
        let cached = cache.get(i, pattern).expect("the pattern compiles");
        let want = expected(regex, line, from);
        let found =
            cached.find(line, from).map(|_| (0..regex.captures_len()).map(|group| cached.group(group)).collect());
        prop_assert_eq!(&found, &want, "{} on {:?} from {}", pattern.text(), line.escape_ascii().to_string(), from);
        let Some(Some(whole)) = want.as_ref().map(|groups| &groups[0]) else { break };
        from = whole.end.max(from + 1);
        if from > line.len() {
            break;
        }
    }
    Ok(())
}

/// Checks that each matching trigger is a candidate on the line, and that the line is found in a block.
fn passes(set: &mut Prefilter, line: &[u8], matching: &[usize]) -> TestCaseResult {
    let mut candidates = Vec::new();
    set.candidates(line, &mut candidates);
    let shown = line.escape_ascii().to_string();
    prop_assert!(matching.iter().all(|i| candidates.contains(i)), "{matching:?} not in {candidates:?} on {shown:?}");
    let block = [b"\r\n", line, b"\n"].concat();
    let seen = set.next_line(&block, 2);
    prop_assert!(matching.is_empty() || seen == Some(2..2 + line.len()), "{shown:?} is passed over: {matching:?}");
    Ok(())
}

fn holds(cases: &[Case]) -> TestCaseResult {
    let patterns: Vec<Pattern> =
        cases.iter().map(|(text, _)| Pattern::parse(text.as_str()).expect("the pattern is valid")).collect();
    let regexes: Vec<Regex> = cases.iter().map(|(text, _)| Regex::new(text).expect("the pattern is valid")).collect();
    let mut cache = RegexCache::new(patterns.len());
    let members = || (0..patterns.len()).collect();
    let hirs = || patterns.iter().map(Pattern::hir);
    let mut sets = [PrefilterForm::Tight, PrefilterForm::Loose].map(|form| Prefilter::new(members(), hirs(), form));
    for (i, (_, lines)) in cases.iter().enumerate() {
        for line in lines {
            finds_the_same(&mut cache, i, &patterns[i], &regexes[i], line)?;
            let matching: Vec<usize> = (0..regexes.len()).filter(|&i| regexes[i].is_match(line)).collect();
            for set in &mut sets {
                passes(set, line, &matching)?;
            }
        }
    }
    Ok(())
}

#[test]
fn everyday_patterns_match_as_in_the_regex_crate() {
    let config =
        ProptestConfig { failure_persistence: None, cases: 130, max_shrink_iters: 64, ..ProptestConfig::default() };
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    let sixteen = prop::collection::vec(case(), 16);
    let held = TestRunner::new_with_rng(config, rng).run(&sixteen, |cases| holds(&cases));
    if let Err(TestError::Fail(reason, cases)) = &held {
        let patterns: Vec<&String> = cases.iter().map(|(text, _)| text).collect();
        panic!("{reason}, one of {patterns:?}");
    }
    assert!(held.is_ok(), "the generator has given up");
}

#[test]
fn literal_between_small_classes_is_found() {
    for (text, line, want) in [
        ("[^0-9]404[^0-9]", "a404b", 0..5),
        ("[^/]home/[^/]+/", "xhome/u/", 0..8),
        ("[^ ] ERROR .", "x ERROR y", 0..9),
        ("[^a-z]fail[^a-z]", "a 1fail2", 2..8),
        ("[^a]abc.", "abcabcd", 2..7),
    ] {
        let pattern = Pattern::parse(text).expect("the pattern is valid");
        let mut cache = RegexCache::new(1);
        let cached = cache.get(0, &pattern).expect("the pattern compiles");
        assert_eq!(cached.find(line.as_bytes(), 0), Some(want), "{text}");
    }
}
