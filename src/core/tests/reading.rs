//! Reading printed lines back: the line numbers are those of the events.

use serde_json::{Value, json};

use super::*;
use crate::core::history::HistoryLine;
use crate::core::request::InputFormat;
use crate::core::request::Request;
use crate::types::RequestId;

impl Bench {
    /// The lines that are kept, the one that the cursor is on last.
    pub(super) fn kept(&mut self) -> Vec<HistoryLine> {
        self.core.output.terminal.finish_lines();
        self.core.output.terminal.history().map_or_else(Vec::new, |history| history.lines(self.now).collect())
    }

    /// The numbers and texts of the finished lines.
    fn history(&mut self) -> Vec<(u64, String)> {
        let lines = self.kept().into_iter().filter(|line| !line.open);
        lines.map(|line| (line.number, String::from_utf8_lossy(&line.text).into_owned())).collect()
    }

    /// A control client asks for this.
    fn ask(&mut self, command: Request) -> &mut Self {
        self.input(Input::Request(RequestId(1), command, Requester::default()))
    }

    /// What a coprocess that reads objects was told.
    fn objects(&self) -> Vec<Value> {
        let objects = self.read.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        objects.map(|line| serde_json::from_slice(line).expect("an object")).collect()
    }

    /// The numbers and texts of the lines that it was told.
    fn told(&self) -> Vec<(u64, String)> {
        let lines = self.objects().into_iter().filter(|value| value["type"] == "line");
        let told = |value: Value| {
            (value["number"].as_u64().expect("a number"), value["text"].as_str().expect("a text").to_owned())
        };
        lines.map(told).collect()
    }
}

/// A coprocess that is told of lines is asked for.
fn bot() -> Request {
    let (silent, replace, wait) = (false, false, false);
    Request::Run { silent, replace, wait, input: Some(InputFormat::Json), command: "bot".to_owned() }
}

#[test]
fn history_and_coprocess_have_same_line_numbers() {
    let stream = b"one\r\ntwo\r\n\r\nthree \x1b[A\x1b[Kabove\r\n\x1b[?1049hfull\x1b[3;1Hscreen\x1b[?1049l\r\nlast\r\n";
    crate::core::split::at_every_split(stream, |pieces| {
        let mut bench = Bench::new(&["-c", "bot", "-i", "json"]);
        pieces.iter().for_each(|piece| {
            bench.shell(piece);
        });
        // A line that is drawn again is told again, with its number.
        let told: std::collections::BTreeMap<u64, String> = bench.told().into_iter().collect();
        assert_eq!(bench.history(), told.clone().into_iter().collect::<Vec<_>>());
        told
    });
}

#[test]
fn hidden_lines_are_counted() {
    let mut bench = Bench::new(&["-t", "go", "-s", "bot", "-i", "json"]);
    bench.shell(b"one\r\ngo").wait(30);
    assert_eq!(bench.started(), ["bot"]);
    bench.shell(b"\r\nhidden\r\nhidden too\r\n").coproc_exits(ExitStatus::Code(0), b"");
    bench.shell(b" on\r\nlast\r\n").wait(30);
    assert_eq!(bench.history(), [(1, "one".to_owned()), (5, "go on".to_owned()), (6, "last".to_owned())]);
}

#[test]
fn unfinished_line_comes_last() {
    let mut bench = Bench::new(&[]);
    bench.shell(b"one\r\n$ ls");
    let last = bench.kept().pop().expect("there are lines");
    assert_eq!((last.number, &*last.text, last.open), (2, &b"$ ls"[..], true));
}

#[test]
fn notices_are_on_screen_but_no_lines() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.shell(b"one\r\n$ ls").coproc_exits(ExitStatus::Code(3), b"").wait(100);
    assert!(bench.lines().iter().any(|line| line.contains("failed")), "{:?}", bench.lines());
    assert!(bench.core.output.terminal.has_read());
    let shown: Vec<String> = {
        let picture = bench.core.output.terminal.screen().expect("there is a screen");
        (0..picture.rows()).map(|row| picture.text(row)).collect()
    };
    let seen = bench.lines();
    assert_eq!(shown[..seen.len()], seen[..]);
    assert_eq!(bench.kept().len(), 2);
}

/// A trigger that was added while the session runs: it is told of the line that began before.
#[test]
fn reader_started_mid_line_continues_history() {
    let mut bench = Bench::new(&[]);
    bench.shell(b"one\r\ntwo and ");
    bench.ask(bot());
    bench.shell(b"more\r\nthree\r\n");
    assert_eq!(bench.told(), [(2, "two and more".to_owned()), (3, "three".to_owned())]);
    assert_eq!(bench.history()[1..], bench.told());
}

/// Lines are not assembled for a while.
#[test]
fn later_reader_has_line_numbers_of_history() {
    let mut bench = Bench::new(&["-c", "bot", "-i", "json"]);
    bench.shell(b"one\r\n").coproc_exits(ExitStatus::Code(0), b"");
    bench.shell(b"two\r\nthree\r\n");
    bench.ask(bot());
    bench.shell(b"four\r\n");
    assert_eq!(bench.told().last(), Some(&(4, "four".to_owned())));
    assert_eq!(bench.history().last(), Some(&(4, "four".to_owned())));
}

/// What a shell with its marks prints.
const MARKED: &[u8] = b"\x1b]7;file://h/tmp\x07\x1b]133;A\x07$ \x1b]133;B\x07ls\r\n\x1b]133;C\x07a\r\nb\r\n\
    \x1b]133;D;2\x07\x1b]133;A\x07$ \x1b]133;B\x07";

#[test]
fn shell_events_come_between_their_lines() {
    for argv in [&["-c", "bot", "-i", "json"][..], &["-c", "bot", "-i", "json", "-t", "^[la]", "--bell"]] {
        crate::core::split::at_every_split(MARKED, |pieces| {
            let mut bench = Bench::new(argv);
            pieces.iter().for_each(|piece| {
                bench.shell(piece);
            });
            let all: Vec<_> = bench.objects().into_iter().filter(|value| value["type"] != "trigger").collect();
            let line = |number: u64, text: &str| json!({"type": "line", "number": number, "text": text});
            let expected = [
                json!({"type": "host", "host": "h", "user": ""}),
                json!({"type": "directory", "path": "/tmp"}),
                line(1, "$ ls"),
                json!({"type": "command-start", "command": 1, "text": "ls"}),
                line(2, "a"),
                line(3, "b"),
                json!({"type": "command-end", "command": 1, "status": 2, "seconds": 0.0}),
            ];
            assert_eq!(all, expected);
        });
    }
}

#[test]
fn lines_have_first_and_last_number() {
    let mut bench = Bench::new(&[]);
    let long = "x".repeat(100_000);
    bench.shell(format!("one\r\n\x1b]133;C\x07two\r\n{long}\r\nfour\r\n\x1b]133;D\x07five\r\nsix").as_bytes());
    for (params, numbers) in [
        (json!({"to": 2}), &[1, 2][..]),
        (json!({"from": 2, "to": 3}), &[2, 3]),
        (json!({"from": 3, "to": 3}), &[3]),
        (json!({"from": 5, "to": 99}), &[5, 6]),
        (json!({"from": 98, "to": 99}), &[]),
        (json!({"to": 5, "number": 2}), &[4, 5]),
        (json!({"from": 5, "to": 5, "number": 2}), &[5]),
        (json!({"to": 5, "number": 0}), &[]),
        (json!({"to": 6, "number": 2}), &[5, 6]),
        (json!({"to": 3, "command": 1}), &[2, 3]),
        (json!({"from": 3, "to": 9, "command": 1}), &[3, 4]),
        (json!({"to": 3, "command": 1, "number": 1}), &[3]),
        (json!({"to": 1, "command": 1}), &[]),
    ] {
        let answer = bench.reply("lines", params.clone());
        let lines = answer["lines"].as_array().expect("lines");
        let found: Vec<u64> = lines.iter().filter_map(|line| line["number"].as_u64()).collect();
        assert_eq!(found, numbers, "{params}");
        assert!(lines.iter().all(|line| line["number"] != 3 || line["text"] == *long), "{params}");
    }
}

#[test]
fn text_of_command_is_that_of_its_shell() {
    let stream =
        b"\x1b]133;A\x07$ \x1b]133;B\x07ls\x1b[70G12:00\r\n\x1b]133;C;cmdline_url=ls%20%27a%0A%1B%3B%27\x07a\r\n\
        \x1b]133;D;0\x07\x1b]133;A\x07$ \x1b]133;B\x07for i\r\n\x1b]133;P;k=s\x07> \x1b]133;B\x07do\r\n\x1b]133;C\x07";
    crate::core::split::at_every_split(stream, |pieces| {
        let mut bench = Bench::new(&["-c", "bot", "-i", "json"]);
        pieces.iter().for_each(|piece| {
            bench.shell(piece);
        });
        let events: Vec<Value> = bench.objects().into_iter().filter(|value| value["type"] == "command-start").collect();
        let start = json!({"type": "command-start", "command": 1, "text": "ls 'a\n;'"});
        assert_eq!(events, [start, json!({"type": "command-start", "command": 2, "text": "for i\n> do"})]);
        let marks = bench.reply("marks", json!({}));
        let texts: Vec<_> = (0..2).map(|n| marks["commands"][n]["text"].clone()).collect();
        assert_eq!(texts[0], "ls 'a\n;'");
        assert!(texts[1].as_str().is_some_and(|text| text.starts_with("for i")), "{texts:?}");
    });
}

#[test]
fn command_has_positions_of_its_output() {
    let spots = crate::core::split::at_every_split(MARKED, |pieces| {
        let mut bench = Bench::new(&[]);
        pieces.iter().for_each(|piece| {
            bench.shell(piece);
        });
        bench.core.output.terminal.finish_lines();
        let history = bench.core.output.terminal.history().expect("it is kept");
        let all = history.commands().map(|(command, spots)| (command.number, command.status, spots));
        all.map(|(number, status, spots)| {
            (number, status, spots.map(|spot| spot.map(|spot| (spot.number, spot.column))))
        })
        .collect::<Vec<_>>()
    });
    let first = [Some((1, 0)), Some((1, 2)), Some((2, 0)), Some((4, 0))];
    assert_eq!(spots, [(1, Some(2), first), (2, None, [Some((4, 0)), Some((4, 2)), None, None])]);
}
