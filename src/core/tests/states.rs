//! What the session does, for clients: derived from marks and modes, and from looks at the pty while a client waits.

use super::*;
use crate::core::event::ForegroundJob;
use crate::core::event_kind::EventKind;
use crate::core::request::Request;
use crate::types::RequestId;

const PROMPT: &[u8] = b"\x1b]133;A\x07$ \x1b]133;B\x07";
const COMMAND: &[u8] = b"make\r\n\x1b]133;C\x07";

impl Bench {
    /// Returns the state that a client is answered.
    fn state(&mut self) -> String {
        self.effects.clear();
        self.input(Input::Request(RequestId(1), Request::Status {}, Requester::default())).wait(300);
        let answer = self.effects.iter().find_map(|effect| match effect {
            Effect::Answer(RequestId(1), Ok(answer)) => serde_json::to_value(answer).ok(),
            _ => None,
        });
        answer.expect("status is answered")["state"].as_str().expect("a name").to_owned()
    }

    /// Returns the states that this subscriber was told.
    fn states_told(&self, request_id: u64) -> Vec<String> {
        let told = self.effects.iter().filter_map(|effect| match effect {
            Effect::Tell(RequestId(to), text) if *to == request_id => {
                serde_json::from_str::<serde_json::Value>(text).ok()
            }
            _ => None,
        });
        told.filter_map(|event| Some(event["state"].as_str()?.to_owned())).collect()
    }
}

fn job(name: &str) -> Option<ForegroundJob> {
    Some(ForegroundJob { name: name.to_owned(), pid: 7, directory: Some("/src".to_owned()) })
}

#[test]
fn status_tells_what_session_does() {
    let mut bench = Bench::new(&[]);
    assert_eq!(bench.state(), "unknown");
    bench.pty_state = PtyState { asks: true, job: job("sh"), shell_is_foreground: true, ..PtyState::default() };
    assert_eq!(bench.state(), "asks");
    assert_eq!(bench.shell(PROMPT).state(), "prompt", "a shell reads at its prompt");
    bench.pty_state = PtyState { job: job("make"), ..PtyState::default() };
    assert_eq!(bench.shell(COMMAND).state(), "running");
    bench.pty_state.asks = true;
    assert_eq!(bench.state(), "asks");
    bench.pty_state.echo = Echo::OffInLines;
    assert_eq!(bench.state(), "password");
    assert_eq!(bench.shell(b"\x1b[?1049h").state(), "full-screen");
    bench.pty_state = PtyState::default();
    assert_eq!(bench.shell(b"\x1b[?1049l\x1b]133;D;2\x07").state(), "running");
    assert_eq!(bench.shell(PROMPT).state(), "prompt");
}

#[test]
fn echo_off_for_an_instant_is_no_password() {
    let mut bench = Bench::new(&[]);
    bench.pty_state = PtyState { echo: Echo::OffInLines, group: 7, ..PtyState::default() };
    bench.input(Input::Request(RequestId(2), Request::Status {}, Requester::default())).wait(150);
    assert_eq!(bench.effects.iter().filter(|effect| matches!(effect, Effect::Answer(..))).count(), 0);
    bench.pty_state.echo = Echo::On;
    bench.wait(50);
    assert_eq!(bench.states_told(2), [""; 0]);
    let answered = bench.effects.iter().any(
        |effect| matches!(effect, Effect::Answer(RequestId(2), Ok(answer)) if serde_json::json!(answer)["state"] == "unknown"),
    );
    assert!(answered, "{:?}", bench.effects);
    assert_eq!(bench.core.deadline(), None);
}

#[test]
fn subscriber_is_told_each_change() {
    let mut bench = Bench::new(&[]);
    let subscribe = Request::Subscribe { events: vec![EventKind::State] };
    bench.input(Input::Request(RequestId(2), subscribe, Requester::default())).shell(PROMPT).shell(COMMAND).wait(1000);
    bench.pty_state.asks = true;
    bench.wait(1000);
    bench.pty_state = PtyState::default();
    bench.wait(1000).shell(b"\x1b]133;D;0\x07").shell(PROMPT).wait(1000);
    assert_eq!(bench.states_told(2), ["prompt", "running", "asks", "running", "prompt"]);
    assert_eq!(bench.core.deadline(), None, "a shell at its prompt is not looked at");
    bench.shell(COMMAND).input(Input::Cancel(RequestId(2)));
    assert_eq!(bench.core.deadline(), None, "without a subscriber nothing is looked at");
}

#[test]
fn status_has_job_directory_and_last_command() {
    let mut bench = Bench::new(&[]);
    bench.pty_state = PtyState { job: job("make"), ..PtyState::default() };
    bench.shell(PROMPT).shell(COMMAND).wait(1500).shell(b"\x1b]133;D;2\x07").shell(PROMPT).wait(2500).state();
    let answer = bench.effects.iter().find_map(|effect| match effect {
        Effect::Answer(_, Ok(answer)) => serde_json::to_value(answer).ok(),
        _ => None,
    });
    let answer = answer.expect("status is answered");
    assert_eq!(answer["job"], serde_json::json!({"name": "make", "pid": 7}));
    assert_eq!(answer["directory"], "/src");
    assert_eq!(answer["last_command"], serde_json::json!({"status": 2, "seconds": 1.5}));
    assert_eq!(answer["seconds"], 2.5);
    bench.effects.clear();
    bench.shell(b"\x1b]7;file://host/far\x07").state();
    let told = bench.effects.iter().any(
        |effect| matches!(effect, Effect::Answer(_, Ok(answer)) if serde_json::json!(answer)["directory"] == "/far"),
    );
    assert!(told, "the shell's own word counts");
}
