//! Line events for subscribers: the same as for a coprocess that reads JSON, whatever other readers there are.

use serde_json::Value;

use super::*;
use crate::core::request::Request;
use crate::types::RequestId;

impl Bench {
    pub(super) fn subscribe(&mut self, request_id: u64, events: &[&str]) -> &mut Self {
        let events = events.iter().map(|event| event.parse().expect("the kind exists")).collect();
        self.input(Input::Request(RequestId(request_id), Request::Subscribe { events }, Requester::default()))
    }

    /// The types, numbers and texts of what this one was told.
    pub(super) fn heard(&self, request_id: u64) -> Vec<(String, u64, String)> {
        let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let told = self.effects.iter().filter_map(|effect| match effect {
            Effect::Tell(RequestId(to), text) if *to == request_id => serde_json::from_str::<Value>(text).ok(),
            _ => None,
        });
        told.map(|value| (text(&value, "type"), value["number"].as_u64().unwrap_or(0), text(&value, "text"))).collect()
    }
}

fn event(kind: &str, number: u64, text: &str) -> (String, u64, String) {
    (kind.to_owned(), number, text.to_owned())
}

#[test]
fn subscriber_gets_lines_and_prompts() {
    let mut bench = Bench::new(&[]);
    bench.shell(b"before\r\n").subscribe(1, &["line", "prompt"]).subscribe(2, &["prompt"]);
    bench.shell(b"\x1b[1mone\x1b[0m\r\ntwo\r\n$ ").wait(30);
    let prompt = event("prompt", 4, "$ ");
    assert_eq!(bench.heard(1), [event("line", 2, "one"), event("line", 3, "two"), prompt.clone()]);
    assert_eq!(bench.heard(2), [prompt]);
}

/// What a client is answered that follows lines, and the events that it is told then, as they are.
fn followed(bench: &mut Bench, number: Option<usize>, rest: &[u8]) -> (Vec<Value>, Vec<Value>) {
    let (from, to, command, numbers, notes, follow) = (None, None, None, false, false, true);
    let command = Request::Lines { number, from, to, command, numbers, notes, times: None, follow, redact: false };
    bench.input(Input::Request(RequestId(1), command, Requester::default())).wait(2000).shell(rest);
    let answer = bench.effects.iter().find_map(|effect| match effect {
        Effect::Answer(RequestId(1), Ok(answer)) => {
            serde_json::to_value(answer).expect("it can be written")["lines"].as_array().cloned()
        }
        _ => None,
    });
    let told = bench.effects.iter().filter_map(|effect| match effect {
        Effect::Tell(RequestId(1), text) => serde_json::from_str(text).ok(),
        _ => None,
    });
    (answer.expect("lines"), told.collect())
}

/// The numbers and texts of lines.
fn numbered(lines: &[Value]) -> Vec<(u64, &str)> {
    lines.iter().map(|line| (line["number"].as_u64().expect("one"), line["text"].as_str().expect("one"))).collect()
}

#[test]
fn followed_lines_come_once_with_time() {
    for (number, before) in [(None, vec![(1, "one"), (2, "two")]), (Some(1), vec![(2, "two")]), (Some(0), vec![])] {
        let mut bench = Bench::new(&[]);
        bench.shell(b"one\r\ntwo\r\n$ ");
        let (first, then) = followed(&mut bench, number, b"ls\r\nfile\r\n$ ");
        assert_eq!(numbered(&first), before);
        assert_eq!(numbered(&then), [(3, "$ ls"), (4, "file")]);
        let times: Vec<f64> = first.iter().chain(&then).map(|line| line["time"].as_f64().expect("a time")).collect();
        assert!(times.is_sorted(), "{times:?}");
        if let Some(last) = first.last() {
            assert_eq!(then[0]["time"].as_f64(), last["time"].as_f64().map(|time| time + 2.0));
        }
    }
}

#[test]
fn pieces_of_followed_line_join_to_one_line() {
    let mut bench = Bench::new(&[]);
    bench.shell(&[b'x'; 70_000]);
    let (first, then) = followed(&mut bench, None, b"y\r\n");
    let text = |line: &Value| line["text"].as_str().expect("one").to_owned();
    assert_eq!((first.len(), &first[0]["more"], &first[0]["number"]), (1, &Value::Bool(true), &1.into()));
    assert_eq!((then.len(), &then[0]["number"]), (1, &1.into()));
    assert_eq!(text(&first[0]) + &text(&then[0]), "x".repeat(70_000) + "y");
}

#[test]
fn disconnected_subscriber_stops_line_assembly() {
    let mut bench = Bench::new(&[]);
    bench.subscribe(1, &["line"]).shell(b"one\r\n").input(Input::Cancel(RequestId(1)));
    bench.shell(b"two\r\n$ ");
    assert_eq!(bench.heard(1), [event("line", 1, "one")]);
    assert_eq!(bench.core.deadline(), None, "the idle timer is stopped");
    bench.subscribe(2, &[]).shell(b"\r\n");
    assert_eq!(bench.heard(2), [event("line", 3, "$ ")]);
}

/// Triggers, one that may silence the rest among them, and a coprocess that reads lines look at the same lines.
#[test]
fn subscriber_and_coprocess_get_same_lines() {
    let stream = b"a\r\ngo 1\r\nb\r\n\x1b[Kc \r\nlong\r\n";
    for triggers in [&["-t", "go", "--bell"][..], &["-t", "go", "--bell", "-t", "never", "-s", "cat"]] {
        crate::core::split::at_every_split(stream, |pieces| {
            let mut bench = Bench::new(&[&["-c", "bot", "-i", "json"], triggers].concat());
            bench.subscribe(1, &["line"]);
            pieces.iter().for_each(|piece| {
                bench.shell(piece);
            });
            let lines = String::from_utf8(bench.read.clone()).expect("text");
            let objects = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("an object"));
            let objects = objects.filter(|object| object["type"] == "line");
            let read: Vec<_> = objects
                .map(|object| {
                    event("line", object["number"].as_u64().expect("one"), object["text"].as_str().expect("one"))
                })
                .collect();
            assert_eq!(bench.heard(1), read);
            assert_eq!(read.len(), 5);
            read
        });
    }
}

#[test]
fn subscriber_gets_no_hidden_lines() {
    let mut bench = Bench::new(&["-t", "go", "-s", "cat"]);
    bench.subscribe(1, &["line", "prompt"]).shell(b"go\r\nhidden\r\n").wait(50);
    assert_eq!(bench.heard(1), [event("line", 1, "go")]);
}
