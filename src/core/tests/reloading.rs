//! A configuration that is read again while the session runs.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::core::request::{OptionArg, Options, TriggerRequest};
use crate::core::response::{Response, TriggerResponse};
use crate::core::trigger::definition::TriggerDef;

/// A trigger of a configuration: its pattern, and its options as `name=value`.
type Written<'a> = (&'a str, &'a [&'a str]);

fn definition((regex, options): Written<'_>) -> TriggerDef {
    let option = |written: &&str| {
        let (name, value) = written.split_once('=').unwrap_or((written, ""));
        OptionArg { name: name.to_owned().into(), value: value.to_owned() }
    };
    let options = options.iter().map(option).collect();
    let definition = TriggerDef::new(regex.to_owned(), options).unwrap_or_else(|error| panic!("{error}"));
    TriggerDef { is_configured: true, ..definition }
}

/// Returns the settings of a configuration with these triggers, and `argv` for its options.
fn configured(argv: &[&str], triggers: &[Written<'_>]) -> Box<Settings> {
    let argv: Vec<_> = std::iter::once("coshell").chain(argv.iter().copied()).map(OsString::from).collect();
    let args = cli::parse_session(argv).unwrap_or_else(|error| panic!("{error}"));
    let mut settings = config::settings(args, &Environment::default()).unwrap_or_else(|error| panic!("{error}"));
    settings.triggers = triggers.iter().map(|written| definition(*written)).collect();
    Box::new(settings)
}

impl Bench {
    /// Starts with these triggers in the configuration.
    fn configured(argv: &[&str], triggers: &[Written<'_>]) -> Self {
        let mut bench = Self::new(argv);
        bench.reload(argv, triggers).wait(100);
        bench.shown.clear();
        bench
    }

    fn configure(&mut self, configured: Configured) -> &mut Self {
        let mut effects = Vec::new();
        self.core.configure(self.now, configured, &mut effects);
        self.effects.append(&mut effects);
        self.drain();
        self
    }

    fn reload(&mut self, argv: &[&str], triggers: &[Written<'_>]) -> &mut Self {
        self.configure(Ok(configured(argv, triggers)))
    }

    fn answer_to(&mut self, request: Request) -> Response {
        let id = RequestId(77);
        self.input(Input::Request(id, request, Requester::default()));
        let answer = self.effects.iter().position(|effect| matches!(effect, Effect::Answer(to, _) if *to == id));
        match self.effects.remove(answer.expect("the request is answered")) {
            Effect::Answer(_, Ok(response)) => response,
            other => panic!("{other:?}"),
        }
    }

    fn triggers(&mut self) -> Vec<TriggerResponse> {
        match self.answer_to(Request::Trigger(TriggerRequest::List { toml: false })) {
            Response::TriggerList(list) => list.triggers,
            other => panic!("{other:?}"),
        }
    }

    /// Returns number, pattern and number of firings of each trigger, in order.
    fn counts(&mut self) -> Vec<(usize, String, u64)> {
        self.triggers()
            .into_iter()
            .map(|trigger| (trigger.number, trigger.regex.unwrap_or_default(), trigger.fired))
            .collect()
    }

    /// Returns the text on the screen with single blanks.
    fn text(&self) -> String {
        let lines = self.lines().join(" ");
        lines.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn client_adds(&mut self, regex: &str) -> &mut Self {
        let bell = OptionArg { name: "bell".into(), value: String::new() };
        self.answer_to(Request::Trigger(TriggerRequest::Add {
            regex: Some(regex.to_owned()),
            event: None,
            options: Options(vec![bell]),
        }));
        self
    }
}

fn listed(all: &[(usize, &str, u64)]) -> Vec<(usize, String, u64)> {
    all.iter().map(|&(number, regex, fired)| (number, regex.to_owned(), fired)).collect()
}

#[test]
fn trigger_keeps_its_state_and_number_by_name_or_definition() {
    let first: &[Written<'_>] = &[("a", &["bell", "name=n"]), ("b", &["bell"]), ("c", &["bell"])];
    let mut bench = Bench::configured(&[], first);
    bench.shell(b"a b c\r\nb\r\n");
    assert_eq!(bench.counts(), listed(&[(1, "a", 1), (2, "b", 2), (3, "c", 1)]));
    // The order changes, the pattern of the named trigger too; one is new, one is gone.
    bench.reload(&[], &[("d", &["bell"]), ("b", &["bell"]), ("A", &["bell", "name=n"])]);
    assert_eq!(bench.counts(), listed(&[(4, "d", 0), (2, "b", 2), (1, "A", 1)]));
    bench.shell(b"A a b c d\r\n");
    assert_eq!(bench.counts(), listed(&[(4, "d", 1), (2, "b", 3), (1, "A", 2)]));
    // Other options of a trigger without a name make it another one.
    bench.reload(&[], &[("b", &["bell", "all"]), ("A", &["bell", "name=n"])]);
    assert_eq!(bench.counts(), listed(&[(5, "b", 0), (1, "A", 2)]));
}

#[test]
fn spent_cooling_and_disabled_triggers_stay_so() {
    let all: &[Written<'_>] = &[
        ("o", &["send=1", "once"]),
        ("c", &["send=2", "cooldown=1h"]),
        ("d", &["send=3", "name=d"]),
        ("e", &["send=4", "name=e", "enabled=false"]),
    ];
    let mut bench = Bench::configured(&[], all);
    for (trigger, on) in [("d", false), ("e", true)] {
        let trigger = trigger.to_owned();
        let request = if on { TriggerRequest::Enable { trigger } } else { TriggerRequest::Disable { trigger } };
        bench.answer_to(Request::Trigger(request));
    }
    bench.shell(b"o c d e\r\n");
    assert_eq!(bench.typed, b"124");
    bench.reload(&[], all).shell(b"o c d e\r\n");
    assert_eq!(bench.typed, b"1244");
    // A definition that says otherwise than before counts.
    let last: &[Written<'_>] = &[
        ("o", &["send=1"]),
        ("d", &["send=3", "name=d", "enabled=true", "all"]),
        ("e", &["send=4", "name=e", "enabled=true"]),
    ];
    bench.reload(&[], last).shell(b"o d e\r\n");
    assert_eq!(bench.typed, b"124414", "d is off by the client still, and o without once is another trigger");
    bench.reload(&[], &[("d", &["send=3", "name=d", "enabled=false"])]);
    bench.reload(&[], &[("d", &["send=3", "name=d"])]).shell(b"d\r\n");
    assert_eq!(bench.typed, b"1244143");
}

#[test]
fn colours_follow_the_configuration() {
    let red: (&str, &[&str]) = ("ERR", &["name=a", "highlight=red", "once"]);
    let blue: (&str, &[&str]) = ("ERR", &["name=a", "highlight=blue"]);
    let mut bench = Bench::configured(&[], &[red]);
    let coloured = |bench: &mut Bench, triggers: Option<&[Written<'_>]>| {
        triggers.iter().for_each(|triggers| _ = bench.reload(&[], triggers).wait(100));
        bench.shown.clear();
        bench.shell(b"ERR\r\n");
        bench.shown.escape_ascii().to_string()
    };
    for (triggers, want) in [
        (None, r"\x1b[31mERR\x1b[39m\r\n"),
        (Some(&[red][..]), r"ERR\r\n"),
        (Some(&[blue]), r"\x1b[34mERR\x1b[39m\r\n"),
        (Some(&[red]), r"\x1b[31mERR\x1b[39m\r\n"),
        (None, r"ERR\r\n"),
        (Some(&[]), r"ERR\r\n"),
    ] {
        assert_eq!(coloured(&mut bench, triggers), want, "{triggers:?}");
    }
}

#[test]
fn match_that_was_seen_does_not_fire_again_after_reload() {
    let all: &[Written<'_>] = &[("ready", &["send=x", "name=n"])];
    let mut bench = Bench::configured(&[], all);
    bench.shell(b"ready").wait(100);
    assert_eq!(bench.typed, b"x");
    bench.reload(&[], &[("new", &["bell"]), all[0]]).shell(b" \r\n").wait(100);
    assert_eq!(bench.typed, b"x");
    // Another pattern has seen nothing.
    bench.shell(b"ready").wait(100).reload(&[], &[("rea", &["send=x", "name=n"])]).shell(b" \r\n").wait(100);
    assert_eq!(bench.typed, b"xxx");
}

#[test]
fn triggers_of_command_line_and_clients_stay_behind_those_of_the_configuration() {
    let mut bench = Bench::configured(&["-t", "line", "--bell"], &[("a", &["bell"])]);
    bench.client_adds("client");
    assert_eq!(bench.counts(), listed(&[(2, "a", 0), (1, "line", 0), (3, "client", 0)]));
    bench.reload(&[], &[("b", &["bell"]), ("a", &["bell"])]);
    assert_eq!(bench.counts(), listed(&[(4, "b", 0), (2, "a", 0), (1, "line", 0), (3, "client", 0)]));
    bench.client_adds("later").reload(&[], &[]);
    assert_eq!(bench.counts(), listed(&[(1, "line", 0), (3, "client", 0), (5, "later", 0)]));
}

#[test]
fn order_decides_which_trigger_stops_the_others() {
    let (stop, other): (Written<'_>, Written<'_>) = (("x", &["stop"]), ("x", &["send=1"]));
    let mut bench = Bench::configured(&[], &[stop, other]);
    bench.shell(b"x\r\n").reload(&[], &[other, stop]).shell(b"x\r\n").reload(&[], &[stop, other]).shell(b"x\r\n");
    assert_eq!(bench.typed, b"1");
}

#[test]
fn configuration_with_a_fault_changes_nothing() {
    let mut bench = Bench::configured(&[], &[("a", &["send=x"])]);
    bench.configure(Err(ConfigurationError::Fault("c.toml:1:1: there is no key 'x'".to_owned())));
    bench.wait(100).shell(b"a\r\n");
    assert_eq!(bench.typed, b"x");
    let shown = bench.text();
    assert!(shown.contains("c.toml:1:1: there is no key 'x'; the configuration before it stays in use"), "{shown}");
}

#[test]
fn notice_names_what_a_new_session_is_needed_for() {
    let mut bench = Bench::configured(&[], &[]);
    bench.reload(&["-q", "--hotkey", "none", "--history", "5", "-c", "bot"], &[]).wait(100);
    assert_eq!(bench.text(), "", "notices are off");
    bench.reload(&["--hotkey", "none", "--redact", "--redact-pattern", "x"], &[("a", &["bell"])]).wait(100);
    let later = "a new session is needed for hotkey, redact, redact-pattern";
    let shown = bench.text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(shown, format!("coshell: the configuration was reloaded: 1 trigger; {later}"));
    assert_eq!(bench.started(), Vec::<&str>::new());
}

#[test]
fn options_of_a_running_session_change() {
    let mut bench = Bench::configured(&[], &[("go", &["coproc=bot"])]);
    bench.reload(&["-i", "text", "--silent-keys", "pass"], &[("go", &["silent-coproc=bot"])]);
    bench.shell(b"\x1b[1mgo\x1b[m\r\n").keys(b"key");
    assert_eq!(bench.read, b"go\n");
    assert_eq!(bench.typed, b"key");
}

#[test]
fn menu_switches_the_trigger_that_it_shows_after_reload() {
    let mut bench = Bench::configured(&[], &[("old", &["bell"])]);
    bench.shell(b"\x1b[2J").keys(b"\x1d").wait(600).keys(b"t");
    assert!(bench.text().contains("[on ] old"), "{}", bench.text());
    bench.reload(&[], &[("new", &["bell"]), ("old", &["bell"])]).wait(100);
    assert!(bench.text().contains("[on ] new"), "{}", bench.text());
    bench.keys(b"\r");
    let enabled: Vec<(String, bool)> =
        bench.triggers().into_iter().map(|trigger| (trigger.regex.unwrap_or_default(), trigger.enabled)).collect();
    assert_eq!(enabled, [("new".to_owned(), false), ("old".to_owned(), true)]);
}

proptest! {
    #[test]
    fn triggers_are_in_the_order_of_the_configuration_with_their_counts(
        rounds in prop::collection::vec(prop::collection::vec((0..4usize, prop::option::of(0..3usize)), 0..5), 1..6),
    ) {
        const PATTERNS: [&str; 4] = ["a", "b", "c", "d"];
        const NAMES: [&str; 3] = ["name=x", "name=y", "name=z"];
        let mut bench = Bench::new(&["-t", "z", "--bell"]);
        let mut counts: HashMap<(Option<usize>, usize), Vec<u64>> = HashMap::new();
        for round in rounds {
            let mut names = Vec::new();
            // The names of a configuration are unique.
            let round: Vec<_> = round.into_iter().filter(|(_, name)| {
                let is_new = name.is_none_or(|name| !names.contains(&name));
                names.extend(*name);
                is_new
            }).collect();
            let options: Vec<Vec<&str>> =
                round.iter().map(|(_, name)| name.map(|name| NAMES[name]).into_iter().chain(["bell"]).collect()).collect();
            let written: Vec<Written<'_>> =
                round.iter().zip(&options).map(|((pattern, _), options)| (PATTERNS[*pattern], &options[..])).collect();
            bench.reload(&[], &written);
            let mut before = std::mem::take(&mut counts);
            let mut expected = Vec::new();
            for (pattern, name) in &round {
                let identity = (*name, if name.is_some() { 0 } else { *pattern });
                let known = before.entry(identity).or_default();
                let count = if known.is_empty() { 0 } else { known.remove(0) };
                expected.push((PATTERNS[*pattern].to_owned(), count));
                counts.entry(identity).or_default().push(count + 1);
            }
            let listed: Vec<(String, u64)> =
                bench.triggers().into_iter().map(|trigger| (trigger.regex.unwrap_or_default(), trigger.fired)).collect();
            prop_assert_eq!(&listed[..listed.len() - 1], &expected[..]);
            prop_assert_eq!(&listed[listed.len() - 1].0, "z");
            bench.shell(b"a b c d\r\n");
        }
    }
}

#[test]
fn question_that_stands_is_answered_although_its_trigger_has_gone() {
    let ask: Written<'_> = ("sure", &["send=yes", "confirm"]);
    let mut bench = Bench::configured(&[], &[ask]);
    bench.shell(b"sure? ").wait(100).reload(&[], &[]).wait(100);
    assert!(bench.text().contains("type \"yes\"? y does it"), "{}", bench.text());
    bench.keys(b"y");
    assert_eq!(bench.typed, b"yes");
}

#[test]
fn block_ends_with_its_trigger() {
    let named = |pattern, options: &'static [&'static str]| -> Written<'static> { (pattern, options) };
    let block = named("^begin", &["name=n", "until=^end", "send=block|"]);
    for (after, typed) in [
        (vec![block], "block|"),
        (vec![named("^begin", &["name=n", "until=^end", "send=new|"])], "new|"),
        (vec![named("^begin", &["name=n", "send=new|"])], ""),
        (vec![], ""),
    ] {
        // Another trigger needs the lines anyway.
        let other = named("^other", &["until=^other", "send=other"]);
        let after = [&after[..], &[other]].concat();
        let mut bench = Bench::configured(&[], &[block, other]);
        bench.shell(b"begin\r\none\r\n").reload(&[], &after).shell(b"two\r\nend\r\n").wait(100);
        assert_eq!(String::from_utf8_lossy(&bench.typed), typed, "{after:?}");
    }
}

#[test]
fn block_of_a_disabled_trigger_fires_nothing() {
    let mut bench = Bench::configured(&[], &[("^begin", &["name=n", "until=^end", "send=block|"])]);
    let switch = |enabled| {
        let trigger = "n".to_owned();
        Request::Trigger(if enabled { TriggerRequest::Enable { trigger } } else { TriggerRequest::Disable { trigger } })
    };
    bench.shell(b"begin\r\none\r\n").answer_to(switch(false));
    bench.shell(b"two\r\n").answer_to(switch(true));
    bench.shell(b"end\r\n").wait(100);
    assert_eq!(bench.typed, b"");
    bench.shell(b"begin\r\nend\r\n").wait(100);
    assert_eq!(bench.typed, b"block|");
}
