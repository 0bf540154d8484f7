//! Generated patterns, the same in each run: the engine of `regex_cache` must find what the regex crate finds, and the
//! triggers must fire on the lines on which the patterns match, and on no other.

use std::ops::Range;
use std::time::Instant;

use memchr::memchr;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestError, TestRng, TestRunner};
use regex::bytes::Regex;

use crate::core::trigger::prefilter::PrefilterForm;
use crate::core::trigger::regex_cache::RegexCache;
use crate::core::trigger::{ConditionFacts, Firing, LineRef, LineStage, Pattern, TriggerOptions, Triggers};

/// Part of a pattern, and texts that match it or almost match it.
type Part = (&'static str, &'static [&'static [u8]]);

const FRONTS: &[&str] = &["^", "(?i)", "(?i)^", "(?s)", "(?U)", r"\b", r"^\s*", ".*", "(?m)^", "(?x)", "(?R)"];
const BACKS: &[&str] = &["$", r"\b", ".*", ".*$", r"\s*$", "(?:x)?", r"\z", "|", "|^$", "(?m:$)", "|[é中]"];
/// Forms of a part in its pattern; the part replaces the `@`.
const SHAPES: &[&str] = &[
    "(@)",
    "(?:@)+",
    "(?:@)?",
    "(?:@|no)",
    "(yes|@)",
    "(?:@|)",
    "(?:@|[a&&b])",
    "(?:@){0}",
    "(?:@){1,2}",
    "(?:@){2,}",
    "(?:@)*?",
    "(?:@)*",
    "(?i:@)",
    "(?x: @ # x\n)",
    "(?-u:@)",
    "(?sU:@)",
    r"\b(?:@)\b",
    "(?m:^(?:@)$)",
];
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
    ("[a&&b]", &[b"", b"a", b"b"]),
    (r"[^\s\S]", &[b"", b"x"]),
    (r"[\s--\n]", &[b" ", b"x", b""]),
    (r"[^\x00-\x7f]", &["é".as_bytes(), "🦀".as_bytes(), b"x", b"\xff"]),
    (r"(?-u:[\x80-\xff])", &[b"\x80", "é".as_bytes(), b"x"]),
    ("^$", &[b"", b"x"]),
    ("^", &[b"", b"x"]),
    ("$", &[b"", b"x"]),
    ("(?:^|-)b", &[b"b", b"-b", b"ab"]),
    ("(?:a$|b)", &[b"a", b"b", b"ax"]),
    (r"(?-u:\bfoo\b)", &[b"foo", "éfoo".as_bytes(), b"foox"]),
    (r"\b{start}f", &[b"f", b"xf", "éf".as_bytes()]),
    (r"\b{end-half}\s", &[b" ", b"x "]),
    (r"o\b{end}", &[b"o", b"ox", b"o-"]),
    (r"(?Rm)r$", &[b"r", b"rx"]),
    ("(?i)straße", &["STRASSE straſſe straße".as_bytes(), "STRAẞE".as_bytes()]),
    (r"\x{fffd}", &["\u{fffd}".as_bytes(), b"\xff"]),
    ("a??b", &[b"b", b"ab", b"aab", b"a"]),
    ("x{60}", &[&[b'x'; 60], &[b'x'; 59]]),
    ("[ab]{3,70}c", &[b"abac", b"abc", b"abab"]),
    (r"\d{1,3}(\.\d{1,3}){3}", &[b"1.2.3.4", b"1.2.3", b"1234.2.3.4"]),
    ("a(?:)b", &[b"ab", b"a"]),
];
/// Text around the texts of a line.
const NOISE: &[&[u8]] = &[b"", b"", b"", b"x", b" ", b"0", b"404", b"error", b"/", "é".as_bytes(), b"\xff", b"no yes"];

/// A pattern, and lines that match it or almost match it.
type Case = (String, Vec<Vec<u8>>);

/// Generates `none` three times out of four, else one of `all`.
fn seldom(all: &'static [&'static str], none: &'static str) -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just(none), 1 => prop::sample::select(all)]
}

/// Generates a pattern of up to four parts and lines for it: of the texts of its parts, the empty line, and any bytes.
fn case() -> impl Strategy<Value = Case> {
    let shapes = (seldom(SHAPES, "@"), seldom(SHAPES, "@"));
    let pieces = prop::collection::vec((prop::sample::select(PARTS), shapes), 0..5);
    (seldom(FRONTS, ""), pieces, seldom(BACKS, "")).prop_flat_map(|(front, pieces, back)| {
        let shaped = pieces.iter().map(|((part, _), (inner, outer))| {
            let inner = inner.replace('@', &format!("(?:{part})"));
            outer.replace('@', &inner)
        });
        let pattern = [front.to_owned(), shaped.collect(), back.to_owned()].concat();
        // The first text of a part matches it.
        let text = |texts: &'static [&'static [u8]]| prop_oneof![2 => Just(texts[0]), 1 => prop::sample::select(texts)];
        let texts: Vec<_> = pieces.iter().map(|((_, texts), _)| text(texts)).collect();
        let noise = || prop::sample::select(NOISE);
        let line =
            (noise(), texts, noise()).prop_map(|(before, texts, behind)| [before, &texts.concat(), behind].concat());
        let any_bytes = prop::collection::vec(any::<u8>(), 0..20)
            .prop_map(|bytes| bytes.into_iter().filter(|byte| !b"\r\n".contains(byte)).collect());
        let line = prop_oneof![9 => line, 1 => any_bytes, 1 => Just(Vec::new())];
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

/// Checks that the triggers fire on `lines` as `matching` says, and that a block of these lines shows each line that
/// matches.
fn fires(patterns: &[Pattern], form: PrefilterForm, lines: &[&[u8]], matching: &[Vec<usize>]) -> TestCaseResult {
    let mut triggers = Triggers::new(patterns.iter().cloned().map(TriggerOptions::new));
    triggers.prefilter.form = form;
    let (mut block, mut wanted) = (Vec::new(), Vec::new());
    for ((id, line), matching) in (0..).zip(lines).zip(matching) {
        let shown = line.escape_ascii().to_string();
        prop_assert!(matching.is_empty() || triggers.line_may_match(line), "{shown:?} is passed over: {matching:?}");
        let (line_ref, facts) =
            (LineRef { id, number: id, text: line, continued: false, found: None }, ConditionFacts::default());
        let mut firings = Vec::new();
        let _ = triggers.try_line(Instant::now(), line_ref, LineStage::Finished, &facts, &mut firings);
        let hits = firings.iter().map(|firing| match firing {
            Firing::Hit(hit) => hit.trigger,
            Firing::Stopped { trigger } => *trigger,
        });
        prop_assert_eq!(&hits.collect::<Vec<_>>(), matching, "on {:?}", shown);
        if !matching.is_empty() {
            wanted.push(block.len()..block.len() + line.len());
        }
        block.extend_from_slice(line);
        block.extend_from_slice(if id % 2 == 0 { b"\r\n" } else { b"\n" });
    }
    let (mut from, mut passed) = (0, Vec::new());
    while let Some(line) = triggers.next_line(&block, from) {
        from = memchr(b'\n', &block[line.end..]).map_or(block.len(), |feed| line.end + feed + 1);
        passed.push(line);
    }
    let missed = wanted.iter().find(|line| !passed.contains(line));
    prop_assert_eq!(missed.map(|line| block[line.clone()].escape_ascii().to_string()), None);
    Ok(())
}

fn holds(cases: &[Case]) -> TestCaseResult {
    // A shape that does not go with its part makes no pattern, such as an `é` in `(?-u:[^é])`.
    let valid: Vec<(Regex, &Case)> = cases.iter().filter_map(|case| Some((Regex::new(&case.0).ok()?, case))).collect();
    let parse = |(_, (text, _)): &(Regex, &Case)| Pattern::parse(text.as_str()).expect("the pattern is valid");
    let patterns: Vec<Pattern> = valid.iter().map(parse).collect();
    let mut cache = RegexCache::new(patterns.len());
    let (mut all, mut matching) = (Vec::new(), Vec::new());
    for (i, (regex, (_, lines))) in valid.iter().enumerate() {
        // Alone, since another pattern of the set may let pass what this one must.
        let own: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let alone: Vec<Vec<usize>> = own.iter().map(|line| regex.find(line).map(|_| 0).into_iter().collect()).collect();
        fires(&patterns[i..=i], PrefilterForm::Tight, &own, &alone)?;
        for line in lines {
            finds_the_same(&mut cache, i, &patterns[i], regex, line)?;
            all.push(&line[..]);
            matching.push((0..valid.len()).filter(|&i| valid[i].0.is_match(line)).collect());
        }
    }
    for form in [PrefilterForm::Tight, PrefilterForm::Loose] {
        fires(&patterns, form, &all, &matching)?;
    }
    Ok(())
}

/// Runs 2,048 patterns, or eight times the environment variable `PROPTEST_CASES`.
#[test]
fn generated_patterns_fire_where_the_regex_crate_matches() {
    let config = ProptestConfig::default();
    let cases = config.cases / 2;
    let config = ProptestConfig { failure_persistence: None, cases, max_shrink_iters: 64, ..config };
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
