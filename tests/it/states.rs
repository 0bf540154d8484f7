//! What a session does, by facts: with real programs that ask, hide what is typed, or use the whole screen.

use serde_json::Value;

use crate::support::programs::bash_with;
use crate::support::{PROMPT, Session, TestDir, needs, shell};

/// Start-up file of bash with prompt marks.
const BASH: &str = "PS1='p> '; eval \"$(\"$WRAP\" integration bash)\"";

/// Waits until the session's state is `name`, with `job` in the foreground. Returns the response to `status`.
///
/// A command runs, by its mark, before the shell has made a process for it, and that has the name of the shell until exec.
#[track_caller]
fn wait_state(session: &mut Session, name: &str, job: &str) -> Value {
    let mut client = session.client();
    session.term.wait_for(&format!("{name} with {job}"), |_| {
        let status = client.request("status", serde_json::json!({}));
        (status["state"] == name && status["job"]["name"] == job).then_some(status)
    })
}

#[test]
fn state_follows_programs_at_marked_prompts() {
    needs("less");
    let files = TestDir::new();
    let mut session = Session::start(bash_with(&files, &["-q"], BASH).cwd(files.root()));
    session.term.wait("p> ");
    let text = files.write_file("text", "line\n".repeat(200));
    for (line, state, job, end) in [
        ("sleep 1000", "running", "sleep", "\x03"),
        ("cat", "asks", "cat", "\x04"),
        ("read -rp 'sure? ' answer", "asks", "bash", "no\r"),
        ("read -rsp 'password: ' secret", "password", "bash", "x\r"),
        (&*format!("less {text}"), "full-screen", "less", "q"),
    ] {
        wait_state(&mut session, "prompt", "bash");
        session.term.send(format!("{line}\r"));
        wait_state(&mut session, state, job);
        session.term.send(end);
    }
    let status = wait_state(&mut session, "prompt", "bash");
    assert_eq!(status["last_command"]["status"], 0);
    assert_eq!(status["directory"], files.root().to_str().expect("a path"));
    session.term.send("exit\r");
    session.term.wait_end();
}

#[test]
fn state_without_marks_is_known_by_processes_alone() {
    let mut session = Session::start(shell(&[]));
    session.term.wait(PROMPT);
    // dash reads its command line by read(2), bash without marks by a call that tells nothing.
    wait_state(&mut session, "asks", "sh");
    session.term.send("sleep 1000\r");
    wait_state(&mut session, "running", "sleep");
    session.term.send("\x03exec bash --norc --noprofile\r");
    let status = wait_state(&mut session, "unknown", "bash");
    assert_eq!(status["last_command"], Value::Null);
    let listed = session.call(&["status"]).success();
    assert!(listed.contains("\nstate unknown for "), "{listed}");
    let listed = session.call_any(&["sessions"]).success();
    assert!(listed.contains("unknown (bash)"), "{listed}");
}

/// The states that a subscriber is told, while the clients that do not subscribe cost nothing.
#[test]
fn subscriber_is_told_that_program_asks() {
    let files = TestDir::new();
    let mut session = Session::start(bash_with(&files, &["-q"], BASH));
    session.term.wait("p> ");
    wait_state(&mut session, "prompt", "bash");
    let mut client = session.client();
    client.request("subscribe", serde_json::json!([["state"]]));
    session.term.send("read -rp 'sure? ' answer\r");
    session.term.wait("sure? ");
    loop {
        let event = client.receive_event("state");
        if event["state"] == "asks" {
            assert_eq!(event["job"]["name"], "bash");
            break;
        }
        assert_eq!(event["state"], "running");
    }
    session.term.send("yes\r");
    while client.receive_event("state")["state"] != "prompt" {}
}
