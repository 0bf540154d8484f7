//! Many matching lines at once and the loop guard: a trigger whose actions cannot fire it again fires for each line,
//! another is stopped for a while.

use serde_json::json;

use super::*;
use crate::core::trigger::action::{ActionKind, KINDS};

/// How often a trigger with an action of this kind fires on thirty lines that match.
fn firings(kind: &ActionKind) -> u64 {
    let option = format!("--{}", kind.name);
    let value = match kind.value {
        Some("NAME=VALUE") => "a=b",
        Some("[NAME]") | None => "",
        Some(_) => "text\\r\\n",
    };
    let argv = ["-q", "-t", "^warning", &option, value];
    let mut bench = Bench::new(if value.is_empty() { &argv[..4] } else { &argv });
    for n in 0..30 {
        bench.shell(format!("warning {n}\r\n").as_bytes()).wait(1);
        // The next coprocess can start only when this one has ended.
        if kind.starts.is_some() && bench.core.coproc.is_running() {
            bench.coproc_exits(ExitStatus::Code(0), b"");
        }
    }
    bench.reply("trigger-list", json!({}))["triggers"][0]["fired"].as_u64().expect("it is a number")
}

#[test]
fn thirty_warnings_are_stopped_only_where_the_action_feeds_back() {
    for kind in KINDS {
        let want = match kind.name {
            "coproc" | "silent-coproc" | "send" | "run" | "inject" => 20,
            "notify" | "bell" | "title" | "annotate" | "mark" | "capture" | "set" | "stop" => 30,
            other => panic!("{other} has no row in this table"),
        };
        assert_eq!(firings(kind), want, "{}", kind.name);
    }
}

#[test]
fn one_action_that_feeds_back_stops_trigger() {
    let mut bench = Bench::new(&["-t", "warning", "--capture", "--send", "x"]);
    bench.shell(&b"warning\r\n".repeat(30));
    assert_eq!(bench.reply("captured", json!({}))["captured"].as_array().map(Vec::len), Some(20));
}

#[test]
fn all_of_thirty_warnings_are_captured() {
    let mut bench = Bench::new(&["-t", "warning", "--capture"]);
    bench.shell(&b"a warning\r\n".repeat(30));
    assert_eq!(bench.reply("captured", json!({}))["captured"].as_array().map(Vec::len), Some(30));
}

impl Bench {
    /// The shell prints what has been typed into it, again and again, until nothing more is.
    fn echo(&mut self, from: usize) -> &mut Self {
        let mut at = from;
        while at < self.typed.len() {
            let typed = self.typed.split_off(at);
            self.typed.extend_from_slice(&typed);
            at = self.typed.len();
            self.shell(&typed).shell(b"\n").wait(1);
        }
        self
    }

    fn is_stopped(&mut self) -> bool {
        self.reply("trigger-list", json!({}))["triggers"][0]["stopped"] == true
    }
}

#[test]
fn loop_is_stopped_each_time_it_begins() {
    let mut bench = Bench::new(&["-t", "again", "--name", "loop", "--send", "again\\r"]);
    for round in 1..4 {
        let before = bench.typed.len();
        bench.shell(b"again\r\n").echo(before);
        assert_eq!(bench.typed.len(), round * 20 * b"again\r".len());
        assert!(bench.is_stopped());
        let notices = String::from_utf8_lossy(&bench.shown).matches("\"loop\" fired 20 times").count();
        assert_eq!(notices, round);
        assert_eq!(bench.core.deadline(), None);
        bench.wait(10_000);
        assert!(!bench.is_stopped());
    }
}

#[test]
fn stopped_trigger_fires_again_once_enabled() {
    let mut bench = Bench::new(&["-t", "warning", "--send", "x"]);
    bench.shell(&b"warning\r\n".repeat(30));
    assert_eq!((bench.typed.len(), bench.is_stopped()), (20, true));
    bench.reply("trigger-enable", json!({"trigger": "warning"}));
    assert!(!bench.is_stopped());
    bench.shell(b"warning\r\n");
    assert_eq!(bench.typed.len(), 21);
}

#[test]
fn disabled_stopped_trigger_assembles_no_lines() {
    let mut bench = Bench::new(&["-t", "warning", "--send", "x"]);
    bench.shell(&b"warning\r\n".repeat(30));
    assert!(bench.core.output.terminal.text().assembles());
    bench.reply("trigger-disable", json!({"trigger": "warning"}));
    assert!(!bench.is_stopped() && !bench.core.output.terminal.text().assembles());
}
