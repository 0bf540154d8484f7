//! A trigger fires once for the same text of the same line, until the line rests with a text that it does not match.

use std::collections::{HashMap, HashSet};

use super::*;

#[test]
fn match_fires_again_after_rest_without_it() {
    for rest in [LineStage::Paused, LineStage::Settled, LineStage::Finished] {
        let mut bench = Bench::new([options("fail"), options("a")]);
        assert_eq!(bench.line(1, "fail", rest), ["0:fail", "1:a"]);
        assert_eq!(bench.line(1, "fail", rest), NONE);
        // The second trigger matches all along.
        assert_eq!(bench.line(1, "pass", rest), NONE);
        assert_eq!(bench.line(1, "fail", rest), ["0:fail"], "{rest:?}");
        assert_eq!(bench.line(2, "ok", rest), NONE);
        assert_eq!(bench.line(1, "fail", rest), NONE);
    }
}

#[test]
fn text_that_does_not_rest_loses_no_match() {
    let mut bench = Bench::new([options("fail"), TriggerOptions { instant: true, ..options("z") }]);
    assert_eq!(bench.pause(1, "fail"), ["0:fail"]);
    assert_eq!(bench.chunk(1, "fa"), NONE);
    assert_eq!(bench.chunk(1, ""), NONE);
    assert_eq!(bench.pause(1, "fail"), NONE);
    // Erased and passed by the cursor before it is drawn again.
    for blank in ["", "    "] {
        assert_eq!(bench.finish(1, blank), NONE);
        assert_eq!(bench.pause(1, "fail"), NONE);
    }
}

#[test]
fn row_that_stays_blank_has_lost_its_match() {
    for blank in ["", "   "] {
        let mut bench = Bench::new([options("fail"), options("x*")]);
        assert_eq!(bench.pause(1, "fail"), ["0:fail", "1:"]);
        assert_eq!(bench.pause(1, blank), NONE);
        assert_eq!(bench.pause(1, "fail"), ["0:fail"], "{blank:?}");
    }
}

#[test]
fn piece_of_long_line_loses_no_match() {
    let mut bench = Bench::new([options("fail")]);
    let piece = |text, continued| LineRef { id: 1, number: 1, text, continued, found: None };
    assert_eq!(bench.firings(piece(b"fail", false), LineStage::Finished).len(), 1);
    assert_eq!(bench.firings(piece(b"more", true), LineStage::Finished).len(), 0);
    bench.triggers.pass_over_finished(piece(b"more", true));
    assert_eq!(bench.firings(piece(b"fail", true), LineStage::Finished).len(), 0);
}

#[test]
fn trigger_that_is_not_tried_loses_no_match() {
    let mut bench = Bench::new([TriggerOptions { stops: true, ..options("stop") }, options("fail")]);
    assert_eq!(bench.pause(1, "fail"), ["1:fail"]);
    assert_eq!(bench.pause(1, "stop"), ["0:stop"]);
    assert_eq!(bench.pause(1, "fail"), NONE);
    assert_eq!(bench.pause(1, "pass"), NONE);
    assert_eq!(bench.pause(1, "fail"), ["1:fail"]);
    bench.triggers.set_enabled(1, false);
    assert_eq!(bench.pause(1, "pass"), NONE);
    bench.triggers.set_enabled(1, true);
    assert_eq!(bench.pause(1, "fail"), NONE);
}

#[test]
fn nothing_is_lost_before_pty_state_is_known() {
    let no_echo = TriggerOptions { when: vec![When::NoEcho], ..options("pass") };
    let mut bench = Bench::new([options("fail"), no_echo]);
    assert_eq!(bench.pause(1, "fail"), ["0:fail"]);
    assert_eq!(bench.pause(1, "pass"), NONE);
    assert_eq!(bench.tried, Tried::NeedsPtyState);
    assert_eq!(bench.pause(1, "fail"), NONE);
    bench.facts.pty_state = Some(PtyState::default());
    assert_eq!(bench.pause(1, "pass"), NONE);
    assert_eq!(bench.pause(1, "fail"), ["0:fail"]);
}

/// Patterns with matches of which none begins another, so that no match grows.
const PATTERNS: [&str; 4] = ["fail [ab]", "[fp]a", "b|pass", "^$"];
const TEXTS: [&str; 8] = ["fail a", "fail b", "pass", "fab", " ", "", "other", "x fail a pass"];
const STAGES: [LineStage; 5] =
    [LineStage::Chunk, LineStage::Paused, LineStage::Settled, LineStage::Finished, LineStage::Finished];

/// The texts that have matched since a line last rested without a match, by line and trigger.
#[derive(Default)]
struct Model(HashMap<(u64, usize), HashSet<String>>);

impl Model {
    fn fires(&mut self, line: u64, text: &str, stage: LineStage) -> Vec<String> {
        let blank = text.trim().is_empty();
        let mut fired = Vec::new();
        for (i, pattern) in PATTERNS.iter().enumerate() {
            let found = regex::Regex::new(pattern).expect("the pattern is valid").find(text);
            let known = self.0.entry((line, i)).or_default();
            match (found, stage) {
                (_, LineStage::Chunk) => {}
                (None, LineStage::Finished) if blank => {}
                (None, _) => known.clear(),
                // An empty text is tried only when it is finished.
                (Some(_), LineStage::Paused | LineStage::Settled) if text.is_empty() => {}
                (Some(found), _) if known.insert(found.as_str().to_owned()) => {
                    fired.push(format!("{i}:{}", found.as_str()));
                }
                (Some(_), _) => {}
            }
        }
        fired
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn triggers_fire_as_the_model_says(
        tries in prop::collection::vec(
            (0..3u64, any::<bool>(), prop::sample::select(&TEXTS[..]), prop::sample::select(&STAGES[..])),
            0..60,
        ),
    ) {
        let (mut bench, mut model) = (Bench::new(PATTERNS.map(options)), Model::default());
        for (id, high, text, stage) in tries {
            // Rows that no text created have large ids.
            let id = id | u64::from(high) << 63;
            let want = model.fires(id, text, stage);
            // As the output does: most finished lines that cannot match are not tried.
            if stage == LineStage::Finished && !bench.triggers.line_may_match(text.as_bytes()) {
                prop_assert!(want.is_empty());
                bench.triggers.pass_over_finished(LineRef { id, number: id, text: text.as_bytes(), continued: false, found: None });
            } else {
                prop_assert_eq!(bench.line(id, text, stage), want, "{} {:?} {:?}", id, text, stage);
            }
        }
    }
}
