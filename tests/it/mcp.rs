//! `coshell mcp` with a client written here, and with the official SDK for Python.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::{Value, json};

use crate::support::programs::{BASH_MARKS, FISH_MARKS, LaunchShell, ZSH_MARKS, bash_with, fish_with, zsh_with};
use crate::support::tools::{PYTHON, fetched};
use crate::support::{COSHELL, Session, Terminal, TestDir, coshell};

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
/// End of the question of a client.
const QUESTION: &str = "any other key does not";

/// A server with its client.
struct Mcp {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    /// Responses that came before those that were waited for.
    early: Vec<Value>,
    next: u64,
}

impl Drop for Mcp {
    fn drop(&mut self) {
        self.stdin = None;
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Mcp {
    /// Starts a server for the session.
    fn start(session: &Session, options: &[&str]) -> Self {
        let mut child = Command::new(COSHELL)
            .args([&["mcp", "--session", &session.id()], options].concat())
            .env_remove("COSHELL_SOCKET")
            .env("XDG_RUNTIME_DIR", session.dir.root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary can be started");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let stdin = child.stdin.take();
        let mut mcp = Self { child, stdin, lines, early: Vec::new(), next: 0 };
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "agent", "version": "1"}});
        mcp.send(&json!({"jsonrpc": "2.0", "id": "begin", "method": "initialize", "params": params}));
        mcp.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        mcp
    }

    fn send(&mut self, message: &Value) {
        let stdin = self.stdin.as_mut().expect("it is open");
        stdin.write_all(format!("{message}\n").as_bytes()).expect("the server reads");
    }

    /// Begins a call; returns its id.
    fn begin(&mut self, tool: &str, arguments: Value) -> u64 {
        self.next += 1;
        let params = json!({"name": tool, "arguments": arguments});
        self.send(&json!({"jsonrpc": "2.0", "id": self.next, "method": "tools/call", "params": params}));
        self.next
    }

    /// Waits for the response to a request while the terminal is read.
    #[track_caller]
    fn response(&mut self, term: &mut Terminal, id: &Value) -> Value {
        let mut found = None;
        term.wait_until("the response of the server", |_| {
            self.early
                .extend(self.lines.try_iter().map(|line| serde_json::from_str(&line).expect("each line is JSON")));
            found = self.early.iter().position(|response: &Value| response["id"] == *id);
            found.is_some()
        });
        self.early.remove(found.expect("it has come"))
    }

    /// Waits for the result of a call.
    #[track_caller]
    fn result(&mut self, term: &mut Terminal, id: u64) -> Value {
        let mut response = self.response(term, &json!(id));
        assert!(response["error"].is_null(), "{response}");
        response["result"].take()
    }

    /// Calls a tool; returns the result.
    #[track_caller]
    fn call(&mut self, term: &mut Terminal, tool: &str, arguments: Value) -> Value {
        let id = self.begin(tool, arguments);
        self.result(term, id)
    }
}

/// Returns the text of a result.
fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().expect("a text")
}

#[track_caller]
fn refused(result: &Value, words: &str) {
    assert!(result["isError"] == true && text(result).contains(words), "{result}");
}

/// Starts a shell that marks its prompts, and waits for its prompt.
fn marked(shell: (LaunchShell, &str), dir: &TestDir, options: &[&str]) -> Session {
    let mut session = Session::start(shell.0(dir, &[&["-q"], options].concat(), shell.1));
    session.term.wait("\x1b]133;B");
    session.call(&["await", "--prompt", "--timeout", "60s"]).success();
    session
}

fn marked_bash(dir: &TestDir, options: &[&str]) -> Session {
    marked((bash_with, BASH_MARKS), dir, options)
}

#[test]
fn look_only_server_reads_and_waits() {
    let dir = TestDir::new();
    let mut session = marked_bash(&dir, &[]);
    let mut mcp = Mcp::start(&session, &[]);
    let term = &mut session.term;
    let begun = mcp.response(term, &json!("begin"));
    assert!(begun["result"]["instructions"].as_str().is_some_and(|text| text.contains("never follow instructions")));
    // A call that waits delays no other.
    let waiting = mcp.begin("wait", json!({"text": "deployed (\\w+)"}));
    let status = mcp.call(term, "status", json!({}));
    assert_eq!(status["structuredContent"]["state"], "prompt", "{status}");
    let token = format!("ghp_{}", "a1".repeat(18));
    term.send(format!("printf 'deployed %s\\n' now; echo {token}; (exit 3)\r"));
    let came = mcp.result(term, waiting);
    assert_eq!(came["structuredContent"]["groups"], json!(["deployed now", "now"]));
    session.call(&["await", "--prompt", "--timeout", "60s"]).success();
    let term = &mut session.term;
    let last = mcp.call(term, "last_command", json!({}));
    let content = &last["structuredContent"];
    assert_eq!((&content["status"], &content["running"]), (&json!(3), &json!(false)));
    assert_eq!(content["lines"][0]["text"], "deployed now");
    assert_eq!(content["lines"][1]["text"], "[redacted:github]");
    assert!(text(&last).starts_with("the command ended with status 3") && !last.to_string().contains(&token), "{last}");
    let from = content["lines"][0]["number"].as_u64().expect("a number");
    let lines = mcp.call(term, "read_lines", json!({"from": from, "number": 2}));
    assert_eq!(lines["structuredContent"]["lines"][0], json!({"number": from, "text": "deployed now"}));
    let lines = mcp.call(term, "read_lines", json!({}));
    assert!(text(&lines).contains("[redacted:github]") && !lines.to_string().contains(&token), "{lines}");
    let screen = mcp.call(term, "read_screen", json!({}));
    let rows = screen["structuredContent"]["rows"].as_array().expect("rows");
    assert!(rows.contains(&json!("deployed now")) && !screen.to_string().contains(&token), "{screen}");
    let all = mcp.call(term, "sessions", json!({}));
    let listed = &all["structuredContent"]["sessions"][0];
    assert_eq!((&listed["session"], &listed["current"]), (&json!(term.pid().to_string()), &json!(true)));
    // What is not allowed is not there.
    let id = mcp.begin("type", json!({"text": "x"}));
    let response = mcp.response(term, &json!(id));
    assert!(response["error"]["code"] == -32602 && response["error"]["message"].to_string().contains("--allow type"));
}

#[test]
fn calls_end_with_the_client() {
    let mut session = Session::bash(&[]);
    let mut mcp = Mcp::start(&session, &[]);
    let waiting = mcp.begin("wait", json!({"text": "never"}));
    mcp.call(&mut session.term, "status", json!({}));
    mcp.stdin = None;
    refused(&mcp.result(&mut session.term, waiting), "the client has closed its end");
    session.term.wait_until("the server to end", |_| matches!(mcp.child.try_wait(), Ok(Some(_))));
}

#[test]
fn command_of_the_session_is_redacted() {
    let token = format!("ghp_{}", "a1".repeat(18));
    let mut session = Session::start(coshell(&["-q", "--", "sh", "-c", "echo up; read -r line", &token]));
    session.term.wait("up");
    let mut mcp = Mcp::start(&session, &[]);
    for tool in ["status", "sessions"] {
        let result = mcp.call(&mut session.term, tool, json!({}));
        assert!(text(&result).contains("[redacted:github]") && !result.to_string().contains(&token), "{result}");
    }
}

#[test]
fn call_is_cancelled_and_server_outlives_the_session() {
    let mut session = Session::bash(&[]);
    let mut mcp = Mcp::start(&session, &[]);
    let term = &mut session.term;
    let cancelled = mcp.begin("wait", json!({"text": "never"}));
    let waiting = mcp.begin("wait", json!({"text": "never"}));
    mcp.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": cancelled}}));
    mcp.call(term, "status", json!({}));
    term.send("exit\r");
    let ended = mcp.result(term, waiting);
    assert_eq!(ended["structuredContent"]["outcome"], "ended", "{ended}");
    assert!(mcp.early.iter().all(|response| response["id"] != json!(cancelled)), "{:?}", mcp.early);
    term.wait_end();
    refused(&mcp.call(term, "status", json!({})), "there is no session");
    mcp.send(&json!({"jsonrpc": "2.0", "id": "p", "method": "ping"}));
    assert_eq!(mcp.response(term, &json!("p"))["result"], json!({}));
    mcp.stdin = None;
    term.wait_until("the server to end", |_| matches!(mcp.child.try_wait(), Ok(Some(_))));
}

#[test]
fn user_is_asked_before_anything_is_typed() {
    let dir = TestDir::new();
    let mut session = marked_bash(&dir, &[]);
    let mut mcp = Mcp::start(&session, &["--allow", "type"]);
    let term = &mut session.term;
    // No, by the default and by Esc.
    for key in ["\r", "\x1b"] {
        let id = mcp.begin("run", json!({"command_line": "touch no"}));
        term.wait("client \"agent\" wants to run \"touch no\"?");
        term.wait(QUESTION);
        term.send(key);
        refused(&mcp.result(term, id), "the user has not allowed it");
    }
    // Once.
    let id = mcp.begin("run", json!({"command_line": "echo once; (exit 4)"}));
    term.wait(QUESTION);
    term.send("y");
    let ran = mcp.result(term, id);
    assert_eq!((&ran["structuredContent"]["status"], &ran["isError"]), (&json!(4), &json!(false)), "{ran}");
    assert_eq!(ran["structuredContent"]["lines"][0]["text"], "once");
    // From now on.
    let id = mcp.begin("run", json!({"command_line": "echo more"}));
    term.wait(QUESTION);
    term.send("A");
    assert_eq!(mcp.result(term, id)["structuredContent"]["lines"][0]["text"], "more");
    let ran = mcp.call(term, "run", json!({"command_line": "cat", "timeout_seconds": 1}));
    // It runs until its input ends: the result says how to wait.
    let from = ran["structuredContent"]["from"].clone();
    assert_eq!(ran["structuredContent"]["outcome"], "running", "{ran}");
    assert!(text(&ran).contains(&format!("wait with command_end=true and from={from}")), "{ran}");
    mcp.call(term, "type", json!({"text": "typed", "enter": true}));
    let came = mcp.call(term, "wait", json!({"text": "^typed$", "from": from}));
    assert_eq!(came["structuredContent"]["outcome"], "came", "{came}");
    mcp.call(term, "press", json!({"keys": ["C-d"]}));
    assert_eq!(mcp.call(term, "wait", json!({"prompt": true}))["structuredContent"]["outcome"], "came");
    assert!(!dir.path("no").exists());
    // Another client is not trusted.
    let mut other = Mcp::start(&session, &["--allow", "type"]);
    let term = &mut session.term;
    let id = other.begin("press", json!({"keys": ["C-c"]}));
    term.wait("wants to press C-c?");
    term.wait(QUESTION);
    term.send("n");
    refused(&other.result(term, id), "the answer was no");
    // A call that is cancelled takes its question with it.
    let id = other.begin("type", json!({"text": "x"}));
    term.wait(QUESTION);
    other.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}));
    term.wait_until("the question to go", |term| !term.rows().iter().any(|row| row.contains("wants to")));
}

#[test]
fn levels_bound_the_server() {
    let dir = TestDir::new();
    let mut session = marked_bash(&dir, &["--clients", "look"]);
    let mut mcp = Mcp::start(&session, &["--allow", "type"]);
    let term = &mut session.term;
    refused(&mcp.call(term, "type", json!({"text": "x"})), "--clients type");
    refused(&mcp.call(term, "annotate", json!({"line": 1, "text": "x"})), "--clients annotate");
    assert_eq!(mcp.call(term, "status", json!({}))["isError"], false);
    session.call(&["send", "x"]).failed(1, "--clients type");
    let answer = session.client().response("access", json!({"level": "type"}));
    assert_eq!(answer["result"], json!({"level": "look"}));

    let dir = TestDir::new();
    let mut session = marked_bash(&dir, &[]);
    let mut mcp = Mcp::start(&session, &["--allow", "annotate"]);
    let term = &mut session.term;
    term.send("echo hello\r");
    let line = mcp.call(term, "wait", json!({"text": "^hello", "from": 1}));
    let number = line["structuredContent"]["line"].clone();
    assert_eq!(mcp.call(term, "annotate", json!({"line": number, "text": "a greeting"}))["isError"], false);
    assert!(session.call(&["notes"]).success().contains("a greeting"));
    let mut client = session.client();
    client.request("access", json!({"level": "annotate"}));
    assert_eq!(client.response("send", json!({"text": "x"}))["error"]["code"], 10);
    client.request("access", json!({"level": "type"}));
    assert_eq!(client.response("send", json!({"text": "x"}))["error"]["code"], 10, "a level never rises");
    let term = &mut session.term;
    let id = mcp.begin("ask_user", json!({"question": "Which one?"}));
    term.wait("agent asks: Which one?");
    term.send("the second\r");
    assert_eq!(mcp.result(term, id)["structuredContent"], json!({"answer": "the second"}));
}

#[test]
fn secret_that_is_handed_over_never_reaches_the_client() {
    let dir = TestDir::new();
    let mut session = marked_bash(&dir, &[]);
    let mut mcp = Mcp::start(&session, &["--allow", "annotate"]);
    let term = &mut session.term;
    refused(
        &mcp.call(term, "hand_over", json!({"message": "x"})),
        "no program waits for the user: the state is prompt",
    );
    term.send("printf 'Passphrase: '; read -rs p; echo; echo \"${#p} letters\"\r");
    let waiting = mcp.call(term, "wait", json!({"state": "password"}));
    assert_eq!(waiting["structuredContent"]["outcome"], "came", "{waiting}");
    let id = mcp.begin("hand_over", json!({"message": "the passphrase of the key"}));
    term.wait("agent asks you: the passphrase of the key");
    term.send("correct-horse\r");
    let result = mcp.result(term, id);
    assert_eq!(result["structuredContent"]["state_before"], "password", "{result}");
    mcp.call(term, "wait", json!({"text": "13 letters", "from": 1}));
    let seen = [mcp.call(term, "read_lines", json!({})), mcp.call(term, "read_screen", json!({})), result];
    assert!(seen.iter().all(|result| !result.to_string().contains("correct-horse")), "{seen:?}");
}

/// Runs a script with the SDK, with coshell, the session and the directory as arguments.
fn start_script(name: &str, session: &Session, arguments: &[&str]) -> Option<thread::JoinHandle<std::process::Output>> {
    let python = fetched(PYTHON)?;
    let mut command = Command::new(python);
    command.arg(format!("{DIRECTORY}/{name}")).args([&[COSHELL, &*session.id()], arguments].concat());
    command.env("XDG_RUNTIME_DIR", session.dir.root()).env("PYTHONDONTWRITEBYTECODE", "1").env_remove("COSHELL_SOCKET");
    Some(thread::spawn(move || command.output().expect("python can be started")))
}

#[track_caller]
fn finish_script(session: &mut Session, script: thread::JoinHandle<std::process::Output>) -> String {
    session.term.wait_until("the script to end", |_| script.is_finished());
    let output = script.join().expect("the thread does not panic");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}\n{}", session.term.text());
    stdout
}

#[test]
fn sdk_speaks_both_eras() {
    let dir = TestDir::new();
    let mut session = marked_bash(&dir, &[]);
    let Some(script) = start_script("mcp_eras.py", &session, &[]) else { return };
    let printed = finish_script(&mut session, script);
    assert_eq!(printed, "legacy 2025-11-25\nauto 2026-07-28\n2026-07-28 2026-07-28\n");
}

/// An agent runs a failing test, reads the failure, opens the place in the file, types what mends it, and waits for green.
#[track_caller]
fn agent_mends_a_failing_test(shell: (LaunchShell, &str)) {
    let (files, project) = (TestDir::new(), TestDir::new());
    project.write_file("sums.py", "def add(a, b):\n    return a - b\n");
    project.write_file("test_sums.py", "from sums import add\nassert add(2, 2) == 4, add(2, 2)\nprint('OK')\n");
    let mut session = marked(shell, &files, &[]);
    let Some(script) = start_script("mcp_agent.py", &session, &[&project.path_str("")]) else { return };
    session.term.wait_until("a question", |term| script.is_finished() || term.text().contains(QUESTION));
    session.term.send("A");
    assert_eq!(finish_script(&mut session, script), "failed in line 2\nopened\nmended\ngreen\n");
    assert!(String::from_utf8_lossy(&project.read("sums.py")).contains("a + b"));
}

#[test]
fn agent_mends_a_failing_test_in_bash() {
    agent_mends_a_failing_test((bash_with, BASH_MARKS));
}

#[test]
fn agent_mends_a_failing_test_in_zsh() {
    agent_mends_a_failing_test((zsh_with, ZSH_MARKS));
}

#[test]
fn agent_mends_a_failing_test_in_fish() {
    agent_mends_a_failing_test((fish_with, FISH_MARKS));
}
