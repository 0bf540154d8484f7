//! `await` and `exec` with real shells and programs.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::programs::{BASH_MARKS, FISH_MARKS, LaunchShell, ZSH_MARKS, bash_with, fish_with, zsh_with};
use crate::support::{COSHELL, Ended, Session, TestDir, direct};

/// The shells, with start-up files that mark prompts.
const SHELLS: &[(LaunchShell, &str)] = &[(bash_with, BASH_MARKS), (zsh_with, ZSH_MARKS), (fish_with, FISH_MARKS)];

/// Starts a shell and waits for its prompt.
fn start(shell: (LaunchShell, &str), dir: &TestDir) -> Session {
    let (launch, marks) = shell;
    let mut session = Session::start(launch(dir, &["-q"], marks));
    session.term.wait("\x1b]133;B");
    await_prompt(&mut session);
    session
}

#[track_caller]
fn await_prompt(session: &mut Session) {
    session.call(&["await", "--prompt", "--timeout", "60s"]).success();
}

/// Runs a command line by `exec`; returns its exit status and what it printed.
#[track_caller]
fn exec(session: &mut Session, line: &str) -> (Option<i32>, String) {
    let result = session.call(&["exec", "--timeout", "60s", "--", line]);
    (result.status, result.stdout)
}

#[test]
fn exec_prints_output_and_exits_with_status() {
    for &shell in SHELLS {
        let files = TestDir::new();
        let mut session = start(shell, &files);
        for (line, status, output) in [
            ("echo one; echo two", 0, "one\ntwo\n"),
            ("true", 0, ""),
            ("false", 1, ""),
            ("sh -c 'exit 7'", 7, ""),
            ("printf no-newline", 0, "no-newline"),
            ("echo one\necho two", 0, "one\ntwo\n"),
            ("for x in 1 2; do\necho $x\ndone", 0, "1\n2\n"),
            ("echo 'a\n  b'", 0, "a\n  b\n"),
            ("sh -c 'printf \"\\033[?1049hfull\\033[?1049l\"'", 0, ""),
            ("sh -c 'printf \"\\033[31mred\\033[0m\\n\"'", 0, "red\n"),
        ] {
            let is_fish = shell.1 == FISH_MARKS;
            let line = if is_fish { line.replace("do\n", "\n").replace("done", "end") } else { line.to_owned() };
            let (found, text) = exec(&mut session, &line);
            assert_eq!((found, text.as_str()), (Some(status), output), "{line}: {}", session.term.text());
        }
        let (found, text) = exec(&mut session, "printf 'gone\\n\\033[2J\\033[Hleft\\n'");
        assert!(found == Some(0) && text.ends_with("left\n"), "{text:?}");
        // More than an answer holds, and more than the history keeps.
        for (command, last, has_head) in [("seq -f %020g 9000", 9_000, true), ("seq 100000", 100_000, false)] {
            let result = session.call(&["exec", "--json", "--", command]).json();
            let (head, tail) = (result["text"].as_str().expect("a text"), result["tail"].as_str().expect("a text"));
            assert_eq!(head.starts_with("00000000000000000001\n"), has_head, "{command}");
            assert!(tail.ends_with(&format!("{last}\n")), "{command}");
            let shown = head.lines().count() + tail.lines().count();
            assert_eq!(result["left_out"].as_u64(), Some(last - shown as u64), "{command}");
        }
    }
}

/// As an agent calls it: no answer belongs to another command, and none is lost.
#[test]
fn exec_in_a_loop_gives_each_answer_to_its_command() {
    for &shell in SHELLS {
        let files = TestDir::new();
        let mut session = start(shell, &files);
        let mut client = session.client();
        let began = Instant::now();
        for n in 0..100 {
            let line = format!("echo answer-{n}; sh -c 'exit {}'", n % 7);
            let reply = client.request("exec", json!({"command": [line], "timeout": "60s"}));
            let want = (format!("answer-{n}\n"), json!(n % 7), json!("ended"));
            let text = reply["text"].as_str().unwrap_or_default().to_owned();
            let found = (text, reply["status"].clone(), reply["outcome"].clone());
            assert_eq!(found, want, "{reply} {}", session.term.text());
            session.term.read_for(std::time::Duration::ZERO);
        }
        eprintln!("100 calls: {:?}", began.elapsed());
    }
}

#[test]
fn exec_is_refused_where_no_prompt_is_known() {
    let mut session = Session::bash(&[]);
    let refused = session.call(&["exec", "--", "true"]);
    refused.failed(125, "the shell does not mark its prompts");
    let files = TestDir::new();
    let mut session = start((bash_with, BASH_MARKS), &files);
    session.term.send("sleep 1000\r");
    session.call(&["await", "--state", "running", "--timeout", "60s"]).success();
    session.call(&["exec", "--", "true"]).failed(125, "not at a prompt (state running)");
    session.term.send("\x03");
    await_prompt(&mut session);
    let result = session.call(&["exec", "--", ")"]);
    assert_eq!(result.status, Some(125), "{result:?}");
    assert!(result.stdout.contains("syntax error") && result.stderr.contains("the shell ran no command"), "{result:?}");
}

#[test]
fn exec_at_timeout_says_how_to_wait_on() {
    let files = TestDir::new();
    let mut session = start((bash_with, BASH_MARKS), &files);
    let gate = files.path_str("gate");
    let line = format!("echo begin; until [ -e {gate} ]; do sleep 0.01; done; (exit 5)");
    let result = session.call(&["exec", "--timeout", "300ms", "--", &line]);
    assert_eq!((result.status, result.stdout.as_str()), (Some(124), "begin\n"));
    let from = result.stderr.trim_end().rsplit_once("coshell await --command-end --from ");
    let from = from.expect("it says how").1.to_owned();
    let waiting = session.start_call(&["await", "--command-end", "--from", &from, "--json"], "");
    files.write_file("gate", "");
    assert_eq!(session.finish_call(waiting).json()["status"], 5);
    // It has ended meanwhile.
    await_prompt(&mut session);
    assert_eq!(session.call(&["await", "--command-end", "--from", &from, "--json"]).json()["status"], 5);
}

#[test]
fn await_tells_text_and_how_it_ended() {
    let mut session = Session::bash(&[]);
    let waiting = session.start_call(&["await", "--text", "(\\d+) done", "--from", "1", "--timeout", "60s"], "");
    session.term.send("echo 1''2 done\r");
    let result = session.finish_call(waiting);
    assert_eq!(result.status, Some(0));
    assert!(result.stdout.ends_with("12 done\n        1: 12\n"), "{}", result.stdout);
    let result = session.call(&["await", "--text", "never", "--timeout", "50ms"]);
    result.failed_silently(1);
    session.call(&["await", "--quiet", "50ms"]).success();
    let mut client = session.client();
    let request = json!({"jsonrpc": "2.0", "id": 7, "method": "await", "params": {"text": "never"}});
    client.send(format!("{request}\n"));
    client.request("status", json!({}));
    session.term.send("exit\r");
    let reply = client.receive().expect("an answer before the end");
    assert_eq!((&reply["id"], &reply["result"]["outcome"]), (&json!(7), &json!("ended")));
}

/// The recipe of the README: nothing that is printed between both requests is missed, and the typed text is no match.
#[test]
fn text_printed_behind_sent_line_is_awaited() {
    for &shell in SHELLS {
        let files = TestDir::new();
        let mut session = start(shell, &files);
        let line = "echo 'listening on' port 4711; sleep 1000";
        let typed = session.call(&["send", "--json", "--enter", line]).json();
        session.term.wait("listening on port 4711\r\n");
        let offset = typed["offset"].to_string();
        let result = session.call(&["await", "--offset", &offset, "--text", r"listening on port (\d+)"]);
        assert!(result.success().ends_with("listening on port 4711\n        1: 4711\n"), "{}", session.term.text());
        session.call(&["send", "--key", "C-c"]).success();
        await_prompt(&mut session);
        // The first command behind the offset, though others have ended since.
        session.call(&["exec", "--", "true"]).success();
        let ended = session.call(&["await", "--offset", &offset, "--command-end", "--json"]).json();
        assert_eq!(ended["status"], 130, "{ended}");
    }
}

/// A client in another terminal says why it waits; a command that runs for long is none of its reasons.
#[test]
fn client_says_that_it_waits_for_the_user() {
    let files = TestDir::new();
    let mut session = start(SHELLS[0], &files);
    let id = session.id();
    for words in [&["send", "--enter", "echo ot''her"][..], &["exec", "--", "echo ot''her"]] {
        session.term.send("echo ha");
        session.term.wait("echo ha");
        let command = [&[COSHELL, words[0], "--session", &id], &words[1..]].concat();
        let mut client = direct(&command).env("XDG_RUNTIME_DIR", session.dir.root()).start();
        client.wait("coshell: waits: the user is typing a line");
        session.term.send("lf\r");
        session.term.wait("other\r\n");
        assert_eq!(client.wait_end(), Ended::Code(0));
        await_prompt(&mut session);
    }
    let result = session.call(&["exec", "--", "sleep 0.8; echo ran"]);
    assert_eq!((result.stdout.as_str(), result.stderr.as_str()), ("ran\n", ""));
}

/// What a client of the socket gets, which is what the subcommands print with `--json`.
#[test]
fn text_waits_until_user_has_ended_the_line() {
    let mut session = Session::bash(&[]);
    session.term.send("echo ha");
    session.term.wait("echo ha");
    let waiting = session.start_call(&["send", "--enter", "echo other"], "");
    let mut client = session.client();
    session.term.wait_until("the text to wait", |_| client.request("status", json!({}))["waiting_texts"] == 1);
    let status: Value = client.request("status", json!({}));
    assert_eq!(status["waiting_texts"], 1);
    assert!(session.call(&["status"]).success().contains("\nwaits: the user is typing (1 waiting)\n"));
    session.term.send("lf\r");
    session.term.wait("half\r\n");
    session.term.wait("other\r\n");
    let result = session.finish_call(waiting);
    assert_eq!(result.status, Some(0), "{}", result.stderr);
    // bash without marks tells no prompt, but without an open line it types at once.
    assert_eq!(session.call(&["send", "--enter", "echo now"]).success(), "");
}
