//! Recordings of sessions: `--record`, `coshell record`, and their replays.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::{COSHELL, Ended, PROMPT, Session, TestDir, UNTIL_RELEASED, coshell, count, run, wrapped};

/// Returns the events of a recording: code and data.
fn events(file: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8(file.to_vec()).unwrap();
    let event = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        (value[1].as_str().unwrap().to_owned(), value[2].as_str().unwrap().to_owned())
    };
    text.lines().skip(1).map(event).collect()
}

/// Returns the data of all events with this code, joined.
fn data(events: &[(String, String)], code: &str) -> String {
    events.iter().filter(|(of, _)| of == code).map(|(_, data)| data.as_str()).collect()
}

#[test]
fn recording_has_what_the_terminal_got_and_the_exit_status() {
    let dir = TestDir::new();
    let file = dir.path_str("x.cast");
    let script = "printf '\\033[1mbold\\033[m \\303\\251\\n'; exit 3";
    let plain = run(wrapped(&[], script));
    let outcome = run(wrapped(&["--record", &file], script));
    assert_eq!((&outcome.ended, &outcome.bytes), (&Ended::Code(3), &plain.bytes));
    let events = events(&dir.read("x.cast"));
    assert_eq!(data(&events, "o").as_bytes(), plain.bytes);
    assert_eq!(events.last().unwrap(), &("x".to_owned(), "3".to_owned()));
    let header: Value =
        serde_json::from_slice(dir.read("x.cast").split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    assert_eq!((&header["version"], &header["term"]["cols"]), (&3.into(), &80.into()));
    assert_eq!((&header["env"]["TERM"], &header["env"]["SHELL"]), (&"xterm-256color".into(), &"/bin/sh".into()));
    assert_eq!(fs::metadata(dir.path("x.cast")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn file_that_exists_is_kept() {
    let dir = TestDir::new();
    let file = dir.write_file("x.cast", "mine");
    let outcome = run(wrapped(&["--record", &file], "true"));
    assert_eq!(outcome.ended, Ended::Code(125));
    assert!(String::from_utf8_lossy(&outcome.bytes).contains("File exists; name a file that does not exist"));
    assert_eq!(dir.read("x.cast"), b"mine");
    let mut session = Session::bash(&[]);
    let refused = session.call(&["record", "start", &file]);
    assert!(refused.stderr.contains("or add --force"), "{refused:?}");
    // With --force only a file of one's own that others cannot read.
    let forced = session.call(&["record", "start", "--force", &file]);
    assert!(forced.stderr.contains("other users can read it"), "{forced:?}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(session.call(&["record", "start", "--force", &file]).success(), "");
    session.call(&["record", "stop"]).success();
    assert_eq!(events(&dir.read("x.cast")), []);
}

#[test]
fn recording_is_started_and_stopped_in_a_session() {
    let dir = TestDir::new();
    let mut session = Session::bash(&["-t", "^go", "--name", "n", "--bell"]);
    assert_eq!(session.call(&["record", "status"]).success(), "no recording is running\n");
    session.term.send("echo before\r");
    session.term.wait(PROMPT);
    let file = dir.path_str("x.cast");
    assert_eq!(session.call(&["record", "start", "--input", &file]).success(), "");
    assert!(session.call(&["record", "status"]).success().starts_with(&format!("recording {file} (")));
    session.term.send("echo go\r");
    session.term.wait("\rgo\r\n");
    session.term.wait(PROMPT);
    let stopped = session.call(&["record", "stop"]).success();
    assert!(stopped.starts_with(&format!("recorded {file} (")) && stopped.contains("with keys"), "{stopped}");
    // The file is whole when the answer comes.
    let events = events(&dir.read("x.cast"));
    assert_eq!(data(&events, "m"), "coshell: trigger \"n\" fired");
    assert_eq!(data(&events, "i"), "echo go\r");
    assert!(data(&events, "o").contains("\rgo\r\n") && !data(&events, "o").contains("before"), "{events:?}");
    let replay = Command::new(COSHELL).args(["replay", "-t", "^go", "--bell", &file]).output().unwrap();
    assert_eq!(replay.status.code(), Some(0), "{replay:?}");
}

#[test]
fn password_is_not_recorded() {
    let dir = TestDir::new();
    let file = dir.path_str("x.cast");
    let script =
        "printf 'name: '; read n; stty -echo; printf 'key: '; read s; stty echo; printf 'age: '; read a; echo $n $a";
    let mut term = wrapped(&["--record", &file, "--record-input"], script).start();
    term.wait("name: ");
    term.send("ann\r");
    term.wait("key: ");
    term.send("se");
    term.send("cret\r");
    term.wait("age: ");
    term.send("9\r");
    assert_eq!(term.wait_end(), Ended::Code(0));
    let events = events(&dir.read("x.cast"));
    assert_eq!(data(&events, "i"), "ann\r9\r", "{events:?}");
    assert_eq!(count(data(&events, "m").as_bytes(), "keys are left out"), 1, "{events:?}");
}

#[test]
fn recording_is_whole_after_a_signal() {
    let dir = TestDir::new();
    for (name, signal) in [("term", Signal::SIGTERM), ("hup", Signal::SIGHUP)] {
        let file = dir.path_str(name);
        let script = format!("yes | head -n 20000; echo last; {UNTIL_RELEASED}");
        let mut term = wrapped(&["--record", &file], &script).start();
        term.wait("last\r\n");
        term.signal(signal);
        term.wait_end();
        let events = events(&dir.read(name));
        assert!(data(&events, "o").ends_with("last\r\n"), "{name}: {:?}", events.last());
        assert_eq!(count(data(&events, "o").as_bytes(), "y\r\n"), 20000, "{name}");
    }
}

#[test]
fn recording_keeps_what_came_before_a_fault_of_coshell() {
    let dir = TestDir::new();
    let file = dir.path_str("x.cast");
    // Panics at the first key.
    let launch = wrapped(&["--record", &file], "echo before; read x; echo after");
    let mut term = launch.env("COSHELL_TEST_PANIC", "keyboard").start();
    term.wait("before\r\n");
    term.send("x\r");
    term.wait("after\r\n");
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert_eq!(data(&events(&dir.read("x.cast")), "o"), "before\r\n");
}

#[test]
fn full_disk_ends_recording_and_not_session() {
    // A file of at most 64 KiB stands for a full disk: setrlimit(2), RLIMIT_FSIZE.
    let dir = TestDir::new();
    let file = dir.path_str("x.cast");
    let script = "yes | head -n 100000; echo there";
    let outer =
        format!("ulimit -f 64; trap '' XFSZ; exec {COSHELL} --record {file} -- sh -c '{script}; sleep 0.2; echo end'");
    let mut term = crate::support::direct(&["bash", "-c", &outer]).start();
    term.wait("has ended early: File too large");
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert!(String::from_utf8_lossy(term.output()).contains("there\r\n"));
    assert!(fs::metadata(&file).unwrap().len() <= 64 * 1024);
}

#[test]
fn session_that_does_not_start_leaves_no_file() {
    let dir = TestDir::new();
    let file = dir.path_str("x.cast");
    let program = dir.path_str("no program");
    assert_eq!(run(coshell(&["--record", &file, "--", &program])).ended, Ended::Code(127));
    assert!(!dir.exists("x.cast"));
}

#[test]
fn record_input_without_record_is_refused() {
    let outcome = run(coshell(&["--record-input"]));
    assert_eq!(outcome.ended, Ended::Code(2));
    let file = TestDir::new().path_str("missing/x.cast");
    let outcome = run(wrapped(&["--record", &file], "true"));
    assert_eq!(outcome.ended, Ended::Code(125));
}
