//! Many matching lines at once and the loop guard: a trigger fires for each line of a burst, and is stopped for a while
//! where it fires on what coshell typed or showed for it.

use serde_json::json;

use super::*;
use crate::core::trigger::action::{ActionKind, KINDS};

/// Returns how often a trigger with an action of this kind fires on thirty lines that match, in one read.
fn firings(kind: &ActionKind) -> u64 {
    let option = format!("--{}", kind.name);
    let value = match kind.value {
        Some("NAME=VALUE") => "a=b",
        Some("[NAME]") | None => "",
        Some("STYLE") => "red",
        Some(_) => "text\\r\\n",
    };
    let argv = ["-q", "-t", "^warning", &option, value];
    let mut bench = Bench::new(if value.is_empty() { &argv[..4] } else { &argv });
    bench.shell(&b"warning\r\n".repeat(30)).wait(1);
    bench.fired(0)
}

#[test]
fn thirty_warnings_fire_thirty_times_with_any_action() {
    for kind in KINDS {
        // While a coprocess runs no other is started.
        let want = if kind.starts.is_some() { 1 } else { 30 };
        assert_eq!(firings(kind), want, "{}", kind.name);
    }
}

#[test]
fn coproc_that_types_nothing_makes_no_loop() {
    let mut bench = Bench::new(&["-t", "^warning", "--coproc", "true"]);
    for _ in 0..30 {
        bench.shell(b"warning\r\n").wait(1).coproc_exits(ExitStatus::Code(0), b"");
    }
    assert_eq!(bench.fired(0), 30);
}

#[test]
fn queued_text_is_no_cause() {
    // The pty takes nothing, so that no match can come from what the trigger types.
    let mut bench = Bench::new(&["-t", "warning", "--send", "x"]);
    for _ in 0..100 {
        bench.core.handle(bench.now, Input::Bytes(Source::Pty, b"warning\r\n"), &mut Vec::new());
    }
    assert_eq!(bench.fired(0), 100);
}

#[test]
fn text_of_others_makes_no_loop() {
    let mut bench = Bench::new(&["-c", "bot", "-t", "warning", "--capture", "-t", "prompt", "--send", "y"]);
    for _ in 0..100 {
        bench.shell(b"warning\r\nprompt\r\n").coproc(b"more\r").wait(1);
    }
    assert_eq!((bench.fired(0), bench.fired(1)), (100, 20));
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

    fn listed(&mut self, i: usize) -> serde_json::Value {
        self.reply("trigger-list", json!({}))["triggers"][i].clone()
    }

    pub(super) fn fired(&mut self, i: usize) -> u64 {
        self.listed(i)["fired"].as_u64().expect("it is a number")
    }

    fn is_stopped(&mut self) -> bool {
        self.listed(0)["stopped"] == true
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
    for _ in 0..30 {
        bench.shell(b"warning\r\n");
    }
    assert_eq!((bench.typed.len(), bench.is_stopped()), (20, true));
    bench.reply("trigger-enable", json!({"trigger": "warning"}));
    assert!(!bench.is_stopped());
    bench.shell(b"warning\r\n");
    assert_eq!(bench.typed.len(), 21);
}

#[test]
fn disabled_stopped_trigger_assembles_no_lines() {
    let mut bench = Bench::new(&["-t", "warning", "--send", "x"]);
    for _ in 0..30 {
        bench.shell(b"warning\r\n");
    }
    assert!(bench.core.output.terminal.text().assembles());
    bench.reply("trigger-disable", json!({"trigger": "warning"}));
    assert!(!bench.is_stopped() && !bench.core.output.terminal.text().assembles());
}

#[test]
fn two_triggers_that_set_each_other_off_are_stopped() {
    let mut bench = Bench::new(&["-t", "ping", "--send", "pong\\r", "-t", "pong", "--send", "ping\\r"]);
    let before = bench.typed.len();
    bench.shell(b"ping\r\n").echo(before);
    assert!(bench.is_stopped());
    assert_eq!((bench.fired(0), bench.fired(1)), (20, 20));
}

#[test]
fn injecting_trigger_is_stopped() {
    let mut bench = Bench::new(&["-t", "again", "--inject", "again\\r\\n"]);
    bench.shell(b"again\r\n");
    assert_eq!((bench.fired(0), bench.is_stopped()), (20, true));
}

#[test]
fn coproc_of_trigger_that_types_its_match_is_stopped() {
    let mut bench = Bench::new(&["-t", "^again", "--coproc", "echo again"]);
    for _ in 0..30 {
        bench.shell(b"again\r\n").wait(1).coproc(b"again\r").coproc_exits(ExitStatus::Code(0), b"");
        if bench.is_stopped() {
            break;
        }
    }
    assert_eq!((bench.fired(0), bench.is_stopped()), (20, true));
}

#[test]
fn clients_of_a_command_type_and_inject_for_its_trigger() {
    let send = || Request::read("send", Some(json!({"text": "again", "enter": true}))).expect("it is a request");
    let inject = || Request::read("inject", Some(json!({"text": "x\n"}))).expect("it is a request");
    for (action, child) in [("--run", Child::Job(0)), ("--coproc", Child::Coproc)] {
        for request in [send, inject] {
            let mut bench = Bench::new(&["-t", "^again", action, "coshell send --enter again"]);
            for _ in 0..30 {
                bench
                    .shell(b"again\r\n")
                    .input(Input::Request(
                        RequestId(1),
                        request(),
                        Requester { child: Some(child), ..Requester::default() },
                    ))
                    .wait(1);
                match child {
                    Child::Coproc => bench.coproc_exits(ExitStatus::Code(0), b""),
                    job => bench.input(Input::Exited(job, ExitStatus::Code(0))),
                };
                if bench.is_stopped() {
                    break;
                }
            }
            assert_eq!((bench.fired(0), bench.is_stopped()), (20, true), "{action}");
        }
    }
}
