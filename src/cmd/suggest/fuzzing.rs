//! The fuzz target of the proposals: any recording.

use std::path::Path;
use std::time::Duration;

use super::{count_firings, report, survey_event, tell};
use crate::config::load;
use crate::suggest::{Proposal, Survey, ranked};
use crate::wire::recording::{RecordedEvent, TimedEvent};

/// Text that only keys have: typed, and never shown.
const HIDDEN: &str = "hunter2";
/// Text that a rule of the redaction hides.
const TOKEN: &str = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";

/// What is printed.
const PRINTED: &[&str] = &[
    "\r\n",
    "\r\n",
    "\r\n",
    "\n",
    "\r",
    "Continue? [y/N] ",
    "Name: ",
    "Password: ",
    "Are you sure (yes/no)? ",
    "y",
    "yes",
    "ann",
    "$ ",
    "user@host:~$ ",
    "error: ",
    "error[E0382]: borrow of `x`",
    "src/main.rs:12:5: ",
    "warning: unused",
    "12 passed, 1 failed in 0.5s",
    "Finished in 3.2 s",
    "test a ... FAILED",
    "ValueError: 'a'",
    "https://example.org/a?b=1",
    "#123 ",
    "(GH-7) ",
    "remote: https://github.com/a/b.git",
    "2026-11-30T12:00:01Z ERROR ",
    "[WARN] ",
    "**\x18B00000000000000\r\u{8a}\x11",
    "\x1b[1;31m",
    "\x1b[m",
    "\x1b[?1049h",
    "\x1b[?1049l",
    "\x1b[2K",
    "\x1b[A",
    "\x1b]133;A\x07",
    "\x1b]133;B\x07",
    "\x1b]133;C\x07",
    "\x1b]133;D;1\x07",
    "\x1b]133;C;cmdline_url=make\x07",
    TOKEN,
    "漢字",
    "e\u{301}",
    "'''",
    "\\",
    "\"\"\"",
    "$1 ${a}",
    "----------",
    "  ",
    "0123456789abcdef ",
    "12:00:01 ",
    "~/a/b ",
    "a.b.example ",
    "[",
    "(",
    "{",
    "|",
    "*",
    "^",
    "\t",
    "\x07",
    "\x08",
];
/// What is typed.
const TYPED: &[&str] = &["y", "yes", "ann", "\r", "\r", "\n", "\x7f", "\x03", "\x1b[A", HIDDEN, "make"];

/// Makes a recording of the input: two bytes of each event say which, and what is in it.
fn recording(input: &[u8]) -> Vec<TimedEvent> {
    let mut at = Duration::ZERO;
    let event = |pair: &[u8]| {
        let [kind, what] = [pair[0], pair.get(1).copied().unwrap_or_default()].map(usize::from);
        // Mostly at once, else behind a pause.
        at += Duration::from_millis([0, 0, 0, 30, 600, 70_000][(kind >> 2 & 7) % 6]);
        let event = match kind & 3 {
            0 => RecordedEvent::Input(TYPED[what % TYPED.len()].into()),
            1 if what < 32 => RecordedEvent::Output(vec![kind as u8, what as u8]),
            1 if what < 36 => RecordedEvent::Resize { cols: 2 + kind as u16, rows: 2 + (kind as u16 >> 4) },
            _ => RecordedEvent::Output(PRINTED[what % PRINTED.len()].into()),
        };
        TimedEvent { at, event }
    };
    input.chunks(2).map(event).collect()
}

/// Returns the proposals for a recording, and the configuration with them.
fn proposed(events: &[TimedEvent]) -> (Vec<Proposal>, String) {
    let settings = || super::settings(Vec::new()).expect("there are no options");
    let (mut lines, mut replay) = (Survey::default(), super::Replay::of_all_lines(super::Instant::now(), settings()));
    lines.begin();
    events.iter().for_each(|event| survey_event(&mut replay, event, &mut lines));
    replay.finish();
    tell(&mut replay, &mut lines);
    let mut candidates = lines.into_candidates();
    let mut replay = super::replay_of(&candidates).expect("candidates are triggers");
    for TimedEvent { at, event } in events {
        super::apply(&mut replay, *at, event);
        count_firings(&mut replay, 0, &mut candidates);
    }
    replay.finish();
    count_firings(&mut replay, 0, &mut candidates);
    let all = ranked(candidates);
    let text = report::configuration(&all, all.len(), &["a.cast".to_owned()]);
    (all, text)
}

/// Returns the events with the output of one time in single bytes or in one piece.
fn cut(events: &[TimedEvent], whole: bool) -> Vec<TimedEvent> {
    let mut all: Vec<TimedEvent> = Vec::new();
    for TimedEvent { at, event } in events {
        match (event, all.last_mut()) {
            (RecordedEvent::Output(bytes), Some(TimedEvent { at: last, event: RecordedEvent::Output(before) }))
                if whole && last == at =>
            {
                before.extend_from_slice(bytes);
            }
            (RecordedEvent::Output(bytes), _) if !whole => {
                let of = |&byte: &u8| TimedEvent { at: *at, event: RecordedEvent::Output(vec![byte]) };
                all.extend(bytes.iter().map(of));
            }
            _ => all.push(TimedEvent { at: *at, event: event.clone() }),
        }
    }
    all
}

/// Checks that the proposals for any recording are a valid configuration with no secret in it, that each fires, and that they do
/// not depend on how the output is cut.
pub fn suggest(input: &[u8]) {
    let events = recording(input);
    let (all, text) = proposed(&events);
    assert!(all.iter().all(|proposal| proposal.fired > 0 && !proposal.places.is_empty()), "{text}");
    assert!(!text.contains(HIDDEN) && !text.contains(TOKEN), "{text}");
    let mut file = Some(text.clone().into_bytes());
    let loaded =
        load::load(Path::new("c.toml"), None, None, &mut |_: &Path| file.take().ok_or_else(|| "no other".to_owned()));
    let loaded = loaded.unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    assert_eq!(loaded.triggers.len(), all.len(), "{text}");
    for whole in [true, false] {
        assert_eq!(proposed(&cut(&events, whole)).1, text, "in other pieces");
    }
}
