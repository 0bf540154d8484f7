//! Clients that wait for something and that run a command line at the prompt.

use serde_json::{Value, json};

use super::*;
use crate::core::request::Request;
use crate::core::rpc_error::ErrorCode;
use crate::types::RequestId;

const PROMPT: &[u8] = b"\x1b]133;A\x07$ \x1b]133;B\x07";
const BEGIN: &[u8] = b"\x1b]133;C\x07";

impl Bench {
    /// Has a client make this request.
    fn client(&mut self, request_id: u64, method: &str, params: Value) -> &mut Self {
        let request = Request::read(method, Some(params)).expect("the request is valid");
        self.input(Input::Request(RequestId(request_id), request, Requester::default()))
    }

    fn replied(&self, request_id: u64) -> Option<Result<Value, ErrorCode>> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Answer(RequestId(to), reply) if *to == request_id => Some(match reply {
                Ok(response) => Ok(serde_json::to_value(response).expect("it can be written")),
                Err(error) => Err(error.code),
            }),
            _ => None,
        })
    }

    #[track_caller]
    fn result_of(&self, request_id: u64) -> Value {
        self.replied(request_id).expect("there is a reply").expect("it is no error")
    }

    /// Lets the shell at a prompt read `line`, run it with `output`, and end it with `status`.
    fn runs_line(&mut self, line: &str, output: &[u8], status: i32) -> &mut Self {
        self.shell(line.as_bytes()).shell(b"\r\n").shell(BEGIN).shell(output);
        self.shell(format!("\x1b]133;D;{status}\x07").as_bytes()).shell(PROMPT)
    }

    /// A bench whose shell marks its prompts and edits its lines itself.
    fn at_prompt() -> Self {
        let mut bench = Self::new(&[]);
        bench.shell(PROMPT).wait(50);
        bench
    }
}

#[test]
fn text_is_awaited_in_output_and_not_in_echo() {
    let mut bench = Bench::at_prompt();
    bench.client(1, "await", json!({"text": "(\\d+) errors?"})).client(2, "await", json!({"text": "never"}));
    bench.keys(b"echo 2 errors\r").shell(b"echo 2 errors").wait(100);
    assert_eq!(bench.replied(1), None, "the echo of the command is no output");
    bench.shell(b"\r\n").shell(BEGIN).shell(b"\x1b[1m3 \x1b[0merr").wait(5).shell(b"ors\r\n");
    let groups = json!(["3 errors", "3"]);
    assert_eq!(bench.result_of(1), json!({"outcome": "came", "line": 2, "text": "3 errors", "groups": groups}));
    assert_eq!(bench.replied(2), None);
}

#[test]
fn text_without_marks_is_awaited_on_other_lines_than_those_typed_on() {
    let mut bench = Bench::new(&[]);
    bench.shell(b"$ ").client(1, "await", json!({"text": "done"})).keys(b"echo done\r");
    bench.shell(b"echo done").wait(100);
    assert_eq!(bench.replied(1), None);
    bench.shell(b"\r\ndone").wait(100);
    assert_eq!(bench.result_of(1)["line"], 2);
}

#[test]
fn text_that_was_printed_before_is_found_from_its_line_on() {
    let mut bench = Bench::at_prompt();
    bench.keys(b"x\r").runs_line("echo done", b"done\r\n", 0).wait(50);
    for (request, from, line) in [(1, 1, Some(2)), (2, 2, Some(2)), (3, 3, None)] {
        bench.client(request, "await", json!({"text": "done", "from": from, "timeout": "1s"})).wait(500);
        assert_eq!(
            bench.replied(request).map(|reply| reply.expect("no error")["line"].as_u64()),
            line.map(Some),
            "{from}"
        );
    }
    bench.wait(600);
    assert_eq!(bench.result_of(3), json!({"outcome": "timeout"}));
}

#[test]
fn last_words_of_command_are_found_though_prompt_follows_on_line() {
    let mut bench = Bench::at_prompt();
    bench.client(1, "await", json!({"text": "^done$"})).keys(b"x\r");
    bench.runs_line("printf done", b"done", 0).wait(100);
    assert_eq!((&bench.result_of(1)["line"], &bench.result_of(1)["text"]), (&json!(2), &json!("done")));
}

#[test]
fn wait_for_text_ends_with_command_that_ran() {
    let mut bench = Bench::at_prompt();
    bench.client(1, "await", json!({"text": "never"})).keys(b"make\r").client(2, "await", json!({"text": "never"}));
    bench.runs_line("make", b"made\r\n", 0).wait(100);
    assert_eq!(bench.result_of(2), json!({"outcome": "ended"}));
    assert_eq!(bench.replied(1), None, "no command was about to run");
}

#[test]
fn prompt_command_end_quiet_and_state_are_awaited() {
    let mut bench = Bench::at_prompt();
    bench.client(1, "await", json!({"prompt": true}));
    assert_eq!(bench.result_of(1), json!({"outcome": "came"}));
    bench.keys(b"make\r").client(2, "await", json!({"prompt": true})).client(3, "await", json!({"command_end": true}));
    bench.client(4, "await", json!({"quiet": "2s"})).client(5, "await", json!({"state": "asks"}));
    assert_eq!(bench.replied(2), None, "the line is about to run");
    bench.shell(b"make\r\n").shell(BEGIN).wait(1000).shell(b"sure? ").wait(500);
    assert_eq!((bench.replied(4), bench.replied(5)), (None, None));
    bench.pty_state.asks = true;
    bench.wait(1499);
    assert_eq!((bench.result_of(5), bench.replied(4)), (json!({"outcome": "came", "state": "asks"}), None));
    bench.wait(1);
    assert_eq!((bench.result_of(4), bench.replied(3)), (json!({"outcome": "came"}), None));
    bench.shell(b"\x1b]133;D;2\x07");
    assert_eq!(bench.result_of(3), json!({"outcome": "came", "command": 1, "status": 2}));
    assert_eq!(bench.replied(2), None);
    bench.shell(PROMPT);
    assert_eq!(bench.result_of(2), json!({"outcome": "came"}));
    assert_eq!(bench.core.deadline(), None, "nothing is looked at any more");
}

#[test]
fn end_of_command_that_has_ended_is_found_from_its_line_on() {
    let mut bench = Bench::at_prompt();
    bench.keys(b"x\r").runs_line("false", b"", 1).keys(b"x\r").runs_line("make", b"made\r\n", 2).wait(50);
    for (request, from, command) in [(1, 1, Some((1, 1))), (2, 3, Some((2, 2))), (3, 9, None)] {
        bench.client(request, "await", json!({"command_end": true, "from": from})).wait(100);
        let want = command.map(|(command, status)| json!({"outcome": "came", "command": command, "status": status}));
        assert_eq!(bench.replied(request).map(|reply| reply.expect("no error")), want, "{from}");
    }
}

#[test]
fn waits_are_bounded_and_end_with_session() {
    let mut bench = Bench::at_prompt();
    for request in 1..=65 {
        bench.client(request, "await", json!({"text": "never"}));
    }
    assert_eq!((bench.replied(64), bench.replied(65)), (None, Some(Err(ErrorCode::Full))));
    bench.client(66, "await", json!({"text": "(", }));
    bench.input(Input::Cancel(RequestId(1))).input(Input::Exited(Child::Shell, ExitStatus::Code(0)));
    bench.input(Input::Closed(Source::Pty)).wait(100);
    assert_eq!((bench.replied(1), bench.result_of(2)), (None, json!({"outcome": "ended"})));
}

#[test]
fn pattern_that_is_not_valid_is_refused() {
    let mut bench = Bench::at_prompt();
    bench.client(1, "await", json!({"text": "("}));
    assert_eq!(bench.replied(1), Some(Err(ErrorCode::Params)));
}

#[test]
fn command_line_is_run_and_answered() {
    let mut bench = Bench::at_prompt();
    bench.shell(b"\x1b[?2004h").client(1, "exec", json!({"command": ["make", "test"]}));
    assert_eq!(bench.typed, b"\x1b[200~make test\x1b[201~\r");
    bench.shell(b"make test\r\n").shell(BEGIN).wait(1500).shell(b"one\r\ntwo\r\n\x1b]133;D;2\x07");
    assert_eq!(bench.replied(1), None, "the next prompt has not come");
    bench.shell(PROMPT);
    let want = json!({
        "outcome": "ended", "status": 2, "command": 1, "output": 2, "first": 2, "last": 3, "text": "one\ntwo\n",
        "left_out": 0, "tail": "", "seconds": 1.5, "directory": null,
    });
    assert_eq!(bench.result_of(1), want);
    bench.client(2, "exec", json!({"command": ["printf x"]}));
    bench.runs_line("printf x", b"x", 0).wait(50);
    assert_eq!((&bench.result_of(2)["text"], &bench.result_of(2)["first"]), (&json!("x"), &json!(5)));
    bench.client(3, "exec", json!({"command": ["true"]})).runs_line("true", b"", 0).wait(50);
    assert_eq!((&bench.result_of(3)["text"], &bench.result_of(3)["first"]), (&json!(""), &Value::Null));
}

#[test]
fn command_line_is_refused_without_prompt() {
    for (output, typed) in [(&b"$ "[..], &b""[..]), (b"\x1b]133;A\x07$ \x1b]133;B\x07x\r\n\x1b]133;C\x07", b"")] {
        let mut bench = Bench::new(&[]);
        bench.shell(output).wait(50).client(1, "exec", json!({"command": ["ls"]})).wait(100);
        assert_eq!((bench.replied(1), bench.typed.as_slice()), (Some(Err(ErrorCode::NoPrompt)), typed));
    }
}

#[test]
fn command_line_waits_for_user_and_for_coming_prompt() {
    let mut bench = Bench::at_prompt();
    bench.keys(b"ls").client(1, "exec", json!({"command": ["pwd"]})).wait(1000);
    bench.client(2, "exec", json!({"command": ["pwd"]}));
    assert_eq!(bench.replied(2), Some(Err(ErrorCode::Busy)));
    bench.keys(b"\r").wait(100);
    assert_eq!(bench.typed, b"ls\r", "the user's command is about to run");
    bench.shell(b"ls\r\n").shell(BEGIN).shell(b"\x1b]133;D;0\x07").wait(10);
    assert_eq!(bench.typed, b"ls\r");
    bench.shell(PROMPT);
    assert_eq!(bench.typed, b"ls\rpwd\r");
    let mut bench = Bench::at_prompt();
    bench.keys(b"ls").client(1, "exec", json!({"command": ["pwd"], "timeout": "2s"})).wait(2000);
    assert_eq!((bench.replied(1), bench.typed.as_slice()), (Some(Err(ErrorCode::Late)), &b"ls"[..]));
}

#[test]
fn command_that_runs_at_timeout_is_told_with_line_to_wait_from() {
    let mut bench = Bench::at_prompt();
    bench.client(1, "exec", json!({"command": ["make"], "timeout": "2s"}));
    bench.shell(b"make\r\n").shell(BEGIN).shell(b"one\r\n").wait(2100);
    let reply = bench.result_of(1);
    assert_eq!((&reply["outcome"], &reply["output"], &reply["text"]), (&json!("running"), &json!(2), &json!("one\n")));
    assert_eq!(reply["status"], Value::Null);
    bench.client(2, "await", json!({"command_end": true, "from": 2})).wait(50).shell(b"\x1b]133;D;0\x07").wait(50);
    assert_eq!(bench.result_of(2), json!({"outcome": "came", "command": 1, "status": 0}));
}

#[test]
fn line_that_shell_does_not_run_is_told() {
    let mut bench = Bench::at_prompt();
    bench.client(1, "exec", json!({"command": [")"]})).shell(b")\r\nsyntax error\r\n").wait(50);
    assert_eq!(bench.replied(1), None);
    bench.shell(PROMPT).wait(50);
    let reply = bench.result_of(1);
    assert_eq!((&reply["outcome"], &reply["text"]), (&json!("not-run"), &json!("syntax error\n")));
    // A prompt that is drawn again on its row is the same one.
    let mut bench = Bench::at_prompt();
    bench.client(1, "exec", json!({"command": ["ls"]})).shell(b"\r").shell(PROMPT).wait(50);
    assert_eq!(bench.replied(1), None);
    bench.runs_line("ls", b"a\r\n", 0).wait(50);
    assert_eq!(bench.result_of(1)["text"], "a\n");
}

#[test]
fn several_lines_need_bracketed_paste() {
    let mut bench = Bench::at_prompt();
    bench.client(1, "exec", json!({"command": ["echo 1\necho 2"]})).wait(1100);
    assert_eq!((bench.replied(1), bench.typed.as_slice()), (Some(Err(ErrorCode::NoPrompt)), &b""[..]));
    bench.shell(b"\x1b[?2004h").client(2, "exec", json!({"command": ["echo 1\necho 2"]})).wait(100);
    assert_eq!(bench.typed, b"\x1b[200~echo 1\recho 2\x1b[201~\r");
}

#[test]
fn end_of_shell_ends_command_line() {
    let mut bench = Bench::at_prompt();
    bench.client(1, "exec", json!({"command": ["exit"]})).shell(b"exit\r\n").shell(BEGIN);
    bench.input(Input::Exited(Child::Shell, ExitStatus::Code(0))).input(Input::Closed(Source::Pty)).wait(100);
    assert_eq!(bench.replied(1), Some(Err(ErrorCode::Ended)));
}
