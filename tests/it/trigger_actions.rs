//! Actions of triggers.

use std::time::{Duration, Instant};

use crate::support::{
    Ended, PROMPT, Terminal, TestDir, UNTIL_RELEASED, contains, count, proc, run_until, shell, show, wrapped,
};

/// Returns the first `len` bytes that `--send text` types into a raw terminal after the line `name: ada (x)`.
fn typed_bytes(text: &str, len: usize) -> Vec<u8> {
    let dir = TestDir::new();
    let got = dir.path_str("got");
    let script = format!("stty raw -echo; echo 'name: ada (x)'; head -c {len} > {got}");
    let mut term = wrapped(&["-t", r"name: (?P<who>\w+) \((.)\)", "--send", text], &script).start();
    assert_eq!(term.wait_end(), Ended::Code(0));
    dir.read("got")
}

#[test]
fn command_reads_lines_before_the_match_and_blocks() {
    for (options, want) in [
        (&["-t", "^error", "--context", "1"][..], "two\nerror\n"),
        (&["-t", "^one", "--until", "^error"], "one\ntwo\nerror\n"),
    ] {
        let action = ["--run", "cat > $HOME/part && mv $HOME/part $HOME/out"];
        let options = [&["-q"], options, &action].concat();
        let mut term = wrapped(&options, "printf 'one\\ntwo\\nerror\\n'; read told").start();
        term.wait_until("the lines", |term| term.read_home("out").is_some());
        assert_eq!(term.read_home("out").map(|out| String::from_utf8_lossy(&out).into_owned()).as_deref(), Some(want));
        term.send("\r");
    }
}

#[test]
fn send_with_escapes_types_decoded_bytes() {
    assert_eq!(typed_bytes(r"\x41\t\e[A\n\r\\z", 9), b"A\t\x1b[A\n\r\\z");
    assert_eq!(typed_bytes("\u{e9}\u{4e2d}", 5), "\u{e9}\u{4e2d}".as_bytes());
}

#[test]
fn send_expands_captures_in_one_pass() {
    assert_eq!(typed_bytes("[$0|$1|${who}|$2|$$1]", 28), b"[name: ada (x)|ada|ada|x|$1]");
}

#[test]
fn several_actions_of_one_trigger_act_in_order() {
    let options = ["-t", "ask", "--send", "one ", "--bell", "--send", "two\\r", "--title", "asked"];
    let mut term = wrapped(&options, "echo ask; read -r a; echo \"got [$a]\"").start();
    term.wait("got [one two]");
    assert_eq!(count(term.output(), "asked"), 1);
    assert!(contains(term.output(), "\x07"));
}

#[test]
fn triggers_on_one_line_act_in_given_order() {
    let options = ["-t", "ask", "--send", "one ", "-t", "a.k", "--send", "two ", "-t", "^ask$", "--send", "three\\r"];
    let mut term = wrapped(&options, "echo ask; read -r a; echo \"got [$a]\"").start();
    term.wait("got [one two three]");
}

#[test]
fn stop_suppresses_later_triggers_on_line() {
    let options = ["-t", "ask", "--send", "one\\r", "--stop", "-t", "a.k", "--send", "two\\r"];
    let mut term = wrapped(&options, "echo ask; read -r a; echo \"got [$a]\"; sleep 0.3; echo end").start();
    term.wait("got [one]");
    term.wait_end();
    assert!(!contains(term.output(), "two"), "{}", show(term.output()));
}

#[test]
fn bell_rings_once_per_match() {
    // The bell may arrive behind output printed next, so the script waits for the bell first.
    let mut term = wrapped(&["-t", "hit", "--bell"], &format!("echo a hit; {UNTIL_RELEASED}; echo end")).start();
    term.wait("\x07");
    term.release();
    term.wait_end();
    assert_eq!(show(term.output()), show(b"a hit\r\n\x07end\r\n"));
}

#[test]
fn title_with_captures_has_no_control_bytes() {
    let script = format!(r"printf 'on a\007\010b now\n'; {UNTIL_RELEASED}");
    let mut term = wrapped(&["-t", "on (.*) now", "--title", "host $1"], &script).start();
    let title = term.wait_match("\x1b\\][02];([^\x07\x1b]*)(\x07|\x1b\\\\)");
    assert!(title.starts_with("host ") && !title.contains(char::is_control), "{title:?}");
}

#[test]
fn notify_sends_notification_sequence() {
    let options = ["-t", r"(\d+) failed", "--notify", "$1 tests; failed"];
    let mut term = wrapped(&options, &format!("echo 3 failed; {UNTIL_RELEASED}")).start();
    term.wait_match("\x1b\\](9|777|99);[^\x07\x1b]*3 tests[^\x07\x1b]*(\x07|\x1b\\\\)");
}

#[test]
fn run_gets_line_on_stdin_and_captures_as_parameters() {
    let dir = TestDir::new();
    let out = dir.path_str("out");
    let command = format!("cat > {out}; echo \"$1|$COSHELL_MATCH\" >> {out}");
    let options = ["-t", r"took (\d+) s", "--run", &command];
    let written = || dir.read("out").ends_with(b"s\n");
    run_until(&options, "printf '\\033[1mit took 5 s\\033[0m today\\n'", "what it was given", written);
    assert_eq!(show(&dir.read("out")), show(b"it took 5 s today\n5|took 5 s\n"));
}

#[test]
fn run_output_is_neither_shown_nor_typed() {
    let mut term = shell(&["-t", "go-now", "--run", "echo on-stdout; echo done > done"]).start();
    term.wait(PROMPT);
    term.send("echo go'-'now\r");
    term.wait_until("the run", |term| term.read_home("done").is_some());
    term.send("echo ok'ay'\r");
    term.wait("okay\r\n");
    assert!(!contains(term.output(), "on-stdout"), "{}", show(term.output()));
}

#[test]
fn run_commands_are_limited_to_sixteen_at_a_time() {
    let mut term =
        wrapped(&["-q", "-t", r"n\d+", "--run", "exec sleep 31"], "seq -f 'n%.0f' 40; echo end; sleep 100").start();
    term.wait("end\r\n");
    let running =
        |term: &Terminal| term.descendants().iter().filter(|&&pid| proc::command_line(pid) == "sleep 31").count();
    term.wait_until("sixteen", |term| running(term) >= 16);
    let until = Instant::now() + Duration::from_millis(500);
    while Instant::now() < until {
        assert!(running(&term) <= 16);
        term.read_for(Duration::from_millis(50));
    }
}

#[test]
fn run_failure_shows_notice() {
    let mut term = shell(&["-t", "go-now", "--run", "exit 9"]).start();
    term.wait(PROMPT);
    term.send("echo go'-'now\r");
    term.wait("status 9");
}

#[test]
fn run_command_inherits_three_descriptors() {
    let mut term = shell(&["-q", "-t", "go-now", "--run", "exec > out; ls /proc/$$/fd; echo"]).start();
    term.wait(PROMPT);
    term.send("echo go'-'now\r");
    let out = term.wait_for("the list", |term| term.read_home("out").filter(|out| out.ends_with(b"\n\n")));
    let out = String::from_utf8(out).unwrap();
    assert_eq!(out.split_whitespace().collect::<Vec<_>>(), ["0", "1", "2"]);
}
