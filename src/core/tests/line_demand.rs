//! Readers of lines that come and go while the session runs: each gets all of its lines, and without readers no lines are
//! assembled.

use super::*;
use crate::core::request::InputFormat;
use crate::core::request::OptionArg;
use crate::core::request::{Options, Request, TriggerRequest};
use crate::types::RequestId;

impl Bench {
    fn trigger(&mut self, command: TriggerRequest) -> &mut Self {
        self.input(Input::Request(RequestId(1), Request::Trigger(command), Requester::default()))
    }

    fn add(&mut self, regex: &str, option: &str, value: &str) -> &mut Self {
        let options = Options(vec![OptionArg { name: option.to_owned().into(), value: value.to_owned() }]);
        self.trigger(TriggerRequest::Add { regex: Some(regex.to_owned()), event: None, options })
    }

    fn run(&mut self, form: InputFormat) -> &mut Self {
        let (silent, replace, wait) = (false, false, false);
        let command = Request::Run { silent, replace, wait, input: Some(form), command: "bot".to_owned() };
        self.input(Input::Request(RequestId(1), command, Requester::default())).input(Input::CoprocStarted(7))
    }

    fn assembles(&self) -> bool {
        self.core.output.terminal.text().assembles()
    }
}

#[test]
fn trigger_added_mid_line_replays_whole_line() {
    let line = b"before\r\n\x1b[1mone \x1b[mgo now\r\nafter";
    crate::core::split::at_every_split(line, |pieces| {
        let mut bench = Bench::new(&[]);
        bench.shell(pieces[0]).add("go now", "coproc", "bot");
        pieces[1..].iter().for_each(|piece| {
            bench.shell(piece);
        });
        // A line that was over before is not looked at again.
        let whole = pieces[0].len() >= line.len() - b"after".len();
        assert_eq!(bench.started().is_empty(), whole, "{:?}", pieces[0].escape_ascii().to_string());
        if !whole {
            assert_eq!(bench.read.escape_ascii().to_string(), "\\x1b[1mone \\x1b[mgo now\\r\\nafter");
        }
    });
}

#[test]
fn second_trigger_keeps_raw_bytes_of_first() {
    let mut bench = Bench::new(&["-t", "go", "-c", "bot"]);
    bench.shell(b"a g").add("other", "coproc", "cat").add("x", "bell", "").shell(b"o").wait(30);
    assert_eq!(bench.read, b"a go");
}

#[test]
fn lines_are_assembled_only_with_readers_and_numbers_continue() {
    let mut bench = Bench::new(&[]);
    bench.shell(b"one\r\n");
    assert!(!bench.assembles());
    bench.add("x", "bell", "").shell(b"two\r\n");
    assert!(bench.assembles());
    bench.trigger(TriggerRequest::Disable { trigger: "1".to_owned() }).shell(b"three\r\n");
    assert!(!bench.assembles());
    bench.trigger(TriggerRequest::Enable { trigger: "1".to_owned() }).shell(b"fo");
    assert!(bench.assembles());
    bench.trigger(TriggerRequest::Remove { trigger: "1".to_owned() }).shell(b"ur\r\n");
    assert!(!bench.assembles());
    bench.run(InputFormat::Raw).shell(b"five\r\n");
    assert!(!bench.assembles());
    bench.coproc_exits(ExitStatus::Code(0), b"").run(InputFormat::Json).shell(b"six\r\n");
    assert!(bench.assembles());
    assert_eq!(bench.core.output.line_number(), 6);
    bench.coproc_exits(ExitStatus::Code(0), b"").shell(b"seven\r\n");
    assert!(!bench.assembles());
    bench.wait(100);
    assert_eq!(bench.core.deadline(), None);
    let kept: Vec<u64> = bench.kept().iter().map(|line| line.number).collect();
    assert_eq!(kept, [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn trigger_that_cannot_fire_again_stops_assembly_of_lines() {
    let mut bench = Bench::new(&["-t", "go", "--once", "--bell"]);
    assert!(bench.assembles());
    bench.shell(b"go\r\n");
    assert!(!bench.assembles(), "the trigger has fired once");
    // One with `stop` goes on stopping the triggers behind it on its line.
    let mut bench = Bench::new(&["-t", "go", "--once", "--stop", "-t", "other", "--once", "--bell"]);
    bench.shell(b"go\r\nother\r\n");
    assert!(bench.assembles(), "the trigger stops others");
}

#[test]
fn removed_trigger_keeps_no_raw_bytes() {
    let mut bench = Bench::new(&[]);
    bench.add("go", "coproc", "bot").trigger(TriggerRequest::Remove { trigger: "go".to_owned() });
    bench.shell(&[b'x'; 10_000]).shell(b"\r\ngo\r\n").wait(100);
    assert!(bench.started().is_empty() && !bench.core.output.keeps_raw());
}

/// Without line readers the cursor's position is not tracked live.
#[test]
fn notice_is_above_line_without_line_readers() {
    let wrapped = format!("$ {}\x1b[3D", "x".repeat(100));
    for line in ["$ ls -l\x1b[3D", "$ \x1b[1;32mls", &wrapped, "\x1b[5;1Hhere"] {
        for when in 0..=line.len() {
            let (before, behind) = line.as_bytes().split_at(when);
            let mut bench = Bench::new(&[]);
            bench.shell(b"first\r\n").shell(before).run(InputFormat::Raw).shell(behind);
            let cursor = bench.screen().screen().cursor_position();
            let rows = bench.lines();
            bench.coproc_exits(ExitStatus::Code(3), b"").wait(100);
            let notice = bench.lines().iter().position(|row| row == "coshell: coprocess \"bot\" failed: status 3");
            let notice = notice.unwrap_or_else(|| panic!("{line:?} {when}: {:?}", bench.lines()));
            let mut without = bench.lines();
            without.remove(notice);
            assert_eq!(without, rows, "{line:?} {when}");
            let now = bench.screen().screen().cursor_position();
            assert_eq!(now, (cursor.0 + 1, cursor.1), "{line:?} {when}");
        }
    }
}

#[test]
fn text_injected_at_end_of_last_line_reader_is_counted() {
    let mut bench = Bench::new(&["-s", "bot", "-i", "text"]);
    bench.shell(b"one\r\n");
    let inject = Request::read("inject", Some(serde_json::json!(["two\nthree\n"]))).expect("a good request");
    bench.input(Input::Request(RequestId(1), inject, Requester::default()));
    bench.input(Input::Exited(Child::Coproc, ExitStatus::Code(0))).input(Input::Closed(Source::Coproc));
    bench.input(Input::Unread(Vec::new())).shell(b"four\r\n");
    assert!(!bench.assembles());
    let kept: Vec<u64> = bench.kept().iter().map(|line| line.number).collect();
    assert_eq!(kept, [2, 3, 4]);
}
