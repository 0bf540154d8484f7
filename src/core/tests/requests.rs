//! Requests of clients that start, stop, wait and type.

use serde_json::{Value, json};

use super::*;
use crate::core::event_kind::EventKind;
use crate::core::request::Request;
use crate::core::rpc_error::{ErrorCode, RpcError};
use crate::types::{Echo, RequestId};

const RUN: Request = Request::Run { silent: false, replace: false, wait: false, input: None, command: String::new() };

impl Bench {
    fn asks(&mut self, request_id: u64, command: Request) -> &mut Self {
        self.input(Input::Request(RequestId(request_id), command, Requester::default()))
    }

    fn runs(&mut self, request_id: u64, wait: bool) -> &mut Self {
        let Request::Run { silent, replace, input, .. } = RUN else { unreachable!("it is one") };
        self.asks(request_id, Request::Run { silent, replace, wait, input, command: "bot".to_owned() });
        self.input(Input::CoprocStarted(7))
    }

    fn fails(&mut self, exit: ExitStatus) -> &mut Self {
        self.input(Input::Bytes(Source::CoprocErr, b"why\n")).coproc_exits(exit, b"").wait(100)
    }

    fn answer(&self, request_id: u64) -> Option<Result<Value, RpcError>> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Answer(RequestId(to), reply) if *to == request_id => {
                Some(reply.clone().map(|response| serde_json::to_value(response).expect("it can be written")))
            }
            _ => None,
        })
    }

    fn code(&self, request_id: u64) -> Option<ErrorCode> {
        self.answer(request_id)?.err().map(|refusal| refusal.code)
    }

    fn shows(&self, text: &str) -> bool {
        self.lines().iter().any(|line| line.contains(text))
    }
}

fn send(text: &str, paste: bool, secret: bool) -> Request {
    Request::Send { enter: true, paste, secret, timeout: 30, now: false, text: text.to_owned(), key: Vec::new() }
}

#[test]
fn failure_is_answered_to_waiting_client_or_noticed() {
    for (wait, also) in [(true, false), (false, true)] {
        let mut bench = Bench::new(&[]);
        bench.shell(b"$ ").runs(1, wait);
        if also {
            bench.asks(2, Request::Wait {});
        }
        bench.fails(ExitStatus::Code(3));
        let told = bench.answer(if wait { 1 } else { 2 }).expect("an answer").expect("it has ended");
        let failure = json!({"message": "coprocess \"bot\" failed: status 3", "stderr": ["why"]});
        assert_eq!(told, json!({"status": 3, "failure": failure}));
        assert!(!bench.shows("failed"), "{:?}", bench.lines());
    }
    let mut bench = Bench::new(&[]);
    bench.shell(b"$ ").runs(1, true).input(Input::Cancel(RequestId(1))).fails(ExitStatus::Code(3));
    assert!(bench.shows("failed: status 3") && bench.shows("why"));
}

#[test]
fn failed_start_is_answered_or_noticed() {
    let mut bench = Bench::new(&[]);
    let Request::Run { silent, replace, wait, input, .. } = RUN else { unreachable!("it is one") };
    bench.shell(b"$ ").asks(1, Request::Run { silent, replace, wait, input, command: "bot".to_owned() });
    bench.input(Input::CoprocStartFailed("no memory".to_owned())).wait(100);
    assert_eq!(bench.code(1), Some(ErrorCode::Failed));
    assert!(!bench.shows("could not be started"));
    assert!(Bench::new(&["-c", "bot"]).input(Input::CoprocStartFailed("no".to_owned())).shows("not be started"));
}

#[test]
fn coprocess_ended_by_users_signal_has_not_failed() {
    for (exit, noticed) in
        [(ExitStatus::Signal(2), false), (ExitStatus::Code(130), false), (ExitStatus::Signal(15), true)]
    {
        let mut bench = Bench::new(&[]);
        bench.shell(b"$ ").runs(1, false).asks(2, Request::Stop { signal: 2 });
        assert!(bench.has(&Effect::Signal(Child::Coproc, 2)));
        assert_eq!(bench.answer(2), Some(Ok(json!({}))));
        bench.fails(exit);
        assert_eq!(bench.shows("failed"), noticed, "{exit:?}");
    }
}

#[test]
fn stop_is_answered_at_end_and_kills_after_2_s() {
    let mut bench = Bench::new(&[]);
    bench.runs(1, false).asks(2, Request::Stop { signal: 15 }).wait(1999);
    assert!(bench.answer(2).is_none() && !bench.has(&Effect::Signal(Child::Coproc, 9)));
    bench.wait(1);
    assert!(bench.has(&Effect::Signal(Child::Coproc, 9)));
    bench.fails(ExitStatus::Signal(9));
    assert_eq!(bench.answer(2), Some(Ok(json!({"status": 137, "signal": 9}))));
    assert!(!bench.shows("failed"));
}

#[test]
fn stderr_events_have_whole_characters() {
    let told = crate::core::split::at_every_split("\u{e9}t\u{e9}\u{1f600}\n".as_bytes(), |pieces| {
        let mut bench = Bench::new(&[]);
        bench.asks(1, Request::Subscribe { events: vec![EventKind::CoprocStderr] }).runs(2, false);
        for piece in pieces {
            bench.input(Input::Bytes(Source::CoprocErr, piece));
        }
        let told = bench.effects.iter().filter_map(|effect| match effect {
            Effect::Tell(_, text) => serde_json::from_str::<Value>(text).ok()?["text"].as_str().map(str::to_owned),
            _ => None,
        });
        told.collect::<String>()
    });
    assert_eq!(told, "\u{e9}t\u{e9}\u{1f600}\n");
}

#[test]
fn paste_cannot_leave_its_brackets() {
    let mut bench = Bench::new(&[]);
    bench.asks(1, send("a\nb", true, false));
    assert_eq!(bench.typed, b"a\rb\r");
    bench.typed.clear();
    bench.shell(b"\x1b[?2004h").asks(2, send("one\x1b[201~ \x1b[20\x1b[201~1~two\nthree\r\n", true, false));
    assert_eq!(bench.typed.escape_ascii().to_string(), "\\x1b[200~one two\\rthree\\r\\x1b[201~\\r");
}

#[test]
fn secret_is_typed_at_password_prompt_and_not_logged() {
    let mut bench = Bench::new(&[]);
    bench.asks(1, send("hunter2", false, true)).wait(1000);
    assert!(bench.typed.is_empty() && bench.answer(1).is_none());
    bench.asks(2, send("other", false, true));
    assert_eq!(bench.code(2), Some(ErrorCode::Busy));
    bench.pty_state.echo = Echo::OffInLines;
    bench.wait(249);
    assert_eq!(bench.typed, b"");
    bench.wait(1);
    assert_eq!((&bench.typed[..], bench.answer(1)), (&b"hunter2\r"[..], Some(Ok(json!({})))));
    bench.wait(1000);
    assert_eq!(bench.core.deadline(), None);
    assert!(!format!("{:?}", bench.effects).contains("hunter2"));
}

#[test]
fn empty_secret_is_refused_without_enter() {
    let mut bench = Bench::new(&[]);
    bench.pty_state.echo = Echo::OffInLines;
    bench.shell(b"\x1b[?2004h");
    for paste in [false, true] {
        for text in ["", "\n", "\r\n"] {
            bench.effects.clear();
            bench.asks(1, send(text, paste, true)).wait(1000);
            assert_eq!(bench.code(1), Some(ErrorCode::Params), "{text:?} {paste}");
        }
    }
    assert!(bench.typed.is_empty());
    bench.asks(9, send("x", false, true)).wait(1000);
    assert_eq!(bench.typed, b"x\r");
}

#[test]
fn secret_waits_for_end_of_paste() {
    let mut bench = Bench::new(&[]);
    bench.pty_state.echo = Echo::OffInLines;
    bench.keys(b"\x1b[200~my").asks(1, send("hunter2", false, true)).wait(1000);
    assert_eq!(bench.typed, b"\x1b[200~my");
    bench.keys(b"\x1b[201~").wait(50);
    assert_eq!(bench.typed, b"\x1b[200~my\x1b[201~hunter2\r");
}

#[test]
fn secret_is_dropped_after_timeout_or_disconnection() {
    let mut bench = Bench::new(&[]);
    bench.asks(1, send("hunter2", false, true)).wait(29_999);
    assert!(bench.answer(1).is_none());
    bench.wait(1);
    assert_eq!(bench.code(1), Some(ErrorCode::Late));
    // Nor behind the back of one that has gone, nor when the shell has.
    bench.asks(2, send("hunter2", false, true)).input(Input::Cancel(RequestId(2)));
    assert_eq!(bench.core.deadline(), None);
    bench.asks(3, send("hunter2", false, true)).input(Input::Exited(Child::Shell, ExitStatus::Code(0))).wait(50);
    assert_eq!(bench.code(3), Some(ErrorCode::Ended));
    bench.pty_state.echo = Echo::OffInLines;
    bench.wait(1000);
    assert!(bench.typed.is_empty());
}

#[test]
fn huge_timeout_is_accepted() {
    let mut bench = Bench::new(&[]);
    let text = "hunter2".to_owned();
    bench
        .asks(
            1,
            Request::Send {
                enter: false,
                paste: false,
                secret: true,
                timeout: u64::MAX,
                now: false,
                text,
                key: Vec::new(),
            },
        )
        .wait(1000);
    assert!(bench.answer(1).is_none());
}

#[test]
fn events_of_coprocess_come_before_answers() {
    let mut bench = Bench::new(&[]);
    let kinds = [EventKind::CoprocStart, EventKind::CoprocEnd, EventKind::Notice];
    bench.asks(1, Request::Subscribe { events: kinds.to_vec() }).runs(2, false).asks(3, Request::Stop { signal: 15 });
    bench.fails(ExitStatus::Signal(15)).runs(4, false).fails(ExitStatus::Code(3));
    let order: Vec<String> = bench
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Tell(_, text) => serde_json::from_str::<Value>(text).ok()?["type"].as_str().map(str::to_owned),
            Effect::Answer(RequestId(to), _) => Some(to.to_string()),
            _ => None,
        })
        .collect();
    let expected = ["1", "coproc-start", "2", "coproc-end", "3", "coproc-start", "4", "notice", "coproc-end"];
    assert_eq!(order, expected);
}

#[test]
fn run_is_refused_as_ended_rather_than_busy_once_shell_has_exited() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.input(Input::Exited(Child::Shell, ExitStatus::Code(0)));
    let Request::Run { silent, replace, wait, input, .. } = RUN else { unreachable!("it is one") };
    bench.asks(1, Request::Run { silent, replace, wait, input, command: "cat".to_owned() });
    assert_eq!(bench.code(1), Some(ErrorCode::Ended));
    bench.asks(2, Request::Run { silent, replace, wait, input, command: String::new() });
    assert_eq!(bench.code(2), Some(ErrorCode::Params));
}
