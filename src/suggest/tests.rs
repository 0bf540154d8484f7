//! Proposals from replays of scripted recordings.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::config;
use crate::core::redact::samples;
use crate::core::replay::{Assumed, Replay};
use crate::core::split::at_every_split;
use crate::core::trigger::Pattern;
use crate::core::trigger::rehearsal::RehearsalEvent;

/// Time between two steps: the output pauses after each.
const STEP: Duration = Duration::from_millis(100);

/// A step of a recording.
enum Step<'a> {
    Shown(&'a [u8]),
    /// More output at the same time.
    More(&'a [u8]),
    Typed(&'a str),
}

use Step::{More, Shown, Typed};

impl Step<'_> {
    /// Returns the time of the step behind one at `before`.
    fn time(&self, before: Duration) -> Duration {
        if matches!(self, More(_)) { before } else { before + STEP }
    }
}

fn survey(survey: &mut Survey, steps: &[Step<'_>]) {
    let settings = config::replay_settings(Vec::new()).expect("the defaults are valid");
    let mut replay = Replay::of_all_lines(Instant::now(), settings);
    let tell = |survey: &mut Survey, replay: &mut Replay| {
        for event in replay.take_events() {
            if let RehearsalEvent::Tried(tried) = event.event {
                survey.tried(&tried);
            }
        }
    };
    let mut at = Duration::ZERO;
    for step in steps {
        at = step.time(at);
        replay.wait(at);
        tell(survey, &mut replay);
        match step {
            Shown(bytes) | More(bytes) => replay.output(at, bytes),
            Typed(keys) => survey.typed(keys.as_bytes()),
        }
        tell(survey, &mut replay);
    }
    replay.finish();
    tell(survey, &mut replay);
}

/// Returns the proposals for a recording, the most useful first.
fn proposals(steps: &[Step<'_>]) -> Vec<Proposal> {
    let mut lines = Survey::default();
    survey(&mut lines, steps);
    let mut candidates = lines.into_candidates();
    let triggers = candidates.iter().map(|candidate| candidate.definition().expect("it is valid")).collect();
    let settings = config::replay_settings(Vec::new()).expect("the defaults are valid");
    let settings = crate::core::Settings { triggers, ..settings };
    let mut replay = Replay::new(Instant::now(), settings, Assumed::default(), None);
    let mut at = Duration::ZERO;
    for step in steps {
        at = step.time(at);
        if let Shown(bytes) | More(bytes) = step {
            replay.output(at, bytes);
        }
    }
    replay.finish();
    for event in replay.take_events() {
        if let RehearsalEvent::Fired(firing) = event.event {
            let place = ProposalPlace { recording: 0, line: firing.place.number, at: event.at };
            candidates[firing.hit.trigger].fires(place);
        }
    }
    ranked(candidates)
}

/// Returns openers, and how often they fired.
fn openers(proposals: &[Proposal]) -> Vec<(&str, u64)> {
    proposals.iter().map(|proposal| (proposal.opener_text(), proposal.fired)).collect()
}

#[test]
fn most_useful_proposal_is_first() {
    let question = |n: u64| format!("Remove {n} files? [y/N] ");
    let (first, second) = (question(3), question(12));
    let found = proposals(&[
        Shown(b"$ make\r\nerror: one\r\nerror: two\r\n\x1b[33mwarning\x1b[m: a\r\nwarning: b\r\n"),
        Shown(first.as_bytes()),
        Shown(b"n\r\n"),
        Shown(second.as_bytes()),
        Shown(b"n\r\nat src/main.rs:3\r\n3 passed, 1 failed\r\n"),
    ]);
    let want = [
        (r"^Remove \d+ files\? \[y/N\] $", 2),
        ("^error: ", 2),
        (r"^\d+ passed, \d+ failed$", 1),
        (r"([\w./@+~-]+\.rs:\d+)(?::\d+)?", 1),
        ("^warning: ", 2),
    ];
    assert_eq!(openers(&found), want);
    assert_eq!(found[0].places.iter().map(|place| place.line).collect::<Vec<_>>(), [6, 7]);
}

#[test]
fn result_does_not_depend_on_cuts() {
    let output = b"\x1b[31merror\x1b[m: a\r\nerror: b\r\nFound 2 errors\r\n #1 https://github.com/a/b\r\n\
                   rz\r**\x18B00000000000000\r\x8a\x11";
    at_every_split(output, |pieces| {
        let steps: Vec<Step<'_>> = pieces.iter().map(|piece| More(piece)).collect();
        let found = proposals(&steps);
        let mut found: Vec<_> = openers(&found).into_iter().map(|(text, fired)| (text.to_owned(), fired)).collect();
        found.sort();
        assert_eq!(found.len(), 5, "{found:?}");
        found
    });
}

#[test]
fn command_lines_are_no_output() {
    let marked = |line: &str| format!("\x1b]133;A\x07> \x1b]133;B\x07{line}\r\n\x1b]133;C\x07ok\r\n\x1b]133;D;0\x07");
    let line = marked("error: typed");
    assert_eq!(openers(&proposals(&[Shown(line.as_bytes()), Shown(line.as_bytes())])), []);
    // Without marks a prompt tells that a command line follows.
    let typed: Vec<Step<'_>> = [&b"host% "[..], b"error: typed\r\n", b"host% ", b"error: typed\r\n"].map(Shown).into();
    assert_eq!(openers(&proposals(&typed)), []);
    assert_eq!(openers(&proposals(&[Shown(b"me@host:~$ error: x\r\nme@host:~$ error: x\r\n")])), []);
}

#[test]
fn full_screen_programs_give_no_proposal() {
    assert_eq!(openers(&proposals(&[Shown(b"\x1b[?1049herror: a\r\nerror: b\r\nSure? [y/n] "), Shown(b"y\r\n")])), []);
}

#[test]
fn long_commands_are_told_by_their_marks() {
    let mut steps = vec![Shown(b"\x1b]133;A\x07$ \x1b]133;B\x07make\r\n\x1b]133;C;cmdline_url=make\x07")];
    steps.extend((0..700).map(|_| Shown(b"")));
    steps.push(Shown(b"\x1b]133;D;1\x07"));
    assert_eq!(openers(&proposals(&steps)), [("command-finished", 1), ("long-command", 1)]);
}

#[test]
fn transfers_are_answered_in_their_direction() {
    let found = proposals(&[
        Shown(b"$ sz a\r\nrz\r**\x18B00000000000000\r\x8a\x11"),
        Shown(b"\r\n$ rz\r\nrz waiting to receive.**\x18B0100000023be50\r\x8a\x11"),
    ]);
    let commands: Vec<_> = found.iter().map(|proposal| proposal.named_options()[0].1.clone()).collect();
    assert_eq!(commands, ["coshell rz", "coshell sz --ask"]);
}

/// Returns all text of proposals that is printed.
fn printed_text(proposals: &[Proposal]) -> String {
    let text = |proposal: &Proposal| {
        let options: Vec<String> = proposal.named_options().into_iter().map(|(_, value)| value).collect();
        format!("{} {} {}", proposal.opener_text(), options.join(" "), proposal.why)
    };
    proposals.iter().map(text).collect::<Vec<_>>().join("\n").replace('\\', "")
}

#[test]
fn secret_of_each_rule_is_in_no_proposal() {
    for (name, text, secret) in samples() {
        let line =
            format!("error: {text}\r\n{text} ERROR\r\n3 passed in 1s {text}\r\nhttps://github.com/{secret}/x\r\n");
        let question = format!("Use {text}? [y/n] ");
        let steps = [Shown(line.as_bytes()), Shown(question.as_bytes()), Shown(b"y\r\n"), Shown(b"Name? [y/n] ")];
        let answer = format!("{text}\r\n");
        let mut steps: Vec<Step<'_>> =
            steps.into_iter().chain([Shown(answer.as_bytes()), Shown(line.as_bytes())]).collect();
        steps.extend([Shown(b"Name? [y/n] "), Shown(answer.as_bytes())]);
        let printed = printed_text(&proposals(&steps));
        let kept: String = secret.chars().filter(|char| *char != '\\').collect();
        assert!(!printed.contains(&kept), "{name}: {printed}");
    }
}

#[test]
fn text_typed_without_echo_is_in_no_proposal() {
    let steps = [
        Shown(b"Code word? "),
        Typed("hunter two\r"),
        Shown(b"\r\nerror hunter two: x\r\nERROR of hunter two FAILED\r\nhunter two ERROR\r\nhunter two ERROR\r\n"),
        Shown(b"Is it hunter two? [y/n] "),
        Typed("y\r"),
        Shown(b"y\r\n3 passed by hunter two\r\n"),
        Shown(b"Which one? [y/n] "),
        Typed("hunter two\r"),
        Shown(b"hunter two\r\n"),
        Shown(b"Go on? [y/n] "),
        Typed("y\r"),
        Shown(b"y\r\n"),
    ];
    let found = proposals(&steps);
    let printed = printed_text(&found);
    assert!(!printed.contains("hunter"), "{printed}");
    assert!(printed.contains("Go on?"), "{printed}");
}

#[test]
fn program_that_asks_for_secrets_is_not_answered() {
    for asked in [
        "[sudo] password for me: ",
        "Enter passphrase for key '/k': ",
        "API token? ",
        "PIN? ",
        "The authenticity of host 'h' can't be established. Continue (yes/no/[fingerprint])? ",
    ] {
        let steps = [Shown(asked.as_bytes()), Typed("abc\r"), Shown(b"abc\r\n")];
        let steps: Vec<Step<'_>> =
            steps.into_iter().chain([Shown(asked.as_bytes()), Typed("abc\r"), Shown(b"abc\r\n")]).collect();
        assert_eq!(openers(&proposals(&steps)), [], "{asked}");
    }
}

#[test]
fn survey_is_bounded() {
    let mut lines = Survey::default();
    let all: Vec<u8> =
        (0..6_000).flat_map(|n| format!("error x{}: y\r\n{n} passed z{}\r\n", name(n), name(n)).into_bytes()).collect();
    survey(&mut lines, &[Shown(&all)]);
    assert!(lines.into_candidates().len() <= 4 * MOST_OF_KIND);
}

/// Returns a name of letters for a number.
fn name(n: u32) -> String {
    n.to_string().bytes().map(|digit| char::from(digit - b'0' + b'a')).collect()
}

/// Parts of lines that tools print.
const PARTS: &[&str] = &[
    "error",
    "error: ",
    "ERROR ",
    "warning: ",
    "FAILED",
    "E0382",
    "[",
    "] ",
    "(",
    "): ",
    " ",
    "  ",
    "src/a.rs:3:1: ",
    "12 passed",
    ", 3 failed",
    " in 0.5s",
    "12:00:01 ",
    "'x'",
    "`y` ",
    "don't ",
    "KeyError: ",
    "deadbeef12 ",
    "é ",
    "$",
    "^a*",
    "done ",
    "?",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn each_proposal_fires_on_the_lines_that_it_came_from(
        lines in prop::collection::vec(prop::collection::vec(prop::sample::select(PARTS), 1..6), 1..8),
    ) {
        let lines: Vec<String> = lines.iter().map(|parts| parts.concat()).collect();
        // Each line comes twice, so that it is proposed.
        let shown: String = lines.iter().chain(&lines).map(|line| format!("{line}\r\n")).collect();
        let (mut surveyed, output) = (Survey::default(), shown.as_bytes());
        survey(&mut surveyed, &[Shown(output)]);
        let fixed: Vec<String> = fixed().map(|proposal| proposal.opener_text().to_owned()).collect();
        let fired: BTreeMap<String, u64> =
            proposals(&[Shown(output)]).iter().map(|found| (found.opener_text().to_owned(), found.fired)).collect();
        for candidate in surveyed.into_candidates() {
            let learned = !fixed.contains(&candidate.opener_text().to_owned());
            let is_of_lines = matches!(candidate.kind, ProposalKind::Error | ProposalKind::Warning | ProposalKind::Summary);
            if learned && is_of_lines {
                let pattern = Pattern::parse(candidate.opener_text()).expect("it is valid");
                let matching = lines.iter().filter(|line| pattern.is_match(line.as_bytes())).count();
                prop_assert!(matching > 0, "{}", candidate.opener_text());
                prop_assert_eq!(fired.get(candidate.opener_text()), Some(&(2 * matching as u64)), "{}", candidate.opener_text());
            }
        }
    }
}
