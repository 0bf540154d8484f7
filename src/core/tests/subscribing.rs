//! What subscribers are told of the lines: the same as a coprocess that reads objects, whatever else looks at them.

use serde_json::Value;

use super::*;
use crate::core::command::Command;
use crate::words::Ticket;

impl Bench {
    fn subscribe(&mut self, ticket: u64, events: &[&str]) -> &mut Self {
        let events = events.iter().map(|&event| event.to_owned()).collect();
        self.input(Input::Asked(Ticket(ticket), Command::Subscribe { events }))
    }

    /// The types, numbers and texts of what this one was told.
    fn heard(&self, ticket: u64) -> Vec<(String, u64, String)> {
        let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let told = self.effects.iter().filter_map(|effect| match effect {
            Effect::Tell(Ticket(to), text) if *to == ticket => serde_json::from_str::<Value>(text).ok(),
            _ => None,
        });
        told.map(|value| (text(&value, "type"), value["number"].as_u64().unwrap_or(0), text(&value, "text"))).collect()
    }
}

fn event(kind: &str, number: u64, text: &str) -> (String, u64, String) {
    (kind.to_owned(), number, text.to_owned())
}

#[test]
fn lines_and_prompts_are_told_where_nobody_else_reads_them() {
    let mut bench = Bench::new(&[]);
    bench.shell(b"before\r\n").subscribe(1, &["line", "prompt"]).subscribe(2, &["prompt"]);
    bench.shell(b"\x1b[1mone\x1b[0m\r\ntwo\r\n$ ").wait(30);
    let prompt = event("prompt", 4, "$ ");
    assert_eq!(bench.heard(1), [event("line", 2, "one"), event("line", 3, "two"), prompt.clone()]);
    assert_eq!(bench.heard(2), [prompt]);
}

#[test]
fn one_who_has_gone_is_told_nothing_and_costs_nothing() {
    let mut bench = Bench::new(&[]);
    bench.subscribe(1, &["line"]).shell(b"one\r\n").input(Input::Withdrawn(Ticket(1)));
    bench.shell(b"two\r\n$ ");
    assert_eq!(bench.heard(1), [event("line", 1, "one")]);
    assert_eq!(bench.core.deadline(), None, "nobody waits for a pause");
    bench.subscribe(2, &[]).shell(b"\r\n");
    assert_eq!(bench.heard(2), [event("line", 3, "$ ")]);
}

/// Triggers, one that may silence the rest among them, and a coprocess that reads lines look at the same lines.
#[test]
fn all_who_look_at_lines_are_told_the_same() {
    let stream = b"a\r\ngo 1\r\nb\r\n\x1b[Kc \r\nlong\r\n";
    for triggers in [&["-t", "go", "--bell"][..], &["-t", "go", "--bell", "-t", "never", "-s", "cat"]] {
        crate::core::split::everywhere(stream, |pieces| {
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
fn what_a_silent_coprocess_reads_is_not_told() {
    let mut bench = Bench::new(&["-t", "go", "-s", "cat"]);
    bench.subscribe(1, &["line", "prompt"]).shell(b"go\r\nhidden\r\n").wait(50);
    assert_eq!(bench.heard(1), [event("line", 1, "go")]);
}
