//! Work of several turns: whatever has been printed, keys and output go on while the history is read.

use super::*;
use crate::core::request::{OptionArg, Options, Request, TriggerRequest};
use crate::types::RequestId;

/// Output that takes many slices to read: repetitions that fill the screen.
fn costly_output() -> Vec<u8> {
    b"a\x1b[65535b".repeat(2000)
}

impl Bench {
    /// Passes one input, without the turns that follow. Returns the bytes that were then pending for the terminal and for
    /// the shell.
    fn turn(&mut self, input: Input<'_>) -> (Vec<u8>, Vec<u8>) {
        self.core.handle(self.now, input, &mut self.effects);
        let pending = [Sink::Terminal, Sink::Pty].map(|sink| self.core.pending(sink).to_vec());
        self.drain();
        pending.into()
    }

    fn print_pieces(&mut self, bytes: &[u8]) {
        bytes.chunks(4095).for_each(|piece| _ = self.turn(Input::Bytes(Source::Pty, piece)));
    }

    /// Lets the turns pass in which the history is read, and checks that keys and output go on in each of them. Returns the
    /// number of turns.
    fn read_history(&mut self) -> usize {
        let mut turns = 0;
        while self.core.deadline().is_some_and(|at| at <= self.now) {
            let (_, typed) = self.turn(Input::Bytes(Source::Keyboard, b"k"));
            assert_eq!(typed, b"k", "a key is passed on in its turn");
            let (shown, _) = self.turn(Input::Bytes(Source::Pty, b"."));
            assert!(shown.starts_with(b"."), "output is shown in its turn");
            self.turn(Input::Deadline);
            turns += 1;
            assert!(turns < 10_000, "the history is read to its end");
        }
        turns
    }

    fn has_answer(&self, id: u64) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::Answer(RequestId(of), _) if *of == id))
    }
}

#[test]
fn notice_waits_for_screen_and_keys_do_not() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.print_pieces(&costly_output());
    // At a prompt the notice stands above the whole prompt, which the screen tells.
    bench.turn(Input::Bytes(Source::Pty, b"\r\n\x1b]133;A\x07$ \x1b]133;B\x07"));
    bench.turn(Input::Exited(Child::Coproc, ExitStatus::Code(3)));
    bench.turn(Input::Closed(Source::Coproc));
    assert!(!bench.lines().iter().any(|line| line.contains("failed")));
    assert!(bench.read_history() > 2);
    assert!(bench.lines().iter().any(|line| line.contains("failed")), "{:?}", bench.lines());
}

#[test]
fn requests_wait_for_history_and_keys_do_not() {
    let line = || Request::Annotate { line: "/x".to_owned(), text: "note".to_owned() };
    let lines = || Request::read("lines", None).expect("it is valid");
    for (request, output) in [
        (Request::Screen { redact: false }, costly_output()),
        (lines(), costly_output()),
        (Request::Marks { redact: false }, costly_output()),
        (line(), costly_output()),
    ] {
        let mut bench = Bench::new(&[]);
        bench.print_pieces(&output);
        bench.turn(Input::Request(RequestId(7), request.clone(), Requester::default()));
        assert!(!bench.has_answer(7), "{request:?}");
        assert!(bench.read_history() > 2, "{request:?}");
        assert!(bench.has_answer(7), "{request:?}");
        assert_eq!(bench.core.deadline(), None);
    }
}

#[test]
fn one_request_is_answered_in_a_turn() {
    let mut bench = Bench::new(&[]);
    bench.print_pieces(b"one\r\n");
    for id in 0..3 {
        bench.turn(Input::Request(RequestId(id), Request::Notes {}, Requester::default()));
    }
    for id in 0..3 {
        assert!(!bench.has_answer(id));
        bench.turn(Input::Deadline);
        assert!(bench.has_answer(id));
    }
}

#[test]
fn request_of_disconnected_client_is_dropped() {
    let mut bench = Bench::new(&[]);
    bench.print_pieces(&costly_output());
    bench.turn(Input::Request(RequestId(7), Request::Screen { redact: false }, Requester::default()));
    bench.turn(Input::Cancel(RequestId(7)));
    bench.read_history();
    assert!(!bench.has_answer(7));
    assert_eq!(bench.core.deadline(), None);
}

#[test]
fn menu_opens_once_screen_is_read_and_takes_keys_at_once() {
    let mut bench = Bench::new(&[]);
    bench.print_pieces(&costly_output());
    bench.turn(Input::Bytes(Source::Keyboard, b"\x1d"));
    let mut turns = 0;
    while !bench.core.menu.is_drawn() {
        let (shown, _) = bench.turn(Input::Bytes(Source::Pty, b"."));
        assert_eq!(shown, b".");
        bench.turn(Input::Deadline);
        turns += 1;
    }
    assert!(turns > 2);
    // The second hotkey is for the menu, which passes one to the shell.
    bench.turn(Input::Bytes(Source::Keyboard, b"\x1d"));
    assert_eq!(bench.typed, b"\x1d");
}

#[test]
fn lend_waits_for_screen() {
    let mut bench = Bench::new(&[]);
    bench.print_pieces(&costly_output());
    let lend = Request::read("lend", Some(serde_json::json!({"command": ["vim"]}))).expect("it is valid");
    bench.turn(Input::Request(RequestId(7), lend, Requester::default()));
    assert!(!bench.core.lend.is_lent());
    // The timeout is for output that stops inside a sequence only.
    bench.now += Duration::from_secs(1);
    let mut turns = 0;
    while !bench.core.lend.is_lent() {
        bench.turn(Input::Deadline);
        turns += 1;
    }
    assert!(turns > 2 && !bench.has_answer(7));
    assert!(bench.lines().iter().any(|line| line.starts_with("aaaa")), "{:?}", bench.lines());
}

#[test]
fn added_trigger_waits_for_history_and_misses_no_line() {
    let mut bench = Bench::new(&[]);
    bench.print_pieces(&costly_output());
    let options = Options(vec![OptionArg { name: "send".into(), value: "answer".to_owned() }]);
    let request = Request::Trigger(TriggerRequest::Add { regex: Some("^question".to_owned()), event: None, options });
    bench.turn(Input::Request(RequestId(7), request, Requester::default()));
    assert_eq!(bench.core.gate(), Gate::AwaitingHistory);
    bench.turn(Input::Bytes(Source::Pty, b"\r\nquestion\r\n"));
    let (_, typed) = bench.turn(Input::Bytes(Source::Keyboard, b"\r"));
    assert_eq!(typed, b"\r", "keys go on");
    while bench.core.gate() == Gate::AwaitingHistory {
        bench.turn(Input::Deadline);
    }
    bench.wait(100);
    assert!(bench.shown.ends_with(b"\r\nquestion\r\n"), "withheld output is shown");
    assert_eq!(bench.typed, b"\ranswer");
    assert!(bench.core.output.terminal.has_read());
}

#[test]
fn session_ends_while_history_is_read() {
    let mut bench = Bench::new(&[]);
    bench.print_pieces(&costly_output());
    bench.turn(Input::Request(RequestId(7), Request::Screen { redact: false }, Requester::default()));
    bench.turn(Input::Exited(Child::Shell, ExitStatus::Code(0)));
    bench.turn(Input::Closed(Source::Pty));
    bench.wait(2000);
    assert!(bench.has_answer(7), "the client does not wait for ever");
    assert!(bench.has(&Effect::Finish(ExitStatus::Code(0))));
}

/// Returns a session with 500 triggers, one of which answers a question.
fn many_triggers() -> Bench {
    let patterns: Vec<String> = (0..500).map(|i| format!("pattern number {i} of many")).collect();
    let mut argv = vec!["-t", "^question", "--send", "answer"];
    patterns.iter().for_each(|pattern| argv.extend(["-t", pattern, "--bell"]));
    Bench::new(&argv)
}

#[test]
fn keys_do_not_wait_while_many_patterns_are_prepared() {
    let mut bench = many_triggers();
    // Text that ends no line is shown at once.
    let (shown, _) = bench.turn(Input::Bytes(Source::Pty, b"text\r\nquestion\r\n"));
    assert_eq!(shown, b"text");
    bench.turn(Input::Bytes(Source::Pty, b"more"));
    let mut turns = 0;
    while bench.core.gate() == Gate::AwaitingPatterns {
        assert_eq!(bench.shown, b"text", "the rest is withheld, in order");
        let (_, typed) = bench.turn(Input::Bytes(Source::Keyboard, b"\r"));
        assert_eq!(typed, b"\r", "a key is passed on in its turn");
        assert_eq!(bench.core.deadline(), Some(bench.now), "the next slice is due");
        bench.turn(Input::Deadline);
        turns += 1;
    }
    assert!(turns > 5, "{turns}");
    assert_eq!(bench.shown, b"text\r\nquestion\r\nmore");
    assert!(bench.typed.ends_with(b"\ranswer"));
}

#[test]
fn paused_line_waits_for_the_patterns() {
    let mut bench = many_triggers();
    bench.turn(Input::Bytes(Source::Pty, b"question"));
    bench.now += Duration::from_millis(30);
    bench.turn(Input::Bytes(Source::Keyboard, b"\r"));
    assert_eq!((bench.core.gate(), &bench.typed[..]), (Gate::AwaitingPatterns, &b"\r"[..]));
    bench.wait(1);
    assert_eq!(bench.typed, b"\ranswer");
}

#[test]
fn session_ends_while_patterns_are_prepared() {
    let mut bench = many_triggers();
    bench.turn(Input::Bytes(Source::Pty, b"question\r\nlast"));
    bench.turn(Input::Exited(Child::Shell, ExitStatus::Code(0)));
    bench.turn(Input::Closed(Source::Pty));
    assert_eq!(bench.shown, b"question\r\nlast");
}

#[test]
fn output_goes_on_while_a_better_search_is_prepared() {
    let patterns: Vec<String> = (0..1000).map(|i| format!("request queue .* v{i}=")).collect();
    let mut argv = vec!["-t", "^question", "--send", "answer"];
    patterns.iter().for_each(|pattern| argv.extend(["-t", pattern, "--bell"]));
    let mut bench = Bench::new(&argv);
    bench.wait(1);
    assert!(bench.core.triggers.is_prepared());
    // The line is searched in vain for each of the thousand patterns, so that their common literal is given up.
    let line = b"request queue is empty\r\nquestion\r\n";
    let (shown, _) = bench.turn(Input::Bytes(Source::Pty, line));
    assert_eq!(shown, line);
    bench.turn(Input::Bytes(Source::Pty, b"text\r\n"));
    let mut turns = 0;
    while bench.core.triggers.is_preparing() {
        assert_eq!((bench.core.gate(), bench.core.deadline()), (Gate::Open, Some(bench.now)));
        bench.typed.clear();
        let (shown, _) = bench.turn(Input::Bytes(Source::Pty, b"question\r\n"));
        assert_eq!((shown, &bench.typed[..]), (b"question\r\n".to_vec(), &b"answer"[..]), "nothing is missed");
        bench.turn(Input::Deadline);
        turns += 1;
    }
    assert!(turns > 1, "{turns}");
}

#[test]
fn trigger_added_to_many_needs_two_slices() {
    let mut bench = many_triggers();
    bench.wait(1);
    let options = Options(vec![OptionArg { name: "send".into(), value: "added".to_owned() }]);
    let request = Request::Trigger(TriggerRequest::Add { regex: Some("^another".to_owned()), event: None, options });
    bench.turn(Input::Request(RequestId(7), request, Requester::default()));
    bench.turn(Input::Bytes(Source::Pty, b"another\r\n"));
    assert_eq!((bench.core.gate(), &bench.typed[..]), (Gate::AwaitingPatterns, &b""[..]));
    // Its pattern, and the tables of all.
    bench.turn(Input::Deadline);
    assert_eq!(bench.core.gate(), Gate::AwaitingPatterns);
    bench.turn(Input::Deadline);
    assert_eq!((bench.core.gate(), &bench.typed[..]), (Gate::Open, &b"added"[..]));
}
