//! Tables of the rules, and the prefilter against a search with each pattern.

mod generated;
mod once_a_line;

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::prefilter::PrefilterForm;
use super::*;
use crate::core::event::PtyState;
use crate::core::request::Visibility;

fn options(pattern: &str) -> TriggerOptions {
    TriggerOptions::new(Pattern::parse(pattern).expect("the pattern is valid"))
}

/// Triggers with a clock and facts of their own; a firing is shown as `index:match`.
struct Bench {
    triggers: Triggers,
    now: Instant,
    facts: ConditionFacts,
    tried: Tried,
}

impl Bench {
    fn new(options: impl IntoIterator<Item = TriggerOptions>) -> Self {
        Self {
            triggers: Triggers::new(options),
            now: Instant::now(),
            facts: ConditionFacts::default(),
            tried: Tried::Done,
        }
    }

    fn wait(&mut self, ms: u64) -> &mut Self {
        self.now += Duration::from_millis(ms);
        self
    }

    fn firings(&mut self, line: LineRef<'_>, stage: LineStage) -> Vec<Firing> {
        let mut out = Vec::new();
        self.tried = self.triggers.try_line(self.now, line, stage, &self.facts, &mut out);
        out
    }

    fn bytes(&mut self, id: u64, text: &[u8], stage: LineStage) -> Vec<String> {
        self.firings(LineRef { id, number: id, text, continued: false, found: None }, stage).iter().map(shown).collect()
    }

    fn line(&mut self, id: u64, text: &str, stage: LineStage) -> Vec<String> {
        self.bytes(id, text.as_bytes(), stage)
    }

    fn chunk(&mut self, id: u64, text: &str) -> Vec<String> {
        self.line(id, text, LineStage::Chunk)
    }

    fn pause(&mut self, id: u64, text: &str) -> Vec<String> {
        self.line(id, text, LineStage::Paused)
    }

    fn settle(&mut self, id: u64, text: &str) -> Vec<String> {
        self.line(id, text, LineStage::Settled)
    }

    fn finish(&mut self, id: u64, text: &str) -> Vec<String> {
        self.line(id, text, LineStage::Finished)
    }

    fn held_for(&self) -> Option<Duration> {
        match self.tried {
            Tried::Held { until } => Some(until - self.now),
            _ => None,
        }
    }
}

fn shown(firing: &Firing) -> String {
    match firing {
        Firing::Hit(hit) => {
            format!("{}:{}", hit.trigger, String::from_utf8_lossy(hit.captures.whole()))
        }
        Firing::Stopped { trigger } => format!("{trigger} stopped"),
    }
}

const NONE: [&str; 0] = [];

thread_local! {
    /// Time of the clock below.
    static TIME: std::cell::Cell<Duration> = const { std::cell::Cell::new(Duration::ZERO) };
}

/// A clock that each look puts forward by 100 ms.
fn costly_clock() -> Duration {
    TIME.set(TIME.get() + Duration::from_millis(100));
    TIME.get()
}

#[test]
fn searches_of_each_trigger_are_measured() {
    let mut bench = Bench::new([options("slow"), options("slow(er)?"), options("quick")]);
    bench.triggers.measure(CostClock { time: costly_clock, cpu: costly_clock });
    for id in 0..200 {
        bench.finish(id, "slow");
        // Of the time that passes, a search takes a quarter: half of it is spent between two searches.
        assert_eq!(bench.triggers.take_slow(), None);
    }
    let time = |i| bench.triggers.cost(i).time;
    assert_eq!([time(0), time(1), time(2)], [20, 20, 0].map(Duration::from_secs));
}

#[test]
fn prompt_fires_when_paused_and_not_again() {
    let mut bench = Bench::new([options("assword: $")]);
    assert_eq!(bench.chunk(1, "Password: "), NONE);
    assert_eq!(bench.pause(1, "Password: "), ["0:assword: "]);
    assert_eq!(bench.tried, Tried::Done);
    assert_eq!(bench.pause(1, "Password: "), NONE);
    assert_eq!(bench.finish(1, "Password: "), NONE);
    assert_eq!(bench.pause(2, "Password: "), ["0:assword: "]);
}

#[test]
fn match_that_can_grow_is_held() {
    let mut bench = Bench::new([options("task (.*)"), options("ask"), options(r"a\w+ ")]);
    assert_eq!(bench.pause(1, "task a"), ["1:ask", "2:ask "]);
    assert_eq!(bench.held_for(), Some(HOLD));
    assert_eq!(bench.wait(300).pause(1, "task ab"), NONE);
    assert_eq!(bench.held_for(), Some(HOLD - Duration::from_millis(300)));
    assert_eq!(bench.wait(200).settle(1, "task ab"), ["0:task ab"]);
    assert_eq!(bench.tried, Tried::Done);
    assert_eq!(bench.pause(1, "task abc"), NONE);
    assert_eq!(bench.tried, Tried::Done);
    assert_eq!(bench.finish(1, "task abcd"), NONE);
    assert_eq!(bench.pause(2, "task x"), ["1:ask", "2:ask "]);
    assert_eq!(bench.finish(2, "task xyz"), ["0:task xyz"]);
    // The text behind the match shows that the match is complete.
    let mut bench = Bench::new([options(r"\d+")]);
    assert_eq!(bench.pause(1, "12 of"), ["0:12"]);
    assert_eq!(bench.pause(2, "12"), NONE);
    assert_eq!(bench.pause(2, "123 of"), ["0:123"]);
    assert_eq!(bench.tried, Tried::Done);
}

#[test]
fn instant_trigger_is_not_held() {
    let instant = TriggerOptions { instant: true, ..options("task (.*)") };
    let mut bench = Bench::new([options("ta"), instant]);
    assert!(bench.triggers.demand().instant);
    assert_eq!(bench.chunk(1, "task a"), ["1:task a"]);
    assert_eq!(bench.chunk(1, "task ab"), NONE);
    assert_eq!(bench.pause(1, "task abc"), ["0:ta"]);
    assert_eq!(bench.pause(2, "task abc"), ["0:ta", "1:task abc"]);
    bench.triggers.set_enabled(1, false);
    assert!(!bench.triggers.demand().instant);
    assert_eq!(bench.chunk(3, "task a"), NONE);
}

#[test]
fn same_text_on_a_line_fires_once() {
    let mut bench = Bench::new([options("error: [a-z]+!|warning!")]);
    assert_eq!(bench.pause(1, "error: foo!"), ["0:error: foo!"]);
    // Redrawn, moved by inserted text, and another row.
    assert_eq!(bench.finish(1, "error: foo!"), NONE);
    assert_eq!(bench.finish(1, "$ error: foo! bar"), NONE);
    assert_eq!(bench.pause(2, "error: foo!"), ["0:error: foo!"]);
    // Overprinted, and printed as at first.
    assert_eq!(bench.pause(1, "error: bar!"), ["0:error: bar!"]);
    assert_eq!(bench.pause(1, "warning!"), ["0:warning!"]);
    assert_eq!(bench.pause(1, "error: foo!"), NONE);
    bench.triggers.forget_lines();
    assert_eq!(bench.pause(1, "error: foo!"), ["0:error: foo!"]);
}

#[test]
fn all_fires_for_every_match_of_a_line() {
    let all = |pattern| TriggerOptions { all: true, ..options(pattern) };
    let mut bench = Bench::new([all("x[0-9]"), options("x")]);
    assert_eq!(bench.finish(1, "x1 x1 x2"), ["0:x1", "0:x1", "0:x2", "1:x"]);
    assert_eq!(bench.finish(1, "x1 x1 x2"), NONE);
    assert_eq!(bench.finish(1, "x1 x1 x1 x2"), ["0:x1"]);
    let many = "x5".repeat(1000);
    assert_eq!(bench.finish(2, &many).len(), 256 + 1);
    // Only the match at the end is held.
    let mut bench = Bench::new([all("x[0-9]+")]);
    assert_eq!(bench.pause(1, "x1 x2"), ["0:x1"]);
    assert!(bench.held_for().is_some());
    assert_eq!(bench.finish(1, "x1 x23"), ["0:x23"]);
}

#[test]
fn empty_match_fires_once() {
    for pattern in ["", "q*", "q|", r"\b", "$"] {
        for all in [false, true] {
            let mut bench = Bench::new([TriggerOptions { all, ..options(pattern) }]);
            assert_eq!(bench.finish(1, "ab cd"), ["0:"], "{pattern} {all}");
            assert_eq!(bench.finish(1, "ab cd e"), NONE, "{pattern} {all}");
        }
    }
    let mut bench = Bench::new([TriggerOptions { all: true, ..options("x*") }]);
    assert_eq!(bench.finish(1, "axxbx"), ["0:", "0:xx", "0:x"]);
    let mut bench = Bench::new([TriggerOptions { all: true, ..options("(?:.*q|)") }]);
    assert_eq!(bench.finish(1, &"a".repeat(5000)), ["0:"]);
}

#[test]
fn empty_line_is_tried_when_finished() {
    let mut bench = Bench::new([options("^$"), TriggerOptions { instant: true, ..options("^.*$") }]);
    assert_eq!(bench.chunk(1, ""), NONE);
    assert_eq!(bench.pause(1, ""), NONE);
    assert_eq!(bench.settle(1, ""), NONE);
    assert_eq!(bench.finish(1, ""), ["0:", "1:"]);
}

#[test]
fn empty_line_may_match_where_a_pattern_takes_it() {
    for (pattern, may) in [
        ("^$", true),
        ("x*", true),
        (r"^\s*$", true),
        ("foo|", true),
        ("^$|[é中]", true),
        ("x*|[a&&b]", true),
        ("x", false),
        ("^.$", false),
        ("[a&&b]", false),
    ] {
        let mut bench = Bench::new([options("error"), options(pattern)]);
        assert_eq!(bench.triggers.line_may_match(b""), may, "{pattern}");
        bench.triggers.set_enabled(1, false);
        assert!(!bench.triggers.line_may_match(b""), "{pattern} is off");
    }
}

#[test]
fn stop_ends_the_tries_on_a_line() {
    let stop = |pattern| TriggerOptions { stops: true, ..options(pattern) };
    let mut bench = Bench::new([options("a"), stop("b"), options("c")]);
    assert_eq!(bench.finish(1, "abc"), ["0:a", "1:b"]);
    assert_eq!(bench.finish(2, "ac"), ["0:a", "2:c"]);
    // A match that is still present stops the later triggers.
    assert_eq!(bench.pause(3, "abc"), ["0:a", "1:b"]);
    assert_eq!(bench.finish(3, "abc"), NONE);
    assert_eq!(bench.finish(3, "ac"), ["2:c"]);
    let mut bench = Bench::new([TriggerOptions { once: true, ..stop("b") }, options("c")]);
    assert_eq!(bench.pause(1, "bc"), ["0:b"]);
    assert_eq!(bench.finish(1, "bc"), NONE);
    assert_eq!(bench.finish(2, "bc"), ["1:c"]);
    // A held match does not stop the others.
    let mut bench = Bench::new([stop("b+"), options("c")]);
    assert_eq!(bench.pause(1, "cb"), ["1:c"]);
    assert_eq!(bench.settle(1, "cb"), ["0:b"]);
    // A trigger that does not fire does not stop.
    let mut bench = Bench::new([TriggerOptions { when: vec![When::Coproc], ..stop("b") }, options("c")]);
    assert_eq!(bench.finish(1, "bc"), ["1:c"]);
}

#[test]
fn once_fires_once_in_a_session() {
    let once = TriggerOptions { once: true, all: true, ..options("x[0-9]") };
    let mut bench = Bench::new([once]);
    assert_eq!(bench.finish(1, "x1 x2"), ["0:x1"]);
    assert_eq!(bench.finish(1, "x3"), NONE);
    assert_eq!(bench.finish(2, "x1"), NONE);
    bench.triggers.forget_lines();
    assert_eq!(bench.finish(1, "x1"), NONE);
}

#[test]
fn cooldown_drops_matches() {
    let cooled = TriggerOptions { cooldown: Some(Duration::from_secs(5)), all: true, ..options("x[0-9]") };
    let mut bench = Bench::new([cooled]);
    assert_eq!(bench.finish(1, "x1 x2"), ["0:x1", "0:x2"]);
    assert_eq!(bench.wait(4999).pause(2, "x1"), NONE);
    // A match dropped in the cooldown does not fire later.
    assert_eq!(bench.wait(1).finish(2, "x1"), NONE);
    assert_eq!(bench.finish(3, "x1"), ["0:x1"]);
}

#[test]
fn running_coprocess_keeps_others_from_starting() {
    let starts = |pattern| TriggerOptions { starts: Some(Visibility::Visible), ..options(pattern) };
    let mut bench = Bench::new([starts("rz"), options("r")]);
    bench.facts.coproc = true;
    assert_eq!(bench.pause(1, "rz"), ["1:r"]);
    bench.facts.coproc = false;
    assert_eq!(bench.finish(1, "rz"), NONE);
    assert_eq!(bench.finish(2, "rz"), ["0:rz", "1:r"]);
    // One try does not start two.
    let mut bench = Bench::new([TriggerOptions { all: true, ..starts("a") }, starts("b"), options("c")]);
    assert_eq!(bench.finish(1, "abca"), ["0:a", "2:c"]);
    assert_eq!(bench.finish(1, "abca"), NONE);
}

#[test]
fn pty_state_is_requested_only_when_needed() {
    let with = |pattern, when| TriggerOptions { when, ..options(pattern) };
    let job = || When::Job("ssh".to_owned());
    let mut bench = Bench::new([
        options("word"),
        with("assword", vec![When::NoEcho]),
        with("host", vec![When::AltScreen, job()]),
        TriggerOptions { stops: true, ..with("end", vec![job()]) },
    ]);
    assert_eq!(bench.pause(1, "host"), NONE);
    assert_eq!(bench.tried, Tried::Done);
    for _ in 0..3 {
        assert_eq!(bench.pause(2, "password"), NONE);
        assert_eq!(bench.tried, Tried::NeedsPtyState);
        assert_eq!(bench.triggers.cost(0), Cost::default());
    }
    bench.facts.pty_state = Some(PtyState::default());
    assert_eq!(bench.pause(2, "password"), ["0:word"]);
    assert_eq!(bench.tried, Tried::Done);
    // A condition that did not hold may hold at the next try.
    bench.facts.no_echo = true;
    assert_eq!(bench.finish(2, "password"), ["1:assword"]);
    // A match that has fired needs no pty state.
    bench.facts.pty_state = None;
    assert_eq!(bench.finish(2, "password"), NONE);
    assert_eq!(bench.tried, Tried::Done);
    let cost = bench.triggers.cost(1);
    assert_eq!((cost.fired, cost.tried), (1, 3));
}

#[test]
fn pty_state_is_not_requested_behind_a_stop() {
    let stop = TriggerOptions { stops: true, ..options("a") };
    let asks = TriggerOptions { when: vec![When::NoEcho], ..options("b") };
    let mut bench = Bench::new([stop, asks]);
    assert_eq!(bench.finish(1, "ab"), ["0:a"]);
    assert_eq!(bench.tried, Tried::Done);
    assert_eq!(bench.finish(2, "b"), NONE);
    assert_eq!(bench.tried, Tried::NeedsPtyState);
}

#[test]
fn loop_is_stopped() {
    let mut bench = Bench::new([TriggerOptions { all: true, ..options("x") }, options("y")]);
    for line in 0..20 {
        assert_eq!(bench.wait(50).finish(line, "xxx").len(), 3, "{line}");
        bench.triggers.acted(0);
    }
    assert_eq!(bench.wait(50).finish(20, "xxx y"), ["0 stopped", "1:y"]);
    assert!(bench.triggers.is_stopped(0, bench.now) && bench.triggers.options(0).enabled);
    assert_eq!(bench.wait(5000).finish(21, "x"), NONE);
    bench.triggers.set_enabled(0, true);
    assert!(!bench.triggers.is_stopped(0, bench.now));
    assert_eq!(bench.finish(22, "x"), ["0:x"]);
    // A trigger that fires on and on along its line is a loop too.
    let mut bench = Bench::new([TriggerOptions { all: true, ..options("x ") }]);
    let stopped = (1..30).find(|&n| {
        bench.triggers.acted(0);
        bench.wait(50).pause(1, &"x ".repeat(n)) == ["0 stopped"]
    });
    assert_eq!(stopped, Some(21));
}

/// Returns triggers of which the loop guard has just stopped the only one, on lines below 30.
fn stopped(options: TriggerOptions) -> Bench {
    let mut bench = Bench::new([options]);
    let mut shown = Vec::new();
    for line in 0..30 {
        bench.triggers.acted(0);
        shown.extend(bench.finish(line, "x"));
    }
    assert_eq!((shown.len(), shown.last().map(String::as_str)), (21, Some("0 stopped")));
    bench
}

#[test]
fn stopped_trigger_fires_after_a_pause_in_its_matches() {
    let pause = GUARD_PAUSE.as_millis() as u64;
    let mut bench = stopped(options("x"));
    assert_eq!(bench.wait(pause - 1).finish(30, "x"), NONE);
    assert_eq!(bench.wait(pause - 1).finish(31, "x"), NONE);
    // Other lines are no matches, and a match seen before does not count.
    assert_eq!(bench.wait(pause / 2).finish(32, "y"), NONE);
    assert_eq!(bench.finish(31, "x"), NONE);
    assert_eq!(bench.wait(pause / 2).finish(31, "x"), NONE);
    assert_eq!(bench.finish(33, "x"), ["0:x"]);
    assert!(!bench.triggers.is_stopped(0, bench.now));
}

#[test]
fn match_that_cannot_fire_does_not_prolong_a_stop() {
    let pause = GUARD_PAUSE.as_millis() as u64;
    let mut bench = stopped(TriggerOptions { when: vec![When::NoAltScreen], ..options("x") });
    bench.facts.alt_screen = true;
    assert_eq!(bench.wait(pause / 2).finish(30, "x"), NONE);
    bench.facts.alt_screen = false;
    assert_eq!(bench.wait(pause / 2).finish(31, "x"), ["0:x"]);
}

#[test]
fn burst_without_an_act_is_no_loop() {
    let mut bench = Bench::new([options("x")]);
    assert!((0..1000).all(|line| bench.finish(line, "x") == ["0:x"]));
}

#[test]
fn disabled_trigger_is_not_tried() {
    let mut bench = Bench::new([TriggerOptions { enabled: false, ..options("x") }, options("y")]);
    assert_eq!(bench.finish(1, "x"), NONE);
    assert!(!bench.triggers.block_may_match(b"x\nx\n"));
    bench.triggers.set_enabled(0, true);
    assert!(bench.triggers.block_may_match(b"x\nx\n"));
    assert_eq!(bench.finish(2, "xy"), ["0:x", "1:y"]);
    bench.triggers.set_enabled(1, false);
    assert_eq!(bench.finish(3, "xy"), ["0:x"]);
    let mut none = Bench::new([]);
    assert!(none.triggers.is_empty() && !none.triggers.block_may_match(b"x\n"));
    assert_eq!(none.finish(1, "x"), NONE);
}

#[test]
fn continued_piece_has_no_start() {
    let mut bench = Bench::new([options("^a(b)"), options("ab$"), options("(?-m)^"), options("(c)d")]);
    let piece = |text, continued| LineRef { id: 1, number: 1, text, continued, found: None };
    let shown = |firings: Vec<Firing>| firings.iter().map(shown).collect::<Vec<_>>();
    assert_eq!(shown(bench.firings(piece(b"cd ab", true), LineStage::Finished)), ["1:ab", "3:cd"]);
    assert_eq!(shown(bench.firings(piece(b"ab", true), LineStage::Finished)), NONE);
    let firings = bench.firings(piece(b"ab", false), LineStage::Finished);
    let Firing::Hit(hit) = &firings[0] else { panic!("the first trigger fires") };
    assert_eq!((hit.captures.start(), hit.captures.group(1)), (0, Some(&b"b"[..])));
    assert_eq!(shown(firings), ["0:ab", "2:"]);
    let mut bench = Bench::new([options("(?:^|-)(a)")]);
    let firings = bench.firings(piece(b"ab-a", true), LineStage::Finished);
    let Firing::Hit(hit) = &firings[0] else { panic!("the trigger fires") };
    assert_eq!((hit.captures.range(0), hit.captures.range(1)), (Some(2..4), Some(3..4)));
    assert_eq!(&*hit.line, b"ab-a");
}

#[test]
fn invalid_utf8_is_matched() {
    let mut bench = Bench::new([options(r"(?-u:\xff+)!"), options("a.b"), options(r"\bfoo\b")]);
    assert_eq!(bench.bytes(1, b"\x80\xff\xff!", LineStage::Finished).len(), 1);
    assert_eq!(bench.bytes(2, b"a\xe4\xb8b foo", LineStage::Finished), ["2:foo"]);
    assert_eq!(bench.line(3, "a中b éfoo", LineStage::Finished), ["1:a中b"]);
}

#[test]
fn next_line_finds_lines_of_a_block() {
    // The first has no literal that is searched for, the second is one.
    let mut bench = Bench::new([options("^f[o0][o0]$"), options("bar")]);
    let block = b"foox\r\nfoo\r\nx bar y\nnone\n\nfoo";
    let mut lines = Vec::new();
    let mut from = 0;
    while let Some(line) = bench.triggers.next_line(block, from) {
        lines.push(&block[line.clone()]);
        from = line.end + memchr::memchr(b'\n', &block[line.end..]).map_or(0, |feed| feed + 1);
        if from == line.end {
            break;
        }
    }
    assert_eq!(lines, [&b"foo"[..], b"x bar y", b"foo"]);
    assert!(!bench.triggers.block_may_match(b"foox\nxfoo\r\n"));
    assert!(!bench.triggers.block_may_match(b""));
    let long = [&b"no\r\n".repeat(20_000)[..], b"foo"].concat();
    assert_eq!(bench.triggers.next_line(&long, 0), Some(80_000..80_003));
    let mut bench = Bench::new([options("^$")]);
    assert_eq!(bench.triggers.next_line(b"a\r\n\r\nb", 0), Some(3..3));
    assert_eq!(bench.triggers.next_line(b"a\nb\n", 0), None);
}

#[test]
fn two_thousand_patterns_are_searched_at_once() {
    let kinds = ["error E%:", r"\bword%\b", r"(\d+) failed in (\w+)%$", r"^%\s+(\S+)", "(?i)Timeout%"];
    let pattern = |n: usize| kinds[n % kinds.len()].replace('%', &n.to_string());
    let mut bench = Bench::new((0..2000).map(|n| options(&pattern(n))));
    assert!(!bench.triggers.block_may_match("nothing 日本 here\r\nerror E1:\n".as_bytes()));
    for (text, want) in [
        ("error E1995:", "1995:error E1995:"),
        ("é word1996 ", "1996:word1996"),
        ("12 failed in tests1997", "1997:12 failed in tests1997"),
        ("1998  x", "1998:1998  x"),
        ("TIMEOUT1999", "1999:TIMEOUT1999"),
    ] {
        assert!(bench.triggers.block_may_match(format!("x\n{text}\n").as_bytes()));
        assert!(bench.finish(text.len() as u64, text).contains(&want.to_owned()), "{text}");
    }
}

#[test]
fn overload_makes_the_prefilter_loose() {
    // Without literals, so that all are in the automaton.
    let spaced =
        |n: usize, gap: &str| format!("{n:03}").chars().map(|digit| format!("{gap}{digit}")).collect::<String>();
    let pattern = |n| format!("w{0} .*X{0}", spaced(n, "[_-]"));
    let mut bench = Bench::new((0..300).map(|n| options(&pattern(n))));
    let word = |n: usize, k: usize| format!("w{} ", spaced((n * 7919 + k * k * 104_729) % 300, "_"));
    let line = |n: usize| (0..12).map(|k| word(n, k)).collect::<String>();
    let strained = (0..5000).find(|&n| {
        bench.triggers.prepare();
        assert!(
            !bench.triggers.block_may_match(line(n).as_bytes())
                || bench.triggers.prefilter.form == PrefilterForm::Loose
        );
        bench.triggers.prefilter.form == PrefilterForm::Loose
    });
    assert!(strained.is_some());
    assert_eq!(bench.finish(1, "w_0_0_7 w_0_0_8 X_0_0_8"), ["8:w_0_0_8 X_0_0_8"]);
}

#[test]
fn words_common_in_the_text_cost_few_searches() {
    let mut bench = Bench::new((0..100).map(|n| options(&format!(r"(?i)\bwarning\b.*\bv{n}\b"))));
    for n in 0..2000 {
        let line = format!("12:07 WARNING queue request {n} answered");
        assert!(!bench.triggers.line_may_match(line.as_bytes()) || bench.finish(n, &line).is_empty());
        bench.triggers.prepare();
    }
    // Those on the first lines, after which the word is given up.
    let tried: u64 = (0..100).map(|i| bench.triggers.cost(i).tried).sum();
    assert!(tried < 1000, "{tried} searches by own regexes");
    assert_eq!(bench.finish(9999, "Warning: v7"), ["7:Warning: v7"]);
}

#[test]
fn matches_are_found_while_a_better_prefilter_is_prepared() {
    // The second choice of each has no literal in common with the others.
    let mut bench = Bench::new((0..2000).map(|n| options(&format!("request queue .* v{n}="))));
    bench.triggers.prepare_all();
    let mut replaced = 0;
    for n in 0..40 {
        let line = format!("request queue {n} v{n}=");
        assert!(bench.triggers.line_may_match(line.as_bytes()));
        assert_eq!(bench.finish(n, &line), [format!("{n}:{line}")]);
        assert!(bench.triggers.is_prepared(), "lines do not wait");
        replaced += usize::from(bench.triggers.is_preparing());
        bench.triggers.prepare();
    }
    assert!(replaced > 1, "{replaced} lines are searched while the tables of 2,000 literals are built");
    assert!(!bench.triggers.is_preparing());
    let tried: u64 = (0..2000).map(|i| bench.triggers.cost(i).tried).sum();
    assert!(tried < 40 * 2000, "the common literal is given up: {tried} searches by own regexes");
}

/// Parts that make a pattern bad though its syntax is right, and parts to stand around them.
const RISKS: &[&str] = &[
    "(?-u)",
    "(?-u:",
    "( ?-u:",
    "(?x)",
    "(?i-u)",
    "(?u)",
    "\\pL",
    "\\pX",
    "\\P{Han}",
    "\\p{No}",
    "\\w",
    "\\W",
    "[^a]",
    "é",
    "a",
    "[",
    "]",
    "[é]",
    "(",
    ")",
    "?",
    "-u",
    "{2}",
    "{9999}",
    "(?<u>",
    "\\xff",
    "\\u{e9}",
    ".",
    "\\b",
    "[[:^alpha:]]",
    " ",
    "|",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn checked_pattern_has_no_later_fault(
        parts in prop::collection::vec(prop::sample::select(RISKS), 0..8),
    ) {
        if let Ok(pattern) = Pattern::parse(parts.concat()) {
            let _ = (pattern.info().can_grow, pattern.search("aé".as_bytes()));
            Bench::new([TriggerOptions::new(pattern)]).finish(1, "aé");
        }
    }

    #[test]
    fn any_text_parses_or_is_refused(text in "(\\PC|[(){}\\[\\]|*+?^$.\\\\,0-9a-z<>:&-]){0,24}") {
        match Pattern::parse(&text) {
            Ok(pattern) => {
                let _ = pattern.search(b"abc 123");
                let mut bench = Bench::new([TriggerOptions::new(pattern)]);
                bench.finish(1, "abc 123");
            }
            Err(fault) => prop_assert_eq!(fault.to_string().lines().count(), 3),
        }
        let pattern = Pattern::parse("(?<a>x)(y)").expect("the pattern is valid");
        let _ = (Template::parse(&text, &pattern), Template::parse_escaped(&text, &pattern));
    }
}
