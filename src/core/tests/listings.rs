//! Text that clients print on the session's terminal: it is shown like output of the shell, and fires no trigger.

use serde_json::json;

use super::*;

fn listing(text: &str) -> Request {
    Request::read("inject", Some(json!({"text": text, "no_triggers": true}))).expect("a good request")
}

impl Bench {
    fn captured(&mut self) -> usize {
        self.reply("captured", json!({}))["captured"].as_array().expect("it is a list").len()
    }

    fn answered(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::Answer(RequestId(9), Ok(_))))
    }
}

#[test]
fn listing_is_shown_and_fires_nothing() {
    // With a silent coprocess in wait, lines are parsed one by one; an instant trigger sees unfinished lines too.
    for more in [&[][..], &["-t", "x", "--silent-coproc", "true"], &["-t", "3 a", "--instant", "--capture"]] {
        for input in ["raw", "text", "json"] {
            let mut bench = Bench::new(&[&["-c", "cat", "-i", input, "-t", "warning", "--capture"], more].concat());
            bench.shell(b"a warning\r\n").wait(1000);
            bench.input(Input::Request(RequestId(9), listing("1 a warning\n2 a warning\n3 a"), Requester::default()));
            // The rest of a line that is cut between two requests.
            bench
                .wait(1000)
                .input(Input::Request(RequestId(9), listing(" warning\n"), Requester::default()))
                .wait(1000);
            assert_eq!((bench.captured(), bench.answered()), (1, true), "{more:?} {input}");
            assert_eq!(bench.lines(), ["a warning", "1 a warning", "2 a warning", "3 a warning"]);
            assert!(String::from_utf8_lossy(&bench.read).contains("2 a warning"), "{more:?} {input}");
            let lines = bench.reply("lines", json!({}))["lines"].as_array().map(Vec::len);
            assert_eq!(lines, Some(4), "{more:?} {input}");
            bench.shell(b"b warning\r\n");
            assert_eq!(bench.captured(), 2, "{more:?} {input}");
        }
    }
}

#[test]
fn subscriber_gets_lines_of_listing() {
    let mut bench = Bench::new(&["-t", "warning", "--capture"]);
    let subscribe = Request::Subscribe { events: vec![EventKind::Line] };
    bench.input(Input::Request(RequestId(1), subscribe, Requester::default()));
    bench.input(Input::Request(RequestId(9), listing("1 a warning\n2 a warning\n"), Requester::default()));
    let told = bench.effects.iter().filter(|effect| matches!(effect, Effect::Tell(..))).count();
    assert_eq!((told, bench.captured()), (2, 0));
}

#[test]
fn listing_waits_until_output_is_shown() {
    let mut bench = Bench::new(&["-t", "warning", "--capture"]);
    bench.shell(b"$ ").keys(b"\x1d").input(Input::Request(
        RequestId(9),
        listing("1 a warning\n"),
        Requester::default(),
    ));
    bench.shell(b"behind the menu\r\n");
    assert!(!bench.answered());
    bench.keys(b"\x1b").wait(30);
    assert!(bench.answered());
    assert_eq!(bench.lines(), ["$ behind the menu", "1 a warning"]);
}

#[test]
fn listing_of_client_that_disconnects_is_dropped() {
    let mut bench = Bench::new(&[]);
    bench
        .keys(b"\x1d")
        .input(Input::Request(RequestId(9), listing("1\n"), Requester::default()))
        .input(Input::Cancel(RequestId(9)));
    bench.keys(b"\x1b").wait(30).shell(b"2\r\n");
    assert_eq!(bench.lines(), ["2"]);
}

#[test]
fn listing_beyond_the_limit_is_refused() {
    let mut bench = Bench::new(&[]);
    bench.keys(b"\x1d").input(Input::Request(RequestId(8), listing(&"x".repeat(64 * 1024)), Requester::default()));
    bench.input(Input::Request(RequestId(9), listing("1\n"), Requester::default()));
    assert!(bench.effects.iter().any(|effect| matches!(effect, Effect::Answer(RequestId(9), Err(_)))));
}
