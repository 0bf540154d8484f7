//! What a client may do, and questions of clients: which keys allow what, and when the question is not asked.

use serde_json::json;

use super::*;
use crate::core::access::{AccessLevel, ClientAccess};
use crate::core::request::{AccessRequest, Request};
use crate::types::RequestId;

const PROMPT: &[u8] = b"\x1b]133;A\x07$ \x1b]133;B\x07";
const QUESTION: [&str; 2] = [
    "coshell: client \"agent\" wants to type \"ls\\r\"? y allows it, A allows this client",
    "    all from now on, any other key does not",
];

impl Bench {
    /// Has a client that is asked for make this request.
    fn agent(&mut self, request_id: u64, method: &str, params: serde_json::Value) -> &mut Self {
        self.client_with(
            request_id,
            ClientAccess { asks: true, name: "agent".to_owned(), ..ClientAccess::default() },
            method,
            params,
        )
    }

    fn client_with(&mut self, id: u64, access: ClientAccess, method: &str, params: serde_json::Value) -> &mut Self {
        let request = Request::read(method, Some(params)).expect("the request is valid");
        self.input(Input::Request(RequestId(id), request, Requester { child: None, access }))
    }

    /// Has it type `ls` and Enter.
    fn agent_types(&mut self, request_id: u64) -> &mut Self {
        self.agent(request_id, "send", json!({"text": "ls", "enter": true}))
    }

    /// Returns the code and the sentence with which a request was refused.
    fn refusal(&self, request_id: u64) -> Option<(ErrorCode, &str)> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Answer(RequestId(to), Err(error)) if *to == request_id => Some((error.code, &*error.message)),
            _ => None,
        })
    }

    fn is_answered(&self, request_id: u64) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::Answer(RequestId(to), Ok(_)) if *to == request_id))
    }

    fn shows_question(&self) -> bool {
        self.lines().iter().any(|line| line.starts_with("coshell: client"))
    }
}

fn at_prompt() -> Bench {
    let mut bench = Bench::new(&["--hotkey", "ctrl-]"]);
    bench.shell(b"one\r\n").shell(PROMPT).wait(100);
    bench
}

#[test]
fn one_key_allows_once_or_from_now_on() {
    for (key, trusts) in [(b"y", false), (b"A", true)] {
        let mut bench = at_prompt();
        bench.agent_types(1).wait(100);
        assert_eq!(bench.lines(), ["one", QUESTION[0], QUESTION[1], "$"]);
        assert_eq!((bench.typed.len(), bench.is_answered(1)), (0, false));
        bench.keys(key).wait(100);
        assert_eq!(bench.typed, b"ls\r");
        assert!(bench.is_answered(1) && bench.has(&Effect::Trust(RequestId(1))) == trusts);
        assert_eq!(bench.lines(), ["one", "$"]);
        assert_eq!(bench.core.deadline(), None);
    }
}

#[test]
fn every_other_key_refuses() {
    for (key, typed) in [
        (&b"n"[..], &b""[..]),
        (b"\r", b""),
        (b"\x03", b""),
        (b"\x1b", b""),
        (b"Y", b"Y"),
        (b"a", b"a"),
        (b"\x1b[A", b"\x1b[A"),
    ] {
        let mut bench = at_prompt();
        bench.agent_types(1).wait(100).keys(key).wait(100);
        assert_eq!(bench.typed, typed, "{}", key.escape_ascii());
        let (code, sentence) = bench.refusal(1).expect("it is refused");
        assert!(code == ErrorCode::Denied && sentence.contains("the user has not allowed it"), "{sentence}");
        assert!(!bench.shows_question() && !bench.has(&Effect::Trust(RequestId(1))));
    }
}

#[test]
fn key_before_the_question_is_drawn_does_not_count() {
    let mut bench = at_prompt();
    // In the same turn, and while the terminal has not taken the question.
    bench.shell(b"\x1b[K").agent_types(1).keys(b"\x15");
    assert_eq!(bench.typed, b"\x15");
    let (now, effects) = (bench.now + Duration::from_millis(50), &mut Vec::new());
    bench.core.handle(now, Input::Deadline, effects);
    bench.core.handle(now, Input::PtyState(PtyState::default()), effects);
    assert!(!bench.core.pending(Sink::Terminal).is_empty(), "the question is queued");
    bench.core.handle(now, Input::Bytes(Source::Keyboard, b"y"), effects);
    bench.drain();
    assert_eq!(bench.typed, b"\x15y", "the key is the shell's");
    assert!(!bench.is_answered(1) && bench.refusal(1).is_none());
}

/// The next key of the line or of the password would answer the question.
#[test]
fn question_waits_for_the_end_of_line_and_password() {
    let mut bench = at_prompt();
    bench.keys(b"ma").shell(b"ma").agent_types(1).wait(1000);
    assert!(!bench.shows_question());
    bench.keys(b"y").shell(b"y").wait(1000);
    assert_eq!(bench.typed, b"may");
    bench.keys(b"\r").wait(40);
    assert!(!bench.shows_question(), "the shell has not answered the key");
    bench.shell(b"\r\n\x1b]133;C\x07\x1b]133;D;0\x07").shell(PROMPT).wait(100);
    assert!(bench.shows_question());
    bench.keys(b"y");
    assert_eq!(bench.typed, b"may\rls\r");

    let mut bench = at_prompt();
    bench.keys(b"sudo\r").shell(b"sudo\r\n\x1b]133;C\x07Password: ");
    bench.pty_state = PtyState { echo: Echo::OffInLines, is_canonical: true, group: 9, ..PtyState::default() };
    bench.agent_types(1).wait(2000);
    assert!(!bench.shows_question());
    bench.keys(b"y").keys(b"\r").wait(1000);
    assert_eq!(bench.typed, b"sudo\ry\r");
    bench.pty_state = PtyState::default();
    bench.shell(b"\r\n").wait(1000);
    assert!(bench.shows_question(), "{:?}", bench.lines());
}

#[test]
fn question_that_cannot_be_shown_or_is_not_answered_is_refused_in_time() {
    let mut bench = at_prompt();
    bench.shell(b"\x1b[?1049h").agent_types(1).wait(59_000);
    assert!(bench.refusal(1).is_none());
    bench.wait(1100);
    let (code, sentence) = bench.refusal(1).expect("it is refused");
    assert!(code == ErrorCode::Late && sentence.contains("could not be shown for 60 s"), "{sentence}");
    let mut bench = at_prompt();
    bench.agent_types(1).wait(60_200);
    let (code, sentence) = bench.refusal(1).expect("it is refused");
    assert!(code == ErrorCode::Late && sentence.contains("no answer within 60 s"), "{sentence}");
    assert!(!bench.shows_question());

    let mut bench = at_prompt();
    bench.agent(1, "send", json!({"text": "x".repeat(700)})).wait(100);
    assert_eq!(bench.refusal(1).map(|refusal| refusal.0), Some(ErrorCode::Params));
    (2..19).for_each(|id| _ = bench.agent_types(id));
    assert_eq!(bench.refusal(18).map(|refusal| refusal.0), Some(ErrorCode::Full));
    bench.input(Input::Exited(Child::Shell, ExitStatus::Code(0)));
    assert!((2..18).all(|id| bench.refusal(id).map(|refusal| refusal.0) == Some(ErrorCode::Ended)));
}

#[test]
fn session_without_a_terminal_refuses() {
    let mut bench = Bench::of(Settings { keyboard: OutputKind::Pipe, ..Bench::settings(&[]) });
    bench.agent_types(1).wait(100);
    assert_eq!(bench.refusal(1).map(|refusal| refusal.0), Some(ErrorCode::NoTerminal));
    assert_eq!(bench.typed, b"");
}

#[test]
fn question_goes_with_its_client() {
    let mut bench = at_prompt();
    let shown = |bench: &Bench| bench.lines().join(" ").matches(" wants to type").count();
    bench.agent_types(1).agent(2, "send", json!({"text": "other"})).wait(100);
    assert!(shown(&bench) == 1 && bench.lines()[1] == QUESTION[0], "{:?}", bench.lines());
    bench.input(Input::Cancel(RequestId(1))).wait(100);
    assert!(shown(&bench) == 1 && bench.lines()[1].contains("\"other\""), "{:?}", bench.lines());
    bench.input(Input::Cancel(RequestId(2))).wait(100);
    assert!(!bench.shows_question());
    bench.keys(b"y");
    assert_eq!(bench.typed, b"y");
    assert_eq!(bench.core.deadline(), None);
}

#[test]
fn level_bounds_what_a_client_may_do() {
    let access = |level| ClientAccess { level, ..ClientAccess::default() };
    let (note, send) = (json!(["1", "x"]), json!({"text": "x"}));
    for (session, level, may_annotate, may_type) in [
        ("type", AccessLevel::Look, false, false),
        ("type", AccessLevel::Annotate, true, false),
        ("type", AccessLevel::Type, true, true),
        ("annotate", AccessLevel::Type, true, false),
        ("look", AccessLevel::Type, false, false),
    ] {
        let mut bench = Bench::new(&["--clients", session]);
        bench.shell(b"one\r\n$ ").wait(50);
        bench.client_with(1, access(level), "lines", json!({})).wait(10);
        bench.client_with(2, access(level), "annotate", note.clone()).wait(10);
        bench.client_with(3, access(level), "send", send.clone()).wait(10);
        let allowed = [1, 2, 3].map(|id| bench.is_answered(id));
        assert_eq!(allowed, [true, may_annotate, may_type], "{session} {level:?}");
        assert!(may_type || bench.refusal(3).is_some_and(|(code, _)| code == ErrorCode::Denied));
        assert_eq!(bench.typed.is_empty(), !may_type);
    }
    let mut bench = Bench::new(&["--clients", "annotate"]);
    let wanted = AccessRequest { level: AccessLevel::Type, ask: false, name: String::new() };
    bench.input(Input::Request(RequestId(1), Request::Access(wanted), Requester::default()));
    let level = bench.effects.iter().find_map(|effect| match effect {
        Effect::Answer(_, Ok(response)) => Some(serde_json::to_value(response).expect("it is JSON")),
        _ => None,
    });
    assert_eq!(level, Some(json!({"level": "annotate"})));
}
