//! What a trigger does when it fires.

use std::time::{Duration, Instant};

use crate::support::{
    Ended, PROMPT, Place, Terminal, UNTIL_TOLD, contains, count, proc, run, run_until, shell, show, wrapped,
};

/// Runs `script` with these options and gives what was shown.
fn shown(options: &[&str], script: &str) -> Vec<u8> {
    run(wrapped(options, script)).bytes
}

/// What `send` types into a raw terminal after the line `name: ada (x)`; `len` bytes of it.
fn typed(text: &str, len: usize) -> Vec<u8> {
    let place = Place::new();
    let got = place.text("got");
    let script = format!("stty raw -echo; echo 'name: ada (x)'; head -c {len} > {got}");
    let mut term = wrapped(&["-t", r"name: (?P<who>\w+) \((.)\)", "--send", text], &script).start();
    assert_eq!(term.wait_end(), Ended::Code(0));
    place.read("got")
}

#[test]
fn send_types_its_text_with_escapes() {
    assert_eq!(typed(r"\x41\t\e[A\n\r\\z", 9), b"A\t\x1b[A\n\r\\z");
    assert_eq!(typed("\u{e9}\u{4e2d}", 5), "\u{e9}\u{4e2d}".as_bytes());
}

#[test]
fn send_fills_in_captures_in_one_pass() {
    assert_eq!(typed("[$0|$1|${who}|$2|$$1]", 28), b"[name: ada (x)|ada|ada|x|$1]");
}

#[test]
fn one_trigger_may_do_several_things_in_order() {
    let options = ["-t", "ask", "--send", "one ", "--bell", "--send", "two\\r", "--title", "asked"];
    let mut term = wrapped(&options, "echo ask; read -r a; echo \"got [$a]\"").start();
    term.wait("got [one two]");
    assert_eq!(count(term.seen(), "asked"), 1);
    assert!(contains(term.seen(), "\x07"));
}

#[test]
fn triggers_act_in_the_order_in_which_they_are_given() {
    let options = ["-t", "ask", "--send", "one ", "-t", "a.k", "--send", "two ", "-t", "^ask$", "--send", "three\\r"];
    let mut term = wrapped(&options, "echo ask; read -r a; echo \"got [$a]\"").start();
    term.wait("got [one two three]");
}

#[test]
fn stop_ends_the_processing_of_the_line() {
    let options = ["-t", "ask", "--send", "one\\r", "--stop", "-t", "a.k", "--send", "two\\r"];
    let mut term = wrapped(&options, "echo ask; read -r a; echo \"got [$a]\"; sleep 0.3; echo end").start();
    term.wait("got [one]");
    term.wait_end();
    assert!(!contains(term.seen(), "two"), "{}", show(term.seen()));
}

#[test]
fn bell_rings_once() {
    // It may come behind what is printed next, which therefore waits for it.
    let mut term = wrapped(&["-t", "hit", "--bell"], &format!("echo a hit; {UNTIL_TOLD}; echo end")).start();
    term.wait("\x07");
    term.tell();
    term.wait_end();
    assert_eq!(show(term.seen()), show(b"a hit\r\n\x07end\r\n"));
}

#[test]
fn title_sets_the_title_with_captures_and_without_their_control_bytes() {
    let text = String::from_utf8(shown(
        &["-t", "on (.*) now", "--title", "host $1"],
        r"printf 'on a\007\010b now\n'; sleep 0.2",
    ))
    .unwrap();
    let title = regex::Regex::new("\x1b\\][02];([^\x07\x1b]*)(\x07|\x1b\\\\)").unwrap();
    let title = title.captures(&text).unwrap_or_else(|| panic!("no title: {text:?}"));
    assert!(title[1].starts_with("host ") && !title[1].contains(char::is_control), "{text:?}");
}

#[test]
fn notify_asks_the_terminal_for_a_notification() {
    let text =
        String::from_utf8(shown(&["-t", r"(\d+) failed", "--notify", "$1 tests; failed"], "echo 3 failed; sleep 0.2"))
            .unwrap();
    let osc = regex::Regex::new("\x1b\\](9|777|99);[^\x07\x1b]*3 tests[^\x07\x1b]*(\x07|\x1b\\\\)").unwrap();
    assert!(osc.is_match(&text), "{text:?}");
}

#[test]
fn run_gets_the_line_on_its_stdin_and_the_captures_as_parameters() {
    let place = Place::new();
    let out = place.text("out");
    let command = format!("cat > {out}; echo \"$1|$COSHELL_MATCH\" >> {out}");
    let options = ["-t", r"took (\d+) s", "--run", &command];
    let written = || place.read("out").ends_with(b"s\n");
    run_until(&options, "printf '\\033[1mit took 5 s\\033[0m today\\n'", "what it was given", written);
    assert_eq!(show(&place.read("out")), show(b"it took 5 s today\n5|took 5 s\n"));
}

#[test]
fn the_output_of_run_is_neither_shown_nor_typed() {
    let mut term = shell(&["-t", "go-now", "--run", "echo on-stdout; echo done > done"]).start();
    term.wait(PROMPT);
    term.send("echo go'-'now\r");
    term.wait_until("the run", |term| term.read_home("done").is_some());
    term.send("echo ok'ay'\r");
    term.wait("okay\r\n");
    assert!(!contains(term.seen(), "on-stdout"), "{}", show(term.seen()));
}

#[test]
fn at_most_sixteen_of_run_at_a_time() {
    let mut term =
        wrapped(&["-q", "-t", r"n\d+", "--run", "exec sleep 31"], "seq -f 'n%.0f' 40; echo end; sleep 100").start();
    term.wait("end\r\n");
    let running =
        |term: &Terminal| term.relatives().iter().filter(|&&pid| proc::command_line(pid) == "sleep 31").count();
    term.wait_until("sixteen", |term| running(term) >= 16);
    let until = Instant::now() + Duration::from_millis(500);
    while Instant::now() < until {
        assert!(running(&term) <= 16);
        term.watch(Duration::from_millis(50));
    }
}

#[test]
fn a_failure_of_run_is_a_notice() {
    let mut term = shell(&["-t", "go-now", "--run", "exit 9"]).start();
    term.wait(PROMPT);
    term.send("echo go'-'now\r");
    term.wait("9");
}

#[test]
fn run_has_three_descriptors() {
    let mut term = shell(&["-q", "-t", "go-now", "--run", "exec > out; ls /proc/$$/fd; echo"]).start();
    term.wait(PROMPT);
    term.send("echo go'-'now\r");
    let out = term.wait_some("the list", |term| term.read_home("out").filter(|out| out.ends_with(b"\n\n")));
    let out = String::from_utf8(out).unwrap();
    assert_eq!(out.split_whitespace().collect::<Vec<_>>(), ["0", "1", "2"]);
}
