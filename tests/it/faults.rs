//! Panics inside coshell, forced in every machine and phase by COSHELL_TEST_PANIC: the shell lives on.
//!
//! Builds with debug assertions, as those of tests, honour the variable.

use std::fs;

use nix::sys::signal::Signal;
use regex::Regex;
use serde_json::json;

use crate::support::{COSHELL, Ended, PROMPT, Session, bash, contains, count, direct, fresh_modes, proc, show};

const REPORT: &str = "ended its coprocesses and triggers; the shell goes on;";

/// A bash session that panics in a phase once it is armed.
struct Faulty {
    session: Session,
    phase: &'static str,
    switch: String,
    /// Keeps the switch.
    dir: crate::support::TestDir,
}

impl Faulty {
    fn start(phase: &'static str) -> Self {
        let dir = crate::support::TestDir::new();
        let switch = dir.path_str("armed");
        let options = ["-q", "-t", "^04500", "--capture", "-t", "^coproc please", "--coproc", "echo ': typed'"];
        let launch = bash(&options).env("COSHELL_TEST_PANIC", format!("{phase}:{switch}"));
        let mut session = Session::start(launch);
        session.term.wait(PROMPT);
        Self { session, phase, switch, dir }
    }

    fn arm(&self) {
        fs::write(&self.switch, "").unwrap();
    }

    /// Checks that the fault is told, and that bytes, window size, Ctrl-C and the exit status pass as in a bare pty.
    fn check_relay(mut self) {
        let (phase, term) = (self.phase, &mut self.session.term);
        term.wait_until("the report", |term| contains(term.output(), REPORT));
        term.send("\x15echo $((40 + 2))-alive\r");
        term.wait("42-alive");
        // Readline reads the size and sets it again while it prepares the prompt, which undoes a resize in between.
        term.wait(PROMPT);
        term.resize(31, 99, 0, 0);
        // One job: a Ctrl-C between two of bash's jobs ends neither.
        term.send("sh -c 'stty size; exec sleep 100'\r");
        term.wait("31 99");
        term.send("\x03");
        term.wait(PROMPT);
        let error = self.session.client().response("status", json!({}))["error"].to_string();
        assert!(error.contains("a fault in coshell"), "{phase}: {error}");
        self.session.term.send("exit 7\r");
        self.check_end();
    }

    /// Checks the exit status 7, the restored terminal, the record of the fault, and that nothing is left.
    fn check_end(mut self) {
        let (phase, term) = (self.phase, &mut self.session.term);
        assert_eq!(term.wait_end(), Ended::Code(7), "{phase}: {}", show(term.output()));
        assert_eq!(term.modes(), fresh_modes(), "{phase}");
        assert_eq!(count(term.output(), REPORT), 1, "{phase}: {}", show(term.output()));
        term.wait_until("nothing to be left", |term| term.descendants().is_empty());
        let faults = term.read_home(".local/state/coshell/faults").unwrap_or_default();
        let faults = String::from_utf8(faults).unwrap();
        assert!(faults.contains(&format!("COSHELL_TEST_PANIC requests a panic at {phase}")), "{faults}");
        assert!(faults.contains(": src/") && !faults.contains(env!("CARGO_MANIFEST_DIR")), "{phase}: {faults}");
        assert!(!self.session.socket().exists(), "{phase}");
        drop(self.dir);
    }
}

#[test]
fn panic_amid_output_loses_and_repeats_no_byte() {
    // The report stands on a row of its own, wherever the panic came.
    let report = Regex::new(&format!(r"\r\n[^\r\n]*{REPORT}[^\r\n]*\r\n")).unwrap();
    let number = Regex::new(r"\b\d{5}\b").unwrap();
    for phase in ["handle", "tick", "settle", "wrote", "vt", "history", "triggers", "action", "log", "relay", "flush"] {
        let mut faulty = Faulty::start(phase);
        let switch = &faulty.switch;
        // `^04500` is in the second part.
        let command = format!("seq -f %05g 1 3000; : > {switch}; seq -f %05g 3001 9000; echo all-$((1 + 1))\r");
        let term = &mut faulty.session.term;
        term.skip_unread();
        term.send(command);
        term.wait("all-2");
        let printed = String::from_utf8(term.output().to_vec()).unwrap();
        let printed = report.replace(&printed, "");
        let numbers: Vec<&str> = number.find_iter(&printed).map(|number| number.as_str()).collect();
        let expected: Vec<String> = (1..=9000).map(|number| format!("{number:05}")).collect();
        assert_eq!(numbers, expected, "{phase}");
        faulty.check_relay();
    }
}

#[test]
fn panic_on_key_passes_each_key_once() {
    for phase in ["keyboard", "handle", "tick", "settle", "wrote"] {
        let mut faulty = Faulty::start(phase);
        faulty.arm();
        let term = &mut faulty.session.term;
        term.send("echo typed-$((1 + 1))\r");
        term.wait("typed-2\r\n");
        assert_eq!(count(term.output(), "typed-2"), 1, "{phase}: {}", show(term.output()));
        faulty.check_relay();
    }
}

/// What sets off the panic of a phase.
type Stimulus = fn(&mut Faulty);

#[test]
fn panic_in_each_machine_leaves_shell_running() {
    let cases: [(&str, Stimulus); 14] = [
        ("perform", |faulty| faulty.session.term.resize(40, 100, 0, 0)),
        ("coproc", |faulty| faulty.session.term.send("echo coproc' 'please\r")),
        ("coproc output", |faulty| faulty.session.term.send("echo coproc' 'please\r")),
        ("action", |faulty| faulty.session.term.send("echo coproc' 'please\r")),
        ("menu", |faulty| {
            faulty.session.term.send("\x1d");
            faulty.session.term.wait("Esc closes");
            faulty.session.term.send("q");
        }),
        ("notice", |faulty| drop(faulty.session.client().response("annotate", json!({"line": "1", "text": "x"})))),
        ("request", |faulty| drop(faulty.session.client().response("status", json!({})))),
        ("screen", |faulty| drop(faulty.session.client().response("screen", json!({})))),
        ("clients", |faulty| drop(faulty.session.client().response("status", json!({})))),
        ("resize", |faulty| faulty.session.term.resize(40, 100, 0, 0)),
        ("configure", |faulty| faulty.session.term.signal(Signal::SIGUSR1)),
        ("signals", |faulty| faulty.session.term.resize(40, 100, 0, 0)),
        ("reap", |faulty| faulty.session.term.send("echo coproc' 'please\r")),
        ("lend", |faulty| faulty.session.term.send(format!("{COSHELL} lend -- echo lent\r"))),
    ];
    for (phase, stimulus) in cases {
        let mut faulty = Faulty::start(phase);
        faulty.arm();
        stimulus(&mut faulty);
        faulty.check_relay();
    }
}

#[test]
fn panic_at_end_keeps_exit_status() {
    for phase in ["session", "reap", "exit"] {
        let mut faulty = Faulty::start(phase);
        faulty.arm();
        faulty.session.term.send("exit 7\r");
        if phase == "exit" {
            // Everything has been shown and restored.
            let term = &mut faulty.session.term;
            assert_eq!(term.wait_end(), Ended::Code(7), "{}", show(term.output()));
            assert_eq!(term.modes(), fresh_modes());
        } else {
            faulty.check_end();
        }
    }
}

#[test]
fn panic_before_first_output_leaves_shell_running() {
    let mut session = Session::start(bash(&[]).env("COSHELL_TEST_PANIC", "new"));
    session.term.wait(REPORT);
    session.term.send("echo $((40 + 2))-alive; exit 7\r");
    session.term.wait("42-alive");
    assert_eq!(session.term.wait_end(), Ended::Code(7));
    assert_eq!(session.term.modes(), fresh_modes());
}

#[test]
fn running_coprocess_ends_and_keys_for_menu_are_dropped() {
    let mut faulty = Faulty::start("menu");
    faulty.session.request("run", json!({"command": "trap '' TERM; echo $$ > $HOME/coproc; sleep 100"}));
    let pid = faulty.session.term.wait_for("the coprocess", |term| {
        let text = String::from_utf8(term.read_home("coproc")?).ok()?;
        text.trim().parse().ok().map(nix::unistd::Pid::from_raw)
    });
    faulty.arm();
    let term = &mut faulty.session.term;
    term.send("\x1d");
    term.wait("Esc closes");
    term.send("q");
    // It ignores SIGTERM.
    term.wait_until("the coprocess to end", |_| !proc::is_alive(pid));
    faulty.check_relay();
}

#[test]
fn signals_after_panic_end_session_as_before() {
    for (signal, code) in [(Signal::SIGTERM, 143), (Signal::SIGHUP, 129)] {
        let mut faulty = Faulty::start("request");
        faulty.arm();
        faulty.session.client().response("status", json!({}));
        let term = &mut faulty.session.term;
        term.wait(REPORT);
        term.signal(signal);
        assert_eq!(term.wait_end(), Ended::Code(code));
        assert_eq!(term.modes(), fresh_modes());
        term.wait_until("nothing to be left", |term| term.descendants().is_empty());
    }
}

#[test]
fn panic_with_redirected_streams_passes_input_and_output() {
    let dir = crate::support::TestDir::new();
    let input = dir.write_file("input", "one\ntwo\n");
    let output = dir.path_str("output");
    let script = format!("COSHELL_TEST_PANIC=vt {COSHELL} -- cat < {input} > {output}; echo status $?");
    let mut term = direct(&["sh", "-c", &script]).start();
    term.wait("status 0");
    assert!(contains(term.output(), REPORT), "{}", show(term.output()));
    let written = String::from_utf8(dir.read("output")).unwrap();
    assert!(written.ends_with("one\r\ntwo\r\n"), "{written:?}");
}
