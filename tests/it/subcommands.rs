//! The subcommands that ask a session: inside it through its shell, and from outside.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{COSHELL, Ended, PROMPT, Place, Session, Terminal, count, run, shell, wrapped};

/// A coprocess that stays until it is told to go, and says when it is there.
const STAYS: &str = "echo there >&2; cat > /dev/null";

/// Waits until the coprocess has written this to stderr.
#[track_caller]
fn wait_errors(session: &mut Session, text: &str) {
    let mut client = session.client();
    let written = |value: &Value| value["stderr"].as_str().is_some_and(|all| all.contains(text));
    session.term.wait_until(text, |_| written(&client.ask("errors", json!({}))));
}

#[test]
fn run_starts_a_coprocess_that_reads_and_types() {
    let mut session = Session::bash(&[]);
    assert_eq!(session.inside("run 'head -n 1 > /dev/null; printf \"echo typed-%s\\r\" by-it'"), 0);
    session.term.wait("typed-by-it\r\n");
    session.wait_idle();
    assert_eq!(session.call(&["run", "printf 'echo from-outside\\r'"]).well(), "");
    session.term.wait("from-outside\r\n");
}

#[test]
fn output_that_cannot_be_written_is_told() {
    let mut session = Session::bash(&["-c", STAYS]);
    wait_errors(&mut session, "there");
    let asking = ["lines", "lines --json", "lines -f", "status", "errors", "errors -f", "sessions"];
    let others = ["--help", "-h", "--version", "run --help", "integration bash", "completions bash"];
    let sentence = "coshell: the output cannot be written: No space left on device";
    for (told, line) in asking.iter().chain(&others).enumerate() {
        assert_eq!(session.inside(&format!("{line} > /dev/full")), 125, "{line}");
        assert_eq!(count(session.term.seen(), sentence), told + 1, "{line}: {}", session.term.text());
    }
}

#[test]
fn where_a_complaint_cannot_be_written_the_status_tells() {
    let mut session = Session::bash(&[]);
    for (line, status) in [("stop", 1), ("status --session 1", 125), ("--bogus", 2)] {
        assert_eq!(session.inside(&format!("{line} 2> /dev/full")), status, "{line}");
    }
}

#[test]
fn output_that_nobody_reads_any_more_is_no_trouble() {
    let mut session = Session::bash(&[]);
    session.term.send("printf '%0200000d\\n' 1\r");
    session.term.wait(PROMPT);
    for line in ["lines", "lines -f", "completions bash", "--help"] {
        session.inside(&format!("{line} | true"));
    }
    assert!(!session.term.text().contains("coshell: "), "{}", session.term.text());
}

#[test]
fn lines_are_not_followed_where_each_would_be_the_next() {
    let mut session = Session::bash(&[]);
    let sentence = "this is the session's own terminal";
    let lines = ["lines -f", "lines --follow --json", "subscribe", "subscribe trigger line"];
    for (told, line) in lines.iter().enumerate() {
        assert_eq!(session.inside(line), 125, "{line}");
        assert_eq!(count(session.term.seen(), sentence), told + 1, "{line}: {}", session.term.text());
    }
    let remedy = format!("coshell subscribe --session {}", session.id());
    assert!(session.term.text().replace("\r\n", "").contains(&remedy), "{}", session.term.text());
    // Other events, and another session's lines, are followed there.
    session.term.send("\"$WRAP\" subscribe coproc-end\r");
    // It may not have begun when the first one ends.
    while !session.term.text().contains("\"type\":\"coproc-end\"") {
        session.call(&["run", "--wait", "exit 0"]).well();
        session.term.watch(std::time::Duration::from_millis(20));
    }
    session.term.send("\x03");
    session.term.wait(PROMPT);
    let mut other = Session::bash(&[]);
    let runtime = other.place.dir().display();
    session.term.send(format!("XDG_RUNTIME_DIR={runtime} \"$WRAP\" lines -f --session {}\r", other.id()));
    other.term.send("echo from-the-o''ther\r");
    session.term.wait("from-the-other");
}

#[test]
fn run_tells_the_id_of_the_process_as_json() {
    let mut session = Session::bash(&[]);
    let pid = session.call(&["run", "--json", STAYS]).json()["pid"].as_i64().expect("a number");
    let status = session.call(&["status", "--json"]).json();
    assert_eq!((&status["coprocess"]["pid"], &status["coprocess"]["command"]), (&json!(pid), &json!(STAYS)));
}

#[test]
fn run_is_refused_while_one_runs_unless_it_replaces_it() {
    let mut session = Session::bash(&[]);
    session.call(&["run", "exec sleep 1000"]).well();
    session.call(&["run", "true"]).failed(1, "coprocess \"exec sleep 1000\" is running; stop it (coshell stop) or");
    session.call(&["run", "--replace", STAYS]).well();
    let status = session.call(&["status", "--json"]).json();
    assert_eq!(status["coprocess"]["command"], STAYS);
    assert_eq!(status["last_coprocess"], json!({"command": "exec sleep 1000", "status": 143}));
}

#[test]
fn run_waits_on_request_and_exits_as_the_coprocess_did() {
    let mut session = Session::bash(&[]);
    session.call(&["run", "--wait", "exit 0"]).well();
    let failed = session.call(&["run", "--wait", "echo out of cheese >&2; exit 7"]);
    failed.failed(7, "failed: status 7\n  out of cheese\n");
    session.call(&["run", "--wait", "kill -9 $$"]).failed(137, "failed: signal 9");
    session.call(&["run", "--wait", "no-such-command-here"]).failed(127, "no-such-command-here: ");
    let said = session.call(&["run", "--wait", "--json", "exit 7"]);
    assert_eq!((said.status, said.err.as_str()), (Some(7), ""));
    let told: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (&told["status"], &told["failure"]["message"]),
        (&json!(7), &json!("coprocess \"exit 7\" failed: status 7"))
    );
    assert_eq!(session.inside("run --wait 'exit 5'"), 5);
    // Whoever asked was told; the terminal shows no notice besides.
    session.term.send("echo done\r");
    session.term.wait("done\r\n");
    assert_eq!(count(session.term.seen(), "coshell: coprocess"), 1, "{}", session.term.text());
}

#[test]
fn run_silently_shows_nothing_and_what_was_not_read_in_the_end() {
    let mut session = Session::bash(&[]);
    session.call(&["run", "--silent", "sleep 0.3; echo 'echo hid''den' ; head -n 2 > /dev/null"]).well();
    session.wait_idle();
    session.term.send("echo shown\r");
    session.term.wait("shown\r\n");
    assert!(!session.term.text().contains("hidden\r\n"), "{}", session.term.text());
}

#[test]
fn run_gives_what_it_is_told_to_read() {
    let mut session = Session::bash(&[]);
    let place = Place::new();
    let out = place.text("out");
    session.call(&["run", "--input", "text", &format!("head -n 2 > {out}")]).well();
    session.term.send("printf '\\033[1mbold\\033[m\\n'\r");
    session.wait_idle();
    assert!(String::from_utf8(place.read("out")).unwrap().ends_with("\nbold\n"));
    // How many prompts there are before depends on how fast the line is typed.
    session.call(&["run", "-i", "json", &format!("sed '/\"one\".*\"line\"/q' > {out}")]).well();
    session.term.send("echo one\r");
    session.wait_idle();
    let lines = String::from_utf8(place.read("out")).unwrap();
    let objects: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(objects.iter().any(|object| object["type"] == "line" && object["text"] == "one"), "{lines}");
    session.call(&["run", "-i", "xml", "true"]).failed(2, "xml");
}

#[test]
fn stop_ends_it_at_once_where_it_listens() {
    let mut session = Session::bash(&[]);
    session.call(&["stop"]).failed(1, "no coprocess is running: there is nothing to stop");
    let script = "trap 'printf \"echo last-%s\\r\" word; exit' TERM; echo there >&2; while :; do sleep 0.05; done";
    session.call(&["run", script]).well();
    wait_errors(&mut session, "there");
    session.call(&["stop"]).well();
    session.term.wait("last-word\r\n");
    assert!(session.call(&["status", "--json"]).json()["coprocess"].is_null());
    assert_eq!(session.inside("run 'exec sleep 1000'"), 0);
    assert_eq!(session.inside("stop --json"), 0);
    assert!(session.term.text().contains("\"signal\":15"), "{}", session.term.text());
    assert!(!session.term.text().contains("failed"), "{}", session.term.text());
}

#[test]
fn stop_kills_what_does_not_listen() {
    let mut session = Session::bash(&[]);
    session.call(&["run", &format!("trap '' TERM; {STAYS}; while :; do sleep 1; done")]).well();
    wait_errors(&mut session, "there");
    assert_eq!(session.call(&["stop", "--json"]).json(), json!({"status": 137, "signal": 9}));
}

#[test]
fn stop_sends_another_signal_on_request_and_that_is_all() {
    let mut session = Session::bash(&[]);
    session.call(&["run", "trap 'echo trapped >&2' INT; echo there >&2; while :; do sleep 0.05; done"]).well();
    wait_errors(&mut session, "there");
    session.call(&["stop", "--signal", "INT"]).well();
    wait_errors(&mut session, "trapped");
    assert!(session.call(&["status", "--json"]).json()["coprocess"].is_object());
    session.call(&["stop", "-s", "sigkill"]).well();
    session.call(&["wait"]).failed_silently(137);
    session.call(&["stop", "--signal", "NOSUCH"]).failed(2, "NOSUCH");
    assert!(!session.term.text().contains("failed"), "{}", session.term.text());
}

#[test]
fn wait_waits_and_tells_of_the_last_and_never_of_none() {
    let mut session = Session::bash(&[]);
    session.call(&["wait"]).failed(1, "no coprocess has run in this session");
    session.call(&["run", STAYS]).well();
    let mut waiting = session.client();
    waiting.say("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"wait\"}\n");
    assert_eq!(waiting.response("status", json!({}))["id"], 1);
    session.call(&["run", "--replace", "exit 0"]).well();
    assert_eq!(waiting.hear().unwrap()["result"], json!({"status": 143, "signal": 15}));
    session.wait_idle();
    session.call(&["wait"]).well();
    session.call(&["run", "exit 4"]).well();
    session.wait_idle();
    session.call(&["wait"]).failed_silently(4);
    let said = session.call(&["wait", "--json"]);
    assert_eq!((said.status, said.out.as_str()), (Some(4), "{\"status\":4}\n"));
    assert_eq!(session.inside("wait"), 4);
}

#[test]
fn wait_inside_lets_the_shell_wait_for_what_runs() {
    let mut session = Session::bash(&[]);
    session.call(&["run", "read -r line; exit 6"]).well();
    // What it reads is the echo of the command itself.
    assert_eq!(session.inside("wait"), 6);
}

#[test]
fn status_tells_what_runs() {
    let mut session = Session::bash(&["-t", "x", "--bell"]);
    let text = session.call(&["status"]).well();
    assert!(text.starts_with(&format!("session {} (/dev/pts/", session.id())), "{text}");
    assert!(text.contains("running bash --norc --noprofile\nwindow 24 rows, 80 columns\ntriggers 1\ncoprocess none\n"));
    session.term.resize(30, 100, 0, 0);
    session.call(&["run", "--silent", "-i", "json", STAYS]).well();
    wait_errors(&mut session, "there");
    let status = session.call(&["status", "--json"]).json();
    assert_eq!((&status["rows"], &status["cols"], &status["screen"]), (&json!(30), &json!(100), &json!("terminal")));
    let coproc = &status["coprocess"];
    assert_eq!((&coproc["silent"], &coproc["input"]), (&json!(true), &json!("json")));
    assert!(session.call(&["status"]).well().contains("coprocess silent echo there >&2; cat > /dev/null (pid "));
}

#[test]
fn sessions_lists_those_that_run_and_no_others() {
    let mut first = Session::bash(&[]);
    let mut second = shell(&[]).env("XDG_RUNTIME_DIR", first.place.dir()).start();
    second.wait(PROMPT);
    let ids = |session: &mut Session| -> Vec<String> {
        let all = session.call_anywhere(&["sessions", "--json"]).json();
        all.as_array().unwrap().iter().map(|one| one["session"].as_str().unwrap().to_owned()).collect()
    };
    let listed = ids(&mut first);
    assert!(listed.contains(&first.id()) && listed.contains(&second.pid().to_string()), "{listed:?}");
    let text = first.call_anywhere(&["sessions"]).well();
    let line = text.lines().find(|line| line.trim_start().starts_with(&first.id())).expect("it is listed");
    assert!(line.contains("/dev/pts/") && line.ends_with("bash --norc --noprofile"), "{line}");
    // Which one is meant has to be said.
    first.call_anywhere(&["status"]).failed(125, "there is more than one session; say which: --session ");
    let unknown = first.call_anywhere(&["status", "--session", "nobody"]);
    unknown.failed(125, "there is no session 'nobody'; coshell sessions lists them");
    let id = second.pid().to_string();
    second.signal(nix::sys::signal::Signal::SIGKILL);
    second.wait_end();
    assert!(!ids(&mut first).contains(&id));
    first.call_anywhere(&["status", "--session", &id]).failed(125, "there is no session");
}

#[test]
fn a_session_that_was_stopped_is_listed_as_one_that_does_not_answer() {
    let mut session = Session::bash(&[]);
    session.term.signal(nix::sys::signal::Signal::SIGSTOP);
    let text = session.call_anywhere(&["sessions"]).well();
    assert!(text.contains(&format!("{:>8}  does not answer: it may be stopped\n", session.id())), "{text}");
    session.term.signal(nix::sys::signal::Signal::SIGCONT);
    session.term.send("echo on\r");
    session.term.wait("on\r\n");
}

#[test]
fn inside_a_session_that_has_ended_the_sentence_says_so() {
    let place = Place::new();
    let script = "COSHELL_SOCKET=/nowhere/1.sock \"$WRAP\" status; echo \"status $?\"";
    let seen = run(wrapped(&[], script).env("XDG_RUNTIME_DIR", place.dir())).bytes;
    let text = String::from_utf8_lossy(&seen).into_owned();
    assert!(text.contains("the session at /nowhere/1.sock does not answer") && text.contains("status 125"), "{text}");
}

#[test]
fn errors_prints_what_the_last_one_complained_of() {
    let mut session = Session::bash(&[]);
    session.call(&["errors"]).failed(1, "no coprocess has run in this session");
    session.call(&["run", "--wait", "printf 'one\\n\\033]0;evil\\007t\\303\\251\\n' >&2"]).well();
    assert_eq!(session.call(&["errors"]).well(), "one\n]0;evilt\u{e9}\n");
    let told = session.call(&["errors", "--json"]).json();
    assert_eq!(told["stderr"], "one\n\u{1b}]0;evil\u{7}t\u{e9}\n");
    session.call(&["run", "--wait", "head -c 300000 /dev/zero | tr '\\0' x >&2; echo end >&2"]).well();
    assert_eq!(session.call(&["errors"]).well().len(), 100_000);
}

#[test]
fn errors_follows_on_request() {
    let mut session = Session::bash(&[]);
    let early = Follower::start(&session, "errors -f");
    let mut client = session.client();
    // There was nothing to follow when it began.
    session.term.wait_until("the first coprocess's errors", |_| {
        client.ask("run", json!({"command": "echo early >&2", "wait": true}));
        early.text().contains("early\n")
    });
    session.call(&["run", "echo first >&2; cat > /dev/null"]).well();
    wait_errors(&mut session, "first");
    let follower = Follower::start(&session, "errors -f");
    follower.wait(&mut session, "first\n");
    session.call(&["run", "--replace", "for n in 1 2 3; do echo more $n >&2; done; cat > /dev/null"]).well();
    follower.wait(&mut session, "first\nmore 1\nmore 2\nmore 3\n");
    early.wait(&mut session, "first\nmore 1\nmore 2\nmore 3\n");
    let objects = Follower::start(&session, "errors -f --json");
    session.term.wait_until("the answer as JSON", |_| objects.text().ends_with('\n'));
    let told: Value = serde_json::from_str(&objects.text()).expect("it is JSON");
    assert_eq!(told["stderr"], "more 1\nmore 2\nmore 3\n");
}

/// Runs a subcommand whose session gives this answer to its request.
fn answered(args: &[&str], answer: &Value) -> Output {
    let place = Place::new();
    let listener = UnixListener::bind(place.path("other.sock")).expect("a socket can be made");
    let mut command = Command::new(COSHELL);
    command.args(args).env("COSHELL_SOCKET", place.path("other.sock")).stdin(Stdio::null());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary can be started");
    let (mut stream, _) = listener.accept().expect("the subcommand connects");
    BufReader::new(&stream).read_line(&mut String::new()).expect("the subcommand asks");
    writeln!(stream, "{}", json!({"jsonrpc": "2.0", "id": 1, "result": answer})).expect("the subcommand reads");
    drop(stream);
    child.wait_with_output().expect("it can be waited for")
}

#[test]
fn an_answer_in_another_form_is_a_failure_and_printed_as_it_comes_on_request() {
    let answer = json!({"stdrr": "why", "stat": 0});
    for args in [&["errors"][..], &["status"], &["wait"], &["lines"], &["lines", "-f"], &["lend", "--", "true"]] {
        let ended = answered(args, &answer);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!((ended.status.code(), &*ended.stdout), (Some(125), &b""[..]), "{args:?}: {said}");
        assert!(said.starts_with("coshell: the session's answer cannot be understood (missing field"), "{said}");
    }
    let ended = answered(&["errors", "--json"], &answer);
    assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stdout)), (Some(0), format!("{answer}\n").into()));
    let newer = json!({"command": "bot", "stderr": "why\n", "newer": [1]});
    assert_eq!(answered(&["errors"], &newer).stdout, b"why\n");
}

/// A subcommand that runs on in another terminal, and writes to a file.
struct Follower {
    place: Place,
    term: Terminal,
}

impl Follower {
    fn start(session: &Session, line: &str) -> Self {
        let place = Place::new();
        let script = format!("exec \"$WRAP\" {line} > {}", place.text("out"));
        let launch = crate::support::direct(&["sh", "-c", &script]);
        let term = launch.env("COSHELL_SOCKET", session.socket()).start();
        Self { place, term }
    }

    #[track_caller]
    fn wait(&self, session: &mut Session, text: &str) {
        session.term.wait_until(text, |_| self.text().ends_with(text));
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.place.read("out")).into_owned()
    }
}

#[test]
fn send_types() {
    let mut session = Session::bash(&[]);
    assert_eq!(session.call(&["send", "echo ty"]).well(), "");
    assert_eq!(session.call(&["send", "--enter", "ped"]).well(), "");
    session.term.wait("typed\r\n");
    assert_eq!(session.call(&["send", "--json", "x"]).json(), json!({"typed": 1}));
    session.call(&["send", "\u{3}"]).well();
    session.call_with(&["send"], "echo from-stdin\necho and-\u{e9}\n").well();
    session.term.wait("from-stdin\r\n");
    session.term.wait("and-\u{e9}\r\n");
    session.call_with(&["send", "-", "--enter"], "echo dash").well();
    session.term.wait("dash\r\n");
    session.call(&["send", "--", "-n"]).well();
    session.term.wait("-n");
}

#[test]
fn send_pastes_where_the_program_can_tell() {
    let show = "od -An -c -w32";
    let script = format!(
        "stty raw -echo; printf '\\033[?2004hon'; head -c 16 | {show}; printf '\\033[?2004loff'; head -c 4 | {show}"
    );
    let mut session = Session::start(wrapped(&[], &script));
    session.term.wait("on");
    session.call(&["send", "--paste", "--enter", "a\nb\u{1b}[201~"]).well();
    session.term.wait("033   [   2   0   0   ~   a  \\r   b 033   [   2   0   1   ~  \\r");
    session.term.wait("off");
    session.call(&["send", "--paste", "--enter", "a\nb"]).well();
    session.term.wait("a  \\r   b  \\r");
}

#[test]
fn send_refuses_more_than_waits_to_be_read() {
    let mut session = Session::start(wrapped(&[], "stty raw -echo; printf ready; exec sleep 1000"));
    session.term.wait("ready");
    let big = "x".repeat(60_000);
    session.call_with(&["send"], &big).well();
    session.call_with(&["send"], &big).failed(1, "more is waiting to be typed than the shell reads (80 KiB)");
    session.call_with(&["send"], &"x".repeat(1_100_000)).failed(1, "a line may be 1024 KiB long");
}

#[test]
fn a_secret_is_typed_when_it_is_asked_for_and_stands_in_no_log() {
    let place = Place::new();
    let log = place.text("log");
    let script = "printf 'Na''me: '; read -r name; stty -echo; printf 'Pass''word: '; read -r word; stty echo; \
                  echo; echo \"$name has $word\" | tr a-z A-Z";
    let launch = wrapped(&["--log", &log], script).env("COSHELL_LOG", "trace");
    let mut session = Session::start(launch);
    session.term.wait("Name: ");
    let sending = session.calling(&["send", "--secret", "--enter", "--json"], "hunter2\n");
    // It waits: the name is typed in between.
    let mut other = session.client();
    let busy = |response: Value| response["error"]["code"] == 1;
    let probe = json!({"secret": true, "timeout": 0, "text": "no"});
    session.term.wait_until("the secret to wait", |_| busy(other.response("send", probe.clone())));
    session.term.send("me\r");
    session.term.wait("ME HAS HUNTER2\r\n");
    assert_eq!(session.said(sending).json(), json!({}));
    assert_eq!(session.term.wait_end(), Ended::Code(0));
    assert!(!session.term.text().contains("hunter2"));
    let log = String::from_utf8_lossy(&place.read("log")).into_owned();
    assert!(log.contains("Send") && log.contains("me\\r") && !log.contains("hunter2"), "{log}");
}

#[test]
fn empty_secret_is_refused_and_enter_is_not_typed() {
    let script = "stty -echo; printf 'Pass''word: '; read -r word; stty echo; echo \"got <$word>\"";
    let mut session = Session::start(wrapped(&[], script));
    session.term.wait("Password: ");
    for nothing in ["", "\n", "\r\n"] {
        session.call_with(&["send", "--secret", "--enter"], nothing).failed(1, "the secret is empty");
    }
    session.call(&["send", "--secret", "--enter", ""]).failed(1, "the secret is empty");
    session.call_with(&["send", "--secret", "--enter"], "hunter2\n").well();
    session.term.wait("got <hunter2>\r\n");
}

#[test]
fn session_is_named_in_front_of_the_subcommand_or_behind_it() {
    let mut session = Session::bash(&[]);
    let id = session.id();
    let equals = format!("--session={id}");
    for args in
        [&["--session", &id, "status"][..], &[&equals, "status"], &["--session", &id, "status", "--session", &id]]
    {
        assert!(session.call_anywhere(args).well().contains(&format!("session {id} ")), "{args:?}");
    }
    assert_eq!(session.call_anywhere(&["--session", &id, "trigger", "add", "x", "--bell"]).well(), "1\n");
    session.call_anywhere(&["--session", &id, "send", "--enter", "echo o''n"]).well();
    session.term.wait("on\r\n");
}

#[test]
fn empty_command_and_empty_pattern_are_refused_by_the_session() {
    let mut session = Session::bash(&[]);
    for blank in ["", " \t"] {
        session.call(&["run", blank]).failed(1, "the command is empty");
        session.call(&["trigger", "add", "x", "--run", blank]).failed(1, "the command is empty");
        session.call(&["trigger", "add", "x", "--coproc", blank]).failed(1, "the command is empty");
    }
    session.call(&["trigger", "add", "", "--bell"]).failed(1, "the pattern is empty");
}

#[test]
fn a_secret_for_which_nobody_asks_is_refused() {
    let mut session = Session::bash(&[]);
    let said = session.call_with(&["send", "--secret", "--timeout", "0"], "hunter2");
    said.failed(1, "no program has asked for a password in that time; nothing was typed");
    session.term.send("echo on\r");
    session.term.wait("on\r\n");
    assert!(!session.term.text().contains("hunter2"));
}

#[test]
fn triggers_are_added_listed_switched_and_removed() {
    let mut session = Session::bash(&[]);
    assert_eq!(session.call(&["trigger", "list"]).well(), "");
    let add = ["trigger", "add", "gr(ee|e)n\\d", "--name", "grn", "--send", "echo 'fi''red' $1\\r", "--once"];
    assert_eq!(session.call(&add).well(), "1\n");
    assert_eq!(session.inside("trigger add 'blue\\d' --bell"), 0);
    session.term.send("echo nothing; echo green$((1))\r");
    session.term.wait("fired ee\r\n");
    let list = session.call(&["trigger", "list"]).well();
    let first = "  1  grn: gr(ee|e)n\\d --name 'grn' --send 'echo '\\''fi'\\'''\\''red'\\'' $1\\r' --once";
    assert!(list.starts_with(first) && list.contains("(fired 1, searched "), "{list}");
    assert!(list.contains("\n  2  blue\\d --bell  (fired 0, searched "), "{list}");

    session.call(&["trigger", "disable", "blue\\d"]).well();
    session.term.send("echo blue$((2))\r");
    session.term.wait("blue2\r\n");
    let told = session.call(&["trigger", "list", "--json"]).json();
    assert_eq!((&told["triggers"][1]["enabled"], &told["triggers"][1]["fired"]), (&json!(false), &json!(0)));
    session.call(&["trigger", "enable", "2"]).well();
    session.term.send("echo blue$((3))\r");
    session.term.wait("blue3\r\n");
    session.term.wait("\u{7}");
    let told = session.call(&["trigger", "list", "--json"]).json();
    assert_eq!((&told["triggers"][1]["enabled"], &told["triggers"][1]["fired"]), (&json!(true), &json!(1)));

    session.call(&["trigger", "remove", "grn"]).well();
    session.call(&["trigger", "remove", "grn"]).failed(1, "there is no trigger 'grn'; coshell trigger list shows them");
    session.call(&["trigger", "remove", "1"]).failed(1, "there is no trigger '1'");
    assert!(session.call(&["trigger", "list"]).well().starts_with("  2  blue"));
    // A number is never given again.
    assert_eq!(session.call(&["trigger", "add", "--json", "x", "--bell"]).json(), json!({"number": 3}));
}

#[test]
fn a_trigger_is_named_without_doubt_or_not_at_all() {
    let mut session =
        Session::bash(&["-t", "same", "--bell", "-t", "same", "--bell", "-t", "x", "--name", "2", "--bell"]);
    let two = "more than one trigger is called 'same'; say which: 1, 2";
    session.call(&["trigger", "disable", "same"]).failed(1, two);
    // A name is stronger than a number.
    assert_eq!(session.call(&["trigger", "disable", "2", "--json"]).json(), json!({"number": 3, "enabled": false}));
    session.call(&["trigger", "disable", "0"]).failed(1, "there is no trigger '0'");
}

#[test]
fn a_trigger_that_makes_no_sense_is_refused_as_at_the_start() {
    let mut session = Session::bash(&[]);
    let said = session.call(&["trigger", "add", "a(b", "--bell"]);
    said.failed(1, "trigger: ");
    assert!(said.err.contains("a(b\n") && said.err.contains('^'), "{said:?}");
    session.call(&["trigger", "add", "a"]).failed(1, "trigger: 'a' has no action");
    session.call(&["trigger", "add", "a", "--bell", "--cooldown", "5"]).failed(1, "cooldown: '5' is no duration");
    session.call(&["trigger", "add", "a", "--send", "$1"]).failed(1, "send: ");
    session.call(&["trigger", "add", "a", "--no-such"]).failed(2, "--no-such");
    session.call_anywhere(&["trigger"]).failed(2, "trigger: say which: list, add, remove, enable or disable");
    assert_eq!(session.call(&["trigger", "list"]).well(), "");
}

#[test]
fn an_added_trigger_fires_on_the_very_next_line_and_a_removed_one_never() {
    let mut session = Session::bash(&[]);
    for n in 0..20 {
        session.term.send("\"$WRAP\" trigger add 'ne''xt line' --bell; echo next line; \"$WRAP\" trigger remove 'next line'; echo next line; echo end$((1))\r");
        session.term.wait("end1\r\n");
        session.term.wait(PROMPT);
        // It may be behind the prompt: it never delays what is printed.
        session.term.wait_until("the bell", |term| count(term.seen(), "\u{7}") > n);
    }
    session.term.send("echo end$((2))\r");
    session.term.wait("end2\r\n");
    assert_eq!(count(session.term.seen(), "\u{7}"), 20);
}

#[test]
fn an_added_trigger_gives_its_coprocess_the_line_from_its_first_byte() {
    let place = Place::new();
    let out = place.text("out");
    let script = "stty -echo; printf '\\033[1mdo \\033[mit'; read -r x; echo ' now'; echo more; read -r x";
    let mut session = Session::start(wrapped(&["-q"], script));
    session.term.wait("it");
    session.call(&["trigger", "add", "it.* now", "--coproc", &format!("head -n 2 > {out}")]).well();
    session.term.send("\r");
    session.term.wait_until("its input", |_| count(&place.read("out"), "\n") == 2);
    let read = place.read("out").escape_ascii().to_string();
    assert_eq!(read, "\\x1b[1mdo \\x1b[mit now\\r\\nmore\\r\\n");
}

#[test]
fn a_notice_stands_above_the_line_that_is_typed_though_nobody_read_lines_before() {
    let mut session = Session::bash(&[]);
    session.term.send("echo half");
    session.term.wait("echo half");
    session.call(&["run", "exit 3"]).well();
    session.term.wait_until("the notice", |term| term.text().contains("failed: status 3"));
    session.term.settle();
    let rows = session.term.rows();
    assert_eq!(rows[..2], ["coshell: coprocess \"exit 3\" failed: status 3", "ready> echo half"], "{rows:?}");
    assert_eq!(session.term.screen().cursor_position(), (1, 16));
}

#[test]
fn notify_shows_a_notification() {
    let mut session = Session::bash(&[]);
    session.call(&["notify", "it is \u{7}done"]).well();
    session.term.wait("\u{1b}]9;it is done\u{7}");
    let place = Place::new();
    let mut piped = Session::start(crate::support::direct(&[
        "sh",
        "-c",
        &format!("exec \"$WRAP\" -- cat > {}", place.text("out")),
    ]));
    let socket = piped.socket();
    piped.term.wait_until("the session", |_| UnixStream::connect(&socket).is_ok());
    piped.call(&["notify", "x"]).failed(1, "goes to no terminal");
}

#[test]
fn subscribe_prints_what_happens() {
    let mut session = Session::bash(&[]);
    session.call(&["trigger", "add", "ma(tch)\\d", "--name", "m", "--bell"]).well();
    let mut follower = Follower::start(&session, "subscribe");
    // Subscribed when the first event comes.
    let mut client = session.client();
    session.term.wait_until("an event", |_| {
        client.ask("send", json!({"text": "\r"}));
        follower.text().contains("\"line\"")
    });
    session.term.send("echo match$((1))\r");
    session.call(&["run", "--wait", "echo oh >&2"]).well();
    session.term.resize(25, 90, 0, 0);
    session.term.wait_until("the last event", |_| follower.text().contains("\"resize\""));
    session.term.wait_until("the line", |_| follower.text().contains("match1"));
    session.term.send("exit 3\r");
    session.term.wait_end();
    // The last words arrive too.
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
fn subscribe_refuses_what_there_is_not() {
    let mut session = Session::bash(&[]);
    session.call(&["subscribe", "no-such"]).failed(2, "EVENT: there is no event 'no-such'; there are line, prompt,");
}

#[test]
fn a_subscriber_that_does_not_read_misses_events_and_is_told_how_many() {
    let mut session = Session::bash(&[]);
    let mut client = session.client();
    client.ask("subscribe", json!({"events": ["line"]}));
    session.term.send("seq 1000000 1$((0))50000; echo e''nd\r");
    session.term.wait("end\r\n");
    let mut hear = || client.hear().expect("an event")["params"].take();
    let mut lines = 0;
    while lines < 5000 {
        assert_eq!(hear()["type"], "line");
        lines += 1;
    }
    // There is room again: the next event tells of those that found none.
    session.term.send("echo more\r");
    session.term.wait("more\r\n");
    let missed = loop {
        let event = hear();
        if event["type"] == "missed" {
            break event["count"].as_u64().expect("a number");
        }
        lines += 1;
    };
    assert!(missed > 100 && lines + missed > 50_000, "{lines} and {missed}");
    let next = hear();
    assert!(next["type"] == "line" && next["number"].as_u64() > Some(50_000), "{next}");
}
