//! Subcommands that send requests to a session, from inside through its shell and from outside.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{
    COSHELL, Ended, PROMPT, Session, Terminal, TestDir, bash, coshell, count, proc, run, shell, wrapped,
};

/// Command of a coprocess that reports its start on stderr and runs until it is stopped.
const LONG_COPROC: &str = "echo there >&2; cat > /dev/null";

/// Waits until the coprocess has written `text` to stderr.
#[track_caller]
fn wait_errors(session: &mut Session, text: &str) {
    let mut client = session.client();
    let written = |value: &Value| value["stderr"].as_str().is_some_and(|all| all.contains(text));
    session.term.wait_until(text, |_| written(&client.request("errors", json!({}))));
}

#[test]
fn run_starts_coproc_that_reads_and_types() {
    let mut session = Session::bash(&[]);
    assert_eq!(session.type_subcommand("run 'head -n 1 > /dev/null; printf \"echo typed-%s\\r\" by-it'"), 0);
    session.term.wait("typed-by-it\r\n");
    session.wait_coproc_end();
    assert_eq!(session.call(&["run", "printf 'echo from-outside\\r'"]).success(), "");
    session.term.wait("from-outside\r\n");
}

#[test]
fn unwritable_output_is_reported() {
    let mut session = Session::bash(&["-c", LONG_COPROC]);
    wait_errors(&mut session, "there");
    let asking = ["lines", "lines --json", "lines -f", "status", "errors", "errors -f", "sessions"];
    let others = ["--help", "-h", "--version", "run --help", "integration bash", "completions bash"];
    let sentence = "coshell: cannot write the output: No space left on device";
    for (response, line) in asking.iter().chain(&others).enumerate() {
        assert_eq!(session.type_subcommand(&format!("{line} > /dev/full")), 125, "{line}");
        assert_eq!(count(session.term.output(), sentence), response + 1, "{line}: {}", session.term.text());
    }
}

#[test]
fn unwritable_stderr_keeps_exit_status() {
    let mut session = Session::bash(&[]);
    for (line, status) in [("stop", 1), ("status --session 1", 125), ("--bogus", 2)] {
        assert_eq!(session.type_subcommand(&format!("{line} 2> /dev/full")), status, "{line}");
    }
}

#[test]
fn closed_output_pipe_is_no_error() {
    let mut session = Session::bash(&[]);
    session.term.send("printf '%0200000d\\n' 1\r");
    session.term.wait(PROMPT);
    for line in ["lines", "lines -f", "completions bash", "--help"] {
        session.type_subcommand(&format!("{line} | true"));
    }
    assert!(!session.term.text().contains("coshell: "), "{}", session.term.text());
}

#[test]
fn following_own_terminal_is_refused() {
    let mut session = Session::bash(&[]);
    let sentence = "this is the session's own terminal";
    let lines = ["lines -f", "lines --follow --json", "subscribe", "subscribe trigger line"];
    for (response, line) in lines.iter().enumerate() {
        assert_eq!(session.type_subcommand(line), 125, "{line}");
        assert_eq!(count(session.term.output(), sentence), response + 1, "{line}: {}", session.term.text());
    }
    let remedy = format!("coshell subscribe --session {}", session.id());
    assert!(session.term.text().replace("\r\n", "").contains(&remedy), "{}", session.term.text());
    // Other events, and lines of another session, may be followed on the terminal.
    session.term.send("\"$WRAP\" subscribe coproc-end\r");
    // The subscription may not exist yet when the first coprocess ends.
    while !session.term.text().contains("\"type\":\"coproc-end\"") {
        session.call(&["run", "--wait", "exit 0"]).success();
        session.term.read_for(std::time::Duration::from_millis(20));
    }
    session.term.send("\x03");
    session.term.wait(PROMPT);
    let mut other = Session::bash(&[]);
    let runtime = other.dir.root().display();
    session.term.send(format!("XDG_RUNTIME_DIR={runtime} \"$WRAP\" lines -f --session {}\r", other.id()));
    other.term.send("echo from-the-o''ther\r");
    session.term.wait("from-the-other");
}

#[test]
fn run_json_prints_pid() {
    let mut session = Session::bash(&[]);
    let pid = session.call(&["run", "--json", LONG_COPROC]).json()["pid"].as_i64().expect("a number");
    let status = session.call(&["status", "--json"]).json();
    assert_eq!((&status["coprocess"]["pid"], &status["coprocess"]["command"]), (&json!(pid), &json!(LONG_COPROC)));
}

#[test]
fn run_while_coproc_runs_is_refused_without_replace() {
    let mut session = Session::bash(&[]);
    session.call(&["run", "exec sleep 1000"]).success();
    session.call(&["run", "true"]).failed(1, "coprocess \"exec sleep 1000\" is running; stop it (coshell stop) or");
    session.call(&["run", "--replace", LONG_COPROC]).success();
    let status = session.call(&["status", "--json"]).json();
    assert_eq!(status["coprocess"]["command"], LONG_COPROC);
    assert_eq!(status["last_coprocess"], json!({"command": "exec sleep 1000", "status": 143}));
}

#[test]
fn run_wait_exits_with_status_of_coproc() {
    let mut session = Session::bash(&[]);
    session.call(&["run", "--wait", "exit 0"]).success();
    let failed = session.call(&["run", "--wait", "echo out of cheese >&2; exit 7"]);
    failed.failed(7, "failed: status 7\n  out of cheese\n");
    session.call(&["run", "--wait", "kill -9 $$"]).failed(137, "failed: signal 9");
    session.call(&["run", "--wait", "no-such-command-here"]).failed(127, "no-such-command-here: ");
    let result = session.call(&["run", "--wait", "--json", "exit 7"]);
    assert_eq!((result.status, result.stderr.as_str()), (Some(7), ""));
    let response: Value = serde_json::from_str(&result.stdout).unwrap();
    assert_eq!(
        (&response["status"], &response["failure"]["message"]),
        (&json!(7), &json!("coprocess \"exit 7\" failed: status 7"))
    );
    assert_eq!(session.type_subcommand("run --wait 'exit 5'"), 5);
    // The client got the failure, so the terminal shows no further notice.
    session.term.send("echo done\r");
    session.term.wait("done\r\n");
    assert_eq!(count(session.term.output(), "coshell: coprocess"), 1, "{}", session.term.text());
}

#[test]
fn run_silent_hides_output_until_coproc_ends() {
    let mut session = Session::bash(&[]);
    session.call(&["run", "--silent", "sleep 0.3; echo 'echo hid''den' ; head -n 2 > /dev/null"]).success();
    session.wait_coproc_end();
    session.term.send("echo shown\r");
    session.term.wait("shown\r\n");
    assert!(!session.term.text().contains("hidden\r\n"), "{}", session.term.text());
}

#[test]
fn run_input_selects_format() {
    let mut session = Session::bash(&[]);
    let dir = TestDir::new();
    let out = dir.path_str("out");
    session.call(&["run", "--input", "text", &format!("head -n 2 > {out}")]).success();
    session.term.send("printf '\\033[1mbold\\033[m\\n'\r");
    session.wait_coproc_end();
    assert!(String::from_utf8(dir.read("out")).unwrap().ends_with("\nbold\n"));
    // The number of prompts before the line depends on the speed of typing.
    session.call(&["run", "-i", "json", &format!("sed '/\"one\".*\"line\"/q' > {out}")]).success();
    session.term.send("echo one\r");
    session.wait_coproc_end();
    let lines = String::from_utf8(dir.read("out")).unwrap();
    let objects: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(objects.iter().any(|object| object["type"] == "line" && object["text"] == "one"), "{lines}");
    session.call(&["run", "-i", "xml", "true"]).failed(2, "xml");
}

#[test]
fn stop_ends_coproc_that_handles_sigterm() {
    let mut session = Session::bash(&[]);
    session.call(&["stop"]).failed(1, "no coprocess is running: there is nothing to stop");
    let script = "trap 'printf \"echo last-%s\\r\" word; exit' TERM; echo there >&2; while :; do sleep 0.05; done";
    session.call(&["run", script]).success();
    wait_errors(&mut session, "there");
    session.call(&["stop"]).success();
    session.term.wait("last-word\r\n");
    assert!(session.call(&["status", "--json"]).json()["coprocess"].is_null());
    assert_eq!(session.type_subcommand("run 'exec sleep 1000'"), 0);
    assert_eq!(session.type_subcommand("stop --json"), 0);
    assert!(session.term.text().contains("\"signal\":15"), "{}", session.term.text());
    assert!(!session.term.text().contains("failed"), "{}", session.term.text());
}

#[test]
fn stop_kills_coproc_ignoring_sigterm() {
    let mut session = Session::bash(&[]);
    session.call(&["run", &format!("trap '' TERM; {LONG_COPROC}; while :; do sleep 1; done")]).success();
    wait_errors(&mut session, "there");
    assert_eq!(session.call(&["stop", "--json"]).json(), json!({"status": 137, "signal": 9}));
}

#[test]
fn stop_signal_sends_only_that_signal() {
    let mut session = Session::bash(&[]);
    session.call(&["run", "trap 'echo trapped >&2' INT; echo there >&2; while :; do sleep 0.05; done"]).success();
    wait_errors(&mut session, "there");
    session.call(&["stop", "--signal", "INT"]).success();
    wait_errors(&mut session, "trapped");
    assert!(session.call(&["status", "--json"]).json()["coprocess"].is_object());
    session.call(&["stop", "-s", "sigkill"]).success();
    session.call(&["wait"]).failed_silently(137);
    session.call(&["stop", "--signal", "NOSUCH"]).failed(2, "NOSUCH");
    assert!(!session.term.text().contains("failed"), "{}", session.term.text());
}

#[test]
fn wait_reports_status_of_last_coproc() {
    let mut session = Session::bash(&[]);
    session.call(&["wait"]).failed(1, "no coprocess has run in this session");
    session.call(&["run", LONG_COPROC]).success();
    let mut waiting = session.client();
    waiting.send("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"wait\"}\n");
    assert_eq!(waiting.response("status", json!({}))["id"], 1);
    session.call(&["run", "--replace", "exit 0"]).success();
    assert_eq!(waiting.receive().unwrap()["result"], json!({"status": 143, "signal": 15}));
    session.wait_coproc_end();
    session.call(&["wait"]).success();
    session.call(&["run", "exit 4"]).success();
    session.wait_coproc_end();
    session.call(&["wait"]).failed_silently(4);
    let result = session.call(&["wait", "--json"]);
    assert_eq!((result.status, result.stdout.as_str()), (Some(4), "{\"status\":4}\n"));
    assert_eq!(session.type_subcommand("wait"), 4);
}

#[test]
fn wait_in_session_blocks_shell_until_coproc_ends() {
    let mut session = Session::bash(&[]);
    session.call(&["run", "read -r line; exit 6"]).success();
    // The coprocess reads the echo of the command itself.
    assert_eq!(session.type_subcommand("wait"), 6);
}

#[test]
fn status_describes_session_and_coproc() {
    let mut session = Session::bash(&["-t", "x", "--bell"]);
    let text = session.call(&["status"]).success();
    assert!(text.starts_with(&format!("session {} (/dev/pts/", session.id())), "{text}");
    assert!(text.contains("running bash --norc --noprofile\nwindow 24 rows, 80 columns\nstate unknown for "), "{text}");
    assert!(text.contains("\ntriggers 1\ncoprocess none\n"), "{text}");
    session.term.resize(30, 100, 0, 0);
    session.call(&["run", "--silent", "-i", "json", LONG_COPROC]).success();
    wait_errors(&mut session, "there");
    let status = session.call(&["status", "--json"]).json();
    assert_eq!((&status["rows"], &status["cols"], &status["screen"]), (&json!(30), &json!(100), &json!("terminal")));
    let coproc = &status["coprocess"];
    assert_eq!((&coproc["silent"], &coproc["input"]), (&json!(true), &json!("json")));
    assert!(session.call(&["status"]).success().contains("coprocess silent echo there >&2; cat > /dev/null (pid "));
}

#[test]
fn session_is_called_by_its_name() {
    let mut session = Session::bash(&["--session-name", "build.1"]);
    let id = session.id();
    assert!(
        session.call_any(&["status", "--session", "build.1"]).success().starts_with(&format!("session {id} build.1 ("))
    );
    let listed = session.call_any(&["sessions"]).success();
    assert!(listed.contains("  name build.1  unknown"), "{listed}");
    assert_eq!(session.call_any(&["sessions", "--json"]).json()[0]["name"], "build.1");
    session.call_any(&["status", "--session", "build"]).failed(125, "there is no session 'build'");
    // A second one of that name does not start, and leaves the terminal as it was.
    let name = ["--session-name", "build.1"];
    let mut second = bash(&name).env("XDG_RUNTIME_DIR", session.dir.root()).start();
    assert_eq!(second.wait_end(), Ended::Code(2));
    let sentence = format!("--session-name: session {id} has this name");
    assert!(second.text().contains(&sentence), "{}", second.text());
    // Once the first one has ended, the name is free.
    session.term.send("exit\r");
    session.term.wait_end();
    let mut third = bash(&name).env("XDG_RUNTIME_DIR", session.dir.root()).start();
    third.wait(PROMPT);
    for bad in ["", "12", "a b", "../x", "-x", &"x".repeat(65)] {
        let refused = run(coshell(&[&format!("--session-name={bad}")]));
        assert_eq!(refused.ended, Ended::Code(2), "{bad}");
    }
}

#[test]
fn sessions_lists_running_sessions_only() {
    let mut first = Session::bash(&[]);
    let mut second = shell(&[]).env("XDG_RUNTIME_DIR", first.dir.root()).start();
    second.wait(PROMPT);
    let ids = |session: &mut Session| -> Vec<String> {
        let all = session.call_any(&["sessions", "--json"]).json();
        all.as_array().unwrap().iter().map(|one| one["session"].as_str().unwrap().to_owned()).collect()
    };
    let listed = ids(&mut first);
    assert!(listed.contains(&first.id()) && listed.contains(&second.pid().to_string()), "{listed:?}");
    let text = first.call_any(&["sessions"]).success();
    let line = text.lines().find(|line| line.trim_start().starts_with(&first.id())).expect("the session is listed");
    assert!(line.contains("/dev/pts/") && line.contains("bash --norc --noprofile  unknown"), "{line}");
    // Several sessions need `--session`.
    first.call_any(&["status"]).failed(125, "more than one session is running; choose one with --session: ");
    let unknown = first.call_any(&["status", "--session", "nobody"]);
    unknown.failed(125, "there is no session 'nobody'; coshell sessions lists them");
    let id = second.pid().to_string();
    second.signal(nix::sys::signal::Signal::SIGKILL);
    second.wait_end();
    assert!(!ids(&mut first).contains(&id));
    // Its socket is left.
    first.call_any(&["status", "--session", &id]).failed(125, "does not answer (Connection refused): it has ended");
}

#[test]
fn request_to_one_session_wakes_no_other() {
    let mut first = Session::bash(&["--session-name", "first"]);
    let mut other = bash(&["--session-name", "other"]).env("XDG_RUNTIME_DIR", first.dir.root()).start();
    other.wait(PROMPT);
    other.wait_quiet();
    let before = proc::sleep_count(other.pid());
    for wanted in ["first", &first.id()] {
        first.call_any(&["status", "--session", wanted]).success();
    }
    assert_eq!(proc::sleep_count(other.pid()), before);
}

#[test]
fn stopped_session_is_listed_as_not_answering() {
    let mut session = Session::bash(&[]);
    session.term.signal(nix::sys::signal::Signal::SIGSTOP);
    let text = session.call_any(&["sessions"]).success();
    assert!(text.contains(&format!("{:>8}  does not answer: it may be stopped\n", session.id())), "{text}");
    session.term.signal(nix::sys::signal::Signal::SIGCONT);
    session.term.send("echo on\r");
    session.term.wait("on\r\n");
}

#[test]
fn ended_session_in_environment_is_reported() {
    let dir = TestDir::new();
    let script = "COSHELL_SOCKET=/nowhere/1.sock \"$WRAP\" status; echo \"status $?\"";
    let seen = run(wrapped(&[], script).env("XDG_RUNTIME_DIR", dir.root())).bytes;
    let text = String::from_utf8_lossy(&seen).into_owned();
    assert!(text.contains("the session at /nowhere/1.sock does not answer") && text.contains("status 125"), "{text}");
}

#[test]
fn errors_prints_stderr_of_last_coproc() {
    let mut session = Session::bash(&[]);
    session.call(&["errors"]).failed(1, "no coprocess has run in this session");
    session.call(&["run", "--wait", "printf 'one\\n\\033]0;evil\\007t\\303\\251\\n' >&2"]).success();
    assert_eq!(session.call(&["errors"]).success(), "one\n\u{1b}]0;evil\u{7}t\u{e9}\n");
    let response = session.call(&["errors", "--json"]).json();
    assert_eq!(response["stderr"], "one\n\u{1b}]0;evil\u{7}t\u{e9}\n");
    session.call(&["run", "--wait", "head -c 300000 /dev/zero | tr '\\0' x >&2; echo end >&2"]).success();
    assert_eq!(session.call(&["errors"]).success().len(), 100_000);
}

#[test]
fn errors_follow_prints_stderr_of_later_coprocs() {
    let mut session = Session::bash(&[]);
    let early = Follower::start(&session, "errors -f");
    let mut client = session.client();
    // No coprocess had run when the follower started.
    session.term.wait_until("the first coprocess's errors", |_| {
        client.request("run", json!({"command": "echo early >&2", "wait": true}));
        early.text().contains("early\n")
    });
    session.call(&["run", "echo first >&2; cat > /dev/null"]).success();
    wait_errors(&mut session, "first");
    let follower = Follower::start(&session, "errors -f");
    follower.wait(&mut session, "first\n");
    session.call(&["run", "--replace", "for n in 1 2 3; do echo more $n >&2; done; cat > /dev/null"]).success();
    follower.wait(&mut session, "first\nmore 1\nmore 2\nmore 3\n");
    early.wait(&mut session, "first\nmore 1\nmore 2\nmore 3\n");
    let objects = Follower::start(&session, "errors -f --json");
    session.term.wait_until("the answer as JSON", |_| objects.text().ends_with('\n'));
    let response: Value = serde_json::from_str(&objects.text()).expect("the output is JSON");
    assert_eq!(response["stderr"], "more 1\nmore 2\nmore 3\n");
}

/// Runs a subcommand against a socket that returns `answer` as its result.
fn run_with_response(args: &[&str], answer: &Value) -> Output {
    let dir = TestDir::new();
    let listener = UnixListener::bind(dir.path("other.sock")).expect("a socket can be made");
    let mut command = Command::new(COSHELL);
    command.args(args).env("COSHELL_SOCKET", dir.path("other.sock")).stdin(Stdio::null());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary can be started");
    let (mut stream, _) = listener.accept().expect("the subcommand connects");
    BufReader::new(&stream).read_line(&mut String::new()).expect("the subcommand asks");
    writeln!(stream, "{}", json!({"jsonrpc": "2.0", "id": 1, "result": answer})).expect("the subcommand reads");
    drop(stream);
    child.wait_with_output().expect("the child can be waited for")
}

#[test]
fn unknown_response_form_fails_and_json_prints_it() {
    let answer = json!({"stdrr": "why", "stat": 0});
    for args in [&["errors"][..], &["status"], &["wait"], &["lines"], &["lines", "-f"], &["lend", "--", "true"]] {
        let output = run_with_response(args, &answer);
        let result = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), &*output.stdout), (Some(125), &b""[..]), "{args:?}: {result}");
        assert!(result.starts_with("coshell: the session's response cannot be decoded (missing field"), "{result}");
    }
    let output = run_with_response(&["errors", "--json"], &answer);
    assert_eq!(
        (output.status.code(), String::from_utf8_lossy(&output.stdout)),
        (Some(0), format!("{answer}\n").into())
    );
    let newer = json!({"command": "bot", "stderr": "why\n", "newer": [1]});
    assert_eq!(run_with_response(&["errors"], &newer).stdout, b"why\n");
}

/// Subcommand that runs in another terminal and writes to a file.
struct Follower {
    dir: TestDir,
    term: Terminal,
}

impl Follower {
    fn start(session: &Session, line: &str) -> Self {
        let dir = TestDir::new();
        let script = format!("exec \"$WRAP\" {line} > {}", dir.path_str("out"));
        let launch = crate::support::direct(&["sh", "-c", &script]);
        let term = launch.env("COSHELL_SOCKET", session.socket()).start();
        Self { dir, term }
    }

    #[track_caller]
    fn wait(&self, session: &mut Session, text: &str) {
        session.term.wait_until(text, |_| self.text().ends_with(text));
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.dir.read("out")).into_owned()
    }
}

#[test]
fn send_types_text() {
    let mut session = Session::bash(&[]);
    assert_eq!(session.call(&["send", "echo ty"]).success(), "");
    assert_eq!(session.call(&["send", "--enter", "ped"]).success(), "");
    session.term.wait("typed\r\n");
    assert_eq!(session.call(&["send", "--json", "x"]).json()["typed"], 1);
    session.call(&["send", "\u{3}"]).success();
    session.call_with_stdin(&["send"], "echo from-stdin\necho and-\u{e9}\n").success();
    session.term.wait("from-stdin\r\n");
    session.term.wait("and-\u{e9}\r\n");
    session.call_with_stdin(&["send", "-", "--enter"], "echo dash").success();
    session.term.wait("dash\r\n");
    session.call(&["send", "--", "-n"]).success();
    session.term.wait("-n");
}

#[test]
fn send_paste_uses_bracketed_paste_when_enabled() {
    let show = "od -An -c -w32";
    let script = format!(
        "stty raw -echo; printf '\\033[?2004hon'; head -c 16 | {show}; printf '\\033[?2004loff'; head -c 4 | {show}"
    );
    let mut session = Session::start(wrapped(&[], &script));
    session.term.wait("on");
    session.call(&["send", "--paste", "--enter", "a\nb\u{1b}[201~"]).success();
    session.term.wait("033   [   2   0   0   ~   a  \\r   b 033   [   2   0   1   ~  \\r");
    session.term.wait("off");
    session.call(&["send", "--paste", "--enter", "a\nb"]).success();
    session.term.wait("a  \\r   b  \\r");
}

#[test]
fn send_above_input_limit_is_refused() {
    let mut session = Session::start(wrapped(&[], "stty raw -echo; printf ready; exec sleep 1000"));
    session.term.wait("ready");
    let big = "x".repeat(60_000);
    session.call_with_stdin(&["send"], &big).success();
    session.call_with_stdin(&["send"], &big).failed(1, "80 KiB are already waiting to be typed");
    session.call_with_stdin(&["send"], &"x".repeat(1_100_000)).failed(1, "a line may be at most 1024 KiB long");
}

#[test]
fn secret_is_typed_at_password_prompt_and_not_logged() {
    let dir = TestDir::new();
    let log = dir.path_str("log");
    let script = "printf 'Na''me: '; read -r name; stty -echo; printf 'Pass''word: '; read -r word; stty echo; \
                  echo; echo \"$name has $word\" | tr a-z A-Z";
    let launch = wrapped(&["--log", &log], script).env("COSHELL_LOG", "trace");
    let mut session = Session::start(launch);
    session.term.wait("Name: ");
    let sending = session.start_call(&["send", "--secret", "--enter", "--json"], "hunter2\n");
    // The secret waits while the name is typed.
    let mut other = session.client();
    let busy = |response: Value| response["error"]["code"] == 1;
    let probe = json!({"secret": true, "timeout": 0, "text": "no"});
    session.term.wait_until("the secret to wait", |_| busy(other.response("send", probe.clone())));
    session.term.send("me\r");
    session.term.wait("ME HAS HUNTER2\r\n");
    assert_eq!(session.finish_call(sending).json(), json!({}));
    assert_eq!(session.term.wait_end(), Ended::Code(0));
    assert!(!session.term.text().contains("hunter2"));
    let log = String::from_utf8_lossy(&dir.read("log")).into_owned();
    assert!(log.contains("Send") && log.contains("me\\r") && !log.contains("hunter2"), "{log}");
}

#[test]
fn empty_secret_is_refused_without_enter() {
    let script = "stty -echo; printf 'Pass''word: '; read -r word; stty echo; echo \"got <$word>\"";
    let mut session = Session::start(wrapped(&[], script));
    session.term.wait("Password: ");
    for nothing in ["", "\n", "\r\n"] {
        session.call_with_stdin(&["send", "--secret", "--enter"], nothing).failed(1, "the secret is empty");
    }
    session.call(&["send", "--secret", "--enter", ""]).failed(1, "the secret is empty");
    session.call_with_stdin(&["send", "--secret", "--enter"], "hunter2\n").success();
    session.term.wait("got <hunter2>\r\n");
}

#[test]
fn session_option_is_accepted_before_and_after_subcommand() {
    let mut session = Session::bash(&[]);
    let id = session.id();
    let equals = format!("--session={id}");
    for args in
        [&["--session", &id, "status"][..], &[&equals, "status"], &["--session", &id, "status", "--session", &id]]
    {
        assert!(session.call_any(args).success().contains(&format!("session {id} ")), "{args:?}");
    }
    assert_eq!(session.call_any(&["--session", &id, "trigger", "add", "x", "--bell"]).success(), "1\n");
    session.call_any(&["--session", &id, "send", "--enter", "echo o''n"]).success();
    session.term.wait("on\r\n");
}

#[test]
fn empty_command_and_empty_pattern_are_refused_by_session() {
    let mut session = Session::bash(&[]);
    for blank in ["", " \t"] {
        session.call(&["run", blank]).failed(1, "the command is empty");
        session.call(&["trigger", "add", "x", "--run", blank]).failed(1, "the command is empty");
        session.call(&["trigger", "add", "x", "--coproc", blank]).failed(1, "the command is empty");
    }
    session.call(&["trigger", "add", "", "--bell"]).failed(1, "the pattern is empty");
}

#[test]
fn secret_without_password_prompt_is_refused() {
    let mut session = Session::bash(&[]);
    let result = session.call_with_stdin(&["send", "--secret", "--timeout", "0"], "hunter2");
    result.failed(1, "no program asked for a password before the timeout; nothing was typed");
    session.term.send("echo on\r");
    session.term.wait("on\r\n");
    assert!(!session.term.text().contains("hunter2"));
}

#[test]
fn triggers_are_added_listed_disabled_and_removed() {
    let mut session = Session::bash(&[]);
    assert_eq!(session.call(&["trigger", "list"]).success(), "");
    let add = ["trigger", "add", "gr(ee|e)n\\d", "--name", "grn", "--send", "echo 'fi''red' $1\\r", "--once"];
    assert_eq!(session.call(&add).success(), "1\n");
    assert_eq!(session.type_subcommand("trigger add 'blue\\d' --bell"), 0);
    session.term.send("echo nothing; echo green$((1))\r");
    session.term.wait("fired ee\r\n");
    let list = session.call(&["trigger", "list"]).success();
    let first = "  1  grn: gr(ee|e)n\\d --name 'grn' --send 'echo '\\''fi'\\'''\\''red'\\'' $1\\r' --once";
    assert!(list.starts_with(first) && list.contains("(fired 1, searched "), "{list}");
    assert!(list.contains("\n  2  blue\\d --bell  (fired 0, searched "), "{list}");

    session.call(&["trigger", "disable", "blue\\d"]).success();
    session.term.send("echo blue$((2))\r");
    session.term.wait("blue2\r\n");
    let response = session.call(&["trigger", "list", "--json"]).json();
    assert_eq!((&response["triggers"][1]["enabled"], &response["triggers"][1]["fired"]), (&json!(false), &json!(0)));
    session.call(&["trigger", "enable", "2"]).success();
    session.term.send("echo blue$((3))\r");
    session.term.wait("blue3\r\n");
    session.term.wait("\u{7}");
    let response = session.call(&["trigger", "list", "--json"]).json();
    assert_eq!((&response["triggers"][1]["enabled"], &response["triggers"][1]["fired"]), (&json!(true), &json!(1)));

    session.call(&["trigger", "remove", "grn"]).success();
    session.call(&["trigger", "remove", "grn"]).failed(1, "there is no trigger 'grn'; coshell trigger list shows them");
    session.call(&["trigger", "remove", "1"]).failed(1, "there is no trigger '1'");
    assert!(session.call(&["trigger", "list"]).success().starts_with("  2  blue"));
    // Numbers are not reused.
    assert_eq!(session.call(&["trigger", "add", "--json", "x", "--bell"]).json(), json!({"number": 3}));
}

#[test]
fn ambiguous_trigger_name_is_refused() {
    let mut session =
        Session::bash(&["-t", "same", "--bell", "-t", "same", "--bell", "-t", "x", "--name", "2", "--bell"]);
    let two = "more than one trigger is called 'same'; use its number: 1, 2";
    session.call(&["trigger", "disable", "same"]).failed(1, two);
    // A name takes precedence over a number.
    assert_eq!(session.call(&["trigger", "disable", "2", "--json"]).json(), json!({"number": 3, "enabled": false}));
    session.call(&["trigger", "disable", "0"]).failed(1, "there is no trigger '0'");
}

#[test]
fn invalid_trigger_is_refused() {
    let mut session = Session::bash(&[]);
    let result = session.call(&["trigger", "add", "a(b", "--bell"]);
    result.failed(1, "trigger: ");
    assert!(result.stderr.contains("a(b\n") && result.stderr.contains('^'), "{result:?}");
    session.call(&["trigger", "add", "a"]).failed(1, "trigger: 'a' has no action");
    session.call(&["trigger", "add", "a", "--bell", "--cooldown", "5"]).failed(1, "cooldown: '5' is not a duration");
    session.call(&["trigger", "add", "a", "--send", "$1"]).failed(1, "send: ");
    session.call(&["trigger", "add", "a", "--no-such"]).failed(2, "--no-such");
    session
        .call_any(&["trigger"])
        .failed(2, "trigger: a subcommand is missing: write list, add, remove, enable or disable");
    assert_eq!(session.call(&["trigger", "list"]).success(), "");
}

#[test]
fn added_trigger_fires_on_next_line_and_removed_one_does_not() {
    let mut session = Session::bash(&[]);
    for n in 0..20 {
        session.term.send("\"$WRAP\" trigger add 'ne''xt line' --bell; echo next line; \"$WRAP\" trigger remove 'next line'; echo next line; echo end$((1))\r");
        session.term.wait("end1\r\n");
        session.term.wait(PROMPT);
        // The bell may come behind the prompt: triggers never delay output.
        session.term.wait_until("the bell", |term| count(term.output(), "\u{7}") > n);
    }
    session.term.send("echo end$((2))\r");
    session.term.wait("end2\r\n");
    assert_eq!(count(session.term.output(), "\u{7}"), 20);
}

#[test]
fn trigger_added_mid_line_replays_whole_line() {
    let dir = TestDir::new();
    let out = dir.path_str("out");
    let script = "stty -echo; printf '\\033[1mdo \\033[mit'; read -r x; echo ' now'; echo more; read -r x";
    let mut session = Session::start(wrapped(&["-q"], script));
    session.term.wait("it");
    session.call(&["trigger", "add", "it.* now", "--coproc", &format!("head -n 2 > {out}")]).success();
    session.term.send("\r");
    session.term.wait_until("its input", |_| count(&dir.read("out"), "\n") == 2);
    let read = dir.read("out").escape_ascii().to_string();
    assert_eq!(read, "\\x1b[1mdo \\x1b[mit now\\r\\nmore\\r\\n");
}

#[test]
fn notice_appears_above_typed_line_without_line_readers() {
    let mut session = Session::bash(&[]);
    session.term.send("echo half");
    session.term.wait("echo half");
    session.call(&["run", "exit 3"]).success();
    session.term.wait_until("the notice", |term| term.text().contains("failed: status 3"));
    session.term.wait_quiet();
    let rows = session.term.rows();
    assert_eq!(rows[..2], ["coshell: coprocess \"exit 3\" failed: status 3", "ready> echo half"], "{rows:?}");
    assert_eq!(session.term.screen().cursor_position(), (1, 16));
}

#[test]
fn notify_shows_notification() {
    let mut session = Session::bash(&[]);
    session.call(&["notify", "it is \u{7}done"]).success();
    session.term.wait("\u{1b}]9;it is done\u{7}");
    let dir = TestDir::new();
    let mut piped = Session::start(crate::support::direct(&[
        "sh",
        "-c",
        &format!("exec \"$WRAP\" -- cat > {}", dir.path_str("out")),
    ]));
    let socket = piped.socket();
    piped.term.wait_until("the session", |_| UnixStream::connect(&socket).is_ok());
    piped.call(&["notify", "x"]).failed(1, "is not a terminal");
}

#[test]
fn subscribe_prints_events() {
    let mut session = Session::bash(&[]);
    session.call(&["trigger", "add", "ma(tch)\\d", "--name", "m", "--bell"]).success();
    let mut follower = Follower::start(&session, "subscribe");
    // The first event shows that the subscription exists.
    let mut client = session.client();
    session.term.wait_until("an event", |_| {
        client.request("send", json!({"text": "\r"}));
        follower.text().contains("\"line\"")
    });
    session.term.send("echo match$((1))\r");
    session.call(&["run", "--wait", "echo oh >&2"]).success();
    session.term.resize(25, 90, 0, 0);
    session.term.wait_until("the last event", |_| follower.text().contains("\"resize\""));
    session.term.wait_until("the line", |_| follower.text().contains("match1"));
    session.term.send("exit 3\r");
    session.term.wait_end();
    // The final events arrive too.
    assert_eq!(follower.term.wait_end(), Ended::Code(0));
    let all: Vec<Value> = follower.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let has = |object: Value| {
        let object = object.as_object().unwrap();
        let same = |event: &&Value| object.iter().all(|(key, value)| event[key] == *value);
        assert!(all.iter().find(same).is_some(), "{object:?} in {all:?}");
    };
    has(json!({"type": "line", "text": "match1"}));
    has(json!({"type": "trigger", "name": "m", "groups": ["match1", "tch"]}));
    has(json!({"type": "coproc-start", "command": "echo oh >&2", "silent": false}));
    has(json!({"type": "coproc-stderr", "text": "oh\n"}));
    has(json!({"type": "coproc-end", "command": "echo oh >&2", "status": 0}));
    has(json!({"type": "resize", "rows": 25, "cols": 90}));
    has(json!({"type": "exit", "status": 3}));
}

#[test]
fn subscribe_with_unknown_event_is_refused() {
    let mut session = Session::bash(&[]);
    session
        .call(&["subscribe", "no-such"])
        .failed(2, "EVENT: there is no kind of event 'no-such'; the kinds are line, prompt,");
}

#[test]
fn slow_subscriber_is_told_number_of_missed_events() {
    let mut session = Session::bash(&[]);
    let mut client = session.client();
    client.request("subscribe", json!({"events": ["line"]}));
    session.term.send("seq 1000000 1$((0))50000; echo e''nd\r");
    session.term.wait("end\r\n");
    let mut receive = || client.receive().expect("an event")["params"].take();
    let mut lines = 0;
    while lines < 5000 {
        assert_eq!(receive()["type"], "line");
        lines += 1;
    }
    // The client has read, so the next event is preceded by the number of dropped ones.
    session.term.send("echo more\r");
    session.term.wait("more\r\n");
    let missed = loop {
        let event = receive();
        if event["type"] == "missed" {
            break event["count"].as_u64().expect("a number");
        }
        lines += 1;
    };
    assert!(missed > 100 && lines + missed > 50_000, "{lines} and {missed}");
    let next = receive();
    assert!(next["type"] == "line" && next["number"].as_u64() > Some(50_000), "{next}");
}
