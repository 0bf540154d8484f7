//! Replays of recordings through the triggers.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use crate::cli;
use crate::config;
use crate::config::Environment;
use crate::core::replay::{Assumed, Replay};
use crate::core::trigger::rehearsal::RehearsalEvent;
use crate::core::trigger::verdict::{Cause, TriggerVerdict};
use crate::core::trigger::{LineStage, When};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn replay(argv: &[&str], assumed: Assumed, explained: Option<u64>) -> Replay {
    let argv: Vec<_> = std::iter::once("coshell").chain(argv.iter().copied()).map(OsString::from).collect();
    let args = cli::parse_session(argv).unwrap_or_else(|error| panic!("{error}"));
    let settings = config::settings(args, &Environment::default()).unwrap_or_else(|error| panic!("{error}"));
    Replay::new(Instant::now(), settings, assumed, explained)
}

/// Returns the firings: time in milliseconds, line, trigger and match.
fn fired(replay: &mut Replay) -> Vec<(u128, u64, usize, String)> {
    let mut fired = Vec::new();
    for event in replay.take_events() {
        if let RehearsalEvent::Fired(firing) = event.event {
            let whole = String::from_utf8_lossy(firing.hit.captures.whole()).into_owned();
            fired.push((event.at.as_millis(), firing.place.number, firing.hit.trigger, whole));
        }
    }
    fired
}

/// Returns the verdicts of each try of line `number`.
fn verdicts(replay: &mut Replay, number: u64) -> Vec<(LineStage, Vec<TriggerVerdict>)> {
    let of_line = replay.take_events().into_iter().filter_map(|event| match event.event {
        RehearsalEvent::Tried(tried) if tried.number == number => Some(tried),
        _ => None,
    });
    of_line.map(|tried| (tried.stage, tried.verdicts.into_iter().map(|(_, verdict)| verdict).collect())).collect()
}

#[test]
fn pauses_of_recording_decide_as_in_session() {
    let mut replay =
        replay(&["-t", "there\\?", "--send", "Yes\\r", "-t", "task (.*)", "--bell"], Assumed::default(), None);
    replay.output(ms(1000), b"$ ls\r\nAre you there?");
    replay.output(ms(1019), b"\r\nAre you there?");
    replay.output(ms(2000), b" Yes\r\ntask on");
    replay.output(ms(2400), b"e\r\n");
    replay.output(ms(2400), b"task two");
    replay.finish();
    assert_eq!(
        fired(&mut replay),
        [
            (1019, 2, 0, "there?".to_owned()),
            (1039, 3, 0, "there?".to_owned()),
            (2400, 4, 1, "task one".to_owned()),
            (2920, 5, 1, "task two".to_owned()),
        ]
    );
}

#[test]
fn lines_are_counted_behind_the_last_firing() {
    let mut replay = replay(&["-t", "one", "--once", "--bell"], Assumed::default(), None);
    replay.output(ms(0), b"one\r\n");
    replay.output(ms(1), b"two\r\nthree\r\n");
    replay.finish();
    assert_eq!((fired(&mut replay).len(), replay.lines()), (1, 3));
}

#[test]
fn nothing_is_done() {
    let mut replay = replay(
        &["-t", "go", "--send", "x", "-c", "bot", "--inject", "go again", "--set", "a=b", "--annotate", "n"],
        Assumed::default(),
        None,
    );
    replay.output(ms(0), b"go\r\ngo\r\n");
    replay.finish();
    assert_eq!(fired(&mut replay).len(), 2);
    for sink in [crate::types::Sink::Pty, crate::types::Sink::Coproc, crate::types::Sink::Terminal] {
        assert!(replay.core.pending(sink).is_empty());
    }
    assert!(!replay.core.coproc.is_running() && replay.core.annotations.notes.iter().next().is_none());
}

#[test]
fn events_fire_on_the_line_of_the_cursor_and_nothing_is_done() {
    let argv =
        ["--event", "start", "-s", "bot", "--event", "start", "--inject", "go\\r\\n", "--event", "bell", "--bell"];
    let mut replay = replay(&[&argv[..], &["-t", "go", "--bell"]].concat(), Assumed::default(), None);
    replay.output(ms(5), b"one\r\n\x07go\r\n\r\nfour\x07");
    replay.finish();
    let (start, bell) = ([(0, 1, 0, String::new()), (0, 1, 1, String::new())], |line| (5, line, 2, String::new()));
    assert_eq!(fired(&mut replay), [&start[..], &[bell(2), (5, 2, 3, "go".to_owned()), bell(4)]].concat());
    assert!(!replay.core.coproc.is_running(), "the coprocess was not started");
}

#[test]
fn decorations_are_described() {
    let argv = ["-t", "(a)(=)?(\\d+)", "--highlight", " bold red", "--highlight", "3:1;34", "--highlight", "2:blue"];
    let rest = ["--highlight-line", "on 17", "--link", "x/$1.rs:$3", "--bell", "--stop"];
    let mut replay = replay(&[&argv[..], &rest].concat(), Assumed::default(), None);
    replay.output(ms(0), b"go a12 \tit\r\n");
    replay.finish();
    let fired = replay.take_events().into_iter().find_map(|event| match event.event {
        RehearsalEvent::Fired(firing) => Some(firing),
        RehearsalEvent::Tried(_) | RehearsalEvent::TriedEvent(_) => None,
    });
    let actions = fired.expect("the trigger fires").actions.into_iter();
    let (shown, done): (Vec<_>, Vec<_>) = actions.partition(|action| action.decoration.is_some());
    assert!(shown.iter().all(|action| action.effects.is_empty()) && done.len() == 2);
    assert_eq!(
        shown.into_iter().filter_map(|action| action.decoration).collect::<Vec<_>>(),
        [
            r#"show "a12" in bold red"#,
            r#"show "12" in 1;34"#,
            "show nothing in blue, since the group took no part in the match",
            r#"show "go a12  it" in on 17"#,
            r#"make "a12" a link to "x/a.rs:12""#,
        ]
    );
}

#[test]
fn resize_is_applied() {
    let lines = |rows: u16| {
        let mut replay = replay(&["-t", "^bar", "--bell"], Assumed::default(), None);
        replay.resize(ms(0), 80, rows);
        // On a low screen both are on the last row.
        replay.output(ms(1), b"\x1b[?1049h\x1b[3;1Hbar\x1b[9;1Hbaz");
        replay.finish();
        fired(&mut replay).len()
    };
    assert_eq!((lines(2), lines(24)), (0, 1));
}

#[test]
fn system_conditions_are_assumed() {
    let argv = ["-t", "go", "--when", "job=ssh", "--bell", "-t", "go", "--when", "no-alt-screen", "--bell"];
    let run = |assumed| {
        let mut replay = replay(&argv, assumed, None);
        replay.output(ms(0), b"go\r\n");
        replay.finish();
        replay
    };
    assert_eq!(fired(&mut run(Assumed::default())).iter().map(|firing| firing.2).collect::<Vec<_>>(), [1]);
    let ssh = Assumed { jobs: vec!["ssh".to_owned()], ..Assumed::default() };
    assert_eq!(fired(&mut run(ssh)).iter().map(|firing| firing.2).collect::<Vec<_>>(), [0, 1]);
    let tries = verdicts(&mut run(Assumed::default()), 1);
    assert_eq!(
        tries,
        [(
            LineStage::Finished,
            vec![TriggerVerdict::Conditions(vec![When::Job("ssh".to_owned())]), TriggerVerdict::Fires]
        )]
    );
}

/// A condition that a recording does not tell is told of an event as of a line.
#[test]
fn events_under_conditions_of_the_system_are_told() {
    let argv = ["--event", "bell", "--when", "job=ssh", "--bell", "--event", "bell", "--when", "alt-screen", "--bell"];
    let mut unknown = replay(&argv, Assumed::default(), None);
    unknown.output(ms(5), b"one\r\ntwo\x07");
    unknown.finish();
    let tried: Vec<_> = unknown.take_events().into_iter().map(|event| (event.at, event.event)).collect();
    let [(at, RehearsalEvent::TriedEvent(tried))] = &tried[..] else { panic!("{tried:?}") };
    assert_eq!((*at, tried.event.name(), tried.place.number), (ms(5), "bell", 2));
    let failing = |condition| TriggerVerdict::Conditions(vec![condition]);
    assert_eq!(tried.verdicts, [(0, failing(When::Job("ssh".to_owned()))), (1, failing(When::AltScreen))]);
    let ssh = Assumed { jobs: vec!["ssh".to_owned()], ..Assumed::default() };
    let mut known = replay(&argv, ssh, None);
    known.output(ms(5), b"one\r\ntwo\x07");
    known.finish();
    assert_eq!(fired(&mut known), [(5, 2, 0, String::new())]);
}

#[test]
fn exit_of_the_recording_is_an_event_and_the_last_line_is_tried() {
    let argv = ["--event", "exit", "--status", "3", "--bell", "--event", "exit", "--status", "0", "--bell"];
    let mut replay = replay(&[&argv[..], &["-t", "bye$", "--bell"]].concat(), Assumed::default(), None);
    replay.output(ms(5), b"one\r\nbye");
    replay.exit(ms(7), 3);
    replay.finish();
    assert_eq!(fired(&mut replay), [(7, 2, 0, String::new()), (25, 2, 2, "bye".to_owned())]);
}

#[test]
fn echo_is_assumed_off() {
    let assumed = Assumed { no_echo: true, ..Assumed::default() };
    let mut replay = replay(&["-t", "assword: $", "--when", "no-echo", "--bell"], assumed, None);
    replay.output(ms(0), b"Password: ");
    replay.finish();
    assert_eq!(fired(&mut replay).len(), 1);
}

#[test]
fn each_verdict_is_given() {
    let explain = |argv: &[&str], pieces: &[(u64, &str)], line| {
        let mut replay = replay(argv, Assumed::default(), Some(line));
        for (at, text) in pieces {
            replay.output(ms(*at), text.as_bytes());
        }
        replay.finish();
        verdicts(&mut replay, line)
    };
    let finished = |verdicts: &[TriggerVerdict]| vec![(LineStage::Finished, verdicts.to_vec())];
    let two = [(0, "go\r\n"), (1000, "go\r\n")];
    // The second of two lines, and what keeps a trigger from firing there.
    for (argv, expected) in [
        (&["-t", "x", "--bell"][..], vec![TriggerVerdict::NoMatch]),
        (&["-t", "go", "--bell"], vec![TriggerVerdict::Fires]),
        (&["-t", "go", "--once", "--bell"], vec![TriggerVerdict::Prevented(Cause::Spent)]),
        (&["-t", "go", "--cooldown", "3s", "--bell"], vec![TriggerVerdict::CoolingDown(ms(2000))]),
        (&["-t", "go", "--when", "alt-screen", "--bell"], vec![TriggerVerdict::Conditions(vec![When::AltScreen])]),
        (&["-t", "go", "--stop", "-t", "o", "--bell"], vec![TriggerVerdict::Fires, TriggerVerdict::StoppedBy(0)]),
        (
            &["-t", "go", "-c", "a", "-t", "o", "-c", "b"],
            vec![TriggerVerdict::Fires, TriggerVerdict::Prevented(Cause::CoprocRuns)],
        ),
    ] {
        assert_eq!(explain(argv, &two, 2), finished(&expected), "{argv:?}");
    }
    // A paused line that grows.
    assert_eq!(
        explain(&["-t", "task (.*)", "--bell"], &[(0, "task a"), (100, "b\r\n")], 1),
        [(LineStage::Paused, vec![TriggerVerdict::Held]), (LineStage::Finished, vec![TriggerVerdict::Fires])]
    );
    assert_eq!(
        explain(&["-t", "ask", "--bell"], &[(0, "ask"), (100, "\r\n")], 1),
        [(LineStage::Paused, vec![TriggerVerdict::Fires]), (LineStage::Finished, vec![TriggerVerdict::FiredBefore])]
    );
    assert_eq!(
        explain(&["-t", "ask", "--cooldown", "1h", "--bell"], &[(0, "ask\r\nask"), (100, "\r\n")], 2),
        [
            (LineStage::Paused, vec![TriggerVerdict::CoolingDown(Duration::from_millis(3_600_000 - 20))]),
            (LineStage::Finished, vec![TriggerVerdict::PassedBefore])
        ]
    );
    assert_eq!(
        explain(&["-t", "go", "--instant", "--bell", "-t", "go", "--bell"], &[(0, "go")], 1)[0],
        (LineStage::Chunk, vec![TriggerVerdict::Fires, TriggerVerdict::NotInstant])
    );
}

#[test]
fn explained_line_fires_as_without_explanation() {
    let text = "one\r\ngo\r\n\x1b[31mgo\x1b[m on\r\n\r\n$ go";
    let run = |explained| {
        let mut replay =
            replay(&["-t", "^go", "--cooldown", "1ms", "--bell", "-t", "^$", "--bell"], Assumed::default(), explained);
        text.bytes().enumerate().for_each(|(at, byte)| replay.output(ms(at as u64), &[byte]));
        replay.finish();
        fired(&mut replay)
    };
    let plain = run(None);
    assert_eq!(plain.len(), 3);
    for line in 1..=6 {
        assert_eq!(run(Some(line)), plain, "{line}");
    }
}
